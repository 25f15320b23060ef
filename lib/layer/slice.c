/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layerfield.h"

/*MC
   HGLAYERSLICE - a range of the channels, as x[:, first:first + count] in PyTorch

   Level: intermediate

   Notes:
   Its adjoint puts the gradient back among zeros.

   If the channels are in several parts, so are those of the output: a crop moves them to their ranks, its adjoint moves them back.

.seealso: `HGLayerSliceSetChannels()`, `HGLAYERCONCAT`
M*/

typedef struct {
  PetscInt              first, count;
  const HGFieldKernels *kernels;
  void                 *threshold;
  PetscBool             moves;      /* the channels are divided */
  HGTensor              part;       /* like dx, if it is to be added or masked */
  HGLinOp               crop, back; /* x to y, dx (or part) to dy */
} Slice;

/*@
   HGLayerSliceSetChannels - Set which channels a slice takes

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERSLICE`
.  first - the first channel
-  count - how many

   Level: intermediate

   Errors:
   `HGLayerSetUp()` refuses ranges that the input does not have.

.seealso: `HGLAYERSLICE`
@*/
PetscErrorCode HGLayerSliceSetChannels(HGLayer layer, PetscInt first, PetscInt count)
{
  Slice *d;

  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERSLICE));
  d        = (Slice *)layer->data;
  d->first = first;
  d->count = count;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Slice(HGLayer layer)
{
  Slice   *d = (Slice *)layer->data;
  PetscInt n[HG_AXES], parts[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, n));
  PetscCall(HGPartitionGetParts(layer->in[0].part, parts));
  d->moves = parts[HG_C] > 1 ? PETSC_TRUE : PETSC_FALSE;
  HGCheck(d->first >= 0 && d->count >= 1 && d->first + d->count <= n[HG_C], PetscObjectComm((PetscObject)layer),
          "%s: channels %" PetscInt_FMT " to %" PetscInt_FMT " of an input with %" PetscInt_FMT
          " channels; choose with HGLayerSliceSetChannels()",
          ((PetscObject)layer)->name, d->first, d->first + d->count - 1, n[HG_C]);
  PetscCall(HGPartitionCreateLike(layer->in[0].part, n[HG_N], d->count, &layer->out));
  layer->in[0].needed = PETSC_FALSE;
  layer->in[0].masks  = PETSC_TRUE;
  PetscCall(HGLayerGetFieldKernels(layer, &d->kernels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlanCrop(const Slice *d, HGTensor from, HGTensor to, HGLinOp *op)
{
  const PetscInt offset[HG_AXES] = {0, d->first, 0, 0, 0};

  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(op));
  PetscCall(HGLinOpCreate(PetscObjectComm((PetscObject)from), op));
  PetscCall(HGLinOpSetType(*op, HGLINOPCROP));
  PetscCall(HGLinOpSetTensors(*op, from, to));
  PetscCall(HGLinOpSetOffset(*op, offset));
  PetscCall(HGLinOpSetUp(*op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Slice(HGLayer layer)
{
  Slice        *d  = (Slice *)layer->data;
  HGLayerInput *in = &layer->in[0];

  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &d->threshold));
  PetscCall(HGTensorDestroy(&d->part));
  if (!d->moves) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PlanCrop(d, in->x, layer->y, &d->crop));
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  if (in->add || in->rectified) {
    PetscCall(HGTensorCreate(in->part, layer->dtype, &d->part));
    PetscCall(HGTensorSetUp(d->part));
  }
  PetscCall(PlanCrop(d, d->part ? d->part : in->dx, layer->dy, &d->back));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first channel that is taken */
static void *From(HGLayer layer, const void *p)
{
  return p ? (char *)p + (size_t)((Slice *)layer->data)->first * HGDTypeSize(layer->dtype) : NULL;
}

static PetscErrorCode Forward_Slice(HGLayer layer, PetscInt nb)
{
  const HGFieldStore   store = {0};
  const HGTensorLocal *x, *y;
  HGFieldShape         s;
  const Slice         *d = (Slice *)layer->data;

  PetscFunctionBegin;
  if (d->moves) {
    PetscCall(HGLinOpApply(d->crop, layer->in[0].x, layer->y));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGTensorGetLocal(layer->in[0].x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  s = HGFieldShapeOf(y, x, nb);
  (*d->kernels->transfer)(&s, From(layer, x->owned), &store, y->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of divided channels */
static PetscErrorCode AdjointMoved(HGLayer layer, PetscInt nb)
{
  const Slice         *d     = (Slice *)layer->data;
  HGLayerInput        *in    = &layer->in[0];
  HGFieldStore         store = {.add = in->add, .threshold = d->threshold};
  const HGTensorLocal *x, *dx, *from;
  HGFieldShape         s;

  PetscFunctionBegin;
  PetscCall(HGLinOpApplyAdjoint(d->back, layer->dy, d->part ? d->part : in->dx));
  if (!d->part) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(in->x, &x));
  PetscCall(HGTensorGetLocal(in->dx, &dx));
  PetscCall(HGTensorGetLocal(d->part, &from));
  if (in->rectified) store.mask = x->owned;
  s = HGFieldShapeOf(dx, from, nb);
  if (dx->elements) (*d->kernels->transfer)(&s, from->owned, &store, dx->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Slice(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  const Slice         *d     = (Slice *)layer->data;
  HGLayerInput        *in    = &layer->in[0];
  HGFieldStore         store = {.add = in->add, .threshold = From(layer, d->threshold)};
  const HGTensorLocal *x, *dx, *dy;
  HGFieldShape         s;

  PetscFunctionBegin;
  (void)type, (void)dp;
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  if (d->moves) {
    PetscCall(AdjointMoved(layer, nb));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGTensorGetLocal(in->x, &x));
  PetscCall(HGTensorGetLocal(in->dx, &dx));
  PetscCall(HGTensorGetLocal(layer->dy, &dy));
  if (!in->add) PetscCall(HGTensorZeroOwned(in->dx));
  s = HGFieldShapeOf(dx, dy, nb);
  if (in->rectified) store.mask = From(layer, x->owned);
  (*d->kernels->transfer)(&s, dy->owned, &store, From(layer, dx->owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetTraffic_Slice(HGLayer layer, PetscInt *messages, PetscInt64 *bytes)
{
  const Slice *d = (Slice *)layer->data;

  PetscFunctionBegin;
  if (d->crop) PetscCall(HGLinOpGetTraffic(d->crop, messages, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Slice(HGLayer layer)
{
  Slice *d = (Slice *)layer->data;

  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(&d->crop));
  PetscCall(HGLinOpDestroy(&d->back));
  PetscCall(HGTensorDestroy(&d->part));
  PetscCall(PetscFree(d->threshold));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Slice(HGLayer layer)
{
  Slice *d;

  PetscFunctionBegin;
  PetscCall(PetscNew(&d));
  layer->data            = d;
  layer->ops->setup      = SetUp_Slice;
  layer->ops->settensors = SetTensors_Slice;
  layer->ops->forward    = Forward_Slice;
  layer->ops->adjoint    = Adjoint_Slice;
  layer->ops->gettraffic = GetTraffic_Slice;
  layer->ops->destroy    = Destroy_Slice;
  PetscFunctionReturn(PETSC_SUCCESS);
}
