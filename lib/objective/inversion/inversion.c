/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Inverse problems without a network: from observed solutions u_i the input field a or a parameter q of the equation that minimises

     J = 1/(2 n) sum_i |W (u(a_i, q) - u_i)|^2 / |W u_i|^2 + alpha/2 int |grad m|^2

   u(a, q) solves F(u; a, q) = 0 by the equation's own solver; the gradient comes from one adjoint solve for each observation (Plessix, Geophys. J. Int.
   167 (2006) 495). m is a itself, or log a where a must be positive; a parameter is +-exp(theta), unknown.c. The optimizer moves m, in the natural order
   of its points, or theta.
*/
#include "objective/objective_impl.h"
#include <math.h>

enum { MISFIT, ROUGHNESS, NTERMS };

typedef struct {
  HGPhysics      physics;
  HGUnknown      unknown;      /* a parameter, or HG_UNKNOWN_FIELD */
  Vec            weights;      /* W, or NULL */
  PetscInt       n;            /* observations */
  Vec           *a, *observed; /* [n] */
  PetscBool      field;        /* the unknown is the input field */
  PetscBool      solved;       /* the equation had a solution once */
  Vec            u, r, state;  /* solution, its misfit, adjoint state */
  HGUnknownField m;
  Vec            one; /* gradient of one observation */
} HGInversion;

/*@
   HGObjectiveInversionSetPhysics - Set the equation of an inverse problem

   Logically Collective

   Input Parameters:
+  o - the objective, of type `HGOBJECTIVEINVERSION`
-  p - a built-in equation, set up, with its conditions in the differences (`-physics_bc scheme`). Referenced

   Level: intermediate

   Note:
   It has the parameter that is searched for with the value of the last evaluation.

.seealso: `HGObjectiveInversionSetUnknown()`, `HGObjectiveInversionSetObservations()`
@*/
PetscErrorCode HGObjectiveInversionSetPhysics(HGObjective o, HGPhysics p)
{
  HGInversion *s = (HGInversion *)o->data;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 2);
  PetscCall(PetscObjectReference((PetscObject)p));
  PetscCall(HGPhysicsDestroy(&s->physics));
  s->physics = p;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGObjectiveInversionSetUnknown - Set what is to be found

   Logically Collective

   Input Parameters:
+  o     - the objective, of type `HGOBJECTIVEINVERSION`
.  name  - a parameter of the equation; or "a" (the default), its input field
-  start - where the search for a parameter starts; 0 for the value that the equation has. A field starts from the input of its observation

   Options Database Keys:
+  -physics_unknown name    - the unknown
-  -physics_unknown_start v - where the search for a parameter starts (default the value that the equation has)

   Level: intermediate

   Note:
   A parameter's sign stays that of the start.

.seealso: `HGPhysicsSetParameter()`, `HGPhysicsInputAdjoint()`, `HGObjectiveGetUnknown()`
@*/
PetscErrorCode HGObjectiveInversionSetUnknown(HGObjective o, const char name[], PetscReal start)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscCall(HGUnknownSet(PetscObjectComm((PetscObject)o), name, start, &((HGInversion *)o->data)->unknown));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveInversionSetRegularization - Set how much the roughness of an unknown field counts

   Logically Collective

   Input Parameters:
+  o     - the objective, of type `HGOBJECTIVEINVERSION`
-  alpha - the factor of 1/2 int |grad m|^2, m the field or its logarithm

   Options Database Key:
.  -invert_regularization alpha - the factor (default 0)

   Level: intermediate

   Note:
   By differences between neighbouring cells, whose distances count as equal along each axis; nothing across the boundary.

   Errors:
   A negative factor.

.seealso: `HGObjectiveInversionSetUnknown()`
@*/
PetscErrorCode HGObjectiveInversionSetRegularization(HGObjective o, PetscReal alpha)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscCall(HGUnknownFieldSetRegularization(PetscObjectComm((PetscObject)o), alpha, &((HGInversion *)o->data)->m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveInversionSetWeights - Set what each observed value counts

   Logically Collective

   Input Parameters:
+  o - the objective, of type `HGOBJECTIVEINVERSION`
-  w - the weights, 0 where nothing was observed; NULL for ones everywhere. Referenced

   Level: intermediate

.seealso: `HGObjectiveInversionSetObservations()`
@*/
PetscErrorCode HGObjectiveInversionSetWeights(HGObjective o, Vec w)
{
  HGInversion *s = (HGInversion *)o->data;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  if (w) PetscCall(PetscObjectReference((PetscObject)w));
  PetscCall(VecDestroy(&s->weights));
  s->weights = w;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveInversionSetObservations - Set the observed solutions and their inputs

   Collective

   Input Parameters:
+  o        - the objective, of type `HGOBJECTIVEINVERSION`
.  n        - how many; one for an unknown field
.  a        - [n] the inputs, global vectors of the equation's DMDA; of an unknown field where its search starts. Referenced, and not changed
-  observed - [n] the solutions

   Level: intermediate

   Note:
   The samples of the objective are these, in mini-batches of this order.

.seealso: `HGObjectiveInversionSetWeights()`, `HGObjectiveInversionGetFields()`
@*/
PetscErrorCode HGObjectiveInversionSetObservations(HGObjective o, PetscInt n, const Vec a[], const Vec observed[])
{
  HGInversion *s = (HGInversion *)o->data;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  for (PetscInt i = 0; i < n; i++) {
    PetscCall(PetscObjectReference((PetscObject)a[i]));
    PetscCall(PetscObjectReference((PetscObject)observed[i]));
  }
  PetscCall(VecDestroyVecs(s->n, &s->a));
  PetscCall(VecDestroyVecs(s->n, &s->observed));
  s->n = n;
  PetscCall(PetscMalloc1(n, &s->a));
  PetscCall(PetscMalloc1(n, &s->observed));
  PetscCall(PetscArraycpy(s->a, a, n));
  PetscCall(PetscArraycpy(s->observed, observed, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveInversionGetMisfit - Get how far the equation's solutions are from the observed ones

   Not Collective

   Input Parameter:
.  o - the objective, of type `HGOBJECTIVEINVERSION`

   Output Parameter:
.  misfit - the root of the mean of |W (u - u_i)|^2 / |W u_i|^2 in the last evaluation

   Level: intermediate

.seealso: `HGObjectiveEvaluate()`
@*/
PetscErrorCode HGObjectiveInversionGetMisfit(HGObjective o, PetscReal *misfit)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  *misfit = PetscSqrtReal(2 * o->term[MISFIT].value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectiveInversionGetFields - Get the input field and the solution of the last observation that was evaluated

   Not Collective

   Input Parameter:
.  o - the objective, of type `HGOBJECTIVEINVERSION`, set up

   Output Parameters:
+  a - the input, that of the last evaluation if it is the unknown; do not destroy it
-  u - the solution; do not destroy it

   Level: intermediate

.seealso: `HGObjectiveEvaluate()`
@*/
PetscErrorCode HGObjectiveInversionGetFields(HGObjective o, Vec *a, Vec *u)
{
  HGInversion *s = (HGInversion *)o->data;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscCheck(o->setup, PetscObjectComm((PetscObject)o), PETSC_ERR_ORDER, "HGObjectiveEvaluate() comes first");
  if (a) *a = s->a[s->n - 1];
  if (u) *u = s->u;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetFromOptions_Inversion(HGObjective o, HGOptionItems PetscOptionsObject)
{
  HGInversion *s       = (HGInversion *)o->data;
  const char  *unknown = s->unknown.name;
  PetscReal    start = s->unknown.start, alpha = s->m.alpha;

  PetscFunctionBegin;
  PetscCall(HGOptionsString(PetscOptionsObject, "-physics_unknown", "what to find: a parameter of the equation, or a, its input field",
                            "HGObjectiveInversionSetUnknown", &unknown, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-physics_unknown_start", "where the search for a parameter starts, 0: the equation's value",
                          "HGObjectiveInversionSetUnknown", -PETSC_MAX_REAL, PETSC_MAX_REAL, &start, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-invert_regularization", "what the roughness of a field counts",
                          "HGObjectiveInversionSetRegularization", 0, PETSC_MAX_REAL, &alpha, NULL));
  PetscCall(HGObjectiveInversionSetUnknown(o, unknown, start));
  PetscCall(HGObjectiveInversionSetRegularization(o, alpha));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- set-up ---- */

static PetscErrorCode SetUpField(HGObjective o)
{
  HGInversion *s = (HGInversion *)o->data;

  PetscFunctionBegin;
  HGCheck(s->unknown.start == 0, PetscObjectComm((PetscObject)o),
          "-physics_unknown_start %g is for a parameter; an input field starts from -invert_start", (double)s->unknown.start);
  HGCheck(s->n == 1, PetscObjectComm((PetscObject)o), "an unknown input field belongs to one observation; %" PetscInt_FMT " were given",
          s->n);
  PetscCall(HGUnknownFieldSetUp(s->physics, s->a[0], &s->m));
  PetscCall(PetscObjectReference((PetscObject)s->m.a)); /* the caller's stays as it is */
  PetscCall(VecDestroy(&s->a[0]));
  s->a[0] = s->m.a;
  PetscCall(VecDuplicate(s->a[0], &s->one));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Inversion(HGObjective o)
{
  HGInversion *s = (HGInversion *)o->data;
  PetscReal    q;

  PetscFunctionBegin;
  PetscCheck(s->physics, PetscObjectComm((PetscObject)o), PETSC_ERR_ORDER, "HGObjectiveInversionSetPhysics() comes first");
  HGCheck(s->n >= 1, PetscObjectComm((PetscObject)o), "no observations; give at least one");
  PetscCall(PetscStrcmp(s->unknown.name, HG_UNKNOWN_FIELD, &s->field));
  PetscCall(HGUnknownFieldCheckRegularization(PetscObjectComm((PetscObject)o), &s->m, s->field));
  PetscCall(VecDuplicate(s->observed[0], &s->u));
  PetscCall(VecDuplicate(s->u, &s->r));
  PetscCall(VecDuplicate(s->u, &s->state));
  if (s->field) PetscCall(SetUpField(o));
  else PetscCall(HGPhysicsGetParameter(s->physics, s->unknown.name, &q)); /* there is one */
  o->nterms                  = NTERMS;
  o->reference               = MISFIT;
  o->term[MISFIT].name       = "misfit";
  o->term[ROUGHNESS].name    = "roughness";
  o->term[ROUGHNESS].weight  = s->m.alpha;
  o->term[MISFIT].present    = PETSC_TRUE;
  o->term[ROUGHNESS].present = s->field;
  o->listed                  = s->field;
  o->samples                 = s->n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateVector_Inversion(HGObjective o, Vec *p)
{
  HGInversion *s = (HGInversion *)o->data;
  PetscReal    q;

  PetscFunctionBegin;
  *p = NULL;
  if (s->field) {
    PetscCall(HGUnknownFieldCreateVector(&s->m, p));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGPhysicsGetParameter(s->physics, s->unknown.name, &q));
  PetscCall(VecCreateMPI(PetscObjectComm((PetscObject)o), 0, PETSC_DETERMINE, p));
  PetscCall(HGUnknownCreateVector(&s->unknown, q, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- value and gradient ---- */

/* Gives the equation what p says. Whether that is a value that it can have */
static PetscErrorCode SetPoint(HGObjective o, Vec p, PetscReal *q, PetscBool *ok)
{
  HGInversion *s = (HGInversion *)o->data;

  PetscFunctionBegin;
  *q = 0;
  if (s->field) {
    PetscCall(HGUnknownFieldGet(&s->m, p, ok));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGUnknownGet(&s->unknown, p, q));
  *ok = *q != 0 && !PetscIsInfOrNanReal(*q) ? PETSC_TRUE : PETSC_FALSE;
  if (*ok) PetscCall(HGPhysicsSetParameter(s->physics, s->unknown.name, *q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solver's solution is that of the residual, whose adjoint is solved: a TS with steps of its own has another */
static PetscErrorCode CheckSolution(HGInversion *s, PetscInt i)
{
  PetscReal first, last;

  PetscFunctionBegin;
  PetscCall(HGPhysicsSetInput(s->physics, i, s->a[i]));
  PetscCall(HGPhysicsResidual(s->physics, s->u, s->r));
  PetscCall(VecNorm(s->r, NORM_2, &last));
  PetscCall(VecSet(s->state, 0));
  PetscCall(HGPhysicsResidual(s->physics, s->state, s->r));
  PetscCall(VecNorm(s->r, NORM_2, &first));
  HGCheck(last <= 1e-5 * first || first == 0, PetscObjectComm((PetscObject)s->physics),
          "the solution for observation %" PetscInt_FMT
          " leaves a residual of %g (of %g at zero), but the gradient is that of the residual; leave -ts_type and -ts_dt as they are, or "
          "tighten -snes_rtol and -ksp_rtol",
          i, (double)last, (double)first);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solution for an observation's input. There has to be one where the search begins; later it steps back */
static PetscErrorCode Solve(HGInversion *s, PetscInt i, PetscBool *ok)
{
  PetscFunctionBegin;
  if (s->solved) PetscCall(HGPhysicsTrySolve(s->physics, s->a[i], s->u, ok));
  else PetscCall(HGPhysicsSolve(s->physics, s->a[i], s->u));
  s->solved = PETSC_TRUE;
  if (*ok) PetscCall(CheckSolution(s, i));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Half the squared relative misfit of a solution; the adjoint state, and the input set for derivatives of the residual */
static PetscErrorCode SolveAdjoint(HGInversion *s, PetscInt i, PetscReal weight, PetscInt count, PetscReal *f)
{
  PetscReal norm, size;

  PetscFunctionBegin;
  PetscCall(VecCopy(s->observed[i], s->state));
  PetscCall(VecWAXPY(s->r, -1, s->observed[i], s->u));
  if (s->weights) {
    PetscCall(VecPointwiseMult(s->state, s->state, s->weights));
    PetscCall(VecPointwiseMult(s->r, s->r, s->weights));
  }
  PetscCall(VecNorm(s->state, NORM_2, &size));
  PetscCall(VecNorm(s->r, NORM_2, &norm));
  HGCheck(size > 0, PetscObjectComm((PetscObject)s->physics), "observation %" PetscInt_FMT " is zero everywhere; leave it out", i);
  *f = norm * norm / (size * size) / 2;
  if (s->weights) PetscCall(VecPointwiseMult(s->r, s->r, s->weights));
  PetscCall(VecScale(s->r, weight / (size * size * (PetscReal)count)));
  PetscCall(HGPhysicsSolveAdjoint(s->physics, s->u, s->r, s->state));
  PetscCall(HGPhysicsSetInput(s->physics, i, s->a[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adds the gradient of an observation to that of the field, or to that by the parameter */
static PetscErrorCode AddGradient(HGInversion *s, PetscInt i, PetscReal *by)
{
  PetscReal one;

  PetscFunctionBegin;
  if (s->field) {
    PetscCall(HGPhysicsInputAdjoint(s->physics, s->a[i], s->u, s->state, s->one));
    PetscCall(HGUnknownFieldAdd(&s->m, -1, s->one));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGPhysicsParameterAdjoint(s->physics, s->unknown.name, s->u, s->state, &one));
  *by -= one;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Observations of a mini-batch, or all */
static PetscErrorCode Evaluate_Inversion(HGObjective o, PetscInt epoch, PetscInt batch, Vec p, const PetscReal weight[], PetscReal *value,
                                         Vec g)
{
  HGInversion   *s     = (HGInversion *)o->data;
  const PetscInt first = batch < 0 ? 0 : batch * o->batch_size, count = batch < 0 ? o->samples : HGObjectiveCount(o, batch);
  PetscReal      q, one = 0, misfit = 0, roughness = 0, by = 0;
  PetscBool      ok;

  PetscFunctionBegin;
  (void)epoch;
  PetscCall(SetPoint(o, p, &q, &ok));
  if (s->field) PetscCall(VecSet(s->m.g, 0));
  for (PetscInt i = first; i < first + count && ok; i++) {
    PetscCall(Solve(s, i, &ok));
    if (!ok) break;
    PetscCall(SolveAdjoint(s, i, weight[MISFIT], count, &one));
    PetscCall(AddGradient(s, i, &by));
    misfit += one / (PetscReal)count;
  }
  if (s->field && ok) PetscCall(HGUnknownFieldAddRoughness(&s->m, weight[ROUGHNESS], &roughness));
  o->term[MISFIT].value    = ok ? misfit : (PetscReal)INFINITY;
  o->term[ROUGHNESS].value = weight[ROUGHNESS] > 0 ? roughness / weight[ROUGHNESS] : 0;
  *value                   = ok ? weight[MISFIT] * misfit + roughness : (PetscReal)INFINITY;
  if (!s->field) {
    PetscCall(HGUnknownSetGradient(&s->unknown, q, by, g));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGUnknownFieldSetGradient(&s->m, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetUnknown_Inversion(HGObjective o, Vec p, const char *name[], PetscReal *value)
{
  HGInversion *s = (HGInversion *)o->data;

  PetscFunctionBegin;
  if (s->field) PetscFunctionReturn(PETSC_SUCCESS);
  *name = s->unknown.name;
  if (p) PetscCall(HGUnknownGet(&s->unknown, p, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- in a model file: the equation, with the parameter found, and the unknown as the optimizer has it ---- */

static const char *WhatIsSought(const HGInversion *s)
{
  return s->m.log ? "log " HG_UNKNOWN_FIELD : s->unknown.name;
}

static PetscErrorCode Write_Inversion(HGObjective o, Vec p, HGModel m)
{
  HGInversion *s = (HGInversion *)o->data;
  PetscReal    q;
  PetscBool    ok;

  PetscFunctionBegin;
  PetscCall(SetPoint(o, p, &q, &ok));
  PetscCall(HGPhysicsWriteModel(s->physics, m));
  PetscCall(HGModelSetSection(m, "inversion"));
  PetscCall(HGModelPutText(m, "inversion", "unknown", WhatIsSought(s)));
  PetscCall(HGModelPutVec(m, "inversion", "values", p));
  PetscCall(HGObjectiveWriteState(o, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Describe_Inversion(HGObjective o, HGText *text)
{
  HGInversion *s = (HGInversion *)o->data;

  PetscFunctionBegin;
  PetscCall(HGTextAppend(text, "-train_batch_size %" PetscInt_FMT " -invert_regularization %.17g", o->batch_size, (double)s->m.alpha));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The file's equation is this one, with the parameter that was found */
static PetscErrorCode CheckEquation(HGInversion *s, HGModel m)
{
  const char *path, *held;
  char       *mine;

  PetscFunctionBegin;
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(HGModelGetText(m, "", "physics_options", &held));
  PetscCall(HGPhysicsGetOptionsText(s->physics, &mine));
  HGCheck(!strcmp(held, mine), PetscObjectComm((PetscObject)s->physics),
          "%s is of the equation %s, this search has %s; go on with the same", path, held, mine);
  PetscCall(PetscFree(mine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Read_Inversion(HGObjective o, HGModel m, Vec p)
{
  HGInversion *s    = (HGInversion *)o->data;
  MPI_Comm     comm = PetscObjectComm((PetscObject)o);
  const char  *path, *unknown;
  PetscReal    q;
  PetscBool    has, ok;

  PetscFunctionBegin;
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(HGModelHas(m, "inversion", "unknown", &has));
  HGCheck(has, comm, "%s holds no search of halograd invert; give a file that its -model_output has written", path);
  PetscCall(HGModelGetText(m, "inversion", "unknown", &unknown));
  HGCheck(!strcmp(unknown, WhatIsSought(s)), comm,
          "%s holds a search for %s, this one is for %s; give the same -physics_type and -physics_unknown", path, unknown, WhatIsSought(s));
  PetscCall(HGModelGetVec(m, "inversion", "values", p));
  PetscCall(SetPoint(o, p, &q, &ok));
  PetscCall(CheckEquation(s, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Resume_Inversion(HGObjective o, const char file[], HGModel m)
{
  PetscFunctionBegin;
  (void)file;
  PetscCall(HGObjectiveReadState(o, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Inversion(HGObjective o)
{
  HGInversion *s = (HGInversion *)o->data;

  PetscFunctionBegin;
  PetscCall(HGPhysicsDestroy(&s->physics));
  PetscCall(VecDestroyVecs(s->n, &s->a));
  PetscCall(VecDestroyVecs(s->n, &s->observed));
  PetscCall(VecDestroy(&s->weights));
  PetscCall(VecDestroy(&s->u));
  PetscCall(VecDestroy(&s->r));
  PetscCall(VecDestroy(&s->state));
  PetscCall(VecDestroy(&s->one));
  PetscCall(HGUnknownFieldDestroy(&s->m));
  PetscCall(PetscFree(o->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGObjectiveCreate_Inversion(HGObjective o)
{
  HGInversion *s;

  PetscFunctionBegin;
  PetscCall(PetscNew(&s));
  PetscCall(PetscStrncpy(s->unknown.name, HG_UNKNOWN_FIELD, sizeof(s->unknown.name)));
  o->data                = s;
  o->tolerance[0]        = 1e-10;
  o->tolerance[1]        = 1e-8;
  o->tolerance[2]        = 1e-8;
  o->ops->setfromoptions = SetFromOptions_Inversion;
  o->ops->setup          = SetUp_Inversion;
  o->ops->createvector   = CreateVector_Inversion;
  o->ops->evaluate       = Evaluate_Inversion;
  o->ops->getunknown     = GetUnknown_Inversion;
  o->ops->write          = Write_Inversion;
  o->ops->describe       = Describe_Inversion;
  o->ops->read           = Read_Inversion;
  o->ops->resume         = Resume_Inversion;
  o->ops->destroy        = Destroy_Inversion;
  PetscFunctionReturn(PETSC_SUCCESS);
}
