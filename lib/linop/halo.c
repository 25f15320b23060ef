/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

/*MC
   HGLINOPHALO - halo exchange: (H x) has the owned points of x, and ghost points that are copies of owned points of x,
   of this rank or others, or zero, as the boundary condition says

   Level: beginner

   Notes:
   x has no ghosts that count; y has the halo of its tensor. In place (x = y) the owned points stay where they are.
   Faces, edges and corners go at once, in one message to each rank that needs any. The adjoint adds each ghost point
   to its source and, in place, sets the ghosts to zero (arXiv 2006.03108, section 3, halo exchange).

.seealso: `HGLinOpCreate()`, `HGLinOpSetBoundary()`, `HGTensorSetHalo()`
M*/

static PetscErrorCode CheckHalo(HGLinOp op, const HGTensorLocal *y)
{
  static const char *const name[] = {"z", "y", "x"};
  MPI_Comm                 comm   = PetscObjectComm((PetscObject)op);
  HGPartition              px, py;
  PetscInt                 sx[HG_AXES], sy[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(op->x, &px));
  PetscCall(HGTensorGetPartition(op->y, &py));
  PetscCall(HGPartitionGetSizes(px, NULL, sx));
  PetscCall(HGPartitionGetSizes(py, NULL, sy));
  for (int a = 0; a < HG_AXES; a++) HGCheck(sx[a] == sy[a], comm, "halo: the global sizes differ along axis %d: %" PetscInt_FMT " and %" PetscInt_FMT, a, sx[a], sy[a]);
  for (int a = 0; a < 3; a++) {
    const PetscInt w = PetscMax(y->halo[a][0], y->halo[a][1]), most = sx[HG_Z + a] - (op->boundary[a] == HG_BOUNDARY_REFLECT);

    HGCheck(w <= most || op->boundary[a] == HG_BOUNDARY_NONE || op->boundary[a] == HG_BOUNDARY_ZERO || op->boundary[a] == HG_BOUNDARY_REPLICATE, comm, "a halo of %" PetscInt_FMT " points along %s of a grid of %" PetscInt_FMT " points; with this boundary it can be at most %" PetscInt_FMT, w, name[a], sx[HG_Z + a], most);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Halo(HGLinOp op)
{
  const HGTensorLocal *y;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(op->y, &y));
  PetscCall(CheckHalo(op, y));
  op->ghosts_in_y = PETSC_TRUE;
  PetscCall(HGTransferCreate(op->x, op->y, op->boundary, PETSC_TRUE, &op->transfer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyBegin_Halo(HGLinOp op, HGTensor x, HGTensor y)
{
  const HGTensorLocal *lx, *ly;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(x, &lx));
  PetscCall(HGTensorGetLocal(y, &ly));
  if (x != y) {
    PetscCall(HGTensorSet(y, 0));
    PetscCall(HGTensorCopyOwned(x, y));
  }
  PetscCall(HGTransferBegin(op->transfer, lx->owned, ly->owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyEnd_Halo(HGLinOp op, HGTensor x, HGTensor y)
{
  const HGTensorLocal *lx, *ly;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(x, &lx));
  PetscCall(HGTensorGetLocal(y, &ly));
  PetscCall(HGTransferEnd(op->transfer, lx->owned, ly->owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointBegin_Halo(HGLinOp op, HGTensor y, HGTensor x)
{
  const HGTensorLocal *lx, *ly;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(x, &lx));
  PetscCall(HGTensorGetLocal(y, &ly));
  if (x != y) PetscCall(HGTensorCopyOwned(y, x));
  PetscCall(HGTransferAdjointBegin(op->transfer, ly->owned, lx->owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointEnd_Halo(HGLinOp op, HGTensor y, HGTensor x)
{
  const HGTensorLocal *lx, *ly;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(x, &lx));
  PetscCall(HGTensorGetLocal(y, &ly));
  PetscCall(HGTransferAdjointEnd(op->transfer, ly->owned, lx->owned));
  if (x == y) PetscCall(HGTransferZeroTargets(op->transfer, ly->owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Halo(HGLinOp op)
{
  PetscFunctionBegin;
  op->ops->setup        = SetUp_Halo;
  op->ops->applybegin   = ApplyBegin_Halo;
  op->ops->applyend     = ApplyEnd_Halo;
  op->ops->adjointbegin = AdjointBegin_Halo;
  op->ops->adjointend   = AdjointEnd_Halo;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpGetNeighbors - Get on which sides of this rank's points a halo operator brings ghost points by message

   Not Collective

   Input Parameter:
.  op - the operator, of type `HGLINOPHALO`, set up

   Output Parameter:
.  remote - for z, y, x: below and above

   Level: developer

   Note:
   What can be computed from points away from these sides need not wait for `HGLinOpApplyEnd()`.

.seealso: `HGLinOpApplyBegin()`
@*/
PetscErrorCode HGLinOpGetNeighbors(HGLinOp op, PetscBool remote[3][2])
{
  const HGTensorLocal *y;
  HGPartition          part;
  PetscInt             parts[HG_AXES], size[HG_AXES];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGTensorGetLocal(op->y, &y));
  PetscCall(HGTensorGetPartition(op->y, &part));
  PetscCall(HGPartitionGetParts(part, parts));
  PetscCall(HGPartitionGetSizes(part, NULL, size));
  for (int a = 0; a < 3; a++) {
    const PetscInt  first = y->box.start[HG_Z + a], last = first + y->box.size[HG_Z + a];
    const PetscBool wraps = op->boundary[a] == HG_BOUNDARY_PERIODIC ? PETSC_TRUE : PETSC_FALSE;

    remote[a][0] = parts[HG_Z + a] > 1 && y->halo[a][0] && (first > 0 || wraps) ? PETSC_TRUE : PETSC_FALSE;
    remote[a][1] = parts[HG_Z + a] > 1 && y->halo[a][1] && (last < size[HG_Z + a] || wraps) ? PETSC_TRUE : PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
