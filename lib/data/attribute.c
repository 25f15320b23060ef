/* SPDX-License-Identifier: BSD-2-Clause */
/* The one reader of attributes of netCDF files: any type, any length. */
#include "data/attribute.h"
#include <string.h>

static PetscErrorCode ReadCharacters(int nc, int id, const char name[], HGAttribute *a)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(a->n + 1, &a->text));
  if (a->n && nc_get_att_text(nc, id, name, a->text)) *a->text = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadStrings(int nc, int id, const char name[], HGAttribute *a)
{
  HGText text = {NULL, 0, 0};
  char **s;

  PetscFunctionBegin;
  PetscCall(HGTextAppend(&text, "%s", ""));
  PetscCall(PetscCalloc1(a->n, &s));
  if (a->n && !nc_get_att_string(nc, id, name, s)) {
    for (size_t i = 0; i < a->n; i++) PetscCall(HGTextAppend(&text, "%s%s", i ? ", " : "", s[i] ? s[i] : ""));
    (void)nc_free_string(a->n, s);
  }
  PetscCall(PetscFree(s));
  a->text = text.text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define NUMBER(KIND, FIELD, TYPE)                      \
  {                                                    \
    TYPE v;                                            \
    memcpy(&v, at, sizeof(v));                         \
    return (HGNumber){HG_NUMBER_##KIND, {.FIELD = v}}; \
  }

/* The number at some bytes of a netCDF type */
static HGNumber NumberAt(nc_type type, const char *at)
{
  switch (type) {
  case NC_BYTE:
    NUMBER(SIGNED, i, int8_t)
  case NC_SHORT:
    NUMBER(SIGNED, i, int16_t)
  case NC_INT:
    NUMBER(SIGNED, i, int32_t)
  case NC_INT64:
    NUMBER(SIGNED, i, int64_t)
  case NC_UBYTE:
    NUMBER(UNSIGNED, u, uint8_t)
  case NC_USHORT:
    NUMBER(UNSIGNED, u, uint16_t)
  case NC_UINT:
    NUMBER(UNSIGNED, u, uint32_t)
  case NC_UINT64:
    NUMBER(UNSIGNED, u, uint64_t)
  case NC_FLOAT:
    NUMBER(REAL, r, float)
  default:
    NUMBER(REAL, r, double)
  }
}

static PetscErrorCode ReadNumbers(int nc, int id, const char name[], HGAttribute *a)
{
  size_t size = 0;
  char  *bytes;

  PetscFunctionBegin;
  (void)nc_inq_type(nc, a->type, NULL, &size);
  PetscCall(PetscCalloc1(a->n * size, &bytes));
  PetscCall(PetscCalloc1(a->n, &a->number));
  if (a->n && nc_get_att(nc, id, name, bytes)) a->n = 0;
  for (size_t i = 0; i < a->n; i++) a->number[i] = NumberAt(a->type, bytes + i * size);
  PetscCall(PetscFree(bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGAttributeRead - Read an attribute of a netCDF file, whatever its type and length

   Not Collective

   Input Parameters:
+  nc   - the identifier of the file or group
.  id   - the variable, or `NC_GLOBAL`
-  name - the attribute

   Output Parameter:
.  a - the attribute, its type `NC_NAT` if there is none; free it with `HGAttributeFree()`

   Level: developer

   Note:
   All that Halograd reads of attributes of data files comes from here. Values of user-defined types are not read.

.seealso: `HGAttributeReadText()`, `HGPackingRead()`
@*/
PetscErrorCode HGAttributeRead(int nc, int id, const char name[], HGAttribute *a)
{
  PetscFunctionBegin;
  *a = (HGAttribute){NC_NAT, 0, NULL, NULL};
  if (nc_inq_att(nc, id, name, &a->type, &a->n)) a->type = NC_NAT;
  if (a->type == NC_CHAR) PetscCall(ReadCharacters(nc, id, name, a));
  else if (a->type == NC_STRING) PetscCall(ReadStrings(nc, id, name, a));
  else if (a->type != NC_NAT && a->type < NC_STRING) PetscCall(ReadNumbers(nc, id, name, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGAttributeFree - Free what `HGAttributeRead()` made

   Not Collective

   Input Parameter:
.  a - the attribute

   Level: developer

.seealso: `HGAttributeRead()`
@*/
PetscErrorCode HGAttributeFree(HGAttribute *a)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(a->text));
  PetscCall(PetscFree(a->number));
  *a = (HGAttribute){NC_NAT, 0, NULL, NULL};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGNumberToReal - The nearest double */
double HGNumberToReal(HGNumber n)
{
  return n.kind == HG_NUMBER_REAL ? n.v.r : n.kind == HG_NUMBER_SIGNED ? (double)n.v.i : (double)n.v.u;
}

/* HGNumberPrint - Add a number to a text, all digits of it */
PetscErrorCode HGNumberPrint(HGNumber n, HGText *text)
{
  PetscFunctionBegin;
  if (n.kind == HG_NUMBER_SIGNED) PetscCall(HGTextAppend(text, "%lld", (long long)n.v.i));
  else if (n.kind == HG_NUMBER_UNSIGNED) PetscCall(HGTextAppend(text, "%llu", (unsigned long long)n.v.u));
  else PetscCall(HGTextAppendNumber(text, n.v.r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGAttributePrint - Add the value of an attribute to a text

   Not Collective

   Input Parameters:
+  a    - the attribute
.  most - how many numbers to print, 0 for all; of more the number is told
-  text - the text

   Level: developer

.seealso: `HGAttributeRead()`
@*/
PetscErrorCode HGAttributePrint(const HGAttribute *a, size_t most, HGText *text)
{
  const size_t shown = most && a->n > most ? most : a->n;

  PetscFunctionBegin;
  if (a->text) PetscCall(HGTextAppend(text, "%s", a->text));
  else if (!a->number) PetscCall(HGTextAppend(text, "a value of a user-defined type"));
  for (size_t i = 0; a->number && i < shown; i++) {
    if (i) PetscCall(HGTextAppend(text, ", "));
    PetscCall(HGNumberPrint(a->number[i], text));
  }
  if (a->number && shown < a->n) PetscCall(HGTextAppend(text, ", ... (%zu values)", a->n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGAttributeReadText - Read a text attribute

   Not Collective

   Input Parameters:
+  nc   - the identifier of the file or group
.  id   - the variable, or `NC_GLOBAL`
-  name - the attribute

   Output Parameter:
.  text - its value, empty if there is no such text; free it with `PetscFree()`

   Level: developer

.seealso: `HGAttributeRead()`
@*/
PetscErrorCode HGAttributeReadText(int nc, int id, const char name[], char **text)
{
  HGAttribute a;

  PetscFunctionBegin;
  PetscCall(HGAttributeRead(nc, id, name, &a));
  PetscCall(PetscStrallocpy(a.text ? a.text : "", text));
  PetscCall(HGAttributeFree(&a));
  PetscFunctionReturn(PETSC_SUCCESS);
}
