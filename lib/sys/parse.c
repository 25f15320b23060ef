/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers as people write them, and names that they may have meant */
#include "sys/sys_impl.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*@C
   HGParseInt - The whole number that a text is

   Not Collective

   Input Parameters:
+  text    - the text, which need not end behind the number
.  len     - its length
.  lowest  - the smallest number that is allowed
-  highest - the largest number that is allowed

   Output Parameter:
.  value - the number; for one beyond 64 bits, the limit that it passes

   Level: developer

   Note:
   Returns false, unless the text is digits, with a sign or without, and the number is allowed. Nothing is wrapped: a number beyond 64 bits is not
   allowed.

.seealso: `HGParseReal()`, `HGOptionsInt()`
@*/
PetscBool HGParseInt(const char text[], size_t len, PetscInt64 lowest, PetscInt64 highest, PetscInt64 *value)
{
  const PetscBool negative = len && text[0] == '-' ? PETSC_TRUE : PETSC_FALSE;
  const size_t    first    = len && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  PetscInt64      n        = 0;
  PetscBool       fits     = PETSC_TRUE;

  *value = 0;
  if (first == len) return PETSC_FALSE;
  for (size_t i = first; i < len; i++) {
    const int digit = text[i] - '0';

    if (!isdigit((unsigned char)text[i])) return PETSC_FALSE;
    if (fits && n >= (INT64_MIN + digit) / 10) n = 10 * n - digit; /* counts downwards: there is one more number that is negative */
    else fits = PETSC_FALSE;
  }
  if (!negative && n == INT64_MIN) fits = PETSC_FALSE;
  *value = !fits ? (negative ? INT64_MIN : INT64_MAX) : negative ? n : -n;
  return fits && *value >= lowest && *value <= highest ? PETSC_TRUE : PETSC_FALSE;
}

/*@C
   HGParseReal - The number that a text is

   Not Collective

   Input Parameters:
+  text    - the text, which need not end behind the number
.  len     - its length
.  lowest  - the smallest number that is allowed
-  highest - the largest number that is allowed

   Output Parameter:
.  value - the number

   Level: developer

   Note:
   Returns false, unless the text is a decimal number, which may have a fraction and an exponent, and is allowed. Numbers beyond double precision are not
   allowed: neither 1e400, nor 1e-400, which would be 0. Nor are `inf`, `nan` and hexadecimal numbers.

.seealso: `HGParseInt()`, `HGOptionsReal()`
@*/
PetscBool HGParseReal(const char text[], size_t len, PetscReal lowest, PetscReal highest, PetscReal *value)
{
  char  copy[512], *end;
  char *number = len < sizeof(copy) ? copy : (char *)malloc(len + 1);
  int   beyond;

  *value = 0;
  if (!len || !number || strspn(text, "0123456789+-.eE") < len) {
    if (number != copy) free(number);
    return PETSC_FALSE;
  }
  (void)memcpy(number, text, len);
  number[len] = 0;
  errno       = 0;
  *value      = strtod(number, &end);
  beyond      = (errno == ERANGE && (*value == 0 || isinf(*value))) || *end;
  if (number != copy) free(number);
  return !beyond && *value >= lowest && *value <= highest ? PETSC_TRUE : PETSC_FALSE;
}

/*@C
   HGNamesJoin - One text of several names

   Not Collective

   Input Parameters:
+  n         - the number of names
.  name      - the names
-  separator - what goes between them, such as `, `

   Output Parameter:
.  text - the text, to be freed with `PetscFree()`

   Level: developer

.seealso: `HGNamesOfList()`, `HGNamesNearest()`
@*/
PetscErrorCode HGNamesJoin(PetscInt n, const char *const name[], const char separator[], char *text[])
{
  size_t len = 1, between = strlen(separator);
  char  *end;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) len += strlen(name[i]) + between;
  PetscCall(PetscMalloc1(len, text));
  end  = *text;
  *end = 0;
  for (PetscInt i = 0; i < n; i++) end += sprintf(end, "%s%s", i ? separator : "", name[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int CompareNames(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
  HGNamesGet - The names of registered types, by the alphabet, to be freed with PetscFree(); PETSc's own order changes with its version

  Not Collective
*/
PetscErrorCode HGNamesGet(PetscFunctionList list, PetscInt *n, const char **name[])
{
  int size = 0;

  PetscFunctionBegin;
  *name = NULL;
  PetscCall(PetscFunctionListGet(list, name, &size));
  for (*n = 0; *n < size && (*name)[*n];) (*n)++; /* PETSc 3.18 counts the NULL at the end */
  qsort(*name, (size_t)*n, sizeof(**name), CompareNames);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNamesOfList - One text of the types that are registered

   Not Collective

   Input Parameters:
+  list      - the types
-  separator - what goes between them, such as `, `

   Output Parameter:
.  text - the text, to be freed with `PetscFree()`

   Level: developer

.seealso: `HGNamesJoin()`
@*/
PetscErrorCode HGNamesOfList(PetscFunctionList list, const char separator[], char *text[])
{
  const char **name;
  PetscInt     n = 0;

  PetscFunctionBegin;
  PetscCall(HGNamesGet(list, &n, &name));
  PetscCall(HGNamesJoin(n, name, separator, text));
  PetscCall(PetscFree(name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether two characters of names are the same; - and _, upper and lower case are */
static PetscBool SameCharacter(char a, char b)
{
  if (a == '-') a = '_';
  if (b == '-') b = '_';
  return tolower((unsigned char)a) == tolower((unsigned char)b) ? PETSC_TRUE : PETSC_FALSE;
}

/* The least number of characters put in, left out, replaced, or swapped with their neighbours that make b of a. The optimal string alignment
   distance (Damerau, CACM 7, 1964); row: [3][strlen(b) + 1] */
static size_t Distance(const char a[], const char b[], size_t *row)
{
  const size_t na = strlen(a), nb = strlen(b);
  size_t      *before = row, *last = row + nb + 1, *now = row + 2 * (nb + 1);

  for (size_t j = 0; j <= nb; j++) last[j] = j;
  for (size_t i = 1; i <= na; i++) {
    size_t *spare = before;

    now[0] = i;
    for (size_t j = 1; j <= nb; j++) {
      const PetscBool same = SameCharacter(a[i - 1], b[j - 1]);

      now[j] = PetscMin(last[j - 1] + (same ? 0 : 1), PetscMin(last[j], now[j - 1]) + 1);
      if (i > 1 && j > 1 && SameCharacter(a[i - 1], b[j - 2]) && SameCharacter(a[i - 2], b[j - 1]))
        now[j] = PetscMin(now[j], before[j - 2] + 1);
    }
    before = last;
    last   = now;
    now    = spare;
  }
  return last[nb];
}

/* Whether b ends in _a: -epochs for -train_epochs */
static PetscBool IsEnd(const char a[], const char b[])
{
  const size_t na = strlen(a), nb = strlen(b);

  if (!na || na + 1 > nb || b[nb - na - 1] != '_') return PETSC_FALSE;
  for (size_t i = 0; i < na; i++)
    if (!SameCharacter(a[i], b[nb - na + i])) return PETSC_FALSE;
  return PETSC_TRUE;
}

/* How many characters at the beginning are the same */
static size_t SameBeginning(const char a[], const char b[])
{
  size_t n = 0;

  while (a[n] && b[n] && SameCharacter(a[n], b[n])) n++;
  return n;
}

/*@C
   HGNamesNearest - The name that was meant by one that is not there

   Not Collective

   Input Parameters:
+  name - the name that was given
.  n    - the number of names there are
-  list - the names

   Output Parameter:
.  nearest - the one that differs by the fewest characters, at most by a third of them, or that ends in `_` and the name; -1 for none

   Level: developer

   Note:
   Upper and lower case are the same, and so are `-` and `_`. Of names that are equally near the one with the longest common beginning counts, and
   of these the first.

.seealso: `HGNamesJoin()`
@*/
PetscErrorCode HGNamesNearest(const char name[], PetscInt n, const char *const list[], PetscInt *nearest)
{
  const size_t len = strlen(name);
  size_t       max = 0, least = PetscMax(1, len / 3) + 1, same = 0, *row;

  PetscFunctionBegin;
  *nearest = -1;
  for (PetscInt i = 0; i < n; i++) max = PetscMax(max, strlen(list[i]));
  PetscCall(PetscMalloc1(3 * (max + 1), &row));
  for (PetscInt i = 0; i < n; i++) {
    const size_t d = IsEnd(name, list[i]) ? 1 : len < 2 || len > 512 ? least : Distance(name, list[i], row);
    const size_t s = SameBeginning(name, list[i]);

    if (d > least || (d == least && (*nearest < 0 || s <= same))) continue;
    least    = d;
    same     = s;
    *nearest = i;
  }
  PetscCall(PetscFree(row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNamesRefuse - Refuse a type that is not registered

   Collective

   Input Parameters:
+  comm   - the communicator of the error
.  what   - what types there are of, such as `network`
.  type   - the type that was given
.  list   - the types there are
-  option - the option that chooses one

   Level: developer

   Note:
   Always returns an error, whose message has the nearest type and all there are.

.seealso: `HGNamesNearest()`, `HGOptionsType()`
@*/
PetscErrorCode HGNamesRefuse(MPI_Comm comm, const char what[], const char type[], PetscFunctionList list, const char option[])
{
  const char **name;
  char        *all;
  PetscInt     n = 0, nearest;

  PetscFunctionBegin;
  PetscCall(HGNamesGet(list, &n, &name));
  PetscCall(HGNamesJoin(n, name, ", ", &all));
  PetscCall(HGNamesNearest(type, n, name, &nearest));
  HGCheck(PETSC_FALSE, comm, "no %s \"%.500s\"; %s%s%shere are: %s. Choose with %s.", what, type, nearest < 0 ? "" : "did you mean ",
          nearest < 0 ? "" : name[nearest], nearest < 0 ? "t" : "? T", all, option);
  PetscFunctionReturn(PETSC_SUCCESS);
}
