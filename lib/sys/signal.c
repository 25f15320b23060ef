/* SPDX-License-Identifier: BSD-2-Clause */
/*
   SIGTERM, SIGINT and SIGUSR1 ask long work to stop where it can go on later. A handler only notes the signal. The ranks, of which a launcher may have
   told some or all, agree on it between two steps: by one small reduction about ten times a second, not in every step.
*/
#define _GNU_SOURCE
#include "sys/hgsignal.h"
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#define NSIGNALS 3
#define INTERVAL 0.1  /* seconds between two agreements */
#define MOST     1000 /* calls, so that work that gets slower is noticed */
#define REPEAT   1.0  /* a launcher may pass on what the terminal has already sent to all: a second signal within this time is the same */

static const int Signals[NSIGNALS] = {SIGTERM, SIGINT, SIGUSR1};

static volatile sig_atomic_t Received;
static struct timespec       When;
static struct sigaction      Before[NSIGNALS];
static int                   Depth;     /* of HGSignalBegin() */
static int                   Agreed;    /* by all ranks */
static PetscInt              Left, Run; /* calls until the next agreement, and calls between the last two */
static double                Last;      /* when that was, MPI_Wtime() */

static double SecondsSince(const struct timespec *t)
{
  struct timespec now;

  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - t->tv_sec) + 1e-9 * (double)(now.tv_nsec - t->tv_nsec);
}

/* The first one is noted, a second one ends the process at once */
static void Note(int signal_number)
{
  if (Received && SecondsSince(&When) > REPEAT) {
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
  }
  if (Received) return;
  (void)clock_gettime(CLOCK_MONOTONIC, &When);
  Received = signal_number;
}

/*@C
   HGSignalBegin - Note SIGTERM, SIGINT and SIGUSR1 instead of ending by them

   Not Collective

   Level: developer

   Notes:
   Until `HGSignalEnd()`; calls may be nested, and each begins another kind of steps. A second signal, more than a second after the first, ends the process as if there were no handler. Handlers that were there before
   come back with `HGSignalEnd()`.

.seealso: `HGSignalAgree()`, `HGSignalEnd()`
@*/
PetscErrorCode HGSignalBegin(void)
{
  struct sigaction action = {.sa_handler = Note, .sa_flags = SA_RESTART};

  PetscFunctionBegin;
  Left = Run = 1;
  Last       = MPI_Wtime();
  if (Depth++) PetscFunctionReturn(PETSC_SUCCESS);
  Received = 0;
  Agreed   = 0;
  (void)sigemptyset(&action.sa_mask);
  for (int i = 0; i < NSIGNALS; i++) (void)sigaction(Signals[i], &action, &Before[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGSignalEnd - Give the signals back to the handlers they had before `HGSignalBegin()`

   Not Collective

   Level: developer

.seealso: `HGSignalBegin()`
@*/
PetscErrorCode HGSignalEnd(void)
{
  PetscFunctionBegin;
  if (!Depth || --Depth) PetscFunctionReturn(PETSC_SUCCESS);
  for (int i = 0; i < NSIGNALS; i++) (void)sigaction(Signals[i], &Before[i], NULL);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGSignalAgree - Whether some rank has received a signal, the same on all ranks

   Collective

   Input Parameter:
.  comm - the ranks, the same in each call

   Output Parameter:
.  signal_number - the signal, 0 for none

   Level: developer

   Note:
   Costs nothing in most calls: the ranks ask each other about ten times a second, as the time between the calls before has told all of them alike.

.seealso: `HGSignalBegin()`, `HGSignalReceived()`
@*/
PetscErrorCode HGSignalAgree(MPI_Comm comm, int *signal_number)
{
  double mine[2], all[2];

  PetscFunctionBegin;
  *signal_number = Agreed;
  if (!Depth || Agreed || --Left > 0) PetscFunctionReturn(PETSC_SUCCESS);
  mine[0] = (double)Received;
  mine[1] = MPI_Wtime() - Last;
  PetscCallMPI(MPI_Allreduce(mine, all, 2, MPI_DOUBLE, MPI_MAX, comm));
  Agreed = *signal_number = (int)all[0];
  Run                     = (PetscInt)PetscMin(PetscMax(INTERVAL / PetscMax(all[1], 1e-9) * (double)Run, 1), MOST);
  Left                    = Run;
  Last                    = MPI_Wtime();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGSignalReceived - The signal that the ranks have agreed to stop for, 0 for none

   Not Collective

   Level: intermediate

   Note:
   `HGTrainerTrain()` and other long work return early then. A program ends with the status 128 plus this number, as shells have it.

.seealso: `HGSignalAgree()`
@*/
int HGSignalReceived(void)
{
  return Agreed;
}

/*@C
   HGSignalName - The name of a signal

   Not Collective

   Input Parameter:
.  signal_number - the signal

   Level: developer

.seealso: `HGSignalReceived()`
@*/
const char *HGSignalName(int signal_number)
{
  return signal_number == SIGTERM ? "SIGTERM" : signal_number == SIGINT ? "SIGINT" : signal_number == SIGUSR1 ? "SIGUSR1" : "a signal";
}

/*@C
   HGSignalInitialize - End quietly by SIGTERM, and with the process of mpiexec that started this rank

   Not Collective

   Level: developer

   Notes:
   SIGTERM loses PETSc's handler, which prints a traceback.

   A rank whose launcher was killed would wait for the others, and hold its cores, for ever. A process that no launcher started outlives its parent, as under
   nohup.

.seealso: `HGInitialize()`
@*/
PetscErrorCode HGSignalInitialize(void)
{
  static const char *const launched[] = {"PMI_FD", "PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK"};
  const pid_t              parent     = getppid();
  PetscBool                is         = PETSC_FALSE;

  PetscFunctionBegin;
  (void)signal(SIGTERM, SIG_DFL);
  for (size_t i = 0; i < sizeof(launched) / sizeof(*launched); i++)
    if (getenv(launched[i])) is = PETSC_TRUE;
#if defined(PR_SET_PDEATHSIG)
  if (is) (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  if (is && getppid() != parent) (void)raise(SIGKILL); /* it has ended meanwhile */
  PetscFunctionReturn(PETSC_SUCCESS);
}
