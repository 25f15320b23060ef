/* SPDX-License-Identifier: BSD-2-Clause */
#include "tensor/tensor_impl.h"
#include "kernel/hgbox.h"

/* A run of contiguous elements */
typedef struct {
  char     *at;
  ptrdiff_t n;
} Run;

/* Run i of a tensor: the owned points of one line along x, or the whole storage */
static Run GetRun(HGTensor t, PetscBool ghosts, PetscInt i)
{
  const HGTensorLocal *l = &t->local;
  const PetscInt       Y = l->box.size[HG_Y], Z = l->box.size[HG_Z];

  if (ghosts) return (Run){l->array, (ptrdiff_t)l->elements};
  return (Run){(char *)l->owned +
                   (i / Y / Z * l->stride[HG_N] + i / Y % Z * l->stride[HG_Z] + i % Y * l->stride[HG_Y]) * (ptrdiff_t)HGDTypeSize(t->dtype),
               l->box.size[HG_X] * l->box.size[HG_C]};
}

static PetscInt CountRuns(HGTensor t, PetscBool ghosts)
{
  if (!t->local.elements) return 0;
  return ghosts ? 1 : t->local.box.size[HG_N] * t->local.box.size[HG_Z] * t->local.box.size[HG_Y];
}

static double Get(const void *p, HGDType dtype, ptrdiff_t i)
{
  return dtype == HG_F32 ? ((const float *)p)[i] : ((const double *)p)[i];
}

static void Put(void *p, HGDType dtype, ptrdiff_t i, double v)
{
  if (dtype == HG_F32) ((float *)p)[i] = (float)v;
  else ((double *)p)[i] = v;
}

static PetscErrorCode CheckSameBox(HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  for (PetscInt a = 0; a < HG_AXES; a++)
    PetscCheck(x->local.box.size[a] == y->local.box.size[a], PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
               "axis %" PetscInt_FMT ": %" PetscInt_FMT " local points in one tensor, %" PetscInt_FMT " in the other", a,
               x->local.box.size[a], y->local.box.size[a]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorSet - Set all elements, ghosts included, to a value

   Not Collective

   Input Parameters:
+  t - the tensor, set up
-  v - the value

   Level: beginner

.seealso: `HGTensorSetRandom()`
@*/
PetscErrorCode HGTensorSet(HGTensor t, PetscReal v)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
#pragma omp parallel for
  for (size_t i = 0; i < t->local.elements; i++) Put(t->local.array, t->dtype, (ptrdiff_t)i, v);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The points of a tensor's storage that start lo points before the owned ones and have the given sizes */
static HGStrided StridedOf(const HGTensorLocal *l, const PetscInt lo[3], const PetscInt size[3])
{
  HGStrided b = {.size = {l->box.size[HG_N], l->box.size[HG_C]}, .stride = {l->stride[HG_N], 1}};

  for (int a = 0; a < 3; a++) {
    b.size[2 + a]   = l->elements ? size[a] : 0;
    b.stride[2 + a] = l->stride[HG_Z + a];
    b.offset -= lo[a] * l->stride[HG_Z + a];
  }
  return b;
}

/*@
   HGTensorZeroOwned - Set the owned points to zero

   Not Collective

   Input Parameter:
.  t - the tensor, set up

   Level: developer

.seealso: `HGTensorZeroGhosts()`
@*/
PetscErrorCode HGTensorZeroOwned(HGTensor t)
{
  const PetscInt lo[3] = {0, 0, 0};
  HGStrided      b;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  b = StridedOf(&t->local, lo, &t->local.box.size[HG_Z]);
  HGStridedZero(t->dtype, &b, t->local.owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorZeroGhosts - Set the ghost points to zero

   Not Collective

   Input Parameter:
.  t - the tensor, set up

   Level: developer

.seealso: `HGTensorZeroOwned()`
@*/
PetscErrorCode HGTensorZeroGhosts(HGTensor t)
{
  const HGTensorLocal *l = &t->local;
  PetscInt             lo[3], size[3];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  for (int a = 0; a < 3; a++) {
    lo[a]   = l->halo[a][0];
    size[a] = l->box.size[HG_Z + a] + l->halo[a][0] + l->halo[a][1];
  }
  for (int a = 0; a < 3; a++) { /* slabs below and above along a, within the owned range of the axes before it */
    const PetscInt n = l->box.size[HG_Z + a];

    for (int s = 0; s < 2; s++) {
      HGStrided b;

      lo[a]   = s ? -n : l->halo[a][0];
      size[a] = l->halo[a][s];
      b       = StridedOf(l, lo, size);
      HGStridedZero(t->dtype, &b, t->local.owned);
    }
    lo[a]   = 0;
    size[a] = n;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The owned element's index in the global tensor [N][C][Z][Y][X] */
static uint64_t GlobalIndex(HGTensor t, PetscInt run, ptrdiff_t i)
{
  const HGBox    *b = &t->local.box;
  const PetscInt *s = t->part->size, C = b->size[HG_C], Y = b->size[HG_Y], Z = b->size[HG_Z];
  const PetscInt  at[HG_AXES] = {b->start[HG_N] + run / Y / Z, b->start[HG_C] + (PetscInt)(i % C), b->start[HG_Z] + run / Y % Z,
                                 b->start[HG_Y] + run % Y, b->start[HG_X] + (PetscInt)(i / C)};
  uint64_t        g           = 0;

  for (int a = 0; a < HG_AXES; a++) g = g * (uint64_t)s[a] + (uint64_t)at[a];
  return g;
}

/* Which of the copies of its points this rank has, 0 if there is one */
static PetscErrorCode GetCopy(HGTensor t, PetscMPIInt rank, uint64_t *copy)
{
  PetscInt  coords[HG_AXES];
  PetscBool has;

  PetscFunctionBegin;
  *copy = 0;
  PetscCall(HGPartitionGetCoords(t->part, rank, &has, coords));
  for (int a = 0; a < HG_AXES && has; a++)
    if (t->part->copies[a]) *copy = *copy * (uint64_t)t->part->parts[a] + (uint64_t)coords[a];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTensorSetRandom - Fill a tensor with uniform random numbers in [-1, 1)

   Not Collective

   Input Parameters:
+  t      - the tensor, set up
.  seed   - the seed
.  name   - name of the stream of random numbers
-  ghosts - fill ghost points too; without it they are left alone

   Level: intermediate

   Note:
   An owned element depends on the seed, the name and its global index only: the same on any number of ranks. A ghost
   point, and each further copy of a replicated tensor, gets numbers of its own.

.seealso: `HGRandomUniform()`, `HGLinOpTestAdjoint()`
@*/
PetscErrorCode HGTensorSetRandom(HGTensor t, uint64_t seed, const char name[], PetscBool ghosts)
{
  uint64_t    stream = HGRandomStream(name), copy;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)t), &rank));
  if (ghosts) {
    for (size_t i = 0; i < t->local.elements; i++)
      Put(t->local.array, t->dtype, (ptrdiff_t)i, 2 * HGRandomUniform(seed, stream + 1 + (uint64_t)rank, i) - 1);
  }
  PetscCall(GetCopy(t, rank, &copy));
  stream -= copy;
#pragma omp parallel for
  for (PetscInt r = 0; r < CountRuns(t, PETSC_FALSE); r++) {
    const Run run = GetRun(t, PETSC_FALSE, r);

    for (ptrdiff_t i = 0; i < run.n; i++) Put(run.at, t->dtype, i, 2 * HGRandomUniform(seed, stream, GlobalIndex(t, r, i)) - 1);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorCopyOwned - Copy the owned elements of a tensor to another of the same local sizes, converting the type

   Not Collective

   Input Parameters:
+  x - the tensor to copy from
-  y - the tensor to copy to; its halo may differ

   Level: intermediate

   Errors:
   Refuses tensors of other local sizes.

.seealso: `HGTensorDuplicate()`
@*/
PetscErrorCode HGTensorCopyOwned(HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(x, HG_TENSOR_CLASSID, 1);
  PetscValidHeaderSpecific(y, HG_TENSOR_CLASSID, 2);
  PetscCall(CheckSameBox(x, y));
#pragma omp parallel for
  for (PetscInt r = 0; r < CountRuns(x, PETSC_FALSE); r++) {
    const Run a = GetRun(x, PETSC_FALSE, r), b = GetRun(y, PETSC_FALSE, r);

    if (x->dtype == y->dtype) memcpy(b.at, a.at, (size_t)a.n * HGDTypeSize(x->dtype));
    else
      for (ptrdiff_t i = 0; i < a.n; i++) Put(b.at, y->dtype, i, Get(a.at, x->dtype, i));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorDotLocal - This rank's part of the inner product of two tensors, in double precision

   Not Collective

   Input Parameters:
+  x      - a tensor
.  y      - another of the same partition, and of the same halo if ghosts count
-  ghosts - whether ghost points count, as elements of their own

   Output Parameter:
.  dot - the sum of the products of their elements on this rank

   Level: intermediate

   Errors:
   Refuses tensors of other local sizes.

.seealso: `HGTensorDot()`
@*/
PetscErrorCode HGTensorDotLocal(HGTensor x, HGTensor y, PetscBool ghosts, PetscReal *dot)
{
  double sum = 0;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(x, HG_TENSOR_CLASSID, 1);
  PetscValidHeaderSpecific(y, HG_TENSOR_CLASSID, 2);
  PetscCall(CheckSameBox(x, y));
  PetscCheck(!ghosts || x->local.elements == y->local.elements, PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
             "the tensors' halos differ: %zu and %zu elements", x->local.elements, y->local.elements);
  for (PetscInt r = 0; r < CountRuns(x, ghosts); r++) {
    const Run a = GetRun(x, ghosts, r), b = GetRun(y, ghosts, r);

    for (ptrdiff_t i = 0; i < a.n; i++) sum += Get(a.at, x->dtype, i) * Get(b.at, y->dtype, i);
  }
  *dot = (PetscReal)sum;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorDot - The inner product of two tensors, in double precision

   Collective

   Input Parameters:
+  x      - a tensor
.  y      - another of the same partition, and of the same halo if ghosts count
-  ghosts - whether ghost points count, as elements of their own

   Output Parameter:
.  dot - the sum of the products of their elements over all ranks

   Level: intermediate

   Note:
   Each copy of a replicated tensor counts.

.seealso: `HGLinOpTestAdjoint()`
@*/
PetscErrorCode HGTensorDot(HGTensor x, HGTensor y, PetscBool ghosts, PetscReal *dot)
{
  PetscReal mine;

  PetscFunctionBegin;
  PetscCall(HGTensorDotLocal(x, y, ghosts, &mine));
  PetscCallMPI(MPI_Allreduce(&mine, dot, 1, MPIU_REAL, MPIU_SUM, PetscObjectComm((PetscObject)x)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorScale - Multiply a tensor by a number

   Not Collective

   Input Parameters:
+  t      - the tensor
.  a      - the number
-  ghosts - whether ghost points are multiplied too

   Level: intermediate

.seealso: `HGTensorAXPY()`
@*/
PetscErrorCode HGTensorScale(HGTensor t, PetscReal a, PetscBool ghosts)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
#pragma omp parallel for
  for (PetscInt r = 0; r < CountRuns(t, ghosts); r++) {
    const Run run = GetRun(t, ghosts, r);

    for (ptrdiff_t i = 0; i < run.n; i++) Put(run.at, t->dtype, i, a * Get(run.at, t->dtype, i));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorAXPY - Add a multiple of a tensor to another: y = y + a x

   Not Collective

   Input Parameters:
+  y      - the tensor to add to
.  a      - the number
.  x      - another of the same partition, and of the same halo if ghosts are added
-  ghosts - whether ghost points are added too

   Level: intermediate

   Errors:
   Refuses tensors of other local sizes.

.seealso: `HGTensorScale()`
@*/
PetscErrorCode HGTensorAXPY(HGTensor y, PetscReal a, HGTensor x, PetscBool ghosts)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(y, HG_TENSOR_CLASSID, 1);
  PetscValidHeaderSpecific(x, HG_TENSOR_CLASSID, 3);
  PetscCall(CheckSameBox(x, y));
  PetscCheck(!ghosts || x->local.elements == y->local.elements, PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
             "the tensors' halos differ: %zu and %zu elements", x->local.elements, y->local.elements);
#pragma omp parallel for
  for (PetscInt r = 0; r < CountRuns(x, ghosts); r++) {
    const Run from = GetRun(x, ghosts, r), to = GetRun(y, ghosts, r);

    for (ptrdiff_t i = 0; i < from.n; i++) Put(to.at, y->dtype, i, Get(to.at, y->dtype, i) + a * Get(from.at, x->dtype, i));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckVec(HGTensor t, PetscInt sample, Vec v)
{
  const PetscInt *s = t->local.box.size;
  PetscInt        n;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  PetscValidHeaderSpecific(v, VEC_CLASSID, 3);
  PetscCall(VecGetLocalSize(v, &n));
  PetscCheck(sample >= 0 && sample < s[HG_N], PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "local sample %" PetscInt_FMT "; this rank has %" PetscInt_FMT, sample, s[HG_N]);
  PetscCheck(n == s[HG_Z] * s[HG_Y] * s[HG_X] * s[HG_C], PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
             "the Vec has %" PetscInt_FMT " local entries, a sample of the tensor %" PetscInt_FMT
             "; take it from a DMDA of the tensor's partition with dof = channels",
             n, s[HG_Z] * s[HG_Y] * s[HG_X] * s[HG_C]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorToVec - Copy one sample of a tensor to a global Vec of a `DMDA` with the same points

   Not Collective

   Input Parameters:
+  t      - the tensor
.  sample - which of this rank's samples
-  v      - the Vec; its `DMDA` has the channels as degrees of freedom

   Level: intermediate

   Shape:
   v: local part [Z][Y][X][C], the order of a DMDA

   Errors:
   Refuses a Vec of another local size and a sample this rank does not have.

.seealso: `HGTensorFromVec()`, `HGPartitionGetDM()`
@*/
PetscErrorCode HGTensorToVec(HGTensor t, PetscInt sample, Vec v)
{
  const PetscInt rows = t->local.box.size[HG_Z] * t->local.box.size[HG_Y];
  PetscScalar   *a;

  PetscFunctionBegin;
  PetscCall(CheckVec(t, sample, v));
  PetscCall(VecGetArrayWrite(v, &a));
#pragma omp parallel for
  for (PetscInt r = 0; r < rows; r++) {
    const Run run = GetRun(t, PETSC_FALSE, sample * rows + r);

    for (ptrdiff_t i = 0; i < run.n; i++) a[r * run.n + i] = (PetscScalar)Get(run.at, t->dtype, i);
  }
  PetscCall(VecRestoreArrayWrite(v, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorFromVec - Copy a global Vec of a `DMDA` with the same points to one sample of a tensor

   Not Collective

   Input Parameters:
+  t      - the tensor
.  sample - which of this rank's samples
-  v      - the Vec; its `DMDA` has the channels as degrees of freedom

   Level: intermediate

   Shape:
   v: local part [Z][Y][X][C], the order of a DMDA

   Errors:
   Refuses a Vec of another local size and a sample this rank does not have.

.seealso: `HGTensorToVec()`, `HGPartitionGetDM()`
@*/
PetscErrorCode HGTensorFromVec(HGTensor t, PetscInt sample, Vec v)
{
  const PetscInt     rows = t->local.box.size[HG_Z] * t->local.box.size[HG_Y];
  const PetscScalar *a;

  PetscFunctionBegin;
  PetscCall(CheckVec(t, sample, v));
  PetscCall(VecGetArrayRead(v, &a));
#pragma omp parallel for
  for (PetscInt r = 0; r < rows; r++) {
    const Run run = GetRun(t, PETSC_FALSE, sample * rows + r);

    for (ptrdiff_t i = 0; i < run.n; i++) Put(run.at, t->dtype, i, (double)PetscRealPart(a[r * run.n + i]));
  }
  PetscCall(VecRestoreArrayRead(v, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}
