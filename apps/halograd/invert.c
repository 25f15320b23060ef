/* SPDX-License-Identifier: BSD-2-Clause */
/* halograd invert: an input field or a parameter of an equation from observed solutions, without a network */
#include "app.h"
#include <math.h>

typedef struct {
  const char *type, *unknown, *input;
  char        output[PETSC_MAX_PATH_LEN];
  PetscReal   start; /* of an unknown field */
  PetscInt    every; /* solutions are observed at every n-th point along each axis */
  PetscBool   has_input, has_start, help, field;
  HGData      data;
  HGPhysics   physics;
  HGPartition part;
  HGTensor    x, y;
  DM          dm;
  Vec         weights;
  HGTrainer   trainer; /* as the options have it */
  PetscBool   many;    /* searches, one for each sample */
  HGFieldFile file;
  HGDType     dtype; /* of the numbers in it */
  PetscInt    a, u;
} Inversion;

#define ITERATIONS 200 /* at most, unless the options say otherwise */

/* A search, with all its options: the steps of -tao_max_it are epochs */
static PetscErrorCode CreateTrainer(Inversion *v, HGTrainer *trainer, HGObjective *o)
{
  Tao      tao;
  PetscInt n = ITERATIONS;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-tao_max_it", &n, NULL));
  PetscCall(HGObjectiveCreate(PETSC_COMM_WORLD, o));
  PetscCall(HGObjectiveSetType(*o, HGOBJECTIVEINVERSION));
  PetscCall(HGTrainerCreate(PETSC_COMM_WORLD, trainer));
  PetscCall(HGTrainerSetObjective(*trainer, *o));
  PetscCall(HGTrainerSetModelOutput(*trainer, ""));
  PetscCall(HGTrainerSetQuiet(*trainer, v->many));
  PetscCall(HGTrainerSetEpochs(*trainer, PetscMax(n, ITERATIONS)));
  PetscCall(HGTrainerGetTao(*trainer, &tao));
  PetscCall(TaoSetType(tao, TAOLMVM));
  PetscCall(HGTrainerSetFromOptions(*trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The equation and the unknown are listed by their objects, which read them too */
static PetscErrorCode ReadOptions(Inversion *v)
{
  PetscInt dtype;

  PetscFunctionBegin;
  PetscCall(HGGetDType(&v->dtype));
  dtype      = v->dtype;
  v->type    = HGPHYSICSDARCY;
  v->unknown = "a";
  v->every   = 1;
  PetscCall(PetscStrncpy(v->output, "inversion.nc", sizeof(v->output)));
  PetscCall(HGOptionsGetString("-physics_type", &v->type, NULL));
  PetscCall(HGOptionsGetString("-physics_unknown", &v->unknown, NULL));
  PetscCall(HGOptionsGetString("-data_input", &v->input, &v->has_input));
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "halograd invert", "");
  PetscCall(HGOptionsReal(PetscOptionsObject, "-invert_start", "constant that an unknown field starts from (default 1 for darcy, else 0)",
                          "", -PETSC_MAX_REAL, PETSC_MAX_REAL, &v->start, &v->has_start));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-invert_every", "solutions are observed at every n-th point along each axis",
                         "HGObjectiveInversionSetWeights", 1, PETSC_MAX_INT, &v->every, NULL));
  PetscCall(HGOptionsPath(PetscOptionsObject, "-output", "file of the fields found and their solutions", "", v->output, NULL));
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-output_dtype", "type of the numbers in it (default that of -hg_dtype)", "", HGDTypes, 2,
                            &dtype, NULL));
  PetscOptionsEnd();
  v->dtype = (HGDType)dtype;
  v->field = !strcmp(v->unknown, "a") ? PETSC_TRUE : PETSC_FALSE;
  HGCheck(v->field || !v->has_start, PETSC_COMM_WORLD, "-invert_start is for fields; -physics_unknown %s starts from -physics_%s",
          v->unknown, v->unknown);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Options of the trainer are read for -help and its files, and again by each search */
static PetscErrorCode Configure(Inversion *v)
{
  HGObjective o;
  PetscBool   positive;

  PetscFunctionBegin;
  PetscCall(ReadOptions(v));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &v->data));
  PetscCall(HGDataSetFromOptions(v->data));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &v->part));
  PetscCall(HGPartitionSetFromOptions(v->part));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &v->physics));
  PetscCall(HGPhysicsSetType(v->physics, v->type));
  PetscCall(HGPhysicsSetFromOptions(v->physics));
  PetscCall(HGPhysicsNeedsPositiveInput(v->physics, &positive));
  if (!v->has_start) v->start = positive ? 1 : 0;
  PetscCall(CreateTrainer(v, &v->trainer, &o));
  PetscCall(HGObjectiveDestroy(&o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An unknown field needs no input in the file; one that is there is compared with what is found */
static PetscErrorCode ChooseVariables(Inversion *v)
{
  const char *given[2];
  char       *input, *observed;
  PetscBool   set;

  PetscFunctionBegin;
  PetscCall(HGDataGetVariables(v->data, &given[0], &given[1]));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-data_target", &set));
  HGCheck(!set || strcmp(given[1], "none"), PETSC_COMM_WORLD,
          "-data_target none: an inversion needs observed solutions; give their variable");
  PetscCall(PetscStrallocpy(set ? given[1] : "u", &observed)); /* setting them frees those that are set */
  PetscCall(PetscStrallocpy(v->has_input ? given[0] : v->field ? observed : "a", &input));
  PetscCall(HGDataSetVariables(v->data, input, observed));
  PetscCall(PetscFree(input));
  PetscCall(PetscFree(observed));
  PetscCall(HGDataSetUp(v->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateTensor(Inversion *v, PetscInt channels, HGTensor *t)
{
  HGPartition p;

  PetscFunctionBegin;
  PetscCall(HGPartitionCreateLike(v->part, 1, channels, &p));
  PetscCall(HGTensorCreate(p, HG_F64, t));
  PetscCall(HGTensorSetUp(*t));
  PetscCall(HGPartitionDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetWeights(Inversion *v)
{
  PetscInt     at[3], n[3], dof, k = 0;
  PetscScalar *w;

  PetscFunctionBegin;
  if (v->every == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMCreateGlobalVector(v->dm, &v->weights));
  PetscCall(DMDAGetDof(v->dm, &dof));
  PetscCall(DMDAGetCorners(v->dm, &at[0], &at[1], &at[2], &n[0], &n[1], &n[2]));
  PetscCall(VecGetArrayWrite(v->weights, &w));
  for (PetscInt i = 0; i < n[0] * n[1] * n[2]; i++) {
    const PetscInt here[3] = {at[0] + i % n[0], at[1] + i / n[0] % n[1], at[2] + i / n[0] / n[1]};

    for (PetscInt c = 0; c < dof; c++) w[k++] = here[0] % v->every || here[1] % v->every || here[2] % v->every ? 0 : 1;
  }
  PetscCall(VecRestoreArrayWrite(v->weights, &w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Prepare(Inversion *v)
{
  PetscInt dim, cin, cout, inputs, unknowns, size[HG_AXES];
  DM       da;

  PetscFunctionBegin;
  PetscCall(ChooseVariables(v));
  PetscCall(HGDataGetSizes(v->data, &dim, NULL, &cin, &cout, &size[HG_Z]));
  size[HG_N] = size[HG_C] = 1;
  PetscCall(HGPartitionSetSizes(v->part, dim, size));
  PetscCall(HGPartitionSetUp(v->part));
  PetscCall(HGPartitionGetDM(v->part, &da));
  PetscCall(HGPhysicsSetDMDA(v->physics, da));
  PetscCall(HGPhysicsSetUp(v->physics));
  PetscCall(HGPhysicsGetChannels(v->physics, &inputs, &unknowns));
  HGCheck(unknowns, PETSC_COMM_WORLD, "-physics_type %s: only built-in equations can be inverted here; see HGOBJECTIVEINVERSION", v->type);
  HGCheck(cout == unknowns, PETSC_COMM_WORLD, "the observed solutions have %" PetscInt_FMT " channels, those of %s have %" PetscInt_FMT,
          cout, v->type, unknowns);
  HGCheck(cin == inputs, PETSC_COMM_WORLD, "the inputs have %" PetscInt_FMT " channels, those of %s have %" PetscInt_FMT, cin, v->type,
          inputs);
  PetscCall(HGPhysicsGetDM(v->physics, &v->dm));
  PetscCall(HGDataLoad(v->data, v->part, HG_F64));
  PetscCall(CreateTensor(v, cin, &v->x));
  PetscCall(CreateTensor(v, cout, &v->y));
  PetscCall(SetWeights(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadSample(Inversion *v, PetscInt i, Vec a, Vec u)
{
  PetscFunctionBegin;
  PetscCall(HGDataGetBatch(v->data, 1, &i, v->x, v->y));
  PetscCall(HGTensorToVec(v->x, 0, a));
  PetscCall(HGTensorToVec(v->y, 0, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Finds the unknown from observations. The last evaluation is at the solution: a line search ends elsewhere */
static PetscErrorCode Search(Inversion *v, PetscInt n, const Vec a[], const Vec u[], HGTrainer *trainer, HGObjective *o)
{
  PetscReal f;
  Vec       p, g;

  PetscFunctionBegin;
  PetscCall(CreateTrainer(v, trainer, o));
  PetscCall(HGObjectiveInversionSetPhysics(*o, v->physics));
  PetscCall(HGObjectiveInversionSetObservations(*o, n, a, u));
  PetscCall(HGObjectiveInversionSetWeights(*o, v->weights));
  PetscCall(HGTrainerSetUp(*trainer));
  PetscCall(HGTrainerTrain(*trainer));
  PetscCall(HGTrainerGetParameters(*trainer, &p));
  PetscCall(VecDuplicate(p, &g));
  PetscCall(HGObjectiveEvaluate(*o, p, &f, g));
  PetscCall(VecDestroy(&g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetOutcome(HGTrainer trainer, HGObjective o, PetscReal *misfit, PetscInt *its, const char **reason)
{
  Tao                tao;
  TaoConvergedReason why;

  PetscFunctionBegin;
  PetscCall(HGTrainerGetTao(trainer, &tao));
  PetscCall(TaoGetIterationNumber(tao, its));
  PetscCall(TaoGetConvergedReason(tao, &why));
  PetscCall(HGObjectiveInversionGetMisfit(o, misfit));
  *reason = TaoConvergedReasons[why];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a signal has left of the work */
static PetscErrorCode SayStopped(const char done[])
{
  const int signal_number = HGSignalReceived();

  PetscFunctionBegin;
  if (signal_number) PetscCall(PetscFPrintf(PETSC_COMM_WORLD, stderr, "halograd: %s: %s\n", HGSignalName(signal_number), done));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a parameter, from all samples ---- */

static PetscErrorCode FindParameter(Inversion *v)
{
  PetscInt    first, last, n, its;
  PetscReal   value, misfit;
  const char *reason;
  Vec        *a, *u;
  HGTrainer   trainer;
  HGObjective o;

  PetscFunctionBegin;
  PetscCall(HGDataGetRange(v->data, &first, &last));
  n = last - first;
  PetscCall(PetscMalloc2(n, &a, n, &u));
  for (PetscInt i = 0; i < n; i++) {
    PetscCall(DMCreateGlobalVector(v->dm, &a[i]));
    PetscCall(DMCreateGlobalVector(v->dm, &u[i]));
    PetscCall(ReadSample(v, i, a[i], u[i]));
  }
  PetscCall(Search(v, n, a, u, &trainer, &o));
  PetscCall(GetOutcome(trainer, o, &misfit, &its, &reason));
  PetscCall(HGTrainerGetUnknown(trainer, NULL, &value));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "invert samples=%" PetscInt_FMT " %s=%.10g misfit=%.6g iterations=%" PetscInt_FMT " reason=%s\n",
                        n, v->unknown, (double)value, (double)misfit, its, reason));
  PetscCall(HGTrainerDestroy(&trainer));
  PetscCall(HGObjectiveDestroy(&o));
  for (PetscInt i = 0; i < n; i++) {
    PetscCall(VecDestroy(&a[i]));
    PetscCall(VecDestroy(&u[i]));
  }
  PetscCall(PetscFree2(a, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a field for each sample ---- */

static PetscErrorCode CreateOutput(Inversion *v)
{
  PetscInt    dim, grid[3], cin, cout, first, last;
  const char *title, *input, *output, *file;
  char        text[PETSC_MAX_PATH_LEN + 256];

  PetscFunctionBegin;
  PetscCall(HGDataGetSizes(v->data, &dim, NULL, &cin, &cout, grid));
  PetscCall(HGDataGetRange(v->data, &first, &last));
  PetscCall(HGDataGetFile(v->data, &file));
  PetscCall(HGPhysicsGetDescription(v->physics, &title, &input, &output));
  PetscCall(HGFieldFileCreate(PETSC_COMM_WORLD, v->output, &v->file));
  PetscCall(HGFieldFileSetSizes(v->file, dim, last - first, grid));
  PetscCall(HGFieldFileSetData(v->file, v->data));
  PetscCall(PetscSNPrintf(text, sizeof(text), "%s: inputs found from the solutions of %s, samples %" PetscInt_FMT " to %" PetscInt_FMT,
                          title, file, first, last - 1));
  PetscCall(HGFieldFileSetAttribute(v->file, "title", text));
  PetscCall(HGFieldFileAddVariable(v->file, "a", cin, v->dtype, &v->a));
  PetscCall(HGFieldFileSetVariableAttribute(v->file, v->a, "long_name", input));
  PetscCall(HGFieldFileAddVariable(v->file, "u", cout, v->dtype, &v->u));
  PetscCall(HGFieldFileSetVariableAttribute(v->file, v->u, "long_name", output));
  PetscCall(HGFieldFileSetUp(v->file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RelativeError(Vec found, Vec truth, PetscReal *error)
{
  PetscReal norm;

  PetscFunctionBegin;
  PetscCall(VecNorm(truth, NORM_2, &norm));
  PetscCall(VecAXPY(truth, -1, found));
  PetscCall(VecNorm(truth, NORM_2, error));
  *error /= norm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FindField(Inversion *v, PetscInt i, Vec truth, Vec start, Vec observed, PetscReal *misfit, PetscReal *error)
{
  PetscInt    its;
  char        compared[64] = "";
  const char *reason;
  HGTrainer   trainer;
  HGObjective o;
  Vec         a, u;

  PetscFunctionBegin;
  PetscCall(ReadSample(v, i, truth, observed));
  PetscCall(VecSet(start, v->start));
  PetscCall(Search(v, 1, &start, &observed, &trainer, &o));
  if (v->many && HGSignalReceived()) { /* it is not through */
    PetscCall(HGTrainerDestroy(&trainer));
    PetscCall(HGObjectiveDestroy(&o));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGObjectiveInversionGetFields(o, &a, &u));
  PetscCall(HGFieldFileWriteVec(v->file, v->a, i, v->dm, a));
  PetscCall(HGFieldFileWriteVec(v->file, v->u, i, v->dm, u));
  PetscCall(GetOutcome(trainer, o, misfit, &its, &reason));
  *error = 0;
  if (v->has_input) {
    PetscCall(RelativeError(a, truth, error));
    PetscCall(PetscSNPrintf(compared, sizeof(compared), " error=%.6g", (double)*error));
  }
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "invert sample=%" PetscInt_FMT " misfit=%.6g%s iterations=%" PetscInt_FMT " reason=%s\n", i,
                        (double)*misfit, compared, its, reason));
  PetscCall(HGTrainerDestroy(&trainer));
  PetscCall(HGObjectiveDestroy(&o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Samples first to last - 1 were not found any more: missing values, as netCDF readers know them */
static PetscErrorCode WriteMissing(Inversion *v, PetscInt first, PetscInt last, Vec missing)
{
  PetscFunctionBegin;
  PetscCall(VecSet(missing, NAN));
  for (PetscInt i = first; i < last; i++) {
    PetscCall(HGFieldFileWriteVec(v->file, v->a, i, v->dm, missing));
    PetscCall(HGFieldFileWriteVec(v->file, v->u, i, v->dm, missing));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FindFields(Inversion *v)
{
  PetscInt       first, last, n, found = 0;
  PetscReal      misfit, error, sum = 0;
  Vec            truth, start, observed;
  char           done[PETSC_MAX_PATH_LEN + 128];
  PetscErrorCode e = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCall(HGDataGetRange(v->data, &first, &last));
  n = last - first;
  PetscCall(CreateOutput(v));
  PetscCall(DMCreateGlobalVector(v->dm, &truth));
  PetscCall(VecDuplicate(truth, &start));
  PetscCall(VecDuplicate(truth, &observed));
  PetscCall(HGSignalBegin());
  for (PetscInt i = 0; i < n && !e && !HGSignalReceived(); i++) {
    e = FindField(v, i, truth, start, observed, &misfit, &error);
    if (e || (v->many && HGSignalReceived())) break;
    sum += error;
    found++;
  }
  if (!e && found < n) e = WriteMissing(v, found, n, start);
  if (e) {
    PetscCall(HGFieldFileDestroy(&v->file)); /* nothing half-written stays */
    PetscCall(e);
  }
  PetscCall(HGFieldFileClose(&v->file));
  PetscCall(HGSignalEnd());
  if (v->has_input && found)
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "mean relative L2 error of the fields found %.4g\n", (double)(sum / (PetscReal)found)));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "wrote %s: a and u, %" PetscInt_FMT " samples\n", v->output, n));
  PetscCall(PetscSNPrintf(done, sizeof(done),
                          "stopped after %" PetscInt_FMT " of %" PetscInt_FMT " samples; those behind them are not a number in %s", found,
                          n, v->output));
  if (v->many) PetscCall(SayStopped(done));
  PetscCall(VecDestroy(&truth));
  PetscCall(VecDestroy(&start));
  PetscCall(VecDestroy(&observed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckPaths(Inversion *v)
{
  AppPath path[] = {
      {"-data_file", NULL, PETSC_FALSE},    {"-model_input", NULL, PETSC_FALSE}, {"-model_output", NULL, PETSC_TRUE},
      {"-train_history", NULL, PETSC_TRUE}, {"-output", v->output, PETSC_TRUE},
  };

  PetscFunctionBegin;
  PetscCall(HGDataGetFile(v->data, &path[0].path));
  PetscCall(HGTrainerGetModelInput(v->trainer, &path[1].path));
  PetscCall(HGTrainerGetModelOutput(v->trainer, &path[2].path));
  PetscCall(HGTrainerGetHistory(v->trainer, &path[3].path));
  PetscCall(AppCheckPaths(v->field ? 5 : 4, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Fields are searched for one after the other; a file of the trainer's holds one search */
static PetscErrorCode CheckSearches(Inversion *v)
{
  static const char *const option[] = {"-model_input", "-model_output", "-train_history"};
  PetscInt                 first, last;
  const char              *path[3];

  PetscFunctionBegin;
  PetscCall(HGDataGetRange(v->data, &first, &last));
  v->many = v->field && last - first > 1 ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(HGTrainerGetModelInput(v->trainer, &path[0]));
  PetscCall(HGTrainerGetModelOutput(v->trainer, &path[1]));
  PetscCall(HGTrainerGetHistory(v->trainer, &path[2]));
  for (int i = 0; i < 3; i++)
    HGCheck(!v->many || !*path[i], PETSC_COMM_WORLD,
            "%s %s holds one search, but there are %" PetscInt_FMT " samples; choose one with -data_range %" PetscInt_FMT ",%" PetscInt_FMT,
            option[i], path[i], last - first, first, first + 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppInvert(const char word[], PetscBool help)
{
  Inversion v = {.help = help};

  PetscFunctionBegin;
  (void)word;
  PetscCall(Configure(&v));
  if (!help) {
    PetscCall(AppCheckOptions());
    PetscCall(CheckPaths(&v));
    PetscCall(Prepare(&v));
    PetscCall(CheckSearches(&v));
    PetscCall(v.field ? FindFields(&v) : FindParameter(&v));
  }
  PetscCall(HGTrainerDestroy(&v.trainer));
  PetscCall(VecDestroy(&v.weights));
  PetscCall(HGTensorDestroy(&v.x));
  PetscCall(HGTensorDestroy(&v.y));
  PetscCall(HGPhysicsDestroy(&v.physics));
  PetscCall(HGPartitionDestroy(&v.part));
  PetscCall(HGDataDestroy(&v.data));
  PetscFunctionReturn(PETSC_SUCCESS);
}
