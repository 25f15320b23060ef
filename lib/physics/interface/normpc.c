/* SPDX-License-Identifier: BSD-2-Clause */
/* The norm that a residual is measured in: the plain one, or 1/2 |B W F|^2 with a preconditioner B that turns residuals into errors, gradient J' W' B' B W F */
#include "physics/physics_impl.h"

const char *const HGPhysicsNorms[] = {"l2", "preconditioned", "HGPhysicsNorm", "HG_PHYSICS_NORM_", NULL};

/*@
   HGPhysicsSetNorm - Choose the norm of the residual

   Logically Collective

   Input Parameters:
+  p    - the equation
-  norm - `HG_PHYSICS_NORM_L2` or `HG_PHYSICS_NORM_PRECONDITIONED`

   Options Database Key:
.  -physics_norm l2|preconditioned - the norm (default l2)

   Level: intermediate

   Notes:
   The Hessian of |F|^2 has the squared condition number of the equation, about 1/h^4 for one of second order: a network
   learns the rough parts of the solution long before the smooth ones. The preconditioned norm is |B F|^2, where B is a multigrid V-cycle
   for the same equation with constant coefficients, or the PC of `HGPhysicsSetNormPC()`: B F is close to the error of u, and
   the condition number does not depend on the grid. It costs two applications of B for each sample.

   This is the operator preconditioning of R. Hiptmair, Computers and Mathematics with Applications 52 (2006) 699, applied to a loss.

   Errors:
   An equation that has no such operator needs `HGPhysicsSetNormPC()`.

.seealso: `HGPhysicsSetNormPC()`, `HGPhysicsEvaluate()`
@*/
PetscErrorCode HGPhysicsSetNorm(HGPhysics p, HGPhysicsNorm norm)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  p->norm = norm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsGetNorm - Get the norm of the residual

   Not Collective

   Input Parameter:
.  p - the equation

   Output Parameter:
.  norm - the norm

   Level: intermediate

.seealso: `HGPhysicsSetNorm()`
@*/
PetscErrorCode HGPhysicsGetNorm(HGPhysics p, HGPhysicsNorm *norm)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  *norm = p->norm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetNormPC - Measure the residual through a preconditioner of one's own

   Logically Collective

   Input Parameters:
+  p  - the equation
-  pc - a linear preconditioner with its operators set, for vectors of the residual's layout; referenced

   Level: advanced

   Notes:
   The gradient applies B and its transpose: `PCApplyTranspose()`, or B again where it is symmetric, <B v, w> = <v, B w>. A V-cycle with as
   many smoothing steps before as after is.

   A norm stays what it is: B belongs to the values that the operators have at the first evaluation. An operator that something else fills, such as the
   Jacobian of a SNES that goes on solving, would change the loss from one evaluation to the next; that is refused. Give the PC a copy, of `MatDuplicate()`, or
   call this function again to measure by the new values from then on.

   Errors:
   The first evaluation refuses a preconditioner that is not symmetric and has no transpose, or that is not linear, for random v and w; any
   evaluation one whose operators have changed.

.seealso: `HGPhysicsSetNorm()`
@*/
PetscErrorCode HGPhysicsSetNormPC(HGPhysics p, PC pc)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscValidHeaderSpecific(pc, PC_CLASSID, 2);
  PetscCall(PetscObjectReference((PetscObject)pc));
  PetscCall(PCDestroy(&p->pc));
  p->pc         = pc;
  p->norm       = HG_PHYSICS_NORM_PRECONDITIONED;
  p->normtested = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Identity and state of the PC's operators */
static PetscErrorCode GetOperatorState(PC pc, PetscObjectId id[2], PetscObjectState state[2])
{
  PetscBool set[2];
  Mat       m[2] = {NULL, NULL};

  PetscFunctionBegin;
  PetscCall(PCGetOperatorsSet(pc, &set[0], &set[1]));
  if (set[0] || set[1]) PetscCall(PCGetOperators(pc, &m[0], &m[1]));
  for (int i = 0; i < 2; i++) {
    id[i]    = 0;
    state[i] = 0;
    if (!m[i]) continue;
    PetscCall(PetscObjectGetId((PetscObject)m[i], &id[i]));
    PetscCall(PetscObjectStateGet((PetscObject)m[i], &state[i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckUnchanged(HGPhysics p)
{
  PetscObjectId    id[2];
  PetscObjectState state[2];
  PetscBool        same = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCall(GetOperatorState(p->pc, id, state));
  for (int i = 0; i < 2; i++)
    if (id[i] != p->normid[i] || state[i] != p->normstate[i]) same = PETSC_FALSE;
  HGCheck(same, PetscObjectComm((PetscObject)p),
          "the operator of the norm's preconditioner has changed since the first evaluation, and with it the loss; give the PC a copy of "
          "its own, "
          "of MatDuplicate(), or call HGPhysicsSetNormPC() again to take the new one");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Two steps of damped Jacobi: symmetric, and the same on any number of ranks */
static PetscErrorCode SetSmoothers(PC pc)
{
  PetscInt  levels;
  PetscBool mg;
  KSP       ksp;
  PC        jacobi;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)pc, PCMG, &mg));
  if (!mg) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PCMGGetLevels(pc, &levels));
  for (PetscInt l = 1; l < levels; l++) {
    PetscCall(PCMGGetSmoother(pc, l, &ksp));
    PetscCall(KSPSetType(ksp, KSPRICHARDSON));
    PetscCall(KSPRichardsonSetScale(ksp, 0.8));
    PetscCall(KSPSetNormType(ksp, KSP_NORM_NONE));
    PetscCall(KSPSetTolerances(ksp, PETSC_CURRENT, PETSC_CURRENT, PETSC_CURRENT, 2));
    PetscCall(KSPGetPC(ksp, &jacobi));
    PetscCall(PCSetType(jacobi, PCJACOBI));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* a and b agree to 1e-8 of the size */
static PetscBool Near(PetscScalar a, PetscScalar b, PetscReal size)
{
  return PetscAbsScalar(a - b) <= 1e-8 * size ? PETSC_TRUE : PETSC_FALSE;
}

/* v: v, w, B v, B w. Is B linear, B (v + w) = B v + B w, and symmetric? Solvers to a tolerance are neither */
static PetscErrorCode TestB(HGPhysics p, Vec v[], Vec sum, PetscBool *linear)
{
  PetscScalar left, right;
  PetscReal   size[2], off;

  PetscFunctionBegin;
  for (int i = 0; i < 2; i++) {
    PetscCall(PCApply(p->pc, v[i], v[2 + i]));
    PetscCall(VecNorm(v[2 + i], NORM_2, &size[i]));
  }
  PetscCall(VecDot(v[2], v[1], &left));
  PetscCall(VecDot(v[0], v[3], &right));
  PetscCall(VecNorm(v[0], NORM_2, &off));
  p->symmetric = Near(left, right, size[0] * off);
  PetscCall(VecWAXPY(sum, 1, v[0], v[1]));
  PetscCall(PCApply(p->pc, sum, v[0]));
  PetscCall(VecAXPY(v[0], -1, v[2]));
  PetscCall(VecAXPY(v[0], -1, v[3]));
  PetscCall(VecNorm(v[0], NORM_2, &off));
  *linear = off <= 1e-8 * (size[0] + size[1]) ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* <B v, w> = <v, B' w>, with B v at hand */
static PetscErrorCode TestTranspose(HGPhysics p, Vec v, Vec w, Vec Bv, Vec work)
{
  PetscBool   exists;
  PetscScalar left, right;
  PetscReal   size[2];

  PetscFunctionBegin;
  PetscCall(PCApplyTransposeExists(p->pc, &exists));
  HGCheck(exists, PetscObjectComm((PetscObject)p),
          "the preconditioner of the residual's norm, of type %s, is not symmetric and has no transpose, which the gradient needs; take "
          "one that is "
          "symmetric, such as with as many smoothing steps before as after, or has PCApplyTranspose()",
          ((PetscObject)p->pc)->type_name);
  PetscCall(PCApplyTranspose(p->pc, w, work));
  PetscCall(VecDot(Bv, w, &left));
  PetscCall(VecDot(v, work, &right));
  PetscCall(VecNorm(Bv, NORM_2, &size[0]));
  PetscCall(VecNorm(w, NORM_2, &size[1]));
  HGCheck(Near(left, right, size[0] * size[1]), PetscObjectComm((PetscObject)p),
          "PCApplyTranspose() of the residual's norm, a preconditioner of type %s, is not the transpose of PCApply(): <B v, w> = %.8g and "
          "<v, B' w> = "
          "%.8g for random v and w; take another preconditioner",
          ((PetscObject)p->pc)->type_name, (double)PetscRealPart(left), (double)PetscRealPart(right));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckOperators(HGPhysics p)
{
  MPI_Comm  comm = PetscObjectComm((PetscObject)p);
  PetscBool set[2], same;
  PetscInt  m, n, size;
  Mat       A;

  PetscFunctionBegin;
  PetscCall(PCGetOperatorsSet(p->pc, &set[0], &set[1]));
  HGCheck(set[0] && set[1], comm, "the preconditioner of the residual's norm has no operators; give it some with PCSetOperators()");
  PetscCall(PCGetOperators(p->pc, NULL, &A));
  PetscCall(MatGetLocalSize(A, &m, &n));
  PetscCall(VecGetLocalSize(p->f, &size));
  PetscCall(HGAgree(comm, m == size && n == size ? PETSC_TRUE : PETSC_FALSE, &same));
  PetscCall(MatGetSize(A, &m, &n));
  PetscCall(VecGetSize(p->f, &size));
  HGCheck(same, comm,
          "the operator of the norm's preconditioner is %" PetscInt_FMT " x %" PetscInt_FMT ", the residual has %" PetscInt_FMT
          " values, or the ranks have other parts of them; make it with DMCreateMatrix() of the equation's DMDA",
          m, n, size);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The gradient would be that of another loss */
static PetscErrorCode TestNorm(HGPhysics p)
{
  Vec       v[6];
  PetscBool linear = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(CheckOperators(p));
  for (int i = 0; i < 6; i++) PetscCall(VecDuplicate(p->f, &v[i]));
  PetscCall(HGPhysicsFillRandom(v[0], "one side of the norm"));
  PetscCall(HGPhysicsFillRandom(v[1], "other side of the norm"));
  PetscCall(VecCopy(v[0], v[5]));
  PetscCall(TestB(p, v, v[4], &linear));
  HGCheck(linear, PetscObjectComm((PetscObject)p),
          "the preconditioner of the residual's norm, of type %s, is not linear: B (v + w) is not B v + B w for random v and w; take one "
          "with a fixed "
          "number of steps",
          ((PetscObject)p->pc)->type_name);
  if (!p->symmetric) PetscCall(TestTranspose(p, v[5], v[1], v[2], v[4]));
  for (int i = 0; i < 6; i++) PetscCall(VecDestroy(&v[i]));
  PetscCall(GetOperatorState(p->pc, p->normid, p->normstate));
  p->normtested = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without a PC of the user's: multigrid for the operator that the equation names; -physics_norm_pc_type and so on choose otherwise */
static PetscErrorCode CreateNormPC(HGPhysics p)
{
  MPI_Comm    comm   = PetscObjectComm((PetscObject)p);
  const char *prefix = ((PetscObject)p)->prefix;
  Mat         L;

  PetscFunctionBegin;
  HGCheckOptions(
      p->ops->normoperator, p,
      "-physics_norm preconditioned: the equation %s has no operator for it; give one with HGPhysicsSetNormPC(), or use -physics_norm l2",
      ((PetscObject)p)->type_name);
  PetscCall((*p->ops->normoperator)(p, &L));
  PetscCall(PCCreate(comm, &p->pc));
  PetscCall(PCSetOptionsPrefix(p->pc, prefix));
  PetscCall(PCAppendOptionsPrefix(p->pc, "physics_norm_"));
  PetscCall(PCSetOperators(p->pc, L, L));
  PetscCall(HGGridMultigrid(p->dm, p->pc));
  PetscCall(SetSmoothers(p->pc));
  PetscCall(PCSetFromOptions(p->pc));
  PetscCall(PCSetUp(p->pc));
  PetscCall(MatDestroy(&L));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* At each evaluation, since the norm may change between two */
PetscErrorCode HGPhysicsSetUpNorm(HGPhysics p)
{
  PetscFunctionBegin;
  if (p->norm == HG_PHYSICS_NORM_L2) PetscFunctionReturn(PETSC_SUCCESS);
  if (!p->pc) PetscCall(CreateNormPC(p));
  if (!p->normtested) PetscCall(TestNorm(p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* f = B f, with g for work */
PetscErrorCode HGPhysicsApplyNorm(HGPhysics p, Vec f, Vec g)
{
  PetscFunctionBegin;
  if (p->norm == HG_PHYSICS_NORM_L2) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CheckUnchanged(p));
  PetscCall(PetscLogEventBegin(HG_PHYSICS_Norm, p, f, g, 0));
  PetscCall(PCApply(p->pc, f, g));
  PetscCall(PetscLogEventEnd(HG_PHYSICS_Norm, p, f, g, 0));
  PetscCall(VecCopy(g, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* f = B' f, with g for work */
PetscErrorCode HGPhysicsApplyNormAdjoint(HGPhysics p, Vec f, Vec g)
{
  PetscFunctionBegin;
  if (p->norm == HG_PHYSICS_NORM_L2) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CheckUnchanged(p));
  PetscCall(PetscLogEventBegin(HG_PHYSICS_Norm, p, f, g, 0));
  if (p->symmetric) PetscCall(PCApply(p->pc, f, g));
  else PetscCall(PCApplyTranspose(p->pc, f, g));
  PetscCall(PetscLogEventEnd(HG_PHYSICS_Norm, p, f, g, 0));
  PetscCall(VecCopy(g, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}
