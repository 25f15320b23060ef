/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGMETRICS_H
#define HGMETRICS_H

#include "train/hgtrain.h"

typedef struct _HGComparison *HGComparison;

PETSC_INTERN PetscErrorCode HGComparisonCreate(HGTensor, HGData, PetscInt, HGComparison *);
PETSC_INTERN PetscErrorCode HGComparisonGetTarget(HGComparison, HGTensor *);
PETSC_INTERN PetscErrorCode HGComparisonAdd(HGComparison, HGData, PetscInt, HGTensor, HGTensor);
PETSC_INTERN PetscErrorCode HGComparisonFinish(HGComparison *, PetscInt, PetscInt, HGMetrics *, HGMetrics[]);
PETSC_INTERN PetscErrorCode HGFindNotFinite(HGTensor, PetscInt, double[], PetscInt *);

#endif
