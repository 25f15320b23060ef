/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGBLOCKS_H
#define HGBLOCKS_H

#include "sys/hgsys.h"
#include <netcdf.h>

/*
  A box of a variable, cut into blocks that fit a buffer. No block has a part of a chunk, so that each chunk is read once; a chunk that is larger than the
  buffer makes a tile of its own, whose blocks follow one another while the chunk is kept. All arrays are by dimension of the variable.
*/
typedef struct {
  int    ndims;
  size_t lo[NC_MAX_VAR_DIMS], n[NC_MAX_VAR_DIMS]; /* the box */
  size_t chunk[NC_MAX_VAR_DIMS];                  /* points that are stored together, 1 for no chunks */
  size_t chunk_bytes;                             /* of a chunk, 0 for no chunks */
  size_t tile[NC_MAX_VAR_DIMS];                   /* a multiple of the chunk; tiles begin at multiples of it in the file */
  size_t piece[NC_MAX_VAR_DIMS];                  /* of a tile, as a block */
  size_t elements;                                /* of the largest block */
  size_t at_tile, at_piece;                       /* which comes next */
} HGBlocks;

PETSC_EXTERN PetscErrorCode HGBlocksPlan(HGBlocks *, int, int, size_t);
PETSC_EXTERN PetscBool      HGBlocksNext(HGBlocks *, size_t[], size_t[]);

#endif
