/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layer_impl.h"
#include "kernel/hgpool.h"

/*MC
   HGLAYERUPSAMPLE - the same field on a grid that is finer by whole factors, by the nearest point or by linear interpolation

   Level: intermediate

   Notes:
   Points are the centres of cells, as in PyTorch's Upsample with align_corners=False: fine point i lies at (i + 1/2) / factor - 1/2 of the
   coarse grid. Linear interpolation (bi- and trilinear) continues the field beyond the boundary by its outermost points: its halo
   replicates, and the adjoint is that of both.

   Fine points live where the coarse points under them live; the nearest point needs no message.

.seealso: `HGLayerUpsampleSetFactor()`, `HGLayerUpsampleSetLinear()`
M*/

typedef struct {
  PetscInt             factor[3];
  PetscBool            linear;
  const HGPoolKernels *kernels;
  HGInterpolation     *table[3];           /* [fine points of this rank] */
  HGLinOp              halo, halo_adjoint; /* of x and dx, if linear */
  void                *threshold;
} Upsample;

static PetscErrorCode GetUpsample(HGLayer layer, Upsample **u)
{
  PetscBool same;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)layer, HGLAYERUPSAMPLE, &same));
  PetscCheck(same, PetscObjectComm((PetscObject)layer), PETSC_ERR_ARG_WRONG, "%s is no upsampling layer; use HGLayerSetType() first", ((PetscObject)layer)->name);
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
   Refuses factors below one.

.seealso: `HGLAYERUPSAMPLE`
@*/
PetscErrorCode HGLayerUpsampleSetFactor(HGLayer layer, const PetscInt factor[])
{
  Upsample *u = NULL;

  PetscFunctionBegin;
  PetscCall(GetUpsample(layer, &u));
  for (int a = 0; a < 3; a++) {
    HGCheck(factor[a] >= 1, PetscObjectComm((PetscObject)layer), "%s: a factor of %" PetscInt_FMT "; it is at least 1", ((PetscObject)layer)->name, factor[a]);
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

/* Linear interpolation reads one point further wherever there are points */
static PetscErrorCode SetHalo(HGLayer layer)
{
  const Upsample *u = (Upsample *)layer->data;
  HGHaloWidths   *w = &layer->in[0].halo;

  PetscFunctionBegin;
  PetscCall(HGHaloWidthsCreate(layer->in[0].part, w));
  for (int a = 0; a < 3 && u->linear; a++) {
    const PetscInt *start;

    PetscCall(HGPartitionGetStarts(layer->in[0].part, HG_Z + a, &start));
    for (PetscInt p = 0; p < w->parts[a]; p++) w->width[a][0][p] = w->width[a][1][p] = u->factor[a] > 1 && start[p + 1] > start[p];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTable(HGLayer layer)
{
  Upsample   *u = (Upsample *)layer->data;
  PetscMPIInt rank;
  HGBox       fine;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)layer), &rank));
  PetscCall(HGPartitionGetBox(layer->out, rank, &fine));
  for (int a = 0; a < 3; a++) {
    const PetscInt f = u->factor[a];

    PetscCall(PetscFree(u->table[a]));
    PetscCall(PetscMalloc1(fine.size[HG_Z + a], &u->table[a]));
    for (PetscInt i = 0; i < fine.size[HG_Z + a]; i++) {
      const PetscInt twice = 2 * i + 1 - f; /* the position times 2 f, from the first owned point: (i + 1/2) / f - 1/2 */
      const PetscInt at    = twice < 0 ? -1 : twice / (2 * f);
      const double   w     = (double)(twice - 2 * f * at) / (double)(2 * f);

      u->table[a][i] = (HGInterpolation){.at = (int)at, .w = {1 - w, w}};
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
  if (u->linear) PetscCall(SetTable(layer));
  for (int a = 0; a < 3 && u->linear; a++) layer->in[0].boundary[a] = HG_BOUNDARY_REPLICATE;
  layer->in[0].needed = PETSC_FALSE;
  layer->in[0].masks  = u->linear ? PETSC_FALSE : PETSC_TRUE;
  PetscCall(HGGetSimd(&simd));
  u->kernels = HGPoolKernelsGet(simd, layer->dtype);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Upsample(HGLayer layer)
{
  Upsample        *u       = (Upsample *)layer->data;
  HGLayerInput    *in      = &layer->in[0];
  const HGBoundary edge[3] = {HG_BOUNDARY_REPLICATE, HG_BOUNDARY_REPLICATE, HG_BOUNDARY_REPLICATE};

  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &u->threshold));
  if (!u->linear) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLayerPlanHalo(in->x, edge, &u->halo));
  if (in->dx) PetscCall(HGLayerPlanHalo(in->dx, edge, &u->halo_adjoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Each coarse point is a window of fine ones */
static HGPoolShape GetShape(HGLayer layer, PetscInt nb, const HGTensorLocal *x, const HGTensorLocal *y)
{
  const Upsample *u = (Upsample *)layer->data;
  HGPoolShape     s = {.batch = (int)nb, .channels = (int)x->box.size[HG_C], .bs = {y->stride[HG_N]}, .ss = {x->stride[HG_N]}};

  for (int a = 0; a < 3; a++) {
    s.n[a] = (int)x->box.size[HG_Z + a];
    s.k[a] = s.stride[a] = (int)u->factor[a];
    s.dilation[a]        = 1;
    s.limit[a]           = s.n[a] * s.k[a];
    s.bs[1 + a]          = u->factor[a] * y->stride[HG_Z + a];
    s.ss[1 + a]          = x->stride[HG_Z + a];
  }
  return s;
}

static PetscErrorCode Forward_Upsample(HGLayer layer, PetscInt nb)
{
  Upsample            *u     = (Upsample *)layer->data;
  const HGPoolStore    store = {0};
  const HGTensorLocal *x, *y;

  PetscFunctionBegin;
  if (u->halo) PetscCall(HGLinOpApply(u->halo, layer->in[0].x, layer->in[0].x));
  PetscCall(HGTensorGetLocal(layer->in[0].x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  if (u->linear) {
    const int             n[3] = {(int)y->box.size[HG_Z], (int)y->box.size[HG_Y], (int)y->box.size[HG_X]};
    const HGInterpolation *const t[3] = {u->table[0], u->table[1], u->table[2]};
    const ptrdiff_t       cs[4] = {x->stride[HG_N], x->stride[HG_Z], x->stride[HG_Y], x->stride[HG_X]}, fs[4] = {y->stride[HG_N], y->stride[HG_Z], y->stride[HG_Y], y->stride[HG_X]};

    (*u->kernels->interpolate)((int)nb, (int)x->box.size[HG_C], n, t, cs, fs, x->owned, y->owned);
  } else {
    const HGPoolShape s = GetShape(layer, nb, x, y);

    (*u->kernels->spread)(&s, 1, x->owned, y->owned, &store);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Upsample(HGLayer layer, PetscInt nb, double dp[])
{
  Upsample            *u     = (Upsample *)layer->data;
  HGLayerInput        *in    = &layer->in[0];
  HGPoolStore          store = {.add = in->add, .threshold = u->threshold};
  const HGTensorLocal *x, *dx, *dy;

  PetscFunctionBegin;
  (void)dp;
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(in->x, &x));
  PetscCall(HGTensorGetLocal(in->dx, &dx));
  PetscCall(HGTensorGetLocal(layer->dy, &dy));
  if (u->linear) {
    const int             n[3] = {(int)dy->box.size[HG_Z], (int)dy->box.size[HG_Y], (int)dy->box.size[HG_X]};
    const HGInterpolation *const t[3] = {u->table[0], u->table[1], u->table[2]};
    const ptrdiff_t       cs[4] = {dx->stride[HG_N], dx->stride[HG_Z], dx->stride[HG_Y], dx->stride[HG_X]}, fs[4] = {dy->stride[HG_N], dy->stride[HG_Z], dy->stride[HG_Y], dy->stride[HG_X]};

    if (!in->add) PetscCall(HGTensorZeroOwned(in->dx));
    PetscCall(HGTensorZeroGhosts(in->dx));
    (*u->kernels->interpolate_adjoint)((int)nb, (int)dx->box.size[HG_C], n, t, cs, fs, dy->owned, dx->owned);
    if (u->halo_adjoint) PetscCall(HGLinOpApplyAdjoint(u->halo_adjoint, in->dx, in->dx));
  } else {
    const HGPoolShape s = GetShape(layer, nb, dx, dy);

    if (in->rectified) store.mask = x->owned;
    (*u->kernels->sum_pool)(&s, 1, dy->owned, dx->owned, &store);
  }
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
  for (int a = 0; a < 3; a++) PetscCall(PetscFree(u->table[a]));
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
