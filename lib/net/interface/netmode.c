/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

/* Normalisation and dropout of the built-in architectures, and how a network behaves: as in training or as in evaluation */

/* The normalisation that holds: the one chosen, or the architecture's own */
HGNormKind HGNetNorm(HGNet net)
{
  return net->norm_set ? net->norm : net->default_norm;
}

/*@
   HGNetSetNorm - Set the normalisation that follows the inner convolutions

   Logically Collective

   Input Parameters:
+  net  - the network
-  norm - `HG_NORM_NONE`, `HG_NORM_BATCH`, `HG_NORM_GROUP`, `HG_NORM_INSTANCE` or `HG_NORM_LAYER`

   Options Database Key:
.  -net_norm none|batch|group|instance|layer - the normalisation (default none, for resnet batch)

   Level: beginner

   Notes:
   It stands between a convolution and its activation, and the convolution has no bias then. The last convolution has none.

   Batch normalisation uses the statistics of the whole distributed mini-batch in training, and running averages in evaluation, which are in
   the model file.

.seealso: `HGLAYERNORM`, `HGNetSetNormGroups()`, `HGNetSetTraining()`
@*/
PetscErrorCode HGNetSetNorm(HGNet net, HGNormKind norm)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  net->norm     = norm;
  net->norm_set = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetNormGroups - Set the number of groups of channels of group normalisation

   Logically Collective

   Input Parameters:
+  net    - the network
-  groups - how many

   Options Database Key:
.  -net_norm_groups n - how many (default 4)

   Level: beginner

   Errors:
   Refuses values below one; `HGNetSetUp()` refuses groups that do not divide the channels of a layer.

.seealso: `HGNetSetNorm()`, `HGLayerNormSetGroups()`
@*/
PetscErrorCode HGNetSetNormGroups(HGNet net, PetscInt groups)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  HGCheckOptions(groups >= 1, net, "-net_norm_groups %" PetscInt_FMT ": give at least 1", groups);
  net->norm_groups = groups;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetDropout - Set the share of elements that training sets to zero

   Logically Collective

   Input Parameters:
+  net         - the network
-  probability - in [0, 1); 0 (default): no dropout

   Options Database Key:
.  -net_dropout p - the share

   Level: beginner

   Note:
   cnn: after each activation; unet: after the second activation of each level; resnet: after the activation inside each block.

   Errors:
   Refuses other numbers.

.seealso: `HGLAYERDROPOUT`, `HGNetSetRandom()`, `HGNetSetTraining()`
@*/
PetscErrorCode HGNetSetDropout(HGNet net, PetscReal probability)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  HGCheckOptions(probability >= 0 && probability < 1, net, "-net_dropout %g: give at least 0 and less than 1", (double)probability);
  net->dropout = probability;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetTraining - Set whether a network behaves as in training, and before set-up also whether gradients will be wanted

   Logically Collective

   Input Parameters:
+  net      - the network
-  training - `PETSC_TRUE` (default): dropout is on, batch normalisation takes the batch's own statistics and updates its running averages;
              `PETSC_FALSE`: evaluation, dropout is off, batch normalisation takes its running averages and leaves them alone

   Level: intermediate

   Notes:
   Before `HGNetSetUp()` `PETSC_FALSE` plans for inference as well: no gradients, and activations share memory.

   The mode is that of torch.nn.Module.train() and eval(). In evaluation an adjoint is that of the function of evaluation.

.seealso: `HGNetGetTraining()`, `HGNetSetRandom()`, `HGNetSetUp()`
@*/
PetscErrorCode HGNetSetTraining(HGNet net, PetscBool training)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  net->training = training;
  if (!net->setup) net->gradients = training;
  for (PetscInt i = 0; i < net->n && net->setup; i++) PetscCall(HGLayerSetTraining(net->node[i].layer, training));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetGetTraining - Get whether a network behaves as in training

   Not Collective

   Input Parameter:
.  net - the network

   Output Parameter:
.  training - whether it does

   Level: intermediate

.seealso: `HGNetSetTraining()`
@*/
PetscErrorCode HGNetGetTraining(HGNet net, PetscBool *training)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  *training = net->training;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetRandom - Set what the random numbers of a network's layers depend on, beside their names and the global index

   Logically Collective

   Input Parameters:
+  net  - the network, set up
.  seed - the seed
-  step - number of the training step

   Level: intermediate

   Note:
   Call it before the `HGNetForward()` of each step, so that dropout draws another mask; its adjoint uses the same one. A mask is the same on
   any number of ranks and threads, and after a resume.

.seealso: `HGNetSetDropout()`, `HGLayerSetRandom()`
@*/
PetscErrorCode HGNetSetRandom(HGNet net, uint64_t seed, uint64_t step)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  for (PetscInt i = 0; i < net->n; i++) PetscCall(HGLayerSetRandom(net->node[i].layer, seed, step));
  PetscFunctionReturn(PETSC_SUCCESS);
}
