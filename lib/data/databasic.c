/* SPDX-License-Identifier: BSD-2-Clause */
#include "data/data_impl.h"

/*@
   HGDataCreate - Create a dataset

   Collective

   Input Parameter:
.  comm - the ranks that share the dataset

   Output Parameter:
.  data - the dataset

   Level: beginner

.seealso: `HGDataSetFile()`, `HGDataSetVariables()`, `HGDataSetUp()`, `HGDataLoad()`, `HGDataDestroy()`
@*/
PetscErrorCode HGDataCreate(MPI_Comm comm, HGData *data)
{
  HGData d;

  PetscFunctionBegin;
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(PetscHeaderCreate(d, HG_DATA_CLASSID, "HGData", "Samples of fields", "Data", comm, HGDataDestroy, HGDataView));
  d->last    = -1;
  d->shuffle = PETSC_TRUE;
  *data      = d;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ResetPart(HGDataPart *part)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < part->nvar; i++) PetscCall(HGFileVarFree(&part->var[i]));
  PetscCall(PetscFree(part->var));
  PetscCall(PetscFree(part->value));
  if (!part->fixed) PetscCall(PetscFree2(part->mean, part->dev));
  part->nvar = part->channels = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGDataReset - Forget what was read from the file, but not what was set */
PetscErrorCode HGDataReset(HGData d)
{
  PetscFunctionBegin;
  PetscCall(HGPartitionDestroy(&d->partition));
  for (int r = 0; r < 2; r++) PetscCall(ResetPart(&d->part[r]));
  for (int a = 0; a < 3; a++) PetscCall(HGAxisFree(&d->axis[a]));
  d->setup = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataDestroy - Destroy a dataset

   Collective

   Input Parameter:
.  data - the dataset

   Level: beginner

.seealso: `HGDataCreate()`
@*/
PetscErrorCode HGDataDestroy(HGData *data)
{
  HGData d = *data;

  PetscFunctionBegin;
  if (!d) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  *data = NULL;
  if (--((PetscObject)d)->refct > 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataReset(d));
  for (int r = 0; r < 2; r++) {
    PetscCall(PetscFree2(d->part[r].mean, d->part[r].dev));
    PetscCall(PetscFree(d->part[r].list));
  }
  PetscCall(PetscFree(d->file));
  PetscCall(PetscFree(d->labels));
  PetscCall(PetscFree(d->sample_dim));
  PetscCall(PetscFree(d->training));
  PetscCall(PetscFree(d->training_dim));
  PetscCall(PetscHeaderDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataReference - Take a reference to a dataset, to be given back with `HGDataDestroy()`

   Logically Collective

   Input Parameter:
.  d - the dataset

   Level: advanced

.seealso: `HGDataDestroy()`
@*/
PetscErrorCode HGDataReference(HGData d)
{
  PetscFunctionBegin;
  PetscCall(PetscObjectReference((PetscObject)d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataSetOptionsPrefix - Set the prefix of all options of a dataset

   Logically Collective

   Input Parameters:
+  d      - the dataset
-  prefix - such as "valid_" for `-valid_data_file`

   Level: intermediate

.seealso: `HGDataSetFromOptions()`
@*/
PetscErrorCode HGDataSetOptionsPrefix(HGData d, const char prefix[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCall(PetscObjectSetOptionsPrefix((PetscObject)d, prefix));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataSetFile - Set the file of a dataset

   Logically Collective

   Input Parameters:
+  d    - the dataset
-  file - the path: netCDF of any format, or IDX (images of the MNIST database), plain or compressed by gzip

   Options Database Key:
.  -data_file file - the path

   Level: beginner

.seealso: `HGDataSetVariables()`, `HGDataSetLabels()`, `HGDataSetDigits()`, `HGDataSetUp()`
@*/
PetscErrorCode HGDataSetFile(HGData d, const char file[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCall(HGDataReset(d));
  PetscCall(PetscFree(d->file));
  PetscCall(PetscStrallocpy(file, &d->file));
  d->digits = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetList(HGDataPart *part, const char names[])
{
  PetscBool none;

  PetscFunctionBegin;
  PetscCall(PetscStrcmp(names ? names : "none", "none", &none));
  if (none || !*names) PetscCall(PetscFree(part->list));
  else if (names != part->list) {
    PetscCall(PetscFree(part->list));
    PetscCall(PetscStrallocpy(names, &part->list));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataSetVariables - Set which variables of the file are the input and the target

   Logically Collective

   Input Parameters:
+  d      - the dataset
.  input  - a variable, or several with commas, which become channels in this order; those in groups with their path, "measurements/a"
-  target - the same for the target; NULL, "" or "none" for a dataset without a target

   Options Database Keys:
+  -data_input names  - the input
-  -data_target names - the target

   Level: beginner

.seealso: `HGDataSetFile()`, `HGDataSetUp()`
@*/
PetscErrorCode HGDataSetVariables(HGData d, const char input[], const char target[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCall(HGDataReset(d));
  PetscCall(SetList(&d->part[HG_DATA_INPUT], input));
  PetscCall(SetList(&d->part[HG_DATA_TARGET], target));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataSetSampleDim - Set which dimension counts samples

   Logically Collective

   Input Parameters:
+  d    - the dataset
-  name - the dimension; NULL or "" for the one that names and CF attributes tell

   Options Database Key:
.  -data_sample_dim name - the dimension

   Level: beginner

   Note:
   By default it is a dimension called sample; the first one, if nothing says that it is something else; else the first one of time, by the `axis`, `units`
   or `standard_name` of its coordinate variable or by its name, of lead time, or of an ensemble.

   Errors:
   `HGDataSetUp()` refuses a variable without the dimension.

.seealso: `HGDataSetVariables()`, `HGDataSetUp()`
@*/
PetscErrorCode HGDataSetSampleDim(HGData d, const char name[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCall(HGDataReset(d));
  PetscCall(PetscFree(d->sample_dim));
  if (name && *name) PetscCall(PetscStrallocpy(name, &d->sample_dim));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataSetValidation - Say that a dataset is one to validate on

   Logically Collective

   Input Parameters:
+  d          - the dataset
-  validation - `PETSC_TRUE`: messages name `-data_validation_file` and `-data_validation_range` for `-data_file` and `-data_range`

   Level: developer

.seealso: `HGDataSetRange()`
@*/
PetscErrorCode HGDataSetValidation(HGData d, PetscBool validation)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  d->validation = validation;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataSetTargetOptional - Set whether the target is looked at only to learn its dimensions and attributes

   Logically Collective

   Input Parameters:
+  d        - the dataset
-  optional - `PETSC_TRUE`: its values are not read, and one that is not in the file or does not fit the input is left out

   Level: developer

   Note:
   A prediction takes the form of the target where the file has it.

.seealso: `HGDataSetVariables()`, `HGFieldFileAddVariableLike()`
@*/
PetscErrorCode HGDataSetTargetOptional(HGData d, PetscBool optional)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCall(HGDataReset(d));
  d->optional = optional;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataSetRange - Set which samples of the file belong to the dataset

   Logically Collective

   Input Parameters:
+  d     - the dataset
.  first - the first sample, counted from 0
-  last  - one past the last sample; negative for all that the file has

   Options Database Key:
.  -data_range first,last - the range

   Level: beginner

   Errors:
   `HGDataSetUp()` refuses a range that is empty or goes beyond the file.

.seealso: `HGDataSetUp()`
@*/
PetscErrorCode HGDataSetRange(HGData d, PetscInt first, PetscInt last)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCall(HGDataReset(d));
  d->first = first;
  d->last  = last;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataSetNormalize - Set how values are scaled when they are loaded

   Logically Collective

   Input Parameters:
+  d         - the dataset
-  normalize - the way

   Options Database Key:
.  -data_normalize none|global - the way (default none)

   Level: beginner

.seealso: `HGNormalize`, `HGDataGetNormalization()`
@*/
PetscErrorCode HGDataSetNormalize(HGData d, HGNormalize normalize)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  d->normalize = normalize;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataSetShuffle - Set whether the samples of an epoch come in random order

   Logically Collective

   Input Parameters:
+  d       - the dataset
-  shuffle - `PETSC_FALSE` for the order of the file

   Options Database Key:
.  -data_shuffle 0|1 - the choice (default 1)

   Level: beginner

.seealso: `HGDataGetOrder()`
@*/
PetscErrorCode HGDataSetShuffle(HGData d, PetscBool shuffle)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  d->shuffle = shuffle;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataGetFile - Get the path of the file

   Not Collective

   Input Parameter:
.  d - the dataset

   Output Parameter:
.  file - the path, NULL if none was set; do not free it

   Level: intermediate

.seealso: `HGDataSetFile()`
@*/
PetscErrorCode HGDataGetFile(HGData d, const char *file[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  *file = d->file;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataGetVariables - Get the names of the input and target variables as they were set

   Not Collective

   Input Parameter:
.  d - the dataset

   Output Parameters:
+  input  - the names with commas, or NULL to not ask
-  target - the names with commas, "none" if there is no target, or NULL to not ask

   Level: intermediate

.seealso: `HGDataSetVariables()`, `HGDataGetVariable()`
@*/
PetscErrorCode HGDataGetVariables(HGData d, const char *input[], const char *target[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  if (input) *input = d->part[HG_DATA_INPUT].list ? d->part[HG_DATA_INPUT].list : "none";
  if (target) *target = d->part[HG_DATA_TARGET].list ? d->part[HG_DATA_TARGET].list : "none";
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataGetVariable - Get one variable of the input or the target

   Not Collective

   Input Parameters:
+  d    - the dataset, set up
.  role - input or target
-  i    - which variable, counted from 0

   Output Parameter:
.  variable - its name, units and channels; NULL if there are not so many. Valid until the dataset is set up again

   Level: intermediate

.seealso: `HGDataGetVariables()`
@*/
PetscErrorCode HGDataGetVariable(HGData d, HGDataRole role, PetscInt i, const HGDataVariable **variable)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  *variable = i >= 0 && i < d->part[role].nvar ? &d->part[role].var[i].pub : NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataGetRange - Get which samples of the file belong to the dataset

   Not Collective

   Input Parameter:
.  d - the dataset

   Output Parameters:
+  first - the first sample
-  last  - one past the last; negative before `HGDataSetUp()` if none was set

   Level: intermediate

.seealso: `HGDataSetRange()`
@*/
PetscErrorCode HGDataGetRange(HGData d, PetscInt *first, PetscInt *last)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  if (first) *first = d->first;
  if (last) *last = d->setup ? d->end : d->last;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataGetNormalize - Get how values are scaled when they are loaded

   Not Collective

   Input Parameter:
.  d - the dataset

   Output Parameter:
.  normalize - the way

   Level: intermediate

.seealso: `HGDataSetNormalize()`
@*/
PetscErrorCode HGDataGetNormalize(HGData d, HGNormalize *normalize)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  *normalize = d->normalize;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataGetSizes - Get the sizes of a dataset

   Not Collective

   Input Parameter:
.  d - the dataset, set up

   Output Parameters (NULL to not ask):
+  dim     - dimensions of space, 1 to 3
.  samples - number of samples in the range
.  cin     - channels of the input
.  cout    - channels of the target, 0 if there is none
-  grid    - points in Z, Y, X

   Level: beginner

   Shape:
   `grid`: [3]

.seealso: `HGDataSetUp()`
@*/
PetscErrorCode HGDataGetSizes(HGData d, PetscInt *dim, PetscInt *samples, PetscInt *cin, PetscInt *cout, PetscInt grid[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCheck(d->setup, PetscObjectComm((PetscObject)d), PETSC_ERR_ORDER, "HGDataGetSizes() before HGDataSetUp()");
  if (dim) *dim = d->dim;
  if (samples) *samples = d->end - d->first;
  if (cin) *cin = d->part[HG_DATA_INPUT].channels;
  if (cout) *cout = d->part[HG_DATA_TARGET].channels;
  for (int a = 0; grid && a < 3; a++) grid[a] = d->grid[a];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataGetAxis - Get an axis of space with its coordinates

   Not Collective

   Input Parameters:
+  d    - the dataset, set up
-  axis - 0, 1, 2 for z, y, x

   Output Parameter:
.  info - the axis; its name is empty where space has fewer dimensions

   Level: intermediate

.seealso: `HGFieldFileSetAxis()`
@*/
PetscErrorCode HGDataGetAxis(HGData d, PetscInt axis, const HGAxis **info)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCheck(axis >= 0 && axis < 3, PetscObjectComm((PetscObject)d), PETSC_ERR_ARG_OUTOFRANGE,
             "no axis %" PetscInt_FMT "; expected 0, 1 or 2 for z, y, x", axis);
  *info = &d->axis[axis];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataSetNormalization - Set the constants by which the values are scaled, instead of finding them in the data

   Logically Collective

   Input Parameters:
+  d    - the dataset
.  role - input or target
.  n    - number of channels
.  mean - what is subtracted from each channel
-  dev  - what each channel is divided by then

   Level: intermediate

   Shape:
   `mean`, `dev`: [C]

   Note:
   A network is applied to data scaled as its training data were: the constants come from the model file. They are used
   whatever `-data_normalize` says. Set them before `HGDataLoad()`.

   Errors:
   A deviation that is not positive is refused, and by `HGDataSetUp()` a number of channels that is not the file's.

.seealso: `HGDataGetNormalization()`
@*/
PetscErrorCode HGDataSetNormalization(HGData d, HGDataRole role, PetscInt n, const PetscReal mean[], const PetscReal dev[])
{
  HGDataPart *part = &d->part[role];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  HGCheck(!d->setup || part->classes || !part->channels || n == part->channels, PetscObjectComm((PetscObject)d),
          "normalisation constants for %" PetscInt_FMT " channels, the %s of %s has %" PetscInt_FMT, n, role ? "target" : "input", d->file,
          part->channels);
  for (PetscInt c = 0; c < n; c++)
    PetscCheck(dev[c] > 0 && !PetscIsInfOrNanReal(mean[c] / dev[c]), PetscObjectComm((PetscObject)d), PETSC_ERR_USER,
               "channel %" PetscInt_FMT ": mean %g and deviation %g cannot scale data; the deviation must be positive", c, (double)mean[c],
               (double)dev[c]);
  PetscCall(PetscFree2(part->mean, part->dev));
  PetscCall(PetscMalloc2(n, &part->mean, n, &part->dev));
  PetscCall(PetscArraycpy(part->mean, mean, n));
  PetscCall(PetscArraycpy(part->dev, dev, n));
  part->fixed  = PETSC_TRUE;
  part->nfixed = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataGetNormalization - Get the constants by which the loaded values are scaled

   Not Collective

   Input Parameters:
+  d    - the dataset, loaded
-  role - input or target

   Output Parameters (NULL to not ask):
+  n    - number of channels
.  mean - what was subtracted from each channel, 0 without normalisation
-  dev  - what each channel was divided by then, 1 without normalisation

   Level: intermediate

   Shape:
   `mean`, `dev`: [C], owned by the dataset

   Units:
   of the variable

.seealso: `HGDataSetNormalization()`, `HGDataDenormalize()`
@*/
PetscErrorCode HGDataGetNormalization(HGData d, HGDataRole role, PetscInt *n, const PetscReal *mean[], const PetscReal *dev[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCheck(d->partition, PetscObjectComm((PetscObject)d), PETSC_ERR_ORDER, "HGDataGetNormalization() before HGDataLoad()");
  if (n)
    *n = d->part[role].channels || !d->part[role].fixed ? d->part[role].channels
                                                        : d->part[role].nfixed; /* without a target: as they were set */
  if (mean) *mean = d->part[role].mean;
  if (dev) *dev = d->part[role].dev;
  PetscFunctionReturn(PETSC_SUCCESS);
}
