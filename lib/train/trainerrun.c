/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/train_impl.h"

/* Names the batch, and the sample if its residual is to blame. A gradient that overflows before the loss does would otherwise end in TAO, without a
   word on where. */
static PetscErrorCode CheckFinite(HGTrainer t, const char what[], PetscReal value, PetscInt batch)
{
  const PetscBool saved = *t->output && t->checkpoint && t->epoch / t->checkpoint > 0 ? PETSC_TRUE : PETSC_FALSE;
  const char     *kept  = saved ? "the last checkpoint is intact" : "no model was written";
  char            name[64];

  PetscFunctionBegin;
  if (!PetscIsInfOrNanReal(value)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscStrncpy(name, what, sizeof(name)));
  PetscCall(HGObjectiveWhere(t->objective, name, sizeof(name)));
  HGCheck(PETSC_FALSE, PetscObjectComm((PetscObject)t),
          "the %s is %s in epoch %" PetscInt_FMT ", batch %" PetscInt_FMT
          "; %s. Lower the learning rate or normalise the data (-data_normalize global).",
          name, PetscIsNanReal(value) ? "not a number" : "infinite", t->epoch + 1, batch + 1, kept);
}

/* The objective of the stochastic optimizers: the next mini-batch */
static PetscErrorCode ObjectiveOfBatch(Tao tao, Vec p, PetscReal *f, Vec g, void *ctx)
{
  HGTrainer    t     = (HGTrainer)ctx;
  HGObjective  o     = t->objective;
  const double count = (double)HGObjectiveCount(o, t->batch);
  PetscReal    norm;

  PetscFunctionBegin;
  (void)tao;
  PetscCall(HGObjectiveEvaluateBatch(o, t->epoch, t->batch, p, f, g));
  PetscCall(CheckFinite(t, "loss", *f, t->batch));
  PetscCall(VecNorm(g, NORM_2, &norm)); /* the Vec keeps it for TAO */
  PetscCall(CheckFinite(t, "gradient", norm, t->batch));
  PetscCall(HGObjectiveBalanceAfter(o, t->epoch, t->batch));
  t->loss_sum += (double)*f * count;
  for (PetscInt i = 0; i < o->nterms; i++) o->term[i].sum += (double)o->term[i].value * count;
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
  if (!t->good[0] || t->steps_back++ == most) PetscCall(CheckFinite(t, "loss", *f, t->objective->batches - 1));
  PetscCall(VecWAXPY(g, -1, t->good[0], p));
  PetscCall(VecDot(g, t->good[1], &slope));
  if (slope == 0) PetscCall(CheckFinite(t, "loss", *f, t->objective->batches - 1));
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

/* The objective of all other optimizers: all samples */
static PetscErrorCode ObjectiveOfAll(Tao tao, Vec p, PetscReal *f, Vec g, void *ctx)
{
  HGTrainer t = (HGTrainer)ctx;
  PetscReal norm;

  PetscFunctionBegin;
  (void)tao;
  PetscCall(HGObjectiveEvaluate(t->objective, p, f, g));
  PetscCall(VecNorm(g, NORM_2, &norm));
  if (PetscIsInfOrNanReal(*f) || PetscIsInfOrNanReal(norm)) {
    if (!PetscIsInfOrNanReal(*f)) *f = norm;
    PetscCall(StepBack(t, p, f, g));
  } else PetscCall(KeepPoint(t, p, *f, g));
  t->last_loss = *f;
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
static PetscErrorCode AppendTerms(HGTrainer t, HGText *line)
{
  HGObjective o = t->objective;
  PetscReal   weight[HG_OBJECTIVE_TERMS];

  PetscFunctionBegin;
  PetscCall(HGObjectiveWeights(o, weight));
  for (PetscInt i = 0; i < o->nterms; i++) PetscCall(HGTextAppend(line, ",%.10g", o->term[i].sum / (double)o->samples));
  for (PetscInt i = 0; i < o->nterms; i++) PetscCall(HGTextAppend(line, ",%.10g", (double)weight[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Report(HGTrainer t, PetscReal loss, const char validation[], PetscReal rate)
{
  char        found[64] = "";
  HGText      line      = {0};
  const char *name;
  PetscReal   unknown;

  PetscFunctionBegin;
  PetscCall(HGTrainerGetUnknown(t, &name, &unknown));
  if (name) PetscCall(PetscSNPrintf(found, sizeof(found), ", %s %.6g", name, (double)unknown));
  if (*t->history && (t->epoch % t->lines == 0 || t->epoch == t->epochs)) {
    PetscCall(HGTextAppend(&line, "%" PetscInt_FMT ",%.10g,%s,%.8g,%.3f", t->epoch, (double)loss, validation, (double)rate,
                           MPI_Wtime() - t->started));
    if (t->objective->listed) PetscCall(AppendTerms(t, &line));
    if (name) PetscCall(HGTextAppend(&line, ",%.10g", (double)unknown));
    PetscCall(HGTextAppend(&line, "\n"));
    PetscCall(HGTrainerWriteHistory(t, line.text));
    PetscCall(HGTextDestroy(&line));
  }
  PetscCall(PetscSNPrintf(t->note, sizeof(t->note), "epoch %" PetscInt_FMT "/%" PetscInt_FMT ": loss %.6g%s%s%s", t->epoch, t->epochs,
                          (double)loss, *validation ? ", validation " : "", validation, found));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Counted in batches, or in iterations of an optimizer that sees all data at once */
static PetscInt64 StepsOf(HGTrainer t, PetscInt epochs)
{
  return (PetscInt64)epochs * (t->stochastic ? t->objective->batches : 1);
}

/* After an epoch: validation, history, progress, the next epoch's learning rate, and a checkpoint when it is due */
PetscErrorCode HGTrainerEndEpoch(HGTrainer t)
{
  HGObjective     o    = t->objective;
  const PetscReal loss = t->stochastic ? (PetscReal)(t->loss_sum / (double)o->samples) : t->last_loss;
  PetscReal       validation, rate = 0;
  PetscBool       has;
  char            text[40] = "";

  PetscFunctionBegin;
  if (t->stochastic) PetscCall(HGTaoGetLearningRate(t->tao, &rate));
  t->epoch++;
  t->batch    = 0;
  t->loss_sum = 0;
  PetscCall(HGObjectiveValidate(o, t->parameters, &has, &validation));
  if (has) PetscCall(PetscSNPrintf(text, sizeof(text), "%.8g", (double)validation));
  PetscCall(Report(t, loss, text, rate));
  for (PetscInt i = 0; i < o->nterms; i++) o->term[i].sum = 0;
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
  if (!t->stochastic || ++t->batch == t->objective->batches) PetscCall(HGTrainerEndEpoch(t));
  PetscCall(HGProgressUpdate(&t->progress, StepsOf(t, t->epoch - t->start) + t->batch, t->note));
  PetscCall(HGSignalAgree(PetscObjectComm((PetscObject)t), &signal_number));
  if (!signal_number || t->epoch >= t->epochs) PetscFunctionReturn(PETSC_SUCCESS);
  t->stopped = signal_number;
  PetscCall(TaoSetConvergedReason(tao, TAO_CONVERGED_USER));
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

/* What was asked of the optimizer by -tao_adam_dtype is what the parameters are kept in */
static PetscErrorCode CheckPrecision(HGTrainer t)
{
  PetscBool is;
  HGDType   kept;

  PetscFunctionBegin;
  PetscCall(HGVecIsF32(t->parameters, &is));
  PetscCall(HGTaoGetDType(t->tao, is ? HG_F32 : HG_F64, &kept));
  HGCheck(is == (kept == HG_F32), PetscObjectComm((PetscObject)t),
          "the optimizer %s is to work in %s, and the parameters are kept in %s, for the sake of the network, another stage or an unknown "
          "parameter; leave -tao_adam_dtype and -tao_sgd_dtype out",
          ((PetscObject)t->tao)->type_name, HGDTypeName(kept), is ? "f32" : "f64");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The optimizer of the stage at work */
static PetscErrorCode SetUpTao(HGTrainer t)
{
  PetscFunctionBegin;
  if (t->nstages) {
    PetscCall(TaoDestroy(&t->tao));
    PetscCall(HGStageCreateTao(PetscObjectComm((PetscObject)t), &t->stages[t->stage], t->objective->memory, &t->tao));
  }
  PetscCall(HGTaoIsStochastic(t->tao, &t->stochastic));
  if (t->stochastic) PetscCall(HGTaoGetLearningRate(t->tao, &t->lr));
  PetscCall(CheckPrecision(t));
  PetscCall(TaoSetSolution(t->tao, t->parameters));
  PetscCall(TaoSetObjectiveAndGradient(t->tao, NULL, t->stochastic ? ObjectiveOfBatch : ObjectiveOfAll, t));
  PetscCall(TaoMonitorSet(t->tao, Monitor, t, NULL));
  PetscCall(TaoSetUp(t->tao));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The objective's tolerances, where it has some and unless the options say otherwise */
static PetscErrorCode SetTolerances(HGTrainer t)
{
  static const char *const option[] = {"-tao_gatol", "-tao_grtol", "-tao_gttol"};
  const PetscReal         *suited   = t->objective->tolerance;
  PetscReal                limit[]  = {suited[0], suited[1], suited[2]};

  PetscFunctionBegin;
  if (t->stochastic) PetscCall(TaoSetTolerances(t->tao, 0, 0, 0)); /* the noise of a mini-batch says nothing about convergence */
  if (t->stochastic || limit[0] <= 0) PetscFunctionReturn(PETSC_SUCCESS);
  for (int i = 0; i < 3; i++) PetscCall(PetscOptionsGetReal(NULL, NULL, option[i], &limit[i], NULL));
  PetscCall(TaoSetTolerances(t->tao, limit[0], limit[1], limit[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetLimits(HGTrainer t)
{
  PetscFunctionBegin;
  PetscCall(SetTolerances(t));
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
  PetscCall(HGObjectiveSetSeed(trainer->objective, trainer->seed));
  PetscCall(HGObjectiveSetBatchSize(trainer->objective, trainer->batch_size));
  PetscCall(HGObjectiveSetUp(trainer->objective));
  PetscCall(HGObjectiveCreateVector(trainer->objective, &trainer->parameters));
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

/* Another function from now on, where one is due: at the beginning of what follows, so that a resumed run finds out the same */
static PetscErrorCode Change(HGTrainer t)
{
  HGObjective o = t->objective;

  PetscFunctionBegin;
  if (!o->every || o->changes >= t->epoch / o->every) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall((*o->ops->change)(o, t->parameters));
  o->changes = t->epoch / o->every;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Steps until the objective changes, or more than a Tao counts in mini-batches; of the whole dataset they are not more than epochs */
static PetscInt64 StepsToChange(HGTrainer t)
{
  const PetscInt64 every = StepsOf(t, t->objective->every);

  return every ? every - (StepsOf(t, t->epoch) + t->batch) % every : MOST_ITERATIONS;
}

static PetscErrorCode Solve(HGTrainer t, PetscInt64 left)
{
  PetscInt  max_it;
  PetscBool limited;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-tao_max_it", &max_it, &limited));
  if (limited) left = PetscMin(left, max_it);
  while (left > 0 && !t->stopped) {
    const PetscInt     before = t->epoch;
    TaoConvergedReason reason;
    PetscInt64         n;

    PetscCall(Change(t));
    n = PetscMin(left, StepsToChange(t));
    PetscCall(HGTaoSetMaximumIterations(t->tao, (PetscInt)n));
    PetscCall(TaoSolve(t->tao));
    PetscCall(TaoGetConvergedReason(t->tao, &reason));
    left -= n;
    if (t->stochastic || t->stopped || reason == TAO_DIVERGED_MAXITS) continue;
    if (!t->objective->every) break;
    t->epoch = before + (PetscInt)n; /* it is through with this function, and goes on with the next one */
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* With stages, an optimizer that is through before its epochs are leaves the rest out */
static PetscErrorCode RunStage(HGTrainer t)
{
  const PetscInt64   left = StepsOf(t, StageEnd(t) - t->epoch) - t->batch;
  TaoConvergedReason reason;

  PetscFunctionBegin;
  if (!t->quiet)
    PetscCall(HGProgressBegin(&t->progress, PetscObjectComm((PetscObject)t),
                              t->stochastic && t->objective->samples > 1 ? "batches" : "iterations",
                              StepsOf(t, t->epoch - t->start) + t->batch, StepsOf(t, StageEnd(t) - t->start)));
  PetscCall(HGSignalBegin());
  PetscCall(Solve(t, left));
  PetscCall(HGSignalEnd());
  if (!t->quiet) PetscCall(HGProgressEnd(&t->progress));
  if (left <= 0 || !t->nstages || t->stochastic || t->stopped || t->epoch >= StageEnd(t)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TaoGetConvergedReason(t->tao, &reason));
  if (!t->quiet)
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
  if (trainer->stopped && !trainer->quiet) PetscCall(SayStopped(trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}
