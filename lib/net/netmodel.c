/* SPDX-License-Identifier: BSD-2-Clause */
/* Model files: netCDF-4, one group for each layer, its arrays in PyTorch's order and names. Rank 0 alone handles the file;
   it makes it in memory and writes it in one go, so that a failing disk shows as an ordinary error. */
#include "net/net_impl.h"
#include "data/data_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <netcdf_mem.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT 1

/* What went wrong on rank 0; empty while all is well */
typedef struct {
  const char *path;
  int         nc;
  char        msg[HG_DATA_MESSAGE];
} Model;

#define Fails(m, ...)                                                        \
  do {                                                                       \
    if (!*(m)->msg) (void)snprintf((m)->msg, sizeof((m)->msg), __VA_ARGS__); \
  } while (0)

#define Try(m, call)                                        \
  do {                                                      \
    int e_ = *(m)->msg ? NC_NOERR : (call);                 \
    if (e_) Fails(m, "%s: %s", (m)->path, nc_strerror(e_)); \
  } while (0)

/* Gathers distributed vectors on rank 0, or spreads them from there */
static PetscErrorCode MoveToZero(Vec v, Vec all, ScatterMode mode)
{
  VecScatter s;
  Vec        shape;

  PetscFunctionBegin;
  PetscCall(VecScatterCreateToZero(v, &s, &shape));
  if (mode == SCATTER_FORWARD) {
    PetscCall(VecScatterBegin(s, v, all, INSERT_VALUES, mode));
    PetscCall(VecScatterEnd(s, v, all, INSERT_VALUES, mode));
  } else {
    PetscCall(VecScatterBegin(s, all, v, INSERT_VALUES, mode));
    PetscCall(VecScatterEnd(s, all, v, INSERT_VALUES, mode));
  }
  PetscCall(VecDestroy(&shape));
  PetscCall(VecScatterDestroy(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateOnZero(Vec v, Vec *all)
{
  PetscMPIInt rank;
  PetscInt    n;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)v), &rank));
  PetscCall(VecGetSize(v, &n));
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, rank ? 0 : n, all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- writing ---- */

static void PutText(Model *m, const char *name, const char *text)
{
  Try(m, nc_put_att_text(m->nc, NC_GLOBAL, name, strlen(text), text));
}

static void PutInt(Model *m, const char *name, PetscInt value)
{
  const long long v = value;

  Try(m, nc_put_att_longlong(m->nc, NC_GLOBAL, name, NC_INT64, 1, &v));
}

static void PutReals(Model *m, const char *name, PetscInt n, const PetscReal *v)
{
  double d[HG_MAX_CHANNELS];

  for (PetscInt i = 0; i < n; i++) d[i] = (double)v[i];
  Try(m, nc_put_att_double(m->nc, NC_GLOBAL, name, NC_DOUBLE, (size_t)n, d));
}

static void PutInfo(Model *m, const HGModelInfo *info)
{
  PutInt(m, "halograd_format", FORMAT);
  PutText(m, "net_options", info->net_options);
  PutText(m, "data_input", info->data_input);
  PutText(m, "data_target", info->data_target);
  PutInt(m, "dim", info->dim);
  PutInt(m, "input_channels", info->channels[0]);
  PutInt(m, "target_channels", info->channels[1]);
  PutReals(m, "input_mean", info->channels[0], info->mean[0]);
  PutReals(m, "input_deviation", info->channels[0], info->deviation[0]);
  PutReals(m, "target_mean", info->channels[1], info->mean[1]);
  PutReals(m, "target_deviation", info->channels[1], info->deviation[1]);
  PutInt(m, "seed", info->seed);
  PutInt(m, "epoch", info->epoch);
  PutInt(m, "batch", info->batch);
  if (*info->stages) PutText(m, "train_stages", info->stages);
  if (*info->physics_options) PutText(m, "physics_options", info->physics_options);
  if (*info->physics_training) PutText(m, "physics_training", info->physics_training);
  if (info->nstate) PutReals(m, "training_state", info->nstate, info->state);
}

static void PutArray(Model *m, int group, const char *name, PetscInt ndim, const PetscInt shape[], const PetscScalar *v)
{
  int dim[HG_MAX_PARAMETER_DIM], id = -1;

  for (PetscInt i = 0; i < ndim; i++) {
    char dimname[NC_MAX_NAME];

    (void)snprintf(dimname, sizeof(dimname), "%s_%d", name, (int)i);
    Try(m, nc_def_dim(group, dimname, (size_t)shape[i], &dim[i]));
  }
  Try(m, nc_def_var(group, name, NC_DOUBLE, (int)ndim, dim, &id));
  Try(m, nc_put_var(group, id, v));
}

static PetscErrorCode PutLayers(Model *m, HGNet net, const PetscScalar *v)
{
  PetscFunctionBegin;
  for (PetscInt l = 0; l < net->n; l++) {
    const HGParameter *param, *state;
    PetscReal        **value;
    PetscInt           n, nstates, offset = net->node[l].offset;
    int                group = -1;

    PetscCall(HGLayerGetParameters(net->node[l].layer, &n, &param));
    PetscCall(HGLayerGetStates(net->node[l].layer, &nstates, &state, &value));
    if (n + nstates) Try(m, nc_def_grp(m->nc, ((PetscObject)net->node[l].layer)->name, &group));
    for (PetscInt j = 0; j < n; offset += param[j++].size) PutArray(m, group, param[j].name, param[j].ndim, param[j].shape, v + offset);
    for (PetscInt j = 0; j < nstates; j++) PutArray(m, group, state[j].name, state[j].ndim, state[j].shape, value[j]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void WriteBytes(Model *m, int fd, const char *at, size_t left)
{
  while (left && !*m->msg) {
    const ssize_t n = write(fd, at, left);

    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      Fails(m, "cannot write %s: %s; what was there before is untouched", m->path, n ? strerror(errno) : "the disk takes no more");
    at += n;
    left -= (size_t)PetscMax(n, 0);
  }
}

/* The end of the file as its HDF5 superblock has it (HDF5 file format specification, section II.A): the image in memory goes on in
   padding, and a file with it could be cut short unnoticed */
static size_t EndOfFile(const void *image, size_t size)
{
  const unsigned char *b   = (const unsigned char *)image;
  const size_t         at  = size < 64 ? 0 : b[8] == 0 ? 40 : b[8] == 1 ? 44 : 28;
  uint64_t             end = 0;

  for (int i = 7; i >= 0 && at; i--) end = end << 8 | b[at + (size_t)i];
  return end && end < size ? (size_t)end : size;
}

/* Under a temporary name first, so that the file is never seen half-written */
static void WriteFile(Model *m, const void *bytes, size_t size)
{
  char temporary[PETSC_MAX_PATH_LEN + 8];
  int  fd;

  if (*m->msg) return;
  (void)snprintf(temporary, sizeof(temporary), "%s.part", m->path);
  fd = open(temporary, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
  if (fd < 0) {
    Fails(m, "cannot write %s: %s", m->path, strerror(errno));
    return;
  }
  WriteBytes(m, fd, (const char *)bytes, size);
  if (fsync(fd) && errno != EINVAL && errno != ENOTSUP)
    Fails(m, "cannot write %s: %s; what was there before is untouched", m->path, strerror(errno));
  if (close(fd)) Fails(m, "cannot write %s: %s; what was there before is untouched", m->path, strerror(errno));
  if (!*m->msg && rename(temporary, m->path)) Fails(m, "cannot give %s its name: %s", m->path, strerror(errno));
  if (*m->msg) (void)unlink(temporary);
}

static PetscErrorCode WriteModel(Model *m, HGNet net, const HGModelInfo *info, Vec p, PetscInt nstate, const char *const name[],
                                 Vec *const state)
{
  const PetscScalar *v;
  NC_memio           memory = {0};
  int                group  = -1;
  PetscInt           n;
  PetscBool          open;

  PetscFunctionBegin;
  Try(m, nc_create_mem(m->path, NC_NETCDF4, 1 << 16, &m->nc));
  open = *m->msg ? PETSC_FALSE : PETSC_TRUE;
  PutInfo(m, info);
  PetscCall(VecGetArrayRead(p, &v));
  PetscCall(PutLayers(m, net, v));
  PetscCall(VecGetSize(p, &n));
  if (n > net->nparams) {
    const PetscInt more = n - net->nparams;

    PutArray(m, m->nc, "unknown", 1, &more, v + net->nparams);
  }
  PetscCall(VecRestoreArrayRead(p, &v));
  if (nstate) {
    const long long step = info->step;

    Try(m, nc_def_grp(m->nc, "optimizer", &group));
    Try(m, nc_put_att_longlong(group, NC_GLOBAL, "step", NC_INT64, 1, &step));
  }
  for (PetscInt i = 0; i < nstate; i++) {
    PetscCall(VecGetArrayRead(state[i], &v));
    PutArray(m, group, name[i], 1, &n, v);
    PetscCall(VecRestoreArrayRead(state[i], &v));
  }
  if (open) {
    const int e = nc_close_memio(m->nc, &memory);

    if (e) Fails(m, "%s: %s", m->path, nc_strerror(e));
  }
  WriteFile(m, memory.memory, EndOfFile(memory.memory, memory.size));
  free(memory.memory);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelWrite - Write a model file

   Collective

   Input Parameters:
+  path   - the file; one that exists is replaced once the new one is complete
.  net    - the network, set up
.  info   - what else the file says
.  p      - the parameters
.  nstate - number of vectors of the optimizer's state, 0 for none
.  name   - their names
-  state  - the vectors, of the parameters' layout

   Level: intermediate

   Note:
   The file (netCDF-4) does not depend on the number of ranks. Arrays are double precision. The group of a layer has its parameters and
   its running statistics. Further elements of `p` behind the network's parameters become the variable `unknown`.

   Errors:
   A file that cannot be written, such as on a full disk; nothing is left of it, and what had its name before stays.

.seealso: `HGModelRead()`, `HGModelInfo`
@*/
PetscErrorCode HGModelWrite(const char path[], HGNet net, const HGModelInfo *info, Vec p, PetscInt nstate, const char *const name[],
                            const Vec state[])
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)net);
  Model       m    = {.path = path, .nc = -1};
  Vec        *all;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 2);
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(PetscMalloc1(nstate + 1, &all));
  for (PetscInt i = 0; i <= nstate; i++) {
    Vec v = i < nstate ? state[i] : p;

    PetscCall(CreateOnZero(v, &all[i]));
    PetscCall(MoveToZero(v, all[i], SCATTER_FORWARD));
  }
  if (!rank) PetscCall(WriteModel(&m, net, info, all[nstate], nstate, name, all));
  for (PetscInt i = 0; i <= nstate; i++) PetscCall(VecDestroy(&all[i]));
  PetscCall(PetscFree(all));
  PetscCall(HGAgreeOnMessage(comm, m.msg, sizeof(m.msg)));
  HGCheck(!*m.msg, comm, "%s", m.msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelTryPath - Check that a model file can be written, before long work starts

   Collective

   Input Parameters:
+  comm - the ranks
-  path - the file

   Level: intermediate

   Errors:
   No such folder, no permission, the path is a folder.

.seealso: `HGModelWrite()`
@*/
PetscErrorCode HGModelTryPath(MPI_Comm comm, const char path[])
{
  Model       m = {.path = path};
  PetscMPIInt rank;
  struct stat st;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) {
    char temporary[PETSC_MAX_PATH_LEN + 8];
    int  fd;

    (void)snprintf(temporary, sizeof(temporary), "%s.part", path);
    if (!stat(path, &st) && !S_ISREG(st.st_mode))
      Fails(&m, "cannot write %s: it is not a regular file; give the name of a file with -model_output", path);
    else if ((fd = open(temporary, O_CREAT | O_WRONLY | O_CLOEXEC, 0666)) < 0)
      Fails(&m, "cannot write %s: %s; give another name with -model_output", path, strerror(errno));
    else {
      (void)close(fd);
      (void)unlink(temporary);
    }
  }
  PetscCall(HGAgreeOnMessage(comm, m.msg, sizeof(m.msg)));
  HGCheck(!*m.msg, comm, "%s", m.msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- reading ---- */

static void GetText(Model *m, const char *name, char *text, size_t len)
{
  size_t n = 0;

  Try(m, nc_inq_attlen(m->nc, NC_GLOBAL, name, &n));
  if (n >= len) Fails(m, "%s: attribute %s has %zu characters; expected fewer than %zu", m->path, name, n, len);
  Try(m, nc_get_att_text(m->nc, NC_GLOBAL, name, text));
  if (!*m->msg) text[n] = 0;
}

static void GetInt(Model *m, int group, const char *name, PetscInt *value)
{
  long long v = 0;

  Try(m, nc_get_att_longlong(group, NC_GLOBAL, name, &v));
  *value = (PetscInt)v;
}

static void GetReals(Model *m, const char *name, PetscInt n, PetscReal *v)
{
  double d[HG_MAX_CHANNELS];
  size_t len = 0;

  Try(m, nc_inq_attlen(m->nc, NC_GLOBAL, name, &len));
  if (!*m->msg && len != (size_t)n) Fails(m, "%s: attribute %s has %zu values for %" PetscInt_FMT " channels", m->path, name, len, n);
  Try(m, nc_get_att_double(m->nc, NC_GLOBAL, name, d));
  for (PetscInt i = 0; i < n && !*m->msg; i++) v[i] = (PetscReal)d[i];
}

/* What a file of training in stages or with an equation holds besides */
static void GetTraining(Model *m, HGModelInfo *info)
{
  size_t n;

  if (!nc_inq_attlen(m->nc, NC_GLOBAL, "train_stages", &n)) GetText(m, "train_stages", info->stages, sizeof(info->stages));
  if (!nc_inq_attlen(m->nc, NC_GLOBAL, "physics_options", &n))
    GetText(m, "physics_options", info->physics_options, sizeof(info->physics_options));
  if (!nc_inq_attlen(m->nc, NC_GLOBAL, "physics_training", &n))
    GetText(m, "physics_training", info->physics_training, sizeof(info->physics_training));
  if (nc_inq_attlen(m->nc, NC_GLOBAL, "training_state", &n)) return;
  if (n > HG_MODEL_STATE) Fails(m, "%s: attribute training_state has %zu values; expected at most %d", m->path, n, HG_MODEL_STATE);
  if (*m->msg) return;
  info->nstate = (PetscInt)n;
  GetReals(m, "training_state", info->nstate, info->state);
}

static void OpenModel(Model *m)
{
  PetscBool classic;
  PetscInt  format = 0;
  size_t    n;

  if (HGFileOpen(m->path, &m->nc, &classic, m->msg, sizeof(m->msg))) Fails(m, "cannot read %s", m->path);
  if (*m->msg) return;
  if (nc_inq_attlen(m->nc, NC_GLOBAL, "halograd_format", &n))
    Fails(m, "%s is no model file: it has no attribute halograd_format; give one that `halograd train` wrote", m->path);
  GetInt(m, m->nc, "halograd_format", &format);
  if (!*m->msg && format != FORMAT)
    Fails(m, "%s has model format %" PetscInt_FMT "; this version reads format %d", m->path, format, FORMAT);
}

static void GetInfo(Model *m, HGModelInfo *info)
{
  int group;

  GetText(m, "net_options", info->net_options, sizeof(info->net_options));
  GetText(m, "data_input", info->data_input, sizeof(info->data_input));
  GetText(m, "data_target", info->data_target, sizeof(info->data_target));
  GetInt(m, m->nc, "dim", &info->dim);
  GetInt(m, m->nc, "input_channels", &info->channels[0]);
  GetInt(m, m->nc, "target_channels", &info->channels[1]);
  for (int i = 0; i < 2; i++)
    if (info->channels[i] < 1 || info->channels[i] > HG_MAX_CHANNELS)
      Fails(m, "%s: %" PetscInt_FMT " channels; expected 1 to %d", m->path, info->channels[i], HG_MAX_CHANNELS);
  if (*m->msg) return;
  GetReals(m, "input_mean", info->channels[0], info->mean[0]);
  GetReals(m, "input_deviation", info->channels[0], info->deviation[0]);
  GetReals(m, "target_mean", info->channels[1], info->mean[1]);
  GetReals(m, "target_deviation", info->channels[1], info->deviation[1]);
  GetInt(m, m->nc, "seed", &info->seed);
  GetInt(m, m->nc, "epoch", &info->epoch);
  GetInt(m, m->nc, "batch", &info->batch);
  if (!*m->msg) GetTraining(m, info);
  info->step = 0;
  if (!*m->msg && !nc_inq_grp_ncid(m->nc, "optimizer", &group)) GetInt(m, group, "step", &info->step);
}

/*@C
   HGModelReadInfo - Read what a model file says beside the parameters

   Collective

   Input Parameters:
+  comm - the ranks
-  path - the file

   Output Parameter:
.  info - its contents

   Level: intermediate

   Errors:
   A file that is missing, not netCDF, cut short, of another format, or without an expected attribute.

.seealso: `HGModelRead()`
@*/
PetscErrorCode HGModelReadInfo(MPI_Comm comm, const char path[], HGModelInfo *info)
{
  Model       m = {.path = path, .nc = -1};
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(PetscMemzero(info, sizeof(*info)));
  if (!rank) {
    OpenModel(&m);
    GetInfo(&m, info);
    if (m.nc >= 0) (void)nc_close(m.nc);
  }
  PetscCall(HGAgreeOnMessage(comm, m.msg, sizeof(m.msg)));
  HGCheck(!*m.msg, comm, "%s", m.msg);
  PetscCallMPI(MPI_Bcast(info, (PetscMPIInt)sizeof(*info), MPI_BYTE, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Reads an array after a check that its shape is the expected one */
static void GetArray(Model *m, int group, const char *layer, const char *name, PetscInt ndim, const PetscInt shape[], PetscScalar *v)
{
  int       id, n = 0, dim[NC_MAX_VAR_DIMS];
  char      found[128] = "(", expected[128] = "(";
  PetscBool same;

  if (*m->msg) return;
  if (nc_inq_varid(group, name, &id)) {
    Fails(m, "%s does not fit the network: layer %s has no %s", m->path, layer, name);
    return;
  }
  Try(m, nc_inq_var(group, id, NULL, NULL, &n, dim, NULL));
  same = n == ndim ? PETSC_TRUE : PETSC_FALSE;
  for (int i = 0; i < PetscMax(n, ndim); i++) {
    size_t len = 0;

    if (i < n) {
      Try(m, nc_inq_dimlen(group, dim[i], &len));
      (void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%zu", i ? ", " : "", len);
    }
    if (i < ndim)
      (void)snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%s%" PetscInt_FMT, i ? ", " : "", shape[i]);
    if (i < ndim && (size_t)shape[i] != len) same = PETSC_FALSE;
  }
  if (!same)
    Fails(m, "%s does not fit the network: %s.%s is %s), the network's %s); check the -net_... options", m->path, layer, name, found,
          expected);
  else Try(m, nc_get_var_double(group, id, v));
}

/* v: the parameters; s: the states of all layers, one behind the other */
static PetscErrorCode GetLayers(Model *m, HGNet net, PetscScalar *v, PetscReal *s)
{
  PetscFunctionBegin;
  for (PetscInt l = 0; l < net->n && !*m->msg; l++) {
    const char        *name = ((PetscObject)net->node[l].layer)->name;
    const HGParameter *param, *state;
    PetscInt           n, nstates, offset = net->node[l].offset;
    int                group = -1;

    PetscCall(HGLayerGetParameters(net->node[l].layer, &n, &param));
    PetscCall(HGLayerGetStates(net->node[l].layer, &nstates, &state, NULL));
    if (n + nstates && nc_inq_grp_ncid(m->nc, name, &group))
      Fails(m, "%s does not fit the network: it has no layer %s; check the -net_... options", m->path, name);
    for (PetscInt j = 0; j < n; offset += param[j++].size)
      GetArray(m, group, name, param[j].name, param[j].ndim, param[j].shape, v + offset);
    for (PetscInt j = 0; j < nstates; s += state[j++].size) {
      GetArray(m, group, name, state[j].name, state[j].ndim, state[j].shape, s);
      for (PetscInt i = 0; i < state[j].size && !*m->msg; i++)
        if (PetscIsInfOrNanReal(s[i])) Fails(m, "%s: %s.%s holds a value that is not finite; train it anew", m->path, name, state[j].name);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CountStates(HGNet net, PetscInt *size)
{
  PetscFunctionBegin;
  *size = 0;
  for (PetscInt l = 0; l < net->n; l++) {
    const HGParameter *state;
    PetscInt           n;

    PetscCall(HGLayerGetStates(net->node[l].layer, &n, &state, NULL));
    for (PetscInt j = 0; j < n; j++) *size += state[j].size;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What rank 0 read becomes the layers' states on all ranks */
static PetscErrorCode SetStates(HGNet net, PetscInt size, PetscReal *s)
{
  PetscFunctionBegin;
  PetscCallMPI(MPI_Bcast(s, (PetscMPIInt)size, MPIU_REAL, 0, PetscObjectComm((PetscObject)net)));
  for (PetscInt l = 0; l < net->n; l++) {
    const HGParameter *state;
    PetscReal        **value;
    PetscInt           n;

    PetscCall(HGLayerGetStates(net->node[l].layer, &n, &state, &value));
    for (PetscInt j = 0; j < n; s += state[j++].size) PetscCall(PetscArraycpy(value[j], s, state[j].size));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadModel(Model *m, HGNet net, Vec p, PetscReal s[], PetscInt nstate, const char *const name[], Vec *const state)
{
  PetscScalar *v;
  PetscInt     n;
  int          group = -1, id;

  PetscFunctionBegin;
  OpenModel(m);
  PetscCall(VecGetArray(p, &v));
  PetscCall(GetLayers(m, net, v, s));
  PetscCall(VecGetSize(p, &n));
  if (n > net->nparams && !*m->msg && !nc_inq_varid(m->nc, "unknown", &id)) {
    const PetscInt more = n - net->nparams;

    GetArray(m, m->nc, "the file", "unknown", 1, &more, v + net->nparams);
  }
  for (PetscInt i = 0; i < n; i++)
    if (PetscIsInfOrNanScalar(v[i])) Fails(m, "%s: the parameters hold a value that is not finite; train it anew", m->path);
  PetscCall(VecRestoreArray(p, &v));
  if (nstate) Try(m, nc_inq_grp_ncid(m->nc, "optimizer", &group));
  for (PetscInt i = 0; i < nstate; i++) {
    PetscCall(VecGetArray(state[i], &v));
    GetArray(m, group, "optimizer", name[i], 1, &n, v);
    PetscCall(VecRestoreArray(state[i], &v));
  }
  if (m->nc >= 0) (void)nc_close(m->nc);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelRead - Read the parameters, the running statistics, and optionally the optimizer's state, from a model file

   Collective

   Input Parameters:
+  path   - the file
.  net    - the network, set up
.  nstate - number of vectors of the optimizer's state to read
-  name   - their names

   Output Parameters:
+  p     - the parameters
-  state - the vectors

   Level: intermediate

   Note:
   Running statistics of normalisations go to the layers of the network. Elements of `p` behind the network's parameters come from the variable
   `unknown`; they stay as they are if the file has none.

   Errors:
   A file that is missing, not netCDF, cut short or of another format, and one whose layers or shapes are not those of
   the network: names the layer and both shapes.

.seealso: `HGModelWrite()`, `HGModelReadInfo()`
@*/
PetscErrorCode HGModelRead(const char path[], HGNet net, Vec p, PetscInt nstate, const char *const name[], const Vec state[])
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)net);
  Model       m    = {.path = path, .nc = -1};
  Vec        *all;
  PetscReal  *states;
  PetscInt    nstates;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 2);
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(CountStates(net, &nstates));
  PetscCall(PetscMalloc1(nstates, &states));
  PetscCall(PetscMalloc1(nstate + 1, &all));
  for (PetscInt i = 0; i <= nstate; i++) PetscCall(CreateOnZero(i < nstate ? state[i] : p, &all[i]));
  PetscCall(MoveToZero(p, all[nstate], SCATTER_FORWARD));
  if (!rank) PetscCall(ReadModel(&m, net, all[nstate], states, nstate, name, all));
  PetscCall(HGAgreeOnMessage(comm, m.msg, sizeof(m.msg)));
  for (PetscInt i = 0; i <= nstate; i++) {
    if (!*m.msg) PetscCall(MoveToZero(i < nstate ? state[i] : p, all[i], SCATTER_REVERSE));
    PetscCall(VecDestroy(&all[i]));
  }
  PetscCall(PetscFree(all));
  if (!*m.msg) PetscCall(SetStates(net, nstates, states));
  PetscCall(PetscFree(states));
  HGCheck(!*m.msg, comm, "%s", m.msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNetSetFromModel - Set a network's architecture and channels to those of a model file

   Collective

   Input Parameters:
+  net  - the network, not set up
-  path - the file

   Output Parameter:
.  info - what the file says

   Level: intermediate

   Note:
   `HGNetSetUp()` comes next, and then `HGModelRead()` for the parameters. The options database is not asked.

   Errors:
   Those of `HGModelReadInfo()`.

.seealso: `HGModelRead()`, `HGNetSetFromOptions()`
@*/
PetscErrorCode HGNetSetFromModel(HGNet net, const char path[], HGModelInfo *info)
{
  PetscOptions file;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(HGModelReadInfo(PetscObjectComm((PetscObject)net), path, info));
  PetscCall(PetscOptionsCreate(&file));
  PetscCall(PetscOptionsInsertString(file, info->net_options));
  PetscCall(PetscObjectSetOptions((PetscObject)net, file));
  PetscCall(HGNetSetFromOptions(net));
  PetscCall(PetscObjectSetOptions((PetscObject)net, NULL));
  PetscCall(PetscOptionsDestroy(&file));
  PetscCall(HGNetSetChannels(net, info->channels[0], info->channels[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
