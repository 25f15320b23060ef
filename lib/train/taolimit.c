/* SPDX-License-Identifier: BSD-2-Clause */
/* No iterations at all, which PETSc refuses from 3.22 on: the objective is evaluated once, and the point stays */
#include "train/taolimit.h"
#include <petsc/private/taoimpl.h>

/*
  HGTaoSetMaximumIterations - TaoSetMaximumIterations() that takes 0

  Logically Collective

  Input Parameters:
+ tao - the optimizer
- n   - the most iterations of a TaoSolve(), from 0
*/
PetscErrorCode HGTaoSetMaximumIterations(Tao tao, PetscInt n)
{
  PetscFunctionBegin;
  if (n) PetscCall(TaoSetMaximumIterations(tao, n));
  else tao->max_it = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGTaoSetFromOptions_Private - TaoSetFromOptions() that takes -tao_max_it 0

  Collective
*/
PetscErrorCode HGTaoSetFromOptions_Private(Tao tao)
{
  PetscOptions options = ((PetscObject)tao)->options;
  const char  *prefix;
  char         name[PETSC_MAX_OPTION_NAME];
  PetscInt     n;
  PetscBool    set;

  PetscFunctionBegin;
  PetscCall(TaoGetOptionsPrefix(tao, &prefix));
  PetscCall(PetscOptionsGetInt(options, prefix, "-tao_max_it", &n, &set));
  if (!set || n) {
    PetscCall(TaoSetFromOptions(tao));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscSNPrintf(name, sizeof(name), "-%stao_max_it", prefix ? prefix : ""));
  PetscCall(PetscOptionsClearValue(options, name));
  PetscCall(TaoSetFromOptions(tao));
  PetscCall(PetscOptionsSetValue(options, name, "0"));
  PetscCall(PetscOptionsGetInt(options, prefix, "-tao_max_it", &n, NULL)); /* it counts as used */
  PetscCall(HGTaoSetMaximumIterations(tao, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}
