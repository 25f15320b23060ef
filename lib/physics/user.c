/* SPDX-License-Identifier: BSD-2-Clause */
/* The user's own equation: the residual of a SNES, or of a local function on a DMDA */
#include "physics/physics_impl.h"

/* How the transposed Jacobian comes about */
typedef enum {
  MODE_NONE,
  MODE_TRANSPOSE, /* the user's function */
  MODE_JACOBIAN,  /* what the SNES computes */
  MODE_COLORING   /* differences of the residual, here */
} Mode;

typedef struct {
  SNES          snes;
  Mode          mode;
  Mat           J;        /* for coloured differences */
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
  PetscCall(SNESComputeFunction(s->snes, u, f));
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

static PetscErrorCode MultTranspose(HGPhysics p, Mat J, Vec w, Vec g)
{
  PetscBool has;
  MatType   type;

  PetscFunctionBegin;
  PetscCall(MatHasOperation(J, MATOP_MULT_TRANSPOSE, &has));
  PetscCall(MatGetType(J, &type));
  HGCheck(has, PetscObjectComm((PetscObject)p), "the SNES's Jacobian, a matrix of type %s, has no transposed product; give one that has, or HGPhysicsSetJacobianTranspose()", type);
  PetscCall(MatMultTranspose(J, w, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_User(HGPhysics p, Vec u, Vec w, Vec g)
{
  User    *s = (User *)p->data;
  Mat      A, B;
  PetscInt lag;

  PetscFunctionBegin;
  switch (s->mode) {
  case MODE_TRANSPOSE:
    PetscCall((*s->transpose)(p, u, w, g, s->transpose_ctx));
    break;
  case MODE_JACOBIAN:
    PetscCall(SNESGetJacobian(s->snes, &A, &B, NULL, NULL));
    PetscCall(SNESGetLagJacobian(s->snes, &lag));
    PetscCall(SNESSetLagJacobian(s->snes, 1)); /* not an older one */
    PetscCall(SNESComputeJacobian(s->snes, u, A, B));
    PetscCall(SNESSetLagJacobian(s->snes, lag));
    PetscCall(MultTranspose(p, A, w, g));
    break;
  default:
    PetscCall(MatFDColoringApply(s->J, s->coloring, u, s->snes));
    PetscCall(MultTranspose(p, s->J, w, g));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetInput_User(HGPhysics p, PetscInt sample, Vec a)
{
  User *s = (User *)p->data;

  PetscFunctionBegin;
  if (s->input) PetscCall((*s->input)(p, sample, a, s->input_ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpColoring(HGPhysics p, User *s)
{
  ISColoring colors;

  PetscFunctionBegin;
  PetscCall(DMCreateColoring(p->dm, IS_COLORING_GLOBAL, &colors));
  PetscCall(ISColoringGetColors(colors, NULL, &s->colors, NULL));
  PetscCall(DMCreateMatrix(p->dm, &s->J));
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
static PetscErrorCode ChooseMode(HGPhysics p, User *s)
{
  PetscErrorCode (*jacobian)(SNES, Vec, Mat, Mat, void *) = NULL;
  PetscObject colored                                     = NULL;
  Mat         A, B;
  Vec         u;

  PetscFunctionBegin;
  s->mode = MODE_COLORING;
  if (s->transpose) {
    s->mode = MODE_TRANSPOSE;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SNESGetJacobian(s->snes, NULL, NULL, &jacobian, NULL));
  if (!jacobian || jacobian == SNESComputeJacobianDefault || jacobian == SNESComputeJacobianDefaultColor) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SNESSetUp(s->snes));
  PetscCall(SNESGetJacobian(s->snes, &A, &B, NULL, NULL));
  PetscCall(DMCreateGlobalVector(p->dm, &u));
  PetscCall(VecSet(u, 0));
  PetscCall(SNESComputeJacobian(s->snes, u, A, B));
  PetscCall(VecDestroy(&u));
  PetscCall(PetscObjectQuery((PetscObject)p->dm, "DMDASNES_FDCOLORING", &colored));
  if (!colored) s->mode = MODE_JACOBIAN;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_User(HGPhysics p)
{
  User *s = (User *)p->data;

  PetscFunctionBegin;
  HGCheck(s->snes, PetscObjectComm((PetscObject)p), "an equation of your own needs HGPhysicsSetSNES() or HGPhysicsSetDMDAFunctionLocal()");
  PetscCall(ChooseMode(p, s));
  if (s->mode == MODE_COLORING) PetscCall(SetUpColoring(p, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode View_User(HGPhysics p, PetscViewer viewer)
{
  const User *s = (User *)p->data;

  PetscFunctionBegin;
  switch (s->mode) {
  case MODE_TRANSPOSE:
    PetscCall(PetscViewerASCIIPrintf(viewer, "transposed Jacobian: the user's function; a gradient costs 1 residual and 1 call of it for each sample\n"));
    break;
  case MODE_JACOBIAN:
    PetscCall(PetscViewerASCIIPrintf(viewer, "transposed Jacobian: of the SNES's Jacobian; a gradient costs 1 residual and 1 Jacobian for each sample\n"));
    break;
  case MODE_COLORING:
    PetscCall(PetscViewerASCIIPrintf(viewer, "transposed Jacobian: coloured finite differences, %" PetscInt_FMT " colours; a gradient costs %" PetscInt_FMT " residuals for each sample\n", s->colors, s->colors + 2));
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
  PetscCall(SNESDestroy(&s->snes));
  PetscCall(PetscFree(p->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*MC
   HGPHYSICSUSER - the user's own equation, from a SNES or a local function on a DMDA

   Level: beginner

.seealso: `HGPhysicsSetSNES()`, `HGPhysicsSetDMDAFunctionLocal()`
M*/
PetscErrorCode HGPhysicsCreate_User(HGPhysics p)
{
  User *s;

  PetscFunctionBegin;
  PetscCall(PetscNew(&s));
  p->data          = s;
  p->ops->setup    = SetUp_User;
  p->ops->setinput = SetInput_User;
  p->ops->residual = Residual_User;
  p->ops->adjoint  = Adjoint_User;
  p->ops->view     = View_User;
  p->ops->destroy  = Destroy_User;
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
  MPI_Comm comm = PetscObjectComm((PetscObject)p);
  PetscErrorCode (*function)(SNES, Vec, Vec, void *) = NULL;
  User     *s;
  DM        dm = NULL;
  PetscInt  size[3], dim;
  PetscBool da = PETSC_FALSE, has;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscValidHeaderSpecific(snes, SNES_CLASSID, 2);
  PetscCheck(!p->setup, comm, PETSC_ERR_ORDER, "HGPhysicsSetSNES() comes before HGPhysicsSetUp()");
  PetscCall(SNESGetDM(snes, &dm));
  PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMDA, &da));
  HGCheck(da, comm, "the SNES's DM is %s%s; a network's output needs a DMDA: set one with SNESSetDM()", ((PetscObject)dm)->type_name ? "of type " : "not set", ((PetscObject)dm)->type_name ? ((PetscObject)dm)->type_name : "");
  PetscCall(SNESGetFunction(snes, NULL, &function, NULL));
  has = function ? PETSC_TRUE : PETSC_FALSE;
  HGCheck(has, comm, "the SNES has no function; set one with SNESSetFunction() or DMDASNESSetFunctionLocal()");
  PetscCall(HGPhysicsSetType(p, HGPHYSICSUSER));
  PetscCall(DMDAGetInfo(dm, &dim, &size[2], &size[1], &size[0], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(HGPhysicsSetGrid(p, dim, size));
  s = (User *)p->data;
  PetscCall(PetscObjectReference((PetscObject)snes));
  PetscCall(SNESDestroy(&s->snes));
  s->snes = snes;
  PetscCall(HGPhysicsSetDMDA(p, dm));
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
  PetscCheck(user && !p->setup, PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER, "this comes after HGPhysicsSetSNES() or HGPhysicsSetDMDAFunctionLocal(), and before HGPhysicsSetUp()");
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
