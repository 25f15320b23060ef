/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Inverse problems without a network: from observed solutions u_i the input field a or a parameter q of the equation that minimises

     J = 1/(2 n) sum_i |W (u(a_i, q) - u_i)|^2 / |W u_i|^2 + alpha/2 int |grad m|^2

   u(a, q) solves F(u; a, q) = 0 by the equation's own solver; the gradient comes from one adjoint solve for each observation (Plessix, Geophys. J. Int.
   167 (2006) 495). m is a itself, or log a where a must be positive (darcy); a parameter is +-exp(theta) with the sign it starts with. TAO moves m or theta.
*/
#include "train/hginversion.h"
#include "sys/hgsignal.h"
#include "train/hgtrain.h"
#include "train/taolimit.h"
#include <petsc/private/petscimpl.h>

struct _p_HGInversion {
  PETSCHEADER(int);
  HGPhysics physics;
  char      unknown[32];              /* a parameter; "a": the input field */
  PetscReal alpha;                    /* of the regularization */
  Vec       weights;                  /* W, or NULL */
  PetscInt  n;                        /* observations */
  Vec      *a, *observed;             /* [n] */
  PetscBool field, log;               /* the unknown is a field, positive */
  PetscReal sign;                     /* of a parameter */
  DM        dm;                       /* of the field */
  Vec       m, u, r, state, g, local; /* unknown, solution, its misfit, adjoint state, gradient of a field, m with ghost points */
  PetscReal spacing[3];               /* x, y, z */
  PetscReal misfit;                   /* of the last evaluation, root of the mean of |W (u - u_i)|^2 / |W u_i|^2 */
  Tao       tao;
  PetscBool setup;
};

/*@
   HGInversionCreate - Create an inverse problem

   Collective

   Input Parameter:
.  comm - the ranks

   Output Parameter:
.  inv - the problem

   Level: intermediate

.seealso: `HGInversionSetPhysics()`, `HGInversionSetUnknown()`, `HGInversionSetObservations()`, `HGInversionSolve()`
@*/
PetscErrorCode HGInversionCreate(MPI_Comm comm, HGInversion *inv)
{
  PetscFunctionBegin;
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(PetscHeaderCreate(*inv, HG_INVERSION_CLASSID, "HGInversion", "Inverse problem", "Train", comm, HGInversionDestroy, NULL));
  PetscCall(PetscStrncpy((*inv)->unknown, "a", sizeof((*inv)->unknown)));
  PetscCall(TaoCreate(comm, &(*inv)->tao));
  PetscCall(TaoSetType((*inv)->tao, TAOLMVM));
  PetscCall(TaoSetTolerances((*inv)->tao, 1e-10, 1e-8, 1e-8));
  PetscCall(TaoSetMaximumIterations((*inv)->tao, 200));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionSetPhysics - Set the equation

   Logically Collective

   Input Parameters:
+  inv - the problem
-  p   - a built-in equation, set up, with its conditions in the differences (`-physics_bc scheme`)

   Level: intermediate

.seealso: `HGInversionSetUp()`
@*/
PetscErrorCode HGInversionSetPhysics(HGInversion inv, HGPhysics p)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 2);
  PetscCall(PetscObjectReference((PetscObject)p));
  PetscCall(HGPhysicsDestroy(&inv->physics));
  inv->physics = p;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGInversionSetUnknown - Set what is to be found

   Logically Collective

   Input Parameters:
+  inv  - the problem
-  name - a parameter of the equation, which starts from the value that the equation has; or "a" (the default), its input field

   Options Database Key:
.  -physics_unknown name - the unknown

   Level: intermediate

.seealso: `HGPhysicsSetParameter()`, `HGPhysicsInputAdjoint()`
@*/
PetscErrorCode HGInversionSetUnknown(HGInversion inv, const char name[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  PetscCall(PetscStrncpy(inv->unknown, name, sizeof(inv->unknown)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionSetRegularization - Set how much the roughness of an unknown field counts

   Logically Collective

   Input Parameters:
+  inv   - the problem
-  alpha - the factor of 1/2 int |grad m|^2, m the field or its logarithm

   Options Database Key:
.  -invert_regularization alpha - the factor (default 0)

   Level: intermediate

   Note:
   By differences between neighbouring cells, whose distances count as equal along each axis; nothing across the boundary.

   Errors:
   A negative factor.

.seealso: `HGInversionSolve()`
@*/
PetscErrorCode HGInversionSetRegularization(HGInversion inv, PetscReal alpha)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  HGCheck(alpha >= 0 && !PetscIsInfOrNanReal(alpha), PetscObjectComm((PetscObject)inv),
          "-invert_regularization %g: give zero or a positive number", (double)alpha);
  inv->alpha = alpha;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionSetWeights - Set what each observed value counts

   Logically Collective

   Input Parameters:
+  inv - the problem
-  w   - the weights, 0 where nothing was observed; NULL for ones everywhere

   Level: intermediate

.seealso: `HGInversionSetObservations()`
@*/
PetscErrorCode HGInversionSetWeights(HGInversion inv, Vec w)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  if (w) PetscCall(PetscObjectReference((PetscObject)w));
  PetscCall(VecDestroy(&inv->weights));
  inv->weights = w;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionSetFromOptions - Set an inverse problem from the options database

   Collective

   Input Parameter:
.  inv - the problem

   Options Database Keys:
+  -physics_unknown name        - what is to be found: a parameter, or a, the input field (default)
.  -invert_regularization alpha - what the roughness of a field counts (default 0)
-  -tao_...                     - the optimizer (default lmvm, 200 iterations, |gradient| below 1e-10 or 1e-8 of what it was)

   Level: intermediate

.seealso: `HGInversionSolve()`
@*/
PetscErrorCode HGInversionSetFromOptions(HGInversion inv)
{
  PetscReal   alpha   = inv->alpha;
  const char *unknown = inv->unknown;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  PetscObjectOptionsBegin((PetscObject)inv);
  PetscCall(HGOptionsString(PetscOptionsObject, "-physics_unknown", "what to find: a parameter of the equation, or a, its input field",
                            "HGInversionSetUnknown", &unknown, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-invert_regularization", "what the roughness of a field counts",
                          "HGInversionSetRegularization", 0, PETSC_MAX_REAL, &alpha, NULL));
  PetscOptionsEnd();
  if (unknown != inv->unknown) PetscCall(HGInversionSetUnknown(inv, unknown));
  PetscCall(HGInversionSetRegularization(inv, alpha));
  PetscCall(HGTaoSetFromOptions(inv->tao));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionSetObservations - Set the observed solutions and their inputs

   Collective

   Input Parameters:
+  inv      - the problem
.  n        - how many; one for an unknown field
.  a        - [n] the inputs, global vectors of the equation's DMDA; of an unknown field where its search starts. Referenced, and not changed
-  observed - [n] the solutions

   Level: intermediate

.seealso: `HGInversionSetWeights()`, `HGInversionSetUp()`
@*/
PetscErrorCode HGInversionSetObservations(HGInversion inv, PetscInt n, const Vec a[], const Vec observed[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  for (PetscInt i = 0; i < n; i++) {
    PetscCall(PetscObjectReference((PetscObject)a[i]));
    PetscCall(PetscObjectReference((PetscObject)observed[i]));
  }
  PetscCall(VecDestroyVecs(inv->n, &inv->a));
  PetscCall(VecDestroyVecs(inv->n, &inv->observed));
  inv->n = n;
  PetscCall(PetscMalloc1(n, &inv->a));
  PetscCall(PetscMalloc1(n, &inv->observed));
  PetscCall(PetscArraycpy(inv->a, a, n));
  PetscCall(PetscArraycpy(inv->observed, observed, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the unknown as TAO's vector ---- */

static PetscErrorCode SetUpField(HGInversion inv)
{
  MPI_Comm         comm = PetscObjectComm((PetscObject)inv);
  PetscInt         dim, n[3] = {1, 1, 1};
  PetscReal        least;
  const PetscReal *x;

  PetscFunctionBegin;
  HGCheck(inv->n == 1, comm, "an unknown input field belongs to one observation; %" PetscInt_FMT " were given", inv->n);
  PetscCall(PetscObjectTypeCompare((PetscObject)inv->physics, HGPHYSICSDARCY, &inv->log));
  PetscCall(HGPhysicsGetDM(inv->physics, &inv->dm));
  PetscCall(PetscObjectReference((PetscObject)inv->dm));
  PetscCall(DMDAGetInfo(inv->dm, &dim, &n[0], &n[1], &n[2], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  for (PetscInt k = 0; k < dim; k++) {
    PetscCall(HGPhysicsGetCoordinates(inv->physics, k, &x));
    inv->spacing[k] = n[k] > 1 ? (x[n[k] - 1] - x[0]) / (PetscReal)(n[k] - 1) : 1;
  }
  PetscCall(DMCreateLocalVector(inv->dm, &inv->local));
  PetscCall(VecDuplicate(inv->a[0], &inv->m));
  PetscCall(VecDuplicate(inv->a[0], &inv->g));
  PetscCall(VecCopy(inv->a[0], inv->m));
  PetscCall(VecMin(inv->m, NULL, &least));
  HGCheck(!inv->log || least > 0, comm, "the permeability starts from %g somewhere; it must be positive", (double)least);
  if (inv->log) PetscCall(VecLog(inv->m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpParameter(HGInversion inv)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)inv);
  PetscReal   q;
  PetscMPIInt rank;

  PetscFunctionBegin;
  HGCheck(inv->n >= 1, comm, "no observations; give at least one");
  PetscCall(HGPhysicsGetParameter(inv->physics, inv->unknown, &q));
  HGCheck(q != 0, comm, "-physics_unknown %s starts at 0, where its sign is not known; give -physics_%s another value to start from",
          inv->unknown, inv->unknown);
  inv->sign = q < 0 ? -1 : 1;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(VecCreateMPI(comm, !rank, 1, &inv->m));
  PetscCall(VecSet(inv->m, PetscLogReal(PetscAbsReal(q))));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Gives the equation the parameter's value in m, on all ranks */
static PetscErrorCode SetParameter(HGInversion inv, Vec m)
{
  PetscReal theta;

  PetscFunctionBegin;
  PetscCall(VecSum(m, &theta));
  PetscCall(HGPhysicsSetParameter(inv->physics, inv->unknown, inv->sign * PetscExpReal(theta)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- objective and gradient ---- */

/* alpha/2 sum over faces of (difference / spacing)^2 times a cell's volume, its gradient added to g */
static PetscErrorCode AddRoughness(HGInversion inv, Vec m, PetscReal *f, Vec g)
{
  PetscInt           at[3], n[3], gs[3], gn[3], N[3], dof, dim;
  const PetscScalar *v;
  PetscScalar       *out;
  PetscReal          sum = 0, all, volume = 1;

  PetscFunctionBegin;
  if (inv->alpha == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMDAGetInfo(inv->dm, &dim, &N[0], &N[1], &N[2], NULL, NULL, NULL, &dof, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetCorners(inv->dm, &at[0], &at[1], &at[2], &n[0], &n[1], &n[2]));
  PetscCall(DMDAGetGhostCorners(inv->dm, &gs[0], &gs[1], &gs[2], &gn[0], &gn[1], &gn[2]));
  for (PetscInt k = 0; k < dim; k++) volume *= inv->spacing[k];
  PetscCall(DMGlobalToLocal(inv->dm, m, INSERT_VALUES, inv->local));
  PetscCall(VecGetArrayRead(inv->local, &v));
  PetscCall(VecGetArray(g, &out));
  for (PetscInt i = 0; i < n[0] * n[1] * n[2] * dof; i++) {
    const PetscInt p = i / dof, here[3] = {at[0] + p % n[0], at[1] + p / n[0] % n[1], at[2] + p / n[0] / n[1]};
    const PetscInt step[3] = {dof, dof * gn[0], dof * gn[0] * gn[1]};
    const PetscInt l       = (here[0] - gs[0]) * step[0] + (here[1] - gs[1]) * step[1] + (here[2] - gs[2]) * step[2] + i % dof;

    for (PetscInt k = 0; k < dim; k++) {
      const PetscReal weight = inv->alpha * volume / (inv->spacing[k] * inv->spacing[k]);

      if (here[k] > 0) out[i] += weight * (v[l] - v[l - step[k]]);
      if (here[k] < N[k] - 1) {
        out[i] += weight * (v[l] - v[l + step[k]]);
        sum += weight / 2 * (v[l + step[k]] - v[l]) * (v[l + step[k]] - v[l]);
      }
    }
  }
  PetscCall(VecRestoreArray(g, &out));
  PetscCall(VecRestoreArrayRead(inv->local, &v));
  PetscCallMPI(MPI_Allreduce(&sum, &all, 1, MPIU_REAL, MPI_SUM, PetscObjectComm((PetscObject)inv)));
  *f += all;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solver's solution is that of the residual, whose adjoint is solved: a TS with steps of its own has another */
static PetscErrorCode CheckSolution(HGInversion inv, Vec a, PetscInt i)
{
  PetscReal first, last;

  PetscFunctionBegin;
  PetscCall(HGPhysicsSetInput(inv->physics, i, a));
  PetscCall(HGPhysicsResidual(inv->physics, inv->u, inv->r));
  PetscCall(VecNorm(inv->r, NORM_2, &last));
  PetscCall(VecSet(inv->state, 0));
  PetscCall(HGPhysicsResidual(inv->physics, inv->state, inv->r));
  PetscCall(VecNorm(inv->r, NORM_2, &first));
  HGCheck(last <= 1e-5 * first || first == 0, PetscObjectComm((PetscObject)inv),
          "the solution for observation %" PetscInt_FMT
          " leaves a residual of %g (of %g at zero), but the gradient is that of the residual; leave -ts_type and -ts_dt as they are, or "
          "tighten -snes_rtol and -ksp_rtol",
          i, (double)last, (double)first);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One observation: its share of the misfit, and the adjoint state; the input is set for derivatives of the residual */
static PetscErrorCode EvaluateObservation(HGInversion inv, PetscInt i, Vec a, PetscReal *f)
{
  PetscReal norm, size;

  PetscFunctionBegin;
  PetscCall(HGPhysicsSolve(inv->physics, a, inv->u));
  PetscCall(CheckSolution(inv, a, i));
  PetscCall(VecCopy(inv->observed[i], inv->state));
  PetscCall(VecWAXPY(inv->r, -1, inv->observed[i], inv->u));
  if (inv->weights) {
    PetscCall(VecPointwiseMult(inv->state, inv->state, inv->weights));
    PetscCall(VecPointwiseMult(inv->r, inv->r, inv->weights));
  }
  PetscCall(VecNorm(inv->state, NORM_2, &size));
  PetscCall(VecNorm(inv->r, NORM_2, &norm));
  HGCheck(size > 0, PetscObjectComm((PetscObject)inv), "observation %" PetscInt_FMT " is zero everywhere; leave it out", i);
  *f = norm * norm / (size * size);
  if (inv->weights) PetscCall(VecPointwiseMult(inv->r, inv->r, inv->weights));
  PetscCall(VecScale(inv->r, 1 / (size * size * (PetscReal)inv->n)));
  PetscCall(HGPhysicsSolveAdjoint(inv->physics, inv->u, inv->r, inv->state));
  PetscCall(HGPhysicsSetInput(inv->physics, i, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode EvaluateField(HGInversion inv, Vec m, PetscReal *f, Vec g)
{
  PetscFunctionBegin;
  PetscCall(VecCopy(m, inv->g));
  if (inv->log) PetscCall(VecExp(inv->g));
  PetscCall(VecCopy(inv->g, inv->a[0]));
  PetscCall(EvaluateObservation(inv, 0, inv->a[0], f));
  PetscCall(HGPhysicsInputAdjoint(inv->physics, inv->a[0], inv->u, inv->state, g));
  PetscCall(VecScale(g, -1));
  if (inv->log) PetscCall(VecPointwiseMult(g, g, inv->a[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode EvaluateParameter(HGInversion inv, Vec m, PetscReal *f, Vec g)
{
  PetscReal part, by, q, sum = 0;

  PetscFunctionBegin;
  PetscCall(SetParameter(inv, m));
  PetscCall(HGPhysicsGetParameter(inv->physics, inv->unknown, &q));
  *f = 0;
  for (PetscInt i = 0; i < inv->n; i++) {
    PetscCall(EvaluateObservation(inv, i, inv->a[i], &part));
    PetscCall(HGPhysicsParameterAdjoint(inv->physics, inv->unknown, inv->u, inv->state, &by));
    *f += part / (PetscReal)inv->n;
    sum -= by;
  }
  PetscCall(VecSet(g, q * sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionEvaluate - The objective of an inverse problem and its gradient

   Collective

   Input Parameters:
+  inv - the problem, set up
-  m   - the unknown as the optimizer has it, of the layout of TaoGetSolution(): a field, its logarithm (darcy), or the logarithm of a parameter's magnitude

   Output Parameters:
+  f - 1/(2 n) sum_i |W (u - u_i)|^2 / |W u_i|^2 + alpha/2 int |grad m|^2
-  g - its gradient

   Level: advanced

   Note:
   One solve of the equation and one of its adjoint for each observation.

   Errors:
   Those of the solvers, an observation that is zero, a solution that is not that of the residual.

.seealso: `HGInversionSolve()`, `HGPhysicsSolveAdjoint()`
@*/
PetscErrorCode HGInversionEvaluate(HGInversion inv, Vec m, PetscReal *f, Vec g)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  if (inv->field) PetscCall(EvaluateField(inv, m, f, g));
  else PetscCall(EvaluateParameter(inv, m, f, g));
  inv->misfit = PetscSqrtReal(*f);
  *f /= 2;
  if (inv->field) PetscCall(AddRoughness(inv, m, f, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Objective(Tao tao, Vec m, PetscReal *f, Vec g, void *ctx)
{
  PetscFunctionBegin;
  (void)tao;
  PetscCall(HGInversionEvaluate((HGInversion)ctx, m, f, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A signal ends the search after its iteration */
static PetscErrorCode Monitor(Tao tao, void *ctx)
{
  int signal_number;

  PetscFunctionBegin;
  PetscCall(HGSignalAgree(PetscObjectComm((PetscObject)ctx), &signal_number));
  if (signal_number) PetscCall(TaoSetConvergedReason(tao, TAO_CONVERGED_USER));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionSetUp - Make an inverse problem ready to be solved

   Collective

   Input Parameter:
.  inv - the problem, its equation and observations set

   Level: intermediate

   Errors:
   A parameter the equation does not have or that is zero, several observations for an unknown field, a permeability that is not positive.

.seealso: `HGInversionSolve()`
@*/
PetscErrorCode HGInversionSetUp(HGInversion inv)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  if (inv->setup) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(inv->physics && inv->n, PetscObjectComm((PetscObject)inv), PETSC_ERR_ORDER,
             "HGInversionSetPhysics() and HGInversionSetObservations() come first");
  PetscCall(PetscStrcmp(inv->unknown, "a", &inv->field));
  PetscCall(VecDuplicate(inv->observed[0], &inv->u));
  PetscCall(VecDuplicate(inv->u, &inv->r));
  PetscCall(VecDuplicate(inv->u, &inv->state));
  if (inv->field) {
    Vec start = inv->a[0]; /* the caller's stays as it is */

    PetscCall(VecDuplicate(start, &inv->a[0]));
    PetscCall(VecCopy(start, inv->a[0]));
    PetscCall(VecDestroy(&start));
    PetscCall(SetUpField(inv));
  } else PetscCall(SetUpParameter(inv));
  PetscCall(TaoSetSolution(inv->tao, inv->m));
  PetscCall(TaoSetObjectiveAndGradient(inv->tao, NULL, Objective, inv));
  PetscCall(TaoMonitorSet(inv->tao, Monitor, inv, NULL));
  inv->setup = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionGetTao - Get the optimizer of an inverse problem

   Not Collective

   Input Parameter:
.  inv - the problem

   Output Parameter:
.  tao - the optimizer; do not destroy it

   Level: intermediate

.seealso: `HGInversionSolve()`
@*/
PetscErrorCode HGInversionGetTao(HGInversion inv, Tao *tao)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  *tao = inv->tao;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionSolve - Find the unknown

   Collective

   Input Parameter:
.  inv - the problem

   Level: intermediate

   Note:
   Afterwards the equation has the parameter that was found.

   SIGTERM, SIGINT and SIGUSR1 to any rank end it after the iteration that runs, with what has been found by then; `HGSignalReceived()` has the signal. A
   second signal, more than a second later, ends the program at once.

   Errors:
   Those of `HGInversionSetUp()` and `HGInversionEvaluate()`.

.seealso: `HGInversionGetFields()`, `HGInversionGetParameter()`, `HGInversionGetMisfit()`
@*/
PetscErrorCode HGInversionSolve(HGInversion inv)
{
  PetscReal f;
  Vec       g;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  PetscCall(HGInversionSetUp(inv));
  PetscCall(HGSignalBegin());
  PetscCall(TaoSolve(inv->tao));
  PetscCall(HGSignalEnd());
  PetscCall(VecDuplicate(inv->m, &g));
  PetscCall(HGInversionEvaluate(inv, inv->m, &f, g)); /* at the solution: a line search ends elsewhere */
  PetscCall(VecDestroy(&g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionGetMisfit - Get how far the equation's solutions are from the observed ones

   Not Collective

   Input Parameter:
.  inv - the problem

   Output Parameter:
.  misfit - the root of the mean of |W (u - u_i)|^2 / |W u_i|^2 in the last evaluation

   Level: intermediate

.seealso: `HGInversionSolve()`
@*/
PetscErrorCode HGInversionGetMisfit(HGInversion inv, PetscReal *misfit)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  *misfit = inv->misfit;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionGetFields - Get the input field and the solution of the last observation

   Not Collective

   Input Parameter:
.  inv - the problem, solved

   Output Parameters:
+  a - the input, the one that was found if it is the unknown; do not destroy it
-  u - the solution; do not destroy it

   Level: intermediate

.seealso: `HGInversionSolve()`
@*/
PetscErrorCode HGInversionGetFields(HGInversion inv, Vec *a, Vec *u)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  PetscCheck(inv->setup, PetscObjectComm((PetscObject)inv), PETSC_ERR_ORDER, "HGInversionSolve() comes first");
  if (a) *a = inv->a[inv->n - 1];
  if (u) *u = inv->u;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionGetParameter - Get the parameter that was found

   Not Collective

   Input Parameter:
.  inv - the problem, its unknown a parameter

   Output Parameter:
.  value - the value that the equation has now

   Level: intermediate

.seealso: `HGInversionSolve()`
@*/
PetscErrorCode HGInversionGetParameter(HGInversion inv, PetscReal *value)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(inv, HG_INVERSION_CLASSID, 1);
  PetscCall(HGPhysicsGetParameter(inv->physics, inv->unknown, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGInversionDestroy - Destroy an inverse problem

   Collective

   Input Parameter:
.  inv - the problem

   Level: intermediate

.seealso: `HGInversionCreate()`
@*/
PetscErrorCode HGInversionDestroy(HGInversion *inv)
{
  PetscFunctionBegin;
  if (!*inv) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(*inv, HG_INVERSION_CLASSID, 1);
  if (--((PetscObject)*inv)->refct > 0) {
    *inv = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGPhysicsDestroy(&(*inv)->physics));
  PetscCall(VecDestroyVecs((*inv)->n, &(*inv)->a));
  PetscCall(VecDestroyVecs((*inv)->n, &(*inv)->observed));
  PetscCall(VecDestroy(&(*inv)->weights));
  PetscCall(VecDestroy(&(*inv)->m));
  PetscCall(VecDestroy(&(*inv)->u));
  PetscCall(VecDestroy(&(*inv)->r));
  PetscCall(VecDestroy(&(*inv)->state));
  PetscCall(VecDestroy(&(*inv)->g));
  PetscCall(VecDestroy(&(*inv)->local));
  PetscCall(DMDestroy(&(*inv)->dm));
  PetscCall(TaoDestroy(&(*inv)->tao));
  PetscCall(PetscHeaderDestroy(inv));
  PetscFunctionReturn(PETSC_SUCCESS);
}
