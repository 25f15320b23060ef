/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGFIELD_H
#define HGFIELD_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/hgkernel.h"

/*
  Points of channels-last arrays; channels are contiguous. Strides are elements from one sample, plane, row and pixel to the next:
  xs of x and dx, ys of y and dy. The pixel stride may exceed the number of channels.
*/
typedef struct {
  int       batch, channels;
  int       n[3]; /* points nz, ny, nx */
  ptrdiff_t xs[4], ys[4];
} HGFieldShape;

/* How an adjoint stores its result r: dx = (add ? dx : 0) + r * (mask > threshold[c]) */
typedef struct {
  const void *mask;      /* NULL, or an array with the strides of dx: the rectified x */
  const void *threshold; /* [channels], NULL: zeros */
  int         add;
} HGFieldStore;

/*
  Windows of pooling. Points of x are counted along each axis from the one that x points at; the first tap of output o reads point
  first + o * stride, the next ones are dilation apart. Taps outside lo <= point < hi, the grid, do not count.
*/
typedef struct {
  int       batch, channels;
  int       n[3]; /* output points */
  int       k[3]; /* window */
  int       stride[3], dilation[3];
  int       first[3];
  int       lo[3], hi[3];
  int       from[3], to[3];  /* the points of dx that an adjoint writes, half-open; other taps are left out */
  int       include_padding; /* an average divides by all taps, not by those that count */
  ptrdiff_t xs[4], ys[4];
} HGPoolShape;

#define HG_MAX_UPSAMPLE 16

/*
  Upsampling by whole factors. Points are counted along each axis in the whole grids: y points at output point out, x at input
  point in.
*/
typedef struct {
  int       batch, channels;
  int       factor[3]; /* 1 to HG_MAX_UPSAMPLE */
  int       n[3];      /* output points */
  int       out[3], in[3];
  int       size[3];        /* input points of the whole grid */
  int       from[3], to[3]; /* the input points of dx that an adjoint writes, half-open */
  ptrdiff_t xs[4], ys[4];
} HGUpsampleShape;

/* Coefficients of a normalisation for each channel, or for each sample and channel; sample is 0 or the elements between samples */
typedef struct {
  const void  *centre, *scale, *shift; /* y = act((x - centre) scale + shift) */
  const void  *slope;                  /* of the adjoint: dx = dy scale + (x - centre) slope + shift */
  ptrdiff_t    sample;
  HGActivation act; /* HG_ACT_IDENTITY or HG_ACT_RELU */
} HGNormalization;

/* Element (n, z, y, x, c) has the global index first + n index[0] + z index[1] + y index[2] + x index[3] + c */
typedef struct {
  uint64_t seed, stream;
  uint64_t first, index[4];
  double   probability; /* of an element to become zero, in [0, 1); the others are divided by 1 - probability */
} HGDropout;

typedef struct {
  const void *x;
  ptrdiff_t   xs[4];
} HGFieldInput;

/* A step of Adam or AdamW: d = g + decay x; m = beta1 m + (1 - beta1) d; v = beta2 v + (1 - beta2) d^2;
   x = keep x - rate m / (sqrt(v) / root + eps) */
typedef struct {
  double beta1, beta2, eps, decay, keep, rate, root;
} HGAdamStep;

/* A step of gradient descent: d = g + decay x; m = d at first, momentum m + d then; x = x - rate (nesterov ? d + momentum m : m) */
typedef struct {
  double decay, momentum, rate;
  int    first, nesterov;
} HGSGDStep;

/* Whether the derivative of an activation is computed from its result, so that its argument need not be kept */
static inline int HGActivationKeepsOutput(HGActivation f)
{
  return f != HG_ACT_GELU && f != HG_ACT_SILU && f != HG_ACT_SIN;
}

/*
  The kernels on fields of one instruction set and element type, all bound by memory bandwidth. Arrays are of that type unless
  declared otherwise. Every entry runs its own OpenMP threads, allocates nothing and cannot fail; results do not depend on the
  number of threads. An empty shape is allowed. Adjoints give dx from dy as HGFieldStore says.
*/
typedef struct {
  HGSimd  simd;
  HGDType dtype;
  int     vlen; /* elements in a vector register */

  /* A NaN wins; of equal values the first tap has the gradient. */
  void (*max_pool)(const HGPoolShape *s, const void *x, void *y);
  void (*max_pool_adjoint)(const HGPoolShape *s, const void *x, const void *dy, const HGFieldStore *store, void *dx);
  void (*average_pool)(const HGPoolShape *s, const void *x, void *y);
  void (*average_pool_adjoint)(const HGPoolShape *s, const void *dy, const HGFieldStore *store, void *dx);

  /* y[o] = x[floor(o / factor)] */
  void (*nearest)(const HGUpsampleShape *s, const void *x, void *y);
  void (*nearest_adjoint)(const HGUpsampleShape *s, const void *dy, const HGFieldStore *store, void *dx);
  /* y[o] is interpolated at (o + 1/2) / factor - 1/2, moved into the grid */
  void (*linear)(const HGUpsampleShape *s, const void *x, void *y);
  void (*linear_adjoint)(const HGUpsampleShape *s, const void *dy, const HGFieldStore *store, void *dx);

  /* y = f(x); p is the slope of leaky relu below 0, and the alpha of elu. x and y may be the same memory, as may dx and dy.
     v is y where HGActivationKeepsOutput(f), x elsewhere. */
  void (*activate)(HGActivation f, double p, const HGFieldShape *s, const void *x, void *y);
  void (*activate_adjoint)(HGActivation f, double p, const HGFieldShape *s, const void *v, const void *dy, const HGFieldStore *store,
                           void *dx);

  /* y = act(sum of inputs), act identity or relu; s->xs is not used */
  void (*add)(const HGFieldShape *s, int inputs, const HGFieldInput *in, HGActivation act, void *y);
  /* dx = dy, stored */
  void (*transfer)(const HGFieldShape *s, const void *dy, const HGFieldStore *store, void *dx);

  /* y[c] = exp(x[c]) / sum of exp(x) over channels; dx[c] = y[c] (dy[c] - sum of y dy); y has the strides of dy */
  void (*softmax)(const HGFieldShape *s, const void *x, void *y);
  void (*softmax_adjoint)(const HGFieldShape *s, const void *y, const void *dy, const HGFieldStore *store, void *dx);

  /* to = from * keep / (1 - probability), forward and adjoint; from has strides xs, to and the mask ys. An element of index i is
     kept if word i % 4 of Philox4x32-10(counter stream, i / 4; key seed) is at least 2^32 probability. */
  void (*dropout)(const HGFieldShape *s, const HGDropout *d, const void *from, const HGFieldStore *store, void *to);

  /* Of each channel c of x, s->channels of them: cos(pi x[c]) and sin(pi x[c]) where periodic[c], x[c] elsewhere */
  void (*harmonics)(const HGFieldShape *s, const unsigned char *periodic, const void *x, void *y);
  void (*harmonics_adjoint)(const HGFieldShape *s, const unsigned char *periodic, const void *x, const void *dy, const HGFieldStore *store,
                            void *dx);

  /* Bytes of scratch for sums(), independent of the number of threads */
  size_t (*sums_work)(const HGFieldShape *s);
  /* sum[n][c][0] = sum of w, sum[n][c][1] = sum of w (x - centre) over points; w is dy, or x - centre if dy is NULL.
       centre - [c] for each sample; sample elements between samples
     Sums are in double precision, in an order that depends on the shape alone. */
  void (*sums)(const HGFieldShape *s, const void *x, const void *dy, const void *centre, ptrdiff_t sample, void *work, double *sum);
  void (*normalize)(const HGFieldShape *s, const HGNormalization *c, const void *x, void *y);
  void (*normalize_adjoint)(const HGFieldShape *s, const HGNormalization *c, const void *x, const void *dy, const HGFieldStore *store,
                            void *dx);

  /* The sum of x y over n elements, in double precision and in an order that depends on n alone */
  double (*dot)(size_t n, const void *x, const void *y);
  /* Steps of optimizers on arrays of n elements, which do not overlap */
  void (*adam)(size_t n, const HGAdamStep *a, const void *g, void *x, void *m, void *v);
  void (*sgd)(size_t n, const HGSGDStep *a, const void *g, void *x, void *m);
} HGFieldKernels;

HG_EXTERN const HGFieldKernels *HGFieldKernelsGet(HGSimd simd, HGDType dtype);

#endif
