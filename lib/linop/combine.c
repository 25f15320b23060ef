/* SPDX-License-Identifier: BSD-2-Clause */
/* Operators made of others. Their adjoints follow from those of their parts by the rules of algebra. */
#include "linop/linop_impl.h"

/*MC
   HGLINOPCOMPOSE - the product of operators: y = F_n ... F_2 F_1 x

   Level: beginner

   Note:
   `HGLinOpSetOperators()` lists them in the order in which they are applied. (F_2 F_1)* = F_1* F_2*.

.seealso: `HGLinOpSetOperators()`, `HGLINOPSUM`, `HGLINOPADJOINT`, `HGLINOPSCALE`
M*/

/*MC
   HGLINOPSUM - the sum of operators: y = F_1 x + F_2 x + ...

   Level: beginner

   Note:
   (F_1 + F_2)* = F_1* + F_2*. Works out of place only.

.seealso: `HGLinOpSetOperators()`, `HGLINOPCOMPOSE`
M*/

/*MC
   HGLINOPADJOINT - the adjoint of an operator: y = F* x

   Level: beginner

   Note:
   F** = F.

.seealso: `HGLinOpSetOperators()`
M*/

/*MC
   HGLINOPSCALE - an operator times a number: y = a F x

   Level: beginner

   Note:
   (a F)* = a F*.

.seealso: `HGLinOpSetOperators()`, `HGLinOpSetScale()`
M*/

static PetscErrorCode SetUpParts(HGLinOp op, PetscInt least, PetscInt most)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)op);

  PetscFunctionBegin;
  HGCheck(op->nparts >= least && op->nparts <= most, comm, "%s: %" PetscInt_FMT " operators; set %s with HGLinOpSetOperators()",
          ((PetscObject)op)->type_name, op->nparts, most == 1 ? "one" : "one or more");
  for (PetscInt i = 0; i < op->nparts; i++) PetscCall(HGLinOpSetUp(op->part[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TakeTensors(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscCall(HGTensorReference(x));
  PetscCall(HGTensorReference(y));
  PetscCall(HGTensorDestroy(&op->x));
  PetscCall(HGTensorDestroy(&op->y));
  op->x = x;
  op->y = y;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A result t can be an argument u: same type, points and ghosts */
static PetscErrorCode CheckFits(HGLinOp op, HGTensor t, PetscBool ghosts, HGTensor u, PetscBool ghosts_in_u, const char what[])
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)op);
  HGDType     a, b;
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCall(HGTensorGetDType(t, &a));
  PetscCall(HGTensorGetDType(u, &b));
  HGCheck(a == b, comm, "%s: %s are %s and %s; give both the same element type", ((PetscObject)op)->type_name, what, HGDTypeName(a),
          HGDTypeName(b));
  HGCheck(ghosts == ghosts_in_u, comm, "%s: of %s, one has ghost points that count, the other has not", ((PetscObject)op)->type_name, what);
  PetscCall(HGLinOpCheckFit(op, t, u, what));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  for (PetscMPIInt r = 0; r < size && t != u; r++) {
    PetscInt ht[3][2], hu[3][2];

    PetscCall(HGTensorGetHaloOf(t, r, ht));
    PetscCall(HGTensorGetHaloOf(u, r, hu));
    for (int k = 0; k < 6; k++)
      HGCheck(ht[k / 2][k % 2] == hu[k / 2][k % 2], comm,
              "%s: %s have halos of %" PetscInt_FMT " and %" PetscInt_FMT " points along %s; give both the same",
              ((PetscObject)op)->type_name, what, ht[k / 2][k % 2], hu[k / 2][k % 2], HGAxisNames[HG_Z + k / 2]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Traffic_Combine(HGLinOp op, PetscInt *messages, PetscInt64 *bytes)
{
  PetscFunctionBegin;
  *messages = 0;
  *bytes    = 0;
  for (PetscInt i = 0; i < op->nparts; i++) {
    PetscInt   m;
    PetscInt64 b;

    PetscCall(HGLinOpTraffic(op->part[i], &m, &b));
    *messages += m;
    *bytes += b;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode View_Combine(HGLinOp op, PetscViewer viewer)
{
  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPushTab(viewer));
  for (PetscInt i = 0; i < op->nparts; i++) PetscCall(HGLinOpView(op->part[i], viewer));
  PetscCall(PetscViewerASCIIPopTab(viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FreeBetween(HGLinOp op, PetscInt n)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < n && op->between; i++) PetscCall(HGTensorDestroy(&op->between[i]));
  PetscCall(PetscFree(op->between));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- compose ---- */

static PetscErrorCode SetUp_Compose(HGLinOp op)
{
  const PetscInt n = op->nparts;

  PetscFunctionBegin;
  PetscCall(SetUpParts(op, 1, PETSC_MAX_INT));
  for (PetscInt i = 0; i + 1 < n; i++) {
    char what[64];

    PetscCall(PetscSNPrintf(what, sizeof(what), "the range of operator %" PetscInt_FMT " and the domain of the next", i + 1));
    PetscCall(CheckFits(op, op->part[i]->y, op->part[i]->ghosts_in_y, op->part[i + 1]->x, op->part[i + 1]->ghosts_in_x, what));
  }
  PetscCall(PetscCalloc1(n, &op->between));
  for (PetscInt i = 0; i + 1 < n; i++) PetscCall(HGTensorDuplicate(op->part[i]->y, &op->between[i]));
  PetscCall(TakeTensors(op, op->part[0]->x, op->part[n - 1]->y));
  op->ghosts_in_x = op->part[0]->ghosts_in_x;
  op->ghosts_in_y = op->part[n - 1]->ghosts_in_y;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyBegin_Compose(HGLinOp op, HGTensor x, HGTensor y)
{
  const PetscInt n = op->nparts;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n - 1; i++) PetscCall(HGLinOpApply(op->part[i], i ? op->between[i - 1] : x, op->between[i]));
  PetscCall(HGLinOpApplyBegin(op->part[n - 1], n > 1 ? op->between[n - 2] : x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyEnd_Compose(HGLinOp op, HGTensor x, HGTensor y)
{
  const PetscInt n = op->nparts;

  PetscFunctionBegin;
  PetscCall(HGLinOpApplyEnd(op->part[n - 1], n > 1 ? op->between[n - 2] : x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointBegin_Compose(HGLinOp op, HGTensor y, HGTensor x)
{
  const PetscInt n = op->nparts;

  PetscFunctionBegin;
  for (PetscInt i = n - 1; i > 0; i--) PetscCall(HGLinOpApplyAdjoint(op->part[i], i < n - 1 ? op->between[i] : y, op->between[i - 1]));
  PetscCall(HGLinOpApplyAdjointBegin(op->part[0], n > 1 ? op->between[0] : y, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointEnd_Compose(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyAdjointEnd(op->part[0], op->nparts > 1 ? op->between[0] : y, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Reset_Compose(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(FreeBetween(op, op->nparts - 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Compose(HGLinOp op)
{
  PetscFunctionBegin;
  op->ops->setup        = SetUp_Compose;
  op->ops->applybegin   = ApplyBegin_Compose;
  op->ops->applyend     = ApplyEnd_Compose;
  op->ops->adjointbegin = AdjointBegin_Compose;
  op->ops->adjointend   = AdjointEnd_Compose;
  op->ops->view         = View_Combine;
  op->ops->traffic      = Traffic_Combine;
  op->ops->reset        = Reset_Compose;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- sum ---- */

static PetscErrorCode SetUp_Sum(HGLinOp op)
{
  HGLinOp first;

  PetscFunctionBegin;
  PetscCall(SetUpParts(op, 1, PETSC_MAX_INT));
  first = op->part[0];
  for (PetscInt i = 1; i < op->nparts; i++) {
    PetscCall(CheckFits(op, first->x, first->ghosts_in_x, op->part[i]->x, op->part[i]->ghosts_in_x, "the domains"));
    PetscCall(CheckFits(op, first->y, first->ghosts_in_y, op->part[i]->y, op->part[i]->ghosts_in_y, "the ranges"));
  }
  PetscCall(PetscCalloc1(2, &op->between));
  PetscCall(HGTensorDuplicate(first->y, &op->between[0]));
  PetscCall(HGTensorDuplicate(first->x, &op->between[1]));
  PetscCall(TakeTensors(op, first->x, first->y));
  op->ghosts_in_x = first->ghosts_in_x;
  op->ghosts_in_y = first->ghosts_in_y;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyBegin_Sum(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscCheck(x != y, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_IDN, "a sum of operators cannot be applied in place");
  PetscCall(HGLinOpApplyBegin(op->part[0], x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyEnd_Sum(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyEnd(op->part[0], x, y));
  for (PetscInt i = 1; i < op->nparts; i++) {
    PetscCall(HGLinOpApply(op->part[i], x, op->between[0]));
    PetscCall(HGTensorAXPY(y, 1, op->between[0], op->ghosts_in_y));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointBegin_Sum(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  PetscCheck(x != y, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_IDN, "a sum of operators cannot be applied in place");
  PetscCall(HGLinOpApplyAdjointBegin(op->part[0], y, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointEnd_Sum(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyAdjointEnd(op->part[0], y, x));
  for (PetscInt i = 1; i < op->nparts; i++) {
    PetscCall(HGLinOpApplyAdjoint(op->part[i], y, op->between[1]));
    PetscCall(HGTensorAXPY(x, 1, op->between[1], op->ghosts_in_x));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Reset_Sum(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(FreeBetween(op, 2));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Sum(HGLinOp op)
{
  PetscFunctionBegin;
  op->ops->setup        = SetUp_Sum;
  op->ops->applybegin   = ApplyBegin_Sum;
  op->ops->applyend     = ApplyEnd_Sum;
  op->ops->adjointbegin = AdjointBegin_Sum;
  op->ops->adjointend   = AdjointEnd_Sum;
  op->ops->view         = View_Combine;
  op->ops->traffic      = Traffic_Combine;
  op->ops->reset        = Reset_Sum;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- adjoint ---- */

static PetscErrorCode SetUp_Adjoint(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(SetUpParts(op, 1, 1));
  PetscCall(TakeTensors(op, op->part[0]->y, op->part[0]->x));
  op->ghosts_in_x = op->part[0]->ghosts_in_y;
  op->ghosts_in_y = op->part[0]->ghosts_in_x;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyBegin_Adjoint(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyAdjointBegin(op->part[0], x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyEnd_Adjoint(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyAdjointEnd(op->part[0], x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointBegin_Adjoint(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyBegin(op->part[0], y, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointEnd_Adjoint(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyEnd(op->part[0], y, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Adjoint(HGLinOp op)
{
  PetscFunctionBegin;
  op->ops->setup        = SetUp_Adjoint;
  op->ops->applybegin   = ApplyBegin_Adjoint;
  op->ops->applyend     = ApplyEnd_Adjoint;
  op->ops->adjointbegin = AdjointBegin_Adjoint;
  op->ops->adjointend   = AdjointEnd_Adjoint;
  op->ops->view         = View_Combine;
  op->ops->traffic      = Traffic_Combine;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- scale ---- */

static PetscErrorCode SetUp_Scale(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(SetUpParts(op, 1, 1));
  PetscCall(TakeTensors(op, op->part[0]->x, op->part[0]->y));
  op->ghosts_in_x = op->part[0]->ghosts_in_x;
  op->ghosts_in_y = op->part[0]->ghosts_in_y;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyBegin_Scale(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyBegin(op->part[0], x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyEnd_Scale(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyEnd(op->part[0], x, y));
  PetscCall(HGTensorScale(y, op->factor, op->ghosts_in_y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointBegin_Scale(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyAdjointBegin(op->part[0], y, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointEnd_Scale(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyAdjointEnd(op->part[0], y, x));
  PetscCall(HGTensorScale(x, op->factor, op->ghosts_in_x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Scale(HGLinOp op)
{
  PetscFunctionBegin;
  op->ops->setup        = SetUp_Scale;
  op->ops->applybegin   = ApplyBegin_Scale;
  op->ops->applyend     = ApplyEnd_Scale;
  op->ops->adjointbegin = AdjointBegin_Scale;
  op->ops->adjointend   = AdjointEnd_Scale;
  op->ops->view         = View_Combine;
  op->ops->traffic      = Traffic_Combine;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- setters ---- */

/*@
   HGLinOpSetOperators - Set what a compose, sum, adjoint or scale operator is made of

   Collective

   Input Parameters:
+  op    - the operator
.  n     - number of operators
-  parts - the operators, for compose in the order in which they are applied; they may be destroyed after the call

   Level: beginner

   Note:
   The tensors of the domain and range follow from the parts; `HGLinOpSetTensors()` is not needed.

   Errors:
   `HGLinOpSetUp()` refuses parts whose domains and ranges do not fit.

.seealso: `HGLINOPCOMPOSE`, `HGLINOPSUM`, `HGLINOPADJOINT`, `HGLINOPSCALE`
@*/
PetscErrorCode HGLinOpSetOperators(HGLinOp op, PetscInt n, const HGLinOp parts[])
{
  HGLinOp *copy;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGLinOpReset(op));
  PetscCall(PetscMalloc1(n, &copy));
  for (PetscInt i = 0; i < n; i++) {
    PetscCall(HGLinOpReference(parts[i]));
    copy[i] = parts[i];
  }
  for (PetscInt i = 0; i < op->nparts; i++) PetscCall(HGLinOpDestroy(&op->part[i]));
  PetscCall(PetscFree(op->part));
  op->part   = copy;
  op->nparts = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpSetScale - Set the number of a scale operator

   Logically Collective

   Input Parameters:
+  op - the operator, of type `HGLINOPSCALE`
-  a  - the number (default 1)

   Options Database Key:
.  -linop_scale - the number

   Level: beginner

.seealso: `HGLINOPSCALE`
@*/
PetscErrorCode HGLinOpSetScale(HGLinOp op, PetscReal a)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  op->factor = a;
  PetscFunctionReturn(PETSC_SUCCESS);
}
