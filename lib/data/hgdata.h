/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGDATA_H
#define HGDATA_H

#include "tensor/hgtensor.h"

/*S
   HGData - samples of input and target fields, of which every rank holds its part of space

   Level: beginner

   Notes:
   In a netCDF file a field variable has the dimensions (sample, [time,] [channel,] [z,] y, x), in this order or another: what a dimension is, the CF
   attributes of its coordinate variable say, or its name. The sample is the dimension of that name, the first one if nothing says that it is something
   else, or time; `HGDataSetSampleDim()` chooses. Further times, members of an ensemble and channels become channels, time slowest; one to three of
   space remain. Several variables become channels in the order they are named, and their dimensions are matched by name with those of the first.

   An IDX file has images, and another one their labels: classes, one for each image. Drawn digits take the place of both.

.seealso: `HGDataCreate()`, `HGDataLoad()`, `HGDataGetBatch()`
S*/
typedef struct _p_HGData *HGData;

/*E
   HGNormalize - how the values of a dataset are scaled when they are loaded

   Values:
+  HG_NORMALIZE_NONE   - as they are in the file
-  HG_NORMALIZE_GLOBAL - each channel to mean 0 and standard deviation 1 over all samples of the range and all points

   Options Database Key:
.  -data_normalize none|global - the choice (default none)

   Level: beginner
E*/
typedef enum { HG_NORMALIZE_NONE, HG_NORMALIZE_GLOBAL } HGNormalize;

/*E
   HGDataRole - input or target of a dataset

   Level: beginner
E*/
typedef enum { HG_DATA_INPUT, HG_DATA_TARGET } HGDataRole;

/*S
   HGAxis - a dimension in a data file: its name, and its coordinates if there are any

   Level: intermediate
S*/
typedef struct {
  char    *name;      /* "x" */
  char    *units;     /* "m", "1", empty or NULL if unknown */
  char    *long_name; /* "x coordinate", empty or NULL if unknown */
  PetscInt n;
  double  *value; /* [n], NULL if the file has no coordinate variable */
} HGAxis;

/*S
   HGDataVariable - a variable of a data file that makes some channels of the input or the target

   Level: intermediate
S*/
typedef struct {
  char    *name;          /* with its groups, "measurements/a" */
  char    *units;         /* empty if unknown, as the following */
  char    *standard_name; /* of the CF conventions */
  char    *long_name;
  PetscInt channels; /* product of its time and channel dimensions */
  PetscInt first;    /* its first channel in the input or target */
} HGDataVariable;

PETSC_EXTERN PetscErrorCode HGDataCreate(MPI_Comm, HGData *);
PETSC_EXTERN PetscErrorCode HGDataSetOptionsPrefix(HGData, const char[]);
PETSC_EXTERN PetscErrorCode HGDataSetFile(HGData, const char[]);
PETSC_EXTERN PetscErrorCode HGDataSetVariables(HGData, const char[], const char[]);
PETSC_EXTERN PetscErrorCode HGDataSetSampleDim(HGData, const char[]);
PETSC_EXTERN PetscErrorCode HGDataSetValidation(HGData, PetscBool);
PETSC_EXTERN PetscErrorCode HGDataSetTargetOptional(HGData, PetscBool);
PETSC_EXTERN PetscErrorCode HGDataSetLabels(HGData, const char[]);
PETSC_EXTERN PetscErrorCode HGDataSetClasses(HGData, PetscInt);
PETSC_EXTERN PetscErrorCode HGDataGetClasses(HGData, PetscInt *);
PETSC_EXTERN PetscErrorCode HGDataSetDigits(HGData, PetscInt, PetscInt);
PETSC_EXTERN PetscErrorCode HGDataSetRange(HGData, PetscInt, PetscInt);
PETSC_EXTERN PetscErrorCode HGDataSetNormalize(HGData, HGNormalize);
PETSC_EXTERN PetscErrorCode HGDataSetShuffle(HGData, PetscBool);
PETSC_EXTERN PetscErrorCode HGDataSetFromOptions(HGData);
PETSC_EXTERN PetscErrorCode HGDataSetUp(HGData);
PETSC_EXTERN PetscErrorCode HGDataReference(HGData);
PETSC_EXTERN PetscErrorCode HGDataView(HGData, PetscViewer);
PETSC_EXTERN PetscErrorCode HGDataDestroy(HGData *);

PETSC_EXTERN PetscErrorCode HGDataGetFile(HGData, const char *[]);
PETSC_EXTERN PetscErrorCode HGDataGetVariables(HGData, const char *[], const char *[]);
PETSC_EXTERN PetscErrorCode HGDataGetRange(HGData, PetscInt *, PetscInt *);
PETSC_EXTERN PetscErrorCode HGDataGetNormalize(HGData, HGNormalize *);
PETSC_EXTERN PetscErrorCode HGDataGetSizes(HGData, PetscInt *, PetscInt *, PetscInt *, PetscInt *, PetscInt[]);
PETSC_EXTERN PetscErrorCode HGDataGetAxis(HGData, PetscInt, const HGAxis **);
PETSC_EXTERN PetscErrorCode HGDataGetVariable(HGData, HGDataRole, PetscInt, const HGDataVariable **);

PETSC_EXTERN PetscErrorCode HGDataSetNormalization(HGData, HGDataRole, PetscInt, const PetscReal[], const PetscReal[]);
PETSC_EXTERN PetscErrorCode HGDataGetNormalization(HGData, HGDataRole, PetscInt *, const PetscReal *[], const PetscReal *[]);
PETSC_EXTERN PetscErrorCode HGDataNormalize(HGData, HGDataRole, HGTensor);
PETSC_EXTERN PetscErrorCode HGDataDenormalize(HGData, HGDataRole, HGTensor);
PETSC_EXTERN PetscErrorCode HGDataDenormalizeAdjoint(HGData, HGDataRole, HGTensor);

PETSC_EXTERN PetscErrorCode HGDataLoad(HGData, HGPartition, HGDType);
PETSC_EXTERN PetscErrorCode HGDataGetOrder(HGData, uint64_t, PetscInt, PetscInt[]);
PETSC_EXTERN PetscErrorCode HGDataCheckTensor(HGData, HGDataRole, HGTensor);
PETSC_EXTERN PetscErrorCode HGDataGetBatch(HGData, PetscInt, const PetscInt[], HGTensor, HGTensor);

PETSC_EXTERN PetscErrorCode HGIdxView(const char[], PetscBool *, char *, size_t);
PETSC_EXTERN PetscInt       HGDigitClass(uint64_t, PetscInt);
PETSC_EXTERN PetscErrorCode HGDigitDraw(uint64_t, PetscInt, const PetscInt[], const PetscInt[], const PetscInt[], double[]);

PETSC_EXTERN PetscErrorCode HGDataGetDescription(HGData, char **);
PETSC_EXTERN PetscErrorCode HGDataSetTrainingDescription(HGData, const char[]);
PETSC_EXTERN PetscErrorCode HGDataCompare(HGData, const char[], const char[]);

PETSC_EXTERN PetscErrorCode HGFileOpen(const char[], int *, PetscBool *, char *, size_t);

#endif
