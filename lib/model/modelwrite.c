/* SPDX-License-Identifier: BSD-2-Clause */
/* A model as the bytes of a netCDF-4 file: made in memory, so that a failing disk shows as an ordinary error of write() */
#include "model/model_impl.h"
#include <netcdf.h>
#include <netcdf_mem.h>
#include <stdlib.h>

/*
   An empty file whose root keeps the order in which things are made. netCDF-C opens only such files to change them, and those that nc_create_mem() makes
   are none: its root group comes with HDF5's defaults. HDF5 file format specification 3.0: superblock version 2 (II.A), the root's object header (IV.A)
   with link info, group info, and room; each ends with its checksum.
*/
static const unsigned char Empty[239] = {0x89, 'H',
                                         'D',  'F',
                                         '\r', '\n',
                                         0x1a, '\n',
                                         2,    8,
                                         8,    0,
                                         0,    0,
                                         0,    0,
                                         0,    0,
                                         0,    0,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         239,  0,
                                         0,    0,
                                         0,    0,
                                         0,    0,
                                         48,   0,
                                         0,    0,
                                         0,    0,
                                         0,    0,
                                         0x94, 0x33,
                                         0x45, 0x0f,
                                         'O',  'H',
                                         'D',  'R',
                                         2,    0x0c,
                                         0xb4, 2,
                                         34,   0,
                                         0,    0,
                                         0,    0,
                                         3,    0,
                                         0,    0,
                                         0,    0,
                                         0,    0,
                                         0,    0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 10,
                                         2,    0,
                                         1,    0,
                                         0,    0,
                                         0,    0,
                                         126,  [235] = 0x63,
                                         0x28, 0xac,
                                         0x1c};

#define Try(m, what, call)                                                                         \
  do {                                                                                             \
    const int e_ = *(m)->msg ? NC_NOERR : (call);                                                  \
    if (e_) HGModelFails(m, "cannot write \"%s\" into the model file: %s", what, nc_strerror(e_)); \
  } while (0)

/* The group of an entry, made when it is the first one there */
static int GroupOf(HGModel m, int nc, const char name[])
{
  int group = nc;

  if (!*name || !nc_inq_grp_ncid(nc, name, &group)) return group;
  Try(m, name, nc_def_grp(nc, name, &group));
  return group;
}

static void EncodeArray(HGModel m, int group, const HGModelEntry *e)
{
  int dim[HG_MODEL_DIMS], id = -1;

  for (int i = 0; i < e->ndim; i++) {
    char name[NC_MAX_NAME + 1];

    (void)snprintf(name, sizeof(name), "%s_%d", e->name, i);
    Try(m, name, nc_def_dim(group, name, e->shape[i], &dim[i]));
  }
  Try(m, e->name, nc_def_var(group, e->name, NC_DOUBLE, e->ndim, dim, &id));
  Try(m, e->name, nc_put_var_double(group, id, (const double *)e->value));
}

static void EncodeEntry(HGModel m, int nc, const HGModelEntry *e)
{
  const int group = GroupOf(m, nc, e->group);

  switch (e->kind) {
  case HG_MODEL_TEXT:
    Try(m, e->name, nc_put_att_text(group, NC_GLOBAL, e->name, e->n, (const char *)e->value));
    break;
  case HG_MODEL_INT:
    Try(m, e->name, nc_put_att_longlong(group, NC_GLOBAL, e->name, NC_INT64, e->n, (const long long *)e->value));
    break;
  case HG_MODEL_REAL:
    Try(m, e->name, nc_put_att_double(group, NC_GLOBAL, e->name, NC_DOUBLE, e->n, (const double *)e->value));
    break;
  case HG_MODEL_ARRAY:
    EncodeArray(m, group, e);
    break;
  default:
    HGModelFails(m, "cannot write \"%s\" into the model file", e->name);
  }
}

static void Encode(HGModel m, const char sums[], NC_memio *memory)
{
  int nc = -1, e;

  Try(m, "the file", nc_open_memio("model", NC_NETCDF4 | NC_WRITE, memory, &nc));
  *memory = (NC_memio){0}; /* it is the library's now */
  if (*m->msg) return;
  for (PetscInt i = 0; i < m->n; i++) EncodeEntry(m, nc, &m->entry[i]);
  Try(m, "checksum", nc_put_att_text(nc, NC_GLOBAL, "checksum", strlen(sums), sums));
  e = nc_close_memio(nc, memory);
  if (e) HGModelFails(m, "cannot make the model file in memory: %s", nc_strerror(e));
}

/* HDF5 does not look behind the end of its file, and cuts off what is there when it changes something */
static PetscErrorCode AppendTrailer(void **bytes, size_t *size)
{
  char *longer = (char *)realloc(*bytes, *size + HG_MODEL_TRAILER + 1);

  PetscFunctionBegin;
  PetscCheck(longer, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for a model file");
  HGModelTrailer(HGModelSumBytes(0, longer, *size), longer + *size);
  *bytes = longer;
  *size += HG_MODEL_TRAILER;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGModelEncode - The bytes of the file, NULL if the model has a message then

  Not Collective, for rank 0

  Output Parameters:
+ bytes - to be freed by free()
- size  - how many
*/
PetscErrorCode HGModelEncode(HGModel m, void **bytes, size_t *size)
{
  NC_memio memory = {.size = sizeof(Empty), .memory = malloc(sizeof(Empty))};
  char    *sums;

  PetscFunctionBegin;
  PetscCheck(memory.memory, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for a model file");
  PetscCall(PetscArraycpy((unsigned char *)memory.memory, Empty, sizeof(Empty)));
  PetscCall(HGModelWriteSums(m, &sums));
  Encode(m, sums, &memory);
  PetscCall(PetscFree(sums));
  *bytes = memory.memory; /* it goes on in padding, with which the file could be cut short unnoticed */
  *size  = memory.memory ? HGModelEndOfFile((const unsigned char *)memory.memory, memory.size) : 0;
  if (!*m->msg) PetscCall(AppendTrailer(bytes, size));
  PetscFunctionReturn(PETSC_SUCCESS);
}
