/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/field_impl.h"

/*
  HGFieldKernelsGet - Returns the table of kernels on fields for an instruction set and an element type

  Not collective

  Input Parameters:
+ simd  - the instruction set, usually HGSimdDetect()
- dtype - the element type

  Return Value: the table, static and constant; NULL if this build has no such kernels or the processor cannot run them

  Errors: NULL as above

  Level: developer

.seealso: HGKernelsGet(), HGSimdDetect()
*/
const HGFieldKernels *HGFieldKernelsGet(HGSimd simd, HGDType dtype)
{
  if (!HGSimdSupported(simd)) return NULL;
  switch (simd) {
#if defined(__x86_64__)
  case HG_SIMD_AVX512:
    return dtype == HG_F32 ? &HGFieldKernels_f32_avx512 : &HGFieldKernels_f64_avx512;
  case HG_SIMD_AVX2:
    return dtype == HG_F32 ? &HGFieldKernels_f32_avx2 : &HGFieldKernels_f64_avx2;
#endif
  case HG_SIMD_PORTABLE:
    return dtype == HG_F32 ? &HGFieldKernels_f32_portable : &HGFieldKernels_f64_portable;
  default:
    return NULL;
  }
}
