/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGFIELDFILE_H
#define HGFIELDFILE_H

#include "data/hgdata.h"

/*S
   HGFieldFile - a netCDF-4 file of fields that is being written in parallel, under a temporary name until it is complete

   Level: intermediate

   Notes:
   Create, set, set up (from here on the file exists), write, close. `HGFieldFileDestroy()` without `HGFieldFileClose()`
   removes what was written. Any failure removes the temporary file and is an error on all ranks.

.seealso: `HGFieldFileCreate()`, `HGFieldFileClose()`
S*/
typedef struct _p_HGFieldFile *HGFieldFile;

PETSC_EXTERN PetscErrorCode HGFieldFileCreate(MPI_Comm, const char[], HGFieldFile *);
PETSC_EXTERN PetscErrorCode HGFieldFileSetSizes(HGFieldFile, PetscInt, PetscInt, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGFieldFileSetAxis(HGFieldFile, PetscInt, const HGAxis *);
PETSC_EXTERN PetscErrorCode HGFieldFileSetData(HGFieldFile, HGData);
PETSC_EXTERN PetscErrorCode HGFieldFileSetAttribute(HGFieldFile, const char[], const char[]);
PETSC_EXTERN PetscErrorCode HGFieldFileAddVariable(HGFieldFile, const char[], PetscInt, HGDType, PetscInt *);
PETSC_EXTERN PetscErrorCode HGFieldFileAddVariableLike(HGFieldFile, HGData, HGDataRole, PetscInt, HGDType, PetscInt *);
PETSC_EXTERN PetscErrorCode HGFieldFileGetChannels(HGFieldFile, PetscInt, PetscInt *);
PETSC_EXTERN PetscErrorCode HGFieldFileSetVariableAttribute(HGFieldFile, PetscInt, const char[], const char[]);
PETSC_EXTERN PetscErrorCode HGFieldFileSetUp(HGFieldFile);
PETSC_EXTERN PetscErrorCode HGFieldFileWriteTensor(HGFieldFile, PetscInt, PetscInt, PetscInt, HGTensor);
PETSC_EXTERN PetscErrorCode HGFieldFileWriteChannels(HGFieldFile, PetscInt, PetscInt, PetscInt, PetscInt, HGTensor);
PETSC_EXTERN PetscErrorCode HGFieldFileWriteVec(HGFieldFile, PetscInt, PetscInt, DM, Vec);
PETSC_EXTERN PetscErrorCode HGFieldFileClose(HGFieldFile *);
PETSC_EXTERN PetscErrorCode HGFieldFileDestroy(HGFieldFile *);

#endif
