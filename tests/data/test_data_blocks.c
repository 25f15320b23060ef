/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of reading cover a box once, fit the buffer, and no chunk is read twice, or it is kept meanwhile. */
#include "sample_file.h"
#include "data/blocks.h"

static const char path[] = "test_data_blocks.nc";

enum { N = 12, Y = 10, X = 14 };

/* Which chunk an element is in */
static int ChunkOf(const size_t at[3], const size_t chunk[3])
{
  const size_t ny = (Y + chunk[1] - 1) / chunk[1], nx = (X + chunk[2] - 1) / chunk[2];

  return (int)((at[0] / chunk[0] * ny + at[1] / chunk[1]) * nx + at[2] / chunk[2]);
}

static PetscErrorCode Check(const size_t chunk[3], PetscBool compressed, const size_t lo[3], const size_t n[3], size_t room)
{
  const size_t len[3] = {N, Y, X};
  int          nc, dim[3], id, last[N * Y * X], closed[N * Y * X] = {0}, covered[N * Y * X] = {0};
  size_t       begin[3], count[3], size[3];
  HGBlocks     b     = {.ndims = 3};
  PetscBool    split = PETSC_FALSE;
  int          block = 0, current = -1;
  size_t       cache = 0;

  PetscFunctionBegin;
  CallNC(nc_create(path, NC_NETCDF4 | NC_CLOBBER, &nc));
  for (int i = 0; i < 3; i++) CallNC(nc_def_dim(nc, (const char *[]){"sample", "y", "x"}[i], len[i], &dim[i]));
  CallNC(nc_def_var(nc, "a", NC_FLOAT, 3, dim, &id));
  CallNC(nc_def_var_chunking(nc, id, NC_CHUNKED, chunk));
  if (compressed) CallNC(nc_def_var_deflate(nc, id, 0, 1, 1));
  CallNC(nc_enddef(nc));
  for (int i = 0; i < 3; i++) {
    b.lo[i] = lo[i];
    b.n[i]  = n[i];
    size[i] = PetscMin(chunk[i], n[i]);
  }
  split = size[0] * size[1] * size[2] > room ? PETSC_TRUE : PETSC_FALSE;
  for (int i = 0; i < N * Y * X; i++) last[i] = -1;
  PetscCall(HGBlocksPlan(&b, nc, id, room));
  CallNC(nc_get_var_chunk_cache(nc, id, &cache, NULL, NULL));
  PetscCheck(!split || cache >= 4 * chunk[0] * chunk[1] * chunk[2], PETSC_COMM_SELF, PETSC_ERR_PLIB, "a chunk is not kept");
  for (; HGBlocksNext(&b, begin, count); block++) {
    const size_t elements = count[0] * count[1] * count[2];

    PetscCheck(elements && elements <= b.elements && elements <= room, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%zu elements in a buffer of %zu",
               elements, room);
    for (size_t i = 0; i < elements; i++) {
      const size_t at[3] = {begin[0] + i / count[2] / count[1], begin[1] + i / count[2] % count[1], begin[2] + i % count[2]};
      const int    c     = ChunkOf(at, chunk);

      covered[(at[0] * Y + at[1]) * X + at[2]]++;
      /* a chunk that fits is in one block; one that does not is finished before another begins */
      PetscCheck(last[c] < 0 || last[c] == block || (split && c == current), PETSC_COMM_SELF, PETSC_ERR_PLIB, "chunk %d is read again", c);
      if (split && current >= 0 && c != current) closed[current] = 1;
      PetscCheck(!closed[c], PETSC_COMM_SELF, PETSC_ERR_PLIB, "chunk %d is not kept", c);
      last[c] = block;
      current = c;
    }
  }
  for (size_t i = 0; i < N * Y * X; i++) {
    const size_t at[3]  = {i / X / Y, i / X % Y, i % X};
    int          inside = 1;

    for (int a = 0; a < 3; a++) inside = inside && at[a] >= lo[a] && at[a] < lo[a] + n[a];
    PetscCheck(covered[i] == inside, PETSC_COMM_SELF, PETSC_ERR_PLIB, "element %zu is read %d times, not %d", i, covered[i], inside);
  }
  CallNC(nc_close(nc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  static const size_t chunks[][3]   = {{N, 3, 4}, {N, Y, X}, {1, Y, X}, {5, 4, 3}, {1, 1, 1}, {N, 1, X}, {7, 10, 1}};
  static const size_t boxes[][2][3] = {{{0, 0, 0}, {N, Y, X}}, {{3, 2, 5}, {6, 7, 8}}, {{11, 9, 13}, {1, 1, 1}}};
  static const size_t rooms[]       = {4, 60, 200, 100000};

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  for (size_t c = 0; c < sizeof(chunks) / sizeof(chunks[0]); c++)
    for (size_t b = 0; b < sizeof(boxes) / sizeof(boxes[0]); b++)
      for (size_t r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++)
        PetscCall(Check(chunks[c], c % 2 ? PETSC_FALSE : PETSC_TRUE, boxes[b][0], boxes[b][1], rooms[r]));
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, path));
  PetscCall(HGFinalize());
  return 0;
}
