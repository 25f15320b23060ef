/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/move.h"

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
  HGMove      move;
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
  PetscCheck(r->to, PetscObjectComm((PetscObject)layer), PETSC_ERR_ARG_WRONGSTATE, "%s: call HGLayerRepartitionSetPartition() first",
             ((PetscObject)layer)->name);
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, in));
  PetscCall(HGPartitionGetSizes(r->to, NULL, to));
  for (int a = 0; a < HG_AXES; a++)
    HGCheck(a == HG_C || in[a] == to[a], PetscObjectComm((PetscObject)layer),
            "%s: %" PetscInt_FMT " points along %s cannot move to a partition of %" PetscInt_FMT, ((PetscObject)layer)->name, in[a],
            HGAxisNames[a], to[a]);
  PetscCall(HGPartitionCreateLike(r->to, in[HG_N], in[HG_C], &layer->out));
  layer->in[0].needed = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Repartition(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(HGMoveSetUp(&((Repartition *)layer->data)->move, &layer->in[0], layer->y, layer->dy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forward_Repartition(HGLayer layer, PetscInt nb)
{
  PetscFunctionBegin;
  (void)nb;
  PetscCall(HGMoveForward(&((Repartition *)layer->data)->move, &layer->in[0], layer->y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Repartition(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  PetscFunctionBegin;
  (void)nb;
  (void)type, (void)dp;
  PetscCall(HGMoveAdjoint(&((Repartition *)layer->data)->move, &layer->in[0], layer->dy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetTraffic_Repartition(HGLayer layer, PetscInt *messages, PetscInt64 *bytes)
{
  PetscFunctionBegin;
  PetscCall(HGMoveGetTraffic(&((Repartition *)layer->data)->move, messages, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Repartition(HGLayer layer)
{
  Repartition *r = (Repartition *)layer->data;

  PetscFunctionBegin;
  PetscCall(HGPartitionDestroy(&r->to));
  PetscCall(HGMoveDestroy(&r->move));
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
