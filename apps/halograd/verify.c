/* SPDX-License-Identifier: BSD-2-Clause */
#include "app.h"

typedef struct {
  HGNet       net;
  HGLoss      loss;
  HGPartition part;
  HGTensor    target;
  Vec         p, g, direction, trial;
  PetscInt    size[HG_AXES], dim, seed;
  HGDType     dtype;
} Verification;

static PetscErrorCode Configure(Verification *v)
{
  PetscInt grid[3] = {16, 16, 0}, n = 2, channels[2] = {2, 2}, nc = 2, batch = 2;

  PetscFunctionBegin;
  v->seed = 1;
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "halograd verify", "");
  PetscCall(HGOptionsIntArray(PetscOptionsObject, "-grid", "points along x, or x,y, or x,y,z", "", 1, PETSC_MAX_INT, 1, 3, grid, &n, NULL));
  PetscCall(HGOptionsIntArray(PetscOptionsObject, "-verify_channels", "channels of input and output, or one number for both", "", 1,
                              PETSC_MAX_INT, 1, 2, channels, &nc, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-verify_batch_size", "samples", "", 1, PETSC_MAX_INT, &batch, NULL));
  PetscCall(
      HGOptionsInt(PetscOptionsObject, "-seed", "seed of parameters, input and target", "", PETSC_MIN_INT, PETSC_MAX_INT, &v->seed, NULL));
  PetscOptionsEnd();
  v->dim        = n;
  v->size[HG_N] = batch;
  v->size[HG_C] = channels[0];
  for (PetscInt a = 0; a < 3; a++) v->size[HG_X - a] = a < v->dim ? grid[a] : 1;
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &v->net));
  PetscCall(HGNetSetFromOptions(v->net));
  PetscCall(HGNetSetChannels(v->net, channels[0], nc > 1 ? channels[1] : channels[0]));
  PetscCall(HGLossCreate(PETSC_COMM_WORLD, &v->loss));
  PetscCall(HGLossSetFromOptions(v->loss));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &v->part));
  PetscCall(HGPartitionSetFromOptions(v->part));
  PetscCall(HGGetDType(&v->dtype));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetRandomDirection(Verification *v, PetscInt number)
{
  char         name[32];
  uint64_t     stream;
  PetscInt     first, last;
  PetscScalar *d;
  Vec          natural;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(name, sizeof(name), "direction %" PetscInt_FMT, number));
  stream = HGRandomStream(name);
  PetscCall(HGNetCreateNaturalParameters(v->net, &natural));
  PetscCall(VecGetOwnershipRange(natural, &first, &last));
  PetscCall(VecGetArrayWrite(natural, &d));
  for (PetscInt i = first; i < last; i++) d[i - first] = 2 * HGRandomUniform((uint64_t)v->seed, stream, (uint64_t)i) - 1;
  PetscCall(VecRestoreArrayWrite(natural, &d));
  PetscCall(HGNetNaturalToGlobal(v->net, natural, v->direction));
  PetscCall(VecDestroy(&natural));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp(Verification *v)
{
  HGTensor    x, y;
  HGPartition out;
  PetscInt    size[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGPartitionSetSizes(v->part, v->dim, v->size));
  PetscCall(HGPartitionSetUp(v->part));
  PetscCall(HGNetSetUp(v->net, v->part, v->dtype));
  PetscCall(HGNetGetInput(v->net, &x));
  PetscCall(HGNetGetOutput(v->net, &y, NULL));
  PetscCall(HGTensorGetPartition(y, &out));
  PetscCall(HGPartitionGetSizes(out, NULL, size));
  PetscCall(HGLossCreateTarget(v->loss, y, &v->target));
  PetscCall(HGTensorSetRandom(x, (uint64_t)v->seed, "input", PETSC_FALSE));
  PetscCall(HGLossSetRandomTarget(v->loss, size[HG_C], (uint64_t)v->seed, v->target));
  PetscCall(HGNetCreateParameters(v->net, &v->p));
  PetscCall(HGNetInitializeParameters(v->net, (uint64_t)v->seed, v->p));
  PetscCall(VecDuplicate(v->p, &v->g));
  PetscCall(VecDuplicate(v->p, &v->direction));
  PetscCall(VecDuplicate(v->p, &v->trial));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Evaluate(Verification *v, Vec p, Vec g, PetscReal *f)
{
  HGTensor             x, y, dy;
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscCall(HGNetGetInput(v->net, &x));
  PetscCall(HGNetGetOutput(v->net, &y, &dy));
  PetscCall(HGTensorGetLocal(x, &l));
  PetscCall(HGNetSetParameters(v->net, p));
  PetscCall(HGNetForward(v->net, l->box.size[HG_N]));
  PetscCall(HGLossEvaluate(v->loss, v->size[HG_N], y, v->target, g ? dy : NULL, f));
  if (!g) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGNetAdjointBegin(v->net));
  PetscCall(HGNetAdjoint(v->net, l->box.size[HG_N]));
  PetscCall(HGNetAdjointEnd(v->net, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* |f(p + h d) - f(p) - h g.d|, which falls as h^2 if g is the gradient */
static PetscErrorCode Remainder(Verification *v, PetscReal f0, PetscReal slope, PetscReal h, PetscReal *r)
{
  PetscReal f;

  PetscFunctionBegin;
  PetscCall(VecWAXPY(v->trial, h, v->direction, v->p));
  PetscCall(Evaluate(v, v->trial, NULL, &f));
  *r = PetscAbsReal(f - f0 - h * slope);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CentralDifference(Verification *v, PetscReal h, PetscReal *d)
{
  PetscReal above, below;

  PetscFunctionBegin;
  PetscCall(VecWAXPY(v->trial, h, v->direction, v->p));
  PetscCall(Evaluate(v, v->trial, NULL, &above));
  PetscCall(VecWAXPY(v->trial, -h, v->direction, v->p));
  PetscCall(Evaluate(v, v->trial, NULL, &below));
  *d = (above - below) / (2 * h);
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define DIRECTIONS 7

#define ORDER 1.9 /* least order of the remainder */

/* |central difference - slope| over |g| |d| */
static PetscErrorCode DifferenceError(Verification *v, PetscReal slope, PetscReal h, PetscReal *error)
{
  PetscReal difference = 0, norm = 0, scale = 0;

  PetscFunctionBegin;
  PetscCall(CentralDifference(v, h, &difference));
  PetscCall(VecNorm(v->g, NORM_2, &norm));
  PetscCall(VecNorm(v->direction, NORM_2, &scale));
  *error = PetscAbsReal(difference - slope) / (norm * scale);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RemainderOrder(Verification *v, PetscReal f, PetscReal slope, PetscReal h, PetscReal *order)
{
  PetscReal r1 = 0, r2 = 0;

  PetscFunctionBegin;
  PetscCall(Remainder(v, f, slope, h, &r1));
  PetscCall(Remainder(v, f, slope, h / 4, &r2));
  *order = PetscLog2Real(r1 / r2) / 2;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What one direction tells. A kink of relu that lies within a step spoils it, whatever the gradient; other steps are tried then. A wrong
   gradient has a large error and an order of 1 with all steps. */
static PetscErrorCode TestDirection(Verification *v, PetscInt number, PetscReal limit, PetscReal *error, PetscReal *order)
{
  const PetscBool f64   = v->dtype == HG_F64 ? PETSC_TRUE : PETSC_FALSE;
  const PetscInt  tries = f64 ? 3 : 1;
  PetscReal       f = 0, slope = 0, e = 0, o = 0;

  PetscFunctionBegin;
  PetscCall(SetRandomDirection(v, number));
  PetscCall(Evaluate(v, v->p, v->g, &f));
  PetscCall(VecDot(v->g, v->direction, &slope));
  *error = PETSC_MAX_REAL;
  *order = 0;
  for (PetscInt i = 0; i < tries && *error >= limit; i++) {
    PetscCall(DifferenceError(v, slope, (f64 ? 1e-6 : 1e-3) * PetscPowReal(0.1, (PetscReal)i), &e));
    *error = PetscMin(*error, e);
  }
  for (PetscReal h = 1e-6; f64 && h < 2e-3 && *order <= ORDER; h *= 2) {
    PetscCall(RemainderOrder(v, f, slope, h, &o));
    *order = PetscMax(*order, o);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Medians over some directions. The error of a central difference is that of roundoff; the order, which roundoff hides in single
   precision, is 2. */
static PetscErrorCode TestGradient(Verification *v, PetscBool *ok)
{
  const PetscBool f64   = v->dtype == HG_F64 ? PETSC_TRUE : PETSC_FALSE;
  const PetscReal limit = f64 ? 1e-7 : 1e-3;
  PetscReal       error[DIRECTIONS], order[DIRECTIONS];

  PetscFunctionBegin;
  for (PetscInt i = 0; i < DIRECTIONS; i++) PetscCall(TestDirection(v, i, limit, &error[i], &order[i]));
  PetscCall(PetscSortReal(DIRECTIONS, error));
  PetscCall(PetscSortReal(DIRECTIONS, order));
  *ok = error[DIRECTIONS / 2] < limit && (!f64 || order[DIRECTIONS / 2] > ORDER) ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "verify gradient dtype=%s directions=%d error=%.3g limit=%.3g", HGDTypeName(v->dtype), DIRECTIONS,
                        (double)error[DIRECTIONS / 2], (double)limit));
  if (f64) PetscCall(PetscPrintf(PETSC_COMM_WORLD, " taylor_order=%.3f", (double)order[DIRECTIONS / 2]));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, " %s\n", *ok ? "ok" : "FAILED"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(Verification *v)
{
  PetscFunctionBegin;
  PetscCall(HGNetDestroy(&v->net));
  PetscCall(HGLossDestroy(&v->loss));
  PetscCall(HGPartitionDestroy(&v->part));
  PetscCall(HGTensorDestroy(&v->target));
  PetscCall(VecDestroy(&v->p));
  PetscCall(VecDestroy(&v->g));
  PetscCall(VecDestroy(&v->direction));
  PetscCall(VecDestroy(&v->trial));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppVerify(const char word[], PetscBool help)
{
  Verification v  = {NULL};
  PetscBool    ok = PETSC_TRUE;

  PetscFunctionBegin;
  (void)word;
  PetscCall(Configure(&v));
  if (!help) {
    PetscCall(AppCheckOptions());
    PetscCall(SetUp(&v));
    PetscCall(TestGradient(&v, &ok));
  }
  PetscCall(Destroy(&v));
  HGCheck(ok, PETSC_COMM_WORLD, "the gradient test failed");
  PetscFunctionReturn(PETSC_SUCCESS);
}
