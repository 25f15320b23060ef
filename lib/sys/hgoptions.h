/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of Halograd's objects: PETSc's, with every value checked, and named as the user wrote it when it is refused */
#ifndef HGOPTIONS_H
#define HGOPTIONS_H

#include "sys/hgpetsc.h"

#define HG_POSITIVE 4.9406564584124654e-324 /* the smallest number above 0: the lower end of those that are positive */

#define HG_BELOW_ONE 0.99999999999999989 /* the largest number below 1 */

/* Where an option was set; those of the environment may be meant for other programs */
typedef enum { HG_SOURCE_CODE, HG_SOURCE_ARGUMENTS, HG_SOURCE_FILE, HG_SOURCE_ENVIRONMENT } HGOptionSource;

/* Between PetscOptionsBegin() and PetscOptionsEnd(), with the PetscOptionsObject that these declare; a value holds the default until it is set */
PETSC_EXTERN PetscErrorCode HGOptionsInt(HGOptionItems, const char[], const char[], const char[], PetscInt, PetscInt, PetscInt *,
                                         PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsInt64(HGOptionItems, const char[], const char[], const char[], PetscInt64, PetscInt64, PetscInt64 *,
                                           PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsReal(HGOptionItems, const char[], const char[], const char[], PetscReal, PetscReal, PetscReal *,
                                          PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsBool(HGOptionItems, const char[], const char[], const char[], PetscBool *, PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsString(HGOptionItems, const char[], const char[], const char[], const char *[], PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsPath(HGOptionItems, const char[], const char[], const char[], char[], PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsChoice(HGOptionItems, const char[], const char[], const char[], const char *const[], PetscInt,
                                            PetscInt *, PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsType(HGOptionItems, const char[], const char[], const char[], PetscFunctionList, const char *[],
                                          PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsIntArray(HGOptionItems, const char[], const char[], const char[], PetscInt, PetscInt, PetscInt,
                                              PetscInt, PetscInt[], PetscInt *, PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsRealArray(HGOptionItems, const char[], const char[], const char[], PetscReal, PetscReal, PetscInt,
                                               PetscInt, PetscReal[], PetscInt *, PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsRange(HGOptionItems, const char[], const char[], const char[], PetscInt[2], PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsView(HGOptionItems, const char[], const char[]);

PETSC_EXTERN PetscErrorCode HGOptionsGetString(const char[], const char *[], PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsGetPath(const char[], char[], PetscBool *);
PETSC_EXTERN PetscErrorCode HGOptionsGetNames(PetscInt *, const char *const *[]);
PETSC_EXTERN PetscErrorCode HGOptionsGetSource(const char[], HGOptionSource *, const char *[]);

PETSC_EXTERN PetscErrorCode HGArgumentsNormalize(int *, char ***);

PETSC_EXTERN PetscBool      HGParseInt(const char[], size_t, PetscInt64, PetscInt64, PetscInt64 *);
PETSC_EXTERN PetscBool      HGParseReal(const char[], size_t, PetscReal, PetscReal, PetscReal *);
PETSC_EXTERN PetscErrorCode HGNamesJoin(PetscInt, const char *const[], const char[], char *[]);
PETSC_EXTERN PetscErrorCode HGNamesOfList(PetscFunctionList, const char[], char *[]);
PETSC_EXTERN PetscErrorCode HGNamesRefuse(MPI_Comm, const char[], const char[], PetscFunctionList, const char[]);
PETSC_EXTERN PetscErrorCode HGNamesNearest(const char[], PetscInt, const char *const[], PetscInt *);

#endif
