/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

/*@
   HGLinOpTestAdjoint - Test an operator against its adjoint with random arguments

   Collective

   Input Parameters:
+  op   - the operator, set up
-  seed - seed of the arguments

   Output Parameter:
.  error - |<F x, y> - <x, F* y>| / max(|F x| |y|, |x| |F* y|), to be below 100 times the unit roundoff of the type

   Level: beginner

   Note:
   The criterion of arXiv 2006.03108, section 5.

.seealso: `HGLinOpApply()`, `HGLinOpApplyAdjoint()`
@*/
PetscErrorCode HGLinOpTestAdjoint(HGLinOp op, uint64_t seed, PetscReal *error)
{
  HGTensor  x, y, fx, fy;
  PetscReal left, right, nx, ny, nfx, nfy;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGTensorDuplicate(op->x, &x));
  PetscCall(HGTensorDuplicate(op->x, &fy));
  PetscCall(HGTensorDuplicate(op->y, &y));
  PetscCall(HGTensorDuplicate(op->y, &fx));
  PetscCall(HGTensorSetRandom(x, seed, "x", PETSC_FALSE));
  PetscCall(HGTensorSetRandom(y, seed, "y", op->ghosts_in_y));
  PetscCall(HGLinOpApply(op, x, fx));
  PetscCall(HGLinOpApplyAdjoint(op, y, fy));
  PetscCall(HGTensorDot(fx, y, op->ghosts_in_y, &left));
  PetscCall(HGTensorDot(x, fy, PETSC_FALSE, &right));
  PetscCall(HGTensorDot(x, x, PETSC_FALSE, &nx));
  PetscCall(HGTensorDot(y, y, op->ghosts_in_y, &ny));
  PetscCall(HGTensorDot(fx, fx, op->ghosts_in_y, &nfx));
  PetscCall(HGTensorDot(fy, fy, PETSC_FALSE, &nfy));
  *error = PetscAbsReal(left - right) / PetscMax(PETSC_SMALL * PETSC_SMALL, PetscSqrtReal(PetscMax(nfx * ny, nx * nfy)));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscCall(HGTensorDestroy(&fx));
  PetscCall(HGTensorDestroy(&fy));
  PetscFunctionReturn(PETSC_SUCCESS);
}
