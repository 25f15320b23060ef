/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Manufactured solutions of the built-in equations: the error of the solution falls with the order of the differences, for every kind of
   boundary condition, on uniform and stretched grids; spectral derivatives are exact for a few modes. A step of backward Euler takes
   a = u - dt R(u) to u, with R by the formulas of the equations and exact derivatives. Darcy's permeability is level at the boundary: its
   face there has that of the cell, which costs an order under Robin conditions otherwise.
*/
#include "physics/hgphysics.h"

typedef struct {
  double amplitude, wave, phase;
} Mode;

/* Sums of two cosines that keep the homogeneous conditions on both sides of the unit interval, by the condition's letter */
static const Mode modes[][2] = {
    {{1, PETSC_PI, -PETSC_PI / 2}, {0.3, 2 * PETSC_PI, -PETSC_PI / 2}}, /* d: dirichlet */
    {{1, PETSC_PI, 0}, {0.5, 2 * PETSC_PI, 0}},                         /* n: neumann */
    {{1, 2, -1}, {0, 0, 0}},                                            /* r: robin with alpha = 2 tan 1, beta = 1 */
    {{1, 2 * PETSC_PI, 0.4}, {0.3, 4 * PETSC_PI, 1}},                   /* p: periodic */
};

static int Kind(char c)
{
  return c == 'd' ? 0 : c == 'n' ? 1 : c == 'r' ? 2 : 3;
}

static double Derivative(char kind, int k, double x)
{
  double sum = 0;

  for (int i = 0; i < 2; i++) {
    const Mode *m = &modes[Kind(kind)][i];

    sum += m->amplitude * pow(m->wave, k) * cos(m->wave * x + m->phase + k * PETSC_PI / 2);
  }
  return sum;
}

typedef struct {
  int         dim;
  const char *type, *kinds; /* a letter for x, y, z */
  const char *options;
  double      order; /* expected; 0 for exact */
  PetscInt    points;
} Case;

static const double dt = 0.05, nu = 0.1, kappa = 1, speed = 1.5, epsilon = 0.3, velocity[] = {1, -0.5, 0.25};

/* The derivative of the product of the axes' functions, k[a] times along axis a */
static double Product(const Case *c, const double x[], int kx, int ky, int kz)
{
  const int k[] = {kx, ky, kz};
  double    u   = 1;

  for (int a = 0; a < c->dim; a++) u *= Derivative(c->kinds[a], k[a], x[a]);
  return u;
}

static double Laplace(const Case *c, const double x[], int kx, int ky)
{
  return Product(c, x, kx + 2, ky, 0) + (c->dim > 1 ? Product(c, x, kx, ky + 2, 0) : 0) + (c->dim > 2 ? Product(c, x, kx, ky, 2) : 0);
}

/* Solution and input at a point, for all unknowns */
static void Exact(const Case *c, const double x[], double u[], double a[])
{
  const double U   = Product(c, x, 0, 0, 0),
               g[] = {Product(c, x, 1, 0, 0), c->dim > 1 ? Product(c, x, 0, 1, 0) : 0, c->dim > 2 ? Product(c, x, 0, 0, 1) : 0},
               L   = Laplace(c, x, 0, 0);

  u[0] = U;
  u[1] = U / 2;
  if (!strcmp(c->type, "poisson")) a[0] = -L + kappa * U;
  else if (!strcmp(c->type, "darcy")) a[0] = exp(cos(2 * PETSC_PI * x[0]) / 2); /* and the source is in u[1] */
  else if (!strcmp(c->type, "heat")) a[0] = U - dt * nu * L;
  else if (!strcmp(c->type, "burgers")) {
    const double advect = c->dim > 1 ? U * g[0] + U / 2 * g[1] : U * g[0];

    a[0] = U - dt * (nu * L - advect);
    a[1] = a[0] / 2;
  } else if (!strcmp(c->type, "advection_diffusion"))
    a[0] = U - dt * (nu * L - velocity[0] * g[0] - velocity[1] * g[1] - velocity[2] * g[2]);
  else if (!strcmp(c->type, "wave")) {
    a[0] = U - dt * U / 2;
    a[1] = U / 2 - dt * speed * speed * L;
  } else if (!strcmp(c->type, "allen_cahn")) a[0] = U - dt * (epsilon * epsilon * L + U - U * U * U);
  else { /* navier_stokes, the stream function is U */
    const double w = kappa * U - L, wx = kappa * g[0] - Laplace(c, x, 1, 0), wy = kappa * g[1] - Laplace(c, x, 0, 1),
                 wl = kappa * L - Laplace(c, x, 2, 0) - Laplace(c, x, 0, 2);

    u[0] = w;
    u[1] = U;
    a[0] = w - dt * (nu * wl - g[1] * wx + g[0] * wy);
    a[1] = 0;
  }
  if (!strcmp(c->type, "darcy")) u[1] = -a[0] * (L - PETSC_PI * sin(2 * PETSC_PI * x[0]) * g[0]);
}

static PetscErrorCode FillFields(const Case *c, HGPhysics p, Vec u, Vec a, Vec f)
{
  DM               dm;
  const PetscReal *x[3];
  PetscInt         s[3], n[3], dof;
  PetscScalar     *vu, *va, *vf;

  PetscFunctionBegin;
  PetscCall(HGPhysicsGetDM(p, &dm));
  PetscCall(HGPhysicsGetChannels(p, NULL, &dof));
  for (int i = 0; i < 3; i++) PetscCall(HGPhysicsGetCoordinates(p, i, &x[i]));
  PetscCall(DMDAGetCorners(dm, &s[0], &s[1], &s[2], &n[0], &n[1], &n[2]));
  PetscCall(VecGetArrayWrite(u, &vu));
  PetscCall(VecGetArrayWrite(a, &va));
  PetscCall(VecGetArrayWrite(f, &vf));
  for (PetscInt i = 0; i < n[0] * n[1] * n[2]; i++) {
    const PetscInt at[3] = {s[0] + i % n[0], s[1] + i / n[0] % n[1], s[2] + i / n[0] / n[1]};
    const double   xx[3] = {x[0][at[0]], x[1] ? x[1][at[1]] : 0, x[2] ? x[2][at[2]] : 0};
    double         pu[2] = {0, 0}, pa[2] = {0, 0};

    Exact(c, xx, pu, pa);
    for (PetscInt k = 0; k < dof; k++) {
      vu[i * dof + k] = pu[k];
      va[i * dof + k] = pa[k];
      vf[i * dof + k] = pu[1];
    }
  }
  PetscCall(VecRestoreArrayWrite(f, &vf));
  PetscCall(VecRestoreArrayWrite(a, &va));
  PetscCall(VecRestoreArrayWrite(u, &vu));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetConditions(const Case *c, HGPhysics p)
{
  static const HGPhysicsBC kinds[] = {HG_PHYSICS_DIRICHLET, HG_PHYSICS_NEUMANN, HG_PHYSICS_ROBIN, HG_PHYSICS_PERIODIC};

  PetscFunctionBegin;
  for (int a = 0; a < c->dim; a++)
    for (int side = 0; side < 2; side++) PetscCall(HGPhysicsSetBoundary(p, a, side, kinds[Kind(c->kinds[a])], 2 * tan(1), 1, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetParameters(HGPhysics p, int dim, const char type[])
{
  static const char *const velocities[] = {"velocity_x", "velocity_y", "velocity_z"};

  PetscFunctionBegin;
  for (int a = 0; a < dim && !strcmp(type, "advection_diffusion"); a++) PetscCall(HGPhysicsSetParameter(p, velocities[a], velocity[a]));
  if (!strcmp(type, "poisson") || !strcmp(type, "navier_stokes")) PetscCall(HGPhysicsSetParameter(p, "kappa", kappa));
  if (strcmp(type, "poisson") && strcmp(type, "darcy")) PetscCall(HGPhysicsSetParameter(p, "dt", dt));
  if (!strcmp(type, "heat") || !strcmp(type, "burgers") || !strcmp(type, "advection_diffusion") || !strcmp(type, "navier_stokes"))
    PetscCall(HGPhysicsSetParameter(p, "nu", nu));
  if (!strcmp(type, "wave")) PetscCall(HGPhysicsSetParameter(p, "c", speed));
  if (!strcmp(type, "allen_cahn")) PetscCall(HGPhysicsSetParameter(p, "epsilon", epsilon));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Relative to the largest value */
static PetscErrorCode LargestError(const Case *c, PetscInt points, PetscReal *error)
{
  const PetscInt size[3] = {c->dim > 2 ? points - 1 : 1, c->dim > 1 ? points - 2 : 1, points};
  HGPhysics      p;
  DM             dm;
  Vec            u, a, f, solution;
  PetscReal      largest = 0;

  PetscFunctionBegin;
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetType(p, c->type));
  PetscCall(HGPhysicsSetGrid(p, c->dim, size));
  PetscCall(SetConditions(c, p));
  PetscCall(HGPhysicsSetFromOptions(p));
  PetscCall(SetParameters(p, c->dim, c->type));
  PetscCall(HGPhysicsSetUp(p));
  PetscCall(HGPhysicsGetDM(p, &dm));
  PetscCall(DMCreateGlobalVector(dm, &u));
  PetscCall(VecDuplicate(u, &a));
  PetscCall(VecDuplicate(u, &f));
  PetscCall(VecDuplicate(u, &solution));
  PetscCall(FillFields(c, p, u, a, f));
  if (!strcmp(c->type, "darcy")) PetscCall(HGPhysicsDarcySetSource(p, 0, f));
  PetscCall(HGPhysicsSolve(p, a, solution));
  PetscCall(VecAXPY(solution, -1, u));
  PetscCall(VecNorm(solution, NORM_INFINITY, error));
  PetscCall(VecNorm(u, NORM_INFINITY, &largest));
  *error /= largest;
  PetscCall(VecDestroy(&u));
  PetscCall(VecDestroy(&a));
  PetscCall(VecDestroy(&f));
  PetscCall(VecDestroy(&solution));
  PetscCall(HGPhysicsDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Check(const Case *c)
{
  PetscReal    e[2] = {0, 0}, order;
  PetscOptions options;

  PetscFunctionBegin;
  PetscCall(PetscOptionsCreate(&options));
  PetscCall(PetscOptionsInsertString(options, c->options));
  PetscCall(PetscOptionsPush(options));
  PetscCall(LargestError(c, c->points, &e[0]));
  if (c->order > 0) PetscCall(LargestError(c, 2 * c->points, &e[1]));
  order = c->order > 0 ? PetscLogReal(e[0] / e[1]) / PetscLogReal(2) : 0;
  if (getenv("HG_TEST_SHOW"))
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%d-D %s %s %s: errors %.3e %.3e order %.2f\n", c->dim, c->type, c->kinds, c->options,
                          (double)e[0], (double)e[1], (double)order));
  if (c->order > 0)
    PetscCheck(order > c->order - 0.25 && e[1] < 0.02, PETSC_COMM_WORLD, PETSC_ERR_PLIB,
               "%d-D %s %s %s: errors %g, %g: order %g, expected %g", c->dim, c->type, c->kinds, c->options, (double)e[0], (double)e[1],
               (double)order, c->order);
  else
    PetscCheck(e[0] < 1e-8, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%d-D %s %s %s: error %g", c->dim, c->type, c->kinds, c->options,
               (double)e[0]);
  PetscCall(PetscOptionsPop());
  PetscCall(PetscOptionsDestroy(&options));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define STRETCHED "-physics_stretch 0.8,0.8,0.8"
#define FOURTH    "-physics_order 4"
#define SPECTRAL  "-physics_derivative spectral"

static const Case cases[] = {
    {1, "poisson", "d", "", 2, 32},
    {1, "poisson", "n", FOURTH, 4, 24},
    {1, "poisson", "r", FOURTH " " STRETCHED, 4, 24},
    {2, "poisson", "dr", STRETCHED, 2, 24},
    {2, "poisson", "rn", "", 2, 24},
    {2, "poisson", "dp", FOURTH, 4, 20},
    {2, "poisson", "pp", SPECTRAL, 0, 16},
    {3, "poisson", "dnr", "", 2, 12},
    {1, "heat", "n", "", 2, 32},
    {2, "heat", "dr", FOURTH " " STRETCHED, 4, 20},
    {3, "heat", "ppp", SPECTRAL, 0, 12},
    {1, "burgers", "d", FOURTH, 4, 24},
    {2, "burgers", "dn", STRETCHED, 2, 24},
    {2, "burgers", "pp", SPECTRAL, 0, 32},
    {2, "advection_diffusion", "rp", FOURTH, 4, 20},
    {3, "advection_diffusion", "dnp", "", 2, 12},
    {2, "navier_stokes", "dd", "", 2, 24},
    {2, "navier_stokes", "dp", FOURTH, 4, 24},
    {2, "navier_stokes", "pp", SPECTRAL, 0, 32},
    {1, "wave", "n", "", 2, 32},
    {2, "wave", "dp", FOURTH, 4, 20},
    {1, "allen_cahn", "n", FOURTH, 4, 24},
    {2, "allen_cahn", "pn", "", 2, 24},
    {1, "darcy", "r", "", 2, 32},
    {2, "darcy", "nd", "", 2, 24},
};

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) PetscCall(Check(&cases[i]));
  PetscCall(HGFinalize());
  return 0;
}
