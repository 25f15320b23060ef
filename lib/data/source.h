/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGSOURCE_H
#define HGSOURCE_H

#include "data/data_impl.h"

/* Where the values of an input or a target come from, open on this rank */
typedef struct {
  HGData     data;
  HGDataRole role;
  int        nc;  /* netCDF identifier, -1 for none */
  HGIdx      idx; /* NULL for none */
} HGSource;

PETSC_INTERN PetscErrorCode HGSourceOpen(HGData, HGDataRole, HGSource *, char *, size_t);
PETSC_INTERN PetscErrorCode HGSourceRead(HGSource *, const HGFileVar *, const size_t[], const size_t[], double[], char *, size_t);
PETSC_INTERN PetscErrorCode HGSourceExplain(HGSource *, const HGFileVar *, const size_t[], double *, char *, size_t);
PETSC_INTERN void           HGSourceClose(HGSource *);
PETSC_INTERN PetscErrorCode HGSourceDescribe(HGData, char *, size_t);

#endif
