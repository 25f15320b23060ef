/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGTENSOR_IMPL_H
#define HGTENSOR_IMPL_H

#include "tensor/hgtensor.h"
#include <petsc/private/petscimpl.h>

struct _p_HGPartition {
  PETSCHEADER(int);
  PetscInt     dim;             /* 1, 2 or 3 spatial axes */
  PetscInt     size[HG_AXES];   /* global points */
  PetscInt     parts[HG_AXES];  /* parts along each axis, PETSC_DECIDE before set-up */
  PetscInt    *start[HG_AXES];  /* [parts+1] first point of each part */
  PetscInt    *given[HG_AXES];  /* [parts] points of each part as the user set them, or NULL */
  PetscBool    periodic[3];     /* z, y, x */
  PetscBool    copies[HG_AXES]; /* the parts along this axis all hold the whole axis */
  PetscInt     nranks;          /* number of parts */
  PetscMPIInt *ranks;           /* [nranks] the rank of each part, x fastest; NULL means part i on rank i */
  PetscInt    *part;            /* [comm size] the part of each rank, or -1 */
  DM           da;              /* space, on the ranks that share my batch and channel part */
  PetscBool    setup;
};

struct _p_HGTensor {
  PETSCHEADER(int);
  HGPartition   part;
  HGDType       dtype;
  HGTensorLocal local;
  PetscInt     *width[3][2]; /* [parts] ghost points of each part below and above, for z, y, x; NULL: the same for all */
  void         *memory;      /* what was allocated, NULL if the array was placed */
  PetscBool     view;        /* a range of channels of another tensor, in its memory */
  PetscBool     shared;      /* the memory serves other tensors in between, ghost points do not keep their values */
  PetscBool     setup;
};

#endif
