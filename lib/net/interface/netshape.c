/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

/* Shapes, partitions, halos and parameters follow from the input, layer by layer. Where a grid is too thin for the ranks it is
   on, a repartition is inserted. */

static PetscErrorCode OutputOf(HGNet net, PetscInt node, HGPartition *p)
{
  PetscFunctionBegin;
  if (node == HG_INPUT) *p = net->in;
  else PetscCall(HGLayerGetOutputPartition(net->node[node].layer, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Puts a repartition between node i and its input k; i moves up by one */
static PetscErrorCode InsertMove(HGNet net, PetscInt *i, PetscInt k, HGPartition to)
{
  const PetscInt from = net->node[*i].in[k];
  HGPartition    p;
  HGLayer        layer;
  char           name[128];

  PetscFunctionBegin;
  PetscCall(OutputOf(net, from, &p));
  PetscCall(PetscSNPrintf(name, sizeof(name), k ? "move_%s_%" PetscInt_FMT : "move_%s", ((PetscObject)net->node[*i].layer)->name, k + 1));
  PetscCall(HGLayerCreate(PetscObjectComm((PetscObject)net), &layer));
  PetscCall(PetscObjectSetName((PetscObject)layer, name));
  PetscCall(HGLayerSetType(layer, HGLAYERREPARTITION));
  PetscCall(HGLayerRepartitionSetPartition(layer, to));
  PetscCall(HGLayerSetUp(layer, 1, &p, net->dtype));
  PetscCall(HGNetInsertNode(net, *i, layer, from));
  PetscCall(HGLayerDestroy(&layer));
  ++*i;
  net->node[*i].in[k] = *i - 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All inputs of a node go where the one with the most parts is */
static PetscErrorCode AlignInputs(HGNet net, PetscInt *i)
{
  HGPartition p, to = NULL;
  PetscInt    most = 0;

  PetscFunctionBegin;
  for (PetscInt k = 0; k < net->node[*i].nin; k++) {
    PetscInt parts[HG_AXES], n = 1;

    PetscCall(OutputOf(net, net->node[*i].in[k], &p));
    PetscCall(HGPartitionGetParts(p, parts));
    for (int a = HG_Z; a < HG_AXES; a++) n *= parts[a];
    if (n > most) {
      most = n;
      to   = p;
    }
  }
  for (PetscInt k = 0; k < net->node[*i].nin; k++) {
    PetscInt  sp[HG_AXES], st[HG_AXES];
    PetscBool same, grid;

    PetscCall(OutputOf(net, net->node[*i].in[k], &p));
    PetscCall(HGPartitionGetSizes(p, NULL, sp));
    PetscCall(HGPartitionGetSizes(to, NULL, st));
    PetscCall(PetscArraycmp(&sp[HG_Z], &st[HG_Z], 3, &grid));
    PetscCall(HGPartitionIsAligned(p, to, &same));
    if (grid && !same) PetscCall(InsertMove(net, i, k, to));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpNode(HGNet net, PetscInt i)
{
  HGNode      *node = &net->node[i];
  HGPartition *in;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(node->nin, &in));
  for (PetscInt k = 0; k < node->nin; k++) PetscCall(OutputOf(net, node->in[k], &in[k]));
  PetscCall(HGLayerSetUp(node->layer, node->nin, in, net->dtype));
  PetscCall(PetscFree(in));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Parts along each axis that are no thinner than the halo, and have output points: as many as there are, if they do, or if the output is divided
   in a way of its own */
static PetscErrorCode ChooseParts(HGLayer layer, HGPartition in, PetscInt parts[3], PetscBool *fewer)
{
  const HGHaloWidths *halo;
  HGPartition         out;
  PetscInt            most[3][2], n[HG_AXES], m[HG_AXES], now[HG_AXES], own[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGLayerGetHalo(layer, 0, &halo, NULL));
  PetscCall(HGHaloWidthsLargest(halo, most));
  PetscCall(HGLayerGetOutputPartition(layer, &out));
  PetscCall(HGPartitionGetSizes(in, NULL, n));
  PetscCall(HGPartitionGetSizes(out, NULL, m));
  PetscCall(HGPartitionGetParts(in, now));
  PetscCall(HGPartitionGetParts(out, own));
  *fewer = PETSC_FALSE;
  for (int a = 0; a < 3; a++) {
    const PetscInt thick = PetscMax(1, PetscMax(most[a][0], most[a][1])), axis = HG_Z + a, *start;
    PetscInt       thin = n[axis];

    PetscCall(HGPartitionGetStarts(in, axis, &start));
    for (PetscInt p = 0; p < now[axis]; p++) thin = PetscMin(thin, start[p + 1] - start[p]);
    parts[a] = now[axis];
    if (now[axis] == 1 || own[axis] != now[axis] || (thin >= thick && m[axis] >= now[axis])) continue;
    parts[a] = PetscMax(1, PetscMin(PetscMin(n[axis] / thick, m[axis]), now[axis] - (thin < thick)));
    if (parts[a] < now[axis]) *fewer = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A layer whose grid is too thin moves to fewer ranks, as often as it takes: halos in points can grow with larger parts */
static PetscErrorCode Agglomerate(HGNet net, PetscInt *i)
{
  PetscFunctionBegin;
  for (PetscInt tries = 0; tries < 8; tries++) {
    HGPartition in, to;
    PetscInt    parts[3];
    PetscBool   fewer = PETSC_FALSE;

    PetscCall(OutputOf(net, net->node[*i].in[0], &in));
    PetscCall(ChooseParts(net->node[*i].layer, in, parts, &fewer));
    if (!fewer) PetscFunctionReturn(PETSC_SUCCESS);
    PetscCall(HGPartitionCreateFewer(in, parts, &to));
    for (PetscInt k = 0; k < net->node[*i].nin; k++) PetscCall(InsertMove(net, i, k, to));
    PetscCall(HGPartitionDestroy(&to));
    PetscCall(SetUpNode(net, *i));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An output on the grid of the input goes where the input is */
static PetscErrorCode MoveOutputBack(HGNet net)
{
  HGPartition p;
  PetscInt    in[HG_AXES], out[HG_AXES];
  PetscBool   same, grid;
  HGLayer     layer;

  PetscFunctionBegin;
  PetscCall(OutputOf(net, net->n - 1, &p));
  PetscCall(HGPartitionGetSizes(net->in, NULL, in));
  PetscCall(HGPartitionGetSizes(p, NULL, out));
  PetscCall(PetscArraycmp(&in[HG_Z], &out[HG_Z], 3, &grid));
  PetscCall(HGPartitionIsAligned(net->in, p, &same));
  if (!grid || same) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLayerCreate(PetscObjectComm((PetscObject)net), &layer));
  PetscCall(PetscObjectSetName((PetscObject)layer, "move_output"));
  PetscCall(HGLayerSetType(layer, HGLAYERREPARTITION));
  PetscCall(HGLayerRepartitionSetPartition(layer, net->in));
  PetscCall(HGNetInsertNode(net, net->n, layer, net->n - 1));
  PetscCall(HGLayerDestroy(&layer));
  PetscCall(SetUpNode(net, net->n - 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ranks that have no channel in any layer would do nothing */
static PetscErrorCode CheckChannelParts(HGNet net)
{
  PetscInt    parts[HG_AXES], size[HG_AXES], most;
  const char *widest = "input";

  PetscFunctionBegin;
  PetscCall(HGPartitionGetParts(net->in, parts));
  PetscCall(HGPartitionGetSizes(net->in, NULL, size));
  most = size[HG_C];
  for (PetscInt i = 0; i < net->n; i++) {
    HGPartition p;

    PetscCall(OutputOf(net, i, &p));
    PetscCall(HGPartitionGetSizes(p, NULL, size));
    if (size[HG_C] <= most) continue;
    most = size[HG_C];
    PetscCall(PetscObjectGetName((PetscObject)net->node[i].layer, &widest));
  }
  HGCheck(parts[HG_C] <= most, PetscObjectComm((PetscObject)net),
          "%" PetscInt_FMT " parts of the channels, and the layer that has most, %s, has %" PetscInt_FMT
          " channels; give fewer parts with -hg_channel_parts",
          parts[HG_C], widest, most);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CountParameters(HGNet net)
{
  PetscFunctionBegin;
  net->nparams = 0;
  for (PetscInt i = 0; i < net->n; i++) {
    HGNode            *node = &net->node[i];
    const HGParameter *param;
    PetscInt           n;

    PetscCall(HGLayerGetParameters(node->layer, &n, &param));
    node->offset   = net->nparams;
    node->gradient = n && net->gradients ? PETSC_TRUE : PETSC_FALSE;
    for (PetscInt k = 0; k < node->nin && net->gradients; k++)
      if (node->in[k] >= 0 && net->node[node->in[k]].gradient) node->gradient = PETSC_TRUE;
    if (i == net->n - 1) node->gradient = net->gradients;
    for (PetscInt j = 0; j < n; j++) {
      HGCheckOptions(param[j].size <= PETSC_MAX_INT - net->nparams, net,
                     "%s: the network has more than %" PetscInt_FMT
                     " parameters, and this PETSc counts no further; choose a smaller -net_width, or a PETSc with --with-64-bit-indices",
                     ((PetscObject)node->layer)->name, PETSC_MAX_INT);
      net->nparams += (PetscInt)param[j].size;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y and dy of a node are as wide as the layers on either side read */
static PetscErrorCode UniteHalos(HGNet net)
{
  PetscFunctionBegin;
  PetscCall(HGHaloWidthsCreate(net->in, &net->xhalo));
  for (PetscInt i = 0; i < net->n; i++) {
    HGPartition p;

    PetscCall(OutputOf(net, i, &p));
    PetscCall(HGHaloWidthsCreate(p, &net->node[i].halo));
  }
  for (PetscInt i = 0; i < net->n; i++) {
    HGNode             *node = &net->node[i];
    const HGHaloWidths *halo, *adjoint;
    PetscBool           reads = PETSC_FALSE; /* dy with ghost points */

    for (PetscInt k = 0; k < node->nin; k++) {
      const PetscInt from = node->in[k];

      PetscCall(HGLayerGetHalo(node->layer, k, &halo, &adjoint));
      PetscCall(HGHaloWidthsUnite(from >= 0 ? &net->node[from].halo : &net->xhalo, halo));
      if (from >= 0 && net->node[from].gradient) reads = PETSC_TRUE;
    }
    PetscCall(HGLayerNeedsAdjointHalo(node->layer, &reads));
    if (net->gradients && reads) PetscCall(HGHaloWidthsUnite(&node->halo, adjoint));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGNetInferShapes(HGNet net)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < net->n; i++) {
    PetscCall(AlignInputs(net, &i));
    PetscCall(SetUpNode(net, i));
    PetscCall(Agglomerate(net, &i));
  }
  PetscCall(MoveOutputBack(net));
  PetscCall(CheckChannelParts(net));
  PetscCall(CountParameters(net));
  PetscCall(UniteHalos(net));
  PetscFunctionReturn(PETSC_SUCCESS);
}
