/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COORD_IMPL_H
#define COORD_IMPL_H

#include "net/hgcoord.h"
#include "kernel/hgfield.h"

#define HG_COORD_MAX_SECOND (HG_COORD_MAX_DIM * (HG_COORD_MAX_DIM + 1) / 2)

/* A dense layer z = W a + b, and what of it a thread keeps for its piece of points; offsets in elements */
typedef struct {
  PetscInt cin, cout;
  size_t   weight, bias;     /* in the parameters */
  void    *packed, *adjoint; /* W and its transpose as the kernels take them */
  size_t   a, z,
      d; /* in a thread's memory: input [component][n][cin], sums [component][n][cout], derivatives of the activation [3][n][cout] */
} HGCoordLayer;

struct _p_HGCoordNet {
  MPI_Comm              comm;
  PetscInt              dim, out, width, depth; /* depth: hidden layers */
  HGActivation          activation;
  double                centre[HG_COORD_MAX_DIM], scale[HG_COORD_MAX_DIM]; /* the network sees (x - centre) scale, in [-1, 1] */
  PetscInt              nsecond, second[HG_COORD_MAX_SECOND][2];
  HGDType               dtype;
  const HGKernels      *kernels;
  const HGFieldKernels *fields;
  PetscInt              nlayers;
  HGCoordLayer         *layer;
  PetscInt              nparams;
  void                 *values;   /* [nparams], in dtype */
  double               *gradient; /* [HG_COORD_LANES][nparams] */
  PetscInt              piece;    /* points at once */
  int                   threads;
  char                 *memory; /* [threads][bytes] */
  size_t                bytes, adjoint, scratch, work, jets;
};

#endif
