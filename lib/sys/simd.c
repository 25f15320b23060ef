/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/hgsimd.h"
#include <stddef.h>
#include <string.h>

static const char *const names[] = {"portable", "avx2", "avx512"};

/*
  HGSimdSupported - Tells whether this processor and its operating system run an instruction set

  Not collective

  Input Parameter:
. simd - the instruction set

  Return Value: nonzero if it runs; HG_SIMD_PORTABLE always does

  Errors: none; an unknown value is not supported

  Note:
  __builtin_cpu_supports() also asks whether the system saves the wide registers (XGETBV).

  Level: developer

.seealso: HGSimdDetect(), HGKernelsGet()
*/
int HGSimdSupported(HGSimd simd)
{
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (simd == HG_SIMD_AVX512) { /* x86-64-v4 */
    return HGSimdSupported(HG_SIMD_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  }
  if (simd == HG_SIMD_AVX2) { /* x86-64-v3, as far as compilers name its parts; every AVX2 processor has MOVBE, LZCNT and F16C */
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  }
#endif
  return simd == HG_SIMD_PORTABLE;
}

/*
  HGSimdDetect - Returns the best instruction set of this processor

  Not collective

  Return Value: the widest supported set

  Errors: none

  Level: developer

.seealso: HGSimdSupported(), HGSimdParse()
*/
HGSimd HGSimdDetect(void)
{
  if (HGSimdSupported(HG_SIMD_AVX512)) return HG_SIMD_AVX512;
  return HGSimdSupported(HG_SIMD_AVX2) ? HG_SIMD_AVX2 : HG_SIMD_PORTABLE;
}

/*
  HGSimdName - Returns the name of an instruction set, as the option -hg_simd takes it

  Not collective

  Input Parameter:
. simd - the instruction set

  Return Value: "portable", "avx2" or "avx512"

  Errors: "unknown" for any other value

  Level: developer

.seealso: HGSimdParse()
*/
const char *HGSimdName(HGSimd simd)
{
  return (size_t)simd < sizeof(names) / sizeof(names[0]) ? names[simd] : "unknown";
}

/*
  HGSimdParse - Finds the instruction set of a name

  Not collective

  Input Parameter:
. name - "portable", "avx2" or "avx512"

  Output Parameter:
. simd - the instruction set, untouched on error

  Errors: returns nonzero for any other name, including NULL; whether the processor supports it is for HGSimdSupported() to say

  Level: developer

.seealso: HGSimdName(), HGSimdSupported()
*/
int HGSimdParse(const char *name, HGSimd *simd)
{
  for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++) {
    if (!strcmp(name, names[i])) {
      *simd = (HGSimd)i;
      return 0;
    }
  }
  return 1;
}
