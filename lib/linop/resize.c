/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

/*MC
   HGLINOPPAD - puts a tensor into a larger one, whose other points take what the boundary condition says

   Level: intermediate

   Notes:
   Point g of x becomes point g + offset of y, see `HGLinOpSetOffset()`. Unlike `HGLINOPHALO` it makes points, not ghosts: global sizes
   grow. Batch and channels are padded with zeros. The adjoint adds each point to its source; for zeros it is a crop.

   x and y may have any partitions.

.seealso: `HGLINOPCROP`, `HGLINOPALLOCATE`, `HGLinOpSetBoundary()`
M*/

/*MC
   HGLINOPCROP - takes a box of points out of a tensor

   Level: intermediate

   Note:
   Point g of y is point g + offset of x. The adjoint puts the points back among zeros.

.seealso: `HGLINOPPAD`, `HGLINOPDEALLOCATE`
M*/

/*MC
   HGLINOPALLOCATE - A_b: adds points to a memory, which are zero

   Level: intermediate

   Note:
   A pad with zeros: A_b = (I 0)^T, whose adjoint is the deallocation D_b = (I 0) (arXiv 2006.03108).

.seealso: `HGLINOPDEALLOCATE`, `HGLINOPPAD`
M*/

/*MC
   HGLINOPDEALLOCATE - D_b: removes points from a memory

   Level: intermediate

   Note:
   A crop: D_b = (I 0), whose adjoint is the allocation A_b = (I 0)^T (arXiv 2006.03108).

.seealso: `HGLINOPALLOCATE`, `HGLINOPCROP`
M*/

/* The smaller tensor lies in the larger one at the offset */
static PetscErrorCode CheckInside(HGLinOp op, const PetscInt small[], const PetscInt large[])
{
  PetscFunctionBegin;
  for (int a = 0; a < HG_AXES; a++)
    HGCheck(op->offset[a] >= 0 && op->offset[a] + small[a] <= large[a], PetscObjectComm((PetscObject)op),
            "%s: along axis %s, %" PetscInt_FMT " points at offset %" PetscInt_FMT " do not lie within %" PetscInt_FMT,
            ((PetscObject)op)->type_name, HGAxisNames[a], small[a], op->offset[a], large[a]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Allocation pads with zeros, and so do batch and channels */
static HGBoundary BoundaryOf(HGLinOp op, int a)
{
  return a < HG_Z || !strcmp(((PetscObject)op)->type_name, HGLINOPALLOCATE) ? HG_BOUNDARY_ZERO : op->boundary[a - HG_Z];
}

static PetscErrorCode CheckBoundaries(HGLinOp op, const PetscInt sx[], const PetscInt sy[])
{
  MPI_Comm comm = PetscObjectComm((PetscObject)op);

  PetscFunctionBegin;
  for (int a = 0; a < HG_AXES; a++) {
    const HGBoundary b     = BoundaryOf(op, a);
    const PetscInt   width = PetscMax(op->offset[a], sy[a] - sx[a] - op->offset[a]), most = sx[a] - (b == HG_BOUNDARY_REFLECT);

    HGCheck(b != HG_BOUNDARY_NONE, comm,
            "pad: boundary none leaves points along %s without value; choose zero, periodic, reflect or replicate", HGAxisNames[a]);
    HGCheck((b != HG_BOUNDARY_PERIODIC && b != HG_BOUNDARY_REFLECT) || width <= most, comm,
            "pad: %" PetscInt_FMT " points along %s of a tensor with %" PetscInt_FMT
            "; with this boundary it can be at most %" PetscInt_FMT,
            width, HGAxisNames[a], sx[a], most);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Pad(HGLinOp op)
{
  HGTransferSpec spec;
  PetscInt       sx[HG_AXES], sy[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGLinOpGetSizes(op, sx, sy));
  PetscCall(CheckInside(op, sx, sy));
  PetscCall(CheckBoundaries(op, sx, sy));
  PetscCall(HGLinOpCheckDisjoint(op, op->x, "domain"));
  PetscCall(HGLinOpCheckDisjoint(op, op->y, "range"));
  PetscCall(HGTransferSpecIdentity(op->x, op->y, &spec));
  for (int a = 0; a < HG_AXES; a++) {
    spec.map[a].n = 0;
    PetscCall(HGAxisMapBounded(&spec.map[a], sx[a], op->offset[a], sy[a] - sx[a] - op->offset[a], op->offset[a], BoundaryOf(op, a)));
  }
  PetscCall(HGLinOpAddStage_Movement(op, &spec, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Crop(HGLinOp op)
{
  HGTransferSpec spec;
  PetscInt       sx[HG_AXES], sy[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGLinOpGetSizes(op, sx, sy));
  PetscCall(CheckInside(op, sy, sx));
  PetscCall(HGLinOpCheckDisjoint(op, op->x, "domain"));
  PetscCall(HGLinOpCheckDisjoint(op, op->y, "range"));
  PetscCall(HGTransferSpecIdentity(op->x, op->y, &spec));
  for (int a = 0; a < HG_AXES; a++) {
    spec.map[a].n = 0;
    PetscCall(HGAxisMapAdd(&spec.map[a], 0, op->offset[a], sy[a], 1));
  }
  PetscCall(HGLinOpAddStage_Movement(op, &spec, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Pad(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpSetOps_Movement(op));
  op->ops->setup = SetUp_Pad;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Crop(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpSetOps_Movement(op));
  op->ops->setup = SetUp_Crop;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpSetOffset - Set where the smaller tensor of a pad or crop lies in the larger one

   Logically Collective

   Input Parameters:
+  op     - the operator
-  offset - the smaller tensor's first point, {n, c, z, y, x} (default 0)

   Options Database Key:
.  -linop_offset - the five numbers

   Level: intermediate

   Errors:
   `HGLinOpSetUp()` refuses an offset at which the smaller tensor sticks out.

.seealso: `HGLINOPPAD`, `HGLINOPCROP`, `HGLINOPALLOCATE`, `HGLINOPDEALLOCATE`
@*/
PetscErrorCode HGLinOpSetOffset(HGLinOp op, const PetscInt offset[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGLinOpReset(op));
  PetscCall(PetscArraycpy(op->offset, offset, HG_AXES));
  PetscFunctionReturn(PETSC_SUCCESS);
}
