/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGBOX_H
#define HGBOX_H

#include "sys/hgdtype.h"

/*S
   HGStrided - a box of elements of an array, with a stride for each axis

   Level: developer

   Notes:
   Axes are n, c, z, y, x. Its element (n, c, z, y, x) is at[offset + n stride[0] + c stride[1] + ... ]; channels are
   contiguous (stride[1] = 1). A stride is negative along a mirrored axis and zero along a replicated one.
S*/
typedef struct {
  ptrdiff_t offset;
  ptrdiff_t size[5];
  ptrdiff_t stride[5];
} HGStrided;

ptrdiff_t HGStridedCount(const HGStrided *);
int       HGStridedContiguous(const HGStrided *);
HGStrided HGStridedPacked(const HGStrided *);
void      HGStridedCopy(HGDType, const HGStrided *, const void *, const HGStrided *, void *);
void      HGStridedAdd(HGDType, const HGStrided *, const void *, const HGStrided *, void *);
void      HGStridedZero(HGDType, const HGStrided *, void *);

#endif
