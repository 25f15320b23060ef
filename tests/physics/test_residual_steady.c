/* SPDX-License-Identifier: BSD-2-Clause */
/* After the first evaluations of a batch, residuals and their gradients allocate nothing, make no MPI request, and all their sums are one reduction */
#include "halograd.h"
#include "../counted.h"

typedef struct {
  const char *options, *parameter; /* by which they are differentiated too, NULL for none */
} Case;

static const Case cases[] = {
    {"-physics_type heat -physics_theta 0.5", "nu"},
    {"-physics_type burgers -physics_bc_x periodic", "nu"},
    {"-physics_type burgers -physics_bc_x periodic -physics_bc_y periodic -physics_derivative spectral", NULL},
    {"-physics_type wave -physics_order 4", "c"},
    {"-physics_type navier_stokes -physics_theta 0.5", NULL},
    {"-physics_type poisson -physics_bc_x robin:1:1:1", "kappa"},
    {"-physics_type darcy -physics_bc_x neumann:1", NULL},
};

#define BATCH 3

static PetscErrorCode CreateTensor(HGPartition part, PetscInt channels, HGTensor *t)
{
  HGPartition p;

  PetscFunctionBegin;
  PetscCall(HGPartitionCreateLike(part, BATCH, channels, &p));
  PetscCall(HGTensorCreate(p, HG_F64, t));
  PetscCall(HGTensorSetUp(*t));
  PetscCall(HGPartitionDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Create(HGPartition part, const Case *c, HGPhysics *p, HGTensor t[3])
{
  PetscInt inputs, unknowns;
  DM       da;

  PetscFunctionBegin;
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, p));
  PetscCall(HGPhysicsSetFromOptionsString(*p, c->options));
  PetscCall(HGPartitionGetDM(part, &da));
  PetscCall(HGPhysicsSetDMDA(*p, da));
  PetscCall(HGPhysicsSetUp(*p));
  PetscCall(HGPhysicsGetChannels(*p, &inputs, &unknowns));
  if (c->parameter) PetscCall(HGPhysicsSetGradientParameter(*p, c->parameter));
  PetscCall(CreateTensor(part, inputs, &t[0]));
  PetscCall(CreateTensor(part, unknowns, &t[1]));
  PetscCall(CreateTensor(part, unknowns, &t[2]));
  PetscCall(HGTensorSet(t[0], 1));
  PetscCall(HGTensorSetRandom(t[1], 5, "state", PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Check(HGPartition part, const Case *c)
{
  HGPhysics p;
  HGTensor  t[3];
  PetscReal loss, first = 0, by = 0, again;

  PetscFunctionBegin;
  PetscCall(Create(part, c, &p, t));
  for (int i = 0; i < 5; i++) {
    const Counts before = counted;

    PetscCall(HGPhysicsEvaluate(p, BATCH, NULL, t[0], t[1], i % 2 ? NULL : t[2], &loss));
    PetscCall(HGPhysicsGetParameterGradient(p, &again));
    if (!i) first = loss;
    if (!i) by = again; /* with a reduction for each sample, as the Jacobian is tested */
    PetscCheck(PetscAbsReal(loss - first) <= 1e-14 * first, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: the loss is %g, then %g", c->options,
               (double)first, (double)loss);
    PetscCheck(i % 2 || PetscAbsReal(again - by) <= 1e-12 * PetscAbsReal(by), PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "%s: the derivative by the parameter is %g, then %g", c->options, (double)by, (double)again);
    if (i < 3) continue;
    PetscCheck(counted.allocations == before.allocations, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: evaluation %d allocates %ld times",
               c->options, i, counted.allocations - before.allocations);
    PetscCheck(counted.requests == before.requests, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: evaluation %d makes %ld requests", c->options, i,
               counted.requests - before.requests);
    PetscCheck(counted.reductions == before.reductions + 1, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: evaluation %d reduces %ld times",
               c->options, i, counted.reductions - before.reductions);
  }
  PetscCheck(!c->parameter || by != 0, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: the derivative by the parameter is zero", c->options);
  for (int i = 0; i < 3; i++) PetscCall(HGTensorDestroy(&t[i]));
  PetscCall(HGPhysicsDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const PetscInt size[HG_AXES] = {BATCH, 1, 1, 16, 18};
  HGPartition    part;

  PetscCall(CountAllocations());
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetSizes(part, 2, size));
  PetscCall(HGPartitionSetUp(part));
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) PetscCall(Check(part, &cases[i]));
  PetscCall(HGPartitionDestroy(&part));
  PetscCall(HGFinalize());
  return 0;
}
