/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures are right whatever the units, of each variable and of all, and none is finite where a prediction is not. */
#include "../data/sample_file.h"
#include "../data/bad_input.h"
#include "halograd.h"
#include <math.h>

static const char path[] = "test_predict.nc", out[] = "test_predict_out.nc";

enum { SAMPLES = 5, POINTS = 6 };

/* a, and the targets u and v: v is zero in the last sample */
static double Value(int variable, size_t i)
{
  const double r = sin((double)(i * 7 + 1) * (variable + 1));

  return variable == 2 && i / (POINTS * POINTS) == SAMPLES - 1 ? 0 : r;
}

static PetscErrorCode Write(double unit)
{
  int         nc, dim[3], id[3];
  double      v[SAMPLES * POINTS * POINTS];
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    CallNC(nc_create(path, NC_NETCDF4 | NC_CLOBBER, &nc));
    CallNC(nc_def_dim(nc, "sample", SAMPLES, &dim[0]));
    CallNC(nc_def_dim(nc, "y", POINTS, &dim[1]));
    CallNC(nc_def_dim(nc, "x", POINTS, &dim[2]));
    for (int k = 0; k < 3; k++) CallNC(nc_def_var(nc, (const char *[]){"a", "u", "v"}[k], NC_DOUBLE, 3, dim, &id[k]));
    CallNC(nc_enddef(nc));
    for (int k = 0; k < 3; k++) {
      for (size_t i = 0; i < SAMPLES * POINTS * POINTS; i++) v[i] = Value(k, i) * (k == 1 ? unit : 1);
      CallNC(nc_put_var_double(nc, id[k], v));
    }
    CallNC(nc_close(nc));
  }
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  HGData      data;
  HGPartition part;
  HGNet       net;
  Vec         p;
} Problem;

/* y = (a, a) times the weights, plus the biases; u is normalised by its unit */
static PetscErrorCode Create(double unit, HGDType dtype, const PetscScalar parameters[4], Problem *s)
{
  const PetscInt  size[HG_AXES] = {2, 1, 1, POINTS, POINTS};
  const PetscReal mean[2] = {0, 0}, dev[2] = {unit, 1};
  PetscInt        first, last;
  Vec             natural;

  PetscFunctionBegin;
  PetscCall(Write(unit));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &s->data));
  PetscCall(HGDataSetFile(s->data, path));
  PetscCall(HGDataSetVariables(s->data, "a", "u,v"));
  PetscCall(HGDataSetNormalization(s->data, HG_DATA_TARGET, 2, mean, dev));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &s->part));
  PetscCall(HGPartitionSetSizes(s->part, 2, size));
  PetscCall(HGPartitionSetFromOptions(s->part));
  PetscCall(HGPartitionSetUp(s->part));
  PetscCall(HGDataLoad(s->data, s->part, dtype));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &s->net));
  PetscCall(HGNetSetFromOptions(s->net));
  PetscCall(HGNetSetChannels(s->net, 1, 2));
  PetscCall(HGNetSetUp(s->net, s->part, dtype));
  PetscCall(HGNetCreateParameters(s->net, &s->p));
  PetscCall(HGNetCreateNaturalParameters(s->net, &natural));
  PetscCall(VecGetOwnershipRange(natural, &first, &last));
  for (PetscInt i = first; i < last; i++) PetscCall(VecSetValue(natural, i, parameters[i], INSERT_VALUES));
  PetscCall(VecAssemblyBegin(natural));
  PetscCall(VecAssemblyEnd(natural));
  PetscCall(HGNetNaturalToGlobal(s->net, natural, s->p));
  PetscCall(VecDestroy(&natural));
  PetscCall(HGNetSetParameters(s->net, s->p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(Problem *s)
{
  PetscFunctionBegin;
  PetscCall(HGDataDestroy(&s->data));
  PetscCall(HGNetDestroy(&s->net));
  PetscCall(HGPartitionDestroy(&s->part));
  PetscCall(VecDestroy(&s->p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the measures must be: of variables [first, last), with v in units of u */
static HGMetrics Expected(int first, int last, const PetscScalar p[4], double unit)
{
  HGMetrics m      = {.samples = SAMPLES, .bad = -1};
  double    square = 0, rel = 0;
  int       counted = 0;

  for (size_t n = 0; n < SAMPLES; n++) {
    double e = 0, t = 0;

    for (int k = first; k < last; k++) {
      for (size_t i = n * POINTS * POINTS; i < (n + 1) * POINTS * POINTS; i++) {
        const double scale = k ? 1 / unit : 1, want = Value(k + 1, i) * scale, d = (p[k] * Value(0, i) + p[2 + k]) * scale - want;

        e += d * d;
        t += want * want;
        m.max_error = PetscMax(m.max_error, fabs(d));
      }
    }
    square += e;
    if (t > 0) rel += sqrt(e / t);
    counted += t > 0;
  }
  m.zero   = SAMPLES - counted;
  m.rel_l2 = rel / counted;
  m.rmse   = sqrt(square / (SAMPLES * POINTS * POINTS * (last - first)));
  return m;
}

static PetscErrorCode Compare(const char what[], const HGMetrics *got, const HGMetrics *want, double unit, double tol)
{
  PetscFunctionBegin;
  PetscCheck(got->samples == want->samples && got->zero == want->zero && got->bad == want->bad, PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "%s: %d samples, %d zero, %d bad", what, (int)got->samples, (int)got->zero, (int)got->bad);
  PetscCheck(fabs(got->rel_l2 - want->rel_l2) <= tol * want->rel_l2 && fabs(got->rmse / unit - want->rmse) <= tol * want->rmse &&
                 fabs(got->max_error / unit - want->max_error) <= tol * want->max_error,
             PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "%s: relative error %.10g for %.10g, root mean square %.10g for %.10g, largest %.10g for %.10g", what, got->rel_l2,
             want->rel_l2, got->rmse / unit, want->rmse, got->max_error / unit, want->max_error);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckUnit(double unit, HGDType dtype)
{
  const PetscScalar p[4] = {0.75, -0.5, 0.125, 0.25};
  const double      tol  = dtype == HG_F32 ? 1e-5 : 1e-13; /* a few roundings of values near one */
  Problem           s;
  HGMetrics         m, each[2], want;

  PetscFunctionBegin;
  PetscCall(Create(unit, dtype, p, &s));
  PetscCall(HGPredict(s.net, s.data, NULL, NULL, &m, each));
  want = Expected(0, 1, p, 1);
  PetscCall(Compare("u", &each[0], &want, unit, tol));
  want = Expected(1, 2, p, 1);
  PetscCall(Compare("v", &each[1], &want, 1, tol));
  want = Expected(0, 2, p, unit);
  if (fabs(log2(unit)) < 400) PetscCall(Compare("all", &m, &want, unit, tol)); /* beyond, the squares here overflow */
  PetscCall(Destroy(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A bias that is not a number, or a weight that overflows: the measures tell, and nothing is written */
static PetscErrorCode CheckNotFinite(HGDType dtype, double weight, double bias)
{
  const PetscScalar p[4]    = {weight, 1, bias, 0};
  const PetscInt    grid[3] = {1, POINTS, POINTS};
  Problem           s;
  HGMetrics         m, each[2];
  HGFieldFile       f;
  PetscInt          id;

  PetscFunctionBegin;
  PetscCall(Create(1, dtype, p, &s));
  PetscCall(HGPredict(s.net, s.data, NULL, NULL, &m, each));
  PetscCheck(m.bad == 0 && !isfinite(m.rel_l2) && !isfinite(m.mse) && !isfinite(m.max_error), PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "bad %d, measures %g %g %g", (int)m.bad, m.rel_l2, m.mse, m.max_error);
  PetscCheck(!isfinite(each[0].max_error) && isfinite(each[1].max_error), PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "the wrong variable is not finite");
  PetscCall(HGFieldFileCreate(PETSC_COMM_WORLD, out, &f));
  PetscCall(HGFieldFileSetSizes(f, 2, SAMPLES, grid));
  PetscCall(HGFieldFileAddVariable(f, "u", 1, HG_F64, &id));
  PetscCall(HGFieldFileAddVariable(f, "v", 1, HG_F64, &id));
  PetscCall(HGFieldFileSetUp(f));
  ExpectError(HGPredict(s.net, s.data, NULL, f, NULL, NULL), "sample 0 of test_predict.nc is not finite|nothing was written");
  PetscCall(HGFieldFileDestroy(&f));
  PetscCheck(access(out, F_OK), PETSC_COMM_SELF, PETSC_ERR_PLIB, "a file was written");
  PetscCall(Destroy(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A sample whose target is zero is found before training, in the dataset's own numbers; one that a mask hides from the loss too */
static PetscErrorCode CheckTargets(void)
{
  const PetscScalar p[4]      = {1, 1, 0, 0};
  const PetscInt    sample[2] = {3, 4};
  const PetscReal   hide[2]   = {0, 1};
  Problem           s;
  HGLoss            loss;
  HGTensor          x, y, target;
  PetscBool         checks;
  PetscInt          bad;

  PetscFunctionBegin;
  PetscCall(Create(1, HG_F64, p, &s));
  PetscCall(HGNetGetInput(s.net, &x));
  PetscCall(HGNetGetOutput(s.net, &y, NULL));
  PetscCall(HGLossCreate(PETSC_COMM_WORLD, &loss));
  PetscCall(HGLossSetType(loss, HGLOSSMSE));
  PetscCall(HGLossCreateTarget(loss, y, &target));
  PetscCall(HGLossCheckTarget(loss, 2, y, target, &checks, &bad));
  PetscCheck(!checks && bad < 0, PETSC_COMM_SELF, PETSC_ERR_PLIB, "mse refuses targets");
  PetscCall(HGLossSetType(loss, HGLOSSRELL2));
  PetscCall(HGDataGetBatch(s.data, 2, sample, x, target));
  PetscCall(HGLossCheckTarget(loss, 2, y, target, &checks, &bad));
  PetscCheck(checks && bad < 0, PETSC_COMM_SELF, PETSC_ERR_PLIB, "u is not zero, but sample %d was refused", (int)bad);
  PetscCall(HGLossSetChannelWeights(loss, 2, hide));
  PetscCall(HGLossCheckTarget(loss, 2, y, target, &checks, &bad));
  PetscCheck(checks && bad == 1, PETSC_COMM_SELF, PETSC_ERR_PLIB, "v of the second sample is zero, but sample %d was refused", (int)bad);
  PetscCall(HGTensorDestroy(&target));
  PetscCall(HGLossDestroy(&loss));
  PetscCall(Destroy(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  static const double units[] = {1, 0x1p-166, 0x1p166, 0x1p-700, 0x1p600};

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
    for (int t = 0; t < 2; t++) PetscCall(CheckUnit(units[i], t ? HG_F64 : HG_F32));
  PetscCall(CheckNotFinite(HG_F64, 1, (double)NAN));
  PetscCall(CheckNotFinite(HG_F32, 1e39, 0));
  PetscCall(CheckTargets());
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, path));
  PetscCall(HGFinalize());
  return 0;
}
