/* SPDX-License-Identifier: BSD-2-Clause */
#include "data/fieldfile_impl.h"
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

#define DEFINE_PACK(REAL)                                                                       \
  static void Pack_##REAL(const Source *s, REAL *restrict to)                                   \
  {                                                                                             \
    const PetscInt *n = s->box.size;                                                            \
    const REAL     *v = (const REAL *)s->owned;                                                 \
                                                                                                \
    for (PetscInt i = 0; i < n[HG_N] * n[HG_C]; i++) {                                          \
      const REAL *from = v + (i / n[HG_C]) * s->stride[HG_N] + (i % n[HG_C]) * s->stride[HG_C]; \
                                                                                                \
      for (PetscInt z = 0; z < n[HG_Z]; z++) {                                                  \
        for (PetscInt y = 0; y < n[HG_Y]; y++) {                                                \
          const REAL *row = from + z * s->stride[HG_Z] + y * s->stride[HG_Y];                   \
                                                                                                \
          for (PetscInt x = 0; x < n[HG_X]; x++) *to++ = row[x * s->stride[HG_X]];              \
        }                                                                                       \
      }                                                                                         \
    }                                                                                           \
  }
DEFINE_PACK(float)
DEFINE_PACK(double)

static PetscErrorCode GrowBuffer(HGFieldFile f, size_t bytes)
{
  PetscFunctionBegin;
  if (bytes <= f->buffer_bytes) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(f->buffer));
  PetscCall(PetscMalloc(bytes, &f->buffer));
  f->buffer_bytes = bytes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* This rank's hyperslab; all ranks call it, some with an empty box, and learn of each other's errors */
static PetscErrorCode PutBox(HGFieldFile f, PetscInt id, const Source *s)
{
  const HGFieldVariable *v              = &f->var[id];
  const size_t           elements       = (size_t)HGBoxCount(&s->box);
  size_t                 start[HG_AXES] = {0}, count[HG_AXES] = {0};
  int                    n = 0, e;

  PetscFunctionBegin;
  PetscCall(GrowBuffer(f, elements * HGDTypeSize(s->dtype)));
  if (elements && s->dtype == HG_F32) Pack_float(s, (float *)f->buffer);
  if (elements && s->dtype == HG_F64) Pack_double(s, (double *)f->buffer);
  for (int a = HG_N; a < HG_AXES; a++) {
    if ((a == HG_C && v->channels == 1) || (a >= HG_Z && a - HG_Z < 3 - (int)f->dim)) continue;
    start[n]   = elements ? (size_t)s->box.start[a] : 0;
    count[n++] = elements ? (size_t)s->box.size[a] : 0;
  }
  e = s->dtype == HG_F32 ? nc_put_vara_float(f->nc, v->ncid, start, count, (const float *)f->buffer)
                         : nc_put_vara_double(f->nc, v->ncid, start, count, (const double *)f->buffer);
  if (e) HGFieldFileNote(f, e);
  PetscCall(HGFieldFileAgree(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckWrite(HGFieldFile f, PetscInt id, PetscInt first, PetscInt n, PetscInt channels)
{
  PetscFunctionBegin;
  PetscCheck(f->nc >= 0, f->comm, PETSC_ERR_ORDER, "HGFieldFileSetUp() comes before writing to %s", f->path);
  PetscCheck(id >= 0 && id < f->nvar, f->comm, PETSC_ERR_ARG_OUTOFRANGE, "no variable %" PetscInt_FMT " in %s", id, f->path);
  PetscCheck(first >= 0 && n >= 0 && first + n <= f->samples, f->comm, PETSC_ERR_ARG_OUTOFRANGE,
             "samples [%" PetscInt_FMT ", %" PetscInt_FMT ") are not in %s, which has %" PetscInt_FMT, first, first + n, f->path,
             f->samples);
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
   HGFieldFileWriteTensor - Write the first samples of a tensor

   Collective

   Input Parameters:
+  f     - the output file, set up
.  id    - the variable
.  first - the sample of the file that batch index 0 becomes
.  n     - number of samples to write, at most the tensor's
-  t     - the tensor; each rank writes its owned points

   Level: intermediate

   Shape:
   t: `[N][Z][Y][X][C]`

   Errors:
   A full disk and whatever else hinders the writing on any rank: the temporary file is removed, all ranks return the error.

.seealso: `HGFieldFileWriteVec()`, `HGFieldFileClose()`
@*/
PetscErrorCode HGFieldFileWriteTensor(HGFieldFile f, PetscInt id, PetscInt first, PetscInt n, HGTensor t)
{
  const HGTensorLocal *l;
  HGPartition          p;
  PetscInt             dim, size[HG_AXES];
  Source               s;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(t, &p));
  PetscCall(HGPartitionGetSizes(p, &dim, size));
  PetscCall(CheckWrite(f, id, first, n, size[HG_C]));
  PetscCall(CheckGrid(f, size[HG_Z], size[HG_Y], size[HG_X]));
  PetscCheck(n <= size[HG_N], f->comm, PETSC_ERR_ARG_SIZ, "%" PetscInt_FMT " samples from a tensor of %" PetscInt_FMT, n, size[HG_N]);
  PetscCall(HGTensorGetLocal(t, &l));
  PetscCall(HGTensorGetDType(t, &s.dtype));
  s.box            = l->box;
  s.stride         = l->stride;
  s.owned          = l->owned;
  s.box.size[HG_N] = PetscMax(0, PetscMin(l->box.size[HG_N], n - l->box.start[HG_N]));
  s.box.start[HG_N] += first;
  PetscCall(PutBox(f, id, &s));
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
  PetscCall(CheckWrite(f, id, sample, 1, dof));
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
  for (int a = 0; a < 3; a++) PetscCall(PetscFree(f->axis[a].value));
  PetscCall(PetscFree(f->path));
  PetscCall(PetscFree(f->temporary));
  PetscCall(PetscFree(f->buffer));
  PetscCall(PetscCommDestroy(&f->comm));
  PetscCall(PetscFree(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}
