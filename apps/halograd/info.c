/* SPDX-License-Identifier: BSD-2-Clause */
/* What a data file or a model file holds. Rank 0 alone looks. */
#include "app.h"
#include <math.h>
#include <netcdf.h>

#define MESSAGE 1024
#define BUFFER  (1024 * 1024) /* values read at once */

typedef struct {
  double     least, most;
  PetscInt64 missing; /* fill values, NaN, infinities */
} Range;

static PetscErrorCode PrintAttributes(int nc, const char indent[])
{
  int n = 0;

  PetscFunctionBegin;
  (void)nc_inq_natts(nc, &n);
  for (int i = 0; i < n; i++) {
    char    name[NC_MAX_NAME + 1] = "", text[1024] = "";
    double  value[64];
    nc_type type;
    size_t  len;

    if (nc_inq_attname(nc, NC_GLOBAL, i, name) || nc_inq_att(nc, NC_GLOBAL, name, &type, &len)) continue;
    if (type == NC_CHAR || type == NC_STRING) {
      HGFileText(nc, NC_GLOBAL, name, text, sizeof(text));
      (void)printf("%s%s: %s\n", indent, name, text);
    } else if (len <= 64 && !nc_get_att_double(nc, NC_GLOBAL, name, value)) {
      (void)printf("%s%s:", indent, name);
      for (size_t k = 0; k < len; k++) (void)printf(" %.10g", value[k]);
      (void)printf("\n");
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void AddToRange(Range *r, const double v[], size_t n, const double fill[], int nfill, double scale, double offset)
{
  for (size_t i = 0; i < n; i++) {
    PetscBool bad = isfinite(v[i]) ? PETSC_FALSE : PETSC_TRUE;

    for (int k = 0; k < nfill; k++) {
      if (v[i] == fill[k]) bad = PETSC_TRUE;
    }
    if (bad) r->missing++;
    else {
      const double t = v[i] * scale + offset;

      r->least = PetscMin(r->least, t);
      r->most  = PetscMax(r->most, t);
    }
  }
}

/* Least and largest value, read in slabs along the first dimensions; false if they are no numbers */
static PetscErrorCode FindRange(int nc, int id, Range *r, PetscBool *numbers)
{
  int     ndims, dim[NC_MAX_VAR_DIMS], nfill = 0, e = NC_NOERR;
  size_t  len[NC_MAX_VAR_DIMS] = {0}, start[NC_MAX_VAR_DIMS], count[NC_MAX_VAR_DIMS], slab = 1, slabs = 1;
  double  scale = 1, offset = 0, fill[2], *buf;
  nc_type type;

  PetscFunctionBegin;
  *r = (Range){INFINITY, -INFINITY, 0};
  (void)nc_inq_var(nc, id, NULL, &type, &ndims, dim, NULL);
  *numbers = type == NC_CHAR || type >= NC_STRING ? PETSC_FALSE : PETSC_TRUE;
  if (!*numbers) PetscFunctionReturn(PETSC_SUCCESS);
  for (int i = ndims - 1; i >= 0; i--) {
    (void)nc_inq_dimlen(nc, dim[i], &len[i]);
    count[i] = slab * len[i] <= BUFFER && slabs == 1 ? len[i] : 1;
    slab *= count[i];
    if (count[i] != len[i]) slabs *= len[i];
    if (!len[i]) PetscFunctionReturn(PETSC_SUCCESS);
  }
  (void)nc_get_att_double(nc, id, "scale_factor", &scale);
  (void)nc_get_att_double(nc, id, "add_offset", &offset);
  if (!nc_get_att_double(nc, id, "_FillValue", &fill[nfill])) nfill++;
  if (!nc_get_att_double(nc, id, "missing_value", &fill[nfill])) nfill++;
  PetscCall(PetscMalloc1(slab, &buf));
  for (size_t s = 0; s < slabs && !e; s++) {
    size_t rest = s;

    for (int i = ndims - 1; i >= 0; i--) {
      start[i] = count[i] == len[i] ? 0 : rest % len[i];
      if (count[i] != len[i]) rest /= len[i];
    }
    e = nc_get_vara_double(nc, id, start, count, buf);
    if (!e) AddToRange(r, buf, slab, fill, nfill, scale, offset);
  }
  PetscCall(PetscFree(buf));
  if (e) *numbers = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintVariable(int nc, int id)
{
  char      name[NC_MAX_NAME + 1] = "", shape[512], units[64], text[128], type_name[NC_MAX_NAME + 1] = "?";
  nc_type   type;
  Range     r;
  PetscBool numbers;

  PetscFunctionBegin;
  (void)nc_inq_varname(nc, id, name);
  (void)nc_inq_vartype(nc, id, &type);
  (void)nc_inq_type(nc, type, type_name, NULL);
  HGFileShape(nc, id, shape, sizeof(shape));
  HGFileText(nc, id, "units", units, sizeof(units));
  HGFileText(nc, id, "long_name", text, sizeof(text));
  PetscCall(FindRange(nc, id, &r, &numbers));
  (void)printf("  %s%s %s", name, shape, type_name);
  if (*units) (void)printf(", units %s", units);
  if (numbers && r.least <= r.most) (void)printf(", from %g to %g", r.least, r.most);
  if (r.missing) (void)printf(", %" PetscInt64_FMT " missing or not finite", r.missing);
  (void)printf("%s%s\n", *text ? ": " : "", text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintData(int nc)
{
  int    ndims = 0, nvars = 0;
  size_t samples = 0;

  PetscFunctionBegin;
  PetscCall(PrintAttributes(nc, "  "));
  (void)nc_inq_ndims(nc, &ndims);
  (void)nc_inq_nvars(nc, &nvars);
  for (int id = 0; id < nvars; id++) {
    int    n   = 0, dim[NC_MAX_VAR_DIMS];
    size_t len = 0;

    (void)nc_inq_var(nc, id, NULL, NULL, &n, dim, NULL);
    if (n >= 2 && !nc_inq_dimlen(nc, dim[0], &len) && !samples) samples = len;
  }
  if (samples) (void)printf("samples: %zu\n", samples);
  (void)printf("variables:\n");
  for (int id = 0; id < nvars; id++) PetscCall(PrintVariable(nc, id));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *FormatName(int format)
{
  switch (format) {
  case NC_FORMAT_CLASSIC:
    return "classic";
  case NC_FORMAT_64BIT_OFFSET:
    return "64-bit offset";
  case NC_FORMAT_CDF5:
    return "CDF-5";
  default:
    return "netCDF-4";
  }
}

static PetscErrorCode Print(const char file[], int *model, char msg[])
{
  int       nc, format = 0;
  PetscBool classic, idx;

  PetscFunctionBegin;
  PetscCall(HGIdxView(file, &idx, msg, MESSAGE));
  if (idx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGFileOpen(file, &nc, &classic, msg, MESSAGE));
  if (*msg) PetscFunctionReturn(PETSC_SUCCESS);
  (void)nc_inq_format(nc, &format);
  *model = nc_inq_att(nc, NC_GLOBAL, "halograd_format", NULL, NULL) == NC_NOERR;
  (void)printf("%s: %s file, %s format\n", file, *model ? "model" : "data", FormatName(format));
  PetscCall(*model ? AppPrintModel(nc) : PrintData(nc));
  (void)fflush(stdout);
  (void)nc_close(nc);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppInfo(const char file[], PetscBool help)
{
  char        msg[MESSAGE] = "";
  int         model        = 0;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCall(AppModelOptions());
  if (help) {
    PetscCall(
        PetscPrintf(PETSC_COMM_WORLD,
                    "halograd info FILE: dimensions, variables and ranges of a data file; network, data and shapes of a model file\n"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  HGCheck(file && *file, PETSC_COMM_WORLD, "no file; say halograd info FILE");
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) PetscCall(Print(file, &model, msg));
  PetscCall(HGAgreeOnMessage(PETSC_COMM_WORLD, msg, sizeof(msg)));
  HGCheck(!*msg, PETSC_COMM_WORLD, "%s", msg);
  PetscCallMPI(MPI_Bcast(&model, 1, MPI_INT, 0, PETSC_COMM_WORLD));
  if (model) PetscCall(AppVerifyModel(file));
  PetscFunctionReturn(PETSC_SUCCESS);
}
