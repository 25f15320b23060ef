/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Steps of a TS as residuals: the gradient by Taylor's theorem and as on one rank, with an RHS function, an I-function with a mass matrix,
   and both, theta 1 and 0.5, by the TS's Jacobians, coloured differences and the user's transposed product. A step of TSBEULER and TSCN
   makes the residual zero. Then what is refused.
*/
#include "../data/bad_input.h"
#include "physics/hgphysics.h"

#define SAMPLES 2

typedef enum {
  RHS,    /* u_t = G */
  IFUN,   /* m u_t - G = 0 */
  BOTH,   /* m u_t - D u = S */
  LINEAR, /* u_t = D u, a constant matrix */
  KINDS
} Kind;

typedef enum { COLORED, JACOBIAN, TRANSPOSE, MODES } Mode;

/* G(t, u) = D u + S(t, u): D diffuses and moves to the right, S = a sin(t + x) - u^3, zeros beyond the boundary */
typedef struct {
  DM        da;
  Vec       a;
  Mat       D;
  PetscBool moving_mass, no_rate, fails;
  Kind      kind;
  PetscReal theta, t, dt; /* of the step, for the transposed product */
} Problem;

static PetscReal Mass(const Problem *q, PetscInt i, PetscReal t, PetscReal u)
{
  return 1 + 0.1 * (PetscReal)i + (q->moving_mass ? 0.1 * t + u * u : 0);
}

/* value[k] of the row of D; column[k] may lie beyond the boundary */
static void RowOfD(PetscInt i, PetscInt j, MatStencil column[5], PetscScalar value[5])
{
  static const int         step[5][2] = {{0, 0}, {-1, 0}, {1, 0}, {0, -1}, {0, 1}};
  static const PetscScalar v[5]       = {-12, 5, 1, 3, 3};

  for (int k = 0; k < 5; k++) {
    column[k] = (MatStencil){.i = i + step[k][0], .j = j + step[k][1]};
    value[k]  = v[k];
  }
}

/* The matrix diagonal + scale D into B; the diagonal is from a Vec, or zero */
static PetscErrorCode FillMatrix(Problem *q, Vec diagonal, PetscReal scale, Mat B)
{
  DMDALocalInfo info;

  PetscFunctionBegin;
  PetscCall(DMDAGetLocalInfo(q->da, &info));
  PetscCall(MatZeroEntries(B));
  for (PetscInt j = info.ys; j < info.ys + info.ym; j++)
    for (PetscInt i = info.xs; i < info.xs + info.xm; i++) {
      const MatStencil row = {.i = i, .j = j};
      MatStencil       column[5];
      PetscScalar      value[5];

      RowOfD(i, j, column, value);
      for (int k = 0; k < 5; k++) {
        value[k] *= scale;
        if (column[k].i >= 0 && column[k].i < info.mx && column[k].j >= 0 && column[k].j < info.my)
          PetscCall(MatSetValuesStencil(B, 1, &row, 1, &column[k], &value[k], INSERT_VALUES));
      }
    }
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  if (diagonal) PetscCall(MatDiagonalSet(B, diagonal, ADD_VALUES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* For each point: S(t, u), dS/du, the mass, by what is asked for */
typedef enum { SOURCE, DSOURCE, MASS } Quantity;

static PetscErrorCode Pointwise(Problem *q, Quantity what, PetscReal t, Vec u, Vec out)
{
  DMDALocalInfo info;
  PetscScalar **x, **a, **f;

  PetscFunctionBegin;
  PetscCall(DMDAGetLocalInfo(q->da, &info));
  PetscCall(DMDAVecGetArrayRead(q->da, u, &x));
  PetscCall(DMDAVecGetArrayRead(q->da, q->a, &a));
  PetscCall(DMDAVecGetArrayWrite(q->da, out, &f));
  for (PetscInt j = info.ys; j < info.ys + info.ym; j++)
    for (PetscInt i = info.xs; i < info.xs + info.xm; i++)
      f[j][i] = what == SOURCE    ? a[j][i] * PetscSinReal(t + 0.3 * (PetscReal)i) - x[j][i] * x[j][i] * x[j][i]
                : what == DSOURCE ? -3 * x[j][i] * x[j][i]
                                  : Mass(q, i, t, x[j][i]);
  PetscCall(DMDAVecRestoreArrayWrite(q->da, out, &f));
  PetscCall(DMDAVecRestoreArrayRead(q->da, q->a, &a));
  PetscCall(DMDAVecRestoreArrayRead(q->da, u, &x));
  if (q->fails) PetscCall(VecSet(out, NAN));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* RHS: D u + S; BOTH: S */
static PetscErrorCode RHSFunction(TS ts, PetscReal t, Vec u, Vec f, void *ctx)
{
  Problem *q = (Problem *)ctx;

  PetscFunctionBegin;
  (void)ts;
  PetscCall(Pointwise(q, SOURCE, t, u, f));
  if (q->kind == RHS) PetscCall(MatMultAdd(q->D, u, f, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RHSJacobian(TS ts, PetscReal t, Vec u, Mat A, Mat B, void *ctx)
{
  Problem *q = (Problem *)ctx;
  Vec      d;

  PetscFunctionBegin;
  (void)ts;
  PetscCall(VecDuplicate(u, &d));
  PetscCall(Pointwise(q, DSOURCE, t, u, d));
  PetscCall(FillMatrix(q, d, q->kind == RHS ? 1 : 0, B));
  PetscCall(VecDestroy(&d));
  PetscCheck(A == B, PETSC_COMM_SELF, PETSC_ERR_PLIB, "two matrices");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* IFUN: m u_t - D u - S; BOTH: m u_t - D u */
static PetscErrorCode IFunction(TS ts, PetscReal t, Vec u, Vec ut, Vec f, void *ctx)
{
  Problem *q = (Problem *)ctx;
  Vec      g;

  PetscFunctionBegin;
  (void)ts;
  PetscCall(Pointwise(q, MASS, t, u, f));
  if (q->no_rate) PetscCall(VecCopy(u, f));
  else PetscCall(VecPointwiseMult(f, f, ut));
  PetscCall(VecDuplicate(u, &g));
  PetscCall(MatMult(q->D, u, g));
  PetscCall(VecAXPY(f, -1, g));
  if (q->kind == IFUN) {
    PetscCall(Pointwise(q, SOURCE, t, u, g));
    PetscCall(VecAXPY(f, -1, g));
  }
  PetscCall(VecDestroy(&g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* shift m - dS/du on the diagonal; the moving mass is used with differences only */
static PetscErrorCode IJacobian(TS ts, PetscReal t, Vec u, Vec ut, PetscReal shift, Mat A, Mat B, void *ctx)
{
  Problem *q = (Problem *)ctx;
  Vec      m, d;

  PetscFunctionBegin;
  (void)ts;
  (void)ut;
  (void)A;
  PetscCall(VecDuplicate(u, &m));
  PetscCall(VecDuplicate(u, &d));
  PetscCall(Pointwise(q, MASS, t, u, m));
  PetscCall(VecScale(m, shift));
  PetscCall(Pointwise(q, DSOURCE, t, u, d));
  if (q->kind == IFUN) PetscCall(VecAXPY(m, -1, d));
  PetscCall(FillMatrix(q, m, -1, B));
  PetscCall(VecDestroy(&m));
  PetscCall(VecDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* (m / dt - theta (D + dS/du))' w */
static PetscErrorCode Transpose(HGPhysics p, Vec u, Vec w, Vec g, void *ctx)
{
  Problem *q = (Problem *)ctx;
  Vec      d;

  PetscFunctionBegin;
  (void)p;
  PetscCall(VecDuplicate(u, &d));
  PetscCall(MatMultTranspose(q->D, w, g));
  if (q->kind != LINEAR) {
    PetscCall(Pointwise(q, DSOURCE, q->t + q->dt, u, d));
    PetscCall(VecPointwiseMult(d, d, w));
    PetscCall(VecAXPY(g, 1, d));
  }
  if (q->kind == IFUN || q->kind == BOTH) {
    PetscCall(Pointwise(q, MASS, q->t + q->dt, u, d));
    PetscCall(VecPointwiseMult(d, d, w));
  } else PetscCall(VecCopy(w, d));
  PetscCall(VecAXPBY(g, 1 / q->dt, -q->theta, d));
  PetscCall(VecDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Input channels: u_n, a */
static PetscErrorCode TakeInput(HGPhysics p, PetscInt sample, Vec a, void *ctx)
{
  Problem *q = (Problem *)ctx;

  PetscFunctionBegin;
  (void)p;
  if (a) PetscCall(VecStrideGather(a, 1, q->a, INSERT_VALUES));
  q->fails = sample == 77 ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  HGPartition part, in;
  HGTensor    x, y, dy, d;
  Problem     q;
  TS          ts;
  HGPhysics   p;
} Case;

static PetscErrorCode CreateFields(MPI_Comm comm, Case *c)
{
  static const PetscInt size[HG_AXES] = {SAMPLES, 1, 1, 8, 9};
  DM                    dm;
  HGTensor             *t[4]    = {&c->x, &c->y, &c->dy, &c->d};
  const char           *name[4] = {"u_n, a", "u", "gradient", "direction"};

  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(comm, &c->part));
  PetscCall(HGPartitionSetSizes(c->part, 2, size));
  PetscCall(HGPartitionSetUp(c->part));
  PetscCall(HGPartitionCreateLike(c->part, SAMPLES, 2, &c->in));
  for (int i = 0; i < 4; i++) {
    PetscCall(HGTensorCreate(i ? c->part : c->in, HG_F64, t[i]));
    PetscCall(HGTensorSetUp(*t[i]));
    PetscCall(HGTensorSetRandom(*t[i], 1, name[i], PETSC_FALSE));
  }
  PetscCall(HGPartitionGetDM(c->part, &dm));
  PetscCall(DMDACreateCompatibleDMDA(dm, 1, &c->q.da));
  PetscCall(DMCreateGlobalVector(c->q.da, &c->q.a));
  PetscCall(VecSet(c->q.a, 1));
  PetscCall(DMCreateMatrix(c->q.da, &c->q.D));
  PetscCall(FillMatrix(&c->q, NULL, 1, c->q.D));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateTS(MPI_Comm comm, Mode mode, Case *c)
{
  Problem        *q = &c->q;
  Mat             A;
  const PetscBool jacobian = mode == JACOBIAN ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(TSCreate(comm, &c->ts));
  PetscCall(TSSetDM(c->ts, q->da));
  PetscCall(TSSetTime(c->ts, q->t));
  PetscCall(TSSetTimeStep(c->ts, q->dt));
  if (q->kind == RHS || q->kind == BOTH) PetscCall(TSSetRHSFunction(c->ts, NULL, RHSFunction, q));
  if (q->kind == IFUN || q->kind == BOTH) PetscCall(TSSetIFunction(c->ts, NULL, IFunction, q));
  if (jacobian && (q->kind == IFUN || q->kind == BOTH)) PetscCall(TSSetIJacobian(c->ts, NULL, NULL, IJacobian, q));
  PetscCall(DMCreateMatrix(q->da, &A));
  if (jacobian && (q->kind == RHS || q->kind == BOTH)) PetscCall(TSSetRHSJacobian(c->ts, A, A, RHSJacobian, q));
  if (q->kind == LINEAR) {
    PetscCall(MatCopy(q->D, A, SAME_NONZERO_PATTERN));
    PetscCall(TSSetProblemType(c->ts, TS_LINEAR));
    PetscCall(TSSetRHSFunction(c->ts, NULL, TSComputeRHSFunctionLinear, q));
    PetscCall(TSSetRHSJacobian(c->ts, A, A, TSComputeRHSJacobianConstant, q));
  }
  PetscCall(MatDestroy(&A));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The linear problem has no a: its input may have one channel or two */
static PetscErrorCode CreateCase(MPI_Comm comm, Kind kind, Mode mode, PetscReal theta, Case *c)
{
  PetscFunctionBegin;
  PetscCall(PetscMemzero(c, sizeof(*c)));
  c->q.kind  = kind;
  c->q.theta = theta;
  c->q.t     = 0.4;
  c->q.dt    = 0.07;
  PetscCall(CreateFields(comm, c));
  PetscCall(CreateTS(comm, mode, c));
  PetscCall(HGPhysicsCreate(comm, &c->p));
  PetscCall(HGPhysicsSetTS(c->p, c->ts));
  PetscCall(HGPhysicsSetTheta(c->p, theta));
  if (kind != LINEAR) PetscCall(HGPhysicsSetInputFunction(c->p, TakeInput, &c->q));
  if (mode == TRANSPOSE) PetscCall(HGPhysicsSetJacobianTranspose(c->p, Transpose, &c->q));
  PetscCall(HGPhysicsSetUp(c->p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyCase(Case *c)
{
  PetscFunctionBegin;
  PetscCall(HGPhysicsDestroy(&c->p));
  PetscCall(TSDestroy(&c->ts));
  PetscCall(MatDestroy(&c->q.D));
  PetscCall(VecDestroy(&c->q.a));
  PetscCall(DMDestroy(&c->q.da));
  PetscCall(HGTensorDestroy(&c->x));
  PetscCall(HGTensorDestroy(&c->y));
  PetscCall(HGTensorDestroy(&c->dy));
  PetscCall(HGTensorDestroy(&c->d));
  PetscCall(HGPartitionDestroy(&c->in));
  PetscCall(HGPartitionDestroy(&c->part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Near(const char what[], const Case *c, Mode mode, PetscReal a, PetscReal b, PetscReal limit)
{
  PetscFunctionBegin;
  PetscCheck(PetscAbsReal(a - b) <= limit * PetscMax(PetscAbsReal(a), PetscAbsReal(b)), PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "%s, kind %d, mode %d, theta %g: %.17g and %.17g", what, (int)c->q.kind, (int)mode, (double)c->q.theta, (double)a, (double)b);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Measure(Case *c, PetscReal *value, PetscReal *slope)
{
  PetscFunctionBegin;
  PetscCall(HGPhysicsEvaluate(c->p, SAMPLES, NULL, c->x, c->y, c->dy, value));
  PetscCall(HGTensorDot(c->dy, c->d, PETSC_FALSE, slope));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* |f(u + h d) - f(u) - h slope| falls as h^2 */
static PetscErrorCode TestTaylor(Case *c, Mode mode, PetscReal f0, PetscReal slope)
{
  PetscReal f, r[2];

  PetscFunctionBegin;
  for (int i = 0; i < 2; i++) {
    const PetscReal h = i ? 1e-4 : 1e-3;

    PetscCall(HGTensorAXPY(c->y, h, c->d, PETSC_FALSE));
    PetscCall(HGPhysicsEvaluate(c->p, SAMPLES, NULL, c->x, c->y, NULL, &f));
    PetscCall(HGTensorAXPY(c->y, -h, c->d, PETSC_FALSE));
    r[i] = PetscAbsReal(f - f0 - h * slope);
  }
  PetscCheck(PetscLog10Real(r[0] / r[1]) > 1.9, PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "kind %d, mode %d, theta %g: remainders %g and %g are not of second order", (int)c->q.kind, (int)mode, (double)c->q.theta,
             (double)r[0], (double)r[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestGradients(Kind kind, PetscReal theta)
{
  PetscReal value = 0, slope = 0, f, s, g, r;

  PetscFunctionBegin;
  for (Mode mode = COLORED; mode < MODES; mode++) {
    Case c, self;

    PetscCall(CreateCase(PETSC_COMM_WORLD, kind, mode, theta, &c));
    PetscCall(CreateCase(PETSC_COMM_SELF, kind, mode, theta, &self));
    PetscCall(Measure(&c, &f, &s));
    PetscCall(Measure(&self, &g, &r));
    PetscCall(Near("value on one rank", &c, mode, f, g, 1e-12));
    PetscCall(Near("slope on one rank", &c, mode, s, r, mode == COLORED ? 1e-6 : 1e-12));
    if (mode == COLORED) {
      value = f;
      slope = s;
    }
    PetscCall(Near("value of the modes", &c, mode, f, value, 1e-12));
    PetscCall(Near("slope of the modes", &c, mode, s, slope, 1e-6));
    PetscCall(TestTaylor(&c, mode, f, s));
    PetscCall(DestroyCase(&c));
    PetscCall(DestroyCase(&self));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A step that PETSc takes from u_n has no residual; the gradient is the same before and after it: TS scales and shifts the matrix meanwhile */
static PetscErrorCode TestStep(Kind kind, PetscReal theta)
{
  const Mode mode = kind == BOTH ? COLORED : JACOBIAN; /* PETSc 3.18's sum of two Jacobians spoils the matrix */
  Case       c;
  DM         two;
  Vec        a, u, f;
  SNES       snes;
  KSP        ksp;
  PetscReal  before, after, value[2], slope[2];

  PetscFunctionBegin;
  PetscCall(CreateCase(PETSC_COMM_WORLD, kind, mode, theta, &c));
  PetscCall(Measure(&c, &value[0], &slope[0]));
  PetscCall(DMDACreateCompatibleDMDA(c.q.da, 2, &two));
  PetscCall(DMCreateGlobalVector(two, &a));
  PetscCall(VecDuplicate(c.q.a, &u));
  PetscCall(VecDuplicate(u, &f));
  PetscCall(HGTensorToVec(c.x, 0, a));
  PetscCall(HGPhysicsSetInput(c.p, 0, a));
  PetscCall(VecStrideGather(a, 0, u, INSERT_VALUES));
  PetscCall(HGPhysicsResidual(c.p, u, f));
  PetscCall(VecNorm(f, NORM_2, &before));

  PetscCall(TSSetType(c.ts, theta == 1 ? TSBEULER : TSCN));
  PetscCall(TSSetMaxSteps(c.ts, 1));
  PetscCall(TSSetExactFinalTime(c.ts, TS_EXACTFINALTIME_STEPOVER));
  PetscCall(TSGetSNES(c.ts, &snes));
  PetscCall(SNESSetTolerances(snes, 1e-13, 1e-13, 1e-14, 20, 1000));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetTolerances(ksp, 1e-13, PETSC_CURRENT, PETSC_CURRENT, PETSC_CURRENT));
  PetscCall(TSSolve(c.ts, u));
  PetscCall(TSSetTime(c.ts, c.q.t));
  PetscCall(TSSetTimeStep(c.ts, c.q.dt));
  PetscCall(HGPhysicsSetInput(c.p, 0, a));
  PetscCall(HGPhysicsResidual(c.p, u, f));
  PetscCall(VecNorm(f, NORM_2, &after));
  PetscCheck(after < 1e-10 * before, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "kind %d, theta %g: residual %g of u_n, %g after a step of TS",
             (int)kind, (double)theta, (double)before, (double)after);
  PetscCall(Measure(&c, &value[1], &slope[1]));
  PetscCall(Near("value after a step of TS", &c, mode, value[0], value[1], 1e-13));
  PetscCall(Near("slope after a step of TS", &c, mode, slope[0], slope[1], mode == COLORED ? 1e-6 : 1e-12));
  PetscCall(VecDestroy(&a));
  PetscCall(VecDestroy(&u));
  PetscCall(VecDestroy(&f));
  PetscCall(DMDestroy(&two));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* By the definition, for u_t = D u: (u - u_n) / dt - theta D u - (1 - theta) D u_n */
static PetscErrorCode TestDefinition(PetscReal theta)
{
  Case      c;
  Vec       un, u, f, g;
  PetscReal norm, error;

  PetscFunctionBegin;
  PetscCall(CreateCase(PETSC_COMM_WORLD, LINEAR, JACOBIAN, theta, &c));
  PetscCall(VecDuplicate(c.q.a, &un));
  PetscCall(VecDuplicate(un, &u));
  PetscCall(VecDuplicate(un, &f));
  PetscCall(VecDuplicate(un, &g));
  PetscCall(HGTensorToVec(c.y, 0, un));
  PetscCall(HGTensorToVec(c.y, 1, u));
  PetscCall(HGPhysicsSetInput(c.p, 0, un));
  PetscCall(HGPhysicsResidual(c.p, u, f));
  PetscCall(VecNorm(f, NORM_2, &norm));
  PetscCall(MatMult(c.q.D, u, g));
  PetscCall(VecAXPY(f, theta, g));
  PetscCall(MatMult(c.q.D, un, g));
  PetscCall(VecAXPY(f, 1 - theta, g));
  PetscCall(VecAXPY(f, -1 / c.q.dt, u));
  PetscCall(VecAXPY(f, 1 / c.q.dt, un));
  PetscCall(VecNorm(f, NORM_2, &error));
  PetscCheck(error < 1e-14 * norm, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "theta %g: the definition differs by %g of %g", (double)theta,
             (double)error, (double)norm);
  PetscCall(VecDestroy(&un));
  PetscCall(VecDestroy(&u));
  PetscCall(VecDestroy(&f));
  PetscCall(VecDestroy(&g));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode LocalRHS(DMDALocalInfo *info, PetscReal t, void *in, void *out, void *ctx)
{
  PetscScalar **u = (PetscScalar **)in, **f = (PetscScalar **)out;

  PetscFunctionBegin;
  (void)ctx;
  for (PetscInt j = info->ys; j < info->ys + info->ym; j++)
    for (PetscInt i = info->xs; i < info->xs + info->xm; i++) f[j][i] = (i ? u[j][i - 1] : 0) - u[j][i] * PetscExpScalar(t * u[j][i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode LocalIFunction(DMDALocalInfo *info, PetscReal t, void *in, void *rate, void *out, void *ctx)
{
  PetscScalar **ut = (PetscScalar **)rate, **f = (PetscScalar **)out;

  PetscFunctionBegin;
  PetscCall(LocalRHS(info, t, in, out, ctx));
  for (PetscInt j = info->ys; j < info->ys + info->ym; j++)
    for (PetscInt i = info->xs; i < info->xs + info->xm; i++) f[j][i] = ut[j][i] - f[j][i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Functions of DMDATSSet...Local() without a Jacobian: differences take its place, and both give the same */
static PetscErrorCode TestLocal(void)
{
  PetscReal value[2], slope[2];
  Case      c;

  PetscFunctionBegin;
  for (int i = 0; i < 2; i++) {
    PetscCall(PetscMemzero(&c, sizeof(c)));
    PetscCall(CreateFields(PETSC_COMM_WORLD, &c));
    PetscCall(TSCreate(PETSC_COMM_WORLD, &c.ts));
    PetscCall(TSSetDM(c.ts, c.q.da));
    PetscCall(TSSetTimeStep(c.ts, 0.1));
    if (i) PetscCall(DMDATSSetIFunctionLocal(c.q.da, INSERT_VALUES, LocalIFunction, NULL));
    else PetscCall(DMDATSSetRHSFunctionLocal(c.q.da, INSERT_VALUES, LocalRHS, NULL));
    PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &c.p));
    PetscCall(HGPhysicsSetTS(c.p, c.ts));
    PetscCall(HGPhysicsSetTheta(c.p, 0.7));
    PetscCall(HGPhysicsSetUp(c.p));
    PetscCall(Measure(&c, &value[i], &slope[i]));
    PetscCall(TestTaylor(&c, COLORED, value[i], slope[i]));
    PetscCall(DestroyCase(&c));
  }
  PetscCheck(PetscAbsReal(value[0] - value[1]) < 1e-12 * value[0] && PetscAbsReal(slope[0] - slope[1]) < 1e-6 * PetscAbsReal(slope[0]),
             PETSC_COMM_WORLD, PETSC_ERR_PLIB, "local functions: values %g and %g, slopes %g and %g", (double)value[0], (double)value[1],
             (double)slope[0], (double)slope[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A TS that HGPhysicsSetTS() refuses */
static PetscErrorCode ExpectRefused(const char words[], PetscBool da, PetscErrorCode (*function)(TS, PetscReal, Vec, Vec, void *),
                                    PetscErrorCode (*second)(TS, PetscReal, Vec, Vec, Vec, Vec, void *))
{
  HGPhysics p;
  TS        ts;
  DM        dm;

  PetscFunctionBegin;
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, 8, 8, PETSC_DECIDE, PETSC_DECIDE, 1, 1,
                         NULL, NULL, &dm));
  PetscCall(DMSetUp(dm));
  if (da) PetscCall(TSSetDM(ts, dm));
  if (function) PetscCall(TSSetRHSFunction(ts, NULL, function, NULL));
  if (second) PetscCall(TSSetI2Function(ts, NULL, second, NULL));
  ExpectError(HGPhysicsSetTS(p, ts), words);
  PetscCall(DMDestroy(&dm));
  PetscCall(TSDestroy(&ts));
  PetscCall(HGPhysicsDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Second(TS ts, PetscReal t, Vec u, Vec ut, Vec utt, Vec f, void *ctx)
{
  PetscFunctionBegin;
  (void)ts, (void)t, (void)u, (void)ut, (void)ctx;
  PetscCall(VecCopy(utt, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A first evaluation that is refused, with something wrong in the problem */
static PetscErrorCode ExpectBadSample(const char words[], PetscReal theta, PetscBool moving_mass, PetscBool no_rate, PetscReal dt,
                                      PetscBool input)
{
  Case      c;
  PetscReal f;

  PetscFunctionBegin;
  PetscCall(CreateCase(PETSC_COMM_WORLD, IFUN, COLORED, theta, &c));
  c.q.moving_mass = moving_mass;
  c.q.no_rate     = no_rate;
  PetscCall(TSSetTimeStep(c.ts, dt));
  ExpectError(HGPhysicsEvaluate(c.p, SAMPLES, NULL, input ? c.x : NULL, c.y, c.dy, &f), words);
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestBad(void)
{
  static const PetscInt sample[SAMPLES] = {4, 77};
  Case                  c;
  HGPhysics             p;
  PetscReal             f, slope;

  PetscFunctionBegin;
  PetscCall(ExpectRefused("the TS's DM is of type shell|set one with TSSetDM()", PETSC_FALSE, RHSFunction, NULL));
  PetscCall(ExpectRefused("the TS has no function|TSSetRHSFunction() or TSSetIFunction()", PETSC_TRUE, NULL, NULL));
  PetscCall(ExpectRefused("of second order in time", PETSC_TRUE, NULL, Second));
  PetscCall(ExpectBadSample("time step is -1|TSSetTimeStep()", 1, PETSC_FALSE, PETSC_FALSE, -1, PETSC_TRUE));
  PetscCall(ExpectBadSample("does not depend on u_t|HGPhysicsSetSNES()", 1, PETSC_FALSE, PETSC_TRUE, 0.1, PETSC_TRUE));
  PetscCall(ExpectBadSample("matrix that is not constant|use -physics_theta 1", 0.5, PETSC_TRUE, PETSC_FALSE, 0.1, PETSC_TRUE));
  PetscCall(ExpectBadSample("needs the state before it", 1, PETSC_FALSE, PETSC_FALSE, 0.1, PETSC_FALSE));

  PetscCall(CreateCase(PETSC_COMM_WORLD, IFUN, COLORED, 1, &c));
  c.q.moving_mass = PETSC_TRUE; /* which backward Euler allows */
  PetscCall(Measure(&c, &f, &slope));
  PetscCall(TestTaylor(&c, COLORED, f, slope));
  ExpectError(HGPhysicsEvaluate(c.p, SAMPLES, sample, c.x, c.y, NULL, &f), "the residual of sample 77 is not a number");
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetTS(p, c.ts));
  ExpectError(HGPhysicsSetTheta(p, 0), "-physics_theta 0|0 < theta <= 1");
  PetscCall(TSSetTimeStep(c.ts, 0));
  ExpectError(HGPhysicsSetUp(p), "time step is 0|TSSetTimeStep()");
  PetscCall(HGPhysicsDestroy(&p));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* -kind n: one kind, and not what is refused */
int main(int argc, char **argv)
{
  PetscInt only = -1;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-kind", &only, NULL));
  for (Kind kind = RHS; kind < KINDS; kind++)
    for (int i = 1; i <= 2 && (only < 0 || only == (PetscInt)kind); i++) {
      PetscCall(TestGradients(kind, 1. / i));
      PetscCall(TestStep(kind, 1. / i));
    }
  PetscCall(TestDefinition(1));
  PetscCall(TestDefinition(0.5));
  if (only < 0) PetscCall(TestLocal());
  if (only < 0) PetscCall(TestBad());
  PetscCall(HGFinalize());
  return 0;
}
