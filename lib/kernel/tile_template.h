/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/*
  Forward convolution of up to TILE1 or TILE2 pixels of a row into one block of output channels, all sums in registers.
  The order of each sum is input channel block, kz, ky, kx, channel (if neighbouring pixels share taps: kz, ky, two or three kx,
  channel, kx), whatever the tile, so bits do not depend on tiling.
*/

typedef struct {
  int         taps[3];             /* taps to loop over; kx and channels are one loop (taps[2] = 1) if they are contiguous */
  int         len;                 /* contiguous elements at each tap */
  ptrdiff_t   xp, ts[3], yp;       /* strides of x: pixel, taps; pixel stride of y */
  ptrdiff_t   below;               /* from the first tap to what is read next for the first time: a row, or the next tile */
  int         ahead;               /* it is the next tile, and pixels are longer than a cache line */
  int         stream;              /* the result goes past the caches */
  ptrdiff_t   from;                /* pixel stride of the values that sums start from; 0: all from the bias */
  int         width;               /* valid output channels of this block */
  int         shared;              /* neighbouring pixels share taps along x */
  int         in;                  /* input channels of this block if lanes have their own */
  INT         index[VLEN];         /* which of them each lane has first */
  int         add;
  REAL        lower;               /* lower bound of the result: the activation */
  REAL        bias[2 * VLEN];      /* padded with zeros */
  REAL        threshold[2 * VLEN]; /* of the mask, padded with zeros */
  const REAL *w;                   /* [kz][ky][kx][C_in][1 or 2 vectors] */
} NAME(Block);

/* Pixel i of a tile from bases at pixels 0, 8, 16, 24, with a pixel stride s: a few index registers reach all, nothing spills. */
#define PIXEL(i) \
  (((i) < 8 ? p0 : (i) < 16 ? p1 : (i) < 24 ? p2 : p3) + (((i)&7) == 3 ? s3 : ((i)&7) == 5 ? s5 : ((i)&7) == 6 ? 2 * s3 : ((i)&7) == 7 ? s7 : ((i)&7) * s))
#define PIXEL_BASES(type, pointer, stride) \
  ptrdiff_t s = (stride), s3 = 3 * s, s5 = 5 * s, s7 = 7 * s; \
  type     *p0 = (pointer), *p1 = p0 + 8 * s, *p2 = p1 + 8 * s, *p3 = p2 + 8 * s; \
  (void)p1, (void)p2, (void)p3; \
  __asm__("" : "+r"(s3), "+r"(s5), "+r"(s7)) /* keeps the compiler from turning them into a pointer for each pixel */

/* Stores the sums of m pixels with everything that is rare: parts of vectors, addition */
NOINLINE void NAME(tile_finish)(const NAME(Block) *b, const REAL *sum /* [m][nv*VLEN] */, const REAL *mask, REAL *y, int m, int nv)
{
  for (int i = 0; i < m; i++) {
    for (int v = 0; v < nv; v++) {
      const ptrdiff_t o = i * b->yp + v * VLEN;
      const int       n = MinInt(VLEN, b->width - v * VLEN);
      V               r = NAME(max)(NAME(load)(sum + (i * nv + v) * VLEN), b->lower - (V){0});
      if (mask) r = NAME(where_above)(NAME(load_n)(mask + o, n), NAME(load)(b->threshold + v * VLEN), r);
      if (b->add) r += NAME(load_n)(y + o, n);
      NAME(store_n)(y + o, r, n);
    }
  }
}

/* Applies activation and mask */
INLINE void NAME(tile_store)(const NAME(Block) *b, V acc[][2], const REAL *mask, REAL *y, const int m, const int nv, const int stream)
{
  const V         lower = b->lower - (V){0};
  const ptrdiff_t shift = mask ? mask - y : 0;
  PIXEL_BASES(REAL, y, b->yp);

  UNROLL for (int i = 0; i < m; i++) {
    UNROLL for (int v = 0; v < nv; v++) {
      REAL *to = PIXEL(i) + v * VLEN;
      V     r  = NAME(max)(acc[i][v], lower);
      if (mask) r = NAME(where_above)(NAME(load)(to + shift), NAME(load)(b->threshold + v * VLEN), r);
      if (stream) NAME(stream)(to, r);
      else NAME(store)(to, r);
    }
  }
}

INLINE void NAME(tile_start)(const NAME(Block) *b, const REAL *from, V acc[][2], const int m, const int nv)
{
  if (!b->from) {
    UNROLL for (int i = 0; i < m; i++) UNROLL for (int v = 0; v < nv; v++) acc[i][v] = NAME(load)(b->bias + v * VLEN);
  } else {
    UNROLL for (int i = 0; i < m; i++) UNROLL for (int v = 0; v < nv; v++) acc[i][v] = NAME(load)(from + (i * nv + v) * VLEN);
  }
}

INLINE void NAME(tile_taps)(const NAME(Block) *b, const REAL *x, V acc[][2], const int m, const int nv)
{
  const REAL *w = b->w;
  for (int kz = 0; kz < b->taps[0]; kz++) {
    for (int ky = 0; ky < b->taps[1]; ky++) {
      for (int kx = 0; kx < b->taps[2]; kx++) {
        PIXEL_BASES(const REAL, x + kz * b->ts[0] + ky * b->ts[1] + kx * b->ts[2], b->xp);
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

/*
  What a lane multiplies its weight with: in a group of many channels all lanes are output channels of one input channel,
  which is broadcast; else lanes are the output channels of several groups and have input channels of their own.
*/
enum { NAME(BROADCAST), NAME(LANES), NAME(PARTIAL), NAME(PERMUTED) };

INLINE V NAME(input)(const NAME(Block) *b, const REAL *p, NAME(Mask) index, const int kind)
{
  if (kind == NAME(BROADCAST)) return *p - (V){0};
  if (kind == NAME(LANES)) return NAME(load)(p);
  if (kind == NAME(PARTIAL)) return NAME(load_n)(p, b->in);
  return NAME(permute)(NAME(load_n)(p, b->in), index);
}

/* nt taps along x at once, where the tap of one pixel is that of the next one: each input is read once for all of them. */
INLINE void NAME(tile_shared)(const NAME(Block) *b, const REAL *x, const REAL *w, V acc[][2], const int m, const int nt, const int kind)
{
  const ptrdiff_t step  = (ptrdiff_t)b->len * VLEN; /* from one tap's weights to the next */
  NAME(Mask)      index = {0};
  PIXEL_BASES(const REAL, x, b->xp);
  if (kind == NAME(PERMUTED)) index = *(const NAME(UnalignedMask) *)b->index;
  for (int n = b->len; n > 0; n--) {
    V wt[3];
    UNROLL for (int t = 0; t < nt; t++) wt[t] = NAME(load)(w + t * step);
    UNROLL for (int i = 0; i < m + nt - 1; i++) {
      const V xi = NAME(input)(b, PIXEL(i), index, kind);
      UNROLL for (int t = 0; t < nt; t++) {
        if (i >= t && i - t < m) acc[i - t][0] += xi * wt[t];
      }
    }
    if (kind == NAME(BROADCAST)) p0++, p1++, p2++, p3++;
    if (kind == NAME(PERMUTED)) index += 1;
    w += VLEN;
    __asm__("" : "+r"(p0), "+r"(p1), "+r"(p2), "+r"(p3), "+r"(w));
  }
}

INLINE void NAME(tile_taps_shared)(const NAME(Block) *b, const REAL *x, V acc[][2], const int m, const int kind)
{
  const int   most = b->shared ? 3 : 1;
  const REAL *w    = b->w;
  for (int kz = 0; kz < b->taps[0]; kz++) {
    for (int ky = 0; ky < b->taps[1]; ky++) {
      const REAL *p = x + kz * b->ts[0] + ky * b->ts[1];
      for (int left = b->taps[2], nt; left > 0; left -= nt) {
        nt = left == 4 ? MinInt(2, most) : MinInt(left, most);
        if (nt == 3) NAME(tile_shared)(b, p, w, acc, m, 3, kind);
        else if (nt == 2) NAME(tile_shared)(b, p, w, acc, m, 2, kind);
        else NAME(tile_shared)(b, p, w, acc, m, 1, kind);
        p += nt * b->ts[2], w += nt * b->len * VLEN;
      }
    }
  }
}

/* What the next tile and the next row read arrives while this tile sums; beyond the end of an array it does no harm. */
INLINE void NAME(tile_prefetch)(const NAME(Block) *b, const REAL *x, const REAL *mask, const int m, const int nv)
{
  const REAL *row = x + b->below;
  if (b->xp * (ptrdiff_t)sizeof(REAL) >= 32) {
    UNROLL for (int i = 2; i < m + 2; i++) __builtin_prefetch(row + i * b->xp);
  }
  if (b->ahead) { /* nothing of a row was read before: a second line */
    UNROLL for (int i = 2; i < m + 2; i++) __builtin_prefetch(row + i * b->xp + 64 / sizeof(REAL));
  }
  if (mask) {
    UNROLL for (int i = m; i < 2 * m; i++) UNROLL for (int v = 0; v < nv; v++) __builtin_prefetch(mask + i * b->yp + v * VLEN);
  }
}

INLINE void NAME(tile)(const NAME(Block) *b, const REAL *x, const REAL *from, const REAL *mask, REAL *y, const int m, const int nv,
                       const int kind)
{
  V acc[TILE1][2];
  NAME(tile_start)(b, from, acc, m, nv);
  NAME(tile_prefetch)(b, x, mask, m, nv);
  if (kind != NAME(BROADCAST) || (nv == 1 && b->shared)) NAME(tile_taps_shared)(b, x, acc, m, kind);
  else NAME(tile_taps)(b, x, acc, m, nv);
  if (b->width < nv * VLEN || b->add) {
    REAL sum[TILE1 * VLEN];
    UNROLL for (int i = 0; i < m; i++) UNROLL for (int v = 0; v < nv; v++) NAME(store)(sum + (i * nv + v) * VLEN, acc[i][v]);
    NAME(tile_finish)(b, sum, mask, y, m, nv);
  } else if (kind == NAME(BROADCAST) && b->stream) {
    if (mask) NAME(tile_store)(b, acc, mask, y, m, nv, 1);
    else NAME(tile_store)(b, acc, NULL, y, m, nv, 1);
  } else if (mask) {
    NAME(tile_store)(b, acc, mask, y, m, nv, 0);
  } else {
    NAME(tile_store)(b, acc, NULL, y, m, nv, 0);
  }
}

typedef void (*NAME(Tile))(const NAME(Block) *b, const REAL *x, const REAL *from, const REAL *mask, REAL *y);

#define DEFINE1(m) \
  static void NAME(tile1_##m)(const NAME(Block) *b, const REAL *x, const REAL *from, const REAL *mask, REAL *y) \
  { \
    NAME(tile)(b, x, from, mask, y, m, 1, NAME(BROADCAST)); \
  }
#define DEFINE2(m) \
  static void NAME(tile2_##m)(const NAME(Block) *b, const REAL *x, const REAL *from, const REAL *mask, REAL *y) \
  { \
    NAME(tile)(b, x, from, mask, y, m, 2, NAME(BROADCAST)); \
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

#define DEFINE(m) \
  static void NAME(tile_lanes_##m)(const NAME(Block) *b, const REAL *x, const REAL *from, const REAL *mask, REAL *y) \
  { \
    NAME(tile)(b, x, from, mask, y, m, 1, NAME(LANES)); \
  } \
  static void NAME(tile_partial_##m)(const NAME(Block) *b, const REAL *x, const REAL *from, const REAL *mask, REAL *y) \
  { \
    NAME(tile)(b, x, from, mask, y, m, 1, NAME(PARTIAL)); \
  } \
  static void NAME(tile_permuted_##m)(const NAME(Block) *b, const REAL *x, const REAL *from, const REAL *mask, REAL *y) \
  { \
    NAME(tile)(b, x, from, mask, y, m, 1, NAME(PERMUTED)); \
  }
#define ENTRY(m) {NAME(tile_lanes_##m), NAME(tile_partial_##m), NAME(tile_permuted_##m)},
TILES8(DEFINE)
static const NAME(Tile) NAME(tiles_grouped)[][3] = {TILES8(ENTRY)}; /* [height - 1][kind - 1] */
#undef DEFINE
#undef ENTRY
