/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Fourier derivatives along one periodic axis: the values of a line become modes by FFTW, each is multiplied by i k or -k^2, and back. Where
   ranks share the axis, a repartition brings whole lines together and its adjoint takes the results back. The mode at half the number of
   points has no first derivative, so that D is antisymmetric; D^2 is symmetric and keeps that mode.
*/
#include "physics/grid/grid_impl.h"
#include "linop/hglinop.h"
#define FFTW_NO_Complex /* a mode is double[2] */
#include <fftw3.h>

struct HGSpectral {
  PetscInt      n;              /* points of a line */
  ptrdiff_t     lines[2];       /* lines of this rank along the two other axes, slow and fast */
  ptrdiff_t     stride[3];      /* elements between them, and between the points of a line */
  double        length, *array; /* of the domain; the lines of this rank */
  HGTensor      block, whole;   /* the ranks' parts; whole lines, the same tensor if they are whole already */
  HGLinOp       gather;         /* NULL in that case */
  fftw_plan     forward, backward;
  double       *plan_in;
  fftw_complex *plan_out;
};

static PetscErrorCode CreateBlock(HGPhysics p, HGPartition *part)
{
  const PetscInt  size[HG_AXES] = {1, 1, p->size[0], p->size[1], p->size[2]};
  PetscInt        m[3], parts[HG_AXES] = {1, 1, 1, 1, 1};
  const PetscInt *l[3];

  PetscFunctionBegin;
  PetscCall(DMDAGetInfo(p->dm, NULL, NULL, NULL, NULL, &m[2], &m[1], &m[0], NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(p->dm, &l[2], &l[1], &l[0]));
  PetscCall(HGPartitionCreate(PetscObjectComm((PetscObject)p->dm), part));
  PetscCall(HGPartitionSetSizes(*part, p->dim, size));
  for (int a = 3 - (int)p->dim; a < 3; a++) parts[HG_Z + a] = m[a];
  PetscCall(HGPartitionSetParts(*part, parts));
  for (int a = 3 - (int)p->dim; a < 3; a++) PetscCall(HGPartitionSetRanges(*part, HG_Z + a, l[a]));
  PetscCall(HGPartitionSetUp(*part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All ranks along another axis if it is long enough, else only as many as have whole lines */
static PetscErrorCode CreateWhole(HGPhysics p, HGPartition block, int axis, HGPartition *part)
{
  const PetscInt size[HG_AXES] = {1, 1, p->size[0], p->size[1], p->size[2]};
  PetscInt       parts[HG_AXES], fewer[3];
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetParts(block, parts));
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    const PetscInt together = parts[HG_Z + a] * parts[HG_Z + axis];

    if (a == axis || together > p->size[a]) continue;
    parts[HG_Z + a]    = together;
    parts[HG_Z + axis] = 1;
    PetscCall(HGPartitionCreate(PetscObjectComm((PetscObject)p->dm), part));
    PetscCall(HGPartitionSetSizes(*part, p->dim, size));
    PetscCall(HGPartitionSetParts(*part, parts));
    e = HGPartitionSetUp(*part);
    PetscCall(e);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (int a = 0; a < 3; a++) fewer[a] = a == axis ? 1 : parts[HG_Z + a];
  PetscCall(HGPartitionCreateFewer(block, fewer, part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateTensors(HGPhysics p, int axis, HGSpectral *s)
{
  HGPartition block, whole;
  PetscInt    parts[HG_AXES];

  PetscFunctionBegin;
  PetscCall(CreateBlock(p, &block));
  PetscCall(HGTensorCreate(block, HG_F64, &s->block));
  PetscCall(HGTensorSetUp(s->block));
  PetscCall(HGPartitionGetParts(block, parts));
  if (parts[HG_Z + axis] == 1) {
    PetscCall(HGTensorReference(s->block));
    s->whole = s->block;
  } else {
    PetscCall(CreateWhole(p, block, axis, &whole));
    PetscCall(HGTensorCreate(whole, HG_F64, &s->whole));
    PetscCall(HGTensorSetUp(s->whole));
    PetscCall(HGPartitionDestroy(&whole));
    PetscCall(HGLinOpCreate(PetscObjectComm((PetscObject)p->dm), &s->gather));
    PetscCall(HGLinOpSetType(s->gather, HGLINOPREPARTITION));
    PetscCall(HGLinOpSetTensors(s->gather, s->block, s->whole));
    PetscCall(HGLinOpSetUp(s->gather));
  }
  PetscCall(HGPartitionDestroy(&block));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGSpectralCreate - Prepare the derivatives along an axis

  Collective

  Input Parameters:
+ p    - the equation, its DMDA and axes set up
- axis - 0, 1, 2 for z, y, x
*/
PetscErrorCode HGSpectralCreate(HGPhysics p, int axis, HGSpectral **out)
{
  const HGTensorLocal *l;
  HGSpectral          *s;
  const int            other[2] = {axis == 0 ? 1 : 0, axis == 2 ? 1 : 2};

  PetscFunctionBegin;
  PetscCall(PetscNew(&s));
  PetscCall(CreateTensors(p, axis, s));
  PetscCall(HGTensorGetLocal(s->whole, &l));
  s->n      = p->size[axis];
  s->length = p->axis[axis].length;
  s->array  = (double *)l->owned;
  for (int i = 0; i < 2; i++) {
    s->lines[i]  = l->box.size[HG_Z + axis] ? l->box.size[HG_Z + other[i]] : 0; /* a rank may have no lines */
    s->stride[i] = l->stride[HG_Z + other[i]];
  }
  s->stride[2] = l->stride[HG_Z + axis];
  s->plan_in   = fftw_alloc_real((size_t)s->n);
  s->plan_out  = fftw_alloc_complex((size_t)s->n / 2 + 1);
  PetscCheck(s->plan_in && s->plan_out, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for a line of %" PetscInt_FMT " points", s->n);
  s->forward  = fftw_plan_dft_r2c_1d((int)s->n, s->plan_in, s->plan_out, FFTW_ESTIMATE);
  s->backward = fftw_plan_dft_c2r_1d((int)s->n, s->plan_out, s->plan_in, FFTW_ESTIMATE);
  *out        = s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One line, with work arrays as aligned as the plan's */
static void DeriveLine(const HGSpectral *s, int derivative, double factor, double *line, double *in, fftw_complex *out)
{
  for (PetscInt i = 0; i < s->n; i++) in[i] = line[i * s->stride[2]];
  fftw_execute_dft_r2c(s->forward, in, out);
  for (PetscInt k = 0; k <= s->n / 2; k++) {
    const double wave = 2 * PETSC_PI * (double)k / s->length, re = out[k][0], im = out[k][1];

    if (derivative == 2) {
      out[k][0] = -factor * wave * wave * re;
      out[k][1] = -factor * wave * wave * im;
    } else {
      const double f = 2 * k == s->n ? 0 : factor * wave;

      out[k][0] = -f * im;
      out[k][1] = f * re;
    }
  }
  fftw_execute_dft_c2r(s->backward, out, in);
  for (PetscInt i = 0; i < s->n; i++) line[i * s->stride[2]] = in[i];
}

static PetscErrorCode DeriveLines(HGSpectral *s, int derivative, double factor)
{
  PetscFunctionBegin;
#pragma omp parallel if (s->lines[0] * s->lines[1] * s->n > 8192)
  {
    double       *in  = fftw_alloc_real((size_t)s->n);
    fftw_complex *out = fftw_alloc_complex((size_t)s->n / 2 + 1);

#pragma omp for schedule(static)
    for (ptrdiff_t i = 0; i < s->lines[0] * s->lines[1]; i++)
      DeriveLine(s, derivative, factor, s->array + i / s->lines[1] * s->stride[0] + i % s->lines[1] * s->stride[1], in, out);
    fftw_free(out);
    fftw_free(in);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGSpectralAdd - out += factor times the first or second derivative of in

  Collective

  Input Parameters:
+ s          - the axis
. derivative - 1 or 2
. factor     - the factor
- in         - [z][y][x] of this rank

  Output Parameter:
. out - the same, added to
*/
PetscErrorCode HGSpectralAdd(HGSpectral *s, int derivative, double factor, const double in[], double out[])
{
  const HGTensorLocal *l;
  PetscInt             points;
  double              *mine;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(s->block, &l));
  points = l->box.size[HG_Z] * l->box.size[HG_Y] * l->box.size[HG_X];
  mine   = (double *)l->owned;
  PetscCall(PetscArraycpy(mine, in, points));
  if (s->gather) PetscCall(HGLinOpApply(s->gather, s->block, s->whole));
  PetscCall(DeriveLines(s, derivative, factor / (double)s->n));
  if (s->gather) PetscCall(HGLinOpApplyAdjoint(s->gather, s->whole, s->block));
  for (PetscInt i = 0; i < points; i++) out[i] += mine[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGSpectralDestroy(HGSpectral **spectral)
{
  HGSpectral *s = *spectral;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  *spectral = NULL;
  fftw_destroy_plan(s->forward);
  fftw_destroy_plan(s->backward);
  fftw_free(s->plan_in);
  fftw_free(s->plan_out);
  PetscCall(HGLinOpDestroy(&s->gather));
  PetscCall(HGTensorDestroy(&s->whole));
  PetscCall(HGTensorDestroy(&s->block));
  PetscCall(PetscFree(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}
