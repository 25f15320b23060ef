/* SPDX-License-Identifier: BSD-2-Clause */
/* poisson: 0 = Laplace(u) - kappa u + f */
#include "equation/equation_impl.h"

/*MC
   HGPHYSICSPOISSON - "poisson", -Laplace(u) + kappa u = f, f the input

   Options Database Key:
.  -physics_kappa kappa - reaction coefficient (default 0)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

HG_CLONES static void PoissonPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][HG_VARIABLES], double *const r[],
                                   double *const P[])
{
  (void)dim;
  for (PetscInt i = 0; r && i < n; i++) r[0][i] = v[0][HG_LAPLACIAN][i] - c[0] * v[0][HG_VALUE][i];
  for (PetscInt i = 0; P && i < n; i++) {
    P[0][i] = 1;
    P[1][i] = -c[0];
  }
}

static void PoissonByParameter(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][HG_VARIABLES], double *const r[])
{
  (void)c, (void)dim, (void)q;
  for (PetscInt i = 0; i < n; i++) r[0][i] = -v[0][HG_VALUE][i];
}

static const HGEquationTerm PoissonTerms[] = {{0, 0, HG_LAPLACIAN}, {0, 0, HG_VALUE}};

const HGEquation HGEquationPoisson = {
    .name        = HGPHYSICSPOISSON,
    .title       = "Poisson's equation: -Laplace(u) + kappa u = f",
    .input       = "source",
    .output      = "solution",
    .role        = HG_INPUT_SOURCE,
    .dims        = {1, 3},
    .unknowns    = 1,
    .alpha       = 2,
    .elliptic    = 1,
    .nparameters = 1,
    HG_SAME_TERMS(PoissonTerms),
    .parameter   = {{"kappa", "reaction coefficient", 0, 0, PETSC_FALSE, 0}},
    .point       = PoissonPoint,
    .byparameter = PoissonByParameter,
};
