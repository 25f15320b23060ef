/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The built-in equations of differences, each by its pointwise function R of the unknowns, their first derivatives and their Laplacians, the
   derivatives of R by these, and those by the equation's parameters. equation.c makes residuals, adjoints and Jacobians of them.
*/
#include "physics/equation_impl.h"
#include "sys/hgsimd.h"

/* ---- poisson: 0 = Laplace(u) - kappa u + f ---- */

HG_CLONES static void PoissonPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][V_COUNT], double *const r[],
                                   double *const P[])
{
  (void)dim;
  for (PetscInt i = 0; r && i < n; i++) r[0][i] = v[0][V_L][i] - c[0] * v[0][V_U][i];
  for (PetscInt i = 0; P && i < n; i++) {
    P[0][i] = 1;
    P[1][i] = -c[0];
  }
}

static void PoissonByParam(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][V_COUNT], double *const r[])
{
  (void)c, (void)dim, (void)q;
  for (PetscInt i = 0; i < n; i++) r[0][i] = -v[0][V_U][i];
}

static const HGTerm PoissonTerms[] = {{0, 0, V_L}, {0, 0, V_U}};

/* ---- heat: du/dt = nu Laplace(u) ---- */

HG_CLONES static void HeatPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][V_COUNT], double *const r[], double *const P[])
{
  (void)dim;
  for (PetscInt i = 0; r && i < n; i++) r[0][i] = c[0] * v[0][V_L][i];
  for (PetscInt i = 0; P && i < n; i++) P[0][i] = c[0];
}

static void HeatByParam(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][V_COUNT], double *const r[])
{
  (void)c, (void)dim, (void)q;
  for (PetscInt i = 0; i < n; i++) r[0][i] = v[0][V_L][i];
}

static const HGTerm HeatTerms[] = {{0, 0, V_L}};

/* ---- burgers: du_c/dt = -sum_a u_a du_c/dx_a + nu Laplace(u_c) ---- */

HG_CLONES static void BurgersPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][V_COUNT], double *const r[],
                                   double *const P[])
{
  for (int k = 0; k < dim; k++) {
    double *const *t = P ? P + k * (2 * dim + 1) : NULL; /* by u_a, by du_k/dx_a, by the Laplacian */

    for (PetscInt i = 0; r && i < n; i++) r[k][i] = c[0] * v[k][V_L][i];
    for (PetscInt i = 0; t && i < n; i++) t[2 * dim][i] = c[0];
    for (int a = 0; a < dim; a++) {
      const double *restrict u = v[a][V_U], *restrict d = v[k][V_X + a];

      for (PetscInt i = 0; r && i < n; i++) r[k][i] -= u[i] * d[i];
      for (PetscInt i = 0; t && i < n; i++) t[a][i] = -d[i];
      for (PetscInt i = 0; t && i < n; i++) t[dim + a][i] = -u[i];
    }
  }
}

static void BurgersByParam(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][V_COUNT], double *const r[])
{
  (void)c, (void)q;
  for (int k = 0; k < dim; k++)
    for (PetscInt i = 0; i < n; i++) r[k][i] = v[k][V_L][i];
}

static const HGTerm Burgers1Terms[] = {{0, 0, V_U}, {0, 0, V_X}, {0, 0, V_L}};
static const HGTerm Burgers2Terms[] = {{0, 0, V_U}, {0, 1, V_U}, {0, 0, V_X}, {0, 0, V_Y}, {0, 0, V_L},
                                       {1, 0, V_U}, {1, 1, V_U}, {1, 1, V_X}, {1, 1, V_Y}, {1, 1, V_L}};

/* ---- advection_diffusion: du/dt = -c . grad u + nu Laplace(u) ---- */

HG_CLONES static void AdvectionPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][V_COUNT], double *const r[],
                                     double *const P[])
{
  for (PetscInt i = 0; r && i < n; i++) {
    double sum = c[0] * v[0][V_L][i];

    for (int a = 0; a < dim; a++) sum -= c[1 + a] * v[0][V_X + a][i];
    r[0][i] = sum;
  }
  for (PetscInt i = 0; P && i < n; i++) {
    P[0][i] = c[0];
    for (int a = 0; a < dim; a++) P[1 + a][i] = -c[1 + a];
  }
}

static void AdvectionByParam(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][V_COUNT], double *const r[])
{
  (void)c;
  for (PetscInt i = 0; i < n; i++) r[0][i] = !q ? v[0][V_L][i] : q <= dim ? -v[0][V_X + q - 1][i] : 0;
}

static const HGTerm AdvectionTerms[] = {{0, 0, V_L}, {0, 0, V_X}, {0, 0, V_Y}, {0, 0, V_Z}};

/* ---- navier_stokes: dw/dt = -(ds/dy dw/dx - ds/dx dw/dy) + nu Laplace(w), 0 = Laplace(s) - kappa s + w ---- */

HG_CLONES static void NavierStokesPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][V_COUNT], double *const r[],
                                        double *const P[])
{
  (void)dim;
  for (PetscInt i = 0; r && i < n; i++) {
    r[0][i] = c[0] * v[0][V_L][i] - v[1][V_Y][i] * v[0][V_X][i] + v[1][V_X][i] * v[0][V_Y][i];
    r[1][i] = v[1][V_L][i] - c[1] * v[1][V_U][i] + v[0][V_U][i];
  }
  for (PetscInt i = 0; P && i < n; i++) {
    P[0][i] = c[0];
    P[1][i] = -v[1][V_Y][i];
    P[2][i] = v[1][V_X][i];
    P[3][i] = v[0][V_Y][i];
    P[4][i] = -v[0][V_X][i];
    P[5][i] = 1;
    P[6][i] = -c[1];
    P[7][i] = 1;
  }
}

static void NavierStokesByParam(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][V_COUNT], double *const r[])
{
  (void)c, (void)dim;
  for (PetscInt i = 0; i < n; i++) {
    r[0][i] = q ? 0 : v[0][V_L][i];
    r[1][i] = q ? -v[1][V_U][i] : 0;
  }
}

static const HGTerm NavierStokesTerms[] = {{0, 0, V_L}, {0, 0, V_X}, {0, 0, V_Y}, {0, 1, V_X},
                                           {0, 1, V_Y}, {1, 1, V_L}, {1, 1, V_U}, {1, 0, V_U}};

/* ---- wave: du/dt = v, dv/dt = c^2 Laplace(u) ---- */

HG_CLONES static void WavePoint(const PetscReal c[], int dim, PetscInt n, double *const v[][V_COUNT], double *const r[], double *const P[])
{
  (void)dim;
  for (PetscInt i = 0; r && i < n; i++) {
    r[0][i] = v[1][V_U][i];
    r[1][i] = c[0] * c[0] * v[0][V_L][i];
  }
  for (PetscInt i = 0; P && i < n; i++) {
    P[0][i] = 1;
    P[1][i] = c[0] * c[0];
  }
}

static void WaveByParam(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][V_COUNT], double *const r[])
{
  (void)dim, (void)q;
  for (PetscInt i = 0; i < n; i++) {
    r[0][i] = 0;
    r[1][i] = 2 * c[0] * v[0][V_L][i];
  }
}

static const HGTerm WaveTerms[] = {{0, 1, V_U}, {1, 0, V_L}};

/* ---- allen_cahn: du/dt = epsilon^2 Laplace(u) + u - u^3 ---- */

HG_CLONES static void AllenCahnPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][V_COUNT], double *const r[],
                                     double *const P[])
{
  (void)dim;
  for (PetscInt i = 0; r && i < n; i++) r[0][i] = c[0] * c[0] * v[0][V_L][i] + v[0][V_U][i] - v[0][V_U][i] * v[0][V_U][i] * v[0][V_U][i];
  for (PetscInt i = 0; P && i < n; i++) {
    P[0][i] = c[0] * c[0];
    P[1][i] = 1 - 3 * v[0][V_U][i] * v[0][V_U][i];
  }
}

static void AllenCahnByParam(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][V_COUNT], double *const r[])
{
  (void)dim, (void)q;
  for (PetscInt i = 0; i < n; i++) r[0][i] = 2 * c[0] * v[0][V_L][i];
}

#define COUNT(a)      (int)(sizeof(a) / sizeof((a)[0]))
#define SAME_TERMS(a) .terms = {a, a, a}, .nterms = {COUNT(a), COUNT(a), COUNT(a)}

static const HGEquationDef Poisson = {
    .name     = HGPHYSICSPOISSON,
    .title    = "Poisson's equation: -Laplace(u) + kappa u = f",
    .input    = "source",
    .output   = "solution",
    .dims     = {1, 3},
    .steady   = PETSC_TRUE,
    .unknowns = 1,
    .alpha    = 2,
    .elliptic = PETSC_TRUE,
    .nparams  = 1,
    SAME_TERMS(PoissonTerms),
    .param   = {{"kappa", "reaction coefficient", 0, 0, PETSC_FALSE}},
    .point   = PoissonPoint,
    .byparam = PoissonByParam,
};

static const HGEquationDef Heat = {
    .name     = HGPHYSICSHEAT,
    .title    = "Heat equation: du/dt = nu Laplace(u)",
    .input    = "temperature at t",
    .output   = "temperature at t + dt",
    .dims     = {1, 3},
    .unknowns = 1,
    .alpha    = 3,
    .nparams  = 1,
    SAME_TERMS(HeatTerms),
    .param   = {{"nu", "diffusivity", 0.1, 0, PETSC_FALSE}},
    .point   = HeatPoint,
    .byparam = HeatByParam,
};

static const HGEquationDef Burgers = {
    .name    = HGPHYSICSBURGERS,
    .title   = "Burgers' equation: du/dt + (u . grad) u = nu Laplace(u)",
    .input   = "velocity at t",
    .output  = "velocity at t + dt",
    .dims    = {1, 2},
    .vector  = PETSC_TRUE,
    .alpha   = 4,
    .nparams = 1,
    .terms   = {Burgers1Terms, Burgers2Terms, NULL},
    .nterms  = {COUNT(Burgers1Terms), COUNT(Burgers2Terms), 0},
    .param   = {{"nu", "viscosity", 0.05, 0, PETSC_FALSE}},
    .point   = BurgersPoint,
    .byparam = BurgersByParam,
};

static const HGEquationDef Advection = {
    .name     = HGPHYSICSADVECTIONDIFFUSION,
    .title    = "Advection-diffusion equation: du/dt + c . grad u = nu Laplace(u)",
    .input    = "concentration at t",
    .output   = "concentration at t + dt",
    .dims     = {1, 3},
    .unknowns = 1,
    .alpha    = 3,
    .nparams  = 4,
    .terms    = {AdvectionTerms, AdvectionTerms, AdvectionTerms},
    .nterms   = {2, 3, 4},
    .param    = {{"nu", "diffusivity", 0.01, 0, PETSC_FALSE},
                 {"velocity_x", "velocity in x", 1, PETSC_NINFINITY, PETSC_FALSE},
                 {"velocity_y", "velocity in y", 0.5, PETSC_NINFINITY, PETSC_FALSE},
                 {"velocity_z", "velocity in z", 0, PETSC_NINFINITY, PETSC_FALSE}},
    .point    = AdvectionPoint,
    .byparam  = AdvectionByParam,
};

static const HGEquationDef NavierStokes = {
    .name        = HGPHYSICSNAVIERSTOKES,
    .title       = "Incompressible Navier-Stokes equations in vorticity w and stream function s: dw/dt + ds/dy dw/dx - ds/dx dw/dy = nu "
                   "Laplace(w), -Laplace(s) + kappa s = w",
    .input       = "vorticity and stream function at t",
    .output      = "vorticity and stream function at t + dt",
    .dims        = {2, 2},
    .unknowns    = 2,
    .algebraic   = {PETSC_FALSE, PETSC_TRUE},
    .homogeneous = {PETSC_TRUE, PETSC_TRUE},
    .alpha       = 6,
    .elliptic    = PETSC_TRUE,
    .screening   = 1e-3,
    .sigma       = 0.05,
    .nparams     = 2,
    SAME_TERMS(NavierStokesTerms),
    .param   = {{"nu", "viscosity", 1e-3, 0, PETSC_FALSE}, {"kappa", "screening of the stream function", 0, 0, PETSC_FALSE}},
    .point   = NavierStokesPoint,
    .byparam = NavierStokesByParam,
};

static const HGEquationDef Wave = {
    .name        = HGPHYSICSWAVE,
    .title       = "Wave equation as a system for u and v = du/dt: du/dt = v, dv/dt = c^2 Laplace(u)",
    .input       = "displacement and velocity at t",
    .output      = "displacement and velocity at t + dt",
    .dims        = {1, 3},
    .unknowns    = 2,
    .homogeneous = {PETSC_FALSE, PETSC_TRUE},
    .alpha       = 4,
    .nparams     = 1,
    SAME_TERMS(WaveTerms),
    .param   = {{"c", "speed", 1, 0, PETSC_TRUE}},
    .point   = WavePoint,
    .byparam = WaveByParam,
};

static const HGTerm AllenCahnTerms[] = {{0, 0, V_L}, {0, 0, V_U}};

static const HGEquationDef AllenCahn = {
    .name     = HGPHYSICSALLENCAHN,
    .title    = "Allen-Cahn equation: du/dt = epsilon^2 Laplace(u) + u - u^3",
    .input    = "phase at t",
    .output   = "phase at t + dt",
    .dims     = {1, 3},
    .unknowns = 1,
    .alpha    = 3,
    .nparams  = 1,
    SAME_TERMS(AllenCahnTerms),
    .param   = {{"epsilon", "width of an interface", 0.05, 0, PETSC_FALSE}},
    .point   = AllenCahnPoint,
    .byparam = AllenCahnByParam,
};

const HGEquationDef *const HGEquationDefs[]   = {&Poisson, &Heat, &Burgers, &Advection, &NavierStokes, &Wave, &AllenCahn};
const PetscInt             HGEquationDefCount = COUNT(HGEquationDefs);

/*MC
   HGPHYSICSPOISSON - "poisson", -Laplace(u) + kappa u = f, f the input

   Options Database Key:
.  -physics_kappa kappa - reaction coefficient (default 0)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

/*MC
   HGPHYSICSHEAT - "heat", du/dt = nu Laplace(u)

   Options Database Key:
.  -physics_nu nu - diffusivity (default 0.1)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

/*MC
   HGPHYSICSBURGERS - "burgers", du/dt + (u . grad) u = nu Laplace(u), as many unknowns as dimensions, 1 or 2

   Options Database Key:
.  -physics_nu nu - viscosity (default 0.05)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

/*MC
   HGPHYSICSADVECTIONDIFFUSION - "advection_diffusion", du/dt + c . grad u = nu Laplace(u)

   Options Database Key:
.  -physics_nu nu - diffusivity (default 0.01); -physics_velocity_x, _y, _z - c (default 1, 0.5, 0)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

/*MC
   HGPHYSICSNAVIERSTOKES - "navier_stokes", dw/dt + ds/dy dw/dx - ds/dx dw/dy = nu Laplace(w), -Laplace(s) + kappa s = w in two dimensions; unknowns w and s

   Options Database Key:
.  -physics_nu nu - viscosity (default 1e-3); -physics_kappa kappa - screening (default 0, 1e-3 / length^2 where no side holds s)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

/*MC
   HGPHYSICSWAVE - "wave", du/dt = v, dv/dt = c^2 Laplace(u), unknowns u and v

   Options Database Key:
.  -physics_c c - speed (default 1)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/

/*MC
   HGPHYSICSALLENCAHN - "allen_cahn", du/dt = epsilon^2 Laplace(u) + u - u^3

   Options Database Key:
.  -physics_epsilon epsilon - width of an interface (default 0.05)

   Level: beginner

   Note:
   docs/physics.md has grids, boundary conditions and, for equations in time, the step from the input to the output.

   Units:
   none

.seealso: `HGPhysicsSetType()`, `HGPhysicsSetBoundary()`, `HGPhysicsSetParameter()`
M*/
