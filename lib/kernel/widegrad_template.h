/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/*
  Weight gradient of many weights: a block of input and of output channels is summed over all points in cache and then added
  to the result at once, so that scratch does not grow with the weights. The points come in chunks, copied so that they lie
  close together; sums over a few chunks are in REAL, beyond that in double. With 3 x 3 neighbouring taps dW = G' (sum over tiles of
  (B' d B) (A dy A')) G as in winograd_template.h; else the matrices of this product are the taps.

  A block has few partners if channels are not that many: then the points are cut into a fixed number of parts, which are added
  in order, and bits do not depend on threads.
*/

enum {
  NAME(GRAD_BLOCK)  = 256 * 1024,          /* bytes of the sums of a block without Winograd's filtering */
  NAME(GRAD_MOST)   = 1024 / sizeof(REAL), /* its input channels */
  NAME(GRAD_TILED)  = 256 / sizeof(REAL),  /* input channels, and output channels (or twice as many), with it */
  NAME(GRAD_PLACES) = 128,                 /* pixels of a chunk without it, at least as many as tiles with it */
  NAME(GRAD_UNIT)   = 384,                 /* pixels from which on sums in REAL are moved to double */
  NAME(GRAD_TILES)  = 216,                 /* the same with tiles */
  NAME(GRAD_BLOCKS) = 16                   /* blocks or parts of them, to feed as many threads */
};

typedef struct {
  HGConvShape        s;
  const REAL        *x, *dy;
  HGConvShape        tiles;    /* boxes are of its points */
  Cut                cut;
  int                most;     /* boxes of a chunk */
  int                tiled;    /* with Winograd's filtering */
  int                nk, taps; /* taps of all, and of a block: those of one z if tiled */
  int                matrices; /* of a block */
  int                cin, cout, ciblocks, coblocks; /* channels of a block; blocks */
  int                blocks, parts;
  int                chunks;
  size_t             size;     /* elements of a block's gradient, with the bias */
  double            *partial;  /* [block][part][size] */
  HGDType            type;
  void              *dw, *db;
} NAME(WideGradient);

/* Scratch of a thread, in elements */
typedef struct {
  size_t v, d, sums, total;
} NAME(GradientSizes);

/* Elements of a row of V, whole vectors */
static ptrdiff_t NAME(gradient_row)(const NAME(WideGradient) *g)
{
  return CeilDiv(g->cin, VLEN) * VLEN;
}

static NAME(GradientSizes) NAME(gradient_sizes)(const NAME(WideGradient) *g)
{
  const size_t           places = g->tiled ? 16 * (NAME(WINO_TILES) + 1) : NAME(GRAD_PLACES), own = g->size * (sizeof(double) / sizeof(REAL));
  NAME(GradientSizes)    n = {.v = places * NAME(gradient_row)(g), .d = places * 2 * VLEN, .sums = (size_t)g->matrices * g->cin * g->cout};
  n.total = n.v + n.d + n.sums + (g->tiled ? g->size : 0) + own;
  n.total = (n.total + 63) / 64 * 64;
  return n;
}

static int NAME(is_wide_gradient)(const HGConvShape *s)
{
  const int nk = s->k[0] * s->k[1] * s->k[2];
  return s->cout >= WIDE && s->cin >= WIDE && (double)s->cin * s->cout * nk >= WIDE_WEIGHTS;
}

static int NAME(is_tiled_gradient)(const HGConvShape *s)
{
  return s->k[1] == 3 && s->k[2] == 3;
}

static NAME(WideGradient) NAME(wide_gradient)(const HGConvShape *s, int tiled)
{
  NAME(WideGradient) g = {.s = *s, .tiles = *s, .tiled = tiled, .nk = s->k[0] * s->k[1] * s->k[2]};
  const double       points = (double)s->batch * s->n[0] * s->n[1] * s->n[2];

  g.s.at[0] = g.s.at[1] = 0; /* tiles may start anywhere */
  g.taps     = tiled ? 9 : g.nk;
  g.matrices = tiled ? 16 : g.nk;
  g.cout     = tiled ? NAME(GRAD_TILED) : g.nk == 1 && points >= 32 ? 8 * VLEN : 2 * VLEN; /* more of them share a copy of x */
  g.cin      = tiled ? NAME(GRAD_TILED) : MinInt(NAME(GRAD_MOST), NAME(GRAD_BLOCK) / (2 * BYTES) / g.nk);
  g.cin      = MaxInt(1, g.cin > VLEN ? g.cin / VLEN * VLEN : g.cin);
  g.ciblocks = CeilDiv(s->cin, g.cin);
  if (tiled && g.ciblocks * CeilDiv(s->cout, 2 * g.cout) >= NAME(GRAD_BLOCKS)) g.cout *= 2;
  g.coblocks = CeilDiv(s->cout, g.cout);
  g.blocks   = g.ciblocks * g.coblocks * (tiled ? s->k[0] : 1);
  g.size     = (size_t)g.taps * g.cin * g.cout + g.cout;
  g.parts    = g.blocks >= NAME(GRAD_BLOCKS) ? 1 : MaxInt(1, MinInt(CeilDiv(NAME(GRAD_BLOCKS), g.blocks), (int)(points / 2048)));
  if (tiled) {
    g.cut = NAME(cut_tiles)(&g.s, &g.tiles, &g.most);
  } else {
    const int rows = MaxInt(1, MinInt(s->n[1], NAME(GRAD_PLACES) / MaxInt(1, s->n[2])));
    g.cut  = CutShape(s, rows, NAME(GRAD_PLACES));
    g.most = MaxInt(1, NAME(GRAD_PLACES) / MaxInt(1, rows * MinInt(s->n[2], NAME(GRAD_PLACES))));
  }
  g.chunks = CeilDiv(g.cut.boxes, g.most);
  return g;
}

/* Pixels of a range of boxes */
static int NAME(find_pixels)(const HGConvShape *s, const Cut *cut, int box0, int box1, Place *p)
{
  int n = 0;
  for (int i = box0; i < box1; i++) {
    const Box b = CutBox(cut, s, i);
    for (int y = b.y0; y < b.y1; y++)
      for (int x = b.x0; x < b.x1; x++) p[n++] = (Place){BoxOffset(&b, y, x, s->xs), BoxOffset(&b, y, x, s->ys), {0, 0}, {1, 1}};
  }
  return n;
}

/* to[n][row] = channels of each pixel, padded with zeros to whole vectors */
static void NAME(copy_pixels)(const REAL *from, const Place *p, int n, int of_dy, int channels, REAL *to, ptrdiff_t row)
{
  for (int i = 0; i < n; i++) {
    const REAL *a = from + (of_dy ? p[i].y : p[i].x);
    int         c = 0;
    for (; c + VLEN <= channels; c += VLEN) NAME(store)(to + i * row + c, NAME(load)(a + c));
    if (c < channels) NAME(store)(to + i * row + c, NAME(load_n)(a + c, channels - c));
  }
}

INLINE void NAME(spread)(V d0, V d1, V to[4])
{
  to[0] = d0, to[1] = d0 + d1, to[2] = d0 - d1, to[3] = -d1;
}

/* A dy A' of a vector of channels of one tile */
INLINE void NAME(transform_gradient)(const REAL *dy, ptrdiff_t row, ptrdiff_t column, const Place *p, int n, REAL *to, ptrdiff_t step, const int full)
{
  V d[2][2], e[2][4];
  GRID(REAL, out, to, 4 * step, step);

  UNROLL for (int i = 0; i < 2; i++) {
    UNROLL for (int j = 0; j < 2; j++) {
      if (full) d[i][j] = NAME(load)(dy + i * row + j * column);
      else d[i][j] = i < p->end[0] && j < p->end[1] ? NAME(load_n)(dy + i * row + j * column, n) : (V){0};
    }
  }
  UNROLL for (int j = 0; j < 2; j++) NAME(spread)(d[0][j], d[1][j], e[j]);
  UNROLL for (int i = 0; i < 4; i++) {
    V f[4];
    NAME(spread)(e[0][i], e[1][i], f);
    UNROLL for (int j = 0; j < 4; j++) NAME(store)(GRID_AT(out, i, j), f[j]);
  }
}

static void NAME(transform_gradients)(const HGConvShape *s, const REAL *dy, const Place *p, int n, int channels, REAL *to, ptrdiff_t row, ptrdiff_t step)
{
  for (int t = 0; t < n; t++) {
    const int full = NAME(whole)(&p[t]);
    for (int c = 0; c < channels; c += VLEN) {
      const int   left = MinInt(VLEN, channels - c);
      const REAL *from = dy + p[t].y + c;
      if (full && left == VLEN) NAME(transform_gradient)(from, s->ys[2], s->ys[3], NULL, VLEN, to + t * row + c, step, 1);
      else NAME(transform_gradient)(from, s->ys[2], s->ys[3], &p[t], left, to + t * row + c, step, 0);
    }
  }
}

/* sums[channels][nv vectors] += sum over n rows of v[n][channels] d[n][nv vectors]; fresh: = */
static void NAME(add_products)(const REAL *v, ptrdiff_t row, const REAL *d, int n, int channels, int nv, int fresh, REAL *sums)
{
  NAME(Rows) u = {.fresh = fresh, .dy = d, .ny = 1, .nx = n, .xp = row, .yp = nv * VLEN, .width = VLEN};
  const int  tiles = CeilDiv(channels, nv > 1 ? TILE2 : TILE1);

  for (int t = 0; t < tiles; t++) {
    const int c = PartStart(channels, tiles, t), m = PartStart(channels, tiles, t + 1) - c;
    u.x = v + c;
    const NAME(Outer) outer = nv > 1 ? NAME(outers2)[m - 1] : NAME(outers1)[m - 1];
    outer(&u, sums + (ptrdiff_t)c * nv * VLEN);
  }
}

INLINE void NAME(gather_taps)(const V u[4], V to[3])
{
  const V sum = (u[1] + u[2]) * (REAL)0.5;
  to[0] = u[0] + sum, to[1] = (u[1] - u[2]) * (REAL)0.5, to[2] = sum + u[3];
}

/* to[channel][9][nv vectors] = G' u G */
static void NAME(transform_sums)(const REAL *u, ptrdiff_t step, int channels, int nv, REAL *to)
{
  for (int c = 0; c < channels; c++) {
    for (int v = 0; v < nv; v++) {
      V e[4][3];
      GRID(const REAL, in, u + (c * nv + v) * VLEN, 4 * step, step);
      UNROLL for (int j = 0; j < 4; j++) {
        V column[4];
        UNROLL for (int i = 0; i < 4; i++) column[i] = NAME(load)(GRID_AT(in, i, j));
        NAME(gather_taps)(column, e[j]);
      }
      UNROLL for (int i = 0; i < 3; i++) {
        const V row[4] = {e[0][i], e[1][i], e[2][i], e[3][i]};
        V       w[3];
        NAME(gather_taps)(row, w);
        UNROLL for (int j = 0; j < 3; j++) NAME(store)(to + ((c * 9 + 3 * i + j) * nv + v) * VLEN, w[j]);
      }
    }
  }
}

/* A block: channels, taps, and the order of its gradient: element (tap, c, co) at tap * tap_step + c * channel_step + co */
typedef struct {
  int       c0, nc, co, nco, z; /* z of the taps if tiled */
  ptrdiff_t tap_step, channel_step;
} NAME(GradientBlock);

static NAME(GradientBlock) NAME(gradient_block)(const NAME(WideGradient) *g, int i)
{
  const HGConvShape  *s = &g->s;
  const int           vectors = CeilDiv(s->cin, VLEN), ci = i % g->ciblocks;
  NAME(GradientBlock) b = {.z = i / g->ciblocks / g->coblocks};

  b.c0  = g->cin < VLEN ? ci * g->cin : PartStart(vectors, g->ciblocks, ci) * VLEN;
  b.nc  = (g->cin < VLEN ? MinInt(s->cin, b.c0 + g->cin) : MinInt(s->cin, PartStart(vectors, g->ciblocks, ci + 1) * VLEN)) - b.c0;
  b.co  = i / g->ciblocks % g->coblocks * g->cout;
  b.nco = MinInt(g->cout, s->cout - b.co);
  return b;
}

INLINE void NAME(add_lanes)(V v, int n, HGDType type, void *to, ptrdiff_t at)
{
  if (type == DTYPE) {
    REAL *p = (REAL *)to + at;
    if (n == VLEN) NAME(store)(p, NAME(load)(p) + v);
    else NAME(store_n)(p, NAME(load_n)(p, n) + v, n);
  } else {
    typedef REAL   Half __attribute__((vector_size(BYTES / 2), aligned(sizeof(REAL)), may_alias));
    typedef double Wide __attribute__((vector_size(BYTES / 2 / sizeof(REAL) * sizeof(double)), aligned(sizeof(double)), may_alias));
    double *p = (double *)to + at;
    REAL    lane[VLEN];
    NAME(store)(lane, v);
    for (int i = 0; n == VLEN && i < VLEN; i += VLEN / 2) *(Wide *)(p + i) += __builtin_convertvector(*(const Half *)(lane + i), Wide);
    for (int i = 0; n < VLEN && i < n; i++) p[i] += (double)lane[i];
  }
}

/* Adds n <= VLEN neighbouring weights of VLEN output channels; from[i]: those of weight i */
INLINE void NAME(add_square)(const REAL *const from[], HGDType type, void *dw, ptrdiff_t at, ptrdiff_t row, const int n)
{
  V v[VLEN];
  UNROLL for (int i = 0; i < VLEN; i++) v[i] = i < n ? NAME(load)(from[i]) : (V){0};
  NAME(transpose)(v);
  UNROLL for (int i = 0; i < VLEN; i++) NAME(add_lanes)(v[i], n, type, dw, at + i * row);
}

/* Adds VLEN output channels, `length` weights from c, tap 0 on */
INLINE void NAME(add_run)(const NAME(GradientBlock) *b, const REAL *from, int taps, int length, HGDType type, void *dw, ptrdiff_t at, ptrdiff_t row)
{
  const REAL *p = from, *column[VLEN];
  int         t = 0;

  for (int n; length > 0; length -= n, at += n) {
    n = MinInt(VLEN, length);
    for (int i = 0; i < n; i++) {
      column[i] = p + t * b->tap_step;
      if (++t == taps) t = 0, p += b->channel_step;
    }
    if (n == VLEN) NAME(add_square)(column, type, dw, at, row, VLEN);
    else NAME(add_square)(column, type, dw, at, row, n);
  }
}

NOINLINE void NAME(add_run_own)(const NAME(GradientBlock) *b, const REAL *from, int taps, int length, void *dw, ptrdiff_t at, ptrdiff_t row)
{
  NAME(add_run)(b, from, taps, length, DTYPE, dw, at, row);
}

NOINLINE void NAME(add_run_double)(const NAME(GradientBlock) *b, const REAL *from, int taps, int length, void *dw, ptrdiff_t at, ptrdiff_t row)
{
  NAME(add_run)(b, from, taps, length, HG_F64, dw, at, row);
}

/* Adds sums in REAL of one or two vectors of output channels, from co on, to the result. */
static void NAME(add_weights)(const NAME(WideGradient) *g, const NAME(GradientBlock) *b, int co, int nco, const REAL *from)
{
  const ptrdiff_t row = (ptrdiff_t)g->s.cin * g->nk;
  const int       runs = g->taps == g->nk ? 1 : b->nc, length = b->nc / runs * g->taps;

  for (int v = 0; v < nco; v += VLEN) {
    const ptrdiff_t at = (co + v) * row + (ptrdiff_t)b->c0 * g->nk + b->z * g->taps;
    if (v + VLEN <= nco) {
      for (int r = 0; r < runs; r++)
        (g->type == DTYPE ? NAME(add_run_own) : NAME(add_run_double))(b, from + v + r * b->channel_step, g->taps, length, g->dw, at + (ptrdiff_t)r * g->nk, row);
    } else {
      for (int i = 0; i < nco - v; i++)
        for (int j = 0; j < b->nc * g->taps; j++)
          NAME(add_sum)(g->type, from[v + i + j / g->taps * b->channel_step + j % g->taps * b->tap_step], g->dw, at + i * row + (ptrdiff_t)(j / g->taps) * g->nk + j % g->taps);
    }
  }
}

static void NAME(add_wide_sums)(const NAME(WideGradient) *g, const NAME(GradientBlock) *b, int co, int nco, const double *from)
{
  const ptrdiff_t row = (ptrdiff_t)g->s.cin * g->nk;

  for (int i = 0; i < nco; i++) {
    const ptrdiff_t at = (co + i) * row + (ptrdiff_t)b->c0 * g->nk + b->z * g->taps;
    for (int c = 0; c < b->nc; c++)
      for (int t = 0; t < g->taps; t++) NAME(add_sum)(g->type, from[i + c * b->channel_step + t * b->tap_step], g->dw, at + (ptrdiff_t)c * g->nk + t);
  }
}

/* Sums of the pixels of a chunk for the bias; pixels of a tile one by one */
static void NAME(add_bias)(const NAME(WideGradient) *g, const Place *p, int n, const NAME(GradientBlock) *b, double *to)
{
  for (int v = 0; v < b->nco; v += VLEN) {
    const int m = MinInt(VLEN, b->nco - v);
    V         sum[2] = {{0}};
    REAL      lane[VLEN];
    for (int t = 0; t < n; t++) {
      for (int i = 0; i < p[t].end[0]; i++)
        for (int j = 0; j < p[t].end[1]; j++) sum[j] += NAME(load_n)(g->dy + p[t].y + i * g->s.ys[2] + j * g->s.ys[3] + b->co + v, m);
    }
    NAME(store)(lane, sum[0] + sum[1]);
    for (int i = 0; i < m; i++) to[v + i] += (double)lane[i];
  }
}

/* Adds one chunk of points to the sums in REAL: [two vectors of output channels][matrix][input channel][nv vectors] */
static void NAME(add_chunk)(const NAME(WideGradient) *g, const NAME(GradientBlock) *b, const Place *p, int n, int fresh, REAL *v, REAL *d, REAL *sums)
{
  const HGConvShape *s = &g->s;
  const ptrdiff_t    pad = g->tiled ? NAME(WINO_PAD) : 0, row = NAME(gradient_row)(g), vstep = n * row + pad;
  const REAL        *x = g->x + b->c0 + b->z * s->ts[0];

  if (g->tiled) NAME(transform_inputs)(s, x, p, n, b->nc, v, row, vstep);
  for (int i = 0; i < b->nco; i += 2 * VLEN) {
    const int       width = MinInt(2 * VLEN, b->nco - i), nv = CeilDiv(width, VLEN);
    const ptrdiff_t dstep = n * nv * VLEN + pad;
    const REAL     *dy = g->dy + b->co + i;
    if (g->tiled) NAME(transform_gradients)(s, dy, p, n, width, d, nv * VLEN, dstep);
    else NAME(copy_pixels)(dy, p, n, 1, width, d, nv * VLEN);
    for (int m = 0; m < g->matrices; m++) {
      if (!g->tiled && (i == 0 || g->nk > 1)) NAME(copy_pixels)(x + m / s->k[2] / s->k[1] * s->ts[0] + m / s->k[2] % s->k[1] * s->ts[1] + m % s->k[2] * s->ts[2], p, n, 0, b->nc, v, row);
      NAME(add_products)(v + (g->tiled ? m * vstep : 0), row, d + (g->tiled ? m * dstep : 0), n, b->nc, nv, fresh,
                         sums + ((ptrdiff_t)i * g->matrices + m * nv * VLEN) * g->cin);
    }
  }
}

/* Moves sums in REAL on: to the result if they are all, else to those in double */
static void NAME(move_sums)(const NAME(WideGradient) *g, NAME(GradientBlock) *b, REAL *sums, REAL *stage, double *wide)
{
  for (int i = 0; i < b->nco; i += 2 * VLEN) {
    const int       width = MinInt(2 * VLEN, b->nco - i), nv = CeilDiv(width, VLEN);
    const ptrdiff_t step = (ptrdiff_t)g->cin * nv * VLEN;
    REAL           *from = sums + (ptrdiff_t)i * g->matrices * g->cin;
    b->tap_step = g->tiled ? nv * VLEN : step, b->channel_step = g->tiled ? 9 * nv * VLEN : nv * VLEN;
    if (g->tiled) NAME(transform_sums)(from, step, b->nc, nv, stage);
    if (!wide) NAME(add_weights)(g, b, b->co + i, width, g->tiled ? stage : from);
    else if (g->tiled) NAME(move_to_double)((size_t)9 * b->nc * nv * VLEN, stage, wide + (ptrdiff_t)i * 9 * g->cin);
    else for (int t = 0; t < g->nk; t++) NAME(move_to_double)((size_t)b->nc * nv * VLEN, from + t * step, wide + (ptrdiff_t)i * g->nk * g->cin + t * step);
  }
}

/* Adds sums in double, [two vectors of output channels][...], and those for the bias. */
static void NAME(add_block)(const NAME(WideGradient) *g, NAME(GradientBlock) *b, const double *wide, const double *bias)
{
  for (int i = 0; wide && i < b->nco; i += 2 * VLEN) {
    const int width = MinInt(2 * VLEN, b->nco - i), nv = CeilDiv(width, VLEN);
    b->tap_step = g->tiled ? nv * VLEN : g->cin * nv * VLEN, b->channel_step = g->tiled ? 9 * nv * VLEN : nv * VLEN;
    NAME(add_wide_sums)(g, b, b->co + i, width, wide + (ptrdiff_t)i * g->taps * g->cin);
  }
  for (int i = 0; g->db && b->c0 == 0 && b->z == 0 && i < b->nco; i++) NAME(add_sum)(g->type, bias[i], g->db, b->co + i);
}

static void NAME(wide_block)(const NAME(WideGradient) *g, int block, int part, REAL *scratch)
{
  const NAME(GradientSizes) n = NAME(gradient_sizes)(g);
  NAME(GradientBlock)       b = NAME(gradient_block)(g, block);
  const int                 first = PartStart(g->chunks, g->parts, part), end = PartStart(g->chunks, g->parts, part + 1);
  REAL                     *v = scratch, *d = v + n.v, *sums = d + n.d, *stage = sums + n.sums;
  double                   *own = (double *)(scratch + n.total) - g->size, *wide = g->parts > 1 ? g->partial + (block * g->parts + part) * g->size : own;
  double                   *bias = wide + (g->size - g->cout);
  Place                     p[NAME(GRAD_PLACES)];
  int                       summed = 0, in_double = g->parts > 1;

  memset(bias, 0, (size_t)g->cout * sizeof(double));
  if (in_double) memset(wide, 0, (g->size - g->cout) * sizeof(double));
  for (int i = first; i < end; i++) {
    const int box0 = i * g->most, box1 = MinInt(box0 + g->most, g->cut.boxes);
    const int places = g->tiled ? NAME(find_places)(&g->s, &g->tiles, &g->cut, box0, box1, p) : NAME(find_pixels)(&g->s, &g->cut, box0, box1, p);
    NAME(add_chunk)(g, &b, p, places, !summed, v, d, sums);
    if (g->db && b.c0 == 0 && b.z == 0) NAME(add_bias)(g, p, places, &b, bias);
    summed += places;
    if (i < end - 1 ? summed >= (g->tiled ? NAME(GRAD_TILES) : NAME(GRAD_UNIT)) : in_double) {
      if (!in_double) memset(wide, 0, (g->size - g->cout) * sizeof(double));
      in_double = 1, summed = 0;
      NAME(move_sums)(g, &b, sums, stage, wide);
    }
  }
  if (!in_double) NAME(move_sums)(g, &b, sums, stage, NULL);
  if (g->parts == 1) NAME(add_block)(g, &b, in_double ? wide : NULL, bias);
}

/* Sum over the parts of a block */
static void NAME(add_parts)(const NAME(WideGradient) *g, int block)
{
  NAME(GradientBlock) b   = NAME(gradient_block)(g, block);
  double             *sum = g->partial + (size_t)block * g->parts * g->size;

  for (int p = 1; p < g->parts; p++)
    for (size_t i = 0; i < g->size; i++) sum[i] += sum[p * g->size + i];
  NAME(add_block)(g, &b, sum, sum + (g->size - g->cout));
}

/* One group */
static void NAME(weights_wide)(const HGConvShape *s, const REAL *x, const REAL *dy, void *work, HGDType type, void *dw, void *db)
{
  NAME(WideGradient) g       = NAME(wide_gradient)(s, NAME(is_tiled_gradient)(s) && s->ts[1] == s->xs[2] && s->ts[2] == s->xs[3]);
  const int          threads = omp_in_parallel() ? 1 : omp_get_max_threads();
  const size_t       size    = NAME(gradient_sizes)(&g).total;

  if (NAME(empty)(s)) return;
  g.x = x, g.dy = dy, g.type = type, g.dw = dw, g.db = db, g.partial = (double *)((REAL *)work + threads * size);
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    REAL *scratch = (REAL *)work + omp_get_thread_num() * size;
#pragma omp for schedule(static)
    for (int i = 0; i < g.blocks * g.parts; i++) NAME(wide_block)(&g, i / g.parts, i % g.parts, scratch);
#pragma omp for schedule(static)
    for (int i = 0; i < (g.parts > 1 ? g.blocks : 0); i++) NAME(add_parts)(&g, i);
  }
}

static size_t NAME(wide_gradient_work)(const HGConvShape *s, int tiled)
{
  const NAME(WideGradient) g = NAME(wide_gradient)(s, tiled);
  return omp_get_max_threads() * NAME(gradient_sizes)(&g).total * sizeof(REAL) +
         (g.parts > 1 ? (size_t)g.blocks * g.parts * g.size * sizeof(double) : 0);
}

/* The strides of a shape may not be known yet */
static size_t NAME(weights_work)(const HGConvShape *s)
{
  if (!NAME(is_wide_gradient)(s)) return NAME(weights_narrow_work)(s);
  const size_t direct = NAME(wide_gradient_work)(s, 0), tiled = NAME(is_tiled_gradient)(s) ? NAME(wide_gradient_work)(s, 1) : 0;
  return direct > tiled ? direct : tiled;
}

static void NAME(weights)(const HGConvShape *s, const void *x, const void *dy, void *work, HGDType type, void *dw, void *db)
{
  const size_t nw  = (size_t)s->cout * s->cin * s->k[0] * s->k[1] * s->k[2], size = HGDTypeSize(type);
  const int    all = NAME(gradient)(s).interleave > 1, wide = NAME(is_wide_gradient)(s);
  for (int g = 0; g < (all ? 1 : s->groups); g++) {
    const ptrdiff_t ci = (ptrdiff_t)g * s->cin, co = (ptrdiff_t)g * s->cout;
    (wide ? NAME(weights_wide) : NAME(weights_group))(s, (const REAL *)x + ci, (const REAL *)dy + co, work, type, (char *)dw + g * nw * size,
                                                      db ? (char *)db + co * (ptrdiff_t)size : NULL);
  }
}
