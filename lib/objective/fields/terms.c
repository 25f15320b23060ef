/* SPDX-License-Identifier: BSD-2-Clause */
/* The residual of an equation beside, or instead of, the misfit to targets */
#include "objective/fields/fields_impl.h"

static PetscErrorCode CreateField(HGTensor like, HGTensor *t)
{
  HGPartition p;
  HGDType     dtype;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(like, &p));
  PetscCall(HGTensorGetDType(like, &dtype));
  PetscCall(HGTensorCreate(p, dtype, t));
  PetscCall(HGTensorSetUp(*t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The input field as the unknown, a constant at first */
static PetscErrorCode SetUpUnknownField(HGFields *f)
{
  PetscBool positive;
  Vec       a;

  PetscFunctionBegin;
  PetscCall(HGPhysicsNeedsPositiveInput(f->physics, &positive));
  PetscCall(HGPhysicsCreateInput(f->physics, &a));
  PetscCall(VecSet(a, f->unknown.start != 0 ? f->unknown.start : positive ? 1 : 0));
  PetscCall(HGUnknownFieldSetUp(f->physics, a, &f->m));
  PetscCall(VecDuplicate(a, &f->by_input));
  PetscCall(VecDestroy(&a));
  PetscCall(HGPhysicsSetGradientInput(f->physics, f->m.a, f->by_input));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGFieldsSetUpPhysics - Fields in the units of the data: input, output, gradient */
PetscErrorCode HGFieldsSetUpPhysics(HGObjective o)
{
  HGFields *f    = (HGFields *)o->data;
  MPI_Comm  comm = PetscObjectComm((PetscObject)o);
  HGTensor  x, y;
  PetscInt  classes, first, last;

  PetscFunctionBegin;
  PetscCall(HGDataGetRange(f->data, &first, &last));
  HGCheck(f->physics || !*f->unknown.name, comm, "-physics_unknown %s: there is no equation; choose one with -physics_type",
          f->unknown.name);
  HGCheck(f->labelled == -1 || (f->physics && f->target), comm,
          "-data_labelled %" PetscInt_FMT
          ": samples without labels need an equation and the others a target; give -physics_type and -data_target",
          f->labelled);
  HGCheck(f->labelled <= last - first, comm, "-data_labelled %" PetscInt_FMT ": there are %" PetscInt_FMT " samples", f->labelled,
          last - first);
  HGCheck(o->balance == HG_BALANCE_NONE || f->physics, comm, "-loss_balance needs the terms of an equation; choose one with -physics_type");
  PetscCall(HGUnknownFieldCheckRegularization(comm, &f->m, f->unknown_field));
  if (!f->physics) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataGetClasses(f->data, &classes));
  HGCheck(!classes, comm, "-physics_type: classes have no equation; give fields as the target, or -data_target none");
  PetscCall(HGNetGetInput(f->net, &x));
  PetscCall(HGNetGetOutput(f->net, &y, NULL));
  PetscCall(CreateField(x, &f->field[0]));
  PetscCall(CreateField(y, &f->field[1]));
  PetscCall(CreateField(y, &f->field[2]));
  PetscCall(PetscMalloc1(o->batch_size, &f->batch_order));
  PetscCall(HGPhysicsSetErrorIfNotFinite(f->physics, PETSC_FALSE));
  if (f->unknown_field) PetscCall(SetUpUnknownField(f));
  else if (*f->unknown.name) PetscCall(HGPhysicsSetGradientParameter(f->physics, f->unknown.name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGFieldsSortLabelled - Of the training data the samples with targets come first in a batch */
PetscErrorCode HGFieldsSortLabelled(HGObjective o, HGData data, PetscInt count, const PetscInt sample[], const PetscInt *sorted[])
{
  HGFields *f = (HGFields *)o->data;
  PetscInt  k = 0;

  PetscFunctionBegin;
  *sorted = sample;
  if (f->labelled == -1 || data != f->data) PetscFunctionReturn(PETSC_SUCCESS);
  for (int pass = 0; pass < 2; pass++)
    for (PetscInt i = 0; i < count; i++)
      if ((sample[i] >= f->labelled) == pass) f->batch_order[k++] = sample[i];
  *sorted = f->batch_order;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The gradient with respect to the solution becomes one with respect to the network's output, and is added */
static PetscErrorCode AddGradient(HGFields *f, HGData data, PetscInt count, PetscReal scale, PetscBool units, HGTensor dy)
{
  PetscFunctionBegin;
  PetscCall(HGPhysicsTransformOutputAdjoint(f->physics, count, f->field[2]));
  if (units) PetscCall(HGDataDenormalizeAdjoint(data, HG_DATA_TARGET, f->field[2]));
  PetscCall(HGTensorAXPY(dy, scale, f->field[2], PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The misfit between the solution in normalised values and the targets: the deviations of the two normalisations cancel in the gradient */
static PetscErrorCode EvaluateMisfit(HGObjective o, HGData data, PetscInt count, const PetscInt sample[], PetscReal weight, HGTensor dy,
                                     PetscReal *value)
{
  HGFields *f     = (HGFields *)o->data;
  PetscInt  with  = count;
  PetscReal scale = 1;

  PetscFunctionBegin;
  *value = 0;
  if (!f->target) PetscFunctionReturn(PETSC_SUCCESS);
  if (f->labelled >= 0 && data == f->data) {
    for (with = 0; with < count && sample[with] < f->labelled; with++) {}
    scale = (PetscReal)with / (PetscReal)count * (PetscReal)o->samples / (PetscReal)f->labelled;
  }
  if (!with) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataNormalize(data, HG_DATA_TARGET, f->field[1]));
  if (dy) PetscCall(HGTensorSet(f->field[2], 0));
  PetscCall(HGLossEvaluate(f->loss, with, f->field[1], f->target, dy ? f->field[2] : NULL, value));
  *value *= scale;
  if (dy) PetscCall(AddGradient(f, data, count, weight * scale, PETSC_FALSE, dy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a residual adds to the derivative by the unknown parameter: weight/count sum_samples <dF/dq, B' B W' W F> */
static PetscErrorCode AddUnknown(HGFields *f, PetscReal weight)
{
  PetscReal g;

  PetscFunctionBegin;
  if (f->unknown_field) PetscCall(HGUnknownFieldAdd(&f->m, weight, f->by_input));
  if (!*f->unknown.name || f->unknown_field) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGPhysicsGetParameterGradient(f->physics, &g));
  f->unknown_sum += weight * g;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Its gradient belongs to that of the field, which counts where one is summed up */
static PetscErrorCode EvaluateRoughness(HGFields *f, PetscReal weight, PetscReal *value)
{
  PetscReal weighted = 0;

  PetscFunctionBegin;
  PetscCall(HGUnknownFieldAddRoughness(&f->m, weight, &weighted));
  *value = weight > 0 ? weighted / weight : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGFieldsEvaluateTerms - The terms of a batch, times their weights in the sum; dy, if any, takes the gradient of the sum */
PetscErrorCode HGFieldsEvaluateTerms(HGObjective o, HGData data, PetscInt count, const PetscInt sample[], const PetscReal weight[],
                                     HGTensor x, HGTensor y, HGTensor dy, PetscReal *value)
{
  HGFields        *f = (HGFields *)o->data;
  HGObjectiveTerm *t = o->term;

  PetscFunctionBegin;
  if (dy) PetscCall(HGTensorSet(dy, 0));
  PetscCall(HGTensorCopyOwned(x, f->field[0]));
  PetscCall(HGTensorCopyOwned(y, f->field[1]));
  PetscCall(HGDataDenormalize(data, HG_DATA_INPUT, f->field[0]));
  PetscCall(HGDataDenormalize(data, HG_DATA_TARGET, f->field[1]));
  PetscCall(HGPhysicsTransformOutput(f->physics, count, f->field[1]));
  PetscCall(HGPhysicsEvaluate(f->physics, count, sample, f->field[0], f->field[1], dy ? f->field[2] : NULL, &t[HG_TERM_RESIDUAL].value));
  PetscCall(HGPhysicsGetNotFinite(f->physics, &f->bad));
  if (dy) PetscCall(AddUnknown(f, weight[HG_TERM_RESIDUAL]));
  if (dy && weight[HG_TERM_RESIDUAL] != 1) PetscCall(HGTensorScale(f->field[2], weight[HG_TERM_RESIDUAL], PETSC_FALSE));
  PetscCall(HGPhysicsEvaluateBoundary(f->physics, count, f->field[1], weight[HG_TERM_BOUNDARY], dy ? f->field[2] : NULL,
                                      &t[HG_TERM_BOUNDARY].value));
  if (dy) PetscCall(AddGradient(f, data, count, 1, PETSC_TRUE, dy));
  PetscCall(EvaluateMisfit(o, data, count, sample, weight[HG_TERM_DATA], dy, &t[HG_TERM_DATA].value));
  if (f->unknown_field) PetscCall(EvaluateRoughness(f, weight[HG_TERM_ROUGHNESS], &t[HG_TERM_ROUGHNESS].value));
  *value = 0;
  for (PetscInt i = 0; i < o->nterms; i++) *value += weight[i] * t[i].value;
  PetscFunctionReturn(PETSC_SUCCESS);
}
