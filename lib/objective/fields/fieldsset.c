/* SPDX-License-Identifier: BSD-2-Clause */
/* What a network on fields is trained with */
#include "objective/fields/fields_impl.h"

/*@
   HGObjectiveFieldsSetNet - Set the network to train

   Collective

   Input Parameters:
+  o   - the objective
-  net - the network, set up for training with the objective's batch size. Referenced

   Level: intermediate

.seealso: `HGObjectiveFieldsSetData()`
@*/
PetscErrorCode HGObjectiveFieldsSetNet(HGObjective o, HGNet net)
{
  HGFields *f = (HGFields *)o->data;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 2);
  PetscCall(PetscObjectReference((PetscObject)net));
  PetscCall(HGNetDestroy(&f->net));
  f->net = net;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveFieldsSetData - Set the dataset to train on, and one to validate on

   Collective

   Input Parameters:
+  o          - the objective
.  data       - the dataset, loaded. Referenced
-  validation - another, loaded; or NULL

   Level: intermediate

.seealso: `HGObjectiveFieldsSetNet()`
@*/
PetscErrorCode HGObjectiveFieldsSetData(HGObjective o, HGData data, HGData validation)
{
  HGFields *f = (HGFields *)o->data;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscCall(HGDataReference(data));
  if (validation) PetscCall(HGDataReference(validation));
  PetscCall(HGDataDestroy(&f->data));
  PetscCall(HGDataDestroy(&f->validation));
  f->data       = data;
  f->validation = validation;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveFieldsGetLoss - Get the misfit to targets

   Not Collective

   Input Parameter:
.  o - the objective

   Output Parameter:
.  loss - the loss; do not destroy it

   Level: intermediate

.seealso: `HGLossSetType()`
@*/
PetscErrorCode HGObjectiveFieldsGetLoss(HGObjective o, HGLoss *loss)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  *loss = ((HGFields *)o->data)->loss;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGObjectiveFieldsSetUnknown - Find a parameter of the equation, or its input field, together with the network

   Logically Collective

   Input Parameters:
+  o     - the objective
.  name  - the parameter, as `HGPhysicsSetParameter()` calls it, or "a", the input field; empty for none
-  start - where its search starts; 0 for the value that the equation has, of a field for 1 where it must be positive

   Options Database Keys:
+  -physics_unknown name    - the parameter
-  -physics_unknown_start v - where its search starts (default the value of -physics_NAME; of a field 1 where it must be positive, else 0)

   Level: intermediate

   Notes:
   The targets are the observations; the residual ties the parameter to them. Its sign stays that of the start, its magnitude is exp(theta), and the
   optimizer moves theta.

   A weight decay pulls the magnitude towards 1.

   An unknown input field is one for all samples, whose own input fields only the network sees: a coefficient, source or old state that all observations have in
   common. The optimizer moves it, or its logarithm where it must be positive, at each point; its roughness counts as
   `HGObjectiveFieldsSetRegularization()` says. It is trained on the last rank, in the natural order of its points.

   The equation has the value found so far; the model file keeps it in the equation's options, and theta as the variable `unknown`.

   Errors:
   `HGObjectiveCreateVector()` refuses a parameter that the equation does not have, one that starts at zero, the preconditioned norm, whose operator would
   depend on it, and data without targets.

.seealso: `HGObjectiveFieldsSetPhysics()`, `HGObjectiveGetUnknown()`, `HGPhysicsParameterAdjoint()`
@*/
PetscErrorCode HGObjectiveFieldsSetUnknown(HGObjective o, const char name[], PetscReal start)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscCall(HGUnknownSet(PetscObjectComm((PetscObject)o), name, start, &((HGFields *)o->data)->unknown));
  PetscCall(PetscStrcmp(name, HG_UNKNOWN_FIELD, &((HGFields *)o->data)->unknown_field));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveFieldsSetRegularization - Set how much the roughness of an unknown input field counts

   Logically Collective

   Input Parameters:
+  o     - the objective
-  alpha - the factor of 1/2 int |grad m|^2, m the field or its logarithm

   Options Database Key:
.  -invert_regularization alpha - the factor (default 0)

   Level: intermediate

   Errors:
   A negative factor.

.seealso: `HGObjectiveFieldsSetUnknown()`, `HGObjectiveInversionSetRegularization()`
@*/
PetscErrorCode HGObjectiveFieldsSetRegularization(HGObjective o, PetscReal alpha)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscCall(HGUnknownFieldSetRegularization(PetscObjectComm((PetscObject)o), alpha, &((HGFields *)o->data)->m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveFieldsGetUnknownField - Get the input field that is found together with the network

   Collective

   Input Parameters:
+  o - the objective, set up
-  p - the parameters

   Output Parameter:
.  a - the field that they have, a global vector on the points of the equation's DMDA; NULL if it is not the unknown. Do not destroy it

   Level: intermediate

.seealso: `HGObjectiveFieldsSetUnknown()`
@*/
PetscErrorCode HGObjectiveFieldsGetUnknownField(HGObjective o, Vec p, Vec *a)
{
  HGFields *f = (HGFields *)o->data;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  *a = NULL;
  if (!f->unknown_field) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGFieldsSetEquation(o, p));
  *a = f->m.a;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveFieldsSetPhysics - Train against the residual of an equation

   Logically Collective

   Input Parameters:
+  o      - the objective
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
   model is applied. With soft ones `HGPhysicsEvaluateBoundary()` joins the loss, see `HGObjectiveFieldsSetBoundaryWeight()`.

   Errors:
   Data of classes.

.seealso: `HGPhysicsEvaluate()`, `HGPhysicsSetNorm()`, `HGTrainerSetData()`
@*/
PetscErrorCode HGObjectiveFieldsSetPhysics(HGObjective o, HGPhysics p, PetscReal weight)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 2);
  HGCheck(weight > 0 && !PetscIsInfOrNanReal(weight), PetscObjectComm((PetscObject)o), "-physics_weight %g: give a positive number",
          (double)weight);
  PetscCall(PetscObjectReference((PetscObject)p));
  PetscCall(HGPhysicsDestroy(&((HGFields *)o->data)->physics));
  ((HGFields *)o->data)->physics   = p;
  o->term[HG_TERM_RESIDUAL].weight = weight;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveFieldsSetBoundaryWeight - Set what soft boundary conditions count beside the residual

   Logically Collective

   Input Parameters:
+  o      - the objective
-  weight  - of `HGPhysicsEvaluateBoundary()`

   Options Database Key:
.  -bc_weight weight - its weight (default 1)

   Level: intermediate

   Errors:
   A negative weight.

.seealso: `HGObjectiveFieldsSetPhysics()`, `HGPhysicsSetBCMode()`
@*/
PetscErrorCode HGObjectiveFieldsSetBoundaryWeight(HGObjective o, PetscReal weight)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  HGCheck(weight >= 0 && !PetscIsInfOrNanReal(weight), PetscObjectComm((PetscObject)o), "-bc_weight %g: give zero or a positive number",
          (double)weight);
  o->term[HG_TERM_BOUNDARY].weight = weight;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveFieldsSetLabelled - Let only the first samples have targets; the others are trained by the residual alone

   Logically Collective

   Input Parameters:
+  o      - the objective
-  n       - how many samples of the range, the first ones; -1 for all

   Options Database Key:
.  -data_labelled n - how many (default all)

   Level: intermediate

   Notes:
   The misfit is the mean over the samples that have targets; a batch's share is scaled so that its expectation is that mean. What a file holds as
   the target of the others is not looked at, but by `-data_normalize global`.

   Errors:
   More than there are, or none while there is a target; no equation.

.seealso: `HGObjectiveFieldsSetPhysics()`
@*/
PetscErrorCode HGObjectiveFieldsSetLabelled(HGObjective o, PetscInt n)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  HGCheck(n == -1 || n >= 1, PetscObjectComm((PetscObject)o),
          "-data_labelled %" PetscInt_FMT ": give at least 1; without labels use -data_target none", n);
  ((HGFields *)o->data)->labelled = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}
