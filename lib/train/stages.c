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
    HGStage *s      = &(*stage)[i];
    long     epochs = -1;
    char     end    = 0;

    if (sscanf(part[i], "%31[a-z]:%ld%c", s->type, &epochs, &end) != 2 || epochs < 0 || epochs > PETSC_MAX_INT) ok = PETSC_FALSE;
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
  HGStageCreateTao - The optimizer of a stage, with its -tao_... options

  Collective
*/
PetscErrorCode HGStageCreateTao(MPI_Comm comm, const HGStage *stage, Tao *tao)
{
  PetscBool      set;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(PetscOptionsHasName(NULL, NULL, "-tao_type", &set));
  HGCheck(!set, comm, "-tao_type and -train_stages: the stages name the optimizers; leave -tao_type out");
  PetscCall(TaoCreate(comm, tao));
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  e = TaoSetType(*tao, stage->type);
  PetscCall(PetscPopErrorHandler());
  HGCheck(!e, comm, "-train_stages: TAO has no optimizer %s; such are adam, adamw, sgd, lmvm, blmvm, bqnls, cg", stage->type);
  PetscCall(TaoSetFromOptions(*tao));
  PetscFunctionReturn(PETSC_SUCCESS);
}
