/* SPDX-License-Identifier: BSD-2-Clause */
#include "data/fieldfile_impl.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where a box of points lies in memory: channels-last, strides in elements as in HGTensorLocal */
typedef struct {
  HGBox            box; /* N: samples of the file; C, Z, Y, X: of the variable */
  HGDType          dtype;
  const ptrdiff_t *stride;
  const void      *owned;
} Source;

/* A part of it that is one hyperslab of the file: the channels from first on make `times` whole times, or some channels of one */
typedef struct {
  size_t    start[HG_FILE_AXES], count[HG_FILE_AXES]; /* by dimension of the variable */
  ptrdiff_t stride[HG_FILE_AXES];
  int       ndims;
} Slab;

/* From type to type, with the dimensions in the order of the file */
#define DEFINE_PACK(FROM, TO)                                                                 \
  static void Pack_##FROM##_##TO(const Slab *s, const void *owned, size_t elements, void *to) \
  {                                                                                           \
    const int       last = s->ndims - 1;                                                      \
    const size_t    n    = s->count[last];                                                    \
    const ptrdiff_t step = s->stride[last];                                                   \
                                                                                              \
    for (size_t r = 0; r < elements / n; r++) {                                               \
      const FROM *restrict row = (const FROM *)owned;                                         \
      TO *restrict at          = (TO *)to + r * n;                                            \
      size_t rest              = r;                                                           \
                                                                                              \
      for (int i = last - 1; i >= 0; i--) {                                                   \
        row += (ptrdiff_t)(rest % s->count[i]) * s->stride[i];                                \
        rest /= s->count[i];                                                                  \
      }                                                                                       \
      for (size_t i = 0; i < n; i++) at[i] = (TO)row[(ptrdiff_t)i * step];                    \
    }                                                                                         \
  }
DEFINE_PACK(float, float)
DEFINE_PACK(float, double)
DEFINE_PACK(double, float)
DEFINE_PACK(double, double)

typedef void (*Pack)(const Slab *, const void *, size_t, void *);

static const Pack pack[2][2] = {{Pack_float_float, Pack_float_double}, {Pack_double_float, Pack_double_double}};

static PetscErrorCode GrowBuffer(HGFieldFile f, size_t bytes)
{
  PetscFunctionBegin;
  if (bytes <= f->buffer_bytes) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(f->buffer));
  PetscCall(PetscMalloc(bytes, &f->buffer));
  f->buffer_bytes = bytes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* nt times from t on, nk channels from k on */
static Slab MakeSlab(const HGFieldVariable *v, const Source *s, PetscInt t, PetscInt nt, PetscInt k, PetscInt nk)
{
  const PetscInt K    = v->channels / v->times;
  Slab           slab = {.ndims = v->ndims};

  for (int i = 0; i < v->ndims; i++) {
    const HGFileAxis a = v->axis[i];
    const int        m = a == HG_FILE_SAMPLE ? HG_N : a >= HG_FILE_Z ? HG_Z + (int)a - HG_FILE_Z : HG_C;

    slab.start[i]  = (size_t)(a == HG_FILE_TIME ? t : a == HG_FILE_CHANNEL ? k : s->box.start[m]);
    slab.count[i]  = (size_t)(a == HG_FILE_TIME ? nt : a == HG_FILE_CHANNEL ? nk : s->box.size[m]);
    slab.stride[i] = a == HG_FILE_TIME ? K * s->stride[HG_C] : s->stride[m];
  }
  return slab;
}

/* Returns netCDF's error code */
static int PutSlab(HGFieldFile f, const HGFieldVariable *v, const Source *s, const Slab *slab, PetscInt channel)
{
  size_t      elements = 1;
  const char *at       = (const char *)s->owned + (channel - s->box.start[HG_C]) * s->stride[HG_C] * (ptrdiff_t)HGDTypeSize(s->dtype);

  for (int i = 0; i < slab->ndims; i++) elements *= slab->count[i];
  pack[s->dtype == HG_F64][v->dtype == HG_F64](slab, at, elements, f->buffer);
  return v->dtype == HG_F32 ? nc_put_vara_float(v->group, v->ncid, slab->start, slab->count, (const float *)f->buffer)
                            : nc_put_vara_double(v->group, v->ncid, slab->start, slab->count, (const double *)f->buffer);
}

/* This rank's part; all ranks call it, some with an empty box, and learn of each other's errors */
static PetscErrorCode PutBox(HGFieldFile f, PetscInt id, const Source *s)
{
  const HGFieldVariable *v = &f->var[id];
  const PetscInt         K = v->channels / v->times, begin = s->box.start[HG_C], end = begin + s->box.size[HG_C];
  const size_t           elements = (size_t)HGBoxCount(&s->box);
  int                    e        = NC_NOERR;

  PetscFunctionBegin;
  PetscCall(GrowBuffer(f, elements * HGDTypeSize(v->dtype)));
  for (PetscInt c = begin, next; elements && c < end && !e; c = next) {
    const PetscInt whole = c % K ? 0 : (end - c) / K; /* times that lie here with all their channels */
    const Slab     slab  = MakeSlab(v, s, c / K, PetscMax(whole, 1), c % K, whole ? K : PetscMin(K, c % K + end - c) - c % K);

    next = whole ? c + whole * K : PetscMin(end, (c / K + 1) * K);
    e    = PutSlab(f, v, s, &slab, c);
  }
  if (e) HGFieldFileNote(f, e);
  PetscCall(HGFieldFileAgree(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The largest values of each channel of n samples, without their signs */
static void FindLargest(const Source *s, PetscInt first, PetscInt channels, double most[])
{
  const PetscInt *n = s->box.size;

  for (PetscInt i = 0; i < HGBoxCount(&s->box); i++) {
    const PetscInt  x = i % n[HG_X], y = i / n[HG_X] % n[HG_Y], z = i / n[HG_X] / n[HG_Y] % n[HG_Z];
    const PetscInt  c = i / n[HG_X] / n[HG_Y] / n[HG_Z] % n[HG_C], k = i / n[HG_X] / n[HG_Y] / n[HG_Z] / n[HG_C];
    const ptrdiff_t at = k * s->stride[HG_N] + c * s->stride[HG_C] + z * s->stride[HG_Z] + y * s->stride[HG_Y] + x * s->stride[HG_X];
    double         *m  = &most[(s->box.start[HG_N] - first + k) * channels + s->box.start[HG_C] + c];

    *m = PetscMax(*m, fabs(((const double *)s->owned)[at]));
  }
}

/* Doubles that are stored as floats must neither be too large for them, nor vanish, all those of a sample */
static PetscErrorCode CheckSizes(HGFieldFile f, PetscInt id, PetscInt first, PetscInt n, const Source *s)
{
  const HGFieldVariable *v = &f->var[id];
  double                *most;

  PetscFunctionBegin;
  if (s->dtype != HG_F64 || v->dtype != HG_F32) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1(n * v->channels, &most));
  FindLargest(s, first, v->channels, most);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, most, (PetscMPIInt)(n * v->channels), MPI_DOUBLE, MPI_MAX, f->comm));
  for (PetscInt i = 0; i < n * v->channels && !*f->msg; i++) {
    const PetscInt sample = f->first + first + i / v->channels;

    if (most[i] > (double)FLT_MAX)
      HGFieldFileFails(
          f, "cannot write %s: \"%s\" of sample %" PetscInt_FMT " is up to %g, and f32 ends at 3.4e38; write it with -output_dtype f64",
          f->path, v->name, sample, most[i]);
    else if (most[i] > 0 && most[i] < (double)FLT_MIN)
      HGFieldFileFails(f,
                       "cannot write %s: \"%s\" of sample %" PetscInt_FMT
                       " is nowhere larger than %g, and f32 begins at 1.2e-38; write it with -output_dtype f64",
                       f->path, v->name, sample, most[i]);
  }
  PetscCall(PetscFree(most));
  PetscCall(HGFieldFileAgree(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckWrite(HGFieldFile f, PetscInt id, PetscInt first, PetscInt n)
{
  PetscFunctionBegin;
  PetscCheck(f->nc >= 0, f->comm, PETSC_ERR_ORDER, "HGFieldFileSetUp() comes before writing to %s", f->path);
  PetscCheck(id >= 0 && id < f->nvar, f->comm, PETSC_ERR_ARG_OUTOFRANGE, "no variable %" PetscInt_FMT " in %s", id, f->path);
  PetscCheck(first >= 0 && n >= 0 && first + n <= f->samples, f->comm, PETSC_ERR_ARG_OUTOFRANGE,
             "samples [%" PetscInt_FMT ", %" PetscInt_FMT ") are not in %s, which has %" PetscInt_FMT, first, first + n, f->path,
             f->samples);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckChannels(HGFieldFile f, PetscInt id, PetscInt channels)
{
  PetscFunctionBegin;
  PetscCheck(channels == f->var[id].channels, f->comm, PETSC_ERR_ARG_SIZ,
             "variable \"%s\" of %s has %" PetscInt_FMT " channels, the field %" PetscInt_FMT, f->var[id].name, f->path,
             f->var[id].channels, channels);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckGrid(HGFieldFile f, PetscInt z, PetscInt y, PetscInt x)
{
  PetscFunctionBegin;
  PetscCheck(z == f->grid[0] && y == f->grid[1] && x == f->grid[2], f->comm, PETSC_ERR_ARG_SIZ,
             "%s has a grid of %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT " points (z, y, x), the field has %" PetscInt_FMT
             " x %" PetscInt_FMT " x %" PetscInt_FMT,
             f->path, f->grid[0], f->grid[1], f->grid[2], z, y, x);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGFieldFileWriteChannels - Write some channels of the first samples of a tensor

   Collective

   Input Parameters:
+  f       - the output file, set up
.  id      - the variable
.  first   - the sample of the file that batch index 0 becomes
.  n       - number of samples to write, at most the tensor's
.  channel - the tensor's channel that is the variable's first
-  t       - the tensor; each rank writes its owned points

   Level: intermediate

   Shape:
   t: `[N][Z][Y][X][C]`

   Errors:
   A full disk and whatever else hinders the writing on any rank; doubles for a variable of floats that are too large for it, or a sample of it that
   is not zero and all too small: the temporary file is removed, all ranks return the error.

.seealso: `HGFieldFileWriteTensor()`, `HGFieldFileAddVariableLike()`
@*/
PetscErrorCode HGFieldFileWriteChannels(HGFieldFile f, PetscInt id, PetscInt first, PetscInt n, PetscInt channel, HGTensor t)
{
  const HGTensorLocal *l;
  HGPartition          p;
  PetscInt             dim, size[HG_AXES], begin, end;
  Source               s;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(t, &p));
  PetscCall(HGPartitionGetSizes(p, &dim, size));
  PetscCall(CheckWrite(f, id, first, n));
  PetscCall(CheckGrid(f, size[HG_Z], size[HG_Y], size[HG_X]));
  PetscCheck(n <= size[HG_N], f->comm, PETSC_ERR_ARG_SIZ, "%" PetscInt_FMT " samples from a tensor of %" PetscInt_FMT, n, size[HG_N]);
  PetscCheck(channel >= 0 && channel + f->var[id].channels <= size[HG_C], f->comm, PETSC_ERR_ARG_SIZ,
             "variable \"%s\" of %s takes channels %" PetscInt_FMT " to %" PetscInt_FMT " of a tensor that has %" PetscInt_FMT,
             f->var[id].name, f->path, channel, channel + f->var[id].channels - 1, size[HG_C]);
  PetscCall(HGTensorGetLocal(t, &l));
  PetscCall(HGTensorGetDType(t, &s.dtype));
  begin             = PetscMax(channel, l->box.start[HG_C]);
  end               = PetscMin(channel + f->var[id].channels, l->box.start[HG_C] + l->box.size[HG_C]);
  s.box             = l->box;
  s.stride          = l->stride;
  s.owned           = (const char *)l->owned + (begin - l->box.start[HG_C]) * l->stride[HG_C] * (ptrdiff_t)HGDTypeSize(s.dtype);
  s.box.start[HG_C] = begin - channel;
  s.box.size[HG_C]  = PetscMax(0, end - begin);
  s.box.size[HG_N]  = PetscMax(0, PetscMin(l->box.size[HG_N], n - l->box.start[HG_N]));
  s.box.start[HG_N] += first;
  PetscCall(CheckSizes(f, id, first, n, &s));
  PetscCall(PutBox(f, id, &s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGFieldFileWriteTensor - Write the first samples of a tensor

   Collective

   Input Parameters:
+  f     - the output file, set up
.  id    - the variable
.  first - the sample of the file that batch index 0 becomes
.  n     - number of samples to write, at most the tensor's
-  t     - the tensor, of the variable's channels; each rank writes its owned points

   Level: intermediate

   Shape:
   t: `[N][Z][Y][X][C]`

   Errors:
   As for `HGFieldFileWriteChannels()`.

.seealso: `HGFieldFileWriteChannels()`, `HGFieldFileWriteVec()`, `HGFieldFileClose()`
@*/
PetscErrorCode HGFieldFileWriteTensor(HGFieldFile f, PetscInt id, PetscInt first, PetscInt n, HGTensor t)
{
  HGPartition p;
  PetscInt    dim, size[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(t, &p));
  PetscCall(HGPartitionGetSizes(p, &dim, size));
  PetscCall(CheckWrite(f, id, first, n));
  PetscCall(CheckChannels(f, id, size[HG_C]));
  PetscCall(HGFieldFileWriteChannels(f, id, first, n, 0, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGFieldFileWriteVec - Write one sample from a global vector of a DMDA

   Collective

   Input Parameters:
+  f      - the output file, set up
.  id     - the variable
.  sample - which sample of the file
.  da     - the DMDA, of as many points as the file's grid; its degrees of freedom are the channels
-  v      - a global vector of it

   Level: intermediate

   Errors:
   As for `HGFieldFileWriteTensor()`.

.seealso: `HGFieldFileWriteTensor()`, `HGFieldFileClose()`
@*/
PetscErrorCode HGFieldFileWriteVec(HGFieldFile f, PetscInt id, PetscInt sample, DM da, Vec v)
{
  PetscInt           M, N, P, dof;
  Source             s;
  PetscInt          *start = s.box.start, *size = s.box.size;
  const PetscScalar *array;

  PetscFunctionBegin;
  PetscCall(DMDAGetInfo(da, NULL, &M, &N, &P, NULL, NULL, NULL, &dof, NULL, NULL, NULL, NULL, NULL));
  PetscCall(CheckWrite(f, id, sample, 1));
  PetscCall(CheckChannels(f, id, dof));
  PetscCall(CheckGrid(f, P, N, M));
  start[HG_N] = sample;
  start[HG_C] = 0;
  size[HG_N]  = 1;
  size[HG_C]  = dof;
  PetscCall(DMDAGetCorners(da, &start[HG_X], &start[HG_Y], &start[HG_Z], &size[HG_X], &size[HG_Y], &size[HG_Z]));
  const ptrdiff_t stride[HG_AXES] = {0, 1, (ptrdiff_t)dof * size[HG_X] * size[HG_Y], (ptrdiff_t)dof * size[HG_X], dof};

  PetscCall(VecGetArrayRead(v, &array));
  s.dtype  = sizeof(PetscScalar) == sizeof(float) ? HG_F32 : HG_F64;
  s.stride = stride;
  s.owned  = array;
  PetscCall(CheckSizes(f, id, sample, 1, &s));
  PetscCall(PutBox(f, id, &s));
  PetscCall(VecRestoreArrayRead(v, &array));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGFieldFileClose - Complete an output file: close it and give it its name

   Collective

   Input Parameter:
.  file - the output file, destroyed then

   Level: intermediate

   Errors:
   What could not be written: the temporary file is removed, a file that had the name before is still there.

.seealso: `HGFieldFileCreate()`, `HGFieldFileDestroy()`
@*/
PetscErrorCode HGFieldFileClose(HGFieldFile *file)
{
  HGFieldFile f = *file;
  int         e;

  PetscFunctionBegin;
  if (!f) PetscFunctionReturn(PETSC_SUCCESS);
  e     = f->nc >= 0 ? nc_close(f->nc) : NC_NOERR;
  f->nc = -1;
  if (e) HGFieldFileNote(f, e);
  PetscCall(HGFieldFileAgree(f));
  if (!f->rank && rename(f->temporary, f->path)) HGFieldFileNote(f, NC_EACCESS);
  PetscCall(HGFieldFileAgree(f));
  f->exists = PETSC_FALSE;
  PetscCall(HGFieldFileDestroy(file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGFieldFileAbandon - Close and remove the temporary file after a failure

  Collective
*/
PetscErrorCode HGFieldFileAbandon(HGFieldFile f)
{
  PetscFunctionBegin;
  if (f->nc >= 0) (void)nc_close(f->nc);
  f->nc = -1;
  PetscCallMPI(MPI_Barrier(f->comm));
  if (!f->rank && f->exists) (void)unlink(f->temporary);
  f->exists = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGFieldFileDestroy - Destroy an output file; one that was not closed is removed

   Collective

   Input Parameter:
.  file - the output file

   Level: intermediate

.seealso: `HGFieldFileClose()`
@*/
PetscErrorCode HGFieldFileDestroy(HGFieldFile *file)
{
  HGFieldFile f = *file;

  PetscFunctionBegin;
  if (!f) PetscFunctionReturn(PETSC_SUCCESS);
  *file = NULL;
  PetscCall(HGFieldFileAbandon(f));
  while (f->attributes) {
    HGFieldAttribute *a = f->attributes;

    f->attributes = a->next;
    PetscCall(PetscFree(a->name));
    PetscCall(PetscFree(a->text));
    PetscCall(PetscFree(a));
  }
  for (PetscInt i = 0; i < f->ndims; i++) {
    PetscCall(HGAxisFree(&f->dims[i].info));
    PetscCall(PetscFree(f->dims[i].coordinate));
  }
  for (PetscInt i = 0; i < f->nvar; i++) PetscCall(PetscFree(f->var[i].name));
  PetscCall(PetscFree(f->dims));
  PetscCall(PetscFree(f->var));
  PetscCall(PetscFree(f->source));
  PetscCall(PetscFree(f->path));
  PetscCall(PetscFree(f->temporary));
  PetscCall(PetscFree(f->buffer));
  PetscCall(PetscCommDestroy(&f->comm));
  PetscCall(PetscFree(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}
