/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* Dropout: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC'11, section 4), many counters at a time */

#define COUNTERS 64

/* Words of the counters q, q + 1 ... */
static void NAME(philox)(uint64_t seed, uint64_t stream, uint64_t q, uint32_t word[4][COUNTERS])
{
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);

  for (int i = 0; i < COUNTERS; i++) {
    word[0][i] = (uint32_t)(q + (uint64_t)i);
    word[1][i] = (uint32_t)((q + (uint64_t)i) >> 32);
    word[2][i] = (uint32_t)stream;
    word[3][i] = (uint32_t)(stream >> 32);
  }
  for (int r = 0; r < 10; r++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
#pragma omp simd
    for (int i = 0; i < COUNTERS; i++) {
      const uint64_t p0 = (uint64_t)0xD2511F53u * word[0][i], p1 = (uint64_t)0xCD9E8D57u * word[2][i];
      word[0][i] = (uint32_t)(p1 >> 32) ^ word[1][i] ^ k0;
      word[2][i] = (uint32_t)(p0 >> 32) ^ word[3][i] ^ k1;
      word[1][i] = (uint32_t)p1;
      word[3][i] = (uint32_t)p0;
    }
  }
}

/* factor[i], the factor of element index + i, for i < n; word i % 4 of a counter belongs to index i. n <= 4 COUNTERS - 3 */
static void NAME(factors)(const HGDropout *d, uint64_t index, int n, REAL *factor)
{
  const uint32_t dropped = (uint32_t)(d->probability * 0x1p32);
  const REAL     scale   = (REAL)(1 / (1 - d->probability));
  const int      skip    = (int)(index % 4);
  uint32_t       word[4][COUNTERS];
  REAL           all[4 * COUNTERS];

  NAME(philox)(d->seed, d->stream, index / 4, word);
  for (int i = 0; i < COUNTERS; i++)
    for (int j = 0; j < 4; j++) all[4 * i + j] = word[j][i] >= dropped ? scale : 0;
  memcpy(factor, all + skip, (size_t)n * sizeof(REAL));
}

static void NAME(dropout)(const HGFieldShape *s, const HGDropout *d, const void *x, const HGFieldStore *store, void *y)
{
  const Pieces cut   = CutRows(s->batch, s->n, s->channels, sizeof(REAL));
  const int    merge = !store->threshold && d->index[3] == (uint64_t)s->channels;

#pragma omp parallel for schedule(static) if (cut.threaded)
  for (int i = 0; i < cut.pieces; i++) {
    enum { CHUNK = 4 * COUNTERS - 16 };
    const Piece b   = GetPiece(&cut, s->n, i);
    const int   run = NAME(run)(s, &b, merge), runs = (b.x1 - b.x0) * s->channels / run;
    ptrdiff_t   from = PieceOffset(&b, s->xs), to = PieceOffset(&b, s->ys);
    uint64_t    index = d->first + (uint64_t)b.n * d->index[0] + (uint64_t)b.z * d->index[1] + (uint64_t)b.y * d->index[2] + (uint64_t)b.x0 * d->index[3];
    REAL        factor[CHUNK];
    for (int r = 0; r < runs; r++, from += s->xs[3], to += s->ys[3], index += d->index[3]) {
      for (int c = 0; c < run; c += CHUNK) {
        const int n = MinInt(CHUNK, run - c);
        NAME(factors)(d, index + (uint64_t)c, n, factor);
        FOR_VECTORS(e, w, n)
          NAME(store_result)(store, NAME(get)((const REAL *)x + from + c + e, w) * NAME(get)(factor + e, w), y, to + c + e, c + e, w);
      }
    }
  }
}
#undef COUNTERS
