/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* Steps of optimizers, element by element: bound by the memory that they read and write once, 7 and 5 elements for each parameter */

INLINE V NAME(root)(V v)
{
#if BYTES == 64 && defined(__AVX512F__)
  if (sizeof(REAL) == 4) return (V)_mm512_sqrt_ps((__m512)v);
  return (V)_mm512_sqrt_pd((__m512d)v);
#elif BYTES == 32 && defined(__AVX2__)
  if (sizeof(REAL) == 4) return (V)_mm256_sqrt_ps((__m256)v);
  return (V)_mm256_sqrt_pd((__m256d)v);
#else
  V r = v;
  for (int i = 0; i < VLEN; i++) r[i] = (REAL)sqrt((double)v[i]);
  return r;
#endif
}

enum { NAME(STEP) = 8192 }; /* elements that a thread takes at a time */

INLINE void NAME(adam_vector)(const HGAdamStep *a, V g, V *x, V *m, V *v)
{
  const V zero = {0}, b1 = zero + (REAL)a->beta1, b2 = zero + (REAL)a->beta2, n1 = zero + (REAL)(1 - a->beta1), n2 = zero + (REAL)(1 - a->beta2);
  const V d = g + (zero + (REAL)a->decay) * *x;

  *m = b1 * *m + n1 * d;
  *v = b2 * *v + n2 * d * d;
  *x = *x * (REAL)a->keep - (REAL)a->rate * *m / (NAME(root)(*v) / (REAL)a->root + (REAL)a->eps);
}

static void NAME(adam)(size_t n, const HGAdamStep *a, const void *g_, void *x_, void *m_, void *v_)
{
  const REAL *g = g_;
  REAL       *x = x_, *m = m_, *v = v_;
#pragma omp parallel for schedule(static) if (n > NAME(STEP))
  for (size_t first = 0; first < n; first += NAME(STEP)) {
    const size_t last = first + NAME(STEP) < n ? first + NAME(STEP) : n;
    size_t       i    = first;
    V            vx, vm, vv;
    for (; i + VLEN <= last; i += VLEN) {
      vx = NAME(load)(x + i), vm = NAME(load)(m + i), vv = NAME(load)(v + i);
      NAME(adam_vector)(a, NAME(load)(g + i), &vx, &vm, &vv);
      NAME(store)(x + i, vx), NAME(store)(m + i, vm), NAME(store)(v + i, vv);
    }
    if (i < last) {
      const int w = (int)(last - i);
      vx = NAME(load_n)(x + i, w), vm = NAME(load_n)(m + i, w), vv = NAME(load_n)(v + i, w);
      NAME(adam_vector)(a, NAME(load_n)(g + i, w), &vx, &vm, &vv);
      NAME(store_n)(x + i, vx, w), NAME(store_n)(m + i, vm, w), NAME(store_n)(v + i, vv, w);
    }
  }
}

static void NAME(sgd)(size_t n, const HGSGDStep *a, const void *g_, void *x_, void *m_)
{
  const REAL *g = g_;
  REAL       *x = x_, *m = m_;
  const REAL  decay = (REAL)a->decay, momentum = (REAL)a->momentum, rate = (REAL)a->rate;
#pragma omp parallel for schedule(static) if (n > NAME(STEP))
  for (size_t first = 0; first < n; first += NAME(STEP)) {
    const size_t last = first + NAME(STEP) < n ? first + NAME(STEP) : n;
    for (size_t i = first; i < last; i++) {
      const REAL d = g[i] + decay * x[i], b = a->first ? d : momentum * m[i] + d;
      m[i] = b;
      x[i] -= rate * (a->nesterov ? d + momentum * b : b);
    }
  }
}

enum { NAME(SUMS) = 256 }; /* partial sums, whatever the number of threads */

static double NAME(dot)(size_t n, const void *x_, const void *y_)
{
  const REAL  *x = x_, *y = y_;
  const size_t block = (n / NAME(SUMS) / 64 + 1) * 64;
  double       part[NAME(SUMS)], sum = 0;

#pragma omp parallel for schedule(static) if (n > NAME(STEP))
  for (int b = 0; b < NAME(SUMS); b++) {
    const size_t first = MinSize(n, b * block), last = MinSize(n, first + block);
    double       lane[32] = {0}, s = 0;
    size_t       i = first;
    for (; i + 32 <= last; i += 32) {
      UNROLL for (int l = 0; l < 32; l++) lane[l] += (double)x[i + l] * (double)y[i + l];
    }
    for (int l = 0; i < last; i++, l++) lane[l] += (double)x[i] * (double)y[i];
    for (int l = 0; l < 32; l++) s += lane[l];
    part[b] = s;
  }
  for (int b = 0; b < NAME(SUMS); b++) sum += part[b];
  return sum;
}
