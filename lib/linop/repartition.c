/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

/*MC
   HGLINOPREPARTITION - moves a tensor from the partition of x to that of y: an all-to-all of the intersections of their parts

   Level: beginner

   Note:
   A permutation of the elements over the ranks, so its adjoint is its inverse; it is the transposed partition's
   repartition (arXiv 2006.03108, section 3, generalised all-to-all). Only what moves is sent, one message for each pair of
   ranks. Ghost points are neither read nor written.

.seealso: `HGLinOpCreate()`, `HGPartition`
M*/

static PetscErrorCode SetUp_Repartition(HGLinOp op)
{
  static const HGBoundary none[3] = {HG_BOUNDARY_NONE, HG_BOUNDARY_NONE, HG_BOUNDARY_NONE};
  HGPartition             px, py;
  PetscInt                sx[HG_AXES], sy[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(op->x, &px));
  PetscCall(HGTensorGetPartition(op->y, &py));
  PetscCall(HGPartitionGetSizes(px, NULL, sx));
  PetscCall(HGPartitionGetSizes(py, NULL, sy));
  for (int a = 0; a < HG_AXES; a++) HGCheck(sx[a] == sy[a], PetscObjectComm((PetscObject)op), "repartition: the global sizes differ along axis %d: %" PetscInt_FMT " and %" PetscInt_FMT, a, sx[a], sy[a]);
  PetscCall(HGTransferCreate(op->x, op->y, none, PETSC_FALSE, &op->transfer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyBegin_Repartition(HGLinOp op, HGTensor x, HGTensor y)
{
  const HGTensorLocal *lx, *ly;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(x, &lx));
  PetscCall(HGTensorGetLocal(y, &ly));
  PetscCall(HGTransferBegin(op->transfer, lx->owned, ly->owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyEnd_Repartition(HGLinOp op, HGTensor x, HGTensor y)
{
  const HGTensorLocal *lx, *ly;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(x, &lx));
  PetscCall(HGTensorGetLocal(y, &ly));
  PetscCall(HGTransferEnd(op->transfer, lx->owned, ly->owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointBegin_Repartition(HGLinOp op, HGTensor y, HGTensor x)
{
  const HGTensorLocal *lx, *ly;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(x, &lx));
  PetscCall(HGTensorGetLocal(y, &ly));
  PetscCall(HGTensorSet(x, 0));
  PetscCall(HGTransferAdjointBegin(op->transfer, ly->owned, lx->owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointEnd_Repartition(HGLinOp op, HGTensor y, HGTensor x)
{
  const HGTensorLocal *lx, *ly;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(x, &lx));
  PetscCall(HGTensorGetLocal(y, &ly));
  PetscCall(HGTransferAdjointEnd(op->transfer, ly->owned, lx->owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Repartition(HGLinOp op)
{
  PetscFunctionBegin;
  op->ops->setup        = SetUp_Repartition;
  op->ops->applybegin   = ApplyBegin_Repartition;
  op->ops->applyend     = ApplyEnd_Repartition;
  op->ops->adjointbegin = AdjointBegin_Repartition;
  op->ops->adjointend   = AdjointEnd_Repartition;
  PetscFunctionReturn(PETSC_SUCCESS);
}
