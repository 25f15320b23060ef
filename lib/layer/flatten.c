/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layerfield.h"
#include "kernel/hgbox.h"

/*MC
   HGLAYERFLATTEN - all points and channels of a sample become channels of one point, in PyTorch's order c, z, y, x

   Level: intermediate

   Note:
   What comes before a dense layer, which is a convolution of one point. The points of a sample are gathered on the first of the ranks that
   hold it; samples stay divided as they are.

.seealso: `HGNetAddLayerTo()`, `HGLAYERCONV`
M*/

typedef struct {
  HGPartition           whole;    /* of the input: samples divided as before, all else on one rank */
  HGTensor              xw, dxw;  /* on it */
  HGTensor              part;     /* like dx, if it is to be added */
  HGLinOp               op, back; /* x to xw, dx (or part) to dxw */
  PetscBool             moves;
  const HGFieldKernels *kernels;
} Flatten;

/* The first rank of each range of samples */
static PetscErrorCode CreateWhole(HGPartition in, PetscInt dim, const PetscInt n[], HGPartition *whole)
{
  PetscInt        parts[HG_AXES], one[HG_AXES] = {1, 1, 1, 1, 1}, coords[HG_AXES] = {0}, *len;
  const PetscInt *start;
  PetscMPIInt    *rank;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetParts(in, parts));
  PetscCall(HGPartitionGetStarts(in, HG_N, &start));
  PetscCall(PetscMalloc2(parts[HG_N], &rank, parts[HG_N], &len));
  for (PetscInt i = 0; i < parts[HG_N]; i++) {
    coords[HG_N] = i;
    len[i]       = start[i + 1] - start[i];
    PetscCall(HGPartitionGetRank(in, coords, &rank[i]));
  }
  one[HG_N] = parts[HG_N];
  PetscCall(HGPartitionCreate(PetscObjectComm((PetscObject)in), whole));
  PetscCall(HGPartitionSetSizes(*whole, dim, n));
  PetscCall(HGPartitionSetParts(*whole, one));
  PetscCall(HGPartitionSetRanges(*whole, HG_N, len));
  PetscCall(HGPartitionSetRanks(*whole, parts[HG_N], rank));
  PetscCall(HGPartitionSetUp(*whole));
  PetscCall(PetscFree2(rank, len));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Flatten(HGLayer layer)
{
  Flatten *d = (Flatten *)layer->data;
  PetscInt dim, n[HG_AXES], parts[HG_AXES], flat[HG_AXES] = {1, 1, 1, 1, 1};

  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGPartitionGetSizes(layer->in[0].part, &dim, n));
  PetscCall(HGPartitionGetParts(layer->in[0].part, parts));
  d->moves = parts[HG_C] * parts[HG_Z] * parts[HG_Y] * parts[HG_X] > 1 ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(HGPartitionDestroy(&d->whole));
  PetscCall(CreateWhole(layer->in[0].part, dim, n, &d->whole));
  flat[HG_N] = n[HG_N];
  flat[HG_C] = n[HG_C] * n[HG_Z] * n[HG_Y] * n[HG_X];
  PetscCall(CreateWhole(layer->in[0].part, dim, flat, &layer->out));
  layer->in[0].needed = PETSC_FALSE;
  PetscCall(HGLayerGetFieldKernels(layer, &d->kernels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlanMove(HGTensor from, HGTensor to, HGLinOp *op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(op));
  PetscCall(HGLinOpCreate(PetscObjectComm((PetscObject)from), op));
  PetscCall(HGLinOpSetType(*op, HGLINOPREPARTITION));
  PetscCall(HGLinOpSetTensors(*op, from, to));
  PetscCall(HGLinOpSetUp(*op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateTensor(HGPartition p, HGDType t, HGTensor *x)
{
  PetscFunctionBegin;
  PetscCall(HGTensorDestroy(x));
  PetscCall(HGTensorCreate(p, t, x));
  PetscCall(HGTensorSetUp(*x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Flatten(HGLayer layer)
{
  Flatten      *d  = (Flatten *)layer->data;
  HGLayerInput *in = &layer->in[0];

  PetscFunctionBegin;
  PetscCall(HGTensorDestroy(&d->part));
  if (!d->moves) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CreateTensor(d->whole, layer->dtype, &d->xw));
  PetscCall(PlanMove(in->x, d->xw, &d->op));
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  if (in->add) PetscCall(CreateTensor(in->part, layer->dtype, &d->part));
  PetscCall(CreateTensor(d->whole, layer->dtype, &d->dxw));
  PetscCall(PlanMove(d->part ? d->part : in->dx, d->dxw, &d->back));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One channel of the field and its place among the channels of the point */
static void GetPair(const HGTensorLocal *field, const HGTensorLocal *point, PetscInt c, PetscInt nb, HGStrided *f, HGStrided *p)
{
  const PetscInt *n = field->box.size;

  *f        = (HGStrided){.offset = c, .size = {nb, 1, n[HG_Z], n[HG_Y], n[HG_X]}};
  *p        = *f;
  p->offset = c * n[HG_Z] * n[HG_Y] * n[HG_X];
  for (int a = 0; a < HG_AXES; a++) f->stride[a] = field->stride[a];
  p->stride[HG_N] = point->stride[HG_N];
  p->stride[HG_C] = p->stride[HG_X] = 1;
  p->stride[HG_Y]                   = n[HG_X];
  p->stride[HG_Z]                   = n[HG_Y] * n[HG_X];
}

static PetscErrorCode Forward_Flatten(HGLayer layer, PetscInt nb)
{
  Flatten             *d = (Flatten *)layer->data;
  HGTensor             x = d->moves ? d->xw : layer->in[0].x;
  const HGTensorLocal *f, *p;
  HGStrided            from, to;

  PetscFunctionBegin;
  if (d->moves) PetscCall(HGLinOpApply(d->op, layer->in[0].x, d->xw));
  PetscCall(HGTensorGetLocal(x, &f));
  PetscCall(HGTensorGetLocal(layer->y, &p));
  for (PetscInt c = 0; c < f->box.size[HG_C] && f->elements; c++) {
    GetPair(f, p, c, nb, &from, &to);
    HGStridedCopy(layer->dtype, &from, f->owned, &to, p->owned);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Flatten(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  Flatten             *d     = (Flatten *)layer->data;
  HGLayerInput        *in    = &layer->in[0];
  HGTensor             dx    = d->moves ? d->dxw : in->dx;
  const HGFieldStore   store = {.add = 1};
  const HGTensorLocal *f, *p, *from;
  HGStrided            to, point;
  HGFieldShape         s;

  PetscFunctionBegin;
  (void)type, (void)dp;
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(dx, &f));
  PetscCall(HGTensorGetLocal(layer->dy, &p));
  for (PetscInt c = 0; c < f->box.size[HG_C] && f->elements; c++) {
    GetPair(f, p, c, nb, &to, &point);
    if (in->add && !d->moves) HGStridedAdd(layer->dtype, &point, p->owned, &to, f->owned);
    else HGStridedCopy(layer->dtype, &point, p->owned, &to, f->owned);
  }
  if (!d->moves) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLinOpApplyAdjoint(d->back, d->dxw, d->part ? d->part : in->dx));
  if (!d->part) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(d->part, &from));
  PetscCall(HGTensorGetLocal(in->dx, &f));
  s = HGFieldShapeOf(f, from, nb);
  (*d->kernels->transfer)(&s, from->owned, &store, f->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetTraffic_Flatten(HGLayer layer, PetscInt *messages, PetscInt64 *bytes)
{
  const Flatten *d = (Flatten *)layer->data;

  PetscFunctionBegin;
  if (d->op) PetscCall(HGLinOpGetTraffic(d->op, messages, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Flatten(HGLayer layer)
{
  Flatten *d = (Flatten *)layer->data;

  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(&d->op));
  PetscCall(HGLinOpDestroy(&d->back));
  PetscCall(HGTensorDestroy(&d->xw));
  PetscCall(HGTensorDestroy(&d->dxw));
  PetscCall(HGTensorDestroy(&d->part));
  PetscCall(HGPartitionDestroy(&d->whole));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Flatten(HGLayer layer)
{
  Flatten *d;

  PetscFunctionBegin;
  PetscCall(PetscNew(&d));
  layer->data            = d;
  layer->ops->setup      = SetUp_Flatten;
  layer->ops->settensors = SetTensors_Flatten;
  layer->ops->forward    = Forward_Flatten;
  layer->ops->adjoint    = Adjoint_Flatten;
  layer->ops->gettraffic = GetTraffic_Flatten;
  layer->ops->destroy    = Destroy_Flatten;
  PetscFunctionReturn(PETSC_SUCCESS);
}
