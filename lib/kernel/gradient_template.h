/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/*
  Weight and bias gradients. The points are cut into units of a few hundred pixels; sums over a unit run in registers, sums
  over a few units in REAL, beyond that in double. Units belong to a fixed number of parts, each with its own partial
  gradient, which are added in order at the end: neither precision nor bits depend on threads.

  A partial gradient is [block of C_out][tap][C_in][1 or 2 vectors of C_out], or, if lanes are input channels,
  [tap][C_out][vectors of C_in], or, for small groups, [vector of groups][tap][C_in][lanes], and is followed by the bias
  gradient in vectors of output channels.
*/

enum { NAME(CHAINS) = 8 }; /* independent multiply-adds that hide the latency */

/* Rows of pixels of x and of dy that one tile sums over */
typedef struct {
  const REAL *x, *dy;
  int         ny, nx;
  ptrdiff_t   xy, xp, yy, yp; /* row and pixel strides */
  ptrdiff_t   xt, xr;         /* from one tap along x, y to the next */
  int         width;          /* valid lanes of the last vector */
  int         fresh;          /* sums are stored instead of added */
  int         in;             /* input channels of small groups in a vector */
  INT         index[VLEN];    /* the one each lane takes */
} NAME(Rows);

/* Adds sums to those in double and clears them; n is a multiple of VLEN. */
static void NAME(move_to_double)(size_t n, REAL *from, double *to)
{
  typedef REAL   Half __attribute__((vector_size(BYTES / 2), aligned(sizeof(REAL)), may_alias));
  typedef double Wide __attribute__((vector_size(BYTES / 2 / sizeof(REAL) * sizeof(double)), aligned(sizeof(double)), may_alias));
  for (size_t i = 0; i < n; i += VLEN / 2) {
    *(Wide *)(to + i) += __builtin_convertvector(*(const Half *)(from + i), Wide);
    *(Half *)(from + i) = (Half){0};
  }
}

NOINLINE void NAME(add_doubles)(size_t n, const double *from, double *to) /* n a multiple of VLEN */
{
  typedef double Wide __attribute__((vector_size(BYTES), aligned(sizeof(double)), may_alias));
  for (size_t i = 0; i < n; i += BYTES / sizeof(double)) *(Wide *)(to + i) += *(const Wide *)(from + i);
}

INLINE void NAME(add)(REAL *to, V v)
{
  NAME(store)(to, NAME(load)(to) + v);
}

INLINE void NAME(put)(REAL *to, V v, int fresh)
{
  NAME(store)(to, fresh ? v : NAME(load)(to) + v);
}

/* acc[r][v] += x[r] dy[v], pixel p of a row; full: the last vector is whole */
INLINE void NAME(outer_step)(const NAME(Rows) *u, const REAL *x, const REAL *dy, V acc[][2], const int m, const int nv, const int full)
{
  const V d1 = full ? NAME(load)(dy + (nv - 1) * VLEN) : NAME(load_n)(dy + (nv - 1) * VLEN, u->width);
  const V d0 = nv > 1 ? NAME(load)(dy) : d1;
  __builtin_prefetch(dy + AHEAD * u->yp); /* a unit is larger than L1 cache */
  if (nv > 1) __builtin_prefetch(dy + AHEAD * u->yp + VLEN);
  __builtin_prefetch(x + AHEAD * u->xp);
  UNROLL for (int r = 0; r < m; r++) {
    acc[r][0] += x[r] * d0;
    if (nv > 1) acc[r][1] += x[r] * d1;
  }
}

INLINE void NAME(outer_rows)(const NAME(Rows) *u, V acc[][2], const int m, const int nv, const int phases, const int full)
{
  for (int j = 0; j < u->ny; j++) {
    const REAL *x = u->x + j * u->xy, *dy = u->dy + j * u->yy;
    int         n = u->nx;
    for (; n >= phases; n -= phases) {
      UNROLL for (int p = 0; p < phases; p++) {
        NAME(outer_step)(u, x, dy, acc + p * m, m, nv, full);
        x += u->xp, dy += u->yp;
      }
    }
    for (; phases > 1 && n > 0; n--, x += u->xp, dy += u->yp) NAME(outer_step)(u, x, dy, acc, m, nv, full);
  }
}

/* Tile of m consecutive (tap, input channel) and nv vectors of output channels; to: [m][nv*VLEN] */
INLINE void NAME(outer)(const NAME(Rows) *u, REAL *to, const int m, const int nv)
{
  enum { MAX = TILE1 + NAME(CHAINS) };
  const int phases = m * nv >= NAME(CHAINS) ? 1 : m * nv * 2 >= NAME(CHAINS) ? 2 : m * nv * 4 >= NAME(CHAINS) ? 4 : NAME(CHAINS);
  V         acc[MAX][2];

  UNROLL for (int i = 0; i < m * phases; i++) acc[i][0] = acc[i][1] = (V){0};
  if (u->width == VLEN) NAME(outer_rows)(u, acc, m, nv, phases, 1);
  else NAME(outer_rows)(u, acc, m, nv, phases, 0);
  UNROLL for (int p = 1; p < phases; p++) {
    UNROLL for (int i = 0; i < m; i++) UNROLL for (int v = 0; v < nv; v++) acc[i][v] += acc[p * m + i][v];
  }
  UNROLL for (int i = 0; i < m; i++) UNROLL for (int v = 0; v < nv; v++) NAME(put)(to + (i * nv + v) * VLEN, acc[i][v], u->fresh);
}

typedef void (*NAME(Outer))(const NAME(Rows) *u, REAL *to);

#define DEFINE1(m) \
  static void NAME(outer1_##m)(const NAME(Rows) *u, REAL *to) \
  { \
    NAME(outer)(u, to, m, 1); \
  }
#define DEFINE2(m) \
  static void NAME(outer2_##m)(const NAME(Rows) *u, REAL *to) \
  { \
    NAME(outer)(u, to, m, 2); \
  }
#define ENTRY1(m) NAME(outer1_##m),
#define ENTRY2(m) NAME(outer2_##m),
TILES1(DEFINE1)
TILES2(DEFINE2)
static const NAME(Outer) NAME(outers1)[] = {TILES1(ENTRY1)}; /* [height - 1] */
static const NAME(Outer) NAME(outers2)[] = {TILES2(ENTRY2)};
#undef DEFINE1
#undef DEFINE2
#undef ENTRY1
#undef ENTRY2

/* One input channel whose neighbouring pixels share taps: 3 taps along x of nr rows. np pixels at once read each x once. */
INLINE void NAME(narrow_step)(const NAME(Rows) *u, const REAL *x, const REAL *dy, V acc[3][3], const int nr, const int np, const int full)
{
  V d[4];
  UNROLL for (int p = 0; p < np; p++) {
    d[p] = full ? NAME(load)(dy + p * u->yp) : NAME(load_n)(dy + p * u->yp, u->width);
    __builtin_prefetch(dy + (AHEAD + p) * u->yp);
  }
  UNROLL for (int r = 0; r < nr; r++) {
    UNROLL for (int i = 0; i < np + 2; i++) {
      const V xi = x[r * u->xr + i * u->xp] - (V){0};
      UNROLL for (int t = 0; t < 3; t++) {
        if (i >= t && i - t < np) acc[r][t] += xi * d[i - t];
      }
    }
  }
}

/* to: [nr][3] vectors, step apart */
INLINE void NAME(narrow_rows)(const NAME(Rows) *u, REAL *to, ptrdiff_t step, const int nr, const int full)
{
  V acc[3][3] = {{{0}}};
  for (int j = 0; j < u->ny; j++) {
    const REAL *x = u->x + j * u->xy, *dy = u->dy + j * u->yy;
    int         n = u->nx;
    for (; n >= 4; n -= 4, x += 4 * u->xp, dy += 4 * u->yp) NAME(narrow_step)(u, x, dy, acc, nr, 4, full);
    for (; n > 0; n--, x += u->xp, dy += u->yp) NAME(narrow_step)(u, x, dy, acc, nr, 1, full);
  }
  UNROLL for (int r = 0; r < nr; r++) UNROLL for (int t = 0; t < 3; t++) NAME(add)(to + (r * 3 + t) * step, acc[r][t]);
}

NOINLINE void NAME(narrow)(const NAME(Rows) *u, REAL *to, ptrdiff_t step, int nr)
{
  const int full = u->width == VLEN;
  if (nr == 3 && full) NAME(narrow_rows)(u, to, step, 3, 1);
  else if (nr == 3) NAME(narrow_rows)(u, to, step, 3, 0);
  else if (nr == 2) NAME(narrow_rows)(u, to, step, 2, 0);
  else NAME(narrow_rows)(u, to, step, 1, 0);
}

/* acc[t][c] += x[tap t] dy[c], lanes are input channels */
INLINE void NAME(swapped_step)(const NAME(Rows) *u, const REAL *x, const REAL *dy, V *acc, const int nt, const int nc, const int full)
{
  UNROLL for (int t = 0; t < nt; t++) {
    const V xt = full ? NAME(load)(x + t * u->xt) : NAME(load_n)(x + t * u->xt, u->width);
    UNROLL for (int c = 0; c < nc; c++) acc[t * nc + c] += dy[c] * xt;
  }
}

INLINE void NAME(swapped_rows)(const NAME(Rows) *u, V *acc, const int nt, const int nc, const int full)
{
  const int phases = nt * nc >= NAME(CHAINS) ? 1 : nt * nc * 2 >= NAME(CHAINS) ? 2 : nt * nc * 4 >= NAME(CHAINS) ? 4 : NAME(CHAINS);
  for (int j = 0; j < u->ny; j++) {
    const REAL *x = u->x + j * u->xy, *dy = u->dy + j * u->yy;
    int         n = u->nx;
    for (; n >= phases; n -= phases) {
      UNROLL for (int p = 0; p < phases; p++) {
        NAME(swapped_step)(u, x, dy, acc + p * nt * nc, nt, nc, full);
        x += u->xp, dy += u->yp;
      }
    }
    for (; phases > 1 && n > 0; n--, x += u->xp, dy += u->yp) NAME(swapped_step)(u, x, dy, acc, nt, nc, full);
  }
  UNROLL for (int i = nt * nc; i < phases * nt * nc; i++) acc[i % (nt * nc)] += acc[i];
}

/* nt taps along x, one vector of input channels; to: [nt][nc][lanes], rows cv vectors apart */
INLINE void NAME(swapped)(const NAME(Rows) *u, int cv, REAL *to, const int nt, const int nc)
{
  V acc[32];

  UNROLL for (int i = 0; i < 32; i++) acc[i] = (V){0};
  if (u->width == VLEN) NAME(swapped_rows)(u, acc, nt, nc, 1);
  else NAME(swapped_rows)(u, acc, nt, nc, 0);
  UNROLL for (int i = 0; i < nt * nc; i++) NAME(add)(to + (ptrdiff_t)i * cv * VLEN, acc[i]);
}

NOINLINE void NAME(swapped1)(const NAME(Rows) *u, int cv, REAL *to, int nt)
{
  if (nt == 1) NAME(swapped)(u, cv, to, 1, 1);
  else if (nt == 2) NAME(swapped)(u, cv, to, 2, 1);
  else NAME(swapped)(u, cv, to, 3, 1);
}

NOINLINE void NAME(swapped2)(const NAME(Rows) *u, int cv, REAL *to, int nt)
{
  if (nt == 1) NAME(swapped)(u, cv, to, 1, 2);
  else if (nt == 2) NAME(swapped)(u, cv, to, 2, 2);
  else NAME(swapped)(u, cv, to, 3, 2);
}

NOINLINE void NAME(swapped3)(const NAME(Rows) *u, int cv, REAL *to, int nt)
{
  if (nt == 1) NAME(swapped)(u, cv, to, 1, 3);
  else if (nt == 2) NAME(swapped)(u, cv, to, 2, 3);
  else NAME(swapped)(u, cv, to, 3, 3);
}

NOINLINE void NAME(swapped4)(const NAME(Rows) *u, int cv, REAL *to, int nt)
{
  if (nt == 1) NAME(swapped)(u, cv, to, 1, 4);
  else if (nt == 2) NAME(swapped)(u, cv, to, 2, 4);
  else NAME(swapped)(u, cv, to, 3, 4);
}

/* acc[r][t] += x[tap row r, tap t] dy, lanes are output channels of small groups; permuted: from other input channels */
INLINE void NAME(fan_step)(const NAME(Rows) *u, const REAL *x, const REAL *dy, V *acc, const int nr, const int nt, const int full,
                           const int permuted)
{
  const V          d     = full ? NAME(load)(dy) : NAME(load_n)(dy, u->width);
  const NAME(Mask) index = *(const NAME(UnalignedMask) *)u->index;
  UNROLL for (int r = 0; r < nr; r++) {
    UNROLL for (int t = 0; t < nt; t++) {
      const REAL *p = x + r * u->xr + t * u->xt;
      V           v = full && !permuted ? NAME(load)(p) : NAME(load_n)(p, u->in);
      if (permuted) v = NAME(permute)(v, index);
      acc[r * nt + t] += v * d;
    }
  }
}

/* nr x nt taps of one input channel of each group; to: rows of taps row apart, taps step apart */
INLINE void NAME(add_taps)(const NAME(Rows) *u, REAL *to, ptrdiff_t row, ptrdiff_t step, const int nr, const int nt, const int full, const int permuted)
{
  enum { MOST = 9 + NAME(CHAINS) };
  const int n = nr * nt, phases = n >= NAME(CHAINS) ? 1 : n * 2 >= NAME(CHAINS) ? 2 : n * 4 >= NAME(CHAINS) ? 4 : NAME(CHAINS);
  V         acc[MOST];

  UNROLL for (int i = 0; i < n * phases; i++) acc[i] = (V){0};
  for (int j = 0; j < u->ny; j++) {
    const REAL *x = u->x + j * u->xy, *dy = u->dy + j * u->yy;
    int         i = u->nx;
    for (; i >= phases; i -= phases) {
      UNROLL for (int p = 0; p < phases; p++) {
        NAME(fan_step)(u, x, dy, acc + p * n, nr, nt, full, permuted);
        x += u->xp, dy += u->yp;
      }
    }
    for (; phases > 1 && i > 0; i--, x += u->xp, dy += u->yp) NAME(fan_step)(u, x, dy, acc, nr, nt, full, permuted);
  }
  UNROLL for (int i = n; i < phases * n; i++) acc[i % n] += acc[i];
  UNROLL for (int r = 0; r < nr; r++) UNROLL for (int t = 0; t < nt; t++) NAME(add)(to + r * row + t * step, acc[r * nt + t]);
}

typedef void (*NAME(AddTaps))(const NAME(Rows) *u, REAL *to, ptrdiff_t row, ptrdiff_t step);

#define DEFINE(nr, nt) \
  static void NAME(fan_lanes_##nr##nt)(const NAME(Rows) *u, REAL *to, ptrdiff_t row, ptrdiff_t step) \
  { \
    if (u->width == VLEN) NAME(add_taps)(u, to, row, step, nr, nt, 1, 0); \
    else NAME(add_taps)(u, to, row, step, nr, nt, 0, 0); \
  } \
  static void NAME(fan_permuted_##nr##nt)(const NAME(Rows) *u, REAL *to, ptrdiff_t row, ptrdiff_t step) \
  { \
    NAME(add_taps)(u, to, row, step, nr, nt, 0, 1); \
  }
#define ENTRIES(kind) \
  {{NAME(fan_##kind##_11), NAME(fan_##kind##_12), NAME(fan_##kind##_13)}, \
   {NAME(fan_##kind##_21), NAME(fan_##kind##_22), NAME(fan_##kind##_23)}, \
   {NAME(fan_##kind##_31), NAME(fan_##kind##_32), NAME(fan_##kind##_33)}}
DEFINE(1, 1) DEFINE(1, 2) DEFINE(1, 3)
DEFINE(2, 1) DEFINE(2, 2) DEFINE(2, 3)
DEFINE(3, 1) DEFINE(3, 2) DEFINE(3, 3)
static const NAME(AddTaps) NAME(add_taps_of)[2][3][3] = {ENTRIES(lanes), ENTRIES(permuted)}; /* [permuted][tap rows - 1][taps - 1] */
#undef DEFINE
#undef ENTRIES
