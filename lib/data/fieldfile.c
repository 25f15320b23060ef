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

#define ThisRankFails(f, ...) (void)snprintf((f)->msg, sizeof((f)->msg), __VA_ARGS__)

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
  if (!*f->path) ThisRankFails(f, "no name for the output file; give one with -output");
  else if (!stat(f->path, &st) && S_ISDIR(st.st_mode))
    ThisRankFails(f, "cannot write %s: it is a folder; give the name of a file", f->path);
  else if (!stat(f->path, &st) && !S_ISREG(st.st_mode)) ThisRankFails(f, "cannot write %s: it is not a regular file", f->path);
  else {
    fd = open(f->temporary, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0)
      ThisRankFails(f, "cannot write %s: %s", f->path, errno == ENOENT || errno == ENOTDIR ? "there is no such folder" : Reason(errno));
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
  f->nc = -1;
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
   `HGFieldFileSetAxis()` says otherwise.

.seealso: `HGFieldFileSetAxis()`
@*/
PetscErrorCode HGFieldFileSetSizes(HGFieldFile f, PetscInt dim, PetscInt samples, const PetscInt grid[])
{
  static const char *const names[] = {"z", "y", "x"};

  PetscFunctionBegin;
  PetscCheck(dim >= 1 && dim <= 3 && samples >= 1 && grid[0] >= 1 && grid[1] >= 1 && grid[2] >= 1, f->comm, PETSC_ERR_ARG_OUTOFRANGE,
             "cannot write %" PetscInt_FMT " samples of %" PetscInt_FMT " dimensions", samples, dim);
  f->dim     = dim;
  f->samples = samples;
  for (int a = 0; a < 3; a++) {
    HGAxis axis = {"", "1", "", 0, NULL};

    f->grid[a] = grid[a];
    axis.n     = grid[a];
    PetscCall(PetscStrncpy(axis.name, names[a], sizeof(axis.name)));
    (void)snprintf(axis.long_name, sizeof(axis.long_name), "%s coordinate of cell centres", names[a]);
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

.seealso: `HGDataGetAxis()`
@*/
PetscErrorCode HGFieldFileSetAxis(HGFieldFile f, PetscInt axis, const HGAxis *info)
{
  double *value = NULL;

  PetscFunctionBegin;
  PetscCheck(axis >= 0 && axis < 3, f->comm, PETSC_ERR_ARG_OUTOFRANGE, "no axis %" PetscInt_FMT "; expected 0, 1 or 2 for z, y, x", axis);
  PetscCheck(info->n == f->grid[axis], f->comm, PETSC_ERR_ARG_SIZ, "axis %s has %" PetscInt_FMT " points, the grid %" PetscInt_FMT,
             info->name, info->n, f->grid[axis]);
  if (info->value) {
    PetscCall(PetscMalloc1(info->n, &value));
    PetscCall(PetscArraycpy(value, info->value, info->n));
  }
  PetscCall(PetscFree(f->axis[axis].value));
  f->axis[axis]       = *info;
  f->axis[axis].value = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddAttribute(HGFieldFile f, PetscInt var, const char name[], const char text[])
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
  PetscCall(AddAttribute(f, -1, name, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGFieldFileAddVariable - Add a field to the file

   Logically Collective

   Input Parameters:
+  f        - the output file, not yet set up
.  name     - the variable's name
.  channels - number of channels; more than one become a dimension
-  dtype    - the type that is stored, whatever the type of what will be written

   Output Parameter:
.  id - which variable it is, for the functions that write

   Level: intermediate

   Shape:
   in the file: `(sample, [channel,] [z,] [y,] x)`

.seealso: `HGFieldFileWriteTensor()`, `HGFieldFileWriteVec()`
@*/
PetscErrorCode HGFieldFileAddVariable(HGFieldFile f, const char name[], PetscInt channels, HGDType dtype, PetscInt *id)
{
  PetscFunctionBegin;
  PetscCheck(f->nc < 0, f->comm, PETSC_ERR_ORDER, "variables are added before HGFieldFileSetUp()");
  PetscCheck(f->nvar < HG_FIELD_VARIABLES, f->comm, PETSC_ERR_ARG_OUTOFRANGE, "more than %d variables in %s", HG_FIELD_VARIABLES, f->path);
  PetscCheck(channels >= 1, f->comm, PETSC_ERR_ARG_OUTOFRANGE, "variable %s has %" PetscInt_FMT " channels", name, channels);
  PetscCall(PetscStrncpy(f->var[f->nvar].name, name, sizeof(f->var[f->nvar].name)));
  f->var[f->nvar].channels = channels;
  f->var[f->nvar].dtype    = dtype;
  *id                      = f->nvar++;
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
  PetscCall(AddAttribute(f, id, name, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define Try(call)       \
  do {                  \
    if (!e) e = (call); \
  } while (0)

static int PutText(int nc, int id, const char name[], const char text[])
{
  return nc_put_att_text(nc, id, name, strlen(text), text);
}

static int DefineAxes(HGFieldFile f)
{
  static const char *const letters[] = {"Z", "Y", "X"};
  int                      e         = NC_NOERR;

  for (int a = 3 - (int)f->dim; a < 3; a++) {
    const HGAxis *x = &f->axis[a];

    Try(nc_def_dim(f->nc, x->name, (size_t)x->n, &f->dimid[a]));
    f->axisid[a] = -1;
    if (!x->value) continue;
    Try(nc_def_var(f->nc, x->name, NC_DOUBLE, 1, &f->dimid[a], &f->axisid[a]));
    Try(PutText(f->nc, f->axisid[a], "axis", letters[a]));
    if (*x->units) Try(PutText(f->nc, f->axisid[a], "units", x->units));
    if (*x->long_name) Try(PutText(f->nc, f->axisid[a], "long_name", x->long_name));
  }
  return e;
}

static int DefineVariable(HGFieldFile f, HGFieldVariable *v)
{
  int  dims[5], n = 0, e = NC_NOERR;
  char name[sizeof(v->name) + 16];

  dims[n++] = f->sample_dim;
  if (v->channels > 1) {
    /* one dimension for each number of channels; "channel" first, then "channel_NAME" */
    (void)snprintf(name, sizeof(name), "channel");
    if (!nc_inq_dimid(f->nc, name, &dims[n])) {
      size_t len = 0;

      Try(nc_inq_dimlen(f->nc, dims[n], &len));
      if (len != (size_t)v->channels) {
        (void)snprintf(name, sizeof(name), "channel_%s", v->name);
        Try(nc_def_dim(f->nc, name, (size_t)v->channels, &dims[n]));
      }
    } else Try(nc_def_dim(f->nc, name, (size_t)v->channels, &dims[n]));
    n++;
  }
  for (int a = 3 - (int)f->dim; a < 3; a++) dims[n++] = f->dimid[a];
  Try(nc_def_var(f->nc, v->name, v->dtype == HG_F32 ? NC_FLOAT : NC_DOUBLE, n, dims, &v->ncid));
  Try(nc_def_var_fill(f->nc, v->ncid, NC_NOFILL, NULL));
  return e;
}

/*
   Variables keep netCDF's default, independent access: a collective write that fails on one rank, as the disk fills up, leaves the
   others waiting inside HDF5 (seen with 1.10.8: one rank returns, the others reset their file view together).
*/
static int Define(HGFieldFile f)
{
  int e = nc_def_dim(f->nc, "sample", (size_t)f->samples, &f->sample_dim);

  Try(DefineAxes(f));
  for (PetscInt i = 0; i < f->nvar; i++) Try(DefineVariable(f, &f->var[i]));
  Try(PutText(f->nc, NC_GLOBAL, "Conventions", "CF-1.8"));
  for (const HGFieldAttribute *a = f->attributes; a; a = a->next)
    Try(PutText(f->nc, a->var < 0 ? NC_GLOBAL : f->var[a->var].ncid, a->name, a->text));
  Try(nc_enddef(f->nc));
  for (int a = 3 - (int)f->dim; a < 3 && !f->rank; a++) {
    if (f->axisid[a] >= 0) Try(nc_put_var_double(f->nc, f->axisid[a], f->axis[a].value));
  }
  Try(nc_sync(f->nc));
  return e;
}

/* The bytes of all that will be written: fields, coordinates, and room for what describes them */
static PetscInt64 Bytes(HGFieldFile f)
{
  const PetscInt64 points = (PetscInt64)f->grid[0] * f->grid[1] * f->grid[2];
  PetscInt64       bytes  = 65536 + 8 * ((PetscInt64)f->grid[0] + f->grid[1] + f->grid[2]);

  for (PetscInt i = 0; i < f->nvar; i++) bytes += points * f->samples * f->var[i].channels * (PetscInt64)HGDTypeSize(f->var[i].dtype);
  return bytes;
}

/* Whether the disk has room for the whole file, by what it tells */
static int CheckRoom(HGFieldFile f)
{
  struct rlimit  limit;
  struct statvfs disk;

  if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY && (PetscInt64)limit.rlim_cur < Bytes(f)) return EFBIG;
  if (!statvfs(f->temporary, &disk) && (double)disk.f_bavail * (double)disk.f_frsize < (double)Bytes(f)) return ENOSPC;
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
  e = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)Bytes(f)) ? errno : 0;
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
    if (e) ThisRankFails(f, "cannot write %s, which needs %.1f MiB: %s", f->path, (double)Bytes(f) / 1048576, Reason(e));
  }
  PetscCall(HGFieldFileAgree(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HDF5 hides why the system refused; the usual reasons can be found out afterwards */
static int FindReason(HGFieldFile f)
{
  struct rlimit  limit;
  struct statvfs disk;

  if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY && (PetscInt64)limit.rlim_cur < Bytes(f)) return EFBIG;
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

  if (why) ThisRankFails(f, "cannot write %s, which needs %.1f MiB: %s", f->path, (double)Bytes(f) / 1048576, Reason(why));
  else
    ThisRankFails(f, "cannot write %s: %s", f->path, e == NC_ERANGE ? "a value is too large for the type it is stored in" : nc_strerror(e));
}

static PetscErrorCode History(HGFieldFile f)
{
  char **args, text[4096] = "", date[64];
  int    n;

  PetscFunctionBegin;
  PetscCall(PetscGetArgs(&n, &args));
  PetscCall(PetscGetDate(date, sizeof(date)));
  (void)snprintf(text, sizeof(text), "%s:", date);
  for (int i = 0; i < n; i++) {
    const size_t used = strlen(text);
    const char  *base = i ? NULL : strrchr(args[0], '/');

    (void)snprintf(text + used, sizeof(text) - used, " %s", base ? base + 1 : args[i]);
  }
  PetscCallMPI(MPI_Bcast(text, sizeof(text), MPI_CHAR, 0, f->comm)); /* the clocks differ, the attribute must not */
  PetscCall(AddAttribute(f, -1, "history", text));
  PetscCall(AddAttribute(f, -1, "source", "Halograd " PACKAGE_VERSION));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGFieldFileSetUp - Create the file with all that was set, and reserve its space on the disk

   Collective

   Input Parameter:
.  f - the output file

   Level: intermediate

   Errors:
   A disk that lacks the space, where the file system can tell; names of variables that netCDF refuses.

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
  Try(Define(f));
  if (e) HGFieldFileNote(f, e);
  PetscCall(HGFieldFileAgree(f));
  PetscCall(ReserveAll(f)); /* again: creating the file has given it back */
  PetscFunctionReturn(PETSC_SUCCESS);
}
