/* SPDX-License-Identifier: BSD-2-Clause */
/* Networks of coordinates: train -net_type mlp with an equation, and predict and evaluate with their model files */
#include "app.h"
#include <omp.h>

typedef struct {
  HGCollocation c;
  HGNet         net;
  HGObjective   objective;
  HGTrainer     trainer;
  HGPhysics     physics; /* of -physics_type, NULL for an example */
  HGData        data;    /* with the equation's input field, NULL for none */
  HGPartition   part;
  HGTensor      field[2]; /* input, target or NULL */
  Vec           p;
  const char   *model, *output; /* files, empty for none */
  PetscInt      grid;
  PetscBool     help, missing; /* missing: an equation */
} Coord;

PetscErrorCode AppIsCoord(PetscBool *is)
{
  const char *type = "";
  PetscBool   example, equation, file;

  PetscFunctionBegin;
  PetscCall(HGOptionsGetString("-net_type", &type, NULL));
  PetscCall(PetscStrcasecmp(type, HGNETMLP, is));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-coord_problem", &example));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-physics_type", &equation));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-data_file", &file));
  if (file && !example && !equation) *is = PETSC_FALSE; /* the fields of the file are coordinates and values, as any others */
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppIsCoordModel(PetscBool *is)
{
  const char    *path = "";
  HGModel        m;
  PetscBool      file;
  PetscErrorCode e;

  PetscFunctionBegin;
  *is = PETSC_FALSE;
  PetscCall(HGOptionsGetString("-model", &path, NULL));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-data_file", &file));
  if (!*path || file) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL)); /* what is wrong with a file is told where it is used */
  e = HGModelOpen(PETSC_COMM_WORLD, path, &m);
  PetscCall(PetscPopErrorHandler());
  if (!e) {
    PetscCall(HGModelHasCollocation(m, is));
    PetscCall(HGModelDestroy(&m));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(Coord *c)
{
  PetscFunctionBegin;
  PetscCall(VecDestroy(&c->p));
  for (int i = 0; i < 2; i++) PetscCall(HGTensorDestroy(&c->field[i]));
  PetscCall(HGTrainerDestroy(&c->trainer));
  PetscCall(HGObjectiveDestroy(&c->objective));
  PetscCall(HGCollocationDestroy(&c->c));
  PetscCall(HGNetDestroy(&c->net));
  PetscCall(HGPhysicsDestroy(&c->physics));
  PetscCall(HGPartitionDestroy(&c->part));
  PetscCall(HGDataDestroy(&c->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- an equation with its input from a data file ---- */

static PetscErrorCode CreateField(Coord *c, PetscInt channels, HGTensor *t)
{
  HGPartition p;

  PetscFunctionBegin;
  PetscCall(HGPartitionCreateLike(c->part, 1, channels, &p));
  PetscCall(HGTensorCreate(p, HG_F64, t));
  PetscCall(HGTensorSetUp(*t));
  PetscCall(HGPartitionDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The points of this rank's part of the grid, at the end of the time step unless the equation is steady */
static PetscErrorCode GetPoints(Coord *c, PetscInt dim, PetscInt *n, double **at)
{
  DM               da;
  const double    *lo, *hi;
  const PetscReal *x[3];
  PetscInt         space, start[3], size[3];

  PetscFunctionBegin;
  PetscCall(HGPhysicsGetDM(c->physics, &da));
  PetscCall(DMGetDimension(da, &space));
  PetscCall(HGCollocationGetBox(c->c, &lo, &hi));
  PetscCall(DMDAGetCorners(da, &start[0], &start[1], &start[2], &size[0], &size[1], &size[2]));
  for (PetscInt d = 0; d < space; d++) PetscCall(HGPhysicsGetCoordinates(c->physics, d, &x[d]));
  *n = size[0] * size[1] * size[2];
  PetscCall(PetscMalloc1(*n * dim, at));
  for (PetscInt i = 0; i < *n; i++) {
    const PetscInt k[3] = {i % size[0], i / size[0] % size[1], i / size[0] / size[1]};

    for (PetscInt d = 0; d < space; d++) (*at)[i * dim + d] = (double)x[d][start[d] + k[d]];
    if (dim > space) (*at)[i * dim + space] = hi[space];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A parameter that is to be found is determined by the target's values */
static PetscErrorCode Observe(Coord *c)
{
  PetscBool    unknown;
  PetscInt     dim, out, n;
  double      *at;
  PetscScalar *u;
  Vec          t;

  PetscFunctionBegin;
  PetscCall(PetscOptionsHasName(NULL, NULL, "-physics_unknown", &unknown));
  if (!unknown || !c->field[1]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGCollocationGetSizes(c->c, &dim, &out));
  PetscCall(GetPoints(c, dim, &n, &at));
  PetscCall(VecCreateMPI(PETSC_COMM_WORLD, n * out, PETSC_DETERMINE, &t));
  PetscCall(HGTensorToVec(c->field[1], 0, t));
  PetscCall(VecGetArray(t, &u));
  PetscCall(HGCollocationSetObservations(c->c, n, at, u));
  PetscCall(VecRestoreArray(t, &u));
  PetscCall(VecDestroy(&t));
  PetscCall(PetscFree(at));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first sample of the range: its grid is the equation's, its input the initial state, source or coefficient, its target what is compared with */
static PetscErrorCode LoadField(Coord *c)
{
  const PetscInt first = 0;
  PetscInt       dim, samples, cin, cout, out, grid[3], size[HG_AXES] = {1, 1};
  DM             da;

  PetscFunctionBegin;
  PetscCall(HGDataSetUp(c->data));
  PetscCall(HGDataGetSizes(c->data, &dim, &samples, &cin, &cout, grid));
  size[HG_C] = cin;
  for (int a = 0; a < 3; a++) size[HG_Z + a] = grid[a];
  PetscCall(HGPartitionSetSizes(c->part, dim, size));
  PetscCall(HGPartitionSetUp(c->part));
  PetscCall(HGDataLoad(c->data, c->part, HG_F64));
  PetscCall(CreateField(c, cin, &c->field[0]));
  if (cout) PetscCall(CreateField(c, cout, &c->field[1]));
  PetscCall(HGDataGetBatch(c->data, 1, &first, c->field[0], c->field[1]));
  PetscCall(HGPartitionGetDM(c->part, &da));
  PetscCall(HGPhysicsSetDMDA(c->physics, da));
  PetscCall(HGPhysicsSetUp(c->physics));
  PetscCall(HGCollocationSetPhysics(c->c, c->physics));
  PetscCall(HGCollocationSetField(c->c, c->field[0], 0));
  PetscCall(HGCollocationGetSizes(c->c, NULL, &out));
  HGCheck(!cout || cout == out, PETSC_COMM_WORLD, "the target has %" PetscInt_FMT " channels, the equation %" PetscInt_FMT " unknowns",
          cout, out);
  PetscCall(Observe(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* -physics_type, or the example of -coord_problem */
static PetscErrorCode ConfigureEquation(Coord *c)
{
  const char *type = NULL;
  PetscBool   set, example, list;

  PetscFunctionBegin;
  PetscCall(HGCollocationCreate(PETSC_COMM_WORLD, &c->c));
  PetscCall(HGOptionsGetString("-physics_type", &type, &set));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-coord_problem", &example));
  HGCheck(!set || !example, PETSC_COMM_WORLD, "-physics_type %s and -coord_problem: an example has its own equation; give one of them",
          type);
  PetscCall(PetscOptionsHasHelp(NULL, &list));
  c->missing = set || example || c->help ? PETSC_FALSE : PETSC_TRUE;
  if (c->missing || (list && !example && !set)) PetscCall(HGCollocationSetExample(c->c, HGPHYSICSBURGERS)); /* for its options' names */
  if (set) {
    PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &c->physics));
    PetscCall(HGPhysicsSetType(c->physics, type));
    PetscCall(HGPhysicsSetFromOptions(c->physics));
    PetscCall(HGDataCreate(PETSC_COMM_WORLD, &c->data));
    PetscCall(HGDataSetFromOptions(c->data));
    PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &c->part));
    PetscCall(HGPartitionSetFromOptions(c->part));
    if (!c->help) PetscCall(LoadField(c));
  }
  PetscCall(HGCollocationSetFromOptions(c->c));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &c->net));
  PetscCall(HGNetSetType(c->net, HGNETMLP));
  PetscCall(HGNetSetFromOptions(c->net));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CompareWithTarget(Coord *c, PetscReal *error)
{
  PetscInt     dim, out, n = 0;
  double      *at;
  Vec          u, t;
  PetscScalar *v;
  PetscReal    norm;

  PetscFunctionBegin;
  PetscCall(HGCollocationGetSizes(c->c, &dim, &out));
  PetscCall(GetPoints(c, dim, &n, &at));
  PetscCall(VecCreateMPI(PETSC_COMM_WORLD, n * out, PETSC_DETERMINE, &u));
  PetscCall(VecDuplicate(u, &t));
  PetscCall(VecGetArrayWrite(u, &v));
  PetscCall(HGCollocationApply(c->c, n, at, v));
  PetscCall(VecRestoreArrayWrite(u, &v));
  PetscCall(HGTensorToVec(c->field[1], 0, t));
  PetscCall(VecNorm(t, NORM_2, &norm));
  PetscCall(VecAXPY(u, -1, t));
  PetscCall(VecNorm(u, NORM_2, error));
  *error /= norm;
  PetscCall(PetscFree(at));
  PetscCall(VecDestroy(&u));
  PetscCall(VecDestroy(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Against the exact solution on a grid, or the target of the data file */
static PetscErrorCode PrintError(Coord *c)
{
  PetscReal error;
  PetscBool exact;

  PetscFunctionBegin;
  PetscCall(HGNetSetParameters(c->net, c->p));
  PetscCall(HGCollocationHasExact(c->c, &exact));
  if (exact) {
    PetscCall(HGCollocationError(c->c, c->grid, &error));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "evaluate grid=%" PetscInt_FMT " rel_l2=%.10g\n", c->grid, (double)error));
  } else if (c->field[1]) {
    PetscCall(CompareWithTarget(c, &error));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "evaluate rel_l2=%.10g\n", (double)error));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- training ---- */

static PetscErrorCode ConfigureTrainer(Coord *c)
{
  PetscFunctionBegin;
  PetscCall(HGObjectiveCreate(PETSC_COMM_WORLD, &c->objective));
  PetscCall(HGObjectiveSetType(c->objective, HGOBJECTIVEPOINTS));
  PetscCall(HGObjectivePointsSet(c->objective, c->net, c->c));
  PetscCall(HGTrainerCreate(PETSC_COMM_WORLD, &c->trainer));
  PetscCall(HGTrainerSetObjective(c->trainer, c->objective));
  PetscCall(HGTrainerSetSeed(c->trainer, 0));
  PetscCall(HGTrainerSetIntervals(c->trainer, 1000, 10));
  PetscCall(HGTrainerSetStages(c->trainer, "adam:2000,lmvm:10000"));
  PetscCall(HGTrainerSetFromOptions(c->trainer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Report(Coord *c, double seconds)
{
  const char *name;
  PetscReal   value, loss;
  PetscInt    n;
  Vec         g;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(c->p, &g));
  PetscCall(HGObjectiveEvaluate(c->objective, c->p, &loss, g));
  PetscCall(VecDestroy(&g));
  PetscCall(HGTrainerGetEpoch(c->trainer, &n));
  PetscCall(HGTrainerGetUnknown(c->trainer, &name, &value));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "train iterations=%" PetscInt_FMT " seconds=%.1f loss=%.6g%s%s", n, seconds, (double)loss,
                        name ? " " : "", name ? name : ""));
  if (name) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "=%.10g", (double)value));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckPaths(Coord *c)
{
  const char *input, *output, *history;

  PetscFunctionBegin;
  PetscCall(HGTrainerGetModelInput(c->trainer, &input));
  PetscCall(HGTrainerGetModelOutput(c->trainer, &output));
  PetscCall(HGTrainerGetHistory(c->trainer, &history));
  const AppPath path[] = {
      {"-model_input", input, PETSC_FALSE},
      {"-model_output", output, PETSC_TRUE},
      {"-train_history", history, PETSC_TRUE},
  };

  PetscCall(AppCheckPaths(3, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Train(Coord *c)
{
  HGDType  dtype;
  PetscInt n;
  double   begin;

  PetscFunctionBegin;
  PetscCall(AppCheckOptions());
  HGCheck(!c->missing, PETSC_COMM_WORLD,
          "a network of coordinates needs an equation; choose one with -physics_type, or an example with -coord_problem; -help lists them");
  PetscCall(CheckPaths(c));
  PetscCall(HGGetDType(&dtype));
  PetscCall(HGCollocationSetUpNet(c->c, c->net, dtype));
  PetscCall(HGTrainerSetUp(c->trainer));
  PetscCall(HGTrainerGetParameters(c->trainer, &c->p));
  PetscCall(PetscObjectReference((PetscObject)c->p));
  PetscCall(VecGetSize(c->p, &n));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "mlp: %" PetscInt_FMT " parameters, %d threads\n", n, omp_get_max_threads()));
  begin = MPI_Wtime();
  PetscCall(HGTrainerTrain(c->trainer));
  PetscCall(Report(c, MPI_Wtime() - begin));
  if (!HGSignalReceived()) PetscCall(PrintError(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppTrainCoord(const char word[], PetscBool help)
{
  Coord c = {.grid = 201, .help = help};

  PetscFunctionBegin;
  (void)word;
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "halograd train -net_type mlp", "");
  PetscCall(HGOptionsInt(PetscOptionsObject, "-coord_grid", "points along each axis of the grid of the error", "HGCollocationError", 2,
                         PETSC_MAX_INT, &c.grid, NULL));
  PetscOptionsEnd();
  PetscCall(AppModelOptions());
  PetscCall(ConfigureEquation(&c));
  PetscCall(ConfigureTrainer(&c));
  if (!help) PetscCall(Train(&c));
  PetscCall(Destroy(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- predict and evaluate ---- */

/* Network and equation are those of the model file; the command line's options of them are not asked */
static PetscErrorCode LoadModel(Coord *c)
{
  HGModel m;
  HGDType dtype;

  PetscFunctionBegin;
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, c->model, &m));
  PetscCall(HGCollocationCreate(PETSC_COMM_WORLD, &c->c));
  PetscCall(HGCollocationSetModel(c->c, m));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &c->net));
  PetscCall(HGNetSetModel(c->net, m));
  PetscCall(HGGetDType(&dtype));
  PetscCall(HGCollocationSetUpNet(c->c, c->net, dtype));
  PetscCall(HGCollocationCheckModel(c->c, m));
  PetscCall(HGNetCreateParameters(c->net, &c->p));
  PetscCall(HGNetReadModel(c->net, m, c->p));
  PetscCall(HGNetSetParameters(c->net, c->p));
  PetscCall(HGModelDestroy(&m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The points of a grid along a coordinate, ends included */
static PetscErrorCode SetAxis(HGFieldFile file, PetscInt a, char name[], PetscInt n, double lo, double hi)
{
  HGAxis axis = {.name = name, .units = "1", .n = n};

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &axis.value));
  for (PetscInt i = 0; i < n; i++) axis.value[i] = lo + (hi - lo) * (double)i / (double)(n - 1);
  PetscCall(HGFieldFileSetAxis(file, a, &axis));
  PetscCall(PetscFree(axis.value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The box as a field of as many dimensions: the first coordinate runs along the rows, the others are y and z of the file */
static PetscErrorCode WriteField(Coord *c)
{
  const double *lo, *hi;
  PetscInt      dim, out, start[3], n[3], size[3] = {1, 1, 1}, variable;
  HGFieldFile   file;
  DM            da;
  Vec           u;
  PetscScalar  *a;
  double       *x;

  PetscFunctionBegin;
  PetscCall(HGCollocationGetBox(c->c, &lo, &hi));
  PetscCall(HGCollocationGetSizes(c->c, &dim, &out));
  HGCheck(dim <= 3, PETSC_COMM_WORLD,
          "predict writes boxes of up to 3 coordinates, this one has %" PetscInt_FMT
          "; give points as the channels of a data file with -data_file",
          dim);
  for (PetscInt d = 0; d < dim; d++) size[2 - d] = c->grid;
  PetscCall(DMDACreate3d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_BOX, size[2], size[1],
                         size[0], PETSC_DECIDE, PETSC_DECIDE, PETSC_DECIDE, out, 0, NULL, NULL, NULL, &da));
  PetscCall(DMSetUp(da));
  PetscCall(DMDAGetCorners(da, &start[0], &start[1], &start[2], &n[0], &n[1], &n[2]));
  PetscCall(DMCreateGlobalVector(da, &u));
  PetscCall(PetscMalloc1(dim * n[0] * n[1] * n[2], &x));
  for (PetscInt i = 0; i < n[0] * n[1] * n[2]; i++) {
    const PetscInt at[3] = {start[0] + i % n[0], start[1] + i / n[0] % n[1], start[2] + i / n[0] / n[1]};

    for (PetscInt d = 0; d < dim; d++) x[i * dim + d] = lo[d] + (hi[d] - lo[d]) * (double)at[d] / (double)(c->grid - 1);
  }
  PetscCall(VecGetArray(u, &a));
  PetscCall(HGCollocationApply(c->c, n[0] * n[1] * n[2], x, a));
  PetscCall(VecRestoreArray(u, &a));
  PetscCall(HGFieldFileCreate(PETSC_COMM_WORLD, c->output, &file));
  PetscCall(HGFieldFileSetSizes(file, dim, 1, size));
  for (PetscInt d = 0; d < dim; d++) {
    char name[] = {"xyz"[d], 0};

    PetscCall(SetAxis(file, 2 - d, name, c->grid, lo[d], hi[d]));
  }
  PetscCall(
      HGFieldFileSetAttribute(file, "title", "a network of coordinates on its box: x is the first coordinate, y the second, z the third"));
  PetscCall(HGFieldFileAddVariable(file, "u", out, HG_F64, &variable));
  PetscCall(HGFieldFileSetUp(file));
  PetscCall(HGFieldFileWriteVec(file, variable, 0, da, u));
  PetscCall(HGFieldFileClose(&file));
  PetscCall(PetscFree(x));
  PetscCall(VecDestroy(&u));
  PetscCall(DMDestroy(&da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Apply(PetscBool writes, PetscBool help)
{
  Coord     c = {.model = "", .output = "prediction.nc", .grid = 201};
  PetscBool exact;

  PetscFunctionBegin;
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Applying a network of coordinates", "");
  PetscCall(HGOptionsString(PetscOptionsObject, "-model", "model file", "", &c.model, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-coord_grid", "points along each axis of the box", "HGCollocationError", 2, PETSC_MAX_INT,
                         &c.grid, NULL));
  if (writes) PetscCall(HGOptionsString(PetscOptionsObject, "-output", "file to write the field to", "", &c.output, NULL));
  PetscOptionsEnd();
  PetscCall(AppModelOptions());
  if (help) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(AppCheckOptions());
  PetscCall(LoadModel(&c));
  PetscCall(HGCollocationHasExact(c.c, &exact));
  HGCheck(writes || exact, PETSC_COMM_WORLD,
          "%s has no exact solution to compare with; write its field with halograd predict, or give points and values with -data_file",
          c.model);
  if (writes) {
    const AppPath path[] = {
        {"-model", c.model, PETSC_FALSE},
        {"-output", c.output, PETSC_TRUE},
    };

    PetscCall(AppCheckPaths(2, path));
    PetscCall(WriteField(&c));
  } else PetscCall(PrintError(&c));
  PetscCall(Destroy(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppPredictCoord(const char word[], PetscBool help)
{
  PetscFunctionBegin;
  (void)word;
  PetscCall(Apply(PETSC_TRUE, help));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppEvaluateCoord(const char word[], PetscBool help)
{
  PetscFunctionBegin;
  (void)word;
  PetscCall(Apply(PETSC_FALSE, help));
  PetscFunctionReturn(PETSC_SUCCESS);
}
