/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layerfield.h"

/*MC
   HGLAYERNORM - normalisation to mean zero and variance one, then a scale and a shift of each channel: batch, group, instance, layer

   Level: intermediate

   Notes:
   y = act(weight (x - mean) / sqrt(variance + epsilon) + bias). The mean and the (biased) variance are those of

   batch: a channel over all samples and points, of all ranks (Ioffe and Szegedy, arXiv 1502.03167, algorithm 1). In evaluation running
   averages take their place, kept as PyTorch keeps them: new = (1 - momentum) old + momentum value, with the unbiased variance;
   group: a group of channels of one sample over all points (Wu and He, arXiv 1803.08494);
   instance: one channel of one sample; layer: all channels of one sample, as torch.nn.GroupNorm with one group.

   The variance is a sum of squares about the mean, so that fields with large means lose no digits: each rank sums about a value of its
   own, and means of the whole are known before squares are added. Sums are in double precision: two small all-reduces forward, one in the
   adjoint.

.seealso: `HGLayerNormSetKind()`, `HGLayerNormSetGroups()`, `HGLayerNormSetEpsilon()`, `HGLayerNormSetMomentum()`, `HGLayerNormSetAffine()`,
          `HGLayerNormSetActivation()`, `HGLayerSetTraining()`
M*/

enum { CENTRE, SCALE, SHIFT, SLOPE, ADJOINT_SHIFT, COEFFICIENTS };

typedef struct {
  HGNormKind            kind;
  PetscInt              groups; /* of group normalisation, as given */
  PetscReal             epsilon, momentum;
  PetscBool             affine;
  const HGFieldKernels *kernels;
  MPI_Comm              comm;       /* ranks that have parts of the same means; MPI_COMM_NULL on ranks without a part */
  PetscBool             spread;     /* running averages have to be sent to ranks with other channels or none */
  PetscInt              samples, C; /* of this rank */
  PetscInt              c0, C_all;  /* first channel of this rank, channels of all */
  PetscInt              each;       /* channels of a group */
  PetscInt              units;      /* means: [C] (batch), or [samples][groups of all ranks] */
  double                points, points_all;
  double               *mean, *rstd;               /* [units] of the last forward */
  double               *sum;                       /* [samples][C][2] */
  double               *reduced;                   /* [2 units + 1] */
  double               *value;                     /* [2][C_all] new values of running averages */
  double                count;                     /* elements of a unit */
  double               *weight, *bias;             /* [C_all] */
  char                 *coefficient[COEFFICIENTS]; /* [samples][C] of the layer's type, or [C] */
  void                 *work, *threshold;
  PetscBool             used_batch; /* the last forward normalised by its own statistics */
} Norm;

/* ---- setters ---- */

/*@
   HGLayerNormSetKind - Set over what a normalisation takes the mean

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERNORM`
-  kind  - `HG_NORM_BATCH` (default), `HG_NORM_GROUP`, `HG_NORM_INSTANCE`, `HG_NORM_LAYER`

   Level: intermediate

   Errors:
   Refuses `HG_NORM_NONE`.

.seealso: `HGLAYERNORM`, `HGLayerNormSetGroups()`
@*/
PetscErrorCode HGLayerNormSetKind(HGLayer layer, HGNormKind kind)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERNORM));
  HGCheck(kind >= HG_NORM_BATCH && kind <= HG_NORM_LAYER, PetscObjectComm((PetscObject)layer),
          "%s: no kind of normalisation; give HG_NORM_BATCH, HG_NORM_GROUP, HG_NORM_INSTANCE or HG_NORM_LAYER, or leave the layer out",
          ((PetscObject)layer)->name);
  ((Norm *)layer->data)->kind = kind;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerNormSetGroups - Set the number of groups of group normalisation

   Logically Collective

   Input Parameters:
+  layer  - the layer, of type `HGLAYERNORM`
-  groups - how many (default 1)

   Level: intermediate

   Errors:
   `HGLayerSetUp()` refuses groups that do not divide the channels.

.seealso: `HGLAYERNORM`
@*/
PetscErrorCode HGLayerNormSetGroups(HGLayer layer, PetscInt groups)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERNORM));
  ((Norm *)layer->data)->groups = groups;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerNormSetEpsilon - Set what is added to the variance

   Logically Collective

   Input Parameters:
+  layer   - the layer, of type `HGLAYERNORM`
-  epsilon - above zero (default 1e-5)

   Level: intermediate

   Errors:
   Refuses other numbers.

.seealso: `HGLAYERNORM`
@*/
PetscErrorCode HGLayerNormSetEpsilon(HGLayer layer, PetscReal epsilon)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERNORM));
  HGCheck(epsilon > 0, PetscObjectComm((PetscObject)layer), "%s: an epsilon of %g; it is above zero", ((PetscObject)layer)->name,
          (double)epsilon);
  ((Norm *)layer->data)->epsilon = epsilon;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerNormSetMomentum - Set the share of a new batch in the running averages of batch normalisation

   Logically Collective

   Input Parameters:
+  layer    - the layer, of type `HGLAYERNORM`
-  momentum - between 0 and 1 (default 0.1)

   Level: intermediate

   Errors:
   Refuses other numbers.

.seealso: `HGLAYERNORM`
@*/
PetscErrorCode HGLayerNormSetMomentum(HGLayer layer, PetscReal momentum)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERNORM));
  HGCheck(momentum >= 0 && momentum <= 1, PetscObjectComm((PetscObject)layer), "%s: a momentum of %g; it is between 0 and 1",
          ((PetscObject)layer)->name, (double)momentum);
  ((Norm *)layer->data)->momentum = momentum;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerNormSetAffine - Set whether a normalisation has a weight and a bias for each channel

   Logically Collective

   Input Parameters:
+  layer  - the layer, of type `HGLAYERNORM`
-  affine - `PETSC_TRUE` by default

   Level: intermediate

.seealso: `HGLAYERNORM`
@*/
PetscErrorCode HGLayerNormSetAffine(HGLayer layer, PetscBool affine)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERNORM));
  ((Norm *)layer->data)->affine = affine;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerNormSetActivation - Set the function that is applied to what was normalised, in the same pass

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERNORM`
-  act   - `HG_ACT_IDENTITY` (default) or `HG_ACT_RELU`

   Level: intermediate

   Errors:
   Refuses other functions.

.seealso: `HGLAYERNORM`, `HGLAYERACTIVATION`
@*/
PetscErrorCode HGLayerNormSetActivation(HGLayer layer, HGActivation act)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERNORM));
  HGCheck(act == HG_ACT_IDENTITY || act == HG_ACT_RELU, PetscObjectComm((PetscObject)layer),
          "%s: a normalisation applies relu only; add a layer of type activation", ((PetscObject)layer)->name);
  layer->activation = act;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- setup ---- */

static PetscErrorCode Forget(HGLayer layer)
{
  Norm *d = (Norm *)layer->data;

  PetscFunctionBegin;
  if (d->comm != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&d->comm));
  d->comm = MPI_COMM_NULL;
  PetscCall(PetscFree2(d->mean, d->rstd));
  PetscCall(PetscFree2(d->sum, d->reduced));
  PetscCall(PetscFree3(d->weight, d->bias, d->value));
  for (int i = 0; i < COEFFICIENTS; i++) PetscCall(PetscFree(d->coefficient[i]));
  PetscCall(PetscFree(d->work));
  for (int i = 0; i < 2; i++) PetscCall(PetscFree(layer->state_value[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Means of a batch belong to the ranks with the same channels, others to the ranks with the same samples */
static PetscErrorCode SetRanks(HGLayer layer)
{
  Norm       *d               = (Norm *)layer->data;
  MPI_Comm    comm            = PetscObjectComm((PetscObject)layer);
  HGPartition part            = layer->in[0].part;
  PetscInt    coords[HG_AXES] = {0}, parts[HG_AXES], all = 1;
  PetscBool   has, copies[HG_AXES];
  PetscMPIInt rank, size;
  HGBox       box;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(HGPartitionGetReplicated(part, copies));
  PetscCall(HGPartitionGetParts(part, parts));
  PetscCall(HGPartitionGetCoords(part, rank, &has, coords));
  PetscCall(HGPartitionGetBox(part, rank, &box));
  for (int a = 0; a < HG_AXES; a++) {
    HGCheck(
        !copies[a], comm,
        "%s: the input has copies of its points along axis %s, which would count several times; move it with a layer of type repartition",
        ((PetscObject)layer)->name, HGAxisNames[a]);
    all *= parts[a];
  }
  PetscCallMPI(MPI_Comm_split(comm, has ? (int)coords[d->kind == HG_NORM_BATCH ? HG_C : HG_N] : MPI_UNDEFINED, rank, &d->comm));
  d->spread  = d->kind == HG_NORM_BATCH && (parts[HG_C] > 1 || all < size) ? PETSC_TRUE : PETSC_FALSE;
  d->samples = box.size[HG_N];
  d->C       = box.size[HG_C];
  d->c0      = box.start[HG_C];
  d->points  = (double)box.size[HG_Z] * (double)box.size[HG_Y] * (double)box.size[HG_X];
  if (!has) d->samples = d->C = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetParameters(HGLayer layer)
{
  Norm *d = (Norm *)layer->data;

  PetscFunctionBegin;
  layer->nparams = d->affine ? 2 : 0;
  PetscCall(HGLayerSetParameter(layer, 0, "weight", 1, &d->C_all));
  PetscCall(HGLayerSetParameter(layer, 1, "bias", 1, &d->C_all));
  layer->param[0].mean = 1;
  for (PetscInt j = 0; j < layer->nparams; j++) {
    HGPartition p = NULL;

    PetscCall(HGLayerDivideParameter(layer, layer->in[0].part, (const PetscInt[HG_AXES]){d->C_all, 1, 1, 1, 1}, HG_N, &p));
    PetscCall(HGLayerUseParameter(layer, j, p));
  }
  layer->nstates  = d->kind == HG_NORM_BATCH ? 2 : 0;
  layer->state[0] = (HGParameter){.name = "running_mean", .ndim = 1, .shape = {d->C_all}, .size = d->C_all};
  layer->state[1] = (HGParameter){.name = "running_var", .ndim = 1, .shape = {d->C_all}, .size = d->C_all, .mean = 1};
  for (int i = 0; i < layer->nstates; i++) {
    PetscCall(PetscMalloc1(d->C_all, &layer->state_value[i]));
    for (PetscInt c = 0; c < d->C_all; c++) layer->state_value[i][c] = layer->state[i].mean;
  }
  PetscCall(PetscMalloc3(d->C_all, &d->weight, d->C_all, &d->bias, 2 * d->C_all, &d->value));
  for (PetscInt c = 0; c < d->C_all; c++) {
    d->weight[c] = 1;
    d->bias[c]   = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Norm(HGLayer layer)
{
  Norm        *d    = (Norm *)layer->data;
  MPI_Comm     comm = PetscObjectComm((PetscObject)layer);
  const char  *name = ((PetscObject)layer)->name;
  HGFieldShape s    = {0};
  PetscInt     n[HG_AXES], groups;

  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, n));
  groups = d->kind == HG_NORM_GROUP ? d->groups : d->kind == HG_NORM_LAYER ? 1 : n[HG_C];
  HGCheckOptions(groups >= 1 && n[HG_C] % groups == 0, layer,
                 "%s: %" PetscInt_FMT " groups do not divide %" PetscInt_FMT " channels of an input of " HG_SHAPE_FMT
                 " (n, c, z, y, x); give another number of groups (-net_norm_groups) or channels (-net_width)",
                 name, groups, n[HG_C], HG_SHAPE(n));
  d->C_all      = n[HG_C];
  d->each       = n[HG_C] / groups;
  d->points_all = (double)n[HG_Z] * (double)n[HG_Y] * (double)n[HG_X];
  HGCheck(d->points_all * (double)(d->kind == HG_NORM_BATCH ? n[HG_N] : d->each) > 1, comm,
          "%s: one value for each mean, on an input of " HG_SHAPE_FMT " (n, c, z, y, x); take larger batches or groups", name, HG_SHAPE(n));
  PetscCall(Forget(layer));
  PetscCall(SetRanks(layer));
  PetscCall(HGLayerCreateOutputLikeInput(layer));
  PetscCall(SetParameters(layer));
  d->units = d->kind == HG_NORM_BATCH ? d->C : d->samples * groups;
  PetscCall(PetscMalloc2(d->units, &d->mean, d->units, &d->rstd));
  PetscCall(PetscMalloc2(d->samples * d->C * 2, &d->sum, 2 * d->units + 1, &d->reduced));
  for (int i = 0; i < COEFFICIENTS; i++)
    PetscCall(
        PetscMalloc((size_t)((d->kind == HG_NORM_BATCH ? 1 : d->samples) * d->C + 1) * HGDTypeSize(layer->dtype), &d->coefficient[i]));
  PetscCall(HGLayerGetFieldKernels(layer, &d->kernels));
  s.batch    = (int)d->samples;
  s.channels = (int)d->C;
  PetscCall(PetscMalloc((*d->kernels->sums_work)(&s) + 1, &d->work));
  layer->in[0].masks = PETSC_TRUE;
  layer->flops       = 4 * (PetscLogDouble)n[HG_N] * (PetscLogDouble)n[HG_C] * d->points_all;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Norm(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &((Norm *)layer->data)->threshold));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetParameterValues_Norm(HGLayer layer, HGUse use, const void *const p[])
{
  Norm *d = (Norm *)layer->data;

  PetscFunctionBegin;
  for (PetscInt c = 0; c < d->C && use == HG_USE_FORWARD; c++) {
    d->weight[d->c0 + c] = layer->dtype == HG_F32 ? (double)((const float *)p[0])[c] : ((const double *)p[0])[c];
    d->bias[d->c0 + c]   = layer->dtype == HG_F32 ? (double)((const float *)p[1])[c] : ((const double *)p[1])[c];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- means and variances ---- */

/* The mean that channel c of this rank in sample n belongs to */
static inline PetscInt UnitOf(const Norm *d, PetscInt n, PetscInt c)
{
  return d->kind == HG_NORM_BATCH ? c : n * (d->C_all / d->each) + (d->c0 + c) / d->each;
}

static void SetCoefficient(HGLayer layer, int which, PetscInt i, double v)
{
  char *p = ((Norm *)layer->data)->coefficient[which];

  if (layer->dtype == HG_F32) ((float *)p)[i] = (float)v;
  else ((double *)p)[i] = v;
}

static double Element(HGLayer layer, const void *p, ptrdiff_t i)
{
  return layer->dtype == HG_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

/* Each rank sums about the first point it has, k: S(x) = P k + S(x - k), S((x - m)^2) = S((x - k)^2) - 2 (m - k) S(x - k) + P (m - k)^2 */
static PetscErrorCode Statistics(HGLayer layer, PetscInt nb, const HGTensorLocal *x)
{
  Norm              *d    = (Norm *)layer->data;
  const HGFieldShape s    = HGFieldShapeOf(x, x, nb);
  const PetscBool    work = d->points > 0 && nb > 0 ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  if (d->comm == MPI_COMM_NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscArrayzero(d->reduced, 2 * d->units + 1));
  if (work) (*d->kernels->sums)(&s, x->owned, NULL, x->owned, x->stride[HG_N], d->work, d->sum);
  for (PetscInt n = 0; n < nb && work; n++)
    for (PetscInt c = 0; c < d->C; c++)
      d->reduced[UnitOf(d, n, c)] += d->points * Element(layer, x->owned, n * x->stride[HG_N] + c) + d->sum[2 * (n * d->C + c)];
  d->reduced[d->units] = d->points * (double)nb;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, d->reduced, (PetscMPIInt)d->units + 1, MPI_DOUBLE, MPI_SUM, d->comm));
  d->count = d->kind == HG_NORM_BATCH ? d->reduced[d->units] : d->points_all * (double)d->each;
  for (PetscInt u = 0; u < d->units; u++) {
    d->mean[u]    = d->count > 0 ? d->reduced[u] / d->count : 0;
    d->reduced[u] = 0;
  }
  for (PetscInt n = 0; n < nb && work; n++) {
    for (PetscInt c = 0; c < d->C; c++) {
      const PetscInt u = UnitOf(d, n, c);
      const double  *t = d->sum + 2 * (n * d->C + c), m = d->mean[u] - Element(layer, x->owned, n * x->stride[HG_N] + c);

      d->reduced[u] += t[1] - 2 * m * t[0] + d->points * m * m;
    }
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, d->reduced, (PetscMPIInt)d->units, MPI_DOUBLE, MPI_SUM, d->comm));
  for (PetscInt u = 0; u < d->units; u++)
    d->rstd[u] = 1 / PetscSqrtReal((d->count > 0 ? PetscMax(d->reduced[u], 0) / d->count : 0) + d->epsilon);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Averages are the same on all ranks, also on those with other channels or without a part */
static PetscErrorCode UpdateRunning(HGLayer layer)
{
  Norm       *d               = (Norm *)layer->data;
  PetscInt    coords[HG_AXES] = {0};
  PetscBool   has, first = PETSC_TRUE;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)layer), &rank));
  PetscCall(HGPartitionGetCoords(layer->in[0].part, rank, &has, coords));
  for (int a = 0; a < HG_AXES; a++)
    if (a != HG_C && coords[a]) first = PETSC_FALSE;
  PetscCall(PetscArrayzero(d->value, 2 * d->C_all));
  for (PetscInt c = 0; c < d->C && has && (first || !d->spread); c++) {
    d->value[d->c0 + c]            = d->mean[c];
    d->value[d->C_all + d->c0 + c] = d->reduced[c] / PetscMax(d->count - 1, 1);
  }
  if (d->spread)
    PetscCallMPI(
        MPI_Allreduce(MPI_IN_PLACE, d->value, (PetscMPIInt)(2 * d->C_all), MPI_DOUBLE, MPI_SUM, PetscObjectComm((PetscObject)layer)));
  for (PetscInt i = 0; i < 2; i++)
    for (PetscInt c = 0; c < d->C_all; c++)
      layer->state_value[i][c] = (1 - d->momentum) * layer->state_value[i][c] + d->momentum * d->value[i * d->C_all + c];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HGNormalization Coefficients(HGLayer layer, PetscBool adjoint)
{
  const Norm *d = (Norm *)layer->data;

  return (HGNormalization){.centre = d->coefficient[CENTRE],
                           .scale  = d->coefficient[SCALE],
                           .shift  = d->coefficient[adjoint ? ADJOINT_SHIFT : SHIFT],
                           .slope  = d->coefficient[SLOPE],
                           .sample = d->kind == HG_NORM_BATCH ? 0 : d->C,
                           .act    = layer->activation};
}

/* ---- forward and adjoint ---- */

static PetscErrorCode Forward_Norm(HGLayer layer, PetscInt nb)
{
  Norm                *d = (Norm *)layer->data;
  const HGTensorLocal *x, *y;
  HGNormalization      k;
  HGFieldShape         s;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(layer->in[0].x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  d->used_batch = d->kind != HG_NORM_BATCH || layer->training ? PETSC_TRUE : PETSC_FALSE;
  if (d->used_batch) PetscCall(Statistics(layer, nb, x));
  if (d->kind == HG_NORM_BATCH && layer->training && !layer->replay) PetscCall(UpdateRunning(layer));
  for (PetscInt c = 0; c < d->C && !d->used_batch; c++) {
    d->mean[c] = layer->state_value[0][d->c0 + c];
    d->rstd[c] = 1 / PetscSqrtReal(layer->state_value[1][d->c0 + c] + d->epsilon);
  }
  for (PetscInt n = 0; n < (d->kind == HG_NORM_BATCH ? 1 : nb); n++) {
    for (PetscInt c = 0; c < d->C; c++) {
      const PetscInt u = UnitOf(d, n, c);

      SetCoefficient(layer, CENTRE, n * d->C + c, d->mean[u]);
      SetCoefficient(layer, SCALE, n * d->C + c, d->weight[d->c0 + c] * d->rstd[u]);
      SetCoefficient(layer, SHIFT, n * d->C + c, d->bias[d->c0 + c]);
    }
  }
  s = HGFieldShapeOf(x, y, nb);
  k = Coefficients(layer, PETSC_FALSE);
  (*d->kernels->normalize)(&s, &k, x->owned, y->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sums over this rank's points of dy, and of dy (x - mean) / sqrt(variance + epsilon), into d->sum */
static void GradientSums(HGLayer layer, PetscInt nb, const HGTensorLocal *x, const HGTensorLocal *dy)
{
  Norm              *d      = (Norm *)layer->data;
  const HGFieldShape s      = HGFieldShapeOf(x, dy, nb);
  const ptrdiff_t    sample = d->kind == HG_NORM_BATCH ? 0 : d->C;

  (*d->kernels->sums)(&s, x->owned, dy->owned, d->coefficient[CENTRE], sample, d->work, d->sum);
  for (PetscInt n = 0; n < nb; n++) {
    for (PetscInt c = 0; c < d->C; c++) {
      const PetscInt u = UnitOf(d, n, c);
      double        *t = d->sum + 2 * (n * d->C + c);

      t[1] = (t[1] + (Element(layer, d->coefficient[CENTRE], n * sample + c) - d->mean[u]) * t[0]) * d->rstd[u];
    }
  }
}

/* dx = weight rstd (dy - <dy> - xhat <dy xhat>), with <> means of weight times their argument, divided by the weight (Ioffe and Szegedy, section 3) */
static PetscErrorCode SetAdjointCoefficients(HGLayer layer, PetscInt nb)
{
  Norm *d = (Norm *)layer->data;

  PetscFunctionBegin;
  if (d->comm == MPI_COMM_NULL) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscArrayzero(d->reduced, 2 * d->units));
  for (PetscInt n = 0; n < nb && d->used_batch; n++) {
    for (PetscInt c = 0; c < d->C; c++) {
      const PetscInt u = UnitOf(d, n, c);

      d->reduced[2 * u] += d->weight[d->c0 + c] * d->sum[2 * (n * d->C + c)];
      d->reduced[2 * u + 1] += d->weight[d->c0 + c] * d->sum[2 * (n * d->C + c) + 1];
    }
  }
  if (d->used_batch) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, d->reduced, (PetscMPIInt)(2 * d->units), MPI_DOUBLE, MPI_SUM, d->comm));
  for (PetscInt n = 0; n < (d->kind == HG_NORM_BATCH ? 1 : nb); n++) {
    for (PetscInt c = 0; c < d->C; c++) {
      const PetscInt u = UnitOf(d, n, c);
      const double   f = d->used_batch && d->count > 0 ? d->rstd[u] / d->count : 0;

      SetCoefficient(layer, SLOPE, n * d->C + c, -f * d->rstd[u] * d->reduced[2 * u + 1]);
      SetCoefficient(layer, ADJOINT_SHIFT, n * d->C + c, -f * d->reduced[2 * u]);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Norm(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  Norm                *d     = (Norm *)layer->data;
  HGLayerInput        *in    = &layer->in[0];
  HGFieldStore         store = {.add = in->add, .threshold = d->threshold};
  const HGTensorLocal *x, *dx, *dy;
  HGNormalization      k;
  HGFieldShape         s;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(in->x, &x));
  PetscCall(HGTensorGetLocal(layer->dy, &dy));
  PetscCall(PetscArrayzero(d->sum, d->samples * d->C * 2));
  if (d->points > 0 && nb > 0) GradientSums(layer, nb, x, dy);
  for (PetscInt n = 0; n < nb && layer->nparams; n++) {
    for (PetscInt c = 0; c < d->C; c++) {
      HGLayerAddTo(type, dp[0], c, d->sum[2 * (n * d->C + c) + 1]);
      HGLayerAddTo(type, dp[1], c, d->sum[2 * (n * d->C + c)]);
    }
  }
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SetAdjointCoefficients(layer, nb));
  PetscCall(HGTensorGetLocal(in->dx, &dx));
  s = HGFieldShapeOf(dx, dy, nb);
  k = Coefficients(layer, PETSC_TRUE);
  if (in->rectified) store.mask = x->owned;
  (*d->kernels->normalize_adjoint)(&s, &k, x->owned, dy->owned, &store, dx->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Norm(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(Forget(layer));
  PetscCall(PetscFree(((Norm *)layer->data)->threshold));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Norm(HGLayer layer)
{
  Norm *d;

  PetscFunctionBegin;
  PetscCall(PetscNew(&d));
  d->groups                      = 1;
  d->epsilon                     = 1e-5;
  d->momentum                    = 0.1;
  d->affine                      = PETSC_TRUE;
  d->comm                        = MPI_COMM_NULL;
  layer->data                    = d;
  layer->ops->setup              = SetUp_Norm;
  layer->ops->settensors         = SetTensors_Norm;
  layer->ops->setparametervalues = SetParameterValues_Norm;
  layer->ops->forward            = Forward_Norm;
  layer->ops->adjoint            = Adjoint_Norm;
  layer->ops->destroy            = Destroy_Norm;
  PetscFunctionReturn(PETSC_SUCCESS);
}
