/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/hgcoordtrain.h"
#include "train/stages.h"
#include "sys/hgprogress.h"
#include "sys/hgsignal.h"
#include <errno.h>
#include <stdio.h>

struct _p_HGCoordTrainer {
  MPI_Comm       comm;
  HGCoordProblem problem;
  PetscInt       nstages;
  HGStage       *stage;            /* [nstages] */
  PetscInt       every, add;       /* refinement */
  char          *history, *output; /* files, empty for none */
  PetscInt       log;              /* iterations between lines of the history */
  PetscInt       checkpoint;       /* iterations between model files, 0 for none */
  HGModelOutput  model;            /* the model file to write, NULL for none */
  FILE          *file;
  int            stopped; /* the signal that training stopped for, 0 for none */
  HGProgress     progress;
  PetscInt       done; /* iterations of the stages and solves before this one */
  PetscInt       iteration;
  PetscReal      loss;
  double         started;
};

/*@
   HGCoordTrainerCreate - Create what trains a coordinate network; stages adam:2000,lmvm:10000

   Collective

   Input Parameter:
.  problem - the problem; stays the caller's

   Output Parameter:
.  t - the trainer

   Level: beginner

.seealso: `HGCoordTrainerSetFromOptions()`, `HGCoordTrainerTrain()`
@*/
PetscErrorCode HGCoordTrainerCreate(HGCoordProblem problem, HGCoordTrainer *t)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(t));
  (*t)->comm       = PETSC_COMM_WORLD;
  (*t)->problem    = problem;
  (*t)->add        = 100;
  (*t)->log        = 100;
  (*t)->checkpoint = 1000;
  PetscCall(PetscStrallocpy("", &(*t)->history));
  PetscCall(PetscStrallocpy("", &(*t)->output));
  PetscCall(HGTaoRegisterAll());
  PetscCall(HGCoordTrainerSetStages(*t, "adam:2000,lmvm:10000"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordTrainerSetStages - Set the optimizers that run one after the other

   Logically Collective

   Input Parameters:
+  t      - the trainer
-  stages - TAO types with their iterations, "adam:2000,lmvm:10000"

   Options Database Key:
.  -train_stages type:n,... - the stages (default adam:2000,lmvm:10000)

   Level: beginner

   Errors:
   A stage that is not type:iterations.

.seealso: `HGCoordTrainerTrain()`
@*/
PetscErrorCode HGCoordTrainerSetStages(HGCoordTrainer t, const char stages[])
{
  HGStage *stage;

  PetscFunctionBegin;
  PetscCall(HGStagesParse(t->comm, stages, &t->nstages, &stage));
  PetscCall(PetscFree(t->stage));
  t->stage = stage;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordTrainerSetRefinement - Set how often points are added where the residual is largest

   Logically Collective

   Input Parameters:
+  t     - the trainer
.  every - iterations, 0 for never
-  add   - points, of 10 times as many candidates

   Options Database Keys:
+  -coord_rar_every n - iterations (default 0, never)
-  -coord_rar_add m   - points (default 100)

   Level: beginner

.seealso: `HGCoordProblemRefine()`
@*/
PetscErrorCode HGCoordTrainerSetRefinement(HGCoordTrainer t, PetscInt every, PetscInt add)
{
  PetscFunctionBegin;
  HGCheck(every >= 0 && add >= 1, t->comm,
          "-coord_rar_every %" PetscInt_FMT " -coord_rar_add %" PetscInt_FMT ": give 0 or more iterations and 1 or more points", every,
          add);
  t->every = every;
  t->add   = add;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordTrainerSetModelOutput - Set the model file that training writes, on its way and at its end

   Logically Collective

   Input Parameters:
+  t     - the trainer
.  path  - the file, replaced each time once the new one is complete; empty for none
-  every - iterations between writing, 0 for the end alone

   Options Database Key:
.  -train_checkpoint n - iterations (default 1000)

   Level: beginner

   Errors:
   A negative number.

.seealso: `HGCoordProblemWriteModel()`
@*/
PetscErrorCode HGCoordTrainerSetModelOutput(HGCoordTrainer t, const char path[], PetscInt every)
{
  PetscFunctionBegin;
  HGCheck(every >= 0, t->comm, "-train_checkpoint %" PetscInt_FMT ": give a number of iterations, or 0 for no checkpoints", every);
  PetscCall(HGStringReplace(path, &t->output));
  t->checkpoint = every;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordTrainerSetFromOptions - Take stages, refinement, history and checkpoints from the options

   Collective

   Input Parameter:
.  t - the trainer

   Options Database Keys:
+  -train_stages type:n,... - TAO types and their iterations (default adam:2000,lmvm:10000)
.  -coord_rar_every n       - iterations between refinements (default 0, never)
.  -coord_rar_add m         - points of a refinement (default 100)
.  -model_output file       - the model file
.  -train_checkpoint n      - iterations between writing it on the way, 0 for the end alone (default 1000)
.  -train_history file.csv  - iteration, objective, its terms, the unknown parameter, seconds
-  -train_history_every n   - iterations between its lines (default 100)

   Level: beginner

   Note:
   The optimizers take -tao_... themselves, such as -tao_adam_lr.

.seealso: `HGCoordTrainerTrain()`
@*/
PetscErrorCode HGCoordTrainerSetFromOptions(HGCoordTrainer t)
{
  const char *stages = "adam:2000,lmvm:10000", *output = t->output, *history = t->history;
  PetscInt    every = t->every, add = t->add, checkpoint = t->checkpoint;
  PetscBool   set, set_history;

  PetscFunctionBegin;
  PetscOptionsBegin(t->comm, NULL, "Training of a coordinate network", "");
  PetscCall(HGOptionsString("-model_output", "model file to write", "HGCoordTrainerSetModelOutput", &output, NULL));
  PetscCall(HGOptionsInt("-train_checkpoint", "iterations between writing it on the way, 0: at the end alone",
                         "HGCoordTrainerSetModelOutput", 0, PETSC_MAX_INT, &checkpoint, NULL));
  PetscCall(HGOptionsString("-train_stages", "optimizers and their iterations", "HGCoordTrainerSetStages", &stages, &set));
  PetscCall(HGOptionsInt("-coord_rar_every", "iterations between refinements of the points, 0: never", "HGCoordTrainerSetRefinement", 0,
                         PETSC_MAX_INT, &every, NULL));
  PetscCall(HGOptionsInt("-coord_rar_add", "points of a refinement", "HGCoordTrainerSetRefinement", 1, PETSC_MAX_INT, &add, NULL));
  PetscCall(HGOptionsString("-train_history", "CSV file of the objective", "", &history, &set_history));
  PetscCall(HGOptionsInt("-train_history_every", "iterations between its lines", "", 1, PETSC_MAX_INT, &t->log, NULL));
  PetscOptionsEnd();
  if (set) PetscCall(HGCoordTrainerSetStages(t, stages));
  if (set_history) PetscCall(HGStringReplace(history, &t->history));
  PetscCall(HGCoordTrainerSetRefinement(t, every, add));
  PetscCall(HGCoordTrainerSetModelOutput(t, output, checkpoint));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Objective(Tao tao, Vec v, PetscReal *f, Vec g, void *ctx)
{
  PetscFunctionBegin;
  (void)tao;
  PetscCall(HGCoordProblemEvaluate(((HGCoordTrainer)ctx)->problem, v, f, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Record(HGCoordTrainer t)
{
  const HGCoordTerm *term[HG_COORD_MAX_TERMS];
  const double      *loss[HG_COORD_MAX_TERMS];
  const char        *name;
  double             value;
  PetscInt           n;

  PetscFunctionBegin;
  if (!t->file) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGCoordProblemGetTerms(t->problem, &n, term, loss));
  PetscCall(HGCoordProblemGetUnknown(t->problem, &name, &value));
  (void)fprintf(t->file, "%ld,%.10g", (long)t->iteration, (double)t->loss);
  for (PetscInt i = 0; i < n; i++) (void)fprintf(t->file, ",%.10g", *loss[i]);
  if (name) (void)fprintf(t->file, ",%.10g", value);
  (void)fprintf(t->file, ",%.3f\n", MPI_Wtime() - t->started);
  (void)fflush(t->file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Writes the model file, or tries whether it could be */
static PetscErrorCode Save(HGCoordTrainer t, Vec v, PetscErrorCode (*write)(HGModelOutput, HGModel))
{
  HGModel        m;
  PetscErrorCode e;

  PetscFunctionBegin;
  if (!t->model) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGModelCreate(t->comm, &m));
  PetscCall(HGCoordProblemFillModel(t->problem, v, m));
  e = (*write)(t->model, m);
  PetscCall(HGModelDestroy(&m));
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Monitor(Tao tao, void *ctx)
{
  HGCoordTrainer t = (HGCoordTrainer)ctx;
  PetscInt       its;
  const char    *name;
  double         value;
  char           note[128], unknown[64] = "";
  Vec            v;

  PetscFunctionBegin;
  PetscCall(TaoGetIterationNumber(tao, &its));
  PetscCall(TaoGetSolutionStatus(tao, NULL, &t->loss, NULL, NULL, NULL, NULL));
  if (!its) PetscFunctionReturn(PETSC_SUCCESS);
  t->iteration = t->done + its;
  if (t->iteration % t->log == 0) PetscCall(Record(t));
  if (t->checkpoint && t->iteration % t->checkpoint == 0) {
    PetscCall(TaoGetSolution(tao, &v));
    PetscCall(Save(t, v, HGModelOutputWrite));
  }
  PetscCall(HGCoordProblemGetUnknown(t->problem, &name, &value));
  if (name) PetscCall(PetscSNPrintf(unknown, sizeof(unknown), ", %s %.6g", name, value));
  PetscCall(PetscSNPrintf(note, sizeof(note), "loss %.4g%s", (double)t->loss, unknown));
  PetscCall(HGProgressUpdate(&t->progress, t->iteration, note));
  PetscCall(HGSignalAgree(t->comm, &t->stopped));
  if (t->stopped) PetscCall(TaoSetConvergedReason(tao, TAO_CONVERGED_USER));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode OpenHistory(HGCoordTrainer t)
{
  const HGCoordTerm *term[HG_COORD_MAX_TERMS];
  const double      *loss[HG_COORD_MAX_TERMS];
  const char        *name;
  double             value;
  PetscInt           n;
  PetscMPIInt        rank;
  char               msg[PETSC_MAX_PATH_LEN + 128] = "";

  PetscFunctionBegin;
  if (!*t->history) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_rank(t->comm, &rank));
  PetscCall(HGCoordProblemGetTerms(t->problem, &n, term, loss));
  PetscCall(HGCoordProblemGetUnknown(t->problem, &name, &value));
  if (!rank) {
    t->file = fopen(t->history, "w");
    if (!t->file)
      (void)snprintf(msg, sizeof(msg), "cannot write %s: %s; give another name with -train_history", t->history, strerror(errno));
    else {
      (void)fprintf(t->file, "iteration,loss");
      for (PetscInt i = 0; i < n; i++) (void)fprintf(t->file, ",%s", term[i]->name);
      (void)fprintf(t->file, "%s%s,seconds\n", name ? "," : "", name ? name : "");
    }
  }
  PetscCall(HGAgreeOnMessage(t->comm, msg, sizeof(msg)));
  HGCheck(!*msg, t->comm, "%s", msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All points at once suit a longer memory than TAO's 5 pairs. TAOLMVM's matrix can be reached by its options only. */
static PetscErrorCode SetMemory(void)
{
  static const char *const option[] = {"-tao_lmvm_mat_lmvm_hist_size", "-tao_blmvm_mat_lmvm_hist_size", "-tao_bqnls_mat_lmvm_hist_size"};

  PetscFunctionBegin;
  for (size_t i = 0; i < sizeof(option) / sizeof(*option); i++) {
    PetscBool set;

    PetscCall(PetscOptionsHasName(NULL, NULL, option[i], &set));
    if (!set) PetscCall(PetscOptionsSetValue(NULL, option[i], "50"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Only the gradient's own size stops a stage early, unless the options say otherwise */
static PetscErrorCode SetTolerances(Tao tao)
{
  static const char *const option[] = {"-tao_gatol", "-tao_grtol", "-tao_gttol"};
  PetscReal                limit[]  = {1e-9, 0, 0};

  PetscFunctionBegin;
  for (int i = 0; i < 3; i++) PetscCall(PetscOptionsGetReal(NULL, NULL, option[i], &limit[i], NULL));
  PetscCall(TaoSetTolerances(tao, limit[0], limit[1], limit[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RunStage(HGCoordTrainer t, const HGStage *s, Vec v)
{
  Tao       tao;
  PetscBool stochastic;
  PetscInt  left = s->epochs;

  PetscFunctionBegin;
  PetscCall(SetMemory());
  PetscCall(HGStageCreateTao(t->comm, s, &tao));
  PetscCall(SetTolerances(tao));
  PetscCall(HGTaoIsStochastic(tao, &stochastic));
  if (stochastic) PetscCall(TaoSetTolerances(tao, 0, 0, 0));
  PetscCall(TaoSetMaximumFunctionEvaluations(tao, PETSC_MAX_INT));
  PetscCall(TaoSetSolution(tao, v));
  PetscCall(TaoSetObjectiveAndGradient(tao, NULL, Objective, t));
  PetscCall(TaoMonitorSet(tao, Monitor, t, NULL));
  PetscCall(HGSignalBegin());
  while (left > 0 && !t->stopped) {
    const PetscInt     n = t->every ? PetscMin(left, t->every) : left;
    TaoConvergedReason reason;
    PetscInt           its;

    PetscCall(TaoSetMaximumIterations(tao, n));
    PetscCall(TaoSolve(tao));
    PetscCall(TaoGetIterationNumber(tao, &its));
    PetscCall(TaoGetConvergedReason(tao, &reason));
    t->done += its;
    left -= n;
    if (t->every && left && !t->stopped) PetscCall(HGCoordProblemRefine(t->problem, v, 10 * t->add, t->add));
    else if (reason != TAO_DIVERGED_MAXITS) break;
  }
  PetscCall(HGSignalEnd());
  PetscCall(TaoDestroy(&tao));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SayStopped(HGCoordTrainer t)
{
  PetscFunctionBegin;
  PetscCall(PetscFPrintf(t->comm, stderr, "halograd: %s: stopped after %" PetscInt_FMT " iterations%s%s\n", HGSignalName(t->stopped),
                         t->done, t->model ? "; start from its model with -model_input " : "; no model file was asked for",
                         t->model ? t->output : ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordTrainerTrain - Train, and write the model file

   Collective

   Input Parameters:
+  t - the trainer
-  v - the parameters, initial ones on entry

   Level: beginner

   Note:
   An iteration allocates nothing but what TAO's line searches do; a refinement does.

   SIGTERM, SIGINT and SIGUSR1 to any rank end it after the iteration that runs, and the model file is written; `HGSignalReceived()` has the signal then. A
   second signal, more than a second later, ends the program at once.

   Errors:
   A model file that cannot be written, which is tried before the first iteration; an optimizer that TAO does not have; a residual that is not finite.

.seealso: `HGCoordTrainerSetFromOptions()`
@*/
PetscErrorCode HGCoordTrainerTrain(HGCoordTrainer t, Vec v)
{
  PetscInt total = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < t->nstages; i++) total += t->stage[i].epochs;
  if (*t->output) PetscCall(HGModelOutputCreate(t->comm, t->output, &t->model));
  PetscCall(Save(t, v, HGModelOutputTry));
  PetscCall(OpenHistory(t));
  t->started = MPI_Wtime();
  t->done    = 0;
  t->stopped = 0;
  PetscCall(HGSignalBegin());
  PetscCall(HGProgressBegin(&t->progress, t->comm, "iterations", 0, total));
  for (PetscInt i = 0; i < t->nstages && !t->stopped; i++) PetscCall(RunStage(t, &t->stage[i], v));
  PetscCall(HGProgressEnd(&t->progress));
  PetscCall(HGCoordProblemEvaluate(t->problem, v, &t->loss, NULL));
  PetscCall(Record(t));
  if (t->file) (void)fclose(t->file);
  t->file = NULL;
  PetscCall(Save(t, v, HGModelOutputWrite));
  PetscCall(HGSignalEnd());
  if (t->stopped) PetscCall(SayStopped(t));
  PetscCall(HGModelOutputDestroy(&t->model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordTrainerGetIterations - Get the iterations done, and the objective reached

   Not Collective

   Input Parameter:
.  t - the trainer

   Output Parameters:
+  iterations - of all stages
-  loss       - the objective

   Level: beginner

.seealso: `HGCoordTrainerTrain()`
@*/
PetscErrorCode HGCoordTrainerGetIterations(HGCoordTrainer t, PetscInt *iterations, PetscReal *loss)
{
  PetscFunctionBegin;
  *iterations = t->done;
  *loss       = t->loss;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordTrainerDestroy - Destroy a trainer

   Collective

   Input Parameter:
.  t - the trainer; set to NULL

   Level: beginner

.seealso: `HGCoordTrainerCreate()`
@*/
PetscErrorCode HGCoordTrainerDestroy(HGCoordTrainer *t)
{
  PetscFunctionBegin;
  if (!*t) PetscFunctionReturn(PETSC_SUCCESS);
  if ((*t)->file) (void)fclose((*t)->file);
  PetscCall(HGModelOutputDestroy(&(*t)->model));
  PetscCall(PetscFree((*t)->stage));
  PetscCall(PetscFree((*t)->history));
  PetscCall(PetscFree((*t)->output));
  PetscCall(PetscFree(*t));
  PetscFunctionReturn(PETSC_SUCCESS);
}
