/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that a command would overwrite although another option names them */
#include "app.h"
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The absolute path of the folder, links followed, and the file's own name; empty if there is no such folder */
static void WholePath(const char path[], char whole[PETSC_MAX_PATH_LEN])
{
  char   folder[PETSC_MAX_PATH_LEN], name[PETSC_MAX_PATH_LEN], real[PATH_MAX];
  size_t len;

  (void)snprintf(folder, sizeof(folder), "%s", path);
  (void)snprintf(name, sizeof(name), "%s", path);
  *whole = 0;
  if (!realpath(dirname(folder), real)) return;
  len = strlen(real) + 1 + strlen(basename(name));
  if (len < PETSC_MAX_PATH_LEN) (void)strcat(strcat(strcpy(whole, real), "/"), basename(name));
}

PetscBool AppSameFile(const char a[], const char b[])
{
  struct stat sa, sb;
  char        wa[PETSC_MAX_PATH_LEN], wb[PETSC_MAX_PATH_LEN];

  if (!stat(a, &sa) && !stat(b, &sb)) return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino ? PETSC_TRUE : PETSC_FALSE;
  WholePath(a, wa);
  WholePath(b, wb);
  return *wa && !strcmp(wa, wb) ? PETSC_TRUE : PETSC_FALSE;
}

static PetscBool MayReplace(const AppPath *a, const AppPath *b)
{
  return !strcmp(a->option, "-model_output") && !strcmp(b->option, "-model_input") ? PETSC_TRUE : PETSC_FALSE;
}

PetscErrorCode AppCheckPaths(int n, const AppPath path[])
{
  char        msg[2 * PETSC_MAX_PATH_LEN] = "";
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  for (int i = 0; i < n && !rank; i++)
    for (int j = 0; j < n && path[i].written; j++) {
      if (i == j || *msg || !path[i].path || !path[j].path || !*path[i].path || !*path[j].path || MayReplace(&path[i], &path[j])) continue;
      if (AppSameFile(path[i].path, path[j].path))
        (void)snprintf(msg, sizeof(msg), "%s is the %s; give another name with %s", path[i].path, path[j].option, path[i].option);
    }
  PetscCall(HGAgreeOnMessage(PETSC_COMM_WORLD, msg, sizeof(msg)));
  HGCheck(!*msg, PETSC_COMM_WORLD, "%s", msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}
