/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGMODEL_IMPL_H
#define HGMODEL_IMPL_H

#include "model/hgmodel.h"
#include <stdio.h>

#define HG_MODEL_MESSAGE 1024              /* characters of an error message */
#define HG_MODEL_TRAILER 25                /* characters behind the file, see modelbytes.c */
#define HG_MODEL_TINY    16                /* bytes of the least array that ranks write into the file themselves, see modelwrite.c */
#define HG_MODEL_ROOM    ((size_t)8 << 20) /* bytes of the pieces in which arrays are handed on */

/* OTHER: a type that no part of a model has */
typedef enum { HG_MODEL_TEXT, HG_MODEL_INT, HG_MODEL_REAL, HG_MODEL_ARRAY, HG_MODEL_OTHER } HGModelKind;

/* An attribute or an array. Each rank has its runs of an array that is written; the values of one that is read stay in the file. */
typedef struct {
  char       *section; /* who writes it; of a file that is read: "" */
  char       *group, *name;
  HGModelKind kind;
  size_t      n;     /* values, or characters of a text; of an array that is read see HGModelCount() */
  void       *value; /* [n] char (and a 0 behind them), PetscInt64 or double; of an array a copy that belongs to the model, or NULL */
  int         ndim;  /* of an array */
  size_t      shape[HG_MODEL_DIMS];
  PetscBool   covered; /* by a checksum of the file */
  uint32_t    sum;     /* of an array, on rank 0: what it should be, or is when it is written */
  HGDType     type;    /* the rest is of an array that is written */
  PetscInt    nruns;
  HGModelRun *run;                           /* [nruns] what this rank has of it */
  const void *data;                          /* the values of the runs */
  Vec         vec;                           /* whose values they are, or NULL */
  PetscInt64  place;                         /* where in the file it begins, -1 if HDF5 writes it */
  uint32_t    sum_raw;                       /* of its bytes in the file, on rank 0 */
  _Alignas(double) char tiny[HG_MODEL_TINY]; /* the values of an array that is smaller, on rank 0 */
} HGModelEntry;

struct _p_HGModel {
  MPI_Comm      comm;
  PetscMPIInt   rank;
  char         *path;    /* of a file that is read, NULL of one that is made */
  char         *section; /* of what is put next */
  PetscInt      format;
  PetscInt      n, room;
  HGModelEntry *entry;                 /* [n] on rank 0: all; on others the texts that were asked for */
  int           nc;                    /* on rank 0, -1 if no file is open */
  char          msg[HG_MODEL_MESSAGE]; /* what went wrong on rank 0; empty while all is well */
};

/* What to do with a file whose checksums do not hold */
#define HG_MODEL_EDITED "; train it anew or take a copy. For a file that was edited on purpose give -model_verify 0"

/* When a file cannot be written */
#define HG_MODEL_UNTOUCHED "; what was there before is untouched"

/* The first failure is the one to tell */
#define HGModelFails(m, ...)                                                 \
  do {                                                                       \
    if (!*(m)->msg) (void)snprintf((m)->msg, sizeof((m)->msg), __VA_ARGS__); \
  } while (0)

PETSC_INTERN PetscErrorCode HGModelNew(MPI_Comm, HGModel *);
PETSC_INTERN HGModelEntry  *HGModelFind(HGModel, const char[], const char[]);
PETSC_INTERN PetscErrorCode HGModelAdd(HGModel, const char[], const char[], HGModelKind, size_t, HGModelEntry **);
PETSC_INTERN PetscErrorCode HGModelRaise(HGModel);
PETSC_INTERN PetscBool      HGModelCount(const HGModelEntry *, size_t *);
PETSC_INTERN size_t         HGModelSlab(const HGModelEntry *, size_t, size_t, size_t[], size_t[]);
PETSC_INTERN PetscErrorCode HGModelCheckShape(HGModel, const char[], const char[], PetscInt, const PetscInt[], HGModelEntry *);
PETSC_INTERN PetscErrorCode HGModelSumRuns(HGModel);
PETSC_INTERN void           HGModelSumPart(HGDType, const void *, size_t, size_t, uint32_t *, uint32_t *);
PETSC_INTERN PetscErrorCode HGModelFetchTiny(HGModel);
PETSC_INTERN PetscErrorCode HGModelEncode(HGModel, const char[], int *, PetscInt64 *);
PETSC_INTERN PetscErrorCode HGModelWriteFile(HGModel, const char[], const char[], PetscBool);
PETSC_INTERN PetscErrorCode HGModelGetRunsOf(HGModel, const HGModelEntry *, HGDType, PetscInt, const HGModelRun[], void *);
PETSC_INTERN PetscErrorCode HGModelReadTable(HGModel);
PETSC_INTERN PetscErrorCode HGModelWriteSums(HGModel, char **);
PETSC_INTERN PetscErrorCode HGModelCheckSums(HGModel);
PETSC_INTERN PetscErrorCode HGModelCheckBytes(HGModel);
PETSC_INTERN uint32_t       HGModelSumBytes(uint32_t, const void *, size_t);
PETSC_INTERN void           HGModelTrailer(uint32_t, char[]);
PETSC_INTERN uint32_t       HGModelShiftSum(uint32_t, size_t);
PETSC_INTERN uint32_t       HGModelSumValues(HGDType, const void *, size_t);
PETSC_INTERN size_t         HGModelEndOfFile(const unsigned char *, size_t);
PETSC_INTERN void           HGModelOpenFile(HGModel);
PETSC_INTERN PetscErrorCode HGModelVerifyArrays(HGModel);
PETSC_INTERN void           HGModelShapeText(const HGModelEntry *, char[], size_t);

#endif
