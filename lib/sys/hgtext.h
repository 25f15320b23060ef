/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGTEXT_H
#define HGTEXT_H

#include "sys/hgpetsc.h"

#define HG_REAL_TEXT 32 /* characters of a number */

/*S
   HGText - a text that grows as it is written: nothing is cut at a fixed length

   Level: developer

   Note:
   Begins as `HGText t = {0}`; `t.text` is NULL until the first `HGTextAppend()`.

.seealso: `HGTextAppend()`, `HGTextDestroy()`
S*/
typedef struct {
  char  *text;
  size_t used, room;
} HGText;

PETSC_EXTERN PetscErrorCode HGTextAppend(HGText *, const char[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);
PETSC_EXTERN PetscErrorCode HGTextDestroy(HGText *);
PETSC_EXTERN PetscErrorCode HGStringReplace(const char[], char **);
PETSC_EXTERN const char    *HGRealToText(double, char[]);

#endif
