/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "sys/sys_impl.h"
#include <ctype.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static PetscBool      everything; /* other errors than Halograd's own checks make one line as well */
static PetscErrorCode current;    /* of the last error that made one line */

/* Whether the text has the first len characters of a value as a word */
static PetscBool HasWord(const char text[], const char value[], size_t len)
{
  for (const char *t = text; *t; t++)
    if (!strncmp(t, value, len) && (t == text || isspace((unsigned char)t[-1])) && (!t[len] || isspace((unsigned char)t[len])))
      return PETSC_TRUE;
  return PETSC_FALSE;
}

/* Whether the text has one of the parts between commas of a value as a word */
static PetscBool Mentions(const char text[], const char value[])
{
  for (const char *v = value; *v;) {
    const size_t len = strcspn(v, ",");

    if (len && HasWord(text, v, len)) return PETSC_TRUE;
    v += len + (v[len] == ',');
  }
  return PETSC_FALSE;
}

/* PETSc's messages about a value do not say which option has it: those of the command line that do, "-a 1 or -b 1: " */
static void PrintOptionsOf(FILE *to, const char mess[])
{
  char    **arg;
  int       n;
  PetscBool found = PETSC_FALSE;

  if (PetscGetArgs(&n, &arg)) return;
  for (int i = 1; i + 1 < n; i++) {
    if (arg[i][0] != '-' || !isalpha((unsigned char)arg[i][1]) || strstr(mess, arg[i]) || !Mentions(mess, arg[i + 1])) continue;
    (void)fprintf(to, "%s%s %s", found ? " or " : "", arg[i], arg[i + 1]);
    found = PETSC_TRUE;
  }
  if (found) (void)fprintf(to, ": ");
}

static PetscBool IsAboutValue(const char *fun, const char *mess)
{
  if (strncmp(mess, "Input string", 12) && strncmp(mess, "Unknown logical value", 21) && strncmp(mess, "Unable to find requested", 24) &&
      strncmp(mess, "Unknown ", 8))
    return PETSC_FALSE;
  return fun && strncmp(fun, "HG", 2) ? PETSC_TRUE : PETSC_FALSE;
}

/* Waits, for two seconds at most, until the launcher has read what was written: mpiexec may not read what it finds unread after MPI_Abort() */
static void Drain(int fd)
{
  struct stat   st;
  unsigned long request;
  int           left = 0;

  if (fstat(fd, &st) || (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))) return;
  request = S_ISSOCK(st.st_mode) ? SIOCOUTQ : FIONREAD;
  for (int i = 0; i < 2000 && !ioctl(fd, request, &left) && left > 0; i++) (void)usleep(1000);
}

/* The line in one piece, so that lines of other ranks do not come in between */
static void PrintMessage(const char *fun, PetscErrorCode n, const char *mess, const char *end)
{
  char  *line = NULL;
  size_t len;
  FILE  *to = open_memstream(&line, &len);

  HGProgressBreak();
  (void)fflush(stdout);
  if (!to) to = stderr;
  (void)fprintf(to, "halograd: ");
  if (IsAboutValue(fun, mess)) PrintOptionsOf(to, mess);
  if (n == PETSC_ERR_MEM || (fun && !strncmp(fun, "PetscMalloc", 11)))
    (void)fprintf(to, "out of memory (%s); use more nodes, or a smaller grid, batch or network", mess);
  else (void)fprintf(to, "%s", *mess ? mess : "internal error");
  (void)fprintf(to, "%s\n", end);
  if (to != stderr) {
    (void)fclose(to);
    (void)fputs(line, stderr);
    free(line);
  }
  (void)fflush(stderr);
  Drain(STDOUT_FILENO);
  Drain(STDERR_FILENO);
}

static PetscErrorCode PrintAndAbort(const char *fun, PetscErrorCode n, const char *mess)
{
  PetscMPIInt rank = 0;
  char        where[128];

  (void)MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  /* An error all ranks meet would print once for each: the others wait for rank 0 to end the job */
  if (rank) sleep(1);
  (void)snprintf(where, sizeof(where), " (rank %d, in %s)", rank, fun);
  PrintMessage(fun, n, mess, where);
  (void)MPI_Abort(PETSC_COMM_WORLD, 1);
  return PETSC_ERR_LIB;
}

/*@
   HGSetErrorsInOneLine - Whether `HGErrorHandler()` prints one line for errors of all kinds, instead of PETSc's traceback

   Not Collective

   Input Parameter:
.  all - true for a program that is all Halograd's, such as `halograd`; false (the default) for others

   Level: developer

   Note:
   May be called before `HGInitialize()`, whose own errors it then holds for.

.seealso: `HGErrorHandler()`
@*/
PetscErrorCode HGSetErrorsInOneLine(PetscBool all)
{
  everything = all;
  return PETSC_SUCCESS;
}

/*@C
   HGErrorHandler - A PETSc error handler that prints one line for what Halograd refuses, and PETSc's traceback for all else

   Not Collective

   Input Parameters:
+  comm - the communicator on which the error is raised
.  line - line number
.  fun  - function
.  file - source file
.  n    - error code
.  p    - `PETSC_ERROR_INITIAL` or `PETSC_ERROR_REPEAT`
.  mess - the message
-  ctx  - not used

   Level: advanced

   Note:
   Errors that Halograd's checks of what users give raise on all ranks of a communicator make one line from rank 0, and each rank returns the code up to
   `main()`. An error of one rank alone would leave the others waiting; it ends the job with `MPI_Abort()`, once its line has been read.

   All other errors, such as those of the user's own functions, are printed by `PetscTraceBackErrorHandler()`; after `HGSetErrorsInOneLine()` they
   make one line as well, with the option's name where PETSc's message is about its value, and the remedy for a lack of memory.

   `HGInitialize()` installs this handler if it starts PETSc, unless an option such as `-on_error_abort` asks for one of PETSc's.

.seealso: `HGInitialize()`, `PetscPushErrorHandler()`
@*/
PetscErrorCode HGErrorHandler(MPI_Comm comm, int line, const char *fun, const char *file, PetscErrorCode n, PetscErrorType p,
                              const char *mess, void *ctx)
{
  PetscMPIInt size, all, rank;
  /* PETSc raises these on one rank's communicator, but the options are the same on all ranks */
  const PetscBool option = fun && !strncmp(fun, "PetscOptions", 12) ? PETSC_TRUE : PETSC_FALSE;
  const PetscBool own    = file && !strncmp(file, HG_SOURCE_MARK, sizeof(HG_SOURCE_MARK) - 1) ? PETSC_TRUE : PETSC_FALSE;

  if (p == PETSC_ERROR_REPEAT && (n == current || everything)) return n;
  current = p == PETSC_ERROR_INITIAL && (own || everything) ? n : PETSC_SUCCESS;
  if (!current) {
    n = PetscTraceBackErrorHandler(comm, line, fun, file, n, p, mess, ctx);
    if (fun && !strcmp(fun, "main")) Drain(STDERR_FILENO); /* PETSc calls MPI_Abort() */
    return n;
  }
  (void)MPI_Comm_size(comm, &size);
  (void)MPI_Comm_size(PETSC_COMM_WORLD, &all);
  if (size < all && !option) return PrintAndAbort(fun, n, mess ? mess : "");
  (void)MPI_Comm_rank(option ? PETSC_COMM_WORLD : comm, &rank);
  if (!rank) PrintMessage(fun, n, mess ? mess : "", "");
  return n;
}

/* Inserts the prefix behind the hyphen of each word that is an option of the object's */
static char *WithPrefix(const char text[], const char prefix[])
{
  char  *with = NULL;
  size_t len;
  FILE  *to = open_memstream(&with, &len);

  if (!to) return NULL;
  for (const char *t = text; *t; t++) {
    (void)fputc(*t, to);
    if (*t != '-' || !isalpha((unsigned char)t[1]) || (t > text && !strchr(" (", t[-1]))) continue;
    if (strncmp(t + 1, "hg_", 3)) (void)fputs(prefix, to);
  }
  (void)fclose(to);
  return with;
}

/*
  HGErrorOf - Raise an error of an object on all its ranks; options in the message get the object's prefix

  Collective
*/
PetscErrorCode HGErrorOf(PetscObject object, int line, const char fun[], const char file[], const char format[], ...)
{
  const char    *prefix = object->prefix;
  char          *text = NULL, *with = NULL;
  va_list        args;
  PetscErrorCode e;

  va_start(args, format);
  if (vasprintf(&text, format, args) < 0) text = NULL;
  va_end(args);
  if (text && prefix) with = WithPrefix(text, prefix);
  e = PetscError(PetscObjectComm(object), line, fun, file, PETSC_ERR_USER, PETSC_ERROR_INITIAL, "%s", with ? with : text ? text : format);
  free(with);
  free(text);
  return e;
}

/*@
   HGAgree - Whether a condition holds on all ranks

   Collective

   Input Parameters:
+  comm - the communicator
-  mine - the condition on this rank

   Output Parameter:
.  all - `PETSC_TRUE` if it holds on every rank

   Level: developer

.seealso: `HGAgreeOnMessage()`
@*/
PetscErrorCode HGAgree(MPI_Comm comm, PetscBool mine, PetscBool *all)
{
  int in = mine, out;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(&in, &out, 1, MPI_INT, MPI_LAND, comm));
  *all = out ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGAgreeOnMessage - Give every rank the message of the first rank that has one

   Collective

   Input Parameters:
+  comm - the communicator
.  msg  - the message of this rank, empty if all went well here
-  len  - the length of the buffer, the same on all ranks

   Output Parameter:
.  msg - the first rank's message, empty if no rank has one

   Level: developer

   Note:
   Turns an error that some ranks meet, such as a failed read, into one that all ranks can raise together.

.seealso: `HGAgree()`, `HGErrorHandler()`
@*/
PetscErrorCode HGAgreeOnMessage(MPI_Comm comm, char *msg, size_t len)
{
  PetscMPIInt rank, size;
  int         mine, first;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  mine = *msg ? rank : size;
  PetscCallMPI(MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, comm));
  if (first < size) PetscCallMPI(MPI_Bcast(msg, (PetscMPIInt)len, MPI_CHAR, first, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
