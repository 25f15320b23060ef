/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

/*MC
   HGNETUNET - a U-Net (Ronneberger et al., arXiv 1505.04597): two convolutions a level, maximum pooling down, nearest upsampling and
   concatenation with the level's own output up, a convolution of one point at the end

   Level: beginner

   Options Database Keys:
+  -net_width      - channels of the finest level; twice as many on each coarser one
.  -net_levels     - grids, each half as fine as the one before (default 3)
.  -net_kernel     - kernel points in each direction
.  -net_activation - after all convolutions but the last
.  -net_norm       - normalisation between these convolutions and their activations (default none)
.  -net_dropout    - after the second activation of each level
-  -net_padding    - what lies beyond the boundary

   Notes:
   The grid is divisible by 2^(levels - 1) along each axis. The layers are named down1_conv1, down1_conv2, pool1, ... up1_cat, up1_conv1,
   up1_conv2, out; what follows a convolution is named after it: down1_conv1_norm, down1_conv1_act, down1_conv2_drop. A convolution
   has no bias if a normalisation follows.

.seealso: `HGNetSetType()`, `HGNetSetLevels()`, `HGLAYERPOOL`, `HGLAYERUPSAMPLE`, `HGLAYERCONCAT`
M*/

#define NAME(s, ...) PetscCall(PetscSNPrintf(s, sizeof(s), __VA_ARGS__))

static PetscErrorCode AddPair(HGNet net, const char *way, PetscInt level, PetscInt channels)
{
  char name[64];

  PetscFunctionBegin;
  for (int i = 1; i <= 2; i++) {
    NAME(name, "%s%" PetscInt_FMT "_conv%d", way, level, i);
    PetscCall(HGNetBuildBlock(net, name, channels, net->activation));
  }
  PetscCall(HGNetBuildDropout(net, name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From a level's coarser neighbour back to it, whose own output is that of layer `skip` */
static PetscErrorCode AddUp(HGNet net, PetscInt level, PetscInt channels, const char skip[])
{
  char        up[64], name[64];
  const char *both[2] = {up, skip};
  HGLayer     layer;

  PetscFunctionBegin;
  NAME(up, "up%" PetscInt_FMT "_nearest", level);
  PetscCall(HGNetBuildLayer(net, HGLAYERUPSAMPLE, up, 0, NULL, &layer));
  NAME(name, "up%" PetscInt_FMT "_cat", level);
  PetscCall(HGNetBuildLayer(net, HGLAYERCONCAT, name, 2, both, &layer));
  PetscCall(AddPair(net, "up", level, channels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Build_UNet(HGNet net)
{
  PetscInt    dim, size[HG_AXES];
  char        name[64], skip[20][64]; /* [levels] */
  const char *last;
  HGLayer     layer;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(net->in, &dim, size));
  for (PetscInt a = HG_AXES - dim; a < HG_AXES; a++)
    HGCheckOptions(size[a] % (1 << (net->levels - 1)) == 0, net,
                   "unet: %" PetscInt_FMT " points along %s cannot be halved %" PetscInt_FMT
                   " times; choose another grid or a smaller -net_levels",
                   size[a], HGAxisNames[a], net->levels - 1);
  for (PetscInt l = 1; l <= net->levels; l++) {
    PetscCall(AddPair(net, "down", l, net->width << (l - 1)));
    if (l == net->levels) break;
    PetscCall(HGNetGetLastName(net, &last));
    NAME(skip[l - 1], "%s", last);
    NAME(name, "pool%" PetscInt_FMT, l);
    PetscCall(HGNetBuildLayer(net, HGLAYERPOOL, name, 0, NULL, &layer));
  }
  for (PetscInt l = net->levels - 1; l >= 1; l--) PetscCall(AddUp(net, l, net->width << (l - 1), skip[l - 1]));
  PetscCall(HGNetBuildConv(net, "out", net->cout, 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGNetCreate_UNet(HGNet net)
{
  PetscFunctionBegin;
  net->ops->build   = Build_UNet;
  net->default_norm = HG_NORM_NONE;
  PetscFunctionReturn(PETSC_SUCCESS);
}
