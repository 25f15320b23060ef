/* SPDX-License-Identifier: BSD-2-Clause */
#include "objective/fields/fields_impl.h"

/* A sample whose target the loss cannot take, by its number in the file */
static PetscErrorCode Refuse(HGObjective o, HGData data, PetscInt sample)
{
  MPI_Comm         comm = PetscObjectComm((PetscObject)o);
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
          target, first + sample, file, where, data == ((HGFields *)o->data)->data ? "-data_range" : "-data_validation_range");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGFieldsCheckTargets - Find targets that the loss would refuse in the middle of training

  Collective

  Input Parameters:
+ o       - the objective, its network and data set up
. data    - the data of training or of validation
. samples - how many of them have targets, the first ones
- every   - [samples] 0, 1, 2, ...
*/
PetscErrorCode HGFieldsCheckTargets(HGObjective o, HGData data, PetscInt samples, const PetscInt every[])
{
  HGFields *f      = (HGFields *)o->data;
  PetscBool checks = PETSC_TRUE;
  HGTensor  x, y;

  PetscFunctionBegin;
  PetscCall(HGNetGetInput(f->net, &x));
  PetscCall(HGNetGetOutput(f->net, &y, NULL));
  for (PetscInt b = 0; b < samples && checks && f->target; b += o->batch_size) {
    const PetscInt count = PetscMin(o->batch_size, samples - b);
    PetscInt       bad;

    PetscCall(HGDataGetBatch(data, count, every + b, x, f->target));
    PetscCall(HGLossCheckTarget(f->loss, count, y, f->target, &checks, &bad));
    if (bad >= 0) PetscCall(Refuse(o, data, b + bad));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
