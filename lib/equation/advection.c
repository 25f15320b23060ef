/* SPDX-License-Identifier: BSD-2-Clause */
/* advection_diffusion: du/dt = -c . grad u + nu Laplace(u) */
#include "equation/equation_impl.h"

/*MC
   HGPHYSICSADVECTIONDIFFUSION - "advection_diffusion", du/dt + c . grad u = nu Laplace(u)

   Options Database Key:
.  -physics_nu nu - diffusivity (default 0.01); -physics_velocity_x, _y, _z - c (default 1, 0.5, 0)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

HG_CLONES static void AdvectionPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][HG_VARIABLES], double *const r[],
                                     double *const P[])
{
  for (PetscInt i = 0; r && i < n; i++) {
    double sum = c[0] * v[0][HG_LAPLACIAN][i];

    for (int a = 0; a < dim; a++) sum -= c[1 + a] * v[0][HG_DX + a][i];
    r[0][i] = sum;
  }
  for (PetscInt i = 0; P && i < n; i++) {
    P[0][i] = c[0];
    for (int a = 0; a < dim; a++) P[1 + a][i] = -c[1 + a];
  }
}

static void AdvectionByParameter(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][HG_VARIABLES], double *const r[])
{
  (void)c;
  for (PetscInt i = 0; i < n; i++) r[0][i] = !q ? v[0][HG_LAPLACIAN][i] : q <= dim ? -v[0][HG_DX + q - 1][i] : 0;
}

static const HGEquationTerm AdvectionTerms[] = {{0, 0, HG_LAPLACIAN}, {0, 0, HG_DX}, {0, 0, HG_DY}, {0, 0, HG_DZ}};

const HGEquation HGEquationAdvection = {
    .name        = HGPHYSICSADVECTIONDIFFUSION,
    .title       = "Advection-diffusion equation: du/dt + c . grad u = nu Laplace(u)",
    .input       = "concentration at t",
    .output      = "concentration at t + dt",
    .role        = HG_INPUT_INITIAL,
    .dims        = {1, 3},
    .unknowns    = 1,
    .alpha       = 3,
    .nparameters = 4,
    .terms       = {AdvectionTerms, AdvectionTerms, AdvectionTerms},
    .nterms      = {2, 3, 4},
    .parameter   = {{"nu", "diffusivity", 0.01, 0, PETSC_FALSE, 0},
                    {"velocity_x", "velocity in x", 1, PETSC_NINFINITY, PETSC_FALSE, 1},
                    {"velocity_y", "velocity in y", 0.5, PETSC_NINFINITY, PETSC_FALSE, 2},
                    {"velocity_z", "velocity in z", 0, PETSC_NINFINITY, PETSC_FALSE, 3}},
    .point       = AdvectionPoint,
    .byparameter = AdvectionByParameter,
};
