/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* memmem() */
/*
   Reads inputs as files from elsewhere may be, each in a process of its own, for a number of seconds: fuzz SECONDS FOLDER [KIND NUMBER]

   An input is read, or refused with one line. Everything else, such as a message of a sanitizer, PETSc's own errors, a crash and more than 30 seconds, is
   a fault; the input and what was printed stay in FOLDER. KIND and NUMBER, as printed, make one input again. What crashes inside the libraries netCDF and
   HDF5, without a function of Halograd's above them that gave them something wrong, is counted apart.
*/
#include "fuzz.h"
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS  30 /* for one input */
#define TOO_LONG 98

typedef struct {
  PetscInt inputs, read, refused, faults, libraries;
} Counts;

static PetscErrorCode CheckCall(PetscErrorCode e)
{
  if (e) _exit(100);
  return e;
}

/* Says where it is */
static void TakesTooLong(int signal)
{
  void *frame[64];

  (void)signal;
  backtrace_symbols_fd(frame, backtrace(frame, 64), STDERR_FILENO);
  _exit(TOO_LONG);
}

/* In the process that reads: 0 read, 1 refused */
static void Read(const Kind *kind, Random *r)
{
  PetscErrorCode e;

  if (!freopen("output", "w", stdout) || dup2(fileno(stdout), STDERR_FILENO) < 0) _exit(100);
  (void)setvbuf(stdout, NULL, _IONBF, 0);
  (void)signal(SIGALRM, TakesTooLong);
  (void)alarm(SECONDS);
  e = (*kind->read)(r);
  _exit(e ? 1 : 0);
}

static char *Output(void)
{
  static char text[1 << 16];
  FILE       *f = fopen("output", "r");
  size_t      n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

  text[n] = 0;
  if (f) (void)fclose(f);
  return text;
}

/* A message has one line beside warnings, and is not one of PETSc's */
static const char *FaultOfMessage(const char text[], PetscBool refused)
{
  int lines = 0;

  if (strstr(text, "PETSC ERROR")) return "an error of PETSc's";
  if (strstr(text, "runtime error")) return "undefined behaviour";
  for (const char *line = text; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n')) {
    if (!strncmp(line, "halograd: warning", 17)) continue;
    if (!strncmp(line, "halograd: ", 10)) lines++;
  }
  return refused && lines != 1 ? "not refused with one line" : NULL;
}

/* Whether the innermost frame that is one of Halograd's, netCDF's or HDF5's is not Halograd's */
static PetscBool InLibrary(const char text[])
{
  static const char *const ours[] = {"/lib/data/", "/lib/model/", "libhalograd"}, *const theirs[] = {"libhdf5", "libnetcdf"};
  const char *first = NULL, *at;
  PetscBool   is    = PETSC_FALSE;

  for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
    if ((at = strstr(text, ours[i])) && (!first || at < first)) first = at;
  for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++)
    if ((at = strstr(text, theirs[i])) && (!first || at < first)) {
      first = at;
      is    = PETSC_TRUE;
    }
  return is;
}

static void Keep(const Kind *kind, uint64_t number, const char why[], const char text[])
{
  static const char *const names[] = {"input", "labels", "output"};

  (void)printf("fuzz %s %llu: %s\n%.2000s\n", kind->name, (unsigned long long)number, why, text);
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
    char name[128];

    (void)snprintf(name, sizeof(name), "%s-%llu.%s", kind->name, (unsigned long long)number, names[i]);
    (void)rename(names[i], name);
  }
}

static PetscErrorCode Judge(const Kind *kind, uint64_t number, int status, Counts *c)
{
  const char *text = Output(), *why = NULL;
  PetscBool   refused = WIFEXITED(status) && WEXITSTATUS(status) == 1 ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  c->inputs++;
  if (WIFSIGNALED(status)) why = "a signal";
  else if (WEXITSTATUS(status) == TOO_LONG) why = "it takes too long";
  else if (WEXITSTATUS(status) > 1) why = "a sanitizer's report";
  else why = FaultOfMessage(text, refused);
  if (why && WIFEXITED(status) && WEXITSTATUS(status) > 1 && InLibrary(text)) c->libraries++;
  else if (why) {
    c->faults++;
    Keep(kind, number, why, text);
  } else if (refused) c->refused++;
  else c->read++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Try(const Kind *kind, uint64_t number, Counts *c)
{
  Random r = {.input = number};
  pid_t  child;
  int    status = 0;

  PetscFunctionBegin;
  (void)fflush(stdout);
  child = fork();
  if (!child) {
    (void)CheckCall((*kind->make)(&r));
    Read(kind, &r);
  }
  PetscCheck(child > 0 && waitpid(child, &status, 0) == child, PETSC_COMM_SELF, PETSC_ERR_SYS, "cannot start a process");
  PetscCheck(!WIFEXITED(status) || WEXITSTATUS(status) != 100, PETSC_COMM_SELF, PETSC_ERR_PLIB, "fuzz %s %llu: the input cannot be made",
             kind->name, (unsigned long long)number);
  PetscCall(Judge(kind, number, status, c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(double seconds, const char only[], uint64_t number, PetscInt *found)
{
  const double end    = (double)time(NULL) + seconds;
  Counts       c[16]  = {{0}};
  PetscInt     faults = 0, tried = 0;

  PetscFunctionBegin;
  for (int k = 0; k < FuzzKindCount; k++)
    if (FuzzKinds[k].prepare && (!only || !strcmp(only, FuzzKinds[k].name))) PetscCall((*FuzzKinds[k].prepare)());
  do
    for (int k = 0; k < FuzzKindCount; k++)
      if (!only || !strcmp(only, FuzzKinds[k].name)) PetscCall(Try(&FuzzKinds[k], only ? number : number + (uint64_t)tried, &c[k]));
  while (++tried && !only && (double)time(NULL) < end);
  for (int k = 0; k < FuzzKindCount; k++) {
    if (c[k].inputs)
      (void)printf("%s: %" PetscInt_FMT " inputs, %" PetscInt_FMT " read, %" PetscInt_FMT " refused, %" PetscInt_FMT
                   " faults, %" PetscInt_FMT " ended in netCDF or HDF5\n",
                   FuzzKinds[k].name, c[k].inputs, c[k].read, c[k].refused, c[k].faults, c[k].libraries);
    faults += c[k].faults;
  }
  *found = faults;
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const double   seconds = argc > 2 ? strtod(argv[1], NULL) : 0;
  const uint64_t number  = argc > 4 ? strtoull(argv[4], NULL, 10) : (uint64_t)time(NULL) * 1000003;
  const char    *folder = argc > 2 ? argv[2] : "", *only = argc > 4 ? argv[3] : NULL; /* PETSc takes the arguments */
  int            none   = 1;
  PetscInt       faults = 0;

  if (seconds <= 0 || chdir(argv[2])) {
    (void)fprintf(stderr, "usage: fuzz SECONDS FOLDER [KIND NUMBER]\n");
    return 1;
  }
  PetscCall(HGInitialize(&none, &argv, NULL, NULL));
  PetscCall(PetscPopSignalHandler()); /* the sanitizer's tells where it is */
  PetscCall(Run(seconds, only, number, &faults));
  PetscCall(HGFinalize());
  if (faults) (void)fprintf(stderr, "fuzz: %" PetscInt_FMT " faults; the inputs are in %s\n", faults, folder);
  return faults ? 1 : 0;
}
