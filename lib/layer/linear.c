/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/conv_impl.h"
#include "layer/layerfield.h"

/*MC
   HGLAYERLINEAR - an affine map of the channels at each point: y[n][p][o] = b[o] + sum_i w[o][i] x[n][p][i]

   Level: intermediate

   Notes:
   A convolution of one point, with the weights of PyTorch's Linear, which is applied to the channels of each point. Its initial weights are uniform
   with variance 2 / (in + out) and its initial biases zero (Glorot and Bengio, AISTATS 2010, eq. 16). `HGLAYERDENSE` is the affine map of all values of a
   sample.

   Shape:
   weight [C_out][C_in], bias [C_out]

.seealso: `HGLayerLinearSetOutputs()`, `HGLAYERCONV`, `HGNETMLP`
M*/

/*@
   HGLayerLinearSetOutputs - Set the output channels of an affine map of channels

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERLINEAR`
-  cout  - output channels

   Level: intermediate

   Errors:
   Refuses values below one.

.seealso: `HGLAYERLINEAR`
@*/
PetscErrorCode HGLayerLinearSetOutputs(HGLayer layer, PetscInt cout)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERLINEAR));
  HGCheck(cout >= 1, PetscObjectComm((PetscObject)layer), "%s: %" PetscInt_FMT " output channels; an affine map has at least 1",
          ((PetscObject)layer)->name, cout);
  ((HGConv *)layer->data)->cout = cout;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Linear(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCreate_Conv(layer));
  ((HGConv *)layer->data)->pointwise = PETSC_TRUE;
  for (int a = 0; a < 3; a++) ((HGConv *)layer->data)->stencil.kernel[a] = 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}
