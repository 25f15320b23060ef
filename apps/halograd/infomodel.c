/* SPDX-License-Identifier: BSD-2-Clause */
/* halograd info of a model file. Rank 0 alone looks, by netCDF alone: a file that training would refuse is shown too. */
#include "app.h"
#include <netcdf.h>

static PetscErrorCode PrintText(int nc, const char name[], size_t len)
{
  char *text;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(len + 1, &text));
  if (!nc_get_att_text(nc, NC_GLOBAL, name, text)) (void)printf("  %s: %s\n", name, text);
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintNumbers(int nc, const char name[], nc_type type, size_t len)
{
  double    *real;
  long long *integer;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(len, &real, len, &integer));
  (void)printf("  %s:", name);
  if (type == NC_FLOAT || type == NC_DOUBLE) {
    for (size_t k = 0; !nc_get_att_double(nc, NC_GLOBAL, name, real) && k < len; k++) (void)printf(" %.10g", real[k]);
  } else
    for (size_t k = 0; !nc_get_att_longlong(nc, NC_GLOBAL, name, integer) && k < len; k++) (void)printf(" %lld", integer[k]);
  (void)printf("\n");
  PetscCall(PetscFree2(real, integer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintAttributes(int nc)
{
  int n = 0;

  PetscFunctionBegin;
  (void)nc_inq_natts(nc, &n);
  for (int i = 0; i < n; i++) {
    char    name[NC_MAX_NAME + 1] = "", text[1024];
    nc_type type;
    size_t  len;

    if (nc_inq_attname(nc, NC_GLOBAL, i, name) || nc_inq_att(nc, NC_GLOBAL, name, &type, &len) || !strcmp(name, "checksum")) continue;
    if (type == NC_CHAR) PetscCall(PrintText(nc, name, len));
    else if (type < NC_STRING) PetscCall(PrintNumbers(nc, name, type, len));
    else {
      HGFileText(nc, NC_GLOBAL, name, text, sizeof(text));
      (void)printf("  %s: %s\n", name, text);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt64 CountValues(int nc, int id)
{
  int        n     = 0, dim[NC_MAX_VAR_DIMS];
  PetscInt64 count = 1;

  (void)nc_inq_var(nc, id, NULL, NULL, &n, dim, NULL);
  for (int i = 0; i < n; i++) {
    size_t len = 0;

    (void)nc_inq_dimlen(nc, dim[i], &len);
    count *= (PetscInt64)len;
  }
  return count;
}

/* A line for each group: its variables with their shapes. The number of values, those of running statistics and optimizer apart */
static PetscErrorCode PrintGroup(int group, PetscInt64 *parameters)
{
  char       name[NC_MAX_NAME + 1] = "";
  int        nvars                 = 0;
  PetscInt64 count                 = 0;

  PetscFunctionBegin;
  (void)nc_inq_grpname(group, name);
  (void)nc_inq_nvars(group, &nvars);
  (void)printf("  %s:", name);
  for (int id = 0; id < nvars; id++) {
    char var[NC_MAX_NAME + 1] = "", shape[512];

    (void)nc_inq_varname(group, id, var);
    HGFileShape(group, id, shape, sizeof(shape));
    (void)printf("%s %s%s", id ? "," : "", var, shape);
    if (strncmp(var, "running_", 8)) count += CountValues(group, id);
  }
  if (strcmp(name, "optimizer")) {
    (void)printf(": %" PetscInt64_FMT " parameters", count);
    *parameters += count;
  }
  (void)printf("\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppPrintModel(int nc)
{
  int        n          = 0, *group;
  PetscInt64 parameters = 0;

  PetscFunctionBegin;
  PetscCall(PrintAttributes(nc));
  (void)nc_inq_grps(nc, &n, NULL);
  PetscCall(PetscMalloc1(n, &group));
  if (nc_inq_grps(nc, &n, group)) n = 0;
  (void)printf("groups:\n");
  for (int i = 0; i < n; i++) PetscCall(PrintGroup(group[i], &parameters));
  (void)printf("parameters: %" PetscInt64_FMT "\n", parameters);
  PetscCall(PetscFree(group));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppVerifyModel(const char file[])
{
  HGModel   m;
  PetscInt  format, arrays;
  PetscBool verify = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-model_verify", &verify, NULL));
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, file, &m));
  PetscCall(HGModelGetFormat(m, &format));
  PetscCall(HGModelVerify(m, &arrays));
  if (format < 2) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "checksums: none, the file has format %" PetscInt_FMT "\n", format));
  else if (verify)
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "checksums: those of all attributes and of %" PetscInt_FMT " arrays hold\n", arrays));
  PetscCall(HGModelDestroy(&m));
  PetscFunctionReturn(PETSC_SUCCESS);
}
