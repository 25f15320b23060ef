/* SPDX-License-Identifier: BSD-2-Clause */
#include "app.h"
#include <omp.h>
#include <sys/resource.h>

typedef struct {
  PetscInt dim, size, cin, cout, kernel, batch, repeat;
} BenchOptions;

static PetscErrorCode GetBenchOptions(const char what[], BenchOptions *b)
{
  PetscFunctionBegin;
  *b = (BenchOptions){2, 512, 32, 32, 3, 1, 7};
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "halograd bench", what);
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_dim", "dimensions of the grid", "", 1, 3, &b->dim, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_size", "points in each direction", "", 1, PETSC_MAX_INT, &b->size, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_cin", "input channels", "", 1, PETSC_MAX_INT, &b->cin, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_cout", "output channels", "", 1, PETSC_MAX_INT, &b->cout, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_kernel", "kernel points in each direction", "", 1, PETSC_MAX_INT, &b->kernel, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_batch", "samples", "", 1, PETSC_MAX_INT, &b->batch, NULL));
  PetscCall(
      HGOptionsInt(PetscOptionsObject, "-bench_repeat", "times to measure, the median counts", "", 1, PETSC_MAX_INT, &b->repeat, NULL));
  PetscOptionsEnd();
  HGCheck(b->kernel <= b->size, PETSC_COMM_WORLD,
          "-bench_kernel %" PetscInt_FMT " is wider than the grid; give at most -bench_size %" PetscInt_FMT, b->kernel, b->size);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int CompareDoubles(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

double AppMedian(PetscInt n, double *t)
{
  qsort(t, (size_t)n, sizeof(*t), CompareDoubles);
  return n % 2 ? t[n / 2] : (t[n / 2 - 1] + t[n / 2]) / 2;
}

/* Multiply-add peak of one thread, FLOP/s: the best of a few tries, since it is a limit */
double AppPeakOfThread(const HGKernels *k)
{
  long   iterations = 1 << 20;
  double best       = 0;

  for (int r = 0; r < 7; r++) {
    const double t = MPI_Wtime(), flop = (*k->peak)(iterations), seconds = MPI_Wtime() - t;

    if (seconds < 0.01) iterations *= 4;
    best = PetscMax(best, flop / seconds);
  }
  return best;
}

/* ---- peak ---- */

/* STREAM triad (McCalpin 1995) over arrays well beyond the caches: 24 bytes for each element */
static PetscErrorCode Triad(PetscInt repeat, double *bytes_per_second)
{
  const PetscInt n = 1 << 24;
  double        *a, *b, *c, best = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(n, &a, n, &b, n, &c));
#pragma omp parallel for schedule(static)
  for (PetscInt i = 0; i < n; i++) {
    a[i] = 0;
    b[i] = 1;
    c[i] = 2;
  }
  for (PetscInt r = 0; r < repeat; r++) {
    const double t = MPI_Wtime();

#pragma omp parallel for schedule(static)
    for (PetscInt i = 0; i < n; i++) a[i] = b[i] + 3 * c[i];
    best = PetscMax(best, 24.0 * (double)n / (MPI_Wtime() - t));
  }
  *bytes_per_second = a[n / 2] == 7 ? best : 0; /* the result is used, so that it is computed */
  PetscCall(PetscFree3(a, b, c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BenchPeak(PetscBool help)
{
  BenchOptions b;
  HGSimd       simd;
  double       triad = 0;

  PetscFunctionBegin;
  PetscCall(GetBenchOptions("peak", &b));
  if (help) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(AppCheckOptions());
  PetscCall(HGGetSimd(&simd));
  for (int t = HG_F32; t <= HG_F64; t++)
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "peak dtype=%s threads=1 simd=%s gflops=%.1f\n", HGDTypeName((HGDType)t), HGSimdName(simd),
                          AppPeakOfThread(HGKernelsGet(simd, (HGDType)t)) / 1e9));
  PetscCall(Triad(b.repeat, &triad));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "peak memory=triad threads=%d gbytes=%.1f\n", omp_get_max_threads(), triad / 1e9));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- step ---- */

typedef struct {
  HGNet       net;
  HGLoss      loss;
  HGPartition part;
  HGTensor    target;
  Tao         tao;
  Vec         p;
  PetscInt    batch, local;
} Step;

static PetscErrorCode Objective(Tao tao, Vec p, PetscReal *f, Vec g, void *ctx)
{
  Step    *s = (Step *)ctx;
  HGTensor y, dy;

  PetscFunctionBegin;
  (void)tao;
  PetscCall(HGNetGetOutput(s->net, &y, &dy));
  PetscCall(HGNetSetParameters(s->net, p));
  PetscCall(HGNetForward(s->net, s->local));
  PetscCall(HGLossEvaluate(s->loss, s->batch, y, s->target, dy, f));
  PetscCall(HGNetAdjointBeginIn(s->net, g));
  PetscCall(HGNetAdjointAndEnd(s->net, s->local, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateStep(Step *s, const BenchOptions *b)
{
  const PetscInt       size[HG_AXES] = {b->batch, 1, b->dim > 2 ? b->size : 1, b->dim > 1 ? b->size : 1, b->size};
  HGTensor             x, y;
  HGPartition          out;
  HGDType              t, kept;
  PetscInt             out_size[HG_AXES];
  const HGTensorLocal *l;

  PetscFunctionBegin;
  s->batch = b->batch;
  PetscCall(HGGetDType(&t));
  PetscCall(HGPartitionSetSizes(s->part, b->dim, size));
  PetscCall(HGPartitionSetUp(s->part));
  PetscCall(HGTaoGetDType(s->tao, t, &kept));
  PetscCall(HGNetSetParameterType(s->net, kept));
  PetscCall(HGNetSetUp(s->net, s->part, t));
  PetscCall(HGNetGetInput(s->net, &x));
  PetscCall(HGNetGetOutput(s->net, &y, NULL));
  PetscCall(HGTensorGetPartition(y, &out));
  PetscCall(HGPartitionGetSizes(out, NULL, out_size));
  PetscCall(HGLossCreateTarget(s->loss, y, &s->target));
  PetscCall(HGTensorSetRandom(x, 1, "input", PETSC_FALSE));
  PetscCall(HGLossSetRandomTarget(s->loss, out_size[HG_C], 1, s->target));
  PetscCall(HGTensorGetLocal(x, &l));
  s->local = l->box.size[HG_N];
  PetscCall(HGNetCreateParameters(s->net, &s->p));
  PetscCall(HGNetInitializeParameters(s->net, 1, s->p));
  PetscCall(TaoSetSolution(s->tao, s->p));
  PetscCall(TaoSetObjectiveAndGradient(s->tao, NULL, Objective, s));
  PetscCall(TaoSetMaximumIterations(s->tao, 1));
  PetscCall(TaoSetTolerances(s->tao, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyStep(Step *s)
{
  PetscFunctionBegin;
  PetscCall(HGNetDestroy(&s->net));
  PetscCall(HGLossDestroy(&s->loss));
  PetscCall(HGPartitionDestroy(&s->part));
  PetscCall(HGTensorDestroy(&s->target));
  PetscCall(TaoDestroy(&s->tao));
  PetscCall(VecDestroy(&s->p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Forward, mean squared error, adjoint and optimizer; forward counts once, the adjoint twice */
static PetscErrorCode MeasureStep(Step *s, const BenchOptions *b)
{
  PetscMPIInt    ranks;
  PetscInt       width;
  HGNetType      type;
  double        *seconds, ms, rss;
  PetscLogDouble flops;
  struct rusage  usage;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  PetscCall(PetscMalloc1(b->repeat, &seconds));
  for (PetscInt r = -1; r < b->repeat; r++) {
    double t;

    PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
    t = MPI_Wtime();
    PetscCall(TaoSolve(s->tao));
    t = MPI_Wtime() - t;
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &t, 1, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD));
    if (r >= 0) seconds[r] = t;
  }
  ms = AppMedian(b->repeat, seconds) * 1e3;
  PetscCall(HGNetGetFlops(s->net, &flops));
  (void)getrusage(RUSAGE_SELF, &usage);
  rss = (double)usage.ru_maxrss / 1024;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &rss, 1, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD));
  PetscCall(HGNetGetWidth(s->net, &width));
  PetscCall(PetscObjectGetType((PetscObject)s->net, &type));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                        "step net=%s dim=%" PetscInt_FMT " size=%" PetscInt_FMT " width=%" PetscInt_FMT " batch=%" PetscInt_FMT
                        " ranks=%d threads=%d ms=%.4g gflops=%.1f peak_memory_mib=%.0f\n",
                        type, b->dim, b->size, width, b->batch, ranks, omp_get_max_threads(), ms, 3 * flops / ms / 1e6, rss));
  PetscCall(PetscFree(seconds));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BenchStep(PetscBool help)
{
  BenchOptions b;
  Step         s = {NULL};

  PetscFunctionBegin;
  PetscCall(GetBenchOptions("step", &b));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &s.net));
  PetscCall(HGNetSetFromOptions(s.net));
  PetscCall(HGLossCreate(PETSC_COMM_WORLD, &s.loss));
  PetscCall(HGLossSetFromOptions(s.loss));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &s.part));
  PetscCall(HGPartitionSetFromOptions(s.part));
  PetscCall(TaoCreate(PETSC_COMM_WORLD, &s.tao));
  PetscCall(TaoSetType(s.tao, HGTAOADAM));
  PetscCall(HGTaoSetFromOptions(s.tao));
  if (!help) {
    PetscCall(AppCheckOptions());
    PetscCall(CreateStep(&s, &b));
    PetscCall(MeasureStep(&s, &b));
  }
  PetscCall(DestroyStep(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *const kinds[]                = {"peak", "conv", "step", "halo"};
static PetscErrorCode (*const run[])(PetscBool) = {BenchPeak, AppBenchConv, BenchStep, AppBenchHalo};

PetscErrorCode AppBenchKinds(const char separator[], char *text[])
{
  PetscFunctionBegin;
  PetscCall(HGNamesJoin(PETSC_STATIC_ARRAY_LENGTH(kinds), kinds, separator, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppBench(const char what[], PetscBool help)
{
  PetscInt nearest;
  char    *all;

  PetscFunctionBegin;
  PetscCall(AppBenchKinds(", ", &all));
  HGCheck(what || help, PETSC_COMM_WORLD, "bench what? Give one of: %s", all);
  if (!what) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "halograd bench WHAT -help lists the options of WHAT: %s\n", all));
  for (size_t i = 0; what && i < PETSC_STATIC_ARRAY_LENGTH(kinds); i++) {
    if (strcmp(what, kinds[i])) continue;
    PetscCall((*run[i])(help));
    what = NULL;
  }
  if (what) {
    PetscCall(HGNamesNearest(what, PETSC_STATIC_ARRAY_LENGTH(kinds), kinds, &nearest));
    HGCheck(nearest < 0, PETSC_COMM_WORLD, "no benchmark \"%s\"; did you mean %s? There are: %s", what, kinds[nearest], all);
    HGCheck(PETSC_FALSE, PETSC_COMM_WORLD, "no benchmark \"%s\"; there are: %s", what, all);
  }
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}
