/* SPDX-License-Identifier: BSD-2-Clause */
#include "objective/objective_impl.h"

static PetscFunctionList HGObjectiveList;
static PetscBool         HGObjectiveRegisterAllCalled;

static PetscErrorCode FreeRegistry(void)
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListDestroy(&HGObjectiveList));
  HGObjectiveRegisterAllCalled = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RegisterAll(void)
{
  PetscFunctionBegin;
  if (HGObjectiveRegisterAllCalled) PetscFunctionReturn(PETSC_SUCCESS);
  HGObjectiveRegisterAllCalled = PETSC_TRUE;
#define REGISTER(type, name) PetscCall(HGObjectiveRegister(type, HGObjectiveCreate_##name));
  HG_OBJECTIVES(REGISTER)
#undef REGISTER
  PetscCall(PetscRegisterFinalize(FreeRegistry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGObjectiveRegister - Add a type of objective

   Not Collective

   Input Parameters:
+  name   - the type
-  create - sets the operations of an objective

   Level: advanced

.seealso: `HGObjectiveSetType()`
@*/
PetscErrorCode HGObjectiveRegister(const char name[], PetscErrorCode (*create)(HGObjective))
{
  PetscFunctionBegin;
  PetscCall(RegisterAll());
  PetscCall(PetscFunctionListAdd(&HGObjectiveList, name, create));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveCreate - Create an objective

   Collective

   Input Parameter:
.  comm - the communicator

   Output Parameter:
.  o - the objective, without a type

   Level: intermediate

.seealso: `HGObjectiveSetType()`, `HGObjectiveSetUp()`
@*/
PetscErrorCode HGObjectiveCreate(MPI_Comm comm, HGObjective *o)
{
  HGObjective t;

  PetscFunctionBegin;
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(RegisterAll());
  PetscCall(PetscHeaderCreate(t, HG_OBJECTIVE_CLASSID, "HGObjective", "What is minimised", "Train", comm, HGObjectiveDestroy, NULL));
  t->seed       = 1;
  t->batch_size = 8;
  for (int i = 0; i < HG_OBJECTIVE_TERMS; i++) t->term[i].weight = t->term[i].factor = 1;
  *o = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGObjectiveSetType - Choose what is minimised

   Collective

   Input Parameters:
+  o    - the objective
-  type - the type

   Level: intermediate

   Errors:
   A type that is not registered is refused with the nearest one and all there are.

.seealso: `HGObjectiveType`, `HGObjectiveRegister()`
@*/
PetscErrorCode HGObjectiveSetType(HGObjective o, HGObjectiveType type)
{
  PetscErrorCode (*create)(HGObjective);
  PetscBool same;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscCall(PetscFunctionListFind(HGObjectiveList, type, &create));
  if (!create)
    PetscFunctionReturn(HGNamesRefuse(PetscObjectComm((PetscObject)o), "objective", type, HGObjectiveList, "HGObjectiveSetType()"));
  PetscCall(PetscObjectTypeCompare((PetscObject)o, type, &same));
  if (same) PetscFunctionReturn(PETSC_SUCCESS);
  if (o->ops->destroy) PetscCall((*o->ops->destroy)(o));
  PetscCall(PetscMemzero(o->ops, sizeof(struct _HGObjectiveOps)));
  PetscCall((*create)(o));
  PetscCall(PetscObjectChangeTypeName((PetscObject)o, type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveSetSeed - Set the seed of initial parameters, of the order of samples and of dropout

   Logically Collective

   Input Parameters:
+  o    - the objective
-  seed - the seed (default 1)

   Level: intermediate

.seealso: `HGObjectiveCreateVector()`
@*/
PetscErrorCode HGObjectiveSetSeed(HGObjective o, PetscInt seed)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  o->seed = seed;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveSetBatchSize - Set the number of samples in a mini-batch, over all ranks

   Logically Collective

   Input Parameters:
+  o - the objective, before `HGObjectiveSetUp()`
-  n - the number (default 8)

   Level: intermediate

   Errors:
   Less than 1.

.seealso: `HGObjectiveGetSizes()`
@*/
PetscErrorCode HGObjectiveSetBatchSize(HGObjective o, PetscInt n)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  HGCheck(n >= 1, PetscObjectComm((PetscObject)o), "-train_batch_size %" PetscInt_FMT ": give at least 1", n);
  o->batch_size = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveSetBalance - Set how the weights of the terms change during training

   Logically Collective

   Input Parameters:
+  o       - the objective
-  balance - how

   Options Database Key:
.  -loss_balance none|gradnorm|relobralo - how (default none)

   Level: intermediate

   Note:
   They change between mini-batches of stochastic optimizers only: the others see one function.

.seealso: `HGBalance`
@*/
PetscErrorCode HGObjectiveSetBalance(HGObjective o, HGBalance balance)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  o->balance = balance;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveSetFromOptions - Set an objective from the options database

   Collective

   Input Parameter:
.  o - the objective

   Options Database Key:
.  -loss_balance none|gradnorm|relobralo - how the terms are balanced (default none)

   Level: intermediate

.seealso: `HGObjectiveSetBalance()`
@*/
PetscErrorCode HGObjectiveSetFromOptions(HGObjective o)
{
  PetscInt balance = o->balance;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscObjectOptionsBegin((PetscObject)o);
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-loss_balance", "how the terms of a loss with an equation are balanced",
                            "HGObjectiveSetBalance", HGBalances, 3, &balance, NULL));
  if (o->ops->setfromoptions) PetscCall((*o->ops->setfromoptions)(o, PetscOptionsObject));
  PetscOptionsEnd();
  o->balance = (HGBalance)balance;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveSetUp - Make an objective ready to be evaluated

   Collective

   Input Parameter:
.  o - the objective, with its type and all that the type needs

   Level: intermediate

   Errors:
   What is missing or does not fit together.

.seealso: `HGObjectiveCreateVector()`, `HGObjectiveEvaluate()`
@*/
PetscErrorCode HGObjectiveSetUp(HGObjective o)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscCheck(o->ops->setup, PetscObjectComm((PetscObject)o), PETSC_ERR_ORDER, "HGObjectiveSetUp() comes after HGObjectiveSetType()");
  if (o->setup) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall((*o->ops->setup)(o));
  o->batches = (o->samples + o->batch_size - 1) / o->batch_size;
  o->setup   = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveDestroy - Destroy an objective

   Collective

   Input Parameter:
.  o - the objective; set to NULL

   Level: intermediate

.seealso: `HGObjectiveCreate()`
@*/
PetscErrorCode HGObjectiveDestroy(HGObjective *o)
{
  PetscFunctionBegin;
  if (!*o) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(*o, HG_OBJECTIVE_CLASSID, 1);
  if (--((PetscObject)*o)->refct > 0) {
    *o = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if ((*o)->ops->destroy) PetscCall((*(*o)->ops->destroy)(*o));
  PetscCall(VecDestroy(&(*o)->gradient));
  PetscCall(PetscHeaderDestroy(o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveGetSizes - Get the numbers of samples and of mini-batches of an epoch

   Not Collective

   Input Parameter:
.  o - the objective, set up

   Output Parameters:
+  samples - the samples, 1 for an objective without any
-  batches - the mini-batches

   Level: intermediate

.seealso: `HGObjectiveEvaluateBatch()`
@*/
PetscErrorCode HGObjectiveGetSizes(HGObjective o, PetscInt *samples, PetscInt *batches)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  if (samples) *samples = o->samples;
  if (batches) *batches = o->batches;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveCreateVector - Create the parameters, with their initial values

   Collective

   Input Parameter:
.  o - the objective, set up

   Output Parameter:
.  p - the parameters; destroy them by `VecDestroy()`

   Level: intermediate

.seealso: `HGObjectiveSetSeed()`
@*/
PetscErrorCode HGObjectiveCreateVector(HGObjective o, Vec *p)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscCheck(o->setup, PetscObjectComm((PetscObject)o), PETSC_ERR_ORDER, "HGObjectiveCreateVector() comes after HGObjectiveSetUp()");
  PetscCall((*o->ops->createvector)(o, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- evaluation ---- */

/* HGObjectiveWeights - What the terms count now */
PetscErrorCode HGObjectiveWeights(HGObjective o, PetscReal weight[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < o->nterms; i++) weight[i] = o->term[i].weight * o->term[i].factor;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGObjectiveCount - The samples of a mini-batch */
PetscInt HGObjectiveCount(HGObjective o, PetscInt batch)
{
  return PetscMin(o->batch_size, o->samples - batch * o->batch_size);
}

/*@
   HGObjectiveEvaluate - Evaluate an objective on all samples

   Collective

   Input Parameters:
+  o - the objective, set up
-  p - the parameters

   Output Parameters:
+  f - its value
-  g - its gradient by p

   Level: intermediate

.seealso: `HGObjectiveEvaluateBatch()`
@*/
PetscErrorCode HGObjectiveEvaluate(HGObjective o, Vec p, PetscReal *f, Vec g)
{
  PetscReal weight[HG_OBJECTIVE_TERMS];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscCall(HGObjectiveWeights(o, weight));
  PetscCall((*o->ops->evaluate)(o, 0, -1, p, weight, f, g));
  for (PetscInt i = 0; i < o->nterms; i++) o->term[i].sum = (double)o->term[i].value * (double)o->samples;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveEvaluateBatch - Evaluate an objective on a mini-batch

   Collective

   Input Parameters:
+  o     - the objective, set up
.  epoch - the pass over all samples, from 0; it says in which order they come
.  batch - the mini-batch, from 0
-  p     - the parameters

   Output Parameters:
+  f - the value, a mean over the mini-batch
-  g - its gradient by p

   Level: intermediate

   Note:
   Weights of the terms are balanced here, `HGObjectiveSetBalance()`.

.seealso: `HGObjectiveEvaluate()`, `HGObjectiveGetSizes()`
@*/
PetscErrorCode HGObjectiveEvaluateBatch(HGObjective o, PetscInt epoch, PetscInt batch, Vec p, PetscReal *f, Vec g)
{
  PetscReal weight[HG_OBJECTIVE_TERMS];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscCall(HGObjectiveBalanceBefore(o, epoch, batch, p));
  PetscCall(HGObjectiveWeights(o, weight));
  PetscCall((*o->ops->evaluate)(o, epoch, batch, p, weight, f, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveValidate - Evaluate an objective on the samples that are kept apart for it

   Collective

   Input Parameters:
+  o - the objective, set up
-  p - the parameters

   Output Parameters:
+  has - whether there are any
-  f   - the value

   Level: intermediate

.seealso: `HGObjectiveEvaluate()`
@*/
PetscErrorCode HGObjectiveValidate(HGObjective o, Vec p, PetscBool *has, PetscReal *f)
{
  PetscReal weight[HG_OBJECTIVE_TERMS];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  *has = PETSC_FALSE;
  *f   = 0;
  if (!o->ops->validate) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGObjectiveWeights(o, weight));
  PetscCall((*o->ops->validate)(o, p, weight, has, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGObjectiveGetUnknown - Get the parameter of the equation that is found too

   Collective

   Input Parameters:
+  o - the objective, set up
-  p - the parameters; NULL for the name alone, which any rank may ask for

   Output Parameters:
+  name  - what it is called; NULL if there is none
-  value - its value

   Level: intermediate

.seealso: `HGObjectiveFieldsSetUnknown()`
@*/
PetscErrorCode HGObjectiveGetUnknown(HGObjective o, Vec p, const char *name[], PetscReal *value)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  *name  = NULL;
  *value = 0;
  if (o->ops->getunknown) PetscCall((*o->ops->getunknown)(o, p, name, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- in a model file ---- */

/* HGObjectivePutVec - Puts a Vec like that of what is trained into a model, so that it does not depend on the ranks; it must stay until the model is written */
PetscErrorCode HGObjectivePutVec(HGObjective o, HGModel m, const char group[], const char name[], Vec v)
{
  HGNet net;

  PetscFunctionBegin;
  if (!o->ops->getnet) {
    PetscCall(HGModelPutVec(m, group, name, v));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall((*o->ops->getnet)(o, &net));
  PetscCall(HGNetPutVec(net, m, group, name, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGObjectiveGetVec - And gets it */
PetscErrorCode HGObjectiveGetVec(HGObjective o, HGModel m, const char group[], const char name[], Vec v)
{
  HGNet net;

  PetscFunctionBegin;
  if (!o->ops->getnet) {
    PetscCall(HGModelGetVec(m, group, name, v));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall((*o->ops->getnet)(o, &net));
  PetscCall(HGNetGetVec(net, m, group, name, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGObjectiveWrite - Writes network, data and equation, and the state of balancing */
PetscErrorCode HGObjectiveWrite(HGObjective o, Vec p, HGModel m)
{
  PetscFunctionBegin;
  PetscCall((*o->ops->write)(o, p, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGObjectiveDescribe(HGObjective o, HGText *text)
{
  PetscFunctionBegin;
  if (o->ops->describe) PetscCall((*o->ops->describe)(o, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGObjectiveCheck(HGObjective o, const char file[], HGModel m)
{
  PetscFunctionBegin;
  if (o->ops->check) PetscCall((*o->ops->check)(o, file, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGObjectiveRead(HGObjective o, HGModel m, Vec p)
{
  PetscFunctionBegin;
  PetscCall((*o->ops->read)(o, m, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGObjectiveResume(HGObjective o, const char file[], HGModel m)
{
  PetscFunctionBegin;
  if (o->ops->resume) PetscCall((*o->ops->resume)(o, file, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGObjectiveWhere - The name of the sample or point where the last evaluation was not finite; the text stays as it is if it is not known */
PetscErrorCode HGObjectiveWhere(HGObjective o, char text[], size_t len)
{
  PetscFunctionBegin;
  if (o->ops->where) PetscCall((*o->ops->where)(o, text, len));
  PetscFunctionReturn(PETSC_SUCCESS);
}
