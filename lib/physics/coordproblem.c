/* SPDX-License-Identifier: BSD-2-Clause */
#include "physics/coordproblem_impl.h"

static const char *const Samplings[] = {"uniform", "lhs", "sobol", "HGCoordSampling", "HG_COORD_", NULL};

/*@
   HGCoordProblemCreate - Create an empty problem for a coordinate network

   Collective

   Input Parameter:
.  comm - the communicator over which points and parameters are distributed

   Output Parameter:
.  p - the problem

   Level: beginner

.seealso: `HGCoordProblemSetType()`, `HGCoordProblemSetSizes()`, `HGCoordProblemAddTerm()`
@*/
PetscErrorCode HGCoordProblemCreate(MPI_Comm comm, HGCoordProblem *p)
{
  PetscFunctionBegin;
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(PetscNew(p));
  (*p)->comm = comm;
  PetscCallMPI(MPI_Comm_rank(comm, &(*p)->rank));
  PetscCallMPI(MPI_Comm_size(comm, &(*p)->size));
  PetscCall(PetscStrncpy((*p)->name, "problem", sizeof((*p)->name)));
  (*p)->unknown  = -1;
  (*p)->sampling = HG_COORD_SOBOL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *const Problems[]                     = {"burgers", "poisson"};
static PetscErrorCode (*const Create[])(HGCoordProblem) = {HGCoordProblemCreate_Burgers, HGCoordProblemCreate_Poisson};

#define NPROBLEMS ((PetscInt)PETSC_STATIC_ARRAY_LENGTH(Problems))

/* The number of a built-in problem, -1 for another */
static PetscInt WhichProblem(HGCoordProblem p)
{
  for (PetscInt i = 0; i < NPROBLEMS; i++)
    if (!strcmp(p->name, Problems[i])) return i;
  return -1;
}

/*@C
   HGCoordProblemSetType - Make it one of the built-in problems

   Collective

   Input Parameters:
+  p    - the problem, nothing set
-  type - burgers or poisson

   Options Database Key:
.  -coord_problem burgers|poisson - the problem

   Level: beginner

   Notes:
   burgers: u_t + u u_x = nu u_xx on x in [-1, 1], t in [0, 1], u(x, 0) = -sin(pi x), u(-1, t) = u(1, t) = 0 (Basdevant et al., Computers &
   Fluids 14, 1986), with the parameter nu. poisson: -(u_xx + u_yy) = f on [-1, 1]^2, u = 0 on the boundary, f such that u = sin(pi x) sin(pi y).

   Errors:
   An unknown problem.

.seealso: `HGCoordProblemCreate()`
@*/
PetscErrorCode HGCoordProblemSetType(HGCoordProblem p, const char type[])
{
  PetscInt  which = -1;
  PetscBool same;
  char     *all;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < NPROBLEMS; i++) {
    PetscCall(PetscStrcasecmp(type, Problems[i], &same));
    if (same) which = i;
  }
  PetscCall(HGNamesJoin(NPROBLEMS, Problems, ", ", &all));
  HGCheck(which >= 0, p->comm,
          "no coordinate problem \"%s\"; there are: %s. Choose with -coord_problem, or give your own with HGCoordProblemAddTerm()", type,
          all);
  PetscCall(PetscFree(all));
  PetscCall(PetscStrncpy(p->name, Problems[which], sizeof(p->name)));
  PetscCall((*Create[which])(p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordProblemSetSizes - Set how many coordinates and unknown fields a problem has

   Logically Collective

   Input Parameters:
+  p   - the problem
.  dim - coordinates, 1 to 4
-  out - fields, 1 to 8

   Level: beginner

.seealso: `HGCoordProblemSetBox()`
@*/
PetscErrorCode HGCoordProblemSetSizes(HGCoordProblem p, PetscInt dim, PetscInt out)
{
  PetscFunctionBegin;
  HGCheck(dim >= 1 && dim <= HG_COORD_MAX_DIM && out >= 1 && out <= HG_COORD_MAX_OUT, p->comm,
          "a problem of %" PetscInt_FMT " coordinates and %" PetscInt_FMT " fields; give 1 to %d and 1 to %d", dim, out, HG_COORD_MAX_DIM,
          HG_COORD_MAX_OUT);
  p->dim = dim;
  p->out = out;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordProblemSetBox - Set the box of the coordinates

   Logically Collective

   Input Parameters:
+  p  - the problem, its sizes set
.  lo - least coordinates
-  hi - largest coordinates

   Level: beginner

   Shape:
   lo, hi: [dim]

.seealso: `HGCoordProblemSetSizes()`
@*/
PetscErrorCode HGCoordProblemSetBox(HGCoordProblem p, const double lo[], const double hi[])
{
  PetscFunctionBegin;
  for (PetscInt d = 0; d < p->dim; d++) {
    p->lo[d] = lo[d];
    p->hi[d] = hi[d];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordProblemSetSecond - Set which second derivatives the terms look at

   Logically Collective

   Input Parameters:
+  p     - the problem, its sizes set
.  n     - how many
-  pairs - pairs i <= j: d2/dx_i dx_j

   Level: beginner

   Shape:
   pairs: [n][2]

.seealso: `HGCoordJet`
@*/
PetscErrorCode HGCoordProblemSetSecond(HGCoordProblem p, PetscInt n, const PetscInt pairs[][2])
{
  PetscFunctionBegin;
  HGCheck(n >= 0 && n <= p->dim * (p->dim + 1) / 2, p->comm,
          "%" PetscInt_FMT " second derivatives in %" PetscInt_FMT " coordinates; name each once, i <= j", n, p->dim);
  p->nsecond = n;
  for (PetscInt k = 0; k < n; k++) {
    p->second[k][0] = pairs[k][0];
    p->second[k][1] = pairs[k][1];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordProblemSetContext - Set what the functions of the terms get as their last argument

   Logically Collective

   Input Parameters:
+  p   - the problem
-  ctx - the context

   Level: beginner

.seealso: `HGCoordTerm`
@*/
PetscErrorCode HGCoordProblemSetContext(HGCoordProblem p, void *ctx)
{
  PetscFunctionBegin;
  p->ctx = ctx;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordProblemAddParameter - Add a number of the equation, q[...] of the terms' functions

   Logically Collective

   Input Parameters:
+  p     - the problem
.  name  - its name
-  value - its value

   Level: beginner

.seealso: `HGCoordProblemSetUnknown()`
@*/
PetscErrorCode HGCoordProblemAddParameter(HGCoordProblem p, const char name[], double value)
{
  PetscFunctionBegin;
  HGCheck(p->nq < HG_COORD_MAX_UNKNOWN, p->comm, "a problem has at most %d parameters", HG_COORD_MAX_UNKNOWN);
  PetscCall(PetscStrncpy(p->qname[p->nq], name, sizeof(p->qname[0])));
  p->q[p->nq++] = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordProblemSetUnknown - Find a positive parameter of the equation with the network

   Logically Collective

   Input Parameters:
+  p     - the problem, its parameters added
.  name  - the parameter
-  start - where the search starts, positive

   Options Database Keys:
+  -physics_unknown name          - the parameter
-  -physics_unknown_start value - where its search starts (default 0.02)

   Level: beginner

   Note:
   What is trained is theta, with the parameter = start exp(theta): it stays positive, and steps are relative.

   Errors:
   A parameter that the problem does not have.

.seealso: `HGCoordProblemGetUnknown()`
@*/
PetscErrorCode HGCoordProblemSetUnknown(HGCoordProblem p, const char name[], double start)
{
  const char *names[HG_COORD_MAX_UNKNOWN];
  char       *all;
  PetscBool   same;

  PetscFunctionBegin;
  p->unknown = -1;
  for (PetscInt i = 0; i < p->nq; i++) {
    PetscCall(PetscStrcmp(name, p->qname[i], &same));
    if (same) p->unknown = i;
  }
  for (PetscInt i = 0; i < p->nq; i++) names[i] = p->qname[i];
  PetscCall(HGNamesJoin(p->nq, names, ", ", &all));
  HGCheck(p->unknown >= 0, p->comm, "-physics_unknown %s: %s has no such parameter; it has: %s", name, p->name, p->nq ? all : "none");
  PetscCall(PetscFree(all));
  HGCheck(start > 0, p->comm, "-physics_unknown_start %g: give a positive number", start);
  p->start = start;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordProblemAddTerm - Add a term to the objective

   Logically Collective

   Input Parameters:
+  p    - the problem, its sizes set
-  term - the term; copied, its name must stay

   Options Database Keys:
+  -coord_NAME_points n - number of points of the term NAME
-  -coord_NAME_weight w - its weight

   Level: beginner

.seealso: `HGCoordTerm`, `HGCoordProblemSetUp()`
@*/
PetscErrorCode HGCoordProblemAddTerm(HGCoordProblem p, const HGCoordTerm *term)
{
  PetscFunctionBegin;
  HGCheck(p->nterms < HG_COORD_MAX_TERMS, p->comm, "a problem has at most %d terms", HG_COORD_MAX_TERMS);
  HGCheck(term->residual && term->adjoint && term->equations >= 1 && term->equations <= HG_COORD_MAX_RESIDUAL, p->comm,
          "term \"%s\" needs residual(), adjoint(), and 1 to %d equations", term->name, HG_COORD_MAX_RESIDUAL);
  HGCheck(term->order >= 0 && term->order <= 2, p->comm, "term \"%s\" has derivatives of order %d; give 0, 1 or 2", term->name,
          term->order);
  p->term[p->nterms++].term = *term;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordProblemSetExact - Set the exact solution, for the error of a network

   Logically Collective

   Input Parameters:
+  p     - the problem
-  exact - (x, u, ctx) gives the solution u at the point x

   Level: beginner

.seealso: `HGCoordProblemError()`
@*/
PetscErrorCode HGCoordProblemSetExact(HGCoordProblem p, void (*exact)(const double[], double[], void *))
{
  PetscFunctionBegin;
  p->exact = exact;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordProblemSetSampling - Set how the points are drawn

   Logically Collective

   Input Parameters:
+  p        - the problem
.  sampling - how
-  seed     - the seed of random points

   Options Database Keys:
+  -coord_sampling uniform|lhs|sobol - how (default sobol)
-  -coord_seed s - the seed (default 0)

   Level: beginner

.seealso: `HGCoordSample()`
@*/
PetscErrorCode HGCoordProblemSetSampling(HGCoordProblem p, HGCoordSampling sampling, PetscInt seed)
{
  PetscFunctionBegin;
  p->sampling = sampling;
  p->seed     = seed;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode OptionsOfTerm(HGCoordProblem p, HGCoordTerm *t)
{
  char      option[128], title[128];
  PetscReal weight = t->weight;

  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(title, sizeof(title), "Term %s of the coordinate problem", t->name));
  PetscOptionsBegin(p->comm, NULL, title, "");
  PetscCall(PetscSNPrintf(option, sizeof(option), "-coord_%s_points", t->name));
  PetscCall(HGOptionsInt(option, "number of points", "HGCoordProblemAddTerm", 1, PETSC_MAX_INT, &t->points, NULL));
  PetscCall(PetscSNPrintf(option, sizeof(option), "-coord_%s_weight", t->name));
  PetscCall(HGOptionsReal(option, "weight of the mean square of its residual", "HGCoordProblemAddTerm", 0, PETSC_MAX_REAL, &weight, NULL));
  PetscOptionsEnd();
  t->weight = weight;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordProblemSetFromOptions - Take type, parameters, terms and sampling from the options

   Collective

   Input Parameter:
.  p - the problem

   Options Database Keys:
+  -coord_problem burgers|poisson      - a built-in problem
.  -coord_sampling uniform|lhs|sobol   - how points are drawn (default sobol)
.  -coord_seed s                       - seed of random points
.  -coord_NAME_points n                - points of the term NAME: equation, initial, boundary
.  -coord_NAME_weight w                - weight of a term
.  -coord_nu v                         - a parameter, here burgers' nu (default 0.01 / pi)
.  -coord_observations n               - adds a term of n observations of the exact solution (default 0)
.  -coord_noise s                      - standard deviation of the observations' normal noise (default 0)
.  -physics_unknown name               - find this parameter with the network
-  -physics_unknown_start v            - where its search starts (default 0.02)

   Level: beginner

.seealso: `HGCoordProblemSetUp()`
@*/
PetscErrorCode HGCoordProblemSetFromOptions(HGCoordProblem p)
{
  const char *unknown = NULL;
  char        option[64];
  PetscReal   start    = 0.02, q;
  PetscInt    sampling = p->sampling, type = WhichProblem(p);
  PetscBool   set, has;

  PetscFunctionBegin;
  PetscOptionsBegin(p->comm, NULL, "Coordinate problem options", "");
  PetscCall(HGOptionsChoice("-coord_problem", "built-in equation, domain and conditions", "HGCoordProblemSetType", Problems, NPROBLEMS,
                            &type, &set));
  if (set) PetscCall(HGCoordProblemSetType(p, Problems[type]));
  PetscCall(HGOptionsChoice("-coord_sampling", "how points are drawn", "HGCoordProblemSetSampling", Samplings, 3, &sampling, NULL));
  PetscCall(HGOptionsInt("-coord_seed", "seed of random points", "HGCoordProblemSetSampling", 0, PETSC_MAX_INT, &p->seed, NULL));
  for (PetscInt i = 0; i < p->nq; i++) {
    q = p->q[i];
    PetscCall(PetscSNPrintf(option, sizeof(option), "-coord_%s", p->qname[i]));
    PetscCall(HGOptionsReal(option, "parameter of the equation", "HGCoordProblemAddParameter", HG_POSITIVE, PETSC_MAX_REAL, &q, NULL));
    p->q[i] = q;
  }
  PetscCall(HGOptionsString("-physics_unknown", "parameter of the equation to find", "HGCoordProblemSetUnknown", &unknown, &has));
  PetscCall(HGOptionsReal("-physics_unknown_start", "where its search starts", "HGCoordProblemSetUnknown", HG_POSITIVE, PETSC_MAX_REAL,
                          &start, NULL));
  PetscOptionsEnd();
  p->sampling = (HGCoordSampling)sampling;
  if (has && p->dim) PetscCall(HGCoordProblemSetUnknown(p, unknown, start));
  if (p->options) PetscCall((*p->options)(p));
  for (PetscInt t = 0; t < p->nterms; t++) PetscCall(OptionsOfTerm(p, &p->term[t].term));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordProblemSetUp - Draw the points, and set up the network for the problem's coordinates and derivatives

   Collective

   Input Parameters:
+  p     - the problem
.  net   - the network, its width, depth and activation set; stays the caller's
-  dtype - element type of the network's sums

   Level: beginner

   Errors:
   A problem without terms, a term without points.

.seealso: `HGCoordProblemEvaluate()`
@*/
PetscErrorCode HGCoordProblemSetUp(HGCoordProblem p, HGCoordNet net, HGDType dtype)
{
  char *all;

  PetscFunctionBegin;
  PetscCall(HGNamesJoin(NPROBLEMS, Problems, ", ", &all));
  HGCheck(p->dim && p->nterms, p->comm,
          "a coordinate network needs a problem; choose one with -coord_problem: %s, or give your own by HGCoordProblemSetSizes() and "
          "HGCoordProblemAddTerm()",
          all);
  PetscCall(PetscFree(all));
  PetscCall(HGCoordNetSetSizes(net, p->dim, p->out, 0, 0));
  PetscCall(HGCoordNetSetBox(net, p->lo, p->hi));
  PetscCall(HGCoordNetSetSecond(net, p->nsecond, (const PetscInt(*)[2])p->second));
  PetscCall(HGCoordNetSetUp(net, dtype));
  p->net = net;
  PetscCall(HGCoordNetGetSizes(net, NULL, NULL, &p->nnet));
  p->nall = p->nnet + (p->unknown >= 0);
  PetscCall(PetscMalloc4(p->nall, &p->all, p->nall + HG_COORD_MAX_TERMS, &p->sum, p->size, &p->count, p->size, &p->first));
  for (PetscInt t = 0; t < p->nterms; t++) {
    HGCoordPoints *s = &p->term[t];

    HGCheck(s->term.points >= 1, p->comm, "term \"%s\" has no points; give -coord_%s_points or HGCoordTerm.points", s->term.name,
            s->term.name);
    s->total = s->term.points;
    PetscCall(HGCoordProblemSample(p, s));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordProblemCreateParameters - Create the vector of what is trained, and draw its initial values

   Collective

   Input Parameters:
+  p    - the problem, set up
-  seed - of the initial weights

   Output Parameter:
.  v - the network's parameters, and theta of an unknown parameter as the last one

   Level: beginner

.seealso: `HGCoordNetInitialize()`, `HGCoordProblemSetUnknown()`
@*/
PetscErrorCode HGCoordProblemCreateParameters(HGCoordProblem p, uint64_t seed, Vec *v)
{
  const PetscInt *range;
  PetscScalar    *a;

  PetscFunctionBegin;
  PetscCheck(p->net, p->comm, PETSC_ERR_ORDER, "HGCoordProblemSetUp() comes first");
  PetscCall(VecCreateMPI(p->comm, PETSC_DECIDE, p->nall, v));
  PetscCall(VecGetOwnershipRanges(*v, &range));
  for (PetscMPIInt r = 0; r < p->size; r++) {
    p->first[r] = (PetscMPIInt)range[r];
    p->count[r] = (PetscMPIInt)(range[r + 1] - range[r]);
  }
  p->all[p->nall - 1] = 0;
  PetscCall(HGCoordNetInitialize(p->net, seed, p->all));
  PetscCall(VecGetArray(*v, &a));
  PetscCall(PetscArraycpy(a, p->all + range[p->rank], (size_t)p->count[p->rank]));
  PetscCall(VecRestoreArray(*v, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordProblemGetTerms - Get the terms, and what each adds to the objective

   Not Collective

   Input Parameter:
.  p - the problem

   Output Parameters:
+  n    - number of terms
.  term - [n] the terms; room for 8
-  loss - [n] their parts of the objective at the last evaluation, weights included; room for 8

   Level: intermediate

.seealso: `HGCoordProblemEvaluate()`
@*/
PetscErrorCode HGCoordProblemGetTerms(HGCoordProblem p, PetscInt *n, const HGCoordTerm *term[], const double *loss[])
{
  PetscFunctionBegin;
  *n = p->nterms;
  for (PetscInt t = 0; t < p->nterms; t++) {
    term[t] = &p->term[t].term;
    loss[t] = &p->term[t].loss;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordProblemGetUnknown - Get the parameter that is searched for

   Not Collective

   Input Parameter:
.  p - the problem

   Output Parameters:
+  name  - its name, NULL if there is none
-  value - what it is at the last evaluation

   Level: beginner

.seealso: `HGCoordProblemSetUnknown()`
@*/
PetscErrorCode HGCoordProblemGetUnknown(HGCoordProblem p, const char *name[], double *value)
{
  PetscFunctionBegin;
  *name  = p->unknown >= 0 ? p->qname[p->unknown] : NULL;
  *value = p->unknown >= 0 ? p->q[p->unknown] : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordProblemGetBox - Get the coordinates and their box

   Not Collective

   Input Parameter:
.  p - the problem

   Output Parameters:
+  dim - coordinates
.  lo  - least
-  hi  - largest

   Level: beginner

.seealso: `HGCoordProblemSetBox()`
@*/
PetscErrorCode HGCoordProblemGetBox(HGCoordProblem p, PetscInt *dim, const double *lo[], const double *hi[])
{
  PetscFunctionBegin;
  *dim = p->dim;
  *lo  = p->lo;
  *hi  = p->hi;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordProblemGetPoints - Get this rank's points of a term

   Not Collective

   Input Parameters:
+  p    - the problem, set up
-  term - number of the term

   Output Parameters:
+  n - number of points
-  x - the points

   Level: intermediate

   Shape:
   x: [n][dim]

.seealso: `HGCoordProblemRefine()`
@*/
PetscErrorCode HGCoordProblemGetPoints(HGCoordProblem p, PetscInt term, PetscInt *n, const double *x[])
{
  PetscFunctionBegin;
  PetscCheck(term >= 0 && term < p->nterms, p->comm, PETSC_ERR_ARG_OUTOFRANGE, "term %" PetscInt_FMT " of %" PetscInt_FMT, term, p->nterms);
  *n = p->term[term].n;
  *x = p->term[term].x;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordProblemDestroy - Destroy a problem

   Collective

   Input Parameter:
.  p - the problem; set to NULL

   Level: beginner

.seealso: `HGCoordProblemCreate()`
@*/
PetscErrorCode HGCoordProblemDestroy(HGCoordProblem *p)
{
  PetscFunctionBegin;
  if (!*p) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt t = 0; t < (*p)->nterms; t++) {
    PetscCall(PetscFree((*p)->term[t].x));
    PetscCall(PetscFree((*p)->term[t].data));
  }
  if ((*p)->all) PetscCall(PetscFree4((*p)->all, (*p)->sum, (*p)->count, (*p)->first));
  if ((*p)->free) PetscCall((*(*p)->free)((*p)->ctx));
  PetscCall(PetscFree(*p));
  PetscFunctionReturn(PETSC_SUCCESS);
}
