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
  PetscInt grid[3] = {16, 16, 16}, n = 3, channels[2] = {2, 2}, nc = 2, batch = 2;
  PetscBool set;

  PetscFunctionBegin;
  v->seed = 1;
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "halograd verify", "");
  PetscCall(PetscOptionsIntArray("-grid", "points along x, y, z (default 16,16)", "", grid, &n, &set));
  PetscCall(PetscOptionsIntArray("-verify_channels", "channels of input and output (default 2,2)", "", channels, &nc, NULL));
  PetscCall(PetscOptionsInt("-verify_batch_size", "samples", "", batch, &batch, NULL));
  PetscCall(PetscOptionsInt("-seed", "seed of parameters, input and target", "", v->seed, &v->seed, NULL));
  PetscOptionsEnd();
  v->dim        = set ? n : 2;
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

static PetscErrorCode SetRandomDirection(Verification *v)
{
  PetscInt     first, last;
  PetscScalar *d;

  PetscFunctionBegin;
  PetscCall(VecGetOwnershipRange(v->direction, &first, &last));
  PetscCall(VecGetArrayWrite(v->direction, &d));
  for (PetscInt i = first; i < last; i++) d[i - first] = 2 * HGRandomUniform((uint64_t)v->seed, HGRandomStream("direction"), (uint64_t)i) - 1;
  PetscCall(VecRestoreArrayWrite(v->direction, &d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp(Verification *v)
{
  HGTensor    x, y;
  HGPartition out;

  PetscFunctionBegin;
  PetscCall(HGPartitionSetSizes(v->part, v->dim, v->size));
  PetscCall(HGPartitionSetUp(v->part));
  PetscCall(HGNetSetUp(v->net, v->part, v->dtype));
  PetscCall(HGNetGetInput(v->net, &x));
  PetscCall(HGNetGetOutput(v->net, &y, NULL));
  PetscCall(HGTensorGetPartition(y, &out));
  PetscCall(HGTensorCreate(out, v->dtype, &v->target));
  PetscCall(HGTensorSetUp(v->target));
  PetscCall(HGTensorSetRandom(x, (uint64_t)v->seed, "input", PETSC_FALSE));
  PetscCall(HGTensorSetRandom(v->target, (uint64_t)v->seed, "target", PETSC_FALSE));
  PetscCall(HGNetCreateParameters(v->net, &v->p));
  PetscCall(HGNetInitializeParameters(v->net, (uint64_t)v->seed, v->p));
  PetscCall(VecDuplicate(v->p, &v->g));
  PetscCall(VecDuplicate(v->p, &v->direction));
  PetscCall(VecDuplicate(v->p, &v->trial));
  PetscCall(SetRandomDirection(v));
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

static const char *Verdict(PetscBool ok)
{
  return ok ? "ok" : "FAILED";
}

/* The slope along a random direction against a central difference, whose error is that of roundoff, about eps f / h. In double
   precision also the order of the remainder: 2, with some scatter from the kinks of relu that lie between p and p + h d. */
static PetscErrorCode TestGradient(Verification *v, PetscBool *ok)
{
  const PetscBool f64 = v->dtype == HG_F64 ? PETSC_TRUE : PETSC_FALSE;
  const PetscReal eps = f64 ? PETSC_MACHINE_EPSILON : 1.2e-7, step = f64 ? 1e-6 : 1e-3, h = 1e-5;
  PetscReal       f, slope, norm, scale, difference, r1, r2, order, error;

  PetscFunctionBegin;
  PetscCall(Evaluate(v, v->p, v->g, &f));
  PetscCall(VecDot(v->g, v->direction, &slope));
  PetscCall(VecNorm(v->g, NORM_2, &norm));
  PetscCall(VecNorm(v->direction, NORM_2, &scale));
  PetscCall(CentralDifference(v, step, &difference));
  error = PetscAbsReal(difference - slope) / (norm * scale);
  *ok   = error < 100 * eps * f / (step * norm * scale) + step ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "verify slope=%.10g central_difference=%.10g error=%.3g %s\n", (double)slope, (double)difference, (double)error, Verdict(*ok)));
  if (!f64) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(Remainder(v, f, slope, h, &r1));
  PetscCall(Remainder(v, f, slope, h / 4, &r2));
  order = PetscLog2Real(r1 / r2) / 2;
  *ok   = *ok && order > 1.7 ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "verify taylor_remainder=%.3g at_a_quarter=%.3g order=%.3f %s\n", (double)r1, (double)r2, (double)order, Verdict(order > 1.7 ? PETSC_TRUE : PETSC_FALSE)));
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

PetscErrorCode AppVerify(PetscBool help)
{
  Verification v  = {NULL};
  PetscBool    ok = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCall(Configure(&v));
  if (!help) {
    PetscCall(AppCheckOptions());
    PetscCall(SetUp(&v));
    PetscCall(TestGradient(&v, &ok));
  }
  PetscCall(Destroy(&v));
  HGCheck(ok, PETSC_COMM_WORLD, "the gradient test failed; with -net_activation relu a kink may lie in the way, try another -seed");
  PetscFunctionReturn(PETSC_SUCCESS);
}
