/* SPDX-License-Identifier: BSD-2-Clause */
/* A network that is applied point by point (mlp) in an HGSurrogate: its formula, on DMDAs of other sizes, dimensions and partitions than it was written on */
#include "halograd.h"

#define WIDTH      3
#define PARAMETERS (3 * WIDTH + 1) /* W1, b1, W2, b2 for one channel in, one out */

static const char path[] = "test_surrogate_mlp.nc";

static PetscReal Parameter(PetscInt i)
{
  return 0.17 * (PetscReal)(i + 1) - 0.8;
}

/* d2 (b2 + W2 tanh(W1 (x - m1) / d1 + b1)) + m2 */
static PetscReal Formula(PetscReal x)
{
  PetscReal y = Parameter(3 * WIDTH);

  for (PetscInt k = 0; k < WIDTH; k++) y += Parameter(2 * WIDTH + k) * PetscTanhReal(Parameter(k) * (x - 0.5) / 2 + Parameter(WIDTH + k));
  return 3 * y - 1;
}

static PetscErrorCode WriteModel(void)
{
  const PetscInt size[HG_AXES] = {1, 1, 1, 4, 4};
  HGModelInfo    info          = {.data_input = "a", .data_target = "u", .dim = 2, .channels = {1, 1}};
  HGPartition    part;
  HGNet          net;
  Vec            p, natural;
  PetscInt       n, first, last;

  PetscFunctionBegin;
  info.mean[0][0] = 0.5, info.deviation[0][0] = 2, info.mean[1][0] = -1, info.deviation[1][0] = 3;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetSizes(part, 2, size));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &net));
  PetscCall(HGNetSetType(net, HGNETMLP));
  PetscCall(HGNetSetDepth(net, 1));
  PetscCall(HGNetSetWidth(net, WIDTH));
  PetscCall(HGNetSetChannels(net, 1, 1));
  PetscCall(HGNetSetUp(net, part, HG_F64));
  PetscCall(HGNetCreateParameters(net, &p));
  PetscCall(VecGetSize(p, &n));
  PetscCheck(n == PARAMETERS, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%" PetscInt_FMT " parameters", n);
  PetscCall(HGNetCreateNaturalParameters(net, &natural));
  PetscCall(VecGetOwnershipRange(natural, &first, &last));
  for (PetscInt i = first; i < last; i++) PetscCall(VecSetValue(natural, i, Parameter(i), INSERT_VALUES));
  PetscCall(VecAssemblyBegin(natural));
  PetscCall(VecAssemblyEnd(natural));
  PetscCall(HGNetNaturalToGlobal(net, natural, p));
  PetscCall(VecDestroy(&natural));
  PetscCall(HGNetGetOptionsString(net, info.net_options, sizeof(info.net_options)));
  PetscCall(HGModelWrite(path, net, &info, p, 0, NULL, NULL));
  PetscCall(VecDestroy(&p));
  PetscCall(HGNetDestroy(&net));
  PetscCall(HGPartitionDestroy(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckOn(DM da)
{
  HGSurrogate        s;
  Vec                a, u;
  PetscScalar       *x;
  const PetscScalar *v, *y;
  PetscInt           first, n;

  PetscFunctionBegin;
  PetscCall(DMSetUp(da));
  PetscCall(DMCreateGlobalVector(da, &a));
  PetscCall(VecDuplicate(a, &u));
  PetscCall(VecGetOwnershipRange(a, &first, NULL));
  PetscCall(VecGetLocalSize(a, &n));
  PetscCall(VecGetArrayWrite(a, &x));
  for (PetscInt i = 0; i < n; i++) x[i] = 4 * HGRandomUniform(1, HGRandomStream("a"), (uint64_t)(first + i)) - 2;
  PetscCall(VecRestoreArrayWrite(a, &x));
  PetscCall(HGSurrogateCreate(PETSC_COMM_WORLD, &s));
  PetscCall(HGSurrogateSetModel(s, path));
  PetscCall(HGSurrogateSetDMDA(s, da));
  PetscCall(HGSurrogateSetUp(s));
  PetscCall(HGSurrogateApply(s, 1, a, u));
  PetscCall(VecGetArrayRead(a, &v));
  PetscCall(VecGetArrayRead(u, &y));
  for (PetscInt i = 0; i < n; i++)
    PetscCheck(PetscAbsReal(y[i] - Formula(v[i])) < 1e-13, PETSC_COMM_SELF, PETSC_ERR_PLIB, "u(%g) is %.15g, not %.15g", (double)v[i],
               (double)y[i], (double)Formula(v[i]));
  PetscCall(VecRestoreArrayRead(u, &y));
  PetscCall(VecRestoreArrayRead(a, &v));
  PetscCall(HGSurrogateDestroy(&s));
  PetscCall(VecDestroy(&a));
  PetscCall(VecDestroy(&u));
  PetscCall(DMDestroy(&da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscMPIInt rank;
  DM          da;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(WriteModel());
  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_BOX, 7, 10, PETSC_DECIDE, PETSC_DECIDE, 1, 1,
                         NULL, NULL, &da));
  PetscCall(CheckOn(da));
  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_PERIODIC, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, 16, 5, PETSC_DECIDE, PETSC_DECIDE, 1,
                         1, NULL, NULL, &da));
  PetscCall(CheckOn(da));
  PetscCall(DMDACreate1d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, 31, 1, 1, NULL, &da));
  PetscCall(CheckOn(da));
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  if (!rank) (void)remove(path);
  PetscCall(HGFinalize());
  return 0;
}
