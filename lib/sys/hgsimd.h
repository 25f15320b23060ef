/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGSIMD_H
#define HGSIMD_H

#include "sys/hgdtype.h"

/* Instruction sets that the kernels are compiled for, in increasing order of preference. */
typedef enum { HG_SIMD_PORTABLE, HG_SIMD_AVX2, HG_SIMD_AVX512 } HGSimd;

HG_EXTERN HGSimd      HGSimdDetect(void);
HG_EXTERN const char *HGSimdName(HGSimd simd);
HG_EXTERN int         HGSimdParse(const char *name, HGSimd *simd);
HG_EXTERN int         HGSimdSupported(HGSimd simd);

/* Loops on numbers are compiled for each instruction set, the C library chooses */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && __GNUC__ >= 12 && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define HG_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HG_CLONES
#endif

#endif
