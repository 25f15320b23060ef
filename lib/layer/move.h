/* SPDX-License-Identifier: BSD-2-Clause */
/* One input of a layer on another partition: forward moves x to y, the adjoint moves dy back to dx. y and dy may be ranges of
   channels of the layer's output. */
#ifndef HGMOVE_H
#define HGMOVE_H

#include "layer/layer_impl.h"

typedef struct {
  HGTensor part;     /* what comes back, if it is to be added */
  HGLinOp  op, back; /* of x to y, and of dx (or part) to dy */
} HGMove;

PETSC_INTERN PetscErrorCode HGMoveSetUp(HGMove *, HGLayerInput *, HGTensor, HGTensor);
PETSC_INTERN PetscErrorCode HGMoveForward(HGMove *, HGLayerInput *, HGTensor);
PETSC_INTERN PetscErrorCode HGMoveAdjoint(HGMove *, HGLayerInput *, HGTensor);
PETSC_INTERN PetscErrorCode HGMoveGetTraffic(HGMove *, PetscInt *, PetscInt64 *);
PETSC_INTERN PetscErrorCode HGMoveDestroy(HGMove *);

#endif
