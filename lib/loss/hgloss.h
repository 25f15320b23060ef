/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGLOSS_H
#define HGLOSS_H

#include "tensor/hgtensor.h"

/*S
   HGLoss - a misfit between a network's output and a target: a distributed reduction with its gradient

   Level: beginner

.seealso: `HGLossCreate()`, `HGLossEvaluate()`
S*/
typedef struct _p_HGLoss *HGLoss;

/*J
   HGLossType - name of a misfit

   Values:
.  HGLOSSMSE - mean squared error over samples, channels and points

   Level: beginner
J*/
typedef const char *HGLossType;
#define HGLOSSMSE "mse"

PETSC_EXTERN PetscErrorCode HGLossCreate(MPI_Comm, HGLoss *);
PETSC_EXTERN PetscErrorCode HGLossSetType(HGLoss, HGLossType);
PETSC_EXTERN PetscErrorCode HGLossSetFromOptions(HGLoss);
PETSC_EXTERN PetscErrorCode HGLossDestroy(HGLoss *);
PETSC_EXTERN PetscErrorCode HGLossEvaluate(HGLoss, PetscInt, HGTensor, HGTensor, HGTensor, PetscReal *);

#endif
