/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGKERNEL_H
#define HGKERNEL_H

#include <stddef.h>
#include "sys/hgdtype.h"
#include "sys/hgsimd.h"

/* The functions that a layer applies to its output; a convolution fuses the first two */
typedef enum {
  HG_ACT_IDENTITY,
  HG_ACT_RELU,
  HG_ACT_LEAKY_RELU,
  HG_ACT_ELU,
  HG_ACT_GELU,
  HG_ACT_SILU,
  HG_ACT_TANH,
  HG_ACT_SIGMOID,
  HG_ACT_SOFTPLUS,
  HG_ACT_SIN
} HGActivation;

/*
  A convolution on arrays with channels last. Every point that a tap reads lies in x, so the kernels never test for a
  boundary. Stride and dilation of the convolution are in the strides of the arrays: output point o and tap k read
  x[o * xs + k * ts].
*/
typedef struct {
  int       batch;     /* samples */
  int       groups;    /* groups of channels, at least 1 */
  int       cin, cout; /* channels of one group */
  int       n[3];      /* output points nz, ny, nx */
  int       k[3];      /* kernel points kz, ky, kx, each at least 1 */
  ptrdiff_t xs[4];     /* elements of x from one output point to the next: sample, z, y, x; channels contiguous */
  ptrdiff_t ts[3];     /* elements of x from one tap to the next: z, y, x; may be negative */
  ptrdiff_t ys[4];     /* elements of y: sample, z, y, x; channels contiguous */
  int       at[2];     /* y and x of the first output point in the whole grid: points are taken in pairs that start at even ones */
} HGConvShape;

/* Weights in any order: element (group g, output co, input ci of the group, tap kz ky kx) is
   w[g * sg + co * so + ci * si + kz * st[0] + ky * st[1] + kx * st[2]] */
typedef struct {
  const void *w;
  ptrdiff_t   sg, so, si, st[3];
} HGConvWeights;

/* What happens to the sums of a convolution before they are stored:
   r = act(bias[co] + sum) * (mask > threshold[co]);  y = add ? y + r : r */
typedef struct {
  const void  *bias;      /* [groups * cout] or NULL */
  HGActivation act;       /* HG_ACT_IDENTITY or HG_ACT_RELU */
  const void  *mask;      /* NULL, or an array with the strides of y; must not overlap y */
  const void  *threshold; /* [groups * cout], NULL: zeros */
  int          add;
} HGConvStore;

/*
  The kernels of one instruction set and element type. Arrays are of that type unless declared otherwise. Every entry
  runs its own OpenMP threads, allocates nothing and cannot fail. An empty shape (no samples or no points) is allowed.
*/
typedef struct {
  HGSimd  simd;
  HGDType dtype;
  int     vlen; /* elements in a vector register */

  /* Bytes of the packed weights of conv(), 0 if there are so many that it takes them as they are; align them to 64 bytes for speed. */
  size_t (*conv_packed_size)(int groups, int cin, int cout, const int k[3]);
  /* The operator of the input gradient, its pieces if the convolution is strided, and slices of channels are all strides of w. */
  void (*conv_pack)(int groups, int cin, int cout, const int k[3], const HGConvWeights *w, void *packed);

  /* Bytes of scratch for conv() on omp_get_max_threads() threads or fewer, 0 for none. Inside a parallel region it runs on one. */
  size_t (*conv_work)(int groups, int cin, int cout, const int k[3]);

  /* y[n][z][y][x][g][co] = store(sum over kz, ky, kx, ci of x[...][g][ci] w[g][co][ci][kz][ky][kx]), see HGConvStore
       x      - the element that the first tap of the first output reads
       w      - the weights, read only if they are not packed; they must not change meanwhile
       packed - for the same groups, cin, cout and k
       work   - scratch, aligned to 64 bytes for speed
     Bits of a point depend neither on threads nor on the other points of the call: the union of boxes equals the whole. */
  void (*conv)(const HGConvShape *s, const void *x, const HGConvWeights *w, const void *packed, const HGConvStore *store, void *work,
               void *y);

  /* Bytes of scratch for conv_weights() on omp_get_max_threads() threads, for a shape of as many points or fewer */
  size_t (*conv_weights_work)(const HGConvShape *s);
  /* dw[g][co][ci][kz][ky][kx] += sum over n, z, y, x of x[...][g][ci] dy[n][z][y][x][g][co], db[g][co] += sum of dy
       dy     - strides ys
       work   - scratch, aligned to 64 bytes for speed
       type   - of dw and db: the kernel's, or HG_F64
       dw     - [groups * cout][cin][kz][ky][kx]
       db     - [groups * cout] or NULL
     The same bits on any number of threads. */
  void (*conv_weights)(const HGConvShape *s, const void *x, const void *dy, void *work, HGDType type, void *dw, void *db);

  /* Runs chains of multiply-adds on registers for a while, returns the number of floating-point operations done */
  double (*peak)(long iterations);
} HGKernels;

HG_EXTERN const HGKernels *HGKernelsGet(HGSimd simd, HGDType dtype);

HG_EXTERN void HGConvReference_F32(const HGConvShape *s, const float *x, const HGConvWeights *w, const HGConvStore *store, float *y);
HG_EXTERN void HGConvReference_F64(const HGConvShape *s, const double *x, const HGConvWeights *w, const HGConvStore *store, double *y);
HG_EXTERN void HGConvWeightsReference_F32(const HGConvShape *s, const float *x, const float *dy, double *dw, double *db);
HG_EXTERN void HGConvWeightsReference_F64(const HGConvShape *s, const double *x, const double *dy, double *dw, double *db);

#endif
