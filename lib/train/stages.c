/* SPDX-License-Identifier: BSD-2-Clause */
/* Optimizers that run one after the other: adam:200,lmvm:500 */
#include "train/stages.h"

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
