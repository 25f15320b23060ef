/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

static PetscFunctionList HGLinOpList = NULL;

static PetscErrorCode FreeRegistry(void)
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListDestroy(&HGLinOpList));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLinOpRegister - Add a type of linear operator

   Not Collective

   Input Parameters:
+  name   - the new type's name
-  create - sets the operations of an `HGLinOp` of that type

   Level: advanced

.seealso: `HGLinOpSetType()`
@*/
PetscErrorCode HGLinOpRegister(const char name[], PetscErrorCode (*create)(HGLinOp))
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListAdd(&HGLinOpList, name, create));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RegisterAll(void)
{
  PetscFunctionBegin;
  if (HGLinOpList) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLinOpRegister(HGLINOPHALO, HGLinOpCreate_Halo));
  PetscCall(HGLinOpRegister(HGLINOPREPARTITION, HGLinOpCreate_Repartition));
  PetscCall(PetscRegisterFinalize(FreeRegistry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

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
  PetscCall(RegisterAll());
  PetscCall(PetscHeaderCreate(*op, HG_LINOP_CLASSID, "HGLinOp", "Linear operator", "LinOp", comm, HGLinOpDestroy, HGLinOpView));
  for (int a = 0; a < 3; a++) (*op)->boundary[a] = HG_BOUNDARY_ZERO;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLinOpSetType - Set what an operator does

   Collective

   Input Parameters:
+  op   - the operator
-  type - `HGLINOPHALO` or `HGLINOPREPARTITION`

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
  PetscCall(PetscFunctionListFind(HGLinOpList, type, &create));
  HGCheck(create, PetscObjectComm((PetscObject)op), "no linear operator \"%s\"", type);
  if (op->ops->destroy) PetscCall((*op->ops->destroy)(op));
  PetscCall(PetscMemzero(op->ops, sizeof(*op->ops)));
  PetscCall((*create)(op));
  PetscCall(PetscObjectChangeTypeName((PetscObject)op, type));
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
   `HGLinOpApply()` may be called with other tensors of the same partitions and halos.

.seealso: `HGLinOpSetUp()`
@*/
PetscErrorCode HGLinOpSetTensors(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGTensorReference(x));
  PetscCall(HGTensorReference(y));
  PetscCall(HGTensorDestroy(&op->x));
  PetscCall(HGTensorDestroy(&op->y));
  op->x = x;
  op->y = y;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpSetBoundary - Set what a halo operator writes beyond the physical boundary

   Logically Collective

   Input Parameters:
+  op       - the operator
-  boundary - for z, y, x (default `HG_BOUNDARY_ZERO`)

   Level: beginner

.seealso: `HGBoundary`, `HGLINOPHALO`
@*/
PetscErrorCode HGLinOpSetBoundary(HGLinOp op, const HGBoundary boundary[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(PetscArraycpy(op->boundary, boundary, 3));
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
   Refuses tensors whose element types or global sizes do not fit the operator.

.seealso: `HGLinOpApply()`
@*/
PetscErrorCode HGLinOpSetUp(HGLinOp op)
{
  char    name[64];
  HGDType tx, ty;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  if (op->setup) PetscFunctionReturn(PETSC_SUCCESS);
  HGCheck(op->ops->setup && op->x, PetscObjectComm((PetscObject)op), "a linear operator needs HGLinOpSetType() and HGLinOpSetTensors() before HGLinOpSetUp()");
  PetscCall(HGTensorGetDType(op->x, &tx));
  PetscCall(HGTensorGetDType(op->y, &ty));
  HGCheck(tx == ty, PetscObjectComm((PetscObject)op), "%s: the domain is %s, the range %s; give both the same element type", ((PetscObject)op)->type_name, HGDTypeName(tx), HGDTypeName(ty));
  PetscCall((*op->ops->setup)(op));
  PetscCall(PetscSNPrintf(name, sizeof(name), "HG %s", ((PetscObject)op)->type_name));
  PetscCall(NamedEvent(name, &op->event));
  PetscCall(PetscSNPrintf(name, sizeof(name), "HG %s*", ((PetscObject)op)->type_name));
  PetscCall(NamedEvent(name, &op->event_adjoint));
  op->setup = PETSC_TRUE;
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
  if ((*op)->ops->destroy) PetscCall((*(*op)->ops->destroy)(*op));
  PetscCall(HGTransferDestroy(&(*op)->transfer));
  PetscCall(HGTensorDestroy(&(*op)->x));
  PetscCall(HGTensorDestroy(&(*op)->y));
  PetscCall(PetscHeaderDestroy(op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLinOpView - Print an operator's type, and the messages and bytes of one application

   Collective

   Input Parameters:
+  op     - the operator, set up
-  viewer - an ASCII viewer

   Level: beginner

.seealso: `HGLinOpGetTraffic()`
@*/
PetscErrorCode HGLinOpView(HGLinOp op, PetscViewer viewer)
{
  PetscInt   messages;
  PetscInt64 bytes;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGLinOpGetTraffic(op, &messages, &bytes));
  PetscCall(PetscViewerASCIIPrintf(viewer, "HGLinOp %s: %" PetscInt_FMT " messages, %" PetscInt64_FMT " bytes\n", ((PetscObject)op)->type_name, messages, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpApplyBegin - Start y = F x: messages leave, the caller may compute on what they do not touch

   Collective

   Input Parameters:
+  op - the operator, set up
.  x  - the argument; not to be changed before `HGLinOpApplyEnd()`
-  y  - the result; complete after `HGLinOpApplyEnd()`

   Level: intermediate

.seealso: `HGLinOpApplyEnd()`, `HGLinOpApply()`
@*/
PetscErrorCode HGLinOpApplyBegin(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscAssert(op->setup && !op->flying, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_WRONGSTATE, "HGLinOpApplyBegin() needs HGLinOpSetUp(), and an End after each Begin");
  op->flying = PETSC_TRUE;
  PetscCall(PetscLogEventBegin(op->event, op, x, y, 0));
  PetscCall((*op->ops->applybegin)(op, x, y));
  PetscCall(PetscLogEventEnd(op->event, op, x, y, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpApplyEnd - Finish what `HGLinOpApplyBegin()` started

   Collective

   Input Parameters:
+  op - the operator
.  x  - the argument
-  y  - the result

   Level: intermediate

.seealso: `HGLinOpApplyBegin()`
@*/
PetscErrorCode HGLinOpApplyEnd(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscAssert(op->flying, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_WRONGSTATE, "HGLinOpApplyEnd() without a Begin");
  PetscCall(PetscLogEventBegin(op->event, op, x, y, 0));
  PetscCall((*op->ops->applyend)(op, x, y));
  PetscCall(PetscLogEventEnd(op->event, op, x, y, 0));
  op->flying = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpApply - y = F x

   Collective

   Input Parameters:
+  op - the operator, set up
-  x  - the argument

   Output Parameter:
.  y - the result

   Level: beginner

.seealso: `HGLinOpApplyAdjoint()`, `HGLinOpApplyBegin()`
@*/
PetscErrorCode HGLinOpApply(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyBegin(op, x, y));
  PetscCall(HGLinOpApplyEnd(op, x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpApplyAdjointBegin - Start x = F* y

   Collective

   Input Parameters:
+  op - the operator, set up
.  y  - the argument; not to be changed before `HGLinOpApplyAdjointEnd()`
-  x  - the result; complete after `HGLinOpApplyAdjointEnd()`

   Level: intermediate

.seealso: `HGLinOpApplyAdjointEnd()`
@*/
PetscErrorCode HGLinOpApplyAdjointBegin(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscAssert(op->setup && !op->flying_adjoint, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_WRONGSTATE, "HGLinOpApplyAdjointBegin() needs HGLinOpSetUp(), and an End after each Begin");
  op->flying_adjoint = PETSC_TRUE;
  PetscCall(PetscLogEventBegin(op->event_adjoint, op, y, x, 0));
  PetscCall((*op->ops->adjointbegin)(op, y, x));
  PetscCall(PetscLogEventEnd(op->event_adjoint, op, y, x, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpApplyAdjointEnd - Finish what `HGLinOpApplyAdjointBegin()` started

   Collective

   Input Parameters:
+  op - the operator
.  y  - the argument
-  x  - the result

   Level: intermediate

.seealso: `HGLinOpApplyAdjointBegin()`
@*/
PetscErrorCode HGLinOpApplyAdjointEnd(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscAssert(op->flying_adjoint, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_WRONGSTATE, "HGLinOpApplyAdjointEnd() without a Begin");
  PetscCall(PetscLogEventBegin(op->event_adjoint, op, y, x, 0));
  PetscCall((*op->ops->adjointend)(op, y, x));
  PetscCall(PetscLogEventEnd(op->event_adjoint, op, y, x, 0));
  op->flying_adjoint = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpApplyAdjoint - x = F* y

   Collective

   Input Parameters:
+  op - the operator, set up
-  y  - the argument

   Output Parameter:
.  x - the result

   Level: beginner

.seealso: `HGLinOpApply()`, `HGLinOpTestAdjoint()`
@*/
PetscErrorCode HGLinOpApplyAdjoint(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyAdjointBegin(op, y, x));
  PetscCall(HGLinOpApplyAdjointEnd(op, y, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpGetTraffic - Get the messages and bytes that one application sends, summed over all ranks

   Collective

   Input Parameter:
.  op - the operator, set up

   Output Parameters:
+  messages - number of messages
-  bytes    - their size

   Level: intermediate

   Units:
   bytes

.seealso: `HGLinOpView()`
@*/
PetscErrorCode HGLinOpGetTraffic(HGLinOp op, PetscInt *messages, PetscInt64 *bytes)
{
  PetscInt   m       = 0;
  PetscInt64 mine[2] = {0, 0}, all[2];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  if (op->transfer) PetscCall(HGTransferGetTraffic(op->transfer, &m, &mine[1]));
  mine[0] = m;
  PetscCallMPI(MPI_Allreduce(mine, all, 2, MPIU_INT64, MPI_SUM, PetscObjectComm((PetscObject)op)));
  *messages = (PetscInt)all[0];
  *bytes    = all[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}
