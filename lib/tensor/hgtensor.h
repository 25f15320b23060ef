/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGTENSOR_H
#define HGTENSOR_H

#include "sys/hgsys.h"

/*S
   HGPartition - how the points of a global tensor [N][C][Z][Y][X] are divided among the ranks of a communicator

   Level: beginner

   Notes:
   A Cartesian grid of parts over the five axes. Space follows a PETSc `DMDA`; batch and channels are cut into contiguous
   ranges. Ranks without a part hold empty tensors. Along a replicated axis the parts are copies of each other's points,
   see `HGPartitionSetReplicated()`. Tensors of other channel counts on the same grid share the `DMDA`,
   see `HGPartitionCreateLike()`.

.seealso: `HGTensor`, `HGPartitionCreate()`
S*/
typedef struct _p_HGPartition *HGPartition;

/*S
   HGTensor - the local part of a tensor that is spread over the ranks, stored channels-last with ghost points in place

   Level: beginner

.seealso: `HGPartition`, `HGTensorCreate()`
S*/
typedef struct _p_HGTensor *HGTensor;

/*E
   HGBoundary - what the ghost points beyond the physical boundary of a grid hold

   Values:
+  HG_BOUNDARY_NONE     - nothing: no such ghost points are written
.  HG_BOUNDARY_ZERO     - zeros
.  HG_BOUNDARY_PERIODIC - the image from the other side
.  HG_BOUNDARY_REFLECT  - the mirror image without the boundary point itself
-  HG_BOUNDARY_REPLICATE - the nearest boundary point

   Level: beginner
E*/
typedef enum { HG_BOUNDARY_NONE, HG_BOUNDARY_ZERO, HG_BOUNDARY_PERIODIC, HG_BOUNDARY_REFLECT, HG_BOUNDARY_REPLICATE } HGBoundary;

/*S
   HGBox - a box of points of a global tensor: axis a runs over start[a] <= i < start[a] + size[a]

   Level: developer
S*/
typedef struct {
  PetscInt start[HG_AXES];
  PetscInt size[HG_AXES];
} HGBox;

static inline PetscInt64 HGBoxCount(const HGBox *b)
{
  return (PetscInt64)b->size[HG_N] * b->size[HG_C] * b->size[HG_Z] * b->size[HG_Y] * b->size[HG_X];
}

/*S
   HGTensorLocal - where the local part of a tensor lies in memory

   Level: intermediate

   Notes:
   `array` is the storage [N][lo_z + Z + hi_z][lo_y + Y + hi_y][lo_x + X + hi_x][C]; `owned` points at the first
   owned element in it. Strides are in elements; `stride[HG_C]` is 1 and `stride[HG_X]` the number of local channels.
S*/
typedef struct {
  HGBox     box;             /* the owned points, in global indices */
  PetscInt  halo[3][2];      /* ghost points below and above, for z, y, x */
  ptrdiff_t stride[HG_AXES]; /* elements */
  size_t    elements;        /* of the storage, ghosts included */
  void     *array;           /* [N][lo+Z+hi][lo+Y+hi][lo+X+hi][C] */
  void     *owned;           /* first owned element */
} HGTensorLocal;

/*S
   HGStencil - the points a convolution or pooling kernel reads: output o reads inputs o stride - padding + k dilation, 0 <= k < kernel

   Level: intermediate

.seealso: `HGTensorSetStencilHalo()`
S*/
typedef struct {
  PetscInt kernel[3], stride[3], padding[3], dilation[3]; /* z, y, x */
} HGStencil;

/*S
   HGHaloWidths - ghost points that each part of a partition needs, along each axis of space

   Level: developer

.seealso: `HGHaloWidthsCreate()`, `HGTensorSetHaloWidths()`
S*/
typedef struct {
  PetscInt  parts[3];    /* z, y, x */
  PetscInt *width[3][2]; /* [parts] below and above */
} HGHaloWidths;

/* n, c, z, y, x */
PETSC_EXTERN const char *const HGAxisNames[HG_AXES];

PETSC_EXTERN PetscErrorCode HGPartitionCreate(MPI_Comm, HGPartition *);
PETSC_EXTERN PetscErrorCode HGPartitionSetSizes(HGPartition, PetscInt, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGPartitionSetParts(HGPartition, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGPartitionSetRanges(HGPartition, PetscInt, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGPartitionSetReplicated(HGPartition, PetscInt, PetscBool);
PETSC_EXTERN PetscErrorCode HGPartitionGetReplicated(HGPartition, PetscBool[]);
PETSC_EXTERN PetscErrorCode HGPartitionSetRanks(HGPartition, PetscInt, const PetscMPIInt[]);
PETSC_EXTERN PetscErrorCode HGPartitionSetPeriodic(HGPartition, const PetscBool[]);
PETSC_EXTERN PetscErrorCode HGPartitionSetFromOptions(HGPartition);
PETSC_EXTERN PetscErrorCode HGPartitionSetUp(HGPartition);
PETSC_EXTERN PetscErrorCode HGPartitionCreateLike(HGPartition, PetscInt, PetscInt, HGPartition *);
PETSC_EXTERN PetscErrorCode HGPartitionCreateChannels(HGPartition, PetscInt, PetscInt, HGPartition *);
PETSC_EXTERN PetscErrorCode HGPartitionCreateResized(HGPartition, PetscInt, const PetscInt[], const PetscInt *const[], HGPartition *);
PETSC_EXTERN PetscErrorCode HGPartitionCreateWhole(HGPartition, HGPartition *);
PETSC_EXTERN PetscErrorCode HGPartitionCreateOfChannelPart(HGPartition, MPI_Comm *, HGPartition *);
PETSC_EXTERN PetscErrorCode HGPartitionIsAligned(HGPartition, HGPartition, PetscBool *);
PETSC_EXTERN PetscErrorCode HGPartitionCreateFewer(HGPartition, const PetscInt[3], HGPartition *);
PETSC_EXTERN PetscErrorCode HGPartitionCountCopies(HGPartition, PetscInt *);
PETSC_EXTERN PetscErrorCode HGPartitionCreateDivided(HGPartition, HGPartition *);
PETSC_EXTERN PetscErrorCode HGPartitionReference(HGPartition);
PETSC_EXTERN PetscErrorCode HGPartitionDestroy(HGPartition *);
PETSC_EXTERN PetscErrorCode HGPartitionView(HGPartition, PetscViewer);
PETSC_EXTERN PetscErrorCode HGPartitionGetSizes(HGPartition, PetscInt *, PetscInt[]);
PETSC_EXTERN PetscErrorCode HGPartitionGetParts(HGPartition, PetscInt[]);
PETSC_EXTERN PetscErrorCode HGPartitionGetStarts(HGPartition, PetscInt, const PetscInt *[]);
PETSC_EXTERN PetscErrorCode HGPartitionGetRank(HGPartition, const PetscInt[], PetscMPIInt *);
PETSC_EXTERN PetscErrorCode HGPartitionGetCoords(HGPartition, PetscMPIInt, PetscBool *, PetscInt[]);
PETSC_EXTERN PetscErrorCode HGPartitionGetBox(HGPartition, PetscMPIInt, HGBox *);
PETSC_EXTERN PetscErrorCode HGPartitionGetDM(HGPartition, DM *);

PETSC_EXTERN PetscErrorCode HGTensorCreate(HGPartition, HGDType, HGTensor *);
PETSC_EXTERN PetscErrorCode HGTensorSetHalo(HGTensor, const PetscInt[3][2]);
PETSC_EXTERN PetscErrorCode HGTensorSetStencilHalo(HGTensor, HGPartition, const HGStencil *);
PETSC_EXTERN PetscErrorCode HGTensorSetHaloRanges(HGTensor, PetscInt, const PetscInt[], const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGTensorSetHaloWidths(HGTensor, const HGHaloWidths *);
PETSC_EXTERN PetscErrorCode HGTensorGetHaloOf(HGTensor, PetscMPIInt, PetscInt[3][2]);
PETSC_EXTERN PetscErrorCode HGTensorCreateView(HGTensor, HGPartition, PetscInt, HGTensor *);
PETSC_EXTERN PetscErrorCode HGTensorClear(HGTensor);
PETSC_EXTERN PetscErrorCode HGTensorIsView(HGTensor, PetscBool *);
PETSC_EXTERN PetscErrorCode HGTensorSetShared(HGTensor, PetscBool);
PETSC_EXTERN PetscErrorCode HGTensorGetShared(HGTensor, PetscBool *);
PETSC_EXTERN PetscErrorCode HGTensorIsStored(HGTensor, PetscMPIInt, PetscBool *);
PETSC_EXTERN PetscErrorCode HGTensorPlaceArray(HGTensor, void *);
PETSC_EXTERN PetscErrorCode HGTensorSetUp(HGTensor);
PETSC_EXTERN PetscErrorCode HGTensorReference(HGTensor);
PETSC_EXTERN PetscErrorCode HGTensorDestroy(HGTensor *);
PETSC_EXTERN PetscErrorCode HGTensorView(HGTensor, PetscViewer);
PETSC_EXTERN PetscErrorCode HGTensorDuplicate(HGTensor, HGTensor *);
PETSC_EXTERN PetscErrorCode HGTensorGetPartition(HGTensor, HGPartition *);
PETSC_EXTERN PetscErrorCode HGTensorGetDType(HGTensor, HGDType *);
PETSC_EXTERN PetscErrorCode HGTensorGetLocal(HGTensor, const HGTensorLocal **);
PETSC_EXTERN PetscErrorCode HGTensorCountSamples(HGTensor, PetscInt, PetscInt *);
PETSC_EXTERN PetscErrorCode HGTensorGetBytes(HGTensor, size_t *);
PETSC_EXTERN PetscErrorCode HGTensorSet(HGTensor, PetscReal);
PETSC_EXTERN PetscErrorCode HGTensorSetRandom(HGTensor, uint64_t, const char[], PetscBool);
PETSC_EXTERN PetscErrorCode HGTensorZeroGhosts(HGTensor);
PETSC_EXTERN PetscErrorCode HGTensorZeroOwned(HGTensor);
PETSC_EXTERN PetscErrorCode HGTensorCopyOwned(HGTensor, HGTensor);
PETSC_EXTERN PetscErrorCode HGTensorScale(HGTensor, PetscReal, PetscBool);
PETSC_EXTERN PetscErrorCode HGTensorAXPY(HGTensor, PetscReal, HGTensor, PetscBool);
PETSC_EXTERN PetscErrorCode HGTensorDot(HGTensor, HGTensor, PetscBool, PetscReal *);
PETSC_EXTERN PetscErrorCode HGTensorDotLocal(HGTensor, HGTensor, PetscBool, PetscReal *);
PETSC_EXTERN PetscErrorCode HGTensorToVec(HGTensor, PetscInt, Vec);
PETSC_EXTERN PetscErrorCode HGTensorFromVec(HGTensor, PetscInt, Vec);

PETSC_EXTERN PetscErrorCode HGHaloWidthsCreate(HGPartition, HGHaloWidths *);
PETSC_EXTERN PetscErrorCode HGHaloWidthsDestroy(HGHaloWidths *);
PETSC_EXTERN PetscErrorCode HGHaloWidthsUnite(HGHaloWidths *, const HGHaloWidths *);
PETSC_EXTERN PetscErrorCode HGHaloWidthsLargest(const HGHaloWidths *, PetscInt[3][2]);
PETSC_EXTERN PetscErrorCode HGHaloWidthsFromStencil(HGPartition, HGPartition, const HGStencil *, HGHaloWidths *);

#endif
