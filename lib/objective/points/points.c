/* SPDX-License-Identifier: BSD-2-Clause */
/* A network of coordinates: mean squares of residuals at points, all points at once */
#include "objective/objective_impl.h"

typedef struct {
  HGNet         net;
  HGCollocation c;
  HGUnknown     unknown;
  PetscInt      number, parameters; /* of the unknown among the equation's parameters */
  PetscInt      add;                /* points of a refinement */
} HGPoints;

#define PARAMETERS 16 /* of an equation, at most */

/*@
   HGObjectivePointsSet - Set a network of coordinates and its residuals

   Collective

   Input Parameters:
+  o   - the objective, of type `HGOBJECTIVEPOINTS`
.  net - the network, set up by `HGCollocationSetUpNet()`. Referenced
-  c   - the residuals; the objective sets them up. Referenced

   Level: intermediate

.seealso: `HGObjectivePointsSetUnknown()`, `HGObjectivePointsSetRefinement()`
@*/
PetscErrorCode HGObjectivePointsSet(HGObjective o, HGNet net, HGCollocation c)
{
  HGPoints *s = (HGPoints *)o->data;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 2);
  PetscCall(PetscObjectReference((PetscObject)net));
  PetscCall(PetscObjectReference((PetscObject)c));
  PetscCall(HGNetDestroy(&s->net));
  PetscCall(HGCollocationDestroy(&s->c));
  s->net = net;
  s->c   = c;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGObjectivePointsSetUnknown - Find a parameter of the equation together with the network, from observations

   Logically Collective

   Input Parameters:
+  o     - the objective
.  name  - the parameter; empty for none
-  start - where its search starts; 0 for the value that the equation has

   Options Database Keys:
+  -physics_unknown name    - the parameter
-  -physics_unknown_start v - where its search starts (default .02)

   Level: intermediate

   Note:
   Its sign stays that of the start, its magnitude is exp(theta), and the optimizer moves theta.

   Errors:
   `HGObjectiveSetUp()` refuses a parameter that the equation does not have, and residuals without observations.

.seealso: `HGCollocationSetObservations()`, `HGObjectiveGetUnknown()`
@*/
PetscErrorCode HGObjectivePointsSetUnknown(HGObjective o, const char name[], PetscReal start)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  PetscCall(HGUnknownSet(PetscObjectComm((PetscObject)o), name, start, &((HGPoints *)o->data)->unknown));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGObjectivePointsSetRefinement - Add points where the residual is largest, every so many epochs

   Logically Collective

   Input Parameters:
+  o     - the objective
.  every - epochs between two refinements, 0 for none
-  add   - points that each adds, of ten times as many candidates

   Options Database Keys:
+  -coord_rar_every n - epochs (default 0)
-  -coord_rar_add m   - points (default 100)

   Level: intermediate

.seealso: `HGCollocationRefine()`
@*/
PetscErrorCode HGObjectivePointsSetRefinement(HGObjective o, PetscInt every, PetscInt add)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(o, HG_OBJECTIVE_CLASSID, 1);
  o->every                   = every;
  ((HGPoints *)o->data)->add = add;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetFromOptions_Points(HGObjective o, HGOptionItems PetscOptionsObject)
{
  HGPoints   *s       = (HGPoints *)o->data;
  const char *unknown = s->unknown.name;
  PetscReal   start   = *unknown ? s->unknown.start : 0.02;

  PetscFunctionBegin;
  PetscCall(HGOptionsInt(PetscOptionsObject, "-coord_rar_every", "epochs between refinements of the points, 0: never",
                         "HGObjectivePointsSetRefinement", 0, PETSC_MAX_INT, &o->every, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-coord_rar_add", "points of a refinement", "HGObjectivePointsSetRefinement", 1, PETSC_MAX_INT,
                         &s->add, NULL));
  PetscCall(HGOptionsString(PetscOptionsObject, "-physics_unknown", "parameter of the equation to find", "HGObjectivePointsSetUnknown",
                            &unknown, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-physics_unknown_start", "where its search starts", "HGObjectivePointsSetUnknown",
                          -PETSC_MAX_REAL, PETSC_MAX_REAL, &start, NULL));
  PetscCall(HGObjectivePointsSetUnknown(o, unknown, start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Something determines the unknown parameter */
static PetscErrorCode FindUnknown(HGObjective o)
{
  HGPoints                *s    = (HGPoints *)o->data;
  MPI_Comm                 comm = PetscObjectComm((PetscObject)o);
  const HGCollocationTerm *term[HG_OBJECTIVE_TERMS];
  PetscInt                 n;
  PetscBool                observed = PETSC_FALSE;

  PetscFunctionBegin;
  s->number = -1;
  if (!*s->unknown.name) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGCollocationFindParameter(s->c, s->unknown.name, &s->number));
  HGCheck(s->number >= 0, comm, "-physics_unknown %s: the equation has no such parameter", s->unknown.name);
  PetscCall(HGCollocationGetTerms(s->c, &n, term));
  for (PetscInt t = 0; t < n; t++)
    if (!strcmp(term[t]->name, "observations")) observed = PETSC_TRUE;
  HGCheck(observed, comm,
          "-physics_unknown %s needs observations, which determine it; give -coord_observations or HGCollocationSetObservations()",
          s->unknown.name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Points(HGObjective o)
{
  HGPoints                *s = (HGPoints *)o->data;
  const HGCollocationTerm *term[HG_OBJECTIVE_TERMS];

  PetscFunctionBegin;
  HGCheck(s->net && s->c, PetscObjectComm((PetscObject)o), "residuals at points need a network; give both with HGObjectivePointsSet()");
  PetscCall(FindUnknown(o));
  PetscCall(HGCollocationSetUp(s->c, s->net));
  PetscCall(HGCollocationGetTerms(s->c, &o->nterms, term));
  for (PetscInt t = 0; t < o->nterms; t++) {
    o->term[t].name    = term[t]->name;
    o->term[t].weight  = (PetscReal)term[t]->weight;
    o->term[t].present = PETSC_TRUE;
  }
  o->samples = o->batch_size = 1;
  o->listed                  = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateVector_Points(HGObjective o, Vec *p)
{
  HGPoints *s = (HGPoints *)o->data;
  double    q = 0;
  PetscBool has;

  PetscFunctionBegin;
  PetscCall(HGNetCreateParameters(s->net, p));
  if (*s->unknown.name) PetscCall(HGCollocationGetParameter(s->c, s->unknown.name, &q, &has));
  PetscCall(HGUnknownCreateVector(&s->unknown, (PetscReal)q, p));
  PetscCall(HGNetInitializeParameters(s->net, (uint64_t)o->seed, *p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Gives network and equation their parameters */
static PetscErrorCode SetPoint(HGPoints *s, Vec p, PetscReal *q)
{
  PetscFunctionBegin;
  PetscCall(HGNetSetParameters(s->net, p));
  *q = 0;
  if (!*s->unknown.name) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGUnknownGet(&s->unknown, p, q));
  PetscCall(HGCollocationSetParameter(s->c, s->unknown.name, (double)*q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Evaluate_Points(HGObjective o, PetscInt epoch, PetscInt batch, Vec p, const PetscReal weight[], PetscReal *value,
                                      Vec g)
{
  HGPoints *s = (HGPoints *)o->data;
  PetscReal q, mean[HG_OBJECTIVE_TERMS], gq[PARAMETERS] = {0};

  PetscFunctionBegin;
  (void)epoch, (void)batch;
  PetscCall(SetPoint(s, p, &q));
  PetscCall(HGNetAdjointBeginIn(s->net, g));
  PetscCall(HGCollocationEvaluate(s->c, weight, PETSC_TRUE, mean, gq));
  PetscCall(HGNetAdjointEnd(s->net, g));
  PetscCall(HGUnknownSetGradient(&s->unknown, q, s->number < 0 ? 0 : gq[s->number], g));
  *value = 0;
  for (PetscInt t = 0; t < o->nterms; t++) {
    o->term[t].value = mean[t];
    *value += weight[t] * mean[t];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetNet_Points(HGObjective o, HGNet *net)
{
  PetscFunctionBegin;
  *net = ((HGPoints *)o->data)->net;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetUnknown_Points(HGObjective o, Vec p, const char *name[], PetscReal *value)
{
  HGPoints *s = (HGPoints *)o->data;

  PetscFunctionBegin;
  if (!*s->unknown.name) PetscFunctionReturn(PETSC_SUCCESS);
  *name = s->unknown.name;
  if (p) PetscCall(HGUnknownGet(&s->unknown, p, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Where_Points(HGObjective o, char text[], size_t len)
{
  char point[256];

  PetscFunctionBegin;
  PetscCall(HGCollocationGetBadPoint(((HGPoints *)o->data)->c, point, sizeof(point)));
  if (*point) PetscCall(PetscStrncpy(text, point, len));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Change_Points(HGObjective o, Vec p)
{
  HGPoints *s = (HGPoints *)o->data;
  PetscReal q;

  PetscFunctionBegin;
  PetscCall(SetPoint(s, p, &q));
  PetscCall(HGCollocationRefine(s->c, 10 * s->add, s->add));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- in a model file ---- */

static PetscErrorCode Write_Points(HGObjective o, Vec p, HGModel m)
{
  HGPoints *s = (HGPoints *)o->data;
  PetscReal q;

  PetscFunctionBegin;
  PetscCall(SetPoint(s, p, &q));
  PetscCall(HGNetWriteModel(s->net, m, p));
  PetscCall(HGCollocationWriteModel(s->c, m));
  PetscCall(HGCollocationWriteRefinement(s->c, m));
  PetscCall(HGModelPutInt(m, "", "refinements", o->changes));
  PetscCall(HGObjectiveWriteState(o, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Describe_Points(HGObjective o, HGText *text)
{
  HGPoints                *s = (HGPoints *)o->data;
  const HGCollocationTerm *term[HG_OBJECTIVE_TERMS];
  HGTensor                 y;
  HGDType                  dtype;
  PetscInt                 n;

  PetscFunctionBegin;
  PetscCall(HGNetGetOutput(s->net, &y, NULL));
  PetscCall(HGTensorGetDType(y, &dtype));
  PetscCall(HGCollocationGetTerms(s->c, &n, term));
  PetscCall(HGTextAppend(text, "-hg_dtype %s", HGDTypeName(dtype)));
  for (PetscInt t = 0; t < n; t++)
    PetscCall(HGTextAppend(text, " -coord_%s_points %" PetscInt_FMT " -coord_%s_weight %.17g", term[t]->name, term[t]->points,
                           term[t]->name, term[t]->weight));
  if (*s->unknown.name) PetscCall(HGTextAppend(text, " -physics_unknown %s", s->unknown.name));
  if (o->every) PetscCall(HGTextAppend(text, " -coord_rar_every %" PetscInt_FMT " -coord_rar_add %" PetscInt_FMT, o->every, s->add));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The file's network is this one */
static PetscErrorCode CheckNet(HGObjective o, HGModel m)
{
  HGPoints   *s = (HGPoints *)o->data;
  const char *path, *held;
  char        options[1024], *theirs, *ours;

  PetscFunctionBegin;
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(HGModelGetText(m, "", "net_options", &held));
  PetscCall(HGNetGetOptionsString(s->net, options, sizeof(options)));
  PetscCall(HGOptionsCompareText(held, options, &theirs, &ours));
  HGCheck(!*theirs, PetscObjectComm((PetscObject)o),
          "%s holds the network %s; the options ask for %s. Give the same, or train a new model.", path, held, options);
  PetscCall(PetscFree(theirs));
  PetscCall(PetscFree(ours));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Read_Points(HGObjective o, HGModel m, Vec p)
{
  HGPoints *s = (HGPoints *)o->data;

  PetscFunctionBegin;
  PetscCall(CheckNet(o, m));
  PetscCall(HGCollocationCheckModel(s->c, m));
  PetscCall(HGNetReadModel(s->net, m, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* And the points that refinement has added */
static PetscErrorCode Resume_Points(HGObjective o, const char file[], HGModel m)
{
  PetscInt64 n = 0;
  PetscBool  has;

  PetscFunctionBegin;
  (void)file;
  PetscCall(HGObjectiveReadState(o, m));
  PetscCall(HGCollocationReadRefinement(((HGPoints *)o->data)->c, m));
  PetscCall(HGModelHas(m, "", "refinements", &has));
  if (has) PetscCall(HGModelGetInt(m, "", "refinements", 0, PETSC_MAX_INT, &n));
  o->changes = (PetscInt)n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Points(HGObjective o)
{
  HGPoints *s = (HGPoints *)o->data;

  PetscFunctionBegin;
  PetscCall(HGNetDestroy(&s->net));
  PetscCall(HGCollocationDestroy(&s->c));
  PetscCall(PetscFree(o->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGObjectiveCreate_Points(HGObjective o)
{
  HGPoints *s;

  PetscFunctionBegin;
  PetscCall(PetscNew(&s));
  s->number              = -1;
  s->add                 = 100;
  o->data                = s;
  o->memory              = 50;   /* all points at once suit a longer memory than TAO's 5 pairs */
  o->tolerance[0]        = 1e-9; /* only the gradient's own size stops a stage early */
  o->ops->setfromoptions = SetFromOptions_Points;
  o->ops->setup          = SetUp_Points;
  o->ops->createvector   = CreateVector_Points;
  o->ops->evaluate       = Evaluate_Points;
  o->ops->getunknown     = GetUnknown_Points;
  o->ops->where          = Where_Points;
  o->ops->change         = Change_Points;
  o->ops->getnet         = GetNet_Points;
  o->ops->write          = Write_Points;
  o->ops->describe       = Describe_Points;
  o->ops->read           = Read_Points;
  o->ops->resume         = Resume_Points;
  o->ops->destroy        = Destroy_Points;
  PetscFunctionReturn(PETSC_SUCCESS);
}
