/* SPDX-License-Identifier: BSD-2-Clause */
/* 20 training steps on all ranks and threads give the losses and weights of one rank with one thread */
#include "steps.h"
#include <omp.h>

#define STEPS 20

/* Losses of all steps, and the parameters after them on every rank */
static PetscErrorCode Train(MPI_Comm comm, PetscInt dim, const PetscInt size[HG_AXES], HGDType t, PetscReal loss[STEPS], PetscInt *n,
                            PetscScalar **weights)
{
  Problem            s = {NULL};
  Vec                all, natural;
  VecScatter         scatter;
  const PetscScalar *v;

  PetscFunctionBegin;
  PetscCall(CreateProblem(comm, dim, size, 2, t, &s));
  PetscCall(TaoSetConvergenceHistory(s.tao, loss, NULL, NULL, NULL, STEPS, PETSC_TRUE));
  PetscCall(TaoSetMaximumIterations(s.tao, STEPS));
  PetscCall(TaoSolve(s.tao));
  PetscCall(HGNetCreateNaturalParameters(s.net, &natural));
  PetscCall(HGNetGlobalToNatural(s.net, s.p, natural));
  PetscCall(VecScatterCreateToAll(natural, &scatter, &all));
  PetscCall(VecScatterBegin(scatter, natural, all, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(scatter, natural, all, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecGetSize(all, n));
  PetscCall(PetscMalloc1(*n, weights));
  PetscCall(VecGetArrayRead(all, &v));
  PetscCall(PetscArraycpy(*weights, v, *n));
  PetscCall(VecRestoreArrayRead(all, &v));
  PetscCall(VecScatterDestroy(&scatter));
  PetscCall(VecDestroy(&natural));
  PetscCall(VecDestroy(&all));
  PetscCall(DestroyProblem(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscInt     grid[3] = {13, 11, 5}, dim = 3, batch = 3, size[HG_AXES] = {0, 2, 1, 1, 1}, n, m;
  PetscReal    serial[STEPS], parallel[STEPS], worst = 0, diff = 0, norm = 0, tol;
  PetscScalar *a, *b;
  PetscBool    set;
  HGDType      t;
  int          threads;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetIntArray(NULL, NULL, "-grid", grid, &dim, &set));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-batch", &batch, NULL));
  PetscCall(HGGetDType(&t));
  size[HG_N] = batch;
  for (PetscInt i = 0; i < (set ? dim : 2); i++) size[HG_X - i] = grid[i];
  PetscCall(Train(PETSC_COMM_WORLD, set ? dim : 2, size, t, parallel, &m, &b));
  threads = omp_get_max_threads();
  omp_set_num_threads(1);
  PetscCall(Train(PETSC_COMM_SELF, set ? dim : 2, size, t, serial, &n, &a));
  omp_set_num_threads(threads);
  for (PetscInt i = 0; i < STEPS; i++) worst = PetscMax(worst, PetscAbsReal(parallel[i] - serial[i]) / PetscAbsReal(serial[i]));
  for (PetscInt i = 0; i < n; i++) {
    diff += PetscSqr(a[i] - b[i]);
    norm += PetscSqr(a[i]);
  }
  diff = PetscSqrtReal(diff / norm);
  tol  = t == HG_F64 ? 1e-10 : 1e-4; /* what is promised to users */
  PetscCheck(m == n, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%" PetscInt_FMT " and %" PetscInt_FMT " parameters", n, m);
  PetscCheck(serial[STEPS - 1] < serial[0], PETSC_COMM_WORLD, PETSC_ERR_PLIB, "the loss does not fall: %g to %g", (double)serial[0],
             (double)serial[STEPS - 1]);
  PetscCheck(worst < tol && diff < tol, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "losses differ by %g, weights by %g; at most %g", (double)worst,
             (double)diff, (double)tol);
  PetscCall(PetscInfo(NULL, "losses differ by %g, weights by %g\n", (double)worst, (double)diff));
  PetscCall(PetscFree(a));
  PetscCall(PetscFree(b));
  PetscCall(HGFinalize());
  return 0;
}
