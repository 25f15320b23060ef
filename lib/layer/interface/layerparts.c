/* SPDX-License-Identifier: BSD-2-Clause */
/* Who uses which part of a layer's parameters: partitions of the parameter arrays, seen as tensors [n][z][y][x][c] in PyTorch's order */
#include "layer/layer_impl.h"

/* HGLayerSetParameter - Name and shape of a trainable array, in a layer's set-up; more elements than can be counted are refused */
PetscErrorCode HGLayerSetParameter(HGLayer layer, PetscInt j, const char name[], PetscInt ndim, const PetscInt shape[])
{
  HGParameter *param     = &layer->param[j];
  double       elements  = 1;
  char         text[160] = "";

  PetscFunctionBegin;
  *param = (HGParameter){.name = name, .ndim = ndim, .size = 1};
  for (PetscInt i = 0; i < ndim; i++) {
    char number[24];

    param->shape[i] = shape[i];
    elements *= (double)shape[i];
    PetscCall(PetscSNPrintf(number, sizeof(number), "%s%" PetscInt_FMT, i ? " x " : "", shape[i]));
    PetscCall(PetscStrlcat(text, number, sizeof(text)));
  }
  HGCheckOptions(elements <= (double)PETSC_MAX_INT, layer,
                 "%s: out of memory: the %s of %s elements takes %.3g GiB, and this PETSc counts up to %" PetscInt_FMT
                 " of them; choose a smaller -net_width, or a PETSc with --with-64-bit-indices",
                 ((PetscObject)layer)->name, name, text, elements * (double)HGDTypeSize(layer->dtype) / 1073741824, PETSC_MAX_INT);
  for (PetscInt i = 0; i < ndim; i++) param->size *= shape[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ranks that have part k of the channels of p, as many for each */
static PetscErrorCode RanksOfChannels(HGPartition p, PetscInt k, PetscInt copies, PetscMPIInt rank[])
{
  PetscInt parts[HG_AXES], at[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetParts(p, parts));
  parts[HG_C] = 1;
  for (PetscInt i = 0; i < copies; i++) {
    for (PetscInt a = HG_AXES - 1, r = i; a >= 0; r /= parts[a--]) at[a] = r % parts[a];
    at[HG_C] = k;
    PetscCall(HGPartitionGetRank(p, at, &rank[i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGLayerDivideParameter - The partition of a parameter array of which each rank uses what belongs to its channels of a tensor

  Collective

  Input Parameters:
+ layer - the layer
. p     - the tensor's partition
. size  - of the array, as a tensor [n][z][y][x][c]
- axis  - the axis of the array that its channels are

  Output Parameter:
. q - divided along that axis as p divides its channels, with a copy for each part of the other axes of p; a reference that q holds is given up
*/
PetscErrorCode HGLayerDivideParameter(HGLayer layer, HGPartition p, const PetscInt size[HG_AXES], int axis, HGPartition *q)
{
  MPI_Comm        comm = PetscObjectComm((PetscObject)layer);
  PetscInt        parts[HG_AXES], mine[HG_AXES] = {1, 1, 1, 1, 1}, copies, *len;
  const int       copied = axis == HG_Y ? HG_Z : HG_Y;
  const PetscInt *start;
  PetscMPIInt    *rank, *all;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetParts(p, parts));
  PetscCall(HGPartitionGetStarts(p, HG_C, &start));
  copies       = parts[HG_N] * parts[HG_Z] * parts[HG_Y] * parts[HG_X];
  mine[axis]   = parts[HG_C];
  mine[copied] = copies;
  PetscCall(PetscMalloc3(parts[HG_C], &len, copies, &rank, copies * parts[HG_C], &all));
  for (PetscInt k = 0; k < parts[HG_C]; k++) {
    len[k] = start[k + 1] - start[k];
    PetscCall(RanksOfChannels(p, k, copies, rank));
    for (PetscInt i = 0; i < copies; i++) all[axis < copied ? k * copies + i : i * parts[HG_C] + k] = rank[i];
  }
  PetscCall(HGPartitionDestroy(q));
  PetscCall(HGPartitionCreate(comm, q));
  PetscCall(HGPartitionSetSizes(*q, 3, size));
  PetscCall(HGPartitionSetParts(*q, mine));
  PetscCall(HGPartitionSetRanges(*q, axis, len));
  PetscCall(HGPartitionSetReplicated(*q, copied, PETSC_TRUE));
  PetscCall(HGPartitionSetRanks(*q, copies * parts[HG_C], all));
  PetscCall(HGPartitionSetUp(*q));
  PetscCall(PetscFree3(len, rank, all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGLayerUseParameter - Forward, adjoint and gradient have one partition, whose reference is taken over */
PetscErrorCode HGLayerUseParameter(HGLayer layer, PetscInt j, HGPartition part)
{
  PetscFunctionBegin;
  for (int use = 0; use < HG_USES; use++) {
    PetscCall(HGPartitionDestroy(&layer->use[j][use]));
    if (use) PetscCall(HGPartitionReference(part));
    layer->use[j][use] = part;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGLayerUseParameterEverywhere - All ranks use all of an array */
PetscErrorCode HGLayerUseParameterEverywhere(HGLayer layer, PetscInt j)
{
  MPI_Comm       comm           = PetscObjectComm((PetscObject)layer);
  const PetscInt size[HG_AXES]  = {(PetscInt)layer->param[j].size, 1, 1, 1, 1};
  PetscInt       parts[HG_AXES] = {1, 1, 1, 1, 1};
  PetscMPIInt    ranks;
  HGPartition    p;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  parts[HG_Y] = ranks;
  PetscCall(HGPartitionCreate(comm, &p));
  PetscCall(HGPartitionSetSizes(p, 3, size));
  PetscCall(HGPartitionSetParts(p, parts));
  PetscCall(HGPartitionSetReplicated(p, HG_Y, PETSC_TRUE));
  PetscCall(HGPartitionSetUp(p));
  PetscCall(HGLayerUseParameter(layer, j, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLayerGetParameterPartition - Get which part of a parameter each rank uses

   Not Collective

   Input Parameters:
+  layer - the layer, set up
.  j     - number of the parameter
-  use   - `HG_USE_FORWARD`, `HG_USE_ADJOINT`, or `HG_USE_GRADIENT` for the part that the rank sums a gradient of

   Output Parameter:
.  part - partition of the array as a tensor whose order in memory [n][z][y][x][c] is PyTorch's; do not destroy it

   Level: developer

.seealso: `HGLayerGetParameters()`, `HGParameters`
@*/
PetscErrorCode HGLayerGetParameterPartition(HGLayer layer, PetscInt j, HGUse use, HGPartition *part)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  *part = layer->use[j][use];
  PetscFunctionReturn(PETSC_SUCCESS);
}
