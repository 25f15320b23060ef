/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernels on fields by plain loops, in double precision; arrays as hgfield.h describes them */
#ifndef FIELD_REFERENCE_H
#define FIELD_REFERENCE_H

#include "kernel/hgfield.h"
#include "sys/hgsys.h"
#include <math.h>

#define FOR_POINTS(s, b, z, y, x)         \
  for (int b = 0; b < (s)->batch; b++)    \
    for (int z = 0; z < (s)->n[0]; z++)   \
      for (int y = 0; y < (s)->n[1]; y++) \
        for (int x = 0; x < (s)->n[2]; x++)
#define FOR_TAPS(k, z, y, x)         \
  for (int z = 0; z < (k)[0]; z++)   \
    for (int y = 0; y < (k)[1]; y++) \
      for (int x = 0; x < (k)[2]; x++)

static ptrdiff_t At(const ptrdiff_t s[4], int b, int z, int y, int x)
{
  return b * s[0] + z * s[1] + y * s[2] + x * s[3];
}

/* r as an adjoint stores it */
static void Store(const HGFieldStore *store, int c, double r, ptrdiff_t at, double *dx)
{
  const double *mask = store->mask, *threshold = store->threshold;

  if (mask && !(mask[at] > (threshold ? threshold[c] : 0))) r = 0;
  dx[at] = store->add ? dx[at] + r : r;
}

static int PoolPoint(const HGPoolShape *s, const int o[3], const int t[3], int p[3])
{
  int counts = 1;

  for (int a = 0; a < 3; a++) {
    p[a] = s->first[a] + o[a] * s->stride[a] + t[a] * s->dilation[a];
    if (p[a] < s->lo[a] || p[a] >= s->hi[a]) counts = 0;
  }
  return counts;
}

/* Sum of the taps that count and their number, or the first maximum and its point; returns the value */
static double PoolWindow(const HGPoolShape *s, const double *x, int b, const int o[3], int c, int average, int best[3], int *taps)
{
  double value = average ? 0 : -INFINITY;

  *taps = 0;
  FOR_TAPS(s->k, tz, ty, tx) {
    int p[3];
    if (!PoolPoint(s, o, (int[]){tz, ty, tx}, p)) continue;
    const double v = x[At(s->xs, b, p[0], p[1], p[2]) + c];
    if (average) value += v;
    if ((*taps)++ == 0 || (!average && (v > value || isnan(v))))
      for (int a = 0; a < 3; a++) best[a] = p[a];
    if (!average && (v > value || isnan(v))) value = v;
  }
  if (average && s->include_padding) *taps = s->k[0] * s->k[1] * s->k[2];
  return average && *taps ? value / *taps : value;
}

static void PoolReference(const HGPoolShape *s, const double *x, int average, double *y)
{
  int best[3], taps;

  FOR_POINTS(s, b, oz, oy, ox)
    for (int c = 0; c < s->channels; c++)
      y[At(s->ys, b, oz, oy, ox) + c] = PoolWindow(s, x, b, (int[]){oz, oy, ox}, c, average, best, &taps);
}

static int Inside(const HGPoolShape *s, const int p[3])
{
  for (int a = 0; a < 3; a++)
    if (p[a] < s->from[a] || p[a] >= s->to[a]) return 0;
  return 1;
}

static void PoolAdjointReference(const HGPoolShape *s, const double *x, const double *dy, int average, const HGFieldStore *store,
                                 double *dx)
{
  const HGFieldStore add = {store->mask, store->threshold, 1};
  int                best[3], taps, p[3];

  for (int b = 0; b < s->batch && !store->add; b++)
    for (int z = s->from[0]; z < s->to[0]; z++)
      for (int y = s->from[1]; y < s->to[1]; y++)
        for (int i = s->from[2]; i < s->to[2]; i++)
          for (int c = 0; c < s->channels; c++) dx[At(s->xs, b, z, y, i) + c] = 0;
  FOR_POINTS(s, b, oz, oy, ox)
    for (int c = 0; c < s->channels; c++) {
      const int    o[3] = {oz, oy, ox};
      const double r    = dy[At(s->ys, b, oz, oy, ox) + c];
      (void)PoolWindow(s, x, b, o, c, average, best, &taps);
      if (!average && taps && Inside(s, best)) Store(&add, c, r, At(s->xs, b, best[0], best[1], best[2]) + c, dx);
      if (!average) continue;
      FOR_TAPS(s->k, tz, ty, tx)
        if (PoolPoint(s, o, (int[]){tz, ty, tx}, p) && Inside(s, p)) Store(&add, c, r / taps, At(s->xs, b, p[0], p[1], p[2]) + c, dx);
    }
}

/* The weight of input point j in output o of the whole grid, PyTorch's align_corners=False */
static double UpsampleWeight(const HGUpsampleShape *s, int a, int o, int j, int linear)
{
  double p = (o + 0.5) / s->factor[a] - 0.5;

  if (!linear) return o / s->factor[a] == j;
  p = fmin(fmax(p, 0), s->size[a] - 1);
  return fmax(0, 1 - fabs(p - j));
}

static void UpsampleReference(const HGUpsampleShape *s, const double *x, int linear, double *y)
{
  FOR_POINTS(s, b, oz, oy, ox)
    for (int c = 0; c < s->channels; c++) {
      const ptrdiff_t at = At(s->ys, b, oz, oy, ox) + c;
      y[at]              = 0;
      FOR_TAPS(s->size, z, j, i) {
        const double w = UpsampleWeight(s, 0, s->out[0] + oz, z, linear) * UpsampleWeight(s, 1, s->out[1] + oy, j, linear) *
                         UpsampleWeight(s, 2, s->out[2] + ox, i, linear);
        if (w > 0) y[at] += w * x[At(s->xs, b, z - s->in[0], j - s->in[1], i - s->in[2]) + c];
      }
    }
}

static void UpsampleAdjointReference(const HGUpsampleShape *s, const double *dy, int linear, const HGFieldStore *store, double *dx)
{
  for (int b = 0; b < s->batch; b++)
    for (int z = s->from[0]; z < s->to[0]; z++)
      for (int j = s->from[1]; j < s->to[1]; j++)
        for (int i = s->from[2]; i < s->to[2]; i++)
          for (int c = 0; c < s->channels; c++) {
            double sum = 0;
            FOR_TAPS(s->n, oz, oy, ox) {
              const double w = UpsampleWeight(s, 0, s->out[0] + oz, z, linear) * UpsampleWeight(s, 1, s->out[1] + oy, j, linear) *
                               UpsampleWeight(s, 2, s->out[2] + ox, i, linear);
              sum += w * dy[At(s->ys, b, oz, oy, ox) + c];
            }
            Store(store, c, sum, At(s->xs, b, z - s->in[0], j - s->in[1], i - s->in[2]) + c, dx);
          }
}

static double Activation(HGActivation f, double p, double x)
{
  switch (f) {
  case HG_ACT_RELU:
    return x > 0 ? x : 0;
  case HG_ACT_LEAKY_RELU:
    return x > 0 ? x : p * x;
  case HG_ACT_ELU:
    return x > 0 ? x : p * expm1(x);
  case HG_ACT_GELU:
    return (double)(x * 0.5L * erfcl(-x * sqrtl(0.5L))); /* a rounding of the argument counts x^2 times */
  case HG_ACT_SILU:
    return x / (1 + exp(-x));
  case HG_ACT_TANH:
    return tanh(x);
  case HG_ACT_SIGMOID:
    return 1 / (1 + exp(-x));
  case HG_ACT_SOFTPLUS:
    return fmax(x, 0) + log1p(exp(-fabs(x)));
  case HG_ACT_SIN:
    return sin(x);
  default:
    return x;
  }
}

static double ActivationDerivative(HGActivation f, double p, double x)
{
  const double s = 1 / (1 + exp(-x));

  switch (f) {
  case HG_ACT_RELU:
    return x > 0;
  case HG_ACT_LEAKY_RELU:
    return x > 0 ? 1 : p;
  case HG_ACT_ELU:
    return x > 0 ? 1 : p * exp(x);
  case HG_ACT_GELU:
    return 0.5 * erfc(-x * sqrt(0.5)) + x * exp(-x * x / 2) / sqrt(2 * PETSC_PI);
  case HG_ACT_SILU:
    return s * (1 + x * (1 - s));
  case HG_ACT_TANH:
    return 1 - tanh(x) * tanh(x);
  case HG_ACT_SIGMOID:
    return s * (1 - s);
  case HG_ACT_SOFTPLUS:
    return s;
  case HG_ACT_SIN:
    return cos(x);
  default:
    return 1;
  }
}

static void SoftmaxReference(const HGFieldShape *s, const double *x, double *y)
{
  FOR_POINTS(s, b, z, j, i) {
    const double *p   = x + At(s->xs, b, z, j, i);
    double        sum = 0;
    for (int c = 0; c < s->channels; c++) sum += exp(p[c]);
    for (int c = 0; c < s->channels; c++) y[At(s->ys, b, z, j, i) + c] = exp(p[c]) / sum;
  }
}

static void SoftmaxAdjointReference(const HGFieldShape *s, const double *y, const double *dy, const HGFieldStore *store, double *dx)
{
  FOR_POINTS(s, b, z, j, i) {
    const ptrdiff_t at  = At(s->ys, b, z, j, i);
    double          sum = 0;
    for (int c = 0; c < s->channels; c++) sum += y[at + c] * dy[at + c];
    for (int c = 0; c < s->channels; c++) Store(store, c, y[at + c] * (dy[at + c] - sum), At(s->xs, b, z, j, i) + c, dx);
  }
}

/* Words 0 and 1 of a counter are those of HGRandomBits(); words 2 and 3 are looked at by TestPhilox() */
static void SumsReference(const HGFieldShape *s, const double *x, const double *dy, const double *centre, ptrdiff_t sample, double *sum)
{
  for (int i = 0; i < s->batch * s->channels * 2; i++) sum[i] = 0;
  FOR_POINTS(s, b, z, j, i)
    for (int c = 0; c < s->channels; c++) {
      const double v = x[At(s->xs, b, z, j, i) + c] - centre[b * sample + c], w = dy ? dy[At(s->ys, b, z, j, i) + c] : v;
      sum[(b * s->channels + c) * 2] += w;
      sum[(b * s->channels + c) * 2 + 1] += w * v;
    }
}

#endif
