/* SPDX-License-Identifier: BSD-2-Clause */
/* Graphs that are no network, and layers that do not fit each other in one: one line on all ranks that names the layer */
#include "../data/bad_input.h"
#include "net/hgnet.h"

static PetscErrorCode AddLayer(HGNet net, const char *name, HGLayerType type, PetscInt n, const char *const from[], HGLayer *layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCreate(PETSC_COMM_WORLD, layer));
  PetscCall(PetscObjectSetName((PetscObject)*layer, name));
  PetscCall(HGLayerSetType(*layer, type));
  PetscCall(HGNetAddLayerTo(net, *layer, n, from));
  PetscCall(PetscObjectDereference((PetscObject)*layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddConv(HGNet net, const char *name, const char *from, PetscInt y, PetscInt groups)
{
  const PetscInt kernel[3] = {1, y, 3}, none[3] = {0, 0, 0};
  HGLayer        layer;

  PetscFunctionBegin;
  PetscCall(AddLayer(net, name, HGLAYERCONV, 1, &from, &layer));
  PetscCall(HGLayerConvSetKernel(layer, 4, kernel));
  PetscCall(HGLayerConvSetGroups(layer, groups));
  if (y > 3) PetscCall(HGLayerConvSetPadding(layer, none));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The net of a case, with the message that its set-up gives */
static PetscErrorCode Build(int which, HGNet net, const char **words)
{
  const char *loop[] = {"first", "third"}, *sum[] = {"first", "coarse"}, *first[] = {"first"}, *wrong[] = {"nowhere"};
  HGLayer     layer;

  PetscFunctionBegin;
  PetscCall(AddConv(net, "first", "input", 3, 1));
  switch (which) {
  case 0:
    *words = "in a cycle";
    PetscCall(AddLayer(net, "second", HGLAYERADD, 2, loop, &layer));
    PetscCall(AddConv(net, "third", "second", 3, 1));
    PetscCall(AddConv(net, "last", "third", 3, 1));
    break;
  case 1:
    *words = "aside leads nowhere|last";
    PetscCall(AddConv(net, "aside", "first", 3, 1));
    PetscCall(AddConv(net, "last", "first", 3, 1));
    break;
  case 2:
    *words = "last reads \"nowhere\"|no such layer";
    PetscCall(AddLayer(net, "last", HGLAYERADD, 1, wrong, &layer));
    break;
  case 3:
    *words = "sum:|input 2 is 1 x 4 x 1 x 4 x 4|the first is 1 x 4 x 1 x 8 x 8";
    PetscCall(AddLayer(net, "coarse", HGLAYERPOOL, 1, first, &layer));
    PetscCall(AddLayer(net, "sum", HGLAYERADD, 2, sum, &layer));
    break;
  case 4:
    *words = "second:|3 groups do not divide 4 input and 4 output channels";
    PetscCall(AddConv(net, "second", "first", 3, 3));
    break;
  default:
    *words = "second:|spans 9 points along y|kernel 1 x 9 x 3, grid 1 x 8 x 8";
    PetscCall(AddConv(net, "second", "first", 9, 1));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  static const PetscInt size[HG_AXES] = {1, 2, 1, 8, 8};

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  for (int which = 0; which < 6; which++) {
    const char *words = NULL;
    HGPartition part;
    HGNet       net;

    PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
    PetscCall(HGPartitionSetSizes(part, 2, size));
    PetscCall(HGPartitionSetUp(part));
    PetscCall(HGNetCreate(PETSC_COMM_WORLD, &net));
    PetscCall(Build(which, net, &words));
    ExpectError(HGNetSetUp(net, part, HG_F32), words);
    PetscCall(HGNetDestroy(&net));
    PetscCall(HGPartitionDestroy(&part));
  }
  PetscCall(HGFinalize());
  return 0;
}
