/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* Vectors of VLEN elements. Unaligned accesses go through NAME(Unaligned), partial ones touch only the first n elements. */

typedef REAL V __attribute__((vector_size(BYTES)));
typedef INT  NAME(Mask) __attribute__((vector_size(BYTES)));
typedef REAL NAME(Unaligned) __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));
typedef INT  NAME(UnalignedMask) __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));

INLINE V NAME(load)(const REAL *p)
{
  return *(const NAME(Unaligned) *)p;
}

INLINE void NAME(store)(REAL *p, V v)
{
  *(NAME(Unaligned) *)p = v;
}

#if BYTES == 64 && defined(__AVX512F__)
INLINE V NAME(load_n)(const REAL *p, int n)
{
  if (sizeof(REAL) == 4) return (V)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
  return (V)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
}

INLINE void NAME(store_n)(REAL *p, V v, int n)
{
  if (sizeof(REAL) == 4) _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
  else _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), (__m512d)v);
}
#elif BYTES == 32 && defined(__AVX2__)
INLINE __m256i NAME(lanes)(int n)
{
  if (sizeof(REAL) == 4) return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}

INLINE V NAME(load_n)(const REAL *p, int n)
{
  if (sizeof(REAL) == 4) return (V)_mm256_maskload_ps((const float *)p, NAME(lanes)(n));
  return (V)_mm256_maskload_pd((const double *)p, NAME(lanes)(n));
}

INLINE void NAME(store_n)(REAL *p, V v, int n)
{
  if (sizeof(REAL) == 4) _mm256_maskstore_ps((float *)p, NAME(lanes)(n), (__m256)v);
  else _mm256_maskstore_pd((double *)p, NAME(lanes)(n), (__m256d)v);
}
#else
NOINLINE V NAME(load_n)(const REAL *p, int n)
{
  REAL lane[VLEN] = {0};
  for (int i = 0; i < n; i++) lane[i] = p[i];
  return NAME(load)(lane);
}

NOINLINE void NAME(store_n)(REAL *p, V v, int n)
{
  REAL lane[VLEN];
  NAME(store)(lane, v);
  for (int i = 0; i < n; i++) p[i] = lane[i];
}
#endif

/* Past the caches, to an address that is a multiple of the vector's bytes */
INLINE void NAME(stream)(REAL *p, V v)
{
#if BYTES == 64 && defined(__AVX512F__)
  if (sizeof(REAL) == 4) _mm512_stream_ps((float *)p, (__m512)v);
  else _mm512_stream_pd((double *)p, (__m512d)v);
#elif BYTES == 32 && defined(__AVX2__)
  if (sizeof(REAL) == 4) _mm256_stream_ps((float *)p, (__m256)v);
  else _mm256_stream_pd((double *)p, (__m256d)v);
#else
  NAME(store)(p, v);
#endif
}

/* What was streamed is there for other threads and processes before what is stored afterwards */
INLINE void NAME(drain)(void)
{
#if defined(__AVX2__)
  _mm_sfence();
#endif
}

INLINE V NAME(max)(V v, V lower) /* NaN stays NaN: x86 returns the second operand then */
{
#if BYTES == 64 && defined(__AVX512F__)
  if (sizeof(REAL) == 4) return (V)_mm512_max_ps((__m512)lower, (__m512)v);
  return (V)_mm512_max_pd((__m512d)lower, (__m512d)v);
#elif BYTES == 32 && defined(__AVX2__)
  if (sizeof(REAL) == 4) return (V)_mm256_max_ps((__m256)lower, (__m256)v);
  return (V)_mm256_max_pd((__m256d)lower, (__m256d)v);
#else
  NAME(Mask) below = v < lower;
  return (V)((below & (NAME(Mask))lower) | (~below & (NAME(Mask))v));
#endif
}

INLINE V NAME(where_above)(V mask, V threshold, V v)
{
  return (V)((mask > threshold) & (NAME(Mask))v);
}

/* Lane i of the result is lane index[i] of v */
INLINE V NAME(permute)(V v, NAME(Mask) index)
{
#if defined(__clang__)
  V result;
  UNROLL for (int i = 0; i < VLEN; i++) result[i] = v[index[i]];
  return result;
#else
  return __builtin_shuffle(v, index);
#endif
}

#if defined(EVENS)
/* Sums of neighbouring lanes, first those of a, then those of b */
INLINE V NAME(pair_sums)(V a, V b)
{
#if defined(__clang__)
  return __builtin_shufflevector(a, b, EVENS) + __builtin_shufflevector(a, b, ODDS);
#else
  const NAME(Mask) even = {EVENS}, odd = {ODDS};
  return __builtin_shuffle(a, b, even) + __builtin_shuffle(a, b, odd);
#endif
}

/* Lane i of the result is the sum of the lanes of v[i], always added in the same order; destroys v */
INLINE V NAME(lane_sums)(V *v /* [VLEN] */)
{
  UNROLL for (int n = VLEN; n > 1; n /= 2) {
    UNROLL for (int i = 0; i < n / 2; i++) v[i] = NAME(pair_sums)(v[2 * i], v[2 * i + 1]);
  }
  return v[0];
}
#endif

#if defined(LANES)
/* Exchanges blocks of n lanes, see FIRST and SECOND */
#if defined(__clang__)
#define EXCHANGE(a, b, n) \
  { \
    const V first = __builtin_shufflevector(a, b, LANES(FIRST, (n) % VLEN)), second = __builtin_shufflevector(a, b, LANES(SECOND, (n) % VLEN)); \
    a = first, b = second; \
  }
#else
#define EXCHANGE(a, b, n) \
  { \
    const NAME(Mask) to_first = {LANES(FIRST, (n) % VLEN)}, to_second = {LANES(SECOND, (n) % VLEN)}; \
    const V          first = __builtin_shuffle(a, b, to_first), second = __builtin_shuffle(a, b, to_second); \
    a = first, b = second; \
  }
#endif

/* Lane i of v[j] becomes lane j of v[i] */
INLINE void NAME(transpose)(V *v /* [VLEN] */)
{
  UNROLL for (int i = 0; i < VLEN; i++) if (8 < VLEN && !(i & 8)) EXCHANGE(v[i], v[(i + 8) % VLEN], 8)
  UNROLL for (int i = 0; i < VLEN; i++) if (4 < VLEN && !(i & 4)) EXCHANGE(v[i], v[(i + 4) % VLEN], 4)
  UNROLL for (int i = 0; i < VLEN; i++) if (2 < VLEN && !(i & 2)) EXCHANGE(v[i], v[(i + 2) % VLEN], 2)
  UNROLL for (int i = 0; i < VLEN; i++) if (!(i & 1)) EXCHANGE(v[i], v[i + 1], 1)
}
#undef EXCHANGE
#endif
