/* SPDX-License-Identifier: BSD-2-Clause */
#include "layer/layerfield.h"
#include <math.h>

/*MC
   HGLAYERSOFTMAX - probabilities of classes at each point: y_c = exp(x_c) / sum over channels of exp(x)

   Level: intermediate

   Notes:
   The loss cross_entropy takes logits; this layer is for networks whose output is to be read.

   If the channels are in several parts, maximum and sum of exponentials are reductions over the parts, and so is the sum of y dy in the
   adjoint dx_c = y_c (dy_c - sum of y dy).

.seealso: `HGNetAddLayerTo()`
M*/

typedef struct {
  const HGFieldKernels *kernels;
  void                 *threshold;
  MPI_Comm              across; /* ranks with other channels of the same points; MPI_COMM_NULL: none */
  double               *sum;    /* [points] of this rank */
  HGTensor              part;   /* like dx, if it is to be added or masked and channels are divided */
} Softmax;

/* ---- divided channels ---- */

static double Get(HGDType t, const void *x, ptrdiff_t i)
{
  return t == HG_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static void Put(HGDType t, void *x, ptrdiff_t i, double v)
{
  if (t == HG_F32) ((float *)x)[i] = (float)v;
  else ((double *)x)[i] = v;
}

/* Points of this rank in the first nb samples */
static PetscInt CountPoints(const HGTensorLocal *l, PetscInt nb)
{
  return nb * l->box.size[HG_Z] * l->box.size[HG_Y] * l->box.size[HG_X];
}

/* Where the channels of point i lie in a tensor */
static ptrdiff_t PointAt(const HGTensorLocal *l, PetscInt i)
{
  ptrdiff_t at = 0;

  for (int a = HG_AXES - 1; a >= HG_Z; i /= l->box.size[a--]) at += i % l->box.size[a] * l->stride[a];
  return at + i * l->stride[HG_N];
}

static PetscErrorCode CreateAcross(HGLayer layer)
{
  Softmax    *d    = (Softmax *)layer->data;
  MPI_Comm    comm = PetscObjectComm((PetscObject)layer);
  PetscInt    parts[HG_AXES], at[HG_AXES] = {0}, points = 0;
  PetscMPIInt rank;
  PetscBool   has;
  HGBox       box;

  PetscFunctionBegin;
  if (d->across != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&d->across));
  PetscCall(PetscFree(d->sum));
  PetscCall(HGPartitionGetParts(layer->in[0].part, parts));
  if (parts[HG_C] == 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(HGPartitionGetCoords(layer->in[0].part, rank, &has, at));
  for (int a = 0; a < HG_AXES && has; a++)
    if (a != HG_C) points = points * parts[a] + at[a];
  PetscCallMPI(MPI_Comm_split(comm, has ? (int)points : MPI_UNDEFINED, (int)at[HG_C], &d->across));
  PetscCall(HGPartitionGetBox(layer->in[0].part, rank, &box));
  PetscCall(PetscMalloc1(box.size[HG_N] * box.size[HG_Z] * box.size[HG_Y] * box.size[HG_X] + 1, &d->sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ForwardAcross(HGLayer layer, PetscInt nb, const HGTensorLocal *x, const HGTensorLocal *y)
{
  Softmax       *d = (Softmax *)layer->data;
  const HGDType  t = layer->dtype;
  const PetscInt n = CountPoints(x, nb), C = x->box.size[HG_C];

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    d->sum[i] = -INFINITY;
    for (PetscInt c = 0; c < C; c++) d->sum[i] = fmax(d->sum[i], Get(t, x->owned, PointAt(x, i) + c));
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, d->sum, (PetscMPIInt)n, MPI_DOUBLE, MPI_MAX, d->across));
  for (PetscInt i = 0; i < n; i++) {
    const double most = d->sum[i];

    d->sum[i] = 0;
    for (PetscInt c = 0; c < C; c++) {
      const double e = exp(Get(t, x->owned, PointAt(x, i) + c) - most);

      d->sum[i] += e;
      Put(t, y->owned, PointAt(y, i) + c, e);
    }
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, d->sum, (PetscMPIInt)n, MPI_DOUBLE, MPI_SUM, d->across));
  for (PetscInt i = 0; i < n; i++)
    for (PetscInt c = 0; c < C; c++) Put(t, y->owned, PointAt(y, i) + c, Get(t, y->owned, PointAt(y, i) + c) / d->sum[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointAcross(HGLayer layer, PetscInt nb, const HGTensorLocal *y, const HGTensorLocal *dy, const HGTensorLocal *to)
{
  Softmax       *d = (Softmax *)layer->data;
  const HGDType  t = layer->dtype;
  const PetscInt n = CountPoints(y, nb), C = y->box.size[HG_C];

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    d->sum[i] = 0;
    for (PetscInt c = 0; c < C; c++) d->sum[i] += Get(t, y->owned, PointAt(y, i) + c) * Get(t, dy->owned, PointAt(dy, i) + c);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, d->sum, (PetscMPIInt)n, MPI_DOUBLE, MPI_SUM, d->across));
  for (PetscInt i = 0; i < n; i++)
    for (PetscInt c = 0; c < C; c++)
      Put(t, to->owned, PointAt(to, i) + c, Get(t, y->owned, PointAt(y, i) + c) * (Get(t, dy->owned, PointAt(dy, i) + c) - d->sum[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the layer ---- */

static PetscErrorCode SetUp_Softmax(HGLayer layer)
{
  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGLayerCreateOutputLikeInput(layer));
  PetscCall(CreateAcross(layer));
  layer->needs_y      = PETSC_TRUE;
  layer->in[0].needed = PETSC_FALSE;
  layer->in[0].masks  = PETSC_TRUE;
  PetscCall(HGLayerGetFieldKernels(layer, &((Softmax *)layer->data)->kernels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetTensors_Softmax(HGLayer layer)
{
  Softmax      *d  = (Softmax *)layer->data;
  HGLayerInput *in = &layer->in[0];
  PetscInt      parts[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGLayerSetThreshold(layer, 0, &d->threshold));
  PetscCall(HGTensorDestroy(&d->part));
  PetscCall(HGPartitionGetParts(in->part, parts));
  if (parts[HG_C] == 1 || !in->dx || !(in->add || in->rectified)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorCreate(in->part, layer->dtype, &d->part));
  PetscCall(HGTensorSetUp(d->part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forward_Softmax(HGLayer layer, PetscInt nb)
{
  const HGTensorLocal *x, *y;
  HGFieldShape         s;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(layer->in[0].x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  if (((Softmax *)layer->data)->sum) {
    if (((Softmax *)layer->data)->across != MPI_COMM_NULL) PetscCall(ForwardAcross(layer, nb, x, y));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  s = HGFieldShapeOf(x, y, nb);
  (*((Softmax *)layer->data)->kernels->softmax)(&s, x->owned, y->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Softmax(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  const Softmax       *d     = (Softmax *)layer->data;
  HGLayerInput        *in    = &layer->in[0];
  HGFieldStore         store = {.add = in->add, .threshold = d->threshold};
  const HGTensorLocal *x, *y, *dx, *dy, *from;
  HGFieldShape         s;

  PetscFunctionBegin;
  (void)type, (void)dp;
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(in->x, &x));
  PetscCall(HGTensorGetLocal(layer->y, &y));
  PetscCall(HGTensorGetLocal(in->dx, &dx));
  PetscCall(HGTensorGetLocal(layer->dy, &dy));
  s = HGFieldShapeOf(dx, dy, nb);
  if (in->rectified) store.mask = x->owned;
  if (d->sum) {
    if (d->across == MPI_COMM_NULL) PetscFunctionReturn(PETSC_SUCCESS);
    PetscCall(HGTensorGetLocal(d->part ? d->part : in->dx, &from));
    PetscCall(AdjointAcross(layer, nb, y, dy, from));
    s = HGFieldShapeOf(dx, from, nb);
    if (d->part && dx->elements) (*d->kernels->transfer)(&s, from->owned, &store, dx->owned);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  (*d->kernels->softmax_adjoint)(&s, y->owned, dy->owned, &store, dx->owned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Softmax(HGLayer layer)
{
  Softmax *d = (Softmax *)layer->data;

  PetscFunctionBegin;
  PetscCall(PetscFree(d->threshold));
  PetscCall(PetscFree(d->sum));
  PetscCall(HGTensorDestroy(&d->part));
  if (d->across != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&d->across));
  PetscCall(PetscFree(layer->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLayerCreate_Softmax(HGLayer layer)
{
  Softmax *d;

  PetscFunctionBegin;
  PetscCall(PetscNew(&d));
  layer->data            = d;
  d->across              = MPI_COMM_NULL;
  layer->ops->setup      = SetUp_Softmax;
  layer->ops->settensors = SetTensors_Softmax;
  layer->ops->forward    = Forward_Softmax;
  layer->ops->adjoint    = Adjoint_Softmax;
  layer->ops->destroy    = Destroy_Softmax;
  PetscFunctionReturn(PETSC_SUCCESS);
}
