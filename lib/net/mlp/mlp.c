/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/mlp/mlp_impl.h"

/*MC
   HGNETMLP - a multilayer perceptron of the channels at each point: `-net_depth` hidden affine layers of `-net_width` neurons, a smooth activation after each,
   and an affine layer at the end

   Level: beginner

   Options Database Keys:
+  -net_width      - neurons of a hidden layer (default 32)
.  -net_depth      - hidden layers
.  -net_activation - tanh (default), sin, gelu, silu or softplus
-  -net_periodic   - input channels, coordinates in [-1, 1], in which the output is periodic

   Notes:
   The input's channels are the coordinates (x, t, ...) of a point, brought to [-1, 1] like other normalised data, and the output's the unknowns there. Such a
   network is trained for an equation at points instead of for data on a grid; its derivatives by the coordinates are analytic (`HGNetEvaluateJets()`).
   The layers are named fc1, fc2, ..., with the weights of PyTorch's Linear; fc1_act follows fc1. Periodic coordinates first pass the layer `periodic`.

.seealso: `HGNetSetType()`, `HGNetSetUpJets()`, `HGLAYERLINEAR`, `HGLAYERPERIODIC`
M*/

static PetscErrorCode CheckSmooth(HGNet net)
{
  const HGActivation a = net->activation;

  PetscFunctionBegin;
  /* the adjoint of a second derivative takes the third */
  HGCheck(
      a == HG_ACT_TANH || a == HG_ACT_SIN || a == HG_ACT_GELU || a == HG_ACT_SILU || a == HG_ACT_SOFTPLUS,
      PetscObjectComm((PetscObject)net),
      "a network of coordinates needs a function with smooth second derivatives; choose -net_activation tanh, sin, gelu, silu or softplus");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddPeriodic(HGNet net, const HGMLP *m)
{
  HGLayer   layer;
  PetscBool is[16] = {PETSC_FALSE}, any = PETSC_FALSE;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < HG_JET_MAX_DIM; i++) {
    HGCheck(!m->periodic[i] || i < net->cin, PetscObjectComm((PetscObject)net),
            "-net_periodic %" PetscInt_FMT ": the network has %" PetscInt_FMT " coordinates, counted from 0", i, net->cin);
    is[i] = m->periodic[i];
    if (is[i]) any = PETSC_TRUE;
  }
  if (!any) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGNetBuildLayer(net, HGLAYERPERIODIC, "periodic", 0, NULL, &layer));
  PetscCall(HGLayerPeriodicSetChannels(layer, is));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Build_MLP(HGNet net)
{
  HGLayer layer;
  char    name[32];

  PetscFunctionBegin;
  PetscCall(CheckSmooth(net));
  PetscCall(AddPeriodic(net, (HGMLP *)net->data));
  for (PetscInt i = 1; i <= net->depth + 1; i++) {
    PetscCall(PetscSNPrintf(name, sizeof(name), "fc%" PetscInt_FMT, i));
    PetscCall(HGNetBuildLayer(net, HGLAYERLINEAR, name, 0, NULL, &layer));
    PetscCall(HGLayerLinearSetOutputs(layer, i > net->depth ? net->cout : net->width));
    if (i <= net->depth) PetscCall(HGNetBuildActivation(net, name, net->activation));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetFromOptions_MLP(HGNet net, HGOptionItems PetscOptionsObject)
{
  HGMLP    *m                       = (HGMLP *)net->data;
  PetscInt  channel[HG_JET_MAX_DIM] = {-1}, n = 0;
  PetscBool set, periodic[HG_JET_MAX_DIM]     = {PETSC_FALSE};

  PetscFunctionBegin;
  PetscCall(HGOptionsIntArray(PetscOptionsObject, "-net_periodic", "coordinates in which the output is periodic, counted from 0",
                              "HGNetMLPSetPeriodic", 0, HG_JET_MAX_DIM - 1, 1, HG_JET_MAX_DIM, channel, &n, &set));
  if (!set) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt i = 0; i < n; i++) periodic[channel[i]] = PETSC_TRUE;
  PetscCall(PetscArraycpy(m->periodic, periodic, HG_JET_MAX_DIM));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetMLPAddPeriodic - Add coordinates in which the output of a multilayer perceptron is periodic

   Logically Collective

   Input Parameters:
+  net      - the network, of type `HGNETMLP`
.  n        - how many coordinates are told of
-  periodic - for each whether it is; those that were periodic before stay so

   Level: intermediate

   Shape:
   periodic [n]

.seealso: `HGNetMLPSetPeriodic()`
@*/
PetscErrorCode HGNetMLPAddPeriodic(HGNet net, PetscInt n, const PetscBool periodic[])
{
  PetscBool all[HG_JET_MAX_DIM], mlp;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)net, HGNETMLP, &mlp));
  if (!mlp) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscArraycpy(all, ((HGMLP *)net->data)->periodic, HG_JET_MAX_DIM));
  for (PetscInt i = 0; i < PetscMin(n, HG_JET_MAX_DIM); i++) all[i] = all[i] || periodic[i] ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(HGNetMLPSetPeriodic(net, all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetMLPSetPeriodic - Set in which coordinates the output of a multilayer perceptron is periodic

   Logically Collective

   Input Parameters:
+  net      - the network, of type `HGNETMLP`
-  periodic - for each of 4 coordinates whether it is

   Options Database Key:
.  -net_periodic i,j,... - the coordinates, counted from 0

   Level: intermediate

   Shape:
   periodic [4]

.seealso: `HGNETMLP`
@*/
PetscErrorCode HGNetMLPSetPeriodic(HGNet net, const PetscBool periodic[])
{
  PetscBool mlp;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)net, HGNETMLP, &mlp));
  PetscCheck(mlp, PetscObjectComm((PetscObject)net), PETSC_ERR_ARG_WRONG, "the network is no mlp");
  PetscCall(PetscArraycpy(((HGMLP *)net->data)->periodic, periodic, HG_JET_MAX_DIM));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Options_MLP(HGNet net, char text[], size_t len)
{
  const HGMLP *m = (HGMLP *)net->data;
  char         item[32];
  PetscBool    first = PETSC_TRUE;

  PetscFunctionBegin;
  for (int i = 0; i < HG_JET_MAX_DIM; i++) {
    if (!m->periodic[i]) continue;
    PetscCall(PetscSNPrintf(item, sizeof(item), "%s%d", first ? " -net_periodic " : ",", i));
    PetscCall(PetscStrlcat(text, item, len));
    first = PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetParameters_MLP(HGNet net)
{
  PetscFunctionBegin;
  ((HGMLP *)net->data)->current = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_MLP(HGNet net)
{
  PetscFunctionBegin;
  PetscCall(HGMLPDestroyJets((HGMLP *)net->data));
  PetscCall(PetscFree(net->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGNetCreate_MLP(HGNet net)
{
  HGMLP *m;

  PetscFunctionBegin;
  PetscCall(PetscNew(&m));
  net->data                = m;
  net->ops->build          = Build_MLP;
  net->ops->setfromoptions = SetFromOptions_MLP;
  net->ops->options        = Options_MLP;
  net->ops->setupjets      = HGMLPSetUpJets;
  net->ops->evaluatejets   = HGMLPEvaluateJets;
  net->ops->setparameters  = SetParameters_MLP;
  net->ops->adjointbegin   = HGMLPAdjointBegin;
  net->ops->adjointend     = HGMLPAdjointEnd;
  net->ops->destroy        = Destroy_MLP;
  net->default_norm        = HG_NORM_NONE;
  if (!net->width_set) net->width = 32;
  if (!net->activation_set) net->activation = HG_ACT_TANH;
  PetscFunctionReturn(PETSC_SUCCESS);
}
