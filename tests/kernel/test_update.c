/* SPDX-License-Identifier: BSD-2-Clause */
/*
  Steps of Adam, AdamW and gradient descent, and inner products, of every instruction set of this machine and both types, against their formulas in double
  precision; the same bits on any number of threads; nothing beyond the last element is touched.
*/
#include "kernel/hgfield.h"
#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 40000 };

static int failures;

static double Value(int stream, size_t i)
{
  return sin(1.7 * (double)i + stream) * (stream == 3 ? 0.5 : 1) + (stream == 3 ? 0.6 : 0); /* squares are positive */
}

typedef struct {
  HGDType t;
  void   *a[4]; /* g, x, m, v, with one element behind them */
} Arrays;

static double Get(const Arrays *w, int k, size_t i)
{
  return w->t == HG_F32 ? (double)((float *)w->a[k])[i] : ((double *)w->a[k])[i];
}

static Arrays Create(HGDType t, size_t n)
{
  Arrays w = {.t = t};

  for (int k = 0; k < 4; k++) {
    w.a[k] = malloc((n + 1) * sizeof(double));
    for (size_t i = 0; i <= n; i++) {
      if (t == HG_F32) ((float *)w.a[k])[i] = (float)Value(k, i);
      else ((double *)w.a[k])[i] = Value(k, i);
    }
  }
  return w;
}

static void Destroy(Arrays *w)
{
  for (int k = 0; k < 4; k++) free(w->a[k]);
}

static void Fail(const HGFieldKernels *k, const char *what, size_t n, double error)
{
  if (failures++ < 20)
    fprintf(stderr, "%s %s: %s of %zu elements: %g\n", HGSimdName(k->simd), k->dtype == HG_F32 ? "f32" : "f64", what, n, error);
}

/* Some roundings of values below 2 */
static double Limit(HGDType t)
{
  return 16 * (t == HG_F32 ? (double)FLT_EPSILON : DBL_EPSILON);
}

static void TestAdam(const HGFieldKernels *k, size_t n)
{
  const HGAdamStep s[2] = {{0.9, 0.999, 1e-8, 0.01, 1, 0.02, 0.3}, {0.8, 0.99, 1e-6, 0, 0.97, 0.01, 0.7}};

  for (int c = 0; c < 2; c++) {
    Arrays one = Create(k->dtype, n), start = Create(k->dtype, n);
    double most = 0;

    omp_set_num_threads(1);
    k->adam(n, &s[c], one.a[0], one.a[1], one.a[2], one.a[3]);
    for (size_t i = 0; i < n; i++) {
      const double d = Get(&start, 0, i) + s[c].decay * Get(&start, 1, i), m = s[c].beta1 * Get(&start, 2, i) + (1 - s[c].beta1) * d;
      const double v = s[c].beta2 * Get(&start, 3, i) + (1 - s[c].beta2) * d * d;
      const double x = s[c].keep * Get(&start, 1, i) - s[c].rate * m / (sqrt(v) / s[c].root + s[c].eps);
      const double e = fmax(fmax(fabs(Get(&one, 1, i) - x), fabs(Get(&one, 2, i) - m)), fabs(Get(&one, 3, i) - v));

      if (!(e <= most)) most = e;
    }
    if (!(most <= Limit(k->dtype))) Fail(k, "a step of Adam", n, most);
    for (int a = 1; a < 4; a++)
      if (Get(&one, a, n) != Get(&start, a, n)) Fail(k, "an element behind the last one", n, a);
    omp_set_num_threads(3);
    k->adam(n, &s[c], start.a[0], start.a[1], start.a[2], start.a[3]);
    for (int a = 1; a < 4; a++)
      if (memcmp(one.a[a], start.a[a], n * HGDTypeSize(k->dtype))) Fail(k, "Adam on three threads", n, a);
    Destroy(&one), Destroy(&start);
  }
}

static void TestSGD(const HGFieldKernels *k, size_t n)
{
  for (int c = 0; c < 4; c++) {
    const HGSGDStep s   = {.decay = 0.01, .momentum = 0.9, .rate = 0.1, .first = c % 2, .nesterov = c / 2};
    Arrays          one = Create(k->dtype, n), start = Create(k->dtype, n);
    double          most = 0;

    omp_set_num_threads(2);
    k->sgd(n, &s, one.a[0], one.a[1], one.a[2]);
    for (size_t i = 0; i < n; i++) {
      const double d = Get(&start, 0, i) + s.decay * Get(&start, 1, i), m = s.first ? d : s.momentum * Get(&start, 2, i) + d;
      const double x = Get(&start, 1, i) - s.rate * (s.nesterov ? d + s.momentum * m : m);
      const double e = fmax(fabs(Get(&one, 1, i) - x), fabs(Get(&one, 2, i) - m));

      if (!(e <= most)) most = e;
    }
    if (!(most <= Limit(k->dtype))) Fail(k, "a step of gradient descent", n, most);
    Destroy(&one), Destroy(&start);
  }
}

/* Products are of the type's elements, summed in double precision */
static void TestDot(const HGFieldKernels *k, size_t n)
{
  Arrays      w   = Create(k->dtype, n);
  long double sum = 0;
  double      one, three;

  for (size_t i = 0; i < n; i++) sum += (long double)Get(&w, 0, i) * (long double)Get(&w, 1, i);
  omp_set_num_threads(1);
  one = k->dot(n, w.a[0], w.a[1]);
  omp_set_num_threads(3);
  three = k->dot(n, w.a[0], w.a[1]);
  if (!(fabs(one - (double)sum) <= DBL_EPSILON * 4 * (double)(n + 1))) Fail(k, "an inner product", n, one - (double)sum);
  if (one != three) Fail(k, "an inner product on three threads", n, one - three);
  Destroy(&w);
}

int main(void)
{
  static const size_t sizes[] = {0, 1, 3, 15, 16, 17, 63, 64, 65, 1000, 8192, 8193, MOST};

  for (int simd = HG_SIMD_PORTABLE; simd <= HG_SIMD_AVX512; simd++) {
    for (int t = HG_F32; t <= HG_F64; t++) {
      const HGFieldKernels *k = HGFieldKernelsGet((HGSimd)simd, (HGDType)t);

      for (size_t i = 0; k && i < sizeof(sizes) / sizeof(*sizes); i++) {
        TestAdam(k, sizes[i]);
        TestSGD(k, sizes[i]);
        TestDot(k, sizes[i]);
      }
    }
  }
  return failures ? 1 : 0;
}
