/* SPDX-License-Identifier: BSD-2-Clause */
/* The norm that a residual is measured in: the plain one, or 1/2 |B W F|^2 with a preconditioner B that turns residuals into errors */
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
-  pc - a symmetric preconditioner with its operators set, for vectors of the residual's layout; referenced

   Level: advanced

   Note:
   Symmetric means that <B v, w> = <v, B w>: the gradient applies B twice. A V-cycle with as many smoothing steps before as after is.

   Errors:
   The first evaluation refuses a preconditioner that is not symmetric for random v and w.

.seealso: `HGPhysicsSetNorm()`
@*/
PetscErrorCode HGPhysicsSetNormPC(HGPhysics p, PC pc)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscValidHeaderSpecific(pc, PC_CLASSID, 2);
  PetscCall(PetscObjectReference((PetscObject)pc));
  PetscCall(PCDestroy(&p->pc));
  p->pc        = pc;
  p->norm      = HG_PHYSICS_NORM_PRECONDITIONED;
  p->symmetric = PETSC_FALSE;
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

/* <B v, w> = <v, B w>, or the gradient would be that of another loss */
static PetscErrorCode CheckSymmetric(HGPhysics p)
{
  const PetscReal limit = 1e-8;
  Vec             v[4]; /* v, w, B v, B w */
  PetscScalar     left, right;
  PetscReal       len[2];

  PetscFunctionBegin;
  if (p->symmetric) PetscFunctionReturn(PETSC_SUCCESS);
  for (int i = 0; i < 4; i++) PetscCall(DMGetGlobalVector(p->dm, &v[i]));
  PetscCall(HGPhysicsFillRandom(v[0], "one side of the norm"));
  PetscCall(HGPhysicsFillRandom(v[1], "other side of the norm"));
  for (int i = 0; i < 2; i++) {
    PetscCall(PCApply(p->pc, v[i], v[2 + i]));
    PetscCall(VecNorm(v[2 + i], NORM_2, &len[i]));
  }
  PetscCall(VecDot(v[2], v[1], &left));
  PetscCall(VecDot(v[0], v[3], &right));
  PetscCall(VecNorm(v[0], NORM_2, &len[1]));
  HGCheck(PetscAbsScalar(left - right) <= limit * len[0] * len[1], PetscObjectComm((PetscObject)p),
          "the preconditioner of the residual's norm is not symmetric: <B v, w> = %.8g and <v, B w> = %.8g for random v and w; take one "
          "that is, such as as many smoothing steps before as after",
          (double)PetscRealPart(left), (double)PetscRealPart(right));
  for (int i = 0; i < 4; i++) PetscCall(DMRestoreGlobalVector(p->dm, &v[i]));
  p->symmetric = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without a PC of the user's: multigrid for the operator that the equation names; -physics_norm_pc_type and so on choose otherwise */
static PetscErrorCode CreateNormPC(HGPhysics p)
{
  MPI_Comm    comm   = PetscObjectComm((PetscObject)p);
  const char *prefix = ((PetscObject)p)->prefix;
  Mat         L;

  PetscFunctionBegin;
  HGCheck(
      p->ops->normoperator, comm,
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
  PetscCall(CheckSymmetric(p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* f = B f, with g for work */
PetscErrorCode HGPhysicsApplyNorm(HGPhysics p, Vec f, Vec g)
{
  PetscFunctionBegin;
  if (p->norm == HG_PHYSICS_NORM_L2) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PCApply(p->pc, f, g));
  PetscCall(VecCopy(g, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}
