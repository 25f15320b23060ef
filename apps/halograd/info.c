/* SPDX-License-Identifier: BSD-2-Clause */
/* What a data file or a model file holds. Rank 0 alone looks. */
#include "app.h"
#include "infodata.h"

#define MESSAGE 1024

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
    char   var[NC_MAX_NAME + 1] = "";
    HGText shape                = {NULL, 0, 0};

    (void)nc_inq_varname(group, id, var);
    PetscCall(HGFileAddShape(group, id, &shape));
    (void)printf("%s %s%s", id ? "," : "", var, shape.text);
    PetscCall(HGTextDestroy(&shape));
    if (strncmp(var, "running_", 8)) count += CountValues(group, id);
  }
  if (strcmp(name, "optimizer")) {
    (void)printf(": %" PetscInt64_FMT " parameters", count);
    *parameters += count;
  }
  (void)printf("\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintModel(int nc)
{
  int        n          = 0, *group;
  PetscInt64 parameters = 0;

  PetscFunctionBegin;
  PetscCall(AppPrintAttributes(nc, "", "  "));
  (void)nc_inq_grps(nc, &n, NULL);
  PetscCall(PetscMalloc1(n, &group));
  (void)nc_inq_grps(nc, &n, group);
  (void)printf("groups:\n");
  for (int i = 0; i < n; i++) PetscCall(PrintGroup(group[i], &parameters));
  (void)printf("parameters: %" PetscInt64_FMT "\n", parameters);
  PetscCall(PetscFree(group));
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

static PetscErrorCode Print(const char file[], char msg[])
{
  int       nc, format = 0, model;
  PetscBool classic, idx;

  PetscFunctionBegin;
  PetscCall(HGIdxView(file, &idx, msg, MESSAGE));
  if (idx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGFileOpen(file, &nc, &classic, msg, MESSAGE));
  if (*msg) PetscFunctionReturn(PETSC_SUCCESS);
  (void)nc_inq_format(nc, &format);
  model = nc_inq_att(nc, NC_GLOBAL, "halograd_format", NULL, NULL) == NC_NOERR;
  (void)printf("%s: %s file, %s format\n", file, model ? "model" : "data", FormatName(format));
  PetscCall(model ? PrintModel(nc) : AppPrintData(nc));
  (void)fflush(stdout);
  (void)nc_close(nc);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppInfo(const char file[], PetscBool help)
{
  char        msg[MESSAGE] = "";
  PetscMPIInt rank;

  PetscFunctionBegin;
  if (help) {
    PetscCall(
        PetscPrintf(PETSC_COMM_WORLD,
                    "halograd info FILE: dimensions, variables and ranges of a data file; network, data and shapes of a model file\n"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(AppCheckOptions());
  HGCheck(file && *file, PETSC_COMM_WORLD, "no file; say halograd info FILE");
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) PetscCall(Print(file, msg));
  PetscCall(HGAgreeOnMessage(PETSC_COMM_WORLD, msg, sizeof(msg)));
  HGCheck(!*msg, PETSC_COMM_WORLD, "%s", msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}
