/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The domain of a built-in equation, [0, length] along each axis in cells, and the conditions on its sides.

   Conditions are in the equation's differences; hard ones on Dirichlet sides are in the network's output too: u = g + m N with a mask m that vanishes
   there and a lifting g that takes the values (Lagaris, Likas, Fotiadis, IEEE Transactions on Neural Networks 9 (1998) 987;
   g by inverse distances as in Rvachev, Sheiko, Applied Mechanics Reviews 48 (1995) 151). Soft conditions are a penalty 1/2 |alpha u + beta du/dn - gamma|^2
   over the boundary's faces, u and du/dn there by polynomials through the nearest cells, and the differences know nothing of them.
*/
#include "physics/grid/grid_impl.h"
#include "model/hgmodel.h"

const char *const HGPhysicsBCModes[] = {"scheme", "hard", "soft", "HGPhysicsBCMode", "HG_PHYSICS_BC_", NULL};

static HGPhysicsBCMode Mode(HGPhysics p)
{
  return p->soft ? HG_PHYSICS_BC_SOFT : p->hard ? HG_PHYSICS_BC_HARD : HG_PHYSICS_BC_SCHEME;
}

const char *const HGPhysicsBCs[] = {"dirichlet", "neumann", "robin", "periodic", "HGPhysicsBC", "HG_PHYSICS_", NULL};

/*@
   HGPhysicsSetBoundary - Set the condition on one side of the domain

   Logically Collective

   Input Parameters:
+  p     - the equation, before `HGPhysicsSetUp()`
.  axis  - 0 for x, 1 for y, 2 for z
.  side  - 0 for the low side, 1 for the high side
.  kind  - the condition; periodic is set on either side for both
.  alpha - factor of u, for robin
.  beta  - factor of du/dn, for robin
-  gamma - the value

   Options Database Keys:
.  -physics_bc_x spec[,spec] - also _y, _z: dirichlet:gamma, neumann:gamma, robin:alpha:beta:gamma or periodic, for the low and the high
   side, or once for both (default dirichlet:0)

   Level: beginner

   Errors:
   Robin factors that are negative, or both zero. `HGPhysicsSetUp()` refuses a condition on a periodic side.

.seealso: `HGPhysicsBC`, `HGPhysicsSetBCMode()`
@*/
PetscErrorCode HGPhysicsSetBoundary(HGPhysics p, PetscInt axis, PetscInt side, HGPhysicsBC kind, PetscReal alpha, PetscReal beta,
                                    PetscReal gamma)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)p);
  HGSide  *s;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCheck(!p->setup, comm, PETSC_ERR_ORDER, "HGPhysicsSetBoundary() comes before HGPhysicsSetUp()");
  PetscCheck(axis >= 0 && axis < 3 && side >= 0 && side < 2, comm, PETSC_ERR_ARG_OUTOFRANGE,
             "axis %" PetscInt_FMT ", side %" PetscInt_FMT ": give 0 to 2, and 0 or 1", axis, side);
  s        = &p->axis[2 - axis].side[side];
  s->kind  = kind;
  s->alpha = kind == HG_PHYSICS_ROBIN ? alpha : kind == HG_PHYSICS_DIRICHLET ? 1 : 0;
  s->beta  = kind == HG_PHYSICS_ROBIN ? beta : kind == HG_PHYSICS_NEUMANN ? 1 : 0;
  s->gamma = gamma;
  HGCheck(s->alpha >= 0 && s->beta >= 0 && s->alpha + s->beta >= (kind == HG_PHYSICS_PERIODIC ? 0 : PETSC_SMALL) &&
              PetscIsNormalReal(1 + PetscAbsReal(s->alpha + s->beta + gamma)),
          comm, "the %s condition %g u + %g du/dn = %g on the %s side in %c: the factors must not be negative, nor both zero",
          HGPhysicsBCs[kind], (double)s->alpha, (double)s->beta, (double)gamma, side ? "high" : "low", "xyz"[axis]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetBCMode - Choose how the conditions on the boundary are imposed

   Logically Collective

   Input Parameters:
+  p    - the equation, before `HGPhysicsSetUp()`
-  mode - in the differences, also in a network's output, or by a penalty alone

   Options Database Key:
.  -physics_bc scheme|hard|soft - the way (default scheme)

   Level: intermediate

.seealso: `HGPhysicsSetBoundary()`, `HGPhysicsTransformOutput()`, `HGPhysicsEvaluateBoundary()`
@*/
PetscErrorCode HGPhysicsSetBCMode(HGPhysics p, HGPhysicsBCMode mode)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCheck(!p->setup, PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER, "HGPhysicsSetBCMode() comes before HGPhysicsSetUp()");
  p->soft = mode == HG_PHYSICS_BC_SOFT ? PETSC_TRUE : PETSC_FALSE;
  p->hard = mode == HG_PHYSICS_BC_HARD ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetDomain - Set where the domain lies along an axis

   Logically Collective

   Input Parameters:
+  p      - the equation, before `HGPhysicsSetUp()`
.  axis   - 0 for x, 1 for y, 2 for z
.  origin - the coordinate of its low side
-  length - its length

   Options Database Keys:
+  -physics_origin x,y,z - the coordinates (default 0)
-  -physics_length x,y,z - the lengths (default 1)

   Level: beginner

   Errors:
   A length that is not positive, numbers that are not finite.

.seealso: `HGPhysicsSetGrid()`, `HGPhysicsGetCoordinates()`
@*/
PetscErrorCode HGPhysicsSetDomain(HGPhysics p, PetscInt axis, PetscReal origin, PetscReal length)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)p);

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCheck(!p->setup, comm, PETSC_ERR_ORDER, "HGPhysicsSetDomain() comes before HGPhysicsSetUp()");
  PetscCheck(axis >= 0 && axis < 3, comm, PETSC_ERR_ARG_OUTOFRANGE, "axis %" PetscInt_FMT ": give 0 to 2 for x, y, z", axis);
  HGCheck(length > 0 && PetscIsNormalReal(length) && !PetscIsInfOrNanReal(origin), comm,
          "the domain in %c begins at %g and is %g long; give finite numbers, the length positive", "xyz"[axis], (double)origin,
          (double)length);
  p->axis[2 - axis].origin = origin;
  p->axis[2 - axis].length = length;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* kind[:number[:number:number]]; text has len characters */
static PetscErrorCode ReadCondition(HGPhysics p, int axis, int side, const char option[], const char text[], size_t len)
{
  PetscReal    v[3] = {0, 0, 0};
  int          kind, count = 0;
  const int    n    = (int)len; /* for messages */
  const size_t name = strcspn(text, ":,");

  PetscFunctionBegin;
  for (kind = 0; kind < 4; kind++)
    if (name == strlen(HGPhysicsBCs[kind]) && !strncmp(text, HGPhysicsBCs[kind], name)) break;
  HGCheckOptions(kind < 4, p, "%s: no condition \"%.*s\"; give dirichlet:value, neumann:value, robin:alpha:beta:value or periodic", option,
                 n, text);
  for (size_t at = name; at < len; count++) {
    const size_t number = strcspn(text + ++at, ":,");

    HGCheckOptions(count < 3, p, "%s %.*s: too many numbers; give dirichlet:value, neumann:value, robin:alpha:beta:value or periodic",
                   option, n, text);
    HGCheckOptions(HGParseReal(text + at, number, -PETSC_MAX_REAL, PETSC_MAX_REAL, &v[count]), p,
                   "%s %.*s: expected a number behind each colon", option, n, text);
    at += number;
  }
  HGCheckOptions(kind == HG_PHYSICS_ROBIN ? count == 3 : count <= (kind < HG_PHYSICS_PERIODIC ? 1 : 0), p,
                 "%s %.*s: %d numbers; give dirichlet:value, neumann:value, robin:alpha:beta:value or periodic", option, n, text, count);
  PetscCall(HGPhysicsSetBoundary(p, axis, side, (HGPhysicsBC)kind, v[0], v[1], kind == HG_PHYSICS_ROBIN ? v[2] : v[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadConditions(HGPhysics p, int axis, const char option[], const char text[])
{
  const size_t low  = strcspn(text, ",");
  const char  *high = text[low] ? text + low + 1 : text;

  PetscFunctionBegin;
  HGCheck(!strchr(high + (high != text ? 0 : low), ','), PetscObjectComm((PetscObject)p),
          "%s %s: give one condition for both sides, or two, of the low side and of the high one", option, text);
  PetscCall(ReadCondition(p, axis, 0, option, text, low));
  PetscCall(ReadCondition(p, axis, 1, option, high, strlen(high)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGPhysicsBoundarySetFromOptions - The options of grid and boundary

  Collective
*/
PetscErrorCode HGPhysicsBoundarySetFromOptions(HGPhysics p)
{
  MPI_Comm  comm      = PetscObjectComm((PetscObject)p);
  PetscReal length[]  = {p->axis[2].length, p->axis[1].length, p->axis[0].length},
            stretch[] = {p->axis[2].stretch, p->axis[1].stretch, p->axis[0].stretch},
            origin[]  = {p->axis[2].origin, p->axis[1].origin, p->axis[0].origin};
  PetscInt  nl = 3, ns = 3, no = 3, mode = Mode(p), order = p->order == 4 ? 1 : 0;
  PetscBool set;
  char      option[32];

  PetscFunctionBegin;
  PetscOptionsBegin(comm, ((PetscObject)p)->prefix, "Grid and boundary of a built-in equation", "HGPhysics");
  PetscCall(HGOptionsRealArray(PetscOptionsObject, "-physics_length", "length of the domain in x,y,z", "HGPhysicsSetGrid", HG_POSITIVE,
                               PETSC_MAX_REAL, 1, 3, length, &nl, NULL));
  PetscCall(HGOptionsRealArray(PetscOptionsObject, "-physics_origin", "coordinates of the domain's low sides in x,y,z",
                               "HGPhysicsSetDomain", -PETSC_MAX_REAL, PETSC_MAX_REAL, 1, 3, origin, &no, NULL));
  PetscCall(HGOptionsRealArray(PetscOptionsObject, "-physics_stretch",
                               "cells denser at both ends in x,y,z: tanh with this factor, 0 for uniform", "HGPhysicsSetGrid", 0, 10, 1, 3,
                               stretch, &ns, NULL));
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-physics_order", "order of the differences", "HGPhysicsSetGrid",
                            (const char *const[]){"2", "4"}, 2, &order, NULL));
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-physics_bc",
                            "boundary conditions: scheme (in the differences), hard (in a network's output too) or soft (a penalty)",
                            "HGPhysicsSetBCMode", HGPhysicsBCModes, 3, &mode, NULL));
  PetscCall(HGPhysicsSetBCMode(p, (HGPhysicsBCMode)mode));
  for (int a = 0; a < 3; a++) {
    const char *text = "dirichlet:0";

    PetscCall(PetscSNPrintf(option, sizeof(option), "-physics_bc_%c", "xyz"[a]));
    PetscCall(HGOptionsString(PetscOptionsObject, option,
                              "conditions on both sides, or low,high: dirichlet:value, neumann:value, robin:alpha:beta:value, periodic",
                              "HGPhysicsSetBoundary", &text, &set));
    if (set) PetscCall(ReadConditions(p, a, option, text));
  }
  PetscOptionsEnd();
  for (int a = 0; a < 3; a++) {
    p->axis[2 - a].length  = a < nl ? length[a] : p->axis[2 - a].length;
    p->axis[2 - a].stretch = a < ns ? stretch[a] : p->axis[2 - a].stretch;
    p->axis[2 - a].origin  = a < no ? origin[a] : p->axis[2 - a].origin;
  }
  p->order = order ? 4 : 2;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Centres x(i + 1/2) of the cells, x(s) = length/2 (1 + tanh(b (2 s / n - 1)) / tanh b) */
static PetscErrorCode SetUpAxis(HGPhysics p, int a)
{
  MPI_Comm        comm = PetscObjectComm((PetscObject)p);
  HGGridAxis     *x    = &p->axis[a];
  const PetscBool low  = x->side[0].kind == HG_PHYSICS_PERIODIC ? PETSC_TRUE : PETSC_FALSE,
                  high = x->side[1].kind == HG_PHYSICS_PERIODIC ? PETSC_TRUE : PETSC_FALSE;
  const char c         = "zyx"[a];

  PetscFunctionBegin;
  HGCheckOptions(low == high, p, "-physics_bc_%c %s,%s: a periodic axis has no sides; give periodic once for both, or a condition on each",
                 c, HGPhysicsBCs[x->side[0].kind], HGPhysicsBCs[x->side[1].kind]);
  x->periodic = low;
  x->soft     = p->soft;
  x->size     = p->size[a];
  HGCheckOptions(!x->periodic || x->stretch == 0, p, "-physics_stretch %g in %c, which is periodic; cells are uniform there: give 0",
                 (double)x->stretch, c);
  if (a < 3 - (int)p->dim) PetscFunctionReturn(PETSC_SUCCESS);
  HGCheck(x->size >= p->order + (x->soft || x->periodic ? 1 : 0), comm,
          "%" PetscInt_FMT " points in %c; differences of order %" PetscInt_FMT " need %" PetscInt_FMT, x->size, c, p->order,
          p->order + (x->soft || x->periodic ? 1 : 0));
  PetscCall(PetscMalloc2(x->size, &x->x, x->size, &x->at));
  for (PetscInt i = 0; i < x->size; i++) {
    const PetscReal s = ((PetscReal)i + 0.5) / (PetscReal)x->size;

    x->x[i]  = x->stretch > 0 ? x->length / 2 * (1 + PetscTanhReal(x->stretch * (2 * s - 1)) / PetscTanhReal(x->stretch)) : x->length * s;
    x->at[i] = x->origin + x->x[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGPhysicsSetUpAxes - Place the cells of a built-in equation

  Collective
*/
PetscErrorCode HGPhysicsSetUpAxes(HGPhysics p)
{
  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) PetscCall(SetUpAxis(p, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGPhysicsViewBoundary(HGPhysics p, PetscViewer viewer)
{
  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPrintf(viewer, "boundary conditions: %s", HGPhysicsBCModes[Mode(p)]));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_FALSE));
  for (int a = 2; a >= 3 - (int)p->dim; a--) {
    const HGSide *s = p->axis[a].side;

    PetscCall(PetscViewerASCIIPrintf(viewer, "; %c:", "zyx"[a]));
    for (int i = 0; i < (p->axis[a].periodic ? 1 : 2); i++) {
      PetscCall(PetscViewerASCIIPrintf(viewer, " %s", HGPhysicsBCs[s[i].kind]));
      if (s[i].kind == HG_PHYSICS_ROBIN) PetscCall(PetscViewerASCIIPrintf(viewer, " %g, %g,", (double)s[i].alpha, (double)s[i].beta));
      if (!p->axis[a].periodic) PetscCall(PetscViewerASCIIPrintf(viewer, " %g", (double)s[i].gamma));
    }
  }
  PetscCall(PetscViewerASCIIPrintf(viewer, "\n"));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGPhysicsDestroyBoundary(HGPhysics p)
{
  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) PetscCall(PetscFree2(p->axis[a].x, p->axis[a].at));
  PetscCall(DMDestroy(&p->ghosted));
  PetscCall(VecDestroy(&p->mask));
  PetscCall(VecDestroy(&p->lift));
  PetscCall(VecDestroy(&p->part));
  PetscCall(VecDestroy(&p->local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGPhysicsCreateGhosted - A DMDA that divides the grid as the equation's does, with ghost points, periodic where the axes are

  Collective

  Input Parameters:
+ p     - the equation, its DMDA and axes set up
. dof   - degrees of freedom
. reach - ghost points to either side
- outer - also beyond the boundary, where nothing is put into them
*/
PetscErrorCode HGPhysicsCreateGhosted(HGPhysics p, PetscInt dof, PetscInt reach, PetscBool outer, DM *dm)
{
  MPI_Comm        comm = PetscObjectComm((PetscObject)p);
  const PetscInt *l[3];
  PetscInt        m[3];
  DMBoundaryType  b[3];
  PetscErrorCode  e;

  PetscFunctionBegin;
  PetscCall(DMDAGetInfo(p->dm, NULL, NULL, NULL, NULL, &m[2], &m[1], &m[0], NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(p->dm, &l[2], &l[1], &l[0]));
  for (int a = 0; a < 3; a++) {
    b[a] = p->axis[a].periodic ? DM_BOUNDARY_PERIODIC : outer && a >= 3 - (int)p->dim ? DM_BOUNDARY_GHOSTED : DM_BOUNDARY_NONE;
    for (PetscInt i = 0; a >= 3 - (int)p->dim && l[a] && i < m[a]; i++)
      HGCheck(m[a] == 1 || l[a][i] >= reach, comm,
              "part %" PetscInt_FMT " of %" PetscInt_FMT " in %c has %" PetscInt_FMT " points; differences of order %" PetscInt_FMT
              " need %" PetscInt_FMT ": use fewer ranks, or divide them along another axis",
              i, m[a], "zyx"[a], l[a][i], p -> order, reach);
  }
  PetscCall(DMDACreate(PetscObjectComm((PetscObject)p->dm), dm));
  PetscCall(DMSetDimension(*dm, p->dim));
  PetscCall(DMDASetSizes(*dm, p->size[2], p->size[1], p->size[0]));
  PetscCall(DMDASetNumProcs(*dm, m[2], m[1], m[0]));
  PetscCall(DMDASetOwnershipRanges(*dm, l[2], p->dim > 1 ? l[1] : NULL, p->dim > 2 ? l[0] : NULL));
  PetscCall(DMDASetBoundaryType(*dm, b[2], b[1], b[0]));
  PetscCall(DMDASetStencilType(*dm, DMDA_STENCIL_STAR));
  PetscCall(DMDASetStencilWidth(*dm, reach));
  PetscCall(DMDASetDof(*dm, dof));
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  e = DMSetUp(*dm);
  PetscCall(PetscPopErrorHandler());
  HGCheck(!e, comm,
          "the ranks' parts of the grid are thinner than the %" PetscInt_FMT " points that differences of order %" PetscInt_FMT
          " reach; use fewer ranks",
          reach, p->order);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- hard: u = g + m N ---- */

/* The factor of one axis: 4 s (1 - s) between two Dirichlet sides, s (2 - s) or its mirror image with one, s from 0 to 1 */
static double MaskFactor(const HGGridAxis *a, PetscInt i)
{
  const double    s   = a->x[i] / a->length;
  const PetscBool low = a->side[0].kind == HG_PHYSICS_DIRICHLET, high = a->side[1].kind == HG_PHYSICS_DIRICHLET;

  return low && high ? 4 * s * (1 - s) : low ? s * (2 - s) : high ? (1 - s) * (1 + s) : 1;
}

/* Sums of gamma / distance and 1 / distance over the Dirichlet sides of one axis */
static void LiftTerms(const HGGridAxis *a, PetscInt i, double *top, double *bottom)
{
  for (int s = 0; s < 2; s++) {
    const double d = s ? a->length - a->x[i] : a->x[i];

    if (a->side[s].kind != HG_PHYSICS_DIRICHLET) continue;
    *top += a->side[s].gamma / d;
    *bottom += 1 / d;
  }
}

static PetscErrorCode SetUpMask(HGPhysics p)
{
  PetscInt     s[3], n[3], k = 0;
  PetscScalar *m, *g;

  PetscFunctionBegin;
  if (p->mask) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMCreateGlobalVector(p->dm, &p->mask));
  PetscCall(VecDuplicate(p->mask, &p->lift));
  PetscCall(VecDuplicate(p->mask, &p->part));
  PetscCall(DMDAGetCorners(p->dm, &s[2], &s[1], &s[0], &n[2], &n[1], &n[0]));
  PetscCall(VecGetArrayWrite(p->mask, &m));
  PetscCall(VecGetArrayWrite(p->lift, &g));
  for (PetscInt i = 0; i < n[0] * n[1] * n[2]; i++) {
    const PetscInt at[3] = {s[0] + i / n[2] / n[1], s[1] + i / n[2] % n[1], s[2] + i % n[2]};
    double         mask = 1, top = 0, bottom = 0;

    for (int a = 3 - (int)p->dim; a < 3; a++) {
      mask *= MaskFactor(&p->axis[a], at[a]);
      LiftTerms(&p->axis[a], at[a], &top, &bottom);
    }
    for (PetscInt c = 0; c < p->unknowns; c++, k++) {
      m[k] = mask;
      g[k] = bottom > 0 && !p->homogeneous[c] ? top / bottom : 0;
    }
  }
  PetscCall(VecRestoreArrayWrite(p->lift, &g));
  PetscCall(VecRestoreArrayWrite(p->mask, &m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckBoundary(HGPhysics p, PetscBool *has)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCheck(p->setup, PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER, "HGPhysicsSetUp() comes first");
  *has = p->unknowns ? PETSC_TRUE : PETSC_FALSE; /* a user's equation has conditions of its own */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGPhysicsMaskInput - u = g + m u on a vector: a random state that keeps the Dirichlet conditions

  Collective
*/
PetscErrorCode HGPhysicsMaskInput(HGPhysics p, Vec u)
{
  PetscFunctionBegin;
  PetscCall(SetUpMask(p));
  PetscCall(VecPointwiseMult(u, u, p->mask));
  PetscCall(VecAXPY(u, 1, p->lift));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsTransformOutput - Make a network's output keep the Dirichlet conditions: u = g + m N, in place

   Collective

   Input Parameters:
+  p     - the equation, set up
.  count - how many samples, the first ones
-  y     - N, in the equation's units; becomes u

   Level: intermediate

   Shape:
   y: [N][Z][Y][X][C], the unknowns as channels

   Notes:
   m is a product over the axes of 4 s (1 - s) between two Dirichlet sides and of s (2 - s) or (1 - s^2) with one, s = x / length; g takes the sides'
   values, weighted by the inverse distances to them. Nothing happens unless the mode is `HG_PHYSICS_BC_HARD`, and for a user's equation.
   Neumann and Robin conditions are in the equation's differences.

.seealso: `HGPhysicsTransformOutputAdjoint()`, `HGPhysicsSetBCMode()`
@*/
PetscErrorCode HGPhysicsTransformOutput(HGPhysics p, PetscInt count, HGTensor y)
{
  PetscBool has;

  PetscFunctionBegin;
  PetscCall(CheckBoundary(p, &has));
  if (!has || !p->hard) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SetUpMask(p));
  for (PetscInt n = 0; n < count; n++) {
    PetscCall(HGTensorToVec(y, n, p->part));
    PetscCall(HGPhysicsMaskInput(p, p->part));
    PetscCall(HGTensorFromVec(y, n, p->part));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsTransformOutputAdjoint - The adjoint of `HGPhysicsTransformOutput()`: the gradient by u becomes that by N, m times it, in place

   Collective

   Input Parameters:
+  p     - the equation, set up
.  count - how many samples, the first ones
-  dy    - the gradient

   Level: intermediate

   Shape:
   dy: [N][Z][Y][X][C]

.seealso: `HGPhysicsTransformOutput()`
@*/
PetscErrorCode HGPhysicsTransformOutputAdjoint(HGPhysics p, PetscInt count, HGTensor dy)
{
  PetscBool has;

  PetscFunctionBegin;
  PetscCall(CheckBoundary(p, &has));
  if (!has || !p->hard) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(SetUpMask(p));
  for (PetscInt n = 0; n < count; n++) {
    PetscCall(HGTensorToVec(dy, n, p->part));
    PetscCall(VecPointwiseMult(p->part, p->part, p->mask));
    PetscCall(HGTensorFromVec(dy, n, p->part));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- soft: 1/2 |alpha u + beta du/dn - gamma|^2 ---- */

/* One side of one axis; u and, if wanted, g are local arrays at the first owned point. Adds to the value and, times scale, to g */
static void PenalizeSide(HGPhysics p, int axis, int side, const HGBlock *b, const double *u, PetscReal scale, double *g, PetscReal *value)
{
  const HGGridAxis *x    = &p->axis[axis];
  const int         o[2] = {axis == 0 ? 1 : 0, axis == 2 ? 1 : 2}; /* the other axes */
  const ptrdiff_t   step = side ? -b->stride[axis] : b->stride[axis], first = side ? (b->n[axis] - 1) * b->stride[axis] : 0;
  double            e[8];
  int               n;

  HGAxisBoundaryRow(x, side, (int)p->order, &n, e);
  for (PetscInt i = 0; i < b->n[o[0]]; i++) {
    for (PetscInt j = 0; j < b->n[o[1]]; j++) {
      for (PetscInt c = 0; c < p->unknowns; c++) {
        const ptrdiff_t at  = first + i * b->stride[o[0]] + j * b->stride[o[1]] + c;
        double          sum = p->homogeneous[c] ? 0 : -x->side[side].gamma;

        for (int k = 0; k < n; k++) sum += e[k] * u[at + k * step];
        *value += sum * sum / 2;
        for (int k = 0; k < n && g; k++) g[at + k * step] += scale * sum * e[k];
      }
    }
  }
}

/*
  HGBlockOfDM - This rank's points in a local vector of a DMDA with ghost points

  Not Collective
*/
PetscErrorCode HGBlockOfDM(DM dm, HGBlock *b)
{
  PetscInt s[3], g[3], m[3], dof;

  PetscFunctionBegin;
  PetscCall(DMDAGetDof(dm, &dof));
  PetscCall(DMDAGetCorners(dm, &s[2], &s[1], &s[0], &b->n[2], &b->n[1], &b->n[0]));
  PetscCall(DMDAGetGhostCorners(dm, &g[2], &g[1], &g[0], &m[2], &m[1], &m[0]));
  b->stride[2] = dof;
  b->stride[1] = b->stride[2] * m[2];
  b->stride[0] = b->stride[1] * m[1];
  b->first     = 0;
  for (int a = 0; a < 3; a++) b->first += (s[a] - g[a]) * b->stride[a];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PenalizeSample(HGPhysics p, Vec u, PetscReal scale, Vec du, PetscReal *value)
{
  HGBlock            b;
  PetscInt           s[3], n[3];
  Vec                grad = NULL;
  const PetscScalar *in;
  PetscScalar       *out = NULL;

  PetscFunctionBegin;
  PetscCall(HGBlockOfDM(p->ghosted, &b));
  PetscCall(DMDAGetCorners(p->ghosted, &s[2], &s[1], &s[0], &n[2], &n[1], &n[0]));
  PetscCall(DMGlobalToLocal(p->ghosted, u, INSERT_VALUES, p->local));
  if (du) {
    PetscCall(DMGetLocalVector(p->ghosted, &grad));
    PetscCall(VecSet(grad, 0));
    PetscCall(VecGetArray(grad, &out));
  }
  PetscCall(VecGetArrayRead(p->local, &in));
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    for (int side = 0; side < 2 && !p->axis[a].periodic; side++) {
      if (side ? s[a] + n[a] == p->size[a] : s[a] == 0)
        PenalizeSide(p, a, side, &b, in + b.first, scale, out ? out + b.first : NULL, value);
    }
  }
  PetscCall(VecRestoreArrayRead(p->local, &in));
  if (du) {
    PetscCall(VecRestoreArray(grad, &out));
    PetscCall(DMLocalToGlobal(p->ghosted, grad, ADD_VALUES, du));
    PetscCall(DMRestoreLocalVector(p->ghosted, &grad));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsEvaluateBoundary - The penalty for soft boundary conditions: the mean over a batch of 1/2 |alpha u + beta du/dn - gamma|^2 over the faces

   Collective

   Input Parameters:
+  p      - the equation, set up
.  count  - how many samples of the batch count, the first ones
.  y      - the fields u
-  weight - what the gradient is multiplied by

   Output Parameters:
+  dy    - the gradient times weight is added; NULL if it is not wanted
-  value - the mean, without the weight; zero unless the mode is `HG_PHYSICS_BC_SOFT`

   Level: intermediate

   Shape:
   y, dy: [N][Z][Y][X][C], the unknowns as channels

.seealso: `HGPhysicsSetBCMode()`, `HGPhysicsEvaluate()`
@*/
PetscErrorCode HGPhysicsEvaluateBoundary(HGPhysics p, PetscInt count, HGTensor y, PetscReal weight, HGTensor dy, PetscReal *value)
{
  PetscReal sum = 0;
  PetscBool has;
  Vec       u, du;

  PetscFunctionBegin;
  PetscCall(CheckBoundary(p, &has));
  *value = 0;
  if (!has || !p->soft) PetscFunctionReturn(PETSC_SUCCESS);
  if (!p->ghosted) {
    PetscCall(HGPhysicsCreateGhosted(p, p->unknowns, p->order, PETSC_FALSE, &p->ghosted));
    PetscCall(DMCreateLocalVector(p->ghosted, &p->local));
  }
  PetscCall(DMGetGlobalVector(p->ghosted, &u));
  PetscCall(DMGetGlobalVector(p->ghosted, &du));
  for (PetscInt n = 0; n < count; n++) {
    PetscCall(HGTensorToVec(y, n, u));
    if (dy) PetscCall(HGTensorToVec(dy, n, du));
    PetscCall(PenalizeSample(p, u, weight / (PetscReal)count, dy ? du : NULL, &sum));
    if (dy) PetscCall(HGTensorFromVec(dy, n, du));
  }
  PetscCall(DMRestoreGlobalVector(p->ghosted, &du));
  PetscCall(DMRestoreGlobalVector(p->ghosted, &u));
  PetscCall(MPIU_Allreduce(MPI_IN_PLACE, &sum, 1, MPIU_REAL, MPIU_SUM, PetscObjectComm((PetscObject)p)));
  *value = sum / (PetscReal)count;
  PetscFunctionReturn(PETSC_SUCCESS);
}
