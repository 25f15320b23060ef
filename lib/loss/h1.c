/* SPDX-License-Identifier: BSD-2-Clause */
#include "loss/loss_impl.h"

/*MC
   HGLOSSH1 - mean squared error of values and gradients: (1 / M) sum (e^2 + a sum_d (D_d e)^2), e = y - t, over all M values

   Options Database Keys:
+  -loss_h1_weight a      - weight of the gradients (default 1)
.  -loss_h1_spacing x,y,z - distances of points (default: 1 / points, a domain of length one)
-  -loss_h1_periodic      - differences across the boundary too

   Level: beginner

   Units:
   with spacings in m the gradients are those of the field per m; choose a in m^2

   Notes:
   D_d e is the difference of neighbours along z, y or x over their distance; without -loss_h1_periodic there is none across the
   boundary. The gradient is 2 (e + a sum_d D_d' D_d e) / M. The adjoint D_d' of a difference is a difference of the other neighbour,
   so one halo exchange of e serves value and gradient, and each point of the gradient is summed by one rank in one order.

   With weights a difference counts by the smaller weight of its two points: none reaches into what is masked.

   Errors:
   Refuses weights below zero and distances that are not positive.

.seealso: `HGLossSetType()`, `HGLossH1SetWeight()`, `HGLossH1SetSpacing()`, `HGLossH1SetPeriodic()`, `HGLINOPHALO`
M*/

typedef struct {
  PetscReal weight, spacing[3]; /* spacing: z, y, x; 0 for 1 / points */
  PetscBool periodic;
  HGTensor  error, weights; /* with ghosts */
  HGLinOp   halo;
} H1;

/* e = y - t, zero where there is no weight */
HG_LOSS_INLINE void Error(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  (void)sum;
  for (ptrdiff_t x = 0; x < p->size[HG_X]; x++) {
    for (ptrdiff_t c = 0; c < p->size[HG_C]; c++) {
      const ptrdiff_t i = x * p->size[HG_C] + c;
      const double    w = p->weighted ? HGLossWeight(p, l, f32, x, c) : 1;

      HGLossPut(l->dy, f32, i, w == 0 ? 0 : HGLossGet(l->y, f32, i) - HGLossGet(l->t, f32, i));
    }
  }
}
HG_LOSS_LINES(Error)

HG_LOSS_INLINE void Expand(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  (void)sum;
  for (ptrdiff_t x = 0; x < p->size[HG_X]; x++)
    for (ptrdiff_t c = 0; c < p->size[HG_C]; c++) HGLossPut(l->dy, f32, x * p->size[HG_C] + c, HGLossWeight(p, l, f32, x, c));
}
HG_LOSS_LINES(Expand)

/* Here y is e and t its weights, both with ghosts; loss->work holds a / h^2 for z, y, x, zero where there are no neighbours */
HG_LOSS_INLINE void Differences(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  const double *factor = p->loss->work;

  for (ptrdiff_t i = 0; i < (ptrdiff_t)p->size[HG_X] * p->size[HG_C]; i++) {
    const double w = p->weighted ? HGLossGet(l->t, f32, i) : 1, e = HGLossGet(l->y, f32, i);
    double       total = w * e * e, gradient = w * e;

    for (int a = 0; a < 3; a++) {
      const ptrdiff_t s  = p->y->stride[HG_Z + a];
      double          up = factor[a], down = factor[a];

      if (factor[a] == 0) continue;
      if (p->weighted) {
        up *= PetscMin(w, HGLossGet(l->t, f32, i + s));
        down *= PetscMin(w, HGLossGet(l->t, f32, i - s));
      }
      const double forward = HGLossGet(l->y, f32, i + s) - e, backward = e - HGLossGet(l->y, f32, i - s);

      total += up * forward * forward;
      gradient += down * backward - up * forward;
    }
    sum[0] += total;
    if (l->dy) HGLossPut(l->dy, f32, i, 2 * p->scale * gradient);
  }
}
HG_LOSS_LINES(Differences)

/* Ghosts beyond a boundary that is not periodic repeat the last point: the difference across it is zero */
static PetscErrorCode SetUp_H1(HGLoss loss, HGTensor y)
{
  H1        *d    = (H1 *)loss->data;
  MPI_Comm   comm = PetscObjectComm((PetscObject)loss);
  PetscInt   size[HG_AXES], halo[3][2];
  HGBoundary boundary[3];

  PetscFunctionBegin;
  (void)y;
  PetscCall(HGPartitionGetSizes(loss->part[0], NULL, size));
  PetscCall(PetscMalloc1(3, &loss->work));
  for (int a = 0; a < 3; a++) {
    const PetscReal n = (PetscReal)size[HG_Z + a], h = d->spacing[a] > 0 ? d->spacing[a] : 1 / n;

    halo[a][0] = halo[a][1] = size[HG_Z + a] > 1;
    boundary[a]             = d->periodic ? HG_BOUNDARY_PERIODIC : HG_BOUNDARY_REPLICATE;
    loss->work[a]           = size[HG_Z + a] > 1 ? (double)(d->weight / (h * h)) : 0;
  }
  PetscCall(HGTensorCreate(loss->part[0], loss->dtype, &d->error));
  PetscCall(HGTensorSetHalo(d->error, halo));
  PetscCall(HGTensorSetUp(d->error));
  if (loss->weight || loss->channel_weight) PetscCall(HGTensorDuplicate(d->error, &d->weights));
  PetscCall(HGLinOpCreate(comm, &d->halo));
  PetscCall(HGLinOpSetType(d->halo, HGLINOPHALO));
  PetscCall(HGLinOpSetTensors(d->halo, d->error, d->error));
  PetscCall(HGLinOpSetBoundary(d->halo, boundary));
  PetscCall(HGLinOpSetUp(d->halo));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Reset_H1(HGLoss loss)
{
  H1 *d = (H1 *)loss->data;

  PetscFunctionBegin;
  PetscCall(HGLinOpDestroy(&d->halo));
  PetscCall(HGTensorDestroy(&d->error));
  PetscCall(HGTensorDestroy(&d->weights));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Fills t with what a function of lines writes, and its ghosts */
static PetscErrorCode Fill(const HGLossPass *p, HGLossLineFunction f, HGTensor t)
{
  HGLossPass pass = *p;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &pass.dy));
  PetscCall(HGLossSweep(&pass, f, 0, NULL));
  PetscCall(HGLinOpApply(((H1 *)p->loss->data)->halo, t, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Evaluate_H1(HGLoss loss, HGLossPass *p, PetscReal *value)
{
  H1             *d   = (H1 *)loss->data;
  const PetscBool f32 = loss->dtype == HG_F32 ? PETSC_TRUE : PETSC_FALSE;
  HGLossPass      pass;
  PetscInt        size[HG_AXES];
  double          weights, sum;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(loss->part[0], NULL, size));
  PetscCall(HGLossWeigh(p, HGLossWeighLine[loss->dtype], size[HG_C], &weights));
  PetscCall(Fill(p, f32 ? Error_F32 : Error_F64, d->error));
  if (p->weighted) PetscCall(Fill(p, f32 ? Expand_F32 : Expand_F64, d->weights));
  pass       = *p;
  pass.scale = 1 / weights;
  PetscCall(HGTensorGetLocal(d->error, &pass.y));
  PetscCall(HGTensorGetLocal(p->weighted ? d->weights : d->error, &pass.t));
  PetscCall(HGLossSum(&pass, f32 ? Differences_F32 : Differences_F64, 1, &sum));
  *value = (PetscReal)(sum / weights);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode View_H1(HGLoss loss, PetscViewer viewer)
{
  H1 *d = (H1 *)loss->data;

  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPrintf(viewer, "weight of the gradients: %g%s\n", (double)d->weight, d->periodic ? ", periodic" : ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Given for x, y, z, distances are kept for z, y, x */
static PetscErrorCode SetFromOptions_H1(HGLoss loss, HGOptionItems PetscOptionsObject)
{
  H1       *d      = (H1 *)loss->data;
  PetscReal weight = d->weight, h[3] = {0, 0, 0};
  PetscInt  n = 0;
  PetscBool set, periodic = d->periodic;

  PetscFunctionBegin;
  PetscCall(HGOptionsReal(PetscOptionsObject, "-loss_h1_weight", "weight of the gradients", "HGLossH1SetWeight", 0, PETSC_MAX_REAL, &weight,
                          &set));
  if (set) PetscCall(HGLossH1SetWeight(loss, weight));
  PetscCall(HGOptionsRealArray(PetscOptionsObject, "-loss_h1_spacing", "distances of points along x,y,z, or one for all; default 1/points",
                               "HGLossH1SetSpacing", HG_POSITIVE, PETSC_MAX_REAL, 1, 3, h, &n, &set));
  for (PetscInt a = n; a < 3; a++) h[a] = h[0];
  if (set) PetscCall(HGLossH1SetSpacing(loss, (const PetscReal[]){h[2], h[1], h[0]}));
  PetscCall(HGOptionsBool(PetscOptionsObject, "-loss_h1_periodic", "differences across the boundary too", "HGLossH1SetPeriodic", &periodic,
                          &set));
  if (set) PetscCall(HGLossH1SetPeriodic(loss, periodic));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Options_H1(HGLoss loss, HGText *text)
{
  const H1    *d      = (const H1 *)loss->data;
  const double xyz[3] = {(double)d->spacing[2], (double)d->spacing[1], (double)d->spacing[0]}, weight = (double)d->weight;

  PetscFunctionBegin;
  PetscCall(HGLossAppendReals(text, " -loss_h1_weight", 1, &weight));
  if (xyz[0] > 0) PetscCall(HGLossAppendReals(text, " -loss_h1_spacing", 3, xyz));
  if (d->periodic) PetscCall(HGTextAppend(text, " -loss_h1_periodic"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_H1(HGLoss loss)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(loss->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLossCreate_H1(HGLoss loss)
{
  H1 *d;

  PetscFunctionBegin;
  PetscCall(PetscNew(&d));
  d->weight                 = 1;
  loss->data                = d;
  loss->ops->setup          = SetUp_H1;
  loss->ops->evaluate       = Evaluate_H1;
  loss->ops->setfromoptions = SetFromOptions_H1;
  loss->ops->options        = Options_H1;
  loss->ops->view           = View_H1;
  loss->ops->reset          = Reset_H1;
  loss->ops->destroy        = Destroy_H1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossH1SetWeight - Set the weight of the gradients in the loss h1

   Logically Collective

   Input Parameters:
+  loss   - the misfit
-  weight - 0 or more; 0 leaves the mean squared error

   Options Database Key:
.  -loss_h1_weight - the weight (default 1)

   Level: intermediate

   Units:
   weight: the square of those of the spacing

   Note:
   Nothing for losses of other types.

   Errors:
   Refuses a weight below zero.

.seealso: `HGLOSSH1`
@*/
PetscErrorCode HGLossH1SetWeight(HGLoss loss, PetscReal weight)
{
  PetscBool h1;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)loss, HGLOSSH1, &h1));
  HGCheck(weight >= 0 && !PetscIsInfOrNanReal(weight), PetscObjectComm((PetscObject)loss), "-loss_h1_weight %g: give 0 or more",
          (double)weight);
  if (!h1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLossReset(loss));
  ((H1 *)loss->data)->weight = weight;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossH1SetSpacing - Set the distances of points by which the loss h1 divides differences

   Logically Collective

   Input Parameters:
+  loss - the misfit
-  h    - along z, y, x; 0 for 1 / points, a domain of length one

   Options Database Key:
.  -loss_h1_spacing x[,y[,z]] - the distances; one stands for all

   Level: intermediate

   Shape:
   h: [3]

   Note:
   Nothing for losses of other types.

   Errors:
   Refuses distances below zero.

.seealso: `HGLOSSH1`
@*/
PetscErrorCode HGLossH1SetSpacing(HGLoss loss, const PetscReal h[])
{
  PetscBool h1;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)loss, HGLOSSH1, &h1));
  for (int a = 0; a < 3; a++)
    HGCheck(h[a] >= 0 && !PetscIsInfOrNanReal(h[a]), PetscObjectComm((PetscObject)loss),
            "-loss_h1_spacing: %g along %c is no distance of points; give a positive number", (double)h[a], "zyx"[a]);
  if (!h1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLossReset(loss));
  PetscCall(PetscArraycpy(((H1 *)loss->data)->spacing, h, 3));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossH1SetPeriodic - Set whether the loss h1 takes differences across the boundary of the grid

   Logically Collective

   Input Parameters:
+  loss     - the misfit
-  periodic - `PETSC_TRUE`: the first point is the neighbour of the last

   Options Database Key:
.  -loss_h1_periodic - periodic

   Level: intermediate

   Note:
   Nothing for losses of other types.

.seealso: `HGLOSSH1`
@*/
PetscErrorCode HGLossH1SetPeriodic(HGLoss loss, PetscBool periodic)
{
  PetscBool h1;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)loss, HGLOSSH1, &h1));
  if (!h1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLossReset(loss));
  ((H1 *)loss->data)->periodic = periodic;
  PetscFunctionReturn(PETSC_SUCCESS);
}
