/* SPDX-License-Identifier: BSD-2-Clause */
#include "tensor/tensor_impl.h"

/* Partitions made from others */

/* Parts, copies and ranks of p for a tensor of other sizes; ranges of space as they are, of channels evenly */
static PetscErrorCode CreateFrom(HGPartition p, const PetscInt size[], HGPartition *q)
{
  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(PetscObjectComm((PetscObject)p), q));
  PetscCall(HGPartitionSetSizes(*q, p->dim, size));
  PetscCall(HGPartitionSetParts(*q, p->parts));
  PetscCall(HGPartitionSetPeriodic(*q, p->periodic));
  PetscCall(PetscArraycpy((*q)->copies, p->copies, HG_AXES));
  if (p->given[HG_N] && size[HG_N] == p->size[HG_N]) PetscCall(HGPartitionSetRanges(*q, HG_N, p->given[HG_N]));
  for (PetscInt a = HG_Z; a < HG_AXES; a++)
    if (p->given[a] && size[a] == p->size[a]) PetscCall(HGPartitionSetRanges(*q, a, p->given[a]));
  if (p->ranks) PetscCall(HGPartitionSetRanks(*q, p->nranks, p->ranks));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionCreateLike - Create the partition of a tensor with other batch and channel sizes on the same points of space

   Collective

   Input Parameters:
+  p - the partition, set up
.  N - samples
-  C - channels

   Output Parameter:
.  q - the new partition, set up; it shares the `DMDA`

   Level: intermediate

   Errors:
   Refuses fewer samples than batch parts.

.seealso: `HGPartitionCreate()`
@*/
PetscErrorCode HGPartitionCreateLike(HGPartition p, PetscInt N, PetscInt C, HGPartition *q)
{
  const PetscInt size[HG_AXES] = {N, C, p->size[HG_Z], p->size[HG_Y], p->size[HG_X]};

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(CreateFrom(p, size, q));
  PetscCall(HGPartitionSetUp(*q));
  PetscCall(PetscObjectReference((PetscObject)p->da));
  (*q)->da = p->da;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionCreateChannels - Create the partition of a range of a tensor's channels, each on the rank where it is

   Collective

   Input Parameters:
+  p     - the partition, set up, its channels divided or in one part
.  first - the first channel
-  count - how many

   Output Parameter:
.  q - the new partition, set up; parts without any of the channels are empty. It shares the `DMDA`.

   Level: developer

   Errors:
   Refuses channels that `p` does not have, and copies of channels.

.seealso: `HGTensorCreateView()`
@*/
PetscErrorCode HGPartitionCreateChannels(HGPartition p, PetscInt first, PetscInt count, HGPartition *q)
{
  const PetscInt size[HG_AXES] = {p->size[HG_N], count, p->size[HG_Z], p->size[HG_Y], p->size[HG_X]}, parts = p->parts[HG_C];
  PetscInt      *len;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCheck(first >= 0 && count >= 1 && first + count <= p->size[HG_C] && !p->copies[HG_C], PetscObjectComm((PetscObject)p),
             PETSC_ERR_ARG_OUTOFRANGE, "channels %" PetscInt_FMT " to %" PetscInt_FMT " of %" PetscInt_FMT " that are no copies", first,
             first + count - 1, p->size[HG_C]);
  PetscCall(CreateFrom(p, size, q));
  PetscCall(PetscMalloc1(parts, &len));
  for (PetscInt i = 0; i < parts; i++)
    len[i] = PetscMax(0, PetscMin(p->start[HG_C][i + 1], first + count) - PetscMax(p->start[HG_C][i], first));
  PetscCall(HGPartitionSetRanges(*q, HG_C, len));
  PetscCall(PetscFree(len));
  PetscCall(HGPartitionSetUp(*q));
  PetscCall(PetscObjectReference((PetscObject)p->da));
  (*q)->da = p->da;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionCreateResized - Create the partition of a finer, coarser or cropped grid whose points live where those under them live

   Collective

   Input Parameters:
+  p     - the partition, set up
.  C     - channels of the new one
.  n     - its points along z, y, x
-  under - for z, y, x: [n] the point of `p` that lies under each new point, ascending; NULL: the grid and its ranges stay along this axis

   Output Parameter:
.  q - the partition, set up, of the same parts on the same ranks; parts may be empty

   Level: developer

.seealso: `HGPartitionCreateLike()`
@*/
PetscErrorCode HGPartitionCreateResized(HGPartition p, PetscInt C, const PetscInt n[], const PetscInt *const under[], HGPartition *q)
{
  const PetscInt size[HG_AXES] = {p->size[HG_N], C, n[0], n[1], n[2]};

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(CreateFrom(p, size, q));
  for (PetscInt a = 0; a < 3; a++) {
    const PetscInt parts = p->parts[HG_Z + a], *start = p->start[HG_Z + a];
    PetscInt      *len;

    if (!under[a] || p->copies[HG_Z + a]) continue;
    PetscCall(PetscCalloc1(parts, &len));
    for (PetscInt o = 0, i = 0; o < n[a]; o++) {
      while (i < parts - 1 && under[a][o] >= start[i + 1]) i++;
      len[i]++;
    }
    PetscCall(HGPartitionSetRanges(*q, HG_Z + a, len));
    PetscCall(PetscFree(len));
  }
  PetscCall(HGPartitionSetUp(*q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionCreateWhole - Create the partition whose parts hold all channels of what they hold a range of

   Collective

   Input Parameter:
.  p - the partition, set up

   Output Parameter:
.  q - the same with its channels replicated, set up

   Level: developer

.seealso: `HGPartitionSetReplicated()`, `HGPartitionCreateOfChannelPart()`
@*/
PetscErrorCode HGPartitionCreateWhole(HGPartition p, HGPartition *q)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(CreateFrom(p, p->size, q));
  PetscCall(PetscFree((*q)->given[HG_C]));
  PetscCall(HGPartitionSetReplicated(*q, HG_C, PETSC_TRUE));
  PetscCall(HGPartitionSetUp(*q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionCreateOfChannelPart - Create the partition of all channels among the ranks that share this rank's range of channels

   Collective

   Input Parameter:
.  p - the partition, set up

   Output Parameters:
+  comm - communicator of these ranks, to be freed; `MPI_COMM_NULL` on ranks without a part
-  q    - the partition on it, set up; NULL on ranks without a part

   Level: developer

.seealso: `HGPartitionCreateWhole()`
@*/
PetscErrorCode HGPartitionCreateOfChannelPart(HGPartition p, MPI_Comm *comm, HGPartition *q)
{
  PetscInt    parts[HG_AXES], coords[HG_AXES];
  PetscMPIInt rank;
  PetscBool   has;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)p), &rank));
  PetscCall(HGPartitionGetCoords(p, rank, &has, coords));
  PetscCallMPI(
      MPI_Comm_split(PetscObjectComm((PetscObject)p), has ? (int)coords[HG_C] : MPI_UNDEFINED, has ? (int)p->part[rank] : 0, comm));
  *q = NULL;
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscArraycpy(parts, p->parts, HG_AXES));
  parts[HG_C] = 1;
  PetscCall(HGPartitionCreate(*comm, q));
  PetscCall(HGPartitionSetSizes(*q, p->dim, p->size));
  PetscCall(HGPartitionSetParts(*q, parts));
  PetscCall(HGPartitionSetPeriodic(*q, p->periodic));
  for (PetscInt a = 0; a < HG_AXES; a++)
    if (p->given[a] && a != HG_C) PetscCall(HGPartitionSetRanges(*q, a, p->given[a]));
  PetscCall(HGPartitionSetUp(*q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionIsAligned - Find out whether two partitions have the same points of samples and space on the same ranks

   Not Collective

   Input Parameters:
+  p - a partition, set up
-  q - another, on the same communicator

   Output Parameter:
.  same - whether they differ in channels only, of which they have as many parts

   Level: developer

.seealso: `HGPartitionCreateLike()`
@*/
PetscErrorCode HGPartitionIsAligned(HGPartition p, HGPartition q, PetscBool *same)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscValidHeaderSpecific(q, HG_PARTITION_CLASSID, 2);
  PetscCall(PetscArraycmp(p->parts, q->parts, HG_AXES, same));
  for (PetscInt a = 0; a < HG_AXES && *same; a++) {
    if (p->copies[a] != q->copies[a]) *same = PETSC_FALSE;
    if (a != HG_C && *same) PetscCall(PetscArraycmp(p->start[a], q->start[a], p->parts[a] + 1, same));
  }
  for (PetscInt i = 0; i < p->nranks && *same; i++)
    if ((p->ranks ? p->ranks[i] : (PetscMPIInt)i) != (q->ranks ? q->ranks[i] : (PetscMPIInt)i)) *same = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionCreateFewer - Create a partition of the same grid into fewer parts of space, on some of the ranks

   Collective

   Input Parameters:
+  p     - the partition, set up
-  parts - along z, y, x, none more than those of `p`

   Output Parameter:
.  q - the partition, set up: a part is on the rank of the part of `p` that it starts in

   Level: developer

.seealso: `HGLAYERREPARTITION`
@*/
PetscErrorCode HGPartitionCreateFewer(HGPartition p, const PetscInt parts[3], HGPartition *q)
{
  const PetscInt all[HG_AXES] = {p->parts[HG_N], p->parts[HG_C], parts[0], parts[1], parts[2]};
  PetscInt       c[HG_AXES], old[HG_AXES], n = all[0] * all[1] * all[2] * all[3] * all[4];
  PetscMPIInt   *ranks;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  PetscCall(PetscMalloc1(n, &ranks));
  for (PetscInt i = 0; i < n; i++) {
    for (PetscInt a = HG_AXES - 1, r = i; a >= 0; r /= all[a], a--) c[a] = r % all[a];
    for (PetscInt a = 0; a < HG_AXES; a++) old[a] = c[a] * p->parts[a] / all[a];
    PetscCall(HGPartitionGetRank(p, old, &ranks[i]));
  }
  PetscCall(HGPartitionCreate(PetscObjectComm((PetscObject)p), q));
  PetscCall(HGPartitionSetSizes(*q, p->dim, p->size));
  PetscCall(HGPartitionSetParts(*q, all));
  PetscCall(HGPartitionSetPeriodic(*q, p->periodic));
  PetscCall(PetscArraycpy((*q)->copies, p->copies, HG_AXES));
  for (PetscInt a = HG_N; a <= HG_C; a++)
    if (p->given[a]) PetscCall(HGPartitionSetRanges(*q, a, p->given[a]));
  PetscCall(HGPartitionSetRanks(*q, n, ranks));
  PetscCall(HGPartitionSetUp(*q));
  PetscCall(PetscFree(ranks));
  PetscFunctionReturn(PETSC_SUCCESS);
}
