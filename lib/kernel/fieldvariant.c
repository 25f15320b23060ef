/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* as variant.c */
/* The kernels on fields of one instruction set; compiled once for each, as variant.c is. */
#include "kernel/field_impl.h"
#include <math.h>
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

#define INLINE   static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#define UNROLL   _Pragma("GCC unroll 32")

#define PASTE3_(a, b, c) a##b##_##c
#define PASTE3(a, b, c)  PASTE3_(a, b, c)
#define V    NAME(Vector)
#define MASK NAME(Mask)

/* Vectors of n elements; the last one has w of them, the others VLEN */
#define FOR_VECTORS(i, w, n) for (int i = 0, w; i < (n) && (w = MinInt(VLEN, (n) - i)) > 0; i += VLEN)

#define REAL    float
#define INT     int
#define VLEN    (BYTES / 4)
#define DTYPE   HG_F32
#define NAME(f) PASTE3(f, _f32, SIMDNAME)
#include "kernel/fieldvariant_template.h"

#define REAL    double
#define INT     long long
#define VLEN    (BYTES / 8)
#define DTYPE   HG_F64
#define NAME(f) PASTE3(f, _f64, SIMDNAME)
#include "kernel/fieldvariant_template.h"
