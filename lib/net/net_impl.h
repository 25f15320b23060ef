/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGNET_IMPL_H
#define HGNET_IMPL_H

#include "net/hgnet.h"
#include "layer/hgparameters.h"
#include <petsc/private/petscimpl.h>

typedef struct _HGNetOps *HGNetOps;
struct _HGNetOps {
  PetscErrorCode (*build)(HGNet); /* adds the layers */
  PetscErrorCode (*setfromoptions)(HGNet, HGOptionItems);
  PetscErrorCode (*options)(HGNet, char[], size_t); /* appends the options of the type's own that rebuild it */
  PetscErrorCode (*view)(HGNet, PetscViewer);
  PetscErrorCode (*setupjets)(HGNet, const double[], const double[], PetscInt, const PetscInt[][2]);
  PetscErrorCode (*evaluatejets)(HGNet, int, PetscInt, const double[], PetscBool, HGJetFunction, void *);
  PetscErrorCode (*setparameters)(HGNet); /* values have changed */
  PetscErrorCode (*adjointbegin)(HGNet);
  PetscErrorCode (*adjointend)(HGNet); /* adds to the gradient */
  PetscErrorCode (*destroy)(HGNet);
};

#define HG_INPUT (-1) /* the network's input among a node's inputs */

/* A layer, what it reads, and its output */
typedef struct {
  HGLayer        layer;
  PetscInt       nin;
  char         **name;        /* [nin] of the layers that it reads, "input" for the network's input; until set-up */
  PetscInt      *in;          /* [nin] their nodes, or HG_INPUT */
  PetscInt       offset;      /* of its parameters among the network's, in PyTorch's order */
  HGHaloWidths   halo;        /* of y and dy: the widest that the layers on either side read */
  PetscBool      gradient;    /* dy is wanted: parameters here or before */
  PetscInt       root;        /* the node whose memory holds y: itself, or a concatenation that reads it in place */
  PetscInt       channel;     /* of the root, the first of y */
  unsigned char *rectified;   /* [channels of this rank] where y is a rectified output; NULL: nowhere */
  PetscBool      rectify;     /* a reader of y cannot mask: multiply dy by (y > 0) before the adjoint */
  PetscBool     *stale;       /* [nin] ghost points of the input are not what forward left there */
  PetscBool      shared_halo; /* readers of y want other things beyond the boundary */
  PetscBool      keep;        /* y stays from forward to adjoint instead of being computed again */
  HGTensor       y, dy;
} HGNode;

typedef enum { HG_STEP_FORWARD, HG_STEP_REPLAY, HG_STEP_ADJOINT } HGStepKind;

typedef struct {
  HGStepKind kind;
  PetscInt   node;
} HGStep;

struct _p_HGNet {
  PETSCHEADER(struct _HGNetOps);
  PetscInt     width, depth, levels, kernel, cin, cout;
  HGActivation activation;
  HGBoundary   padding;
  HGNormKind   norm, default_norm; /* default_norm: of the architecture */
  PetscBool    norm_set;           /* norm was chosen; otherwise default_norm holds */
  PetscBool    width_set, activation_set;
  PetscInt     norm_groups;
  PetscReal    dropout;
  PetscBool    training;  /* layers behave as in training: dropout, statistics of the batch */
  PetscBool    gradients; /* planned with an adjoint sweep */
  PetscBool    recompute, setup;

  PetscInt     n, capacity;
  HGNode      *node; /* [n], in the order of execution after set-up */
  HGPartition  in;
  HGDType      dtype;
  HGTensor     x;
  HGHaloWidths xhalo;
  PetscBool    x_shared_halo; /* as HGNode.shared_halo, of the input */
  PetscInt     nsteps, nforward;
  HGStep      *step; /* [nsteps] nforward of the forward sweep, then those of the adjoint sweep */

  PetscInt      nparams;
  HGDType       kept;       /* the type of parameters and gradients, see HGNetSetParameterType() */
  HGParameters  parameters; /* layer i is node i */
  void         *work, *arena;
  size_t        arena_bytes, unshared_bytes; /* of all tensors, with and without sharing */
  size_t        bytes;                       /* planned: tensors, parameters, work */
  PetscLogEvent gather, reduce;
  void         *data; /* of the type */
};

PETSC_INTERN PetscErrorCode HGNetResolveGraph(HGNet);
PETSC_INTERN PetscErrorCode HGNetInferShapes(HGNet);
PETSC_INTERN PetscErrorCode HGNetPlanTensors(HGNet);
PETSC_INTERN PetscErrorCode HGNetInsertNode(HGNet, PetscInt, HGLayer, PetscInt);

PETSC_EXTERN PetscErrorCode HGNetBuildLayer(HGNet, HGLayerType, const char[], PetscInt, const char *const[], HGLayer *);
PETSC_EXTERN PetscErrorCode HGNetBuildConv(HGNet, const char[], PetscInt, PetscInt);
PETSC_EXTERN PetscErrorCode HGNetBuildBlock(HGNet, const char[], PetscInt, HGActivation);
PETSC_EXTERN PetscErrorCode HGNetBuildActivation(HGNet, const char[], HGActivation);
PETSC_EXTERN PetscErrorCode HGNetBuildDropout(HGNet, const char[]);
PETSC_INTERN PetscErrorCode HGNetGetLastName(HGNet, const char *[]);
PETSC_INTERN HGNormKind     HGNetNorm(HGNet);

/* The built-in architectures: a new one is its file, its type in hgnet.h and its line here */
#define HG_NETS(X)       \
  X(HGNETCNN, CNN)       \
  X(HGNETUNET, UNet)     \
  X(HGNETRESNET, ResNet) \
  X(HGNETLENET5, LeNet5) \
  X(HGNETMLP, MLP)

#define HG_DECLARE_NET(type, name) PETSC_INTERN PetscErrorCode HGNetCreate_##name(HGNet);
HG_NETS(HG_DECLARE_NET)

#endif
