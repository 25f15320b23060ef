/* SPDX-License-Identifier: BSD-2-Clause */
/* Options as text, "-net_type cnn -net_width 16", as model files keep them. Such a text sets options of one object and does nothing else: PETSc's own reader
   of such texts would also open options files and obey options of the whole program. */
#include "model/hgmodel.h"
#include <ctype.h>
#include <stdlib.h>

/* As PETSc has it: -3 is a value */
static PetscBool IsOption(const char word[])
{
  return word[0] == '-' && (word[1] == '-' || isalpha((unsigned char)word[1])) ? PETSC_TRUE : PETSC_FALSE;
}

/* The words of a text, in one piece of memory that begins at the first; to be freed by PetscFree2() */
static PetscErrorCode Split(const char text[], int *n, char ***word, char **copy)
{
  char  *rest = NULL;
  size_t len  = strlen(text);

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(len / 2 + 1, word, len + 1, copy));
  (void)strcpy(*copy, text);
  *n = 0;
  for (char *w = strtok_r(*copy, " \t\n", &rest); w; w = strtok_r(NULL, " \t\n", &rest)) (*word)[(*n)++] = w;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetOption(PetscOptions options, const char prefix[], const char name[], const char value[])
{
  char  *whole;
  size_t room = strlen(prefix ? prefix : "") + strlen(name) + 2;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(room, &whole));
  (void)snprintf(whole, room, "-%s%s", prefix ? prefix : "", name + 1);
  PetscCall(PetscOptionsSetValue(options, whole, value));
  PetscCall(PetscFree(whole));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsCreateFromText - Make an options database of the options of an object that a file holds as text

   Collective

   Input Parameters:
+  comm   - the ranks
.  what   - the file, for messages
.  text   - the options, without any prefix
-  prefix - the prefix of the object that is going to read them, or NULL

   Output Parameter:
.  options - the database; `HGOptionsDestroyUsed()` ends it

   Level: developer

   Errors:
   Words that are no options.

.seealso: `HGOptionsDestroyUsed()`
@*/
PetscErrorCode HGOptionsCreateFromText(MPI_Comm comm, const char what[], const char text[], const char prefix[], PetscOptions *options)
{
  char **word, *copy;
  int    n;

  PetscFunctionBegin;
  PetscCall(Split(text, &n, &word, &copy));
  for (int i = 0; i < n; i++) {
    HGCheck(IsOption(word[i]) && strcmp(word[i], "-h") && strcmp(word[i], "-help"), comm, "%s: \"%s\" is no option among \"%s\"", what,
            word[i], text);
    if (i + 1 < n && !IsOption(word[i + 1])) i++;
  }
  PetscCall(PetscOptionsCreate(options));
  for (int i = 0; i < n; i++) {
    const char *value = i + 1 < n && !IsOption(word[i + 1]) ? word[i + 1] : NULL;

    PetscCall(SetOption(*options, prefix, word[i], value));
    if (value) i++;
  }
  PetscCall(PetscFree2(word, copy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsDestroyUsed - Destroy a database of `HGOptionsCreateFromText()` after its object has read it

   Collective

   Input Parameters:
+  comm    - the ranks
.  what    - the file, for messages
-  options - the database; set to NULL

   Level: developer

   Errors:
   Options that the object did not ask for.

.seealso: `HGOptionsCreateFromText()`
@*/
PetscErrorCode HGOptionsDestroyUsed(MPI_Comm comm, const char what[], PetscOptions *options)
{
  PetscInt n;
  char   **name, **value, left[256] = "";

  PetscFunctionBegin;
  PetscCall(PetscOptionsLeftGet(*options, &n, &name, &value));
  if (n) PetscCall(PetscStrncpy(left, name[0], sizeof(left)));
  PetscCall(PetscOptionsLeftRestore(*options, &n, &name, &value));
  PetscCall(PetscOptionsDestroy(options));
  HGCheck(!*left, comm, "%s holds the option -%s, which this version does not have there", what, left);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The value of an option among words, "" for one without a value, NULL if it is not there */
static const char *ValueOf(int n, char **word, const char name[])
{
  for (int i = 0; i < n; i++)
    if (IsOption(word[i]) && !strcmp(word[i], name)) return i + 1 < n && !IsOption(word[i + 1]) ? word[i + 1] : "";
  return NULL;
}

/* The options of one text that the other has not, or with another value */
static PetscErrorCode OnlyIn(const char a[], const char b[], char **only)
{
  char **wa, **wb, *ca, *cb;
  int    na, nb;

  PetscFunctionBegin;
  PetscCall(Split(a, &na, &wa, &ca));
  PetscCall(Split(b, &nb, &wb, &cb));
  PetscCall(PetscCalloc1(strlen(a) + 2, only));
  for (int i = 0; i < na; i++) {
    const char *mine = IsOption(wa[i]) ? ValueOf(na, wa, wa[i]) : NULL, *other = mine ? ValueOf(nb, wb, wa[i]) : NULL;

    if (!mine || (other && !strcmp(mine, other))) continue;
    if (**only) (void)strcat(*only, " ");
    (void)strcat(*only, wa[i]);
    if (*mine) (void)strcat(strcat(*only, " "), mine);
  }
  PetscCall(PetscFree2(wa, ca));
  PetscCall(PetscFree2(wb, cb));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsCompareText - Tell which options of two texts differ

   Not Collective

   Input Parameters:
+  a - a text of options
-  b - another

   Output Parameters:
+  only_a - the options of a that b lacks, or has with another value; empty for none; to be freed
-  only_b - those of b

   Level: developer

.seealso: `HGOptionsCreateFromText()`
@*/
PetscErrorCode HGOptionsCompareText(const char a[], const char b[], char **only_a, char **only_b)
{
  PetscFunctionBegin;
  PetscCall(OnlyIn(a, b, only_a));
  PetscCall(OnlyIn(b, a, only_b));
  PetscFunctionReturn(PETSC_SUCCESS);
}
