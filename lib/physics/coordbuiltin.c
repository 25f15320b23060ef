/* SPDX-License-Identifier: BSD-2-Clause */
/* The built-in problems of coordinate networks */
#include "physics/coordproblem_impl.h"
#include <math.h>

/* Observations of the exact solution: what both problems take from the options */
typedef struct {
  HGCoordProblem p;
  double         nu, noise; /* nu that the observations are made with */
  PetscInt       seed;
} Builtin;

static void Residual_Value(const double x[], const HGCoordJet *u, const double q[], const double data[], double f[], void *ctx)
{
  (void)x, (void)q, (void)ctx;
  f[0] = u->u[0] - data[0];
}

static void Adjoint_Value(const double x[], const HGCoordJet *u, const double q[], const double w[], HGCoordJet *g, double gq[], void *ctx)
{
  (void)x, (void)u, (void)q, (void)gq, (void)ctx;
  g->u[0] += w[0];
}

static void Data_Zero(PetscInt i, const double x[], double data[], void *ctx)
{
  (void)i, (void)x, (void)ctx;
  data[0] = 0;
}

static void Data_Observed(PetscInt i, const double x[], double data[], void *ctx)
{
  const Builtin *b = (const Builtin *)ctx;

  (*b->p->exact)(x, data, ctx);
  data[0] += b->noise * HGRandomNormal((uint64_t)b->seed, HGRandomStream("noise"), (uint64_t)i);
}

static PetscErrorCode Options_Builtin(HGCoordProblem p)
{
  Builtin    *b     = (Builtin *)p->ctx;
  PetscInt    n     = 0;
  PetscReal   noise = 0;
  HGCoordTerm t     = {.name      = "observations",
                       .equations = 1,
                       .ndata     = 1,
                       .weight    = 1,
                       .residual  = Residual_Value,
                       .adjoint   = Adjoint_Value,
                       .data      = Data_Observed};

  PetscFunctionBegin;
  PetscOptionsBegin(p->comm, NULL, "Observations for a coordinate network", "");
  PetscCall(HGOptionsInt("-coord_observations", "number of observations of the exact solution", "HGCoordProblemSetFromOptions", 0,
                         PETSC_MAX_INT, &n, NULL));
  PetscCall(
      HGOptionsReal("-coord_noise", "standard deviation of their noise", "HGCoordProblemSetFromOptions", 0, PETSC_MAX_REAL, &noise, NULL));
  PetscOptionsEnd();
  HGCheck(n || p->unknown < 0, p->comm, "-physics_unknown %s needs observations to find it from; give -coord_observations",
          p->qname[PetscMax(p->unknown, 0)]);
  b->nu    = p->nq ? p->q[0] : 0;
  b->noise = noise;
  b->seed  = p->seed;
  t.points = n;
  for (PetscInt d = 0; d < p->dim; d++) {
    t.lo[d] = p->lo[d];
    t.hi[d] = p->hi[d];
  }
  if (n) PetscCall(HGCoordProblemAddTerm(p, &t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Free_Builtin(void *ctx)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateBuiltin(HGCoordProblem p)
{
  Builtin *b;

  PetscFunctionBegin;
  PetscCall(PetscNew(&b));
  b->p       = p;
  p->ctx     = b;
  p->free    = Free_Builtin;
  p->options = Options_Builtin;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Burgers: x, t ---- */

static void Residual_Burgers(const double x[], const HGCoordJet *u, const double q[], const double data[], double f[], void *ctx)
{
  (void)x, (void)data, (void)ctx;
  f[0] = u->du[0][1] + u->u[0] * u->du[0][0] - q[0] * u->d2u[0][0][0];
}

static void Adjoint_Burgers(const double x[], const HGCoordJet *u, const double q[], const double w[], HGCoordJet *g, double gq[],
                            void *ctx)
{
  (void)x, (void)ctx;
  g->u[0] += w[0] * u->du[0][0];
  g->du[0][0] += w[0] * u->u[0];
  g->du[0][1] += w[0];
  g->d2u[0][0][0] -= w[0] * q[0];
  gq[0] -= w[0] * u->d2u[0][0][0];
}

static void Data_Initial(PetscInt i, const double x[], double data[], void *ctx)
{
  (void)i, (void)ctx;
  data[0] = -sin(PETSC_PI * x[0]);
}

static void Exact_Burgers(const double x[], double u[], void *ctx)
{
  u[0] = HGBurgersExact(x[0], x[1], ((const Builtin *)ctx)->nu);
}

/* Points alternate between the two sides, the times are evenly spread */
static void Point_Sides(PetscInt i, double x[], void *ctx)
{
  const HGCoordTerm *t = NULL;
  HGCoordProblem     p = ((const Builtin *)ctx)->p;

  for (PetscInt k = 0; k < p->nterms; k++)
    if (p->term[k].term.point == Point_Sides) t = &p->term[k].term;
  x[0] = i % 2 ? 1 : -1;
  x[1] = ((double)(i / 2) + 0.5) / (double)((t->points + 1) / 2);
}

PetscErrorCode HGCoordProblemCreate_Burgers(HGCoordProblem p)
{
  const double      lo[2] = {-1, 0}, hi[2] = {1, 1};
  const PetscInt    second[1][2] = {{0, 0}};
  const HGCoordTerm equation     = {.name      = "equation",
                                    .order     = 2,
                                    .equations = 1,
                                    .points    = 10000,
                                    .weight    = 1,
                                    .lo        = {-1, 0},
                                    .hi        = {1, 1},
                                    .residual  = Residual_Burgers,
                                    .adjoint   = Adjoint_Burgers};
  const HGCoordTerm initial      = {.name      = "initial",
                                    .equations = 1,
                                    .points    = 256,
                                    .ndata     = 1,
                                    .weight    = 1,
                                    .lo        = {-1, 0},
                                    .hi        = {1, 0},
                                    .residual  = Residual_Value,
                                    .adjoint   = Adjoint_Value,
                                    .data      = Data_Initial};
  const HGCoordTerm boundary     = {.name      = "boundary",
                                    .equations = 1,
                                    .points    = 256,
                                    .ndata     = 1,
                                    .weight    = 1,
                                    .residual  = Residual_Value,
                                    .adjoint   = Adjoint_Value,
                                    .point     = Point_Sides,
                                    .data      = Data_Zero};

  PetscFunctionBegin;
  PetscCall(CreateBuiltin(p));
  PetscCall(HGCoordProblemSetSizes(p, 2, 1));
  PetscCall(HGCoordProblemSetBox(p, lo, hi));
  PetscCall(HGCoordProblemSetSecond(p, 1, second));
  PetscCall(HGCoordProblemAddParameter(p, "nu", 0.01 / PETSC_PI));
  PetscCall(HGCoordProblemAddTerm(p, &equation));
  PetscCall(HGCoordProblemAddTerm(p, &initial));
  PetscCall(HGCoordProblemAddTerm(p, &boundary));
  PetscCall(HGCoordProblemSetExact(p, Exact_Burgers));
  ((Builtin *)p->ctx)->nu = p->q[0];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Poisson: x, y ---- */

static void Residual_Poisson(const double x[], const HGCoordJet *u, const double q[], const double data[], double f[], void *ctx)
{
  (void)q, (void)data, (void)ctx;
  f[0] = -u->d2u[0][0][0] - u->d2u[0][1][1] - 2 * PETSC_PI * PETSC_PI * sin(PETSC_PI * x[0]) * sin(PETSC_PI * x[1]);
}

static void Adjoint_Poisson(const double x[], const HGCoordJet *u, const double q[], const double w[], HGCoordJet *g, double gq[],
                            void *ctx)
{
  (void)x, (void)u, (void)q, (void)gq, (void)ctx;
  g->d2u[0][0][0] -= w[0];
  g->d2u[0][1][1] -= w[0];
}

static void Exact_Poisson(const double x[], double u[], void *ctx)
{
  (void)ctx;
  u[0] = sin(PETSC_PI * x[0]) * sin(PETSC_PI * x[1]);
}

/* Around the square, evenly */
static void Point_Around(PetscInt i, double x[], void *ctx)
{
  double s = HGRandomUniform(0, HGRandomStream("around"), (uint64_t)i) * 2 - 1;

  (void)ctx;
  x[i % 2]       = s;
  x[1 - (i % 2)] = i / 2 % 2 ? 1 : -1;
}

PetscErrorCode HGCoordProblemCreate_Poisson(HGCoordProblem p)
{
  const double      lo[2] = {-1, -1}, hi[2] = {1, 1};
  const PetscInt    second[2][2] = {{0, 0}, {1, 1}};
  const HGCoordTerm equation     = {.name      = "equation",
                                    .order     = 2,
                                    .equations = 1,
                                    .points    = 4000,
                                    .weight    = 1,
                                    .lo        = {-1, -1},
                                    .hi        = {1, 1},
                                    .residual  = Residual_Poisson,
                                    .adjoint   = Adjoint_Poisson};
  const HGCoordTerm boundary     = {.name      = "boundary",
                                    .equations = 1,
                                    .points    = 400,
                                    .ndata     = 1,
                                    .weight    = 100,
                                    .residual  = Residual_Value,
                                    .adjoint   = Adjoint_Value,
                                    .point     = Point_Around,
                                    .data      = Data_Zero};

  PetscFunctionBegin;
  PetscCall(CreateBuiltin(p));
  PetscCall(HGCoordProblemSetSizes(p, 2, 1));
  PetscCall(HGCoordProblemSetBox(p, lo, hi));
  PetscCall(HGCoordProblemSetSecond(p, 2, second));
  PetscCall(HGCoordProblemAddTerm(p, &equation));
  PetscCall(HGCoordProblemAddTerm(p, &boundary));
  PetscCall(HGCoordProblemSetExact(p, Exact_Poisson));
  PetscFunctionReturn(PETSC_SUCCESS);
}
