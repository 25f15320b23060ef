/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGMODEL_H
#define HGMODEL_H

#include "sys/hgdtype.h"
#include "sys/hgsys.h"
#include <petscvec.h>

#define HG_MODEL_FORMAT 2 /* of the files written; 1 is read too */
#define HG_MODEL_DIMS   8 /* most dimensions of an array */

/*S
   HGModel - what a model file holds: attributes of any length and arrays, in sections that each part of a training writes and reads itself

   Level: advanced

   Notes:
   An attribute or array is called by its group, "" for the root of the file, and its name. Rank 0 handles the file, and gives to all ranks what it reads;
   the ranks beside it write their parts of arrays themselves. No rank has more of an array than its part and some pieces of 8 MiB. Every number is checked against a range, every array against the shape that its reader expects, and, for files of format 2, everything
   against the checksums that were written with it. The functions that read raise what is wrong on all ranks.

.seealso: `HGModelCreate()`, `HGModelOpen()`, `HGModelOutput`
S*/
typedef struct _p_HGModel *HGModel;

/*S
   HGModelRun - a part of an array in a file that one rank has: elements local, local + 1, ... of the rank's array are elements file, file + 1, ... of the
   variable, counted in row-major order

   Level: advanced

.seealso: `HGModelPutRuns()`, `HGModelGetRuns()`
S*/
typedef struct {
  PetscInt64 file, local, count;
} HGModelRun;

/*S
   HGModelOutput - a model file that is going to be written, perhaps many times: tried before, locked against other jobs, replaced when complete

   Level: advanced

.seealso: `HGModelOutputCreate()`, `HGModelOutputWrite()`
S*/
typedef struct _p_HGModelOutput *HGModelOutput;

PETSC_EXTERN PetscErrorCode HGModelCreate(MPI_Comm, HGModel *);
PETSC_EXTERN PetscErrorCode HGModelOpen(MPI_Comm, const char[], HGModel *);
PETSC_EXTERN PetscErrorCode HGModelVerify(HGModel, PetscInt *);
PETSC_EXTERN PetscErrorCode HGModelDestroy(HGModel *);
PETSC_EXTERN PetscErrorCode HGModelGetPath(HGModel, const char *[]);
PETSC_EXTERN PetscErrorCode HGModelGetComm(HGModel, MPI_Comm *);
PETSC_EXTERN PetscErrorCode HGModelGetFormat(HGModel, PetscInt *);

PETSC_EXTERN PetscErrorCode HGModelSetSection(HGModel, const char[]);
PETSC_EXTERN PetscErrorCode HGModelPutText(HGModel, const char[], const char[], const char[]);
PETSC_EXTERN PetscErrorCode HGModelPutInt(HGModel, const char[], const char[], PetscInt64);
PETSC_EXTERN PetscErrorCode HGModelPutReals(HGModel, const char[], const char[], PetscInt, const PetscReal[]);
PETSC_EXTERN PetscErrorCode HGModelPutArray(HGModel, const char[], const char[], PetscInt, const PetscInt[], const PetscScalar[]);
PETSC_EXTERN PetscErrorCode HGModelPutRuns(HGModel, const char[], const char[], PetscInt, const PetscInt[], HGDType, PetscInt,
                                           const HGModelRun[], const void *);
PETSC_EXTERN PetscErrorCode HGModelPutVec(HGModel, const char[], const char[], Vec);

PETSC_EXTERN PetscErrorCode HGModelHas(HGModel, const char[], const char[], PetscBool *);
PETSC_EXTERN PetscErrorCode HGModelGetText(HGModel, const char[], const char[], const char *[]);
PETSC_EXTERN PetscErrorCode HGModelGetInt(HGModel, const char[], const char[], PetscInt64, PetscInt64, PetscInt64 *);
PETSC_EXTERN PetscErrorCode HGModelCheckCount(HGModel, const char[], const char[], PetscInt);
PETSC_EXTERN PetscErrorCode HGModelGetReals(HGModel, const char[], const char[], PetscInt, PetscReal, PetscReal, PetscReal[]);
PETSC_EXTERN PetscErrorCode HGModelGetArrayNames(HGModel, const char[], char **);
PETSC_EXTERN PetscErrorCode HGModelGetArray(HGModel, const char[], const char[], PetscInt, const PetscInt[], PetscScalar[]);
PETSC_EXTERN PetscErrorCode HGModelGetRuns(HGModel, const char[], const char[], PetscInt, const PetscInt[], HGDType, PetscInt,
                                           const HGModelRun[], void *);
PETSC_EXTERN PetscErrorCode HGModelGetVec(HGModel, const char[], const char[], Vec);

PETSC_EXTERN PetscErrorCode HGModelOutputCreate(MPI_Comm, const char[], HGModelOutput *);
PETSC_EXTERN PetscErrorCode HGModelOutputTry(HGModelOutput, HGModel);
PETSC_EXTERN PetscErrorCode HGModelOutputWrite(HGModelOutput, HGModel);
PETSC_EXTERN PetscErrorCode HGModelOutputDestroy(HGModelOutput *);

PETSC_EXTERN PetscErrorCode HGOptionsCreateFromText(MPI_Comm, const char[], const char[], const char[], PetscOptions *);
PETSC_EXTERN PetscErrorCode HGOptionsDestroyUsed(MPI_Comm, const char[], PetscOptions *);
PETSC_EXTERN PetscErrorCode HGOptionsCompareText(const char[], const char[], char **, char **);

#endif
