/* SPDX-License-Identifier: BSD-2-Clause */
/*
  Kernels on fields against plain loops on random shapes, for every instruction set of this machine and both types: values, gaps
  between pixels untouched, no access outside the arrays, the same bits on any number of threads.
*/
#define _DEFAULT_SOURCE
#include "field_reference.h"
#include <float.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int      failures;
static uint64_t state = 4711;

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

/* An array of the tested type whose last (or first) element touches an unreadable page, and the same numbers in double */
typedef struct {
  HGDType t;
  size_t  n, bytes;
  void   *map, *p;
  double *d;
} Array;

static Array ArrayCreate(HGDType t, size_t n)
{
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = HGDTypeSize(t), room = (n * size + page - 1) / page * page + page;
  Array        a = {.t = t, .n = n, .bytes = room + page, .d = malloc(n * sizeof(double))};

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
  free(a->d);
}

static double Get(const Array *a, size_t i)
{
  return a->t == HG_F32 ? (double)((float *)a->p)[i] : ((double *)a->p)[i];
}

static void Set(Array *a, size_t i, double v)
{
  if (a->t == HG_F32) ((float *)a->p)[i] = (float)v;
  else ((double *)a->p)[i] = v;
  a->d[i] = Get(a, i);
}

/* Numbers of a few values, so that maxima are found more than once, or of all */
static void Fill(Array *a, double scale, int few)
{
  for (size_t i = 0; i < a->n; i++) Set(a, i, few ? Pick(-3, 3) : scale * Uniform());
}

static void *Offset(const Array *a, ptrdiff_t i)
{
  return (char *)a->p + i * (ptrdiff_t)HGDTypeSize(a->t);
}

static double Eps(HGDType t)
{
  return t == HG_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
}

/* What a kernel wrote to a, beside the reference in a->d; relative: to each number, otherwise to 1 */
static void Compare(const HGFieldKernels *k, const char *what, const Array *a, double tolerance, int relative)
{
  double worst = 0;

  for (size_t i = 0; i < a->n; i++) {
    const double v = Get(a, i), w = a->d[i], e = v == w || (isnan(w) && isnan(v)) ? 0 : fabs(v - w) / (relative ? fmax(fabs(w), 1e-30) : 1);
    if (!(e <= worst)) worst = e;
  }
  if (worst <= tolerance) return;
  failures++;
  fprintf(stderr, "%s %s f%d: error %g, at most %g expected\n", what, HGSimdName(k->simd), k->dtype == HG_F32 ? 32 : 64, worst, tolerance);
}

/* Runs code, which writes array a, on one thread and on three from the same content: the same bits */
#define RUN(k, what, a, code)                                                                                      \
  do {                                                                                                             \
    const size_t bytes_  = (a)->n * HGDTypeSize((a)->t);                                                           \
    void        *before_ = malloc(2 * bytes_ + 1), *once_ = (char *)before_ + bytes_;                              \
    memcpy(before_, (a)->p, bytes_);                                                                               \
    omp_set_num_threads(3);                                                                                        \
    code;                                                                                                          \
    memcpy(once_, (a)->p, bytes_);                                                                                 \
    memcpy((a)->p, before_, bytes_);                                                                               \
    omp_set_num_threads(1);                                                                                        \
    code;                                                                                                          \
    if (memcmp(once_, (a)->p, bytes_)) failures++, fprintf(stderr, "%s depends on the number of threads\n", what); \
    free(before_);                                                                                                 \
  } while (0)

static const int channels[] = {1, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 16, 17, 24, 33};

/* Strides with gaps here and there; returns the elements from the first to the last */
static size_t Strides(int batch, const int n[3], int c, ptrdiff_t s[4])
{
  const int gaps = Pick(0, 1);

  s[3] = c + (gaps ? Pick(0, 5) : 0);
  s[2] = n[2] * s[3] + (gaps ? Pick(0, 5) : 0);
  s[1] = n[1] * s[2] + (gaps ? Pick(0, 5) : 0);
  s[0] = n[0] * s[1] + (gaps ? Pick(0, 5) : 0);
  return (size_t)((batch - 1) * s[0] + (n[0] - 1) * s[1] + (n[1] - 1) * s[2] + (n[2] - 1) * s[3] + c);
}

static void RandomPoints(int dim, int large, int n[3])
{
  for (int a = 0; a < 3; a++)
    n[a] = a < 3 - dim ? 1 : dim == 1 ? Pick(1, large ? 4000 : 99) : Pick(1, dim == 2 ? (large ? 70 : 20) : (large ? 20 : 7));
}

/* How an adjoint stores: adds, masks, has thresholds of channels; its twin has the reference's arrays */
typedef struct {
  HGFieldStore store, twin;
  Array        threshold;
} Stored;

static Stored StoredCreate(HGDType t, int c, const Array *mask)
{
  Stored s = {.threshold = ArrayCreate(t, (size_t)c)};

  Fill(&s.threshold, 1, 0);
  if (Pick(0, 1)) s.threshold.d[0] = -INFINITY, Set(&s.threshold, 0, -INFINITY);
  s.store = (HGFieldStore){.mask = Pick(0, 1) ? mask->p : NULL, .threshold = Pick(0, 1) ? s.threshold.p : NULL, .add = Pick(0, 1)};
  s.twin  = (HGFieldStore){s.store.mask ? mask->d : NULL, s.store.threshold ? s.threshold.d : NULL, s.store.add};
  return s;
}

static void TestPool(const HGFieldKernels *k, int i)
{
  HGPoolShape s   = {.batch = Pick(1, 3), .channels = channels[i % 15], .include_padding = Pick(0, 1)};
  const int   dim = Pick(1, 3), common = i % 3 == 0, tiles = i % 6 == 0; /* windows of two points, stride two; that fill the grid */
  int         m[3], low[3], high[3];                                     /* grid; ghost points below and above that the array has */
  ptrdiff_t   x0 = 0;

  RandomPoints(dim, i % 8 == 0, m);
  for (int a = 0; a < 3; a++) {
    if (tiles && m[a] > 1) m[a] += m[a] % 2;
    const int flat = m[a] == 1, pad = flat || common ? 0 : Pick(0, 1);
    s.k[a]        = flat ? 1 : common ? 2 : Pick(2, 4);
    s.stride[a]   = flat ? 1 : common ? 2 : Pick(1, 3);
    s.dilation[a] = flat || common ? 1 : Pick(1, 2);
    if ((s.k[a] - 1) * s.dilation[a] + 1 > m[a] + 2 * pad) s.k[a] = s.dilation[a] = 1;
    s.n[a]     = (m[a] + 2 * pad - (s.k[a] - 1) * s.dilation[a] - 1) / s.stride[a] + 1;
    low[a]     = m[a] > 2 ? Pick(0, 2) : 0;
    high[a]    = Pick(0, 1);
    s.first[a] = -pad - low[a];
    s.lo[a]    = -low[a];
    s.hi[a]    = m[a] - low[a];
    s.from[a]  = s.lo[a] + (Pick(0, 3) == 0 && m[a] > 2 && !tiles); /* the owned points, as a rank has them */
    s.to[a]    = s.hi[a] - (Pick(0, 3) == 0 && m[a] > 2 && !tiles);
    m[a] += high[a];
  }
  const size_t nx = Strides(s.batch, m, s.channels, s.xs), ny = Strides(s.batch, s.n, s.channels, s.ys);
  for (int a = 0; a < 3; a++) x0 += low[a] * s.xs[1 + a];
  Array  x = ArrayCreate(k->dtype, nx), dx = ArrayCreate(k->dtype, nx), y = ArrayCreate(k->dtype, ny), dy = ArrayCreate(k->dtype, ny);
  Stored d = StoredCreate(k->dtype, s.channels, &x);
  Fill(&x, 1, Pick(0, 1)), Fill(&dy, 1, 0);
  if (d.store.mask) d.store.mask = Offset(&x, x0), d.twin.mask = x.d + x0;
  for (int average = 0; average < 2; average++) {
    Fill(&y, 1, 0), Fill(&dx, 1, 0);
    RUN(k, "pool", &y, (average ? k->average_pool : k->max_pool)(&s, Offset(&x, x0), y.p));
    PoolReference(&s, x.d + x0, average, y.d);
    Compare(k, average ? "average_pool" : "max_pool", &y, average ? 70 * Eps(k->dtype) : 0, 0); /* at most 64 taps below 1, or below 3 */
    if (average) RUN(k, "average_pool_adjoint", &dx, k->average_pool_adjoint(&s, dy.p, &d.store, Offset(&dx, x0)));
    else RUN(k, "max_pool_adjoint", &dx, k->max_pool_adjoint(&s, Offset(&x, x0), dy.p, &d.store, Offset(&dx, x0)));
    PoolAdjointReference(&s, x.d + x0, dy.d, average, &d.twin, dx.d + x0);
    Compare(k, average ? "average_pool_adjoint" : "max_pool_adjoint", &dx, 70 * Eps(k->dtype), 0);
  }
  ArrayDestroy(&x), ArrayDestroy(&dx), ArrayDestroy(&y), ArrayDestroy(&dy), ArrayDestroy(&d.threshold);
}

/* A rank's part: outputs over input points in0 to in1 of the grid, with one ghost point where the grid goes on */
static void TestUpsample(const HGFieldKernels *k, int i)
{
  HGUpsampleShape s = {.batch = Pick(1, 3), .channels = channels[i % 15]};
  int             m[3];

  RandomPoints(Pick(1, 3), 0, s.size);
  for (int a = 0; a < 3; a++) {
    const int j0 = Pick(0, s.size[a] - 1), j1 = Pick(j0 + 1, s.size[a]);
    s.factor[a] = s.size[a] == 1 ? 1 : i % 2 ? Pick(1, 4) : 2;
    s.out[a]    = j0 * s.factor[a];
    s.n[a]      = (j1 - j0) * s.factor[a];
    s.from[a] = s.in[a] = j0 > 0 ? j0 - 1 : 0;
    s.to[a]             = j1 < s.size[a] ? j1 + 1 : j1;
    m[a]                = s.to[a] - s.in[a];
  }
  const size_t nx = Strides(s.batch, m, s.channels, s.xs), ny = Strides(s.batch, s.n, s.channels, s.ys);
  Array        x = ArrayCreate(k->dtype, nx), dx = ArrayCreate(k->dtype, nx), y = ArrayCreate(k->dtype, ny), dy = ArrayCreate(k->dtype, ny);
  Stored       d = StoredCreate(k->dtype, s.channels, &x);
  Fill(&x, 1, 0), Fill(&dy, 1, 0);
  for (int linear = 0; linear < 2; linear++) {
    Fill(&y, 1, 0), Fill(&dx, 1, 0);
    RUN(k, "upsample", &y, (linear ? k->linear : k->nearest)(&s, x.p, y.p));
    UpsampleReference(&s, x.d, linear, y.d);
    Compare(k, linear ? "linear" : "nearest", &y, linear ? 8 * Eps(k->dtype) : 0, 0);
    RUN(k, "upsample adjoint", &dx, (linear ? k->linear_adjoint : k->nearest_adjoint)(&s, dy.p, &d.store, dx.p));
    UpsampleAdjointReference(&s, dy.d, linear, &d.twin, dx.d);
    Compare(k, linear ? "linear_adjoint" : "nearest_adjoint", &dx, 64 * Eps(k->dtype), 0); /* sums of at most 8 factor^3 weights */
  }
  ArrayDestroy(&x), ArrayDestroy(&dx), ArrayDestroy(&y), ArrayDestroy(&dy), ArrayDestroy(&d.threshold);
}

/* Kernels of elements and channels share their arrays */
typedef struct {
  HGFieldShape s;
  Array        x, y, dx, dy;
  Stored       d;
} Field;

static Field FieldCreate(const HGFieldKernels *k, int i, double scale)
{
  Field f = {.s = {.batch = Pick(1, 3), .channels = channels[i % 15]}};
  RandomPoints(Pick(1, 3), i % 8 == 0, f.s.n);
  const size_t nx = Strides(f.s.batch, f.s.n, f.s.channels, f.s.xs), ny = Strides(f.s.batch, f.s.n, f.s.channels, f.s.ys);
  f.x = ArrayCreate(k->dtype, nx), f.dx = ArrayCreate(k->dtype, nx), f.y = ArrayCreate(k->dtype, ny), f.dy = ArrayCreate(k->dtype, ny);
  f.d = StoredCreate(k->dtype, f.s.channels, &f.x);
  Fill(&f.x, scale, 0), Fill(&f.y, 1, 0), Fill(&f.dx, 1, 0), Fill(&f.dy, 1, 0);
  return f;
}

static void FieldDestroy(Field *f)
{
  ArrayDestroy(&f->x), ArrayDestroy(&f->dx), ArrayDestroy(&f->y), ArrayDestroy(&f->dy), ArrayDestroy(&f->d.threshold);
}

/* Values to a relative error; where f' comes from the rounded f(x) its error is relative to 1 */
static void TestActivation(const HGFieldKernels *k, int i)
{
  const HGActivation f = (HGActivation)(i % 10);
  const double       p = f == HG_ACT_LEAKY_RELU ? 0.1 : 1.5, scale = f == HG_ACT_SIN ? (i % 20 < 10 ? 3 : 1e5) : i % 20 < 10 ? 4 : 30;
  Field              a    = FieldCreate(k, i / 10, scale);
  const int          sine = f == HG_ACT_SIN;
  const Array       *v    = HGActivationKeepsOutput(f) ? &a.y : &a.x;

  RUN(k, "activate", &a.y, k->activate(f, p, &a.s, a.x.p, a.y.p));
  FOR_POINTS(&a.s, b, z, y, x)
    for (int c = 0; c < a.s.channels; c++) a.y.d[At(a.s.ys, b, z, y, x) + c] = Activation(f, p, a.x.d[At(a.s.xs, b, z, y, x) + c]);
  Compare(k, "activate", &a.y, 8 * Eps(k->dtype), !sine);
  RUN(k, "activate_adjoint", &a.dx, k->activate_adjoint(f, p, &a.s, v->p, a.dy.p, &a.d.store, a.dx.p));
  FOR_POINTS(&a.s, b, z, y, x)
    for (int c = 0; c < a.s.channels; c++) {
      const ptrdiff_t at = At(a.s.xs, b, z, y, x) + c;
      Store(&a.d.twin, c, a.dy.d[At(a.s.ys, b, z, y, x) + c] * ActivationDerivative(f, p, a.x.d[at]), at, a.dx.d);
    }
  Compare(k, "activate_adjoint", &a.dx, 12 * Eps(k->dtype), 0);
  FieldDestroy(&a);
}

/* NaN, infinities, zeros */
static void TestSpecial(const HGFieldKernels *k)
{
  const double special[] = {0, -0., INFINITY, -INFINITY, NAN, 1e-30, -1e-30, 88, -87, 1e30, -1e30, -700};
  HGFieldShape s         = {.batch = 1, .channels = 1, .n = {1, 1, 12}, .xs = {12, 12, 12, 1}, .ys = {12, 12, 12, 1}};
  Array        x = ArrayCreate(k->dtype, 12), y = ArrayCreate(k->dtype, 12);

  for (int f = HG_ACT_IDENTITY; f <= HG_ACT_SIN; f++) {
    for (size_t i = 0; i < 12; i++) Set(&x, i, special[i]);
    k->activate((HGActivation)f, 0.5, &s, x.p, y.p);
    for (size_t i = 0; i < 12; i++) {
      const double v = Activation((HGActivation)f, 0.5, x.d[i]);
      y.d[i] = isnan(v) && (f == HG_ACT_GELU || f == HG_ACT_SILU) ? Get(&y, i) : k->dtype == HG_F32 ? (double)(float)v : v; /* -inf 0 */
      if (fabs(y.d[i]) < 1e-37) Set(&y, i, y.d[i] = 0);
      if (isinf(y.d[i]) && Get(&y, i) == y.d[i]) Set(&y, i, 0);
    }
    failures += !isnan(Get(&y, 4)) && f != HG_ACT_RELU && f != HG_ACT_IDENTITY;
    Compare(k, "special values", &y, 8 * Eps(k->dtype), 1);
  }
  ArrayDestroy(&x), ArrayDestroy(&y);
}

static void TestAdd(const HGFieldKernels *k, int i)
{
  Field        a = FieldCreate(k, i, 1), b = a;
  const int    relu  = Pick(0, 1);
  HGFieldInput in[2] = {{.x = a.x.p}, {0}};

  memcpy(in[0].xs, a.s.xs, sizeof(a.s.xs));
  b.x = ArrayCreate(k->dtype, Strides(a.s.batch, a.s.n, a.s.channels, in[1].xs));
  Fill(&b.x, 1, 0);
  in[1].x = b.x.p;
  RUN(k, "add", &a.y, k->add(&a.s, 2, in, relu ? HG_ACT_RELU : HG_ACT_IDENTITY, a.y.p));
  RUN(k, "transfer", &a.dx, k->transfer(&a.s, a.dy.p, &a.d.store, a.dx.p));
  FOR_POINTS(&a.s, n, z, y, x)
    for (int c = 0; c < a.s.channels; c++) {
      const ptrdiff_t at = At(a.s.xs, n, z, y, x) + c, to = At(a.s.ys, n, z, y, x) + c;
      const double    sum = a.x.d[at] + b.x.d[At(in[1].xs, n, z, y, x) + c];
      a.y.d[to]           = relu ? fmax(sum, 0) : sum;
      Store(&a.d.twin, c, a.dy.d[to], at, a.dx.d);
    }
  Compare(k, "add", &a.y, 2 * Eps(k->dtype), 0);
  Compare(k, "transfer", &a.dx, 2 * Eps(k->dtype), 0);
  ArrayDestroy(&b.x);
  FieldDestroy(&a);
}

static void TestSoftmax(const HGFieldKernels *k, int i)
{
  Field a = FieldCreate(k, i, 5);

  RUN(k, "softmax", &a.y, k->softmax(&a.s, a.x.p, a.y.p));
  SoftmaxReference(&a.s, a.x.d, a.y.d);
  Compare(k, "softmax", &a.y, 20 * Eps(k->dtype), 1); /* x - max is rounded: 10 eps / 2, and the sum */
  RUN(k, "softmax_adjoint", &a.dx, k->softmax_adjoint(&a.s, a.y.p, a.dy.p, &a.d.store, a.dx.p));
  SoftmaxAdjointReference(&a.s, a.y.d, a.dy.d, &a.d.twin, a.dx.d);
  Compare(k, "softmax_adjoint", &a.dx, 40 * Eps(k->dtype), 0);
  FieldDestroy(&a);
}

/* Elements 0 and 1 of four are those of HGRandomBits(); about as many of elements 2 and 3 are kept. As part of a larger field. */
static void TestDropout(const HGFieldKernels *k, int i)
{
  Field          a       = FieldCreate(k, i, 1);
  HGDropout      d       = {.seed = Random(), .stream = Random(), .first = Random() % 1000, .probability = 0.3};
  const uint64_t dropped = (uint64_t)(0.3 * 0x1p32);
  double         kept[2] = {0, 0}, all[2] = {0, 0};

  d.index[3]     = (uint64_t)a.s.channels + (Pick(0, 1) ? 3 : 0);
  d.index[2]     = d.index[3] * (uint64_t)(a.s.n[2] + Pick(0, 3));
  d.index[1]     = d.index[2] * (uint64_t)a.s.n[1];
  d.index[0]     = d.index[1] * (uint64_t)a.s.n[0];
  a.d.store.mask = NULL;
  RUN(k, "dropout", &a.y, k->dropout(&a.s, &d, a.x.p, &a.d.store, a.y.p));
  FOR_POINTS(&a.s, b, z, y, x)
    for (int c = 0; c < a.s.channels; c++) {
      const uint64_t index =
          d.first + (uint64_t)b * d.index[0] + (uint64_t)z * d.index[1] + (uint64_t)y * d.index[2] + (uint64_t)x * d.index[3] + (uint64_t)c;
      const uint64_t  bits = HGRandomBits(d.seed, d.stream, index / 4), word = index % 4 ? bits >> 32 : bits & 0xffffffffu;
      const ptrdiff_t at = At(a.s.ys, b, z, y, x) + c;
      const double    v = a.x.d[At(a.s.xs, b, z, y, x) + c], old = a.d.store.add ? a.y.d[at] : 0, got = Get(&a.y, (size_t)at);
      const int       keep = index % 4 < 2 ? word >= dropped : fabs(got - old) > 1e-9;
      all[index % 4 / 2]++, kept[index % 4 / 2] += keep;
      a.y.d[at] = old + (keep ? v / 0.7 : 0);
    }
  Compare(k, "dropout", &a.y, 4 * Eps(k->dtype), 0);
  for (int h = 0; h < 2; h++) /* five standard deviations */
    if (fabs(kept[h] - 0.7 * all[h]) > 5 * sqrt(0.21 * all[h]) + 1)
      failures++, fprintf(stderr, "dropout keeps %g of %g\n", kept[h], all[h]);
  FieldDestroy(&a);
}

static void TestNorm(const HGFieldKernels *k, int i)
{
  Field           a      = FieldCreate(k, i, 1);
  const ptrdiff_t sample = Pick(0, 1) ? a.s.channels : 0;
  const size_t    n = (size_t)(a.s.channels + sample * (a.s.batch - 1)), points = (size_t)(a.s.n[0] * a.s.n[1] * a.s.n[2]);
  Array c[4], sum = ArrayCreate(HG_F64, (size_t)(a.s.batch * a.s.channels * 2)), work = ArrayCreate(HG_F64, k->sums_work(&a.s) / 8);
  HGNormalization h = {.sample = sample, .act = Pick(0, 1) ? HG_ACT_RELU : HG_ACT_IDENTITY};

  for (int j = 0; j < 4; j++) c[j] = ArrayCreate(k->dtype, n), Fill(&c[j], 1, 0);
  h.centre = c[0].p, h.scale = c[1].p, h.shift = c[2].p, h.slope = c[3].p;
  for (int both = 0; both < 2; both++) {
    RUN(k, "sums", &sum, k->sums(&a.s, a.x.p, both ? a.dy.p : NULL, c[0].p, sample, work.p, sum.p));
    SumsReference(&a.s, a.x.d, both ? a.dy.d : NULL, c[0].d, sample, sum.d);
    Compare(k, "sums", &sum, 4 * DBL_EPSILON * (double)points * sqrt((double)points),
            0); /* partial sums up to points, roundings are random */
  }
  RUN(k, "normalize", &a.y, k->normalize(&a.s, &h, a.x.p, a.y.p));
  RUN(k, "normalize_adjoint", &a.dx, k->normalize_adjoint(&a.s, &h, a.x.p, a.dy.p, &a.d.store, a.dx.p));
  FOR_POINTS(&a.s, b, z, y, x)
    for (int e = 0; e < a.s.channels; e++) {
      const ptrdiff_t at = At(a.s.xs, b, z, y, x) + e, to = At(a.s.ys, b, z, y, x) + e, o = b * sample + e;
      const double    v = (a.x.d[at] - c[0].d[o]) * c[1].d[o] + c[2].d[o];
      a.y.d[to]         = h.act == HG_ACT_RELU ? fmax(v, 0) : v;
      Store(&a.d.twin, e, a.dy.d[to] * c[1].d[o] + (a.x.d[at] - c[0].d[o]) * c[3].d[o] + c[2].d[o], at, a.dx.d);
    }
  Compare(k, "normalize", &a.y, 8 * Eps(k->dtype), 0);
  Compare(k, "normalize_adjoint", &a.dx, 12 * Eps(k->dtype), 0);
  for (int j = 0; j < 4; j++) ArrayDestroy(&c[j]);
  ArrayDestroy(&sum), ArrayDestroy(&work);
  FieldDestroy(&a);
}

static void TestNaN(const HGFieldKernels *k)
{
  HGPoolShape s = {.batch    = 1,
                   .channels = 1,
                   .n        = {1, 1, 2},
                   .k        = {1, 1, 2},
                   .stride   = {1, 1, 2},
                   .dilation = {1, 1, 1},
                   .hi       = {1, 1, 4},
                   .to       = {1, 1, 4},
                   .xs       = {4, 4, 4, 1},
                   .ys       = {2, 2, 2, 1}};
  Array       x = ArrayCreate(k->dtype, 4), y = ArrayCreate(k->dtype, 2);

  Set(&x, 0, NAN), Set(&x, 1, 1), Set(&x, 2, -INFINITY), Set(&x, 3, -INFINITY);
  k->max_pool(&s, x.p, y.p);
  if (!isnan(Get(&y, 0)) || Get(&y, 1) != -INFINITY) failures++, fprintf(stderr, "max_pool loses NaN or infinity\n");
  ArrayDestroy(&x), ArrayDestroy(&y);
}

int main(void)
{
  enum { CASES = 160 };

  for (int simd = HG_SIMD_PORTABLE; simd <= HG_SIMD_AVX512; simd++) {
    for (int t = HG_F32; t <= HG_F64; t++) {
      const HGFieldKernels *k = HGFieldKernelsGet((HGSimd)simd, (HGDType)t);
      if (!!k != !!HGSimdSupported((HGSimd)simd) || (k && (k->simd != (HGSimd)simd || k->dtype != (HGDType)t))) failures++;
      if (!k) continue;
      state = 4711;
      TestNaN(k);
      TestSpecial(k);
      for (int i = 0; i < CASES; i++) {
        TestPool(k, i);
        TestUpsample(k, i);
        TestActivation(k, i);
        if (i % 4) continue;
        TestAdd(k, i / 4);
        TestSoftmax(k, i / 4);
        TestDropout(k, i / 4);
        TestNorm(k, i / 4);
      }
    }
  }
  return failures > 0;
}
