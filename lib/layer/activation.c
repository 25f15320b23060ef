/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layerfield.h"

/*MC
   HGLAYERACTIVATION - a function of each element: relu, leaky_relu, elu, gelu, silu, tanh, sigmoid, softplus, sin

   Level: intermediate

   Notes:
   y = f(x), as PyTorch's functions of these names; gelu is x times the normal distribution function (not its approximation by tanh).
   A convolution, a normalisation and a sum apply relu themselves in the same pass.

.seealso: `HGLayerActivationSetFunction()`, `HGLayerConvSetActivation()`
M*/

typedef struct {
  HGActivation          f;
  PetscReal             parameter;
  const HGFieldKernels *kernels;
  void                 *threshold;
} Activation;

/*@
   HGLayerActivationSetFunction - Set the function of an activation layer

   Logically Collective

   Input Parameters:
+  layer     - the layer, of type `HGLAYERACTIVATION`
.  f         - the function (default `HG_ACT_RELU`)
-  parameter - slope of leaky_relu below zero, alpha of elu; not negative. Others have none.

   Level: intermediate

   Errors:
   Refuses negative parameters.

.seealso: `HGLAYERACTIVATION`
@*/
PetscErrorCode HGLayerActivationSetFunction(HGLayer layer, HGActivation f, PetscReal parameter)
{
  Activation *a;

  PetscFunctionBegin;
  PetscCall(HGLayerCheckType(layer, HGLAYERACTIVATION));
  HGCheck(parameter >= 0, PetscObjectComm((PetscObject)layer), "%s: a parameter of %g; slopes and alphas of activations are not negative",
          ((PetscObject)layer)->name, (double)parameter);
  a            = (Activation *)layer->data;
  a->f         = f;
  a->parameter = parameter;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The derivative needs x or y, whichever HGActivationKeepsOutput() says; the sign of y tells that of x */
static PetscErrorCode SetUp_Activation(HGLayer layer)
{
  Activation *a = (Activation *)layer->data;

  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGLayerCreateOutputLikeInput(layer));
  layer->needs_y      = HGActivationKeepsOutput(a->f) && a->f != HG_ACT_IDENTITY ? PETSC_TRUE : PETSC_FALSE;
  layer->in[0].needed = HGActivationKeepsOutput(a->f) ? PETSC_FALSE : PETSC_TRUE;
  layer->in[0].masks  = PETSC_TRUE;
  PetscCall(HGLayerGetFieldKernels(layer, &a->kernels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Activation(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &((Activation *)layer->data)->threshold));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forward_Activation(HGLayer layer, PetscInt nb)
{
  const Activation    *a = (Activation *)layer->data;
  const HGTensorLocal *x, *y;
  HGFieldShape         s;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(layer->in[0].x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  s = HGFieldShapeOf(x, y, nb);
  (*a->kernels->activate)(a->f, (double)a->parameter, &s, x->owned, y->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Activation(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  const Activation    *a = (Activation *)layer->data;
  HGLayerAdjointFields f;

  PetscFunctionBegin;
  (void)type, (void)dp;
  PetscCall(HGLayerGetAdjointFields(layer, nb, a->threshold, &f));
  if (!f.wanted) PetscFunctionReturn(PETSC_SUCCESS);
  (*a->kernels->activate_adjoint)(a->f, (double)a->parameter, &f.shape, HGActivationKeepsOutput(a->f) ? f.y->owned : f.x->owned,
                                  f.dy->owned, &f.store, f.dx->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Activation(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(((Activation *)layer->data)->threshold));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Activation(HGLayer layer)
{
  Activation *a;

  PetscFunctionBegin;
  PetscCall(PetscNew(&a));
  a->f                   = HG_ACT_RELU;
  layer->data            = a;
  layer->ops->setup      = SetUp_Activation;
  layer->ops->settensors = SetTensors_Activation;
  layer->ops->forward    = Forward_Activation;
  layer->ops->adjoint    = Adjoint_Activation;
  layer->ops->destroy    = Destroy_Activation;
  PetscFunctionReturn(PETSC_SUCCESS);
}
