/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/move.h"
#include "kernel/hgbox.h"

PetscErrorCode HGMoveDestroy(HGMove *m)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(&m->op));
  PetscCall(HGLinOpDestroy(&m->back));
  PetscCall(HGTensorDestroy(&m->part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Plan(HGTensor from, HGTensor to, HGLinOp *op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpCreate(PetscObjectComm((PetscObject)from), op));
  PetscCall(HGLinOpSetType(*op, HGLINOPREPARTITION));
  PetscCall(HGLinOpSetTensors(*op, from, to));
  PetscCall(HGLinOpSetUp(*op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dy is NULL for inference */
PetscErrorCode HGMoveSetUp(HGMove *m, HGLayerInput *in, HGTensor y, HGTensor dy)
{
  HGDType dtype;

  PetscFunctionBegin;
  PetscCall(HGMoveDestroy(m));
  PetscCall(Plan(in->x, y, &m->op));
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  if (in->add) {
    PetscCall(HGTensorGetDType(in->dx, &dtype));
    PetscCall(HGTensorCreate(in->part, dtype, &m->part));
    PetscCall(HGTensorSetUp(m->part));
  }
  PetscCall(Plan(m->part ? m->part : in->dx, dy, &m->back));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGMoveForward(HGMove *m, HGLayerInput *in, HGTensor y)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApply(m->op, in->x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dx may be a range of channels in another tensor's memory */
static PetscErrorCode AddTo(HGTensor dx, HGTensor part)
{
  const HGTensorLocal *to, *from;
  HGStrided            a = {0}, b = {0};
  HGDType              dtype;

  PetscFunctionBegin;
  PetscCall(HGTensorGetDType(dx, &dtype));
  PetscCall(HGTensorGetLocal(dx, &to));
  PetscCall(HGTensorGetLocal(part, &from));
  for (int i = 0; i < HG_AXES; i++) {
    a.size[i] = b.size[i] = to->box.size[i];
    a.stride[i]           = from->stride[i];
    b.stride[i]           = to->stride[i];
  }
  if (to->elements) HGStridedAdd(dtype, &a, from->owned, &b, to->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGMoveAdjoint(HGMove *m, HGLayerInput *in, HGTensor dy)
{
  PetscFunctionBegin;
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLinOpApplyAdjoint(m->back, dy, m->part ? m->part : in->dx));
  if (m->part) PetscCall(AddTo(in->dx, m->part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a move adds to the traffic of a layer */
PetscErrorCode HGMoveGetTraffic(HGMove *m, PetscInt *messages, PetscInt64 *bytes)
{
  PetscInt   n = 0;
  PetscInt64 b = 0;

  PetscFunctionBegin;
  if (m->op) PetscCall(HGLinOpGetTraffic(m->op, &n, &b));
  *messages += n;
  *bytes += b;
  PetscFunctionReturn(PETSC_SUCCESS);
}
