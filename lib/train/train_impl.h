/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGTRAIN_IMPL_H
#define HGTRAIN_IMPL_H

#include "train/stages.h"
#include "data/hgdatainfo.h"
#include "sys/hgprogress.h"
#include "sys/hgsignal.h"
#include "sys/hgtext.h"
#include <petsc/private/petscimpl.h>

typedef enum { HG_SCHEDULE_CONSTANT, HG_SCHEDULE_COSINE } HGSchedule;

/* The terms of a loss with an equation */
typedef enum { HG_TERM_DATA, HG_TERM_RESIDUAL, HG_TERM_BOUNDARY, HG_TERMS } HGTerms;

typedef enum { HG_BALANCE_NONE, HG_BALANCE_GRADNORM, HG_BALANCE_RELOBRALO } HGBalance;

struct _p_HGTrainer {
  PETSCHEADER(int);
  HGNet      net;
  HGData     data, validation; /* validation may be NULL */
  HGLoss     loss;
  Tao        tao;
  PetscInt   epochs, batch_size, seed, checkpoint;
  HGSchedule schedule;
  char      *history, *input, *output; /* files, empty for none */

  HGPhysics physics;          /* NULL: targets alone */
  PetscReal weight[HG_TERMS]; /* what the user says the terms count */
  HGTensor  field[3];         /* input, output and its gradient in the units of the data */
  PetscInt  labelled;         /* so many samples have targets, the first ones; -1 for all */
  PetscInt *batch_order;      /* [batch size] a batch, those with targets first */
  char      unknown[32];      /* the parameter of the equation that is found too, empty for none */
  PetscReal unknown_start;    /* 0 for the value the equation has */
  PetscReal unknown_sign;
  PetscReal unknown_sum; /* of the residual's derivative by it */
  HGBalance balance;
  PetscReal factor[HG_TERMS];                      /* by which balancing changes the weights */
  PetscReal initial[HG_TERMS], previous[HG_TERMS]; /* terms at the first step, 0 before it, and at the last */
  PetscReal term[HG_TERMS];                        /* of the last batch, without weights */
  double    term_sum[HG_TERMS];                    /* over the samples of the epoch so far */
  Vec       gradient;                              /* of one term */
  PetscInt  nstages, stage, start;                 /* stages, 0 for one optimizer alone; the one that runs; the epoch it began at */
  HGStage  *stages;                                /* [nstages] */
  char     *stages_text;
  Vec       good[2]; /* point and gradient of the last evaluation on the whole dataset that was finite; NULL before */
  PetscReal good_value;
  PetscInt  steps_back; /* evaluations since that were not */
  PetscInt  bad;        /* the sample whose residual was not finite, -1 for none */

  Vec           parameters, part;              /* the network's, and behind them what unknown.c adds; gradient of some batches */
  HGTensor      target;                        /* NULL without targets */
  PetscInt      samples, batches;              /* of an epoch */
  PetscInt     *order, *every;                 /* [samples] of this epoch; [validation samples] 0, 1, 2, ... */
  PetscInt      epoch, batch;                  /* epochs finished, batches done in the next */
  PetscInt      ordered_for;                   /* the epoch that order belongs to, -1 for none */
  PetscBool     stochastic, resumed, seed_set; /* seed_set: by an option */
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

PETSC_INTERN const char *const HGBalances[];
PETSC_INTERN const char *const HGSchedules[]; /* of HGSchedule */

PETSC_INTERN PetscErrorCode HGTrainerTryOutput(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerGetStagedEpoch(HGModel, PetscInt *);
PETSC_INTERN PetscErrorCode HGTrainerTryHistory(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerWriteHistory(HGTrainer, const char[]);
PETSC_INTERN PetscInt64     HGTrainerStep(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerEndEpoch(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerSave(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerRestore(HGTrainer, HGModel);
PETSC_INTERN PetscErrorCode HGTrainerSetUpPhysics(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerCreateVector(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerSetEquation(HGTrainer, Vec);
PETSC_INTERN PetscErrorCode HGTrainerSetPoint(HGTrainer, Vec);
PETSC_INTERN PetscErrorCode HGTrainerAdjointBegin(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerAddUnknown(HGTrainer, PetscReal);
PETSC_INTERN PetscErrorCode HGTrainerAdjointEnd(HGTrainer, Vec);
PETSC_INTERN PetscErrorCode HGTrainerRunBatch(HGTrainer, HGData, PetscInt, const PetscInt[], const PetscReal[], PetscBool, PetscReal *);
PETSC_INTERN PetscErrorCode HGTrainerEvaluateTerms(HGTrainer, HGData, PetscInt, const PetscInt[], const PetscReal[], HGTensor, HGTensor,
                                                   HGTensor, PetscReal *);
PETSC_INTERN PetscErrorCode HGTrainerSortLabelled(HGTrainer, HGData, PetscInt, const PetscInt[], const PetscInt *[]);
PETSC_INTERN PetscErrorCode HGTrainerWeights(HGTrainer, PetscReal[]);
PETSC_INTERN PetscErrorCode HGTrainerBalanceBefore(HGTrainer, PetscInt, const PetscInt[]);
PETSC_INTERN PetscErrorCode HGTrainerBalanceAfter(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerWritePhysics(HGTrainer, HGModel);
PETSC_INTERN PetscErrorCode HGTrainerRestorePhysics(HGTrainer, HGModel);
PETSC_INTERN PetscErrorCode HGTrainerCheckTraining(HGTrainer, HGModel);
PETSC_INTERN PetscErrorCode HGTrainerCheckEquation(HGTrainer, HGModel);
PETSC_INTERN PetscErrorCode HGTrainerDestroyPhysics(HGTrainer);
PETSC_INTERN PetscErrorCode HGTrainerCheckTargets(HGTrainer, HGData, PetscInt, const PetscInt[]);
PETSC_INTERN PetscErrorCode HGTrainerActive(HGTensor, PetscInt, PetscInt *);

#endif
