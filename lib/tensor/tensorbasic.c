/* SPDX-License-Identifier: BSD-2-Clause */
#include "tensor/tensor_impl.h"

#define ALIGNMENT 64 /* bytes: a cache line, and the widest vector */

/*@
   HGTensorCreate - Create a tensor on a partition

   Collective

   Input Parameters:
+  p     - the partition, set up
-  dtype - the element type

   Output Parameter:
.  t - the tensor, without halo

   Level: beginner

   Shape:
   local storage [N][lo_z + Z + hi_z][lo_y + Y + hi_y][lo_x + X + hi_x][C], channels contiguous

.seealso: `HGTensorSetHalo()`, `HGTensorSetUp()`, `HGTensorGetLocal()`
@*/
PetscErrorCode HGTensorCreate(HGPartition p, HGDType dtype, HGTensor *t)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCheck(p->setup, PetscObjectComm((PetscObject)p), PETSC_ERR_ARG_WRONGSTATE, "call HGPartitionSetUp() before HGTensorCreate()");
  PetscCall(PetscHeaderCreate(*t, HG_TENSOR_CLASSID, "HGTensor", "Distributed tensor", "Tensor", PetscObjectComm((PetscObject)p),
                              HGTensorDestroy, HGTensorView));
  PetscCall(HGPartitionReference(p));
  (*t)->part  = p;
  (*t)->dtype = dtype;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)p), &rank));
  PetscCall(HGPartitionGetBox(p, rank, &(*t)->local.box));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorSetHalo - Set how many ghost points lie around the owned points

   Logically Collective

   Input Parameters:
+  t    - the tensor, not set up yet
-  halo - ghost points below and above, for z, y, x; the same on all ranks

   Level: beginner

   Errors:
   Refuses negative widths.

.seealso: `HGTensorCreate()`
@*/
PetscErrorCode HGTensorSetHalo(HGTensor t, const PetscInt halo[3][2])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  PetscCheck(!t->setup, PetscObjectComm((PetscObject)t), PETSC_ERR_ARG_WRONGSTATE, "set the halo before HGTensorSetUp()");
  for (int a = 0; a < 3; a++) {
    for (int s = 0; s < 2; s++) {
      HGCheck(halo[a][s] >= 0, PetscObjectComm((PetscObject)t), "a halo of %" PetscInt_FMT " points; it must be at least 0", halo[a][s]);
      t->local.halo[a][s] = halo[a][s];
      PetscCall(PetscFree(t->width[a][s]));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A part without points has ghost points if widths were given for each part: a layer's output may live where its input has none */
static PetscBool HasStorage(HGTensor t, const HGBox *box, const PetscInt halo[3][2])
{
  if (!box->size[HG_N] || !box->size[HG_C]) return PETSC_FALSE;
  for (int a = 0; a < 3; a++) {
    const PetscInt ghosts = t->width[0][0] && t->width[1][0] && t->width[2][0] ? halo[a][0] + halo[a][1] : 0;

    if (!box->size[HG_Z + a] && !ghosts) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/*@C
   HGTensorIsStored - Find out whether a rank stores any elements of a tensor, owned or ghost

   Not Collective

   Input Parameters:
+  t    - the tensor
-  rank - a rank of its communicator

   Output Parameter:
.  stored - whether it does

   Level: developer

.seealso: `HGTensorGetHaloOf()`
@*/
PetscErrorCode HGTensorIsStored(HGTensor t, PetscMPIInt rank, PetscBool *stored)
{
  PetscInt halo[3][2];
  HGBox    box;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  PetscCall(HGPartitionGetBox(t->part, rank, &box));
  PetscCall(HGTensorGetHaloOf(t, rank, halo));
  *stored = HasStorage(t, &box, (const PetscInt(*)[2])halo);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void SetStrides(HGTensor t)
{
  HGTensorLocal *l = &t->local;
  ptrdiff_t      s = 1;

  l->stride[HG_C] = 1;
  s               = l->box.size[HG_C];
  for (int a = HG_X; a >= HG_Z; a--) {
    l->stride[a] = s;
    s *= l->box.size[a] + l->halo[a - HG_Z][0] + l->halo[a - HG_Z][1];
  }
  l->stride[HG_N] = s;
  l->elements     = HasStorage(t, &l->box, (const PetscInt(*)[2])l->halo) ? (size_t)s * (size_t)l->box.size[HG_N] : 0;
}

static void PointAtOwned(HGTensor t)
{
  HGTensorLocal *l   = &t->local;
  ptrdiff_t      off = 0;

  for (int a = 0; a < 3; a++) off += l->halo[a][0] * l->stride[HG_Z + a];
  l->owned = l->elements ? (char *)l->array + off * (ptrdiff_t)HGDTypeSize(t->dtype) : l->array;
}

/*@
   HGTensorSetHaloRanges - Set how many ghost points each part has along one axis of space

   Logically Collective

   Input Parameters:
+  t    - the tensor, not set up yet
.  axis - `HG_Z`, `HG_Y` or `HG_X`
.  lo   - ghost points below, of each part along this axis
-  hi   - ghost points above

   Level: advanced

   Note:
   Strided and dilated stencils reach differently far beyond different parts. All ranks give the widths of all parts.

   Errors:
   Refuses negative widths and axes other than those of space.

.seealso: `HGTensorSetHalo()`, `HGTensorGetHaloOf()`
@*/
PetscErrorCode HGTensorSetHaloRanges(HGTensor t, PetscInt axis, const PetscInt lo[], const PetscInt hi[])
{
  MPI_Comm       comm = PetscObjectComm((PetscObject)t);
  const PetscInt a    = axis - HG_Z;
  PetscInt       parts, halo[3][2];
  PetscMPIInt    rank;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  PetscCheck(!t->setup, comm, PETSC_ERR_ARG_WRONGSTATE, "set the halo before HGTensorSetUp()");
  HGCheck(axis >= HG_Z && axis <= HG_X, comm, "a halo along axis %" PetscInt_FMT "; space has axes %d to %d (z, y, x)", axis, HG_Z, HG_X);
  parts = t->part->parts[axis];
  for (int s = 0; s < 2; s++) {
    PetscCall(PetscFree(t->width[a][s]));
    PetscCall(PetscMalloc1(parts, &t->width[a][s]));
    for (PetscInt i = 0; i < parts; i++) {
      t->width[a][s][i] = s ? hi[i] : lo[i];
      HGCheck(t->width[a][s][i] >= 0, comm, "a halo of %" PetscInt_FMT " points; it must be at least 0", t->width[a][s][i]);
    }
  }
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(HGTensorGetHaloOf(t, rank, halo));
  PetscCall(PetscArraycpy(t->local.halo[a], halo[a], 2));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorGetHaloOf - Get how many ghost points a rank has around its points

   Not Collective

   Input Parameters:
+  t    - the tensor
-  rank - a rank of its communicator

   Output Parameter:
.  halo - ghost points below and above, for z, y, x

   Level: advanced

.seealso: `HGTensorSetHalo()`, `HGTensorSetHaloRanges()`
@*/
PetscErrorCode HGTensorGetHaloOf(HGTensor t, PetscMPIInt rank, PetscInt halo[3][2])
{
  PetscInt  coords[HG_AXES] = {0};
  PetscBool has;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  PetscCall(HGPartitionGetCoords(t->part, rank, &has, coords));
  for (int a = 0; a < 3; a++)
    for (int s = 0; s < 2; s++) halo[a][s] = t->width[a][s] ? t->width[a][s][coords[HG_Z + a]] : t->local.halo[a][s];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTensorPlaceArray - Let a tensor use memory of the caller's

   Not Collective

   Input Parameters:
+  t     - the tensor
-  array - the storage, aligned to 64 bytes, which outlives the tensor

   Level: developer

   Shape:
   array [N][lo_z + Z + hi_z][lo_y + Y + hi_y][lo_x + X + hi_x][C]

.seealso: `HGTensorSetUp()`, `HGTensorGetBytes()`
@*/
PetscErrorCode HGTensorPlaceArray(HGTensor t, void *array)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  PetscCall(PetscFree(t->memory));
  SetStrides(t);
  t->local.array = array;
  PointAtOwned(t);
  t->setup = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorCreateView - Create a tensor that is a range of channels of another, in its memory

   Logically Collective

   Input Parameters:
+  base  - the tensor, set up
.  p     - partition of the view: that of `base` but for the number of channels; if these are in several parts, `HGPartitionCreateChannels()`
-  first - the channel of `base` that is the view's first

   Output Parameter:
.  view - the tensor, set up

   Level: developer

   Shape:
   base: [N][Z][Y][X][C], view: [N][Z][Y][X][C_view] with the strides and the halo of base

   Note:
   Operators and layers take views; functions that work on all elements of a tensor (`HGTensorSet()`, `HGTensorAXPY()` ...) do not.

   Errors:
   Refuses channels outside those of `base`, and channels that `base` has on another rank.

.seealso: `HGTensorSetUp()`, `HGPartitionCreateChannels()`
@*/
PetscErrorCode HGTensorCreateView(HGTensor base, HGPartition p, PetscInt first, HGTensor *view)
{
  HGTensorLocal *l, *b = &base->local;
  PetscInt       at;
  size_t         skip;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(base, HG_TENSOR_CLASSID, 1);
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 2);
  PetscCheck(base->setup && first >= 0 && first + p->size[HG_C] <= base->part->size[HG_C], PetscObjectComm((PetscObject)base),
             PETSC_ERR_ARG_OUTOFRANGE, "a view of channels %" PetscInt_FMT " to %" PetscInt_FMT " of a tensor of %" PetscInt_FMT, first,
             first + p->size[HG_C], base->part->size[HG_C]);
  PetscCall(HGTensorCreate(p, base->dtype, view));
  PetscCall(HGTensorSetHalo(*view, (const PetscInt(*)[2])b->halo));
  for (int a = 0; a < 3; a++)
    if (base->width[a][0]) PetscCall(HGTensorSetHaloRanges(*view, HG_Z + a, base->width[a][0], base->width[a][1]));
  l = &(*view)->local;
  SetStrides(*view);
  PetscCall(PetscArraycpy(l->stride, b->stride, HG_AXES));
  at = l->box.size[HG_C] ? first + l->box.start[HG_C] - b->box.start[HG_C] : 0;
  PetscCheck(at >= 0 && at + l->box.size[HG_C] <= b->box.size[HG_C], PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
             "channels %" PetscInt_FMT " to %" PetscInt_FMT " of a view lie on another rank; see HGPartitionCreateChannels()",
             first + l->box.start[HG_C], first + l->box.start[HG_C] + l->box.size[HG_C] - 1);
  skip            = (size_t)at * HGDTypeSize(base->dtype);
  l->array        = b->array ? (char *)b->array + skip : NULL;
  l->owned        = b->owned ? (char *)b->owned + skip : NULL;
  (*view)->view   = PETSC_TRUE;
  (*view)->shared = base->shared;
  (*view)->setup  = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorSetShared - Tell that a tensor's memory serves other tensors of other layouts while this one is not used

   Logically Collective

   Input Parameters:
+  t      - the tensor
-  shared - whether its ghost points lose their values in between; views created later inherit it

   Level: developer

.seealso: `HGTensorGetShared()`, `HGLinOpSetKeepZeros()`
@*/
PetscErrorCode HGTensorSetShared(HGTensor t, PetscBool shared)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  t->shared = shared;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorGetShared - Get whether a tensor's ghost points may lose their values between uses

   Not Collective

   Input Parameter:
.  t - the tensor

   Output Parameter:
.  shared - what was set, `PETSC_FALSE` by default

   Level: developer

.seealso: `HGTensorSetShared()`
@*/
PetscErrorCode HGTensorGetShared(HGTensor t, PetscBool *shared)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  *shared = t->shared;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorIsView - Get whether a tensor is a range of channels of another

   Not Collective

   Input Parameter:
.  t - the tensor

   Output Parameter:
.  view - whether `HGTensorCreateView()` made it

   Level: developer

.seealso: `HGTensorCreateView()`
@*/
PetscErrorCode HGTensorIsView(HGTensor t, PetscBool *view)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  *view = t->view;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorClear - Set the whole storage to zero, by the threads that will work on it

   Not Collective

   Input Parameter:
.  t - the tensor, set up, no view

   Level: developer

   Note:
   Pages of fresh memory come to lie near the threads that touch them first.

.seealso: `HGTensorPlaceArray()`
@*/
PetscErrorCode HGTensorClear(HGTensor t)
{
  const size_t bytes = t->local.elements * HGDTypeSize(t->dtype), block = 1 << 16;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < (bytes + block - 1) / block; b++)
    memset((char *)t->local.array + b * block, 0, PetscMin(block, bytes - b * block));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorSetUp - Allocate the local storage and set it to zero

   Not Collective

   Input Parameter:
.  t - the tensor

   Level: beginner

   Note:
   Does nothing if memory was placed.

.seealso: `HGTensorPlaceArray()`
@*/
PetscErrorCode HGTensorSetUp(HGTensor t)
{
  size_t bytes;
  char  *array;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  if (t->setup) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetBytes(t, &bytes));
  PetscCall(PetscMalloc(bytes + ALIGNMENT, &t->memory));
  array          = (char *)t->memory + (ALIGNMENT - (uintptr_t)t->memory % ALIGNMENT) % ALIGNMENT;
  t->local.array = array;
  PointAtOwned(t);
  PetscCall(HGTensorClear(t));
  t->setup = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorReference - Take a further reference to a tensor

   Logically Collective

   Input Parameter:
.  t - the tensor

   Level: advanced

.seealso: `HGTensorDestroy()`
@*/
PetscErrorCode HGTensorReference(HGTensor t)
{
  PetscFunctionBegin;
  PetscCall(PetscObjectReference((PetscObject)t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorDestroy - Give back a reference, and destroy the tensor with the last one

   Collective

   Input Parameter:
.  t - the tensor

   Level: beginner

.seealso: `HGTensorCreate()`
@*/
PetscErrorCode HGTensorDestroy(HGTensor *t)
{
  PetscFunctionBegin;
  if (!*t) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(*t, HG_TENSOR_CLASSID, 1);
  if (--((PetscObject)*t)->refct > 0) {
    *t = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGPartitionDestroy(&(*t)->part));
  for (int a = 0; a < 3; a++)
    for (int s = 0; s < 2; s++) PetscCall(PetscFree((*t)->width[a][s]));
  PetscCall(PetscFree((*t)->memory));
  PetscCall(PetscHeaderDestroy(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorDuplicate - Create a tensor of the same partition, type and halo, its elements zero

   Collective

   Input Parameter:
.  t - the tensor

   Output Parameter:
.  u - the new tensor, set up

   Level: beginner

.seealso: `HGTensorCreate()`
@*/
PetscErrorCode HGTensorDuplicate(HGTensor t, HGTensor *u)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  PetscCall(HGTensorCreate(t->part, t->dtype, u));
  PetscCall(HGTensorSetHalo(*u, (const PetscInt(*)[2])t->local.halo));
  for (int a = 0; a < 3; a++)
    if (t->width[a][0]) PetscCall(HGTensorSetHaloRanges(*u, HG_Z + a, t->width[a][0], t->width[a][1]));
  PetscCall(HGTensorSetUp(*u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTensorView - Print a tensor's sizes, parts, type and halo

   Collective

   Input Parameters:
+  t      - the tensor
-  viewer - an ASCII viewer

   Level: beginner

.seealso: `HGPartitionView()`
@*/
PetscErrorCode HGTensorView(HGTensor t, PetscViewer viewer)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  PetscCall(PetscViewerASCIIPrintf(viewer,
                                   "HGTensor %s, halo z %" PetscInt_FMT "+%" PetscInt_FMT " y %" PetscInt_FMT "+%" PetscInt_FMT
                                   " x %" PetscInt_FMT "+%" PetscInt_FMT ", ",
                                   HGDTypeName(t->dtype), t->local.halo[0][0], t->local.halo[0][1], t->local.halo[1][0],
                                   t->local.halo[1][1], t->local.halo[2][0], t->local.halo[2][1]));
  PetscCall(HGPartitionView(t->part, viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorGetPartition - Get a tensor's partition

   Not Collective

   Input Parameter:
.  t - the tensor

   Output Parameter:
.  p - its partition; do not destroy it

   Level: beginner

.seealso: `HGTensorCreate()`
@*/
PetscErrorCode HGTensorGetPartition(HGTensor t, HGPartition *p)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  *p = t->part;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorGetDType - Get a tensor's element type

   Not Collective

   Input Parameter:
.  t - the tensor

   Output Parameter:
.  dtype - the type

   Level: beginner

.seealso: `HGTensorCreate()`
@*/
PetscErrorCode HGTensorGetDType(HGTensor t, HGDType *dtype)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  *dtype = t->dtype;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTensorGetLocal - Get a tensor's local box, halo, strides and storage

   Not Collective

   Input Parameter:
.  t - the tensor, set up

   Output Parameter:
.  local - what lies where; do not free

   Level: intermediate

   Shape:
   owned element (n, c, z, y, x), counted from the box's start, is at
   owned[n stride_n + z stride_z + y stride_y + x stride_x + c]

.seealso: `HGTensorLocal`
@*/
PetscErrorCode HGTensorGetLocal(HGTensor t, const HGTensorLocal **local)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  PetscCheck(t->setup, PetscObjectComm((PetscObject)t), PETSC_ERR_ARG_WRONGSTATE, "call HGTensorSetUp() first");
  *local = &t->local;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorGetBytes - Get the size of a tensor's local storage

   Not Collective

   Input Parameter:
.  t - the tensor, its halo set

   Output Parameter:
.  bytes - size in bytes, ghosts included

   Level: developer

   Units:
   bytes

.seealso: `HGTensorPlaceArray()`
@*/
PetscErrorCode HGTensorGetBytes(HGTensor t, size_t *bytes)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  SetStrides(t);
  *bytes = t->local.elements * HGDTypeSize(t->dtype);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTensorCountSamples - How many of the first samples of a batch this rank has

   Not Collective

   Input Parameters:
+  t     - the tensor, set up
-  count - samples over all ranks

   Output Parameter:
.  mine - those of this rank

   Level: developer

.seealso: `HGTensorGetLocal()`
@*/
PetscErrorCode HGTensorCountSamples(HGTensor t, PetscInt count, PetscInt *mine)
{
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  *mine = PetscMax(0, PetscMin(count - l->box.start[HG_N], l->box.size[HG_N]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
