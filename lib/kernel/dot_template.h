/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/*
  Forward convolution into 1 to 4 output channels: lanes are input channels, one accumulator for each output, lanes summed
  at the end. The order of a sum depends on the channel counts and the kernel alone.
*/

enum { NAME(DOTS) = VLEN < 8 ? 8 : VLEN }; /* outputs of a tile: at least as many chains as multiply-adds in flight */

typedef struct {
  int         taps[3];          /* as in Block */
  int         vectors, rest;    /* vectors of input channels at each tap, channels in the last one if it is partial */
  ptrdiff_t   xp, ts[3], yp, below;
  int         add;
  REAL        lower;
  REAL        bias[NAME(DOTS)]; /* for each output of a tile */
  REAL        threshold[NAME(DOTS)];
  const REAL *w;                /* [kz][ky][kx][vectors of C_in][C_out][VLEN] */
} NAME(Dots);

/* rest: the last vector of each tap is partial */
INLINE void NAME(dots_taps)(const NAME(Dots) *b, const REAL *x, V *acc, const int m, const int nc, const int rest)
{
  const REAL *w = b->w;
  V           wc[4];
  for (int kz = 0; kz < b->taps[0]; kz++) {
    for (int ky = 0; ky < b->taps[1]; ky++) {
      for (int kx = 0; kx < b->taps[2]; kx++) {
        PIXEL_BASES(const REAL, x + kz * b->ts[0] + ky * b->ts[1] + kx * b->ts[2], b->xp);
        for (int n = b->vectors; n > 0; n--) {
          const int valid = rest && n == 1 ? b->rest : VLEN;
          UNROLL for (int c = 0; c < nc; c++) wc[c] = NAME(load)(w + c * VLEN);
          UNROLL for (int i = 0; i < m; i++) {
            const V xi = rest ? NAME(load_n)(PIXEL(i), valid) : NAME(load)(PIXEL(i));
            UNROLL for (int c = 0; c < nc; c++) acc[i * nc + c] += xi * wc[c];
          }
          p0 += VLEN, p1 += VLEN, w += nc * VLEN;
          __asm__("" : "+r"(p0), "+r"(p1), "+r"(w));
        }
      }
    }
  }
}

/* Outputs are [m][nc]; they are one run of elements if the pixels of y are contiguous. */
INLINE void NAME(dots_store)(const NAME(Dots) *b, V r, int first, const REAL *mask, REAL *y, const int m, const int nc)
{
  const int count = MinInt(VLEN, m * nc - first);
  const V   limit = NAME(load)(b->threshold + first);
  REAL      out[VLEN], gate[VLEN];

  r = NAME(max)(r + NAME(load)(b->bias + first), b->lower - (V){0});
  if (b->yp == nc) {
    if (mask) r = NAME(where_above)(NAME(load_n)(mask + first, count), limit, r);
    if (b->add) r += NAME(load_n)(y + first, count);
    NAME(store_n)(y + first, r, count);
    return;
  }
  for (int i = 0; mask && i < count; i++) gate[i] = mask[(first + i) / nc * b->yp + (first + i) % nc];
  if (mask) r = NAME(where_above)(NAME(load_n)(gate, count), limit, r);
  NAME(store)(out, r);
  for (int i = 0; i < count; i++) {
    REAL *to = y + (first + i) / nc * b->yp + (first + i) % nc;
    *to = b->add ? *to + out[i] : out[i];
  }
}

INLINE void NAME(dots)(const NAME(Dots) *b, const REAL *x, const REAL *mask, REAL *y, const int m, const int nc, const int rest)
{
  const REAL *row = x + b->below;
  V           acc[NAME(DOTS)];
  UNROLL for (int i = 2; i < m + 2; i++) __builtin_prefetch(row + i * b->xp);
  UNROLL for (int i = 0; i < NAME(DOTS); i++) acc[i] = (V){0};
  NAME(dots_taps)(b, x, acc, m, nc, rest);
  UNROLL for (int i = 0; i < m * nc; i += VLEN) NAME(dots_store)(b, NAME(lane_sums)(acc + i), i, mask, y, m, nc);
}

/* nx pixels of a row */
INLINE void NAME(dots_row)(const NAME(Dots) *b, const REAL *x, const REAL *mask, REAL *y, int nx, const int nc, const int rest)
{
  const int most = NAME(DOTS) / nc;
  while (nx > 0) {
    const int m = nx >= most ? most : nx >= 4 && most > 4 ? 4 : 1;
    if (m == most) NAME(dots)(b, x, mask, y, most, nc, rest);
    else if (m == 4) NAME(dots)(b, x, mask, y, most > 4 ? 4 : 1, nc, rest);
    else NAME(dots)(b, x, mask, y, 1, nc, rest);
    x += m * b->xp, y += m * b->yp, mask += mask ? m * b->yp : 0, nx -= m;
  }
}

typedef void (*NAME(DotsRow))(const NAME(Dots) *b, const REAL *x, const REAL *mask, REAL *y, int nx);

#define DEFINE(nc, rest) \
  static void NAME(dots_row##nc##_##rest)(const NAME(Dots) *b, const REAL *x, const REAL *mask, REAL *y, int nx) \
  { \
    NAME(dots_row)(b, x, mask, y, nx, nc, rest); \
  }
#define ENTRIES(rest) NAME(dots_row1_##rest), NAME(dots_row2_##rest), NAME(dots_row3_##rest), NAME(dots_row4_##rest)
DEFINE(1, 0) DEFINE(2, 0) DEFINE(3, 0) DEFINE(4, 0)
DEFINE(1, 1) DEFINE(2, 1) DEFINE(3, 1) DEFINE(4, 1)
static const NAME(DotsRow) NAME(dots_rows)[2][4] = {{ENTRIES(0)}, {ENTRIES(1)}}; /* [partial vectors][output channels - 1] */
#undef DEFINE
#undef ENTRIES
