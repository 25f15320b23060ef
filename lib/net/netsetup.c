/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

/* Shapes, halos and parameters follow from the input, layer by layer */
static PetscErrorCode InferShapes(HGNet net)
{
  HGPartition p = net->in;

  PetscFunctionBegin;
  net->nparams = 0;
  for (PetscInt i = 0; i < net->n; i++) {
    HGNode            *node   = &net->node[i];
    PetscInt         (*before)[2] = i ? net->node[i - 1].halo : net->xhalo, halo[3][2], adjoint[3][2], n;
    const HGParameter *param;

    PetscCall(HGLayerSetUp(node->layer, p, net->dtype));
    PetscCall(HGLayerGetHalo(node->layer, halo, adjoint));
    for (int a = 0; a < 3; a++) {
      for (int s = 0; s < 2; s++) {
        before[a][s]     = PetscMax(before[a][s], halo[a][s]);
        node->halo[a][s] = net->training && i ? adjoint[a][s] : 0; /* the first layer gives no gradient to read dy for */
      }
    }
    PetscCall(HGLayerGetParameters(node->layer, &n, &param));
    node->offset = net->nparams;
    for (PetscInt j = 0; j < n; j++) {
      HGCheck(param[j].size <= PETSC_MPI_INT_MAX - net->nparams, PetscObjectComm((PetscObject)net), "%s: the network has more than %d parameters; choose a smaller -net_width", ((PetscObject)node->layer)->name, PETSC_MPI_INT_MAX);
      net->nparams += param[j].size;
    }
    PetscCall(HGLayerGetOutputPartition(node->layer, &p));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A tensor that may lend its memory once its own lifetime is over */
typedef struct {
  HGTensor tensor;
  PetscInt free_from; /* the step after which the memory is free */
} Slot;

static PetscErrorCode SameLayout(HGTensor t, HGPartition p, const PetscInt halo[3][2], PetscBool *same)
{
  const HGTensorLocal *l;
  HGPartition          q;
  PetscInt             sp[HG_AXES], sq[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  PetscCall(HGTensorGetPartition(t, &q));
  PetscCall(HGPartitionGetSizes(p, NULL, sp));
  PetscCall(HGPartitionGetSizes(q, NULL, sq));
  PetscCall(PetscMemcmp(sp, sq, sizeof(sp), same));
  if (*same) PetscCall(PetscMemcmp(l->halo, halo, sizeof(l->halo), same));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A tensor that lives from step `born` to step `dies`. Only tensors of the same layout share memory: ghosts beyond the
   boundary are zero from the start and stay so. */
static PetscErrorCode PlanTensor(HGNet net, HGPartition p, const PetscInt halo[3][2], PetscInt born, PetscInt dies, PetscInt *nslots, Slot slots[], HGTensor *t)
{
  size_t bytes;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < *nslots; i++) {
    PetscBool same;

    PetscCall(SameLayout(slots[i].tensor, p, halo, &same));
    if (!same || slots[i].free_from >= born) continue;
    slots[i].free_from = dies;
    *t                 = slots[i].tensor;
    PetscCall(HGTensorReference(*t));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGTensorCreate(p, net->dtype, t));
  PetscCall(HGTensorSetHalo(*t, halo));
  PetscCall(HGTensorSetUp(*t));
  PetscCall(HGTensorGetBytes(*t, &bytes));
  net->bytes += bytes;
  slots[(*nslots)++] = (Slot){*t, dies};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Steps are counted 0 .. n-1 for the layers forward and n .. 2n-1 for their adjoints in reverse. The output and its gradient
   belong to the caller and stay. */
static PetscErrorCode PlanTensors(HGNet net)
{
  const PetscInt n = net->n, forever = 2 * n;
  PetscInt       nslots = 0;
  Slot          *slots;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(2 * n + 1, &slots));
  PetscCall(PlanTensor(net, net->in, (const PetscInt(*)[2])net->xhalo, -1, forever, &nslots, slots, &net->x));
  for (PetscInt i = 0; i < n; i++) {
    HGNode     *node = &net->node[i];
    HGPartition p;
    PetscInt    dies = i == n - 1 ? forever : net->training ? 2 * n - 2 - i : i + 1;

    PetscCall(HGLayerGetOutputPartition(node->layer, &p));
    PetscCall(PlanTensor(net, p, (const PetscInt(*)[2])node->halo, i, dies, &nslots, slots, &node->y));
  }
  for (PetscInt i = n - 1; i >= 0 && net->training; i--) {
    HGNode        *node = &net->node[i];
    HGPartition    p;
    const PetscInt born = i == n - 1 ? n - 1 : 2 * n - 2 - i;

    PetscCall(HGLayerGetOutputPartition(node->layer, &p));
    PetscCall(PlanTensor(net, p, (const PetscInt(*)[2])node->halo, born, 2 * n - 1 - i, &nslots, slots, &node->dy));
  }
  PetscCall(PetscFree(slots));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BindLayers(HGNet net)
{
  size_t most = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < net->n; i++) {
    HGNode      *node = &net->node[i], *before = i ? &net->node[i - 1] : NULL;
    HGActivation act  = HG_ACT_IDENTITY;
    size_t       work;

    if (before) PetscCall(HGLayerHasFusedActivation(before->layer, &act));
    PetscCall(HGLayerSetTensors(node->layer, before ? before->y : net->x, node->y, before ? before->dy : NULL, node->dy, act == HG_ACT_RELU ? PETSC_TRUE : PETSC_FALSE));
    PetscCall(HGLayerGetWorkSize(node->layer, &work));
    most = PetscMax(most, work);
  }
  if (net->training) {
    PetscCall(PetscMalloc(most + 64, &net->work));
    net->bytes += most;
    for (PetscInt i = 0; i < net->n; i++) PetscCall(HGLayerSetWork(net->node[i].layer, (char *)net->work + (64 - (uintptr_t)net->work % 64) % 64));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Each rank owns a share of the parameters; values of all are gathered before a step, gradients reduced after it */
static PetscErrorCode PlanParameters(HGNet net)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)net);
  PetscMPIInt size, rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(PetscMalloc2(size, &net->count, size, &net->displ));
  for (PetscMPIInt r = 0, first = 0; r < size; r++) {
    net->displ[r] = first;
    net->count[r] = (PetscMPIInt)(net->nparams / size + (r < net->nparams % size));
    first += net->count[r];
  }
  PetscCall(PetscMalloc3(net->nparams, &net->values, net->nparams, &net->gradient, net->count[rank], &net->reduced));
  net->bytes += (size_t)net->nparams * (sizeof(PetscScalar) + sizeof(double));
  PetscCall(PetscLogEventGetId("HG parameters", &net->gather));
  if (net->gather < 0) PetscCall(PetscLogEventRegister("HG parameters", HG_NET_CLASSID, &net->gather));
  PetscCall(PetscLogEventGetId("HG parameters*", &net->reduce));
  if (net->reduce < 0) PetscCall(PetscLogEventRegister("HG parameters*", HG_NET_CLASSID, &net->reduce));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetUp - Build a network for an input, and plan its tensors, messages and parameters

   Collective

   Input Parameters:
+  net   - the network
.  in    - partition of the input
-  dtype - element type of all tensors

   Options Database Key:
.  -net_view - print the plan

   Level: beginner

   Errors:
   Refuses an input whose channels are not those of the network, and what a layer refuses.

.seealso: `HGNetForward()`, `HGNetAdjoint()`, `HGNetView()`
@*/
PetscErrorCode HGNetSetUp(HGNet net, HGPartition in, HGDType dtype)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)net);
  PetscInt size[HG_AXES];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscValidHeaderSpecific(in, HG_PARTITION_CLASSID, 2);
  HGCheck(!net->setup, comm, "HGNetSetUp() was called before; create another network for another input");
  PetscCall(HGPartitionReference(in));
  net->in    = in;
  net->dtype = dtype;
  PetscCall(HGPartitionGetSizes(in, NULL, size));
  if (net->ops->build) {
    HGCheck(size[HG_C] == net->cin, comm, "the input has %" PetscInt_FMT " channels, the network takes %" PetscInt_FMT, size[HG_C], net->cin);
    PetscCall((*net->ops->build)(net));
  }
  HGCheck(net->n, comm, "the network has no layers; use HGNetSetType() or HGNetAddLayer()");
  PetscCall(InferShapes(net));
  PetscCall(PlanTensors(net));
  PetscCall(BindLayers(net));
  PetscCall(PlanParameters(net));
  net->setup = PETSC_TRUE;
  PetscCall(PetscObjectViewFromOptions((PetscObject)net, NULL, "-net_view"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode LayoutString(HGNet net, HGPartition p, char s[], size_t len)
{
  PetscInt size[HG_AXES], dim;
  char     space[3][24] = {"", "", ""};

  PetscFunctionBegin;
  (void)net;
  PetscCall(HGPartitionGetSizes(p, &dim, size));
  for (PetscInt a = 3 - dim; a < 3; a++) PetscCall(PetscSNPrintf(space[a], sizeof(space[a]), " x %" PetscInt_FMT, size[HG_Z + a]));
  PetscCall(PetscSNPrintf(s, len, "%" PetscInt_FMT " x %" PetscInt_FMT "%s%s%s", size[HG_N], size[HG_C], space[0], space[1], space[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ViewLayer(HGNet net, PetscInt i, PetscViewer viewer)
{
  HGLayer            layer = net->node[i].layer;
  HGPartition        p;
  char               shape[96];
  PetscInt           halo[3][2], adjoint[3][2], n, params = 0, messages;
  PetscInt64         bytes;
  PetscLogDouble     flops;
  const HGParameter *param;
  const char        *name;

  PetscFunctionBegin;
  PetscCall(PetscObjectGetName((PetscObject)layer, &name));
  PetscCall(HGLayerGetOutputPartition(layer, &p));
  PetscCall(LayoutString(net, p, shape, sizeof(shape)));
  PetscCall(HGLayerGetHalo(layer, halo, adjoint));
  PetscCall(HGLayerGetParameters(layer, &n, &param));
  for (PetscInt j = 0; j < n; j++) params += param[j].size;
  PetscCall(HGLayerGetFlops(layer, &flops));
  PetscCall(HGLayerGetTraffic(layer, &messages, &bytes));
  PetscCall(PetscViewerASCIIPrintf(viewer, "%-12s %-24s %" PetscInt_FMT "+%" PetscInt_FMT "   %10" PetscInt_FMT " %12.4g %8" PetscInt_FMT " %12" PetscInt64_FMT "\n", name, shape, halo[2][0], halo[2][1], params, flops, messages, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNetView - Print a network's plan: for each layer output shape, halo, parameters, FLOP, messages and bytes

   Collective

   Input Parameters:
+  net    - the network, set up
-  viewer - an ASCII viewer

   Options Database Key:
.  -net_view - print it at set-up

   Level: beginner

   Units:
   FLOP of one forward application over all ranks (the adjoint takes twice as many); messages and bytes likewise; MiB of
   this rank 0's memory

.seealso: `HGNetSetUp()`
@*/
PetscErrorCode HGNetView(HGNet net, PetscViewer viewer)
{
  char options[1024], shape[96];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCheck(net->setup, PetscObjectComm((PetscObject)net), PETSC_ERR_ARG_WRONGSTATE, "call HGNetSetUp() before HGNetView()");
  PetscCall(HGView(viewer));
  if (net->ops->build) {
    PetscCall(HGNetGetOptionsString(net, options, sizeof(options)));
    PetscCall(PetscViewerASCIIPrintf(viewer, "HGNet: %s\n", options));
  }
  PetscCall(HGPartitionView(net->in, viewer));
  PetscCall(LayoutString(net, net->in, shape, sizeof(shape)));
  PetscCall(PetscViewerASCIIPrintf(viewer, "%-12s %-24s %-5s %10s %12s %8s %12s\n", "layer", "output", "halo", "parameters", "FLOP", "messages", "bytes"));
  PetscCall(PetscViewerASCIIPrintf(viewer, "%-12s %s\n", "input", shape));
  for (PetscInt i = 0; i < net->n; i++) PetscCall(ViewLayer(net, i, viewer));
  PetscCall(PetscViewerASCIIPrintf(viewer, "%" PetscInt_FMT " parameters; memory planned on rank 0: %.1f MiB (%s)\n", net->nparams, (double)net->bytes / 1048576, net->training ? "training" : "inference"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
