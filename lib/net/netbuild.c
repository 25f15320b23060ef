/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

/* What the built-in architectures are made of */

/* A layer named `name` that reads the n layers `from`, or the layer before if n is 0; the network keeps it */
PetscErrorCode HGNetBuildLayer(HGNet net, HGLayerType type, const char name[], PetscInt n, const char *const from[], HGLayer *layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCreate(PetscObjectComm((PetscObject)net), layer));
  PetscCall(PetscObjectSetName((PetscObject)*layer, name));
  PetscCall(HGLayerSetType(*layer, type));
  if (n) PetscCall(HGNetAddLayerTo(net, *layer, n, from));
  else PetscCall(HGNetAddLayer(net, *layer));
  PetscCall(PetscObjectDereference((PetscObject)*layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A convolution of k points along each axis of the grid, with the network's padding */
PetscErrorCode HGNetBuildConv(HGNet net, const char name[], PetscInt cout, PetscInt k, HGActivation act)
{
  const HGBoundary b[3] = {net->padding, net->padding, net->padding};
  PetscInt         dim, kernel[3];
  HGLayer          layer;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(net->in, &dim, NULL));
  for (int a = 0; a < 3; a++) kernel[a] = a >= 3 - dim ? k : 1;
  PetscCall(HGNetBuildLayer(net, HGLAYERCONV, name, 0, NULL, &layer));
  PetscCall(HGLayerConvSetKernel(layer, cout, kernel));
  PetscCall(HGLayerConvSetBoundary(layer, b));
  PetscCall(HGLayerConvSetActivation(layer, act));
  PetscFunctionReturn(PETSC_SUCCESS);
}
