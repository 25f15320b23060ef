/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGFIELDFILE_IMPL_H
#define HGFIELDFILE_IMPL_H

#include "data/hgfieldfile.h"
#include "data/data_impl.h"
#include <netcdf_par.h>

#define HG_FIELD_VARIABLES 32

typedef struct _HGFieldAttribute *HGFieldAttributeLink;

typedef struct _HGFieldAttribute {
  PetscInt             var; /* -1 for the file */
  char                *name, *text;
  HGFieldAttributeLink next;
} HGFieldAttribute;

typedef struct {
  char     name[256];
  PetscInt channels;
  HGDType  dtype;
  int      ncid;
} HGFieldVariable;

struct _p_HGFieldFile {
  MPI_Comm          comm;
  PetscMPIInt       rank;
  char             *path, *temporary;
  char              msg[HG_DATA_MESSAGE]; /* what failed on this rank */
  PetscBool         exists;               /* the temporary file */
  int               nc, sample_dim, dimid[3], axisid[3];
  PetscInt          dim, samples, grid[3]; /* Z, Y, X */
  HGAxis            axis[3];
  PetscInt          nvar;
  HGFieldVariable   var[HG_FIELD_VARIABLES];
  HGFieldAttribute *attributes;
  void             *buffer; /* [sample][channel][z][y][x] of this rank */
  size_t            buffer_bytes;
};

PETSC_INTERN PetscErrorCode HGFieldFileAgree(HGFieldFile);
PETSC_INTERN PetscErrorCode HGFieldFileAbandon(HGFieldFile);
PETSC_INTERN void           HGFieldFileNote(HGFieldFile, int);

#endif
