/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layerfield.h"

/*MC
   HGLAYERSOFTMAX - probabilities of classes at each point: y_c = exp(x_c) / sum over channels of exp(x)

   Level: intermediate

   Note:
   The loss cross_entropy takes logits; this layer is for networks whose output is to be read.

.seealso: `HGNetAddLayerTo()`
M*/

typedef struct {
  const HGFieldKernels *kernels;
  void                 *threshold;
} Softmax;

static PetscErrorCode SetUp_Softmax(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGLayerCheckWholeChannels(layer));
  PetscCall(HGLayerCreateOutputLikeInput(layer));
  layer->needs_y      = PETSC_TRUE;
  layer->in[0].needed = PETSC_FALSE;
  layer->in[0].masks  = PETSC_TRUE;
  PetscCall(HGLayerGetFieldKernels(layer, &((Softmax *)layer->data)->kernels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Softmax(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &((Softmax *)layer->data)->threshold));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forward_Softmax(HGLayer layer, PetscInt nb)
{
  const HGTensorLocal *x, *y;
  HGFieldShape         s;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(layer->in[0].x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  s = HGFieldShapeOf(x, y, nb);
  (*((Softmax *)layer->data)->kernels->softmax)(&s, x->owned, y->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Softmax(HGLayer layer, PetscInt nb, double dp[])
{
  const Softmax       *d     = (Softmax *)layer->data;
  HGLayerInput        *in    = &layer->in[0];
  HGFieldStore         store = {.add = in->add, .threshold = d->threshold};
  const HGTensorLocal *x, *y, *dx, *dy;
  HGFieldShape         s;

  PetscFunctionBegin;
  (void)dp;
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(in->x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  PetscCall(HGTensorGetLocal(in->dx, &dx));
  PetscCall(HGTensorGetLocal(layer->dy, &dy));
  s = HGFieldShapeOf(dx, dy, nb);
  if (in->rectified) store.mask = x->owned;
  (*d->kernels->softmax_adjoint)(&s, y->owned, dy->owned, &store, dx->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Softmax(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(((Softmax *)layer->data)->threshold));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Softmax(HGLayer layer)
{
  Softmax *d;

  PetscFunctionBegin;
  PetscCall(PetscNew(&d));
  layer->data            = d;
  layer->ops->setup      = SetUp_Softmax;
  layer->ops->settensors = SetTensors_Softmax;
  layer->ops->forward    = Forward_Softmax;
  layer->ops->adjoint    = Adjoint_Softmax;
  layer->ops->destroy    = Destroy_Softmax;
  PetscFunctionReturn(PETSC_SUCCESS);
}
