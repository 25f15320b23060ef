/* SPDX-License-Identifier: BSD-2-Clause */
#include "loss/loss_impl.h"
#include <math.h>

/*MC
   HGLOSSRELL2 - mean over the samples of |y - t| / |t|, with the Euclidean norm over channels and points

   Level: beginner

   Note:
   The gradient of a sample is (y - t) / (N |y - t| |t|), zero where y = t. With weights the norms are
   sqrt(sum w v^2). The relative L2 loss of Li et al., arXiv 2010.08895.

   Errors:
   `HGLossEvaluate()` refuses a sample whose target is zero everywhere, and `HGLossCheckTarget()` finds it before.

.seealso: `HGLossSetType()`, `HGLOSSH1`
M*/

/* Sums of w (y - t)^2 and w t^2 */
HG_LOSS_INLINE void Norms(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  for (ptrdiff_t x = 0; x < p->size[HG_X]; x++) {
    for (ptrdiff_t c = 0; c < p->size[HG_C]; c++) {
      const ptrdiff_t i = x * p->size[HG_C] + c;
      const double    w = p->weighted ? HGLossWeight(p, l, f32, x, c) : 1;
      const double    t = HGLossGet(l->t, f32, i), e = HGLossGet(l->y, f32, i) - t;

      if (w == 0) continue;
      sum[0] += w * e * e;
      sum[1] += w * t * t;
    }
  }
}
HG_LOSS_LINES(Norms)

/* Sum of w t^2 */
HG_LOSS_INLINE void TargetNorm(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  for (ptrdiff_t x = 0; x < p->size[HG_X]; x++) {
    for (ptrdiff_t c = 0; c < p->size[HG_C]; c++) {
      const double w = p->weighted ? HGLossWeight(p, l, f32, x, c) : 1, t = HGLossGet(l->t, f32, x * p->size[HG_C] + c);

      if (w != 0) sum[0] += w * t * t;
    }
  }
}
HG_LOSS_LINES(TargetNorm)

HG_LOSS_INLINE void Gradient(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  (void)sum;
  for (ptrdiff_t x = 0; x < p->size[HG_X]; x++) {
    for (ptrdiff_t c = 0; c < p->size[HG_C]; c++) {
      const ptrdiff_t i = x * p->size[HG_C] + c;
      const double    w = p->weighted ? HGLossWeight(p, l, f32, x, c) : 1;

      HGLossPut(l->dy, f32, i, w == 0 ? 0 : p->sample_scale[l->sample] * w * (HGLossGet(l->y, f32, i) - HGLossGet(l->t, f32, i)));
    }
  }
}
HG_LOSS_LINES(Gradient)

static PetscErrorCode SetUp_RelL2(HGLoss loss, HGTensor y)
{
  PetscInt size[HG_AXES];

  PetscFunctionBegin;
  (void)y;
  PetscCall(HGPartitionGetSizes(loss->part[0], NULL, size));
  PetscCall(PetscMalloc1(2 * size[HG_N], &loss->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Evaluate_RelL2(HGLoss loss, HGLossPass *p, PetscReal *value)
{
  MPI_Comm     comm   = PetscObjectComm((PetscObject)loss);
  const HGBox *box    = &p->y->box;
  double      *square = loss->work, sum = 0; /* [active][2] */

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(square, 2 * p->active));
  PetscCall(HGLossSweep(p, loss->dtype == HG_F32 ? Norms_F32 : Norms_F64, 2, loss->sums));
  if (p->samples) PetscCall(PetscArraycpy(square + 2 * box->start[HG_N], loss->sums, 2 * p->samples));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, square, (PetscMPIInt)(2 * p->active), MPI_DOUBLE, MPI_SUM, comm));
  for (PetscInt n = 0; n < p->active; n++) {
    HGCheck(square[2 * n + 1] != 0, comm,
            "the target of sample %" PetscInt_FMT
            " of the batch is zero everywhere and has no relative error; leave it out with -data_range or choose -train_loss mse",
            n);
    sum += sqrt(square[2 * n] / square[2 * n + 1]);
  }
  *value = (PetscReal)(sum / (double)p->active);
  for (PetscInt n = 0; n < p->samples; n++) {
    const double *s = square + 2 * (box->start[HG_N] + n);

    loss->sums[n] = s[0] > 0 ? 1 / ((double)p->active * sqrt(s[0]) * sqrt(s[1])) : 0;
  }
  p->sample_scale = loss->sums;
  if (p->dy) PetscCall(HGLossSweep(p, loss->dtype == HG_F32 ? Gradient_F32 : Gradient_F64, 0, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Check_RelL2(HGLoss loss, HGLossPass *p, PetscInt *bad)
{
  double *square = loss->work; /* [active] */

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(square, p->active));
  PetscCall(HGLossSweep(p, loss->dtype == HG_F32 ? TargetNorm_F32 : TargetNorm_F64, 1, loss->sums));
  if (p->samples) PetscCall(PetscArraycpy(square + p->y->box.start[HG_N], loss->sums, p->samples));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, square, (PetscMPIInt)p->active, MPI_DOUBLE, MPI_SUM, PetscObjectComm((PetscObject)loss)));
  for (PetscInt n = p->active - 1; n >= 0; n--)
    if (!(square[n] > 0)) *bad = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLossCreate_RelL2(HGLoss loss)
{
  PetscFunctionBegin;
  loss->ops->setup    = SetUp_RelL2;
  loss->ops->evaluate = Evaluate_RelL2;
  loss->ops->check    = Check_RelL2;
  PetscFunctionReturn(PETSC_SUCCESS);
}
