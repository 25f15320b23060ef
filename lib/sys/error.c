/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/hgsys.h"
#include <unistd.h>

static PetscErrorCode PrintAndAbort(const char *fun, const char *mess)
{
  PetscMPIInt rank = 0;

  (void)MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  /* An error all ranks meet would print once for each: the others wait for rank 0 to end the job */
  if (rank) sleep(1);
  (void)fprintf(stderr, "halograd: %s (rank %d, in %s)\n", mess && *mess ? mess : "internal error", rank, fun);
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
   `HGInitialize()` installs this handler unless an option such as `-on_error_abort` asks for one of PETSc's.

.seealso: `HGInitialize()`, `PetscPushErrorHandler()`
@*/
PetscErrorCode HGErrorHandler(MPI_Comm comm, int line, const char *fun, const char *file, PetscErrorCode n, PetscErrorType p, const char *mess, void *ctx)
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
  if (size < all && !option) return PrintAndAbort(fun, mess);
  (void)MPI_Comm_rank(option ? PETSC_COMM_WORLD : comm, &rank);
  if (!rank) {
    (void)fflush(stdout);
    (void)fprintf(stderr, "halograd: %s\n", mess);
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
