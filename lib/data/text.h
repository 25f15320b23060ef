/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGDATATEXT_H
#define HGDATATEXT_H

#include "sys/hgsys.h"
#include "sys/hgtext.h"

PETSC_INTERN PetscErrorCode HGTextAppendNumber(HGText *, double);
PETSC_INTERN PetscErrorCode HGTextBroadcast(MPI_Comm, char **);

#endif
