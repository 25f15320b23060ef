/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGCONV_IMPL_H
#define HGCONV_IMPL_H

#include "layer/convsweep.h"
#include "layer/channelgather.h"

typedef struct {
  /* what the user sets */
  PetscInt   cout, groups;
  HGStencil  stencil; /* from the big to the small grid */
  PetscBool  same, bias, transposed;
  PetscBool  pointwise; /* an affine map of the channels, see linear.c */
  PetscInt   more[3];
  HGBoundary boundary[3];

  PetscInt         cin;
  PetscBool        fold;       /* the adjoint goes into the ghost points of dx and the halo's adjoint brings it home */
  PetscBool        gathers;    /* channels are divided: sweeps read all channels of x and dy from copies */
  PetscInt         own[2][2];  /* first channel and number of channels of this rank: of input, of output */
  PetscInt         small, big; /* channels on the two grids, of a group */
  const HGKernels *kernels;
  const void      *b;         /* biases of own output channels */
  void            *threshold; /* of x, see HGLayerSetThreshold() */
  HGConvSweep      forward, adjoint;
  HGLinOp          halo, halo_adjoint; /* of x and of dy; NULL: no ghost points, or gathers */
  HGLinOp          halo_fold;          /* of dx, whose adjoint folds */
  HGChannelGather  all_x, all_dy;
} HGConv;

#endif
