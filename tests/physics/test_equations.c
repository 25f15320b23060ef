/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The built-in equations, each with every kind of boundary condition, both orders, stretched and spectral: the adjoint against differences
   of the residual and against a SNES with coloured differences, Taylor's theorem for the loss, derivatives by parameters against differences, the same residual and gradient as on one
   rank, and PETSc's SNES or TS as a peer: its solution makes the residual vanish.
*/
#include "physics/hgphysics.h"

typedef struct {
  PetscInt    dim, size[3]; /* z, y, x */
  const char *options;
} Case;

static const Case cases[] = {
    {1, {1, 1, 23}, "-physics_type poisson -physics_bc_x dirichlet:0.5,neumann:1"},
    {2,
     {1, 12, 13},
     "-physics_type poisson -physics_bc_x dirichlet:1,robin:1:0.5:2 -physics_bc_y neumann:0.3,dirichlet -physics_stretch 1,1.5"},
    {2, {1, 14, 16}, "-physics_type poisson -physics_kappa 1 -physics_order 4 -physics_bc_x periodic -physics_bc_y robin:2:1:1,neumann:1"},
    {3, {9, 8, 10}, "-physics_type poisson -physics_length 2,1,1.5 -physics_bc_z neumann"},
    {2, {1, 12, 16}, "-physics_type poisson -physics_kappa 2 -physics_bc_x periodic -physics_bc_y periodic -physics_derivative spectral"},
    {1, {1, 1, 21}, "-physics_type heat -physics_theta 0.5 -physics_bc_x robin:1:1:1,dirichlet:2"},
    {2, {1, 13, 12}, "-physics_type heat -physics_order 4 -physics_stretch 1 -physics_bc_x dirichlet:1,dirichlet:2 -physics_bc_y neumann"},
    {3,
     {8, 9, 8},
     "-physics_type heat -physics_theta 0.5 -physics_bc_x periodic -physics_bc_y periodic -physics_bc_z periodic -physics_derivative "
     "spectral"},
    {1, {1, 1, 32}, "-physics_type burgers -physics_bc_x periodic -physics_derivative spectral -physics_theta 0.5"},
    {1, {1, 1, 32}, "-physics_type burgers -physics_order 4 -physics_bc_x dirichlet:0.2,neumann"},
    {2, {1, 13, 14}, "-physics_type burgers -physics_theta 0.5 -physics_bc_x dirichlet:0.1,dirichlet -physics_bc_y periodic"},
    {2, {1, 12, 14}, "-physics_type burgers -physics_order 4 -physics_bc_x robin:1:1:0,neumann -physics_stretch 1,1"},
    {2, {1, 12, 16}, "-physics_type burgers -physics_bc_x periodic -physics_bc_y periodic -physics_derivative spectral"},
    {2,
     {1, 13, 12},
     "-physics_type advection_diffusion -physics_theta 0.6 -physics_bc_x dirichlet:1,neumann -physics_bc_y periodic -physics_order 4"},
    {3, {8, 8, 9}, "-physics_type advection_diffusion -physics_velocity_z -0.7 -physics_bc_z robin:1:0.1:0,neumann"},
    {2, {1, 14, 12}, "-physics_type navier_stokes -physics_field_sigma 0.05"},
    {2, {1, 16, 12}, "-physics_type navier_stokes -physics_theta 0.5 -physics_field_sigma 0.05 -physics_order 4 -physics_bc_x periodic"},
    {2,
     {1, 12, 16},
     "-physics_type navier_stokes -physics_theta 0.5 -physics_bc_x periodic -physics_bc_y periodic -physics_derivative spectral "
     "-physics_kappa 1 -physics_field_sigma 0.05"},
    {1, {1, 1, 25}, "-physics_type wave -physics_theta 0.5 -physics_bc_x dirichlet:0.5,neumann"},
    {2, {1, 13, 12}, "-physics_type wave -physics_order 4 -physics_bc_x periodic -physics_c 2"},
    {2, {1, 13, 12}, "-physics_type allen_cahn -physics_theta 0.5 -physics_bc_x neumann -physics_bc_y neumann -physics_stretch 0,2"},
    {3, {8, 8, 8}, "-physics_type allen_cahn -physics_bc_x periodic"},
    {1, {1, 1, 21}, "-physics_type darcy -physics_bc_x robin:1:0.3:1,neumann:2"},
    {2, {1, 13, 12}, "-physics_type darcy -physics_bc_x dirichlet:1,neumann:0.5 -physics_bc_y periodic -physics_length 2,1"},
    {3, {8, 9, 8}, "-physics_type darcy -physics_bc_z robin:1:1:0,dirichlet:1"},
    {2, {1, 13, 12}, "-physics_type darcy -physics_bc soft -physics_bc_x dirichlet:1,neumann:0.5"},
    {2, {1, 13, 14}, "-physics_type poisson -physics_bc soft -physics_bc_x dirichlet:1,robin:1:2:3"},
    {2,
     {1, 14, 13},
     "-physics_type burgers -physics_bc soft -physics_order 4 -physics_bc_y dirichlet:1,neumann -physics_theta 0.5 -physics_stretch 1"},
    {2, {1, 14, 13}, "-physics_type navier_stokes -physics_bc soft"},
};

typedef struct {
  HGPhysics p;
  Vec       a, u, w, f, g;
} Fields;

static PetscErrorCode Create(MPI_Comm comm, const Case *c, Fields *s)
{
  DM dm;

  PetscFunctionBegin;
  PetscCall(HGPhysicsCreate(comm, &s->p));
  PetscCall(HGPhysicsSetGrid(s->p, c->dim, c->size));
  PetscCall(HGPhysicsSetFromOptions(s->p));
  PetscCall(HGPhysicsSetUp(s->p));
  PetscCall(HGPhysicsGetDM(s->p, &dm));
  PetscCall(DMCreateGlobalVector(dm, &s->a));
  PetscCall(VecDuplicate(s->a, &s->u));
  PetscCall(VecDuplicate(s->a, &s->w));
  PetscCall(VecDuplicate(s->a, &s->f));
  PetscCall(VecDuplicate(s->a, &s->g));
  PetscCall(HGPhysicsSampleInput(s->p, 1, 3, s->a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(Fields *s)
{
  PetscFunctionBegin;
  PetscCall(VecDestroy(&s->a));
  PetscCall(VecDestroy(&s->u));
  PetscCall(VecDestroy(&s->w));
  PetscCall(VecDestroy(&s->f));
  PetscCall(VecDestroy(&s->g));
  PetscCall(HGPhysicsDestroy(&s->p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Some field, of the global indices alone */
static PetscErrorCode Fill(Fields *s, double phase, Vec v)
{
  DM           dm;
  PetscInt     at[3], n[3], dof, k = 0;
  PetscScalar *x;

  PetscFunctionBegin;
  PetscCall(HGPhysicsGetDM(s->p, &dm));
  PetscCall(DMDAGetDof(dm, &dof));
  PetscCall(DMDAGetCorners(dm, &at[2], &at[1], &at[0], &n[2], &n[1], &n[0]));
  PetscCall(VecGetArrayWrite(v, &x));
  for (PetscInt i = 0; i < n[0] * n[1] * n[2]; i++)
    for (PetscInt c = 0; c < dof; c++)
      x[k++] = sin(phase + 0.7 * (double)(at[2] + i % n[2]) - 0.4 * (double)(at[1] + i / n[2] % n[1]) +
                   1.1 * (double)(at[0] + i / n[2] / n[1]) + 0.9 * (double)c);
  PetscCall(VecRestoreArrayWrite(v, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Norms(Fields *s, PetscReal norm[])
{
  PetscFunctionBegin;
  PetscCall(HGPhysicsSetInput(s->p, 3, s->a));
  PetscCall(Fill(s, 0.3, s->u));
  PetscCall(Fill(s, 1.3, s->w));
  PetscCall(HGPhysicsResidual(s->p, s->u, s->f));
  PetscCall(HGPhysicsResidualAdjoint(s->p, s->u, s->w, s->g));
  PetscCall(VecNorm(s->f, NORM_2, &norm[0]));
  PetscCall(VecNorm(s->g, NORM_2, &norm[1]));
  PetscCall(VecDot(s->f, s->w, &norm[2]));
  PetscCall(VecDot(s->g, s->w, &norm[3]));
  PetscCall(VecNorm(s->a, NORM_2, &norm[4]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The remainder of 1/2 |F|^2 along w with half the step: a quarter */
static PetscErrorCode TaylorOrder(Fields *s, PetscReal *order)
{
  PetscReal value[3], slope, h = 1e-2, r[2];
  Vec       at;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(s->u, &at));
  PetscCall(HGPhysicsResidual(s->p, s->u, s->f));
  PetscCall(VecNorm(s->f, NORM_2, &value[0]));
  PetscCall(HGPhysicsResidualAdjoint(s->p, s->u, s->f, s->g));
  PetscCall(VecDot(s->g, s->w, &slope));
  for (int i = 0; i < 2; i++, h /= 2) {
    PetscCall(VecWAXPY(at, h, s->w, s->u));
    PetscCall(HGPhysicsResidual(s->p, at, s->f));
    PetscCall(VecNorm(s->f, NORM_2, &value[i + 1]));
    r[i] = PetscAbsReal((value[i + 1] * value[i + 1] - value[0] * value[0]) / 2 - h * slope);
  }
  *order = PetscLogReal(r[0] / r[1]) / PetscLogReal(2);
  PetscCall(VecDestroy(&at));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* <dF/dparameter, w> against a central difference, relative */
static PetscErrorCode ParameterError(Fields *s, const char name[], PetscReal *error)
{
  const PetscReal h = 1e-4;
  PetscReal       value, g, f[2];

  PetscFunctionBegin;
  PetscCall(HGPhysicsGetParameter(s->p, name, &value));
  PetscCall(HGPhysicsSetInput(s->p, 3, s->a));
  PetscCall(HGPhysicsParameterAdjoint(s->p, name, s->u, s->w, &g));
  for (int i = 0; i < 2; i++) {
    PetscCall(HGPhysicsSetParameter(s->p, name, value + (i ? h : -h) * PetscMax(value, 0.1)));
    PetscCall(HGPhysicsSetInput(s->p, 3, s->a));
    PetscCall(HGPhysicsResidual(s->p, s->u, s->f));
    PetscCall(VecDot(s->f, s->w, &f[i]));
  }
  PetscCall(HGPhysicsSetParameter(s->p, name, value));
  PetscCall(HGPhysicsSetInput(s->p, 3, s->a));
  *error = PetscAbsReal(g - (f[1] - f[0]) / (2 * h * PetscMax(value, 0.1))) / PetscMax(1, PetscAbsReal(g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckParameters(Fields *s, const char options[])
{
  static const char *const names[] = {"poisson",
                                      "kappa",
                                      "heat",
                                      "nu",
                                      "heat",
                                      "dt",
                                      "burgers",
                                      "nu",
                                      "advection_diffusion",
                                      "nu",
                                      "advection_diffusion",
                                      "velocity_x",
                                      "navier_stokes",
                                      "nu",
                                      "navier_stokes",
                                      "dt",
                                      "wave",
                                      "c",
                                      "allen_cahn",
                                      "epsilon"};
  HGPhysicsType            type;
  PetscReal                error = 0;
  PetscBool                match;

  PetscFunctionBegin;
  PetscCall(HGPhysicsGetType(s->p, &type));
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i += 2) {
    PetscCall(PetscStrcmp(type, names[i], &match));
    if (!match) continue;
    if (!strcmp(names[i + 1], "kappa") && !strstr(options, "kappa")) continue; /* zero, on the edge of its range */
    PetscCall(ParameterError(s, names[i + 1], &error));
    PetscCheck(error < 1e-5, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%s: derivative by %s is wrong by %g", options, names[i + 1], (double)error);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* (dF/da)' w against a central difference along a field v, relative */
static PetscErrorCode CheckInput(Fields *s, const char options[])
{
  const PetscReal h = 1e-5;
  PetscReal       slope, size, f[2];
  Vec             at, v;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(s->a, &at));
  PetscCall(VecDuplicate(s->a, &v));
  PetscCall(Fill(s, 2.3, v));
  PetscCall(HGPhysicsSetInput(s->p, 3, s->a));
  PetscCall(HGPhysicsInputAdjoint(s->p, s->a, s->u, s->w, s->g));
  PetscCall(VecDot(s->g, v, &slope));
  PetscCall(VecNorm(s->g, NORM_2, &size));
  for (int i = 0; i < 2; i++) {
    PetscCall(VecWAXPY(at, i ? h : -h, v, s->a));
    PetscCall(HGPhysicsSetInput(s->p, 3, at));
    PetscCall(HGPhysicsResidual(s->p, s->u, s->f));
    PetscCall(VecDot(s->f, s->w, &f[i]));
  }
  PetscCall(HGPhysicsSetInput(s->p, 3, s->a));
  PetscCheck(PetscAbsReal(slope - (f[1] - f[0]) / (2 * h)) < 1e-6 * (size + PetscAbsReal(slope)), PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "%s: derivative by the input is %g, differences say %g", options, (double)slope, (double)((f[1] - f[0]) / (2 * h)));
  PetscCheck(size > 0, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%s: derivative by the input is zero", options);
  PetscCall(VecDestroy(&at));
  PetscCall(VecDestroy(&v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* J' lambda = w for the solution of the adjoint equation; u is the solver's solution */
static PetscErrorCode CheckSolveAdjoint(Fields *s, const char options[])
{
  PetscReal size, error;
  Vec       lambda;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(s->u, &lambda));
  PetscCall(HGPhysicsSolveAdjoint(s->p, s->u, s->w, lambda));
  PetscCall(HGPhysicsSetInput(s->p, 3, s->a));
  PetscCall(HGPhysicsResidualAdjoint(s->p, s->u, lambda, s->g));
  PetscCall(VecNorm(s->w, NORM_2, &size));
  PetscCall(VecAXPY(s->g, -1, s->w));
  PetscCall(VecNorm(s->g, NORM_2, &error));
  PetscCheck(error < 1e-8 * size, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%s: J' lambda differs from the right-hand side by %g of it", options,
             (double)(error / size));
  PetscCall(VecDestroy(&lambda));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* |F| at the solver's solution, relative to |F| at the input */
static PetscErrorCode CheckSolve(Fields *s, const char options[])
{
  PetscReal   first, last;
  PetscMPIInt ranks;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  if (ranks > 2 || strstr(options, "soft"))
    PetscFunctionReturn(PETSC_SUCCESS); /* many small reductions take long where ranks share cores */
  PetscCall(HGPhysicsSolve(s->p, s->a, s->u));
  PetscCall(HGPhysicsSetInput(s->p, 3, s->a));
  PetscCall(HGPhysicsResidual(s->p, s->u, s->f));
  PetscCall(VecNorm(s->f, NORM_2, &last));
  PetscCall(HGPhysicsResidual(s->p, s->a, s->f));
  PetscCall(VecNorm(s->f, NORM_2, &first));
  PetscCheck(last < 1e-7 * first, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%s: the solution has the residual %g; the input has %g", options,
             (double)last, (double)first);
  PetscCall(HGPhysicsSolve(s->p, s->a, s->u));
  PetscCall(CheckSolveAdjoint(s, options));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the same residual as a user's SNES, differentiated by coloured differences ---- */

static PetscErrorCode Function(SNES snes, Vec u, Vec f, void *p)
{
  PetscFunctionBegin;
  (void)snes;
  PetscCall(HGPhysicsResidual((HGPhysics)p, u, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A DMDA that divides the grid as the equation's does, with room for its stencils */
static PetscErrorCode CreateWide(HGPhysics p, const Case *c, DM *wide)
{
  const PetscInt *l[3];
  PetscInt        m[3], dof, reach = 1;
  DMBoundaryType  b[3];
  DM              dm;

  PetscFunctionBegin;
  PetscCall(HGPhysicsGetDM(p, &dm));
  PetscCall(DMDAGetInfo(dm, NULL, NULL, NULL, NULL, &m[0], &m[1], &m[2], &dof, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(dm, &l[0], &l[1], &l[2]));
  for (int a = 0; a < 3; a++) {
    char        text[32];
    const char *at;

    (void)snprintf(text, sizeof(text), "-physics_bc_%c periodic", "xyz"[a]);
    at   = strstr(c->options, text);
    b[a] = at ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_NONE;
  }
  if (strstr(c->options, "order 4")) reach = strstr(c->options, "soft") ? 4 : 3;
  else if (strstr(c->options, "soft")) reach = 2;
  PetscCall(DMDACreate(PETSC_COMM_WORLD, wide));
  PetscCall(DMSetDimension(*wide, c->dim));
  PetscCall(DMDASetSizes(*wide, c->size[2], c->size[1], c->size[0]));
  PetscCall(DMDASetNumProcs(*wide, m[0], m[1], m[2]));
  PetscCall(DMDASetOwnershipRanges(*wide, l[0], c->dim > 1 ? l[1] : NULL, c->dim > 2 ? l[2] : NULL));
  PetscCall(DMDASetBoundaryType(*wide, b[0], b[1], b[2]));
  PetscCall(DMDASetStencilType(*wide, DMDA_STENCIL_STAR));
  PetscCall(DMDASetStencilWidth(*wide, reach));
  PetscCall(DMDASetDof(*wide, dof));
  PetscCall(DMSetUp(*wide));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckUser(Fields *s, const Case *c)
{
  PetscReal error, size;
  HGPhysics user;
  SNES      snes;
  DM        wide;
  Vec       g;

  PetscFunctionBegin;
  if (strstr(c->options, "spectral")) PetscFunctionReturn(PETSC_SUCCESS); /* every point depends on every other */
  PetscCall(CreateWide(s->p, c, &wide));
  PetscCall(SNESCreate(PETSC_COMM_WORLD, &snes));
  PetscCall(SNESSetDM(snes, wide));
  PetscCall(SNESSetFunction(snes, NULL, Function, s->p));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &user));
  PetscCall(HGPhysicsSetSNES(user, snes));
  PetscCall(HGPhysicsSetUp(user));
  PetscCall(VecDuplicate(s->g, &g));
  PetscCall(HGPhysicsResidualAdjoint(user, s->u, s->w, g));
  PetscCall(HGPhysicsResidualAdjoint(s->p, s->u, s->w, s->g));
  PetscCall(VecNorm(s->g, NORM_2, &size));
  PetscCall(VecAXPY(g, -1, s->g));
  PetscCall(VecNorm(g, NORM_2, &error));
  PetscCheck(error < 1e-5 * size, PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "%s: the adjoint and that of a SNES with the same function differ by %g of %g", c->options, (double)error, (double)size);
  PetscCall(VecDestroy(&g));
  PetscCall(HGPhysicsDestroy(&user));
  PetscCall(SNESDestroy(&snes));
  PetscCall(DMDestroy(&wide));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckSerial(const Case *c, const PetscReal norm[])
{
  Fields    alone;
  PetscReal one[5];

  PetscFunctionBegin;
  PetscCall(Create(PETSC_COMM_SELF, c, &alone));
  PetscCall(Norms(&alone, one));
  for (int i = 0; i < 5; i++)
    PetscCheck(PetscAbsReal(one[i] - norm[i]) <= 1e-10 * PetscMax(one[0], one[1]), PETSC_COMM_WORLD, PETSC_ERR_PLIB,
               "%s: number %d is %.12g on one rank, %.12g on all", c->options, i, (double)one[i], (double)norm[i]);
  PetscCall(Destroy(&alone));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckCase(const Case *c)
{
  PetscReal    norm[5], error = 0, order = 0;
  PetscOptions options;
  Fields       s;

  PetscFunctionBegin;
  PetscCall(PetscOptionsCreate(&options));
  PetscCall(PetscOptionsInsertString(options, c->options));
  PetscCall(PetscOptionsPush(options));
  PetscCall(Create(PETSC_COMM_WORLD, c, &s));
  PetscCall(Norms(&s, norm));
  PetscCall(CheckSerial(c, norm));
  PetscCall(HGPhysicsTestAdjoint(s.p, s.u, &error));
  PetscCheck(error < 1e-7, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%s: the adjoint differs from differences by %g", c->options, (double)error);
  PetscCall(TaylorOrder(&s, &order));
  PetscCheck(order > 1.9 && order < 2.1, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%s: Taylor order %g", c->options, (double)order);
  PetscCall(CheckParameters(&s, c->options));
  PetscCall(CheckInput(&s, c->options));
  PetscCall(CheckUser(&s, c));
  PetscCall(CheckSolve(&s, c->options));
  PetscCall(Destroy(&s));
  PetscCall(PetscOptionsPop());
  PetscCall(PetscOptionsDestroy(&options));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    if (getenv("HG_TEST_SHOW")) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%d-D %s\n", (int)cases[i].dim, cases[i].options));
    PetscCall(CheckCase(&cases[i]));
  }
  PetscCall(HGFinalize());
  return 0;
}
