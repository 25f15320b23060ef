/* SPDX-License-Identifier: BSD-2-Clause */
/* Optimizers that run one after the other: adam:200,lmvm:500 */
#include "train/stages.h"
#include "train/taolimit.h"

/*
  HGStagesParse - Read stages from type:epochs,...

  Collective

  Input Parameters:
+ comm - the ranks
- text - the stages

  Output Parameters:
+ n     - how many
- stage - [n] the stages; to be freed
*/
PetscErrorCode HGStagesParse(MPI_Comm comm, const char text[], PetscInt *n, HGStage **stage)
{
  char    **part;
  int       count;
  PetscBool ok  = PETSC_TRUE;
  double    sum = 0;

  PetscFunctionBegin;
  PetscCall(PetscStrToArray(text, ',', &count, &part));
  PetscCall(PetscMalloc1(count, stage));
  for (int i = 0; i < count; i++) {
    HGStage     *s      = &(*stage)[i];
    const size_t len    = strcspn(part[i], ":");
    PetscInt64   epochs = 0;

    ok = ok && len && len < sizeof(s->type) && part[i][len] ? PETSC_TRUE : PETSC_FALSE;
    ok = ok && HGParseInt(part[i] + len + 1, strlen(part[i]) - len - 1, 0, PETSC_MAX_INT, &epochs) ? PETSC_TRUE : PETSC_FALSE;
    if (!ok) break;
    PetscCall(PetscStrncpy(s->type, part[i], len + 1));
    s->epochs = (PetscInt)epochs;
    sum += (double)epochs;
  }
  PetscCall(PetscStrToArrayDestroy(count, part));
  if (!ok || count < 1 || sum > (double)PETSC_MAX_INT) PetscCall(PetscFree(*stage));
  HGCheck(*stage, comm,
          "-train_stages %s: give stages as type:iterations, such as adam:2000,lmvm:10000, of at most %" PetscInt_FMT " iterations in all",
          text, PETSC_MAX_INT);
  *n = count;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGStageCreateTao - The optimizer of a stage, with its -tao_... options, and so many pairs in limited-memory ones (0: their default)

  Collective
*/
PetscErrorCode HGStageCreateTao(MPI_Comm comm, const HGStage *stage, PetscInt pairs, Tao *tao)
{
  PetscErrorCode (*create)(Tao);
  PetscBool set;

  PetscFunctionBegin;
  PetscCall(PetscOptionsHasName(NULL, NULL, "-tao_type", &set));
  HGCheck(!set, comm, "-tao_type and -train_stages: the stages name the optimizers; leave -tao_type out");
  PetscCall(TaoCreate(comm, tao));
  PetscCall(PetscFunctionListFind(TaoList, stage->type, &create));
  if (!create) PetscFunctionReturn(HGNamesRefuse(comm, "optimizer", stage->type, TaoList, "-train_stages"));
  PetscCall(TaoSetType(*tao, stage->type));
  PetscCall(HGTaoSetFromOptionsWithMemory(*tao, pairs));
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
  PetscCall(HGTaoSetFromOptions_Private(tao));
  PetscFunctionReturn(PETSC_SUCCESS);
}
