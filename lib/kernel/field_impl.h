/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FIELD_IMPL_H
#define FIELD_IMPL_H

#include "kernel/hgfield.h"
#include "kernel/kernel_impl.h"

extern const HGFieldKernels HGFieldKernels_f32_portable, HGFieldKernels_f64_portable;
extern const HGFieldKernels HGFieldKernels_f32_avx2, HGFieldKernels_f64_avx2;
extern const HGFieldKernels HGFieldKernels_f32_avx512, HGFieldKernels_f64_avx512;

#define THREADED_BYTES 65536  /* below this, starting threads costs more than the work */
#define PIECE_BYTES    32768  /* of one array in a piece of a row: it stays in L1 or L2 cache */
#define SLAB_BYTES     262144 /* of dx in a slab of rows that pooling's adjoint writes: it stays in L2 cache */

/* A piece of a row of points */
typedef struct {
  int n, z, y;
  int x0, x1;
} Piece;

/* Rows cut into pieces of nearly equal length, from the shape alone */
typedef struct {
  int segs; /* pieces of a row */
  int pieces;
  int threaded;
} Pieces;

static inline Pieces CutRows(int batch, const int n[3], int channels, size_t size)
{
  Pieces       p    = {0, 0, 0};
  const double line = (double)n[2] * channels * (double)size;

  if (batch < 1 || n[0] < 1 || n[1] < 1 || n[2] < 1 || channels < 1) return p;
  p.segs     = 1 + (int)(line / PIECE_BYTES);
  p.segs     = MinInt(p.segs, n[2]);
  p.pieces   = batch * n[0] * n[1] * p.segs;
  p.threaded = line * n[1] * n[0] * batch >= THREADED_BYTES;
  return p;
}

static inline Piece GetPiece(const Pieces *p, const int n[3], int i)
{
  const int seg = i % p->segs, line = i / p->segs;
  Piece     r;

  r.y  = line % n[1];
  r.z  = line / n[1] % n[0];
  r.n  = line / n[1] / n[0];
  r.x0 = PartStart(n[2], p->segs, seg);
  r.x1 = PartStart(n[2], p->segs, seg + 1);
  return r;
}

static inline ptrdiff_t PieceOffset(const Piece *p, const ptrdiff_t s[4])
{
  return p->n * s[0] + p->z * s[1] + p->y * s[2] + p->x0 * s[3];
}

static inline int FloorDiv(int a, int b) /* b > 0 */
{
  return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/* The taps t0 <= t < t1 of a window along one axis that count; tap t lies at point at + t dilation */
typedef struct {
  int at, t0, t1;
} Taps;

static inline Taps TapsOf(const HGPoolShape *s, int a, int o, int lo, int hi)
{
  const int d = s->dilation[a];
  Taps      t = {s->first[a] + o * s->stride[a], 0, 0};

  t.t0 = MaxInt(0, -FloorDiv(t.at - lo, d));
  t.t1 = MinInt(s->k[a], FloorDiv(hi - 1 - t.at, d) + 1);
  if (t.t1 < t.t0) t.t1 = t.t0;
  return t;
}

#endif
