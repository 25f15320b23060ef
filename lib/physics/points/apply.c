/* SPDX-License-Identifier: BSD-2-Clause */
/* A network of coordinates at points of its box, and in a model file */
#include "physics/points/collocation_impl.h"
#include "data/hgdatainfo.h"
#include "sys/hgtext.h"
#include <float.h>

/*@
   HGCollocationSetUpNet - Set a network up for the coordinates and unknowns of residuals, to be applied or trained

   Collective

   Input Parameters:
+  c     - the residuals, with their sizes
.  net   - the network, its type and options set
-  dtype - the element type

   Level: beginner

   Errors:
   Those of `HGNetSetUp()`.

.seealso: `HGCollocationSetUp()`
@*/
PetscErrorCode HGCollocationSetUpNet(HGCollocation c, HGNet net, HGDType dtype)
{
  MPI_Comm    comm          = PetscObjectComm((PetscObject)c);
  PetscInt    size[HG_AXES] = {1, c->dim, 1, 1, c->size}; /* a grid that all ranks have a part of: points have no grid */
  HGPartition part;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  HGCheck(c->dim && c->nterms, comm,
          "a network of coordinates needs an equation; choose one with -physics_type, or an example with -coord_problem burgers|poisson");
  PetscCall(HGNetMLPAddPeriodic(net, c->dim, c->periodic));
  PetscCall(HGNetSetChannels(net, c->dim, c->out));
  PetscCall(HGPartitionCreate(comm, &part));
  PetscCall(HGPartitionSetSizes(part, 1, size));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGNetSetUp(net, part, dtype));
  PetscCall(HGCollocationAttach(c, net));
  PetscCall(HGPartitionDestroy(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  PetscInt out;
  double  *u;
} Applied;

static void Copy(void *ctx, int lane, PetscInt first, PetscInt n, const double *u, double *g)
{
  const Applied *a = (const Applied *)ctx;

  (void)lane, (void)g;
  for (PetscInt i = 0; i < n * a->out; i++) a->u[first * a->out + i] = u[i];
}

/*@
   HGCollocationApply - The network's values at points

   Not Collective

   Input Parameters:
+  c - the residuals with their network, `HGCollocationSetUpNet()`, which has its parameters
.  n - number of points
-  x - the points

   Output Parameter:
.  u - the values

   Level: beginner

   Shape:
   x: [n][coordinates]; u: [n][unknowns]

.seealso: `HGCollocationError()`
@*/
PetscErrorCode HGCollocationApply(HGCollocation c, PetscInt n, const double x[], double u[])
{
  Applied a = {c->out, u};

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscCheck(c->net, PetscObjectComm((PetscObject)c), PETSC_ERR_ORDER, "HGCollocationSetUp() comes first");
  PetscCall(HGNetEvaluateJets(c->net, 0, n, x, PETSC_FALSE, Copy, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationHasExact - Whether the exact solution is known

   Not Collective

   Input Parameter:
.  c - the residuals

   Output Parameter:
.  has - whether `HGCollocationSetExact()` or an example gave it

   Level: intermediate

.seealso: `HGCollocationError()`
@*/
PetscErrorCode HGCollocationHasExact(HGCollocation c, PetscBool *has)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  *has = c->exact ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationError - The relative L2 error of the network on a grid of the box

   Collective

   Input Parameters:
+  c - the residuals, set up, with an exact solution; the network has its parameters
-  n - points of the grid along each axis, ends included

   Output Parameter:
.  error - |u - exact| / |exact|, Euclidean norms over the grid

   Level: beginner

   Errors:
   No exact solution.

.seealso: `HGCollocationSetExact()`, `HGCollocationApply()`
@*/
PetscErrorCode HGCollocationError(HGCollocation c, PetscInt n, PetscReal *error)
{
  MPI_Comm   comm  = PetscObjectComm((PetscObject)c);
  PetscInt64 total = 1;
  double    *x, *u, sum[2] = {0, 0};
  PetscInt   mine;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  HGCheck(c->exact, comm, "there is no exact solution to compare with; give one with HGCollocationSetExact()");
  HGCheck(n >= 2, comm, "a grid of %" PetscInt_FMT " points along an axis; give at least 2", n);
  for (PetscInt d = 0; d < c->dim; d++) total *= n;
  const PetscInt64 first = total * c->rank / c->size;
  mine                   = (PetscInt)(total * (c->rank + 1) / c->size - first);
  PetscCall(PetscMalloc2(mine * c->dim, &x, mine * c->out, &u));
  for (PetscInt i = 0; i < mine; i++) {
    PetscInt64 at = first + i;

    for (PetscInt d = 0; d < c->dim; d++, at /= n)
      x[i * c->dim + d] = c->lo[d] + (c->hi[d] - c->lo[d]) * (double)(at % n) / (double)(n - 1);
  }
  PetscCall(HGCollocationApply(c, mine, x, u));
  for (PetscInt i = 0; i < mine; i++) {
    double exact[HG_JET_MAX_OUT];

    (*c->exact)(x + i * c->dim, exact, c);
    for (PetscInt k = 0; k < c->out; k++) {
      sum[0] += PetscSqr(u[i * c->out + k] - exact[k]);
      sum[1] += PetscSqr(exact[k]);
    }
  }
  PetscCall(PetscFree2(x, u));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, comm));
  *error = PetscSqrtReal(sum[0] / sum[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- in a model file ---- */

/*@
   HGModelHasCollocation - Whether a model holds a network of coordinates with its equation

   Collective

   Input Parameter:
.  m - the model

   Output Parameter:
.  has - whether it does

   Level: advanced

.seealso: `HGCollocationSetModel()`
@*/
PetscErrorCode HGModelHasCollocation(HGModel m, PetscBool *has)
{
  PetscFunctionBegin;
  PetscCall(HGModelHas(m, "", "problem_options", has));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The equation gets the parameters as found; on its grid it may have fewer */
static PetscErrorCode TellPhysics(HGCollocation c)
{
  HGPhysics p = c->e.physics;
  PetscBool has;

  PetscFunctionBegin;
  for (PetscInt q = 0; q < c->nq && p && p->ops->setparameter; q++)
    PetscCall((*p->ops->setparameter)(p, c->qname[q], (PetscReal)c->q[q], &has));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationWriteModel - Write residuals into a model file: example or equation with its parameters, and the box as the normalisation of its coordinates

   Logically Collective

   Input Parameters:
+  c - the residuals
-  m - the model

   Level: advanced

.seealso: `HGCollocationSetModel()`, `HGNetWriteModel()`
@*/
PetscErrorCode HGCollocationWriteModel(HGCollocation c, HGModel m)
{
  PetscReal  mean[HG_JET_MAX_DIM], deviation[HG_JET_MAX_DIM], zero[HG_JET_MAX_OUT] = {0}, one[HG_JET_MAX_OUT];
  HGText     text = {0}, names = {0};
  HGDataInfo info = {
      .data_target = (char *)"u", .dim = 1, .channels = {c->dim, c->out}, .mean = {mean, zero}, .deviation = {deviation, one}};

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  for (PetscInt d = 0; d < c->dim; d++) {
    mean[d]      = (c->lo[d] + c->hi[d]) / 2;
    deviation[d] = (c->hi[d] - c->lo[d]) / 2; /* the box is [-1, 1] to the network */
    PetscCall(HGTextAppend(&names, "%s%c", d ? "," : "", c->e.time && d == c->dim - 1 ? 't' : "xyzw"[d]));
  }
  for (PetscInt k = 0; k < c->out; k++) one[k] = 1;
  info.data_input = names.text;
  PetscCall(HGDataInfoWrite(&info, m));
  PetscCall(HGTextDestroy(&names));
  PetscCall(TellPhysics(c));
  if (c->e.physics) PetscCall(HGPhysicsWriteModel(c->e.physics, m));
  PetscCall(HGModelSetSection(m, "equation"));
  PetscCall(HGTextAppend(&text, "%s%s", *c->example ? "-coord_problem " : "", c->example));
  for (PetscInt q = 0; q < c->nq; q++) PetscCall(HGTextAppend(&text, "%s-coord_%s %.17g", text.used ? " " : "", c->qname[q], c->q[q]));
  PetscCall(HGModelPutText(m, "", "problem_options", text.text));
  PetscCall(HGTextDestroy(&text));
  PetscCall(HGModelPutInt(m, "", "equation_dim", c->e.def ? c->e.dim : c->dim));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationSetModel - Make the residuals of a model file

   Collective

   Input Parameters:
+  c - the residuals, nothing set
-  m - the model

   Level: advanced

   Note:
   The options of the command line are not asked. An equation that is no example still lacks its input field, which only training needs.

   Errors:
   A model of another network; options that this version does not have.

.seealso: `HGCollocationWriteModel()`, `HGCollocationCheckModel()`
@*/
PetscErrorCode HGCollocationSetModel(HGCollocation c, HGModel m)
{
  MPI_Comm     comm = PetscObjectComm((PetscObject)c);
  const char  *path, *text;
  PetscBool    has;
  PetscOptions file;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(HGModelHasCollocation(m, &has));
  HGCheck(has, comm, "%s is no model file of a network of coordinates", path);
  PetscCall(HGModelGetText(m, "", "problem_options", &text));
  if (!strstr(text, "-coord_problem")) {
    HGPhysics  p;
    PetscInt   size[3] = {1, 1, 1};
    PetscInt64 dim;

    PetscCall(HGModelGetInt(m, "", "equation_dim", 1, 3, &dim));
    for (PetscInt a = 3 - (PetscInt)dim; a < 3; a++) size[a] = PetscMax(4, c->size); /* points have no grid, but an equation has one */
    PetscCall(HGPhysicsCreate(comm, &p));
    PetscCall(HGPhysicsSetModel(p, m));
    PetscCall(HGPhysicsSetGrid(p, (PetscInt)dim, size));
    PetscCall(HGPhysicsSetUp(p));
    PetscCall(HGCollocationSetPhysics(c, p));
    PetscCall(HGPhysicsDestroy(&p));
  }
  PetscCall(HGOptionsCreateFromText(comm, path, text, NULL, &file));
  PetscCall(PetscOptionsPush(file));
  PetscCall(HGCollocationSetFromOptions(c));
  PetscCall(PetscOptionsPop());
  PetscCall(HGOptionsDestroyUsed(comm, path, &file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationCheckModel - Check that a model's network sees the points of the box as the residuals' does

   Collective

   Input Parameters:
+  c - the residuals
-  m - the model

   Level: advanced

   Errors:
   Another box.

.seealso: `HGCollocationSetModel()`
@*/
PetscErrorCode HGCollocationCheckModel(HGCollocation c, HGModel m)
{
  const char *path;
  PetscReal   centre[HG_JET_MAX_DIM], half[HG_JET_MAX_DIM];
  PetscBool   format1;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(HGModelHas(m, "", "input_scale", &format1));
  PetscCall(HGModelGetReals(m, "", "input_mean", c->dim, PETSC_MIN_REAL, PETSC_MAX_REAL, centre));
  PetscCall(HGModelGetReals(m, "", format1 ? "input_scale" : "input_deviation", c->dim, DBL_MIN, PETSC_MAX_REAL, half));
  for (PetscInt d = 0; d < c->dim; d++) {
    if (format1) half[d] = 1 / half[d];
    HGCheck(PetscAbsReal(centre[d] - (c->lo[d] + c->hi[d]) / 2) < 1e-12 * half[d] &&
                PetscAbsReal((c->hi[d] - c->lo[d]) / (2 * half[d]) - 1) < 1e-12,
            PetscObjectComm((PetscObject)c),
            "%s was trained for coordinate %" PetscInt_FMT " from %g to %g, the problem has it from %g to %g; take a model of the same box",
            path, d, (double)(centre[d] - half[d]), (double)(centre[d] + half[d]), c->lo[d], c->hi[d]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationWriteRefinement - Write into a model file which points refinement has added

   Logically Collective

   Input Parameters:
+  c - the residuals, set up
-  m - the model

   Level: advanced

.seealso: `HGCollocationReadRefinement()`, `HGCollocationRefine()`
@*/
PetscErrorCode HGCollocationWriteRefinement(HGCollocation c, HGModel m)
{
  PetscScalar *number;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  if (!c->nadded) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(c->nadded, &number));
  for (PetscInt i = 0; i < c->nadded; i++) number[i] = (PetscScalar)c->added[i];
  PetscCall(HGModelSetSection(m, "equation"));
  PetscCall(HGModelPutInt(m, "", "refined", c->nadded));
  PetscCall(HGModelPutInt(m, "", "refinement_candidates", c->candidates));
  PetscCall(HGModelPutArray(m, "", "refined_points", 1, &c->nadded, number));
  PetscCall(PetscFree(number));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationReadRefinement - Add the points that refinement had added when a model file was written

   Collective

   Input Parameters:
+  c - the residuals, set up, not refined
-  m - the model

   Level: advanced

   Errors:
   Numbers that are no candidates'.

.seealso: `HGCollocationWriteRefinement()`
@*/
PetscErrorCode HGCollocationReadRefinement(HGCollocation c, HGModel m)
{
  MPI_Comm     comm = PetscObjectComm((PetscObject)c);
  PetscInt64   n, candidates;
  PetscInt     count, *number;
  PetscScalar *value;
  PetscBool    has;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscCall(HGModelHas(m, "", "refined", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGModelGetInt(m, "", "refined", 1, PETSC_MAX_INT, &n));
  PetscCall(HGModelGetInt(m, "", "refinement_candidates", n, PETSC_MAX_INT, &candidates));
  count = (PetscInt)n;
  PetscCall(PetscCalloc1(count, &value));
  PetscCall(PetscMalloc1(count, &number));
  PetscCall(HGModelGetArray(m, "", "refined_points", 1, &count, value));
  PetscCallMPI(MPI_Bcast(value, (PetscMPIInt)count, MPIU_SCALAR, 0, comm));
  for (PetscInt i = 0; i < count; i++) {
    HGCheck(PetscRealPart(value[i]) >= 0 && PetscRealPart(value[i]) < (PetscReal)candidates, comm,
            "refined_points of the model has %g; expected numbers below %" PetscInt64_FMT, (double)PetscRealPart(value[i]), candidates);
    number[i] = (PetscInt)PetscRealPart(value[i]);
  }
  PetscCall(HGCollocationAddCandidates(c, count, number));
  c->candidates = (PetscInt)candidates;
  PetscCall(PetscFree(value));
  PetscCall(PetscFree(number));
  PetscFunctionReturn(PETSC_SUCCESS);
}
