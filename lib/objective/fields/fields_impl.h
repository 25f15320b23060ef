/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGFIELDS_IMPL_H
#define HGFIELDS_IMPL_H

#include "data/hgdatainfo.h"
#include "objective/objective_impl.h"

enum { HG_TERM_DATA, HG_TERM_RESIDUAL, HG_TERM_BOUNDARY, HG_TERM_ROUGHNESS }; /* the last one with an unknown input field alone */

typedef struct {
  HGNet          net;
  HGData         data, validation; /* validation may be NULL */
  HGLoss         loss;
  HGPhysics      physics;     /* NULL: targets alone */
  HGTensor       target;      /* NULL without targets */
  HGTensor       field[3];    /* input, output and its gradient in the units of the data */
  PetscInt       labelled;    /* so many samples have targets, the first ones; -1 for all */
  PetscInt      *batch_order; /* [batch size] a batch, those with targets first */
  HGUnknown      unknown;
  PetscBool      unknown_field; /* it is the equation's input field, one for all samples */
  HGUnknownField m;             /* that */
  Vec            by_input;      /* the residual's derivative by it */
  PetscReal      unknown_sum;   /* of the residual's derivative by it */
  PetscInt      *order, *every; /* [samples] of this epoch; [validation samples] 0, 1, 2, ... */
  PetscInt       ordered_for;   /* the epoch that order belongs to, -1 for none, -2 for the file's order */
  Vec            part;          /* gradient of some batches */
  PetscInt       bad;           /* the sample whose residual was not finite in the last evaluation, -1 for none */
} HGFields;

PETSC_INTERN PetscErrorCode HGFieldsSetUpPhysics(HGObjective);
PETSC_INTERN PetscErrorCode HGFieldsCheckTargets(HGObjective, HGData, PetscInt, const PetscInt[]);
PETSC_INTERN PetscErrorCode HGFieldsSortLabelled(HGObjective, HGData, PetscInt, const PetscInt[], const PetscInt *[]);
PETSC_INTERN PetscErrorCode HGFieldsEvaluateTerms(HGObjective, HGData, PetscInt, const PetscInt[], const PetscReal[], HGTensor, HGTensor,
                                                  HGTensor, PetscReal *);
PETSC_INTERN PetscErrorCode HGFieldsSetEquation(HGObjective, Vec);
PETSC_INTERN PetscErrorCode HGFieldsCheckUnknown(HGObjective);
PETSC_INTERN PetscErrorCode HGFieldsWrite(HGObjective, Vec, HGModel);
PETSC_INTERN PetscErrorCode HGFieldsDescribe(HGObjective, HGText *);
PETSC_INTERN PetscErrorCode HGFieldsCheck(HGObjective, const char[], HGModel);
PETSC_INTERN PetscErrorCode HGFieldsRead(HGObjective, HGModel, Vec);
PETSC_INTERN PetscErrorCode HGFieldsResume(HGObjective, const char[], HGModel);

#endif
