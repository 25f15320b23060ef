/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGNET_H
#define HGNET_H

#include "layer/hglayer.h"
#include "model/hgmodel.h"

/*S
   HGNet - a network: a directed acyclic graph of layers on distributed tensors, and the plan to run it forward and backward

   Level: beginner

.seealso: `HGNetCreate()`, `HGNetSetUp()`, `HGNetForward()`, `HGNetAdjoint()`
S*/
typedef struct _p_HGNet *HGNet;

/*J
   HGNetType - name of a built-in architecture

   Values:
+  HGNETCNN    - convolutions of one width with an activation between them, linear at the end
.  HGNETUNET   - a U-Net
.  HGNETRESNET - residual blocks on one grid
.  HGNETLENET5 - LeNet-5 for images of 28 x 28 or 32 x 32 points
-  HGNETMLP    - a multilayer perceptron of the coordinates of each point

   Level: beginner
J*/
typedef const char *HGNetType;
#define HGNETCNN    "cnn"
#define HGNETUNET   "unet"
#define HGNETRESNET "resnet"
#define HGNETLENET5 "lenet5"
#define HGNETMLP    "mlp"

#define HG_JET_MAX_DIM 4  /* coordinates */
#define HG_JET_MAX_OUT 8  /* outputs */
#define HG_JET_LANES   16 /* partial sums over points, the same on any number of threads */

/*
   What HGNetEvaluateJets() calls for a piece of the points, from any thread. Shapes: u, g: [component][n][outputs]; the components are u,
   then d/dx_i of each coordinate from order 1, then the second derivatives that were asked for at order 2.
   lane is from 0 to HG_JET_LANES - 1, and no two threads have the same at one time: sums go there. g, the derivative of the objective
   by u, is to be filled; NULL if no gradient is wanted.
*/
typedef void (*HGJetFunction)(void *ctx, int lane, PetscInt first, PetscInt n, const double *u, double *g);

#define HG_MAX_CHANNELS 256 /* of input or target, in HGModelInfo */

/*S
   HGModelInfo - what a model file says beside the network's parameters, in a struct of fixed size

   Level: intermediate

   Notes:
   For programs that train a network of their own. What does not fit is refused, never cut; `HGDataInfo`, `HGNetWriteModel()` and `HGModelOutputWrite()` have no
   such limits.

   An outside value v enters the network as (v - mean) / deviation of its channel, and the network's output leaves as
   v deviation + mean.

.seealso: `HGModelWrite()`, `HGNetSetFromModel()`
S*/
typedef struct {
  char      net_options[1024];                 /* options that rebuild the network */
  char      data_input[512], data_target[512]; /* variable names with commas */
  PetscInt  dim, channels[2];                  /* spatial axes; channels of input and target */
  PetscReal mean[2][HG_MAX_CHANNELS];          /* [input, target][channel] */
  PetscReal deviation[2][HG_MAX_CHANNELS];
  PetscInt  seed, epoch, batch;    /* epochs trained so far, and batches of the next */
  PetscInt  step;                  /* of the optimizer, 0 if the file has no state */
  char      physics_options[1024]; /* options that rebuild the equation, empty for none or a user's */
} HGModelInfo;

PETSC_EXTERN PetscErrorCode HGNetRegister(const char[], PetscErrorCode (*)(HGNet));
PETSC_EXTERN PetscErrorCode HGNetCreate(MPI_Comm, HGNet *);
PETSC_EXTERN PetscErrorCode HGNetSetOptionsPrefix(HGNet, const char[]);
PETSC_EXTERN PetscErrorCode HGNetSetType(HGNet, HGNetType);
PETSC_EXTERN PetscErrorCode HGNetSetWidth(HGNet, PetscInt);
PETSC_EXTERN PetscErrorCode HGNetGetWidth(HGNet, PetscInt *);
PETSC_EXTERN PetscErrorCode HGNetSetDepth(HGNet, PetscInt);
PETSC_EXTERN PetscErrorCode HGNetSetLevels(HGNet, PetscInt);
PETSC_EXTERN PetscErrorCode HGNetSetKernel(HGNet, PetscInt);
PETSC_EXTERN PetscErrorCode HGNetSetActivation(HGNet, HGActivation);
PETSC_EXTERN PetscErrorCode HGNetSetPadding(HGNet, HGBoundary);
PETSC_EXTERN PetscErrorCode HGNetSetChannels(HGNet, PetscInt, PetscInt);
PETSC_EXTERN PetscErrorCode HGNetGetChannels(HGNet, PetscInt *, PetscInt *);
PETSC_EXTERN PetscErrorCode HGNetSetNorm(HGNet, HGNormKind);
PETSC_EXTERN PetscErrorCode HGNetSetNormGroups(HGNet, PetscInt);
PETSC_EXTERN PetscErrorCode HGNetSetDropout(HGNet, PetscReal);
PETSC_EXTERN PetscErrorCode HGNetSetTraining(HGNet, PetscBool);
PETSC_EXTERN PetscErrorCode HGNetGetTraining(HGNet, PetscBool *);
PETSC_EXTERN PetscErrorCode HGNetSetRandom(HGNet, uint64_t, uint64_t);
PETSC_EXTERN PetscErrorCode HGNetSetFromOptions(HGNet);
PETSC_EXTERN PetscErrorCode HGNetSetRecompute(HGNet, PetscBool);
PETSC_EXTERN PetscErrorCode HGNetAddLayer(HGNet, HGLayer);
PETSC_EXTERN PetscErrorCode HGNetAddLayerTo(HGNet, HGLayer, PetscInt, const char *const[]);
PETSC_EXTERN PetscErrorCode HGNetSetUp(HGNet, HGPartition, HGDType);
PETSC_EXTERN PetscErrorCode HGNetDestroy(HGNet *);
PETSC_EXTERN PetscErrorCode HGNetView(HGNet, PetscViewer);
PETSC_EXTERN PetscErrorCode HGNetGetOptionsString(HGNet, char[], size_t);
PETSC_EXTERN PetscErrorCode HGNetGetInput(HGNet, HGTensor *);
PETSC_EXTERN PetscErrorCode HGNetGetOutput(HGNet, HGTensor *, HGTensor *);
PETSC_EXTERN PetscErrorCode HGNetGetFlops(HGNet, PetscLogDouble *);
PETSC_EXTERN PetscErrorCode HGNetGetPlannedBytes(HGNet, size_t *);
PETSC_EXTERN PetscErrorCode HGNetSetParameterType(HGNet, HGDType);
PETSC_EXTERN PetscErrorCode HGNetCreateParameters(HGNet, Vec *);
PETSC_EXTERN PetscErrorCode HGNetCreateNaturalParameters(HGNet, Vec *);
PETSC_EXTERN PetscErrorCode HGNetGlobalToNatural(HGNet, Vec, Vec);
PETSC_EXTERN PetscErrorCode HGNetNaturalToGlobal(HGNet, Vec, Vec);
PETSC_EXTERN PetscErrorCode HGNetInitializeParameters(HGNet, uint64_t, Vec);
PETSC_EXTERN PetscErrorCode HGNetSetParameters(HGNet, Vec);
PETSC_EXTERN PetscErrorCode HGNetForward(HGNet, PetscInt);
PETSC_EXTERN PetscErrorCode HGNetAdjointBegin(HGNet);
PETSC_EXTERN PetscErrorCode HGNetAdjointBeginIn(HGNet, Vec);
PETSC_EXTERN PetscErrorCode HGNetAdjoint(HGNet, PetscInt);
PETSC_EXTERN PetscErrorCode HGNetAdjointEnd(HGNet, Vec);
PETSC_EXTERN PetscErrorCode HGNetAdjointAndEnd(HGNet, PetscInt, Vec);
PETSC_EXTERN PetscErrorCode HGNetHasJets(HGNet, PetscBool *);
PETSC_EXTERN PetscErrorCode HGNetSetUpJets(HGNet, const double[], const double[], PetscInt, const PetscInt[][2]);
PETSC_EXTERN PetscErrorCode HGNetEvaluateJets(HGNet, int, PetscInt, const double[], PetscBool, HGJetFunction, void *);
PETSC_EXTERN PetscErrorCode HGNetMLPSetPeriodic(HGNet, const PetscBool[]);
PETSC_EXTERN PetscErrorCode HGNetMLPAddPeriodic(HGNet, PetscInt, const PetscBool[]);

PETSC_EXTERN PetscErrorCode HGNetWriteModel(HGNet, HGModel, Vec);
PETSC_EXTERN PetscErrorCode HGNetSetModel(HGNet, HGModel);
PETSC_EXTERN PetscErrorCode HGNetReadModel(HGNet, HGModel, Vec);
PETSC_EXTERN PetscErrorCode HGNetPutVec(HGNet, HGModel, const char[], const char[], Vec);
PETSC_EXTERN PetscErrorCode HGNetGetVec(HGNet, HGModel, const char[], const char[], Vec);

PETSC_EXTERN PetscErrorCode HGModelWrite(const char[], HGNet, const HGModelInfo *, Vec, PetscInt, const char *const[], const Vec[]);
PETSC_EXTERN PetscErrorCode HGModelTryPath(MPI_Comm, const char[]);
PETSC_EXTERN PetscErrorCode HGModelReadInfo(MPI_Comm, const char[], HGModelInfo *);
PETSC_EXTERN PetscErrorCode HGNetSetFromModel(HGNet, const char[], HGModelInfo *);
PETSC_EXTERN PetscErrorCode HGModelRead(const char[], HGNet, Vec, PetscInt, const char *const[], const Vec[]);

#endif
