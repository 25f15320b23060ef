/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/train_impl.h"

/* Sums over this rank's points of one sample: (y - t)^2, t^2, and the largest |y - t| */
typedef struct {
  double error, norm, most;
} Sums;

static Sums SampleSums(HGDType dtype, const HGTensorLocal *y, const HGTensorLocal *t, PetscInt n)
{
  const PetscInt  Y = y->box.size[HG_Y], rows = y->box.size[HG_Z] * Y;
  const ptrdiff_t len = (ptrdiff_t)y->box.size[HG_X] * y->box.size[HG_C];
  Sums            s   = {0, 0, 0};

  for (PetscInt r = 0; r < rows; r++) {
    const ptrdiff_t iy = n * y->stride[HG_N] + r / Y * y->stride[HG_Z] + r % Y * y->stride[HG_Y];
    const ptrdiff_t it = n * t->stride[HG_N] + r / Y * t->stride[HG_Z] + r % Y * t->stride[HG_Y];

    for (ptrdiff_t i = 0; i < len; i++) {
      const double a = dtype == HG_F32 ? ((const float *)y->owned)[iy + i] : ((const double *)y->owned)[iy + i];
      const double b = dtype == HG_F32 ? ((const float *)t->owned)[it + i] : ((const double *)t->owned)[it + i];

      s.error += (a - b) * (a - b);
      s.norm += b * b;
      s.most = PetscMax(s.most, PetscAbsReal(a - b));
    }
  }
  return s;
}

/* Adds the figures of the first `count` samples of a batch; sums[2 N] is scratch */
static PetscErrorCode AddErrors(HGTensor y, HGTensor target, PetscInt count, double sums[], double total[4])
{
  MPI_Comm             comm = PetscObjectComm((PetscObject)y);
  const HGTensorLocal *ly, *lt;
  HGDType              dtype;
  PetscInt             mine = 0;
  double               most = 0;

  PetscFunctionBegin;
  PetscCall(HGTensorGetDType(y, &dtype));
  PetscCall(HGTensorGetLocal(y, &ly));
  PetscCall(HGTensorGetLocal(target, &lt));
  PetscCall(HGTrainerActive(y, count, &mine));
  PetscCall(PetscArrayzero(sums, 2 * count));
  for (PetscInt n = 0; n < mine; n++) {
    const Sums s = SampleSums(dtype, ly, lt, n);

    sums[2 * (ly->box.start[HG_N] + n)]     = s.error;
    sums[2 * (ly->box.start[HG_N] + n) + 1] = s.norm;
    most                                    = PetscMax(most, s.most);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sums, (PetscMPIInt)(2 * count), MPI_DOUBLE, MPI_SUM, comm));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, comm));
  for (PetscInt n = 0; n < count; n++) {
    total[0] += sums[2 * n];
    total[1] += sums[2 * n + 1] > 0 ? PetscSqrtReal(sums[2 * n] / sums[2 * n + 1]) : 0;
    total[2] += sums[2 * n + 1] > 0;
  }
  total[3] = PetscMax(total[3], most);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The measures of a comparison with targets */
typedef struct {
  HGTensor target;
  HGLoss   loss;     /* of classes; NULL if there are none */
  double  *sums;     /* [N][2] */
  double   total[4]; /* of fields: see AddErrors(); of classes: cross entropy and accuracy times samples */
} Comparison;

static PetscErrorCode CreateComparison(HGTensor y, HGData data, PetscInt N, Comparison *c)
{
  PetscInt classes;

  PetscFunctionBegin;
  PetscCall(HGDataGetClasses(data, &classes));
  PetscCall(PetscMalloc1(2 * N, &c->sums));
  if (classes) {
    PetscCall(HGLossCreate(PetscObjectComm((PetscObject)y), &c->loss));
    PetscCall(HGLossSetType(c->loss, HGLOSSCROSSENTROPY));
    PetscCall(HGLossCreateTarget(c->loss, y, &c->target));
  } else {
    HGPartition p;
    HGDType     dtype;

    PetscCall(HGTensorGetPartition(y, &p));
    PetscCall(HGTensorGetDType(y, &dtype));
    PetscCall(HGTensorCreate(p, dtype, &c->target));
    PetscCall(HGTensorSetUp(c->target));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adds a batch, whose output has the units of the data */
static PetscErrorCode Compare(Comparison *c, HGData data, PetscInt count, HGTensor y)
{
  PetscReal entropy, accuracy;

  PetscFunctionBegin;
  if (!c->loss) {
    PetscCall(HGDataDenormalize(data, HG_DATA_TARGET, c->target));
    PetscCall(AddErrors(y, c->target, count, c->sums, c->total));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGLossEvaluate(c->loss, count, y, c->target, NULL, &entropy));
  PetscCall(HGLossAccuracy(c->loss, count, y, c->target, &accuracy));
  c->total[0] += (double)entropy * (double)count;
  c->total[1] += (double)accuracy * (double)count;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HGMetrics Measures(const Comparison *c, PetscInt samples, const PetscInt size[HG_AXES])
{
  const double *t = c->total;
  HGMetrics     m = {.samples = samples};

  if (c->loss) {
    m.classes       = size[HG_C];
    m.cross_entropy = (PetscReal)(t[0] / (double)samples);
    m.accuracy      = (PetscReal)(t[1] / (double)samples);
  } else {
    m.mse       = (PetscReal)(t[0] / ((double)samples * (double)size[HG_C] * (double)size[HG_Z] * (double)size[HG_Y] * (double)size[HG_X]));
    m.rel_l2    = t[2] > 0 ? (PetscReal)(t[1] / t[2]) : 0;
    m.max_error = (PetscReal)t[3];
  }
  return m;
}

/*@C
   HGPredict - Apply a network to all samples of a dataset; write the results, compare them with the targets

   Collective

   Input Parameters:
+  net      - the network, set up, its parameters set
.  data     - the dataset, loaded
.  physics  - the equation whose hard boundary conditions the output takes (`HGPhysicsTransformOutput()`), or NULL
.  file     - the file to write to, set up, or NULL
-  variable - the variable of the file that takes the output, not used if file is NULL

   Output Parameter:
.  metrics - errors against the dataset's targets, or NULL

   Level: beginner

   Units:
   results and errors are in the units of the data, whatever the normalisation

   Notes:
   The network behaves as in evaluation meanwhile, see `HGNetSetTraining()`.

   Of classes the metrics are accuracy and cross entropy. In those of fields a sample whose target is zero everywhere has no relative error and does not count in the mean of these.

.seealso: `HGMetrics`, `HGModelRead()`
@*/
PetscErrorCode HGPredict(HGNet net, HGData data, HGPhysics physics, HGFieldFile file, PetscInt variable, HGMetrics *metrics)
{
  HGTensor    x, y;
  HGPartition p;
  PetscInt    first, last, samples, size[HG_AXES], *every;
  Comparison  c = {NULL};
  HGProgress  progress;
  PetscBool   training;

  PetscFunctionBegin;
  PetscCall(HGNetGetTraining(net, &training));
  PetscCall(HGNetSetTraining(net, PETSC_FALSE));
  PetscCall(HGNetGetInput(net, &x));
  PetscCall(HGNetGetOutput(net, &y, NULL));
  PetscCall(HGTensorGetPartition(y, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  if (metrics) PetscCall(CreateComparison(y, data, size[HG_N], &c));
  PetscCall(HGDataGetRange(data, &first, &last));
  samples = last - first;
  PetscCall(PetscMalloc1(samples, &every));
  for (PetscInt i = 0; i < samples; i++) every[i] = i;
  PetscCall(HGProgressBegin(&progress, PetscObjectComm((PetscObject)net), "samples", 0, samples));
  for (PetscInt b = 0; b < samples; b += size[HG_N]) {
    const PetscInt count = PetscMin(size[HG_N], samples - b);
    PetscInt       mine  = 0;

    PetscCall(HGDataGetBatch(data, count, every + b, x, c.target));
    PetscCall(HGTrainerActive(x, count, &mine));
    PetscCall(HGNetForward(net, mine));
    PetscCall(HGDataDenormalize(data, HG_DATA_TARGET, y));
    if (physics) PetscCall(HGPhysicsTransformOutput(physics, count, y));
    if (file) PetscCall(HGFieldFileWriteTensor(file, variable, b, count, y));
    if (metrics) PetscCall(Compare(&c, data, count, y));
    PetscCall(HGProgressUpdate(&progress, b + count, NULL));
  }
  PetscCall(HGProgressEnd(&progress));
  PetscCall(HGNetSetTraining(net, training));
  if (metrics) *metrics = Measures(&c, samples, size);
  PetscCall(PetscFree(every));
  PetscCall(PetscFree(c.sums));
  PetscCall(HGTensorDestroy(&c.target));
  PetscCall(HGLossDestroy(&c.loss));
  PetscFunctionReturn(PETSC_SUCCESS);
}
