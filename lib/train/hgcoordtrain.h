/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGCOORDTRAIN_H
#define HGCOORDTRAIN_H

#include "physics/hgcoordproblem.h"

/*S
   HGCoordTrainer - trains a coordinate network: stages of TAO optimizers, refinement of the points, history

   Level: beginner

.seealso: `HGCoordTrainerCreate()`, `HGCoordTrainerTrain()`
S*/
typedef struct _p_HGCoordTrainer *HGCoordTrainer;

PETSC_EXTERN PetscErrorCode HGCoordTrainerCreate(HGCoordProblem, HGCoordTrainer *);
PETSC_EXTERN PetscErrorCode HGCoordTrainerSetStages(HGCoordTrainer, const char[]);
PETSC_EXTERN PetscErrorCode HGCoordTrainerSetRefinement(HGCoordTrainer, PetscInt, PetscInt);
PETSC_EXTERN PetscErrorCode HGCoordTrainerSetModelOutput(HGCoordTrainer, const char[], PetscInt);
PETSC_EXTERN PetscErrorCode HGCoordTrainerSetFromOptions(HGCoordTrainer);
PETSC_EXTERN PetscErrorCode HGCoordTrainerTrain(HGCoordTrainer, Vec);
PETSC_EXTERN PetscErrorCode HGCoordTrainerGetIterations(HGCoordTrainer, PetscInt *, PetscReal *);
PETSC_EXTERN PetscErrorCode HGCoordTrainerDestroy(HGCoordTrainer *);

#endif
