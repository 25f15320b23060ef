/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A file that cannot be written is an error on all ranks that says why, found before the work where it can be; a temporary file
   never stays, and a file that was there before does. The limit on a file's size stands for a full disk.
*/
#include "sample_file.h"
#include "bad_input.h"
#include "data/hgfieldfile.h"
#include <sys/resource.h>
#include <sys/stat.h>

static const char path[] = "test_field_full.nc", temporary[] = ".test_field_full.nc.part";

static PetscErrorCode Limit(rlim_t bytes)
{
  struct rlimit limit;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCheck(!getrlimit(RLIMIT_FSIZE, &limit), PETSC_COMM_SELF, PETSC_ERR_SYS, "getrlimit");
  limit.rlim_cur = bytes ? bytes : limit.rlim_max;
  PetscCheck(!setrlimit(RLIMIT_FSIZE, &limit), PETSC_COMM_SELF, PETSC_ERR_SYS, "setrlimit");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Prepare(const char name[], const PetscInt grid[], HGFieldFile *f, PetscInt *id)
{
  PetscFunctionBegin;
  PetscCall(HGFieldFileCreate(PETSC_COMM_WORLD, name, f));
  PetscCall(HGFieldFileSetSizes(*f, 2, 8, grid));
  PetscCall(HGFieldFileAddVariable(*f, "v", 1, HG_F64, id));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The old file is whole, the temporary one gone */
static PetscErrorCode CheckFiles(void)
{
  char  text[8] = "";
  FILE *f;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCheck(access(temporary, F_OK), PETSC_COMM_SELF, PETSC_ERR_PLIB, "the temporary file is still there");
  f = fopen(path, "r");
  PetscCheck(f && fgets(text, sizeof(text), f) && !strcmp(text, "old"), PETSC_COMM_SELF, PETSC_ERR_PLIB, "the old file is gone");
  (void)fclose(f);
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteAll(HGFieldFile f, PetscInt id, DM da, Vec v)
{
  PetscFunctionBegin;
  for (PetscInt s = 0; s < 8; s++) PetscCall(HGFieldFileWriteVec(f, id, s, da, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FullDisk(void)
{
  const PetscInt grid[3] = {1, 128, 128};
  HGFieldFile    f;
  PetscInt       id;
  DM             da;
  Vec            v;

  PetscFunctionBegin;
  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, 128, 128, PETSC_DECIDE, PETSC_DECIDE, 1,
                         1, NULL, NULL, &da));
  PetscCall(DMSetUp(da));
  PetscCall(DMCreateGlobalVector(da, &v));
  PetscCall(VecSet(v, 1));
  /* too small from the beginning: noticed when the file is set up */
  PetscCall(Limit(400000));
  PetscCall(Prepare(path, grid, &f, &id));
  ExpectError(HGFieldFileSetUp(f), "cannot write test_field_full.nc|MiB|ulimit -f");
  PetscCall(HGFieldFileDestroy(&f));
  PetscCall(Limit(0));
  PetscCall(CheckFiles());
  /* too small once it is being written */
  PetscCall(Prepare(path, grid, &f, &id));
  PetscCall(HGFieldFileSetUp(f));
  PetscCall(Limit(3 * 128 * 128 * 8)); /* the last rank meets it first */
  ExpectError(WriteAll(f, id, da, v), "cannot write test_field_full.nc|MiB|ulimit -f");
  PetscCall(HGFieldFileDestroy(&f));
  PetscCall(Limit(0));
  PetscCall(CheckFiles());
  /* and at the end */
  PetscCall(Prepare(path, grid, &f, &id));
  PetscCall(HGFieldFileSetUp(f));
  PetscCall(WriteAll(f, id, da, v));
  PetscCall(HGFieldFileDestroy(&f));
  PetscCall(CheckFiles());
  PetscCall(VecDestroy(&v));
  PetscCall(DMDestroy(&da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BadPaths(void)
{
  const PetscInt grid[3] = {1, 4, 4};
  PetscInt       id;
  HGFieldFile    f;

  PetscFunctionBegin;
  ExpectError(HGFieldFileCreate(PETSC_COMM_WORLD, ".", &f), "cannot write .|folder");
  ExpectError(HGFieldFileCreate(PETSC_COMM_WORLD, "", &f), "no name|-output");
  ExpectError(HGFieldFileCreate(PETSC_COMM_WORLD, "test_no_such_folder/v.nc", &f), "cannot write test_no_such_folder/v.nc|no such folder");
  ExpectError(HGFieldFileCreate(PETSC_COMM_WORLD, "test_field_full.nc/v.nc", &f), "no such folder");
  ExpectError(HGFieldFileCreate(PETSC_COMM_WORLD, "/dev/null", &f), "not a regular file");
  if (geteuid()) ExpectError(HGFieldFileCreate(PETSC_COMM_WORLD, "/v.nc", &f), "Permission denied");
  PetscCall(Prepare(path, grid, &f, &id));
  PetscCall(HGFieldFileAddVariable(f, "v", 1, HG_F64, &id));
  ExpectError(HGFieldFileSetUp(f), "cannot write test_field_full.nc|name");
  PetscCall(HGFieldFileDestroy(&f));
  PetscCall(CheckFiles());
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscMPIInt rank;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    FILE *f = fopen(path, "w");

    PetscCheck(f && fputs("old", f) >= 0 && !fclose(f), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s", path);
  }
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(BadPaths());
  PetscCall(FullDisk());
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, path));
  PetscCall(HGFinalize());
  return 0;
}
