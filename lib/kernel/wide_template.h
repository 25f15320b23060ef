/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/*
  Convolutions with so many weights that packing all of them would cost another pass through memory: they are taken as they
  are. Each thread brings those of a block of output and of input channels into the order of the register tiles, in
  scratch that stays in its cache, and uses them at once for all points of a chunk.
*/

enum {
  NAME(RUN)         = 512,                         /* elements from the first to the last tap of a block of taps that is transposed */
  NAME(WIDE_BLOCK)  = 192 * 1024,                  /* bytes of packed weights */
  NAME(WIDE_MOST)   = 256,                         /* input channels of a block */
  NAME(WIDE_BLOCKS) = 24,                          /* blocks of output channels of a pass over few points, if these are contiguous */
  NAME(WIDE_SUMS)   = 1024,                        /* sums of one or two vectors that wait for the next block */
  NAME(WIDE_PIXELS) = 256                          /* pixels of a box */
};

/* Weights of a group, in the order that they have in memory */
typedef struct {
  const REAL *w;
  ptrdiff_t   so, si, st[3];
  int         k[3], nk;
  ptrdiff_t   lowest;        /* of the taps */
  int         run;           /* elements from there to the last tap, 0 if they are more than RUN or overlap */
  int         merged;        /* runs of neighbouring input channels follow one another */
  short       tap[NAME(RUN)]; /* tap at each element of a run, -1 for none */
} NAME(Source);

INLINE ptrdiff_t NAME(tap_offset)(const NAME(Source) *a, int t)
{
  return t / a->k[2] / a->k[1] * a->st[0] + t / a->k[2] % a->k[1] * a->st[1] + t % a->k[2] * a->st[2];
}

static void NAME(find_run)(NAME(Source) *a)
{
  ptrdiff_t highest = 0;

  for (int d = 0; d < 3; d++) {
    const ptrdiff_t last = (a->k[d] - 1) * a->st[d];
    a->lowest += last < 0 ? last : 0, highest += last > 0 ? last : 0;
  }
  if (highest - a->lowest >= NAME(RUN)) return;
  a->run    = (int)(highest - a->lowest) + 1;
  a->merged = a->si == a->run;
  for (int i = 0; i < a->run; i++) a->tap[i] = -1;
  for (int t = 0; t < a->nk && a->run; t++) {
    short *to = &a->tap[NAME(tap_offset)(a, t) - a->lowest];
    if (*to >= 0) a->run = 0;
    else *to = (short)t;
  }
}

static NAME(Source) NAME(source)(const HGConvWeights *w, int group, const int k[3])
{
  NAME(Source) a = {.w = (const REAL *)w->w + group * w->sg, .so = w->so, .si = w->si, .nk = k[0] * k[1] * k[2]};
  memcpy(a.st, w->st, sizeof(a.st)), memcpy(a.k, k, sizeof(a.k));
  NAME(find_run)(&a);
  return a;
}

/* Where the weights of a block go: tap t, input channel c, vector v of output channels at p + t * tap + c * channel + v * VLEN */
typedef struct {
  REAL     *p;
  ptrdiff_t tap, channel;
} NAME(Packed);

/* Output channels contiguous: all vectors of each input channel in turn, those from 2 `next` elements apart */
static void NAME(pack_copy)(const NAME(Source) *a, int co, int nco, int c0, int nc, const NAME(Packed) *to, ptrdiff_t next)
{
  for (int c = 0; c < nc; c++) {
    for (int t = 0; t < a->nk; t++) {
      const REAL *w = a->w + co + (c0 + c) * a->si + NAME(tap_offset)(a, t);
      for (int v = 0, left = nco; left > 0; v++, left -= VLEN) {
        const int rest = left <= VLEN && v % 2 == 0; /* the last block has one vector */
        REAL     *p    = to->p + v / 2 * next + (t * to->tap + c * to->channel) / (rest ? 2 : 1) + v % 2 * VLEN;
        __builtin_prefetch(w + v * VLEN + 8 * a->si);
        NAME(store)(p, left >= VLEN ? NAME(load)(w + v * VLEN) : NAME(load_n)(w + v * VLEN, left));
      }
    }
  }
}

/* Up to VLEN columns, which are elements of a run, of VLEN rows, which are output channels */
INLINE void NAME(pack_square)(const NAME(Source) *a, const REAL *w, const NAME(Packed) *to, REAL **p, int *at, const int n)
{
  V v[VLEN];

  UNROLL for (int i = 0; i < VLEN; i++) {
    v[i] = n == VLEN ? NAME(load)(w + i * a->so) : NAME(load_n)(w + i * a->so, n);
    __builtin_prefetch(w + i * a->so + 256 / sizeof(REAL));
  }
  NAME(transpose)(v);
  UNROLL for (int i = 0; i < VLEN; i++) {
    if (i < n) {
      if (a->tap[*at] >= 0) NAME(store)(*p + a->tap[*at] * to->tap, v[i]);
      if (++*at == a->run) *at = 0, *p += to->channel;
    }
  }
}

NOINLINE void NAME(pack_run)(const NAME(Source) *a, const REAL *w, int length, const NAME(Packed) *to, REAL *p)
{
  int at = 0;
  for (; length >= VLEN; length -= VLEN, w += VLEN) NAME(pack_square)(a, w, to, &p, &at, VLEN);
  if (length == 9 % VLEN) NAME(pack_square)(a, w, to, &p, &at, 9 % VLEN);
  else if (length > 0) NAME(pack_square)(a, w, to, &p, &at, length);
}

static void NAME(pack_elements)(const NAME(Source) *a, int co, int n, int c0, int nc, const NAME(Packed) *to, REAL *p)
{
  for (int c = 0; c < nc; c++) {
    for (int t = 0; t < a->nk; t++) {
      const REAL *w = a->w + co * a->so + (c0 + c) * a->si + NAME(tap_offset)(a, t);
      for (int i = 0; i < VLEN; i++) p[t * to->tap + c * to->channel + i] = i < n ? w[i * a->so] : 0;
    }
  }
}

/* Output channels co ... co + nco - 1 <= 2 VLEN, input channels c0 ... c0 + nc - 1 */
static void NAME(pack_block)(const NAME(Source) *a, int co, int nco, int c0, int nc, const NAME(Packed) *to)
{
  for (int v = 0; v * VLEN < nco; v++) {
    const int   n = MinInt(VLEN, nco - v * VLEN), runs = a->merged ? 1 : nc;
    REAL       *p = to->p + v * VLEN;
    const REAL *w = a->w + (co + v * VLEN) * a->so + c0 * a->si + a->lowest;
    if (n < VLEN || !a->run) NAME(pack_elements)(a, co + v * VLEN, n, c0, nc, to, p);
    else {
      for (int r = 0; r < runs; r++) {
        for (ptrdiff_t i = 0; !a->merged && a->so == a->run && i < VLEN * a->so; i += 64 / (ptrdiff_t)sizeof(REAL)) __builtin_prefetch(w + (r + 8) * a->si + i);
        NAME(pack_run)(a, w + r * a->si, a->run * (nc / runs), to, p + r * to->channel);
      }
    }
  }
}

/* Input channels of a block of a direct convolution, from the operator alone: the order of sums depends on it if there are several taps */
static int NAME(wide_channels)(int nk)
{
  return MaxInt(1, MinInt(NAME(WIDE_MOST), NAME(WIDE_BLOCK) / (2 * BYTES) / nk));
}

static size_t NAME(wide_packed)(int nk) /* elements of packed weights */
{
  return (size_t)MaxInt(NAME(WIDE_BLOCK) / sizeof(REAL), nk * 2 * VLEN);
}

static size_t NAME(wide_work)(int nk)
{
  return (NAME(wide_packed)(nk) + (size_t)NAME(WIDE_SUMS) * 2 * VLEN) * sizeof(REAL);
}

static int NAME(empty)(const HGConvShape *s)
{
  return s->batch < 1 || s->n[0] < 1 || s->n[1] < 1 || s->n[2] < 1;
}

/* Axes of the points that are one with those inside of them in both arrays become one: long rows */
static HGConvShape NAME(merge_points)(const HGConvShape *s)
{
  HGConvShape m    = *s;
  int         n[4] = {s->batch, s->n[0], s->n[1], s->n[2]};

  for (int a = 2; a >= 0 && !NAME(empty)(s); a--) {
    if (n[a] == 1) continue;
    if (n[3] == 1) m.xs[3] = m.xs[a], m.ys[3] = m.ys[a];
    else if (m.xs[a] != n[3] * m.xs[3] || m.ys[a] != n[3] * m.ys[3] || n[a] > INT_MAX / n[3]) break;
    n[3] *= n[a], n[a] = 1;
  }
  m.batch = n[0];
  memcpy(m.n, n + 1, sizeof(m.n));
  return m;
}

/* What the threads share */
typedef struct {
  NAME(Conv)   c;
  Cut          cut;
  NAME(Source) w;
  int          most;     /* input channels of a block */
  int          boxes;    /* boxes of a chunk */
  int          blocks;   /* blocks of output channels of a pass */
} NAME(Wide);

/* One block of input channels for one of output channels; first, last: of these */
static void NAME(wide_points)(const NAME(Wide) *d, const REAL *w, int co, int c0, int c1, int box0, int box1, REAL *sums)
{
  const NAME(Conv)  *c  = &d->c;
  const HGConvShape *s  = c->s;
  const int          width = MinInt(s->cout - co, 2 * VLEN), nv = CeilDiv(width, VLEN), last = c1 == s->cin;
  NAME(Block)        b  = NAME(block)(c, co, width);

  b.w    = w;
  b.len  = c1 - c0;
  b.from = c0 ? nv * VLEN : 0;
  if (!last) b.width = nv * VLEN, b.yp = nv * VLEN, b.lower = (REAL)-INFINITY, b.add = 0;
  if (NAME(merge_taps)(s, b.len == s->cin, b.taps)) b.len *= s->k[2];
  for (int i = box0; i < box1; i++) {
    const Box box = CutBox(&d->cut, s, i);
    NAME(block_box)(c, &b, &box, c0, co, sums, last);
    sums += (ptrdiff_t)(box.y1 - box.y0) * (box.x1 - box.x0) * nv * VLEN;
  }
}

/* Output channels co ... co + nco - 1 */
static void NAME(wide_chunk)(const NAME(Wide) *d, int co, int nco, int box0, int box1, REAL *scratch)
{
  const HGConvShape *s = d->c.s;
  REAL              *sums = scratch + NAME(wide_packed)(d->w.nk);
  const int          blocks = CeilDiv(s->cin, d->most), n = CeilDiv(nco, 2 * VLEN);
  const ptrdiff_t    next = (ptrdiff_t)d->most * d->w.nk * 2 * VLEN;

  for (int i = 0; i < blocks; i++) {
    const int c0 = PartStart(s->cin, blocks, i), c1 = PartStart(s->cin, blocks, i + 1), nc = c1 - c0;
    if (d->w.so == 1) NAME(pack_copy)(&d->w, co, nco, c0, nc, &(NAME(Packed)){scratch, (ptrdiff_t)nc * 2 * VLEN, 2 * VLEN}, next);
    for (int b = 0; b < n; b++) {
      const int       first = co + b * 2 * VLEN, width = MinInt(2 * VLEN, nco - b * 2 * VLEN), nv = CeilDiv(width, VLEN);
      REAL           *w     = scratch + b * next;
      if (d->w.so != 1) NAME(pack_block)(&d->w, first, width, c0, nc, &(NAME(Packed)){w, (ptrdiff_t)nc * nv * VLEN, nv * VLEN});
      NAME(wide_points)(d, w, first, c0, c1, box0, box1, sums + (ptrdiff_t)b * (NAME(WIDE_SUMS) / n) * 2 * VLEN);
    }
  }
}

/* Sizes of the chunks, so that all threads have some; bits do not depend on them */
static void NAME(wide_cut)(NAME(Wide) *d, int threads)
{
  const HGConvShape *s = d->c.s;
  const int          vectors = CeilDiv(s->cout, 2 * VLEN), rows = MaxInt(1, MinInt(s->n[1], NAME(WIDE_PIXELS) / MaxInt(1, s->n[2])));
  const int          pixels = rows * MinInt(s->n[2], NAME(WIDE_PIXELS)); /* of a box */

  d->cut    = CutShape(s, rows, NAME(WIDE_PIXELS));
  d->boxes  = MaxInt(1, MinInt(d->cut.boxes, NAME(WIDE_SUMS) / MaxInt(1, pixels)));
  d->blocks = d->w.so == 1 && d->w.nk == 1 ? MaxInt(1, MinInt(NAME(WIDE_BLOCKS), NAME(WIDE_SUMS) / MaxInt(1, pixels * d->boxes))) : 1;
  while (d->blocks > 1 && Uneven(CeilDiv(vectors, d->blocks) * CeilDiv(d->cut.boxes, d->boxes), threads)) d->blocks = CeilDiv(d->blocks, 2);
  if (d->w.nk == 1) d->most = MinInt(NAME(WIDE_MOST), NAME(WIDE_BLOCK) / (2 * BYTES) / d->blocks);
  while (d->boxes > 1 && Uneven(CeilDiv(vectors, d->blocks) * CeilDiv(d->cut.boxes, d->boxes), threads)) d->boxes = CeilDiv(d->boxes, 2);
}

/* One group */
static void NAME(wide_group)(const NAME(Conv) *c, const HGConvWeights *w, int group, REAL *work)
{
  const HGConvShape *s = c->s;
  const size_t       size = NAME(wide_work)(c->o.nk) / sizeof(REAL);
  const int          threads = omp_in_parallel() ? 1 : omp_get_max_threads();
  NAME(Wide)         d = {.c = *c, .w = NAME(source)(w, group, s->k), .most = NAME(wide_channels)(c->o.nk)};

  NAME(wide_cut)(&d, threads);
  const int channels = d.blocks * 2 * VLEN, n = CeilDiv(s->cout, channels), chunks = CeilDiv(d.cut.boxes, d.boxes);
#pragma omp parallel for schedule(static) collapse(2) num_threads(threads) if (threads > 1)
  for (int i = 0; i < chunks; i++) {
    for (int j = 0; j < n; j++) {
      NAME(wide_chunk)(&d, j * channels, MinInt(channels, s->cout - j * channels), i * d.boxes, MinInt((i + 1) * d.boxes, d.cut.boxes),
                       work + omp_get_thread_num() * size);
    }
  }
}

static void NAME(conv_wide)(const NAME(Conv) *all, const HGConvWeights *w, void *work)
{
  const HGConvShape s = NAME(merge_points)(all->s);

  for (int g = 0; g < s.groups && !NAME(empty)(&s); g++) {
    const ptrdiff_t co = (ptrdiff_t)g * s.cout;
    NAME(Conv)      c = *all;
    c.s = &s;
    c.x += (ptrdiff_t)g * s.cin, c.y += co;
    c.bias += c.bias ? co : 0, c.mask += c.mask ? co : 0, c.threshold += c.threshold ? co : 0;
    NAME(wide_group)(&c, w, g, work);
  }
}
