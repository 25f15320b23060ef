/* SPDX-License-Identifier: BSD-2-Clause */
/*
   An implicit step of the user's TS as a residual. The TS solves I(t, u, u_t) = G(t, u); without an I-function I is u_t. With H = I - G

       F(u) = theta H(t + dt, u, (u - u_n) / (theta dt)) + (1 - theta) H(t, u_n, 0),

   which is (u - u_n) / dt - theta G(t + dt, u) - (1 - theta) G(t, u_n) for I = u_t: the endpoint form of PETSc's TSTHETA. For theta < 1 it
   is a step of the equation only if I depends on u_t through a constant matrix.
*/
#include "physics/user_impl.h"

struct _n_HGUserTime {
  TS        ts;
  PetscReal theta, t, dt; /* t, dt: of the sample set last */
  Vec       un, rate;     /* u_n; (u - u_n) / (theta dt) */
  Vec       known;        /* (1 - theta) H(t, u_n, 0), not used for theta = 1 */
  Vec       work;
  Mat       R;       /* dG/du, if both functions have Jacobians */
  PetscInt *channel; /* [dof] 0, 1, ..: the input's channels that hold u_n */
  PetscBool ifunction, ijacobian, rhsfunction, rhsjacobian, set, checked;
};

PetscErrorCode HGUserTimeCreate(HGPhysics p, TS ts, HGUserTime *step)
{
  MPI_Comm comm                                                                = PetscObjectComm((PetscObject)p);
  PetscErrorCode (*ifun)(TS, PetscReal, Vec, Vec, Vec, void *)                 = NULL;
  PetscErrorCode (*i2fun)(TS, PetscReal, Vec, Vec, Vec, Vec, void *)           = NULL;
  PetscErrorCode (*rfun)(TS, PetscReal, Vec, Vec, void *)                      = NULL;
  PetscErrorCode (*ijac)(TS, PetscReal, Vec, Vec, PetscReal, Mat, Mat, void *) = NULL;
  PetscErrorCode (*rjac)(TS, PetscReal, Vec, Mat, Mat, void *)                 = NULL;
  DM dm;

  PetscFunctionBegin;
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(DMTSGetIFunction(dm, &ifun, NULL));
  PetscCall(DMTSGetI2Function(dm, &i2fun, NULL));
  PetscCall(DMTSGetRHSFunction(dm, &rfun, NULL));
  PetscCall(DMTSGetIJacobian(dm, &ijac, NULL));
  PetscCall(DMTSGetRHSJacobian(dm, &rjac, NULL));
  HGCheck(!i2fun, comm,
          "the TS's equation is of second order in time; write it as two of first order with TSSetIFunction() or TSSetRHSFunction()");
  HGCheck(ifun || rfun, comm, "the TS has no function; set one with TSSetRHSFunction() or TSSetIFunction()");
  PetscCall(PetscNew(step));
  PetscCall(PetscObjectReference((PetscObject)ts));
  (*step)->ts          = ts;
  (*step)->theta       = 1;
  (*step)->ifunction   = ifun ? PETSC_TRUE : PETSC_FALSE;
  (*step)->ijacobian   = ijac ? PETSC_TRUE : PETSC_FALSE;
  (*step)->rhsfunction = rfun ? PETSC_TRUE : PETSC_FALSE;
  (*step)->rhsjacobian = rjac ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserTimeSetTheta(HGUserTime s, PetscReal theta)
{
  PetscFunctionBegin;
  HGCheck(theta > 0 && theta <= 1, PetscObjectComm((PetscObject)s->ts),
          "-physics_theta %g: expected 0 < theta <= 1: 1 for backward Euler, 0.5 for Crank-Nicolson", (double)theta);
  s->theta = theta;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserTimeSetFromOptions(HGPhysics p, HGUserTime s)
{
  PetscReal theta = s->theta;

  PetscFunctionBegin;
  PetscObjectOptionsBegin((PetscObject)p);
  PetscCall(HGOptionsReal("-physics_theta", "of a time step: 1 backward Euler, 0.5 Crank-Nicolson", "HGPhysicsSetTheta", HG_POSITIVE, 1,
                          &theta, NULL));
  PetscOptionsEnd();
  PetscCall(HGUserTimeSetTheta(s, theta));
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

PetscErrorCode HGUserTimeSetUp(HGPhysics p, HGUserTime s)
{
  PetscInt dof;

  PetscFunctionBegin;
  PetscCall(GetStep(s));
  PetscCall(DMCreateGlobalVector(p->dm, &s->un));
  PetscCall(VecDuplicate(s->un, &s->rate));
  PetscCall(VecDuplicate(s->un, &s->known));
  PetscCall(VecDuplicate(s->un, &s->work));
  PetscCall(DMDAGetDof(p->dm, &dof));
  PetscCall(PetscMalloc1(dof, &s->channel));
  for (PetscInt c = 0; c < dof; c++) s->channel[c] = c;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* g = J' w of I - G, or of I alone. TS keeps a Jacobian of the same time and u, of a linear problem of the same time: but the sample may have
   changed the coefficients */
static PetscErrorCode AdjointOfTS(HGPhysics p, HGUserTime s, PetscBool imex, Vec u, Vec w, Vec g)
{
  Mat           A, B;
  TSProblemType type;

  PetscFunctionBegin;
  PetscCall(TSGetIJacobian(s->ts, &A, &B, NULL, NULL));
  PetscCall(TSGetProblemType(s->ts, &type));
  if (type == TS_LINEAR) PetscCall(TSSetProblemType(s->ts, TS_NONLINEAR));
  PetscCall(PetscObjectStateIncrease((PetscObject)u));
  PetscCall(TSComputeIJacobian(s->ts, s->t + s->dt, u, s->rate, 1 / (s->theta * s->dt), A, B, imex));
  if (type == TS_LINEAR) PetscCall(TSSetProblemType(s->ts, type));
  PetscCall(HGUserMultTranspose(p, "TS", A, w, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* g = (dI/du + dI/du_t / (theta dt) - dG/du)' w. The sum of two Jacobians would change the matrix of the first: each has its own */
static PetscErrorCode AdjointOfStage(HGPhysics p, HGUserTime s, Vec u, Vec w, Vec g)
{
  const PetscBool both = s->ifunction && s->rhsfunction ? PETSC_TRUE : PETSC_FALSE;
  PetscErrorCode (*f)(TS, PetscReal, Vec, Mat, Mat, void *);
  void *ctx;

  PetscFunctionBegin;
  PetscCall(AdjointOfTS(p, s, both, u, w, g));
  if (!both) PetscFunctionReturn(PETSC_SUCCESS);
  if (!s->R) PetscCall(DMCreateMatrix(p->dm, &s->R));
  PetscCall(TSGetRHSJacobian(s->ts, NULL, NULL, &f, &ctx));
  PetscCall((*f)(s->ts, s->t + s->dt, u, s->R, s->R, ctx));
  PetscCall(HGUserMultTranspose(p, "TS", s->R, w, s->work));
  PetscCall(VecAXPY(g, -1, s->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* DMDATSSetIFunctionLocal() and DMDATSSetRHSFunctionLocal() may install a Jacobian that only says there is none: it is known by its failure */
static PetscErrorCode TryJacobian(HGPhysics p, HGUserTime s, PetscBool *works)
{
  Vec            g;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(s->un, &g));
  PetscCall(VecSet(s->un, 0));
  PetscCall(VecSet(s->rate, 0));
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  e = AdjointOfStage(p, s, s->un, s->rate, g);
  PetscCall(PetscPopErrorHandler());
  PetscCall(VecDestroy(&g));
  *works = e ? PETSC_FALSE : PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of both functions, or of the one there is; of both the RHS's cannot be a constant matrix, which TS does not give */
PetscErrorCode HGUserTimeHasJacobian(HGPhysics p, HGUserTime s, PetscBool *has)
{
  PetscErrorCode (*f)(TS, PetscReal, Vec, Mat, Mat, void *) = NULL;

  PetscFunctionBegin;
  PetscCall(TSGetRHSJacobian(s->ts, NULL, NULL, &f, NULL));
  *has = (!s->ifunction || s->ijacobian) && (!s->rhsfunction || s->rhsjacobian) && !(s->ifunction && f == TSComputeRHSJacobianConstant)
             ? PETSC_TRUE
             : PETSC_FALSE;
  if (*has) PetscCall(TryJacobian(p, s, has));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* d = I(t, u, c v) - I(t, u, 0): c M v, if I depends on u_t through a matrix M */
static PetscErrorCode MassTimes(HGUserTime s, PetscReal t, Vec u, PetscReal c, Vec v, Vec d)
{
  Vec x;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(u, &x));
  PetscCall(VecZeroEntries(x));
  PetscCall(TSComputeIFunction(s->ts, t, u, x, d, PETSC_TRUE));
  PetscCall(VecAXPY(x, c, v));
  PetscCall(VecScale(d, -1));
  PetscCall(TSComputeIFunction(s->ts, t, u, x, s->work, PETSC_TRUE));
  PetscCall(VecAXPY(d, 1, s->work));
  PetscCall(VecDestroy(&x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* At the first sample: a step must depend on u_t, and for theta < 1 through a constant matrix: M 2 v = 2 M v at another state and time */
static PetscErrorCode CheckMass(HGUserTime s)
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
  PetscCall(TSComputeIFunction(s->ts, s->t, s->un, v, d, PETSC_TRUE));
  PetscCall(VecNorm(d, NORM_INFINITY, &size));
  PetscCall(VecSet(v, 1 + size)); /* so that the difference keeps its digits */
  PetscCall(MassTimes(s, s->t, s->un, 1, v, d));
  PetscCall(VecNorm(d, NORM_2, &norm));
  HGCheck(norm != 0, comm,
          "the TS's I-function does not depend on u_t, and so has no time step; take its residual with HGPhysicsSetSNES()");
  PetscCall(VecNorm(s->un, NORM_INFINITY, &size));
  PetscCall(VecCopy(s->un, u));
  PetscCall(VecShift(u, 1e-2 * (size > 0 ? size : 1)));
  PetscCall(MassTimes(s, s->t + s->dt, u, 2, v, e));
  PetscCall(VecAXPY(e, -2, d));
  PetscCall(VecNorm(e, NORM_2, &other));
  HGCheck(!(other > 1e-6 * norm) || s->theta == 1, comm,
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
  PetscFunctionBegin;
  PetscCall(GetStep(s));
  PetscCall(TakeState(p, s, a));
  s->set = PETSC_TRUE;
  if (s->ifunction && p->test && !s->checked) PetscCall(CheckMass(s));
  s->checked = PETSC_TRUE;
  if (s->theta == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecZeroEntries(s->rate));
  PetscCall(TSComputeIFunction(s->ts, s->t, s->un, s->rate, s->known, PETSC_FALSE));
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
  PetscCall(TSComputeIFunction(s->ts, s->t + s->dt, u, s->rate, f, PETSC_FALSE));
  if (s->theta == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecScale(f, s->theta));
  PetscCall(VecAXPY(f, 1, s->known));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserTimeAdjoint(HGPhysics p, HGUserTime s, Vec u, Vec w, Vec g)
{
  PetscFunctionBegin;
  PetscCall(SetRate(s, u));
  PetscCall(AdjointOfStage(p, s, u, w, g));
  if (s->theta != 1) PetscCall(VecScale(g, s->theta));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserTimeView(HGUserTime s, PetscViewer viewer)
{
  const char *name = s->theta == 1 ? " (backward Euler)" : s->theta == 0.5 ? " (Crank-Nicolson)" : "";

  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPrintf(viewer, "time step of a TS: theta %g%s, dt %g, %s%s%s\n", (double)s->theta, name, (double)s->dt,
                                   s->ifunction ? "I-function" : "", s->ifunction && s->rhsfunction ? " and " : "",
                                   s->rhsfunction ? "RHS function" : ""));
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
  PetscCall(MatDestroy(&s->R));
  PetscCall(PetscFree(s->channel));
  PetscCall(TSDestroy(&s->ts));
  PetscCall(PetscFree(*step));
  PetscFunctionReturn(PETSC_SUCCESS);
}
