/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGTRAIN_IMPL_H
#define HGTRAIN_IMPL_H

#include "train/hgtrain.h"
#include "sys/hgprogress.h"
#include <petsc/private/petscimpl.h>

typedef enum {
  HG_SCHEDULE_CONSTANT,
  HG_SCHEDULE_COSINE
} HGSchedule;

struct _p_HGTrainer {
  PETSCHEADER(int);
  HGNet      net;
  HGData     data, validation; /* validation may be NULL */
  HGLoss     loss;
  Tao        tao;
  PetscInt   epochs, batch_size, seed, checkpoint;
  HGSchedule schedule;
  char       history[PETSC_MAX_PATH_LEN], input[PETSC_MAX_PATH_LEN], output[PETSC_MAX_PATH_LEN];

  HGPhysics  physics;                /* NULL: targets alone */
  PetscReal  physics_weight;
  HGTensor   field[3];               /* input, output and its gradient in the units of the data */

  Vec        parameters, part;       /* part: gradient of some batches */
  HGTensor   target;                 /* NULL without targets */
  PetscInt   samples, batches;       /* of an epoch */
  PetscInt  *order, *every;          /* [samples] of this epoch; [validation samples] 0, 1, 2, ... */
  PetscInt   epoch, batch;           /* epochs finished, batches done in the next */
  PetscInt   ordered_for;            /* the epoch that order belongs to, -1 for none */
  PetscBool  stochastic, resumed, seed_set; /* seed_set: by an option */
  PetscReal  lr;                     /* initial rate, from which the schedule starts */
  double     loss_sum;               /* over the samples of the epoch so far */
  PetscReal  last_loss;
  double     started;                /* MPI_Wtime() */
  FILE      *csv;                    /* on rank 0, opened when the first line is due */
  HGProgress progress;
  char       note[128];              /* the last epoch's figures */
};

PETSC_INTERN PetscErrorCode HGTrainerTryHistory(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerWriteHistory(HGTrainer, const char[]);
PETSC_INTERN PetscErrorCode HGTrainerEndEpoch(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerSave(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerRestore(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerSetUpPhysics(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerAddPhysics(HGTrainer, HGData, PetscInt, const PetscInt[], HGTensor, HGTensor, HGTensor, PetscReal *);
PETSC_INTERN PetscErrorCode HGTrainerDestroyPhysics(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerActive(HGTensor, PetscInt, PetscInt *);

#endif
