/* SPDX-License-Identifier: BSD-2-Clause */
#include "loss/loss_impl.h"
#include <math.h>
#include <stdio.h>

/*MC
   HGLOSSCROSSENTROPY - cross entropy of logits and class indices: mean over samples and points of log(sum_c exp y_c) - y_k,
   where k is the class of the point

   Level: beginner

   Notes:
   The channels of the output are the logits of the classes; the target has one channel with the index of the class, 0 to C - 1,
   see `HGLossCreateTarget()`. A network that ends in [N][C] outputs has a grid of one point.

   Exponentials are taken of y_c - max y, so none overflows. The gradient is (exp(y_c) / sum_d exp(y_d) - [c = k]) / points. Where
   channels are divided among ranks, largest logit and sum are reductions over the parts.

   With weights v of the channels and w of the points, the mean is sum(w v_k loss) / sum(w v_k). PyTorch's CrossEntropyLoss; a point
   of weight 0 is that one's `ignore_index`, and its class may be any number.

   Errors:
   `HGLossEvaluate()` refuses a class that is not a whole number from 0 to C - 1.

.seealso: `HGLossSetType()`, `HGLossSetChannelWeights()`, `HGLOSSBCE`
M*/

/* Of this rank's points: the largest logit, and {sum of exponentials, logit of the class} relative to it */
static inline double *Largest(const HGLossPass *p)
{
  return p->loss->work;
}

static inline double *Terms(const HGLossPass *p)
{
  return p->loss->work + (ptrdiff_t)p->size[HG_N] * p->size[HG_Z] * p->size[HG_Y] * p->size[HG_X];
}

HG_LOSS_INLINE double PointWeight(const HGLossPass *p, const HGLossLine *l, int f32, ptrdiff_t x)
{
  return l->w ? HGLossGet(l->w, f32, x * p->ws[HG_X]) : 1;
}

HG_LOSS_INLINE PetscBool IsClass(const HGLossPass *p, double k)
{
  return k >= 0 && k < (double)p->loss->channels && k == floor(k) ? PETSC_TRUE : PETSC_FALSE;
}

/* Sums of the weights, and of the points whose class is none; the largest logit of each point */
HG_LOSS_INLINE void Prepare(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  for (ptrdiff_t x = 0; x < p->size[HG_X]; x++) {
    const double w = PointWeight(p, l, f32, x), k = HGLossGet(l->t, f32, x);
    double       most = -INFINITY;

    for (ptrdiff_t c = 0; c < p->size[HG_C]; c++) most = fmax(most, HGLossGet(l->y, f32, x * p->size[HG_C] + c));
    Largest(p)[l->first + x] = most;
    if (w == 0) continue;
    if (!IsClass(p, k)) sum[1]++;
    else if (p->loss->leads) sum[0] += p->loss->channel_weight ? w * p->loss->channel_weight[(ptrdiff_t)k] : w;
  }
}
HG_LOSS_LINES(Prepare)

HG_LOSS_INLINE void Exponentials(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  (void)sum;
  for (ptrdiff_t x = 0; x < p->size[HG_X]; x++) {
    const double k = HGLossGet(l->t, f32, x) - p->c0, most = Largest(p)[l->first + x];
    double      *term = Terms(p) + 2 * (l->first + x);

    term[0] = term[1] = 0;
    for (ptrdiff_t c = 0; c < p->size[HG_C]; c++) {
      const double y = HGLossGet(l->y, f32, x * p->size[HG_C] + c) - most;

      term[0] += exp(y);
      if ((double)c == k) term[1] = y;
    }
  }
}
HG_LOSS_LINES(Exponentials)

HG_LOSS_INLINE void Finish(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  for (ptrdiff_t x = 0; x < p->size[HG_X]; x++) {
    const double class = HGLossGet(l->t, f32, x), k = class - p->c0, most = Largest(p)[l->first + x];
    const double *term = Terms(p) + 2 * (l->first + x);
    double        w    = PointWeight(p, l, f32, x);

    if (w != 0 && p->loss->channel_weight) w *= p->loss->channel_weight[(ptrdiff_t) class];
    if (w != 0 && p->loss->leads) sum[0] += w * (log(term[0]) - term[1]);
    for (ptrdiff_t c = 0; l->dy && c < p->size[HG_C]; c++) {
      const ptrdiff_t i = x * p->size[HG_C] + c;

      HGLossPut(l->dy, f32, i, w == 0 ? 0 : p->scale * w * (exp(HGLossGet(l->y, f32, i) - most) / term[0] - ((double)c == k)));
    }
  }
}
HG_LOSS_LINES(Finish)

static PetscErrorCode SetUp_CrossEntropy(HGLoss loss, HGTensor y)
{
  const HGTensorLocal *l;
  PetscInt             weights[HG_AXES] = {1, 1, 1, 1, 1};
  HGPartition          p;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(y, &l));
  if (loss->weight) {
    PetscCall(HGTensorGetPartition(loss->weight, &p));
    PetscCall(HGPartitionGetSizes(p, NULL, weights));
  }
  HGCheck(weights[HG_C] == 1, PetscObjectComm((PetscObject)loss),
          "weights with %" PetscInt_FMT
          " channels for cross_entropy; give each point one weight, and classes theirs with -loss_channel_weights",
          weights[HG_C]);
  PetscCall(PetscMalloc1(3 * l->box.size[HG_N] * l->box.size[HG_Z] * l->box.size[HG_Y] * l->box.size[HG_X], &loss->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The line that tells of the first class that is none */
static PetscErrorCode RefuseClasses(const HGLossPass *p)
{
  MPI_Comm       comm = PetscObjectComm((PetscObject)p->loss);
  const PetscInt Z = p->size[HG_Z], Y = p->size[HG_Y], X = p->size[HG_X];
  const int      f32      = p->loss->dtype == HG_F32;
  char           msg[256] = "";

  PetscFunctionBegin;
  for (PetscInt i = 0; i < p->samples * Z * Y * X && !*msg; i++) {
    const PetscInt  x = i % X, y = i / X % Y, z = i / X / Y % Z, n = i / X / Y / Z;
    const ptrdiff_t at     = n * p->t->stride[HG_N] + z * p->t->stride[HG_Z] + y * p->t->stride[HG_Y] + x * p->t->stride[HG_X];
    const double    k      = HGLossGet(p->t->owned, f32, at);
    const PetscBool masked = p->w && HGLossGet(p->w->owned, f32, n * p->ws[HG_N] + z * p->ws[HG_Z] + y * p->ws[HG_Y] + x * p->ws[HG_X]) == 0
                                 ? PETSC_TRUE
                                 : PETSC_FALSE;

    if (!masked && !IsClass(p, k))
      (void)snprintf(msg, sizeof(msg),
                     "the target of sample %" PetscInt_FMT " of the batch has the class %g; the output has %" PetscInt_FMT
                     " channels, so give whole numbers from 0 to %" PetscInt_FMT,
                     p->t->box.start[HG_N] + n, k, p->loss->channels, p->loss->channels - 1);
  }
  PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
  HGCheck(PETSC_FALSE, comm, "%s", msg);
}

static PetscErrorCode Evaluate_CrossEntropy(HGLoss loss, HGLossPass *p, PetscReal *value)
{
  const PetscBool   f32 = loss->dtype == HG_F32 ? PETSC_TRUE : PETSC_FALSE;
  const PetscMPIInt n   = (PetscMPIInt)(p->samples * p->size[HG_Z] * p->size[HG_Y] * p->size[HG_X]);
  double            prepared[2], sum;

  PetscFunctionBegin;
  PetscCall(HGLossSum(p, f32 ? Prepare_F32 : Prepare_F64, 2, prepared));
  if (prepared[1] > 0) PetscCall(RefuseClasses(p));
  PetscCall(HGLossCheckWeights(p, prepared[0]));
  if (loss->across != MPI_COMM_NULL) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, Largest(p), n, MPI_DOUBLE, MPI_MAX, loss->across));
  PetscCall(HGLossSweep(p, f32 ? Exponentials_F32 : Exponentials_F64, 0, NULL));
  if (loss->across != MPI_COMM_NULL) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, Terms(p), 2 * n, MPI_DOUBLE, MPI_SUM, loss->across));
  p->scale = 1 / prepared[0];
  PetscCall(HGLossSum(p, f32 ? Finish_F32 : Finish_F64, 1, &sum));
  *value = (PetscReal)(sum / prepared[0]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first channel that has the largest logit; infinity if it is not among those of this rank */
HG_LOSS_INLINE void First(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  (void)sum;
  for (ptrdiff_t x = 0; x < p->size[HG_X]; x++) {
    double *first = Terms(p) + l->first + x;

    *first = INFINITY;
    for (ptrdiff_t c = p->size[HG_C] - 1; c >= 0; c--)
      if (HGLossGet(l->y, f32, x * p->size[HG_C] + c) == Largest(p)[l->first + x]) *first = (double)(p->c0 + c);
  }
}
HG_LOSS_LINES(First)

HG_LOSS_INLINE void Correct(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  for (ptrdiff_t x = 0; x < p->size[HG_X] && p->loss->leads; x++) {
    const double w = PointWeight(p, l, f32, x), k = HGLossGet(l->t, f32, x);

    if (w != 0 && Terms(p)[l->first + x] == k) sum[0] += w;
    sum[1] += w;
  }
}
HG_LOSS_LINES(Correct)

/*@
   HGLossAccuracy - The fraction of points whose largest logit is that of their class

   Collective

   Input Parameters:
+  loss   - the misfit, of type `HGLOSSCROSSENTROPY`
.  active - how many samples of the global batch count, from the first
.  y      - the network's output
-  target - the classes

   Output Parameter:
.  accuracy - 0 to 1; points have the weights of `HGLossSetWeights()`

   Level: beginner

   Shape:
   y: [N][Z][Y][X][C]; target: [N][Z][Y][X][1]

   Note:
   Of equal logits the first counts.

   Errors:
   Refuses a loss of another type, and what `HGLossEvaluate()` refuses but classes out of range, which are wrong.

.seealso: `HGLossEvaluate()`, `HGLossCreateTarget()`
@*/
PetscErrorCode HGLossAccuracy(HGLoss loss, PetscInt active, HGTensor y, HGTensor target, PetscReal *accuracy)
{
  HGLossPass  p;
  PetscBool   f32;
  PetscMPIInt n;
  double      sum[2];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  HGCheck(loss->classes, PetscObjectComm((PetscObject)loss), "accuracy is of classes; choose the loss cross_entropy");
  PetscCall(HGLossPlan(loss, y, target));
  PetscCall(HGLossBegin(loss, active, y, target, NULL, &p));
  f32 = loss->dtype == HG_F32 ? PETSC_TRUE : PETSC_FALSE;
  n   = (PetscMPIInt)(p.samples * p.size[HG_Z] * p.size[HG_Y] * p.size[HG_X]);
  PetscCall(HGLossSweep(&p, f32 ? Prepare_F32 : Prepare_F64, 2, loss->sums));
  if (loss->across != MPI_COMM_NULL) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, Largest(&p), n, MPI_DOUBLE, MPI_MAX, loss->across));
  PetscCall(HGLossSweep(&p, f32 ? First_F32 : First_F64, 0, NULL));
  if (loss->across != MPI_COMM_NULL) PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, Terms(&p), n, MPI_DOUBLE, MPI_MIN, loss->across));
  PetscCall(HGLossSum(&p, f32 ? Correct_F32 : Correct_F64, 2, sum));
  PetscCall(HGLossCheckWeights(&p, sum[1]));
  *accuracy = (PetscReal)(sum[0] / sum[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLossCreate_CrossEntropy(HGLoss loss)
{
  PetscFunctionBegin;
  loss->classes       = PETSC_TRUE;
  loss->ops->setup    = SetUp_CrossEntropy;
  loss->ops->evaluate = Evaluate_CrossEntropy;
  PetscFunctionReturn(PETSC_SUCCESS);
}
