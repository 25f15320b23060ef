/* SPDX-License-Identifier: BSD-2-Clause */
/* Halos whose messages are large enough to go with the gaps between their rows: right in every entry, and of the size that is said */
#include "linopcheck.h"

static const PetscInt Size = 48, Channels = 16;

static Take SourceOf(void *ctx, const PetscInt g[HG_AXES], PetscInt src[HG_AXES])
{
  (void)ctx;
  for (int a = 0; a < HG_AXES; a++) src[a] = g[a];
  for (int a = HG_Z; a < HG_AXES; a++)
    if (g[a] < 0 || g[a] >= Size) return ZERO;
  return SOURCE;
}

/* From one tensor to another, both those that the operator was set up with: what lies in the ghosts of the first must not get to the second */
static PetscErrorCode CheckOwnTensors(const Layout *l, const PetscInt halo[3][2], const Movement *m)
{
  HGTensor x, y;
  HGLinOp  op;

  PetscFunctionBegin;
  PetscCall(MakeTensor(PETSC_COMM_WORLD, l, HG_F64, halo, &x));
  PetscCall(MakeTensor(PETSC_COMM_WORLD, l, HG_F64, halo, &y));
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &op));
  PetscCall(HGLinOpSetType(op, HGLINOPHALO));
  PetscCall(HGLinOpSetTensors(op, x, y));
  PetscCall(HGLinOpSetUp(op));
  PetscCall(FillValues(x, PETSC_FALSE));
  PetscCall(HGTensorSet(y, GARBAGE));
  PetscCall(HGLinOpApply(op, x, y));
  PetscCall(CheckForward(m, y));
  PetscCall(FillValues(y, PETSC_TRUE));
  PetscCall(HGTensorSet(x, GARBAGE));
  PetscCall(HGLinOpApplyAdjoint(op, y, x));
  PetscCall(CheckAdjoint(m, x, PETSC_FALSE));
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* z, y, x parts; the elements of all messages */
static PetscErrorCode CheckLarge(const PetscInt parts[3], PetscInt messages, PetscInt64 elements)
{
  const PetscInt halo[3][2] = {{1, 1}, {1, 1}, {1, 1}};
  Layout         l          = {.dim = 3, .size = {1, Channels, Size, Size, Size}, .parts = {1, 1, parts[0], parts[1], parts[2]}};
  Movement       m          = {.ghosts = PETSC_TRUE, .source = SourceOf};
  HGTensor       x;
  HGLinOp        op;
  PetscInt       found;
  PetscInt64     bytes;

  PetscFunctionBegin;
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &l, HG_F64, halo, &x));
  m.src = m.dst = x;
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &op));
  PetscCall(HGLinOpSetType(op, HGLINOPHALO));
  PetscCall(HGLinOpSetTensors(op, x, x));
  PetscCall(HGLinOpSetUp(op));
  PetscCall(CheckInPlace(op, &m, x));
  PetscCall(CheckMovement(op, &m));
  PetscCall(CheckOwnTensors(&l, halo, &m));
  PetscCall(HGLinOpGetTraffic(op, &found, &bytes));
  PetscCheck(found == messages && bytes == 8 * elements, PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "%" PetscInt_FMT " messages, %" PetscInt64_FMT " bytes; expected %" PetscInt_FMT " and %" PetscInt64_FMT, found, bytes,
             messages, 8 * elements);
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(HGTensorDestroy(&x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const PetscInt n = Size, c = Channels, half = n / 2;
  PetscMPIInt    ranks;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  if (ranks == 2) {
    PetscCall(CheckLarge((PetscInt[]){2, 1, 1}, 2, 2 * ((n - 1) * (n + 2) + n) * c)); /* rows with the ghosts between them */
    PetscCall(CheckLarge((PetscInt[]){1, 2, 1}, 2, 2 * n * n * c));                   /* rows far apart: packed */
    PetscCall(CheckLarge((PetscInt[]){1, 1, 2}, 2, 2 * n * n * c));
  } else if (ranks == 4) {
    PetscCall(CheckLarge((PetscInt[]){2, 2, 1}, 12, 4 * ((half - 1) * (n + 2) + n + half * n + n) * c));
    PetscCall(CheckLarge((PetscInt[]){2, 1, 2}, 12, 4 * (half * n + half * n + n) * c));
  }
  PetscCall(HGFinalize());
  return 0;
}
