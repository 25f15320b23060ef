/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layerfield.h"

/*MC
   HGLAYERSLICE - a range of the channels, as x[:, first:first + count] in PyTorch

   Level: intermediate

   Note:
   Its adjoint puts the gradient back among zeros.

.seealso: `HGLayerSliceSetChannels()`, `HGLAYERCONCAT`
M*/

typedef struct {
  PetscInt              first, count;
  const HGFieldKernels *kernels;
  void                 *threshold;
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
  PetscInt n[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGLayerCheckWholeChannels(layer));
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, n));
  HGCheck(d->first >= 0 && d->count >= 1 && d->first + d->count <= n[HG_C], PetscObjectComm((PetscObject)layer), "%s: channels %" PetscInt_FMT " to %" PetscInt_FMT " of an input with %" PetscInt_FMT " channels; choose with HGLayerSliceSetChannels()", ((PetscObject)layer)->name, d->first, d->first + d->count - 1, n[HG_C]);
  PetscCall(HGPartitionCreateLike(layer->in[0].part, n[HG_N], d->count, &layer->out));
  layer->in[0].needed = PETSC_FALSE;
  layer->in[0].masks  = PETSC_TRUE;
  PetscCall(HGLayerGetFieldKernels(layer, &d->kernels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Slice(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &((Slice *)layer->data)->threshold));
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

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(layer->in[0].x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  s = HGFieldShapeOf(y, x, nb);
  (*((Slice *)layer->data)->kernels->transfer)(&s, From(layer, x->owned), &store, y->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Slice(HGLayer layer, PetscInt nb, double dp[])
{
  const Slice         *d     = (Slice *)layer->data;
  HGLayerInput        *in    = &layer->in[0];
  HGFieldStore         store = {.add = in->add, .threshold = From(layer, d->threshold)};
  const HGTensorLocal *x, *dx, *dy;
  HGFieldShape         s;

  PetscFunctionBegin;
  (void)dp;
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(in->x, &x));
  PetscCall(HGTensorGetLocal(in->dx, &dx));
  PetscCall(HGTensorGetLocal(layer->dy, &dy));
  if (!in->add) PetscCall(HGTensorZeroOwned(in->dx));
  s = HGFieldShapeOf(dx, dy, nb);
  if (in->rectified) store.mask = From(layer, x->owned);
  (*d->kernels->transfer)(&s, dy->owned, &store, From(layer, dx->owned));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Slice(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(((Slice *)layer->data)->threshold));
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
  layer->ops->destroy    = Destroy_Slice;
  PetscFunctionReturn(PETSC_SUCCESS);
}
