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
   The criterion of the adjoint test of arXiv 2006.03108.

.seealso: `HGLinOpApply()`, `HGLinOpApplyAdjoint()`
@*/
PetscErrorCode HGLinOpTestAdjoint(HGLinOp op, uint64_t seed, PetscReal *error)
{
  HGTensor  x, y, fx, fy;
  PetscReal mine[6], all[6]; /* <Fx,y>, <x,F*y>, |x|^2, |y|^2, |Fx|^2, |F*y|^2 */
  PetscReal size;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGTensorDuplicate(op->x, &x));
  PetscCall(HGTensorDuplicate(op->x, &fy));
  PetscCall(HGTensorDuplicate(op->y, &y));
  PetscCall(HGTensorDuplicate(op->y, &fx));
  PetscCall(HGTensorSetRandom(x, seed, "x", op->ghosts_in_x));
  PetscCall(HGTensorSetRandom(y, seed, "y", op->ghosts_in_y));
  PetscCall(HGLinOpApply(op, x, fx));
  PetscCall(HGLinOpApplyAdjoint(op, y, fy));
  PetscCall(HGTensorDotLocal(fx, y, op->ghosts_in_y, &mine[0]));
  PetscCall(HGTensorDotLocal(x, fy, op->ghosts_in_x, &mine[1]));
  PetscCall(HGTensorDotLocal(x, x, op->ghosts_in_x, &mine[2]));
  PetscCall(HGTensorDotLocal(y, y, op->ghosts_in_y, &mine[3]));
  PetscCall(HGTensorDotLocal(fx, fx, op->ghosts_in_y, &mine[4]));
  PetscCall(HGTensorDotLocal(fy, fy, op->ghosts_in_x, &mine[5]));
  PetscCallMPI(MPI_Allreduce(mine, all, 6, MPIU_REAL, MPIU_SUM, PetscObjectComm((PetscObject)op)));
  size   = PetscSqrtReal(PetscMax(all[4] * all[3], all[2] * all[5]));
  *error = size > 0 ? PetscAbsReal(all[0] - all[1]) / size : 0;
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscCall(HGTensorDestroy(&fx));
  PetscCall(HGTensorDestroy(&fy));
  PetscFunctionReturn(PETSC_SUCCESS);
}
