/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGSIMD_H
#define HGSIMD_H

/* Instruction sets that the kernels are compiled for, in increasing order of preference. */
typedef enum { HG_SIMD_PORTABLE, HG_SIMD_AVX2, HG_SIMD_AVX512 } HGSimd;

HGSimd      HGSimdDetect(void);
const char *HGSimdName(HGSimd simd);
int         HGSimdParse(const char *name, HGSimd *simd);
int         HGSimdSupported(HGSimd simd);

#endif
