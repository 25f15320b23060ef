/* SPDX-License-Identifier: BSD-2-Clause */
/* Inputs as files from elsewhere may be, and what reads them. See scripts/fuzz. */
#ifndef FUZZ_H
#define FUZZ_H

#include "train/hgtrain.h"
#include "data/hgdatainfo.h"

/* Numbers that depend on the input's number alone */
typedef struct {
  uint64_t input, next;
} Random;

static inline uint64_t Bits(Random *r)
{
  return HGRandomBits(r->input, HGRandomStream("fuzz"), r->next++);
}

/* Less than n */
static inline size_t Below(Random *r, size_t n)
{
  return (size_t)(Bits(r) % n);
}

#define Pick(r, list) ((list)[Below(r, sizeof(list) / sizeof(*(list)))])

/* A kind of input: how one is made in a folder, and read. Reading is refused by an error; what is read must make sense. */
typedef struct {
  const char *name;
  PetscErrorCode (*prepare)(void);  /* once: writes what is to be mutated; NULL for nothing */
  PetscErrorCode (*make)(Random *); /* writes "input", and other files beside it; not in the process that reads */
  PetscErrorCode (*read)(Random *);
} Kind;

extern const Kind FuzzKinds[];
extern const int  FuzzKindCount;

/* A copy of a file with some bytes changed, gone or repeated; most of the changes are in its first bytes */
PetscErrorCode Mutate(Random *r, const char from[], const char to[], size_t first);

/* Files to be mutated */
PetscErrorCode WriteDataSeed(const char path[], int format);
PetscErrorCode WriteIdxSeeds(const char images[], const char labels[]);

/* A small file of netCDF whose dimensions, types and attributes are drawn */
PetscErrorCode WriteDrawnFile(Random *r, const char path[]);

#endif
