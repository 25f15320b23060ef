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
+  HGLINOPCLEAR        - sets a box of points to zero
.  HGLINOPADD          - adds a box of points to another
.  HGLINOPCOPY         - copies a box of points, or a tensor
.  HGLINOPMOVE         - moves a box of points, or a tensor
.  HGLINOPALLOCATE     - adds points that are zero
.  HGLINOPDEALLOCATE   - removes points
.  HGLINOPSENDRECV     - moves the parts of a tensor to other ranks
.  HGLINOPSCATTER      - deals out the parts of a tensor
.  HGLINOPGATHER       - collects the parts of a tensor
.  HGLINOPREPARTITION  - moves a tensor from any partition to any other
.  HGLINOPBROADCAST    - copies a tensor to all copies of a replicated partition
.  HGLINOPSUMREDUCE    - sums the copies
.  HGLINOPALLSUMREDUCE - gives all copies their sum
.  HGLINOPHALO         - fills the ghost points of a tensor from their owners and the boundary condition
.  HGLINOPPAD          - puts a tensor into a larger one, with a boundary condition
.  HGLINOPCROP         - takes a box out of a tensor
.  HGLINOPRESTRICT     - keeps the low modes
.  HGLINOPZEROFILL     - puts the low modes back among zeros
.  HGLINOPCOMPOSE      - product of operators
.  HGLINOPSUM          - sum of operators
.  HGLINOPADJOINT      - adjoint of an operator
.  HGLINOPSCALE        - number times an operator
-  HGLINOPSHELL        - the user's functions

   Options Database Key:
.  -linop_type - the type

   Level: beginner

.seealso: `HGLinOpSetType()`, `HGLinOpRegister()`
J*/
typedef const char *HGLinOpType;
#define HGLINOPCLEAR        "clear"
#define HGLINOPADD          "add"
#define HGLINOPCOPY         "copy"
#define HGLINOPMOVE         "move"
#define HGLINOPALLOCATE     "allocate"
#define HGLINOPDEALLOCATE   "deallocate"
#define HGLINOPSENDRECV     "sendrecv"
#define HGLINOPSCATTER      "scatter"
#define HGLINOPGATHER       "gather"
#define HGLINOPREPARTITION  "repartition"
#define HGLINOPBROADCAST    "broadcast"
#define HGLINOPSUMREDUCE    "sumreduce"
#define HGLINOPALLSUMREDUCE "allsumreduce"
#define HGLINOPHALO         "halo"
#define HGLINOPPAD          "pad"
#define HGLINOPCROP         "crop"
#define HGLINOPRESTRICT     "restrict"
#define HGLINOPZEROFILL     "zerofill"
#define HGLINOPCOMPOSE      "compose"
#define HGLINOPSUM          "sum"
#define HGLINOPADJOINT      "adjoint"
#define HGLINOPSCALE        "scale"
#define HGLINOPSHELL        "shell"

PETSC_EXTERN PetscErrorCode HGLinOpRegister(const char[], PetscErrorCode (*)(HGLinOp));
PETSC_EXTERN PetscErrorCode HGLinOpCreate(MPI_Comm, HGLinOp *);
PETSC_EXTERN PetscErrorCode HGLinOpSetType(HGLinOp, HGLinOpType);
PETSC_EXTERN PetscErrorCode HGLinOpSetTensors(HGLinOp, HGTensor, HGTensor);
PETSC_EXTERN PetscErrorCode HGLinOpGetTensors(HGLinOp, HGTensor *, HGTensor *);
PETSC_EXTERN PetscErrorCode HGLinOpSetBoundary(HGLinOp, const HGBoundary[]);
PETSC_EXTERN PetscErrorCode HGLinOpSetKeepZeros(HGLinOp, PetscBool);
PETSC_EXTERN PetscErrorCode HGLinOpSetOffset(HGLinOp, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGLinOpSetLow(HGLinOp, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGLinOpSetBoxes(HGLinOp, const HGBox *, const HGBox *);
PETSC_EXTERN PetscErrorCode HGLinOpSetStages(HGLinOp, PetscInt);
PETSC_EXTERN PetscErrorCode HGLinOpSetOperators(HGLinOp, PetscInt, const HGLinOp[]);
PETSC_EXTERN PetscErrorCode HGLinOpSetScale(HGLinOp, PetscReal);
PETSC_EXTERN PetscErrorCode HGLinOpShellSetApply(HGLinOp, PetscErrorCode (*)(HGLinOp, HGTensor, HGTensor),
                                                 PetscErrorCode (*)(HGLinOp, HGTensor, HGTensor));
PETSC_EXTERN PetscErrorCode HGLinOpShellSetGhosts(HGLinOp, PetscBool, PetscBool);
PETSC_EXTERN PetscErrorCode HGLinOpShellSetContext(HGLinOp, void *);
PETSC_EXTERN PetscErrorCode HGLinOpShellGetContext(HGLinOp, void *);
PETSC_EXTERN PetscErrorCode HGLinOpSetFromOptions(HGLinOp);
PETSC_EXTERN PetscErrorCode HGLinOpSetUp(HGLinOp);
PETSC_EXTERN PetscErrorCode HGLinOpBind(HGLinOp, HGTensor, HGTensor);
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
PETSC_EXTERN PetscErrorCode HGLinOpGetMat(HGLinOp, Mat *);

#endif
