/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

/*MC
   HGLINOPSHELL - an operator whose action and adjoint are the user's functions, as in a `MATSHELL`

   Level: intermediate

   Note:
   A stencil on a tensor with ghosts, for example: composed with `HGLINOPHALO` it is the stencil on the distributed grid.

.seealso: `HGLinOpShellSetApply()`, `HGLinOpShellSetGhosts()`, `HGLinOpShellSetContext()`
M*/

static PetscErrorCode SetUp_Shell(HGLinOp op)
{
  PetscFunctionBegin;
  HGCheck(op->shell[0] && op->shell[1], PetscObjectComm((PetscObject)op),
          "shell: set its functions, forward and adjoint, with HGLinOpShellSetApply()");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Begin_Shell(HGLinOp op, HGTensor from, HGTensor to)
{
  PetscFunctionBegin;
  (void)op;
  (void)from;
  (void)to;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ApplyEnd_Shell(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscCall((*op->shell[0])(op, x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointEnd_Shell(HGLinOp op, HGTensor y, HGTensor x)
{
  PetscFunctionBegin;
  PetscCall((*op->shell[1])(op, y, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLinOpCreate_Shell(HGLinOp op)
{
  PetscFunctionBegin;
  op->ops->setup        = SetUp_Shell;
  op->ops->applybegin   = Begin_Shell;
  op->ops->applyend     = ApplyEnd_Shell;
  op->ops->adjointbegin = Begin_Shell;
  op->ops->adjointend   = AdjointEnd_Shell;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLinOpShellSetApply - Set the functions of a shell operator

   Logically Collective

   Input Parameters:
+  op      - the operator, of type `HGLINOPSHELL`
.  forward - computes y = F x; called as forward(op, x, y)
-  adjoint - computes x = F* y; called as adjoint(op, y, x)

   Level: intermediate

   Note:
   Each overwrites its result, all of the points that count.

.seealso: `HGLINOPSHELL`, `HGLinOpTestAdjoint()`
@*/
PetscErrorCode HGLinOpShellSetApply(HGLinOp op, PetscErrorCode (*forward)(HGLinOp, HGTensor, HGTensor),
                                    PetscErrorCode (*adjoint)(HGLinOp, HGTensor, HGTensor))
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  op->shell[0] = forward;
  op->shell[1] = adjoint;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpShellSetGhosts - Set whether ghost points belong to a shell operator's domain and range

   Logically Collective

   Input Parameters:
+  op   - the operator, of type `HGLINOPSHELL`
.  in_x - the ghost points of x count
-  in_y - the ghost points of y count

   Level: intermediate

   Note:
   Ghost points that count are elements of their own: the adjoint computes them, and `HGLINOPHALO`'s adjoint sums them.

.seealso: `HGLINOPSHELL`, `HGLINOPHALO`
@*/
PetscErrorCode HGLinOpShellSetGhosts(HGLinOp op, PetscBool in_x, PetscBool in_y)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  op->ghosts_in_x = in_x;
  op->ghosts_in_y = in_y;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLinOpShellSetContext - Set the data of a shell operator's functions

   Logically Collective

   Input Parameters:
+  op  - the operator, of type `HGLINOPSHELL`
-  ctx - the data

   Level: intermediate

.seealso: `HGLinOpShellGetContext()`
@*/
PetscErrorCode HGLinOpShellSetContext(HGLinOp op, void *ctx)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  op->context = ctx;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLinOpShellGetContext - Get the data of a shell operator's functions

   Not Collective

   Input Parameter:
.  op - the operator, of type `HGLINOPSHELL`

   Output Parameter:
.  ctx - the data, a pointer to it

   Level: intermediate

.seealso: `HGLinOpShellSetContext()`
@*/
PetscErrorCode HGLinOpShellGetContext(HGLinOp op, void *ctx)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  *(void **)ctx = op->context;
  PetscFunctionReturn(PETSC_SUCCESS);
}
