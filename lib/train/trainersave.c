/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/train_impl.h"
#include <errno.h>

static PetscErrorCode CopyNormalization(HGData data, HGDataRole role, HGModelInfo *info)
{
  const PetscReal *mean, *deviation;

  PetscFunctionBegin;
  PetscCall(HGDataGetNormalization(data, role, &info->channels[role], &mean, &deviation));
  HGCheck(info->channels[role] <= HG_MAX_CHANNELS, PetscObjectComm((PetscObject)data), "%" PetscInt_FMT " channels; a model file takes up to %d", info->channels[role], HG_MAX_CHANNELS);
  PetscCall(PetscArraycpy(info->mean[role], mean, info->channels[role]));
  PetscCall(PetscArraycpy(info->deviation[role], deviation, info->channels[role]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FillInfo(HGTrainer t, HGModelInfo *info)
{
  const char *input, *target;
  PetscInt    classes;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(info, sizeof(*info)));
  PetscCall(HGNetGetOptionsString(t->net, info->net_options, sizeof(info->net_options)));
  PetscCall(HGDataGetVariables(t->data, &input, &target));
  PetscCall(PetscStrncpy(info->data_input, input, sizeof(info->data_input)));
  PetscCall(PetscStrncpy(info->data_target, target, sizeof(info->data_target)));
  PetscCall(HGDataGetSizes(t->data, &info->dim, NULL, NULL, NULL, NULL));
  PetscCall(CopyNormalization(t->data, HG_DATA_INPUT, info));
  PetscCall(HGDataGetClasses(t->data, &classes));
  if (classes) { /* the network's output is logits, which have no units */
    HGCheck(classes <= HG_MAX_CHANNELS, PetscObjectComm((PetscObject)t), "%" PetscInt_FMT " classes; a model file takes up to %d", classes, HG_MAX_CHANNELS);
    info->channels[HG_DATA_TARGET] = classes;
    for (PetscInt c = 0; c < classes; c++) info->deviation[HG_DATA_TARGET][c] = 1;
  } else PetscCall(CopyNormalization(t->data, HG_DATA_TARGET, info));
  info->seed  = t->seed;
  info->epoch = t->epoch;
  info->batch = t->batch;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Writes parameters and optimizer */
PetscErrorCode HGTrainerSave(HGTrainer t)
{
  HGModelInfo info;
  PetscInt    n = 0;
  const char *name[HG_MAX_STATE];
  Vec         state[HG_MAX_STATE];

  PetscFunctionBegin;
  PetscCall(FillInfo(t, &info));
  if (t->stochastic) PetscCall(HGTaoGetState(t->tao, &info.step, &n, name, state));
  if (!info.step) n = 0;
  PetscCall(HGModelWrite(t->output, t->net, &info, t->parameters, n, name, state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Reads the parameters; and the optimizer's state, if the file has one of this optimizer, which makes the run a resumed one */
PetscErrorCode HGTrainerRestore(HGTrainer t)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)t);
  HGModelInfo info;
  PetscInt    n = 0, step;
  const char *name[HG_MAX_STATE];
  Vec         state[HG_MAX_STATE];

  PetscFunctionBegin;
  PetscCall(HGModelReadInfo(comm, t->input, &info));
  if (t->stochastic && info.step) PetscCall(HGTaoGetState(t->tao, &step, &n, name, state));
  PetscCall(HGModelRead(t->input, t->net, t->parameters, n, name, state));
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTaoSetStep(t->tao, info.step));
  HGCheck(info.batch < t->batches, comm, "%s stopped at batch %" PetscInt_FMT " of an epoch, which has only %" PetscInt_FMT " now; resume with the data and -train_batch_size of that run", t->input, info.batch, t->batches);
  t->epoch   = info.epoch;
  t->batch   = info.batch;
  t->seed    = info.seed;
  t->resumed = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A resumed run goes on in the same file */
PetscErrorCode HGTrainerOpenHistory(HGTrainer t)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)t);
  PetscMPIInt rank;
  char        msg[256] = "";

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) {
    FILE           *old   = t->resumed ? fopen(t->history, "r") : NULL;
    const PetscBool fresh = old ? PETSC_FALSE : PETSC_TRUE;

    if (old) (void)fclose(old);
    t->csv = fopen(t->history, fresh ? "w" : "a");
    if (!t->csv || (fresh && fprintf(t->csv, "epoch,loss,validation,learning_rate,seconds\n") < 0) || fflush(t->csv)) PetscCall(PetscSNPrintf(msg, sizeof(msg), "cannot write %s: %s; give another name with -train_history", t->history, strerror(errno)));
  }
  PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
  HGCheck(!*msg, comm, "%s", msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}
