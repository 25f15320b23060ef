/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* Sums over the points of each sample and channel, and normalisation by coefficients of each sample and channel */

#define PARTS 32 /* of a sample, summed by themselves */

typedef double NAME(Wide) __attribute__((vector_size(VLEN * 8)));

static size_t NAME(sums_work)(const HGFieldShape *s)
{
  return (size_t)MaxInt(s->batch, 0) * PARTS * 2 * (size_t)CeilDiv(s->channels, VLEN) * sizeof(NAME(Wide));
}

/* Adds the sums of w elements of each pixel of a piece */
INLINE void NAME(piece_sums)(const HGFieldShape *s, const REAL *x, const REAL *dy, V centre, int pixels, int w, NAME(Wide) sum[2])
{
  const NAME(Wide) c = __builtin_convertvector(centre, NAME(Wide));
  NAME(Wide)       a = sum[0], b = sum[1];
  for (int i = 0; i < pixels; i++, x += s->xs[3]) {
    const NAME(Wide) v = __builtin_convertvector(NAME(get)(x, w), NAME(Wide)) - c;
    NAME(Wide)       d = v;
    if (dy) {
      d = __builtin_convertvector(NAME(get)(dy, w), NAME(Wide));
      dy += s->ys[3];
    }
    a += d;
    b += d * v;
  }
  sum[0] = a;
  sum[1] = b;
}

INLINE void NAME(part_sums)(const HGFieldShape *s, const Piece *b, const REAL *x, const REAL *dy, const REAL *centre, NAME(Wide) *sum)
{
  FOR_VECTORS(c, w, s->channels) {
    const V     m = NAME(get)(centre + c, w);
    const REAL *p = x + PieceOffset(b, s->xs) + c;
    if (dy && w == VLEN) NAME(piece_sums)(s, p, dy + PieceOffset(b, s->ys) + c, m, b->x1 - b->x0, VLEN, sum + 2 * (c / VLEN));
    else if (dy) NAME(piece_sums)(s, p, dy + PieceOffset(b, s->ys) + c, m, b->x1 - b->x0, w, sum + 2 * (c / VLEN));
    else if (w == VLEN) NAME(piece_sums)(s, p, NULL, m, b->x1 - b->x0, VLEN, sum + 2 * (c / VLEN));
    else NAME(piece_sums)(s, p, NULL, m, b->x1 - b->x0, w, sum + 2 * (c / VLEN));
  }
}

/* work: [N][PARTS][vectors of C][2] */
static void NAME(sums)(const HGFieldShape *s, const void *x, const void *dy, const void *centre, ptrdiff_t sample, void *work, double *sum)
{
  const Pieces cut   = CutRows(s->batch, s->n, s->channels, sizeof(REAL));
  const int    each  = s->batch > 0 ? cut.pieces / s->batch : 0, vectors = CeilDiv(s->channels, VLEN); /* pieces of a sample */
  double      *parts = (double *)work;

  if (!vectors) return; /* this rank has no channels */
#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < s->batch * PARTS; i++) {
    NAME(Wide) acc[2 * vectors]; /* on the stack, since work need not be aligned */
    memset(acc, 0, sizeof(acc));
    for (int j = PartStart(each, PARTS, i % PARTS); j < PartStart(each, PARTS, i % PARTS + 1); j++) {
      const Piece b = GetPiece(&cut, s->n, i / PARTS * each + j);
      NAME(part_sums)(s, &b, x, dy, (const REAL *)centre + b.n * sample, acc);
    }
    memcpy(parts + (ptrdiff_t)i * 2 * vectors * VLEN, acc, sizeof(acc));
  }
  for (int n = 0; n < s->batch; n++) {
    for (int c = 0; c < s->channels; c++) {
      for (int k = 0; k < 2; k++) {
        double total = 0;
        for (int p = 0; p < PARTS; p++) total += parts[(((ptrdiff_t)(n * PARTS + p) * vectors + c / VLEN) * 2 + k) * VLEN + c % VLEN];
        sum[((ptrdiff_t)n * s->channels + c) * 2 + k] = total;
      }
    }
  }
}

static void NAME(normalize)(const HGFieldShape *s, const HGNormalization *k, const void *x, void *y)
{
  const Pieces cut   = CutRows(s->batch, s->n, s->channels, sizeof(REAL));
  const V      lower = NAME(set)(k->act == HG_ACT_RELU ? 0 : -INFINITY);

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece     b    = GetPiece(&cut, s->n, i);
    const ptrdiff_t at   = b.n * k->sample;
    const REAL     *from = (const REAL *)x + PieceOffset(&b, s->xs);
    REAL           *to   = (REAL *)y + PieceOffset(&b, s->ys);
    FOR_VECTORS(c, w, s->channels) {
      const V centre = NAME(get)((const REAL *)k->centre + at + c, w), scale = NAME(get)((const REAL *)k->scale + at + c, w);
      const V shift  = NAME(get)((const REAL *)k->shift + at + c, w);
      for (int j = 0; j < b.x1 - b.x0; j++) {
        const V v = NAME(get)(from + j * s->xs[3] + c, w);
        NAME(put)(to + j * s->ys[3] + c, NAME(max)((v - centre) * scale + shift, lower), w);
      }
    }
  }
}

static void NAME(normalize_adjoint)(const HGFieldShape *s, const HGNormalization *k, const void *x, const void *dy, const HGFieldStore *store,
                                    void *dx)
{
  const Pieces cut = CutRows(s->batch, s->n, s->channels, sizeof(REAL));

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece     b  = GetPiece(&cut, s->n, i);
    const ptrdiff_t at = b.n * k->sample, to = PieceOffset(&b, s->xs), from = PieceOffset(&b, s->ys);
    FOR_VECTORS(c, w, s->channels) {
      const V centre = NAME(get)((const REAL *)k->centre + at + c, w), scale = NAME(get)((const REAL *)k->scale + at + c, w);
      const V shift  = NAME(get)((const REAL *)k->shift + at + c, w), slope = NAME(get)((const REAL *)k->slope + at + c, w);
      for (int j = 0; j < b.x1 - b.x0; j++) {
        const V v = NAME(get)((const REAL *)x + to + j * s->xs[3] + c, w), d = NAME(get)((const REAL *)dy + from + j * s->ys[3] + c, w);
        NAME(store_result)(store, d * scale + (v - centre) * slope + shift, dx, to + j * s->xs[3] + c, c, w);
      }
    }
  }
}
#undef PARTS
