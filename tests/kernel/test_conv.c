/* SPDX-License-Identifier: BSD-2-Clause */
/*
  Convolution kernels against the reference on random shapes, for every instruction set of this machine and both types:
  values, no access outside the arrays, bits independent of threads and of the cut into boxes, adjointness. Shapes have groups,
  strides, dilations, reversed taps; sums are stored with bias, activation, mask, threshold, addition.
*/
#define _DEFAULT_SOURCE
#include "kernel/hgkernel.h"
#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int      failures;
static uint64_t state = 12345;

static uint64_t Random(void) /* splitmix64 */
{
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z          = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z          = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static double Uniform(void)
{
  return (double)(Random() >> 11) * 0x1p-52 - 1;
}

static int Pick(int first, int last)
{
  return first + (int)(Random() % (uint64_t)(last - first + 1));
}

/* Array whose last (or first) element touches an unreadable page */
typedef struct {
  void   *map, *p;
  size_t  bytes, n;
  HGDType t;
} Array;

static Array ArrayCreate(HGDType t, size_t n)
{
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = HGDTypeSize(t), room = (n * size + page - 1) / page * page + page;
  Array        a = {.bytes = room + page, .n = n, .t = t};

  a.map = mmap(NULL, a.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (a.map == MAP_FAILED || mprotect((char *)a.map + page, room - page, PROT_READ | PROT_WRITE)) {
    perror("mmap");
    exit(1);
  }
  a.p = Random() % 2 ? (char *)a.map + page : (char *)a.map + room - n * size;
  return a;
}

static void ArrayDestroy(Array *a)
{
  munmap(a->map, a->bytes);
}

static double Get(const Array *a, ptrdiff_t i)
{
  return a->t == HG_F32 ? (double)((float *)a->p)[i] : ((double *)a->p)[i];
}

static void Set(const Array *a, ptrdiff_t i, double v)
{
  if (a->t == HG_F32) ((float *)a->p)[i] = (float)v;
  else ((double *)a->p)[i] = v;
}

static void *At(const Array *a, ptrdiff_t i)
{
  return (char *)a->p + i * (ptrdiff_t)HGDTypeSize(a->t);
}

static void Fill(const Array *a, double v)
{
  for (size_t i = 0; i < a->n; i++) Set(a, (ptrdiff_t)i, v);
}

/* Strides with gaps here and there; returns the number of elements from the first to the last */
static size_t Strides(int batch, const int n[3], int c, int gaps, ptrdiff_t s[4])
{
  s[3] = c + (gaps ? Pick(0, 5) : 0);
  s[2] = n[2] * s[3] + (gaps ? Pick(0, 5) : 0);
  s[1] = n[1] * s[2] + (gaps ? Pick(0, 5) : 0);
  s[0] = n[0] * s[1] + (gaps ? Pick(0, 5) : 0);
  return (size_t)((batch - 1) * s[0] + (n[0] - 1) * s[1] + (n[1] - 1) * s[2] + (n[2] - 1) * s[3] + c);
}

#define FOR_ELEMENTS(batch, n, c, s, o)     \
  for (int n_ = 0; n_ < (batch); n_++)      \
    for (int z_ = 0; z_ < (n)[0]; z_++)     \
      for (int y_ = 0; y_ < (n)[1]; y_++)   \
        for (int x_ = 0; x_ < (n)[2]; x_++) \
          for (ptrdiff_t o = n_ * (s)[0] + z_ * (s)[1] + y_ * (s)[2] + x_ * (s)[3], e_ = o + (c); o < e_; o++)

/* One shape with its data, and the reference results */
typedef struct {
  HGConvShape   s;
  int           stride[3], dilation[3], reversed[3];
  int           m[3];  /* points of x that are read */
  ptrdiff_t     xp[4]; /* strides of the points of x: sample, z, y, x */
  ptrdiff_t     x0;    /* the element that the first tap of the first output reads */
  size_t        nw;
  Array         x, w, bias, threshold, mask, dy, y, yref;
  HGConvWeights weights;
  HGConvStore   store;
  double       *dw, *db;
} Case;

static const int channels[] = {1, 1, 1, 2, 3, 4, 5, 7, 8, 12, 16, 16, 17, 20, 24, 31, 32, 33, 40, 48, 64, 65, 100};

/* A third of the shapes are dense, a third have groups of few channels each (half of them depthwise), a third mixed strides */
static void RandomShape(int i, Case *c)
{
  HGConvShape *s   = &c->s;
  const int    dim = Pick(1, 3), few = i % 4 == 0, grouped = i % 3 == 1, steps = i % 2;
  double       work;
  do {
    s->batch  = Pick(1, 3);
    s->groups = grouped ? channels[Pick(0, 22)] : 1;
    s->cin    = grouped ? (Pick(0, 1) ? 1 : Pick(1, 9)) : channels[Pick(0, 22)];
    s->cout   = grouped ? (Pick(0, 1) ? 1 : Pick(1, 9)) : few ? Pick(1, 4) : channels[Pick(0, 22)];
    work      = (double)s->batch * s->groups * s->cin * s->cout;
    for (int d = 0; d < 3; d++) {
      const int flat = d < 3 - dim;
      s->n[d]        = flat ? 1 : dim == 1 ? Pick(1, 700) : Pick(1, dim == 2 ? 60 : 16);
      s->k[d]        = flat ? 1 : Pick(1, 5);
      c->stride[d]   = steps ? Pick(1, 3) : 1;
      c->dilation[d] = steps ? Pick(1, 3) : 1;
      c->reversed[d] = steps ? Pick(0, 1) : 0;
      work *= (double)s->n[d] * s->k[d];
    }
  } while (work > 1e6);
}

/* Shapes that random ones miss: many input channels (in several blocks), long rows, many rows, many groups */
static void SpecialShape(int i, Case *c)
{
  static const int special[][9] = {
      /* batch groups cin cout nz ny nx k k */
      {1, 1, 1400, 5, 1, 1, 7, 3, 3},   {1, 1, 700, 20, 1, 2, 5, 3, 3}, {1, 1, 400, 33, 1, 2, 3, 3, 3},  {2, 1, 1100, 40, 1, 12, 11, 3, 1},
      {1, 1, 3200, 9, 1, 1, 120, 1, 1}, {1, 1, 2, 3, 1, 2, 1500, 1, 3}, {1, 1, 1, 16, 1, 90, 90, 3, 3},  {1, 1, 16, 1, 1, 90, 90, 3, 3},
      {1, 1, 3, 3, 1, 90, 90, 3, 3},    {1, 1, 8, 8, 1, 60, 90, 3, 3},  {2, 1, 16, 16, 1, 40, 60, 1, 1}, {1, 1, 400, 120, 1, 1, 57, 1, 1},
      {1, 1, 120, 84, 1, 1, 1, 1, 1},   {1, 1, 1, 1, 9, 30, 50, 3, 3},  {1, 96, 1, 1, 1, 30, 40, 3, 3},  {1, 33, 1, 1, 1, 30, 40, 5, 5},
      {1, 20, 1, 2, 1, 30, 20, 3, 3},   {1, 20, 2, 1, 1, 30, 20, 3, 3}, {2, 3, 33, 20, 1, 9, 20, 3, 3},  {1, 1, 1, 16, 1, 250, 270, 3, 3},
  };
  const int *p = special[i];
  c->s =
      (HGConvShape){.batch = p[0], .groups = p[1], .cin = p[2], .cout = p[3], .n = {p[4], p[5], p[6]}, .k = {p[4] > 1 ? 3 : 1, p[7], p[8]}};
  for (int d = 0; d < 3; d++) c->stride[d] = c->dilation[d] = 1, c->reversed[d] = 0;
}

/* Many channels, so many weights that they are not packed: few points, all kernels, strides and dilations; cuts at odd points */
static void WideShape(int i, Case *c)
{
  static const int wide[][14] = {
      /* batch groups cin cout nz ny nx kz ky kx, at y x, stride, dilation */
      {1, 1, 130, 300, 1, 7, 9, 1, 3, 3, 0, 1, 1, 1},  {2, 1, 300, 100, 1, 8, 6, 1, 3, 3, 0, 0, 1, 1},
      {1, 1, 600, 72, 1, 1, 1, 1, 3, 3, 1, 1, 1, 1},   {1, 1, 64, 64, 1, 19, 35, 1, 3, 3, 1, 0, 1, 1},
      {1, 1, 100, 128, 3, 3, 4, 3, 3, 3, 1, 1, 1, 1},  {3, 1, 257, 520, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1},
      {1, 1, 513, 577, 1, 1, 37, 1, 1, 1, 0, 0, 1, 1}, {2, 1, 111, 96, 1, 5, 4, 1, 5, 5, 0, 0, 1, 1},
      {1, 1, 130, 160, 1, 5, 5, 1, 3, 3, 0, 0, 2, 1},  {1, 1, 96, 129, 1, 5, 6, 1, 3, 3, 0, 0, 1, 2},
      {1, 2, 128, 150, 1, 4, 5, 1, 3, 3, 1, 0, 1, 1},  {1, 1, 160, 128, 1, 1, 600, 1, 1, 3, 0, 0, 1, 1},
      {1, 1, 64, 66, 1, 70, 60, 1, 3, 3, 0, 1, 1, 1},  {1, 1, 190, 200, 1, 1, 4500, 1, 1, 1, 0, 0, 1, 1},
  };
  const int *p = wide[i];
  c->s         = (HGConvShape){
              .batch = p[0], .groups = p[1], .cin = p[2], .cout = p[3], .n = {p[4], p[5], p[6]}, .k = {p[7], p[8], p[9]}, .at = {p[10], p[11]}};
  for (int d = 0; d < 3; d++) c->stride[d] = p[12], c->dilation[d] = p[13], c->reversed[d] = Pick(0, 1);
}

enum { RANDOM = 240, SPECIAL = 20, STREAMED = RANDOM + SPECIAL - 1, WIDE = 14 }; /* STREAMED: so large that results go past the caches */

/* Weights in one of two orders: [g][co][ci][kz][ky][kx], [kz][ky][kx][ci][g][co] */
static HGConvWeights WeightsCreate(const HGConvShape *s, const void *w, int order)
{
  const ptrdiff_t nk = s->k[0] * s->k[1] * s->k[2], all = (ptrdiff_t)s->groups * s->cout, in = s->cin * all;
  if (order) return (HGConvWeights){w, s->cout, 1, all, {s->k[1] * s->k[2] * in, s->k[2] * in, in}};
  return (HGConvWeights){w, s->cout * s->cin * nk, s->cin * nk, nk, {s->k[1] * s->k[2], s->k[2], 1}};
}

static void Reference(Case *c)
{
  const HGConvShape *s = &c->s;
  if (c->x.t == HG_F32) {
    HGConvReference_F32(s, At(&c->x, c->x0), &c->weights, &c->store, c->yref.p);
    HGConvWeightsReference_F32(s, At(&c->x, c->x0), c->dy.p, c->dw, c->db);
  } else {
    HGConvReference_F64(s, At(&c->x, c->x0), &c->weights, &c->store, c->yref.p);
    HGConvWeightsReference_F64(s, At(&c->x, c->x0), c->dy.p, c->dw, c->db);
  }
}

/* Strides of a shape from those of the points, and the points that are read */
static void CaseStrides(Case *c, int dense, size_t *nx, size_t *ny)
{
  HGConvShape *s = &c->s;

  for (int d = 0; d < 3; d++) c->m[d] = (s->n[d] - 1) * c->stride[d] + (s->k[d] - 1) * c->dilation[d] + 1;
  *nx      = Strides(s->batch, c->m, s->groups * s->cin, Pick(0, 1), c->xp);
  *ny      = Strides(s->batch, s->n, s->groups * s->cout, dense ? 0 : Pick(0, 1), s->ys);
  s->xs[0] = c->xp[0];
  c->x0    = 0;
  for (int d = 0; d < 3; d++) {
    s->xs[1 + d] = c->stride[d] * c->xp[1 + d];
    s->ts[d]     = c->dilation[d] * c->xp[1 + d] * (c->reversed[d] ? -1 : 1);
    if (c->reversed[d]) c->x0 -= (s->k[d] - 1) * s->ts[d];
  }
}

static void CaseCreate(int i, HGDType t, Case *c)
{
  HGConvShape *s = &c->s;
  size_t       nx, ny;
  int          all;

  memset(c, 0, sizeof(*c));
  if (i < RANDOM) RandomShape(i, c);
  else if (i < RANDOM + SPECIAL) SpecialShape(i - RANDOM, c);
  else WideShape(i - RANDOM - SPECIAL, c);
  CaseStrides(c, i == STREAMED, &nx, &ny);
  all   = s->groups * s->cout;
  c->nw = (size_t)s->cin * (size_t)all * (size_t)(s->k[0] * s->k[1] * s->k[2]);
  c->x = ArrayCreate(t, nx), c->w = ArrayCreate(t, c->nw), c->bias = ArrayCreate(t, (size_t)all),
  c->threshold = ArrayCreate(t, (size_t)all);
  c->mask = ArrayCreate(t, ny), c->dy = ArrayCreate(t, ny), c->y = ArrayCreate(t, ny), c->yref = ArrayCreate(t, ny);
  c->weights = WeightsCreate(s, c->w.p, Pick(0, 1));
  c->store   = (HGConvStore){.bias      = Pick(0, 1) ? c->bias.p : NULL,
                             .act       = Pick(0, 1) ? HG_ACT_RELU : HG_ACT_IDENTITY,
                             .mask      = Pick(0, 1) ? c->mask.p : NULL,
                             .threshold = Pick(0, 1) ? c->threshold.p : NULL,
                             .add       = Pick(0, 2) == 0};
  if (i == STREAMED) c->store.mask = NULL, c->store.add = 0;
  c->dw = calloc(c->nw, sizeof(double)), c->db = calloc((size_t)all, sizeof(double));
  Fill(&c->x, NAN), Fill(&c->mask, NAN), Fill(&c->dy, NAN), Fill(&c->yref, 0.5), Fill(&c->y, 0.5);
  FOR_ELEMENTS(s->batch, c->m, s->groups * s->cin, c->xp, o) Set(&c->x, o, Uniform());
  FOR_ELEMENTS(s->batch, s->n, all, s->ys, o) Set(&c->mask, o, Uniform()), Set(&c->dy, o, Uniform());
  for (size_t j = 0; j < c->nw; j++) Set(&c->w, (ptrdiff_t)j, Uniform());
  for (int j = 0; j < all; j++) Set(&c->bias, j, Uniform()), Set(&c->threshold, j, Uniform());
  Reference(c);
}

static void CaseDestroy(Case *c)
{
  Array *all[] = {&c->x, &c->w, &c->bias, &c->threshold, &c->mask, &c->dy, &c->y, &c->yref};
  for (int i = 0; i < 8; i++) ArrayDestroy(all[i]);
  free(c->dw);
  free(c->db);
}

static void Check(int ok, const char *what, const HGKernels *k, const Case *c, double error, double tolerance)
{
  const HGConvShape *s = &c->s;
  if (ok) return;
  failures++;
  fprintf(stderr,
          "%s: %s f%d batch %d groups %d cin %d cout %d n %dx%dx%d k %dx%dx%d stride %dx%dx%d dilation %dx%dx%d reversed %d%d%d "
          "xs %td ys %td bias %d act %d mask %d threshold %d add %d: error %g tolerance %g\n",
          what, HGSimdName(k->simd), k->dtype == HG_F32 ? 32 : 64, s->batch, s->groups, s->cin, s->cout, s->n[0], s->n[1], s->n[2], s->k[0],
          s->k[1], s->k[2], c->stride[0], c->stride[1], c->stride[2], c->dilation[0], c->dilation[1], c->dilation[2], c->reversed[0],
          c->reversed[1], c->reversed[2], s->xs[3], s->ys[3], c->store.bias != NULL, c->store.act, c->store.mask != NULL,
          c->store.threshold != NULL, c->store.add, error, tolerance);
}

static double Eps(HGDType t)
{
  return t == HG_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
}

/* Enough for the three threads of the tests, which the size depends on */
static Array CreateWork(const HGKernels *k, const HGConvShape *s)
{
  const int now = omp_get_max_threads();
  Array     a;

  omp_set_num_threads(3);
  a = ArrayCreate(k->dtype, k->conv_work(s->groups, s->cin, s->cout, s->k) / HGDTypeSize(k->dtype));
  omp_set_num_threads(now);
  Fill(&a, NAN);
  return a;
}

static void Conv(const HGKernels *k, const HGConvShape *s, const Case *c, const Array *packed, const Array *work, ptrdiff_t x, ptrdiff_t y)
{
  HGConvStore store = c->store;
  if (store.mask) store.mask = At(&c->mask, y);
  k->conv(s, At(&c->x, c->x0 + x), &c->weights, packed->p, &store, work->p, At(&c->y, y));
}

/* K additions each round by at most eps/2 of a partial sum. Partial sums of products of numbers uniform in [-1, 1] are about
   sqrt(K)/3, roundings are as random: the error is about eps K/14, and K eps is an order of magnitude above it. Also the
   gaps between pixels must stay as they were: both arrays had the same filling. */
static void TestValues(const HGKernels *k, Case *c, const Array *packed, const Array *work)
{
  const HGConvShape *s   = &c->s;
  const double       tol = Eps(k->dtype) * (8 + (double)s->cin * s->k[0] * s->k[1] * s->k[2]);
  double             err = 0;

  Conv(k, s, c, packed, work, 0, 0);
  for (size_t i = 0; i < c->y.n; i++) {
    const double e = fabs(Get(&c->y, (ptrdiff_t)i) - Get(&c->yref, (ptrdiff_t)i));
    if (!(e <= err)) err = e;
  }
  Check(err <= tol, "conv", k, c, err, tol);
}

static void TestThreads(const HGKernels *k, Case *c, const Array *packed, const Array *work)
{
  const int    threads = Pick(2, 3);
  const size_t bytes   = c->y.n * HGDTypeSize(k->dtype);
  void        *one     = malloc(bytes);

  memcpy(one, c->y.p, bytes);
  Fill(&c->y, 0.5);
  omp_set_num_threads(threads);
  Conv(k, &c->s, c, packed, work, 0, 0);
  Check(!memcmp(one, c->y.p, bytes), "conv on several threads", k, c, threads, 0);
  Fill(&c->y, 0.5);
#pragma omp parallel
#pragma omp single
  Conv(k, &c->s, c, packed, work, 0, 0);
  Check(!memcmp(one, c->y.p, bytes), "conv inside a parallel region", k, c, threads, 0);
  omp_set_num_threads(1);
  free(one);
}

/* Cuts the points into boxes of odd sizes: the same bits as in one call. */
static void TestCuts(const HGKernels *k, Case *c, const Array *packed, const Array *work)
{
  const HGConvShape *s     = &c->s;
  const size_t       bytes = c->y.n * HGDTypeSize(k->dtype);
  const int          h[3]  = {Pick(1, s->n[0]), Pick(1, s->n[1]), Pick(1, s->n[2] < 60 ? s->n[2] : s->n[2] / 4)};
  void              *whole = malloc(bytes);

  memcpy(whole, c->y.p, bytes);
  Fill(&c->y, 0.5);
  for (int z = 0; z < s->n[0]; z += h[0]) {
    for (int y = 0; y < s->n[1]; y += h[1]) {
      for (int x = 0; x < s->n[2]; x += h[2]) {
        HGConvShape b = *s;
        b.n[0]        = h[0] < s->n[0] - z ? h[0] : s->n[0] - z;
        b.n[1]        = h[1] < s->n[1] - y ? h[1] : s->n[1] - y;
        b.n[2]        = h[2] < s->n[2] - x ? h[2] : s->n[2] - x;
        b.at[0]       = (s->at[0] + y) & 1;
        b.at[1]       = (s->at[1] + x) & 1;
        Conv(k, &b, c, packed, work, z * s->xs[1] + y * s->xs[2] + x * s->xs[3], z * s->ys[1] + y * s->ys[2] + x * s->ys[3]);
      }
    }
  }
  Check(!memcmp(whole, c->y.p, bytes), "conv in boxes", k, c, 0, 0);
  free(whole);
}

static int GreatestDivisor(int a, int b)
{
  return b ? GreatestDivisor(b, a % b) : a;
}

/* One axis of a piece of the adjoint of a convolution of stride S and dilation D: input points r, r + S, r + 2 S ... get
   something from taps k with k D = r modulo S, that is first, first + step ..., and from output points q + shift - j D/gcd. */
typedef struct {
  int points, taps, first, step, shift, dilation;
} Piece;

static Piece PieceOf(int m, int k, int S, int D, int r)
{
  const int divisor = GreatestDivisor(S, D);
  Piece     p       = {.points = (m - r + S - 1) / S, .step = S / divisor, .dilation = D / divisor};
  while (p.first < k && (p.first * D - r) % S) p.first++;
  p.taps  = p.first < k ? (k - 1 - p.first) / p.step + 1 : 0;
  p.shift = (r - p.first * D) / S;
  return p;
}

/* dx of one piece. dy: first output point; weights in the order [g][co][ci][kz][ky][kx]. Points without taps keep their zeros. */
static void AdjointPiece(const HGKernels *k, const Case *c, const int r[3], const Array *dy, ptrdiff_t dy0, const ptrdiff_t dys[4],
                         const Array *dx)
{
  const HGConvStore store = {.act = HG_ACT_IDENTITY};
  HGConvShape       a = {.batch = c->s.batch, .groups = c->s.groups, .cin = c->s.cout, .cout = c->s.cin, .xs = {dys[0]}, .ys = {c->xp[0]}};
  HGConvWeights     w = c->weights;
  ptrdiff_t         from = dy0, to = 0, w0 = 0;

  w.so = c->weights.si, w.si = c->weights.so;
  for (int d = 0; d < 3; d++) {
    const Piece p = PieceOf(c->m[d], c->s.k[d], c->stride[d], c->dilation[d], r[d]);
    a.n[d] = p.points, a.k[d] = p.taps;
    if (!p.taps || p.points < 1) return;
    a.xs[1 + d] = dys[1 + d], a.ts[d] = -p.dilation * dys[1 + d], a.ys[1 + d] = c->stride[d] * c->xp[1 + d];
    w.st[d] = p.step * c->weights.st[d] * (c->reversed[d] ? -1 : 1);
    w0 += (c->reversed[d] ? c->s.k[d] - 1 - p.first : p.first) * c->weights.st[d];
    from += p.shift * dys[1 + d], to += r[d] * c->xp[1 + d];
  }
  w.w          = At(&c->w, w0);
  Array packed = ArrayCreate(k->dtype, k->conv_packed_size(a.groups, a.cin, a.cout, a.k) / HGDTypeSize(k->dtype));
  k->conv_pack(a.groups, a.cin, a.cout, a.k, &w, packed.p);
  Array work = CreateWork(k, &a);
  k->conv(&a, At(dy, from), &w, packed.p, &store, work.p, At(dx, to));
  ArrayDestroy(&work), ArrayDestroy(&packed);
}

/* <conv x, dy> = <x, conv' dy>, conv' in pieces on dy with zeros around. Each output has a relative error of some eps sqrt(K), of
   random sign, and K < 13000: 100 eps of the product of norms is two orders of magnitude above the error of the sum. */
static void TestAdjoint(const HGKernels *k, Case *c, const Array *packed, const Array *work)
{
  const HGConvShape *s     = &c->s;
  const HGConvStore  store = {.act = HG_ACT_IDENTITY};
  double             left = 0, right = 0, ny = 0, nd = 0, tol;
  int                ghosts[3], m[3];
  ptrdiff_t          dys[4], dy0 = 0;
  const int          all = s->groups * s->cout, in = s->groups * s->cin;

  for (int d = 0; d < 3; d++) ghosts[d] = (s->k[d] - 1) * c->dilation[d] / c->stride[d] + 1, m[d] = s->n[d] + 2 * ghosts[d];
  Array dy = ArrayCreate(k->dtype, Strides(s->batch, m, all, Pick(0, 1), dys)), dx = ArrayCreate(k->dtype, c->x.n);
  for (int d = 0; d < 3; d++) dy0 += ghosts[d] * dys[1 + d];
  FOR_ELEMENTS(s->batch, m, all, dys, o) Set(&dy, o, 0);
  FOR_ELEMENTS(s->batch, c->m, in, c->xp, o) Set(&dx, o, 0);
  k->conv(s, At(&c->x, c->x0), &c->weights, packed->p, &store, work->p, c->y.p);
  FOR_ELEMENTS(s->batch, s->n, all, s->ys, o)
  {
    const double v = Get(&c->y, o), d = Get(&c->dy, o);
    Set(&dy, dy0 + n_ * dys[0] + z_ * dys[1] + y_ * dys[2] + x_ * dys[3] + all - (e_ - o), d);
    left += v * d, ny += v * v, nd += d * d;
  }
  for (int z = 0; z < c->stride[0]; z++)
    for (int y = 0; y < c->stride[1]; y++)
      for (int x = 0; x < c->stride[2]; x++) AdjointPiece(k, c, (int[3]){z, y, x}, &dy, dy0, dys, &dx);
  FOR_ELEMENTS(s->batch, c->m, in, c->xp, o) right += Get(&dx, o) * Get(&c->x, o);
  tol = 100 * Eps(k->dtype) * sqrt(ny * nd);
  Check(fabs(left - right) <= tol, "adjoint", k, c, fabs(left - right), tol);
  ArrayDestroy(&dy), ArrayDestroy(&dx);
}

/* Into arrays of the kernel's type: the sums of `wide`, which starts from 1, rounded once and added to 1 */
static void TestNarrow(const HGKernels *k, const Case *c, const double *wide, void *work)
{
  const size_t n   = c->nw + (size_t)(c->s.groups * c->s.cout);
  Array        dw  = ArrayCreate(k->dtype, n);
  double       err = 0;

  Fill(&dw, 1);
  k->conv_weights(&c->s, At(&c->x, c->x0), c->dy.p, work, k->dtype, dw.p, At(&dw, (ptrdiff_t)c->nw));
  for (size_t i = 0; i < n; i++) {
    const double e = fabs(Get(&dw, (ptrdiff_t)i) - wide[i]) / (1 + fabs(wide[i]));
    if (!(e <= err)) err = e;
  }
  Check(err <= 2 * Eps(k->dtype), "weight gradient in the kernel's type", k, c, err, 2 * Eps(k->dtype));
  ArrayDestroy(&dw);
}

/* At most 512 pixels are summed in the kernel's type: eps 512/14 for such a sum as above, of random sign over the sums, which
   is eps sqrt(512 M)/14 for M pixels; again an order of magnitude of room. The rest, and the reference, is summed in double.
   All starts from 1 because gradients are added. */
static void TestWeights(const HGKernels *k, Case *c)
{
  const HGConvShape *s      = &c->s;
  const double       points = (double)s->batch * s->n[0] * s->n[1] * s->n[2];
  const double       tol    = Eps(k->dtype) * (16 + sqrt(512 * points)) + DBL_EPSILON * points;
  const size_t       n      = c->nw + (size_t)(s->groups * s->cout);
  Array              work, dw = ArrayCreate(HG_F64, n);
  double            *got = dw.p, *one = malloc(n * sizeof(double)), err = 0;

  omp_set_num_threads(3);
  work = ArrayCreate(HG_F64, (k->conv_weights_work(s) + 7) / 8);
  for (int t = 1; t <= 3; t += Pick(1, 2)) {
    Fill(&work, NAN), Fill(&dw, 1);
    omp_set_num_threads(t);
    k->conv_weights(s, At(&c->x, c->x0), c->dy.p, work.p, HG_F64, got, got + c->nw);
    if (t == 1) memcpy(one, got, n * sizeof(double));
    Check(!memcmp(one, got, n * sizeof(double)), "weight gradient on several threads", k, c, t, 0);
  }
  omp_set_num_threads(1);
  for (size_t i = 0; i < n; i++) {
    const double e = fabs(got[i] - 1 - (i < c->nw ? c->dw[i] : c->db[i - c->nw]));
    if (!(e <= err)) err = e;
  }
  Check(err <= tol, "weight gradient", k, c, err, tol);
  Fill(&dw, 1);
  k->conv_weights(s, At(&c->x, c->x0), c->dy.p, work.p, HG_F64, got, NULL);
  Check(!memcmp(one, got, c->nw * sizeof(double)) && got[c->nw] == 1, "weight gradient without bias", k, c, 0, 0);
  TestNarrow(k, c, one, work.p);
  free(one);
  ArrayDestroy(&work), ArrayDestroy(&dw);
}

static void TestCase(const HGKernels *k, Case *c)
{
  const HGConvShape *s      = &c->s;
  Array              packed = ArrayCreate(k->dtype, k->conv_packed_size(s->groups, s->cin, s->cout, s->k) / HGDTypeSize(k->dtype));

  Fill(&c->y, 0.5);
  Array work = CreateWork(k, s);

  k->conv_pack(s->groups, s->cin, s->cout, s->k, &c->weights, packed.p);
  TestValues(k, c, &packed, &work);
  TestThreads(k, c, &packed, &work);
  TestCuts(k, c, &packed, &work);
  TestWeights(k, c);
  TestAdjoint(k, c, &packed, &work);
  ArrayDestroy(&work), ArrayDestroy(&packed);
}

static void TestTable(void)
{
  HGSimd simd = HG_SIMD_AVX2;
  failures += !HGSimdParse("avx1024", &simd) || !HGSimdParse(NULL, &simd) || simd != HG_SIMD_AVX2;
  for (int i = HG_SIMD_PORTABLE; i <= HG_SIMD_AVX512; i++) {
    const HGKernels *k = HGKernelsGet((HGSimd)i, HG_F64);
    failures += !!k != !!HGSimdSupported((HGSimd)i) || (k && (k->simd != (HGSimd)i || k->dtype != HG_F64));
    failures += HGSimdParse(HGSimdName((HGSimd)i), &simd) || simd != (HGSimd)i;
    failures += k && k->peak(1000) < 1000;
  }
  failures += !HGSimdSupported(HGSimdDetect()) || !HGSimdSupported(HG_SIMD_PORTABLE);
  if (failures) fprintf(stderr, "table of kernels: %d wrong answers\n", failures);
}

int main(void)
{
  omp_set_num_threads(1);
  TestTable();
  for (int i = 0; i < RANDOM + SPECIAL + WIDE; i++) {
    for (int t = HG_F32; t <= HG_F64; t++) {
      Case c;
      CaseCreate(i, (HGDType)t, &c);
      for (int simd = HG_SIMD_PORTABLE; simd <= HG_SIMD_AVX512; simd++) {
        const HGKernels *k = HGKernelsGet((HGSimd)simd, (HGDType)t);
        if (k) TestCase(k, &c);
      }
      CaseDestroy(&c);
    }
  }
  return failures > 0;
}
