/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies between boxes of elements: what halo exchanges and repartitions do beside sending messages.
   All are bound by memory bandwidth; a line along x is one contiguous copy wherever the channels of its pixels touch. */
#include "kernel/hgbox.h"
#include <string.h>

enum { N, C, Z, Y, X };

#define THREADED_BYTES 65536 /* below this, starting threads costs more than the copy */

/*
   HGStridedCount - The number of elements of a box

   Input Parameter:
.  b - the box

   Level: developer
*/
ptrdiff_t HGStridedCount(const HGStrided *b)
{
  return b->size[N] * b->size[C] * b->size[Z] * b->size[Y] * b->size[X];
}

/*
   HGStridedContiguous - Whether a box's elements lie one behind the other in the order [n][z][y][x][c]

   Input Parameter:
.  b - the box

   Level: developer
*/
int HGStridedContiguous(const HGStrided *b)
{
  static const int order[] = {X, Y, Z, N};
  ptrdiff_t        run     = b->size[C];

  for (int i = 0; i < 4; i++) {
    if (b->size[order[i]] > 1 && b->stride[order[i]] != run) return 0;
    run *= b->size[order[i]];
  }
  return 1;
}

/*
   HGStridedPacked - The box in a buffer that holds its elements one behind the other in the order [n][z][y][x][c]

   Input Parameter:
.  b - the box

   Level: developer
*/
HGStrided HGStridedPacked(const HGStrided *b)
{
  HGStrided p = *b;

  p.offset    = 0;
  p.stride[C] = 1;
  p.stride[X] = b->size[C];
  p.stride[Y] = p.stride[X] * b->size[X];
  p.stride[Z] = p.stride[Y] * b->size[Y];
  p.stride[N] = p.stride[Z] * b->size[Z];
  return p;
}

static inline ptrdiff_t LineStart(const HGStrided *b, ptrdiff_t line)
{
  const ptrdiff_t y = line % b->size[Y], z = line / b->size[Y] % b->size[Z], n = line / b->size[Y] / b->size[Z];

  return b->offset + n * b->stride[N] + z * b->stride[Z] + y * b->stride[Y];
}

static inline int Touching(const HGStrided *b)
{
  return b->size[X] == 1 || b->stride[X] == b->size[C];
}

/* Lines may be written by several threads unless two of them are the same memory */
static inline int Threaded(HGDType t, const HGStrided *to)
{
  return HGStridedCount(to) * (ptrdiff_t)HGDTypeSize(t) >= THREADED_BYTES && to->stride[N] && to->stride[Z] && to->stride[Y];
}

static inline void AddRun(HGDType t, ptrdiff_t n, const void *from, void *to)
{
  if (t == HG_F32) {
    const float *restrict a = (const float *)from;
    float *restrict b       = (float *)to;

#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) b[i] += a[i];
  } else {
    const double *restrict a = (const double *)from;
    double *restrict b       = (double *)to;

#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) b[i] += a[i];
  }
}

/*
   HGStridedCopy - Copy the elements of a box to another box of the same sizes

   Input Parameters:
+  t    - element type
.  from - where the elements lie in src
.  src  - array to read
.  to   - where they go in dst
-  dst  - array to write

   Level: developer
*/
void HGStridedCopy(HGDType t, const HGStrided *from, const void *src, const HGStrided *to, void *dst)
{
  const ptrdiff_t e = (ptrdiff_t)HGDTypeSize(t), lines = to->size[N] * to->size[Z] * to->size[Y];
  const int       whole = Touching(from) && Touching(to);
  const ptrdiff_t runs = whole ? 1 : to->size[X], run = to->size[C] * (whole ? to->size[X] : 1);

#pragma omp parallel for schedule(static) if (Threaded(t, to))
  for (ptrdiff_t l = 0; l < lines; l++) {
    const char *s = (const char *)src + LineStart(from, l) * e;
    char       *d = (char *)dst + LineStart(to, l) * e;

    for (ptrdiff_t r = 0; r < runs; r++) memcpy(d + r * to->stride[X] * e, s + r * from->stride[X] * e, (size_t)(run * e));
  }
}

/*
   HGStridedAdd - Add the elements of a box to another box of the same sizes

   Input Parameters:
+  t    - element type
.  from - where the elements lie in src
.  src  - array to read
.  to   - where they go in dst
-  dst  - array to add to

   Level: developer

   Note:
   The adjoint of `HGStridedCopy()`, the roles of the boxes exchanged: along an axis of stride zero it sums.
*/
void HGStridedAdd(HGDType t, const HGStrided *from, const void *src, const HGStrided *to, void *dst)
{
  const ptrdiff_t e = (ptrdiff_t)HGDTypeSize(t), lines = to->size[N] * to->size[Z] * to->size[Y];
  const int       whole = Touching(from) && Touching(to);
  const ptrdiff_t runs = whole ? 1 : to->size[X], run = to->size[C] * (whole ? to->size[X] : 1);

#pragma omp parallel for schedule(static) if (Threaded(t, to))
  for (ptrdiff_t l = 0; l < lines; l++) {
    const char *s = (const char *)src + LineStart(from, l) * e;
    char       *d = (char *)dst + LineStart(to, l) * e;

    for (ptrdiff_t r = 0; r < runs; r++) AddRun(t, run, s + r * from->stride[X] * e, d + r * to->stride[X] * e);
  }
}

/*
   HGStridedZero - Set the elements of a box to zero

   Input Parameters:
+  t   - element type
.  b   - the box
-  dst - array that holds it

   Level: developer
*/
void HGStridedZero(HGDType t, const HGStrided *b, void *dst)
{
  const ptrdiff_t e = (ptrdiff_t)HGDTypeSize(t), lines = b->size[N] * b->size[Z] * b->size[Y];
  const ptrdiff_t runs = Touching(b) ? 1 : b->size[X], run = b->size[C] * (Touching(b) ? b->size[X] : 1);

#pragma omp parallel for schedule(static) if (Threaded(t, b))
  for (ptrdiff_t l = 0; l < lines; l++)
    for (ptrdiff_t r = 0; r < runs; r++) memset((char *)dst + (LineStart(b, l) + r * b->stride[X]) * e, 0, (size_t)(run * e));
}
