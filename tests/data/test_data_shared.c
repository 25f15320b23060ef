/* SPDX-License-Identifier: BSD-2-Clause */
/* The NeuralOperator project's Darcy data are read in parallel: classes 0 and 1, a pressure that is normalised already. */
#include "data/hgdata.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
  const char      *top           = getenv("HG_SRCDIR");
  const PetscInt   size[HG_AXES] = {1, 1, 1, 16, 16};
  const PetscReal *mean, *dev;
  PetscInt         dim, samples, cin, cout, grid[3];
  char             path[PETSC_MAX_PATH_LEN];
  HGData           d;
  HGPartition      p;

  (void)snprintf(path, sizeof(path), "%s/../shared/data/darcy_train_16.nc", top ? top : ".");
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  if (access(path, R_OK)) {
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "skip: there is no %s\n", path));
    PetscCall(HGFinalize());
    return 77;
  }
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFile(d, path));
  PetscCall(HGDataSetVariables(d, "a", "u"));
  PetscCall(HGDataSetNormalize(d, HG_NORMALIZE_GLOBAL));
  PetscCall(HGDataSetUp(d));
  PetscCall(HGDataGetSizes(d, &dim, &samples, &cin, &cout, grid));
  PetscCheck(dim == 2 && samples == 1000 && cin == 1 && cout == 1 && grid[0] == 1 && grid[1] == 16 && grid[2] == 16, PETSC_COMM_WORLD,
             PETSC_ERR_PLIB, "wrong sizes");
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPartitionSetSizes(p, 2, size));
  PetscCall(HGPartitionSetUp(p));
  PetscCall(HGDataLoad(d, p, HG_F32));
  PetscCall(HGDataGetNormalization(d, HG_DATA_INPUT, NULL, &mean, &dev));
  /* of zeros and ones, to the 40 bits that both constants have */
  PetscCheck(PetscAbsReal(dev[0] - PetscSqrtReal(mean[0] * (1 - mean[0]))) < 0x1p-39, PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "mean %g, deviation %g", (double)mean[0], (double)dev[0]);
  PetscCall(HGDataGetNormalization(d, HG_DATA_TARGET, NULL, &mean, &dev));
  PetscCheck(mean[0] > 0.1 && mean[0] < 2 && dev[0] > 0.1 && dev[0] < 2, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "mean %g, deviation %g",
             (double)mean[0], (double)dev[0]);
  PetscCall(HGPartitionDestroy(&p));
  PetscCall(HGDataDestroy(&d));
  PetscCall(HGFinalize());
  return 0;
}
