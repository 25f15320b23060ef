/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

/*MC
   HGNETCNN - `-net_depth` convolutions: input -> width -> ... -> width -> output channels, an activation after all but the last

   Level: beginner

   Options Database Keys:
+  -net_width      - channels between the layers
.  -net_depth      - number of convolutions
.  -net_kernel     - kernel points in each direction
.  -net_activation - after all convolutions but the last
-  -net_padding    - what lies beyond the boundary

   Note:
   The layers are named conv1, conv2, ...

.seealso: `HGNetSetType()`, `HGLAYERCONV`
M*/

static PetscErrorCode AddConv(HGNet net, PetscInt number, PetscInt dim)
{
  const PetscBool  last    = number == net->depth ? PETSC_TRUE : PETSC_FALSE;
  const PetscInt   k[3]    = {dim > 2 ? net->kernel : 1, dim > 1 ? net->kernel : 1, net->kernel};
  const HGBoundary b[3]    = {net->padding, net->padding, net->padding};
  char             name[32];
  HGLayer          layer;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(name, sizeof(name), "conv%" PetscInt_FMT, number));
  PetscCall(HGLayerCreate(PetscObjectComm((PetscObject)net), &layer));
  PetscCall(PetscObjectSetName((PetscObject)layer, name));
  PetscCall(HGLayerSetType(layer, HGLAYERCONV));
  PetscCall(HGLayerConvSetKernel(layer, last ? net->cout : net->width, k));
  PetscCall(HGLayerConvSetBoundary(layer, b));
  PetscCall(HGLayerConvSetActivation(layer, last ? HG_ACT_IDENTITY : net->activation));
  PetscCall(HGNetAddLayer(net, layer));
  PetscCall(HGLayerDestroy(&layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Build_CNN(HGNet net)
{
  PetscInt dim;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(net->in, &dim, NULL));
  for (PetscInt i = 1; i <= net->depth; i++) PetscCall(AddConv(net, i, dim));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGNetCreate_CNN(HGNet net)
{
  PetscFunctionBegin;
  net->ops->build = Build_CNN;
  PetscFunctionReturn(PETSC_SUCCESS);
}
