/* SPDX-License-Identifier: BSD-2-Clause */
/* Vectors in single precision do what PETSc's own do, to the rounding of their elements; an array that is got is put back */
#include "halograd.h"

#define N 1000 /* of all ranks */

static PetscErrorCode Same(const char what[], PetscReal found, PetscReal wanted, PetscReal tol)
{
  PetscFunctionBegin;
  PetscCheck(PetscAbsReal(found - wanted) <= tol * (1 + PetscAbsReal(wanted)), PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "%s: %.17g, in double precision %.17g", what, (double)found, (double)wanted);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Each element, to `tol` of its size */
static PetscErrorCode Equal(const char what[], Vec f, Vec d, PetscReal tol)
{
  const PetscScalar *a, *b;
  PetscInt           n;
  PetscReal          most = 0;

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(d, &n));
  PetscCall(VecGetArrayRead(f, &a));
  PetscCall(VecGetArrayRead(d, &b));
  for (PetscInt i = 0; i < n; i++) most = PetscMax(most, PetscAbsReal(a[i] - b[i]) / (1 + PetscAbsReal(b[i])));
  PetscCall(VecRestoreArrayRead(f, &a));
  PetscCall(VecRestoreArrayRead(d, &b));
  PetscCheck(most <= tol, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: off by %g", what, (double)most);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same values, which single precision has exactly, in both */
static PetscErrorCode Fill(uint64_t stream, Vec f, Vec d)
{
  PetscInt     first, last;
  PetscScalar *a, *b;

  PetscFunctionBegin;
  PetscCall(VecGetOwnershipRange(d, &first, &last));
  PetscCall(VecGetArrayWrite(f, &a));
  PetscCall(VecGetArrayWrite(d, &b));
  for (PetscInt i = first; i < last; i++) a[i - first] = b[i - first] = (double)(float)(2 * HGRandomUniform(1, stream, (uint64_t)i) - 1);
  PetscCall(VecRestoreArrayWrite(f, &a));
  PetscCall(VecRestoreArrayWrite(d, &b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestReductions(Vec f[], Vec d[])
{
  static const NormType norms[] = {NORM_1, NORM_2, NORM_INFINITY};
  PetscReal             a, b, pair[2];
  PetscInt              i, j;

  PetscFunctionBegin;
  for (int k = 0; k < 3; k++) {
    PetscCall(VecNorm(f[0], norms[k], &a));
    PetscCall(VecNorm(d[0], norms[k], &b));
    PetscCall(Same("norm", a, b, 1e-13)); /* sums are in double precision */
  }
  PetscCall(VecNorm(f[0], NORM_1_AND_2, pair));
  PetscCall(Same("both norms", pair[1], b > 0 ? pair[1] : 0, 0));
  PetscCall(VecDot(f[0], f[1], &a));
  PetscCall(VecDot(d[0], d[1], &b));
  PetscCall(Same("inner product", a, b, 1e-13));
  PetscCall(VecMax(f[0], &i, &a));
  PetscCall(VecMax(d[0], &j, &b));
  PetscCheck(i == j && a == b, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "largest element");
  PetscCall(VecMin(f[0], &i, &a));
  PetscCall(VecMin(d[0], &j, &b));
  PetscCheck(i == j && a == b, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "smallest element");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Each result is rounded once: 6e-8 of its size */
static PetscErrorCode TestElements(Vec f[], Vec d[])
{
  PetscFunctionBegin;
  PetscCall(VecAXPY(f[0], 0.3, f[1]));
  PetscCall(VecAXPY(d[0], 0.3, d[1]));
  PetscCall(Equal("axpy", f[0], d[0], 6e-8));
  PetscCall(VecAYPX(f[0], -0.7, f[1]));
  PetscCall(VecAYPX(d[0], -0.7, d[1]));
  PetscCall(Equal("aypx", f[0], d[0], 2e-7));
  PetscCall(VecWAXPY(f[2], 2, f[0], f[1]));
  PetscCall(VecWAXPY(d[2], 2, d[0], d[1]));
  PetscCall(Equal("waxpy", f[2], d[2], 4e-7));
  PetscCall(VecScale(f[2], 3));
  PetscCall(VecScale(d[2], 3));
  PetscCall(Equal("scale", f[2], d[2], 1e-6));
  PetscCall(VecCopy(f[1], f[2]));
  PetscCall(VecCopy(d[1], d[2]));
  PetscCall(Equal("copy", f[2], d[2], 0));
  PetscCall(VecPointwiseMult(f[2], f[1], f[1]));
  PetscCall(VecPointwiseMult(d[2], d[1], d[1]));
  PetscCall(Equal("pointwise product", f[2], d[2], 6e-8));
  PetscCall(VecCopy(f[1], d[2])); /* to another type */
  PetscCall(Equal("copy to double precision", f[1], d[2], 0));
  PetscCall(VecSet(f[2], 0.25));
  PetscCall(VecSet(d[2], 0.25));
  PetscCall(Equal("set", f[2], d[2], 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  Vec       f[3], d[3], twin, *twins;
  PetscBool is;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(VecCreateMPI(PETSC_COMM_WORLD, PETSC_DECIDE, N, &d[0]));
  for (int i = 0; i < 3; i++) {
    PetscInt n;

    if (i) PetscCall(VecDuplicate(d[0], &d[i]));
    PetscCall(VecGetLocalSize(d[0], &n));
    PetscCall(HGVecCreateF32(PETSC_COMM_WORLD, n, N, &f[i]));
    PetscCall(Fill((uint64_t)i, f[i], d[i]));
  }
  PetscCall(VecDuplicate(f[0], &twin));
  PetscCall(HGVecIsF32(twin, &is));
  PetscCheck(is, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "a duplicate has another type");
  PetscCall(TestReductions(f, d));
  PetscCall(TestElements(f, d));
  PetscCall(VecDestroy(&twin));
  PetscCall(VecDuplicateVecs(f[0], 2, &twins));
  PetscCall(HGVecIsF32(twins[1], &is));
  PetscCheck(is, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "duplicates have another type");
  PetscCall(VecDestroyVecs(2, &twins));
  for (int i = 0; i < 3; i++) {
    PetscCall(VecDestroy(&f[i]));
    PetscCall(VecDestroy(&d[i]));
  }
  PetscCall(HGFinalize());
  return 0;
}
