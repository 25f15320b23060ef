/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGPROGRESS_H
#define HGPROGRESS_H

#include "sys/hgpetsc.h"

/*S
   HGProgress - a progress line with rate and time left, printed by rank 0

   Level: developer

   Notes:
   On a terminal one line is rewritten a few times a second. Elsewhere a plain line is printed for each tenth of the work.

.seealso: `HGProgressBegin()`
S*/
typedef struct {
  PetscBool   prints, terminal;
  const char *unit;
  PetscInt64  total, first, next; /* where it started; the next count that prints a plain line */
  double      begin, shown;       /* MPI_Wtime() */
  int         width;              /* of the line on the terminal */
} HGProgress;

PETSC_EXTERN PetscErrorCode HGProgressBegin(HGProgress *, MPI_Comm, const char[], PetscInt64, PetscInt64);
PETSC_EXTERN PetscErrorCode HGProgressUpdate(HGProgress *, PetscInt64, const char[]);
PETSC_EXTERN PetscErrorCode HGProgressEnd(HGProgress *);

#endif
