/* SPDX-License-Identifier: BSD-2-Clause */
/* The operators on memory of arXiv 2006.03108: a and b are two boxes of points of a tensor, wherever they lie. */
#include "linop/linop_impl.h"

/*MC
   HGLINOPCLEAR - K_b: sets the points of box b to zero and keeps the others

   Level: intermediate

   Note:
   Without `HGLinOpSetBoxes()` b is the whole tensor. A projection, and its own adjoint.

.seealso: `HGLinOpSetBoxes()`
M*/

/*MC
   HGLINOPADD - S_ab: adds the points of box a to those of box b and keeps the others

   Level: intermediate

   Note:
   S_ab = (I 0; I I) on (x_a, x_b), so the adjoint is S_ba: it adds b to a.

.seealso: `HGLinOpSetBoxes()`, `HGLINOPCOPY`
M*/

/*MC
   HGLINOPCOPY - C_ab = S_ab K_b: copies the points of box a to box b and keeps the others

   Level: intermediate

   Notes:
   The adjoint is K_b S_ba: it adds b to a and clears b.

   Without `HGLinOpSetBoxes()` it is y = x, whose adjoint is x = y.

.seealso: `HGLinOpSetBoxes()`, `HGLINOPADD`, `HGLINOPMOVE`
M*/

/*MC
   HGLINOPMOVE - M_ab = K_a S_ab K_b: moves the points of box a to box b, clears a and keeps the others

   Level: intermediate

   Note:
   The adjoint is M_ba. Without `HGLinOpSetBoxes()` it is y = x, which is the move out of place, D_a S_ab A_b.

.seealso: `HGLinOpSetBoxes()`, `HGLINOPCOPY`, `HGLINOPALLOCATE`
M*/

enum { CLEAR, ADD, COPY, MOVE };

static PetscErrorCode KindOf(HGLinOp op, int *kind)
{
  static const char *const name[] = {HGLINOPCLEAR, HGLINOPADD, HGLINOPCOPY, HGLINOPMOVE};

  PetscFunctionBegin;
  for (int k = CLEAR; k <= MOVE; k++) {
    PetscBool is;

    PetscCall(PetscObjectTypeCompare((PetscObject)op, name[k], &is));
    if (is) *kind = k;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckBoxes(HGLinOp op, int kind, const PetscInt n[HG_AXES])
{
  MPI_Comm  comm    = PetscObjectComm((PetscObject)op);
  PetscBool overlap = PETSC_TRUE;

  PetscFunctionBegin;
  for (int a = 0; a < HG_AXES; a++) {
    const PetscInt f = op->from.start[a], t = op->to.start[a], nf = op->from.size[a], nt = op->to.size[a];

    HGCheck(t >= 0 && nt >= 0 && t + nt <= n[a], comm,
            "%s: box b has points %" PetscInt_FMT " to %" PetscInt_FMT " along axis %s of a tensor with %" PetscInt_FMT,
            ((PetscObject)op)->type_name, t, t + nt - 1, HGAxisNames[a], n[a]);
    if (kind == CLEAR) continue;
    HGCheck(f >= 0 && f + nf <= n[a], comm,
            "%s: box a has points %" PetscInt_FMT " to %" PetscInt_FMT " along axis %s of a tensor with %" PetscInt_FMT,
            ((PetscObject)op)->type_name, f, f + nf - 1, HGAxisNames[a], n[a]);
    HGCheck(nf == nt, comm, "%s: along axis %s box a has %" PetscInt_FMT " points, box b %" PetscInt_FMT "; they must have the same",
            ((PetscObject)op)->type_name, HGAxisNames[a], nf, nt);
    if (f + nf <= t || t + nt <= f) overlap = PETSC_FALSE;
  }
  HGCheck(kind == CLEAR || !overlap, comm, "%s: boxes a and b have points in common; they must be disjoint", ((PetscObject)op)->type_name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Memory(HGLinOp op)
{
  HGTransferSpec spec;
  PetscInt       n[HG_AXES], sy[HG_AXES];
  int            kind = CLEAR;

  PetscFunctionBegin;
  PetscCall(KindOf(op, &kind));
  PetscCall(HGLinOpCheckSameLayout(op));
  PetscCall(HGLinOpCheckDisjoint(op, op->x, "domain"));
  PetscCall(HGLinOpGetSizes(op, n, sy));
  HGCheck(op->boxes || kind != ADD, PetscObjectComm((PetscObject)op), "add: say what to add to what with HGLinOpSetBoxes()");
  if (!op->boxes && kind != CLEAR) PetscFunctionReturn(PETSC_SUCCESS);
  if (op->boxes) PetscCall(CheckBoxes(op, kind, n));
  PetscCall(HGTransferSpecIdentity(op->x, op->y, &spec));
  for (int a = 0; a < HG_AXES; a++) {
    spec.map[a].n = 0;
    if (op->boxes) {
      spec.first[a] = op->to.start[a];
      spec.last[a]  = op->to.start[a] + op->to.size[a];
    }
    if (kind != CLEAR) PetscCall(HGAxisMapAdd(&spec.map[a], op->to.start[a], op->from.start[a], op->to.size[a], 1));
  }
  spec.partial = kind == CLEAR ? PETSC_FALSE : PETSC_TRUE;
  spec.add[0]  = kind == ADD ? PETSC_TRUE : PETSC_FALSE;
  spec.add[1]  = kind == ADD || kind == COPY ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(HGLinOpAddStage_Movement(op, &spec, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyBegin_Memory(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  if (x != y) PetscCall(HGTensorCopyOwned(x, y));
  if (op->nstages) PetscCall(HGTransferBegin(op->stage[0].transfer, HGTensorOwned(x), HGTensorOwned(y)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyEnd_Memory(HGLinOp op, HGTensor x, HGTensor y)
{
  int kind = CLEAR;

  PetscFunctionBegin;
  if (!op->nstages) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(KindOf(op, &kind));
  PetscCall(HGTransferEnd(op->stage[0].transfer, HGTensorOwned(x), HGTensorOwned(y)));
  if (kind == MOVE) PetscCall(HGTransferZeroSources(op->stage[0].transfer, HGTensorOwned(y)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointBegin_Memory(HGLinOp op, HGTensor y, HGTensor x)
{
  int kind = CLEAR;

  PetscFunctionBegin;
  PetscCall(KindOf(op, &kind));
  if (x != y) PetscCall(HGTensorCopyOwned(y, x));
  if (op->nstages && kind != CLEAR) PetscCall(HGTransferAdjointBegin(op->stage[0].transfer, HGTensorOwned(y), HGTensorOwned(x)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointEnd_Memory(HGLinOp op, HGTensor y, HGTensor x)
{
  int kind = CLEAR;

  PetscFunctionBegin;
  if (!op->nstages) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(KindOf(op, &kind));
  if (kind != CLEAR) PetscCall(HGTransferAdjointEnd(op->stage[0].transfer, HGTensorOwned(y), HGTensorOwned(x)));
  if (kind != ADD) PetscCall(HGTransferZeroTargets(op->stage[0].transfer, HGTensorOwned(x)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Memory(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpSetOps_Movement(op));
  op->ops->setup        = SetUp_Memory;
  op->ops->applybegin   = ApplyBegin_Memory;
  op->ops->applyend     = ApplyEnd_Memory;
  op->ops->adjointbegin = AdjointBegin_Memory;
  op->ops->adjointend   = AdjointEnd_Memory;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpSetBoxes - Set which points an operator on memory moves where

   Logically Collective

   Input Parameters:
+  op - the operator, of type `HGLINOPCLEAR`, `HGLINOPADD`, `HGLINOPCOPY` or `HGLINOPMOVE`
.  a  - the points it reads; not used by clear
-  b  - the points it writes

   Level: intermediate

   Errors:
   `HGLinOpSetUp()` refuses boxes that do not lie in the tensor, that differ in size or that have points in common.

.seealso: `HGBox`, `HGLINOPCOPY`
@*/
PetscErrorCode HGLinOpSetBoxes(HGLinOp op, const HGBox *a, const HGBox *b)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGLinOpReset(op));
  if (a) op->from = *a;
  op->to    = *b;
  op->boxes = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}
