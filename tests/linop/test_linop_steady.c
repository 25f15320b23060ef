/* SPDX-License-Identifier: BSD-2-Clause */
/* After the first application, operators allocate nothing, make no MPI requests and free none, also with other tensors than their own. */
#include "linopcheck.h"
#include "../counted.h"

static PetscErrorCode CheckSteady(HGLinOp op, HGTensor x, HGTensor y)
{
  HGTensor a, b;
  Counts   before;

  PetscFunctionBegin;
  PetscCall(HGTensorDuplicate(x, &a));
  PetscCall(HGTensorDuplicate(y, &b));
  for (int i = 0; i < 3; i++) {
    before = counted;
    PetscCall(HGLinOpApply(op, x, y));
    PetscCall(HGLinOpApply(op, a, b));
    PetscCall(HGLinOpApplyAdjoint(op, y, x));
    PetscCall(HGLinOpApplyAdjoint(op, b, a));
    PetscCheck(!i || before.allocations == counted.allocations, PETSC_COMM_SELF, PETSC_ERR_PLIB, "an application allocates %ld times",
               counted.allocations - before.allocations);
    PetscCheck(!i || before.requests == counted.requests, PETSC_COMM_SELF, PETSC_ERR_PLIB, "an application makes or frees %ld requests",
               counted.requests - before.requests);
  }
  PetscCall(HGTensorDestroy(&a));
  PetscCall(HGTensorDestroy(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const HGBoundary periodic[] = {HG_BOUNDARY_PERIODIC, HG_BOUNDARY_PERIODIC, HG_BOUNDARY_PERIODIC};
  const PetscInt   halo[3][2] = {{0, 0}, {1, 1}, {2, 1}};
  const char      *type[]     = {HGLINOPHALO, HGLINOPREPARTITION, HGLINOPBROADCAST, HGLINOPALLSUMREDUCE};
  PetscMPIInt      size;
  Layout           rows, columns, copies;
  HGTensor         t[5];

  PetscCall(CountAllocations());
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  rows    = (Layout){.dim = 2, .size = {2, 3, 1, 12, 10}, .parts = {1, 1, 1, size, 1}};
  columns = (Layout){.dim = 2, .size = {2, 3, 1, 12, 10}, .parts = {1, 1, 1, 1, size}};
  copies  = (Layout){.dim = 2, .size = {2, 3, 1, 12, 10}, .parts = {size}, .copies = {PETSC_TRUE}};
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &rows, HG_F64, NULL, &t[0]));
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &rows, HG_F64, halo, &t[1]));
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &columns, HG_F64, NULL, &t[2]));
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &copies, HG_F64, NULL, &t[3]));
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &copies, HG_F64, NULL, &t[4]));
  for (int k = 0; k < 4; k++) {
    HGLinOp  op;
    HGTensor x = k == 3 ? t[4] : t[0], y = t[PetscMin(k + 1, 3)];

    PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &op));
    PetscCall(HGLinOpSetType(op, type[k]));
    PetscCall(HGLinOpSetTensors(op, x, y));
    PetscCall(HGLinOpSetBoundary(op, periodic));
    PetscCall(HGLinOpSetUp(op));
    PetscCall(CheckSteady(op, x, y));
    PetscCall(HGLinOpDestroy(&op));
  }
  for (int i = 0; i < 5; i++) PetscCall(HGTensorDestroy(&t[i]));
  PetscCheck(counted.allocations && (counted.requests || size == 1), PETSC_COMM_SELF, PETSC_ERR_PLIB, "nothing was counted");
  PetscCall(HGFinalize());
  return 0;
}
