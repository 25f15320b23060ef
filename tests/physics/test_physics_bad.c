/* SPDX-License-Identifier: BSD-2-Clause */
/* Unknown equations, impossible grids and parameters, and a solver that does not converge are one clear message on all ranks. */
#include "../data/bad_input.h"
#include "physics/hgphysics.h"

static PetscErrorCode BadOption(const char name[], const char value[], const char words[])
{
  const PetscInt size[3] = {1, 16, 16};
  PetscOptions   own;
  HGPhysics      p;
  char           text[128];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(text, sizeof(text), "%s %s", name, value));
  PetscCall(PetscOptionsCreate(&own));
  PetscCall(PetscOptionsInsertString(own, text));
  PetscCall(PetscOptionsPush(own));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetGrid(p, 2, size));
  ExpectError(HGPhysicsSetFromOptions(p), words);
  PetscCall(HGPhysicsDestroy(&p));
  PetscCall(PetscOptionsPop());
  PetscCall(PetscOptionsDestroy(&own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BadSetUp(PetscInt dim, PetscInt n, const char options[], const char words[])
{
  const PetscInt size[3] = {dim > 2 ? n : 1, n, 16};
  PetscOptions   own;
  HGPhysics      p;

  PetscFunctionBegin;
  PetscCall(PetscOptionsCreate(&own));
  PetscCall(PetscOptionsInsertString(own, options));
  PetscCall(PetscOptionsPush(own));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetGrid(p, dim, size));
  PetscCall(HGPhysicsSetFromOptions(p));
  ExpectError(HGPhysicsSetUp(p), words);
  PetscCall(HGPhysicsDestroy(&p));
  PetscCall(PetscOptionsPop());
  PetscCall(PetscOptionsDestroy(&own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BadParameters(void)
{
  const PetscInt size[3] = {1, 16, 16};
  HGPhysics      p;
  PetscReal      value = 0;

  PetscFunctionBegin;
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetGrid(p, 2, size));
  PetscCall(HGPhysicsSetType(p, HGPHYSICSHEAT));
  ExpectError(HGPhysicsSetParameter(p, "mu", 1), "the equation heat has no parameter \"mu\"");
  ExpectError(HGPhysicsGetParameter(p, "mu", &value), "the equation heat has no parameter \"mu\"");
  ExpectError(HGPhysicsSetParameter(p, "nu", -1), "-physics_nu -1");
  PetscCall(HGPhysicsDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BadGrids(void)
{
  const PetscInt zero[3] = {1, 16, 0}, negative[3] = {1, -4, 16}, flat[3] = {2, 16, 16}, tiny[3] = {1, 1, 1};
  HGPhysics      p;
  PetscMPIInt    ranks;

  PetscFunctionBegin;
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  ExpectError(HGPhysicsSetType(p, "navier"), "no equation \"navier\"|darcy");
  PetscCall(HGPhysicsSetType(p, HGPHYSICSDARCY));
  ExpectError(HGPhysicsSetGrid(p, 2, zero), "0 points in x");
  ExpectError(HGPhysicsSetGrid(p, 2, negative), "-4 points in y");
  ExpectError(HGPhysicsSetGrid(p, 2, flat), "2 dimensions has 2 points in z");
  ExpectError(HGPhysicsSetGrid(p, 4, flat), "4 dimensions");
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  if (ranks > 1) {
    PetscCall(HGPhysicsSetGrid(p, 2, tiny));
    ExpectError(HGPhysicsSetUp(p), "cannot share a grid of 1 x 1 x 1|use fewer ranks");
  }
  PetscCall(HGPhysicsDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode NoConvergence(void)
{
  const PetscInt size[3] = {1, 33, 33};
  HGPhysics      p;
  DM             dm;
  Vec            a, u;

  PetscFunctionBegin;
  PetscCall(PetscOptionsSetValue(NULL, "-ksp_max_it", "2"));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetGrid(p, 2, size));
  PetscCall(HGPhysicsSetFromOptions(p));
  PetscCall(HGPhysicsSetUp(p));
  PetscCall(HGPhysicsGetDM(p, &dm));
  PetscCall(DMCreateGlobalVector(dm, &a));
  PetscCall(VecDuplicate(a, &u));
  PetscCall(HGPhysicsSampleInput(p, 1, 17, a));
  ExpectError(HGPhysicsSolve(p, a, u), "sample 17|2 iterations|DIVERGED_ITS|residual|-ksp_max_it");
  PetscCall(PetscOptionsClearValue(NULL, "-ksp_max_it"));
  PetscCall(VecDestroy(&a));
  PetscCall(VecDestroy(&u));
  PetscCall(HGPhysicsDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(BadOption("-darcy_field", "ternary", "-darcy_field ternary: give one of: binary, lognormal"));
  PetscCall(BadOption("-darcy_sigma", "-1", "-darcy_sigma -1"));
  PetscCall(BadOption("-darcy_tau", "-3", "-darcy_tau -3"));
  PetscCall(BadOption("-darcy_alpha", "1", "-darcy_alpha 1|more than dim/2"));
  PetscCall(BadOption("-darcy_modes", "0", "-darcy_modes 0"));
  PetscCall(BadOption("-physics_type", "navier", "navier"));
  PetscCall(BadOption("-physics_bc", "firm", "-physics_bc firm: give one of: scheme, hard, soft"));
  PetscCall(BadOption("-physics_bc_x", "cauchy", "-physics_bc_x|cauchy|dirichlet:value"));
  PetscCall(BadOption("-physics_bc_x", "robin:1", "1 numbers|robin:alpha:beta:value"));
  PetscCall(BadOption("-physics_bc_y", "dirichlet:warm", "expected a number"));
  PetscCall(BadOption("-physics_bc_y", "robin:-1:1:0", "must not be negative"));
  PetscCall(BadOption("-physics_bc_y", "periodic:1", "1 numbers"));
  PetscCall(BadOption("-physics_order", "3", "-physics_order 3: give one of: 2, 4"));
  PetscCall(BadOption("-physics_length", "0", "-physics_length 0: give 1 to 3 numbers|each a positive number"));
  PetscCall(BadOption("-physics_stretch", "-1", "-physics_stretch -1: give 1 to 3 numbers|from 0 to 10"));
  PetscCall(BadOption("-physics_type heat -physics_nu", "-1", "-physics_nu -1|(diffusivity)"));
  PetscCall(BadOption("-physics_type heat -physics_dt", "0", "-physics_dt 0"));
  PetscCall(BadOption("-physics_type heat -physics_theta", "0", "-physics_theta 0"));
  PetscCall(BadOption("-physics_type wave -physics_c", "0", "-physics_c 0|(speed)"));
  PetscCall(BadOption("-physics_type heat -physics_derivative", "exact", "-physics_derivative exact: give one of: fd, spectral"));
  PetscCall(BadSetUp(2, 16, "-physics_bc_x periodic,neumann", "-physics_bc_x periodic,neumann: a periodic axis has no sides"));
  PetscCall(BadSetUp(2, 16, "-physics_type heat -physics_bc_x periodic -physics_stretch 1", "x, which is periodic"));
  PetscCall(BadSetUp(2, 16, "-physics_type heat -physics_bc_x periodic -physics_derivative spectral", "y is not periodic"));
  PetscCall(BadSetUp(3, 16, "-physics_type navier_stokes", "navier_stokes has 2 to 2 dimensions; the grid has 3"));
  PetscCall(BadSetUp(2, 3, "-physics_type heat -physics_order 4", "3 points in y; differences of order 4 need 4"));
  PetscCall(BadSetUp(2, 16, "-physics_type poisson -physics_bc_x neumann -physics_bc_y periodic", "up to a constant|-physics_kappa"));
  PetscCall(BadSetUp(2, 16, "-physics_type darcy -physics_bc_x neumann -physics_bc_y periodic", "up to a constant"));
  PetscCall(BadSetUp(2, 16, "-physics_type darcy -physics_order 4", "of order 2"));
  PetscCall(BadSetUp(2, 16, "-physics_type darcy -physics_stretch 1", "uniform"));
  PetscCall(BadParameters());
  PetscCall(BadGrids());
  PetscCall(NoConvergence());
  PetscCall(HGFinalize());
  return 0;
}
