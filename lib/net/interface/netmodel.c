/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A network in a model file: the options that rebuild it, and one group for each layer with its arrays in PyTorch's order and names. Behind it the simple
   door for programs that train a network on their own: a struct of fixed size and one call.
*/
#include "net/net_impl.h"
#include "data/hgdatainfo.h"
#include "model/hgmodel.h"

/* ---- the section "net" ---- */

static PetscErrorCode WriteLayers(HGNet net, HGModel m, HGDType type, const void *v)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)net), &rank));
  for (PetscInt l = 0; l < net->n; l++) {
    const char        *name = ((PetscObject)net->node[l].layer)->name;
    const HGParameter *param, *state;
    PetscReal        **value;
    PetscInt           n, nstates, nruns;
    HGModelRun        *run;

    PetscCall(HGLayerGetParameters(net->node[l].layer, &n, &param));
    PetscCall(HGLayerGetStates(net->node[l].layer, &nstates, &state, &value));
    for (PetscInt j = 0; j < n; j++) {
      PetscCall(HGParametersGetRuns(net->parameters, l, j, &nruns, &run));
      PetscCall(HGModelPutRuns(m, name, param[j].name, param[j].ndim, param[j].shape, type, nruns, run, v));
      PetscCall(PetscFree(run));
    }
    for (PetscInt j = 0; j < nstates; j++)
      PetscCall(HGModelPutArray(m, name, state[j].name, state[j].ndim, state[j].shape, rank ? NULL : value[j]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What lies behind the network's own elements, on the last rank: how many there are, and the run of this rank */
static PetscErrorCode FindTail(HGNet net, Vec p, PetscInt *more, PetscInt *nruns, HGModelRun *run)
{
  PetscInt own, n, N;

  PetscFunctionBegin;
  PetscCall(HGParametersGetSizes(net->parameters, &own, NULL));
  PetscCall(VecGetLocalSize(p, &n));
  PetscCall(VecGetSize(p, &N));
  *more  = N - net->nparams;
  *nruns = n > own ? 1 : 0;
  *run   = (HGModelRun){.file = 0, .local = own, .count = n - own};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteNet(HGNet net, HGModel m, const char options[], Vec p)
{
  const void *v;
  HGDType     type;
  PetscInt    more = 0, nruns = 0;
  HGModelRun  run;

  PetscFunctionBegin;
  PetscCall(HGModelSetSection(m, "net"));
  PetscCall(HGModelPutText(m, "", "net_options", options));
  PetscCall(HGVecGetElementsRead(p, &type, &v));
  PetscCall(WriteLayers(net, m, type, v));
  PetscCall(FindTail(net, p, &more, &nruns, &run));
  if (more) PetscCall(HGModelPutRuns(m, "", "unknown", 1, &more, type, nruns, &run, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The runs of a Vec of parameters as one array: layer behind layer, each array in PyTorch's order, and what is behind them */
static PetscErrorCode AllRuns(HGNet net, Vec p, PetscInt *n, HGModelRun *all[])
{
  PetscInt   count  = 0, more, tail;
  PetscInt64 before = 0;
  HGModelRun last;

  PetscFunctionBegin;
  *all = NULL;
  for (PetscInt l = 0; l < net->n; l++) {
    const HGParameter *param;
    PetscInt           nparams, nruns;
    HGModelRun        *run;

    PetscCall(HGLayerGetParameters(net->node[l].layer, &nparams, &param));
    for (PetscInt j = 0; j < nparams; before += param[j++].size) {
      PetscCall(HGParametersGetRuns(net->parameters, l, j, &nruns, &run));
      PetscCall(PetscRealloc((size_t)(count + nruns + 1) * sizeof(HGModelRun), all));
      for (PetscInt r = 0; r < nruns; r++) {
        (*all)[count] = run[r];
        (*all)[count++].file += before;
      }
      PetscCall(PetscFree(run));
    }
  }
  PetscCall(FindTail(net, p, &more, &tail, &last));
  last.file = before;
  PetscCall(PetscRealloc((size_t)(count + 1) * sizeof(HGModelRun), all));
  if (tail) (*all)[count++] = last;
  *n = count;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNetPutVec - Put a Vec like that of a network's parameters into a model file, as one array that does not depend on the ranks

   Collective

   Input Parameters:
+  net   - the network, set up
.  m     - the model
.  group - the group, "" for the root
.  name  - the variable
-  v     - the Vec, such as an optimizer's state; it must stay until the model is written

   Level: advanced

   Note:
   Layers follow one another, and within a layer its parameters in PyTorch's order; behind them what the Vec has more than the network.

.seealso: `HGNetGetVec()`, `HGNetWriteModel()`
@*/
PetscErrorCode HGNetPutVec(HGNet net, HGModel m, const char group[], const char name[], Vec v)
{
  const void *a;
  HGDType     type;
  PetscInt    n, N;
  HGModelRun *run;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(VecGetSize(v, &N));
  PetscCall(HGVecGetElementsRead(v, &type, &a));
  PetscCall(AllRuns(net, v, &n, &run));
  PetscCall(HGModelPutRuns(m, group, name, 1, &N, type, n, run, a));
  PetscCall(PetscFree(run));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNetGetVec - Get a Vec that `HGNetPutVec()` put into a model file, on any number of ranks

   Collective

   Input Parameters:
+  net   - the network, set up
.  m     - the model
.  group - the group, "" for the root
-  name  - the variable

   Output Parameter:
.  v - the Vec

   Level: advanced

   Errors:
   Those of `HGModelGetRuns()`.

.seealso: `HGNetPutVec()`
@*/
PetscErrorCode HGNetGetVec(HGNet net, HGModel m, const char group[], const char name[], Vec v)
{
  void       *a;
  HGDType     type;
  PetscInt    n, N;
  HGModelRun *run;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(VecGetSize(v, &N));
  PetscCall(AllRuns(net, v, &n, &run));
  PetscCall(HGVecGetElements(v, &type, &a));
  PetscCall(HGModelGetRuns(m, group, name, 1, &N, type, n, run, a));
  PetscCall(PetscFree(run));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetWriteModel - Write a network into a model file: its options, parameters and running statistics

   Collective

   Input Parameters:
+  net - the network, set up
.  m   - the model
-  p   - the parameters, which must stay until the model is written; elements behind the network's own become the variable `unknown`

   Level: advanced

.seealso: `HGNetReadModel()`, `HGModelWrite()`
@*/
PetscErrorCode HGNetWriteModel(HGNet net, HGModel m, Vec p)
{
  char options[1024];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(HGNetGetOptionsString(net, options, sizeof(options)));
  PetscCall(WriteNet(net, m, options, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetModel - Set a network's architecture and channels to those of a model file

   Collective

   Input Parameters:
+  net - the network, not set up
-  m   - the model

   Level: advanced

   Note:
   `HGNetSetUp()` comes next, and then `HGNetReadModel()` for the parameters. The options of the command line are not asked. The file's options have no
   prefix; the network may have one.

   Errors:
   A model without a network; options that this version does not have; what the setters refuse.

.seealso: `HGNetReadModel()`, `HGNetSetFromOptions()`
@*/
PetscErrorCode HGNetSetModel(HGNet net, HGModel m)
{
  MPI_Comm     comm = PetscObjectComm((PetscObject)net);
  const char  *path, *text;
  PetscInt64   cin, cout;
  PetscBool    has;
  PetscOptions file;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(HGModelHas(m, "", "net_options", &has));
  HGCheck(has, comm, "%s holds no network; give a model file that halograd train has written", path);
  PetscCall(HGModelGetText(m, "", "net_options", &text));
  PetscCall(HGOptionsCreateFromText(comm, path, text, ((PetscObject)net)->prefix, &file));
  PetscCall(PetscObjectSetOptions((PetscObject)net, file));
  PetscCall(HGNetSetFromOptions(net));
  PetscCall(PetscObjectSetOptions((PetscObject)net, NULL));
  PetscCall(HGOptionsDestroyUsed(comm, path, &file));
  PetscCall(HGModelHas(m, "", "input_channels", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS); /* of coordinates: their equation tells */
  PetscCall(HGModelGetInt(m, "", "input_channels", 1, PETSC_MAX_INT, &cin));
  PetscCall(HGModelGetInt(m, "", "target_channels", 1, PETSC_MAX_INT, &cout));
  PetscCall(HGNetSetChannels(net, (PetscInt)cin, (PetscInt)cout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The states of a layer are the same on all ranks */
static PetscErrorCode ReadStates(HGNet net, HGModel m, HGLayer layer)
{
  const HGParameter *state;
  PetscReal        **value;
  PetscInt           n;

  PetscFunctionBegin;
  PetscCall(HGLayerGetStates(layer, &n, &state, &value));
  for (PetscInt j = 0; j < n; j++) {
    PetscCall(HGModelGetArray(m, ((PetscObject)layer)->name, state[j].name, state[j].ndim, state[j].shape, value[j]));
    PetscCallMPI(MPI_Bcast(value[j], (PetscMPIInt)state[j].size, MPIU_REAL, 0, PetscObjectComm((PetscObject)net)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadLayers(HGNet net, HGModel m, HGDType type, void *v)
{
  PetscFunctionBegin;
  for (PetscInt l = 0; l < net->n; l++) {
    const HGParameter *param;
    PetscInt           n, nruns;
    HGModelRun        *run;

    PetscCall(HGLayerGetParameters(net->node[l].layer, &n, &param));
    for (PetscInt j = 0; j < n; j++) {
      PetscCall(HGParametersGetRuns(net->parameters, l, j, &nruns, &run));
      PetscCall(
          HGModelGetRuns(m, ((PetscObject)net->node[l].layer)->name, param[j].name, param[j].ndim, param[j].shape, type, nruns, run, v));
      PetscCall(PetscFree(run));
    }
    PetscCall(ReadStates(net, m, net->node[l].layer));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetReadModel - Read a network's parameters and running statistics from a model file

   Collective

   Input Parameters:
+  net - the network, set up
-  m   - the model

   Output Parameter:
.  p - the parameters; elements behind the network's own come from the variable `unknown`, and stay as they are if there is none

   Level: advanced

   Errors:
   Layers or shapes that are not those of the network, values that are damaged or not finite: names the layer.

.seealso: `HGNetWriteModel()`, `HGModelRead()`
@*/
PetscErrorCode HGNetReadModel(HGNet net, HGModel m, Vec p)
{
  void      *v;
  HGDType    type;
  PetscInt   more = 0, nruns = 0;
  PetscBool  has;
  HGModelRun run;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(HGVecGetElements(p, &type, &v));
  PetscCall(ReadLayers(net, m, type, v));
  PetscCall(FindTail(net, p, &more, &nruns, &run));
  PetscCall(HGModelHas(m, "", "unknown", &has));
  if (more && has) PetscCall(HGModelGetRuns(m, "", "unknown", 1, &more, type, nruns, &run, v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the simple door ---- */

static PetscErrorCode WriteInfo(const HGModelInfo *info, HGModel m)
{
  HGDataInfo data = {.data_input = (char *)info->data_input, .data_target = (char *)info->data_target, .dim = info->dim};

  PetscFunctionBegin;
  for (int r = 0; r < 2; r++) {
    data.channels[r]  = info->channels[r];
    data.mean[r]      = (PetscReal *)info->mean[r];
    data.deviation[r] = (PetscReal *)info->deviation[r];
  }
  PetscCall(HGDataInfoWrite(&data, m));
  if (*info->physics_options) {
    PetscCall(HGModelSetSection(m, "equation"));
    PetscCall(HGModelPutText(m, "", "physics_options", info->physics_options));
  }
  PetscCall(HGModelSetSection(m, "training"));
  PetscCall(HGModelPutInt(m, "", "seed", info->seed));
  PetscCall(HGModelPutInt(m, "", "epoch", info->epoch));
  PetscCall(HGModelPutInt(m, "", "batch", info->batch));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckInfo(MPI_Comm comm, const HGModelInfo *info)
{
  PetscFunctionBegin;
  HGCheck(info->dim >= 1 && info->dim <= 3, comm, "HGModelInfo.dim is %" PetscInt_FMT "; give 1, 2 or 3", info->dim);
  for (int r = 0; r < 2; r++) {
    HGCheck(info->channels[r] >= 1 && info->channels[r] <= HG_MAX_CHANNELS, comm,
            "HGModelInfo.channels[%d] is %" PetscInt_FMT "; it takes 1 to %d, more with HGDataInfoWrite()", r, info->channels[r],
            HG_MAX_CHANNELS);
    for (PetscInt c = 0; c < info->channels[r]; c++)
      HGCheck(PetscIsNormalReal(info->deviation[r][c]) && info->deviation[r][c] > 0 && !PetscIsInfOrNanReal(info->mean[r][c]), comm,
              "HGModelInfo: channel %" PetscInt_FMT " of the %s has mean %g and deviation %g; give a finite mean and a positive deviation",
              c, r ? "target" : "input", (double)info->mean[r][c], (double)info->deviation[r][c]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FillModel(HGNet net, const HGModelInfo *info, Vec p, PetscInt nstate, const char *const name[], const Vec state[],
                                HGModel m)
{
  PetscFunctionBegin;
  if (*info->net_options) PetscCall(WriteNet(net, m, info->net_options, p));
  else PetscCall(HGNetWriteModel(net, m, p));
  PetscCall(WriteInfo(info, m));
  if (nstate) {
    PetscCall(HGModelSetSection(m, "optimizer"));
    PetscCall(HGModelPutInt(m, "optimizer", "step", info->step));
  }
  for (PetscInt i = 0; i < nstate; i++) PetscCall(HGNetPutVec(net, m, "optimizer", name[i], state[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelWrite - Write a model file

   Collective

   Input Parameters:
+  path   - the file; one that exists is replaced once the new one is complete
.  net    - the network, set up
.  info   - what else the file says; without `net_options` those of the network
.  p      - the parameters
.  nstate - number of vectors of the optimizer's state, 0 for none
.  name   - their names
-  state  - the vectors, of the parameters' layout

   Level: intermediate

   Note:
   The file (netCDF-4) does not depend on the number of ranks. Arrays are double precision. The group of a layer has its parameters and
   its running statistics. Further elements of `p` behind the network's parameters become the variable `unknown`.

   Errors:
   An `info` that `HGModelReadInfo()` would refuse. A file that cannot be written, such as on a full disk; nothing is left of it, and what had its name
   before stays.

.seealso: `HGModelRead()`, `HGModelInfo`, `HGNetWriteModel()`
@*/
PetscErrorCode HGModelWrite(const char path[], HGNet net, const HGModelInfo *info, Vec p, PetscInt nstate, const char *const name[],
                            const Vec state[])
{
  MPI_Comm       comm = PetscObjectComm((PetscObject)net);
  HGModel        m;
  HGModelOutput  o;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 2);
  PetscCall(CheckInfo(comm, info));
  PetscCall(HGModelOutputCreate(comm, path, &o));
  PetscCall(HGModelCreate(comm, &m));
  PetscCall(FillModel(net, info, p, nstate, name, state, m));
  e = HGModelOutputWrite(o, m);
  PetscCall(HGModelDestroy(&m));
  PetscCall(HGModelOutputDestroy(&o));
  PetscCall(e);
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
   No such folder, no permission, the path is a folder; another job writes the file.

.seealso: `HGModelWrite()`, `HGModelOutputCreate()`
@*/
PetscErrorCode HGModelTryPath(MPI_Comm comm, const char path[])
{
  HGModelOutput o;

  PetscFunctionBegin;
  PetscCall(HGModelOutputCreate(comm, path, &o));
  PetscCall(HGModelOutputDestroy(&o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TakeText(HGModel m, const char name[], char text[], size_t len)
{
  MPI_Comm    comm;
  const char *path, *value;
  size_t      n;

  PetscFunctionBegin;
  PetscCall(HGModelGetComm(m, &comm));
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(HGModelGetText(m, "", name, &value));
  PetscCall(PetscStrlen(value, &n));
  PetscCall(PetscStrncpy(text, n < len ? value : "", len));
  HGCheck(n < len, comm, "%s: %s has %zu characters, HGModelInfo takes %zu; read it with HGModelGetText()", path, name, n, len - 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TakeInt(HGModel m, const char group[], const char name[], PetscInt64 least, PetscInt *value)
{
  PetscInt64 v;

  PetscFunctionBegin;
  PetscCall(HGModelGetInt(m, group, name, least, PETSC_MAX_INT, &v));
  *value = (PetscInt)v;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TakeData(HGModel m, HGModelInfo *info)
{
  MPI_Comm    comm;
  const char *path;
  HGDataInfo  data;

  PetscFunctionBegin;
  PetscCall(HGModelGetComm(m, &comm));
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(TakeText(m, "data_input", info->data_input, sizeof(info->data_input)));
  PetscCall(TakeText(m, "data_target", info->data_target, sizeof(info->data_target)));
  PetscCall(HGDataInfoRead(m, &data));
  info->dim = data.dim;
  for (int r = 0; r < 2; r++) {
    HGCheck(data.channels[r] <= HG_MAX_CHANNELS, comm,
            "%s: %" PetscInt_FMT " channels, HGModelInfo takes %d; read it with HGDataInfoRead()", path, data.channels[r], HG_MAX_CHANNELS);
    info->channels[r] = data.channels[r];
    PetscCall(PetscArraycpy(info->mean[r], data.mean[r], data.channels[r]));
    PetscCall(PetscArraycpy(info->deviation[r], data.deviation[r], data.channels[r]));
  }
  PetscCall(HGDataInfoDestroy(&data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TakeInfo(HGModel m, HGModelInfo *info)
{
  PetscBool has;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(info, sizeof(*info)));
  PetscCall(TakeText(m, "net_options", info->net_options, sizeof(info->net_options)));
  PetscCall(TakeData(m, info));
  PetscCall(TakeInt(m, "", "seed", PETSC_MIN_INT, &info->seed));
  PetscCall(TakeInt(m, "", "epoch", 0, &info->epoch));
  PetscCall(TakeInt(m, "", "batch", 0, &info->batch));
  PetscCall(HGModelHas(m, "", "physics_options", &has));
  if (has) PetscCall(TakeText(m, "physics_options", info->physics_options, sizeof(info->physics_options)));
  PetscCall(HGModelHas(m, "optimizer", "step", &has));
  if (has) PetscCall(TakeInt(m, "optimizer", "step", 0, &info->step));
  PetscFunctionReturn(PETSC_SUCCESS);
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
   Those of `HGModelOpen()`; a file without an expected attribute, or with one that makes no sense; what does not fit the struct.

.seealso: `HGModelRead()`, `HGModelOpen()`
@*/
PetscErrorCode HGModelReadInfo(MPI_Comm comm, const char path[], HGModelInfo *info)
{
  HGModel        m;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(HGModelOpen(comm, path, &m));
  e = TakeInfo(m, info);
  PetscCall(HGModelDestroy(&m));
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelRead - Read the parameters, the running statistics, and optionally the optimizer's state, from a model file

   Collective

   Input Parameters:
+  path - the file
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
   Those of `HGModelOpen()` and `HGNetReadModel()`.

.seealso: `HGModelWrite()`, `HGModelReadInfo()`
@*/
PetscErrorCode HGModelRead(const char path[], HGNet net, Vec p, PetscInt nstate, const char *const name[], const Vec state[])
{
  HGModel        m;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 2);
  PetscCall(HGModelOpen(PetscObjectComm((PetscObject)net), path, &m));
  e = HGNetReadModel(net, m, p);
  for (PetscInt i = 0; i < nstate && !e; i++) e = HGNetGetVec(net, m, "optimizer", name[i], state[i]);
  PetscCall(HGModelDestroy(&m));
  PetscCall(e);
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
   Those of `HGModelReadInfo()` and `HGNetSetModel()`.

.seealso: `HGModelRead()`, `HGNetSetModel()`, `HGNetSetFromOptions()`
@*/
PetscErrorCode HGNetSetFromModel(HGNet net, const char path[], HGModelInfo *info)
{
  HGModel        m;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(HGModelOpen(PetscObjectComm((PetscObject)net), path, &m));
  e = TakeInfo(m, info);
  if (!e) e = HGNetSetModel(net, m);
  PetscCall(HGModelDestroy(&m));
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}
