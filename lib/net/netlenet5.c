/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

/*MC
   HGNETLENET5 - LeNet-5 (LeCun et al., 1998) as in arXiv 2006.03108, section 5: two convolutions of 5 x 5 points to 6 and 16 channels, a
   maximum pooling of 2 x 2 points behind each, affine layers to 120, 84 and the output's values, ReLU between them

   Level: beginner

   Notes:
   For images of 28 x 28 points, which the first convolution pads with 2 zeros on each side, or of 32 x 32. The layers are named conv1, pool1,
   conv2, pool2, fc1, fc2, fc3; fc1 is the convolution of 5 x 5 points to 120 channels, whose one window is the whole grid. The output is a
   grid of one point.

   Convolutions and pooling keep the partition of the input. The affine layers divide outputs and inputs among a grid of ranks as square as
   possible, 2 x 2 for 4 ranks, see `HGLAYERDENSE`.

   In PyTorch: conv1 = nn.Conv2d(1, 6, 5, padding=2), conv2 = nn.Conv2d(6, 16, 5), fc1 = nn.Linear(400, 120), fc2 = nn.Linear(120, 84),
   fc3 = nn.Linear(84, 10).

.seealso: `HGNetSetType()`, `HGLAYERDENSE`
M*/

static PetscErrorCode AddStage(HGNet net, const char conv[], const char pool[], PetscInt channels, PetscInt padding)
{
  const PetscInt kernel[3] = {1, 5, 5}, pad[3] = {0, padding, padding};
  HGLayer        layer;

  PetscFunctionBegin;
  PetscCall(HGNetBuildLayer(net, HGLAYERCONV, conv, 0, NULL, &layer));
  PetscCall(HGLayerConvSetKernel(layer, channels, kernel));
  PetscCall(HGLayerConvSetPadding(layer, pad));
  PetscCall(HGLayerConvSetActivation(layer, HG_ACT_RELU));
  PetscCall(HGNetBuildLayer(net, HGLAYERPOOL, pool, 0, NULL, &layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddDense(HGNet net, const char name[], PetscInt outputs, HGActivation act)
{
  HGLayer layer;

  PetscFunctionBegin;
  PetscCall(HGNetBuildLayer(net, HGLAYERDENSE, name, 0, NULL, &layer));
  PetscCall(HGLayerDenseSetOutputs(layer, outputs));
  PetscCall(HGLayerDenseSetActivation(layer, act));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Build_LeNet5(HGNet net)
{
  PetscInt dim, size[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(net->in, &dim, size));
  HGCheck(dim == 2 && size[HG_Y] == size[HG_X] && (size[HG_X] == 28 || size[HG_X] == 32), PetscObjectComm((PetscObject)net),
          "lenet5: images of %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " points (z, y, x); LeNet-5 takes 28 x 28 or 32 x 32",
          size[HG_Z], size[HG_Y], size[HG_X]);
  PetscCall(AddStage(net, "conv1", "pool1", 6, size[HG_X] == 28 ? 2 : 0));
  PetscCall(AddStage(net, "conv2", "pool2", 16, 0));
  PetscCall(AddDense(net, "fc1", 120, HG_ACT_RELU));
  PetscCall(AddDense(net, "fc2", 84, HG_ACT_RELU));
  PetscCall(AddDense(net, "fc3", net->cout, HG_ACT_IDENTITY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGNetCreate_LeNet5(HGNet net)
{
  PetscFunctionBegin;
  net->ops->build = Build_LeNet5;
  PetscFunctionReturn(PETSC_SUCCESS);
}
