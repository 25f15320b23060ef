/* SPDX-License-Identifier: BSD-2-Clause */
/* What all operators that move data have in common: one or two stages, each a transfer or the adjoint of one. */
#include "linop/linop_impl.h"

static PetscErrorCode StageBegin(const HGStage *s, PetscBool adjoint, HGTensor from, HGTensor to)
{
  PetscFunctionBegin;
  if (s->reversed != adjoint) PetscCall(HGTransferAdjointBegin(s->transfer, HGTensorOwned(from), HGTensorOwned(to)));
  else PetscCall(HGTransferBegin(s->transfer, HGTensorOwned(from), HGTensorOwned(to)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode StageEnd(const HGStage *s, PetscBool adjoint, HGTensor from, HGTensor to)
{
  PetscFunctionBegin;
  if (s->reversed != adjoint) PetscCall(HGTransferAdjointEnd(s->transfer, HGTensorOwned(from), HGTensorOwned(to)));
  else PetscCall(HGTransferEnd(s->transfer, HGTensorOwned(from), HGTensorOwned(to)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyBegin_Movement(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  if (op->nstages == 1) PetscCall(StageBegin(&op->stage[0], PETSC_FALSE, x, y));
  else {
    PetscCall(StageBegin(&op->stage[0], PETSC_FALSE, x, op->middle));
    PetscCall(StageEnd(&op->stage[0], PETSC_FALSE, x, op->middle));
    PetscCall(StageBegin(&op->stage[1], PETSC_FALSE, op->middle, y));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyEnd_Movement(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscCall(StageEnd(&op->stage[op->nstages - 1], PETSC_FALSE, op->nstages == 1 ? x : op->middle, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointBegin_Movement(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  if (op->nstages == 1) PetscCall(StageBegin(&op->stage[0], PETSC_TRUE, y, x));
  else {
    PetscCall(StageBegin(&op->stage[1], PETSC_TRUE, y, op->middle));
    PetscCall(StageEnd(&op->stage[1], PETSC_TRUE, y, op->middle));
    PetscCall(StageBegin(&op->stage[0], PETSC_TRUE, op->middle, x));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointEnd_Movement(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  PetscCall(StageEnd(&op->stage[0], PETSC_TRUE, op->nstages == 1 ? y : op->middle, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Traffic_Movement(HGLinOp op, PetscInt *messages, PetscInt64 *bytes)
{
  PetscFunctionBegin;
  *messages = 0;
  *bytes    = 0;
  for (PetscInt i = 0; i < op->nstages; i++) {
    PetscInt   m;
    PetscInt64 b;

    PetscCall(HGTransferGetTraffic(op->stage[i].transfer, &m, &b));
    *messages += m;
    *bytes += b;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Reset_Movement(HGLinOp op)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < op->nstages; i++) PetscCall(HGTransferDestroy(&op->stage[i].transfer));
  op->nstages = 0;
  PetscCall(HGTensorDestroy(&op->middle));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpSetOps_Movement(HGLinOp op)
{
  PetscFunctionBegin;
  op->ops->applybegin   = ApplyBegin_Movement;
  op->ops->applyend     = ApplyEnd_Movement;
  op->ops->adjointbegin = AdjointBegin_Movement;
  op->ops->adjointend   = AdjointEnd_Movement;
  op->ops->traffic      = Traffic_Movement;
  op->ops->reset        = Reset_Movement;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Plans the next stage from a specification, which is cleared; reversed, it runs from the specification's destination to its source */
PetscErrorCode HGLinOpAddStage_Movement(HGLinOp op, HGTransferSpec *spec, PetscBool reversed)
{
  HGStage *s = &op->stage[op->nstages++];

  PetscFunctionBegin;
  s->reversed = reversed;
  PetscCall(HGTransferCreate(spec, &s->transfer));
  PetscCall(HGTransferBind(s->transfer, HGTensorOwned(spec->src), HGTensorOwned(spec->dst)));
  PetscCall(HGTransferSpecClear(spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpBind - Let an operator that moves data send from the arrays of these tensors and receive there, where messages are contiguous

   Collective

   Input Parameters:
+  op - the operator, set up
.  x  - a tensor of its domain
-  y  - a tensor of its range

   Level: developer

   Notes:
   `HGLinOpSetUp()` binds the tensors of `HGLinOpSetTensors()`. When their arrays have moved, or with others, messages are packed until this is called.
   Operators that move nothing between ranks ignore it.

.seealso: `HGTensorPlaceArray()`
@*/
PetscErrorCode HGLinOpBind(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  for (PetscInt i = 0; i < op->nstages; i++) {
    const HGStage *s    = &op->stage[i];
    HGTensor       from = i ? op->middle : x, to = i < op->nstages - 1 ? op->middle : y;

    if (s->reversed) PetscCall(HGTransferBind(s->transfer, HGTensorOwned(to), HGTensorOwned(from)));
    else PetscCall(HGTransferBind(s->transfer, HGTensorOwned(from), HGTensorOwned(to)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- checks that the types share; all ranks know both partitions, so all refuse together ---- */

PetscErrorCode HGLinOpGetSizes(HGLinOp op, PetscInt sx[], PetscInt sy[])
{
  HGPartition px, py;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(op->x, &px));
  PetscCall(HGTensorGetPartition(op->y, &py));
  PetscCall(HGPartitionGetSizes(px, NULL, sx));
  PetscCall(HGPartitionGetSizes(py, NULL, sy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCheckSameSizes(HGLinOp op)
{
  PetscInt sx[HG_AXES], sy[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGLinOpGetSizes(op, sx, sy));
  for (int a = 0; a < HG_AXES; a++)
    HGCheck(sx[a] == sy[a], PetscObjectComm((PetscObject)op),
            "%s: the global sizes differ along axis %s: %" PetscInt_FMT " in the domain, %" PetscInt_FMT
            " in the range; give both the same",
            ((PetscObject)op)->type_name, HGAxisNames[a], sx[a], sy[a]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Two tensors have the same points on every rank */
PetscErrorCode HGLinOpCheckFit(HGLinOp op, HGTensor t, HGTensor u, const char what[])
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)op);
  HGPartition p, q;
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(t, &p));
  PetscCall(HGTensorGetPartition(u, &q));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  for (PetscMPIInt r = 0; r < size && p != q; r++) {
    HGBox b, c;

    PetscCall(HGPartitionGetBox(p, r, &b));
    PetscCall(HGPartitionGetBox(q, r, &c));
    for (int a = 0; a < HG_AXES; a++)
      HGCheck(b.start[a] == c.start[a] && b.size[a] == c.size[a], comm,
              "%s: along axis %s rank %d has %" PetscInt_FMT " points from %" PetscInt_FMT " on of %s, and %" PetscInt_FMT
              " from %" PetscInt_FMT " on; give both the same partition, or repartition first",
              ((PetscObject)op)->type_name, HGAxisNames[a], r, b.size[a], b.start[a], what, c.size[a], c.start[a]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCheckSameLayout(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpCheckSameSizes(op));
  PetscCall(HGLinOpCheckFit(op, op->x, op->y, "domain and range"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The parts of a tensor must not be copies of each other */
PetscErrorCode HGLinOpCheckDisjoint(HGLinOp op, HGTensor t, const char which[])
{
  HGPartition p;
  PetscBool   copies[HG_AXES];
  PetscInt    parts[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(t, &p));
  PetscCall(HGPartitionGetReplicated(p, copies));
  PetscCall(HGPartitionGetParts(p, parts));
  for (int a = 0; a < HG_AXES; a++)
    HGCheck(!copies[a] || parts[a] == 1, PetscObjectComm((PetscObject)op),
            "%s: the %s has %" PetscInt_FMT " copies along axis %s; it must have one: use broadcast, sumreduce or allsumreduce for copies",
            ((PetscObject)op)->type_name, which, parts[a], HGAxisNames[a]);
  PetscFunctionReturn(PETSC_SUCCESS);
}
