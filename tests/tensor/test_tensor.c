/* SPDX-License-Identifier: BSD-2-Clause */
/* Partitions cover the grid once, copies cover it as often as they say, DMDA vectors have the order of a tensor's points. */
#include <halograd.h>

static PetscErrorCode Make(PetscInt dim, const PetscInt size[], const PetscInt parts[], PetscInt copies, HGPartition *p)
{
  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, p));
  PetscCall(HGPartitionSetSizes(*p, dim, size));
  if (parts) PetscCall(HGPartitionSetParts(*p, parts));
  if (copies >= 0) PetscCall(HGPartitionSetReplicated(*p, copies, PETSC_TRUE));
  PetscCall(HGPartitionSetUp(*p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every point is in as many boxes as it should */
static PetscErrorCode CheckCover(HGPartition p, PetscInt times)
{
  PetscInt    size[HG_AXES], g[HG_AXES], all = 1;
  PetscMPIInt ranks;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  for (int a = 0; a < HG_AXES; a++) all *= size[a];
  for (PetscInt k = 0; k < all; k++) {
    PetscInt i = k, found = 0;

    for (int a = HG_AXES - 1; a >= 0; i /= size[a--]) g[a] = i % size[a];
    for (PetscMPIInt r = 0; r < ranks; r++) {
      HGBox     b;
      PetscBool in = PETSC_TRUE;

      PetscCall(HGPartitionGetBox(p, r, &b));
      for (int a = 0; a < HG_AXES; a++)
        if (g[a] < b.start[a] || g[a] >= b.start[a] + b.size[a]) in = PETSC_FALSE;
      found += in;
    }
    PetscCheck(found == times, PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "point %" PetscInt_FMT " has %" PetscInt_FMT " owners, expected %" PetscInt_FMT, k, found, times);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A tensor's sample as a global vector of its DMDA, in natural order, is the field itself; and back */
static PetscErrorCode CheckVec(HGPartition p, HGDType dtype)
{
  const PetscInt     halo[3][2] = {{0, 0}, {1, 2}, {2, 0}};
  HGTensor           t, u;
  DM                 da;
  Vec                v, natural;
  PetscReal          dot, self;
  PetscInt           first, last, size[HG_AXES];
  const PetscScalar *a;

  PetscFunctionBegin;
  PetscCall(HGTensorCreate(p, dtype, &t));
  PetscCall(HGTensorSetHalo(t, halo));
  PetscCall(HGTensorSetUp(t));
  PetscCall(HGTensorDuplicate(t, &u));
  PetscCall(HGTensorSetRandom(t, 3, "field", PETSC_TRUE));
  PetscCall(HGPartitionGetDM(p, &da));
  PetscCall(DMCreateGlobalVector(da, &v));
  PetscCall(HGTensorToVec(t, 0, v));
  PetscCall(HGTensorFromVec(u, 0, v));
  PetscCall(HGTensorDot(t, t, PETSC_FALSE, &self));
  PetscCall(HGTensorDot(t, u, PETSC_FALSE, &dot));
  PetscCheck(dot == self && self > 0, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "a tensor changed on its way through a Vec: %g, %g", (double)self,
             (double)dot);
  PetscCall(DMDACreateNaturalVector(da, &natural));
  PetscCall(DMDAGlobalToNaturalBegin(da, v, INSERT_VALUES, natural));
  PetscCall(DMDAGlobalToNaturalEnd(da, v, INSERT_VALUES, natural));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  PetscCall(VecGetOwnershipRange(natural, &first, &last));
  PetscCall(VecGetArrayRead(natural, &a));
  for (PetscInt i = first; i < last; i++) {
    double want = 2 * HGRandomUniform(3, HGRandomStream("field"), (uint64_t)i) - 1;

    if (dtype == HG_F32) want = (double)(float)want;
    PetscCheck(PetscRealPart(a[i - first]) == want, PETSC_COMM_SELF, PETSC_ERR_PLIB, "point %" PetscInt_FMT ": %g, expected %g", i,
               (double)PetscRealPart(a[i - first]), want);
  }
  PetscCall(VecRestoreArrayRead(natural, &a));
  PetscCall(VecDestroy(&natural));
  PetscCall(VecDestroy(&v));
  PetscCall(HGTensorDestroy(&t));
  PetscCall(HGTensorDestroy(&u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const PetscInt plane[] = {1, 1, 1, 9, 7}, volume[] = {3, 4, 5, 6, 7};
  PetscMPIInt    ranks;
  HGPartition    p;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  PetscCall(Make(2, plane, NULL, -1, &p));
  PetscCall(CheckCover(p, 1));
  for (HGDType dtype = HG_F32; dtype <= HG_F64; dtype++) PetscCall(CheckVec(p, dtype));
  PetscCall(HGPartitionDestroy(&p));
  PetscCall(Make(3, volume, NULL, -1, &p));
  PetscCall(CheckCover(p, 1));
  PetscCall(HGPartitionDestroy(&p));
  for (PetscInt a = 0; a < HG_AXES; a++) {
    PetscInt parts[HG_AXES] = {1, 1, 1, 1, 1};

    parts[a] = ranks;
    PetscCall(Make(3, volume, parts, a, &p));
    PetscCall(CheckCover(p, ranks));
    PetscCall(HGPartitionDestroy(&p));
    if (volume[a] < ranks) continue;
    PetscCall(Make(3, volume, parts, -1, &p));
    PetscCall(CheckCover(p, 1));
    PetscCall(HGPartitionDestroy(&p));
  }
  PetscCall(HGFinalize());
  return 0;
}
