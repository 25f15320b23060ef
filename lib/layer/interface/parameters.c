/* SPDX-License-Identifier: BSD-2-Clause */
/* Who owns which parameters, and the plan of their movement to the ranks that use them */
#include "layer/parameters_impl.h"

/*@
   HGParametersCreate - Create a plan for the parameters of layers

   Collective

   Input Parameters:
+  comm  - the ranks
.  dtype - the layers' element type
-  kept  - the type that values and gradients are kept in: that of the layers, or `HG_F64`

   Output Parameter:
.  ps - the plan

   Level: developer

.seealso: `HGParametersAddLayer()`, `HGParametersSetUp()`
@*/
PetscErrorCode HGParametersCreate(MPI_Comm comm, HGDType dtype, HGDType kept, HGParameters *ps)
{
  HGParameters p;

  PetscFunctionBegin;
  PetscCheck(kept == dtype || kept == HG_F64, comm, PETSC_ERR_ARG_WRONG, "parameters of layers in double precision are kept in it");
  PetscCall(PetscNew(&p));
  p->comm  = comm;
  p->dtype = dtype;
  p->kept  = kept;
  *ps      = p;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Grow(PetscInt n, PetscInt *room, size_t size, void *array)
{
  PetscFunctionBegin;
  if (n < *room) PetscFunctionReturn(PETSC_SUCCESS);
  *room = 2 * n + 16;
  PetscCall(PetscRealloc((size_t)*room * size, array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGParametersAddLayer - Add a layer, behind those that are there

   Collective

   Input Parameters:
+  ps    - the plan, not set up
-  layer - the layer, set up

   Level: developer

.seealso: `HGParametersSetUp()`
@*/
PetscErrorCode HGParametersAddLayer(HGParameters ps, HGLayer layer)
{
  PetscInt n;

  PetscFunctionBegin;
  PetscCall(HGLayerGetParameters(layer, &n, NULL));
  PetscCall(Grow(ps->nlayers, &ps->layer_room, sizeof(HGParameterLayer), &ps->layer));
  ps->layer[ps->nlayers++] = (HGParameterLayer){.layer = layer, .first = ps->narrays, .n = n};
  for (PetscInt j = 0; j < n; j++) {
    PetscCall(Grow(ps->narrays, &ps->array_room, sizeof(HGParameterArray), &ps->array));
    ps->array[ps->narrays++] = (HGParameterArray){.own = NULL};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the plan ---- */

static PetscErrorCode Count(HGPartition p, MPI_Comm comm, PetscInt64 *n)
{
  PetscMPIInt rank;
  HGBox       box;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(HGPartitionGetBox(p, rank, &box));
  *n = HGBoxCount(&box);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlaceTensor(HGPartition p, HGDType t, void *at, HGTensor *x)
{
  PetscFunctionBegin;
  PetscCall(HGTensorCreate(p, t, x));
  PetscCall(HGTensorPlaceArray(*x, at));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode OwnTensor(HGPartition p, HGDType t, HGTensor *x)
{
  PetscFunctionBegin;
  PetscCall(HGTensorCreate(p, t, x));
  PetscCall(HGTensorSetUp(*x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlanMove(HGLinOpType type, HGTensor from, HGTensor to, HGLinOp *op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpCreate(PetscObjectComm((PetscObject)from), op));
  PetscCall(HGLinOpSetType(*op, type));
  PetscCall(HGLinOpSetTensors(*op, from, to));
  PetscCall(HGLinOpSetUp(*op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlanValues(HGParameters ps, HGParameterLayer *e, PetscInt j)
{
  HGParameterArray *a = &ps->array[e->first + j];
  HGPartition       part[2], summed;

  PetscFunctionBegin;
  PetscCall(PlaceTensor(a->own, ps->dtype, ps->cast ? HGParametersElement(ps->dtype, ps->cast, a->offset) : NULL, &a->shard));
  PetscCall(HGLayerGetParameterPartition(e->layer, j, HG_USE_GRADIENT, &summed));
  for (int use = 0; use < (ps->gradients ? 2 : 1); use++) {
    PetscInt copies;

    PetscCall(HGLayerGetParameterPartition(e->layer, j, (HGUse)use, &part[use]));
    PetscCall(HGPartitionCountCopies(part[use], &copies));
    if (use && part[1] == part[0]) a->value[1] = a->value[0];
    else if (copies == 1 && part[use] == summed) a->value[use] = a->shard;
    if (a->value[use]) {
      PetscCall(HGTensorReference(a->value[use]));
      continue;
    }
    PetscCall(OwnTensor(part[use], ps->dtype, &a->value[use]));
    PetscCall(PlanMove(HGLINOPBROADCAST, a->shard, a->value[use], &a->move[use]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlanGradient(HGParameters ps, HGParameterLayer *e, PetscInt j)
{
  HGParameterArray *a = &ps->array[e->first + j];
  HGPartition       part;
  PetscInt          copies;

  PetscFunctionBegin;
  if (!ps->gradients) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLayerGetParameterPartition(e->layer, j, HG_USE_GRADIENT, &part));
  PetscCall(HGPartitionCountCopies(part, &copies));
  PetscCall(PlaceTensor(a->own, ps->kept, NULL, &a->home));
  if (copies == 1) {
    a->sum = a->home;
    PetscCall(HGTensorReference(a->sum));
  } else {
    PetscCall(OwnTensor(part, ps->kept, &a->sum));
    PetscCall(PlanMove(HGLINOPSUMREDUCE, a->sum, a->home, &a->reduce));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGParametersDivide - Decide who owns what, and where the shards lie in the local part of the Vec

   Collective

   Input Parameter:
.  ps - the plan, its layers added

   Level: developer

.seealso: `HGParametersSetUp()`
@*/
PetscErrorCode HGParametersDivide(HGParameters ps)
{
  PetscInt64 n = 0, N = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < ps->nlayers; i++) {
    const HGParameterLayer *e = &ps->layer[i];
    const HGParameter      *param;

    PetscCall(HGLayerGetParameters(e->layer, NULL, &param));
    for (PetscInt j = 0; j < e->n; j++) {
      HGParameterArray *a = &ps->array[e->first + j];
      HGPartition       part;
      PetscInt64        count;

      PetscCall(HGLayerGetParameterPartition(e->layer, j, HG_USE_GRADIENT, &part));
      PetscCall(HGPartitionCreateDivided(part, &a->own));
      PetscCall(Count(a->own, ps->comm, &count));
      a->offset = (PetscInt)n;
      n += count;
      N += param[j].size;
    }
  }
  PetscCheck(N <= PETSC_MAX_INT, ps->comm, PETSC_ERR_ARG_OUTOFRANGE, "%" PetscInt64_FMT " parameters", N); /* a network has counted them */
  ps->n = (PetscInt)n;
  ps->N = (PetscInt)N;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGParametersSetUp - Allocate what is needed, and plan all movements

   Collective

   Input Parameters:
+  ps        - the plan, after `HGParametersDivide()`
-  gradients - whether adjoints will run

   Level: developer

.seealso: `HGParametersBegin()`, `HGParametersAdjointBegin()`
@*/
PetscErrorCode HGParametersSetUp(HGParameters ps, PetscBool gradients)
{
  PetscFunctionBegin;
  ps->gradients = gradients;
  if (ps->kept != ps->dtype) PetscCall(PetscMalloc((size_t)ps->n * HGDTypeSize(ps->dtype), &ps->cast));
  ps->at = ps->cast;
  for (PetscInt i = 0; i < ps->nlayers; i++) {
    for (PetscInt j = 0; j < ps->layer[i].n; j++) {
      PetscCall(PlanValues(ps, &ps->layer[i], j));
      PetscCall(PlanGradient(ps, &ps->layer[i], j));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGParametersGetNeed - Get the memory that parameters will take on this rank, before it is allocated

   Not Collective

   Input Parameters:
+  ps        - the plan, after `HGParametersDivide()`
-  gradients - whether adjoints will run

   Output Parameters:
+  bytes   - of values and gradients, their copies from and for other ranks included, without an optimizer's state
.  name    - the layer that needs most
-  largest - what it needs

   Level: developer

   Units:
   bytes

.seealso: `HGCheckMemory()`
@*/
PetscErrorCode HGParametersGetNeed(HGParameters ps, PetscBool gradients, double *bytes, const char **name, double *largest)
{
  const double size = (double)HGDTypeSize(ps->dtype), kept = (double)HGDTypeSize(ps->kept);

  PetscFunctionBegin;
  *bytes   = 0;
  *largest = 0;
  *name    = "";
  for (PetscInt l = 0; l < ps->nlayers; l++) {
    double need = 0;

    for (PetscInt j = 0; j < ps->layer[l].n; j++) {
      HGPartition part[HG_USES];
      PetscInt64  own, n;

      PetscCall(Count(ps->array[ps->layer[l].first + j].own, ps->comm, &own));
      need += (double)own * (kept * (gradients ? 2 : 1) + (kept == size ? 0 : size));
      for (int use = 0; use < (gradients ? HG_USES : 1); use++) {
        PetscInt copies;

        PetscCall(HGLayerGetParameterPartition(ps->layer[l].layer, j, (HGUse)use, &part[use]));
        PetscCall(HGPartitionCountCopies(part[use], &copies));
        PetscCall(Count(part[use], ps->comm, &n));
        if (copies > 1 || (gradients && use == HG_USE_ADJOINT && part[1] != part[0]))
          need += (double)n * (use == HG_USE_GRADIENT ? kept : size);
      }
    }
    *bytes += need;
    if (need <= *largest) continue;
    *largest = need;
    *name    = ((PetscObject)ps->layer[l].layer)->name;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGParametersDestroy - Destroy a plan

   Collective

   Input Parameter:
.  ps - the plan; set to NULL

   Level: developer

.seealso: `HGParametersCreate()`
@*/
PetscErrorCode HGParametersDestroy(HGParameters *ps)
{
  HGParameters p = *ps;

  PetscFunctionBegin;
  if (!p) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt i = 0; i < p->narrays; i++) {
    HGParameterArray *a = &p->array[i];

    PetscCall(HGParametersFinish(a));
    for (int use = 0; use < 2; use++) {
      PetscCall(HGLinOpDestroy(&a->move[use]));
      PetscCall(HGTensorDestroy(&a->value[use]));
    }
    PetscCall(HGLinOpDestroy(&a->reduce));
    PetscCall(HGTensorDestroy(&a->sum));
    PetscCall(HGTensorDestroy(&a->home));
    PetscCall(HGTensorDestroy(&a->shard));
    PetscCall(HGPartitionDestroy(&a->own));
  }
  PetscCall(PetscFree(p->array));
  PetscCall(PetscFree(p->layer));
  PetscCall(VecDestroy(&p->v));
  PetscCall(PetscFree(p->cast));
  PetscCall(PetscFree(p->own_home));
  PetscCall(PetscFree(*ps));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what is asked of it ---- */

/*@
   HGParametersGetSizes - Get the number of parameters that this rank owns, and that there are

   Not Collective

   Input Parameter:
.  ps - the plan, set up

   Output Parameters:
+  n - of this rank
-  N - of all

   Level: developer

.seealso: `HGParametersCreateVec()`
@*/
PetscErrorCode HGParametersGetSizes(HGParameters ps, PetscInt *n, PetscInt *N)
{
  PetscFunctionBegin;
  if (n) *n = ps->n;
  if (N) *N = ps->N;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGParametersGetUse - Get how many parameters of a layer this rank holds, and what their movement sends in a step

   Not Collective

   Input Parameters:
+  ps - the plan, set up
-  l  - number of the layer

   Output Parameters:
+  held     - elements of this rank's shard, and of the values from other ranks that it keeps
.  messages - that this rank sends in a step, for values and gradients
-  bytes    - of these

   Level: developer

   Units:
   bytes

.seealso: `HGNetView()`
@*/
PetscErrorCode HGParametersGetUse(HGParameters ps, PetscInt l, PetscInt64 *held, PetscInt *messages, PetscInt64 *bytes)
{
  PetscFunctionBegin;
  *held     = 0;
  *messages = 0;
  *bytes    = 0;
  for (PetscInt j = 0; j < ps->layer[l].n; j++) {
    const HGParameterArray *a    = &ps->array[ps->layer[l].first + j];
    HGLinOp                 op[] = {a->move[0], a->move[1], a->reduce};
    PetscInt64              n;

    PetscCall(Count(a->own, ps->comm, &n));
    *held += n;
    for (int i = 0; i < 3; i++) {
      HGPartition part;
      PetscInt    m;
      PetscInt64  b;

      if (!op[i]) continue;
      PetscCall(HGLinOpTraffic(op[i], &m, &b));
      *messages += m;
      *bytes += b;
      if (i == 2) continue;
      PetscCall(HGLayerGetParameterPartition(ps->layer[l].layer, j, (HGUse)i, &part));
      PetscCall(Count(part, ps->comm, &n));
      *held += n;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGParametersGetRuns - Get which elements of an array lie where in the local part of the Vec

   Not Collective

   Input Parameters:
+  ps - the plan, set up
.  l  - number of the layer
-  j  - number of its array

   Output Parameters:
+  n   - number of runs
-  run - elements of the array in PyTorch's order, and of the local part; to be freed

   Level: developer

.seealso: `HGModelPutRuns()`
@*/
PetscErrorCode HGParametersGetRuns(HGParameters ps, PetscInt l, PetscInt j, PetscInt *n, HGModelRun *run[])
{
  static const int        order[HG_AXES] = {HG_N, HG_Z, HG_Y, HG_X, HG_C}; /* in memory */
  const HGParameterArray *a              = &ps->array[ps->layer[l].first + j];
  PetscInt                size[HG_AXES], whole = 1;
  PetscInt64              length = 1, count = 1;
  PetscMPIInt             rank;
  HGBox                   box;
  int                     d = HG_AXES - 1;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(ps->comm, &rank));
  PetscCall(HGPartitionGetBox(a->own, rank, &box));
  PetscCall(HGPartitionGetSizes(a->own, NULL, size));
  for (; d >= 0 && whole; d--) { /* the innermost axes that are whole, and one more, are one run */
    length *= box.size[order[d]];
    whole = box.size[order[d]] == size[order[d]];
  }
  for (int k = 0; k <= d; k++) count *= box.size[order[k]];
  if (!length) count = 0;
  *n = (PetscInt)count;
  PetscCall(PetscMalloc1(count, run));
  for (PetscInt64 i = 0; i < count; i++) {
    PetscInt64 at[HG_AXES] = {0}, file = 0, r = i;

    for (int k = d; k >= 0; k--) {
      at[k] = r % box.size[order[k]];
      r /= box.size[order[k]];
    }
    for (int k = 0; k < HG_AXES; k++) file = file * size[order[k]] + box.start[order[k]] + at[k];
    (*run)[i] = (HGModelRun){.file = file, .local = a->offset + i * length, .count = length};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGParametersCreateVec - Create a Vec for the values, or for a gradient

   Collective

   Input Parameter:
.  ps - the plan, set up

   Output Parameter:
.  v - the Vec, its elements zero: of type `HGVECF32` if they are kept in single precision

   Level: developer

.seealso: `HGParametersBegin()`
@*/
PetscErrorCode HGParametersCreateVec(HGParameters ps, Vec *v)
{
  PetscFunctionBegin;
  if (ps->kept == HG_F32) PetscCall(HGVecCreateF32(ps->comm, ps->n, ps->N, v));
  else PetscCall(VecCreateMPI(ps->comm, ps->n, ps->N, v));
  PetscCall(VecSet(*v, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}
