/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

/*MC
   HGNETRESNET - residual blocks on one grid (He et al., arXiv 1512.03385), in one, two or three dimensions

   Level: beginner

   Options Database Keys:
+  -net_width      - channels between the first and the last convolution
.  -net_depth      - number of residual blocks
.  -net_kernel     - kernel points in each direction
.  -net_activation - the function act below
.  -net_norm       - the normalisation norm below (default batch)
.  -net_dropout    - share of elements that training sets to zero inside the blocks
-  -net_padding    - what lies beyond the boundary

   Notes:
   With conv(c) a convolution to c channels of stride 1 whose output has the points of its input, the network is
.vb
   h = act(norm(conv(width)(x)))                                     lift, lift_norm, lift_act
   for i = 1 ... depth:
     r = dropout(act(norm(conv(width)(h))))                          block1_conv1, block1_conv1_norm, block1_conv1_act, block1_conv1_drop
     r = norm(conv(width)(r))                                        block1_conv2, block1_conv2_norm
     h = act(h + r)                                                  block1_add, block1_add_act
   y = conv(output channels)(h)                                      project, of one kernel point, with a bias
.ve
   on the right the names of the layers. Convolutions that a normalisation follows have no bias, with `-net_norm none` all have one. relu is applied
   by the layer before, so that there is no layer lift_act then; without dropout there is no block1_conv1_drop.

   In PyTorch conv(c) is torch.nn.Conv2d(..., kernel, padding=kernel // 2, padding_mode=..., bias=...), norm one of torch.nn.BatchNorm2d(width),
   GroupNorm(norm_groups, width), InstanceNorm2d(width, affine=True), GroupNorm(1, width), and dropout torch.nn.Dropout(p), with
   their default arguments. A model file has the arrays under these names of layers.

.seealso: `HGNetSetType()`, `HGNetSetNorm()`, `HGNetSetDropout()`, `HGLAYERNORM`, `HGLAYERADD`
M*/

#define NAME(s, ...) PetscCall(PetscSNPrintf(s, sizeof(s), __VA_ARGS__))

static PetscErrorCode AddResidualBlock(HGNet net, PetscInt i)
{
  char        name[64], skip[64], sum[64];
  const char *last, *both[2] = {skip, NULL};
  HGLayer     add;

  PetscFunctionBegin;
  PetscCall(HGNetGetLastName(net, &last));
  NAME(skip, "%s", last);
  NAME(name, "block%" PetscInt_FMT "_conv1", i);
  PetscCall(HGNetBuildBlock(net, name, net->width, net->activation));
  PetscCall(HGNetBuildDropout(net, name));
  NAME(name, "block%" PetscInt_FMT "_conv2", i);
  PetscCall(HGNetBuildBlock(net, name, net->width, HG_ACT_IDENTITY));
  PetscCall(HGNetGetLastName(net, &both[1]));
  NAME(sum, "block%" PetscInt_FMT "_add", i);
  PetscCall(HGNetBuildLayer(net, HGLAYERADD, sum, 2, both, &add));
  if (net->activation == HG_ACT_RELU) PetscCall(HGLayerAddSetActivation(add, HG_ACT_RELU));
  PetscCall(HGNetBuildActivation(net, sum, net->activation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Build_ResNet(HGNet net)
{
  PetscFunctionBegin;
  PetscCall(HGNetBuildBlock(net, "lift", net->width, net->activation));
  for (PetscInt i = 1; i <= net->depth; i++) PetscCall(AddResidualBlock(net, i));
  PetscCall(HGNetBuildConv(net, "project", net->cout, 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGNetCreate_ResNet(HGNet net)
{
  PetscFunctionBegin;
  net->ops->build   = Build_ResNet;
  net->default_norm = HG_NORM_BATCH;
  PetscFunctionReturn(PETSC_SUCCESS);
}
