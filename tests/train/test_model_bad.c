/* SPDX-License-Identifier: BSD-2-Clause */
/* A model file whose parameters are not finite is refused, and a good one reads back as written */
#include "train/hgtrain.h"
#include "../data/bad_input.h"
#include <math.h>
#include <unistd.h>

static const char path[] = "test_model_bad.nc";

static PetscErrorCode SetUpNet(HGNet *net, HGPartition *part)
{
  static const PetscInt size[HG_AXES] = {2, 1, 1, 6, 8};

  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, part));
  PetscCall(HGPartitionSetSizes(*part, 2, size));
  PetscCall(HGPartitionSetUp(*part));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, net));
  PetscCall(HGNetSetWidth(*net, 3));
  PetscCall(HGNetSetDepth(*net, 2));
  PetscCall(HGNetSetFromOptions(*net));
  PetscCall(HGNetSetChannels(*net, 1, 1));
  PetscCall(HGNetSetUp(*net, *part, HG_F64));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Write(HGNet net, Vec p)
{
  HGModelInfo info = {.data_input = "a", .data_target = "u", .dim = 2, .channels = {1, 1}, .deviation = {{1}, {1}}};

  PetscFunctionBegin;
  PetscCall(HGNetGetOptionsString(net, info.net_options, sizeof(info.net_options)));
  PetscCall(HGModelWrite(path, net, &info, p, 0, NULL, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(void)
{
  static const PetscReal bad[] = {INFINITY, NAN};
  HGNet                  net;
  HGPartition            part;
  Vec                    p, q;
  PetscInt               n;
  PetscMPIInt            rank;
  PetscReal              norm;

  PetscFunctionBegin;
  PetscCall(SetUpNet(&net, &part));
  PetscCall(HGNetCreateParameters(net, &p));
  PetscCall(HGNetInitializeParameters(net, 1, p));
  PetscCall(VecDuplicate(p, &q));
  PetscCall(Write(net, p));
  PetscCall(HGModelRead(path, net, q, 0, NULL, NULL));
  PetscCall(VecAXPY(q, -1, p));
  PetscCall(VecNorm(q, NORM_INFINITY, &norm));
  PetscCheck(norm == 0, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "parameters read back differ by %g", (double)norm);
  PetscCall(VecGetSize(p, &n));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  for (int i = 0; i < 2; i++) {
    if (!rank) PetscCall(VecSetValue(p, i ? n - 1 : 0, bad[i], INSERT_VALUES));
    PetscCall(VecAssemblyBegin(p));
    PetscCall(VecAssemblyEnd(p));
    PetscCall(Write(net, p));
    ExpectError(HGModelRead(path, net, q, 0, NULL, NULL), "test_model_bad.nc|not finite");
    if (!rank) PetscCall(VecSetValue(p, i ? n - 1 : 0, 0, INSERT_VALUES));
  }
  if (!rank) (void)unlink(path);
  PetscCall(VecAssemblyBegin(p));
  PetscCall(VecAssemblyEnd(p));
  PetscCall(VecDestroy(&p));
  PetscCall(VecDestroy(&q));
  PetscCall(HGNetDestroy(&net));
  PetscCall(HGPartitionDestroy(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  if (HGInitialize(&argc, &argv, NULL, NULL)) return 1;
  if (Run()) return 1;
  return HGFinalize() ? 1 : 0;
}
