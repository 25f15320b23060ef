/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A transfer is the common machinery of all operators that move data. Five axis maps say which source point each
   destination point takes; the planner turns them into lists of boxes for each pair of ranks, which make one message.
   The adjoint sends the same boxes back and adds them.
*/
#ifndef HGTRANSFER_H
#define HGTRANSFER_H

#include "tensor/hgtensor.h"

/* Points dst, dst + 1, ... of the destination take points src, src + step, ... of the source */
typedef struct {
  PetscInt dst, src, count;
  int      step; /* 1, -1 mirrored, 0 replicated */
} HGRun;

/* The runs along one axis, ascending and disjoint in the destination; a point in none of them has no source */
typedef struct {
  PetscInt n, capacity;
  HGRun   *run; /* [n] */
} HGAxisMap;

PETSC_INTERN PetscErrorCode HGAxisMapAdd(HGAxisMap *, PetscInt dst, PetscInt src, PetscInt count, int step);
PETSC_INTERN PetscErrorCode HGAxisMapBounded(HGAxisMap *, PetscInt n, PetscInt lo, PetscInt hi, PetscInt offset, HGBoundary);

typedef struct {
  HGTensor  src, dst; /* the source's parts are disjoint, the destination's may overlap */
  HGAxisMap map[HG_AXES];
  PetscInt  first[HG_AXES]; /* destination points outside first <= g < last are left alone */
  PetscInt  last[HG_AXES];
  PetscBool ghosts;  /* the destination's ghost points take part */
  PetscBool partial; /* the rest of source and destination stays as it is; otherwise points without image become zero */
  PetscBool add[2];  /* with partial: forward, adjoint add to what is there instead of overwriting it */
} HGTransferSpec;

typedef struct _n_HGTransfer *HGTransfer;

PETSC_INTERN PetscErrorCode HGTransferSpecIdentity(HGTensor src, HGTensor dst, HGTransferSpec *);
PETSC_INTERN PetscErrorCode HGTransferSpecClear(HGTransferSpec *);

/* Arrays are those of the owned points; if they are the same array, points that are their own source stay */
PETSC_INTERN PetscErrorCode HGTransferCreate(const HGTransferSpec *, HGTransfer *);
PETSC_INTERN PetscErrorCode HGTransferDestroy(HGTransfer *);
PETSC_INTERN PetscErrorCode HGTransferBind(HGTransfer, void *src, void *dst);
PETSC_INTERN PetscErrorCode HGTransferBegin(HGTransfer, void *src, void *dst);
PETSC_INTERN PetscErrorCode HGTransferEnd(HGTransfer, void *src, void *dst);
PETSC_INTERN PetscErrorCode HGTransferAdjointBegin(HGTransfer, void *dst, void *src);
PETSC_INTERN PetscErrorCode HGTransferAdjointEnd(HGTransfer, void *dst, void *src);
PETSC_INTERN PetscErrorCode HGTransferZeroTargets(HGTransfer, void *dst);
PETSC_INTERN PetscErrorCode HGTransferZeroSources(HGTransfer, void *src);
PETSC_INTERN PetscErrorCode HGTransferKeepZeros(HGTransfer, PetscBool);
PETSC_INTERN PetscErrorCode HGTransferGetTraffic(HGTransfer, PetscInt *messages, PetscInt64 *bytes);
PETSC_INTERN PetscErrorCode HGTransferGetRemote(HGTransfer, PetscBool remote[3][2]);

#endif
