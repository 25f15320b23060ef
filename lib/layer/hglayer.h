/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGLAYER_H
#define HGLAYER_H

#include "linop/hglinop.h"
#include "kernel/hgkernel.h"

/*S
   HGLayer - a layer of a network: a linear operator that brings the ghost points, and a sequential kernel; forward and adjoint

   Level: intermediate

.seealso: `HGLayerCreate()`, `HGNetAddLayer()`
S*/
typedef struct _p_HGLayer *HGLayer;

/*J
   HGLayerType - name of a kind of layer

   Values:
+  HGLAYERCONV          - convolution with bias and activation, or its adjoint
.  HGLAYERLINEAR        - affine map of the channels at each point
.  HGLAYERPERIODIC      - cosine and sine of a periodic coordinate
.  HGLAYERPOOL          - maximum or mean of a window
.  HGLAYERUPSAMPLE      - a finer grid
.  HGLAYERACTIVATION    - a function of each element
.  HGLAYERNORM          - batch, group, instance or layer normalisation
.  HGLAYERDROPOUT       - elements set to zero at random in training
.  HGLAYERADD           - sum of several inputs
.  HGLAYERCONCAT        - channels of several inputs one behind the other
.  HGLAYERSLICE         - a range of channels
.  HGLAYERSOFTMAX       - probabilities of classes
.  HGLAYERFLATTEN       - points and channels as channels of one point
.  HGLAYERDENSE         - affine layer of all values of a sample
-  HGLAYERREPARTITION   - the same values on another partition

   Level: intermediate
J*/
typedef const char *HGLayerType;
#define HGLAYERCONV        "conv"
#define HGLAYERLINEAR      "linear"
#define HGLAYERPERIODIC    "periodic"
#define HGLAYERPOOL        "pool"
#define HGLAYERUPSAMPLE    "upsample"
#define HGLAYERACTIVATION  "activation"
#define HGLAYERNORM        "norm"
#define HGLAYERDROPOUT     "dropout"
#define HGLAYERADD         "add"
#define HGLAYERCONCAT      "concat"
#define HGLAYERSLICE       "slice"
#define HGLAYERSOFTMAX     "softmax"
#define HGLAYERFLATTEN     "flatten"
#define HGLAYERDENSE       "dense"
#define HGLAYERREPARTITION "repartition"

/*E
   HGNormKind - what shares a mean and a variance in a normalisation

   Values:
+  HG_NORM_NONE     - there is no normalisation; for `HGNetSetNorm()` only
.  HG_NORM_BATCH    - a channel over all samples and points
.  HG_NORM_GROUP    - a group of channels of one sample over all points
.  HG_NORM_INSTANCE - a channel of one sample over all points
-  HG_NORM_LAYER    - all channels of one sample over all points

   Level: intermediate

.seealso: `HGLayerNormSetKind()`, `HGNetSetNorm()`
E*/
typedef enum { HG_NORM_NONE = -1, HG_NORM_BATCH, HG_NORM_GROUP, HG_NORM_INSTANCE, HG_NORM_LAYER } HGNormKind;

#define HG_MAX_PARAMETER_DIM 6

/*S
   HGParameter - a trainable array of a layer

   Level: intermediate
S*/
typedef struct {
  const char *name;                        /* in model files, as PyTorch names it */
  PetscInt    ndim;                        /* number of dimensions */
  PetscInt    shape[HG_MAX_PARAMETER_DIM]; /* in PyTorch's order */
  PetscInt64  size;                        /* product of shape */
  PetscReal   bound;                       /* initial values are uniform in [mean - bound, mean + bound) */
  PetscReal   mean;
} HGParameter;

/*E
   HGUse - what a rank uses a part of a parameter for

   Values:
+  HG_USE_FORWARD  - its values in `HGLayerForward()`
.  HG_USE_ADJOINT  - its values in `HGLayerAdjoint()`
-  HG_USE_GRADIENT - the gradient that it sums

   Level: developer

.seealso: `HGLayerGetParameterPartition()`
E*/
typedef enum { HG_USE_FORWARD, HG_USE_ADJOINT, HG_USE_GRADIENT } HGUse;
#define HG_USES 3

PETSC_EXTERN PetscErrorCode HGLayerRegister(const char[], PetscErrorCode (*)(HGLayer));
PETSC_EXTERN PetscErrorCode HGLayerCreate(MPI_Comm, HGLayer *);
PETSC_EXTERN PetscErrorCode HGLayerSetType(HGLayer, HGLayerType);
PETSC_EXTERN PetscErrorCode HGLayerDestroy(HGLayer *);
PETSC_EXTERN PetscErrorCode HGLayerReference(HGLayer);
PETSC_EXTERN PetscErrorCode HGLayerSetUp(HGLayer, PetscInt, const HGPartition[], HGDType);
PETSC_EXTERN PetscErrorCode HGLayerGetOutputPartition(HGLayer, HGPartition *);
PETSC_EXTERN PetscErrorCode HGLayerGetHalo(HGLayer, PetscInt, const HGHaloWidths **, const HGHaloWidths **);
PETSC_EXTERN PetscErrorCode HGLayerGetBoundary(HGLayer, PetscInt, HGBoundary[]);
PETSC_EXTERN PetscErrorCode HGLayerSetStale(HGLayer, PetscInt, PetscBool);
PETSC_EXTERN PetscErrorCode HGLayerGetNeeds(HGLayer, PetscInt, PetscBool *, PetscBool *, PetscBool *);
PETSC_EXTERN PetscErrorCode HGLayerNeedsAdjointHalo(HGLayer, PetscBool *);
PETSC_EXTERN PetscErrorCode HGLayerGetParameters(HGLayer, PetscInt *, const HGParameter *[]);
PETSC_EXTERN PetscErrorCode HGLayerGetStates(HGLayer, PetscInt *, const HGParameter *[], PetscReal **[]);
PETSC_EXTERN PetscErrorCode HGLayerSetRandom(HGLayer, uint64_t, uint64_t);
PETSC_EXTERN PetscErrorCode HGLayerGetWorkSize(HGLayer, size_t *);
PETSC_EXTERN PetscErrorCode HGLayerGetFlops(HGLayer, PetscLogDouble *);
PETSC_EXTERN PetscErrorCode HGLayerGetTraffic(HGLayer, PetscInt *, PetscInt64 *);
PETSC_EXTERN PetscErrorCode HGLayerSetInput(HGLayer, PetscInt, HGTensor, HGTensor, PetscBool, const unsigned char[]);
PETSC_EXTERN PetscErrorCode HGLayerSetOutput(HGLayer, HGTensor, HGTensor);
PETSC_EXTERN PetscErrorCode HGLayerSetTraining(HGLayer, PetscBool);
PETSC_EXTERN PetscErrorCode HGLayerSetReplay(HGLayer, PetscBool);
PETSC_EXTERN PetscErrorCode HGLayerSetWork(HGLayer, void *);
PETSC_EXTERN PetscErrorCode HGLayerGetParameterPartition(HGLayer, PetscInt, HGUse, HGPartition *);
PETSC_EXTERN PetscErrorCode HGLayerSetParameterValues(HGLayer, HGUse, const void *const[]);
PETSC_EXTERN PetscErrorCode HGLayerForward(HGLayer, PetscInt);
PETSC_EXTERN PetscErrorCode HGLayerAdjoint(HGLayer, PetscInt, HGDType, void *const[]);
PETSC_EXTERN PetscErrorCode HGLayerHasFusedActivation(HGLayer, HGActivation *);

PETSC_EXTERN PetscErrorCode HGLayerLinearSetOutputs(HGLayer, PetscInt);
PETSC_EXTERN PetscErrorCode HGLayerPeriodicSetChannels(HGLayer, const PetscBool[]);
PETSC_EXTERN PetscErrorCode HGLayerConvSetKernel(HGLayer, PetscInt, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGLayerConvSetStride(HGLayer, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGLayerConvSetDilation(HGLayer, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGLayerConvSetPadding(HGLayer, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGLayerConvSetGroups(HGLayer, PetscInt);
PETSC_EXTERN PetscErrorCode HGLayerConvSetBias(HGLayer, PetscBool);
PETSC_EXTERN PetscErrorCode HGLayerConvSetTransposed(HGLayer, PetscBool, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGLayerConvSetActivation(HGLayer, HGActivation);
PETSC_EXTERN PetscErrorCode HGLayerConvSetBoundary(HGLayer, const HGBoundary[]);

PETSC_EXTERN PetscErrorCode HGLayerPoolSetWindow(HGLayer, const HGStencil *);
PETSC_EXTERN PetscErrorCode HGLayerPoolSetAverage(HGLayer, PetscBool, PetscBool);

PETSC_EXTERN PetscErrorCode HGLayerUpsampleSetFactor(HGLayer, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGLayerUpsampleSetLinear(HGLayer, PetscBool);

PETSC_EXTERN PetscErrorCode HGLayerActivationSetFunction(HGLayer, HGActivation, PetscReal);
PETSC_EXTERN PetscErrorCode HGLayerAddSetActivation(HGLayer, HGActivation);
PETSC_EXTERN PetscErrorCode HGLayerDropoutSetProbability(HGLayer, PetscReal);
PETSC_EXTERN PetscErrorCode HGLayerSliceSetChannels(HGLayer, PetscInt, PetscInt);

PETSC_EXTERN PetscErrorCode HGLayerDenseSetOutputs(HGLayer, PetscInt);
PETSC_EXTERN PetscErrorCode HGLayerDenseSetParts(HGLayer, PetscInt, PetscInt);
PETSC_EXTERN PetscErrorCode HGLayerDenseSetBias(HGLayer, PetscBool);
PETSC_EXTERN PetscErrorCode HGLayerDenseSetActivation(HGLayer, HGActivation);

PETSC_EXTERN PetscErrorCode HGLayerNormSetKind(HGLayer, HGNormKind);
PETSC_EXTERN PetscErrorCode HGLayerNormSetGroups(HGLayer, PetscInt);
PETSC_EXTERN PetscErrorCode HGLayerNormSetEpsilon(HGLayer, PetscReal);
PETSC_EXTERN PetscErrorCode HGLayerNormSetMomentum(HGLayer, PetscReal);
PETSC_EXTERN PetscErrorCode HGLayerNormSetAffine(HGLayer, PetscBool);
PETSC_EXTERN PetscErrorCode HGLayerNormSetActivation(HGLayer, HGActivation);

PETSC_EXTERN PetscErrorCode HGLayerRepartitionSetPartition(HGLayer, HGPartition);

#endif
