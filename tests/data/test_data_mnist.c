/* SPDX-License-Identifier: BSD-2-Clause */
/* The MNIST database's own test files are read: the first labels, and the mean and deviation of all pixels */
#include "idx_file.h"
#include <stdlib.h>

int main(int argc, char **argv)
{
  static const PetscInt first[] = {7, 2, 1, 0, 4, 1, 4, 9}, sample[] = {0, 1, 2, 3, 4, 5, 6, 7};
  const char           *top = getenv("HG_SRCDIR");
  const PetscReal      *mean, *dev;
  const HGTensorLocal  *l;
  char                  images[PETSC_MAX_PATH_LEN], labels[PETSC_MAX_PATH_LEN];
  PetscInt              n, classes, grid[3], at[HG_AXES];
  HGData                d;
  IdxBatch              b;

  (void)snprintf(images, sizeof(images), "%s/../shared/data/mnist/t10k-images-idx3-ubyte.gz", top ? top : ".");
  (void)snprintf(labels, sizeof(labels), "%s/../shared/data/mnist/t10k-labels-idx1-ubyte.gz", top ? top : ".");
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  if (access(images, R_OK) || access(labels, R_OK)) {
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "skip: there is no %s\n", images));
    PetscCall(HGFinalize());
    return 77;
  }
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFile(d, images));
  PetscCall(HGDataSetLabels(d, labels));
  PetscCall(HGDataSetNormalize(d, HG_NORMALIZE_GLOBAL));
  PetscCall(HGDataSetUp(d));
  PetscCall(HGDataGetSizes(d, NULL, &n, NULL, NULL, grid));
  PetscCall(HGDataGetClasses(d, &classes));
  PetscCheck(n == 10000 && classes == 10 && grid[1] == 28 && grid[2] == 28, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%d samples of %d classes",
             (int)n, (int)classes);
  PetscCall(IdxBatchCreate(d, 8, HG_F32, &b));
  PetscCall(HGDataLoad(d, b.space, HG_F32));
  PetscCall(HGDataGetNormalization(d, HG_DATA_INPUT, NULL, &mean, &dev));
  PetscCheck(PetscAbsReal(mean[0] - 0.1325) < 1e-4 && PetscAbsReal(dev[0] - 0.3105) < 1e-4, PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "mean %g, deviation %g", (double)mean[0], (double)dev[0]);
  PetscCall(HGDataGetBatch(d, 8, sample, b.x, b.y));
  PetscCall(HGTensorGetLocal(b.y, &l));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i++) {
    const double got = IdxElement(b.y, i, at);

    PetscCheck(got == (double)first[at[HG_N]], PETSC_COMM_SELF, PETSC_ERR_PLIB, "label %g of sample %d", got, (int)at[HG_N]);
  }
  PetscCall(IdxBatchDestroy(&b));
  PetscCall(HGDataDestroy(&d));
  PetscCall(HGFinalize());
  return 0;
}
