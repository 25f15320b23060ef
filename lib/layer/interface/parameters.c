/* SPDX-License-Identifier: BSD-2-Clause */
/* The movement of parameters and their gradients between the ranks that own and the ranks that use them */
#include "layer/hgparameters.h"
#include "layer/layer_impl.h"
#include "linop/linop_impl.h"

/* One array of one layer */
typedef struct {
  HGPartition own;
  HGTensor    shard;             /* this rank's part, in the network's type */
  HGTensor    value[2];          /* [use] what it uses forward and in the adjoint; the shard itself, or memory of their own */
  HGLinOp     move[2];           /* [use] from the shard to these; NULL: they are the shard, or the adjoint's are those of forward */
  HGTensor    sum, home;         /* the gradient that this rank sums, and that of its shard, which may be the same */
  HGLinOp     reduce;            /* from one to the other; NULL: they are the same */
  PetscInt    offset;            /* of the shard in the local part of the Vec */
  PetscBool   moving[2], coming; /* the movement has begun */
} Array;

typedef struct {
  HGLayer     layer;
  PetscInt    first, n;   /* its arrays */
  PetscBool   current[2]; /* [use] the layer has the values that were set last */
  const void *value[2][HG_MAX_PARAMETERS];
  void       *gradient[HG_MAX_PARAMETERS];
} Entry;

struct _p_HGParameters {
  MPI_Comm  comm;
  HGDType   dtype, kept; /* of the layers; of the Vec and of gradients */
  PetscInt  nlayers, narrays, layer_room, array_room;
  Entry    *layer;           /* [nlayers] */
  Array    *array;           /* [narrays] */
  PetscInt  n, N;            /* of this rank, of all */
  void     *cast;            /* [n] the shards in the layers' type, if the Vec has another */
  void     *home, *own_home; /* [n] the gradient of the shards, in the Vec's type: where it is, and the plan's own memory for it */
  void     *at;              /* where the shards lie */
  Vec       v;               /* in whose array that is, NULL: in cast */
  PetscBool gradients;
};

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
  PetscCall(Grow(ps->nlayers, &ps->layer_room, sizeof(Entry), &ps->layer));
  ps->layer[ps->nlayers++] = (Entry){.layer = layer, .first = ps->narrays, .n = n};
  for (PetscInt j = 0; j < n; j++) {
    PetscCall(Grow(ps->narrays, &ps->array_room, sizeof(Array), &ps->array));
    ps->array[ps->narrays++] = (Array){.own = NULL};
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

static inline char *Element(HGDType t, void *array, PetscInt i)
{
  return (char *)array + (size_t)i * HGDTypeSize(t);
}

static PetscErrorCode PlanValues(HGParameters ps, Entry *e, PetscInt j)
{
  Array      *a = &ps->array[e->first + j];
  HGPartition part[2], summed;

  PetscFunctionBegin;
  PetscCall(PlaceTensor(a->own, ps->dtype, ps->cast ? Element(ps->dtype, ps->cast, a->offset) : NULL, &a->shard));
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

static PetscErrorCode PlanGradient(HGParameters ps, Entry *e, PetscInt j)
{
  Array      *a = &ps->array[e->first + j];
  HGPartition part;
  PetscInt    copies;

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
    const Entry       *e = &ps->layer[i];
    const HGParameter *param;

    PetscCall(HGLayerGetParameters(e->layer, NULL, &param));
    for (PetscInt j = 0; j < e->n; j++) {
      Array      *a = &ps->array[e->first + j];
      HGPartition part;
      PetscInt64  count;

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

/* Messages that nobody has waited for */
static PetscErrorCode Finish(Array *a)
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
    Array *a = &p->array[i];

    PetscCall(Finish(a));
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
    const Array *a    = &ps->array[ps->layer[l].first + j];
    HGLinOp      op[] = {a->move[0], a->move[1], a->reduce};
    PetscInt64   n;

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
  static const int order[HG_AXES] = {HG_N, HG_Z, HG_Y, HG_X, HG_C}; /* in memory */
  const Array     *a              = &ps->array[ps->layer[l].first + j];
  PetscInt         size[HG_AXES], whole = 1;
  PetscInt64       length = 1, count = 1;
  PetscMPIInt      rank;
  HGBox            box;
  int              d = HG_AXES - 1;

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
    Array *a = &ps->array[i];

    PetscCall(HGTensorPlaceArray(a->shard, Element(ps->dtype, at, a->offset)));
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
  for (PetscInt i = 0; i < ps->narrays; i++) PetscCall(Finish(&ps->array[i]));
  PetscCall(PetscObjectReference((PetscObject)v));
  PetscCall(VecDestroy(&ps->v));
  ps->v = v;
  PetscCall(TakeValues(ps, v));
  for (int use = 0; use < 2; use++) {
    for (PetscInt i = 0; i < ps->narrays; i++) {
      Array *a = &ps->array[i];

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
  Entry *e = &ps->layer[l];

  PetscFunctionBegin;
  if (e->current[use]) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt j = 0; j < e->n; j++) {
    Array               *a = &ps->array[e->first + j];
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
    Entry *e = &ps->layer[l];

    for (PetscInt j = 0; j < e->n; j++) {
      Array               *a = &ps->array[e->first + j];
      const HGTensorLocal *local;

      PetscCall(HGTensorPlaceArray(a->home, Element(ps->kept, at, a->offset)));
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
  for (PetscInt i = 0; i < ps->narrays; i++) PetscCall(Finish(&ps->array[i]));
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
    Array *a = &ps->array[ps->layer[l].first + j];

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
  for (PetscInt i = 0; i < ps->narrays; i++) PetscCall(Finish(&ps->array[i]));
  PetscCall(CheckKept(ps, g));
  PetscCall(HGVecGetElements(g, &type, &to));
  if (to != ps->home) PetscCall(PetscMemcpy(to, ps->home, (size_t)ps->n * HGDTypeSize(ps->kept)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
