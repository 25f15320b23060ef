/* SPDX-License-Identifier: BSD-2-Clause */
/* allen_cahn: du/dt = epsilon^2 Laplace(u) + u - u^3 */
#include "equation/equation_impl.h"

/*MC
   HGPHYSICSALLENCAHN - "allen_cahn", du/dt = epsilon^2 Laplace(u) + u - u^3

   Options Database Key:
.  -physics_epsilon epsilon - width of an interface (default 0.05)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

HG_CLONES static void AllenCahnPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][HG_VARIABLES], double *const r[],
                                     double *const P[])
{
  (void)dim;
  for (PetscInt i = 0; r && i < n; i++)
    r[0][i] = c[0] * c[0] * v[0][HG_LAPLACIAN][i] + v[0][HG_VALUE][i] - v[0][HG_VALUE][i] * v[0][HG_VALUE][i] * v[0][HG_VALUE][i];
  for (PetscInt i = 0; P && i < n; i++) {
    P[0][i] = c[0] * c[0];
    P[1][i] = 1 - 3 * v[0][HG_VALUE][i] * v[0][HG_VALUE][i];
  }
}

static void AllenCahnByParameter(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][HG_VARIABLES], double *const r[])
{
  (void)dim, (void)q;
  for (PetscInt i = 0; i < n; i++) r[0][i] = 2 * c[0] * v[0][HG_LAPLACIAN][i];
}

static const HGEquationTerm AllenCahnTerms[] = {{0, 0, HG_LAPLACIAN}, {0, 0, HG_VALUE}};

const HGEquation HGEquationAllenCahn = {
    .name        = HGPHYSICSALLENCAHN,
    .title       = "Allen-Cahn equation: du/dt = epsilon^2 Laplace(u) + u - u^3",
    .input       = "phase at t",
    .output      = "phase at t + dt",
    .role        = HG_INPUT_INITIAL,
    .dims        = {1, 3},
    .unknowns    = 1,
    .alpha       = 3,
    .nparameters = 1,
    HG_SAME_TERMS(AllenCahnTerms),
    .parameter   = {{"epsilon", "width of an interface", 0.05, 0, PETSC_FALSE, 0}},
    .point       = AllenCahnPoint,
    .byparameter = AllenCahnByParameter,
};
