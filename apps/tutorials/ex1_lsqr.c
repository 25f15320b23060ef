/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A least-squares problem with a halo operator inside.

   A field x on a grid that is spread over the ranks is seen through a blur, b = S H x: the halo operator H brings each rank the ghost
   points that its neighbours own, the stencil S averages over 3 x 3 points. S is the user's own code: a loop over local points, and
   below it its adjoint, the same loop with the roles of reading and writing exchanged. The adjoint of S H is H* S*, which HGLinOp
   knows; nobody has to write the parallel part.

   As a Mat, the product goes to any Krylov method that uses a matrix and its transpose. Here LSQR finds the x with the smallest
   |S H x - b|^2.

      mpiexec -n 4 ./ex1_lsqr -n 64 -ksp_monitor -linop_boundary reflect -mat_view
*/
#include <halograd.h>

static const double Weight[3][3] = {{0.05, 0.1, 0.05}, {0.1, 0.4, 0.1}, {0.05, 0.1, 0.05}};

/* y = S x: x has a ghost point on each side, y has none */
static PetscErrorCode Blur(HGLinOp op, HGTensor x, HGTensor y)
{
  const HGTensorLocal *lx, *ly;

  PetscFunctionBeginUser;
  (void)op;
  PetscCall(HGTensorGetLocal(x, &lx));
  PetscCall(HGTensorGetLocal(y, &ly));
  for (PetscInt j = 0; j < ly->box.size[HG_Y]; j++) {
    for (PetscInt i = 0; i < ly->box.size[HG_X]; i++) {
      const double *from = (const double *)lx->owned + j * lx->stride[HG_Y] + i * lx->stride[HG_X];
      double        sum  = 0;

      for (int dj = -1; dj <= 1; dj++)
        for (int di = -1; di <= 1; di++) sum += Weight[dj + 1][di + 1] * from[dj * lx->stride[HG_Y] + di * lx->stride[HG_X]];
      ((double *)ly->owned)[j * ly->stride[HG_Y] + i * ly->stride[HG_X]] = sum;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* x = S* y: what was read is added to, the ghost points too */
static PetscErrorCode BlurAdjoint(HGLinOp op, HGTensor y, HGTensor x)
{
  const HGTensorLocal *lx, *ly;

  PetscFunctionBeginUser;
  (void)op;
  PetscCall(HGTensorGetLocal(x, &lx));
  PetscCall(HGTensorGetLocal(y, &ly));
  PetscCall(HGTensorSet(x, 0));
  for (PetscInt j = 0; j < ly->box.size[HG_Y]; j++) {
    for (PetscInt i = 0; i < ly->box.size[HG_X]; i++) {
      double      *to = (double *)lx->owned + j * lx->stride[HG_Y] + i * lx->stride[HG_X];
      const double v  = ((const double *)ly->owned)[j * ly->stride[HG_Y] + i * ly->stride[HG_X]];

      for (int dj = -1; dj <= 1; dj++)
        for (int di = -1; di <= 1; di++) to[dj * lx->stride[HG_Y] + di * lx->stride[HG_X]] += Weight[dj + 1][di + 1] * v;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The field, and the field with ghosts, on n x n points */
static PetscErrorCode CreateTensors(PetscInt n, HGTensor *x, HGTensor *ghosted)
{
  const PetscInt size[HG_AXES] = {1, 1, 1, n, n}, halo[3][2] = {{0, 0}, {1, 1}, {1, 1}};
  HGPartition    p;

  PetscFunctionBeginUser;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPartitionSetSizes(p, 2, size));
  PetscCall(HGPartitionSetFromOptions(p));
  PetscCall(HGPartitionSetUp(p));
  PetscCall(HGTensorCreate(p, HG_F64, x));
  PetscCall(HGTensorSetUp(*x));
  PetscCall(HGTensorCreate(p, HG_F64, ghosted));
  PetscCall(HGTensorSetHalo(*ghosted, halo));
  PetscCall(HGTensorSetUp(*ghosted));
  PetscCall(HGPartitionDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A = S H */
static PetscErrorCode CreateOperator(HGTensor x, HGTensor ghosted, HGLinOp *A)
{
  HGLinOp part[2];

  PetscFunctionBeginUser;
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &part[0]));
  PetscCall(HGLinOpSetType(part[0], HGLINOPHALO));
  PetscCall(HGLinOpSetTensors(part[0], x, ghosted));
  PetscCall(HGLinOpSetFromOptions(part[0]));
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &part[1]));
  PetscCall(HGLinOpSetType(part[1], HGLINOPSHELL));
  PetscCall(HGLinOpSetTensors(part[1], ghosted, x));
  PetscCall(HGLinOpShellSetApply(part[1], Blur, BlurAdjoint));
  PetscCall(HGLinOpShellSetGhosts(part[1], PETSC_TRUE, PETSC_FALSE));
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, A));
  PetscCall(HGLinOpSetType(*A, HGLINOPCOMPOSE));
  PetscCall(HGLinOpSetOperators(*A, 2, part));
  PetscCall(HGLinOpSetUp(*A));
  for (int i = 0; i < 2; i++) PetscCall(HGLinOpDestroy(&part[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscInt    n = 32, its;
  HGTensor    x, ghosted;
  HGLinOp     op;
  Mat         A;
  Vec         truth, found, b;
  KSP         ksp;
  PC          pc;
  PetscReal   adjoint, size, error;
  PetscRandom random;

  PetscCall(HGInitialize(&argc, &argv, NULL, "A least-squares problem with a halo operator inside\n"));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-n", &n, NULL));
  PetscCall(CreateTensors(n, &x, &ghosted));
  PetscCall(CreateOperator(x, ghosted, &op));
  PetscCall(HGLinOpTestAdjoint(op, 1, &adjoint));
  PetscCall(HGLinOpGetMat(op, &A));

  /* data from a random field */
  PetscCall(MatCreateVecs(A, &truth, &b));
  PetscCall(VecDuplicate(truth, &found));
  PetscCall(PetscRandomCreate(PETSC_COMM_WORLD, &random));
  PetscCall(VecSetRandom(truth, random));
  PetscCall(MatMult(A, truth, b));

  PetscCall(KSPCreate(PETSC_COMM_WORLD, &ksp));
  PetscCall(KSPSetOperators(ksp, A, A));
  PetscCall(KSPSetType(ksp, KSPLSQR));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCNONE));
  PetscCall(KSPSetTolerances(ksp, 1e-10, PETSC_CURRENT, PETSC_CURRENT, 1000));
  PetscCall(KSPSetFromOptions(ksp));
  PetscCall(KSPSolve(ksp, b, found));
  PetscCall(KSPGetIterationNumber(ksp, &its));

  PetscCall(VecNorm(truth, NORM_2, &size));
  PetscCall(VecAXPY(found, -1, truth));
  PetscCall(VecNorm(found, NORM_2, &error));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "adjoint test %.1e, lsqr iterations %" PetscInt_FMT ", relative error of the field %.1e\n",
                        (double)adjoint, its, (double)(error / size)));
  PetscCheck(adjoint < 100 * PETSC_MACHINE_EPSILON && error < 1e-6 * size, PETSC_COMM_WORLD, PETSC_ERR_NOT_CONVERGED,
             "the field was not found: relative error %g, adjoint test %g", (double)(error / size), (double)adjoint);

  PetscCall(KSPDestroy(&ksp));
  PetscCall(PetscRandomDestroy(&random));
  PetscCall(VecDestroy(&truth));
  PetscCall(VecDestroy(&found));
  PetscCall(VecDestroy(&b));
  PetscCall(MatDestroy(&A));
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&ghosted));
  PetscCall(HGFinalize());
  return 0;
}
