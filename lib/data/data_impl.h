/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGDATA_IMPL_H
#define HGDATA_IMPL_H

#include "data/hgdata.h"
#include "data/idx.h"
#include <petsc/private/petscimpl.h>
#include <netcdf.h>

#define HG_DATA_MESSAGE 1024 /* characters of an error message */
#define HG_DATA_FILLS   4    /* values that mark a missing one, for each variable */

/* Axes of a variable in a data file, slowest first */
typedef enum { HG_FILE_SAMPLE, HG_FILE_TIME, HG_FILE_CHANNEL, HG_FILE_Z, HG_FILE_Y, HG_FILE_X, HG_FILE_AXES } HGFileAxis;

/* One variable of the file as it is read: plain data, so that rank 0 can broadcast it */
typedef struct {
  HGDataVariable pub;
  PetscInt       len[HG_FILE_AXES]; /* 1 for an axis the variable lacks */
  int            pos[HG_FILE_AXES]; /* which dimension of the variable the axis is, -1 for none */
  int            id, ndims, nfill;
  int            dimid[HG_FILE_AXES];
  double         scale, offset;
  double         fill[HG_DATA_FILLS];
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
  HGNormalize normalize;
  HGDataPart  part[2];               /* by HGDataRole */
  PetscInt    dim, samples, grid[3]; /* samples in the file; Z, Y, X */
  HGAxis      axis[3];
  HGPartition partition; /* of the loaded values */
  HGDType     dtype;
};

/* Labels: one class for each sample, whatever the grid */
static inline PetscBool HGDataHasLabels(HGData d)
{
  return d->kind != HG_DATA_NETCDF && d->part[HG_DATA_TARGET].nvar ? PETSC_TRUE : PETSC_FALSE;
}

static inline size_t HGDataBoxPoints(const HGBox *b)
{
  return (size_t)b->size[HG_Z] * (size_t)b->size[HG_Y] * (size_t)b->size[HG_X];
}

PETSC_INTERN PetscErrorCode HGClassicSize(const char[], PetscInt64 *);
PETSC_INTERN PetscErrorCode HGDataDescribe(HGData, char *, size_t);
PETSC_INTERN PetscErrorCode HGDataReset(HGData);

#endif
