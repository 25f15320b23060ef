/* SPDX-License-Identifier: BSD-2-Clause */
/* Speed of the three passes of a convolution against the multiply-add peak */
#include "app.h"
#include <omp.h>
#include <unistd.h>

typedef struct {
  PetscInt dim, size, cin, cout, kernel, stride, dilation, groups;
} ConvSize;

typedef struct {
  ConvSize  size;
  PetscInt  batch, repeat;
  PetscBool list;
} ConvOptions;

/* What -bench_list measures */
static const ConvSize list[] = {
    {2, 512, 1, 16, 3, 1, 1, 1},    {2, 512, 16, 16, 3, 1, 1, 1},    {2, 512, 32, 32, 3, 1, 1, 1},  {2, 256, 64, 64, 3, 1, 1, 1},
    {2, 128, 128, 128, 3, 1, 1, 1}, {3, 64, 1, 16, 3, 1, 1, 1},      {3, 64, 16, 16, 3, 1, 1, 1},   {3, 64, 32, 32, 3, 1, 1, 1},
    {2, 512, 16, 1, 3, 1, 1, 1},    {2, 512, 3, 3, 3, 1, 1, 1},      {2, 512, 8, 8, 3, 1, 1, 1},    {2, 512, 32, 32, 1, 1, 1, 1},
    {2, 512, 32, 32, 3, 2, 1, 1},   {2, 512, 32, 32, 3, 1, 2, 1},    {2, 512, 32, 32, 3, 1, 1, 32}, {2, 512, 32, 32, 3, 1, 1, 8},
    {2, 16, 256, 256, 3, 1, 1, 1},  {2, 16, 1024, 1024, 3, 1, 1, 1}, {2, 16, 512, 512, 3, 2, 1, 1}, {2, 8, 4096, 4096, 1, 1, 1, 1}};

static PetscErrorCode GetConvOptions(ConvOptions *o)
{
  ConvSize *s = &o->size;

  PetscFunctionBegin;
  *o = (ConvOptions){{2, 512, 32, 32, 3, 1, 1, 1}, 1, 7, PETSC_FALSE};
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "halograd bench", "conv");
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_dim", "dimensions of the grid", "", 1, 3, &s->dim, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_size", "input points in each direction", "", 1, PETSC_MAX_INT, &s->size, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_cin", "input channels", "", 1, PETSC_MAX_INT, &s->cin, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_cout", "output channels", "", 1, PETSC_MAX_INT, &s->cout, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_kernel", "kernel points in each direction", "", 1, PETSC_MAX_INT, &s->kernel, NULL));
  PetscCall(
      HGOptionsInt(PetscOptionsObject, "-bench_stride", "input points from one output point to the next", "", 1, 4, &s->stride, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_dilation", "input points from one kernel point to the next", "", 1, PETSC_MAX_INT,
                         &s->dilation, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_groups", "groups that the channels are divided into", "", 1, PETSC_MAX_INT, &s->groups,
                         NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_batch", "samples", "", 1, PETSC_MAX_INT, &o->batch, NULL));
  PetscCall(
      HGOptionsInt(PetscOptionsObject, "-bench_repeat", "times to measure, the median counts", "", 1, PETSC_MAX_INT, &o->repeat, NULL));
  PetscCall(HGOptionsBool(PetscOptionsObject, "-bench_list", "measure a list of usual shapes instead", "", &o->list, NULL));
  PetscOptionsEnd();
  HGCheck(s->kernel <= s->size, PETSC_COMM_WORLD,
          "-bench_kernel %" PetscInt_FMT " is wider than the grid; give at most -bench_size %" PetscInt_FMT, s->kernel, s->size);
  HGCheck(s->cin % s->groups == 0 && s->cout % s->groups == 0, PETSC_COMM_WORLD,
          "-bench_groups %" PetscInt_FMT " does not divide %" PetscInt_FMT " input and %" PetscInt_FMT " output channels", s->groups,
          s->cin, s->cout);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One convolution that makes up the input gradient: the points of a residue modulo the stride */
typedef struct {
  HGConvShape   s;
  HGConvWeights weights;
  void         *packed;
  ptrdiff_t     from, to; /* first element read of dy, written of dx */
} Piece;

typedef struct {
  const HGKernels *k;
  HGConvShape      forward;
  int              stride, dilation, m[3]; /* points of x */
  ptrdiff_t        xp[4], yp[4];           /* strides of the points of x and y: sample, z, y, x */
  HGConvWeights    weights;
  void            *x, *y, *w, *packed, *bias, *work;
  ptrdiff_t        y0; /* first owned element of y */
  Piece            piece[64];
  int              pieces;
  double          *dw, *db, flop;
} Conv;

static PetscErrorCode Fill(HGDType t, size_t n, void **a)
{
  char *memory;

  PetscFunctionBegin;
  PetscCheck(!posix_memalign((void **)&memory, 64, n * HGDTypeSize(t) + 64), PETSC_COMM_SELF, PETSC_ERR_MEM, "out of memory");
  *a = memory;
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < n; i++) {
    if (t == HG_F32) ((float *)*a)[i] = 0.01f * (float)(i % 13);
    else ((double *)*a)[i] = 0.01 * (double)(i % 13);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HGConvWeights WeightsOf(const Conv *c)
{
  const HGConvShape *s  = &c->forward;
  const ptrdiff_t    nk = (ptrdiff_t)s->k[0] * s->k[1] * s->k[2];

  return (HGConvWeights){c->w, s->cout * s->cin * nk, s->cin * nk, nk, {(ptrdiff_t)s->k[1] * s->k[2], s->k[2], 1}};
}

static void Strides(const int points[3], int channels, ptrdiff_t s[4])
{
  s[3] = channels;
  for (int a = 2; a >= 0; a--) s[a] = s[a + 1] * points[a];
}

/* x with the points that taps reach beyond the boundary, y with as many as the input gradient reads there */
static void SetShape(const ConvSize *size, PetscInt batch, Conv *c)
{
  HGConvShape *s = &c->forward;
  int          ghosts[3], points[3];

  *s = (HGConvShape){
      .batch = (int)batch, .groups = (int)size->groups, .cin = (int)(size->cin / size->groups), .cout = (int)(size->cout / size->groups)};
  c->stride   = (int)size->stride;
  c->dilation = (int)size->dilation;
  c->flop     = 2.0 * s->batch * s->groups * s->cin * s->cout;
  for (int a = 0; a < 3; a++) {
    const PetscBool flat = a < 3 - size->dim ? PETSC_TRUE : PETSC_FALSE;

    s->k[a]   = flat ? 1 : (int)size->kernel;
    s->n[a]   = flat ? 1 : (int)((size->size + size->stride - 1) / size->stride);
    c->m[a]   = (s->n[a] - 1) * c->stride + (s->k[a] - 1) * c->dilation + 1;
    ghosts[a] = flat ? 0 : (s->k[a] - 1) * c->dilation / c->stride + 1;
    points[a] = s->n[a] + 2 * ghosts[a];
    c->flop *= (double)s->n[a] * s->k[a];
  }
  Strides(c->m, s->groups * s->cin, c->xp);
  Strides(points, s->groups * s->cout, c->yp);
  s->xs[0] = c->xp[0];
  s->ys[0] = c->yp[0];
  for (int a = 0; a < 3; a++) {
    s->xs[1 + a] = c->stride * c->xp[1 + a];
    s->ts[a]     = c->dilation * c->xp[1 + a];
    s->ys[1 + a] = c->yp[1 + a];
    c->y0 += ghosts[a] * c->yp[1 + a];
  }
}

static int GreatestDivisor(int a, int b)
{
  return b ? GreatestDivisor(b, a % b) : a;
}

/* Input point r + q S takes tap k = first + j step of output point q + (r - k D) / S. Taps run backwards, so that dy is read forwards. */
static PetscBool SetPieceAxis(const Conv *c, int a, int r, Piece *p, HGConvWeights *w, ptrdiff_t *w0)
{
  const int S = c->stride, D = c->dilation, divisor = GreatestDivisor(S, D), step = S / divisor, k = c->forward.k[a];
  int       first = 0, last;

  while (first < k && (first * D - r) % S) first++;
  if (first == k || r >= c->m[a]) return PETSC_FALSE;
  p->s.k[a]      = (k - 1 - first) / step + 1;
  p->s.n[a]      = (c->m[a] - r + S - 1) / S;
  last           = first + (p->s.k[a] - 1) * step;
  p->s.xs[1 + a] = c->yp[1 + a];
  p->s.ts[a]     = D / divisor * c->yp[1 + a];
  p->s.ys[1 + a] = S * c->xp[1 + a];
  p->from += (r - last * D) / S * c->yp[1 + a];
  p->to += r * c->xp[1 + a];
  *w0 += last * w->st[a];
  w->st[a] *= -step;
  return PETSC_TRUE;
}

static PetscErrorCode AddPiece(Conv *c, const int r[3])
{
  const HGConvShape *s    = &c->forward;
  Piece             *p    = &c->piece[c->pieces];
  HGConvWeights      w    = WeightsOf(c);
  const ptrdiff_t    so   = w.so;
  const size_t       size = HGDTypeSize(c->k->dtype);
  ptrdiff_t          w0   = 0;

  PetscFunctionBegin;
  *p   = (Piece){.s    = {.batch = s->batch, .groups = s->groups, .cin = s->cout, .cout = s->cin, .xs = {s->ys[0]}, .ys = {s->xs[0]}},
                 .from = c->y0};
  w.so = w.si;
  w.si = so;
  for (int a = 0; a < 3; a++)
    if (!SetPieceAxis(c, a, r[a], p, &w, &w0)) PetscFunctionReturn(PETSC_SUCCESS);
  w.w = (char *)c->w + w0 * (ptrdiff_t)size;
  PetscCall(Fill(c->k->dtype, (*c->k->conv_packed_size)(s->groups, s->cout, s->cin, p->s.k) / size + 1, &p->packed));
  (*c->k->conv_pack)(s->groups, s->cout, s->cin, p->s.k, &w, p->packed);
  p->weights = w;
  c->pieces++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of the three passes; the input gradient's pieces have as many taps as the whole, or fewer */
static size_t WorkSize(const Conv *c)
{
  const HGConvShape *s = &c->forward;
  const size_t forward = (*c->k->conv_work)(s->groups, s->cin, s->cout, s->k), back = (*c->k->conv_work)(s->groups, s->cout, s->cin, s->k);

  return PetscMax((*c->k->conv_weights_work)(s), PetscMax(forward, back));
}

static PetscErrorCode CreateConv(const ConvSize *size, PetscInt batch, const HGKernels *k, Conv *c)
{
  const HGDType t = k->dtype;
  HGConvShape  *s = &c->forward;
  HGConvWeights w;
  size_t        nw;

  PetscFunctionBegin;
  *c = (Conv){.k = k};
  SetShape(size, batch, c);
  nw = (size_t)s->groups * (size_t)s->cin * (size_t)s->cout * (size_t)(s->k[0] * s->k[1] * s->k[2]);
  PetscCall(Fill(t, (size_t)c->xp[0] * (size_t)batch, &c->x));
  PetscCall(Fill(t, (size_t)c->yp[0] * (size_t)batch, &c->y));
  PetscCall(Fill(t, nw, &c->w));
  PetscCall(Fill(t, (size_t)(s->groups * s->cout), &c->bias));
  PetscCall(Fill(t, (*k->conv_packed_size)(s->groups, s->cin, s->cout, s->k) / HGDTypeSize(t) + 1, &c->packed));
  PetscCall(Fill(t, WorkSize(c) / HGDTypeSize(t) + 1, &c->work));
  PetscCall(PetscCalloc2(nw, &c->dw, s->groups * s->cout, &c->db));
  w = WeightsOf(c);
  (*k->conv_pack)(s->groups, s->cin, s->cout, s->k, &w, c->packed);
  c->weights = w;
  for (int z = 0; z < c->stride; z++)
    for (int y = 0; y < c->stride; y++)
      for (int x = 0; x < c->stride; x++) PetscCall(AddPiece(c, (int[3]){z, y, x}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyConv(Conv *c)
{
  PetscFunctionBegin;
  free(c->x);
  free(c->y);
  free(c->w);
  free(c->bias);
  free(c->packed);
  free(c->work);
  for (int i = 0; i < c->pieces; i++) free(c->piece[i].packed);
  PetscCall(PetscFree2(c->dw, c->db));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void RunPass(Conv *c, int pass)
{
  const HGConvStore relu = {.bias = c->bias, .act = HG_ACT_RELU}, plain = {.act = HG_ACT_IDENTITY};
  const ptrdiff_t   size = (ptrdiff_t)HGDTypeSize(c->k->dtype);
  char             *x = (char *)c->x, *y = (char *)c->y;

  if (pass == 0) (*c->k->conv)(&c->forward, x, &c->weights, c->packed, &relu, c->work, y + c->y0 * size);
  else if (pass == 2) (*c->k->conv_weights)(&c->forward, x, y + c->y0 * size, c->work, HG_F64, c->dw, c->db);
  for (const Piece *p = c->piece; pass == 1 && p < c->piece + c->pieces; p++)
    (*c->k->conv)(&p->s, y + p->from * size, &p->weights, p->packed, &plain, c->work, x + p->to * size);
}

/* What the arrays of CreateConv() take, before any is made: memory that is not there would end the job without a word */
static PetscErrorCode CheckMemory(const ConvSize *s, PetscInt batch, HGDType t)
{
  const double have    = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
  const double weights = (double)s->cin * (double)s->cout / (double)s->groups * PetscPowReal((PetscReal)s->kernel, (PetscReal)s->dim);
  const double points = (double)batch * PetscPowReal((PetscReal)s->size + (PetscReal)s->kernel * (PetscReal)s->dilation, (PetscReal)s->dim);
  const double need =
      (double)HGDTypeSize(t) * (points * (double)(s->cin + s->cout) + 3 * weights) + 8 * weights * (1 + omp_get_max_threads());

  PetscFunctionBegin;
  HGCheck(need < have, PETSC_COMM_WORLD,
          "these sizes take about %.3g GiB; this machine has %.3g: give a smaller -bench_size, -bench_cin, -bench_cout, -bench_kernel, "
          "-bench_dilation or -bench_batch",
          need / 1073741824, have / 1073741824);
  HGCheck(weights < PETSC_MAX_INT / 8, PETSC_COMM_WORLD, "a kernel of %g weights; give a smaller -bench_kernel, -bench_cin or -bench_cout",
          weights);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MeasureConv(const ConvSize *s, PetscInt batch, PetscInt repeat)
{
  static const char *const pass[]  = {"forward", "backward_data", "backward_weights"};
  const int                threads = omp_get_max_threads();
  HGDType                  t;
  HGSimd                   simd;
  Conv                     c;
  double                  *seconds;

  PetscFunctionBegin;
  PetscCall(HGGetDType(&t));
  PetscCall(HGGetSimd(&simd));
  PetscCall(CheckMemory(s, batch, t));
  PetscCall(CreateConv(s, batch, HGKernelsGet(simd, t), &c));
  PetscCall(PetscMalloc1(repeat, &seconds));
  for (int p = 0; p < 3; p++) {
    double median, peak;

    RunPass(&c, p);
    peak = AppPeakOfThread(c.k) * threads;
    for (PetscInt r = 0; r < repeat; r++) {
      const double start = MPI_Wtime();

      RunPass(&c, p);
      seconds[r] = MPI_Wtime() - start;
    }
    median = AppMedian(repeat, seconds);
    PetscCall(PetscPrintf(PETSC_COMM_SELF,
                          "conv pass=%s dim=%" PetscInt_FMT " size=%" PetscInt_FMT " cin=%" PetscInt_FMT " cout=%" PetscInt_FMT
                          " kernel=%" PetscInt_FMT " stride=%" PetscInt_FMT " dilation=%" PetscInt_FMT " groups=%" PetscInt_FMT
                          " batch=%" PetscInt_FMT " dtype=%s threads=%d simd=%s ms=%.4g gflops=%.1f peak_gflops=%.1f peak=%.3f\n",
                          pass[p], s->dim, s->size, s->cin, s->cout, s->kernel, s->stride, s->dilation, s->groups, batch, HGDTypeName(t),
                          threads, HGSimdName(simd), median * 1e3, c.flop / median / 1e9, peak / 1e9, c.flop / median / peak));
  }
  PetscCall(PetscFree(seconds));
  PetscCall(DestroyConv(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppBenchConv(PetscBool help)
{
  ConvOptions o;
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCall(GetConvOptions(&o));
  if (help) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(AppCheckOptions());
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  HGCheck(size == 1, PETSC_COMM_WORLD, "bench conv measures one process; run it on 1 rank instead of %d, with -hg_threads for more cores",
          size);
  if (!o.list) PetscCall(MeasureConv(&o.size, o.batch, o.repeat));
  else
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) PetscCall(MeasureConv(&list[i], o.batch, o.repeat));
  PetscFunctionReturn(PETSC_SUCCESS);
}
