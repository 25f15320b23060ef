/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

/*MC
   HGLINOPRESTRICT - keeps the points at the two ends of each axis: the low modes of a Fourier transform

   Level: intermediate

   Notes:
   Along an axis where y has m points, of which l are low, y takes the first l and the last m - l points of x, see `HGLinOpSetLow()`.
   R has one 1 in each row, so the adjoint fills the points left out with zeros.

.seealso: `HGLINOPZEROFILL`, `HGLinOpSetLow()`
M*/

/*MC
   HGLINOPZEROFILL - the adjoint of `HGLINOPRESTRICT`: puts modes back to the two ends of each axis, zeros between them

   Level: intermediate

.seealso: `HGLINOPRESTRICT`, `HGLinOpSetLow()`
M*/

/* The points of the larger and of the smaller tensor, and how many of the latter are low */
static PetscErrorCode GetNumbers(HGLinOp op, PetscBool fill, PetscInt large[], PetscInt small[], PetscInt low[])
{
  MPI_Comm comm = PetscObjectComm((PetscObject)op);

  PetscFunctionBegin;
  PetscCall(HGLinOpGetSizes(op, fill ? small : large, fill ? large : small));
  for (int a = 0; a < HG_AXES; a++) {
    low[a] = op->low[a] == PETSC_DECIDE ? small[a] : op->low[a];
    HGCheck(small[a] <= large[a], comm, "%s: along axis %s %" PetscInt_FMT " points cannot be kept of %" PetscInt_FMT,
            ((PetscObject)op)->type_name, HGAxisNames[a], small[a], large[a]);
    HGCheck(low[a] >= 0 && low[a] <= small[a], comm, "%s: %" PetscInt_FMT " low points along axis %s, of %" PetscInt_FMT " that are kept",
            ((PetscObject)op)->type_name, low[a], HGAxisNames[a], small[a]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Restrict(HGLinOp op)
{
  HGTransferSpec spec;
  PetscInt       large[HG_AXES], small[HG_AXES], low[HG_AXES];
  PetscBool      fill;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)op, HGLINOPZEROFILL, &fill));
  PetscCall(GetNumbers(op, fill, large, small, low));
  PetscCall(HGLinOpCheckDisjoint(op, op->x, "domain"));
  PetscCall(HGLinOpCheckDisjoint(op, op->y, "range"));
  PetscCall(HGTransferSpecIdentity(fill ? op->y : op->x, fill ? op->x : op->y, &spec));
  for (int a = 0; a < HG_AXES; a++) {
    spec.map[a].n = 0;
    PetscCall(HGAxisMapAdd(&spec.map[a], 0, 0, low[a], 1));
    PetscCall(HGAxisMapAdd(&spec.map[a], low[a], large[a] - small[a] + low[a], small[a] - low[a], 1));
  }
  PetscCall(HGLinOpAddStage_Movement(op, &spec, fill));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Restrict(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpSetOps_Movement(op));
  op->ops->setup = SetUp_Restrict;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpSetLow - Set how many of the points that a restriction keeps lie at the low end of each axis

   Logically Collective

   Input Parameters:
+  op  - the operator, of type `HGLINOPRESTRICT` or `HGLINOPZEROFILL`
-  low - the numbers for {n, c, z, y, x}; `PETSC_DECIDE` (default) means all

   Options Database Key:
.  -linop_low - the five numbers

   Level: intermediate

   Note:
   The modes -k < f < k of a complex transform are 2k - 1 points, k of them low; a real transform's are k, all low.

   Errors:
   `HGLinOpSetUp()` refuses more low points than are kept.

.seealso: `HGLINOPRESTRICT`, `HGLINOPZEROFILL`
@*/
PetscErrorCode HGLinOpSetLow(HGLinOp op, const PetscInt low[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGLinOpReset(op));
  PetscCall(PetscArraycpy(op->low, low, HG_AXES));
  PetscFunctionReturn(PETSC_SUCCESS);
}
