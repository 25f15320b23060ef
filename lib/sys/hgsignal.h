/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGSIGNAL_H
#define HGSIGNAL_H

#include "sys/hgpetsc.h"

PETSC_EXTERN PetscErrorCode HGSignalBegin(void);
PETSC_EXTERN PetscErrorCode HGSignalEnd(void);
PETSC_EXTERN PetscErrorCode HGSignalAgree(MPI_Comm, int *);
PETSC_EXTERN int            HGSignalReceived(void);
PETSC_EXTERN const char    *HGSignalName(int);
PETSC_EXTERN PetscErrorCode HGSignalInitialize(void);

#endif
