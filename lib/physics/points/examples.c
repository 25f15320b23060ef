/* SPDX-License-Identifier: BSD-2-Clause */
/* Examples of residuals at points: an equation of the library, its input and its conditions, and the exact solution */
#include "physics/points/collocation_impl.h"
#include <math.h>

typedef struct {
  double   nu, noise; /* nu that the observations are made with */
  PetscInt seed;
} Example;

#define NODES 160 /* of the quadrature: the integrand reaches to 8 for nu = 0.01 / pi */

/* Zeros z and weights w of the Hermite polynomial of degree NODES: eigenvalues by bisection on the signs of the orthonormal polynomials, whose
   zeros interlace; weights 1 / sum of h_k(z)^2 */
static int CountAbove(double z)
{
  int    n = 0;
  double d = z; /* Sturm sequence of the Jacobi matrix: pivots of z - J, off-diagonals sqrt(k / 2) */

  for (int k = 1; k <= NODES; k++) {
    n += d < 0;
    if (d == 0) d = 1e-300;
    d = z - 0.5 * k / d;
  }
  return n;
}

static void Hermite(double z[], double w[])
{
  for (int i = 0; i < NODES; i++) {
    double lo = -20, hi = 20, h0 = 0, h1 = pow(PETSC_PI, -0.25), sum = h1 * h1;

    for (int k = 0; k < 80; k++) {
      const double mid = (lo + hi) / 2;

      if (CountAbove(mid) > i) lo = mid;
      else hi = mid;
    }
    z[i] = (lo + hi) / 2;
    for (int k = 1; k < NODES; k++) {
      const double h = z[i] * sqrt(2. / k) * h1 - sqrt((k - 1.) / k) * h0;

      h0 = h1;
      h1 = h;
      sum += h * h;
    }
    w[i] = 1 / sum;
  }
}

/*@C
   HGBurgersExact - The solution of Burgers' equation with u(x, 0) = -sin(pi x) on the line, period 2

   Not Collective

   Input Parameters:
+  x  - where, in [-1, 1]
.  t  - when, from 0
-  nu - viscosity, 0.003 or more

   Level: intermediate

   Note:
   The Cole-Hopf transform with Gauss-Hermite quadrature: u = - int sin(pi (x - e)) f(x - e) exp(-e^2 / (4 nu t)) de / int f(x - e)
   exp(-e^2 / (4 nu t)) de, f(y) = exp(-cos(pi y) / (2 pi nu)). Basdevant, Deville, Haldenwang, Lacroix, Ouazzani, Peyret, Orlandi, Patera,
   Spectral and finite difference solutions of the Burgers equation, Computers & Fluids 14 (1986), eq. 2.5. 160 nodes.

.seealso: `HGCollocationSetExample()`
@*/
double HGBurgersExact(double x, double t, double nu)
{
  static double z[NODES], w[NODES];
  static int    known  = 0;
  const double  spread = 2 * sqrt(nu * t);
  double        above = 0, below = 0, largest = -1e300, e[NODES];

  if (t <= 0) return -sin(PETSC_PI * x);
#pragma omp critical(burgers)
  if (!known) {
    Hermite(z, w);
    known = 1;
  }
  for (int i = 0; i < NODES; i++) {
    e[i]    = log(w[i]) - cos(PETSC_PI * (x - spread * z[i])) / (2 * PETSC_PI * nu);
    largest = PetscMax(largest, e[i]);
  }
  for (int i = 0; i < NODES; i++) {
    const double f = exp(e[i] - largest);

    above += sin(PETSC_PI * (x - spread * z[i])) * f;
    below += f;
  }
  return -above / below;
}

static void Exact_Burgers(const double x[], double u[], void *ctx)
{
  u[0] = HGBurgersExact(x[0], x[1], ((const Example *)((HGCollocation)ctx)->example_ctx)->nu);
}

static void Initial_Burgers(PetscInt i, const double x[], double a[], void *ctx)
{
  (void)i, (void)ctx;
  a[0] = -sin(PETSC_PI * x[0]);
}

static void Exact_Poisson(const double x[], double u[], void *ctx)
{
  (void)ctx;
  u[0] = sin(PETSC_PI * x[0]) * sin(PETSC_PI * x[1]);
}

static void Source_Poisson(PetscInt i, const double x[], double a[], void *ctx)
{
  (void)i, (void)ctx;
  a[0] = 2 * PETSC_PI * PETSC_PI * sin(PETSC_PI * x[0]) * sin(PETSC_PI * x[1]);
}

/* An example: the equation on [-1, 1] in each direction, zero on the boundary */
typedef struct {
  const char *name;
  PetscInt    dim;
  PetscReal   dt;
  double      nu; /* 0 for none */
  PetscInt    points, boundary_points;
  double      boundary_weight;
  void (*input)(PetscInt, const double[], double[], void *);
  void (*exact)(const double[], double[], void *);
} Definition;

static const Definition Examples[HG_COLLOCATION_EXAMPLES] = {
    {HGPHYSICSBURGERS, 1, 1, 0.01 / PETSC_PI, 10000, 256, 1, Initial_Burgers, Exact_Burgers},
    {HGPHYSICSPOISSON, 2, 0, 0, 4000, 400, 100, Source_Poisson, Exact_Poisson},
};

const char *const HGCollocationExamples[HG_COLLOCATION_EXAMPLES] = {HGPHYSICSBURGERS, HGPHYSICSPOISSON}; /* of these names */

static PetscErrorCode FindExample(HGCollocation c, const char name[], const Definition **d)
{
  char *names;

  PetscFunctionBegin;
  *d = NULL;
  for (int i = 0; i < HG_COLLOCATION_EXAMPLES; i++)
    if (!strcmp(HGCollocationExamples[i], name)) *d = &Examples[i];
  PetscCall(HGNamesJoin(HG_COLLOCATION_EXAMPLES, HGCollocationExamples, ", ", &names));
  HGCheck(*d, PetscObjectComm((PetscObject)c),
          "no example \"%s\"; there are: %s. Choose with -coord_problem, or an equation with -physics_type", name, names);
  PetscCall(PetscFree(names));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The equation on a grid that serves only for its domain */
static PetscErrorCode CreatePhysics(HGCollocation c, const Definition *d, HGPhysics *p)
{
  PetscBool help;
  PetscInt  size[3] = {1, 1, 1};

  PetscFunctionBegin;
  for (PetscInt a = 3 - d->dim; a < 3; a++) size[a] = PetscMax(4, c->size);
  PetscCall(HGPhysicsCreate(PetscObjectComm((PetscObject)c), p));
  PetscCall(HGPhysicsSetType(*p, d->name));
  PetscCall(HGPhysicsSetGrid(*p, d->dim, size));
  PetscCall(HGPhysicsSetOptionsPrefix(*p, ((PetscObject)c)->prefix));
  for (PetscInt k = 0; k < d->dim; k++) PetscCall(HGPhysicsSetDomain(*p, k, -1, 2));
  if (d->nu > 0) PetscCall(HGPhysicsSetParameter(*p, "nu", d->nu));
  if (d->dt > 0) PetscCall(HGPhysicsSetParameter(*p, "dt", d->dt));
  PetscCall(HGPhysicsSetFromOptions(*p));
  PetscCall(PetscOptionsHasHelp(((PetscObject)c)->options, &help));
  if (!help) PetscCall(HGPhysicsSetUp(*p)); /* which would list viewers */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddObservations(HGCollocation c, PetscInt n)
{
  const Example *e     = (const Example *)c->example_ctx;
  const PetscInt first = (PetscInt)((PetscInt64)n * c->rank / c->size), last = (PetscInt)((PetscInt64)n * (c->rank + 1) / c->size);
  double        *x, *u;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2((last - first) * c->dim, &x, (last - first) * c->out, &u));
  for (PetscInt i = first; i < last; i++) {
    double unit[HG_JET_MAX_DIM], *at = x + (i - first) * c->dim;

    HGSamplePoint(c->sampling, (uint64_t)c->seed, "observations", n, c->dim, i, unit);
    for (PetscInt d = 0; d < c->dim; d++) at[d] = c->lo[d] + (c->hi[d] - c->lo[d]) * unit[d];
    (*c->exact)(at, u + (i - first) * c->out, c);
    u[(i - first) * c->out] += e->noise * HGRandomNormal((uint64_t)e->seed, HGRandomStream("noise"), (uint64_t)i);
  }
  PetscCall(HGCollocationSetObservations(c, last - first, x, u));
  PetscCall(PetscFree2(x, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Options_Example(HGCollocation c)
{
  Example  *e     = (Example *)c->example_ctx;
  PetscInt  n     = 0;
  PetscReal noise = 0;

  PetscFunctionBegin;
  PetscObjectOptionsBegin((PetscObject)c);
  PetscCall(HGOptionsInt(PetscOptionsObject, "-coord_observations", "number of observations of the exact solution",
                         "HGCollocationSetExample", 0, PETSC_MAX_INT, &n, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-coord_noise", "standard deviation of their noise", "HGCollocationSetExample", 0,
                          PETSC_MAX_REAL, &noise, NULL));
  PetscOptionsEnd();
  e->noise = noise;
  e->seed  = c->seed;
  if (n) PetscCall(AddObservations(c, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Free_Example(HGCollocation c)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(c->example_ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationSetExample - Make the terms of an example with an exact solution

   Collective

   Input Parameters:
+  c    - the residuals, nothing set
-  name - burgers or poisson

   Options Database Keys:
+  -coord_problem burgers|poisson - the example
.  -coord_observations n          - adds a term of n observations of the exact solution (default 0)
-  -coord_noise s                 - standard deviation of the observations' normal noise (default 0)

   Level: beginner

   Notes:
   burgers: u_t + u u_x = nu u_xx on x in [-1, 1], t in [0, 1], u(x, 0) = -sin(pi x), u(-1, t) = u(1, t) = 0, nu = 0.01 / pi unless -physics_nu says otherwise
   (Basdevant et al., Computers & Fluids 14, 1986). poisson: -(u_xx + u_yy) = f on [-1, 1]^2, u = 0 on the boundary, f such that u = sin(pi x) sin(pi y).

   Errors:
   An unknown example.

.seealso: `HGCollocationSetPhysics()`, `HGBurgersExact()`
@*/
PetscErrorCode HGCollocationSetExample(HGCollocation c, const char name[])
{
  const Definition    *d;
  HGCollocationPoints *s;
  Example             *e;
  HGPhysics            p;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscCall(FindExample(c, name, &d));
  PetscCall(CreatePhysics(c, d, &p));
  PetscCall(HGCollocationSetPhysics(c, p));
  PetscCall(PetscNew(&e));
  if (d->nu > 0) e->nu = c->q[0];
  c->example_ctx = e;
  c->free        = Free_Example;
  c->options     = Options_Example;
  PetscCall(PetscStrncpy(c->example, name, sizeof(c->example)));
  PetscCall(HGCollocationSetInput(c, d->input));
  PetscCall(HGCollocationSetExact(c, d->exact));
  PetscCall(HGCollocationFindTerm(c, "equation", &s));
  s->term.points = d->points;
  PetscCall(HGCollocationFindTerm(c, "initial", &s));
  if (s) s->term.points = 256;
  PetscCall(HGCollocationFindTerm(c, "boundary", &s));
  s->term.points = d->boundary_points;
  s->term.weight = d->boundary_weight;
  PetscCall(HGPhysicsDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}
