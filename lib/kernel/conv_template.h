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

static size_t NAME(packed_size)(int cin, int cout, const int k[3])
{
  const NAME(Operator) o = NAME(operator)(cin, cout, k);
  return (size_t)o.nk * o.vectors * VLEN * (o.dots ? cout : cin) * sizeof(REAL);
}

/* Weights in any order: element (co, ci, tap) of the operator is w[co * sco + ci * sci + tap * st] */
typedef struct {
  const REAL *w;
  ptrdiff_t   sco, sci, st;
} NAME(Weights);

static void NAME(pack_dots)(int cin, int cout, const NAME(Operator) *o, const NAME(Weights) *a, REAL *p)
{
  for (int t = 0; t < o->nk; t++) {
    for (int v = 0; v < o->vectors; v++) {
      for (int co = 0; co < cout; co++) {
        for (int ci = v * VLEN; ci < (v + 1) * VLEN; ci++) *p++ = ci < cin ? a->w[co * a->sco + ci * a->sci + t * a->st] : 0;
      }
    }
  }
}

/* p: [block of C_out][block of C_in][tap][C_in][1 or 2 vectors of C_out] */
static void NAME(pack_tiles)(int cin, int cout, const NAME(Operator) *o, const NAME(Weights) *a, REAL *p)
{
  for (int v = 0; v < o->vectors; v += 2) {
    const int co0 = v * VLEN, co1 = MinInt(v + 2, o->vectors) * VLEN;
    for (int cb = 0; cb < o->cblocks; cb++) {
      for (int t = 0; t < o->nk; t++) {
        for (int ci = PartStart(cin, o->cblocks, cb); ci < PartStart(cin, o->cblocks, cb + 1); ci++) {
          for (int co = co0; co < co1; co++) *p++ = co < cout ? a->w[co * a->sco + ci * a->sci + t * a->st] : 0;
        }
      }
    }
  }
}

static void NAME(pack_weights)(int cin, int cout, const int k[3], const NAME(Weights) *a, REAL *p)
{
  const NAME(Operator) o = NAME(operator)(cin, cout, k);
  if (o.dots) NAME(pack_dots)(cin, cout, &o, a, p);
  else NAME(pack_tiles)(cin, cout, &o, a, p);
}

static void NAME(pack)(int cin, int cout, const int k[3], const void *w, void *packed)
{
  const ptrdiff_t      nk = (ptrdiff_t)k[0] * k[1] * k[2];
  const NAME(Weights) a  = {w, cin * nk, nk, 1};
  NAME(pack_weights)(cin, cout, k, &a, packed);
}

static void NAME(pack_adjoint)(int cin, int cout, const int k[3], const void *w, void *packed)
{
  const ptrdiff_t      nk = (ptrdiff_t)k[0] * k[1] * k[2];
  const NAME(Weights) a  = {(const REAL *)w + nk - 1, nk, cin * nk, -1};
  NAME(pack_weights)(cout, cin, k, &a, packed);
}

typedef struct {
  const HGConvShape *s;
  NAME(Operator)     o;
  const REAL        *x, *packed, *bias, *mask;
  REAL              *y;
  REAL               lower; /* lower bound that is the activation */
} NAME(Conv);

/* Merges the loops over kx and channels where a tap's channels follow those of the one before. */
static int NAME(merge_taps)(const HGConvShape *s, int whole, int taps[3])
{
  const int merge = whole && s->xs[3] == s->cin;
  taps[0]         = s->k[0];
  taps[1]         = s->k[1];
  taps[2]         = merge ? 1 : s->k[2];
  return merge;
}

static void NAME(dots_box)(const NAME(Conv) *c, const Box *box)
{
  const HGConvShape *s   = c->s;
  NAME(DotsRow)      row = NAME(dots_rows)[s->cin % VLEN > 0][s->cout - 1];
  NAME(Dots)         b   = {.lower = c->lower, .w = c->packed, .yp = s->ys[3], .vectors = c->o.vectors, .rest = s->cin % VLEN};

  memcpy(b.xs, s->xs, sizeof(b.xs));
  for (int i = 0; c->bias && i < NAME(DOTS); i++) b.bias[i] = c->bias[i % s->cout];
  if (NAME(merge_taps)(s, !b.rest, b.taps)) b.vectors *= s->k[2];
  for (int j = box->y0; j < box->y1; j++) {
    const REAL     *x    = c->x + BoxOffset(box, j, box->x0, s->xs);
    const ptrdiff_t o    = BoxOffset(box, j, box->x0, s->ys);
    const REAL     *mask = c->mask ? c->mask + o : NULL;
    row(&b, x, mask, c->y + o, box->x1 - box->x0);
  }
}

/* One block of input and of output channels on a box */
static void NAME(block_box)(const NAME(Conv) *c, const NAME(Block) *b, const Box *box, ptrdiff_t ci, ptrdiff_t co)
{
  const HGConvShape *s    = c->s;
  const int          two  = b->width > VLEN, nx = box->x1 - box->x0;
  const int          n    = CeilDiv(nx, two ? TILE2 : TILE1), m = nx / n, longer = nx % n; /* tiles of m + 1 and m pixels */
  const NAME(Tile)  *tile = two ? NAME(tiles2) : NAME(tiles1);

  for (int j = box->y0; j < box->y1; j++) {
    const ptrdiff_t o    = BoxOffset(box, j, box->x0, s->ys) + co;
    const REAL     *x    = c->x + BoxOffset(box, j, box->x0, s->xs) + ci;
    const REAL     *mask = c->mask ? c->mask + o : NULL;
    REAL           *y    = c->y + o;
    for (int t = 0; t < n; t++) {
      const int h = m + (t < longer);
      tile[h - 1](b, x, mask, y);
      x += h * s->xs[3], y += h * s->ys[3], mask += mask ? h * s->ys[3] : 0;
    }
  }
}

static void NAME(tiles_box)(const NAME(Conv) *c, const Box *box)
{
  const HGConvShape *s = c->s;
  NAME(Block)        b = {.w = c->packed, .yp = s->ys[3]};

  memcpy(b.xs, s->xs, sizeof(b.xs));
  for (int co = 0; co < s->cout; co += 2 * VLEN) {
    b.width = MinInt(s->cout - co, 2 * VLEN);
    for (int i = 0; i < 2 * VLEN; i++) b.bias[i] = c->bias && i < b.width ? c->bias[co + i] : 0;
    for (int cb = 0; cb < c->o.cblocks; cb++) {
      const int c0 = PartStart(s->cin, c->o.cblocks, cb), c1 = PartStart(s->cin, c->o.cblocks, cb + 1);
      b.len   = c1 - c0;
      b.first = cb == 0;
      b.lower = cb == c->o.cblocks - 1 ? c->lower : (REAL)-INFINITY;
      if (NAME(merge_taps)(s, b.len == s->cin, b.taps)) b.len *= s->k[2];
      NAME(block_box)(c, &b, box, c0, co);
      b.w += (ptrdiff_t)c->o.nk * (c1 - c0) * (b.width > VLEN ? 2 : 1) * VLEN;
    }
  }
}

static void NAME(conv)(const HGConvShape *s, const void *x, const void *packed, const void *bias, HGActivation act,
                       const void *mask, void *y)
{
  const NAME(Conv) c = {s, NAME(operator)(s->cin, s->cout, s->k), x, packed, bias, mask, y, act == HG_ACT_RELU ? 0 : (REAL)-INFINITY};
  const Cut        cut = CutForCache(s, sizeof(REAL));

#pragma omp parallel for schedule(static) if (cut.boxes > 1)
  for (int i = 0; i < cut.boxes; i++) {
    const Box box = CutBox(&cut, s, i);
    if (c.o.dots) NAME(dots_box)(&c, &box);
    else NAME(tiles_box)(&c, &box);
  }
}
