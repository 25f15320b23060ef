/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGDTYPE_H
#define HGDTYPE_H

#include <stddef.h>

/* Declares what has C linkage, where PETSc's headers are not included */
#if defined(__cplusplus)
#define HG_EXTERN extern "C"
#else
#define HG_EXTERN extern
#endif

/*E
   HGDType - element type of a tensor, chosen at run time and independent of PETSc's scalar

   Values:
+  HG_F32 - IEEE single precision, for training
-  HG_F64 - IEEE double precision, for verification and physics

   Options Database Key:
.  -hg_dtype f32|f64 - the type used by the programs (default f32)

   Level: beginner
E*/
typedef enum { HG_F32, HG_F64 } HGDType;

static inline size_t HGDTypeSize(HGDType t)
{
  return t == HG_F32 ? sizeof(float) : sizeof(double);
}

#endif
