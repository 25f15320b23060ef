/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGSYS_IMPL_H
#define HGSYS_IMPL_H

#include "sys/hgsys.h"
#include <petsc/private/petscimpl.h>

PETSC_INTERN PetscErrorCode HGOptionsReview(const char[]);
PETSC_INTERN PetscErrorCode HGOptionsForgetSources(void);
PETSC_INTERN PetscErrorCode HGOptionsForgetNames(void);
PETSC_INTERN void           HGProgressBreak(void);
PETSC_INTERN PetscErrorCode HGNamesGet(PetscFunctionList, PetscInt *, const char **[]);

#endif
