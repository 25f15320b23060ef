/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGVEC_H
#define HGVEC_H

#include "sys/hgsys.h"
#include <petscvec.h>

#define HGVECF32 "hgf32" /* the type of vectors whose elements are kept in single precision */

PETSC_EXTERN PetscErrorCode HGVecCreateF32(MPI_Comm, PetscInt, PetscInt, Vec *);
PETSC_EXTERN PetscErrorCode HGVecIsF32(Vec, PetscBool *);
PETSC_EXTERN PetscErrorCode HGVecGetElements(Vec, HGDType *, void **);
PETSC_EXTERN PetscErrorCode HGVecGetElementsRead(Vec, HGDType *, const void **);

#endif
