/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGDATAINFO_H
#define HGDATAINFO_H

#include "data/hgdata.h"
#include "model/hgmodel.h"

/*S
   HGDataInfo - what a network has to know of the data that it was trained on: the section "data" of a model file

   Level: intermediate

   Note:
   An outside value v enters the network as (v - mean) / deviation of its channel, and the network's output leaves as v deviation + mean.

.seealso: `HGDataGetInfo()`, `HGDataInfoRead()`, `HGDataInfoDestroy()`
S*/
typedef struct {
  char      *data_input, *data_target; /* variables with commas, "none" for no target */
  PetscInt   dim, channels[2];         /* dimensions of space; channels of input and target */
  PetscReal *mean[2], *deviation[2];   /* [channels] of input and target */
  char      *description;              /* of axes, units and dimensions, from `HGDataGetDescription()`; empty for none */
} HGDataInfo;

PETSC_EXTERN PetscErrorCode HGDataGetInfo(HGData, HGDataInfo *);
PETSC_EXTERN PetscErrorCode HGDataInfoWrite(const HGDataInfo *, HGModel);
PETSC_EXTERN PetscErrorCode HGDataInfoRead(HGModel, HGDataInfo *);
PETSC_EXTERN PetscErrorCode HGDataInfoDestroy(HGDataInfo *);

#endif
