/* SPDX-License-Identifier: BSD-2-Clause */
/* A user's program, in C and in C++: one step of training through several classes of the installed library */
#include <petscsnes.h>
#include <halograd.h>

static PetscErrorCode CreateNet(MPI_Comm comm, HGNet *net)
{
  const PetscInt size[HG_AXES] = {2, 3, 1, 12, 10};
  HGPartition    space;

  PetscFunctionBeginUser;
  PetscCall(HGPartitionCreate(comm, &space));
  PetscCall(HGPartitionSetSizes(space, 2, size));
  PetscCall(HGPartitionSetUp(space));
  PetscCall(HGNetCreate(comm, net));
  PetscCall(HGNetSetType(*net, "cnn"));
  PetscCall(HGNetSetChannels(*net, 3, 2));
  PetscCall(HGNetSetActivation(*net, HG_ACT_RELU));
  PetscCall(HGNetSetFromOptions(*net));
  PetscCall(HGNetSetUp(*net, space, HG_F64));
  PetscCall(HGPartitionDestroy(&space));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Step(HGNet net, HGLoss loss, PetscReal *value, PetscReal *slope)
{
  HGTensor x, y, dy, target;
  Vec      w, gradient;

  PetscFunctionBeginUser;
  PetscCall(HGNetGetInput(net, &x));
  PetscCall(HGNetGetOutput(net, &y, &dy));
  PetscCall(HGLossCreateTarget(loss, y, &target));
  PetscCall(HGLossSetRandomTarget(loss, 2, 1, target));
  PetscCall(HGTensorSetRandom(x, 7, "input", PETSC_FALSE));
  PetscCall(HGNetCreateParameters(net, &w));
  PetscCall(VecDuplicate(w, &gradient));
  PetscCall(HGNetInitializeParameters(net, 3, w));
  PetscCall(HGNetSetParameters(net, w));
  PetscCall(HGNetForward(net, 2));
  PetscCall(HGLossEvaluate(loss, 2, y, target, dy, value));
  PetscCall(HGNetAdjointBegin(net));
  PetscCall(HGNetAdjoint(net, 2));
  PetscCall(HGNetAdjointEnd(net, gradient));
  PetscCall(VecNorm(gradient, NORM_2, slope));
  PetscCall(VecDestroy(&w));
  PetscCall(VecDestroy(&gradient));
  PetscCall(HGTensorDestroy(&target));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  HGSimd    simd;
  HGNet     net;
  HGLoss    loss;
  PetscReal value, slope;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(HGGetSimd(&simd));
  PetscCheck(HGKernelsGet(simd, HG_F64) && HGSimdName(simd), PETSC_COMM_WORLD, PETSC_ERR_PLIB, "no kernels");
  PetscCall(CreateNet(PETSC_COMM_WORLD, &net));
  PetscCall(HGLossCreate(PETSC_COMM_WORLD, &loss));
  PetscCall(HGLossSetType(loss, "mse"));
  PetscCall(Step(net, loss, &value, &slope));
  PetscCheck(value > 0 && slope > 0 && value < 100 && slope < 100, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "loss %g, gradient %g", (double)value,
             (double)slope);
  PetscCall(HGLossDestroy(&loss));
  PetscCall(HGNetDestroy(&net));
  PetscCall(HGFinalize());
  return 0;
}
