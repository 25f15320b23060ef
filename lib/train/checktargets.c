/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/train_impl.h"

/* A sample whose target the loss cannot take, by its number in the file */
static PetscErrorCode Refuse(HGTrainer t, HGData data, PetscInt sample)
{
  MPI_Comm         comm = PetscObjectComm((PetscObject)t);
  const char      *file, *target, *where = "zero everywhere";
  const PetscReal *mean;
  PetscInt         first, n;

  PetscFunctionBegin;
  PetscCall(HGDataGetFile(data, &file));
  PetscCall(HGDataGetVariables(data, NULL, &target));
  PetscCall(HGDataGetRange(data, &first, NULL));
  PetscCall(HGDataGetNormalization(data, HG_DATA_TARGET, &n, &mean, NULL));
  for (PetscInt c = 0; c < n; c++)
    if (mean[c] != 0) where = "the mean of the training data everywhere, which is zero when normalised,";
  HGCheck(PETSC_FALSE, comm,
          "the target %.200s of sample %" PetscInt_FMT
          " of %s is %s and has no relative error for -train_loss rel_l2; leave it out with %s or "
          "choose -train_loss mse",
          target, first + sample, file, where, data == t->data ? "-data_range" : "-data_validation_range");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGTrainerCheckTargets - Find targets that the loss would refuse in the middle of training

  Collective

  Input Parameters:
+ t       - the trainer, its network and data set up
. data    - the data of training or of validation
. samples - how many of them have targets, the first ones
- every   - [samples] 0, 1, 2, ...
*/
PetscErrorCode HGTrainerCheckTargets(HGTrainer t, HGData data, PetscInt samples, const PetscInt every[])
{
  PetscBool checks = PETSC_TRUE;
  HGTensor  x, y;

  PetscFunctionBegin;
  PetscCall(HGNetGetInput(t->net, &x));
  PetscCall(HGNetGetOutput(t->net, &y, NULL));
  for (PetscInt b = 0; b < samples && checks && t->target; b += t->batch_size) {
    const PetscInt count = PetscMin(t->batch_size, samples - b);
    PetscInt       bad;

    PetscCall(HGDataGetBatch(data, count, every + b, x, t->target));
    PetscCall(HGLossCheckTarget(t->loss, count, y, t->target, &checks, &bad));
    if (bad >= 0) PetscCall(Refuse(t, data, b + bad));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
