/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/move.h"
#include "kernel/hgbox.h"

/*MC
   HGLAYERCONCAT - the channels of several inputs on the same grid one behind the other, as torch.cat(..., 1)

   Level: intermediate

   Note:
   An input that lies in the output's memory already, as a network's plan arranges where it can (`HGTensorCreateView()`), is
   neither copied forward nor its gradient backward.

   If the channels are in several parts, so are those of the output: each input moves to its range of the output's channels by a
   repartition among the ranks that have the same points, and its gradient moves back by the adjoint.

   Errors:
   Refuses inputs of other grids or numbers of samples, and of other partitions.

.seealso: `HGNetAddLayerTo()`
M*/

/* A range of the output's channels that comes from one input */
typedef struct {
  HGTensor y, dy;
  HGMove   move;
} Range;

typedef struct {
  PetscInt n;     /* the number of inputs if channels are divided, 0 if they are copied in their rank's memory */
  Range   *range; /* [n] */
} Concat;

static PetscErrorCode Forget(Concat *d)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < d->n; i++) {
    PetscCall(HGMoveDestroy(&d->range[i].move));
    PetscCall(HGTensorDestroy(&d->range[i].y));
    PetscCall(HGTensorDestroy(&d->range[i].dy));
  }
  PetscCall(PetscFree(d->range));
  d->n = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Concat(HGLayer layer)
{
  PetscInt first[HG_AXES], size[HG_AXES], channels = 0;

  PetscFunctionBegin;
  PetscCall(HGLayerCheckSameGrid(layer, PETSC_FALSE));
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, first));
  for (PetscInt i = 0; i < layer->nin; i++) {
    PetscCall(HGPartitionGetSizes(layer->in[i].part, NULL, size));
    channels += size[HG_C];
    layer->in[i].needed = PETSC_FALSE;
    layer->in[i].masks  = PETSC_FALSE;
  }
  PetscCall(HGPartitionCreateLike(layer->in[0].part, first[HG_N], channels, &layer->out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateRange(HGTensor all, PetscInt first, PetscInt count, HGTensor *range)
{
  HGPartition p, q;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(all, &p));
  PetscCall(HGPartitionCreateChannels(p, first, count, &q));
  PetscCall(HGTensorCreateView(all, q, first, range));
  PetscCall(HGPartitionDestroy(&q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Concat(HGLayer layer)
{
  Concat  *d = (Concat *)layer->data;
  PetscInt parts[HG_AXES], size[HG_AXES], first = 0;

  PetscFunctionBegin;
  PetscCall(Forget(d));
  PetscCall(HGPartitionGetParts(layer->out, parts));
  if (parts[HG_C] == 1) PetscFunctionReturn(PETSC_SUCCESS);
  d->n = layer->nin;
  PetscCall(PetscCalloc1(d->n, &d->range));
  for (PetscInt i = 0; i < d->n; first += size[HG_C], i++) {
    Range *r = &d->range[i];

    PetscCall(HGPartitionGetSizes(layer->in[i].part, NULL, size));
    PetscCall(CreateRange(layer->y, first, size[HG_C], &r->y));
    if (layer->in[i].dx) PetscCall(CreateRange(layer->dy, first, size[HG_C], &r->dy));
    PetscCall(HGMoveSetUp(&r->move, &layer->in[i], r->y, r->dy));
  }
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
  return (char *)part->owned == (char *)whole->owned + (size_t)channel * HGDTypeSize(t) && part->stride[HG_X] == whole->stride[HG_X]
             ? PETSC_TRUE
             : PETSC_FALSE;
}

static PetscErrorCode Forward_Concat(HGLayer layer, PetscInt nb)
{
  Concat              *d = (Concat *)layer->data;
  const HGTensorLocal *x, *y;
  HGStrided            p, w;
  PetscInt             channel = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < d->n; i++) PetscCall(HGMoveForward(&d->range[i].move, &layer->in[i], d->range[i].y));
  if (d->n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(layer->y, &y));
  for (PetscInt i = 0; i < layer->nin; channel += x->box.size[HG_C], i++) {
    PetscCall(HGTensorGetLocal(layer->in[i].x, &x));
    if (!x->elements || InPlace(x, y, channel, layer->dtype)) continue;
    GetPair(x, y, channel, nb, &p, &w);
    HGStridedCopy(layer->dtype, &p, x->owned, &w, y->owned);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Concat(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  Concat              *d = (Concat *)layer->data;
  const HGTensorLocal *x, *dx, *dy;
  HGStrided            p, w;
  PetscInt             channel = 0;

  PetscFunctionBegin;
  (void)type, (void)dp;
  for (PetscInt i = 0; i < d->n; i++) PetscCall(HGMoveAdjoint(&d->range[i].move, &layer->in[i], d->range[i].dy));
  if (d->n) PetscFunctionReturn(PETSC_SUCCESS);
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

static PetscErrorCode GetTraffic_Concat(HGLayer layer, PetscInt *messages, PetscInt64 *bytes)
{
  Concat *d = (Concat *)layer->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < d->n; i++) PetscCall(HGMoveGetTraffic(&d->range[i].move, messages, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Concat(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(Forget((Concat *)layer->data));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Concat(HGLayer layer)
{
  Concat *d;

  PetscFunctionBegin;
  PetscCall(PetscNew(&d));
  layer->data            = d;
  layer->ops->setup      = SetUp_Concat;
  layer->ops->settensors = SetTensors_Concat;
  layer->ops->forward    = Forward_Concat;
  layer->ops->adjoint    = Adjoint_Concat;
  layer->ops->gettraffic = GetTraffic_Concat;
  layer->ops->destroy    = Destroy_Concat;
  PetscFunctionReturn(PETSC_SUCCESS);
}
