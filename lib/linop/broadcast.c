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

static PetscErrorCode CountCopies(HGPartition p, PetscInt *copies)
{
  PetscBool replicated[HG_AXES];
  PetscInt  parts[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetReplicated(p, replicated));
  PetscCall(HGPartitionGetParts(p, parts));
  *copies = 1;
  for (int a = 0; a < HG_AXES; a++)
    if (replicated[a]) *copies *= parts[a];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The axis along which parts are longest: the one to divide among copies */
static PetscErrorCode LongestAxis(HGPartition p, PetscInt *axis)
{
  PetscBool replicated[HG_AXES];
  PetscInt  parts[HG_AXES], size[HG_AXES], longest = 0;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetReplicated(p, replicated));
  PetscCall(HGPartitionGetParts(p, parts));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  for (PetscInt a = 0; a < HG_AXES; a++) {
    const PetscInt n = replicated[a] ? size[a] : size[a] / parts[a];

    if (n <= longest) continue;
    longest = n;
    *axis   = a;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Divides each part of p along an axis into pieces, and copies along it into as many */
static PetscErrorCode DividedRanges(HGPartition p, PetscInt axis, PetscInt pieces, PetscInt parts, PetscInt lens[])
{
  const PetscInt *start;
  PetscInt        size[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetStarts(p, axis, &start));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  for (PetscInt i = 0; i < parts; i++) {
    const PetscInt part = i / pieces, k = i % pieces, n = parts == pieces ? size[axis] : start[part + 1] - start[part];

    lens[i] = n / pieces + (k < n % pieces);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The rank of p whose copies, counted along the replicated axes, make up piece i of a division along an axis */
static PetscErrorCode RankOfPiece(HGPartition p, PetscInt axis, PetscInt copies, const PetscInt at[HG_AXES], PetscMPIInt *rank)
{
  PetscBool replicated[HG_AXES];
  PetscInt  parts[HG_AXES], coords[HG_AXES], copy = at[axis] % copies;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetReplicated(p, replicated));
  PetscCall(HGPartitionGetParts(p, parts));
  for (PetscInt a = HG_AXES - 1; a >= 0; a--) {
    coords[a] = a == axis ? at[a] / copies : at[a];
    if (!replicated[a]) continue;
    coords[a] = copy % parts[a];
    copy /= parts[a];
  }
  PetscCall(HGPartitionGetRank(p, coords, rank));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A partition of the same tensor, and on the same ranks, without copies: each copy has its share of their common points */
static PetscErrorCode DivideAmongCopies(HGPartition p, HGPartition *q)
{
  PetscBool    replicated[HG_AXES];
  PetscInt     dim, size[HG_AXES], parts[HG_AXES], copies, axis = HG_X, n = 1, *lens;
  PetscMPIInt *ranks;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetReplicated(p, replicated));
  PetscCall(HGPartitionGetSizes(p, &dim, size));
  PetscCall(HGPartitionGetParts(p, parts));
  PetscCall(CountCopies(p, &copies));
  PetscCall(LongestAxis(p, &axis));
  for (int a = 0; a < HG_AXES; a++) {
    if (replicated[a]) parts[a] = 1;
    if (a == axis) parts[a] *= copies;
    n *= parts[a];
  }
  PetscCall(HGPartitionCreate(PetscObjectComm((PetscObject)p), q));
  PetscCall(HGPartitionSetSizes(*q, dim, size));
  PetscCall(HGPartitionSetParts(*q, parts));
  for (PetscInt a = 0; a < HG_AXES; a++) {
    const PetscInt *start;

    PetscCall(PetscMalloc1(parts[a], &lens));
    PetscCall(HGPartitionGetStarts(p, a, &start));
    if (a == axis) PetscCall(DividedRanges(p, a, copies, parts[a], lens));
    else
      for (PetscInt i = 0; i < parts[a]; i++) lens[i] = replicated[a] ? size[a] : start[i + 1] - start[i];
    PetscCall(HGPartitionSetRanges(*q, a, lens));
    PetscCall(PetscFree(lens));
  }
  PetscCall(PetscMalloc1(n, &ranks));
  for (PetscInt i = 0; i < n; i++) {
    PetscInt at[HG_AXES], k = i;

    for (PetscInt a = HG_AXES - 1; a >= 0; k /= parts[a--]) at[a] = k % parts[a];
    PetscCall(RankOfPiece(p, axis, copies, at, &ranks[i]));
  }
  PetscCall(HGPartitionSetRanks(*q, n, ranks));
  PetscCall(PetscFree(ranks));
  PetscCall(HGPartitionSetUp(*q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MakeMiddle(HGLinOp op, HGTensor copies)
{
  HGPartition p, q;
  HGDType     dtype;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(copies, &p));
  PetscCall(HGTensorGetDType(copies, &dtype));
  PetscCall(DivideAmongCopies(p, &q));
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
  PetscCall(CountCopies(p, &n));
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
