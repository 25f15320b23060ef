/* SPDX-License-Identifier: BSD-2-Clause */
/* netCDF files as they are: opening, groups, names. Of one rank alone; messages are for the caller to share, an empty one means all is well. */
#ifndef HGNCFILE_H
#define HGNCFILE_H

#include "data/attribute.h"

/* A variable in some group of a file */
typedef struct {
  int   group, id;
  char *path; /* "a", "measurements/a" */
} HGFileEntry;

PETSC_EXTERN PetscErrorCode HGFileList(int, PetscInt *, HGFileEntry **);
PETSC_EXTERN PetscErrorCode HGFileListFree(PetscInt, HGFileEntry **);
PETSC_EXTERN PetscErrorCode HGFileFind(int, const char[], int *, int *);
PETSC_EXTERN PetscErrorCode HGFileAddShape(int, int, HGText *);
PETSC_INTERN PetscBool      HGFileIsCoordinate(int, int, int *);
PETSC_INTERN PetscErrorCode HGFileFindCoordinate(int, int, int *, int *);
PETSC_INTERN PetscErrorCode HGFileAddNames(int, HGText *, size_t);
PETSC_INTERN PetscErrorCode HGClassicSize(const char[], PetscInt64 *);

#define HGFileFail(...)                    \
  do {                                     \
    (void)snprintf(msg, len, __VA_ARGS__); \
    PetscFunctionReturn(PETSC_SUCCESS);    \
  } while (0)

#endif
