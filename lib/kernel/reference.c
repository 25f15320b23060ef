/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/hgkernel.h"

#define FOR_POINTS(s, n, z, j, i)         \
  for (int n = 0; n < (s)->batch; n++)    \
    for (int z = 0; z < (s)->n[0]; z++)   \
      for (int j = 0; j < (s)->n[1]; j++) \
        for (int i = 0; i < (s)->n[2]; i++)
#define FOR_TAPS(k, a, b, c)         \
  for (int a = 0; a < (k)[0]; a++)   \
    for (int b = 0; b < (k)[1]; b++) \
      for (int c = 0; c < (k)[2]; c++)
#define TAP(stride, a, b, c) ((a) * (stride)[0] + (b) * (stride)[1] + (c) * (stride)[2])

#define REAL    float
#define NAME(f) f##_F32
#include "kernel/reference_template.h"

#define REAL    double
#define NAME(f) f##_F64
#include "kernel/reference_template.h"
