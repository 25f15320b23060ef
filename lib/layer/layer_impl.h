/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGLAYER_IMPL_H
#define HGLAYER_IMPL_H

#include "layer/hglayer.h"
#include <petsc/private/petscimpl.h>

typedef struct _HGLayerOps *HGLayerOps;
struct _HGLayerOps {
  PetscErrorCode (*setup)(HGLayer); /* from in[]: sets out, what is below "set by setup" as it differs from the defaults */
  PetscErrorCode (*settensors)(HGLayer);
  PetscErrorCode (*setparametervalues)(HGLayer, HGUse, const void *const[]); /* in dtype; they stay until others are set */
  PetscErrorCode (*forward)(HGLayer, PetscInt);
  PetscErrorCode (*adjoint)(HGLayer, PetscInt, HGDType, void *const[]); /* the gradient in that type: dtype, or HG_F64 */
  PetscErrorCode (*gettraffic)(HGLayer, PetscInt *, PetscInt64 *);
  PetscErrorCode (*destroy)(HGLayer);
};

#define HG_MAX_PARAMETERS 2

/* One input of a layer */
typedef struct {
  HGPartition          part;
  HGHaloWidths         halo;        /* set by setup: ghost points of x that forward reads or the adjoint adds into */
  HGBoundary           boundary[3]; /* set by setup: what these ghost points hold beyond the boundary (default zeros) */
  PetscBool            needed;      /* set by setup: the adjoint reads x (default true) */
  PetscBool            masks;       /* set by setup: the adjoint can multiply by the derivative of a rectified x (default false) */
  HGTensor             x, dx;       /* dx is NULL if it is not wanted */
  PetscBool            stale;       /* an adjoint that reads ghost points of x brings them again */
  PetscBool            add;         /* the adjoint adds to dx instead of overwriting it */
  const unsigned char *rectified;   /* [C of this rank's part] channels of x that are rectified outputs of other layers: multiply
                                     what goes to dx there by (x > 0); NULL: none */
} HGLayerInput;

struct _p_HGLayer {
  PETSCHEADER(struct _HGLayerOps);
  HGDType        dtype;
  PetscInt       nin;
  HGLayerInput  *in;            /* [nin] */
  HGPartition    out;           /* set by setup */
  HGHaloWidths   adjoint_halo;  /* set by setup: ghost points of dy that the adjoint reads */
  PetscBool      needs_dy_halo; /* set by setup: these are read even if no dx is wanted (default false) */
  PetscBool      needs_y;       /* set by setup: the adjoint reads y (default false) */
  PetscInt       nparams;       /* set by setup */
  HGParameter    param[HG_MAX_PARAMETERS];
  HGPartition    use[HG_MAX_PARAMETERS][HG_USES]; /* set by setup: who uses which part, NULL: all ranks use all */
  PetscInt       nstates; /* set by setup: arrays that are kept in model files but not trained (running statistics) */
  HGParameter    state[HG_MAX_PARAMETERS];
  PetscReal     *state_value[HG_MAX_PARAMETERS]; /* [state.size] the same on all ranks; the layer allocates and frees them */
  size_t         work_size;                      /* set by setup: bytes of scratch of forward and adjoint */
  PetscLogDouble flops;                          /* set by setup: of one forward application, all ranks */
  HGActivation   activation;                     /* fused into the output: HG_ACT_IDENTITY or HG_ACT_RELU. dy belongs to its argument. */
  HGTensor       y, dy;                          /* dy is NULL for inference */
  PetscBool      training;                       /* forward behaves as in training: dropout, statistics of the batch */
  PetscBool      replay;                         /* forward repeats what was computed before: state (running statistics) stays as it is */
  uint64_t       seed, step;                     /* of random numbers in forward: of the network, and number of the training step */
  void          *work;
  PetscLogEvent  event, event_adjoint;
  PetscBool      setup;
  void          *data;
};

/* Adds to an element of a gradient */
static inline void HGLayerAddTo(HGDType type, void *to, PetscInt i, double value)
{
  if (type == HG_F64) ((double *)to)[i] += value;
  else ((float *)to)[i] += (float)value;
}

/* A shape in a message: n, c, z, y, x */
#define HG_SHAPE_FMT "%" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
#define HG_SHAPE(n)  (n)[HG_N], (n)[HG_C], (n)[HG_Z], (n)[HG_Y], (n)[HG_X]

PETSC_EXTERN PetscErrorCode HGLayerPlanHalo(HGTensor, const HGBoundary[], HGLinOp *);
PETSC_EXTERN PetscErrorCode HGLayerSetThreshold(HGLayer, PetscInt, void **);
PETSC_EXTERN PetscErrorCode HGLayerGetOwnHalo(HGLayer, PetscInt, PetscInt[3][2]);
PETSC_EXTERN PetscErrorCode HGLayerSetParameter(HGLayer, PetscInt, const char[], PetscInt, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGLayerDivideParameter(HGLayer, HGPartition, const PetscInt[HG_AXES], int, HGPartition *);
PETSC_EXTERN PetscErrorCode HGLayerUseParameter(HGLayer, PetscInt, HGPartition);
PETSC_INTERN PetscErrorCode HGLayerUseParameterEverywhere(HGLayer, PetscInt);
PETSC_EXTERN PetscErrorCode HGLayerCheckOneInput(HGLayer);
PETSC_EXTERN PetscErrorCode HGLayerCheckSameGrid(HGLayer, PetscBool);

/* The built-in layers, by the name of the type and of the function that creates it: a new one is its file, its type in hglayer.h and its line here */
#define HG_LAYERS(X)                 \
  X(HGLAYERCONV, Conv)               \
  X(HGLAYERLINEAR, Linear)           \
  X(HGLAYERPERIODIC, Periodic)       \
  X(HGLAYERCONCAT, Concat)           \
  X(HGLAYERACTIVATION, Activation)   \
  X(HGLAYERNORM, Norm)               \
  X(HGLAYERDROPOUT, Dropout)         \
  X(HGLAYERADD, Add)                 \
  X(HGLAYERSLICE, Slice)             \
  X(HGLAYERSOFTMAX, Softmax)         \
  X(HGLAYERFLATTEN, Flatten)         \
  X(HGLAYERDENSE, Dense)             \
  X(HGLAYERREPARTITION, Repartition) \
  X(HGLAYERPOOL, Pool)               \
  X(HGLAYERUPSAMPLE, Upsample)

#define HG_DECLARE_LAYER(type, name) PETSC_INTERN PetscErrorCode HGLayerCreate_##name(HGLayer);
HG_LAYERS(HG_DECLARE_LAYER)

#endif
