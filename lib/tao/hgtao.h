/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGTAO_H
#define HGTAO_H

#include "sys/hgsys.h"
#include "sys/hgtext.h"

/* TAO types that step on mini-batches, as PyTorch's optimizers of the same names do */
#define HGTAOADAM  "adam"
#define HGTAOADAMW "adamw"
#define HGTAOSGD   "sgd"

#define HG_MAX_STATE 2 /* vectors of a stochastic optimizer's state */

PETSC_EXTERN PetscErrorCode HGTaoRegisterAll(void);
PETSC_EXTERN PetscErrorCode HGTaoSetFromOptions(Tao);
PETSC_EXTERN PetscErrorCode HGTaoSetFromOptionsWithMemory(Tao, PetscInt);
PETSC_EXTERN PetscErrorCode HGTaoSetMaximumIterations(Tao, PetscInt);
PETSC_EXTERN PetscErrorCode HGTaoIsStochastic(Tao, PetscBool *);
PETSC_EXTERN PetscErrorCode HGTaoGetLearningRate(Tao, PetscReal *);
PETSC_EXTERN PetscErrorCode HGTaoSetLearningRate(Tao, PetscReal);
PETSC_EXTERN PetscErrorCode HGTaoGetState(Tao, PetscInt64 *, PetscInt *, const char *[], Vec[]);
PETSC_EXTERN PetscErrorCode HGTaoGetDType(Tao, HGDType, HGDType *);
PETSC_EXTERN PetscErrorCode HGTaoSetDType(Tao, HGDType);
PETSC_EXTERN PetscErrorCode HGTaoSetStep(Tao, PetscInt64);
PETSC_EXTERN PetscErrorCode HGTaoAppendOptions(Tao, PetscReal, HGText *);

#endif
