/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGLINOP_H
#define HGLINOP_H

#include "tensor/hgtensor.h"

/*S
   HGLinOp - a linear operator between spaces of distributed tensors, with its adjoint

   Level: beginner

   Note:
   The parallel data movements of Hewett and Grady, arXiv 2006.03108.

.seealso: `HGLinOpCreate()`, `HGLinOpApply()`, `HGLinOpApplyAdjoint()`, `HGLinOpTestAdjoint()`
S*/
typedef struct _p_HGLinOp *HGLinOp;

/*J
   HGLinOpType - name of a kind of linear operator

   Values:
+  HGLINOPHALO        - halo exchange: fills the ghost points of a tensor from their owners and the boundary condition
-  HGLINOPREPARTITION - moves a tensor from one partition to another

   Level: beginner
J*/
typedef const char *HGLinOpType;
#define HGLINOPHALO        "halo"
#define HGLINOPREPARTITION "repartition"

PETSC_EXTERN PetscErrorCode HGLinOpRegister(const char[], PetscErrorCode (*)(HGLinOp));
PETSC_EXTERN PetscErrorCode HGLinOpCreate(MPI_Comm, HGLinOp *);
PETSC_EXTERN PetscErrorCode HGLinOpSetType(HGLinOp, HGLinOpType);
PETSC_EXTERN PetscErrorCode HGLinOpSetTensors(HGLinOp, HGTensor, HGTensor);
PETSC_EXTERN PetscErrorCode HGLinOpSetBoundary(HGLinOp, const HGBoundary[]);
PETSC_EXTERN PetscErrorCode HGLinOpSetUp(HGLinOp);
PETSC_EXTERN PetscErrorCode HGLinOpReference(HGLinOp);
PETSC_EXTERN PetscErrorCode HGLinOpDestroy(HGLinOp *);
PETSC_EXTERN PetscErrorCode HGLinOpView(HGLinOp, PetscViewer);
PETSC_EXTERN PetscErrorCode HGLinOpApply(HGLinOp, HGTensor, HGTensor);
PETSC_EXTERN PetscErrorCode HGLinOpApplyBegin(HGLinOp, HGTensor, HGTensor);
PETSC_EXTERN PetscErrorCode HGLinOpApplyEnd(HGLinOp, HGTensor, HGTensor);
PETSC_EXTERN PetscErrorCode HGLinOpApplyAdjoint(HGLinOp, HGTensor, HGTensor);
PETSC_EXTERN PetscErrorCode HGLinOpApplyAdjointBegin(HGLinOp, HGTensor, HGTensor);
PETSC_EXTERN PetscErrorCode HGLinOpApplyAdjointEnd(HGLinOp, HGTensor, HGTensor);
PETSC_EXTERN PetscErrorCode HGLinOpGetTraffic(HGLinOp, PetscInt *, PetscInt64 *);
PETSC_EXTERN PetscErrorCode HGLinOpGetNeighbors(HGLinOp, PetscBool[3][2]);
PETSC_EXTERN PetscErrorCode HGLinOpTestAdjoint(HGLinOp, uint64_t, PetscReal *);

#endif
