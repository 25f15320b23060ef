/* SPDX-License-Identifier: BSD-2-Clause */
/*
   An implicit step of the user's TS as a residual. The TS solves I(t, u, u_t) = G(t, u); without an I-function I is u_t. With H = I - G

       F(u) = theta H(t + dt, u, (u - u_n) / (theta dt)) + (1 - theta) H(t, u_n, 0),

   which is (u - u_n) / dt - theta G(t + dt, u) - (1 - theta) G(t, u_n) for I = u_t: the endpoint form of PETSc's TSTHETA. For theta < 1 it
   is a step of the equation only if I depends on u_t through a constant matrix.
*/
#include "physics/user/user_impl.h"
#include <petsc/private/tsimpl.h> /* the shift that a TS has added to a constant matrix, and its matrices before it is set up */

struct _n_HGUserTime {
  TS        ts;
  PetscReal theta, t, dt; /* t, dt: of the sample set last */
  Vec       un, rate;     /* u_n; (u - u_n) / (theta dt) */
  Vec       known;        /* (1 - theta) H(t, u_n, 0), not used for theta = 1 */
  Vec       work;
  Mat       Ji[2], Jg[2]; /* A and P, filled by the Jacobian functions of I and G */
  PetscInt *channel;      /* [dof] 0, 1, ..: the input's channels that hold u_n */
  PetscBool set, checked;
};

/* The user's functions, as the DM has them now */
typedef struct {
  PetscErrorCode (*ifun)(TS, PetscReal, Vec, Vec, Vec, void *);
  PetscErrorCode (*rfun)(TS, PetscReal, Vec, Vec, void *);
  PetscErrorCode (*ijac)(TS, PetscReal, Vec, Vec, PetscReal, Mat, Mat, void *);
  PetscErrorCode (*rjac)(TS, PetscReal, Vec, Mat, Mat, void *);
  void *ifunctx, *rfunctx, *ijacctx, *rjacctx;
} Functions;

static PetscErrorCode GetFunctions(TS ts, Functions *f)
{
  DM dm;

  PetscFunctionBegin;
  *f = (Functions){NULL};
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMTSGetIFunction(dm, &f->ifun, &f->ifunctx));
  PetscCall(DMTSGetRHSFunction(dm, &f->rfun, &f->rfunctx));
  PetscCall(DMTSGetIJacobian(dm, &f->ijac, &f->ijacctx));
  PetscCall(DMTSGetRHSJacobian(dm, &f->rjac, &f->rjacctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserTimeCreate(HGPhysics p, TS ts, HGUserTime *step)
{
  MPI_Comm comm                                                      = PetscObjectComm((PetscObject)p);
  PetscErrorCode (*i2fun)(TS, PetscReal, Vec, Vec, Vec, Vec, void *) = NULL;
  Functions f;
  DM        dm;

  PetscFunctionBegin;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(GetFunctions(ts, &f));
  PetscCall(DMTSGetI2Function(dm, &i2fun, NULL));
  HGCheck(!i2fun, comm,
          "the TS's equation is of second order in time; write it as two of first order with TSSetIFunction() or TSSetRHSFunction()");
  HGCheck(f.ifun || f.rfun, comm, "the TS has no function; set one with TSSetRHSFunction() or TSSetIFunction()");
  PetscCall(PetscNew(step));
  PetscCall(PetscObjectReference((PetscObject)ts));
  (*step)->ts    = ts;
  (*step)->theta = 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserTimeSetTheta(HGPhysics p, HGUserTime s, PetscReal theta)
{
  PetscFunctionBegin;
  HGCheckOptions(theta > 0 && theta <= 1, p, "-physics_theta %g: expected 0 < theta <= 1: 1 for backward Euler, 0.5 for Crank-Nicolson",
                 (double)theta);
  s->theta = theta;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserTimeSetFromOptions(HGPhysics p, HGUserTime s)
{
  PetscReal theta = s->theta;

  PetscFunctionBegin;
  PetscObjectOptionsBegin((PetscObject)p);
  PetscCall(HGOptionsReal(PetscOptionsObject, "-physics_theta", "of a time step: 1 backward Euler, 0.5 Crank-Nicolson", "HGPhysicsSetTheta",
                          HG_POSITIVE, 1, &theta, NULL));
  PetscOptionsEnd();
  PetscCall(HGUserTimeSetTheta(p, s, theta));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetStep(HGUserTime s)
{
  PetscFunctionBegin;
  PetscCall(TSGetTime(s->ts, &s->t));
  PetscCall(TSGetTimeStep(s->ts, &s->dt));
  HGCheck(s->dt > 0 && !PetscIsInfOrNanReal(s->dt), PetscObjectComm((PetscObject)s->ts),
          "the TS's time step is %g; set a positive one with TSSetTimeStep()", (double)s->dt);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the user's Jacobians ---- */

/* The matrices of a constant Jacobian */
static PetscErrorCode CopyMats(Mat A, Mat P, Mat own[2])
{
  PetscFunctionBegin;
  PetscCall(MatCopy(A, own[0], DIFFERENT_NONZERO_PATTERN));
  if (own[1] != own[0]) PetscCall(MatCopy(P, own[1], DIFFERENT_NONZERO_PATTERN));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* scale (J - shift) */
static PetscErrorCode ShiftMats(Mat own[2], PetscReal shift, PetscReal scale)
{
  PetscFunctionBegin;
  for (int i = 0; i < (own[0] == own[1] ? 1 : 2); i++) {
    if (shift != 0) PetscCall(MatShift(own[i], -shift));
    if (scale != 1) PetscCall(MatScale(own[i], scale));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Jg[] = dG/du. From a constant one TS may have made shift - G */
static PetscErrorCode FillRHS(HGUserTime s, const Functions *f, PetscReal t, Vec u)
{
  PetscFunctionBegin;
  if (f->rjac == TSComputeRHSJacobianConstant) {
    PetscCall(CopyMats(s->ts->Arhs, s->ts->Brhs, s->Jg));
    PetscCall(ShiftMats(s->Jg, s->ts->rhsjacobian.shift, s->ts->rhsjacobian.scale == -1 ? -1 : 1));
  } else PetscCall((*f->rjac)(s->ts, t, u, s->Jg[0], s->Jg[1], f->rjacctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ji[] = dI/du + shift dI/du_t; a constant one is a multiple of dI/du_t, for the shift that TS used last */
static PetscErrorCode FillI(HGUserTime s, const Functions *f, PetscReal t, Vec u, Vec v, PetscReal shift)
{
  SNES snes;
  Mat  A, P;

  PetscFunctionBegin;
  if (f->ijac == TSComputeIJacobianConstant) {
    PetscCall(TSGetSNES(s->ts, &snes));
    PetscCall(SNESGetJacobian(snes, &A, &P, NULL, NULL));
    PetscCall(CopyMats(A, P, s->Ji));
    PetscCall(ShiftMats(s->Ji, 0, shift / s->ts->ijacobian.shift));
  } else PetscCall((*f->ijac)(s->ts, t, u, v, shift, s->Ji[0], s->Ji[1], f->ijacctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Matrices for the functions that compute a Jacobian; the TS's own are not looked for by TSGetRHSJacobian(), which would make them */
static PetscErrorCode CreateMats(HGPhysics p, HGUserTime s, const Functions *f)
{
  SNES snes;
  Mat  A, P;

  PetscFunctionBegin;
  PetscCall(TSGetSNES(s->ts, &snes));
  PetscCall(SNESGetJacobian(snes, &A, &P, NULL, NULL));
  if (f->ijac && f->ijac != TSComputeIJacobianDefaultColor && !(f->ijac == TSComputeIJacobianConstant && !A) && !s->Ji[0])
    PetscCall(HGUserCreateMats(p, A, P, s->Ji));
  if (f->rjac && !(f->rjac == TSComputeRHSJacobianConstant && !s->ts->Arhs) && !s->Jg[0])
    PetscCall(HGUserCreateMats(p, s->ts->Arhs, s->ts->Brhs, s->Jg));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserTimeSetUp(HGPhysics p, HGUserTime s)
{
  Functions f;
  PetscInt  dof;

  PetscFunctionBegin;
  PetscCall(GetStep(s));
  PetscCall(DMCreateGlobalVector(p->dm, &s->un));
  PetscCall(VecDuplicate(s->un, &s->rate));
  PetscCall(VecDuplicate(s->un, &s->known));
  PetscCall(VecDuplicate(s->un, &s->work));
  PetscCall(DMDAGetDof(p->dm, &dof));
  PetscCall(PetscMalloc1(dof, &s->channel));
  for (PetscInt c = 0; c < dof; c++) s->channel[c] = c;
  PetscCall(GetFunctions(s->ts, &f));
  if (f.ifun == TSComputeIFunctionLinear || f.rfun == TSComputeRHSFunctionLinear) PetscCall(CreateMats(p, s, &f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGUserTimeFindJacobian - Whether each of the TS's functions has a Jacobian

  Collective

  Output Parameters:
+ has - by A, and by P
- why - one line's part on what is missing
*/
PetscErrorCode HGUserTimeFindJacobian(HGPhysics p, HGUserTime s, PetscBool has[2], char why[], size_t len)
{
  PetscBool one[2];
  Functions f;

  PetscFunctionBegin;
  has[0] = has[1] = PETSC_FALSE;
  PetscCall(GetFunctions(s->ts, &f));
  PetscCall(CreateMats(p, s, &f));
  if ((f.ifun && !s->Ji[0]) || (f.rfun && !s->Jg[0])) {
    PetscCall(
        PetscSNPrintf(why, len, "its %s has no function that computes a Jacobian", f.ifun && !s->Ji[0] ? "I-function" : "RHS function"));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  has[0] = has[1] = PETSC_TRUE;
  for (int k = 0; k < 2; k++) {
    if (!(k ? f.rfun != NULL : f.ifun != NULL)) continue;
    PetscCall(HGUserCheckMats(k ? s->Jg : s->Ji, one, why, len));
    for (int i = 0; i < 2; i++) has[i] = has[i] && one[i] ? PETSC_TRUE : PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* g = (dI/du + dI/du_t / (theta dt) - dG/du)' w. The sum of two Jacobians would change the matrix of the first: each has its own */
static PetscErrorCode AdjointOfStage(HGPhysics p, HGUserTime s, int which, Vec u, Vec w, Vec g)
{
  const PetscReal shift = 1 / (s->theta * s->dt);
  Functions       f;

  PetscFunctionBegin;
  PetscCall(GetFunctions(s->ts, &f));
  if (f.ifun) {
    PetscCall(PetscLogEventBegin(HG_PHYSICS_Jacobian, p, u, s->Ji[0], 0));
    PetscCall(FillI(s, &f, s->t + s->dt, u, s->rate, shift));
    PetscCall(PetscLogEventEnd(HG_PHYSICS_Jacobian, p, u, s->Ji[0], 0));
    PetscCall(HGUserMultTranspose(p, "TS", s->Ji[which], w, g));
  } else {
    PetscCall(VecCopy(w, g));
    PetscCall(VecScale(g, shift));
  }
  if (!f.rfun) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscLogEventBegin(HG_PHYSICS_Jacobian, p, u, s->Jg[0], 0));
  PetscCall(FillRHS(s, &f, s->t + s->dt, u));
  PetscCall(PetscLogEventEnd(HG_PHYSICS_Jacobian, p, u, s->Jg[0], 0));
  PetscCall(HGUserMultTranspose(p, "TS", s->Jg[which], w, s->work));
  PetscCall(VecAXPY(g, -1, s->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the user's functions ---- */

/* f = I(t, u, v), which is v without an I-function. TSComputeIFunctionLinear() is dI/du_t times v, in matrices of ours */
static PetscErrorCode IFunction(HGUserTime s, const Functions *f, PetscReal t, Vec u, Vec v, Vec y)
{
  PetscFunctionBegin;
  if (!f->ifun) PetscCall(VecCopy(v, y));
  else if (f->ifun == TSComputeIFunctionLinear && s->Ji[0]) {
    PetscCall(FillI(s, f, t, u, v, 1));
    PetscCall(MatMult(s->Ji[0], v, y));
  } else PetscCall((*f->ifun)(s->ts, t, u, v, y, f->ifunctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y = G(t, u). TSComputeRHSFunctionLinear() is dG/du times u */
static PetscErrorCode RHSFunction(HGUserTime s, const Functions *f, PetscReal t, Vec u, Vec y)
{
  PetscFunctionBegin;
  if (f->rfun == TSComputeRHSFunctionLinear && s->Jg[0]) {
    PetscCall(FillRHS(s, f, t, u));
    PetscCall(MatMult(s->Jg[0], u, y));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(VecLockReadPush(u));
  PetscCall((*f->rfun)(s->ts, t, u, y, f->rfunctx));
  PetscCall(VecLockReadPop(u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y = H(t, u, v) = I - G: what TSComputeIFunction() computes, without its counting */
static PetscErrorCode StageFunction(HGUserTime s, PetscReal t, Vec u, Vec v, Vec y)
{
  Functions f;

  PetscFunctionBegin;
  PetscCall(GetFunctions(s->ts, &f));
  PetscCall(IFunction(s, &f, t, u, v, y));
  if (!f.rfun) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(RHSFunction(s, &f, t, u, s->work));
  PetscCall(VecAXPY(y, -1, s->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* d = I(t, u, c v) - I(t, u, 0): c M v, if I depends on u_t through a matrix M */
static PetscErrorCode MassTimes(HGUserTime s, const Functions *f, PetscReal t, Vec u, PetscReal c, Vec v, Vec d)
{
  Vec x;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(u, &x));
  PetscCall(VecZeroEntries(x));
  PetscCall(IFunction(s, f, t, u, x, d));
  PetscCall(VecAXPY(x, c, v));
  PetscCall(VecScale(d, -1));
  PetscCall(IFunction(s, f, t, u, x, s->work));
  PetscCall(VecAXPY(d, 1, s->work));
  PetscCall(VecDestroy(&x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* At the first sample: a step must depend on u_t, and for theta < 1 through a constant matrix: M 2 v = 2 M v at another state and time */
static PetscErrorCode CheckMass(HGPhysics p, HGUserTime s, const Functions *f)
{
  MPI_Comm  comm = PetscObjectComm((PetscObject)s->ts);
  Vec       u, v, d, e;
  PetscReal size, norm, other;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(s->un, &u));
  PetscCall(VecDuplicate(s->un, &v));
  PetscCall(VecDuplicate(s->un, &d));
  PetscCall(VecDuplicate(s->un, &e));
  PetscCall(VecZeroEntries(v));
  PetscCall(IFunction(s, f, s->t, s->un, v, d));
  PetscCall(VecNorm(d, NORM_INFINITY, &size));
  PetscCall(VecSet(v, 1 + size)); /* so that the difference keeps its digits */
  PetscCall(MassTimes(s, f, s->t, s->un, 1, v, d));
  PetscCall(VecNorm(d, NORM_2, &norm));
  HGCheck(norm != 0, comm,
          "the TS's I-function does not depend on u_t, and so has no time step; take its residual with HGPhysicsSetSNES()");
  PetscCall(VecNorm(s->un, NORM_INFINITY, &size));
  PetscCall(VecCopy(s->un, u));
  PetscCall(VecShift(u, 1e-2 * (size > 0 ? size : 1)));
  PetscCall(MassTimes(s, f, s->t + s->dt, u, 2, v, e));
  PetscCall(VecAXPY(e, -2, d));
  PetscCall(VecNorm(e, NORM_2, &other));
  HGCheckOptions(
      !(other > 1e-6 * norm) || s->theta == 1, p,
      "the TS's I-function depends on u_t through a matrix that is not constant (it changes by %.1e), which -physics_theta %g needs; "
      "use -physics_theta 1, or divide by the matrix",
      (double)(other / (2 * norm)), (double)s->theta);
  PetscCall(VecDestroy(&u));
  PetscCall(VecDestroy(&v));
  PetscCall(VecDestroy(&d));
  PetscCall(VecDestroy(&e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first channels of the input are u_n */
static PetscErrorCode TakeState(HGPhysics p, HGUserTime s, Vec a)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)p);
  PetscInt dof, bs;

  PetscFunctionBegin;
  HGCheck(a, comm, "a time step needs the state before it as input field, and there is no input");
  PetscCall(DMDAGetDof(p->dm, &dof));
  PetscCall(VecGetBlockSize(a, &bs));
  HGCheck(bs >= dof, comm, "the input field has %" PetscInt_FMT " channels; its first %" PetscInt_FMT " are the state before the time step",
          bs, dof);
  if (bs == dof) PetscCall(VecCopy(a, s->un));
  else PetscCall(VecStrideSubSetGather(a, dof, s->channel, s->channel, s->un, INSERT_VALUES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* After the user's function has taken the input: it may change time, step and coefficients */
PetscErrorCode HGUserTimeSetInput(HGPhysics p, HGUserTime s, Vec a)
{
  Functions f;

  PetscFunctionBegin;
  PetscCall(GetStep(s));
  PetscCall(TakeState(p, s, a));
  s->set = PETSC_TRUE;
  PetscCall(GetFunctions(s->ts, &f));
  if (f.ifun && p->test && !s->checked) PetscCall(CheckMass(p, s, &f));
  s->checked = PETSC_TRUE;
  if (s->theta == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecZeroEntries(s->rate));
  PetscCall(StageFunction(s, s->t, s->un, s->rate, s->known));
  PetscCall(VecScale(s->known, 1 - s->theta));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetRate(HGUserTime s, Vec u)
{
  PetscFunctionBegin;
  PetscCheck(s->set, PetscObjectComm((PetscObject)s->ts), PETSC_ERR_ORDER, "HGPhysicsSetInput() comes before the residual of a time step");
  PetscCall(VecWAXPY(s->rate, -1, s->un, u));
  PetscCall(VecScale(s->rate, 1 / (s->theta * s->dt)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserTimeResidual(HGUserTime s, Vec u, Vec f)
{
  PetscFunctionBegin;
  PetscCall(SetRate(s, u));
  PetscCall(StageFunction(s, s->t + s->dt, u, s->rate, f));
  if (s->theta == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecScale(f, s->theta));
  PetscCall(VecAXPY(f, 1, s->known));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserTimeAdjoint(HGPhysics p, HGUserTime s, int which, Vec u, Vec w, Vec g)
{
  PetscFunctionBegin;
  PetscCall(SetRate(s, u));
  PetscCall(AdjointOfStage(p, s, which, u, w, g));
  if (s->theta != 1) PetscCall(VecScale(g, s->theta));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserTimeView(HGUserTime s, PetscViewer viewer)
{
  const char *name = s->theta == 1 ? " (backward Euler)" : s->theta == 0.5 ? " (Crank-Nicolson)" : "";
  Functions   f;

  PetscFunctionBegin;
  PetscCall(GetFunctions(s->ts, &f));
  PetscCall(PetscViewerASCIIPrintf(viewer, "time step of a TS: theta %g%s, dt %g, %s%s%s\n", (double)s->theta, name, (double)s->dt,
                                   f.ifun ? "I-function" : "", f.ifun && f.rfun ? " and " : "", f.rfun ? "RHS function" : ""));
  if (s->theta != 1)
    PetscCall(PetscViewerASCIIPrintf(viewer, "each sample costs 1 evaluation of the TS's functions more, at the state before the step\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserTimeDestroy(HGUserTime *step)
{
  HGUserTime s = *step;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecDestroy(&s->un));
  PetscCall(VecDestroy(&s->rate));
  PetscCall(VecDestroy(&s->known));
  PetscCall(VecDestroy(&s->work));
  PetscCall(HGUserDestroyMats(s->Ji));
  PetscCall(HGUserDestroyMats(s->Jg));
  PetscCall(PetscFree(s->channel));
  PetscCall(TSDestroy(&s->ts));
  PetscCall(PetscFree(*step));
  PetscFunctionReturn(PETSC_SUCCESS);
}
