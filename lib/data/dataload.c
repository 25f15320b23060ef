/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading: each rank its box of space of every sample, through a buffer of a few MiB. */
#include "data/source.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define HG_DATA_BUFFER (1024 * 1024) /* elements of the buffer, unless one row is longer */

/* Sums over the points this rank counts: those of its box, unless another rank with the same box counts them */
typedef struct {
  PetscBool  on, wanted; /* this rank counts its points; sums are needed at all */
  PetscReal *shift;      /* [C] near the mean, so that squares do not cancel */
  double    *sum;        /* [C][2] of v - shift, and of its square: the leading part */
  double    *low;        /* [C][2] what the leading part lacks */
  PetscInt64 bad;        /* values that are missing or not finite */
  PetscInt64 where;      /* the first of them: index in [sample][time][channel][z][y][x] of the file */
} Sums;

/* One block of a variable, in the axes of the file */
typedef struct {
  size_t  start[HG_FILE_AXES], count[HG_FILE_AXES];
  double *buf; /* [sample][time][channel][z][y][x] */
} Block;

/* Adds without losing the rounding error (Knuth's TwoSum) */
static void AddTo(double *hi, double *lo, double v)
{
  const double s = *hi + v, b = s - *hi;

  *lo += (*hi - (s - b)) + (v - b);
  *hi = s;
}

static PetscBool IsBad(const HGFileVar *v, PetscInt classes, double raw)
{
  if (!isfinite(raw)) return PETSC_TRUE;
  if (classes) {
    const double k = raw * v->scale + v->offset;

    if (!(k >= 0 && k < (double)classes && k == floor(k))) return PETSC_TRUE;
  }
  for (int i = 0; i < v->nfill; i++) {
    if (raw == v->fill[i]) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static void NoteBad(const HGFileVar *v, const Block *b, const size_t at[], Sums *sums)
{
  PetscInt64 index = 0;

  for (int a = 0; a < HG_FILE_AXES; a++) index = index * v->len[a] + (PetscInt64)(b->start[a] + at[a]);
  if (!sums->bad++ || index < sums->where) sums->where = index;
}

/* One row, from(x) to to(x C): (v - mean) / dev of the unpacked values */
#define DEFINE_STORE_ROW(REAL)                                                                                                        \
  static void StoreRow_##REAL(const double *restrict row, size_t n, const HGFileVar *v, double mean, double scale, REAL *restrict to, \
                              size_t C)                                                                                               \
  {                                                                                                                                   \
    const double factor = v->scale, add = v->offset;                                                                                  \
                                                                                                                                      \
    if (C == 1) {                                                                                                                     \
      for (size_t i = 0; i < n; i++) to[i] = (REAL)((row[i] * factor + add - mean) * scale);                                          \
    } else {                                                                                                                          \
      for (size_t i = 0; i < n; i++) to[i * C] = (REAL)((row[i] * factor + add - mean) * scale);                                      \
    }                                                                                                                                 \
  }
DEFINE_STORE_ROW(float)
DEFINE_STORE_ROW(double)

static void CheckRow(const HGFileVar *v, PetscInt classes, const Block *b, size_t at[], const double *row, Sums *sums)
{
  const size_t n   = b->count[HG_FILE_X];
  double       bad = classes ? 1 : 0; /* a double, for loops that compilers turn into vector instructions */

  for (size_t i = 0; i < n; i++) bad += fabs(row[i]) <= DBL_MAX ? 0. : 1.;
  for (int k = 0; k < v->nfill; k++) {
    const double fill = v->fill[k];

    for (size_t i = 0; i < n; i++) bad += row[i] == fill ? 1. : 0.;
  }
  for (size_t i = 0; i < n && bad > 0; i++) {
    at[HG_FILE_X] = i;
    if (IsBad(v, classes, row[i])) NoteBad(v, b, at, sums);
  }
}

static void SumRow(const double *row, size_t n, const HGFileVar *v, size_t c, Sums *sums)
{
  const double shift = sums->shift[c];
  double       sum = 0, square = 0;

  for (size_t i = 0; i < n; i++) {
    const double t = row[i] * v->scale + v->offset - shift;

    sum += t;
    square += t * t;
  }
  AddTo(&sums->sum[2 * c], &sums->low[2 * c], sum);
  AddTo(&sums->sum[2 * c + 1], &sums->low[2 * c + 1], square);
}

static void TakeRow(HGData d, const HGDataPart *part, const HGFileVar *v, const Block *b, size_t at[], const double *row, Sums *sums)
{
  const size_t s = b->start[HG_FILE_SAMPLE] + at[HG_FILE_SAMPLE] - (size_t)d->first;
  const size_t z = b->start[HG_FILE_Z] + at[HG_FILE_Z] - (size_t)part->box.start[HG_Z],
               y = b->start[HG_FILE_Y] + at[HG_FILE_Y] - (size_t)part->box.start[HG_Y];
  const size_t x = b->start[HG_FILE_X] - (size_t)part->box.start[HG_X], nx = (size_t)part->box.size[HG_X], C = (size_t)part->channels;
  const size_t c = (size_t)v->pub.first + (b->start[HG_FILE_TIME] + at[HG_FILE_TIME]) * (size_t)v->len[HG_FILE_CHANNEL] +
                   b->start[HG_FILE_CHANNEL] + at[HG_FILE_CHANNEL];
  const size_t first = (((s * (size_t)part->box.size[HG_Z] + z) * (size_t)part->box.size[HG_Y] + y) * nx + x) * C + c,
               n     = b->count[HG_FILE_X];
  const double mean = part->mean[c], scale = 1 / part->dev[c];

  CheckRow(v, part->classes, b, at, row, sums);
  if (sums->wanted) SumRow(row, n, v, c, sums);
  if (d->dtype == HG_F32) StoreRow_float(row, n, v, mean, scale, (float *)part->value + first, C);
  else StoreRow_double(row, n, v, mean, scale, (double *)part->value + first, C);
}

static void TakeBlock(HGData d, const HGDataPart *part, const HGFileVar *v, const Block *b, Sums *sums)
{
  const size_t rows = b->count[0] * b->count[1] * b->count[2] * b->count[3] * b->count[4];

  for (size_t r = 0; r < rows; r++) {
    size_t at[HG_FILE_AXES], rest = r;

    for (int a = HG_FILE_Y; a >= 0; a--) {
      at[a] = rest % b->count[a];
      rest /= b->count[a];
    }
    TakeRow(d, part, v, b, at, b->buf + r * b->count[HG_FILE_X], sums);
  }
}

/* The blocks that a rank's box is read in: as many whole rows, planes, channels, samples as the buffer holds */
static void PlanBlocks(HGData d, const HGDataPart *part, const HGFileVar *v, PetscInt lo[], PetscInt n[], PetscInt size[],
                       PetscInt blocks[])
{
  PetscInt room = HG_DATA_BUFFER;

  lo[HG_FILE_SAMPLE] = d->first;
  n[HG_FILE_SAMPLE]  = d->end - d->first;
  lo[HG_FILE_TIME] = lo[HG_FILE_CHANNEL] = 0;
  n[HG_FILE_TIME]                        = v->len[HG_FILE_TIME];
  n[HG_FILE_CHANNEL]                     = v->len[HG_FILE_CHANNEL];
  for (int a = 0; a < 3; a++) {
    lo[HG_FILE_Z + a] = part->box.start[HG_Z + a];
    n[HG_FILE_Z + a]  = part->box.size[HG_Z + a];
  }
  for (int a = HG_FILE_AXES - 1; a >= 0; a--) {
    size[a]   = a == HG_FILE_X ? n[a] : PetscMin(n[a], PetscMax(room, 1));
    blocks[a] = (n[a] + size[a] - 1) / size[a];
    room /= size[a];
  }
}

static PetscErrorCode ReadVariable(HGData d, HGSource *source, const HGDataPart *part, const HGFileVar *v, Sums *sums, char *msg,
                                   size_t len)
{
  PetscInt lo[HG_FILE_AXES], n[HG_FILE_AXES], size[HG_FILE_AXES], blocks[HG_FILE_AXES], total = 1;
  size_t   elements = 1;
  Block    b;

  PetscFunctionBegin;
  if (!HGDataBoxPoints(&part->box)) PetscFunctionReturn(PETSC_SUCCESS);
  PlanBlocks(d, part, v, lo, n, size, blocks);
  for (int a = 0; a < HG_FILE_AXES; a++) {
    elements *= (size_t)size[a];
    total *= blocks[a];
  }
  PetscCall(PetscMalloc1(elements, &b.buf));
  for (PetscInt i = 0; i < total && !*msg; i++) {
    PetscInt rest = i;

    for (int a = HG_FILE_AXES - 1; a >= 0; a--) {
      const PetscInt at = rest % blocks[a] * size[a];

      b.start[a] = (size_t)(lo[a] + at);
      b.count[a] = (size_t)PetscMin(size[a], n[a] - at);
      rest /= blocks[a];
    }
    PetscCall(HGSourceRead(source, v, b.start, b.count, b.buf, msg, len));
    if (!*msg) TakeBlock(d, part, v, &b, sums);
  }
  PetscCall(PetscFree(b.buf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A value near the mean of each channel: the mean of the middle row of the first sample, the same on any number of ranks */
static PetscErrorCode FindShift(HGData d, HGSource *source, const HGFileVar *v, PetscReal shift[], char *msg, size_t len)
{
  size_t  start[HG_FILE_AXES], count[HG_FILE_AXES];
  double *row;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(d->grid[2], &row));
  for (PetscInt c = 0; c < v->pub.channels && !*msg; c++) {
    const PetscInt at[HG_FILE_AXES] = {d->first, c / v->len[HG_FILE_CHANNEL], c % v->len[HG_FILE_CHANNEL], d->grid[0] / 2, d->grid[1] / 2,
                                       0};
    double         sum              = 0;
    PetscInt       n                = 0;

    for (int a = 0; a < HG_FILE_AXES; a++) {
      start[a] = (size_t)at[a];
      count[a] = a == HG_FILE_X ? (size_t)d->grid[2] : 1;
    }
    PetscCall(HGSourceRead(source, v, start, count, row, msg, len));
    for (PetscInt i = 0; i < d->grid[2] && !*msg; i++) {
      if (IsBad(v, 0, row[i])) continue;
      sum += row[i] * v->scale + v->offset;
      n++;
    }
    shift[v->pub.first + c] = n ? (PetscReal)(sum / (double)n) : 0;
  }
  PetscCall(PetscFree(row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FindShifts(HGData d, HGSource *source, const HGDataPart *part, PetscReal shift[])
{
  MPI_Comm    comm                 = PetscObjectComm((PetscObject)d);
  char        msg[HG_DATA_MESSAGE] = "";
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  for (PetscInt i = 0; i < part->nvar && !*msg && !rank; i++) PetscCall(FindShift(d, source, &part->var[i], shift, msg, sizeof(msg)));
  PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
  HGCheck(!*msg, comm, "%s", msg);
  PetscCallMPI(MPI_Bcast(shift, (PetscMPIInt)part->channels, MPIU_REAL, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckBad(HGData d, const HGDataPart *part, const HGFileVar *v, const Sums *mine)
{
  MPI_Comm   comm  = PetscObjectComm((PetscObject)d);
  PetscInt64 bad   = mine->on ? mine->bad : 0, total;
  PetscInt64 where = bad ? mine->where : INT64_MAX, first;
  PetscInt64 at[HG_FILE_AXES];
  char       place[256] = "";

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(&bad, &total, 1, MPIU_INT64, MPI_SUM, comm));
  PetscCallMPI(MPI_Allreduce(&where, &first, 1, MPIU_INT64, MPI_MIN, comm));
  if (!total) PetscFunctionReturn(PETSC_SUCCESS);
  for (int a = HG_FILE_AXES - 1; a >= 0; a--) {
    at[a] = first % v->len[a];
    first /= v->len[a];
  }
  for (int a = HG_FILE_TIME; a < HG_FILE_AXES; a++) {
    static const char *const names[] = {"", "time", "channel"};
    const size_t             used    = strlen(place);

    if (v->pos[a] >= 0)
      (void)snprintf(place + used, sizeof(place) - used, ", %s %" PetscInt64_FMT, a >= HG_FILE_Z ? d->axis[a - HG_FILE_Z].name : names[a],
                     at[a]);
  }
  HGCheck(!part->classes, comm,
          "variable \"%s\" of %s has %" PetscInt64_FMT " value%s that %s no class, the first at sample %" PetscInt64_FMT
          "%s (counted from 0); expected whole numbers from 0 to %" PetscInt_FMT ", for -data_classes %" PetscInt_FMT,
          v->pub.name, d->file, total, total > 1 ? "s" : "", total > 1 ? "are" : "is", at[0], place, part->classes - 1, part->classes);
  HGCheck(PETSC_FALSE, comm,
          "variable \"%s\" of %s has %" PetscInt64_FMT " value%s that %s NaN, infinite or missing, the first at sample %" PetscInt64_FMT
          "%s (counted from 0); repair the file or leave such samples out with -data_range",
          v->pub.name, d->file, total, total > 1 ? "s" : "", total > 1 ? "are" : "is", at[0], place);
}

/* 40 bits of a number: what is left does not depend on the order of summation, and so on the number of ranks */
static PetscReal Rounded(double v)
{
  int          e;
  const double m = frexp(v, &e);

  return (PetscReal)ldexp(rint(ldexp(m, 40)), e - 40);
}

/* Mean and deviation of each channel from the sums of all ranks */
static PetscErrorCode Deviations(HGData d, const HGDataPart *part, const Sums *mine, PetscReal mean[], PetscReal dev[])
{
  MPI_Comm       comm   = PetscObjectComm((PetscObject)d);
  const PetscInt C      = part->channels;
  const double   points = (double)(d->end - d->first) * (double)d->grid[0] * (double)d->grid[1] * (double)d->grid[2];
  double        *sum;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(2 * C, &sum));
  for (PetscInt i = 0; i < 2 * C; i++) sum[i] = mine->on ? mine->sum[i] + mine->low[i] : 0;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, (PetscMPIInt)(2 * C), MPI_DOUBLE, MPI_SUM, comm));
  for (PetscInt c = 0; c < C; c++) {
    const double delta = sum[2 * c] / points, variance = sum[2 * c + 1] / points - delta * delta;

    mean[c] = Rounded(mine->shift[c] + delta);
    dev[c]  = Rounded(sqrt(PetscMax(variance, 0)));
    if (dev[c] <= 64 * PETSC_MACHINE_EPSILON * PetscAbsReal(mean[c])) dev[c] = 0;
  }
  PetscCall(PetscFree(sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckDeviations(HGData d, const HGDataPart *part, const PetscReal mean[], const PetscReal dev[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < part->nvar; i++) {
    const HGDataVariable *v = &part->var[i].pub;

    for (PetscInt c = v->first; c < v->first + v->channels; c++)
      HGCheck(dev[c] > 0, PetscObjectComm((PetscObject)d),
              "variable \"%s\" of %s is %g everywhere%s, and -data_normalize global cannot divide by a deviation of zero; use "
              "-data_normalize none or another variable",
              v->name, d->file, (double)mean[c], v->channels > 1 ? " in a channel" : "");
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadPart(HGData d, HGSource *source, HGDataPart *part, Sums *sums)
{
  MPI_Comm comm                 = PetscObjectComm((PetscObject)d);
  char     msg[HG_DATA_MESSAGE] = "";

  PetscFunctionBegin;
  for (PetscInt i = 0; i < part->nvar; i++) {
    sums->bad = 0;
    PetscCall(ReadVariable(d, source, part, &part->var[i], sums, msg, sizeof(msg)));
    PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
    HGCheck(!*msg, comm, "%s", msg);
    PetscCall(CheckBad(d, part, &part->var[i], sums));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Under HG_NORMALIZE_GLOBAL a first reading finds the constants, with values shifted to be small; the second scales exactly as
   one with constants from a model file does, so that a resumed run sees the same bits */
static PetscErrorCode NormalizePart(HGData d, HGSource *source, HGDataPart *part, Sums *sums)
{
  PetscFunctionBegin;
  sums->wanted = PETSC_TRUE;
  PetscCall(FindShifts(d, source, part, sums->shift));
  PetscCall(PetscArraycpy(part->mean, sums->shift, part->channels));
  PetscCall(ReadPart(d, source, part, sums));
  PetscCall(Deviations(d, part, sums, part->mean, part->dev));
  PetscCall(CheckDeviations(d, part, part->mean, part->dev));
  sums->wanted = PETSC_FALSE;
  PetscCall(ReadPart(d, source, part, sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of the ranks that hold the same points, for other samples, other channels or as copies, the first one counts them */
static PetscErrorCode CountsPoints(HGData d, PetscBool *counts)
{
  PetscBool   copies[HG_AXES];
  PetscInt    coord[HG_AXES];
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)d), &rank));
  PetscCall(HGPartitionGetReplicated(d->partition, copies));
  PetscCall(HGPartitionGetCoords(d->partition, rank, counts, coord));
  for (int a = 0; *counts && a < HG_AXES; a++) {
    if (coord[a] && (a == HG_N || a == HG_C || copies[a])) *counts = PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode LoadPart(HGData d, HGSource *source, HGDataPart *part)
{
  const PetscInt C = part->channels;
  PetscErrorCode e;
  Sums           sums;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(&sums, sizeof(sums)));
  PetscCall(CountsPoints(d, &sums.on));
  PetscCall(PetscCalloc3(C, &sums.shift, 2 * C, &sums.sum, 2 * C, &sums.low));
  for (PetscInt c = 0; c < C && (!part->fixed || part->classes); c++) {
    part->mean[c] = 0;
    part->dev[c]  = 1;
  }
  e = d->normalize == HG_NORMALIZE_GLOBAL && !part->fixed && !part->classes ? NormalizePart(d, source, part, &sums)
                                                                            : ReadPart(d, source, part, &sums);
  PetscCall(PetscFree3(sums.shift, sums.sum, sums.low));
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Each rank opens the file for itself, whatever its format: a read that fails on one rank must not leave others waiting in MPI-IO */
static PetscErrorCode OpenAll(HGData d, HGDataRole role, HGSource *source)
{
  MPI_Comm comm                 = PetscObjectComm((PetscObject)d);
  char     msg[HG_DATA_MESSAGE] = "";

  PetscFunctionBegin;
  PetscCall(HGSourceOpen(d, role, source, msg, sizeof(msg)));
  PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
  HGCheck(!*msg, comm, "%s", msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TakePartition(HGData d, HGPartition p)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)d);
  PetscInt    dim, size[HG_AXES];
  PetscMPIInt rank, result;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(p, &dim, size));
  HGCheck(size[HG_Z] == d->grid[0] && size[HG_Y] == d->grid[1] && size[HG_X] == d->grid[2], comm,
          "%s has a grid of %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
          " points (z, y, x), the tensors to load it into have %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT,
          d->file, d->grid[0], d->grid[1], d->grid[2], size[HG_Z], size[HG_Y], size[HG_X]);
  PetscCallMPI(MPI_Comm_compare(comm, PetscObjectComm((PetscObject)p), &result));
  HGCheck(result == MPI_IDENT || result == MPI_CONGRUENT, comm,
          "the partition is on another communicator than the dataset; create both on the same");
  PetscCall(HGPartitionReference(p));
  PetscCall(HGPartitionDestroy(&d->partition));
  d->partition = p;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  for (int r = 0; r < 2; r++) PetscCall(HGPartitionGetBox(p, rank, &d->part[r].box));
  for (int a = HG_Z; a < HG_AXES && HGDataHasLabels(d); a++) { /* every rank has them */
    d->part[HG_DATA_TARGET].box.start[a] = 0;
    d->part[HG_DATA_TARGET].box.size[a]  = 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataLoad - Read the samples of the range: each rank its own part of space

   Collective

   Input Parameters:
+  d     - the dataset
.  p     - the partition of the tensors that batches are copied into; its numbers of samples and channels do not matter
-  dtype - the element type that the values are kept in

   Level: beginner

   Shape:
   kept in memory: `[samples][Z_local][Y_local][X_local][C_in]`, and `[...][C_out]` for the target

   Notes:
   Each rank opens the file read-only and reads its hyperslabs. Beside the values themselves buffers of about 12 MiB are used.

   Means and deviations are taken over all samples of the range and all points, in double precision, and rounded to 40 bits: the
   order of summation, and with it the number of ranks, does not show.

   Errors:
   A grid that is not the partition's; values that are missing, NaN or infinite; a channel without variance under `-data_normalize global`.

.seealso: `HGDataSetUp()`, `HGDataGetBatch()`, `HGDataGetNormalization()`
@*/
PetscErrorCode HGDataLoad(HGData d, HGPartition p, HGDType dtype)
{
  PetscErrorCode e = PETSC_SUCCESS;
  HGSource       source;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCall(HGDataSetUp(d));
  PetscCall(TakePartition(d, p));
  d->dtype = dtype;
  for (int r = 0; r < 2 && !e; r++) {
    HGDataPart  *part = &d->part[r];
    const size_t n    = (size_t)(d->end - d->first) * HGDataBoxPoints(&part->box) * (size_t)part->channels;

    if (!part->nvar) continue;
    PetscCall(PetscFree(part->value));
    PetscCall(PetscMalloc(n * HGDTypeSize(dtype), &part->value));
    if (!part->fixed) {
      PetscCall(PetscFree2(part->mean, part->dev));
      PetscCall(PetscMalloc2(part->channels, &part->mean, part->channels, &part->dev));
    }
    PetscCall(OpenAll(d, (HGDataRole)r, &source));
    e = LoadPart(d, &source, part);
    HGSourceClose(&source);
  }
  PetscCall(e);
  PetscCall(PetscObjectViewFromOptions((PetscObject)d, NULL, "-data_view"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
