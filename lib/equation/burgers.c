/* SPDX-License-Identifier: BSD-2-Clause */
/* burgers: du_c/dt = -sum_a u_a du_c/dx_a + nu Laplace(u_c) */
#include "equation/equation_impl.h"

/*MC
   HGPHYSICSBURGERS - "burgers", du/dt + (u . grad) u = nu Laplace(u), as many unknowns as dimensions, 1 or 2

   Options Database Key:
.  -physics_nu nu - viscosity (default 0.05)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

HG_CLONES static void BurgersPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][HG_VARIABLES], double *const r[],
                                   double *const P[])
{
  for (int k = 0; k < dim; k++) {
    double *const *t = P ? P + k * (2 * dim + 1) : NULL; /* by u_a, by du_k/dx_a, by the Laplacian */

    for (PetscInt i = 0; r && i < n; i++) r[k][i] = c[0] * v[k][HG_LAPLACIAN][i];
    for (PetscInt i = 0; t && i < n; i++) t[2 * dim][i] = c[0];
    for (int a = 0; a < dim; a++) {
      const double *restrict u = v[a][HG_VALUE], *restrict d = v[k][HG_DX + a];

      for (PetscInt i = 0; r && i < n; i++) r[k][i] -= u[i] * d[i];
      for (PetscInt i = 0; t && i < n; i++) t[a][i] = -d[i];
      for (PetscInt i = 0; t && i < n; i++) t[dim + a][i] = -u[i];
    }
  }
}

static void BurgersByParameter(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][HG_VARIABLES], double *const r[])
{
  (void)c, (void)q;
  for (int k = 0; k < dim; k++)
    for (PetscInt i = 0; i < n; i++) r[k][i] = v[k][HG_LAPLACIAN][i];
}

static const HGEquationTerm Burgers1Terms[] = {{0, 0, HG_VALUE}, {0, 0, HG_DX}, {0, 0, HG_LAPLACIAN}};
static const HGEquationTerm Burgers2Terms[] = {{0, 0, HG_VALUE}, {0, 1, HG_VALUE}, {0, 0, HG_DX}, {0, 0, HG_DY}, {0, 0, HG_LAPLACIAN},
                                               {1, 0, HG_VALUE}, {1, 1, HG_VALUE}, {1, 1, HG_DX}, {1, 1, HG_DY}, {1, 1, HG_LAPLACIAN}};

const HGEquation HGEquationBurgers = {
    .name        = HGPHYSICSBURGERS,
    .title       = "Burgers' equation: du/dt + (u . grad) u = nu Laplace(u)",
    .input       = "velocity at t",
    .output      = "velocity at t + dt",
    .role        = HG_INPUT_INITIAL,
    .dims        = {1, 2},
    .vector      = PETSC_TRUE,
    .alpha       = 4,
    .nparameters = 1,
    .terms       = {Burgers1Terms, Burgers2Terms, NULL},
    .nterms      = {HG_COUNT(Burgers1Terms), HG_COUNT(Burgers2Terms), 0},
    .parameter   = {{"nu", "viscosity", 0.05, 0, PETSC_FALSE, 0}},
    .point       = BurgersPoint,
    .byparameter = BurgersByParameter,
};
