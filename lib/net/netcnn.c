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

static PetscErrorCode Build_CNN(HGNet net)
{
  char name[32];

  PetscFunctionBegin;
  for (PetscInt i = 1; i <= net->depth; i++) {
    const PetscBool last = i == net->depth ? PETSC_TRUE : PETSC_FALSE;

    PetscCall(PetscSNPrintf(name, sizeof(name), "conv%" PetscInt_FMT, i));
    PetscCall(HGNetBuildConv(net, name, last ? net->cout : net->width, net->kernel, last ? HG_ACT_IDENTITY : net->activation));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGNetCreate_CNN(HGNet net)
{
  PetscFunctionBegin;
  net->ops->build = Build_CNN;
  PetscFunctionReturn(PETSC_SUCCESS);
}
