/* SPDX-License-Identifier: BSD-2-Clause */
/* Library-wide choices: element type, instruction set, threads */
#define _GNU_SOURCE
#include "sys/sys_impl.h"
#include <omp.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
  HGDType dtype;
  HGSimd  simd;
} HG;

/* Cores this rank may use: those of its affinity mask, shared among the ranks of the node with the same mask size */
static PetscErrorCode DefaultThreads(MPI_Comm comm, int *threads)
{
  MPI_Comm    node;
  PetscMPIInt ranks;
  cpu_set_t   set;
  int         cores = omp_get_num_procs(), all;

  PetscFunctionBegin;
  if (!sched_getaffinity(0, sizeof(set), &set)) cores = CPU_COUNT(&set);
  PetscCallMPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  PetscCallMPI(MPI_Comm_size(node, &ranks));
  all = (int)sysconf(_SC_NPROCESSORS_ONLN);
  PetscCallMPI(MPI_Comm_free(&node));
  /* bound ranks (mask smaller than the node) own their cores; unbound ones share all of them */
  *threads = cores < all ? cores : PetscMax(1, cores / ranks);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *const HGDTypes[] = {"f32", "f64"};

/*@C
   HGDTypeName - The name of an element type, `f32` or `f64`

   Not Collective

   Input Parameter:
.  dtype - the type

   Level: developer

.seealso: `HGDType`
@*/
const char *HGDTypeName(HGDType dtype)
{
  return HGDTypes[dtype];
}

static PetscErrorCode SetThreads(MPI_Comm comm, PetscInt asked)
{
  int threads = (int)asked;

  PetscFunctionBegin;
  if (!asked) {
    if (getenv("OMP_NUM_THREADS")) threads = omp_get_max_threads();
    else PetscCall(DefaultThreads(comm, &threads));
  }
  omp_set_dynamic(0);
  omp_set_num_threads(threads);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGSetFromOptions - Set the library-wide choices from the options database

   Collective

   Input Parameter:
.  comm - the communicator of the job

   Options Database Keys:
+  -hg_dtype f32|f64                 - element type of tensors (default f32)
.  -hg_threads n                     - OpenMP threads of each rank (default 0: `OMP_NUM_THREADS`, else the node's cores over its ranks)
-  -hg_simd avx512|avx2|portable     - instruction set of the kernels (default: the best this processor has)

   Level: beginner

   Errors:
   An unknown type, a negative number of threads, and an instruction set that this processor or build lacks are refused.

.seealso: `HGInitialize()`, `HGView()`
@*/
PetscErrorCode HGSetFromOptions(MPI_Comm comm)
{
  static const char *const sets[] = {"portable", "avx2", "avx512"};
  PetscInt                 dtype = HG_F32, simd = HGSimdDetect(), threads = 0;
  PetscBool                help;

  PetscFunctionBegin;
  PetscCall(PetscOptionsHasHelp(NULL, &help));
  /* PETSc prints a title once in a run, and HGInitialize() has been here before -help is known */
  PetscOptionsBegin(comm, NULL, help ? "Halograd (HG) options" : "Halograd (HG)", "HG");
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-hg_dtype", "element type of tensors", "HGSetFromOptions", HGDTypes, 2, &dtype, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-hg_threads",
                         "OpenMP threads of each rank, 0 for OMP_NUM_THREADS, else cores of the node / its ranks", "HGSetFromOptions", 0,
                         4096, &threads, NULL));
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-hg_simd", "instruction set of the kernels", "HGSetFromOptions", sets, 3, &simd, NULL));
  PetscCall(HGOptionsView(PetscOptionsObject, "-hg_view", "print these choices"));
  PetscOptionsEnd();
  HG.dtype = (HGDType)dtype;
  HG.simd  = (HGSimd)simd;
  HGCheck(HGSimdSupported(HG.simd), comm, "-hg_simd %s: this processor or this build lacks it; the best here is %s", sets[simd],
          HGSimdName(HGSimdDetect()));
  PetscCall(SetThreads(comm, threads));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGGetDType - The element type chosen by `-hg_dtype`

   Not Collective

   Output Parameter:
.  dtype - the type

   Level: beginner

.seealso: `HGSetFromOptions()`, `HGDType`
@*/
PetscErrorCode HGGetDType(HGDType *dtype)
{
  PetscFunctionBegin;
  *dtype = HG.dtype;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGGetSimd - The instruction set of the kernels, the processor's best or that of `-hg_simd`

   Not Collective

   Output Parameter:
.  simd - the instruction set

   Level: advanced

.seealso: `HGSetFromOptions()`
@*/
PetscErrorCode HGGetSimd(HGSimd *simd)
{
  PetscFunctionBegin;
  *simd = HG.simd;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGView - Print the library-wide choices

   Collective

   Input Parameter:
.  viewer - an ASCII viewer

   Options Database Key:
.  -hg_view - print them when the programs start

   Level: beginner

.seealso: `HGSetFromOptions()`
@*/
PetscErrorCode HGView(PetscViewer viewer)
{
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)viewer), &size));
  PetscCall(PetscViewerASCIIPrintf(viewer, "Halograd: %d rank%s x %d thread%s, %s, kernels %s\n", size, size == 1 ? "" : "s",
                                   omp_get_max_threads(), omp_get_max_threads() == 1 ? "" : "s", HGDTypeName(HG.dtype),
                                   HGSimdName(HG.simd)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
