/* SPDX-License-Identifier: BSD-2-Clause */
/* After the first step, training allocates nothing through PETSc and makes no MPI request */
#include "steps.h"
#include "../counted.h"

static PetscErrorCode Monitor(Tao tao, void *ctx)
{
  Counts  *c = (Counts *)ctx;
  PetscInt its;

  PetscFunctionBegin;
  PetscCall(TaoGetIterationNumber(tao, &its));
  if (its == 1) *c = counted;
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const PetscInt size[HG_AXES] = {2, 1, 1, 24, 20};
  Problem        s             = {NULL};
  Counts         c             = {0, 0, 0};
  PetscMPIInt    ranks;

  PetscCall(CountAllocations());
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  PetscCall(CreateProblem(PETSC_COMM_WORLD, 2, size, 1, HG_F32, &s));
  PetscCall(TaoMonitorSet(s.tao, Monitor, &c, NULL));
  PetscCall(TaoSetMaximumIterations(s.tao, 6));
  PetscCall(TaoSolve(s.tao));
  PetscCheck(c.allocations > 0, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "no allocation was counted at all");
  PetscCheck(ranks == 1 || c.requests > 0, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "no request was counted at all");
  PetscCheck(counted.allocations == c.allocations, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "5 steps allocated %ld times",
             counted.allocations - c.allocations);
  PetscCheck(counted.requests == c.requests, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "5 steps made %ld MPI requests",
             counted.requests - c.requests);
  PetscCall(DestroyProblem(&s));
  PetscCall(HGFinalize());
  return 0;
}
