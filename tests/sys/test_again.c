/* SPDX-License-Identifier: BSD-2-Clause */
/* A program that starts and ends PETSc several times has the library's types each time */
#include "halograd.h"

int main(int argc, char **argv)
{
  if (MPI_Init(&argc, &argv)) return 1;
  for (int i = 0; i < 3; i++) {
    Tao tao;
    PC  pc;

    PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
    PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
    PetscCall(TaoCreate(PETSC_COMM_WORLD, &tao));
    PetscCall(TaoSetType(tao, HGTAOADAM));
    PetscCall(TaoDestroy(&tao));
    PetscCall(PCCreate(PETSC_COMM_WORLD, &pc));
    PetscCall(PCSetType(pc, PCHALOGRAD));
    PetscCall(PCDestroy(&pc));
    if (i == 1) PetscCall(HGFinalize()); /* or not */
    PetscCall(PetscFinalize());
  }
  return MPI_Finalize() ? 1 : 0;
}
