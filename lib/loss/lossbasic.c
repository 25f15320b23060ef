/* SPDX-License-Identifier: BSD-2-Clause */
#include "loss/loss_impl.h"

static PetscFunctionList HGLossList = NULL;

static PetscErrorCode FreeRegistry(void)
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListDestroy(&HGLossList));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RegisterAll(void)
{
  PetscFunctionBegin;
  if (HGLossList) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFunctionListAdd(&HGLossList, HGLOSSMSE, HGLossCreate_MSE));
  PetscCall(PetscRegisterFinalize(FreeRegistry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossCreate - Create a misfit

   Collective

   Input Parameter:
.  comm - the communicator of the tensors

   Output Parameter:
.  loss - the misfit

   Level: beginner

.seealso: `HGLossSetType()`, `HGLossEvaluate()`
@*/
PetscErrorCode HGLossCreate(MPI_Comm comm, HGLoss *loss)
{
  PetscFunctionBegin;
  PetscCall(RegisterAll());
  PetscCall(PetscHeaderCreate(*loss, HG_LOSS_CLASSID, "HGLoss", "Misfit", "Loss", comm, HGLossDestroy, NULL));
  PetscCall(PetscLogEventGetId("HG loss", &(*loss)->event));
  if ((*loss)->event < 0) PetscCall(PetscLogEventRegister("HG loss", HG_LOSS_CLASSID, &(*loss)->event));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLossSetType - Set which misfit

   Collective

   Input Parameters:
+  loss - the misfit
-  type - `HGLOSSMSE`

   Options Database Key:
.  -train_loss mse - the misfit (default mse)

   Level: beginner

   Errors:
   Refuses a misfit that is not registered.

.seealso: `HGLossType`
@*/
PetscErrorCode HGLossSetType(HGLoss loss, HGLossType type)
{
  PetscErrorCode (*create)(HGLoss);

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscCall(PetscFunctionListFind(HGLossList, type, &create));
  HGCheck(create, PetscObjectComm((PetscObject)loss), "no loss \"%s\"; there is: mse. Choose with -train_loss.", type);
  PetscCall((*create)(loss));
  PetscCall(PetscObjectChangeTypeName((PetscObject)loss, type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossSetFromOptions - Set a misfit from the options database

   Collective

   Input Parameter:
.  loss - the misfit

   Options Database Key:
.  -train_loss mse - the misfit (default mse)

   Level: beginner

.seealso: `HGLossSetType()`
@*/
PetscErrorCode HGLossSetFromOptions(HGLoss loss)
{
  char type[64] = HGLOSSMSE;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscObjectOptionsBegin((PetscObject)loss);
  PetscCall(PetscOptionsFList("-train_loss", "misfit between output and target", "HGLossSetType", HGLossList, type, type, sizeof(type), NULL));
  PetscOptionsEnd();
  PetscCall(HGLossSetType(loss, type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossDestroy - Destroy a misfit

   Collective

   Input Parameter:
.  loss - the misfit

   Level: beginner

.seealso: `HGLossCreate()`
@*/
PetscErrorCode HGLossDestroy(HGLoss *loss)
{
  PetscFunctionBegin;
  if (!*loss) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(*loss, HG_LOSS_CLASSID, 1);
  if (--((PetscObject)*loss)->refct > 0) {
    *loss = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscHeaderDestroy(loss));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossEvaluate - Compute a misfit and its gradient

   Collective

   Input Parameters:
+  loss   - the misfit
.  active - how many samples of the global batch count, from the first
.  y      - the network's output
-  target - what it should be

   Output Parameters:
+  dy    - gradient with respect to y, on its owned points, or NULL
-  value - the misfit

   Level: beginner

   Shape:
   y, target, dy: [N][Z][Y][X][C], the same partition and type; halos may differ

.seealso: `HGLossSetType()`
@*/
PetscErrorCode HGLossEvaluate(HGLoss loss, PetscInt active, HGTensor y, HGTensor target, HGTensor dy, PetscReal *value)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscCall(PetscLogEventBegin(loss->event, loss, y, target, dy));
  PetscCall((*loss->ops->evaluate)(loss, active, y, target, dy, value));
  PetscCall(PetscLogEventEnd(loss->event, loss, y, target, dy));
  PetscFunctionReturn(PETSC_SUCCESS);
}
