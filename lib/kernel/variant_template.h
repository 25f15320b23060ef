/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* Everything for one element type: needs REAL, INT, VLEN, EVENS, ODDS, LANES, DTYPE and NAME() */
#include "kernel/vector_template.h"
#include "kernel/tile_template.h"
#include "kernel/dot_template.h"
#include "kernel/conv_template.h"
#include "kernel/wide_template.h"
#include "kernel/winograd_template.h"
#include "kernel/gradient_template.h"
#include "kernel/weights_template.h"
#include "kernel/widegrad_template.h"

static double NAME(peak)(long iterations)
{
  enum { CHAINS = 12 };
  volatile REAL factor = (REAL)0.5, offset = 1;
  const V       a = factor - (V){0}, b = offset - (V){0};
  V             acc[CHAINS];

  UNROLL for (int i = 0; i < CHAINS; i++) acc[i] = b * (REAL)i;
  for (long n = 0; n < iterations; n++) UNROLL for (int i = 0; i < CHAINS; i++) acc[i] = acc[i] * a + b;
  UNROLL for (int i = 1; i < CHAINS; i++) acc[0] += acc[i];
  offset = acc[0][0]; /* so that the chains are used */
  return 2. * CHAINS * VLEN * (double)iterations;
}

const HGKernels NAME(HGKernels) = {SIMD, DTYPE, VLEN, NAME(packed_size), NAME(pack), NAME(conv_work), NAME(conv),
                                   NAME(weights_work), NAME(weights), NAME(peak)};

#undef REAL
#undef INT
#undef VLEN
#undef EVENS
#undef ODDS
#undef LANES
#undef DTYPE
#undef NAME
