/* SPDX-License-Identifier: BSD-2-Clause */
/* Axis maps: which source point a destination point takes, along one axis. */
#include "linop/transfer.h"

/* Appends a run; runs of no points are left out, and one that continues the last is joined with it */
PetscErrorCode HGAxisMapAdd(HGAxisMap *m, PetscInt dst, PetscInt src, PetscInt count, int step)
{
  HGRun *last = m->n ? &m->run[m->n - 1] : NULL;

  PetscFunctionBegin;
  if (count <= 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscAssert(!last || last->dst + last->count <= dst, PETSC_COMM_SELF, PETSC_ERR_PLIB, "runs are not ascending");
  if (last && last->step == step && last->dst + last->count == dst && last->src + last->count * step == src) {
    last->count += count;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (m->n == m->capacity) {
    m->capacity = 2 * m->n + 4;
    PetscCall(PetscRealloc((size_t)m->capacity * sizeof(HGRun), &m->run));
  }
  m->run[m->n++] = (HGRun){dst, src, count, step};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
   The source has points 0 <= g < n, which are the destination's points offset <= g < offset + n. Beyond them, lo points
   below and hi above take what the boundary condition says. At most n - 1 points are mirrored, at most n repeated.
*/
PetscErrorCode HGAxisMapBounded(HGAxisMap *m, PetscInt n, PetscInt lo, PetscInt hi, PetscInt offset, HGBoundary b)
{
  PetscFunctionBegin;
  if (b == HG_BOUNDARY_PERIODIC) PetscCall(HGAxisMapAdd(m, offset - lo, n - lo, lo, 1));
  if (b == HG_BOUNDARY_REFLECT) PetscCall(HGAxisMapAdd(m, offset - lo, lo, lo, -1));
  if (b == HG_BOUNDARY_REPLICATE) PetscCall(HGAxisMapAdd(m, offset - lo, 0, lo, 0));
  PetscCall(HGAxisMapAdd(m, offset, 0, n, 1));
  if (b == HG_BOUNDARY_PERIODIC) PetscCall(HGAxisMapAdd(m, offset + n, 0, hi, 1));
  if (b == HG_BOUNDARY_REFLECT) PetscCall(HGAxisMapAdd(m, offset + n, n - 2, hi, -1));
  if (b == HG_BOUNDARY_REPLICATE) PetscCall(HGAxisMapAdd(m, offset + n, n - 1, hi, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every point takes the point of the same index, as far as the source goes */
PetscErrorCode HGTransferSpecIdentity(HGTensor src, HGTensor dst, HGTransferSpec *s)
{
  HGPartition p;
  PetscInt    size[HG_AXES];

  PetscFunctionBegin;
  *s = (HGTransferSpec){.src = src, .dst = dst};
  PetscCall(HGTensorGetPartition(src, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  for (PetscInt a = 0; a < HG_AXES; a++) {
    s->first[a] = PETSC_MIN_INT;
    s->last[a]  = PETSC_MAX_INT;
    PetscCall(HGAxisMapAdd(&s->map[a], 0, 0, size[a], 1));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTransferSpecClear(HGTransferSpec *s)
{
  PetscFunctionBegin;
  for (PetscInt a = 0; a < HG_AXES; a++) {
    PetscCall(PetscFree(s->map[a].run));
    s->map[a].n = s->map[a].capacity = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
