/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGLOSS_H
#define HGLOSS_H

#include "linop/hglinop.h"
#include "sys/hgtext.h"

/*S
   HGLoss - a misfit between a network's output and a target: a distributed reduction with its gradient

   Level: beginner

.seealso: `HGLossCreate()`, `HGLossEvaluate()`
S*/
typedef struct _p_HGLoss *HGLoss;

/*J
   HGLossType - name of a misfit

   Values:
+  HGLOSSMSE          - mean squared error over samples, channels and points
.  HGLOSSL1           - mean absolute error
.  HGLOSSHUBER        - squared where the error is small, absolute where it is large
.  HGLOSSRELL2        - Euclidean norm of a sample's error over that of its target, mean over samples
.  HGLOSSH1           - mean squared error of values and of their differences along z, y, x
.  HGLOSSBCE          - binary cross entropy of logits
-  HGLOSSCROSSENTROPY - cross entropy of logits over the channels with class indices

   Options Database Key:
.  -train_loss - the type

   Level: beginner

.seealso: `HGLossSetType()`
J*/
typedef const char *HGLossType;
#define HGLOSSMSE          "mse"
#define HGLOSSL1           "l1"
#define HGLOSSHUBER        "huber"
#define HGLOSSRELL2        "rel_l2"
#define HGLOSSH1           "h1"
#define HGLOSSBCE          "bce"
#define HGLOSSCROSSENTROPY "cross_entropy"

PETSC_EXTERN PetscFunctionList HGLossList; /* the losses that are registered, from the first HGLossCreate() on */
PETSC_EXTERN PetscErrorCode    HGLossRegister(const char[], PetscErrorCode (*)(HGLoss));
PETSC_EXTERN PetscErrorCode    HGLossCreate(MPI_Comm, HGLoss *);
PETSC_EXTERN PetscErrorCode    HGLossSetType(HGLoss, HGLossType);
PETSC_EXTERN PetscErrorCode    HGLossSetWeights(HGLoss, HGTensor);
PETSC_EXTERN PetscErrorCode    HGLossSetChannelWeights(HGLoss, PetscInt, const PetscReal[]);
PETSC_EXTERN PetscErrorCode    HGLossHuberSetDelta(HGLoss, PetscReal);
PETSC_EXTERN PetscErrorCode    HGLossH1SetWeight(HGLoss, PetscReal);
PETSC_EXTERN PetscErrorCode    HGLossH1SetSpacing(HGLoss, const PetscReal[]);
PETSC_EXTERN PetscErrorCode    HGLossH1SetPeriodic(HGLoss, PetscBool);
PETSC_EXTERN PetscErrorCode    HGLossSetFromOptions(HGLoss);
PETSC_EXTERN PetscErrorCode    HGLossAppendOptions(HGLoss, HGText *);
PETSC_EXTERN PetscErrorCode    HGLossView(HGLoss, PetscViewer);
PETSC_EXTERN PetscErrorCode    HGLossDestroy(HGLoss *);

PETSC_EXTERN PetscErrorCode HGLossHasClassTargets(HGLoss, PetscBool *);
PETSC_EXTERN PetscErrorCode HGLossCreateTarget(HGLoss, HGTensor, HGTensor *);
PETSC_EXTERN PetscErrorCode HGLossSetRandomTarget(HGLoss, PetscInt, uint64_t, HGTensor);
PETSC_EXTERN PetscErrorCode HGLossCreateWeights(HGLoss, HGTensor, const PetscInt[], HGTensor *);
PETSC_EXTERN PetscErrorCode HGLossAccuracy(HGLoss, PetscInt, HGTensor, HGTensor, PetscReal *);
PETSC_EXTERN PetscErrorCode HGLossCheckTarget(HGLoss, PetscInt, HGTensor, HGTensor, PetscBool *, PetscInt *);
PETSC_EXTERN PetscErrorCode HGLossEvaluate(HGLoss, PetscInt, HGTensor, HGTensor, HGTensor, PetscReal *);

#endif
