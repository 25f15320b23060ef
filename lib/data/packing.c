/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Packed and missing values, by the attribute conventions of the NetCDF Users Guide (appendix A), as netCDF4-python reads them, with three differences:
   byte variables have no default fill value, as the guide says; an attribute of another type than the variable is brought to the variable's type
   instead of being left out with a warning; and what cannot be honoured is refused.
*/
#include "data/packing.h"
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HG_PACKING_FEW  8   /* values that are compared one by one */
#define HG_PACKING_SOME 512 /* values unpacked at once */

static PetscBool IsReal(nc_type t)
{
  return t == NC_FLOAT || t == NC_DOUBLE ? PETSC_TRUE : PETSC_FALSE;
}

static PetscBool IsUnsigned(nc_type t)
{
  return t == NC_UBYTE || t == NC_USHORT || t == NC_UINT || t == NC_UINT64 ? PETSC_TRUE : PETSC_FALSE;
}

/* 8, 16, 32, 64 */
static int Bits(nc_type t)
{
  switch (t) {
  case NC_BYTE:
  case NC_UBYTE:
    return 8;
  case NC_SHORT:
  case NC_USHORT:
    return 16;
  case NC_INT:
  case NC_UINT:
    return 32;
  default:
    return 64;
  }
}

/* The integer type of as many bits that has a sign, or has none */
static nc_type WithSign(nc_type t, PetscBool sign)
{
  switch (Bits(t)) {
  case 8:
    return sign ? NC_BYTE : NC_UBYTE;
  case 16:
    return sign ? NC_SHORT : NC_USHORT;
  case 32:
    return sign ? NC_INT : NC_UINT;
  default:
    return sign ? NC_INT64 : NC_UINT64;
  }
}

static const char *TypeName(nc_type t)
{
  static const char *const names[] = {"", "byte", "char", "short", "int", "float", "double", "ubyte", "ushort", "uint", "int64", "uint64"};

  return t > 0 && t < (nc_type)PETSC_STATIC_ARRAY_LENGTH(names) ? names[t] : "unknown";
}

/* Least and largest integer of a type of up to 64 bits; the largest of uint64 is UINT64_MAX */
static int64_t Least(nc_type t)
{
  return IsUnsigned(t) ? 0 : -(int64_t)((UINT64_C(1) << (Bits(t) - 1)) - 1) - 1;
}

static uint64_t Largest(nc_type t)
{
  return IsUnsigned(t) ? UINT64_MAX >> (64 - Bits(t)) : (UINT64_C(1) << (Bits(t) - 1)) - 1;
}

/* -1, 0, 1 for a number below, within and above the integers of a type */
static int Side(HGNumber n, nc_type t)
{
  if (n.kind == HG_NUMBER_UNSIGNED) return n.v.u > Largest(t);
  if (n.kind == HG_NUMBER_SIGNED) return n.v.i < Least(t) ? -1 : n.v.i > 0 && (uint64_t)n.v.i > Largest(t);
  /* Largest() + 1 is a power of two, and so exact as a double */
  return n.v.r < (double)Least(t) ? -1 : n.v.r >= 2 * (double)((Largest(t) >> 1) + 1);
}

/* A number as a packed value, rounded by the function for one that lies between; it is within the type */
static HGNumberValue Convert(HGNumber n, nc_type t, HGNumberKind kind, double (*rounded)(double))
{
  HGNumberValue v;

  if (kind == HG_NUMBER_REAL)
    v.r = t == NC_FLOAT ? (double)(float)HGNumberToReal(n) : IsReal(t) ? HGNumberToReal(n) : rounded(HGNumberToReal(n));
  else if (kind == HG_NUMBER_SIGNED) v.i = n.kind == HG_NUMBER_REAL ? (int64_t)rounded(n.v.r) : n.v.i;
  else v.u = n.kind == HG_NUMBER_REAL ? (uint64_t)rounded(n.v.r) : n.v.u;
  return v;
}

/* An attribute may be written in the variable's stored type, whose bits _Unsigned reads in another way */
static HGNumber Reinterpret(const HGPacking *p, HGNumber n)
{
  if (p->type == p->stored || n.kind == HG_NUMBER_REAL || Side(n, p->stored) || !Side(n, p->type)) return n;
  if (IsUnsigned(p->type)) return (HGNumber){HG_NUMBER_UNSIGNED, {.u = (uint64_t)n.v.i & Largest(p->type)}};
  return (HGNumber){HG_NUMBER_SIGNED, {.i = (int64_t)(n.v.u | ~Largest(p->stored))}};
}

/* Whether a packed value can be this number */
static PetscBool IsHeld(const HGPacking *p, HGNumber n)
{
  const double r = HGNumberToReal(n);

  if (IsReal(p->type))
    return p->type == NC_DOUBLE || isnan(r) || fabs(r) < (double)FLT_MAX * (1 + FLT_EPSILON / 4) ? PETSC_TRUE : PETSC_FALSE;
  if (n.kind == HG_NUMBER_REAL && !(r == floor(r))) return PETSC_FALSE;
  return Side(n, p->type) ? PETSC_FALSE : PETSC_TRUE;
}

static PetscBool IsPacked(const HGPacking *p)
{
  return p->scale != 1 || p->offset != 0 ? PETSC_TRUE : PETSC_FALSE;
}

/* ---- what the attributes say ---- */

typedef struct {
  int        nc, id;
  HGPacking *p;
  char      *msg; /* what cannot be honoured, empty for nothing */
  size_t     len;
  PetscBool  empty; /* no value of the type is within the valid range */
} Reader;

static PetscErrorCode Refuse(Reader *r, const char name[], const HGAttribute *a, const char expected[])
{
  HGText text = {NULL, 0, 0};

  PetscFunctionBegin;
  PetscCall(HGAttributePrint(a, 4, &text));
  (void)snprintf(r->msg, r->len, "its attribute %s is %s%.200s%s; expected %s", name, a->text ? "the text \"" : "", text.text,
                 a->text ? "\"" : "", expected);
  PetscCall(HGTextDestroy(&text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Text of nothing but blanks is no value */
static PetscBool IsBlank(const HGAttribute *a)
{
  if (!a->text) return a->number && !a->n ? PETSC_TRUE : PETSC_FALSE;
  for (const char *c = a->text; *c; c++)
    if (!isspace((unsigned char)*c)) return PETSC_FALSE;
  return PETSC_TRUE;
}

/* The numbers of an attribute, n of them, or any number for n = 0; none if there is no such attribute */
static PetscErrorCode ReadNumbers(Reader *r, const char name[], size_t n, HGAttribute *a)
{
  static const char *const expected[] = {"numbers", "one number", "two numbers"};

  PetscFunctionBegin;
  *a = (HGAttribute){NC_NAT, 0, NULL, NULL};
  if (*r->msg) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGAttributeRead(r->nc, r->id, name, a));
  if (a->type == NC_NAT || (!n && IsBlank(a))) PetscCall(HGAttributeFree(a));
  else if (!a->number || (n && a->n != n)) {
    PetscCall(Refuse(r, name, a, expected[n]));
    PetscCall(HGAttributeFree(a));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadFactor(Reader *r, const char name[], PetscBool zero, double *v)
{
  HGAttribute a;

  PetscFunctionBegin;
  PetscCall(ReadNumbers(r, name, 1, &a));
  if (a.n) *v = HGNumberToReal(a.number[0]);
  if (a.n && (!isfinite(*v) || (!zero && *v == 0)))
    PetscCall(Refuse(r, name, &a, zero ? "a finite number" : "a finite number that is not zero"));
  PetscCall(HGAttributeFree(&a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool IsWord(const char text[], const char word[])
{
  while (*text && tolower((unsigned char)*text) == *word) text++, word++;
  return !*text && !*word ? PETSC_TRUE : PETSC_FALSE;
}

/* _Unsigned says in which way the bits of an integer are read. Files older than it tell unsigned bytes by a valid range beyond 127. */
static PetscErrorCode ReadSign(Reader *r)
{
  HGPacking  *p = r->p;
  HGAttribute a;

  PetscFunctionBegin;
  PetscCall(HGAttributeRead(r->nc, r->id, "_Unsigned", &a));
  if (a.type != NC_NAT && !IsReal(p->stored)) {
    if (a.text && IsWord(a.text, "true")) p->type = WithSign(p->stored, PETSC_FALSE);
    else if (a.text && IsWord(a.text, "false")) p->type = WithSign(p->stored, PETSC_TRUE);
    else PetscCall(Refuse(r, "_Unsigned", &a, "true or false"));
  }
  PetscCall(HGAttributeFree(&a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode UseBound(Reader *r, const char name[], const HGAttribute *a, size_t i, int side)
{
  HGPacking     *p     = r->p;
  const HGNumber n     = Reinterpret(p, a->number[i]);
  HGNumberValue *bound = side < 0 ? &p->lo : &p->hi;
  const int      where = IsReal(p->type) ? 0 : Side(n, p->type);

  PetscFunctionBegin;
  if (isnan(HGNumberToReal(n))) PetscCall(Refuse(r, name, a, "a number"));
  else if (IsPacked(p) && !IsHeld(p, n)) {
    char expected[128];

    (void)snprintf(expected, sizeof(expected), "what a packed value, of type %s, can be: it is compared before unpacking",
                   TypeName(p->type));
    PetscCall(Refuse(r, name, a, expected));
  } else if (IsReal(p->type) && !IsHeld(p, n)) bound->r = HGNumberToReal(n);
  else if (!where) *bound = Convert(n, p->type, p->kind, side < 0 ? ceil : floor);
  else if (where == -side) r->empty = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadBounds(Reader *r)
{
  HGAttribute range, bound[2];

  PetscFunctionBegin;
  PetscCall(ReadNumbers(r, "valid_range", 2, &range));
  PetscCall(ReadNumbers(r, "valid_min", 1, &bound[0]));
  PetscCall(ReadNumbers(r, "valid_max", 1, &bound[1]));
  for (int k = 0; k < 2; k++) {
    if (range.n && !*r->msg) PetscCall(UseBound(r, "valid_range", &range, (size_t)k, k ? 1 : -1));
    if (bound[k].n && !range.n && !*r->msg) PetscCall(UseBound(r, k ? "valid_max" : "valid_min", &bound[k], 0, k ? 1 : -1));
    PetscCall(HGAttributeFree(&bound[k]));
  }
  PetscCall(HGAttributeFree(&range));
  if (!r->empty) PetscFunctionReturn(PETSC_SUCCESS);
  r->p->lo = Convert((HGNumber){HG_NUMBER_SIGNED, {.i = 1}}, r->p->type, r->p->kind, floor);
  r->p->hi = Convert((HGNumber){HG_NUMBER_SIGNED, {.i = 0}}, r->p->type, r->p->kind, floor);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A byte whose valid range goes beyond 127 and not below 0 has no sign, says the Users Guide */
static PetscErrorCode ReadByteSign(Reader *r)
{
  HGAttribute a[3];
  HGNumber    lo = {HG_NUMBER_SIGNED, {.i = -1}}, hi = {HG_NUMBER_SIGNED, {.i = 0}};

  PetscFunctionBegin;
  PetscCall(ReadNumbers(r, "valid_range", 2, &a[0]));
  PetscCall(ReadNumbers(r, "valid_min", 1, &a[1]));
  PetscCall(ReadNumbers(r, "valid_max", 1, &a[2]));
  if (a[0].n || a[1].n) lo = a[0].n ? a[0].number[0] : a[1].number[0];
  if (a[0].n || a[2].n) hi = a[0].n ? a[0].number[1] : a[2].number[0];
  if (HGNumberToReal(lo) >= 0 && HGNumberToReal(hi) > 127) r->p->type = NC_UBYTE;
  for (int k = 0; k < 3; k++) PetscCall(HGAttributeFree(&a[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The fill value that netCDF writes by itself where nothing was written; for bytes the Users Guide has readers assume none */
static PetscBool DefaultFill(nc_type type, HGNumber *n)
{
  switch (type) {
  case NC_SHORT:
    *n = (HGNumber){HG_NUMBER_SIGNED, {.i = NC_FILL_SHORT}};
    return PETSC_TRUE;
  case NC_INT:
    *n = (HGNumber){HG_NUMBER_SIGNED, {.i = NC_FILL_INT}};
    return PETSC_TRUE;
  case NC_INT64:
    *n = (HGNumber){HG_NUMBER_SIGNED, {.i = NC_FILL_INT64}};
    return PETSC_TRUE;
  case NC_USHORT:
    *n = (HGNumber){HG_NUMBER_UNSIGNED, {.u = NC_FILL_USHORT}};
    return PETSC_TRUE;
  case NC_UINT:
    *n = (HGNumber){HG_NUMBER_UNSIGNED, {.u = NC_FILL_UINT}};
    return PETSC_TRUE;
  case NC_UINT64:
    *n = (HGNumber){HG_NUMBER_UNSIGNED, {.u = NC_FILL_UINT64}};
    return PETSC_TRUE;
  case NC_FLOAT:
    *n = (HGNumber){HG_NUMBER_REAL, {.r = (double)NC_FILL_FLOAT}};
    return PETSC_TRUE;
  case NC_DOUBLE:
    *n = (HGNumber){HG_NUMBER_REAL, {.r = NC_FILL_DOUBLE}};
    return PETSC_TRUE;
  default:
    return PETSC_FALSE;
  }
}

/* A number that no value can be marks none, unless it was meant for the unpacked values */
static PetscErrorCode AddMissing(Reader *r, const char name[], const HGAttribute *a, HGNumber number)
{
  HGPacking     *p = r->p;
  const HGNumber n = Reinterpret(p, number);
  char           expected[128];

  PetscFunctionBegin;
  if (isnan(HGNumberToReal(n))) PetscFunctionReturn(PETSC_SUCCESS); /* values that are NaN are missing without it */
  if (IsHeld(p, n)) p->missing[p->nmissing++] = Convert(n, p->type, p->kind, floor);
  else if (IsPacked(p)) {
    (void)snprintf(expected, sizeof(expected), "what a packed value, of type %s, can be: it is compared before unpacking",
                   TypeName(p->type));
    PetscCall(Refuse(r, name, a, expected));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int CompareReal(const void *a, const void *b)
{
  const double x = ((const HGNumberValue *)a)->r, y = ((const HGNumberValue *)b)->r;

  return (x > y) - (x < y);
}

static int CompareSigned(const void *a, const void *b)
{
  const int64_t x = ((const HGNumberValue *)a)->i, y = ((const HGNumberValue *)b)->i;

  return (x > y) - (x < y);
}

static int CompareUnsigned(const void *a, const void *b)
{
  const uint64_t x = ((const HGNumberValue *)a)->u, y = ((const HGNumberValue *)b)->u;

  return (x > y) - (x < y);
}

static int (*const Compare[])(const void *, const void *) = {CompareReal, CompareSigned, CompareUnsigned};

static PetscErrorCode ReadMissing(Reader *r)
{
  HGPacking  *p = r->p;
  HGAttribute fill, missing;
  HGNumber    def;

  PetscFunctionBegin;
  PetscCall(ReadNumbers(r, "_FillValue", 1, &fill));
  PetscCall(ReadNumbers(r, "missing_value", 0, &missing));
  PetscCall(PetscMalloc1(1 + missing.n, &p->missing));
  if (fill.n) PetscCall(AddMissing(r, "_FillValue", &fill, fill.number[0]));
  else if (DefaultFill(p->stored, &def)) PetscCall(AddMissing(r, "_FillValue", &fill, def));
  p->nfill = p->nmissing;
  for (size_t i = 0; i < missing.n && !*r->msg; i++) PetscCall(AddMissing(r, "missing_value", &missing, missing.number[i]));
  qsort(p->missing + p->nfill, (size_t)(p->nmissing - p->nfill), sizeof(*p->missing), Compare[p->kind]);
  PetscCall(HGAttributeFree(&fill));
  PetscCall(HGAttributeFree(&missing));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void SetKind(HGPacking *p)
{
  p->kind = p->type == NC_INT64 ? HG_NUMBER_SIGNED : p->type == NC_UINT64 ? HG_NUMBER_UNSIGNED : HG_NUMBER_REAL;
  if (p->kind == HG_NUMBER_REAL) {
    p->lo.r = -INFINITY;
    p->hi.r = INFINITY;
  } else if (p->kind == HG_NUMBER_SIGNED) {
    p->lo.i = INT64_MIN;
    p->hi.i = INT64_MAX;
  } else {
    p->lo.u = 0;
    p->hi.u = UINT64_MAX;
  }
}

/*@C
   HGPackingRead - Find out from its attributes what the numbers of a variable mean

   Not Collective

   Input Parameters:
+  nc  - the identifier of the file or group
.  id  - the variable, of a numeric type
-  len - length of the message

   Output Parameters:
+  p   - how to read its values; free it with `HGPackingFree()`, also after a failure
-  msg - the attribute that cannot be honoured, with what was expected; empty if all can

   Level: developer

   Notes:
   `_Unsigned`, `scale_factor`, `add_offset`, `_FillValue` (or the type's default; bytes have none), `missing_value`, `valid_min`, `valid_max` and
   `valid_range` as the NetCDF Users Guide has them. Fill values, missing values and ranges are compared with packed values in the variable's type.

   Errors:
   In `msg`: text or several values where one number is expected, a scale of zero, fill values or bounds that a packed value cannot have.

.seealso: `HGPackingUnpack()`, `HGAttributeRead()`
@*/
PetscErrorCode HGPackingRead(int nc, int id, HGPacking *p, char *msg, size_t len)
{
  Reader r = {nc, id, p, msg, len, PETSC_FALSE};

  PetscFunctionBegin;
  *msg = 0;
  *p   = (HGPacking){.scale = 1, .offset = 0};
  (void)nc_inq_vartype(nc, id, &p->stored);
  p->type = p->stored;
  PetscCall(ReadSign(&r));
  if (p->type == NC_BYTE && p->stored == NC_BYTE && nc_inq_att(nc, id, "_Unsigned", NULL, NULL)) PetscCall(ReadByteSign(&r));
  SetKind(p);
  PetscCall(ReadFactor(&r, "scale_factor", PETSC_FALSE, &p->scale));
  PetscCall(ReadFactor(&r, "add_offset", PETSC_TRUE, &p->offset));
  PetscCall(ReadBounds(&r));
  PetscCall(ReadMissing(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPackingFree - Free what `HGPackingRead()` made

   Not Collective

   Input Parameter:
.  p - the packing

   Level: developer

.seealso: `HGPackingRead()`
@*/
PetscErrorCode HGPackingFree(HGPacking *p)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(p->missing));
  p->nmissing = p->nfill = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGPackingBroadcast - Give every rank rank 0's. Collective */
PetscErrorCode HGPackingBroadcast(MPI_Comm comm, HGPacking *p)
{
  HGNumberValue *missing = p->missing;
  PetscMPIInt    rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Bcast(p, sizeof(*p), MPI_BYTE, 0, comm));
  p->missing = missing;
  if (rank) {
    PetscCall(PetscFree(p->missing));
    PetscCall(PetscMalloc1(p->nmissing, &p->missing));
  }
  PetscCallMPI(MPI_Bcast(p->missing, (PetscMPIInt)p->nmissing, MPI_UINT64_T, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- values ---- */

/*
  HGPackingGetValues - Read packed values: 64-bit integers as they are, others as doubles, for HGPackingUnpack()

  Not Collective

  Input Parameters:
+ p     - the packing
. nc    - the identifier of the file or group
. id    - the variable
. start - first of each dimension
- count - how many

  Output Parameter:
. buf - the values, eight bytes each

  Returns netCDF's error code.
*/
int HGPackingGetValues(const HGPacking *p, int nc, int id, const size_t start[], const size_t count[], void *buf)
{
  if (p->stored == NC_INT64) return nc_get_vara_longlong(nc, id, start, count, (long long *)buf);
  if (p->stored == NC_UINT64) return nc_get_vara_ulonglong(nc, id, start, count, (unsigned long long *)buf);
  return nc_get_vara_double(nc, id, start, count, (double *)buf);
}

/* The values of small integers as _Unsigned reads them */
static void Wrap(const HGPacking *p, size_t n, double v[])
{
  const double all = ldexp(1, Bits(p->stored));

  if (IsUnsigned(p->type))
    for (size_t i = 0; i < n; i++) v[i] = v[i] < 0 ? v[i] + all : v[i];
  else
    for (size_t i = 0; i < n; i++) v[i] = v[i] >= all / 2 ? v[i] - all : v[i];
}

/* Whether one of many values is missing, by a search among them */
static PetscBool IsAmong(const HGPacking *p, const HGNumberValue *v)
{
  for (PetscInt k = 0; k < p->nfill; k++)
    if (!Compare[p->kind](v, &p->missing[k])) return PETSC_TRUE;
  return bsearch(v, p->missing + p->nfill, (size_t)(p->nmissing - p->nfill), sizeof(*v), Compare[p->kind]) ? PETSC_TRUE : PETSC_FALSE;
}

/* bad[i] becomes 1 where a value is missing: a double, for loops that compilers turn into vector instructions */
#define DEFINE_MARK(NAME, TYPE, FIELD)                                                               \
  static void Mark##NAME(const HGPacking *p, size_t n, const TYPE *restrict v, double *restrict bad) \
  {                                                                                                  \
    const TYPE lo = p->lo.FIELD, hi = p->hi.FIELD;                                                   \
                                                                                                     \
    for (size_t i = 0; i < n; i++) bad[i] = v[i] < lo || v[i] > hi ? 1 : 0;                          \
    for (PetscInt k = 0; k < p->nmissing && p->nmissing <= HG_PACKING_FEW; k++) {                    \
      const TYPE m = p->missing[k].FIELD;                                                            \
                                                                                                     \
      for (size_t i = 0; i < n; i++) bad[i] = v[i] == m ? 1 : bad[i];                                \
    }                                                                                                \
    for (size_t i = 0; i < n && p->nmissing > HG_PACKING_FEW; i++)                                   \
      if (IsAmong(p, &(HGNumberValue){.FIELD = v[i]})) bad[i] = 1;                                   \
  }
DEFINE_MARK(Real, double, r)
DEFINE_MARK(Signed, int64_t, i)
DEFINE_MARK(Unsigned, uint64_t, u)

/* Whether a double holds a 64-bit integer exactly: it has at most 53 bits between the first and the last that are set */
static PetscBool IsExact(uint64_t magnitude)
{
  while (magnitude && !(magnitude & 1)) magnitude >>= 1;
  return magnitude >> 53 ? PETSC_FALSE : PETSC_TRUE;
}

static uint64_t Magnitude(const HGPacking *p, const HGNumberValue *v)
{
  return p->kind == HG_NUMBER_SIGNED && v->i < 0 ? -(uint64_t)v->i : v->u;
}

/* At most HG_PACKING_SOME values */
static void UnpackSome(const HGPacking *p, size_t n, void *buf)
{
  HGNumberValue *at = (HGNumberValue *)buf;
  double        *v  = (double *)buf, bad[HG_PACKING_SOME];

  if (p->kind == HG_NUMBER_REAL) {
    if (p->type != p->stored) Wrap(p, n, v);
    MarkReal(p, n, v, bad);
  } else {
    if (p->kind == HG_NUMBER_SIGNED) MarkSigned(p, n, (const int64_t *)buf, bad);
    else MarkUnsigned(p, n, (const uint64_t *)buf, bad);
    for (size_t i = 0; i < n; i++) {
      if (!IsExact(Magnitude(p, &at[i]))) bad[i] = 1;
      at[i].r = p->kind == HG_NUMBER_SIGNED ? (double)at[i].i : (double)at[i].u;
    }
  }
  for (size_t i = 0; i < n; i++) v[i] = bad[i] != 0 ? NAN : v[i] * p->scale + p->offset;
}

/*
  HGPackingUnpack - Turn packed values into those they stand for, NaN for missing ones and for integers that no double holds

  Not Collective

  Input Parameters:
+ p - the packing
- n - number of values

  Input/Output Parameter:
. buf - from HGPackingGetValues(); becomes doubles
*/
void HGPackingUnpack(const HGPacking *p, size_t n, void *buf)
{
  for (size_t i = 0; i < n; i += HG_PACKING_SOME) UnpackSome(p, PetscMin(n - i, HG_PACKING_SOME), (char *)buf + 8 * i);
}

/*
  HGPackingExplain - Say why a value is none

  Not Collective

  Input Parameters:
+ p     - the packing
. value - as HGPackingGetValues() read it
- len   - length of the text

  Output Parameter:
. why - such as "-999, its missing_value"
*/
PetscErrorCode HGPackingExplain(const HGPacking *p, const void *value, char *why, size_t len)
{
  HGNumber    n    = {p->kind, {.u = 0}};
  HGText      text = {NULL, 0, 0};
  double      v, bad = 0;
  const char *reason;
  PetscInt    k;

  PetscFunctionBegin;
  memcpy(&n.v, value, 8);
  if (p->kind == HG_NUMBER_REAL && p->type != p->stored) Wrap(p, 1, &n.v.r);
  for (k = 0; k < p->nmissing && Compare[p->kind](&n.v, &p->missing[k]); k++) {}
  v = HGNumberToReal(n);
  PetscCall(HGNumberPrint(n, &text));
  if (p->kind == HG_NUMBER_REAL) MarkReal(p, 1, &n.v.r, &bad);
  else if (p->kind == HG_NUMBER_SIGNED) MarkSigned(p, 1, &n.v.i, &bad);
  else MarkUnsigned(p, 1, &n.v.u, &bad);
  if (isnan(v)) reason = "";
  else if (k < p->nfill) reason = ", its fill value";
  else if (k < p->nmissing) reason = ", its missing_value";
  else if (bad != 0) reason = ", outside its valid range";
  else if (p->kind != HG_NUMBER_REAL && !IsExact(Magnitude(p, &n.v))) reason = ", an integer that no double holds exactly";
  else reason = isfinite(v) ? ", infinite when unpacked" : "";
  (void)snprintf(why, len, "%s%s", isnan(v) ? "NaN" : text.text, reason);
  PetscCall(HGTextDestroy(&text));
  PetscFunctionReturn(PETSC_SUCCESS);
}
