/* SPDX-License-Identifier: BSD-2-Clause */
/*
   How the solution u(a, q) of F(u; a, q) = 0 depends on the input field a and on parameters q: for a function J(u) the adjoint state lambda with
   (dF/du)' lambda = dJ/du gives dJ/da = -(dF/da)' lambda and dJ/dq = -<dF/dq, lambda> (e.g. Plessix, Geophys. J. Int. 167 (2006) 495).
*/
#include "physics/physics_impl.h"

/*@
   HGPhysicsInputAdjoint - The transposed derivative of the residual by the input field, times a vector: (dF/da)' w

   Collective

   Input Parameters:
+  p - the equation, set up, the input of the sample set
.  a - that input
.  u - where
-  w - the vector

   Output Parameter:
.  g - the product, of the input's layout

   Level: intermediate

   Errors:
   A user's equation.

.seealso: `HGPhysicsSolveAdjoint()`, `HGPhysicsParameterAdjoint()`, `HGPhysicsResidualAdjoint()`
@*/
PetscErrorCode HGPhysicsInputAdjoint(HGPhysics p, Vec a, Vec u, Vec w, Vec g)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  HGCheck(p->ops->inputadjoint, PetscObjectComm((PetscObject)p), "the equation %s has no derivative by its input; the built-in ones have",
          ((PetscObject)p)->type_name);
  PetscCall((*p->ops->inputadjoint)(p, a, u, w, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSolveAdjoint - Solve the transposed linearised equation: (dF/du)' lambda = r

   Collective

   Input Parameters:
+  p - the equation, set up; the last `HGPhysicsSolve()` was of the same input
.  u - the solution
-  r - the right-hand side

   Output Parameter:
.  lambda - the adjoint state

   Options Database Keys:
.  -adjoint_ksp_type, -adjoint_pc_type, ... - the solver of equations other than darcy, whose own KSP serves

   Level: intermediate

   Note:
   The relative tolerance is 1e-10 unless options say otherwise. Afterwards the input is to be set again for residuals.

   Errors:
   A user's equation, a solver that does not converge.

.seealso: `HGPhysicsInputAdjoint()`, `HGPhysicsSolve()`
@*/
PetscErrorCode HGPhysicsSolveAdjoint(HGPhysics p, Vec u, Vec r, Vec lambda)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  HGCheck(p->ops->solveadjoint, PetscObjectComm((PetscObject)p), "the equation %s has no adjoint solver; the built-in ones have",
          ((PetscObject)p)->type_name);
  *p->failure = 0;
  PetscCall((*p->ops->solveadjoint)(p, u, r, lambda));
  HGCheckOptions(!*p->failure, p, "%s", p->failure);
  PetscFunctionReturn(PETSC_SUCCESS);
}
