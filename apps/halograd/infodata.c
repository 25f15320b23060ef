/* SPDX-License-Identifier: BSD-2-Clause */
/* What a data file holds. Values are read as a dataset reads them: by their attributes, in blocks of whole chunks. */
#include "infodata.h"
#include "data/blocks.h"
#include "data/dimension.h"
#include "data/packing.h"
#include <math.h>

#define BUFFER ((size_t)1024 * 1024) /* values read at once */

typedef struct {
  double     least, most;
  PetscInt64 missing; /* fill values, values outside the valid range, NaN, infinities */
} Range;

static PetscBool IsIn(const char name[], const char *const list[])
{
  for (; list && *list; list++)
    if (!strcmp(name, *list)) return PETSC_TRUE;
  return PETSC_FALSE;
}

PetscErrorCode AppPrintAttributes(int nc, const char path[], const char indent[], const char *const hidden[])
{
  int n = 0;

  PetscFunctionBegin;
  (void)nc_inq_natts(nc, &n);
  for (int i = 0; i < n; i++) {
    char        name[NC_MAX_NAME + 1] = "";
    HGText      text                  = {NULL, 0, 0};
    HGAttribute a;

    if (nc_inq_attname(nc, NC_GLOBAL, i, name) || IsIn(name, hidden)) continue;
    PetscCall(HGAttributeRead(nc, NC_GLOBAL, name, &a));
    PetscCall(HGAttributePrint(&a, 0, &text));
    (void)printf("%s%s%s: %s\n", indent, path, name, text.text ? text.text : "");
    PetscCall(HGTextDestroy(&text));
    PetscCall(HGAttributeFree(&a));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void AddToRange(Range *r, const double v[], size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(v[i])) r->missing++;
    else {
      r->least = PetscMin(r->least, v[i]);
      r->most  = PetscMax(r->most, v[i]);
    }
  }
}

/* Least and largest value of a variable of numbers; why they cannot be told, if so */
static PetscErrorCode FindRange(int nc, int id, Range *r, char why[], size_t len)
{
  size_t    start[NC_MAX_VAR_DIMS], count[NC_MAX_VAR_DIMS], points = 1;
  int       dim[NC_MAX_VAR_DIMS], e = NC_NOERR;
  HGBlocks *b;
  HGPacking pack;
  double   *buf;

  PetscFunctionBegin;
  PetscCall(PetscNew(&b));
  (void)nc_inq_var(nc, id, NULL, NULL, &b->ndims, dim, NULL);
  for (int i = 0; i < b->ndims; i++) {
    (void)nc_inq_dimlen(nc, dim[i], &b->n[i]);
    points *= b->n[i];
  }
  PetscCall(HGPackingRead(nc, id, &pack, why, len));
  if (points && !*why) {
    PetscCall(HGBlocksPlan(b, nc, id, BUFFER));
    PetscCall(PetscMalloc1(b->elements, &buf));
    while (!e && HGBlocksNext(b, start, count)) {
      size_t n = 1;

      for (int i = 0; i < b->ndims; i++) n *= count[i];
      e = HGPackingGetValues(&pack, nc, id, start, count, buf);
      if (e) continue;
      HGPackingUnpack(&pack, n, buf);
      AddToRange(r, buf, n);
    }
    PetscCall(PetscFree(buf));
    if (e) (void)snprintf(why, len, "they cannot be read: %s", nc_strerror(e));
  }
  PetscCall(HGPackingFree(&pack));
  PetscCall(PetscFree(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintRange(int nc, int id, nc_type type)
{
  char  why[512] = "";
  Range r        = {INFINITY, -INFINITY, 0};

  PetscFunctionBegin;
  if (type == NC_CHAR || type >= NC_STRING) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(FindRange(nc, id, &r, why, sizeof(why)));
  if (*why) (void)printf(", values cannot be told: %s", why);
  else if (r.least <= r.most) (void)printf(", from %g to %g", r.least, r.most);
  if (!*why && r.missing) (void)printf(", %" PetscInt64_FMT " missing or not finite", r.missing);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintVariable(const HGFileEntry *v)
{
  char   *units, *long_name, type_name[NC_MAX_NAME + 1] = "?";
  HGText  shape = {NULL, 0, 0};
  nc_type type  = NC_NAT;

  PetscFunctionBegin;
  (void)nc_inq_vartype(v->group, v->id, &type);
  (void)nc_inq_type(v->group, type, type_name, NULL);
  PetscCall(HGFileAddShape(v->group, v->id, &shape));
  PetscCall(HGAttributeReadText(v->group, v->id, "units", &units));
  PetscCall(HGAttributeReadText(v->group, v->id, "long_name", &long_name));
  (void)printf("  %s%s %s", v->path, shape.text, type_name);
  if (*units) (void)printf(", units %s", units);
  PetscCall(PrintRange(v->group, v->id, type));
  (void)printf("%s%s\n", *long_name ? ": " : "", long_name);
  PetscCall(HGTextDestroy(&shape));
  PetscCall(PetscFree(units));
  PetscCall(PetscFree(long_name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The dimension that counts the samples of the first field of numbers */
static PetscErrorCode PrintSamples(PetscInt n, const HGFileEntry list[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    char    name[NC_MAX_NAME + 1] = "";
    size_t  len                   = 0;
    int     dim                   = -1;
    nc_type type                  = NC_NAT;

    (void)nc_inq_vartype(list[i].group, list[i].id, &type);
    if (type != NC_CHAR && type < NC_STRING) PetscCall(HGDimFindSamples(list[i].group, list[i].id, &dim));
    if (dim < 0 || nc_inq_dim(list[i].group, dim, name, &len)) continue;
    (void)printf("samples: %zu%s%s%s\n", len, strcmp(name, "sample") ? " (" : "", strcmp(name, "sample") ? name : "",
                 strcmp(name, "sample") ? ")" : "");
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrintGroupAttributes(int group, const char path[])
{
  int n = 0, *inner;

  PetscFunctionBegin;
  PetscCall(AppPrintAttributes(group, path, "  ", NULL));
  (void)nc_inq_grps(group, &n, NULL);
  PetscCall(PetscMalloc1(n, &inner));
  (void)nc_inq_grps(group, &n, inner);
  for (int i = 0; i < n; i++) {
    char   name[NC_MAX_NAME + 1] = "";
    HGText longer                = {NULL, 0, 0};

    (void)nc_inq_grpname(inner[i], name);
    PetscCall(HGTextAppend(&longer, "%s%s/", path, name));
    PetscCall(PrintGroupAttributes(inner[i], longer.text));
    PetscCall(HGTextDestroy(&longer));
  }
  PetscCall(PetscFree(inner));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppPrintData(int nc)
{
  HGFileEntry *list;
  PetscInt     n;

  PetscFunctionBegin;
  PetscCall(PrintGroupAttributes(nc, ""));
  PetscCall(HGFileList(nc, &n, &list));
  PetscCall(PrintSamples(n, list));
  (void)printf("variables:\n");
  for (PetscInt i = 0; i < n; i++) PetscCall(PrintVariable(&list[i]));
  PetscCall(HGFileListFree(n, &list));
  PetscFunctionReturn(PETSC_SUCCESS);
}
