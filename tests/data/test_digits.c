/* SPDX-License-Identifier: BSD-2-Clause */
/* Drawn digits are the same on any number of ranks, differ from each other, and can be told apart */
#include "idx_file.h"

#define SIDE 28

/* Each rank's part is that of the whole image */
static PetscErrorCode CheckParts(PetscInt seed)
{
  const PetscInt       whole[2] = {SIDE, SIDE}, origin[2] = {0, 0}, sample[4] = {7, 0, 19, 3};
  const HGTensorLocal *l;
  double               image[SIDE * SIDE];
  PetscInt             at[HG_AXES], classes, n;
  HGData               d;
  IdxBatch             b;

  PetscFunctionBegin;
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetDigits(d, 20, seed));
  PetscCall(HGDataSetUp(d));
  PetscCall(HGDataGetClasses(d, &classes));
  PetscCall(HGDataGetSizes(d, NULL, &n, NULL, NULL, NULL));
  PetscCheck(classes == 10 && n == 20, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%d samples of %d classes", (int)n, (int)classes);
  PetscCall(IdxBatchCreate(d, 4, HG_F64, &b));
  PetscCall(HGDataLoad(d, b.space, HG_F64));
  PetscCall(HGDataGetBatch(d, 4, sample, b.x, b.y));
  PetscCall(HGTensorGetLocal(b.x, &l));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i++) {
    const double got = IdxElement(b.x, i, at);

    PetscCall(HGDigitDraw((uint64_t)seed, sample[at[HG_N]], whole, origin, whole, image));
    PetscCheck(got == image[at[HG_Y] * SIDE + at[HG_X]], PETSC_COMM_SELF, PETSC_ERR_PLIB, "sample %d y %d x %d differs", (int)at[HG_N],
               (int)at[HG_Y], (int)at[HG_X]);
  }
  PetscCall(HGTensorGetLocal(b.y, &l));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i++) {
    const double got = IdxElement(b.y, i, at);

    PetscCheck(got == (double)HGDigitClass((uint64_t)seed, sample[at[HG_N]]), PETSC_COMM_SELF, PETSC_ERR_PLIB, "label %g", got);
  }
  PetscCall(IdxBatchDestroy(&b));
  PetscCall(HGDataDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of the mean images of 1000 samples the nearest is that of the right class for most of 200 others; by chance it were a tenth */
static PetscErrorCode CheckClasses(void)
{
  const PetscInt whole[2] = {SIDE, SIDE}, origin[2] = {0, 0};
  static double  mean[10][SIDE * SIDE];
  double         v[SIDE * SIDE], ink = 0;
  PetscInt       count[10] = {0}, right = 0;

  PetscFunctionBegin;
  for (PetscInt s = 0; s < 1000; s++) {
    const PetscInt k = HGDigitClass(1, s);

    PetscCall(HGDigitDraw(1, s, whole, origin, whole, v));
    for (int i = 0; i < SIDE * SIDE; i++) mean[k][i] += v[i];
    for (int i = 0; i < SIDE * SIDE; i++) ink += v[i] / (1000. * SIDE * SIDE);
    count[k]++;
  }
  for (int k = 0; k < 10; k++)
    PetscCheck(count[k] > 60 && count[k] < 140, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%d of 1000 digits are %d", (int)count[k], k);
  PetscCheck(ink > 0.05 && ink < 0.3, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "a digit covers %g of the image", ink);
  for (PetscInt s = 1000; s < 1200; s++) {
    double   least = PETSC_MAX_REAL;
    PetscInt best  = -1;

    PetscCall(HGDigitDraw(1, s, whole, origin, whole, v));
    for (int k = 0; k < 10; k++) {
      double d = 0;

      for (int i = 0; i < SIDE * SIDE; i++) d += PetscSqr(v[i] - mean[k][i] / (double)count[k]);
      if (d < least) best = k;
      if (d < least) least = d;
    }
    right += best == HGDigitClass(1, s);
  }
  PetscCheck(right > 120, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "only %d of 200 digits are nearest to the mean of their class", (int)right);
  PetscCall(PetscInfo(NULL, "%d of 200 digits are nearest to the mean of their class\n", (int)right));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const PetscInt whole[2] = {SIDE, SIDE}, origin[2] = {0, 0};
  double         a[SIDE * SIDE], b[SIDE * SIDE];
  PetscMPIInt    rank;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  for (PetscInt seed = 1; seed < 3; seed++) PetscCall(CheckParts(seed));
  PetscCall(HGDigitDraw(1, 5, whole, origin, whole, a));
  PetscCall(HGDigitDraw(2, 5, whole, origin, whole, b));
  PetscCheck(memcmp(a, b, sizeof(a)), PETSC_COMM_WORLD, PETSC_ERR_PLIB, "two seeds draw the same");
  if (!rank) PetscCall(CheckClasses());
  PetscCall(HGFinalize());
  return 0;
}
