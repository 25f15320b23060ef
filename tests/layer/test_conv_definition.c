/* SPDX-License-Identifier: BSD-2-Clause */
/* A convolution layer on any layout equals the sum in its definition, entry by entry */
#include "halograd.h"

typedef struct {
  PetscInt     dim, size[HG_AXES], cout, kernel;
  HGBoundary   padding;
  HGTensor     x;
  PetscScalar *w; /* [cout][cin][kz][ky][kx], then bias [cout] */
} Case;

static double Input(const Case *c, const PetscInt at[HG_AXES])
{
  uint64_t g = 0;

  for (int a = 0; a < HG_AXES; a++) g = g * (uint64_t)c->size[a] + (uint64_t)at[a];
  return (double)(float)(2 * HGRandomUniform(5, HGRandomStream("x"), g) - 1); /* an f32 tensor holds the rounded value */
}

/* x at a point that may lie beyond the boundary */
static double Padded(const Case *c, PetscInt n, PetscInt ch, PetscInt z, PetscInt y, PetscInt x)
{
  PetscInt at[HG_AXES] = {n, ch, z, y, x};

  for (int a = HG_Z; a < HG_AXES; a++) {
    if (at[a] >= 0 && at[a] < c->size[a]) continue;
    if (c->padding == HG_BOUNDARY_ZERO) return 0;
    at[a] = (at[a] + c->size[a]) % c->size[a];
  }
  return Input(c, at);
}

static double Definition(const Case *c, PetscInt n, PetscInt o, PetscInt z, PetscInt y, PetscInt x)
{
  const PetscInt k = c->kernel, kz = c->dim > 2 ? k : 1, ky = c->dim > 1 ? k : 1, cin = c->size[HG_C];
  double         sum = c->w[c->cout * cin * kz * ky * k + o];

  for (PetscInt i = 0; i < cin; i++)
    for (PetscInt a = 0; a < kz; a++)
      for (PetscInt b = 0; b < ky; b++)
        for (PetscInt d = 0; d < k; d++)
          sum += c->w[(((o * cin + i) * kz + a) * ky + b) * k + d] * Padded(c, n, i, z + a - kz / 2, y + b - ky / 2, x + d - k / 2);
  return sum;
}

static PetscErrorCode Compare(const Case *c, HGTensor y, HGDType t)
{
  const HGTensorLocal *l;
  const PetscInt      *s, *b;
  /* a sum of taps x channels products of size below 1, each rounded */
  const double tol = (t == HG_F32 ? 1.2e-7 : 2.3e-16) * 4 * (double)(c->size[HG_C] * c->kernel * c->kernel * c->kernel);

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(y, &l));
  s = l->box.size;
  b = l->box.start;
  for (PetscInt i = 0; i < s[HG_N] * s[HG_Z] * s[HG_Y] * s[HG_X] * s[HG_C]; i++) {
    const PetscInt ch = i % s[HG_C], x = i / s[HG_C] % s[HG_X], yy = i / s[HG_C] / s[HG_X] % s[HG_Y],
                   z = i / s[HG_C] / s[HG_X] / s[HG_Y] % s[HG_Z], n = i / s[HG_C] / s[HG_X] / s[HG_Y] / s[HG_Z];
    const ptrdiff_t at     = n * l->stride[HG_N] + z * l->stride[HG_Z] + yy * l->stride[HG_Y] + x * l->stride[HG_X] + ch;
    const double    found  = t == HG_F32 ? ((const float *)l->owned)[at] : ((const double *)l->owned)[at];
    const double    wanted = Definition(c, b[HG_N] + n, b[HG_C] + ch, b[HG_Z] + z, b[HG_Y] + yy, b[HG_X] + x);

    PetscCheck(PetscAbsReal(found - wanted) <= tol, PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "%" PetscInt_FMT "-D, channel %" PetscInt_FMT " at (%" PetscInt_FMT ", %" PetscInt_FMT ", %" PetscInt_FMT
               "): %g instead of %g, off by more than %g",
               c->dim, ch, b[HG_Z] + z, b[HG_Y] + yy, b[HG_X] + x, found, wanted, tol);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetWeights(Case *c, HGNet net, Vec p)
{
  const PetscScalar *v;
  VecScatter         scatter;
  Vec                all, natural;
  PetscInt           n;

  PetscFunctionBegin;
  PetscCall(HGNetInitializeParameters(net, 9, p));
  PetscCall(HGNetCreateNaturalParameters(net, &natural));
  PetscCall(HGNetGlobalToNatural(net, p, natural));
  PetscCall(VecScatterCreateToAll(natural, &scatter, &all));
  PetscCall(VecScatterBegin(scatter, natural, all, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(scatter, natural, all, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecGetSize(all, &n));
  PetscCall(PetscMalloc1(n, &c->w));
  PetscCall(VecGetArrayRead(all, &v));
  PetscCall(PetscArraycpy(c->w, v, n));
  PetscCall(VecRestoreArrayRead(all, &v));
  PetscCall(VecScatterDestroy(&scatter));
  PetscCall(VecDestroy(&natural));
  PetscCall(VecDestroy(&all));
  PetscCall(HGNetSetParameters(net, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(Case *c, HGDType t)
{
  HGPartition          part;
  HGNet                net;
  HGTensor             x, y, single;
  Vec                  p;
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetSizes(part, c->dim, c->size));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &net));
  PetscCall(HGNetSetType(net, HGNETCNN));
  PetscCall(HGNetSetDepth(net, 1));
  PetscCall(HGNetSetKernel(net, c->kernel));
  PetscCall(HGNetSetPadding(net, c->padding));
  PetscCall(HGNetSetChannels(net, c->size[HG_C], c->cout));
  PetscCall(HGNetSetUp(net, part, t));
  PetscCall(HGNetCreateParameters(net, &p));
  PetscCall(SetWeights(c, net, p));
  PetscCall(HGNetGetInput(net, &x));
  PetscCall(HGTensorCreate(part, HG_F32, &single));
  PetscCall(HGTensorSetUp(single));
  PetscCall(HGTensorSetRandom(single, 5, "x", PETSC_FALSE));
  PetscCall(HGTensorCopyOwned(single, x));
  PetscCall(HGTensorGetLocal(x, &l));
  PetscCall(HGNetForward(net, l->box.size[HG_N]));
  PetscCall(HGNetGetOutput(net, &y, NULL));
  PetscCall(Compare(c, y, t));
  PetscCall(PetscFree(c->w));
  PetscCall(HGTensorDestroy(&single));
  PetscCall(VecDestroy(&p));
  PetscCall(HGNetDestroy(&net));
  PetscCall(HGPartitionDestroy(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  Case cases[] = {
      {.dim = 2, .size = {2, 3, 1, 9, 7}, .cout = 5, .kernel = 3},
      {.dim = 2, .size = {1, 1, 1, 12, 13}, .cout = 17, .kernel = 5},
      {.dim = 2, .size = {1, 33, 1, 6, 5}, .cout = 1, .kernel = 3},
      {.dim = 2, .size = {1, 2, 1, 8, 5}, .cout = 3, .kernel = 7}, /* a halo wider than the parts */
      {.dim = 2, .size = {3, 4, 1, 5, 4}, .cout = 2, .kernel = 1},
      {.dim = 1, .size = {2, 2, 1, 1, 19}, .cout = 3, .kernel = 5},
      {.dim = 3, .size = {1, 2, 6, 5, 7}, .cout = 3, .kernel = 3},
  };

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    for (int periodic = 0; periodic < 2; periodic++) {
      cases[i].padding = periodic ? HG_BOUNDARY_PERIODIC : HG_BOUNDARY_ZERO;
      PetscCall(Run(&cases[i], HG_F32));
      PetscCall(Run(&cases[i], HG_F64));
    }
  }
  PetscCall(HGFinalize());
  return 0;
}
