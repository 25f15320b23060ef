/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGUSER_IMPL_H
#define HGUSER_IMPL_H

#include "physics/physics_impl.h"

/* An implicit step of a TS, see usertime.c */
typedef struct _n_HGUserTime *HGUserTime;

PETSC_INTERN PetscErrorCode HGUserTimeCreate(HGPhysics, TS, HGUserTime *);
PETSC_INTERN PetscErrorCode HGUserTimeSetTheta(HGUserTime, PetscReal);
PETSC_INTERN PetscErrorCode HGUserTimeSetFromOptions(HGPhysics, HGUserTime);
PETSC_INTERN PetscErrorCode HGUserTimeSetUp(HGPhysics, HGUserTime);
PETSC_INTERN PetscErrorCode HGUserTimeHasJacobian(HGPhysics, HGUserTime, PetscBool *);
PETSC_INTERN PetscErrorCode HGUserTimeSetInput(HGPhysics, HGUserTime, Vec);
PETSC_INTERN PetscErrorCode HGUserTimeResidual(HGUserTime, Vec, Vec);
PETSC_INTERN PetscErrorCode HGUserTimeAdjoint(HGPhysics, HGUserTime, Vec, Vec, Vec);
PETSC_INTERN PetscErrorCode HGUserTimeView(HGUserTime, PetscViewer);
PETSC_INTERN PetscErrorCode HGUserTimeDestroy(HGUserTime *);
PETSC_INTERN PetscErrorCode HGUserMultTranspose(HGPhysics, const char[], Mat, Vec, Vec);

#endif
