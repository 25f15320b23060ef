/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGNET_IMPL_H
#define HGNET_IMPL_H

#include "net/hgnet.h"
#include <petsc/private/petscimpl.h>

typedef struct _HGNetOps *HGNetOps;
struct _HGNetOps {
  PetscErrorCode (*build)(HGNet); /* adds the layers */
};

/* A layer and its output */
typedef struct {
  HGLayer  layer;
  PetscInt offset;     /* of its parameters in the network's */
  PetscInt halo[3][2]; /* of y and dy: the widest that the layers on either side read */
  HGTensor y, dy;
} HGNode;

struct _p_HGNet {
  PETSCHEADER(struct _HGNetOps);
  PetscInt     width, depth, kernel, cin, cout;
  HGActivation activation;
  HGBoundary   padding;
  PetscBool    training, setup;

  PetscInt    n, capacity;
  HGNode     *node;  /* [n], in the order of execution */
  HGPartition in;
  HGDType     dtype;
  HGTensor    x;
  PetscInt    xhalo[3][2];

  PetscInt     nparams;
  PetscScalar *values;    /* [nparams] of all ranks, gathered */
  double      *gradient;  /* [nparams] this rank's part */
  double      *reduced;   /* [my share] */
  PetscMPIInt *count, *displ; /* [ranks] shares of the parameter Vec */
  void        *work;
  size_t       bytes;     /* planned: tensors, parameters, work */
  PetscLogEvent gather, reduce;
};

PETSC_INTERN PetscErrorCode HGNetCreate_CNN(HGNet);

#endif
