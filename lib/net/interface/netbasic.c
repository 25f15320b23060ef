/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

static PetscFunctionList HGNetList;
static PetscBool         HGNetRegisterAllCalled;

static PetscErrorCode FreeRegistry(void)
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListDestroy(&HGNetList));
  HGNetRegisterAllCalled = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNetRegister - Add an architecture

   Not Collective

   Input Parameters:
+  name   - its name, for `-net_type`
-  create - sets the operations of an `HGNet` of that type

   Level: advanced

.seealso: `HGNetSetType()`
@*/
PetscErrorCode HGNetRegister(const char name[], PetscErrorCode (*create)(HGNet))
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListAdd(&HGNetList, name, create));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RegisterAll(void)
{
  PetscFunctionBegin;
  if (HGNetRegisterAllCalled) PetscFunctionReturn(PETSC_SUCCESS);
  HGNetRegisterAllCalled = PETSC_TRUE;
#define REGISTER(type, name) PetscCall(HGNetRegister(type, HGNetCreate_##name));
  HG_NETS(REGISTER)
  PetscCall(PetscRegisterFinalize(FreeRegistry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetCreate - Create a network

   Collective

   Input Parameter:
.  comm - the communicator of its tensors

   Output Parameter:
.  net - the network, without a type: add layers by `HGNetAddLayer()`, or set a built-in type

   Level: beginner

.seealso: `HGNetSetType()`, `HGNetSetFromOptions()`, `HGNetSetUp()`
@*/
PetscErrorCode HGNetCreate(MPI_Comm comm, HGNet *net)
{
  PetscFunctionBegin;
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(RegisterAll());
  PetscCall(PetscHeaderCreate(*net, HG_NET_CLASSID, "HGNet", "Network", "Net", comm, HGNetDestroy, HGNetView));
  (*net)->width        = 16;
  (*net)->depth        = 4;
  (*net)->levels       = 3;
  (*net)->kernel       = 3;
  (*net)->cin          = 1;
  (*net)->cout         = 1;
  (*net)->activation   = HG_ACT_RELU;
  (*net)->padding      = HG_BOUNDARY_ZERO;
  (*net)->default_norm = HG_NORM_NONE;
  (*net)->norm_groups  = 4;
  (*net)->kept         = HG_F64;
  (*net)->training     = PETSC_TRUE;
  (*net)->gradients    = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNetSetOptionsPrefix - Set what goes before the names of a network's options

   Logically Collective

   Input Parameters:
+  net    - the network
-  prefix - the prefix

   Level: intermediate

.seealso: `HGNetSetFromOptions()`
@*/
PetscErrorCode HGNetSetOptionsPrefix(HGNet net, const char prefix[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)net, prefix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNetSetType - Set the architecture

   Collective

   Input Parameters:
+  net  - the network
-  type - the type, see `HGNetType`

   Options Database Key:
.  -net_type - the architecture (default cnn)

   Level: beginner

   Errors:
   Refuses an architecture that is not registered.

.seealso: `HGNetType`
@*/
PetscErrorCode HGNetSetType(HGNet net, HGNetType type)
{
  PetscErrorCode (*create)(HGNet);
  PetscBool same;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(PetscFunctionListFind(HGNetList, type, &create));
  if (!create) PetscFunctionReturn(HGNamesRefuse(PetscObjectComm((PetscObject)net), "network", type, HGNetList, "-net_type"));
  PetscCall(PetscObjectTypeCompare((PetscObject)net, type, &same));
  if (same) PetscFunctionReturn(PETSC_SUCCESS);
  if (net->ops->destroy) PetscCall((*net->ops->destroy)(net));
  PetscCall(PetscMemzero(net->ops, sizeof(struct _HGNetOps)));
  PetscCall((*create)(net));
  PetscCall(PetscObjectChangeTypeName((PetscObject)net, type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetPositive(HGNet net, const char *option, PetscInt value, PetscInt *at)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  HGCheckOptions(value >= 1, net, "%s %" PetscInt_FMT ": give at least 1", option, value);
  *at = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetWidth - Set the number of channels between the layers

   Logically Collective

   Input Parameters:
+  net   - the network
-  width - channels

   Options Database Key:
.  -net_width - channels (default 16)

   Level: beginner

   Errors:
   Refuses values below one.

.seealso: `HGNetSetDepth()`
@*/
PetscErrorCode HGNetSetWidth(HGNet net, PetscInt width)
{
  PetscFunctionBegin;
  PetscCall(SetPositive(net, "-net_width", width, &net->width));
  net->width_set = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetGetWidth - Get the number of channels between the layers

   Not Collective

   Input Parameter:
.  net - the network

   Output Parameter:
.  width - channels

   Level: beginner

.seealso: `HGNetSetWidth()`
@*/
PetscErrorCode HGNetGetWidth(HGNet net, PetscInt *width)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  *width = net->width;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetDepth - Set the number of layers

   Logically Collective

   Input Parameters:
+  net   - the network
-  depth - layers

   Options Database Key:
.  -net_depth - layers (default 4)

   Level: beginner

   Errors:
   Refuses values below one.

.seealso: `HGNetSetWidth()`
@*/
PetscErrorCode HGNetSetDepth(HGNet net, PetscInt depth)
{
  PetscFunctionBegin;
  PetscCall(SetPositive(net, "-net_depth", depth, &net->depth));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetLevels - Set the number of grids of a U-Net

   Logically Collective

   Input Parameters:
+  net    - the network
-  levels - grids, each half as fine as the one before

   Options Database Key:
.  -net_levels - grids (default 3)

   Level: beginner

   Errors:
   Refuses values below one and above 20.

.seealso: `HGNETUNET`
@*/
PetscErrorCode HGNetSetLevels(HGNet net, PetscInt levels)
{
  PetscFunctionBegin;
  PetscCall(SetPositive(net, "-net_levels", levels, &net->levels));
  HGCheckOptions(levels <= 20, net, "-net_levels %" PetscInt_FMT ": give at most 20", levels);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetKernel - Set the points of the convolution kernels in each direction

   Logically Collective

   Input Parameters:
+  net    - the network
-  kernel - points

   Options Database Key:
.  -net_kernel - points (default 3)

   Level: beginner

   Errors:
   Refuses even values and values below one.

.seealso: `HGNetSetWidth()`
@*/
PetscErrorCode HGNetSetKernel(HGNet net, PetscInt kernel)
{
  PetscFunctionBegin;
  PetscCall(SetPositive(net, "-net_kernel", kernel, &net->kernel));
  HGCheckOptions(kernel % 2, net, "-net_kernel %" PetscInt_FMT ": give an odd number, so that the output lies on the points of the input",
                 kernel);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetActivation - Set the function between the layers

   Logically Collective

   Input Parameters:
+  net        - the network
-  activation - `HG_ACT_RELU` (default) or another

   Options Database Key:
.  -net_activation relu|leaky_relu|elu|gelu|silu|tanh|sigmoid|softplus|sin|identity - the function (default relu)

   Level: beginner

   Note:
   leaky_relu has PyTorch's default slope of 0.01, elu its alpha of 1. relu is applied by the layer before in the same pass; the others are
   layers of their own.

.seealso: `HGNetSetWidth()`, `HGLAYERACTIVATION`
@*/
PetscErrorCode HGNetSetActivation(HGNet net, HGActivation activation)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  net->activation     = activation;
  net->activation_set = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetPadding - Set what the layers read beyond the boundary of the grid

   Logically Collective

   Input Parameters:
+  net     - the network
-  padding - `HG_BOUNDARY_ZERO` (default), `HG_BOUNDARY_PERIODIC`, `HG_BOUNDARY_REFLECT` or `HG_BOUNDARY_REPLICATE`

   Options Database Key:
.  -net_padding zeros|periodic|reflect|replicate - the padding (default zeros)

   Level: beginner

.seealso: `HGLayerConvSetBoundary()`
@*/
PetscErrorCode HGNetSetPadding(HGNet net, HGBoundary padding)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  net->padding = padding;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetChannels - Set the channels of the network's input and output

   Logically Collective

   Input Parameters:
+  net  - the network
.  cin  - channels of the input
-  cout - channels of the output

   Level: beginner

   Errors:
   Refuses values below one.

.seealso: `HGNetSetWidth()`
@*/
PetscErrorCode HGNetSetChannels(HGNet net, PetscInt cin, PetscInt cout)
{
  PetscFunctionBegin;
  PetscCall(SetPositive(net, "input channels", cin, &net->cin));
  PetscCall(SetPositive(net, "output channels", cout, &net->cout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetGetChannels - Get the channels of a network's input and output

   Not Collective

   Input Parameter:
.  net - the network

   Output Parameters:
+  cin  - channels of the input
-  cout - channels of the output

   Level: intermediate

.seealso: `HGNetSetChannels()`
@*/
PetscErrorCode HGNetGetChannels(HGNet net, PetscInt *cin, PetscInt *cout)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  *cin  = net->cin;
  *cout = net->cout;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetRecompute - Set whether the adjoint computes most activations again instead of keeping them (activation checkpointing)

   Logically Collective

   Input Parameters:
+  net       - the network, not set up yet
-  recompute - `PETSC_FALSE` by default

   Options Database Key:
.  -net_recompute - recompute activations

   Level: intermediate

   Note:
   The layers are cut into about sqrt(n) segments (Chen et al., arXiv 1604.06174); outputs that other segments read are kept, the others of
   a segment computed again before its adjoints. The gradients are the same bit for bit, at the price of at most one more
   forward sweep.

.seealso: `HGNetSetUp()`, `HGNetView()`
@*/
PetscErrorCode HGNetSetRecompute(HGNet net, PetscBool recompute)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  net->recompute = recompute;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *const Activations[] = {"identity", "relu", "leaky_relu", "elu",      "gelu",
                                          "silu",     "tanh", "sigmoid",    "softplus", "sin"}; /* of HGActivation */
static const char *const Paddings[]    = {"zeros", "periodic", "reflect", "replicate"};         /* from HG_BOUNDARY_ZERO */
static const char *const Norms[]       = {"none", "batch", "group", "instance", "layer"};       /* from HG_NORM_NONE */

/*@
   HGNetSetFromOptions - Set a network's architecture from the options database

   Collective

   Input Parameter:
.  net - the network

   Options Database Keys:
+  -net_type cnn|unet|resnet|lenet5 - architecture
.  -net_width n                   - channels between the layers (default 16)
.  -net_depth n                   - layers, or residual blocks (default 4)
.  -net_levels n                  - grids of a U-Net (default 3)
.  -net_kernel n                  - kernel points in each direction, odd (default 3)
.  -net_activation relu|leaky_relu|elu|gelu|silu|tanh|sigmoid|softplus|sin|identity - function between the layers
.  -net_padding zeros|periodic|reflect|replicate - what lies beyond the boundary
.  -net_norm none|batch|group|instance|layer - normalisation after the inner convolutions (default none, for resnet batch)
.  -net_norm_groups n             - groups of channels of group normalisation (default 4)
.  -net_dropout p                 - share of elements that training sets to zero (default 0)
-  -net_recompute                 - compute activations again in the adjoint instead of keeping them

   Level: beginner

   Errors:
   Refuses what the setters refuse.

.seealso: `HGNetSetUp()`
@*/
PetscErrorCode HGNetSetFromOptions(HGNet net)
{
  const char *type = HGNETCNN, *current;
  PetscInt    width, depth = net->depth, levels = net->levels, kernel = net->kernel, groups = net->norm_groups;
  PetscInt    act, pad = net->padding - HG_BOUNDARY_ZERO, norm;
  PetscBool   width_set, act_set;
  PetscReal   dropout = net->dropout;
  PetscBool   norm_set;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(PetscObjectGetType((PetscObject)net, &current));
  if (current) type = current;
  PetscObjectOptionsBegin((PetscObject)net);
  PetscCall(HGOptionsType(PetscOptionsObject, "-net_type", "architecture", "HGNetSetType", HGNetList, &type, NULL));
  if (type != current) PetscCall(HGNetSetType(net, type));
  norm  = HGNetNorm(net) - HG_NORM_NONE;
  width = net->width;
  act   = net->activation;
  PetscCall(
      HGOptionsInt(PetscOptionsObject, "-net_width", "channels between the layers", "HGNetSetWidth", 1, PETSC_MAX_INT, &width, &width_set));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-net_depth", "number of layers", "HGNetSetDepth", 1, PETSC_MAX_INT, &depth, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-net_levels", "grids of a U-Net, each half as fine as the one before", "HGNetSetLevels", 1,
                         20, &levels, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-net_kernel", "kernel points in each direction, odd", "HGNetSetKernel", 1, PETSC_MAX_INT,
                         &kernel, NULL));
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-net_activation", "function between the layers", "HGNetSetActivation", Activations,
                            PETSC_STATIC_ARRAY_LENGTH(Activations), &act, &act_set));
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-net_padding", "what lies beyond the boundary", "HGNetSetPadding", Paddings,
                            PETSC_STATIC_ARRAY_LENGTH(Paddings), &pad, NULL));
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-net_norm", "normalisation after the inner convolutions", "HGNetSetNorm", Norms,
                            PETSC_STATIC_ARRAY_LENGTH(Norms), &norm, &norm_set));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-net_norm_groups", "groups of channels of group normalisation", "HGNetSetNormGroups", 1,
                         PETSC_MAX_INT, &groups, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-net_dropout", "share of elements that training sets to zero", "HGNetSetDropout", 0,
                          HG_BELOW_ONE, &dropout, NULL));
  PetscCall(HGOptionsBool(PetscOptionsObject, "-net_recompute", "compute activations again in the adjoint instead of keeping them",
                          "HGNetSetRecompute", &net->recompute, NULL));
  PetscCall(HGOptionsView(PetscOptionsObject, "-net_view", "print layers, sizes, halos, memory and messages"));
  if (net->ops->setfromoptions) PetscCall((*net->ops->setfromoptions)(net, PetscOptionsObject));
  PetscOptionsEnd();
  if (width_set) PetscCall(HGNetSetWidth(net, width));
  PetscCall(HGNetSetDepth(net, depth));
  PetscCall(HGNetSetLevels(net, levels));
  PetscCall(HGNetSetKernel(net, kernel));
  if (act_set) PetscCall(HGNetSetActivation(net, (HGActivation)act));
  PetscCall(HGNetSetPadding(net, (HGBoundary)(HG_BOUNDARY_ZERO + pad)));
  if (norm_set) PetscCall(HGNetSetNorm(net, (HGNormKind)(HG_NORM_NONE + norm)));
  PetscCall(HGNetSetNormGroups(net, groups));
  PetscCall(HGNetSetDropout(net, dropout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNetGetOptionsString - Get the options that rebuild a network's architecture

   Not Collective

   Input Parameters:
+  net - the network
-  len - length of the buffer

   Output Parameter:
.  options - the options

   Level: intermediate

   Note:
   Options of normalisation and dropout appear if there is any, or if there is none where the architecture has one by default. They have no prefix.

   Errors:
   A buffer that is too short.

.seealso: `HGModelWrite()`
@*/
PetscErrorCode HGNetGetOptionsString(HGNet net, char options[], size_t len)
{
  const char      *type;
  const HGNormKind norm       = HGNetNorm(net);
  char             groups[40] = "", more[96] = "", dropout[64] = "", short_form[32];
  size_t           used;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(PetscObjectGetType((PetscObject)net, &type));
  PetscCall(PetscSNPrintf(short_form, sizeof(short_form), "%.15g", (double)net->dropout));
  if (norm == HG_NORM_GROUP) PetscCall(PetscSNPrintf(groups, sizeof(groups), " -net_norm_groups %" PetscInt_FMT, net->norm_groups));
  if (norm != HG_NORM_NONE || net->default_norm != HG_NORM_NONE)
    PetscCall(PetscSNPrintf(more, sizeof(more), " -net_norm %s%s", Norms[norm - HG_NORM_NONE], groups));
  if (net->dropout > 0)
    PetscCall(PetscSNPrintf(dropout, sizeof(dropout), " -net_dropout %.*g", (double)net->dropout == strtod(short_form, NULL) ? 15 : 17,
                            (double)net->dropout));
  PetscCall(PetscSNPrintf(options, len,
                          "-net_type %s -net_width %" PetscInt_FMT " -net_depth %" PetscInt_FMT " -net_levels %" PetscInt_FMT
                          " -net_kernel %" PetscInt_FMT " -net_activation %s -net_padding %s%s%s",
                          type, net->width, net->depth, net->levels, net->kernel, Activations[net->activation],
                          Paddings[net->padding - HG_BOUNDARY_ZERO], more, dropout));
  if (net->ops->options) PetscCall((*net->ops->options)(net, options, len));
  PetscCall(PetscStrlen(options, &used));
  HGCheck(used + 1 < len, PetscObjectComm((PetscObject)net), "the options of the network need more than %zu characters", len);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyNode(HGNode *node)
{
  PetscFunctionBegin;
  PetscCall(HGLayerDestroy(&node->layer));
  PetscCall(HGTensorDestroy(&node->y));
  PetscCall(HGTensorDestroy(&node->dy));
  PetscCall(HGHaloWidthsDestroy(&node->halo));
  PetscCall(PetscFree(node->rectified));
  for (PetscInt k = 0; k < node->nin; k++) PetscCall(PetscFree(node->name[k]));
  PetscCall(PetscFree(node->name));
  PetscCall(PetscFree(node->in));
  PetscCall(PetscFree(node->stale));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetDestroy - Destroy a network

   Collective

   Input Parameter:
.  net - the network

   Level: beginner

.seealso: `HGNetCreate()`
@*/
PetscErrorCode HGNetDestroy(HGNet *net)
{
  PetscFunctionBegin;
  if (!*net) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(*net, HG_NET_CLASSID, 1);
  if (--((PetscObject)*net)->refct > 0) {
    *net = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt i = 0; i < (*net)->n; i++) { PetscCall(DestroyNode(&(*net)->node[i])); }
  PetscCall(PetscFree((*net)->node));
  PetscCall(HGTensorDestroy(&(*net)->x));
  PetscCall(HGHaloWidthsDestroy(&(*net)->xhalo));
  PetscCall(PetscFree((*net)->step));
  PetscCall(PetscFree((*net)->arena));
  PetscCall(HGPartitionDestroy(&(*net)->in));
  PetscCall(HGParametersDestroy(&(*net)->parameters));
  PetscCall(PetscFree((*net)->work));
  if ((*net)->ops->destroy) PetscCall((*(*net)->ops->destroy)(*net));
  PetscCall(PetscHeaderDestroy(net));
  PetscFunctionReturn(PETSC_SUCCESS);
}
