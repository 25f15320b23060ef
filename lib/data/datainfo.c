/* SPDX-License-Identifier: BSD-2-Clause */
/* The section "data" of a model file */
#include "data/hgdatainfo.h"
#include <float.h>

static const char *const Channels[2]  = {"input_channels", "target_channels"};
static const char *const Mean[2]      = {"input_mean", "target_mean"};
static const char *const Deviation[2] = {"input_deviation", "target_deviation"};

static PetscErrorCode CopyNormalization(HGData d, HGDataRole role, HGDataInfo *info)
{
  const PetscReal *mean, *deviation;
  PetscInt         n;

  PetscFunctionBegin;
  PetscCall(HGDataGetNormalization(d, role, &n, &mean, &deviation));
  info->channels[role] = n;
  PetscCall(PetscMalloc1(n, &info->mean[role]));
  PetscCall(PetscMalloc1(n, &info->deviation[role]));
  PetscCall(PetscArraycpy(info->mean[role], mean, n));
  PetscCall(PetscArraycpy(info->deviation[role], deviation, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A network's outputs for classes are logits, which have no units */
static PetscErrorCode SetClasses(PetscInt n, HGDataInfo *info)
{
  PetscFunctionBegin;
  info->channels[HG_DATA_TARGET] = n;
  PetscCall(PetscCalloc1(n, &info->mean[HG_DATA_TARGET]));
  PetscCall(PetscMalloc1(n, &info->deviation[HG_DATA_TARGET]));
  for (PetscInt c = 0; c < n; c++) info->deviation[HG_DATA_TARGET][c] = 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataGetInfo - Get what a network trained on a dataset has to know of it

   Not Collective

   Input Parameter:
.  d - the dataset, set up and normalised

   Output Parameter:
.  info - a copy, for `HGDataInfoDestroy()`; of classes the target has a channel for each, without units

   Level: intermediate

.seealso: `HGDataInfoWrite()`
@*/
PetscErrorCode HGDataGetInfo(HGData d, HGDataInfo *info)
{
  const char *input, *target;
  PetscInt    classes;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(info, sizeof(*info)));
  PetscCall(HGDataGetVariables(d, &input, &target));
  PetscCall(PetscStrallocpy(input, &info->data_input));
  PetscCall(PetscStrallocpy(target, &info->data_target));
  PetscCall(HGDataGetDescription(d, &info->description));
  PetscCall(HGDataGetSizes(d, &info->dim, NULL, NULL, NULL, NULL));
  PetscCall(CopyNormalization(d, HG_DATA_INPUT, info));
  PetscCall(HGDataGetClasses(d, &classes));
  PetscCall(classes ? SetClasses(classes, info) : CopyNormalization(d, HG_DATA_TARGET, info));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataInfoWrite - Write the section "data" of a model file

   Logically Collective

   Input Parameters:
+  info - what the network has to know
-  m    - the model

   Level: advanced

.seealso: `HGDataInfoRead()`
@*/
PetscErrorCode HGDataInfoWrite(const HGDataInfo *info, HGModel m)
{
  PetscFunctionBegin;
  PetscCall(HGModelSetSection(m, "data"));
  PetscCall(HGModelPutText(m, "", "data_input", info->data_input));
  PetscCall(HGModelPutText(m, "", "data_target", info->data_target));
  PetscCall(HGModelPutInt(m, "", "dim", info->dim));
  for (int r = 0; r < 2; r++) PetscCall(HGModelPutInt(m, "", Channels[r], info->channels[r]));
  for (int r = 0; r < 2; r++) {
    PetscCall(HGModelPutReals(m, "", Mean[r], info->channels[r], info->mean[r]));
    PetscCall(HGModelPutReals(m, "", Deviation[r], info->channels[r], info->deviation[r]));
  }
  if (info->description && *info->description) PetscCall(HGModelPutText(m, "", "data_description", info->description));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadReals(HGModel m, const char name[], PetscInt n, PetscReal least, PetscReal *value[])
{
  PetscFunctionBegin;
  PetscCall(HGModelCheckCount(m, "", name, n));
  PetscCall(PetscMalloc1(n, value));
  PetscCall(HGModelGetReals(m, "", name, n, least, PETSC_MAX_REAL, *value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataInfoRead - Read the section "data" of a model file

   Collective

   Input Parameter:
.  m - the model

   Output Parameter:
.  info - for `HGDataInfoDestroy()`

   Level: advanced

   Errors:
   A section without its attributes, with channels that do not fit, means that are not finite, deviations that are not positive.

.seealso: `HGDataInfoWrite()`
@*/
PetscErrorCode HGDataInfoRead(HGModel m, HGDataInfo *info)
{
  const char *text;
  PetscInt64  n;
  PetscBool   has;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(info, sizeof(*info)));
  PetscCall(HGModelGetText(m, "", "data_input", &text));
  PetscCall(PetscStrallocpy(text, &info->data_input));
  PetscCall(HGModelGetText(m, "", "data_target", &text));
  PetscCall(PetscStrallocpy(text, &info->data_target));
  PetscCall(HGModelGetInt(m, "", "dim", 1, 3, &n));
  info->dim = (PetscInt)n;
  for (int r = 0; r < 2; r++) {
    PetscCall(HGModelGetInt(m, "", Channels[r], 1, PETSC_MAX_INT, &n));
    info->channels[r] = (PetscInt)n;
    PetscCall(ReadReals(m, Mean[r], info->channels[r], PETSC_MIN_REAL, &info->mean[r]));
    PetscCall(ReadReals(m, Deviation[r], info->channels[r], DBL_MIN, &info->deviation[r]));
  }
  PetscCall(HGModelHas(m, "", "data_description", &has));
  if (has) PetscCall(HGModelGetText(m, "", "data_description", &text));
  PetscCall(PetscStrallocpy(has ? text : "", &info->description));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataInfoDestroy - Free what was allocated for it

   Not Collective

   Input Parameter:
.  info - its contents

   Level: intermediate

.seealso: `HGDataGetInfo()`, `HGDataInfoRead()`
@*/
PetscErrorCode HGDataInfoDestroy(HGDataInfo *info)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(info->data_input));
  PetscCall(PetscFree(info->data_target));
  PetscCall(PetscFree(info->description));
  for (int r = 0; r < 2; r++) {
    PetscCall(PetscFree(info->mean[r]));
    PetscCall(PetscFree(info->deviation[r]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
