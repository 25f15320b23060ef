/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/hgpool.h"

extern const HGPoolKernels HGPoolKernels_f32_portable, HGPoolKernels_f64_portable;
extern const HGPoolKernels HGPoolKernels_f32_avx2, HGPoolKernels_f64_avx2;
extern const HGPoolKernels HGPoolKernels_f32_avx512, HGPoolKernels_f64_avx512;

/*
  HGPoolKernelsGet - The pooling and upsampling kernels of an instruction set

  Not collective

  Input Parameters:
+ simd  - the instruction set
- dtype - the element type

  Return Value: the table, static and constant; NULL if this build has no such kernels or the processor cannot run them

  Errors: NULL as above

  Level: developer

.seealso: HGKernelsGet()
*/
const HGPoolKernels *HGPoolKernelsGet(HGSimd simd, HGDType dtype)
{
  if (!HGSimdSupported(simd)) return NULL;
  switch (simd) {
#if defined(__x86_64__)
  case HG_SIMD_AVX512:
    return dtype == HG_F32 ? &HGPoolKernels_f32_avx512 : &HGPoolKernels_f64_avx512;
  case HG_SIMD_AVX2:
    return dtype == HG_F32 ? &HGPoolKernels_f32_avx2 : &HGPoolKernels_f64_avx2;
#endif
  case HG_SIMD_PORTABLE:
    return dtype == HG_F32 ? &HGPoolKernels_f32_portable : &HGPoolKernels_f64_portable;
  default:
    return NULL;
  }
}
