/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of an output file: dimensions, coordinates, variables, attributes. All ranks define the same. */
#include "data/fieldfile_impl.h"
#include <stdio.h>
#include <string.h>

#define Try(call)       \
  do {                  \
    if (!e) e = (call); \
  } while (0)

static int PutText(int nc, int id, const char name[], const char text[])
{
  return nc_put_att_text(nc, id, name, strlen(text), text);
}

/* HGFieldFileBytes - The bytes of all that will be written: fields, coordinates, and room for what describes them */
PetscInt64 HGFieldFileBytes(HGFieldFile f)
{
  const PetscInt64 points = (PetscInt64)f->grid[0] * f->grid[1] * f->grid[2];
  PetscInt64       bytes  = 65536;

  for (PetscInt i = 0; i < f->ndims; i++) bytes += 8 * (PetscInt64)f->dims[i].info.n;
  for (PetscInt i = 0; i < f->nvar; i++) bytes += points * f->samples * f->var[i].channels * (PetscInt64)HGDTypeSize(f->var[i].dtype);
  return bytes;
}

/* Whether the file, outside of groups, has a field of that name */
static PetscBool IsField(HGFieldFile f, const char name[])
{
  for (PetscInt i = 0; i < f->nvar; i++)
    if (!strcmp(f->var[i].name, name)) return PETSC_TRUE;
  return PETSC_FALSE;
}

static PetscBool IsUsed(HGFieldFile f, PetscInt dim)
{
  for (PetscInt i = 0; i < f->nvar; i++)
    for (int k = 0; k < f->var[i].ndims; k++)
      if (f->var[i].dim[k] == dim) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* A dimension of its name, or of one that is free; the one that is there already if it has the same size */
static PetscErrorCode DefineDim(HGFieldFile f, HGFieldDim *dim, PetscBool *there, int *error)
{
  HGText name = {NULL, 0, 0};
  int    e    = NC_NOERR;

  PetscFunctionBegin;
  *there = PETSC_FALSE;
  PetscCall(HGTextAppend(&name, "%s", dim->info.name));
  for (int k = 2; !e && !nc_inq_dimid(f->nc, name.text, &dim->id) && !*there; k++) {
    size_t n = 0;

    Try(nc_inq_dimlen(f->nc, dim->id, &n));
    if (n == (size_t)dim->info.n) *there = PETSC_TRUE;
    name.used = 0;
    PetscCall(HGTextAppend(&name, "%s_%d", dim->info.name, k));
  }
  if (!*there) Try(nc_def_dim(f->nc, name.text, (size_t)dim->info.n, &dim->id));
  PetscCall(HGTextDestroy(&name));
  *error = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int DefineValues(HGFieldFile f, HGFieldDim *dim, int which)
{
  static const char *const letters[] = {"Z", "Y", "X"};
  const HGAxis            *x         = &dim->info;
  int                      e         = nc_def_var(f->nc, x->name, NC_DOUBLE, 1, &dim->id, &dim->varid);

  if (which >= HG_FIELD_SPACE && which < HG_FIELD_OTHERS) Try(PutText(f->nc, dim->varid, "axis", letters[which - HG_FIELD_SPACE]));
  if (*x->units) Try(PutText(f->nc, dim->varid, "units", x->units));
  if (*x->long_name) Try(PutText(f->nc, dim->varid, "long_name", x->long_name));
  return e;
}

/* All attributes but those that name other variables, which are not copied, and a fill value of another type */
static int CopyAttributes(int from, int id, int to, int varid, nc_type type)
{
  int n = 0, e = nc_inq_varnatts(from, id, &n);

  for (int i = 0; i < n && !e; i++) {
    char    name[NC_MAX_NAME + 1] = "";
    nc_type of                    = NC_NAT;

    Try(nc_inq_attname(from, id, i, name));
    Try(nc_inq_atttype(from, id, name, &of));
    if (of > NC_STRING || !strcmp(name, "bounds") || !strcmp(name, "climatology") || !strcmp(name, "edges") || !strcmp(name, "coordinates"))
      continue;
    if (!strcmp(name, "_FillValue") && of != type) continue;
    Try(nc_copy_att(from, id, name, to, varid));
  }
  return e;
}

/* The coordinate variable of the source as it is; strings, which HDF5 does not write in parallel, are left out */
static PetscErrorCode DefineCopy(HGFieldFile f, int source, HGFieldDim *dim, int *error)
{
  int     group, id, e = NC_NOERR;
  nc_type type = NC_NAT;

  PetscFunctionBegin;
  PetscCall(HGFileFind(source, dim->coordinate, &group, &id));
  if (id < 0) HGFieldFileFails(f, "%s has lost its variable \"%s\"; does another program write to it?", f->source, dim->coordinate + 1);
  *error = id < 0 ? NC_ENOTVAR : NC_NOERR;
  if (*error) PetscFunctionReturn(PETSC_SUCCESS);
  (void)nc_inq_vartype(group, id, &type);
  if (type >= NC_STRING) PetscFunctionReturn(PETSC_SUCCESS);
  Try(nc_def_var(f->nc, dim->info.name, type, 1, &dim->id, &dim->varid));
  Try(CopyAttributes(group, id, f->nc, dim->varid, type));
  *error = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DefineCoordinate(HGFieldFile f, int source, int which, int *e)
{
  HGFieldDim *dim                   = &f->dims[which];
  char        name[NC_MAX_NAME + 1] = "";
  int         id;

  PetscFunctionBegin;
  (void)nc_inq_dimname(f->nc, dim->id, name);
  if (IsField(f, name) || strcmp(name, dim->info.name) || !nc_inq_varid(f->nc, name, &id)) PetscFunctionReturn(PETSC_SUCCESS);
  if (dim->coordinate) PetscCall(DefineCopy(f, source, dim, e));
  else if (dim->info.value) *e = DefineValues(f, dim, which);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The numbers of the samples in the data file, where no coordinate tells them apart */
static int DefineNumbers(HGFieldFile f)
{
  char text[PETSC_MAX_PATH_LEN + 64];
  int  e = NC_NOERR, id;

  if (!f->source || f->dims[HG_FIELD_SAMPLES].varid >= 0 || IsField(f, "sample") || !nc_inq_varid(f->nc, "sample", &id)) return NC_NOERR;
  if (strcmp(f->dims[HG_FIELD_SAMPLES].info.name, "sample") && !nc_inq_dimid(f->nc, "sample", &id)) return NC_NOERR;
  Try(nc_def_var(f->nc, "sample", sizeof(PetscInt) > 4 ? NC_INT64 : NC_INT, 1, &f->dims[HG_FIELD_SAMPLES].id, &f->numbers));
  (void)snprintf(text, sizeof(text), "number of the sample in %s, counted from 0", f->source);
  Try(PutText(f->nc, f->numbers, "long_name", text));
  return e;
}

static PetscErrorCode DefineDims(HGFieldFile f, int source, int *e)
{
  PetscFunctionBegin;
  for (int i = 0; i < f->ndims && !*e; i++) {
    PetscBool there = PETSC_FALSE;

    f->dims[i].varid = -1;
    if (!IsUsed(f, i)) continue;
    PetscCall(DefineDim(f, &f->dims[i], &there, e));
    if (!*e && !there) PetscCall(DefineCoordinate(f, source, i, e));
  }
  if (!*e) *e = DefineNumbers(f);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The group that a path names before its last slash, made where it is not there; *name is what follows */
static PetscErrorCode DefineGroups(HGFieldFile f, const char path[], int *group, const char **name, int *error)
{
  char *part;
  int   e = NC_NOERR;

  PetscFunctionBegin;
  *group = f->nc;
  *name  = path;
  PetscCall(PetscMalloc1(strlen(path) + 1, &part));
  for (const char *slash = strchr(path, '/'); slash && !e; slash = strchr(*name, '/')) {
    (void)memcpy(part, *name, (size_t)(slash - *name));
    part[slash - *name] = 0;
    if (nc_inq_ncid(*group, part, group)) Try(nc_def_grp(*group, part, group));
    *name = slash + 1;
  }
  PetscCall(PetscFree(part));
  *error = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DefineVariable(HGFieldFile f, HGFieldVariable *v, int *error)
{
  int         dims[HG_FILE_AXES], e = NC_NOERR;
  const char *name;

  PetscFunctionBegin;
  for (int i = 0; i < v->ndims; i++) dims[i] = f->dims[v->dim[i]].id;
  PetscCall(DefineGroups(f, v->name, &v->group, &name, &e));
  Try(nc_def_var(v->group, name, v->dtype == HG_F32 ? NC_FLOAT : NC_DOUBLE, v->ndims, dims, &v->ncid));
  Try(nc_def_var_fill(v->group, v->ncid, NC_NOFILL, NULL));
  *error = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DefineAll(HGFieldFile f, int source, int *error)
{
  int e = NC_NOERR;

  PetscFunctionBegin;
  PetscCall(DefineDims(f, source, &e));
  for (PetscInt i = 0; i < f->nvar && !e; i++) PetscCall(DefineVariable(f, &f->var[i], &e));
  Try(PutText(f->nc, NC_GLOBAL, "Conventions", "CF-1.8"));
  for (const HGFieldAttribute *a = f->attributes; a; a = a->next)
    Try(PutText(a->var < 0 ? f->nc : f->var[a->var].group, a->var < 0 ? NC_GLOBAL : f->var[a->var].ncid, a->name, a->text));
  Try(nc_enddef(f->nc));
  *error = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The values of a coordinate variable of the source, in its own type */
static PetscErrorCode WriteCopy(HGFieldFile f, int source, const HGFieldDim *dim, int *error)
{
  const size_t begin[1] = {0}, n[1] = {(size_t)dim->info.n};
  size_t       size = 0;
  nc_type      type = NC_NAT;
  int          group, id, e;
  char        *buf;

  PetscFunctionBegin;
  PetscCall(HGFileFind(source, dim->coordinate, &group, &id));
  e = nc_inq_vartype(group, id, &type);
  Try(nc_inq_type(group, type, NULL, &size));
  PetscCall(PetscCalloc1(n[0] * size, &buf));
  Try(nc_get_vara(group, id, &dim->first, n, buf));
  Try(nc_put_vara(f->nc, dim->varid, begin, n, buf));
  PetscCall(PetscFree(buf));
  *error = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0 writes them */
static PetscErrorCode WriteCoordinates(HGFieldFile f, int source, int *error)
{
  int e = NC_NOERR;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < f->ndims && !e; i++) {
    if (f->dims[i].varid < 0) continue;
    if (f->dims[i].coordinate) PetscCall(WriteCopy(f, source, &f->dims[i], &e));
    else Try(nc_put_var_double(f->nc, f->dims[i].varid, f->dims[i].info.value));
  }
  for (PetscInt i = 0; i < f->samples && f->numbers >= 0 && !e; i++) {
    const size_t    at     = (size_t)i;
    const long long number = (long long)(f->first + i);

    Try(nc_put_var1_longlong(f->nc, f->numbers, &at, &number));
  }
  *error = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGFieldFileDefine - Write the header and the coordinates of the file that was created

  Collective, though each rank keeps its own error

  Input Parameter:
. f - the output file

  Output Parameter:
. e - netCDF's error code; f->msg if it does not say enough

  Note:
  Variables keep netCDF's default, independent access: a collective write that fails on one rank, as the disk fills up, leaves the
  others waiting inside HDF5 (seen with 1.10.8: one rank returns, the others reset their file view together).
*/
PetscErrorCode HGFieldFileDefine(HGFieldFile f, int *e)
{
  int       source = -1;
  PetscBool classic, good;
  char      msg[HG_DATA_MESSAGE] = "";

  PetscFunctionBegin;
  if (f->copies) PetscCall(HGFileOpen(f->source, &source, &classic, msg, sizeof(msg)));
  PetscCall(HGAgreeOnMessage(f->comm, msg, sizeof(msg))); /* before anything is defined: all ranks define the same */
  if (*msg) (void)snprintf(f->msg, sizeof(f->msg), "%s", msg);
  *e = *msg ? NC_EACCESS : NC_NOERR;
  if (!*e) PetscCall(DefineAll(f, source, e));
  if (!*e && !f->rank) PetscCall(WriteCoordinates(f, source, e));
  PetscCall(HGAgree(f->comm, *e ? PETSC_FALSE : PETSC_TRUE, &good));
  if (good) *e = nc_sync(f->nc); /* in which all ranks wait for each other */
  if (source >= 0) (void)nc_close(source);
  PetscFunctionReturn(PETSC_SUCCESS);
}
