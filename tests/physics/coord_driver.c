/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints what a network of coordinates of seed 0 gives: parameters, points of the terms, objective and gradient, for a comparison in PyTorch:
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

static PetscErrorCode PrintVec(const char name[], Vec v)
{
  const PetscScalar *a;
  PetscInt           n;

  PetscFunctionBegin;
  PetscCall(VecGetSize(v, &n));
  PetscCall(VecGetArrayRead(v, &a));
  PetscCall(Print(name, n, a));
  PetscCall(VecRestoreArrayRead(v, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  HGObjective              o;
  HGCollocation            c;
  HGNet                    net;
  Vec                      v, g;
  PetscReal                f;
  const HGCollocationTerm *term[16];
  const double            *x;
  PetscInt                 n, terms;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(HGCollocationCreate(PETSC_COMM_WORLD, &c));
  PetscCall(HGCollocationSetFromOptions(c));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &net));
  PetscCall(HGNetSetType(net, HGNETMLP));
  PetscCall(HGNetSetFromOptions(net));
  PetscCall(HGCollocationSetUpNet(c, net, HG_F64));
  PetscCall(HGObjectiveCreate(PETSC_COMM_WORLD, &o));
  PetscCall(HGObjectiveSetType(o, HGOBJECTIVEPOINTS));
  PetscCall(HGObjectivePointsSet(o, net, c));
  PetscCall(HGObjectiveSetSeed(o, 0));
  PetscCall(HGObjectiveSetUp(o));
  PetscCall(HGObjectiveCreateVector(o, &v));
  PetscCall(VecDuplicate(v, &g));
  PetscCall(HGObjectiveEvaluate(o, v, &f, g));
  PetscCall(PrintVec("parameters", v));
  PetscCall(PrintVec("gradient", g));
  PetscCall(Print("loss", 1, &(double){(double)f}));
  PetscCall(HGCollocationGetTerms(c, &terms, term));
  for (PetscInt t = 0; t < terms; t++) {
    PetscCall(HGCollocationGetPoints(c, t, &n, &x));
    PetscCall(Print(term[t]->name, 2 * n, x));
  }
  PetscCall(VecDestroy(&v));
  PetscCall(VecDestroy(&g));
  PetscCall(HGObjectiveDestroy(&o));
  PetscCall(HGNetDestroy(&net));
  PetscCall(HGCollocationDestroy(&c));
  PetscCall(HGFinalize());
  return 0;
}
