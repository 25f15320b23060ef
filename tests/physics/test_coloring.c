/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Coloured differences on DMDAs of every kind: grids of 1 to 8 points in one to three dimensions, stencils of width 0 to 3, star and box, periodic, ghosted and
   mirrored boundaries, one and two unknowns. The residual depends on all points of the stencil, with other weights at each; its transposed Jacobian
   must pass the test against central differences.
*/
#include "physics/hgphysics.h"

typedef struct {
  DM             da;
  PetscInt       dim, width, dof;
  DMBoundaryType b[3]; /* z, y, x */
  PetscBool      star;
} App;

/* Any numbers, of the same points the same */
static PetscReal Weight(const PetscInt p[3], const PetscInt o[3], PetscInt k, PetscInt l)
{
  return PetscSinReal((PetscReal)(1 + p[2] + 3 * p[1] + 7 * p[0] + 13 * o[2] + 29 * o[1] + 31 * o[0] + 5 * k + 11 * l));
}

/* Sum over the stencil, as far as it exists, of weights times u + u^2 / 10 */
static PetscScalar Row(const App *a, const DMDALocalInfo *in, const PetscScalar *u, const PetscInt p[3], PetscInt k)
{
  const PetscInt M[3] = {in->mz, in->my, in->mx}, s[3] = {in->gzs, in->gys, in->gxs};
  PetscInt       w[3];
  PetscScalar    sum = 0;

  for (int i = 0; i < 3; i++) w[i] = i >= 3 - (int)a->dim ? a->width : 0;
  for (PetscInt z = -w[0]; z <= w[0]; z++)
    for (PetscInt y = -w[1]; y <= w[1]; y++)
      for (PetscInt x = -w[2]; x <= w[2]; x++) {
        const PetscInt o[3] = {z, y, x}, q[3] = {p[0] + z, p[1] + y, p[2] + x};
        PetscBool      skip = a->star && (z != 0) + (y != 0) + (x != 0) > 1 ? PETSC_TRUE : PETSC_FALSE;

        for (int i = 0; i < 3; i++)
          if (a->b[i] != DM_BOUNDARY_PERIODIC && a->b[i] != DM_BOUNDARY_MIRROR && (q[i] < 0 || q[i] >= M[i])) skip = PETSC_TRUE;
        for (PetscInt l = 0; l < a->dof && !skip; l++) {
          const PetscScalar v = u[(((q[0] - s[0]) * in->gym + q[1] - s[1]) * in->gxm + q[2] - s[2]) * a->dof + l];

          sum += Weight(p, o, k, l) * (v + v * v / 10);
        }
      }
  return sum;
}

static PetscErrorCode Residual(SNES snes, Vec u, Vec f, void *ctx)
{
  const App         *a = (App *)ctx;
  DMDALocalInfo      in;
  Vec                local;
  const PetscScalar *x;
  PetscScalar       *y;

  PetscFunctionBegin;
  (void)snes;
  PetscCall(DMDAGetLocalInfo(a->da, &in));
  PetscCall(DMGetLocalVector(a->da, &local));
  PetscCall(DMGlobalToLocal(a->da, u, INSERT_VALUES, local));
  PetscCall(VecGetArrayRead(local, &x));
  PetscCall(VecGetArray(f, &y));
  for (PetscInt k = 0, i = 0; k < in.zm; k++)
    for (PetscInt j = 0; j < in.ym; j++)
      for (PetscInt m = 0; m < in.xm; m++)
        for (PetscInt c = 0; c < a->dof; c++, i++) y[i] = Row(a, &in, x, (const PetscInt[3]){in.zs + k, in.ys + j, in.xs + m}, c);
  PetscCall(VecRestoreArray(f, &y));
  PetscCall(VecRestoreArrayRead(local, &x));
  PetscCall(DMRestoreLocalVector(a->da, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All ranks along the longest axis; a DMDA has no part that is thinner than its stencil, nor a periodic or mirrored axis */
static PetscBool Divide(const App *a, const PetscInt size[3], PetscMPIInt ranks, PetscInt parts[3])
{
  int longest = 2;

  if (a->dim == 1 && size[2] > 1 && size[2] < a->width) return PETSC_FALSE;
  for (int i = 0; i < 3; i++) {
    if (size[i] > size[longest]) longest = i;
    parts[i] = 1;
    if (a->b[i] == DM_BOUNDARY_PERIODIC && size[i] < a->width && i >= 3 - (int)a->dim) return PETSC_FALSE;
    if (a->b[i] == DM_BOUNDARY_MIRROR && !a->star && i >= 3 - (int)a->dim) return PETSC_FALSE;
  }
  parts[longest] = ranks;
  for (int i = 0; i < 3; i++) /* a part must have all points that are mirrored */
    if (a->b[i] == DM_BOUNDARY_MIRROR && size[i] / parts[i] <= a->width && i >= 3 - (int)a->dim) return PETSC_FALSE;
  return size[longest] / ranks >= PetscMax(1, a->width) || ranks == 1 ? PETSC_TRUE : PETSC_FALSE;
}

static PetscErrorCode CreateDMDA(App *a, const PetscInt size[3], const PetscInt parts[3])
{
  PetscFunctionBegin;
  PetscCall(DMDACreate(PETSC_COMM_WORLD, &a->da));
  PetscCall(DMSetDimension(a->da, a->dim));
  PetscCall(DMDASetSizes(a->da, size[2], size[1], size[0]));
  PetscCall(DMDASetNumProcs(a->da, parts[2], parts[1], parts[0]));
  PetscCall(DMDASetBoundaryType(a->da, a->b[2], a->b[1], a->b[0]));
  PetscCall(DMDASetStencilType(a->da, a->star ? DMDA_STENCIL_STAR : DMDA_STENCIL_BOX));
  PetscCall(DMDASetStencilWidth(a->da, a->width));
  PetscCall(DMDASetDof(a->da, a->dof));
  PetscCall(DMSetUp(a->da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Test(App *a, const PetscInt size[3], PetscInt *tried)
{
  HGPhysics    p;
  SNES         snes;
  Vec          u;
  PetscScalar *x;
  PetscInt     first, last, parts[3];
  PetscMPIInt  ranks;
  PetscReal    error;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  if (!Divide(a, size, ranks, parts)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CreateDMDA(a, size, parts));
  PetscCall(SNESCreate(PETSC_COMM_WORLD, &snes));
  PetscCall(SNESSetDM(snes, a->da));
  PetscCall(SNESSetFunction(snes, NULL, Residual, a));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPhysicsSetSNES(p, snes));
  PetscCall(HGPhysicsSetUp(p));
  PetscCall(DMCreateGlobalVector(a->da, &u));
  PetscCall(VecGetOwnershipRange(u, &first, &last));
  PetscCall(VecGetArray(u, &x));
  for (PetscInt i = first; i < last; i++) x[i - first] = PetscCosReal((PetscReal)(3 * i));
  PetscCall(VecRestoreArray(u, &x));
  PetscCall(HGPhysicsSetInput(p, 0, NULL));
  PetscCall(HGPhysicsTestAdjoint(p, u, &error));
  PetscCheck(error < 1e-6, PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "%" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " (z, y, x), boundaries %s, %s, %s, %s of width %" PetscInt_FMT
             ", %" PetscInt_FMT " unknowns: %g",
             size[0], size[1], size[2], DMBoundaryTypes[a->b[0]], DMBoundaryTypes[a->b[1]], DMBoundaryTypes[a->b[2]],
             a->star ? "star" : "box", a->width, a->dof, (double)error);
  PetscCall(VecDestroy(&u));
  PetscCall(HGPhysicsDestroy(&p));
  PetscCall(SNESDestroy(&snes));
  PetscCall(DMDestroy(&a->da));
  ++*tried;
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  static const DMBoundaryType kind[4]  = {DM_BOUNDARY_NONE, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_GHOSTED, DM_BOUNDARY_MIRROR};
  static const PetscInt       sizes[9] = {1, 2, 3, 4, 5, 6, 7, 8, 11};
  PetscInt                    tried = 0, number = 0, every = 1, most[4] = {0, 9, 9, 4};
  PetscMPIInt                 ranks;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  if (ranks > 1) every = ranks > 2 ? 17 : 5; /* ranks that share a core wait long for each message */
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-every", &every, NULL));
  for (PetscInt dim = 1; dim <= 3; dim++)
    for (PetscInt x = 0; x < most[dim]; x++)
      for (int b = 0; b < 4; b++)
        for (PetscInt width = 0; width <= (dim > 2 ? 1 : 3); width++)
          for (int star = 0; star < (dim > 1 ? 2 : 1); star++)
            for (PetscInt dof = 1; dof <= 2; dof++) {
              const PetscInt       y = (x + 1 + star + width) % most[dim], z = (x + 2) % most[dim];
              const DMBoundaryType other   = kind[(b + (x + dof) % 2) % (dim > 2 ? 3 : 4)]; /* mixed boundaries, too */
              const PetscInt       size[3] = {dim > 2 ? sizes[z] : 1, dim > 1 ? sizes[y] : 1, sizes[x]};
              App                  a       = {.dim = dim, .width = width, .dof = dof, .b = {kind[b], other, kind[b]}};

              if (number++ % every) continue;
              if (kind[b] == DM_BOUNDARY_MIRROR && dim > 2) continue; /* PETSc has none in three dimensions */
              a.star = star || dim == 1 ? PETSC_TRUE : PETSC_FALSE;
              PetscCall(Test(&a, size, &tried));
            }
  PetscCheck(tried * every >= 200, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "only %" PetscInt_FMT " of %" PetscInt_FMT " grids can be made", tried,
             number / every);
  PetscCall(HGFinalize());
  return 0;
}
