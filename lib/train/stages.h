/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGSTAGES_H
#define HGSTAGES_H

#include "train/hgtrain.h"

/* An optimizer, a TAO type, and how many passes over all data it makes: one of the optimizers that see all data at once makes one each iteration */
typedef struct {
  char     type[32];
  PetscInt epochs;
} HGStage;

PETSC_INTERN PetscErrorCode HGStagesParse(MPI_Comm, const char[], PetscInt *, HGStage **);
PETSC_INTERN PetscErrorCode HGStageCreateTao(MPI_Comm, const HGStage *, PetscInt, Tao *);

#endif
