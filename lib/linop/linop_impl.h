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
  PetscErrorCode (*view)(HGLinOp, PetscViewer);
  PetscErrorCode (*traffic)(HGLinOp, PetscInt *, PetscInt64 *); /* of this rank */
  PetscErrorCode (*reset)(HGLinOp);                             /* frees what setup made */
};

#define HG_STAGES 2

/* A transfer, or its adjoint */
typedef struct {
  HGTransfer transfer;
  PetscBool  reversed;
} HGStage;

struct _p_HGLinOp {
  PETSCHEADER(struct _HGLinOpOps);
  HGTensor   x, y;            /* domain and range: layouts that the arguments of Apply must have */
  PetscBool  ghosts_in_x;     /* the domain includes x's ghost points */
  PetscBool  ghosts_in_y;     /* the range includes y's ghost points */
  HGBoundary boundary[3];     /* z, y, x */
  PetscBool  keep_zeros;      /* halo: ghosts beyond zero boundaries are zero already */
  PetscInt   offset[HG_AXES]; /* pad, crop: first point of the smaller tensor in the larger one */
  PetscInt   low[HG_AXES];    /* restrict, zerofill: points kept at the low end, or PETSC_DECIDE */
  HGBox      from, to;        /* add, copy, move, clear: what is moved where */
  PetscBool  boxes;           /* from and to were set */
  PetscReal  factor;          /* scale */
  PetscInt   nparts;          /* compose, sum, adjoint, scale: the operators they are made of */
  HGLinOp   *part;            /* [nparts] */
  HGTensor  *between;         /* compose: [nparts-1] intermediate results; sum: [2] one term of range and of domain */
  HGStage    stage[HG_STAGES];
  PetscInt   asked_stages; /* broadcast, sumreduce: 1, 2 or PETSC_DECIDE */
  PetscInt   nstages;
  HGTensor   middle;                                       /* between two stages */
  PetscErrorCode (*shell[2])(HGLinOp, HGTensor, HGTensor); /* forward, adjoint */
  void         *context;                                   /* of the shell's functions */
  PetscLogEvent event, event_adjoint;
  PetscBool     setup;
  int           in_progress; /* 0, or 1 + direction between Begin and End */
};

/* The array of a tensor's owned points */
static inline void *HGTensorOwned(HGTensor t)
{
  const HGTensorLocal *l;

  PetscCallAbort(PETSC_COMM_SELF, HGTensorGetLocal(t, &l));
  return l->owned;
}

/* Common to all that move data: the stages one after the other */
PETSC_INTERN PetscFunctionList HGLinOpList; /* the types */

PETSC_INTERN PetscErrorCode HGLinOpSetOps_Movement(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpAddStage_Movement(HGLinOp, HGTransferSpec *, PetscBool reversed);
PETSC_INTERN PetscErrorCode HGLinOpGetSizes(HGLinOp, PetscInt[], PetscInt[]);
PETSC_EXTERN PetscErrorCode HGLinOpCheckSameSizes(HGLinOp);
PETSC_EXTERN PetscErrorCode HGLinOpCheckSameLayout(HGLinOp);
PETSC_EXTERN PetscErrorCode HGLinOpCheckFit(HGLinOp, HGTensor, HGTensor, const char[]);
PETSC_EXTERN PetscErrorCode HGLinOpCheckDisjoint(HGLinOp, HGTensor, const char[]);
PETSC_INTERN PetscErrorCode HGLinOpReset(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpTraffic(HGLinOp, PetscInt *, PetscInt64 *);

PETSC_INTERN PetscErrorCode HGLinOpRegisterAll(void);
PETSC_INTERN PetscErrorCode HGLinOpFind(MPI_Comm, const char[], PetscErrorCode (**)(HGLinOp));
PETSC_INTERN PetscErrorCode HGLinOpCreate_Memory(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpCreate_Repartition(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpCreate_Broadcast(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpCreate_Halo(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpCreate_Pad(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpCreate_Crop(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpCreate_Restrict(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpCreate_Compose(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpCreate_Sum(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpCreate_Adjoint(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpCreate_Scale(HGLinOp);
PETSC_INTERN PetscErrorCode HGLinOpCreate_Shell(HGLinOp);

#endif
