/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/metrics.h"
#include "train/train_impl.h"

/* The variables of the file take the channels of the output one after the other */
static PetscErrorCode WriteBatch(HGFieldFile file, PetscInt first, PetscInt count, HGTensor result)
{
  PetscInt channels, channel = 0;

  PetscFunctionBegin;
  for (PetscInt id = 0;; id++) {
    PetscCall(HGFieldFileGetChannels(file, id, &channels));
    if (!channels) break;
    PetscCall(HGFieldFileWriteChannels(file, id, first, count, channel, result));
    channel += channels;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A prediction that is written must be finite; in a comparison the measures tell */
static PetscErrorCode CheckFinite(HGData data, PetscInt sample, HGFieldFile file)
{
  const char *name;

  PetscFunctionBegin;
  PetscCall(HGDataGetFile(data, &name));
  HGCheck(!file, PetscObjectComm((PetscObject)data),
          "the prediction for sample %" PetscInt_FMT
          " of %s is not finite, and nothing was written; look at the sample, at the units of the data "
          "and at the model",
          sample, name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateResult(HGTensor y, HGTensor *result)
{
  HGPartition p;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(y, &p));
  PetscCall(HGTensorCreate(p, HG_F64, result));
  PetscCall(HGTensorSetUp(*result));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What one run over the samples needs */
typedef struct {
  HGNet        net;
  HGData       data;
  HGPhysics    physics;
  HGFieldFile  file;
  HGTensor     x, y, target, result; /* result: the output in the units of the data, doubles; target: NULL for no comparison */
  HGComparison comparison;
  PetscInt     first, bad; /* first sample of the range; the first whose prediction is not finite, -1 for none */
  PetscInt    *every;      /* [samples] 0, 1, 2, ... */
  double      *work;       /* [3 batch size] */
} Run;

static PetscErrorCode RunBatch(Run *r, PetscInt b, PetscInt count, const PetscInt sample[])
{
  PetscInt mine = 0, bad;

  PetscFunctionBegin;
  PetscCall(HGDataGetBatch(r->data, count, sample, r->x, r->target));
  PetscCall(HGTensorCountSamples(r->x, count, &mine));
  PetscCall(HGNetForward(r->net, mine));
  PetscCall(HGTensorCopyOwned(r->y, r->result));
  PetscCall(HGDataDenormalize(r->data, HG_DATA_TARGET, r->result));
  if (r->physics) PetscCall(HGPhysicsTransformOutput(r->physics, count, r->result));
  PetscCall(HGFindNotFinite(r->result, count, r->work, &bad));
  if (bad >= 0 && r->bad < 0) r->bad = r->first + b + bad;
  if (bad >= 0) PetscCall(CheckFinite(r->data, r->bad, r->file));
  if (r->file) PetscCall(WriteBatch(r->file, b, count, r->result));
  if (r->comparison) PetscCall(HGComparisonAdd(r->comparison, r->data, count, r->y, r->result));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RunAll(Run *r, PetscInt samples, PetscInt N)
{
  HGProgress progress;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(samples, &r->every));
  for (PetscInt i = 0; i < samples; i++) r->every[i] = i;
  PetscCall(HGProgressBegin(&progress, PetscObjectComm((PetscObject)r->net), "samples", 0, samples));
  for (PetscInt b = 0; b < samples; b += N) {
    PetscCall(RunBatch(r, b, PetscMin(N, samples - b), r->every + b));
    PetscCall(HGProgressUpdate(&progress, PetscMin(b + N, samples), NULL));
  }
  PetscCall(HGProgressEnd(&progress));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPredict - Apply a network to all samples of a dataset; write the results, compare them with the targets

   Collective

   Input Parameters:
+  net     - the network, set up, its parameters set
.  data    - the dataset, loaded
.  physics - the equation whose hard boundary conditions the output takes (`HGPhysicsTransformOutput()`), or NULL
-  file    - the file to write to, set up, whose variables take the channels of the output one after the other, or NULL

   Output Parameters:
+  metrics - errors against the dataset's targets, or NULL
-  each    - [variables of the target] those of each variable, or NULL; not set for classes

   Level: beginner

   Units:
   results and errors are in the units of the data, whatever the normalisation, and computed in double precision

   Notes:
   The network behaves as in evaluation meanwhile, see `HGNetSetTraining()`.

   Of classes the metrics are accuracy and cross entropy. In those of fields a sample whose target is zero everywhere has no relative error and does not count in the mean of these.

   A prediction that is not finite makes the measures so too, and `bad` names its sample.

   Errors:
   With a file, a prediction that is not finite, and one that the type of the file does not hold.

.seealso: `HGMetrics`, `HGModelRead()`, `HGFieldFileAddVariableLike()`
@*/
PetscErrorCode HGPredict(HGNet net, HGData data, HGPhysics physics, HGFieldFile file, HGMetrics *metrics, HGMetrics each[])
{
  Run            r = {.net = net, .data = data, .physics = physics, .file = file, .bad = -1};
  HGPartition    p;
  PetscInt       last, size[HG_AXES];
  PetscBool      training;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(HGNetGetTraining(net, &training));
  PetscCall(HGNetSetTraining(net, PETSC_FALSE));
  PetscCall(HGNetGetInput(net, &r.x));
  PetscCall(HGNetGetOutput(net, &r.y, NULL));
  PetscCall(HGTensorGetPartition(r.y, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  PetscCall(CreateResult(r.y, &r.result));
  PetscCall(PetscMalloc1(3 * size[HG_N], &r.work));
  if (metrics) {
    PetscCall(HGComparisonCreate(r.y, data, size[HG_N], &r.comparison));
    PetscCall(HGComparisonGetTarget(r.comparison, &r.target));
  }
  PetscCall(HGDataGetRange(data, &r.first, &last));
  e = RunAll(&r, last - r.first, size[HG_N]);
  PetscCall(HGNetSetTraining(net, training));
  if (metrics) PetscCall(HGComparisonFinish(&r.comparison, last - r.first, r.bad, metrics, each));
  PetscCall(HGTensorDestroy(&r.result));
  PetscCall(PetscFree(r.every));
  PetscCall(PetscFree(r.work));
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}
