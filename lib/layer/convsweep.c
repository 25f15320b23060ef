/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/convsweep.h"
#include "kernel/hgbox.h"

static PetscInt FloorDiv(PetscInt a, PetscInt b)
{
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static PetscInt Gcd(PetscInt a, PetscInt b)
{
  while (b) {
    const PetscInt r = a % b;

    a = b;
    b = r;
  }
  return a;
}

/* Destination points i = r + s q of a spread: small point o reaches i by tap t if o s - p + t d = i. Taps that reach it are
   t0, t0 + s/g, t0 + 2 s/g, ... with g = gcd(s, d), from small points d/g apart; they are put in ascending order of these. */
static HGWindow SpreadWindow(PetscInt r, PetscInt k, PetscInt s, PetscInt p, PetscInt d)
{
  const PetscInt g = Gcd(s, d), wstep = s / g, tstep = d / g;
  HGWindow       w = {.start = r, .dstep = s, .sstep = 1, .tstep = tstep};
  PetscInt       t0;

  for (t0 = 0; t0 < PetscMin(k, wstep); t0++)
    if ((r + p - t0 * d) % s == 0) break;
  if (t0 == PetscMin(k, wstep)) return w;
  w.taps  = (k - 1 - t0) / wstep + 1;
  w.first = (r + p - t0 * d) / s - tstep * (w.taps - 1);
  w.w0    = t0 + wstep * (w.taps - 1);
  w.wstep = -wstep;
  return w;
}

PetscErrorCode HGConvSweepSetUp(HGConvSweep *c, PetscBool spread, const HGStencil *s)
{
  PetscFunctionBegin;
  c->spread  = spread;
  c->npieces = 1;
  for (int a = 0; a < 3; a++) {
    const PetscInt k = s->kernel[a], st = s->stride[a], p = s->padding[a], d = s->dilation[a];

    c->k[a]        = k;
    c->nwindows[a] = spread ? st : 1;
    c->npieces *= c->nwindows[a];
    PetscCall(PetscFree(c->window[a]));
    PetscCall(PetscMalloc1(c->nwindows[a], &c->window[a]));
    if (!spread) c->window[a][0] = (HGWindow){.dstep = 1, .first = -p, .sstep = st, .tstep = d, .taps = k, .wstep = 1};
    for (PetscInt r = 0; spread && r < st; r++) c->window[a][r] = SpreadWindow(r, k, st, p, d);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A piece that no tap reaches has one tap of zero weight; returns whether it is one */
static PetscBool GetPiece(const HGConvSweep *c, PetscInt piece, const HGWindow *w[3], int taps[3])
{
  PetscBool none = PETSC_FALSE;

  for (int a = 2; a >= 0; a--) {
    w[a]    = &c->window[a][piece % c->nwindows[a]];
    taps[a] = (int)w[a]->taps;
    piece /= c->nwindows[a];
    if (!taps[a]) none = PETSC_TRUE;
  }
  for (int a = 0; a < 3 && none; a++) taps[a] = 1;
  return none;
}

PetscErrorCode HGConvSweepSetChannels(HGConvSweep *c, const HGKernels *kernels, PetscInt groups, PetscInt cin, PetscInt cout)
{
  const HGWindow *w[3];
  size_t          total = 64, *size;
  char           *at;
  int             taps[3];

  PetscFunctionBegin;
  c->kernels = kernels;
  c->groups  = groups;
  c->cin     = cin;
  c->cout    = cout;
  PetscCall(PetscFree(c->weights));
  PetscCall(PetscFree(c->packed));
  PetscCall(PetscFree(c->memory));
  PetscCall(PetscCalloc1(c->npieces, &c->weights));
  PetscCall(PetscCalloc1(c->npieces, &c->packed));
  c->work = 0;
  PetscCall(PetscCalloc1(c->npieces, &size));
  for (PetscInt i = 0; i < c->npieces; i++) {
    GetPiece(c, i, w, taps);
    size[i] = ((*kernels->conv_packed_size)((int)groups, (int)cin, (int)cout, taps) + 63) / 64 * 64;
    total += size[i];
    c->work = PetscMax(c->work, (*kernels->conv_work)((int)groups, (int)cin, (int)cout, taps));
  }
  PetscCall(PetscMalloc(total, &c->memory));
  at = (char *)c->memory + (64 - (uintptr_t)c->memory % 64) % 64;
  for (PetscInt i = 0; i < c->npieces; at += size[i++]) c->packed[i] = at;
  PetscCall(PetscFree(size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The source points that destination point i reads along an axis, lo <= j <= hi; none if hi < lo */
static void Reach(const HGConvSweep *c, int a, PetscInt i, PetscInt *lo, PetscInt *hi)
{
  const PetscInt  step = c->window[a][0].dstep, q = FloorDiv(i, step);
  const HGWindow *w = &c->window[a][i - q * step];

  *lo = w->first + q * w->sstep;
  *hi = *lo + (w->taps - 1) * w->tstep;
}

/* Ghost points of src that parts of dst read, of dst with `more` ghost points around if it is given */
PetscErrorCode HGConvSweepGetWidths(const HGConvSweep *c, HGPartition src, HGPartition dst, const HGHaloWidths *more, HGHaloWidths *widths)
{
  PetscFunctionBegin;
  PetscCall(HGHaloWidthsCreate(src, widths));
  for (int a = 0; a < 3; a++) {
    const PetscInt *s, *d;

    PetscCall(HGPartitionGetStarts(src, HG_Z + a, &s));
    PetscCall(HGPartitionGetStarts(dst, HG_Z + a, &d));
    for (PetscInt p = 0; p < widths->parts[a]; p++) {
      const PetscInt first = d[p] - (more ? more->width[a][0][p] : 0), last = d[p + 1] + (more ? more->width[a][1][p] : 0);
      PetscInt       lo, hi;

      if (d[p] == d[p + 1]) continue;
      for (PetscInt i = first; i < last; i++) {
        Reach(c, a, i, &lo, &hi);
        if (hi < lo) continue;
        widths->width[a][0][p] = PetscMax(widths->width[a][0][p], s[p] - lo);
        widths->width[a][1][p] = PetscMax(widths->width[a][1][p], hi + 1 - s[p + 1]);
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cuts the owned points of dst into a box that needs no ghost points of other ranks, and slabs that do. The slabs peel off z
   first, then y, then x, so that they do not overlap. In a spread with dilation, points that need none may lie between ones that do. */
static PetscErrorCode PlanBoxes(HGConvSweep *c)
{
  const HGTensorLocal *s, *d;
  PetscBool            remote[3][2] = {{PETSC_FALSE}};
  HGPoints             inner        = {{0, 0, 0}, {0, 0, 0}};

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(c->src, &s));
  PetscCall(HGTensorGetLocal(c->dst, &d));
  if (c->halo) PetscCall(HGLinOpGetNeighbors(c->halo, remote));
  for (int a = 0; a < 3; a++) inner.size[a] = d->box.size[HG_Z + a];
  c->nboxes = 1;
  for (int a = 0; a < 3; a++) {
    const PetscInt s0 = s->box.start[HG_Z + a], s1 = s0 + s->box.size[HG_Z + a], d0 = d->box.start[HG_Z + a];

    for (int side = 0; side < 2; side++) {
      PetscInt w = 0, lo, hi;

      for (PetscInt i = 0; remote[a][side] && i < inner.size[a]; i++) {
        Reach(c, a, d0 + (side ? inner.start[a] + inner.size[a] - 1 - i : inner.start[a] + i), &lo, &hi);
        if (hi >= lo && (side ? hi >= s1 : lo < s0)) w = i + 1;
      }
      if (!w) continue;
      c->box[c->nboxes]         = inner;
      c->box[c->nboxes].size[a] = w;
      inner.size[a] -= w;
      if (side) c->box[c->nboxes].start[a] = inner.start[a] + inner.size[a];
      else inner.start[a] += w;
      c->nboxes++;
    }
  }
  c->box[0] = inner;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* halo, which may be NULL, belongs to the caller */
PetscErrorCode HGConvSweepPlan(HGConvSweep *c, HGTensor src, HGTensor dst, HGLinOp halo)
{
  PetscFunctionBegin;
  c->src  = src;
  c->dst  = dst;
  c->halo = halo;
  PetscCall(PlanBoxes(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The weights must stay until others are set: those that need no packing are read where they lie */
PetscErrorCode HGConvSweepSetWeights(HGConvSweep *c, const HGConvWeights *weights)
{
  static const double zero = 0;
  const size_t        size = HGDTypeSize(c->kernels->dtype);

  PetscFunctionBegin;
  for (PetscInt i = 0; i < c->npieces; i++) {
    HGConvWeights   piece = *weights;
    const HGWindow *w[3];
    ptrdiff_t       first = 0;
    int             taps[3];

    if (GetPiece(c, i, w, taps)) {
      c->weights[i] = (HGConvWeights){.w = &zero};
      (*c->kernels->conv_pack)((int)c->groups, (int)c->cin, (int)c->cout, taps, &c->weights[i], c->packed[i]);
      continue;
    }
    for (int a = 0; a < 3; a++) {
      first += w[a]->w0 * weights->st[a];
      piece.st[a] = w[a]->wstep * weights->st[a];
    }
    piece.w       = (const char *)weights->w + first * (ptrdiff_t)size;
    c->weights[i] = piece;
    (*c->kernels->conv_pack)((int)c->groups, (int)c->cin, (int)c->cout, taps, &piece, c->packed[i]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void ZeroPoints(const HGConvShape *s, HGDType t, void *y)
{
  const HGStrided box = {.size   = {s->batch, (ptrdiff_t)s->groups * s->cout, s->n[0], s->n[1], s->n[2]},
                         .stride = {s->ys[0], 1, s->ys[1], s->ys[2], s->ys[3]}};

  HGStridedZero(t, &box, y);
}

static void RunPiece(const HGConvSweep *c, PetscInt piece, const HGPoints *b, PetscInt nb, const HGConvStore *store, void *work)
{
  const size_t         size = HGDTypeSize(c->kernels->dtype);
  HGConvShape          s    = {.batch = (int)nb, .groups = (int)c->groups, .cin = (int)c->cin, .cout = (int)c->cout};
  HGConvStore          st   = *store;
  const HGTensorLocal *x, *y;
  const HGWindow      *w[3];
  ptrdiff_t            from = 0, to = 0;
  PetscBool            none;

  PetscCallVoid(HGTensorGetLocal(c->src, &x));
  PetscCallVoid(HGTensorGetLocal(c->dst, &y));
  none    = GetPiece(c, piece, w, s.k);
  s.xs[0] = x->stride[HG_N];
  s.ys[0] = y->stride[HG_N];
  for (int a = 0; a < 3; a++) {
    const PetscInt first = y->box.start[HG_Z + a] + b->start[a], last = first + b->size[a] - 1;
    const PetscInt q0 = -FloorDiv(w[a]->start - first, w[a]->dstep), q1 = FloorDiv(last - w[a]->start, w[a]->dstep);

    if (q1 < q0) return;
    s.n[a] = (int)(q1 - q0 + 1);
    if (a) s.at[a - 1] = (int)(q0 & 1);
    s.ys[1 + a] = w[a]->dstep * y->stride[HG_Z + a];
    to += (w[a]->start + q0 * w[a]->dstep - y->box.start[HG_Z + a]) * y->stride[HG_Z + a];
  }
  for (int a = 0; a < 3 && !none; a++) {
    const PetscInt q0 = -FloorDiv(w[a]->start - y->box.start[HG_Z + a] - b->start[a], w[a]->dstep);

    s.xs[1 + a] = w[a]->sstep * x->stride[HG_Z + a];
    s.ts[a]     = w[a]->tstep * x->stride[HG_Z + a];
    from += (w[a]->first + q0 * w[a]->sstep - x->box.start[HG_Z + a]) * x->stride[HG_Z + a];
  }
  if (none && !st.bias) { /* nothing reaches these points; with a bias, one tap of zero weight on the first point of x does */
    if (!st.add) ZeroPoints(&s, c->kernels->dtype, (char *)y->owned + to * (ptrdiff_t)size);
    return;
  }
  if (st.mask) st.mask = (const char *)st.mask + to * (ptrdiff_t)size;
  (*c->kernels->conv)(&s, (const char *)x->owned + from * (ptrdiff_t)size, &c->weights[piece], c->packed[piece], &st, work,
                      (char *)y->owned + to * (ptrdiff_t)size);
}

/* Computes a box of dst; store->mask is that of its first owned point */
PetscErrorCode HGConvSweepRun(const HGConvSweep *c, const HGPoints *b, PetscInt nb, const HGConvStore *store, void *work)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < c->npieces; i++) RunPiece(c, i, b, nb, store, work);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGConvSweepDestroy(HGConvSweep *c)
{
  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) PetscCall(PetscFree(c->window[a]));
  PetscCall(PetscFree(c->weights));
  PetscCall(PetscFree(c->packed));
  PetscCall(PetscFree(c->memory));
  PetscFunctionReturn(PETSC_SUCCESS);
}
