/* SPDX-License-Identifier: BSD-2-Clause */
/* Template of poolvariant.c: needs REAL, DTYPE and NAME() */

/* A row of small points, and where its windows lie */
typedef struct {
  ptrdiff_t big, small; /* of the first */
  int       z0, y0;     /* of the first tap, big points */
} NAME(Row);

static NAME(Row) NAME(row)(const HGPoolShape *s, int row)
{
  const int y = row % s->n[1], z = row / s->n[1] % s->n[0], b = row / s->n[1] / s->n[0];
  return (NAME(Row)){b * s->bs[0] + z * s->bs[1] + y * s->bs[2], b * s->ss[0] + z * s->ss[1] + y * s->ss[2], z * s->stride[0], y * s->stride[1]};
}

/* Elements of the big array from one big point to the next along an axis */
static ptrdiff_t NAME(step)(const HGPoolShape *s, int a)
{
  return s->bs[1 + a] / s->stride[a];
}

/* The taps of a window along an axis that count: t0 <= t < t1 */
static void NAME(taps)(const HGPoolShape *s, int a, int at, int *t0, int *t1)
{
  *t0 = at < s->first[a] ? CeilDiv(s->first[a] - at, s->dilation[a]) : 0;
  *t1 = MinInt(s->k[a], at < s->limit[a] ? (s->limit[a] - 1 - at) / s->dilation[a] + 1 : 0);
}

/* Loops over the taps that count of small point x of a row; p is their offset from the window's first tap */
#define FOR_WINDOW(s, r, x, p) \
  int tz[2], ty[2], tx[2]; \
  NAME(taps)(s, 0, (r)->z0, &tz[0], &tz[1]); \
  NAME(taps)(s, 1, (r)->y0, &ty[0], &ty[1]); \
  NAME(taps)(s, 2, (x) * (s)->stride[2], &tx[0], &tx[1]); \
  for (int a = tz[0]; a < tz[1]; a++) \
    for (int b = ty[0]; b < ty[1]; b++) \
      for (int c = tx[0]; c < tx[1]; c++) \
        for (ptrdiff_t p = a * (s)->dilation[0] * dz + b * (s)->dilation[1] * dy + c * (s)->dilation[2] * dx, once = 1; once; once = 0)

#define STEPS(s) const ptrdiff_t dz = NAME(step)(s, 0), dy = NAME(step)(s, 1), dx = NAME(step)(s, 2)

static void NAME(max_row)(const HGPoolShape *s, const NAME(Row) *r, const REAL *big, REAL *small)
{
  STEPS(s);
  for (int x = 0; x < s->n[2]; x++) {
    const REAL *from = big + r->big + x * s->bs[3];
    REAL       *to   = small + r->small + x * s->ss[3];
    int         any  = 0;
    FOR_WINDOW(s, r, x, p) {
      const REAL *q = from + p;
      if (any)
        for (int i = 0; i < s->channels; i++) to[i] = q[i] > to[i] || q[i] != q[i] ? q[i] : to[i];
      else memcpy(to, q, (size_t)s->channels * sizeof(REAL));
      any = 1;
    }
  }
}

static void NAME(max_pool)(const HGPoolShape *s, const void *big, void *small)
{
  const int rows = s->batch * s->n[0] * s->n[1];
#pragma omp parallel for schedule(static) if (rows > 1)
  for (int i = 0; i < rows; i++) {
    const NAME(Row) r = NAME(row)(s, i);
    NAME(max_row)(s, &r, big, small);
  }
}

/* Channels i0 <= i < i1 of a row. The gradient left for later taps is zero once a tap has taken it. */
static void NAME(max_adjoint_row)(const HGPoolShape *s, const NAME(Row) *r, const REAL *big, const REAL *small, const REAL *dsmall, REAL *dbig, int overwrite,
                                  const REAL *threshold, int i0, int i1)
{
  enum { MOST = 64 };
  REAL left[MOST];
  STEPS(s);
  for (int x = 0; x < s->n[2]; x++) {
    for (int c0 = i0; c0 < i1; c0 += MOST) {
      const int       n = MinInt(MOST, i1 - c0);
      const ptrdiff_t o = r->small + x * s->ss[3] + c0;
      const REAL     *y = small + o, *g = dsmall + o;
      for (int i = 0; i < n; i++) left[i] = threshold && !(y[i] > threshold[c0 + i]) ? 0 : g[i];
      FOR_WINDOW(s, r, x, p) {
        const ptrdiff_t at = r->big + x * s->bs[3] + p + c0;
        const REAL     *q = big + at;
        REAL           *d = dbig + at;
        if (overwrite)
          for (int i = 0; i < n; i++) {
            const int hit = q[i] == y[i];
            d[i] = hit ? left[i] : 0;
            left[i] = hit ? 0 : left[i];
          }
        else
          for (int i = 0; i < n; i++) {
            const int hit = q[i] == y[i];
            d[i] += hit ? left[i] : 0;
            left[i] = hit ? 0 : left[i];
          }
      }
    }
  }
}

static int NAME(overlaps)(const HGPoolShape *s)
{
  for (int a = 0; a < 3; a++)
    if ((s->k[a] - 1) * s->dilation[a] >= s->stride[a]) return 1;
  return 0;
}

/* Windows that overlap are gone over in order, for each sample and block of channels */
#define BLOCK 32

static void NAME(max_pool_adjoint)(const HGPoolShape *s, const void *big, const void *small, const void *dsmall, void *dbig, int overwrite, const void *threshold)
{
  const int rows = s->n[0] * s->n[1], blocks = NAME(overlaps)(s) ? CeilDiv(s->channels, BLOCK) : 0;
  const int tasks = s->batch * (blocks ? blocks : rows);
#pragma omp parallel for schedule(static) if (tasks > 1)
  for (int i = 0; i < tasks; i++) {
    const int b = blocks ? i % blocks : 0, first = blocks ? i / blocks * rows : i, count = blocks ? rows : 1;
    for (int j = first; j < first + count; j++) {
      const NAME(Row) r = NAME(row)(s, j);
      NAME(max_adjoint_row)(s, &r, big, small, dsmall, dbig, overwrite, threshold, b * BLOCK, blocks ? MinInt(s->channels, (b + 1) * BLOCK) : s->channels);
    }
  }
}

/* Scale of small point x: given, or one over the number of taps that count */
static REAL NAME(scale)(const HGPoolShape *s, const NAME(Row) *r, int x, double scale)
{
  int t[3][2];
  if (scale != 0) return (REAL)scale;
  NAME(taps)(s, 0, r->z0, &t[0][0], &t[0][1]);
  NAME(taps)(s, 1, r->y0, &t[1][0], &t[1][1]);
  NAME(taps)(s, 2, x * s->stride[2], &t[2][0], &t[2][1]);
  return 1 / (REAL)((t[0][1] - t[0][0]) * (t[1][1] - t[1][0]) * (t[2][1] - t[2][0]));
}

static void NAME(store)(const HGPoolStore *st, ptrdiff_t at, int c0, int n, REAL scale, const REAL *r, REAL *to)
{
  const REAL *mask = st->mask ? (const REAL *)st->mask + at : NULL, *threshold = st->threshold ? (const REAL *)st->threshold + c0 : NULL;
  if (!mask && !st->add)
    for (int i = 0; i < n; i++) to[i] = scale * r[i];
  else if (!mask)
    for (int i = 0; i < n; i++) to[i] += scale * r[i];
  else
    for (int i = 0; i < n; i++) {
      const REAL v = mask[i] > (threshold ? threshold[i] : 0) ? scale * r[i] : 0;
      to[i] = st->add ? to[i] + v : v;
    }
}

static void NAME(sum_row)(const HGPoolShape *s, const NAME(Row) *r, double scale, const REAL *big, REAL *small, const HGPoolStore *st)
{
  enum { MOST = 64 };
  REAL sum[MOST];
  STEPS(s);
  for (int x = 0; x < s->n[2]; x++) {
    const REAL w = NAME(scale)(s, r, x, scale);
    for (int c0 = 0; c0 < s->channels; c0 += MOST) {
      const int       n  = MinInt(MOST, s->channels - c0);
      const ptrdiff_t at = r->small + x * s->ss[3] + c0;
      for (int i = 0; i < n; i++) sum[i] = 0;
      FOR_WINDOW(s, r, x, p) {
        const REAL *q = big + r->big + x * s->bs[3] + p + c0;
        for (int i = 0; i < n; i++) sum[i] += q[i];
      }
      NAME(store)(st, at, c0, n, w, sum, small + at);
    }
  }
}

static void NAME(sum_pool)(const HGPoolShape *s, double scale, const void *big, void *small, const HGPoolStore *store)
{
  const int rows = s->batch * s->n[0] * s->n[1];
#pragma omp parallel for schedule(static) if (rows > 1)
  for (int i = 0; i < rows; i++) {
    const NAME(Row) r = NAME(row)(s, i);
    NAME(sum_row)(s, &r, scale, big, small, store);
  }
}

static void NAME(spread_row)(const HGPoolShape *s, const NAME(Row) *r, double scale, const REAL *small, REAL *big, const HGPoolStore *st, int c0, int c1)
{
  STEPS(s);
  for (int x = 0; x < s->n[2]; x++) {
    const REAL  w    = NAME(scale)(s, r, x, scale);
    const REAL *from = small + r->small + x * s->ss[3] + c0;
    FOR_WINDOW(s, r, x, p) {
      const ptrdiff_t at = r->big + x * s->bs[3] + p + c0;
      NAME(store)(st, at, c0, c1 - c0, w, from, big + at);
    }
  }
}

static void NAME(spread)(const HGPoolShape *s, double scale, const void *small, void *big, const HGPoolStore *store)
{
  const int rows = s->n[0] * s->n[1], blocks = NAME(overlaps)(s) ? CeilDiv(s->channels, BLOCK) : 0;
  const int tasks = s->batch * (blocks ? blocks : rows);
#pragma omp parallel for schedule(static) if (tasks > 1)
  for (int i = 0; i < tasks; i++) {
    const int b = blocks ? i % blocks : 0, first = blocks ? i / blocks * rows : i, count = blocks ? rows : 1;
    for (int j = first; j < first + count; j++) {
      const NAME(Row) r = NAME(row)(s, j);
      NAME(spread_row)(s, &r, scale, small, big, store, b * BLOCK, blocks ? MinInt(s->channels, (b + 1) * BLOCK) : s->channels);
    }
  }
}

/* The coarse points of fine point (z, y, x) and their weights; returns their number */
static int NAME(corners)(const HGInterpolation *z, const HGInterpolation *y, const HGInterpolation *x, const ptrdiff_t cs[4], ptrdiff_t at[8], REAL w[8])
{
  int n = 0;
  for (int i = 0; i < 8; i++) {
    const int    a = i >> 2 & 1, b = i >> 1 & 1, c = i & 1;
    const double v = z->w[a] * y->w[b] * x->w[c];
    if (v == 0) continue;
    at[n]  = (z->at + a) * cs[1] + (y->at + b) * cs[2] + (x->at + c) * cs[3];
    w[n++] = (REAL)v;
  }
  return n;
}

static void NAME(interpolate)(int batch, int channels, const int n[3], const HGInterpolation *const table[3], const ptrdiff_t cs[4], const ptrdiff_t fs[4],
                              const void *coarse, void *fine)
{
#pragma omp parallel for collapse(3) schedule(static)
  for (int b = 0; b < batch; b++) {
    for (int z = 0; z < n[0]; z++) {
      for (int y = 0; y < n[1]; y++) {
        for (int x = 0; x < n[2]; x++) {
          const REAL *from = (const REAL *)coarse + b * cs[0];
          REAL       *to   = (REAL *)fine + b * fs[0] + z * fs[1] + y * fs[2] + x * fs[3], w[8];
          ptrdiff_t   at[8];
          const int   m = NAME(corners)(&table[0][z], &table[1][y], &table[2][x], cs, at, w);
          for (int i = 0; i < channels; i++) to[i] = w[0] * from[at[0] + i];
          for (int j = 1; j < m; j++)
            for (int i = 0; i < channels; i++) to[i] += w[j] * from[at[j] + i];
        }
      }
    }
  }
}

static void NAME(interpolate_adjoint)(int batch, int channels, const int n[3], const HGInterpolation *const table[3], const ptrdiff_t cs[4],
                                      const ptrdiff_t fs[4], const void *fine, void *coarse)
{
  const int blocks = CeilDiv(channels, BLOCK);
#pragma omp parallel for schedule(static) if (batch * blocks > 1)
  for (int task = 0; task < batch * blocks; task++) {
    const int b = task / blocks, c0 = task % blocks * BLOCK, c1 = MinInt(channels, c0 + BLOCK);
    for (int z = 0; z < n[0]; z++) {
      for (int y = 0; y < n[1]; y++) {
        for (int x = 0; x < n[2]; x++) {
          const REAL *from = (const REAL *)fine + b * fs[0] + z * fs[1] + y * fs[2] + x * fs[3];
          REAL       *to   = (REAL *)coarse + b * cs[0], w[8];
          ptrdiff_t   at[8];
          const int   m = NAME(corners)(&table[0][z], &table[1][y], &table[2][x], cs, at, w);
          for (int j = 0; j < m; j++)
            for (int i = c0; i < c1; i++) to[at[j] + i] += w[j] * from[i];
        }
      }
    }
  }
}

const HGPoolKernels NAME(HGPoolKernels) = {SIMD, DTYPE, NAME(max_pool), NAME(max_pool_adjoint), NAME(sum_pool), NAME(spread), NAME(interpolate), NAME(interpolate_adjoint)};

#undef BLOCK
#undef FOR_WINDOW
#undef STEPS
#undef REAL
#undef DTYPE
#undef NAME
