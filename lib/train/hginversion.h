/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGINVERSION_H
#define HGINVERSION_H

#include "physics/hgphysics.h"
#include <petsctao.h>

/*S
   HGInversion - finds an input field or a parameter of an equation from observed solutions

   Level: intermediate

.seealso: `HGInversionCreate()`, `HGInversionSetUnknown()`, `HGInversionSolve()`
S*/
typedef struct _p_HGInversion *HGInversion;

PETSC_EXTERN PetscErrorCode HGInversionCreate(MPI_Comm, HGInversion *);
PETSC_EXTERN PetscErrorCode HGInversionSetPhysics(HGInversion, HGPhysics);
PETSC_EXTERN PetscErrorCode HGInversionSetUnknown(HGInversion, const char[]);
PETSC_EXTERN PetscErrorCode HGInversionSetRegularization(HGInversion, PetscReal);
PETSC_EXTERN PetscErrorCode HGInversionSetWeights(HGInversion, Vec);
PETSC_EXTERN PetscErrorCode HGInversionSetFromOptions(HGInversion);
PETSC_EXTERN PetscErrorCode HGInversionSetObservations(HGInversion, PetscInt, const Vec[], const Vec[]);
PETSC_EXTERN PetscErrorCode HGInversionSetUp(HGInversion);
PETSC_EXTERN PetscErrorCode HGInversionGetTao(HGInversion, Tao *);
PETSC_EXTERN PetscErrorCode HGInversionEvaluate(HGInversion, Vec, PetscReal *, Vec);
PETSC_EXTERN PetscErrorCode HGInversionSolve(HGInversion);
PETSC_EXTERN PetscErrorCode HGInversionGetMisfit(HGInversion, PetscReal *);
PETSC_EXTERN PetscErrorCode HGInversionGetFields(HGInversion, Vec *, Vec *);
PETSC_EXTERN PetscErrorCode HGInversionGetParameter(HGInversion, PetscReal *);
PETSC_EXTERN PetscErrorCode HGInversionDestroy(HGInversion *);

#endif
