/* SPDX-License-Identifier: BSD-2-Clause */
/* Targets that are classes */
#include "data/data_impl.h"

/*@C
   HGDataSetLabels - Set the IDX file that has the labels of the images of a dataset

   Logically Collective

   Input Parameters:
+  d    - the dataset, whose file is an IDX file of images
-  file - the path, plain or compressed by gzip; NULL for none

   Options Database Key:
.  -data_labels file - the path

   Level: beginner

   Shape:
   the target is [N][1][1][1][1], the class of each image

   Errors:
   `HGDataSetUp()` refuses labels that are not as many as the images, and what is no class.

.seealso: `HGDataSetFile()`, `HGDataSetClasses()`, `HGLOSSCROSSENTROPY`
@*/
PetscErrorCode HGDataSetLabels(HGData d, const char file[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCall(HGDataReset(d));
  PetscCall(PetscFree(d->labels));
  if (file && *file) PetscCall(PetscStrallocpy(file, &d->labels));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataSetClasses - Say that the target holds classes, and how many there are

   Logically Collective

   Input Parameters:
+  d - the dataset
-  n - classes, numbered from 0 to n - 1; 0: those that labels need, and none for other targets

   Options Database Key:
.  -data_classes n - the number

   Level: beginner

   Note:
   A target of classes has one channel and is not normalised.

   Errors:
   `HGDataLoad()` refuses values that are no whole numbers from 0 to n - 1.

.seealso: `HGDataGetClasses()`, `HGDataSetLabels()`, `HGLOSSCROSSENTROPY`
@*/
PetscErrorCode HGDataSetClasses(HGData d, PetscInt n)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  HGCheckOptions(n >= 0, d, "-data_classes %" PetscInt_FMT ": give the number of classes", n);
  PetscCall(HGDataReset(d));
  d->asked_classes = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataGetClasses - Get the number of classes in a target

   Not Collective

   Input Parameter:
.  d - the dataset, set up

   Output Parameter:
.  n - classes; 0 for a target that has none, or no target

   Level: beginner

.seealso: `HGDataSetClasses()`
@*/
PetscErrorCode HGDataGetClasses(HGData d, PetscInt *n)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCheck(d->setup, PetscObjectComm((PetscObject)d), PETSC_ERR_ORDER, "HGDataGetClasses() before HGDataSetUp()");
  *n = d->part[HG_DATA_TARGET].classes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataSetDigits - Draw images of digits instead of reading a file

   Logically Collective

   Input Parameters:
+  d    - the dataset
.  n    - number of images, 28 x 28 points
-  seed - which ones

   Options Database Keys:
+  -data_digits n      - number of images
-  -data_digits_seed s - which ones (default 1)

   Level: beginner

   Shape:
   input [n][1][1][28][28], 0 for paper to 1 for ink; target [n][1][1][1][1], the digit

   Errors:
   Refuses less than one image, and seeds below zero.

.seealso: `HGDigitDraw()`, `HGDataSetFile()`
@*/
PetscErrorCode HGDataSetDigits(HGData d, PetscInt n, PetscInt seed)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  HGCheckOptions(n >= 1, d, "-data_digits %" PetscInt_FMT ": give the number of images to draw", n);
  HGCheckOptions(seed >= 0, d, "-data_digits_seed %" PetscInt_FMT ": give 0 or more", seed);
  PetscCall(HGDataSetFile(d, "drawn digits")); /* its name in messages */
  d->digits      = n;
  d->digits_seed = (uint64_t)seed;
  PetscFunctionReturn(PETSC_SUCCESS);
}
