/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A Vec whose elements are kept in single precision: weights, gradients and moments of large networks, for which PETSc's double precision is twice the
   memory. PETSc's calls work on it as on any Vec; VecGetArray() and its relatives give a copy in double precision, which is put back on restoring. Sums are
   in double precision.
*/
#include "tensor/hgvec.h"
#include "kernel/hgfield.h"
#include <petsc/private/vecimpl.h>

typedef struct {
  float       *array;  /* [local size] */
  void        *memory; /* that array is in */
  PetscScalar *copy;   /* [local size] while somebody has it */
  PetscInt     users;
  PetscBool    changed;
} F32;

static inline float *ArrayOf(Vec v)
{
  return ((F32 *)v->data)->array;
}

static PetscErrorCode CheckF32(Vec v)
{
  PetscBool is;

  PetscFunctionBegin;
  PetscCall(HGVecIsF32(v, &is));
  PetscCheck(is, PetscObjectComm((PetscObject)v), PETSC_ERR_ARG_WRONG,
             "a vector of type %s together with one of type %s; give both the same",
             ((PetscObject)v)->type_name ? ((PetscObject)v)->type_name : "none", HGVECF32);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the array in double precision ---- */

static PetscErrorCode TakeCopy(Vec v, PetscBool fill, PetscScalar **a)
{
  F32           *f = (F32 *)v->data;
  const PetscInt n = v->map->n;

  PetscFunctionBegin;
  if (!f->users++) {
    PetscCall(PetscMalloc1(n, &f->copy));
    for (PetscInt i = 0; i < n && fill; i++) f->copy[i] = (PetscScalar)f->array[i];
  }
  *a = f->copy;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetArray_F32(Vec v, PetscScalar **a)
{
  PetscFunctionBegin;
  PetscCall(TakeCopy(v, PETSC_TRUE, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetArrayWrite_F32(Vec v, PetscScalar **a)
{
  PetscFunctionBegin;
  PetscCall(TakeCopy(v, PETSC_FALSE, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetArrayRead_F32(Vec v, const PetscScalar **a)
{
  PetscFunctionBegin;
  PetscCall(TakeCopy(v, PETSC_TRUE, (PetscScalar **)a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GiveBack(Vec v, PetscBool changed)
{
  F32           *f = (F32 *)v->data;
  const PetscInt n = v->map->n;

  PetscFunctionBegin;
  if (changed) f->changed = PETSC_TRUE;
  if (--f->users) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt i = 0; i < n && f->changed; i++) f->array[i] = (float)f->copy[i];
  f->changed = PETSC_FALSE;
  PetscCall(PetscFree(f->copy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RestoreArray_F32(Vec v, PetscScalar **a)
{
  PetscFunctionBegin;
  (void)a;
  PetscCall(GiveBack(v, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RestoreArrayRead_F32(Vec v, const PetscScalar **a)
{
  PetscFunctionBegin;
  (void)a;
  PetscCall(GiveBack(v, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- reductions ---- */

static double SumOf(PetscInt n, const float *x, const float *y)
{
  HGSimd simd;

  PetscCallAbort(PETSC_COMM_SELF, HGGetSimd(&simd));
  return (*HGFieldKernelsGet(simd, HG_F32)->dot)((size_t)n, x, y);
}

static PetscErrorCode Dot_F32(Vec x, Vec y, PetscScalar *z)
{
  double sum;

  PetscFunctionBegin;
  PetscCall(CheckF32(y));
  sum = SumOf(x->map->n, ArrayOf(x), ArrayOf(y));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, PetscObjectComm((PetscObject)x)));
  *z = sum;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Norm_F32(Vec v, NormType type, PetscReal *z)
{
  const float   *x        = ArrayOf(v);
  const PetscInt n        = v->map->n;
  double         value[2] = {0, 0};

  PetscFunctionBegin;
  if (type == NORM_1 || type == NORM_1_AND_2)
    for (PetscInt i = 0; i < n; i++) value[0] += fabs((double)x[i]);
  if (type != NORM_1 && type != NORM_INFINITY) value[1] = SumOf(n, x, x);
  if (type == NORM_INFINITY) {
    for (PetscInt i = 0; i < n; i++) value[0] = !(fabs((double)x[i]) <= value[0]) ? fabs((double)x[i]) : value[0];
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, value, 1, MPI_DOUBLE, MPI_MAX, PetscObjectComm((PetscObject)v)));
  } else PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, value, 2, MPI_DOUBLE, MPI_SUM, PetscObjectComm((PetscObject)v)));
  if (type == NORM_1_AND_2) {
    z[0] = value[0];
    z[1] = PetscSqrtReal(value[1]);
  } else *z = type == NORM_1 || type == NORM_INFINITY ? value[0] : PetscSqrtReal(value[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Extreme(Vec v, PetscInt *at, double sign, PetscReal *z)
{
  const float *x = ArrayOf(v);
  struct {
    double value;
    int    rank;
  } mine, all;
  PetscInt    where = -1;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)v), &rank));
  mine.value = -PETSC_MAX_REAL;
  mine.rank  = rank;
  for (PetscInt i = 0; i < v->map->n; i++) {
    if (where >= 0 && !(sign * (double)x[i] > mine.value)) continue;
    mine.value = sign * (double)x[i];
    where      = v->map->rstart + i;
  }
  PetscCallMPI(MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE_INT, MPI_MAXLOC, PetscObjectComm((PetscObject)v)));
  if (at) {
    PetscCallMPI(MPI_Bcast(&where, 1, MPIU_INT, all.rank, PetscObjectComm((PetscObject)v)));
    *at = where;
  }
  *z = sign * all.value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Max_F32(Vec v, PetscInt *at, PetscReal *z)
{
  PetscFunctionBegin;
  PetscCall(Extreme(v, at, 1, z));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Min_F32(Vec v, PetscInt *at, PetscReal *z)
{
  PetscFunctionBegin;
  PetscCall(Extreme(v, at, -1, z));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- operations element by element ---- */

#define FOR_ELEMENTS(n) _Pragma("omp parallel for simd schedule(static) if (n > 65536)") for (PetscInt i = 0; i < (n); i++)

static PetscErrorCode Set_F32(Vec v, PetscScalar a)
{
  float         *x = ArrayOf(v);
  const PetscInt n = v->map->n;

  PetscFunctionBegin;
  FOR_ELEMENTS(n) x[i] = (float)a;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Scale_F32(Vec v, PetscScalar a)
{
  float         *x = ArrayOf(v);
  const PetscInt n = v->map->n;

  PetscFunctionBegin;
  FOR_ELEMENTS(n) x[i] = (float)(a * (double)x[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Copy_F32(Vec from, Vec to)
{
  PetscBool is;

  PetscFunctionBegin;
  PetscCall(HGVecIsF32(to, &is));
  if (is) PetscCall(PetscArraycpy(ArrayOf(to), ArrayOf(from), from->map->n));
  else {
    PetscScalar *a;

    PetscCall(VecGetArrayWrite(to, &a));
    for (PetscInt i = 0; i < from->map->n; i++) a[i] = (PetscScalar)ArrayOf(from)[i];
    PetscCall(VecRestoreArrayWrite(to, &a));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* w = a u + b v, of which both may be w */
static PetscErrorCode Combine(Vec w, PetscScalar a, Vec u, PetscScalar b, Vec v)
{
  float         *to = ArrayOf(w);
  const PetscInt n  = w->map->n;
  const float   *x, *y;

  PetscFunctionBegin;
  PetscCall(CheckF32(u));
  PetscCall(CheckF32(v));
  x                     = ArrayOf(u);
  y                     = ArrayOf(v);
  FOR_ELEMENTS(n) to[i] = (float)(a * (double)x[i] + b * (double)y[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AXPY_F32(Vec y, PetscScalar a, Vec x)
{
  PetscFunctionBegin;
  PetscCall(Combine(y, a, x, 1, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AXPBY_F32(Vec y, PetscScalar a, PetscScalar b, Vec x)
{
  PetscFunctionBegin;
  PetscCall(Combine(y, a, x, b, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AYPX_F32(Vec y, PetscScalar a, Vec x)
{
  PetscFunctionBegin;
  PetscCall(Combine(y, 1, x, a, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WAXPY_F32(Vec w, PetscScalar a, Vec x, Vec y)
{
  PetscFunctionBegin;
  PetscCall(Combine(w, a, x, 1, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PointwiseMult_F32(Vec w, Vec x, Vec y)
{
  float         *to = ArrayOf(w);
  const PetscInt n  = w->map->n;
  const float   *a, *b;

  PetscFunctionBegin;
  PetscCall(CheckF32(x));
  PetscCall(CheckF32(y));
  a                     = ArrayOf(x);
  b                     = ArrayOf(y);
  FOR_ELEMENTS(n) to[i] = a[i] * b[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- single elements, of this rank alone ---- */

static PetscErrorCode GetValues_F32(Vec v, PetscInt n, const PetscInt at[], PetscScalar value[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    PetscCheck(at[i] >= v->map->rstart && at[i] < v->map->rend, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
               "element %" PetscInt_FMT " is another rank's", at[i]);
    value[i] = (PetscScalar)ArrayOf(v)[at[i] - v->map->rstart];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetValues_F32(Vec v, PetscInt n, const PetscInt at[], const PetscScalar value[], InsertMode mode)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    float *x = ArrayOf(v) + (at[i] - v->map->rstart);

    if (at[i] < 0) continue;
    PetscCheck(at[i] >= v->map->rstart && at[i] < v->map->rend, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
               "element %" PetscInt_FMT " is another rank's", at[i]);
    *x = mode == ADD_VALUES ? (float)((double)*x + value[i]) : (float)value[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the life of a vector ---- */

static PetscErrorCode View_F32(Vec v, PetscViewer viewer)
{
  Vec wide;

  PetscFunctionBegin;
  PetscCall(VecCreateMPI(PetscObjectComm((PetscObject)v), v->map->n, v->map->N, &wide));
  PetscCall(Copy_F32(v, wide));
  PetscCall(VecView(wide, viewer));
  PetscCall(VecDestroy(&wide));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetSize_F32(Vec v, PetscInt *n)
{
  PetscFunctionBegin;
  *n = v->map->N;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetLocalSize_F32(Vec v, PetscInt *n)
{
  PetscFunctionBegin;
  *n = v->map->n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Duplicate_F32(Vec v, Vec *w)
{
  PetscFunctionBegin;
  PetscCall(HGVecCreateF32(PetscObjectComm((PetscObject)v), v->map->n, v->map->N, w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DuplicateVecs_F32(Vec v, PetscInt n, Vec **w)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, w));
  for (PetscInt i = 0; i < n; i++) PetscCall(Duplicate_F32(v, &(*w)[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyVecs_F32(PetscInt n, Vec w[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) PetscCall(VecDestroy(&w[i]));
  PetscCall(PetscFree(w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_F32(Vec v)
{
  F32 *f = (F32 *)v->data;

  PetscFunctionBegin;
  PetscCall(PetscFree(f->copy));
  PetscCall(PetscFree(f->memory));
  PetscCall(PetscFree(v->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Nothing(Vec v)
{
  PetscFunctionBegin;
  (void)v;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGVecCreateF32 - Create a vector whose elements are kept in single precision

   Collective

   Input Parameters:
+  comm - the ranks
.  n    - elements of this rank
-  N    - of all, or `PETSC_DETERMINE`

   Output Parameter:
.  v - the vector, of type `HGVECF32`; its elements are not set

   Level: advanced

   Notes:
   Half the memory of PETSc's own vectors, for weights and moments of large networks. `VecGetArray()` and its relatives give a copy in double
   precision that lives until it is restored; `HGVecGetElements()` gives the elements themselves. Norms and inner products are summed in double precision,
   in an order that does not depend on the number of threads.

   Errors:
   Operations together with a vector of another type, but for `VecCopy()` from this one.

.seealso: `HGVecGetElements()`, `HGVecIsF32()`
@*/
PetscErrorCode HGVecCreateF32(MPI_Comm comm, PetscInt n, PetscInt N, Vec *v)
{
  F32 *f;

  PetscFunctionBegin;
  PetscCall(VecCreate(comm, v));
  PetscCall(VecSetSizes(*v, n, N));
  PetscCall(PetscLayoutSetUp((*v)->map));
  PetscCall(PetscNew(&f));
  PetscCall(PetscMalloc((size_t)(*v)->map->n * sizeof(float) + 64, &f->memory));
  f->array                     = (float *)((char *)f->memory + (64 - (uintptr_t)f->memory % 64) % 64);
  (*v)->data                   = f;
  (*v)->petscnative            = PETSC_FALSE;
  (*v)->ops->duplicate         = Duplicate_F32;
  (*v)->ops->duplicatevecs     = DuplicateVecs_F32;
  (*v)->ops->destroyvecs       = DestroyVecs_F32;
  (*v)->ops->destroy           = Destroy_F32;
  (*v)->ops->view              = View_F32;
  (*v)->ops->getsize           = GetSize_F32;
  (*v)->ops->getlocalsize      = GetLocalSize_F32;
  (*v)->ops->getarray          = GetArray_F32;
  (*v)->ops->getarrayread      = GetArrayRead_F32;
  (*v)->ops->getarraywrite     = GetArrayWrite_F32;
  (*v)->ops->restorearray      = RestoreArray_F32;
  (*v)->ops->restorearrayread  = RestoreArrayRead_F32;
  (*v)->ops->restorearraywrite = RestoreArray_F32;
  (*v)->ops->dot               = Dot_F32;
  (*v)->ops->tdot              = Dot_F32;
  (*v)->ops->norm              = Norm_F32;
  (*v)->ops->max               = Max_F32;
  (*v)->ops->min               = Min_F32;
  (*v)->ops->set               = Set_F32;
  (*v)->ops->scale             = Scale_F32;
  (*v)->ops->copy              = Copy_F32;
  (*v)->ops->axpy              = AXPY_F32;
  (*v)->ops->axpby             = AXPBY_F32;
  (*v)->ops->aypx              = AYPX_F32;
  (*v)->ops->waxpy             = WAXPY_F32;
  (*v)->ops->pointwisemult     = PointwiseMult_F32;
  (*v)->ops->getvalues         = GetValues_F32;
  (*v)->ops->setvalues         = SetValues_F32;
  (*v)->ops->assemblybegin     = Nothing;
  (*v)->ops->assemblyend       = Nothing;
  PetscCall(PetscObjectChangeTypeName((PetscObject)*v, HGVECF32));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGVecIsF32 - Whether a vector's elements are kept in single precision

   Not Collective

   Input Parameter:
.  v - the vector

   Output Parameter:
.  is - whether it is of type `HGVECF32`

   Level: advanced

.seealso: `HGVecCreateF32()`
@*/
PetscErrorCode HGVecIsF32(Vec v, PetscBool *is)
{
  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)v, HGVECF32, is));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGVecGetElements - Get the elements of any vector in the precision that they are kept in, to write them

   Logically Collective

   Input Parameter:
.  v - the vector

   Output Parameters:
+  type  - `HG_F32` for a vector of type `HGVECF32`, else `HG_F64`
-  array - this rank's elements; valid as long as the vector, nothing is to be restored

   Level: advanced

   Shape:
   array: [local size]

   Note:
   Counts as a change of the vector: norms that PETSc keeps are forgotten now, so ask for none before the elements are written.

.seealso: `HGVecGetElementsRead()`, `HGVecCreateF32()`
@*/
PetscErrorCode HGVecGetElements(Vec v, HGDType *type, void **array)
{
  PetscFunctionBegin;
  PetscCall(HGVecGetElementsRead(v, type, (const void **)array));
  PetscCall(PetscObjectStateIncrease((PetscObject)v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGVecGetElementsRead - Get the elements of any vector in the precision that they are kept in, to read them

   Not Collective

   Input Parameter:
.  v - the vector

   Output Parameters:
+  type  - `HG_F32` for a vector of type `HGVECF32`, else `HG_F64`
-  array - this rank's elements; valid as long as the vector, nothing is to be restored

   Level: advanced

   Shape:
   array: [local size]

.seealso: `HGVecGetElements()`
@*/
PetscErrorCode HGVecGetElementsRead(Vec v, HGDType *type, const void **array)
{
  const PetscScalar *a;
  PetscBool          is;

  PetscFunctionBegin;
  PetscCall(HGVecIsF32(v, &is));
  *type = is ? HG_F32 : HG_F64;
  if (is) {
    *array = ArrayOf(v);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(VecGetArrayRead(v, &a));
  *array = a;
  PetscCall(VecRestoreArrayRead(v, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}
