/* SPDX-License-Identifier: BSD-2-Clause */
/* darcy at a point: 0 = div(a grad u) + f = a Laplace(u) + grad a . grad u + f. On grids it has finite volumes of its own, lib/physics/darcy. */
#include "equation/equation_impl.h"

/* v[0] is the pressure, v[1] the permeability */
HG_CLONES static void DarcyPoint(const PetscReal c[], int dim, PetscInt n, double *const v[][HG_VARIABLES], double *const r[],
                                 double *const P[])
{
  for (PetscInt i = 0; r && i < n; i++) r[0][i] = v[1][HG_VALUE][i] * v[0][HG_LAPLACIAN][i] + c[0];
  for (PetscInt i = 0; P && i < n; i++) P[0][i] = v[1][HG_VALUE][i];
  for (int a = 0; a < dim; a++) {
    for (PetscInt i = 0; r && i < n; i++) r[0][i] += v[1][HG_DX + a][i] * v[0][HG_DX + a][i];
    for (PetscInt i = 0; P && i < n; i++) P[1 + a][i] = v[1][HG_DX + a][i];
  }
}

static void DarcyByParameter(const PetscReal c[], int dim, int q, PetscInt n, double *const v[][HG_VARIABLES], double *const r[])
{
  (void)c, (void)dim, (void)q, (void)v;
  for (PetscInt i = 0; i < n; i++) r[0][i] = 1;
}

static const HGEquationTerm DarcyTerms[] = {{0, 0, HG_LAPLACIAN}, {0, 0, HG_DX}, {0, 0, HG_DY}, {0, 0, HG_DZ}};

const HGEquation HGEquationDarcy = {
    .name        = HGPHYSICSDARCY,
    .title       = "Steady Darcy flow: -div(a grad u) = f",
    .role        = HG_INPUT_COEFFICIENT,
    .input       = "permeability",
    .output      = "pressure",
    .dims        = {1, 3},
    .unknowns    = 1,
    .nparameters = 1,
    .terms       = {DarcyTerms, DarcyTerms, DarcyTerms},
    .nterms      = {2, 3, 4},
    .parameter   = {{"source", "source f", 1, PETSC_NINFINITY, PETSC_FALSE, 0}},
    .point       = DarcyPoint,
    .byparameter = DarcyByParameter,
};
