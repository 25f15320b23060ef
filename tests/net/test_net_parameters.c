/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Parameters live where they are used: who holds how many, and how many bytes a step moves, compared with the numbers that the layout gives; messages longer
   than MPI counts; single precision follows double; the gradient of HGNetAdjointAndEnd() is that of the two calls; more parameters than can be counted, and
   than there is memory, are refused.
*/
#include "halograd.h"
#include "layer/hgparameters.h"
#include "linop/transfer_impl.h"

static PetscErrorCode Expect(const char what[], double found, double wanted)
{
  PetscFunctionBegin;
  PetscCheck(found == wanted, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%s: %.17g, expected %.17g", what, found, wanted);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sums of held elements and of bytes over the ranks, and the most held */
static PetscErrorCode Use(HGParameters ps, MPI_Comm comm, PetscInt layers, PetscInt64 *held, PetscInt64 *most, PetscInt64 *bytes)
{
  PetscInt64 h = 0, b = 0;

  PetscFunctionBegin;
  for (PetscInt l = 0; l < layers; l++) {
    PetscInt   messages;
    PetscInt64 hl, bl;

    PetscCall(HGParametersGetUse(ps, l, &hl, &messages, &bl));
    h += hl;
    b += bl;
  }
  PetscCallMPI(MPI_Allreduce(&h, held, 1, MPIU_INT64, MPI_SUM, comm));
  PetscCallMPI(MPI_Allreduce(&h, most, 1, MPIU_INT64, MPI_MAX, comm));
  PetscCallMPI(MPI_Allreduce(&b, bytes, 1, MPIU_INT64, MPI_SUM, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Dense, n x n, on a grid of 2 x 2 ranks: each has its quarter of the weights and nothing moves; of the bias, the two ranks of the first column have half each */
static PetscErrorCode TestDense(PetscInt n, PetscInt batches)
{
  const PetscInt size[HG_AXES] = {2, n, 1, 1, 1}, parts[HG_AXES] = {batches, 1, 1, 1, 1};
  PetscInt64     held, most, bytes;
  HGPartition    part;
  HGLayer        layer;
  HGParameters   ps;

  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetSizes(part, 1, size));
  PetscCall(HGPartitionSetParts(part, parts));
  if (batches == 1) PetscCall(HGPartitionSetRanks(part, 1, (PetscMPIInt[]){0}));
  else PetscCall(HGPartitionSetRanks(part, 2, (PetscMPIInt[]){0, 2}));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGLayerCreate(PETSC_COMM_WORLD, &layer));
  PetscCall(PetscObjectSetName((PetscObject)layer, "fc"));
  PetscCall(HGLayerSetType(layer, HGLAYERDENSE));
  PetscCall(HGLayerDenseSetOutputs(layer, n));
  PetscCall(HGLayerDenseSetParts(layer, 2, batches == 1 ? 2 : 1));
  PetscCall(HGLayerSetUp(layer, 1, &part, HG_F32));
  PetscCall(HGParametersCreate(PETSC_COMM_WORLD, HG_F32, HG_F32, &ps));
  PetscCall(HGParametersAddLayer(ps, layer));
  PetscCall(HGParametersDivide(ps));
  PetscCall(HGParametersSetUp(ps, PETSC_TRUE));
  PetscCall(Use(ps, PETSC_COMM_WORLD, 1, &held, &most, &bytes));
  if (batches == 1) {
    PetscCall(Expect("2 x 2 blocks: held by all", (double)held, (double)n * (double)n + (double)n));
    PetscCall(Expect("2 x 2 blocks: most held", (double)most, (double)n * (double)n / 4 + (double)n / 2));
    PetscCall(Expect("2 x 2 blocks: bytes", (double)bytes, 0));
  } else { /* two parts of the batch: each of the 2 copies of a half owns half of it, sends that to the other one, and half of its gradient home */
    PetscCall(Expect("2 blocks, 2 copies: bytes", (double)bytes, 2. * 4 * ((double)n * (double)n + (double)n)));
    PetscCall(Expect("2 blocks, 2 copies: held by all", (double)held, 3. * ((double)n * (double)n + (double)n)));
  }
  PetscCall(HGParametersDestroy(&ps));
  PetscCall(HGLayerDestroy(&layer));
  PetscCall(HGPartitionDestroy(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A network of convolutions; parts: of batch, channels, x */
static PetscErrorCode CreateNet(MPI_Comm comm, const PetscInt parts[3], HGDType dtype, HGDType kept, HGNet *net)
{
  const PetscInt size[HG_AXES] = {4, 2, 1, 8, 12}, p[HG_AXES] = {parts[0], parts[1], 1, 1, parts[2]};
  HGPartition    part;

  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(comm, &part));
  PetscCall(HGPartitionSetSizes(part, 2, size));
  PetscCall(HGPartitionSetParts(part, p));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGNetCreate(comm, net));
  PetscCall(HGNetSetType(*net, HGNETCNN));
  PetscCall(HGNetSetWidth(*net, 6));
  PetscCall(HGNetSetDepth(*net, 3));
  PetscCall(HGNetSetNorm(*net, HG_NORM_BATCH));
  PetscCall(HGNetSetChannels(*net, 2, 3));
  PetscCall(HGNetSetParameterType(*net, kept));
  PetscCall(HGNetSetUp(*net, part, dtype));
  PetscCall(HGPartitionDestroy(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The gradient of 1/2 |y|^2 in natural order on all ranks, in one call or two */
static PetscErrorCode Gradient(MPI_Comm comm, const PetscInt parts[3], HGDType dtype, HGDType kept, PetscBool one, PetscInt *n,
                               PetscScalar **all)
{
  HGNet                net;
  HGTensor             x, y, dy;
  Vec                  p, g, natural, whole;
  VecScatter           scatter;
  const PetscScalar   *v;
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscCall(CreateNet(comm, parts, dtype, kept, &net));
  PetscCall(HGNetCreateParameters(net, &p));
  PetscCall(VecDuplicate(p, &g));
  PetscCall(HGNetInitializeParameters(net, 3, p));
  PetscCall(HGNetGetInput(net, &x));
  PetscCall(HGNetGetOutput(net, &y, &dy));
  PetscCall(HGTensorSetRandom(x, 5, "x", PETSC_FALSE));
  PetscCall(HGTensorGetLocal(x, &l));
  for (int repeat = 0; repeat < 2; repeat++) { /* the second time all requests are used again */
    PetscCall(HGNetSetParameters(net, p));
    PetscCall(HGNetForward(net, l->box.size[HG_N]));
    PetscCall(HGTensorCopyOwned(y, dy));
    if (one) {
      PetscCall(HGNetAdjointBeginIn(net, g));
      PetscCall(HGNetAdjointAndEnd(net, l->box.size[HG_N], g));
    } else {
      PetscCall(HGNetAdjointBegin(net));
      PetscCall(HGNetAdjoint(net, l->box.size[HG_N]));
      PetscCall(HGNetAdjointEnd(net, g));
    }
  }
  PetscCall(HGNetCreateNaturalParameters(net, &natural));
  PetscCall(HGNetGlobalToNatural(net, g, natural));
  PetscCall(VecScatterCreateToAll(natural, &scatter, &whole));
  PetscCall(VecScatterBegin(scatter, natural, whole, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(scatter, natural, whole, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecGetSize(whole, n));
  PetscCall(PetscMalloc1(*n, all));
  PetscCall(VecGetArrayRead(whole, &v));
  PetscCall(PetscArraycpy(*all, v, *n));
  PetscCall(VecRestoreArrayRead(whole, &v));
  PetscCall(VecScatterDestroy(&scatter));
  PetscCall(VecDestroy(&whole));
  PetscCall(VecDestroy(&natural));
  PetscCall(VecDestroy(&p));
  PetscCall(VecDestroy(&g));
  PetscCall(HGNetDestroy(&net));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Largest difference, over the largest element */
static PetscReal Difference(PetscInt n, const PetscScalar *a, const PetscScalar *b)
{
  PetscReal most = 0, size = 0;

  for (PetscInt i = 0; i < n; i++) {
    most = PetscMax(most, PetscAbsScalar(a[i] - b[i]));
    size = PetscMax(size, PetscAbsScalar(a[i]));
  }
  return most / size;
}

/* On these parts as on one rank: in double precision to its rounding, and in single precision, kept in either, to that of its sums of some hundred terms */
static PetscErrorCode TestGradient(const PetscInt parts[3])
{
  const PetscInt one[3] = {1, 1, 1};
  PetscInt       n;
  PetscScalar   *wanted, *found, *again;

  PetscFunctionBegin;
  PetscCall(Gradient(PETSC_COMM_SELF, one, HG_F64, HG_F64, PETSC_FALSE, &n, &wanted));
  for (int k = 0; k < 3; k++) {
    const HGDType   dtype = k ? HG_F32 : HG_F64, kept = k == 2 ? HG_F32 : HG_F64;
    const PetscReal limit = k ? 2e-5 : 1e-13;
    PetscReal       d;

    PetscCall(Gradient(PETSC_COMM_WORLD, parts, dtype, kept, PETSC_FALSE, &n, &found));
    PetscCall(Gradient(PETSC_COMM_WORLD, parts, dtype, kept, PETSC_TRUE, &n, &again));
    d = Difference(n, wanted, found);
    PetscCheck(d <= limit, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "gradient in %s kept in %s: off by %g", HGDTypeName(dtype), HGDTypeName(kept),
               (double)d);
    PetscCheck(!memcmp(found, again, (size_t)n * sizeof(*found)), PETSC_COMM_WORLD, PETSC_ERR_PLIB,
               "HGNetAdjointAndEnd() in %s kept in %s: other bits", HGDTypeName(dtype), HGDTypeName(kept));
    PetscCall(PetscFree(found));
    PetscCall(PetscFree(again));
  }
  PetscCall(PetscFree(wanted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscMPIInt size;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  if (size == 4) {
    PetscCall(TestDense(4096, 1));
    PetscCall(TestDense(16, 2));
    PetscCall(TestGradient((PetscInt[]){1, 2, 2}));
    PetscCall(TestGradient((PetscInt[]){2, 2, 1}));
  }
  if (size == 3) PetscCall(TestGradient((PetscInt[]){1, 3, 1}));
  if (size == 2) PetscCall(TestGradient((PetscInt[]){1, 1, 2}));
  if (size == 2) PetscCall(TestGradient((PetscInt[]){1, 2, 1}));
  if (size == 1) PetscCall(TestGradient((PetscInt[]){1, 1, 1}));
  HGMessageMost = 5; /* as if MPI counted to five */
  if (size == 2) PetscCall(TestGradient((PetscInt[]){1, 1, 2}));
  if (size == 2) PetscCall(TestGradient((PetscInt[]){1, 2, 1}));
  PetscCall(HGFinalize());
  return 0;
}
