/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* Packing of weights, and the forward convolution over boxes of rows */

/* Which path serves the channel counts, and how it blocks them: a function of the operator alone, as packed weights and
   the order of sums depend on it. */
typedef struct {
  int    nk;      /* taps */
  int    dots;    /* path for few output channels: lanes are input channels */
  int    interleave;     /* path for small groups: groups that share a vector, else 1 */
  int    wide;    /* weights are not packed ahead: see wide_template.h */
  int    single;  /* one input and one output channel: lanes may be pixels, all have the same weights */
  int    vectors; /* vectors of output channels, of input channels if dots, of groups if interleave > 1 */
  int    cblocks; /* blocks of input channels, so that the weights of one block of output channels stay in L2 cache */
  int    blocks;  /* blocks of output channels in all groups, each computed by itself */
  size_t group;   /* elements of the packed weights of a group, of a vector of groups if interleave > 1 */
} NAME(Operator);

static NAME(Operator) NAME(operator)(int groups, int cin, int cout, const int k[3])
{
  NAME(Operator) o;
  const int      cv = CeilDiv(cin, VLEN);

  o.nk      = k[0] * k[1] * k[2];
  o.interleave     = MaxInt(1, MinInt(groups, VLEN / MaxInt(cin, cout)));
  o.single   = groups == 1 && cin == 1 && cout == 1;
  o.dots    = o.interleave == 1 && cout <= 4 && cout * (o.nk * cv + 4) < o.nk * cin;
  o.wide    = o.interleave == 1 && cout >= WIDE && (double)cin * cout * o.nk >= WIDE_WEIGHTS;
  o.vectors = o.interleave > 1 ? CeilDiv(groups, o.interleave) : o.dots ? cv : CeilDiv(cout, VLEN);
  o.cblocks = o.interleave > 1 || o.dots ? 1 : MinInt(cin, CeilDiv(o.nk * cin, 384 * 1024 / (2 * BYTES)));
  o.blocks  = o.interleave > 1 ? o.vectors : o.dots ? groups : groups * CeilDiv(o.vectors, 2);
  o.group   = (size_t)o.nk * VLEN * (o.interleave > 1 ? cin : o.dots ? o.vectors * cout : o.vectors * cin);
  return o;
}

static size_t NAME(packed_size)(int groups, int cin, int cout, const int k[3])
{
  const NAME(Operator) o = NAME(operator)(groups, cin, cout, k);
  return o.wide ? 0 : o.group * (o.interleave > 1 ? o.vectors : groups) * sizeof(REAL);
}

/* Weight of tap t, element (co, ci) of a group */
INLINE REAL NAME(weight)(const HGConvWeights *a, const int k[3], int group, int co, int ci, int t)
{
  const REAL *w = a->w;
  const int   kx = t % k[2], ky = t / k[2] % k[1], kz = t / k[2] / k[1];
  return w[group * a->sg + co * a->so + ci * a->si + kz * a->st[0] + ky * a->st[1] + kx * a->st[2]];
}

/* p: [tap][vector of C_in][C_out][VLEN] */
static void NAME(pack_dots)(const NAME(Operator) *o, int g, int cin, int cout, const int k[3], const HGConvWeights *w, REAL *p)
{
  for (int t = 0; t < o->nk; t++) {
    for (int v = 0; v < o->vectors; v++) {
      for (int co = 0; co < cout; co++) {
        for (int ci = v * VLEN; ci < (v + 1) * VLEN; ci++) *p++ = ci < cin ? NAME(weight)(w, k, g, co, ci, t) : 0;
      }
    }
  }
}

/* p: [block of C_out][block of C_in][tap][C_in][1 or 2 vectors of C_out] */
static void NAME(pack_tiles)(const NAME(Operator) *o, int g, int cin, int cout, const int k[3], const HGConvWeights *w, REAL *p)
{
  for (int v = 0; v < o->vectors; v += 2) {
    const int co0 = v * VLEN, co1 = MinInt(v + 2, o->vectors) * VLEN;
    for (int cb = 0; cb < o->cblocks; cb++) {
      for (int t = 0; t < o->nk; t++) {
        for (int ci = PartStart(cin, o->cblocks, cb); ci < PartStart(cin, o->cblocks, cb + 1); ci++) {
          for (int co = co0; co < co1; co++) *p++ = co < cout || o->single ? NAME(weight)(w, k, g, o->single ? 0 : co, ci, t) : 0;
        }
      }
    }
  }
}

/* Vector v of groups; p: [tap][C_in][lanes: group, C_out] */
static void NAME(pack_interleaved)(const NAME(Operator) *o, int v, int groups, int cin, int cout, const int k[3], const HGConvWeights *w, REAL *p)
{
  const int valid = MinInt(o->interleave, groups - v * o->interleave) * cout;
  for (int t = 0; t < o->nk; t++) {
    for (int ci = 0; ci < cin; ci++) {
      for (int i = 0; i < VLEN; i++) *p++ = i < valid ? NAME(weight)(w, k, v * o->interleave + i / cout, i % cout, ci, t) : 0;
    }
  }
}

static void NAME(pack)(int groups, int cin, int cout, const int k[3], const HGConvWeights *w, void *packed)
{
  const NAME(Operator) o = NAME(operator)(groups, cin, cout, k);
  const int            n = o.wide ? 0 : o.interleave > 1 ? o.vectors : groups;
#pragma omp parallel for schedule(static) if (n > 1)
  for (int i = 0; i < n; i++) {
    REAL *p = (REAL *)packed + i * o.group;
    if (o.interleave > 1) NAME(pack_interleaved)(&o, i, groups, cin, cout, k, w, p);
    else if (o.dots) NAME(pack_dots)(&o, i, cin, cout, k, w, p);
    else NAME(pack_tiles)(&o, i, cin, cout, k, w, p);
  }
}

/* A convolution, or one group of it */
typedef struct {
  const HGConvShape *s;
  NAME(Operator)     o;
  const REAL        *x, *packed, *bias, *mask, *threshold;
  REAL              *y;
  REAL               lower; /* lower bound that is the activation */
  int                add, stream;
} NAME(Conv);

/* Whether the result is written past the caches: few products for each element, more elements than fit, and whole vectors on their addresses */
static int NAME(streams)(const NAME(Conv) *c)
{
  const HGConvShape *s    = c->s;
  const double       size = (double)s->batch * s->n[0] * s->n[1] * s->n[2] * s->ys[3] * (double)sizeof(REAL);

  if (c->o.nk * s->cin > 64 || size < 4e6 || s->cout % VLEN || (uintptr_t)c->y % BYTES) return 0;
  for (int a = 0; a < 4; a++)
    if (s->ys[a] % VLEN) return 0;
  return 1;
}

/* Merges the loops over kx and channels where a tap's channels follow those of the one before. */
static int NAME(merge_taps)(const HGConvShape *s, int whole, int taps[3])
{
  const int merge = whole && s->ts[2] == s->cin;
  taps[0]         = s->k[0];
  taps[1]         = s->k[1];
  taps[2]         = merge ? 1 : s->k[2];
  return merge;
}

static ptrdiff_t NAME(below)(const HGConvShape *s)
{
  if (s->k[0] * s->k[1] == 1) return (TILE2 - 2) * s->xs[3];
  return s->xs[2] + (s->k[0] - 1) * s->ts[0] + (s->k[1] - 1) * s->ts[1];
}

static void NAME(dots_box)(const NAME(Conv) *c, const Box *box)
{
  const HGConvShape *s   = c->s;
  NAME(DotsRow)      row = NAME(dots_rows)[s->cin % VLEN > 0][s->cout - 1];
  NAME(Dots)         b   = {.lower = c->lower, .w = c->packed, .xp = s->xs[3], .yp = s->ys[3], .below = NAME(below)(s), .add = c->add,
                            .vectors = c->o.vectors, .rest = s->cin % VLEN};

  memcpy(b.ts, s->ts, sizeof(b.ts));
  for (int i = 0; c->bias && i < NAME(DOTS); i++) b.bias[i] = c->bias[i % s->cout];
  for (int i = 0; c->threshold && i < NAME(DOTS); i++) b.threshold[i] = c->threshold[i % s->cout];
  if (NAME(merge_taps)(s, !b.rest, b.taps)) b.vectors *= s->k[2];
  for (int j = box->y0; j < box->y1; j++) {
    const REAL     *x    = c->x + BoxOffset(box, j, box->x0, s->xs);
    const ptrdiff_t o    = BoxOffset(box, j, box->x0, s->ys);
    const REAL     *mask = c->mask ? c->mask + o : NULL;
    row(&b, x, mask, c->y + o, box->x1 - box->x0);
  }
}

/* Rows of a box through one block of input and of output channels; part: NULL or where sums start or end, [pixels][nv*VLEN] */
static void NAME(block_box)(const NAME(Conv) *c, const NAME(Block) *b, const Box *box, ptrdiff_t ci, ptrdiff_t co, REAL *part, int last)
{
  const HGConvShape *s    = c->s;
  const int          nv   = b->width > VLEN ? 2 : 1, nx = box->x1 - box->x0;
  const int          n    = CeilDiv(nx, nv > 1 ? TILE2 : TILE1), m = nx / n, longer = nx % n; /* tiles of m + 1 and m pixels */
  const NAME(Tile)  *tile = nv > 1 ? NAME(tiles2) : NAME(tiles1);

  for (int j = box->y0; j < box->y1; j++) {
    const ptrdiff_t o    = BoxOffset(box, j, box->x0, s->ys) + co;
    const REAL     *x    = c->x + BoxOffset(box, j, box->x0, s->xs) + ci;
    const REAL     *mask = last && c->mask ? c->mask + o : NULL;
    REAL           *y    = last ? c->y + o : part;
    for (int t = 0; t < n; t++) {
      const int h = m + (t < longer);
      tile[h - 1](b, x, part, mask, y);
      x += h * b->xp, y += h * b->yp, mask += mask ? h * b->yp : 0, part += part ? h * nv * VLEN : 0;
    }
  }
}

/* All blocks of input channels for one of output channels. Where there are several, sums of a few pixels wait in part. */
static void NAME(blocks_box)(const NAME(Conv) *c, const NAME(Block) *block, const Box *box, int co, REAL *part)
{
  const HGConvShape *s = c->s;
  const int          nv = block->width > VLEN ? 2 : 1;
  NAME(Block)        b = *block;

  for (int cb = 0; cb < c->o.cblocks; cb++) {
    const int c0 = PartStart(s->cin, c->o.cblocks, cb), c1 = PartStart(s->cin, c->o.cblocks, cb + 1), last = cb == c->o.cblocks - 1;
    b.len    = c1 - c0;
    b.from   = cb ? nv * VLEN : 0;
    b.width  = last ? block->width : nv * VLEN;
    b.yp     = last ? s->ys[3] : nv * VLEN;
    b.lower  = last ? c->lower : (REAL)-INFINITY;
    b.add    = last && c->add;
    b.shared = nv == 1 && s->k[2] > 1 && s->xs[3] == s->ts[2];
    if (NAME(merge_taps)(s, !b.shared && b.len == s->cin, b.taps)) b.len *= s->k[2];
    NAME(block_box)(c, &b, box, c0, co, part, last);
    b.w += (ptrdiff_t)c->o.nk * (c1 - c0) * nv * VLEN;
  }
}

/* Everything of a block that follows from its output channels co, co + 1 ... */
static NAME(Block) NAME(block)(const NAME(Conv) *c, int co, int width)
{
  const HGConvShape *s = c->s;
  NAME(Block)        b = {.xp = s->xs[3], .yp = s->ys[3], .below = NAME(below)(s), .width = width, .lower = c->lower, .add = c->add};

  b.stream = c->stream;
  b.ahead  = s->k[0] * s->k[1] == 1 && s->groups * s->cin * sizeof(REAL) > 64;
  memcpy(b.ts, s->ts, sizeof(b.ts));
  for (int i = 0; c->bias && i < width; i++) b.bias[i] = c->bias[co + i];
  for (int i = 0; c->threshold && i < width; i++) b.threshold[i] = c->threshold[co + i];
  return b;
}

enum { NAME(PART) = 96 }; /* pixels whose sums wait: enough to use weights from L2 cache often */

/* One block of at most two vectors of output channels of a group */
static void NAME(tiles_box)(const NAME(Conv) *c, int co, const Box *box)
{
  const HGConvShape *s   = c->s;
  const int          one = c->o.cblocks == 1, nx = box->x1 - box->x0;
  const int          px = one ? nx : MinInt(nx, NAME(PART)), py = one ? box->y1 - box->y0 : MaxInt(1, NAME(PART) / nx);
  REAL               part[NAME(PART) * 2 * VLEN];
  NAME(Block)        b = NAME(block)(c, co, MinInt(s->cout - co, 2 * VLEN));

  b.w = c->packed + (ptrdiff_t)co * c->o.nk * s->cin;
  for (int y = box->y0; y < box->y1; y += py) {
    for (int x = box->x0; x < box->x1; x += px) {
      const Box piece = {box->n, box->z, y, MinInt(y + py, box->y1), x, MinInt(x + px, box->x1)};
      NAME(blocks_box)(c, &b, &piece, co, one ? NULL : part);
    }
  }
}

/* Vector v of small groups */
static void NAME(fan_box)(const NAME(Conv) *c, int v, const Box *box)
{
  const HGConvShape *s     = c->s;
  const int          first = v * c->o.interleave, groups = MinInt(c->o.interleave, s->groups - first), nx = box->x1 - box->x0;
  const int          kind  = s->cin > 1 || s->cout > 1 ? NAME(PERMUTED) : groups < VLEN ? NAME(PARTIAL) : NAME(LANES);
  const int          n     = CeilDiv(nx, TILE0), m = nx / n, longer = nx % n;
  NAME(Block)        b     = NAME(block)(c, first * s->cout, groups * s->cout);

  b.w   = c->packed + v * c->o.group;
  b.len = s->cin, b.in = groups * s->cin, b.shared = s->xs[3] == s->ts[2];
  memcpy(b.taps, s->k, sizeof(b.taps));
  for (int i = 0; i < b.width; i++) b.index[i] = i / s->cout * s->cin;
  for (int j = box->y0; j < box->y1; j++) {
    const ptrdiff_t o    = BoxOffset(box, j, box->x0, s->ys) + first * s->cout;
    const REAL     *x    = c->x + BoxOffset(box, j, box->x0, s->xs) + first * s->cin;
    const REAL     *mask = c->mask ? c->mask + o : NULL;
    REAL           *y    = c->y + o;
    for (int t = 0; t < n; t++) {
      const int h = m + (t < longer);
      NAME(tiles_grouped)[h - 1][kind - 1](&b, x, NULL, mask, y);
      x += h * b.xp, y += h * b.yp, mask += mask ? h * b.yp : 0;
    }
  }
}

/* One channel to one channel, points along x contiguous: lanes are pixels, so pixels of the tile are vectors */
static void NAME(pixels_box)(const NAME(Conv) *c, const Box *box)
{
  const HGConvShape *s = c->s;
  const int          nx = box->x1 - box->x0, whole = nx / VLEN;
  NAME(Block)        b = NAME(block)(c, 0, 1);

  b.w = c->packed, b.xp = b.yp = VLEN, b.len = 1, b.in = nx % VLEN;
  memcpy(b.taps, s->k, sizeof(b.taps));
  for (int i = 1; i < VLEN; i++) b.bias[i] = b.bias[0], b.threshold[i] = b.threshold[0];
  for (int j = box->y0; j < box->y1; j++) {
    const ptrdiff_t o    = BoxOffset(box, j, box->x0, s->ys);
    const REAL     *x    = c->x + BoxOffset(box, j, box->x0, s->xs);
    const REAL     *mask = c->mask ? c->mask + o : NULL;
    REAL           *y    = c->y + o;
    b.width = VLEN;
    for (int i = 0, h; i < whole; i += h) {
      h = MinInt(whole - i, TILE0);
      NAME(tiles_grouped)[h - 1][NAME(LANES) - 1](&b, x, NULL, mask, y);
      x += h * VLEN, y += h * VLEN, mask += mask ? h * VLEN : 0;
    }
    b.width = b.in;
    if (b.in) NAME(tiles_grouped)[0][NAME(PARTIAL) - 1](&b, x, NULL, mask, y);
  }
}

/* Block i of output channels */
static void NAME(conv_box)(const NAME(Conv) *all, int i, const Box *box)
{
  const HGConvShape *s = all->s;
  const int          per = all->o.blocks / s->groups; /* blocks of a group */
  NAME(Conv)         c = *all;

  if (c.o.interleave > 1) {
    NAME(fan_box)(&c, i, box);
  } else if (c.o.single && s->xs[3] == 1 && s->ys[3] == 1) {
    NAME(pixels_box)(&c, box);
  } else {
    const ptrdiff_t g = i / per, co = g * s->cout;
    c.x += g * s->cin, c.packed += g * c.o.group, c.y += co;
    c.bias += c.bias ? co : 0, c.mask += c.mask ? co : 0, c.threshold += c.threshold ? co : 0;
    if (c.o.dots) NAME(dots_box)(&c, box);
    else NAME(tiles_box)(&c, i % per * 2 * VLEN, box);
  }
}

/* Threads share the boxes of points and, where these are few, the blocks of output channels. */
static void NAME(conv_packed)(NAME(Conv) *c)
{
  const HGConvShape *s   = c->s;
  const Cut          cut = CutForCache(s, sizeof(REAL));
  const int          parts = MinInt(c->o.blocks, CeilDiv(32, MaxInt(cut.boxes, 1)));

  c->stream = NAME(streams)(c);
#pragma omp parallel for schedule(static) if (cut.boxes * parts > 1)
  for (int i = 0; i < cut.boxes * parts; i++) {
    const Box box = CutBox(&cut, s, i / parts);
    for (int j = PartStart(c->o.blocks, parts, i % parts); j < PartStart(c->o.blocks, parts, i % parts + 1); j++) NAME(conv_box)(c, j, &box);
    if (c->stream) NAME(drain)();
  }
}
