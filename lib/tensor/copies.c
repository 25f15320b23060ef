/* SPDX-License-Identifier: BSD-2-Clause */
/* Partitions whose parts have copies */
#include "tensor/hgtensor.h"

/*@
   HGPartitionCountCopies - Get how many copies each point of a partition has

   Not Collective

   Input Parameter:
.  p - the partition, set up

   Output Parameter:
.  copies - the number

   Level: developer

.seealso: `HGPartitionSetReplicated()`
@*/
PetscErrorCode HGPartitionCountCopies(HGPartition p, PetscInt *copies)
{
  PetscBool replicated[HG_AXES];
  PetscInt  parts[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetReplicated(p, replicated));
  PetscCall(HGPartitionGetParts(p, parts));
  *copies = 1;
  for (int a = 0; a < HG_AXES; a++)
    if (replicated[a]) *copies *= parts[a];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The axis along which parts are longest: the one to divide among copies */
static PetscErrorCode LongestAxis(HGPartition p, PetscInt *axis)
{
  PetscBool replicated[HG_AXES];
  PetscInt  parts[HG_AXES], size[HG_AXES], longest = 0;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetReplicated(p, replicated));
  PetscCall(HGPartitionGetParts(p, parts));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  for (PetscInt a = 0; a < HG_AXES; a++) {
    const PetscInt n = replicated[a] ? size[a] : size[a] / parts[a];

    if (n <= longest) continue;
    longest = n;
    *axis   = a;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Divides each part of p along an axis into pieces, and copies along it into as many */
static PetscErrorCode DividedRanges(HGPartition p, PetscInt axis, PetscInt pieces, PetscInt parts, PetscInt lens[])
{
  const PetscInt *start;
  PetscInt        size[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetStarts(p, axis, &start));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  for (PetscInt i = 0; i < parts; i++) {
    const PetscInt part = i / pieces, k = i % pieces, n = parts == pieces ? size[axis] : start[part + 1] - start[part];

    lens[i] = n / pieces + (k < n % pieces);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The rank of p whose copies, counted along the replicated axes, make up piece i of a division along an axis */
static PetscErrorCode RankOfPiece(HGPartition p, PetscInt axis, PetscInt copies, const PetscInt at[HG_AXES], PetscMPIInt *rank)
{
  PetscBool replicated[HG_AXES];
  PetscInt  parts[HG_AXES], coords[HG_AXES], copy = at[axis] % copies;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetReplicated(p, replicated));
  PetscCall(HGPartitionGetParts(p, parts));
  for (PetscInt a = HG_AXES - 1; a >= 0; a--) {
    coords[a] = a == axis ? at[a] / copies : at[a];
    if (!replicated[a]) continue;
    coords[a] = copy % parts[a];
    copy /= parts[a];
  }
  PetscCall(HGPartitionGetRank(p, coords, rank));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPartitionCreateDivided - Create a partition of the same tensor on the same ranks without copies: each copy gets its share of their common points

   Collective

   Input Parameter:
.  p - the partition, with replicated axes

   Output Parameter:
.  q - the partition; each part of `p` is divided along the axis along which parts are longest

   Level: developer

.seealso: `HGPartitionSetReplicated()`, `HGPartitionCountCopies()`
@*/
PetscErrorCode HGPartitionCreateDivided(HGPartition p, HGPartition *q)
{
  PetscBool    replicated[HG_AXES];
  PetscInt     dim, size[HG_AXES], parts[HG_AXES], copies, axis = HG_X, n = 1, *lens;
  PetscMPIInt *ranks;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetReplicated(p, replicated));
  PetscCall(HGPartitionGetSizes(p, &dim, size));
  PetscCall(HGPartitionGetParts(p, parts));
  PetscCall(HGPartitionCountCopies(p, &copies));
  PetscCall(LongestAxis(p, &axis));
  for (int a = 0; a < HG_AXES; a++) {
    if (replicated[a]) parts[a] = 1;
    if (a == axis) parts[a] *= copies;
    n *= parts[a];
  }
  PetscCall(HGPartitionCreate(PetscObjectComm((PetscObject)p), q));
  PetscCall(HGPartitionSetSizes(*q, dim, size));
  PetscCall(HGPartitionSetParts(*q, parts));
  for (PetscInt a = 0; a < HG_AXES; a++) {
    const PetscInt *start;

    PetscCall(PetscMalloc1(parts[a], &lens));
    PetscCall(HGPartitionGetStarts(p, a, &start));
    if (a == axis) PetscCall(DividedRanges(p, a, copies, parts[a], lens));
    else
      for (PetscInt i = 0; i < parts[a]; i++) lens[i] = replicated[a] ? size[a] : start[i + 1] - start[i];
    PetscCall(HGPartitionSetRanges(*q, a, lens));
    PetscCall(PetscFree(lens));
  }
  PetscCall(PetscMalloc1(n, &ranks));
  for (PetscInt i = 0; i < n; i++) {
    PetscInt at[HG_AXES], k = i;

    for (PetscInt a = HG_AXES - 1; a >= 0; k /= parts[a--]) at[a] = k % parts[a];
    PetscCall(RankOfPiece(p, axis, copies, at, &ranks[i]));
  }
  PetscCall(HGPartitionSetRanks(*q, n, ranks));
  PetscCall(PetscFree(ranks));
  PetscCall(HGPartitionSetUp(*q));
  PetscFunctionReturn(PETSC_SUCCESS);
}
