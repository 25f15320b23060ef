/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layer_impl.h"
#include "kernel/hgbox.h"

/*MC
   HGLAYERREPARTITION - the same values on another partition of the same grid; its adjoint moves gradients back

   Level: advanced

   Note:
   Networks insert it where a grid becomes too thin for its halo on all ranks, and where inputs of a layer lie on different
   partitions.

.seealso: `HGLayerRepartitionSetPartition()`, `HGLINOPREPARTITION`
M*/

typedef struct {
  HGPartition to;
  HGLinOp     op, back; /* of x to y, and of dy's partition to x's, with dx for its y */
  HGTensor    part;     /* what comes back, if it is to be added */
} Repartition;

/*@
   HGLayerRepartitionSetPartition - Set where a repartition layer moves its input

   Logically Collective

   Input Parameters:
+  layer - the layer, of type `HGLAYERREPARTITION`
-  to    - a partition of the same grid and number of samples; its channels may differ in number, the input's count

   Level: advanced

.seealso: `HGLAYERREPARTITION`
@*/
PetscErrorCode HGLayerRepartitionSetPartition(HGLayer layer, HGPartition to)
{
  Repartition *r = (Repartition *)layer->data;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(HGPartitionReference(to));
  PetscCall(HGPartitionDestroy(&r->to));
  r->to = to;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Repartition(HGLayer layer)
{
  Repartition *r = (Repartition *)layer->data;
  PetscInt     in[HG_AXES], to[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCheck(r->to, PetscObjectComm((PetscObject)layer), PETSC_ERR_ARG_WRONGSTATE, "%s: call HGLayerRepartitionSetPartition() first", ((PetscObject)layer)->name);
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, in));
  PetscCall(HGPartitionGetSizes(r->to, NULL, to));
  for (int a = 0; a < HG_AXES; a++) HGCheck(a == HG_C || in[a] == to[a], PetscObjectComm((PetscObject)layer), "%s: %" PetscInt_FMT " points along %s cannot move to a partition of %" PetscInt_FMT, ((PetscObject)layer)->name, in[a], HGAxisNames[a], to[a]);
  PetscCall(HGPartitionCreateLike(r->to, in[HG_N], in[HG_C], &layer->out));
  layer->in[0].needed = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlanMove(HGTensor from, HGTensor to, HGLinOp *op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(op));
  PetscCall(HGLinOpCreate(PetscObjectComm((PetscObject)from), op));
  PetscCall(HGLinOpSetType(*op, HGLINOPREPARTITION));
  PetscCall(HGLinOpSetTensors(*op, from, to));
  PetscCall(HGLinOpSetUp(*op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Repartition(HGLayer layer)
{
  Repartition  *r  = (Repartition *)layer->data;
  HGLayerInput *in = &layer->in[0];

  PetscFunctionBegin;
  PetscCall(PlanMove(in->x, layer->y, &r->op));
  PetscCall(HGTensorDestroy(&r->part));
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  if (in->add) {
    PetscCall(HGTensorCreate(in->part, layer->dtype, &r->part));
    PetscCall(HGTensorSetUp(r->part));
  }
  PetscCall(PlanMove(r->part ? r->part : in->dx, layer->dy, &r->back));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forward_Repartition(HGLayer layer, PetscInt nb)
{
  Repartition *r = (Repartition *)layer->data;

  PetscFunctionBegin;
  (void)nb;
  PetscCall(HGLinOpApply(r->op, layer->in[0].x, layer->y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dx may be a range of channels in another tensor's memory */
static PetscErrorCode AddTo(HGTensor dx, HGTensor part)
{
  const HGTensorLocal *to, *from;
  HGStrided            a = {0}, b = {0};
  HGDType              dtype;

  PetscFunctionBegin;
  PetscCall(HGTensorGetDType(dx, &dtype));
  PetscCall(HGTensorGetLocal(dx, &to));
  PetscCall(HGTensorGetLocal(part, &from));
  for (int i = 0; i < HG_AXES; i++) {
    a.size[i] = b.size[i] = to->box.size[i];
    a.stride[i]           = from->stride[i];
    b.stride[i]           = to->stride[i];
  }
  if (to->elements) HGStridedAdd(dtype, &a, from->owned, &b, to->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Repartition(HGLayer layer, PetscInt nb, double dp[])
{
  Repartition *r  = (Repartition *)layer->data;
  HGTensor     dx = layer->in[0].dx;

  PetscFunctionBegin;
  (void)nb;
  (void)dp;
  if (!dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLinOpApplyAdjoint(r->back, layer->dy, r->part ? r->part : dx));
  if (r->part) PetscCall(AddTo(dx, r->part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetTraffic_Repartition(HGLayer layer, PetscInt *messages, PetscInt64 *bytes)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpGetTraffic(((Repartition *)layer->data)->op, messages, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Repartition(HGLayer layer)
{
  Repartition *r = (Repartition *)layer->data;

  PetscFunctionBegin;
  PetscCall(HGPartitionDestroy(&r->to));
  PetscCall(HGLinOpDestroy(&r->op));
  PetscCall(HGLinOpDestroy(&r->back));
  PetscCall(HGTensorDestroy(&r->part));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Repartition(HGLayer layer)
{
  Repartition *r;

  PetscFunctionBegin;
  PetscCall(PetscNew(&r));
  layer->data            = r;
  layer->ops->setup      = SetUp_Repartition;
  layer->ops->settensors = SetTensors_Repartition;
  layer->ops->forward    = Forward_Repartition;
  layer->ops->adjoint    = Adjoint_Repartition;
  layer->ops->gettraffic = GetTraffic_Repartition;
  layer->ops->destroy    = Destroy_Repartition;
  PetscFunctionReturn(PETSC_SUCCESS);
}
