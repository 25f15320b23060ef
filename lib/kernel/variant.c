/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* lists of tiles are tables */
/* All kernels of one instruction set; compiled once for each. HG_VECTOR_BYTES chooses the set, beside the compiler's flags:
   these may be wider for all of them if the user sets -march. */
#include "kernel/kernel_impl.h"
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if !defined(HG_VECTOR_BYTES)
#define HG_VECTOR_BYTES 16
#endif
#define BYTES HG_VECTOR_BYTES
#if BYTES == 64
#define SIMD     HG_SIMD_AVX512
#define SIMDNAME avx512
#elif BYTES == 32
#define SIMD     HG_SIMD_AVX2
#define SIMDNAME avx2
#else
#define SIMD     HG_SIMD_PORTABLE
#define SIMDNAME portable
#endif

/* Register tiles: TILE1 rows x 1 vector or TILE2 rows x 2 vectors leave room for the operands. TILES1, TILES2 list all
   heights up to the full one, since a row is cut into tiles of nearly equal height and has no slow remainder. Tiles of small
   groups, bound by loads, have at most TILE0 rows. */
#define TILE0      8
#define TILES6(F)  F(1) F(2) F(3) F(4) F(5) F(6)
#define TILES8(F)  TILES6(F) F(7) F(8)
#define TILES12(F) TILES8(F) F(9) F(10) F(11) F(12)
#define TILES24(F) TILES12(F) F(13) F(14) F(15) F(16) F(17) F(18) F(19) F(20) F(21) F(22) F(23) F(24)
#if BYTES == 64 || defined(__aarch64__)
#define TILE1     24
#define TILE2     12
#define TILES1(F) TILES24(F)
#define TILES2(F) TILES12(F)
#else
#define TILE1     12
#define TILE2     6
#define TILES1(F) TILES12(F)
#define TILES2(F) TILES6(F)
#endif

#define INLINE   static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#define UNROLL   _Pragma("GCC unroll 32")

/* Lanes 0, 2, 4 ... and 1, 3, 5 ... of two vectors in a row */
#define EVEN2  0, 2
#define ODD2   1, 3
#define EVEN4  EVEN2, 4, 6
#define ODD4   ODD2, 5, 7
#define EVEN8  EVEN4, 8, 10, 12, 14
#define ODD8   ODD4, 9, 11, 13, 15
#define EVEN16 EVEN8, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD16  ODD8, 17, 19, 21, 23, 25, 27, 29, 31

/* Lanes 0, 1, 2 ... of two vectors whose blocks of n lanes are exchanged: the odd blocks of the first with the even ones of the
   second; n >= VLEN stands for no exchange */
#define FIRST(l, n)    ((l) & (n) ? VLEN + (l) - (n) : (l))
#define SECOND(l, n)   ((l) & (n) ? VLEN + (l) : (l) + (n))
#define LANES2(F, n)   F(0, n), F(1, n)
#define LANES4(F, n)   LANES2(F, n), F(2, n), F(3, n)
#define LANES8(F, n)   LANES4(F, n), F(4, n), F(5, n), F(6, n), F(7, n)
#define LANES16(F, n)  LANES8(F, n), F(8, n), F(9, n), F(10, n), F(11, n), F(12, n), F(13, n), F(14, n), F(15, n)

#define PASTE3_(a, b, c) a##b##_##c
#define PASTE3(a, b, c)  PASTE3_(a, b, c)

/* A weight gradient sums in REAL over UNITS units of at most UNIT pixels. */
#define UNIT  512
#define UNITS 4
#define AHEAD 20 /* pixels that it prefetches ahead */

/* A convolution to WIDE channels or more, with WIDE_WEIGHTS or more, reads its weights as they are. */
#define WIDE         64
#define WIDE_WEIGHTS 32768

#define V NAME(Vector)

#define REAL      float
#define INT       int
#define VLEN      (BYTES / 4)
#define DTYPE     HG_F32
#define NAME(f)   PASTE3(f, _f32, SIMDNAME)
#if BYTES == 64
#define EVENS EVEN16
#define ODDS  ODD16
#define LANES LANES16
#elif BYTES == 32
#define EVENS EVEN8
#define ODDS  ODD8
#define LANES LANES8
#else
#define EVENS EVEN4
#define ODDS  ODD4
#define LANES LANES4
#endif
#include "kernel/variant_template.h"

#define REAL      double
#define INT       long long
#define VLEN      (BYTES / 8)
#define DTYPE     HG_F64
#define NAME(f)   PASTE3(f, _f64, SIMDNAME)
#if BYTES == 64
#define EVENS EVEN8
#define ODDS  ODD8
#define LANES LANES8
#elif BYTES == 32
#define EVENS EVEN4
#define ODDS  ODD4
#define LANES LANES4
#else
#define EVENS EVEN2
#define ODDS  ODD2
#define LANES LANES2
#endif
#include "kernel/variant_template.h"
