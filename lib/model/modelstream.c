/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The values of arrays in a file. Rank 0 reads pieces and gives them to all ranks: each takes what it wants of them, and the ranks take turns in computing
   the checksum. So any file can be read, also one that another tool has compressed, and no rank has more than a piece beside what it wants.
*/
#include "model/model_impl.h"
#include <math.h>
#include <netcdf.h>
#include <sys/stat.h>

#define CACHE ((size_t)128 << 20) /* most bytes of chunks that netCDF-C is to keep of an array */

/* An array in the file */
typedef struct {
  HGModel             m;
  const HGModelEntry *e;         /* on rank 0 */
  int                 group, id; /* the same */
  size_t              n;
  HGDType             type; /* in which its pieces come */
} Source;

/* What a rank wants of it, and what it has found */
typedef struct {
  HGDType           type;
  PetscInt          nruns, next;
  const HGModelRun *run;
  char             *value;
  uint32_t          sum;
  int               found[2]; /* a value that is not finite; one that float does not hold */
} Taker;

/* ---- rank 0 ---- */

static void CannotRead(HGModel m, const HGModelEntry *e, const char why[])
{
  HGModelFails(m, "%s: cannot read %s of %s: %s; the file may be damaged", m->path, e->name, *e->group ? e->group : "the file", why);
}

/* The chunks that a piece cuts through are kept for the next one */
static void CacheChunks(Source *s, const size_t chunk[])
{
  size_t row = HGDTypeSize(s->type) * chunk[0];

  for (int i = 1; i < s->e->ndim; i++) row = row > CACHE / s->e->shape[i] ? CACHE : row * s->e->shape[i];
  (void)nc_set_var_chunk_cache(s->group, s->id, PetscMin(row, CACHE), 10007, 0.75f);
}

static void DropChunks(Source *s)
{
  int storage = NC_CONTIGUOUS;

  if (s->id >= 0 && !nc_inq_var_chunking(s->group, s->id, &storage, NULL) && storage == NC_CHUNKED)
    (void)nc_set_var_chunk_cache(s->group, s->id, 0, 1, 0);
}

/* An array that is in one piece is not larger than its file: who has a file read that speaks of values without having them waits long */
static void CheckStorage(Source *s)
{
  char        shape[256];
  size_t      chunk[NC_MAX_VAR_DIMS];
  int         storage = NC_CONTIGUOUS;
  struct stat st;

  if (!s->n || nc_inq_var_chunking(s->group, s->id, &storage, chunk)) return;
  if (storage == NC_CHUNKED) CacheChunks(s, chunk);
  else if (!stat(s->m->path, &st) && s->n > (size_t)st.st_size) {
    HGModelShapeText(s->e, shape, sizeof(shape));
    HGModelFails(s->m, "%s is damaged: it is too small for the values of %s%s%s%s; copy it again", s->m->path, s->e->group,
                 *s->e->group ? "/" : "", s->e->name, shape);
  }
}

static void OpenSource(HGModel m, const HGModelEntry *e, Source *s)
{
  char    shape[256];
  nc_type type = NC_DOUBLE;
  int     err  = NC_NOERR;

  *s = (Source){.m = m, .e = e, .group = m->nc, .id = -1};
  HGModelShapeText(e, shape, sizeof(shape));
  if (!HGModelCount(e, &s->n))
    HGModelFails(m, "%s is damaged: %s%s%s%s has more elements than any file", m->path, e->group, *e->group ? "/" : "", e->name, shape);
  if (*e->group) err = nc_inq_grp_ncid(m->nc, e->group, &s->group);
  if (!err) err = nc_inq_varid(s->group, e->name, &s->id);
  if (!err) err = nc_inq_vartype(s->group, s->id, &type);
  if (err) CannotRead(m, e, nc_strerror(err));
  s->type = type == NC_FLOAT ? HG_F32 : HG_F64;
  if (!*m->msg) CheckStorage(s);
}

static void ReadPiece(Source *s, size_t at, size_t n, void *buf)
{
  while (n && !*s->m->msg) {
    size_t       start[HG_MODEL_DIMS], count[HG_MODEL_DIMS];
    const size_t len = HGModelSlab(s->e, at, n, start, count);
    const int    err = s->type == HG_F32 ? nc_get_vara_float(s->group, s->id, start, count, (float *)buf)
                                         : nc_get_vara_double(s->group, s->id, start, count, (double *)buf);

    if (err) CannotRead(s->m, s->e, nc_strerror(err));
    buf = (char *)buf + HGDTypeSize(s->type) * len;
    at += len;
    n -= len;
  }
}

/* ---- all ranks ---- */

static PetscBool IsFinite(HGDType type, const void *value, size_t n)
{
  const float  *f   = (const float *)value;
  const double *d   = (const double *)value;
  int           odd = 0;

  if (type == HG_F32)
    for (size_t i = 0; i < n; i++) odd |= !isfinite(f[i]);
  else
    for (size_t i = 0; i < n; i++) odd |= !isfinite(d[i]);
  return odd ? PETSC_FALSE : PETSC_TRUE;
}

static void Convert(Taker *t, HGDType from, const char *in, char *out, size_t n)
{
  const size_t size = HGDTypeSize(from);

  if (t->type == from) memcpy(out, in, size * n);
  else if (from == HG_F32)
    for (size_t i = 0; i < n; i++) ((double *)(void *)out)[i] = (double)((const float *)(const void *)in)[i];
  else
    for (size_t i = 0; i < n; i++) {
      const double v = ((const double *)(const void *)in)[i];

      if (isfinite(v) && !isfinite((float)v)) t->found[1] = 1;
      ((float *)(void *)out)[i] = (float)v;
    }
}

/* What is wanted of n elements from one on */
static void Take(Taker *t, HGDType from, size_t at, size_t n, const char *buf)
{
  const PetscInt64 first = (PetscInt64)at, end = first + (PetscInt64)n;

  while (t->next < t->nruns && t->run[t->next].file + t->run[t->next].count <= first) t->next++;
  for (PetscInt k = t->next; k < t->nruns && t->run[k].file < end; k++) {
    const HGModelRun *r = &t->run[k];
    const PetscInt64  a = PetscMax(r->file, first), b = PetscMin(r->file + r->count, end);

    if (a < b)
      Convert(t, from, buf + HGDTypeSize(from) * (size_t)(a - first), t->value + HGDTypeSize(t->type) * (size_t)(r->local + a - r->file),
              (size_t)(b - a));
  }
}

/* Reads all of an array in pieces; rank 0 has a message then if it could not */
static PetscErrorCode Stream(Source *s, Taker *t)
{
  const size_t size = HGDTypeSize(s->type), room = HG_MODEL_ROOM / size;
  PetscMPIInt  ranks, turn                       = 0;
  char        *buf;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(s->m->comm, &ranks));
  PetscCall(PetscMalloc1(size * (PetscMin(s->n, room) + 1), &buf));
  for (size_t at = 0; at < s->n; at += room, turn = (turn + 1) % ranks) {
    const size_t n = PetscMin(room, s->n - at);

    if (!s->m->rank) ReadPiece(s, at, n, buf);
    buf[size * n] = *s->m->msg ? 1 : 0; /* rank 0 has failed */
    PetscCallMPI(MPI_Bcast(buf, (PetscMPIInt)(size * n + 1), MPI_BYTE, 0, s->m->comm));
    if (buf[size * n]) break;
    Take(t, s->type, at, n, buf);
    if (turn != s->m->rank) continue;
    HGModelSumPart(s->type, buf, n, s->n - at - n, &t->sum, NULL);
    if (!IsFinite(s->type, buf, n)) t->found[0] = 1;
  }
  PetscCall(PetscFree(buf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Judge(HGModel m, const HGModelEntry *e, uint32_t sum, const int found[])
{
  if (e->covered && sum != e->sum)
    HGModelFails(m, "%s is damaged: the values of %s%s%s are not those it was written with" HG_MODEL_EDITED, m->path, e->group,
                 *e->group ? "/" : "", e->name);
  if (found[0])
    HGModelFails(m, "%s: %s of %s holds a value that is not finite; train it anew", m->path, e->name, *e->group ? e->group : "the file");
  if (found[1])
    HGModelFails(m, "%s: %s of %s holds a value that is too large for f32; give -hg_dtype f64", m->path, e->name,
                 *e->group ? e->group : "the file");
}

/*
  HGModelGetRunsOf - Read parts of an array, and compare all of it with its checksum

  Collective

  Input Parameters:
+ m     - the model; it has a message then on rank 0 if something is wrong
. e     - the array, on rank 0; NULL if something is wrong already
. type  - of the values wanted
. nruns - how many parts this rank wants
- runs  - the parts

  Output Parameter:
. value - the values
*/
PetscErrorCode HGModelGetRunsOf(HGModel m, const HGModelEntry *e, HGDType type, PetscInt nruns, const HGModelRun runs[], void *value)
{
  Source     s = {.m = m, .e = e, .id = -1};
  Taker      t = {.type = type, .nruns = nruns, .run = runs, .value = (char *)value};
  PetscInt64 head[2];

  PetscFunctionBegin;
  if (e) OpenSource(m, e, &s);
  head[0] = !e || *m->msg ? -1 : (PetscInt64)s.n;
  head[1] = s.type;
  PetscCallMPI(MPI_Bcast(head, 2, MPIU_INT64, 0, m->comm));
  if (head[0] < 0) PetscFunctionReturn(PETSC_SUCCESS);
  s.n    = (size_t)head[0];
  s.type = head[1] == HG_F32 ? HG_F32 : HG_F64;
  PetscCall(Stream(&s, &t));
  if (e) DropChunks(&s);
  PetscCallMPI(MPI_Reduce(m->rank ? (void *)&t.sum : MPI_IN_PLACE, &t.sum, 1, MPI_UINT32_T, MPI_BXOR, 0, m->comm));
  PetscCallMPI(MPI_Reduce(m->rank ? (void *)t.found : MPI_IN_PLACE, t.found, 2, MPI_INT, MPI_MAX, 0, m->comm));
  if (e) Judge(m, e, t.sum, t.found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same for all of an array, without values and other ranks; no threads either, for a process that was forked */
static PetscErrorCode VerifyAlone(HGModel m, const HGModelEntry *e)
{
  Source   s;
  char    *buf;
  uint32_t sum      = 0;
  int      found[2] = {0, 0};

  PetscFunctionBegin;
  OpenSource(m, e, &s);
  PetscCall(PetscMalloc1(HG_MODEL_ROOM, &buf));
  for (size_t at = 0, n; at < s.n && !*m->msg; at += n) {
    n = PetscMin(HG_MODEL_ROOM / sizeof(double), s.n - at);
    ReadPiece(&s, at, n, buf);
    sum ^= HGModelShiftSum(HGModelSumValues(s.type, buf, n), sizeof(double) * (s.n - at - n));
    if (!IsFinite(s.type, buf, n)) found[0] = 1;
  }
  DropChunks(&s);
  Judge(m, e, sum, found);
  PetscCall(PetscFree(buf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGModelVerifyArrays - Compare all arrays with their checksums

  Not Collective, for rank 0
*/
PetscErrorCode HGModelVerifyArrays(HGModel m)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < m->n && !*m->msg; i++)
    if (m->entry[i].kind == HG_MODEL_ARRAY && m->entry[i].covered) PetscCall(VerifyAlone(m, &m->entry[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The next array from a given one on that has a checksum, on rank 0; -1 if there is none, or something is wrong */
static PetscInt NextCovered(HGModel m, PetscInt i)
{
  if (*m->msg) return -1;
  while (i < m->n && !(m->entry[i].kind == HG_MODEL_ARRAY && m->entry[i].covered)) i++;
  return i < m->n ? i : -1;
}

/*@
   HGModelVerify - Compare all arrays of a model file with their checksums

   Collective

   Input Parameter:
.  m - the model

   Output Parameter:
.  arrays - how many were compared

   Level: advanced

   Errors:
   The first array that is damaged or not finite.

.seealso: `HGModelOpen()`, which compares the attributes
@*/
PetscErrorCode HGModelVerify(HGModel m, PetscInt *arrays)
{
  PetscInt i = 0;

  PetscFunctionBegin;
  for (*arrays = 0;; ++*arrays, i++) {
    if (!m->rank) i = NextCovered(m, i);
    PetscCallMPI(MPI_Bcast(&i, 1, MPIU_INT, 0, m->comm));
    if (i < 0) break;
    PetscCall(HGModelGetRunsOf(m, m->rank ? NULL : &m->entry[i], HG_F64, 0, NULL, NULL));
  }
  PetscCall(HGModelRaise(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}
