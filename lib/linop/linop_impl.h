/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGLINOP_IMPL_H
#define HGLINOP_IMPL_H

#include "linop/hglinop.h"
#include "linop/transfer.h"
#include <petsc/private/petscimpl.h>

typedef struct _HGLinOpOps *HGLinOpOps;
struct _HGLinOpOps {
  PetscErrorCode (*setup)(HGLinOp);
  PetscErrorCode (*applybegin)(HGLinOp, HGTensor, HGTensor);
  PetscErrorCode (*applyend)(HGLinOp, HGTensor, HGTensor);
  PetscErrorCode (*adjointbegin)(HGLinOp, HGTensor, HGTensor);
  PetscErrorCode (*adjointend)(HGLinOp, HGTensor, HGTensor);
  PetscErrorCode (*destroy)(HGLinOp);
};

struct _p_HGLinOp {
  PETSCHEADER(struct _HGLinOpOps);
  HGTensor      x, y;         /* domain and range: layouts that the arguments of Apply must have */
  HGBoundary    boundary[3];  /* z, y, x */
  PetscBool     ghosts_in_y;  /* the range includes y's ghost points */
  HGTransfer    transfer;
  PetscLogEvent event, event_adjoint;
  PetscBool     setup, flying, flying_adjoint;
  void         *data;
};

PETSC_INTERN PetscErrorCode HGLinOpCreate_Halo(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpCreate_Repartition(HGLinOp);

#endif
