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
   HGNetCreateParameters - Create a Vec for a network's parameters, each rank owning a share

   Collective

   Input Parameter:
.  net - the network, set up

   Output Parameter:
.  p - the Vec, its entries zero

   Level: beginner

   Note:
   Layers follow one another in the order of `-net_view`, and within a layer its parameters in PyTorch's order.

.seealso: `HGNetInitializeParameters()`, `HGNetSetParameters()`
@*/
PetscErrorCode HGNetCreateParameters(HGNet net, Vec *p)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)net);
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(VecCreateMPI(comm, net->count[rank], net->nparams, p));
  PetscCall(VecSet(*p, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Values of the parameters with global numbers first <= i < last, for one array of parameters that starts at offset */
static PetscErrorCode DrawArray(uint64_t seed, const char *layer, const HGParameter *param, PetscInt offset, PetscInt first, PetscInt last,
                                PetscScalar v[])
{
  char     name[256];
  uint64_t stream;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(name, sizeof(name), "%s.%s", layer, param->name));
  stream = HGRandomStream(name);
  for (PetscInt i = PetscMax(first, offset); i < PetscMin(last, offset + param->size); i++)
    v[i - first] = param->mean + param->bound * (2 * HGRandomUniform(seed, stream, (uint64_t)(i - offset)) - 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetInitializeParameters - Draw initial values of a network's parameters

   Collective

   Input Parameters:
+  net  - the network, set up
.  seed - the seed
-  p    - the Vec to fill

   Level: beginner

   Note:
   Uniform, with PyTorch's default bounds (Kaiming-uniform, He et al., arXiv 1502.01852, a = sqrt 5). Each value depends on
   the seed, the name of layer and parameter, and its index only: the same on any number of ranks.

.seealso: `HGNetCreateParameters()`
@*/
PetscErrorCode HGNetInitializeParameters(HGNet net, uint64_t seed, Vec p)
{
  PetscInt     first, last;
  PetscScalar *v;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(VecGetOwnershipRange(p, &first, &last));
  PetscCall(VecGetArrayWrite(p, &v));
  for (PetscInt l = 0; l < net->n; l++) {
    const HGParameter *param;
    PetscInt           n, offset = net->node[l].offset;
    const char        *name;

    PetscCall(PetscObjectGetName((PetscObject)net->node[l].layer, &name));
    PetscCall(HGLayerGetParameters(net->node[l].layer, &n, &param));
    for (PetscInt j = 0; j < n; offset += param[j++].size) PetscCall(DrawArray(seed, name, &param[j], offset, first, last, v));
  }
  PetscCall(VecRestoreArrayWrite(p, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetParameters - Give the layers the values of their parameters

   Collective

   Input Parameters:
+  net - the network, set up
-  p   - the values, from `HGNetCreateParameters()`

   Level: beginner

   Note:
   An all-gather of the ranks' shares, one collective message. Its adjoint is the reduce-scatter in `HGNetAdjointEnd()`.

.seealso: `HGNetAdjointEnd()`
@*/
PetscErrorCode HGNetSetParameters(HGNet net, Vec p)
{
  MPI_Comm           comm = PetscObjectComm((PetscObject)net);
  PetscMPIInt        rank;
  const PetscScalar *mine;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(PetscLogEventBegin(net->gather, net, p, 0, 0));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(VecGetArrayRead(p, &mine));
  PetscCallMPI(MPI_Allgatherv(mine, net->count[rank], MPIU_SCALAR, net->values, net->count, net->displ, MPIU_SCALAR, comm));
  PetscCall(VecRestoreArrayRead(p, &mine));
  for (PetscInt i = 0; i < net->n; i++) PetscCall(HGLayerSetParameterValues(net->node[i].layer, net->values + net->node[i].offset));
  if (net->ops->setparameters) PetscCall((*net->ops->setparameters)(net));
  PetscCall(PetscLogEventEnd(net->gather, net, p, 0, 0));
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
  for (PetscInt s = 0; s < net->nforward; s++) PetscCall(HGLayerForward(net->node[net->step[s].node].layer, nb));
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
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCheck(net->gradients, PetscObjectComm((PetscObject)net), PETSC_ERR_ARG_WRONGSTATE,
             "the network was planned for inference, see HGNetSetTraining()");
  PetscCall(PetscArrayzero(net->gradient, net->nparams));
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

/*@
   HGNetAdjoint - Add the gradient with respect to the parameters, from that with respect to the output

   Collective

   Input Parameters:
+  net - the network, after `HGNetForward()`, its output's gradient filled
-  nb  - how many of this rank's samples to compute

   Level: beginner

   Note:
   May be called for several batches between `HGNetAdjointBegin()` and `HGNetAdjointEnd()`; their gradients add up.

.seealso: `HGNetAdjointBegin()`, `HGNetAdjointEnd()`
@*/
PetscErrorCode HGNetAdjoint(HGNet net, PetscInt nb)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  for (PetscInt s = net->nforward; s < net->nsteps; s++) {
    HGNode *node = &net->node[net->step[s].node];

    if (net->step[s].kind == HG_STEP_ADJOINT) {
      if (node->rectify) PetscCall(Rectify(net, node));
      PetscCall(HGLayerAdjoint(node->layer, nb, net->gradient + node->offset));
    } else {
      PetscCall(HGLayerSetReplay(node->layer, PETSC_TRUE));
      PetscCall(HGLayerForward(node->layer, nb));
      PetscCall(HGLayerSetReplay(node->layer, PETSC_FALSE));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetAdjointEnd - Sum the gradients over all ranks

   Collective

   Input Parameter:
.  net - the network

   Output Parameter:
.  g - the gradient with respect to the parameters, a Vec from `HGNetCreateParameters()`

   Level: beginner

   Note:
   A reduce-scatter: every entry arrives at its one owner only.

.seealso: `HGNetAdjoint()`, `HGNetSetParameters()`
@*/
PetscErrorCode HGNetAdjointEnd(HGNet net, Vec g)
{
  MPI_Comm     comm = PetscObjectComm((PetscObject)net);
  PetscMPIInt  rank;
  PetscScalar *mine;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(PetscLogEventBegin(net->reduce, net, g, 0, 0));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (net->ops->adjointend) PetscCall((*net->ops->adjointend)(net));
  PetscCallMPI(MPI_Reduce_scatter(net->gradient, net->reduced, net->count, MPI_DOUBLE, MPI_SUM, comm));
  PetscCall(VecGetArrayWrite(g, &mine));
  for (PetscMPIInt i = 0; i < net->count[rank]; i++) mine[i] = (PetscScalar)net->reduced[i];
  PetscCall(VecRestoreArrayWrite(g, &mine));
  PetscCall(PetscLogEventEnd(net->reduce, net, g, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}
