/* SPDX-License-Identifier: BSD-2-Clause */
/*
  Forward convolution into 1 to 4 output channels: lanes are input channels, one accumulator for each output, lanes summed
  at the end. The order of a sum depends on the channel counts and the kernel alone.
*/

enum { NAME(DOTS) = VLEN < 8 ? 8 : VLEN }; /* outputs of a tile: at least as many chains as multiply-adds in flight */

typedef struct {
  int         taps[3];          /* as in Block */
  int         vectors, rest;    /* full vectors of input channels at each tap, channels in the partial one after them */
  ptrdiff_t   xs[4], yp;
  REAL        lower;
  REAL        bias[NAME(DOTS)]; /* for each output of a tile */
  const REAL *w;                /* [kz][ky][kx][vectors of C_in][C_out][VLEN] */
} NAME(Dots);

INLINE void NAME(dots_step)(const V *xv, const REAL *w, V *acc, const int m, const int nc)
{
  UNROLL for (int c = 0; c < nc; c++) {
    const V wc = NAME(load)(w + c * VLEN);
    UNROLL for (int i = 0; i < m; i++) acc[i * nc + c] += xv[i] * wc;
  }
}

INLINE void NAME(dots_taps)(const NAME(Dots) *b, const REAL *x, V *acc, const int m, const int nc)
{
  const REAL *w = b->w;
  V           xv[NAME(DOTS)];
  ptrdiff_t   s = b->xs[3], s3 = 3 * s, s5 = 5 * s, s7 = 7 * s;
  __asm__("" : "+r"(s3), "+r"(s5), "+r"(s7));
  for (int kz = 0; kz < b->taps[0]; kz++) {
    for (int ky = 0; ky < b->taps[1]; ky++) {
      for (int kx = 0; kx < b->taps[2]; kx++) {
        const REAL *p0 = x + kz * b->xs[1] + ky * b->xs[2] + kx * s, *p1 = p0 + 8 * s, *p2 = p1;
        for (int n = b->vectors; n > 0; n--) {
          UNROLL for (int i = 0; i < m; i++) xv[i] = NAME(load)(PIXEL(i));
          NAME(dots_step)(xv, w, acc, m, nc);
          p0 += VLEN, p1 += VLEN, w += nc * VLEN;
          __asm__("" : "+r"(p0), "+r"(p1), "+r"(w));
        }
        if (b->rest) {
          UNROLL for (int i = 0; i < m; i++) xv[i] = NAME(load_n)(PIXEL(i), b->rest);
          NAME(dots_step)(xv, w, acc, m, nc);
          w += nc * VLEN;
        }
      }
    }
  }
}

/* Outputs are [m][nc]; they are one run of elements if the pixels of y are contiguous. */
INLINE void NAME(dots_store)(const NAME(Dots) *b, V r, int first, const REAL *mask, REAL *y, const int m, const int nc)
{
  const int count = MinInt(VLEN, m * nc - first);
  REAL      out[VLEN], gate[VLEN];

  r = NAME(max)(r + NAME(load)(b->bias + first), b->lower - (V){0});
  if (b->yp == nc) {
    if (mask) r = NAME(where_positive)(NAME(load_n)(mask + first, count), r);
    NAME(store_n)(y + first, r, count);
    return;
  }
  for (int i = 0; mask && i < count; i++) gate[i] = mask[(first + i) / nc * b->yp + (first + i) % nc];
  if (mask) r = NAME(where_positive)(NAME(load_n)(gate, count), r);
  NAME(store)(out, r);
  for (int i = 0; i < count; i++) y[(first + i) / nc * b->yp + (first + i) % nc] = out[i];
}

INLINE void NAME(dots)(const NAME(Dots) *b, const REAL *x, const REAL *mask, REAL *y, const int m, const int nc)
{
  V acc[NAME(DOTS)];
  UNROLL for (int i = 0; i < NAME(DOTS); i++) acc[i] = (V){0};
  NAME(dots_taps)(b, x, acc, m, nc);
  UNROLL for (int i = 0; i < m * nc; i += VLEN) NAME(dots_store)(b, NAME(lane_sums)(acc + i), i, mask, y, m, nc);
}

/* All pixels of a row */
INLINE void NAME(dots_row)(const NAME(Dots) *b, const REAL *x, const REAL *mask, REAL *y, int nx, const int nc)
{
  const int m = NAME(DOTS) / nc;
  for (; nx >= m; nx -= m) {
    NAME(dots)(b, x, mask, y, m, nc);
    x += m * b->xs[3], y += m * b->yp, mask += mask ? m * b->yp : 0;
  }
  for (; nx > 0; nx--) {
    NAME(dots)(b, x, mask, y, 1, nc);
    x += b->xs[3], y += b->yp, mask += mask ? b->yp : 0;
  }
}
