/* SPDX-License-Identifier: BSD-2-Clause */
#include "app.h"
#include <omp.h>

typedef struct {
  HGData      data, validation; /* validation: NULL for none */
  HGNet       net;
  HGTrainer   trainer;
  HGPartition part;
  HGPhysics   physics;                  /* NULL: targets alone */
  PetscReal   weight, bc_weight, scale; /* of the residual, of soft conditions; of the solution where there is no target */
  PetscInt    labelled;
  PetscReal   unknown_start;
  const char *unknown, *output; /* output: file of an unknown field, empty for none */
  PetscBool   scale_set, help;
} Training;

/* -data_validation_file (with -data_validation_labels) and -data_validation_range: another file, or other samples of the same one */
static PetscErrorCode CreateValidation(Training *t)
{
  char      file[PETSC_MAX_PATH_LEN] = "", labels[PETSC_MAX_PATH_LEN] = "";
  PetscInt  range[2] = {0, 0};
  PetscBool has_file, has_range;

  PetscFunctionBegin;
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Validation options", "");
  PetscCall(
      HGOptionsPath(PetscOptionsObject, "-data_validation_file", "file of samples to validate on after each epoch", "", file, &has_file));
  PetscCall(HGOptionsPath(PetscOptionsObject, "-data_validation_labels", "its labels, if it is an IDX file of images", "", labels, NULL));
  PetscCall(HGOptionsRange(PetscOptionsObject, "-data_validation_range",
                           "its samples first,last, half-open; without a file those of -data_file", "", range, &has_range));
  PetscOptionsEnd();
  if (!has_file && !has_range) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &t->validation));
  PetscCall(HGDataSetFromOptions(t->validation));
  PetscCall(HGDataSetValidation(t->validation, PETSC_TRUE));
  if (has_file) {
    PetscCall(HGDataSetFile(t->validation, file));
    PetscCall(HGDataSetLabels(t->validation, labels));
  }
  if (has_range || has_file) PetscCall(HGDataSetRange(t->validation, range[0], has_range ? range[1] : -1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* -physics_type: an equation whose residual is trained against. Its grid is that of the network's output, which comes later. */
static PetscErrorCode CreatePhysics(Training *t)
{
  HGModel     model = NULL;
  const char *type = NULL, *path = "";
  PetscBool   set, has = PETSC_FALSE, points = PETSC_FALSE;

  PetscFunctionBegin;
  t->weight = t->scale = t->bc_weight = 1;
  t->labelled                         = -1;
  t->unknown = t->output = "";
  PetscCall(HGOptionsGetString("-physics_type", &type, &set));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &t->physics));
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Physics options", "");
  if (!set) /* an equation lists it itself */
    PetscCall(HGOptionsType(PetscOptionsObject, "-physics_type", "equation whose residual joins the loss", "HGPhysicsSetType",
                            HGPhysicsList, &type, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-physics_weight", "what the residual counts beside the misfit to targets",
                          "HGTrainerSetPhysics", 0, PETSC_MAX_REAL, &t->weight, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-bc_weight", "what soft boundary conditions count", "HGTrainerSetBoundaryWeight", 0,
                          PETSC_MAX_REAL, &t->bc_weight, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-physics_scale", "without targets: the size of the solution", "HGTrainerSetPhysics",
                          HG_POSITIVE, PETSC_MAX_REAL, &t->scale, &t->scale_set));
  PetscCall(HGOptionsString(PetscOptionsObject, "-physics_unknown",
                            "parameter of the equation to find with the network, or a, its input field", "HGTrainerSetUnknown", &t->unknown,
                            NULL));
  PetscCall(
      HGOptionsString(PetscOptionsObject, "-output", "with -physics_unknown a: file to write the field found to", "", &t->output, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-physics_unknown_start", "where its search starts; 0: the equation's value",
                          "HGTrainerSetUnknown", -PETSC_MAX_REAL, PETSC_MAX_REAL, &t->unknown_start, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-data_labelled", "so many samples have targets, the first ones; -1 for all",
                         "HGTrainerSetLabelled", -1, PETSC_MAX_INT, &t->labelled, NULL));
  PetscOptionsEnd();
  PetscCall(HGOptionsGetString("-model_input", &path, NULL));
  if (*path && !t->help) PetscCall(HGModelOpen(PETSC_COMM_WORLD, path, &model));
  if (model) PetscCall(HGModelHas(model, "", "physics_options", &has));
  if (model) PetscCall(HGModelHasCollocation(model, &points));
  HGCheck(!points, PETSC_COMM_WORLD,
          "%s holds a network of coordinates and its equation; go on with -net_type mlp and -physics_type or -coord_problem", path);
  if (has) PetscCall(AppPhysicsOptions(model, t->physics));
  else if (set) {
    PetscCall(HGPhysicsSetType(t->physics, type));
    PetscCall(HGPhysicsSetFromOptions(t->physics));
  } else PetscCall(HGPhysicsDestroy(&t->physics));
  PetscCall(HGModelDestroy(&model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpPhysics(Training *t)
{
  PetscFunctionBegin;
  PetscCall(HGTrainerSetLabelled(t->trainer, t->labelled));
  PetscCall(HGTrainerSetUnknown(t->trainer, t->unknown, t->unknown_start));
  if (!t->physics) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(AppPhysicsSetUp(t->physics, t->net));
  PetscCall(HGTrainerSetPhysics(t->trainer, t->physics, t->weight));
  PetscCall(HGTrainerSetBoundaryWeight(t->trainer, t->bc_weight));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without a target the solution's channels are the equation's, and -physics_scale its size */
static PetscErrorCode SetScale(Training *t, PetscInt dim, const PetscInt size[HG_AXES], PetscInt *cout)
{
  const PetscReal zero[3] = {0, 0, 0}, scale[3] = {t->scale, t->scale, t->scale};

  PetscFunctionBegin;
  PetscCall(HGPhysicsSetGrid(t->physics, dim, &size[HG_Z]));
  PetscCall(HGPhysicsGetChannels(t->physics, NULL, cout));
  PetscCheck(*cout <= 3, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "more than 3 unknowns");
  PetscCall(HGDataSetNormalization(t->data, HG_DATA_TARGET, *cout, zero, scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Configure(Training *t)
{
  PetscFunctionBegin;
  PetscCall(AppModelOptions());
  PetscCall(CreatePhysics(t));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &t->data));
  PetscCall(HGDataSetFromOptions(t->data));
  PetscCall(CreateValidation(t));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &t->net));
  PetscCall(HGNetSetFromOptions(t->net));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &t->part));
  PetscCall(HGPartitionSetFromOptions(t->part));
  PetscCall(HGTrainerCreate(PETSC_COMM_WORLD, &t->trainer));
  PetscCall(HGTrainerSetFromOptions(t->trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CopyNormalization(HGData from, HGData to, HGDataRole role)
{
  PetscInt         n;
  const PetscReal *mean, *deviation;

  PetscFunctionBegin;
  PetscCall(HGDataGetNormalization(from, role, &n, &mean, &deviation));
  PetscCall(HGDataSetNormalization(to, role, n, mean, deviation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode LoadData(Training *t, HGDType dtype)
{
  PetscFunctionBegin;
  PetscCall(HGDataLoad(t->data, t->part, dtype));
  if (!t->validation) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CopyNormalization(t->data, t->validation, HG_DATA_INPUT));
  PetscCall(CopyNormalization(t->data, t->validation, HG_DATA_TARGET));
  PetscCall(HGDataLoad(t->validation, t->part, dtype));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same variables on the same grid */
static PetscErrorCode SetUpValidation(Training *t, const PetscInt size[HG_AXES])
{
  const char *input, *target;
  PetscInt    dim, samples, cin, cout, grid[3], classes;

  PetscFunctionBegin;
  if (!t->validation) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataGetVariables(t->data, &input, &target));
  PetscCall(HGDataSetVariables(t->validation, input, target));
  PetscCall(HGDataGetClasses(t->data, &classes));
  if (classes) PetscCall(HGDataSetClasses(t->validation, classes));
  PetscCall(HGDataSetUp(t->validation));
  PetscCall(HGDataGetSizes(t->validation, &dim, &samples, &cin, &cout, grid));
  for (int a = 0; a < 3; a++)
    HGCheck(grid[a] == size[HG_Z + a], PETSC_COMM_WORLD,
            "the validation data has a grid of %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
            " (z, y, x), the training data %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT "; give data on the same grid",
            grid[0], grid[1], grid[2], size[HG_Z], size[HG_Y], size[HG_X]);
  PetscCall(AppCompareValidation(t->data, t->validation));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckPaths(Training *t)
{
  AppPath path[] = {
      {"-data_file", NULL, PETSC_FALSE},   {"-data_validation_file", NULL, PETSC_FALSE}, {"-model_input", NULL, PETSC_FALSE},
      {"-model_output", NULL, PETSC_TRUE}, {"-train_history", NULL, PETSC_TRUE},         {"-output", t->output, PETSC_TRUE},
  };

  PetscFunctionBegin;
  PetscCall(HGDataGetFile(t->data, &path[0].path));
  if (t->validation) PetscCall(HGDataGetFile(t->validation, &path[1].path));
  PetscCall(HGTrainerGetModelInput(t->trainer, &path[2].path));
  PetscCall(HGTrainerGetModelOutput(t->trainer, &path[3].path));
  PetscCall(HGTrainerGetHistory(t->trainer, &path[4].path));
  PetscCall(AppCheckPaths(6, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckModelData(Training *t, const char model[], const HGDataInfo *info)
{
  const char *input, *target, *file;
  PetscInt    dim;

  PetscFunctionBegin;
  PetscCall(HGDataGetSizes(t->data, &dim, NULL, NULL, NULL, NULL));
  PetscCall(HGDataGetFile(t->data, &file));
  HGCheck(dim == info->dim, PETSC_COMM_WORLD,
          "%s was trained on %" PetscInt_FMT "-D data, %s is %" PetscInt_FMT "-D; give %" PetscInt_FMT
          "-D data, or train a new model without -model_input",
          model, info->dim, file, dim, info->dim);
  PetscCall(HGDataGetVariables(t->data, &input, &target));
  if (strcmp(input, info->data_input) || strcmp(target, info->data_target))
    PetscCall(PetscFPrintf(PETSC_COMM_WORLD, stderr, "halograd: warning: %s was trained from %s to %s, this run goes from %s to %s\n",
                           model, info->data_input, info->data_target, input, target));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Prepare(Training *t)
{
  const char *model, *target;
  HGModel     file;
  HGDataInfo  info = {.dim = 0};
  HGDType     dtype, kept;
  PetscBool   none;
  PetscInt    dim, samples, cout, classes, size[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGTrainerGetModelInput(t->trainer, &model));
  if (*model) {
    PetscCall(HGModelOpen(PETSC_COMM_WORLD, model, &file));
    PetscCall(AppNetFromModel(file, &info, t->net));
    PetscCall(HGModelDestroy(&file));
    PetscCall(AppUseModelData(&info, t->data));
  }
  PetscCall(HGDataSetUp(t->data));
  PetscCall(HGDataGetVariables(t->data, NULL, &target));
  PetscCall(PetscStrcmp(target, "none", &none));
  if (*model) PetscCall(CheckModelData(t, model, &info));
  HGCheck(!none || t->physics, PETSC_COMM_WORLD,
          "no target variable to train for; choose one or more with -data_target, or the labels of images with -data_labels, or an "
          "equation with -physics_type");
  PetscCall(HGDataGetSizes(t->data, &dim, &samples, &size[HG_C], none ? NULL : &cout, &size[HG_Z]));
  if (none && !*model) PetscCall(SetScale(t, dim, size, &cout));
  HGCheck(!*model || !t->scale_set || !none || info.deviation[HG_DATA_TARGET][0] == t->scale, PETSC_COMM_WORLD,
          "-physics_scale %g: %s keeps the scale it was trained with, %g; leave the option out", (double)t->scale, model,
          *model ? (double)info.deviation[HG_DATA_TARGET][0] : 0.);
  PetscCall(HGDataInfoDestroy(&info));
  PetscCall(HGDataGetClasses(t->data, &classes));
  if (classes) cout = classes; /* a logit for each */
  PetscCall(SetUpValidation(t, size));
  if (!*model) PetscCall(HGNetSetChannels(t->net, size[HG_C], cout));
  PetscCall(HGTrainerGetBatchSize(t->trainer, &size[HG_N]));
  PetscCall(HGPartitionSetSizes(t->part, dim, size));
  PetscCall(HGPartitionSetUp(t->part));
  PetscCall(HGGetDType(&dtype));
  PetscCall(LoadData(t, dtype));
  PetscCall(HGTrainerGetParameterType(t->trainer, *t->unknown ? HG_F64 : dtype, &kept));
  PetscCall(HGNetSetParameterType(t->net, kept));
  PetscCall(HGNetSetUp(t->net, t->part, dtype));
  PetscCall(HGTrainerSetNet(t->trainer, t->net));
  PetscCall(HGTrainerSetData(t->trainer, t->data, t->validation));
  PetscCall(SetUpPhysics(t));
  PetscCall(HGTrainerSetUp(t->trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Announce(Training *t)
{
  char        options[1024];
  Vec         p;
  PetscInt    first, last, n;
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(HGNetGetOptionsString(t->net, options, sizeof(options)));
  PetscCall(HGDataGetRange(t->data, &first, &last));
  PetscCall(HGTrainerGetParameters(t->trainer, &p));
  PetscCall(VecGetSize(p, &n));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: %" PetscInt_FMT " parameters, %" PetscInt_FMT " samples, %d rank%s x %d thread%s\n", options,
                        n, last - first, size, size == 1 ? "" : "s", omp_get_max_threads(), omp_get_max_threads() == 1 ? "" : "s"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateFieldFile(Training *t, PetscInt channels, PetscInt *variable, HGFieldFile *file)
{
  PetscInt      dim, grid[3];
  const char   *title, *input;
  const HGAxis *axis;

  PetscFunctionBegin;
  PetscCall(HGDataGetSizes(t->data, &dim, NULL, NULL, NULL, grid));
  PetscCall(HGPhysicsGetDescription(t->physics, &title, &input, NULL));
  PetscCall(HGFieldFileCreate(PETSC_COMM_WORLD, t->output, file));
  PetscCall(HGFieldFileSetSizes(*file, dim, 1, grid));
  for (PetscInt a = 3 - dim; a < 3; a++) {
    PetscCall(HGDataGetAxis(t->data, a, &axis));
    if (axis) PetscCall(HGFieldFileSetAxis(*file, a, axis));
  }
  PetscCall(HGFieldFileSetAttribute(*file, "title", title));
  PetscCall(HGFieldFileAddVariable(*file, "a", channels, HG_F64, variable));
  PetscCall(HGFieldFileSetVariableAttribute(*file, *variable, "long_name", input));
  PetscCall(HGFieldFileSetUp(*file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The input field that is found with the network; before the first step its file is only tried */
static PetscErrorCode WriteUnknownField(Training *t, PetscBool only_try)
{
  HGObjective o;
  HGFieldFile file;
  PetscInt    channels, variable;
  Vec         p, a;
  DM          da;

  PetscFunctionBegin;
  if (!*t->output) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTrainerGetObjective(t->trainer, &o));
  PetscCall(HGTrainerGetParameters(t->trainer, &p));
  PetscCall(HGObjectiveFieldsGetUnknownField(o, p, &a));
  PetscCall(VecGetDM(a, &da));
  PetscCall(DMDAGetDof(da, &channels));
  PetscCall(CreateFieldFile(t, channels, &variable, &file));
  if (only_try) {
    PetscCall(HGFieldFileDestroy(&file));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGFieldFileWriteVec(file, variable, 0, da, a));
  PetscCall(HGFieldFileClose(&file));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "wrote %s: a\n", t->output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(Training *t)
{
  PetscFunctionBegin;
  PetscCall(HGTrainerDestroy(&t->trainer));
  PetscCall(HGNetDestroy(&t->net));
  PetscCall(HGDataDestroy(&t->data));
  PetscCall(HGDataDestroy(&t->validation));
  PetscCall(HGPartitionDestroy(&t->part));
  PetscCall(HGPhysicsDestroy(&t->physics));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppTrain(const char word[], PetscBool help)
{
  Training t = {.help = help};

  PetscFunctionBegin;
  (void)word;
  PetscCall(Configure(&t));
  if (!help) {
    PetscCall(AppCheckOptions());
    HGCheck(!*t.output || !strcmp(t.unknown, "a"), PETSC_COMM_WORLD, "-output %s: there is a field to write with -physics_unknown a only",
            t.output);
    PetscCall(CheckPaths(&t));
    PetscCall(Prepare(&t));
    PetscCall(Announce(&t));
    PetscCall(WriteUnknownField(&t, PETSC_TRUE));
    PetscCall(HGTrainerTrain(t.trainer));
    PetscCall(WriteUnknownField(&t, PETSC_FALSE));
  }
  PetscCall(Destroy(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}
