/* SPDX-License-Identifier: BSD-2-Clause */
/* What layers without ghost points share: their kernels, the shape of their arrays, an output like the input */
#ifndef LAYERFIELD_H
#define LAYERFIELD_H

#include "layer/layer_impl.h"
#include "kernel/hgfield.h"

/* x of one tensor, y of another on the same points */
static inline HGFieldShape HGFieldShapeOf(const HGTensorLocal *x, const HGTensorLocal *y, PetscInt nb)
{
  HGFieldShape s = {
      .batch = (int)nb, .channels = (int)PetscMin(x->box.size[HG_C], y->box.size[HG_C]), .xs = {x->stride[HG_N]}, .ys = {y->stride[HG_N]}};

  for (int a = 0; a < 3; a++) {
    s.n[a]      = (int)x->box.size[HG_Z + a];
    s.xs[1 + a] = x->stride[HG_Z + a];
    s.ys[1 + a] = y->stride[HG_Z + a];
  }
  return s;
}

static inline PetscErrorCode HGLayerGetFieldKernels(HGLayer layer, const HGFieldKernels **kernels)
{
  HGSimd simd;

  PetscFunctionBegin;
  PetscCall(HGGetSimd(&simd));
  *kernels = HGFieldKernelsGet(simd, layer->dtype);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The output has the points and channels of the first input */
static inline PetscErrorCode HGLayerCreateOutputLikeInput(HGLayer layer)
{
  PetscInt n[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, n));
  PetscCall(HGPartitionCreateLike(layer->in[0].part, n[HG_N], n[HG_C], &layer->out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the adjoint of a layer of one input on the same points reads and writes; `wanted` is false where nobody wants dx, and nothing else is set then */
typedef struct {
  PetscBool            wanted;
  const HGTensorLocal *x, *y, *dx, *dy;
  HGFieldShape         shape; /* of dx and dy */
  HGFieldStore         store; /* adds to dx, and masks, as the input asks for */
} HGLayerAdjointFields;

static inline PetscErrorCode HGLayerGetAdjointFields(HGLayer layer, PetscInt nb, void *threshold, HGLayerAdjointFields *f)
{
  HGLayerInput *in = &layer->in[0];

  PetscFunctionBegin;
  *f = (HGLayerAdjointFields){.wanted = in->dx ? PETSC_TRUE : PETSC_FALSE, .store = {.add = in->add, .threshold = threshold}};
  if (!in->dx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorGetLocal(in->x, &f->x));
  PetscCall(HGTensorGetLocal(layer->y, &f->y));
  PetscCall(HGTensorGetLocal(in->dx, &f->dx));
  PetscCall(HGTensorGetLocal(layer->dy, &f->dy));
  f->shape = HGFieldShapeOf(f->dx, f->dy, nb);
  if (in->rectified) f->store.mask = f->x->owned;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode HGLayerCheckType(HGLayer layer, HGLayerType type)
{
  PetscBool same;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(layer, HG_LAYER_CLASSID, 1);
  PetscCall(PetscObjectTypeCompare((PetscObject)layer, type, &same));
  PetscCheck(same, PetscObjectComm((PetscObject)layer), PETSC_ERR_ARG_WRONG, "%s is no layer of type %s; use HGLayerSetType() first",
             ((PetscObject)layer)->name, type);
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
