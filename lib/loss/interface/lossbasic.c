/* SPDX-License-Identifier: BSD-2-Clause */
#include "loss/loss_impl.h"

PetscFunctionList HGLossList;
static PetscBool  HGLossRegisterAllCalled;

static PetscErrorCode FreeRegistry(void)
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListDestroy(&HGLossList));
  HGLossRegisterAllCalled = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RegisterAll(void)
{
  PetscFunctionBegin;
  if (HGLossRegisterAllCalled) PetscFunctionReturn(PETSC_SUCCESS);
  HGLossRegisterAllCalled = PETSC_TRUE;
#define REGISTER(type, name) PetscCall(HGLossRegister(type, HGLossCreate_##name));
  HG_LOSSES(REGISTER)
#undef REGISTER
  PetscCall(PetscRegisterFinalize(FreeRegistry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLossRegister - Add a type of misfit

   Not Collective

   Input Parameters:
+  name   - the type
-  create - sets the operations of a misfit

   Level: advanced

   Note:
   The operations are those of `halograd/private/loss/loss_impl.h`; docs/extending.md has an example.

.seealso: `HGLossSetType()`
@*/
PetscErrorCode HGLossRegister(const char name[], PetscErrorCode (*create)(HGLoss))
{
  PetscFunctionBegin;
  PetscCall(RegisterAll());
  PetscCall(PetscFunctionListAdd(&HGLossList, name, create));
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
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(RegisterAll());
  PetscCall(PetscHeaderCreate(*loss, HG_LOSS_CLASSID, "HGLoss", "Misfit", "Loss", comm, HGLossDestroy, HGLossView));
  PetscCall(PetscLogEventGetId("HG loss", &(*loss)->event));
  if ((*loss)->event < 0) PetscCall(PetscLogEventRegister("HG loss", HG_LOSS_CLASSID, &(*loss)->event));
  (*loss)->across = MPI_COMM_NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLossSetType - Set which misfit

   Collective

   Input Parameters:
+  loss - the misfit
-  type - `HGLOSSMSE`, `HGLOSSL1`, `HGLOSSHUBER`, `HGLOSSRELL2`, `HGLOSSH1`, `HGLOSSBCE` or `HGLOSSCROSSENTROPY`

   Options Database Key:
.  -train_loss mse|l1|huber|rel_l2|h1|bce|cross_entropy - the misfit (default mse)

   Level: beginner

   Errors:
   Refuses a misfit that is not registered.

.seealso: `HGLossType`
@*/
PetscErrorCode HGLossSetType(HGLoss loss, HGLossType type)
{
  PetscErrorCode (*create)(HGLoss);
  PetscBool same;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)loss, type, &same));
  if (same) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFunctionListFind(HGLossList, type, &create));
  if (!create) PetscFunctionReturn(HGNamesRefuse(PetscObjectComm((PetscObject)loss), "loss", type, HGLossList, "-train_loss"));
  PetscCall(HGLossReset(loss));
  if (loss->ops->destroy) PetscCall((*loss->ops->destroy)(loss));
  loss->data = NULL;
  PetscCall(PetscMemzero(loss->ops, sizeof(*loss->ops)));
  loss->classes = PETSC_FALSE;
  PetscCall((*create)(loss));
  PetscCall(PetscObjectChangeTypeName((PetscObject)loss, type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossSetWeights - Set a weight for each point, or a mask

   Collective

   Input Parameters:
+  loss - the misfit
-  w    - weights, 0 or more, from `HGLossCreateWeights()`; NULL for none. Referenced: what it holds at an evaluation counts

   Level: intermediate

   Shape:
   w: [N or 1][Z or 1][Y or 1][X or 1][C or 1]

   Notes:
   Means become means by weight: (1 / sum w) sum w f(y, t). With zeros and ones w is a mask, and what it hides may hold anything, also
   NaN. Along an axis of size one the weight is that of all points of the axis.

   Errors:
   `HGLossEvaluate()` refuses weights that sum to zero, and those of another layout.

.seealso: `HGLossCreateWeights()`, `HGLossSetChannelWeights()`
@*/
PetscErrorCode HGLossSetWeights(HGLoss loss, HGTensor w)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  if (w == loss->weight) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLossReset(loss));
  if (w) PetscCall(HGTensorReference(w));
  PetscCall(HGTensorDestroy(&loss->weight));
  loss->weight = w;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossSetChannelWeights - Set a weight for each channel; for cross entropy, for each class

   Logically Collective

   Input Parameters:
+  loss - the misfit
.  n    - number of channels of the output, 0 for no weights
-  w    - their weights, 0 or more

   Options Database Key:
.  -loss_channel_weights w0,w1,... - the weights

   Level: intermediate

   Shape:
   w: [C]

   Note:
   They multiply those of `HGLossSetWeights()`. For cross entropy a point counts by the weight of its class, as PyTorch's `weight`.

   Errors:
   Refuses negative weights; `HGLossEvaluate()` another number than the output has channels.

.seealso: `HGLossSetWeights()`
@*/
PetscErrorCode HGLossSetChannelWeights(HGLoss loss, PetscInt n, const PetscReal w[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  for (PetscInt i = 0; i < n; i++)
    HGCheck(w[i] >= 0 && !PetscIsInfOrNanReal(w[i]), PetscObjectComm((PetscObject)loss),
            "-loss_channel_weights: %g for channel %" PetscInt_FMT "; give 0 or more", (double)w[i], i);
  PetscCall(HGLossReset(loss));
  PetscCall(PetscFree(loss->channel_weight));
  loss->nchannel_weight = n;
  if (n) PetscCall(PetscMalloc1(n, &loss->channel_weight));
  for (PetscInt i = 0; i < n; i++) loss->channel_weight[i] = (double)w[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ChannelWeightsFromOptions(HGLoss loss, HGOptionItems PetscOptionsObject)
{
  PetscReal *channel;
  PetscInt   channels = 0;
  PetscBool  set;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(65536, &channel));
  PetscCall(HGOptionsRealArray(PetscOptionsObject, "-loss_channel_weights", "weights of the channels, for cross_entropy of the classes",
                               "HGLossSetChannelWeights", 0, PETSC_MAX_REAL, 1, 65536, channel, &channels, &set));
  if (set) PetscCall(HGLossSetChannelWeights(loss, channels, channel));
  PetscCall(PetscFree(channel));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossSetFromOptions - Set a misfit from the options database

   Collective

   Input Parameter:
.  loss - the misfit

   Options Database Keys:
+  -train_loss mse|l1|huber|rel_l2|h1|bce|cross_entropy - the misfit (default mse)
.  -loss_channel_weights w0,w1,...                      - weights of the channels; for cross_entropy, of the classes
-  -loss_TYPE_...                                       - those of the type, see `HGLOSSHUBER` and `HGLOSSH1`

   Level: beginner

   Errors:
   Refuses a misfit that is not there, and values out of range.

.seealso: `HGLossSetType()`
@*/
PetscErrorCode HGLossSetFromOptions(HGLoss loss)
{
  const char *now = ((PetscObject)loss)->type_name, *type = now ? now : HGLOSSMSE;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscObjectOptionsBegin((PetscObject)loss);
  PetscCall(HGOptionsType(PetscOptionsObject, "-train_loss", "misfit between output and target", "HGLossSetType", HGLossList, &type, NULL));
  PetscCall(HGLossSetType(loss, type));
  PetscCall(ChannelWeightsFromOptions(loss, PetscOptionsObject));
  if (loss->ops->setfromoptions) PetscCall((*loss->ops->setfromoptions)(loss, PetscOptionsObject));
  PetscOptionsEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGLossAppendReals - Appends an option with numbers so that they are read back exactly; nothing for none */
PetscErrorCode HGLossAppendReals(HGText *text, const char name[], PetscInt n, const double v[])
{
  char number[HG_REAL_TEXT];

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) PetscCall(HGTextAppend(text, "%s%s%s", i ? "," : name, i ? "" : " ", HGRealToText(v[i], number)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLossAppendOptions - Append the options that make a misfit what it is

   Not Collective

   Input Parameters:
+  loss - the misfit
-  text - takes the options

   Level: advanced

   Note:
   Those that the type does not look at are left out, and so are weights of points.

.seealso: `HGLossSetFromOptions()`
@*/
PetscErrorCode HGLossAppendOptions(HGLoss loss, HGText *text)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  if (((PetscObject)loss)->type_name) PetscCall(HGTextAppend(text, " -train_loss %s", ((PetscObject)loss)->type_name));
  if (loss->ops->options) PetscCall((*loss->ops->options)(loss, text));
  PetscCall(HGLossAppendReals(text, " -loss_channel_weights", loss->nchannel_weight, loss->channel_weight));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLossView - Print a misfit

   Collective

   Input Parameters:
+  loss   - the misfit
-  viewer - an ASCII viewer, or NULL for standard output

   Level: beginner

.seealso: `HGLossSetType()`
@*/
PetscErrorCode HGLossView(HGLoss loss, PetscViewer viewer)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  if (!viewer) PetscCall(PetscViewerASCIIGetStdout(PetscObjectComm((PetscObject)loss), &viewer));
  PetscCall(PetscObjectPrintClassNamePrefixType((PetscObject)loss, viewer));
  PetscCall(PetscViewerASCIIPushTab(viewer));
  if (loss->ops->view) PetscCall((*loss->ops->view)(loss, viewer));
  if (loss->weight) PetscCall(PetscViewerASCIIPrintf(viewer, "weights of the points\n"));
  for (PetscInt c = 0; c < loss->nchannel_weight; c++) {
    PetscCall(PetscViewerASCIIPrintf(viewer, "%s%g%s", c ? ", " : "weights of the channels: ", loss->channel_weight[c],
                                     c == loss->nchannel_weight - 1 ? "\n" : ""));
    PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_FALSE));
  }
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_TRUE));
  PetscCall(PetscViewerASCIIPopTab(viewer));
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
  PetscCall(HGLossReset(*loss));
  if ((*loss)->ops->destroy) PetscCall((*(*loss)->ops->destroy)(*loss));
  PetscCall(HGTensorDestroy(&(*loss)->weight));
  PetscCall(PetscFree((*loss)->channel_weight));
  PetscCall(PetscHeaderDestroy(loss));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossHasClassTargets - Whether the targets of a misfit are indices of classes

   Not Collective

   Input Parameter:
.  loss - the misfit, its type set

   Output Parameter:
.  classes - `PETSC_TRUE`: a target has one channel, and the output one for each class

   Level: intermediate

.seealso: `HGLossCreateTarget()`, `HGLOSSCROSSENTROPY`
@*/
PetscErrorCode HGLossHasClassTargets(HGLoss loss, PetscBool *classes)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  *classes = loss->classes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckGradient(HGTensor y, HGTensor dy)
{
  const HGTensorLocal *a, *b;
  HGDType              t[2];

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(y, &a));
  PetscCall(HGTensorGetLocal(dy, &b));
  PetscCall(HGTensorGetDType(y, &t[0]));
  PetscCall(HGTensorGetDType(dy, &t[1]));
  for (int i = 0; i < HG_AXES; i++)
    PetscCheck(a->box.size[i] == b->box.size[i], PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
               "output and gradient have %" PetscInt_FMT " and %" PetscInt_FMT " points along axis %c", a->box.size[i], b->box.size[i],
               "nczyx"[i]);
  PetscCheck(t[0] == t[1], PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP, "the output is %s, its gradient %s", HGDTypeName(t[0]),
             HGDTypeName(t[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossCheckTarget - Find a target that a misfit would refuse, before anything is evaluated

   Collective

   Input Parameters:
+  loss   - the misfit
.  active - how many samples of the global batch count, from the first
.  y      - a tensor like the network's output, whose values do not matter
-  target - the targets

   Output Parameters:
+  checks - whether there are targets that it refuses at all; if not, the batch was not looked at
-  bad    - the first sample of the batch that it refuses, -1 for none

   Level: developer

   Note:
   rel_l2 refuses a sample whose target is zero wherever it has weight.

.seealso: `HGLossEvaluate()`, `HGLOSSRELL2`
@*/
PetscErrorCode HGLossCheckTarget(HGLoss loss, PetscInt active, HGTensor y, HGTensor target, PetscBool *checks, PetscInt *bad)
{
  HGLossPass pass;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  *checks = loss->ops->check ? PETSC_TRUE : PETSC_FALSE;
  *bad    = -1;
  if (!*checks) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLossPlan(loss, y, target));
  PetscCall(HGLossBegin(loss, active, y, target, NULL, &pass));
  PetscCall((*loss->ops->check)(loss, &pass, bad));
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
+  dy    - gradient with respect to y, on its owned points of the samples that count, or NULL
-  value - the misfit

   Level: beginner

   Shape:
   y, dy: [N][Z][Y][X][C]; target: the same, with class indices [N][Z][Y][X][1]; the same partition and type; halos may differ

   Notes:
   Values and gradients do not depend on the number of threads, and agree on any number of ranks up to rounding.

   Of parts that are copies of each other (`HGPartitionSetReplicated()`) the first one counts: the gradient of the others is zero, as
   the adjoint of a broadcast expects.

   The first evaluation plans for the layouts of y and target; others of the same allocate nothing.

   Errors:
   Refuses a target or weights of another layout or type, weights that sum to zero, and what the type says.

.seealso: `HGLossSetType()`, `HGLossCreateTarget()`, `HGLossSetWeights()`
@*/
PetscErrorCode HGLossEvaluate(HGLoss loss, PetscInt active, HGTensor y, HGTensor target, HGTensor dy, PetscReal *value)
{
  HGLossPass pass;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscCheck(loss->ops->evaluate, PetscObjectComm((PetscObject)loss), PETSC_ERR_ORDER, "HGLossEvaluate() before HGLossSetType()");
  PetscCall(PetscLogEventBegin(loss->event, loss, y, target, dy));
  PetscCall(HGLossPlan(loss, y, target));
  if (dy) PetscCall(CheckGradient(y, dy));
  PetscCall(HGLossBegin(loss, active, y, target, dy, &pass));
  PetscCall((*loss->ops->evaluate)(loss, &pass, value));
  PetscCall(PetscLogEventEnd(loss->event, loss, y, target, dy));
  PetscFunctionReturn(PETSC_SUCCESS);
}
