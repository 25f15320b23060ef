/* SPDX-License-Identifier: BSD-2-Clause */
/* The residual of an equation beside, or instead of, the misfit to targets */
#include "train/train_impl.h"

/*@
   HGTrainerSetPhysics - Train against the residual of an equation

   Logically Collective

   Input Parameters:
+  trainer - the trainer
.  p       - the equation, whose DMDA is that of the network's output; set up before the trainer. Referenced
-  weight  - what the residual counts beside the misfit to targets

   Options Database Keys:
+  -physics_type name     - the equation
.  -physics_weight weight - its weight (default 1)
-  -physics_scale s       - without targets: the size of the solution; the network's output times s is u (default 1)

   Level: intermediate

   Notes:
   The loss is the misfit to the targets, if the data has any, plus weight times `HGPhysicsEvaluate()` of the network's output in the units
   of the data, with the input fields in their units: normalisation is undone before the residual and counted in its gradient.

   With hard boundary conditions (`-physics_bc hard`) the solution is `HGPhysicsTransformOutput()` of that output, in the misfit too, and wherever the
   model is applied. With soft ones `HGPhysicsEvaluateBoundary()` joins the loss, see `HGTrainerSetBoundaryWeight()`.

   Errors:
   Data of classes.

.seealso: `HGPhysicsEvaluate()`, `HGPhysicsSetNorm()`, `HGTrainerSetData()`
@*/
PetscErrorCode HGTrainerSetPhysics(HGTrainer trainer, HGPhysics p, PetscReal weight)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 2);
  HGCheck(weight > 0 && !PetscIsInfOrNanReal(weight), PetscObjectComm((PetscObject)trainer), "-physics_weight %g: give a positive number",
          (double)weight);
  PetscCall(PetscObjectReference((PetscObject)p));
  PetscCall(HGPhysicsDestroy(&trainer->physics));
  trainer->physics                  = p;
  trainer->weight[HG_TERM_RESIDUAL] = weight;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetBoundaryWeight - Set what soft boundary conditions count beside the residual

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  weight  - of `HGPhysicsEvaluateBoundary()`

   Options Database Key:
.  -bc_weight weight - its weight (default 1)

   Level: intermediate

   Errors:
   A negative weight.

.seealso: `HGTrainerSetPhysics()`, `HGPhysicsSetBCMode()`
@*/
PetscErrorCode HGTrainerSetBoundaryWeight(HGTrainer trainer, PetscReal weight)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  HGCheck(weight >= 0 && !PetscIsInfOrNanReal(weight), PetscObjectComm((PetscObject)trainer),
          "-bc_weight %g: give zero or a positive number", (double)weight);
  trainer->weight[HG_TERM_BOUNDARY] = weight;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTrainerSetLabelled - Let only the first samples have targets; the others are trained by the residual alone

   Logically Collective

   Input Parameters:
+  trainer - the trainer
-  n       - how many samples of the range, the first ones; -1 for all

   Options Database Key:
.  -data_labelled n - how many (default all)

   Level: intermediate

   Notes:
   The misfit is the mean over the samples that have targets; a batch's share is scaled so that its expectation is that mean. What a file holds as
   the target of the others is not looked at, but by `-data_normalize global`.

   Errors:
   More than there are, or none while there is a target; no equation.

.seealso: `HGTrainerSetPhysics()`
@*/
PetscErrorCode HGTrainerSetLabelled(HGTrainer trainer, PetscInt n)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  HGCheck(n == -1 || n >= 1, PetscObjectComm((PetscObject)trainer),
          "-data_labelled %" PetscInt_FMT ": give at least 1; without labels use -data_target none", n);
  trainer->labelled = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateField(HGTensor like, HGTensor *t)
{
  HGPartition p;
  HGDType     dtype;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(like, &p));
  PetscCall(HGTensorGetDType(like, &dtype));
  PetscCall(HGTensorCreate(p, dtype, t));
  PetscCall(HGTensorSetUp(*t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Fields in the units of the data: input, output, gradient */
PetscErrorCode HGTrainerSetUpPhysics(HGTrainer t)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)t);
  HGTensor x, y;
  PetscInt classes, first, last;

  PetscFunctionBegin;
  PetscCall(HGDataGetRange(t->data, &first, &last));
  HGCheck(t->physics || !*t->unknown, comm, "-physics_unknown %s: there is no equation; choose one with -physics_type", t->unknown);
  HGCheck(t->labelled == -1 || (t->physics && t->target), comm,
          "-data_labelled %" PetscInt_FMT
          ": samples without labels need an equation and the others a target; give -physics_type and -data_target",
          t->labelled);
  HGCheck(t->labelled <= last - first, comm, "-data_labelled %" PetscInt_FMT ": there are %" PetscInt_FMT " samples", t->labelled,
          last - first);
  HGCheck(t->balance == HG_BALANCE_NONE || t->physics, comm, "-loss_balance needs the terms of an equation; choose one with -physics_type");
  if (!t->physics) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataGetClasses(t->data, &classes));
  HGCheck(!classes, comm, "-physics_type: classes have no equation; give fields as the target, or -data_target none");
  PetscCall(HGNetGetInput(t->net, &x));
  PetscCall(HGNetGetOutput(t->net, &y, NULL));
  PetscCall(CreateField(x, &t->field[0]));
  PetscCall(CreateField(y, &t->field[1]));
  PetscCall(CreateField(y, &t->field[2]));
  PetscCall(PetscMalloc1(t->batch_size, &t->batch_order));
  PetscCall(HGPhysicsSetErrorIfNotFinite(t->physics, PETSC_FALSE));
  if (*t->unknown) PetscCall(HGPhysicsSetGradientParameter(t->physics, t->unknown));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of the training data the samples with targets come first in a batch */
PetscErrorCode HGTrainerSortLabelled(HGTrainer t, HGData data, PetscInt count, const PetscInt sample[], const PetscInt *sorted[])
{
  PetscInt k = 0;

  PetscFunctionBegin;
  *sorted = sample;
  if (t->labelled == -1 || data != t->data) PetscFunctionReturn(PETSC_SUCCESS);
  for (int pass = 0; pass < 2; pass++)
    for (PetscInt i = 0; i < count; i++)
      if ((sample[i] >= t->labelled) == pass) t->batch_order[k++] = sample[i];
  *sorted = t->batch_order;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The gradient with respect to the solution becomes one with respect to the network's output, and is added */
static PetscErrorCode AddGradient(HGTrainer t, HGData data, PetscInt count, PetscReal scale, PetscBool units, HGTensor dy)
{
  PetscFunctionBegin;
  PetscCall(HGPhysicsTransformOutputAdjoint(t->physics, count, t->field[2]));
  if (units) PetscCall(HGDataDenormalizeAdjoint(data, HG_DATA_TARGET, t->field[2]));
  PetscCall(HGTensorAXPY(dy, scale, t->field[2], PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The misfit between the solution in normalised values and the targets: the deviations of the two normalisations cancel in the gradient */
static PetscErrorCode EvaluateMisfit(HGTrainer t, HGData data, PetscInt count, const PetscInt sample[], PetscReal weight, HGTensor dy,
                                     PetscReal *value)
{
  PetscInt  with  = count;
  PetscReal scale = 1;

  PetscFunctionBegin;
  *value = 0;
  if (!t->target) PetscFunctionReturn(PETSC_SUCCESS);
  if (t->labelled >= 0 && data == t->data) {
    for (with = 0; with < count && sample[with] < t->labelled; with++) {}
    scale = (PetscReal)with / (PetscReal)count * (PetscReal)t->samples / (PetscReal)t->labelled;
  }
  if (!with) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataNormalize(data, HG_DATA_TARGET, t->field[1]));
  if (dy) PetscCall(HGTensorSet(t->field[2], 0));
  PetscCall(HGLossEvaluate(t->loss, with, t->field[1], t->target, dy ? t->field[2] : NULL, value));
  *value *= scale;
  if (dy) PetscCall(AddGradient(t, data, count, weight * scale, PETSC_FALSE, dy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The terms of a batch, times their weights in the sum; dy, if any, takes the gradient of the sum */
PetscErrorCode HGTrainerEvaluateTerms(HGTrainer t, HGData data, PetscInt count, const PetscInt sample[], const PetscReal weight[],
                                      HGTensor x, HGTensor y, HGTensor dy, PetscReal *loss)
{
  PetscReal *v = t->term;

  PetscFunctionBegin;
  if (dy) PetscCall(HGTensorSet(dy, 0));
  PetscCall(HGTensorCopyOwned(x, t->field[0]));
  PetscCall(HGTensorCopyOwned(y, t->field[1]));
  PetscCall(HGDataDenormalize(data, HG_DATA_INPUT, t->field[0]));
  PetscCall(HGDataDenormalize(data, HG_DATA_TARGET, t->field[1]));
  PetscCall(HGPhysicsTransformOutput(t->physics, count, t->field[1]));
  PetscCall(HGPhysicsEvaluate(t->physics, count, sample, t->field[0], t->field[1], dy ? t->field[2] : NULL, &v[HG_TERM_RESIDUAL]));
  PetscCall(HGPhysicsGetNotFinite(t->physics, &t->bad));
  if (dy) PetscCall(HGTrainerAddUnknown(t, weight[HG_TERM_RESIDUAL]));
  if (dy && weight[HG_TERM_RESIDUAL] != 1) PetscCall(HGTensorScale(t->field[2], weight[HG_TERM_RESIDUAL], PETSC_FALSE));
  PetscCall(
      HGPhysicsEvaluateBoundary(t->physics, count, t->field[1], weight[HG_TERM_BOUNDARY], dy ? t->field[2] : NULL, &v[HG_TERM_BOUNDARY]));
  if (dy) PetscCall(AddGradient(t, data, count, 1, PETSC_TRUE, dy));
  PetscCall(EvaluateMisfit(t, data, count, sample, weight[HG_TERM_DATA], dy, &v[HG_TERM_DATA]));
  *loss = 0;
  for (int i = 0; i < HG_TERMS; i++) *loss += weight[i] * v[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the terms count now */
PetscErrorCode HGTrainerWeights(HGTrainer t, PetscReal weight[])
{
  PetscFunctionBegin;
  for (int i = 0; i < HG_TERMS; i++) weight[i] = t->weight[i] * t->factor[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- in the model file ---- */

/* How residual and conditions count; empty without an equation */
static PetscErrorCode DescribeTraining(HGTrainer t, HGText *text)
{
  HGPhysicsNorm norm;

  PetscFunctionBegin;
  PetscCall(HGTextAppend(text, "%s", ""));
  if (!t->physics) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGPhysicsGetNorm(t->physics, &norm));
  PetscCall(HGTextAppend(text,
                         "-physics_weight %.17g -bc_weight %.17g -physics_norm %s -data_labelled %" PetscInt_FMT " -loss_balance %s%s%s",
                         (double)t->weight[HG_TERM_RESIDUAL], (double)t->weight[HG_TERM_BOUNDARY], HGPhysicsNorms[norm], t->labelled,
                         HGBalances[t->balance], *t->unknown ? " -physics_unknown " : "", t->unknown));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTrainerWritePhysics(HGTrainer t, HGModel m)
{
  HGText    text = {0};
  PetscReal state[3 * HG_TERMS];

  PetscFunctionBegin;
  if (!t->physics) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGPhysicsWriteModel(t->physics, m));
  PetscCall(DescribeTraining(t, &text));
  PetscCall(HGModelPutText(m, "", "physics_training", text.text));
  PetscCall(HGTextDestroy(&text));
  for (int i = 0; i < HG_TERMS; i++) {
    state[i]                = t->factor[i];
    state[HG_TERMS + i]     = t->initial[i];
    state[2 * HG_TERMS + i] = t->previous[i];
  }
  PetscCall(HGModelPutReals(m, "", "training_state", 3 * HG_TERMS, state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A text of the model, empty if it has none */
static PetscErrorCode GetText(HGModel m, const char name[], const char *text[])
{
  PetscBool has;

  PetscFunctionBegin;
  *text = "";
  PetscCall(HGModelHas(m, "", name, &has));
  if (has) PetscCall(HGModelGetText(m, "", name, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A run that resumes has the weights of the run it goes on with */
PetscErrorCode HGTrainerCheckTraining(HGTrainer t, HGModel m)
{
  const char *held;
  HGText      text = {0};

  PetscFunctionBegin;
  PetscCall(GetText(m, "physics_training", &held));
  PetscCall(DescribeTraining(t, &text));
  HGCheck(!strcmp(text.text, held), PetscObjectComm((PetscObject)t), "%s was trained with %s, this run has %s; resume with the same",
          t->input, *held ? held : "no residual", *text.text ? text.text : "none");
  PetscCall(HGTextDestroy(&text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* And its equation, with what was found of it */
PetscErrorCode HGTrainerCheckEquation(HGTrainer t, HGModel m)
{
  const char *held;
  char       *text = NULL;

  PetscFunctionBegin;
  PetscCall(GetText(m, "physics_options", &held));
  if (t->physics) PetscCall(HGPhysicsGetOptionsText(t->physics, &text));
  else PetscCall(PetscStrallocpy("", &text));
  HGCheck(!strcmp(text, held), PetscObjectComm((PetscObject)t),
          "%s was trained with the equation %s, this run has %s; resume with the same, or leave out what the file says", t->input,
          *held ? held : "none", *text ? text : "none");
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTrainerRestorePhysics(HGTrainer t, HGModel m)
{
  PetscReal state[3 * HG_TERMS];
  PetscBool has;

  PetscFunctionBegin;
  PetscCall(HGModelHas(m, "", "training_state", &has));
  if (!t->physics || !has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGModelGetReals(m, "", "training_state", 3 * HG_TERMS, PETSC_MIN_REAL, PETSC_MAX_REAL, state));
  for (int i = 0; i < HG_TERMS; i++) {
    t->factor[i]   = state[i];
    t->initial[i]  = state[HG_TERMS + i];
    t->previous[i] = state[2 * HG_TERMS + i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTrainerDestroyPhysics(HGTrainer t)
{
  PetscFunctionBegin;
  PetscCall(HGPhysicsDestroy(&t->physics));
  for (int i = 0; i < 3; i++) PetscCall(HGTensorDestroy(&t->field[i]));
  PetscCall(PetscFree(t->batch_order));
  PetscCall(VecDestroy(&t->gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}
