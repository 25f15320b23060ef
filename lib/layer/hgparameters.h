/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGPARAMETERS_H
#define HGPARAMETERS_H

#include "layer/hglayer.h"
#include "model/hgmodel.h"
#include "tensor/hgvec.h"

/*S
   HGParameters - where the parameters of some layers live, and how they get to the ranks that use them

   Level: developer

   Notes:
   Each element has one owner, a rank that computes its gradient: a block of channels or of a matrix belongs to the rank that computes with it, and what
   several ranks use is divided among them evenly. The owners' shards, array by array, are the local parts of a Vec. Its values go to their users by a
   broadcast or partial repartition, planned once, with persistent requests; the gradients come home by its adjoint, the sum-reduce, which adds in ascending
   order of ranks (arXiv 2006.03108). Where the owner is the only user, the layer works on the shard itself.

.seealso: `HGParametersCreate()`, `HGLayerGetParameterPartition()`
S*/
typedef struct _p_HGParameters *HGParameters;

PETSC_EXTERN PetscErrorCode HGParametersCreate(MPI_Comm, HGDType, HGDType, HGParameters *);
PETSC_EXTERN PetscErrorCode HGParametersAddLayer(HGParameters, HGLayer);
PETSC_EXTERN PetscErrorCode HGParametersDivide(HGParameters);
PETSC_EXTERN PetscErrorCode HGParametersGetNeed(HGParameters, PetscBool, double *, const char **, double *);
PETSC_EXTERN PetscErrorCode HGParametersSetUp(HGParameters, PetscBool);
PETSC_EXTERN PetscErrorCode HGParametersDestroy(HGParameters *);
PETSC_EXTERN PetscErrorCode HGParametersGetSizes(HGParameters, PetscInt *, PetscInt *);
PETSC_EXTERN PetscErrorCode HGParametersGetUse(HGParameters, PetscInt, PetscInt64 *, PetscInt *, PetscInt64 *);
PETSC_EXTERN PetscErrorCode HGParametersGetRuns(HGParameters, PetscInt, PetscInt, PetscInt *, HGModelRun *[]);
PETSC_EXTERN PetscErrorCode HGParametersCreateVec(HGParameters, Vec *);
PETSC_EXTERN PetscErrorCode HGParametersBegin(HGParameters, Vec);
PETSC_EXTERN PetscErrorCode HGParametersEnd(HGParameters, PetscInt, HGUse);
PETSC_EXTERN PetscErrorCode HGParametersGetValues(HGParameters, PetscInt, PetscInt, const void **);
PETSC_EXTERN PetscErrorCode HGParametersAdjointZero(HGParameters, Vec);
PETSC_EXTERN PetscErrorCode HGParametersGetGradient(HGParameters, PetscInt, HGDType *, void *const *[]);
PETSC_EXTERN PetscErrorCode HGParametersAdjointBegin(HGParameters, PetscInt);
PETSC_EXTERN PetscErrorCode HGParametersAdjointEnd(HGParameters, Vec);

#endif
