/* SPDX-License-Identifier: BSD-2-Clause */
/* navier_stokes: dw/dt = -(ds/dy dw/dx - ds/dx dw/dy) + nu Laplace(w), 0 = Laplace(s) - kappa s + w */
#include "equation/equation_impl.h"

/*MC
   HGPHYSICSNAVIERSTOKES - "navier_stokes", dw/dt + ds/dy dw/dx - ds/dx dw/dy = nu Laplace(w), -Laplace(s) + kappa s = w in two dimensions; unknowns w and s

   Options Database Key:
.  -physics_nu nu - viscosity (default 1e-3); -physics_kappa kappa - screening (default 0, 1e-3 / length^2 where no side holds s)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

HG_CLONES static void NavierStokesPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][HG_VARIABLES], double *const r[],
                                        double *const P[])
{
  (void)dim;
  for (PetscInt i = 0; r && i < n; i++) {
    r[0][i] = c[0] * v[0][HG_LAPLACIAN][i] - v[1][HG_DY][i] * v[0][HG_DX][i] + v[1][HG_DX][i] * v[0][HG_DY][i];
    r[1][i] = v[1][HG_LAPLACIAN][i] - c[1] * v[1][HG_VALUE][i] + v[0][HG_VALUE][i];
  }
  for (PetscInt i = 0; P && i < n; i++) {
    P[0][i] = c[0];
    P[1][i] = -v[1][HG_DY][i];
    P[2][i] = v[1][HG_DX][i];
    P[3][i] = v[0][HG_DY][i];
    P[4][i] = -v[0][HG_DX][i];
    P[5][i] = 1;
    P[6][i] = -c[1];
    P[7][i] = 1;
  }
}

static void NavierStokesByParameter(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][HG_VARIABLES], double *const r[])
{
  (void)c, (void)dim;
  for (PetscInt i = 0; i < n; i++) {
    r[0][i] = q ? 0 : v[0][HG_LAPLACIAN][i];
    r[1][i] = q ? -v[1][HG_VALUE][i] : 0;
  }
}

static const HGEquationTerm NavierStokesTerms[] = {{0, 0, HG_LAPLACIAN}, {0, 0, HG_DX},        {0, 0, HG_DY},    {0, 1, HG_DX},
                                                   {0, 1, HG_DY},        {1, 1, HG_LAPLACIAN}, {1, 1, HG_VALUE}, {1, 0, HG_VALUE}};

const HGEquation HGEquationNavierStokes = {
    .name        = HGPHYSICSNAVIERSTOKES,
    .title       = "Incompressible Navier-Stokes equations in vorticity w and stream function s: dw/dt + ds/dy dw/dx - ds/dx dw/dy = nu "
                   "Laplace(w), -Laplace(s) + kappa s = w",
    .input       = "vorticity and stream function at t",
    .output      = "vorticity and stream function at t + dt",
    .role        = HG_INPUT_INITIAL,
    .dims        = {2, 2},
    .unknowns    = 2,
    .algebraic   = {PETSC_FALSE, PETSC_TRUE},
    .homogeneous = {PETSC_TRUE, PETSC_TRUE},
    .alpha       = 6,
    .elliptic    = 2,
    .screening   = 1e-3,
    .sigma       = 0.05,
    .nparameters = 2,
    HG_SAME_TERMS(NavierStokesTerms),
    .parameter   = {{"nu", "viscosity", 1e-3, 0, PETSC_FALSE, 0}, {"kappa", "screening of the stream function", 0, 0, PETSC_FALSE, 0}},
    .point       = NavierStokesPoint,
    .byparameter = NavierStokesByParameter,
};
