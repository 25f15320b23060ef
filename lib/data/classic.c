/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The size that a file in a classic format (CDF-1, CDF-2, CDF-5) must have, from its header. The netCDF library returns zeros
   for what lies beyond the end of a classic file that it reads, so that a file cut short would pass as data.
*/
#include "data/ncfile.h"
#include <stdio.h>
#include <string.h>

typedef struct {
  FILE     *f;
  int       version; /* 1, 2 or 5 */
  int       bad;     /* the end of the file, or no header */
  uint64_t *dim;     /* [ndim], 0 for the record dimension */
  uint64_t  ndim, records;
} Header;

/* Sizes of the external types NC_BYTE = 1 ... NC_UINT64 = 11 */
static const unsigned char type_size[] = {0, 1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8};

static uint64_t ReadBig(Header *h, int bytes)
{
  uint64_t v = 0;

  for (int i = 0; i < bytes; i++) {
    const int c = fgetc(h->f);

    if (c == EOF) h->bad = 1;
    v = v << 8 | (unsigned char)c;
  }
  return h->bad ? 0 : v;
}

static uint64_t ReadCount(Header *h)
{
  return ReadBig(h, h->version == 5 ? 8 : 4);
}

static uint64_t Padded(uint64_t n)
{
  return (n + 3) / 4 * 4;
}

static void Skip(Header *h, uint64_t bytes)
{
  if (!h->bad && fseeko(h->f, (off_t)Padded(bytes), SEEK_CUR)) h->bad = 1;
}

static uint64_t ReadTypeSize(Header *h)
{
  const uint64_t type = ReadBig(h, 4);

  if (type < 1 || type >= sizeof(type_size)) h->bad = 1;
  return h->bad ? 0 : type_size[type];
}

static uint64_t ReadListLength(Header *h)
{
  (void)ReadBig(h, 4); /* which list; absent lists have no elements */
  return ReadCount(h);
}

static void SkipAttributes(Header *h)
{
  const uint64_t n = ReadListLength(h);

  for (uint64_t i = 0; i < n && !h->bad; i++) {
    Skip(h, ReadCount(h)); /* name */
    const uint64_t size = ReadTypeSize(h);
    Skip(h, size * ReadCount(h));
  }
}

typedef struct {
  uint64_t size, begin; /* bytes of the variable, or of one record of it */
  int      record;
} Extent;

static Extent ReadVariable(Header *h)
{
  Extent         e    = {1, 0, 0};
  const uint64_t name = ReadCount(h);

  Skip(h, name);
  const uint64_t ndims = ReadCount(h);
  for (uint64_t i = 0; i < ndims && !h->bad; i++) {
    const uint64_t id = ReadCount(h);

    if (id >= h->ndim) h->bad = 1;
    else if (!i && !h->dim[id]) e.record = 1;
    else e.size *= h->dim[id];
  }
  SkipAttributes(h);
  e.size *= ReadTypeSize(h);
  (void)ReadCount(h); /* the size, wrong for variables over 4 GiB */
  e.begin = ReadBig(h, h->version == 1 ? 4 : 8);
  return e;
}

static PetscErrorCode ReadDimensions(Header *h)
{
  PetscFunctionBegin;
  h->ndim = ReadListLength(h);
  if (h->bad || h->ndim > NC_MAX_DIMS) h->ndim = 0;
  PetscCall(PetscMalloc1(h->ndim, &h->dim));
  for (uint64_t i = 0; i < h->ndim; i++) {
    Skip(h, ReadCount(h));
    h->dim[i] = ReadCount(h);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The last byte of any variable: records of all record variables alternate */
static uint64_t ReadEnd(Header *h)
{
  const uint64_t n   = ReadListLength(h);
  uint64_t       end = 0, record = 0, last_begin = 0, last_size = 0;
  int            records = 0;

  for (uint64_t i = 0; i < n && !h->bad; i++) {
    const Extent e = ReadVariable(h);

    if (!e.record) end = PetscMax(end, e.begin + e.size);
    else {
      records++;
      record += Padded(e.size);
      if (e.begin >= last_begin) {
        last_begin = e.begin;
        last_size  = e.size;
      }
    }
  }
  if (records == 1) record = last_size; /* the one case without padding */
  if (records && h->records) end = PetscMax(end, last_begin + (h->records - 1) * record + last_size);
  return end;
}

/*
  HGClassicSize - The number of bytes that the header of a classic netCDF file promises

  Not Collective

  Input Parameter:
. path - the file

  Output Parameter:
. size - bytes, 0 if the header is cut short, -1 if the file does not tell (it was being streamed)
*/
PetscErrorCode HGClassicSize(const char path[], PetscInt64 *size)
{
  Header h = {NULL, 0, 0, NULL, 0, 0};

  PetscFunctionBegin;
  *size = 0;
  h.f   = fopen(path, "rb");
  if (!h.f) PetscFunctionReturn(PETSC_SUCCESS);
  h.version = (int)(ReadBig(&h, 4) & 0xff);
  h.records = ReadCount(&h);
  PetscCall(ReadDimensions(&h));
  SkipAttributes(&h);
  const uint64_t end = ReadEnd(&h);
  if (!h.bad) *size = h.records == (h.version == 5 ? UINT64_MAX : UINT32_MAX) ? -1 : (PetscInt64)end;
  fclose(h.f);
  PetscCall(PetscFree(h.dim));
  PetscFunctionReturn(PETSC_SUCCESS);
}
