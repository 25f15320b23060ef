/* SPDX-License-Identifier: BSD-2-Clause */
/* The Darcy solver converges with second order to a manufactured solution, in one, two and three dimensions. */
#include "physics/hgphysics.h"

/* u = sin(pi x) sin(pi y) sin(pi z), a = exp(x + y/2 - z/2) in so many of the coordinates as there are, f = -div(a grad u) */
static void Exact(PetscInt dim, const PetscReal x[], PetscReal *a, PetscReal *u, PetscReal *f)
{
  static const PetscReal slope[3] = {1, 0.5, -0.5};
  PetscReal              exponent = 0, grad = 0;

  *u = 1;
  for (int d = 0; d < dim; d++) {
    exponent += slope[d] * x[d];
    *u *= PetscSinReal(PETSC_PI * x[d]);
  }
  *a = PetscExpReal(exponent);
  for (int d = 0; d < dim; d++) grad += slope[d] * PETSC_PI * PetscCosReal(PETSC_PI * x[d]) * *u / PetscSinReal(PETSC_PI * x[d]);
  *f = *a * ((PetscReal)dim * PETSC_PI * PETSC_PI * *u - grad);
}

static PetscErrorCode FillFields(DM dm, PetscInt dim, const PetscInt n[], Vec a, Vec u, Vec f)
{
  PetscInt     s[3], m[3];
  PetscScalar *va, *vu, *vf;

  PetscFunctionBegin;
  PetscCall(DMDAGetCorners(dm, &s[0], &s[1], &s[2], &m[0], &m[1], &m[2]));
  PetscCall(VecGetArray(a, &va));
  PetscCall(VecGetArray(u, &vu));
  PetscCall(VecGetArray(f, &vf));
  for (PetscInt i = 0; i < m[0] * m[1] * m[2]; i++) {
    const PetscInt  at[3] = {s[0] + i % m[0], s[1] + i / m[0] % m[1], s[2] + i / m[0] / m[1]};
    const PetscReal x[3]  = {((PetscReal)at[0] + 0.5) / (PetscReal)n[0], ((PetscReal)at[1] + 0.5) / (PetscReal)n[1],
                             ((PetscReal)at[2] + 0.5) / (PetscReal)n[2]};

    Exact(dim, x, &va[i], &vu[i], &vf[i]);
  }
  PetscCall(VecRestoreArray(a, &va));
  PetscCall(VecRestoreArray(u, &vu));
  PetscCall(VecRestoreArray(f, &vf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The largest error on n[0] x n[1] x n[2] points in x, y, z */
static PetscErrorCode LargestError(PetscInt dim, const PetscInt n[], PetscReal *error)
{
  const PetscInt size[3] = {n[2], n[1], n[0]};
  HGPhysics      p;
  DM             dm;
  Vec            a, u, f, solution;

  PetscFunctionBegin;
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetType(p, HGPHYSICSDARCY));
  PetscCall(HGPhysicsSetGrid(p, dim, size));
  PetscCall(HGPhysicsSetUp(p));
  PetscCall(HGPhysicsGetDM(p, &dm));
  PetscCall(DMCreateGlobalVector(dm, &a));
  PetscCall(VecDuplicate(a, &u));
  PetscCall(VecDuplicate(a, &f));
  PetscCall(VecDuplicate(a, &solution));
  PetscCall(FillFields(dm, dim, n, a, u, f));
  PetscCall(HGPhysicsDarcySetSource(p, 0, f));
  PetscCall(HGPhysicsSolve(p, a, solution));
  PetscCall(VecAXPY(solution, -1, u));
  PetscCall(VecNorm(solution, NORM_INFINITY, error));
  PetscCall(VecDestroy(&a));
  PetscCall(VecDestroy(&u));
  PetscCall(VecDestroy(&f));
  PetscCall(VecDestroy(&solution));
  PetscCall(HGPhysicsDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Twice as many points: a quarter of the error, within a tenth of an order */
static PetscErrorCode Check(PetscInt dim, PetscInt nx, PetscInt ny, PetscInt nz)
{
  const PetscInt  coarse[3] = {nx, ny, nz}, fine[3] = {2 * nx, dim > 1 ? 2 * ny : 1, dim > 2 ? 2 * nz : 1};
  PetscReal       e1, e2, order;
  const PetscBool show = getenv("HG_TEST_SHOW") ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(LargestError(dim, coarse, &e1));
  PetscCall(LargestError(dim, fine, &e2));
  order = PetscLogReal(e1 / e2) / PetscLogReal(2);
  if (show)
    PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%d-D: errors %.3e %.3e order %.3f\n", (int)dim, (double)e1, (double)e2, (double)order));
  PetscCheck(order > 1.9 && order < 2.2 && e2 < 0.01, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%d-D: errors %g, %g: order %g", (int)dim,
             (double)e1, (double)e2, (double)order);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(Check(1, 65, 1, 1));
  PetscCall(Check(2, 32, 32, 1));
  PetscCall(Check(2, 37, 23, 1));
  PetscCall(Check(3, 12, 11, 13));
  PetscCall(HGFinalize());
  return 0;
}
