/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net_impl.h"

/* The graph of layers: who reads whom */

static PetscErrorCode FindNode(HGNet net, const char name[], PetscInt *node)
{
  PetscBool same;

  PetscFunctionBegin;
  PetscCall(PetscStrcmp(name, "input", &same));
  *node = HG_INPUT;
  for (PetscInt i = 0; i < net->n && !same; i++) {
    PetscCall(PetscStrcmp(name, ((PetscObject)net->node[i].layer)->name, &same));
    *node = i;
  }
  if (!same) *node = -2;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode NewNode(HGNet net, PetscInt at, HGLayer layer, PetscInt nin)
{
  HGNode *node;

  PetscFunctionBegin;
  if (net->n == net->capacity) {
    net->capacity = PetscMax(16, 2 * net->capacity);
    PetscCall(PetscRealloc((size_t)net->capacity * sizeof(HGNode), &net->node));
  }
  node = &net->node[at];
  PetscCall(PetscMemmove(node + 1, node, (size_t)(net->n - at) * sizeof(HGNode)));
  PetscCall(PetscMemzero(node, sizeof(HGNode)));
  PetscCall(HGLayerReference(layer));
  net->n++;
  node->layer = layer;
  node->nin   = nin;
  PetscCall(PetscCalloc1(nin, &node->name));
  PetscCall(PetscCalloc1(nin, &node->in));
  PetscCall(PetscCalloc1(nin, &node->stale));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNetAddLayerTo - Add a layer that reads given layers

   Logically Collective

   Input Parameters:
+  net    - the network, not set up yet
.  layer  - the layer; its name is unique in the network; the network takes a reference
.  n      - number of its inputs
-  inputs - names of the layers whose outputs they are, "input" for the network's input; these may be added later

   Level: intermediate

   Notes:
   The output of the layer that was added last is that of the network. Every other layer is read by one at least.

   Errors:
   Refuses a second layer of the same name, and the name "input". `HGNetSetUp()` refuses names of no layer, cycles, and layers that lead
   nowhere.

.seealso: `HGNetAddLayer()`, `HGNetSetUp()`
@*/
PetscErrorCode HGNetAddLayerTo(HGNet net, HGLayer layer, PetscInt n, const char *const inputs[])
{
  const char *name;
  PetscInt    other;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 2);
  PetscCheck(!net->setup, PetscObjectComm((PetscObject)net), PETSC_ERR_ARG_WRONGSTATE, "add layers before HGNetSetUp()");
  PetscCall(PetscObjectGetName((PetscObject)layer, &name));
  PetscCall(FindNode(net, name, &other));
  HGCheck(other == -2, PetscObjectComm((PetscObject)net),
          "the network has a layer \"%s\" already; give each its own name with PetscObjectSetName()", name);
  PetscCall(NewNode(net, net->n, layer, n));
  for (PetscInt i = 0; i < n; i++) PetscCall(PetscStrallocpy(inputs[i], &net->node[net->n - 1].name[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetAddLayer - Add a layer that reads the one added before, or the network's input if it is the first

   Logically Collective

   Input Parameters:
+  net   - the network, not set up yet
-  layer - the layer; its name is unique in the network; the network takes a reference

   Level: intermediate

   Errors:
   Refuses a second layer of the same name.

.seealso: `HGNetAddLayerTo()`, `HGLayerCreate()`, `HGNetSetUp()`
@*/
PetscErrorCode HGNetAddLayer(HGNet net, HGLayer layer)
{
  const char *before = "input";

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  if (net->n) PetscCall(PetscObjectGetName((PetscObject)net->node[net->n - 1].layer, &before));
  PetscCall(HGNetAddLayerTo(net, layer, 1, &before));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A node in front of node `at` that reads node or input `from`; references to what moves up are mended */
PetscErrorCode HGNetInsertNode(HGNet net, PetscInt at, HGLayer layer, PetscInt from)
{
  PetscFunctionBegin;
  PetscCall(NewNode(net, at, layer, 1));
  net->node[at].in[0] = from;
  for (PetscInt i = at + 1; i < net->n; i++)
    for (PetscInt k = 0; k < net->node[i].nin; k++)
      if (net->node[i].in[k] >= at) net->node[i].in[k]++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ResolveNames(HGNet net)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)net);

  PetscFunctionBegin;
  for (PetscInt i = 0; i < net->n; i++) {
    HGNode *node = &net->node[i];

    HGCheck(node->nin >= 1, comm, "%s: no inputs; connect it with HGNetAddLayerTo()", ((PetscObject)node->layer)->name);
    for (PetscInt k = 0; k < node->nin; k++) {
      PetscCall(FindNode(net, node->name[k], &node->in[k]));
      HGCheck(node->in[k] != -2, comm, "%s reads \"%s\", but the network has no such layer", ((PetscObject)node->layer)->name,
              node->name[k]);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every layer but the last is read */
static PetscErrorCode CheckRead(HGNet net)
{
  PetscBool *read;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(net->n, &read));
  for (PetscInt i = 0; i < net->n; i++)
    for (PetscInt k = 0; k < net->node[i].nin; k++)
      if (net->node[i].in[k] >= 0) read[net->node[i].in[k]] = PETSC_TRUE;
  for (PetscInt i = 0; i < net->n - 1; i++)
    HGCheck(read[i], PetscObjectComm((PetscObject)net),
            "%s leads nowhere: no layer reads it, and %s, which was added last, is the network's output",
            ((PetscObject)net->node[i].layer)->name, ((PetscObject)net->node[net->n - 1].layer)->name);
  PetscCall(PetscFree(read));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The order of execution: that of addition as far as layers come after those they read */
static PetscErrorCode SortNodes(HGNet net)
{
  const PetscInt n = net->n;
  PetscInt      *place; /* [n] new numbers, -1: none yet */
  HGNode        *sorted;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &place));
  PetscCall(PetscMalloc1(net->capacity, &sorted));
  for (PetscInt i = 0; i < n; i++) place[i] = -1;
  for (PetscInt done = 0; done < n; done++) {
    PetscInt next = -1;

    for (PetscInt i = 0; i < n && next < 0; i++) {
      next = place[i] < 0 ? i : -1;
      for (PetscInt k = 0; k < net->node[i].nin && next >= 0; k++)
        if (net->node[i].in[k] >= 0 && place[net->node[i].in[k]] < 0) next = -1;
    }
    for (PetscInt i = 0; next < 0 && i < n; i++)
      HGCheck(place[i] >= 0, PetscObjectComm((PetscObject)net),
              "%s is in a cycle of layers that read each other; a network runs from its input to its output",
              ((PetscObject)net->node[i].layer)->name);
    place[next]  = done;
    sorted[done] = net->node[next];
  }
  for (PetscInt i = 0; i < n; i++)
    for (PetscInt k = 0; k < sorted[i].nin; k++)
      if (sorted[i].in[k] >= 0) sorted[i].in[k] = place[sorted[i].in[k]];
  HGCheck(place[n - 1] == n - 1, PetscObjectComm((PetscObject)net),
          "%s is the network's output and is read by another layer; add the last layer last", ((PetscObject)net->node[n - 1].layer)->name);
  PetscCall(PetscFree(net->node));
  PetscCall(PetscFree(place));
  net->node = sorted;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGNetResolveGraph(HGNet net)
{
  PetscFunctionBegin;
  PetscCall(ResolveNames(net));
  PetscCall(SortNodes(net));
  PetscCall(CheckRead(net));
  PetscFunctionReturn(PETSC_SUCCESS);
}
