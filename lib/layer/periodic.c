/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layerfield.h"

/*MC
   HGLAYERPERIODIC - cosine and sine of the channels that are periodic coordinates, the other channels as they are

   Level: intermediate

   Notes:
   A channel x of period 2 becomes the two channels cos(pi x) and sin(pi x): whatever follows is periodic with all derivatives (Dong and Ni, Journal of
   Computational Physics 435, 2021, section 2.1).

   Shape:
   x [N][Z][Y][X][C], y [N][Z][Y][X][C + periodic channels]

.seealso: `HGLayerPeriodicSetChannels()`, `HGNETMLP`
M*/

#define MOST 16 /* channels */

typedef struct {
  PetscBool             is[MOST];
  unsigned char         periodic[MOST];
  const HGFieldKernels *kernels;
  void                 *threshold;
} Periodic;

/*@
   HGLayerPeriodicSetChannels - Set which channels are periodic

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERPERIODIC`
-  is    - for each of 16 channels whether it is; those beyond the input's are not looked at

   Level: intermediate

   Shape:
   is [16]

.seealso: `HGLAYERPERIODIC`
@*/
PetscErrorCode HGLayerPeriodicSetChannels(HGLayer layer, const PetscBool is[])
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERPERIODIC));
  PetscCall(PetscArraycpy(((Periodic *)layer->data)->is, is, MOST));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Periodic(HGLayer layer)
{
  Periodic *d    = (Periodic *)layer->data;
  MPI_Comm  comm = PetscObjectComm((PetscObject)layer);
  PetscInt  n[HG_AXES], parts[HG_AXES], channels = 0;

  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, n));
  PetscCall(HGPartitionGetParts(layer->in[0].part, parts));
  HGCheck(n[HG_C] <= MOST && parts[HG_C] == 1, comm,
          "%s: %" PetscInt_FMT " coordinates in %" PetscInt_FMT
          " parts; periodic coordinates are up to %d channels in one part (-hg_channel_parts)",
          ((PetscObject)layer)->name, n[HG_C], parts[HG_C], MOST);
  for (PetscInt c = 0; c < n[HG_C]; c++) {
    d->periodic[c] = d->is[c] ? 1 : 0;
    channels += 1 + d->periodic[c];
  }
  PetscCall(HGPartitionCreateLike(layer->in[0].part, n[HG_N], channels, &layer->out));
  layer->in[0].masks = PETSC_TRUE;
  PetscCall(HGLayerGetFieldKernels(layer, &d->kernels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Periodic(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &((Periodic *)layer->data)->threshold));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forward_Periodic(HGLayer layer, PetscInt nb)
{
  const Periodic      *d = (Periodic *)layer->data;
  const HGTensorLocal *x, *y;
  HGFieldShape         s;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(layer->in[0].x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  s = HGFieldShapeOf(x, y, nb);
  (*d->kernels->harmonics)(&s, d->periodic, x->owned, y->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Periodic(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  const Periodic      *d = (Periodic *)layer->data;
  HGLayerAdjointFields f;

  PetscFunctionBegin;
  (void)type, (void)dp;
  PetscCall(HGLayerGetAdjointFields(layer, nb, d->threshold, &f));
  if (f.wanted) (*d->kernels->harmonics_adjoint)(&f.shape, d->periodic, f.x->owned, f.dy->owned, &f.store, f.dx->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Periodic(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(((Periodic *)layer->data)->threshold));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Periodic(HGLayer layer)
{
  Periodic *d;

  PetscFunctionBegin;
  PetscCall(PetscNew(&d));
  layer->data            = d;
  layer->ops->setup      = SetUp_Periodic;
  layer->ops->settensors = SetTensors_Periodic;
  layer->ops->forward    = Forward_Periodic;
  layer->ops->adjoint    = Adjoint_Periodic;
  layer->ops->destroy    = Destroy_Periodic;
  PetscFunctionReturn(PETSC_SUCCESS);
}
