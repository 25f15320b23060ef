/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/conv_impl.h"

/*MC
   HGLAYERCONV - convolution with any kernel, stride, dilation, groups and padding; its adjoint ("transposed"); bias and activation

   Level: intermediate

   Notes:
   y[n][p][o] = act(b[o] + sum over taps k and channels i of w[o][i][k] x[n][p stride - padding + k dilation][i]), where x beyond
   the boundary is zero, or an image of the inside (`HGLayerConvSetBoundary()`). By default the output lies on the points of the
   input. As PyTorch, this is a cross-correlation.

   Composed of the halo operator H and the kernel K of each rank: y = K H x (arXiv 2006.03108, section 4). With zero padding, and with
   periodic padding of a grid that the stride divides, the adjoint of K H is a convolution that reads dy with ghost points; it is
   computed as such, with a halo exchange of dy instead of the adjoint halo exchange of dx. It moves as many messages, and each
   gradient point is summed on one rank in one order, so its bits do not depend on the partition. With other paddings K* writes ghost
   points of dx too and H* brings them home.

   If the channels are in several parts, each rank computes its range of output channels from all input channels, which a broadcast
   brings to the ranks that have the same points; the adjoint likewise. Groups that the parts divide need no broadcast.

.seealso: `HGLayerConvSetKernel()`, `HGLayerConvSetStride()`, `HGLayerConvSetPadding()`, `HGLayerConvSetDilation()`, `HGLayerConvSetGroups()`,
          `HGLayerConvSetTransposed()`, `HGLayerConvSetBoundary()`, `HGLayerConvSetBias()`, `HGLayerConvSetActivation()`
M*/

static PetscErrorCode SetParameters(HGLayer layer, PetscInt dim)
{
  const HGConv  *c    = (HGConv *)layer->data;
  const PetscInt taps = c->stencil.kernel[0] * c->stencil.kernel[1] * c->stencil.kernel[2], small = c->small * c->groups;
  PetscInt       n = 2, shape[HG_MAX_PARAMETER_DIM] = {small, c->big};

  PetscFunctionBegin;
  layer->nparams = c->bias ? 2 : 1;
  for (PetscInt a = 3 - dim; a < 3 && !c->pointwise; a++) shape[n++] = c->stencil.kernel[a];
  PetscCall(HGLayerSetParameter(layer, 0, "weight", n, shape));
  PetscCall(HGLayerSetParameter(layer, 1, "bias", 1, &c->cout));
  /* Kaiming-uniform with a = sqrt(5), PyTorch's default: the bound is 1 / sqrt(fan-in), for the bias as well; PyTorch
     takes the second axis of the weights for the fan-in of transposed convolutions too */
  layer->param[0].bound = layer->param[1].bound = 1 / PetscSqrtReal((PetscReal)(c->big * taps));
  if (!c->pointwise) PetscFunctionReturn(PETSC_SUCCESS);
  layer->param[0].bound = PetscSqrtReal(6 / (PetscReal)(c->small + c->big));
  layer->param[1].bound = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Weights [small][big][taps] and biases [C_out] go with the channels that a rank computes: of the output forward, of the input in the adjoint.
   Without division, or with divided groups, these are the same rows. The gradient is that of the channels on the small grid. */
static PetscErrorCode DivideParameters(HGLayer layer)
{
  HGConv        *c               = (HGConv *)layer->data;
  const PetscInt taps            = c->stencil.kernel[0] * c->stencil.kernel[1] * c->stencil.kernel[2];
  const PetscInt weight[HG_AXES] = {c->small * c->groups, taps, 1, 1, c->big}, bias[HG_AXES] = {c->cout, 1, 1, 1, 1};
  HGPartition    p = NULL, small = c->transposed ? layer->in[0].part : layer->out, big = c->transposed ? layer->out : layer->in[0].part;

  PetscFunctionBegin;
  PetscCall(HGLayerDivideParameter(layer, small, weight, HG_N, &p));
  PetscCall(HGLayerUseParameter(layer, 0, p));
  if (c->gathers)
    PetscCall(HGLayerDivideParameter(layer, big, weight, HG_X, &layer->use[0][c->transposed ? HG_USE_FORWARD : HG_USE_ADJOINT]));
  p = NULL;
  PetscCall(HGLayerDivideParameter(layer, layer->out, bias, HG_N, &p));
  PetscCall(HGLayerUseParameter(layer, 1, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Output points, and the input points under them */
static PetscErrorCode CreateOutput(HGLayer layer, const PetscInt in[HG_AXES], HGPartition *out)
{
  HGConv    *c = (HGConv *)layer->data;
  HGStencil *s = &c->stencil;
  PetscInt   n[3], *under[3];
  PetscBool  all  = PETSC_TRUE;
  MPI_Comm   comm = PetscObjectComm((PetscObject)layer);

  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) {
    const PetscInt d = s->dilation[a] * (s->kernel[a] - 1), st = s->stride[a], m = in[HG_Z + a];
    PetscInt       padded;

    if (c->same) s->padding[a] = c->transposed ? 0 : d / 2;
    padded = m + (c->same ? d : 2 * s->padding[a]);
    HGCheckOptions(c->transposed || padded > d, layer,
                   "%s: a kernel that spans %" PetscInt_FMT " points along %s is larger than the padded grid of %" PetscInt_FMT
                   " points (kernel %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT ", grid %" PetscInt_FMT " x %" PetscInt_FMT
                   " x %" PetscInt_FMT " in z, y, x); take a smaller -net_kernel, fewer levels or more padding",
                   ((PetscObject)layer)->name, d + 1, HGAxisNames[HG_Z + a], padded, s->kernel[0], s->kernel[1], s->kernel[2], in[HG_Z],
                   in[HG_Y], in[HG_X]);
    HGCheck(!c->transposed || c->more[a] < PetscMax(st, s->dilation[a]), comm,
            "%s: an output padding of %" PetscInt_FMT "; it is below the stride (%" PetscInt_FMT ") or the dilation (%" PetscInt_FMT ")",
            ((PetscObject)layer)->name, c->more[a], st, s->dilation[a]);
    n[a] = c->transposed ? (m - 1) * st - 2 * s->padding[a] + d + 1 + c->more[a] : (padded - d - 1) / st + 1;
    HGCheck(n[a] >= 1, comm, "%s: %" PetscInt_FMT " points along %s leave nothing after a padding of %" PetscInt_FMT,
            ((PetscObject)layer)->name, m, HGAxisNames[HG_Z + a], s->padding[a]);
    PetscCall(PetscMalloc1(n[a], &under[a]));
    for (PetscInt i = 0; i < n[a]; i++) {
      const PetscInt at = c->transposed ? (PetscMax(0, i + s->padding[a] - d / 2)) / st : i * st - s->padding[a] + d / 2;

      under[a][i] = PetscMin(PetscMax(at, 0), m - 1);
    }
    if (n[a] != m || st != 1) all = PETSC_FALSE;
  }
  if (all) PetscCall(HGPartitionCreateLike(layer->in[0].part, in[HG_N], c->cout, out));
  else PetscCall(HGPartitionCreateResized(layer->in[0].part, c->cout, n, (const PetscInt *const *)under, out));
  for (int a = 0; a < 3; a++) PetscCall(PetscFree(under[a]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetChannels(HGLayer layer, PetscInt cin, const PetscInt parts[HG_AXES])
{
  HGConv     *c    = (HGConv *)layer->data;
  MPI_Comm    comm = PetscObjectComm((PetscObject)layer);
  PetscInt    in[HG_AXES], out[HG_AXES];
  PetscMPIInt rank;
  HGBox       box[2];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, in));
  PetscCall(HGPartitionGetSizes(layer->out, NULL, out));
  HGCheck(cin % c->groups == 0 && c->cout % c->groups == 0, comm,
          "%s: %" PetscInt_FMT " groups do not divide %" PetscInt_FMT " input and %" PetscInt_FMT " output channels (input " HG_SHAPE_FMT
          ", output " HG_SHAPE_FMT "; n, c, z, y, x)",
          ((PetscObject)layer)->name, c->groups, cin, c->cout, HG_SHAPE(in), HG_SHAPE(out));
  HGCheck(parts[HG_C] == 1 || c->groups == 1 || c->groups % parts[HG_C] == 0, comm,
          "%s: %" PetscInt_FMT " groups cannot be divided into the %" PetscInt_FMT " parts of the channels (-hg_channel_parts)",
          ((PetscObject)layer)->name, c->groups, parts[HG_C]);
  c->cin     = cin;
  c->gathers = parts[HG_C] > 1 && c->groups == 1 ? PETSC_TRUE : PETSC_FALSE;
  c->small   = (c->transposed ? cin : c->cout) / c->groups;
  c->big     = (c->transposed ? c->cout : cin) / c->groups;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(HGPartitionGetBox(layer->in[0].part, rank, &box[0]));
  PetscCall(HGPartitionGetBox(layer->out, rank, &box[1]));
  for (int i = 0; i < 2; i++) {
    c->own[i][0] = box[i].start[HG_C];
    c->own[i][1] = box[i].size[HG_C];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Boundaries: a periodic grid that the stride divides stays a convolution in the adjoint, other images are folded back. Along an axis without
   padding nothing is read beyond them, and dy is zero there, which the adjoint reads. */
static PetscErrorCode SetBoundaries(HGLayer layer, const PetscInt in[HG_AXES])
{
  HGConv  *c    = (HGConv *)layer->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)layer);
  PetscInt out[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(layer->out, NULL, out));
  c->fold = PETSC_FALSE;
  for (int a = 0; a < 3; a++) {
    const PetscInt d = c->stencil.dilation[a] * (c->stencil.kernel[a] - 1), pad = PetscMax(c->stencil.padding[a], c->same ? d - d / 2 : 0),
                   n = in[HG_Z + a];

    layer->in[0].boundary[a] = pad ? c->boundary[a] : HG_BOUNDARY_ZERO;
    if (layer->in[0].boundary[a] == HG_BOUNDARY_ZERO) continue;
    HGCheck(!c->transposed, comm, "%s: a transposed convolution pads with zeros only", ((PetscObject)layer)->name);
    HGCheckOptions(pad <= n - (c->boundary[a] == HG_BOUNDARY_REFLECT), layer,
                   "%s: %" PetscInt_FMT " points along %s cannot be %s for a padding of %" PetscInt_FMT " (kernel %" PetscInt_FMT
                   " x %" PetscInt_FMT " x %" PetscInt_FMT ", grid %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
                   " in z, y, x); take a smaller -net_kernel, fewer levels, or zeros (-net_padding)",
                   ((PetscObject)layer)->name, n, HGAxisNames[HG_Z + a], c->boundary[a] == HG_BOUNDARY_REFLECT ? "reflected" : "repeated",
                   pad, c->stencil.kernel[0], c->stencil.kernel[1], c->stencil.kernel[2], in[HG_Z], in[HG_Y], in[HG_X]);
    if (c->boundary[a] != HG_BOUNDARY_PERIODIC || out[HG_Z + a] * c->stencil.stride[a] != n) c->fold = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The input of a fold needs ghost points for what its adjoint writes there; dy as many as these read */
static PetscErrorCode SetHalos(HGLayer layer)
{
  HGConv *c = (HGConv *)layer->data;

  PetscFunctionBegin;
  PetscCall(HGConvSweepGetWidths(&c->forward, layer->in[0].part, layer->out, NULL, &layer->in[0].halo));
  PetscCall(HGConvSweepGetWidths(&c->adjoint, layer->out, layer->in[0].part, c->fold ? &layer->in[0].halo : NULL, &layer->adjoint_halo));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlanWeights(HGLayer layer)
{
  HGConv  *c      = (HGConv *)layer->data;
  PetscInt groups = c->groups, in[2], out[2];

  PetscFunctionBegin;
  if (c->groups > 1) groups = c->own[0][1] / (c->cin / c->groups);
  in[0]  = c->cin / c->groups; /* the source of each direction has all channels of a group */
  in[1]  = c->cout / c->groups;
  out[0] = c->gathers ? c->own[1][1] : in[1];
  out[1] = c->gathers ? c->own[0][1] : in[0];
  PetscCall(HGConvSweepSetChannels(&c->forward, c->kernels, groups, in[0], out[0]));
  PetscCall(HGConvSweepSetChannels(&c->adjoint, c->kernels, groups, in[1], out[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The big tensor is x of a convolution and dy of a transposed one; l: [big, small] */
static HGConvShape WeightShape(HGLayer layer, PetscInt nb, const HGTensorLocal *big, const HGTensorLocal *small)
{
  const HGConv *c = (HGConv *)layer->data;
  HGConvShape   s = {.batch = (int)nb, .groups = (int)c->forward.groups, .cin = (int)c->big, .cout = (int)c->small};

  if (c->gathers) s.cout = (int)c->own[c->transposed ? 0 : 1][1]; /* rows of own channels on the small grid */
  s.xs[0] = big->stride[HG_N];
  s.ys[0] = small->stride[HG_N];
  for (int a = 0; a < 3; a++) {
    s.n[a]      = (int)small->box.size[HG_Z + a];
    s.k[a]      = (int)c->stencil.kernel[a];
    s.xs[1 + a] = c->stencil.stride[a] * big->stride[HG_Z + a];
    s.ts[a]     = c->stencil.dilation[a] * big->stride[HG_Z + a];
    s.ys[1 + a] = small->stride[HG_Z + a];
  }
  return s;
}

/* Of the sum of dy as a weight gradient of one tap over an input of ones */
static HGConvShape BiasShape(HGLayer layer, PetscInt nb, const HGTensorLocal *dy)
{
  const HGConv *c = (HGConv *)layer->data;
  HGConvShape   s = {.batch = (int)nb, .groups = 1, .cin = 1, .cout = (int)c->own[1][1], .k = {1, 1, 1}};

  s.ys[0] = dy->stride[HG_N];
  for (int a = 0; a < 3; a++) {
    s.n[a]      = (int)dy->box.size[HG_Z + a];
    s.ys[1 + a] = dy->stride[HG_Z + a];
  }
  return s;
}

static PetscErrorCode SetWorkSize(HGLayer layer)
{
  const HGConv *c = (HGConv *)layer->data;
  PetscMPIInt   rank;
  HGTensorLocal big = {0}, small = {0};
  HGConvShape   s;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)layer), &rank));
  PetscCall(HGPartitionGetBox(c->transposed ? layer->in[0].part : layer->out, rank, &small.box));
  s                = WeightShape(layer, small.box.size[HG_N], &big, &small);
  layer->work_size = PetscMax(c->forward.work, c->adjoint.work);
  if (s.cout && s.groups) layer->work_size = PetscMax(layer->work_size, (*c->kernels->conv_weights_work)(&s));
  if (!c->transposed || !c->own[1][1]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGPartitionGetBox(layer->out, rank, &big.box));
  s                = BiasShape(layer, big.box.size[HG_N], &big);
  layer->work_size = PetscMax(layer->work_size, (*c->kernels->conv_weights_work)(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Conv(HGLayer layer)
{
  HGConv  *c    = (HGConv *)layer->data;
  MPI_Comm comm = PetscObjectComm((PetscObject)layer);
  PetscInt dim, in[HG_AXES], out[HG_AXES], parts[HG_AXES];
  HGSimd   simd;

  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGPartitionGetSizes(layer->in[0].part, &dim, in));
  PetscCall(HGPartitionGetParts(layer->in[0].part, parts));
  HGCheck(c->cout, comm, "%s: call HGLayerConvSetKernel() first", ((PetscObject)layer)->name);
  for (PetscInt a = 0; a < 3 - dim; a++)
    HGCheck(c->stencil.kernel[a] == 1, comm,
            "%s: a kernel of %" PetscInt_FMT " points along axis %s of a %" PetscInt_FMT "-D grid; it must have 1",
            ((PetscObject)layer)->name, c->stencil.kernel[a], HGAxisNames[HG_Z + a], dim);
  PetscCall(CreateOutput(layer, in, &layer->out));
  PetscCall(HGPartitionGetSizes(layer->out, NULL, out));
  PetscCall(SetChannels(layer, in[HG_C], parts));
  PetscCall(SetBoundaries(layer, in));
  PetscCall(HGConvSweepSetUp(&c->forward, c->transposed, &c->stencil));
  PetscCall(HGConvSweepSetUp(&c->adjoint, !c->transposed, &c->stencil));
  PetscCall(SetHalos(layer));
  PetscCall(SetParameters(layer, dim));
  PetscCall(DivideParameters(layer));
  layer->in[0].masks   = c->fold ? PETSC_FALSE : PETSC_TRUE;
  layer->needs_dy_halo = c->transposed;
  layer->flops         = 2.0 * (PetscLogDouble)layer->param[0].size * (PetscLogDouble)in[HG_N];
  for (int a = HG_Z; a < HG_AXES; a++) layer->flops *= (PetscLogDouble)(c->transposed ? in[a] : out[a]);
  PetscCall(HGGetSimd(&simd));
  c->kernels = HGKernelsGet(simd, layer->dtype);
  PetscCall(PlanWeights(layer));
  PetscCall(SetWorkSize(layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Conv(HGLayer layer)
{
  HGConv       *c  = (HGConv *)layer->data;
  HGLayerInput *in = &layer->in[0];
  HGTensor      x = in->x, dy = layer->dy;

  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &c->threshold));
  if (c->gathers) {
    PetscCall(HGChannelGatherSetUp(&c->all_x, layer, in->x, &in->halo, in->boundary));
    if (c->all_x.mine) x = c->all_x.mine;
    if (dy && (in->dx || c->transposed)) {
      PetscCall(HGChannelGatherSetUp(&c->all_dy, layer, layer->dy, &layer->adjoint_halo, c->fold ? NULL : in->boundary));
      if (c->all_dy.mine) dy = c->all_dy.mine;
    }
  } else {
    PetscCall(HGLayerPlanHalo(in->x, in->boundary, &c->halo));
    if (dy && !c->fold && (in->dx || c->transposed)) PetscCall(HGLayerPlanHalo(dy, in->boundary, &c->halo_adjoint));
  }
  PetscCall(HGConvSweepPlan(&c->forward, x, layer->y, c->gathers ? c->all_x.halo : c->halo));
  if (in->dx) PetscCall(HGConvSweepPlan(&c->adjoint, dy, in->dx, c->gathers ? c->all_dy.halo : c->halo_adjoint));
  if (in->dx && c->fold) PetscCall(HGLayerPlanHalo(in->dx, in->boundary, &c->halo_fold));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Weights as a direction reads them: its source has the big channels if it gathers, and the small ones if it spreads. A rank's part has the
   channels of the destination, or the groups, that it computes. */
static PetscErrorCode SetParameterValues_Conv(HGLayer layer, HGUse use, const void *const p[])
{
  HGConv         *c     = (HGConv *)layer->data;
  HGConvSweep    *sweep = use == HG_USE_FORWARD ? &c->forward : &c->adjoint;
  const PetscInt *k     = c->stencil.kernel;
  const ptrdiff_t taps  = (ptrdiff_t)k[0] * k[1] * k[2];
  HGConvWeights   w     = {.w = p[0], .st = {(ptrdiff_t)k[1] * k[2], k[2], 1}};
  ptrdiff_t       row;
  PetscMPIInt     rank;
  HGBox           box;

  PetscFunctionBegin;
  if (use == HG_USE_ADJOINT && !layer->in[0].dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)layer), &rank));
  PetscCall(HGPartitionGetBox(layer->use[0][use], rank, &box));
  if (use == HG_USE_FORWARD) c->b = p[1];
  row  = box.size[HG_X] * taps;
  w.sg = c->small * row;
  w.so = sweep->spread ? taps : row;
  w.si = sweep->spread ? row : taps;
  if (HGBoxCount(&box)) PetscCall(HGConvSweepSetWeights(sweep, &w)); /* ranks without a part have no weights, and no points */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether this rank has channels to compute */
static PetscBool HasWork(const HGConvSweep *sweep)
{
  return sweep->cout && sweep->groups ? PETSC_TRUE : PETSC_FALSE;
}

/* The inner box is computed while messages fly */
static PetscErrorCode Forward_Conv(HGLayer layer, PetscInt nb)
{
  HGConv           *c     = (HGConv *)layer->data;
  HGTensor          x     = layer->in[0].x;
  const HGConvStore store = {.bias = c->bias ? c->b : NULL, .act = layer->activation};

  PetscFunctionBegin;
  if (c->gathers) PetscCall(HGChannelGatherBegin(&c->all_x, x));
  else if (c->halo) PetscCall(HGLinOpApplyBegin(c->halo, x, x));
  if (HasWork(&c->forward)) PetscCall(HGConvSweepRun(&c->forward, &c->forward.box[0], nb, &store, layer->work));
  if (c->gathers) PetscCall(HGChannelGatherEnd(&c->all_x));
  else if (c->halo) PetscCall(HGLinOpApplyEnd(c->halo, x, x));
  for (PetscInt i = 1; i < c->forward.nboxes && HasWork(&c->forward); i++)
    PetscCall(HGConvSweepRun(&c->forward, &c->forward.box[i], nb, &store, layer->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The gradient of the bias of a transposed convolution; a convolution's comes with the weight gradient */
static void BiasGradient(HGLayer layer, PetscInt nb, HGDType type, void *db)
{
  static const double  one   = 1;
  static const float   one_f = 1;
  const HGConv        *c     = (HGConv *)layer->data;
  const HGTensorLocal *dy;
  HGConvShape          s;

  PetscCallVoid(HGTensorGetLocal(layer->dy, &dy));
  if (!dy->elements) return;
  s = BiasShape(layer, nb, dy);
  (*c->kernels->conv_weights)(&s, layer->dtype == HG_F32 ? (const void *)&one_f : (const void *)&one, dy->owned, layer->work, type, db,
                              NULL);
}

/* Element of the big grid's owned part that the first tap of the first owned point of the small grid reads */
static ptrdiff_t FirstTap(const HGConv *c, const HGTensorLocal *big, const HGTensorLocal *small)
{
  ptrdiff_t from = 0;

  for (int a = 0; a < 3; a++)
    from += (small->box.start[HG_Z + a] * c->stencil.stride[a] - c->stencil.padding[a] - big->box.start[HG_Z + a]) * big->stride[HG_Z + a];
  return from;
}

/* The weight gradient: of own channels of the small grid (all of the big one) */
static PetscErrorCode WeightGradient(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  HGConv              *c = (HGConv *)layer->data;
  HGTensor             x = layer->in[0].x, dy = layer->dy;
  const PetscInt      *mine = c->own[c->transposed ? 0 : 1];
  const HGTensorLocal *lx, *ldy;

  PetscFunctionBegin;
  if (c->gathers && c->transposed) dy = c->all_dy.mine;
  else if (c->gathers) x = c->all_x.mine;
  if (!x || !dy || !mine[1]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(x, &lx));
  PetscCall(HGTensorGetLocal(dy, &ldy));
  if (!lx->elements || !ldy->elements) PetscFunctionReturn(PETSC_SUCCESS);
  const HGTensorLocal *big = c->transposed ? ldy : lx, *small = c->transposed ? lx : ldy;
  const HGConvShape    s    = WeightShape(layer, nb, big, small);
  const char          *from = (const char *)big->owned + FirstTap(c, big, small) * (ptrdiff_t)HGDTypeSize(layer->dtype);

  (*c->kernels->conv_weights)(&s, from, small->owned, layer->work, type, dp[0], c->bias && !c->transposed ? dp[1] : NULL);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* K* writes dx and its ghost points from dy without ghost points, H* adds these where they belong */
static PetscErrorCode FoldAdjoint(HGLayer layer, PetscInt nb)
{
  HGConv              *c  = (HGConv *)layer->data;
  HGTensor             dx = layer->in[0].dx;
  const HGTensorLocal *l;
  HGConvStore          store = {.add = 1};
  HGPoints             all;
  PetscInt             need[3][2];

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(dx, &l));
  PetscCall(HGLayerGetOwnHalo(layer, 0, need));
  if (!layer->in[0].add) PetscCall(HGTensorZeroOwned(dx));
  PetscCall(HGTensorZeroGhosts(dx));
  if (!c->gathers) PetscCall(HGTensorZeroGhosts(layer->dy));
  for (int a = 0; a < 3; a++) {
    all.start[a] = -need[a][0];
    all.size[a]  = l->box.size[HG_Z + a] + need[a][0] + need[a][1];
  }
  if (HasWork(&c->adjoint)) PetscCall(HGConvSweepRun(&c->adjoint, &all, nb, &store, layer->work));
  if (c->halo_fold) PetscCall(HGLinOpApplyAdjoint(c->halo_fold, dx, dx));
  PetscCall(HGTensorZeroGhosts(dx)); /* beyond zero boundaries */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The weight gradient of a convolution needs only owned points of dy and is computed while messages fly; that of a transposed one
   reads ghost points too */
static PetscErrorCode Adjoint_Conv(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  HGConv              *c     = (HGConv *)layer->data;
  HGLayerInput        *in    = &layer->in[0];
  const PetscBool      reads = in->dx || c->transposed ? PETSC_TRUE : PETSC_FALSE;
  HGConvStore          store = {.add = in->add, .threshold = c->threshold};
  const HGTensorLocal *x;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(in->x, &x));
  if (in->rectified) store.mask = x->owned;
  if (in->stale && c->halo && !c->gathers) PetscCall(HGLinOpApply(c->halo, in->x, in->x));
  if (reads && c->gathers) PetscCall(HGChannelGatherBegin(&c->all_dy, layer->dy));
  else if (reads && c->halo_adjoint) PetscCall(HGLinOpApplyBegin(c->halo_adjoint, layer->dy, layer->dy));
  if (!c->transposed) PetscCall(WeightGradient(layer, nb, type, dp));
  if (reads && c->gathers) PetscCall(HGChannelGatherEnd(&c->all_dy));
  else if (reads && c->halo_adjoint) PetscCall(HGLinOpApplyEnd(c->halo_adjoint, layer->dy, layer->dy));
  if (c->transposed) PetscCall(WeightGradient(layer, nb, type, dp));
  if (c->transposed && c->bias && c->own[1][1]) BiasGradient(layer, nb, type, dp[1]);
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  if (c->fold) PetscCall(FoldAdjoint(layer, nb));
  for (PetscInt i = 0; !c->fold && i < c->adjoint.nboxes && HasWork(&c->adjoint); i++)
    PetscCall(HGConvSweepRun(&c->adjoint, &c->adjoint.box[i], nb, &store, layer->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetTraffic_Conv(HGLayer layer, PetscInt *messages, PetscInt64 *bytes)
{
  HGConv    *c = (HGConv *)layer->data;
  PetscInt   m;
  PetscInt64 b;

  PetscFunctionBegin;
  if (c->halo) PetscCall(HGLinOpGetTraffic(c->halo, messages, bytes));
  if (!c->gathers) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGChannelGatherGetTraffic(&c->all_x, &m, &b));
  *messages += m;
  *bytes += b;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Conv(HGLayer layer)
{
  HGConv *c = (HGConv *)layer->data;

  PetscFunctionBegin;
  PetscCall(PetscFree(c->threshold));
  PetscCall(HGConvSweepDestroy(&c->forward));
  PetscCall(HGConvSweepDestroy(&c->adjoint));
  PetscCall(HGLinOpDestroy(&c->halo));
  PetscCall(HGLinOpDestroy(&c->halo_adjoint));
  PetscCall(HGLinOpDestroy(&c->halo_fold));
  PetscCall(HGChannelGatherDestroy(&c->all_x));
  PetscCall(HGChannelGatherDestroy(&c->all_dy));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Conv(HGLayer layer)
{
  HGConv *c;

  PetscFunctionBegin;
  PetscCall(PetscNew(&c));
  layer->data = c;
  c->groups   = 1;
  c->same = c->bias = PETSC_TRUE;
  for (int a = 0; a < 3; a++) {
    c->boundary[a]       = HG_BOUNDARY_ZERO;
    c->stencil.kernel[a] = c->stencil.stride[a] = c->stencil.dilation[a] = 1;
  }
  layer->ops->setup              = SetUp_Conv;
  layer->ops->settensors         = SetTensors_Conv;
  layer->ops->setparametervalues = SetParameterValues_Conv;
  layer->ops->forward            = Forward_Conv;
  layer->ops->adjoint            = Adjoint_Conv;
  layer->ops->gettraffic         = GetTraffic_Conv;
  layer->ops->destroy            = Destroy_Conv;
  PetscFunctionReturn(PETSC_SUCCESS);
}
