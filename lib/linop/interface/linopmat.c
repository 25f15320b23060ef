/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

/* What the MATSHELL of an operator knows */
typedef struct {
  HGLinOp  op;
  HGTensor x, y; /* the vectors' values, in the operator's element type and layout */
} Shell;

/* Runs of contiguous elements that count: lines of owned points, or the whole storage */
static PetscInt CountRuns(const HGTensorLocal *l, PetscBool ghosts)
{
  if (!l->elements) return 0;
  return ghosts ? 1 : l->box.size[HG_N] * l->box.size[HG_Z] * l->box.size[HG_Y];
}

static ptrdiff_t RunStart(const HGTensorLocal *l, PetscBool ghosts, PetscInt i)
{
  const PetscInt Y = l->box.size[HG_Y], Z = l->box.size[HG_Z];

  return ghosts ? 0 : i / Y / Z * l->stride[HG_N] + i / Y % Z * l->stride[HG_Z] + i % Y * l->stride[HG_Y];
}

static PetscInt64 CountElements(const HGTensorLocal *l, PetscBool ghosts)
{
  return ghosts ? (PetscInt64)l->elements : HGBoxCount(&l->box);
}

/* Copies a Vec to a tensor, or back: local part [N][Z][Y][X][C], with ghosts [N][lo+Z+hi][lo+Y+hi][lo+X+hi][C] */
static PetscErrorCode CopyVec(Vec v, HGTensor t, PetscBool ghosts, PetscBool to_tensor)
{
  const HGTensorLocal *l;
  HGDType              dtype;
  PetscScalar         *a;
  PetscInt             runs;
  ptrdiff_t            n;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  PetscCall(HGTensorGetDType(t, &dtype));
  runs = CountRuns(l, ghosts);
  n    = runs ? (ptrdiff_t)(CountElements(l, ghosts) / runs) : 0;
  if (to_tensor) PetscCall(VecGetArrayRead(v, (const PetscScalar **)&a));
  else PetscCall(VecGetArrayWrite(v, &a));
#pragma omp parallel for
  for (PetscInt r = 0; r < runs; r++) {
    void        *at = ghosts ? l->array : l->owned;
    float       *f  = (float *)at + RunStart(l, ghosts, r);
    double      *d  = (double *)at + RunStart(l, ghosts, r);
    PetscScalar *s  = a + r * n;

    if (to_tensor && dtype == HG_F32)
      for (ptrdiff_t i = 0; i < n; i++) f[i] = (float)PetscRealPart(s[i]);
    else if (to_tensor)
      for (ptrdiff_t i = 0; i < n; i++) d[i] = (double)PetscRealPart(s[i]);
    else if (dtype == HG_F32)
      for (ptrdiff_t i = 0; i < n; i++) s[i] = (PetscScalar)f[i];
    else
      for (ptrdiff_t i = 0; i < n; i++) s[i] = (PetscScalar)d[i];
  }
  if (to_tensor) PetscCall(VecRestoreArrayRead(v, (const PetscScalar **)&a));
  else PetscCall(VecRestoreArrayWrite(v, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MatMult_LinOp(Mat A, Vec x, Vec y)
{
  Shell *s;

  PetscFunctionBegin;
  PetscCall(MatShellGetContext(A, &s));
  PetscCall(CopyVec(x, s->x, s->op->ghosts_in_x, PETSC_TRUE));
  PetscCall(HGLinOpApply(s->op, s->x, s->y));
  PetscCall(CopyVec(y, s->y, s->op->ghosts_in_y, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MatMultTranspose_LinOp(Mat A, Vec y, Vec x)
{
  Shell *s;

  PetscFunctionBegin;
  PetscCall(MatShellGetContext(A, &s));
  PetscCall(CopyVec(y, s->y, s->op->ghosts_in_y, PETSC_TRUE));
  PetscCall(HGLinOpApplyAdjoint(s->op, s->y, s->x));
  PetscCall(CopyVec(x, s->x, s->op->ghosts_in_x, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MatView_LinOp(Mat A, PetscViewer viewer)
{
  Shell    *s;
  PetscBool ascii;

  PetscFunctionBegin;
  PetscCall(MatShellGetContext(A, &s));
  PetscCall(PetscObjectTypeCompare((PetscObject)viewer, PETSCVIEWERASCII, &ascii));
  if (ascii) PetscCall(HGLinOpView(s->op, viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MatDestroy_LinOp(Mat A)
{
  Shell *s;

  PetscFunctionBegin;
  PetscCall(MatShellGetContext(A, &s));
  PetscCall(HGLinOpDestroy(&s->op));
  PetscCall(HGTensorDestroy(&s->x));
  PetscCall(HGTensorDestroy(&s->y));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpGetMat - Wrap an operator as a `Mat`

   Collective

   Input Parameter:
.  op - the operator, set up

   Output Parameter:
.  A - a `MATSHELL` for `MatMult()`, `MatMultTranspose()`, `KSPSolve()` and `MatView()`; destroy it after use

   Options Database Key:
.  -mat_view - print it

   Level: intermediate

   Shape:
   columns: the elements of the domain, on each rank in the order [N][Z][Y][X][C] of its own points; of the whole local storage if the
   domain has ghost points. Rows: those of the range.

   Notes:
   `MatCreateVecs()` makes vectors that fit. For one sample without ghosts they are ordered as the global vectors of a `DMDA` with
   the channels as degrees of freedom.

   The matrix keeps a reference to the operator. An operator in single precision rounds the vectors.

.seealso: `HGLinOpApply()`, `MATSHELL`, `KSPLSQR`
@*/
PetscErrorCode HGLinOpGetMat(HGLinOp op, Mat *A)
{
  Shell               *s;
  const HGTensorLocal *x, *y;
  const char          *prefix;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCheck(op->setup, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_WRONGSTATE, "call HGLinOpSetUp() before HGLinOpGetMat()");
  PetscCall(PetscNew(&s));
  PetscCall(HGLinOpReference(op));
  s->op = op;
  PetscCall(HGTensorDuplicate(op->x, &s->x));
  PetscCall(HGTensorDuplicate(op->y, &s->y));
  PetscCall(HGTensorGetLocal(s->x, &x));
  PetscCall(HGTensorGetLocal(s->y, &y));
  PetscCall(MatCreateShell(PetscObjectComm((PetscObject)op), (PetscInt)CountElements(y, op->ghosts_in_y),
                           (PetscInt)CountElements(x, op->ghosts_in_x), PETSC_DETERMINE, PETSC_DETERMINE, s, A));
  /* the type of functions differs between versions of PETSc; void * converts to each */
  PetscCall(MatShellSetOperation(*A, MATOP_MULT, (void *)MatMult_LinOp));
  PetscCall(MatShellSetOperation(*A, MATOP_MULT_TRANSPOSE, (void *)MatMultTranspose_LinOp));
  PetscCall(MatShellSetOperation(*A, MATOP_VIEW, (void *)MatView_LinOp));
  PetscCall(MatShellSetOperation(*A, MATOP_DESTROY, (void *)MatDestroy_LinOp));
  PetscCall(PetscObjectGetOptionsPrefix((PetscObject)op, &prefix));
  PetscCall(MatSetOptionsPrefix(*A, prefix));
  PetscCall(MatAssemblyBegin(*A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*A, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}
