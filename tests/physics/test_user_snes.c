/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A user's SNES and TS as an equation: whatever the solver's type and matrices, the transposed Jacobian passes its test, and the solver is afterwards as it was
   before, in all that PETSc shows of it. Setters in any order; what is refused.
*/
#include "../data/bad_input.h"
#include "physics/hgphysics.h"
#include <petsc/private/petscimpl.h>

/* -Laplace(u_c) + u_c^3 + c u_0 du_1/dx = 1, u = 0 beyond the boundary or periodic */
typedef struct {
  PetscReal bend; /* of the cubic term */
  PetscInt  calls;
  PetscBool wrong; /* the Jacobian lacks the derivative of the cubic term */
} App;

typedef struct {
  PetscScalar c[2];
} Two;

static PetscScalar At(const DMDALocalInfo *in, Two **u, PetscInt j, PetscInt i, int c)
{
  if (in->bx != DM_BOUNDARY_PERIODIC && (i < 0 || j < 0 || i >= in->mx || j >= in->my)) return 0;
  return u[j][i].c[c];
}

static PetscErrorCode Function(DMDALocalInfo *in, void *up, void *fp, void *ctx)
{
  App  *a = (App *)ctx;
  Two **u = (Two **)up, **f = (Two **)fp;

  PetscFunctionBegin;
  a->calls++;
  for (PetscInt j = in->ys; j < in->ys + in->ym; j++)
    for (PetscInt i = in->xs; i < in->xs + in->xm; i++)
      for (int c = 0; c < 2; c++) {
        const PetscScalar v = u[j][i].c[c];

        f[j][i].c[c] = 5 * v - At(in, u, j, i - 1, c) - At(in, u, j, i + 1, c) - At(in, u, j - 1, i, c) - At(in, u, j + 1, i, c) +
                       a->bend * v * v * v - 1 + c * u[j][i].c[0] * (At(in, u, j, i + 1, 1) - At(in, u, j, i - 1, 1)) / 2;
      }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Row(DMDALocalInfo *in, Two **u, PetscInt j, PetscInt i, int c, const App *a, Mat B)
{
  const PetscScalar v = u[j][i].c[c], half = c * u[j][i].c[0] / 2;
  const PetscInt    at[5][2] = {{j, i}, {j, i - 1}, {j, i + 1}, {j - 1, i}, {j + 1, i}};
  const PetscScalar w[5]     = {5 + (a->wrong ? 0 : 3 * a->bend * v * v), -1 - half, -1 + half, -1, -1};
  const MatStencil  row = {.j = j, .i = i, .c = c}, first = {.j = j, .i = i, .c = 0};
  const PetscScalar slope = c * (At(in, u, j, i + 1, 1) - At(in, u, j, i - 1, 1)) / 2;

  PetscFunctionBegin;
  for (int k = 0; k < 5; k++) {
    const MatStencil col = {.j = at[k][0], .i = at[k][1], .c = c};

    if (in->bx != DM_BOUNDARY_PERIODIC && (col.i < 0 || col.j < 0 || col.i >= in->mx || col.j >= in->my)) continue;
    PetscCall(MatSetValuesStencil(B, 1, &row, 1, &col, &w[k], ADD_VALUES));
  }
  if (c) PetscCall(MatSetValuesStencil(B, 1, &row, 1, &first, &slope, ADD_VALUES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Jacobian(DMDALocalInfo *in, void *up, Mat A, Mat B, void *ctx)
{
  PetscFunctionBegin;
  (void)A;
  PetscCall(MatZeroEntries(B));
  for (PetscInt j = in->ys; j < in->ys + in->ym; j++)
    for (PetscInt i = in->xs; i < in->xs + in->xm; i++)
      for (int c = 0; c < 2; c++) PetscCall(Row(in, (Two **)up, j, i, c, (App *)ctx, B));
  PetscCall(MatAssemblyBegin(B, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(B, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  App  app;
  DM   da;
  SNES snes;
  Vec  u, b;
} Case;

static PetscErrorCode Fill(Vec v, PetscReal scale)
{
  PetscInt     first, last;
  PetscScalar *x;

  PetscFunctionBegin;
  PetscCall(VecGetOwnershipRange(v, &first, &last));
  PetscCall(VecGetArray(v, &x));
  for (PetscInt i = first; i < last; i++) x[i - first] = scale * PetscCosReal((PetscReal)(7 * i));
  PetscCall(VecRestoreArray(v, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateCase(DMBoundaryType b, PetscBool jacobian, Case *c)
{
  PetscFunctionBegin;
  *c = (Case){.app = {.bend = 1}};
  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, b, b, DMDA_STENCIL_STAR, 8, 7, PETSC_DECIDE, PETSC_DECIDE, 2, 1, NULL, NULL, &c->da));
  PetscCall(DMSetUp(c->da));
  PetscCall(DMDASNESSetFunctionLocal(c->da, INSERT_VALUES, Function, &c->app));
  if (jacobian) PetscCall(DMDASNESSetJacobianLocal(c->da, Jacobian, &c->app));
  PetscCall(SNESCreate(PETSC_COMM_WORLD, &c->snes));
  PetscCall(SNESSetDM(c->snes, c->da));
  PetscCall(DMCreateGlobalVector(c->da, &c->u));
  PetscCall(VecDuplicate(c->u, &c->b));
  PetscCall(Fill(c->b, 0.1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyCase(Case *c)
{
  PetscFunctionBegin;
  PetscCall(VecDestroy(&c->u));
  PetscCall(VecDestroy(&c->b));
  PetscCall(SNESDestroy(&c->snes));
  PetscCall(DMDestroy(&c->da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what PETSc shows of a solver ---- */

typedef struct {
  char            *view; /* on the first rank, with options, counts, tolerances, matrices, KSP and PC */
  PetscInt         number[10];
  PetscReal        real[8];
  const void      *address[12];
  PetscObjectState state[4];
} Photo;

static PetscErrorCode PhotographMat(Mat A, Photo *p, int k)
{
  PetscBool assembled = PETSC_FALSE, norm = PETSC_FALSE;
  MatInfo   info;

  PetscFunctionBegin;
  p->address[k] = A;
  if (!A) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscObjectStateGet((PetscObject)A, &p->state[k]));
  PetscCall(MatAssembled(A, &assembled));
  PetscCall(MatHasOperation(A, MATOP_NORM, &norm));
  if (!assembled || !norm) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(MatNorm(A, NORM_FROBENIUS, &p->real[k]));
  PetscCall(MatGetInfo(A, MAT_GLOBAL_SUM, &info));
  p->number[k] = (PetscInt)info.nz_used;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* PETSc 3.22 views a qn that is not set up by a matrix that it does not have yet */
static PetscErrorCode CannotView(SNES s, PetscBool *cannot)
{
  Vec x;

  PetscFunctionBegin;
  PetscCall(SNESGetSolution(s, &x));
  PetscCall(PetscObjectTypeCompare((PetscObject)s, SNESQN, cannot));
  if (x) *cannot = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PhotographView(PetscObject o, PetscBool cannot, Photo *p)
{
  PetscViewer viewer;
  PetscMPIInt rank;
  size_t      len;
  FILE       *to;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  to = rank ? fopen("/dev/null", "w") : open_memstream(&p->view, &len);
  PetscCall(PetscViewerASCIIOpenWithFILE(PETSC_COMM_WORLD, to, &viewer));
  if (!cannot) PetscCall(PetscObjectView(o, viewer));
  PetscCall(PetscViewerDestroy(&viewer));
  (void)fclose(to);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Photograph(SNES s, TS ts, Photo *p)
{
  DM                  dm;
  KSP                 ksp;
  Mat                 A, P;
  Vec                 x, b;
  SNESConvergedReason reason;
  PetscBool           set[2], cannot;
  PetscErrorCode (*f)(SNES, Vec, Vec, void *)      = NULL;
  PetscErrorCode (*j)(SNES, Vec, Mat, Mat, void *) = NULL;
  void *fctx = NULL, *jctx = NULL;

  PetscFunctionBegin;
  *p = (Photo){NULL};
  PetscCall(SNESGetKSP(s, &ksp));
  PetscCall(CannotView(s, &cannot));
  PetscCall(PhotographView(ts ? (PetscObject)ts : (PetscObject)s, cannot, p));
  PetscCall(SNESGetJacobian(s, &A, &P, &j, &jctx));
  PetscCall(SNESGetFunction(s, NULL, &f, &fctx));
  PetscCall(PhotographMat(A, p, 0));
  PetscCall(PhotographMat(P, p, 1));
  PetscCall(KSPGetOperatorsSet(ksp, &set[0], &set[1]));
  if (set[0] || set[1]) PetscCall(KSPGetOperators(ksp, &A, &P));
  p->address[2] = set[0] ? A : NULL;
  p->address[3] = set[1] ? P : NULL;
  p->address[4] = (const void *)(size_t)f;
  p->address[5] = (const void *)(size_t)j;
  p->address[6] = fctx;
  p->address[7] = jctx;
  PetscCall(SNESGetSolution(s, &x));
  PetscCall(SNESGetRhs(s, &b));
  p->address[8] = x;
  p->address[9] = b;
  if (x) PetscCall(VecNorm(x, NORM_2, &p->real[2]));
  if (b) PetscCall(VecNorm(b, NORM_2, &p->real[3]));
  if (x) PetscCall(PetscObjectStateGet((PetscObject)x, &p->state[2]));
  PetscCall(SNESGetDM(s, &dm));
  p->address[10] = dm;
  PetscCall(SNESGetNumberFunctionEvals(s, &p->number[2]));
  PetscCall(SNESGetIterationNumber(s, &p->number[3]));
  PetscCall(SNESGetLinearSolveIterations(s, &p->number[4]));
  PetscCall(SNESGetLagJacobian(s, &p->number[5]));
  PetscCall(SNESGetLagPreconditioner(s, &p->number[6]));
  PetscCall(SNESGetConvergedReason(s, &reason));
  p->number[7] = (PetscInt)reason;
  PetscCall(PetscObjectGetReference((PetscObject)s, &p->number[8]));
  PetscCall(PetscObjectGetReference((PetscObject)dm, &p->number[9]));
  PetscCall(SNESGetFunctionNorm(s, &p->real[4]));
  if (!ts) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(TSGetTime(ts, &p->real[5]));
  PetscCall(TSGetTimeStep(ts, &p->real[6]));
  PetscCall(TSGetStepNumber(ts, &p->number[8]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Same(const char what[], Photo *a, Photo *b)
{
  PetscFunctionBegin;
  for (int i = 0; i < 10; i++)
    PetscCheck(a->number[i] == b->number[i], PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: number %d was %" PetscInt_FMT " and is %" PetscInt_FMT,
               what, i, a->number[i], b->number[i]);
  for (int i = 0; i < 8; i++)
    PetscCheck(a->real[i] == b->real[i], PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: real %d was %g and is %g", what, i, (double)a->real[i],
               (double)b->real[i]);
  for (int i = 0; i < 12; i++)
    PetscCheck(a->address[i] == b->address[i], PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: address %d has changed", what, i);
  for (int i = 0; i < 4; i++)
    PetscCheck(a->state[i] == b->state[i], PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: the state of object %d has changed", what, i);
  PetscCheck(!a->view || !strcmp(a->view, b->view), PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s was\n%s\nand is\n%s", what, a->view, b->view);
  free(a->view);
  free(b->view);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the adjoint, with `words` in the view ---- */

static PetscErrorCode CheckView(HGPhysics p, const char what[], const char words[])
{
  Photo     photo = {NULL};
  PetscBool good;

  PetscFunctionBegin;
  PetscCall(PhotographView((PetscObject)p, PETSC_FALSE, &photo));
  PetscCall(HGAgree(PETSC_COMM_WORLD, !photo.view || strstr(photo.view, words) ? PETSC_TRUE : PETSC_FALSE, &good));
  PetscCheck(good, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%s: no \"%s\" in the view: %s", what, words, photo.view ? photo.view : "");
  free(photo.view);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckAdjoint(HGPhysics p, const Case *c, const char what[])
{
  PetscReal error;
  Vec       v;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(c->b, &v));
  PetscCall(Fill(v, 1));
  PetscCall(HGPhysicsSetInput(p, 0, NULL));
  PetscCall(HGPhysicsTestAdjoint(p, v, &error));
  PetscCheck(error < 1e-6, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%s: the adjoint is off by %g", what, (double)error);
  PetscCall(VecDestroy(&v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode UseSNES(const Case *c, HGPhysicsJacobianType type, const char what[], const char words[])
{
  HGPhysics p;

  PetscFunctionBegin;
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetSNES(p, c->snes));
  PetscCall(HGPhysicsSetJacobianType(p, type));
  PetscCall(HGPhysicsSetUp(p));
  PetscCall(CheckView(p, what, words));
  PetscCall(CheckAdjoint(p, c, what));
  PetscCall(HGPhysicsDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Photographed before and after, never set up (a type may need more than we give it) */
static PetscErrorCode TestTypes(size_t every)
{
  static const char *const type[] = {"newtonls", "newtontr",    "ngmres",    "fas", "qn",    "ncg",     "anderson",     "ngs",
                                     "nasm",     "nrichardson", "composite", "ms",  "shell", "ksponly", "vinewtonrsls", "vinewtonssls"};
  Case                     c;
  Photo                    before, after;

  PetscFunctionBegin;
  for (size_t i = 0; i < sizeof(type) / sizeof(*type); i += every) {
    for (int jacobian = 0; jacobian < 2; jacobian++) {
      PetscCall(CreateCase(i % 2 ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_NONE, jacobian ? PETSC_TRUE : PETSC_FALSE, &c));
      PetscCall(SNESSetType(c.snes, type[i]));
      PetscCall(Photograph(c.snes, NULL, &before));
      PetscCall(UseSNES(&c, HG_PHYSICS_JACOBIAN_AUTO, type[i], jacobian ? "of the SNES's Jacobian" : "coloured"));
      PetscCall(Photograph(c.snes, NULL, &after));
      PetscCall(Same(type[i], &before, &after));
      PetscCall(DestroyCase(&c));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Solve(Case *c, PetscInt *its, PetscInt *evaluations)
{
  SNESConvergedReason reason;

  PetscFunctionBegin;
  PetscCall(VecSet(c->u, 0.5));
  PetscCall(SNESSolve(c->snes, c->b, c->u));
  PetscCall(SNESGetConvergedReason(c->snes, &reason));
  PetscCheck(reason > 0, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "SNES: %s", SNESConvergedReasons[reason]);
  PetscCall(SNESGetIterationNumber(c->snes, its));
  PetscCall(SNESGetNumberFunctionEvals(c->snes, evaluations));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* After a solve with a right-hand side; the next solve takes as many steps, with as many evaluations as it may */
static PetscErrorCode TestSolved(const char options[], PetscBool jacobian, HGPhysicsJacobianType force, const char words[])
{
  PetscOptions own;
  Case         c;
  Photo        before, after;
  PetscInt     its, again, n, m;

  PetscFunctionBegin;
  PetscCall(PetscOptionsCreate(&own));
  PetscCall(PetscOptionsInsertString(own, options));
  PetscCall(CreateCase(DM_BOUNDARY_NONE, jacobian, &c));
  PetscCall(PetscObjectSetOptions((PetscObject)c.snes, own));
  PetscCall(SNESSetFromOptions(c.snes));
  PetscCall(Solve(&c, &its, &n));
  PetscCall(SNESSetTolerances(c.snes, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, 2 * n + 1));
  PetscCall(SNESSetCountersReset(c.snes, PETSC_FALSE)); /* counts go on */
  PetscCall(Photograph(c.snes, NULL, &before));
  PetscCall(UseSNES(&c, force, options, words));
  PetscCall(Photograph(c.snes, NULL, &after));
  PetscCall(Same(options, &before, &after));
  PetscCall(Solve(&c, &again, &m));
  PetscCheck(its == again && m == 2 * n, PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "%s: %" PetscInt_FMT " steps with %" PetscInt_FMT " evaluations before, %" PetscInt_FMT " with %" PetscInt_FMT " after",
             options, its, n, again, m);
  PetscCall(DestroyCase(&c));
  PetscCall(PetscOptionsDestroy(&own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateOptions(const char text[], PetscOptions *own)
{
  PetscFunctionBegin;
  PetscCall(PetscOptionsCreate(own));
  PetscCall(PetscOptionsInsertString(*own, text));
  PetscCall(PetscOptionsPush(*own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyOptions(PetscOptions *own)
{
  PetscFunctionBegin;
  PetscCall(PetscOptionsPop());
  PetscCall(PetscOptionsDestroy(own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- matrices ---- */

static PetscErrorCode FunctionOfSNES(SNES snes, Vec u, Vec f, void *ctx)
{
  DM            da;
  DMDALocalInfo in;
  Vec           local;
  void         *x, *y;

  PetscFunctionBegin;
  PetscCall(SNESGetDM(snes, &da));
  PetscCall(DMDAGetLocalInfo(da, &in));
  PetscCall(DMGetLocalVector(da, &local));
  PetscCall(DMGlobalToLocal(da, u, INSERT_VALUES, local));
  PetscCall(DMDAVecGetArray(da, local, &x));
  PetscCall(DMDAVecGetArray(da, f, &y));
  PetscCall(Function(&in, x, y, ctx));
  PetscCall(DMDAVecRestoreArray(da, f, &y));
  PetscCall(DMDAVecRestoreArray(da, local, &x));
  PetscCall(DMRestoreLocalVector(da, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode JacobianOfSNES(SNES snes, Vec u, Mat A, Mat B, void *ctx)
{
  DM            da;
  DMDALocalInfo in;
  Vec           local;
  void         *x;

  PetscFunctionBegin;
  PetscCall(SNESGetDM(snes, &da));
  PetscCall(DMDAGetLocalInfo(da, &in));
  PetscCall(DMGetLocalVector(da, &local));
  PetscCall(DMGlobalToLocal(da, u, INSERT_VALUES, local));
  PetscCall(DMDAVecGetArray(da, local, &x));
  PetscCall(Jacobian(&in, x, A, B, ctx));
  PetscCall(DMDAVecRestoreArray(da, local, &x));
  PetscCall(DMRestoreLocalVector(da, &local));
  if (A == B) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the user has: matrices of a type, assembled or not, or a shell as A, with a local function and with one of the SNES's own */
static PetscErrorCode TestMatrix(MatType type, PetscBool shell, PetscBool wrong, const char words[])
{
  Case     c;
  Mat      A, B;
  Photo    before, after;
  PetscInt n;

  PetscFunctionBegin;
  PetscCall(CreateCase(DM_BOUNDARY_PERIODIC, PETSC_TRUE, &c));
  c.app.wrong = wrong;
  PetscCall(DMSetMatType(c.da, type));
  PetscCall(DMCreateMatrix(c.da, &B));
  A = B;
  PetscCall(VecGetLocalSize(c.u, &n));
  if (shell) PetscCall(MatCreateShell(PETSC_COMM_WORLD, n, n, PETSC_DETERMINE, PETSC_DETERMINE, NULL, &A));
  PetscCall(SNESSetFunction(c.snes, NULL, FunctionOfSNES, &c.app));
  PetscCall(SNESSetJacobian(c.snes, A, B, JacobianOfSNES, &c.app));
  PetscCall(Photograph(c.snes, NULL, &before));
  PetscCall(UseSNES(&c, HG_PHYSICS_JACOBIAN_AUTO, type, words));
  PetscCall(Photograph(c.snes, NULL, &after));
  PetscCall(Same(type, &before, &after));
  if (shell) PetscCall(MatDestroy(&A));
  PetscCall(MatDestroy(&B));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A(u) u - b for A = the Jacobian function's matrix: not the Jacobian of that */
static PetscErrorCode PicardRight(SNES snes, Vec u, Vec f, void *ctx)
{
  PetscFunctionBegin;
  (void)snes, (void)ctx;
  PetscCall(VecCopy(u, f));
  PetscCall(VecScale(f, 0.5));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestPicard(void)
{
  Case      c;
  Mat       A;
  Vec       f, g;
  Photo     before, after;
  HGPhysics p;
  PetscReal off, size;

  PetscFunctionBegin;
  PetscCall(CreateCase(DM_BOUNDARY_NONE, PETSC_FALSE, &c));
  PetscCall(DMCreateMatrix(c.da, &A));
  PetscCall(SNESSetPicard(c.snes, NULL, PicardRight, A, A, JacobianOfSNES, &c.app));
  PetscCall(VecDuplicate(c.u, &f));
  PetscCall(VecDuplicate(c.u, &g));
  PetscCall(Photograph(c.snes, NULL, &before));
  PetscCall(UseSNES(&c, HG_PHYSICS_JACOBIAN_AUTO, "Picard", "coloured"));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetSNES(p, c.snes));
  PetscCall(HGPhysicsSetUp(p));
  PetscCall(Fill(c.u, 1));
  PetscCall(HGPhysicsResidual(p, c.u, f));
  PetscCall(HGPhysicsDestroy(&p));
  PetscCall(Photograph(c.snes, NULL, &after));
  PetscCall(Same("Picard", &before, &after));
  PetscCall(SNESComputeFunction(c.snes, c.u, g));
  PetscCall(VecNorm(g, NORM_2, &size));
  PetscCall(VecAXPY(g, -1, f));
  PetscCall(VecNorm(g, NORM_2, &off));
  PetscCheck(off < 1e-14 * size, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "Picard's residual is off by %g of %g", (double)off, (double)size);
  PetscCall(VecDestroy(&f));
  PetscCall(VecDestroy(&g));
  PetscCall(MatDestroy(&A));
  PetscCall(DestroyCase(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* P that is not the Jacobian is found out by the test of HGPhysicsEvaluate(), which goes on with differences */
static PetscErrorCode TestWrongP(void)
{
  static const PetscInt size[HG_AXES]  = {1, 2, 1, 7, 8};
  PetscInt              parts[HG_AXES] = {1, 1, 1, 1, 1};
  const PetscInt       *len[2];
  HGPartition           part;
  HGTensor              y, dy;
  PetscReal             loss;
  PetscOptions          own;
  HGPhysics             p;
  Case                  c;

  PetscFunctionBegin;
  PetscCall(CreateOptions("-snes_mf_operator", &own));
  PetscCall(CreateCase(DM_BOUNDARY_NONE, PETSC_TRUE, &c));
  c.app.wrong = PETSC_TRUE;
  PetscCall(SNESSetFromOptions(c.snes));
  PetscCall(SNESSetUp(c.snes));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetSNES(p, c.snes));
  PetscCall(HGPhysicsSetUp(p));
  PetscCall(CheckView(p, "P", "preconditioning matrix, if it passes the test"));
  PetscCall(DMDAGetInfo(c.da, NULL, NULL, NULL, NULL, &parts[HG_X], &parts[HG_Y], NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(c.da, &len[0], &len[1], NULL));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetSizes(part, 2, size));
  PetscCall(HGPartitionSetParts(part, parts));
  PetscCall(HGPartitionSetRanges(part, HG_X, len[0]));
  PetscCall(HGPartitionSetRanges(part, HG_Y, len[1]));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGTensorCreate(part, HG_F64, &y));
  PetscCall(HGTensorSetUp(y));
  PetscCall(HGTensorCreate(part, HG_F64, &dy));
  PetscCall(HGTensorSetUp(dy));
  PetscCall(HGTensorSetRandom(y, 1, "u", PETSC_FALSE));
  PetscCall(HGPhysicsEvaluate(p, 1, NULL, NULL, y, dy, &loss));
  PetscCall(CheckView(p, "P", "coloured"));
  PetscCall(CheckAdjoint(p, &c, "after P"));
  PetscCall(HGTensorDestroy(&y));
  PetscCall(HGTensorDestroy(&dy));
  PetscCall(HGPartitionDestroy(&part));
  PetscCall(HGPhysicsDestroy(&p));
  PetscCall(DestroyCase(&c));
  PetscCall(DestroyOptions(&own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Refuses(const char options[], PetscBool jacobian, HGPhysicsJacobianType type, const char words[])
{
  PetscOptions own;
  HGPhysics    p;
  Case         c;

  PetscFunctionBegin;
  PetscCall(CreateOptions(options, &own));
  PetscCall(CreateCase(DM_BOUNDARY_NONE, jacobian, &c));
  PetscCall(SNESSetFromOptions(c.snes));
  PetscCall(SNESSetUp(c.snes));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetOptionsPrefix(p, "my_"));
  PetscCall(HGPhysicsSetSNES(p, c.snes));
  PetscCall(HGPhysicsSetJacobianType(p, type));
  ExpectError(HGPhysicsSetUp(p), words);
  PetscCall(HGPhysicsDestroy(&p));
  PetscCall(DestroyCase(&c));
  PetscCall(DestroyOptions(&own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- setters in any order ---- */

static PetscErrorCode TestOrder(void)
{
  static const PetscInt other[3] = {1, 5, 5}, same[3] = {1, 7, 8};
  PetscOptions          own;
  HGPhysics             p;
  TS                    ts;
  DM                    dm, da;
  PetscInt              dof;
  Case                  c, d;

  PetscFunctionBegin;
  PetscCall(CreateOptions("-physics_jacobian coloring -physics_bc hard", &own));
  PetscCall(CreateCase(DM_BOUNDARY_NONE, PETSC_TRUE, &c));
  PetscCall(CreateCase(DM_BOUNDARY_PERIODIC, PETSC_FALSE, &d));
  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, 5, 5, PETSC_DECIDE, PETSC_DECIDE, 1, 1,
                         NULL, NULL, &da)); /* not set up */
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  ExpectError(HGPhysicsSetInputFunction(p, NULL, NULL), "HGPhysicsSetInputFunction() comes after HGPhysicsSetSNES()");
  PetscCall(HGPhysicsSetGrid(p, 2, other));
  PetscCall(HGPhysicsSetFromOptions(p)); /* darcy, for want of a choice */
  PetscCall(HGPhysicsSetSNES(p, d.snes));
  PetscCall(HGPhysicsSetDMDAFunctionLocal(p, c.da, Function, &c.app));
  PetscCall(HGPhysicsSetSNES(p, c.snes));
  PetscCall(HGPhysicsSetSNES(p, c.snes));
  PetscCall(HGPhysicsSetGrid(p, 2, same));
  ExpectError(HGPhysicsSetGrid(p, 2, other), "that of its DMDA, 8 x 7 x 1|and not 5 x 5 x 1");
  ExpectError(HGPhysicsSetDMDA(p, d.da), "leave HGPhysicsSetDMDA() out");
  ExpectError(HGPhysicsSetTheta(p, 0.5), "after HGPhysicsSetTS()");
  PetscCall(HGPhysicsSetUp(p));
  PetscCall(CheckView(p, "options before the SNES", "coloured"));
  PetscCall(HGPhysicsGetDM(p, &dm));
  PetscCall(DMDAGetDof(dm, &dof));
  PetscCheck(dof == 2 && dm == c.da, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%" PetscInt_FMT " degrees of freedom", dof);
  PetscCall(CheckAdjoint(p, &c, "options before the SNES"));
  ExpectError(HGPhysicsSetSNES(p, d.snes), "HGPhysicsSetSNES() comes before HGPhysicsSetUp()");
  ExpectError(HGPhysicsSetType(p, HGPHYSICSHEAT), "set up as user and cannot become heat");
  PetscCall(HGPhysicsDestroy(&p));

  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, d.da));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetSNES(p, c.snes));
  ExpectError(HGPhysicsSetTS(p, ts), "the TS has no function"); /* and the SNES stays */
  PetscCall(PetscOptionsSetValue(own, "-physics_type", "heat"));
  ExpectError(HGPhysicsSetFromOptions(p), "-physics_type heat: this program has its own equation");
  PetscCall(PetscOptionsClearValue(own, "-physics_type"));
  PetscCall(PetscOptionsClearValue(own, "-physics_jacobian"));
  PetscCall(HGPhysicsSetFromOptions(p));
  PetscCall(SNESSetDM(c.snes, d.da));
  ExpectError(HGPhysicsSetUp(p), "the SNES has another DM than when it was given to HGPhysicsSetSNES()");
  PetscCall(SNESSetDM(c.snes, c.da));
  PetscCall(HGPhysicsSetType(p, HGPHYSICSHEAT)); /* in its place */
  PetscCall(HGPhysicsSetGrid(p, 2, other));
  PetscCall(HGPhysicsSetUp(p));
  PetscCall(HGPhysicsDestroy(&p));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetType(p, HGPHYSICSUSER));
  PetscCall(HGPhysicsSetGrid(p, 2, other));
  ExpectError(HGPhysicsSetUp(p), "needs HGPhysicsSetSNES()");
  PetscCall(HGPhysicsSetDMDAFunctionLocal(p, da, Function, &c.app));
  PetscCall(HGPhysicsSetUp(p));
  PetscCall(HGPhysicsDestroy(&p));
  PetscCall(TSDestroy(&ts));
  PetscCall(DMDestroy(&da));
  PetscCall(DestroyCase(&c));
  PetscCall(DestroyCase(&d));
  PetscCall(DestroyOptions(&own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a TS ---- */

static PetscErrorCode Right(DMDALocalInfo *in, PetscReal t, void *u, void *f, void *ctx)
{
  (void)t;
  return Function(in, u, f, ctx);
}

static PetscErrorCode RightJacobian(DMDALocalInfo *in, PetscReal t, void *u, Mat A, Mat B, void *ctx)
{
  (void)t;
  return Jacobian(in, u, A, B, ctx);
}

static PetscErrorCode TestTS(PetscBool jacobian, PetscReal theta)
{
  Case      c;
  TS        ts;
  SNES      snes;
  Vec       un, v;
  HGPhysics p;
  PetscReal error;
  Photo     before, after;

  PetscFunctionBegin;
  c = (Case){.app = {.bend = 1}};
  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, 8, 7, PETSC_DECIDE, PETSC_DECIDE, 2, 1,
                         NULL, NULL, &c.da));
  PetscCall(DMSetUp(c.da));
  PetscCall(DMCreateGlobalVector(c.da, &c.u));
  PetscCall(DMDATSSetRHSFunctionLocal(c.da, INSERT_VALUES, Right, &c.app));
  if (jacobian) PetscCall(DMDATSSetRHSJacobianLocal(c.da, RightJacobian, &c.app));
  PetscCall(TSCreate(PETSC_COMM_WORLD, &ts));
  PetscCall(TSSetDM(ts, c.da));
  PetscCall(TSSetType(ts, TSBEULER));
  PetscCall(TSSetTimeStep(ts, 0.01));
  PetscCall(TSSetMaxSteps(ts, 3));
  PetscCall(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_STEPOVER));
  PetscCall(VecSet(c.u, 0.1));
  PetscCall(TSSolve(ts, c.u));
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(Photograph(snes, ts, &before));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetTS(p, ts));
  PetscCall(HGPhysicsSetTheta(p, theta));
  PetscCall(HGPhysicsSetUp(p));
  PetscCall(CheckView(p, "TS", jacobian ? "of the TS's Jacobian" : "coloured"));
  PetscCall(VecDuplicate(c.u, &un));
  PetscCall(VecDuplicate(c.u, &v));
  PetscCall(Fill(un, 0.2));
  PetscCall(Fill(v, 0.3));
  PetscCall(HGPhysicsSetInput(p, 0, un));
  PetscCall(HGPhysicsTestAdjoint(p, v, &error));
  PetscCheck(error < 1e-6, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "TS: the adjoint is off by %g", (double)error);
  PetscCall(HGPhysicsDestroy(&p));
  PetscCall(VecDestroy(&un));
  PetscCall(VecDestroy(&v));
  PetscCall(Photograph(snes, ts, &after));
  PetscCall(Same("TS", &before, &after));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetSNES(p, snes));
  ExpectError(HGPhysicsSetUp(p), "give that one to HGPhysicsSetTS()");
  PetscCall(HGPhysicsDestroy(&p));
  PetscCall(TSDestroy(&ts));
  PetscCall(VecDestroy(&c.u));
  PetscCall(DMDestroy(&c.da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscMPIInt ranks;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  PetscCall(TestTypes(ranks > 2 ? 5 : 1));
  PetscCall(TestPicard());
  PetscCall(TestWrongP());
  PetscCall(TestMatrix(MATAIJ, PETSC_FALSE, PETSC_FALSE, "of the SNES's Jacobian"));
  PetscCall(TestTS(PETSC_TRUE, 1));
  if (ranks > 2) { /* ranks that share a core wait long for each message */
    PetscCall(HGFinalize());
    return 0;
  }
  PetscCall(TestSolved("-snes_rtol 1e-9", PETSC_TRUE, HG_PHYSICS_JACOBIAN_AUTO, "of the SNES's Jacobian"));
  PetscCall(TestSolved("-snes_rtol 1e-9", PETSC_TRUE, HG_PHYSICS_JACOBIAN_COLORING, "coloured"));
  PetscCall(TestSolved("-snes_mf", PETSC_TRUE, HG_PHYSICS_JACOBIAN_AUTO, "coloured"));
  PetscCall(TestSolved("-snes_mf_operator", PETSC_TRUE, HG_PHYSICS_JACOBIAN_AUTO, "preconditioning matrix"));
  PetscCall(TestSolved("-snes_mf_operator", PETSC_TRUE, HG_PHYSICS_JACOBIAN_PMAT, "preconditioning matrix"));
  PetscCall(TestSolved("-snes_fd", PETSC_TRUE, HG_PHYSICS_JACOBIAN_AUTO, "coloured"));
  PetscCall(TestSolved("-snes_fd_color", PETSC_TRUE, HG_PHYSICS_JACOBIAN_AUTO, "coloured"));
  PetscCall(TestSolved("-snes_lag_jacobian 2", PETSC_TRUE, HG_PHYSICS_JACOBIAN_AUTO, "of the SNES's Jacobian"));
  PetscCall(TestSolved("-snes_type ngmres -snes_rtol 1e-3", PETSC_FALSE, HG_PHYSICS_JACOBIAN_AUTO, "coloured"));
  PetscCall(TestSolved("-snes_type nrichardson -snes_rtol 1e-2", PETSC_TRUE, HG_PHYSICS_JACOBIAN_AUTO, "of the SNES's Jacobian"));
  PetscCall(TestMatrix(MATBAIJ, PETSC_FALSE, PETSC_FALSE, "of the SNES's Jacobian"));
  PetscCall(TestMatrix(MATDENSE, PETSC_FALSE, PETSC_FALSE, "of the SNES's Jacobian"));
  PetscCall(TestMatrix(MATAIJ, PETSC_TRUE, PETSC_FALSE, "preconditioning matrix"));
  PetscCall(Refuses("-snes_mf", PETSC_TRUE, HG_PHYSICS_JACOBIAN_PMAT, "-my_physics_jacobian pmat|matrix-free|use auto or coloring"));
  PetscCall(
      Refuses("-snes_mf_operator", PETSC_TRUE, HG_PHYSICS_JACOBIAN_SNES, "-my_physics_jacobian snes|type mffd, has no transposed product"));
  PetscCall(Refuses("-snes_fd", PETSC_TRUE, HG_PHYSICS_JACOBIAN_SNES, "made of PETSc's differences"));
  PetscCall(Refuses("", PETSC_FALSE, HG_PHYSICS_JACOBIAN_SNES, "made of PETSc's differences"));
  PetscCall(TestOrder());
  PetscCall(TestTS(PETSC_FALSE, 0.5));
  PetscCall(HGFinalize());
  return 0;
}
