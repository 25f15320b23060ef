/* SPDX-License-Identifier: BSD-2-Clause */
#include "data/text.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* HGTextAppendNumber - Add a number with as many digits as give it back, not more; of one that is a float, as give back the float */
PetscErrorCode HGTextAppendNumber(HGText *t, double v)
{
  const PetscBool single = fabs(v) <= FLT_MAX && (double)(float)v == v ? PETSC_TRUE : PETSC_FALSE;
  int             digits = 6;

  PetscFunctionBegin;
  for (; digits < 17; digits++) {
    char text[64];

    (void)snprintf(text, sizeof(text), "%.*g", digits, v);
    if (v != v || (single ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v)) break;
  }
  PetscCall(HGTextAppend(t, "%.*g", digits, v));
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
