/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of any Tao, checked, and no iterations at all, which PETSc refuses from 3.22 on: the objective is evaluated once, and the point stays */
#include "tao/tao_impl.h"

/*@
   HGTaoSetMaximumIterations - Set the most iterations of an optimizer, which may be 0

   Logically Collective

   Input Parameters:
+  tao - the optimizer
-  n   - the most iterations of a TaoSolve(), from 0

   Level: developer

.seealso: `HGTaoSetFromOptions()`
@*/
PetscErrorCode HGTaoSetMaximumIterations(Tao tao, PetscInt n)
{
  PetscFunctionBegin;
  if (n) PetscCall(TaoSetMaximumIterations(tao, n));
  else tao->max_it = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* TaoSetFromOptions() that takes -tao_max_it 0 */
static PetscErrorCode SetFromOptions(Tao tao)
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

/* TAO wraps whole numbers beyond PetscInt */
static PetscErrorCode CheckCounts(Tao tao, PetscOptions options, const char prefix[])
{
  static const char *const option[] = {"-tao_max_it", "-tao_max_funcs"};

  PetscFunctionBegin;
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(option); i++) {
    const char *text = NULL;
    PetscInt64  n;

    PetscCall(PetscOptionsFindPair(options, prefix, option[i], &text, NULL));
    HGCheck(!text || strspn(text, "+-0123456789") < strlen(text) || HGParseInt(text, strlen(text), PETSC_MIN_INT, PETSC_MAX_INT, &n),
            PetscObjectComm((PetscObject)tao), "-%s%s %s: give a whole number, at most %" PetscInt_FMT, prefix ? prefix : "", option[i] + 1,
            text, PETSC_MAX_INT);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTaoSetFromOptions - Set an optimizer from the options database

   Collective

   Input Parameter:
.  tao - the optimizer

   Options Database Keys:
+  -tao_type      - the type, of TAO's and of Halograd's
.  -tao_max_it    - the most iterations, from 0
.  -tao_max_funcs - the most evaluations of the objective
-  -tao_...       - what `TaoSetFromOptions()` reads

   Level: developer

   Errors:
   A type that there is not is refused with the nearest one and all there are, a number beyond `PetscInt` as it was written.

.seealso: `HGTaoRegisterAll()`
@*/
PetscErrorCode HGTaoSetFromOptions(Tao tao)
{
  PetscErrorCode (*create)(Tao);
  PetscOptions options;
  const char  *prefix, *type = NULL;
  PetscBool    set;

  PetscFunctionBegin;
  PetscCall(TaoGetOptionsPrefix(tao, &prefix));
  PetscCall(PetscObjectGetOptions((PetscObject)tao, &options));
  PetscCall(PetscOptionsFindPair(options, prefix, "-tao_type", &type, &set));
  if (set && type) {
    PetscCall(PetscFunctionListFind(TaoList, type, &create));
    if (!create) PetscFunctionReturn(HGNamesRefuse(PetscObjectComm((PetscObject)tao), "optimizer", type, TaoList, "-tao_type"));
  }
  HGCheck(!set || type, PetscObjectComm((PetscObject)tao), "-tao_type has no value; -help lists the optimizers");
  PetscCall(CheckCounts(tao, options, prefix));
  PetscCall(SetFromOptions(tao));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTaoSetFromOptionsWithMemory - Set an optimizer from the options database, and how much limited-memory ones keep

   Collective

   Input Parameters:
+  tao   - the optimizer
-  pairs - the pairs that limited-memory optimizers keep, unless the options say otherwise; 0 for TAO's own number

   Level: developer

.seealso: `HGTaoSetFromOptions()`
@*/
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
