/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

#define TWO_STAGES_BYTES 65536 /* of a part; below, the time of its messages does not depend on their size */

/*MC
   HGLINOPBROADCAST - copies a tensor to all copies of a replicated partition

   Level: beginner

   Notes:
   x has each point once; the partition of y has the axes to broadcast along replicated, see `HGPartitionSetReplicated()`. The
   ranks of x and y may be the same, overlap or be disjoint, and their other axes may be divided differently.

   B = (I ... I)^T, so the adjoint is the sum over the copies (arXiv 2006.03108, broadcast and sum-reduce).

.seealso: `HGLINOPSUMREDUCE`, `HGLINOPALLSUMREDUCE`, `HGLinOpSetStages()`
M*/

/*MC
   HGLINOPSUMREDUCE - sums all copies of a replicated tensor into a tensor that has each point once

   Level: beginner

   Note:
   The adjoint of `HGLINOPBROADCAST`: the axes of x to sum over are replicated. The sum runs in ascending order of ranks.

.seealso: `HGLINOPBROADCAST`, `HGLINOPALLSUMREDUCE`, `HGLinOpSetStages()`
M*/

/*MC
   HGLINOPALLSUMREDUCE - gives each copy of a replicated tensor the sum of all copies

   Level: beginner

   Notes:
   x and y have the same partition, whose axes to sum over are replicated. A = B R with R a sum-reduce and B = R* a broadcast, so
   it is its own adjoint (arXiv 2006.03108, all-sum-reduce).

   R sums into an even division of the points among the copies, so that no rank is a bottleneck.

.seealso: `HGLINOPBROADCAST`, `HGLINOPSUMREDUCE`
M*/

static PetscErrorCode MakeMiddle(HGLinOp op, HGTensor copies)
{
  HGPartition p, q;
  HGDType     dtype;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(copies, &p));
  PetscCall(HGTensorGetDType(copies, &dtype));
  PetscCall(HGPartitionCreateDivided(p, &q));
  PetscCall(HGTensorCreate(q, dtype, &op->middle));
  PetscCall(HGTensorSetUp(op->middle));
  PetscCall(HGPartitionDestroy(&q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddStage(HGLinOp op, HGTensor src, HGTensor dst, PetscBool reversed)
{
  HGTransferSpec spec;

  PetscFunctionBegin;
  PetscCall(HGTransferSpecIdentity(src, dst, &spec));
  PetscCall(HGLinOpAddStage_Movement(op, &spec, reversed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One stage sends all of a part from its owner to each copy. Two deal it out first and let the copies exchange their shares:
   more messages, but the owner sends its part once and not once for each copy. */
static PetscErrorCode ChooseStages(HGLinOp op, HGTensor copies, PetscInt *stages)
{
  HGPartition p;
  HGDType     dtype;
  PetscInt    size[HG_AXES], parts[HG_AXES], n;
  PetscBool   replicated[HG_AXES];
  double      bytes;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(copies, &p));
  PetscCall(HGTensorGetDType(copies, &dtype));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  PetscCall(HGPartitionGetParts(p, parts));
  PetscCall(HGPartitionGetReplicated(p, replicated));
  PetscCall(HGPartitionCountCopies(p, &n));
  bytes = (double)HGDTypeSize(dtype);
  for (int a = 0; a < HG_AXES; a++) bytes *= (double)size[a] / (replicated[a] ? 1 : (double)parts[a]);
  *stages = op->asked_stages != PETSC_DECIDE ? op->asked_stages : n >= 8 && bytes >= TWO_STAGES_BYTES ? 2 : 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Broadcast(HGLinOp op)
{
  PetscInt  stages = 1;
  PetscBool sum, all;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)op, HGLINOPSUMREDUCE, &sum));
  PetscCall(PetscObjectTypeCompare((PetscObject)op, HGLINOPALLSUMREDUCE, &all));
  if (all) {
    PetscCall(HGLinOpCheckSameLayout(op));
    PetscCall(MakeMiddle(op, op->x));
    PetscCall(AddStage(op, op->middle, op->x, PETSC_TRUE));
    PetscCall(AddStage(op, op->middle, op->y, PETSC_FALSE));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGLinOpCheckSameSizes(op));
  PetscCall(HGLinOpCheckDisjoint(op, sum ? op->y : op->x, sum ? "range" : "domain"));
  PetscCall(ChooseStages(op, sum ? op->x : op->y, &stages));
  if (stages == 1) {
    PetscCall(AddStage(op, sum ? op->y : op->x, sum ? op->x : op->y, sum));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(MakeMiddle(op, sum ? op->x : op->y));
  if (sum) PetscCall(AddStage(op, op->middle, op->x, PETSC_TRUE));
  PetscCall(AddStage(op, sum ? op->y : op->x, op->middle, sum));
  if (!sum) PetscCall(AddStage(op, op->middle, op->y, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Broadcast(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpSetOps_Movement(op));
  op->ops->setup = SetUp_Broadcast;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpSetStages - Set whether a broadcast or sum-reduce goes straight, or by way of shares

   Logically Collective

   Input Parameters:
+  op     - the operator
-  stages - 1, 2, or `PETSC_DECIDE` (default: 2 for eight copies or more of parts of 64 KiB or more)

   Options Database Key:
.  -linop_stages - the number

   Level: advanced

   Notes:
   With one stage the owner of a part sends it to each of k copies, one message for each pair of ranks. With two it sends each copy a
   k-th of it, and the copies exchange what they got: no rank sends more than twice the part's size.

   Errors:
   Refuses other numbers.

.seealso: `HGLINOPBROADCAST`, `HGLINOPSUMREDUCE`
@*/
PetscErrorCode HGLinOpSetStages(HGLinOp op, PetscInt stages)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  HGCheck(stages == PETSC_DECIDE || stages == 1 || stages == 2, PetscObjectComm((PetscObject)op), "%" PetscInt_FMT " stages; give 1 or 2",
          stages);
  PetscCall(HGLinOpReset(op));
  op->asked_stages = stages;
  PetscFunctionReturn(PETSC_SUCCESS);
}
