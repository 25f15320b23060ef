/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGIDX_H
#define HGIDX_H

#include "data/hgdata.h"

#define HG_IDX_AXES 4

/*
   An IDX file, the format of the MNIST database: two bytes of zero, the type of the values, the number of dimensions, their sizes as
   32-bit numbers, the values; all big-endian (LeCun, Cortes, Burges, http://yann.lecun.com/exdb/mnist). Plain or compressed by gzip.
*/
typedef struct _HGIdx *HGIdx;

PETSC_INTERN PetscErrorCode HGIdxIs(const char[], PetscBool *);
PETSC_INTERN PetscErrorCode HGIdxOpen(const char[], HGIdx *, char *, size_t);
PETSC_INTERN void           HGIdxClose(HGIdx *);
PETSC_INTERN void           HGIdxGetShape(HGIdx, int *, PetscInt64[HG_IDX_AXES]);
PETSC_INTERN const char    *HGIdxGetTypeName(HGIdx);
PETSC_INTERN PetscBool      HGIdxHasBytes(HGIdx);
PETSC_INTERN PetscErrorCode HGIdxReadAll(HGIdx, PetscErrorCode (*)(PetscInt64, PetscInt, const double[], void *), void *, char *, size_t);
PETSC_INTERN PetscErrorCode HGIdxRead(HGIdx, const size_t[], const size_t[], double[], char *, size_t);

#endif
