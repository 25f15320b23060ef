/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

/*MC
   HGLINOPREPARTITION - moves a tensor from the partition of x to that of y: an all-to-all of the intersections of their parts

   Level: beginner

   Notes:
   A permutation of the elements over the ranks, so its adjoint is its inverse; it is the transposed partition's
   repartition (arXiv 2006.03108, generalised all-to-all). Only what moves is sent, one message for each pair of
   ranks. Ghost points are neither read nor written.

   `HGLINOPSCATTER`, `HGLINOPGATHER` and `HGLINOPSENDRECV` are its special cases, which check that they are what they say.

.seealso: `HGLinOpCreate()`, `HGPartition`
M*/

/*MC
   HGLINOPSCATTER - a repartition from one part to several along some axes: rank 0's tensor is dealt out

   Level: beginner

   Note:
   Its adjoint is `HGLINOPGATHER` the other way round. Along each axis the parts of y divide those of x.

.seealso: `HGLINOPGATHER`, `HGLINOPREPARTITION`
M*/

/*MC
   HGLINOPGATHER - a repartition from several parts to one along some axes

   Level: beginner

   Note:
   Its adjoint is `HGLINOPSCATTER` the other way round. Along each axis the parts of x divide those of y.

.seealso: `HGLINOPSCATTER`, `HGLINOPREPARTITION`
M*/

/*MC
   HGLINOPSENDRECV - moves each part of x, whole, to another rank

   Level: beginner

   Note:
   The partitions of x and y differ in their ranks only. The adjoint sends the parts back (arXiv 2006.03108,
   send and receive).

.seealso: `HGLINOPREPARTITION`
M*/

/* Whether every part of fine lies within one part of coarse along axis a */
static PetscErrorCode Refines(HGPartition fine, HGPartition coarse, PetscInt a, PetscBool *refines)
{
  const PetscInt *f, *c;
  PetscInt        nf[HG_AXES], nc[HG_AXES], i = 0;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetStarts(fine, a, &f));
  PetscCall(HGPartitionGetStarts(coarse, a, &c));
  PetscCall(HGPartitionGetParts(fine, nf));
  PetscCall(HGPartitionGetParts(coarse, nc));
  *refines = PETSC_TRUE;
  for (PetscInt k = 0; k <= nc[a]; k++) {
    while (i < nf[a] && f[i] < c[k]) i++;
    if (f[i] != c[k]) *refines = PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckRefines(HGLinOp op, HGTensor fine, HGTensor coarse)
{
  HGPartition f, c;
  PetscInt    nf[HG_AXES], nc[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(fine, &f));
  PetscCall(HGTensorGetPartition(coarse, &c));
  PetscCall(HGPartitionGetParts(f, nf));
  PetscCall(HGPartitionGetParts(c, nc));
  for (int a = 0; a < HG_AXES; a++) {
    PetscBool refines = PETSC_FALSE;

    PetscCall(Refines(f, c, a, &refines));
    HGCheck(refines, PetscObjectComm((PetscObject)op),
            "%s: along axis %s the %" PetscInt_FMT " parts do not divide the %" PetscInt_FMT " parts; a repartition can do that",
            ((PetscObject)op)->type_name, HGAxisNames[a], nf[a], nc[a]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Repartition(HGLinOp op)
{
  HGTransferSpec spec;
  PetscBool      scatter, gather, sendrecv;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)op, HGLINOPSCATTER, &scatter));
  PetscCall(PetscObjectTypeCompare((PetscObject)op, HGLINOPGATHER, &gather));
  PetscCall(PetscObjectTypeCompare((PetscObject)op, HGLINOPSENDRECV, &sendrecv));
  PetscCall(HGLinOpCheckSameSizes(op));
  PetscCall(HGLinOpCheckDisjoint(op, op->x, "domain"));
  PetscCall(HGLinOpCheckDisjoint(op, op->y, "range"));
  if (scatter || sendrecv) PetscCall(CheckRefines(op, op->y, op->x));
  if (gather || sendrecv) PetscCall(CheckRefines(op, op->x, op->y));
  PetscCall(HGTransferSpecIdentity(op->x, op->y, &spec));
  PetscCall(HGLinOpAddStage_Movement(op, &spec, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Repartition(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpSetOps_Movement(op));
  op->ops->setup = SetUp_Repartition;
  PetscFunctionReturn(PETSC_SUCCESS);
}
