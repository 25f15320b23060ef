/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

/*@
   HGLinOpCreate - Create a linear operator

   Collective

   Input Parameter:
.  comm - a communicator with all ranks of domain and range

   Output Parameter:
.  op - the operator

   Level: beginner

.seealso: `HGLinOpSetType()`, `HGLinOpSetTensors()`, `HGLinOpSetUp()`, `HGLinOpApply()`
@*/
PetscErrorCode HGLinOpCreate(MPI_Comm comm, HGLinOp *op)
{
  PetscFunctionBegin;
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(HGLinOpRegisterAll());
  PetscCall(PetscHeaderCreate(*op, HG_LINOP_CLASSID, "HGLinOp", "Linear operator", "LinOp", comm, HGLinOpDestroy, HGLinOpView));
  for (int a = 0; a < 3; a++) (*op)->boundary[a] = HG_BOUNDARY_ZERO;
  for (int a = 0; a < HG_AXES; a++) (*op)->low[a] = PETSC_DECIDE;
  (*op)->asked_stages = PETSC_DECIDE;
  (*op)->factor       = 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLinOpSetType - Set what an operator does

   Collective

   Input Parameters:
+  op   - the operator
-  type - a name, such as `HGLINOPHALO`, `HGLINOPREPARTITION` or `HGLINOPCOMPOSE`

   Options Database Key:
.  -linop_type - the name, see `HGLinOpSetFromOptions()`

   Level: beginner

   Errors:
   Refuses a type that is not registered.

.seealso: `HGLinOpType`, `HGLinOpRegister()`
@*/
PetscErrorCode HGLinOpSetType(HGLinOp op, HGLinOpType type)
{
  PetscErrorCode (*create)(HGLinOp);

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGLinOpFind(PetscObjectComm((PetscObject)op), type, &create));
  PetscCall(HGLinOpReset(op));
  PetscCall(PetscMemzero(op->ops, sizeof(*op->ops)));
  PetscCall((*create)(op));
  PetscCall(PetscObjectChangeTypeName((PetscObject)op, type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Frees what set-up made, so that it can be made anew */
PetscErrorCode HGLinOpReset(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCheck(!op->in_progress, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_WRONGSTATE,
             "an operator cannot be changed between Begin and End");
  if (op->setup && op->ops->reset) PetscCall((*op->ops->reset)(op));
  op->setup = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpSetTensors - Set tensors that have the layouts of an operator's domain and range

   Collective

   Input Parameters:
+  op - the operator
.  x  - a tensor of the domain
-  y  - a tensor of the range, may be x itself where the operator works in place

   Level: beginner

   Note:
   `HGLinOpApply()` may be called with other tensors of the same partitions and halos. These are the ones whose contiguous messages
   are sent and received in place; others' are packed.

.seealso: `HGLinOpSetUp()`
@*/
PetscErrorCode HGLinOpSetTensors(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscValidHeaderSpecific(x, HG_TENSOR_CLASSID, 2);
  PetscValidHeaderSpecific(y, HG_TENSOR_CLASSID, 3);
  PetscCall(HGLinOpReset(op));
  PetscCall(HGTensorReference(x));
  PetscCall(HGTensorReference(y));
  PetscCall(HGTensorDestroy(&op->x));
  PetscCall(HGTensorDestroy(&op->y));
  op->x = x;
  op->y = y;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpGetTensors - Get the tensors that describe an operator's domain and range

   Not Collective

   Input Parameter:
.  op - the operator

   Output Parameters:
+  x - the domain's, or NULL; do not destroy it
-  y - the range's, or NULL; do not destroy it

   Level: intermediate

.seealso: `HGLinOpSetTensors()`
@*/
PetscErrorCode HGLinOpGetTensors(HGLinOp op, HGTensor *x, HGTensor *y)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  if (x) *x = op->x;
  if (y) *y = op->y;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpSetBoundary - Set what a halo or pad operator writes beyond the physical boundary

   Logically Collective

   Input Parameters:
+  op       - the operator
-  boundary - for z, y, x (default `HG_BOUNDARY_ZERO`)

   Options Database Key:
.  -linop_boundary - three names with commas, or one for all: none, zero, periodic, reflect, replicate

   Level: beginner

.seealso: `HGBoundary`, `HGLINOPHALO`, `HGLINOPPAD`
@*/
PetscErrorCode HGLinOpSetBoundary(HGLinOp op, const HGBoundary boundary[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGLinOpReset(op));
  PetscCall(PetscArraycpy(op->boundary, boundary, 3));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckTensors(HGLinOp op)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)op);
  HGTensor t[]  = {op->x, op->y};
  HGDType  tx, ty;

  PetscFunctionBegin;
  for (int i = 0; i < 2; i++) {
    const HGTensorLocal *local;
    PetscMPIInt          same, mine, its;

    PetscCall(HGTensorGetLocal(t[i], &local));
    PetscCallMPI(MPI_Comm_compare(comm, PetscObjectComm((PetscObject)t[i]), &same));
    PetscCallMPI(MPI_Comm_size(comm, &mine));
    PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)t[i]), &its));
    HGCheck(same == MPI_IDENT || same == MPI_CONGRUENT, comm,
            "%s: the operator is on a communicator of %d ranks, the %s's tensor on one of %d other ranks; create both on one that has all "
            "ranks, those without a part hold empty tensors",
            ((PetscObject)op)->type_name, mine, i ? "range" : "domain", its);
  }
  PetscCall(HGTensorGetDType(op->x, &tx));
  PetscCall(HGTensorGetDType(op->y, &ty));
  HGCheck(tx == ty, comm, "%s: the domain is %s, the range %s; give both the same element type", ((PetscObject)op)->type_name,
          HGDTypeName(tx), HGDTypeName(ty));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode NamedEvent(const char *name, PetscLogEvent *event)
{
  PetscFunctionBegin;
  PetscCall(PetscLogEventGetId(name, event));
  if (*event < 0) PetscCall(PetscLogEventRegister(name, HG_LINOP_CLASSID, event));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpSetUp - Plan an operator: who sends what to whom, buffers, requests

   Collective

   Input Parameter:
.  op - the operator, its type and tensors set

   Level: beginner

   Errors:
   Refuses, on all ranks and before any message is sent, tensors whose element types, communicators, global sizes, partitions or
   halos do not fit the operator.

.seealso: `HGLinOpApply()`
@*/
PetscErrorCode HGLinOpSetUp(HGLinOp op)
{
  char name[64];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  if (op->setup) PetscFunctionReturn(PETSC_SUCCESS);
  HGCheck(op->ops->setup, PetscObjectComm((PetscObject)op), "a linear operator needs HGLinOpSetType() before HGLinOpSetUp()");
  HGCheck(op->x || op->part, PetscObjectComm((PetscObject)op),
          "%s: give it tensors with HGLinOpSetTensors(), or operators with HGLinOpSetOperators()", ((PetscObject)op)->type_name);
  if (op->x && !op->part) PetscCall(CheckTensors(op));
  PetscCall((*op->ops->setup)(op));
  PetscCall(PetscSNPrintf(name, sizeof(name), "HG %s", ((PetscObject)op)->type_name));
  PetscCall(NamedEvent(name, &op->event));
  PetscCall(PetscSNPrintf(name, sizeof(name), "HG %s*", ((PetscObject)op)->type_name));
  PetscCall(NamedEvent(name, &op->event_adjoint));
  op->setup = PETSC_TRUE;
  PetscCall(PetscObjectViewFromOptions((PetscObject)op, NULL, "-linop_view"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpReference - Take a further reference to an operator

   Logically Collective

   Input Parameter:
.  op - the operator

   Level: advanced

.seealso: `HGLinOpDestroy()`
@*/
PetscErrorCode HGLinOpReference(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(PetscObjectReference((PetscObject)op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpDestroy - Give back a reference, and destroy the operator with the last one

   Collective

   Input Parameter:
.  op - the operator

   Level: beginner

.seealso: `HGLinOpCreate()`
@*/
PetscErrorCode HGLinOpDestroy(HGLinOp *op)
{
  PetscFunctionBegin;
  if (!*op) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(*op, HG_LINOP_CLASSID, 1);
  if (--((PetscObject)*op)->refct > 0) {
    *op = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGLinOpReset(*op));
  for (PetscInt i = 0; i < (*op)->nparts; i++) PetscCall(HGLinOpDestroy(&(*op)->part[i]));
  PetscCall(PetscFree((*op)->part));
  PetscCall(HGTensorDestroy(&(*op)->x));
  PetscCall(HGTensorDestroy(&(*op)->y));
  PetscCall(PetscHeaderDestroy(op));
  PetscFunctionReturn(PETSC_SUCCESS);
}
