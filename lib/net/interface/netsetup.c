/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

/* The adjoint sweep meets the readers of a tensor from the last to the first: the first one it meets writes the gradient, the others
   add. add[i][k]: of input k of node i. */
static PetscErrorCode ChooseAdds(HGNet net, PetscBool **add)
{
  PetscBool *written;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(net->n, &written));
  written[net->n - 1] = PETSC_TRUE;
  for (PetscInt i = net->n - 1; i >= 0; i--) {
    HGNode *node = &net->node[i];

    PetscCall(PetscCalloc1(node->nin, &add[i]));
    for (PetscInt k = 0; k < node->nin; k++) {
      const PetscInt from = node->in[k];

      if (from < 0) continue;
      add[i][k]     = written[from];
      written[from] = PETSC_TRUE;
    }
  }
  PetscCall(PetscFree(written));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BindInput(HGNet net, PetscInt i, PetscInt k, PetscBool add)
{
  HGNode       *node = &net->node[i];
  const HGNode *from = node->in[k] >= 0 ? &net->node[node->in[k]] : NULL;
  HGTensor      dx   = from && node->gradient ? from->dy : NULL;
  PetscBool     masks;

  PetscFunctionBegin;
  PetscCall(HGLayerGetNeeds(node->layer, k, NULL, NULL, &masks));
  PetscCall(HGLayerSetStale(node->layer, k, node->stale[k]));
  PetscCall(HGLayerSetInput(node->layer, k, from ? from->y : net->x, dx, add, dx && masks ? from->rectified : NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BindLayers(HGNet net)
{
  PetscBool **add;
  size_t      most = 0;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(net->n, &add));
  PetscCall(ChooseAdds(net, add));
  for (PetscInt i = 0; i < net->n; i++) {
    HGNode *node = &net->node[i];
    size_t  work;

    for (PetscInt k = 0; k < node->nin; k++) PetscCall(BindInput(net, i, k, add[i][k]));
    PetscCall(HGLayerSetOutput(node->layer, node->y, node->dy));
    PetscCall(HGLayerSetTraining(node->layer, net->training));
    PetscCall(HGLayerGetWorkSize(node->layer, &work));
    most = PetscMax(most, work);
    PetscCall(PetscFree(add[i]));
  }
  PetscCall(PetscFree(add));
  PetscCall(PetscMalloc(most + 64, &net->work));
  net->bytes += most;
  for (PetscInt i = 0; i < net->n; i++)
    PetscCall(HGLayerSetWork(net->node[i].layer, (char *)net->work + (64 - (uintptr_t)net->work % 64) % 64));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DivideParameters(HGNet net)
{
  PetscFunctionBegin;
  PetscCall(HGParametersCreate(PetscObjectComm((PetscObject)net), net->dtype, net->kept, &net->parameters));
  for (PetscInt i = 0; i < net->n; i++) PetscCall(HGParametersAddLayer(net->parameters, net->node[i].layer));
  PetscCall(HGParametersDivide(net->parameters));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlanParameters(HGNet net)
{
  double      bytes, largest;
  const char *name;

  PetscFunctionBegin;
  PetscCall(HGParametersSetUp(net->parameters, net->gradients));
  PetscCall(HGParametersGetNeed(net->parameters, net->gradients, &bytes, &name, &largest));
  net->bytes += (size_t)bytes;
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
   Refuses an input whose channels are not those of the network, what a layer refuses, layers that read each other in a cycle, lead nowhere or
   read a layer that does not exist.

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
  HGCheck(net->kept == HG_F64 || dtype == HG_F32, comm,
          "parameters in single precision (-tao_adam_dtype f32) are for networks that compute in it; take f64, or -hg_dtype f32");
  PetscCall(HGPartitionReference(in));
  net->in    = in;
  net->dtype = dtype;
  PetscCall(HGPartitionGetSizes(in, NULL, size));
  if (net->ops->build) {
    HGCheck(size[HG_C] == net->cin, comm, "the input has %" PetscInt_FMT " channels, the network takes %" PetscInt_FMT, size[HG_C],
            net->cin);
    PetscCall((*net->ops->build)(net));
  }
  HGCheck(net->n, comm, "the network has no layers; use HGNetSetType() or HGNetAddLayer()");
  PetscCall(HGNetResolveGraph(net));
  PetscCall(HGNetInferShapes(net));
  PetscCall(DivideParameters(net));
  PetscCall(HGNetPlanTensors(net));
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

/* What a layer reads if it is not the layer before, and what the plan does with its output */
static PetscErrorCode ViewInputs(HGNet net, PetscInt i, PetscViewer viewer)
{
  const HGNode *node  = &net->node[i];
  PetscBool     chain = node->nin == 1 && node->in[0] == i - 1 ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  for (PetscInt k = 0; k < node->nin && !chain; k++)
    PetscCall(PetscViewerASCIIPrintf(viewer, "%s%s", k ? " + " : "",
                                     node->in[k] >= 0 ? ((PetscObject)net->node[node->in[k]].layer)->name : "input"));
  if (node->root != i)
    PetscCall(PetscViewerASCIIPrintf(viewer, "%sin place in %s", chain ? "" : ", ", ((PetscObject)net->node[node->root].layer)->name));
  if (!node->keep) PetscCall(PetscViewerASCIIPrintf(viewer, "%srecomputed", chain && node->root == i ? "" : ", "));
  PetscCall(PetscViewerASCIIPrintf(viewer, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ViewLayer(HGNet net, PetscInt i, PetscViewer viewer)
{
  HGLayer             layer = net->node[i].layer;
  HGPartition         p;
  char                shape[96];
  PetscInt            halo[3][2], n, messages, parts[HG_AXES];
  PetscInt64          params = 0, held, most, moved;
  const HGHaloWidths *widths;
  PetscInt64          bytes;
  PetscLogDouble      flops;
  const HGParameter  *param;
  const char         *name;

  PetscFunctionBegin;
  PetscCall(PetscObjectGetName((PetscObject)layer, &name));
  PetscCall(HGLayerGetOutputPartition(layer, &p));
  PetscCall(LayoutString(net, p, shape, sizeof(shape)));
  PetscCall(HGPartitionGetParts(p, parts));
  PetscCall(HGLayerGetHalo(layer, 0, &widths, NULL));
  PetscCall(HGHaloWidthsLargest(widths, halo));
  PetscCall(HGLayerGetParameters(layer, &n, &param));
  for (PetscInt j = 0; j < n; j++) params += param[j].size;
  PetscCall(HGLayerGetFlops(layer, &flops));
  PetscCall(HGParametersGetUse(net->parameters, i, &held, &messages, &moved));
  PetscCallMPI(MPI_Allreduce(&held, &most, 1, MPIU_INT64, MPI_MAX, PetscObjectComm((PetscObject)net)));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &moved, 1, MPIU_INT64, MPI_SUM, PetscObjectComm((PetscObject)net)));
  PetscCall(HGLayerGetTraffic(layer, &messages, &bytes));
  PetscCall(PetscViewerASCIIPrintf(viewer,
                                   "%-18s %-24s %" PetscInt_FMT "+%" PetscInt_FMT "   %10" PetscInt64_FMT " %10" PetscInt64_FMT
                                   " %10" PetscInt64_FMT " %12" PetscInt64_FMT " %12.4g %8" PetscInt_FMT " %12" PetscInt64_FMT
                                   " %6" PetscInt_FMT "  ",
                                   name, shape, halo[2][0], halo[2][1], params, held, most, moved, flops, messages, bytes,
                                   parts[HG_N] * parts[HG_C] * parts[HG_Z] * parts[HG_Y] * parts[HG_X]));
  PetscCall(ViewInputs(net, i, viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNetView - Print a network's plan: for each layer output shape, halo, parameters, their movement, FLOP, messages and bytes

   Collective

   Input Parameters:
+  net    - the network, set up
-  viewer - an ASCII viewer

   Options Database Key:
.  -net_view - print it at set-up

   Level: beginner

   Units:
   FLOP of one forward application over all ranks (the adjoint takes twice as many); messages and bytes of its activations likewise; MiB of
   this rank 0's memory

   Notes:
   Of a layer's parameters, "held" are those that rank 0 owns or keeps a copy of, "most held" is the largest such number of any rank, and "moved bytes" what
   all ranks send in a step for their values and gradients.

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
  PetscCall(PetscViewerASCIIPrintf(viewer, "%-18s %-24s %-5s %10s %10s %10s %12s %12s %8s %12s %6s  %s\n", "layer", "output", "halo",
                                   "parameters", "held", "most held", "moved bytes", "FLOP", "messages", "bytes", "ranks", "reads"));
  PetscCall(PetscViewerASCIIPrintf(viewer, "%-18s %s\n", "input", shape));
  for (PetscInt i = 0; i < net->n; i++) PetscCall(ViewLayer(net, i, viewer));
  PetscCall(PetscViewerASCIIPrintf(
      viewer,
      "%" PetscInt_FMT " parameters; memory planned on rank 0: %.1f MiB (%s), of which tensors %.1f MiB (%.1f MiB if they shared none)\n",
      net->nparams, (double)net->bytes / 1048576,
      net->gradients ? net->recompute ? "training, activations recomputed" : "training" : "inference", (double)net->arena_bytes / 1048576,
      (double)net->unshared_bytes / 1048576));
  PetscFunctionReturn(PETSC_SUCCESS);
}
