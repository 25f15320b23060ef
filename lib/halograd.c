/* SPDX-License-Identifier: BSD-2-Clause */
/* The beginning and the end of the library: PETSc is started, and the classes and types of all folders are registered. No folder knows those above it. */
#define _GNU_SOURCE
#include "halograd.h"
#include "surrogate/surrogate_impl.h"
#include "sys/sys_impl.h"
#include <dlfcn.h>
#include <signal.h>

PetscClassId HG_PARTITION_CLASSID, HG_TENSOR_CLASSID, HG_LINOP_CLASSID, HG_LAYER_CLASSID, HG_NET_CLASSID, HG_LOSS_CLASSID,
    HG_PHYSICS_CLASSID, HG_COLLOCATION_CLASSID, HG_DATA_CLASSID, HG_TRAINER_CLASSID, HG_SURROGATE_CLASSID, HG_OBJECTIVE_CLASSID;

static struct {
  PetscBool petsc_is_ours, handler_pushed, ready;
} HG;

/* OpenBLAS built with pthreads would start threads of its own beside OpenMP's */
static void QuietBlas(void)
{
  void (*set)(int);

  *(void **)&set = dlsym(RTLD_DEFAULT, "openblas_set_num_threads");
  if (set) set(1);
}

/* PETSc forgets what was registered when it ends, whoever ends it */
static PetscErrorCode Forget(void)
{
  HG.ready = PETSC_FALSE;
  return PETSC_SUCCESS;
}

static PetscErrorCode RegisterAll(void)
{
  PetscFunctionBegin;
  if (HG.ready) PetscFunctionReturn(PETSC_SUCCESS);
  HG.ready = PETSC_TRUE;
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
  PetscCall(HGTaoRegisterAll());
  PetscCall(HGPCRegisterAll());
  PetscCall(PetscRegisterFinalize(Forget));
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

  if (HG.ready) return PETSC_SUCCESS;
  if (!PetscInitialized(&started) && started)
    SETERRQ(PETSC_COMM_WORLD, PETSC_ERR_ORDER, "%s() comes after HGInitialize(); call that after PetscInitialize(), or in its place",
            function);
  /* without PETSc there are no errors of PETSc's, nor ranks */
  (void)fprintf(stderr, "halograd: %s() comes after HGInitialize(); call that first in main(), with its arguments\n", function);
  return PETSC_ERR_ORDER;
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
  PetscCall(RegisterAll());
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
  HG.ready = PETSC_FALSE;
  if (HG.handler_pushed) PetscCall(PetscPopErrorHandler());
  HG.handler_pushed = PETSC_FALSE;
  if (HG.petsc_is_ours) PetscCall(PetscFinalize());
  HG.petsc_is_ours = PETSC_FALSE;
  PetscCall(HGOptionsForgetNames());
  PetscCall(HGOptionsForgetSources());
  return PETSC_SUCCESS;
}
