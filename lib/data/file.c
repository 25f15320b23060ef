/* SPDX-License-Identifier: BSD-2-Clause */
/* What a netCDF file holds, found out on one rank. Messages are for rank 0 to share; an empty one means all is well. */
#include "data/data_impl.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define Fail(...)                          \
  do {                                     \
    (void)snprintf(msg, len, __VA_ARGS__); \
    PetscFunctionReturn(PETSC_SUCCESS);    \
  } while (0)

static PetscErrorCode LookAtBytes(const char path[], PetscInt64 bytes, PetscBool *classic, char *msg, size_t len)
{
  static const char hdf[8]   = "\211HDF\r\n\032\n";
  char              magic[8] = {0};
  FILE             *f;
  size_t            n;

  PetscFunctionBegin;
  *classic = PETSC_FALSE;
  f        = fopen(path, "rb");
  if (!f) Fail("cannot read %s: %s", path, strerror(errno));
  n = fread(magic, 1, sizeof(magic), f);
  (void)fclose(f);
  if (n >= 4 && !memcmp(magic, "CDF", 3) && (magic[3] == 1 || magic[3] == 2 || magic[3] == 5)) {
    PetscInt64 expected;

    *classic = PETSC_TRUE;
    PetscCall(HGClassicSize(path, &expected));
    if (!expected)
      Fail("%s is cut short: it ends within its header after %" PetscInt64_FMT " bytes; copy or make the file again", path, bytes);
    if (bytes < expected)
      Fail("%s is cut short: %" PetscInt64_FMT " bytes, its header tells of %" PetscInt64_FMT "; copy or make the file again", path, bytes,
           expected);
  } else if (n < sizeof(hdf) || memcmp(magic, hdf, sizeof(hdf)))
    Fail("%s is not a netCDF file; expected the classic, 64-bit offset, CDF-5 or netCDF-4 format", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGFileOpen - Open a netCDF file to read it on this rank alone, after a look at whether it is one

   Not Collective

   Input Parameters:
+  path - the file
-  len  - length of the message

   Output Parameters:
+  nc      - the netCDF identifier, -1 on failure
.  classic - whether its format is a classic one
-  msg     - why it cannot be read; empty if it can

   Level: developer

   Errors:
   In `msg`, for rank 0 to share with `HGAgreeOnMessage()`: no such file, a folder, empty, no netCDF, cut short.

.seealso: `HGDataSetUp()`
@*/
PetscErrorCode HGFileOpen(const char path[], int *nc, PetscBool *classic, char *msg, size_t len)
{
  struct stat st;
  int         e;

  PetscFunctionBegin;
  *nc  = -1;
  *msg = 0;
  if (stat(path, &st)) {
    if (errno == ENOENT) Fail("there is no file %s", path);
    Fail("cannot read %s: %s", path, strerror(errno));
  }
  if (S_ISDIR(st.st_mode)) Fail("%s is a folder; expected a netCDF file", path);
  if (S_ISREG(st.st_mode) && !st.st_size) Fail("%s is empty; expected a netCDF file", path);
  PetscCall(LookAtBytes(path, (PetscInt64)st.st_size, classic, msg, len));
  if (*msg) PetscFunctionReturn(PETSC_SUCCESS);
  e = nc_open(path, NC_NOWRITE, nc);
  if (e) {
    *nc = -1;
    Fail("cannot open %s: %s; the file may be cut short or damaged", path, e == NC_EHDFERR ? "HDF5 refuses it" : nc_strerror(e));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGFileText - A text attribute of a variable, shortened to the buffer

   Not Collective

   Input Parameters:
+  nc   - the netCDF identifier
.  id   - the variable, or `NC_GLOBAL`
.  name - the attribute
-  len  - length of the buffer

   Output Parameter:
.  text - its value, empty if there is no such text

   Level: developer

.seealso: `HGFileOpen()`
@*/
void HGFileText(int nc, int id, const char name[], char *text, size_t len)
{
  nc_type type;
  size_t  n;

  *text = 0;
  if (nc_inq_att(nc, id, name, &type, &n) || !n) return;
  if (type == NC_CHAR) {
    char *buf;

    if (PetscMalloc1(n + 1, &buf)) return;
    buf[n] = 0;
    if (nc_get_att_text(nc, id, name, buf)) buf[0] = 0;
    (void)snprintf(text, len, "%s", buf);
    (void)PetscFree(buf);
  } else if (type == NC_STRING && n == 1) {
    char *s = NULL;

    if (!nc_get_att_string(nc, id, name, &s) && s) {
      (void)snprintf(text, len, "%s", s);
      (void)nc_free_string(1, &s);
    }
  }
}

/*@C
   HGFileShape - The dimensions of a variable in words, such as "(sample=64, y=16, x=16)"

   Not Collective

   Input Parameters:
+  nc  - the netCDF identifier
.  id  - the variable
-  len - length of the buffer

   Output Parameter:
.  text - the words

   Level: developer

.seealso: `HGFileOpen()`
@*/
void HGFileShape(int nc, int id, char *text, size_t len)
{
  int    ndims = 0, dimid[NC_MAX_VAR_DIMS];
  size_t used  = 0;

  (void)nc_inq_var(nc, id, NULL, NULL, &ndims, dimid, NULL);
  (void)snprintf(text, len, "(");
  for (int i = 0; i < ndims; i++) {
    char   name[NC_MAX_NAME + 1] = "?";
    size_t n                     = 0;

    (void)nc_inq_dim(nc, dimid[i], name, &n);
    used = strlen(text);
    (void)snprintf(text + used, len - used, "%s%s=%zu", i ? ", " : "", name, n);
  }
  used = strlen(text);
  (void)snprintf(text + used, len - used, ")");
}

/* The names of all variables that are not coordinates of their own dimension */
static void VariableNames(int nc, char *text, size_t len)
{
  int nvars = 0;

  *text = 0;
  (void)nc_inq_nvars(nc, &nvars);
  for (int id = 0; id < nvars; id++) {
    char         name[NC_MAX_NAME + 1] = "";
    int          dim;
    const size_t used = strlen(text);

    (void)nc_inq_varname(nc, id, name);
    if (!nc_inq_dimid(nc, name, &dim)) continue;
    (void)snprintf(text + used, len - used, "%s%s", used ? ", " : "", name);
  }
  if (!*text) (void)snprintf(text, len, "none");
}

static PetscBool IsOneOf(const char name[], const char *const words[])
{
  for (; *words; words++) {
    const char *a = name, *b = *words;

    while (*a && tolower((unsigned char)*a) == *b) a++, b++;
    if (!*a && !*b) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static HGFileAxis AxisOfName(const char name[])
{
  static const char *const times[]    = {"time", "t", "times", NULL};
  static const char *const channels[] = {"channel", "channels", "ch",      "c",        "component", "components",
                                         "comp",    "variable", "feature", "features", NULL};

  if (IsOneOf(name, times)) return HG_FILE_TIME;
  if (IsOneOf(name, channels) || !strncmp(name, "channel_", 8)) return HG_FILE_CHANNEL;
  return HG_FILE_AXES;
}

/* Gives each dimension its axis: the first is the sample, then time and channel by their names, then space. False if that fails */
static PetscBool AssignAxes(int nc, HGFileVar *v)
{
  int i = 1, space;

  for (int a = 0; a < HG_FILE_AXES; a++) v->pos[a] = -1;
  v->pos[HG_FILE_SAMPLE] = 0;
  for (; i < v->ndims; i++) {
    char       name[NC_MAX_NAME + 1] = "";
    HGFileAxis axis;

    (void)nc_inq_dimname(nc, v->dimid[i], name);
    axis = AxisOfName(name);
    if (axis == HG_FILE_AXES) break;
    if (v->pos[axis] >= 0 || v->pos[HG_FILE_CHANNEL] >= 0) return PETSC_FALSE;
    v->pos[axis] = i;
  }
  space = v->ndims - i;
  for (int s = i; s < v->ndims; s++) {
    char name[NC_MAX_NAME + 1] = "";

    (void)nc_inq_dimname(nc, v->dimid[s], name);
    if (AxisOfName(name) != HG_FILE_AXES) return PETSC_FALSE;
  }
  if (space < 1 || space > 3) return PETSC_FALSE;
  for (int s = 0; s < space; s++) v->pos[HG_FILE_AXES - space + s] = i + s;
  return PETSC_TRUE;
}

static PetscErrorCode DescribeShape(HGData d, int nc, HGFileVar *v, char *msg, size_t len)
{
  char shape[512];
  int  ndims, dimid[NC_MAX_VAR_DIMS];

  PetscFunctionBegin;
  HGFileShape(nc, v->id, shape, sizeof(shape));
  (void)nc_inq_var(nc, v->id, NULL, NULL, &ndims, dimid, NULL);
  v->ndims = ndims;
  for (int i = 0; i < ndims && i < HG_FILE_AXES; i++) v->dimid[i] = dimid[i];
  if (ndims > HG_FILE_AXES || ndims < 2 || !AssignAxes(nc, v))
    Fail("variable \"%s\" of %s has the dimensions %s; expected (sample, [time,] [channel,] [z,] y, x) with one to three of space",
         v->pub.name, d->file, shape);
  for (int a = 0; a < HG_FILE_AXES; a++) {
    size_t n = 1;

    if (v->pos[a] >= 0) (void)nc_inq_dimlen(nc, v->dimid[v->pos[a]], &n);
    if (!n)
      Fail("variable \"%s\" of %s has %s: %s; there is nothing to read", v->pub.name, d->file,
           a == HG_FILE_SAMPLE ? "zero samples" : "a dimension of length zero", shape);
    if (n > PETSC_MAX_INT)
      Fail("variable \"%s\" of %s is too large for this PETSc: %s; configure PETSc with --with-64-bit-indices", v->pub.name, d->file,
           shape);
    v->len[a] = (PetscInt)n;
  }
  v->pub.channels = v->len[HG_FILE_TIME] * v->len[HG_FILE_CHANNEL];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Values that stand for missing ones: _FillValue, or the type's default as nothing was written there, and missing_value */
static void DescribeFill(int nc, nc_type type, HGFileVar *v)
{
  double def = type == NC_FLOAT    ? (double)NC_FILL_FLOAT
               : type == NC_DOUBLE ? NC_FILL_DOUBLE
               : type == NC_INT    ? (double)NC_FILL_INT
                                   : (double)NC_FILL_SHORT;
  double more[HG_DATA_FILLS - 1];
  size_t n;

  v->nfill = 0;
  if (!nc_get_att_double(nc, v->id, "_FillValue", &v->fill[0])) v->nfill = 1;
  else if (type == NC_FLOAT || type == NC_DOUBLE || type == NC_INT || type == NC_SHORT) v->fill[v->nfill++] = def;
  if (nc_inq_attlen(nc, v->id, "missing_value", &n) || n < 1 || n > HG_DATA_FILLS - 1) return;
  if (nc_get_att_double(nc, v->id, "missing_value", more)) return;
  for (size_t i = 0; i < n; i++) v->fill[v->nfill++] = more[i];
}

static PetscErrorCode DescribeVariable(HGData d, int nc, HGDataRole role, HGFileVar *v, char *msg, size_t len)
{
  char        names[512];
  const char *prefix = ((PetscObject)d)->prefix ? ((PetscObject)d)->prefix : "";
  nc_type     type;

  PetscFunctionBegin;
  if (nc_inq_varid(nc, v->pub.name, &v->id)) {
    VariableNames(nc, names, sizeof(names));
    Fail("%s has no variable \"%s\"; it has: %s. Choose with -%sdata_%s", d->file, v->pub.name, names, prefix,
         role == HG_DATA_INPUT ? "input" : "target");
  }
  (void)nc_inq_vartype(nc, v->id, &type);
  if (type == NC_CHAR || type == NC_STRING || type > NC_STRING)
    Fail("variable \"%s\" of %s holds %s; expected numbers", v->pub.name, d->file,
         type > NC_STRING ? "values of a user-defined type" : "text");
  PetscCall(DescribeShape(d, nc, v, msg, len));
  if (*msg) PetscFunctionReturn(PETSC_SUCCESS);
  v->scale  = 1;
  v->offset = 0;
  (void)nc_get_att_double(nc, v->id, "scale_factor", &v->scale);
  (void)nc_get_att_double(nc, v->id, "add_offset", &v->offset);
  DescribeFill(nc, type, v);
  HGFileText(nc, v->id, "units", v->pub.units, sizeof(v->pub.units));
  HGFileText(nc, v->id, "long_name", v->pub.long_name, sizeof(v->pub.long_name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Samples and grid of a variable must be those of the first */
static PetscErrorCode CompareShapes(HGData d, int nc, const HGFileVar *ref, const HGFileVar *v, char *msg, size_t len)
{
  char      a[512], b[512];
  PetscBool same = PETSC_TRUE;

  PetscFunctionBegin;
  for (int i = 0; i < HG_FILE_AXES; i++) {
    if (i == HG_FILE_TIME || i == HG_FILE_CHANNEL) continue;
    if (ref->len[i] != v->len[i] || (ref->pos[i] < 0) != (v->pos[i] < 0)) same = PETSC_FALSE;
  }
  if (same) PetscFunctionReturn(PETSC_SUCCESS);
  HGFileShape(nc, ref->id, a, sizeof(a));
  HGFileShape(nc, v->id, b, sizeof(b));
  Fail("the variables \"%s\" %s and \"%s\" %s of %s differ in samples or grid; they must agree", ref->pub.name, a, v->pub.name, b, d->file);
}

static PetscErrorCode DescribeAxis(int nc, int dimid, HGAxis *axis)
{
  char    name[NC_MAX_NAME + 1] = "";
  size_t  n                     = 0;
  int     id, ndims, dim;
  nc_type type;

  PetscFunctionBegin;
  (void)nc_inq_dim(nc, dimid, name, &n);
  PetscCall(PetscStrncpy(axis->name, name, sizeof(axis->name)));
  axis->n = (PetscInt)n;
  if (nc_inq_varid(nc, name, &id)) PetscFunctionReturn(PETSC_SUCCESS);
  if (nc_inq_var(nc, id, NULL, &type, &ndims, NULL, NULL) || ndims != 1 || type == NC_CHAR || type >= NC_STRING)
    PetscFunctionReturn(PETSC_SUCCESS);
  if (nc_inq_vardimid(nc, id, &dim) || dim != dimid) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(axis->n, &axis->value));
  if (nc_get_var_double(nc, id, axis->value)) PetscCall(PetscFree(axis->value));
  HGFileText(nc, id, "units", axis->units, sizeof(axis->units));
  HGFileText(nc, id, "long_name", axis->long_name, sizeof(axis->long_name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DescribeOpen(HGData d, int nc, char *msg, size_t len)
{
  HGFileVar *ref = d->part[HG_DATA_INPUT].var;

  PetscFunctionBegin;
  for (int r = 0; r < 2; r++) {
    for (PetscInt i = 0; i < d->part[r].nvar; i++) {
      PetscCall(DescribeVariable(d, nc, (HGDataRole)r, &d->part[r].var[i], msg, len));
      if (!*msg) PetscCall(CompareShapes(d, nc, ref, &d->part[r].var[i], msg, len));
      if (*msg) PetscFunctionReturn(PETSC_SUCCESS);
    }
  }
  for (int a = 0; a < 3; a++) {
    if (ref->pos[HG_FILE_Z + a] >= 0) PetscCall(DescribeAxis(nc, ref->dimid[ref->pos[HG_FILE_Z + a]], &d->axis[a]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGDataDescribe - Find the variables of a dataset in its file

  Not Collective, for rank 0

  Input Parameters:
+ d   - the dataset, whose variables have their names
- len - length of the message

  Output Parameter:
. msg - what is wrong, empty if nothing is
*/
PetscErrorCode HGDataDescribe(HGData d, char *msg, size_t len)
{
  int       nc;
  PetscBool classic;
  size_t    used;

  PetscFunctionBegin;
  PetscCall(HGFileOpen(d->file, &nc, &classic, msg, len));
  if (*msg) {
    const char *prefix = ((PetscObject)d)->prefix ? ((PetscObject)d)->prefix : "";

    used = strlen(msg);
    (void)snprintf(msg + used, len - used, ". Choose with -%sdata_file", prefix);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(DescribeOpen(d, nc, msg, len));
  (void)nc_close(nc);
  PetscFunctionReturn(PETSC_SUCCESS);
}
