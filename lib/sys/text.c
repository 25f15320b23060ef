/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/hgtext.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/*@C
   HGTextAppend - Add to a text that grows

   Not Collective

   Input Parameters:
+  t      - the text
.  format - as of printf()
-  ...    - what it takes

   Level: developer

.seealso: `HGTextDestroy()`
@*/
PetscErrorCode HGTextAppend(HGText *t, const char format[], ...)
{
  va_list args;
  int     n;

  PetscFunctionBegin;
  va_start(args, format);
  n = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (t->used + (size_t)n + 1 > t->room) {
    t->room = 2 * t->room + (size_t)n + 64;
    PetscCall(PetscRealloc(t->room, &t->text));
  }
  va_start(args, format);
  (void)vsnprintf(t->text + t->used, (size_t)n + 1, format, args);
  va_end(args);
  t->used += (size_t)n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTextDestroy - Free a text

   Not Collective

   Input Parameter:
.  t - the text, empty afterwards

   Level: developer

.seealso: `HGTextAppend()`
@*/
PetscErrorCode HGTextDestroy(HGText *t)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(t->text));
  t->used = t->room = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGRealToText - The shortest decimal number that reads back as the same double

   Not Collective

   Input Parameter:
.  value - the number

   Output Parameter:
.  text - [`HG_REAL_TEXT`] its digits, which are returned too

   Level: developer

.seealso: `HGTextAppend()`
@*/
const char *HGRealToText(double value, char text[])
{
  for (int digits = 6; digits <= 17; digits++) {
    (void)snprintf(text, HG_REAL_TEXT, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  return text;
}

/*@C
   HGStringReplace - Keep a copy of a string in the place of another one

   Not Collective

   Input Parameters:
+  text - the string, which may be the one that is replaced
-  at   - where the copy belongs; what it holds is freed, unless NULL

   Level: developer

.seealso: `PetscStrallocpy()`
@*/
PetscErrorCode HGStringReplace(const char text[], char **at)
{
  char *copy;

  PetscFunctionBegin;
  PetscCall(PetscStrallocpy(text, &copy));
  PetscCall(PetscFree(*at));
  *at = copy;
  PetscFunctionReturn(PETSC_SUCCESS);
}
