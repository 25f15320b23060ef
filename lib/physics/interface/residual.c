/* SPDX-License-Identifier: BSD-2-Clause */
/* An equation's residual as a loss on tensors: 1/2 |W F(u)|^2, the mean over the samples of a batch, and its gradient J' W' W F */
#include "physics/physics_impl.h"

/*@
   HGPhysicsSetWeights - Set the diagonal W that weighs the residual's entries

   Collective

   Input Parameters:
+  p - the equation
-  w - a global vector of the residual's layout; NULL for ones. Referenced: what it holds at an evaluation counts

   Level: intermediate

.seealso: `HGPhysicsEvaluate()`
@*/
PetscErrorCode HGPhysicsSetWeights(HGPhysics p, Vec w)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  if (w) PetscCall(PetscObjectReference((PetscObject)w));
  PetscCall(VecDestroy(&p->weights));
  p->weights = w;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetInput - Give the equation the input field of the sample whose residual comes next

   Collective

   Input Parameters:
+  p      - the equation, set up
.  sample - which sample, for messages and the user's function
-  a      - the field, a global vector of the grid's DMDA with the input's channels as degrees of freedom; NULL for none

   Level: intermediate

   Errors:
   An equation that needs an input field gets none.

.seealso: `HGPhysicsResidual()`, `HGPhysicsSetInputFunction()`
@*/
PetscErrorCode HGPhysicsSetInput(HGPhysics p, PetscInt sample, Vec a)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  p->sample = sample;
  if (p->ops->setinput) PetscCall((*p->ops->setinput)(p, sample, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckResidual(HGPhysics p)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)p);

  PetscFunctionBegin;
  PetscCheck(p->setup, comm, PETSC_ERR_ORDER, "HGPhysicsSetUp() comes before the residual");
  HGCheck(p->ops->residual && p->ops->adjoint, comm, "the equation %s has no residual", ((PetscObject)p)->type_name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsResidual - The residual F(u) of the equation, for the input field set last

   Collective

   Input Parameters:
+  p - the equation, set up
-  u - a global vector of the equation's DMDA

   Output Parameter:
.  f - the residual

   Level: intermediate

.seealso: `HGPhysicsResidualAdjoint()`, `HGPhysicsSetInput()`
@*/
PetscErrorCode HGPhysicsResidual(HGPhysics p, Vec u, Vec f)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(CheckResidual(p));
  PetscCall(PetscLogEventBegin(HG_PHYSICS_Residual, p, u, f, 0));
  PetscCall((*p->ops->residual)(p, u, f));
  PetscCall(PetscLogEventEnd(HG_PHYSICS_Residual, p, u, f, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsResidualAdjoint - The transposed Jacobian of the residual at u times a vector

   Collective

   Input Parameters:
+  p - the equation, set up
.  u - where the Jacobian is taken
-  w - the vector, of the residual's layout

   Output Parameter:
.  g - J(u)' w

   Level: intermediate

.seealso: `HGPhysicsResidual()`, `HGPhysicsTestAdjoint()`
@*/
PetscErrorCode HGPhysicsResidualAdjoint(HGPhysics p, Vec u, Vec w, Vec g)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(CheckResidual(p));
  PetscCall(PetscLogEventBegin(HG_PHYSICS_Adjoint, p, u, w, g));
  PetscCall((*p->ops->adjoint)(p, u, w, g));
  PetscCall(PetscLogEventEnd(HG_PHYSICS_Adjoint, p, u, w, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGPhysicsFillRandom(Vec v, const char name[])
{
  const uint64_t stream = HGRandomStream(name);
  PetscInt       first, last;
  PetscScalar   *a;

  PetscFunctionBegin;
  PetscCall(VecGetOwnershipRange(v, &first, &last));
  PetscCall(VecGetArrayWrite(v, &a));
  for (PetscInt i = first; i < last; i++) a[i - first] = 2 * HGRandomUniform(1, stream, (uint64_t)i) - 1;
  PetscCall(VecRestoreArrayWrite(v, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Each unknown of v times its largest value in u: they may be of very different units */
static PetscErrorCode ScaleLike(Vec u, Vec v)
{
  const PetscScalar *x;
  PetscScalar       *y;
  PetscInt           n, dof;
  PetscReal         *size;

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(u, &n));
  PetscCall(VecGetBlockSize(u, &dof));
  PetscCall(PetscCalloc1(dof, &size));
  PetscCall(VecGetArrayRead(u, &x));
  for (PetscInt i = 0; i < n; i++) size[i % dof] = PetscMax(size[i % dof], PetscAbsScalar(x[i]));
  PetscCall(VecRestoreArrayRead(u, &x));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, size, (PetscMPIInt)dof, MPIU_REAL, MPIU_MAX, PetscObjectComm((PetscObject)u)));
  PetscCall(VecGetArray(v, &y));
  for (PetscInt i = 0; i < n; i++) y[i] *= size[i % dof] > 0 ? size[i % dof] : 1;
  PetscCall(VecRestoreArray(v, &y));
  PetscCall(PetscFree(size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsTestAdjoint - Compare the transposed Jacobian with differences of the residual

   Collective

   Input Parameters:
+  p - the equation, set up
-  u - where

   Output Parameter:
.  error - |<J v, w> - <v, J' w>| / (|J v| |w|) for random v, each unknown of the size it has in u, J v by a central difference of step 1e-5, and w = J v,
           for which nothing cancels

   Level: intermediate

.seealso: `HGPhysicsResidualAdjoint()`
@*/
PetscErrorCode HGPhysicsTestAdjoint(HGPhysics p, Vec u, PetscReal *error)
{
  const PetscReal h = 1e-5;
  Vec             v, g, at, above, below;
  PetscReal       len;
  PetscScalar     right;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(VecDuplicate(u, &v));
  PetscCall(VecDuplicate(u, &g));
  PetscCall(VecDuplicate(u, &at));
  PetscCall(VecDuplicate(u, &above));
  PetscCall(VecDuplicate(u, &below));
  PetscCall(HGPhysicsFillRandom(v, "direction of the Jacobian"));
  PetscCall(ScaleLike(u, v));
  PetscCall(VecWAXPY(at, h, v, u));
  PetscCall(HGPhysicsResidual(p, at, above));
  PetscCall(VecWAXPY(at, -h, v, u));
  PetscCall(HGPhysicsResidual(p, at, below));
  PetscCall(VecAXPY(above, -1, below));
  PetscCall(VecScale(above, 1 / (2 * h)));
  PetscCall(HGPhysicsResidualAdjoint(p, u, above, g));
  PetscCall(VecDot(v, g, &right));
  PetscCall(VecNorm(above, NORM_2, &len));
  *error = len > 0 ? PetscAbsScalar(right - len * len) / (len * len) : 0;
  PetscCall(VecDestroy(&v));
  PetscCall(VecDestroy(&g));
  PetscCall(VecDestroy(&at));
  PetscCall(VecDestroy(&above));
  PetscCall(VecDestroy(&below));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- batches of samples in tensors ---- */

/* The tensor's points and channels are those of the DMDA, on every rank the same */
static PetscErrorCode CheckLayout(HGPhysics p, HGTensor y)
{
  MPI_Comm             comm = PetscObjectComm((PetscObject)y);
  HGPartition          part;
  const HGTensorLocal *l;
  PetscInt             size[HG_AXES], dim, M[3], s[3], n[3], dof;
  PetscMPIInt          all, ours;
  PetscBool            same = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(y, &part));
  PetscCall(HGPartitionGetSizes(part, NULL, size));
  PetscCall(HGTensorGetLocal(y, &l));
  PetscCall(DMDAGetInfo(p->dm, &dim, &M[2], &M[1], &M[0], NULL, NULL, NULL, &dof, NULL, NULL, NULL, NULL, NULL));
  HGCheck(dof == size[HG_C] && M[0] == size[HG_Z] && M[1] == size[HG_Y] && M[2] == size[HG_X], comm,
          "the equation's DMDA has %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " points (x, y, z) of %" PetscInt_FMT
          " unknowns, the network's output %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " of %" PetscInt_FMT
          " channels; give both the same grid",
          M[2], M[1], M[0], dof, size[HG_X], size[HG_Y], size[HG_Z], size[HG_C]);
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)p->dm), &ours));
  PetscCallMPI(MPI_Comm_size(comm, &all));
  HGCheck(ours == all, comm, "the equation lives on %d ranks, the network on %d; use neither -hg_batch_parts nor -hg_channel_parts", ours,
          all);
  PetscCall(DMDAGetCorners(p->dm, &s[2], &s[1], &s[0], &n[2], &n[1], &n[0]));
  for (int a = 0; a < 3; a++)
    if (s[a] != l->box.start[HG_Z + a] || n[a] != l->box.size[HG_Z + a]) same = PETSC_FALSE;
  PetscCall(HGAgree(comm, same, &same));
  HGCheckOptions(
      same, p,
      "the ranks have other points of the equation's DMDA than of the network's output; make the DMDA with DMDACreateCompatibleDMDA() "
      "from that of HGPartitionGetDM(), or give both the same -da_processors_x, _y, _z");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpInput(HGPhysics p, HGTensor x)
{
  HGPartition part;
  PetscInt    size[HG_AXES];
  Vec         a;
  DM          dm;

  PetscFunctionBegin;
  if (p->input) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetPartition(x, &part));
  PetscCall(HGPartitionGetSizes(part, NULL, size));
  PetscCall(DMDACreateCompatibleDMDA(p->dm, size[HG_C], &dm));
  PetscCall(DMCreateGlobalVector(dm, &a));
  PetscCall(DMDestroy(&dm));
  p->input = a;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpWork(HGPhysics p, PetscInt count, HGTensor x, HGTensor y)
{
  PetscObjectId id;

  PetscFunctionBegin;
  PetscCall(PetscObjectGetId((PetscObject)y, &id));
  if (id != p->layout) PetscCall(CheckLayout(p, y));
  p->layout = id;
  if (x && !p->one_input) PetscCall(SetUpInput(p, x));
  if (!p->u) {
    PetscCall(DMCreateGlobalVector(p->dm, &p->u));
    PetscCall(VecDuplicate(p->u, &p->f));
    PetscCall(VecDuplicate(p->u, &p->g));
  }
  PetscCall(HGPhysicsSetUpNorm(p));
  if (count > p->nvalues) {
    PetscCall(PetscFree(p->value));
    PetscCall(PetscMalloc1(count + 1, &p->value)); /* and the derivative by a parameter */
    p->nvalues = count;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* At the first evaluation: a wrong Jacobian would train towards something else, and nothing would show it */
static PetscErrorCode TestOnce(HGPhysics p)
{
  const PetscReal limit = 1e-4;
  PetscBool       other = PETSC_TRUE;
  PetscReal       error = 0;

  PetscFunctionBegin;
  if (p->tested || !p->test) PetscFunctionReturn(PETSC_SUCCESS);
  while (other) {
    PetscCall(HGPhysicsTestAdjoint(p, p->u, &error));
    PetscCall(PetscInfo(p, "Test of the Jacobian: |J v|^2 and <v, J'J v> differ by %.2g of it (limit %g)\n", (double)error, (double)limit));
    other = PETSC_FALSE;
    if (!(error < limit) && p->ops->otherjacobian) PetscCall((*p->ops->otherjacobian)(p, &other));
  }
  HGCheckOptions(
      error < limit, p,
      "the Jacobian fails the transpose test: |J v|^2 by differences of the residual and <v, J'J v> differ by %.2g of it (limit %g); "
      "mend the Jacobian%s",
      (double)error, (double)limit,
      p->ops->otherjacobian
          ? ", or use -physics_jacobian coloring for coloured finite differences; the residual at a point must depend on no "
            "points but those of the DMDA's stencil"
          : "");
  p->tested = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define BLOCK 4096 /* elements that are summed on their own */
#define LANES 8

/* Of this rank, in the same order whatever the threads and the address of x, which BLAS does not promise: a resumed run has the same bits */
static PetscErrorCode SumOfSquares(HGPhysics p, Vec f, PetscReal *sum)
{
  const PetscScalar *x;
  PetscInt           n, blocks;

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(f, &n));
  blocks = (n + BLOCK - 1) / BLOCK;
  if (!p->partial) PetscCall(PetscMalloc1(blocks, &p->partial));
  PetscCall(VecGetArrayRead(f, &x));
#pragma omp parallel for schedule(static) if (blocks > 2)
  for (PetscInt b = 0; b < blocks; b++) {
    const PetscInt last         = PetscMin(n, (b + 1) * BLOCK);
    PetscReal      s[LANES + 1] = {0};
    PetscInt       i            = b * BLOCK;

    for (; i + LANES <= last; i += LANES)
      for (int l = 0; l < LANES; l++) s[l] += x[i + l] * x[i + l];
    for (; i < last; i++) s[LANES] += x[i] * x[i];
    p->partial[b] = 0;
    for (int l = 0; l <= LANES; l++) p->partial[b] += s[l];
  }
  PetscCall(VecRestoreArrayRead(f, &x));
  *sum = 0;
  for (PetscInt b = 0; b < blocks; b++) *sum += p->partial[b];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SumOverRanks(HGPhysics p, PetscInt n, PetscReal v[])
{
  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, v, (PetscMPIInt)n, MPIU_REAL, MPIU_SUM, PetscObjectComm((PetscObject)p->dm)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* |B W F|^2 of one sample, this rank's share or, with `whole`, of all ranks: then the gradient is left out where it is not finite. With dy the gradient
   of its half, times scale; this rank's share of the derivative by a parameter is added to *by */
static PetscErrorCode EvaluateSample(HGPhysics p, PetscInt n, PetscReal scale, PetscBool whole, HGTensor y, HGTensor dy, PetscReal *squares,
                                     PetscReal *by)
{
  PetscReal one;

  PetscFunctionBegin;
  PetscCall(HGTensorToVec(y, n, p->u));
  PetscCall(HGPhysicsResidual(p, p->u, p->f));
  if (p->weights) PetscCall(VecPointwiseMult(p->f, p->f, p->weights));
  PetscCall(HGPhysicsApplyNorm(p, p->f, p->g));
  PetscCall(SumOfSquares(p, p->f, squares));
  if (whole) PetscCall(SumOverRanks(p, 1, squares));
  if (!dy || (whole && PetscIsInfOrNanReal(*squares))) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGPhysicsApplyNormAdjoint(p, p->f, p->g));
  if (p->weights) PetscCall(VecPointwiseMult(p->f, p->f, p->weights));
  PetscCall(TestOnce(p));
  if (*p->parameter) {
    PetscCall((*p->ops->parameteradjoint)(p, p->parameter, p->u, p->f, &one));
    *by += scale * one;
  }
  if (p->one_input) {
    PetscCall(HGPhysicsInputAdjoint(p, p->one_input, p->u, p->f, p->by_sample));
    PetscCall(VecAXPY(p->by_input, scale, p->by_sample));
  }
  PetscCall(HGPhysicsResidualAdjoint(p, p->u, p->f, p->g));
  PetscCall(VecScale(p->g, scale));
  PetscCall(HGTensorFromVec(dy, n, p->g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetErrorIfNotFinite - Whether `HGPhysicsEvaluate()` stops at a residual that is not finite

   Logically Collective

   Input Parameters:
+  p     - the equation
-  error - true (the default) to stop; false to return the value, for a line search that steps back

   Level: advanced

.seealso: `HGPhysicsGetNotFinite()`, `HGPhysicsEvaluate()`
@*/
PetscErrorCode HGPhysicsSetErrorIfNotFinite(HGPhysics p, PetscBool error)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  p->allow_not_finite = error ? PETSC_FALSE : PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsGetNotFinite - Get the sample whose residual was not finite in the last `HGPhysicsEvaluate()`

   Not Collective

   Input Parameter:
.  p - the equation

   Output Parameter:
.  sample - its number, the first one's; -1 if all were finite

   Level: advanced

.seealso: `HGPhysicsSetErrorIfNotFinite()`
@*/
PetscErrorCode HGPhysicsGetNotFinite(HGPhysics p, PetscInt *sample)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  *sample = p->bad;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsSetGradientParameter - Let `HGPhysicsEvaluate()` differentiate by a parameter of the equation too

   Logically Collective

   Input Parameters:
+  p    - the equation
-  name - the parameter; empty for none (the default)

   Level: intermediate

   Errors:
   A name the equation does not have.

.seealso: `HGPhysicsGetParameterGradient()`, `HGPhysicsParameterAdjoint()`
@*/
PetscErrorCode HGPhysicsSetGradientParameter(HGPhysics p, const char name[])
{
  PetscReal value;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  if (*name) PetscCall(HGPhysicsGetParameter(p, name, &value));
  PetscCall(PetscStrncpy(p->parameter, name, sizeof(p->parameter)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetGradientInput - Let `HGPhysicsEvaluate()` take one input field for all samples, and differentiate by it too

   Logically Collective

   Input Parameters:
+  p - the equation, set up
.  a - the input field, a global vector of `HGPhysicsCreateInput()`; NULL for those of the samples (the default). Referenced
-  g - takes the derivative of the mean by a in each evaluation with a gradient. Referenced

   Level: advanced

   Note:
   The fields x of `HGPhysicsEvaluate()` are then other data of the samples, which the equation does not see.

   Errors:
   A user's equation.

.seealso: `HGPhysicsInputAdjoint()`, `HGPhysicsEvaluate()`
@*/
PetscErrorCode HGPhysicsSetGradientInput(HGPhysics p, Vec a, Vec g)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  HGCheck(!a || p->ops->inputadjoint, PetscObjectComm((PetscObject)p),
          "the equation %s has no derivative by its input; the built-in ones have", ((PetscObject)p)->type_name);
  if (a) PetscCall(PetscObjectReference((PetscObject)a));
  if (g) PetscCall(PetscObjectReference((PetscObject)g));
  PetscCall(VecDestroy(&p->one_input));
  PetscCall(VecDestroy(&p->by_input));
  PetscCall(VecDestroy(&p->by_sample));
  p->one_input = a;
  p->by_input  = g;
  if (g) PetscCall(VecDuplicate(g, &p->by_sample));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsCreateInput - Create an input field of an equation

   Collective

   Input Parameter:
.  p - a built-in equation, set up

   Output Parameter:
.  a - the field, a global vector on the points of the equation's DMDA; destroy it

   Level: intermediate

.seealso: `HGPhysicsSetInput()`, `HGPhysicsGetChannels()`
@*/
PetscErrorCode HGPhysicsCreateInput(HGPhysics p, Vec *a)
{
  PetscInt inputs;
  DM       dm;

  PetscFunctionBegin;
  PetscCall(HGPhysicsGetChannels(p, &inputs, NULL));
  PetscCall(DMDACreateCompatibleDMDA(p->dm, inputs, &dm));
  PetscCall(DMCreateGlobalVector(dm, a));
  PetscCall(DMDestroy(&dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsGetParameterGradient - Get the derivative of the mean that `HGPhysicsEvaluate()` computed last, by a parameter

   Not Collective

   Input Parameter:
.  p - the equation

   Output Parameter:
.  g - the derivative, the same on all ranks; 0 if the last evaluation was without gradient

   Level: intermediate

.seealso: `HGPhysicsSetGradientParameter()`
@*/
PetscErrorCode HGPhysicsGetParameterGradient(HGPhysics p, PetscReal *g)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  *g = p->parameter_gradient;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* |B W F|^2 of each sample of a batch in p->value, with dy the gradient of the mean of their halves */
static PetscErrorCode EvaluateSamples(HGPhysics p, PetscInt count, const PetscInt sample[], HGTensor x, HGTensor y, HGTensor dy)
{
  const PetscBool whole = dy && (p->ops->otherjacobian || (p->test && !p->tested)) ? PETSC_TRUE : PETSC_FALSE;
  PetscReal      *by    = &p->value[count];

  PetscFunctionBegin;
  *by = 0;
  if (p->by_input) PetscCall(VecSet(p->by_input, 0));
  for (PetscInt n = 0; n < count; n++) {
    if (x && !p->one_input) PetscCall(HGTensorToVec(x, n, p->input));
    PetscCall(HGPhysicsSetInput(p, sample ? sample[n] : n, p->one_input ? p->one_input : x ? p->input : NULL));
    PetscCall(EvaluateSample(p, n, 1 / (PetscReal)count, whole, y, dy, &p->value[n], by));
  }
  if (!whole) PetscCall(SumOverRanks(p, count + 1, p->value));
  else if (*p->parameter) PetscCall(SumOverRanks(p, 1, by));
  p->parameter_gradient = *by;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsEvaluate - The mean over a batch of 1/2 |W F(u; a)|^2, or of 1/2 |B W F|^2, and its gradient with respect to u

   Collective

   Input Parameters:
+  p      - the equation, set up
.  count  - how many samples of the batch count, the first ones
.  sample - [count] their numbers, which the input function and messages get; NULL for 0, 1, ...
.  x      - the input fields a, handed to the equation before each residual; NULL if it takes none
-  y      - the fields u, of the equation's DMDA's points on each rank, its unknowns as channels

   Output Parameters:
+  dy   - the gradient, J' W' W F / count, or J' W' B' B W F / count, zero beyond count; NULL if it is not wanted
-  loss - the mean

   Level: intermediate

   Shape:
   x: [N][Z][Y][X][C_in], y and dy: [N][Z][Y][X][C_out]

   Notes:
   Points stay where they are: a sample becomes the Vec that the residual expects by a change of element type alone. The
   first evaluation with a gradient tests the Jacobian by `HGPhysicsTestAdjoint()`, unless `-physics_test 0`.

   After the first call nothing is allocated here; the user's functions and PETSc's matrices may. All sums over the ranks are one reduction for the batch; but a
   user's Jacobian is asked for only where the residual is known to be finite, which takes one for each sample.

   Errors:
   A residual that is not finite (names the sample; see `HGPhysicsSetErrorIfNotFinite()`), a DMDA of other sizes or another layout than y, a Jacobian that fails the test.

.seealso: `HGPhysicsSetSNES()`, `HGPhysicsSetDMDAFunctionLocal()`, `HGPhysicsSetWeights()`, `HGPhysicsSetNorm()`
@*/
PetscErrorCode HGPhysicsEvaluate(HGPhysics p, PetscInt count, const PetscInt sample[], HGTensor x, HGTensor y, HGTensor dy, PetscReal *loss)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)p);

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(CheckResidual(p));
  PetscCall(SetUpWork(p, count, x, y));
  PetscCall(PetscLogEventBegin(HG_PHYSICS_Evaluate, p, 0, 0, 0));
  if (dy) PetscCall(HGTensorSet(dy, 0));
  PetscCall(EvaluateSamples(p, count, sample, x, y, dy));
  p->bad = -1;
  *loss  = 0;
  for (PetscInt n = 0; n < count; n++) {
    const PetscInt which = sample ? sample[n] : n;

    p->value[n] /= 2;
    if (PetscIsInfOrNanReal(p->value[n]) && p->bad < 0) p->bad = which;
    HGCheck(p->allow_not_finite || p->bad < 0, comm,
            "the residual of sample %" PetscInt_FMT
            " is %s; lower the learning rate, or check the equation's input and the residual for this field",
            which, PetscIsNanReal(p->value[n]) ? "not a number" : "infinite");
    PetscCall(PetscInfo(p, "Sample %" PetscInt_FMT ": residual %g%s\n", which, (double)p->value[n], dy ? ", with its gradient" : ""));
    *loss += p->value[n] / (PetscReal)count;
  }
  PetscCall(PetscLogEventEnd(HG_PHYSICS_Evaluate, p, 0, 0, 0));
  PetscCall(PetscInfo(p, "Mean of %" PetscInt_FMT " residuals: %g\n", count, (double)*loss));
  PetscFunctionReturn(PETSC_SUCCESS);
}
