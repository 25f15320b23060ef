/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The loss 1/2 |W F(u; a)|^2 of a user's residual: its value by the definition and as on one rank, its gradient by Taylor's
   theorem, the same from the user's Jacobian, coloured differences and the user's transposed product. Darcy's own residual: zero at the
   solution, its gradient that of differences, in both norms; norms that are not symmetric or change; soft and hard boundary conditions. Then what is refused.
*/
#include "../data/bad_input.h"
#include "physics/hgphysics.h"
#include <petscdmshell.h>

#define SAMPLES 3

/* -Laplace(u) = a exp(u) on a square with u = 0 beyond the boundary, a from the sample; with `lame` the Jacobian has a wrong diagonal */
typedef struct {
  DM        da;
  Vec       a;
  PetscBool lame, fails;
} Bratu;

static PetscErrorCode Residual(DMDALocalInfo *info, void *in, void *out, void *ctx)
{
  Bratu            *b = (Bratu *)ctx;
  PetscScalar     **u = (PetscScalar **)in, **f = (PetscScalar **)out;
  PetscScalar     **a;
  const PetscScalar h2 = 1 / ((PetscScalar)info->mx * (PetscScalar)info->mx);

  PetscFunctionBegin;
  PetscCall(DMDAVecGetArrayRead(b->da, b->a, &a));
  for (PetscInt j = info->ys; j < info->ys + info->ym; j++)
    for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
      const PetscScalar l = i ? u[j][i - 1] : 0, r = i < info->mx - 1 ? u[j][i + 1] : 0;
      const PetscScalar d = j ? u[j - 1][i] : 0, t = j < info->my - 1 ? u[j + 1][i] : 0;

      f[j][i] = (4 * u[j][i] - l - r - d - t) - h2 * a[j][i] * PetscExpScalar(u[j][i]);
      if (b->fails) f[j][i] = PetscSqrtReal(-1.0 - i);
    }
  PetscCall(DMDAVecRestoreArrayRead(b->da, b->a, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Jacobian(DMDALocalInfo *info, void *in, Mat J, Mat B, void *ctx)
{
  Bratu            *b  = (Bratu *)ctx;
  PetscScalar     **u  = (PetscScalar **)in, **a;
  const PetscScalar h2 = 1 / ((PetscScalar)info->mx * (PetscScalar)info->mx);

  PetscFunctionBegin;
  (void)J;
  PetscCall(DMDAVecGetArrayRead(b->da, b->a, &a));
  for (PetscInt j = info->ys; j < info->ys + info->ym; j++)
    for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
      const MatStencil  row    = {.i = i, .j = j};
      const MatStencil  col[5] = {{.i = i, .j = j},
                                  {.i = i > 0 ? i - 1 : -1, .j = j},
                                  {.i = i < info->mx - 1 ? i + 1 : -1, .j = j},
                                  {.i = i, .j = j - 1},
                                  {.i = i, .j = j < info->my - 1 ? j + 1 : -1}};
      const PetscScalar v[5]   = {(b->lame ? 3 : 4) - h2 * a[j][i] * PetscExpScalar(u[j][i]), -1, -1, -1, -1};

      for (int k = 0; k < 5; k++)
        if (col[k].i >= 0 && col[k].j >= 0) PetscCall(MatSetValuesStencil(B, 1, &row, 1, &col[k], &v[k], INSERT_VALUES));
    }
  PetscCall(DMDAVecRestoreArrayRead(b->da, b->a, &a));
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TakeInput(HGPhysics p, PetscInt sample, Vec a, void *ctx)
{
  Bratu *b = (Bratu *)ctx;

  PetscFunctionBegin;
  (void)p;
  PetscCall(VecCopy(a, b->a));
  if (sample == 77) b->fails = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* J is symmetric: J'w is -Laplace(w) - h^2 a exp(u) w, the residual at w without its exponential */
static PetscErrorCode Transpose(HGPhysics p, Vec u, Vec w, Vec g, void *ctx)
{
  Bratu        *b = (Bratu *)ctx;
  Vec           local;
  PetscScalar **at, **x, **a, **out;
  DMDALocalInfo info;

  PetscFunctionBegin;
  (void)p;
  PetscCall(DMDAGetLocalInfo(b->da, &info));
  PetscCall(DMGetLocalVector(b->da, &local));
  PetscCall(DMGlobalToLocal(b->da, w, INSERT_VALUES, local));
  PetscCall(DMDAVecGetArrayRead(b->da, local, &x));
  PetscCall(DMDAVecGetArrayRead(b->da, u, &at));
  PetscCall(DMDAVecGetArrayRead(b->da, b->a, &a));
  PetscCall(DMDAVecGetArrayWrite(b->da, g, &out));
  for (PetscInt j = info.ys; j < info.ys + info.ym; j++)
    for (PetscInt i = info.xs; i < info.xs + info.xm; i++)
      out[j][i] = 4 * x[j][i] - (i ? x[j][i - 1] : 0) - (i < info.mx - 1 ? x[j][i + 1] : 0) - (j ? x[j - 1][i] : 0) -
                  (j < info.my - 1 ? x[j + 1][i] : 0) -
                  a[j][i] * PetscExpScalar(at[j][i]) * x[j][i] / ((PetscScalar)info.mx * (PetscScalar)info.mx);
  PetscCall(DMDAVecRestoreArrayWrite(b->da, g, &out));
  PetscCall(DMDAVecRestoreArrayRead(b->da, b->a, &a));
  PetscCall(DMDAVecRestoreArrayRead(b->da, u, &at));
  PetscCall(DMDAVecRestoreArrayRead(b->da, local, &x));
  PetscCall(DMRestoreLocalVector(b->da, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  HGPartition part;
  HGTensor    x, y, dy, d;
  Bratu       bratu;
  HGPhysics   p;
} Case;

static PetscErrorCode CreateTensors(MPI_Comm comm, HGDType dtype, Case *c)
{
  static const PetscInt size[HG_AXES] = {SAMPLES, 1, 1, 9, 11};
  DM                    dm;
  HGTensor             *t[4] = {&c->x, &c->y, &c->dy, &c->d};

  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(comm, &c->part));
  PetscCall(HGPartitionSetSizes(c->part, 2, size));
  PetscCall(HGPartitionSetUp(c->part));
  for (int i = 0; i < 4; i++) {
    PetscCall(HGTensorCreate(c->part, dtype, t[i]));
    PetscCall(HGTensorSetUp(*t[i]));
  }
  PetscCall(HGTensorSetRandom(c->x, 1, "a", PETSC_FALSE));
  PetscCall(HGTensorSetRandom(c->y, 1, "u", PETSC_FALSE));
  PetscCall(HGTensorSetRandom(c->d, 1, "direction", PETSC_FALSE));
  PetscCall(HGPartitionGetDM(c->part, &dm));
  PetscCall(DMDACreateCompatibleDMDA(dm, 1, &c->bratu.da));
  PetscCall(DMCreateGlobalVector(c->bratu.da, &c->bratu.a));
  PetscCall(VecSet(c->bratu.a, 1));
  PetscCall(HGPhysicsCreate(comm, &c->p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* mode 0: coloured differences of a local function; 1: a SNES with its Jacobian; 2: the transposed product; 3: a SNES without Jacobian */
static PetscErrorCode CreateCase(MPI_Comm comm, HGDType dtype, int mode, PetscBool lame, Case *c)
{
  SNES snes;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(c, sizeof(*c)));
  PetscCall(CreateTensors(comm, dtype, c));
  c->bratu.lame = lame;
  if (mode == 0 || mode == 2) PetscCall(HGPhysicsSetDMDAFunctionLocal(c->p, c->bratu.da, Residual, &c->bratu));
  else {
    PetscCall(SNESCreate(comm, &snes));
    PetscCall(SNESSetDM(snes, c->bratu.da));
    PetscCall(DMDASNESSetFunctionLocal(c->bratu.da, INSERT_VALUES, Residual, &c->bratu));
    if (mode == 1) PetscCall(DMDASNESSetJacobianLocal(c->bratu.da, Jacobian, &c->bratu));
    PetscCall(HGPhysicsSetSNES(c->p, snes));
    PetscCall(SNESDestroy(&snes));
  }
  if (mode == 2) PetscCall(HGPhysicsSetJacobianTranspose(c->p, Transpose, &c->bratu));
  PetscCall(HGPhysicsSetInputFunction(c->p, TakeInput, &c->bratu));
  PetscCall(HGPhysicsSetUp(c->p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyCase(Case *c)
{
  PetscFunctionBegin;
  PetscCall(HGPhysicsDestroy(&c->p));
  PetscCall(VecDestroy(&c->bratu.a));
  PetscCall(DMDestroy(&c->bratu.da));
  PetscCall(HGTensorDestroy(&c->x));
  PetscCall(HGTensorDestroy(&c->y));
  PetscCall(HGTensorDestroy(&c->dy));
  PetscCall(HGTensorDestroy(&c->d));
  PetscCall(HGPartitionDestroy(&c->part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Near(const char what[], PetscReal a, PetscReal b, PetscReal limit)
{
  PetscFunctionBegin;
  PetscCheck(PetscAbsReal(a - b) <= limit * PetscMax(PetscAbsReal(a), PetscAbsReal(b)), PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "%s: %.17g and %.17g", what, (double)a, (double)b);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Value and slope along a fixed direction */
static PetscErrorCode Measure(Case *c, PetscInt count, PetscReal *value, PetscReal *slope)
{
  PetscFunctionBegin;
  PetscCall(HGPhysicsEvaluate(c->p, count, NULL, c->x, c->y, c->dy, value));
  PetscCall(HGTensorDot(c->dy, c->d, PETSC_FALSE, slope));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* |f(u + h d) - f(u) - h slope| falls as h^2 */
static PetscErrorCode TestTaylor(Case *c)
{
  PetscReal f0, slope, f, r[2];

  PetscFunctionBegin;
  PetscCall(Measure(c, SAMPLES, &f0, &slope));
  for (int i = 0; i < 2; i++) {
    const PetscReal h = i ? 1e-4 : 1e-3;

    PetscCall(HGTensorAXPY(c->y, h, c->d, PETSC_FALSE));
    PetscCall(HGPhysicsEvaluate(c->p, SAMPLES, NULL, c->x, c->y, NULL, &f));
    PetscCall(HGTensorAXPY(c->y, -h, c->d, PETSC_FALSE));
    r[i] = PetscAbsReal(f - f0 - h * slope);
  }
  PetscCheck(PetscLog10Real(r[0] / r[1]) > 1.9, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "remainders %g and %g are not of second order",
             (double)r[0], (double)r[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestUser(HGDType dtype)
{
  const PetscReal eps   = dtype == HG_F64 ? 1e-12 : 1e-5;
  PetscReal       value = 0, slope = 0, one[2], f, s;

  PetscFunctionBegin;
  for (int mode = 0; mode < 4; mode++) {
    Case c, self;

    PetscCall(CreateCase(PETSC_COMM_WORLD, dtype, mode, PETSC_FALSE, &c));
    PetscCall(CreateCase(PETSC_COMM_SELF, dtype, mode, PETSC_FALSE, &self));
    PetscCall(Measure(&c, SAMPLES, &f, &s));
    PetscCall(Measure(&self, SAMPLES, &one[0], &one[1]));
    PetscCall(Near("value on one rank", f, one[0], 1e-12));
    PetscCall(Near("slope on one rank", s, one[1], mode == 0 || mode == 3 ? 1e-6 : eps));
    if (!mode) {
      value = f;
      slope = s;
    }
    PetscCall(Near("value of the modes", f, value, 1e-12));
    PetscCall(Near("slope of the modes", s, slope, PetscMax(1e-6, eps)));
    if (dtype == HG_F64) PetscCall(TestTaylor(&c));
    PetscCall(DestroyCase(&c));
    PetscCall(DestroyCase(&self));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* By the definition: the mean of 1/2 |W F|^2 over the first two samples; the third has no gradient */
static PetscErrorCode TestDefinition(void)
{
  Case      c;
  Vec       u, f, w;
  PetscReal norm, sum = 0, value, dot;

  PetscFunctionBegin;
  PetscCall(CreateCase(PETSC_COMM_WORLD, HG_F64, 2, PETSC_FALSE, &c));
  PetscCall(VecDuplicate(c.bratu.a, &u));
  PetscCall(VecDuplicate(u, &f));
  PetscCall(VecDuplicate(u, &w));
  PetscCall(VecSet(w, 0.5));
  PetscCall(HGPhysicsSetWeights(c.p, w));
  for (PetscInt n = 0; n < 2; n++) {
    PetscCall(HGTensorToVec(c.x, n, f));
    PetscCall(HGPhysicsSetInput(c.p, n, f));
    PetscCall(HGTensorToVec(c.y, n, u));
    PetscCall(HGPhysicsResidual(c.p, u, f));
    PetscCall(VecNorm(f, NORM_2, &norm));
    sum += 0.25 * norm * norm / 2 / 2;
  }
  PetscCall(HGTensorSet(c.dy, 7));
  PetscCall(HGPhysicsEvaluate(c.p, 2, NULL, c.x, c.y, c.dy, &value));
  PetscCall(Near("the definition", value, sum, 1e-13));
  PetscCall(HGTensorToVec(c.dy, 2, u));
  PetscCall(VecNorm(u, NORM_INFINITY, &norm));
  PetscCheck(norm == 0, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "a sample that does not count has a gradient");
  PetscCall(HGTensorDot(c.dy, c.d, PETSC_FALSE, &dot));
  PetscCall(VecSet(w, 1));
  PetscCall(HGPhysicsEvaluate(c.p, 2, NULL, c.x, c.y, c.dy, &value));
  PetscCall(Near("twice the weights", value, 4 * sum, 1e-13));
  PetscCall(HGTensorDot(c.dy, c.d, PETSC_FALSE, &norm));
  PetscCall(Near("gradient of twice the weights", norm, 4 * dot, 1e-12));
  PetscCall(VecDestroy(&u));
  PetscCall(VecDestroy(&f));
  PetscCall(VecDestroy(&w));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Darcy's residual on the network's layout: zero at the solution; gradient by Taylor's theorem and the adjoint test */
static PetscErrorCode TestDarcy(void)
{
  Case      c = {NULL};
  DM        dm;
  Vec       a, u, f;
  PetscReal norm, scale, error;

  PetscFunctionBegin;
  PetscCall(CreateTensors(PETSC_COMM_WORLD, HG_F64, &c));
  PetscCall(HGPhysicsSetType(c.p, HGPHYSICSDARCY));
  PetscCall(HGPartitionGetDM(c.part, &dm));
  PetscCall(HGPhysicsSetDMDA(c.p, dm));
  PetscCall(HGPhysicsSetUp(c.p));
  PetscCall(DMCreateGlobalVector(dm, &a));
  PetscCall(VecDuplicate(a, &u));
  PetscCall(VecDuplicate(a, &f));
  for (PetscInt n = 0; n < SAMPLES; n++) {
    PetscCall(HGPhysicsSampleInput(c.p, 3, n, a));
    PetscCall(HGTensorFromVec(c.x, n, a));
  }
  PetscCall(TestTaylor(&c));
  PetscCall(HGPhysicsSetNorm(c.p, HG_PHYSICS_NORM_PRECONDITIONED));
  PetscCall(TestTaylor(&c));
  PetscCall(HGPhysicsSolve(c.p, a, u));
  PetscCall(HGPhysicsSetInput(c.p, SAMPLES - 1, a));
  PetscCall(VecSet(f, 0));
  PetscCall(HGPhysicsResidual(c.p, f, a));
  PetscCall(VecNorm(a, NORM_2, &scale)); /* |f|, of u = 0 */
  PetscCall(HGPhysicsResidual(c.p, u, f));
  PetscCall(VecNorm(f, NORM_2, &norm));
  PetscCheck(norm < 1e-8 * scale && PetscAbsReal(scale * scale - 99) < 1e-10, PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "residual %g at the solution, %g at zero", (double)norm, (double)scale);
  PetscCall(HGPhysicsTestAdjoint(c.p, u, &error));
  PetscCheck(error < 1e-8, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "adjoint test of Darcy's residual: %g", (double)error);
  PetscCall(VecDestroy(&a));
  PetscCall(VecDestroy(&u));
  PetscCall(VecDestroy(&f));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- norms ---- */

/* A preconditioner of one's own: a diagonal, or one that is not symmetric */
static PetscErrorCode CreatePC(DM da, PetscBool symmetric, PC *pc)
{
  Mat      A;
  PetscInt first, last, n, all;
  Vec      v;

  PetscFunctionBegin;
  PetscCall(DMCreateGlobalVector(da, &v));
  PetscCall(VecGetOwnershipRange(v, &first, &last));
  PetscCall(VecGetLocalSize(v, &n));
  PetscCall(VecGetSize(v, &all));
  PetscCall(VecDestroy(&v));
  PetscCall(MatCreateAIJ(PETSC_COMM_WORLD, n, n, PETSC_DETERMINE, PETSC_DETERMINE, 2, NULL, 1, NULL, &A));
  for (PetscInt i = first; i < last; i++) {
    PetscCall(MatSetValue(A, i, i, 1 + 0.01 * (PetscReal)i, INSERT_VALUES));
    if (!symmetric && i + 1 < all) PetscCall(MatSetValue(A, i, i + 1, 0.5, INSERT_VALUES));
  }
  PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  PetscCall(PCCreate(PETSC_COMM_WORLD, pc));
  PetscCall(PCSetType(*pc, PCMAT)); /* applies A itself */
  PetscCall(PCSetOperators(*pc, A, A));
  PetscCall(MatDestroy(&A));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestNormPC(void)
{
  Case      c;
  PC        pc;
  PetscReal plain, weighted;

  PetscFunctionBegin;
  PetscCall(CreateCase(PETSC_COMM_WORLD, HG_F64, 2, PETSC_FALSE, &c));
  PetscCall(HGPhysicsEvaluate(c.p, SAMPLES, NULL, c.x, c.y, NULL, &plain));
  PetscCall(CreatePC(c.bratu.da, PETSC_TRUE, &pc));
  PetscCall(HGPhysicsSetNormPC(c.p, pc));
  PetscCall(HGPhysicsEvaluate(c.p, SAMPLES, NULL, c.x, c.y, NULL, &weighted));
  PetscCheck(weighted > 1.1 * plain && weighted < 4 * plain, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "a diagonal of 1 to 2 makes %g of %g",
             (double)weighted, (double)plain);
  PetscCall(TestTaylor(&c));
  PetscCall(PCDestroy(&pc));
  PetscCall(DestroyCase(&c));

  /* not symmetric: by PCApplyTranspose() */
  PetscCall(CreateCase(PETSC_COMM_WORLD, HG_F64, 2, PETSC_FALSE, &c));
  PetscCall(CreatePC(c.bratu.da, PETSC_FALSE, &pc));
  PetscCall(HGPhysicsSetNormPC(c.p, pc));
  PetscCall(TestTaylor(&c));
  PetscCall(PCDestroy(&pc));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y_i = x_i + 0.5 x_0 of this rank: not symmetric, and a shell has no transpose; with a context y = |x| x, which is not linear */
static PetscErrorCode ApplyShell(PC pc, Vec x, Vec y)
{
  const PetscScalar *a;
  PetscScalar       *b;
  PetscReal          size;
  PetscInt           n;
  void              *ctx = NULL;

  PetscFunctionBegin;
  PetscCall(PCShellGetContext(pc, &ctx));
  PetscCall(VecNorm(x, NORM_2, &size));
  PetscCall(VecGetLocalSize(x, &n));
  PetscCall(VecGetArrayRead(x, &a));
  PetscCall(VecGetArrayWrite(y, &b));
  for (PetscInt i = 0; i < n; i++) b[i] = ctx ? size * a[i] : a[i] + a[0] / 2;
  PetscCall(VecRestoreArrayWrite(y, &b));
  PetscCall(VecRestoreArrayRead(x, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RefuseNorm(void *ctx, const char words[])
{
  Case      c;
  PC        pc;
  Mat       A;
  PetscReal f;

  PetscFunctionBegin;
  PetscCall(CreateCase(PETSC_COMM_WORLD, HG_F64, 2, PETSC_FALSE, &c));
  PetscCall(PCCreate(PETSC_COMM_WORLD, &pc));
  PetscCall(PCSetType(pc, PCSHELL));
  PetscCall(PCShellSetApply(pc, ApplyShell));
  PetscCall(PCShellSetContext(pc, ctx));
  PetscCall(HGPhysicsSetNormPC(c.p, pc));
  ExpectError(HGPhysicsEvaluate(c.p, SAMPLES, NULL, c.x, c.y, c.dy, &f), "has no operators");
  PetscCall(DMCreateMatrix(c.bratu.da, &A));
  PetscCall(PCSetOperators(pc, A, A));
  PetscCall(MatDestroy(&A));
  ExpectError(HGPhysicsEvaluate(c.p, SAMPLES, NULL, c.x, c.y, c.dy, &f), words);
  PetscCall(PCDestroy(&pc));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A norm by the Jacobian that the SNES's own function fills: the adjoint leaves it alone, another value of it is refused until it is taken anew */
static PetscErrorCode TestNormOfJacobian(PCType type)
{
  Case      c = {NULL};
  SNES      snes;
  Mat       J;
  PC        pc;
  Vec       u;
  PetscReal f;

  PetscFunctionBegin;
  PetscCall(CreateTensors(PETSC_COMM_WORLD, HG_F64, &c));
  PetscCall(SNESCreate(PETSC_COMM_WORLD, &snes));
  PetscCall(SNESSetDM(snes, c.bratu.da));
  PetscCall(DMDASNESSetFunctionLocal(c.bratu.da, INSERT_VALUES, Residual, &c.bratu));
  PetscCall(DMDASNESSetJacobianLocal(c.bratu.da, Jacobian, &c.bratu));
  PetscCall(DMCreateMatrix(c.bratu.da, &J));
  PetscCall(SNESSetJacobian(snes, J, J, NULL, NULL));
  PetscCall(DMCreateGlobalVector(c.bratu.da, &u));
  PetscCall(VecSet(u, 2));
  PetscCall(SNESComputeJacobian(snes, u, J, J));
  PetscCall(PCCreate(PETSC_COMM_WORLD, &pc));
  PetscCall(PCSetType(pc, type));
  PetscCall(PCSetOperators(pc, J, J));
  PetscCall(HGPhysicsSetSNES(c.p, snes));
  PetscCall(HGPhysicsSetInputFunction(c.p, TakeInput, &c.bratu));
  PetscCall(HGPhysicsSetUp(c.p));
  PetscCall(HGPhysicsSetNormPC(c.p, pc));
  PetscCall(TestTaylor(&c));
  PetscCall(VecSet(u, 1));
  PetscCall(SNESComputeJacobian(snes, u, J, J));
  ExpectError(HGPhysicsEvaluate(c.p, SAMPLES, NULL, c.x, c.y, c.dy, &f),
              "operator of the norm's preconditioner has changed|MatDuplicate()");
  PetscCall(HGPhysicsSetNormPC(c.p, pc));
  PetscCall(TestTaylor(&c));
  PetscCall(PCDestroy(&pc));
  PetscCall(VecDestroy(&u));
  PetscCall(MatDestroy(&J));
  PetscCall(SNESDestroy(&snes));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- boundary conditions of a built-in equation ---- */

static PetscErrorCode CreateBounded(HGPhysicsBCMode mode, Case *c)
{
  DM dm;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(c, sizeof(*c)));
  PetscCall(CreateTensors(PETSC_COMM_WORLD, HG_F64, c));
  PetscCall(HGPhysicsSetType(c->p, HGPHYSICSPOISSON));
  PetscCall(HGPartitionGetDM(c->part, &dm));
  PetscCall(HGPhysicsSetDMDA(c->p, dm));
  PetscCall(HGPhysicsSetBCMode(c->p, mode));
  PetscCall(HGPhysicsSetBoundary(c->p, 0, 0, HG_PHYSICS_DIRICHLET, 0, 0, 2));
  PetscCall(HGPhysicsSetBoundary(c->p, 0, 1, HG_PHYSICS_ROBIN, 1, 0.5, -1));
  PetscCall(HGPhysicsSetBoundary(c->p, 1, 1, HG_PHYSICS_NEUMANN, 0, 0, 3));
  PetscCall(HGPhysicsSetUp(c->p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The penalty is quadratic: its Taylor remainder is exactly h^2 times a constant; its gradient is added, times the weight */
static PetscErrorCode TestSoft(void)
{
  Case      c;
  PetscReal f0, f, slope, base, r[2];

  PetscFunctionBegin;
  PetscCall(CreateBounded(HG_PHYSICS_BC_SOFT, &c));
  PetscCall(HGTensorSet(c.dy, 7));
  PetscCall(HGTensorDot(c.dy, c.d, PETSC_FALSE, &base));
  PetscCall(HGPhysicsEvaluateBoundary(c.p, SAMPLES, c.y, 3, c.dy, &f0));
  PetscCheck(f0 > 0, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "no penalty");
  PetscCall(HGTensorDot(c.dy, c.d, PETSC_FALSE, &slope));
  slope = (slope - base) / 3;
  for (int i = 0; i < 2; i++) {
    const PetscReal h = i ? 1e-2 : 1e-1;

    PetscCall(HGTensorAXPY(c.y, h, c.d, PETSC_FALSE));
    PetscCall(HGPhysicsEvaluateBoundary(c.p, SAMPLES, c.y, 1, NULL, &f));
    PetscCall(HGTensorAXPY(c.y, -h, c.d, PETSC_FALSE));
    r[i] = f - f0 - h * slope;
  }
  PetscCall(Near("the penalty's second order", r[0], 100 * r[1], 1e-6));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* u = g + m N: <m d, y> = <d, m y>, and N = 0 gives g, between the sides' values */
static PetscErrorCode TestHard(void)
{
  Case      c;
  PetscReal left, right, g;

  PetscFunctionBegin;
  PetscCall(CreateBounded(HG_PHYSICS_BC_HARD, &c));
  PetscCall(HGTensorCopyOwned(c.d, c.x));
  PetscCall(HGPhysicsTransformOutput(c.p, SAMPLES, c.x)); /* g + m d */
  PetscCall(HGTensorSet(c.dy, 0));
  PetscCall(HGPhysicsTransformOutput(c.p, SAMPLES, c.dy)); /* g */
  PetscCall(HGTensorDot(c.dy, c.dy, PETSC_FALSE, &g));
  PetscCheck(g > 0 && g < 4.0 * SAMPLES * 9 * 11, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "the lifting has the square %g", (double)g);
  PetscCall(HGTensorAXPY(c.x, -1, c.dy, PETSC_FALSE));
  PetscCall(HGTensorDot(c.x, c.y, PETSC_FALSE, &left));
  PetscCall(HGPhysicsTransformOutputAdjoint(c.p, SAMPLES, c.y));
  PetscCall(HGTensorDot(c.d, c.y, PETSC_FALSE, &right));
  PetscCall(Near("the mask's adjoint", left, right, 1e-12));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestBad(void)
{
  static const PetscInt other[HG_AXES] = {SAMPLES, 1, 1, 9, 12}, sample[SAMPLES] = {4, 77, 5};
  Case                  c;
  HGPartition           part;
  HGTensor              t;
  HGPhysics             p;
  SNES                  snes;
  DM                    shell;
  PetscReal             f;

  PetscFunctionBegin;
  PetscCall(CreateCase(PETSC_COMM_WORLD, HG_F64, 0, PETSC_FALSE, &c));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetSizes(part, 2, other));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGTensorCreate(part, HG_F64, &t));
  PetscCall(HGTensorSetUp(t));
  ExpectError(HGPhysicsEvaluate(c.p, 1, NULL, NULL, t, NULL, &f), "DMDA has 11 x 9 x 1 points|network's output 12 x 9 x 1");
  ExpectError(HGPhysicsEvaluate(c.p, SAMPLES, sample, c.x, c.y, c.dy, &f), "the residual of sample 77 is not a number");
  PetscCall(HGTensorDestroy(&t));
  PetscCall(HGPartitionDestroy(&part));
  PetscCall(DestroyCase(&c));

  PetscCall(CreateCase(PETSC_COMM_WORLD, HG_F64, 1, PETSC_TRUE, &c));
  ExpectError(HGPhysicsEvaluate(c.p, SAMPLES, NULL, c.x, c.y, c.dy, &f), "the Jacobian fails the transpose test");
  PetscCall(DestroyCase(&c));

  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(SNESCreate(PETSC_COMM_WORLD, &snes));
  PetscCall(DMShellCreate(PETSC_COMM_WORLD, &shell));
  PetscCall(SNESSetDM(snes, shell));
  ExpectError(HGPhysicsSetSNES(p, snes), "the SNES's DM is of type shell|needs a DMDA");
  PetscCall(DMDestroy(&shell));
  PetscCall(SNESDestroy(&snes));
  PetscCall(HGPhysicsDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(TestUser(HG_F64));
  PetscCall(TestUser(HG_F32));
  PetscCall(TestDefinition());
  PetscCall(TestDarcy());
  PetscCall(TestNormPC());
  PetscCall(TestNormOfJacobian(PCJACOBI));
  PetscCall(TestNormOfJacobian(PCSOR));
  PetscCall(RefuseNorm(NULL, "of type shell, is not symmetric and has no transpose"));
  PetscCall(RefuseNorm(&argc, "of type shell, is not linear"));
  PetscCall(TestSoft());
  PetscCall(TestHard());
  PetscCall(TestBad());
  PetscCall(HGFinalize());
  return 0;
}
