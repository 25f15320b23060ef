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
  PetscInt    variable;
} Prediction;

static PetscErrorCode Configure(Prediction *p, PetscBool writes)
{
  PetscInt grid = 201; /* read by AppApplyCoord() */

  PetscFunctionBegin;
  p->batch_size = 8;
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, writes ? "halograd predict" : "halograd evaluate", "");
  PetscCall(PetscOptionsString("-model", "model file", "", p->model, p->model, sizeof(p->model), NULL));
  PetscCall(PetscOptionsInt("-predict_batch_size", "samples at once over all ranks", "", p->batch_size, &p->batch_size, NULL));
  if (writes) {
    PetscCall(PetscStrncpy(p->output, "prediction.nc", sizeof(p->output)));
    PetscCall(PetscOptionsString("-output", "file to write the results to", "", p->output, p->output, sizeof(p->output), NULL));
  }
  if (p->help)
    PetscCall(PetscOptionsInt("-coord_grid", "of a coordinate network: points along each axis of the box", "", grid, &grid, NULL));
  PetscOptionsEnd();
  PetscCall(AppModelOptions());
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &p->data));
  PetscCall(HGDataSetFromOptions(p->data));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &p->net));
  PetscCall(HGNetSetTraining(p->net, PETSC_FALSE));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p->part));
  PetscCall(HGPartitionSetFromOptions(p->part));
  if (p->help) PetscFunctionReturn(PETSC_SUCCESS);
  HGCheck(*p->model, PETSC_COMM_WORLD, "no model; choose one with -model");
  HGCheck(!writes || *p->output, PETSC_COMM_WORLD, "-output has no value; give the name of the file to write");
  HGCheck(p->batch_size >= 1, PETSC_COMM_WORLD, "-predict_batch_size %" PetscInt_FMT ": give at least 1", p->batch_size);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Model, data and layout; the parameters go into the network at once, the Vec is not kept */
static PetscErrorCode Prepare(Prediction *p, PetscBool target)
{
  PetscInt dim, samples, cout, size[HG_AXES];
  HGDType  dtype;
  HGModel  model;
  Vec      values;

  PetscFunctionBegin;
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, p->model, &model));
  PetscCall(AppNetFromModel(model, &p->info, p->net));
  PetscCall(AppCheckOptions());
  PetscCall(AppUseModelData(&p->info, p->data, target));
  PetscCall(HGDataSetUp(p->data));
  PetscCall(HGDataGetSizes(p->data, &dim, &samples, &size[HG_C], &cout, &size[HG_Z]));
  HGCheck(dim == p->info.dim, PETSC_COMM_WORLD, "the data is %" PetscInt_FMT "-D, %s was trained on %" PetscInt_FMT "-D data", dim,
          p->model, p->info.dim);
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

/* The output takes the target's name, and the samples' coordinates if it has their points */
static PetscErrorCode CreateOutput(Prediction *p)
{
  HGTensor    y;
  HGPartition q;
  PetscInt    size[HG_AXES];
  const char *input, *file;
  char        text[PETSC_MAX_PATH_LEN + 64];
  PetscInt    dim, first, last, cin, cout, grid[3];
  HGDType     dtype;

  PetscFunctionBegin;
  PetscCall(HGFieldFileCreate(PETSC_COMM_WORLD, p->output, &p->file));
  PetscCall(HGDataGetSizes(p->data, &dim, NULL, &cin, &cout, grid));
  PetscCall(HGDataGetRange(p->data, &first, &last));
  PetscCall(HGDataGetFile(p->data, &file));
  PetscCall(HGDataGetVariables(p->data, &input, NULL));
  PetscCall(HGNetGetOutput(p->net, &y, NULL));
  PetscCall(HGTensorGetPartition(y, &q));
  PetscCall(HGPartitionGetSizes(q, NULL, size));
  PetscCall(HGFieldFileSetSizes(p->file, dim, last - first, &size[HG_Z]));
  for (PetscInt a = 3 - dim; a < 3; a++) {
    const HGAxis *axis;

    if (size[HG_Z + a] != grid[a]) continue;
    PetscCall(HGDataGetAxis(p->data, a, &axis));
    PetscCall(HGFieldFileSetAxis(p->file, a, axis));
  }
  PetscCall(PetscSNPrintf(text, sizeof(text), "%s applied to %s of %s, samples %" PetscInt_FMT " to %" PetscInt_FMT, p->model, input, file,
                          first, last - 1));
  PetscCall(HGFieldFileSetAttribute(p->file, "title", text));
  PetscCall(HGGetDType(&dtype));
  PetscCall(HGFieldFileAddVariable(p->file, strchr(p->info.data_target, ',') ? "prediction" : p->info.data_target, p->info.channels[1],
                                   dtype, &p->variable));
  if (strchr(p->info.data_target, ',')) PetscCall(HGFieldFileSetVariableAttribute(p->file, p->variable, "channels", p->info.data_target));
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

PetscErrorCode AppPredict(PetscBool help)
{
  Prediction p = {.help = help};

  PetscFunctionBegin;
  PetscCall(Configure(&p, PETSC_TRUE));
  if (!help) {
    PetscCall(CheckPaths(&p));
    PetscCall(Prepare(&p, PETSC_FALSE));
    PetscCall(CreateOutput(&p));
    PetscCall(HGPredict(p.net, p.data, p.physics, p.file, p.variable, NULL));
    PetscCall(HGFieldFileClose(&p.file));
  }
  PetscCall(Destroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintMetrics(const HGMetrics *m)
{
  PetscFunctionBegin;
  if (m->classes) {
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "accuracy %.2f %%, cross entropy %.4g\n", 100 * (double)m->accuracy, (double)m->cross_entropy));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "evaluate samples=%" PetscInt_FMT " accuracy=%.10g cross_entropy=%.10g\n", m->samples,
                          (double)m->accuracy, (double)m->cross_entropy));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "mean relative L2 error %.4g, mean squared error %.4g, largest error %.4g\n", (double)m->rel_l2,
                        (double)m->mse, (double)m->max_error));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "evaluate samples=%" PetscInt_FMT " rel_l2=%.10g mse=%.10g max_error=%.10g\n", m->samples,
                        (double)m->rel_l2, (double)m->mse, (double)m->max_error));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppEvaluate(PetscBool help)
{
  Prediction p = {.help = help};
  HGMetrics  m;

  PetscFunctionBegin;
  PetscCall(Configure(&p, PETSC_FALSE));
  if (!help) {
    PetscCall(Prepare(&p, PETSC_TRUE));
    PetscCall(HGPredict(p.net, p.data, p.physics, NULL, 0, &m));
    PetscCall(PrintMetrics(&m));
  }
  PetscCall(Destroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}
