/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGDATA_IMPL_H
#define HGDATA_IMPL_H

#include "data/hgdata.h"
#include "data/dimension.h"
#include "data/idx.h"
#include "data/packing.h"
#include <petsc/private/petscimpl.h>
#include <netcdf.h>

#define HG_DATA_MESSAGE 2000 /* characters of an error message; PETSc's are not longer */

/* A dimension of a variable of the file */
typedef struct {
  HGAxis     info;       /* with coordinates if it is one of channels */
  int        id;         /* in the file; the same for all groups */
  HGFileAxis axis;       /* what it counts */
  char      *coordinate; /* the path of its coordinate variable, NULL for none */
} HGFileDim;

/* One variable of the file */
typedef struct {
  HGDataVariable pub;
  int            ndims;
  HGFileDim      dim[HG_FILE_AXES]; /* [ndims] in the order of the file */
  PetscInt       len[HG_FILE_AXES]; /* 1 for an axis the variable lacks */
  int            pos[HG_FILE_AXES]; /* which dimension of the variable the axis is, -1 for none */
  HGPacking      pack;
  int            group, id; /* while it is read, on this rank */
} HGFileVar;

/* Input or target */
typedef struct {
  char      *list; /* names with commas, NULL for none */
  PetscInt   nvar;
  HGFileVar *var;        /* [nvar] */
  PetscInt   channels;   /* C */
  PetscBool  fixed;      /* mean and deviation were set, not computed */
  PetscInt   nfixed;     /* for so many channels */
  PetscReal *mean, *dev; /* [C] */
  PetscInt   classes;    /* its values are whole numbers below this; 0 for none */
  HGBox      box;        /* this rank's points of space; labels: one */
  void      *value;      /* [samples][Z][Y][X][C], this rank's box, normalised */
} HGDataPart;

typedef enum { HG_DATA_NETCDF, HG_DATA_IDX, HG_DATA_DIGITS } HGDataKind;

struct _p_HGData {
  PETSCHEADER(int);
  HGDataKind  kind;          /* known after set-up */
  char       *file, *labels; /* labels: NULL for none */
  PetscInt    digits;        /* how many to draw, 0 for a file */
  uint64_t    digits_seed;
  PetscInt    asked_classes, classes; /* as set, 0 for unknown; as found */
  PetscInt    first, last, end;       /* range of samples as set, last < 0: to the end; and the end itself */
  PetscBool   shuffle, setup;
  PetscBool   validation;   /* its file and range are those of -data_validation_file and -data_validation_range */
  PetscBool   optional;     /* a target that is not in the file, or does not fit the input, is left out; one that does is not read */
  char       *training;     /* description of the data that the network was trained on, NULL for none */
  char       *training_dim; /* which dimension counted its samples */
  char       *sample_dim;   /* as set, NULL for the one that the file suggests */
  HGNormalize normalize;
  HGDataPart  part[2];               /* by HGDataRole */
  PetscInt    dim, samples, grid[3]; /* samples in the file; Z, Y, X */
  HGAxis      axis[3];
  HGPartition partition; /* of the loaded values */
  HGDType     dtype;
};

/* What messages call a dataset's own options: -data_range is "data_" and "range" */
static inline const char *HGDataOption(HGData d)
{
  return d->validation ? "data_validation_" : "data_";
}

/* Labels: one class for each sample, whatever the grid */
static inline PetscBool HGDataHasLabels(HGData d)
{
  return d->kind != HG_DATA_NETCDF && d->part[HG_DATA_TARGET].nvar ? PETSC_TRUE : PETSC_FALSE;
}

static inline size_t HGDataBoxPoints(const HGBox *b)
{
  return (size_t)b->size[HG_Z] * (size_t)b->size[HG_Y] * (size_t)b->size[HG_X];
}

PETSC_INTERN PetscErrorCode HGDataDescribe(HGData, char *, size_t);
PETSC_INTERN PetscErrorCode HGDataShareDescription(HGData);
PETSC_INTERN PetscErrorCode HGDataDropTarget(HGData);
PETSC_INTERN PetscErrorCode HGDataTakeTrainingTargets(HGData);
PETSC_INTERN PetscErrorCode HGFileVarSetSizes(HGFileVar *);
PETSC_INTERN PetscErrorCode HGFileVarFree(HGFileVar *);
PETSC_INTERN PetscErrorCode HGAxisRead(int, int, PetscBool, HGAxis *, char **, char *, size_t);
PETSC_INTERN PetscErrorCode HGAxisCopy(const HGAxis *, HGAxis *);
PETSC_INTERN PetscErrorCode HGAxisFree(HGAxis *);
PETSC_INTERN PetscErrorCode HGDataReset(HGData);

#endif
