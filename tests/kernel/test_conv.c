/* SPDX-License-Identifier: BSD-2-Clause */
/*
  Convolution kernels against the reference on random shapes, for every instruction set of this machine and both types:
  values, no access outside the arrays, bits independent of threads and of the cut into boxes, adjointness.
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
  HGConvShape  s;
  int          m[3]; /* points of x: n + k - 1 */
  size_t       nw;
  Array        x, w, bias, mask, dy, y, yref;
  int          use_bias, use_mask;
  HGActivation act;
  double      *dw, *db;
} Case;

static const int channels[] = {1, 1, 1, 2, 3, 4, 5, 7, 8, 12, 16, 16, 17, 20, 24, 31, 32, 33, 40, 48, 64, 65, 100};

static void RandomShape(int i, HGConvShape *s)
{
  const int dim = i % 3 + 1, few = i % 4 == 0;
  double    work;
  do {
    memset(s, 0, sizeof(*s));
    s->batch = Pick(1, 3);
    s->cin   = channels[Pick(0, 22)];
    s->cout  = few ? Pick(1, 4) : channels[Pick(0, 22)];
    work     = (double)s->batch * s->cin * s->cout;
    for (int d = 0; d < 3; d++) {
      s->n[d] = d < 3 - dim ? 1 : dim == 1 ? Pick(1, 700) : Pick(1, dim == 2 ? 60 : 16);
      s->k[d] = d < 3 - dim ? 1 : Pick(1, 5);
      work *= (double)s->n[d] * s->k[d];
    }
  } while (work > 1.5e6);
}

/* Shapes that random ones miss: many input channels (partial sums pass through y), long rows, many rows */
static void SpecialShape(int i, HGConvShape *s)
{
  static const HGConvShape special[] = {
      {1, 1400, 5,  {1, 1, 7},    {1, 3, 3}, {0}, {0}},
      {1, 700,  20, {1, 2, 5},    {1, 3, 3}, {0}, {0}},
      {1, 400,  33, {1, 2, 3},    {1, 3, 3}, {0}, {0}},
      {1, 2,    3,  {1, 2, 1500}, {1, 1, 3}, {0}, {0}},
      {1, 1,    16, {1, 90, 90},  {1, 3, 3}, {0}, {0}},
      {1, 16,   1,  {1, 90, 90},  {1, 3, 3}, {0}, {0}},
      {2, 16,   16, {1, 40, 60},  {1, 1, 1}, {0}, {0}},
      {1, 1,    1,  {9, 30, 50},  {3, 3, 3}, {0}, {0}}
  };
  *s = special[i];
}
enum { RANDOM = 300, SPECIAL = 8 };

static void Reference(Case *c, const HGConvShape *s)
{
  const void *bias = c->use_bias ? c->bias.p : NULL, *mask = c->use_mask ? c->mask.p : NULL;
  if (c->x.t == HG_F32) {
    HGConvReference_F32(s, c->x.p, c->w.p, bias, c->act, mask, c->yref.p);
    HGConvWeightsReference_F32(s, c->x.p, c->dy.p, c->dw, c->db);
  } else {
    HGConvReference_F64(s, c->x.p, c->w.p, bias, c->act, mask, c->yref.p);
    HGConvWeightsReference_F64(s, c->x.p, c->dy.p, c->dw, c->db);
  }
}

static void CaseCreate(int i, HGDType t, Case *c)
{
  HGConvShape *s = &c->s;
  size_t       nx, ny;

  if (i < RANDOM) RandomShape(i, s);
  else SpecialShape(i - RANDOM, s);
  for (int d = 0; d < 3; d++) c->m[d] = s->n[d] + s->k[d] - 1;
  nx    = Strides(s->batch, c->m, s->cin, Pick(0, 1), s->xs);
  ny    = Strides(s->batch, s->n, s->cout, Pick(0, 1), s->ys);
  c->nw = (size_t)s->cin * s->cout * s->k[0] * s->k[1] * s->k[2];
  c->x = ArrayCreate(t, nx), c->w = ArrayCreate(t, c->nw), c->bias = ArrayCreate(t, (size_t)s->cout);
  c->mask = ArrayCreate(t, ny), c->dy = ArrayCreate(t, ny), c->y = ArrayCreate(t, ny), c->yref = ArrayCreate(t, ny);
  c->use_bias = Pick(0, 1), c->use_mask = Pick(0, 1), c->act = Pick(0, 1) ? HG_ACT_RELU : HG_ACT_IDENTITY;
  c->dw = calloc(c->nw, sizeof(double)), c->db = calloc((size_t)s->cout, sizeof(double));
  Fill(&c->x, NAN), Fill(&c->mask, NAN), Fill(&c->dy, NAN), Fill(&c->yref, 77), Fill(&c->y, 77);
  FOR_ELEMENTS(s->batch, c->m, s->cin, s->xs, o) Set(&c->x, o, Uniform());
  FOR_ELEMENTS(s->batch, s->n, s->cout, s->ys, o) Set(&c->mask, o, Uniform()), Set(&c->dy, o, Uniform());
  for (size_t j = 0; j < c->nw; j++) Set(&c->w, (ptrdiff_t)j, Uniform());
  for (int j = 0; j < s->cout; j++) Set(&c->bias, j, Uniform());
  Reference(c, s);
}

static void CaseDestroy(Case *c)
{
  Array *all[] = {&c->x, &c->w, &c->bias, &c->mask, &c->dy, &c->y, &c->yref};
  for (int i = 0; i < 7; i++) ArrayDestroy(all[i]);
  free(c->dw);
  free(c->db);
}

static void Check(int ok, const char *what, const HGKernels *k, const HGConvShape *s, double error, double tolerance)
{
  if (ok) return;
  failures++;
  fprintf(stderr, "%s: %s f%d batch %d cin %d cout %d n %dx%dx%d k %dx%dx%d strides x %td y %td: error %g tolerance %g\n", what,
          HGSimdName(k->simd), k->dtype == HG_F32 ? 32 : 64, s->batch, s->cin, s->cout, s->n[0], s->n[1], s->n[2], s->k[0], s->k[1],
          s->k[2], s->xs[3], s->ys[3], error, tolerance);
}

static double Eps(HGDType t)
{
  return t == HG_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
}

static void Conv(const HGKernels *k, const HGConvShape *s, const Case *c, const Array *packed, ptrdiff_t x, ptrdiff_t y)
{
  k->conv(s, At(&c->x, x), packed->p, c->use_bias ? c->bias.p : NULL, c->act, c->use_mask ? At(&c->mask, y) : NULL, At(&c->y, y));
}

/* K additions each round by at most eps/2 of a partial sum. Partial sums of products of numbers uniform in [-1, 1] are about
   sqrt(K)/3, roundings are as random: the error is about eps K/14, and K eps is an order of magnitude above it. Also the
   gaps between pixels must stay as they were: both arrays had the same filling. */
static void TestValues(const HGKernels *k, Case *c, const Array *packed)
{
  const HGConvShape *s   = &c->s;
  const double       tol = Eps(k->dtype) * (8 + (double)s->cin * s->k[0] * s->k[1] * s->k[2]);
  double             err = 0;

  Conv(k, s, c, packed, 0, 0);
  for (size_t i = 0; i < c->y.n; i++) {
    const double e = fabs(Get(&c->y, (ptrdiff_t)i) - Get(&c->yref, (ptrdiff_t)i));
    if (!(e <= err)) err = e;
  }
  Check(err <= tol, "conv", k, s, err, tol);
}

static void TestThreads(const HGKernels *k, Case *c, const Array *packed)
{
  const int    threads = Pick(2, 3);
  const size_t bytes   = c->y.n * HGDTypeSize(k->dtype);
  void        *one     = malloc(bytes);

  memcpy(one, c->y.p, bytes);
  Fill(&c->y, 77);
  omp_set_num_threads(threads);
  Conv(k, &c->s, c, packed, 0, 0);
  Check(!memcmp(one, c->y.p, bytes), "conv on several threads", k, &c->s, threads, 0);
  omp_set_num_threads(1);
  free(one);
}

/* Cuts the points into boxes of odd sizes: the same bits as in one call. */
static void TestCuts(const HGKernels *k, Case *c, const Array *packed)
{
  const HGConvShape *s     = &c->s;
  const size_t       bytes = c->y.n * HGDTypeSize(k->dtype);
  const int          h[3]  = {Pick(1, s->n[0]), Pick(1, s->n[1]), Pick(1, s->n[2] < 60 ? s->n[2] : s->n[2] / 4)};
  void              *whole = malloc(bytes);

  memcpy(whole, c->y.p, bytes);
  Fill(&c->y, 77);
  for (int z = 0; z < s->n[0]; z += h[0]) {
    for (int y = 0; y < s->n[1]; y += h[1]) {
      for (int x = 0; x < s->n[2]; x += h[2]) {
        HGConvShape b = *s;
        b.n[0]        = h[0] < s->n[0] - z ? h[0] : s->n[0] - z;
        b.n[1]        = h[1] < s->n[1] - y ? h[1] : s->n[1] - y;
        b.n[2]        = h[2] < s->n[2] - x ? h[2] : s->n[2] - x;
        Conv(k, &b, c, packed, z * s->xs[1] + y * s->xs[2] + x * s->xs[3], z * s->ys[1] + y * s->ys[2] + x * s->ys[3]);
      }
    }
  }
  Check(!memcmp(whole, c->y.p, bytes), "conv in boxes", k, s, 0, 0);
  free(whole);
}

/* <conv x, dy> = <x, conv' dy>, conv' on dy with k - 1 zeros around. Each output has a relative error of some eps sqrt(K), of
   random sign, and K < 13000: 100 eps of the product of norms is two orders of magnitude above the error of the sum. */
static void TestAdjoint(const HGKernels *k, Case *c, const Array *packed)
{
  const HGConvShape *s = &c->s;
  HGConvShape        a = {
             s->batch, s->cout, s->cin, {c->m[0],  c->m[1], c->m[2]},
                {s->k[0], s->k[1], s->k[2]},
                {0 },
                {0}
  };
  int    m[3];
  double left = 0, right = 0, ny = 0, nd = 0, tol;
  size_t nx, nd_all;

  for (int d = 0; d < 3; d++) m[d] = a.n[d] + a.k[d] - 1;
  nd_all = Strides(a.batch, m, a.cin, Pick(0, 1), a.xs), nx = Strides(a.batch, a.n, a.cout, Pick(0, 1), a.ys);
  Array           dy = ArrayCreate(k->dtype, nd_all), dx = ArrayCreate(k->dtype, nx);
  Array           back  = ArrayCreate(k->dtype, k->conv_packed_size(s->cout, s->cin, s->k) / HGDTypeSize(k->dtype));
  const ptrdiff_t ghost = (s->k[0] - 1) * a.xs[1] + (s->k[1] - 1) * a.xs[2] + (s->k[2] - 1) * a.xs[3];

  FOR_ELEMENTS(a.batch, m, a.cin, a.xs, o) Set(&dy, o, 0);
  k->conv(s, c->x.p, packed->p, NULL, HG_ACT_IDENTITY, NULL, c->y.p);
  FOR_ELEMENTS(s->batch, s->n, s->cout, s->ys, o)
  {
    const double    v = Get(&c->y, o), d = Get(&c->dy, o);
    const ptrdiff_t channel = s->cout - (e_ - o);
    Set(&dy, ghost + n_ * a.xs[0] + z_ * a.xs[1] + y_ * a.xs[2] + x_ * a.xs[3] + channel, d);
    left += v * d, ny += v * v, nd += d * d;
  }
  k->conv_pack_adjoint(s->cin, s->cout, s->k, c->w.p, back.p);
  k->conv(&a, dy.p, back.p, NULL, HG_ACT_IDENTITY, NULL, dx.p);
  FOR_ELEMENTS(a.batch, a.n, a.cout, a.ys, o)
  {
    const ptrdiff_t channel = a.cout - (e_ - o);
    right += Get(&dx, o) * Get(&c->x, n_ * s->xs[0] + z_ * s->xs[1] + y_ * s->xs[2] + x_ * s->xs[3] + channel);
  }
  tol = 100 * Eps(k->dtype) * sqrt(ny * nd);
  Check(fabs(left - right) <= tol, "adjoint", k, s, fabs(left - right), tol);
  ArrayDestroy(&dy), ArrayDestroy(&dx), ArrayDestroy(&back);
}

/* At most 512 pixels are summed in the kernel's type: eps 512/14 for such a sum as above, of random sign over the sums, which
   is eps sqrt(512 M)/14 for M pixels; again an order of magnitude of room. The rest, and the reference, is summed in double.
   All starts from 1 because gradients are added. */
static void TestWeights(const HGKernels *k, Case *c)
{
  const HGConvShape *s      = &c->s;
  const double       points = (double)s->batch * s->n[0] * s->n[1] * s->n[2];
  const double       tol    = Eps(k->dtype) * (16 + sqrt(512 * points)) + DBL_EPSILON * points;
  const size_t       n      = c->nw + (size_t)s->cout;
  Array              work = ArrayCreate(HG_F64, (k->conv_weights_work(s) + 7) / 8), dw = ArrayCreate(HG_F64, n);
  double            *got = dw.p, *one = malloc(n * sizeof(double)), err = 0;

  for (int t = 1; t <= 3; t += Pick(1, 2)) {
    Fill(&work, NAN), Fill(&dw, 1);
    omp_set_num_threads(t);
    k->conv_weights(s, c->x.p, c->dy.p, work.p, got, got + c->nw);
    if (t == 1) memcpy(one, got, n * sizeof(double));
    Check(!memcmp(one, got, n * sizeof(double)), "weight gradient on several threads", k, s, t, 0);
  }
  omp_set_num_threads(1);
  for (size_t i = 0; i < n; i++) {
    const double e = fabs(got[i] - 1 - (i < c->nw ? c->dw[i] : c->db[i - c->nw]));
    if (!(e <= err)) err = e;
  }
  Check(err <= tol, "weight gradient", k, s, err, tol);
  Fill(&dw, 1);
  k->conv_weights(s, c->x.p, c->dy.p, work.p, got, NULL);
  Check(!memcmp(one, got, c->nw * sizeof(double)) && got[c->nw] == 1, "weight gradient without bias", k, s, 0, 0);
  free(one);
  ArrayDestroy(&work), ArrayDestroy(&dw);
}

static void TestCase(const HGKernels *k, Case *c)
{
  Array packed = ArrayCreate(k->dtype, k->conv_packed_size(c->s.cin, c->s.cout, c->s.k) / HGDTypeSize(k->dtype));

  Fill(&c->y, 77);
  k->conv_pack(c->s.cin, c->s.cout, c->s.k, c->w.p, packed.p);
  TestValues(k, c, &packed);
  TestThreads(k, c, &packed);
  TestCuts(k, c, &packed);
  TestWeights(k, c);
  TestAdjoint(k, c, &packed);
  ArrayDestroy(&packed);
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
  for (int i = 0; i < RANDOM + SPECIAL; i++) {
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
