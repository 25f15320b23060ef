/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGTRAIN_H
#define HGTRAIN_H

#include "data/hgdata.h"
#include "data/hgfieldfile.h"
#include "loss/hgloss.h"
#include "net/hgnet.h"
#include "objective/hgobjective.h"
#include "physics/hgphysics.h"
#include "tao/hgtao.h"

/*S
   HGTrainer - trains a network on a dataset: epochs of mini-batches, a TAO optimizer, validation, history and checkpoints

   Level: beginner

.seealso: `HGTrainerCreate()`, `HGTrainerTrain()`
S*/
typedef struct _p_HGTrainer *HGTrainer;

PETSC_EXTERN PetscErrorCode HGTrainerCreate(MPI_Comm, HGTrainer *);
PETSC_EXTERN PetscErrorCode HGTrainerSetObjective(HGTrainer, HGObjective);
PETSC_EXTERN PetscErrorCode HGTrainerGetObjective(HGTrainer, HGObjective *);
PETSC_EXTERN PetscErrorCode HGTrainerSetNet(HGTrainer, HGNet);
PETSC_EXTERN PetscErrorCode HGTrainerSetData(HGTrainer, HGData, HGData);
PETSC_EXTERN PetscErrorCode HGTrainerSetPhysics(HGTrainer, HGPhysics, PetscReal);
PETSC_EXTERN PetscErrorCode HGTrainerSetUnknown(HGTrainer, const char[], PetscReal);
PETSC_EXTERN PetscErrorCode HGTrainerGetUnknown(HGTrainer, const char *[], PetscReal *);
PETSC_EXTERN PetscErrorCode HGTrainerSetBoundaryWeight(HGTrainer, PetscReal);
PETSC_EXTERN PetscErrorCode HGTrainerSetLabelled(HGTrainer, PetscInt);
PETSC_EXTERN PetscErrorCode HGTrainerSetModelInput(HGTrainer, const char[]);
PETSC_EXTERN PetscErrorCode HGTrainerSetModelOutput(HGTrainer, const char[]);
PETSC_EXTERN PetscErrorCode HGTrainerSetEpochs(HGTrainer, PetscInt);
PETSC_EXTERN PetscErrorCode HGTrainerSetStages(HGTrainer, const char[]);
PETSC_EXTERN PetscErrorCode HGTrainerSetBatchSize(HGTrainer, PetscInt);
PETSC_EXTERN PetscErrorCode HGTrainerSetSeed(HGTrainer, PetscInt);
PETSC_EXTERN PetscErrorCode HGTrainerSetIntervals(HGTrainer, PetscInt, PetscInt);
PETSC_EXTERN PetscErrorCode HGTrainerSetQuiet(HGTrainer, PetscBool);
PETSC_EXTERN PetscErrorCode HGTrainerGetEpoch(HGTrainer, PetscInt *);
PETSC_EXTERN PetscErrorCode HGTrainerSetHistory(HGTrainer, const char[]);
PETSC_EXTERN PetscErrorCode HGTrainerSetFromOptions(HGTrainer);
PETSC_EXTERN PetscErrorCode HGTrainerGetBatchSize(HGTrainer, PetscInt *);
PETSC_EXTERN PetscErrorCode HGTrainerGetSeed(HGTrainer, PetscInt *);
PETSC_EXTERN PetscErrorCode HGTrainerGetModelInput(HGTrainer, const char *[]);
PETSC_EXTERN PetscErrorCode HGTrainerGetLoss(HGTrainer, HGLoss *);
PETSC_EXTERN PetscErrorCode HGTrainerGetModelOutput(HGTrainer, const char *[]);
PETSC_EXTERN PetscErrorCode HGTrainerGetHistory(HGTrainer, const char *[]);
PETSC_EXTERN PetscErrorCode HGTrainerGetTao(HGTrainer, Tao *);
PETSC_EXTERN PetscErrorCode HGTrainerGetParameterType(HGTrainer, HGDType, HGDType *);
PETSC_EXTERN PetscErrorCode HGTrainerGetParameters(HGTrainer, Vec *);
PETSC_EXTERN PetscErrorCode HGTrainerSetUp(HGTrainer);
PETSC_EXTERN PetscErrorCode HGTrainerTrain(HGTrainer);
PETSC_EXTERN PetscErrorCode HGTrainerDestroy(HGTrainer *);

/*S
   HGMetrics - how well a network does on a dataset, in the units of the data

   Level: beginner
S*/
typedef struct {
  PetscInt  samples;
  PetscInt  bad;       /* number in the file of the first sample whose prediction is not finite, -1 for none; then no measure is finite */
  PetscInt  zero;      /* samples whose target is zero everywhere: they have no relative error */
  PetscReal mse;       /* mean squared error over samples, channels and points; may overflow or vanish where its root does not */
  PetscReal rmse;      /* its root */
  PetscReal rel_l2;    /* mean over the other samples of |y - t| / |t|, Euclidean norms over channels and points; NaN if there are none */
  PetscReal max_error; /* largest |y - t| */
  PetscInt  classes;   /* of the target, 0 if it has none; if it has, only the following and the first two are set */
  PetscReal accuracy;  /* fraction of samples and points whose largest output is that of their class */
  PetscReal cross_entropy;
} HGMetrics;

PETSC_EXTERN PetscErrorCode HGPredict(HGNet, HGData, HGPhysics, HGFieldFile, HGMetrics *, HGMetrics[]);

#endif
