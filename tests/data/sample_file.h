/* SPDX-License-Identifier: BSD-2-Clause */
/* Data files for tests, written by rank 0 with the plain netCDF library. */
#ifndef SAMPLE_FILE_H
#define SAMPLE_FILE_H

#include "data/hgdata.h"
#include <netcdf.h>
#include <stdio.h>
#include <unistd.h>

#define CallNC(call)                                                                                 \
  do {                                                                                               \
    const int nc_error_ = (call);                                                                    \
    PetscCheck(!nc_error_, PETSC_COMM_SELF, PETSC_ERR_LIB, "%s: %s", #call, nc_strerror(nc_error_)); \
  } while (0)

typedef struct {
  const char *path;
  int         format; /* 0, NC_64BIT_OFFSET, NC_64BIT_DATA, NC_NETCDF4 */
  nc_type     type;
  int         ndims;
  const char *dim[6];
  size_t      len[6];
  double      scale, offset; /* 0 for no attributes */
} SampleFile;

/* A whole number between -99 and 99 that tells samples, channels and points apart */
static inline double SampleValue(size_t index, int variable)
{
  return (double)((index * 7919 + 31 * (size_t)variable) % 199) - 99;
}

static inline size_t SampleCount(const SampleFile *s)
{
  size_t n = 1;

  for (int i = 0; i < s->ndims; i++) n *= s->len[i];
  return n;
}

/* Variables a and u of the same shape */
static inline PetscErrorCode SampleFileWrite(MPI_Comm comm, const SampleFile *s)
{
  int         nc, dims[6], var[2];
  double     *v;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) {
    CallNC(nc_create(s->path, s->format | NC_CLOBBER, &nc));
    for (int i = 0; i < s->ndims; i++) CallNC(nc_def_dim(nc, s->dim[i], s->len[i], &dims[i]));
    for (int k = 0; k < 2; k++) {
      CallNC(nc_def_var(nc, k ? "u" : "a", s->type, s->ndims, dims, &var[k]));
      if (s->scale != 0) CallNC(nc_put_att_double(nc, var[k], "scale_factor", NC_DOUBLE, 1, &s->scale));
      if (s->scale != 0) CallNC(nc_put_att_double(nc, var[k], "add_offset", NC_DOUBLE, 1, &s->offset));
    }
    CallNC(nc_put_att_text(nc, var[1], "units", 1, "m"));
    CallNC(nc_enddef(nc));
    PetscCall(PetscMalloc1(SampleCount(s), &v));
    for (int k = 0; k < 2; k++) {
      for (size_t i = 0; i < SampleCount(s); i++) v[i] = SampleValue(i, k);
      CallNC(nc_put_var_double(nc, var[k], v));
    }
    PetscCall(PetscFree(v));
    CallNC(nc_close(nc));
  }
  PetscCallMPI(MPI_Barrier(comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode SampleFileRemove(MPI_Comm comm, const char path[])
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Barrier(comm));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) (void)unlink(path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
