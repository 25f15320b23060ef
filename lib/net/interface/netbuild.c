/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

/* What the built-in architectures are made of */

/* A layer named `name` that reads the n layers `from`, or the layer before if n is 0; the network keeps it */
PetscErrorCode HGNetBuildLayer(HGNet net, HGLayerType type, const char name[], PetscInt n, const char *const from[], HGLayer *layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCreate(PetscObjectComm((PetscObject)net), layer));
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)*layer, ((PetscObject)net)->prefix)); /* for messages */
  PetscCall(PetscObjectSetName((PetscObject)*layer, name));
  PetscCall(HGLayerSetType(*layer, type));
  if (n) PetscCall(HGNetAddLayerTo(net, *layer, n, from));
  else PetscCall(HGNetAddLayer(net, *layer));
  PetscCall(PetscObjectDereference((PetscObject)*layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Name of the layer that was added last; it belongs to the layer */
PetscErrorCode HGNetGetLastName(HGNet net, const char *name[])
{
  PetscFunctionBegin;
  PetscCall(PetscObjectGetName((PetscObject)net->node[net->n - 1].layer, name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddConv(HGNet net, const char name[], PetscInt cout, PetscInt k, HGLayer *layer)
{
  const HGBoundary b[3] = {net->padding, net->padding, net->padding};
  PetscInt         dim, kernel[3];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(net->in, &dim, NULL));
  for (int a = 0; a < 3; a++) kernel[a] = a >= 3 - dim ? k : 1;
  PetscCall(HGNetBuildLayer(net, HGLAYERCONV, name, 0, NULL, layer));
  PetscCall(HGLayerConvSetKernel(*layer, cout, kernel));
  PetscCall(HGLayerConvSetBoundary(*layer, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A convolution of k points along each axis of the grid, with the network's padding, and nothing after it */
PetscErrorCode HGNetBuildConv(HGNet net, const char name[], PetscInt cout, PetscInt k)
{
  HGLayer layer;

  PetscFunctionBegin;
  PetscCall(AddConv(net, name, cout, k, &layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The function as a layer of its own, NAME_act, unless it is one that the layer before has applied */
PetscErrorCode HGNetBuildActivation(HGNet net, const char name[], HGActivation act)
{
  char    own[128];
  HGLayer layer;

  PetscFunctionBegin;
  if (act == HG_ACT_IDENTITY || act == HG_ACT_RELU) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(own, sizeof(own), "%s_act", name));
  PetscCall(HGNetBuildLayer(net, HGLAYERACTIVATION, own, 0, NULL, &layer));
  PetscCall(HGLayerActivationSetFunction(layer, act, act == HG_ACT_ELU ? 1 : 0.01));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A layer NAME_drop, if the network has dropout */
PetscErrorCode HGNetBuildDropout(HGNet net, const char name[])
{
  char    own[128];
  HGLayer layer;

  PetscFunctionBegin;
  if (net->dropout == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(own, sizeof(own), "%s_drop", name));
  PetscCall(HGNetBuildLayer(net, HGLAYERDROPOUT, own, 0, NULL, &layer));
  PetscCall(HGLayerDropoutSetProbability(layer, net->dropout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A convolution of the network's kernel, its normalisation NAME_norm if there is one, and a function. In front of a normalisation a bias would
   be subtracted again (batch, instance) or repeat that of the normalisation: there is none. */
PetscErrorCode HGNetBuildBlock(HGNet net, const char name[], PetscInt cout, HGActivation act)
{
  const HGActivation fused = act == HG_ACT_RELU ? act : HG_ACT_IDENTITY;
  char               own[128];
  HGLayer            conv, norm;

  PetscFunctionBegin;
  PetscCall(AddConv(net, name, cout, net->kernel, &conv));
  if (HGNetNorm(net) == HG_NORM_NONE) PetscCall(HGLayerConvSetActivation(conv, fused));
  else {
    PetscCall(HGLayerConvSetBias(conv, PETSC_FALSE));
    PetscCall(PetscSNPrintf(own, sizeof(own), "%s_norm", name));
    PetscCall(HGNetBuildLayer(net, HGLAYERNORM, own, 0, NULL, &norm));
    PetscCall(HGLayerNormSetKind(norm, HGNetNorm(net)));
    PetscCall(HGLayerNormSetGroups(norm, net->norm_groups));
    PetscCall(HGLayerNormSetActivation(norm, fused));
  }
  PetscCall(HGNetBuildActivation(net, name, act));
  PetscFunctionReturn(PETSC_SUCCESS);
}
