/* SPDX-License-Identifier: BSD-2-Clause */
/* halograd info of a model file. Rank 0 alone looks, by netCDF alone: a file that training would refuse is shown too. */
#include "app.h"
#include "infodata.h"

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

/* A line for each group: its variables with their shapes; and its attributes. The number of values, those of running statistics and optimizer apart */
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
  PetscCall(AppPrintAttributes(group, "", "    ", NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppPrintModel(int nc)
{
  static const char *const hidden[]   = {"checksum", "data_description", NULL}; /* long, and told otherwise */
  int                      n          = 0, *group;
  PetscInt64               parameters = 0;

  PetscFunctionBegin;
  PetscCall(AppPrintAttributes(nc, "", "  ", hidden));
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
