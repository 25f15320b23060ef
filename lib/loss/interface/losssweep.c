/* SPDX-License-Identifier: BSD-2-Clause */
/* How all losses go over the points of a rank: line by line, on threads, with sums that do not depend on their number */
#include "loss/loss_impl.h"

#define HG_LOSS_BLOCK 64 /* lines whose sum one thread makes */

/* HGLossBegin - Describe this rank's share of an evaluation */
PetscErrorCode HGLossBegin(HGLoss loss, PetscInt active, HGTensor y, HGTensor target, HGTensor dy, HGLossPass *p)
{
  PetscFunctionBegin;
  PetscCall(PetscMemzero(p, sizeof(*p)));
  p->loss   = loss;
  p->active = active;
  p->scale  = 1;
  PetscCall(HGTensorGetLocal(y, &p->y));
  PetscCall(HGTensorGetLocal(target, &p->t));
  if (dy) PetscCall(HGTensorGetLocal(dy, &p->dy));
  if (loss->weight) PetscCall(HGTensorGetLocal(loss->weight, &p->w));
  p->weighted = p->w || loss->channel_weight ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(PetscArraycpy(p->size, p->y->box.size, HG_AXES));
  p->c0 = p->y->box.start[HG_C];
  for (int a = 0; a < HG_AXES && p->w; a++) p->ws[a] = p->w->box.size[a] == 1 && p->size[a] > 1 ? 0 : p->w->stride[a];
  if (loss->counts && (p->y->elements || loss->classes)) p->samples = PetscMax(0, PetscMin(active - p->y->box.start[HG_N], p->size[HG_N]));
  if (dy && !loss->counts) PetscCall(HGTensorSet(dy, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline void *At(const HGTensorLocal *l, const ptrdiff_t stride[HG_AXES], size_t size, PetscInt n, PetscInt z, PetscInt y)
{
  return (char *)l->owned + (n * stride[HG_N] + z * stride[HG_Z] + y * stride[HG_Y]) * (ptrdiff_t)size;
}

static HGLossLine Line(const HGLossPass *p, size_t size, PetscInt n, PetscInt i)
{
  const PetscInt z = i / p->size[HG_Y], y = i % p->size[HG_Y];
  HGLossLine     l = {n, (ptrdiff_t)(n * p->size[HG_Z] * p->size[HG_Y] + i) * p->size[HG_X], NULL, NULL, NULL, NULL};

  l.y = At(p->y, p->y->stride, size, n, z, y);
  l.t = At(p->t, p->t->stride, size, n, z, y);
  if (p->w) l.w = At(p->w, p->ws, size, n, z, y);
  if (p->dy) l.dy = At(p->dy, p->dy->stride, size, n, z, y);
  return l;
}

/*
  HGLossSweep - Apply a function to all lines of this rank that count, and sum over each sample

  Not Collective

  Input Parameters:
+ p  - the pass
. f  - adds a line to K sums
- K  - how many

  Output Parameter:
. sums - [samples of this rank][K]

  Note:
  A block of lines is summed by one thread and the blocks in order, so the sums do not depend on the number of threads.
*/
PetscErrorCode HGLossSweep(const HGLossPass *p, HGLossLineFunction f, PetscInt K, double sums[])
{
  const PetscInt lines = p->size[HG_Z] * p->size[HG_Y], blocks = (lines + HG_LOSS_BLOCK - 1) / HG_LOSS_BLOCK;
  const size_t   size = HGDTypeSize(p->loss->dtype);

  PetscFunctionBegin;
  PetscAssert(K <= HG_LOSS_SUMS, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%" PetscInt_FMT " sums", K);
  PetscCall(PetscArrayzero(sums, p->samples * K));
#pragma omp parallel for ordered schedule(static, 1)
  for (PetscInt b = 0; b < p->samples * blocks; b++) {
    const PetscInt n = b / blocks, first = b % blocks * HG_LOSS_BLOCK;
    double         part[HG_LOSS_SUMS] = {0};

    for (PetscInt i = first; i < PetscMin(lines, first + HG_LOSS_BLOCK); i++) {
      const HGLossLine l = Line(p, size, n, i);

      f(p, &l, part);
    }
#pragma omp ordered
    for (PetscInt k = 0; k < K; k++) sums[n * K + k] += part[k];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGLossSum - The K sums of a function of lines over all samples and ranks. Collective */
PetscErrorCode HGLossSum(const HGLossPass *p, HGLossLineFunction f, PetscInt K, double total[])
{
  double mine[HG_LOSS_SUMS] = {0};

  PetscFunctionBegin;
  PetscCall(HGLossSweep(p, f, K, p->loss->sums));
  for (PetscInt n = 0; n < p->samples; n++)
    for (PetscInt k = 0; k < K; k++) mine[k] += p->loss->sums[n * K + k];
  PetscCallMPI(MPI_Allreduce(mine, total, (PetscMPIInt)K, MPI_DOUBLE, MPI_SUM, PetscObjectComm((PetscObject)p->loss)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

HG_LOSS_INLINE void WeighLine(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  for (ptrdiff_t x = 0; x < p->size[HG_X]; x++)
    for (ptrdiff_t c = 0; c < p->size[HG_C]; c++) sum[0] += HGLossWeight(p, l, f32, x, c);
}
HG_LOSS_LINES(WeighLine)

const HGLossLineFunction HGLossWeighLine[2] = {WeighLine_F32, WeighLine_F64};

/* HGLossCheckWeights - Refuse to divide by weights that sum to nothing. Collective */
PetscErrorCode HGLossCheckWeights(const HGLossPass *p, double sum)
{
  PetscFunctionBegin;
  HGCheck(sum > 0, PetscObjectComm((PetscObject)p->loss),
          "the weights of the loss sum to %g over a batch of %" PetscInt_FMT " samples; give some point a weight", sum, p->active);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGLossWeigh - The sum of the weights, by which a loss divides. Collective

  Input Parameters:
+ p        - the pass
. f        - adds the weights of a line
- channels - weights of a point, if all are one

  Output Parameter:
. sum - of the weights; without weights the number of values
*/
PetscErrorCode HGLossWeigh(const HGLossPass *p, HGLossLineFunction f, PetscInt channels, double *sum)
{
  PetscInt size[HG_AXES];

  PetscFunctionBegin;
  if (p->weighted) {
    PetscCall(HGLossSum(p, f, 1, sum));
    PetscCall(HGLossCheckWeights(p, *sum));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGPartitionGetSizes(p->loss->part[0], NULL, size));
  *sum = (double)p->active * (double)channels * (double)size[HG_Z] * (double)size[HG_Y] * (double)size[HG_X];
  PetscFunctionReturn(PETSC_SUCCESS);
}
