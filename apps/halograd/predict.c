/* SPDX-License-Identifier: BSD-2-Clause */
#include "app.h"

typedef struct {
  char        model[PETSC_MAX_PATH_LEN], output[PETSC_MAX_PATH_LEN];
  PetscInt    batch_size;
  PetscBool   help;
  HGData      data;
  HGNet       net;
  HGPhysics   physics; /* NULL: the output is the result */
  HGPartition part;
  HGDataInfo  info; /* of the data that the model was trained on */
  HGFieldFile file;
  HGDType     dtype; /* of the numbers in it */
} Prediction;

static PetscErrorCode Configure(Prediction *p, PetscBool writes)
{
  PetscInt grid = 201 /* of AppPredictCoord() */, dtype;

  PetscFunctionBegin;
  p->batch_size = 8;
  PetscCall(HGGetDType(&p->dtype));
  dtype = p->dtype;
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, writes ? "halograd predict" : "halograd evaluate", "");
  PetscCall(HGOptionsPath(PetscOptionsObject, "-model", "model file", "", p->model, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-predict_batch_size", "samples at once over all ranks", "", 1, PETSC_MAX_INT, &p->batch_size,
                         NULL));
  if (writes) {
    PetscCall(PetscStrncpy(p->output, "prediction.nc", sizeof(p->output)));
    PetscCall(HGOptionsPath(PetscOptionsObject, "-output", "file to write the results to", "", p->output, NULL));
    PetscCall(HGOptionsChoice(PetscOptionsObject, "-output_dtype", "type of the numbers in it (default that of -hg_dtype)", "", HGDTypes, 2,
                              &dtype, NULL));
  }
  if (p->help)
    PetscCall(HGOptionsInt(PetscOptionsObject, "-coord_grid", "of a coordinate network: points along each axis of the box", "", 2,
                           PETSC_MAX_INT, &grid, NULL));
  PetscOptionsEnd();
  PetscCall(AppModelOptions());
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &p->data));
  PetscCall(HGDataSetFromOptions(p->data));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &p->net));
  PetscCall(HGNetSetTraining(p->net, PETSC_FALSE));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p->part));
  PetscCall(HGPartitionSetFromOptions(p->part));
  if (p->help) {
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "The network is the model's; options of networks may only say what they are there\n"));
    PetscCall(HGNetSetFromOptions(p->net));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (!*p->model) PetscCall(AppCheckOptions()); /* it may be misspelled */
  HGCheck(*p->model, PETSC_COMM_WORLD, "no model; choose one with -model");
  p->dtype = (HGDType)dtype;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Model, data and layout; the parameters go into the network at once, the Vec is not kept */
static PetscErrorCode Prepare(Prediction *p, PetscBool target)
{
  PetscInt  dim, samples, cout, size[HG_AXES];
  HGDType   dtype;
  HGModel   model;
  Vec       values;
  PetscBool pointwise;

  PetscFunctionBegin;
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, p->model, &model));
  PetscCall(AppNetFromModel(model, &p->info, p->net));
  PetscCall(AppCheckOptions());
  PetscCall(AppUseModelData(&p->info, p->data));
  PetscCall(HGDataSetTargetOptional(p->data, target ? PETSC_FALSE : PETSC_TRUE));
  PetscCall(HGDataSetUp(p->data));
  PetscCall(HGDataGetSizes(p->data, &dim, &samples, &size[HG_C], &cout, &size[HG_Z]));
  PetscCall(HGNetHasJets(p->net, &pointwise));
  HGCheck(pointwise || dim == p->info.dim, PETSC_COMM_WORLD, "the data is %" PetscInt_FMT "-D, %s was trained on %" PetscInt_FMT "-D data",
          dim, p->model, p->info.dim);
  size[HG_N] = p->batch_size;
  PetscCall(HGPartitionSetSizes(p->part, dim, size));
  PetscCall(HGPartitionSetUp(p->part));
  PetscCall(HGGetDType(&dtype));
  PetscCall(HGDataLoad(p->data, p->part, dtype));
  PetscCall(HGNetSetUp(p->net, p->part, dtype));
  PetscCall(AppPhysicsFromModel(model, p->net, &p->physics));
  PetscCall(HGNetCreateParameters(p->net, &values));
  PetscCall(HGNetReadModel(p->net, model, values));
  PetscCall(HGModelDestroy(&model));
  PetscCall(HGNetSetParameters(p->net, values));
  PetscCall(VecDestroy(&values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The targets by their names alone: a channel for each, if there are as many, or all in one variable */
static PetscErrorCode AddNamed(Prediction *p, PetscInt channels)
{
  char   **names;
  int      n;
  PetscInt id;

  PetscFunctionBegin;
  PetscCall(PetscStrToArray(strcmp(p->info.data_target, "none") ? p->info.data_target : "prediction", ',', &n, &names));
  if (n == 1 || n == channels)
    for (int i = 0; i < n; i++)
      PetscCall(HGFieldFileAddVariable(p->file, names[i] + (*names[i] == '/'), n == 1 ? channels : 1, p->dtype, &id));
  else {
    PetscCall(HGFieldFileAddVariable(p->file, "prediction", channels, p->dtype, &id));
    PetscCall(HGFieldFileSetVariableAttribute(p->file, id, "channels", p->info.data_target));
  }
  PetscCall(PetscStrToArrayDestroy(n, names));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A variable for each target, in its form as far as it is known; the network's output must have as many channels as they have */
static PetscErrorCode AddTargets(Prediction *p, PetscInt channels)
{
  const HGDataVariable *v;
  PetscInt              n = 0, all = 0, id;

  PetscFunctionBegin;
  for (;; n++) {
    PetscCall(HGDataGetVariable(p->data, HG_DATA_TARGET, n, &v));
    if (!v) break;
    all += v->channels;
  }
  for (PetscInt i = 0; i < n && all == channels; i++)
    PetscCall(HGFieldFileAddVariableLike(p->file, p->data, HG_DATA_TARGET, i, p->dtype, &id));
  if (!n || all != channels) PetscCall(AddNamed(p, channels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The output has the samples of the data, with their coordinates, and the axes of space where it has their points */
static PetscErrorCode CreateOutput(Prediction *p)
{
  HGTensor    y;
  HGPartition q;
  PetscInt    size[HG_AXES];
  const char *input, *file;
  char       *title;
  size_t      len[3];
  PetscInt    dim, first, last;

  PetscFunctionBegin;
  PetscCall(HGFieldFileCreate(PETSC_COMM_WORLD, p->output, &p->file));
  PetscCall(HGDataGetSizes(p->data, &dim, NULL, NULL, NULL, NULL));
  PetscCall(HGDataGetRange(p->data, &first, &last));
  PetscCall(HGDataGetFile(p->data, &file));
  PetscCall(HGDataGetVariables(p->data, &input, NULL));
  PetscCall(HGNetGetOutput(p->net, &y, NULL));
  PetscCall(HGTensorGetPartition(y, &q));
  PetscCall(HGPartitionGetSizes(q, NULL, size));
  PetscCall(HGFieldFileSetSizes(p->file, dim, last - first, &size[HG_Z]));
  PetscCall(HGFieldFileSetData(p->file, p->data));
  PetscCall(PetscStrlen(p->model, &len[0]));
  PetscCall(PetscStrlen(input, &len[1]));
  PetscCall(PetscStrlen(file, &len[2]));
  PetscCall(PetscMalloc1(len[0] + len[1] + len[2] + 128, &title));
  PetscCall(PetscSNPrintf(title, len[0] + len[1] + len[2] + 128, "%s applied to %s of %s, samples %" PetscInt_FMT " to %" PetscInt_FMT,
                          p->model, input, file, first, last - 1));
  PetscCall(HGFieldFileSetAttribute(p->file, "title", title));
  PetscCall(PetscFree(title));
  PetscCall(AddTargets(p, size[HG_C]));
  PetscCall(HGFieldFileSetUp(p->file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckPaths(Prediction *p)
{
  AppPath path[] = {
      {"-data_file", NULL, PETSC_FALSE},
      {"-model", p->model, PETSC_FALSE},
      {"-output", p->output, PETSC_TRUE},
  };

  PetscFunctionBegin;
  PetscCall(HGDataGetFile(p->data, &path[0].path));
  PetscCall(AppCheckPaths(3, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(Prediction *p)
{
  PetscFunctionBegin;
  PetscCall(HGDataInfoDestroy(&p->info));
  PetscCall(HGNetDestroy(&p->net));
  PetscCall(HGDataDestroy(&p->data));
  PetscCall(HGPartitionDestroy(&p->part));
  PetscCall(HGPhysicsDestroy(&p->physics));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppPredict(const char word[], PetscBool help)
{
  Prediction     p = {.help = help};
  PetscErrorCode e;

  PetscFunctionBegin;
  (void)word;
  PetscCall(Configure(&p, PETSC_TRUE));
  if (!help) {
    PetscCall(CheckPaths(&p));
    PetscCall(Prepare(&p, PETSC_FALSE));
    PetscCall(CreateOutput(&p));
    e = HGPredict(p.net, p.data, p.physics, p.file, NULL, NULL);
    if (e) {
      PetscCall(HGFieldFileDestroy(&p.file)); /* nothing half-written stays */
      PetscCall(e);
    }
    PetscCall(HGFieldFileClose(&p.file));
  }
  PetscCall(Destroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintClasses(const HGMetrics *m)
{
  PetscFunctionBegin;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "accuracy %.2f %%, cross entropy %.4g\n", 100 * (double)m->accuracy, (double)m->cross_entropy));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "evaluate samples=%" PetscInt_FMT " accuracy=%.10g cross_entropy=%.10g\n", m->samples,
                        (double)m->accuracy, (double)m->cross_entropy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A line for each variable, and a word on what the total is of them */
static PetscErrorCode PrintVariables(HGData data, const HGMetrics each[])
{
  const HGDataVariable *first, *v;
  PetscBool             same = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCall(HGDataGetVariable(data, HG_DATA_TARGET, 0, &first));
  PetscCall(HGDataGetVariable(data, HG_DATA_TARGET, 1, &v));
  if (!v) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt i = 0;; i++) {
    PetscCall(HGDataGetVariable(data, HG_DATA_TARGET, i, &v));
    if (!v) break;
    if (!*v->units || strcmp(v->units, first->units)) same = PETSC_FALSE;
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "evaluate variable=%s rel_l2=%.10g mse=%.10g max_error=%.10g%s%s\n", v->name,
                          (double)each[i].rel_l2, (double)each[i].mse, (double)each[i].max_error, *v->units ? " units=" : "", v->units));
  }
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "the total takes the numbers of all variables as they are%s\n",
                        same ? "" : ", though their units are not the same: the largest ones decide it"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintMetrics(HGData data, const HGMetrics *m, const HGMetrics each[])
{
  PetscFunctionBegin;
  if (m->classes) {
    PetscCall(PrintClasses(m));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PrintVariables(data, each));
  if (m->zero)
    PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                          "%" PetscInt_FMT " of %" PetscInt_FMT " targets are zero everywhere and have no relative error\n", m->zero,
                          m->samples));
  if ((m->mse == 0 && m->rmse > 0) || (PetscIsInfReal(m->mse) && !PetscIsInfReal(m->rmse)))
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "the mean squared error is too %s for a number; its root is %.10g\n",
                          m->mse == 0 ? "small" : "large", (double)m->rmse));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "mean relative L2 error %.4g, mean squared error %.4g, largest error %.4g\n", (double)m->rel_l2,
                        (double)m->mse, (double)m->max_error));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "evaluate samples=%" PetscInt_FMT " rel_l2=%.10g mse=%.10g max_error=%.10g\n", m->samples,
                        (double)m->rel_l2, (double)m->mse, (double)m->max_error));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Evaluate(Prediction *p)
{
  HGMetrics             total, *each;
  const HGDataVariable *v;
  const char           *file;
  PetscInt              n = 0;

  PetscFunctionBegin;
  for (;; n++) {
    PetscCall(HGDataGetVariable(p->data, HG_DATA_TARGET, n, &v));
    if (!v) break;
  }
  PetscCall(PetscMalloc1(n, &each));
  PetscCall(HGPredict(p->net, p->data, p->physics, NULL, &total, each));
  PetscCall(PrintMetrics(p->data, &total, each));
  PetscCall(PetscFree(each));
  PetscCall(HGDataGetFile(p->data, &file));
  HGCheck(total.bad < 0, PETSC_COMM_WORLD,
          "the prediction for sample %" PetscInt_FMT
          " of %s is not finite, and so no measure is; leave the sample out with -data_range, or look at the "
          "units of the data and at the model",
          total.bad, file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppEvaluate(const char word[], PetscBool help)
{
  Prediction p = {.help = help};

  PetscFunctionBegin;
  (void)word;
  PetscCall(Configure(&p, PETSC_FALSE));
  if (!help) {
    PetscCall(Prepare(&p, PETSC_TRUE));
    PetscCall(Evaluate(&p));
  }
  PetscCall(Destroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}
