/* SPDX-License-Identifier: BSD-2-Clause */
/* Pooling and upsampling kernels of one instruction set; compiled once for each as variant.c is. The compiler vectorises the loops over
   channels. */
#include "kernel/hgpool.h"
#include "kernel/kernel_impl.h"
#include <string.h>

#if !defined(HG_VECTOR_BYTES)
#define HG_VECTOR_BYTES 16
#endif
#if HG_VECTOR_BYTES == 64
#define SIMD     HG_SIMD_AVX512
#define SIMDNAME avx512
#elif HG_VECTOR_BYTES == 32
#define SIMD     HG_SIMD_AVX2
#define SIMDNAME avx2
#else
#define SIMD     HG_SIMD_PORTABLE
#define SIMDNAME portable
#endif
#define PASTE3_(a, b, c) a##b##_##c
#define PASTE3(a, b, c)  PASTE3_(a, b, c)

extern const HGPoolKernels PASTE3(HGPoolKernels, _f32, SIMDNAME), PASTE3(HGPoolKernels, _f64, SIMDNAME);

#define REAL    float
#define DTYPE   HG_F32
#define NAME(f) PASTE3(f, _f32, SIMDNAME)
#include "kernel/window_template.h"

#define REAL    double
#define DTYPE   HG_F64
#define NAME(f) PASTE3(f, _f64, SIMDNAME)
#include "kernel/window_template.h"
