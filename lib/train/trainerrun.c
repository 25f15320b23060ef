/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/train_impl.h"
#include "train/taolimit.h"

/* How many of the first `count` samples of the global batch this rank has */
PetscErrorCode HGTrainerActive(HGTensor t, PetscInt count, PetscInt *mine)
{
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  *mine = PetscMax(0, PetscMin(count - l->box.start[HG_N], l->box.size[HG_N]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Loss of one mini-batch, its terms times the weights; with `adjoint` its gradient, as a part of a mean over `total` samples, is added to the network's sum */
PetscErrorCode HGTrainerRunBatch(HGTrainer t, HGData data, PetscInt count, const PetscInt order[], const PetscReal weight[],
                                 PetscBool adjoint, PetscReal *loss)
{
  const PetscInt *sample;
  HGTensor        x, y, dy;
  PetscInt        mine = 0;

  PetscFunctionBegin;
  PetscCall(HGNetGetInput(t->net, &x));
  PetscCall(HGNetGetOutput(t->net, &y, &dy));
  PetscCall(HGTrainerActive(x, count, &mine));
  PetscCall(HGTrainerSortLabelled(t, data, count, order, &sample));
  PetscCall(HGDataGetBatch(data, count, sample, x, t->target));
  PetscCall(HGNetForward(t->net, mine));
  if (t->physics) PetscCall(HGTrainerEvaluateTerms(t, data, count, sample, weight, x, y, adjoint ? dy : NULL, loss));
  else PetscCall(HGLossEvaluate(t->loss, count, y, t->target, adjoint ? dy : NULL, loss));
  if (adjoint) PetscCall(HGNetAdjoint(t->net, mine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt BatchCount(PetscInt samples, PetscInt batch_size, PetscInt b)
{
  return PetscMin(batch_size, samples - b * batch_size);
}

/* Names the batch, and the sample if its residual is to blame. A gradient that overflows before the loss does would otherwise end in TAO, without a
   word on where. */
static PetscErrorCode CheckFinite(HGTrainer t, const char what[], PetscReal value, PetscInt batch)
{
  const PetscBool saved = *t->output && t->checkpoint && t->epoch / t->checkpoint > 0 ? PETSC_TRUE : PETSC_FALSE;
  const char     *kept  = saved ? "the last checkpoint is intact" : "no model was written";
  char            name[64];
  PetscInt        first, last;

  PetscFunctionBegin;
  if (!PetscIsInfOrNanReal(value)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataGetRange(t->data, &first, &last));
  PetscCall(PetscStrncpy(name, what, sizeof(name)));
  if (t->bad >= 0) PetscCall(PetscSNPrintf(name, sizeof(name), "residual of sample %" PetscInt_FMT, first + t->bad));
  HGCheck(PETSC_FALSE, PetscObjectComm((PetscObject)t),
          "the %s is %s in epoch %" PetscInt_FMT ", batch %" PetscInt_FMT
          "; %s. Lower the learning rate or normalise the data (-data_normalize global).",
          name, PetscIsNanReal(value) ? "not a number" : "infinite", t->epoch + 1, batch + 1, kept);
}

/* Mini-batches of all epochs before this one */
PetscInt64 HGTrainerStep(HGTrainer t)
{
  return (PetscInt64)t->epoch * t->batches + t->batch;
}

static PetscErrorCode OrderEpoch(HGTrainer t)
{
  PetscFunctionBegin;
  if (t->ordered_for == t->epoch) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataGetOrder(t->data, (uint64_t)t->seed, t->epoch, t->order));
  t->ordered_for = t->epoch;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The objective of the stochastic optimizers: the next mini-batch */
static PetscErrorCode ObjectiveOfBatch(Tao tao, Vec p, PetscReal *f, Vec g, void *ctx)
{
  HGTrainer t = (HGTrainer)ctx;
  PetscInt  count;
  PetscReal norm, weight[HG_TERMS];

  PetscFunctionBegin;
  (void)tao;
  PetscCall(OrderEpoch(t));
  count = BatchCount(t->samples, t->batch_size, t->batch);
  PetscCall(HGTrainerSetPoint(t, p));
  PetscCall(HGNetSetRandom(t->net, (uint64_t)t->seed, (uint64_t)HGTrainerStep(t)));
  if (t->physics) PetscCall(HGTrainerBalanceBefore(t, count, t->order + t->batch * t->batch_size));
  PetscCall(HGTrainerWeights(t, weight));
  PetscCall(HGTrainerAdjointBegin(t));
  PetscCall(HGTrainerRunBatch(t, t->data, count, t->order + t->batch * t->batch_size, weight, PETSC_TRUE, f));
  PetscCall(HGTrainerAdjointEnd(t, g));
  PetscCall(CheckFinite(t, "loss", *f, t->batch));
  PetscCall(VecNorm(g, NORM_2, &norm)); /* the Vec keeps it for TAO */
  PetscCall(CheckFinite(t, "gradient", norm, t->batch));
  if (t->physics) PetscCall(HGTrainerBalanceAfter(t));
  t->loss_sum += (double)*f * (double)count;
  for (int i = 0; i < HG_TERMS; i++) t->term_sum[i] += (double)t->term[i] * (double)count;
  t->last_loss = *f;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
   A line search has gone where the loss is not finite. TAO's would give up; so it is told of a loss that has risen by as much as the
   slope at the last finite point promised a fall, and steps back from there.
*/
static PetscErrorCode StepBack(HGTrainer t, Vec p, PetscReal *f, Vec g)
{
  const PetscInt most = 30;
  PetscScalar    slope;

  PetscFunctionBegin;
  if (!t->good[0] || t->steps_back++ == most) PetscCall(CheckFinite(t, "loss", *f, t->batches - 1));
  PetscCall(VecWAXPY(g, -1, t->good[0], p));
  PetscCall(VecDot(g, t->good[1], &slope));
  if (slope == 0) PetscCall(CheckFinite(t, "loss", *f, t->batches - 1));
  *f = t->good_value + PetscAbsScalar(slope);
  PetscCall(VecCopy(t->good[1], g));
  PetscCall(VecScale(g, -1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode KeepPoint(HGTrainer t, Vec p, PetscReal f, Vec g)
{
  PetscFunctionBegin;
  for (int i = 0; i < 2; i++)
    if (!t->good[i]) PetscCall(VecDuplicate(p, &t->good[i]));
  PetscCall(VecCopy(p, t->good[0]));
  PetscCall(VecCopy(g, t->good[1]));
  t->good_value = f;
  t->steps_back = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The sum over all batches. A batch's gradient counts by its share of the samples; all but the last have the same share, so the sum is scaled
   once after the full ones and once after the last. */
static PetscErrorCode SumBatches(HGTrainer t, PetscReal *f, Vec g)
{
  double    sum = 0;
  PetscInt  bad = -1;
  PetscReal weight[HG_TERMS];

  PetscFunctionBegin;
  PetscCall(HGTrainerWeights(t, weight));
  PetscCall(VecSet(g, 0));
  PetscCall(PetscArrayzero(t->term_sum, HG_TERMS));
  if (!t->part) PetscCall(VecDuplicate(g, &t->part));
  for (PetscInt b = 0; b < t->batches; b++) {
    const PetscInt count = BatchCount(t->samples, t->batch_size, b);
    const PetscInt last  = b == t->batches - 1 || BatchCount(t->samples, t->batch_size, b + 1) != count;
    PetscReal      loss;

    if (b == 0 || BatchCount(t->samples, t->batch_size, b - 1) != count) PetscCall(HGTrainerAdjointBegin(t));
    PetscCall(HGNetSetRandom(t->net, (uint64_t)t->seed, (uint64_t)b));
    PetscCall(HGTrainerRunBatch(t, t->data, count, t->order + b * t->batch_size, weight, PETSC_TRUE, &loss));
    if (bad < 0) bad = t->bad;
    sum += (double)loss * (double)count / (double)t->samples;
    for (int i = 0; i < HG_TERMS; i++) t->term_sum[i] += (double)t->term[i] * (double)count;
    if (!last) continue;
    PetscCall(HGTrainerAdjointEnd(t, t->part));
    PetscCall(VecAXPY(g, (PetscReal)count / (PetscReal)t->samples, t->part));
  }
  *f     = (PetscReal)sum;
  t->bad = bad;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The objective of all other optimizers: the whole dataset, batch by batch. Dropout draws the same masks each time, since these
   optimizers compare values of one function. */
static PetscErrorCode ObjectiveOfAll(Tao tao, Vec p, PetscReal *f, Vec g, void *ctx)
{
  HGTrainer t = (HGTrainer)ctx;
  PetscReal norm;

  PetscFunctionBegin;
  (void)tao;
  PetscCall(HGTrainerSetPoint(t, p));
  PetscCall(SumBatches(t, f, g));
  PetscCall(VecNorm(g, NORM_2, &norm));
  if (PetscIsInfOrNanReal(*f) || PetscIsInfOrNanReal(norm)) {
    if (!PetscIsInfOrNanReal(*f)) *f = norm;
    PetscCall(StepBack(t, p, f, g));
  } else PetscCall(KeepPoint(t, p, *f, g));
  t->last_loss = *f;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Validate(HGTrainer t, PetscReal *loss)
{
  PetscInt  first, last, samples;
  double    sum = 0;
  PetscReal weight[HG_TERMS];

  PetscFunctionBegin;
  PetscCall(HGTrainerWeights(t, weight));
  PetscCall(HGDataGetRange(t->validation, &first, &last));
  samples = last - first;
  PetscCall(HGTrainerSetPoint(t, t->parameters));
  PetscCall(HGNetSetTraining(t->net, PETSC_FALSE));
  for (PetscInt b = 0; b * t->batch_size < samples; b++) {
    const PetscInt count = BatchCount(samples, t->batch_size, b);
    PetscReal      part;

    PetscCall(HGTrainerRunBatch(t, t->validation, count, t->every + b * t->batch_size, weight, PETSC_FALSE, &part));
    sum += (double)part * (double)count;
  }
  PetscCall(HGNetSetTraining(t->net, PETSC_TRUE));
  *loss = (PetscReal)(sum / (double)samples);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The epochs done when the optimizer at work is through */
static PetscInt StageEnd(HGTrainer t)
{
  return t->nstages ? t->start + t->stages[t->stage].epochs : t->epochs;
}

static PetscErrorCode SetRate(HGTrainer t)
{
  PetscFunctionBegin;
  if (!t->stochastic || t->schedule == HG_SCHEDULE_CONSTANT) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTaoSetLearningRate(
      t->tao, t->lr * (1 + PetscCosReal(PETSC_PI * (PetscReal)(t->epoch - t->start) / (PetscReal)(StageEnd(t) - t->start))) / 2));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Means of the terms over the epoch, and what they counted */
static PetscErrorCode AppendTerms(HGTrainer t, char line[], size_t len)
{
  char      item[64];
  PetscReal weight[HG_TERMS];

  PetscFunctionBegin;
  PetscCall(HGTrainerWeights(t, weight));
  for (int i = 0; i < 2 * HG_TERMS; i++) {
    PetscCall(
        PetscSNPrintf(item, sizeof(item), ",%.10g", i < HG_TERMS ? t->term_sum[i] / (double)t->samples : (double)weight[i - HG_TERMS]));
    PetscCall(PetscStrlcat(line, item, len));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Report(HGTrainer t, PetscReal loss, PetscReal validation, PetscReal rate)
{
  char        val[40] = "", found[64] = "", line[512];
  const char *name;
  PetscReal   unknown;

  PetscFunctionBegin;
  PetscCall(HGTrainerGetUnknown(t, &name, &unknown));
  if (name) PetscCall(PetscSNPrintf(found, sizeof(found), ", %s %.6g", name, (double)unknown));
  if (t->validation) PetscCall(PetscSNPrintf(val, sizeof(val), "%.8g", (double)validation));
  if (*t->history) {
    PetscCall(PetscSNPrintf(line, sizeof(line), "%" PetscInt_FMT ",%.10g,%s,%.8g,%.3f", t->epoch, (double)loss, val, (double)rate,
                            MPI_Wtime() - t->started));
    if (t->physics) PetscCall(AppendTerms(t, line, sizeof(line)));
    if (name) (void)snprintf(line + strlen(line), sizeof(line) - strlen(line), ",%.10g", (double)unknown);
    PetscCall(PetscStrlcat(line, "\n", sizeof(line)));
    PetscCall(HGTrainerWriteHistory(t, line));
  }
  PetscCall(PetscSNPrintf(t->note, sizeof(t->note), "epoch %" PetscInt_FMT "/%" PetscInt_FMT ": loss %.6g%s%s%s", t->epoch, t->epochs,
                          (double)loss, *val ? ", validation " : "", val, found));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Counted in batches, or in iterations of an optimizer that sees all data at once */
static PetscInt64 StepsOf(HGTrainer t, PetscInt epochs)
{
  return (PetscInt64)epochs * (t->stochastic ? t->batches : 1);
}

/* After an epoch: validation, history, progress, the next epoch's learning rate, and a checkpoint when it is due */
PetscErrorCode HGTrainerEndEpoch(HGTrainer t)
{
  const PetscReal loss       = t->stochastic ? (PetscReal)(t->loss_sum / (double)t->samples) : t->last_loss;
  PetscReal       validation = 0, rate = 0;

  PetscFunctionBegin;
  if (t->stochastic) PetscCall(HGTaoGetLearningRate(t->tao, &rate));
  t->epoch++;
  t->batch    = 0;
  t->loss_sum = 0;
  if (t->validation) PetscCall(Validate(t, &validation));
  PetscCall(Report(t, loss, validation, rate));
  PetscCall(PetscArrayzero(t->term_sum, HG_TERMS));
  PetscCall(SetRate(t));
  if (*t->output && t->checkpoint && t->epoch % t->checkpoint == 0 && t->epoch < t->epochs) PetscCall(HGTrainerSave(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Monitor(Tao tao, void *ctx)
{
  HGTrainer t = (HGTrainer)ctx;
  PetscInt  its;
  int       signal_number;

  PetscFunctionBegin;
  PetscCall(TaoGetIterationNumber(tao, &its));
  if (!its) PetscFunctionReturn(PETSC_SUCCESS); /* the starting point of TAO's own types */
  if (!t->stochastic || ++t->batch == t->batches) PetscCall(HGTrainerEndEpoch(t));
  PetscCall(HGProgressUpdate(&t->progress, StepsOf(t, t->epoch - t->start) + t->batch, t->note));
  PetscCall(HGSignalAgree(PetscObjectComm((PetscObject)t), &signal_number));
  if (!signal_number || t->epoch >= t->epochs) PetscFunctionReturn(PETSC_SUCCESS);
  t->stopped = signal_number;
  PetscCall(TaoSetConvergedReason(tao, TAO_CONVERGED_USER));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Classes and a loss that takes them go together, and the network has an output for each */
static PetscErrorCode CheckClasses(HGTrainer t, HGTensor y)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)t);
  const char *file;
  HGPartition p;
  PetscInt    classes, size[HG_AXES];
  PetscBool   takes;

  PetscFunctionBegin;
  PetscCall(HGDataGetClasses(t->data, &classes));
  PetscCall(HGDataGetFile(t->data, &file));
  PetscCall(HGLossHasClassTargets(t->loss, &takes));
  HGCheck(!classes || takes, comm, "the target of %s is classes; choose -train_loss cross_entropy", file);
  HGCheck(classes || !takes, comm, "-train_loss cross_entropy is for classes; say how many the target of %s has with -data_classes", file);
  PetscCall(HGTensorGetPartition(y, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  HGCheck(!classes || size[HG_C] == classes, comm,
          "the network has %" PetscInt_FMT " outputs for %" PetscInt_FMT " classes of %s; they must agree", size[HG_C], classes, file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpData(HGTrainer t)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)t);
  HGTensor    x, y;
  HGPartition p;
  PetscInt    first, last, cout, size[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGNetGetInput(t->net, &x));
  PetscCall(HGTensorGetPartition(x, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  HGCheck(size[HG_N] == t->batch_size, comm,
          "the network is set up for batches of %" PetscInt_FMT " samples, the trainer has -train_batch_size %" PetscInt_FMT, size[HG_N],
          t->batch_size);
  PetscCall(HGNetGetOutput(t->net, &y, NULL));
  PetscCall(CheckClasses(t, y));
  PetscCall(HGDataGetSizes(t->data, NULL, NULL, NULL, &cout, NULL));
  HGCheck(cout || t->physics, comm,
          "no target variable to train for; choose one or more with -data_target, or the labels of images with -data_labels, or an "
          "equation with -physics_type");
  if (cout) {
    PetscCall(HGLossCreateTarget(t->loss, y, &t->target));
    PetscCall(HGDataCheckTensor(t->data, HG_DATA_TARGET, t->target));
  }
  PetscCall(HGTrainerSetUpPhysics(t));
  PetscCall(HGDataGetRange(t->data, &first, &last));
  t->samples = last - first;
  t->batches = (t->samples + t->batch_size - 1) / t->batch_size;
  PetscCall(PetscMalloc1(t->samples, &t->order));
  for (PetscInt i = 0; i < t->samples; i++) t->order[i] = i;
  if (t->validation) {
    PetscCall(HGDataGetRange(t->validation, &first, &last));
    PetscCall(PetscMalloc1(last - first, &t->every));
    for (PetscInt i = 0; i < last - first; i++) t->every[i] = i;
    PetscCall(HGTrainerCheckTargets(t, t->validation, last - first, t->every));
  }
  PetscCall(HGTrainerCheckTargets(t, t->data, t->labelled < 0 ? t->samples : t->labelled, t->order));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Which stage an epoch belongs to: the first that is not through by then, or the last */
static void FindStage(HGTrainer t, PetscInt epoch)
{
  t->stage = t->start = 0;
  while (t->stage + 1 < t->nstages && epoch >= StageEnd(t)) {
    t->start = StageEnd(t);
    t->stage++;
  }
}

/* The optimizer of the stage at work */
static PetscErrorCode SetUpTao(HGTrainer t)
{
  PetscFunctionBegin;
  if (t->nstages) {
    PetscCall(TaoDestroy(&t->tao));
    PetscCall(HGStageCreateTao(PetscObjectComm((PetscObject)t), &t->stages[t->stage], &t->tao));
  }
  for (PetscInt i = 0; i < t->samples; i++)
    t->order[i] = i; /* not that of the last stage's last epoch, which a resumed run does not know */
  t->ordered_for = -1;
  PetscCall(HGTaoIsStochastic(t->tao, &t->stochastic));
  if (t->stochastic) PetscCall(HGTaoGetLearningRate(t->tao, &t->lr));
  PetscCall(TaoSetSolution(t->tao, t->parameters));
  PetscCall(TaoSetObjectiveAndGradient(t->tao, NULL, t->stochastic ? ObjectiveOfBatch : ObjectiveOfAll, t));
  PetscCall(TaoMonitorSet(t->tao, Monitor, t, NULL));
  PetscCall(TaoSetUp(t->tao));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetLimits(HGTrainer t)
{
  PetscFunctionBegin;
  if (t->stochastic) PetscCall(TaoSetTolerances(t->tao, 0, 0, 0)); /* the noise of a mini-batch says nothing about convergence */
  if (t->stochastic || t->nstages) PetscCall(TaoSetMaximumFunctionEvaluations(t->tao, PETSC_MAX_INT));
  PetscCall(SetRate(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetUp - Make a trainer ready: initial or restored parameters, optimizer, output files tried

   Collective

   Input Parameter:
.  trainer - the trainer, its network and data set

   Level: beginner

   Errors:
   Refuses a model file that does not fit the network, targets that the loss cannot take, and output files that cannot be written.

.seealso: `HGTrainerTrain()`
@*/
PetscErrorCode HGTrainerSetUp(HGTrainer trainer)
{
  MPI_Comm comm  = PetscObjectComm((PetscObject)trainer);
  HGModel  m     = NULL;
  PetscInt epoch = 0;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  HGCheck(trainer->net && trainer->data, comm, "a trainer needs HGTrainerSetNet() and HGTrainerSetData()");
  PetscCall(SetUpData(trainer));
  PetscCall(HGTrainerCreateVector(trainer));
  if (*trainer->input) PetscCall(HGModelOpen(comm, trainer->input, &m));
  if (m && trainer->nstages) PetscCall(HGTrainerGetStagedEpoch(m, &epoch));
  FindStage(trainer, epoch);
  PetscCall(SetUpTao(trainer));
  if (m) PetscCall(HGTrainerRestore(trainer, m));
  PetscCall(HGModelDestroy(&m));
  PetscCall(SetLimits(trainer));
  if (*trainer->history) PetscCall(HGTrainerTryHistory(trainer));
  PetscCall(HGTrainerTryOutput(trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define MOST_ITERATIONS ((PetscInt64)1 << 30) /* of one TaoSolve(), which counts them in a PetscInt */

/* Steps may be more than a Tao counts, in mini-batches; of the whole dataset they are not more than epochs */
static PetscErrorCode Solve(HGTrainer t, PetscInt64 left)
{
  PetscInt  max_it;
  PetscBool limited;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-tao_max_it", &max_it, &limited));
  if (limited) left = PetscMin(left, max_it);
  while (left > 0 && !t->stopped) {
    const PetscInt64 n = t->stochastic ? PetscMin(left, MOST_ITERATIONS) : left;

    PetscCall(HGTaoSetMaximumIterations(t->tao, (PetscInt)n));
    PetscCall(TaoSolve(t->tao));
    left -= n;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* With stages, an optimizer that is through before its epochs are leaves the rest out */
static PetscErrorCode RunStage(HGTrainer t)
{
  const PetscInt64   left = StepsOf(t, StageEnd(t) - t->epoch) - t->batch;
  TaoConvergedReason reason;

  PetscFunctionBegin;
  PetscCall(HGProgressBegin(&t->progress, PetscObjectComm((PetscObject)t), t->stochastic ? "batches" : "iterations",
                            StepsOf(t, t->epoch - t->start) + t->batch, StepsOf(t, StageEnd(t) - t->start)));
  PetscCall(HGSignalBegin());
  PetscCall(Solve(t, left));
  PetscCall(HGSignalEnd());
  PetscCall(HGProgressEnd(&t->progress));
  if (left <= 0 || !t->nstages || t->stochastic || t->stopped || t->epoch >= StageEnd(t)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TaoGetConvergedReason(t->tao, &reason));
  PetscCall(PetscPrintf(PetscObjectComm((PetscObject)t), "stage %s ends after %" PetscInt_FMT " of %" PetscInt_FMT " epochs: %s\n",
                        t->stages[t->stage].type, t->epoch - t->start, t->stages[t->stage].epochs, TaoConvergedReasons[reason]));
  t->epoch = StageEnd(t);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SayStopped(HGTrainer t)
{
  PetscFunctionBegin;
  PetscCall(PetscFPrintf(PetscObjectComm((PetscObject)t), stderr,
                         "halograd: %s: stopped after %" PetscInt_FMT " epochs and %" PetscInt_FMT " batches%s%s\n",
                         HGSignalName(t->stopped), t->epoch, t->batch,
                         t->file ? "; go on with -model_input " : "; no model file was asked for", t->file ? t->output : ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerTrain - Train the network, and write the model file

   Collective

   Input Parameter:
.  trainer - the trainer, set up

   Level: beginner

   Note:
   After the first step nothing is allocated and no MPI request is made.

   SIGTERM, SIGINT and SIGUSR1 to any rank end it after the mini-batch (or iteration) that runs, with a model file to resume from; `HGSignalReceived()` has the
   signal then. A second signal, more than a second later, ends the program at once.

   Errors:
   Stops when the loss is not finite; the last checkpoint stays.

.seealso: `HGTrainerSetFromOptions()`
@*/
PetscErrorCode HGTrainerTrain(HGTrainer trainer)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  trainer->started = MPI_Wtime();
  trainer->stopped = 0;
  PetscCall(HGSignalBegin());
  PetscCall(RunStage(trainer));
  while (trainer->stage + 1 < trainer->nstages && trainer->epoch >= StageEnd(trainer) && !trainer->stopped) {
    trainer->start = StageEnd(trainer);
    trainer->stage++;
    PetscCall(SetUpTao(trainer));
    PetscCall(SetLimits(trainer));
    PetscCall(RunStage(trainer));
  }
  if (trainer->file) PetscCall(HGTrainerSave(trainer));
  PetscCall(HGSignalEnd());
  if (trainer->stopped) PetscCall(SayStopped(trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}
