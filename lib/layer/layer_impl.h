/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGLAYER_IMPL_H
#define HGLAYER_IMPL_H

#include "layer/hglayer.h"
#include <petsc/private/petscimpl.h>

typedef struct _HGLayerOps *HGLayerOps;
struct _HGLayerOps {
  PetscErrorCode (*setup)(HGLayer);
  PetscErrorCode (*settensors)(HGLayer);
  PetscErrorCode (*setparametervalues)(HGLayer, const PetscScalar[]);
  PetscErrorCode (*forward)(HGLayer, PetscInt);
  PetscErrorCode (*adjoint)(HGLayer, PetscInt, double[]);
  PetscErrorCode (*gettraffic)(HGLayer, PetscInt *, PetscInt64 *);
  PetscErrorCode (*destroy)(HGLayer);
};

#define HG_MAX_PARAMETERS 2

struct _p_HGLayer {
  PETSCHEADER(struct _HGLayerOps);
  HGDType        dtype;
  HGPartition    in, out;            /* of x and y */
  PetscInt       halo[3][2];         /* ghost points of x that forward reads */
  PetscInt       adjoint_halo[3][2]; /* ghost points of dy that the adjoint reads */
  PetscInt       nparams;
  HGParameter    param[HG_MAX_PARAMETERS];
  size_t         work_size;          /* bytes */
  PetscLogDouble flops;              /* of one forward application, all ranks */
  HGActivation   activation;         /* fused into the output */
  HGTensor       x, y, dx, dy;       /* dx may be NULL; gradients belong to the output before its activation */
  PetscBool      mask_dx;            /* x is a rectified output: multiply dx by (x > 0) */
  void          *work;
  PetscLogEvent  event, event_adjoint;
  PetscBool      setup;
  void          *data;
};

PETSC_INTERN PetscErrorCode HGLayerCreate_Conv(HGLayer);

#endif
