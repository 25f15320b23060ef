/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGUSER_IMPL_H
#define HGUSER_IMPL_H

#include "physics/physics_impl.h"
#include <petsc/private/snesimpl.h> /* what a callback leaves in the user's SNES is taken back */

/* The flag of SNESSetFunctionDomainError() */
#if PETSC_VERSION_LT(3, 25, 0)
#define HG_SNES_DOMAIN_ERROR(snes) ((snes)->domainerror)
#else
#define HG_SNES_DOMAIN_ERROR(snes) ((snes)->functiondomainerror)
#endif

/* An implicit step of a TS, see usertime.c */
typedef struct _n_HGUserTime *HGUserTime;

PETSC_INTERN PetscErrorCode HGUserTimeCreate(HGPhysics, TS, HGUserTime *);
PETSC_INTERN PetscErrorCode HGUserTimeSetTheta(HGPhysics, HGUserTime, PetscReal);
PETSC_INTERN PetscErrorCode HGUserTimeSetFromOptions(HGPhysics, HGUserTime);
PETSC_INTERN PetscErrorCode HGUserTimeSetUp(HGPhysics, HGUserTime);
PETSC_INTERN PetscErrorCode HGUserTimeFindJacobian(HGPhysics, HGUserTime, PetscBool[2], char[], size_t);
PETSC_INTERN PetscErrorCode HGUserTimeSetInput(HGPhysics, HGUserTime, Vec);
PETSC_INTERN PetscErrorCode HGUserTimeResidual(HGUserTime, Vec, Vec);
PETSC_INTERN PetscErrorCode HGUserTimeAdjoint(HGPhysics, HGUserTime, int, Vec, Vec, Vec);
PETSC_INTERN PetscErrorCode HGUserTimeView(HGUserTime, PetscViewer);
PETSC_INTERN PetscErrorCode HGUserTimeDestroy(HGUserTime *);

/* The user's functions, and matrices for them to fill, see userjacobian.c */
PETSC_INTERN PetscErrorCode HGUserCreateMats(HGPhysics, Mat, Mat, Mat[2]);
PETSC_INTERN PetscErrorCode HGUserDestroyMats(Mat[2]);
PETSC_INTERN PetscErrorCode HGUserCheckMats(const Mat[2], PetscBool[2], char[], size_t);
PETSC_INTERN PetscErrorCode HGUserMultTranspose(HGPhysics, const char[], Mat, Vec, Vec);
PETSC_INTERN PetscErrorCode HGUserSNESJacobian(HGPhysics, SNES, Mat[2], char[], size_t);
PETSC_INTERN PetscErrorCode HGUserSNESAdjoint(HGPhysics, SNES, const Mat[2], int, Vec, Vec, Vec);
PETSC_INTERN PetscErrorCode HGUserSNESFunction(HGPhysics, SNES, Mat[2], Vec, Vec);

/* J(u)' w by coloured differences of a residual, see coloring.c */
typedef struct _n_HGColoring *HGColoring;

PETSC_INTERN PetscErrorCode HGColoringCreate(DM, HGColoring *);
PETSC_INTERN PetscErrorCode HGColoringSetError(HGColoring, PetscReal);
PETSC_INTERN PetscErrorCode HGColoringGetCount(HGColoring, PetscInt *);
PETSC_INTERN PetscErrorCode HGColoringApplyTranspose(HGColoring, HGPhysics, PetscErrorCode (*)(HGPhysics, Vec, Vec), Vec, Vec, Vec);
PETSC_INTERN PetscErrorCode HGColoringDestroy(HGColoring *);

#endif
