/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "sys/sys_impl.h"
#include "sys/hgsignal.h"
#include <dlfcn.h>
#include <omp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

PetscClassId HG_PARTITION_CLASSID, HG_TENSOR_CLASSID, HG_LINOP_CLASSID, HG_LAYER_CLASSID, HG_NET_CLASSID, HG_LOSS_CLASSID,
    HG_PHYSICS_CLASSID, HG_COLLOCATION_CLASSID, HG_DATA_CLASSID, HG_TRAINER_CLASSID, HG_SURROGATE_CLASSID, HG_OBJECTIVE_CLASSID;

static struct {
  PetscBool petsc_is_ours, handler_pushed, registered;
  HGDType   dtype;
  HGSimd    simd;
} HG;

/* OpenBLAS built with pthreads would start threads of its own beside OpenMP's */
static void QuietBlas(void)
{
  void (*set)(int);

  *(void **)&set = dlsym(RTLD_DEFAULT, "openblas_set_num_threads");
  if (set) set(1);
}

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

static PetscErrorCode RegisterClasses(void)
{
  PetscFunctionBegin;
  if (HG.registered) PetscFunctionReturn(PETSC_SUCCESS);
  HG.registered = PETSC_TRUE;
  PetscCall(PetscClassIdRegister("HGPartition", &HG_PARTITION_CLASSID));
  PetscCall(PetscClassIdRegister("HGTensor", &HG_TENSOR_CLASSID));
  PetscCall(PetscClassIdRegister("HGLinOp", &HG_LINOP_CLASSID));
  PetscCall(PetscClassIdRegister("HGLayer", &HG_LAYER_CLASSID));
  PetscCall(PetscClassIdRegister("HGNet", &HG_NET_CLASSID));
  PetscCall(PetscClassIdRegister("HGLoss", &HG_LOSS_CLASSID));
  PetscCall(PetscClassIdRegister("HGPhysics", &HG_PHYSICS_CLASSID));
  PetscCall(PetscClassIdRegister("HGCollocation", &HG_COLLOCATION_CLASSID));
  PetscCall(PetscClassIdRegister("HGData", &HG_DATA_CLASSID));
  PetscCall(PetscClassIdRegister("HGTrainer", &HG_TRAINER_CLASSID));
  PetscCall(PetscClassIdRegister("HGSurrogate", &HG_SURROGATE_CLASSID));
  PetscCall(PetscClassIdRegister("HGObjective", &HG_OBJECTIVE_CLASSID));
  PetscCall(HGRegisterTypes());
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCheckInitialized - Refuse a function that is called before `HGInitialize()`

   Not Collective

   Input Parameter:
.  function - its name

   Level: developer

.seealso: `HGInitialize()`
@*/
PetscErrorCode HGCheckInitialized(const char function[])
{
  PetscBool started;

  if (HG.registered) return PETSC_SUCCESS;
  if (!PetscInitialized(&started) && started)
    SETERRQ(PETSC_COMM_WORLD, PETSC_ERR_ORDER, "%s() comes after HGInitialize(); call that after PetscInitialize(), or in its place",
            function);
  /* without PETSc there are no errors of PETSc's, nor ranks */
  (void)fprintf(stderr, "halograd: %s() comes after HGInitialize(); call that first in main(), with its arguments\n", function);
  return PETSC_ERR_ORDER;
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

static PetscErrorCode PushErrorHandler(void)
{
  PetscBool other, abort, debugger;

  PetscFunctionBegin;
  PetscCall(PetscOptionsHasName(NULL, NULL, "-on_error_abort", &abort));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-on_error_attach_debugger", &debugger));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-on_error_traceback", &other));
  if (abort || debugger || other) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscPushErrorHandler(HGErrorHandler, NULL));
  HG.handler_pushed = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGInitialize - Start PETSc if need be, and Halograd

   Collective on `MPI_COMM_WORLD`

   Input Parameters:
+  argc - the number of arguments of `main()`
.  args - the arguments
.  file - a PETSc options file, or NULL
-  help - text that `-help` prints first, or NULL

   Options Database Key:
.  -on_error_traceback - errors print PETSc's traceback instead of one line

   Level: beginner

   Notes:
   Adds the preconditioner `PCHALOGRAD` to PETSc's types.

   May be called before or after `PetscInitialize()`. After, it leaves errors and signals as they are. Before, it installs `HGErrorHandler()`, by which
   Halograd's own checks make one line and all other errors are printed as PETSc does, and ignores SIGXFSZ, so that a file over the
   size limit is an error that is reported like a full disk; SIGTERM ends the program without PETSc's traceback, and so does the end of
   the launcher (mpiexec).

   Before, options may also be written `--name`, `-name=value` or `--name=value`, on the command line, in options files and in
   `PETSC_OPTIONS`, and an option that is given with two values is warned of.

   OpenBLAS is told to use one thread, so that it does not compete with OpenMP.

.seealso: `HGFinalize()`, `HGSetFromOptions()`
@*/
PetscErrorCode HGInitialize(int *argc, char ***args, const char file[], const char help[])
{
  PetscBool started;

  PetscFunctionBegin;
  PetscCall(PetscInitialized(&started));
  if (!started) {
    (void)signal(SIGXFSZ, SIG_IGN);
    if (argc && args) PetscCall(HGArgumentsNormalize(argc, args));
    PetscCall(PetscPushErrorHandler(HGErrorHandler, NULL)); /* an options file that is not there is one line, too */
    PetscCall(PetscInitialize(argc, args, file, help));
    PetscCall(PetscPopErrorHandler());
    HG.petsc_is_ours = PETSC_TRUE;
    PetscCall(PushErrorHandler());
    PetscCall(HGOptionsReview(file));
    PetscCall(HGSignalInitialize());
  }
  QuietBlas();
  PetscCall(RegisterClasses());
  PetscCall(HGSetFromOptions(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGFinalize - End Halograd, and PETSc if `HGInitialize()` started it

   Collective on `MPI_COMM_WORLD`

   Level: beginner

.seealso: `HGInitialize()`
@*/
PetscErrorCode HGFinalize(void)
{
  PetscFunctionBegin;
  HG.registered = PETSC_FALSE;
  if (HG.handler_pushed) PetscCall(PetscPopErrorHandler());
  HG.handler_pushed = PETSC_FALSE;
  if (HG.petsc_is_ours) PetscCall(PetscFinalize());
  HG.petsc_is_ours = PETSC_FALSE;
  PetscCall(HGOptionsForgetNames());
  PetscCall(HGOptionsForgetSources());
  return PETSC_SUCCESS;
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
