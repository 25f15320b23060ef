/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layer_impl.h"

/*MC
   HGLAYERCONV - convolution, stride one, output on the same points as the input ("same" padding), bias, activation

   Level: intermediate

   Notes:
   y[n][p][o] = act(b[o] + sum over taps k and channels i of w[o][i][k] x[n][p + k - lo][i]), lo = (K - 1) / 2 rounded down,
   where x beyond the boundary is zero or the periodic image (`HGLayerConvSetBoundary()`).

   Composed of the halo operator H and the kernel K of each rank: y = K H x (arXiv 2006.03108, section 4). The adjoint of
   K H is again a convolution on the same partition, with the taps reversed and input and output channels exchanged; it
   is computed as such, with a halo exchange of dy instead of the adjoint halo exchange of dx. It moves as many
   messages, and each gradient point is summed on one rank in one order, so its bits do not depend on the partition.

.seealso: `HGLayerConvSetKernel()`, `HGLayerConvSetActivation()`
M*/

/* A box of output points, computed by one call of the kernel */
typedef struct {
  PetscInt start[3], size[3]; /* z, y, x, from the first owned point */
} Box;

typedef struct {
  PetscInt         cin, cout;
  PetscInt         k[3]; /* kz, ky, kx */
  HGBoundary       boundary[3];
  const HGKernels *kernels;
  void            *w, *bias;                 /* [cout][cin][kz][ky][kx], [cout], in the layer's type */
  void            *packed, *packed_adjoint;  /* as the kernels want w and its adjoint, aligned */
  void            *memory[2];                /* what was allocated for them */
  HGLinOp          halo, halo_adjoint;       /* of x and of dy; NULL if the kernel has one point */
  PetscInt         nbox, nbox_adjoint;
  Box              box[7], box_adjoint[7];   /* the first needs no ghost points of other ranks */
} Conv;

/*@
   HGLayerConvSetKernel - Set output channels and kernel size of a convolution

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERCONV`
.  cout  - output channels
-  k     - kernel points along z, y, x

   Level: intermediate

   Shape:
   weight [C_out][C_in][kz][ky][kx], bias [C_out]

   Errors:
   Refuses values below one.

.seealso: `HGLAYERCONV`
@*/
PetscErrorCode HGLayerConvSetKernel(HGLayer layer, PetscInt cout, const PetscInt k[])
{
  Conv *c = (Conv *)layer->data;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  HGCheck(cout >= 1, PetscObjectComm((PetscObject)layer), "%s: %" PetscInt_FMT " output channels; a convolution has at least 1", ((PetscObject)layer)->name, cout);
  c->cout = cout;
  for (int a = 0; a < 3; a++) {
    HGCheck(k[a] >= 1, PetscObjectComm((PetscObject)layer), "%s: a kernel of %" PetscInt_FMT " points; it has at least 1", ((PetscObject)layer)->name, k[a]);
    c->k[a] = k[a];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerConvSetActivation - Set the activation that a convolution applies to its output

   Logically Collective

   Input Parameters:
+  layer      - the layer, of type `HGLAYERCONV`
-  activation - the function (default `HG_ACT_IDENTITY`)

   Level: intermediate

.seealso: `HGLAYERCONV`
@*/
PetscErrorCode HGLayerConvSetActivation(HGLayer layer, HGActivation activation)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  layer->activation = activation;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerConvSetBoundary - Set what a convolution reads beyond the boundary of the grid

   Logically Collective

   Input Parameters:
+  layer    - the layer, of type `HGLAYERCONV`
-  boundary - for z, y, x: `HG_BOUNDARY_ZERO` (default) or `HG_BOUNDARY_PERIODIC`

   Level: intermediate

   Errors:
   Refuses other boundaries: the adjoint of their padding folds ghost values back and is not a convolution.

.seealso: `HGLAYERCONV`
@*/
PetscErrorCode HGLayerConvSetBoundary(HGLayer layer, const HGBoundary boundary[])
{
  Conv *c = (Conv *)layer->data;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  for (int a = 0; a < 3; a++) {
    HGCheck(boundary[a] == HG_BOUNDARY_ZERO || boundary[a] == HG_BOUNDARY_PERIODIC, PetscObjectComm((PetscObject)layer), "%s: a convolution pads with zeros or periodically", ((PetscObject)layer)->name);
    c->boundary[a] = boundary[a];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void SetParameters(HGLayer layer, PetscInt dim)
{
  const Conv *c = (Conv *)layer->data;
  PetscInt    n = 2, taps = c->k[0] * c->k[1] * c->k[2];

  layer->nparams  = 2;
  layer->param[0] = (HGParameter){.name = "weight", .ndim = 2 + dim, .shape = {c->cout, c->cin}, .size = c->cout * c->cin * taps};
  for (PetscInt a = 3 - dim; a < 3; a++) layer->param[0].shape[n++] = c->k[a];
  layer->param[1] = (HGParameter){.name = "bias", .ndim = 1, .shape = {c->cout}, .size = c->cout};
  /* Kaiming-uniform with a = sqrt(5), PyTorch's default: the bound is 1 / sqrt(fan-in), for the bias as well */
  layer->param[0].bound = layer->param[1].bound = 1 / PetscSqrtReal((PetscReal)(c->cin * taps));
}

static PetscErrorCode Aligned(size_t bytes, void **memory, void **array)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(*memory));
  PetscCall(PetscMalloc(bytes + 64, memory));
  *array = (char *)*memory + (64 - (uintptr_t)*memory % 64) % 64;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AllocateWeights(HGLayer layer)
{
  Conv        *c    = (Conv *)layer->data;
  const int    k[3] = {(int)c->k[0], (int)c->k[1], (int)c->k[2]};
  const size_t size = HGDTypeSize(layer->dtype);

  PetscFunctionBegin;
  PetscCall(PetscFree(c->w));
  PetscCall(PetscFree(c->bias));
  PetscCall(PetscMalloc((size_t)layer->param[0].size * size, &c->w));
  PetscCall(PetscMalloc((size_t)layer->param[1].size * size, &c->bias));
  PetscCall(Aligned((*c->kernels->conv_packed_size)(1, (int)c->cin, (int)c->cout, k), &c->memory[0], &c->packed));
  PetscCall(Aligned((*c->kernels->conv_packed_size)(1, (int)c->cout, (int)c->cin, k), &c->memory[1], &c->packed_adjoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HGConvShape ShapeOf(const Conv *c, const Box *b, PetscInt nb, const HGTensorLocal *x, const HGTensorLocal *y, PetscBool adjoint)
{
  HGConvShape s = {.batch = (int)nb, .groups = 1, .cin = (int)(adjoint ? c->cout : c->cin), .cout = (int)(adjoint ? c->cin : c->cout)};

  for (int a = 0; a < 3; a++) {
    s.n[a]      = (int)b->size[a];
    s.k[a]      = (int)c->k[a];
    s.xs[1 + a] = s.ts[a] = x->stride[HG_Z + a];
    s.ys[1 + a] = y->stride[HG_Z + a];
  }
  s.xs[0] = x->stride[HG_N];
  s.ys[0] = y->stride[HG_N];
  return s;
}

/* The element that the first tap of a box's first output reads (lo points below), or, with lo = 0, that output itself */
static void *At(HGDType t, const HGTensorLocal *l, const Box *b, const PetscInt lo[3])
{
  ptrdiff_t i = 0;

  for (int a = 0; a < 3; a++) i += (b->start[a] - (lo ? lo[a] : 0)) * l->stride[HG_Z + a];
  return (char *)l->owned + i * (ptrdiff_t)HGDTypeSize(t);
}

static PetscErrorCode SetWorkSize(HGLayer layer)
{
  const Conv   *c = (Conv *)layer->data;
  PetscMPIInt   rank;
  HGBox         mine;
  HGTensorLocal none = {0};
  Box           all  = {{0, 0, 0}, {0, 0, 0}};
  HGConvShape   s;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)layer), &rank));
  PetscCall(HGPartitionGetBox(layer->in, rank, &mine));
  PetscCall(PetscArraycpy(all.size, &mine.size[HG_Z], 3));
  s                = ShapeOf(c, &all, mine.size[HG_N], &none, &none, PETSC_FALSE);
  layer->work_size = (*c->kernels->conv_weights_work)(&s);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Conv(HGLayer layer)
{
  Conv     *c    = (Conv *)layer->data;
  MPI_Comm  comm = PetscObjectComm((PetscObject)layer);
  PetscInt  dim, size[HG_AXES], parts[HG_AXES];
  HGSimd    simd;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(layer->in, &dim, size));
  PetscCall(HGPartitionGetParts(layer->in, parts));
  HGCheck(c->cout, comm, "%s: call HGLayerConvSetKernel() first", ((PetscObject)layer)->name);
  HGCheck(parts[HG_C] == 1, comm, "%s: the channels are in %" PetscInt_FMT " parts; a convolution needs them whole (-hg_channel_parts 1)", ((PetscObject)layer)->name, parts[HG_C]);
  for (PetscInt a = 0; a < 3 - dim; a++) HGCheck(c->k[a] == 1, comm, "%s: a kernel of %" PetscInt_FMT " points along axis %" PetscInt_FMT " of a %" PetscInt_FMT "-D grid; it must have 1", ((PetscObject)layer)->name, c->k[a], a, dim);
  c->cin = size[HG_C];
  PetscCall(HGPartitionCreateLike(layer->in, size[HG_N], c->cout, &layer->out));
  for (int a = 0; a < 3; a++) {
    layer->halo[a][0] = layer->adjoint_halo[a][1] = (c->k[a] - 1) / 2;
    layer->halo[a][1] = layer->adjoint_halo[a][0] = (c->k[a] - 1) - (c->k[a] - 1) / 2;
  }
  SetParameters(layer, dim);
  layer->flops = 2.0 * (PetscLogDouble)layer->param[0].size * (PetscLogDouble)size[HG_N] * (PetscLogDouble)size[HG_Z] * (PetscLogDouble)size[HG_Y] * (PetscLogDouble)size[HG_X];
  PetscCall(HGGetSimd(&simd));
  c->kernels = HGKernelsGet(simd, layer->dtype);
  PetscCall(AllocateWeights(layer));
  PetscCall(SetWorkSize(layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlanHalo(HGLayer layer, HGTensor t, HGLinOp *op)
{
  Conv *c = (Conv *)layer->data;

  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(op));
  if (c->k[0] * c->k[1] * c->k[2] == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLinOpCreate(PetscObjectComm((PetscObject)layer), op));
  PetscCall(HGLinOpSetType(*op, HGLINOPHALO));
  PetscCall(HGLinOpSetTensors(*op, t, t));
  PetscCall(HGLinOpSetBoundary(*op, c->boundary));
  PetscCall(HGLinOpSetKeepZeros(*op, PETSC_TRUE)); /* nobody writes ghosts beyond the boundary, and tensors start as zeros */
  PetscCall(HGLinOpSetUp(*op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cuts the owned points into a box that needs no ghost points of other ranks, and slabs that do. The slabs peel off z
   first, then y, then x, so that they do not overlap. */
static PetscErrorCode PlanBoxes(HGTensor t, HGLinOp op, const PetscInt halo[3][2], PetscInt *n, Box box[7])
{
  const HGTensorLocal *l;
  PetscBool            remote[3][2] = {{PETSC_FALSE}};
  Box                  inner        = {{0, 0, 0}, {0, 0, 0}};

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  for (int a = 0; a < 3; a++) inner.size[a] = l->box.size[HG_Z + a];
  if (op) PetscCall(HGLinOpGetNeighbors(op, remote));
  *n = 1;
  for (int a = 0; a < 3; a++) {
    for (int side = 0; side < 2; side++) {
      const PetscInt w = remote[a][side] ? PetscMin(halo[a][side], inner.size[a]) : 0;

      if (!w) continue;
      box[*n]         = inner;
      box[*n].size[a] = w;
      inner.size[a] -= w;
      if (side) box[*n].start[a] = inner.start[a] + inner.size[a];
      else inner.start[a] += w;
      ++*n;
    }
  }
  box[0] = inner;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Conv(HGLayer layer)
{
  Conv *c = (Conv *)layer->data;

  PetscFunctionBegin;
  PetscCall(PlanHalo(layer, layer->x, &c->halo));
  PetscCall(PlanBoxes(layer->x, c->halo, (const PetscInt(*)[2])layer->halo, &c->nbox, c->box));
  if (layer->dx) {
    PetscCall(PlanHalo(layer, layer->dy, &c->halo_adjoint));
    PetscCall(PlanBoxes(layer->dy, c->halo_adjoint, (const PetscInt(*)[2])layer->adjoint_halo, &c->nbox_adjoint, c->box_adjoint));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Convert(HGDType t, PetscInt n, const PetscScalar *from, void *to)
{
  if (t == HG_F32)
    for (PetscInt i = 0; i < n; i++) ((float *)to)[i] = (float)from[i];
  else
    for (PetscInt i = 0; i < n; i++) ((double *)to)[i] = (double)from[i];
}

/* The weights of the layer, or those of its adjoint: taps reversed, channels exchanged */
static HGConvWeights WeightsOf(const Conv *c, HGDType t, PetscBool adjoint)
{
  const ptrdiff_t st[3] = {c->k[1] * c->k[2], c->k[2], 1}, nk = c->k[0] * st[0], size = (ptrdiff_t)HGDTypeSize(t);

  if (adjoint) return (HGConvWeights){(char *)c->w + (nk - 1) * size, 0, nk, c->cin * nk, {-st[0], -st[1], -st[2]}};
  return (HGConvWeights){c->w, 0, c->cin * nk, nk, {st[0], st[1], st[2]}};
}

static PetscErrorCode SetParameterValues_Conv(HGLayer layer, const PetscScalar p[])
{
  Conv               *c    = (Conv *)layer->data;
  const int           k[3] = {(int)c->k[0], (int)c->k[1], (int)c->k[2]};
  const HGConvWeights w = WeightsOf(c, layer->dtype, PETSC_FALSE), adjoint = WeightsOf(c, layer->dtype, PETSC_TRUE);

  PetscFunctionBegin;
  Convert(layer->dtype, layer->param[0].size, p, c->w);
  Convert(layer->dtype, layer->param[1].size, p + layer->param[0].size, c->bias);
  (*c->kernels->conv_pack)(1, (int)c->cin, (int)c->cout, k, &w, c->packed);
  if (layer->dx) (*c->kernels->conv_pack)(1, (int)c->cout, (int)c->cin, k, &adjoint, c->packed_adjoint);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void ForwardBox(HGLayer layer, const HGTensorLocal *x, const HGTensorLocal *y, const Box *b, PetscInt nb)
{
  const Conv       *c     = (Conv *)layer->data;
  const HGConvShape s     = ShapeOf(c, b, nb, x, y, PETSC_FALSE);
  const PetscInt    lo[3] = {layer->halo[0][0], layer->halo[1][0], layer->halo[2][0]};
  const HGConvStore store = {.bias = c->bias, .act = layer->activation};

  (*c->kernels->conv)(&s, At(layer->dtype, x, b, lo), c->packed, &store, At(layer->dtype, y, b, NULL));
}

/* The inner box is computed while messages fly */
static PetscErrorCode Forward_Conv(HGLayer layer, PetscInt nb)
{
  Conv                *c = (Conv *)layer->data;
  const HGTensorLocal *x, *y;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(layer->x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  if (c->halo) PetscCall(HGLinOpApplyBegin(c->halo, layer->x, layer->x));
  ForwardBox(layer, x, y, &c->box[0], nb);
  if (c->halo) PetscCall(HGLinOpApplyEnd(c->halo, layer->x, layer->x));
  for (PetscInt i = 1; i < c->nbox; i++) ForwardBox(layer, x, y, &c->box[i], nb);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void AdjointBox(HGLayer layer, const HGTensorLocal *dy, const HGTensorLocal *dx, const Box *b, PetscInt nb)
{
  const Conv          *c     = (Conv *)layer->data;
  const HGConvShape    s     = ShapeOf(c, b, nb, dy, dx, PETSC_TRUE);
  const PetscInt       lo[3] = {layer->adjoint_halo[0][0], layer->adjoint_halo[1][0], layer->adjoint_halo[2][0]};
  HGConvStore          store = {.act = HG_ACT_IDENTITY};
  const HGTensorLocal *x;

  PetscCallVoid(HGTensorGetLocal(layer->x, &x));
  if (layer->mask_dx) store.mask = At(layer->dtype, x, b, NULL);
  (*c->kernels->conv)(&s, At(layer->dtype, dy, b, lo), c->packed_adjoint, &store, At(layer->dtype, dx, b, NULL));
}

/* The weight gradient needs only owned points of dy and is computed while messages fly */
static PetscErrorCode Adjoint_Conv(HGLayer layer, PetscInt nb, double dp[])
{
  Conv                *c     = (Conv *)layer->data;
  const PetscInt       lo[3] = {layer->halo[0][0], layer->halo[1][0], layer->halo[2][0]};
  const HGTensorLocal *x, *dy, *dx;
  HGConvShape          s;
  Box                  all = {{0, 0, 0}, {0, 0, 0}};

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(layer->x, &x));
  PetscCall(HGTensorGetLocal(layer->dy, &dy));
  PetscCall(PetscArraycpy(all.size, &dy->box.size[HG_Z], 3));
  if (layer->dx && c->halo_adjoint) PetscCall(HGLinOpApplyBegin(c->halo_adjoint, layer->dy, layer->dy));
  s = ShapeOf(c, &all, nb, x, dy, PETSC_FALSE);
  (*c->kernels->conv_weights)(&s, At(layer->dtype, x, &all, lo), dy->owned, layer->work, dp, dp + layer->param[0].size);
  if (!layer->dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(layer->dx, &dx));
  if (c->halo_adjoint) PetscCall(HGLinOpApplyEnd(c->halo_adjoint, layer->dy, layer->dy));
  for (PetscInt i = 0; i < c->nbox_adjoint; i++) AdjointBox(layer, dy, dx, &c->box_adjoint[i], nb);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetTraffic_Conv(HGLayer layer, PetscInt *messages, PetscInt64 *bytes)
{
  Conv *c = (Conv *)layer->data;

  PetscFunctionBegin;
  *messages = 0;
  *bytes    = 0;
  if (c->halo) PetscCall(HGLinOpGetTraffic(c->halo, messages, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Conv(HGLayer layer)
{
  Conv *c = (Conv *)layer->data;

  PetscFunctionBegin;
  PetscCall(PetscFree(c->w));
  PetscCall(PetscFree(c->bias));
  PetscCall(PetscFree(c->memory[0]));
  PetscCall(PetscFree(c->memory[1]));
  PetscCall(HGLinOpDestroy(&c->halo));
  PetscCall(HGLinOpDestroy(&c->halo_adjoint));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Conv(HGLayer layer)
{
  Conv *c;

  PetscFunctionBegin;
  PetscCall(PetscNew(&c));
  layer->data = c;
  for (int a = 0; a < 3; a++) c->boundary[a] = HG_BOUNDARY_ZERO;
  layer->ops->setup              = SetUp_Conv;
  layer->ops->settensors         = SetTensors_Conv;
  layer->ops->setparametervalues = SetParameterValues_Conv;
  layer->ops->forward            = Forward_Conv;
  layer->ops->adjoint            = Adjoint_Conv;
  layer->ops->gettraffic         = GetTraffic_Conv;
  layer->ops->destroy            = Destroy_Conv;
  PetscFunctionReturn(PETSC_SUCCESS);
}
