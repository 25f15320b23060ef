/* SPDX-License-Identifier: BSD-2-Clause */
/* IDX files for tests, written by rank 0 byte by byte */
#ifndef IDX_FILE_H
#define IDX_FILE_H

#include "data/hgdata.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

typedef struct {
  unsigned char byte[65536];
  size_t        n;
} IdxBytes;

static inline void IdxPut(IdxBytes *b, uint64_t v, int bytes)
{
  for (int i = bytes - 1; i >= 0; i--) b->byte[b->n++] = (unsigned char)(v >> 8 * i);
}

/* A value that tells samples and points apart, and that the type holds */
static inline double IdxValue(int type, size_t i)
{
  const double v = (double)(i * 7919 % 251);

  return type == 0x08 ? v : type == 0x09 ? v - 125 : type < 0x0D ? 100 * v - 12000 : 0.25 * v - 3;
}

static inline void IdxPutValue(IdxBytes *b, int type, double v)
{
  static const int bytes[] = {1, 1, 0, 2, 4, 4, 8};
  const float      f       = (float)v;
  uint64_t         bits    = (uint64_t)(int64_t)v;
  uint32_t         u;

  if (type == 0x0D) {
    memcpy(&u, &f, 4);
    bits = u;
  } else if (type == 0x0E) memcpy(&bits, &v, 8);
  IdxPut(b, bits, bytes[type - 8]);
}

static inline void IdxHeader(IdxBytes *b, int type, int ndims, const PetscInt dim[])
{
  b->n = 0;
  IdxPut(b, (uint64_t)type << 8 | (uint64_t)ndims, 4);
  for (int i = 0; i < ndims; i++) IdxPut(b, (uint64_t)dim[i], 4);
}

static inline void IdxImages(IdxBytes *b, int type, int ndims, const PetscInt dim[])
{
  size_t count = 1;

  IdxHeader(b, type, ndims, dim);
  for (int i = 0; i < ndims; i++) count *= (size_t)dim[i];
  for (size_t i = 0; i < count; i++) IdxPutValue(b, type, IdxValue(type, i));
}

static inline PetscInt IdxLabel(PetscInt sample)
{
  return sample * 3 % 7;
}

static inline void IdxLabels(IdxBytes *b, PetscInt n)
{
  IdxHeader(b, 0x08, 1, &n);
  for (PetscInt i = 0; i < n; i++) IdxPut(b, (uint64_t)IdxLabel(i), 1);
}

static inline PetscErrorCode IdxWrite(const char path[], const IdxBytes *b, PetscBool compress)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    gzFile f = gzopen(path, compress ? "wb" : "wbT");

    PetscCheck(f && gzwrite(f, b->byte, (unsigned)b->n) == (int)b->n && !gzclose(f), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
               "cannot write %s", path);
  }
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode IdxRemove(const char path[])
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) (void)unlink(path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A batch of n samples: the images on a partition from the options, the labels where they are wanted */
typedef struct {
  HGPartition space, point;
  HGTensor    x, y;
} IdxBatch;

static inline PetscErrorCode IdxBatchCreate(HGData d, PetscInt n, HGDType dtype, IdxBatch *b)
{
  PetscInt dim, size[HG_AXES] = {n, 1, 1, 1, 1}, parts[HG_AXES], all = 1;

  PetscFunctionBegin;
  PetscCall(HGDataGetSizes(d, &dim, NULL, NULL, NULL, &size[HG_Z]));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &b->space));
  PetscCall(HGPartitionSetSizes(b->space, dim, size));
  PetscCall(HGPartitionSetFromOptions(b->space));
  PetscCall(HGPartitionSetUp(b->space));
  PetscCall(HGPartitionGetParts(b->space, parts));
  for (int a = HG_Z; a < HG_AXES; a++) size[a] = 1;
  for (int a = 0; a < HG_AXES; a++) all *= parts[a];
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &b->point)); /* copies of the labels on all ranks */
  PetscCall(HGPartitionSetSizes(b->point, dim, size));
  PetscCall(HGPartitionSetParts(b->point, (const PetscInt[]){1, 1, 1, 1, all}));
  PetscCall(HGPartitionSetReplicated(b->point, HG_X, PETSC_TRUE));
  PetscCall(HGPartitionSetUp(b->point));
  PetscCall(HGTensorCreate(b->space, dtype, &b->x));
  PetscCall(HGTensorSetUp(b->x));
  PetscCall(HGTensorCreate(b->point, dtype, &b->y));
  PetscCall(HGTensorSetUp(b->y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode IdxBatchDestroy(IdxBatch *b)
{
  PetscFunctionBegin;
  PetscCall(HGTensorDestroy(&b->x));
  PetscCall(HGTensorDestroy(&b->y));
  PetscCall(HGPartitionDestroy(&b->space));
  PetscCall(HGPartitionDestroy(&b->point));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Element i of the owned points of a tensor, [n][c][z][y][x], and its global indices */
static inline double IdxElement(HGTensor t, PetscInt i, PetscInt at[HG_AXES])
{
  const HGTensorLocal *l     = NULL;
  HGDType              dtype = HG_F64;
  ptrdiff_t            where = 0;

  (void)HGTensorGetLocal(t, &l);
  (void)HGTensorGetDType(t, &dtype);
  for (int a = HG_X; a >= 0; a--) {
    at[a] = i % l->box.size[a];
    i /= l->box.size[a];
    where += at[a] * l->stride[a];
    at[a] += l->box.start[a];
  }
  return dtype == HG_F32 ? (double)((float *)l->owned)[where] : ((double *)l->owned)[where];
}

#endif
