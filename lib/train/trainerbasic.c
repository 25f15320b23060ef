/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/train_impl.h"

const char *const HGSchedules[] = {"constant", "cosine"};

/*@
   HGTrainerCreate - Create a trainer

   Collective

   Input Parameter:
.  comm - the communicator of network and data

   Output Parameter:
.  trainer - the trainer

   Level: beginner

.seealso: `HGTrainerSetFromOptions()`, `HGTrainerSetNet()`, `HGTrainerSetData()`, `HGTrainerTrain()`
@*/
PetscErrorCode HGTrainerCreate(MPI_Comm comm, HGTrainer *trainer)
{
  HGTrainer t;

  PetscFunctionBegin;
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(PetscHeaderCreate(t, HG_TRAINER_CLASSID, "HGTrainer", "Trainer", "Train", comm, HGTrainerDestroy, NULL));
  t->epochs     = 20;
  t->batch_size = 8;
  t->seed       = 1;
  t->checkpoint = 10;
  t->lines      = 1;
  PetscCall(PetscStrallocpy("model.nc", &t->output));
  PetscCall(PetscStrallocpy("", &t->input));
  PetscCall(PetscStrallocpy("", &t->history));
  PetscCall(PetscStrallocpy("", &t->stages_text));
  PetscCall(HGObjectiveCreate(comm, &t->objective));
  PetscCall(HGObjectiveSetType(t->objective, HGOBJECTIVEFIELDS));
  PetscCall(TaoCreate(comm, &t->tao));
  PetscCall(TaoSetType(t->tao, HGTAOADAM));
  *trainer = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetNet - Set the network to train

   Collective

   Input Parameters:
+  trainer - the trainer
-  net     - the network, set up for training with the batch size of the trainer

   Level: beginner

.seealso: `HGTrainerSetData()`
@*/
PetscErrorCode HGTrainerSetNet(HGTrainer trainer, HGNet net)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscCall(HGObjectiveFieldsSetNet(trainer->objective, net));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetData - Set the dataset to train on, and one to validate on

   Collective

   Input Parameters:
+  trainer    - the trainer
.  data       - the dataset, loaded
-  validation - another, loaded, on which the loss is evaluated after each epoch; or NULL

   Level: beginner

.seealso: `HGTrainerSetNet()`
@*/
PetscErrorCode HGTrainerSetData(HGTrainer trainer, HGData data, HGData validation)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscCall(HGObjectiveFieldsSetData(trainer->objective, data, validation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTrainerSetModelInput - Set the model file to start or resume from

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  path    - the file, empty for new parameters

   Options Database Key:
.  -model_input - the file

   Level: beginner

   Note:
   With the optimizer's state in the file the run resumes: it goes on after the file's last epoch, up to the trainer's
   number of epochs in all, as if it had not been interrupted.

.seealso: `HGTrainerSetModelOutput()`
@*/
PetscErrorCode HGTrainerSetModelInput(HGTrainer trainer, const char path[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscCall(HGStringReplace(path, &trainer->input));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTrainerSetModelOutput - Set the model file to write, at the end and at checkpoints

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  path    - the file, empty for none

   Options Database Key:
.  -model_output - the file (default model.nc)

   Level: beginner

.seealso: `HGTrainerSetModelInput()`
@*/
PetscErrorCode HGTrainerSetModelOutput(HGTrainer trainer, const char path[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscCall(HGStringReplace(path, &trainer->output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTrainerSetHistory - Set the CSV file that takes the figures of each epoch

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  path    - the file, empty for none

   Options Database Key:
.  -train_history - the file (default none)

   Level: beginner

   Note:
   The file appears, or loses what it held before, when the first epoch ends; a resumed run adds to it, behind the epochs it has done: lines of later ones, which
   a killed run may have left, go. It only ever holds whole lines.

.seealso: `HGTrainerSetModelOutput()`
@*/
PetscErrorCode HGTrainerSetHistory(HGTrainer trainer, const char path[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscCall(HGStringReplace(path, &trainer->history));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTrainerGetHistory - Get the CSV file that takes the figures of each epoch

   Not Collective

   Input Parameter:
.  trainer - the trainer

   Output Parameter:
.  path - the file, empty for none; do not free

   Level: intermediate

.seealso: `HGTrainerSetHistory()`
@*/
PetscErrorCode HGTrainerGetHistory(HGTrainer trainer, const char *path[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  *path = trainer->history;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTrainerGetModelOutput - Get the model file to write

   Not Collective

   Input Parameter:
.  trainer - the trainer

   Output Parameter:
.  path - the file, empty for none; do not free

   Level: intermediate

.seealso: `HGTrainerSetModelOutput()`
@*/
PetscErrorCode HGTrainerGetModelOutput(HGTrainer trainer, const char *path[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  *path = trainer->output;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTrainerGetModelInput - Get the model file to start or resume from

   Not Collective

   Input Parameter:
.  trainer - the trainer

   Output Parameter:
.  path - the file, empty for none; do not free

   Level: intermediate

.seealso: `HGTrainerSetModelInput()`
@*/
PetscErrorCode HGTrainerGetModelInput(HGTrainer trainer, const char *path[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  *path = trainer->input;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerGetBatchSize - Get the number of samples in a mini-batch

   Not Collective

   Input Parameter:
.  trainer - the trainer

   Output Parameter:
.  n - samples over all ranks

   Level: intermediate

.seealso: `HGTrainerSetFromOptions()`
@*/
PetscErrorCode HGTrainerGetBatchSize(HGTrainer trainer, PetscInt *n)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  *n = trainer->batch_size;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerGetLoss - Get the trainer's loss

   Not Collective

   Input Parameter:
.  trainer - the trainer

   Output Parameter:
.  loss - the loss; do not destroy it

   Level: intermediate

.seealso: `HGLossSetType()`
@*/
PetscErrorCode HGTrainerGetLoss(HGTrainer trainer, HGLoss *loss)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscCall(HGObjectiveFieldsGetLoss(trainer->objective, loss));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerGetTao - Get the trainer's optimizer

   Not Collective

   Input Parameter:
.  trainer - the trainer

   Output Parameter:
.  tao - the optimizer; do not destroy it

   Level: intermediate

.seealso: `HGTaoRegisterAll()`
@*/
PetscErrorCode HGTrainerGetTao(HGTrainer trainer, Tao *tao)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  *tao = trainer->tao;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerGetParameters - Get the parameters that the trainer trains

   Not Collective

   Input Parameter:
.  trainer - the trainer, set up

   Output Parameter:
.  p - the Vec; do not destroy it

   Level: intermediate

.seealso: `HGNetCreateParameters()`
@*/
PetscErrorCode HGTrainerGetParameters(HGTrainer trainer, Vec *p)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  *p = trainer->parameters;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckOptions(HGTrainer t)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)t);

  PetscFunctionBegin;
  HGCheck(t->epochs >= 0, comm, "-train_epochs %" PetscInt_FMT ": give 0 (write the initial model) or more", t->epochs);
  HGCheck(t->batch_size >= 1, comm, "-train_batch_size %" PetscInt_FMT ": give at least 1", t->batch_size);
  HGCheck(t->checkpoint >= 0, comm, "-train_checkpoint %" PetscInt_FMT ": give a number of epochs, or 0 for none", t->checkpoint);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetEpochs - Set the number of passes over the data, those before a resume included; 0 writes the initial model

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  n       - the number

   Options Database Key:
.  -train_epochs n - the number

   Level: beginner

.seealso: `HGTrainerSetFromOptions()`
@*/
PetscErrorCode HGTrainerSetEpochs(HGTrainer trainer, PetscInt n)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  trainer->epochs = n;
  PetscCall(CheckOptions(trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTrainerSetStages - Set optimizers that run one after the other, each for its own number of epochs

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  stages  - TAO types with their epochs, "adam:200,lmvm:500"; empty for one optimizer and `HGTrainerSetEpochs()`

   Options Database Key:
.  -train_stages type:n,... - the stages

   Level: beginner

   Notes:
   An epoch of an optimizer that sees the whole dataset is one of its iterations. The cosine schedule runs over each stage.

   A run that resumes goes on in the stage it stopped in: exactly in stages of adam, adamw and sgd, and between stages; other optimizers
   build their memory anew.

   Errors:
   A stage that is not type:epochs; an optimizer that TAO does not have; `-tao_type` or `-train_epochs` besides.

.seealso: `HGTrainerSetEpochs()`
@*/
PetscErrorCode HGTrainerSetStages(HGTrainer trainer, const char stages[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  trainer->nstages = 0;
  PetscCall(PetscFree(trainer->stages));
  PetscCall(HGStringReplace(stages, &trainer->stages_text));
  if (!*stages) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGStagesParse(PetscObjectComm((PetscObject)trainer), trainer->stages_text, &trainer->nstages, &trainer->stages));
  trainer->epochs = 0;
  for (PetscInt i = 0; i < trainer->nstages; i++) trainer->epochs += trainer->stages[i].epochs;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerGetParameterType - Get the precision that suits the optimizers of a training, for `HGNetSetParameterType()`

   Collective

   Input Parameters:
+  trainer - the trainer, its optimizers chosen
-  net     - the network's element type

   Output Parameter:
.  kept - `HG_F64` if one of its optimizers is TAO's own; else what `HGTaoGetDType()` says

   Level: intermediate

.seealso: `HGNetSetParameterType()`, `HGTaoGetDType()`
@*/
PetscErrorCode HGTrainerGetParameterType(HGTrainer trainer, HGDType net, HGDType *kept)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  if (!trainer->nstages) PetscCall(HGTaoGetDType(trainer->tao, net, kept));
  else *kept = HG_F32;
  for (PetscInt i = 0; i < trainer->nstages; i++) {
    HGDType own;
    Tao     tao;

    PetscCall(HGStageCreateTao(PetscObjectComm((PetscObject)trainer), &trainer->stages[i], trainer->objective->memory, &tao));
    PetscCall(HGTaoGetDType(tao, net, &own));
    if (own == HG_F64) *kept = HG_F64;
    PetscCall(TaoDestroy(&tao));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Reads the options of all stages' optimizers, each of which is created when its stage begins */
static PetscErrorCode StagesFromOptions(HGTrainer t, const char stages[], PetscBool epochs)
{
  PetscFunctionBegin;
  HGCheck(!epochs, PetscObjectComm((PetscObject)t),
          "-train_epochs and -train_stages: the stages say how many epochs each takes; leave -train_epochs out");
  PetscCall(HGTrainerSetStages(t, stages));
  for (PetscInt i = 0; i < t->nstages; i++) {
    Tao tao;

    PetscCall(HGStageCreateTao(PetscObjectComm((PetscObject)t), &t->stages[i], t->objective->memory, &tao));
    PetscCall(TaoDestroy(&tao));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetBatchSize - Set the number of samples in a mini-batch over all ranks

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  n       - the number

   Options Database Key:
.  -train_batch_size n - the number

   Level: beginner

.seealso: `HGTrainerSetFromOptions()`
@*/
PetscErrorCode HGTrainerSetBatchSize(HGTrainer trainer, PetscInt n)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  trainer->batch_size = n;
  PetscCall(CheckOptions(trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetSeed - Set the seed of initial parameters and shuffling

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  seed    - the number

   Options Database Key:
.  -train_seed seed - the number

   Level: beginner

.seealso: `HGTrainerSetFromOptions()`
@*/
PetscErrorCode HGTrainerSetSeed(HGTrainer trainer, PetscInt seed)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  trainer->seed = seed;
  PetscCall(CheckOptions(trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerGetSeed - Get the seed of initial parameters and shuffling

   Not Collective

   Input Parameter:
.  trainer - the trainer

   Output Parameter:
.  seed - the seed

   Level: intermediate

.seealso: `HGTrainerSetSeed()`
@*/
PetscErrorCode HGTrainerGetSeed(HGTrainer trainer, PetscInt *seed)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  *seed = trainer->seed;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetFromOptions - Set a trainer from the options database

   Collective

   Input Parameter:
.  trainer - the trainer

   Options Database Keys:
+  -train_epochs n                     - passes over the data, those before a resume included (default 20); 0 writes the initial model
.  -train_stages type:n,...            - optimizers that run one after the other, see `HGTrainerSetStages()`
.  -train_batch_size n                 - samples in a mini-batch over all ranks (default 8)
.  -train_loss mse|l1|huber|rel_l2|h1|bce|cross_entropy - misfit (default mse), see `HGLossSetFromOptions()`
.  -train_seed n                       - seed of initial parameters and shuffling (default 1)
.  -train_schedule constant|cosine     - learning rate over the epochs; cosine goes to zero (Loshchilov and Hutter, arXiv 1608.03983)
.  -train_history FILE.csv             - epoch, loss, validation, learning rate, seconds
.  -train_checkpoint n                 - write the model every n epochs, and at the end (default 10; 0: only at the end)
.  -loss_balance none|gradnorm|relobralo - factors of misfit, residual and boundary, found during training (default none)
.  -model_input FILE                   - start or resume from it
.  -model_output FILE                  - write it (default model.nc)
-  -tao_type adam|adamw|sgd|lmvm|...   - optimizer (default adam) and its -tao_... options

   Level: beginner

   Note:
   adam, adamw and sgd step on mini-batches; every other TAO type sees the whole dataset in each evaluation, and an epoch is
   one of its iterations.

   `-loss_balance gradnorm` compares the gradients of the terms every 10 steps (Wang, Teng, Perdikaris, arXiv 2001.04536, algorithm 1), relobralo their
   fall since the step before and since the first (Bischof, Kraus, arXiv 2110.09813). The factors multiply `-physics_weight` and `-bc_weight`, stay as they are
   in optimizers that see the whole dataset, and are part of the model file.

   Errors:
   Refuses values out of range, and file options without a name.

.seealso: `HGTrainerTrain()`
@*/
PetscErrorCode HGTrainerSetFromOptions(HGTrainer trainer)
{
  PetscInt    schedule = trainer->schedule;
  PetscBool   staged, epochs, typed;
  const char *stages = "", *history = trainer->history, *input = trainer->input, *output = trainer->output;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscObjectOptionsBegin((PetscObject)trainer);
  PetscCall(HGOptionsInt(PetscOptionsObject, "-train_epochs", "passes over the data, 0 writes the initial model", "HGTrainerSetEpochs", 0,
                         PETSC_MAX_INT, &trainer->epochs, &epochs));
  PetscCall(HGOptionsString(PetscOptionsObject, "-train_stages", "optimizers one after the other and their epochs, adam:200,lmvm:500",
                            "HGTrainerSetStages", &stages, &staged));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-train_batch_size", "samples in a mini-batch over all ranks", "HGTrainerSetBatchSize", 1,
                         PETSC_MAX_INT, &trainer->batch_size, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-train_seed", "seed of initial parameters and shuffling", "", PETSC_MIN_INT, PETSC_MAX_INT,
                         &trainer->seed, &trainer->seed_set));
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-train_schedule", "learning rate over the epochs", "", HGSchedules, 2, &schedule, NULL));
  PetscCall(HGOptionsString(PetscOptionsObject, "-train_history", "CSV file of epoch, loss, validation, learning rate, seconds",
                            "HGTrainerSetHistory", &history, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-train_history_every", "epochs between two lines of it", "HGTrainerSetIntervals", 1,
                         PETSC_MAX_INT, &trainer->lines, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-train_checkpoint", "write the model every so many epochs, 0: only at the end", "", 0,
                         PETSC_MAX_INT, &trainer->checkpoint, NULL));
  PetscCall(
      HGOptionsString(PetscOptionsObject, "-model_input", "model file to start or resume from", "HGTrainerSetModelInput", &input, NULL));
  PetscCall(HGOptionsString(PetscOptionsObject, "-model_output", "model file to write", "HGTrainerSetModelOutput", &output, NULL));
  PetscOptionsEnd();
  PetscCall(HGStringReplace(history, &trainer->history));
  PetscCall(HGStringReplace(input, &trainer->input));
  PetscCall(HGStringReplace(output, &trainer->output));
  trainer->schedule = (HGSchedule)schedule;
  PetscCall(HGObjectiveSetFromOptions(trainer->objective));
  PetscCall(PetscOptionsHasName(((PetscObject)trainer)->options, ((PetscObject)trainer)->prefix, "-tao_type", &typed));
  if (!staged && (epochs || typed) && trainer->nstages) { /* one optimizer, instead of those that the program chose */
    const PetscInt n = trainer->epochs;

    PetscCall(HGTrainerSetStages(trainer, ""));
    trainer->epochs = n;
  }
  if (staged) PetscCall(StagesFromOptions(trainer, stages, epochs));
  else PetscCall(HGTaoSetFromOptionsWithMemory(trainer->tao, trainer->objective->memory));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerDestroy - Destroy a trainer

   Collective

   Input Parameter:
.  trainer - the trainer

   Level: beginner

.seealso: `HGTrainerCreate()`
@*/
PetscErrorCode HGTrainerDestroy(HGTrainer *trainer)
{
  PetscFunctionBegin;
  if (!*trainer) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(*trainer, HG_TRAINER_CLASSID, 1);
  if (--((PetscObject)*trainer)->refct > 0) {
    *trainer = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if ((*trainer)->csv) (void)fclose((*trainer)->csv);
  PetscCall(HGObjectiveDestroy(&(*trainer)->objective));
  PetscCall(TaoDestroy(&(*trainer)->tao));
  PetscCall(VecDestroy(&(*trainer)->parameters));
  for (int i = 0; i < 2; i++) PetscCall(VecDestroy(&(*trainer)->good[i]));
  PetscCall(PetscFree((*trainer)->history));
  PetscCall(PetscFree((*trainer)->input));
  PetscCall(PetscFree((*trainer)->output));
  PetscCall(PetscFree((*trainer)->stages));
  PetscCall(PetscFree((*trainer)->stages_text));
  PetscCall(HGModelOutputDestroy(&(*trainer)->file));
  PetscCall(PetscHeaderDestroy(trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetIntervals - Set how often a trainer writes

   Logically Collective

   Input Parameters:
+  trainer    - the trainer
.  checkpoint - epochs between two model files, 0 for the end alone (default 10)
-  lines      - epochs between two lines of the history (default 1); the last one is written always

   Options Database Keys:
+  -train_checkpoint n    - epochs between two model files
-  -train_history_every n - epochs between two lines

   Level: intermediate

   Errors:
   Negative numbers, lines of 0.

.seealso: `HGTrainerSetModelOutput()`, `HGTrainerSetHistory()`
@*/
PetscErrorCode HGTrainerSetIntervals(HGTrainer trainer, PetscInt checkpoint, PetscInt lines)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  HGCheck(lines >= 1, PetscObjectComm((PetscObject)trainer), "-train_history_every %" PetscInt_FMT ": give at least 1", lines);
  trainer->checkpoint = checkpoint;
  trainer->lines      = lines;
  PetscCall(CheckOptions(trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetObjective - Train something else than a network on fields

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  o       - the objective; the trainer sets it up. Referenced

   Level: intermediate

   Note:
   Without it an objective of type `HGOBJECTIVEFIELDS` is trained, which `HGTrainerSetNet()`, `HGTrainerSetData()`, `HGTrainerSetPhysics()` and others fill.

.seealso: `HGObjectiveSetType()`
@*/
PetscErrorCode HGTrainerSetObjective(HGTrainer trainer, HGObjective o)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 2);
  PetscCall(PetscObjectReference((PetscObject)o));
  PetscCall(HGObjectiveDestroy(&trainer->objective));
  trainer->objective = o;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerGetObjective - Get what a trainer minimises

   Not Collective

   Input Parameter:
.  trainer - the trainer

   Output Parameter:
.  o - the objective; do not destroy it

   Level: intermediate

.seealso: `HGTrainerSetObjective()`
@*/
PetscErrorCode HGTrainerGetObjective(HGTrainer trainer, HGObjective *o)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  *o = trainer->objective;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetPhysics - Train against the residual of an equation, `HGObjectiveFieldsSetPhysics()`

   Logically Collective

   Input Parameters:
+  trainer - the trainer
.  p       - the equation, whose DMDA is that of the network's output; set up before the trainer. Referenced
-  weight  - what the residual counts beside the misfit to targets

   Level: intermediate

.seealso: `HGTrainerSetBoundaryWeight()`, `HGTrainerSetLabelled()`, `HGTrainerSetUnknown()`
@*/
PetscErrorCode HGTrainerSetPhysics(HGTrainer trainer, HGPhysics p, PetscReal weight)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscCall(HGObjectiveFieldsSetPhysics(trainer->objective, p, weight));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetBoundaryWeight - Set what soft boundary conditions count, `HGObjectiveFieldsSetBoundaryWeight()`

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  weight  - of `HGPhysicsEvaluateBoundary()`

   Level: intermediate

.seealso: `HGTrainerSetPhysics()`
@*/
PetscErrorCode HGTrainerSetBoundaryWeight(HGTrainer trainer, PetscReal weight)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscCall(HGObjectiveFieldsSetBoundaryWeight(trainer->objective, weight));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetLabelled - Let only the first samples have targets, `HGObjectiveFieldsSetLabelled()`

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  n       - how many samples of the range, the first ones; -1 for all

   Level: intermediate

.seealso: `HGTrainerSetPhysics()`
@*/
PetscErrorCode HGTrainerSetLabelled(HGTrainer trainer, PetscInt n)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscCall(HGObjectiveFieldsSetLabelled(trainer->objective, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTrainerSetUnknown - Find a parameter of the equation together with the network, `HGObjectiveFieldsSetUnknown()`

   Logically Collective

   Input Parameters:
+  trainer - the trainer
.  name    - the parameter; empty for none
-  start   - where its search starts; 0 for the value that the equation has

   Level: intermediate

.seealso: `HGTrainerGetUnknown()`
@*/
PetscErrorCode HGTrainerSetUnknown(HGTrainer trainer, const char name[], PetscReal start)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscCall(HGObjectiveFieldsSetUnknown(trainer->objective, name, start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTrainerGetUnknown - Get the parameter that is found together with the network

   Collective

   Input Parameter:
.  trainer - the trainer, set up

   Output Parameters:
+  name  - the parameter; NULL if there is none
-  value - its value now

   Level: intermediate

.seealso: `HGTrainerSetUnknown()`
@*/
PetscErrorCode HGTrainerGetUnknown(HGTrainer trainer, const char *name[], PetscReal *value)
{
  const char *its;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscCall(HGObjectiveGetUnknown(trainer->objective, trainer->parameters, &its, value));
  if (name) *name = its;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetQuiet - Let a trainer print nothing

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  quiet   - whether it prints neither its progress nor a line when a signal has stopped it (default false): the program says so of many trainings

   Level: intermediate

.seealso: `HGTrainerTrain()`, `HGSignalReceived()`
@*/
PetscErrorCode HGTrainerSetQuiet(HGTrainer trainer, PetscBool quiet)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  trainer->quiet = quiet;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerGetEpoch - Get the number of epochs that are done

   Not Collective

   Input Parameter:
.  trainer - the trainer

   Output Parameter:
.  n - the number

   Level: intermediate

.seealso: `HGTrainerTrain()`
@*/
PetscErrorCode HGTrainerGetEpoch(HGTrainer trainer, PetscInt *n)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  *n = trainer->epoch;
  PetscFunctionReturn(PETSC_SUCCESS);
}
