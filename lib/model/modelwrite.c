/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The netCDF-4 file of a model without the values of its arrays. HDF5 does not survive a full disk; so netCDF-C writes to a sparse file in memory, and
   the values are written beside it (modeloutput.c). Where HDF5 has put an array, whose storage it keeps in one piece, tells a mark that is written to the
   array's beginning and looked for in the file.
*/
#define _GNU_SOURCE /* memmem(), mkostemp(), SEEK_DATA */
#include "model/model_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <netcdf.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

/*
   An empty file whose root keeps the order in which things are made. netCDF-C opens only such files to change them, and those that nc_create_mem() makes
   are none: its root group comes with HDF5's defaults. HDF5 file format specification 3.0: superblock version 2 (II.A), the root's object header (IV.A)
   with link info, group info, and room; each ends with its checksum.
*/
static const unsigned char Empty[239] = {0x89, 'H',
                                         'D',  'F',
                                         '\r', '\n',
                                         0x1a, '\n',
                                         2,    8,
                                         8,    0,
                                         0,    0,
                                         0,    0,
                                         0,    0,
                                         0,    0,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         239,  0,
                                         0,    0,
                                         0,    0,
                                         0,    0,
                                         48,   0,
                                         0,    0,
                                         0,    0,
                                         0,    0,
                                         0x94, 0x33,
                                         0x45, 0x0f,
                                         'O',  'H',
                                         'D',  'R',
                                         2,    0x0c,
                                         0xb4, 2,
                                         34,   0,
                                         0,    0,
                                         0,    0,
                                         3,    0,
                                         0,    0,
                                         0,    0,
                                         0,    0,
                                         0,    0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 0xff,
                                         0xff, 10,
                                         2,    0,
                                         1,    0,
                                         0,    0,
                                         0,    0,
                                         126,  [235] = 0x63,
                                         0x28, 0xac,
                                         0x1c};

#define Try(m, what, call)                                                                         \
  do {                                                                                             \
    const int e_ = *(m)->msg ? NC_NOERR : (call);                                                  \
    if (e_) HGModelFails(m, "cannot write \"%s\" into the model file: %s", what, nc_strerror(e_)); \
  } while (0)

/* The group of an entry, made when it is the first one there */
static int GroupOf(HGModel m, int nc, const char name[])
{
  int group = nc;

  if (!*name || !nc_inq_grp_ncid(nc, name, &group)) return group;
  Try(m, name, nc_def_grp(nc, name, &group));
  return group;
}

/* Of an array: numbers that are finite as floats and as doubles, MARK and twice which array it is */
#define MARK_WORDS (HG_MODEL_TINY / 4)
static const uint32_t Mark[2] = {0x4b1d5a3c, 0x3e9c71d7};

static void MakeMark(PetscInt i, uint32_t word[])
{
  word[0] = Mark[0];
  word[1] = Mark[1];
  word[2] = 0x3f800000 | ((uint32_t)i & 0x7fffff);
  word[3] = 0x40000000 | ((uint32_t)i * 2654435761u >> 9);
}

/* Puts the first n values, which may be no rectangle */
static void PutFirst(HGModel m, int group, int id, const HGModelEntry *e, const char *value, size_t n)
{
  for (size_t at = 0, len; at < n; at += len) {
    size_t start[HG_MODEL_DIMS], count[HG_MODEL_DIMS];

    len = HGModelSlab(e, at, n - at, start, count);
    if (e->type == HG_F32) Try(m, e->name, nc_put_vara_float(group, id, start, count, (const float *)(const void *)value + at));
    else Try(m, e->name, nc_put_vara_double(group, id, start, count, (const double *)(const void *)value + at));
  }
}

static void EncodeArray(HGModel m, int group, HGModelEntry *e)
{
  const size_t              size = HGDTypeSize(e->type);
  int                       dim[HG_MODEL_DIMS], id = -1;
  _Alignas(double) uint32_t mark[MARK_WORDS];

  for (int i = 0; i < e->ndim; i++) {
    char name[NC_MAX_NAME + 1];

    (void)snprintf(name, sizeof(name), "%s_%d", e->name, i);
    Try(m, name, nc_def_dim(group, name, e->shape[i], &dim[i]));
  }
  Try(m, e->name, nc_def_var(group, e->name, e->type == HG_F32 ? NC_FLOAT : NC_DOUBLE, e->ndim, dim, &id));
  e->place = -1;
  if (!e->n) return;
  Try(m, e->name, nc_def_var_chunking(group, id, NC_CONTIGUOUS, NULL));
  Try(m, e->name, nc_def_var_fill(group, id, NC_NOFILL, NULL));
  MakeMark((PetscInt)(e - m->entry), mark);
  if (size * e->n < HG_MODEL_TINY) PutFirst(m, group, id, e, e->tiny, e->n);
  else PutFirst(m, group, id, e, (const char *)mark, HG_MODEL_TINY / size);
}

static void EncodeEntry(HGModel m, int nc, HGModelEntry *e)
{
  const int group = GroupOf(m, nc, e->group);

  switch (e->kind) {
  case HG_MODEL_TEXT:
    Try(m, e->name, nc_put_att_text(group, NC_GLOBAL, e->name, e->n, (const char *)e->value));
    break;
  case HG_MODEL_INT:
    Try(m, e->name, nc_put_att_longlong(group, NC_GLOBAL, e->name, NC_INT64, e->n, (const long long *)e->value));
    break;
  case HG_MODEL_REAL:
    Try(m, e->name, nc_put_att_double(group, NC_GLOBAL, e->name, NC_DOUBLE, e->n, (const double *)e->value));
    break;
  case HG_MODEL_ARRAY:
    EncodeArray(m, group, e);
    break;
  default:
    HGModelFails(m, "cannot write \"%s\" into the model file", e->name);
  }
}

static void Encode(HGModel m, const char path[], const char sums[])
{
  int nc = -1, e;

  Try(m, "the file", nc_open(path, NC_WRITE, &nc));
  (void)unlink(path); /* whatever happens */
  if (*m->msg) return;
  for (PetscInt i = 0; i < m->n; i++) EncodeEntry(m, nc, &m->entry[i]);
  Try(m, "checksum", nc_put_att_text(nc, NC_GLOBAL, "checksum", strlen(sums), sums));
  e = nc_close(nc);
  if (e) HGModelFails(m, "cannot make the model file in memory: %s", nc_strerror(e));
}

/* ---- the file in memory ---- */

/* What HDF5 is going to write at most, by a generous guess: of each array 64 KiB around the mark, and names and attributes */
static size_t NeedOf(HGModel m, const char sums[])
{
  size_t need = 65536 + 2 * strlen(sums);

  for (PetscInt i = 0; i < m->n; i++) {
    const HGModelEntry *e = &m->entry[i];

    need += 4096 + (e->kind == HG_MODEL_ARRAY ? 131072 : e->kind == HG_MODEL_TEXT ? 2 * e->n : 16 * e->n);
  }
  return need;
}

/* A sparse file, in memory if there is room. (HDF5 opens none of memfd_create(): it follows the link in /proc by its name.) */
static int OpenScratch(HGModel m, size_t need, char path[], size_t room)
{
  const char *folder[] = {"/dev/shm", getenv("TMPDIR"), "/tmp"};

  for (size_t i = 0; i < sizeof(folder) / sizeof(*folder); i++) {
    struct statvfs st;
    int            fd;

    if (!folder[i] || statvfs(folder[i], &st) || st.f_bavail * st.f_frsize < need) continue;
    (void)snprintf(path, room, "%s/halograd.XXXXXX", folder[i]);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) return fd;
  }
  HGModelFails(m, "cannot make a temporary file of %zu bytes in /dev/shm or /tmp; name another folder with TMPDIR", need);
  return -1;
}

/* HDF5 does not survive the limit of the size of files either */
static PetscBool FitsLimit(HGModel m, size_t need)
{
  struct rlimit limit;

  for (PetscInt i = 0; i < m->n; i++)
    if (m->entry[i].kind == HG_MODEL_ARRAY) need += HGDTypeSize(m->entry[i].type) * m->entry[i].n;
  return getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur == RLIM_INFINITY || need < limit.rlim_cur ? PETSC_TRUE : PETSC_FALSE;
}

/* Looks for marks among bytes of the file from a given place on */
static void TakeMarks(HGModel m, const char bytes[], size_t n, PetscInt64 place)
{
  const char *at = bytes, *end = bytes + n;

  while ((at = (const char *)memmem(at, (size_t)(end - at), Mark, sizeof(Mark))) != NULL) {
    uint32_t word[MARK_WORDS], again[MARK_WORDS];
    PetscInt i;

    if ((size_t)(end - at) < sizeof(word)) return; /* its beginning comes again with the next bytes */
    memcpy(word, at, sizeof(word));
    i = (PetscInt)(word[2] & 0x7fffff);
    MakeMark(i, again);
    if (!memcmp(word, again, sizeof(word)) && i < m->n && m->entry[i].kind == HG_MODEL_ARRAY) {
      if (m->entry[i].place >= 0) HGModelFails(m, "cannot make the model file: %s is there twice", m->entry[i].name);
      m->entry[i].place = place + (at - bytes);
    }
    at++;
  }
}

/* Reads what there is of the sparse file */
static PetscErrorCode FindMarks(HGModel m, int fd, PetscInt64 size)
{
  const size_t room = (size_t)1 << 20;
  PetscInt64   hole = 0;
  char        *buf;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(room, &buf));
  for (PetscInt64 at = 0; at < size && !*m->msg;) {
    ssize_t n;

#if defined(SEEK_DATA)
    if (at >= hole) {
      const off_t data = lseek(fd, at, SEEK_DATA), end = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);

      if (data < 0 && errno == ENXIO) break;
      at   = data < 0 ? at : data;
      hole = end < 0 ? size : end;
    }
#else
    hole = size;
#endif
    n = pread(fd, buf, (size_t)PetscMin((PetscInt64)room, hole - at), at);
    if (n <= 0) HGModelFails(m, "cannot read the model file in memory: %s", n ? strerror(errno) : "it is cut short");
    else TakeMarks(m, buf, (size_t)n, at);
    at += n <= HG_MODEL_TINY || at + n >= hole ? n : n - HG_MODEL_TINY + 1;
  }
  PetscCall(PetscFree(buf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void CheckPlaces(HGModel m, PetscInt64 size)
{
  for (PetscInt i = 0; i < m->n; i++) {
    const HGModelEntry *e     = &m->entry[i];
    const size_t        bytes = HGDTypeSize(e->type) * e->n;

    if (e->kind != HG_MODEL_ARRAY || bytes < HG_MODEL_TINY) continue;
    if (e->place < 0 || e->place + (PetscInt64)bytes > size)
      HGModelFails(m, "cannot make the model file: HDF5 has no place for %s", e->name);
  }
}

/*
  HGModelEncode - Make the file without the values of its arrays, and find out where these belong

  Not Collective, for rank 0

  Input Parameter:
. name - of the file to come, for messages

  Output Parameters:
+ fd   - of a sparse file, to be closed, -1 if the model has a message then
- size - how large it is

  Note:
  Sets `place` of all arrays. HGModelSumRuns() and HGModelFetchTiny() come before.
*/
PetscErrorCode HGModelEncode(HGModel m, const char name[], int *fd, PetscInt64 *size)
{
  char  *sums, path[PETSC_MAX_PATH_LEN];
  size_t need;

  PetscFunctionBegin;
  PetscCall(HGModelWriteSums(m, &sums));
  need = NeedOf(m, sums);
  *fd  = -1;
  if (!FitsLimit(m, need)) HGModelFails(m, "cannot write %s: %s" HG_MODEL_UNTOUCHED, name, strerror(EFBIG));
  else *fd = OpenScratch(m, need, path, sizeof(path));
  if (*fd >= 0) {
    if (pwrite(*fd, Empty, sizeof(Empty), 0) != (ssize_t)sizeof(Empty)) HGModelFails(m, "%.100s: %s", path, strerror(errno));
    Encode(m, path, sums);
    *size = lseek(*fd, 0, SEEK_END);
    if (!*m->msg) PetscCall(FindMarks(m, *fd, *size));
    CheckPlaces(m, *size);
    if (*m->msg) {
      (void)close(*fd);
      *fd = -1;
    }
  }
  PetscCall(PetscFree(sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}
