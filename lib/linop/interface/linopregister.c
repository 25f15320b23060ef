/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

PetscFunctionList HGLinOpList = NULL;

static PetscErrorCode FreeRegistry(void)
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListDestroy(&HGLinOpList));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLinOpRegister - Add a type of linear operator

   Not Collective

   Input Parameters:
+  name   - the new type's name
-  create - sets the operations of an `HGLinOp` of that type

   Level: advanced

.seealso: `HGLinOpSetType()`, `HGLINOPSHELL`
@*/
PetscErrorCode HGLinOpRegister(const char name[], PetscErrorCode (*create)(HGLinOp))
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListAdd(&HGLinOpList, name, create));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  const char *name;
  PetscErrorCode (*create)(HGLinOp);
} Type;

static const Type Types[] = {
    {HGLINOPCLEAR, HGLinOpCreate_Memory},
    {HGLINOPADD, HGLinOpCreate_Memory},
    {HGLINOPCOPY, HGLinOpCreate_Memory},
    {HGLINOPMOVE, HGLinOpCreate_Memory},
    {HGLINOPALLOCATE, HGLinOpCreate_Pad},
    {HGLINOPDEALLOCATE, HGLinOpCreate_Crop},
    {HGLINOPSENDRECV, HGLinOpCreate_Repartition},
    {HGLINOPSCATTER, HGLinOpCreate_Repartition},
    {HGLINOPGATHER, HGLinOpCreate_Repartition},
    {HGLINOPREPARTITION, HGLinOpCreate_Repartition},
    {HGLINOPBROADCAST, HGLinOpCreate_Broadcast},
    {HGLINOPSUMREDUCE, HGLinOpCreate_Broadcast},
    {HGLINOPALLSUMREDUCE, HGLinOpCreate_Broadcast},
    {HGLINOPHALO, HGLinOpCreate_Halo},
    {HGLINOPPAD, HGLinOpCreate_Pad},
    {HGLINOPCROP, HGLinOpCreate_Crop},
    {HGLINOPRESTRICT, HGLinOpCreate_Restrict},
    {HGLINOPZEROFILL, HGLinOpCreate_Restrict},
    {HGLINOPCOMPOSE, HGLinOpCreate_Compose},
    {HGLINOPSUM, HGLinOpCreate_Sum},
    {HGLINOPADJOINT, HGLinOpCreate_Adjoint},
    {HGLINOPSCALE, HGLinOpCreate_Scale},
    {HGLINOPSHELL, HGLinOpCreate_Shell},
};

PetscErrorCode HGLinOpRegisterAll(void)
{
  static PetscBool done = PETSC_FALSE;

  PetscFunctionBegin;
  if (done && HGLinOpList) PetscFunctionReturn(PETSC_SUCCESS);
  done = PETSC_TRUE;
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(Types); i++) PetscCall(HGLinOpRegister(Types[i].name, Types[i].create));
  PetscCall(PetscRegisterFinalize(FreeRegistry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The function that makes an operator of a type */
PetscErrorCode HGLinOpFind(MPI_Comm comm, const char name[], PetscErrorCode (**create)(HGLinOp))
{
  PetscFunctionBegin;
  PetscCall(PetscFunctionListFind(HGLinOpList, name, create));
  if (*create) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGNamesRefuse(comm, "linear operator", name, HGLinOpList, "-linop_type"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
