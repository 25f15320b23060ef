/* SPDX-License-Identifier: BSD-2-Clause */
/* IDX files on this rank alone. Messages are for the caller to share; an empty one means all is well. */
#include "data/idx.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define HG_IDX_CHUNK 8192 /* values converted at once */

struct _HGIdx {
  char      *path;
  gzFile     file;
  int        type, ndims;
  size_t     bytes; /* of a value */
  PetscInt64 dim[HG_IDX_AXES], header, count;
};

typedef struct {
  int         code;
  size_t      bytes;
  const char *name;
} Type;

static const Type Types[] = {
    {0x08, 1, "ubyte"}, {0x09, 1, "byte"}, {0x0B, 2, "short"}, {0x0C, 4, "int"}, {0x0D, 4, "float"}, {0x0E, 8, "double"},
};

static const Type *FindType(int code)
{
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(Types); i++)
    if (Types[i].code == code) return &Types[i];
  return NULL;
}

static PetscBool IsMagic(const unsigned char m[4])
{
  return !m[0] && !m[1] && FindType(m[2]) && m[3] >= 1 && m[3] <= HG_IDX_AXES ? PETSC_TRUE : PETSC_FALSE;
}

/*
  HGIdxIs - Whether a file begins as an IDX file does, or is compressed by gzip, as no other data here are

  Not Collective
*/
PetscErrorCode HGIdxIs(const char path[], PetscBool *is)
{
  unsigned char magic[4] = {0};
  FILE         *f        = fopen(path, "rb");

  PetscFunctionBegin;
  *is = PETSC_FALSE;
  if (!f) PetscFunctionReturn(PETSC_SUCCESS);
  if (fread(magic, 1, 4, f) == 4) *is = IsMagic(magic) || (magic[0] == 0x1f && magic[1] == 0x8b) ? PETSC_TRUE : PETSC_FALSE;
  (void)fclose(f);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt64 BigEndian(const unsigned char b[4])
{
  return (PetscInt64)b[0] << 24 | (PetscInt64)b[1] << 16 | (PetscInt64)b[2] << 8 | (PetscInt64)b[3];
}

/* Why fewer bytes came than were wanted; the header is read if there is a count */
static void NoteCut(HGIdx f, char *msg, size_t len)
{
  int         e;
  const char *why = gzerror(f->file, &e);

  if (e == Z_ERRNO || e == Z_DATA_ERROR) (void)snprintf(msg, len, "%s is damaged: %s; copy or make the file again", f->path, why);
  else if (!f->count) (void)snprintf(msg, len, "%s is cut short: it ends within its header; copy or make the file again", f->path);
  else
    (void)snprintf(msg, len, "%s is cut short: its header tells of %" PetscInt64_FMT " values of %zu byte%s; copy or make the file again",
                   f->path, f->count, f->bytes, f->bytes > 1 ? "s" : "");
}

static PetscErrorCode ReadHeader(HGIdx f, char *msg, size_t len)
{
  unsigned char head[4 + 4 * HG_IDX_AXES] = {0};

  PetscFunctionBegin;
  if (gzread(f->file, head, 4) != 4) {
    NoteCut(f, msg, len);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (!IsMagic(head)) {
    (void)snprintf(
        msg, len, "%s is not an IDX file: it begins with %02x %02x %02x %02x; expected 00 00, a type from 08 to 0e, and 1 to %d dimensions",
        f->path, head[0], head[1], head[2], head[3], HG_IDX_AXES);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  f->type   = head[2];
  f->ndims  = head[3];
  f->bytes  = FindType(f->type)->bytes;
  f->header = 4 + 4 * f->ndims;
  if (gzread(f->file, head + 4, (unsigned)(4 * f->ndims)) != 4 * f->ndims) {
    NoteCut(f, msg, len);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  f->count = 1;
  for (int i = 0; i < f->ndims; i++) {
    f->dim[i] = BigEndian(head + 4 + 4 * i);
    if (!f->dim[i] || f->dim[i] > PETSC_MAX_INT || f->count > INT64_MAX / 8 / f->dim[i]) {
      (void)snprintf(msg, len, "dimension %d of %s has %" PetscInt64_FMT " entries; expected 1 or more, as many as memory takes", i,
                     f->path, f->dim[i]);
      PetscFunctionReturn(PETSC_SUCCESS);
    }
    f->count *= f->dim[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGIdxOpen - Open an IDX file and read its header

  Not Collective

  Input Parameters:
+ path - the file
- len  - length of the message

  Output Parameters:
+ file - the open file, NULL on failure
- msg  - why it cannot be read; empty if it can
*/
PetscErrorCode HGIdxOpen(const char path[], HGIdx *file, char *msg, size_t len)
{
  HGIdx       f;
  struct stat st;

  PetscFunctionBegin;
  *file = NULL;
  *msg  = 0;
  if (stat(path, &st)) (void)snprintf(msg, len, errno == ENOENT ? "there is no file %s" : "cannot read %s", path);
  else if (S_ISDIR(st.st_mode)) (void)snprintf(msg, len, "%s is a folder; expected an IDX file", path);
  if (*msg) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&f));
  PetscCall(PetscStrallocpy(path, &f->path));
  f->file = gzopen(path, "rb");
  if (!f->file) (void)snprintf(msg, len, "cannot read %s: %s", path, strerror(errno));
  else {
    (void)gzbuffer(f->file, 1 << 17);
    PetscCall(ReadHeader(f, msg, len));
  }
  if (*msg) HGIdxClose(&f);
  *file = f;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGIdxClose - Close an IDX file */
void HGIdxClose(HGIdx *f)
{
  if (!*f) return;
  if ((*f)->file) (void)gzclose((*f)->file);
  (void)PetscFree((*f)->path);
  (void)PetscFree(*f);
}

/* HGIdxGetShape - The number of dimensions and their sizes, slowest first */
void HGIdxGetShape(HGIdx f, int *ndims, PetscInt64 dim[HG_IDX_AXES])
{
  *ndims = f->ndims;
  for (int i = 0; i < f->ndims; i++) dim[i] = f->dim[i];
}

/* HGIdxGetTypeName - "ubyte", "short", ... */
const char *HGIdxGetTypeName(HGIdx f)
{
  return FindType(f->type)->name;
}

/* HGIdxHasBytes - Whether values are numbers from 0 to 255 */
PetscBool HGIdxHasBytes(HGIdx f)
{
  return f->type == 0x08 ? PETSC_TRUE : PETSC_FALSE;
}

/* One value from its big-endian bytes */
static double Value(int type, const unsigned char b[8])
{
  uint64_t bits = 0;
  float    f;
  double   d;

  switch (type) {
  case 0x08:
    return b[0];
  case 0x09:
    return (int8_t)b[0];
  case 0x0B:
    return (int16_t)(b[0] << 8 | b[1]);
  case 0x0C:
    return (int32_t)(uint32_t)BigEndian(b);
  case 0x0D: {
    const uint32_t u = (uint32_t)BigEndian(b);

    memcpy(&f, &u, 4);
    return f;
  }
  default:
    for (int i = 0; i < 8; i++) bits = bits << 8 | b[i];
    memcpy(&d, &bits, 8);
    return d;
  }
}

/* The next n values; PETSC_FALSE if the file ends before or is damaged */
static PetscBool ReadValues(HGIdx f, size_t n, double v[])
{
  unsigned char buf[HG_IDX_CHUNK * 8];

  for (size_t done = 0; done < n;) {
    const size_t   now   = PetscMin(n - done, HG_IDX_CHUNK);
    const unsigned bytes = (unsigned)(now * f->bytes);

    if (gzread(f->file, buf, bytes) != (int)bytes) return PETSC_FALSE;
    for (size_t i = 0; i < now; i++) v[done + i] = Value(f->type, buf + i * f->bytes);
    done += now;
  }
  return PETSC_TRUE;
}

/*
  HGIdxReadAll - Go through all values from the first to the last, and see that nothing is missing and nothing follows

  Not Collective

  Input Parameters:
+ f    - the file, just opened
. take - called with the index of the first value, the number of values and the values
. ctx  - for take
- len  - length of the message

  Output Parameter:
. msg - why the file is not whole; empty if it is
*/
PetscErrorCode HGIdxReadAll(HGIdx f, PetscErrorCode (*take)(PetscInt64, PetscInt, const double[], void *), void *ctx, char *msg, size_t len)
{
  double        v[HG_IDX_CHUNK];
  unsigned char more;
  int           n, e;

  PetscFunctionBegin;
  for (PetscInt64 i = 0; i < f->count; i += HG_IDX_CHUNK) {
    const PetscInt some = (PetscInt)PetscMin(f->count - i, HG_IDX_CHUNK);

    if (!ReadValues(f, (size_t)some, v)) {
      NoteCut(f, msg, len);
      PetscFunctionReturn(PETSC_SUCCESS);
    }
    PetscCall((*take)(i, some, v, ctx));
  }
  n = gzread(f->file, &more, 1); /* only here zlib finds a checksum that is wrong or missing */
  (void)gzerror(f->file, &e);
  if (n < 0 || (!n && e == Z_BUF_ERROR)) NoteCut(f, msg, len);
  else if (n)
    (void)snprintf(msg, len, "%s goes on after the %" PetscInt64_FMT " values that its header tells of; copy or make the file again",
                   f->path, f->count);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGIdxRead - Read a box of values

  Not Collective

  Input Parameters:
+ f     - the file
. start - first value along each dimension
. count - number of values along each dimension
- len   - length of the message

  Output Parameters:
+ v   - the values, last dimension fastest
- msg - why they cannot be read; empty if they can
*/
PetscErrorCode HGIdxRead(HGIdx f, const size_t start[], const size_t count[], double v[], char *msg, size_t len)
{
  const int last = f->ndims - 1;
  size_t    rows = 1;

  PetscFunctionBegin;
  for (int i = 0; i < last; i++) rows *= count[i];
  for (size_t r = 0; r < rows; r++) {
    size_t  at[HG_IDX_AXES], rest = r;
    int64_t index = 0;

    for (int i = last - 1; i >= 0; i--) {
      at[i] = start[i] + rest % count[i];
      rest /= count[i];
    }
    at[last] = start[last];
    for (int i = 0; i <= last; i++) index = index * f->dim[i] + (int64_t)at[i];
    if (gzseek(f->file, (z_off_t)(f->header + index * (int64_t)f->bytes), SEEK_SET) < 0 ||
        !ReadValues(f, count[last], v + r * count[last])) {
      NoteCut(f, msg, len);
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  double     least, most;
  PetscInt64 count[256]; /* of each value from 0 to 255 */
} Range;

static PetscErrorCode TakeRange(PetscInt64 at, PetscInt n, const double v[], void *ctx)
{
  Range *r = (Range *)ctx;

  PetscFunctionBegin;
  (void)at;
  for (PetscInt i = 0; i < n; i++) {
    r->least = PetscMin(r->least, v[i]);
    r->most  = PetscMax(r->most, v[i]);
    if (v[i] >= 0 && v[i] < 256) r->count[(int)v[i]]++;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGIdxView - Print what an IDX file holds: type, dimensions, range of the values; of labels how many there are of each

   Not Collective

   Input Parameters:
+  path - the file, plain or compressed by gzip
-  len  - length of the message

   Output Parameters:
+  idx - whether it is one; if not, nothing is printed
-  msg - why it cannot be read; empty if it can

   Level: developer

   Errors:
   In `msg`, for rank 0 to share with `HGAgreeOnMessage()`: a file that is cut short, goes on too long, or is damaged.

.seealso: `HGDataSetFile()`, `HGDataSetLabels()`
@*/
PetscErrorCode HGIdxView(const char path[], PetscBool *idx, char *msg, size_t len)
{
  Range r = {.least = PETSC_MAX_REAL, .most = PETSC_MIN_REAL};
  HGIdx f;

  PetscFunctionBegin;
  PetscCall(HGIdxIs(path, idx));
  if (!*idx) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGIdxOpen(path, &f, msg, len));
  if (!f) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGIdxReadAll(f, TakeRange, &r, msg, len));
  if (!*msg) {
    (void)printf("%s: %s file, IDX format%s\n", path, f->ndims > 1 ? "data" : "labels", gzdirect(f->file) ? "" : ", compressed by gzip");
    (void)printf("samples: %" PetscInt64_FMT "\n", f->dim[0]);
    (void)printf("variables:\n  %s(sample=%" PetscInt64_FMT, f->ndims > 1 ? "image" : "label", f->dim[0]);
    for (int i = 1; i < f->ndims; i++) (void)printf(", %c=%" PetscInt64_FMT, "zyx"[3 - f->ndims + i], f -> dim[i]);
    (void)printf(") %s, from %g to %g\n", HGIdxGetTypeName(f), r.least, r.most);
    for (int k = 0; f->ndims == 1 && k < 256; k++)
      if (r.count[k]) (void)printf("  label %d: %" PetscInt64_FMT " samples\n", k, r.count[k]);
    (void)fflush(stdout);
  }
  HGIdxClose(&f);
  PetscFunctionReturn(PETSC_SUCCESS);
}
