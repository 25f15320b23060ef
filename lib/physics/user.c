/* SPDX-License-Identifier: BSD-2-Clause */
/* The user's own equation: the residual of a SNES, of a local function on a DMDA, or of an implicit step of a TS */
#include "physics/user_impl.h"

/* How the transposed Jacobian comes about */
typedef enum {
  MODE_NONE,
  MODE_TRANSPOSE, /* the user's function */
  MODE_JACOBIAN,  /* what the SNES or TS computes */
  MODE_COLORING   /* differences of the residual, here */
} Mode;

typedef struct {
  SNES          snes; /* of a time step: the TS's */
  HGUserTime    step; /* NULL for a SNES or a local function */
  Mode          mode;
  Mat           J; /* for coloured differences */
  MatFDColoring coloring;
  PetscInt      colors;
  PetscErrorCode (*transpose)(HGPhysics, Vec, Vec, Vec, void *);
  void *transpose_ctx;
  PetscErrorCode (*input)(HGPhysics, PetscInt, Vec, void *);
  void *input_ctx;
} User;

static PetscErrorCode Residual_User(HGPhysics p, Vec u, Vec f)
{
  User     *s = (User *)p->data;
  PetscBool domain;

  PetscFunctionBegin;
  if (s->step) PetscCall(HGUserTimeResidual(s->step, u, f));
  else PetscCall(SNESComputeFunction(s->snes, u, f));
  PetscCall(SNESGetFunctionDomainError(s->snes, &domain));
  if (!domain) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecSet(f, PETSC_INFINITY)); /* reported with the sample */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ResidualForColoring(void *snes, Vec u, Vec f, void *p)
{
  PetscFunctionBegin;
  (void)snes;
  PetscCall(Residual_User((HGPhysics)p, u, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserMultTranspose(HGPhysics p, const char owner[], Mat J, Vec w, Vec g)
{
  PetscBool has;
  MatType   type;

  PetscFunctionBegin;
  PetscCall(MatHasOperation(J, MATOP_MULT_TRANSPOSE, &has));
  PetscCall(MatGetType(J, &type));
  HGCheck(has, PetscObjectComm((PetscObject)p),
          "the %s's Jacobian, a matrix of type %s, has no transposed product; give one that has, or HGPhysicsSetJacobianTranspose()", owner,
          type);
  PetscCall(MatMultTranspose(J, w, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointOfSNES(HGPhysics p, SNES snes, Vec u, Vec w, Vec g)
{
  Mat      A, B;
  PetscInt lag;

  PetscFunctionBegin;
  PetscCall(SNESGetJacobian(snes, &A, &B, NULL, NULL));
  PetscCall(SNESGetLagJacobian(snes, &lag));
  PetscCall(SNESSetLagJacobian(snes, 1)); /* not an older one */
  PetscCall(SNESComputeJacobian(snes, u, A, B));
  PetscCall(SNESSetLagJacobian(snes, lag));
  PetscCall(HGUserMultTranspose(p, "SNES", A, w, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_User(HGPhysics p, Vec u, Vec w, Vec g)
{
  User *s = (User *)p->data;

  PetscFunctionBegin;
  switch (s->mode) {
  case MODE_TRANSPOSE:
    PetscCall((*s->transpose)(p, u, w, g, s->transpose_ctx));
    break;
  case MODE_JACOBIAN:
    if (s->step) PetscCall(HGUserTimeAdjoint(p, s->step, u, w, g));
    else PetscCall(AdjointOfSNES(p, s->snes, u, w, g));
    break;
  default:
    PetscCall(MatFDColoringApply(s->J, s->coloring, u, s->snes));
    PetscCall(HGUserMultTranspose(p, "coloured differences", s->J, w, g));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetInput_User(HGPhysics p, PetscInt sample, Vec a)
{
  User *s = (User *)p->data;

  PetscFunctionBegin;
  if (s->input) PetscCall((*s->input)(p, sample, a, s->input_ctx));
  if (s->step) PetscCall(HGUserTimeSetInput(p, s->step, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The DMDA's own colouring repeats every few points: wrong around a periodic axis of another length, and PETSc does not always say so */
static PetscErrorCode CreateColoring(HGPhysics p, Mat J, ISColoring *colors)
{
  DMBoundaryType b[3];
  MatColoring    greedy;

  PetscFunctionBegin;
  PetscCall(DMDAGetInfo(p->dm, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, &b[0], &b[1], &b[2], NULL));
  if (b[0] != DM_BOUNDARY_PERIODIC && b[1] != DM_BOUNDARY_PERIODIC && b[2] != DM_BOUNDARY_PERIODIC) {
    PetscCall(DMCreateColoring(p->dm, IS_COLORING_GLOBAL, colors));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(MatColoringCreate(J, &greedy));
  PetscCall(MatColoringSetType(greedy, MATCOLORINGGREEDY));
  PetscCall(MatColoringSetDistance(greedy, 2));
  PetscCall(MatColoringApply(greedy, colors));
  PetscCall(MatColoringDestroy(&greedy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpColoring(HGPhysics p, User *s)
{
  ISColoring colors;

  PetscFunctionBegin;
  PetscCall(DMCreateMatrix(p->dm, &s->J));
  PetscCall(CreateColoring(p, s->J, &colors));
  PetscCall(ISColoringGetColors(colors, NULL, &s->colors, NULL));
  PetscCall(MatFDColoringCreate(s->J, colors, &s->coloring));
  PetscCall(MatFDColoringSetFunction(s->coloring, (PetscErrorCode(*)(void))(void (*)(void))ResidualForColoring, p));
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)s->coloring, ((PetscObject)p)->prefix));
  PetscCall(MatFDColoringSetFromOptions(s->coloring));
  PetscCall(MatFDColoringSetUp(s->J, colors, s->coloring));
  PetscCall(ISColoringDestroy(&colors));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A SNES with differences of its own gets ours: without a Jacobian DMDASNESSetFunctionLocal() installs one that makes them, which
   shows only when it has run */
static PetscErrorCode SNESHasJacobian(HGPhysics p, User *s, PetscBool *has)
{
  PetscErrorCode (*jacobian)(SNES, Vec, Mat, Mat, void *) = NULL;
  PetscObject colored                                     = NULL;
  Mat         A, B;
  Vec         u;

  PetscFunctionBegin;
  *has = PETSC_FALSE;
  PetscCall(SNESGetJacobian(s->snes, NULL, NULL, &jacobian, NULL));
  if (!jacobian || jacobian == SNESComputeJacobianDefault || jacobian == SNESComputeJacobianDefaultColor)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SNESSetUp(s->snes));
  PetscCall(SNESGetJacobian(s->snes, &A, &B, NULL, NULL));
  PetscCall(DMCreateGlobalVector(p->dm, &u));
  PetscCall(VecSet(u, 0));
  PetscCall(SNESComputeJacobian(s->snes, u, A, B));
  PetscCall(VecDestroy(&u));
  PetscCall(PetscObjectQuery((PetscObject)p->dm, "DMDASNES_FDCOLORING", &colored));
  if (!colored) *has = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ChooseMode(HGPhysics p, User *s)
{
  PetscBool has = PETSC_FALSE;

  PetscFunctionBegin;
  if (!s->transpose) {
    if (s->step) PetscCall(HGUserTimeHasJacobian(p, s->step, &has));
    else PetscCall(SNESHasJacobian(p, s, &has));
  }
  s->mode = s->transpose ? MODE_TRANSPOSE : has ? MODE_JACOBIAN : MODE_COLORING;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetFromOptions_User(HGPhysics p)
{
  User *s = (User *)p->data;

  PetscFunctionBegin;
  if (s->step) PetscCall(HGUserTimeSetFromOptions(p, s->step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_User(HGPhysics p)
{
  User *s = (User *)p->data;

  PetscFunctionBegin;
  HGCheck(s->snes, PetscObjectComm((PetscObject)p),
          "an equation of your own needs HGPhysicsSetSNES(), HGPhysicsSetDMDAFunctionLocal() or HGPhysicsSetTS()");
  if (s->step) PetscCall(HGUserTimeSetUp(p, s->step));
  PetscCall(ChooseMode(p, s));
  if (s->mode == MODE_COLORING) PetscCall(SetUpColoring(p, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode View_User(HGPhysics p, PetscViewer viewer)
{
  const User *s = (User *)p->data;

  PetscFunctionBegin;
  if (s->step && s->mode != MODE_NONE) PetscCall(HGUserTimeView(s->step, viewer));
  switch (s->mode) {
  case MODE_TRANSPOSE:
    PetscCall(PetscViewerASCIIPrintf(
        viewer, "transposed Jacobian: the user's function; a gradient costs 1 residual and 1 call of it for each sample\n"));
    break;
  case MODE_JACOBIAN:
    PetscCall(PetscViewerASCIIPrintf(
        viewer, "transposed Jacobian: of the %s's Jacobian; a gradient costs 1 residual and 1 Jacobian for each sample\n",
        s->step ? "TS" : "SNES"));
    break;
  case MODE_COLORING:
    PetscCall(PetscViewerASCIIPrintf(viewer,
                                     "transposed Jacobian: coloured finite differences, %" PetscInt_FMT
                                     " colours; a gradient costs %" PetscInt_FMT " residuals for each sample\n",
                                     s->colors, s->colors + 2));
    break;
  default:
    PetscCall(PetscViewerASCIIPrintf(viewer, "not set up\n"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_User(HGPhysics p)
{
  User *s = (User *)p->data;

  PetscFunctionBegin;
  PetscCall(MatFDColoringDestroy(&s->coloring));
  PetscCall(MatDestroy(&s->J));
  PetscCall(HGUserTimeDestroy(&s->step));
  PetscCall(SNESDestroy(&s->snes));
  PetscCall(PetscFree(p->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*MC
   HGPHYSICSUSER - the user's own equation, from a SNES, a local function on a DMDA, or a step of a TS

   Level: beginner

.seealso: `HGPhysicsSetSNES()`, `HGPhysicsSetDMDAFunctionLocal()`, `HGPhysicsSetTS()`
M*/
PetscErrorCode HGPhysicsCreate_User(HGPhysics p)
{
  User *s;

  PetscFunctionBegin;
  PetscCall(PetscNew(&s));
  p->data                = s;
  p->ops->setfromoptions = SetFromOptions_User;
  p->ops->setup          = SetUp_User;
  p->ops->setinput       = SetInput_User;
  p->ops->residual       = Residual_User;
  p->ops->adjoint        = Adjoint_User;
  p->ops->view           = View_User;
  p->ops->destroy        = Destroy_User;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Solver and grid; `owner` is what the user gave */
static PetscErrorCode TakeSolver(HGPhysics p, const char owner[], SNES snes, DM dm)
{
  const char *type = dm ? ((PetscObject)dm)->type_name : NULL;
  PetscBool   da   = PETSC_FALSE;
  User       *s;

  PetscFunctionBegin;
  PetscCheck(!p->setup, PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER, "HGPhysicsSet%s() comes before HGPhysicsSetUp()", owner);
  PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMDA, &da));
  HGCheck(da, PetscObjectComm((PetscObject)p), "the %s's DM is %s%s; a network's output needs a DMDA: set one with %sSetDM()", owner,
          type ? "of type " : "not set", type ? type : "", owner);
  PetscCall(HGPhysicsSetType(p, HGPHYSICSUSER));
  s = (User *)p->data;
  PetscCall(PetscObjectReference((PetscObject)snes));
  PetscCall(SNESDestroy(&s->snes));
  PetscCall(HGUserTimeDestroy(&s->step));
  s->snes = snes;
  PetscCall(HGPhysicsSetDMDA(p, dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetSNES - Take the residual of a SNES for the equation

   Collective

   Input Parameters:
+  p    - the equation; becomes of type `HGPHYSICSUSER`
-  snes - the solver, its DMDA and function set; referenced

   Level: beginner

   Notes:
   The transposed Jacobian is that of `HGPhysicsSetJacobianTranspose()` if given, else of the Jacobian that the SNES has, else made of
   coloured finite differences; `HGPhysicsView()` says which, and what it costs.

   The equation's grid is the DMDA's; `HGPhysicsSetGrid()` is not needed.

   Errors:
   A SNES whose DM is not a DMDA, or that has no function.

.seealso: `HGPhysicsSetDMDAFunctionLocal()`, `HGPhysicsSetInputFunction()`, `HGPhysicsEvaluate()`
@*/
PetscErrorCode HGPhysicsSetSNES(HGPhysics p, SNES snes)
{
  PetscErrorCode (*function)(SNES, Vec, Vec, void *) = NULL;
  DM dm                                              = NULL;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscValidHeaderSpecific(snes, SNES_CLASSID, 2);
  PetscCall(SNESGetDM(snes, &dm));
  PetscCall(TakeSolver(p, "SNES", snes, dm));
  PetscCall(SNESGetFunction(snes, NULL, &function, NULL));
  HGCheck(function, PetscObjectComm((PetscObject)p),
          "the SNES has no function; set one with SNESSetFunction() or DMDASNESSetFunctionLocal()");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetTS - Take an implicit time step of a TS for the equation

   Collective

   Input Parameters:
+  p  - the equation; becomes of type `HGPHYSICSUSER`
-  ts - the TS, its DMDA and an RHS function, an I-function, or both set; referenced

   Options Database Key:
.  -physics_theta theta - see `HGPhysicsSetTheta()`

   Level: beginner

   Shape:
   A sample's input field has as its first channels the state u_n before the step, as many as the DMDA has degrees of freedom; the
   output is the state u after it

   Units:
   The residual is a rate: state over time

   Notes:
   For u_t = G(t, u) the residual is F(u) = (u - u_n) / dt - theta G(t + dt, u) - (1 - theta) G(t, u_n). For I(t, u, u_t) = G(t, u) it
   is theta H(t + dt, u, (u - u_n) / (theta dt)) + (1 - theta) H(t, u_n, 0) with H = I - G, as in the endpoint form of `TSTHETA`: a
   step of `TSBEULER` (theta = 1) or `TSCN` (theta = 0.5) makes it zero.

   Time and step are those of `TSGetTime()` and `TSGetTimeStep()` when a sample's input is set; the function of
   `HGPhysicsSetInputFunction()` is called first and may set them.

   The transposed Jacobian is that of `HGPhysicsSetJacobianTranspose()` if given, else of the TS's Jacobians if each of its functions has
   one, else made of coloured finite differences; `HGPhysicsView()` says which, and what it costs.

   Errors:
   A TS whose DM is not a DMDA, without a function, of second order in time, or with a step that is not positive; at the first sample an
   I-function that does not depend on u_t, and for theta < 1 one that does so through a matrix that changes with u or t.

.seealso: `HGPhysicsSetTheta()`, `HGPhysicsSetSNES()`, `HGPhysicsSetInputFunction()`, `HGPhysicsEvaluate()`
@*/
PetscErrorCode HGPhysicsSetTS(HGPhysics p, TS ts)
{
  SNES snes;
  DM   dm;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscValidHeaderSpecific(ts, TS_CLASSID, 2);
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(TakeSolver(p, "TS", snes, dm));
  PetscCall(HGUserTimeCreate(p, ts, &((User *)p->data)->step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsSetDMDAFunctionLocal - Take the residual of a local function on a DMDA for the equation

   Collective

   Input Parameters:
+  p    - the equation; becomes of type `HGPHYSICSUSER`
.  da   - the DMDA; its layout is used, and it is not changed
.  func - the function, as for `DMDASNESSetFunctionLocal()`: (DMDALocalInfo *info, void *u, void *f, void *ctx)
-  ctx  - its context

   Level: beginner

.seealso: `HGPhysicsSetSNES()`, `DMDASNESSetFunctionLocal()`
@*/
PetscErrorCode HGPhysicsSetDMDAFunctionLocal(HGPhysics p, DM da, PetscErrorCode (*func)(DMDALocalInfo *, void *, void *, void *), void *ctx)
{
  MPI_Comm  comm = PetscObjectComm((PetscObject)p);
  DM        own;
  SNES      snes;
  PetscBool is;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscValidHeaderSpecific(da, DM_CLASSID, 2);
  PetscCall(PetscObjectTypeCompare((PetscObject)da, DMDA, &is));
  HGCheck(is, comm, "HGPhysicsSetDMDAFunctionLocal() takes a DMDA; this DM is of type %s", ((PetscObject)da)->type_name);
  PetscCall(DMClone(da, &own));
  PetscCall(DMDASNESSetFunctionLocal(own, INSERT_VALUES, func, ctx));
  PetscCall(SNESCreate(PetscObjectComm((PetscObject)da), &snes));
  PetscCall(SNESSetDM(snes, own));
  PetscCall(HGPhysicsSetSNES(p, snes));
  PetscCall(SNESDestroy(&snes));
  PetscCall(DMDestroy(&own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetUser(HGPhysics p, User **s)
{
  PetscBool user;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)p, HGPHYSICSUSER, &user));
  PetscCheck(user && !p->setup, PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER,
             "this comes after HGPhysicsSetSNES(), HGPhysicsSetDMDAFunctionLocal() or HGPhysicsSetTS(), and before HGPhysicsSetUp()");
  *s = (User *)p->data;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsSetJacobianTranspose - Set the function that applies the transposed Jacobian

   Logically Collective

   Input Parameters:
+  p   - the equation, of type `HGPHYSICSUSER`
.  f   - the function: (HGPhysics p, Vec u, Vec w, Vec g, void *ctx) sets g = J(u)' w
-  ctx - its context

   Level: intermediate

.seealso: `HGPhysicsSetSNES()`, `HGPhysicsTestAdjoint()`
@*/
PetscErrorCode HGPhysicsSetJacobianTranspose(HGPhysics p, PetscErrorCode (*f)(HGPhysics, Vec, Vec, Vec, void *), void *ctx)
{
  User *s = NULL;

  PetscFunctionBegin;
  PetscCall(GetUser(p, &s));
  s->transpose     = f;
  s->transpose_ctx = ctx;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsSetInputFunction - Set the function that takes a sample's input fields before each residual

   Logically Collective

   Input Parameters:
+  p   - the equation, of type `HGPHYSICSUSER`
.  f   - the function: (HGPhysics p, PetscInt sample, Vec a, void *ctx); a is NULL if the evaluation has no input tensor
-  ctx - its context, such as the user's application context

   Level: intermediate

   Shape:
   a: a global vector of a DMDA (`VecGetDM()`) of the grid's layout with the input's channels as degrees of freedom

.seealso: `HGPhysicsSetSNES()`, `HGPhysicsEvaluate()`
@*/
PetscErrorCode HGPhysicsSetInputFunction(HGPhysics p, PetscErrorCode (*f)(HGPhysics, PetscInt, Vec, void *), void *ctx)
{
  User *s = NULL;

  PetscFunctionBegin;
  PetscCall(GetUser(p, &s));
  s->input     = f;
  s->input_ctx = ctx;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetTheta - Set where between its ends a time step takes the equation

   Logically Collective

   Input Parameters:
+  p     - the equation, after `HGPhysicsSetTS()`
-  theta - 1 for backward Euler (the default), 0.5 for Crank-Nicolson, or another of (0, 1]

   Options Database Key:
.  -physics_theta theta - the value

   Level: intermediate

   Errors:
   A value outside (0, 1]: an explicit step needs no network.

.seealso: `HGPhysicsSetTS()`
@*/
PetscErrorCode HGPhysicsSetTheta(HGPhysics p, PetscReal theta)
{
  User *s = NULL;

  PetscFunctionBegin;
  PetscCall(GetUser(p, &s));
  PetscCheck(s->step, PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER, "HGPhysicsSetTheta() comes after HGPhysicsSetTS()");
  PetscCall(HGUserTimeSetTheta(s->step, theta));
  PetscFunctionReturn(PETSC_SUCCESS);
}
