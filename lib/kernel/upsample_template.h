/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* Upsampling. Along an axis, output o takes weights max(0, 1 - |p - j|) of the input points j, where p is its place in the input,
   moved into the grid (linear), or j = floor(o / factor) alone (nearest). All adjoints gather. */

#define MAX_TAPS (2 * HG_MAX_UPSAMPLE + 1)

/* Offsets of points and their weights along an axis */
typedef struct {
  int       n;
  ptrdiff_t at[MAX_TAPS];
  REAL      weight[MAX_TAPS];
} NAME(Axis);

INLINE double NAME(place)(const HGUpsampleShape *s, int a, int o)
{
  const double p = ((double)o + 0.5) / s->factor[a] - 0.5, last = s->size[a] - 1;
  return p < 0 ? 0 : p > last ? last : p;
}

/* The input points that output o of the array y reads */
INLINE void NAME(inputs_of)(const HGUpsampleShape *s, int a, int o, int linear, NAME(Axis) *t)
{
  const double p = linear ? NAME(place)(s, a, s->out[a] + o) : (double)((s->out[a] + o) / s->factor[a]);
  const int    j = (int)p;
  t->at[0]     = (j - s->in[a]) * s->xs[1 + a];
  t->at[1]     = t->at[0] + s->xs[1 + a];
  t->weight[1] = (REAL)(p - j);
  t->weight[0] = (REAL)(1 - (p - j));
  t->n         = p > j ? 2 : 1;
}

/* The outputs, of those in the array y, that read input point j of the whole grid */
INLINE void NAME(outputs_of)(const HGUpsampleShape *s, int a, int j, int linear, NAME(Axis) *t)
{
  const int f = s->factor[a], reach = linear ? f : 0;
  const int o0 = MaxInt(s->out[a], j * f - reach), o1 = MinInt(s->out[a] + s->n[a], (j + 1) * f + reach);
  t->n = 0;
  for (int o = o0; o < o1; o++) {
    const double p = NAME(place)(s, a, o), w = linear ? 1 - fabs(p - j) : 1;
    if (w <= 0) continue;
    t->at[t->n]       = (o - s->out[a]) * s->ys[1 + a];
    t->weight[t->n++] = (REAL)w;
  }
}

INLINE V NAME(weighted_sum)(const REAL *p, const NAME(Axis) t[3], int w)
{
  V sum = NAME(set)(0);
  for (int z = 0; z < t[0].n; z++) {
    for (int y = 0; y < t[1].n; y++) {
      const REAL *q = p + t[0].at[z] + t[1].at[y];
      V           row = NAME(set)(0);
      for (int x = 0; x < t[2].n; x++) row += NAME(get)(q + t[2].at[x], w) * t[2].weight[x];
      sum += row * (t[0].weight[z] * t[1].weight[y]);
    }
  }
  return sum;
}

INLINE void NAME(upsample)(const HGUpsampleShape *s, const REAL *x, REAL *y, int linear)
{
  const Pieces cut = CutRows(s->batch, s->n, s->channels, sizeof(REAL));

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece b  = GetPiece(&cut, s->n, i);
    REAL       *to = y + PieceOffset(&b, s->ys);
    NAME(Axis)  t[3];
    NAME(inputs_of)(s, 0, b.z, linear, &t[0]);
    NAME(inputs_of)(s, 1, b.y, linear, &t[1]);
    const REAL *p = x + b.n * s->xs[0];
    for (int j = b.x0; j < b.x1; j++, to += s->ys[3]) {
      NAME(inputs_of)(s, 2, j, linear, &t[2]);
      if (linear) FOR_VECTORS(c, w, s->channels) NAME(put)(to + c, NAME(weighted_sum)(p + c, t, w), w);
      else FOR_VECTORS(c, w, s->channels) NAME(put)(to + c, NAME(get)(p + t[0].at[0] + t[1].at[0] + t[2].at[0] + c, w), w);
    }
  }
}

/* Sum of the points of a window */
INLINE V NAME(plain_sum)(const REAL *p, const NAME(Axis) t[3], int nz, int ny, int nx, int w)
{
  V sum = NAME(set)(0);
  for (int z = 0; z < nz; z++) {
    for (int y = 0; y < ny; y++) {
      const REAL *q = p + t[0].at[z] + t[1].at[y];
      for (int x = 0; x < nx; x++) sum += NAME(get)(q + t[2].at[x], w);
    }
  }
  return sum;
}

INLINE void NAME(upsample_adjoint)(const HGUpsampleShape *s, const REAL *dy, const HGFieldStore *store, REAL *dx, int linear)
{
  const int    n[3] = {s->to[0] - s->from[0], s->to[1] - s->from[1], s->to[2] - s->from[2]};
  const Pieces cut  = CutRows(s->batch, n, s->channels, sizeof(REAL));

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    const Piece b = GetPiece(&cut, n, i);
    const int   z = s->from[0] + b.z, y = s->from[1] + b.y;
    NAME(Axis)  t[3];
    NAME(outputs_of)(s, 0, z, linear, &t[0]);
    NAME(outputs_of)(s, 1, y, linear, &t[1]);
    const REAL *p = dy + b.n * s->ys[0];
    for (int j = s->from[2] + b.x0; j < s->from[2] + b.x1; j++) {
      const ptrdiff_t at = b.n * s->xs[0] + (z - s->in[0]) * s->xs[1] + (y - s->in[1]) * s->xs[2] + (j - s->in[2]) * s->xs[3];
      NAME(outputs_of)(s, 2, j, linear, &t[2]);
      FOR_VECTORS(c, w, s->channels) {
        const V r = linear                                         ? NAME(weighted_sum)(p + c, t, w)
                    : t[0].n == 1 && t[1].n == 2 && t[2].n == 2 ? NAME(plain_sum)(p + c, t, 1, 2, 2, w)
                                                                   : NAME(plain_sum)(p + c, t, t[0].n, t[1].n, t[2].n, w);
        NAME(store_result)(store, r, dx, at + c, c, w);
      }
    }
  }
}

static void NAME(nearest)(const HGUpsampleShape *s, const void *x, void *y)
{
  NAME(upsample)(s, x, y, 0);
}

static void NAME(nearest_adjoint)(const HGUpsampleShape *s, const void *dy, const HGFieldStore *store, void *dx)
{
  NAME(upsample_adjoint)(s, dy, store, dx, 0);
}

static void NAME(linear)(const HGUpsampleShape *s, const void *x, void *y)
{
  NAME(upsample)(s, x, y, 1);
}

static void NAME(linear_adjoint)(const HGUpsampleShape *s, const void *dy, const HGFieldStore *store, void *dx)
{
  NAME(upsample_adjoint)(s, dy, store, dx, 1);
}
#undef MAX_TAPS
