/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Inputs and solutions of the built-in equations: random fields, PETSc's SNES for a steady equation and its TS for a step in time, with the
   Jacobian of equation.c. The theta method of PETSc's TS is the very step whose residual equation.c computes.
*/
#include "physics/grid/grid_impl.h"

static PetscErrorCode Function(SNES snes, Vec u, Vec f, void *ctx)
{
  PetscFunctionBegin;
  (void)snes;
  PetscCall(HGPhysicsResidual((HGPhysics)ctx, u, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AssembleShell(Mat J)
{
  PetscFunctionBegin;
  PetscCall(MatAssemblyBegin(J, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(J, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Jacobian(SNES snes, Vec u, Mat J, Mat A, void *ctx)
{
  PetscFunctionBegin;
  (void)snes;
  PetscCall(HGGridFillMatrix((HGPhysics)ctx, u, 0, 1, A));
  if (J != A) PetscCall(AssembleShell(J));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* M du/dt - R(u) */
static PetscErrorCode IFunction(TS ts, PetscReal t, Vec u, Vec udot, Vec f, void *ctx)
{
  HGPhysics          p = (HGPhysics)ctx;
  HGGridEquation    *e = (HGGridEquation *)p->data;
  const PetscScalar *v;
  PetscScalar       *out;
  PetscInt           n;

  PetscFunctionBegin;
  (void)ts, (void)t;
  PetscCall(HGGridRate(p, u, f));
  PetscCall(VecGetLocalSize(f, &n));
  PetscCall(VecGetArrayRead(udot, &v));
  PetscCall(VecGetArray(f, &out));
  for (PetscInt i = 0; i < n; i++) out[i] = (e->def->algebraic[i % p->unknowns] ? 0 : v[i]) - out[i];
  PetscCall(VecRestoreArray(f, &out));
  PetscCall(VecRestoreArrayRead(udot, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode IJacobian(TS ts, PetscReal t, Vec u, Vec udot, PetscReal shift, Mat J, Mat A, void *ctx)
{
  PetscFunctionBegin;
  (void)ts, (void)t, (void)udot;
  PetscCall(HGGridFillMatrix((HGPhysics)ctx, u, shift, 1, A));
  if (J != A) PetscCall(AssembleShell(J));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MultShell(Mat J, Vec x, Vec y)
{
  HGPhysics p;

  PetscFunctionBegin;
  PetscCall(MatShellGetContext(J, &p));
  PetscCall(HGGridMult(p, x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateMatrices(HGPhysics p, HGGridEquation *e)
{
  PetscInt n;

  PetscFunctionBegin;
  PetscCall(DMCreateMatrix(e->dm, &e->A));
  PetscCall(MatSetOption(e->A, MAT_KEEP_NONZERO_PATTERN, PETSC_TRUE));
  if (!e->spectral) {
    PetscCall(PetscObjectReference((PetscObject)e->A));
    e->J = e->A;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(VecGetLocalSize(e->a, &n));
  PetscCall(MatCreateShell(PetscObjectComm((PetscObject)p), n, n, PETSC_DETERMINE, PETSC_DETERMINE, p, &e->J));
  PetscCall(MatShellSetOperation(e->J, MATOP_MULT, (void *)MultShell));
  PetscCall(MatSetUp(e->J));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A row without a time derivative is elliptic in its own unknown: algebraic multigrid for it, after the other ones */
static PetscErrorCode SplitAlgebraic(HGPhysics p, PC pc, const char prefix[])
{
  const PetscInt last = p->unknowns - 1;
  PetscInt       field[HG_MAX_UNKNOWNS];
  char           type[128];
  PetscBool      set;

  PetscFunctionBegin;
  for (PetscInt k = 0; k < p->unknowns; k++) field[k] = k;
  PetscCall(PCSetType(pc, PCFIELDSPLIT));
  PetscCall(PCFieldSplitSetBlockSize(pc, p->unknowns));
  PetscCall(PCFieldSplitSetType(pc, PC_COMPOSITE_MULTIPLICATIVE));
  PetscCall(PCFieldSplitSetFields(pc, "transport", last, field, field));
  PetscCall(PCFieldSplitSetFields(pc, "elliptic", 1, &field[last], &field[last]));
  PetscCall(PetscSNPrintf(type, sizeof(type), "-%sfieldsplit_elliptic_pc_type", prefix));
  PetscCall(PetscOptionsHasName(((PetscObject)p)->options, NULL, type, &set));
  if (!set) PetscCall(PetscOptionsSetValue(((PetscObject)p)->options, type, PCGAMG));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGGridSetLinearDefaults - What a linear solver of the equation is unless options say otherwise; prefix is that of its options

  Collective
*/
PetscErrorCode HGGridSetLinearDefaults(HGPhysics p, KSP ksp, const char prefix[])
{
  const HGGridEquation *e = (HGGridEquation *)p->data;
  PC                    pc;

  PetscFunctionBegin;
  PetscCall(KSPSetType(ksp, KSPGMRES));
  PetscCall(KSPGMRESSetRestart(ksp, 100));
  PetscCall(KSPSetTolerances(ksp, 1e-8, 1e-50, PETSC_CURRENT, 2000));
  PetscCall(KSPGetPC(ksp, &pc));
  if (p->unknowns == 1 && e->def->elliptic && e->J == e->A) PetscCall(HGGridMultigrid(p->dm, pc));
  if (e->def->algebraic[p->unknowns - 1]) PetscCall(SplitAlgebraic(p, pc, prefix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetSolverDefaults(HGPhysics p, SNES snes)
{
  const char *prefix = ((PetscObject)p)->prefix ? ((PetscObject)p)->prefix : "";
  KSP         ksp;

  PetscFunctionBegin;
  PetscCall(SNESSetTolerances(snes, 1e-13, 1e-10, 1e-14, 50, 1000));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(HGGridSetLinearDefaults(p, ksp, prefix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGGridSetUpSolver - Create the SNES or TS at the first solve

  Collective
*/
PetscErrorCode HGGridSetUpSolver(HGPhysics p)
{
  MPI_Comm        comm = PetscObjectComm((PetscObject)p);
  HGGridEquation *e    = (HGGridEquation *)p->data;
  SNES            snes;

  PetscFunctionBegin;
  if (e->snes || e->ts) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CreateMatrices(p, e));
  if (HGEquationIsSteady(e->def)) {
    PetscCall(SNESCreate(comm, &e->snes));
    PetscCall(SNESSetOptionsPrefix(e->snes, ((PetscObject)p)->prefix));
    PetscCall(SNESSetFunction(e->snes, NULL, Function, p));
    PetscCall(SNESSetJacobian(e->snes, e->J, e->A, Jacobian, p));
    PetscCall(SetSolverDefaults(p, e->snes));
    if (e->options) PetscCall(SNESSetFromOptions(e->snes));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(TSCreate(comm, &e->ts));
  PetscCall(TSSetOptionsPrefix(e->ts, ((PetscObject)p)->prefix));
  PetscCall(TSSetProblemType(e->ts, TS_NONLINEAR));
  PetscCall(TSSetEquationType(e->ts, e->def->algebraic[p->unknowns - 1] ? TS_EQ_DAE_IMPLICIT_INDEX1 : TS_EQ_IMPLICIT));
  PetscCall(TSSetIFunction(e->ts, NULL, IFunction, p));
  PetscCall(TSSetIJacobian(e->ts, e->J, e->A, IJacobian, p));
  PetscCall(TSSetType(e->ts, TSTHETA));
  PetscCall(TSThetaSetTheta(e->ts, e->theta));
  PetscCall(TSThetaSetEndpoint(e->ts, e->theta < 1 ? PETSC_TRUE : PETSC_FALSE));
  PetscCall(TSSetExactFinalTime(e->ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetTimeStep(e->ts, e->dt));
  PetscCall(TSGetSNES(e->ts, &snes));
  PetscCall(SetSolverDefaults(p, snes));
  PetscCall(TSSetErrorIfStepFails(e->ts, PETSC_FALSE));
  if (e->options) PetscCall(TSSetFromOptions(e->ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Failed(HGPhysics p, const char solver[], const char reason[], const char options[])
{
  char of[64] = "";

  PetscFunctionBegin;
  if (p->sample >= 0) PetscCall(PetscSNPrintf(of, sizeof(of), " for sample %" PetscInt_FMT, p->sample));
  PetscCall(PetscSNPrintf(p->failure, sizeof(p->failure), "the %s solver of the equation %s stopped%s: %s; change %s", solver,
                          ((HGGridEquation *)p->data)->def->name, of, reason, options));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SolveSteady(HGPhysics p, HGGridEquation *e, Vec u)
{
  SNESConvergedReason reason;

  PetscFunctionBegin;
  PetscCall(VecSet(u, 0));
  PetscCall(SNESSolve(e->snes, NULL, u));
  PetscCall(SNESGetConvergedReason(e->snes, &reason));
  PetscCall(SNESGetLinearSolveIterations(e->snes, &p->iterations));
  if (reason < 0) PetscCall(Failed(p, "SNES", SNESConvergedReasons[reason], "-snes_max_it, -ksp_rtol or -pc_type"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SolveStep(HGPhysics p, HGGridEquation *e, Vec a, Vec u)
{
  TSConvergedReason reason;
  PetscReal         step;

  PetscFunctionBegin;
  PetscCall(VecCopy(a, u));
  PetscCall(TSGetTimeStep(e->ts, &step));
  PetscCall(TSSetTime(e->ts, 0));
  PetscCall(TSSetStepNumber(e->ts, 0));
  PetscCall(TSSetMaxTime(e->ts, e->dt));
  PetscCall(TSSolve(e->ts, u));
  PetscCall(TSGetConvergedReason(e->ts, &reason));
  PetscCall(TSGetKSPIterations(e->ts, &p->iterations));
  PetscCall(TSSetTimeStep(e->ts, step)); /* the next sample begins as this one did */
  if (reason < 0) PetscCall(Failed(p, "TS", TSConvergedReasons[reason], "-physics_dt, -ts_dt, -snes_max_it, -ksp_rtol or -pc_type"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGGridSolve - The solution of a steady equation, or the state after a time dt

  Collective
*/
PetscErrorCode HGGridSolve(HGPhysics p, Vec a, Vec u)
{
  HGGridEquation *e = (HGGridEquation *)p->data;

  PetscFunctionBegin;
  HGCheckOptions(!p->soft, p, "-physics_bc soft is for training; the equation %s is solved with -physics_bc scheme", e->def->name);
  PetscCall(HGGridSetUpSolver(p));
  PetscCall(HGPhysicsSetInput(p, p->sample, a));
  if (HGEquationIsSteady(e->def)) PetscCall(SolveSteady(p, e, u));
  else PetscCall(SolveStep(p, e, a, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- random inputs ---- */

static PetscErrorCode SetUpRandom(HGPhysics p, HGGridEquation *e)
{
  PetscFunctionBegin;
  if (e->random.root) PetscFunctionReturn(PETSC_SUCCESS);
  e->random.dim   = p->dim;
  e->random.modes = e->modes;
  e->random.alpha = e->alpha;
  e->random.tau   = e->tau;
  e->random.axis  = p->axis;
  PetscCall(HGRandomFieldSetUp(&e->random, p->dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The vorticity that belongs to a stream function: w = kappa s - Laplace(s) */
static PetscErrorCode SetVorticity(HGPhysics p, HGGridEquation *e, Vec a)
{
  const PetscScalar *rate;
  PetscScalar       *v;
  PetscInt           n;

  PetscFunctionBegin;
  PetscCall(HGGridRate(p, a, e->work));
  PetscCall(VecGetLocalSize(a, &n));
  PetscCall(VecGetArrayRead(e->work, &rate));
  PetscCall(VecGetArray(a, &v));
  for (PetscInt i = 0; i < n; i += 2) v[i] = -rate[i + 1];
  PetscCall(VecRestoreArray(a, &v));
  PetscCall(VecRestoreArrayRead(e->work, &rate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGGridSampleInput - Random fields for all unknowns; states keep the Dirichlet conditions

  Collective

  Note:
  Of an unknown without a time derivative, the last one, the others follow.
*/
PetscErrorCode HGGridSampleInput(HGPhysics p, uint64_t seed, PetscInt sample, Vec a)
{
  HGGridEquation *e      = (HGGridEquation *)p->data;
  const PetscInt  points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns;
  PetscScalar    *v;

  PetscFunctionBegin;
  PetscCall(SetUpRandom(p, e));
  PetscCall(VecGetArrayWrite(a, &v));
  for (PetscInt k = 0; k < dof; k++) {
    char            stream[64];
    const PetscBool follows = e->def->algebraic[dof - 1] && k < dof - 1 ? PETSC_TRUE : PETSC_FALSE;

    PetscCall(PetscSNPrintf(stream, sizeof(stream), "%s.field%" PetscInt_FMT ".%" PetscInt_FMT, e->def->name, k, sample));
    if (!follows) PetscCall(HGRandomFieldSample(&e->random, seed, stream, e->q));
    for (PetscInt i = 0; i < points; i++) v[i * dof + k] = follows ? 0 : e->sigma * e->q[i];
  }
  PetscCall(VecRestoreArrayWrite(a, &v));
  if (!HGEquationIsSteady(e->def)) PetscCall(HGPhysicsMaskInput(p, a));
  if (e->def->algebraic[dof - 1]) PetscCall(SetVorticity(p, e, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the operator of the preconditioned norm ---- */

/* The coefficients of value and Laplacian in F where the state is zero */
static void Coefficients(HGPhysics p, PetscReal *shift, PetscReal *diffusion)
{
  HGGridEquation *e     = (HGGridEquation *)p->data;
  double          zero  = 0, P[HG_EQUATION_TERMS], *at[HG_EQUATION_TERMS], *v[HG_MAX_UNKNOWNS][HG_VARIABLES];
  const PetscReal theta = HGEquationIsSteady(e->def) ? 1 : e->theta;

  for (int k = 0; k < HG_EQUATION_TERMS; k++) at[k] = &P[k];
  for (int k = 0; k < HG_MAX_UNKNOWNS; k++)
    for (int var = 0; var < HG_VARIABLES; var++) v[k][var] = &zero;
  (*e->def->point)(e->parameter, (int)p->dim, 1, v, NULL, at);
  *shift     = HGEquationIsSteady(e->def) ? 0 : 1 / e->dt;
  *diffusion = 0;
  for (int k = 0; k < e->def->nterms[p->dim - 1]; k++) {
    if (e->def->terms[p->dim - 1][k].variable == HG_VALUE) *shift += theta * PetscMax(0, -P[k]);
    if (e->def->terms[p->dim - 1][k].variable == HG_LAPLACIAN) *diffusion += theta * P[k];
  }
}

/*
  HGGridNormOperator - A symmetric positive definite matrix close to the Jacobian, for the preconditioned norm

  Collective
*/
PetscErrorCode HGGridNormOperator(HGPhysics p, Mat *A)
{
  HGGridEquation *e = (HGGridEquation *)p->data;
  PetscReal       shift, diffusion;

  PetscFunctionBegin;
  HGCheckOptions(p->unknowns == 1, p,
                 "-physics_norm preconditioned is for equations of one unknown; %s has %" PetscInt_FMT
                 ": use -physics_norm l2, or HGPhysicsSetNormPC()",
                 e->def->name, p->unknowns);
  Coefficients(p, &shift, &diffusion);
  PetscCall(HGPhysicsCreateDiffusion(p, shift, diffusion, A));
  PetscFunctionReturn(PETSC_SUCCESS);
}
