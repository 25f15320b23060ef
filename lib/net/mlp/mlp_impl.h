/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGMLP_IMPL_H
#define HGMLP_IMPL_H

#include "net/net_impl.h"
#include "kernel/hgfield.h"

#define HG_JET_MAX_SECOND (HG_JET_MAX_DIM * (HG_JET_MAX_DIM + 1) / 2)

/* An affine layer z = W a + b, and what of it a thread keeps for its piece of points; offsets in elements */
typedef struct {
  PetscInt      cin, cout;
  size_t        weight, bias; /* in the parameters */
  HGConvWeights weights, transposed;
  void         *packed, *adjoint; /* W and its transpose as the kernels take them */
  size_t        a, z,
      d; /* in a thread's memory: input [component][n][cin], sums [component][n][cout], derivatives of the activation [3][n][cout] */
} HGMLPLayer;

/* The network type, and what is planned for derivatives by the coordinates */
typedef struct {
  PetscBool             periodic[HG_JET_MAX_DIM];
  PetscInt              dim, out;
  HGActivation          activation;
  double                centre[HG_JET_MAX_DIM], scale[HG_JET_MAX_DIM]; /* the first layer sees (x - centre) scale, in [-1, 1] */
  PetscInt              nsecond, second[HG_JET_MAX_SECOND][2];
  HGDType               dtype;
  const HGKernels      *kernels;
  const HGFieldKernels *fields;
  PetscInt              nlayers;
  HGMLPLayer           *layer; /* [nlayers], NULL before HGNetSetUpJets() */
  PetscInt              nparams;
  PetscBool             current;  /* values are those of the network */
  void                 *values;   /* [nparams], in dtype */
  double               *gradient; /* [HG_JET_LANES][nparams] */
  PetscInt              piece;    /* points at once */
  int                   threads;
  char                 *memory; /* [threads][bytes] */
  size_t                bytes, adjoint, scratch, work, jets;
} HGMLP;

PETSC_INTERN PetscErrorCode HGMLPSetUpJets(HGNet, const double[], const double[], PetscInt, const PetscInt[][2]);
PETSC_INTERN PetscErrorCode HGMLPEvaluateJets(HGNet, int, PetscInt, const double[], PetscBool, HGJetFunction, void *);
PETSC_INTERN PetscErrorCode HGMLPAdjointBegin(HGNet);
PETSC_INTERN PetscErrorCode HGMLPAdjointEnd(HGNet);
PETSC_INTERN PetscErrorCode HGMLPDestroyJets(HGMLP *);

#endif
