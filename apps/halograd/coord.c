/* SPDX-License-Identifier: BSD-2-Clause */
/* Coordinate networks: train -net_type mlp, and predict and evaluate with their model files */
#include "app.h"
#include <omp.h>

typedef struct {
  HGCoordProblem problem;
  HGCoordNet     net;
  HGCoordTrainer trainer;
  Vec            v;
  const char    *model, *output, *history; /* files, empty for none */
  PetscInt       seed, grid;
} Coord;

PetscErrorCode AppIsCoord(PetscBool *is)
{
  const char *type = "";

  PetscFunctionBegin;
  PetscCall(HGOptionsGetString("-net_type", &type, NULL));
  PetscCall(PetscStrcasecmp(type, HGNETMLP, is));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppIsCoordModel(PetscBool *is)
{
  const char    *path = "";
  HGModel        m;
  PetscErrorCode e;

  PetscFunctionBegin;
  *is = PETSC_FALSE;
  PetscCall(HGOptionsGetString("-model", &path, NULL));
  if (!*path) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL)); /* what is wrong with a file is told where it is used */
  e = HGModelOpen(PETSC_COMM_WORLD, path, &m);
  PetscCall(PetscPopErrorHandler());
  if (!e) {
    PetscCall(HGModelIsCoord(m, is));
    PetscCall(HGModelDestroy(&m));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What -help lists without a problem is that of burgers */
static PetscErrorCode Configure(Coord *c, PetscBool help)
{
  PetscBool set;

  PetscFunctionBegin;
  PetscCall(HGCoordProblemCreate(PETSC_COMM_WORLD, &c->problem));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-coord_problem", &set));
  if (help && !set) PetscCall(HGCoordProblemSetType(c->problem, "burgers"));
  PetscCall(HGCoordProblemSetFromOptions(c->problem));
  PetscCall(HGCoordNetCreate(PETSC_COMM_WORLD, &c->net));
  PetscCall(HGCoordNetSetFromOptions(c->net));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp(Coord *c)
{
  HGDType dtype;

  PetscFunctionBegin;
  PetscCall(HGGetDType(&dtype));
  PetscCall(HGCoordProblemSetUp(c->problem, c->net, dtype));
  PetscCall(HGCoordProblemCreateParameters(c->problem, (uint64_t)c->seed, &c->v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(Coord *c)
{
  PetscFunctionBegin;
  PetscCall(VecDestroy(&c->v));
  PetscCall(HGCoordTrainerDestroy(&c->trainer));
  PetscCall(HGCoordNetDestroy(&c->net));
  PetscCall(HGCoordProblemDestroy(&c->problem));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintError(Coord *c)
{
  PetscReal error;

  PetscFunctionBegin;
  PetscCall(HGCoordProblemError(c->problem, c->v, c->grid, &error));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "evaluate points=%" PetscInt_FMT " rel_l2=%.10g\n", c->grid, (double)error));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Report(Coord *c, double seconds)
{
  const char *name;
  double      value;
  PetscReal   loss;
  PetscInt    n;

  PetscFunctionBegin;
  PetscCall(HGCoordTrainerGetIterations(c->trainer, &n, &loss));
  PetscCall(HGCoordProblemGetUnknown(c->problem, &name, &value));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "train iterations=%" PetscInt_FMT " seconds=%.1f loss=%.6g%s%s", n, seconds, (double)loss,
                        name ? " " : "", name ? name : ""));
  if (name) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "=%.10g", value));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadTrainingOptions(Coord *c)
{
  PetscInt type = 0;

  PetscFunctionBegin;
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "halograd train -net_type mlp", "");
  PetscCall(HGOptionsChoice("-net_type", "a network of coordinates", "", (const char *const[]){HGNETMLP}, 1, &type, NULL));
  PetscCall(HGOptionsGetString("-model_output", &c->output, NULL)); /* listed by the trainer, as is the next */
  PetscCall(HGOptionsGetString("-train_history", &c->history, NULL));
  PetscCall(HGOptionsString("-model_input", "model file to start from", "", &c->model, NULL));
  PetscCall(HGOptionsInt("-train_seed", "seed of the initial weights", "", PETSC_MIN_INT, PETSC_MAX_INT, &c->seed, NULL));
  PetscCall(HGOptionsInt("-coord_grid", "points along each axis of the grid of the error", "HGCoordProblemError", 2, PETSC_MAX_INT,
                         &c->grid, NULL));
  PetscOptionsEnd();
  PetscCall(AppModelOptions());
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppTrainCoord(PetscBool help)
{
  Coord    c = {.model = "", .output = "", .history = "", .grid = 201};
  PetscInt n = 0;
  double   begin;

  PetscFunctionBegin;
  PetscCall(ReadTrainingOptions(&c));
  PetscCall(Configure(&c, help));
  PetscCall(HGCoordTrainerCreate(c.problem, &c.trainer));
  PetscCall(HGCoordTrainerSetFromOptions(c.trainer));
  if (!help) {
    const AppPath path[] = {
        {"-model_input", c.model, PETSC_FALSE},
        {"-model_output", c.output, PETSC_TRUE},
        {"-train_history", c.history, PETSC_TRUE},
    };
    PetscCall(AppCheckOptions());
    PetscCall(AppCheckPaths(3, path));
    PetscCall(SetUp(&c));
    if (*c.model) PetscCall(HGCoordProblemReadModel(c.problem, c.model, c.v));
    PetscCall(VecGetSize(c.v, &n));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "mlp: %" PetscInt_FMT " parameters, %d threads\n", n, omp_get_max_threads()));
    begin = MPI_Wtime();
    PetscCall(HGCoordTrainerTrain(c.trainer, c.v));
    PetscCall(Report(&c, MPI_Wtime() - begin));
    if (!HGSignalReceived()) PetscCall(PrintError(&c));
  }
  PetscCall(Destroy(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Network and problem are those of the model file; the command line's options of them are not asked */
static PetscErrorCode ConfigureFromModel(Coord *c)
{
  HGModel m;

  PetscFunctionBegin;
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, c->model, &m));
  PetscCall(HGCoordProblemCreate(PETSC_COMM_WORLD, &c->problem));
  PetscCall(HGCoordProblemSetModel(c->problem, m));
  PetscCall(HGCoordNetCreate(PETSC_COMM_WORLD, &c->net));
  PetscCall(HGCoordNetSetModel(c->net, m));
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

/* The first two axes of the box as a field: x runs along the rows, the second coordinate is y of the file */
static PetscErrorCode WriteField(Coord *c)
{
  const double *lo, *hi;
  PetscInt      dim, out, xs, ys, xm, ym, variable;
  PetscInt      size[3] = {1, c->grid, c->grid};
  HGFieldFile   file;
  DM            da;
  Vec           u;
  PetscScalar  *a;
  double       *x;

  PetscFunctionBegin;
  PetscCall(HGCoordProblemGetBox(c->problem, &dim, &lo, &hi));
  PetscCall(HGCoordNetGetSizes(c->net, NULL, &out, NULL));
  HGCheck(dim == 2, PETSC_COMM_WORLD, "predict writes problems of 2 coordinates, this one has %" PetscInt_FMT, dim);
  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_BOX, c->grid, c->grid, PETSC_DECIDE,
                         PETSC_DECIDE, out, 0, NULL, NULL, &da));
  PetscCall(DMSetUp(da));
  PetscCall(DMDAGetCorners(da, &xs, &ys, NULL, &xm, &ym, NULL));
  PetscCall(DMCreateGlobalVector(da, &u));
  PetscCall(PetscMalloc1(2 * xm * ym, &x));
  for (PetscInt i = 0; i < xm * ym; i++) {
    x[2 * i]     = lo[0] + (hi[0] - lo[0]) * (double)(xs + i % xm) / (double)(c->grid - 1);
    x[2 * i + 1] = lo[1] + (hi[1] - lo[1]) * (double)(ys + i / xm) / (double)(c->grid - 1);
  }
  PetscCall(VecGetArray(u, &a));
  PetscCall(HGCoordProblemPredict(c->problem, c->v, xm * ym, x, a));
  PetscCall(VecRestoreArray(u, &a));
  PetscCall(HGFieldFileCreate(PETSC_COMM_WORLD, c->output, &file));
  PetscCall(HGFieldFileSetSizes(file, 2, 1, size));
  PetscCall(SetAxis(file, 2, "x", c->grid, lo[0], hi[0]));
  PetscCall(SetAxis(file, 1, "y", c->grid, lo[1], hi[1]));
  PetscCall(HGFieldFileSetAttribute(file, "title", "a coordinate network on its box: x is the first coordinate, y the second"));
  PetscCall(HGFieldFileAddVariable(file, "u", out, HG_F64, &variable));
  PetscCall(HGFieldFileSetUp(file));
  PetscCall(HGFieldFileWriteVec(file, variable, 0, da, u));
  PetscCall(HGFieldFileClose(&file));
  PetscCall(PetscFree(x));
  PetscCall(VecDestroy(&u));
  PetscCall(DMDestroy(&da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppApplyCoord(PetscBool writes)
{
  Coord c = {.model = "", .output = "prediction.nc", .grid = 201};

  PetscFunctionBegin;
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Applying a coordinate network", "");
  PetscCall(HGOptionsString("-model", "model file", "", &c.model, NULL));
  PetscCall(HGOptionsInt("-coord_grid", "points along each axis of the box", "HGCoordProblemError", 2, PETSC_MAX_INT, &c.grid, NULL));
  if (writes) PetscCall(HGOptionsString("-output", "file to write the field to", "", &c.output, NULL));
  PetscOptionsEnd();
  PetscCall(AppModelOptions());
  PetscCall(AppCheckOptions());
  PetscCall(ConfigureFromModel(&c));
  PetscCall(SetUp(&c));
  PetscCall(HGCoordProblemReadModel(c.problem, c.model, c.v));
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
