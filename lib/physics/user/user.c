/* SPDX-License-Identifier: BSD-2-Clause */
/* The user's own equation: the residual of a SNES, of a local function on a DMDA, or of an implicit step of a TS */
#include "physics/user/user_impl.h"

#define WHY 256 /* characters of a line's part that says why there is no Jacobian */

const char *const HGPhysicsJacobianTypes[] = {"auto", "snes", "pmat", "coloring", "HGPhysicsJacobianType", "HG_PHYSICS_JACOBIAN_", NULL};

/* How the transposed Jacobian comes about */
typedef enum {
  MODE_NONE,
  MODE_TRANSPOSE, /* the user's function */
  MODE_AMAT,      /* what the SNES or TS computes */
  MODE_PMAT,      /* what it computes for its preconditioner */
  MODE_COLORING   /* differences of the residual, here */
} Mode;

typedef struct {
  SNES       snes; /* of a time step: the TS's */
  HGUserTime step; /* NULL for a SNES or a local function */
  Mode       mode;
  Mat        J[2], picard[2]; /* what a SNES's functions fill in place of its own matrices: A and P */
  HGColoring coloring;
  PetscReal  error; /* of the residual, its square root; 0 for the default */
  PetscErrorCode (*transpose)(HGPhysics, Vec, Vec, Vec, void *);
  void *transpose_ctx;
  PetscErrorCode (*input)(HGPhysics, PetscInt, Vec, void *);
  void *input_ctx;
} User;

/* ---- residual ---- */

/* A rank whose function calls SNESSetFunctionDomainError() has infinite entries, which is reported with the sample */
static PetscErrorCode MarkDomainError(Vec f)
{
  PetscScalar *x;
  PetscInt     n;

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(f, &n));
  PetscCall(VecGetArray(f, &x));
  for (PetscInt i = 0; i < n; i++) x[i] = PETSC_INFINITY;
  PetscCall(VecRestoreArray(f, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solver's flag of domain errors is afterwards what it was */
static PetscErrorCode Residual_User(HGPhysics p, Vec u, Vec f)
{
  User           *s      = (User *)p->data;
  const PetscBool before = HG_SNES_DOMAIN_ERROR(s->snes);
  PetscBool       domain;

  PetscFunctionBegin;
  HG_SNES_DOMAIN_ERROR(s->snes) = PETSC_FALSE;
  if (s->step) PetscCall(HGUserTimeResidual(s->step, u, f));
  else PetscCall(HGUserSNESFunction(p, s->snes, s->picard, u, f));
  domain                        = HG_SNES_DOMAIN_ERROR(s->snes);
  HG_SNES_DOMAIN_ERROR(s->snes) = before;
  if (domain) PetscCall(MarkDomainError(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_User(HGPhysics p, Vec u, Vec w, Vec g)
{
  User     *s     = (User *)p->data;
  const int which = s->mode == MODE_PMAT ? 1 : 0;

  PetscFunctionBegin;
  if (s->mode == MODE_TRANSPOSE) PetscCall((*s->transpose)(p, u, w, g, s->transpose_ctx));
  else if (s->mode == MODE_COLORING) PetscCall(HGColoringApplyTranspose(s->coloring, p, Residual_User, u, w, g));
  else if (s->step) PetscCall(HGUserTimeAdjoint(p, s->step, which, u, w, g));
  else PetscCall(HGUserSNESAdjoint(p, s->snes, s->J, which, u, w, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The user may have given the solver another grid in the meantime */
static PetscErrorCode CheckDM(HGPhysics p, User *s)
{
  DM dm;

  PetscFunctionBegin;
  PetscCall(SNESGetDM(s->snes, &dm));
  HGCheck(dm == p->dm, PetscObjectComm((PetscObject)p), "the %s has another DM than when it was given to HGPhysicsSet%s(); give it again",
          s->step ? "TS" : "SNES", s->step ? "TS" : "SNES");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetInput_User(HGPhysics p, PetscInt sample, Vec a)
{
  User *s = (User *)p->data;

  PetscFunctionBegin;
  PetscCall(CheckDM(p, s));
  if (s->input) PetscCall((*s->input)(p, sample, a, s->input_ctx));
  if (s->step) PetscCall(HGUserTimeSetInput(p, s->step, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- set-up ---- */

static PetscErrorCode SetUpColoring(HGPhysics p, User *s)
{
  PetscFunctionBegin;
  s->mode = MODE_COLORING;
  PetscCall(HGColoringCreate(p->dm, &s->coloring));
  if (s->error > 0) PetscCall(HGColoringSetError(s->coloring, s->error));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether the solver's functions give a Jacobian, with a transposed product by A and by P */
static PetscErrorCode FindJacobian(HGPhysics p, User *s, PetscBool has[2], char why[])
{
  PetscFunctionBegin;
  has[0] = has[1] = PETSC_FALSE;
  if (s->step) PetscCall(HGUserTimeFindJacobian(p, s->step, has, why, WHY));
  else {
    PetscCall(HGUserSNESJacobian(p, s->snes, s->J, why, WHY));
    if (s->J[0] || s->J[1]) PetscCall(HGUserCheckMats(s->J, has, why, WHY));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nothing is tried out here. P need not be the Jacobian: without the test at the first gradient it is not chosen */
static PetscErrorCode ChooseMode(HGPhysics p, User *s)
{
  const HGPhysicsJacobianType type = p->jacobian;
  const char                 *name = s->step ? "TS" : "SNES";
  PetscBool                   has[2];
  char                        why[WHY] = "it has no Jacobian";

  PetscFunctionBegin;
  if (s->transpose && type == HG_PHYSICS_JACOBIAN_AUTO) s->mode = MODE_TRANSPOSE;
  else if (type == HG_PHYSICS_JACOBIAN_COLORING) PetscCall(SetUpColoring(p, s));
  else {
    PetscCall(FindJacobian(p, s, has, why));
    HGCheckOptions(type == HG_PHYSICS_JACOBIAN_AUTO || has[type == HG_PHYSICS_JACOBIAN_PMAT], p,
                   "-physics_jacobian %s: there is none of the %s: %s; use auto or coloring", HGPhysicsJacobianTypes[type], name, why);
    if (type == HG_PHYSICS_JACOBIAN_SNES || (type == HG_PHYSICS_JACOBIAN_AUTO && has[0])) s->mode = MODE_AMAT;
    else if (type == HG_PHYSICS_JACOBIAN_PMAT || (has[1] && p->test)) s->mode = MODE_PMAT;
    else {
      PetscCall(PetscInfo(p, "Coloured differences, since there is no Jacobian of the %s: %s\n", name, why));
      PetscCall(SetUpColoring(p, s));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first gradient has shown that P is not the Jacobian */
static PetscErrorCode OtherJacobian_User(HGPhysics p, PetscBool *other)
{
  User *s = (User *)p->data;

  PetscFunctionBegin;
  *other = s->mode == MODE_PMAT && p->jacobian == HG_PHYSICS_JACOBIAN_AUTO ? PETSC_TRUE : PETSC_FALSE;
  if (!*other) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscInfo(p, "The matrix that the solver's preconditioner is made of is not the Jacobian: coloured differences\n"));
  PetscCall(HGUserDestroyMats(s->J));
  PetscCall(SetUpColoring(p, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetFromOptions_User(HGPhysics p)
{
  User *s = (User *)p->data;

  PetscFunctionBegin;
  PetscObjectOptionsBegin((PetscObject)p);
  PetscCall(PetscOptionsEnum("-physics_jacobian", "what the transposed Jacobian is made of", "HGPhysicsSetJacobianType",
                             HGPhysicsJacobianTypes, (PetscEnum)p->jacobian, (PetscEnum *)&p->jacobian, NULL));
  PetscCall(PetscOptionsReal("-mat_fd_coloring_err", "square root of the relative error of the residual, for coloured differences",
                             "MatFDColoringSetParameters", s->error, &s->error, NULL));
  PetscOptionsEnd();
  if (s->step) PetscCall(HGUserTimeSetFromOptions(p, s->step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_User(HGPhysics p)
{
  MPI_Comm comm                                      = PetscObjectComm((PetscObject)p);
  User    *s                                         = (User *)p->data;
  PetscErrorCode (*function)(SNES, Vec, Vec, void *) = NULL;

  PetscFunctionBegin;
  PetscCall(CheckDM(p, s));
  PetscCall(DMSetUp(p->dm));
  if (s->step) PetscCall(HGUserTimeSetUp(p, s->step));
  else {
    PetscCall(SNESGetFunction(s->snes, NULL, &function, NULL));
    HGCheck(function, comm, "the SNES has no function; set one with SNESSetFunction() or DMDASNESSetFunctionLocal()");
    HGCheck(function != SNESTSFormFunction, comm, "this SNES solves the time steps of a TS; give that one to HGPhysicsSetTS()");
  }
  PetscCall(ChooseMode(p, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode View_User(HGPhysics p, PetscViewer viewer)
{
  const User *s     = (User *)p->data;
  const char *owner = s->step ? "TS" : "SNES";
  PetscInt    count;

  PetscFunctionBegin;
  if (s->step && s->mode != MODE_NONE) PetscCall(HGUserTimeView(s->step, viewer));
  switch (s->mode) {
  case MODE_TRANSPOSE:
    PetscCall(PetscViewerASCIIPrintf(
        viewer, "transposed Jacobian: the user's function; a gradient costs 1 residual and 1 call of it for each sample\n"));
    break;
  case MODE_AMAT:
    PetscCall(PetscViewerASCIIPrintf(
        viewer, "transposed Jacobian: of the %s's Jacobian; a gradient costs 1 residual and 1 Jacobian for each sample\n", owner));
    break;
  case MODE_PMAT:
    PetscCall(
        PetscViewerASCIIPrintf(viewer,
                               "transposed Jacobian: of the %s's preconditioning matrix%s; a gradient costs 1 residual and 1 Jacobian "
                               "for each sample\n",
                               owner, p->jacobian == HG_PHYSICS_JACOBIAN_AUTO && !p->tested ? ", if it passes the test" : ""));
    break;
  case MODE_COLORING:
    PetscCall(HGColoringGetCount(s->coloring, &count));
    PetscCall(PetscViewerASCIIPrintf(viewer,
                                     "transposed Jacobian: coloured finite differences, %" PetscInt_FMT
                                     " colours; a gradient costs %" PetscInt_FMT " residuals for each sample\n",
                                     count, count + 2));
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
  PetscCall(HGColoringDestroy(&s->coloring));
  PetscCall(HGUserDestroyMats(s->J));
  PetscCall(HGUserDestroyMats(s->picard));
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
  p->data = s;
  p->hard = p->soft      = PETSC_FALSE; /* conditions on the boundary are the residual's own */
  p->ops->setfromoptions = SetFromOptions_User;
  p->ops->setup          = SetUp_User;
  p->ops->setinput       = SetInput_User;
  p->ops->residual       = Residual_User;
  p->ops->adjoint        = Adjoint_User;
  p->ops->otherjacobian  = OtherJacobian_User;
  p->ops->view           = View_User;
  p->ops->destroy        = Destroy_User;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solver's DMDA */
static PetscErrorCode CheckSolver(HGPhysics p, const char owner[], DM dm)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)p);
  const char *type = dm ? ((PetscObject)dm)->type_name : NULL;
  PetscBool   da   = PETSC_FALSE;

  PetscFunctionBegin;
  HGCheck(!p->setup, comm, "HGPhysicsSet%s() comes before HGPhysicsSetUp(); make another HGPhysics for another equation", owner);
  PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMDA, &da));
  HGCheck(da, comm, "the %s's DM is %s%s; a network's output needs a DMDA: set one with %sSetDM()", owner, type ? "of type " : "not set",
          type ? type : "", owner);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Solver, grid and step (NULL, or now ours) in place of what there was */
static PetscErrorCode TakeSolver(HGPhysics p, SNES snes, DM dm, HGUserTime step)
{
  User *s;

  PetscFunctionBegin;
  PetscCall(HGPhysicsSetType(p, HGPHYSICSUSER));
  s = (User *)p->data;
  PetscCall(PetscObjectReference((PetscObject)snes));
  PetscCall(SNESDestroy(&s->snes));
  PetscCall(HGUserTimeDestroy(&s->step));
  s->snes = snes;
  s->step = step;
  PetscCall(HGPhysicsTakeDMDA(p, dm));
  if (p->options) PetscCall(SetFromOptions_User(p)); /* HGPhysicsSetFromOptions() came before */
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
   The transposed Jacobian is that of `HGPhysicsSetJacobianTranspose()` if given, else of what the SNES has, else made of
   coloured finite differences, see `HGPhysicsSetJacobianType()`; `HGPhysicsView()` says which, and what it costs.

   The SNES stays as it is: its functions are called with it and with its DM, but with matrices of the equation's own, and without counting or its
   right-hand side. It may be of any type, need not be set up, and can be used for solving at any time.

   The equation's grid is the DMDA's; `HGPhysicsSetGrid()` is not needed.

   Errors:
   A SNES whose DM is not a DMDA; `HGPhysicsSetUp()` refuses one that has no function, or that has another DM by then.

.seealso: `HGPhysicsSetDMDAFunctionLocal()`, `HGPhysicsSetJacobianType()`, `HGPhysicsSetInputFunction()`, `HGPhysicsEvaluate()`
@*/
PetscErrorCode HGPhysicsSetSNES(HGPhysics p, SNES snes)
{
  DM dm = NULL;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscValidHeaderSpecific(snes, SNES_CLASSID, 2);
  PetscCall(SNESGetDM(snes, &dm));
  PetscCall(CheckSolver(p, "SNES", dm));
  PetscCall(TakeSolver(p, snes, dm, NULL));
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
   one, else made of coloured finite differences, see `HGPhysicsSetJacobianType()`; `HGPhysicsView()` says which, and what it costs.

   The TS stays as it is, see `HGPhysicsSetSNES()`.

   Errors:
   A TS whose DM is not a DMDA, without a function, of second order in time, or with a step that is not positive; at the first sample an
   I-function that does not depend on u_t, and for theta < 1 one that does so through a matrix that changes with u or t.

.seealso: `HGPhysicsSetTheta()`, `HGPhysicsSetSNES()`, `HGPhysicsSetInputFunction()`, `HGPhysicsEvaluate()`
@*/
PetscErrorCode HGPhysicsSetTS(HGPhysics p, TS ts)
{
  HGUserTime step;
  SNES       snes;
  DM         dm;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscValidHeaderSpecific(ts, TS_CLASSID, 2);
  PetscCall(TSGetDM(ts, &dm));
  PetscCall(CheckSolver(p, "TS", dm));
  PetscCall(HGUserTimeCreate(p, ts, &step));
  PetscCall(TSGetSNES(ts, &snes));
  PetscCall(TakeSolver(p, snes, dm, step));
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
  HGCheck(!p->setup, comm, "HGPhysicsSetDMDAFunctionLocal() comes before HGPhysicsSetUp(); make another HGPhysics for another equation");
  PetscCall(DMSetUp(da));
  PetscCall(DMClone(da, &own));
  PetscCall(DMDASNESSetFunctionLocal(own, INSERT_VALUES, func, ctx));
  PetscCall(SNESCreate(PetscObjectComm((PetscObject)da), &snes));
  PetscCall(SNESSetDM(snes, own));
  PetscCall(HGPhysicsSetSNES(p, snes));
  PetscCall(SNESDestroy(&snes));
  PetscCall(DMDestroy(&own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetUser(HGPhysics p, const char setter[], User **s)
{
  PetscBool user;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)p, HGPHYSICSUSER, &user));
  HGCheck(user, PetscObjectComm((PetscObject)p),
          "%s() comes after HGPhysicsSetSNES(), HGPhysicsSetDMDAFunctionLocal() or HGPhysicsSetTS(); the equation is %s", setter,
          ((PetscObject)p)->type_name ? ((PetscObject)p)->type_name : "not set");
  HGCheck(!p->setup, PetscObjectComm((PetscObject)p), "%s() comes before HGPhysicsSetUp()", setter);
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
  PetscCall(GetUser(p, "HGPhysicsSetJacobianTranspose", &s));
  s->transpose     = f;
  s->transpose_ctx = ctx;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetJacobianType - Choose what the transposed Jacobian of a user's equation is made of

   Logically Collective

   Input Parameters:
+  p    - the equation
-  type - the choice

   Options Database Keys:
+  -physics_jacobian auto|snes|pmat|coloring - the choice (default auto)
-  -mat_fd_coloring_err err - of coloured differences: square root of the relative error of the residual (default: of the machine's)

   Level: intermediate

   Notes:
   `HG_PHYSICS_JACOBIAN_AUTO` takes the function of `HGPhysicsSetJacobianTranspose()`; without it the Jacobian A of the SNES or TS, if its
   function computes one and A has a transposed product; else P, the matrix for its preconditioner, if that passes the test at the first
   gradient; else coloured differences. Nothing is tried out for it: no function of the user's is called before the first residual.

   The solver's matrices are not touched: its Jacobian function fills copies of them. It must fill the matrices it is given.

   Coloured differences are ours and need no matrix. The residual at a point may depend on the points of the DMDA's stencil, periodic or
   not, and of any number; a gradient costs a residual for each colour and unknown, such as 5 for a star of width one in two
   dimensions, and two more. `-snes_mf`, `-snes_fd`, `-snes_fd_color` and `SNESSetPicard()` have no Jacobian of their own to offer and come to these.

   Errors:
   `HGPhysicsSetUp()` refuses `HG_PHYSICS_JACOBIAN_SNES` and `HG_PHYSICS_JACOBIAN_PMAT` where there is no such matrix, and a DMDA with a twisted
   boundary for coloured differences; the first gradient one that is not the Jacobian of the residual.

.seealso: `HGPhysicsSetSNES()`, `HGPhysicsSetTS()`, `HGPhysicsTestAdjoint()`
@*/
PetscErrorCode HGPhysicsSetJacobianType(HGPhysics p, HGPhysicsJacobianType type)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  HGCheck(!p->setup, PetscObjectComm((PetscObject)p), "HGPhysicsSetJacobianType() comes before HGPhysicsSetUp()");
  p->jacobian = type;
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
  PetscCall(GetUser(p, "HGPhysicsSetInputFunction", &s));
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
  PetscCall(GetUser(p, "HGPhysicsSetTheta", &s));
  HGCheck(s->step, PetscObjectComm((PetscObject)p), "HGPhysicsSetTheta() comes after HGPhysicsSetTS()");
  PetscCall(HGUserTimeSetTheta(p, s->step, theta));
  PetscFunctionReturn(PETSC_SUCCESS);
}
