/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A network of one's own, with skip connections, built layer by layer.

   A graph is a list of layers, each with a name and the names of the layers that it reads; "input" is the network's input, the layer added
   last is its output. This one is a U-Net of two grids whose output is a correction of its input:

      input -> fine -> pool -> coarse -> up -> both -> mix -> change -> output
        |        |                               ^                        ^
        |        +-------------------------------+  concatenated          |
        +-----------------------------------------------------------------+  added

   Nothing here speaks of ranks: HGNetSetUp() infers shapes, partitions and halos, and plans memory and messages; -net_view shows it.
   The network learns to smooth a random field: the target is the mean of each point and its four neighbours, with zeros beyond the boundary.
   HGNetForward(), a loss, HGNetAdjoint() and a TAO optimizer make a step.

      mpiexec -n 4 ./ex3_unet_by_hand -n 32 -steps 50 -net_view -tao_adam_lr 3e-3
*/
#include <halograd.h>

typedef struct {
  HGNet    net;
  HGLoss   loss;
  HGTensor target;
  PetscInt batch, mine; /* samples of all ranks, and of this one */
} Problem;

/* A layer called `name` of a type, which reads the n layers `from`. The network keeps it: our reference goes. */
static PetscErrorCode AddLayer(HGNet net, const char *name, HGLayerType type, PetscInt n, const char *const from[], HGLayer *layer)
{
  PetscFunctionBeginUser;
  PetscCall(HGLayerCreate(PETSC_COMM_WORLD, layer));
  PetscCall(PetscObjectSetName((PetscObject)*layer, name));
  PetscCall(HGLayerSetType(*layer, type));
  PetscCall(HGNetAddLayerTo(net, *layer, n, from));
  PetscCall(PetscObjectDereference((PetscObject)*layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddConv(HGNet net, const char *name, const char *from, PetscInt channels, HGActivation act)
{
  const PetscInt kernel[3] = {1, 3, 3}; /* z, y, x */
  HGLayer        layer;

  PetscFunctionBeginUser;
  PetscCall(AddLayer(net, name, HGLAYERCONV, 1, &from, &layer));
  PetscCall(HGLayerConvSetKernel(layer, channels, kernel));
  PetscCall(HGLayerConvSetActivation(layer, act));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Build(HGNet net)
{
  const char *fine[] = {"fine"}, *coarse[] = {"coarse"}, *both[] = {"up", "fine"}, *sum[] = {"change", "input"};
  HGLayer     layer;

  PetscFunctionBeginUser;
  PetscCall(AddConv(net, "fine", "input", 8, HG_ACT_RELU));
  PetscCall(AddLayer(net, "pool", HGLAYERPOOL, 1, fine, &layer)); /* halves the grid */
  PetscCall(AddConv(net, "coarse", "pool", 16, HG_ACT_RELU));
  PetscCall(AddLayer(net, "up", HGLAYERUPSAMPLE, 1, coarse, &layer));
  PetscCall(AddLayer(net, "both", HGLAYERCONCAT, 2, both, &layer));
  PetscCall(AddConv(net, "mix", "both", 8, HG_ACT_RELU));
  PetscCall(AddConv(net, "change", "mix", 1, HG_ACT_IDENTITY));
  PetscCall(AddLayer(net, "output", HGLAYERADD, 2, sum, &layer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Value of the input at a point of the whole grid, the same on all ranks: no field is sent */
static double Input(PetscInt n, PetscInt sample, PetscInt y, PetscInt x)
{
  if (y < 0 || x < 0 || y >= n || x >= n) return 0;
  return 2 * HGRandomUniform(1, 0, (uint64_t)((sample * n + y) * n + x)) - 1;
}

static PetscErrorCode FillFields(HGTensor input, HGTensor target, PetscInt n)
{
  const HGTensorLocal *a, *t;

  PetscFunctionBeginUser;
  PetscCall(HGTensorGetLocal(input, &a));
  PetscCall(HGTensorGetLocal(target, &t));
  for (PetscInt s = 0; s < a->box.size[HG_N]; s++) {
    for (PetscInt j = 0; j < a->box.size[HG_Y]; j++) {
      for (PetscInt i = 0; i < a->box.size[HG_X]; i++) {
        const PetscInt k = a->box.start[HG_N] + s, y = a->box.start[HG_Y] + j, x = a->box.start[HG_X] + i;
        const double   v = Input(n, k, y, x);

        ((double *)a->owned)[s * a->stride[HG_N] + j * a->stride[HG_Y] + i * a->stride[HG_X]] = v;
        ((double *)t->owned)[s * t->stride[HG_N] + j * t->stride[HG_Y] + i * t->stride[HG_X]] =
            (v + Input(n, k, y - 1, x) + Input(n, k, y + 1, x) + Input(n, k, y, x - 1) + Input(n, k, y, x + 1)) / 5;
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The objective of TAO: loss and gradient for given parameters */
static PetscErrorCode Objective(Tao tao, Vec p, PetscReal *f, Vec g, void *ctx)
{
  Problem *q = (Problem *)ctx;
  HGTensor y, dy;

  PetscFunctionBeginUser;
  (void)tao;
  PetscCall(HGNetGetOutput(q->net, &y, &dy));
  PetscCall(HGNetSetParameters(q->net, p));
  PetscCall(HGNetForward(q->net, q->mine));
  PetscCall(HGLossEvaluate(q->loss, q->batch, y, q->target, dy, f)); /* fills dy, the gradient with respect to y */
  PetscCall(HGNetAdjointBegin(q->net));
  PetscCall(HGNetAdjoint(q->net, q->mine));
  PetscCall(HGNetAdjointEnd(q->net, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Train(Problem *q, PetscInt steps)
{
  Tao       tao;
  Vec       p, g;
  PetscReal before, after;

  PetscFunctionBeginUser;
  PetscCall(HGNetCreateParameters(q->net, &p));
  PetscCall(HGNetInitializeParameters(q->net, 1, p));
  PetscCall(VecDuplicate(p, &g));
  PetscCall(TaoCreate(PETSC_COMM_WORLD, &tao));
  PetscCall(TaoSetType(tao, HGTAOADAM));
  PetscCall(TaoSetSolution(tao, p));
  PetscCall(TaoSetObjectiveAndGradient(tao, NULL, Objective, q));
  PetscCall(TaoSetTolerances(tao, 0, 0, 0));
  if (steps) PetscCall(TaoSetMaximumIterations(tao, steps)); /* TAO takes no 0 */
  PetscCall(TaoSetFromOptions(tao));
  PetscCall(Objective(tao, p, &before, g, q));
  if (steps) PetscCall(TaoSolve(tao));
  PetscCall(Objective(tao, p, &after, g, q));
  PetscCall(
      PetscPrintf(PETSC_COMM_WORLD, "loss before: %.10e, after %" PetscInt_FMT " steps: %.10e\n", (double)before, steps, (double)after));
  PetscCall(TaoDestroy(&tao));
  PetscCall(VecDestroy(&g));
  PetscCall(VecDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(void)
{
  PetscInt             n = 16, steps = 50, size[HG_AXES] = {4, 1, 1, 0, 0}; /* samples, channels, z, y, x */
  Problem              q = {.batch = 4};
  HGPartition          part;
  HGTensor             x, y;
  const HGTensorLocal *l;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-n", &n, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-steps", &steps, NULL));
  size[HG_Y] = size[HG_X] = n;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetSizes(part, 2, size));
  PetscCall(HGPartitionSetFromOptions(part));
  PetscCall(HGPartitionSetUp(part));

  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &q.net));
  PetscCall(Build(q.net));
  PetscCall(HGNetSetUp(q.net, part, HG_F64));
  PetscCall(HGNetGetInput(q.net, &x));
  PetscCall(HGNetGetOutput(q.net, &y, NULL));
  PetscCall(HGTensorGetLocal(x, &l));
  q.mine = l->box.size[HG_N];
  PetscCall(HGLossCreate(PETSC_COMM_WORLD, &q.loss));
  PetscCall(HGLossSetType(q.loss, HGLOSSMSE));
  PetscCall(HGLossCreateTarget(q.loss, y, &q.target));
  PetscCall(FillFields(x, q.target, n));
  PetscCall(Train(&q, steps));

  PetscCall(HGTensorDestroy(&q.target));
  PetscCall(HGLossDestroy(&q.loss));
  PetscCall(HGNetDestroy(&q.net));
  PetscCall(HGPartitionDestroy(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGSetWaitPolicy(argv)); /* first of all: it may start the program anew */
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(Run());
  PetscCall(HGFinalize());
  return 0;
}
