/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGTRAIN_IMPL_H
#define HGTRAIN_IMPL_H

#include "train/stages.h"
#include "tensor/hgvec.h"
#include "objective/objective_impl.h"
#include "sys/hgprogress.h"
#include "sys/hgsignal.h"
#include <petsc/private/petscimpl.h>

typedef enum { HG_SCHEDULE_CONSTANT, HG_SCHEDULE_COSINE } HGSchedule;

struct _p_HGTrainer {
  PETSCHEADER(int);
  HGObjective objective;
  Tao         tao;
  PetscInt    epochs, batch_size, seed, checkpoint, lines; /* lines: epochs between two of the history */
  HGSchedule  schedule;
  char       *history, *input, *output; /* files, empty for none */
  PetscInt    nstages, stage, start;    /* stages, 0 for one optimizer alone; the one that runs; the epoch it began at */
  HGStage    *stages;                   /* [nstages] */
  char       *stages_text;
  Vec         good[2]; /* point and gradient of the last evaluation on the whole dataset that was finite; NULL before */
  PetscReal   good_value;
  PetscInt    steps_back; /* evaluations since that were not */

  Vec           parameters;
  PetscInt      epoch, batch;                  /* epochs finished, batches done in the next */
  PetscBool     stochastic, resumed, seed_set; /* seed_set: by an option */
  PetscBool     quiet;                         /* one search of many: the program says how far it is, and what a signal has stopped */
  PetscReal     lr;                            /* initial rate, from which the schedule starts */
  double        loss_sum;                      /* over the samples of the epoch so far */
  PetscReal     last_loss;
  double        started; /* MPI_Wtime() */
  FILE         *csv;     /* on rank 0, opened when the first line is due */
  int           stopped; /* the signal that training stopped for, 0 for none */
  HGModelOutput file;    /* the model file to write, NULL for none */
  HGProgress    progress;
  char          note[128]; /* the last epoch's figures */
};

PETSC_INTERN const char *const HGSchedules[]; /* of HGSchedule */

PETSC_INTERN PetscErrorCode HGTrainerTryOutput(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerGetStagedEpoch(HGModel, PetscInt *);
PETSC_INTERN PetscErrorCode HGTrainerTryHistory(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerWriteHistory(HGTrainer, const char[]);
PETSC_INTERN PetscErrorCode HGTrainerEndEpoch(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerSave(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerRestore(HGTrainer, HGModel);

#endif
