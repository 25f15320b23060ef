/* SPDX-License-Identifier: BSD-2-Clause */
/*
   How the solution u(a, q) of F(u; a, q) = 0 depends on the input field a and on parameters q: for a function J(u) the adjoint state lambda with
   (dF/du)' lambda = dJ/du gives dJ/da = -(dF/da)' lambda and dJ/dq = -<dF/dq, lambda> (e.g. Plessix, Geophys. J. Int. 167 (2006) 495).
*/
#include "physics/grid/grid_impl.h"

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

/* ---- of the equations of differences ---- */

static PetscErrorCode MultTransposed(Mat J, Vec x, Vec y)
{
  HGPhysics p;

  PetscFunctionBegin;
  PetscCall(MatShellGetContext(J, &p));
  PetscCall(HGGridAdjoint(p, ((HGGridEquation *)p->data)->at, x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The transposed matrix; where it is not quite J' (spectral derivatives, rows that theta does not scale) it preconditions J' without a matrix */
static PetscErrorCode SetUpAdjoint(HGPhysics p, HGGridEquation *e)
{
  MPI_Comm    comm   = PetscObjectComm((PetscObject)p);
  const char *prefix = ((PetscObject)p)->prefix ? ((PetscObject)p)->prefix : "";
  char        name[128];
  PetscInt    n;

  PetscFunctionBegin;
  PetscCall(MatTranspose(e->A, e->At ? MAT_REUSE_MATRIX : MAT_INITIAL_MATRIX, &e->At));
  if (e->adjoint_ksp) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetLocalSize(e->a, &n));
  PetscCall(MatCreateShell(comm, n, n, PETSC_DETERMINE, PETSC_DETERMINE, p, &e->Jt));
  PetscCall(MatShellSetOperation(e->Jt, MATOP_MULT, (void *)MultTransposed));
  PetscCall(MatSetUp(e->Jt));
  PetscCall(PetscSNPrintf(name, sizeof(name), "%sadjoint_", prefix));
  PetscCall(KSPCreate(comm, &e->adjoint_ksp));
  PetscCall(KSPSetOptionsPrefix(e->adjoint_ksp, name));
  PetscCall(HGGridSetLinearDefaults(p, e->adjoint_ksp, name));
  PetscCall(KSPSetTolerances(e->adjoint_ksp, 1e-10, 1e-50, PETSC_CURRENT, 2000));
  if (e->options) PetscCall(KSPSetFromOptions(e->adjoint_ksp));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGGridSolveAdjoint(HGPhysics p, Vec u, Vec r, Vec lambda)
{
  HGGridEquation    *e = (HGGridEquation *)p->data;
  KSPConvergedReason reason;

  PetscFunctionBegin;
  PetscCall(HGGridSetUpSolver(p));
  PetscCall(HGGridFillMatrix(p, u, HGEquationIsSteady(e->def) ? 0 : 1 / e->dt, HGEquationIsSteady(e->def) ? 1 : e->theta, e->A));
  PetscCall(SetUpAdjoint(p, e));
  PetscCall(KSPSetOperators(e->adjoint_ksp, e->spectral || e->def->algebraic[p->unknowns - 1] ? e->Jt : e->At, e->At));
  e->at = u;
  PetscCall(MatAssemblyBegin(e->Jt, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(e->Jt, MAT_FINAL_ASSEMBLY));
  PetscCall(KSPSolve(e->adjoint_ksp, r, lambda));
  PetscCall(KSPGetConvergedReason(e->adjoint_ksp, &reason));
  HGCheckOptions(reason > 0, p,
                 "the adjoint solver of the equation %s stopped: %s; change -adjoint_ksp_max_it, -adjoint_ksp_rtol or -adjoint_pc_type",
                 e->def->name, KSPConvergedReasons[reason]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* F = -R(u) - f, or M (u - a) / dt - theta R(u) - (1 - theta) R(a) */
PetscErrorCode HGGridInputAdjoint(HGPhysics p, Vec a, Vec u, Vec w, Vec g)
{
  HGGridEquation *e = (HGGridEquation *)p->data;

  PetscFunctionBegin;
  (void)u;
  if (HGEquationIsSteady(e->def)) {
    PetscCall(VecCopy(w, g));
    PetscCall(VecScale(g, -1));
  } else PetscCall(HGGridOldAdjoint(p, a, w, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}
