/* SPDX-License-Identifier: BSD-2-Clause */
#include "app.h"
#include <ctype.h>
#include <unistd.h>

static const char Usage[] = "halograd: networks on fields that are spread over the ranks of an MPI job\n"
                            "\n"
                            "  halograd simulate  make a data file of simulated fields\n"
                            "  halograd train     train a network on a data file\n"
                            "  halograd predict   apply a trained network to a data file\n"
                            "  halograd evaluate  compare a trained network's output with a data file's targets\n"
                            "  halograd invert    find an input field or a parameter of an equation from its solutions\n"
                            "  halograd verify    test gradients of a network, or the adjoint of an operator, on this layout\n"
                            "  halograd bench     measure: peak, conv, step, halo\n"
                            "  halograd info FILE tell what a model or data file holds\n"
                            "\n"
                            "Each under mpiexec -n P, with all PETSc options; halograd COMMAND -help lists its own.\n";

typedef struct {
  const char *command, *word; /* the subcommand, and the argument after it if it is no option */
  const char *stray;          /* the first argument that belongs to no option */
  PetscBool   help;
} Arguments;

static PetscBool Is(const char *a, const char *b)
{
  return !strcmp(a, b) ? PETSC_TRUE : PETSC_FALSE;
}

/* As PETSc has it: -3 is a value */
static PetscBool IsOption(const char *a)
{
  return a[0] == '-' && (a[1] == '-' || isalpha((unsigned char)a[1])) ? PETSC_TRUE : PETSC_FALSE;
}

/* Takes subcommand, word and -help out of the arguments: PETSc would answer -help with options by the hundred */
static Arguments TakeArguments(int *argc, char **argv)
{
  Arguments a = {NULL, NULL, NULL, PETSC_FALSE};
  int       n = 1;

  for (int i = 1; i < *argc; i++) {
    if (Is(argv[i], "-help") || Is(argv[i], "--help") || Is(argv[i], "-h")) a.help = PETSC_TRUE;
    else if (i == 1 && argv[i][0] != '-') a.command = argv[i];
    else if (i == 2 && a.command && argv[i][0] != '-') a.word = argv[i];
    else {
      if (!a.stray && i > 1 && !IsOption(argv[i]) && !IsOption(argv[i - 1])) a.stray = argv[i];
      argv[n++] = argv[i];
    }
  }
  *argc   = n;
  argv[n] = NULL;
  return a;
}

static PetscBool IsOurs(const char *name)
{
  static const char *const prefix[] = {"net_",    "data_",   "train_",    "model",   "predict_", "darcy_",          "problem",
                                       "grid",    "samples", "seed",      "output",  "coord_",   "physics_unknown", "bench_",
                                       "verify_", "linop_",  "simulate_", "invert_", "hg_",      "tao_adam",        "tao_sgd"};

  for (size_t i = 0; i < sizeof(prefix) / sizeof(*prefix); i++)
    if (!strncmp(name, prefix[i], strlen(prefix[i]))) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* Options that PETSc's objects read late, if at all: solvers when they are set up, some at the very end */
static PetscBool MayBeRead(const char *name)
{
  static const char *const prefix[] = {"ksp_",
                                       "pc_",
                                       "mg_",
                                       "esteig_",
                                       "sub_",
                                       "redundant_",
                                       "telescope_",
                                       "fieldsplit_",
                                       "physics_norm_",
                                       "snes_",
                                       "ts_",
                                       "tao_",
                                       "mat_",
                                       "mat",
                                       "vec_",
                                       "dm_",
                                       "da_",
                                       "sf_",
                                       "is_",
                                       "vecscatter_",
                                       "log_",
                                       "malloc",
                                       "memory_",
                                       "objects_",
                                       "options_",
                                       "viewer_",
                                       "draw_",
                                       "display",
                                       "info",
                                       "history",
                                       "citations",
                                       "on_error",
                                       "start_in_debugger",
                                       "debug",
                                       "stop_for_debugger",
                                       "fp_trap",
                                       "checkstack",
                                       "blas_",
                                       "mpi",
                                       "nox",
                                       "use_",
                                       "saws",
                                       "python",
                                       "version",
                                       "tmp",
                                       "shared_tmp",
                                       "not_shared_tmp",
                                       "cuda",
                                       "device",
                                       "splitreduction",
                                       "get_total_flops",
                                       "petsc",
                                       "physics_view",
                                       "skip_petscrc",
                                       "no_signal_handler",
                                       "hg_"};

  for (size_t i = 0; i < sizeof(prefix) / sizeof(*prefix); i++)
    if (!strncmp(name, prefix[i], strlen(prefix[i]))) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* -options_left 0 wants no word about options that are left */
static PetscErrorCode WantsWord(PetscBool *word)
{
  PetscBool left = PETSC_TRUE, set;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-options_left", &left, &set));
  *word = !set || left ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool OnCommandLine(const char *name)
{
  int    argc;
  char **argv;

  if (PetscGetArgs(&argc, &argv)) return PETSC_FALSE;
  for (int i = 1; i < argc; i++)
    if (argv[i][0] == '-' && Is(argv[i] + 1 + (argv[i][1] == '-'), name)) return PETSC_TRUE;
  return PETSC_FALSE;
}

PetscErrorCode AppCheckOptions(void)
{
  static const char *const later[] = {"-net_view", "-hg_batch_parts", "-hg_channel_parts", "-hg_view", "-linop_view"};
  PetscInt                 n, bad = -1;
  char                   **name, **value;
  PetscBool                set, word = PETSC_TRUE;
  char                     option[256] = "";

  PetscFunctionBegin;
  for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++) PetscCall(PetscOptionsHasName(NULL, NULL, later[i], &set));
  PetscCall(WantsWord(&word));
  PetscCall(PetscOptionsLeftGet(NULL, &n, &name, &value));
  for (PetscInt i = 0; i < n && bad < 0; i++)
    if ((IsOurs(name[i]) || (word && !MayBeRead(name[i]))) && OnCommandLine(name[i])) bad = i;
  if (bad >= 0) PetscCall(PetscStrncpy(option, name[bad], sizeof(option)));
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &name, &value));
  HGCheck(bad < 0, PETSC_COMM_WORLD, "this command has no option -%s; -help lists what it has", option);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Options of PETSc's that nobody asked for are worth a word: they may be misspelled */
static PetscErrorCode WarnUnused(void)
{
  static const char *const atend[] = {"-options_left", "-options_view", "-malloc_dump", "-malloc_view", "-objects_dump", "-memory_view"};
  PetscInt                 n;
  char                   **name, **value;
  PetscBool                set, word = PETSC_TRUE;

  PetscFunctionBegin;
  for (size_t i = 0; i < sizeof(atend) / sizeof(*atend); i++) PetscCall(PetscOptionsHasName(NULL, NULL, atend[i], &set));
  PetscCall(WantsWord(&word));
  PetscCall(PetscOptionsLeftGet(NULL, &n, &name, &value));
  for (PetscInt i = 0; i < n && word; i++)
    if (OnCommandLine(name[i])) PetscCall(PetscFPrintf(PETSC_COMM_WORLD, stderr, "halograd: warning: option -%s was not used\n", name[i]));
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &name, &value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Dispatch(const Arguments *a)
{
  PetscBool coord = PETSC_FALSE, model = PETSC_FALSE; /* networks of coordinates */

  PetscFunctionBegin;
  PetscCall(AppIsCoord(&coord));
  PetscCall(AppIsCoordModel(&model));
  if (Is(a->command, "simulate")) PetscCall(AppSimulate(a->help));
  else if (Is(a->command, "invert")) PetscCall(AppInvert(a->help));
  else if (Is(a->command, "train")) PetscCall(coord ? AppTrainCoord(a->help) : AppTrain(a->help));
  else if (Is(a->command, "predict")) PetscCall(model && !a->help ? AppApplyCoord(PETSC_TRUE) : AppPredict(a->help));
  else if (Is(a->command, "evaluate")) PetscCall(model && !a->help ? AppApplyCoord(PETSC_FALSE) : AppEvaluate(a->help));
  else if (Is(a->command, "verify")) PetscCall(AppVerify(a->help));
  else if (Is(a->command, "bench")) PetscCall(AppBench(a->word, a->help));
  else if (Is(a->command, "info")) PetscCall(AppInfo(a->word, a->help));
  else
    HGCheck(PETSC_FALSE, PETSC_COMM_WORLD, "no command \"%s\"; there are: simulate, train, predict, evaluate, verify, bench, info",
            a->command);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckWord(const Arguments *a)
{
  PetscFunctionBegin;
  HGCheck(!a->word || Is(a->command, "info") || Is(a->command, "bench"), PETSC_COMM_WORLD,
          "\"%s\" after halograd %s is no option; options begin with a hyphen", a->word, a->command);
  HGCheck(!a->stray, PETSC_COMM_WORLD, "\"%s\" is neither an option nor the value of one; options begin with a hyphen%s", a->stray,
          Is(a->command, "info") ? ", and info takes one file" : "");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(int argc, char **argv, const Arguments *a)
{
  PetscBool view;

  PetscFunctionBegin;
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  if (!a->command) {
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s", Usage));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(CheckWord(a));
  if (a->help) {
    PetscCall(PetscOptionsSetValue(NULL, "-help", NULL));
    PetscCall(HGSetFromOptions(PETSC_COMM_WORLD));
  }
  PetscCall(PetscOptionsHasName(NULL, NULL, "-hg_view", &view));
  if (view) PetscCall(HGView(PETSC_VIEWER_STDOUT_WORLD));
  PetscCall(Dispatch(a));
  if (!a->help) PetscCall(WarnUnused());
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* After an error that all ranks have met the job ends in order, with status 1 and without a further word */
int main(int argc, char **argv)
{
  Arguments a = TakeArguments(&argc, argv);

  if (Run(argc, argv, &a)) {
    (void)fflush(stdout);
    if (!freopen("/dev/null", "w", stderr)) _exit(1); /* MPICH would name what the error left open */
    (void)HGFinalize();
    _exit(1); /* libraries' exit handlers may wait for what the error left open */
  }
  if (HGFinalize()) return 1;
  if (HGSignalReceived()) return 128 + HGSignalReceived(); /* as shells have it */
  return a.command || a.help ? 0 : 1;
}
