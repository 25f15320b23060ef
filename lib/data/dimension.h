/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGDIMENSION_H
#define HGDIMENSION_H

#include "data/ncfile.h"

/* What a dimension is, by its coordinate variable's attributes or by its name */
typedef enum {
  HG_DIM_UNKNOWN,
  HG_DIM_SAMPLE,
  HG_DIM_TIME,   /* points of time */
  HG_DIM_LEAD,   /* times from a beginning */
  HG_DIM_MEMBER, /* of an ensemble */
  HG_DIM_CHANNEL,
  HG_DIM_Z,
  HG_DIM_Y,
  HG_DIM_X
} HGDimKind;

/* Axes of a variable in a data file. Time and channel become channels, time slowest */
typedef enum { HG_FILE_SAMPLE, HG_FILE_TIME, HG_FILE_CHANNEL, HG_FILE_Z, HG_FILE_Y, HG_FILE_X, HG_FILE_AXES } HGFileAxis;

PETSC_INTERN PetscErrorCode HGDimFind(int, int, HGDimKind *);
PETSC_EXTERN PetscErrorCode HGDimAssign(int, const HGDimKind[], const HGFileAxis[], HGFileAxis[], PetscBool *);
PETSC_EXTERN PetscErrorCode HGDimFindSamples(int, int, int *);

#endif
