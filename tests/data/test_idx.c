/* SPDX-License-Identifier: BSD-2-Clause */
/* IDX files of every type and number of dimensions, plain and compressed, are read right, on each rank its own points */
#include "idx_file.h"
#include <math.h>

static const char images[] = "test_idx-images", labels[] = "test_idx-labels";

static PetscErrorCode CheckBatch(const IdxBatch *b, int type, const PetscInt size[3], PetscInt first, const PetscInt sample[], double mean,
                                 double dev)
{
  const HGTensorLocal *l;
  PetscInt             at[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(b->x, &l));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i++) {
    const double got = IdxElement(b->x, i, at);
    const size_t index =
        (((size_t)(first + sample[at[HG_N]]) * (size_t)size[0] + (size_t)at[HG_Z]) * (size_t)size[1] + (size_t)at[HG_Y]) * (size_t)size[2] +
        (size_t)at[HG_X];
    const double want = (IdxValue(type, index) * (type == 0x08 ? 1. / 255 : 1) - mean) / dev;

    PetscCheck(fabs(got - want) <= 1e-14 * (fabs(want) + 1), PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "type %d: sample %d z %d y %d x %d is %.17g, not %.17g", type, (int)at[HG_N], (int)at[HG_Z], (int)at[HG_Y], (int)at[HG_X],
               got, want);
  }
  PetscCall(HGTensorGetLocal(b->y, &l));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i++) {
    const double got = IdxElement(b->y, i, at);

    PetscCheck(got == (double)IdxLabel(first + sample[at[HG_N]]), PETSC_COMM_SELF, PETSC_ERR_PLIB, "label %g of sample %d", got,
               (int)at[HG_N]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckRead(int type, int ndims, const PetscInt dim[], PetscBool compress, HGNormalize normalize)
{
  const PetscInt   sample[3] = {4, 0, 2}, first = 2, last = 8;
  const PetscReal *mean, *dev;
  PetscInt         n, cin, cout, size[3], spatial, classes;
  const char      *in, *out;
  IdxBytes         bytes;
  IdxBatch         b;
  HGData           d;

  PetscFunctionBegin;
  IdxImages(&bytes, type, ndims, dim);
  PetscCall(IdxWrite(images, &bytes, compress));
  IdxLabels(&bytes, dim[0]);
  PetscCall(IdxWrite(labels, &bytes, compress ? PETSC_FALSE : PETSC_TRUE));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFile(d, images));
  PetscCall(HGDataSetLabels(d, labels));
  PetscCall(HGDataSetRange(d, first, last));
  PetscCall(HGDataSetNormalize(d, normalize));
  PetscCall(HGDataSetUp(d));
  PetscCall(HGDataGetSizes(d, &spatial, &n, &cin, &cout, size));
  PetscCall(HGDataGetClasses(d, &classes));
  PetscCall(HGDataGetVariables(d, &in, &out));
  PetscCheck(spatial == ndims - 1 && n == last - first && cin == 1 && cout == 1 && classes == 7 && !strcmp(in, "image") &&
                 !strcmp(out, "label"),
             PETSC_COMM_WORLD, PETSC_ERR_PLIB, "wrong sizes: %dD, %d samples, %d classes", (int)spatial, (int)n, (int)classes);
  for (int i = 1; i < ndims; i++) PetscCheck(size[3 - ndims + i] == dim[i], PETSC_COMM_WORLD, PETSC_ERR_PLIB, "wrong grid");
  PetscCall(IdxBatchCreate(d, 3, HG_F64, &b));
  PetscCall(HGDataLoad(d, b.space, HG_F64));
  PetscCall(HGDataGetNormalization(d, HG_DATA_INPUT, NULL, &mean, &dev));
  PetscCheck((dev[0] != 1) == (normalize == HG_NORMALIZE_GLOBAL), PETSC_COMM_WORLD, PETSC_ERR_PLIB, "mean %g, deviation %g",
             (double)mean[0], (double)dev[0]);
  PetscCall(HGDataGetBatch(d, 3, sample, b.x, b.y));
  PetscCall(CheckBatch(&b, type, size, first, sample, (double)mean[0], (double)dev[0]));
  PetscCall(HGDataGetNormalization(d, HG_DATA_TARGET, NULL, &mean, &dev));
  PetscCheck(mean[0] == 0 && dev[0] == 1, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "labels were normalised");
  PetscCall(IdxBatchDestroy(&b));
  PetscCall(HGDataDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  static const int types[] = {0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E};
  const PetscInt   line[2] = {9, 17}, plane[3] = {9, 7, 10}, volume[4] = {9, 4, 5, 6};

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(types); i++) {
    PetscCall(CheckRead(types[i], 3, plane, PETSC_FALSE, HG_NORMALIZE_NONE));
    PetscCall(CheckRead(types[i], 3, plane, PETSC_TRUE, HG_NORMALIZE_GLOBAL));
  }
  PetscCall(CheckRead(0x08, 2, line, PETSC_TRUE, HG_NORMALIZE_NONE));
  PetscCall(CheckRead(0x08, 4, volume, PETSC_TRUE, HG_NORMALIZE_GLOBAL));
  PetscCall(IdxRemove(images));
  PetscCall(IdxRemove(labels));
  PetscCall(HGFinalize());
  return 0;
}
