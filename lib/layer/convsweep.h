/* SPDX-License-Identifier: BSD-2-Clause */
/*
  One direction of a convolution between a big grid (its input) and a small grid (its output): "gather" sums for each small
  point over the big points under the kernel, "spread" is its adjoint. Both are run as convolutions that read a source and
  write each destination point once: gather in one piece, spread in one piece for each residue of a destination point
  modulo the stride, with the taps that reach it.
*/
#ifndef HGCONVSWEEP_H
#define HGCONVSWEEP_H

#include "layer/layer_impl.h"

/* Along one axis: destination points start + q dstep read source points first + q sstep + t tstep with weights w0 + t wstep,
   0 <= t < taps, for all integers q */
typedef struct {
  PetscInt start, dstep, first, sstep, tstep, taps, w0, wstep;
} HGWindow;

/* Points of a tensor's local part, from its first owned one */
typedef struct {
  PetscInt start[3], size[3]; /* z, y, x */
} HGPoints;

/* Weights [small channel][big channel of the group][kz][ky][kx] and how they are used */
typedef struct {
  PetscBool        spread;
  PetscInt         k[3];
  PetscInt         groups, cin, cout; /* channels of a group: of source and destination */
  PetscInt         nwindows[3];
  HGWindow        *window[3];
  const HGKernels *kernels;
  PetscInt         npieces;
  HGConvWeights   *weights; /* [npieces] in the order z, y, x of the windows */
  void           **packed;  /* [npieces] aligned */
  size_t           work;    /* bytes of scratch to run it */
  void            *memory;
  HGTensor         src, dst;
  HGLinOp          halo; /* of src; NULL: no ghost points */
  PetscInt         nboxes;
  HGPoints         box[7]; /* of dst: the first needs no ghost points of other ranks */
} HGConvSweep;

PETSC_INTERN PetscErrorCode HGConvSweepSetUp(HGConvSweep *, PetscBool spread, const HGStencil *);
PETSC_INTERN PetscErrorCode HGConvSweepSetChannels(HGConvSweep *, const HGKernels *, PetscInt groups, PetscInt cin, PetscInt cout);
PETSC_INTERN PetscErrorCode HGConvSweepGetWidths(const HGConvSweep *, HGPartition src, HGPartition dst, const HGHaloWidths *more,
                                                 HGHaloWidths *);
PETSC_INTERN PetscErrorCode HGConvSweepPlan(HGConvSweep *, HGTensor src, HGTensor dst, HGLinOp halo);
PETSC_INTERN PetscErrorCode HGConvSweepSetWeights(HGConvSweep *, const HGConvWeights *);
PETSC_INTERN PetscErrorCode HGConvSweepRun(const HGConvSweep *, const HGPoints *, PetscInt nb, const HGConvStore *, void *work);
PETSC_INTERN PetscErrorCode HGConvSweepDestroy(HGConvSweep *);

#endif
