/* SPDX-License-Identifier: BSD-2-Clause */
#include "data/data_impl.h"
#include <string.h>

/*@
   HGDataGetOrder - The order in which the samples of an epoch are drawn

   Not Collective

   Input Parameters:
+  d     - the dataset, set up
.  seed  - the user's seed
-  epoch - the epoch

   Output Parameter:
.  perm - the samples 0 to samples-1 of the range in that order

   Level: intermediate

   Shape:
   `perm`: [samples], given by the caller

   Note:
   A function of seed and epoch, the same on every rank: the shuffle of Fisher and Yates with counter-based random
   numbers. Without `-data_shuffle` the samples come in the order of the file.

.seealso: `HGDataSetShuffle()`, `HGDataGetBatch()`
@*/
PetscErrorCode HGDataGetOrder(HGData d, uint64_t seed, PetscInt epoch, PetscInt perm[])
{
  const PetscInt n      = d->end - d->first;
  const uint64_t stream = HGRandomStream("data.order");

  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCheck(d->setup, PetscObjectComm((PetscObject)d), PETSC_ERR_ORDER, "HGDataGetOrder() before HGDataSetUp()");
  for (PetscInt i = 0; i < n; i++) perm[i] = i;
  for (PetscInt i = n - 1; i > 0 && d->shuffle; i--) {
    /* 64 random bits modulo i + 1: the bias is below 2^-32 for any number of samples that fits a file */
    const PetscInt j = (PetscInt)(HGRandomBits(seed, stream, (uint64_t)epoch << 32 | (uint64_t)i) % (uint64_t)(i + 1));
    const PetscInt t = perm[i];

    perm[i] = perm[j];
    perm[j] = t;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A run of points, channels [c0, c0 + nc) of C, from the resident copy to a tensor */
#define DEFINE_COPY_ROW(FROM, TO)                                                                                      \
  static void CopyRow_##FROM##_##TO(const void *from, PetscInt C, PetscInt c0, PetscInt points, PetscInt nc, void *to) \
  {                                                                                                                    \
    const FROM *restrict s = (const FROM *)from + c0;                                                                  \
    TO *restrict t         = (TO *)to;                                                                                 \
                                                                                                                       \
    for (PetscInt p = 0; p < points; p++) {                                                                            \
      for (PetscInt c = 0; c < nc; c++) t[p * nc + c] = (TO)s[p * C + c];                                              \
    }                                                                                                                  \
  }
DEFINE_COPY_ROW(float, float)
DEFINE_COPY_ROW(float, double)
DEFINE_COPY_ROW(double, float)
DEFINE_COPY_ROW(double, double)

typedef void (*CopyRow)(const void *, PetscInt, PetscInt, PetscInt, PetscInt, void *);

static const CopyRow copy_row[2][2] = {{CopyRow_float_float, CopyRow_float_double}, {CopyRow_double_float, CopyRow_double_double}};

/* The tensor's points must be those that were loaded, its channels the dataset's */
static PetscErrorCode CheckTensor(HGData d, const HGDataPart *part, HGTensor x, const HGTensorLocal *l)
{
  HGPartition p;
  PetscInt    dim, size[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(x, &p));
  PetscCall(HGPartitionGetSizes(p, &dim, size));
  PetscCheck(size[HG_C] == part->channels, PetscObjectComm((PetscObject)d), PETSC_ERR_ARG_SIZ,
             "the tensor has %" PetscInt_FMT " channels, \"%s\" of %s has %" PetscInt_FMT, size[HG_C], part->list ? part->list : "none",
             d->file, part->channels);
  for (int a = HG_Z; a <= HG_X && part == &d->part[HG_DATA_TARGET] && HGDataHasLabels(d); a++)
    HGCheck(size[a] == 1, PetscObjectComm((PetscObject)d),
            "%s has one label for each image, the network's output a grid of %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
            " points (z, y, x); choose a network that ends in one point",
            d->labels ? d->labels : d->file, size[HG_Z], size[HG_Y], size[HG_X]);
  for (int a = HG_Z; a <= HG_X; a++)
    PetscCheck(!HGBoxCount(&l->box) || (l->box.start[a] == part->box.start[a] && l->box.size[a] == part->box.size[a]), PETSC_COMM_SELF,
               PETSC_ERR_ARG_INCOMP,
               "the tensor's points [%" PetscInt_FMT ", +%" PetscInt_FMT ") on axis %d are not those that were loaded, [%" PetscInt_FMT
               ", +%" PetscInt_FMT ")",
               l->box.start[a], l->box.size[a], a, part->box.start[a], part->box.size[a]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataCheckTensor - Check that a tensor can take batches of a dataset

   Logically Collective

   Input Parameters:
+  d    - the dataset, loaded
.  role - input or target
-  t    - the tensor

   Level: developer

   Errors:
   A tensor of other channels or other points than those loaded.

.seealso: `HGDataGetBatch()`
@*/
PetscErrorCode HGDataCheckTensor(HGData d, HGDataRole role, HGTensor t)
{
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCall(HGTensorGetLocal(t, &l));
  PetscCall(CheckTensor(d, &d->part[role], t, l));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CopyBatch(HGData d, const HGDataPart *part, PetscInt nb, const PetscInt sample[], HGTensor t)
{
  const HGTensorLocal *l;
  HGDType              dtype;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  PetscCall(HGTensorGetDType(t, &dtype));
  PetscCall(CheckTensor(d, part, t, l));
  const HGBox   *b = &l->box;
  const PetscInt Z = b->size[HG_Z], Y = b->size[HG_Y], X = b->size[HG_X], C = part->channels, nc = b->size[HG_C];
  const PetscInt N    = PetscMax(PetscMin(nb - b->start[HG_N], b->size[HG_N]), 0);
  const CopyRow  copy = copy_row[d->dtype == HG_F64][dtype == HG_F64];
  const size_t   from = HGDTypeSize(d->dtype), to = HGDTypeSize(dtype);

  if (!HGBoxCount(b)) PetscFunctionReturn(PETSC_SUCCESS);
#pragma omp parallel for collapse(3) schedule(static)
  for (PetscInt n = 0; n < N; n++) {
    for (PetscInt z = 0; z < Z; z++) {
      for (PetscInt y = 0; y < Y; y++) {
        const size_t row = ((((size_t)sample[b->start[HG_N] + n] * (size_t)Z + (size_t)z) * (size_t)Y + (size_t)y) * (size_t)X) * (size_t)C;
        const char  *src = (const char *)part->value + row * from;
        char        *dst = (char *)l->owned + (n * l->stride[HG_N] + z * l->stride[HG_Z] + y * l->stride[HG_Y]) * (ptrdiff_t)to;

        if (nc == C && from == to) memcpy(dst, src, (size_t)X * (size_t)C * to);
        else copy(src, C, b->start[HG_C], X, nc, dst);
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataGetBatch - Copy samples into the owned points of tensors

   Not Collective

   Input Parameters:
+  d      - the dataset, loaded
.  nb     - number of samples in the batch
-  sample - which samples of the range, counted from 0; the same on all ranks

   Output Parameters:
+  x - the input: `sample[i]` at batch index i, for the indices this rank owns
-  y - the target, or NULL to not ask

   Level: intermediate

   Shape:
   x: `[N][Z][Y][X][C_in]`, y: `[N][Z][Y][X][C_out]` with N >= nb; what lies beyond nb is left as it is

   Note:
   Allocates nothing and sends nothing; OpenMP threads share the rows. The tensors are partitioned in space as in
   `HGDataLoad()`; batch and channels may be partitioned in any way.

   Errors:
   A tensor of other channels or other points than those loaded; a sample outside the range.

.seealso: `HGDataLoad()`, `HGDataGetOrder()`
@*/
PetscErrorCode HGDataGetBatch(HGData d, PetscInt nb, const PetscInt sample[], HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCheck(d->partition, PetscObjectComm((PetscObject)d), PETSC_ERR_ORDER, "HGDataGetBatch() before HGDataLoad()");
  for (PetscInt i = 0; i < nb; i++)
    PetscCheck(sample[i] >= 0 && sample[i] < d->end - d->first, PetscObjectComm((PetscObject)d), PETSC_ERR_ARG_OUTOFRANGE,
               "no sample %" PetscInt_FMT " in a range of %" PetscInt_FMT, sample[i], d->end - d->first);
  PetscCheck(!y || d->part[HG_DATA_TARGET].nvar, PetscObjectComm((PetscObject)d), PETSC_ERR_USER,
             "the dataset of %s has no target; choose one with %s", d->file, d->kind == HG_DATA_IDX ? "-data_labels" : "-data_target");
  PetscCall(CopyBatch(d, &d->part[HG_DATA_INPUT], nb, sample, x));
  if (y) PetscCall(CopyBatch(d, &d->part[HG_DATA_TARGET], nb, sample, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define DEFINE_SCALE_ROW(REAL)                                                                                                         \
  static void ScaleRow_##REAL(void *at, PetscInt points, PetscInt nc, const PetscReal mean[], const PetscReal dev[])                   \
  {                                                                                                                                    \
    REAL *v = (REAL *)at;                                                                                                              \
                                                                                                                                       \
    for (PetscInt p = 0; p < points; p++) {                                                                                            \
      for (PetscInt c = 0; c < nc; c++) v[p * nc + c] = (REAL)((double)v[p * nc + c] * (double)dev[c] + (mean ? (double)mean[c] : 0)); \
    }                                                                                                                                  \
  }
DEFINE_SCALE_ROW(float)
DEFINE_SCALE_ROW(double)

#define DEFINE_NORMALIZE_ROW(REAL)                                                                                          \
  static void NormalizeRow_##REAL(void *at, PetscInt points, PetscInt nc, const PetscReal mean[], const PetscReal dev[])    \
  {                                                                                                                         \
    REAL *v = (REAL *)at;                                                                                                   \
                                                                                                                            \
    for (PetscInt p = 0; p < points; p++) {                                                                                 \
      for (PetscInt c = 0; c < nc; c++) v[p * nc + c] = (REAL)(((double)v[p * nc + c] - (double)mean[c]) / (double)dev[c]); \
    }                                                                                                                       \
  }
DEFINE_NORMALIZE_ROW(float)
DEFINE_NORMALIZE_ROW(double)

typedef void (*RowFunction)(void *, PetscInt, PetscInt, const PetscReal[], const PetscReal[]);

/* Each row of t by a function; the mean is passed with `shift` only */
static PetscErrorCode Rescale(HGData d, HGDataRole role, HGTensor t, PetscBool shift, RowFunction f32, RowFunction f64)
{
  const HGDataPart    *part = &d->part[role];
  const HGTensorLocal *l;
  HGDType              dtype;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  if (part->classes) PetscFunctionReturn(PETSC_SUCCESS); /* what a network says of classes has no units */
  PetscCheck(part->mean, PetscObjectComm((PetscObject)d), PETSC_ERR_ORDER, "HGDataDenormalize() before HGDataLoad()");
  PetscCall(HGTensorGetLocal(t, &l));
  PetscCall(HGTensorGetDType(t, &dtype));
  const HGBox *b = &l->box;

  PetscCheck(b->start[HG_C] + b->size[HG_C] <= (part->fixed ? part->nfixed : part->channels), PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ,
             "the tensor has more channels than the %s of the dataset", role ? "target" : "input");
#pragma omp parallel for collapse(3) schedule(static)
  for (PetscInt n = 0; n < b->size[HG_N]; n++) {
    for (PetscInt z = 0; z < b->size[HG_Z]; z++) {
      for (PetscInt y = 0; y < b->size[HG_Y]; y++) {
        char *row = (char *)l->owned + (n * l->stride[HG_N] + z * l->stride[HG_Z] + y * l->stride[HG_Y]) * (ptrdiff_t)HGDTypeSize(dtype);

        (dtype == HG_F32 ? f32 : f64)(row, b->size[HG_X], b->size[HG_C], shift ? part->mean + b->start[HG_C] : NULL,
                                      part->dev + b->start[HG_C]);
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataNormalize - Bring a tensor from the units of the file to normalised values, the inverse of `HGDataDenormalize()`

   Not Collective

   Input Parameters:
+  d    - the dataset, loaded
.  role - input or target
-  t    - the tensor, of that role's channels

   Level: intermediate

.seealso: `HGDataDenormalize()`
@*/
PetscErrorCode HGDataNormalize(HGData d, HGDataRole role, HGTensor t)
{
  PetscFunctionBegin;
  PetscCall(Rescale(d, role, t, PETSC_TRUE, NormalizeRow_float, NormalizeRow_double));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataDenormalize - Bring a tensor from normalised values back to the units of the file

   Not Collective

   Input Parameters:
+  d    - the dataset, loaded
.  role - whose constants
-  t    - the tensor, changed in its owned points

   Level: intermediate

   Shape:
   `[N][Z][Y][X][C]` with the channels of the role

   Units:
   result: those of the variable

.seealso: `HGDataGetNormalization()`
@*/
PetscErrorCode HGDataDenormalize(HGData d, HGDataRole role, HGTensor t)
{
  PetscFunctionBegin;
  PetscCall(Rescale(d, role, t, PETSC_TRUE, ScaleRow_float, ScaleRow_double));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataDenormalizeAdjoint - Turn a gradient with respect to values in the units of the file into one with respect to normalised values

   Not Collective

   Input Parameters:
+  d    - the dataset, loaded
.  role - input or target
-  t    - the gradient, of that role's channels; multiplied by the deviation of each channel

   Level: intermediate

.seealso: `HGDataDenormalize()`
@*/
PetscErrorCode HGDataDenormalizeAdjoint(HGData d, HGDataRole role, HGTensor t)
{
  PetscFunctionBegin;
  PetscCall(Rescale(d, role, t, PETSC_FALSE, ScaleRow_float, ScaleRow_double));
  PetscFunctionReturn(PETSC_SUCCESS);
}
