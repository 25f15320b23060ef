/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints what a coordinate network of seed 0 gives: parameters, points of the terms, objective and gradient, for a comparison in PyTorch:
   a word, a count, and that many numbers on a line */
#include "halograd.h"

static PetscErrorCode Print(const char name[], PetscInt n, const double v[])
{
  PetscFunctionBegin;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s %" PetscInt_FMT, name, n));
  for (PetscInt i = 0; i < n; i++) PetscCall(PetscPrintf(PETSC_COMM_WORLD, " %.17g", v[i]));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  HGCoordProblem     p;
  HGCoordNet         net;
  Vec                v, g;
  PetscReal          f;
  double             loss;
  const PetscScalar *a;
  const HGCoordTerm *term[HG_COORD_MAX_TERMS];
  const double      *part[HG_COORD_MAX_TERMS], *x;
  PetscInt           n, terms;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(HGCoordProblemCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGCoordProblemSetFromOptions(p));
  PetscCall(HGCoordNetCreate(PETSC_COMM_WORLD, &net));
  PetscCall(HGCoordNetSetFromOptions(net));
  PetscCall(HGCoordProblemSetUp(p, net, HG_F64));
  PetscCall(HGCoordProblemCreateParameters(p, 0, &v));
  PetscCall(VecDuplicate(v, &g));
  PetscCall(HGCoordProblemEvaluate(p, v, &f, g));
  loss = (double)f;
  PetscCall(VecGetSize(v, &n));
  PetscCall(VecGetArrayRead(v, &a));
  PetscCall(Print("parameters", n, a));
  PetscCall(VecRestoreArrayRead(v, &a));
  PetscCall(VecGetArrayRead(g, &a));
  PetscCall(Print("gradient", n, a));
  PetscCall(VecRestoreArrayRead(g, &a));
  PetscCall(Print("loss", 1, &loss));
  PetscCall(HGCoordProblemGetTerms(p, &terms, term, part));
  for (PetscInt t = 0; t < terms; t++) {
    PetscCall(HGCoordProblemGetPoints(p, t, &n, &x));
    PetscCall(Print(term[t]->name, 2 * n, x));
  }
  PetscCall(VecDestroy(&v));
  PetscCall(VecDestroy(&g));
  PetscCall(HGCoordNetDestroy(&net));
  PetscCall(HGCoordProblemDestroy(&p));
  PetscCall(HGFinalize());
  return 0;
}
