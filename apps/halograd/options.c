/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that nobody asked for: which one was meant. The names are those that the objects of all commands ask for; no list of them is kept. */
#include "app.h"
#include <ctype.h>
#include <strings.h>

/* ---- names ---- */

typedef struct {
  char             *name;
  const AppCommand *owner; /* that asks for it; NULL for the one that runs, and for types */
  const char       *type;  /* the option that chooses the type that asks for it, or NULL */
} Name;

typedef struct {
  Name    *list;
  PetscInt n, max;
} Names;

static PetscErrorCode AddName(Names *names, const char name[], const AppCommand *owner, const char type[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < names->n; i++)
    if (!strcasecmp(names->list[i].name, name)) PetscFunctionReturn(PETSC_SUCCESS);
  if (names->n == names->max) {
    names->max = PetscMax(256, 2 * names->max);
    PetscCall(PetscRealloc((size_t)names->max * sizeof(*names->list), &names->list));
  }
  names->list[names->n] = (Name){NULL, owner, type};
  PetscCall(PetscStrallocpy(name, &names->list[names->n++].name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FreeNames(Names *names)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < names->n; i++) PetscCall(PetscFree(names->list[i].name));
  PetscCall(PetscFree(names->list));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The name that is, or that is nearest */
static PetscErrorCode Nearest(const Names *names, const char name[], const Name **nearest)
{
  const char **list;
  PetscInt     at;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(names->n, &list));
  for (PetscInt i = 0; i < names->n; i++) list[i] = names->list[i].name;
  PetscCall(HGNamesNearest(name, names->n, list, &at));
  *nearest = at < 0 ? NULL : &names->list[at];
  PetscCall(PetscFree(list));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- asking all objects for the names of their options ---- */

/* Of objects that are there for their names only. Each has another one: PETSc prints what an object has once for a prefix. */
static char prefix[32];

static void NextPrefix(void)
{
  static int n;

  (void)snprintf(prefix, sizeof(prefix), "names%d_", n++);
}

static Names *printed; /* where names go that PETSc prints for -help */

/* A PetscVFPrintf() that prints nothing, but keeps the options of lines such as "  -names0_ksp_type <now gmres ..." */
static PetscErrorCode KeepNames(FILE *file, const char format[], va_list arguments)
{
  char   text[8192], mark[sizeof(prefix) + 1];
  size_t full;

  PetscFunctionBegin;
  (void)file;
  (void)snprintf(mark, sizeof(mark), "-%s", prefix);
  PetscCall(PetscVSNPrintf(text, sizeof(text), format, &full, arguments));
  for (char *at = printed ? strstr(text, mark) : NULL; at; at = strstr(at, mark)) {
    char *end = at += strlen(mark);

    while (isalnum((unsigned char)*end) || *end == '_') end++;
    if (*end) *end++ = 0;
    PetscCall(AddName(printed, at, NULL, NULL));
    at = end;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Runs a function that may print and fail, without a word of either */
static PetscErrorCode Quietly(PetscErrorCode (*function)(void *), void *context)
{
  PetscErrorCode (*print)(FILE *, const char[], va_list) = PetscVFPrintf;

  PetscFunctionBegin;
  PetscVFPrintf = KeepNames;
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  (void)(*function)(context);
  PetscCall(PetscPopErrorHandler());
  PetscVFPrintf = print;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AskCommand(void *command)
{
  return (*((const AppCommand *)command)->run)(NULL, PETSC_TRUE);
}

static PetscErrorCode AskBenchmark(void *kind)
{
  return AppBench((const char *)kind, PETSC_TRUE);
}

/* Those of TAO's own are TAO's to name */
static PetscErrorCode AskOptimizer(void *type)
{
  Tao       tao;
  PetscBool ours;

  PetscFunctionBegin;
  PetscCall(TaoCreate(PETSC_COMM_WORLD, &tao));
  PetscCall(TaoSetOptionsPrefix(tao, prefix));
  PetscCall(TaoSetType(tao, (TaoType)type));
  PetscCall(HGTaoIsStochastic(tao, &ours));
  if (ours) PetscCall(TaoSetFromOptions(tao));
  PetscCall(TaoDestroy(&tao));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AskLoss(void *type)
{
  HGLoss loss;

  PetscFunctionBegin;
  PetscCall(HGLossCreate(PETSC_COMM_WORLD, &loss));
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)loss, prefix));
  PetscCall(HGLossSetType(loss, (HGLossType)type));
  PetscCall(HGLossSetFromOptions(loss));
  PetscCall(HGLossDestroy(&loss));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AskEquation(void *type)
{
  HGPhysics p;

  PetscFunctionBegin;
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetOptionsPrefix(p, prefix));
  PetscCall(HGPhysicsSetType(p, (HGPhysicsType)type));
  PetscCall(HGPhysicsSetFromOptions(p));
  PetscCall(HGPhysicsDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AskPC(void *type)
{
  PC pc;

  PetscFunctionBegin;
  PetscCall(PCCreate(PETSC_COMM_WORLD, &pc));
  PetscCall(PCSetOptionsPrefix(pc, prefix));
  PetscCall(PCSetType(pc, (PCType)type));
  PetscCall(PCSetFromOptions(pc));
  PetscCall(PCDestroy(&pc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Asks, and takes over the names that are new to Halograd's list */
static PetscErrorCode Ask(PetscErrorCode (*function)(void *), const void *context, const AppCommand *owner, const char type[], Names *names)
{
  const size_t       len = sizeof(prefix) - 1;
  PetscInt           before, n;
  const char *const *name;

  PetscFunctionBegin;
  PetscCall(HGOptionsGetNames(&before, &name));
  PetscCall(Quietly(function, (void *)context));
  PetscCall(HGOptionsGetNames(&n, &name));
  for (PetscInt i = before; i < n; i++) PetscCall(AddName(names, strncmp(name[i], prefix, len) ? name[i] : name[i] + len, owner, type));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Types whose names are in a text with commas */
static PetscErrorCode AskTypes(PetscErrorCode (*function)(void *), const char types[], const char type[], Names *names)
{
  char **name;
  int    n;

  PetscFunctionBegin;
  PetscCall(PetscStrToArray(types, ',', &n, &name));
  for (int i = 0; i < n; i++) PetscCall(Ask(function, name[i], NULL, type, names));
  PetscCall(PetscStrToArrayDestroy(n, name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* First the names that the command that runs has asked for, then those of the other commands and of other types */
static PetscErrorCode GetNames(Names *names)
{
  const AppCommand  *command, *now;
  const char *const *asked;
  char              *types;
  PetscInt           n;
  int                ncommands;

  PetscFunctionBegin;
  PetscCall(HGOptionsGetNames(&n, &asked));
  for (PetscInt i = 0; i < n; i++) PetscCall(AddName(names, asked[i], NULL, NULL));
  AppGetCommands(&ncommands, &command, &now);
  for (int i = 0; i < ncommands; i++) PetscCall(Ask(AskCommand, &command[i], &command[i], NULL, names));
  PetscCall(AppBenchKinds(",", &types));
  PetscCall(AskTypes(AskBenchmark, types, "kind of benchmark", names));
  PetscCall(PetscFree(types));
  PetscCall(HGNamesOfList(TaoList, ",", &types));
  PetscCall(AskTypes(AskOptimizer, types, "-tao_type", names));
  PetscCall(PetscFree(types));
  PetscCall(AskTypes(AskPC, PCHALOGRAD, "-pc_type", names));
  PetscCall(HGNamesOfList(HGLossList, ",", &types));
  PetscCall(AskTypes(AskLoss, types, "-train_loss", names));
  PetscCall(PetscFree(types));
  PetscCall(HGNamesOfList(HGPhysicsList, ",", &types));
  PetscCall(AskTypes(AskEquation, types, "-physics_type", names));
  PetscCall(PetscFree(types));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- options of PETSc's ---- */

/* The length of the first word of a name, up to a _ */
static size_t FirstWord(const char name[])
{
  return strcspn(name, "_");
}

/* PETSc's classes, whose options have a word with the class in it, behind a prefix or not */
static PetscBool IsClass(const char word[], size_t len)
{
  static const char *const classes[] = {"ksp", "pc", "snes", "ts", "tao", "mat", "vec", "dm", "da", "sf", "is", "mg", "sub", "esteig"};

  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(classes); i++)
    if (len == strlen(classes[i]) && !strncasecmp(word, classes[i], len)) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* The last place before end where a word with a class is, NULL for none: where the option's name without the prefixes of its object may begin */
static const char *LastClass(const char name[], const char *end)
{
  const char *found = NULL;

  for (const char *w = name; *w && w < end; w += FirstWord(w) + (w[FirstWord(w)] == '_'))
    if (IsClass(w, FirstWord(w))) found = w;
  return found;
}

static PetscBool HasClass(const char name[])
{
  return LastClass(name, name + strlen(name)) ? PETSC_TRUE : PETSC_FALSE;
}

/* Options that PETSc's objects read late, if at all: solvers when they are set up, some at the very end */
static PetscBool MayBeRead(const char name[])
{
  static const char *const prefix[] = {"mat",
                                       "vecscatter_",
                                       "redundant_",
                                       "telescope_",
                                       "fieldsplit_",
                                       "log_",
                                       "malloc",
                                       "memory_",
                                       "objects_",
                                       "options_",
                                       "viewer_",
                                       "viewfromoptions",
                                       "draw_",
                                       "display",
                                       "info",
                                       "history",
                                       "citations",
                                       "on_error",
                                       "start_in_debugger",
                                       "debug",
                                       "stop_for_debugger",
                                       "fp_trap",
                                       "checkstack",
                                       "blas_",
                                       "mpi",
                                       "nox",
                                       "use_",
                                       "saws",
                                       "python",
                                       "version",
                                       "tmp",
                                       "shared_tmp",
                                       "not_shared_tmp",
                                       "cuda",
                                       "hip",
                                       "device",
                                       "splitreduction",
                                       "get_total_flops",
                                       "petsc",
                                       "skip_petscrc",
                                       "no_signal_handler",
                                       "check_pointer_intensity",
                                       "stack_view",
                                       "process_view",
                                       "x_"};

  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(prefix); i++)
    if (!strncasecmp(name, prefix[i], strlen(prefix[i]))) return PETSC_TRUE;
  return HasClass(name);
}

/* ---- before a command does its work ---- */

/* -options_left 0 wants no word about options that are left */
static PetscErrorCode WantsWord(PetscBool *word)
{
  PetscBool left = PETSC_TRUE, set;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-options_left", &left, &set));
  *word = !set || left ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether a name begins with a word as one of Halograd's options does: a mistake, whatever PETSc may read later */
static PetscBool IsOurs(const Names *names, const char name[])
{
  const size_t n = FirstWord(name);

  if (HasClass(name)) return PETSC_FALSE;
  for (PetscInt i = 0; i < names->n; i++)
    if (FirstWord(names->list[i].name) == n && !strncasecmp(names->list[i].name, name, n)) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* A misspelled option of Halograd's among those of PETSc's classes, such as -da_processor_x, has the same first word */
static PetscBool IsMeant(const Name *nearest, const char name[])
{
  const size_t n = FirstWord(name);

  return nearest && IsClass(name, n) && FirstWord(nearest->name) == n && !strncasecmp(nearest->name, name, n) ? PETSC_TRUE : PETSC_FALSE;
}

/* Optimizers are asked for their options before the work begins, other objects of PETSc's later */
static PetscBool IsOptimizers(const char name[])
{
  return !strncasecmp(name, "tao_", 4) ? PETSC_TRUE : PETSC_FALSE;
}

static PetscErrorCode Refuse(const char name[], const Name *nearest, const char where[])
{
  const AppCommand *command, *now;
  const char       *by = *where ? ", which is set by " : "", *variant;
  int               n;

  PetscFunctionBegin;
  AppGetCommands(&n, &command, &now);
  variant = now->is ? now->variant : "";
  HGCheck(nearest, PETSC_COMM_WORLD, "%s%s has no option -%s%s%s; -help lists those it has", now->name, variant, name, by, where);
  HGCheck(!strcasecmp(nearest->name, name), PETSC_COMM_WORLD, "%s%s has no option -%s%s%s; did you mean -%s? -help lists all", now->name,
          variant, name, by, where, nearest->name);
  HGCheck(!nearest->type, PETSC_COMM_WORLD, "%s%s has no option -%s%s%s here; it goes with another %s", now->name, variant, name, by, where,
          nearest->type);
  HGCheck(!nearest->owner || nearest->owner == now, PETSC_COMM_WORLD, "%s%s has no option -%s; it is one of halograd %s%s", now->name,
          variant, name, nearest->owner->name, nearest->owner->is ? nearest->owner->variant : "");
  PetscFunctionReturn(PETSC_SUCCESS); /* it waits for another option, whose lack is told by others */
}

/* An option that nobody has asked for yet */
static PetscErrorCode CheckOption(const Names *names, const char name[])
{
  HGOptionSource source;
  const char    *where;
  const Name    *nearest;
  PetscBool      word = PETSC_TRUE, known, late, ours = IsOurs(names, name);

  PetscFunctionBegin;
  PetscCall(WantsWord(&word));
  PetscCall(HGOptionsGetSource(name, &source, &where));
  PetscCall(Nearest(names, name, &nearest));
  known = nearest && !strcasecmp(nearest->name, name) ? PETSC_TRUE : PETSC_FALSE;
  late  = MayBeRead(name) && !(known ? IsOptimizers(name) : IsMeant(nearest, name)) ? PETSC_TRUE : PETSC_FALSE;
  if (source == HG_SOURCE_CODE || (!ours && (late || !word))) PetscFunctionReturn(PETSC_SUCCESS);
  if (known && source != HG_SOURCE_ARGUMENTS) PetscFunctionReturn(PETSC_SUCCESS); /* a file may be for several commands */
  if (source != HG_SOURCE_ENVIRONMENT) PetscCall(Refuse(name, nearest, where));
  else if (nearest)
    PetscCall(PetscFPrintf(PETSC_COMM_WORLD, stderr, "halograd: warning: %s sets -%s, which is no option; did you mean -%s?\n", where, name,
                           nearest->name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppCheckOptions(void)
{
  Names    names = {NULL, 0, 0};
  PetscInt n;
  char   **name, **value;

  PetscFunctionBegin;
  PetscCall(PetscOptionsLeftGet(NULL, &n, &name, &value));
  if (n) PetscCall(GetNames(&names));
  for (PetscInt i = 0; i < n; i++) PetscCall(CheckOption(&names, name[i]));
  PetscCall(FreeNames(&names));
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &name, &value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- at the end ---- */

static PetscErrorCode AskKSP(void *context)
{
  KSP ksp;

  PetscFunctionBegin;
  (void)context;
  PetscCall(KSPCreate(PETSC_COMM_WORLD, &ksp));
  PetscCall(KSPSetOptionsPrefix(ksp, prefix));
  PetscCall(KSPSetFromOptions(ksp));
  PetscCall(KSPDestroy(&ksp));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AskSNES(void *context)
{
  SNES snes;

  PetscFunctionBegin;
  (void)context;
  PetscCall(SNESCreate(PETSC_COMM_WORLD, &snes));
  PetscCall(SNESSetOptionsPrefix(snes, prefix));
  PetscCall(SNESSetFromOptions(snes));
  PetscCall(SNESDestroy(&snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AskTS(void *context)
{
  TS ts;

  PetscFunctionBegin;
  (void)context;
  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetOptionsPrefix(ts, prefix));
  PetscCall(TSSetFromOptions(ts));
  PetscCall(TSDestroy(&ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AskDMDA(void *context)
{
  DM da;

  PetscFunctionBegin;
  (void)context;
  PetscCall(DMDACreate(PETSC_COMM_WORLD, &da));
  PetscCall(DMSetOptionsPrefix(da, prefix));
  PetscCall(DMSetDimension(da, 3));
  PetscCall(DMDASetSizes(da, 64, 64, 64));
  PetscCall(DMSetFromOptions(da));
  PetscCall(DMDestroy(&da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The options of PETSc's objects, from what they print for -help */
static PetscErrorCode GetPetscNames(Names *names)
{
  static const struct {
    PetscErrorCode (*ask)(void *);
    const char *type;
  } objects[] = {{AskKSP, NULL},  {AskPC, PCMG},           {AskPC, PCGAMG},          {AskPC, PCILU},
                 {AskPC, PCASM},  {AskPC, PCBJACOBI},      {AskSNES, NULL},          {AskTS, NULL},
                 {AskDMDA, NULL}, {AskOptimizer, TAOLMVM}, {AskOptimizer, TAOBLMVM}, {AskOptimizer, TAOBQNLS}};

  PetscFunctionBegin;
  printed = names;
  PetscCall(PetscOptionsSetValue(NULL, "-help", NULL));
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(objects); i++) {
    NextPrefix();
    PetscCall(Quietly(objects[i].ask, (void *)objects[i].type));
  }
  PetscCall(PetscOptionsClearValue(NULL, "-help"));
  printed = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WarnOf(const Names *names, const char name[])
{
  const char    *where, *plain = LastClass(name, name + strlen(name));
  const Name    *nearest = NULL;
  HGOptionSource source;

  PetscFunctionBegin;
  PetscCall(HGOptionsGetSource(name, &source, &where));
  if (source != HG_SOURCE_ARGUMENTS && source != HG_SOURCE_FILE) PetscFunctionReturn(PETSC_SUCCESS);
  if (plain) PetscCall(Nearest(names, plain, &nearest));
  while (plain && !nearest) { /* with one prefix less taken off */
    plain = LastClass(name, plain);
    if (plain) PetscCall(Nearest(names, plain, &nearest));
  }
  if (nearest && !strcasecmp(nearest->name, plain)) nearest = NULL; /* no object of the class was there */
  PetscCall(PetscFPrintf(PETSC_COMM_WORLD, stderr, "halograd: warning: option -%s%s%s was not used", name, *where ? " of " : "", where));
  if (nearest) PetscCall(PetscFPrintf(PETSC_COMM_WORLD, stderr, "; did you mean -%.*s%s?", (int)(plain - name), name, nearest->name));
  PetscCall(PetscFPrintf(PETSC_COMM_WORLD, stderr, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppWarnUnused(void)
{
  static const char *const atend[] = {"-options_left", "-options_view", "-malloc_dump", "-malloc_view", "-objects_dump", "-memory_view"};
  Names                    names   = {NULL, 0, 0};
  PetscInt                 n;
  char                   **name, **value;
  PetscBool                set, word = PETSC_TRUE;

  PetscFunctionBegin;
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(atend); i++) PetscCall(PetscOptionsHasName(NULL, NULL, atend[i], &set));
  PetscCall(WantsWord(&word));
  PetscCall(PetscOptionsLeftGet(NULL, &n, &name, &value));
  if (n && word) PetscCall(GetPetscNames(&names));
  for (PetscInt i = 0; i < n && word; i++) PetscCall(WarnOf(&names, name[i]));
  PetscCall(FreeNames(&names));
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &name, &value));
  PetscFunctionReturn(PETSC_SUCCESS);
}
