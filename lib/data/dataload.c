/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading: each rank its box of space of every sample, through a buffer of a few MiB. */
#include "data/blocks.h"
#include "data/source.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define HG_DATA_BUFFER ((size_t)1024 * 1024) /* elements of the buffer */

/* What is found out while values pass by: sums over the points this rank counts, those of its box unless another rank with the same box counts them */
typedef struct {
  PetscBool  on, wanted; /* this rank counts its points; sums are needed at all */
  PetscBool  exact;      /* no value has changed when it was stored */
  PetscReal *shift;      /* [C] near the mean, so that squares do not cancel */
  PetscReal *unit;       /* [C] a power of two near the deviation, so that squares neither overflow nor vanish */
  double    *sum;        /* [C][2] of (v - shift) / unit, and of its square: the leading part */
  double    *low;        /* [C][2] what the leading part lacks */
  double    *most;       /* [C] the largest value that is stored, without its sign */
  PetscInt64 bad;        /* values that are missing, not finite, no class, or too large for the type they are stored in */
  PetscInt64 where;      /* the first of them: index in [sample][time][channel][z][y][x] of the file */
} Sums;

/* One block of a variable, in the axes of the file */
typedef struct {
  size_t    start[HG_FILE_AXES], count[HG_FILE_AXES];
  ptrdiff_t stride[HG_FILE_AXES]; /* of the axes in the buffer */
  double   *buf;                  /* with the dimensions in the order of the file */
} Block;

/* Adds without losing the rounding error (Knuth's TwoSum) */
static void AddTo(double *hi, double *lo, double v)
{
  const double s = *hi + v, b = s - *hi;

  *lo += (*hi - (s - b)) + (v - b);
  *hi = s;
}

/* How a row is stored: (v - mean) * scale, not larger than most */
typedef struct {
  double mean, scale, most;
} Scaling;

static PetscBool IsBad(PetscInt classes, const Scaling *s, double v)
{
  if (classes && !(v >= 0 && v < (double)classes && v == floor(v))) return PETSC_TRUE;
  return fabs((v - s->mean) * s->scale) <= s->most ? PETSC_FALSE : PETSC_TRUE; /* not for NaN either */
}

static void NoteBad(const HGFileVar *v, const Block *b, const size_t at[], Sums *sums)
{
  PetscInt64 index = 0;

  for (int a = 0; a < HG_FILE_AXES; a++) index = index * v->len[a] + (PetscInt64)(b->start[a] + at[a]);
  if (!sums->bad++ || index < sums->where) sums->where = index;
}

/* One row, from(x) to to(x C). Returns how many values are changed by the type */
#define DEFINE_STORE_ROW(REAL)                                                                                                         \
  static double StoreRow_##REAL(const double *restrict row, ptrdiff_t stride, size_t n, const Scaling *s, REAL *restrict to, size_t C) \
  {                                                                                                                                    \
    const double mean = s->mean, scale = s->scale;                                                                                     \
    double       changed = 0;                                                                                                          \
                                                                                                                                       \
    for (size_t i = 0; i < n; i++) {                                                                                                   \
      const double v = (row[(ptrdiff_t)i * stride] - mean) * scale;                                                                    \
                                                                                                                                       \
      to[i * C] = (REAL)v;                                                                                                             \
      changed += (double)(REAL)v == v ? 0 : 1;                                                                                         \
    }                                                                                                                                  \
    return changed;                                                                                                                    \
  }
DEFINE_STORE_ROW(float)
DEFINE_STORE_ROW(double)

/* Looks for bad values, and returns the largest of the others as it is stored */
static double CheckRow(const HGFileVar *v, PetscInt classes, const Scaling *s, const Block *b, size_t at[], const double *row, Sums *sums)
{
  const size_t    n      = b->count[HG_FILE_X];
  const ptrdiff_t stride = b->stride[HG_FILE_X];
  double          bad = classes ? 1 : 0, most = 0; /* doubles, for loops that compilers turn into vector instructions */

  for (size_t i = 0; i < n; i++) {
    const double m = fabs((row[(ptrdiff_t)i * stride] - s->mean) * s->scale);

    bad += m <= s->most ? 0. : 1.;
    most = m > most ? m : most;
  }
  for (size_t i = 0; i < n && bad > 0; i++) {
    at[HG_FILE_X] = i;
    if (IsBad(classes, s, row[(ptrdiff_t)i * stride])) NoteBad(v, b, at, sums);
  }
  return most;
}

static void SumRow(const double *row, ptrdiff_t stride, size_t n, size_t c, Sums *sums)
{
  const double shift = sums->shift[c], factor = 1 / sums->unit[c];
  double       sum = 0, square = 0;

  for (size_t i = 0; i < n; i++) {
    const double t = (row[(ptrdiff_t)i * stride] - shift) * factor;

    sum += t;
    square += t * t;
  }
  AddTo(&sums->sum[2 * c], &sums->low[2 * c], sum);
  AddTo(&sums->sum[2 * c + 1], &sums->low[2 * c + 1], square);
}

static void TakeRow(HGData d, const HGDataPart *part, const HGFileVar *v, const Block *b, size_t at[], Sums *sums)
{
  const size_t s = b->start[HG_FILE_SAMPLE] + at[HG_FILE_SAMPLE] - (size_t)d->first;
  const size_t z = b->start[HG_FILE_Z] + at[HG_FILE_Z] - (size_t)part->box.start[HG_Z],
               y = b->start[HG_FILE_Y] + at[HG_FILE_Y] - (size_t)part->box.start[HG_Y];
  const size_t x = b->start[HG_FILE_X] - (size_t)part->box.start[HG_X], nx = (size_t)part->box.size[HG_X], C = (size_t)part->channels;
  const size_t c = (size_t)v->pub.first + (b->start[HG_FILE_TIME] + at[HG_FILE_TIME]) * (size_t)v->len[HG_FILE_CHANNEL] +
                   b->start[HG_FILE_CHANNEL] + at[HG_FILE_CHANNEL];
  const size_t first    = (((s * (size_t)part->box.size[HG_Z] + z) * (size_t)part->box.size[HG_Y] + y) * nx + x) * C + c,
               n        = b->count[HG_FILE_X];
  const Scaling scaling = {part->mean[c], 1 / part->dev[c], d->dtype == HG_F32 && !sums->wanted ? (double)FLT_MAX : DBL_MAX};
  const double *row     = b->buf;
  double        changed, most;

  for (int a = 0; a < HG_FILE_X; a++) row += (ptrdiff_t)at[a] * b->stride[a];
  most          = CheckRow(v, part->classes, &scaling, b, at, row, sums);
  sums->most[c] = PetscMax(sums->most[c], most);
  if (sums->wanted) SumRow(row, b->stride[HG_FILE_X], n, c, sums);
  changed = d->dtype == HG_F32 ? StoreRow_float(row, b->stride[HG_FILE_X], n, &scaling, (float *)part->value + first, C)
                               : StoreRow_double(row, b->stride[HG_FILE_X], n, &scaling, (double *)part->value + first, C);
  if (changed > 0) sums->exact = PETSC_FALSE;
}

/* A block by the axes of the file */
static void PlaceBlock(const HGFileVar *v, const size_t start[], const size_t count[], Block *b)
{
  ptrdiff_t stride = 1;

  for (int a = 0; a < HG_FILE_AXES; a++) {
    b->start[a]  = 0;
    b->count[a]  = 1;
    b->stride[a] = 0;
  }
  for (int i = v->ndims - 1; i >= 0; i--) {
    const HGFileAxis a = v->dim[i].axis;

    b->start[a]  = start[i];
    b->count[a]  = count[i];
    b->stride[a] = stride;
    stride *= (ptrdiff_t)count[i];
  }
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
    TakeRow(d, part, v, b, at, sums);
  }
}

/* The axes of the file that are space are those of the rank's box; the others are read whole, of the samples those of the range */
static void SetBox(HGData d, const HGDataPart *part, const HGFileVar *v, HGBlocks *b)
{
  b->ndims = v->ndims;
  for (int i = 0; i < v->ndims; i++) {
    const HGFileAxis a = v->dim[i].axis;
    const int        m = HG_Z + (int)a - HG_FILE_Z;

    b->lo[i] = (size_t)(a == HG_FILE_SAMPLE ? d->first : a >= HG_FILE_Z ? part->box.start[m] : 0);
    b->n[i]  = (size_t)(a == HG_FILE_SAMPLE ? d->end - d->first : a >= HG_FILE_Z ? part->box.size[m] : v->len[a]);
  }
}

static PetscErrorCode ReadVariable(HGData d, HGSource *source, const HGDataPart *part, const HGFileVar *v, Sums *sums, char *msg,
                                   size_t len)
{
  size_t    start[HG_FILE_AXES], count[HG_FILE_AXES];
  HGBlocks *blocks;
  Block     b;

  PetscFunctionBegin;
  if (!HGDataBoxPoints(&part->box)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&blocks));
  SetBox(d, part, v, blocks);
  PetscCall(HGBlocksPlan(blocks, source->nc < 0 ? -1 : v->group, v->id, HG_DATA_BUFFER));
  PetscCall(PetscMalloc1(blocks->elements, &b.buf));
  while (!*msg && HGBlocksNext(blocks, start, count)) {
    PetscCall(HGSourceRead(source, v, start, count, b.buf, msg, len));
    PlaceBlock(v, start, count, &b);
    if (!*msg) TakeBlock(d, part, v, &b, sums);
  }
  PetscCall(PetscFree(b.buf));
  PetscCall(PetscFree(blocks));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The mean of a row, and a power of two near its largest difference from the mean, or near the mean where there is none */
static void ShiftOfRow(const double *row, ptrdiff_t stride, PetscInt n, PetscReal *shift, PetscReal *unit)
{
  double   sum = 0, most = 0;
  PetscInt good = 0;
  int      e;

  for (PetscInt i = 0; i < n; i++) {
    if (!isfinite(row[i * stride])) continue;
    sum += row[i * stride] / (double)n; /* the sum itself might overflow */
    good++;
  }
  *shift = good ? sum * (double)n / (double)good : 0;
  for (PetscInt i = 0; i < n; i++)
    if (isfinite(row[i * stride])) most = fmax(most, fabs(row[i * stride] - *shift));
  if (most == 0) most = fabs(*shift);
  (void)frexp(most, &e);
  *unit = most > 0 && e > -1000 && e < 1000 ? ldexp(1, e) : 1;
}

/* Of each channel by the middle row of the first sample, the same on any number of ranks */
static PetscErrorCode FindShift(HGData d, HGSource *source, const HGFileVar *v, Sums *sums, char *msg, size_t len)
{
  const PetscInt K = v->len[HG_FILE_CHANNEL];
  size_t         start[HG_FILE_AXES], count[HG_FILE_AXES];
  Block          b;

  PetscFunctionBegin;
  for (int i = 0; i < v->ndims; i++) {
    const HGFileAxis a = v->dim[i].axis;

    start[i] = (size_t)(a == HG_FILE_SAMPLE ? d->first : a == HG_FILE_Z || a == HG_FILE_Y ? v->len[a] / 2 : 0);
    count[i] = (size_t)(a == HG_FILE_SAMPLE || a == HG_FILE_Z || a == HG_FILE_Y ? 1 : v->len[a]);
  }
  PlaceBlock(v, start, count, &b);
  PetscCall(PetscMalloc1(v->pub.channels * v->len[HG_FILE_X], &b.buf));
  PetscCall(HGSourceRead(source, v, start, count, b.buf, msg, len));
  for (PetscInt c = 0; c < v->pub.channels && !*msg; c++)
    ShiftOfRow(b.buf + c / K * b.stride[HG_FILE_TIME] + c % K * b.stride[HG_FILE_CHANNEL], b.stride[HG_FILE_X], v->len[HG_FILE_X],
               &sums->shift[v->pub.first + c], &sums->unit[v->pub.first + c]);
  PetscCall(PetscFree(b.buf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FindShifts(HGData d, HGSource *source, const HGDataPart *part, Sums *sums)
{
  MPI_Comm    comm                 = PetscObjectComm((PetscObject)d);
  char        msg[HG_DATA_MESSAGE] = "";
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  for (PetscInt i = 0; i < part->nvar && !*msg && !rank; i++) PetscCall(FindShift(d, source, &part->var[i], sums, msg, sizeof(msg)));
  PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
  HGCheck(!*msg, comm, "%s", msg);
  PetscCallMPI(MPI_Bcast(sums->shift, (PetscMPIInt)part->channels, MPIU_REAL, 0, comm));
  PetscCallMPI(MPI_Bcast(sums->unit, (PetscMPIInt)part->channels, MPIU_REAL, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0 looks at the first bad value again: where it is, and what is wrong with it */
static PetscErrorCode DescribeBad(HGData d, HGSource *source, const HGDataPart *part, const HGFileVar *v, PetscInt64 total,
                                  PetscInt64 index, char *msg, size_t len)
{
  size_t      at[HG_FILE_AXES], by_dim[HG_FILE_AXES];
  char        why[256];
  double      value;
  HGText      place = {NULL, 0, 0};
  const char *s = total > 1 ? "s" : "", *are = total > 1 ? "are" : "is", *prefix = ((PetscObject)d)->prefix ? ((PetscObject)d)->prefix : "";

  PetscFunctionBegin;
  for (int a = HG_FILE_AXES - 1; a >= 0; a--) {
    at[a] = (size_t)(index % v->len[a]);
    index /= v->len[a];
  }
  for (int i = 0; i < v->ndims; i++) by_dim[i] = at[v->dim[i].axis];
  PetscCall(HGSourceExplain(source, v, by_dim, &value, why, sizeof(why)));
  PetscCall(HGTextAppend(&place, "sample %zu", at[HG_FILE_SAMPLE]));
  for (int i = 0; i < v->ndims; i++)
    if (v->dim[i].axis != HG_FILE_SAMPLE) PetscCall(HGTextAppend(&place, ", %s %zu", v->dim[i].info.name, at[v->dim[i].axis]));
  if (part->classes)
    (void)snprintf(msg, len,
                   "variable \"%s\" of %s has %" PetscInt64_FMT
                   " value%s that %s no class, the first at %s (counted from 0): %s; expected whole "
                   "numbers from 0 to %" PetscInt_FMT ", for -%sdata_classes %" PetscInt_FMT,
                   v->pub.name, d->file, total, s, are, place.text, why, part->classes - 1, prefix, part->classes);
  else if (!isfinite(value))
    (void)snprintf(msg, len,
                   "variable \"%s\" of %s has %" PetscInt64_FMT
                   " value%s that %s NaN, infinite or missing, the first at %s (counted from 0): %s; "
                   "repair the file or leave such samples out with -%s%srange",
                   v->pub.name, d->file, total, s, are, place.text, why, prefix, HGDataOption(d));
  else
    (void)snprintf(msg, len,
                   "variable \"%s\" of %s has %" PetscInt64_FMT
                   " value%s that %s too large for f32, which ends at 3.4e38, the first at %s (counted "
                   "from 0): %g; use -hg_dtype f64%s",
                   v->pub.name, d->file, total, s, are, place.text, value, part->fixed ? "" : ", or -data_normalize global");
  PetscCall(HGTextDestroy(&place));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckBad(HGData d, HGSource *source, const HGDataPart *part, const HGFileVar *v, const Sums *mine)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)d);
  PetscInt64  bad = mine->on ? mine->bad : 0, total, where = bad ? mine->where : INT64_MAX, first;
  char        msg[HG_DATA_MESSAGE] = "";
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(&bad, &total, 1, MPIU_INT64, MPI_SUM, comm));
  PetscCallMPI(MPI_Allreduce(&where, &first, 1, MPIU_INT64, MPI_MIN, comm));
  if (!total) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) PetscCall(DescribeBad(d, source, part, v, total, first, msg, sizeof(msg)));
  PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
  HGCheck(PETSC_FALSE, comm, "%s", msg);
}

/* A channel whose values all vanish in the type they are stored in is lost */
static PetscErrorCode CheckVanished(HGData d, const HGDataPart *part, const Sums *mine)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)d);
  double  *most;

  PetscFunctionBegin;
  if (d->dtype != HG_F32) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(part->channels, &most));
  PetscCallMPI(MPI_Allreduce(mine->most, most, (PetscMPIInt)part->channels, MPI_DOUBLE, MPI_MAX, comm));
  for (PetscInt i = 0; i < part->nvar; i++) {
    const HGDataVariable *v = &part->var[i].pub;

    for (PetscInt c = v->first; c < v->first + v->channels; c++)
      HGCheck(most[c] == 0 || most[c] >= (double)FLT_MIN, comm,
              "the values of variable \"%s\" of %s vanish in f32, whose numbers begin at 1.2e-38: none is larger than %g%s%s; use "
              "-hg_dtype f64%s",
              v->name, d->file, most[c] * (double)part->dev[c], v->channels > 1 ? " in a channel" : "",
              part->mean[c] != 0 || part->dev[c] != 1 ? " from the mean of the training data" : "",
              part->fixed ? "" : ", or -data_normalize global");
  }
  PetscCall(PetscFree(most));
  PetscFunctionReturn(PETSC_SUCCESS);
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
    const double delta = sum[2 * c] / points, variance = sum[2 * c + 1] / points - delta * delta, unit = mine->unit[c];

    mean[c] = Rounded(mine->shift[c] + delta * unit);
    dev[c]  = Rounded(sqrt(PetscMax(variance, 0)) * unit);
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
      HGCheck(isfinite(dev[c]), PetscObjectComm((PetscObject)d),
              "the values of variable \"%s\" of %s differ so much in size that their deviation is beyond 1.8e308; choose other units",
              v->name, d->file);
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
  sums->exact = PETSC_TRUE;
  PetscCall(PetscArrayzero(sums->most, part->channels));
  for (PetscInt i = 0; i < part->nvar; i++) {
    sums->bad = 0;
    PetscCall(ReadVariable(d, source, part, &part->var[i], sums, msg, sizeof(msg)));
    PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
    HGCheck(!*msg, comm, "%s", msg);
    PetscCall(CheckBad(d, source, part, &part->var[i], sums));
  }
  if (!sums->wanted) PetscCall(CheckVanished(d, part, sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define DEFINE_SCALE(REAL)                                                                                                           \
  static void Scale_##REAL(size_t points, PetscInt C, const PetscReal mean[], const PetscReal dev[], REAL *restrict v)               \
  {                                                                                                                                  \
    for (PetscInt c = 0; c < C; c++) {                                                                                               \
      const double m = mean[c], scale = 1 / dev[c];                                                                                  \
                                                                                                                                     \
      for (size_t p = 0; p < points; p++) v[p * (size_t)C + (size_t)c] = (REAL)(((double)v[p * (size_t)C + (size_t)c] - m) * scale); \
    }                                                                                                                                \
  }
DEFINE_SCALE(float)
DEFINE_SCALE(double)

/*
   Under HG_NORMALIZE_GLOBAL a first reading finds the constants, with values shifted to be small, and stores the values as they are. Where all of them fit the
   type, they are scaled in place, with the same result as a second reading with constants from a model file, so that a resumed run sees the same bits.
*/
static PetscErrorCode NormalizePart(HGData d, HGSource *source, HGDataPart *part, Sums *sums)
{
  const size_t points = (size_t)(d->end - d->first) * HGDataBoxPoints(&part->box);
  PetscBool    exact;

  PetscFunctionBegin;
  sums->wanted = PETSC_TRUE;
  PetscCall(FindShifts(d, source, part, sums));
  PetscCall(ReadPart(d, source, part, sums));
  PetscCall(Deviations(d, part, sums, part->mean, part->dev));
  PetscCall(CheckDeviations(d, part, part->mean, part->dev));
  sums->wanted = PETSC_FALSE;
  PetscCall(HGAgree(PetscObjectComm((PetscObject)d), sums->exact, &exact));
  if (!exact) PetscCall(ReadPart(d, source, part, sums));
  else if (d->dtype == HG_F32) Scale_float(points, part->channels, part->mean, part->dev, (float *)part->value);
  else Scale_double(points, part->channels, part->mean, part->dev, (double *)part->value);
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
  PetscCall(PetscCalloc5(C, &sums.shift, C, &sums.unit, 2 * C, &sums.sum, 2 * C, &sums.low, C, &sums.most));
  for (PetscInt c = 0; c < C && (!part->fixed || part->classes); c++) {
    part->mean[c] = 0;
    part->dev[c]  = 1;
  }
  e = d->normalize == HG_NORMALIZE_GLOBAL && !part->fixed && !part->classes ? NormalizePart(d, source, part, &sums)
                                                                            : ReadPart(d, source, part, &sums);
  PetscCall(PetscFree5(sums.shift, sums.unit, sums.sum, sums.low, sums.most));
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
   Each rank opens the file read-only and reads its hyperslabs, through a buffer of 8 MiB. A compressed chunk is decompressed once by each rank that has
   points of it, whatever its shape; one that is larger than the buffer is kept meanwhile. Under `-data_normalize global` values that the type
   does not hold exactly, such as doubles in f32, are read twice.

   Means and deviations are taken over all samples of the range and all points, in double precision, and rounded to 40 bits: the
   order of summation, and with it the number of ranks, does not show.

   Errors:
   A grid that is not the partition's; values that are missing, NaN or infinite, also when they are unpacked; 64-bit integers that no double holds; values
   too large for the type, or all of a channel too small; a channel without variance under `-data_normalize global`.

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

    if (!part->nvar || (r && d->optional)) continue;
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
