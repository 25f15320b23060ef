/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A transfer is the common machinery of all operators that move data: for each pair of ranks the boxes of elements
   that go from one to the other, packed into one message. Its adjoint sends the same boxes back and adds.
*/
#ifndef HGTRANSFER_H
#define HGTRANSFER_H

#include "tensor/hgtensor.h"

typedef struct _n_HGTransfer *HGTransfer;

/* What a transfer plans between: the source's owned points are disjoint, the destination's points may overlap.
   With skip_own, a point that is its own source (owned at the same place in both) is left out: for transfers in place. */
PETSC_INTERN PetscErrorCode HGTransferCreate(HGTensor src, HGTensor dst, const HGBoundary boundary[3], PetscBool skip_own, HGTransfer *);
PETSC_INTERN PetscErrorCode HGTransferDestroy(HGTransfer *);
PETSC_INTERN PetscErrorCode HGTransferBegin(HGTransfer, void *src, void *dst);
PETSC_INTERN PetscErrorCode HGTransferEnd(HGTransfer, void *src, void *dst);
PETSC_INTERN PetscErrorCode HGTransferAdjointBegin(HGTransfer, void *dst, void *src);
PETSC_INTERN PetscErrorCode HGTransferAdjointEnd(HGTransfer, void *dst, void *src);
PETSC_INTERN PetscErrorCode HGTransferGetTraffic(HGTransfer, PetscInt *messages, PetscInt64 *bytes);
PETSC_INTERN PetscErrorCode HGTransferZeroTargets(HGTransfer, void *dst);

#endif
