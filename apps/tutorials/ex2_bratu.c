/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A residual written for SNES is a loss for a network.

   Bratu's problem, -Laplace(u) = lambda exp(u) on the unit square with u = 0 on its boundary, is written as PETSc's examples write it:
   a local function on a DMDA. SNES solves it by Newton's method. Then the very same function goes to HGPhysics, which makes of it
   the loss 1/2 |F(u)|^2 on fields in tensors, with its gradient: what a network's output needs to be trained without any labels.
   No gradient is written here: it comes from coloured finite differences of the function.

   The program prints the loss of u = 0, of the solution of SNES, and after steps of steepest descent along the gradient, whose
   length is chosen by the loss of two trial points.

      mpiexec -n 4 ./ex2_bratu -n 48 -lambda 6 -snes_monitor -physics_view
*/
#include <halograd.h>

typedef struct {
  PetscReal lambda;
} User;

/* F(u), scaled by h^2; unknowns are at the inner points of a grid of spacing h */
static PetscErrorCode Bratu(DMDALocalInfo *info, void *in, void *out, void *ctx)
{
  const PetscScalar h2     = 1 / ((PetscReal)(info->mx + 1) * (PetscReal)(info->mx + 1));
  const PetscReal   lambda = ((User *)ctx)->lambda;
  PetscScalar     **u = (PetscScalar **)in, **f = (PetscScalar **)out;

  PetscFunctionBeginUser;
  for (PetscInt j = info->ys; j < info->ys + info->ym; j++) {
    for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
      const PetscScalar left = i ? u[j][i - 1] : 0, right = i < info->mx - 1 ? u[j][i + 1] : 0;
      const PetscScalar below = j ? u[j - 1][i] : 0, above = j < info->my - 1 ? u[j + 1][i] : 0;

      f[j][i] = 4 * u[j][i] - left - right - below - above - h2 * lambda * PetscExpScalar(u[j][i]);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Solve(DM da, User *user, Vec u)
{
  SNES     snes;
  PetscInt its;

  PetscFunctionBeginUser;
  PetscCall(SNESCreate(PETSC_COMM_WORLD, &snes));
  PetscCall(SNESSetDM(snes, da));
  PetscCall(DMDASNESSetFunctionLocal(da, INSERT_VALUES, Bratu, user));
  PetscCall(SNESSetFromOptions(snes));
  PetscCall(VecSet(u, 0));
  PetscCall(SNESSolve(snes, NULL, u));
  PetscCall(SNESGetIterationNumber(snes, &its));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "SNES: %" PetscInt_FMT " Newton steps\n", its));
  PetscCall(SNESDestroy(&snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The loss at y + step d */
static PetscErrorCode Try(HGPhysics phys, HGTensor y, PetscReal step, HGTensor d, PetscReal *loss)
{
  PetscFunctionBeginUser;
  PetscCall(HGTensorAXPY(y, step, d, PETSC_FALSE));
  PetscCall(HGPhysicsEvaluate(phys, 1, NULL, NULL, y, NULL, loss));
  PetscCall(HGTensorAXPY(y, -step, d, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Along the gradient to the least of the parabola through three losses */
static PetscErrorCode Descend(HGPhysics phys, HGTensor y, HGTensor dy, PetscInt steps)
{
  const PetscReal h = 0.02; /* about the inverse of the largest eigenvalue of J'J, 64 */
  PetscReal       f[3];

  PetscFunctionBeginUser;
  for (PetscInt s = 0; s < steps; s++) {
    PetscCall(HGPhysicsEvaluate(phys, 1, NULL, NULL, y, dy, &f[0]));
    PetscCall(Try(phys, y, -h, dy, &f[1]));
    PetscCall(Try(phys, y, -2 * h, dy, &f[2]));
    PetscCall(HGTensorAXPY(y, -h * (1.5 * f[0] - 2 * f[1] + 0.5 * f[2]) / (f[0] - 2 * f[1] + f[2]), dy, PETSC_FALSE));
  }
  PetscCall(HGPhysicsEvaluate(phys, 1, NULL, NULL, y, NULL, &f[0]));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "loss after %" PetscInt_FMT " steps of descent: %.6e\n", steps, (double)f[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(void)
{
  User        user = {6};
  PetscInt    n = 32, steps = 20, size[HG_AXES];
  HGPartition part;
  HGTensor    y, dy;
  HGPhysics   phys;
  DM          da;
  Vec         u;
  PetscReal   zero, solved;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-n", &n, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-steps", &steps, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-lambda", &user.lambda, NULL));
  size[HG_N] = size[HG_C] = size[HG_Z] = 1;
  size[HG_Y] = size[HG_X] = n;

  /* The partition of the network's output has a DMDA: the fields of SNES and network then live on the same ranks */
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetSizes(part, 2, size));
  PetscCall(HGPartitionSetFromOptions(part));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGPartitionGetDM(part, &da));
  PetscCall(DMCreateGlobalVector(da, &u));
  PetscCall(Solve(da, &user, u));

  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &phys));
  PetscCall(HGPhysicsSetDMDAFunctionLocal(phys, da, Bratu, &user));
  PetscCall(HGPhysicsSetUp(phys));

  PetscCall(HGTensorCreate(part, HG_F64, &y));
  PetscCall(HGTensorSetUp(y));
  PetscCall(HGTensorDuplicate(y, &dy));
  PetscCall(HGTensorSet(y, 0));
  PetscCall(HGPhysicsEvaluate(phys, 1, NULL, NULL, y, NULL, &zero));
  PetscCall(HGTensorFromVec(y, 0, u));
  PetscCall(HGPhysicsEvaluate(phys, 1, NULL, NULL, y, NULL, &solved));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "loss of u = 0: %.6e, of the solution: %.6e\n", (double)zero, (double)solved));
  PetscCall(HGTensorSet(y, 0));
  PetscCall(Descend(phys, y, dy, steps));

  PetscCall(HGTensorDestroy(&dy));
  PetscCall(HGTensorDestroy(&y));
  PetscCall(HGPhysicsDestroy(&phys));
  PetscCall(VecDestroy(&u));
  PetscCall(HGPartitionDestroy(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(Run());
  PetscCall(HGFinalize());
  return 0;
}
