/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* Functions of each element by itself, sums of several arrays, softmax over channels */

/* An adjoint's result r at w elements of dx, whose channels begin with c */
INLINE void NAME(store_result)(const HGFieldStore *store, V r, REAL *dx, ptrdiff_t at, int c, int w)
{
  if (store->mask) {
    const V mask = NAME(get)((const REAL *)store->mask + at, w);
    r = NAME(where_above)(mask, store->threshold ? NAME(get)((const REAL *)store->threshold + c, w) : NAME(set)(0), r);
  }
  if (store->add) r += NAME(get)(dx + at, w);
  NAME(put)(dx + at, r, w);
}

/* The length of runs of elements in a piece: the whole piece if its pixels touch in both arrays */
INLINE int NAME(run)(const HGFieldShape *s, const Piece *p, int merge)
{
  return merge && s->xs[3] == s->channels && s->ys[3] == s->channels ? (p->x1 - p->x0) * s->channels : s->channels;
}

INLINE void NAME(map)(const HGFieldShape *s, const REAL *x, REAL *y, REAL p, V (*f)(V, REAL))
{
  const Pieces cut = CutRows(s->batch, s->n, s->channels, sizeof(REAL));

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece b   = GetPiece(&cut, s->n, i);
    const int   run = NAME(run)(s, &b, 1), runs = (b.x1 - b.x0) * s->channels / run;
    ptrdiff_t   from = PieceOffset(&b, s->xs), to = PieceOffset(&b, s->ys);
    for (int r = 0; r < runs; r++, from += s->xs[3], to += s->ys[3]) {
      FOR_VECTORS(e, w, run) NAME(put)(y + to + e, f(NAME(get)(x + from + e, w), p), w);
    }
  }
}

/* v has the strides vs */
INLINE void NAME(map_adjoint)(const HGFieldShape *s, const REAL *v, const ptrdiff_t vs[4], const REAL *dy, const HGFieldStore *store,
                              REAL *dx, REAL p, V (*f)(V, V, REAL))
{
  const Pieces cut = CutRows(s->batch, s->n, s->channels, sizeof(REAL));

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece b   = GetPiece(&cut, s->n, i);
    const int   run = NAME(run)(s, &b, !store->threshold), runs = (b.x1 - b.x0) * s->channels / run;
    ptrdiff_t   to = PieceOffset(&b, s->xs), from = PieceOffset(&b, s->ys), at = PieceOffset(&b, vs);
    for (int r = 0; r < runs; r++, to += s->xs[3], from += s->ys[3], at += vs[3]) {
      FOR_VECTORS(e, w, run) NAME(store_result)(store, f(NAME(get)(v + at + e, w), NAME(get)(dy + from + e, w), p), dx, to + e, e, w);
    }
  }
}

/* A function f of x, and dy f'(x) computed from x or from y = f(x) as HGActivationKeepsOutput() says */
INLINE V NAME(f_identity)(V x, REAL p)
{
  (void)p;
  return x;
}

INLINE V NAME(d_identity)(V y, V dy, REAL p)
{
  (void)y, (void)p;
  return dy;
}

INLINE V NAME(f_relu)(V x, REAL p)
{
  (void)p;
  return NAME(max)(x, NAME(set)(0));
}

INLINE V NAME(d_relu)(V y, V dy, REAL p)
{
  (void)p;
  return NAME(where_above)(y, NAME(set)(0), dy);
}

INLINE V NAME(f_leaky)(V x, REAL p) /* p >= 0 */
{
  return NAME(select)(x > 0, x, x * p);
}

INLINE V NAME(d_leaky)(V y, V dy, REAL p)
{
  return NAME(select)(y > 0, dy, dy * p);
}

INLINE V NAME(f_elu)(V x, REAL p) /* p >= 0 */
{
  return NAME(select)(x > 0, x, NAME(expm1)(x) * p);
}

INLINE V NAME(d_elu)(V y, V dy, REAL p)
{
  return NAME(select)(y > 0, dy, dy * (y + p));
}

INLINE V NAME(f_gelu)(V x, REAL p)
{
  V density;
  (void)p;
  return x * NAME(normal_cdf)(x, &density);
}

INLINE V NAME(d_gelu)(V x, V dy, REAL p)
{
  V       density;
  const V cdf = NAME(normal_cdf)(x, &density);
  (void)p;
  return dy * (cdf + NAME(select)(density > 0, x * density, density));
}

INLINE V NAME(f_silu)(V x, REAL p)
{
  (void)p;
  return x * NAME(sigmoid)(x);
}

INLINE V NAME(d_silu)(V x, V dy, REAL p)
{
  const V one = NAME(set)(1), s = NAME(sigmoid)(x);
  (void)p;
  return dy * s * (one + x * (one - s));
}

INLINE V NAME(f_tanh)(V x, REAL p)
{
  (void)p;
  return NAME(tanh)(x);
}

INLINE V NAME(d_tanh)(V y, V dy, REAL p)
{
  const V one = NAME(set)(1);
  (void)p;
  return dy * ((one - y) * (one + y));
}

INLINE V NAME(f_sigmoid)(V x, REAL p)
{
  (void)p;
  return NAME(sigmoid)(x);
}

INLINE V NAME(d_sigmoid)(V y, V dy, REAL p)
{
  (void)p;
  return dy * (y * (NAME(set)(1) - y));
}

INLINE V NAME(f_softplus)(V x, REAL p) /* max(x, 0) + log(1 + exp(-|x|)) */
{
  (void)p;
  return NAME(max)(x, NAME(set)(0)) + NAME(log1p)(NAME(exp)(NAME(set)(0) - NAME(abs)(x)));
}

INLINE V NAME(d_softplus)(V y, V dy, REAL p) /* 1 / (1 + exp(-x)) = 1 - exp(-y) */
{
  (void)p;
  return NAME(set)(0) - dy * NAME(expm1)(NAME(set)(0) - y);
}

INLINE V NAME(f_sin)(V x, REAL p)
{
  (void)p;
  return NAME(sin_or_cos)(x, 0);
}

INLINE V NAME(d_sin)(V x, V dy, REAL p)
{
  (void)p;
  return dy * NAME(sin_or_cos)(x, 1);
}

#define FOR_ACTIVATIONS(F)       \
  F(HG_ACT_IDENTITY, identity)   \
  F(HG_ACT_RELU, relu)           \
  F(HG_ACT_LEAKY_RELU, leaky)    \
  F(HG_ACT_ELU, elu)             \
  F(HG_ACT_GELU, gelu)           \
  F(HG_ACT_SILU, silu)           \
  F(HG_ACT_TANH, tanh)           \
  F(HG_ACT_SIGMOID, sigmoid)     \
  F(HG_ACT_SOFTPLUS, softplus)   \
  F(HG_ACT_SIN, sin)

#define FORWARD(act, name) case act: NAME(map)(s, x, y, (REAL)p, NAME(f_##name)); break;
static void NAME(activate)(HGActivation f, double p, const HGFieldShape *s, const void *x, void *y)
{
  switch (f) {
    FOR_ACTIVATIONS(FORWARD)
  }
}

#define ADJOINT(act, name) case act: NAME(map_adjoint)(s, v, vs, dy, store, dx, (REAL)p, NAME(d_##name)); break;
static void NAME(activate_adjoint)(HGActivation f, double p, const HGFieldShape *s, const void *v, const void *dy,
                                   const HGFieldStore *store, void *dx)
{
  const ptrdiff_t *vs = HGActivationKeepsOutput(f) ? s->ys : s->xs;
  switch (f) {
    FOR_ACTIVATIONS(ADJOINT)
  }
}
#undef FORWARD
#undef ADJOINT
#undef FOR_ACTIVATIONS

static void NAME(transfer)(const HGFieldShape *s, const void *dy, const HGFieldStore *store, void *dx)
{
  NAME(map_adjoint)(s, dy, s->ys, dy, store, dx, 0, NAME(d_identity));
}

static void NAME(add)(const HGFieldShape *s, int inputs, const HGFieldInput *in, HGActivation act, void *y)
{
  const Pieces cut   = CutRows(s->batch, s->n, s->channels, sizeof(REAL));
  const V      lower = NAME(set)(act == HG_ACT_RELU ? 0 : -INFINITY);
  int          merge = s->ys[3] == s->channels;

  for (int j = 0; j < inputs; j++) merge &= in[j].xs[3] == s->channels;
#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece b    = GetPiece(&cut, s->n, i);
    const int   run = merge ? (b.x1 - b.x0) * s->channels : s->channels, runs = (b.x1 - b.x0) * s->channels / run;
    for (int r = 0; r < runs; r++) {
      REAL *to = (REAL *)y + PieceOffset(&b, s->ys) + r * s->ys[3];
      FOR_VECTORS(e, w, run) {
        V sum = NAME(set)(0);
        for (int j = 0; j < inputs; j++) sum += NAME(get)((const REAL *)in[j].x + PieceOffset(&b, in[j].xs) + r * in[j].xs[3] + e, w);
        NAME(put)(to + e, NAME(max)(sum, lower), w);
      }
    }
  }
}

INLINE MASK NAME(lane_numbers)(void)
{
  MASK m = {0};
  UNROLL for (int i = 0; i < VLEN; i++) m[i] = i;
  return m;
}

/* The upper half of the lanes of v beside the lower ones, for n lanes */
INLINE V NAME(upper_half)(V v, int n)
{
  return NAME(permute)(v, NAME(lane_numbers)() ^ (INT)(n / 2));
}

INLINE REAL NAME(largest)(V v)
{
  UNROLL for (int n = VLEN; n > 1; n /= 2) {
    const V u = NAME(upper_half)(v, n);
    v = NAME(select)((u > v) | (u != u), u, v);
  }
  return v[0];
}

INLINE REAL NAME(total)(V v)
{
  UNROLL for (int n = VLEN; n > 1; n /= 2) v += NAME(upper_half)(v, n);
  return v[0];
}

INLINE void NAME(softmax_point)(const REAL *x, REAL *y, int channels)
{
  const V bottom = NAME(set)(-INFINITY);
  V       m = bottom, sum = NAME(set)(0);
  FOR_VECTORS(c, w, channels) {
    const V v = NAME(select)(NAME(lane_numbers)() < (INT)w, NAME(get)(x + c, w), bottom);
    m = NAME(select)((v > m) | (v != v), v, m);
  }
  m = NAME(set)(0) + NAME(largest)(m);
  FOR_VECTORS(c, w, channels) {
    const V e = NAME(exp)(NAME(get)(x + c, w) - m);
    sum += (V)((NAME(lane_numbers)() < (INT)w) & (MASK)e);
    NAME(put)(y + c, e, w);
  }
  m = NAME(set)(1) / (NAME(set)(0) + NAME(total)(sum));
  FOR_VECTORS(c, w, channels) NAME(put)(y + c, NAME(get)(y + c, w) * m, w);
}

static void NAME(softmax)(const HGFieldShape *s, const void *x, void *y)
{
  const Pieces cut = CutRows(s->batch, s->n, s->channels, sizeof(REAL));

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece b    = GetPiece(&cut, s->n, i);
    const REAL *from = (const REAL *)x + PieceOffset(&b, s->xs);
    REAL       *to   = (REAL *)y + PieceOffset(&b, s->ys);
    for (int j = b.x0; j < b.x1; j++, from += s->xs[3], to += s->ys[3]) NAME(softmax_point)(from, to, s->channels);
  }
}

static void NAME(softmax_adjoint)(const HGFieldShape *s, const void *y, const void *dy, const HGFieldStore *store, void *dx)
{
  const Pieces cut = CutRows(s->batch, s->n, s->channels, sizeof(REAL));

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece b    = GetPiece(&cut, s->n, i);
    ptrdiff_t   from = PieceOffset(&b, s->ys), to = PieceOffset(&b, s->xs);
    for (int j = b.x0; j < b.x1; j++, from += s->ys[3], to += s->xs[3]) {
      const REAL *v = (const REAL *)y + from, *d = (const REAL *)dy + from;
      V           sum = NAME(set)(0);
      FOR_VECTORS(c, w, s->channels) sum += NAME(get)(v + c, w) * NAME(get)(d + c, w);
      sum = NAME(set)(0) + NAME(total)(sum);
      FOR_VECTORS(c, w, s->channels) NAME(store_result)(store, NAME(get)(v + c, w) * (NAME(get)(d + c, w) - sum), dx, to + c, c, w);
    }
  }
}
