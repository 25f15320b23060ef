/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/kernel_impl.h"

/*
  HGKernelsGet - Returns the table of kernels for an instruction set and an element type

  Not collective

  Input Parameters:
+ simd  - the instruction set, usually HGSimdDetect()
- dtype - the element type

  Return Value: the table, static and constant; NULL if this build has no such kernels or the processor cannot run them

  Errors: NULL as above

  Level: developer

.seealso: HGSimdDetect(), HGSimdParse()
*/
const HGKernels *HGKernelsGet(HGSimd simd, HGDType dtype)
{
  if (!HGSimdSupported(simd)) return NULL;
  switch (simd) {
#if defined(__x86_64__)
  case HG_SIMD_AVX512:
    return dtype == HG_F32 ? &HGKernels_f32_avx512 : &HGKernels_f64_avx512;
  case HG_SIMD_AVX2:
    return dtype == HG_F32 ? &HGKernels_f32_avx2 : &HGKernels_f64_avx2;
#endif
  case HG_SIMD_PORTABLE:
    return dtype == HG_F32 ? &HGKernels_f32_portable : &HGKernels_f64_portable;
  default:
    return NULL;
  }
}
