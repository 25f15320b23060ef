/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

enum { FORWARD, ADJOINT };

static PetscErrorCode CheckArgument(HGLinOp op, HGTensor t, HGTensor want, const char which[])
{
  const HGTensorLocal *a, *b;
  HGDType              ta, tb;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 2);
  if (t == want) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(t, &a));
  PetscCall(HGTensorGetLocal(want, &b));
  PetscCall(HGTensorGetDType(t, &ta));
  PetscCall(HGTensorGetDType(want, &tb));
  PetscCheck(ta == tb && !memcmp(&a->box, &b->box, sizeof(a->box)) && !memcmp(a->halo, b->halo, sizeof(a->halo)),
             PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_INCOMP,
             "%s: the tensor given as %s has another layout (%zu %s elements here) than the one of HGLinOpSetTensors() (%zu %s)",
             ((PetscObject)op)->type_name, which, a->elements, HGDTypeName(ta), b->elements, HGDTypeName(tb));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckBegin(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscCheck(op->setup, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_WRONGSTATE,
             "call HGLinOpSetUp() before applying a linear operator");
  PetscCheck(!op->in_progress, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_WRONGSTATE, "%s: the last Begin has had no End",
             ((PetscObject)op)->type_name);
  PetscCall(CheckArgument(op, x, op->x, "x"));
  PetscCall(CheckArgument(op, y, op->y, "y"));
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

   Errors:
   Refuses tensors of other layouts than those given to `HGLinOpSetTensors()`, and a Begin before the End of the last.

.seealso: `HGLinOpApplyEnd()`, `HGLinOpApply()`
@*/
PetscErrorCode HGLinOpApplyBegin(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(CheckBegin(op, x, y));
  op->in_progress = 1 + FORWARD;
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
  PetscCheck(op->in_progress == 1 + FORWARD, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_WRONGSTATE,
             "HGLinOpApplyEnd() without HGLinOpApplyBegin()");
  PetscCall(PetscLogEventBegin(op->event, op, x, y, 0));
  PetscCall((*op->ops->applyend)(op, x, y));
  PetscCall(PetscLogEventEnd(op->event, op, x, y, 0));
  op->in_progress = 0;
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
  PetscCall(CheckBegin(op, x, y));
  op->in_progress = 1 + ADJOINT;
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
  PetscCheck(op->in_progress == 1 + ADJOINT, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_WRONGSTATE,
             "HGLinOpApplyAdjointEnd() without HGLinOpApplyAdjointBegin()");
  PetscCall(PetscLogEventBegin(op->event_adjoint, op, y, x, 0));
  PetscCall((*op->ops->adjointend)(op, y, x));
  PetscCall(PetscLogEventEnd(op->event_adjoint, op, y, x, 0));
  op->in_progress = 0;
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
