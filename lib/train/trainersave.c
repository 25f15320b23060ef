/* SPDX-License-Identifier: BSD-2-Clause */
/* A training in its model file: what the trainer writes itself, the sections "training" and "optimizer", and what a resumed run may change of it */
#include "train/train_impl.h"

#define MOST_STEPS ((PetscInt64)1 << 53)

/* ---- writing ---- */

/* What makes a resumed run another one although the file's state fits it: told, not refused */
static PetscErrorCode DescribeTraining(HGTrainer t, HGText *text)
{
  PetscFunctionBegin;
  PetscCall(HGObjectiveDescribe(t->objective, text));
  PetscCall(HGTextAppend(text, " -train_schedule %s", HGSchedules[t->schedule]));
  if (t->schedule != HG_SCHEDULE_CONSTANT && !t->nstages) /* which is over all epochs */
    PetscCall(HGTextAppend(text, " -train_epochs %" PetscInt_FMT, t->epochs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteTraining(HGTrainer t, HGModel m)
{
  HGObjective o    = t->objective;
  HGText      text = {0};
  PetscReal   sums[1 + HG_OBJECTIVE_TERMS];

  PetscFunctionBegin;
  PetscCall(HGModelSetSection(m, "training"));
  PetscCall(HGModelPutInt(m, "", "seed", t->seed));
  PetscCall(HGModelPutInt(m, "", "epoch", t->epoch));
  PetscCall(HGModelPutInt(m, "", "batch", t->batch));
  if (t->nstages) PetscCall(HGModelPutText(m, "", "train_stages", t->stages_text));
  PetscCall(DescribeTraining(t, &text));
  PetscCall(HGModelPutText(m, "", "train_options", text.text));
  PetscCall(HGTextDestroy(&text));
  sums[0] = (PetscReal)t->loss_sum;
  for (PetscInt i = 0; i < o->nterms; i++) sums[1 + i] = (PetscReal)o->term[i].sum;
  if (t->batch) PetscCall(HGModelPutReals(m, "", "epoch_sums", 1 + o->nterms, sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without a step taken there is no state, unless the size of a file with it is asked for */
static PetscErrorCode WriteOptimizer(HGTrainer t, PetscBool always, HGModel m)
{
  HGText      text = {0};
  PetscInt64  step;
  PetscInt    n;
  const char *name[HG_MAX_STATE];
  Vec         state[HG_MAX_STATE];

  PetscFunctionBegin;
  if (!t->stochastic) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTaoGetState(t->tao, &step, &n, name, state));
  if (!step && !always) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGModelSetSection(m, "optimizer"));
  PetscCall(HGModelPutInt(m, "optimizer", "step", step));
  PetscCall(HGTaoAppendOptions(t->tao, t->lr, &text));
  PetscCall(HGModelPutText(m, "optimizer", "options", text.text + 1));
  PetscCall(HGTextDestroy(&text));
  for (PetscInt i = 0; i < n; i++) PetscCall(HGObjectivePutVec(t->objective, m, "optimizer", name[i], state[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FillModel(HGTrainer t, PetscBool always, HGModel m)
{
  PetscFunctionBegin;
  PetscCall(HGObjectiveWrite(t->objective, t->parameters, m));
  PetscCall(WriteTraining(t, m));
  PetscCall(WriteOptimizer(t, always, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Takes the model file, and tries whether a model can be written there, before the first step */
PetscErrorCode HGTrainerTryOutput(HGTrainer t)
{
  HGModel        m;
  PetscErrorCode e;

  PetscFunctionBegin;
  if (!*t->output) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGModelOutputCreate(PetscObjectComm((PetscObject)t), t->output, &t->file));
  PetscCall(HGModelCreate(PetscObjectComm((PetscObject)t), &m));
  PetscCall(FillModel(t, PETSC_TRUE, m));
  e = HGModelOutputTry(t->file, m);
  PetscCall(HGModelDestroy(&m));
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Writes parameters and optimizer */
PetscErrorCode HGTrainerSave(HGTrainer t)
{
  HGModel        m;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(HGModelCreate(PetscObjectComm((PetscObject)t), &m));
  PetscCall(FillModel(t, PETSC_FALSE, m));
  e = HGModelOutputWrite(t->file, m);
  PetscCall(HGModelDestroy(&m));
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- resuming ---- */

/* How far the run of a file got */
typedef struct {
  PetscInt    epoch, batch, seed;
  PetscInt64  step;   /* of the optimizer, 0 without state */
  const char *stages; /* empty for one optimizer alone */
} Progress;

static PetscErrorCode ReadProgress(HGModel m, Progress *p)
{
  PetscInt64 v;
  PetscBool  has;

  PetscFunctionBegin;
  *p = (Progress){.stages = ""};
  PetscCall(HGModelHas(m, "", "epoch", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS); /* parameters alone */
  PetscCall(HGModelGetInt(m, "", "epoch", 0, PETSC_MAX_INT, &v));
  p->epoch = (PetscInt)v;
  PetscCall(HGModelGetInt(m, "", "batch", 0, PETSC_MAX_INT, &v));
  p->batch = (PetscInt)v;
  PetscCall(HGModelGetInt(m, "", "seed", PETSC_MIN_INT, PETSC_MAX_INT, &v));
  p->seed = (PetscInt)v;
  PetscCall(HGModelHas(m, "", "train_stages", &has));
  if (has) PetscCall(HGModelGetText(m, "", "train_stages", &p->stages));
  PetscCall(HGModelHas(m, "optimizer", "step", &has));
  if (has) PetscCall(HGModelGetInt(m, "optimizer", "step", 0, MOST_STEPS, &p->step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The epoch that a file's stages have reached, 0 if it has none */
PetscErrorCode HGTrainerGetStagedEpoch(HGModel m, PetscInt *epoch)
{
  Progress p;

  PetscFunctionBegin;
  PetscCall(ReadProgress(m, &p));
  *epoch = *p.stages ? p.epoch : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Says what a resumed run has otherwise than the file's; before: what else is to be said then. Whether it has anything otherwise */
static PetscErrorCode WarnOfOthers(HGTrainer t, const char before[], const char held[], const char mine[], PetscBool *others)
{
  char *theirs, *ours;

  PetscFunctionBegin;
  PetscCall(HGOptionsCompareText(held, mine, &theirs, &ours));
  *others = *theirs || *ours ? PETSC_TRUE : PETSC_FALSE;
  if (*others)
    PetscCall(PetscFPrintf(PetscObjectComm((PetscObject)t), stderr,
                           "halograd: warning: %s %swas trained with %s, this run goes on with %s\n", t->input, before,
                           *theirs ? theirs : "the defaults", *ours ? ours : "the defaults"));
  PetscCall(PetscFree(theirs));
  PetscCall(PetscFree(ours));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The state in the file is that of an optimizer with the same vectors */
static PetscErrorCode CheckVectors(HGTrainer t, HGModel m, PetscInt n, const char *const name[])
{
  HGText      wanted = {0};
  char       *names;
  const char *held = "";
  TaoType     type;
  PetscBool   has;

  PetscFunctionBegin;
  PetscCall(HGModelHas(m, "optimizer", "options", &has));
  if (has) PetscCall(HGModelGetText(m, "optimizer", "options", &held));
  PetscCall(TaoGetType(t->tao, &type));
  PetscCall(HGModelGetArrayNames(m, "optimizer", &names));
  for (PetscInt i = 0; i < n; i++) PetscCall(HGTextAppend(&wanted, "%s%s", i ? ", " : "", name[i]));
  HGCheck(!strcmp(names, wanted.text), PetscObjectComm((PetscObject)t),
          "%s holds the state of another optimizer (%s), -tao_type %s has %s; resume with the -tao_type of that run%s%s", t->input, names,
          type, wanted.text, *held ? ": " : "", held);
  PetscCall(PetscFree(names));
  PetscCall(HGTextDestroy(&wanted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* And of the same optimizer: its vectors are those of adam and adamw alike. Files of format 1 do not say which. */
static PetscErrorCode CheckOptimizer(HGTrainer t, HGModel m, PetscInt n, const char *const name[])
{
  HGText      mine = {0};
  const char *held;
  char       *theirs, *ours;
  PetscBool   has;
  TaoType     type;

  PetscFunctionBegin;
  PetscCall(CheckVectors(t, m, n, name));
  PetscCall(HGModelHas(m, "optimizer", "options", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TaoGetType(t->tao, &type));
  PetscCall(HGTaoAppendOptions(t->tao, t->lr, &mine));
  PetscCall(HGModelGetText(m, "optimizer", "options", &held));
  PetscCall(HGOptionsCompareText(held, mine.text, &theirs, &ours));
  HGCheck(!strstr(theirs, "-tao_type"), PetscObjectComm((PetscObject)t),
          "%s holds the state of another optimizer (%s), -tao_type is %s; resume with the -tao_type of that run", t->input, held, type);
  PetscCall(WarnOfOthers(t, "", held, mine.text, &has));
  PetscCall(PetscFree(theirs));
  PetscCall(PetscFree(ours));
  PetscCall(HGTextDestroy(&mine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Says what a resumed run does otherwise than the run it goes on with, n vectors of whose state it takes */
static PetscErrorCode WarnOfTraining(HGTrainer t, HGModel m, const Progress *p, PetscInt n)
{
  HGText      mine = {0}, steps = {0};
  const char *held   = "";
  PetscBool   others = n && p->step != (PetscInt64)(p->epoch - t->start) * t->objective->batches + p->batch ? PETSC_TRUE : PETSC_FALSE, has;

  PetscFunctionBegin;
  PetscCall(HGTextAppend(&steps, "%s", ""));
  if (others)
    PetscCall(HGTextAppend(&steps,
                           "took %" PetscInt64_FMT " steps in %" PetscInt_FMT " epochs and %" PetscInt_FMT
                           " batches; an epoch of this run has %" PetscInt_FMT " batches: ",
                           p->step, p->epoch, p->batch, t->objective->batches));
  PetscCall(HGModelHas(m, "", "train_options", &has));
  if (has) {
    PetscCall(HGModelGetText(m, "", "train_options", &held));
    PetscCall(DescribeTraining(t, &mine));
    PetscCall(HGTextAppend(&steps, "%s", others ? "it " : ""));
    PetscCall(WarnOfOthers(t, steps.text, held, mine.text, &has));
  }
  if (others && !has)
    PetscCall(PetscFPrintf(PetscObjectComm((PetscObject)t), stderr,
                           "halograd: warning: %s %s-train_batch_size, -data_range or the data differ\n", t->input, steps.text));
  PetscCall(HGTextDestroy(&mine));
  PetscCall(HGTextDestroy(&steps));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What would make a resumed run another one than the run it goes on with */
static PetscErrorCode CheckResume(HGTrainer t, HGModel m, const Progress *p, PetscInt n)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)t);

  PetscFunctionBegin;
  HGCheck(p->batch < (t->stochastic ? t->objective->batches : 1), comm,
          "%s stopped at batch %" PetscInt_FMT " of an epoch, which has only %" PetscInt_FMT
          " now; resume with the data and -train_batch_size of that run",
          t->input, p->batch, t->stochastic ? t->objective->batches : 1);
  HGCheck(!t->seed_set || t->seed == p->seed, comm,
          "-train_seed %" PetscInt_FMT ": %s was trained with seed %" PetscInt_FMT
          ", which orders its samples; leave -train_seed out to resume",
          t->seed, t->input, p->seed);
  PetscCall(WarnOfTraining(t, m, p, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Stages that a file has begun cannot change afterwards; more may follow them */
static PetscErrorCode CheckStages(HGTrainer t, const Progress *p)
{
  const size_t n = strlen(p->stages);

  PetscFunctionBegin;
  if (!t->nstages || !n) PetscFunctionReturn(PETSC_SUCCESS);
  HGCheck(!strncmp(t->stages_text, p->stages, n) && (t->stages_text[n] == ',' || !t->stages_text[n]), PetscObjectComm((PetscObject)t),
          "-train_stages %s: %s was trained with -train_stages %s; resume with these, and more behind them if you like", t->stages_text,
          t->input, p->stages);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SayResumed(HGTrainer t, PetscInt nstate)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)t);

  PetscFunctionBegin;
  if (t->epoch >= t->epochs)
    PetscCall(PetscPrintf(comm, "%s has %" PetscInt_FMT " epochs behind it: nothing is left to do of %s %s%" PetscInt_FMT "\n", t->input,
                          t->epoch, t->nstages ? "-train_stages" : "-train_epochs", t->nstages ? "with " : "", t->epochs));
  else
    PetscCall(PetscPrintf(comm, "resumes %s after %" PetscInt_FMT " epochs and %" PetscInt_FMT " batches%s\n", t->input, t->epoch, t->batch,
                          nstate || t->epoch == t->start ? "" : ", the optimizer's memory anew"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the mini-batches of an unfinished epoch have added up to */
static PetscErrorCode ReadSums(HGTrainer t, HGModel m)
{
  HGObjective o = t->objective;
  PetscReal   sums[1 + HG_OBJECTIVE_TERMS];
  PetscBool   has;

  PetscFunctionBegin;
  PetscCall(HGModelHas(m, "", "epoch_sums", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGModelGetReals(m, "", "epoch_sums", 1 + o->nterms, PETSC_MIN_REAL, PETSC_MAX_REAL, sums));
  t->loss_sum = (double)sums[0];
  for (PetscInt i = 0; i < o->nterms; i++) o->term[i].sum = (double)sums[1 + i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Goes on where the file's run stopped: n vectors of the optimizer's state, 0 if it takes none there */
static PetscErrorCode Resume(HGTrainer t, HGModel m, const Progress *p, PetscInt n)
{
  PetscFunctionBegin;
  PetscCall(HGObjectiveResume(t->objective, t->input, m));
  PetscCall(ReadSums(t, m));
  if (n) PetscCall(HGTaoSetStep(t->tao, p->step));
  t->epoch = p->epoch;
  t->batch = p->batch;
  t->seed  = p->seed;
  PetscCall(HGObjectiveSetSeed(t->objective, t->seed));
  t->resumed = PETSC_TRUE;
  PetscCall(SayResumed(t, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Reads the parameters. The run is a resumed one if the file has the optimizer's state, and the optimizer takes one, or if it has the run's stages */
PetscErrorCode HGTrainerRestore(HGTrainer t, HGModel m)
{
  Progress    p;
  PetscBool   staged;
  PetscInt    n = 0;
  PetscInt64  step;
  const char *name[HG_MAX_STATE];
  Vec         state[HG_MAX_STATE];

  PetscFunctionBegin;
  PetscCall(ReadProgress(m, &p));
  PetscCall(CheckStages(t, &p));
  staged = t->nstages && *p.stages ? PETSC_TRUE : PETSC_FALSE;
  if (t->stochastic && p.step && (!t->nstages || (staged && (p.epoch > t->start || p.batch))))
    PetscCall(HGTaoGetState(t->tao, &step, &n, name, state));
  if (n) PetscCall(CheckOptimizer(t, m, n, name));
  if (n || staged) {
    PetscCall(CheckResume(t, m, &p, n));
    PetscCall(HGObjectiveCheck(t->objective, t->input, m));
  }
  PetscCall(HGObjectiveRead(t->objective, m, t->parameters));
  for (PetscInt i = 0; i < n; i++) PetscCall(HGObjectiveGetVec(t->objective, m, "optimizer", name[i], state[i]));
  if (n || staged) PetscCall(Resume(t, m, &p, n));
  else PetscCall(PetscPrintf(PetscObjectComm((PetscObject)t), "starts from the parameters of %s, the optimizer anew\n", t->input));
  PetscFunctionReturn(PETSC_SUCCESS);
}
