/* SPDX-License-Identifier: BSD-2-Clause */
/* Network, data and equation of a training in its model file, and what a resumed run may not have otherwise */
#include "objective/fields/fields_impl.h"

/* HGFieldsCheckUnknown - Something determines it, and nothing else depends on it */
PetscErrorCode HGFieldsCheckUnknown(HGObjective o)
{
  HGFields     *f    = (HGFields *)o->data;
  MPI_Comm      comm = PetscObjectComm((PetscObject)o);
  HGPhysicsNorm norm;

  PetscFunctionBegin;
  HGCheck(f->target, comm,
          "-physics_unknown %s: without observations nothing determines it; give the solution's variable with -data_target",
          f->unknown.name);
  PetscCall(HGPhysicsGetNorm(f->physics, &norm));
  HGCheck(norm == HG_PHYSICS_NORM_L2, comm,
          "-physics_unknown %s: the operator of -physics_norm preconditioned would depend on it; take -physics_norm l2", f->unknown.name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGFieldsSetEquation - Gives the equation the unknown's value in p */
PetscErrorCode HGFieldsSetEquation(HGObjective o, Vec p)
{
  HGFields *f = (HGFields *)o->data;
  PetscReal q;

  PetscFunctionBegin;
  if (f->unknown_field) {
    PetscCall(HGUnknownFieldGet(&f->m, p, NULL)); /* where it is not finite, neither is the residual */
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (!*f->unknown.name) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGUnknownGet(&f->unknown, p, &q));
  PetscCall(HGPhysicsSetParameter(f->physics, f->unknown.name, q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How residual and conditions count; empty without an equation */
static PetscErrorCode DescribePhysics(HGObjective o, HGText *text)
{
  HGFields     *f = (HGFields *)o->data;
  HGPhysicsNorm norm;

  PetscFunctionBegin;
  PetscCall(HGTextAppend(text, "%s", ""));
  if (!f->physics) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGPhysicsGetNorm(f->physics, &norm));
  PetscCall(HGTextAppend(text,
                         "-physics_weight %.17g -bc_weight %.17g -physics_norm %s -data_labelled %" PetscInt_FMT " -loss_balance %s%s%s",
                         (double)o->term[HG_TERM_RESIDUAL].weight, (double)o->term[HG_TERM_BOUNDARY].weight, HGPhysicsNorms[norm],
                         f->labelled, HGBalances[o->balance], *f->unknown.name ? " -physics_unknown " : "", f->unknown.name));
  if (f->unknown_field) PetscCall(HGTextAppend(text, " -invert_regularization %.17g", (double)f->m.alpha));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WritePhysics(HGObjective o, HGModel m)
{
  HGFields *f    = (HGFields *)o->data;
  HGText    text = {0};

  PetscFunctionBegin;
  if (!f->physics) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGPhysicsWriteModel(f->physics, m));
  PetscCall(DescribePhysics(o, &text));
  PetscCall(HGModelPutText(m, "", "physics_training", text.text));
  PetscCall(HGTextDestroy(&text));
  PetscCall(HGObjectiveWriteState(o, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGFieldsWrite(HGObjective o, Vec p, HGModel m)
{
  HGFields  *f = (HGFields *)o->data;
  HGDataInfo info;

  PetscFunctionBegin;
  PetscCall(HGFieldsSetEquation(o, p));
  PetscCall(HGNetWriteModel(f->net, m, p));
  PetscCall(HGDataGetInfo(f->data, &info));
  PetscCall(HGDataInfoWrite(&info, m));
  PetscCall(HGDataInfoDestroy(&info));
  PetscCall(WritePhysics(o, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGFieldsDescribe(HGObjective o, HGText *text)
{
  HGFields *f = (HGFields *)o->data;
  PetscInt  first, last;
  HGTensor  y;
  HGDType   dtype;

  PetscFunctionBegin;
  PetscCall(HGDataGetRange(f->data, &first, &last));
  PetscCall(HGNetGetOutput(f->net, &y, NULL));
  PetscCall(HGTensorGetDType(y, &dtype));
  PetscCall(HGTextAppend(text, "-train_batch_size %" PetscInt_FMT " -data_range %" PetscInt_FMT ",%" PetscInt_FMT " -hg_dtype %s",
                         o->batch_size, first, last, HGDTypeName(dtype)));
  PetscCall(HGLossAppendOptions(f->loss, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A text of the model, empty if it has none */
static PetscErrorCode GetText(HGModel m, const char name[], const char *text[])
{
  PetscBool has;

  PetscFunctionBegin;
  *text = "";
  PetscCall(HGModelHas(m, "", name, &has));
  if (has) PetscCall(HGModelGetText(m, "", name, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A run that resumes has the weights of the run it goes on with */
PetscErrorCode HGFieldsCheck(HGObjective o, const char file[], HGModel m)
{
  const char *held;
  HGText      text = {0};

  PetscFunctionBegin;
  PetscCall(GetText(m, "physics_training", &held));
  PetscCall(DescribePhysics(o, &text));
  HGCheck(!strcmp(text.text, held), PetscObjectComm((PetscObject)o), "%s was trained with %s, this run has %s; resume with the same", file,
          *held ? held : "no residual", *text.text ? text.text : "none");
  PetscCall(HGTextDestroy(&text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGFieldsRead(HGObjective o, HGModel m, Vec p)
{
  PetscFunctionBegin;
  PetscCall(HGNetReadModel(((HGFields *)o->data)->net, m, p));
  PetscCall(HGFieldsSetEquation(o, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* And its equation, with what was found of it */
PetscErrorCode HGFieldsResume(HGObjective o, const char file[], HGModel m)
{
  HGFields   *f = (HGFields *)o->data;
  const char *held;
  char       *text = NULL;

  PetscFunctionBegin;
  PetscCall(GetText(m, "physics_options", &held));
  if (f->physics) PetscCall(HGPhysicsGetOptionsText(f->physics, &text));
  else PetscCall(PetscStrallocpy("", &text));
  HGCheck(!strcmp(text, held), PetscObjectComm((PetscObject)o),
          "%s was trained with the equation %s, this run has %s; resume with the same, or leave out what the file says", file,
          *held ? held : "none", *text ? text : "none");
  PetscCall(PetscFree(text));
  if (f->physics) PetscCall(HGObjectiveReadState(o, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}
