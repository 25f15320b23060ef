/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Gaussian random field on the unit interval, square or cube with covariance (-Laplace + tau^2)^(-alpha) under Neumann
   conditions (Li et al., arXiv 2010.08895, appendix A.3.2), as its Karhunen-Loeve series

     g(x) = sum_k s_k xi_k prod_d c_kd cos(pi k_d x_d),   s_k^2 = S (pi^2 |k|^2 + tau^2)^(-alpha),   c_0 = 1, c_k = sqrt 2

   over 0 <= k_d < modes without k = 0, so that the mean is zero. On a periodic axis sines and cosines of whole waves take the place of the
   cosines, on a stretched one they are taken at the cells' centres. S makes the variance, averaged over the domain, one. The coefficients
   xi_k are functions of (seed, stream, k) alone and every point is summed in the same order: the field is the same on any
   number of ranks bit for bit, and the same function on every grid.
*/
#include "physics/physics_impl.h"

/* cos(pi k x) at the cell centre x = (i + 1/2) / n, with the argument brought to [0, 2 pi) in whole numbers */
static double Cosine(PetscInt k, PetscInt i, PetscInt n)
{
  const PetscInt64 m = ((PetscInt64)k * (2 * (PetscInt64)i + 1)) % (4 * (PetscInt64)n);

  return cos(PETSC_PI * (double)m / (2 * (double)n));
}

static PetscBool IsPeriodic(const HGRandomField *g, int axis)
{
  return g->axis && g->axis[axis].periodic ? PETSC_TRUE : PETSC_FALSE;
}

/* In half waves: on a periodic axis k = 2 j - 1 and 2 j are the sine and the cosine of j waves */
static PetscInt WaveNumber(const HGRandomField *g, int axis, PetscInt k)
{
  return IsPeriodic(g, axis) ? 2 * ((k + 1) / 2) : k;
}

static double Basis(const HGRandomField *g, int axis, PetscInt k, PetscInt i, PetscInt points)
{
  const PetscInt wave = WaveNumber(g, axis, k);

  if (IsPeriodic(g, axis) && k % 2)
    return sin(PETSC_PI * (double)(((PetscInt64)wave * (2 * (PetscInt64)i + 1)) % (4 * (PetscInt64)points)) / (2 * (double)points));
  if (g->axis && g->axis[axis].stretch > 0) return cos(PETSC_PI * (double)wave * g->axis[axis].x[i] / g->axis[axis].length);
  return Cosine(wave, i, points);
}

static PetscErrorCode SetUpBasis(HGRandomField *g, int axis, PetscInt points)
{
  const PetscInt n = g->n[axis];

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(g->modes * n, &g->basis[axis]));
  for (PetscInt k = 0; k < g->modes; k++) {
    for (PetscInt i = 0; i < n; i++) g->basis[axis][k * n + i] = (k ? sqrt(2.) : 1) * Basis(g, axis, k, g->start[axis] + i, points);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpDeviations(HGRandomField *g)
{
  const PetscInt K = g->modes, nz = g->dim > 2 ? K : 1, ny = g->dim > 1 ? K : 1;
  double         variance = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(nz * ny * K, &g->root, nz * ny * K, &g->coef));
  for (PetscInt i = 0; i < nz * ny * K; i++) {
    const double x = (double)WaveNumber(g, 2, i % K), y = (double)WaveNumber(g, 1, i / K % ny), z = (double)WaveNumber(g, 0, i / K / ny);

    g->root[i] = i ? pow(PETSC_PI * PETSC_PI * (x * x + y * y + z * z) + g->tau * g->tau, -g->alpha / 2) : 0;
    variance += g->root[i] * g->root[i];
  }
  for (PetscInt i = 0; i < nz * ny * K && variance > 0; i++) g->root[i] /= sqrt(variance);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGRandomFieldSetUp - Prepare a field of the given dim, modes, alpha and tau on the points of a DMDA

  Collective
*/
PetscErrorCode HGRandomFieldSetUp(HGRandomField *g, DM da)
{
  PetscInt size[3];

  PetscFunctionBegin;
  PetscCall(DMDAGetInfo(da, NULL, &size[2], &size[1], &size[0], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetCorners(da, &g->start[2], &g->start[1], &g->start[0], &g->n[2], &g->n[1], &g->n[0]));
  for (int a = 3 - (int)g->dim; a < 3; a++) PetscCall(SetUpBasis(g, a, size[a]));
  PetscCall(SetUpDeviations(g));
  PetscCall(PetscMalloc1((g->dim > 2 ? g->modes : 1) * (g->dim > 1 ? g->modes : 1) * g->n[2], &g->sum[0]));
  if (g->dim > 1) PetscCall(PetscMalloc1((g->dim > 2 ? g->modes : 1) * g->n[1] * g->n[2], &g->sum[1]));
  if (g->dim > 2) PetscCall(PetscMalloc1(g->n[0] * g->n[1] * g->n[2], &g->sum[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
   to[p][i] = sum over k, from 0 up, of from[p][k][...] basis[k][i] along one axis:
   from is [rows][modes][inner], to is [rows][n][inner]
*/
static void SumModes(PetscInt modes, PetscInt rows, PetscInt n, PetscInt inner, const double *from, const double *basis, double *to)
{
  for (PetscInt r = 0; r < rows; r++) {
    for (PetscInt i = 0; i < n; i++) {
      double *restrict t = to + (r * n + i) * inner;

      for (PetscInt j = 0; j < inner; j++) t[j] = 0;
      for (PetscInt k = 0; k < modes; k++) {
        const double b           = basis[k * n + i];
        const double *restrict f = from + (r * modes + k) * inner;

        for (PetscInt j = 0; j < inner; j++) t[j] += b * f[j];
      }
    }
  }
}

/* The same along x, where it is the fastest: from [rows][modes], to [rows][n] */
static void SumModesX(PetscInt modes, PetscInt rows, PetscInt n, const double *from, const double *basis, double *to)
{
  for (PetscInt r = 0; r < rows; r++) {
    double *restrict t = to + r * n;

    for (PetscInt i = 0; i < n; i++) t[i] = 0;
    for (PetscInt k = 0; k < modes; k++) {
      const double f           = from[r * modes + k];
      const double *restrict b = basis + k * n;

      for (PetscInt i = 0; i < n; i++) t[i] += f * b[i];
    }
  }
}

/*
  HGRandomFieldSample - Evaluate a sample of the field at this rank's points

  Not Collective

  Input Parameters:
+ g      - the field
. seed   - the user's seed
- name   - that of the stream of random numbers, with the sample's number

  Output Parameter:
. value - [z][y][x] of this rank
*/
PetscErrorCode HGRandomFieldSample(HGRandomField *g, uint64_t seed, const char name[], PetscScalar value[])
{
  const PetscInt K = g->modes, nz = g->n[0], ny = g->n[1], nx = g->n[2], kz = g->dim > 2 ? K : 1, ky = g->dim > 1 ? K : 1;
  const uint64_t stream = HGRandomStream(name);

  PetscFunctionBegin;
#pragma omp parallel for collapse(2) schedule(static) if (kz * ky * K > 32768)
  for (PetscInt z = 0; z < kz; z++) {
    for (PetscInt y = 0; y < ky; y++) {
      for (PetscInt x = 0; x < K; x++) {
        const PetscInt i = (z * ky + y) * K + x;

        /* the index of a mode must not depend on how many there are: 20 bits for each direction */
        g->coef[i] = g->root[i] * HGRandomNormal(seed, stream, ((uint64_t)z << 20 | (uint64_t)y) << 20 | (uint64_t)x);
      }
    }
  }
  SumModesX(K, kz * ky, nx, g->coef, g->basis[2], g->sum[0]);
  if (g->dim > 1) SumModes(K, kz, ny, nx, g->sum[0], g->basis[1], g->sum[1]);
  if (g->dim > 2) SumModes(K, 1, nz, ny * nx, g->sum[1], g->basis[0], g->sum[2]);
  for (PetscInt p = 0; p < nz * ny * nx; p++) value[p] = (PetscScalar)g->sum[g->dim - 1][p];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGRandomFieldDestroy - Free what HGRandomFieldSetUp() allocated
*/
PetscErrorCode HGRandomFieldDestroy(HGRandomField *g)
{
  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) {
    PetscCall(PetscFree(g->basis[a]));
    PetscCall(PetscFree(g->sum[a]));
  }
  PetscCall(PetscFree2(g->root, g->coef));
  PetscFunctionReturn(PETSC_SUCCESS);
}
