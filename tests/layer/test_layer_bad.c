/* SPDX-License-Identifier: BSD-2-Clause */
/* What layers refuse: one line on all ranks that names the layer, what was found and what was expected */
#include "../data/bad_input.h"
#include "layercase.h"

static const char *const bad[][2] = {
    {"type=pool name=p size=1,2,1,8,8 window=1,2,2 stride=1,2,2 padding=0,2,0",
     "p:|padding of 2|half the window of 2|window 1 x 2 x 2, grid 1 x 8 x 8"},
    {"type=pool name=p size=1,2,1,8,8 window=1,9,2 stride=1,2,2", "p:|9 points along y|8 points|window 1 x 9 x 2, grid 1 x 8 x 8"},
    {"type=pool name=p size=1,2,1,8,2 window=1,2,2 stride=1,2,1 padding=0,0,1 dilation=1,1,3",
     "p:|window 0 along x|only padding|window 1 x 2 x 2, dilation 1 x 1 x 3, grid 1 x 8 x 2"},
    {"type=conv name=c size=1,2,1,8,3 cout=2 window=1,3,7 padding=0,1,3 boundary=reflect",
     "c:|3 points along x|padding of 3|kernel 1 x 3 x 7, grid 1 x 8 x 3"},
    {"type=pool name=p size=1,2,1,8,8 window=1,3,2 stride=1,2,2 dilation=1,4,1", "p:|9 points along y|8 points"},
    {"type=pool name=p size=1,2,1,8,8 window=1,2,2 stride=1,0,2", "p:|stride 0|at least 1"},
    {"type=upsample name=u size=1,2,1,8,8 factor=1,0,2", "u:|factor of 0|between 1 and 16"},
    {"type=upsample name=u size=1,2,1,8,8 factor=1,17,2", "u:|factor of 17|between 1 and 16"},
    {"type=activation name=a size=1,2,1,8,8 function=elu parameter=-1", "a:|-1|not negative"},
    {"type=norm name=n size=2,6,1,8,8 kind=group groups=4", "n:|4 groups do not divide 6 channels|2 x 6 x 1 x 8 x 8"},
    {"type=norm name=n size=2,6,1,8,8 kind=group groups=0", "n:|0 groups do not divide 6 channels"},
    {"type=norm name=n size=1,6,1,1,1", "n:|one value for each mean|1 x 6 x 1 x 1 x 1"},
    {"type=norm name=n size=2,6,1,1,1 kind=instance", "n:|one value for each mean|2 x 6 x 1 x 1 x 1"},
    {"type=norm name=n size=2,6,1,8,8 epsilon=0", "n:|epsilon of 0|above zero"},
    {"type=norm name=n size=2,6,1,8,8 momentum=1.5", "n:|momentum of 1.5|between 0 and 1"},
    {"type=dropout name=d size=2,6,1,8,8 probability=1", "d:|probability of 1|below 1"},
    {"type=slice name=s size=2,6,1,8,8 first=4 count=3", "s:|channels 4 to 6|6 channels"},
    {"type=conv name=c size=1,2,1,8,7 cout=2 window=1,9,3", "c:|spans 9 points along y|8 points|kernel 1 x 9 x 3, grid 1 x 8 x 7"},
    {"type=conv name=c size=1,6,1,8,8 cout=4 window=1,3,3 groups=4",
     "c:|4 groups|6 input and 4 output channels|input 1 x 6 x 1 x 8 x 8, output 1 x 4 x 1 x 6 x 6"},
    {"type=dense name=f size=2,6,1,8,8", "f:|HGLayerDenseSetOutputs()"},
    {"type=dense name=f size=2,6,1,8,8 inputs=2 outputs=3", "f:|2 inputs|dense has one"},
    {"type=dense name=f size=2,6,1,8,8 outputs=3 parts=4,1 force=1", "f:|4 parts|3 outputs"},
    {"type=dense name=f size=2,6,1,8,7 outputs=3 parts=1,9 force=1", "f:|9 parts along axis y|2 x 6 x 1 x 8 x 7"},
    {"type=dense name=f size=2,6,1,8,8 outputs=30 parts=5,7 force=1", "f:|5 x 7 parts|ranks"},
    {"type=softmax name=m size=2,6,1,8,8 inputs=2", "m:|2 inputs|softmax has one"},
};

/* Inputs of different shapes, and of different partitions, are not added */
static PetscErrorCode TestAdd(PetscMPIInt ranks)
{
  const PetscInt size[][HG_AXES] = {{1, 2, 1, 8, 9}, {1, 2, 1, 9, 8}, {1, 2, 1, 8, 9}}, parts[HG_AXES] = {1, 1, 1, ranks, 1};
  HGPartition    p[3], in[2];
  HGLayer        layer;

  PetscFunctionBegin;
  for (int i = 0; i < 3; i++) {
    PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p[i]));
    PetscCall(HGPartitionSetSizes(p[i], 2, size[i]));
    if (i == 2) PetscCall(HGPartitionSetParts(p[i], parts));
    PetscCall(HGPartitionSetUp(p[i]));
  }
  PetscCall(HGLayerCreate(PETSC_COMM_WORLD, &layer));
  PetscCall(PetscObjectSetName((PetscObject)layer, "sum"));
  PetscCall(HGLayerSetType(layer, HGLAYERADD));
  in[0] = p[0], in[1] = p[1];
  ExpectError(HGLayerSetUp(layer, 2, in, HG_F32), "sum:|input 2|1 x 2 x 1 x 9 x 8|1 x 2 x 1 x 8 x 9|equal shapes");
  in[1] = p[2];
  if (ranks > 1) ExpectError(HGLayerSetUp(layer, 2, in, HG_F32), "sum:|another partition|repartition");
  ExpectError(HGLayerAddSetActivation(layer, HG_ACT_GELU), "sum:|relu only|activation");
  ExpectError(HGLayerNormSetKind(layer, HG_NORM_GROUP), "sum|type norm");
  PetscCall(HGLayerDestroy(&layer));
  for (int i = 0; i < 3; i++) PetscCall(HGPartitionDestroy(&p[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscMPIInt ranks;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    LayerCase c;

    if (ranks > 1 && strstr(bad[i][0], "1,1,1")) continue; /* a grid of one point has one part */
    ExpectError(CaseSetUp(PETSC_COMM_WORLD, bad[i][0], &c), bad[i][1]);
    PetscCall(HGLayerDestroy(&c.layer));
    PetscCall(HGPartitionDestroy(&c.part));
  }
  PetscCall(TestAdd(ranks));
  PetscCall(HGFinalize());
  return 0;
}
