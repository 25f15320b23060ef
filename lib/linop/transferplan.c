/* SPDX-License-Identifier: BSD-2-Clause */
/* The planner: from axis maps and two partitions to boxes for each pair of ranks. Every rank knows all parts, so that
   planning sends no messages. */
#include "linop/transfer_impl.h"

/* A piece of a run that one part of the source provides */
typedef struct {
  PetscInt part;
  HGRun    run;
} Segment;

typedef struct {
  PetscInt n, capacity;
  Segment *s;
} Segments;

typedef struct {
  HGTransfer            t;
  const HGTransferSpec *spec;
  HGPartition           srcpart, dstpart;
  const HGTensorLocal  *src, *dst;
  PetscInt              srcparts[HG_AXES];
  PetscInt              mine[HG_AXES]; /* coordinates of this rank's part of the source */
  PetscBool             provider;      /* it has one */
} Plan;

static PetscErrorCode Grow(void *array, PetscInt n, PetscInt *capacity, size_t size)
{
  PetscFunctionBegin;
  if (n == *capacity) {
    *capacity = PetscMax(8, 2 * n);
    PetscCall(PetscRealloc((size_t)*capacity * size, array));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGBoxesAdd(HGBoxes *b, const HGStrided *box)
{
  PetscFunctionBegin;
  PetscCall(Grow(&b->box, b->n, &b->capacity, sizeof(HGStrided)));
  b->box[b->n++] = *box;
  b->count += HGStridedCount(box);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The part that has a point; parts may be empty */
static PetscInt FindPart(const PetscInt *start, PetscInt parts, PetscInt g)
{
  PetscInt lo = 0, hi = parts; /* start[lo] <= g < start[hi] */

  while (hi - lo > 1) {
    const PetscInt mid = (lo + hi) / 2;

    if (start[mid] <= g) lo = mid;
    else hi = mid;
  }
  return lo;
}

/* Cuts what the points first <= g < last of the destination take along axis a into pieces of one part of the source */
static PetscErrorCode CutAxis(const Plan *plan, PetscInt a, PetscInt first, PetscInt last, Segments *out)
{
  const HGAxisMap *m = &plan->spec->map[a];
  const PetscInt  *start;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetStarts(plan->srcpart, a, &start));
  out->n = 0;
  for (PetscInt r = 0; r < m->n; r++) {
    const HGRun *run = &m->run[r];
    PetscInt     i = PetscMax(0, first - run->dst), end = PetscMin(run->count, last - run->dst);

    while (i < end) {
      const PetscInt src = run->src + i * run->step, part = FindPart(start, plan->srcparts[a], src);
      const PetscInt left  = run->step > 0 ? start[part + 1] - src : run->step < 0 ? src - start[part] + 1 : end - i;
      const PetscInt count = PetscMin(left, end - i);

      PetscCall(Grow(&out->s, out->n, &out->capacity, sizeof(Segment)));
      out->s[out->n++] = (Segment){part, {run->dst + i, src, count, run->step}};
      i += count;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The peer with a rank, in ascending order */
static PetscErrorCode GetPeer(HGPeers *ps, PetscMPIInt rank, HGPeer **peer)
{
  PetscInt i = ps->n;

  PetscFunctionBegin;
  while (i > 0 && ps->p[i - 1].rank > rank) i--;
  if (i == 0 || ps->p[i - 1].rank != rank) {
    PetscCall(Grow(&ps->p, ps->n, &ps->capacity, sizeof(HGPeer)));
    PetscCall(PetscArraymove(&ps->p[i + 1], &ps->p[i], ps->n - i));
    PetscCall(PetscMemzero(&ps->p[i], sizeof(HGPeer)));
    ps->p[i].rank = rank;
    ps->n++;
    i++;
  }
  *peer = &ps->p[i - 1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One run for each axis, seen from the array of source or destination */
static HGStrided BoxOf(const Segment *const seg[HG_AXES], const HGTensorLocal *l, PetscBool source)
{
  HGStrided b = {0};

  for (PetscInt a = 0; a < HG_AXES; a++) {
    const HGRun *run = &seg[a]->run;

    b.size[a]   = run->count;
    b.stride[a] = l->stride[a] * (source ? run->step : 1);
    b.offset += ((source ? run->src : run->dst) - l->box.start[a]) * l->stride[a];
  }
  return b;
}

static PetscBool IsOwn(const Segment *const seg[HG_AXES])
{
  for (PetscInt a = 0; a < HG_AXES; a++)
    if (seg[a]->run.dst != seg[a]->run.src || seg[a]->run.step != 1) return PETSC_FALSE;
  return PETSC_TRUE;
}

/* ---- messages that are sent with the gaps between their rows ---- */

#define SPAN_BYTES 65536 /* of a message; packing smaller ones costs less than a message */
#define SPAN_EXTRA 8     /* gaps may be an eighth of it */

static PetscErrorCode GetStrides(HGTensor t, HGPartition p, PetscMPIInt rank, HGBox *box, PetscInt halo[3][2], ptrdiff_t stride[HG_AXES])
{
  PetscFunctionBegin;
  PetscCall(HGPartitionGetBox(p, rank, box));
  PetscCall(HGTensorGetHaloOf(t, rank, halo));
  stride[HG_C] = 1;
  stride[HG_X] = box->size[HG_C];
  stride[HG_Y] = stride[HG_X] * (box->size[HG_X] + halo[2][0] + halo[2][1]);
  stride[HG_Z] = stride[HG_Y] * (box->size[HG_Y] + halo[1][0] + halo[1][1]);
  stride[HG_N] = stride[HG_Z] * (box->size[HG_Z] + halo[0][0] + halo[0][1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ghost points of a destination along an axis of space take nothing and are zeroed */
static PetscBool GhostsAreZero(const Plan *plan, const HGBox *box, const PetscInt halo[2], PetscInt a)
{
  const HGAxisMap *m     = &plan->spec->map[a];
  const PetscInt   start = box->start[a], end = start + box->size[a], first = start - halo[0], last = end + halo[1];

  if (plan->spec->partial || first < plan->spec->first[a] || last > plan->spec->last[a]) return PETSC_FALSE;
  for (PetscInt i = 0; i < m->n; i++) {
    const PetscInt from = m->run[i].dst, to = from + m->run[i].count;

    if (PetscMax(from, first) < PetscMin(to, start) || PetscMax(from, end) < PetscMin(to, last)) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* A piece that is the only one between two ranks, and lies in the same way in both their arrays, may go with the ghost points between its
   rows: these are zero, so that the receiver can restore them. Both ranks decide, from the same numbers. */
static PetscErrorCode MaySpan(const Plan *plan, PetscMPIInt owner, PetscMPIInt target, const Segment *const seg[HG_AXES], PetscBool *may)
{
  static const PetscInt inner[] = {HG_C, HG_X, HG_Y, HG_Z, HG_N};
  HGBox                 from, to;
  PetscInt              hf[3][2], ht[3][2], outermost = 0;
  PetscBool             view[2];
  ptrdiff_t             sf[HG_AXES], st[HG_AXES], length = 1, count = 1;

  PetscFunctionBegin;
  *may = PETSC_FALSE;
  PetscCall(HGTensorIsView(plan->spec->src, &view[0]));
  PetscCall(HGTensorIsView(plan->spec->dst, &view[1]));
  if (!plan->spec->ghosts || view[0] || view[1]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(GetStrides(plan->spec->src, plan->srcpart, owner, &from, hf, sf));
  PetscCall(GetStrides(plan->spec->dst, plan->dstpart, target, &to, ht, st));
  for (PetscInt a = 0; a < HG_AXES; a++) {
    const PetscInt n = seg[a]->run.count;

    if (n > 1 && (seg[a]->run.step != 1 || sf[a] != st[a])) PetscFunctionReturn(PETSC_SUCCESS);
    length += (n - 1) * st[a];
    count *= n;
  }
  for (PetscInt i = 0; i < HG_AXES; i++)
    if (seg[inner[i]]->run.count > 1) outermost = i;
  for (PetscInt i = 0; i < outermost; i++) {
    const PetscInt a = inner[i];

    if (seg[a]->run.count != to.size[a] || seg[a]->run.count != from.size[a]) PetscFunctionReturn(PETSC_SUCCESS);
    if (a >= HG_Z && !GhostsAreZero(plan, &to, ht[a - HG_Z], a)) PetscFunctionReturn(PETSC_SUCCESS);
  }
  *may = length > count && count * (ptrdiff_t)HGDTypeSize(plan->t->dtype) >= SPAN_BYTES && (length - count) * SPAN_EXTRA <= count
             ? PETSC_TRUE
             : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Enters the ghost points between the rows of a box of the destination: along each axis within its outermost, with all of the axes
   within that one */
static PetscErrorCode AddGaps(HGBoxes *gaps, const HGStrided *box, const HGTensorLocal *l)
{
  const PetscInt outermost = box->size[HG_N] > 1 ? HG_Z - 1 : box->size[HG_Z] > 1 ? HG_Z : box->size[HG_Y] > 1 ? HG_Y : HG_X;

  PetscFunctionBegin;
  for (PetscInt a = HG_X; a > outermost; a--) {
    for (int s = 0; s < 2; s++) {
      HGStrided g = *box;

      g.size[a] = l->halo[a - HG_Z][s];
      g.offset += (s ? box->size[a] : -g.size[a]) * l->stride[a];
      for (PetscInt k = a + 1; k < HG_AXES; k++) {
        g.size[k] += l->halo[k - HG_Z][0] + l->halo[k - HG_Z][1];
        g.offset -= l->halo[k - HG_Z][0] * l->stride[k];
      }
      if (g.size[a]) PetscCall(HGBoxesAdd(gaps, &g));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Enters a piece that rank owner provides to rank target, where it concerns this rank */
static PetscErrorCode AddPiece(Plan *plan, PetscMPIInt owner, PetscMPIInt target, const Segment *const seg[HG_AXES])
{
  HGTransfer      t    = plan->t;
  const PetscBool self = owner == target ? PETSC_TRUE : PETSC_FALSE, own = self && IsOwn(seg) ? PETSC_TRUE : PETSC_FALSE;
  PetscBool       span = PETSC_FALSE;
  HGPeer         *peer;

  PetscFunctionBegin;
  if (!self) PetscCall(MaySpan(plan, owner, target, seg, &span));
  if (owner == t->rank) {
    const HGStrided box  = BoxOf(seg, plan->src, PETSC_TRUE);
    HGBoxes        *list = own ? &t->own_src : &t->from_me;

    if (!self) {
      PetscCall(GetPeer(&t->send, target, &peer));
      list       = &peer->boxes;
      peer->span = span && !list->n ? PETSC_TRUE : PETSC_FALSE;
    }
    PetscCall(HGBoxesAdd(list, &box));
  }
  if (target == t->rank) {
    const HGStrided box  = BoxOf(seg, plan->dst, PETSC_FALSE);
    HGBoxes        *list = own ? &t->own_dst : &t->to_me;

    if (!self) {
      PetscCall(GetPeer(&t->recv, owner, &peer));
      list       = &peer->boxes;
      peer->span = span && !list->n ? PETSC_TRUE : PETSC_FALSE;
    }
    PetscCall(HGBoxesAdd(list, &box));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Keeps only the segments that this rank provides */
static void KeepMine(const Plan *plan, PetscInt a, Segments *cut)
{
  PetscInt n = 0;

  for (PetscInt i = 0; i < cut->n; i++)
    if (cut->s[i].part == plan->mine[a]) cut->s[n++] = cut->s[i];
  cut->n = n;
}

/* All combinations of the axes' segments are the pieces of a target; sender and receiver enter them in the same order */
static PetscErrorCode AddPieces(Plan *plan, PetscMPIInt target, const Segments cut[HG_AXES])
{
  PetscInt i[HG_AXES] = {0}, a;

  PetscFunctionBegin;
  for (a = 0; a < HG_AXES; a++)
    if (!cut[a].n) PetscFunctionReturn(PETSC_SUCCESS);
  do {
    const Segment *seg[HG_AXES];
    PetscInt       coords[HG_AXES];
    PetscMPIInt    owner;

    for (a = 0; a < HG_AXES; a++) {
      seg[a]    = &cut[a].s[i[a]];
      coords[a] = seg[a]->part;
    }
    PetscCall(HGPartitionGetRank(plan->srcpart, coords, &owner));
    PetscCall(AddPiece(plan, owner, target, seg));
    for (a = HG_AXES - 1; a >= 0 && ++i[a] == cut[a].n; a--) i[a] = 0;
  } while (a >= 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The points of a rank that take part in the destination, along each axis */
static PetscErrorCode GetReach(const Plan *plan, PetscMPIInt rank, PetscBool *any, PetscInt first[HG_AXES], PetscInt last[HG_AXES])
{
  HGBox    box;
  PetscInt halo[3][2] = {{0}};

  PetscFunctionBegin;
  PetscCall(HGPartitionGetBox(plan->dstpart, rank, &box));
  *any = HGBoxCount(&box) ? PETSC_TRUE : PETSC_FALSE;
  if (plan->spec->ghosts) {
    PetscCall(HGTensorGetHaloOf(plan->spec->dst, rank, halo));
    PetscCall(HGTensorIsStored(plan->spec->dst, rank, any));
  }
  for (PetscInt a = 0; a < HG_AXES; a++) {
    const PetscInt lo = a < HG_Z ? 0 : halo[a - HG_Z][0], hi = a < HG_Z ? 0 : halo[a - HG_Z][1];

    first[a] = PetscMax(box.start[a] - lo, plan->spec->first[a]);
    last[a]  = PetscMin(box.start[a] + box.size[a] + hi, plan->spec->last[a]);
    if (first[a] >= last[a]) *any = PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void FindRemote(Plan *plan, const Segments cut[HG_AXES])
{
  const HGBox *box = &plan->dst->box;

  for (PetscInt a = HG_Z; a < HG_AXES; a++) {
    for (PetscInt i = 0; i < cut[a].n; i++) {
      const Segment *s = &cut[a].s[i];

      if (plan->provider && s->part == plan->mine[a]) continue;
      if (s->run.dst < box->start[a]) plan->t->remote[a - HG_Z][0] = PETSC_TRUE;
      if (s->run.dst + s->run.count > box->start[a] + box->size[a]) plan->t->remote[a - HG_Z][1] = PETSC_TRUE;
    }
  }
}

static PetscErrorCode AddTargets(Plan *plan, Segments cut[HG_AXES])
{
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(plan->t->comm, &size));
  for (PetscMPIInt r = 0; r < size; r++) {
    PetscInt  first[HG_AXES], last[HG_AXES];
    PetscBool any;

    if (r != plan->t->rank && !plan->provider) continue;
    PetscCall(GetReach(plan, r, &any, first, last));
    for (PetscInt a = 0; a < HG_AXES && any; a++) {
      PetscCall(CutAxis(plan, a, first[a], last[a], &cut[a]));
      if (r != plan->t->rank) KeepMine(plan, a, &cut[a]);
      if (!cut[a].n) any = PETSC_FALSE;
    }
    if (!any) continue;
    if (r == plan->t->rank) FindRemote(plan, cut);
    PetscCall(AddPieces(plan, r, cut));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- points that the maps leave out ---- */

/* Intervals first <= g < last, ascending and disjoint */
typedef struct {
  PetscInt n, capacity;
  PetscInt (*at)[2];
} Intervals;

static PetscErrorCode AddInterval(Intervals *v, PetscInt first, PetscInt last)
{
  PetscInt i = v->n;

  PetscFunctionBegin;
  if (first >= last) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(Grow(&v->at, v->n, &v->capacity, sizeof(*v->at)));
  for (; i > 0 && v->at[i - 1][0] > first; i--) PetscCall(PetscArraycpy(v->at[i], v->at[i - 1], 2));
  v->at[i][0] = first;
  v->at[i][1] = last;
  v->n++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The points of a map within first <= g < last: of its destination, or of its source */
static PetscErrorCode GetCovered(const HGAxisMap *m, PetscBool source, PetscInt first, PetscInt last, Intervals *v)
{
  PetscFunctionBegin;
  v->n = 0;
  for (PetscInt i = 0; i < m->n; i++) {
    const PetscInt at = source ? m->run[i].src : m->run[i].dst;

    PetscCall(AddInterval(v, PetscMax(first, at), PetscMin(last, at + m->run[i].count)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Limit(HGStrided *b, const HGTensorLocal *l, PetscInt a, PetscInt first, PetscInt last)
{
  b->offset += (first - l->box.start[a]) * l->stride[a];
  b->size[a]   = last - first;
  b->stride[a] = l->stride[a];
}

/* Enters the box of the gaps of axis a, over all points of later axes, and goes on along the next axis where a is covered */
static PetscErrorCode AddHoles(HGBoxes *holes, const HGTensorLocal *l, const Intervals v[], const PetscInt first[], const PetscInt last[],
                               PetscInt a, HGStrided box)
{
  PetscInt at = first[a];

  PetscFunctionBegin;
  for (PetscInt i = 0; i <= v[a].n; i++) {
    const PetscInt gap = i < v[a].n ? v[a].at[i][0] : last[a];
    HGStrided      b   = box;

    if (gap > at) {
      Limit(&b, l, a, at, gap);
      for (PetscInt k = a + 1; k < HG_AXES; k++) Limit(&b, l, k, first[k], last[k]);
      PetscCall(HGBoxesAdd(holes, &b));
    }
    if (i == v[a].n) break;
    at = v[a].at[i][1];
    b  = box;
    Limit(&b, l, a, gap, at);
    if (a + 1 < HG_AXES) PetscCall(AddHoles(holes, l, v, first, last, a + 1, b));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FindHoles(Plan *plan, PetscBool source, HGBoxes *holes)
{
  const HGTensorLocal *l          = source ? plan->src : plan->dst;
  Intervals            v[HG_AXES] = {0};
  PetscBool            any        = HGBoxCount(&l->box) ? PETSC_TRUE : PETSC_FALSE;
  PetscInt             first[HG_AXES], last[HG_AXES];

  PetscFunctionBegin;
  if (!source) PetscCall(GetReach(plan, plan->t->rank, &any, first, last));
  for (PetscInt a = 0; a < HG_AXES; a++) {
    if (source) {
      first[a] = l->box.start[a];
      last[a]  = first[a] + l->box.size[a];
    }
    PetscCall(GetCovered(&plan->spec->map[a], source, first[a], last[a], &v[a]));
  }
  if (any) PetscCall(AddHoles(holes, l, v, first, last, 0, (HGStrided){0}));
  for (PetscInt a = 0; a < HG_AXES; a++) PetscCall(PetscFree(v[a].at));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether no source point is taken twice: then the adjoint need not add */
static PetscErrorCode IsInjective(const Plan *plan, PetscBool *injective)
{
  PetscBool copies[HG_AXES];
  PetscInt  parts[HG_AXES];

  PetscFunctionBegin;
  *injective = plan->spec->ghosts ? PETSC_FALSE : PETSC_TRUE;
  PetscCall(HGPartitionGetReplicated(plan->dstpart, copies));
  PetscCall(HGPartitionGetParts(plan->dstpart, parts));
  for (PetscInt a = 0; a < HG_AXES; a++) {
    const HGAxisMap *m = &plan->spec->map[a];

    if (copies[a] && parts[a] > 1) *injective = PETSC_FALSE;
    for (PetscInt i = 0; i < m->n; i++) {
      if (m->run[i].step != 1) *injective = PETSC_FALSE;
      for (PetscInt k = 0; k < i; k++)
        if (m->run[i].src < m->run[k].src + m->run[k].count && m->run[k].src < m->run[i].src + m->run[i].count) *injective = PETSC_FALSE;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Fills in all boxes of a transfer */
PetscErrorCode HGTransferPlan(HGTransfer t, const HGTransferSpec *spec)
{
  Plan      plan         = {.t = t, .spec = spec};
  Segments  cut[HG_AXES] = {0};
  PetscBool injective;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(spec->src, &plan.srcpart));
  PetscCall(HGTensorGetPartition(spec->dst, &plan.dstpart));
  PetscCall(HGTensorGetLocal(spec->src, &plan.src));
  PetscCall(HGTensorGetLocal(spec->dst, &plan.dst));
  PetscCall(HGPartitionGetParts(plan.srcpart, plan.srcparts));
  PetscCall(HGPartitionGetCoords(plan.srcpart, t->rank, &plan.provider, plan.mine));
  PetscCall(AddTargets(&plan, cut));
  for (PetscInt a = 0; a < HG_AXES; a++) PetscCall(PetscFree(cut[a].s));
  for (PetscInt i = 0; i < t->recv.n; i++)
    if (t->recv.p[i].span) PetscCall(AddGaps(&t->recv.p[i].gaps, t->recv.p[i].boxes.box, plan.dst));
  PetscCall(IsInjective(&plan, &injective));
  t->partial         = spec->partial;
  t->add[HG_FORWARD] = spec->partial ? spec->add[HG_FORWARD] : PETSC_FALSE;
  t->add[HG_ADJOINT] = spec->partial ? spec->add[HG_ADJOINT] : (PetscBool)!injective;
  if (!spec->partial) PetscCall(FindHoles(&plan, PETSC_FALSE, &t->dst_holes));
  if (!spec->partial && injective) PetscCall(FindHoles(&plan, PETSC_TRUE, &t->src_holes));
  for (PetscInt a = 0; a < HG_AXES; a++) {
    t->src_box.size[a]   = plan.src->box.size[a];
    t->src_box.stride[a] = plan.src->stride[a];
  }
  t->own_all = t->own_src.count == HGBoxCount(&plan.src->box) ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}
