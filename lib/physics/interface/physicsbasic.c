/* SPDX-License-Identifier: BSD-2-Clause */
#include "physics/grid/grid_impl.h"

PetscFunctionList HGPhysicsList;
static PetscBool  HGPhysicsRegisterAllCalled, HGPhysicsEventsRegistered;
static PetscInt   HGPhysicsEquations; /* of those of HGEquationGetAll() that are in the list */

PetscLogEvent HG_PHYSICS_Evaluate, HG_PHYSICS_Residual, HG_PHYSICS_Adjoint, HG_PHYSICS_Jacobian, HG_PHYSICS_Norm;

static PetscErrorCode FinalizePackage(void)
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListDestroy(&HGPhysicsList));
  HGPhysicsRegisterAllCalled = HGPhysicsEventsRegistered = PETSC_FALSE;
  HGPhysicsEquations                                     = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Also those that a program has registered since */
static PetscErrorCode RegisterEquations(void)
{
  PetscInt                 n;
  const HGEquation *const *e;

  PetscFunctionBegin;
  PetscCall(HGEquationGetAll(&n, &e));
  for (; HGPhysicsEquations < n; HGPhysicsEquations++)
    if (e[HGPhysicsEquations]->role != HG_INPUT_COEFFICIENT)
      PetscCall(PetscFunctionListAdd(&HGPhysicsList, e[HGPhysicsEquations]->name, HGPhysicsCreate_Grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RegisterAll(void)
{
  PetscFunctionBegin;
  if (HGPhysicsRegisterAllCalled) PetscFunctionReturn(PETSC_SUCCESS);
  HGPhysicsRegisterAllCalled = PETSC_TRUE;
  PetscCall(PetscRegisterFinalize(FinalizePackage));
  PetscCall(HGPhysicsRegister(HGPHYSICSDARCY, HGPhysicsCreate_Darcy));
  PetscCall(RegisterEquations());
  PetscCall(HGPhysicsRegister(HGPHYSICSUSER, HGPhysicsCreate_User));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RegisterEvents(void)
{
  PetscFunctionBegin;
  if (HGPhysicsEventsRegistered) PetscFunctionReturn(PETSC_SUCCESS);
  HGPhysicsEventsRegistered = PETSC_TRUE;
  PetscCall(PetscLogEventRegister("HGPhysEvaluate", HG_PHYSICS_CLASSID, &HG_PHYSICS_Evaluate));
  PetscCall(PetscLogEventRegister("HGPhysResidual", HG_PHYSICS_CLASSID, &HG_PHYSICS_Residual));
  PetscCall(PetscLogEventRegister("HGPhysAdjoint", HG_PHYSICS_CLASSID, &HG_PHYSICS_Adjoint));
  PetscCall(PetscLogEventRegister("HGPhysJacobian", HG_PHYSICS_CLASSID, &HG_PHYSICS_Jacobian));
  PetscCall(PetscLogEventRegister("HGPhysNorm", HG_PHYSICS_CLASSID, &HG_PHYSICS_Norm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsRegister - Add an equation

   Not Collective

   Input Parameters:
+  name   - its name for `HGPhysicsSetType()`
-  create - the function that fills in its operations

   Level: advanced

.seealso: `HGPhysicsSetType()`
@*/
PetscErrorCode HGPhysicsRegister(const char name[], PetscErrorCode (*create)(HGPhysics))
{
  PetscFunctionBegin;
  PetscCall(RegisterAll());
  PetscCall(PetscFunctionListAdd(&HGPhysicsList, name, create));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsCreate - Create an equation on a grid

   Collective

   Input Parameter:
.  comm - the ranks that share the grid

   Output Parameter:
.  phys - the equation

   Level: beginner

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetGrid()`, `HGPhysicsSetUp()`, `HGPhysicsDestroy()`
@*/
PetscErrorCode HGPhysicsCreate(MPI_Comm comm, HGPhysics *phys)
{
  HGPhysics p;

  PetscFunctionBegin;
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(RegisterAll());
  PetscCall(RegisterEvents());
  PetscCall(PetscHeaderCreate(p, HG_PHYSICS_CLASSID, "HGPhysics", "Equation on a grid", "Physics", comm, HGPhysicsDestroy, HGPhysicsView));
  p->dim    = 2;
  p->sample = -1;
  p->bad    = -1;
  p->test   = PETSC_TRUE;
  p->order  = 2;
  for (int a = 0; a < 3; a++) {
    p->axis[a].length = 1;
    for (int i = 0; i < 2; i++) p->axis[a].side[i] = (HGSide){.kind = HG_PHYSICS_DIRICHLET, .alpha = 1};
  }
  *phys = p;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a type has set; the grid of a user's solver goes with it */
static PetscErrorCode ForgetType(HGPhysics p)
{
  PetscBool user;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)p, HGPHYSICSUSER, &user));
  if (user) PetscCall(DMDestroy(&p->dm));
  if (p->ops->destroy) PetscCall((*p->ops->destroy)(p));
  PetscCall(PetscMemzero(p->ops, sizeof(struct _HGPhysicsOps)));
  p->unknowns = p->inputs = 0;
  p->title = p->inputname = p->outputname = NULL;
  p->parameter[0]                         = 0;
  p->positive                             = PETSC_FALSE;
  for (int i = 0; i < HG_MAX_UNKNOWNS; i++) p->homogeneous[i] = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsSetType - Set which equation it is

   Collective

   Input Parameters:
+  p    - the equation
-  type - its name

   Options Database Key:
.  -physics_type name - the name

   Level: beginner

   Note:
   Parameters, solver and equation of the type before are gone. Grid, domain and conditions stay, where the new type has them.

   Errors:
   An unknown name; another type after `HGPhysicsSetUp()`.

.seealso: `HGPhysicsType`
@*/
PetscErrorCode HGPhysicsSetType(HGPhysics p, HGPhysicsType type)
{
  PetscErrorCode (*create)(HGPhysics);
  PetscBool match;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)p, type, &match));
  if (match) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(RegisterEquations());
  PetscCall(PetscFunctionListFind(HGPhysicsList, type, &create));
  if (!create) PetscFunctionReturn(HGNamesRefuse(PetscObjectComm((PetscObject)p), "equation", type, HGPhysicsList, "-physics_type"));
  HGCheck(!p->setup, PetscObjectComm((PetscObject)p), "the equation is set up as %s and cannot become %s; make another HGPhysics",
          ((PetscObject)p)->type_name, type);
  PetscCall(ForgetType(p));
  PetscCall(PetscObjectChangeTypeName((PetscObject)p, type));
  PetscCall((*create)(p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsGetType - Get which equation it is

   Not Collective

   Input Parameter:
.  p - the equation

   Output Parameter:
.  type - its name, NULL if none was set

   Level: intermediate

.seealso: `HGPhysicsSetType()`
@*/
PetscErrorCode HGPhysicsGetType(HGPhysics p, HGPhysicsType *type)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  *type = ((PetscObject)p)->type_name;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsSetOptionsPrefix - Set the prefix of all options of the equation and its solver

   Logically Collective

   Input Parameters:
+  p      - the equation
-  prefix - the prefix

   Level: intermediate

.seealso: `HGPhysicsSetFromOptions()`
@*/
PetscErrorCode HGPhysicsSetOptionsPrefix(HGPhysics p, const char prefix[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)p, prefix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode HasGrid(HGPhysics p, PetscInt dim, const PetscInt size[], PetscBool *has)
{
  PetscFunctionBegin;
  *has = p->dim == dim ? PETSC_TRUE : PETSC_FALSE;
  for (int a = 0; a < 3; a++)
    if (p->size[a] != size[a]) *has = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetGrid - Set the grid

   Logically Collective

   Input Parameters:
+  p    - the equation
.  dim  - dimensions of space, 1 to 3
-  size - points in Z, Y, X; 1 where space has fewer dimensions

   Level: beginner

   Shape:
   `size`: [3]

   Errors:
   A number of points that is not positive, or another than that of the DMDA of a user's equation. `HGPhysicsSetUp()` refuses more ranks than the
   grid can be divided among.

.seealso: `HGPhysicsSetUp()`
@*/
PetscErrorCode HGPhysicsSetGrid(HGPhysics p, PetscInt dim, const PetscInt size[])
{
  MPI_Comm  comm = PetscObjectComm((PetscObject)p);
  PetscBool user, same;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  HGCheck(!p->setup, comm, "the grid is set before HGPhysicsSetUp()");
  HGCheck(dim >= 1 && dim <= 3, comm, "a grid of %" PetscInt_FMT " dimensions; expected 1, 2 or 3", dim);
  for (int a = 0; a < 3; a++) {
    HGCheck(size[a] > 0, comm, "a grid of %" PetscInt_FMT " points in %c; expected 1 or more", size[a], "zyx"[a]);
    HGCheck(size[a] == 1 || a >= 3 - dim, comm, "a grid of %" PetscInt_FMT " dimensions has %" PetscInt_FMT " points in %c; expected 1",
            dim, size[a], "zyx"[a]);
  }
  PetscCall(HasGrid(p, dim, size, &same));
  PetscCall(PetscObjectTypeCompare((PetscObject)p, HGPHYSICSUSER, &user));
  HGCheck(same || !user || !p->dm, comm,
          "the grid of your own equation is that of its DMDA, %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
          " points (x, y, z), and not %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT "; leave HGPhysicsSetGrid() out",
          p->size[2], p->size[1], p->size[0], size[2], size[1], size[0]);
  if (!same) PetscCall(DMDestroy(&p->dm)); /* of HGPhysicsSetDMDA() */
  for (int a = 0; a < 3; a++) p->size[a] = size[a];
  p->dim = dim;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGPhysicsTakeDMDA - Set grid and partition by a DMDA, in place of any there are

  Logically Collective
*/
PetscErrorCode HGPhysicsTakeDMDA(HGPhysics p, DM da)
{
  PetscInt dim, size[3];

  PetscFunctionBegin;
  PetscCall(PetscObjectReference((PetscObject)da));
  PetscCall(DMDestroy(&p->dm));
  PetscCall(DMDAGetInfo(da, &dim, &size[2], &size[1], &size[0], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(HGPhysicsSetGrid(p, dim, size));
  p->dm = da;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetDMDA - Set the grid and its partition by a DMDA

   Logically Collective

   Input Parameters:
+  p  - the equation
-  da - the DMDA, such as that of `HGPartitionGetDM()` of a network's output; referenced

   Level: intermediate

   Note:
   A built-in equation takes the points of each rank from it, and makes one of its own with the right degrees of freedom and ghost points.

   Errors:
   A DM of another type; another DMDA than that of a user's equation.

.seealso: `HGPhysicsSetGrid()`, `HGPhysicsEvaluate()`
@*/
PetscErrorCode HGPhysicsSetDMDA(HGPhysics p, DM da)
{
  MPI_Comm  comm = PetscObjectComm((PetscObject)p);
  PetscBool is, user;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscValidHeaderSpecific(da, DM_CLASSID, 2);
  HGCheck(!p->setup, comm, "the grid is set before HGPhysicsSetUp()");
  PetscCall(PetscObjectTypeCompare((PetscObject)da, DMDA, &is));
  HGCheck(is, comm, "HGPhysicsSetDMDA() takes a DMDA; this DM is of type %s", ((PetscObject)da)->type_name);
  PetscCall(PetscObjectTypeCompare((PetscObject)p, HGPHYSICSUSER, &user));
  HGCheck(!user || !p->dm || p->dm == da, comm,
          "the grid of your own equation is the DMDA that it was given with; leave HGPhysicsSetDMDA() out");
  PetscCall(HGPhysicsTakeDMDA(p, da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An option must not put another equation in the place of the program's own, which nothing would show */
static PetscErrorCode CheckType(HGPhysics p, const char type[])
{
  PetscBool user, same;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)p, HGPHYSICSUSER, &user));
  PetscCall(PetscStrcmp(type, HGPHYSICSUSER, &same));
  HGCheckOptions(!user || same || !p->dm, p,
                 "-physics_type %s: this program has its own equation, of HGPhysicsSetSNES() or the like; leave the option out", type);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetFromOptions - Set the equation and its solver from the options database

   Collective

   Input Parameter:
.  p - the equation, its grid set

   Options Database Keys:
+  -physics_type name - the equation (default darcy)
.  -physics_norm l2|preconditioned - norm of the residual (default l2), see `HGPhysicsSetNorm()`
-  -physics_test 0|1  - test the Jacobian at the first gradient (default 1)

   Level: beginner

   Note:
   Options of the equation and of its solver have the prefix of the equation. It may be called before or after `HGPhysicsSetSNES()` and the like.

   Errors:
   `-physics_type` for an equation of the user's own.

.seealso: `HGPhysicsSetUp()`
@*/
PetscErrorCode HGPhysicsSetFromOptions(HGPhysics p)
{
  const char *now = ((PetscObject)p)->type_name, *type = now ? now : HGPHYSICSDARCY;
  PetscInt    norm = p->norm;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscObjectOptionsBegin((PetscObject)p);
  PetscCall(HGOptionsType(PetscOptionsObject, "-physics_type", "equation", "HGPhysicsSetType", HGPhysicsList, &type, NULL));
  PetscCall(
      HGOptionsBool(PetscOptionsObject, "-physics_test", "test the Jacobian at the first gradient", "HGPhysicsEvaluate", &p->test, NULL));
  PetscCall(
      HGOptionsChoice(PetscOptionsObject, "-physics_norm", "norm of the residual", "HGPhysicsSetNorm", HGPhysicsNorms, 2, &norm, NULL));
  PetscCall(HGOptionsView(PetscOptionsObject, "-physics_view", "print equation, grid and conditions"));
  p->norm = (HGPhysicsNorm)norm;
  PetscCall(CheckType(p, type));
  PetscCall(HGPhysicsSetType(p, type));
  PetscCall(PetscObjectProcessOptionsHandlers((PetscObject)p, PetscOptionsObject));
  PetscOptionsEnd();
  p->options = PETSC_TRUE;
  if (p->ops->setfromoptions) PetscCall((*p->ops->setfromoptions)(p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateDM(HGPhysics p)
{
  MPI_Comm       comm = PetscObjectComm((PetscObject)p);
  PetscMPIInt    ranks;
  PetscInt       n[3];
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  PetscCall(DMDACreate(comm, &p->dm));
  PetscCall(DMSetDimension(p->dm, p->dim));
  PetscCall(DMDASetSizes(p->dm, p->size[2], p->size[1], p->size[0]));
  PetscCall(DMDASetStencilType(p->dm, DMDA_STENCIL_STAR));
  PetscCall(DMDASetStencilWidth(p->dm, 1));
  PetscCall(DMDASetDof(p->dm, PetscMax(1, p->unknowns)));
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)p->dm, ((PetscObject)p)->prefix));
  PetscCall(DMSetFromOptions(p->dm));
  /* PETSc divides the ranks among the directions and then finds that some have too few points */
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  e = DMSetUp(p->dm);
  PetscCall(PetscPopErrorHandler());
  HGCheckOptions(!e, p,
                 "%d rank%s cannot share a grid of %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
                 " points (x, y, z); use fewer ranks, or divide them with -da_processors_x, _y, _z",
                 ranks, ranks > 1 ? "s" : "", p->size[2], p->size[1], p->size[0]);
  PetscCall(DMDAGetInfo(p->dm, NULL, &n[2], &n[1], &n[0], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  HGCheckOptions(n[0] == p->size[0] && n[1] == p->size[1] && n[2] == p->size[2], p,
                 "the -da_... options make a grid of %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
                 " points (x, y, z) of one of %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
                 "; leave -da_grid_x, _y, _z and -da_refine out, the grid is the equation's",
                 n[2], n[1], n[0], p->size[2], p->size[1], p->size[0]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetUp - Partition the grid and prepare the solver

   Collective

   Input Parameter:
.  p - the equation, type and grid set

   Options Database Key:
.  -physics_view - print equation, grid and conditions when all is ready

   Level: beginner

   Errors:
   More ranks than points, parts thinner than the differences reach, a condition on a periodic side.

.seealso: `HGPhysicsGetDM()`, `HGPhysicsSolve()`
@*/
PetscErrorCode HGPhysicsSetUp(HGPhysics p)
{
  PetscInt  dof;
  PetscBool user;
  DM        dm;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  if (p->setup) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscObjectTypeCompare((PetscObject)p, HGPHYSICSUSER, &user));
  HGCheck(!user || p->dm, PetscObjectComm((PetscObject)p),
          "an equation of your own needs HGPhysicsSetSNES(), HGPhysicsSetDMDAFunctionLocal() or HGPhysicsSetTS()");
  PetscCheck(((PetscObject)p)->type_name && p->size[2], PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER,
             "type and grid come before HGPhysicsSetUp()");
  HGCheckOptions(user || p->jacobian == HG_PHYSICS_JACOBIAN_AUTO, p,
                 "-physics_jacobian %s is for an equation of your own; %s has a hand-written adjoint", HGPhysicsJacobianTypes[p->jacobian],
                 ((PetscObject)p)->type_name);
  if (p->ops->channels) PetscCall((*p->ops->channels)(p));
  if (!p->dm) PetscCall(CreateDM(p));
  PetscCall(DMDAGetDof(p->dm, &dof));
  if (p->unknowns && dof != p->unknowns) {
    PetscCall(DMDACreateCompatibleDMDA(p->dm, p->unknowns, &dm));
    PetscCall(DMDestroy(&p->dm));
    p->dm = dm;
  }
  if (p->unknowns) PetscCall(HGPhysicsSetUpAxes(p));
  if (p->ops->setup) PetscCall((*p->ops->setup)(p));
  p->setup = PETSC_TRUE;
  PetscCall(PetscObjectViewFromOptions((PetscObject)p, NULL, "-physics_view"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsView - Print an equation

   Collective

   Input Parameters:
+  p      - the equation
-  viewer - an ASCII viewer, or NULL for standard output

   Level: beginner

.seealso: `HGPhysicsSetUp()`
@*/
PetscErrorCode HGPhysicsView(HGPhysics p, PetscViewer viewer)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  if (!viewer) PetscCall(PetscViewerASCIIGetStdout(PetscObjectComm((PetscObject)p), &viewer));
  PetscCall(PetscObjectPrintClassNamePrefixType((PetscObject)p, viewer));
  PetscCall(PetscViewerASCIIPushTab(viewer));
  PetscCall(PetscViewerASCIIPrintf(viewer, "grid:"));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_FALSE));
  for (int a = 2; a >= 3 - (int)p->dim; a--) PetscCall(PetscViewerASCIIPrintf(viewer, " %c=%" PetscInt_FMT, "zyx"[a], p -> size[a]));
  PetscCall(PetscViewerASCIIPrintf(viewer, "\n"));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_TRUE));
  if (p->ops->view) PetscCall((*p->ops->view)(p, viewer));
  PetscCall(PetscViewerASCIIPopTab(viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsDestroy - Destroy an equation

   Collective

   Input Parameter:
.  phys - the equation

   Level: beginner

.seealso: `HGPhysicsCreate()`
@*/
PetscErrorCode HGPhysicsDestroy(HGPhysics *phys)
{
  HGPhysics p = *phys;

  PetscFunctionBegin;
  if (!p) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  *phys = NULL;
  if (--((PetscObject)p)->refct > 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (p->ops->destroy) PetscCall((*p->ops->destroy)(p));
  PetscCall(HGPhysicsDestroyBoundary(p));
  PetscCall(PCDestroy(&p->pc));
  PetscCall(VecDestroy(&p->weights));
  PetscCall(VecDestroy(&p->input));
  PetscCall(VecDestroy(&p->u));
  PetscCall(VecDestroy(&p->one_input));
  PetscCall(VecDestroy(&p->by_input));
  PetscCall(VecDestroy(&p->by_sample));
  PetscCall(VecDestroy(&p->f));
  PetscCall(VecDestroy(&p->g));
  PetscCall(PetscFree(p->value));
  PetscCall(PetscFree(p->partial));
  PetscCall(DMDestroy(&p->dm));
  PetscCall(PetscHeaderDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsGetDM - Get the DMDA of the grid

   Not Collective

   Input Parameter:
.  p - the equation, set up

   Output Parameter:
.  dm - the DMDA, owned by the equation: the unknowns are its degrees of freedom, stencil width 1

   Level: beginner

.seealso: `HGPhysicsSetUp()`
@*/
PetscErrorCode HGPhysicsGetDM(HGPhysics p, DM *dm)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCheck(p->setup, PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER, "HGPhysicsGetDM() before HGPhysicsSetUp()");
  *dm = p->dm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSampleInput - Draw the input field of a sample

   Collective

   Input Parameters:
+  p      - the equation, set up
.  seed   - the user's seed
-  sample - which sample

   Output Parameter:
.  a - the field, a global vector of the grid's DMDA

   Level: beginner

   Note:
   A function of seed and sample alone: bit for bit the same on any number of ranks, and on every grid samples of the same
   function.

.seealso: `HGPhysicsSolve()`, `HGRandomNormal()`
@*/
PetscErrorCode HGPhysicsSampleInput(HGPhysics p, uint64_t seed, PetscInt sample, Vec a)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCheck(p->setup, PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER, "HGPhysicsSampleInput() before HGPhysicsSetUp()");
  p->sample = sample;
  HGCheck(p->ops->sampleinput, PetscObjectComm((PetscObject)p), "the equation %s draws no input fields", ((PetscObject)p)->type_name);
  PetscCall((*p->ops->sampleinput)(p, seed, sample, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsTrySolve - Solve the equation for a given input field, which it may not have a solution for

   Collective

   Input Parameters:
+  p - the equation, set up
-  a - the input field

   Output Parameters:
+  u         - the solution, a global vector of the grid's DMDA
-  converged - whether the solver found it

   Level: advanced

   Note:
   For searches, which step back from such inputs.

.seealso: `HGPhysicsSolve()`
@*/
PetscErrorCode HGPhysicsTrySolve(HGPhysics p, Vec a, Vec u, PetscBool *converged)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCheck(p->setup, PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER, "HGPhysicsSolve() before HGPhysicsSetUp()");
  HGCheck(p->ops->solve, PetscObjectComm((PetscObject)p), "the equation %s is not solved here; use your SNES", ((PetscObject)p)->type_name);
  *p->failure = 0;
  PetscCall((*p->ops->solve)(p, a, u));
  *converged = *p->failure ? PETSC_FALSE : PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSolve - Solve the equation for a given input field

   Collective

   Input Parameters:
+  p - the equation, set up
-  a - the input field

   Output Parameter:
.  u - the solution, a global vector of the grid's DMDA

   Level: beginner

   Errors:
   A solver that does not converge: the sample drawn last, the reason and the residual are named.

.seealso: `HGPhysicsSampleInput()`, `HGPhysicsGetIterations()`, `HGPhysicsTrySolve()`
@*/
PetscErrorCode HGPhysicsSolve(HGPhysics p, Vec a, Vec u)
{
  PetscBool converged;

  PetscFunctionBegin;
  PetscCall(HGPhysicsTrySolve(p, a, u, &converged));
  HGCheckOptions(converged, p, "%s", p->failure);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsGetIterations - Get the number of linear iterations of the last solve

   Not Collective

   Input Parameter:
.  p - the equation

   Output Parameter:
.  iterations - their number

   Level: intermediate

.seealso: `HGPhysicsSolve()`
@*/
PetscErrorCode HGPhysicsGetIterations(HGPhysics p, PetscInt *iterations)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  *iterations = p->iterations;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsGetChannels - Get how many fields a built-in equation takes and gives

   Not Collective

   Input Parameter:
.  p - the equation, its type and grid set

   Output Parameters:
+  inputs   - channels of the input; 0 for a user's equation
-  unknowns - channels of the solution

   Level: intermediate

.seealso: `HGPhysicsSampleInput()`, `HGPhysicsSolve()`
@*/
PetscErrorCode HGPhysicsGetChannels(HGPhysics p, PetscInt *inputs, PetscInt *unknowns)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  if (!p->setup && p->ops->channels) PetscCall((*p->ops->channels)(p));
  if (inputs) *inputs = p->inputs;
  if (unknowns) *unknowns = p->unknowns;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsSetParameter - Set a parameter of a built-in equation, such as "nu" or "dt"

   Logically Collective

   Input Parameters:
+  p     - the equation, its type set
.  name  - the parameter
-  value - its value; counts from the next `HGPhysicsSetInput()` on

   Options Database Key:
.  -physics_NAME value - the value

   Level: intermediate

   Errors:
   A name the equation does not have, a value out of range.

.seealso: `HGPhysicsGetParameter()`, `HGPhysicsParameterAdjoint()`
@*/
PetscErrorCode HGPhysicsSetParameter(HGPhysics p, const char name[], PetscReal value)
{
  PetscBool has = PETSC_FALSE;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  if (p->ops->setparameter) PetscCall((*p->ops->setparameter)(p, name, value, &has));
  HGCheckOptions(has, p, "the equation %s has no parameter \"%s\"; -physics_view shows those it has", ((PetscObject)p)->type_name, name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsGetParameter - Get a parameter of a built-in equation

   Not Collective

   Input Parameters:
+  p    - the equation, its type set
-  name - the parameter

   Output Parameter:
.  value - its value

   Level: intermediate

   Errors:
   A name the equation does not have.

.seealso: `HGPhysicsSetParameter()`
@*/
PetscErrorCode HGPhysicsGetParameter(HGPhysics p, const char name[], PetscReal *value)
{
  PetscBool has = PETSC_FALSE;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  if (p->ops->getparameter) PetscCall((*p->ops->getparameter)(p, name, value, &has));
  HGCheckOptions(has, p, "the equation %s has no parameter \"%s\"; -physics_view shows those it has", ((PetscObject)p)->type_name, name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsParameterAdjoint - The derivative of the residual by a parameter, times a vector: <dF/dparameter, w>

   Collective

   Input Parameters:
+  p    - the equation, set up, the input of the sample set
.  name - the parameter
.  u    - where
-  w    - the vector; for the gradient of 1/2 |W F|^2 it is W' W F

   Output Parameter:
.  g - the product

   Level: intermediate

   Errors:
   A name the equation does not have.

.seealso: `HGPhysicsSetParameter()`, `HGPhysicsResidualAdjoint()`
@*/
PetscErrorCode HGPhysicsParameterAdjoint(HGPhysics p, const char name[], Vec u, Vec w, PetscReal *g)
{
  PetscReal value, mine;

  PetscFunctionBegin;
  PetscCall(HGPhysicsGetParameter(p, name, &value));
  PetscCall((*p->ops->parameteradjoint)(p, name, u, w, &mine));
  PetscCallMPI(MPI_Allreduce(&mine, g, 1, MPIU_REAL, MPIU_SUM, PetscObjectComm((PetscObject)p)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsGetDescription - Get what a built-in equation and its fields are called

   Not Collective

   Input Parameter:
.  p - the equation, its type set

   Output Parameters:
+  title  - the equation, with its formula
.  input  - the input field
-  output - the solution; all NULL for a user's equation

   Level: intermediate

.seealso: `HGPhysicsGetChannels()`
@*/
PetscErrorCode HGPhysicsGetDescription(HGPhysics p, const char *title[], const char *input[], const char *output[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  if (title) *title = p->title;
  if (input) *input = p->inputname;
  if (output) *output = p->outputname;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsNeedsPositiveInput - Whether the input field must be positive

   Not Collective

   Input Parameter:
.  p - the equation, its type set

   Output Parameter:
.  positive - whether it must, as Darcy's permeability; such a field is searched for by its logarithm

   Level: intermediate

.seealso: `HGPhysicsGetDescription()`, `HGOBJECTIVEINVERSION`
@*/
PetscErrorCode HGPhysicsNeedsPositiveInput(HGPhysics p, PetscBool *positive)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  *positive = p->positive;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsGetCoordinates - Get the centres of a built-in equation's cells along an axis

   Not Collective

   Input Parameters:
+  p    - the equation, set up
-  axis - 0 for x, 1 for y, 2 for z

   Output Parameter:
.  x - all cells' centres, owned by the equation; NULL for an axis the grid does not have

   Level: intermediate

   Shape:
   x: [points along the axis]

.seealso: `HGPhysicsSetGrid()`
@*/
PetscErrorCode HGPhysicsGetCoordinates(HGPhysics p, PetscInt axis, const PetscReal *x[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCheck(p->setup, PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER, "HGPhysicsGetCoordinates() before HGPhysicsSetUp()");
  PetscCheck(axis >= 0 && axis < 3, PetscObjectComm((PetscObject)p), PETSC_ERR_ARG_OUTOFRANGE, "axis %" PetscInt_FMT "; expected 0, 1 or 2",
             axis);
  *x = p->axis[2 - axis].at;
  PetscFunctionReturn(PETSC_SUCCESS);
}
