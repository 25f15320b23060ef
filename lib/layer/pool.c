/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layer_impl.h"
#include "kernel/hgfield.h"

/*MC
   HGLAYERPOOL - the maximum or the mean of the points in a window, for each channel

   Level: intermediate

   Notes:
   y[n][p][c] = max over taps k of x[n][p stride - padding + k dilation][c]; taps beyond the boundary do not count. The mean divides by all
   taps of the window (as PyTorch's count_include_pad), or by those that count. Of equal values the first is the maximum, in the
   order z, y, x of the taps, as in PyTorch.

   Where windows reach into other ranks' points a halo exchange brings these (y = K H x); the adjoint adds to ghost points of dx
   and H* brings them home (arXiv 2006.03108, section 4). Windows that do not overlap need no message.

.seealso: `HGLayerPoolSetWindow()`, `HGLayerPoolSetAverage()`
M*/

typedef struct {
  HGStencil             s;
  PetscBool             average, count_padding;
  const HGFieldKernels *kernels;
  HGLinOp               halo, halo_adjoint; /* of x and dx; NULL: no ghost points */
  PetscBool             reads_ghosts;
  void                 *threshold;
} Pool;

static PetscErrorCode GetPool(HGLayer layer, Pool **p)
{
  PetscBool same;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)layer, HGLAYERPOOL, &same));
  PetscCheck(same, PetscObjectComm((PetscObject)layer), PETSC_ERR_ARG_WRONG, "%s is no pooling layer; use HGLayerSetType() first",
             ((PetscObject)layer)->name);
  *p = (Pool *)layer->data;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerPoolSetWindow - Set the points that a pooling layer looks at

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERPOOL`
-  s     - window, stride, padding and dilation along z, y, x (default 2, 2, 0, 1 along the axes of the grid)

   Level: intermediate

   Errors:
   `HGLayerSetUp()` refuses a padding of more than half the window, windows larger than the padded grid, and values below one.

.seealso: `HGLAYERPOOL`
@*/
PetscErrorCode HGLayerPoolSetWindow(HGLayer layer, const HGStencil *s)
{
  Pool *p = NULL;

  PetscFunctionBegin;
  PetscCall(GetPool(layer, &p));
  p->s = *s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerPoolSetAverage - Set whether a pooling layer takes the mean

   Logically Collective

   Input Parameters:
+  layer         - the layer, of type `HGLAYERPOOL`
.  average       - the mean instead of the maximum (default `PETSC_FALSE`)
-  count_padding - divide by all taps of the window, also those beyond the boundary

   Level: intermediate

.seealso: `HGLAYERPOOL`
@*/
PetscErrorCode HGLayerPoolSetAverage(HGLayer layer, PetscBool average, PetscBool count_padding)
{
  Pool *p = NULL;

  PetscFunctionBegin;
  PetscCall(GetPool(layer, &p));
  p->average       = average;
  p->count_padding = count_padding;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without a window: 2 points, stride 2, along the axes that the grid has */
static void DefaultWindow(Pool *p, PetscInt dim)
{
  if (p->s.kernel[2]) return;
  for (int a = 0; a < 3; a++) {
    p->s.kernel[a] = p->s.stride[a] = a >= 3 - dim ? 2 : 1;
    p->s.dilation[a]                = 1;
  }
}

#define ZYX_FMT "%" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
#define ZYX(n)  (n)[0], (n)[1], (n)[2]

/* Along axis a of space; with dilation, a window may fall on padding alone */
static PetscErrorCode CheckWindow(HGLayer layer, const PetscInt grid[3], int a, PetscInt windows)
{
  const HGStencil *s    = &((Pool *)layer->data)->s;
  MPI_Comm         comm = PetscObjectComm((PetscObject)layer);
  const char      *name = ((PetscObject)layer)->name;

  PetscFunctionBegin;
  for (PetscInt o = 0; o < windows; o++) {
    const PetscInt first = o * s->stride[a] - s->padding[a];
    PetscInt       k     = 0;

    while (k < s->kernel[a] && (first + k * s->dilation[a] < 0 || first + k * s->dilation[a] >= grid[a])) k++;
    HGCheck(k < s->kernel[a], comm,
            "%s: window %" PetscInt_FMT " along %s has no point of the grid, only padding (window " ZYX_FMT ", dilation " ZYX_FMT
            ", grid " ZYX_FMT " in z, y, x); take less padding or dilation",
            name, o, HGAxisNames[HG_Z + a], ZYX(s->kernel), ZYX(s->dilation), ZYX(grid));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateOutput(HGLayer layer, const PetscInt in[HG_AXES])
{
  const HGStencil *s    = &((Pool *)layer->data)->s;
  MPI_Comm         comm = PetscObjectComm((PetscObject)layer);
  const char      *name = ((PetscObject)layer)->name;
  const PetscInt  *grid = in + HG_Z;
  PetscInt         n[3], *under[3];

  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) {
    const PetscInt reach = (s->kernel[a] - 1) * s->dilation[a], m = grid[a], padded = m + 2 * s->padding[a];

    HGCheck(s->kernel[a] >= 1 && s->stride[a] >= 1 && s->dilation[a] >= 1, comm,
            "%s: a window of %" PetscInt_FMT " points, stride %" PetscInt_FMT ", dilation %" PetscInt_FMT "; all are at least 1", name,
            s->kernel[a], s->stride[a], s->dilation[a]);
    HGCheck(s->padding[a] >= 0 && 2 * s->padding[a] <= s->kernel[a], comm,
            "%s: a padding of %" PetscInt_FMT " points; it is at most half the window of %" PetscInt_FMT " (window " ZYX_FMT
            ", grid " ZYX_FMT " in z, y, x)",
            name, s->padding[a], s->kernel[a], ZYX(s->kernel), ZYX(grid));
    HGCheck(padded > reach, comm,
            "%s: a window that spans %" PetscInt_FMT " points along %s is larger than the padded grid of %" PetscInt_FMT
            " points (window " ZYX_FMT ", grid " ZYX_FMT " in z, y, x); use fewer levels or a finer grid",
            name, reach + 1, HGAxisNames[HG_Z + a], padded, ZYX(s->kernel), ZYX(grid));
    n[a] = (padded - reach - 1) / s->stride[a] + 1;
    PetscCall(CheckWindow(layer, grid, a, n[a]));
    PetscCall(PetscMalloc1(n[a], &under[a]));
    for (PetscInt o = 0; o < n[a]; o++) under[a][o] = PetscMin(PetscMax(o * s->stride[a] - s->padding[a] + reach / 2, 0), m - 1);
  }
  PetscCall(HGPartitionCreateResized(layer->in[0].part, in[HG_C], n, (const PetscInt *const *)under, &layer->out));
  for (int a = 0; a < 3; a++) PetscCall(PetscFree(under[a]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Pool(HGLayer layer)
{
  Pool    *p = (Pool *)layer->data;
  PetscInt dim, in[HG_AXES], most[3][2];
  HGSimd   simd;

  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGPartitionGetSizes(layer->in[0].part, &dim, in));
  DefaultWindow(p, dim);
  PetscCall(CreateOutput(layer, in));
  PetscCall(HGHaloWidthsFromStencil(layer->in[0].part, layer->out, &p->s, &layer->in[0].halo));
  PetscCall(HGHaloWidthsLargest(&layer->in[0].halo, most));
  p->reads_ghosts = PETSC_FALSE;
  for (int i = 0; i < 6; i++)
    if (most[i / 2][i % 2]) p->reads_ghosts = PETSC_TRUE;
  layer->in[0].needed = p->average ? PETSC_FALSE : PETSC_TRUE;
  layer->in[0].masks  = !p->average || !p->reads_ghosts ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(HGGetSimd(&simd));
  p->kernels = HGFieldKernelsGet(simd, layer->dtype);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Pool(HGLayer layer)
{
  Pool            *p       = (Pool *)layer->data;
  HGLayerInput    *in      = &layer->in[0];
  const HGBoundary zero[3] = {HG_BOUNDARY_ZERO, HG_BOUNDARY_ZERO, HG_BOUNDARY_ZERO};

  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &p->threshold));
  if (!p->reads_ghosts) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLayerPlanHalo(in->x, zero, &p->halo));
  if (in->dx) PetscCall(HGLayerPlanHalo(in->dx, zero, &p->halo_adjoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The windows of this rank's points; dx is written with the ghost points that these reach */
static PetscErrorCode GetShape(HGLayer layer, PetscInt nb, HGPoolShape *s)
{
  const Pool          *p = (Pool *)layer->data;
  const HGTensorLocal *x, *y;
  PetscInt             n[HG_AXES], halo[3][2];

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(layer->in[0].x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, n));
  PetscCall(HGLayerGetOwnHalo(layer, 0, halo));
  *s = (HGPoolShape){.batch           = (int)nb,
                     .channels        = (int)y->box.size[HG_C],
                     .include_padding = p->count_padding,
                     .xs              = {x->stride[HG_N]},
                     .ys              = {y->stride[HG_N]}};
  for (int a = 0; a < 3; a++) {
    const PetscInt start = x->box.start[HG_Z + a], size = x->box.size[HG_Z + a];

    s->n[a]        = (int)y->box.size[HG_Z + a];
    s->k[a]        = (int)p->s.kernel[a];
    s->stride[a]   = (int)p->s.stride[a];
    s->dilation[a] = (int)p->s.dilation[a];
    s->first[a]    = (int)(y->box.start[HG_Z + a] * p->s.stride[a] - p->s.padding[a] - start);
    s->lo[a]       = (int)-start;
    s->hi[a]       = (int)(n[HG_Z + a] - start);
    s->from[a]     = (int)PetscMax(-halo[a][0], -start);
    s->to[a]       = (int)PetscMin(size + halo[a][1], n[HG_Z + a] - start);
    s->xs[1 + a]   = x->stride[HG_Z + a];
    s->ys[1 + a]   = y->stride[HG_Z + a];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forward_Pool(HGLayer layer, PetscInt nb)
{
  Pool                *p = (Pool *)layer->data;
  const HGTensorLocal *x, *y;
  HGPoolShape          s;

  PetscFunctionBegin;
  if (p->halo) PetscCall(HGLinOpApply(p->halo, layer->in[0].x, layer->in[0].x));
  PetscCall(HGTensorGetLocal(layer->in[0].x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  PetscCall(GetShape(layer, nb, &s));
  (*(p->average ? p->kernels->average_pool : p->kernels->max_pool))(&s, x->owned, y->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Pool(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  Pool                *p     = (Pool *)layer->data;
  HGLayerInput        *in    = &layer->in[0];
  HGFieldStore         store = {.add = in->add, .threshold = p->threshold};
  const HGTensorLocal *x, *dx, *dy;
  HGPoolShape          s;

  PetscFunctionBegin;
  (void)type, (void)dp;
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(in->x, &x));
  PetscCall(HGTensorGetLocal(in->dx, &dx));
  PetscCall(HGTensorGetLocal(layer->dy, &dy));
  PetscCall(GetShape(layer, nb, &s));
  if (in->stale && p->halo) PetscCall(HGLinOpApply(p->halo, in->x, in->x));
  if (in->rectified) store.mask = x->owned;
  if (p->halo_adjoint) PetscCall(HGTensorZeroGhosts(in->dx));
  if (p->average) (*p->kernels->average_pool_adjoint)(&s, dy->owned, &store, dx->owned);
  else (*p->kernels->max_pool_adjoint)(&s, x->owned, dy->owned, &store, dx->owned);
  if (p->halo_adjoint) PetscCall(HGLinOpApplyAdjoint(p->halo_adjoint, in->dx, in->dx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetTraffic_Pool(HGLayer layer, PetscInt *messages, PetscInt64 *bytes)
{
  const Pool *p = (Pool *)layer->data;

  PetscFunctionBegin;
  if (p->halo) PetscCall(HGLinOpGetTraffic(p->halo, messages, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Pool(HGLayer layer)
{
  Pool *p = (Pool *)layer->data;

  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(&p->halo));
  PetscCall(HGLinOpDestroy(&p->halo_adjoint));
  PetscCall(PetscFree(p->threshold));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Pool(HGLayer layer)
{
  Pool *p;

  PetscFunctionBegin;
  PetscCall(PetscNew(&p));
  p->count_padding       = PETSC_TRUE;
  layer->data            = p;
  layer->ops->setup      = SetUp_Pool;
  layer->ops->settensors = SetTensors_Pool;
  layer->ops->forward    = Forward_Pool;
  layer->ops->adjoint    = Adjoint_Pool;
  layer->ops->gettraffic = GetTraffic_Pool;
  layer->ops->destroy    = Destroy_Pool;
  PetscFunctionReturn(PETSC_SUCCESS);
}
