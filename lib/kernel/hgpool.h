/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels of pooling and upsampling: bound by memory, channels last */
#ifndef HGPOOL_H
#define HGPOOL_H

#include "kernel/hgkernel.h"

/*
  Windows of a big grid, one for each point of a small grid. Small point o has the taps t at big points o stride + t dilation,
  counted from the first tap of the first small point; taps outside first <= . < limit lie beyond the boundary and do not count.
*/
typedef struct {
  int       batch, channels;
  int       n[3], k[3];              /* small points, taps: z, y, x */
  int       stride[3], dilation[3];
  int       first[3], limit[3];
  ptrdiff_t bs[4];                   /* elements of the big array from one point to the next: sample, z, y, x */
  ptrdiff_t ss[4];                   /* of the small array */
} HGPoolShape;

/* A result r is stored as to = add ? to + r : r after it was multiplied by (mask > threshold[c]), where a mask is given */
typedef struct {
  int         add;
  const void *mask;      /* NULL, or an array with the strides of the result */
  const void *threshold; /* [channels], NULL: zeros */
} HGPoolStore;

/* Runs of an axis in linear interpolation: fine point i is w[0] coarse[at] + w[1] coarse[at + 1] */
typedef struct {
  int    at; /* from the first owned coarse point, may be -1 */
  double w[2];
} HGInterpolation;

/*
  The kernels of one instruction set and element type; threads, no allocation, no failure, the same bits on any number of threads.
  Arrays start at the first tap of the first small point (big, which may lie before the array) and at the first small point.
*/
typedef struct {
  HGSimd  simd;
  HGDType dtype;
  /* small = maximum of the taps that count */
  void (*max_pool)(const HGPoolShape *s, const void *big, void *small);
  /* Adds the gradient of the small point to the first tap that equals it, where small > threshold[c] if there is one. With overwrite the
     others of a window become zero: only for windows that tile the grid. */
  void (*max_pool_adjoint)(const HGPoolShape *s, const void *big, const void *small, const void *dsmall, void *dbig, int overwrite,
                           const void *threshold);
  /* small = scale times the sum of the taps that count; scale 0: their mean */
  void (*sum_pool)(const HGPoolShape *s, double scale, const void *big, void *small, const HGPoolStore *store);
  /* The adjoint of sum_pool. Where windows overlap or leave gaps, store->add. */
  void (*spread)(const HGPoolShape *s, double scale, const void *small, void *big, const HGPoolStore *store);
  /* fine = linear interpolation of coarse; n: fine points, tables [n[0]], [n[1]], [n[2]]; cs, fs: strides as above */
  void (*interpolate)(int batch, int channels, const int n[3], const HGInterpolation *const table[3], const ptrdiff_t cs[4],
                      const ptrdiff_t fs[4], const void *coarse, void *fine);
  /* Its adjoint, which adds to coarse */
  void (*interpolate_adjoint)(int batch, int channels, const int n[3], const HGInterpolation *const table[3], const ptrdiff_t cs[4],
                              const ptrdiff_t fs[4], const void *fine, void *coarse);
} HGPoolKernels;

const HGPoolKernels *HGPoolKernelsGet(HGSimd simd, HGDType dtype);

#endif
