/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/train_impl.h"
#include <errno.h>
#include <netcdf.h>
#include <sys/stat.h>
#include <unistd.h>

static PetscErrorCode CopyNormalization(HGData data, HGDataRole role, HGModelInfo *info)
{
  const PetscReal *mean, *deviation;

  PetscFunctionBegin;
  PetscCall(HGDataGetNormalization(data, role, &info->channels[role], &mean, &deviation));
  HGCheck(info->channels[role] <= HG_MAX_CHANNELS, PetscObjectComm((PetscObject)data),
          "%" PetscInt_FMT " channels; a model file takes up to %d", info->channels[role], HG_MAX_CHANNELS);
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
    HGCheck(classes <= HG_MAX_CHANNELS, PetscObjectComm((PetscObject)t), "%" PetscInt_FMT " classes; a model file takes up to %d", classes,
            HG_MAX_CHANNELS);
    info->channels[HG_DATA_TARGET] = classes;
    for (PetscInt c = 0; c < classes; c++) info->deviation[HG_DATA_TARGET][c] = 1;
  } else PetscCall(CopyNormalization(t->data, HG_DATA_TARGET, info));
  info->seed  = t->seed;
  info->epoch = t->epoch;
  info->batch = t->batch;
  PetscCall(PetscStrncpy(info->stages, t->stages_text, sizeof(info->stages)));
  PetscCall(HGTrainerDescribePhysics(t, info));
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
  PetscCall(HGTrainerSetEquation(t, t->parameters));
  PetscCall(FillInfo(t, &info));
  if (t->stochastic) PetscCall(HGTaoGetState(t->tao, &info.step, &n, name, state));
  if (!info.step) n = 0;
  PetscCall(HGModelWrite(t->output, t->net, &info, t->parameters, n, name, state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The optimizer's vectors that the file holds, with commas; rank 0 alone looks */
static PetscErrorCode ReadStateNames(HGTrainer t, char names[], size_t len)
{
  char        msg[1024] = "";
  int         nc, group = -1, n = 0;
  PetscBool   classic;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)t), &rank));
  *names = 0;
  if (!rank) {
    PetscCall(HGFileOpen(t->input, &nc, &classic, msg, sizeof(msg)));
    if (!*msg && !nc_inq_grp_ncid(nc, "optimizer", &group)) (void)nc_inq_nvars(group, &n);
    for (int i = 0; i < n; i++) {
      char name[NC_MAX_NAME + 1] = "";

      (void)nc_inq_varname(group, i, name);
      if (*names) PetscCall(PetscStrlcat(names, ", ", len));
      PetscCall(PetscStrlcat(names, name, len));
    }
    if (!*msg) (void)nc_close(nc);
  }
  PetscCallMPI(MPI_Bcast(names, (PetscMPIInt)len, MPI_CHAR, 0, PetscObjectComm((PetscObject)t)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The state in the file is that of the optimizer chosen: the vectors' names tell */
static PetscErrorCode CheckOptimizer(HGTrainer t, PetscInt n, const char *const name[])
{
  char      names[256] = "", wanted[256] = "";
  PetscBool same;
  TaoType   type;

  PetscFunctionBegin;
  PetscCall(ReadStateNames(t, names, sizeof(names)));
  for (PetscInt i = 0; i < n; i++) {
    if (i) PetscCall(PetscStrlcat(wanted, ", ", sizeof(wanted)));
    PetscCall(PetscStrlcat(wanted, name[i], sizeof(wanted)));
  }
  PetscCall(PetscStrcmp(names, wanted, &same));
  PetscCall(TaoGetType(t->tao, &type));
  HGCheck(same, PetscObjectComm((PetscObject)t),
          "%s holds the state of another optimizer (%s), -tao_type %s has %s; resume with the -tao_type of that run: %s", t->input, names,
          type, wanted, strstr(names, "exp_avg") ? "adam or adamw" : "sgd");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What would make a resumed run another one than the run it goes on with */
static PetscErrorCode CheckResume(HGTrainer t, const HGModelInfo *info)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)t);

  PetscFunctionBegin;
  HGCheck(info->batch < t->batches, comm,
          "%s stopped at batch %" PetscInt_FMT " of an epoch, which has only %" PetscInt_FMT
          " now; resume with the data and -train_batch_size of that run",
          t->input, info->batch, t->batches);
  HGCheck(!t->seed_set || t->seed == info->seed, comm,
          "-train_seed %" PetscInt_FMT ": %s was trained with seed %" PetscInt_FMT
          ", which orders its samples; leave -train_seed out to resume",
          t->seed, t->input, info->seed);
  if (info->step != (info->epoch - t->start) * t->batches + info->batch)
    PetscCall(PetscFPrintf(comm, stderr,
                           "halograd: warning: %s took %" PetscInt_FMT " steps in %" PetscInt_FMT " epochs and %" PetscInt_FMT
                           " batches; an epoch of this run has %" PetscInt_FMT
                           " batches: -train_batch_size, -data_range or the data differ\n",
                           t->input, info->step, info->epoch, info->batch, t->batches));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Stages that a file has begun cannot change afterwards; more may follow them */
static PetscErrorCode CheckStages(HGTrainer t, const HGModelInfo *info)
{
  const size_t n = strlen(info->stages);

  PetscFunctionBegin;
  if (!t->nstages || !n) PetscFunctionReturn(PETSC_SUCCESS);
  HGCheck(!strncmp(t->stages_text, info->stages, n) && (t->stages_text[n] == ',' || !t->stages_text[n]), PetscObjectComm((PetscObject)t),
          "-train_stages %s: %s was trained with -train_stages %s; resume with these, and more behind them if you like", t->stages_text,
          t->input, info->stages);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SayResumed(HGTrainer t, PetscInt nstate)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)t);

  PetscFunctionBegin;
  if (t->epoch >= t->epochs)
    PetscCall(PetscPrintf(comm, "%s has %" PetscInt_FMT " epochs behind it: nothing is left to do of %s %s%" PetscInt_FMT "\n", t->input,
                          t->epoch, t->nstages ? "-train_stages" : "-train_epochs", t->nstages ? "with " : "", t->epochs));
  else
    PetscCall(PetscPrintf(comm, "resumes %s after %" PetscInt_FMT " epochs and %" PetscInt_FMT " batches%s\n", t->input, t->epoch, t->batch,
                          nstate || t->epoch == t->start ? "" : ", the optimizer's memory anew"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Reads the parameters. The run is a resumed one if the file has the optimizer's state, and the optimizer takes one, or if it has the run's stages */
PetscErrorCode HGTrainerRestore(HGTrainer t)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)t);
  HGModelInfo info;
  PetscInt    n = 0, step;
  const char *name[HG_MAX_STATE];
  Vec         state[HG_MAX_STATE];

  PetscFunctionBegin;
  PetscCall(HGModelReadInfo(comm, t->input, &info));
  PetscCall(CheckStages(t, &info));
  if (t->stochastic && info.step && (!t->nstages || (*info.stages && (info.epoch > t->start || info.batch))))
    PetscCall(HGTaoGetState(t->tao, &step, &n, name, state));
  if (n) {
    PetscCall(CheckOptimizer(t, n, name));
    PetscCall(CheckResume(t, &info));
  }
  if (n || (t->nstages && *info.stages)) PetscCall(HGTrainerCheckTraining(t, &info));
  PetscCall(HGModelRead(t->input, t->net, t->parameters, n, name, state));
  PetscCall(HGTrainerSetEquation(t, t->parameters));
  if (!n && !(t->nstages && *info.stages)) {
    PetscCall(PetscPrintf(comm, "starts from the parameters of %s, the optimizer anew\n", t->input));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGTrainerCheckEquation(t, &info));
  PetscCall(HGTrainerRestorePhysics(t, &info));
  if (n) PetscCall(HGTaoSetStep(t->tao, info.step));
  t->epoch   = info.epoch;
  t->batch   = info.batch;
  t->seed    = info.seed;
  t->resumed = PETSC_TRUE;
  PetscCall(SayResumed(t, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Checks that the history can be written, and leaves it as it is */
PetscErrorCode HGTrainerTryHistory(HGTrainer t)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)t);
  PetscMPIInt rank;
  char        msg[PETSC_MAX_PATH_LEN + 256] = "";

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) {
    const PetscBool fresh = access(t->history, F_OK) ? PETSC_TRUE : PETSC_FALSE;
    FILE           *file  = fopen(t->history, "a");

    if (!file)
      PetscCall(PetscSNPrintf(msg, sizeof(msg), "cannot write %s: %s; give another name with -train_history", t->history, strerror(errno)));
    else (void)fclose(file);
    if (file && fresh) (void)unlink(t->history);
  }
  PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
  HGCheck(!*msg, comm, "%s", msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* On rank 0: opens the file at the first line, where a resumed run goes on in the same file */
static int OpenHistory(HGTrainer t)
{
  const PetscBool fresh = !t->resumed || access(t->history, F_OK) ? PETSC_TRUE : PETSC_FALSE;

  t->csv = fopen(t->history, fresh ? "w" : "a");
  if (!t->csv) return -1;
  if (!fresh) return 0;
  return fprintf(t->csv, "epoch,loss,validation,learning_rate,seconds%s%s%s\n",
                 t->physics ? ",data,residual,boundary,data_weight,residual_weight,boundary_weight" : "", *t->unknown ? "," : "",
                 t->unknown);
}

/* Adds a line. When it cannot be written whole, the part that was goes away again, and a file without any line too. */
PetscErrorCode HGTrainerWriteHistory(HGTrainer t, const char line[])
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)t);
  PetscMPIInt rank;
  char        msg[PETSC_MAX_PATH_LEN + 256] = "";

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) {
    const PetscBool first = t->csv ? PETSC_FALSE : PETSC_TRUE, created = first && access(t->history, F_OK) ? PETSC_TRUE : PETSC_FALSE;
    int             e  = first ? OpenHistory(t) : 0;
    struct stat     st = {0};

    if (t->csv) e = fstat(fileno(t->csv), &st) || e < 0 || fprintf(t->csv, "%s", line) < 0 || fflush(t->csv);
    if (e) {
      PetscCall(PetscSNPrintf(msg, sizeof(msg), "cannot write %s: %s; the lines it has are whole", t->history, strerror(errno)));
      if (created) (void)unlink(t->history);
      else if (t->csv && S_ISREG(st.st_mode) && ftruncate(fileno(t->csv), st.st_size))
        PetscCall(PetscStrlcat(msg, " but for the last", sizeof(msg)));
    }
  }
  PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
  HGCheck(!*msg, comm, "%s", msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}
