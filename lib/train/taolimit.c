/* SPDX-License-Identifier: BSD-2-Clause */
/* No iterations at all, which PETSc refuses from 3.22 on: the objective is evaluated once, and the point stays */
#include "train/hgtrain.h"
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

/*
  HGTaoSetFromOptionsWithMemory - HGTaoSetFromOptions() with as many pairs in limited-memory optimizers, unless the options say otherwise

  Collective

  Input Parameters:
+ tao   - the optimizer
- pairs - their number, 0 for TAO's own
*/
PetscErrorCode HGTaoSetFromOptionsWithMemory(Tao tao, PetscInt pairs)
{
  /* their matrix can be reached by its options only */
  static const char *const type[]  = {"lmvm", "blmvm", "bqnls"};
  PetscOptions             options = ((PetscObject)tao)->options;
  const char              *prefix;
  char                     name[3][PETSC_MAX_OPTION_NAME], value[32];
  PetscBool                set[3];

  PetscFunctionBegin;
  PetscCall(TaoGetOptionsPrefix(tao, &prefix));
  PetscCall(PetscSNPrintf(value, sizeof(value), "%" PetscInt_FMT, pairs));
  for (int i = 0; i < 3 && pairs; i++) {
    PetscCall(PetscSNPrintf(name[i], sizeof(name[i]), "-%stao_%s_mat_lmvm_hist_size", prefix ? prefix : "", type[i]));
    PetscCall(PetscOptionsHasName(options, NULL, name[i], &set[i]));
    if (!set[i]) PetscCall(PetscOptionsSetValue(options, name[i], value));
  }
  PetscCall(HGTaoSetFromOptions(tao));
  for (int i = 0; i < 3 && pairs; i++)
    if (!set[i]) PetscCall(PetscOptionsClearValue(options, name[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
