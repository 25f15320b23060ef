/* SPDX-License-Identifier: BSD-2-Clause */
/* A graph with skip connections, outputs that several layers read, concatenations in place and copied, pooling and upsampling:
   the gradient is the derivative of the loss, is the same bit for bit if activations are recomputed, and loss and gradient are the same
   on any number of ranks. */
#include "halograd.h"

typedef struct {
  HGNet     net;
  HGTensor  x, y, dy;
  PetscInt  samples;
  PetscReal loss;
  Vec       p, g;
} Problem;

static PetscErrorCode Add(HGNet net, HGLayerType type, const char *name, PetscInt n, const char *const from[], HGLayer *layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCreate(PetscObjectComm((PetscObject)net), layer));
  PetscCall(PetscObjectSetName((PetscObject)*layer, name));
  PetscCall(HGLayerSetType(*layer, type));
  PetscCall(HGNetAddLayerTo(net, *layer, n, from));
  PetscCall(PetscObjectDereference((PetscObject)*layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddConv(HGNet net, const char *name, const char *from, PetscInt cout, HGActivation act)
{
  const PetscInt k[3] = {1, 3, 3};
  HGLayer        layer;

  PetscFunctionBegin;
  PetscCall(Add(net, HGLAYERCONV, name, 1, &from, &layer));
  PetscCall(HGLayerConvSetKernel(layer, cout, k));
  PetscCall(HGLayerConvSetActivation(layer, act));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Build(HGNet net)
{
  const char *a = "a", *pool = "pool", *small = "small", *first[] = {"up", "a"}, *second[] = {"b", "a", "input"};
  HGLayer     layer;

  PetscFunctionBegin;
  /* not in the order of execution */
  PetscCall(Add(net, HGLAYERCONCAT, "cat2", 3, second, &layer));
  PetscCall(AddConv(net, "a", "input", 3, HG_ACT_RELU));
  PetscCall(Add(net, HGLAYERPOOL, "pool", 1, &a, &layer));
  PetscCall(AddConv(net, "small", pool, 4, HG_ACT_RELU));
  PetscCall(Add(net, HGLAYERUPSAMPLE, "up", 1, &small, &layer));
  PetscCall(HGLayerUpsampleSetLinear(layer, PETSC_TRUE));
  PetscCall(Add(net, HGLAYERCONCAT, "cat1", 2, first, &layer));
  PetscCall(AddConv(net, "b", "cat1", 5, HG_ACT_RELU));
  PetscCall(AddConv(net, "c", "cat2", 3, HG_ACT_RELU));
  PetscCall(AddConv(net, "out", "c", 2, HG_ACT_IDENTITY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Create(Problem *q, MPI_Comm comm, PetscBool recompute)
{
  const PetscInt       size[HG_AXES] = {2, 2, 1, 8, 12};
  const HGTensorLocal *l;
  HGPartition          part;

  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(comm, &part));
  PetscCall(HGPartitionSetSizes(part, 2, size));
  if (comm == PETSC_COMM_WORLD) PetscCall(HGPartitionSetFromOptions(part));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGNetCreate(comm, &q->net));
  PetscCall(HGNetSetRecompute(q->net, recompute));
  PetscCall(Build(q->net));
  PetscCall(HGNetSetUp(q->net, part, HG_F64));
  PetscCall(HGPartitionDestroy(&part));
  PetscCall(HGNetGetInput(q->net, &q->x));
  PetscCall(HGNetGetOutput(q->net, &q->y, &q->dy));
  PetscCall(HGTensorSetRandom(q->x, 3, "x", PETSC_FALSE));
  PetscCall(HGTensorGetLocal(q->x, &l));
  q->samples = l->box.size[HG_N];
  PetscCall(HGNetCreateParameters(q->net, &q->p));
  PetscCall(VecDuplicate(q->p, &q->g));
  PetscCall(HGNetInitializeParameters(q->net, 4, q->p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* loss = 1/2 |y|^2 */
static PetscErrorCode Evaluate(Problem *q, Vec p, PetscBool gradient)
{
  PetscFunctionBegin;
  PetscCall(HGNetSetParameters(q->net, p));
  PetscCall(HGNetForward(q->net, q->samples));
  PetscCall(HGTensorDot(q->y, q->y, PETSC_FALSE, &q->loss));
  q->loss /= 2;
  if (!gradient) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorCopyOwned(q->y, q->dy));
  PetscCall(HGNetAdjointBegin(q->net));
  PetscCall(HGNetAdjoint(q->net, q->samples));
  PetscCall(HGNetAdjointEnd(q->net, q->g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckDerivative(Problem *q)
{
  Vec         d, p;
  PetscInt    first, last;
  PetscScalar slope;
  PetscReal   h = 1e-6, plus;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(q->p, &d));
  PetscCall(VecDuplicate(q->p, &p));
  PetscCall(VecGetOwnershipRange(d, &first, &last));
  for (PetscInt i = first; i < last; i++) PetscCall(VecSetValue(d, i, 2 * HGRandomUniform(9, 1, (uint64_t)i) - 1, INSERT_VALUES));
  PetscCall(VecAssemblyBegin(d));
  PetscCall(VecAssemblyEnd(d));
  PetscCall(VecDot(q->g, d, &slope));
  PetscCall(VecWAXPY(p, h, d, q->p));
  PetscCall(Evaluate(q, p, PETSC_FALSE));
  plus = q->loss;
  PetscCall(VecWAXPY(p, -h, d, q->p));
  PetscCall(Evaluate(q, p, PETSC_FALSE));
  /* truncation h^2, rounding eps / h, relative to a slope of order one */
  PetscCheck(PetscAbsReal((plus - q->loss) / (2 * h) - PetscRealPart(slope)) <= 1e-7 * (1 + PetscAbsScalar(slope)), PETSC_COMM_SELF,
             PETSC_ERR_PLIB, "the loss changes by %.12g along the direction, the gradient says %.12g", (double)((plus - q->loss) / (2 * h)),
             (double)PetscRealPart(slope));
  PetscCall(VecDestroy(&d));
  PetscCall(VecDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(Problem *q)
{
  PetscFunctionBegin;
  PetscCall(VecDestroy(&q->p));
  PetscCall(VecDestroy(&q->g));
  PetscCall(HGNetDestroy(&q->net));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A weighted sum of the gradient */
static PetscErrorCode SumOf(const Problem *q, MPI_Comm comm, double *sum)
{
  PetscInt           first, last;
  const PetscScalar *a;
  double             mine = 0;
  Vec                g;

  PetscFunctionBegin;
  PetscCall(HGNetCreateNaturalParameters(q->net, &g));
  PetscCall(HGNetGlobalToNatural(q->net, q->g, g));
  PetscCall(VecGetOwnershipRange(g, &first, &last));
  PetscCall(VecGetArrayRead(g, &a));
  for (PetscInt i = first; i < last; i++) mine += (double)PetscRealPart(a[i - first]) * (1 + HGRandomUniform(11, 1, (uint64_t)i));
  PetscCall(VecRestoreArrayRead(g, &a));
  PetscCall(VecDestroy(&g));
  PetscCallMPI(MPI_Allreduce(&mine, sum, 1, MPI_DOUBLE, MPI_SUM, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  Problem   keep, again, alone;
  PetscBool same;
  double    sum, sum_alone;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(Create(&keep, PETSC_COMM_WORLD, PETSC_FALSE));
  PetscCall(Create(&again, PETSC_COMM_WORLD, PETSC_TRUE));
  PetscCall(Create(&alone, PETSC_COMM_SELF, PETSC_FALSE));
  PetscCall(Evaluate(&keep, keep.p, PETSC_TRUE));
  PetscCall(Evaluate(&again, again.p, PETSC_TRUE));
  PetscCall(Evaluate(&alone, alone.p, PETSC_TRUE));
  PetscCall(VecEqual(keep.g, again.g, &same));
  PetscCheck(same && keep.loss == again.loss, PETSC_COMM_SELF, PETSC_ERR_PLIB, "recomputed activations give another gradient");
  PetscCall(SumOf(&keep, PETSC_COMM_WORLD, &sum));
  PetscCall(SumOf(&alone, PETSC_COMM_SELF, &sum_alone));
  PetscCheck(PetscAbsReal(keep.loss - alone.loss) <= 1e-12 * alone.loss, PETSC_COMM_SELF, PETSC_ERR_PLIB, "loss %.17g, on one rank %.17g",
             (double)keep.loss, (double)alone.loss);
  PetscCheck(PetscAbsReal(sum - sum_alone) <= 1e-11 * PetscAbsReal(sum_alone), PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "sum of the gradient %.17g, on one rank %.17g", sum, sum_alone);
  PetscCall(CheckDerivative(&keep));
  PetscCall(Destroy(&keep));
  PetscCall(Destroy(&again));
  PetscCall(Destroy(&alone));
  PetscCall(HGFinalize());
  return 0;
}
