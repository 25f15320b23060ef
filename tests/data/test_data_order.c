/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of an epoch is a permutation, the same on all ranks, another for another seed or epoch, and uniform. */
#include "sample_file.h"

static const char path[] = "test_data_order.nc";

static PetscErrorCode CheckPermutation(HGData d, PetscInt n, uint64_t seed, PetscInt epoch, PetscInt perm[])
{
  PetscInt *all, seen[64] = {0};

  PetscFunctionBegin;
  PetscCall(HGDataGetOrder(d, seed, epoch, perm));
  for (PetscInt i = 0; i < n; i++) {
    PetscCheck(perm[i] >= 0 && perm[i] < n && !seen[perm[i]]++, PETSC_COMM_SELF, PETSC_ERR_PLIB, "no permutation");
  }
  PetscCall(PetscMalloc1(n, &all));
  PetscCall(PetscArraycpy(all, perm, n));
  PetscCallMPI(MPI_Bcast(all, (PetscMPIInt)n, MPIU_INT, 0, PETSC_COMM_WORLD));
  for (PetscInt i = 0; i < n; i++) PetscCheck(all[i] == perm[i], PETSC_COMM_SELF, PETSC_ERR_PLIB, "ranks differ");
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How often each sample comes first: chi^2 with n - 1 degrees of freedom stays below n + 5 sqrt(2 n) */
static PetscErrorCode CheckUniform(HGData d, PetscInt n)
{
  PetscInt perm[64], count[64] = {0};
  double   chi2 = 0, expected = 200;

  PetscFunctionBegin;
  for (PetscInt e = 0; e < (PetscInt)expected * n; e++) {
    PetscCall(HGDataGetOrder(d, 17, e, perm));
    count[perm[0]]++;
  }
  for (PetscInt i = 0; i < n; i++) chi2 += ((double)count[i] - expected) * ((double)count[i] - expected) / expected;
  PetscCheck(chi2 < (double)n + 5 * PetscSqrtReal(2. * (double)n), PETSC_COMM_SELF, PETSC_ERR_PLIB, "chi^2 is %g for %d", chi2, (int)n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const SampleFile s = {path, 0, NC_FLOAT, 2, {"sample", "x"}, {50, 5}, 0, 0};
  PetscInt         p0[64], p1[64], n, same = 0;
  PetscBool        equal;
  HGData           d;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(SampleFileWrite(PETSC_COMM_WORLD, &s));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFile(d, path));
  PetscCall(HGDataSetVariables(d, "a", "none"));
  PetscCall(HGDataSetRange(d, 3, 50));
  PetscCall(HGDataSetUp(d));
  PetscCall(HGDataGetSizes(d, NULL, &n, NULL, NULL, NULL));
  PetscCall(CheckPermutation(d, n, 1, 0, p0));
  PetscCall(CheckPermutation(d, n, 1, 0, p1));
  PetscCall(PetscArraycmp(p0, p1, n, &equal));
  PetscCheck(equal, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "the order is not a function of seed and epoch");
  PetscCall(CheckPermutation(d, n, 1, 1, p1));
  for (PetscInt i = 0; i < n; i++) same += p0[i] == p1[i];
  PetscCheck(same < n / 3, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "two epochs are alike");
  PetscCall(CheckPermutation(d, n, 2, 0, p1));
  PetscCall(PetscArraycmp(p0, p1, n, &equal));
  PetscCheck(!equal, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "two seeds are alike");
  PetscCall(CheckUniform(d, n));
  PetscCall(HGDataSetShuffle(d, PETSC_FALSE));
  PetscCall(CheckPermutation(d, n, 1, 0, p0));
  for (PetscInt i = 0; i < n; i++) PetscCheck(p0[i] == i, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "not the order of the file");
  PetscCall(HGDataDestroy(&d));
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, path));
  PetscCall(HGFinalize());
  return 0;
}
