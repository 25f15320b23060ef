/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Samples are the same on any number of ranks: the permeability bit for bit, the solution to the solver's tolerance. They are samples
   of one function on every grid, differ by seed and number, and the random field has unit variance.
*/
#include "physics/hgphysics.h"

static PetscErrorCode Create(MPI_Comm comm, PetscInt dim, const PetscInt size[], HGDarcyField field, HGPhysics *p, Vec *a, Vec *u)
{
  DM dm;

  PetscFunctionBegin;
  PetscCall(HGPhysicsCreate(comm, p));
  PetscCall(HGPhysicsSetType(*p, HGPHYSICSDARCY));
  PetscCall(HGPhysicsSetGrid(*p, dim, size));
  PetscCall(HGPhysicsDarcySetField(*p, field));
  PetscCall(HGPhysicsSetUp(*p));
  PetscCall(HGPhysicsGetDM(*p, &dm));
  PetscCall(DMCreateGlobalVector(dm, a));
  PetscCall(VecDuplicate(*a, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(HGPhysics *p, Vec *a, Vec *u)
{
  PetscFunctionBegin;
  PetscCall(VecDestroy(a));
  PetscCall(VecDestroy(u));
  PetscCall(HGPhysicsDestroy(p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The largest difference between this rank's part of a field and the same points of a whole field */
static PetscErrorCode Difference(HGPhysics p, Vec part, Vec whole, const PetscInt size[], PetscReal *most)
{
  const PetscScalar *v, *w;
  PetscInt           s[3], n[3];
  DM                 dm;

  PetscFunctionBegin;
  PetscCall(HGPhysicsGetDM(p, &dm));
  PetscCall(DMDAGetCorners(dm, &s[2], &s[1], &s[0], &n[2], &n[1], &n[0]));
  PetscCall(VecGetArrayRead(part, &v));
  PetscCall(VecGetArrayRead(whole, &w));
  *most = 0;
  for (PetscInt i = 0; i < n[0] * n[1] * n[2]; i++) {
    const PetscInt z = s[0] + i / n[2] / n[1], y = s[1] + i / n[2] % n[1], x = s[2] + i % n[2];

    *most = PetscMax(*most, PetscAbsScalar(v[i] - w[(z * size[1] + y) * size[2] + x]));
  }
  PetscCall(VecRestoreArrayRead(part, &v));
  PetscCall(VecRestoreArrayRead(whole, &w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckRanks(PetscInt dim, PetscInt nz, PetscInt ny, PetscInt nx, HGDarcyField field)
{
  const PetscInt size[3] = {nz, ny, nx};
  HGPhysics      p, q;
  Vec            a, u, b, v;
  PetscReal      most, norm;

  PetscFunctionBegin;
  PetscCall(Create(PETSC_COMM_WORLD, dim, size, field, &p, &a, &u));
  PetscCall(Create(PETSC_COMM_SELF, dim, size, field, &q, &b, &v));
  for (PetscInt sample = 0; sample < 2; sample++) {
    PetscCall(HGPhysicsSampleInput(p, 5, sample, a));
    PetscCall(HGPhysicsSampleInput(q, 5, sample, b));
    PetscCall(Difference(p, a, b, size, &most));
    PetscCheck(most == 0, PETSC_COMM_SELF, PETSC_ERR_PLIB, "the permeability depends on the number of ranks: %g", (double)most);
    PetscCall(HGPhysicsSolve(p, a, u));
    PetscCall(HGPhysicsSolve(q, b, v));
    PetscCall(Difference(p, u, v, size, &most));
    PetscCall(VecNorm(v, NORM_INFINITY, &norm));
    PetscCheck(most <= 1e-8 * norm, PETSC_COMM_SELF, PETSC_ERR_PLIB, "the solution depends on the number of ranks: %g of %g", (double)most,
               (double)norm);
  }
  PetscCall(Destroy(&p, &a, &u));
  PetscCall(Destroy(&q, &b, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The centre of cell i of n is that of cell 3 i + 1 of 3 n */
static PetscErrorCode CheckGrids(void)
{
  const PetscInt     n = 9, coarse[3] = {1, n, n}, fine[3] = {1, 3 * n, 3 * n};
  HGPhysics          p, q;
  Vec                a, b, u, v;
  const PetscScalar *x, *y;

  PetscFunctionBegin;
  PetscCall(Create(PETSC_COMM_SELF, 2, coarse, HG_DARCY_LOGNORMAL, &p, &a, &u));
  PetscCall(Create(PETSC_COMM_SELF, 2, fine, HG_DARCY_LOGNORMAL, &q, &b, &v));
  PetscCall(HGPhysicsSampleInput(p, 1, 3, a));
  PetscCall(HGPhysicsSampleInput(q, 1, 3, b));
  PetscCall(VecGetArrayRead(a, &x));
  PetscCall(VecGetArrayRead(b, &y));
  for (PetscInt j = 0; j < n; j++) {
    for (PetscInt i = 0; i < n; i++) {
      const PetscScalar c = x[j * n + i], f = y[(3 * j + 1) * 3 * n + 3 * i + 1];

      PetscCheck(PetscAbsScalar(c - f) <= 1e-12 * PetscAbsScalar(c), PETSC_COMM_SELF, PETSC_ERR_PLIB, "grids differ: %g %g", (double)c,
                 (double)f);
    }
  }
  PetscCall(VecRestoreArrayRead(a, &x));
  PetscCall(VecRestoreArrayRead(b, &y));
  PetscCall(Destroy(&p, &a, &u));
  PetscCall(Destroy(&q, &b, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* log a has mean 0 in every sample and variance 1 over many; other samples and seeds give other fields */
static PetscErrorCode CheckDistribution(void)
{
  enum { samples = 400 };
  const PetscInt size[3] = {1, 16, 16};
  HGPhysics      p;
  Vec            a, u;
  PetscScalar    sum;
  PetscReal      norm, mean = 0, square = 0;

  PetscFunctionBegin;
  PetscCall(Create(PETSC_COMM_SELF, 2, size, HG_DARCY_LOGNORMAL, &p, &a, &u));
  for (PetscInt s = 0; s < samples; s++) {
    PetscCall(HGPhysicsSampleInput(p, s % 2 ? 7 : 8, s / 2, a));
    PetscCall(VecLog(a));
    PetscCall(VecSum(a, &sum));
    PetscCall(VecNorm(a, NORM_2, &norm));
    mean = PetscMax(mean, PetscAbsScalar(sum) / 256);
    square += norm * norm / 256 / samples;
  }
  /* cosines beyond the grid's own alias and leave a small mean; the variance of a sample varies by about its size */
  PetscCheck(mean < 0.02, PETSC_COMM_SELF, PETSC_ERR_PLIB, "mean of log a: %g", (double)mean);
  PetscCheck(square > 0.8 && square < 1.2, PETSC_COMM_SELF, PETSC_ERR_PLIB, "variance of log a: %g", (double)square);
  PetscCall(HGPhysicsSampleInput(p, 1, 0, a));
  PetscCall(HGPhysicsSampleInput(p, 1, 1, u));
  PetscCall(VecAXPY(u, -1, a));
  PetscCall(VecNorm(u, NORM_INFINITY, &norm));
  PetscCheck(norm > 0.1, PETSC_COMM_SELF, PETSC_ERR_PLIB, "two samples are alike");
  PetscCall(HGPhysicsSampleInput(p, 2, 0, u));
  PetscCall(VecAXPY(u, -1, a));
  PetscCall(VecNorm(u, NORM_INFINITY, &norm));
  PetscCheck(norm > 0.1, PETSC_COMM_SELF, PETSC_ERR_PLIB, "two seeds are alike");
  PetscCall(Destroy(&p, &a, &u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(CheckRanks(1, 1, 1, 53, HG_DARCY_BINARY));
  PetscCall(CheckRanks(2, 1, 31, 37, HG_DARCY_LOGNORMAL));
  PetscCall(CheckRanks(2, 1, 5, 7, HG_DARCY_BINARY));
  PetscCall(CheckRanks(3, 11, 8, 9, HG_DARCY_BINARY));
  PetscCall(CheckGrids());
  PetscCall(CheckDistribution());
  PetscCall(HGFinalize());
  return 0;
}
