/* SPDX-License-Identifier: BSD-2-Clause */
/* Networks of coordinates: derivatives against finite differences, gradients by the Taylor test, the points, the exact Burgers solution,
   the same objective and gradient on any number of ranks and threads, no allocation in an evaluation */
#include "halograd.h"
#include <math.h>
#include <omp.h>
#include <stdlib.h>

static long allocations;

static PetscErrorCode CountedMalloc(size_t size, PetscBool clear, int line, const char func[], const char file[], void **result)
{
  (void)line, (void)func, (void)file;
  *result = NULL;
  if (!size) return PETSC_SUCCESS;
  allocations++;
  if (posix_memalign(result, 64, size)) return PETSC_ERR_MEM;
  if (clear) memset(*result, 0, size);
  return PETSC_SUCCESS;
}

static PetscErrorCode CountedFree(void *p, int line, const char func[], const char file[])
{
  (void)line, (void)func, (void)file;
  free(p);
  return PETSC_SUCCESS;
}

static PetscErrorCode CountedRealloc(size_t size, int line, const char func[], const char file[], void **p)
{
  (void)line, (void)func, (void)file;
  allocations++;
  *p = realloc(*p, size);
  return *p || !size ? PETSC_SUCCESS : PETSC_ERR_MEM;
}

#define DIM 3
#define OUT 2
#define N   301 /* more than one piece, and a rest */

/* What a sweep gave at every point: [component][N * OUT] */
static double kept[10][N * OUT];

static void Keep(void *ctx, int lane, PetscInt first, PetscInt n, const double *u, double *g)
{
  (void)lane, (void)g;
  for (PetscInt k = 0; k < *(PetscInt *)ctx; k++)
    for (PetscInt i = 0; i < n * OUT; i++) kept[k][first * OUT + i] = u[k * n * OUT + i];
}

static PetscErrorCode At(HGNet net, int order, const double *x, int axis, double h)
{
  static double moved[N][DIM];
  PetscInt      components = order == 1 ? 1 + DIM : 1 + DIM + 6;

  PetscFunctionBegin;
  for (int i = 0; i < N; i++)
    for (int d = 0; d < DIM; d++) moved[i][d] = x[i * DIM + d] + (d == axis ? h : 0);
  PetscCall(HGNetEvaluateJets(net, order, N, moved[0], PETSC_FALSE, Keep, &components));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A network of coordinates on a grid of one point for each rank */
static PetscErrorCode CreateNet(MPI_Comm comm, PetscInt cin, PetscInt cout, PetscInt width, PetscInt depth, HGActivation activation,
                                HGNet *net)
{
  PetscInt    size[HG_AXES] = {1, cin, 1, 1, 1};
  PetscMPIInt ranks;
  HGPartition part;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  size[HG_X] = ranks;
  PetscCall(HGPartitionCreate(comm, &part));
  PetscCall(HGPartitionSetSizes(part, 1, size));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGNetCreate(comm, net));
  PetscCall(HGNetSetType(*net, HGNETMLP));
  PetscCall(HGNetSetChannels(*net, cin, cout));
  PetscCall(HGNetSetWidth(*net, width));
  PetscCall(HGNetSetDepth(*net, depth));
  PetscCall(HGNetSetActivation(*net, activation));
  PetscCall(HGNetSetUp(*net, part, HG_F64));
  PetscCall(HGPartitionDestroy(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* First derivatives against differences of values, second ones against differences of first ones; central, of order h^2 */
static PetscErrorCode TestDerivatives(HGActivation activation)
{
  const PetscInt second[6][2] = {{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}};
  const double   lo[DIM] = {-1, 0, 2}, hi[DIM] = {1, 3, 3}, h = 1e-4;
  static double  x[N][DIM], full[10][N * OUT], left[10][N * OUT];
  double         worst = 0;
  HGNet          net;
  Vec            p, natural;
  PetscInt       first, last;

  PetscFunctionBegin;
  PetscCall(CreateNet(PETSC_COMM_WORLD, DIM, OUT, 13, 3, activation, &net));
  PetscCall(HGNetSetUpJets(net, lo, hi, 6, second));
  PetscCall(HGNetCreateParameters(net, &p));
  PetscCall(HGNetCreateNaturalParameters(net, &natural));
  PetscCall(VecGetOwnershipRange(natural, &first, &last));
  for (PetscInt i = first; i < last; i++) PetscCall(VecSetValue(natural, i, 0.4 * HGRandomNormal(3, 1, (uint64_t)i), INSERT_VALUES));
  PetscCall(VecAssemblyBegin(natural));
  PetscCall(VecAssemblyEnd(natural));
  PetscCall(HGNetNaturalToGlobal(net, natural, p));
  PetscCall(VecDestroy(&natural));
  PetscCall(HGNetSetParameters(net, p));
  for (int i = 0; i < N; i++)
    for (int d = 0; d < DIM; d++) x[i][d] = lo[d] + (hi[d] - lo[d]) * HGRandomUniform(5, (uint64_t)d, (uint64_t)i);
  PetscCall(At(net, 2, x[0], 0, 0));
  PetscCall(PetscArraycpy(full[0], kept[0], 10 * N * OUT));
  for (int d = 0; d < DIM; d++) {
    PetscCall(At(net, 2, x[0], d, -h));
    PetscCall(PetscArraycpy(left[0], kept[0], 10 * N * OUT));
    PetscCall(At(net, 2, x[0], d, h));
    for (int i = 0; i < N * OUT; i++) {
      worst = PetscMax(worst, fabs((kept[0][i] - left[0][i]) / (2 * h) - full[1 + d][i]));
      for (int k = 0; k < 6; k++)
        if (second[k][1] == d)
          worst = PetscMax(worst, fabs((kept[1 + second[k][0]][i] - left[1 + second[k][0]][i]) / (2 * h) - full[4 + k][i]));
    }
  }
  /* h^2 / 6 times a third derivative of order 10^2, and rounding eps / h */
  PetscCheck(worst < 1e-6, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "activation %d: derivatives differ from differences by %g", (int)activation,
             worst);
  PetscCall(VecDestroy(&p));
  PetscCall(HGNetDestroy(&net));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  HGObjective   o;
  HGCollocation c;
  HGNet         net;
  Vec           v;
} Case;

static PetscErrorCode CreateCase(MPI_Comm comm, const char type[], HGActivation activation, HGDType dtype, PetscBool inverse, Case *c)
{
  PetscFunctionBegin;
  PetscCall(PetscOptionsSetValue(NULL, "-coord_equation_points", "700"));
  PetscCall(PetscOptionsSetValue(NULL, "-coord_boundary_points", "50"));
  if (inverse) PetscCall(PetscOptionsSetValue(NULL, "-coord_observations", "60"));
  else PetscCall(PetscOptionsClearValue(NULL, "-coord_observations"));
  PetscCall(HGCollocationCreate(comm, &c->c));
  PetscCall(HGCollocationSetExample(c->c, type));
  PetscCall(HGCollocationSetFromOptions(c->c));
  PetscCall(HGNetCreate(comm, &c->net));
  PetscCall(HGNetSetType(c->net, HGNETMLP));
  PetscCall(HGNetSetWidth(c->net, 12));
  PetscCall(HGNetSetDepth(c->net, 3));
  PetscCall(HGNetSetActivation(c->net, activation));
  PetscCall(HGCollocationSetUpNet(c->c, c->net, dtype));
  PetscCall(HGObjectiveCreate(comm, &c->o));
  PetscCall(HGObjectiveSetType(c->o, HGOBJECTIVEPOINTS));
  PetscCall(HGObjectivePointsSet(c->o, c->net, c->c));
  if (inverse) PetscCall(HGObjectivePointsSetUnknown(c->o, "nu", 0.02));
  PetscCall(HGObjectiveSetSeed(c->o, 7));
  PetscCall(HGObjectiveSetUp(c->o));
  PetscCall(HGObjectiveCreateVector(c->o, &c->v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyCase(Case *c)
{
  PetscFunctionBegin;
  PetscCall(VecDestroy(&c->v));
  PetscCall(HGObjectiveDestroy(&c->o));
  PetscCall(HGNetDestroy(&c->net));
  PetscCall(HGCollocationDestroy(&c->c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* |J(v + h d) - J(v) - h g.d| falls as h^2 */
static PetscErrorCode TestGradient(const char type[], HGActivation activation, PetscBool inverse)
{
  Case      c;
  Vec       d, g, w, unused;
  PetscReal f0, f, slope, rest[2];
  PetscInt  first, last;

  PetscFunctionBegin;
  PetscCall(CreateCase(PETSC_COMM_WORLD, type, activation, HG_F64, inverse, &c));
  PetscCall(VecDuplicate(c.v, &d));
  PetscCall(VecDuplicate(c.v, &g));
  PetscCall(VecDuplicate(c.v, &w));
  PetscCall(VecDuplicate(c.v, &unused));
  PetscCall(VecGetOwnershipRange(d, &first, &last));
  for (PetscInt i = first; i < last; i++) PetscCall(VecSetValue(d, i, HGRandomNormal(9, 2, (uint64_t)i), INSERT_VALUES));
  PetscCall(VecAssemblyBegin(d));
  PetscCall(VecAssemblyEnd(d));
  PetscCall(HGObjectiveEvaluate(c.o, c.v, &f0, g));
  PetscCall(VecDot(g, d, &slope));
  for (int k = 0; k < 2; k++) {
    const PetscReal h = k ? 1e-4 : 2e-4;

    PetscCall(VecWAXPY(w, h, d, c.v));
    PetscCall(HGObjectiveEvaluate(c.o, w, &f, unused));
    rest[k] = PetscAbsReal(f - f0 - h * slope);
  }
  PetscCheck(rest[0] / rest[1] > 3.8 && rest[0] / rest[1] < 4.2, PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "%s, activation %d: the Taylor remainder falls by %g, not by 4", type, (int)activation, (double)(rest[0] / rest[1]));
  PetscCall(VecDestroy(&d));
  PetscCall(VecDestroy(&g));
  PetscCall(VecDestroy(&w));
  PetscCall(VecDestroy(&unused));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Objective and gradient norm on all ranks, refinement included, against those on one; f32 near f64; the same bits on 2 threads */
static PetscErrorCode TestParallel(void)
{
  PetscReal f[4], norm[4];

  PetscFunctionBegin;
  for (int k = 0; k < 4; k++) {
    Case c;
    Vec  g;

    omp_set_num_threads(k == 3 ? 2 : 1);
    PetscCall(CreateCase(k == 1 ? PETSC_COMM_SELF : PETSC_COMM_WORLD, "burgers", HG_ACT_TANH, k == 2 ? HG_F32 : HG_F64, PETSC_TRUE, &c));
    PetscCall(VecDuplicate(c.v, &g));
    PetscCall(HGNetSetParameters(c.net, c.v));
    PetscCall(HGCollocationRefine(c.c, 400, 30));
    PetscCall(HGObjectiveEvaluate(c.o, c.v, &f[k], g));
    const long before = allocations;
    PetscCall(HGObjectiveEvaluate(c.o, c.v, &f[k], g));
    PetscCheck(before && allocations == before, PETSC_COMM_SELF, PETSC_ERR_PLIB, "an evaluation allocated %ld times", allocations - before);
    PetscCall(VecNorm(g, NORM_2, &norm[k]));
    PetscCall(VecDestroy(&g));
    PetscCall(DestroyCase(&c));
  }
  omp_set_num_threads(1);
  PetscCheck(PetscAbsReal(f[0] - f[1]) < 1e-10 * f[1] && PetscAbsReal(norm[0] - norm[1]) < 1e-10 * norm[1], PETSC_COMM_WORLD,
             PETSC_ERR_PLIB, "on all ranks %.15g, %.15g; on one %.15g, %.15g", (double)f[0], (double)norm[0], (double)f[1],
             (double)norm[1]);
  PetscCheck(PetscAbsReal(f[2] - f[1]) < 1e-4 * f[1] && PetscAbsReal(norm[2] - norm[1]) < 1e-4 * norm[1], PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "in f32 %.9g, %.9g; in f64 %.9g, %.9g", (double)f[2], (double)norm[2], (double)f[1], (double)norm[1]);
  PetscCheck(f[3] == f[0] && norm[3] == norm[0], PETSC_COMM_WORLD, PETSC_ERR_PLIB, "2 threads: %.17g, %.17g; 1 thread: %.17g, %.17g",
             (double)f[3], (double)norm[3], (double)f[0], (double)norm[0]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Each of 64 slices of each axis has one point of a hypercube, and of 64 consecutive Sobol points from number 64 on */
static PetscErrorCode TestSampling(void)
{
  PetscFunctionBegin;
  for (int s = HG_SAMPLING_LHS; s <= HG_SAMPLING_SOBOL; s++) {
    int count[4][64] = {{0}};

    for (PetscInt i = 0; i < 64; i++) {
      double x[4];

      HGSamplePoint((HGSampling)s, 5, "test", 64, 4, s == HG_SAMPLING_SOBOL ? 63 + i : i, x);
      for (int d = 0; d < 4; d++) count[d][(int)(64 * x[d])]++;
    }
    for (int d = 0; d < 4; d++)
      for (int k = 0; k < 64; k++)
        PetscCheck(count[d][k] == 1, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "sampling %d: slice %d of axis %d has %d points", s, k, d,
                   count[d][k]);
  }
  /* Points 2 to 4 of the sequence in four dimensions, from the direction numbers by hand: all 1/2, then two that swap 1/4 and 3/4 */
  double a[4], b[4], c[4];

  HGSamplePoint(HG_SAMPLING_SOBOL, 0, "", 0, 4, 0, a);
  HGSamplePoint(HG_SAMPLING_SOBOL, 0, "", 0, 4, 1, b);
  HGSamplePoint(HG_SAMPLING_SOBOL, 0, "", 0, 4, 2, c);
  const double second[4] = {0.25, 0.75, 0.75, 0.75};
  for (int d = 0; d < 4; d++)
    PetscCheck(a[d] == 0.5 && b[d] == second[d] && c[d] == 1 - second[d], PETSC_COMM_WORLD, PETSC_ERR_PLIB, "Sobol axis %d: %g %g %g", d,
               a[d], b[d], c[d]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Explicit central differences of the conservative form on [0, 1] (the solution is odd), Runge-Kutta of order 4, two grids and extrapolation */
#define MOST 1601

static void Slope(int n, const double *u, double nu, double *s)
{
  const double h = 1. / (n - 1);

  s[0] = s[n - 1] = 0;
  for (int i = 1; i < n - 1; i++)
    s[i] = -(u[i + 1] * u[i + 1] - u[i - 1] * u[i - 1]) / (4 * h) + nu * (u[i + 1] - 2 * u[i] + u[i - 1]) / (h * h);
}

static void Integrate(int n, double t, double nu, double *u)
{
  static double s[MOST], sum[MOST], w[MOST];
  const double  h = 1. / (n - 1), part[4] = {0, 0.5, 0.5, 1}, weight[4] = {1 / 6., 1 / 3., 1 / 3., 1 / 6.};
  const int     steps = (int)ceil(t / PetscMin(0.5 * h, 0.5 * h * h / nu));

  for (int i = 0; i < n; i++) u[i] = -sin(PETSC_PI * i * h);
  for (int k = 0; k < steps; k++) {
    memset(s, 0, sizeof(s));
    memset(sum, 0, sizeof(sum));
    for (int r = 0; r < 4; r++) {
      for (int i = 0; i < n; i++) w[i] = u[i] + part[r] * t / steps * s[i];
      Slope(n, w, nu, s);
      for (int i = 0; i < n; i++) sum[i] += weight[r] * t / steps * s[i];
    }
    for (int i = 0; i < n; i++) u[i] += sum[i];
  }
}

static PetscErrorCode TestBurgers(void)
{
  static double coarse[MOST], fine[MOST];
  const double  nu = 0.01 / PETSC_PI, time[2] = {0.25, 0.75};

  PetscFunctionBegin;
  for (int k = 0; k < 2; k++) {
    double worst = 0;

    Integrate(801, time[k], nu, coarse);
    Integrate(1601, time[k], nu, fine);
    for (int i = 0; i <= 800; i += 10)
      worst = PetscMax(worst, fabs((4 * fine[2 * i] - coarse[i]) / 3 - HGBurgersExact(i / 800., time[k], nu)));
    /* What is left of the extrapolation near the steep front */
    PetscCheck(worst < 1e-5, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "at t = %g the Cole-Hopf solution and a fine numerical one differ by %g",
               time[k], worst);
  }
  /* Basdevant et al. 1986, table 1: the largest slope at x = 0 is -152.00516 at pi t = 1.6037 */
  const double h = 1e-5, t = 1.6037 / PETSC_PI, slope = (HGBurgersExact(h, t, nu) - HGBurgersExact(-h, t, nu)) / (2 * h);
  PetscCheck(fabs(slope + 152.00516) < 1e-3, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "slope %g, not -152.00516", slope);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const HGActivation activation[] = {HG_ACT_TANH, HG_ACT_SIN, HG_ACT_GELU, HG_ACT_SILU, HG_ACT_SOFTPLUS};

  PetscCall(PetscMallocSet(CountedMalloc, CountedFree, CountedRealloc));
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  for (int i = 0; i < 5; i++) {
    PetscCall(TestDerivatives(activation[i]));
    PetscCall(TestGradient("burgers", activation[i], PETSC_TRUE));
  }
  PetscCall(TestGradient("poisson", HG_ACT_TANH, PETSC_FALSE));
  PetscCall(TestParallel());
  PetscCall(TestSampling());
  PetscCall(TestBurgers());
  PetscCall(HGFinalize());
  return 0;
}
