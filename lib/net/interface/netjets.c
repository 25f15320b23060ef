/* SPDX-License-Identifier: BSD-2-Clause */
/* Derivatives of a network's output by the coordinates that are its input */
#include "net/net_impl.h"

/*@
   HGNetHasJets - Whether the derivatives of a network by its input are known

   Not Collective

   Input Parameter:
.  net - the network, its type set

   Output Parameter:
.  has - whether it is a network of coordinates, such as `HGNETMLP`

   Level: intermediate

.seealso: `HGNetEvaluateJets()`
@*/
PetscErrorCode HGNetHasJets(HGNet net, PetscBool *has)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  *has = net->ops->evaluatejets ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGNetSetUpJets - Plan the derivatives of a network by its coordinates

   Collective

   Input Parameters:
+  net   - the network, set up, of a type that has them (`HGNETMLP`)
.  lo    - least coordinates
.  hi    - largest coordinates; the network sees the box as [-1, 1] along each axis
.  n     - how many second derivatives are wanted
-  pairs - i <= j: d2/dx_i dx_j

   Level: intermediate

   Shape:
   lo, hi: [C_in]; pairs: [n][2]

   Errors:
   A network of another type, a box that is empty.

.seealso: `HGNetEvaluateJets()`, `HGNetHasJets()`
@*/
PetscErrorCode HGNetSetUpJets(HGNet net, const double lo[], const double hi[], PetscInt n, const PetscInt pairs[][2])
{
  MPI_Comm comm = PetscObjectComm((PetscObject)net);

  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  HGCheck(net->ops->setupjets, comm, "a network of type %s has no derivatives by coordinates; choose -net_type mlp",
          ((PetscObject)net)->type_name ? ((PetscObject)net)->type_name : "its own");
  PetscCheck(net->setup, comm, PETSC_ERR_ORDER, "HGNetSetUp() comes before HGNetSetUpJets()");
  HGCheck(net->cin <= HG_JET_MAX_DIM && net->cout <= HG_JET_MAX_OUT, comm,
          "a network of %" PetscInt_FMT " coordinates and %" PetscInt_FMT " outputs; there are derivatives for up to %d and %d", net->cin,
          net->cout, HG_JET_MAX_DIM, HG_JET_MAX_OUT);
  PetscCall((*net->ops->setupjets)(net, lo, hi, n, pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGNetEvaluateJets - Evaluate a network at points with derivatives by their coordinates, and add to the gradient of an objective

   Not Collective

   Input Parameters:
+  net      - the network, its parameters set
.  order    - highest derivative: 0, 1 or 2
.  n        - number of this rank's points
.  x        - the points
.  gradient - whether f gives the objective's derivative by the outputs, and the parameters' gradient grows by it
.  f        - takes the outputs of a piece of points; called by several threads, so it must not call PETSc
-  ctx      - its context

   Level: intermediate

   Shape:
   x: [n][C_in]

   Notes:
   Allocates nothing. Gradients are summed between `HGNetAdjointBegin()` and `HGNetAdjointEnd()`, in an order that does not depend on the number of threads.

.seealso: `HGJetFunction`, `HGNetSetUpJets()`
@*/
PetscErrorCode HGNetEvaluateJets(HGNet net, int order, PetscInt n, const double x[], PetscBool gradient, HGJetFunction f, void *ctx)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(net, HG_NET_CLASSID, 1);
  PetscCall((*net->ops->evaluatejets)(net, order, n, x, gradient, f, ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}
