/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* Packing of weights, and the forward convolution over boxes of rows */

/* Which path serves the channel counts, and how it blocks them: a function of the operator alone, as packed weights and
   the order of sums depend on it. */
typedef struct {
  int nk;      /* taps */
  int dots;    /* path for few output channels: lanes are input channels */
  int vectors; /* vectors of output channels, of input channels if dots */
  int cblocks; /* blocks of input channels, so that the weights of one block of output channels stay in L2 cache */
} NAME(Operator);

static NAME(Operator) NAME(operator)(int cin, int cout, const int k[3])
{
  NAME(Operator) o;
  const int      cv = CeilDiv(cin, VLEN);

  o.nk      = k[0] * k[1] * k[2];
  o.dots    = cout <= 4 && cout * (o.nk * cv + 4) < o.nk * cin;
  o.vectors = o.dots ? cv : CeilDiv(cout, VLEN);
  o.cblocks = o.dots ? 1 : MinInt(cin, CeilDiv(o.nk * cin, 384 * 1024 / (2 * BYTES)));
  return o;
}

static size_t NAME(packed_group)(const NAME(Operator) *o, int cin, int cout)
{
  return (size_t)o->nk * o->vectors * VLEN * (o->dots ? cout : cin);
}

static size_t NAME(packed_size)(int groups, int cin, int cout, const int k[3])
{
  const NAME(Operator) o = NAME(operator)(cin, cout, k);
  return groups * NAME(packed_group)(&o, cin, cout) * sizeof(REAL);
}

/* Weight of tap t, element (co, ci) of a group */
INLINE REAL NAME(weight)(const HGConvWeights *a, const int k[3], int group, int co, int ci, int t)
{
  const REAL *w = a->w;
  const int   kx = t % k[2], ky = t / k[2] % k[1], kz = t / k[2] / k[1];
  return w[group * a->sg + co * a->so + ci * a->si + kz * a->st[0] + ky * a->st[1] + kx * a->st[2]];
}

static void NAME(pack_dots)(int g, int cin, int cout, const int k[3], const HGConvWeights *w, REAL *p)
{
  const NAME(Operator) o = NAME(operator)(cin, cout, k);
  for (int t = 0; t < o.nk; t++) {
    for (int v = 0; v < o.vectors; v++) {
      for (int co = 0; co < cout; co++) {
        for (int ci = v * VLEN; ci < (v + 1) * VLEN; ci++) *p++ = ci < cin ? NAME(weight)(w, k, g, co, ci, t) : 0;
      }
    }
  }
}

/* p: [block of C_out][block of C_in][tap][C_in][1 or 2 vectors of C_out] */
static void NAME(pack_tiles)(int g, int cin, int cout, const int k[3], const HGConvWeights *w, REAL *p)
{
  const NAME(Operator) o = NAME(operator)(cin, cout, k);
  for (int v = 0; v < o.vectors; v += 2) {
    const int co0 = v * VLEN, co1 = MinInt(v + 2, o.vectors) * VLEN;
    for (int cb = 0; cb < o.cblocks; cb++) {
      for (int t = 0; t < o.nk; t++) {
        for (int ci = PartStart(cin, o.cblocks, cb); ci < PartStart(cin, o.cblocks, cb + 1); ci++) {
          for (int co = co0; co < co1; co++) *p++ = co < cout ? NAME(weight)(w, k, g, co, ci, t) : 0;
        }
      }
    }
  }
}

static void NAME(pack)(int groups, int cin, int cout, const int k[3], const HGConvWeights *w, void *packed)
{
  const NAME(Operator) o = NAME(operator)(cin, cout, k);
#pragma omp parallel for schedule(static) if (groups > 1)
  for (int g = 0; g < groups; g++) {
    REAL *p = (REAL *)packed + g * NAME(packed_group)(&o, cin, cout);
    if (o.dots) NAME(pack_dots)(g, cin, cout, k, w, p);
    else NAME(pack_tiles)(g, cin, cout, k, w, p);
  }
}

/* One group of a convolution */
typedef struct {
  const HGConvShape *s;
  NAME(Operator)     o;
  const REAL        *x, *packed, *bias, *mask, *threshold;
  REAL              *y;
  REAL               lower; /* lower bound that is the activation */
  int                add;
} NAME(Conv);

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
static const REAL *NAME(blocks_box)(const NAME(Conv) *c, NAME(Block) *b, const Box *box, int co, REAL *part)
{
  const HGConvShape *s  = c->s;
  const int          nv = b->width > VLEN ? 2 : 1, width = b->width;
  const REAL        *w0 = b->w;

  for (int cb = 0; cb < c->o.cblocks; cb++) {
    const int c0 = PartStart(s->cin, c->o.cblocks, cb), c1 = PartStart(s->cin, c->o.cblocks, cb + 1), last = cb == c->o.cblocks - 1;
    b->len   = c1 - c0;
    b->from  = cb ? nv * VLEN : 0;
    b->width = last ? width : nv * VLEN;
    b->yp    = last ? s->ys[3] : nv * VLEN;
    b->lower = last ? c->lower : (REAL)-INFINITY;
    b->add   = last && c->add;
    b->shared = nv == 1 && s->k[2] > 1 && s->xs[3] == s->ts[2];
    if (NAME(merge_taps)(s, !b->shared && b->len == s->cin, b->taps)) b->len *= s->k[2];
    NAME(block_box)(c, b, box, c0, co, part, last);
    b->w += (ptrdiff_t)c->o.nk * (c1 - c0) * nv * VLEN;
  }
  {
    const REAL *end = b->w;
    b->w            = w0;
    return end;
  }
}

enum { NAME(PART) = 96 }; /* pixels whose sums wait: enough to use weights from L2 cache often */

static void NAME(tiles_box)(const NAME(Conv) *c, const Box *box)
{
  const HGConvShape *s = c->s;
  NAME(Block)        b = {.w = c->packed, .xp = s->xs[3], .below = NAME(below)(s)};
  const int          one = c->o.cblocks == 1, nx = box->x1 - box->x0;
  const int          px = one ? nx : MinInt(nx, NAME(PART)), py = one ? box->y1 - box->y0 : MaxInt(1, NAME(PART) / nx);
  REAL               part[NAME(PART) * 2 * VLEN];

  memcpy(b.ts, s->ts, sizeof(b.ts));
  for (int co = 0; co < s->cout; co += 2 * VLEN) {
    const REAL *end = b.w;
    b.width         = MinInt(s->cout - co, 2 * VLEN);
    for (int i = 0; i < 2 * VLEN; i++) b.bias[i] = c->bias && i < b.width ? c->bias[co + i] : 0;
    for (int i = 0; i < 2 * VLEN; i++) b.threshold[i] = c->threshold && i < b.width ? c->threshold[co + i] : 0;
    for (int y = box->y0; y < box->y1; y += py) {
      for (int x = box->x0; x < box->x1; x += px) {
        const Box piece = {box->n, box->z, y, MinInt(y + py, box->y1), x, MinInt(x + px, box->x1)};
        b.width         = MinInt(s->cout - co, 2 * VLEN);
        end             = NAME(blocks_box)(c, &b, &piece, co, one ? NULL : part);
      }
    }
    b.w = end;
  }
}

static void NAME(conv)(const HGConvShape *s, const void *x, const void *packed, const HGConvStore *store, void *y)
{
  const REAL          *xs = x, *ws = packed, *bias = store->bias, *mask = store->mask, *threshold = store->threshold;
  const NAME(Operator) o   = NAME(operator)(s->cin, s->cout, s->k);
  const Cut            cut = CutForCache(s, sizeof(REAL));

#pragma omp parallel for schedule(static) collapse(2) if (cut.boxes * s->groups > 1)
  for (int i = 0; i < cut.boxes; i++) {
    for (int g = 0; g < s->groups; g++) {
      const ptrdiff_t  co  = (ptrdiff_t)g * s->cout;
      const Box        box = CutBox(&cut, s, i);
      const NAME(Conv) c   = {s, o, xs + (ptrdiff_t)g * s->cin, ws + g * NAME(packed_group)(&o, s->cin, s->cout), bias ? bias + co : NULL,
                              mask ? mask + co : NULL, threshold ? threshold + co : NULL, (REAL *)y + co,
                              store->act == HG_ACT_RELU ? 0 : (REAL)-INFINITY, store->add};
      if (o.dots) NAME(dots_box)(&c, &box);
      else NAME(tiles_box)(&c, &box);
    }
  }
}
