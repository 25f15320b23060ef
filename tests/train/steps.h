/* SPDX-License-Identifier: BSD-2-Clause */
/* A small training problem on any communicator: random fields, cnn, Adam */
#ifndef STEPS_H
#define STEPS_H

#include "halograd.h"

typedef struct {
  HGNet       net;
  HGLoss      loss;
  HGPartition part;
  HGTensor    target;
  Tao         tao;
  Vec         p;
  PetscInt    batch, local;
} Problem;

static PetscErrorCode Objective(Tao tao, Vec p, PetscReal *f, Vec g, void *ctx)
{
  Problem *s = (Problem *)ctx;
  HGTensor y, dy;
  PetscInt step;

  PetscFunctionBegin;
  PetscCall(TaoGetIterationNumber(tao, &step));
  PetscCall(HGNetSetRandom(s->net, 3, (uint64_t)step));
  PetscCall(HGNetGetOutput(s->net, &y, &dy));
  PetscCall(HGNetSetParameters(s->net, p));
  PetscCall(HGNetForward(s->net, s->local));
  PetscCall(HGLossEvaluate(s->loss, s->batch, y, s->target, dy, f));
  PetscCall(HGNetAdjointBegin(s->net));
  PetscCall(HGNetAdjoint(s->net, s->local));
  PetscCall(HGNetAdjointEnd(s->net, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* size: {N, C, Z, Y, X}; the layout of a communicator of several ranks comes from the options */
static PetscErrorCode CreateProblem(MPI_Comm comm, PetscInt dim, const PetscInt size[HG_AXES], PetscInt cout, HGDType t, Problem *s)
{
  const HGTensorLocal *l;
  HGTensor             x, y;
  HGPartition          out;
  PetscMPIInt          ranks;

  PetscFunctionBegin;
  s->batch = size[HG_N];
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  PetscCall(HGPartitionCreate(comm, &s->part));
  PetscCall(HGPartitionSetSizes(s->part, dim, size));
  if (ranks > 1) PetscCall(HGPartitionSetFromOptions(s->part));
  PetscCall(HGPartitionSetUp(s->part));
  PetscCall(HGNetCreate(comm, &s->net));
  PetscCall(HGNetSetFromOptions(s->net));
  PetscCall(HGNetSetChannels(s->net, size[HG_C], cout));
  PetscCall(HGNetSetUp(s->net, s->part, t));
  PetscCall(HGNetGetInput(s->net, &x));
  PetscCall(HGNetGetOutput(s->net, &y, NULL));
  PetscCall(HGTensorGetPartition(y, &out));
  PetscCall(HGTensorCreate(out, t, &s->target));
  PetscCall(HGTensorSetUp(s->target));
  PetscCall(HGTensorSetRandom(x, 7, "input", PETSC_FALSE));
  PetscCall(HGTensorSetRandom(s->target, 7, "target", PETSC_FALSE));
  PetscCall(HGTensorGetLocal(x, &l));
  s->local = l->box.size[HG_N];
  PetscCall(HGLossCreate(comm, &s->loss));
  PetscCall(HGLossSetType(s->loss, HGLOSSMSE));
  PetscCall(HGNetCreateParameters(s->net, &s->p));
  PetscCall(HGNetInitializeParameters(s->net, 3, s->p));
  PetscCall(TaoCreate(comm, &s->tao));
  PetscCall(TaoSetType(s->tao, HGTAOADAM));
  PetscCall(TaoSetSolution(s->tao, s->p));
  PetscCall(TaoSetObjectiveAndGradient(s->tao, NULL, Objective, s));
  PetscCall(TaoSetTolerances(s->tao, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyProblem(Problem *s)
{
  PetscFunctionBegin;
  PetscCall(HGNetDestroy(&s->net));
  PetscCall(HGLossDestroy(&s->loss));
  PetscCall(HGPartitionDestroy(&s->part));
  PetscCall(HGTensorDestroy(&s->target));
  PetscCall(TaoDestroy(&s->tao));
  PetscCall(VecDestroy(&s->p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
