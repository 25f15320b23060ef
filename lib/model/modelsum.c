/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Checksums of what a model file holds, not of its bytes, so that they survive nccopy and other compression. The text attribute "checksum" has a line
   for the attributes of each section, their names behind it, one for each array with its shape, and a last one for all lines before:

     1b2c3d4e<tab>net<tab>net_options<tab>dim ...
     5f6a7b8c<tab>conv1/weight(8, 1, 3, 3)
     9d0e1f2a<tab>all

   A sum is the CRC-32 of zlib and PNG: over the values of an array as little-endian doubles, in the order of the file; over the attributes of a
   section, of each its name, a 0, t, i or r for text, integer or real, and its characters, 64-bit integers or doubles, little-endian.
*/
#include "model/model_impl.h"
#include "sys/hgtext.h"
#include <endian.h>
#include <zlib.h>

/* Of bytes as they are, after those that gave the sum */
uint32_t HGModelSumBytes(uint32_t sum, const void *bytes, size_t n)
{
  return (uint32_t)crc32_z(sum, (const unsigned char *)bytes, n);
}

/* Little-endian, whatever the machine */
static uint32_t SumWords(uint32_t sum, const void *words, size_t n)
{
  uint64_t buf[512];

  if (htole64(1) == 1) return HGModelSumBytes(sum, words, 8 * n);
  for (size_t i = 0; i < n; i += 512) {
    const size_t m = PetscMin(n - i, 512);

    memcpy(buf, (const char *)words + 8 * i, 8 * m);
    for (size_t k = 0; k < m; k++) buf[k] = htole64(buf[k]);
    sum = HGModelSumBytes(sum, buf, 8 * m);
  }
  return sum;
}

/* Of n floats as doubles */
static uint32_t SumFloats(uint32_t sum, const float value[], size_t n)
{
  double buf[2048];

  for (size_t i = 0; i < n; i += 2048) {
    const size_t m = PetscMin(n - i, 2048);

    for (size_t k = 0; k < m; k++) buf[k] = (double)value[i + k];
    sum = SumWords(sum, buf, m);
  }
  return sum;
}

/* HGModelSumValues - The sum of values of an array */
uint32_t HGModelSumValues(HGDType type, const void *value, size_t n)
{
  return type == HG_F32 ? SumFloats(0, (const float *)value, n) : SumWords(0, value, n);
}

/* HGModelShiftSum - What a part with n bytes behind it adds to the sum of the whole, by exclusive or: the sum of bytes a and then b is that of a, shifted by
   the length of b, and that of b */
uint32_t HGModelShiftSum(uint32_t sum, size_t n)
{
  return n ? (uint32_t)crc32_combine(sum, 0, (z_off_t)n) : sum;
}

static void FullName(const HGModelEntry *e, char text[], size_t len)
{
  (void)snprintf(text, len, "%s%s%s", e->group, *e->group ? "/" : "", e->name);
}

static uint32_t SumAttribute(uint32_t sum, const HGModelEntry *e)
{
  char name[1024];

  FullName(e, name, sizeof(name));
  sum = HGModelSumBytes(sum, name, strlen(name) + 1);
  sum = HGModelSumBytes(sum, e->kind == HG_MODEL_TEXT ? "t" : e->kind == HG_MODEL_INT ? "i" : "r", 1);
  return e->kind == HG_MODEL_TEXT ? HGModelSumBytes(sum, e->value, e->n) : SumWords(sum, e->value, e->n);
}

/* "(8, 1, 3, 3)" */
void HGModelShapeText(const HGModelEntry *e, char text[], size_t len)
{
  (void)snprintf(text, len, "(");
  for (int i = 0; i < e->ndim; i++) (void)snprintf(text + strlen(text), len - strlen(text), "%s%zu", i ? ", " : "", e->shape[i]);
  (void)snprintf(text + strlen(text), len - strlen(text), ")");
}

/* ---- writing ---- */

static PetscBool IsFirstOfSection(HGModel m, PetscInt i)
{
  for (PetscInt k = 0; k < i; k++)
    if (m->entry[k].kind != HG_MODEL_ARRAY && !strcmp(m->entry[k].section, m->entry[i].section)) return PETSC_FALSE;
  return m->entry[i].kind != HG_MODEL_ARRAY ? PETSC_TRUE : PETSC_FALSE;
}

static PetscErrorCode AppendSection(HGModel m, const char section[], HGText *text)
{
  uint32_t sum = 0;
  char     name[1024];

  PetscFunctionBegin;
  for (PetscInt i = 0; i < m->n; i++)
    if (m->entry[i].kind != HG_MODEL_ARRAY && !strcmp(m->entry[i].section, section)) sum = SumAttribute(sum, &m->entry[i]);
  PetscCall(HGTextAppend(text, "%08x\t%s", sum, section));
  for (PetscInt i = 0; i < m->n; i++) {
    if (m->entry[i].kind == HG_MODEL_ARRAY || strcmp(m->entry[i].section, section)) continue;
    FullName(&m->entry[i], name, sizeof(name));
    PetscCall(HGTextAppend(text, "\t%s", name));
  }
  PetscCall(HGTextAppend(text, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AppendArray(const HGModelEntry *e, HGText *text)
{
  char name[1024], shape[256];

  PetscFunctionBegin;
  FullName(e, name, sizeof(name));
  HGModelShapeText(e, shape, sizeof(shape));
  PetscCall(HGTextAppend(text, "%08x\t%s%s\n", e->sum, name, shape));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGModelWriteSums - The checksums of all contents as a text, which is the caller's to free. HGModelSumRuns() comes before.

  Not Collective, for rank 0
*/
PetscErrorCode HGModelWriteSums(HGModel m, char **text)
{
  HGText sums = {0};

  PetscFunctionBegin;
  for (PetscInt i = 0; i < m->n; i++)
    if (IsFirstOfSection(m, i)) PetscCall(AppendSection(m, m->entry[i].section, &sums));
  for (PetscInt i = 0; i < m->n; i++)
    if (m->entry[i].kind == HG_MODEL_ARRAY) PetscCall(AppendArray(&m->entry[i], &sums));
  PetscCall(HGTextAppend(&sums, "%08x\tall\n", HGModelSumBytes(0, sums.text, sums.used)));
  *text = sums.text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- checking ---- */

/* Splits "group/name" */
static HGModelEntry *FindFull(HGModel m, char full[])
{
  char         *slash = strrchr(full, '/');
  HGModelEntry *e;

  if (!slash) return HGModelFind(m, "", full);
  *slash = 0;
  e      = HGModelFind(m, full, slash + 1);
  *slash = '/';
  return e;
}

static void CheckSection(HGModel m, uint32_t expected, char line[])
{
  char    *rest = NULL, *section = strtok_r(line, "\t", &rest);
  uint32_t sum = 0;

  for (char *name = strtok_r(NULL, "\t", &rest); name && !*m->msg; name = strtok_r(NULL, "\t", &rest)) {
    HGModelEntry *e = FindFull(m, name);

    if (!e || e->kind > HG_MODEL_REAL)
      HGModelFails(m, "%s is damaged: section \"%s\" lacks its attribute %s" HG_MODEL_EDITED, m->path, section, name);
    else {
      sum        = SumAttribute(sum, e);
      e->covered = PETSC_TRUE;
    }
  }
  if (sum != expected)
    HGModelFails(m, "%s is damaged: the attributes of section \"%s\" are not those it was written with" HG_MODEL_EDITED, m->path, section);
}

static void CheckArray(HGModel m, uint32_t expected, char line[])
{
  char          shape[256], *paren = strrchr(line, '(');
  HGModelEntry *e;

  *paren = 0;
  e      = FindFull(m, line);
  if (!e || e->kind != HG_MODEL_ARRAY) {
    HGModelFails(m, "%s is damaged: it lacks the array %s" HG_MODEL_EDITED, m->path, line);
    return;
  }
  HGModelShapeText(e, shape, sizeof(shape));
  *paren = '(';
  if (strcmp(shape, paren)) HGModelFails(m, "%s is damaged: it was written with %s, and now has %s" HG_MODEL_EDITED, m->path, line, shape);
  e->sum     = expected;
  e->covered = PETSC_TRUE;
}

/* The text is whole if its last line has the sum of the others */
static PetscBool IsWhole(const char text[])
{
  const size_t n    = strlen(text);
  size_t       last = n ? n - 1 : 0;
  char         item[32];

  while (last && text[last - 1] != '\n') last--;
  (void)snprintf(item, sizeof(item), "%08x\tall\n", HGModelSumBytes(0, text, last));
  return !strcmp(text + last, item) ? PETSC_TRUE : PETSC_FALSE;
}

static void CheckLine(HGModel m, char line[])
{
  unsigned sum;

  if (strlen(line) < 10 || line[8] != '\t' || sscanf(line, "%8x", &sum) != 1)
    HGModelFails(m, "%s is damaged: its attribute checksum has the line \"%s\"" HG_MODEL_EDITED, m->path, line);
  else if (strchr(line + 9, '\t')) CheckSection(m, sum, line + 9);
  else if (strchr(line + 9, '(')) CheckArray(m, sum, line + 9);
}

/*
  HGModelCheckSums - Compare the attributes with their checksums, and keep those of the arrays for when these are read. What has none is not looked
  at any more, so that nothing can take the place of what was written.

  Not Collective, for rank 0
*/
PetscErrorCode HGModelCheckSums(HGModel m)
{
  HGModelEntry *e = HGModelFind(m, "", "checksum");
  char         *text, *rest = NULL;

  PetscFunctionBegin;
  if (!e || e->kind != HG_MODEL_TEXT || !IsWhole((const char *)e->value)) {
    HGModelFails(m, "%s is damaged: its attribute checksum is %s" HG_MODEL_EDITED, m->path, e ? "not whole" : "missing");
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscStrallocpy((const char *)e->value, &text));
  for (char *line = strtok_r(text, "\n", &rest); line && !*m->msg; line = strtok_r(NULL, "\n", &rest)) CheckLine(m, line);
  PetscCall(PetscFree(text));
  for (PetscInt i = 0; i < m->n; i++)
    if (!m->entry[i].covered) *m->entry[i].name = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}
