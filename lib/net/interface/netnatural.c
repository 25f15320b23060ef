/* SPDX-License-Identifier: BSD-2-Clause */
/* A network's parameters in PyTorch's order, which does not depend on the ranks */
#include "net/net_impl.h"

/*@
   HGNetCreateNaturalParameters - Create a Vec for a network's parameters in an order that does not depend on the ranks

   Collective

   Input Parameter:
.  net - the network, set up

   Output Parameter:
.  natural - the Vec, its entries zero, spread evenly

   Level: intermediate

   Note:
   Layers follow one another in the order of `-net_view`, and within a layer its parameters in PyTorch's order.

.seealso: `HGNetGlobalToNatural()`, `HGNetNaturalToGlobal()`, `HGNetCreateParameters()`
@*/
PetscErrorCode HGNetCreateNaturalParameters(HGNet net, Vec *natural)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(VecCreateMPI(PetscObjectComm((PetscObject)net), PETSC_DECIDE, net->nparams, natural));
  PetscCall(VecSet(*natural, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The natural numbers of this rank's own elements */
static PetscErrorCode CreateNumbers(HGNet net, IS *is)
{
  PetscInt *number, n, runs;

  PetscFunctionBegin;
  PetscCall(HGParametersGetSizes(net->parameters, &n, NULL));
  PetscCall(PetscMalloc1(n, &number));
  for (PetscInt l = 0; l < net->n; l++) {
    const HGParameter *param;
    PetscInt           nparams, first = net->node[l].offset;
    HGModelRun        *run;

    PetscCall(HGLayerGetParameters(net->node[l].layer, &nparams, &param));
    for (PetscInt j = 0; j < nparams; first += (PetscInt)param[j++].size) {
      PetscCall(HGParametersGetRuns(net->parameters, l, j, &runs, &run));
      for (PetscInt r = 0; r < runs; r++)
        for (PetscInt64 i = 0; i < run[r].count; i++) number[run[r].local + i] = first + (PetscInt)(run[r].file + i);
      PetscCall(PetscFree(run));
    }
  }
  PetscCall(ISCreateGeneral(PetscObjectComm((PetscObject)net), n, number, PETSC_OWN_POINTER, is));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Move(HGNet net, Vec p, Vec natural, ScatterMode mode)
{
  MPI_Comm   comm = PetscObjectComm((PetscObject)net);
  PetscInt   n, first;
  PetscBool  is;
  IS         from, to;
  Vec        wide = p;
  VecScatter scatter;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall(HGVecIsF32(p, &is));
  PetscCall(VecGetLocalSize(p, &n));
  if (is) {
    PetscCall(VecCreateMPI(comm, n, PETSC_DETERMINE, &wide));
    PetscCall(VecCopy(p, wide));
  }
  PetscCall(HGParametersGetSizes(net->parameters, &n, NULL));
  PetscCall(VecGetOwnershipRange(p, &first, NULL));
  PetscCall(CreateNumbers(net, &from));
  PetscCall(ISCreateStride(comm, n, first, 1, &to));
  PetscCall(VecScatterCreate(natural, from, wide, to, &scatter));
  if (mode == SCATTER_FORWARD) {
    PetscCall(VecScatterBegin(scatter, natural, wide, INSERT_VALUES, mode));
    PetscCall(VecScatterEnd(scatter, natural, wide, INSERT_VALUES, mode));
  } else {
    PetscCall(VecScatterBegin(scatter, wide, natural, INSERT_VALUES, mode));
    PetscCall(VecScatterEnd(scatter, wide, natural, INSERT_VALUES, mode));
  }
  PetscCall(VecScatterDestroy(&scatter));
  PetscCall(ISDestroy(&from));
  PetscCall(ISDestroy(&to));
  if (!is) PetscFunctionReturn(PETSC_SUCCESS);
  if (mode == SCATTER_FORWARD) {
    const PetscScalar *a;
    HGDType            type;
    void              *f;

    PetscCall(VecGetArrayRead(wide, &a));
    PetscCall(HGVecGetElements(p, &type, &f));
    for (PetscInt i = 0; i < n; i++) ((float *)f)[i] = (float)a[i];
    PetscCall(VecRestoreArrayRead(wide, &a));
  }
  PetscCall(VecDestroy(&wide));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetGlobalToNatural - Bring a Vec like that of a network's parameters into the order that does not depend on the ranks

   Collective

   Input Parameters:
+  net - the network, set up
-  p   - parameters or a gradient, from `HGNetCreateParameters()`

   Output Parameter:
.  natural - the same, a Vec of `HGNetCreateNaturalParameters()`, or of its global size and any layout

   Level: intermediate

.seealso: `HGNetNaturalToGlobal()`
@*/
PetscErrorCode HGNetGlobalToNatural(HGNet net, Vec p, Vec natural)
{
  PetscFunctionBegin;
  PetscCall(Move(net, p, natural, SCATTER_REVERSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetNaturalToGlobal - Bring parameters from the order that does not depend on the ranks to their owners

   Collective

   Input Parameters:
+  net     - the network, set up
-  natural - the parameters, a Vec of `HGNetCreateNaturalParameters()`, or of its global size and any layout

   Output Parameter:
.  p - the same, from `HGNetCreateParameters()`; elements behind the network's own stay as they are

   Level: intermediate

.seealso: `HGNetGlobalToNatural()`
@*/
PetscErrorCode HGNetNaturalToGlobal(HGNet net, Vec natural, Vec p)
{
  PetscFunctionBegin;
  PetscCall(Move(net, p, natural, SCATTER_FORWARD));
  PetscFunctionReturn(PETSC_SUCCESS);
}
