/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGPACKING_H
#define HGPACKING_H

#include "data/attribute.h"

/*
  How the numbers of a variable are to be understood, from its type and attributes. They are compared as they are packed, in their own type: 64-bit
  integers as such, all others as doubles, which hold them exactly.
*/
typedef struct {
  nc_type        stored;          /* in the file */
  nc_type        type;            /* and what _Unsigned makes of it */
  HGNumberKind   kind;            /* of lo, hi, missing: HG_NUMBER_REAL but for 64-bit integers */
  double         scale, offset;   /* values are packed * scale + offset */
  HGNumberValue  lo, hi;          /* the valid range */
  PetscInt       nmissing, nfill; /* values that are missing ones; the first are fill values, the others of missing_value in rising order */
  HGNumberValue *missing;         /* [nmissing] */
} HGPacking;

PETSC_EXTERN PetscErrorCode HGPackingRead(int, int, HGPacking *, char *, size_t);
PETSC_EXTERN PetscErrorCode HGPackingFree(HGPacking *);
PETSC_EXTERN int            HGPackingGetValues(const HGPacking *, int, int, const size_t[], const size_t[], void *);
PETSC_EXTERN void           HGPackingUnpack(const HGPacking *, size_t, void *);
PETSC_INTERN PetscErrorCode HGPackingExplain(const HGPacking *, const void *, char *, size_t);
PETSC_INTERN PetscErrorCode HGPackingBroadcast(MPI_Comm, HGPacking *);

#endif
