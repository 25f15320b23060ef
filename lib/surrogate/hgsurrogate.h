/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGSURROGATE_H
#define HGSURROGATE_H

#include "net/hgnet.h"

/*S
   HGSurrogate - a trained network as a map between Vecs of a DMDA: a guess for SNES, a preconditioner for KSP

   Level: beginner

.seealso: `HGSurrogateCreate()`, `HGSurrogateApply()`, `HGSurrogateComputeInitialGuess()`, `PCHALOGRAD`
S*/
typedef struct _p_HGSurrogate *HGSurrogate;

PETSC_EXTERN PetscErrorCode HGSurrogateCreate(MPI_Comm, HGSurrogate *);
PETSC_EXTERN PetscErrorCode HGSurrogateSetModel(HGSurrogate, const char[]);
PETSC_EXTERN PetscErrorCode HGSurrogateSetDMDA(HGSurrogate, DM);
PETSC_EXTERN PetscErrorCode HGSurrogateSetInput(HGSurrogate, Vec);
PETSC_EXTERN PetscErrorCode HGSurrogateSetFromOptions(HGSurrogate);
PETSC_EXTERN PetscErrorCode HGSurrogateSetUp(HGSurrogate);
PETSC_EXTERN PetscErrorCode HGSurrogateApply(HGSurrogate, PetscReal, Vec, Vec);
PETSC_EXTERN PetscErrorCode HGSurrogateComputeInitialGuess(SNES, Vec, void *);
PETSC_EXTERN PetscErrorCode HGSurrogateView(HGSurrogate, PetscViewer);
PETSC_EXTERN PetscErrorCode HGSurrogateDestroy(HGSurrogate *);

#define PCHALOGRAD "halograd"

PETSC_EXTERN PetscErrorCode PCHalogradSetModel(PC, const char[]);
PETSC_EXTERN PetscErrorCode PCHalogradSetInput(PC, Vec);

#endif
