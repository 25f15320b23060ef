/* SPDX-License-Identifier: BSD-2-Clause */
#include "tensor/tensor_impl.h"

const char *const HGAxisNames[HG_AXES] = {"n", "c", "z", "y", "x"};

static PetscErrorCode CheckAxis(HGPartition p, PetscInt axis)
{
  PetscFunctionBegin;
  HGCheck(axis >= 0 && axis < HG_AXES, PetscObjectComm((PetscObject)p),
          "there is no axis %" PetscInt_FMT "; a tensor has axes 0 to %d (n, c, z, y, x)", axis, HG_AXES - 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionCreate - Create a partition of a global tensor

   Collective

   Input Parameter:
.  comm - the communicator; it holds every rank that takes part, also those that will get no points

   Output Parameter:
.  p - the partition

   Level: beginner

.seealso: `HGPartitionSetSizes()`, `HGPartitionSetParts()`, `HGPartitionSetUp()`, `HGTensorCreate()`
@*/
PetscErrorCode HGPartitionCreate(MPI_Comm comm, HGPartition *p)
{
  PetscFunctionBegin;
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(PetscHeaderCreate(*p, HG_PARTITION_CLASSID, "HGPartition", "Partition of a tensor", "Tensor", comm, HGPartitionDestroy,
                              HGPartitionView));
  (*p)->dim = 2;
  for (PetscInt a = 0; a < HG_AXES; a++) {
    (*p)->size[a]  = 1;
    (*p)->parts[a] = a < HG_Z ? 1 : PETSC_DECIDE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionSetSizes - Set the global sizes

   Logically Collective

   Input Parameters:
+  p    - the partition
.  dim  - number of spatial axes, 1 to 3
-  size - global points {N, C, Z, Y, X}; Z = 1 in 2-D, Z = Y = 1 in 1-D

   Level: beginner

   Errors:
   Refuses other dimensions, sizes below one, and sizes other than one on the missing spatial axes.

.seealso: `HGPartitionCreate()`
@*/
PetscErrorCode HGPartitionSetSizes(HGPartition p, PetscInt dim, const PetscInt size[])
{
  MPI_Comm comm = PetscObjectComm((PetscObject)p);

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  HGCheck(dim >= 1 && dim <= 3, comm, "a grid of %" PetscInt_FMT " dimensions; it must have 1, 2 or 3", dim);
  p->dim = dim;
  for (PetscInt a = 0; a < HG_AXES; a++) {
    HGCheck(size[a] >= 1, comm, "size %" PetscInt_FMT " along axis %s; it must be at least 1", size[a], HGAxisNames[a]);
    HGCheck(a < HG_Z || a >= HG_AXES - dim || size[a] == 1, comm,
            "size %" PetscInt_FMT " along axis %s of a %" PetscInt_FMT "-D grid; it must be 1", size[a], HGAxisNames[a], dim);
    p->size[a] = size[a];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionSetParts - Set the number of parts along each axis

   Logically Collective

   Input Parameters:
+  p     - the partition
-  parts - parts along {N, C, Z, Y, X}; `PETSC_DECIDE` on spatial axes leaves the choice to `HGPartitionSetUp()`

   Options Database Keys:
+  -hg_batch_parts   - parts of the batch (default 1)
.  -hg_channel_parts - parts of the channels (default 1)
-  -da_processors_x, -da_processors_y, -da_processors_z - parts of space (default: least ghost points)

   Level: beginner

.seealso: `HGPartitionSetFromOptions()`, `HGPartitionSetRanges()`
@*/
PetscErrorCode HGPartitionSetParts(HGPartition p, const PetscInt parts[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(PetscArraycpy(p->parts, parts, HG_AXES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionSetRanges - Set how many points each part has along one axis

   Logically Collective

   Input Parameters:
+  p    - the partition, its parts along this axis set
.  axis - `HG_N`, `HG_C`, `HG_Z`, `HG_Y` or `HG_X`
-  lens - points of each part; zero is allowed; their sum is the global size

   Level: intermediate

   Note:
   Without it, the first `size % parts` parts have one point more than the others, as in a `DMDA`. Along the axis of channels there may be more parts
   than channels: the last ones stay empty.

.seealso: `HGPartitionSetParts()`
@*/
PetscErrorCode HGPartitionSetRanges(HGPartition p, PetscInt axis, const PetscInt lens[])
{
  MPI_Comm comm = PetscObjectComm((PetscObject)p);

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(CheckAxis(p, axis));
  HGCheck(p->parts[axis] >= 1, comm, "set the number of parts along axis %s before their ranges", HGAxisNames[axis]);
  PetscCall(PetscFree(p->given[axis]));
  PetscCall(PetscMalloc1(p->parts[axis], &p->given[axis]));
  PetscCall(PetscArraycpy(p->given[axis], lens, p->parts[axis]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionSetReplicated - Let all parts along an axis hold the whole axis, as copies

   Logically Collective

   Input Parameters:
+  p          - the partition, its parts along this axis set
.  axis       - `HG_N`, `HG_C`, `HG_Z`, `HG_Y` or `HG_X`
-  replicated - whether the parts are copies

   Level: intermediate

   Note:
   The copies are independent elements of the space of tensors: nothing keeps them equal. A broadcast makes them equal,
   its adjoint sums them (arXiv 2006.03108).

   Errors:
   Refuses an axis that does not exist.

.seealso: `HGPartitionSetParts()`, `HGLINOPBROADCAST`, `HGLINOPSUMREDUCE`, `HGLINOPALLSUMREDUCE`
@*/
PetscErrorCode HGPartitionSetReplicated(HGPartition p, PetscInt axis, PetscBool replicated)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(CheckAxis(p, axis));
  p->copies[axis] = replicated;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionGetReplicated - Get the axes along which the parts are copies of each other's points

   Not Collective

   Input Parameter:
.  p - the partition

   Output Parameter:
.  replicated - for {N, C, Z, Y, X}

   Level: intermediate

.seealso: `HGPartitionSetReplicated()`
@*/
PetscErrorCode HGPartitionGetReplicated(HGPartition p, PetscBool replicated[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(PetscArraycpy(replicated, p->copies, HG_AXES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionSetRanks - Set which ranks of the communicator hold the parts

   Logically Collective

   Input Parameters:
+  p     - the partition
.  n     - number of parts
-  ranks - the rank of each part, x running fastest, then y, z, channels, batch

   Level: intermediate

   Note:
   Without it, part i is on rank i and every rank has a part. Ranks not named hold empty tensors.

   Errors:
   `HGPartitionSetUp()` refuses ranks outside the communicator, ranks named twice, and a number of ranks other than the
   number of parts.

.seealso: `HGPartitionSetParts()`
@*/
PetscErrorCode HGPartitionSetRanks(HGPartition p, PetscInt n, const PetscMPIInt ranks[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(PetscFree(p->ranks));
  PetscCall(PetscMalloc1(n, &p->ranks));
  PetscCall(PetscArraycpy(p->ranks, ranks, n));
  p->nranks = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionSetPeriodic - Set which spatial axes of the `DMDA` are periodic

   Logically Collective

   Input Parameters:
+  p        - the partition
-  periodic - for z, y, x

   Level: intermediate

.seealso: `HGPartitionGetDM()`
@*/
PetscErrorCode HGPartitionSetPeriodic(HGPartition p, const PetscBool periodic[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(PetscArraycpy(p->periodic, periodic, 3));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionSetFromOptions - Set the parts from the options database

   Collective

   Input Parameter:
.  p - the partition

   Options Database Keys:
+  -hg_batch_parts   - parts of the batch (default 1)
.  -hg_channel_parts - parts of the channels (default 1)
-  -da_processors_x, -da_processors_y, -da_processors_z - parts of space (default: least ghost points)

   Level: beginner

.seealso: `HGPartitionSetParts()`
@*/
PetscErrorCode HGPartitionSetFromOptions(HGPartition p)
{
  static const char *const opt[] = {"-hg_batch_parts", "-hg_channel_parts", "-da_processors_z", "-da_processors_y", "-da_processors_x"};
  static const char *const txt[] = {"parts of the batch", "parts of the channels", "parts along z", "parts along y", "parts along x"};

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscObjectOptionsBegin((PetscObject)p);
  for (PetscInt a = 0; a < HG_AXES; a++) {
    PetscCall(HGOptionsInt(PetscOptionsObject, opt[a], txt[a], "HGPartitionSetParts", 1, PETSC_MAX_INT, &p->parts[a], NULL));
  }
  PetscOptionsEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ghost points of the largest part for a halo of one, the measure by which parts are chosen */
static PetscInt64 GhostPoints(const PetscInt size[3], const PetscInt parts[3])
{
  PetscInt64 sum = 0;

  for (int a = 0; a < 3; a++) {
    PetscInt64 face = parts[a] > 1;

    for (int b = 0; b < 3; b++)
      if (b != a) face *= (size[b] + parts[b] - 1) / parts[b];
    sum += face;
  }
  return sum;
}

/* Chooses the free entries of parts so that their product is n and each part has a point; parts[0] = 0 if that cannot be.
   Among equals the last one found has the fewest cuts along x, whose faces are scattered in memory. */
static void ChooseParts(PetscInt n, const PetscInt size[3], PetscInt parts[3])
{
  PetscInt   best[3] = {0, 0, 0};
  PetscInt64 least   = PETSC_MAX_INT;

  for (PetscInt x = PetscMin(n, size[2]); x >= 1; x--) {
    if (n % x || (parts[2] > 0 && parts[2] != x)) continue;
    for (PetscInt y = PetscMin(n / x, size[1]); y >= 1; y--) {
      const PetscInt   try[3] = {n / x / y, y, x};
      const PetscInt64 ghosts = GhostPoints(size, try);

      if (n / x % y || (parts[1] > 0 && parts[1] != y) || (parts[0] > 0 && parts[0] != try[0])) continue;
      if (try[0] > size[0] || (best[0] && ghosts > least)) continue;
      least = ghosts;
      memcpy(best, try, sizeof(best));
    }
  }
  for (int a = 0; a < 3; a++) parts[a] = best[a];
}

static PetscErrorCode DecideParts(HGPartition p, PetscMPIInt size)
{
  MPI_Comm       comm   = PetscObjectComm((PetscObject)p);
  const PetscInt groups = p->parts[HG_N] * p->parts[HG_C];
  PetscInt       n      = p->ranks ? p->nranks : size, parts[3];
  char           cut[3][24];

  PetscFunctionBegin;
  HGCheck(groups >= 1 && n % groups == 0, comm,
          "%" PetscInt_FMT " ranks cannot be divided into %" PetscInt_FMT " batch x %" PetscInt_FMT
          " channel parts; choose -hg_batch_parts and -hg_channel_parts so that their product divides the number of ranks",
          n, p->parts[HG_N], p->parts[HG_C]);
  for (int a = 0; a < 3; a++) {
    parts[a] = p->parts[HG_Z + a];
    PetscCall(PetscSNPrintf(cut[a], sizeof(cut[a]), parts[a] > 0 ? "%" PetscInt_FMT : "any", parts[a]));
  }
  if (p->given[HG_Z] || p->given[HG_Y] || p->given[HG_X] ||
      (parts[0] > 0 && parts[1] > 0 && parts[2] > 0)) { /* the user's own choice, empty parts included */
    for (int a = 0; a < 3; a++) parts[a] = PetscMax(1, parts[a]);
    HGCheck(parts[0] * parts[1] * parts[2] * groups == n, comm, "%s x %s x %s parts of space (z, y, x) do not make %" PetscInt_FMT " ranks",
            cut[0], cut[1], cut[2], n / groups);
  } else ChooseParts(n / groups, &p->size[HG_Z], parts);
  HGCheck(parts[0], comm,
          "a grid of %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " points (z, y, x) cannot be divided among %" PetscInt_FMT
          " ranks as %s x %s x %s parts with at least one point each; use fewer ranks, -da_processors_x/-y/-z or -hg_batch_parts",
          p->size[HG_Z], p->size[HG_Y], p->size[HG_X], n / groups, cut[0], cut[1], cut[2]);
  PetscCall(PetscArraycpy(&p->parts[HG_Z], parts, 3));
  p->nranks = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetStarts(HGPartition p, PetscInt a)
{
  static const char *const option[] = {"-hg_batch_parts", "-hg_channel_parts", "-da_processors_z", "-da_processors_y", "-da_processors_x"};
  MPI_Comm                 comm     = PetscObjectComm((PetscObject)p);
  const PetscInt           parts = p->parts[a], size = p->size[a];

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(parts + 1, &p->start[a]));
  if (p->copies[a]) {
    HGCheck(!p->given[a], comm, "axis %s is replicated: its parts all have %" PetscInt_FMT " points, they cannot be given other numbers",
            HGAxisNames[a], size);
    p->start[a][parts] = size;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt i = 0; i < parts; i++) {
    const PetscInt len = p->given[a] ? p->given[a][i] : size / parts + (i < size % parts);

    HGCheck(len >= 0, comm, "%" PetscInt_FMT " points in part %" PetscInt_FMT " along axis %s; it must be at least 0", len, i,
            HGAxisNames[a]);
    p->start[a][i + 1] = p->start[a][i] + len;
  }
  HGCheck(p->start[a][parts] == size, comm, "the parts along axis %s have %" PetscInt_FMT " points in all; the tensor has %" PetscInt_FMT,
          HGAxisNames[a], p->start[a][parts], size);
  HGCheck(p->given[a] || a == HG_C || size >= parts, comm,
          "%" PetscInt_FMT " parts along axis %s of only %" PetscInt_FMT " points; use fewer parts (%s)", parts, HGAxisNames[a], size,
          option[a]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetRankMap(HGPartition p, PetscMPIInt size)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)p);
  PetscInt all  = 1;

  PetscFunctionBegin;
  for (PetscInt a = 0; a < HG_AXES; a++) all *= p->parts[a];
  HGCheck(all == p->nranks, comm, "%" PetscInt_FMT " ranks for %" PetscInt_FMT " parts; give one rank for each part", p->nranks, all);
  PetscCall(PetscMalloc1(size, &p->part));
  for (PetscMPIInt r = 0; r < size; r++) p->part[r] = -1;
  for (PetscInt i = 0; i < all; i++) {
    const PetscMPIInt r = p->ranks ? p->ranks[i] : (PetscMPIInt)i;

    HGCheck(r >= 0 && r < size, comm, "part %" PetscInt_FMT " is to be on rank %d, but the communicator has ranks 0 to %d", i, r, size - 1);
    HGCheck(p->part[r] < 0, comm, "rank %d is to hold parts %" PetscInt_FMT " and %" PetscInt_FMT "; a rank holds one", r, p->part[r], i);
    p->part[r] = i;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionSetUp - Decide what is left open and check what was set

   Collective

   Input Parameter:
.  p - the partition

   Level: beginner

   Note:
   Parts of space left to decide are chosen for the fewest ghost points, cutting along x last.

   Errors:
   Refuses parts and ranks that do not fit each other, and more ranks than there are points to give to them.

.seealso: `HGPartitionCreate()`, `HGPartitionGetBox()`
@*/
PetscErrorCode HGPartitionSetUp(HGPartition p)
{
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  if (p->setup) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)p), &size));
  PetscCall(DecideParts(p, size));
  for (PetscInt a = 0; a < HG_AXES; a++) PetscCall(SetStarts(p, a));
  PetscCall(SetRankMap(p, size));
  p->setup = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateDM(HGPartition p, MPI_Comm space)
{
  DMBoundaryType bt[3];
  PetscInt      *len[3] = {NULL, NULL, NULL}; /* z, y, x */

  PetscFunctionBegin;
  for (PetscInt a = 0; a < 3; a++) {
    PetscCall(PetscMalloc1(p->parts[HG_Z + a], &len[a]));
    for (PetscInt i = 0; i < p->parts[HG_Z + a]; i++) len[a][i] = p->start[HG_Z + a][i + 1] - p->start[HG_Z + a][i];
    bt[a] = p->periodic[a] ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_NONE;
  }
  PetscCall(DMDACreate(space, &p->da));
  PetscCall(DMSetDimension(p->da, p->dim));
  PetscCall(DMDASetSizes(p->da, p->size[HG_X], p->size[HG_Y], p->size[HG_Z]));
  PetscCall(DMDASetNumProcs(p->da, p->parts[HG_X], p->parts[HG_Y], p->parts[HG_Z]));
  PetscCall(DMDASetBoundaryType(p->da, bt[2], bt[1], bt[0]));
  PetscCall(DMDASetDof(p->da, 1));
  PetscCall(DMDASetStencilType(p->da, DMDA_STENCIL_BOX));
  PetscCall(DMDASetStencilWidth(p->da, 1));
  PetscCall(DMDASetOwnershipRanges(p->da, len[2], p->dim > 1 ? len[1] : NULL, p->dim > 2 ? len[0] : NULL));
  PetscCall(DMSetUp(p->da));
  for (PetscInt a = 0; a < 3; a++) PetscCall(PetscFree(len[a]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionGetDM - Get the `DMDA` (one degree of freedom, stencil width one) that has the partition's points of space

   Collective

   Input Parameter:
.  p - the partition, set up

   Output Parameter:
.  da - the `DMDA`, on the ranks that share this rank's batch and channel part; do not destroy it

   Level: intermediate

   Errors:
   A `DMDA` has a point on every rank: a partition with empty spatial parts or ranks without a part has none.

.seealso: `HGTensorToVec()`
@*/
PetscErrorCode HGPartitionGetDM(HGPartition p, DM *da)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  if (!p->da) {
    MPI_Comm       comm  = PetscObjectComm((PetscObject)p), space;
    const PetscInt group = p->parts[HG_Z] * p->parts[HG_Y] * p->parts[HG_X];
    PetscMPIInt    rank, size;

    PetscCallMPI(MPI_Comm_rank(comm, &rank));
    PetscCallMPI(MPI_Comm_size(comm, &size));
    HGCheck(size == p->nranks, comm, "a partition with %" PetscInt_FMT " parts on %d ranks has no DMDA: it needs one part on each rank",
            p->nranks, size);
    for (PetscInt a = HG_Z; a < HG_AXES; a++) HGCheck(!p->copies[a], comm, "axis %s is replicated; a DMDA has no copies", HGAxisNames[a]);
    for (PetscInt a = HG_Z; a < HG_AXES; a++)
      for (PetscInt i = 0; i < p->parts[a]; i++)
        HGCheck(p->start[a][i + 1] > p->start[a][i], comm, "part %" PetscInt_FMT " along axis %s is empty; a DMDA needs a point in each", i,
                HGAxisNames[a]);
    PetscCallMPI(MPI_Comm_split(comm, (PetscMPIInt)(p->part[rank] / group), (PetscMPIInt)(p->part[rank] % group), &space));
    PetscCall(CreateDM(p, space));
    PetscCallMPI(MPI_Comm_free(&space));
  }
  *da = p->da;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionReference - Take a further reference to a partition

   Logically Collective

   Input Parameter:
.  p - the partition

   Level: advanced

.seealso: `HGPartitionDestroy()`
@*/
PetscErrorCode HGPartitionReference(HGPartition p)
{
  PetscFunctionBegin;
  PetscCall(PetscObjectReference((PetscObject)p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionDestroy - Give back a reference, and destroy the partition with the last one

   Collective

   Input Parameter:
.  p - the partition

   Level: beginner

.seealso: `HGPartitionCreate()`
@*/
PetscErrorCode HGPartitionDestroy(HGPartition *p)
{
  PetscFunctionBegin;
  if (!*p) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(*p, HG_PARTITION_CLASSID, 1);
  if (--((PetscObject)*p)->refct > 0) {
    *p = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt a = 0; a < HG_AXES; a++) {
    PetscCall(PetscFree((*p)->start[a]));
    PetscCall(PetscFree((*p)->given[a]));
  }
  PetscCall(PetscFree((*p)->ranks));
  PetscCall(PetscFree((*p)->part));
  PetscCall(DMDestroy(&(*p)->da));
  PetscCall(PetscHeaderDestroy(p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPartitionView - Print sizes and parts of a partition

   Collective

   Input Parameters:
+  p      - the partition
-  viewer - an ASCII viewer

   Level: beginner

.seealso: `HGPartitionCreate()`
@*/
PetscErrorCode HGPartitionView(HGPartition p, PetscViewer viewer)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(PetscViewerASCIIPrintf(
      viewer,
      "[n][c][z][y][x] = [%" PetscInt_FMT "][%" PetscInt_FMT "][%" PetscInt_FMT "][%" PetscInt_FMT "][%" PetscInt_FMT "] in [%" PetscInt_FMT
      "][%" PetscInt_FMT "][%" PetscInt_FMT "][%" PetscInt_FMT "][%" PetscInt_FMT "] parts",
      p->size[0], p->size[1], p->size[2], p->size[3], p->size[4], p->parts[0], p->parts[1], p->parts[2], p->parts[3], p->parts[4]));
  for (PetscInt a = 0; a < HG_AXES; a++)
    if (p->copies[a]) PetscCall(PetscViewerASCIIPrintf(viewer, ", copies along %s", HGAxisNames[a]));
  PetscCall(PetscViewerASCIIPrintf(viewer, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionGetSizes - Get the number of spatial axes and the global sizes

   Not Collective

   Input Parameter:
.  p - the partition

   Output Parameters:
+  dim  - number of spatial axes, or NULL
-  size - {N, C, Z, Y, X}, or NULL

   Level: beginner

.seealso: `HGPartitionSetSizes()`
@*/
PetscErrorCode HGPartitionGetSizes(HGPartition p, PetscInt *dim, PetscInt size[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  if (dim) *dim = p->dim;
  if (size) PetscCall(PetscArraycpy(size, p->size, HG_AXES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionGetParts - Get the number of parts along each axis

   Not Collective

   Input Parameter:
.  p - the partition, set up

   Output Parameter:
.  parts - parts along {N, C, Z, Y, X}

   Level: beginner

.seealso: `HGPartitionSetParts()`
@*/
PetscErrorCode HGPartitionGetParts(HGPartition p, PetscInt parts[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(PetscArraycpy(parts, p->parts, HG_AXES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPartitionGetStarts - Get the first point of each part along an axis

   Not Collective

   Input Parameters:
+  p    - the partition, set up
-  axis - the axis

   Output Parameter:
.  start - parts + 1 numbers, the last one the global size; do not free. Along a replicated axis all parts start at 0

   Level: intermediate

.seealso: `HGPartitionGetBox()`
@*/
PetscErrorCode HGPartitionGetStarts(HGPartition p, PetscInt axis, const PetscInt *start[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  *start = p->start[axis];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionGetRank - Get the rank that holds the part with given coordinates

   Not Collective

   Input Parameters:
+  p      - the partition, set up
-  coords - the part's coordinates {n, c, z, y, x}

   Output Parameter:
.  rank - the rank in the partition's communicator

   Level: intermediate

.seealso: `HGPartitionGetCoords()`
@*/
PetscErrorCode HGPartitionGetRank(HGPartition p, const PetscInt coords[], PetscMPIInt *rank)
{
  PetscInt i = 0;

  PetscFunctionBegin;
  for (PetscInt a = 0; a < HG_AXES; a++) i = i * p->parts[a] + coords[a];
  *rank = p->ranks ? p->ranks[i] : (PetscMPIInt)i;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionGetCoords - Get the coordinates of the part that a rank holds

   Not Collective

   Input Parameters:
+  p    - the partition, set up
-  rank - a rank of its communicator

   Output Parameters:
+  has    - whether the rank holds a part
-  coords - the part's coordinates {n, c, z, y, x}, untouched if it holds none

   Level: intermediate

.seealso: `HGPartitionGetRank()`
@*/
PetscErrorCode HGPartitionGetCoords(HGPartition p, PetscMPIInt rank, PetscBool *has, PetscInt coords[])
{
  PetscInt i = p->part[rank];

  PetscFunctionBegin;
  *has = i >= 0 ? PETSC_TRUE : PETSC_FALSE;
  for (PetscInt a = HG_AXES - 1; a >= 0 && *has; i /= p->parts[a--]) coords[a] = i % p->parts[a];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionGetBox - Get the points that a rank owns

   Not Collective

   Input Parameters:
+  p    - the partition, set up
-  rank - a rank of its communicator

   Output Parameter:
.  box - its points; all sizes are zero if it has none

   Level: intermediate

.seealso: `HGPartitionGetStarts()`
@*/
PetscErrorCode HGPartitionGetBox(HGPartition p, PetscMPIInt rank, HGBox *box)
{
  PetscInt  c[HG_AXES];
  PetscBool has;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(PetscMemzero(box, sizeof(*box)));
  PetscCall(HGPartitionGetCoords(p, rank, &has, c));
  for (PetscInt a = 0; a < HG_AXES && has; a++) {
    box->start[a] = p->start[a][c[a]];
    box->size[a]  = p->copies[a] ? p->size[a] : p->start[a][c[a] + 1] - p->start[a][c[a]];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
