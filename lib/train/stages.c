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
- stage - [HG_MAX_STAGES]
*/
PetscErrorCode HGStagesParse(MPI_Comm comm, const char text[], PetscInt *n, HGStage stage[])
{
  char    **part;
  int       count;
  PetscBool ok = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCall(PetscStrToArray(text, ',', &count, &part));
  for (int i = 0; i < PetscMin(count, HG_MAX_STAGES); i++) {
    long epochs = -1;
    char end    = 0;

    if (sscanf(part[i], "%31[a-z]:%ld%c", stage[i].type, &epochs, &end) != 2 || epochs < 0 || epochs > PETSC_MAX_INT) ok = PETSC_FALSE;
    stage[i].epochs = (PetscInt)epochs;
  }
  PetscCall(PetscStrToArrayDestroy(count, part));
  HGCheck(ok && count >= 1 && count <= HG_MAX_STAGES, comm,
          "-train_stages %s: give 1 to %d stages as type:iterations, such as adam:2000,lmvm:10000", text, HG_MAX_STAGES);
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
  PetscCall(HGTaoSetFromOptions(*tao));
  PetscFunctionReturn(PETSC_SUCCESS);
}
