/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layerfield.h"

/*MC
   HGLAYERADD - the sum of several inputs of the same shape, with a rectification if that is asked for

   Level: intermediate

   Note:
   The skip connection of residual networks: y = act(x_1 + x_2 + ...). Its adjoint copies dy to each input.

.seealso: `HGLayerAddSetActivation()`, `HGNetAddLayerTo()`
M*/

typedef struct {
  const HGFieldKernels *kernels;
  PetscInt              n;
  HGFieldInput         *input;     /* [n] */
  void                **threshold; /* [n] */
} Add;

/*@
   HGLayerAddSetActivation - Set the function that is applied to a sum

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERADD`
-  act   - `HG_ACT_IDENTITY` (default) or `HG_ACT_RELU`

   Level: intermediate

   Errors:
   Refuses other functions.

.seealso: `HGLAYERADD`, `HGLAYERACTIVATION`
@*/
PetscErrorCode HGLayerAddSetActivation(HGLayer layer, HGActivation act)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERADD));
  HGCheck(act == HG_ACT_IDENTITY || act == HG_ACT_RELU, PetscObjectComm((PetscObject)layer),
          "%s: a sum applies relu only; add a layer of type activation", ((PetscObject)layer)->name);
  layer->activation = act;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forget(HGLayer layer)
{
  Add *d = (Add *)layer->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < d->n; i++) PetscCall(PetscFree(d->threshold[i]));
  PetscCall(PetscFree(d->threshold));
  PetscCall(PetscFree(d->input));
  d->n = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Add(HGLayer layer)
{
  Add *d = (Add *)layer->data;

  PetscFunctionBegin;
  PetscCall(HGLayerCheckSameGrid(layer, PETSC_TRUE));
  for (PetscInt i = 0; i < layer->nin; i++) {
    layer->in[i].needed = PETSC_FALSE;
    layer->in[i].masks  = PETSC_TRUE;
  }
  PetscCall(HGLayerCreateOutputLikeInput(layer));
  PetscCall(HGLayerGetFieldKernels(layer, &d->kernels));
  PetscCall(Forget(layer));
  d->n = layer->nin;
  PetscCall(PetscCalloc1(d->n, &d->input));
  PetscCall(PetscCalloc1(d->n, &d->threshold));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Add(HGLayer layer)
{
  Add                 *d = (Add *)layer->data;
  const HGTensorLocal *x;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < d->n; i++) {
    PetscCall(HGLayerSetThreshold(layer, i, &d->threshold[i]));
    PetscCall(HGTensorGetLocal(layer->in[i].x, &x));
    d->input[i] = (HGFieldInput){.xs = {x->stride[HG_N], x->stride[HG_Z], x->stride[HG_Y], x->stride[HG_X]}};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forward_Add(HGLayer layer, PetscInt nb)
{
  Add                 *d = (Add *)layer->data;
  const HGTensorLocal *x, *y;
  HGFieldShape         s;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(layer->y, &y));
  for (PetscInt i = 0; i < d->n; i++) {
    PetscCall(HGTensorGetLocal(layer->in[i].x, &x));
    d->input[i].x = x->owned;
  }
  s = HGFieldShapeOf(y, y, nb);
  (*d->kernels->add)(&s, (int)d->n, d->input, layer->activation, y->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Add(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  const Add           *d = (Add *)layer->data;
  const HGTensorLocal *x, *dx, *dy;

  PetscFunctionBegin;
  (void)type, (void)dp;
  PetscCall(HGTensorGetLocal(layer->dy, &dy));
  for (PetscInt i = 0; i < d->n; i++) {
    HGLayerInput *in    = &layer->in[i];
    HGFieldStore  store = {.add = in->add, .threshold = d->threshold[i]};
    HGFieldShape  s;

    if (!in->dx) continue;
    PetscCall(HGTensorGetLocal(in->x, &x));
    PetscCall(HGTensorGetLocal(in->dx, &dx));
    s = HGFieldShapeOf(dx, dy, nb);
    if (in->rectified) store.mask = x->owned;
    (*d->kernels->transfer)(&s, dy->owned, &store, dx->owned);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Add(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(Forget(layer));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Add(HGLayer layer)
{
  Add *d;

  PetscFunctionBegin;
  PetscCall(PetscNew(&d));
  layer->data            = d;
  layer->ops->setup      = SetUp_Add;
  layer->ops->settensors = SetTensors_Add;
  layer->ops->forward    = Forward_Add;
  layer->ops->adjoint    = Adjoint_Add;
  layer->ops->destroy    = Destroy_Add;
  PetscFunctionReturn(PETSC_SUCCESS);
}
