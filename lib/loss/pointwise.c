/* SPDX-License-Identifier: BSD-2-Clause */
/* Losses that are a mean over all values of a function of output and target */
#include "loss/loss_impl.h"
#include <math.h>

/*MC
   HGLOSSMSE - mean squared error: (1 / M) sum (y - t)^2 over the M values of all samples, channels and points

   Level: beginner

   Note:
   Its gradient is 2 (y - t) / M. As in all losses the sum runs in double precision, and with weights w it is
   (1 / sum w) sum w (y - t)^2. PyTorch's MSELoss.

.seealso: `HGLossSetType()`, `HGLossSetWeights()`
M*/
HG_LOSS_INLINE double Square(double y, double t, double delta, double *slope)
{
  (void)delta;
  *slope = 2 * (y - t);
  return (y - t) * (y - t);
}

/*MC
   HGLOSSL1 - mean absolute error: (1 / M) sum |y - t| over the M values of all samples, channels and points

   Level: beginner

   Note:
   Its gradient is sign(y - t) / M, zero where y = t. PyTorch's L1Loss.

.seealso: `HGLossSetType()`
M*/
HG_LOSS_INLINE double Absolute(double y, double t, double delta, double *slope)
{
  (void)delta;
  *slope = (double)(y > t) - (double)(y < t);
  return fabs(y - t);
}

/*MC
   HGLOSSHUBER - mean of e^2 / 2 where |e| <= delta, and of delta (|e| - delta / 2) elsewhere, with e = y - t

   Options Database Key:
.  -loss_huber_delta - delta (default 1)

   Level: beginner

   Note:
   Huber, Annals of Mathematical Statistics 35 (1964), 73. PyTorch's HuberLoss.

.seealso: `HGLossSetType()`, `HGLossHuberSetDelta()`
M*/
typedef struct {
  double delta;
} Huber;

HG_LOSS_INLINE double HuberMisfit(double y, double t, double delta, double *slope)
{
  const double e = y - t, a = fabs(e);

  *slope = a <= delta ? e : delta * ((double)(e > 0) - (double)(e < 0));
  return a <= delta ? e * e / 2 : delta * (a - delta / 2);
}

/*MC
   HGLOSSBCE - binary cross entropy of logits: mean of -t log s(y) - (1 - t) log(1 - s(y)), with the logistic function s

   Level: beginner

   Notes:
   Computed as max(y, 0) - y t + log(1 + exp(-|y|)), which neither overflows nor cancels; the gradient is (s(y) - t) / M.
   Targets are probabilities, 0 to 1.

   PyTorch's BCEWithLogitsLoss; that one divides by the number of values also where there are weights, all losses here by the
   sum of the weights: give weights of mean 1 for the same number.

.seealso: `HGLossSetType()`, `HGLOSSCROSSENTROPY`
M*/
HG_LOSS_INLINE double Logistic(double y, double t, double delta, double *slope)
{
  const double q = exp(-fabs(y));

  (void)delta;
  *slope = (y >= 0 ? 1 : q) / (1 + q) - t;
  return fmax(y, 0) - y * t + log1p(q);
}

HG_LOSS_INLINE double DeltaOf(HGLoss loss)
{
  return loss->data ? ((const Huber *)loss->data)->delta : 0;
}

typedef double (*Misfit)(double y, double t, double delta, double *slope);

HG_LOSS_INLINE void Uniform(const HGLossPass *p, const HGLossLine *l, Misfit f, int f32, double sum[])
{
  const ptrdiff_t n     = (ptrdiff_t)p->size[HG_X] * p->size[HG_C];
  const double    delta = DeltaOf(p->loss), scale = p->scale;
  double          total = 0;

#pragma omp simd reduction(+ : total)
  for (ptrdiff_t i = 0; i < n; i++) {
    double slope;

    total += f(HGLossGet(l->y, f32, i), HGLossGet(l->t, f32, i), delta, &slope);
    if (l->dy) HGLossPut(l->dy, f32, i, scale * slope);
  }
  sum[0] += total;
}

/* What has no weight is not looked at: it may be anything */
HG_LOSS_INLINE void Weighted(const HGLossPass *p, const HGLossLine *l, Misfit f, int f32, double sum[])
{
  for (ptrdiff_t x = 0; x < p->size[HG_X]; x++) {
    for (ptrdiff_t c = 0; c < p->size[HG_C]; c++) {
      const ptrdiff_t i     = x * p->size[HG_C] + c;
      const double    w     = HGLossWeight(p, l, f32, x, c);
      double          slope = 0;

      if (w != 0) sum[0] += w * f(HGLossGet(l->y, f32, i), HGLossGet(l->t, f32, i), DeltaOf(p->loss), &slope);
      if (l->dy) HGLossPut(l->dy, f32, i, p->scale * w * slope);
    }
  }
}

/* NAME_F32 and NAME_F64 for lines, and a function that creates a loss of them */
#define DEFINE_LOSS(NAME, MISFIT, CREATE)                                                   \
  HG_LOSS_INLINE void NAME(const HGLossPass *p, const HGLossLine *l, int f32, double sum[]) \
  {                                                                                         \
    if (p->weighted) Weighted(p, l, MISFIT, f32, sum);                                      \
    else Uniform(p, l, MISFIT, f32, sum);                                                   \
  }                                                                                         \
  HG_LOSS_LINES(NAME)                                                                       \
                                                                                            \
  PetscErrorCode CREATE(HGLoss loss)                                                        \
  {                                                                                         \
    PetscFunctionBegin;                                                                     \
    loss->ops->evaluate = HGLossMean;                                                       \
    loss->line[HG_F32]  = NAME##_F32;                                                       \
    loss->line[HG_F64]  = NAME##_F64;                                                       \
    PetscFunctionReturn(PETSC_SUCCESS);                                                     \
  }

static PetscErrorCode CreateHuberLines(HGLoss);

DEFINE_LOSS(MSE, Square, HGLossCreate_MSE)
DEFINE_LOSS(L1, Absolute, HGLossCreate_L1)
DEFINE_LOSS(BCE, Logistic, HGLossCreate_BCE)
DEFINE_LOSS(HuberLines, HuberMisfit, CreateHuberLines)

static PetscErrorCode SetFromOptions_Huber(HGLoss loss, HGOptionItems PetscOptionsObject)
{
  PetscReal delta = (PetscReal)((Huber *)loss->data)->delta;

  PetscFunctionBegin;
  PetscCall(HGOptionsReal(PetscOptionsObject, "-loss_huber_delta", "from which error on the loss is linear", "HGLossHuberSetDelta",
                          HG_POSITIVE, PETSC_MAX_REAL, &delta, NULL));
  PetscCall(HGLossHuberSetDelta(loss, delta));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Options_Huber(HGLoss loss, HGText *text)
{
  PetscFunctionBegin;
  PetscCall(HGLossAppendReals(text, " -loss_huber_delta", 1, &((Huber *)loss->data)->delta));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Huber(HGLoss loss)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(loss->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLossCreate_Huber(HGLoss loss)
{
  Huber *h;

  PetscFunctionBegin;
  PetscCall(CreateHuberLines(loss));
  PetscCall(PetscNew(&h));
  h->delta                  = 1;
  loss->data                = h;
  loss->ops->setfromoptions = SetFromOptions_Huber;
  loss->ops->options        = Options_Huber;
  loss->ops->destroy        = Destroy_Huber;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossHuberSetDelta - Set from which error on the loss huber is linear

   Logically Collective

   Input Parameters:
+  loss  - the misfit
-  delta - above 0

   Options Database Key:
.  -loss_huber_delta - delta (default 1)

   Level: intermediate

   Units:
   delta: of the output

   Note:
   Nothing for losses of other types.

   Errors:
   Refuses a delta that is not positive.

.seealso: `HGLOSSHUBER`
@*/
PetscErrorCode HGLossHuberSetDelta(HGLoss loss, PetscReal delta)
{
  PetscBool huber;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)loss, HGLOSSHUBER, &huber));
  HGCheck(delta > 0 && !PetscIsInfOrNanReal(delta), PetscObjectComm((PetscObject)loss), "-loss_huber_delta %g: give a positive number",
          (double)delta);
  if (huber) ((Huber *)loss->data)->delta = (double)delta;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGLossMean - Evaluate the mean over values, weighted, of the function that loss->line sums */
PetscErrorCode HGLossMean(HGLoss loss, HGLossPass *p, PetscReal *value)
{
  PetscInt size[HG_AXES];
  double   weights, sum;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(loss->part[0], NULL, size));
  PetscCall(HGLossWeigh(p, HGLossWeighLine[loss->dtype], size[HG_C], &weights));
  p->scale = 1 / weights;
  PetscCall(HGLossSum(p, loss->line[loss->dtype], 1, &sum));
  *value = (PetscReal)(sum / weights);
  PetscFunctionReturn(PETSC_SUCCESS);
}
