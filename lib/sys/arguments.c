/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line, options files and PETSC_OPTIONS: --option and --option=value as other programs have them, and options given twice */
#include "sys/sys_impl.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- arguments ---- */

static PetscBool IsOption(const char text[])
{
  PetscBool key = PETSC_FALSE;

  if (PetscOptionsValidKey(text, &key)) return PETSC_FALSE;
  return key;
}

/* The length of the name of -name=value, hyphens included, if that is what the argument is */
static size_t NameBeforeValue(const char argument[])
{
  size_t n = strspn(argument, "-");

  if (!IsOption(argument)) return 0;
  while (isalnum((unsigned char)argument[n]) || argument[n] == '_' || argument[n] == '-') n++;
  return argument[n] == '=' ? n : 0;
}

static char **own; /* what HGArgumentsNormalize() made; as the arguments of main() it stays to the end of the program */

/* Appends len characters of text to the arguments */
static PetscErrorCode Add(const char text[], size_t len, int *n)
{
  char *copy = (char *)calloc(len + 1, 1);

  PetscFunctionBegin;
  PetscCheck(copy, PETSC_COMM_SELF, PETSC_ERR_MEM, "%zu bytes for an argument", len);
  own[(*n)++] = (char *)memcpy(copy, text, len);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGArgumentsNormalize - Write `--name` as `-name`, and `-name=value` as `-name value`

   Not Collective

   Input Parameters:
+  argc - the number of arguments of `main()`
-  args - the arguments

   Output Parameters:
+  argc - the number of arguments as PETSc has them
-  args - these arguments

   Level: developer

   Notes:
   PETSc stores `--name` as another option than `-name`, which nothing asks for. `HGInitialize()` calls this function before it starts PETSc, and does the
   same for options files and `PETSC_OPTIONS`.

   `-name=-other` is left as it is, and refused by `HGInitialize()`: PETSc would take the value for an option.

.seealso: `HGInitialize()`
@*/
PetscErrorCode HGArgumentsNormalize(int *argc, char ***args)
{
  char **old = *args;
  int    n   = 0;

  PetscFunctionBegin;
  if (own || *argc < 1) PetscFunctionReturn(PETSC_SUCCESS); /* once is enough */
  PetscCheck((own = (char **)calloc(2 * (size_t)*argc + 1, sizeof(*own))), PETSC_COMM_SELF, PETSC_ERR_MEM, "%d arguments", *argc);
  own[n++] = old[0];
  for (int i = 1; i < *argc; i++) {
    const char  *a = old[i] + (IsOption(old[i]) && old[i][1] == '-');
    const size_t k = NameBeforeValue(a);

    if (k && !IsOption(a + k + 1)) {
      PetscCall(Add(a, k, &n));
      PetscCall(Add(a + k + 1, strlen(a + k + 1), &n));
    } else PetscCall(Add(a, strlen(a), &n));
  }
  *argc = n;
  *args = own;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what was set where ---- */

typedef struct {
  char          *name, *value; /* name: without hyphens; value: may be empty */
  char          *as_written;   /* the name in PETSc's database, if that is another one */
  HGOptionSource source;
  char          *where; /* the name of a file */
} Setting;

static struct {
  Setting       *list;
  PetscInt       n, max;
  HGOptionSource source;
  const char    *where;
} settings;

static PetscErrorCode Copy(const char text[], size_t len, char **copy)
{
  PetscFunctionBegin;
  PetscCheck((*copy = (char *)calloc(len + 1, 1)), PETSC_COMM_SELF, PETSC_ERR_MEM, "%zu bytes for an option", len);
  (void)memcpy(*copy, text, len);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A PETSc options monitor: name has lost one hyphen */
static PetscErrorCode Record(const char name[], const char value[], HG_OPTIONS_MONITOR_SOURCE void *ctx)
{
  const char  *first = name + strspn(name, "-"), *equals = strchr(first, '=');
  const size_t len = equals ? (size_t)(equals - first) : strlen(first);
  Setting     *s;

  PetscFunctionBegin;
  (void)ctx;
  if (settings.n == settings.max) {
    settings.max  = PetscMax(64, 2 * settings.max);
    settings.list = (Setting *)realloc(settings.list, (size_t)settings.max * sizeof(*settings.list));
    PetscCheck(settings.list, PETSC_COMM_SELF, PETSC_ERR_MEM, "options");
  }
  s      = &settings.list[settings.n++];
  *s     = (Setting){.source = settings.source};
  value  = value ? value : "";
  equals = equals && !*value ? equals + 1 : NULL;
  PetscCall(Copy(first, len, &s->name));
  PetscCall(Copy(equals ? equals : value, strlen(equals ? equals : value), &s->value));
  PetscCall(Copy(settings.where, strlen(settings.where), &s->where));
  if (strcmp(name, s->name)) PetscCall(Copy(name, strlen(name), &s->as_written));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadFile(PetscOptions o, const char file[], HGOptionSource source, PetscBool require)
{
  const HGOptionSource outer = settings.source;
  const char          *where = settings.where;

  PetscFunctionBegin;
  settings.source = source;
  settings.where  = file;
  PetscCall(PetscOptionsInsertFile(PETSC_COMM_WORLD, o, file, require));
  settings.source = outer;
  settings.where  = where;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ~/.petscrc, .petscrc, petscrc and PETSC_OPTIONS of rank 0 */
static PetscErrorCode ReadEnvironment(PetscOptions o, PetscBool skip)
{
  static const char *const files[]                  = {".petscrc", "petscrc"};
  char                     home[PETSC_MAX_PATH_LEN] = "", *text = NULL;
  const char              *set = getenv("PETSC_OPTIONS");
  PetscMPIInt              rank, len;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!skip) {
    PetscCall(PetscGetHomeDirectory(home, sizeof(home)));
    PetscCallMPI(MPI_Bcast(home, (PetscMPIInt)sizeof(home), MPI_CHAR, 0, PETSC_COMM_WORLD));
    if (*home) PetscCall(PetscStrlcat(home, "/.petscrc", sizeof(home)));
    if (*home) PetscCall(ReadFile(o, home, HG_SOURCE_ENVIRONMENT, PETSC_FALSE));
    for (int i = 0; i < 2; i++) PetscCall(ReadFile(o, files[i], HG_SOURCE_ENVIRONMENT, PETSC_FALSE));
  }
  len = rank || !set ? 0 : (PetscMPIInt)strlen(set);
  PetscCallMPI(MPI_Bcast(&len, 1, MPI_INT, 0, PETSC_COMM_WORLD));
  if (!len) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1(len + 1, &text));
  if (!rank) PetscCall(PetscArraycpy(text, set, len));
  PetscCallMPI(MPI_Bcast(text, len, MPI_CHAR, 0, PETSC_COMM_WORLD));
  settings.source = HG_SOURCE_ENVIRONMENT;
  settings.where  = "PETSC_OPTIONS";
  PetscCall(PetscOptionsInsertString(o, text));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* As PETSc reads the command line, but with a word on where each option comes from */
static PetscErrorCode ReadArguments(PetscOptions o)
{
  int    n;
  char **a;

  PetscFunctionBegin;
  PetscCall(PetscGetArgs(&n, &a));
  for (int i = 1; i < n; i++) {
    const PetscBool last = i + 1 == n || IsOption(a[i + 1]);

    settings.source = HG_SOURCE_ARGUMENTS;
    settings.where  = "";
    if (!IsOption(a[i])) continue;
    if (!strcasecmp(a[i], "-prefix_pop")) PetscCall(PetscOptionsPrefixPop(o));
    else if (last) PetscCall(PetscOptionsSetValue(o, a[i], NULL));
    else if (!strcasecmp(a[i], "-prefix_push")) PetscCall(PetscOptionsPrefixPush(o, a[++i]));
    else if (!strcasecmp(a[i], "-options_file")) PetscCall(ReadFile(o, a[++i], HG_SOURCE_FILE, PETSC_TRUE));
    else if (!strcasecmp(a[i], "-options_string_yaml")) PetscCall(PetscOptionsInsertStringYAML(o, a[++i]));
    else if (!strcasecmp(a[i], "-options_file_yaml")) {
      settings.source = HG_SOURCE_FILE;
      settings.where  = a[++i];
      PetscCall(PetscOptionsInsertFileYAML(PETSC_COMM_WORLD, o, a[i], PETSC_TRUE));
    } else {
      PetscCall(PetscOptionsSetValue(o, a[i], a[i + 1]));
      i++;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All settings in PETSc's order, the last of a name holds */
static PetscErrorCode ReadAll(const char file[])
{
  PetscOptions o;
  PetscBool    skip = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-skip_petscrc", &skip, NULL));
  PetscCall(PetscOptionsCreate(&o));
  PetscCall(PetscOptionsPush(o)); /* monitors are those of the uppermost */
  PetscCall(PetscOptionsMonitorSet(Record, NULL, NULL));
  if (file && *file) PetscCall(ReadFile(o, file, HG_SOURCE_FILE, PETSC_TRUE));
  PetscCall(ReadEnvironment(o, skip));
  PetscCall(ReadArguments(o));
  PetscCall(PetscOptionsPop());
  PetscCall(PetscOptionsDestroy(&o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool SameName(const Setting *a, const Setting *b)
{
  return !strcasecmp(a->name, b->name) ? PETSC_TRUE : PETSC_FALSE;
}

/* Options that PETSc reads while it starts */
static PetscBool IsForStart(const char name[])
{
  static const char *const prefix[] = {"options_", "prefix_", "skip_petscrc", "log_", "info", "malloc", "on_error", "fp_trap", "history"};

  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(prefix); i++)
    if (!strncasecmp(name, prefix[i], strlen(prefix[i]))) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* --name and -name=value of a file or PETSC_OPTIONS become -name value in PETSc's database */
static PetscErrorCode Normalize(const Setting *s)
{
  PetscBool last = PETSC_TRUE;
  char     *option;

  PetscFunctionBegin;
  HGCheck(!strchr(s->as_written, '=') || !IsOption(s->value), PETSC_COMM_WORLD,
          "-%s: a value that begins with a hyphen and a letter would be taken for an option; write a file's name as ./%s", s->as_written,
          s->value);
  HGCheck(!IsForStart(s->name), PETSC_COMM_WORLD, "-%s in %s: PETSc reads this option while it starts; write it there as -%s%s%s",
          s->as_written, *s->where ? s->where : "the command line", s->name, *s->value ? " " : "", s->value);
  for (const Setting *later = s + 1; later < settings.list + settings.n; later++)
    if (SameName(s, later)) last = PETSC_FALSE;
  PetscCall(HGNamesJoin(2, (const char *[]){"-", s->as_written}, "", &option));
  PetscCall(PetscOptionsClearValue(NULL, option));
  PetscCall(PetscFree(option));
  PetscCall(HGNamesJoin(2, (const char *[]){"-", s->name}, "", &option));
  if (last) PetscCall(PetscOptionsSetValue(NULL, option, *s->value ? s->value : NULL));
  PetscCall(PetscFree(option));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *ValueOf(const Setting *s)
{
  return *s->value ? s->value : "(no value)";
}

static PetscBool SamePlace(const Setting *a, const Setting *b)
{
  return a->source == b->source && !strcmp(a->where, b->where) ? PETSC_TRUE : PETSC_FALSE;
}

/* The last of several values holds, as always in PETSc; but whoever gave two in one place, or a file behind the option that it changes, wants to know */
static PetscErrorCode WarnOfTwoValues(const Setting *s)
{
  const Setting *here = NULL, *arguments = NULL;

  PetscFunctionBegin;
  for (const Setting *later = s + 1; later < settings.list + settings.n; later++)
    if (SameName(s, later)) PetscFunctionReturn(PETSC_SUCCESS); /* of more than two the last speaks */
  for (const Setting *b = settings.list; b < s; b++) {
    if (!SameName(s, b) || !strcmp(s->value, b->value)) continue;
    if (SamePlace(s, b)) here = b;
    else if (b->source == HG_SOURCE_ARGUMENTS) arguments = b;
  }
  if (here)
    PetscCall(PetscFPrintf(PETSC_COMM_WORLD, stderr, "halograd: warning: -%s is given%s%s with %s and with %s; the last one, %s, holds\n",
                           s->name, *s->where ? " in " : "", s->where, ValueOf(here), ValueOf(s), ValueOf(s)));
  if (arguments)
    PetscCall(PetscFPrintf(
        PETSC_COMM_WORLD, stderr,
        "halograd: warning: -%s %s of the command line is overridden by %s of %s, which comes after it; put -options_file first\n", s->name,
        ValueOf(arguments), ValueOf(s), s->where));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGOptionsReview - Look through what the user set, after PetscInitialize()

  Collective on PETSC_COMM_WORLD

  Input Parameter:
. file - the options file of the program, or NULL
*/
PetscErrorCode HGOptionsReview(const char file[])
{
  PetscFunctionBegin;
  PetscCall(ReadAll(file));
  for (PetscInt i = 0; i < settings.n; i++)
    if (settings.list[i].as_written) PetscCall(Normalize(&settings.list[i]));
  for (PetscInt i = 0; i < settings.n; i++) PetscCall(WarnOfTwoValues(&settings.list[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGOptionsGetSource - Where an option was set that holds

   Not Collective

   Input Parameter:
.  name - the option, without hyphen

   Output Parameters:
+  source - the command line, an options file that was asked for, or the environment: `PETSC_OPTIONS` and the files named petscrc; else the program
-  where  - the name of the file, `PETSC_OPTIONS`, or an empty text

   Level: developer

   Note:
   Known in programs whose PETSc is started by `HGInitialize()`.

.seealso: `HGOptionsGetNames()`
@*/
PetscErrorCode HGOptionsGetSource(const char name[], HGOptionSource *source, const char *where[])
{
  PetscFunctionBegin;
  *source = HG_SOURCE_CODE;
  *where  = "";
  for (PetscInt i = 0; i < settings.n; i++) {
    if (strcasecmp(settings.list[i].name, name)) continue;
    *source = settings.list[i].source;
    *where  = settings.list[i].where;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGOptionsForgetSources - Free what HGOptionsReview() keeps

  Not Collective
*/
PetscErrorCode HGOptionsForgetSources(void)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < settings.n; i++) {
    free(settings.list[i].name);
    free(settings.list[i].value);
    free(settings.list[i].as_written);
    free(settings.list[i].where);
  }
  free(settings.list);
  (void)memset(&settings, 0, sizeof(settings));
  PetscFunctionReturn(PETSC_SUCCESS);
}
