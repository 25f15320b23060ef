/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/hgprogress.h"
#include "sys/sys_impl.h"
#include <unistd.h>

#define PERIOD 0.2 /* seconds between rewritings of the line */

static PetscBool unfinished; /* a line stands on the terminal without its end */

/*@C
   HGProgressBegin - Start a progress line

   Logically Collective

   Input Parameters:
+  p     - the line
.  comm  - the communicator whose rank 0 prints
.  unit  - what is counted, in the plural, such as "samples"; it must stay valid
.  done  - how many were done before
-  total - how many there are

   Level: developer

.seealso: `HGProgressUpdate()`, `HGProgressEnd()`
@*/
PetscErrorCode HGProgressBegin(HGProgress *p, MPI_Comm comm, const char unit[], PetscInt64 done, PetscInt64 total)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  /* The launcher of Open MPI 5 gives ranks a terminal that nobody sits at: its output may go to a file */
  *p = (HGProgress){.prints   = rank ? PETSC_FALSE : PETSC_TRUE,
                    .terminal = isatty(STDOUT_FILENO) && tcgetpgrp(STDOUT_FILENO) >= 0 ? PETSC_TRUE : PETSC_FALSE,
                    .unit     = unit,
                    .total    = total,
                    .first    = done,
                    .next     = done + 1,
                    .begin    = MPI_Wtime()};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "1 h 02 min", "3 min 20 s" or "12 s" */
static void Duration(double seconds, char s[], size_t len)
{
  const long t = (long)(seconds + 0.5);

  if (t >= 3600) (void)snprintf(s, len, "%ld h %02ld min", t / 3600, t / 60 % 60);
  else if (t >= 60) (void)snprintf(s, len, "%ld min %02ld s", t / 60, t % 60);
  else (void)snprintf(s, len, "%ld s", t);
}

static PetscBool Due(HGProgress *p, PetscInt64 done, double now)
{
  if (done >= p->total) return PETSC_TRUE;
  if (p->terminal) return now - p->shown >= PERIOD ? PETSC_TRUE : PETSC_FALSE;
  if (done < p->next) return PETSC_FALSE;
  p->next = p->total / 10 ? (done / (p->total / 10) + 1) * (p->total / 10) : done + 1;
  return PETSC_TRUE;
}

/*@C
   HGProgressUpdate - Say how much is done

   Not Collective

   Input Parameters:
+  p    - the line
.  done - how many are done
-  note - what else to print, or NULL

   Level: developer

   Note:
   Cheap when nothing is due to be printed.

.seealso: `HGProgressBegin()`
@*/
PetscErrorCode HGProgressUpdate(HGProgress *p, PetscInt64 done, const char note[])
{
  const double now = MPI_Wtime(), rate = (double)(done - p->first) / PetscMax(now - p->begin, 1e-9);
  char         left[32], line[256];

  PetscFunctionBegin;
  if (!p->prints || !Due(p, done, now)) PetscFunctionReturn(PETSC_SUCCESS);
  p->shown = now;
  Duration(done >= p->total ? now - p->begin : (double)(p->total - done) / PetscMax(rate, 1e-9), left, sizeof(left));
  (void)snprintf(line, sizeof(line), "%" PetscInt64_FMT "/%" PetscInt64_FMT " %s, %.3g/s, %s%s%s%s", done, p->total, p->unit, rate,
                 done >= p->total ? "in " : "", left, done >= p->total ? "" : " left", note && *note ? ", " : "");
  if (p->terminal) {
    const int width = printf("\r%s%s", line, note ? note : "") - 1;

    (void)printf("%*s", PetscMax(0, p->width - width), "");
    p->width   = width;
    unfinished = PETSC_TRUE;
  } else (void)printf("%s%s\n", line, note ? note : "");
  (void)fflush(stdout);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGProgressEnd - End a progress line

   Not Collective

   Input Parameter:
.  p - the line

   Level: developer

.seealso: `HGProgressBegin()`
@*/
PetscErrorCode HGProgressEnd(HGProgress *p)
{
  PetscFunctionBegin;
  if (p->prints) HGProgressBreak();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ends a progress line that stands on the terminal, so that what is printed next has a line of its own */
void HGProgressBreak(void)
{
  if (unfinished) (void)printf("\n");
  unfinished = PETSC_FALSE;
}
