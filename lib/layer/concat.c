/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layer_impl.h"
#include "kernel/hgbox.h"

/*MC
   HGLAYERCONCAT - the channels of several inputs on the same grid one behind the other, as torch.cat(..., 1)

   Level: intermediate

   Note:
   An input that lies in the output's memory already, as a network's plan arranges where it can (`HGTensorCreateView()`), is
   neither copied forward nor its gradient backward.

.seealso: `HGNetAddLayerTo()`
M*/

static PetscErrorCode SetUp_Concat(HGLayer layer)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)layer);
  PetscInt first[HG_AXES], size[HG_AXES], parts[HG_AXES], channels = 0;

  PetscFunctionBegin;
  HGCheck(layer->nin >= 1, comm, "%s: nothing to concatenate; give at least one input", ((PetscObject)layer)->name);
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, first));
  PetscCall(HGPartitionGetParts(layer->in[0].part, parts));
  HGCheck(parts[HG_C] == 1, comm, "%s: the channels are in %" PetscInt_FMT " parts; concatenation needs them whole (-hg_channel_parts 1)", ((PetscObject)layer)->name, parts[HG_C]);
  for (PetscInt i = 0; i < layer->nin; i++) {
    PetscCall(HGPartitionGetSizes(layer->in[i].part, NULL, size));
    for (int a = 0; a < HG_AXES; a++)
      HGCheck(a == HG_C || size[a] == first[a], comm, "%s: input %" PetscInt_FMT " is %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " (n, c, z, y, x), the first is %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT "; only channels may differ", ((PetscObject)layer)->name, i + 1, size[0], size[1], size[2], size[3], size[4], first[0], first[1], first[2], first[3], first[4]);
    channels += size[HG_C];
    layer->in[i].needed = PETSC_FALSE;
    layer->in[i].masks  = PETSC_FALSE;
  }
  PetscCall(HGPartitionCreateLike(layer->in[0].part, first[HG_N], channels, &layer->out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An input's points, and its channels of the whole */
static void GetPair(const HGTensorLocal *part, const HGTensorLocal *whole, PetscInt channel, PetscInt nb, HGStrided *p, HGStrided *w)
{
  *p = (HGStrided){.size = {nb, part->box.size[HG_C], part->box.size[HG_Z], part->box.size[HG_Y], part->box.size[HG_X]}};
  *w = *p;
  for (int a = 0; a < HG_AXES; a++) {
    p->stride[a] = part->stride[a];
    w->stride[a] = whole->stride[a];
  }
  w->offset = channel;
}

static PetscBool InPlace(const HGTensorLocal *part, const HGTensorLocal *whole, PetscInt channel, HGDType t)
{
  return (char *)part->owned == (char *)whole->owned + (size_t)channel * HGDTypeSize(t) && part->stride[HG_X] == whole->stride[HG_X] ? PETSC_TRUE : PETSC_FALSE;
}

static PetscErrorCode Forward_Concat(HGLayer layer, PetscInt nb)
{
  const HGTensorLocal *x, *y;
  HGStrided            p, w;
  PetscInt             channel = 0;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(layer->y, &y));
  for (PetscInt i = 0; i < layer->nin; channel += x->box.size[HG_C], i++) {
    PetscCall(HGTensorGetLocal(layer->in[i].x, &x));
    if (!x->elements || InPlace(x, y, channel, layer->dtype)) continue;
    GetPair(x, y, channel, nb, &p, &w);
    HGStridedCopy(layer->dtype, &p, x->owned, &w, y->owned);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Concat(HGLayer layer, PetscInt nb, double dp[])
{
  const HGTensorLocal *x, *dx, *dy;
  HGStrided            p, w;
  PetscInt             channel = 0;

  PetscFunctionBegin;
  (void)dp;
  PetscCall(HGTensorGetLocal(layer->dy, &dy));
  for (PetscInt i = 0; i < layer->nin; channel += x->box.size[HG_C], i++) {
    PetscCall(HGTensorGetLocal(layer->in[i].x, &x));
    if (!layer->in[i].dx) continue;
    PetscCall(HGTensorGetLocal(layer->in[i].dx, &dx));
    if (!dx->elements || InPlace(dx, dy, channel, layer->dtype)) continue;
    GetPair(dx, dy, channel, nb, &p, &w);
    if (layer->in[i].add) HGStridedAdd(layer->dtype, &w, dy->owned, &p, dx->owned);
    else HGStridedCopy(layer->dtype, &w, dy->owned, &p, dx->owned);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Concat(HGLayer layer)
{
  PetscFunctionBegin;
  layer->ops->setup   = SetUp_Concat;
  layer->ops->forward = Forward_Concat;
  layer->ops->adjoint = Adjoint_Concat;
  PetscFunctionReturn(PETSC_SUCCESS);
}
