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

   Errors:
   Data of classes.

.seealso: `HGPhysicsEvaluate()`, `HGPhysicsSetNorm()`, `HGTrainerSetData()`
@*/
PetscErrorCode HGTrainerSetPhysics(HGTrainer trainer, HGPhysics p, PetscReal weight)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 2);
  HGCheck(weight > 0 && !PetscIsInfOrNanReal(weight), PetscObjectComm((PetscObject)trainer), "-physics_weight %g: give a positive number", (double)weight);
  PetscCall(PetscObjectReference((PetscObject)p));
  PetscCall(HGPhysicsDestroy(&trainer->physics));
  trainer->physics        = p;
  trainer->physics_weight = weight;
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
  HGTensor x, y;
  PetscInt classes;

  PetscFunctionBegin;
  if (!t->physics) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataGetClasses(t->data, &classes));
  HGCheck(!classes, PetscObjectComm((PetscObject)t), "-physics_type: classes have no equation; give fields as the target, or -data_target none");
  PetscCall(HGNetGetInput(t->net, &x));
  PetscCall(HGNetGetOutput(t->net, &y, NULL));
  PetscCall(CreateField(x, &t->field[0]));
  PetscCall(CreateField(y, &t->field[1]));
  PetscCall(CreateField(y, &t->field[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adds the residual of a batch to the loss, and with dy its gradient */
PetscErrorCode HGTrainerAddPhysics(HGTrainer t, HGData data, PetscInt count, const PetscInt sample[], HGTensor x, HGTensor y, HGTensor dy, PetscReal *loss)
{
  PetscReal value;

  PetscFunctionBegin;
  if (!t->physics) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorCopyOwned(x, t->field[0]));
  PetscCall(HGTensorCopyOwned(y, t->field[1]));
  PetscCall(HGDataDenormalize(data, HG_DATA_INPUT, t->field[0]));
  PetscCall(HGDataDenormalize(data, HG_DATA_TARGET, t->field[1]));
  PetscCall(HGPhysicsEvaluate(t->physics, count, sample, t->field[0], t->field[1], dy ? t->field[2] : NULL, &value));
  *loss += t->physics_weight * value;
  if (!dy) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataDenormalizeAdjoint(data, HG_DATA_TARGET, t->field[2]));
  PetscCall(HGTensorAXPY(dy, t->physics_weight, t->field[2], PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTrainerDestroyPhysics(HGTrainer t)
{
  PetscFunctionBegin;
  PetscCall(HGPhysicsDestroy(&t->physics));
  for (int i = 0; i < 3; i++) PetscCall(HGTensorDestroy(&t->field[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
