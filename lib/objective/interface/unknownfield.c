/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The input field of an equation as an unknown, m = a, or m = log a where a must be positive. What is trained holds m in the natural order of its points: it
   is m alone, spread over the ranks, or behind a network's parameters on the last rank, so that model files do not depend on the ranks.
*/
#include "objective/objective_impl.h"

/* HGUnknownFieldSetRegularization - What the roughness of m counts */
PetscErrorCode HGUnknownFieldSetRegularization(MPI_Comm comm, PetscReal alpha, HGUnknownField *u)
{
  PetscFunctionBegin;
  HGCheck(alpha >= 0 && !PetscIsInfOrNanReal(alpha), comm, "-invert_regularization %g: give zero or a positive number", (double)alpha);
  u->alpha = alpha;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGUnknownFieldCheckRegularization - There is an unknown field whose roughness counts */
PetscErrorCode HGUnknownFieldCheckRegularization(MPI_Comm comm, const HGUnknownField *u, PetscBool field)
{
  PetscFunctionBegin;
  HGCheck(field || u->alpha == 0, comm, "-invert_regularization %g is for an unknown input field; give -physics_unknown a, or leave it out",
          (double)u->alpha);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGUnknownFieldSetUp - An equation's input field, which starts from a */
PetscErrorCode HGUnknownFieldSetUp(HGPhysics physics, Vec a, HGUnknownField *u)
{
  PetscInt         dim, n[3] = {1, 1, 1};
  PetscReal        least;
  const PetscReal *x;
  const char      *name;

  PetscFunctionBegin;
  PetscCall(HGPhysicsNeedsPositiveInput(physics, &u->log));
  PetscCall(HGPhysicsGetDescription(physics, NULL, &name, NULL));
  PetscCall(VecGetDM(a, &u->dm));
  if (!u->dm) PetscCall(HGPhysicsGetDM(physics, &u->dm));
  PetscCall(PetscObjectReference((PetscObject)u->dm));
  PetscCall(DMDAGetInfo(u->dm, &dim, &n[0], &n[1], &n[2], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  for (PetscInt k = 0; k < dim; k++) {
    PetscCall(HGPhysicsGetCoordinates(physics, k, &x));
    u->spacing[k] = n[k] > 1 ? (x[n[k] - 1] - x[0]) / (PetscReal)(n[k] - 1) : 1;
  }
  PetscCall(VecDuplicate(a, &u->a));
  PetscCall(VecCopy(a, u->a));
  PetscCall(DMCreateLocalVector(u->dm, &u->local));
  PetscCall(VecDuplicate(a, &u->m));
  PetscCall(VecDuplicate(a, &u->g));
  PetscCall(VecMin(a, NULL, &least));
  HGCheck(!u->log || least > 0, PetscObjectComm((PetscObject)physics), "the %s starts from %g somewhere; it must be positive", name,
          (double)least);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Takes all of the natural vector behind a network's parameters */
static PetscErrorCode CreateTail(HGUnknownField *u, Vec *p)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)*p);
  PetscInt    mine, before, all, first, last;
  IS          from, to;
  PetscMPIInt rank, size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(VecGetLocalSize(*p, &mine));
  PetscCall(VecGetSize(*p, &before));
  PetscCall(VecGetSize(u->natural, &all));
  PetscCall(VecGetOwnershipRange(u->natural, &first, &last));
  PetscCall(VecDestroy(p));
  PetscCall(VecCreateMPI(comm, mine + (rank == size - 1 ? all : 0), PETSC_DETERMINE, p));
  PetscCall(ISCreateStride(comm, last - first, first, 1, &from));
  PetscCall(ISCreateStride(comm, last - first, before + first, 1, &to));
  PetscCall(VecScatterCreate(u->natural, from, *p, to, &u->tail));
  PetscCall(ISDestroy(&from));
  PetscCall(ISDestroy(&to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The values of a global vector in what is trained */
static PetscErrorCode Put(HGUnknownField *u, Vec v, Vec p)
{
  Vec natural = u->tail ? u->natural : p;

  PetscFunctionBegin;
  PetscCall(DMDAGlobalToNaturalBegin(u->dm, v, INSERT_VALUES, natural));
  PetscCall(DMDAGlobalToNaturalEnd(u->dm, v, INSERT_VALUES, natural));
  if (!u->tail) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecScatterBegin(u->tail, natural, p, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(u->tail, natural, p, INSERT_VALUES, SCATTER_FORWARD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGUnknownFieldCreateVector - The vector that is trained, with the start of m: of m alone if *p is NULL, or in place of a network's parameters, which m follows */
PetscErrorCode HGUnknownFieldCreateVector(HGUnknownField *u, Vec *p)
{
  PetscFunctionBegin;
  PetscCall(VecCopy(u->a, u->m));
  if (u->log) PetscCall(VecLog(u->m));
  if (*p) {
    PetscCall(DMDACreateNaturalVector(u->dm, &u->natural));
    PetscCall(CreateTail(u, p));
  } else PetscCall(DMDACreateNaturalVector(u->dm, p));
  PetscCall(Put(u, u->m, *p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGUnknownFieldGet - Sets a and m by what is trained; ok, if not NULL: whether a is what it may be */
PetscErrorCode HGUnknownFieldGet(HGUnknownField *u, Vec p, PetscBool *ok)
{
  Vec       natural = u->tail ? u->natural : p;
  PetscReal least, most;

  PetscFunctionBegin;
  if (u->tail) {
    PetscCall(VecScatterBegin(u->tail, p, natural, INSERT_VALUES, SCATTER_REVERSE));
    PetscCall(VecScatterEnd(u->tail, p, natural, INSERT_VALUES, SCATTER_REVERSE));
  }
  PetscCall(DMDANaturalToGlobalBegin(u->dm, natural, INSERT_VALUES, u->m));
  PetscCall(DMDANaturalToGlobalEnd(u->dm, natural, INSERT_VALUES, u->m));
  PetscCall(VecCopy(u->m, u->a));
  if (u->log) PetscCall(VecExp(u->a));
  if (!ok) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecMin(u->a, NULL, &least));
  PetscCall(VecMax(u->a, NULL, &most));
  *ok = !PetscIsInfOrNanReal(least) && !PetscIsInfOrNanReal(most) && (least > 0 || !u->log) ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGUnknownFieldAdd - Adds a factor times a derivative by a, which is overwritten, to the gradient by m */
PetscErrorCode HGUnknownFieldAdd(HGUnknownField *u, PetscReal factor, Vec by)
{
  PetscFunctionBegin;
  if (u->log) PetscCall(VecPointwiseMult(by, by, u->a));
  PetscCall(VecAXPY(u->g, factor, by));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGUnknownFieldAddRoughness - A weight times half the integral of |grad m|^2, the sum over faces of (difference / spacing)^2 times a cell's volume; its gradient is added */
PetscErrorCode HGUnknownFieldAddRoughness(HGUnknownField *u, PetscReal weight, PetscReal *f)
{
  PetscInt           at[3], n[3], gs[3], gn[3], N[3], dof, dim;
  const PetscScalar *v;
  PetscScalar       *out;
  PetscReal          sum = 0, volume = 1;

  PetscFunctionBegin;
  if (weight == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMDAGetInfo(u->dm, &dim, &N[0], &N[1], &N[2], NULL, NULL, NULL, &dof, NULL, NULL, NULL, NULL, NULL));
  PetscCall(DMDAGetCorners(u->dm, &at[0], &at[1], &at[2], &n[0], &n[1], &n[2]));
  PetscCall(DMDAGetGhostCorners(u->dm, &gs[0], &gs[1], &gs[2], &gn[0], &gn[1], &gn[2]));
  for (PetscInt k = 0; k < dim; k++) volume *= u->spacing[k];
  PetscCall(DMGlobalToLocal(u->dm, u->m, INSERT_VALUES, u->local));
  PetscCall(VecGetArrayRead(u->local, &v));
  PetscCall(VecGetArray(u->g, &out));
  for (PetscInt i = 0; i < n[0] * n[1] * n[2] * dof; i++) {
    const PetscInt p = i / dof, here[3] = {at[0] + p % n[0], at[1] + p / n[0] % n[1], at[2] + p / n[0] / n[1]};
    const PetscInt step[3] = {dof, dof * gn[0], dof * gn[0] * gn[1]};
    const PetscInt l       = (here[0] - gs[0]) * step[0] + (here[1] - gs[1]) * step[1] + (here[2] - gs[2]) * step[2] + i % dof;

    for (PetscInt k = 0; k < dim; k++) {
      const PetscReal face = weight * volume / (u->spacing[k] * u->spacing[k]);

      if (here[k] > 0) out[i] += face * (v[l] - v[l - step[k]]);
      if (here[k] < N[k] - 1) {
        out[i] += face * (v[l] - v[l + step[k]]);
        sum += face / 2 * (v[l + step[k]] - v[l]) * (v[l + step[k]] - v[l]);
      }
    }
  }
  PetscCall(VecRestoreArray(u->g, &out));
  PetscCall(VecRestoreArrayRead(u->local, &v));
  PetscCallMPI(MPI_Allreduce(&sum, f, 1, MPIU_REAL, MPI_SUM, PetscObjectComm((PetscObject)u->dm)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGUnknownFieldSetGradient - Sets the gradient's elements of m in one of what is trained */
PetscErrorCode HGUnknownFieldSetGradient(HGUnknownField *u, Vec g)
{
  PetscFunctionBegin;
  PetscCall(Put(u, u->g, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUnknownFieldDestroy(HGUnknownField *u)
{
  PetscFunctionBegin;
  PetscCall(VecDestroy(&u->a));
  PetscCall(VecDestroy(&u->m));
  PetscCall(VecDestroy(&u->g));
  PetscCall(VecDestroy(&u->local));
  PetscCall(VecDestroy(&u->natural));
  PetscCall(VecScatterDestroy(&u->tail));
  PetscCall(DMDestroy(&u->dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
