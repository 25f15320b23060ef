/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Geometric multigrid for cell-centred unknowns on a DMDA, of any size and on any number of ranks. Two cells make one in
   each direction whose cells are not much longer than the shortest; the last of an odd number stays alone. A coarse cell
   belongs to the rank of its first fine cell. Interpolation is linear between cell centres, with zero on the boundary; the coarse
   operators are Galerkin products.
*/
#include "physics/grid/grid_impl.h"

#define MAX_LEVELS 32

/* One direction of one level */
typedef struct {
  PetscInt  n;     /* cells */
  PetscInt *start; /* [parts + 1] first cell of each part */
  double   *edge;  /* [n + 1] positions of the faces, 0 to 1 */
} Line;

typedef struct {
  PetscInt  parts[3]; /* z, y, x */
  PetscInt *offset;   /* [ranks + 1] first unknown of each rank */
  Line      line[3];
} Level;

static PetscErrorCode SetOffsets(Level *l)
{
  const PetscInt *m = l->parts;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(m[0] * m[1] * m[2] + 1, &l->offset));
  l->offset[0] = 0;
  for (PetscInt r = 0; r < m[0] * m[1] * m[2]; r++) {
    const PetscInt p[3] = {r / m[2] / m[1], r / m[2] % m[1], r % m[2]};
    PetscInt       n    = 1;

    for (int a = 0; a < 3; a++) n *= l->line[a].start[p[a] + 1] - l->line[a].start[p[a]];
    l->offset[r + 1] = l->offset[r] + n;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode LevelOfDMDA(DM da, Level *l)
{
  const PetscInt *given[3];

  PetscFunctionBegin;
  PetscCall(DMDAGetInfo(da, NULL, &l->line[2].n, &l->line[1].n, &l->line[0].n, &l->parts[2], &l->parts[1], &l->parts[0], NULL, NULL, NULL,
                        NULL, NULL, NULL));
  PetscCall(DMDAGetOwnershipRanges(da, &given[2], &given[1], &given[0]));
  for (int a = 0; a < 3; a++) {
    Line *x = &l->line[a];

    PetscCall(PetscMalloc2(l->parts[a] + 1, &x->start, x->n + 1, &x->edge));
    x->start[0] = 0;
    for (PetscInt p = 0; p < l->parts[a]; p++) x->start[p + 1] = x->start[p] + (given[a] ? given[a][p] : 1);
    for (PetscInt i = 0; i <= x->n; i++) x->edge[i] = (double)i / (double)x->n;
  }
  PetscCall(SetOffsets(l));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode LevelDestroy(Level *l)
{
  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) PetscCall(PetscFree2(l->line[a].start, l->line[a].edge));
  PetscCall(PetscFree(l->offset));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Which directions to coarsen: the strongly coupled ones. False if the grid is coarse enough */
static PetscBool ChooseFactors(const Level *l, PetscInt factor[])
{
  double    shortest = 2;
  PetscBool any      = PETSC_FALSE;

  if (l->line[0].n * l->line[1].n * l->line[2].n <= 64) return PETSC_FALSE;
  for (int a = 0; a < 3; a++) {
    if (l->line[a].n > 2) shortest = PetscMin(shortest, l->line[a].edge[1]);
  }
  for (int a = 0; a < 3; a++) {
    factor[a] = l->line[a].n > 2 && l->line[a].edge[1] < 1.5 * shortest ? 2 : 1;
    if (factor[a] == 2) any = PETSC_TRUE;
  }
  return any;
}

static PetscErrorCode Coarsen(const Level *fine, const PetscInt factor[], Level *l)
{
  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) {
    const Line *f = &fine->line[a];
    Line       *c = &l->line[a];

    l->parts[a] = fine->parts[a];
    c->n        = (f->n + factor[a] - 1) / factor[a];
    PetscCall(PetscMalloc2(l->parts[a] + 1, &c->start, c->n + 1, &c->edge));
    for (PetscInt p = 0; p <= l->parts[a]; p++) c->start[p] = (f->start[p] + factor[a] - 1) / factor[a];
    for (PetscInt i = 0; i <= c->n; i++) c->edge[i] = f->edge[PetscMin(i * factor[a], f->n)];
  }
  PetscCall(SetOffsets(l));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The number of the unknown of cell (z, y, x), which some rank near ours owns */
static PetscInt Unknown(const Level *l, const PetscInt near[], const PetscInt cell[])
{
  PetscInt p[3], n[3], at[3];

  for (int a = 0; a < 3; a++) {
    const PetscInt *start = l->line[a].start;

    p[a] = near[a];
    while (cell[a] < start[p[a]]) p[a]--;
    while (cell[a] >= start[p[a] + 1]) p[a]++;
    n[a]  = start[p[a] + 1] - start[p[a]];
    at[a] = cell[a] - start[p[a]];
  }
  return l->offset[(p[0] * l->parts[1] + p[1]) * l->parts[2] + p[2]] + (at[0] * n[1] + at[1]) * n[2] + at[2];
}

static double Centre(const Line *l, PetscInt i)
{
  return (l->edge[i] + l->edge[i + 1]) / 2;
}

/* Linear interpolation in one direction: the coarse cells and weights of fine cell i */
static int Weights(const Line *fine, const Line *coarse, PetscInt factor, PetscInt i, PetscInt cell[], double weight[])
{
  const PetscInt c = i / factor, other = Centre(fine, i) < Centre(coarse, c) ? c - 1 : c + 1;
  const double   x = Centre(fine, i), xc = Centre(coarse, c);

  cell[0]   = c;
  weight[0] = 1;
  if (factor == 1 || x == xc) return 1;
  const double xo = other < 0 ? 0 : other >= coarse->n ? 1 : Centre(coarse, other);

  weight[0] = (xo - x) / (xo - xc);
  if (other < 0 || other >= coarse->n) return 1;
  cell[1]   = other;
  weight[1] = 1 - weight[0];
  return 2;
}

static PetscErrorCode InterpolateCell(Mat P, const Level *fine, const Level *coarse, const PetscInt factor[], const PetscInt near[],
                                      const PetscInt cell[])
{
  PetscInt    c[3][2], col[8], row = Unknown(fine, near, cell), n = 0;
  double      w[3][2];
  int         count[3];
  PetscScalar value[8];

  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) count[a] = Weights(&fine->line[a], &coarse->line[a], factor[a], cell[a], c[a], w[a]);
  for (int k = 0; k < count[0]; k++) {
    for (int j = 0; j < count[1]; j++) {
      for (int i = 0; i < count[2]; i++) {
        const PetscInt at[3] = {c[0][k], c[1][j], c[2][i]};

        col[n]     = Unknown(coarse, near, at);
        value[n++] = (PetscScalar)(w[0][k] * w[1][j] * w[2][i]);
      }
    }
  }
  PetscCall(MatSetValues(P, 1, &row, n, col, value, INSERT_VALUES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateInterpolation(MPI_Comm comm, const Level *fine, const Level *coarse, const PetscInt factor[], Mat *P)
{
  PetscMPIInt rank;
  PetscInt    near[3], lo[3], hi[3], cell[3];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  near[0] = rank / fine->parts[2] / fine->parts[1];
  near[1] = rank / fine->parts[2] % fine->parts[1];
  near[2] = rank % fine->parts[2];
  for (int a = 0; a < 3; a++) {
    lo[a] = fine->line[a].start[near[a]];
    hi[a] = fine->line[a].start[near[a] + 1];
  }
  PetscCall(MatCreate(comm, P));
  PetscCall(MatSetSizes(*P, fine->offset[rank + 1] - fine->offset[rank], coarse->offset[rank + 1] - coarse->offset[rank], PETSC_DETERMINE,
                        PETSC_DETERMINE));
  PetscCall(MatSetType(*P, MATAIJ));
  PetscCall(MatSeqAIJSetPreallocation(*P, 8, NULL));
  PetscCall(MatMPIAIJSetPreallocation(*P, 8, NULL, 8, NULL));
  for (cell[0] = lo[0]; cell[0] < hi[0]; cell[0]++) {
    for (cell[1] = lo[1]; cell[1] < hi[1]; cell[1]++) {
      for (cell[2] = lo[2]; cell[2] < hi[2]; cell[2]++) PetscCall(InterpolateCell(*P, fine, coarse, factor, near, cell));
    }
  }
  PetscCall(MatAssemblyBegin(*P, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*P, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One symmetric Gauss-Seidel sweep before and after: symmetric, as conjugate gradients need it, and without eigenvalue estimates */
static PetscErrorCode SetSmoother(PC pc, PetscInt level)
{
  KSP ksp;
  PC  sor;

  PetscFunctionBegin;
  PetscCall(PCMGGetSmoother(pc, level, &ksp));
  PetscCall(KSPSetType(ksp, KSPRICHARDSON));
  PetscCall(KSPSetTolerances(ksp, PETSC_CURRENT, PETSC_CURRENT, PETSC_CURRENT, 1));
  PetscCall(KSPGetPC(ksp, &sor));
  PetscCall(PCSetType(sor, PCSOR));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGGridMultigrid - Give a PCMG the levels and interpolations of a cell-centred grid

  Collective

  Input Parameters:
+ da - the fine grid, on the unit interval, square or cube
- pc - the preconditioner, which becomes a PCMG, or a direct solver if the grid is small
*/
PetscErrorCode HGGridMultigrid(DM da, PC pc)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)da);
  Level    level[2];
  Mat      P[MAX_LEVELS];
  PetscInt n = 0, factor[3];

  PetscFunctionBegin;
  PetscCall(PetscMemzero(level, sizeof(level)));
  PetscCall(LevelOfDMDA(da, &level[0]));
  while (n < MAX_LEVELS - 1 && ChooseFactors(&level[0], factor)) {
    PetscCall(Coarsen(&level[0], factor, &level[1]));
    PetscCall(CreateInterpolation(comm, &level[0], &level[1], factor, &P[n++]));
    PetscCall(LevelDestroy(&level[0]));
    level[0] = level[1];
  }
  PetscCall(LevelDestroy(&level[0]));
  PetscCall(PCSetType(pc, PCMG));
  PetscCall(PCMGSetLevels(pc, n + 1, NULL));
  PetscCall(PCMGSetGalerkin(pc, PC_MG_GALERKIN_BOTH));
  for (PetscInt i = 0; i < n; i++) {
    PetscCall(PCMGSetInterpolation(pc, n - i, P[i]));
    PetscCall(MatDestroy(&P[i]));
    PetscCall(SetSmoother(pc, n - i));
  }
  if (!n) PetscCall(PCSetType(pc, PCREDUNDANT)); /* small enough to be solved directly */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- an operator with constant coefficients ---- */

/* (shift - diffusion Laplace) in finite volumes, symmetric, with the conditions of the sides: see darcy.c for a boundary face */
static PetscErrorCode FillDiffusionRow(HGPhysics p, Mat A, PetscReal shift, PetscReal diffusion, const PetscInt at[], PetscInt here,
                                       const ptrdiff_t stride[])
{
  PetscReal diagonal = shift;

  PetscFunctionBegin;
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    const HGGridAxis *x = &p->axis[a];
    const PetscReal   h = x->length / (PetscReal)x->size, T = diffusion / (h * h);

    for (int s = 0; s < 2; s++) {
      if (x->periodic || (s ? at[a] + 1 < x->size : at[a] > 0)) {
        const PetscInt    c = here + (PetscInt)(s ? stride[a] : -stride[a]);
        const PetscScalar v = -T;

        diagonal += T;
        PetscCall(MatSetValuesLocal(A, 1, &here, 1, &c, &v, ADD_VALUES));
      } else diagonal += 2 * T * x->side[s].alpha / (x->side[s].alpha + 2 * x->side[s].beta / h);
    }
  }
  PetscCall(MatSetValuesLocal(A, 1, &here, 1, &here, &diagonal, ADD_VALUES));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGPhysicsCreateDiffusion - The symmetric matrix of shift - diffusion Laplace on the equation's cells, with its boundary conditions

  Collective
*/
PetscErrorCode HGPhysicsCreateDiffusion(HGPhysics p, PetscReal shift, PetscReal diffusion, Mat *A)
{
  HGBlock  b;
  DM       dm;
  PetscInt s[3];

  PetscFunctionBegin;
  for (int a = 0; a < 3; a++)
    HGCheckOptions(p->axis[a].stretch == 0, p,
                   "-physics_norm preconditioned is for uniform grids; give -physics_stretch 0, -physics_norm l2, or HGPhysicsSetNormPC()");
  PetscCall(HGPhysicsCreateGhosted(p, 1, 1, PETSC_FALSE, &dm));
  PetscCall(HGBlockOfDM(dm, &b));
  PetscCall(DMCreateMatrix(dm, A));
  PetscCall(DMDAGetCorners(dm, &s[2], &s[1], &s[0], NULL, NULL, NULL));
  for (PetscInt i = 0; i < b.n[0] * b.n[1] * b.n[2]; i++) {
    const PetscInt l[3] = {i / b.n[2] / b.n[1], i / b.n[2] % b.n[1], i % b.n[2]}, at[3] = {s[0] + l[0], s[1] + l[1], s[2] + l[2]};

    PetscCall(FillDiffusionRow(p, *A, shift, diffusion, at,
                               (PetscInt)(b.first + l[0] * b.stride[0] + l[1] * b.stride[1] + l[2] * b.stride[2]), b.stride));
  }
  PetscCall(MatAssemblyBegin(*A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatSetOption(*A, MAT_SPD, PETSC_TRUE));
  PetscCall(DMDestroy(&dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
