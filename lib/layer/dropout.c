/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layerfield.h"

/*MC
   HGLAYERDROPOUT - in training, sets elements to zero at random and divides the others by the probability to stay; otherwise y = x

   Level: intermediate

   Note:
   Which elements stay depends on the seed, the layer's name, the training step and the element's index in the whole tensor
   (n, z, y, x, c) alone: it is the same on any number of ranks and threads, and no mask is stored.

.seealso: `HGLayerDropoutSetProbability()`, `HGLayerSetTraining()`, `HGLayerSetRandom()`
M*/

typedef struct {
  PetscReal             probability;
  const HGFieldKernels *kernels;
  void                 *threshold;
} Dropout;

/*@
   HGLayerDropoutSetProbability - Set how likely an element becomes zero

   Logically Collective

   Input Parameters:
+  layer       - the layer, of type `HGLAYERDROPOUT`
-  probability - in [0, 1), default 0.5

   Level: intermediate

   Errors:
   Refuses other numbers.

.seealso: `HGLAYERDROPOUT`
@*/
PetscErrorCode HGLayerDropoutSetProbability(HGLayer layer, PetscReal probability)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERDROPOUT));
  HGCheck(probability >= 0 && probability < 1, PetscObjectComm((PetscObject)layer), "%s: a probability of %g; it is at least 0 and below 1",
          ((PetscObject)layer)->name, (double)probability);
  ((Dropout *)layer->data)->probability = probability;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Dropout(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGLayerCreateOutputLikeInput(layer));
  layer->in[0].needed = PETSC_FALSE;
  layer->in[0].masks  = PETSC_TRUE;
  PetscCall(HGLayerGetFieldKernels(layer, &((Dropout *)layer->data)->kernels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Dropout(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &((Dropout *)layer->data)->threshold));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* to = from times the factors of this step */
static PetscErrorCode Apply(HGLayer layer, PetscInt nb, const HGTensorLocal *from, const HGFieldStore *store, const HGTensorLocal *to)
{
  const Dropout     *d = (Dropout *)layer->data;
  const HGFieldShape s = HGFieldShapeOf(from, to, nb);
  HGDropout          k = {.seed        = layer->seed,
                          .stream      = HGRandomBits(layer->seed, HGRandomStream(((PetscObject)layer)->name), layer->step),
                          .probability = (double)d->probability};
  PetscInt           n[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(layer->out, NULL, n));
  k.index[3] = (uint64_t)n[HG_C];
  for (int a = 2; a >= 0; a--) k.index[a] = k.index[a + 1] * (uint64_t)n[HG_Z + a];
  k.first = (uint64_t)to->box.start[HG_N] * k.index[0] + (uint64_t)to->box.start[HG_C];
  for (int a = 0; a < 3; a++) k.first += (uint64_t)to->box.start[HG_Z + a] * k.index[1 + a];
  (*d->kernels->dropout)(&s, &k, from->owned, store, to->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forward_Dropout(HGLayer layer, PetscInt nb)
{
  const Dropout       *d     = (Dropout *)layer->data;
  const HGFieldStore   store = {0};
  const HGTensorLocal *x, *y;
  HGFieldShape         s;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(layer->in[0].x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  s = HGFieldShapeOf(y, x, nb);
  if (layer->training) PetscCall(Apply(layer, nb, x, &store, y));
  else (*d->kernels->transfer)(&s, x->owned, &store, y->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Dropout(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  const Dropout       *d = (Dropout *)layer->data;
  HGLayerAdjointFields f;

  PetscFunctionBegin;
  (void)type, (void)dp;
  PetscCall(HGLayerGetAdjointFields(layer, nb, d->threshold, &f));
  if (!f.wanted) PetscFunctionReturn(PETSC_SUCCESS);
  if (layer->training) PetscCall(Apply(layer, nb, f.dy, &f.store, f.dx));
  else (*d->kernels->transfer)(&f.shape, f.dy->owned, &f.store, f.dx->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Dropout(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(((Dropout *)layer->data)->threshold));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Dropout(HGLayer layer)
{
  Dropout *d;

  PetscFunctionBegin;
  PetscCall(PetscNew(&d));
  d->probability         = 0.5;
  layer->data            = d;
  layer->ops->setup      = SetUp_Dropout;
  layer->ops->settensors = SetTensors_Dropout;
  layer->ops->forward    = Forward_Dropout;
  layer->ops->adjoint    = Adjoint_Dropout;
  layer->ops->destroy    = Destroy_Dropout;
  PetscFunctionReturn(PETSC_SUCCESS);
}
