/* SPDX-License-Identifier: BSD-2-Clause */
/* Template of reference.c: needs REAL and NAME() */

/*
  HGConvReference_F32, HGConvReference_F64 - Convolution by plain loops, for tests

  Not collective

  Input Parameters:
+ s    - sizes and strides
. x    - input at the point that the first tap of the first output reads
. w    - weights, not packed
. bias - bias or NULL
. act  - activation applied to the sum
- mask - NULL, or an array with the strides of y: the result is multiplied by (mask > 0)

  Output Parameter:
. y - output

  Shape: x: [N][Z+kz-1][Y+ky-1][X+kx-1][C_in] with strides xs, w: [C_out][C_in][kz][ky][kx], bias: [C_out],
  y, mask: [N][Z][Y][X][C_out] with strides ys

  Errors: none; sums in double precision

  Level: developer

.seealso: HGKernelsGet()
*/
void NAME(HGConvReference)(const HGConvShape *s, const REAL *x, const REAL *w, const REAL *bias, HGActivation act, const REAL *mask,
                           REAL *y)
{
  const int *k = s->k;
  FOR_POINTS(s, n, z, j, i)
    for (int co = 0; co < s->cout; co++) {
      ptrdiff_t o   = n * s->ys[0] + z * s->ys[1] + j * s->ys[2] + i * s->ys[3] + co;
      double    sum = bias ? (double)bias[co] : 0.;
      FOR_TAPS(k, a, b, c) {
        const REAL *p = x + n * s->xs[0] + (z + a) * s->xs[1] + (j + b) * s->xs[2] + (i + c) * s->xs[3];
        for (int ci = 0; ci < s->cin; ci++) sum += (double)p[ci] * (double)w[WEIGHT(s, co, ci, a, b, c)];
      }
      if (act == HG_ACT_RELU && sum < 0) sum = 0;
      if (mask && !(mask[o] > 0)) sum = 0;
      y[o] = (REAL)sum;
    }
}

/*
  HGConvWeightsReference_F32, HGConvWeightsReference_F64 - Weight and bias gradient of a convolution by plain loops, for tests

  Not collective

  Input Parameters:
+ s  - sizes and strides
. x  - input at the point that the first tap of the first output reads
- dy - gradient of the output

  Output Parameters:
+ dw - weight gradient, added to
- db - bias gradient, added to, or NULL

  Shape: x: [N][Z+kz-1][Y+ky-1][X+kx-1][C_in] with strides xs, dy: [N][Z][Y][X][C_out] with strides ys,
  dw: [C_out][C_in][kz][ky][kx], db: [C_out]

  Errors: none; sums in double precision

  Level: developer

.seealso: HGKernelsGet()
*/
void NAME(HGConvWeightsReference)(const HGConvShape *s, const REAL *x, const REAL *dy, double *dw, double *db)
{
  const int *k = s->k;
  FOR_POINTS(s, n, z, j, i)
    for (int co = 0; co < s->cout; co++) {
      double d = (double)dy[n * s->ys[0] + z * s->ys[1] + j * s->ys[2] + i * s->ys[3] + co];
      if (db) db[co] += d;
      FOR_TAPS(k, a, b, c) {
        const REAL *p = x + n * s->xs[0] + (z + a) * s->xs[1] + (j + b) * s->xs[2] + (i + c) * s->xs[3];
        for (int ci = 0; ci < s->cin; ci++) dw[WEIGHT(s, co, ci, a, b, c)] += (double)p[ci] * d;
      }
    }
}

#undef REAL
#undef NAME
