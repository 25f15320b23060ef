/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Output files. All ranks create, define, write and close together; what fails on one is an error on all, after the temporary file
   is gone. Space on the disk is asked for before anything is computed.
*/
#define _GNU_SOURCE
#include "data/fieldfile_impl.h"
#include "hgconfig.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/*
  HGFieldFileAgree - Raise on all ranks the error that some rank has noted in f->msg, once the temporary file is removed

  Collective
*/
PetscErrorCode HGFieldFileAgree(HGFieldFile f)
{
  char msg[HG_DATA_MESSAGE];

  PetscFunctionBegin;
  PetscCall(HGAgreeOnMessage(f->comm, f->msg, sizeof(f->msg)));
  if (!*f->msg) PetscFunctionReturn(PETSC_SUCCESS);
  (void)snprintf(msg, sizeof(msg), "%s", f->msg);
  PetscCall(HGFieldFileAbandon(f));
  HGCheck(PETSC_FALSE, f->comm, "%s", msg);
}

/* Why the disk did not take the data, as far as the system told */
static const char *Reason(int e)
{
  switch (e) {
  case ENOSPC:
    return "no space left on the disk";
  case EDQUOT:
    return "disk quota exceeded";
  case EFBIG:
    return "the file would be larger than the limit (ulimit -f)";
  default:
    return strerror(e);
  }
}

/*
   Rank 0 tries the path: it makes the temporary file, in the same folder, so that the rename at the end cannot cross disks
*/
static PetscErrorCode TryPath(HGFieldFile f)
{
  struct stat st;
  int         fd;

  PetscFunctionBegin;
  if (!*f->path) HGFieldFileFails(f, "no name for the output file; give one with -output");
  else if (!stat(f->path, &st) && S_ISDIR(st.st_mode))
    HGFieldFileFails(f, "cannot write %s: it is a folder; give the name of a file", f->path);
  else if (!stat(f->path, &st) && !S_ISREG(st.st_mode)) HGFieldFileFails(f, "cannot write %s: it is not a regular file", f->path);
  else {
    fd = open(f->temporary, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0)
      HGFieldFileFails(f, "cannot write %s: %s", f->path, errno == ENOENT || errno == ENOTDIR ? "there is no such folder" : Reason(errno));
    else (void)close(fd);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGFieldFileCreate - Create an output file for fields

   Collective

   Input Parameters:
+  comm - the ranks that write
-  path - the file; one that exists is replaced when the new one is complete

   Output Parameter:
.  file - the output file

   Level: intermediate

   Note:
   Until `HGFieldFileClose()` the file has a temporary name, the path with a dot before and ".part" behind it.

   Errors:
   A path that cannot be written: a folder, no such folder, no permission. It is tried here, before long work starts.

.seealso: `HGFieldFileSetSizes()`, `HGFieldFileAddVariable()`, `HGFieldFileSetUp()`, `HGFieldFileClose()`
@*/
PetscErrorCode HGFieldFileCreate(MPI_Comm comm, const char path[], HGFieldFile *file)
{
  HGFieldFile    f;
  const char    *slash;
  size_t         len;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(PetscNew(&f));
  PetscCall(PetscCommDuplicate(comm, &f->comm, NULL));
  PetscCallMPI(MPI_Comm_rank(f->comm, &f->rank));
  PetscCall(PetscStrallocpy(path, &f->path));
  PetscCall(PetscStrlen(path, &len));
  PetscCall(PetscMalloc1(len + 16, &f->temporary));
  slash = strrchr(path, '/');
  slash = slash ? slash + 1 : path;
  (void)snprintf(f->temporary, len + 16, "%.*s.%s.part", (int)(slash - path), path, slash);
  f->nc = f->numbers = -1;
  if (!f->rank) PetscCall(TryPath(f));
  e = HGFieldFileAgree(f);
  if (e) {
    PetscCall(HGFieldFileDestroy(&f));
    PetscCall(e);
  }
  f->exists = PETSC_TRUE;
  *file     = f;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGFieldFileSetSizes - Set the number of samples and the grid

   Logically Collective

   Input Parameters:
+  f       - the output file
.  dim     - dimensions of space, 1 to 3
.  samples - number of samples
-  grid    - points in Z, Y, X; 1 where space has fewer dimensions

   Level: intermediate

   Shape:
   `grid`: [3]

   Note:
   The axes are named z, y, x and have the coordinates of cell centres in the unit interval, square or cube, unless
   `HGFieldFileSetAxis()` or `HGFieldFileSetData()` say otherwise.

.seealso: `HGFieldFileSetAxis()`, `HGFieldFileSetData()`
@*/
PetscErrorCode HGFieldFileSetSizes(HGFieldFile f, PetscInt dim, PetscInt samples, const PetscInt grid[])
{
  static const char *const names[] = {"z", "y", "x"};

  PetscFunctionBegin;
  PetscCheck(dim >= 1 && dim <= 3 && samples >= 1 && grid[0] >= 1 && grid[1] >= 1 && grid[2] >= 1, f->comm, PETSC_ERR_ARG_OUTOFRANGE,
             "cannot write %" PetscInt_FMT " samples of %" PetscInt_FMT " dimensions", samples, dim);
  PetscCheck(!f->ndims, f->comm, PETSC_ERR_ORDER, "the sizes of %s are set already", f->path);
  f->dim     = dim;
  f->samples = samples;
  f->ndims   = HG_FIELD_OTHERS;
  PetscCall(PetscCalloc1(f->ndims, &f->dims));
  PetscCall(HGAxisCopy(&(HGAxis){.name = "sample", .n = samples}, &f->dims[HG_FIELD_SAMPLES].info));
  for (int a = 0; a < 3; a++) {
    char   text[64];
    HGAxis axis = {.name = (char *)names[a], .units = "1", .long_name = text, .n = grid[a]};

    f->grid[a] = grid[a];
    (void)snprintf(text, sizeof(text), "%s coordinate of cell centres", names[a]);
    PetscCall(PetscMalloc1(axis.n, &axis.value));
    for (PetscInt i = 0; i < axis.n; i++) axis.value[i] = ((double)i + 0.5) / (double)axis.n;
    PetscCall(HGFieldFileSetAxis(f, a, &axis));
    PetscCall(PetscFree(axis.value));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGFieldFileSetAxis - Set the name and the coordinates of an axis of space

   Logically Collective

   Input Parameters:
+  f    - the output file, after `HGFieldFileSetSizes()`
.  axis - 0, 1, 2 for z, y, x
-  info - the axis, which is copied; without coordinates none are written

   Level: intermediate

.seealso: `HGDataGetAxis()`, `HGFieldFileSetData()`
@*/
PetscErrorCode HGFieldFileSetAxis(HGFieldFile f, PetscInt axis, const HGAxis *info)
{
  HGFieldDim *dim;

  PetscFunctionBegin;
  PetscCheck(axis >= 0 && axis < 3, f->comm, PETSC_ERR_ARG_OUTOFRANGE, "no axis %" PetscInt_FMT "; expected 0, 1 or 2 for z, y, x", axis);
  PetscCheck(info->n == f->grid[axis], f->comm, PETSC_ERR_ARG_SIZ, "axis %s has %" PetscInt_FMT " points, the grid %" PetscInt_FMT,
             info->name, info->n, f->grid[axis]);
  dim = &f->dims[HG_FIELD_SPACE + axis];
  PetscCall(PetscFree(dim->coordinate));
  PetscCall(HGAxisFree(&dim->info));
  PetscCall(HGAxisCopy(info, &dim->info));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A dimension becomes that of a variable of the source; without its coordinates where the sizes differ */
static PetscErrorCode TakeDim(HGFieldFile f, int i, const HGFileDim *from, size_t first)
{
  HGFieldDim    *dim = &f->dims[i];
  const PetscInt n   = dim->info.n;

  PetscFunctionBegin;
  PetscCall(PetscFree(dim->coordinate));
  PetscCall(HGAxisFree(&dim->info));
  PetscCall(HGAxisCopy(&(HGAxis){.name = from->info.name, .n = n}, &dim->info));
  if (f->copies && from->coordinate && first + (size_t)n <= (size_t)from->info.n && (i == HG_FIELD_SAMPLES || n == from->info.n))
    PetscCall(PetscStrallocpy(from->coordinate, &dim->coordinate));
  dim->first = first;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGFieldFileSetData - Let the samples be those of a dataset's range: they and the axes get its names and coordinates

   Collective

   Input Parameters:
+  f - the output file, after `HGFieldFileSetSizes()`
-  d - the dataset, set up, with as many samples

   Level: intermediate

   Notes:
   Coordinate variables of a netCDF file are copied as they are, with their attributes, those of the samples for the range; axes whose number of points
   is another get no coordinates. Without a coordinate variable the samples have a variable `sample`, their numbers in the data file.

   The file's attributes `halograd_source`, `halograd_source_samples`, `halograd_sample_range`, `halograd_sample_dim` and `halograd_space_dims` tell where
   the samples come from.

   Errors:
   Another number of samples. What hinders the copying is found by `HGFieldFileSetUp()`.

.seealso: `HGFieldFileAddVariableLike()`, `HGFieldFileSetAxis()`
@*/
PetscErrorCode HGFieldFileSetData(HGFieldFile f, HGData d)
{
  const HGFileVar *ref   = d->part[HG_DATA_INPUT].var;
  HGText           space = {NULL, 0, 0};
  char             text[64];

  PetscFunctionBegin;
  PetscCheck(d->setup && f->ndims, f->comm, PETSC_ERR_ORDER, "HGDataSetUp() and HGFieldFileSetSizes() come before HGFieldFileSetData()");
  PetscCheck(d->end - d->first == f->samples, f->comm, PETSC_ERR_ARG_SIZ, "%s has %" PetscInt_FMT " samples, the dataset %" PetscInt_FMT,
             f->path, f->samples, d->end - d->first);
  PetscCall(PetscFree(f->source));
  PetscCall(PetscStrallocpy(d->file, &f->source));
  f->copies = d->kind == HG_DATA_NETCDF ? PETSC_TRUE : PETSC_FALSE;
  f->first  = d->first;
  for (int i = 0; i < ref->ndims; i++) {
    const HGFileAxis a = ref->dim[i].axis;

    if (a == HG_FILE_SAMPLE) PetscCall(TakeDim(f, HG_FIELD_SAMPLES, &ref->dim[i], (size_t)d->first));
    if (a >= HG_FILE_Z) PetscCall(TakeDim(f, HG_FIELD_SPACE + (int)a - HG_FILE_Z, &ref->dim[i], 0));
  }
  for (int a = 3 - (int)f->dim; a < 3; a++)
    PetscCall(HGTextAppend(&space, "%s%s", space.text ? "," : "", f->dims[HG_FIELD_SPACE + a].info.name));
  PetscCall(HGFieldFileSetAttribute(f, "halograd_source", d->file));
  (void)snprintf(text, sizeof(text), "%" PetscInt_FMT, d->samples);
  PetscCall(HGFieldFileSetAttribute(f, "halograd_source_samples", text));
  (void)snprintf(text, sizeof(text), "%" PetscInt_FMT ",%" PetscInt_FMT, d->first, d->end);
  PetscCall(HGFieldFileSetAttribute(f, "halograd_sample_range", text));
  PetscCall(HGFieldFileSetAttribute(f, "halograd_sample_dim", f->dims[HG_FIELD_SAMPLES].info.name));
  PetscCall(HGFieldFileSetAttribute(f, "halograd_space_dims", space.text));
  PetscCall(HGTextDestroy(&space));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGFieldFileAddAttribute - Of a variable, or with -1 of the file */
PetscErrorCode HGFieldFileAddAttribute(HGFieldFile f, PetscInt var, const char name[], const char text[])
{
  HGFieldAttribute *a, **end = &f->attributes;

  PetscFunctionBegin;
  PetscCheck(f->nc < 0, f->comm, PETSC_ERR_ORDER, "attributes are set before HGFieldFileSetUp()");
  PetscCall(PetscNew(&a));
  a->var = var;
  PetscCall(PetscStrallocpy(name, &a->name));
  PetscCall(PetscStrallocpy(text, &a->text));
  while (*end) end = &(*end)->next;
  *end = a;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGFieldFileSetAttribute - Give the file a text attribute

   Logically Collective

   Input Parameters:
+  f    - the output file, not yet set up
.  name - such as "title"; "Conventions", "source" and "history" are there already
-  text - its value

   Level: intermediate

.seealso: `HGFieldFileSetVariableAttribute()`
@*/
PetscErrorCode HGFieldFileSetAttribute(HGFieldFile f, const char name[], const char text[])
{
  PetscFunctionBegin;
  PetscCall(HGFieldFileAddAttribute(f, -1, name, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Room for one more element of an array */
static PetscErrorCode Extend(PetscInt n, size_t size, void *array)
{
  void **old = (void **)array, *longer;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1((size_t)(n + 1) * size, (char **)&longer));
  if (n) PetscCall(PetscMemcpy(longer, *old, (size_t)n * size));
  PetscCall(PetscFree(*old));
  *old = longer;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The dimension of that name and size among those of channels; a new one if there is none */
static PetscErrorCode FindDim(HGFieldFile f, const char name[], PetscInt n, int *which)
{
  PetscFunctionBegin;
  for (*which = HG_FIELD_OTHERS; *which < f->ndims; (*which)++)
    if (f->dims[*which].info.n == n && !strcmp(f->dims[*which].info.name, name)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(Extend(f->ndims, sizeof(*f->dims), &f->dims));
  PetscCall(HGAxisCopy(&(HGAxis){.name = (char *)name, .n = n}, &f->dims[f->ndims++].info));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode NewVariable(HGFieldFile f, const char name[], PetscInt channels, HGDType dtype, PetscInt *id)
{
  HGFieldVariable *v;

  PetscFunctionBegin;
  PetscCheck(f->nc < 0, f->comm, PETSC_ERR_ORDER, "variables are added before HGFieldFileSetUp()");
  PetscCheck(f->ndims, f->comm, PETSC_ERR_ORDER, "HGFieldFileSetSizes() comes before variables are added");
  PetscCheck(channels >= 1, f->comm, PETSC_ERR_ARG_OUTOFRANGE, "variable %s has %" PetscInt_FMT " channels", name, channels);
  PetscCall(Extend(f->nvar, sizeof(*f->var), &f->var));
  v  = &f->var[f->nvar];
  *v = (HGFieldVariable){.channels = channels, .times = 1, .dtype = dtype};
  PetscCall(PetscStrallocpy(name, &v->name));
  *id = f->nvar++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void AddDim(HGFieldVariable *v, int dim, HGFileAxis axis)
{
  v->dim[v->ndims]    = dim;
  v->axis[v->ndims++] = axis;
}

/*@C
   HGFieldFileAddVariable - Add a field to the file

   Logically Collective

   Input Parameters:
+  f        - the output file, not yet set up
.  name     - the variable's name; one with slashes is in groups
.  channels - number of channels; more than one become a dimension
-  dtype    - the type that is stored, whatever the type of what will be written

   Output Parameter:
.  id - which variable it is, for the functions that write

   Level: intermediate

   Shape:
   in the file: `(sample, [channel,] [z,] [y,] x)`

   Errors:
   `HGFieldFileSetUp()` refuses a name that another variable has.

.seealso: `HGFieldFileAddVariableLike()`, `HGFieldFileWriteTensor()`, `HGFieldFileWriteVec()`
@*/
PetscErrorCode HGFieldFileAddVariable(HGFieldFile f, const char name[], PetscInt channels, HGDType dtype, PetscInt *id)
{
  HGFieldVariable *v;
  int              dim;

  PetscFunctionBegin;
  PetscCall(NewVariable(f, name, channels, dtype, id));
  v = &f->var[*id];
  AddDim(v, HG_FIELD_SAMPLES, HG_FILE_SAMPLE);
  if (channels > 1) {
    PetscCall(FindDim(f, "channel", channels, &dim));
    AddDim(v, dim, HG_FILE_CHANNEL);
  }
  for (int a = 3 - (int)f->dim; a < 3; a++) AddDim(v, HG_FIELD_SPACE + a, (HGFileAxis)(HG_FILE_Z + a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGFieldFileAddVariableLike - Add a field with the dimensions, in their order, and the attributes of a variable of a dataset

   Logically Collective

   Input Parameters:
+  f     - the output file, not yet set up, after `HGFieldFileSetData()`
.  d     - the dataset
.  role  - input or target
.  i     - which variable, counted from 0
-  dtype - the type that is stored

   Output Parameter:
.  id - which variable it is, for the functions that write

   Level: intermediate

   Note:
   Attributes are `units`, `standard_name` and `long_name`. The values that are written to it are unpacked.

.seealso: `HGFieldFileAddVariable()`, `HGFieldFileWriteChannels()`
@*/
PetscErrorCode HGFieldFileAddVariableLike(HGFieldFile f, HGData d, HGDataRole role, PetscInt i, HGDType dtype, PetscInt *id)
{
  const HGFileVar *from = &d->part[role].var[i];
  const char *names[] = {"units", "standard_name", "long_name"}, *texts[] = {from->pub.units, from->pub.standard_name, from->pub.long_name};
  int         dim;

  PetscFunctionBegin;
  PetscCall(NewVariable(f, from->pub.name + (*from->pub.name == '/'), from->pub.channels, dtype, id));
  f->var[*id].times = from->len[HG_FILE_TIME];
  for (int k = 0; k < from->ndims; k++) {
    const HGFileAxis a = from->dim[k].axis;

    if (a == HG_FILE_SAMPLE) AddDim(&f->var[*id], HG_FIELD_SAMPLES, a);
    else if (a >= HG_FILE_Z) AddDim(&f->var[*id], HG_FIELD_SPACE + (int)a - HG_FILE_Z, a);
    else {
      PetscCall(FindDim(f, from->dim[k].info.name, from->dim[k].info.n, &dim));
      if (!f->dims[dim].coordinate) PetscCall(TakeDim(f, dim, &from->dim[k], 0));
      AddDim(&f->var[*id], dim, a);
    }
  }
  for (int k = 0; k < 3; k++)
    if (*texts[k]) PetscCall(HGFieldFileSetVariableAttribute(f, *id, names[k], texts[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGFieldFileGetChannels - Get the number of channels of a variable

   Not Collective

   Input Parameters:
+  f  - the output file
-  id - the variable

   Output Parameter:
.  channels - their number; 0 if there are not so many variables

   Level: intermediate

.seealso: `HGFieldFileAddVariable()`
@*/
PetscErrorCode HGFieldFileGetChannels(HGFieldFile f, PetscInt id, PetscInt *channels)
{
  PetscFunctionBegin;
  *channels = id >= 0 && id < f->nvar ? f->var[id].channels : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGFieldFileSetVariableAttribute - Give a variable a text attribute

   Logically Collective

   Input Parameters:
+  f    - the output file, not yet set up
.  id   - the variable
.  name - such as "units" or "long_name"
-  text - its value

   Level: intermediate

.seealso: `HGFieldFileAddVariable()`
@*/
PetscErrorCode HGFieldFileSetVariableAttribute(HGFieldFile f, PetscInt id, const char name[], const char text[])
{
  PetscFunctionBegin;
  PetscCheck(id >= 0 && id < f->nvar, f->comm, PETSC_ERR_ARG_OUTOFRANGE, "no variable %" PetscInt_FMT " in %s", id, f->path);
  PetscCall(HGFieldFileAddAttribute(f, id, name, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether the disk has room for the whole file, by what it tells */
static int CheckRoom(HGFieldFile f)
{
  struct rlimit  limit;
  struct statvfs disk;

  if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY && (PetscInt64)limit.rlim_cur < HGFieldFileBytes(f)) return EFBIG;
  if (!statvfs(f->temporary, &disk) && (double)disk.f_bavail * (double)disk.f_frsize < (double)HGFieldFileBytes(f)) return ENOSPC;
  return 0;
}

/*
   Reserves the space of the whole file. The error, 0 also if the file system cannot promise space (some network file systems)
   but has it now
*/
static int Reserve(HGFieldFile f)
{
  int fd = open(f->temporary, O_RDWR | O_CLOEXEC), e = EOPNOTSUPP;

  if (fd < 0) return errno;
#if defined(__linux__)
  e = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)HGFieldFileBytes(f)) ? errno : 0;
#endif
  (void)close(fd);
  return !e || e == ENOSPC || e == EFBIG || e == EDQUOT ? e : CheckRoom(f);
}

static PetscErrorCode ReserveAll(HGFieldFile f)
{
  PetscFunctionBegin;
  if (!f->rank) {
    int e = f->nc < 0 ? CheckRoom(f) : 0;

    if (!e) e = Reserve(f);
    if (e) HGFieldFileFails(f, "cannot write %s, which needs %.1f MiB: %s", f->path, (double)HGFieldFileBytes(f) / 1048576, Reason(e));
  }
  PetscCall(HGFieldFileAgree(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HDF5 hides why the system refused; the usual reasons can be found out afterwards */
static int FindReason(HGFieldFile f)
{
  struct rlimit  limit;
  struct statvfs disk;

  if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY && (PetscInt64)limit.rlim_cur < HGFieldFileBytes(f)) return EFBIG;
  if (!statvfs(f->temporary, &disk) && !disk.f_bavail) return ENOSPC;
  return 0;
}

/*
  HGFieldFileNote - Note that netCDF failed on this rank, and why, for HGFieldFileAgree()

  Not Collective

  Input Parameters:
+ f - the output file
- e - netCDF's error code
*/
void HGFieldFileNote(HGFieldFile f, int e)
{
  const int why = FindReason(f);

  if (why) HGFieldFileFails(f, "cannot write %s, which needs %.1f MiB: %s", f->path, (double)HGFieldFileBytes(f) / 1048576, Reason(why));
  else
    HGFieldFileFails(f, "cannot write %s: %s", f->path,
                     e == NC_ERANGE ? "a value is too large for the type it is stored in" : nc_strerror(e));
}

static PetscErrorCode History(HGFieldFile f)
{
  char **args, date[64];
  HGText text = {NULL, 0, 0};
  int    n;

  PetscFunctionBegin;
  PetscCall(PetscGetArgs(&n, &args));
  PetscCall(PetscGetDate(date, sizeof(date)));
  PetscCall(HGTextAppend(&text, "%s:", date));
  for (int i = 0; i < n; i++) {
    const char *base = i ? NULL : strrchr(args[0], '/');

    PetscCall(HGTextAppend(&text, " %s", base ? base + 1 : args[i]));
  }
  PetscCall(HGTextBroadcast(f->comm, &text.text)); /* the clocks differ, the attribute must not */
  PetscCall(HGFieldFileAddAttribute(f, -1, "history", text.text));
  PetscCall(HGFieldFileAddAttribute(f, -1, "source", "Halograd " PACKAGE_VERSION));
  PetscCall(HGTextDestroy(&text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGFieldFileSetUp - Create the file with all that was set, and reserve its space on the disk

   Collective

   Input Parameter:
.  f - the output file

   Level: intermediate

   Errors:
   A disk that lacks the space, where the file system can tell; names of variables that netCDF refuses; coordinates that cannot be copied.

.seealso: `HGFieldFileAddVariable()`, `HGFieldFileWriteTensor()`
@*/
PetscErrorCode HGFieldFileSetUp(HGFieldFile f)
{
  int e;

  PetscFunctionBegin;
  PetscCheck(f->samples > 0 && f->nvar > 0, f->comm, PETSC_ERR_ORDER, "sizes and variables come before HGFieldFileSetUp()");
  PetscCall(History(f));
  PetscCall(ReserveAll(f));
  e = nc_create_par(f->temporary, NC_NETCDF4 | NC_CLOBBER, f->comm, MPI_INFO_NULL, &f->nc);
  if (e) f->nc = -1;
  else PetscCall(HGFieldFileDefine(f, &e));
  if (e && !*f->msg) HGFieldFileNote(f, e);
  PetscCall(HGFieldFileAgree(f));
  PetscCall(ReserveAll(f)); /* again: creating the file has given it back */
  PetscFunctionReturn(PETSC_SUCCESS);
}
