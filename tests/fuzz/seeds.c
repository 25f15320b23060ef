/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are mutated, and files of netCDF whose contents are drawn */
#include "fuzz.h"
#include <math.h>
#include <netcdf.h>
#include <stdio.h>
#include <string.h>

/* Numbers that do not fit are written all the same */
#define NC(call)                                                                                          \
  do {                                                                                                    \
    const int e_ = (call);                                                                                \
    PetscCheck(!e_ || e_ == NC_ERANGE, PETSC_COMM_SELF, PETSC_ERR_LIB, "%s: %s", #call, nc_strerror(e_)); \
  } while (0)

/* ---- changed bytes ---- */

static void ChangeBytes(Random *r, unsigned char b[], size_t n, size_t first)
{
  static const uint32_t words[] = {0, 1, 2, 3, 10, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0x00010000, 0x40000000};
  const size_t          at      = Below(r, Below(r, 4) && first < n ? first : n);
  const uint32_t        w       = Pick(r, words);

  switch (Below(r, 4)) {
  case 0:
    b[at] ^= (unsigned char)(1 << Below(r, 8));
    break;
  case 1:
    b[at] = (unsigned char)Bits(r);
    break;
  case 2:
    for (size_t i = 0; i < 4 && at / 4 * 4 + i < n; i++) b[at / 4 * 4 + i] = (unsigned char)(w >> 8 * (3 - i));
    break;
  default:
    for (size_t i = 0; i < 4 && at + i < n; i++) b[at + i] = (unsigned char)(w >> 8 * i);
  }
}

PetscErrorCode Mutate(Random *r, const char from[], const char to[], size_t first)
{
  unsigned char *b;
  size_t         n, changes;
  FILE          *f = fopen(from, "rb");

  PetscFunctionBegin;
  PetscCheck(f, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot read %s", from);
  PetscCall(PetscMalloc1(1 << 20, &b));
  n = fread(b, 1, 1 << 20, f);
  (void)fclose(f);
  PetscCheck(n > 0 && n < 1 << 20, PETSC_COMM_SELF, PETSC_ERR_FILE_READ, "%s is empty, or larger than it should be", from);
  changes = 1 + Below(r, 1 + Below(r, 6));
  for (size_t i = 0; i < changes; i++) ChangeBytes(r, b, n, first);
  if (!Below(r, 8)) n = Below(r, n);
  if (n > 8 && !Below(r, 8)) { /* some bytes are gone, or there twice */
    const size_t at = Below(r, n - 8), len = 1 + Below(r, 8);

    memmove(b + at, b + at + len, n - at - len);
    n -= len;
  }
  f = fopen(to, "wb");
  PetscCheck(f && fwrite(b, 1, n, f) == n && !fclose(f), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s", to);
  PetscCall(PetscFree(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- files that are right ---- */

/* Variables a and u of time, lat and lon with coordinates, packed */
PetscErrorCode WriteDataSeed(const char path[], int format)
{
  static const char *const name[] = {"time", "lat", "lon"};
  static const size_t      len[] = {4, 6, 8}, chunk[] = {2, 3, 8};
  const double             scale = 0.5, offset = 3, fill = 9999;
  int                      nc, dim[3], axis[3], var[2];

  PetscFunctionBegin;
  NC(nc_create(path, format | NC_CLOBBER, &nc));
  for (int i = 0; i < 3; i++) NC(nc_def_dim(nc, name[i], i || format == NC_NETCDF4 ? len[i] : NC_UNLIMITED, &dim[i]));
  for (int i = 0; i < 3; i++) NC(nc_def_var(nc, name[i], i ? NC_FLOAT : NC_DOUBLE, 1, &dim[i], &axis[i]));
  NC(nc_put_att_text(nc, axis[0], "units", 18, "days since 2000-01"));
  NC(nc_put_att_text(nc, axis[1], "units", 13, "degrees_north"));
  for (int k = 0; k < 2; k++) {
    NC(nc_def_var(nc, k ? "u" : "a", k ? NC_FLOAT : NC_SHORT, 3, dim, &var[k]));
    if (format == NC_NETCDF4) NC(nc_def_var_chunking(nc, var[k], NC_CHUNKED, chunk));
    if (format == NC_NETCDF4) NC(nc_def_var_deflate(nc, var[k], 1, 1, 1));
  }
  NC(nc_put_att_double(nc, var[0], "scale_factor", NC_DOUBLE, 1, &scale));
  NC(nc_put_att_double(nc, var[0], "add_offset", NC_FLOAT, 1, &offset));
  NC(nc_put_att_double(nc, var[0], "missing_value", NC_SHORT, 1, &fill));
  NC(nc_put_att_text(nc, var[1], "units", 1, "m"));
  NC(nc_enddef(nc));
  for (int i = 0; i < 3; i++) {
    const size_t start = 0;
    double       x[8];

    for (size_t k = 0; k < len[i]; k++) x[k] = (double)k;
    NC(nc_put_vara_double(nc, axis[i], &start, &len[i], x));
  }
  for (int k = 0; k < 2; k++) {
    const size_t start[3] = {0, 0, 0};
    double       v[4 * 6 * 8];

    for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) v[i] = (double)(i * 7919 % 199);
    NC(nc_put_vara_double(nc, var[k], start, len, v));
  }
  NC(nc_close(nc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteIdx(const char path[], const unsigned char head[], size_t nhead, size_t n, unsigned char most)
{
  FILE *f = fopen(path, "wb");

  PetscFunctionBegin;
  PetscCheck(f && fwrite(head, 1, nhead, f) == nhead, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s", path);
  for (size_t i = 0; i < n; i++) (void)fputc((int)(i * 7919 % most), f);
  PetscCheck(!fclose(f), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode WriteIdxSeeds(const char images[], const char labels[])
{
  static const unsigned char image[] = {0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 8}, label[] = {0, 0, 8, 1, 0, 0, 0, 4};

  PetscFunctionBegin;
  PetscCall(WriteIdx(images, image, sizeof(image), 4 * 64, 251));
  PetscCall(WriteIdx(labels, label, sizeof(label), 4, 10));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- files that are drawn ---- */

static const nc_type Types[] = {NC_BYTE,   NC_CHAR, NC_SHORT, NC_INT,    NC_FLOAT, NC_DOUBLE, NC_UBYTE,
                                NC_USHORT, NC_UINT, NC_INT64, NC_UINT64, NC_FLOAT, NC_DOUBLE, NC_STRING};

static PetscErrorCode DrawText(Random *r, int nc, int var, const char name[], nc_type type)
{
  static const char *const text[] = {
      "",    "0.1",   "-999", "true", "T",        "X",       "degrees_north", "days since 2000-01-01", "time", "1",
      "nan", "a,b,c", "%s%n", "-1",   "\xff\xfe", "channel", "1e400",         "standard_name: depth"};
  const char  *value[70];
  const size_t n = Below(r, 4) ? 1 : Below(r, 70);

  PetscFunctionBegin;
  for (size_t i = 0; i < n; i++) value[i] = Pick(r, text);
  if (type == NC_STRING) NC(nc_put_att_string(nc, var, name, n, value));
  else if (Below(r, 10)) NC(nc_put_att_text(nc, var, name, n ? strlen(value[0]) : 0, n ? value[0] : ""));
  else {
    char  *text_;
    size_t len = Below(r, 5000);

    PetscCall(PetscMalloc1(len + 1, &text_));
    for (size_t i = 0; i < len; i++) text_[i] = (char)Bits(r);
    NC(nc_put_att_text(nc, var, name, len, text_));
    PetscCall(PetscFree(text_));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A number that is in the type's range, so that netCDF writes it */
static double DrawNumber(Random *r, nc_type type)
{
  static const double small[] = {0, 1, 2, 0.5, 3, 100, 127}, real[] = {-1, -999, 1e20, -1e30, 1e-30, 9.96921e36};

  if (type != NC_FLOAT && type != NC_DOUBLE) return floor(Pick(r, small));
  if (!Below(r, 12)) return Below(r, 2) ? NAN : INFINITY;
  return Below(r, 2) ? Pick(r, small) : Pick(r, real);
}

static PetscErrorCode DrawAttribute(Random *r, int nc, int var)
{
  static const char *const names[] = {"scale_factor",  "add_offset", "missing_value", "valid_min",  "valid_max", "valid_range",
                                      "_Unsigned",     "units",      "axis",          "calendar",   "positive",  "coordinates",
                                      "standard_name", "long_name",  "flag_values",   "_FillValue", "bounds",    "halograd_format"};
  const char              *name    = Pick(r, names);
  nc_type                  type    = Pick(r, Types);
  double                   value[300];
  size_t                   n = Below(r, 5) ? 1 : Below(r, 300);

  PetscFunctionBegin;
  if (!strcmp(name, "_FillValue") && var != NC_GLOBAL) {
    NC(nc_inq_vartype(nc, var, &type));
    n = 1;
    if (type == NC_CHAR || type == NC_STRING) PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (type == NC_CHAR || type == NC_STRING) {
    PetscCall(DrawText(r, nc, var, name, type));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (size_t i = 0; i < n; i++) value[i] = DrawNumber(r, type);
  NC(nc_put_att_double(nc, var, name, type, n, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  int       n, id[4];
  size_t    len[4];
  PetscBool usual; /* variables have all dimensions but the last one, in order */
} Dimensions;

static PetscErrorCode DrawValues(Random *r, int group, int var, nc_type type, size_t n)
{
  double *v;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &v));
  for (size_t i = 0; i < n; i++) v[i] = DrawNumber(r, type);
  NC(nc_put_var_double(group, var, v));
  PetscCall(PetscFree(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DrawVariable(Random *r, int group, const char name[], const Dimensions *d)
{
  const nc_type type = d->usual ? Types[2 + Below(r, 9)] : Pick(r, Types);
  int           var, dim[4], ndims = d->usual ? d->n - 1 : (int)Below(r, 5);
  size_t        count = 1, attributes = Below(r, d->usual ? 3 : 5);

  PetscFunctionBegin;
  for (int i = 0; i < ndims; i++) {
    const size_t k = d->usual || Below(r, 3) ? (size_t)i : Below(r, (size_t)d->n);

    dim[i] = d->id[k];
    count *= d->len[k];
  }
  if (nc_def_var(group, name, type, ndims, dim, &var)) PetscFunctionReturn(PETSC_SUCCESS); /* there is one of this name */
  for (size_t i = 0; i < attributes; i++) PetscCall(DrawAttribute(r, group, var));
  if (type != NC_CHAR && type != NC_STRING && count && Below(r, 8)) PetscCall(DrawValues(r, group, var, type, count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode WriteDrawnFile(Random *r, const char path[])
{
  static const char *const dims[] = {"time", "sample", "lat", "lon", "x", "y", "z", "channel", "step", "member", "valid_time", "n"};
  static const char *const vars[] = {"a", "u", "a", "u", "b", "time", "lat", "x", "sample", "channel"};
  static const char *const four[] = {"time", "lat", "lon", "z"};
  Dimensions               d      = {.usual = Below(r, 3) ? PETSC_TRUE : PETSC_FALSE};
  int                      nc, group;
  size_t                   nvars = Below(r, 6), attributes = Below(r, 3);

  PetscFunctionBegin;
  NC(nc_create(path, NC_NETCDF4 | NC_CLOBBER, &nc));
  while (d.n < 4) {
    d.len[d.n] = d.usual || Below(r, 6) ? 1 + Below(r, 6) : Below(r, 2);
    if (!nc_def_dim(nc, d.usual ? four[d.n] : Pick(r, dims), d.len[d.n] ? d.len[d.n] : NC_UNLIMITED, &d.id[d.n])) d.n++;
  }
  group = nc;
  if (!Below(r, 4)) NC(nc_def_grp(nc, "group", &group));
  for (size_t i = 0; i < attributes; i++) PetscCall(DrawAttribute(r, nc, NC_GLOBAL));
  for (size_t i = 0; i < 2 + nvars; i++) PetscCall(DrawVariable(r, i < 2 || Below(r, 3) ? nc : group, i < 2 ? vars[i] : Pick(r, vars), &d));
  NC(nc_close(nc));
  PetscFunctionReturn(PETSC_SUCCESS);
}
