/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layer_impl.h"
#include "kernel/hgfield.h"

/*MC
   HGLAYERUPSAMPLE - the same field on a grid that is finer by whole factors, by the nearest point or by linear interpolation

   Level: intermediate

   Notes:
   Points are the centres of cells, as in PyTorch's Upsample with align_corners=False: fine point i lies at (i + 1/2) / factor - 1/2 of the
   coarse grid. Linear interpolation (bi- and trilinear) continues the field beyond the boundary by its outermost points.

   Fine points live where the coarse points under them live; the nearest point needs no message. Linear interpolation reads a ghost
   point on either side (y = K H x); K* writes these too, and H* brings them home (arXiv 2006.03108, section 4).

.seealso: `HGLayerUpsampleSetFactor()`, `HGLayerUpsampleSetLinear()`
M*/

typedef struct {
  PetscInt              factor[3];
  PetscBool             linear;
  const HGFieldKernels *kernels;
  HGLinOp               halo, halo_adjoint; /* of x and dx, if linear */
  void                 *threshold;
} Upsample;

static PetscErrorCode GetUpsample(HGLayer layer, Upsample **u)
{
  PetscBool same;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)layer, HGLAYERUPSAMPLE, &same));
  PetscCheck(same, PetscObjectComm((PetscObject)layer), PETSC_ERR_ARG_WRONG, "%s is no upsampling layer; use HGLayerSetType() first",
             ((PetscObject)layer)->name);
  *u = (Upsample *)layer->data;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerUpsampleSetFactor - Set how many times finer the output is

   Logically Collective

   Input Parameters:
+  layer  - the layer, of type `HGLAYERUPSAMPLE`
-  factor - along z, y, x (default 2 along the axes of the grid)

   Level: intermediate

   Errors:
   Refuses factors below one or above 16.

.seealso: `HGLAYERUPSAMPLE`
@*/
PetscErrorCode HGLayerUpsampleSetFactor(HGLayer layer, const PetscInt factor[])
{
  Upsample *u = NULL;

  PetscFunctionBegin;
  PetscCall(GetUpsample(layer, &u));
  for (int a = 0; a < 3; a++) {
    HGCheck(factor[a] >= 1 && factor[a] <= HG_MAX_UPSAMPLE, PetscObjectComm((PetscObject)layer),
            "%s: a factor of %" PetscInt_FMT "; it is between 1 and %d", ((PetscObject)layer)->name, factor[a], HG_MAX_UPSAMPLE);
    u->factor[a] = factor[a];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerUpsampleSetLinear - Set whether values in between are interpolated

   Logically Collective

   Input Parameters:
+  layer  - the layer, of type `HGLAYERUPSAMPLE`
-  linear - `PETSC_FALSE` (default): the nearest point's value

   Level: intermediate

.seealso: `HGLAYERUPSAMPLE`
@*/
PetscErrorCode HGLayerUpsampleSetLinear(HGLayer layer, PetscBool linear)
{
  Upsample *u = NULL;

  PetscFunctionBegin;
  PetscCall(GetUpsample(layer, &u));
  u->linear = linear;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateOutput(HGLayer layer, const PetscInt in[HG_AXES])
{
  const Upsample *u = (Upsample *)layer->data;
  PetscInt        n[3], *under[3];

  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) {
    n[a] = in[HG_Z + a] * u->factor[a];
    PetscCall(PetscMalloc1(n[a], &under[a]));
    for (PetscInt i = 0; i < n[a]; i++) under[a][i] = i / u->factor[a];
  }
  PetscCall(HGPartitionCreateResized(layer->in[0].part, in[HG_C], n, (const PetscInt *const *)under, &layer->out));
  for (int a = 0; a < 3; a++) PetscCall(PetscFree(under[a]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Linear interpolation reads one point further where the grid goes on */
static PetscErrorCode SetHalo(HGLayer layer)
{
  const Upsample *u = (Upsample *)layer->data;
  HGHaloWidths   *w = &layer->in[0].halo;

  PetscFunctionBegin;
  PetscCall(HGHaloWidthsCreate(layer->in[0].part, w));
  for (int a = 0; a < 3 && u->linear; a++) {
    const PetscInt *start;

    PetscCall(HGPartitionGetStarts(layer->in[0].part, HG_Z + a, &start));
    for (PetscInt p = 0; p < w->parts[a] && u->factor[a] > 1; p++) {
      if (start[p + 1] == start[p]) continue;
      w->width[a][0][p] = start[p] > 0;
      w->width[a][1][p] = start[p + 1] < start[w->parts[a]];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Upsample(HGLayer layer)
{
  Upsample *u = (Upsample *)layer->data;
  PetscInt  dim, in[HG_AXES];
  HGSimd    simd;

  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGPartitionGetSizes(layer->in[0].part, &dim, in));
  if (!u->factor[2])
    for (int a = 0; a < 3; a++) u->factor[a] = a >= 3 - dim ? 2 : 1;
  PetscCall(CreateOutput(layer, in));
  PetscCall(SetHalo(layer));
  layer->in[0].needed = PETSC_FALSE;
  layer->in[0].masks  = u->linear ? PETSC_FALSE : PETSC_TRUE;
  PetscCall(HGGetSimd(&simd));
  u->kernels = HGFieldKernelsGet(simd, layer->dtype);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Upsample(HGLayer layer)
{
  Upsample        *u       = (Upsample *)layer->data;
  HGLayerInput    *in      = &layer->in[0];
  const HGBoundary zero[3] = {HG_BOUNDARY_ZERO, HG_BOUNDARY_ZERO, HG_BOUNDARY_ZERO};

  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &u->threshold));
  if (!u->linear) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLayerPlanHalo(in->x, zero, &u->halo));
  if (in->dx) PetscCall(HGLayerPlanHalo(in->dx, zero, &u->halo_adjoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dx is written with the ghost points that fine points of this rank read */
static PetscErrorCode GetShape(HGLayer layer, PetscInt nb, const HGTensorLocal *x, const HGTensorLocal *y, HGUpsampleShape *s)
{
  const Upsample *u = (Upsample *)layer->data;
  PetscInt        n[HG_AXES], halo[3][2];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, n));
  PetscCall(HGLayerGetOwnHalo(layer, 0, halo));
  *s = (HGUpsampleShape){.batch = (int)nb, .channels = (int)x->box.size[HG_C], .xs = {x->stride[HG_N]}, .ys = {y->stride[HG_N]}};
  for (int a = 0; a < 3; a++) {
    s->factor[a] = (int)u->factor[a];
    s->n[a]      = (int)y->box.size[HG_Z + a];
    s->out[a]    = (int)y->box.start[HG_Z + a];
    s->in[a]     = (int)x->box.start[HG_Z + a];
    s->size[a]   = (int)n[HG_Z + a];
    s->from[a]   = s->in[a] - (int)halo[a][0];
    s->to[a]     = s->in[a] + (int)(x->box.size[HG_Z + a] + halo[a][1]);
    s->xs[1 + a] = x->stride[HG_Z + a];
    s->ys[1 + a] = y->stride[HG_Z + a];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forward_Upsample(HGLayer layer, PetscInt nb)
{
  Upsample            *u = (Upsample *)layer->data;
  const HGTensorLocal *x, *y;
  HGUpsampleShape      s;

  PetscFunctionBegin;
  if (u->halo) PetscCall(HGLinOpApply(u->halo, layer->in[0].x, layer->in[0].x));
  PetscCall(HGTensorGetLocal(layer->in[0].x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  PetscCall(GetShape(layer, nb, x, y, &s));
  (*(u->linear ? u->kernels->linear : u->kernels->nearest))(&s, x->owned, y->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Upsample(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  Upsample            *u     = (Upsample *)layer->data;
  HGLayerInput        *in    = &layer->in[0];
  HGFieldStore         store = {.add = in->add, .threshold = u->threshold};
  const HGTensorLocal *x, *dx, *dy;
  HGUpsampleShape      s;

  PetscFunctionBegin;
  (void)type, (void)dp;
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(in->x, &x));
  PetscCall(HGTensorGetLocal(in->dx, &dx));
  PetscCall(HGTensorGetLocal(layer->dy, &dy));
  PetscCall(GetShape(layer, nb, dx, dy, &s));
  if (in->rectified) store.mask = x->owned;
  if (u->halo_adjoint) PetscCall(HGTensorZeroGhosts(in->dx));
  (*(u->linear ? u->kernels->linear_adjoint : u->kernels->nearest_adjoint))(&s, dy->owned, &store, dx->owned);
  if (u->halo_adjoint) PetscCall(HGLinOpApplyAdjoint(u->halo_adjoint, in->dx, in->dx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetTraffic_Upsample(HGLayer layer, PetscInt *messages, PetscInt64 *bytes)
{
  const Upsample *u = (Upsample *)layer->data;

  PetscFunctionBegin;
  if (u->halo) PetscCall(HGLinOpGetTraffic(u->halo, messages, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Upsample(HGLayer layer)
{
  Upsample *u = (Upsample *)layer->data;

  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(&u->halo));
  PetscCall(HGLinOpDestroy(&u->halo_adjoint));
  PetscCall(PetscFree(u->threshold));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Upsample(HGLayer layer)
{
  Upsample *u;

  PetscFunctionBegin;
  PetscCall(PetscNew(&u));
  layer->data            = u;
  layer->ops->setup      = SetUp_Upsample;
  layer->ops->settensors = SetTensors_Upsample;
  layer->ops->forward    = Forward_Upsample;
  layer->ops->adjoint    = Adjoint_Upsample;
  layer->ops->gettraffic = GetTraffic_Upsample;
  layer->ops->destroy    = Destroy_Upsample;
  PetscFunctionReturn(PETSC_SUCCESS);
}
