/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGTEXT_H
#define HGTEXT_H

#include "sys/hgsys.h"

/* A text that grows; begin with {NULL, 0, 0}, end with PetscFree(text.s) */
typedef struct {
  char  *s; /* ends with 0; NULL before the first addition */
  size_t used, room;
} HGText;

PETSC_EXTERN PetscErrorCode HGTextAdd(HGText *, const char[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);
PETSC_INTERN PetscErrorCode HGTextAddNumber(HGText *, double);
PETSC_INTERN PetscErrorCode HGTextBroadcast(MPI_Comm, char **);

#endif
