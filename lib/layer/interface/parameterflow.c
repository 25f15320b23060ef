/* SPDX-License-Identifier: BSD-2-Clause */
/* The movement of parameters and their gradients between the ranks that own and the ranks that use them */
#include "layer/parameters_impl.h"

/* HGParametersFinish - Ends the movements that nobody has waited for */
PetscErrorCode HGParametersFinish(HGParameterArray *a)
{
  PetscFunctionBegin;
  for (int use = 0; use < 2; use++) {
    if (a->moving[use]) PetscCall(HGLinOpApplyEnd(a->move[use], a->shard, a->value[use]));
    a->moving[use] = PETSC_FALSE;
  }
  if (a->coming) PetscCall(HGLinOpApplyEnd(a->reduce, a->sum, a->home));
  a->coming = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- values ---- */

/* A Vec of parameters or of a gradient is like those that the plan makes */
static PetscErrorCode CheckKept(HGParameters ps, Vec v)
{
  PetscBool is;

  PetscFunctionBegin;
  PetscCall(HGVecIsF32(v, &is));
  PetscCheck(is == (ps->kept == HG_F32), ps->comm, PETSC_ERR_ARG_WRONG,
             "parameters or a gradient in a Vec of type %s; take one of HGNetCreateParameters()", ((PetscObject)v)->type_name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Shards lie in another array now: messages start and end there */
static PetscErrorCode MoveShards(HGParameters ps, void *at)
{
  PetscFunctionBegin;
  ps->at = at;
  for (PetscInt i = 0; i < ps->narrays; i++) {
    HGParameterArray *a = &ps->array[i];

    PetscCall(HGTensorPlaceArray(a->shard, HGParametersElement(ps->dtype, at, a->offset)));
    for (int use = 0; use < 2; use++)
      if (a->move[use]) PetscCall(HGLinOpBind(a->move[use], a->shard, a->value[use]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The shards have the values of v */
static PetscErrorCode TakeValues(HGParameters ps, Vec v)
{
  const void *a;
  HGDType     type;

  PetscFunctionBegin;
  PetscCall(CheckKept(ps, v));
  PetscCall(HGVecGetElementsRead(v, &type, &a));
  if (!ps->cast && a != ps->at) PetscCall(MoveShards(ps, (void *)a));
  if (ps->cast) {
    const double *from = (const double *)a;
    float        *to   = (float *)ps->cast;

#pragma omp parallel for simd schedule(static) if (ps->n > 65536)
    for (PetscInt i = 0; i < ps->n; i++) to[i] = (float)from[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGParametersBegin - Set the values, and start to bring them to the ranks that use them

   Collective

   Input Parameters:
+  ps - the plan, set up
-  v  - the values, of `HGParametersCreateVec()` or longer; kept by a reference. They must stay as they are until others are set, or the layers have
        done their work

   Level: developer

.seealso: `HGParametersEnd()`
@*/
PetscErrorCode HGParametersBegin(HGParameters ps, Vec v)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < ps->narrays; i++) PetscCall(HGParametersFinish(&ps->array[i]));
  PetscCall(PetscObjectReference((PetscObject)v));
  PetscCall(VecDestroy(&ps->v));
  ps->v = v;
  PetscCall(TakeValues(ps, v));
  for (int use = 0; use < 2; use++) {
    for (PetscInt i = 0; i < ps->narrays; i++) {
      HGParameterArray *a = &ps->array[i];

      if (!a->move[use]) continue;
      PetscCall(HGLinOpApplyBegin(a->move[use], a->shard, a->value[use]));
      a->moving[use] = PETSC_TRUE;
    }
  }
  for (PetscInt l = 0; l < ps->nlayers; l++) ps->layer[l].current[0] = ps->layer[l].current[1] = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGParametersEnd - Give a layer its values, once they are there

   Collective

   Input Parameters:
+  ps  - the plan, after `HGParametersBegin()`
.  l   - number of the layer
-  use - `HG_USE_FORWARD` or `HG_USE_ADJOINT`

   Level: developer

   Note:
   Does nothing if the layer has them.

.seealso: `HGParametersBegin()`, `HGLayerSetParameterValues()`
@*/
PetscErrorCode HGParametersEnd(HGParameters ps, PetscInt l, HGUse use)
{
  HGParameterLayer *e = &ps->layer[l];

  PetscFunctionBegin;
  if (e->current[use]) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt j = 0; j < e->n; j++) {
    HGParameterArray    *a = &ps->array[e->first + j];
    const HGTensorLocal *local;

    for (int u = 0; u < 2; u++) {
      if (!a->moving[u] || (u != (int)use && a->value[u] != a->value[use])) continue;
      PetscCall(HGLinOpApplyEnd(a->move[u], a->shard, a->value[u]));
      a->moving[u] = PETSC_FALSE;
    }
    PetscCall(HGTensorGetLocal(a->value[use], &local));
    e->value[use][j] = local->owned;
  }
  PetscCall(HGLayerSetParameterValues(e->layer, use, e->value[use]));
  e->current[use] = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGParametersGetValues - Get the values that a layer uses forward on this rank

   Not Collective

   Input Parameters:
+  ps - the plan, after `HGParametersEnd()` of the layer
.  l  - number of the layer
-  j  - number of its array

   Output Parameter:
.  value - this rank's part, in the layers' type

   Level: developer

.seealso: `HGParametersEnd()`
@*/
PetscErrorCode HGParametersGetValues(HGParameters ps, PetscInt l, PetscInt j, const void **value)
{
  PetscFunctionBegin;
  *value = ps->layer[l].value[HG_USE_FORWARD][j];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- gradients ---- */

/* Gradients come home to another array now */
static PetscErrorCode MoveHome(HGParameters ps, void *at)
{
  PetscFunctionBegin;
  ps->home = at;
  for (PetscInt l = 0; l < ps->nlayers; l++) {
    HGParameterLayer *e = &ps->layer[l];

    for (PetscInt j = 0; j < e->n; j++) {
      HGParameterArray    *a = &ps->array[e->first + j];
      const HGTensorLocal *local;

      PetscCall(HGTensorPlaceArray(a->home, HGParametersElement(ps->kept, at, a->offset)));
      if (a->reduce) PetscCall(HGLinOpBind(a->reduce, a->sum, a->home));
      PetscCall(HGTensorGetLocal(a->sum, &local));
      e->gradient[j] = local->owned;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Bound by memory: all threads */
static void Zero(char *at, size_t bytes)
{
  const size_t piece = 1 << 20;

#pragma omp parallel for schedule(static) if (bytes > piece)
  for (size_t i = 0; i < bytes; i += piece) memset(at + i, 0, PetscMin(piece, bytes - i));
}

/*@
   HGParametersAdjointZero - Set the gradients that this rank sums to zero

   Collective

   Input Parameters:
+  ps - the plan, set up for gradients
-  g  - where the sum is to be in the end: it is made there, which spares a copy; NULL: in memory of the plan's own

   Level: developer

.seealso: `HGParametersGetGradient()`, `HGParametersAdjointEnd()`
@*/
PetscErrorCode HGParametersAdjointZero(HGParameters ps, Vec g)
{
  void   *at;
  HGDType type;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < ps->narrays; i++) PetscCall(HGParametersFinish(&ps->array[i]));
  if (!g && !ps->own_home) PetscCall(PetscMalloc((size_t)ps->n * HGDTypeSize(ps->kept) + 1, &ps->own_home));
  at = ps->own_home;
  if (g) PetscCall(CheckKept(ps, g));
  if (g) PetscCall(HGVecGetElements(g, &type, &at));
  if (at != ps->home) PetscCall(MoveHome(ps, at));
  for (PetscInt i = 0; i < ps->narrays; i++) {
    const HGTensorLocal *local;

    PetscCall(HGTensorGetLocal(ps->array[i].sum, &local));
    Zero((char *)local->array, local->elements * HGDTypeSize(ps->kept));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGParametersGetGradient - Get where a layer's adjoint adds its gradient

   Not Collective

   Input Parameters:
+  ps - the plan, set up for gradients
-  l  - number of the layer

   Output Parameters:
+  type - of the gradient
-  dp   - for each array, this rank's part

   Level: developer

.seealso: `HGLayerAdjoint()`
@*/
PetscErrorCode HGParametersGetGradient(HGParameters ps, PetscInt l, HGDType *type, void *const *dp[])
{
  PetscFunctionBegin;
  *type = ps->kept;
  *dp   = ps->layer[l].gradient;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGParametersAdjointBegin - Start a layer's gradient on its way home, after the layer's last adjoint

   Collective

   Input Parameters:
+  ps - the plan
-  l  - number of the layer

   Level: developer

.seealso: `HGParametersAdjointEnd()`
@*/
PetscErrorCode HGParametersAdjointBegin(HGParameters ps, PetscInt l)
{
  PetscFunctionBegin;
  for (PetscInt j = 0; j < ps->layer[l].n; j++) {
    HGParameterArray *a = &ps->array[ps->layer[l].first + j];

    if (!a->reduce || a->coming) continue;
    PetscCall(HGLinOpApplyBegin(a->reduce, a->sum, a->home));
    a->coming = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGParametersAdjointEnd - The gradients of all layers, summed, with their owners

   Collective

   Input Parameter:
.  ps - the plan

   Output Parameter:
.  g - the gradient: the Vec of `HGParametersAdjointZero()`, or another one whose local part begins like it

   Level: developer

   Note:
   Starts those that have not been started.

.seealso: `HGParametersAdjointBegin()`
@*/
PetscErrorCode HGParametersAdjointEnd(HGParameters ps, Vec g)
{
  void   *to;
  HGDType type;

  PetscFunctionBegin;
  for (PetscInt l = 0; l < ps->nlayers; l++) PetscCall(HGParametersAdjointBegin(ps, l));
  for (PetscInt i = 0; i < ps->narrays; i++) PetscCall(HGParametersFinish(&ps->array[i]));
  PetscCall(CheckKept(ps, g));
  PetscCall(HGVecGetElements(g, &type, &to));
  if (to != ps->home) PetscCall(PetscMemcpy(to, ps->home, (size_t)ps->n * HGDTypeSize(ps->kept)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
