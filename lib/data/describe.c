/* SPDX-License-Identifier: BSD-2-Clause */
/*
   What a dataset's axes and variables are, as a text for model files: a line for each, fields between tabs. Another dataset, of validation or prediction, is
   compared with it, and predictions take the form of the target that it tells.

     axis     z|y|x           name  units  points  coordinates
     input    variable        units  standard_name  long_name  (dimension: what it counts, name, size) ...
     target   variable        units  standard_name  long_name  (dimension: what it counts, name, size) ...
     channel  dimension       variable  units  size  coordinates
*/
#include "data/data_impl.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HG_DESCRIBE_POINTS 4096 /* coordinates of an axis that are written; of a longer one each second, third, ... */
#define HG_DESCRIBE_FIELDS 24   /* of a line */

static const char *const AxisNames[] = {"sample", "time", "channel", "z", "y", "x"};

/* ---- to text ---- */

/* A field and what ends it; tabs, ends of lines and backslashes in it are written as \t, \n and \\ */
static PetscErrorCode AddField(HGText *text, const char field[], const char end[])
{
  PetscFunctionBegin;
  for (const char *c = field ? field : ""; *c; c++) {
    if (*c == '\t') PetscCall(HGTextAppend(text, "\\t"));
    else if (*c == '\n') PetscCall(HGTextAppend(text, "\\n"));
    else if (*c == '\\') PetscCall(HGTextAppend(text, "\\\\"));
    else PetscCall(HGTextAppend(text, "%c", *c));
  }
  PetscCall(HGTextAppend(text, "%s", end));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddCoordinates(HGText *text, const HGAxis *x)
{
  const PetscInt step = (x->n + HG_DESCRIBE_POINTS - 1) / HG_DESCRIBE_POINTS;

  PetscFunctionBegin;
  PetscCall(HGTextAppend(text, "%" PetscInt_FMT "\t", x->n));
  for (PetscInt i = 0; x->value && i < x->n; i += step) {
    if (i) PetscCall(HGTextAppend(text, " "));
    PetscCall(HGTextAppendNumber(text, x->value[i]));
  }
  PetscCall(HGTextAppend(text, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddVariable(HGText *text, const char what[], const HGFileVar *v)
{
  PetscFunctionBegin;
  PetscCall(HGTextAppend(text, "%s\t", what));
  PetscCall(AddField(text, v->pub.name, "\t"));
  PetscCall(AddField(text, v->pub.units, "\t"));
  PetscCall(AddField(text, v->pub.standard_name, "\t"));
  PetscCall(AddField(text, v->pub.long_name, ""));
  for (int i = 0; i < v->ndims; i++) {
    PetscCall(HGTextAppend(text, "\t%s\t", AxisNames[v->dim[i].axis]));
    PetscCall(AddField(text, v->dim[i].info.name, "\t"));
    PetscCall(HGTextAppend(text, "%" PetscInt_FMT, v->dim[i].info.n));
  }
  PetscCall(HGTextAppend(text, "\n"));
  for (int i = 0; i < v->ndims; i++) {
    const HGFileDim *d = &v->dim[i];

    if ((d->axis != HG_FILE_TIME && d->axis != HG_FILE_CHANNEL) || !d->info.value) continue;
    PetscCall(HGTextAppend(text, "channel\t"));
    PetscCall(AddField(text, d->info.name, "\t"));
    PetscCall(AddField(text, v->pub.name, "\t"));
    PetscCall(AddField(text, d->info.units, "\t"));
    PetscCall(AddCoordinates(text, &d->info));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataGetDescription - Describe the axes of space with their coordinates, and the variables with their units and dimensions

   Not Collective

   Input Parameter:
.  d - the dataset, set up

   Output Parameter:
.  text - the description, the same on all ranks; free it with `PetscFree()`

   Level: developer

   Note:
   Written into a model file it tells what the network was trained on. Of an axis of more than 4096 points some are left out, evenly.

.seealso: `HGDataSetTrainingDescription()`, `HGDataCompare()`
@*/
PetscErrorCode HGDataGetDescription(HGData d, char **text)
{
  HGText t = {NULL, 0, 0};

  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCheck(d->setup, PetscObjectComm((PetscObject)d), PETSC_ERR_ORDER, "HGDataGetDescription() before HGDataSetUp()");
  for (int a = 3 - (int)d->dim; a < 3; a++) {
    PetscCall(HGTextAppend(&t, "axis\t%s\t", AxisNames[HG_FILE_Z + a]));
    PetscCall(AddField(&t, d->axis[a].name, "\t"));
    PetscCall(AddField(&t, d->axis[a].units, "\t"));
    PetscCall(AddCoordinates(&t, &d->axis[a]));
  }
  for (int r = 0; r < 2; r++)
    for (PetscInt i = 0; i < d->part[r].nvar; i++) PetscCall(AddVariable(&t, r ? "target" : "input", &d->part[r].var[i]));
  *text = t.text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- from text ---- */

typedef struct {
  const char *field[HG_DESCRIBE_FIELDS]; /* "" behind the last */
  int         n;
} Record;

static void Unescape(char *s)
{
  char *to = s;

  for (; *s; s++) {
    if (*s == '\\' && s[1]) {
      s++;
      *to++ = *s == 't' ? '\t' : *s == 'n' ? '\n' : *s;
    } else *to++ = *s;
  }
  *to = 0;
}

/* Cuts a line into fields, which stay in its memory */
static Record MakeRecord(char *line)
{
  Record r = {.n = 0};

  for (int i = 0; i < HG_DESCRIBE_FIELDS; i++) r.field[i] = "";
  for (char *tab; line && r.n < HG_DESCRIBE_FIELDS; line = tab) {
    tab = strchr(line, '\t');
    if (tab) *tab++ = 0;
    Unescape(line);
    r.field[r.n++] = line;
  }
  return r;
}

typedef struct {
  char    *memory;
  Record  *record;
  PetscInt n;
} Description;

static PetscErrorCode Parse(const char text[], Description *d)
{
  PetscInt lines = 1;

  PetscFunctionBegin;
  *d = (Description){NULL, NULL, 0};
  PetscCall(PetscStrallocpy(text, &d->memory));
  for (const char *c = text; *c; c++) lines += *c == '\n';
  PetscCall(PetscMalloc1(lines, &d->record));
  for (char *line = d->memory, *end; line && *line; line = end) {
    end = strchr(line, '\n');
    if (end) *end++ = 0;
    d->record[d->n++] = MakeRecord(line);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FreeDescription(Description *d)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(d->memory));
  PetscCall(PetscFree(d->record));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The i-th record of its kind, NULL if there are not so many */
static const Record *Find(const Description *d, const char kind[], PetscInt i)
{
  for (PetscInt k = 0; k < d->n; k++)
    if (!strcmp(d->record[k].field[0], kind) && !i--) return &d->record[k];
  return NULL;
}

/* ---- comparing ---- */

/* Both names of what is compared: "test.nc" and "the training data" */
typedef struct {
  MPI_Comm    comm;
  const char *here, *there;
} Names;

static PetscErrorCode Warn(const Names *n, const char what[], const char name[], const char here[], const char there[])
{
  PetscFunctionBegin;
  PetscCall(PetscFPrintf(n->comm, stderr, "halograd: warning: %s \"%s\" of %s %s, in %s %s\n", what, name, n->here, here, n->there, there));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "has 64 points from -90 to 90 degrees_north" */
static PetscErrorCode Summary(const char points[], const char values[], const char units[], char **text)
{
  const char     *last  = strrchr(values, ' ');
  const PetscBool known = *units && strcmp(units, "1") ? PETSC_TRUE : PETSC_FALSE;
  HGText          t     = {NULL, 0, 0};

  PetscFunctionBegin;
  PetscCall(HGTextAppend(&t, "has %s point%s from %.*s to %s%s%s", points, strcmp(points, "1") ? "s" : "", (int)strcspn(values, " "),
                         values, last ? last + 1 : values, known ? " " : "", known ? units : ""));
  *text = t.text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether two lists of numbers are the same coordinates, up to the rounding of floats and a thousandth of their distance; *at: the first that is not */
static PetscBool SameValues(const char a[], const char b[], double pair[2], PetscInt *at)
{
  char        *enda, *endb;
  const double first = strtod(a, NULL), last = strrchr(a, ' ') ? strtod(strrchr(a, ' '), NULL) : first;
  PetscInt     n = 1;

  for (const char *c = a; *c; c++) n += *c == ' ';
  const double step = n > 1 ? fabs(last - first) / (double)(n - 1) : 0;

  for (*at = 0; *a || *b; (*at)++, a = enda, b = endb) {
    const double x = pair[0] = strtod(a, &enda), y = pair[1] = strtod(b, &endb);
    const double rounding = 1.2e-7 * fmax(fabs(x), fabs(y)), most = step > 0 ? 1e-3 * step + fmin(rounding, 0.3 * step) : rounding;

    if (enda == a || endb == b) return PETSC_FALSE; /* of another number, or no numbers at all */
    if (!(fabs(x - y) <= most) && !(isnan(x) && isnan(y))) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

static PetscErrorCode CompareUnits(const Names *n, const char what[], const char name[], const char here[], const char there[])
{
  char a[128], b[128];

  PetscFunctionBegin;
  if (!*here || !*there || !strcmp(here, there)) PetscFunctionReturn(PETSC_SUCCESS);
  (void)snprintf(a, sizeof(a), "has the units %.100s", here);
  (void)snprintf(b, sizeof(b), "the units %.100s", there);
  PetscCall(Warn(n, what, name, a, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points and coordinates of two axes; values that are not known are not compared */
static PetscErrorCode CompareCoordinates(const Names *n, const char name[], const char *const here[3], const char *const there[3])
{
  char    *a, *b, more[2][160] = {"", ""};
  double   pair[2] = {0, 0};
  PetscInt at      = 0;

  PetscFunctionBegin;
  PetscCall(CompareUnits(n, "the coordinate", name, here[0], there[0]));
  if (!*here[2] || !*there[2]) PetscFunctionReturn(PETSC_SUCCESS);
  if (!strcmp(here[1], there[1]) && SameValues(here[2], there[2], pair, &at)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(Summary(here[1], here[2], here[0], &a));
  PetscCall(Summary(there[1], there[2], there[0], &b));
  if (!strcmp(a, b)) {
    (void)snprintf(more[0], sizeof(more[0]), "%.100s, %g at point %" PetscInt_FMT, a, pair[0], at);
    (void)snprintf(more[1], sizeof(more[1]), "%g", pair[1]);
    PetscCall(Warn(n, "the coordinate", name, more[0], more[1]));
  } else PetscCall(Warn(n, "the coordinate", name, a, b + strlen("has ")));
  PetscCall(PetscFree(a));
  PetscCall(PetscFree(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WarnOfPlace(const Names *n, const Record *here, const Record *there)
{
  char a[64], b[64];

  PetscFunctionBegin;
  (void)snprintf(a, sizeof(a), "is the axis %s", here->field[1]);
  (void)snprintf(b, sizeof(b), "the axis %s", there->field[1]);
  PetscCall(Warn(n, "the dimension", here->field[2], a, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CompareAxes(const Names *n, const Description *here, const Description *there)
{
  const Record *a, *b, *other;

  PetscFunctionBegin;
  for (PetscInt i = 0; (a = Find(here, "axis", i)) && (b = Find(there, "axis", i)); i++) {
    for (PetscInt k = 0; (other = Find(there, "axis", k)); k++) /* the axes have changed places */
      if (k != i && !strcmp(a->field[2], other->field[2]) && strcmp(a->field[2], b->field[2])) PetscCall(WarnOfPlace(n, a, other));
    PetscCall(CompareCoordinates(n, a->field[2], &a->field[3], &b->field[3]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Units of the variables, in their order */
static PetscErrorCode CompareVariables(const Names *n, const char kind[], const Description *here, const Description *there)
{
  const Record *a, *b;

  PetscFunctionBegin;
  for (PetscInt i = 0; (a = Find(here, kind, i)) && (b = Find(there, kind, i)); i++)
    PetscCall(CompareUnits(n, "the variable", a->field[1], a->field[2], b->field[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Coordinates of dimensions that are channels, but for dates, which differ from file to file */
static PetscErrorCode CompareChannels(const Names *n, const Description *here, const Description *there)
{
  const Record *a, *b;

  PetscFunctionBegin;
  for (PetscInt i = 0; (a = Find(here, "channel", i)); i++) {
    for (PetscInt k = 0; (b = Find(there, "channel", k)); k++)
      if (!strcmp(a->field[1], b->field[1]) && !strcmp(a->field[2], b->field[2])) break;
    if (!b || strstr(a->field[3], " since ")) continue;
    PetscCall(CompareCoordinates(n, a->field[1], &a->field[3], &b->field[3]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataCompare - Warn of coordinates and units that are not those of other data

   Collective

   Input Parameters:
+  d           - the dataset, set up
.  description - of the other data, from `HGDataGetDescription()`
-  name        - how to call them, such as "the training data"

   Level: developer

   Note:
   A line on standard error for each axis and variable that differs, with what both have. Coordinates or units that one of them lacks are not compared.

.seealso: `HGDataGetDescription()`, `HGDataSetTrainingDescription()`
@*/
PetscErrorCode HGDataCompare(HGData d, const char description[], const char name[])
{
  const Names n = {PetscObjectComm((PetscObject)d), d->file, name};
  Description here, there;
  char       *text;

  PetscFunctionBegin;
  PetscCall(HGDataGetDescription(d, &text));
  PetscCall(Parse(text, &here));
  PetscCall(Parse(description, &there));
  PetscCall(CompareAxes(&n, &here, &there));
  PetscCall(CompareVariables(&n, "input", &here, &there));
  PetscCall(CompareVariables(&n, "target", &here, &there));
  PetscCall(CompareChannels(&n, &here, &there));
  PetscCall(PetscFree(text));
  PetscCall(FreeDescription(&here));
  PetscCall(FreeDescription(&there));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the form of predictions ---- */

static HGFileAxis AxisOfWord(const char word[])
{
  for (int a = 0; a < HG_FILE_AXES; a++)
    if (!strcmp(word, AxisNames[a])) return (HGFileAxis)a;
  return HG_FILE_AXES;
}

static PetscErrorCode CopyDim(const HGFileDim *from, HGFileDim *to)
{
  PetscFunctionBegin;
  to->id   = from->id;
  to->axis = from->axis;
  PetscCall(HGAxisCopy(&from->info, &to->info));
  PetscCall(PetscFree(to->coordinate));
  if (from->coordinate) PetscCall(PetscStrallocpy(from->coordinate, &to->coordinate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Samples and space are this file's, which may call them otherwise; what becomes channels is as it was */
static PetscErrorCode TakeDims(const Record *r, const HGFileVar *ref, HGFileVar *v)
{
  PetscFunctionBegin;
  for (int i = 5; i + 2 < r->n && v->ndims < HG_FILE_AXES; i += 3) {
    const HGFileAxis a = AxisOfWord(r->field[i]);
    HGFileDim       *d = &v->dim[v->ndims];

    if (a == HG_FILE_AXES) continue;
    if (a == HG_FILE_TIME || a == HG_FILE_CHANNEL) {
      *d = (HGFileDim){.id = -1, .axis = a};
      PetscCall(HGAxisCopy(&(HGAxis){.name = (char *)r->field[i + 1], .n = (PetscInt)strtoll(r->field[i + 2], NULL, 10)}, &d->info));
    } else if (ref->pos[a] >= 0) PetscCall(CopyDim(&ref->dim[ref->pos[a]], d));
    else continue;
    v->ndims++;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Replace(char **text, const char by[])
{
  PetscFunctionBegin;
  PetscCall(PetscFree(*text));
  PetscCall(PetscStrallocpy(by, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A target as in training. Its dimensions come from the file where it is in the file, but its values will have the units of training */
static PetscErrorCode TakeTarget(const Record *r, const HGFileVar *ref, HGFileVar *v)
{
  PetscFunctionBegin;
  if (!v->pub.name) PetscCall(PetscStrallocpy(r->field[1], &v->pub.name));
  PetscCall(Replace(&v->pub.units, r->field[2]));
  PetscCall(Replace(&v->pub.standard_name, r->field[3]));
  PetscCall(Replace(&v->pub.long_name, r->field[4]));
  if (!v->ndims) PetscCall(TakeDims(r, ref, v));
  PetscCall(HGFileVarSetSizes(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGDataTakeTrainingTargets - Give a target that is optional the form that the description of the training data tells

  Not Collective
*/
PetscErrorCode HGDataTakeTrainingTargets(HGData d)
{
  HGDataPart   *part = &d->part[HG_DATA_TARGET];
  Description   text;
  const Record *r;
  PetscInt      n = 0;

  PetscFunctionBegin;
  PetscCall(Parse(d->training, &text));
  while (Find(&text, "target", n)) n++;
  if (!part->nvar && n) {
    PetscCall(PetscCalloc1(n, &part->var));
    part->nvar = n;
  }
  for (PetscInt i = 0; i < part->nvar && (r = Find(&text, "target", i)); i++)
    PetscCall(TakeTarget(r, d->part[HG_DATA_INPUT].var, &part->var[i]));
  PetscCall(FreeDescription(&text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataSetTrainingDescription - Tell a dataset what its network was trained on

   Logically Collective

   Input Parameters:
+  d    - the dataset, not yet set up
-  text - from the `HGDataGetDescription()` of the training data, NULL or "" for nothing

   Level: developer

   Notes:
   `HGDataSetUp()` then warns of coordinates and units that differ. The dimension that counted samples then counts them, where it is there and
   `HGDataSetSampleDim()` says nothing else. A target that is optional (`HGDataSetTargetOptional()`) gets the units and
   names of training, and its dimensions, if the file does not have it.

.seealso: `HGDataGetDescription()`, `HGDataCompare()`
@*/
PetscErrorCode HGDataSetTrainingDescription(HGData d, const char text[])
{
  Description   parsed;
  const Record *r;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCall(HGDataReset(d));
  PetscCall(PetscFree(d->training));
  PetscCall(PetscFree(d->training_dim));
  if (!text || !*text) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscStrallocpy(text, &d->training));
  PetscCall(Parse(text, &parsed));
  r = Find(&parsed, "input", 0);
  for (int i = 5; r && i + 2 < r->n && !d->training_dim; i += 3)
    if (AxisOfWord(r->field[i]) == HG_FILE_SAMPLE) PetscCall(PetscStrallocpy(r->field[i + 1], &d->training_dim));
  PetscCall(FreeDescription(&parsed));
  PetscFunctionReturn(PETSC_SUCCESS);
}
