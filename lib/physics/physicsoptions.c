/* SPDX-License-Identifier: BSD-2-Clause */
/* A built-in equation as the options that rebuild it: what a model file keeps of it */
#include "physics/physics_impl.h"

/*
  HGPhysicsAppendReal - Append " -name value" to options, so that the value is read back exactly

  Not Collective
*/
PetscErrorCode HGPhysicsAppendReal(char text[], size_t len, const char name[], PetscReal value)
{
  char item[128];

  PetscFunctionBegin;
  for (int digits = 6; digits <= 17; digits++) { /* the shortest that reads back the same */
    (void)snprintf(item, sizeof(item), " -%s %.*g", name, digits, (double)value);
    if (strtod(strrchr(item, ' '), NULL) == (double)value) break;
  }
  PetscCall(PetscStrlcat(text, item, len));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AppendSide(const HGSide *s, char text[], size_t len)
{
  char item[96];

  PetscFunctionBegin;
  if (s->kind == HG_PHYSICS_PERIODIC) PetscCall(PetscStrncpy(item, HGPhysicsBCs[s->kind], sizeof(item)));
  else if (s->kind == HG_PHYSICS_ROBIN)
    (void)snprintf(item, sizeof(item), "%s:%.17g:%.17g:%.17g", HGPhysicsBCs[s->kind], (double)s->alpha, (double)s->beta, (double)s->gamma);
  else (void)snprintf(item, sizeof(item), "%s:%.17g", HGPhysicsBCs[s->kind], (double)s->gamma);
  PetscCall(PetscStrlcat(text, item, len));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AppendDomain(HGPhysics p, char text[], size_t len)
{
  char item[256];

  PetscFunctionBegin;
  (void)snprintf(item, sizeof(item), " -physics_length %.17g,%.17g,%.17g -physics_stretch %.17g,%.17g,%.17g", (double)p->axis[2].length,
                 (double)p->axis[1].length, (double)p->axis[0].length, (double)p->axis[2].stretch, (double)p->axis[1].stretch,
                 (double)p->axis[0].stretch);
  PetscCall(PetscStrlcat(text, item, len));
  (void)snprintf(item, sizeof(item), " -physics_order %d -physics_bc %s", (int)p->order,
                 HGPhysicsBCModes[p->soft   ? HG_PHYSICS_BC_SOFT
                                  : p->hard ? HG_PHYSICS_BC_HARD
                                            : HG_PHYSICS_BC_SCHEME]);
  PetscCall(PetscStrlcat(text, item, len));
  for (int a = 2; a >= 0; a--) {
    (void)snprintf(item, sizeof(item), " -physics_bc_%c ", "zyx"[a]);
    PetscCall(PetscStrlcat(text, item, len));
    for (int s = 0; s < 2; s++) {
      if (s) PetscCall(PetscStrlcat(text, ",", len));
      PetscCall(AppendSide(&p->axis[a].side[s], text, len));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsGetOptionsString - Get the options that rebuild a built-in equation

   Not Collective

   Input Parameters:
+  p   - the equation, its type set
-  len - the length of text

   Output Parameter:
.  text - type, domain, conditions and parameters as options; empty for a user's equation, which only its program can rebuild

   Level: advanced

   Note:
   How fields are drawn and equations solved is no part of it.

.seealso: `HGPhysicsSetFromOptions()`, `HGModelInfo`
@*/
PetscErrorCode HGPhysicsGetOptionsString(HGPhysics p, char text[], size_t len)
{
  size_t n;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  *text = 0;
  if (!p->ops->options) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(text, len, "-physics_type %s", ((PetscObject)p)->type_name));
  PetscCall(AppendDomain(p, text, len));
  PetscCall((*p->ops->options)(p, text, len));
  PetscCall(PetscStrlen(text, &n));
  PetscCheck(n + 1 < len, PetscObjectComm((PetscObject)p), PETSC_ERR_ARG_SIZ, "the options of the equation need more than %zu characters",
             len);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsSetFromOptionsString - Set an equation from the options of `HGPhysicsGetOptionsString()`, and from nothing else

   Collective

   Input Parameters:
+  p    - the equation
-  text - the options

   Level: advanced

.seealso: `HGPhysicsSetFromOptions()`, `HGModelInfo`
@*/
PetscErrorCode HGPhysicsSetFromOptionsString(HGPhysics p, const char text[])
{
  PetscOptions own;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(PetscOptionsCreate(&own));
  PetscCall(PetscOptionsInsertString(own, text));
  PetscCall(PetscOptionsPush(own));
  PetscCall(HGPhysicsSetFromOptions(p));
  PetscCall(PetscOptionsPop());
  PetscCall(PetscOptionsDestroy(&own));
  PetscFunctionReturn(PETSC_SUCCESS);
}
