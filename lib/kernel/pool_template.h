/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* Pooling: forward by output points. The adjoint writes dx by windows where these lie side by side, each point once; elsewhere it
   writes slabs of rows of dx, to which it adds the windows in the order of outputs. */

/* The taps of a window that count: n[a] of them from p on, ts apart */
typedef struct {
  const REAL *p;
  ptrdiff_t   ts[3];
  int         n[3];
} NAME(Window);

INLINE V NAME(window_max)(const NAME(Window) *o, int nz, int ny, int nx, int c, int w)
{
  V m = NAME(set)(-INFINITY);
  for (int z = 0; z < nz; z++) {
    for (int y = 0; y < ny; y++) {
      const REAL *p = o->p + z * o->ts[0] + y * o->ts[1] + c;
      for (int x = 0; x < nx; x++) {
        const V v = NAME(get)(p + x * o->ts[2], w);
        m = NAME(select)((v > m) | (v != v), v, m);
      }
    }
  }
  return m;
}

INLINE V NAME(window_sum)(const NAME(Window) *o, int nz, int ny, int nx, int c, int w)
{
  V sum = NAME(set)(0);
  for (int z = 0; z < nz; z++) {
    for (int y = 0; y < ny; y++) {
      const REAL *p = o->p + z * o->ts[0] + y * o->ts[1] + c;
      for (int x = 0; x < nx; x++) sum += NAME(get)(p + x * o->ts[2], w);
    }
  }
  return sum;
}

/* Which tap of those that count is the first maximum */
INLINE MASK NAME(window_argmax)(const NAME(Window) *o, int nz, int ny, int nx, int c, int w)
{
  V    m = NAME(set)(-INFINITY);
  MASK best = {0}, tap = {0};
  for (int z = 0; z < nz; z++) {
    for (int y = 0; y < ny; y++) {
      const REAL *p = o->p + z * o->ts[0] + y * o->ts[1] + c;
      for (int x = 0; x < nx; x++, tap += 1) {
        const V    v = NAME(get)(p + x * o->ts[2], w);
        const MASK take = (v > m) | (v != v);
        m    = NAME(select)(take, v, m);
        best = (take & tap) | (~take & best);
      }
    }
  }
  return best;
}

/* The plane (2 x 2) and the block (2 x 2 x 2) are unrolled */
#define WINDOW(f, o, c, w)                                                                              \
  ((o)->n[1] == 2 && (o)->n[2] == 2 && (o)->n[0] == 1 ? NAME(f)(o, 1, 2, 2, c, w) :                       \
   (o)->n[1] == 2 && (o)->n[2] == 2 && (o)->n[0] == 2 ? NAME(f)(o, 2, 2, 2, c, w) :                       \
                                                       NAME(f)(o, (o)->n[0], (o)->n[1], (o)->n[2], c, w))

/* The window of an output; t: its taps along each axis */
INLINE NAME(Window) NAME(window)(const HGPoolShape *s, const Taps t[3], const REAL *sample)
{
  NAME(Window) o  = {.p = sample};
  ptrdiff_t    at = 0;
  for (int a = 0; a < 3; a++) {
    o.ts[a] = s->dilation[a] * s->xs[1 + a];
    o.n[a]  = t[a].t1 - t[a].t0;
    at += t[a].at * s->xs[1 + a] + t[a].t0 * o.ts[a];
  }
  if (sample) o.p = sample + at;
  return o;
}

INLINE REAL NAME(average_factor)(const HGPoolShape *s, const Taps t[3])
{
  int taps = 1;
  for (int a = 0; a < 3; a++) taps *= s->include_padding ? s->k[a] : t[a].t1 - t[a].t0;
  return (REAL)1 / (REAL)MaxInt(taps, 1);
}

INLINE void NAME(pool)(const HGPoolShape *s, const REAL *x, REAL *y, int average)
{
  const Pieces cut = CutRows(s->batch, s->n, s->channels, sizeof(REAL));

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece b  = GetPiece(&cut, s->n, i);
    REAL       *to = y + PieceOffset(&b, s->ys);
    Taps        t[3];
    t[0] = TapsOf(s, 0, b.z, s->lo[0], s->hi[0]);
    t[1] = TapsOf(s, 1, b.y, s->lo[1], s->hi[1]);
    for (int j = b.x0; j < b.x1; j++, to += s->ys[3]) {
      t[2] = TapsOf(s, 2, j, s->lo[2], s->hi[2]);
      const NAME(Window) o = NAME(window)(s, t, x + b.n * s->xs[0]);
      const REAL         f = average ? NAME(average_factor)(s, t) : 1;
      FOR_VECTORS(c, w, s->channels) NAME(put)(to + c, average ? WINDOW(window_sum, &o, c, w) * f : WINDOW(window_max, &o, c, w), w);
    }
  }
}

static void NAME(max_pool)(const HGPoolShape *s, const void *x, void *y)
{
  NAME(pool)(s, x, y, 0);
}

static void NAME(average_pool)(const HGPoolShape *s, const void *x, void *y)
{
  NAME(pool)(s, x, y, 1);
}

/* Planes and rows of dx that one thread writes */
typedef struct {
  int n, lo[3], hi[3];
} NAME(Slab);

/* Of all outputs whose windows may have taps in a slab */
INLINE void NAME(slab_outputs)(const HGPoolShape *s, const NAME(Slab) *b, int a, int *o0, int *o1)
{
  *o0 = MaxInt(0, -FloorDiv(s->first[a] + (s->k[a] - 1) * s->dilation[a] - b->lo[a], s->stride[a]));
  *o1 = MinInt(s->n[a], FloorDiv(b->hi[a] - 1 - s->first[a], s->stride[a]) + 1);
}

/* Adds a window's share, r at all taps or at tap best, to those in the slab; u: these taps. */
INLINE void NAME(scatter)(const HGPoolShape *s, const HGFieldStore *store, const Taps t[3], const Taps u[3], REAL *dx, ptrdiff_t sample,
                          V r, const MASK *best, int c, int w)
{
  const HGFieldStore add = {store->mask, store->threshold, 1};
  for (int z = u[0].t0; z < u[0].t1; z++) {
    for (int y = u[1].t0; y < u[1].t1; y++) {
      for (int x = u[2].t0; x < u[2].t1; x++) {
        const ptrdiff_t at = sample + (t[0].at + z * s->dilation[0]) * s->xs[1] + (t[1].at + y * s->dilation[1]) * s->xs[2] +
                             (t[2].at + x * s->dilation[2]) * s->xs[3] + c;
        const INT tap = ((z - t[0].t0) * (t[1].t1 - t[1].t0) + y - t[1].t0) * (t[2].t1 - t[2].t0) + x - t[2].t0;
        NAME(store_result)(&add, best ? (V)((*best == tap) & (MASK)r) : r, dx, at, c, w);
      }
    }
  }
}

/* x is NULL for an average */
INLINE void NAME(pool_slab)(const HGPoolShape *s, const NAME(Slab) *b, const REAL *x, const REAL *dy, const HGFieldStore *store, REAL *dx)
{
  const ptrdiff_t sample = b->n * s->xs[0];
  int             o0[3], o1[3];
  Taps            t[3], u[3];

  for (int a = 0; a < 3; a++) NAME(slab_outputs)(s, b, a, &o0[a], &o1[a]);
  for (int z = o0[0]; z < o1[0]; z++) {
    t[0] = TapsOf(s, 0, z, s->lo[0], s->hi[0]), u[0] = TapsOf(s, 0, z, b->lo[0], b->hi[0]);
    for (int y = o0[1]; y < o1[1]; y++) {
      t[1] = TapsOf(s, 1, y, s->lo[1], s->hi[1]), u[1] = TapsOf(s, 1, y, b->lo[1], b->hi[1]);
      const REAL *from = dy + b->n * s->ys[0] + z * s->ys[1] + y * s->ys[2];
      for (int j = o0[2]; j < o1[2]; j++) {
        t[2] = TapsOf(s, 2, j, s->lo[2], s->hi[2]), u[2] = TapsOf(s, 2, j, b->lo[2], b->hi[2]);
        const NAME(Window) o = NAME(window)(s, t, x ? x + sample : NULL);
        const REAL         f = x ? 1 : NAME(average_factor)(s, t);
        FOR_VECTORS(c, w, s->channels) {
          const V r = NAME(get)(from + j * s->ys[3] + c, w);
          if (x) {
            const MASK best = WINDOW(window_argmax, &o, c, w);
            NAME(scatter)(s, store, t, u, dx, sample, r, &best, c, w);
          } else NAME(scatter)(s, store, t, u, dx, sample, r * f, NULL, c, w);
        }
      }
    }
  }
}

static void NAME(zero_slab)(const HGPoolShape *s, const NAME(Slab) *b, REAL *dx)
{
  const int touching = s->xs[3] == s->channels, nx = b->hi[2] - b->lo[2];
  for (int z = b->lo[0]; z < b->hi[0]; z++) {
    for (int y = b->lo[1]; y < b->hi[1]; y++) {
      REAL *p = dx + b->n * s->xs[0] + z * s->xs[1] + y * s->xs[2] + b->lo[2] * s->xs[3];
      for (int x = 0; x < (touching ? 1 : nx); x++, p += s->xs[3]) memset(p, 0, (size_t)(s->channels * (touching ? nx : 1)) * sizeof(REAL));
    }
  }
}

INLINE void NAME(pool_adjoint)(const HGPoolShape *s, const REAL *x, const REAL *dy, const HGFieldStore *store, REAL *dx)
{
  const int    nz = s->to[0] - s->from[0], ny = s->to[1] - s->from[1], nx = s->to[2] - s->from[2];
  const int    planes = MinInt(nz, 4 * s->stride[0]); /* of a slab, and rows: several windows */
  const double row    = (double)nx * s->channels * (double)sizeof(REAL);
  const int    rows   = MinInt(ny, MaxInt(4 * s->stride[1], row > 0 ? (int)(SLAB_BYTES / row / MaxInt(planes, 1)) : 0));
  const int    zs = nz > 0 && nx > 0 ? CeilDiv(nz, planes) : 0, ys = ny > 0 ? CeilDiv(ny, rows) : 0;

#pragma omp parallel for schedule(static) if (row * ny * nz * s->batch >= THREADED_BYTES)
  for (int i = 0; i < s->batch * zs * ys; i++) {
    const int  z = i / ys % zs, y = i % ys;
    NAME(Slab) b = {.n = i / ys / zs, .lo = {s->from[0] + z * planes, s->from[1] + y * rows, s->from[2]}};
    b.hi[0] = MinInt(b.lo[0] + planes, s->to[0]), b.hi[1] = MinInt(b.lo[1] + rows, s->to[1]), b.hi[2] = s->to[2];
    if (!store->add) NAME(zero_slab)(s, &b, dx);
    for (int a = 0; a < 3; a++) b.lo[a] = MaxInt(b.lo[a], s->lo[a]), b.hi[a] = MinInt(b.hi[a], s->hi[a]);
    NAME(pool_slab)(s, &b, x, dy, store, dx);
  }
}

/* The window of an output alone covers its points: dx is written, not added to */
INLINE void NAME(tile)(const HGFieldStore *store, const NAME(Window) *o, REAL *dx, ptrdiff_t at, V r, const MASK *best, int nz, int ny,
                       int nx, int c, int w)
{
  INT tap = 0;
  for (int z = 0; z < nz; z++) {
    for (int y = 0; y < ny; y++) {
      for (int x = 0; x < nx; x++, tap++) {
        const ptrdiff_t to = at + z * o->ts[0] + y * o->ts[1] + x * o->ts[2] + c;
        NAME(store_result)(store, best ? (V)((*best == tap) & (MASK)r) : r, dx, to, c, w);
      }
    }
  }
}

/* Whether full windows side by side cover the points of dx, each once */
INLINE int NAME(are_tiles)(const HGPoolShape *s)
{
  for (int a = 0; a < 3; a++) {
    if (s->k[a] != s->stride[a] || (s->k[a] > 1 && s->dilation[a] > 1)) return 0;
    if (s->first[a] != s->from[a] || s->first[a] + s->n[a] * s->k[a] != s->to[a] || s->from[a] < s->lo[a] || s->to[a] > s->hi[a]) return 0;
  }
  return 1;
}

INLINE void NAME(pool_tiles)(const HGPoolShape *s, const REAL *x, const REAL *dy, const HGFieldStore *store, REAL *dx)
{
  const Pieces cut = CutRows(s->batch, s->n, s->channels * s->k[0] * s->k[1] * s->k[2], sizeof(REAL));
  const REAL   f   = (REAL)1 / (REAL)(s->k[0] * s->k[1] * s->k[2]);

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece  b    = GetPiece(&cut, s->n, i);
    const REAL  *from = dy + PieceOffset(&b, s->ys);
    NAME(Window) o    = {.n = {s->k[0], s->k[1], s->k[2]}, .ts = {s->xs[1], s->xs[2], s->xs[3]}};
    for (int j = b.x0; j < b.x1; j++, from += s->ys[3]) {
      const ptrdiff_t at = b.n * s->xs[0] + (s->first[0] + b.z * s->k[0]) * s->xs[1] + (s->first[1] + b.y * s->k[1]) * s->xs[2] +
                           (s->first[2] + j * s->k[2]) * s->xs[3];
      o.p = x ? x + at : NULL;
      FOR_VECTORS(c, w, s->channels) {
        const V    r    = NAME(get)(from + c, w) * (x ? 1 : f);
        const MASK best = x ? WINDOW(window_argmax, &o, c, w) : (MASK){0};
        if (o.n[0] == 1 && o.n[1] == 2 && o.n[2] == 2) NAME(tile)(store, &o, dx, at, r, x ? &best : NULL, 1, 2, 2, c, w);
        else NAME(tile)(store, &o, dx, at, r, x ? &best : NULL, o.n[0], o.n[1], o.n[2], c, w);
      }
    }
  }
}

static void NAME(max_pool_adjoint)(const HGPoolShape *s, const void *x, const void *dy, const HGFieldStore *store, void *dx)
{
  if (NAME(are_tiles)(s)) NAME(pool_tiles)(s, x, dy, store, dx);
  else NAME(pool_adjoint)(s, x, dy, store, dx);
}

static void NAME(average_pool_adjoint)(const HGPoolShape *s, const void *dy, const HGFieldStore *store, void *dx)
{
  if (NAME(are_tiles)(s)) NAME(pool_tiles)(s, NULL, dy, store, dx);
  else NAME(pool_adjoint)(s, NULL, dy, store, dx);
}
#undef WINDOW
