/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A built-in equation at points. f = M du/dt - R(u) in each row with a time derivative, f = -R(u) in the others, f = -R(u) - s with a source s; R is
   the function of lib/equation that also makes the residuals on grids, here of a network's analytic derivatives.
*/
#include "physics/points/collocation_impl.h"
#include <math.h>

#define CHUNK 120 /* points at once: what is below stays in the first-level cache */

typedef struct {
  double  v[HG_MAX_UNKNOWNS + 1][HG_VARIABLES][CHUNK]; /* of the unknowns, and of the coefficient */
  double  r[HG_MAX_UNKNOWNS][CHUNK], P[HG_EQUATION_TERMS][CHUNK], w[HG_MAX_UNKNOWNS][CHUNK];
  double *pv[HG_MAX_UNKNOWNS + 1][HG_VARIABLES], *pr[HG_MAX_UNKNOWNS], *pP[HG_EQUATION_TERMS];
} Chunk;

/* Component k of unknown c at the first point of a chunk; points are out apart */
static const double *At(HGCollocation c, PetscInt k, PetscInt pieces, PetscInt from, PetscInt unknown, const double *u)
{
  return u + (k * pieces + from) * c->out + unknown;
}

/* Values and derivatives of a chunk of m points, which begin at `from` of the piece's n */
static void Load(HGCollocation c, PetscInt n, PetscInt from, PetscInt m, const double *u, const double *data, PetscInt ndata, Chunk *b)
{
  const int dim = c->e.dim;

  for (PetscInt k = 0; k < c->out; k++) {
    for (int var = 0; var <= dim; var++) {
      const double *a = At(c, var, n, from, k, u);

      for (PetscInt i = 0; i < m; i++) b->v[k][var][i] = a[i * c->out];
    }
    memset(b->v[k][HG_LAPLACIAN], 0, sizeof(b->v[k][HG_LAPLACIAN]));
    for (PetscInt s = 0; s < c->nsecond; s++) {
      const double *a = At(c, 1 + c->dim + s, n, from, k, u);

      for (PetscInt i = 0; i < m; i++) b->v[k][HG_LAPLACIAN][i] += a[i * c->out];
    }
  }
  for (int var = 0; var <= dim && c->e.def->role == HG_INPUT_COEFFICIENT; var++)
    for (PetscInt i = 0; i < m; i++) b->v[c->out][var][i] = data[i * ndata + var];
}

/* w = f */
static void Residual(HGCollocation c, PetscInt n, PetscInt from, PetscInt m, const double *u, const double *data, PetscInt ndata, Chunk *b)
{
  for (PetscInt k = 0; k < c->out; k++) {
    const double *dt = At(c, 1 + c->e.dim, n, from, k, u);

    for (PetscInt i = 0; i < m; i++) b->w[k][i] = -b->r[k][i];
    for (PetscInt i = 0; i < m && c->e.time && !c->e.def->algebraic[k]; i++) b->w[k][i] += dt[i * c->out];
    for (PetscInt i = 0; i < m && c->e.def->role == HG_INPUT_SOURCE; i++) b->w[k][i] -= data[i * ndata + k];
  }
}

/* g of the components from w, the derivative of the objective by f */
static void Adjoint(HGCollocation c, PetscInt n, PetscInt from, PetscInt m, const Chunk *b, double *g)
{
  const HGEquation     *e = c->e.def;
  const HGEquationTerm *t = e->terms[c->e.dim - 1];

  for (PetscInt k = 0; k < 1 + c->dim + c->nsecond; k++)
    for (PetscInt i = 0; i < m * c->out; i++) g[(k * n + from) * c->out + i] = 0;
  for (int k = 0; k < e->nterms[c->e.dim - 1]; k++) {
    const PetscInt first = t[k].variable == HG_LAPLACIAN ? 1 + c->dim : (PetscInt)t[k].variable;
    const PetscInt last  = t[k].variable == HG_LAPLACIAN ? first + c->nsecond : first + 1;

    if (t[k].unknown >= c->out) continue; /* the coefficient */
    for (PetscInt s = first; s < last; s++) {
      double *to = g + (s * n + from) * c->out + t[k].unknown;

      for (PetscInt i = 0; i < m; i++) to[i * c->out] -= b->P[k][i] * b->w[t[k].row][i];
    }
  }
  for (PetscInt k = 0; k < c->out && c->e.time; k++) {
    double *to = g + ((1 + c->e.dim) * n + from) * c->out + k;

    for (PetscInt i = 0; i < m && !e->algebraic[k]; i++) to[i * c->out] += b->w[k][i];
  }
}

/* Adds to the derivatives by the equation's parameters */
static void ByParameter(HGCollocation c, int lane, PetscInt m, Chunk *b)
{
  for (int q = 0; q < c->e.def->nparameters && c->e.def->byparameter; q++) {
    (*c->e.def->byparameter)(c->q, c->e.dim, q, m, b->pv, b->pr);
    for (PetscInt k = 0; k < c->out; k++)
      for (PetscInt i = 0; i < m; i++) c->lane_q[lane][q] -= b->w[k][i] * b->r[k][i];
  }
}

/* The sum of |f|^2 over a piece of the points, and g */
double HGCollocationEquationPiece(HGCollocation c, const HGCollocationPoints *s, int lane, PetscInt first, PetscInt n, const double *u,
                                  double *g)
{
  double sum = 0;
  Chunk  b;

  for (int k = 0; k <= HG_MAX_UNKNOWNS; k++)
    for (int var = 0; var < HG_VARIABLES; var++) b.pv[k][var] = b.v[k][var];
  for (int k = 0; k < HG_MAX_UNKNOWNS; k++) b.pr[k] = b.r[k];
  for (int k = 0; k < HG_EQUATION_TERMS; k++) b.pP[k] = b.P[k];
  for (PetscInt from = 0; from < n; from += CHUNK) {
    const PetscInt m    = PetscMin(CHUNK, n - from);
    const double  *data = s->data ? s->data + (first + from) * s->term.ndata : NULL;

    Load(c, n, from, m, u, data, s->term.ndata, &b);
    (*c->e.def->point)(c->q, c->e.dim, m, b.pv, b.pr, g ? b.pP : NULL);
    Residual(c, n, from, m, u, data, s->term.ndata, &b);
    for (PetscInt i = 0; i < m; i++) {
      double square = 0;

      for (PetscInt k = 0; k < c->out; k++) square += b.w[k][i] * b.w[k][i];
      sum += square;
      if (!isfinite(square) && c->lane_bad[lane] < 0) c->lane_bad[lane] = first + from + i;
      if (c->best) c->best[first + from + i] = square;
    }
    if (!g) continue;
    for (PetscInt k = 0; k < c->out; k++)
      for (PetscInt i = 0; i < m; i++) b.w[k][i] *= 2 * c->weight;
    Adjoint(c, n, from, m, &b, g);
    ByParameter(c, lane, m, &b);
  }
  return sum;
}

/* ---- the terms of a built-in equation ---- */

static void Residual_Value(const double x[], const HGJet *u, const double q[], const double data[], double f[], void *ctx)
{
  const HGCollocation c = (HGCollocation)ctx;

  (void)x, (void)q;
  for (PetscInt k = 0; k < c->out; k++) f[k] = u->u[k] - data[k];
}

static void Adjoint_Value(const double x[], const HGJet *u, const double q[], const double data[], const double w[], HGJet *g, double gq[],
                          void *ctx)
{
  const HGCollocation c = (HGCollocation)ctx;

  (void)x, (void)u, (void)q, (void)data, (void)gq;
  for (PetscInt k = 0; k < c->out; k++) g->u[k] += w[k];
}

/* data: axis of space, side, alpha, beta, gamma. alpha u + beta du/dn - gamma */
static void Residual_Side(const double x[], const HGJet *u, const double q[], const double data[], double f[], void *ctx)
{
  const HGCollocation c    = (HGCollocation)ctx;
  const int           axis = (int)data[0];
  const double        out  = data[1] > 0 ? 1 : -1;

  (void)x, (void)q;
  for (PetscInt k = 0; k < c->out; k++)
    f[k] = data[2] * u->u[k] + data[3] * out * u->du[k][axis] - (c->e.def->homogeneous[k] ? 0 : data[4]);
}

static void Adjoint_Side(const double x[], const HGJet *u, const double q[], const double data[], const double w[], HGJet *g, double gq[],
                         void *ctx)
{
  const HGCollocation c    = (HGCollocation)ctx;
  const int           axis = (int)data[0];
  const double        out  = data[1] > 0 ? 1 : -1;

  (void)x, (void)u, (void)q, (void)gq;
  for (PetscInt k = 0; k < c->out; k++) {
    g->u[k] += data[2] * w[k];
    g->du[k][axis] += data[3] * out * w[k];
  }
}

/* The sides with a condition, each in turn; evenly spread in time if space has one dimension, drawn otherwise */
static PetscInt Sides(HGCollocation c, int axis[6], int side[6])
{
  PetscInt n = 0;

  for (int a = 0; a < c->e.dim; a++) {
    for (int s = 0; s < 2 && !c->e.physics->axis[2 - a].periodic; s++) {
      axis[n]   = a;
      side[n++] = s;
    }
  }
  return n;
}

static void Point_Side(PetscInt i, double x[], void *ctx)
{
  const HGCollocation  c = (HGCollocation)ctx;
  HGCollocationPoints *t;
  int                  axis[6], side[6];
  const PetscInt       n = Sides(c, axis, side), k = i % n;
  double               unit[HG_JET_MAX_DIM];
  PetscInt             a = 0;

  (void)HGCollocationFindTerm(c, "boundary", &t);
  if (c->dim == 2 && c->e.time) unit[0] = ((double)(i / n) + 0.5) / (double)((t->term.points + n - 1) / n);
  else HGSamplePoint(c->sampling, (uint64_t)c->seed, "boundary", (t->term.points + n - 1) / n, c->dim - 1, i / n, unit);
  for (PetscInt d = 0; d < c->dim; d++) {
    if (d == axis[k]) x[d] = side[k] ? c->hi[d] : c->lo[d];
    else x[d] = c->lo[d] + (c->hi[d] - c->lo[d]) * unit[a++];
  }
}

static void Data_Side(PetscInt i, const double x[], double data[], void *ctx)
{
  const HGCollocation c = (HGCollocation)ctx;
  int                 axis[6], side[6];
  const PetscInt      k    = i % Sides(c, axis, side);
  const HGSide       *s    = &c->e.physics->axis[2 - axis[k]].side[side[k]];
  const double        v[5] = {axis[k], side[k], (double)s->alpha, (double)s->beta, (double)s->gamma};

  (void)x;
  memcpy(data, v, sizeof(v));
}

static PetscErrorCode AddEquation(HGCollocation c)
{
  HGCollocationTerm t = {.name = "equation", .order = 2, .equations = c->out, .points = c->dim < 3 ? 4000 : 10000, .weight = 1};

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(t.lo, c->lo, c->dim));
  PetscCall(PetscArraycpy(t.hi, c->hi, c->dim));
  if (c->e.def->role == HG_INPUT_SOURCE) t.ndata = c->out;
  if (c->e.def->role == HG_INPUT_COEFFICIENT) t.ndata = 1 + c->e.dim;
  PetscCall(HGCollocationAddTerm(c, &t));
  c->term[c->nterms - 1].equation = PETSC_TRUE;
  c->term[c->nterms - 1].given    = t.ndata ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddInitial(HGCollocation c)
{
  const HGCollocationTerm t = {.name      = "initial",
                               .equations = c->out,
                               .points    = 1000,
                               .ndata     = c->out,
                               .weight    = 1,
                               .residual  = Residual_Value,
                               .adjoint   = Adjoint_Value};

  PetscFunctionBegin;
  if (!c->e.time) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGCollocationAddTerm(c, &t));
  c->term[c->nterms - 1].given = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddBoundary(HGCollocation c)
{
  int               axis[6], side[6];
  const PetscInt    n = Sides(c, axis, side);
  HGCollocationTerm t = {.name      = "boundary",
                         .equations = c->out,
                         .points    = 256,
                         .ndata     = 5,
                         .weight    = 1,
                         .residual  = Residual_Side,
                         .adjoint   = Adjoint_Side,
                         .point     = Point_Side,
                         .data      = Data_Side};

  PetscFunctionBegin;
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < n; k++)
    if (c->e.physics->axis[2 - axis[k]].side[side[k]].beta > 0) t.order = 1;
  PetscCall(HGCollocationAddTerm(c, &t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationSetPhysics - Make the terms of a built-in equation: itself, its initial state and its boundary conditions

   Collective

   Input Parameters:
+  c - the residuals, nothing set
-  p - the equation with its grid's dimensions, lengths, conditions and parameters, set up; referenced

   Level: intermediate

   Notes:
   Coordinates are those of space, and behind them time, from 0 to the equation's dt, unless it is steady. On a periodic axis the network is made periodic.
   The input field (initial state, source, or coefficient) comes from `HGCollocationSetField()`; points of terms with such data are points of the field's grid.

   Errors:
   An equation of a user's SNES or TS, which is known on its grid alone.

.seealso: `HGCollocationSetField()`, `HGPhysicsSetBoundary()`, `HGEquation`
@*/
PetscErrorCode HGCollocationSetPhysics(HGCollocation c, HGPhysics p)
{
  MPI_Comm  comm = PetscObjectComm((PetscObject)c);
  PetscReal q[HG_EQUATION_PARAMETERS], dt = 1;
  PetscInt  second[3][2];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 2);
  PetscCheck(!c->nterms, comm, PETSC_ERR_ORDER, "HGCollocationSetPhysics() comes before all terms");
  HGCheck(p->ops->equation, comm,
          "-physics_type %s is known on its grid alone; a network of coordinates takes a built-in or registered equation",
          ((PetscObject)p)->type_name);
  PetscCall(PetscObjectReference((PetscObject)p));
  PetscCall(HGPhysicsDestroy(&c->e.physics));
  c->e.physics = p;
  PetscCall((*p->ops->equation)(p, &c->e.def, q));
  c->e.dim      = (int)p->dim;
  c->e.time     = HGEquationIsSteady(c->e.def) ? PETSC_FALSE : PETSC_TRUE;
  c->e.unknowns = HGEquationGetUnknowns(c->e.def, p->dim);
  c->e.data     = c->e.time ? "initial" : "equation";
  c->ctx        = c;
  if (c->e.time) PetscCall(HGPhysicsGetParameter(p, "dt", &dt));
  PetscCall(HGCollocationSetSizes(c, p->dim + c->e.time, c->e.unknowns));
  for (int a = 0; a < c->e.dim; a++) {
    c->lo[a]       = p->axis[2 - a].origin;
    c->hi[a]       = p->axis[2 - a].origin + p->axis[2 - a].length;
    c->periodic[a] = p->axis[2 - a].periodic;
    second[a][0] = second[a][1] = a;
  }
  if (c->e.time) c->hi[c->e.dim] = dt;
  PetscCall(HGCollocationSetSecond(c, p->dim, (const PetscInt(*)[2])second));
  for (int i = 0; i < c->e.def->nparameters; i++) PetscCall(HGCollocationAddParameter(c, c->e.def->parameter[i].name, (double)q[i]));
  PetscCall(AddEquation(c));
  PetscCall(AddInitial(c));
  PetscCall(AddBoundary(c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationSetObservations - Add observed solutions at points

   Logically Collective

   Input Parameters:
+  c - the residuals, their sizes set
.  n - number of this rank's points, of all ranks together at least one
.  x - the points
-  u - the values there

   Level: intermediate

   Shape:
   x: [n][coordinates], u: [n][unknowns]; copied

.seealso: `HGCollocationSetPhysics()`
@*/
PetscErrorCode HGCollocationSetObservations(HGCollocation c, PetscInt n, const double x[], const double u[])
{
  HGCollocationPoints *s;
  HGCollocationTerm    t = {
         .name = "observations", .equations = c->out, .ndata = c->out, .weight = 1, .residual = Residual_Value, .adjoint = Adjoint_Value};

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscCheck(c->ctx == c, PetscObjectComm((PetscObject)c), PETSC_ERR_ARG_WRONGSTATE,
             "observations of callbacks' terms are a term of yours");
  PetscCallMPI(MPI_Allreduce(&n, &t.points, 1, MPIU_INT, MPI_SUM, PetscObjectComm((PetscObject)c)));
  PetscCall(HGCollocationAddTerm(c, &t));
  s        = &c->term[c->nterms - 1];
  s->given = PETSC_TRUE;
  s->n = s->room = n;
  s->total       = t.points;
  PetscCall(PetscMalloc1(n * c->dim, &s->x));
  PetscCall(PetscMalloc1(n * c->out, &s->data));
  PetscCall(PetscArraycpy(s->x, x, n * c->dim));
  PetscCall(PetscArraycpy(s->data, u, n * c->out));
  PetscFunctionReturn(PETSC_SUCCESS);
}
