/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGFIELDFILE_IMPL_H
#define HGFIELDFILE_IMPL_H

#include "data/hgfieldfile.h"
#include "data/data_impl.h"
#include <netcdf_par.h>

typedef struct _HGFieldAttribute *HGFieldAttributeLink;

typedef struct _HGFieldAttribute {
  PetscInt             var; /* -1 for the file */
  char                *name, *text;
  HGFieldAttributeLink next;
} HGFieldAttribute;

/* A dimension of the file. The first four are those of samples, z, y and x */
enum { HG_FIELD_SAMPLES, HG_FIELD_SPACE, HG_FIELD_OTHERS = HG_FIELD_SPACE + 3 };
typedef struct {
  HGAxis info;
  char  *coordinate; /* path of the variable of the source that is copied; NULL: the values of the axis, if it has any */
  size_t first;      /* its first point in the source */
  int    id, varid;  /* -1 for no coordinate */
} HGFieldDim;

typedef struct {
  char      *name; /* with groups, "measurements/u" */
  PetscInt   channels, times;
  HGDType    dtype;
  int        ndims, dim[HG_FILE_AXES]; /* in the file's dimensions */
  HGFileAxis axis[HG_FILE_AXES];       /* what each counts */
  int        group, ncid;
} HGFieldVariable;

struct _p_HGFieldFile {
  MPI_Comm          comm;
  PetscMPIInt       rank;
  char             *path, *temporary;
  char              msg[HG_DATA_MESSAGE]; /* what failed on this rank */
  PetscBool         exists;               /* the temporary file */
  int               nc;
  PetscInt          dim, samples, grid[3]; /* Z, Y, X */
  char             *source;                /* the data file that the samples belong to, NULL for none */
  PetscBool         copies;                /* it is a netCDF file, from which coordinates are copied */
  PetscInt          first;                 /* number of the first sample in the source */
  PetscInt          ndims, nvar;
  HGFieldDim       *dims;    /* [ndims] */
  HGFieldVariable  *var;     /* [nvar] */
  int               numbers; /* the variable of the samples' numbers, -1 for none */
  HGFieldAttribute *attributes;
  void             *buffer; /* of this rank, with the dimensions in the order of the file */
  size_t            buffer_bytes;
};

PETSC_INTERN PetscErrorCode HGFieldFileAgree(HGFieldFile);
PETSC_INTERN PetscErrorCode HGFieldFileAbandon(HGFieldFile);
PETSC_INTERN void           HGFieldFileNote(HGFieldFile, int);
PETSC_INTERN PetscInt64     HGFieldFileBytes(HGFieldFile);
PETSC_INTERN PetscErrorCode HGFieldFileDefine(HGFieldFile, int *);
PETSC_INTERN PetscErrorCode HGFieldFileAddAttribute(HGFieldFile, PetscInt, const char[], const char[]);

#define HGFieldFileFails(f, ...) (void)snprintf((f)->msg, sizeof((f)->msg), __VA_ARGS__)

#endif
