/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layer_impl.h"

static PetscFunctionList HGLayerList = NULL;

static PetscErrorCode FreeRegistry(void)
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListDestroy(&HGLayerList));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLayerRegister - Add a type of layer

   Not Collective

   Input Parameters:
+  name   - the new type's name
-  create - sets the operations of an `HGLayer` of that type

   Level: advanced

.seealso: `HGLayerSetType()`
@*/
PetscErrorCode HGLayerRegister(const char name[], PetscErrorCode (*create)(HGLayer))
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListAdd(&HGLayerList, name, create));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RegisterAll(void)
{
  PetscFunctionBegin;
  if (HGLayerList) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLayerRegister(HGLAYERCONV, HGLayerCreate_Conv));
  PetscCall(PetscRegisterFinalize(FreeRegistry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerCreate - Create a layer

   Collective

   Input Parameter:
.  comm - the communicator of its tensors

   Output Parameter:
.  layer - the layer

   Level: intermediate

   Note:
   Its name, given by `PetscObjectSetName()`, appears in views, logs and model files.

.seealso: `HGLayerSetType()`, `HGNetAddLayer()`
@*/
PetscErrorCode HGLayerCreate(MPI_Comm comm, HGLayer *layer)
{
  PetscFunctionBegin;
  PetscCall(RegisterAll());
  PetscCall(PetscHeaderCreate(*layer, HG_LAYER_CLASSID, "HGLayer", "Layer of a network", "Layer", comm, HGLayerDestroy, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLayerSetType - Set what a layer does

   Collective

   Input Parameters:
+  layer - the layer
-  type  - `HGLAYERCONV`

   Level: intermediate

   Errors:
   Refuses a type that is not registered.

.seealso: `HGLayerType`, `HGLayerRegister()`
@*/
PetscErrorCode HGLayerSetType(HGLayer layer, HGLayerType type)
{
  PetscErrorCode (*create)(HGLayer);

  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(PetscFunctionListFind(HGLayerList, type, &create));
  HGCheck(create, PetscObjectComm((PetscObject)layer), "no layer \"%s\"", type);
  PetscCall((*create)(layer));
  PetscCall(PetscObjectChangeTypeName((PetscObject)layer, type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerReference - Take a further reference to a layer

   Logically Collective

   Input Parameter:
.  layer - the layer

   Level: advanced

.seealso: `HGLayerDestroy()`
@*/
PetscErrorCode HGLayerReference(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(PetscObjectReference((PetscObject)layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerDestroy - Give back a reference, and destroy the layer with the last one

   Collective

   Input Parameter:
.  layer - the layer

   Level: intermediate

.seealso: `HGLayerCreate()`
@*/
PetscErrorCode HGLayerDestroy(HGLayer *layer)
{
  PetscFunctionBegin;
  if (!*layer) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(*layer, HG_LAYER_CLASSID, 1);
  if (--((PetscObject)*layer)->refct > 0) {
    *layer = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if ((*layer)->ops->destroy) PetscCall((*(*layer)->ops->destroy)(*layer));
  PetscCall(HGPartitionDestroy(&(*layer)->in));
  PetscCall(HGPartitionDestroy(&(*layer)->out));
  PetscCall(HGTensorDestroy(&(*layer)->x));
  PetscCall(HGTensorDestroy(&(*layer)->y));
  PetscCall(HGTensorDestroy(&(*layer)->dx));
  PetscCall(HGTensorDestroy(&(*layer)->dy));
  PetscCall(PetscHeaderDestroy(layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode NamedEvent(const char *name, const char *mark, PetscLogEvent *event)
{
  char full[64];

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(full, sizeof(full), "%s%s", name, mark));
  PetscCall(PetscLogEventGetId(full, event));
  if (*event < 0) PetscCall(PetscLogEventRegister(full, HG_LAYER_CLASSID, event));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerSetUp - Infer a layer's output, halos, parameters and work space from its input

   Collective

   Input Parameters:
+  layer - the layer
.  in    - partition of the input
-  dtype - element type

   Level: intermediate

   Errors:
   Refuses inputs that the layer cannot work on, naming the layer.

.seealso: `HGLayerSetTensors()`, `HGLayerGetOutputPartition()`, `HGLayerGetHalo()`
@*/
PetscErrorCode HGLayerSetUp(HGLayer layer, HGPartition in, HGDType dtype)
{
  const char *name;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscValidHeaderSpecific(in, HG_PARTITION_CLASSID, 2);
  PetscCall(HGPartitionReference(in));
  PetscCall(HGPartitionDestroy(&layer->in));
  PetscCall(HGPartitionDestroy(&layer->out));
  layer->in    = in;
  layer->dtype = dtype;
  PetscCall((*layer->ops->setup)(layer));
  PetscCall(PetscObjectGetName((PetscObject)layer, &name));
  PetscCall(NamedEvent(name, "", &layer->event));
  PetscCall(NamedEvent(name, "*", &layer->event_adjoint));
  layer->setup = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerGetOutputPartition - Get the partition of a layer's output

   Not Collective

   Input Parameter:
.  layer - the layer, set up

   Output Parameter:
.  out - the partition; do not destroy it

   Level: intermediate

.seealso: `HGLayerSetUp()`
@*/
PetscErrorCode HGLayerGetOutputPartition(HGLayer layer, HGPartition *out)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  *out = layer->out;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerGetHalo - Get the ghost points that a layer reads

   Not Collective

   Input Parameter:
.  layer - the layer, set up

   Output Parameters:
+  halo    - of the input x in forward, below and above, for z, y, x
-  adjoint - of the output's gradient dy in the adjoint

   Level: intermediate

.seealso: `HGLayerSetTensors()`
@*/
PetscErrorCode HGLayerGetHalo(HGLayer layer, PetscInt halo[3][2], PetscInt adjoint[3][2])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(PetscMemcpy(halo, layer->halo, sizeof(layer->halo)));
  PetscCall(PetscMemcpy(adjoint, layer->adjoint_halo, sizeof(layer->adjoint_halo)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLayerGetParameters - Get the description of a layer's trainable arrays

   Not Collective

   Input Parameter:
.  layer - the layer, set up

   Output Parameters:
+  n     - how many
-  param - name, shape, size and initial bound of each; do not free

   Level: intermediate

.seealso: `HGLayerSetParameterValues()`
@*/
PetscErrorCode HGLayerGetParameters(HGLayer layer, PetscInt *n, const HGParameter *param[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  *n = layer->nparams;
  if (param) *param = layer->param;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerGetWorkSize - Get the scratch memory that a layer's adjoint needs

   Not Collective

   Input Parameter:
.  layer - the layer, set up

   Output Parameter:
.  bytes - its size

   Level: developer

   Units:
   bytes

.seealso: `HGLayerSetWork()`
@*/
PetscErrorCode HGLayerGetWorkSize(HGLayer layer, size_t *bytes)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  *bytes = layer->work_size;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerSetWork - Give a layer its scratch memory, which layers may share

   Not Collective

   Input Parameters:
+  layer - the layer
-  work  - at least what `HGLayerGetWorkSize()` asks for, aligned to 64 bytes

   Level: developer

.seealso: `HGLayerGetWorkSize()`
@*/
PetscErrorCode HGLayerSetWork(HGLayer layer, void *work)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  layer->work = work;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerGetFlops - Get the floating-point operations of one forward application, over all ranks

   Not Collective

   Input Parameter:
.  layer - the layer, set up

   Output Parameter:
.  flops - a multiply-add counts two

   Level: intermediate

.seealso: `HGNetView()`
@*/
PetscErrorCode HGLayerGetFlops(HGLayer layer, PetscLogDouble *flops)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  *flops = layer->flops;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerGetTraffic - Get the messages and bytes that one forward application sends, over all ranks

   Collective

   Input Parameter:
.  layer - the layer, its tensors set

   Output Parameters:
+  messages - number of messages
-  bytes    - their size

   Level: intermediate

   Units:
   bytes

.seealso: `HGLinOpGetTraffic()`
@*/
PetscErrorCode HGLayerGetTraffic(HGLayer layer, PetscInt *messages, PetscInt64 *bytes)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall((*layer->ops->gettraffic)(layer, messages, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerHasFusedActivation - Get the activation that a layer applies to its output

   Not Collective

   Input Parameter:
.  layer - the layer

   Output Parameter:
.  activation - the function; a gradient given to `HGLayerAdjoint()` belongs to its argument

   Level: developer

.seealso: `HGLayerSetTensors()`
@*/
PetscErrorCode HGLayerHasFusedActivation(HGLayer layer, HGActivation *activation)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  *activation = layer->activation;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode KeepTensor(HGTensor t, HGTensor *kept)
{
  PetscFunctionBegin;
  if (t) PetscCall(HGTensorReference(t));
  PetscCall(HGTensorDestroy(kept));
  *kept = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerSetTensors - Bind a layer to the tensors it works on, and plan its messages

   Collective

   Input Parameters:
+  layer   - the layer, set up
.  x       - input, its halo at least that of `HGLayerGetHalo()`; the layer fills the ghosts
.  y       - output
.  dx      - gradient with respect to x, with the halo of x; NULL if it is not wanted
.  dy      - gradient with respect to y before its activation, with the halo of y; NULL for inference
-  mask_dx - x is the rectified output of another layer: multiply dx by (x > 0), so that it belongs to that layer's
             output before its activation

   Level: intermediate

   Shape:
   x, dx: [N][Z][Y][X][C_in], y, dy: [N][Z][Y][X][C_out]

.seealso: `HGLayerForward()`, `HGLayerAdjoint()`
@*/
PetscErrorCode HGLayerSetTensors(HGLayer layer, HGTensor x, HGTensor y, HGTensor dx, HGTensor dy, PetscBool mask_dx)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCheck(layer->setup, PetscObjectComm((PetscObject)layer), PETSC_ERR_ARG_WRONGSTATE, "call HGLayerSetUp() before HGLayerSetTensors()");
  PetscCall(KeepTensor(x, &layer->x));
  PetscCall(KeepTensor(y, &layer->y));
  PetscCall(KeepTensor(dx, &layer->dx));
  PetscCall(KeepTensor(dy, &layer->dy));
  layer->mask_dx = mask_dx;
  PetscCall((*layer->ops->settensors)(layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLayerSetParameterValues - Set the values of a layer's parameters

   Not Collective

   Input Parameters:
+  layer - the layer, set up
-  p     - all its parameters, one behind the other, the same on all ranks

   Level: intermediate

   Shape:
   p: each parameter in PyTorch's order, see `HGLayerGetParameters()`

.seealso: `HGLayerForward()`
@*/
PetscErrorCode HGLayerSetParameterValues(HGLayer layer, const PetscScalar p[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  if (layer->nparams) PetscCall((*layer->ops->setparametervalues)(layer, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerForward - y = layer(x)

   Collective

   Input Parameters:
+  layer - the layer, its tensors and parameters set
-  nb    - how many of this rank's samples to compute

   Level: intermediate

.seealso: `HGLayerAdjoint()`
@*/
PetscErrorCode HGLayerForward(HGLayer layer, PetscInt nb)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(PetscLogEventBegin(layer->event, layer, 0, 0, 0));
  PetscCall((*layer->ops->forward)(layer, nb));
  PetscCall(PetscLogEventEnd(layer->event, layer, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLayerAdjoint - The gradients with respect to a layer's input and parameters from that with respect to its output

   Collective

   Input Parameters:
+  layer - the layer, after `HGLayerForward()`
.  nb    - how many of this rank's samples to compute
-  dp    - this rank's part of the gradient with respect to the parameters, which is added to

   Level: intermediate

   Shape:
   dp: as the values in `HGLayerSetParameterValues()`

.seealso: `HGLayerForward()`
@*/
PetscErrorCode HGLayerAdjoint(HGLayer layer, PetscInt nb, double dp[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(PetscLogEventBegin(layer->event_adjoint, layer, 0, 0, 0));
  PetscCall((*layer->ops->adjoint)(layer, nb, dp));
  PetscCall(PetscLogEventEnd(layer->event_adjoint, layer, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}
