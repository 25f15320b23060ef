/* SPDX-License-Identifier: BSD-2-Clause */
/*
  One layer from a line of words key=value, run on whole arrays [n][c][z][y][x]. Words:

    type=pool dim=2 size=2,3,1,9,11 dtype=f64 inputs=1 training=1 name=layer
    pool:       window= stride= padding= dilation= (z,y,x)  average=1 count_padding=0
    upsample:   factor=1,2,2 linear=1
    activation: function=gelu parameter=0.1
    norm:       kind=batch groups=2 epsilon=1e-5 momentum=0.1 affine=0 relu=1
    dropout:    probability=0.3
    add:        relu=1
    slice:      first=1 count=2
    dense:      outputs=5 parts=2,3 force=1 bias=0 relu=1
    conv:       cout=4 window= stride= padding= dilation= groups= transposed=1 more= boundary=periodic bias=0 relu=1
*/
#ifndef LAYERCASE_H
#define LAYERCASE_H

#include "layervalues.h"

#define MAX_INPUTS 3

typedef struct {
  HGLayer     layer;
  LayerValues values;
  HGPartition part;
  HGDType     dtype;
  PetscInt    nin, nb;
  PetscInt    nx, ny, np, ns; /* elements of one input and of the output, parameters, states; of all ranks */
  PetscBool   add;            /* the adjoint adds to what dx holds */
  HGTensor    x[MAX_INPUTS], dx[MAX_INPUTS], y, dy;
  void       *work;
} LayerCase;

static inline PetscBool CaseWord(const char *line, const char *key, char value[64])
{
  const size_t n = strlen(key);

  for (const char *p = line; (p = strstr(p, key)); p += n) {
    if ((p != line && p[-1] != ' ') || p[n] != '=') continue;
    (void)snprintf(value, 64, "%.*s", (int)strcspn(p + n + 1, " \n"), p + n + 1);
    return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static inline double CaseReal(const char *line, const char *key, double otherwise)
{
  char value[64];

  return CaseWord(line, key, value) ? strtod(value, NULL) : otherwise;
}

static inline PetscInt CaseInt(const char *line, const char *key, PetscInt otherwise)
{
  return (PetscInt)CaseReal(line, key, (double)otherwise);
}

static inline PetscBool CaseInts(const char *line, const char *key, int n, PetscInt values[])
{
  char value[64], *p = value;

  if (!CaseWord(line, key, value)) return PETSC_FALSE;
  for (int i = 0; i < n; i++, p += *p == ',') values[i] = (PetscInt)strtol(p, &p, 10);
  return PETSC_TRUE;
}

static inline int CaseChoice(const char *line, const char *key, int n, const char *const names[], int otherwise)
{
  char value[64];

  if (!CaseWord(line, key, value)) return otherwise;
  for (int i = 0; i < n; i++)
    if (!strcmp(value, names[i])) return i;
  return -1;
}

static inline PetscErrorCode CaseSetConv(HGLayer layer, const char *line)
{
  static const char *const boundaries[] = {"none", "zeros", "periodic", "reflect", "replicate"};
  const HGBoundary         b            = (HGBoundary)CaseChoice(line, "boundary", 5, boundaries, HG_BOUNDARY_ZERO);
  const HGBoundary         b3[3]        = {b, b, b};
  PetscInt                 v[3], padding[3] = {0, 0, 0}, more[3] = {0, 0, 0};

  PetscFunctionBegin;
  if (CaseInts(line, "window", 3, v)) PetscCall(HGLayerConvSetKernel(layer, CaseInt(line, "cout", 1), v));
  if (CaseInts(line, "stride", 3, v)) PetscCall(HGLayerConvSetStride(layer, v));
  (void)CaseInts(line, "padding", 3, padding);
  PetscCall(HGLayerConvSetPadding(layer, padding));
  if (CaseInts(line, "dilation", 3, v)) PetscCall(HGLayerConvSetDilation(layer, v));
  (void)CaseInts(line, "more", 3, more);
  PetscCall(HGLayerConvSetGroups(layer, CaseInt(line, "groups", 1)));
  PetscCall(HGLayerConvSetBias(layer, CaseInt(line, "bias", 1) ? PETSC_TRUE : PETSC_FALSE));
  PetscCall(HGLayerConvSetTransposed(layer, CaseInt(line, "transposed", 0) ? PETSC_TRUE : PETSC_FALSE, more));
  PetscCall(HGLayerConvSetBoundary(layer, b3));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode CaseSetPool(HGLayer layer, const char *line)
{
  HGStencil s = {.dilation = {1, 1, 1}};

  PetscFunctionBegin;
  (void)CaseInts(line, "padding", 3, s.padding);
  (void)CaseInts(line, "dilation", 3, s.dilation);
  if (CaseInts(line, "window", 3, s.kernel) && CaseInts(line, "stride", 3, s.stride)) PetscCall(HGLayerPoolSetWindow(layer, &s));
  PetscCall(HGLayerPoolSetAverage(layer, CaseInt(line, "average", 0) ? PETSC_TRUE : PETSC_FALSE,
                                  CaseInt(line, "count_padding", 1) ? PETSC_TRUE : PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode CaseSetNorm(HGLayer layer, const char *line)
{
  static const char *const kinds[] = {"batch", "group", "instance", "layer"};

  PetscFunctionBegin;
  PetscCall(HGLayerNormSetKind(layer, (HGNormKind)CaseChoice(line, "kind", 4, kinds, HG_NORM_BATCH)));
  PetscCall(HGLayerNormSetGroups(layer, CaseInt(line, "groups", 1)));
  PetscCall(HGLayerNormSetEpsilon(layer, CaseReal(line, "epsilon", 1e-5)));
  PetscCall(HGLayerNormSetMomentum(layer, CaseReal(line, "momentum", 0.1)));
  PetscCall(HGLayerNormSetAffine(layer, CaseInt(line, "affine", 1) ? PETSC_TRUE : PETSC_FALSE));
  if (CaseInt(line, "relu", 0)) PetscCall(HGLayerNormSetActivation(layer, HG_ACT_RELU));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Parts that do not make the ranks of a part of the batch are left open, unless force=1 is given */
static inline PetscErrorCode CaseSetDense(HGLayer layer, const char *line)
{
  PetscInt    parts[2], batches = 1;
  PetscMPIInt ranks;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)layer), &ranks));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-hg_batch_parts", &batches, NULL));
  if (CaseInt(line, "outputs", 0)) PetscCall(HGLayerDenseSetOutputs(layer, CaseInt(line, "outputs", 0)));
  if (CaseInts(line, "parts", 2, parts) && (parts[0] * parts[1] * batches == ranks || CaseInt(line, "force", 0)))
    PetscCall(HGLayerDenseSetParts(layer, parts[0], parts[1]));
  PetscCall(HGLayerDenseSetBias(layer, CaseInt(line, "bias", 1) ? PETSC_TRUE : PETSC_FALSE));
  if (CaseInt(line, "relu", 0)) PetscCall(HGLayerDenseSetActivation(layer, HG_ACT_RELU));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode CaseSetLayer(HGLayer layer, const char *type, const char *line)
{
  static const char *const functions[] = {"identity", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softplus", "sin"};
  PetscInt                 factor[3];

  PetscFunctionBegin;
  if (!strcmp(type, HGLAYERCONV)) PetscCall(CaseSetConv(layer, line));
  if (!strcmp(type, HGLAYERPOOL)) PetscCall(CaseSetPool(layer, line));
  if (!strcmp(type, HGLAYERDENSE)) PetscCall(CaseSetDense(layer, line));
  if (!strcmp(type, HGLAYERNORM)) PetscCall(CaseSetNorm(layer, line));
  if (!strcmp(type, HGLAYERUPSAMPLE)) {
    if (CaseInts(line, "factor", 3, factor)) PetscCall(HGLayerUpsampleSetFactor(layer, factor));
    PetscCall(HGLayerUpsampleSetLinear(layer, CaseInt(line, "linear", 0) ? PETSC_TRUE : PETSC_FALSE));
  }
  if (!strcmp(type, HGLAYERACTIVATION))
    PetscCall(HGLayerActivationSetFunction(layer, (HGActivation)CaseChoice(line, "function", 10, functions, HG_ACT_RELU),
                                           CaseReal(line, "parameter", 0)));
  if (!strcmp(type, HGLAYERDROPOUT)) PetscCall(HGLayerDropoutSetProbability(layer, CaseReal(line, "probability", 0.5)));
  if (!strcmp(type, HGLAYERADD) && CaseInt(line, "relu", 0)) PetscCall(HGLayerAddSetActivation(layer, HG_ACT_RELU));
  if (!strcmp(type, HGLAYERLINEAR)) PetscCall(HGLayerLinearSetOutputs(layer, CaseInt(line, "outputs", 4)));
  if (!strcmp(type, HGLAYERPERIODIC)) {
    PetscBool is[16] = {PETSC_FALSE, PETSC_TRUE, PETSC_FALSE, PETSC_TRUE};

    PetscCall(HGLayerPeriodicSetChannels(layer, is));
  }
  if (!strcmp(type, HGLAYERSLICE)) PetscCall(HGLayerSliceSetChannels(layer, CaseInt(line, "first", 0), CaseInt(line, "count", 1)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The partition and the layer, set up */
static inline PetscErrorCode CaseSetUp(MPI_Comm comm, const char *line, LayerCase *c)
{
  char        type[64], name[64] = "layer";
  PetscInt    size[HG_AXES];
  HGPartition in[MAX_INPUTS];

  PetscFunctionBegin;
  *c = (LayerCase){.nin = CaseInt(line, "inputs", 1)};
  PetscCheck(CaseWord(line, "type", type) && CaseInts(line, "size", HG_AXES, size), comm, PETSC_ERR_USER, "no type or size: %s", line);
  (void)CaseWord(line, "name", name);
  c->dtype = CaseChoice(line, "dtype", 2, (const char *const[]){"f32", "f64"}, HG_F64) ? HG_F64 : HG_F32;
  PetscCall(HGPartitionCreate(comm, &c->part));
  PetscCall(HGPartitionSetSizes(c->part, CaseInt(line, "dim", 2), size));
  if (comm == PETSC_COMM_WORLD) PetscCall(HGPartitionSetFromOptions(c->part));
  PetscCall(HGPartitionSetUp(c->part));
  PetscCall(HGLayerCreate(comm, &c->layer));
  PetscCall(PetscObjectSetName((PetscObject)c->layer, name));
  PetscCall(HGLayerSetType(c->layer, type));
  PetscCall(CaseSetLayer(c->layer, type, line));
  for (PetscInt i = 0; i < c->nin; i++) in[i] = c->part;
  PetscCall(HGLayerSetUp(c->layer, c->nin, in, c->dtype));
  PetscCall(HGLayerSetTraining(c->layer, CaseInt(line, "training", 1) ? PETSC_TRUE : PETSC_FALSE));
  PetscCall(HGLayerSetRandom(c->layer, 11, (uint64_t)CaseInt(line, "step", 0)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode CaseTensor(HGPartition p, const HGHaloWidths *w, HGDType t, HGTensor *x, PetscInt *n)
{
  PetscInt size[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGTensorCreate(p, t, x));
  PetscCall(HGTensorSetHaloWidths(*x, w));
  PetscCall(HGTensorSetUp(*x));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  *n = 1;
  for (int a = 0; a < HG_AXES; a++) *n *= size[a];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode CaseCreate(MPI_Comm comm, const char *line, LayerCase *c)
{
  HGPartition          out;
  const HGHaloWidths  *hx, *hy;
  const HGParameter   *param;
  const HGTensorLocal *l;
  PetscInt             n;
  size_t               bytes;

  PetscFunctionBegin;
  PetscCall(CaseSetUp(comm, line, c));
  PetscCall(HGLayerGetOutputPartition(c->layer, &out));
  for (PetscInt i = 0; i < c->nin; i++) {
    PetscCall(HGLayerGetHalo(c->layer, i, &hx, &hy));
    PetscCall(CaseTensor(c->part, hx, c->dtype, &c->x[i], &c->nx));
    PetscCall(CaseTensor(c->part, hx, c->dtype, &c->dx[i], &c->nx));
  }
  PetscCall(CaseTensor(out, hy, c->dtype, &c->y, &c->ny));
  PetscCall(CaseTensor(out, hy, c->dtype, &c->dy, &c->ny));
  PetscCall(HGTensorGetLocal(c->x[0], &l));
  c->nb  = l->box.size[HG_N];
  c->add = CaseInt(line, "add", 0) ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(HGLayerGetParameters(c->layer, &n, &param));
  for (PetscInt i = 0; i < n; i++) c->np += param[i].size;
  PetscCall(HGLayerGetStates(c->layer, &n, &param, NULL));
  for (PetscInt i = 0; i < n; i++) c->ns += param[i].size;
  PetscCall(HGLayerGetWorkSize(c->layer, &bytes));
  PetscCall(PetscMalloc(bytes + 8, &c->work));
  PetscCall(HGLayerSetWork(c->layer, c->work));
  for (PetscInt i = 0; i < c->nin; i++) PetscCall(HGLayerSetInput(c->layer, i, c->x[i], c->dx[i], c->add, NULL));
  PetscCall(HGLayerSetOutput(c->layer, c->y, c->dy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode CaseDestroy(LayerCase *c)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < c->nin; i++) {
    PetscCall(HGTensorDestroy(&c->x[i]));
    PetscCall(HGTensorDestroy(&c->dx[i]));
  }
  PetscCall(HGTensorDestroy(&c->y));
  PetscCall(HGTensorDestroy(&c->dy));
  PetscCall(HGLayerDestroy(&c->layer));
  PetscCall(LayerValuesDestroy(&c->values));
  PetscCall(HGPartitionDestroy(&c->part));
  PetscCall(PetscFree(c->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Copies between this rank's owned points and a whole array [n][c][z][y][x] */
static inline PetscErrorCode CaseCopy(HGTensor t, HGDType dtype, PetscBool to_tensor, double *whole)
{
  const HGTensorLocal *l;
  HGPartition          p;
  PetscInt             size[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  PetscCall(HGTensorGetPartition(t, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i++) {
    PetscInt  rest = i, c[HG_AXES], g = 0;
    ptrdiff_t at = 0;

    for (int a = HG_AXES - 1; a >= 0; rest /= l->box.size[a], a--) c[a] = rest % l->box.size[a];
    for (int a = 0; a < HG_AXES; a++) {
      g = g * size[a] + l->box.start[a] + c[a];
      at += c[a] * l->stride[a];
    }
    if (to_tensor && dtype == HG_F32) ((float *)l->owned)[at] = (float)whole[g];
    else if (to_tensor) ((double *)l->owned)[at] = whole[g];
    else whole[g] = dtype == HG_F32 ? (double)((float *)l->owned)[at] : ((double *)l->owned)[at];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* This rank's points of a whole array, and zero elsewhere */
static inline PetscErrorCode CaseOwn(const LayerCase *c, HGTensor t, PetscInt n, double *whole)
{
  PetscFunctionBegin;
  PetscCall(PetscArrayzero(whole, n));
  PetscCall(CaseCopy(t, c->dtype, PETSC_FALSE, whole));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of what CaseForward() and CaseAdjoint() give: apart from them, since many ranks on few cores take long for each reduction */
static inline PetscErrorCode CaseSum(const LayerCase *c, PetscInt n, double *results)
{
  PetscFunctionBegin;
  if (n) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, results, (PetscMPIInt)n, MPI_DOUBLE, MPI_SUM, PetscObjectComm((PetscObject)c->layer)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode CaseStates(LayerCase *c, PetscBool set, double *s)
{
  const HGParameter *state;
  PetscReal        **value;
  PetscInt           n;

  PetscFunctionBegin;
  PetscCall(HGLayerGetStates(c->layer, &n, &state, &value));
  for (PetscInt i = 0; i < n; i++)
    for (PetscInt j = 0; j < state[i].size; j++, s++)
      if (set) value[i][j] = *s;
      else *s = value[i][j];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* x: [inputs][nx], p: [np], s: [ns] changed; y: [ny], to be summed over the ranks */
static inline PetscErrorCode CaseForward(LayerCase *c, double *x, const double *p, double *s, double *y)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < c->nin; i++) PetscCall(CaseCopy(c->x[i], c->dtype, PETSC_TRUE, x + i * c->nx));
  PetscCall(LayerSetValues(c->layer, c->dtype, p, &c->values));
  PetscCall(CaseStates(c, PETSC_TRUE, s));
  PetscCall(HGLayerForward(c->layer, c->nb));
  PetscCall(CaseStates(c, PETSC_FALSE, s));
  PetscCall(CaseOwn(c, c->y, c->ny, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* After CaseForward(). dx: [inputs][nx], on entry what it holds before; dp: [np]; both to be summed over the ranks */
static inline PetscErrorCode CaseAdjoint(LayerCase *c, double *dy, double *dx, double *dp)
{
  HGActivation act;

  PetscFunctionBegin;
  PetscCall(CaseCopy(c->dy, c->dtype, PETSC_TRUE, dy));
  PetscCall(HGLayerHasFusedActivation(c->layer, &act));
  if (act == HG_ACT_RELU) { /* dy is to belong to the argument of the activation */
    double *y;

    PetscCall(PetscMalloc1(c->ny, &y));
    PetscCall(CaseOwn(c, c->y, c->ny, y));
    for (PetscInt i = 0; i < c->ny; i++) y[i] = y[i] > 0 ? dy[i] : 0;
    PetscCall(CaseCopy(c->dy, c->dtype, PETSC_TRUE, y));
    PetscCall(PetscFree(y));
  }
  for (PetscInt i = 0; i < c->nin; i++) PetscCall(CaseCopy(c->dx[i], c->dtype, PETSC_TRUE, dx + i * c->nx));
  PetscCall(PetscArrayzero(dp, c->np));
  PetscCall(LayerAdjoint(c->layer, c->nb, HG_F64, dp));
  for (PetscInt i = 0; i < c->nin; i++) PetscCall(CaseOwn(c, c->dx[i], c->nx, dx + i * c->nx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
