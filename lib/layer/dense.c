/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layerfield.h"

/*MC
   HGLAYERDENSE - affine layer of all values of a sample: y = act(W x + b)

   Level: intermediate

   Notes:
   y[n][o] = act(b[o] + sum over i of W[o][i] x[n][i]) with i = ((c Z + z) Y + y) X + x, PyTorch's flatten order. The output has a
   grid of one point.

   The ranks of each part of the batch form a grid of P_co x P_ci parts of outputs and inputs, which `HGLayerDenseSetParts()` chooses.
   With B the broadcast of x, from whatever partition it has, along P_co, w the local matrix product and R the sum-reduce along P_ci,
   y = R w B x, and the adjoint is B* w* R* (arXiv 2006.03108, section on the affine layer). The bias is that of the first of the
   P_ci copies. The output lies on the P_co ranks of the first part of the inputs.

.seealso: `HGLayerDenseSetOutputs()`, `HGLayerDenseSetParts()`, `HGLayerDenseSetBias()`, `HGLayerDenseSetActivation()`
M*/

#define ROWS 64 /* of a weight gradient whose columns are put in order */

typedef struct {
  /* what the user sets */
  PetscInt  outputs, asked[2];
  PetscBool bias;

  PetscInt     inputs;
  PetscInt     batches, grid[2]; /* parts of the batch, P_co x P_ci */
  int          axis, copies;     /* of x: the one that is divided into P_ci parts, and the one that counts P_co copies */
  PetscMPIInt *rank;             /* [batches][P_co][P_ci] */
  MPI_Comm     comm;             /* of a part of the batch, if some of its ranks have no part of x; MPI_COMM_NULL elsewhere */
  HGPartition  px, py;           /* of copies of x, and of partial sums */
  PetscInt     in, out, out0;    /* of this rank: inputs, outputs and the first of these */
  PetscInt    *column;           /* [in] of the weights, in the order of a local tensor; NULL: it is theirs */
  PetscBool    first;            /* this rank adds the bias */

  const HGKernels      *kernels;
  const HGFieldKernels *field;
  void                 *w; /* [out][in] in the layer's type, with the columns in order; NULL: they are */
  const void           *b; /* [out] */
  HGConvWeights         weights, transposed;
  void                 *packed, *packed_adjoint;
  void                 *dw; /* [ROWS][in], if columns are not in order */
  void                 *threshold;
  HGTensor              xw, yw, dxw, dyw, part; /* on px, px, py, py; like dx, if it is to be added or masked */
  HGLinOp               broadcast, reduce, broadcast_back, reduce_back;
} Dense;

/* ---- setters ---- */

/*@
   HGLayerDenseSetOutputs - Set the number of values that a dense layer has for each sample

   Logically Collective

   Input Parameters:
+  layer   - the layer, of type `HGLAYERDENSE`
-  outputs - how many

   Level: intermediate

   Shape:
   weight [outputs][inputs], bias [outputs]

   Errors:
   Refuses values below one.

.seealso: `HGLAYERDENSE`
@*/
PetscErrorCode HGLayerDenseSetOutputs(HGLayer layer, PetscInt outputs)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERDENSE));
  HGCheck(outputs >= 1, PetscObjectComm((PetscObject)layer), "%s: %" PetscInt_FMT " outputs; a dense layer has at least 1",
          ((PetscObject)layer)->name, outputs);
  ((Dense *)layer->data)->outputs = outputs;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerDenseSetParts - Set how a dense layer is divided among the ranks that share a part of the batch

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERDENSE`
.  co    - parts of the outputs, or `PETSC_DECIDE` (default)
-  ci    - parts of the inputs, or `PETSC_DECIDE` (default)

   Level: intermediate

   Note:
   What is left open is chosen so that most ranks have work, and the grid is as square as it can be.

   Errors:
   Refuses values below one. `HGLayerSetUp()` refuses more parts than ranks, and more parts than there are outputs, or than points or channels along
   the longest axis of the input.

.seealso: `HGLAYERDENSE`
@*/
PetscErrorCode HGLayerDenseSetParts(HGLayer layer, PetscInt co, PetscInt ci)
{
  const PetscInt parts[2] = {co, ci};

  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERDENSE));
  for (int i = 0; i < 2; i++) {
    HGCheck(parts[i] >= 1 || parts[i] == PETSC_DECIDE, PetscObjectComm((PetscObject)layer),
            "%s: %" PetscInt_FMT " parts; give at least 1, or PETSC_DECIDE", ((PetscObject)layer)->name, parts[i]);
    ((Dense *)layer->data)->asked[i] = parts[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerDenseSetBias - Set whether a dense layer adds a bias

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERDENSE`
-  bias  - `PETSC_TRUE` by default

   Level: intermediate

.seealso: `HGLAYERDENSE`
@*/
PetscErrorCode HGLayerDenseSetBias(HGLayer layer, PetscBool bias)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERDENSE));
  ((Dense *)layer->data)->bias = bias;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerDenseSetActivation - Set the function that is applied to the output of a dense layer

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERDENSE`
-  act   - `HG_ACT_IDENTITY` (default) or `HG_ACT_RELU`

   Level: intermediate

   Errors:
   Refuses other functions.

.seealso: `HGLAYERDENSE`, `HGLAYERACTIVATION`
@*/
PetscErrorCode HGLayerDenseSetActivation(HGLayer layer, HGActivation act)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERDENSE));
  HGCheck(act == HG_ACT_IDENTITY || act == HG_ACT_RELU, PetscObjectComm((PetscObject)layer),
          "%s: a dense layer applies relu only; add a layer of type activation", ((PetscObject)layer)->name);
  layer->activation = act;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the grid of ranks ---- */

/* P_co and P_ci for `ranks` ranks: as many as can have work, then as square as possible */
static PetscErrorCode ChooseGrid(HGLayer layer, PetscInt ranks, const PetscInt n[HG_AXES])
{
  Dense      *d    = (Dense *)layer->data;
  MPI_Comm    comm = PetscObjectComm((PetscObject)layer);
  const char *name = ((PetscObject)layer)->name;
  PetscInt    best = 0, least = 0;

  PetscFunctionBegin;
  HGCheck(d->asked[0] <= d->outputs, comm, "%s: %" PetscInt_FMT " parts for %" PetscInt_FMT " outputs; take fewer parts", name, d->asked[0],
          d->outputs);
  HGCheck(d->asked[1] <= n[d->axis], comm,
          "%s: %" PetscInt_FMT " parts along axis %s of an input of " HG_SHAPE_FMT " (n, c, z, y, x); take fewer parts", name, d->asked[1],
          HGAxisNames[d->axis], HG_SHAPE(n));
  for (PetscInt co = 1; co <= PetscMin(ranks, d->outputs); co++) {
    const PetscInt ci = d->asked[1] > 0 ? d->asked[1] : PetscMin(ranks / co, n[d->axis]), off = PetscAbsInt(co - ci);

    if ((d->asked[0] > 0 && co != d->asked[0]) || co * ci > ranks || co * ci < best || (co * ci == best && off >= least)) continue;
    best       = co * ci;
    least      = off;
    d->grid[0] = co;
    d->grid[1] = ci;
  }
  HGCheck(best, comm,
          "%s: %" PetscInt_FMT " x %" PetscInt_FMT " parts of outputs and inputs on %" PetscInt_FMT
          " ranks for each part of the batch; take fewer parts",
          name, PetscMax(1, d->asked[0]), PetscMax(1, d->asked[1]), ranks);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ranks of each part of the batch: even ranges of all ranks if those that have x lie in these, or else those that have x.
   all: [batches][n] */
static PetscErrorCode FindRanks(HGPartition p, PetscInt batches, PetscInt *n, PetscMPIInt **all, PetscBool *lacks)
{
  PetscMPIInt size;
  PetscInt    have = 0, each, coords[HG_AXES];
  PetscBool   has, even = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)p), &size));
  each = size / batches;
  for (PetscMPIInt r = 0; r < size; r++) {
    PetscCall(HGPartitionGetCoords(p, r, &has, coords));
    if (!has) continue;
    have++;
    if (r / each != coords[HG_N]) even = PETSC_FALSE;
  }
  *n     = even ? each : have / batches;
  *lacks = even && have < each * batches ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(PetscMalloc1(*n * batches, all));
  for (PetscInt b = 0, i = 0; b < batches; b++) {
    for (PetscMPIInt r = 0; r < size && i < (b + 1) * *n; r++) {
      PetscCall(HGPartitionGetCoords(p, r, &has, coords));
      if (even ? r / each == b : has && coords[HG_N] == b) (*all)[i++] = r;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A partition of samples as in x; coordinates along axis[0] and axis[1] count parts of outputs and inputs, unless the axis is -1;
   copied is the one of the two along which all is replicated, or -1 */
static PetscErrorCode CreatePartition(HGLayer layer, const PetscInt n[HG_AXES], const int axis[2], int copied, HGPartition *p)
{
  const Dense    *d = (Dense *)layer->data;
  PetscInt        dim, parts[HG_AXES] = {d->batches, 1, 1, 1, 1}, at[HG_AXES], all = d->batches, *len;
  const PetscInt *start;
  PetscMPIInt    *rank;

  PetscFunctionBegin;
  for (int i = 0; i < 2; i++) {
    if (axis[i] < 0) continue;
    parts[axis[i]] = d->grid[i];
    all *= d->grid[i];
  }
  PetscCall(HGPartitionGetSizes(layer->in[0].part, &dim, NULL));
  PetscCall(HGPartitionGetStarts(layer->in[0].part, HG_N, &start));
  PetscCall(PetscMalloc2(all, &rank, d->batches, &len));
  for (PetscInt b = 0; b < d->batches; b++) len[b] = start[b + 1] - start[b];
  for (PetscInt i = 0; i < all; i++) {
    for (PetscInt a = HG_AXES - 1, r = i; a >= 0; r /= parts[a], a--) at[a] = r % parts[a];
    rank[i] = d->rank[(at[HG_N] * d->grid[0] + (axis[0] < 0 ? 0 : at[axis[0]])) * d->grid[1] + (axis[1] < 0 ? 0 : at[axis[1]])];
  }
  PetscCall(HGPartitionCreate(PetscObjectComm((PetscObject)layer), p));
  PetscCall(HGPartitionSetSizes(*p, dim, n));
  PetscCall(HGPartitionSetParts(*p, parts));
  PetscCall(HGPartitionSetRanges(*p, HG_N, len));
  if (copied >= 0) PetscCall(HGPartitionSetReplicated(*p, axis[copied], PETSC_TRUE));
  PetscCall(HGPartitionSetRanks(*p, all, rank));
  PetscCall(HGPartitionSetUp(*p));
  PetscCall(PetscFree2(rank, len));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The axis of x to divide, the ranks, and the partitions of x, y and what lies between */
static PetscErrorCode CreateGrid(HGLayer layer, const PetscInt n[HG_AXES])
{
  Dense         *d             = (Dense *)layer->data;
  MPI_Comm       comm          = PetscObjectComm((PetscObject)layer);
  const PetscInt flat[HG_AXES] = {n[HG_N], d->outputs, 1, 1, 1};
  PetscInt       parts[HG_AXES], all = 0;
  PetscMPIInt   *rank  = NULL, me;
  PetscBool      lacks = PETSC_FALSE;

  PetscFunctionBegin;
  d->axis = HG_C;
  for (int a = HG_Z; a < HG_AXES; a++)
    if (n[a] > n[d->axis]) d->axis = a;
  d->copies = d->axis == HG_C ? HG_X : HG_C;
  PetscCall(HGPartitionGetParts(layer->in[0].part, parts));
  d->batches = parts[HG_N];
  PetscCall(FindRanks(layer->in[0].part, d->batches, &all, &rank, &lacks));
  PetscCall(ChooseGrid(layer, all, n));
  PetscCall(PetscFree(d->rank));
  PetscCall(PetscMalloc1(d->batches * d->grid[0] * d->grid[1], &d->rank));
  for (PetscInt b = 0; b < d->batches; b++)
    PetscCall(PetscArraycpy(d->rank + b * d->grid[0] * d->grid[1], rank + b * all, d->grid[0] * d->grid[1]));
  if (d->comm != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&d->comm));
  PetscCallMPI(MPI_Comm_rank(comm, &me));
  if (lacks) PetscCallMPI(MPI_Comm_split(comm, me / all < d->batches ? (int)(me / all) : MPI_UNDEFINED, me, &d->comm));
  PetscCall(PetscFree(rank));
  PetscCall(HGPartitionDestroy(&d->px));
  PetscCall(HGPartitionDestroy(&d->py));
  PetscCall(CreatePartition(layer, n, (const int[2]){d->copies, d->axis}, 0, &d->px));
  PetscCall(CreatePartition(layer, flat, (const int[2]){HG_C, HG_X}, 1, &d->py));
  PetscCall(CreatePartition(layer, flat, (const int[2]){HG_C, -1}, -1, &layer->out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- set-up ---- */

/* The axis of the weights [output][c][z][y][x], as a tensor [n][z][y][x][c], that an axis of x is */
static int WeightAxis(int axis)
{
  return axis == HG_C ? HG_Z : axis == HG_X ? HG_C : axis + 1;
}

/* Each rank of the grid has its rows and columns of the weights, those of each row of the grid a part of the bias; the parts of the batch have copies */
static PetscErrorCode DivideParameters(HGLayer layer, const PetscInt n[HG_AXES])
{
  const Dense   *d               = (Dense *)layer->data;
  const PetscInt weight[HG_AXES] = {d->outputs, n[HG_X], n[HG_C], n[HG_Z], n[HG_Y]}, bias[HG_AXES] = {d->outputs, 1, 1, 1, 1};
  const int      columns = WeightAxis(d->axis), copies = columns == HG_Y ? HG_Z : HG_Y;

  PetscFunctionBegin;
  for (PetscInt j = 0; j < layer->nparams; j++) {
    const PetscInt parts         = j ? 1 : d->grid[1];
    PetscInt       mine[HG_AXES] = {d->grid[0], 1, 1, 1, 1}, all = d->batches * d->grid[0] * parts;
    PetscMPIInt   *rank;
    HGPartition    p;

    mine[copies] = d->batches;
    if (!j) mine[columns] = parts;
    PetscCall(PetscMalloc1(all, &rank));
    for (PetscInt i = 0; i < all; i++) {
      PetscInt at[HG_AXES];

      for (PetscInt a = HG_AXES - 1, r = i; a >= 0; r /= mine[a], a--) at[a] = r % mine[a];
      rank[i] = d->rank[(at[copies] * d->grid[0] + at[HG_N]) * d->grid[1] + (j ? 0 : at[columns])];
    }
    PetscCall(HGPartitionCreate(PetscObjectComm((PetscObject)layer), &p));
    PetscCall(HGPartitionSetSizes(p, 3, j ? bias : weight));
    PetscCall(HGPartitionSetParts(p, mine));
    PetscCall(HGPartitionSetReplicated(p, copies, PETSC_TRUE));
    PetscCall(HGPartitionSetRanks(p, all, rank));
    PetscCall(HGPartitionSetUp(p));
    PetscCall(HGLayerUseParameter(layer, j, p));
    PetscCall(PetscFree(rank));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The columns of its part of the weights that this rank's elements of x meet, in the order z, y, x, c in which they lie in memory; NULL: their own */
static PetscErrorCode FindColumns(Dense *d, const HGBox *b)
{
  const PetscInt points = b->size[HG_Z] * b->size[HG_Y] * b->size[HG_X], channels = b->size[HG_C];

  PetscFunctionBegin;
  PetscCall(PetscFree(d->column));
  if (points == 1 || channels == 1 || !d->in) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(d->in, &d->column));
  for (PetscInt i = 0; i < points; i++)
    for (PetscInt c = 0; c < channels; c++) d->column[i * channels + c] = c * points + i;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The matrix product as a convolution of one tap: samples are its pixels, and values its channels */
static HGConvShape ProductShape(PetscInt nb, PetscInt from, PetscInt to)
{
  return (HGConvShape){.batch  = 1,
                       .groups = 1,
                       .cin    = (int)from,
                       .cout   = (int)to,
                       .n      = {1, 1, (int)nb},
                       .k      = {1, 1, 1},
                       .xs     = {0, 0, 0, from},
                       .ys     = {0, 0, 0, to}};
}

/* Scratch of the weight gradient of some rows */
static size_t GradientWork(const Dense *d, PetscInt samples, PetscInt rows)
{
  const HGConvShape s = ProductShape(samples, d->in, rows);

  return rows ? (*d->kernels->conv_weights_work)(&s) : 0;
}

static PetscErrorCode AllocateWeights(HGLayer layer, PetscInt samples)
{
  Dense       *d      = (Dense *)layer->data;
  const int    k[3]   = {1, 1, 1};
  const size_t size   = HGDTypeSize(layer->dtype);
  void       **free[] = {&d->w, &d->packed, &d->packed_adjoint, &d->dw};

  PetscFunctionBegin;
  for (int i = 0; i < 4; i++) PetscCall(PetscFree(*free[i]));
  layer->work_size = 0;
  if (!d->in || !d->out) PetscFunctionReturn(PETSC_SUCCESS);
  if (d->column) PetscCall(PetscMalloc((size_t)d->out * (size_t)d->in * size, &d->w));
  if (d->column) PetscCall(PetscMalloc((size_t)ROWS * (size_t)d->in * sizeof(double), &d->dw));
  PetscCall(PetscMalloc((*d->kernels->conv_packed_size)(1, (int)d->in, (int)d->out, k), &d->packed));
  PetscCall(PetscMalloc((*d->kernels->conv_packed_size)(1, (int)d->out, (int)d->in, k), &d->packed_adjoint));
  d->weights       = (HGConvWeights){.w = d->w, .so = d->in, .si = 1};
  d->transposed    = (HGConvWeights){.w = d->w, .so = 1, .si = d->in};
  layer->work_size = GradientWork(d, samples, d->column ? PetscMin(ROWS, d->out) : d->out);
  if (d->column) layer->work_size = PetscMax(layer->work_size, GradientWork(d, samples, d->out % ROWS)); /* the last rows */
  layer->work_size = PetscMax(layer->work_size, (*d->kernels->conv_work)(1, (int)d->in, (int)d->out, k));
  layer->work_size = PetscMax(layer->work_size, (*d->kernels->conv_work)(1, (int)d->out, (int)d->in, k));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Dense(HGLayer layer)
{
  Dense      *d = (Dense *)layer->data;
  PetscMPIInt rank;
  PetscInt    n[HG_AXES];
  HGSimd      simd;
  HGBox       x, y;

  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  HGCheck(d->outputs, PetscObjectComm((PetscObject)layer), "%s: call HGLayerDenseSetOutputs() first", ((PetscObject)layer)->name);
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, n));
  d->inputs = n[HG_C] * n[HG_Z] * n[HG_Y] * n[HG_X];
  PetscCall(CreateGrid(layer, n));
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)layer), &rank));
  PetscCall(HGPartitionGetBox(d->px, rank, &x));
  PetscCall(HGPartitionGetBox(d->py, rank, &y));
  d->in   = x.size[HG_C] * x.size[HG_Z] * x.size[HG_Y] * x.size[HG_X];
  d->out  = y.size[HG_C];
  d->out0 = y.start[HG_C];
  PetscCall(FindColumns(d, &x));
  d->first = PETSC_FALSE;
  for (PetscInt i = 0; i < d->batches * d->grid[0]; i++)
    if (d->rank[i * d->grid[1]] == rank) d->first = PETSC_TRUE;
  layer->nparams = d->bias ? 2 : 1;
  PetscCall(HGLayerSetParameter(layer, 0, "weight", 2, (const PetscInt[2]){d->outputs, d->inputs}));
  PetscCall(HGLayerSetParameter(layer, 1, "bias", 1, &d->outputs));
  PetscCall(DivideParameters(layer, n));
  /* PyTorch's default for nn.Linear: Kaiming-uniform with a = sqrt(5), whose bound is 1 / sqrt(inputs), for the bias as well */
  layer->param[0].bound = layer->param[1].bound = 1 / PetscSqrtReal((PetscReal)d->inputs);
  layer->in[0].needed                           = PETSC_FALSE; /* the adjoint reads the broadcast's copy */
  layer->in[0].masks                            = PETSC_TRUE;
  layer->flops                                  = 2.0 * (PetscLogDouble)layer->param[0].size * (PetscLogDouble)n[HG_N];
  PetscCall(HGGetSimd(&simd));
  d->kernels = HGKernelsGet(simd, layer->dtype);
  PetscCall(HGLayerGetFieldKernels(layer, &d->field));
  PetscCall(AllocateWeights(layer, x.size[HG_N]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MakeTensor(HGPartition p, HGDType t, HGTensor *x)
{
  PetscFunctionBegin;
  PetscCall(HGTensorDestroy(x));
  PetscCall(HGTensorCreate(p, t, x));
  PetscCall(HGTensorSetUp(*x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Plan(HGLinOpType type, HGTensor from, HGTensor to, HGLinOp *op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(op));
  PetscCall(HGLinOpCreate(PetscObjectComm((PetscObject)from), op));
  PetscCall(HGLinOpSetType(*op, type));
  PetscCall(HGLinOpSetTensors(*op, from, to));
  PetscCall(HGLinOpSetUp(*op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Dense(HGLayer layer)
{
  Dense        *d  = (Dense *)layer->data;
  HGLayerInput *in = &layer->in[0];

  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &d->threshold));
  PetscCall(MakeTensor(d->px, layer->dtype, &d->xw));
  PetscCall(MakeTensor(d->py, layer->dtype, &d->yw));
  PetscCall(Plan(HGLINOPBROADCAST, in->x, d->xw, &d->broadcast));
  PetscCall(Plan(HGLINOPSUMREDUCE, d->yw, layer->y, &d->reduce));
  if (!layer->dy) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(MakeTensor(d->py, layer->dtype, &d->dyw));
  PetscCall(Plan(HGLINOPSUMREDUCE, d->dyw, layer->dy, &d->reduce_back));
  PetscCall(HGTensorDestroy(&d->part));
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  if (in->add || in->rectified) PetscCall(MakeTensor(in->part, layer->dtype, &d->part));
  PetscCall(MakeTensor(d->px, layer->dtype, &d->dxw));
  PetscCall(Plan(HGLINOPBROADCAST, d->part ? d->part : in->dx, d->dxw, &d->broadcast_back));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The columns of the weights in the order of a local tensor */
static void OrderColumns(HGLayer layer, const void *w)
{
  const Dense *d = (Dense *)layer->data;

#pragma omp parallel for schedule(static)
  for (PetscInt o = 0; o < d->out; o++) {
    const size_t row = (size_t)o * (size_t)d->in;

    for (PetscInt i = 0; i < d->in; i++) {
      if (layer->dtype == HG_F32) ((float *)d->w)[row + (size_t)i] = ((const float *)w)[row + (size_t)d->column[i]];
      else ((double *)d->w)[row + (size_t)i] = ((const double *)w)[row + (size_t)d->column[i]];
    }
  }
}

static PetscErrorCode SetParameterValues_Dense(HGLayer layer, HGUse use, const void *const p[])
{
  Dense      *d    = (Dense *)layer->data;
  const int   k[3] = {1, 1, 1};
  const void *w    = d->column ? d->w : p[0];

  PetscFunctionBegin;
  if (!d->in || !d->out) PetscFunctionReturn(PETSC_SUCCESS);
  if (use == HG_USE_FORWARD) {
    if (d->column) OrderColumns(layer, p[0]);
    d->b       = p[1];
    d->weights = (HGConvWeights){.w = w, .so = d->in, .si = 1};
    (*d->kernels->conv_pack)(1, (int)d->in, (int)d->out, k, &d->weights, d->packed);
  } else {
    d->transposed = (HGConvWeights){.w = w, .so = 1, .si = d->in};
    (*d->kernels->conv_pack)(1, (int)d->out, (int)d->in, k, &d->transposed, d->packed_adjoint);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- forward and adjoint ---- */

/* Ranks without a part of x do not know how many samples count */
static PetscErrorCode AgreeOnSamples(const Dense *d, PetscInt *nb)
{
  PetscFunctionBegin;
  if (d->comm != MPI_COMM_NULL) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, nb, 1, MPIU_INT, MPI_MAX, d->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forward_Dense(HGLayer layer, PetscInt nb)
{
  Dense               *d     = (Dense *)layer->data;
  const HGConvStore    store = {.bias = d->bias && d->first ? d->b : NULL};
  const HGTensorLocal *x, *yw, *y;
  HGConvShape          s;
  HGFieldShape         f;

  PetscFunctionBegin;
  PetscCall(AgreeOnSamples(d, &nb));
  PetscCall(HGLinOpApply(d->broadcast, layer->in[0].x, d->xw));
  PetscCall(HGTensorGetLocal(d->xw, &x));
  PetscCall(HGTensorGetLocal(d->yw, &yw));
  s = ProductShape(nb, d->in, d->out);
  if (d->in && d->out) (*d->kernels->conv)(&s, x->owned, &d->weights, d->packed, &store, layer->work, yw->owned);
  PetscCall(HGLinOpApply(d->reduce, d->yw, layer->y));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  f = HGFieldShapeOf(y, y, PetscMin(nb, y->box.size[HG_N]));
  if (layer->activation == HG_ACT_RELU && y->elements) (*d->field->activate)(HG_ACT_RELU, 0, &f, y->owned, y->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dW += dy x^T of own rows and columns, db += dy. Where columns have another order, some rows at a time. */
static PetscErrorCode WeightGradient(HGLayer layer, PetscInt nb, const void *x, const char *dy, HGDType type, void *const dp[])
{
  Dense       *d    = (Dense *)layer->data;
  const size_t size = HGDTypeSize(type);
  HGConvShape  s    = ProductShape(nb, d->in, d->out);
  char        *db   = d->bias && d->first ? (char *)dp[1] : NULL;

  PetscFunctionBegin;
  if (!d->column) {
    (*d->kernels->conv_weights)(&s, x, dy, layer->work, type, dp[0], db);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt o = 0; o < d->out; o += ROWS) {
    const PetscInt rows = PetscMin(ROWS, d->out - o);

    s.cout = (int)rows;
    PetscCall(PetscMemzero(d->dw, (size_t)rows * (size_t)d->in * size));
    (*d->kernels->conv_weights)(&s, x, dy + (size_t)o * HGDTypeSize(layer->dtype), layer->work, type, d->dw,
                                db ? db + (size_t)o * size : NULL);
    for (PetscInt r = 0; r < rows; r++) {
      const size_t to = (size_t)(o + r) * (size_t)d->in, from = (size_t)r * (size_t)d->in;

      for (PetscInt i = 0; i < d->in; i++) {
        if (type == HG_F32) ((float *)dp[0])[to + (size_t)d->column[i]] += ((float *)d->dw)[from + (size_t)i];
        else ((double *)dp[0])[to + (size_t)d->column[i]] += ((double *)d->dw)[from + (size_t)i];
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dx = part, added to what is there and multiplied by (x > 0) where that is asked for */
static PetscErrorCode StoreGradient(HGLayer layer)
{
  const Dense         *d     = (Dense *)layer->data;
  const HGLayerInput  *in    = &layer->in[0];
  HGFieldStore         store = {.add = in->add, .threshold = d->threshold};
  const HGTensorLocal *x, *dx, *from;
  HGFieldShape         s;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(in->x, &x));
  PetscCall(HGTensorGetLocal(in->dx, &dx));
  PetscCall(HGTensorGetLocal(d->part, &from));
  if (in->rectified) store.mask = x->owned;
  s = HGFieldShapeOf(dx, from, dx->box.size[HG_N]);
  if (dx->elements) (*d->field->transfer)(&s, from->owned, &store, dx->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Dense(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  Dense               *d     = (Dense *)layer->data;
  const HGConvStore    store = {0};
  HGTensor             dx    = layer->in[0].dx;
  const HGTensorLocal *x, *dy, *dxw;
  HGConvShape          s;

  PetscFunctionBegin;
  PetscCall(AgreeOnSamples(d, &nb));
  PetscCall(HGLinOpApplyAdjoint(d->reduce_back, layer->dy, d->dyw));
  PetscCall(HGTensorGetLocal(d->xw, &x));
  PetscCall(HGTensorGetLocal(d->dyw, &dy));
  if (d->in && d->out) PetscCall(WeightGradient(layer, nb, x->owned, (const char *)dy->owned, type, dp));
  if (!dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(d->dxw, &dxw));
  s = ProductShape(nb, d->out, d->in);
  if (d->in && d->out) (*d->kernels->conv)(&s, dy->owned, &d->transposed, d->packed_adjoint, &store, layer->work, dxw->owned);
  PetscCall(HGLinOpApplyAdjoint(d->broadcast_back, d->dxw, d->part ? d->part : dx));
  if (d->part) PetscCall(StoreGradient(layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetTraffic_Dense(HGLayer layer, PetscInt *messages, PetscInt64 *bytes)
{
  const Dense *d = (Dense *)layer->data;
  PetscInt     m;
  PetscInt64   b;

  PetscFunctionBegin;
  PetscCall(HGLinOpGetTraffic(d->broadcast, messages, bytes));
  PetscCall(HGLinOpGetTraffic(d->reduce, &m, &b));
  *messages += m;
  *bytes += b;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Dense(HGLayer layer)
{
  Dense    *d        = (Dense *)layer->data;
  void     *memory[] = {d->rank, d->column, d->w, d->packed, d->packed_adjoint, d->dw, d->threshold};
  HGTensor *tensor[] = {&d->xw, &d->yw, &d->dxw, &d->dyw, &d->part};
  HGLinOp  *op[]     = {&d->broadcast, &d->reduce, &d->broadcast_back, &d->reduce_back};

  PetscFunctionBegin;
  for (int i = 0; i < 7; i++) PetscCall(PetscFree(memory[i]));
  for (int i = 0; i < 5; i++) PetscCall(HGTensorDestroy(tensor[i]));
  for (int i = 0; i < 4; i++) PetscCall(HGLinOpDestroy(op[i]));
  PetscCall(HGPartitionDestroy(&d->px));
  PetscCall(HGPartitionDestroy(&d->py));
  if (d->comm != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&d->comm));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Dense(HGLayer layer)
{
  Dense *d;

  PetscFunctionBegin;
  PetscCall(PetscNew(&d));
  layer->data = d;
  d->bias     = PETSC_TRUE;
  d->comm     = MPI_COMM_NULL;
  d->asked[0] = d->asked[1]      = PETSC_DECIDE;
  layer->ops->setup              = SetUp_Dense;
  layer->ops->settensors         = SetTensors_Dense;
  layer->ops->setparametervalues = SetParameterValues_Dense;
  layer->ops->forward            = Forward_Dense;
  layer->ops->adjoint            = Adjoint_Dense;
  layer->ops->gettraffic         = GetTraffic_Dense;
  layer->ops->destroy            = Destroy_Dense;
  PetscFunctionReturn(PETSC_SUCCESS);
}
