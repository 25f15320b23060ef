/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

/*MC
   HGLINOPHALO - halo exchange: (H x) has the owned points of x, and ghost points that are copies of owned points of x,
   of this rank or others, or zero, as the boundary condition says

   Level: beginner

   Notes:
   The ghosts of x do not count; y has the halo of its tensor, as wide as it likes; only a periodic or reflecting boundary is no farther off
   than the grid is wide. In place (x = y) the owned points stay where they are. Faces, edges and corners go at once, in one message to each rank that needs any.
   The adjoint adds each ghost point to its source and, in place, sets the ghosts to zero (arXiv 2006.03108,
   halo exchange).

   Ghost points beyond a boundary of type `HG_BOUNDARY_NONE` are neither read nor written.

.seealso: `HGLinOpCreate()`, `HGLinOpSetBoundary()`, `HGTensorSetHalo()`, `HGTensorSetHaloRanges()`
M*/

/* How far ghost points of any part lie beyond the grid, below and above, along axis a of space */
static PetscErrorCode FarthestGhosts(HGTensor t, PetscMPIInt size, int a, PetscInt n, PetscInt beyond[2])
{
  HGPartition part;
  PetscInt    halo[3][2];
  HGBox       box;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(t, &part));
  beyond[0] = beyond[1] = 0;
  for (PetscMPIInt r = 0; r < size; r++) {
    PetscCall(HGTensorGetHaloOf(t, r, halo));
    PetscCall(HGPartitionGetBox(part, r, &box));
    beyond[0] = PetscMax(beyond[0], halo[a][0] - box.start[HG_Z + a]);
    beyond[1] = PetscMax(beyond[1], box.start[HG_Z + a] + box.size[HG_Z + a] + halo[a][1] - n);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Images of the grid are made once only: it is reflected and repeated for as many points as it has */
static PetscErrorCode CheckBeyond(HGLinOp op, const PetscInt n[HG_AXES], PetscInt beyond[HG_AXES][2])
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)op);
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  for (int a = HG_Z; a < HG_AXES; a++) {
    const HGBoundary b = op->boundary[a - HG_Z];
    PetscInt         most;

    PetscCall(FarthestGhosts(op->y, size, a - HG_Z, n[a], beyond[a]));
    most = PetscMax(beyond[a][0], beyond[a][1]);
    HGCheck((b != HG_BOUNDARY_PERIODIC || most <= n[a]) && (b != HG_BOUNDARY_REFLECT || most < n[a]), comm,
            "a halo of %" PetscInt_FMT " points beyond the grid along %s; its %" PetscInt_FMT " points can be %s for %" PetscInt_FMT
            " at most; use a smaller kernel (-net_kernel) or a larger grid",
            most, HGAxisNames[a], n[a], b == HG_BOUNDARY_REFLECT ? "reflected" : "repeated", n[a] - (b == HG_BOUNDARY_REFLECT));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Halo(HGLinOp op)
{
  HGTransferSpec spec;
  PetscInt       n[HG_AXES], sy[HG_AXES], beyond[HG_AXES][2];

  PetscFunctionBegin;
  PetscCall(HGLinOpCheckSameLayout(op));
  PetscCall(HGLinOpCheckDisjoint(op, op->x, "domain"));
  PetscCall(HGLinOpGetSizes(op, n, sy));
  PetscCall(CheckBeyond(op, n, beyond));
  PetscCall(HGTransferSpecIdentity(op->x, op->y, &spec));
  for (int a = HG_Z; a < HG_AXES; a++) {
    const HGBoundary b = op->boundary[a - HG_Z];

    spec.map[a].n = 0;
    PetscCall(HGAxisMapBounded(&spec.map[a], n[a], beyond[a][0], beyond[a][1], 0, b));
    if (b == HG_BOUNDARY_NONE) {
      spec.first[a] = 0;
      spec.last[a]  = n[a];
    }
  }
  spec.ghosts     = PETSC_TRUE;
  op->ghosts_in_y = PETSC_TRUE;
  PetscCall(HGLinOpAddStage_Movement(op, &spec, PETSC_FALSE));
  PetscCall(HGTransferKeepZeros(op->stage[0].transfer, op->keep_zeros));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Halo(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpSetOps_Movement(op));
  op->ops->setup = SetUp_Halo;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpSetKeepZeros - Promise that ghost points beyond zero boundaries are zero, so that a halo in place need not write them

   Logically Collective

   Input Parameters:
+  op   - the operator, of type `HGLINOPHALO`
-  keep - `PETSC_TRUE`: they are zero whenever the operator or its adjoint is applied in place, and it leaves them alone;
          `PETSC_FALSE` (default): it writes zeros each time

   Options Database Key:
.  -linop_keep_zeros - the promise

   Level: intermediate

   Note:
   A tensor's ghost points are zero from `HGTensorSetUp()` on. Where nothing else writes them, writing the zeros is most of a halo's time: in
   3-D they are far more than the points that are sent.

.seealso: `HGLINOPHALO`, `HGLinOpSetBoundary()`
@*/
PetscErrorCode HGLinOpSetKeepZeros(HGLinOp op, PetscBool keep)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGLinOpReset(op));
  op->keep_zeros = keep;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpGetNeighbors - Get on which sides of this rank's points a halo operator brings ghost points by message

   Not Collective

   Input Parameter:
.  op - the operator, of type `HGLINOPHALO`, set up

   Output Parameter:
.  remote - for z, y, x: below and above

   Level: developer

   Note:
   What can be computed from points away from these sides need not wait for `HGLinOpApplyEnd()`.

   Errors:
   Refuses an operator of another type.

.seealso: `HGLinOpApplyBegin()`
@*/
PetscErrorCode HGLinOpGetNeighbors(HGLinOp op, PetscBool remote[3][2])
{
  PetscBool halo;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)op, HGLINOPHALO, &halo));
  PetscCheck(halo && op->setup, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_WRONGSTATE,
             "HGLinOpGetNeighbors() needs a halo operator after HGLinOpSetUp(), not %s", ((PetscObject)op)->type_name);
  PetscCall(HGTransferGetRemote(op->stage[0].transfer, remote));
  PetscFunctionReturn(PETSC_SUCCESS);
}
