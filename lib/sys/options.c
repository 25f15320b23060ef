/* SPDX-License-Identifier: BSD-2-Clause */
/* Options whose values are checked, at the one place that all SetFromOptions() functions use */
#include "sys/sys_impl.h"
#include <float.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef HGOptionItems Items;

/* A message begins with the option as the user wrote it, prefix and value included; of a long value the beginning is enough */
#define CheckValue(condition, items, opt, text, format, ...) \
  HGCheck(condition, (items)->comm, "-%s%s%s%.500s" format, Prefix(items), (opt) + 1, (text) ? " " : "", (text) ? (text) : "", __VA_ARGS__)

static const char *Prefix(Items items)
{
  return items->prefix ? items->prefix : "";
}

/* ---- names that were asked for ---- */

static struct {
  char   **name; /* [max], without hyphen, with prefix */
  PetscInt n, max;
} asked;

static PetscErrorCode Remember(Items items, const char opt[])
{
  const size_t len = strlen(Prefix(items)) + strlen(opt);
  char        *name;

  PetscFunctionBegin;
  PetscCheck((name = (char *)malloc(len)), PETSC_COMM_SELF, PETSC_ERR_MEM, "%zu bytes", len);
  (void)snprintf(name, len, "%s%s", Prefix(items), opt + 1);
  for (PetscInt i = 0; i < asked.n; i++)
    if (!strcmp(asked.name[i], name)) {
      free(name);
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  if (asked.n == asked.max) {
    asked.max  = PetscMax(64, 2 * asked.max);
    asked.name = (char **)realloc(asked.name, (size_t)asked.max * sizeof(*asked.name));
    PetscCheck(asked.name, PETSC_COMM_SELF, PETSC_ERR_MEM, "names of options");
  }
  asked.name[asked.n++] = name;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsGetNames - The names of all options that Halograd's objects have asked for so far

   Not Collective

   Output Parameters:
+  n    - the number of names
-  name - the names, without hyphen and with their prefixes, in the order in which they were first asked for; valid until the next is

   Level: developer

.seealso: `HGNamesNearest()`, `HGOptionsGetSource()`
@*/
PetscErrorCode HGOptionsGetNames(PetscInt *n, const char *const *name[])
{
  PetscFunctionBegin;
  *n    = asked.n;
  *name = (const char *const *)asked.name;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGOptionsForgetNames - Free the names

  Not Collective
*/
PetscErrorCode HGOptionsForgetNames(void)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < asked.n; i++) free(asked.name[i]);
  free(asked.name);
  asked.name = NULL;
  asked.n = asked.max = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what all of them do ---- */

static PetscErrorCode Find(Items items, const char opt[], const char **text, PetscBool *set)
{
  PetscBool found;

  PetscFunctionBegin;
  PetscCall(Remember(items, opt));
  *text = NULL;
  PetscCall(PetscOptionsFindPair(items->options, items->prefix, opt, text, &found));
  if (found && *text && !**text) *text = NULL; /* PETSc's own functions take an empty value for none */
  if (set) *set = found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One line of -help: option, value, default if it is another one, what it is, what is allowed, and the function that sets it */
static PetscErrorCode Help(Items items, const char opt[], const char now[], const char before[], const char what[], const char allowed[],
                           const char man[])
{
  PetscFunctionBegin;
  if (!items->printhelp || items->count != 1 || items->alreadyprinted) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscHelpPrintf(items->comm, "  -%s%s <%s", Prefix(items), opt + 1, now ? now : before));
  if (now && strcmp(now, before)) PetscCall(PetscHelpPrintf(items->comm, ", default %s", before));
  PetscCall(PetscHelpPrintf(items->comm, ">: %s%s%s", what, *allowed ? "; " : "", allowed));
  if (man && *man) PetscCall(PetscHelpPrintf(items->comm, " (%s)", man));
  PetscCall(PetscHelpPrintf(items->comm, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- numbers ---- */

#define ALLOWED 128 /* characters */
#define LIST    384

static void AllowedInt(PetscInt64 lowest, PetscInt64 highest, PetscInt64 limit, char allowed[ALLOWED])
{
  if (highest < limit && highest == lowest + 1)
    (void)snprintf(allowed, ALLOWED, "%" PetscInt64_FMT " or %" PetscInt64_FMT, lowest, highest);
  else if (highest < limit)
    (void)snprintf(allowed, ALLOWED, "a whole number from %" PetscInt64_FMT " to %" PetscInt64_FMT, lowest, highest);
  else if (lowest > -limit - 1) (void)snprintf(allowed, ALLOWED, "a whole number, %" PetscInt64_FMT " or more", lowest);
  else (void)snprintf(allowed, ALLOWED, "a whole number");
}

/* A default that is not allowed stands for a choice to be made later */
static void FormatInt(PetscInt64 value, const PetscInt64 range[2], char text[32])
{
  if (value < range[0] || value > range[1]) (void)snprintf(text, 32, "not set");
  else (void)snprintf(text, 32, "%" PetscInt64_FMT, value);
}

/* A text that is no number within the range; n is what there is of it */
static PetscErrorCode RefuseInt(Items items, const char opt[], const char text[], const char what[], const PetscInt64 range[2],
                                PetscInt64 limit, PetscInt64 n)
{
  char allowed[ALLOWED];

  PetscFunctionBegin;
  AllowedInt(range[0], range[1], limit, allowed);
  CheckValue(n < limit || range[1] < limit, items, opt, text, ": this number is too large; give %s, at most %" PetscInt64_FMT, allowed,
             limit);
  CheckValue(n > -limit - 1 || range[0] > -limit - 1, items, opt, text, ": this number is too small; give %s, at least %" PetscInt64_FMT,
             allowed, -limit - 1);
  CheckValue(PETSC_FALSE, items, opt, text, ": give %s (%s)", allowed, what);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetInt(Items items, const char opt[], const char what[], const char man[], const PetscInt64 range[2],
                             PetscInt64 limit, PetscInt64 *value, PetscBool *set)
{
  const char *text;
  PetscInt64  n = 0;
  PetscBool   found;
  char        allowed[ALLOWED], now[32], before[32];

  PetscFunctionBegin;
  AllowedInt(range[0], range[1], limit, allowed);
  FormatInt(*value, range, before);
  PetscCall(Find(items, opt, &text, &found));
  CheckValue(!found || text, items, opt, text, " has no value; give %s (%s)", allowed, what);
  if (found && !HGParseInt(text, strlen(text), range[0], range[1], &n)) PetscCall(RefuseInt(items, opt, text, what, range, limit, n));
  if (found) *value = n;
  FormatInt(*value, range, now);
  PetscCall(Help(items, opt, now, before, what, allowed, man));
  if (set) *set = found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsInt - Read an option that is a whole number

   Logically Collective, between `PetscOptionsBegin()` and `PetscOptionsEnd()`

   Input Parameters:
+  items   - `PetscOptionsObject`
.  opt     - the option, with its hyphen and without prefix
.  what    - what it is, for `-help`
.  man     - the function that sets it, or an empty text
.  lowest  - the smallest number that is allowed
.  highest - the largest number that is allowed, `PETSC_MAX_INT` for any
-  value   - the default

   Output Parameters:
+  value - the option's number, where it is set
-  set   - whether it is, or NULL

   Level: developer

   Notes:
   `HGOptionsInt64()`, `HGOptionsReal()` and `HGOptionsBool()` are alike; the last has no limits.

   Errors:
   Refuses what is no number, a number beyond `PetscInt`, which `PetscOptionsInt()` wraps, one that is not allowed, and an option without a value;
   the message has the option with its prefix, its value as the user wrote it, and what is allowed.

.seealso: `HGOptionsIntArray()`, `HGOptionsString()`, `HGOptionsChoice()`
@*/
PetscErrorCode HGOptionsInt(Items items, const char opt[], const char what[], const char man[], PetscInt lowest, PetscInt highest,
                            PetscInt *value, PetscBool *set)
{
  const PetscInt64 range[2] = {lowest, highest};
  PetscInt64       n        = *value;

  PetscFunctionBegin;
  PetscCall(GetInt(items, opt, what, man, range, PETSC_MAX_INT, &n, set));
  *value = (PetscInt)n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsInt64 - Read an option that is a whole number of 64 bits

   Logically Collective, between `PetscOptionsBegin()` and `PetscOptionsEnd()`

   Input Parameters:
+  items   - `PetscOptionsObject`
.  opt     - the option, with its hyphen and without prefix
.  what    - what it is, for `-help`
.  man     - the function that sets it, or an empty text
.  lowest  - the smallest number that is allowed
.  highest - the largest number that is allowed
-  value   - the default

   Output Parameters:
+  value - the option's, where it is set
-  set   - whether it is, or NULL

   Level: developer

   Errors:
   Those of `HGOptionsInt()`.

.seealso: `HGOptionsInt()`
@*/
PetscErrorCode HGOptionsInt64(Items items, const char opt[], const char what[], const char man[], PetscInt64 lowest, PetscInt64 highest,
                              PetscInt64 *value, PetscBool *set)
{
  const PetscInt64 range[2] = {lowest, highest};

  PetscFunctionBegin;
  PetscCall(GetInt(items, opt, what, man, range, INT64_MAX, value, set));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void AllowedReal(PetscReal lowest, PetscReal highest, char allowed[ALLOWED])
{
  if (highest == HG_BELOW_ONE) (void)snprintf(allowed, ALLOWED, "a number from %g to below 1", (double)lowest);
  else if (highest < PETSC_MAX_REAL && lowest == HG_POSITIVE)
    (void)snprintf(allowed, ALLOWED, "a positive number, at most %g", (double)highest);
  else if (highest < PETSC_MAX_REAL) (void)snprintf(allowed, ALLOWED, "a number from %g to %g", (double)lowest, (double)highest);
  else if (lowest == HG_POSITIVE) (void)snprintf(allowed, ALLOWED, "a positive number");
  else if (lowest > -PETSC_MAX_REAL) (void)snprintf(allowed, ALLOWED, "a number, %g or more", (double)lowest);
  else (void)snprintf(allowed, ALLOWED, "a number");
}

/* The shortest text that is read back as the same number */
static void FormatReal(PetscReal value, char text[32])
{
  for (int digits = 6; digits <= 17; digits++) {
    (void)snprintf(text, 32, "%.*g", digits, (double)value);
    if (strtod(text, NULL) == (double)value) break;
  }
}

/* Whether the limit of the type is what stands against it: the text is a number that any lowest and highest would refuse */
static PetscBool IsBeyondDouble(const char text[])
{
  PetscReal x;
  char     *end;

  if (strspn(text, "0123456789+-.eE") < strlen(text) || HGParseReal(text, strlen(text), -PETSC_MAX_REAL, PETSC_MAX_REAL, &x))
    return PETSC_FALSE;
  (void)strtod(text, &end);
  return *text && !*end ? PETSC_TRUE : PETSC_FALSE;
}

/*@C
   HGOptionsReal - Read an option that is a number

   Logically Collective, between `PetscOptionsBegin()` and `PetscOptionsEnd()`

   Input Parameters:
+  items   - `PetscOptionsObject`
.  opt     - the option, with its hyphen and without prefix
.  what    - what it is, for `-help`
.  man     - the function that sets it, or an empty text
.  lowest  - the smallest number that is allowed
.  highest - the largest number that is allowed
-  value   - the default

   Output Parameters:
+  value - the option's, where it is set
-  set   - whether it is, or NULL

   Level: developer

   Errors:
   Those of `HGOptionsInt()`, numbers that are not finite or beyond double precision among them.

.seealso: `HGOptionsInt()`
@*/
PetscErrorCode HGOptionsReal(Items items, const char opt[], const char what[], const char man[], PetscReal lowest, PetscReal highest,
                             PetscReal *value, PetscBool *set)
{
  const char *text;
  PetscReal   x = 0;
  PetscBool   found, ok;
  char        allowed[ALLOWED], now[32], before[32];

  PetscFunctionBegin;
  AllowedReal(lowest, highest, allowed);
  FormatReal(*value, before);
  PetscCall(Find(items, opt, &text, &found));
  CheckValue(!found || text, items, opt, text, " has no value; give %s (%s)", allowed, what);
  ok = !found || HGParseReal(text, strlen(text), lowest, highest, &x) ? PETSC_TRUE : PETSC_FALSE;
  CheckValue(ok || !IsBeyondDouble(text), items, opt, text, ": this number is beyond double precision (2.2e-308 to 1.8e308); give %s",
             allowed);
  CheckValue(ok, items, opt, text, ": give %s (%s)", allowed, what);
  if (found) *value = x;
  FormatReal(*value, now);
  PetscCall(Help(items, opt, now, before, what, allowed, man));
  if (set) *set = found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsBool - Read an option that is true or false

   Logically Collective, between `PetscOptionsBegin()` and `PetscOptionsEnd()`

   Input Parameters:
+  items   - `PetscOptionsObject`
.  opt     - the option, with its hyphen and without prefix
.  what    - what it is, for `-help`
.  man     - the function that sets it, or an empty text
-  value   - the default

   Output Parameters:
+  value - the option's, where it is set
-  set   - whether it is, or NULL

   Level: developer

   Errors:
   Other words than true, false, yes, no, on, off, 1, 0. An option without a value is true.

.seealso: `HGOptionsInt()`
@*/
PetscErrorCode HGOptionsBool(Items items, const char opt[], const char what[], const char man[], PetscBool *value, PetscBool *set)
{
  static const char *const words[]   = {"false", "true", "no", "yes", "off", "on", "0", "1"};
  static const char        allowed[] = "true or false";
  const PetscBool          before    = *value;
  const char              *text;
  PetscBool                found, same = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(Find(items, opt, &text, &found));
  if (found && !text) *value = PETSC_TRUE;
  for (int i = 0; i < (int)PETSC_STATIC_ARRAY_LENGTH(words) && text && !same; i++) {
    PetscCall(PetscStrcasecmp(text, words[i], &same));
    if (same) *value = i % 2 ? PETSC_TRUE : PETSC_FALSE;
  }
  CheckValue(!text || same, items, opt, text, ": give %s, or 1, 0, yes, no, on, off (%s)", allowed, what);
  PetscCall(Help(items, opt, words[*value], words[before], what, allowed, man));
  if (set) *set = found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- lists of numbers ---- */

/* Of whole numbers, or of others */
typedef struct {
  PetscBool  whole;
  PetscInt64 n[2]; /* lowest, highest */
  PetscReal  x[2];
  PetscInt   least, most; /* how many there must and may be */
} Limits;

static PetscInt CountItems(const char text[])
{
  PetscInt n = 1;

  for (const char *c = text; *c; c++) n += *c == ',';
  return n;
}

/* "2 numbers with commas between them, each a whole number, 1 or more" */
static void AllowedList(const Limits *l, char list[LIST])
{
  char each[ALLOWED], count[ALLOWED];

  if (l->whole) AllowedInt(l->n[0], l->n[1], PETSC_MAX_INT, each);
  else AllowedReal(l->x[0], l->x[1], each);
  if (l->least == l->most) (void)snprintf(count, sizeof(count), "%" PetscInt_FMT, l->most);
  else (void)snprintf(count, sizeof(count), "%" PetscInt_FMT " to %" PetscInt_FMT, l->least, l->most);
  (void)snprintf(list, LIST, "%s numbers with commas between them, each %s", count, each);
}

static PetscBool ParseItem(const Limits *l, const char text[], size_t len, PetscInt i, void *value)
{
  PetscInt64 n;
  PetscBool  ok;

  if (!l->whole) return HGParseReal(text, len, l->x[0], l->x[1], (PetscReal *)value + i);
  ok                     = HGParseInt(text, len, l->n[0], l->n[1], &n);
  ((PetscInt *)value)[i] = (PetscInt)n;
  return ok;
}

/* Of a long list the beginning */
static void FormatList(const Limits *l, PetscInt n, const void *value, char text[ALLOWED])
{
  size_t    len = 0;
  char      item[32];
  PetscBool set = !n ? PETSC_FALSE : l->whole ? *(const PetscInt *)value >= l->n[0] : *(const PetscReal *)value >= l->x[0];

  *text = 0;
  for (PetscInt i = 0; i < n && len < ALLOWED - 40; i++, len = strlen(text)) {
    if (l->whole) (void)snprintf(item, sizeof(item), "%" PetscInt_FMT, ((const PetscInt *)value)[i]);
    else FormatReal(((const PetscReal *)value)[i], item);
    (void)snprintf(text + len, ALLOWED - len, "%s%s", i ? "," : "", item);
  }
  if (len >= ALLOWED - 40) (void)snprintf(text + len, ALLOWED - len, ",...");
  if (!set) (void)snprintf(text, ALLOWED, "not set");
}

static PetscErrorCode GetList(Items items, const char opt[], const char what[], const char man[], const Limits *l, void *value, PetscInt *n,
                              PetscBool *set)
{
  const char *text, *rest;
  PetscBool   found, ok = PETSC_TRUE;
  PetscInt    count;
  char        list[LIST], now[ALLOWED], before[ALLOWED];

  PetscFunctionBegin;
  AllowedList(l, list);
  FormatList(l, *n, value, before);
  PetscCall(Find(items, opt, &text, &found));
  CheckValue(!found || text, items, opt, text, " has no value; give %s (%s)", list, what);
  count = text ? CountItems(text) : *n;
  ok    = !text || (count >= l->least && count <= l->most) ? PETSC_TRUE : PETSC_FALSE;
  rest  = text;
  for (PetscInt i = 0; text && i < count && ok; i++) {
    const size_t len = strcspn(rest, ",");

    ok = ParseItem(l, rest, len, i, value);
    rest += len + 1;
  }
  CheckValue(ok, items, opt, text, ": give %s (%s)", list, what);
  *n = count;
  FormatList(l, *n, value, now);
  PetscCall(Help(items, opt, now, before, what, list, man));
  if (set) *set = found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsIntArray - Read an option that is a list of whole numbers with commas between them

   Logically Collective, between `PetscOptionsBegin()` and `PetscOptionsEnd()`

   Input Parameters:
+  items   - `PetscOptionsObject`
.  opt     - the option, with its hyphen and without prefix
.  what    - what it is, for `-help`
.  man     - the function that sets it, or an empty text
.  lowest  - the smallest number that is allowed
.  highest - the largest number that is allowed, `PETSC_MAX_INT` for any
.  least   - how many numbers there must be at least
.  most    - how many there may be
.  value   - the defaults, with room for as many
-  n       - how many defaults there are

   Output Parameters:
+  value - the option's numbers, where it is set
.  n     - how many there are, where it is set
-  set   - whether it is, or NULL

   Level: developer

   Note:
   `HGOptionsRealArray()` is alike.

   Errors:
   Refuses what `HGOptionsInt()` does, an empty place such as in `1,2,`, and another count.

.seealso: `HGOptionsInt()`, `HGOptionsRange()`
@*/
PetscErrorCode HGOptionsIntArray(Items items, const char opt[], const char what[], const char man[], PetscInt lowest, PetscInt highest,
                                 PetscInt least, PetscInt most, PetscInt value[], PetscInt *n, PetscBool *set)
{
  const Limits limits = {.whole = PETSC_TRUE, .n = {lowest, highest}, .least = least, .most = most};

  PetscFunctionBegin;
  PetscCall(GetList(items, opt, what, man, &limits, value, n, set));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsRealArray - Read an option that is a list of numbers with commas between them

   Logically Collective, between `PetscOptionsBegin()` and `PetscOptionsEnd()`

   Input Parameters:
+  items   - `PetscOptionsObject`
.  opt     - the option, with its hyphen and without prefix
.  what    - what it is, for `-help`
.  man     - the function that sets it, or an empty text
.  lowest  - the smallest number that is allowed
.  highest - the largest number that is allowed
.  least   - how many numbers there must be at least
.  most    - how many there may be
.  value   - the defaults, with room for as many
-  n       - how many defaults there are; where the option is set, how many numbers it has

   Output Parameters:
+  value - the option's, where it is set
-  set   - whether it is, or NULL

   Level: developer

   Errors:
   Those of `HGOptionsIntArray()`.

.seealso: `HGOptionsInt()`
@*/
PetscErrorCode HGOptionsRealArray(Items items, const char opt[], const char what[], const char man[], PetscReal lowest, PetscReal highest,
                                  PetscInt least, PetscInt most, PetscReal value[], PetscInt *n, PetscBool *set)
{
  const Limits limits = {.x = {lowest, highest}, .least = least, .most = most};

  PetscFunctionBegin;
  PetscCall(GetList(items, opt, what, man, &limits, value, n, set));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsRange - Read an option that is a half-open range first,last, from first to last - 1

   Logically Collective, between `PetscOptionsBegin()` and `PetscOptionsEnd()`

   Input Parameters:
+  items   - `PetscOptionsObject`
.  opt   - the option, with its hyphen and without prefix
.  what  - what it is, for `-help`
.  man   - the function that sets it, or an empty text
-  range - the default; a range of nothing stands for all

   Output Parameters:
+  range - the option's range, where it is set
-  set   - whether it is, or NULL

   Level: developer

   Errors:
   Refuses all but two whole numbers with 0 <= first < last.

.seealso: `HGOptionsIntArray()`
@*/
PetscErrorCode HGOptionsRange(Items items, const char opt[], const char what[], const char man[], PetscInt range[2], PetscBool *set)
{
  static const char allowed[] = "two whole numbers first,last with 0 <= first < last";
  const char       *text;
  PetscInt64        n[2] = {0, 0};
  PetscBool         found, ok           = PETSC_TRUE;
  char              now[64], before[64] = "all";

  PetscFunctionBegin;
  if (range[0] < range[1]) (void)snprintf(before, sizeof(before), "%" PetscInt_FMT ",%" PetscInt_FMT, range[0], range[1]);
  PetscCall(Find(items, opt, &text, &found));
  CheckValue(!found || text, items, opt, text, " has no value; give %s (%s)", allowed, what);
  if (text) {
    const size_t len = strcspn(text, ",");

    ok = text[len] && HGParseInt(text, len, 0, PETSC_MAX_INT, &n[0]) ? PETSC_TRUE : PETSC_FALSE;
    ok = ok && HGParseInt(text + len + 1, strlen(text + len + 1), n[0] + 1, PETSC_MAX_INT, &n[1]) ? PETSC_TRUE : PETSC_FALSE;
  }
  CheckValue(ok || PetscMax(n[0], n[1]) < PETSC_MAX_INT, items, opt, text, ": this number is too large; give %s, at most %" PetscInt_FMT,
             allowed, PETSC_MAX_INT);
  CheckValue(ok, items, opt, text, ": give %s (%s)", allowed, what);
  for (int i = 0; i < 2 && text; i++) range[i] = (PetscInt)n[i];
  (void)snprintf(now, sizeof(now), "%" PetscInt_FMT ",%" PetscInt_FMT, range[0], range[1]);
  PetscCall(Help(items, opt, text ? now : before, before, what, allowed, man));
  if (set) *set = found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- texts ---- */

/*@C
   HGOptionsString - Read an option that is a text of any length

   Logically Collective, between `PetscOptionsBegin()` and `PetscOptionsEnd()`

   Input Parameters:
+  items   - `PetscOptionsObject`
.  opt   - the option, with its hyphen and without prefix
.  what  - what it is, for `-help`
.  man   - the function that sets it, or an empty text
-  value - the default

   Output Parameters:
+  value - the option's text, where it is set; the options database owns it, copy what must last
-  set   - whether it is, or NULL

   Level: developer

   Note:
   `HGOptionsPath()` is for names of files, and copies to a buffer of `PETSC_MAX_PATH_LEN`.

   Errors:
   Refuses an option without a value, and the name of a file that is too long.

.seealso: `HGOptionsChoice()`, `HGOptionsType()`, `HGOptionsGetString()`
@*/
PetscErrorCode HGOptionsString(Items items, const char opt[], const char what[], const char man[], const char *value[], PetscBool *set)
{
  const char *text, *before = *value ? *value : "";
  PetscBool   found;

  PetscFunctionBegin;
  PetscCall(Find(items, opt, &text, &found));
  CheckValue(!found || text, items, opt, text, " has no value; give one: %s", what);
  if (found) *value = text;
  PetscCall(Help(items, opt, text, *before ? before : "none", what, "", man));
  if (set) *set = found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsPath - Read an option that is the name of a file, into a buffer of PETSC_MAX_PATH_LEN

   Logically Collective, between `PetscOptionsBegin()` and `PetscOptionsEnd()`

   Input Parameters:
+  items   - `PetscOptionsObject`
.  opt     - the option, with its hyphen and without prefix
.  what    - what it is, for `-help`
.  man     - the function that sets it, or an empty text
-  value   - the default

   Output Parameters:
+  value - the option's, where it is set
-  set   - whether it is, or NULL

   Level: developer

   Errors:
   An option without a value, a name that is too long.

.seealso: `HGOptionsInt()`
@*/
PetscErrorCode HGOptionsPath(Items items, const char opt[], const char what[], const char man[], char path[], PetscBool *set)
{
  const char *text = path;

  PetscFunctionBegin;
  PetscCall(HGOptionsString(items, opt, what, man, &text, set));
  HGCheck(strlen(text) < PETSC_MAX_PATH_LEN, items->comm, "-%s%s: this name of a file has %zu characters; give one of at most %d, %.60s...",
          Prefix(items), opt + 1, strlen(text), PETSC_MAX_PATH_LEN - 1, text);
  if (text != path) PetscCall(PetscStrncpy(path, text, PETSC_MAX_PATH_LEN));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "no unett; did you mean unet? There are: cnn, unet" */
static PetscErrorCode RefuseName(Items items, const char opt[], const char text[], PetscInt n, const char *const list[], const char what[])
{
  PetscInt nearest;
  char    *all;

  PetscFunctionBegin;
  PetscCall(HGNamesNearest(text, n, list, &nearest));
  PetscCall(HGNamesJoin(n, list, ", ", &all));
  CheckValue(nearest < 0, items, opt, text, ": did you mean %s? There are: %s (%s)", list[nearest], all, what);
  CheckValue(PETSC_FALSE, items, opt, text, ": give one of: %s (%s)", all, what);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetChoice(Items items, const char opt[], const char what[], const char man[], PetscInt n, const char *const list[],
                                const char now[], PetscInt *at, PetscBool *set)
{
  const char *text;
  PetscBool   found, same = PETSC_FALSE;
  char       *all;

  PetscFunctionBegin;
  *at = -1;
  PetscCall(HGNamesJoin(n, list, ", ", &all));
  PetscCall(Find(items, opt, &text, &found));
  CheckValue(!found || text, items, opt, text, " has no value; give one of: %s", all);
  for (PetscInt i = 0; text && i < n && !same; i++) {
    PetscCall(PetscStrcasecmp(text, list[i], &same));
    if (same) *at = i;
  }
  if (text && *at < 0) PetscCall(RefuseName(items, opt, text, n, list, what));
  if (items->printhelp) {
    char *allowed;

    PetscCall(HGNamesJoin(2, (const char *[]){"one of", all}, " ", &allowed));
    PetscCall(Help(items, opt, text, now && *now ? now : "none", what, allowed, man));
    PetscCall(PetscFree(allowed));
  }
  PetscCall(PetscFree(all));
  if (set) *set = found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsChoice - Read an option that is one of some names

   Logically Collective, between `PetscOptionsBegin()` and `PetscOptionsEnd()`

   Input Parameters:
+  items   - `PetscOptionsObject`
.  opt   - the option, with its hyphen and without prefix
.  what  - what it is, for `-help`
.  man   - the function that sets it, or an empty text
.  names - the names, of which upper and lower case are the same
.  n     - their number
-  value - the number of the default, from 0; -1 for none

   Output Parameters:
+  value - the number of the option's name, where it is set
-  set   - whether it is, or NULL

   Level: developer

   Errors:
   Another name is refused with the nearest one and all there are.

.seealso: `HGOptionsType()`
@*/
PetscErrorCode HGOptionsChoice(Items items, const char opt[], const char what[], const char man[], const char *const names[], PetscInt n,
                               PetscInt *value, PetscBool *set)
{
  PetscInt at;

  PetscFunctionBegin;
  PetscCall(GetChoice(items, opt, what, man, n, names, *value < 0 ? NULL : names[*value], &at, set));
  if (at >= 0) *value = at;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsType - Read an option that is a registered type

   Logically Collective, between `PetscOptionsBegin()` and `PetscOptionsEnd()`

   Input Parameters:
+  items   - `PetscOptionsObject`
.  opt   - the option, with its hyphen and without prefix
.  what  - what it is, for `-help`
.  man   - the function that sets it, or an empty text
.  list  - the types
-  value - the default, or NULL

   Output Parameters:
+  value - the option's type, where it is set
-  set   - whether it is, or NULL

   Level: developer

   Errors:
   A type that is not registered is refused with the nearest one and all there are.

.seealso: `HGOptionsChoice()`, `HGNamesOfList()`
@*/
PetscErrorCode HGOptionsType(Items items, const char opt[], const char what[], const char man[], PetscFunctionList list,
                             const char *value[], PetscBool *set)
{
  const char **name;
  PetscInt     n, at;

  PetscFunctionBegin;
  PetscCall(HGNamesGet(list, &n, &name));
  PetscCall(GetChoice(items, opt, what, man, n, name, *value, &at, set));
  if (at >= 0) *value = name[at]; /* the list's own */
  PetscCall(PetscFree(name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsView - List an option that `PetscObjectViewFromOptions()` reads when the object is set up

   Logically Collective, between `PetscOptionsBegin()` and `PetscOptionsEnd()`

   Input Parameters:
+  items   - `PetscOptionsObject`
.  opt  - the option, with its hyphen and without prefix
-  what - what it prints, for `-help`

   Level: developer

   Errors:
   Refuses a viewer that PETSc does not have.

.seealso: `HGOptionsString()`
@*/
PetscErrorCode HGOptionsView(Items items, const char opt[], const char what[])
{
  const char **name, *text;
  PetscInt     n;
  size_t       len;
  PetscBool    same = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(Find(items, opt, &text, NULL));
  len = text ? strcspn(text, ":") : 0;
  PetscCall(PetscViewerInitializePackage());
  PetscCall(HGNamesGet(PetscViewerList, &n, &name));
  for (PetscInt i = 0; len && i < n && !same; i++) same = strlen(name[i]) == len && !strncmp(text, name[i], len) ? PETSC_TRUE : PETSC_FALSE;
  if (len && !same) PetscCall(RefuseName(items, opt, text, n, name, "the viewer; without one, standard output, and with :FILE a file"));
  PetscCall(PetscFree(name));
  if (items->printhelp && items->count == 1 && !items->alreadyprinted)
    PetscCall(PetscHelpPrintf(items->comm, "  -%s%s [:FILE]: %s, on standard output or in a file\n", Prefix(items), opt + 1, what));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsGetString - Read a text before the object that lists it under `-help` does

   Not Collective

   Input Parameters:
+  opt   - the option, with its hyphen
-  value - the default

   Output Parameters:
+  value - the option's text, where it is set and not empty; the options database owns it, copy what must last
-  set   - whether it is set, or NULL

   Level: developer

   Note:
   `HGOptionsGetPath()` is for names of files, and copies to a buffer of `PETSC_MAX_PATH_LEN`.

.seealso: `HGOptionsString()`
@*/
PetscErrorCode HGOptionsGetString(const char opt[], const char *value[], PetscBool *set)
{
  const char *text = NULL;
  PetscBool   found;

  PetscFunctionBegin;
  PetscCall(PetscOptionsFindPair(NULL, NULL, opt, &text, &found));
  if (found && text && *text) *value = text;
  if (set) *set = found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsGetPath - Read the name of a file before the object that lists it under `-help` does

   Not Collective

   Input Parameters:
+  opt  - the option, with its hyphen
-  path - the default, in a buffer of PETSC_MAX_PATH_LEN

   Output Parameters:
+  path - the option's, where it is set and not empty
-  set  - whether it is set, or NULL

   Level: developer

   Errors:
   A name that is too long.

.seealso: `HGOptionsGetString()`, `HGOptionsPath()`
@*/
PetscErrorCode HGOptionsGetPath(const char opt[], char path[], PetscBool *set)
{
  const char *text = path;

  PetscFunctionBegin;
  PetscCall(HGOptionsGetString(opt, &text, set));
  HGCheck(strlen(text) < PETSC_MAX_PATH_LEN, PETSC_COMM_WORLD, "%s: this name of a file has %zu characters; give one of at most %d", opt,
          strlen(text), PETSC_MAX_PATH_LEN - 1);
  if (text != path) PetscCall(PetscStrncpy(path, text, PETSC_MAX_PATH_LEN));
  PetscFunctionReturn(PETSC_SUCCESS);
}
