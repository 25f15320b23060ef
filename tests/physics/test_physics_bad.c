/* SPDX-License-Identifier: BSD-2-Clause */
/* Unknown equations, impossible grids and parameters, and a solver that does not converge are one clear message on all ranks. */
#include "../data/bad_input.h"
#include "physics/hgphysics.h"

static PetscErrorCode BadOption(const char name[], const char value[], const char words[])
{
  const PetscInt size[3] = {1, 16, 16};
  HGPhysics      p;

  PetscFunctionBegin;
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetGrid(p, 2, size));
  PetscCall(PetscOptionsSetValue(NULL, name, value));
  ExpectError(HGPhysicsSetFromOptions(p), words);
  PetscCall(PetscOptionsClearValue(NULL, name));
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
  PetscCall(BadOption("-darcy_field", "ternary", "-darcy_field ternary: give binary or lognormal"));
  PetscCall(BadOption("-darcy_sigma", "-1", "-darcy_sigma -1"));
  PetscCall(BadOption("-darcy_tau", "-3", "-darcy_tau -3"));
  PetscCall(BadOption("-darcy_alpha", "1", "-darcy_alpha 1|more than dim/2"));
  PetscCall(BadOption("-darcy_modes", "0", "-darcy_modes 0"));
  PetscCall(BadOption("-physics_type", "navier", "navier"));
  PetscCall(BadGrids());
  PetscCall(NoConvergence());
  PetscCall(HGFinalize());
  return 0;
}
