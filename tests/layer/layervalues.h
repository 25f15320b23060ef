/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters of one layer from whole arrays, one behind the other and the same on all ranks, and the gradient by them as such */
#ifndef LAYERVALUES_H
#define LAYERVALUES_H

#include "halograd.h"

#define MOST_PARAMETERS 2

typedef struct {
  void *part[2][MOST_PARAMETERS]; /* [use] what this rank uses, in the layer's type */
} LayerValues;

/* Copies this rank's box of an array [n][z][y][x][c] from the whole one; or adds it there */
static inline PetscErrorCode PartCopy(HGPartition p, HGDType t, PetscBool from_whole, double *whole, void *part)
{
  static const int order[HG_AXES] = {HG_N, HG_Z, HG_Y, HG_X, HG_C};
  PetscInt         size[HG_AXES];
  PetscMPIInt      rank;
  HGBox            box;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)p), &rank));
  PetscCall(HGPartitionGetBox(p, rank, &box));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  for (PetscInt i = 0; i < (PetscInt)HGBoxCount(&box); i++) {
    PetscInt at[HG_AXES], g = 0, r = i;

    for (int k = HG_AXES - 1; k >= 0; r /= box.size[order[k--]]) at[order[k]] = r % box.size[order[k]];
    for (int k = 0; k < HG_AXES; k++) g = g * size[order[k]] + box.start[order[k]] + at[order[k]];
    if (!from_whole) whole[g] += t == HG_F32 ? (double)((float *)part)[i] : ((double *)part)[i];
    else if (t == HG_F32) ((float *)part)[i] = (float)whole[g];
    else ((double *)part)[i] = whole[g];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode PartAllocate(HGPartition p, void **part)
{
  PetscMPIInt rank;
  HGBox       box;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)p), &rank));
  PetscCall(HGPartitionGetBox(p, rank, &box));
  PetscCall(PetscCalloc((size_t)HGBoxCount(&box) * sizeof(double) + 1, part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode LayerValuesDestroy(LayerValues *v)
{
  PetscFunctionBegin;
  for (int i = 0; i < 2 * MOST_PARAMETERS; i++) PetscCall(PetscFree(v->part[i / MOST_PARAMETERS][i % MOST_PARAMETERS]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* v keeps them as long as the layer uses them */
static inline PetscErrorCode LayerSetValues(HGLayer layer, HGDType t, const double *p, LayerValues *v)
{
  const HGParameter *param;
  PetscInt           n;

  PetscFunctionBegin;
  PetscCall(LayerValuesDestroy(v));
  PetscCall(HGLayerGetParameters(layer, &n, &param));
  for (int use = HG_USE_FORWARD; use <= HG_USE_ADJOINT; use++) {
    const double *at = p;

    for (PetscInt j = 0; j < n; at += param[j++].size) {
      HGPartition part;

      PetscCall(HGLayerGetParameterPartition(layer, j, (HGUse)use, &part));
      PetscCall(PartAllocate(part, &v->part[use][j]));
      PetscCall(PartCopy(part, t, PETSC_TRUE, (double *)at, v->part[use][j]));
    }
    PetscCall(HGLayerSetParameterValues(layer, (HGUse)use, (const void *const *)v->part[use]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adds this rank's gradient to dp */
static inline PetscErrorCode LayerAdjoint(HGLayer layer, PetscInt nb, HGDType t, double *dp)
{
  void              *part[MOST_PARAMETERS] = {NULL, NULL};
  const HGParameter *param;
  HGPartition        p;
  PetscInt           n;

  PetscFunctionBegin;
  PetscCall(HGLayerGetParameters(layer, &n, &param));
  for (PetscInt j = 0; j < n; j++) {
    PetscCall(HGLayerGetParameterPartition(layer, j, HG_USE_GRADIENT, &p));
    PetscCall(PartAllocate(p, &part[j]));
  }
  PetscCall(HGLayerAdjoint(layer, nb, t, part));
  for (PetscInt j = 0; j < n; dp += param[j++].size) {
    PetscCall(HGLayerGetParameterPartition(layer, j, HG_USE_GRADIENT, &p));
    PetscCall(PartCopy(p, t, PETSC_FALSE, dp, part[j]));
    PetscCall(PetscFree(part[j]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
