/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A parameter q of the equation that is found together with the network: q = +-exp(theta) with the sign it starts with. theta is the last element of
   the vector that is trained, behind the network's parameters, on the last rank. Its gradient is that of the residual alone,

     dL/dtheta = q weight/count sum_samples <dF/dq, B' B W' W F>
*/
#include "train/train_impl.h"

/*@C
   HGTrainerSetUnknown - Find a parameter of the equation together with the network

   Logically Collective

   Input Parameters:
+  trainer - the trainer
.  name    - the parameter, as `HGPhysicsSetParameter()` calls it; empty for none
-  start   - where its search starts; 0 for the value that the equation has

   Options Database Keys:
+  -physics_unknown name    - the parameter
-  -physics_unknown_start v - where its search starts (default the value of -physics_NAME)

   Level: intermediate

   Notes:
   The targets are the observations; the residual ties the parameter to them. Its sign stays that of the start, its magnitude is exp(theta), and the
   optimizer moves theta.

   A weight decay pulls the magnitude towards 1.

   The equation has the value found so far; the model file keeps it in the equation's options, and theta as the variable `unknown`.

   Errors:
   `HGTrainerSetUp()` refuses a parameter that the equation does not have, one that starts at zero, the preconditioned norm, whose operator would depend on
   it, and data without targets.

.seealso: `HGTrainerSetPhysics()`, `HGTrainerGetUnknown()`, `HGPhysicsParameterAdjoint()`
@*/
PetscErrorCode HGTrainerSetUnknown(HGTrainer trainer, const char name[], PetscReal start)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  HGCheck(!PetscIsInfOrNanReal(start), PetscObjectComm((PetscObject)trainer), "-physics_unknown_start %g: give a number", (double)start);
  HGCheck(strlen(name) < sizeof(trainer->unknown), PetscObjectComm((PetscObject)trainer),
          "-physics_unknown %s: no parameter has such a long name", name);
  PetscCall(PetscStrncpy(trainer->unknown, name, sizeof(trainer->unknown)));
  trainer->unknown_start = start;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTrainerGetUnknown - Get the parameter that is found together with the network

   Collective

   Input Parameter:
.  trainer - the trainer, set up

   Output Parameters:
+  name  - the parameter; NULL if there is none
-  value - its value now

   Level: intermediate

.seealso: `HGTrainerSetUnknown()`
@*/
PetscErrorCode HGTrainerGetUnknown(HGTrainer trainer, const char *name[], PetscReal *value)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(trainer, HG_TRAINER_CLASSID, 1);
  if (name) *name = *trainer->unknown ? trainer->unknown : NULL;
  *value = 0;
  if (!*trainer->unknown) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTrainerSetEquation(trainer, trainer->parameters));
  PetscCall(HGPhysicsGetParameter(trainer->physics, trainer->unknown, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Check(HGTrainer t, PetscReal q)
{
  MPI_Comm      comm = PetscObjectComm((PetscObject)t);
  HGPhysicsNorm norm;

  PetscFunctionBegin;
  HGCheck(t->target, comm,
          "-physics_unknown %s: without observations nothing determines it; give the solution's variable with -data_target", t->unknown);
  HGCheck(q != 0, comm, "-physics_unknown %s starts at 0, where its sign is not known; give -physics_unknown_start", t->unknown);
  PetscCall(HGPhysicsGetNorm(t->physics, &norm));
  HGCheck(norm == HG_PHYSICS_NORM_L2, comm,
          "-physics_unknown %s: the operator of -physics_norm preconditioned would depend on it; take -physics_norm l2", t->unknown);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The vector that is trained, with what it starts from */
PetscErrorCode HGTrainerCreateVector(HGTrainer t)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)t);
  PetscReal   q;
  PetscInt    n, last;
  PetscMPIInt rank, size;

  PetscFunctionBegin;
  PetscCall(HGNetCreateParameters(t->net, &t->parameters));
  if (*t->unknown) {
    PetscCallMPI(MPI_Comm_rank(comm, &rank));
    PetscCallMPI(MPI_Comm_size(comm, &size));
    PetscCall(VecGetLocalSize(t->parameters, &n));
    PetscCall(VecDestroy(&t->parameters));
    PetscCall(VecCreateMPI(comm, n + (rank == size - 1), PETSC_DETERMINE, &t->parameters));
    PetscCall(HGPhysicsGetParameter(t->physics, t->unknown, &q));
    if (t->unknown_start != 0) q = t->unknown_start;
    PetscCall(Check(t, q));
    t->unknown_sign = q < 0 ? -1 : 1;
    PetscCall(VecGetSize(t->parameters, &last));
    if (rank == size - 1) PetscCall(VecSetValue(t->parameters, last - 1, PetscLogReal(PetscAbsReal(q)), INSERT_VALUES));
    PetscCall(VecAssemblyBegin(t->parameters));
    PetscCall(VecAssemblyEnd(t->parameters));
  }
  PetscCall(HGNetInitializeParameters(t->net, (uint64_t)t->seed, t->parameters));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Gives the equation the parameter's value in p */
PetscErrorCode HGTrainerSetEquation(HGTrainer t, Vec p)
{
  MPI_Comm           comm  = PetscObjectComm((PetscObject)t);
  double             theta = 0;
  const PetscScalar *v;
  PetscInt           n;
  PetscMPIInt        size;

  PetscFunctionBegin;
  if (!*t->unknown) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(VecGetLocalSize(p, &n));
  PetscCall(VecGetArrayRead(p, &v));
  if (n) theta = (double)PetscRealPart(v[n - 1]);
  PetscCall(VecRestoreArrayRead(p, &v));
  PetscCallMPI(MPI_Bcast(&theta, 1, MPI_DOUBLE, size - 1, comm));
  PetscCall(HGPhysicsSetParameter(t->physics, t->unknown, t->unknown_sign * PetscExpReal((PetscReal)theta)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Gives network and equation their parameters */
PetscErrorCode HGTrainerSetPoint(HGTrainer t, Vec p)
{
  PetscFunctionBegin;
  PetscCall(HGNetSetParameters(t->net, p));
  PetscCall(HGTrainerSetEquation(t, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Begins the sum of a gradient over batches; what each residual adds to it; and its end */
PetscErrorCode HGTrainerAdjointBegin(HGTrainer t)
{
  PetscFunctionBegin;
  PetscCall(HGNetAdjointBegin(t->net));
  t->unknown_sum = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTrainerAddUnknown(HGTrainer t, PetscReal weight)
{
  PetscReal g;

  PetscFunctionBegin;
  if (!*t->unknown) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGPhysicsGetParameterGradient(t->physics, &g));
  t->unknown_sum += weight * g;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTrainerAdjointEnd(HGTrainer t, Vec g)
{
  PetscScalar *v;
  PetscReal    q;
  PetscInt     n;
  PetscMPIInt  rank, size;

  PetscFunctionBegin;
  PetscCall(HGNetAdjointEnd(t->net, g));
  if (!*t->unknown) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)t), &rank));
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)t), &size));
  PetscCall(HGPhysicsGetParameter(t->physics, t->unknown, &q));
  PetscCall(VecGetLocalSize(g, &n));
  PetscCall(VecGetArray(g, &v));
  if (rank == size - 1) v[n - 1] = q * t->unknown_sum;
  PetscCall(VecRestoreArray(g, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}
