/* SPDX-License-Identifier: BSD-2-Clause */
/*
  The built-in networks, in 1-D to 3-D, divided in space, over the batch and over channels: output, gradient and, in evaluation, what running
  statistics make of it are those of one rank, which computes them alone; and that gradient is the derivative.
*/
#include "../layer/layercase.h"

typedef struct {
  PetscInt    dim, size[HG_AXES], outputs;
  const char *options;
} Network;

static const Network networks[] = {
    {2, {2, 1, 1, 28, 28}, 10, "-net_type lenet5"},
    {2, {2, 3, 1, 9, 11}, 2, "-net_type cnn -net_width 5 -net_depth 3 -net_kernel 5 -net_activation gelu -net_padding reflect"},
    {2, {2, 2, 1, 13, 9}, 2, "-net_type resnet -net_norm batch -net_width 4 -net_depth 2"},
    {3, {2, 1, 8, 4, 12}, 2, "-net_type unet -net_width 2 -net_levels 3 -net_norm group -net_norm_groups 2 -net_padding periodic"},
    {2, {3, 2, 1, 12, 20}, 1, "-net_type unet -net_width 3 -net_levels 3 -net_dropout 0.2 -net_activation tanh -net_padding replicate"},
    {3, {2, 2, 5, 7, 6}, 3, "-net_type resnet -net_norm instance -net_width 3 -net_depth 1 -net_dropout 0.1 -net_activation softplus"},
    {1, {4, 2, 1, 1, 24}, 2, "-net_type unet -net_width 4 -net_levels 4 -net_norm batch"},
    {3, {1, 2, 7, 5, 6}, 2, "-net_type cnn -net_width 4 -net_depth 2"},
    {2, {2, 2, 1, 9, 12}, 2, "-net_type cnn -net_width 80 -net_depth 3"}, /* wide: the kernels take the weights as they are */
};

/* parts [N][C][Z][Y][X] */
static const PetscInt layouts[][HG_AXES] = {
    {1, 1, 1, 1, 1}, {1, 1, 1, 1, 2}, {1, 2, 1, 1, 1}, {2, 1, 1, 1, 1}, {1, 1, 2, 1, 1}, {1, 1, 1, 3, 1}, {1, 3, 1, 1, 1},
    {1, 1, 3, 1, 1}, {1, 1, 1, 1, 3}, {1, 1, 1, 2, 2}, {1, 2, 1, 1, 2}, {2, 2, 1, 1, 1}, {1, 1, 2, 1, 2}, {1, 1, 1, 1, 4},
    {1, 1, 1, 3, 2}, {1, 2, 1, 1, 3}, {2, 1, 1, 3, 1}, {1, 1, 3, 1, 2}, {1, 3, 1, 1, 2}, {2, 1, 1, 1, 3}, {1, 1, 1, 2, 4},
    {2, 2, 1, 1, 2}, {1, 4, 1, 1, 2}, {1, 1, 2, 2, 2}, {1, 2, 1, 2, 2}, {2, 1, 2, 1, 2},
};

typedef struct {
  HGNet     net;
  HGTensor  x, y, dy;
  PetscInt  samples, ny, np;
  PetscReal loss;
  Vec       p, g;
  double   *whole[3]; /* output in training and in evaluation [ny], gradient [np]; on rank 0 */
} Problem;

static PetscErrorCode SetOptions(HGNet net, const char *options)
{
  PetscOptions o;

  PetscFunctionBegin;
  PetscCall(PetscOptionsCreate(&o));
  PetscCall(PetscOptionsInsertString(o, options));
  PetscCall(PetscOptionsPush(o));
  PetscCall(HGNetSetFromOptions(net));
  PetscCall(PetscOptionsPop());
  PetscCall(PetscOptionsDestroy(&o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Create(MPI_Comm comm, const Network *n, const PetscInt parts[], Problem *q)
{
  const HGTensorLocal *l;
  HGPartition          part, out;
  PetscInt             size[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(comm, &part));
  PetscCall(HGPartitionSetSizes(part, n->dim, n->size));
  PetscCall(HGPartitionSetParts(part, parts));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGNetCreate(comm, &q->net));
  PetscCall(SetOptions(q->net, n->options));
  PetscCall(HGNetSetChannels(q->net, n->size[HG_C], n->outputs));
  PetscCall(HGNetSetUp(q->net, part, HG_F64));
  PetscCall(HGNetSetRandom(q->net, 5, 3));
  PetscCall(HGPartitionDestroy(&part));
  PetscCall(HGNetGetInput(q->net, &q->x));
  PetscCall(HGNetGetOutput(q->net, &q->y, &q->dy));
  PetscCall(HGTensorSetRandom(q->x, 3, "x", PETSC_FALSE));
  PetscCall(HGTensorGetLocal(q->x, &l));
  q->samples = l->box.size[HG_N];
  PetscCall(HGTensorGetPartition(q->y, &out));
  PetscCall(HGPartitionGetSizes(out, NULL, size));
  q->ny = size[HG_N] * size[HG_C] * size[HG_Z] * size[HG_Y] * size[HG_X];
  PetscCall(HGNetCreateParameters(q->net, &q->p));
  PetscCall(VecDuplicate(q->p, &q->g));
  PetscCall(VecGetSize(q->p, &q->np));
  PetscCall(HGNetInitializeParameters(q->net, 4, q->p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(Problem *q)
{
  PetscFunctionBegin;
  PetscCall(VecDestroy(&q->p));
  PetscCall(VecDestroy(&q->g));
  PetscCall(HGNetDestroy(&q->net));
  for (int i = 0; i < 3; i++) PetscCall(PetscFree(q->whole[i]));
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

/* To rank 0, the points of other ranks as they own them */
static PetscErrorCode GatherOutput(Problem *q, double **whole)
{
  double *mine;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(q->ny, &mine));
  PetscCall(PetscMalloc1(q->ny, whole));
  PetscCall(CaseCopy(q->y, HG_F64, PETSC_FALSE, mine));
  PetscCallMPI(MPI_Reduce(mine, *whole, (PetscMPIInt)q->ny, MPI_DOUBLE, MPI_SUM, 0, PetscObjectComm((PetscObject)q->net)));
  PetscCall(PetscFree(mine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GatherGradient(Problem *q, double **whole)
{
  PetscInt           first, last;
  const PetscScalar *g;
  double            *mine;
  Vec                natural;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(q->np, &mine));
  PetscCall(PetscMalloc1(q->np, whole));
  PetscCall(HGNetCreateNaturalParameters(q->net, &natural));
  PetscCall(HGNetGlobalToNatural(q->net, q->g, natural));
  PetscCall(VecGetOwnershipRange(natural, &first, &last));
  PetscCall(VecGetArrayRead(natural, &g));
  for (PetscInt i = first; i < last; i++) mine[i] = PetscRealPart(g[i - first]);
  PetscCall(VecRestoreArrayRead(natural, &g));
  PetscCall(VecDestroy(&natural));
  PetscCallMPI(MPI_Reduce(mine, *whole, (PetscMPIInt)q->np, MPI_DOUBLE, MPI_SUM, 0, PetscObjectComm((PetscObject)q->net)));
  PetscCall(PetscFree(mine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(MPI_Comm comm, const Network *n, const PetscInt parts[], Problem *q)
{
  PetscFunctionBegin;
  PetscCall(Create(comm, n, parts, q));
  PetscCall(Evaluate(q, q->p, PETSC_TRUE));
  PetscCall(GatherOutput(q, &q->whole[0]));
  PetscCall(GatherGradient(q, &q->whole[2]));
  PetscCall(HGNetSetTraining(q->net, PETSC_FALSE));
  PetscCall(HGNetForward(q->net, q->samples));
  PetscCall(GatherOutput(q, &q->whole[1]));
  PetscCall(HGNetSetTraining(q->net, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* f(h) - f(0) - h f'(0) falls as h^2; of some steps one at least has no kink within */
static PetscErrorCode CheckDerivative(Problem *q, const char *name)
{
  Vec         d, p;
  PetscScalar slope;
  PetscReal   f0 = q->loss, r[2], order = 0;

  PetscFunctionBegin;
  PetscCall(VecDuplicate(q->p, &d));
  PetscCall(VecDuplicate(q->p, &p));
  for (PetscInt i = 0; i < q->np; i++) PetscCall(VecSetValue(d, i, 2 * HGRandomUniform(9, 1, (uint64_t)i) - 1, INSERT_VALUES));
  PetscCall(VecAssemblyBegin(d));
  PetscCall(VecAssemblyEnd(d));
  PetscCall(VecDot(q->g, d, &slope));
  for (PetscReal h = 1e-3; h > 1e-7 && order < 1.9; h /= 4) {
    for (int i = 0; i < 2; i++) {
      const PetscReal step = i ? h / 2 : h;

      PetscCall(VecWAXPY(p, step, d, q->p));
      PetscCall(Evaluate(q, p, PETSC_FALSE));
      r[i] = PetscAbsReal(q->loss - f0 - step * PetscRealPart(slope));
    }
    order = PetscMax(order, PetscLog2Real(r[0] / r[1]));
  }
  PetscCheck(order >= 1.9, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: the remainder of Taylor's formula is of order %.3f, not 2", name,
             (double)order);
  PetscCall(VecDestroy(&d));
  PetscCall(VecDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Compare(const Network *n, const PetscInt parts[], const Problem *found, const Problem *wanted)
{
  static const char *const what[] = {"output", "output in evaluation", "gradient"};

  PetscFunctionBegin;
  PetscCheck(found->np == wanted->np && found->ny == wanted->ny, PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "%s: %" PetscInt_FMT " parameters and %" PetscInt_FMT " values, on one rank %" PetscInt_FMT " and %" PetscInt_FMT, n->options,
             found->np, found->ny, wanted->np, wanted->ny);
  for (int k = 0; k < 3; k++) {
    double scale = 1;

    for (PetscInt i = 0; i < (k < 2 ? found->ny : found->np); i++) scale = PetscMax(scale, fabs(wanted->whole[k][i]));
    for (PetscInt i = 0; i < (k < 2 ? found->ny : found->np); i++)
      PetscCheck(fabs(found->whole[k][i] - wanted->whole[k][i]) <= 1e-10 * scale, PETSC_COMM_SELF, PETSC_ERR_PLIB,
                 "%s on %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
                 " parts: %s[%" PetscInt_FMT "] is %.17g, on one rank %.17g",
                 n->options, parts[0], parts[1], parts[2], parts[3], parts[4], what[k], i, found->whole[k][i], wanted->whole[k][i]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool Fits(const Network *n, const PetscInt parts[], PetscMPIInt ranks)
{
  if (parts[HG_N] * parts[HG_C] * parts[HG_Z] * parts[HG_Y] * parts[HG_X] != ranks) return PETSC_FALSE;
  for (int a = HG_Z; a < HG_X; a++)
    if (parts[a] > n->size[a]) return PETSC_FALSE;
  return parts[HG_N] <= n->size[HG_N] ? PETSC_TRUE : PETSC_FALSE;
}

/* All layouts on few ranks; on many, where it takes long since ranks that wait spin, some, others for each network */
static PetscErrorCode TestNetwork(int number, PetscMPIInt rank, PetscMPIInt ranks)
{
  const Network *n       = &networks[number];
  const int      every   = PetscMax(1, ranks / 2);
  Problem        alone   = {NULL};
  int            fitting = 0;

  PetscFunctionBegin;
  if (rank == 0) PetscCall(Run(PETSC_COMM_SELF, n, layouts[0], &alone));
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(layouts); i++) {
    Problem q = {NULL};

    if (!Fits(n, layouts[i], ranks) || fitting++ % every != number % every) continue;
    PetscCall(Run(PETSC_COMM_WORLD, n, layouts[i], &q));
    if (rank == 0) PetscCall(Compare(n, layouts[i], &q, &alone));
    PetscCall(Destroy(&q));
  }
  if (ranks == 1) PetscCall(CheckDerivative(&alone, n->options));
  if (rank == 0) PetscCall(Destroy(&alone));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscMPIInt rank, ranks;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  for (int i = 0; i < (int)PETSC_STATIC_ARRAY_LENGTH(networks); i++) PetscCall(TestNetwork(i, rank, ranks));
  PetscCall(HGFinalize());
  return 0;
}
