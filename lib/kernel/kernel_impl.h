/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGKERNEL_IMPL_H
#define HGKERNEL_IMPL_H

#include "kernel/hgkernel.h"
#include <limits.h>

extern const HGKernels HGKernels_f32_portable, HGKernels_f64_portable;
extern const HGKernels HGKernels_f32_avx2, HGKernels_f64_avx2;
extern const HGKernels HGKernels_f32_avx512, HGKernels_f64_avx512;

static inline int MinInt(int a, int b)
{
  return a < b ? a : b;
}

static inline int MaxInt(int a, int b)
{
  return a > b ? a : b;
}

static inline size_t MinSize(size_t a, size_t b)
{
  return a < b ? a : b;
}

static inline int CeilDiv(int a, int b)
{
  return (a + b - 1) / b;
}

/* Start of part p when n things are cut into parts of nearly equal size */
static inline int PartStart(int n, int parts, int p)
{
  return (int)((long long)n * p / parts);
}

/* Whether n equal pieces of work leave some of the threads idle for long */
static inline int Uneven(int n, int threads)
{
  return n < 4 * threads && n % threads;
}

/* A box of pixels: pieces of rows of one sample and plane */
typedef struct {
  int n, z;   /* sample, plane */
  int y0, y1; /* rows, half-open */
  int x0, x1; /* points, half-open */
} Box;

/* How the points of a shape are cut into boxes of about the same size, from the shape alone */
typedef struct {
  int ysegs, xsegs;
  int boxes;
} Cut;

static inline Cut CutShape(const HGConvShape *s, int rows, int pixels)
{
  Cut cut;
  cut.ysegs = CeilDiv(s->n[1], MaxInt(rows, 1));
  cut.xsegs = CeilDiv(s->n[2], MaxInt(pixels, 1));
  if (s->n[0] < 1 || s->n[1] < 1 || s->n[2] < 1) cut.ysegs = cut.xsegs = 0;
  const double boxes = (double)s->batch * s->n[0] * cut.ysegs * cut.xsegs; /* more than an int has lie in no memory */
  cut.boxes          = boxes < INT_MAX ? (int)boxes : INT_MAX;
  return cut;
}

/* Boxes whose input stays in L2 cache while blocks of output channels pass over it, and enough of them for 32 threads */
static inline Cut CutForCache(const HGConvShape *s, size_t size)
{
  const double rows = (double)s->batch * s->n[0] * s->n[1], row = (double)s->n[2] * s->groups * s->cin * (double)size;
  const double y = row > 0 ? 256 * 1024 / row : 1, share = rows / 32;
  return CutShape(s, (int)(y < share ? y : share), share < 1 ? MaxInt(96, (int)(s->n[2] * share)) : s->n[2]);
}

static inline Box CutBox(const Cut *cut, const HGConvShape *s, int i)
{
  int ix = i % cut->xsegs, iy = i / cut->xsegs % cut->ysegs, nz = i / cut->xsegs / cut->ysegs;
  Box b;
  b.n  = nz / s->n[0];
  b.z  = nz % s->n[0];
  b.y0 = PartStart(s->n[1], cut->ysegs, iy);
  b.y1 = PartStart(s->n[1], cut->ysegs, iy + 1);
  b.x0 = PartStart(s->n[2], cut->xsegs, ix);
  b.x1 = PartStart(s->n[2], cut->xsegs, ix + 1);
  return b;
}

/* A tile of 2 x 2 points: where its first point reads x and is in y, and which rows and columns of it are wanted, half-open */
typedef struct {
  ptrdiff_t   x, y;
  signed char first[2], end[2];
} Place;

static inline ptrdiff_t BoxOffset(const Box *b, int y, int x, const ptrdiff_t stride[4])
{
  return b->n * stride[0] + b->z * stride[1] + y * stride[2] + x * stride[3];
}

#endif
