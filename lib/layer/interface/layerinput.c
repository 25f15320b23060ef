/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layer_impl.h"

/* What types of layers ask of their inputs */

/* For layers of one input */
PetscErrorCode HGLayerCheckOneInput(HGLayer layer)
{
  PetscFunctionBegin;
  HGCheck(layer->nin == 1, PetscObjectComm((PetscObject)layer), "%s: %" PetscInt_FMT " inputs; a layer of type %s has one",
          ((PetscObject)layer)->name, layer->nin, ((PetscObject)layer)->type_name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* For layers of several inputs on the same points of the same ranks; their channels may differ in number if `channels` is false */
PetscErrorCode HGLayerCheckSameGrid(HGLayer layer, PetscBool channels)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)layer);
  const char *name = ((PetscObject)layer)->name;
  PetscInt    m[HG_AXES], n[HG_AXES];
  PetscBool   same;

  PetscFunctionBegin;
  HGCheck(layer->nin >= 1, comm, "%s: no input; a layer of type %s takes at least one", name, ((PetscObject)layer)->type_name);
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, m));
  for (PetscInt i = 1; i < layer->nin; i++) {
    PetscCall(HGPartitionGetSizes(layer->in[i].part, NULL, n));
    for (int a = 0; a < HG_AXES; a++)
      HGCheck(m[a] == n[a] || (a == HG_C && !channels), comm,
              "%s: input %" PetscInt_FMT " is " HG_SHAPE_FMT " (n, c, z, y, x), the first is " HG_SHAPE_FMT "; %s", name, i + 1,
              HG_SHAPE(n), HG_SHAPE(m), channels ? "only equal shapes can be added" : "only channels may differ");
    PetscCall(HGPartitionIsAligned(layer->in[i].part, layer->in[0].part, &same));
    HGCheck(same, comm, "%s: input %" PetscInt_FMT " lies on another partition than the first; move it with a layer of type repartition",
            name, i + 1);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* [own channels of an input] in the layer's type, for kernels that multiply by (x > threshold): 0 where x is rectified, below everything
   elsewhere; NULL if x is rectified nowhere. What was in *threshold is freed. */
PetscErrorCode HGLayerSetThreshold(HGLayer layer, PetscInt i, void **threshold)
{
  const unsigned char *rectified = layer->in[i].rectified;
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscCall(PetscFree(*threshold));
  if (!rectified) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(layer->in[i].x, &l));
  PetscCall(PetscMalloc((size_t)(l->box.size[HG_C] + 1) * HGDTypeSize(layer->dtype), threshold));
  for (PetscInt c = 0; c < l->box.size[HG_C]; c++) {
    const double t = rectified[c] ? 0 : -INFINITY;

    if (layer->dtype == HG_F32) ((float *)*threshold)[c] = (float)t;
    else ((double *)*threshold)[c] = t;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ghost points of this rank that a layer's own halo of an input has; the tensor's may be wider */
PetscErrorCode HGLayerGetOwnHalo(HGLayer layer, PetscInt i, PetscInt width[3][2])
{
  PetscInt    coords[HG_AXES] = {0};
  PetscMPIInt rank;
  PetscBool   has;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)layer), &rank));
  PetscCall(HGPartitionGetCoords(layer->in[i].part, rank, &has, coords));
  for (int a = 0; a < 3; a++)
    for (int side = 0; side < 2; side++) width[a][side] = has ? layer->in[i].halo.width[a][side][coords[HG_Z + a]] : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Plans the halo exchange of a tensor in place; none if no part has ghost points */
PetscErrorCode HGLayerPlanHalo(HGTensor t, const HGBoundary boundary[], HGLinOp *op)
{
  PetscInt    halo[3][2], any = 0;
  PetscMPIInt size;
  PetscBool   shared;

  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(op));
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)t), &size));
  for (PetscMPIInt r = 0; r < size; r++) {
    PetscCall(HGTensorGetHaloOf(t, r, halo));
    for (int i = 0; i < 6; i++) any += halo[i / 2][i % 2];
  }
  if (!any) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetShared(t, &shared));
  PetscCall(HGLinOpCreate(PetscObjectComm((PetscObject)t), op));
  PetscCall(HGLinOpSetType(*op, HGLINOPHALO));
  PetscCall(HGLinOpSetTensors(*op, t, t));
  PetscCall(HGLinOpSetBoundary(*op, boundary));
  PetscCall(HGLinOpSetKeepZeros(*op, shared ? PETSC_FALSE : PETSC_TRUE));
  PetscCall(HGLinOpSetUp(*op));
  PetscFunctionReturn(PETSC_SUCCESS);
}
