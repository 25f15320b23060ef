/* SPDX-License-Identifier: BSD-2-Clause */
/* Template of reference.c: needs REAL and NAME() */

/*
  HGConvReference_F32, HGConvReference_F64 - Convolution by plain loops, for tests

  Not collective

  Input Parameters:
+ s     - sizes and strides
. x     - input at the point that the first tap of the first output reads
. w     - weights, not packed
- store - bias, activation, mask and whether to add

  Output Parameter:
. y - output

  Shape: x: [N][Z][Y][X][G][C_in] with strides xs and ts, w: [G][C_out][C_in][kz][ky][kx] in any order,
  bias, threshold: [G][C_out], y, mask: [N][Z][Y][X][G][C_out] with strides ys

  Errors: none; sums in double precision

  Level: developer

.seealso: HGKernelsGet()
*/
void NAME(HGConvReference)(const HGConvShape *s, const REAL *x, const HGConvWeights *w, const HGConvStore *store, REAL *y)
{
  const REAL *bias = store->bias, *mask = store->mask, *threshold = store->threshold, *weight = w->w;
  FOR_POINTS(s, n, z, j, i)
    for (int c = 0; c < s->groups * s->cout; c++) {
      const int       g = c / s->cout, co = c % s->cout;
      const ptrdiff_t o   = n * s->ys[0] + z * s->ys[1] + j * s->ys[2] + i * s->ys[3] + c;
      double          sum = bias ? (double)bias[c] : 0.;
      FOR_TAPS(s->k, kz, ky, kx) {
        const REAL *xp = x + n * s->xs[0] + z * s->xs[1] + j * s->xs[2] + i * s->xs[3] + g * s->cin + TAP(s->ts, kz, ky, kx);
        const REAL *wp = weight + g * w->sg + co * w->so + TAP(w->st, kz, ky, kx);
        for (int ci = 0; ci < s->cin; ci++) sum += (double)xp[ci] * (double)wp[ci * w->si];
      }
      if (store->act == HG_ACT_RELU && sum < 0) sum = 0;
      if (mask && !(mask[o] > (threshold ? threshold[c] : 0))) sum = 0;
      y[o] = (REAL)(store->add ? (double)y[o] + sum : sum);
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

  Shape: x: [N][Z][Y][X][G][C_in] with strides xs and ts, dy: [N][Z][Y][X][G][C_out] with strides ys,
  dw: [G][C_out][C_in][kz][ky][kx], db: [G][C_out]

  Errors: none; sums in double precision

  Level: developer

.seealso: HGKernelsGet()
*/
void NAME(HGConvWeightsReference)(const HGConvShape *s, const REAL *x, const REAL *dy, double *dw, double *db)
{
  FOR_POINTS(s, n, z, j, i)
    for (int c = 0; c < s->groups * s->cout; c++) {
      double d = (double)dy[n * s->ys[0] + z * s->ys[1] + j * s->ys[2] + i * s->ys[3] + c];
      if (db) db[c] += d;
      FOR_TAPS(s->k, kz, ky, kx) {
        const REAL *p = x + n * s->xs[0] + z * s->xs[1] + j * s->xs[2] + i * s->xs[3] + c / s->cout * s->cin + TAP(s->ts, kz, ky, kx);
        for (int ci = 0; ci < s->cin; ci++)
          dw[((((size_t)c * s->cin + ci) * s->k[0] + kz) * s->k[1] + ky) * s->k[2] + kx] += (double)p[ci] * d;
      }
    }
}

#undef REAL
#undef NAME
