/* SPDX-License-Identifier: BSD-2-Clause */
#include "loss/loss_impl.h"

/*MC
   HGLOSSMSE - mean squared error: (1 / M) sum (y - t)^2 over the M values of all samples, channels and points

   Level: beginner

   Note:
   Its gradient is 2 (y - t) / M. The sum runs in double precision.

.seealso: `HGLossSetType()`
M*/

/* One line along x: returns the sum of squares, writes the scaled difference */
static double LineF32(ptrdiff_t n, const float *y, const float *t, double scale, float *dy)
{
  const float s   = (float)scale;
  double      sum = 0;

  for (ptrdiff_t i = 0; i < n; i++) {
    const float d = y[i] - t[i];

    sum += (double)d * (double)d;
    if (dy) dy[i] = s * d;
  }
  return sum;
}

static double LineF64(ptrdiff_t n, const double *y, const double *t, double scale, double *dy)
{
  double sum = 0;

  for (ptrdiff_t i = 0; i < n; i++) {
    const double d = y[i] - t[i];

    sum += d * d;
    if (dy) dy[i] = scale * d;
  }
  return sum;
}

static inline char *Line(const HGTensorLocal *l, size_t size, PetscInt n, PetscInt z, PetscInt y)
{
  return (char *)l->owned + (n * l->stride[HG_N] + z * l->stride[HG_Z] + y * l->stride[HG_Y]) * (ptrdiff_t)size;
}

/* Each plane sums on its own and the planes in order, so the value does not depend on the number of threads */
static double Sum(HGDType t, PetscInt samples, const HGTensorLocal *y, const HGTensorLocal *target, const HGTensorLocal *dy, double scale)
{
  const PetscInt Y = y->box.size[HG_Y], Z = y->box.size[HG_Z], lines = samples * Z * Y;
  const size_t   size = HGDTypeSize(t), n = (size_t)(y->box.size[HG_X] * y->box.size[HG_C]);
  double         sum  = 0;

  if (!y->elements) return 0;
#pragma omp parallel for ordered schedule(static, 1)
  for (PetscInt block = 0; block < (lines + 63) / 64; block++) {
    double part = 0;

    for (PetscInt i = 64 * block; i < PetscMin(lines, 64 * (block + 1)); i++) {
      const PetscInt b = i / Y / Z, z = i / Y % Z, r = i % Y;
      const void    *a = Line(y, size, b, z, r), *c = Line(target, size, b, z, r);
      void          *d = dy ? Line(dy, size, b, z, r) : NULL;

      part += t == HG_F32 ? LineF32((ptrdiff_t)n, (const float *)a, (const float *)c, scale, (float *)d) : LineF64((ptrdiff_t)n, (const double *)a, (const double *)c, scale, (double *)d);
    }
#pragma omp ordered
    sum += part;
  }
  return sum;
}

static PetscErrorCode Evaluate_MSE(HGLoss loss, PetscInt active, HGTensor y, HGTensor target, HGTensor dy, PetscReal *value)
{
  const HGTensorLocal *ly, *lt, *ld = NULL;
  HGPartition          part;
  HGDType              t;
  PetscInt             size[HG_AXES], mine;
  double               values, sum, all;

  PetscFunctionBegin;
  PetscCall(HGTensorGetDType(y, &t));
  PetscCall(HGTensorGetLocal(y, &ly));
  PetscCall(HGTensorGetLocal(target, &lt));
  if (dy) PetscCall(HGTensorGetLocal(dy, &ld));
  PetscCall(HGTensorGetPartition(y, &part));
  PetscCall(HGPartitionGetSizes(part, NULL, size));
  values = (double)active * (double)size[HG_C] * (double)size[HG_Z] * (double)size[HG_Y] * (double)size[HG_X];
  mine   = PetscMax(0, PetscMin(active - ly->box.start[HG_N], ly->box.size[HG_N]));
  sum    = Sum(t, mine, ly, lt, ld, 2 / values);
  PetscCallMPI(MPI_Allreduce(&sum, &all, 1, MPI_DOUBLE, MPI_SUM, PetscObjectComm((PetscObject)loss)));
  *value = (PetscReal)(all / values);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGLossCreate_MSE(HGLoss loss)
{
  PetscFunctionBegin;
  loss->ops->evaluate = Evaluate_MSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}
