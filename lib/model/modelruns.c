/* SPDX-License-Identifier: BSD-2-Clause */
/* Arrays that are put into a model: what each rank has of them. No rank ever has more. */
#include "model/model_impl.h"
#include <endian.h>

#define MOST ((size_t)1 << 59) /* elements of an array */

/* HGModelCount - The number of elements by the shape; false if no file holds so many */
PetscBool HGModelCount(const HGModelEntry *e, size_t *n)
{
  PetscBool none = PETSC_FALSE;

  *n = 1;
  for (int i = 0; i < e->ndim; i++) none = none || !e->shape[i] ? PETSC_TRUE : PETSC_FALSE;
  if (none) *n = 0;
  for (int i = 0; i < e->ndim && !none; i++) {
    if (e->shape[i] > MOST / *n) return PETSC_FALSE;
    *n *= e->shape[i];
  }
  return PETSC_TRUE;
}

/*
  HGModelSlab - As many elements from a given one on, counted in row-major order, as one hyperslab can have

  Input Parameters:
+ e    - the array
. at   - the first element
- most - how many at most, 1 or more

  Output Parameters:
+ start - [ndim] where the hyperslab begins
- count - [ndim] its lengths

  Returns their number
*/
size_t HGModelSlab(const HGModelEntry *e, size_t at, size_t most, size_t start[], size_t count[])
{
  size_t inner = 1, n = 1;
  int    d = e->ndim;

  for (int i = 0; i < e->ndim; i++) count[i] = 1;
  for (int i = e->ndim - 1; i >= 0; i--) {
    start[i] = at % e->shape[i];
    at /= e->shape[i];
  }
  /* whole rows of the last dimensions as long as they fit and the slab begins with one */
  while (d > 0) {
    d--;
    count[d] = PetscMin(e->shape[d] - start[d], PetscMax(most / inner, 1));
    n        = inner * count[d];
    if (count[d] < e->shape[d]) break;
    inner = n;
  }
  return n;
}

/*
  HGModelCheckShape - Check the shape that a caller gives

  Logically Collective

  Input Parameters:
+ m     - the model
. group - the group
. name  - the variable
. ndim  - number of dimensions
- shape - their lengths

  Output Parameter:
. e - `ndim`, `shape` and `n` of the array
*/
PetscErrorCode HGModelCheckShape(HGModel m, const char group[], const char name[], PetscInt ndim, const PetscInt shape[], HGModelEntry *e)
{
  char text[256];

  PetscFunctionBegin;
  PetscCheck(ndim >= 1 && ndim <= HG_MODEL_DIMS, m->comm, PETSC_ERR_ARG_OUTOFRANGE, "%s/%s has %" PetscInt_FMT " dimensions; give 1 to %d",
             group, name, ndim, HG_MODEL_DIMS);
  PetscCall(PetscMemzero(e, sizeof(*e)));
  e->ndim = (int)ndim;
  for (PetscInt i = 0; i < ndim; i++) {
    PetscCheck(shape[i] >= 0, m->comm, PETSC_ERR_ARG_OUTOFRANGE, "%s/%s has the length %" PetscInt_FMT "; give 0 or more", group, name,
               shape[i]);
    e->shape[i] = (size_t)shape[i];
  }
  HGModelShapeText(e, text, sizeof(text));
  PetscCheck(HGModelCount(e, &e->n), m->comm, PETSC_ERR_ARG_OUTOFRANGE, "%s/%s%s has more elements than any file; check its lengths", group,
             name, text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An array of which no rank has anything yet */
static PetscErrorCode AddArray(HGModel m, const char group[], const char name[], PetscInt ndim, const PetscInt shape[],
                               HGModelEntry **entry)
{
  HGModelEntry want;

  PetscFunctionBegin;
  PetscCall(HGModelCheckShape(m, group, name, ndim, shape, &want));
  PetscCall(HGModelAdd(m, group, name, HG_MODEL_ARRAY, want.n, entry));
  (*entry)->ndim = want.ndim;
  (*entry)->type = HG_F64;
  PetscCall(PetscArraycpy((*entry)->shape, want.shape, ndim));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelPutArray - Put an array, which becomes a variable of the file

   Logically Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
.  name  - the variable
.  ndim  - number of dimensions, at most 8
.  shape - their lengths
-  value - the numbers, on rank 0; copied

   Level: advanced

   Shape:
   shape: [ndim]

   Note:
   For arrays that are small. `HGModelPutRuns()` takes larger ones from where they are.

.seealso: `HGModelGetArray()`, `HGModelPutRuns()`, `HGModelPutVec()`
@*/
PetscErrorCode HGModelPutArray(HGModel m, const char group[], const char name[], PetscInt ndim, const PetscInt shape[],
                               const PetscScalar value[])
{
  HGModelEntry *e = NULL;
  double       *copy;

  PetscFunctionBegin;
  PetscCall(AddArray(m, group, name, ndim, shape, &e));
  if (m->rank) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(e->n, &copy));
  for (size_t i = 0; i < e->n; i++) copy[i] = (double)PetscRealPart(value[i]);
  e->value = copy;
  e->data  = copy;
  e->nruns = 1;
  PetscCall(PetscMalloc1(1, &e->run));
  e->run[0] = (HGModelRun){.count = (PetscInt64)e->n};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static uint64_t Scramble(uint64_t x)
{
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/*
  Whether the runs of all ranks together are the array: they are if each begins where another one ends, which sums of hashes of both ends tell without
  any rank seeing all, and if none lies out of it.
*/
static PetscErrorCode CheckRuns(HGModel m, const HGModelEntry *e, PetscInt nruns, const HGModelRun run[])
{
  uint64_t   sum[3] = {0, 0, 0}; /* elements, hashes, mistakes */
  PetscInt64 end    = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < nruns; i++) {
    if (run[i].file < end || run[i].count < 0 || run[i].local < 0 || run[i].count > (PetscInt64)e->n - run[i].file) sum[2]++;
    else end = run[i].file + run[i].count;
    sum[0] += (uint64_t)run[i].count;
    sum[1] += Scramble((uint64_t)(run[i].file + run[i].count)) - Scramble((uint64_t)run[i].file);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 3, MPI_UINT64_T, MPI_SUM, m->comm));
  PetscCheck(!sum[2], m->comm, PETSC_ERR_ARG_OUTOFRANGE,
             "%s/%s: %" PRIu64 " runs are not in ascending order, or not among the array's %zu elements", e->group, e->name, sum[2], e->n);
  PetscCheck(sum[0] == e->n, m->comm, PETSC_ERR_ARG_SIZ, "%s/%s: the runs have %" PRIu64 " elements, the array %zu", e->group, e->name,
             sum[0], e->n);
  PetscCheck(sum[1] == Scramble(e->n) - Scramble(0), m->comm, PETSC_ERR_ARG_SIZ, "%s/%s: runs of several ranks overlap", e->group, e->name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelPutRuns - Put an array of which each rank has parts; it becomes a variable of the file

   Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
.  name  - the variable
.  ndim  - number of dimensions, at most 8
.  shape - their lengths
.  type  - of the values and of the variable
.  nruns - how many parts this rank has, perhaps none
.  runs  - the parts, in ascending order of `file`; copied
-  value - the numbers that `runs` speak of; not copied: they must stay as they are until the model is written or destroyed

   Level: advanced

   Shape:
   shape: [ndim]
   runs: [nruns]

   Errors:
   Runs that all together are not the array, each element once.

.seealso: `HGModelGetRuns()`, `HGModelRun`, `HGModelPutArray()`, `HGModelPutVec()`
@*/
PetscErrorCode HGModelPutRuns(HGModel m, const char group[], const char name[], PetscInt ndim, const PetscInt shape[], HGDType type,
                              PetscInt nruns, const HGModelRun runs[], const void *value)
{
  HGModelEntry *e = NULL;

  PetscFunctionBegin;
  PetscCall(AddArray(m, group, name, ndim, shape, &e));
  PetscCall(CheckRuns(m, e, nruns, runs));
  e->type  = type;
  e->data  = value;
  e->nruns = nruns;
  PetscCall(PetscMalloc1(nruns, &e->run));
  PetscCall(PetscArraycpy(e->run, runs, nruns));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The part of a vector that this rank has */
static PetscErrorCode RunOf(Vec v, HGModelRun *run)
{
  PetscInt first, end;

  PetscFunctionBegin;
  PetscCall(VecGetOwnershipRange(v, &first, &end));
  *run = (HGModelRun){.file = first, .count = end - first};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelPutVec - Put a distributed vector, which becomes a variable of one dimension

   Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
.  name  - the variable
-  v     - the vector; not copied: its values must stay as they are until the model is written or destroyed

   Level: advanced

   Note:
   The model keeps a reference to the vector.

.seealso: `HGModelGetVec()`, `HGModelPutRuns()`
@*/
PetscErrorCode HGModelPutVec(HGModel m, const char group[], const char name[], Vec v)
{
  const PetscScalar *value;
  PetscInt           n;
  HGModelRun         run;

  PetscFunctionBegin;
  PetscCall(VecGetSize(v, &n));
  PetscCall(RunOf(v, &run));
  PetscCall(VecGetArrayRead(v, &value));
  PetscCall(HGModelPutRuns(m, group, name, 1, &n, sizeof(*value) == sizeof(float) ? HG_F32 : HG_F64, 1, &run, value));
  PetscCall(PetscObjectReference((PetscObject)v));
  m->entry[m->n - 1].vec = v;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelGetVec - Get a distributed vector

   Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
-  name  - the variable

   Output Parameter:
.  v - the vector, of the expected length

   Level: advanced

   Errors:
   Those of `HGModelGetArray()`.

.seealso: `HGModelPutVec()`, `HGModelGetRuns()`
@*/
PetscErrorCode HGModelGetVec(HGModel m, const char group[], const char name[], Vec v)
{
  PetscScalar   *value;
  PetscInt       n;
  HGModelRun     run;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(VecGetSize(v, &n));
  PetscCall(RunOf(v, &run));
  PetscCall(VecGetArray(v, &value));
  e = HGModelGetRuns(m, group, name, 1, &n, sizeof(*value) == sizeof(float) ? HG_F32 : HG_F64, 1, &run, value);
  PetscCall(VecRestoreArray(v, &value));
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- checksums of what is put ---- */

/*
  HGModelSumPart - Add a part of an array to its checksums

  Not Collective

  Input Parameters:
+ type  - of the values
. value - the part
. n     - how many elements
- after - how many follow in the array

  Output Parameters:
+ values - the checksum of the values
- raw    - that of their bytes, or NULL
*/
void HGModelSumPart(HGDType type, const void *value, size_t n, size_t after, uint32_t *values, uint32_t *raw)
{
  const char  *at   = (const char *)value;
  const size_t size = HGDTypeSize(type), piece = HG_MODEL_ROOM / 32;
  const int    same = type == HG_F64 && htole64(1) == 1;
  uint32_t     v = 0, r = 0;

#pragma omp parallel for reduction(^ : v, r) if (n > piece)
  for (size_t i = 0; i < n; i += piece) {
    const size_t len = PetscMin(piece, n - i), rest = after + n - i - len;

    const uint32_t part = HGModelShiftSum(HGModelSumValues(type, at + size * i, len), sizeof(double) * rest);

    v ^= part;
    if (raw) r ^= same ? part : HGModelShiftSum(HGModelSumBytes(0, at + size * i, size * len), size * rest);
  }
  *values ^= v;
  if (raw) *raw ^= r;
}

/*
  HGModelSumRuns - The checksums of all arrays, on rank 0

  Collective
*/
PetscErrorCode HGModelSumRuns(HGModel m)
{
  uint32_t(*sum)[2];

  PetscFunctionBegin;
  PetscCall(PetscCalloc1((size_t)m->n + 1, &sum));
  for (PetscInt i = 0; i < m->n; i++) {
    const HGModelEntry *e = &m->entry[i];

    for (PetscInt k = 0; k < e->nruns; k++)
      HGModelSumPart(e->type, (const char *)e->data + HGDTypeSize(e->type) * (size_t)e->run[k].local, (size_t)e->run[k].count,
                     e->n - (size_t)(e->run[k].file + e->run[k].count), &sum[i][0], &sum[i][1]);
  }
  PetscCallMPI(MPI_Reduce(m->rank ? (void *)sum : MPI_IN_PLACE, sum, 2 * (PetscMPIInt)m->n, MPI_UINT32_T, MPI_BXOR, 0, m->comm));
  for (PetscInt i = 0; i < m->n; i++) {
    m->entry[i].sum     = sum[i][0];
    m->entry[i].sum_raw = sum[i][1];
  }
  PetscCall(PetscFree(sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGModelFetchTiny - The values of arrays of less than HG_MODEL_TINY bytes, on rank 0

  Collective
*/
PetscErrorCode HGModelFetchTiny(HGModel m)
{
  char(*all)[HG_MODEL_TINY];

  PetscFunctionBegin;
  PetscCall(PetscCalloc1((size_t)m->n + 1, &all));
  for (PetscInt i = 0; i < m->n; i++) {
    const HGModelEntry *e    = &m->entry[i];
    const size_t        size = HGDTypeSize(e->type);

    if (e->kind != HG_MODEL_ARRAY || size * e->n >= HG_MODEL_TINY) continue;
    for (PetscInt k = 0; k < e->nruns; k++)
      PetscCall(PetscMemcpy(all[i] + size * (size_t)e->run[k].file, (const char *)e->data + size * (size_t)e->run[k].local,
                            size * (size_t)e->run[k].count));
  }
  PetscCallMPI(MPI_Reduce(m->rank ? (void *)all : MPI_IN_PLACE, all, HG_MODEL_TINY * (PetscMPIInt)m->n, MPI_BYTE, MPI_BOR, 0, m->comm));
  for (PetscInt i = 0; i < m->n; i++) PetscCall(PetscArraycpy(m->entry[i].tiny, all[i], HG_MODEL_TINY));
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}
