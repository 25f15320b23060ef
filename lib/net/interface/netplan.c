/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

/*
  The plan of memory. Steps are the layers forward, and their adjoints in reverse, with layers that are run again in between if
  activations are recomputed. An output y lives from the step that computes it to the last that reads it, a gradient dy from the
  first that writes it to the adjoint of its layer. All tensors lie in one arena; those that do not live at the same time
  share memory. Inputs of a concatenation lie in its output from the start where that is possible.
*/

/* ---- steps ---- */

static PetscErrorCode AddStep(HGNet net, HGStepKind kind, PetscInt node)
{
  PetscFunctionBegin;
  net->step[net->nsteps++] = (HGStep){kind, node};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointReads(HGNet net, PetscInt i, PetscInt k, PetscBool *x)
{
  const HGNode *node = &net->node[i], *from = node->in[k] >= 0 ? &net->node[node->in[k]] : NULL;

  PetscFunctionBegin;
  PetscCall(HGLayerGetNeeds(node->layer, k, x, NULL, NULL));
  if (from && from->gradient && from->rectified) *x = PETSC_TRUE;
  if (!node->gradient) *x = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Which outputs of a segment are computed again: those that are not kept and that an adjoint or another replay of the segment reads */
static PetscErrorCode MarkReplays(HGNet net, PetscInt first, PetscInt last, PetscBool replay[])
{
  PetscFunctionBegin;
  for (PetscInt i = last - 1; i >= first; i--) {
    PetscBool reads;

    PetscCall(HGLayerGetNeeds(net->node[i].layer, 0, NULL, &reads, NULL));
    if (net->node[i].rectify) reads = PETSC_TRUE;
    for (PetscInt j = i + 1; j < last && !reads; j++) {
      for (PetscInt k = 0; k < net->node[j].nin && !reads; k++) {
        if (net->node[j].in[k] != i) continue;
        PetscCall(AdjointReads(net, j, k, &reads));
        if (replay[j]) reads = PETSC_TRUE;
      }
    }
    replay[i] = reads && !net->node[i].keep ? PETSC_TRUE : PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* With recomputation the nodes are cut into segments of about sqrt(n); kept are outputs that other segments read, those that share
   their memory with others, and the last segment. */
static PetscErrorCode MarkKept(HGNet net, PetscInt segment)
{
  const PetscInt n = net->n;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++)
    net->node[i].keep = !net->recompute || i / segment == (n - 1) / segment || net->node[i].root != i ? PETSC_TRUE : PETSC_FALSE;
  for (PetscInt i = 0; i < n; i++) {
    if (net->node[i].root != i) net->node[net->node[i].root].keep = PETSC_TRUE;
    for (PetscInt k = 0; k < net->node[i].nin; k++) {
      const PetscInt from = net->node[i].in[k];

      if (from >= 0 && from / segment != i / segment) net->node[from].keep = PETSC_TRUE;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlanSteps(HGNet net)
{
  const PetscInt n       = net->n;
  PetscInt       segment = PetscMax(1, (PetscInt)PetscCeilReal(PetscSqrtReal((PetscReal)n)));
  PetscBool     *replay;

  PetscFunctionBegin;
  PetscCall(MarkKept(net, segment));
  PetscCall(PetscMalloc1(3 * n, &net->step));
  PetscCall(PetscCalloc1(n, &replay));
  for (PetscInt i = 0; i < n; i++) PetscCall(AddStep(net, HG_STEP_FORWARD, i));
  net->nforward = net->nsteps;
  for (PetscInt s = (n - 1) / segment; s >= 0 && net->gradients; s--) {
    const PetscInt first = s * segment, last = PetscMin(n, first + segment);

    PetscCall(MarkReplays(net, first, last, replay));
    for (PetscInt i = first; i < last; i++) {
      if (replay[i]) PetscCall(AddStep(net, HG_STEP_REPLAY, i));
      for (PetscInt k = 0; k < net->node[i].nin; k++)
        if (net->node[i].in[k] >= first && replay[net->node[i].in[k]] && !replay[i]) net->node[i].stale[k] = PETSC_TRUE;
    }
    for (PetscInt i = last - 1; i >= first; i--)
      if (net->node[i].gradient) PetscCall(AddStep(net, HG_STEP_ADJOINT, i));
  }
  PetscCall(PetscFree(replay));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- ghost points that change between forward and adjoint ---- */

static PetscErrorCode ReadsGhosts(HGLayer layer, PetscInt k, PetscBool *reads)
{
  const HGHaloWidths *halo;
  PetscInt            most[3][2];

  PetscFunctionBegin;
  PetscCall(HGLayerGetHalo(layer, k, &halo, NULL));
  PetscCall(HGHaloWidthsLargest(halo, most));
  *reads = PETSC_FALSE;
  for (int i = 0; i < 6; i++)
    if (most[i / 2][i % 2]) *reads = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Layers that read the same memory, an output or the network's input, with other boundary conditions: each brings its ghost
   points whenever it reads them */
static PetscErrorCode MarkMixed(HGNet net, PetscInt root)
{
  HGBoundary first[3], other[3];
  PetscBool  found = PETSC_FALSE, shared_halo = PETSC_FALSE;

  PetscFunctionBegin;
  for (int mark = 0; mark < 2; mark++) {
    for (PetscInt i = 0; i < net->n; i++) {
      for (PetscInt k = 0; k < net->node[i].nin; k++) {
        const PetscInt from  = net->node[i].in[k];
        PetscBool      reads = PETSC_FALSE, same = PETSC_TRUE;

        if ((from >= 0 ? net->node[from].root : from) != root) continue;
        PetscCall(ReadsGhosts(net->node[i].layer, k, &reads));
        if (!reads) continue;
        if (mark) net->node[i].stale[k] = PETSC_TRUE;
        PetscCall(HGLayerGetBoundary(net->node[i].layer, k, found ? other : first));
        if (found) PetscCall(PetscMemcmp(first, other, sizeof(first), &same));
        if (found && !same) shared_halo = PETSC_TRUE;
        found = PETSC_TRUE;
      }
    }
    if (!shared_halo) PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (root >= 0) net->node[root].shared_halo = PETSC_TRUE;
  else net->x_shared_halo = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- outputs in the memory of concatenations ---- */

/* The gradient of a node in place is first written by readers of the concatenation, so its other readers come before these */
static PetscErrorCode CanLieIn(HGNet net, PetscInt i, PetscInt concat, PetscBool *can)
{
  PetscInt    last = concat, times = 0, parts[HG_AXES];
  HGPartition p;

  PetscFunctionBegin;
  *can = PETSC_FALSE;
  if (i == HG_INPUT || net->node[i].root != i || net->node[i].gradient != net->node[concat].gradient) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLayerGetOutputPartition(net->node[i].layer, &p));
  PetscCall(HGPartitionGetParts(p, parts));
  if (parts[HG_C] > 1) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt j = 0; j < net->n; j++) {
    if (net->node[j].root == i && j != i) PetscFunctionReturn(PETSC_SUCCESS);
    for (PetscInt k = 0; k < net->node[j].nin; k++) {
      if (net->node[j].in[k] == concat) last = PetscMax(last, j);
      if (net->node[j].in[k] == i && j == concat) times++;
    }
  }
  for (PetscInt j = last; j < net->n; j++)
    for (PetscInt k = 0; k < net->node[j].nin; k++)
      if (net->node[j].in[k] == i && j != concat) PetscFunctionReturn(PETSC_SUCCESS);
  *can = times == 1 && concat != net->n - 1 ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlaceInConcats(HGNet net)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < net->n; i++) net->node[i].root = i;
  for (PetscInt c = 0; c < net->n; c++) {
    PetscBool is;
    PetscInt  channel = 0;

    PetscCall(PetscObjectTypeCompare((PetscObject)net->node[c].layer, HGLAYERCONCAT, &is));
    for (PetscInt k = 0; is && k < net->node[c].nin; k++) {
      const PetscInt from = net->node[c].in[k];
      PetscInt       size[HG_AXES];
      HGPartition    p = net->in;
      PetscBool      can;

      if (from >= 0) PetscCall(HGLayerGetOutputPartition(net->node[from].layer, &p));
      PetscCall(HGPartitionGetSizes(p, NULL, size));
      PetscCall(CanLieIn(net, from, c, &can));
      if (can) {
        net->node[from].root    = c;
        net->node[from].channel = channel;
        PetscCall(HGHaloWidthsUnite(&net->node[c].halo, &net->node[from].halo));
      }
      channel += size[HG_C];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- where outputs are rectified, and who applies the derivative ---- */

static PetscErrorCode MarkRectified(HGNet net)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)net), &rank));
  for (PetscInt i = 0; i < net->n; i++) {
    HGNode      *node = &net->node[i];
    HGActivation act;
    HGPartition  p;
    HGBox        box;
    PetscBool    any = PETSC_FALSE;

    PetscCall(HGLayerHasFusedActivation(node->layer, &act));
    for (PetscInt k = 0; k < node->nin; k++)
      if (node->in[k] >= 0 && net->node[node->in[k]].root == i && net->node[node->in[k]].rectified) any = PETSC_TRUE;
    if (act != HG_ACT_RELU && !any) continue;
    PetscCall(HGLayerGetOutputPartition(node->layer, &p));
    PetscCall(HGPartitionGetBox(p, rank, &box));
    PetscCall(PetscCalloc1(box.size[HG_C] + 1, &node->rectified));
    for (PetscInt c = 0; c < box.size[HG_C] && act == HG_ACT_RELU; c++) node->rectified[c] = 1;
    for (PetscInt k = 0; k < node->nin && act != HG_ACT_RELU; k++) {
      const HGNode *from = node->in[k] >= 0 ? &net->node[node->in[k]] : NULL;

      if (!from || from->root != i || !from->rectified) continue;
      PetscCall(HGLayerGetOutputPartition(from->layer, &p));
      PetscCall(HGPartitionGetBox(p, rank, &box));
      for (PetscInt c = 0; c < box.size[HG_C]; c++) node->rectified[from->channel + c] = from->rectified[c];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A reader that cannot mask leaves the derivative of the activation to a pass over dy */
static PetscErrorCode MarkUnmasked(HGNet net, PetscInt from)
{
  HGActivation act;

  PetscFunctionBegin;
  PetscCall(HGLayerHasFusedActivation(net->node[from].layer, &act));
  if (act == HG_ACT_RELU) net->node[from].rectify = PETSC_TRUE;
  else
    for (PetscInt k = 0; k < net->node[from].nin; k++) {
      const PetscInt in = net->node[from].in[k];

      if (in >= 0 && net->node[in].root == from && net->node[in].rectified) PetscCall(MarkUnmasked(net, in));
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MarkRectifyPasses(HGNet net)
{
  PetscFunctionBegin;
  PetscCall(MarkRectified(net));
  for (PetscInt i = 0; i < net->n; i++) {
    for (PetscInt k = 0; k < net->node[i].nin; k++) {
      const PetscInt from = net->node[i].in[k];
      PetscBool      masks;

      if (from < 0 || !net->node[from].rectified || net->node[from].root == i) continue;
      PetscCall(HGLayerGetNeeds(net->node[i].layer, k, NULL, NULL, &masks));
      if (!masks) PetscCall(MarkUnmasked(net, from));
    }
  }
  if (net->node[net->n - 1].rectified) PetscCall(MarkUnmasked(net, net->n - 1)); /* what the caller gives belongs to y */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- lifetimes ---- */

#define MAX_LIVES 4

typedef struct {
  HGPartition         p;
  const HGHaloWidths *halo;
  HGTensor            tensor;
  PetscInt            lives, born[MAX_LIVES], dies[MAX_LIVES];
  size_t              bytes, offset;
} Item;

static void Live(Item *item, PetscInt step)
{
  if (!item->lives) {
    item->lives   = 1;
    item->born[0] = item->dies[0] = step;
  }
  item->born[item->lives - 1] = PetscMin(item->born[item->lives - 1], step);
  item->dies[item->lives - 1] = PetscMax(item->dies[item->lives - 1], step);
}

static void LiveAgain(Item *item, PetscInt step)
{
  item->born[item->lives] = item->dies[item->lives] = step;
  item->lives++;
}

/* Step `nforward` is that of the loss, which reads the output and writes its gradient */
static PetscErrorCode GetLives(HGNet net, Item y[], Item dy[], Item *x)
{
  const PetscInt n = net->n, loss = net->nforward, end = net->nsteps + 1;

  PetscFunctionBegin;
  Live(x, -1);
  Live(x, end);
  for (PetscInt s = 0; s < net->nsteps; s++) {
    const HGStep  *step = &net->step[s];
    const PetscInt at = s < net->nforward ? s : s + 1, i = step->node;
    const HGNode  *node = &net->node[i];
    PetscBool      reads;

    if (step->kind == HG_STEP_REPLAY) LiveAgain(&y[i], at);
    if (step->kind == HG_STEP_FORWARD) Live(&y[node->root], at);
    for (PetscInt k = 0; k < node->nin; k++) {
      const PetscInt from = node->in[k];

      if (from == HG_INPUT) continue;
      reads = PETSC_TRUE;
      if (step->kind == HG_STEP_ADJOINT) PetscCall(AdjointReads(net, i, k, &reads));
      if (reads) Live(&y[net->node[from].root], at);
      if (step->kind == HG_STEP_ADJOINT && net->node[from].gradient) Live(&dy[net->node[from].root], at);
    }
    if (step->kind != HG_STEP_ADJOINT) continue;
    Live(&dy[node->root], at);
    PetscCall(HGLayerGetNeeds(node->layer, 0, NULL, &reads, NULL));
    if (reads || node->rectify) Live(&y[node->root], at);
  }
  Live(&y[net->node[n - 1].root], end);
  if (net->gradients) {
    Live(&dy[net->node[n - 1].root], loss);
    Live(&dy[net->node[n - 1].root], end);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool LiveTogether(const Item *a, const Item *b)
{
  for (PetscInt i = 0; i < a->lives; i++)
    for (PetscInt j = 0; j < b->lives; j++)
      if (a->born[i] <= b->dies[j] && b->born[j] <= a->dies[i]) return PETSC_TRUE;
  return PETSC_FALSE;
}

static PetscBool Overlap(const Item *a, const Item *b)
{
  return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes ? PETSC_TRUE : PETSC_FALSE;
}

/* ---- the arena ---- */

static PetscErrorCode CreateTensor(HGNet net, Item *item)
{
  PetscFunctionBegin;
  PetscCall(HGTensorCreate(item->p, net->dtype, &item->tensor));
  PetscCall(HGTensorSetHaloWidths(item->tensor, item->halo));
  PetscCall(HGTensorGetBytes(item->tensor, &item->bytes));
  item->bytes = (item->bytes + 63) / 64 * 64;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The lowest place where an item disturbs none of those that are placed already */
static size_t FindPlace(const Item *item, PetscInt n, Item *const placed[])
{
  size_t offset = 0;

  for (PetscBool moved = PETSC_TRUE; moved;) {
    const Item try = {.offset = offset, .bytes = item->bytes};

    moved = PETSC_FALSE;
    for (PetscInt i = 0; i < n && !moved; i++) {
      if (!LiveTogether(item, placed[i]) || !Overlap(&try, placed[i])) continue;
      offset = placed[i]->offset + placed[i]->bytes;
      moved  = PETSC_TRUE;
    }
  }
  return offset;
}

static PetscErrorCode SameLayout(const Item *a, const Item *b, PetscBool *same)
{
  const HGTensorLocal *la, *lb;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(a->tensor, &la));
  PetscCall(HGTensorGetLocal(b->tensor, &lb));
  PetscCall(PetscArraycmp(la->box.size, lb->box.size, HG_AXES, same));
  if (*same) PetscCall(PetscMemcmp(la->halo, lb->halo, sizeof(la->halo), same));
  if (a->offset != b->offset) *same = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Largest first; equal ones in order */
static void SortItems(PetscInt n, Item *item[])
{
  for (PetscInt i = 1; i < n; i++) {
    Item    *it = item[i];
    PetscInt k  = i;

    for (; k > 0 && item[k - 1]->bytes < it->bytes; k--) item[k] = item[k - 1];
    item[k] = it;
  }
}

/* Tensors and parameters, before any is allocated */
static PetscErrorCode CheckMemory(HGNet net)
{
  double      bytes, largest;
  const char *name;
  char        what[256];

  PetscFunctionBegin;
  PetscCall(HGParametersGetNeed(net->parameters, net->gradients, &bytes, &name, &largest));
  PetscCall(PetscSNPrintf(what, sizeof(what),
                          "out of memory: on a rank the tensors of all layers take %.3g GiB, the parameters %.3g, of which %s %.3g",
                          (double)net->arena_bytes / 1073741824, bytes / 1073741824, name, largest / 1073741824));
  PetscCall(HGCheckMemory(PetscObjectComm((PetscObject)net), bytes + (double)net->arena_bytes, what));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AllocateArena(HGNet net, PetscInt n, Item *item[])
{
  char *start;

  PetscFunctionBegin;
  net->arena_bytes = net->unshared_bytes = 0;
  SortItems(n, item);
  for (PetscInt i = 0; i < n; i++) {
    item[i]->offset  = FindPlace(item[i], i, item);
    net->arena_bytes = PetscMax(net->arena_bytes, item[i]->offset + item[i]->bytes);
    net->unshared_bytes += item[i]->bytes;
  }
  PetscCall(CheckMemory(net));
  PetscCall(PetscMalloc(net->arena_bytes + 64, &net->arena));
  net->bytes += net->arena_bytes;
  start = (char *)net->arena + (64 - (uintptr_t)net->arena % 64) % 64;
  for (PetscInt i = 0; i < n; i++) {
    PetscCall(HGTensorPlaceArray(item[i]->tensor, start + item[i]->offset));
    PetscCall(HGTensorClear(item[i]->tensor));
  }
  for (PetscInt i = 0; i < n; i++) {
    for (PetscInt j = 0; j < n; j++) {
      PetscBool same = PETSC_TRUE;

      if (j != i && item[i]->bytes && item[j]->bytes && Overlap(item[i], item[j])) PetscCall(SameLayout(item[i], item[j], &same));
      if (!same) PetscCall(HGTensorSetShared(item[i]->tensor, PETSC_TRUE));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateViews(HGNet net)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < net->n; i++) {
    HGNode     *node = &net->node[i], *root = &net->node[node->root];
    HGPartition p;

    if (node == root) continue;
    PetscCall(HGLayerGetOutputPartition(node->layer, &p));
    PetscCall(HGTensorCreateView(root->y, p, node->channel, &node->y));
    if (node->gradient) PetscCall(HGTensorCreateView(root->dy, p, node->channel, &node->dy));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FillItems(HGNet net, Item y[], Item dy[], Item *x)
{
  PetscFunctionBegin;
  *x = (Item){.p = net->in, .halo = &net->xhalo};
  for (PetscInt i = 0; i < net->n; i++) {
    y[i].halo = dy[i].halo = &net->node[i].halo;
    PetscCall(HGLayerGetOutputPartition(net->node[i].layer, &y[i].p));
    dy[i].p = y[i].p;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGNetPlanTensors(HGNet net)
{
  const PetscInt n = net->n;
  PetscInt       m = 0;
  Item          *all, **used;

  PetscFunctionBegin;
  PetscCall(PlaceInConcats(net));
  PetscCall(MarkRectifyPasses(net));
  PetscCall(PlanSteps(net));
  for (PetscInt i = HG_INPUT; i < n; i++) PetscCall(MarkMixed(net, i));
  PetscCall(PetscCalloc1(2 * n + 1, &all));
  PetscCall(PetscMalloc1(2 * n + 1, &used));
  PetscCall(FillItems(net, all, all + n, all + 2 * n));
  PetscCall(GetLives(net, all, all + n, all + 2 * n));
  for (PetscInt i = 0; i < 2 * n + 1; i++) {
    if (!all[i].lives) continue;
    used[m++] = &all[i];
    PetscCall(CreateTensor(net, &all[i]));
  }
  PetscCall(AllocateArena(net, m, used));
  net->x = all[2 * n].tensor;
  for (PetscInt i = 0; i < n; i++) {
    net->node[i].y  = all[i].tensor;
    net->node[i].dy = all[n + i].tensor;
    if (net->node[i].shared_halo && net->node[i].y) PetscCall(HGTensorSetShared(net->node[i].y, PETSC_TRUE));
  }
  if (net->x_shared_halo) PetscCall(HGTensorSetShared(net->x, PETSC_TRUE));
  PetscCall(CreateViews(net));
  PetscCall(PetscFree(used));
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}
