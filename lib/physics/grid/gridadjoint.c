/* SPDX-License-Identifier: BSD-2-Clause */
/* The adjoint equation of the equations of differences, and the derivatives of their residuals by inputs and parameters */
#include "physics/grid/grid_impl.h"

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
