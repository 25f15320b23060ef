/* SPDX-License-Identifier: BSD-2-Clause */
#include "data/text.h"
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
  HGTextAdd - Add to a text, which grows as needed

  Not Collective

  Input Parameters:
+ t      - the text
. format - as for printf()
- ...    - its arguments
*/
PetscErrorCode HGTextAdd(HGText *t, const char format[], ...)
{
  va_list args;
  int     n;

  PetscFunctionBegin;
  va_start(args, format);
  n = vsnprintf(NULL, 0, format, args);
  va_end(args);
  PetscCheck(n >= 0, PETSC_COMM_SELF, PETSC_ERR_LIB, "cannot print %s", format);
  if (t->used + (size_t)n + 1 > t->room) {
    char *s;

    t->room = 2 * t->room + (size_t)n + 64;
    PetscCall(PetscMalloc1(t->room, &s));
    if (t->s) PetscCall(PetscArraycpy(s, t->s, t->used));
    PetscCall(PetscFree(t->s));
    t->s = s;
  }
  va_start(args, format);
  (void)vsnprintf(t->s + t->used, t->room - t->used, format, args);
  va_end(args);
  t->used += (size_t)n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGTextAddNumber - Add a number with as many digits as give it back, not more; of one that is a float, as give back the float */
PetscErrorCode HGTextAddNumber(HGText *t, double v)
{
  const PetscBool single = fabs(v) <= FLT_MAX && (double)(float)v == v ? PETSC_TRUE : PETSC_FALSE;
  int             digits = 6;

  PetscFunctionBegin;
  for (; digits < 17; digits++) {
    char text[64];

    (void)snprintf(text, sizeof(text), "%.*g", digits, v);
    if (v != v || (single ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v)) break;
  }
  PetscCall(HGTextAdd(t, "%.*g", digits, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGTextBroadcast - Give every rank rank 0's text

  Collective

  Input Parameters:
+ comm - the ranks
- text - rank 0's, which may be NULL; a text that another rank had before is freed
*/
PetscErrorCode HGTextBroadcast(MPI_Comm comm, char **text)
{
  PetscMPIInt rank, n;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  n = !rank && *text ? (PetscMPIInt)strlen(*text) + 1 : 0;
  PetscCallMPI(MPI_Bcast(&n, 1, MPI_INT, 0, comm));
  if (rank) PetscCall(PetscFree(*text));
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  if (rank) PetscCall(PetscMalloc1(n, text));
  PetscCallMPI(MPI_Bcast(*text, n, MPI_CHAR, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
