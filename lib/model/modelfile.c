/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The bytes of a model file, written by all ranks. Rank 0 makes the file of what HDF5 has to say (modelwrite.c); each rank of its node that sees the same
   file writes its runs of the arrays to their places; ranks of other nodes send theirs in pieces to rank 0, since not every network file system keeps what
   several nodes write to neighbouring bytes.
*/
#define _GNU_SOURCE /* fallocate() */
#include "model/model_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MOST_PARTS 4096 /* of arrays in a piece */

/* Where bytes of a piece belong */
typedef struct {
  PetscInt64 place, size;
} Part;

typedef struct {
  HGModel     m;
  const char *name; /* of the file to come, for messages */
  int         fd;   /* -1 if this rank does not write */
  Part       *part; /* of what is to be sent */
  PetscInt    n;
  char       *buf;
  size_t      used;
} Writer;

static void Failed(Writer *w, int err)
{
  HGModelFails(w->m, "cannot write %s: %s" HG_MODEL_UNTOUCHED, w->name, err ? strerror(err) : "the disk takes no more");
}

/* Nothing more is written after a failure */
static void WriteAt(Writer *w, const char *at, size_t left, PetscInt64 place)
{
  while (left && !*w->m->msg) {
    const ssize_t n = pwrite(w->fd, at, PetscMin(left, (size_t)1 << 30), place);

    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) Failed(w, n ? errno : 0);
    else {
      at += n;
      place += n;
      left -= (size_t)n;
    }
  }
}

/* ---- what rank 0 writes ---- */

/* Sets room aside, so that a full disk shows before the work, and does not fill a disk that is too small. Whether the file system can; whether there is room
   otherwise shows when it is full. */
static PetscBool Reserve(Writer *w, PetscInt64 size)
{
  struct statvfs st;
  int            e = EOPNOTSUPP;

  if (!fstatvfs(w->fd, &st) && st.f_blocks && st.f_bavail < (uint64_t)size / st.f_frsize) {
    Failed(w, ENOSPC);
    return PETSC_TRUE;
  }
#if defined(__linux__)
  do e = fallocate(w->fd, 0, 0, size) ? errno : 0;
  while (e == EINTR);
#endif
  if (e == EOPNOTSUPP || e == ENOSYS || e == EINVAL) return PETSC_FALSE;
  if (e) Failed(w, e);
  return PETSC_TRUE;
}

/* The bytes from one place to another; the sum of the file goes on with them */
static void CopyBytes(Writer *w, int from, PetscInt64 place, PetscInt64 end, uint32_t *sum)
{
  while (place < end && !*w->m->msg) {
    const ssize_t n = pread(from, w->buf, (size_t)PetscMin((PetscInt64)HG_MODEL_ROOM, end - place), place);

    if (n <= 0) HGModelFails(w->m, "cannot read the model file in memory: %s", n ? strerror(errno) : "it is cut short");
    else {
      *sum = HGModelSumBytes(*sum, w->buf, (size_t)n);
      WriteAt(w, w->buf, (size_t)n, place);
      place += n;
    }
  }
}

static int ComparePlaces(const void *a, const void *b)
{
  const PetscInt64 x = (*(const HGModelEntry *const *)a)->place, y = (*(const HGModelEntry *const *)b)->place;

  return x < y ? -1 : x > y;
}

static void WriteZeros(Writer *w, const HGModelEntry *e, size_t bytes)
{
  memset(w->buf, 0, HG_MODEL_ROOM);
  for (size_t at = 0; at < bytes && !*w->m->msg; at += HG_MODEL_ROOM)
    WriteAt(w, w->buf, PetscMin(bytes - at, HG_MODEL_ROOM), e->place + (PetscInt64)at);
}

/* All but the values of arrays, for which there is zero if they are wanted, and the sum of the whole */
static PetscErrorCode WriteFrame(Writer *w, int from, PetscInt64 size, PetscBool zeros, uint32_t *sum)
{
  HGModel        m = w->m;
  HGModelEntry **entry;
  PetscInt       n     = 0;
  PetscInt64     place = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(m->n, &entry));
  for (PetscInt i = 0; i < m->n; i++)
    if (m->entry[i].kind == HG_MODEL_ARRAY && m->entry[i].place >= 0) entry[n++] = &m->entry[i];
  qsort(entry, (size_t)n, sizeof(HGModelEntry *), ComparePlaces);
  *sum = 0;
  for (PetscInt i = 0; i < n; i++) {
    const size_t bytes = HGDTypeSize(entry[i]->type) * entry[i]->n;

    CopyBytes(w, from, place, entry[i]->place, sum);
    if (zeros) WriteZeros(w, entry[i], bytes);
    *sum  = HGModelShiftSum(*sum, bytes) ^ entry[i]->sum_raw;
    place = entry[i]->place + (PetscInt64)bytes;
  }
  CopyBytes(w, from, place, size, sum);
  PetscCall(PetscFree(entry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Makes the file but the values of its arrays, on rank 0 */
static PetscErrorCode Begin(Writer *w, const char path[], PetscBool trial, PetscInt64 *size, uint32_t *sum)
{
  HGModel   m = w->m;
  PetscBool reserved;
  int       from;

  PetscFunctionBegin;
  w->fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
  if (w->fd < 0) {
    HGModelFails(m, "cannot write %s: %s; give another name with -model_output", w->name, strerror(errno));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGModelEncode(m, w->name, &from, size));
  if (*m->msg) PetscFunctionReturn(PETSC_SUCCESS);
  reserved = Reserve(w, *size + HG_MODEL_TRAILER);
  PetscCall(WriteFrame(w, from, *size, trial && !reserved ? PETSC_TRUE : PETSC_FALSE, sum));
  (void)close(from);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HDF5 does not look behind the end of its file, and cuts off what is there when it changes something */
static void End(Writer *w, PetscBool trial, PetscInt64 size, uint32_t sum)
{
  char text[HG_MODEL_TRAILER + 1];

  if (w->fd < 0) return;
  HGModelTrailer(sum, text);
  if (!trial) WriteAt(w, text, HG_MODEL_TRAILER, size);
  if (!*w->m->msg && fsync(w->fd) && errno != EINVAL && errno != ENOTSUP) Failed(w, errno);
}

/* ---- what all ranks write ---- */

/* Whether this rank may write into the file itself: it has to be the very file that rank 0 has open, on the same node */
static PetscErrorCode OpenSame(Writer *w, const char path[])
{
  HGModel     m = w->m;
  MPI_Comm    node;
  PetscMPIInt first;
  PetscBool   direct = PETSC_TRUE;
  uint64_t    id[2]  = {0, 0};
  struct stat st;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-model_direct", &direct, NULL));
  PetscCallMPI(MPI_Comm_split_type(m->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  first = m->rank;
  PetscCallMPI(MPI_Bcast(&first, 1, MPI_INT, 0, node));
  PetscCallMPI(MPI_Comm_free(&node));
  if (!m->rank && !fstat(w->fd, &st)) {
    id[0] = (uint64_t)st.st_dev;
    id[1] = (uint64_t)st.st_ino;
  }
  PetscCallMPI(MPI_Bcast(id, 2, MPI_UINT64_T, 0, m->comm));
  if (!m->rank || first || !direct) PetscFunctionReturn(PETSC_SUCCESS);
  w->fd = open(path, O_WRONLY | O_CLOEXEC);
  if (w->fd >= 0 && !fstat(w->fd, &st) && (uint64_t)st.st_dev == id[0] && (uint64_t)st.st_ino == id[1]) PetscFunctionReturn(PETSC_SUCCESS);
  if (w->fd >= 0) (void)close(w->fd);
  w->fd = -1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* To rank 0; an empty piece is the last one */
static PetscErrorCode SendPiece(Writer *w)
{
  PetscFunctionBegin;
  PetscCallMPI(MPI_Ssend(w->part, (PetscMPIInt)((size_t)w->n * sizeof(Part)), MPI_BYTE, 0, 0, w->m->comm));
  if (w->n) PetscCallMPI(MPI_Send(w->buf, (PetscMPIInt)w->used, MPI_BYTE, 0, 1, w->m->comm));
  w->n    = 0;
  w->used = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReceivePieces(Writer *w, PetscMPIInt rank)
{
  PetscFunctionBegin;
  for (;;) {
    MPI_Status  status;
    PetscMPIInt bytes, used = 0;

    PetscCallMPI(MPI_Recv(w->part, (PetscMPIInt)(MOST_PARTS * sizeof(Part)), MPI_BYTE, rank, 0, w->m->comm, &status));
    PetscCallMPI(MPI_Get_count(&status, MPI_BYTE, &bytes));
    if (!bytes) PetscFunctionReturn(PETSC_SUCCESS);
    PetscCallMPI(MPI_Recv(w->buf, (PetscMPIInt)HG_MODEL_ROOM, MPI_BYTE, rank, 1, w->m->comm, MPI_STATUS_IGNORE));
    for (size_t i = 0; i < (size_t)bytes / sizeof(Part); i++) {
      WriteAt(w, w->buf + used, (size_t)w->part[i].size, w->part[i].place);
      used += (PetscMPIInt)w->part[i].size;
    }
  }
}

static PetscErrorCode Put(Writer *w, const char *at, size_t left, PetscInt64 place)
{
  PetscFunctionBegin;
  if (w->fd >= 0) {
    WriteAt(w, at, left, place);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  while (left) {
    const size_t n = PetscMin(left, HG_MODEL_ROOM - w->used);

    memcpy(w->buf + w->used, at, n);
    w->part[w->n++] = (Part){.place = place, .size = (PetscInt64)n};
    w->used += n;
    at += n;
    place += (PetscInt64)n;
    left -= n;
    if (w->n == MOST_PARTS || w->used == HG_MODEL_ROOM) PetscCall(SendPiece(w));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PutRuns(Writer *w)
{
  HGModel m = w->m;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < m->n; i++) {
    const HGModelEntry *e    = &m->entry[i];
    const size_t        size = HGDTypeSize(e->type);

    if (e->kind != HG_MODEL_ARRAY || e->place < 0) continue;
    for (PetscInt k = 0; k < e->nruns; k++)
      PetscCall(Put(w, (const char *)e->data + size * (size_t)e->run[k].local, size * (size_t)e->run[k].count,
                    e->place + (PetscInt64)size * e->run[k].file));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TellPlaces(HGModel m)
{
  PetscInt64 *place;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(m->n, &place));
  for (PetscInt i = 0; i < m->n; i++) place[i] = m->entry[i].place;
  PetscCallMPI(MPI_Bcast(place, (PetscMPIInt)m->n, MPIU_INT64, 0, m->comm));
  for (PetscInt i = 0; i < m->n; i++) m->entry[i].place = place[i];
  PetscCall(PetscFree(place));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteRuns(Writer *w, const char path[])
{
  HGModel     m = w->m;
  PetscMPIInt size;
  int         sends, *all = NULL;

  PetscFunctionBegin;
  PetscCall(TellPlaces(m));
  PetscCall(OpenSame(w, path));
  PetscCallMPI(MPI_Comm_size(m->comm, &size));
  if (!m->rank) PetscCall(PetscMalloc1(size, &all));
  sends = w->fd < 0;
  PetscCallMPI(MPI_Gather(&sends, 1, MPI_INT, all, 1, MPI_INT, 0, m->comm));
  if (sends) PetscCall(PetscMalloc1(HG_MODEL_ROOM, &w->buf));
  PetscCall(PutRuns(w));
  if (sends && w->n) PetscCall(SendPiece(w));
  if (sends) PetscCall(SendPiece(w));
  for (PetscMPIInt r = 1; r < size && !m->rank; r++)
    if (all[r]) PetscCall(ReceivePieces(w, r));
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Agree(HGModel m, PetscBool *fails)
{
  PetscFunctionBegin;
  PetscCall(HGAgreeOnMessage(m->comm, m->msg, sizeof(m->msg)));
  *fails = *m->msg ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGModelWriteFile - Write the file of a model, and flush it to the disk

  Collective

  Input Parameters:
+ m     - the model; it has a message then, on all ranks, if the file could not be written
. name  - the file to come, for messages
. path  - where it is written
- trial - make it without its values, but with room for them
*/
PetscErrorCode HGModelWriteFile(HGModel m, const char name[], const char path[], PetscBool trial)
{
  Writer     w     = {.m = m, .name = name, .fd = -1};
  PetscInt64 size  = 0;
  uint32_t   sum   = 0;
  PetscBool  fails = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(MOST_PARTS, &w.part));
  if (!m->rank) PetscCall(PetscMalloc1(HG_MODEL_ROOM, &w.buf));
  if (!trial) {
    PetscCall(HGModelSumRuns(m));
    PetscCall(HGModelFetchTiny(m));
  }
  if (!m->rank) PetscCall(Begin(&w, path, trial, &size, &sum));
  PetscCall(Agree(m, &fails));
  if (!fails && !trial) PetscCall(WriteRuns(&w, path));
  if (m->rank && w.fd >= 0 && close(w.fd)) Failed(&w, errno);
  PetscCall(Agree(m, &fails));
  if (!m->rank && !fails) End(&w, trial, size, sum);
  if (!m->rank && w.fd >= 0 && close(w.fd)) Failed(&w, errno);
  PetscCall(Agree(m, &fails));
  PetscCall(PetscFree(w.part));
  PetscCall(PetscFree(w.buf));
  PetscFunctionReturn(PETSC_SUCCESS);
}
