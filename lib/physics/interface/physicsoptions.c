/* SPDX-License-Identifier: BSD-2-Clause */
/* A built-in equation as the options that rebuild it: what a model file keeps of it */
#include "physics/physics_impl.h"
#include "model/hgmodel.h"
#include "sys/hgtext.h"

/*
  HGPhysicsAppendReal - Append " -name value" to options, so that the value is read back exactly

  Not Collective
*/
PetscErrorCode HGPhysicsAppendReal(char text[], size_t len, const char name[], PetscReal value)
{
  char item[128], number[HG_REAL_TEXT];

  PetscFunctionBegin;
  (void)snprintf(item, sizeof(item), " -%s %s", name, HGRealToText((double)value, number));
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
  if (p->axis[0].origin != 0 || p->axis[1].origin != 0 || p->axis[2].origin != 0) {
    (void)snprintf(item, sizeof(item), " -physics_origin %.17g,%.17g,%.17g", (double)p->axis[2].origin, (double)p->axis[1].origin,
                   (double)p->axis[0].origin);
    PetscCall(PetscStrlcat(text, item, len));
  }
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

/* What does not fit is cut */
static PetscErrorCode Describe(HGPhysics p, char text[], size_t len)
{
  PetscFunctionBegin;
  *text = 0;
  if (!p->ops->options) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(text, len, "-physics_type %s", ((PetscObject)p)->type_name));
  PetscCall(AppendDomain(p, text, len));
  PetscCall((*p->ops->options)(p, text, len));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nothing but the text is asked; what: where it comes from, for messages */
static PetscErrorCode SetFromText(HGPhysics p, const char what[], const char text[])
{
  PetscOptions own;

  PetscFunctionBegin;
  PetscCall(HGOptionsCreateFromText(PetscObjectComm((PetscObject)p), what, text, ((PetscObject)p)->prefix, &own));
  PetscCall(PetscOptionsPush(own));
  PetscCall(HGPhysicsSetFromOptions(p));
  PetscCall(PetscOptionsPop());
  PetscCall(HGOptionsDestroyUsed(PetscObjectComm((PetscObject)p), what, &own));
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

   Errors:
   A buffer that is too short.

.seealso: `HGPhysicsSetFromOptions()`, `HGPhysicsGetOptionsText()`
@*/
PetscErrorCode HGPhysicsGetOptionsString(HGPhysics p, char text[], size_t len)
{
  size_t n;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(Describe(p, text, len));
  PetscCall(PetscStrlen(text, &n));
  PetscCheck(n + 1 < len, PetscObjectComm((PetscObject)p), PETSC_ERR_ARG_SIZ, "the options of the equation need more than %zu characters",
             len);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGPhysicsGetOptionsText - Get the options that rebuild a built-in equation, whatever their length

   Not Collective

   Input Parameter:
.  p - the equation, its type set

   Output Parameter:
.  text - as of `HGPhysicsGetOptionsString()`; free it with `PetscFree()`

   Level: advanced

.seealso: `HGPhysicsGetOptionsString()`
@*/
PetscErrorCode HGPhysicsGetOptionsText(HGPhysics p, char **text)
{
  size_t room = 1024, n;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(PetscMalloc1(room, text));
  for (;;) {
    PetscCall(Describe(p, *text, room));
    PetscCall(PetscStrlen(*text, &n));
    if (n + 1 < room) PetscFunctionReturn(PETSC_SUCCESS);
    room *= 2;
    PetscCall(PetscRealloc(room, text));
  }
}

/*@C
   HGPhysicsSetFromOptionsString - Set an equation from the options of `HGPhysicsGetOptionsString()`, and from nothing else

   Collective

   Input Parameters:
+  p    - the equation
-  text - the options, without a prefix, whether the equation has one or not

   Level: advanced

   Errors:
   Options that the equation does not have.

.seealso: `HGPhysicsSetFromOptions()`, `HGPhysicsSetModel()`
@*/
PetscErrorCode HGPhysicsSetFromOptionsString(HGPhysics p, const char text[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(SetFromText(p, "the equation", text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsWriteModel - Write an equation into a model file

   Logically Collective

   Input Parameters:
+  p - the equation
-  m - the model

   Level: advanced

   Note:
   The attribute `physics_options` has the options of a built-in equation, those of its parameters with their present values. Of a user's equation, which only
   its program can rebuild, nothing is written.

.seealso: `HGPhysicsSetModel()`
@*/
PetscErrorCode HGPhysicsWriteModel(HGPhysics p, HGModel m)
{
  char *text;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(HGPhysicsGetOptionsText(p, &text));
  PetscCall(HGModelSetSection(m, "equation"));
  if (*text) PetscCall(HGModelPutText(m, "", "physics_options", text));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsSetModel - Set an equation to the one of a model file

   Collective

   Input Parameters:
+  p - the equation, new
-  m - the model, which has one

   Level: advanced

   Errors:
   A model without an equation; options that it does not have.

.seealso: `HGPhysicsWriteModel()`, `HGPhysicsSetFromOptionsString()`
@*/
PetscErrorCode HGPhysicsSetModel(HGPhysics p, HGModel m)
{
  const char *path, *text;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PHYSICS_CLASSID, 1);
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(HGModelGetText(m, "", "physics_options", &text));
  PetscCall(SetFromText(p, path, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}
