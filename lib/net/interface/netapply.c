/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"
#include "layer/layerfield.h"

/*@
   HGNetGetInput - Get the tensor that a network reads

   Not Collective

   Input Parameter:
.  net - the network, set up

   Output Parameter:
.  x - the tensor; fill its owned points before `HGNetForward()`

   Level: beginner

   Shape:
   x: [N][Z][Y][X][C_in]

.seealso: `HGNetGetOutput()`
@*/
PetscErrorCode HGNetGetInput(HGNet net, HGTensor *x)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  *x = net->x;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetGetOutput - Get the tensor that a network writes, and that of its gradient

   Not Collective

   Input Parameter:
.  net - the network, set up

   Output Parameters:
+  y  - the output, valid after `HGNetForward()`
-  dy - the gradient of the loss with respect to y, which `HGNetAdjoint()` reads; NULL if planned for inference

   Level: beginner

   Shape:
   y, dy: [N][Z][Y][X][C_out], the same layout

.seealso: `HGNetGetInput()`
@*/
PetscErrorCode HGNetGetOutput(HGNet net, HGTensor *y, HGTensor *dy)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  *y = net->node[net->n - 1].y;
  if (dy) *dy = net->node[net->n - 1].dy;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetGetFlops - Get the floating-point operations of one forward application over all ranks

   Not Collective

   Input Parameter:
.  net - the network, set up

   Output Parameter:
.  flops - a multiply-add counts two

   Level: intermediate

.seealso: `HGNetView()`
@*/
PetscErrorCode HGNetGetFlops(HGNet net, PetscLogDouble *flops)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  *flops = 0;
  for (PetscInt i = 0; i < net->n; i++) {
    PetscLogDouble f;

    PetscCall(HGLayerGetFlops(net->node[i].layer, &f));
    *flops += f;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetGetPlannedBytes - Get the memory of this rank's tensors, parameters and scratch

   Not Collective

   Input Parameter:
.  net - the network, set up

   Output Parameter:
.  bytes - the memory

   Level: intermediate

   Units:
   bytes

.seealso: `HGNetView()`
@*/
PetscErrorCode HGNetGetPlannedBytes(HGNet net, size_t *bytes)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  *bytes = net->bytes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetParameterType - Set the precision in which a network's parameters and their gradients are kept

   Logically Collective

   Input Parameters:
+  net  - the network, not set up
-  kept - `HG_F64` (default), or `HG_F32` for a network that computes in it: half the memory

   Level: intermediate

   Notes:
   In single precision the Vecs of `HGNetCreateParameters()` are of type `HGVECF32`, and a layer reads its weights in them where it can. Adam keeps
   its moments in the precision of the parameters, or with `-tao_adam_dtype` in the other.

   Errors:
   `HGNetSetUp()` refuses `HG_F32` for a network that computes in double precision.

.seealso: `HGNetCreateParameters()`, `HGVecCreateF32()`
@*/
PetscErrorCode HGNetSetParameterType(HGNet net, HGDType kept)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  HGCheck(!net->setup, PetscObjectComm((PetscObject)net), "call HGNetSetParameterType() before HGNetSetUp()");
  net->kept = kept;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetCreateParameters - Create a Vec for a network's parameters, each rank owning a share

   Collective

   Input Parameter:
.  net - the network, set up

   Output Parameter:
.  p - the Vec, its entries zero

   Level: beginner

   Notes:
   On one rank layers follow one another in the order of `-net_view`, and within a layer its parameters in PyTorch's order. On several ranks
   each owns what it computes with: of a layer with divided channels, or of a dense layer, its block; of what several ranks use, an even share. The local parts
   hold these in the same order. Model files do not depend on it.

.seealso: `HGNetInitializeParameters()`, `HGNetSetParameters()`, `HGNetSetParameterType()`
@*/
PetscErrorCode HGNetCreateParameters(HGNet net, Vec *p)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(HGParametersCreateVec(net->parameters, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The elements of one array that this rank owns, in the local part of the Vec */
static PetscErrorCode DrawArray(HGNet net, PetscInt l, PetscInt j, uint64_t seed, HGDType type, void *v)
{
  const HGParameter *param;
  const char        *layer;
  HGModelRun        *run;
  PetscInt           n;
  uint64_t           stream;
  char               name[256];

  PetscFunctionBegin;
  PetscCall(PetscObjectGetName((PetscObject)net->node[l].layer, &layer));
  PetscCall(HGLayerGetParameters(net->node[l].layer, &n, &param));
  PetscCall(PetscSNPrintf(name, sizeof(name), "%s.%s", layer, param[j].name));
  stream = HGRandomStream(name);
  PetscCall(HGParametersGetRuns(net->parameters, l, j, &n, &run));
  for (PetscInt r = 0; r < n; r++) {
#pragma omp parallel for schedule(static) if (run[r].count > 4096)
    for (PetscInt64 i = 0; i < run[r].count; i++) {
      const double value = param[j].mean + param[j].bound * (2 * HGRandomUniform(seed, stream, (uint64_t)(run[r].file + i)) - 1);

      if (type == HG_F32) ((float *)v)[run[r].local + i] = (float)value;
      else ((double *)v)[run[r].local + i] = value;
    }
  }
  PetscCall(PetscFree(run));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetInitializeParameters - Draw initial values of a network's parameters

   Collective

   Input Parameters:
+  net  - the network, set up
.  seed - the seed
-  p    - the Vec to fill; elements behind the network's own stay as they are

   Level: beginner

   Note:
   Uniform, with PyTorch's default bounds (Kaiming-uniform, He et al., arXiv 1502.01852, a = sqrt 5). Each value depends on
   the seed, the name of layer and parameter, and its index only: the same on any number of ranks.

.seealso: `HGNetCreateParameters()`
@*/
PetscErrorCode HGNetInitializeParameters(HGNet net, uint64_t seed, Vec p)
{
  HGDType type;
  void   *v;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(HGVecGetElements(p, &type, &v));
  for (PetscInt l = 0; l < net->n; l++) {
    PetscInt n;

    PetscCall(HGLayerGetParameters(net->node[l].layer, &n, NULL));
    for (PetscInt j = 0; j < n; j++) PetscCall(DrawArray(net, l, j, seed, type, v));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetParameters - Give the layers the values of their parameters

   Collective

   Input Parameters:
+  net - the network, set up
-  p   - the values, from `HGNetCreateParameters()`; kept by a reference. They must not change until others are set, or forward and adjoint are done

   Level: beginner

   Notes:
   Starts to bring each rank what it uses: blocks of its own, and what it shares with others by a broadcast, whose adjoint is the sum-reduce of
   `HGNetAdjointEnd()`. `HGNetForward()` and `HGNetAdjoint()` wait for it layer by layer. A layer whose parameters have one user reads them in `p`.

.seealso: `HGNetAdjointEnd()`
@*/
PetscErrorCode HGNetSetParameters(HGNet net, Vec p)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(PetscLogEventBegin(net->gather, net, p, 0, 0));
  PetscCall(HGParametersBegin(net->parameters, p));
  if (net->ops->setparameters) {
    for (PetscInt i = 0; i < net->n; i++) PetscCall(HGParametersEnd(net->parameters, i, HG_USE_FORWARD));
    PetscCall((*net->ops->setparameters)(net));
  }
  PetscCall(PetscLogEventEnd(net->gather, net, p, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A layer has its parameters for what comes next */
static PetscErrorCode Await(HGNet net, PetscInt i, HGUse use)
{
  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(net->gather, net, 0, 0, 0));
  PetscCall(HGParametersEnd(net->parameters, i, use));
  PetscCall(PetscLogEventEnd(net->gather, net, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetForward - Compute a network's output

   Collective

   Input Parameters:
+  net - the network, its input filled and its parameters set
-  nb  - how many of this rank's samples to compute

   Level: beginner

.seealso: `HGNetGetInput()`, `HGNetGetOutput()`, `HGNetAdjoint()`
@*/
PetscErrorCode HGNetForward(HGNet net, PetscInt nb)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  for (PetscInt s = 0; s < net->nforward; s++) {
    PetscCall(Await(net, net->step[s].node, HG_USE_FORWARD));
    PetscCall(HGLayerForward(net->node[net->step[s].node].layer, nb));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetAdjointBegin - Set the sum of gradients to zero

   Not Collective

   Input Parameter:
.  net - the network, set up for training

   Level: beginner

.seealso: `HGNetAdjoint()`, `HGNetAdjointEnd()`
@*/
PetscErrorCode HGNetAdjointBegin(HGNet net)
{
  PetscFunctionBegin;
  PetscCall(HGNetAdjointBeginIn(net, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetAdjointBeginIn - Set the sum of gradients to zero in the Vec that it will be asked for, which spares memory and a copy

   Collective

   Input Parameters:
+  net - the network, set up for training
-  g   - the Vec that `HGNetAdjointEnd()` will be called with, or NULL

   Level: intermediate

.seealso: `HGNetAdjointBegin()`, `HGNetAdjointEnd()`
@*/
PetscErrorCode HGNetAdjointBeginIn(HGNet net, Vec g)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCheck(net->gradients, PetscObjectComm((PetscObject)net), PETSC_ERR_ARG_WRONGSTATE,
             "the network was planned for inference, see HGNetSetTraining()");
  PetscCall(HGParametersAdjointZero(net->parameters, g));
  if (net->ops->adjointbegin) PetscCall((*net->ops->adjointbegin)(net));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dy belonged to a rectified output, and belongs to the layer's output before its activation after this */
static PetscErrorCode Rectify(HGNet net, HGNode *node)
{
  const HGTensorLocal *y, *dy;
  const HGFieldStore   store = {NULL};
  HGFieldShape         shape;
  HGSimd               simd;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(node->y, &y));
  PetscCall(HGTensorGetLocal(node->dy, &dy));
  if (!y->elements) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGGetSimd(&simd));
  shape = HGFieldShapeOf(y, y, y->box.size[HG_N]);
  (*HGFieldKernelsGet(simd, net->dtype)->activate_adjoint)(HG_ACT_RELU, 0, &shape, y->owned, dy->owned, &store, dy->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The adjoint sweep; the last one for a gradient sends that of each layer home when it is done */
static PetscErrorCode Sweep(HGNet net, PetscInt nb, PetscBool last)
{
  PetscFunctionBegin;
  for (PetscInt s = net->nforward; s < net->nsteps; s++) {
    const PetscInt i    = net->step[s].node;
    HGNode        *node = &net->node[i];
    void *const   *dp;
    HGDType        type;

    if (net->step[s].kind == HG_STEP_ADJOINT) {
      if (node->rectify) PetscCall(Rectify(net, node));
      PetscCall(Await(net, i, HG_USE_ADJOINT));
      PetscCall(HGParametersGetGradient(net->parameters, i, &type, &dp));
      PetscCall(HGLayerAdjoint(node->layer, nb, type, dp));
      if (!last) continue;
      PetscCall(PetscLogEventBegin(net->reduce, net, 0, 0, 0));
      PetscCall(HGParametersAdjointBegin(net->parameters, i));
      PetscCall(PetscLogEventEnd(net->reduce, net, 0, 0, 0));
    } else {
      PetscCall(HGLayerSetReplay(node->layer, PETSC_TRUE));
      PetscCall(HGLayerForward(node->layer, nb));
      PetscCall(HGLayerSetReplay(node->layer, PETSC_FALSE));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetAdjoint - Add the gradient with respect to the parameters, from that with respect to the output

   Collective

   Input Parameters:
+  net - the network, after `HGNetForward()`, its output's gradient filled
-  nb  - how many of this rank's samples to compute

   Level: beginner

   Note:
   May be called for several batches between `HGNetAdjointBegin()` and `HGNetAdjointEnd()`; their gradients add up.

.seealso: `HGNetAdjointBegin()`, `HGNetAdjointEnd()`, `HGNetAdjointAndEnd()`
@*/
PetscErrorCode HGNetAdjoint(HGNet net, PetscInt nb)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(Sweep(net, nb, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetAdjointEnd - Sum the gradients over all ranks

   Collective

   Input Parameter:
.  net - the network

   Output Parameter:
.  g - the gradient with respect to the parameters, a Vec like that of `HGNetCreateParameters()`

   Level: beginner

   Note:
   A sum-reduce, the adjoint of the broadcast in `HGNetSetParameters()`: every entry arrives at its one owner only, and is added in ascending order of
   ranks. `HGNetAdjointAndEnd()` hides it behind the last adjoint.

.seealso: `HGNetAdjoint()`, `HGNetSetParameters()`, `HGNetAdjointBeginIn()`
@*/
PetscErrorCode HGNetAdjointEnd(HGNet net, Vec g)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(PetscLogEventBegin(net->reduce, net, g, 0, 0));
  if (net->ops->adjointend) PetscCall((*net->ops->adjointend)(net));
  PetscCall(HGParametersAdjointEnd(net->parameters, g));
  PetscCall(PetscLogEventEnd(net->reduce, net, g, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetAdjointAndEnd - The last `HGNetAdjoint()` for a gradient and `HGNetAdjointEnd()` in one

   Collective

   Input Parameters:
+  net - the network, after `HGNetForward()`, its output's gradient filled
-  nb  - how many of this rank's samples to compute

   Output Parameter:
.  g - the gradient with respect to the parameters

   Level: intermediate

   Note:
   The gradient of each layer is on its way home while the adjoint sweep goes on. The bits are those of the two calls.

.seealso: `HGNetAdjoint()`, `HGNetAdjointEnd()`
@*/
PetscErrorCode HGNetAdjointAndEnd(HGNet net, PetscInt nb, Vec g)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(Sweep(net, nb, PETSC_TRUE));
  PetscCall(HGNetAdjointEnd(net, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}
