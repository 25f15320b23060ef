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
.  -net_norm       - normalisation between these convolutions and their activations (default none)
.  -net_dropout    - after the activations
-  -net_padding    - what lies beyond the boundary

   Notes:
   The convolutions are named conv1, conv2, ...; what follows conv1 is conv1_norm, conv1_act, conv1_drop. A convolution has no
   bias if a normalisation follows.

.seealso: `HGNetSetType()`, `HGLAYERCONV`, `HGNetSetNorm()`, `HGNetSetDropout()`
M*/

static PetscErrorCode Build_CNN(HGNet net)
{
  char name[32];

  PetscFunctionBegin;
  for (PetscInt i = 1; i <= net->depth; i++) {
    PetscCall(PetscSNPrintf(name, sizeof(name), "conv%" PetscInt_FMT, i));
    if (i == net->depth) PetscCall(HGNetBuildConv(net, name, net->cout, net->kernel));
    else {
      PetscCall(HGNetBuildBlock(net, name, net->width, net->activation));
      PetscCall(HGNetBuildDropout(net, name));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGNetCreate_CNN(HGNet net)
{
  PetscFunctionBegin;
  net->ops->build   = Build_CNN;
  net->default_norm = HG_NORM_NONE;
  PetscFunctionReturn(PETSC_SUCCESS);
}
