/* SPDX-License-Identifier: BSD-2-Clause */
/* How long OpenMP's threads spin while they wait: docs/performance.md has the measurements behind SPINS */
#define _GNU_SOURCE
#include "sys/hgsys.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

/* Rounds of GCC's libgomp, some 50 ns each: the wake-up of a thread that sleeps costs about as much as all of them */
#define SPINS "1000"

static PetscBool UserChose(void)
{
  static const char *const name[] = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"};

  for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++)
    if (getenv(name[i])) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* LLVM's and Intel's library can be told at any time: threads sleep as soon as they have nothing to do */
static PetscBool SetBlockTime(void)
{
  void (*set)(int);

  *(void **)&set = dlsym(RTLD_DEFAULT, "kmp_set_blocktime");
  if (set) set(0);
  return set ? PETSC_TRUE : PETSC_FALSE;
}

#if defined(__linux__)
/* Not where the kernel runs something else for the program: valgrind, or the loader by name */
static PetscBool CanRunAgain(void)
{
  const char *preload = getenv("LD_PRELOAD");

  return getauxval(AT_BASE) && !getauxval(AT_SECURE) && !(preload && strstr(preload, "vgpreload")) ? PETSC_TRUE : PETSC_FALSE;
}

static void RunAgain(char **args)
{
  char          path[PETSC_MAX_PATH_LEN];
  const ssize_t len = readlink("/proc/self/exe", path, sizeof(path));

  if (len <= 0 || len >= (ssize_t)sizeof(path)) return;
  path[len] = 0;
  (void)execv(path, args);
}
#endif

/*@C
   HGSetWaitPolicy - Let OpenMP's threads spin for a short while only when they wait, unless the user chose how long

   Not Collective

   Input Parameter:
.  args - the arguments of `main()`, with the program's name and NULL at the end

   Environment Variables:
+  OMP_WAIT_POLICY - `active` or `passive`, the user's choice
.  GOMP_SPINCOUNT  - the same for GCC's libgomp, as a number
-  KMP_BLOCKTIME   - the same for LLVM's and Intel's library, in milliseconds

   Level: intermediate

   Notes:
   Threads of GCC's libgomp spin some milliseconds before they sleep. Where another program wants the cores that takes from it, and from
   the threads that are waited for: a step of training becomes several times slower.

   Call it first in `main()`, before MPI is initialized, before anything is read or written: libgomp reads its environment before
   `main()` begins, so the program sets `GOMP_SPINCOUNT` and executes itself once more, as the same process. It does not do so under
   valgrind, nor where the variable or another of those above is set.

.seealso: `HGInitialize()`
@*/
PetscErrorCode HGSetWaitPolicy(char **args)
{
  if (UserChose() || SetBlockTime()) return PETSC_SUCCESS;
#if defined(__linux__)
  if (CanRunAgain() && !setenv("GOMP_SPINCOUNT", SPINS, 1)) RunAgain(args);
#else
  (void)args;
#endif
  return PETSC_SUCCESS;
}
