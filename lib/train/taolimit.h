/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGTAOLIMIT_H
#define HGTAOLIMIT_H

#include "sys/hgpetsc.h"

PETSC_INTERN PetscErrorCode HGTaoSetMaximumIterations(Tao, PetscInt);
PETSC_INTERN PetscErrorCode HGTaoSetFromOptions_Private(Tao);
PETSC_INTERN PetscErrorCode HGTaoSetFromOptionsWithMemory(Tao, PetscInt);

#endif
