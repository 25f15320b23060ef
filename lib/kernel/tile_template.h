/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/*
  Forward convolution of up to TILE1 or TILE2 pixels of a row into one block of output channels, all sums in registers.
  The order of each sum is input channel block, kz, ky, kx, channel, whatever the tile, so bits do not depend on tiling.
*/

typedef struct {
  int         taps[3];         /* taps to loop over; kx and channels are one loop (taps[2] = 1) if they are contiguous */
  int         len;             /* contiguous elements at each tap */
  ptrdiff_t   xs[4], yp;       /* strides of x: sample, z, y, pixel; pixel stride of y */
  int         width;           /* valid output channels of this block */
  int         first;           /* first block of input channels: sums start from the bias, not from y */
  REAL        lower;           /* lower bound of the result: the activation */
  REAL        bias[2 * VLEN];  /* padded with zeros */
  const REAL *w;               /* [kz][ky][kx][C_in][1 or 2 vectors] */
} NAME(Block);

NOINLINE void NAME(tile_reload)(const NAME(Block) *b, const REAL *y, REAL *sum /* [m][nv*VLEN] */, int m, int nv)
{
  for (int i = 0; i < m; i++) {
    for (int v = 0; v < nv; v++) {
      V part = NAME(load_n)(y + i * b->yp + v * VLEN, MinInt(VLEN, b->width - v * VLEN));
      NAME(store)(sum + (i * nv + v) * VLEN, part);
    }
  }
}

/* Applies activation and mask; full: the last vector is whole */
INLINE void NAME(tile_store)(const NAME(Block) *b, V acc[][2], const REAL *mask, REAL *y, const int m, const int nv, const int full)
{
  const V         lower = b->lower - (V){0};
  const int       n     = b->width - (nv - 1) * VLEN;
  const ptrdiff_t yp    = b->yp;

  UNROLL for (int i = 0; i < m; i++) {
    UNROLL for (int v = 0; v < nv; v++) {
      const ptrdiff_t o     = i * yp + v * VLEN;
      const int       whole = full || v < nv - 1;
      V               r     = NAME(max)(acc[i][v], lower);
      if (mask) r = NAME(where_positive)(whole ? NAME(load)(mask + o) : NAME(load_n)(mask + o, n), r);
      if (whole) NAME(store)(y + o, r);
      else NAME(store_n)(y + o, r, n);
    }
  }
}

INLINE void NAME(tile_start)(const NAME(Block) *b, const REAL *y, V acc[][2], const int m, const int nv)
{
  if (b->first) {
    UNROLL for (int i = 0; i < m; i++) UNROLL for (int v = 0; v < nv; v++) acc[i][v] = NAME(load)(b->bias + v * VLEN);
  } else {
    REAL sum[TILE1 * VLEN];
    NAME(tile_reload)(b, y, sum, m, nv);
    UNROLL for (int i = 0; i < m; i++) UNROLL for (int v = 0; v < nv; v++) acc[i][v] = NAME(load)(sum + (i * nv + v) * VLEN);
  }
}

/* Pixel i of a tile from bases at pixels 0, 8 and 16: a few index registers reach all, nothing spills. */
#define PIXEL(i) \
  (((i) < 8 ? p0 : (i) < 16 ? p1 : p2) + (((i)&7) == 3 ? s3 : ((i)&7) == 5 ? s5 : ((i)&7) == 6 ? 2 * s3 : ((i)&7) == 7 ? s7 : ((i)&7) * s))

INLINE void NAME(tile_taps)(const NAME(Block) *b, const REAL *x, V acc[][2], const int m, const int nv)
{
  const REAL *w = b->w;
  ptrdiff_t   s = b->xs[3], s3 = 3 * s, s5 = 5 * s, s7 = 7 * s;
  __asm__("" : "+r"(s3), "+r"(s5), "+r"(s7)); /* keeps the compiler from turning them into m pointers */
  for (int kz = 0; kz < b->taps[0]; kz++) {
    for (int ky = 0; ky < b->taps[1]; ky++) {
      for (int kx = 0; kx < b->taps[2]; kx++) {
        const REAL *p0 = x + kz * b->xs[1] + ky * b->xs[2] + kx * s, *p1 = p0 + 8 * s, *p2 = p1 + 8 * s;
        for (int n = b->len; n > 0; n--) {
          const V w0 = NAME(load)(w), w1 = nv > 1 ? NAME(load)(w + VLEN) : w0;
          UNROLL for (int i = 0; i < m; i++) {
            const REAL xi = *PIXEL(i);
            acc[i][0] += xi * w0;
            if (nv > 1) acc[i][1] += xi * w1;
          }
          p0++, p1++, p2++, w += nv * VLEN;
          __asm__("" : "+r"(p0), "+r"(p1), "+r"(p2), "+r"(w));
        }
      }
    }
  }
}

/* What the next tile and the next row read arrives while this tile sums; beyond the end of an array it does no harm. */
INLINE void NAME(tile_prefetch)(const NAME(Block) *b, const REAL *x, const REAL *mask, const int m, const int nv)
{
  const REAL *row = x + (b->taps[0] - 1) * b->xs[1] + b->taps[1] * b->xs[2];
  UNROLL for (int i = 2; i < m + 2; i++) __builtin_prefetch(row + i * b->xs[3]);
  if (mask) {
    UNROLL for (int i = m; i < 2 * m; i++) UNROLL for (int v = 0; v < nv; v++) __builtin_prefetch(mask + i * b->yp + v * VLEN);
  }
}

INLINE void NAME(tile)(const NAME(Block) *b, const REAL *x, const REAL *mask, REAL *y, const int m, const int nv)
{
  V acc[TILE1][2];
  NAME(tile_start)(b, y, acc, m, nv);
  NAME(tile_prefetch)(b, x, mask, m, nv);
  NAME(tile_taps)(b, x, acc, m, nv);
  if (b->width == nv * VLEN) {
    if (mask) NAME(tile_store)(b, acc, mask, y, m, nv, 1);
    else NAME(tile_store)(b, acc, NULL, y, m, nv, 1);
  } else {
    if (mask) NAME(tile_store)(b, acc, mask, y, m, nv, 0);
    else NAME(tile_store)(b, acc, NULL, y, m, nv, 0);
  }
}

typedef void (*NAME(Tile))(const NAME(Block) *b, const REAL *x, const REAL *mask, REAL *y);

#define DEFINE1(m) \
  static void NAME(tile1_##m)(const NAME(Block) *b, const REAL *x, const REAL *mask, REAL *y) \
  { \
    NAME(tile)(b, x, mask, y, m, 1); \
  }
#define DEFINE2(m) \
  static void NAME(tile2_##m)(const NAME(Block) *b, const REAL *x, const REAL *mask, REAL *y) \
  { \
    NAME(tile)(b, x, mask, y, m, 2); \
  }
#define ENTRY1(m) NAME(tile1_##m),
#define ENTRY2(m) NAME(tile2_##m),
TILES1(DEFINE1)
TILES2(DEFINE2)
static const NAME(Tile) NAME(tiles1)[] = {TILES1(ENTRY1)}; /* [height - 1] */
static const NAME(Tile) NAME(tiles2)[] = {TILES2(ENTRY2)};
#undef DEFINE1
#undef DEFINE2
#undef ENTRY1
#undef ENTRY2
