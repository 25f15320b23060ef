/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGATTRIBUTE_H
#define HGATTRIBUTE_H

#include "data/text.h"
#include <netcdf.h>

/* A number of any netCDF type, exactly */
typedef enum { HG_NUMBER_REAL, HG_NUMBER_SIGNED, HG_NUMBER_UNSIGNED } HGNumberKind;
typedef union {
  double   r;
  int64_t  i;
  uint64_t u;
} HGNumberValue;
typedef struct {
  HGNumberKind  kind;
  HGNumberValue v;
} HGNumber;

/* An attribute of any type and length. One of a user-defined type has neither text nor numbers */
typedef struct {
  nc_type   type;   /* NC_NAT: there is none */
  size_t    n;      /* values; of NC_CHAR characters */
  char     *text;   /* of NC_CHAR and NC_STRING, several strings with commas; NULL of numbers */
  HGNumber *number; /* [n], NULL of text */
} HGAttribute;

PETSC_EXTERN PetscErrorCode HGAttributeRead(int, int, const char[], HGAttribute *);
PETSC_EXTERN PetscErrorCode HGAttributeFree(HGAttribute *);
PETSC_EXTERN PetscErrorCode HGAttributePrint(const HGAttribute *, size_t, HGText *);
PETSC_EXTERN PetscErrorCode HGAttributeReadText(int, int, const char[], char **);
PETSC_INTERN double         HGNumberToReal(HGNumber);
PETSC_INTERN PetscErrorCode HGNumberPrint(HGNumber, HGText *);

#endif
