/* SPDX-License-Identifier: BSD-2-Clause */
/* wave: du/dt = v, dv/dt = c^2 Laplace(u) */
#include "equation/equation_impl.h"

/*MC
   HGPHYSICSWAVE - "wave", du/dt = v, dv/dt = c^2 Laplace(u), unknowns u and v

   Options Database Key:
.  -physics_c c - speed (default 1)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

HG_CLONES static void WavePoint(const PetscReal c[], int dim, PetscInt n, double *const v[][HG_VARIABLES], double *const r[],
                                double *const P[])
{
  (void)dim;
  for (PetscInt i = 0; r && i < n; i++) {
    r[0][i] = v[1][HG_VALUE][i];
    r[1][i] = c[0] * c[0] * v[0][HG_LAPLACIAN][i];
  }
  for (PetscInt i = 0; P && i < n; i++) {
    P[0][i] = 1;
    P[1][i] = c[0] * c[0];
  }
}

static void WaveByParameter(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][HG_VARIABLES], double *const r[])
{
  (void)dim, (void)q;
  for (PetscInt i = 0; i < n; i++) {
    r[0][i] = 0;
    r[1][i] = 2 * c[0] * v[0][HG_LAPLACIAN][i];
  }
}

static const HGEquationTerm WaveTerms[] = {{0, 1, HG_VALUE}, {1, 0, HG_LAPLACIAN}};

const HGEquation HGEquationWave = {
    .name        = HGPHYSICSWAVE,
    .title       = "Wave equation as a system for u and v = du/dt: du/dt = v, dv/dt = c^2 Laplace(u)",
    .input       = "displacement and velocity at t",
    .output      = "displacement and velocity at t + dt",
    .role        = HG_INPUT_INITIAL,
    .dims        = {1, 3},
    .unknowns    = 2,
    .homogeneous = {PETSC_FALSE, PETSC_TRUE},
    .alpha       = 4,
    .nparameters = 1,
    HG_SAME_TERMS(WaveTerms),
    .parameter   = {{"c", "speed", 1, 0, PETSC_TRUE, 0}},
    .point       = WavePoint,
    .byparameter = WaveByParameter,
};
