/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A parameter of an equation that is found together with a network: q = +-exp(theta) with the sign it starts with. theta is the last element of the
   vector that is trained, behind the network's parameters, on the last rank. dL/dtheta = q dL/dq.
*/
#include "objective/objective_impl.h"

/* HGUnknownSet - Name of the parameter, empty for none, and where its search starts, 0 for the value that the equation has */
PetscErrorCode HGUnknownSet(MPI_Comm comm, const char name[], PetscReal start, HGUnknown *u)
{
  PetscFunctionBegin;
  HGCheck(!PetscIsInfOrNanReal(start), comm, "-physics_unknown_start %g: give a number", (double)start);
  HGCheck(strlen(name) < sizeof(u->name), comm, "-physics_unknown %s: no parameter has such a long name", name);
  if (name != u->name) PetscCall(PetscStrncpy(u->name, name, sizeof(u->name)));
  u->start = start;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGUnknownCreateVector - Replaces a network's parameters by a vector with theta behind them, whose value is set; q: the value that the equation has */
PetscErrorCode HGUnknownCreateVector(HGUnknown *u, PetscReal q, Vec *p)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)*p);
  PetscInt    n, last;
  PetscMPIInt rank, size;

  PetscFunctionBegin;
  if (!*u->name) PetscFunctionReturn(PETSC_SUCCESS);
  if (u->start != 0) q = u->start;
  HGCheck(q != 0, comm, "-physics_unknown %s starts at 0, where its sign is not known; give -physics_unknown_start", u->name);
  u->sign = q < 0 ? -1 : 1;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(VecGetLocalSize(*p, &n));
  PetscCall(VecDestroy(p));
  PetscCall(VecCreateMPI(comm, n + (rank == size - 1), PETSC_DETERMINE, p));
  PetscCall(VecGetSize(*p, &last));
  if (rank == size - 1) PetscCall(VecSetValue(*p, last - 1, PetscLogReal(PetscAbsReal(q)), INSERT_VALUES));
  PetscCall(VecAssemblyBegin(*p));
  PetscCall(VecAssemblyEnd(*p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGUnknownGet - Its value in a vector, on all ranks */
PetscErrorCode HGUnknownGet(const HGUnknown *u, Vec p, PetscReal *q)
{
  MPI_Comm           comm  = PetscObjectComm((PetscObject)p);
  double             theta = 0;
  const PetscScalar *v;
  PetscInt           n;
  PetscMPIInt        size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(VecGetLocalSize(p, &n));
  PetscCall(VecGetArrayRead(p, &v));
  if (n) theta = (double)PetscRealPart(v[n - 1]);
  PetscCall(VecRestoreArrayRead(p, &v));
  PetscCallMPI(MPI_Bcast(&theta, 1, MPI_DOUBLE, size - 1, comm));
  *q = u->sign * PetscExpReal((PetscReal)theta);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGUnknownSetGradient - Sets the last element of a gradient; q: the value, dq: the objective's derivative by it */
PetscErrorCode HGUnknownSetGradient(const HGUnknown *u, PetscReal q, PetscReal dq, Vec g)
{
  PetscScalar *v;
  PetscInt     n;
  PetscMPIInt  rank, size;

  PetscFunctionBegin;
  if (!*u->name) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)g), &rank));
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)g), &size));
  PetscCall(VecGetLocalSize(g, &n));
  PetscCall(VecGetArray(g, &v));
  if (rank == size - 1) v[n - 1] = q * dq;
  PetscCall(VecRestoreArray(g, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}
