/* SPDX-License-Identifier: BSD-2-Clause */
/* heat: du/dt = nu Laplace(u) */
#include "equation/equation_impl.h"

/*MC
   HGPHYSICSHEAT - "heat", du/dt = nu Laplace(u)

   Options Database Key:
.  -physics_nu nu - diffusivity (default 0.1)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

HG_CLONES static void HeatPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][HG_VARIABLES], double *const r[],
                                double *const P[])
{
  (void)dim;
  for (PetscInt i = 0; r && i < n; i++) r[0][i] = c[0] * v[0][HG_LAPLACIAN][i];
  for (PetscInt i = 0; P && i < n; i++) P[0][i] = c[0];
}

static void HeatByParameter(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][HG_VARIABLES], double *const r[])
{
  (void)c, (void)dim, (void)q;
  for (PetscInt i = 0; i < n; i++) r[0][i] = v[0][HG_LAPLACIAN][i];
}

static const HGEquationTerm HeatTerms[] = {{0, 0, HG_LAPLACIAN}};

const HGEquation HGEquationHeat = {
    .name        = HGPHYSICSHEAT,
    .title       = "Heat equation: du/dt = nu Laplace(u)",
    .input       = "temperature at t",
    .output      = "temperature at t + dt",
    .role        = HG_INPUT_INITIAL,
    .dims        = {1, 3},
    .unknowns    = 1,
    .alpha       = 3,
    .nparameters = 1,
    HG_SAME_TERMS(HeatTerms),
    .parameter   = {{"nu", "diffusivity", 0.1, 0, PETSC_FALSE, 0}},
    .point       = HeatPoint,
    .byparameter = HeatByParameter,
};
