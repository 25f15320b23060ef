/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/conv_impl.h"

/* What a user sets of a convolution */

static PetscErrorCode GetConv(HGLayer layer, HGConv **c)
{
  PetscBool same;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)layer, HGLAYERCONV, &same));
  PetscCheck(same, PetscObjectComm((PetscObject)layer), PETSC_ERR_ARG_WRONG, "%s is no convolution; use HGLayerSetType() first",
             ((PetscObject)layer)->name);
  *c = (HGConv *)layer->data;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetAtLeast(HGLayer layer, const char *what, PetscInt least, const PetscInt v[], PetscInt to[])
{
  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) {
    HGCheck(v[a] >= least, PetscObjectComm((PetscObject)layer), "%s: a %s of %" PetscInt_FMT "; it is at least %" PetscInt_FMT,
            ((PetscObject)layer)->name, what, v[a], least);
    to[a] = v[a];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerConvSetKernel - Set output channels and kernel size of a convolution

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERCONV`
.  cout  - output channels
-  k     - kernel points along z, y, x

   Level: intermediate

   Shape:
   weight [C_out][C_in / groups][kz][ky][kx], of a transposed convolution [C_in][C_out / groups][kz][ky][kx]; bias [C_out]

   Errors:
   Refuses values below one.

.seealso: `HGLAYERCONV`
@*/
PetscErrorCode HGLayerConvSetKernel(HGLayer layer, PetscInt cout, const PetscInt k[])
{
  HGConv *c = NULL;

  PetscFunctionBegin;
  PetscCall(GetConv(layer, &c));
  HGCheck(cout >= 1, PetscObjectComm((PetscObject)layer), "%s: %" PetscInt_FMT " output channels; a convolution has at least 1",
          ((PetscObject)layer)->name, cout);
  c->cout = cout;
  PetscCall(SetAtLeast(layer, "kernel", 1, k, c->stencil.kernel));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerConvSetStride - Set how many input points lie between those under neighbouring output points

   Logically Collective

   Input Parameters:
+  layer  - the layer, of type `HGLAYERCONV`
-  stride - along z, y, x (default 1)

   Level: intermediate

   Errors:
   Refuses values below one.

.seealso: `HGLAYERCONV`
@*/
PetscErrorCode HGLayerConvSetStride(HGLayer layer, const PetscInt stride[])
{
  HGConv *c = NULL;

  PetscFunctionBegin;
  PetscCall(GetConv(layer, &c));
  PetscCall(SetAtLeast(layer, "stride", 1, stride, c->stencil.stride));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerConvSetDilation - Set how many input points lie between those under neighbouring taps

   Logically Collective

   Input Parameters:
+  layer    - the layer, of type `HGLAYERCONV`
-  dilation - along z, y, x (default 1)

   Level: intermediate

   Errors:
   Refuses values below one.

.seealso: `HGLAYERCONV`
@*/
PetscErrorCode HGLayerConvSetDilation(HGLayer layer, const PetscInt dilation[])
{
  HGConv *c = NULL;

  PetscFunctionBegin;
  PetscCall(GetConv(layer, &c));
  PetscCall(SetAtLeast(layer, "dilation", 1, dilation, c->stencil.dilation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerConvSetPadding - Set how many points a convolution reads beyond each boundary of the grid

   Logically Collective

   Input Parameters:
+  layer   - the layer, of type `HGLAYERCONV`
-  padding - along z, y, x; NULL: as many as keep the grid for stride 1 ("same", the default), of even kernels one more above than below

   Level: intermediate

   Note:
   No padding ("valid") is 0. A transposed convolution leaves out as many points of its output.

   Errors:
   Refuses negative values.

.seealso: `HGLAYERCONV`
@*/
PetscErrorCode HGLayerConvSetPadding(HGLayer layer, const PetscInt padding[])
{
  HGConv *c = NULL;

  PetscFunctionBegin;
  PetscCall(GetConv(layer, &c));
  c->same = padding ? PETSC_FALSE : PETSC_TRUE;
  if (padding) PetscCall(SetAtLeast(layer, "padding", 0, padding, c->stencil.padding));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerConvSetGroups - Divide the channels into groups that do not mix

   Logically Collective

   Input Parameters:
+  layer  - the layer, of type `HGLAYERCONV`
-  groups - their number (default 1), which divides input and output channels; as many as input channels: depthwise

   Level: intermediate

   Errors:
   Refuses values below one; `HGLayerSetUp()` refuses groups that do not divide the channels.

.seealso: `HGLAYERCONV`
@*/
PetscErrorCode HGLayerConvSetGroups(HGLayer layer, PetscInt groups)
{
  HGConv *c = NULL;

  PetscFunctionBegin;
  PetscCall(GetConv(layer, &c));
  HGCheck(groups >= 1, PetscObjectComm((PetscObject)layer), "%s: %" PetscInt_FMT " groups; a convolution has at least 1",
          ((PetscObject)layer)->name, groups);
  c->groups = groups;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerConvSetBias - Set whether a bias is added

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERCONV`
-  bias  - `PETSC_TRUE` by default

   Level: intermediate

.seealso: `HGLAYERCONV`
@*/
PetscErrorCode HGLayerConvSetBias(HGLayer layer, PetscBool bias)
{
  HGConv *c = NULL;

  PetscFunctionBegin;
  PetscCall(GetConv(layer, &c));
  c->bias = bias;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerConvSetTransposed - Make a layer the adjoint of a convolution, from the coarse to the fine grid

   Logically Collective

   Input Parameters:
+  layer      - the layer, of type `HGLAYERCONV`
.  transposed - `PETSC_FALSE` by default
-  more       - further output points above, along z, y, x, as PyTorch's output_padding; NULL: none

   Level: intermediate

   Note:
   Padding is zero unless set.

   Errors:
   Refuses negative values; `HGLayerSetUp()` refuses those that are neither below the stride nor below the dilation.

.seealso: `HGLAYERCONV`
@*/
PetscErrorCode HGLayerConvSetTransposed(HGLayer layer, PetscBool transposed, const PetscInt more[])
{
  HGConv *c = NULL;

  PetscFunctionBegin;
  PetscCall(GetConv(layer, &c));
  c->transposed = transposed;
  PetscCall(PetscArrayzero(c->more, 3));
  if (more) PetscCall(SetAtLeast(layer, "output padding", 0, more, c->more));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerConvSetActivation - Set the activation that a convolution applies to its output

   Logically Collective

   Input Parameters:
+  layer      - the layer, of type `HGLAYERCONV`
-  activation - `HG_ACT_IDENTITY` (default) or `HG_ACT_RELU`

   Level: intermediate

   Errors:
   Refuses other functions: they are layers of their own.

.seealso: `HGLAYERCONV`
@*/
PetscErrorCode HGLayerConvSetActivation(HGLayer layer, HGActivation activation)
{
  HGConv *c = NULL;

  PetscFunctionBegin;
  PetscCall(GetConv(layer, &c));
  (void)c;
  HGCheck(activation == HG_ACT_IDENTITY || activation == HG_ACT_RELU, PetscObjectComm((PetscObject)layer),
          "%s: a convolution applies relu or nothing itself; add a layer of type activation for another function",
          ((PetscObject)layer)->name);
  layer->activation = activation;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerConvSetBoundary - Set what a convolution reads beyond the boundary of the grid

   Logically Collective

   Input Parameters:
+  layer    - the layer, of type `HGLAYERCONV`
-  boundary - for z, y, x: `HG_BOUNDARY_ZERO` (default), `HG_BOUNDARY_PERIODIC`, `HG_BOUNDARY_REFLECT` or `HG_BOUNDARY_REPLICATE`

   Level: intermediate

   Errors:
   Refuses `HG_BOUNDARY_NONE`; `HGLayerSetUp()` refuses others than zeros for a transposed convolution.

.seealso: `HGLAYERCONV`
@*/
PetscErrorCode HGLayerConvSetBoundary(HGLayer layer, const HGBoundary boundary[])
{
  HGConv *c = NULL;

  PetscFunctionBegin;
  PetscCall(GetConv(layer, &c));
  for (int a = 0; a < 3; a++) {
    HGCheck(boundary[a] != HG_BOUNDARY_NONE, PetscObjectComm((PetscObject)layer),
            "%s: a convolution pads with something; set the padding to 0 for none", ((PetscObject)layer)->name);
    c->boundary[a] = boundary[a];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
