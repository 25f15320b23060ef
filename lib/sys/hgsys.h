/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGSYS_H
#define HGSYS_H

#include <stdint.h>
#include "sys/hgpetsc.h"
#include "sys/hgdtype.h"
#include "sys/hgsimd.h"
#include "sys/hgoptions.h"

/* Axes of a tensor, slowest first: N batch, C channels, Z Y X space. */
enum { HG_N, HG_C, HG_Z, HG_Y, HG_X, HG_AXES };

/* The file that a check of Halograd's gives: HGErrorHandler() knows by it which errors are to be one line */
#define HG_SOURCE_MARK "halograd: "
#define HG_SOURCE      HG_SOURCE_MARK __FILE__

/* An error that every rank of comm detects: rank 0 prints one line, every rank returns the error code.
   The message names what was found, what was expected, and the remedy. */
#define HGCheck(cond, comm, ...)                                                                                        \
  do {                                                                                                                  \
    if (PetscUnlikely(!(cond))) {                                                                                       \
      PetscErrorCode hg_code_ =                                                                                         \
          PetscError(comm, __LINE__, PETSC_FUNCTION_NAME, HG_SOURCE, PETSC_ERR_USER, PETSC_ERROR_INITIAL, __VA_ARGS__); \
      return hg_code_ ? hg_code_ : PETSC_ERR_USER;                                                                      \
    }                                                                                                                   \
  } while (0)

/* The same for an object with options: their names in the message get its prefix */
#define HGCheckOptions(cond, object, ...)                                                                                \
  do {                                                                                                                   \
    if (PetscUnlikely(!(cond))) {                                                                                        \
      PetscErrorCode hg_code_ = HGErrorOf((PetscObject)(object), __LINE__, PETSC_FUNCTION_NAME, HG_SOURCE, __VA_ARGS__); \
      return hg_code_ ? hg_code_ : PETSC_ERR_USER;                                                                       \
    }                                                                                                                    \
  } while (0)

PETSC_EXTERN PetscClassId HG_PARTITION_CLASSID;
PETSC_EXTERN PetscClassId HG_TENSOR_CLASSID;
PETSC_EXTERN PetscClassId HG_LINOP_CLASSID;
PETSC_EXTERN PetscClassId HG_LAYER_CLASSID;
PETSC_EXTERN PetscClassId HG_NET_CLASSID;
PETSC_EXTERN PetscClassId HG_LOSS_CLASSID;
PETSC_EXTERN PetscClassId HG_PHYSICS_CLASSID;
PETSC_EXTERN PetscClassId HG_COLLOCATION_CLASSID;
PETSC_EXTERN PetscClassId HG_DATA_CLASSID;
PETSC_EXTERN PetscClassId HG_TRAINER_CLASSID;
PETSC_EXTERN PetscClassId HG_SURROGATE_CLASSID;
PETSC_EXTERN PetscClassId HG_OBJECTIVE_CLASSID;

PETSC_EXTERN PetscErrorCode HGInitialize(int *, char ***, const char[], const char[]);
PETSC_EXTERN PetscErrorCode HGFinalize(void);
PETSC_EXTERN PetscErrorCode HGSetWaitPolicy(char **);
PETSC_EXTERN PetscErrorCode HGSetFromOptions(MPI_Comm);
PETSC_EXTERN PetscErrorCode HGGetDType(HGDType *);
PETSC_EXTERN PetscErrorCode HGGetSimd(HGSimd *);
PETSC_EXTERN PetscErrorCode HGView(PetscViewer);
PETSC_EXTERN PetscErrorCode HGErrorHandler(MPI_Comm, int, const char *, const char *, PetscErrorCode, PetscErrorType, const char *, void *);
PETSC_EXTERN PetscErrorCode HGErrorOf(PetscObject, int, const char[], const char[], const char[], ...) PETSC_ATTRIBUTE_FORMAT(5, 6);
PETSC_EXTERN PetscErrorCode HGSetErrorsInOneLine(PetscBool);
PETSC_EXTERN PetscErrorCode HGCheckInitialized(const char[]);
PETSC_EXTERN PetscErrorCode HGAgree(MPI_Comm, PetscBool, PetscBool *);
PETSC_EXTERN PetscErrorCode HGCheckMemory(MPI_Comm, double, const char[]);
PETSC_EXTERN PetscErrorCode HGAgreeOnMessage(MPI_Comm, char *, size_t);
PETSC_EXTERN const char *const HGDTypes[]; /* their names */
PETSC_EXTERN const char       *HGDTypeName(HGDType);

PETSC_EXTERN uint64_t HGRandomStream(const char[]);
PETSC_EXTERN uint64_t HGRandomBits(uint64_t, uint64_t, uint64_t);
PETSC_EXTERN double   HGRandomUniform(uint64_t, uint64_t, uint64_t);
PETSC_EXTERN double   HGRandomNormal(uint64_t, uint64_t, uint64_t);

#endif
