/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* Weight gradient over all points: parts, blocks, and the final sum. See gradient_template.h. */

typedef struct {
  const HGConvShape *s;
  const REAL        *x, *dy;
  double            *work;    /* [parts][size] */
  REAL              *units;   /* [parts][size], sums over a few units */
  size_t             size;    /* of a partial gradient, with the bias */
  size_t             bias;    /* offset of the bias gradient in it */
  int                nk;      /* taps */
  int                swapped; /* lanes are input channels */
  int                interleave;     /* small groups that share a vector, else 1; without them s is one group */
  int                vectors; /* vectors of output channels, of groups if interleave > 1 */
  int                cv;      /* vectors of input channels */
  int                blocks;  /* blocks of output channels */
  int                parts;
  int                want_db;
  Cut                cut;
} NAME(Gradient);

static NAME(Gradient) NAME(gradient)(const HGConvShape *s)
{
  NAME(Gradient) g = {.s = s, .nk = s->k[0] * s->k[1] * s->k[2], .cv = CeilDiv(s->cin, VLEN)};
  const double   points = (double)s->batch * s->n[0] * s->n[1] * s->n[2];

  g.interleave     = MaxInt(1, MinInt(s->groups, VLEN / MaxInt(s->cin, s->cout)));
  g.swapped = g.interleave == 1 && s->cout <= 4 && s->cout * g.cv < s->cin;
  g.vectors = g.interleave > 1 ? CeilDiv(s->groups, g.interleave) : CeilDiv(s->cout, VLEN);
  g.blocks  = g.swapped ? 1 : CeilDiv(g.vectors, 2);
  g.bias    = g.swapped ? (size_t)g.nk * s->cout * g.cv * VLEN : (size_t)g.nk * s->cin * g.vectors * VLEN;
  g.size    = g.bias + (size_t)g.vectors * VLEN;
  g.cut     = CutShape(s, UNIT / MaxInt(MinInt(s->n[2], UNIT), 1), UNIT);
  /* Many parts feed many threads, but each costs a pass over all weights: worth it from some thousand points on. */
  g.parts = MaxInt(4, MinInt(32, (int)((8 << 20) / (g.size * sizeof(double)))));
  g.parts = MinInt(g.cut.boxes, points < 2048. * g.parts ? CeilDiv((int)points, 2048) : g.parts);
  return g;
}

static size_t NAME(weights_narrow_work)(const HGConvShape *s)
{
  const NAME(Gradient) g = NAME(gradient)(s);
  return g.parts * g.size * (sizeof(double) + sizeof(REAL));
}

static void NAME(bias_box)(const NAME(Rows) *u, int n, REAL *to)
{
  V sum[4] = {{0}};
  for (int j = 0; j < u->ny; j++) {
    const REAL *dy = u->dy + j * u->yy;
    int         i  = 0;
    for (; n == VLEN && i + 4 <= u->nx; i += 4) {
      UNROLL for (int p = 0; p < 4; p++) sum[p] += NAME(load)(dy + (i + p) * u->yp);
    }
    for (; i + 4 <= u->nx; i += 4) {
      UNROLL for (int p = 0; p < 4; p++) sum[p] += NAME(load_n)(dy + (i + p) * u->yp, n);
    }
    for (; i < u->nx; i++) sum[0] += NAME(load_n)(dy + i * u->yp, n);
  }
  NAME(add)(to, (sum[0] + sum[1]) + (sum[2] + sum[3]));
}

/* One input channel, 3 taps along x: nv vectors of output channels, up to 3 rows of taps at a time */
static void NAME(narrow_box)(const NAME(Gradient) *g, NAME(Rows) u, int nv, REAL *to)
{
  const HGConvShape *s    = g->s;
  const REAL        *x    = u.x;
  const int          last = u.width;

  for (int v = 0; v < nv; v++, u.dy += VLEN) {
    u.width = v < nv - 1 ? VLEN : last;
    for (int kz = 0; kz < s->k[0]; kz++) {
      for (int ky = 0, nr; ky < s->k[1]; ky += nr) {
        nr  = MinInt(3, s->k[1] - ky);
        u.x = x + kz * s->ts[0] + ky * s->ts[1];
        NAME(narrow)(&u, to + (((ptrdiff_t)kz * s->k[1] + ky) * 3 * nv + v) * VLEN, (ptrdiff_t)nv * VLEN, nr);
      }
    }
  }
}

/* All taps and input channels of one block of output channels: rows of the tile run over (kx, channel) if contiguous. */
static void NAME(outer_box)(const NAME(Gradient) *g, NAME(Rows) u, int block, REAL *to)
{
  const HGConvShape *s   = g->s;
  const int          nv  = MinInt(2, g->vectors - 2 * block), co = 2 * block * VLEN;
  const int          run = s->ts[2] == s->cin ? s->k[2] * s->cin : s->cin; /* contiguous rows */
  const int          n   = CeilDiv(run, nv > 1 ? TILE2 : TILE1);
  const REAL        *x   = u.x;

  u.dy += co;
  u.width = MinInt(VLEN, s->cout - co - (nv - 1) * VLEN);
  to += (size_t)co * g->nk * s->cin;
  if (s->cin == 1 && s->k[2] == 3 && s->xs[3] == s->ts[2]) {
    NAME(narrow_box)(g, u, nv, to);
    return;
  }
  for (int r = 0; r < g->nk * s->cin; r += run) {
    const int tap = r / s->cin, kx = tap % s->k[2], ky = tap / s->k[2] % s->k[1], kz = tap / s->k[2] / s->k[1];
    for (int t = 0; t < n; t++) {
      const int r0 = PartStart(run, n, t), m = PartStart(run, n, t + 1) - r0;
      u.x = x + kz * s->ts[0] + ky * s->ts[1] + kx * s->ts[2] + r0;
      const NAME(Outer) outer = nv > 1 ? NAME(outers2)[m - 1] : NAME(outers1)[m - 1];
      outer(&u, to + (size_t)(r + r0) * nv * VLEN);
    }
  }
}

static void NAME(swapped_box)(const NAME(Gradient) *g, NAME(Rows) u, REAL *to)
{
  const HGConvShape *s = g->s;
  const REAL        *x = u.x;
  for (int t = 0, nt; t < g->nk; t += nt) {
    const int kx = t % s->k[2], ky = t / s->k[2] % s->k[1], kz = t / s->k[2] / s->k[1];
    nt           = MinInt(3, s->k[2] - kx);
    for (int v = 0; v < g->cv; v++) {
      REAL *p = to + ((size_t)t * s->cout * g->cv + v) * VLEN;
      u.x       = x + kz * s->ts[0] + ky * s->ts[1] + kx * s->ts[2] + v * VLEN;
      u.width   = MinInt(VLEN, s->cin - v * VLEN);
      if (s->cout == 1) NAME(swapped1)(&u, g->cv, p, nt);
      else if (s->cout == 2) NAME(swapped2)(&u, g->cv, p, nt);
      else if (s->cout == 3) NAME(swapped3)(&u, g->cv, p, nt);
      else NAME(swapped4)(&u, g->cv, p, nt);
    }
  }
}

/* Valid lanes of vector v of output channels, and the first of these channels */
static int NAME(channels)(const NAME(Gradient) *g, int v, int *first)
{
  const HGConvShape *s = g->s;
  *first               = g->interleave > 1 ? v * g->interleave * s->cout : v * VLEN;
  return g->interleave > 1 ? MinInt(g->interleave, s->groups - v * g->interleave) * s->cout : MinInt(VLEN, s->cout - v * VLEN);
}

/* Vector v of small groups, up to 3 x 3 taps at a time */
static void NAME(fan_gradient)(const NAME(Gradient) *g, NAME(Rows) u, int v, REAL *to)
{
  const HGConvShape *s = g->s;
  const ptrdiff_t    step = (ptrdiff_t)s->cin * VLEN, row = s->k[2] * step;
  const REAL        *x = u.x + (ptrdiff_t)v * g->interleave * s->cin;
  int                first;

  u.width = NAME(channels)(g, v, &first);
  u.in    = u.width / s->cout * s->cin;
  u.dy += first;
  to += (size_t)v * g->nk * step;
  for (int ci = 0; ci < s->cin; ci++) {
    for (int i = 0; i < VLEN; i++) u.index[i] = i < u.width ? i / s->cout * s->cin + ci : 0;
    for (int kz = 0; kz < s->k[0]; kz++) {
      for (int ky = 0, nr; ky < s->k[1]; ky += nr) {
        nr = MinInt(3, s->k[1] - ky);
        for (int kx = 0, nt; kx < s->k[2]; kx += nt) {
          nt  = MinInt(3, s->k[2] - kx);
          u.x = x + kz * s->ts[0] + ky * s->ts[1] + kx * s->ts[2];
          NAME(add_taps_of)[s->cin > 1 || s->cout > 1][nr - 1][nt - 1](&u, to + (kz * s->k[1] + ky) * row + kx * step + ci * VLEN, row, step);
        }
      }
    }
  }
}

/* One unit, one block of output channels */
static void NAME(gradient_unit)(const NAME(Gradient) *g, int unit, int block, REAL *to)
{
  const HGConvShape *s = g->s;
  const int          v1 = g->swapped ? g->vectors : MinInt(g->vectors, 2 * block + 2);
  const Box          b = CutBox(&g->cut, s, unit);
  NAME(Rows)         u = {.x = g->x + BoxOffset(&b, b.y0, b.x0, s->xs), .dy = g->dy + BoxOffset(&b, b.y0, b.x0, s->ys),
                          .ny = b.y1 - b.y0, .nx = b.x1 - b.x0, .xy = s->xs[2], .xp = s->xs[3], .yy = s->ys[2], .yp = s->ys[3],
                          .xt = s->ts[2], .xr = s->ts[1]};

  if (g->interleave > 1) {
    for (int v = 2 * block; v < v1; v++) NAME(fan_gradient)(g, u, v, to);
  } else if (g->swapped) {
    NAME(swapped_box)(g, u, to);
  } else {
    NAME(outer_box)(g, u, block, to);
  }
  for (int v = 2 * block; g->want_db && v < v1; v++) {
    NAME(Rows) d = u;
    int        first;
    const int  n = NAME(channels)(g, v, &first);
    d.dy += first;
    NAME(bias_box)(&d, n, to + g->bias + v * VLEN);
  }
}

/* One part of the points, one block of output channels, which is one range of weights and one of biases */
static void NAME(gradient_part)(const NAME(Gradient) *g, int part, int block)
{
  double      *wide = g->work + part * g->size;
  REAL        *to   = g->units + part * g->size;
  const int    v1 = g->swapped ? g->vectors : MinInt(g->vectors, 2 * block + 2), nv = v1 - 2 * block;
  const size_t w0 = (size_t)2 * block * VLEN * g->nk * g->s->cin, wn = g->swapped ? g->bias : (size_t)nv * VLEN * g->nk * g->s->cin;
  const size_t b0 = g->bias + (size_t)2 * block * VLEN, bn = (size_t)nv * VLEN;
  const int    end = PartStart(g->cut.boxes, g->parts, part + 1);

  memset(wide + w0, 0, wn * sizeof(double)), memset(wide + b0, 0, bn * sizeof(double));
  memset(to + w0, 0, wn * sizeof(REAL)), memset(to + b0, 0, bn * sizeof(REAL));
  for (int i = PartStart(g->cut.boxes, g->parts, part), n = 1; i < end; i++, n++) {
    NAME(gradient_unit)(g, i, block, to);
    if (n % UNITS == 0 || i == end - 1) {
      NAME(move_to_double)(wn, to + w0, wide + w0);
      NAME(move_to_double)(bn, to + b0, wide + b0);
    }
  }
}

/* Where the weights of output channel co and tap t lie in a partial gradient, and how far apart those of its input channels */
static size_t NAME(gradient_place)(const NAME(Gradient) *g, int co, int t, size_t *step)
{
  const HGConvShape *s = g->s;
  if (g->interleave > 1) {
    const int v = co / s->cout / g->interleave;
    *step       = VLEN;
    return ((size_t)v * g->nk + t) * s->cin * VLEN + (co - v * g->interleave * s->cout);
  } else if (g->swapped) {
    *step = 1;
    return ((size_t)t * s->cout + co) * g->cv * VLEN;
  } else {
    const int lane = co % (2 * VLEN);
    *step          = (size_t)MinInt(2, g->vectors - co / VLEN / 2 * 2) * VLEN;
    return (size_t)(co - lane) * g->nk * s->cin + lane + t * s->cin * *step;
  }
}

INLINE void NAME(add_sum)(HGDType type, double sum, void *to, ptrdiff_t i)
{
  if (type == HG_F64) ((double *)to)[i] += sum;
  else ((REAL *)to)[i] += (REAL)sum;
}

/* Adds the weights of one output channel, and its bias, from the sum over parts in p. */
static void NAME(gradient_channel)(const NAME(Gradient) *g, const double *p, int co, HGDType type, void *dw, void *db)
{
  const HGConvShape *s = g->s;
  const int          v = g->interleave > 1 ? co / s->cout / g->interleave : 0;
  const size_t       row = (size_t)co * s->cin * g->nk;
  size_t             step;

  for (int t = 0; t < g->nk; t++) {
    const double *from = p + NAME(gradient_place)(g, co, t, &step);
    if (type == HG_F64) {
      for (int ci = 0; ci < s->cin; ci++) ((double *)dw)[row + (size_t)ci * g->nk + t] += from[ci * step];
    } else {
      for (int ci = 0; ci < s->cin; ci++) ((REAL *)dw)[row + (size_t)ci * g->nk + t] += (REAL)from[ci * step];
    }
  }
  if (db) NAME(add_sum)(type, p[g->bias + (g->interleave > 1 ? v * VLEN + co - v * g->interleave * s->cout : co)], db, co);
}

/* One group, or all of them if they are small */
static void NAME(weights_group)(const HGConvShape *s, const REAL *x, const REAL *dy, void *work, HGDType type, void *dw, void *db)
{
  NAME(Gradient) g = NAME(gradient)(s);
  const int      chunks = CeilDiv((int)g.size, 512);

  g.x = x, g.dy = dy, g.work = work, g.units = (REAL *)(g.work + g.parts * g.size), g.want_db = db != NULL;
  if (!g.parts) return;
#pragma omp parallel if (g.parts * g.blocks > 1)
  {
#pragma omp for schedule(static)
    for (int i = 0; i < g.parts * g.blocks; i++) NAME(gradient_part)(&g, i / g.blocks, i % g.blocks);
#pragma omp for schedule(static)
    for (int c = 0; c < chunks; c++) {
      const size_t i0 = (size_t)c * 512, i1 = i0 + 512 < g.size ? i0 + 512 : g.size;
      for (int p = 1; p < g.parts; p++) NAME(add_doubles)(i1 - i0, g.work + p * g.size + i0, g.work + i0);
    }
#pragma omp for schedule(static)
    for (int co = 0; co < (g.interleave > 1 ? s->groups : 1) * s->cout; co++) NAME(gradient_channel)(&g, g.work, co, type, dw, db);
  }
}
