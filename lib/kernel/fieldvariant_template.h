/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */ /* it takes types named by macros for expressions */
/* The kernels on fields for one element type: needs REAL, INT, VLEN, DTYPE and NAME() */
#include "kernel/vector_template.h"
#include "kernel/math_template.h"
#include "kernel/pointwise_template.h"
#include "kernel/pool_template.h"
#include "kernel/upsample_template.h"
#include "kernel/norm_template.h"
#include "kernel/dropout_template.h"
#include "kernel/harmonic_template.h"
#include "kernel/update_template.h"

const HGFieldKernels NAME(HGFieldKernels) = {
  .simd             = SIMD,
  .dtype            = DTYPE,
  .vlen             = VLEN,
  .max_pool         = NAME(max_pool),
  .max_pool_adjoint = NAME(max_pool_adjoint),
  .average_pool     = NAME(average_pool),
  .average_pool_adjoint = NAME(average_pool_adjoint),
  .nearest          = NAME(nearest),
  .nearest_adjoint  = NAME(nearest_adjoint),
  .linear           = NAME(linear),
  .linear_adjoint   = NAME(linear_adjoint),
  .activate         = NAME(activate),
  .activate_adjoint = NAME(activate_adjoint),
  .add              = NAME(add),
  .transfer         = NAME(transfer),
  .softmax          = NAME(softmax),
  .softmax_adjoint  = NAME(softmax_adjoint),
  .dropout          = NAME(dropout),
  .harmonics        = NAME(harmonics),
  .harmonics_adjoint = NAME(harmonics_adjoint),
  .sums_work        = NAME(sums_work),
  .sums             = NAME(sums),
  .normalize        = NAME(normalize),
  .normalize_adjoint = NAME(normalize_adjoint),
  .dot              = NAME(dot),
  .adam             = NAME(adam),
  .sgd              = NAME(sgd),
};

#undef REAL
#undef INT
#undef VLEN
#undef DTYPE
#undef NAME
