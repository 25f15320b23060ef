/* SPDX-License-Identifier: BSD-2-Clause */
/* What of IDX files is refused: one line on all ranks */
#include "idx_file.h"
#include "bad_input.h"
#include "sample_file.h"

static const char images[] = "test_idx_bad-images", labels[] = "test_idx_bad-labels", field[] = "test_idx_bad.nc";

/* Labels of "" mean none */
static PetscErrorCode Refused(const char file[], const char target[], PetscInt classes, const char words[])
{
  HGData d;

  PetscFunctionBegin;
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFile(d, file));
  PetscCall(HGDataSetLabels(d, target));
  PetscCall(HGDataSetClasses(d, classes));
  ExpectError(HGDataSetUp(d), words);
  PetscCall(HGDataDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Writes the first n bytes as they are, n negative for all but as many */
static PetscErrorCode WriteRaw(const char path[], const void *bytes, size_t all, long n)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    FILE        *f    = fopen(path, "wb");
    const size_t some = n < 0 ? all - (size_t)-n : (size_t)n;

    PetscCheck(f && fwrite(bytes, 1, some, f) == some && !fclose(f), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s", path);
  }
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckFiles(const IdxBytes *good)
{
  IdxBytes       b = *good;
  unsigned char  packed[8192];
  size_t         n;
  FILE          *f;
  const PetscInt none[3] = {0, 7, 9};

  PetscFunctionBegin;
  PetscCall(WriteRaw(images, b.byte, b.n, -1));
  PetscCall(Refused(images, "", 0, "test_idx_bad-images is cut short|378 values"));
  PetscCall(WriteRaw(images, b.byte, b.n, 9));
  PetscCall(Refused(images, "", 0, "ends within its header"));
  PetscCall(WriteRaw(images, b.byte, b.n + 1, (long)(b.n + 1)));
  PetscCall(Refused(images, "", 0, "goes on after the 378 values"));
  IdxHeader(&b, 0x08, 3, none);
  PetscCall(IdxWrite(images, &b, PETSC_FALSE));
  PetscCall(Refused(images, "", 0, "dimension 0|has 0 entries"));

  PetscCall(IdxWrite(images, good, PETSC_TRUE)); /* compressed: cut, damaged, with a wrong checksum */
  f = fopen(images, "rb");
  PetscCheck(f, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot read %s", images);
  n = fread(packed, 1, sizeof(packed), f);
  (void)fclose(f);
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(WriteRaw(images, packed, n, -12));
  PetscCall(Refused(images, "", 0, "is cut short"));
  PetscCall(WriteRaw(images, packed, n, -4));
  PetscCall(Refused(images, "", 0, "is cut short"));
  packed[n - 8] ^= 1;
  PetscCall(WriteRaw(images, packed, n, (long)n));
  PetscCall(Refused(images, "", 0, "is damaged"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckLabels(void)
{
  IdxBytes       b;
  const PetscInt six = 6;

  PetscFunctionBegin;
  IdxLabels(&b, 5);
  PetscCall(IdxWrite(labels, &b, PETSC_TRUE));
  PetscCall(Refused(images, labels, 0, "5 labels|6 images|-data_labels"));
  IdxLabels(&b, 6);
  PetscCall(IdxWrite(labels, &b, PETSC_FALSE));
  PetscCall(Refused(images, labels, 6, "sample 2 of test_idx_bad-labels|label 6|from 0 to 5|-data_classes 6"));
  PetscCall(Refused(labels, "", 0, "one dimension|-data_labels"));
  PetscCall(Refused(images, images, 0, "3 dimensions|labels"));
  PetscCall(Refused(images, "nothing", 0, "there is no file nothing"));
  PetscCall(Refused(images, ".", 0, "is a folder"));
  IdxHeader(&b, 0x09, 1, &six);
  for (int i = 0; i < 6; i++) IdxPutValue(&b, 0x09, 2 - i);
  PetscCall(IdxWrite(labels, &b, PETSC_FALSE));
  PetscCall(Refused(images, labels, 0, "sample 3|label -1|from 0"));
  b.byte[2] = 0x55;
  PetscCall(IdxWrite(labels, &b, PETSC_FALSE));
  PetscCall(Refused(images, labels, 0, "not an IDX file|00 00 55 01"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Options that do not go together, and tensors that do not fit */
static PetscErrorCode CheckUse(void)
{
  const PetscInt   sample[1] = {0};
  const SampleFile netcdf    = {field, 0, NC_FLOAT, 3, {"sample", "y", "x"}, {3, 4, 5}, 0, 0};
  HGData           d;
  IdxBatch         b;
  IdxBytes         bytes;

  PetscFunctionBegin;
  PetscCall(SampleFileWrite(PETSC_COMM_WORLD, &netcdf));
  PetscCall(Refused(field, labels, 0, "-data_labels|goes with an IDX file|test_idx_bad.nc is none"));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  ExpectError(HGDataSetClasses(d, -1), "-data_classes -1");
  ExpectError(HGDataSetDigits(d, 0, 1), "-data_digits 0");
  PetscCall(HGDataSetFile(d, images));
  PetscCall(HGDataSetVariables(d, "a", NULL));
  ExpectError(HGDataSetUp(d), "-data_input a|no variables but image");
  PetscCall(HGDataSetVariables(d, "image", "label"));
  ExpectError(HGDataSetUp(d), "no labels|-data_labels");
  PetscCall(HGDataSetVariables(d, "image", NULL));
  PetscCall(HGDataSetUp(d));
  PetscCall(IdxBatchCreate(d, 1, HG_F32, &b));
  PetscCall(HGDataLoad(d, b.space, HG_F32));
  ExpectError(HGDataGetBatch(d, 1, sample, b.x, b.y), "no target|-data_labels");
  IdxLabels(&bytes, 6);
  PetscCall(IdxWrite(labels, &bytes, PETSC_FALSE));
  PetscCall(HGDataSetLabels(d, labels));
  PetscCall(HGDataLoad(d, b.space, HG_F32));
  PetscCall(HGDataGetBatch(d, 1, sample, b.x, b.y));
  ExpectError(HGDataGetBatch(d, 1, sample, b.x, b.x), "one label for each image|7 x 9 points|ends in one point");
  PetscCall(HGDataSetDigits(d, 5, 1));
  ExpectError(HGDataSetUp(d), "-data_labels|drawn digits");
  PetscCall(HGDataSetLabels(d, NULL));
  PetscCall(HGDataSetUp(d));

  PetscCall(HGDataSetFile(d, field)); /* values of a are no classes */
  PetscCall(HGDataSetVariables(d, "a", "u"));
  PetscCall(HGDataSetClasses(d, 4));
  PetscCall(HGDataSetUp(d));
  PetscCall(IdxBatchDestroy(&b));
  PetscCall(IdxBatchCreate(d, 1, HG_F32, &b));
  ExpectError(HGDataLoad(d, b.space, HG_F32), "variable \"u\"|no class|at sample 0|from 0 to 3|-data_classes 4");
  PetscCall(IdxBatchDestroy(&b));
  PetscCall(HGDataDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const PetscInt dim[3] = {6, 7, 9};
  IdxBytes       b;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  memset(&b, 0, sizeof(b));
  IdxImages(&b, 0x08, 3, dim);
  PetscCall(CheckFiles(&b));
  PetscCall(IdxWrite(images, &b, PETSC_TRUE));
  PetscCall(CheckLabels());
  PetscCall(CheckUse());
  PetscCall(IdxRemove(images));
  PetscCall(IdxRemove(labels));
  PetscCall(IdxRemove(field));
  PetscCall(HGFinalize());
  return 0;
}
