/* SPDX-License-Identifier: BSD-2-Clause */
/* What a data file or a model file holds. Rank 0 alone looks. */
#include "app.h"
#include "infodata.h"

#define MESSAGE 1024

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
  PetscCall(*model ? AppPrintModel(nc) : AppPrintData(nc));
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
  PetscCall(AppCheckOptions());
  HGCheck(file && *file, PETSC_COMM_WORLD, "no file; say halograd info FILE");
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) PetscCall(Print(file, &model, msg));
  PetscCall(HGAgreeOnMessage(PETSC_COMM_WORLD, msg, sizeof(msg)));
  HGCheck(!*msg, PETSC_COMM_WORLD, "%s", msg);
  PetscCallMPI(MPI_Bcast(&model, 1, MPI_INT, 0, PETSC_COMM_WORLD));
  if (model) PetscCall(AppVerifyModel(file));
  PetscFunctionReturn(PETSC_SUCCESS);
}
