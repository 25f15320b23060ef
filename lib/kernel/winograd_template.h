/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/*
  Convolution with 3 x 3 taps and many channels by Winograd's minimal filtering F(2 x 2, 3 x 3) (arXiv 1509.09308): 16 products
  for 4 outputs instead of 36. A tile of 2 x 2 outputs reads 4 x 4 inputs d; with U = G g G' and V = B' d B its outputs are
  A' (sum over channels of U V) A, so the sums are 16 matrix products. Those of different z are summed there as well.

  Tiles start at even points of the whole grid. The first row of d counts in the first row of outputs alone, the last one in the
  last: where only one row of a tile is wanted, zeros stand for what only the other one reads, and the bits are the same.
*/

enum {
  NAME(WINO_CHANNELS) = 512 / sizeof(REAL), /* input channels of a block */
  NAME(WINO_OUTPUTS)  = 512 / sizeof(REAL), /* output channels of a pass over the tiles: V goes through the L2 cache once for all of them */
  NAME(WINO_TILES)    = 72,                 /* tiles of a chunk: V, U and the sums for a few of these fit into 1 MB */
  NAME(WINO_PAD)      = 64 / sizeof(REAL),  /* between the 16 matrices, which would lie on the same sets of a cache */
  NAME(WINO_PACK)     = 16                  /* input channels whose weights are packed at once */
};

/* Sizes of the 16 matrices, in elements */
enum {
  NAME(WINO_V) = 16 * (NAME(WINO_TILES) * NAME(WINO_CHANNELS) + NAME(WINO_PAD)),
  NAME(WINO_U) = 16 * (NAME(WINO_CHANNELS) * 2 * VLEN + NAME(WINO_PAD)),
  NAME(WINO_M) = 16 * (NAME(WINO_TILES) * 2 * VLEN + NAME(WINO_PAD)) * (NAME(WINO_OUTPUTS) / (2 * VLEN)),
  NAME(WINO_P) = NAME(WINO_PACK) * 9 * 2 * VLEN
};

/* Tiles of a range of boxes of them */
static int NAME(find_places)(const HGConvShape *s, const HGConvShape *tiles, const Cut *cut, int box0, int box1, Place *p)
{
  const int odd[2] = {s->at[0] & 1, s->at[1] & 1};
  int       n = 0;

  for (int i = box0; i < box1; i++) {
    const Box b = CutBox(cut, tiles, i);
    for (int ty = b.y0; ty < b.y1; ty++) {
      for (int tx = b.x0; tx < b.x1; tx++) {
        const int y = 2 * ty - odd[0], x = 2 * tx - odd[1];
        p[n++] = (Place){BoxOffset(&b, y, x, s->xs), BoxOffset(&b, y, x, s->ys), {y < 0, x < 0}, {MinInt(2, s->n[1] - y), MinInt(2, s->n[2] - x)}};
      }
    }
  }
  return n;
}

/* Boxes of at most WINO_TILES tiles */
static Cut NAME(cut_tiles)(const HGConvShape *s, HGConvShape *tiles, int *most)
{
  *tiles = *s;
  for (int a = 1; a < 3; a++) tiles->n[a] = s->n[a] < 1 ? 0 : (s->n[a] + (s->at[a - 1] & 1) + 1) / 2;
  const int pixels = MaxInt(1, MinInt(tiles->n[2], 8)), rows = MaxInt(1, MinInt(tiles->n[1], NAME(WINO_TILES) / pixels));
  *most = NAME(WINO_TILES) / (rows * pixels);
  return CutShape(tiles, rows, pixels);
}

/* Addresses of 4 x 4 elements from few registers: the compiler would keep all of them, in memory */
#define GRID(type, p, first, row, column) \
  ptrdiff_t p##1 = (column), p##3 = 3 * (column); \
  type     *p[4] = {(first), (first) + (row), (first) + 2 * (row), (first) + 3 * (row)}; \
  __asm__("" : "+r"(p[0]), "+r"(p[1]), "+r"(p[2]), "+r"(p[3]), "+r"(p##1), "+r"(p##3))
#define GRID_AT(p, i, j) (p[i] + ((j) == 1 ? p##1 : (j) == 2 ? 2 * p##1 : (j) == 3 ? p##3 : 0))

INLINE void NAME(transform_rows)(V d[4])
{
  const V d0 = d[0] - d[2], d1 = d[1] + d[2], d2 = d[2] - d[1], d3 = d[1] - d[3];
  d[0] = d0, d[1] = d1, d[2] = d2, d[3] = d3;
}

/* V of n channels of one tile: to + matrix * step */
INLINE void NAME(transform_input)(const REAL *x, ptrdiff_t row, ptrdiff_t column, const Place *p, int n, REAL *to, ptrdiff_t step, const int full)
{
  V d[4][4]; /* [column][row] */
  GRID(const REAL, in, x, row, column);
  GRID(REAL, out, to, 4 * step, step);

  UNROLL for (int i = 0; i < 4; i++) {
    UNROLL for (int j = 0; j < 4; j++) {
      const REAL *from = GRID_AT(in, i, j);
      if (full) d[j][i] = NAME(load)(from);
      else if (i < p->first[0] || i > p->end[0] + 1 || j < p->first[1] || j > p->end[1] + 1) d[j][i] = (V){0};
      else d[j][i] = NAME(load_n)(from, n);
    }
  }
  UNROLL for (int j = 0; j < 4; j++) NAME(transform_rows)(d[j]);
  UNROLL for (int i = 0; i < 4; i++) {
    V e[4] = {d[0][i], d[1][i], d[2][i], d[3][i]};
    NAME(transform_rows)(e);
    UNROLL for (int j = 0; j < 4; j++) NAME(store)(GRID_AT(out, i, j), e[j]);
  }
}

static int NAME(whole)(const Place *p)
{
  return !p->first[0] && !p->first[1] && p->end[0] == 2 && p->end[1] == 2;
}

/* V of channels of all tiles: [16][tile][channels], rows `row` elements long */
static void NAME(transform_inputs)(const HGConvShape *s, const REAL *x, const Place *p, int n, int channels, REAL *to, ptrdiff_t row, ptrdiff_t step)
{
  for (int t = 0; t < n; t++) {
    const int full = NAME(whole)(&p[t]);
    for (int c = 0; c < channels; c += VLEN) {
      const int   left = MinInt(VLEN, channels - c);
      const REAL *from = x + p[t].x + c;
      if (full && left == VLEN) NAME(transform_input)(from, s->xs[2], s->xs[3], NULL, VLEN, to + t * row + c, step, 1);
      else NAME(transform_input)(from, s->xs[2], s->xs[3], &p[t], left, to + t * row + c, step, 0);
    }
  }
}

INLINE void NAME(transform_taps)(const V g[3], V to[4])
{
  const V sum = (g[0] + g[2]) * (REAL)0.5, half = g[1] * (REAL)0.5;
  to[0] = g[0], to[1] = sum + half, to[2] = sum - half, to[3] = g[2];
}

/* U of a vector of output channels from its packed taps, which lie `next` elements apart */
INLINE void NAME(transform_weight)(const REAL *w, ptrdiff_t next, REAL *to, ptrdiff_t step)
{
  V e[3][4];
  GRID(REAL, out, to, 4 * step, step);

  UNROLL for (int j = 0; j < 3; j++) {
    const V g[3] = {NAME(load)(w + j * next), NAME(load)(w + (3 + j) * next), NAME(load)(w + (6 + j) * next)};
    NAME(transform_taps)(g, e[j]);
  }
  UNROLL for (int i = 0; i < 4; i++) {
    const V g[3] = {e[0][i], e[1][i], e[2][i]};
    V       u[4];
    NAME(transform_taps)(g, u);
    UNROLL for (int j = 0; j < 4; j++) NAME(store)(GRID_AT(out, i, j), u[j]);
  }
}

/* U of at most 2 VLEN output channels: [16][channel][nv vectors] */
static void NAME(transform_weights)(const NAME(Source) *w, int co, int nco, int c0, int nc, REAL *packed, REAL *to, ptrdiff_t step)
{
  const int          nv = CeilDiv(nco, VLEN);
  const NAME(Packed) p = {packed, nv * VLEN, 9 * nv * VLEN};

  for (int c = 0; c < nc; c += NAME(WINO_PACK)) {
    const int n = MinInt(NAME(WINO_PACK), nc - c);
    if (w->so == 1) NAME(pack_copy)(w, co, nco, c0 + c, n, &(NAME(Packed)){packed, p.tap * 2 / nv, p.channel * 2 / nv}, 0);
    else NAME(pack_block)(w, co, nco, c0 + c, n, &p);
    for (int i = 0; i < n; i++) {
      for (int v = 0; v < nv; v++) NAME(transform_weight)(packed + i * p.channel + v * VLEN, p.tap, to + ((c + i) * nv + v) * VLEN, step);
    }
  }
}

/* sums[rows][nv vectors] = x[rows][len] w, or added to them */
static void NAME(multiply)(const REAL *x, ptrdiff_t row, int rows, const REAL *w, int len, int nv, REAL *sums, int add)
{
  const int    n = CeilDiv(rows, nv > 1 ? TILE2 : TILE1), m = rows / n, longer = rows % n;
  NAME(Block)  b = {.taps = {1, 1, 1}, .len = len, .xp = row, .yp = nv * VLEN, .below = m * row - 2 * row, .from = add ? nv * VLEN : 0,
                    .width = nv * VLEN, .lower = (REAL)-INFINITY, .w = w};

  for (int t = 0; t < n; t++) {
    const int h = m + (t < longer);
    const NAME(Tile) tile = nv > 1 ? NAME(tiles2)[h - 1] : NAME(tiles1)[h - 1];
    tile(&b, x, sums, NULL, sums);
    x += h * row, sums += h * nv * VLEN;
  }
}

/* Vector v of the 4 outputs of a tile from its sums: out[pixel][nv vectors] */
INLINE void NAME(transform_output)(const REAL *sums, ptrdiff_t step, V bias, REAL *out, ptrdiff_t next)
{
  V e[2][4];
  GRID(const REAL, in, sums, 4 * step, step);

  UNROLL for (int j = 0; j < 4; j++) {
    const V m0 = NAME(load)(GRID_AT(in, 0, j)), m1 = NAME(load)(GRID_AT(in, 1, j)), m2 = NAME(load)(GRID_AT(in, 2, j)), m3 = NAME(load)(GRID_AT(in, 3, j));
    e[0][j] = m0 + m1 + m2, e[1][j] = m1 - m2 - m3;
  }
  UNROLL for (int i = 0; i < 2; i++) {
    NAME(store)(out + 2 * i * next, e[i][0] + e[i][1] + e[i][2] + bias);
    NAME(store)(out + (2 * i + 1) * next, e[i][1] - e[i][2] - e[i][3] + bias);
  }
}

/* What the threads share */
typedef struct {
  NAME(Conv)   c;
  HGConvShape  tiles;
  Cut          cut;
  int          boxes; /* of a chunk */
  int          outputs; /* channels of a pass */
} NAME(Winograd);

static void NAME(store_tiles)(const NAME(Conv) *c, const Place *p, int n, int co, int width, const REAL *sums, ptrdiff_t step)
{
  const HGConvShape *s = c->s;
  const int          nv = CeilDiv(width, VLEN);
  NAME(Block)        b = NAME(block)(c, co, width);
  REAL               out[4 * 2 * VLEN];

  for (int t = 0; t < n; t++, sums += nv * VLEN) {
    for (int v = 0; v < nv; v++) NAME(transform_output)(sums + v * VLEN, step, NAME(load)(b.bias + v * VLEN), out + v * VLEN, nv * VLEN);
    for (int i = p[t].first[0]; i < p[t].end[0]; i++) {
      const ptrdiff_t o = p[t].y + i * s->ys[2] + p[t].first[1] * s->ys[3] + co;
      const REAL     *r = out + (2 * i + p[t].first[1]) * nv * VLEN;
      NAME(tile_finish)(&b, r, c->mask ? c->mask + o : NULL, c->y + o, p[t].end[1] - p[t].first[1], nv);
    }
  }
}

/* Output channels co ... co + nco - 1 of a range of boxes of tiles */
static void NAME(winograd_chunk)(const NAME(Winograd) *d, const HGConvWeights *w, int co, int nco, int box0, int box1, REAL *scratch)
{
  const HGConvShape *s = d->c.s;
  Place              p[NAME(WINO_TILES)];
  REAL              *v = scratch, *u = v + NAME(WINO_V), *sums = u + NAME(WINO_U), *packed = sums + NAME(WINO_M);
  const int          n = NAME(find_places)(s, &d->tiles, &d->cut, box0, box1, p), vectors = CeilDiv(s->cin, VLEN);
  const int          blocks = CeilDiv(s->cin, NAME(WINO_CHANNELS));
  const ptrdiff_t    row = NAME(WINO_CHANNELS), vstep = n * row + NAME(WINO_PAD);

  for (int i = 0; i < blocks * s->k[0]; i++) {
    const int c0 = PartStart(vectors, blocks, i / s->k[0]) * VLEN, c1 = MinInt(s->cin, PartStart(vectors, blocks, i / s->k[0] + 1) * VLEN);
    const int z = i % s->k[0];
    HGConvWeights plane = *w;
    plane.w = (const REAL *)w->w + z * w->st[0];
    const NAME(Source) source = NAME(source)(&plane, 0, (int[3]){1, 3, 3});
    NAME(transform_inputs)(s, d->c.x + z * s->ts[0] + c0, p, n, c1 - c0, v, row, vstep);
    for (int b = 0; b < nco; b += 2 * VLEN) {
      const int       width = MinInt(2 * VLEN, nco - b), nv = CeilDiv(width, VLEN);
      const ptrdiff_t ustep = (c1 - c0) * nv * VLEN + NAME(WINO_PAD), mstep = n * nv * VLEN + NAME(WINO_PAD);
      REAL           *m = sums + (ptrdiff_t)b / (2 * VLEN) * 16 * (n * 2 * VLEN + NAME(WINO_PAD));
      NAME(transform_weights)(&source, co + b, width, c0, c1 - c0, packed, u, ustep);
      for (int j = 0; j < 16; j++) NAME(multiply)(v + j * vstep, row, n, u + j * ustep, c1 - c0, nv, m + j * mstep, i > 0);
      if (i == blocks * s->k[0] - 1) NAME(store_tiles)(&d->c, p, n, co + b, width, m, mstep);
    }
  }
}

static size_t NAME(winograd_work)(void)
{
  return (NAME(WINO_V) + NAME(WINO_U) + NAME(WINO_M) + NAME(WINO_P)) * sizeof(REAL);
}

static int NAME(is_winograd)(const NAME(Operator) *o, int groups, int cin, const int k[3])
{
  return o->wide && groups == 1 && cin >= WIDE && k[1] == 3 && k[2] == 3;
}

/* Taps on neighbouring points, maybe reversed */
static int NAME(neighbours)(const HGConvShape *s)
{
  return (s->ts[1] == s->xs[2] || s->ts[1] == -s->xs[2]) && (s->ts[2] == s->xs[3] || s->ts[2] == -s->xs[3]);
}

static void NAME(conv_winograd)(const NAME(Conv) *c, const HGConvWeights *weights, REAL *work)
{
  const HGConvShape *s = c->s;
  const size_t       size = NAME(winograd_work)() / sizeof(REAL);
  const int          threads = omp_in_parallel() ? 1 : omp_get_max_threads();
  NAME(Winograd)     d = {.c = *c, .outputs = NAME(WINO_OUTPUTS)};
  HGConvWeights      w = *weights;

  for (int a = 1; a < 3; a++) {
    if (s->ts[a] == s->xs[1 + a]) continue;
    d.c.x += 2 * s->ts[a];
    w.w = (const REAL *)w.w + 2 * w.st[a], w.st[a] = -w.st[a];
  }
  d.cut = NAME(cut_tiles)(s, &d.tiles, &d.boxes);
  while (d.boxes > 1 && Uneven(CeilDiv(s->cout, d.outputs) * CeilDiv(d.cut.boxes, d.boxes), threads)) d.boxes = CeilDiv(d.boxes, 2);
  while (d.outputs > 2 * VLEN && Uneven(CeilDiv(s->cout, d.outputs) * CeilDiv(d.cut.boxes, d.boxes), threads)) d.outputs /= 2;
  const int n = CeilDiv(s->cout, d.outputs), chunks = CeilDiv(d.cut.boxes, d.boxes);
#pragma omp parallel for schedule(static) collapse(2) num_threads(threads) if (threads > 1)
  for (int i = 0; i < chunks; i++) {
    for (int j = 0; j < n; j++) {
      NAME(winograd_chunk)(&d, &w, j * d.outputs, MinInt(d.outputs, s->cout - j * d.outputs), i * d.boxes, MinInt((i + 1) * d.boxes, d.cut.boxes),
                           work + omp_get_thread_num() * size);
    }
  }
}

static size_t NAME(conv_work)(int groups, int cin, int cout, const int k[3])
{
  const NAME(Operator) o = NAME(operator)(groups, cin, cout, k);
  const size_t         direct = NAME(wide_work)(o.nk), winograd = NAME(is_winograd)(&o, groups, cin, k) ? NAME(winograd_work)() : 0;
  return o.wide ? (size_t)omp_get_max_threads() * (direct > winograd ? direct : winograd) : 0;
}

static void NAME(conv)(const HGConvShape *s, const void *x, const HGConvWeights *w, const void *packed, const HGConvStore *store, void *work,
                       void *y)
{
  NAME(Conv) c = {s, NAME(operator)(s->groups, s->cin, s->cout, s->k), x, packed, store->bias, store->mask, store->threshold, y,
                  store->act == HG_ACT_RELU ? 0 : (REAL)-INFINITY, store->add, 0};
  if (NAME(is_winograd)(&c.o, s->groups, s->cin, s->k) && NAME(neighbours)(s)) NAME(conv_winograd)(&c, w, work);
  else if (c.o.wide) NAME(conv_wide)(&c, w, work);
  else NAME(conv_packed)(&c);
}
