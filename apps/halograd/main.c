/* SPDX-License-Identifier: BSD-2-Clause */
#include "app.h"
#include "hgconfig.h"
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* ---- commands ---- */

/* The first row of a name is the command, those that follow are what it becomes by an option or the word behind it */
static const AppCommand commands[] = {
    {"simulate", "", "make a data file of simulated fields", AppSimulate, NULL},
    {"train", "", "train a network on a data file", AppTrain, NULL},
    {"train", " -net_type mlp", "", AppTrainCoord, AppIsCoord},
    {"predict", "", "apply a trained network to a data file", AppPredict, NULL},
    {"predict", " -model FILE of coordinates", "", AppPredictCoord, AppIsCoordModel},
    {"evaluate", "", "compare a trained network's output with a data file's targets", AppEvaluate, NULL},
    {"evaluate", " -model FILE of coordinates", "", AppEvaluateCoord, AppIsCoordModel},
    {"invert", "", "find an input field or a parameter of an equation from its solutions", AppInvert, NULL},
    {"verify", "", "test gradients of a network, or the adjoint of an operator, on this layout", AppVerify, NULL},
    {"verify", " -linop_type TYPE", "", AppVerifyLinOp, AppIsLinOp},
    {"bench", " WHAT", "measure: ", AppBench, NULL},
    {"info", " FILE", "tell what a model or data file holds", AppInfo, NULL},
};

#define NCOMMANDS ((int)PETSC_STATIC_ARRAY_LENGTH(commands))

static struct {
  const AppCommand *command; /* that runs */
  const char       *word;
} running;

void AppGetCommands(int *n, const AppCommand *command[], const AppCommand **now)
{
  *n       = NCOMMANDS;
  *command = commands;
  *now     = running.command;
}

static PetscBool Is(const char *a, const char *b)
{
  return !strcmp(a, b) ? PETSC_TRUE : PETSC_FALSE;
}

/* The number of the command that a word names, -1 for none */
static int WhichCommand(const char word[])
{
  for (int i = 0; i < NCOMMANDS; i++)
    if (Is(word, commands[i].name)) return i;
  return -1;
}

/* Whether the row is the first of its name */
static PetscBool IsFirst(int i)
{
  return WhichCommand(commands[i].name) == i ? PETSC_TRUE : PETSC_FALSE;
}

static PetscErrorCode NamesOfCommands(int *n, const char *name[NCOMMANDS])
{
  *n = 0;
  for (int i = 0; i < NCOMMANDS; i++)
    if (IsFirst(i)) name[(*n)++] = commands[i].name;
  return PETSC_SUCCESS;
}

static PetscErrorCode PrintUsage(void)
{
  char *kinds;

  PetscFunctionBegin;
  PetscCall(AppBenchKinds(", ", &kinds));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "halograd: networks on fields that are spread over the ranks of an MPI job\n\n"));
  for (int i = 0; i < NCOMMANDS; i++) {
    if (!*commands[i].what) continue;
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "  halograd %s%-*s %s%s\n", commands[i].name, 13 - (int)strlen(commands[i].name),
                          commands[i].variant, commands[i].what, Is(commands[i].name, "bench") ? kinds : ""));
  }
  PetscCall(PetscPrintf(
      PETSC_COMM_WORLD,
      "\nEach under mpiexec -n P, with all PETSc options; halograd COMMAND -help lists its own, halograd -version tells the version.\n"));
  PetscCall(PetscFree(kinds));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- arguments ---- */

typedef struct {
  const char *command, *word; /* the first word that belongs to no option, and the one behind it */
  const char *stray;          /* the first of those after them */
  PetscBool   help, version;
} Arguments;

static PetscBool IsOption(const char text[])
{
  PetscBool key = PETSC_FALSE;

  (void)PetscOptionsValidKey(text, &key);
  return key;
}

/* Options may stand before the command. A word behind an option may be its value, so that a word that names a command goes first; without
   options in front the first word is the command, whatever it is. */
static int FindCommand(int argc, char **argv)
{
  int first = 0, value = 0;

  if (argc > 1 && !IsOption(argv[1])) return 1;
  for (int i = 2; i < argc; i++) {
    const PetscBool behind = IsOption(argv[i - 1]);

    if (IsOption(argv[i])) continue;
    if (WhichCommand(argv[i]) >= 0 && !behind) return i;
    if (WhichCommand(argv[i]) >= 0 && !value) value = i;
    if (!behind && !first) first = i;
  }
  return value ? value : first;
}

/* Takes subcommand, word, -help and -version out of the arguments: PETSc would answer -help with options by the hundred */
static Arguments TakeArguments(int *argc, char **argv)
{
  const int command = FindCommand(*argc, argv);
  Arguments a       = {NULL, NULL, NULL, PETSC_FALSE, PETSC_FALSE};
  PetscBool behind  = PETSC_FALSE; /* an option that may have a value */
  int       n       = 1;

  if (command) a.command = argv[command];
  for (int i = 1; i < *argc; i++) {
    const PetscBool option = IsOption(argv[i]);

    if (Is(argv[i], "-help") || Is(argv[i], "-h")) a.help = PETSC_TRUE;
    else if (Is(argv[i], "-version")) a.version = PETSC_TRUE;
    else if (i == command) behind = PETSC_FALSE;
    else if (!option && !behind && i > command && !a.word) a.word = argv[i];
    else {
      if (!option && !behind && !a.stray) a.stray = argv[i];
      behind    = option;
      argv[n++] = argv[i];
    }
  }
  *argc   = n;
  argv[n] = NULL;
  return a;
}

static PetscErrorCode CheckWord(const Arguments *a)
{
  const PetscBool wants = Is(a->command, "info") || Is(a->command, "bench") ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  HGCheck(!a->word || wants, PETSC_COMM_WORLD, "\"%s\" is neither an option nor the value of one; options begin with a hyphen", a->word);
  HGCheck(!a->stray, PETSC_COMM_WORLD, "\"%s\" is neither an option nor the value of one; options begin with a hyphen%s", a->stray,
          Is(a->command, "info") ? ", and info takes one file" : "");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckCommand(const char word[])
{
  const char *name[NCOMMANDS];
  char       *all;
  PetscInt    nearest;
  int         n;

  PetscFunctionBegin;
  if (WhichCommand(word) >= 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(NamesOfCommands(&n, name));
  PetscCall(HGNamesNearest(word, n, name, &nearest));
  PetscCall(HGNamesJoin(n, name, ", ", &all));
  HGCheck(nearest < 0, PETSC_COMM_WORLD, "no command \"%s\"; did you mean %s? There are: %s", word, name[nearest], all);
  HGCheck(PETSC_FALSE, PETSC_COMM_WORLD, "no command \"%s\"; there are: %s", word, all);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the program ---- */

/* The command, or what an option makes of it */
static PetscErrorCode ChooseCommand(const char name[])
{
  PetscFunctionBegin;
  running.command = &commands[WhichCommand(name)];
  for (int i = 0; i < NCOMMANDS; i++) {
    PetscBool is = PETSC_FALSE;

    if (Is(name, commands[i].name) && commands[i].is) PetscCall((*commands[i].is)(&is));
    if (is) running.command = &commands[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintVersion(void)
{
  char petsc[256], mpi[MPI_MAX_LIBRARY_VERSION_STRING];
  int  n;

  PetscFunctionBegin;
  PetscCall(PetscGetVersion(petsc, sizeof(petsc)));
  PetscCallMPI(MPI_Get_library_version(mpi, &n));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "Halograd %s\n%s\n%.*s\n", PACKAGE_VERSION, petsc, (int)strcspn(mpi, "\n,"), mpi));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* PETSc would go on with the viewer of -log_view at the end */
static PetscErrorCode Help(const Arguments *a)
{
  const PetscBool bench = Is(a->command, "bench");
  char           *kinds;

  PetscFunctionBegin;
  PetscCall(PetscOptionsSetValue(NULL, "-help", NULL));
  PetscCall(AppBenchKinds(", ", &kinds));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "halograd %s%s: %s%s\n", running.command->name, running.command->variant,
                        commands[WhichCommand(a->command)].what, bench ? kinds : ""));
  PetscCall(PetscFree(kinds));
  PetscCall(HGSetFromOptions(PETSC_COMM_WORLD));
  PetscCall((*running.command->run)(a->word, PETSC_TRUE));
  for (int i = 0; i < NCOMMANDS; i++)
    if (Is(a->command, commands[i].name) && commands[i].is && &commands[i] != running.command)
      PetscCall(
          PetscPrintf(PETSC_COMM_WORLD, "halograd %s%s -help lists what else there is then\n", commands[i].name, commands[i].variant));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                        "----------------------------------------\n"
                        "All commands take -options_file FILE, -log_view [:FILE], -options_left, and PETSc's other options\n"));
  PetscCall(PetscOptionsClearValue(NULL, "-help"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* -hg_view */
static PetscErrorCode ViewChoices(void)
{
  PetscViewer       viewer;
  PetscViewerFormat format;
  PetscBool         set;

  PetscFunctionBegin;
  PetscCall(PetscOptionsCreateViewer(PETSC_COMM_WORLD, NULL, NULL, "-hg_view", &viewer, &format, &set));
  if (!set) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscViewerPushFormat(viewer, format));
  PetscCall(HGView(viewer));
  PetscCall(PetscViewerPopFormat(viewer));
  PetscCall(PetscViewerDestroy(&viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(int argc, char **argv, Arguments *a)
{
  PetscBool help;

  PetscFunctionBegin;
  (void)HGSetErrorsInOneLine(PETSC_TRUE);
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  (void)signal(SIGPIPE, SIG_IGN);              /* PETSc would abort the job; see StandardOutput() */
  PetscCall(PetscOptionsHasHelp(NULL, &help)); /* from an options file, or PETSC_OPTIONS */
  if (help) a->help = PETSC_TRUE;
  if (a->version) {
    PetscCall(PrintVersion());
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (a->command) PetscCall(CheckCommand(a->command));
  if (!a->command) {
    HGCheck(a->command || a->help || argc == 1, PETSC_COMM_WORLD, "no command; halograd -help lists them");
    PetscCall(PrintUsage());
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(CheckWord(a));
  PetscCall(ChooseCommand(a->command));
  if (a->help) {
    PetscCall(Help(a));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ViewChoices());
  PetscCall((*running.command->run)(a->word, PETSC_FALSE));
  PetscCall(AppWarnUnused());
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* PETSc 3.22 and later name options that are left in several lines, those of other programs in PETSC_OPTIONS too: said before, or wanted by -options_left */
static PetscErrorCode QuietOptionsLeft(void)
{
  PetscBool started, set;

  PetscFunctionBegin;
  PetscCall(PetscInitialized(&started));
  if (!started) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscOptionsHasName(NULL, NULL, "-options_left", &set));
  if (!set) PetscCall(PetscOptionsSetValue(NULL, "-options_left", "0"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The status of a job whose output could not all be written: a pipe whose reader has left, such as head, is no fault to speak of, and ends as if
   by SIGPIPE; a full disk is one */
static int StandardOutput(void)
{
  struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

  if (!fflush(stdout) && !ferror(stdout)) return 0;
  if (poll(&out, 1, 0) == 1 && (out.revents & POLLERR)) return 128 + SIGPIPE;
  (void)fprintf(stderr, "halograd: standard output could not all be written; is the disk full?\n");
  return 1;
}

/* After an error that all ranks have met the job ends in order, with status 1 and without a further word */
int main(int argc, char **argv)
{
  Arguments a;
  int       output;

  if (HGSetWaitPolicy(argv) || HGArgumentsNormalize(&argc, &argv)) return 1;
  a = TakeArguments(&argc, argv);
  if (Run(argc, argv, &a)) {
    (void)fflush(stdout);
    if (!freopen("/dev/null", "w", stderr)) _exit(1); /* MPICH would name what the error left open */
    (void)QuietOptionsLeft();
    (void)HGFinalize();
    _exit(1); /* libraries' exit handlers may wait for what the error left open */
  }
  if (QuietOptionsLeft() || HGFinalize()) return 1;
  output = StandardOutput();
  if (output) return output;
  if (HGSignalReceived()) return 128 + HGSignalReceived(); /* as shells have it */
  return a.command || a.help || a.version ? 0 : 1;
}
