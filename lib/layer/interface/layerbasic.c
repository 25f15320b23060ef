/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layer_impl.h"

static PetscFunctionList HGLayerList;
static PetscBool         HGLayerRegisterAllCalled;

static PetscErrorCode FreeRegistry(void)
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListDestroy(&HGLayerList));
  HGLayerRegisterAllCalled = PETSC_FALSE;
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
  if (HGLayerRegisterAllCalled) PetscFunctionReturn(PETSC_SUCCESS);
  HGLayerRegisterAllCalled = PETSC_TRUE;
#define REGISTER(type, name) PetscCall(HGLayerRegister(type, HGLayerCreate_##name));
  HG_LAYERS(REGISTER)
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
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(RegisterAll());
  PetscCall(PetscHeaderCreate(*layer, HG_LAYER_CLASSID, "HGLayer", "Layer of a network", "Layer", comm, HGLayerDestroy, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLayerSetType - Set what a layer does

   Collective

   Input Parameters:
+  layer - the layer
-  type  - the type, see `HGLayerType`

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
  if (!create) PetscFunctionReturn(HGNamesRefuse(PetscObjectComm((PetscObject)layer), "layer", type, HGLayerList, "HGLayerSetType()"));
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

static PetscErrorCode ForgetInputs(HGLayer layer)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < layer->nin; i++) {
    HGLayerInput *in = &layer->in[i];

    PetscCall(HGPartitionDestroy(&in->part));
    PetscCall(HGHaloWidthsDestroy(&in->halo));
    PetscCall(HGTensorDestroy(&in->x));
    PetscCall(HGTensorDestroy(&in->dx));
  }
  PetscCall(PetscFree(layer->in));
  layer->nin = 0;
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
  PetscCall(ForgetInputs(*layer));
  PetscCall(HGPartitionDestroy(&(*layer)->out));
  for (int j = 0; j < HG_MAX_PARAMETERS; j++)
    for (int use = 0; use < HG_USES; use++) PetscCall(HGPartitionDestroy(&(*layer)->use[j][use]));
  PetscCall(HGHaloWidthsDestroy(&(*layer)->adjoint_halo));
  PetscCall(HGTensorDestroy(&(*layer)->y));
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
   HGLayerSetUp - Infer a layer's output, halos, parameters and work space from its inputs

   Collective

   Input Parameters:
+  layer - the layer
.  n     - number of inputs
.  in    - their partitions
-  dtype - element type

   Level: intermediate

   Errors:
   Refuses inputs that the layer cannot work on, naming the layer.

.seealso: `HGLayerSetInput()`, `HGLayerSetOutput()`, `HGLayerGetOutputPartition()`, `HGLayerGetHalo()`
@*/
PetscErrorCode HGLayerSetUp(HGLayer layer, PetscInt n, const HGPartition in[], HGDType dtype)
{
  const char *name;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  for (PetscInt i = 0; i < n; i++) PetscCall(HGPartitionReference(in[i]));
  PetscCall(ForgetInputs(layer));
  PetscCall(HGPartitionDestroy(&layer->out));
  PetscCall(HGHaloWidthsDestroy(&layer->adjoint_halo));
  PetscCall(PetscCalloc1(n, &layer->in));
  layer->nin   = n;
  layer->dtype = dtype;
  for (PetscInt i = 0; i < n; i++) {
    layer->in[i].part   = in[i];
    layer->in[i].needed = PETSC_TRUE;
    for (int a = 0; a < 3; a++) layer->in[i].boundary[a] = HG_BOUNDARY_ZERO;
  }
  PetscCall((*layer->ops->setup)(layer));
  for (PetscInt i = 0; i < n; i++)
    if (!layer->in[i].halo.parts[0]) PetscCall(HGHaloWidthsCreate(in[i], &layer->in[i].halo));
  if (!layer->adjoint_halo.parts[0]) PetscCall(HGHaloWidthsCreate(layer->out, &layer->adjoint_halo));
  PetscCall(PetscObjectGetName((PetscObject)layer, &name));
  PetscCall(NamedEvent(name, "", &layer->event));
  PetscCall(NamedEvent(name, "*", &layer->event_adjoint));
  for (PetscInt j = 0; j < layer->nparams; j++)
    if (!layer->use[j][HG_USE_FORWARD]) PetscCall(HGLayerUseParameterEverywhere(layer, j));
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

/*@C
   HGLayerGetHalo - Get the ghost points that a layer reads

   Not Collective

   Input Parameters:
+  layer - the layer, set up
-  input - number of the input

   Output Parameters:
+  halo    - of that input in forward; belongs to the layer
-  adjoint - of the output's gradient dy in the adjoint; belongs to the layer

   Level: intermediate

.seealso: `HGLayerSetInput()`, `HGLayerSetOutput()`
@*/
PetscErrorCode HGLayerGetHalo(HGLayer layer, PetscInt input, const HGHaloWidths **halo, const HGHaloWidths **adjoint)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  if (halo) *halo = &layer->in[input].halo;
  if (adjoint) *adjoint = &layer->adjoint_halo;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLayerGetBoundary - Get what the ghost points beyond the boundary hold that a layer reads

   Not Collective

   Input Parameters:
+  layer - the layer, set up
-  i     - number of the input

   Output Parameter:
.  boundary - for z, y, x; it matters where `HGLayerGetHalo()` has ghost points

   Level: developer

.seealso: `HGLayerSetStale()`
@*/
PetscErrorCode HGLayerGetBoundary(HGLayer layer, PetscInt i, HGBoundary boundary[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(PetscArraycpy(boundary, layer->in[i].boundary, 3));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerSetStale - Tell that an input's ghost points change between forward and adjoint

   Logically Collective

   Input Parameters:
+  layer - the layer
.  i     - number of the input
-  stale - an adjoint that reads them brings them again (default `PETSC_FALSE`)

   Level: developer

   Note:
   So it is with an input that was computed again, and with one that layers with other boundary conditions read.

.seealso: `HGLayerGetBoundary()`
@*/
PetscErrorCode HGLayerSetStale(HGLayer layer, PetscInt i, PetscBool stale)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  layer->in[i].stale = stale;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerGetNeeds - Get what a layer's adjoint reads of the forward application

   Not Collective

   Input Parameters:
+  layer - the layer, set up
-  input - number of the input

   Output Parameters:
+  x     - the adjoint reads this input
.  y     - the adjoint reads the output
-  masks - the adjoint can multiply this input's gradient by the derivative of a rectified input

   Level: developer

.seealso: `HGLayerSetInput()`
@*/
PetscErrorCode HGLayerGetNeeds(HGLayer layer, PetscInt input, PetscBool *x, PetscBool *y, PetscBool *masks)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  if (x) *x = layer->in[input].needed;
  if (y) *y = layer->needs_y;
  if (masks) *masks = layer->in[input].masks;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerNeedsAdjointHalo - Find out whether a layer's adjoint reads ghost points of dy even if no gradient of its input is wanted

   Not Collective

   Input Parameter:
.  layer - the layer, set up

   Output Parameter:
.  needs - set to `PETSC_TRUE` if it does, left alone otherwise

   Level: developer

.seealso: `HGLayerGetHalo()`
@*/
PetscErrorCode HGLayerNeedsAdjointHalo(HGLayer layer, PetscBool *needs)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  if (layer->needs_dy_halo) *needs = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLayerGetStates - Get the arrays of a layer that model files keep but training does not change by gradients

   Not Collective

   Input Parameter:
.  layer - the layer, set up

   Output Parameters:
+  n     - how many
.  state - name, shape and size of each; do not free
-  value - their values, the same on all ranks, which may be changed

   Level: developer

.seealso: `HGLayerGetParameters()`
@*/
PetscErrorCode HGLayerGetStates(HGLayer layer, PetscInt *n, const HGParameter *state[], PetscReal **value[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  *n = layer->nstates;
  if (state) *state = layer->state;
  if (value) *value = layer->state_value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerSetRandom - Set what the random numbers of a layer depend on, beside its name and the global index

   Logically Collective

   Input Parameters:
+  layer - the layer
.  seed  - the seed
-  step  - number of the training step

   Level: developer

.seealso: `HGLayerForward()`
@*/
PetscErrorCode HGLayerSetRandom(HGLayer layer, uint64_t seed, uint64_t step)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  layer->seed = seed;
  layer->step = step;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerSetTraining - Set whether a layer behaves as in training: dropout, normalisation by the batch's own statistics

   Logically Collective

   Input Parameters:
+  layer    - the layer
-  training - `PETSC_FALSE` by default

   Level: developer

.seealso: `HGLayerForward()`
@*/
PetscErrorCode HGLayerSetTraining(HGLayer layer, PetscBool training)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  layer->training = training;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerSetReplay - Set whether forward repeats what was computed before, and is to leave running statistics alone

   Logically Collective

   Input Parameters:
+  layer  - the layer
-  replay - `PETSC_FALSE` by default

   Level: developer

.seealso: `HGLayerForward()`
@*/
PetscErrorCode HGLayerSetReplay(HGLayer layer, PetscBool replay)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  layer->replay = replay;
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
  if (n) *n = layer->nparams;
  if (param) *param = layer->param;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerGetWorkSize - Get the scratch memory that a layer's forward and adjoint need

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
  *messages = 0;
  *bytes    = 0;
  if (layer->ops->gettraffic) PetscCall((*layer->ops->gettraffic)(layer, messages, bytes));
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

.seealso: `HGLayerSetOutput()`
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

/*@C
   HGLayerSetInput - Bind one of a layer's inputs to the tensors it works on

   Logically Collective

   Input Parameters:
+  layer     - the layer, set up
.  i         - number of the input
.  x         - its tensor, with a halo of at least `HGLayerGetHalo()`; the layer fills the ghosts
.  dx        - gradient with respect to x, of the same layout; NULL if it is not wanted
.  add       - the adjoint adds to dx instead of overwriting it
-  rectified - for each channel of this rank whether x is there the rectified output of another layer: dx is multiplied by (x > 0), so
               that it belongs to that layer's output before its activation; NULL: nowhere. It must outlive the layer.

   Level: developer

   Shape:
   x, dx: [N][Z][Y][X][C_in]

.seealso: `HGLayerSetOutput()`, `HGLayerGetNeeds()`
@*/
PetscErrorCode HGLayerSetInput(HGLayer layer, PetscInt i, HGTensor x, HGTensor dx, PetscBool add, const unsigned char rectified[])
{
  HGLayerInput *in;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCheck(layer->setup, PetscObjectComm((PetscObject)layer), PETSC_ERR_ARG_WRONGSTATE, "call HGLayerSetUp() before HGLayerSetInput()");
  in = &layer->in[i];
  PetscCall(KeepTensor(x, &in->x));
  PetscCall(KeepTensor(dx, &in->dx));
  in->add       = add;
  in->rectified = rectified;
  PetscAssert(!rectified || in->masks, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s cannot mask", ((PetscObject)layer)->name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerSetOutput - Bind a layer's output to the tensors it works on, after all its inputs, and plan its messages

   Collective

   Input Parameters:
+  layer - the layer, its inputs set
.  y     - output
-  dy    - gradient with respect to y before its activation, of the same layout, with a halo of at least `HGLayerGetHalo()`;
           NULL for inference

   Level: developer

   Shape:
   y, dy: [N][Z][Y][X][C_out]

.seealso: `HGLayerSetInput()`, `HGLayerForward()`, `HGLayerAdjoint()`
@*/
PetscErrorCode HGLayerSetOutput(HGLayer layer, HGTensor y, HGTensor dy)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(KeepTensor(y, &layer->y));
  PetscCall(KeepTensor(dy, &layer->dy));
  if (layer->ops->settensors) PetscCall((*layer->ops->settensors)(layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLayerSetParameterValues - Set the values of a layer's parameters

   Not Collective

   Input Parameters:
+  layer - the layer, set up
.  use   - `HG_USE_FORWARD` or `HG_USE_ADJOINT`: each may use another part
-  p     - for each parameter this rank's part, in the layer's element type; not copied, it must stay until other values are set

   Level: developer

   Shape:
   p[j]: the box of `HGLayerGetParameterPartition()`

.seealso: `HGLayerForward()`, `HGParameters`
@*/
PetscErrorCode HGLayerSetParameterValues(HGLayer layer, HGUse use, const void *const p[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  if (layer->nparams) PetscCall((*layer->ops->setparametervalues)(layer, use, p));
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
.  type  - of the gradient with respect to the parameters: the layer's element type, or `HG_F64`
-  dp    - for each parameter this rank's part of that gradient, which is added to

   Level: intermediate

   Shape:
   dp[j]: the box of `HGLayerGetParameterPartition()` for `HG_USE_GRADIENT`

.seealso: `HGLayerForward()`
@*/
PetscErrorCode HGLayerAdjoint(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(PetscLogEventBegin(layer->event_adjoint, layer, 0, 0, 0));
  PetscCall((*layer->ops->adjoint)(layer, nb, type, dp));
  PetscCall(PetscLogEventEnd(layer->event_adjoint, layer, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}
