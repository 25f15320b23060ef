/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/channelgather.h"

PetscErrorCode HGChannelGatherDestroy(HGChannelGather *g)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(&g->halo));
  PetscCall(HGLinOpDestroy(&g->gather));
  PetscCall(HGTensorDestroy(&g->mine));
  PetscCall(HGTensorDestroy(&g->whole));
  if (g->comm && g->comm != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&g->comm));
  g->comm = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The memory of whole as a tensor of fewer ranks, so that halos go among those with the same channels */
static PetscErrorCode CreateMine(HGChannelGather *g, HGPartition p, HGDType dtype, const HGHaloWidths *widths)
{
  const HGTensorLocal *l;
  HGPartition          q;

  PetscFunctionBegin;
  PetscCall(HGPartitionCreateOfChannelPart(p, &g->comm, &q));
  if (!q) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(g->whole, &l));
  PetscCall(HGTensorCreate(q, dtype, &g->mine));
  PetscCall(HGTensorSetHaloWidths(g->mine, widths));
  PetscCall(HGTensorPlaceArray(g->mine, l->array));
  PetscCall(HGPartitionDestroy(&q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* boundary NULL: ghost points stay zero */
PetscErrorCode HGChannelGatherSetUp(HGChannelGather *g, HGLayer layer, HGTensor t, const HGHaloWidths *widths, const HGBoundary boundary[])
{
  HGPartition p, q;
  HGDType     dtype;

  PetscFunctionBegin;
  PetscCall(HGChannelGatherDestroy(g));
  PetscCall(HGTensorGetPartition(t, &p));
  PetscCall(HGTensorGetDType(t, &dtype));
  PetscCall(HGPartitionCreateWhole(p, &q));
  PetscCall(HGTensorCreate(q, dtype, &g->whole));
  PetscCall(HGTensorSetHaloWidths(g->whole, widths));
  PetscCall(HGTensorSetUp(g->whole));
  PetscCall(HGPartitionDestroy(&q));
  PetscCall(CreateMine(g, p, dtype, widths));
  PetscCall(HGLinOpCreate(PetscObjectComm((PetscObject)layer), &g->gather));
  PetscCall(HGLinOpSetType(g->gather, HGLINOPBROADCAST));
  PetscCall(HGLinOpSetTensors(g->gather, t, g->whole));
  PetscCall(HGLinOpSetUp(g->gather));
  if (g->mine && boundary) PetscCall(HGLayerPlanHalo(g->mine, boundary, &g->halo));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGChannelGatherBegin(HGChannelGather *g, HGTensor t)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApply(g->gather, t, g->whole));
  if (g->halo) PetscCall(HGLinOpApplyBegin(g->halo, g->mine, g->mine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGChannelGatherEnd(HGChannelGather *g)
{
  PetscFunctionBegin;
  if (g->halo) PetscCall(HGLinOpApplyEnd(g->halo, g->mine, g->mine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Over all ranks; the halos of the channel parts are alike */
PetscErrorCode HGChannelGatherGetTraffic(HGChannelGather *g, PetscInt *messages, PetscInt64 *bytes)
{
  HGPartition p;
  PetscInt    m, parts[HG_AXES];
  PetscInt64  b;

  PetscFunctionBegin;
  PetscCall(HGLinOpGetTraffic(g->gather, messages, bytes));
  if (!g->halo) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetPartition(g->whole, &p));
  PetscCall(HGPartitionGetParts(p, parts));
  PetscCall(HGLinOpGetTraffic(g->halo, &m, &b));
  *messages += parts[HG_C] * m;
  *bytes += parts[HG_C] * b;
  PetscFunctionReturn(PETSC_SUCCESS);
}
