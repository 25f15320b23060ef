/* SPDX-License-Identifier: BSD-2-Clause */
#include "data/blocks.h"

/* How a variable is stored: a chunk that is compressed is read as a whole */
static void FindChunks(HGBlocks *b, int nc, int id)
{
  int     storage = NC_CONTIGUOUS;
  nc_type type    = NC_NAT;

  b->chunk_bytes = 0;
  if (!b->ndims || nc < 0 || nc_inq_var_chunking(nc, id, &storage, b->chunk)) storage = NC_CONTIGUOUS;
  for (int i = 0; i < b->ndims; i++)
    if (storage != NC_CHUNKED || !b->chunk[i]) b->chunk[i] = 1;
  if (storage != NC_CHUNKED) return;
  (void)nc_inq_vartype(nc, id, &type);
  (void)nc_inq_type(nc, type, NULL, &b->chunk_bytes);
  for (int i = 0; i < b->ndims; i++) b->chunk_bytes *= b->chunk[i];
}

static size_t DivideUp(size_t a, size_t b)
{
  return (a + b - 1) / b;
}

/* Elements of the box in a part of it, at most */
static size_t Elements(const HGBlocks *b, const size_t size[])
{
  size_t n = 1;

  for (int i = 0; i < b->ndims; i++) n *= PetscMin(size[i], b->n[i]);
  return n;
}

/* Grows parts by whole steps while they fit, along the dimensions that are stored together first */
static void Grow(const HGBlocks *b, const size_t step[], const size_t end[], size_t room, size_t size[])
{
  for (int i = b->ndims - 1; i >= 0; i--) {
    const size_t s = step ? step[i] : 1, whole = s * DivideUp(end ? end[i] : b->lo[i] + b->n[i], s);
    const size_t others = Elements(b, size) / PetscMin(size[i], b->n[i]);

    if (others * PetscMin(whole, b->n[i]) > room) {
      size[i] = s * PetscMax(1, room / others / s);
      return;
    }
    size[i] = whole;
  }
}

/*
  HGBlocksPlan - Cut a box of a variable into blocks, and have the library keep a chunk that is in several of them

  Not Collective

  Input Parameters:
+ b    - ndims, lo and n: the box
. nc   - the file or group, open on this rank; -1 for values that are in no netCDF file
. id   - the variable
- room - elements of the buffer

  Output Parameter:
. b - the plan
*/
PetscErrorCode HGBlocksPlan(HGBlocks *b, int nc, int id, size_t room)
{
  PetscFunctionBegin;
  FindChunks(b, nc, id);
  for (int i = 0; i < b->ndims; i++) {
    b->tile[i]  = b->chunk[i];
    b->piece[i] = 1;
  }
  if (Elements(b, b->tile) <= room) {
    Grow(b, b->chunk, NULL, room, b->tile);
    for (int i = 0; i < b->ndims; i++) b->piece[i] = b->tile[i];
  } else {
    Grow(b, NULL, b->tile, room, b->piece);
    if (b->chunk_bytes) (void)nc_set_var_chunk_cache(nc, id, b->chunk_bytes, 101, 0.75f);
  }
  b->elements = Elements(b, b->piece);
  b->at_tile = b->at_piece = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The part of a tile that is in the box; false for no such tile */
static PetscBool FindTile(const HGBlocks *b, size_t tile, size_t begin[], size_t n[])
{
  for (int i = b->ndims - 1; i >= 0; i--) {
    const size_t first = b->lo[i] / b->tile[i], tiles = DivideUp(b->lo[i] + b->n[i], b->tile[i]) - first;
    const size_t at = (first + tile % tiles) * b->tile[i];

    begin[i] = PetscMax(at, b->lo[i]);
    n[i]     = PetscMin(at + b->tile[i], b->lo[i] + b->n[i]) - begin[i];
    tile /= tiles;
  }
  return tile ? PETSC_FALSE : PETSC_TRUE;
}

/*
  HGBlocksNext - The next block

  Not Collective

  Input Parameter:
. b - the plan

  Output Parameters:
+ start - its first point
- count - how many

  Returns false if there is no more.
*/
PetscBool HGBlocksNext(HGBlocks *b, size_t start[], size_t count[])
{
  size_t begin[NC_MAX_VAR_DIMS], n[NC_MAX_VAR_DIMS];

  while (FindTile(b, b->at_tile, begin, n)) {
    size_t piece = b->at_piece++;

    for (int i = b->ndims - 1; i >= 0; i--) {
      const size_t pieces = DivideUp(n[i], b->piece[i]), at = piece % pieces * b->piece[i];

      start[i] = begin[i] + at;
      count[i] = PetscMin(b->piece[i], n[i] - at);
      piece /= pieces;
    }
    if (!piece) return PETSC_TRUE;
    b->at_tile++;
    b->at_piece = 0;
  }
  return PETSC_FALSE;
}
