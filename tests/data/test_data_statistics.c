/* SPDX-License-Identifier: BSD-2-Clause */
/* Means and deviations are right to their 40 bits on any partition, also where the mean is large; normalised values go back. */
#include "sample_file.h"
#include <math.h>

static const char path[] = "test_data_statistics.nc";

/* Mean and deviation of samples [first, last) of a channel in extended precision */
static void Exact(const SampleFile *s, int variable, size_t channel, size_t first, size_t last, double *mean, double *dev)
{
  const size_t channels = s->len[1], points = s->len[2] * s->len[3];
  long double  sum = 0, square = 0;
  const double n = (double)((last - first) * points);

  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = first; i < last; i++) {
      for (size_t k = 0; k < points; k++) {
        const long double v = SampleValue((i * channels + channel) * points + k, variable) * s->scale + s->offset;

        if (pass) square += (v - sum / n) * (v - sum / n);
        else sum += v;
      }
    }
  }
  *mean = (double)(sum / n);
  *dev  = (double)sqrtl(square / n);
}

static PetscErrorCode CheckConstants(const SampleFile *s, HGData d, HGDataRole role, size_t first, size_t last)
{
  const PetscReal *mean, *dev;
  PetscInt         n;

  PetscFunctionBegin;
  PetscCall(HGDataGetNormalization(d, role, &n, &mean, &dev));
  PetscCheck(n == (PetscInt)s->len[1], PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%d channels", (int)n);
  for (PetscInt c = 0; c < n; c++) {
    double m, v;

    Exact(s, role == HG_DATA_TARGET, (size_t)c, first, last, &m, &v);
    /* constants have 40 bits; each value is rounded when it is shifted, each row's sum a few times, and values near the mean matter */
    PetscCheck(PetscAbsReal(mean[c] - m) <= 0x1p-40 * fabs(m) + 16 * PETSC_MACHINE_EPSILON * (fabs(m) + v), PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "mean %.17g, not %.17g", mean[c], m);
    PetscCheck(PetscAbsReal(dev[c] - v) <= 0x1p-40 * v + 16 * PETSC_MACHINE_EPSILON * (fabs(m) + v), PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "deviation %.17g, not %.17g", dev[c], v);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Loads with the given constants or with those of the data; the values go back to what they were */
static PetscErrorCode CheckRoundTrip(const SampleFile *s, HGPartition p, HGDType dtype, HGData d, PetscInt first)
{
  const double         tol       = dtype == HG_F32 ? 1e-6 : 1e-14; /* some roundings of values of size dev */
  const PetscInt       sample[1] = {1};
  const HGTensorLocal *l;
  const PetscReal     *dev;
  HGTensor             x, y;

  PetscFunctionBegin;
  PetscCall(HGDataGetNormalization(d, HG_DATA_TARGET, NULL, NULL, &dev));
  PetscCall(HGTensorCreate(p, HG_F64, &x));
  PetscCall(HGTensorSetUp(x));
  PetscCall(HGTensorDuplicate(x, &y));
  PetscCall(HGDataGetBatch(d, 1, sample, x, y));
  PetscCall(HGDataDenormalize(d, HG_DATA_TARGET, y));
  PetscCall(HGTensorGetLocal(y, &l));
  for (PetscInt i = 0; l->box.size[HG_N] && i < HGBoxCount(&l->box); i++) {
    PetscInt  at[HG_AXES], rest = i;
    ptrdiff_t where = 0;
    double    want;

    for (int a = HG_X; a >= 0; a--) {
      at[a] = rest % l->box.size[a];
      rest /= l->box.size[a];
      where += at[a] * l->stride[a];
      at[a] += l->box.start[a];
    }
    if (at[HG_N]) continue;
    want = SampleValue((((size_t)(first + 1) * s->len[1] + (size_t)at[HG_C]) * s->len[2] + (size_t)at[HG_Y]) * s->len[3] + (size_t)at[HG_X],
                       1) *
               s->scale +
           s->offset;
    PetscCheck(PetscAbsReal(((double *)l->owned)[where] - want) < 4 * tol * dev[at[HG_C]] + 4e-16 * fabs(want), PETSC_COMM_SELF,
               PETSC_ERR_PLIB, "%.17g came back as %.17g", want, ((double *)l->owned)[where]);
  }
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Check(double offset, HGDType dtype)
{
  const SampleFile s             = {path, NC_NETCDF4, NC_DOUBLE, 4, {"sample", "channel", "y", "x"}, {9, 3, 17, 11}, 0.01, offset};
  const PetscInt   size[HG_AXES] = {2, 3, 1, 17, 11}, first = 2, last = 8;
  const PetscReal  mean[3] = {1, 2, 3}, dev[3] = {0.5, 2, 4};
  HGData           d;
  HGPartition      p;

  PetscFunctionBegin;
  PetscCall(SampleFileWrite(PETSC_COMM_WORLD, &s));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPartitionSetSizes(p, 2, size));
  PetscCall(HGPartitionSetFromOptions(p));
  PetscCall(HGPartitionSetUp(p));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFile(d, path));
  PetscCall(HGDataSetVariables(d, "a", "u"));
  PetscCall(HGDataSetRange(d, first, last));
  PetscCall(HGDataSetNormalize(d, HG_NORMALIZE_GLOBAL));
  PetscCall(HGDataLoad(d, p, dtype));
  PetscCall(CheckConstants(&s, d, HG_DATA_INPUT, (size_t)first, (size_t)last));
  PetscCall(CheckConstants(&s, d, HG_DATA_TARGET, (size_t)first, (size_t)last));
  PetscCall(CheckRoundTrip(&s, p, dtype, d, first));
  PetscCall(HGDataSetNormalization(d, HG_DATA_TARGET, 3, mean, dev));
  PetscCall(HGDataLoad(d, p, HG_F64));
  PetscCall(CheckRoundTrip(&s, p, HG_F64, d, first));
  PetscCall(HGDataDestroy(&d));
  PetscCall(HGPartitionDestroy(&p));
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(Check(0, HG_F64));
  PetscCall(Check(300, HG_F32));
  PetscCall(Check(1e6, HG_F32));
  PetscCall(HGFinalize());
  return 0;
}
