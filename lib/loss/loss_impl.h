/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGLOSS_IMPL_H
#define HGLOSS_IMPL_H

#include "loss/hgloss.h"
#include <petsc/private/petscimpl.h>

typedef struct _HGLossOps *HGLossOps;
struct _HGLossOps {
  PetscErrorCode (*evaluate)(HGLoss, PetscInt, HGTensor, HGTensor, HGTensor, PetscReal *);
};

struct _p_HGLoss {
  PETSCHEADER(struct _HGLossOps);
  PetscLogEvent event;
};

PETSC_INTERN PetscErrorCode HGLossCreate_MSE(HGLoss);

#endif
