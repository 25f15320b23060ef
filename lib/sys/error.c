/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/hgsys.h"
#include <ctype.h>
#include <unistd.h>

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

static void PrintMessage(const char *fun, PetscErrorCode n, const char *mess)
{
  (void)fflush(stdout);
  (void)fprintf(stderr, "halograd: ");
  if (IsAboutValue(fun, mess)) PrintOptionsOf(stderr, mess);
  if (n == PETSC_ERR_MEM || (fun && !strncmp(fun, "PetscMalloc", 11)))
    (void)fprintf(stderr, "out of memory (%s); use more nodes, or a smaller grid, batch or network", mess);
  else (void)fprintf(stderr, "%s", *mess ? mess : "internal error");
}

static PetscErrorCode PrintAndAbort(const char *fun, PetscErrorCode n, const char *mess)
{
  PetscMPIInt rank = 0;

  (void)MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  /* An error all ranks meet would print once for each: the others wait for rank 0 to end the job */
  if (rank) sleep(1);
  PrintMessage(fun, n, mess);
  (void)fprintf(stderr, " (rank %d, in %s)\n", rank, fun);
  (void)fflush(stderr);
  (void)MPI_Abort(PETSC_COMM_WORLD, 1);
  return PETSC_ERR_LIB;
}

/*@C
   HGErrorHandler - A PETSc error handler that prints one line for an error that all ranks of a communicator meet

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
   An error on a communicator of several ranks is by contract raised on all of them: rank 0 prints, and each returns the
   code up to `main()`. An error of one rank alone would leave the others waiting; it ends the job with `MPI_Abort()`.
   PETSc's own messages about an option's value get the option's name, and a lack of memory the remedy.
   `HGInitialize()` installs this handler unless an option such as `-on_error_abort` asks for one of PETSc's.

.seealso: `HGInitialize()`, `PetscPushErrorHandler()`
@*/
PetscErrorCode HGErrorHandler(MPI_Comm comm, int line, const char *fun, const char *file, PetscErrorCode n, PetscErrorType p,
                              const char *mess, void *ctx)
{
  PetscMPIInt size, all, rank;
  /* PETSc raises these on one rank's communicator, but the options are the same on all ranks */
  const PetscBool option = fun && !strncmp(fun, "PetscOptions", 12) ? PETSC_TRUE : PETSC_FALSE;

  (void)line;
  (void)file;
  (void)ctx;
  if (p == PETSC_ERROR_REPEAT) return n;
  (void)MPI_Comm_size(comm, &size);
  (void)MPI_Comm_size(PETSC_COMM_WORLD, &all);
  if (size < all && !option) return PrintAndAbort(fun, n, mess ? mess : "");
  (void)MPI_Comm_rank(option ? PETSC_COMM_WORLD : comm, &rank);
  if (!rank) {
    PrintMessage(fun, n, mess ? mess : "");
    (void)fprintf(stderr, "\n");
    (void)fflush(stderr);
  }
  return n;
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
