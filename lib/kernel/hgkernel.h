/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGKERNEL_H
#define HGKERNEL_H

#include <stddef.h>
#include "sys/hgdtype.h"
#include "sys/hgsimd.h"

typedef enum { HG_ACT_IDENTITY, HG_ACT_RELU } HGActivation;

/*
  A convolution on arrays with channels last. Ghost points lie in place, so x has n + k - 1 readable points in each
  direction and the kernels never test for a boundary.
*/
typedef struct {
  int       batch;     /* samples */
  int       cin, cout; /* channels */
  int       n[3];      /* output points nz, ny, nx */
  int       k[3];      /* kernel points kz, ky, kx, each at least 1 */
  ptrdiff_t xs[4];     /* strides of x in elements: sample, z, y, x; channels contiguous, xs[3] >= cin */
  ptrdiff_t ys[4];     /* the same for y */
} HGConvShape;

/*
  The kernels of one instruction set and element type. Arrays are of that type unless declared otherwise. Every entry
  runs its own OpenMP threads, allocates nothing and cannot fail. An empty shape (no samples or no points) is allowed.
*/
typedef struct {
  HGSimd  simd;
  HGDType dtype;
  int     vlen; /* elements in a vector register */

  /* Bytes of the packed weights of conv(); align them to 64 bytes for speed. */
  size_t (*conv_packed_size)(int cin, int cout, const int k[3]);
  /* w: [cout][cin][kz][ky][kx] */
  void (*conv_pack)(int cin, int cout, const int k[3], const void *w, void *packed);
  /* The same w, cin and cout of the forward layer; packs the operator of the input gradient, which maps cout to cin
     channels with reversed taps: conv_packed_size(cout, cin, k) bytes, used by conv() with these channel counts on dy
     with k - 1 ghost points. */
  void (*conv_pack_adjoint)(int cin, int cout, const int k[3], const void *w, void *packed);

  /* y[n][z][y][x][co] = act(bias[co] + sum over kz, ky, kx, ci of x[n][z+kz][y+ky][x+kx][ci] w[co][ci][kz][ky][kx])
       x      - the element that the first tap of the first output reads
       bias   - [cout] or NULL
       mask   - NULL, or an array with the strides of y: the result is multiplied by (mask > 0); must not overlap y
     Bits of a point depend neither on threads nor on the other points of the call: the union of boxes equals the whole. */
  void (*conv)(const HGConvShape *s, const void *x, const void *packed, const void *bias, HGActivation act, const void *mask, void *y);

  /* Bytes of scratch for conv_weights(), independent of the number of threads */
  size_t (*conv_weights_work)(const HGConvShape *s);
  /* dw[co][ci][kz][ky][kx] += sum over n, z, y, x of x[n][z+kz][y+ky][x+kx][ci] dy[n][z][y][x][co], db[co] += sum of dy
       dy     - strides ys
       work   - scratch, aligned to 64 bytes for speed
       dw     - [cout][cin][kz][ky][kx], double for both types
       db     - [cout] or NULL
     The same bits on any number of threads. */
  void (*conv_weights)(const HGConvShape *s, const void *x, const void *dy, void *work, double *dw, double *db);

  /* Runs chains of multiply-adds on registers for a while, returns the number of floating-point operations done */
  double (*peak)(long iterations);
} HGKernels;

const HGKernels *HGKernelsGet(HGSimd simd, HGDType dtype);

void HGConvReference_F32(const HGConvShape *s, const float *x, const float *w, const float *bias, HGActivation act, const float *mask,
                         float *y);
void HGConvReference_F64(const HGConvShape *s, const double *x, const double *w, const double *bias, HGActivation act, const double *mask,
                         double *y);
void HGConvWeightsReference_F32(const HGConvShape *s, const float *x, const float *dy, double *dw, double *db);
void HGConvWeightsReference_F64(const HGConvShape *s, const double *x, const double *dy, double *dw, double *db);

#endif
