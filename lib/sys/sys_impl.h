/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGSYS_IMPL_H
#define HGSYS_IMPL_H

#include "sys/hgsys.h"
#include <petsc/private/petscimpl.h>

/* The types that folders below this one add to PETSc's, see lib/train/pchalograd.c: all that HGInitialize() knows of them */
PETSC_INTERN PetscErrorCode HGRegisterTypes(void);

PETSC_INTERN PetscErrorCode HGOptionsReview(const char[]);
PETSC_INTERN PetscErrorCode HGOptionsForgetSources(void);
PETSC_INTERN PetscErrorCode HGOptionsForgetNames(void);
PETSC_INTERN void           HGProgressBreak(void);
PETSC_INTERN PetscErrorCode HGNamesGet(PetscFunctionList, PetscInt *, const char **[]);

#endif
