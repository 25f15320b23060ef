/* SPDX-License-Identifier: BSD-2-Clause */
#include "physics/points/collocation_impl.h"

static const char *const Samplings[] = {"uniform", "lhs", "sobol", "HGSampling", "HG_SAMPLING_", NULL};

/*@
   HGCollocationCreate - Create residuals at points, without terms

   Collective

   Input Parameter:
.  comm - the communicator over which points are distributed

   Output Parameter:
.  c - the residuals

   Level: beginner

.seealso: `HGCollocationSetPhysics()`, `HGCollocationAddTerm()`, `HGCollocationSetUp()`, `HGCollocationDestroy()`
@*/
PetscErrorCode HGCollocationCreate(MPI_Comm comm, HGCollocation *c)
{
  PetscFunctionBegin;
  PetscCall(PetscHeaderCreate(*c, HG_COLLOCATION_CLASSID, "HGCollocation", "Residuals at points", "Physics", comm, HGCollocationDestroy,
                              HGCollocationView));
  PetscCallMPI(MPI_Comm_rank(comm, &(*c)->rank));
  PetscCallMPI(MPI_Comm_size(comm, &(*c)->size));
  PetscCall(PetscLogEventGetId("HG points", &(*c)->event));
  if ((*c)->event < 0) PetscCall(PetscLogEventRegister("HG points", HG_COLLOCATION_CLASSID, &(*c)->event));
  (*c)->sampling = HG_SAMPLING_SOBOL;
  (*c)->bad_term = -1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationSetOptionsPrefix - Set what goes before the names of the options

   Logically Collective

   Input Parameters:
+  c      - the residuals
-  prefix - the prefix

   Level: intermediate

.seealso: `HGCollocationSetFromOptions()`
@*/
PetscErrorCode HGCollocationSetOptionsPrefix(HGCollocation c, const char prefix[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)c, prefix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationSetSizes - Set how many coordinates and unknown fields residuals has

   Logically Collective

   Input Parameters:
+  c   - the residuals
.  dim - coordinates, 1 to 4
-  out - fields, 1 to 8

   Level: beginner

.seealso: `HGCollocationSetBox()`
@*/
PetscErrorCode HGCollocationSetSizes(HGCollocation c, PetscInt dim, PetscInt out)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  HGCheck(dim >= 1 && dim <= HG_JET_MAX_DIM && out >= 1 && out <= HG_JET_MAX_OUT, PetscObjectComm((PetscObject)c),
          "residuals for %" PetscInt_FMT " coordinates and %" PetscInt_FMT " fields; give 1 to %d and 1 to %d", dim, out, HG_JET_MAX_DIM,
          HG_JET_MAX_OUT);
  c->dim = dim;
  c->out = out;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationSetBox - Set the box of the coordinates

   Logically Collective

   Input Parameters:
+  c  - the residuals, its sizes set
.  lo - least coordinates
-  hi - largest coordinates

   Level: beginner

   Shape:
   lo, hi: [dim]

.seealso: `HGCollocationSetSizes()`
@*/
PetscErrorCode HGCollocationSetBox(HGCollocation c, const double lo[], const double hi[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  for (PetscInt d = 0; d < c->dim; d++) {
    c->lo[d] = lo[d];
    c->hi[d] = hi[d];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationSetSecond - Set which second derivatives the terms look at

   Logically Collective

   Input Parameters:
+  c     - the residuals, its sizes set
.  n     - how many
-  pairs - pairs i <= j: d2/dx_i dx_j

   Level: beginner

   Shape:
   pairs: [n][2]

.seealso: `HGJet`
@*/
PetscErrorCode HGCollocationSetSecond(HGCollocation c, PetscInt n, const PetscInt pairs[][2])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  HGCheck(n >= 0 && n <= c->dim * (c->dim + 1) / 2, PetscObjectComm((PetscObject)c),
          "%" PetscInt_FMT " second derivatives in %" PetscInt_FMT " coordinates; name each once, i <= j", n, c->dim);
  c->nsecond = n;
  for (PetscInt k = 0; k < n; k++) {
    c->second[k][0] = pairs[k][0];
    c->second[k][1] = pairs[k][1];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationSetContext - Set what the functions of the terms get as their last argument

   Logically Collective

   Input Parameters:
+  c   - the residuals
-  ctx - the context

   Level: beginner

.seealso: `HGCollocationTerm`
@*/
PetscErrorCode HGCollocationSetContext(HGCollocation c, void *ctx)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  c->ctx = ctx;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationAddParameter - Add a number of the equation, q[...] of the terms' functions

   Logically Collective

   Input Parameters:
+  c     - the residuals
.  name  - its name
-  value - its value

   Level: beginner

.seealso: `HGCollocationSetUnknown()`
@*/
PetscErrorCode HGCollocationAddParameter(HGCollocation c, const char name[], double value)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  HGCheck(c->nq < HG_COLLOCATION_PARAMETERS, PetscObjectComm((PetscObject)c), "there are at most %d parameters", HG_COLLOCATION_PARAMETERS);
  PetscCall(PetscStrncpy(c->qname[c->nq], name, sizeof(c->qname[0])));
  c->q[c->nq++] = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationAddTerm - Add a term to the objective

   Logically Collective

   Input Parameters:
+  c    - the residuals, its sizes set
-  term - the term; copied, its name must stay

   Options Database Keys:
+  -coord_NAME_points n - number of points of the term NAME
-  -coord_NAME_weight w - its weight

   Level: beginner

.seealso: `HGCollocationTerm`, `HGCollocationSetUp()`
@*/
PetscErrorCode HGCollocationAddTerm(HGCollocation c, const HGCollocationTerm *term)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  HGCheck(c->nterms < HG_COLLOCATION_TERMS, PetscObjectComm((PetscObject)c), "there are at most %d terms", HG_COLLOCATION_TERMS);
  HGCheck(term->equations >= 1 && term->equations <= HG_COLLOCATION_EQUATIONS, PetscObjectComm((PetscObject)c),
          "term \"%s\" has 1 to %d equations", term->name, HG_COLLOCATION_EQUATIONS);
  HGCheck(term->order >= 0 && term->order <= 2, PetscObjectComm((PetscObject)c), "term \"%s\" has derivatives of order %d; give 0, 1 or 2",
          term->name, term->order);
  c->term[c->nterms++].term = *term;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationSetExact - Set the exact solution, for the error of a network

   Logically Collective

   Input Parameters:
+  c     - the residuals
-  exact - (x, u, ctx) gives the solution u at the point x

   Level: beginner

.seealso: `HGCollocationError()`
@*/
PetscErrorCode HGCollocationSetExact(HGCollocation c, void (*exact)(const double[], double[], void *))
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  c->exact = exact;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationSetSampling - Set how the points are drawn

   Logically Collective

   Input Parameters:
+  c        - the residuals
.  sampling - how
-  seed     - the seed of random points

   Options Database Keys:
+  -coord_sampling uniform|lhs|sobol - how (default sobol)
-  -coord_seed s - the seed (default 0)

   Level: beginner

.seealso: `HGSamplePoint()`
@*/
PetscErrorCode HGCollocationSetSampling(HGCollocation c, HGSampling sampling, PetscInt seed)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  c->sampling = sampling;
  c->seed     = seed;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationSetPeriodic - Set in which coordinates the solution is periodic, which the network then is too

   Logically Collective

   Input Parameters:
+  c        - the residuals, their sizes set
-  periodic - for each coordinate whether it is

   Level: intermediate

   Shape:
   periodic: [coordinates]

.seealso: `HGNetMLPSetPeriodic()`, `HGCollocationSetUp()`
@*/
PetscErrorCode HGCollocationSetPeriodic(HGCollocation c, const PetscBool periodic[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscCall(PetscArraycpy(c->periodic, periodic, c->dim));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt FindParameter(HGCollocation c, const char name[])
{
  for (PetscInt i = 0; i < c->nq; i++)
    if (!strcmp(name, c->qname[i])) return i;
  return -1;
}

/*@C
   HGCollocationFindParameter - Find a parameter of the equation

   Not Collective

   Input Parameters:
+  c    - the residuals
-  name - the parameter

   Output Parameter:
.  number - its number, from 0, in `HGCollocationEvaluate()`; -1 if there is none of this name

   Level: intermediate

.seealso: `HGCollocationGetParameter()`
@*/
PetscErrorCode HGCollocationFindParameter(HGCollocation c, const char name[], PetscInt *number)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  *number = FindParameter(c, name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationGetParameter - Get a parameter of the equation

   Not Collective

   Input Parameters:
+  c    - the residuals
-  name - the parameter

   Output Parameters:
+  value - what it is
-  has   - whether there is one of this name

   Level: intermediate

.seealso: `HGCollocationSetParameter()`
@*/
PetscErrorCode HGCollocationGetParameter(HGCollocation c, const char name[], double *value, PetscBool *has)
{
  const PetscInt i = FindParameter(c, name);

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  *has = i >= 0 ? PETSC_TRUE : PETSC_FALSE;
  if (*has) *value = c->q[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationSetParameter - Set a parameter of the equation

   Logically Collective

   Input Parameters:
+  c     - the residuals
.  name  - the parameter
-  value - its value

   Level: intermediate

   Errors:
   A parameter that there is not.

.seealso: `HGCollocationAddParameter()`, `HGCollocationGetParameter()`
@*/
PetscErrorCode HGCollocationSetParameter(HGCollocation c, const char name[], double value)
{
  const PetscInt i = FindParameter(c, name);

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  HGCheck(i >= 0, PetscObjectComm((PetscObject)c), "the equation has no parameter %s", name);
  c->q[i] = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The term of a name, NULL if there is none */
PetscErrorCode HGCollocationFindTerm(HGCollocation c, const char name[], HGCollocationPoints **t)
{
  PetscFunctionBegin;
  *t = NULL;
  for (PetscInt i = 0; i < c->nterms; i++)
    if (!strcmp(c->term[i].term.name, name)) *t = &c->term[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode OptionsOfTerm(HGCollocation c, HGCollocationTerm *t)
{
  char      option[128];
  PetscReal weight = t->weight;

  PetscFunctionBegin;
  PetscObjectOptionsBegin((PetscObject)c);
  PetscCall(PetscSNPrintf(option, sizeof(option), "-coord_%s_points", t->name));
  PetscCall(HGOptionsInt(PetscOptionsObject, option, "number of points", "HGCollocationAddTerm", 1, PETSC_MAX_INT, &t->points, NULL));
  PetscCall(PetscSNPrintf(option, sizeof(option), "-coord_%s_weight", t->name));
  PetscCall(HGOptionsReal(PetscOptionsObject, option, "weight of the mean square of its residual", "HGCollocationAddTerm", 0,
                          PETSC_MAX_REAL, &weight, NULL));
  PetscOptionsEnd();
  t->weight = weight;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParametersFromOptions(HGCollocation c)
{
  char      option[64];
  PetscReal q;

  PetscFunctionBegin;
  PetscObjectOptionsBegin((PetscObject)c);
  for (PetscInt i = 0; i < c->nq; i++) {
    q = c->q[i];
    PetscCall(PetscSNPrintf(option, sizeof(option), "-coord_%s", c->qname[i]));
    PetscCall(HGOptionsReal(PetscOptionsObject, option, "parameter of the equation", "HGCollocationSetParameter", -PETSC_MAX_REAL,
                            PETSC_MAX_REAL, &q, NULL));
    c->q[i] = q;
  }
  PetscOptionsEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationSetFromOptions - Take the example, sampling, and the points and weights of the terms from the options

   Collective

   Input Parameter:
.  c - the residuals

   Options Database Keys:
+  -coord_problem burgers|poisson    - an example with its exact solution
.  -coord_sampling uniform|lhs|sobol - how points are drawn (default sobol)
.  -coord_seed s                     - seed of random points
.  -coord_NAME_points n              - points of the term NAME: equation, initial, boundary
.  -coord_NAME_weight w              - weight of a term
-  -coord_PARAMETER v                - a parameter of the equation, which -physics_PARAMETER sets too

   Level: beginner

.seealso: `HGCollocationSetUp()`, `HGCollocationSetExample()`
@*/
PetscErrorCode HGCollocationSetFromOptions(HGCollocation c)
{
  PetscInt  sampling = c->sampling, example = -1;
  PetscBool set;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscObjectOptionsBegin((PetscObject)c);
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-coord_problem", "an example with its exact solution", "HGCollocationSetExample",
                            HGCollocationExamples, HG_COLLOCATION_EXAMPLES, &example, &set));
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-coord_sampling", "how points are drawn", "HGCollocationSetSampling", Samplings, 3,
                            &sampling, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-coord_seed", "seed of random points", "HGCollocationSetSampling", 0, PETSC_MAX_INT, &c->seed,
                         NULL));
  PetscOptionsEnd();
  if (set) PetscCall(HGCollocationSetExample(c, HGCollocationExamples[example]));
  PetscCall(ParametersFromOptions(c));
  c->sampling = (HGSampling)sampling;
  if (c->options) PetscCall((*c->options)(c));
  for (PetscInt t = 0; t < c->nterms; t++) PetscCall(OptionsOfTerm(c, &c->term[t].term));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGCollocationAttach - Take a network, set up for the coordinates and unknowns, and plan its derivatives

  Collective
*/
PetscErrorCode HGCollocationAttach(HGCollocation c, HGNet net)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)c);
  PetscInt cin, cout;

  PetscFunctionBegin;
  if (c->net == net) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGNetGetChannels(net, &cin, &cout));
  HGCheck(cin == c->dim && cout == c->out, comm,
          "the network takes %" PetscInt_FMT " coordinates to %" PetscInt_FMT " values, the equation has %" PetscInt_FMT
          " and %" PetscInt_FMT,
          cin, cout, c->dim, c->out);
  PetscCall(HGNetSetUpJets(net, c->lo, c->hi, c->nsecond, (const PetscInt(*)[2])c->second));
  PetscCall(PetscObjectReference((PetscObject)net));
  PetscCall(HGNetDestroy(&c->net));
  c->net = net;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationSetUp - Draw the points, and plan the network's derivatives that the terms look at

   Collective

   Input Parameters:
+  c   - the residuals with their terms
-  net - a network of coordinates, set up for the coordinates and unknowns; referenced

   Level: beginner

   Errors:
   No terms, a term without points or without the field it needs, a network of other sizes.

.seealso: `HGCollocationEvaluate()`, `HGNetSetUpJets()`
@*/
PetscErrorCode HGCollocationSetUp(HGCollocation c, HGNet net)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)c);

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  HGCheck(c->dim && c->nterms, comm,
          "a network of coordinates needs an equation; choose one with -physics_type, or an example with -coord_problem burgers|poisson");
  PetscCall(HGCollocationAttach(c, net));
  for (PetscInt t = 0; t < c->nterms; t++) {
    HGCollocationPoints *s = &c->term[t];

    HGCheck(s->term.points >= 1, comm, "term \"%s\" has no points; give -coord_%s_points or HGCollocationTerm.points", s->term.name,
            s->term.name);
    HGCheck(!s->given || s->total, comm, "the term \"%s\" needs the equation's input field; give it with -data_file and -data_input",
            s->term.name);
    if (s->total) continue; /* given, or set up before */
    s->total = s->term.points;
    PetscCall(HGCollocationSampleTerm(c, s));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationGetSizes - Get the numbers of coordinates and unknowns

   Not Collective

   Input Parameter:
.  c - the residuals

   Output Parameters:
+  dim - coordinates
-  out - unknowns

   Level: intermediate

.seealso: `HGCollocationSetSizes()`
@*/
PetscErrorCode HGCollocationGetSizes(HGCollocation c, PetscInt *dim, PetscInt *out)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  if (dim) *dim = c->dim;
  if (out) *out = c->out;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationGetTerms - Get the terms

   Not Collective

   Input Parameter:
.  c - the residuals

   Output Parameters:
+  n    - number of terms
-  term - [n] the terms; room for 8

   Level: intermediate

.seealso: `HGCollocationEvaluate()`
@*/
PetscErrorCode HGCollocationGetTerms(HGCollocation c, PetscInt *n, const HGCollocationTerm *term[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  *n = c->nterms;
  for (PetscInt t = 0; t < c->nterms; t++) term[t] = &c->term[t].term;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationGetBox - Get the coordinates and their box

   Not Collective

   Input Parameter:
.  c - the residuals

   Output Parameters:
+  lo  - least
-  hi  - largest

   Level: beginner

.seealso: `HGCollocationSetBox()`
@*/
PetscErrorCode HGCollocationGetBox(HGCollocation c, const double *lo[], const double *hi[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  *lo = c->lo;
  *hi = c->hi;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationGetPoints - Get this rank's points of a term

   Not Collective

   Input Parameters:
+  c    - the residuals, set up
-  term - number of the term

   Output Parameters:
+  n - number of points
-  x - the points

   Level: intermediate

   Shape:
   x: [n][dim]

.seealso: `HGCollocationRefine()`
@*/
PetscErrorCode HGCollocationGetPoints(HGCollocation c, PetscInt term, PetscInt *n, const double *x[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscCheck(term >= 0 && term < c->nterms, PetscObjectComm((PetscObject)c), PETSC_ERR_ARG_OUTOFRANGE,
             "term %" PetscInt_FMT " of %" PetscInt_FMT, term, c->nterms);
  *n = c->term[term].n;
  *x = c->term[term].x;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationView - Print terms, points and parameters

   Collective

   Input Parameters:
+  c      - the residuals
-  viewer - an ASCII viewer

   Options Database Key:
.  -coord_view - print them when training starts

   Level: beginner

.seealso: `HGCollocationCreate()`
@*/
PetscErrorCode HGCollocationView(HGCollocation c, PetscViewer viewer)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  for (PetscInt t = 0; t < c->nterms; t++)
    PetscCall(PetscViewerASCIIPrintf(viewer, "term %s: %" PetscInt_FMT " points, weight %g\n", c->term[t].term.name,
                                     c->term[t].total ? c->term[t].total : c->term[t].term.points, c->term[t].term.weight));
  for (PetscInt d = 0; d < c->dim; d++)
    PetscCall(PetscViewerASCIIPrintf(viewer, "coordinate %" PetscInt_FMT ": %g to %g%s\n", d, c->lo[d], c->hi[d],
                                     c->periodic[d] ? ", periodic" : ""));
  for (PetscInt i = 0; i < c->nq; i++) PetscCall(PetscViewerASCIIPrintf(viewer, "%s = %g\n", c->qname[i], c->q[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationDestroy - Destroy residuals at points

   Collective

   Input Parameter:
.  c - the residuals; set to NULL

   Level: beginner

.seealso: `HGCollocationCreate()`
@*/
PetscErrorCode HGCollocationDestroy(HGCollocation *c)
{
  PetscFunctionBegin;
  if (!*c) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(*c, HG_COLLOCATION_CLASSID, 1);
  if (--((PetscObject)*c)->refct > 0) {
    *c = NULL;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (PetscInt t = 0; t < (*c)->nterms; t++) {
    PetscCall(PetscFree((*c)->term[t].x));
    PetscCall(PetscFree((*c)->term[t].data));
  }
  if ((*c)->free) PetscCall((*(*c)->free)(*c));
  PetscCall(HGNetDestroy(&(*c)->net));
  PetscCall(HGPhysicsDestroy(&(*c)->e.physics));
  PetscCall(PetscFree((*c)->added));
  PetscCall(PetscHeaderDestroy(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}
