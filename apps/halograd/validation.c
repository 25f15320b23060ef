/* SPDX-License-Identifier: BSD-2-Clause */
/* Data to validate on beside those to train on */
#include "app.h"

/* Samples that are in both are no test of what was learnt */
static PetscErrorCode WarnOfOverlap(HGData data, HGData validation)
{
  const char *file[2];
  PetscInt    first[2], last[2];

  PetscFunctionBegin;
  PetscCall(HGDataGetFile(data, &file[0]));
  PetscCall(HGDataGetFile(validation, &file[1]));
  if (strcmp(file[0], file[1]) && !AppSameFile(file[0], file[1])) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataGetRange(data, &first[0], &last[0]));
  PetscCall(HGDataGetRange(validation, &first[1], &last[1]));
  const PetscInt begin = PetscMax(first[0], first[1]), end = PetscMin(last[0], last[1]);

  if (begin >= end) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFPrintf(PETSC_COMM_WORLD, stderr,
                         "halograd: warning: %" PetscInt_FMT " of the %" PetscInt_FMT
                         " validation samples are trained on too, %" PetscInt_FMT " to %" PetscInt_FMT
                         " of %s; keep them apart with -data_range and -data_validation_range\n",
                         end - begin, last[1] - first[1], begin, end - 1, file[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppCompareValidation(HGData data, HGData validation)
{
  char *description;

  PetscFunctionBegin;
  PetscCall(WarnOfOverlap(data, validation));
  PetscCall(HGDataGetDescription(data, &description));
  PetscCall(HGDataCompare(validation, description, "the training data"));
  PetscCall(PetscFree(description));
  PetscFunctionReturn(PETSC_SUCCESS);
}
