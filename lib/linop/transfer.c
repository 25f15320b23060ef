/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/transfer.h"
#include "kernel/hgbox.h"

/* Points of one part of the destination along one axis that one part of the source provides */
typedef struct {
  PetscInt part;  /* of the source */
  PetscInt dst;   /* first point in the destination, global, may lie beyond the boundary */
  PetscInt src;   /* its image in the source */
  PetscInt count; /* points */
  int      step;  /* image of the next point: +1, -1 mirrored, 0 replicated */
} Segment;

typedef struct {
  PetscInt n, capacity;
  Segment *s;
} Segments;

/* What goes to or comes from one rank */
typedef struct {
  PetscMPIInt rank;
  PetscInt    n, capacity;
  HGStrided  *box;      /* [n] */
  ptrdiff_t   count;    /* elements in all boxes */
  size_t      offset;   /* of its message in the buffer, elements */
  PetscBool   direct;   /* one contiguous box: sent and received where it lies */
} Peer;

typedef struct {
  PetscInt n, capacity;
  Peer    *p;     /* ordered by rank */
  char    *buf;   /* the messages, one behind the other */
} Peers;

struct _n_HGTransfer {
  MPI_Comm     comm;
  PetscMPIInt  rank, tag;
  HGDType      dtype;
  Peers        send, recv;            /* named as in the forward direction */
  Peer         from_me, to_me;        /* boxes that stay on this rank, in source and destination */
  MPI_Request *forward, *adjoint;     /* [recv.n + send.n]: what is received first, then what is sent */
  MPI_Status  *status;                /* [recv.n + send.n] */
  void        *bound[2][2];           /* [direction][from, into]: the arrays that the persistent requests know */
  PetscBool    made[2], by_array[2];  /* [direction]: requests exist; some of them point into the arrays */
};

/* ---- planning ---- */

static PetscErrorCode Grow(void *array, PetscInt n, PetscInt *capacity, size_t size)
{
  PetscFunctionBegin;
  if (n == *capacity) {
    *capacity = PetscMax(8, 2 * n);
    PetscCall(PetscRealloc((size_t)*capacity * size, array));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The source point whose value a destination point along an axis of n points takes; returns how the image of the next
   point follows, or 2 if the point takes none */
static int Image(PetscInt g, PetscInt n, HGBoundary b, PetscInt *image)
{
  *image = g;
  if (g >= 0 && g < n) return 1;
  switch (b) {
  case HG_BOUNDARY_PERIODIC:
    *image = ((g % n) + n) % n;
    return 1;
  case HG_BOUNDARY_REFLECT:
    *image = g < 0 ? -g : 2 * (n - 1) - g;
    return -1;
  case HG_BOUNDARY_REPLICATE:
    *image = g < 0 ? 0 : n - 1;
    return 0;
  default:
    return 2;
  }
}

static PetscInt FindPart(const PetscInt *start, PetscInt parts, PetscInt g)
{
  PetscInt p = 0;

  while (p < parts - 1 && !(start[p] <= g && g < start[p + 1])) p++;
  return p;
}

/* Cuts the points first <= g < last along axis a into segments, each from one part of src in one direction */
static PetscErrorCode CutAxis(HGPartition src, PetscInt a, PetscInt first, PetscInt last, HGBoundary b, Segments *out)
{
  PetscInt        size[HG_AXES], parts[HG_AXES];
  const PetscInt *start;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(src, NULL, size));
  PetscCall(HGPartitionGetParts(src, parts));
  PetscCall(HGPartitionGetStarts(src, a, &start));
  out->n = 0;
  for (PetscInt g = first; g < last; g++) {
    PetscInt  image, part;
    const int step = Image(g, size[a], b, &image);
    Segment  *prev = out->n ? &out->s[out->n - 1] : NULL;

    if (step > 1) continue;
    part = FindPart(start, parts[a], image);
    if (prev && prev->part == part && prev->step == step && prev->dst + prev->count == g && prev->src + prev->count * step == image) {
      prev->count++;
      continue;
    }
    PetscCall(Grow(&out->s, out->n, &out->capacity, sizeof(Segment)));
    out->s[out->n++] = (Segment){part, g, image, 1, step};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddBox(Peer *p, const HGStrided *box)
{
  PetscFunctionBegin;
  PetscCall(Grow(&p->box, p->n, &p->capacity, sizeof(HGStrided)));
  p->box[p->n++] = *box;
  p->count += HGStridedCount(box);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The peer with a rank; ranks must come in ascending order or have been there before */
static PetscErrorCode GetPeer(Peers *ps, PetscMPIInt rank, Peer **peer)
{
  PetscInt i = ps->n;

  PetscFunctionBegin;
  while (i > 0 && ps->p[i - 1].rank > rank) i--;
  if (i == 0 || ps->p[i - 1].rank != rank) {
    PetscCall(Grow(&ps->p, ps->n, &ps->capacity, sizeof(Peer)));
    PetscCall(PetscArraymove(&ps->p[i + 1], &ps->p[i], ps->n - i));
    PetscCall(PetscMemzero(&ps->p[i], sizeof(Peer)));
    ps->p[i].rank = rank;
    ps->n++;
    i++;
  }
  *peer = &ps->p[i - 1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One segment for each axis, seen from the array of source or destination */
static HGStrided BoxOf(const Segment *const seg[HG_AXES], const HGTensorLocal *l, PetscBool source)
{
  HGStrided b = {0};

  for (PetscInt a = 0; a < HG_AXES; a++) {
    b.size[a]   = seg[a]->count;
    b.stride[a] = l->stride[a] * (source ? seg[a]->step : 1);
    b.offset += ((source ? seg[a]->src : seg[a]->dst) - l->box.start[a]) * l->stride[a];
  }
  return b;
}

static PetscBool InPlace(const Segment *const seg[HG_AXES])
{
  for (PetscInt a = 0; a < HG_AXES; a++)
    if (seg[a]->dst != seg[a]->src || seg[a]->step != 1) return PETSC_FALSE;
  return PETSC_TRUE;
}

typedef struct {
  HGTransfer           t;
  HGPartition          srcpart;
  const HGTensorLocal *src, *dst;
  PetscBool            skip_own;
} Plan;

/* Enters one piece, which rank `owner` provides to rank `target`, where it concerns this rank */
static PetscErrorCode AddPiece(Plan *plan, PetscMPIInt owner, PetscMPIInt target, const Segment *const seg[HG_AXES])
{
  HGTransfer t = plan->t;
  HGStrided  box;
  Peer      *peer;

  PetscFunctionBegin;
  if (owner == target && owner == t->rank && plan->skip_own && InPlace(seg)) PetscFunctionReturn(PETSC_SUCCESS);
  if (owner == t->rank) {
    peer = &t->from_me;
    if (target != t->rank) PetscCall(GetPeer(&t->send, target, &peer));
    box = BoxOf(seg, plan->src, PETSC_TRUE);
    PetscCall(AddBox(peer, &box));
  }
  if (target == t->rank) {
    peer = &t->to_me;
    if (owner != t->rank) PetscCall(GetPeer(&t->recv, owner, &peer));
    box = BoxOf(seg, plan->dst, PETSC_FALSE);
    PetscCall(AddBox(peer, &box));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All combinations of the axes' segments are the pieces of a target; sender and receiver enter them in the same order */
static PetscErrorCode AddTarget(Plan *plan, PetscMPIInt target, const Segments cut[HG_AXES])
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

static PetscErrorCode AddTargets(Plan *plan, HGPartition dstpart, const HGBoundary boundary[3])
{
  Segments    cut[HG_AXES] = {0};
  PetscMPIInt size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(plan->t->comm, &size));
  for (PetscMPIInt r = 0; r < size; r++) {
    HGBox box;

    PetscCall(HGPartitionGetBox(dstpart, r, &box));
    if (!HGBoxCount(&box)) continue;
    for (PetscInt a = 0; a < HG_AXES; a++) {
      const PetscInt lo = a < HG_Z ? 0 : plan->dst->halo[a - HG_Z][0], hi = a < HG_Z ? 0 : plan->dst->halo[a - HG_Z][1];

      PetscCall(CutAxis(plan->srcpart, a, box.start[a] - lo, box.start[a] + box.size[a] + hi, a < HG_Z ? HG_BOUNDARY_NONE : boundary[a - HG_Z], &cut[a]));
    }
    PetscCall(AddTarget(plan, r, cut));
  }
  for (PetscInt a = 0; a < HG_AXES; a++) PetscCall(PetscFree(cut[a].s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AllocateMessages(Peers *ps, HGDType dtype)
{
  size_t total = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < ps->n; i++) {
    Peer *p = &ps->p[i];

    p->direct = p->n == 1 && HGStridedContiguous(p->box) ? PETSC_TRUE : PETSC_FALSE;
    p->offset = total;
    total += (size_t)p->count;
    PetscCheck(p->count <= PETSC_MPI_INT_MAX, PETSC_COMM_SELF, PETSC_ERR_SUP, "a message of %td elements; MPI counts go up to %d: use more ranks or a smaller batch", p->count, PETSC_MPI_INT_MAX);
  }
  PetscCall(PetscMalloc(total * HGDTypeSize(dtype), &ps->buf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTransferCreate(HGTensor src, HGTensor dst, const HGBoundary boundary[3], PetscBool skip_own, HGTransfer *out)
{
  HGTransfer  t;
  Plan        plan;
  HGPartition dstpart;

  PetscFunctionBegin;
  PetscCall(PetscNew(&t));
  t->comm = PetscObjectComm((PetscObject)dst);
  PetscCallMPI(MPI_Comm_rank(t->comm, &t->rank));
  PetscCall(PetscObjectGetNewTag((PetscObject)dst, &t->tag));
  PetscCall(HGTensorGetDType(src, &t->dtype));
  plan = (Plan){.t = t, .skip_own = skip_own};
  PetscCall(HGTensorGetPartition(src, &plan.srcpart));
  PetscCall(HGTensorGetPartition(dst, &dstpart));
  PetscCall(HGTensorGetLocal(src, &plan.src));
  PetscCall(HGTensorGetLocal(dst, &plan.dst));
  PetscCall(AddTargets(&plan, dstpart, boundary));
  PetscCall(AllocateMessages(&t->send, t->dtype));
  PetscCall(AllocateMessages(&t->recv, t->dtype));
  PetscCall(PetscMalloc3(t->send.n + t->recv.n, &t->forward, t->send.n + t->recv.n, &t->adjoint, t->send.n + t->recv.n, &t->status));
  for (PetscInt i = 0; i < t->send.n + t->recv.n; i++) t->forward[i] = t->adjoint[i] = MPI_REQUEST_NULL;
  *out = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FreeRequests(MPI_Request *r, PetscInt n)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++)
    if (r[i] != MPI_REQUEST_NULL) PetscCallMPI(MPI_Request_free(&r[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FreePeers(Peers *ps)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < ps->n; i++) PetscCall(PetscFree(ps->p[i].box));
  PetscCall(PetscFree(ps->p));
  PetscCall(PetscFree(ps->buf));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTransferDestroy(HGTransfer *t)
{
  PetscFunctionBegin;
  if (!*t) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(FreeRequests((*t)->forward, (*t)->send.n + (*t)->recv.n));
  PetscCall(FreeRequests((*t)->adjoint, (*t)->send.n + (*t)->recv.n));
  PetscCall(PetscFree3((*t)->forward, (*t)->adjoint, (*t)->status));
  PetscCall(FreePeers(&(*t)->send));
  PetscCall(FreePeers(&(*t)->recv));
  PetscCall(PetscFree((*t)->from_me.box));
  PetscCall(PetscFree((*t)->to_me.box));
  PetscCall(PetscFree(*t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- execution ---- */

static inline void *Element(HGTransfer t, void *array, ptrdiff_t i)
{
  return (char *)array + i * (ptrdiff_t)HGDTypeSize(t->dtype);
}

/* Where the message of a peer lies: in the array itself if it is contiguous there, else in the buffer */
static void *Message(HGTransfer t, const Peers *ps, const Peer *p, void *array)
{
  return p->direct && array ? Element(t, array, p->box->offset) : Element(t, ps->buf, (ptrdiff_t)p->offset);
}

static PetscBool AnyDirect(const Peers *ps)
{
  for (PetscInt i = 0; i < ps->n; i++)
    if (ps->p[i].direct) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* Makes the persistent requests of one direction: in receives into `into` (NULL: buffered), out sends from `from` */
static PetscErrorCode Bind(HGTransfer t, int adjoint, const Peers *in, void *into, const Peers *out, void *from)
{
  MPI_Request *r     = adjoint ? t->adjoint : t->forward;
  MPI_Datatype type  = t->dtype == HG_F32 ? MPI_FLOAT : MPI_DOUBLE;
  void       **bound = t->bound[adjoint];

  PetscFunctionBegin;
  if (t->made[adjoint] && (!t->by_array[adjoint] || (bound[0] == from && bound[1] == into))) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(FreeRequests(r, in->n + out->n));
  t->by_array[adjoint] = AnyDirect(out) || (into && AnyDirect(in)) ? PETSC_TRUE : PETSC_FALSE;
  t->made[adjoint]     = PETSC_TRUE;
  for (PetscInt i = 0; i < in->n; i++) PetscCallMPI(MPI_Recv_init(Message(t, in, &in->p[i], into), (PetscMPIInt)in->p[i].count, type, in->p[i].rank, t->tag, t->comm, &r[i]));
  for (PetscInt i = 0; i < out->n; i++) PetscCallMPI(MPI_Send_init(Message(t, out, &out->p[i], from), (PetscMPIInt)out->p[i].count, type, out->p[i].rank, t->tag, t->comm, &r[in->n + i]));
  bound[0] = from;
  bound[1] = into;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void PackPeer(HGTransfer t, const Peers *ps, const Peer *p, const void *array)
{
  char *buf = (char *)Element(t, ps->buf, (ptrdiff_t)p->offset);

  for (PetscInt b = 0; b < p->n && !p->direct; b++) {
    HGStridedPack(t->dtype, &p->box[b], array, buf);
    buf += HGStridedCount(&p->box[b]) * (ptrdiff_t)HGDTypeSize(t->dtype);
  }
}

static PetscErrorCode StartMessages(HGTransfer t, MPI_Request *r, const Peers *in, const Peers *out, const void *array)
{
  PetscFunctionBegin;
  if (in->n) PetscCallMPI(MPI_Startall((PetscMPIInt)in->n, r));
  for (PetscInt i = 0; i < out->n; i++) {
    PackPeer(t, out, &out->p[i], array);
    PetscCallMPI(MPI_Start(&r[in->n + i]));
    petsc_isend_ct += 1;
    petsc_isend_len += (PetscLogDouble)out->p[i].count * (PetscLogDouble)HGDTypeSize(t->dtype);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* src and dst point at the first owned elements; they may be the same tensor */
PetscErrorCode HGTransferBegin(HGTransfer t, void *src, void *dst)
{
  PetscFunctionBegin;
  PetscCall(Bind(t, 0, &t->recv, dst, &t->send, src));
  PetscCall(StartMessages(t, t->forward, &t->recv, &t->send, src));
  for (PetscInt b = 0; b < t->from_me.n; b++) HGStridedCopy(t->dtype, &t->from_me.box[b], src, &t->to_me.box[b], dst);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTransferEnd(HGTransfer t, void *src, void *dst)
{
  PetscFunctionBegin;
  (void)src;
  PetscCallMPI(MPI_Waitall((PetscMPIInt)(t->recv.n + t->send.n), t->forward, t->status));
  for (PetscInt i = 0; i < t->recv.n; i++) {
    const Peer *p   = &t->recv.p[i];
    char       *buf = (char *)Element(t, t->recv.buf, (ptrdiff_t)p->offset);

    for (PetscInt b = 0; b < p->n && !p->direct; b++) {
      HGStridedUnpack(t->dtype, &p->box[b], buf, dst);
      buf += HGStridedCount(&p->box[b]) * (ptrdiff_t)HGDTypeSize(t->dtype);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the forward direction received is sent back, what it sent is received and added to src */
PetscErrorCode HGTransferAdjointBegin(HGTransfer t, void *dst, void *src)
{
  PetscFunctionBegin;
  (void)src;
  PetscCall(Bind(t, 1, &t->send, NULL, &t->recv, dst));
  PetscCall(StartMessages(t, t->adjoint, &t->send, &t->recv, dst));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The sum runs in a fixed order: this rank's own boxes first, then those of the other ranks in ascending order */
PetscErrorCode HGTransferAdjointEnd(HGTransfer t, void *dst, void *src)
{
  PetscFunctionBegin;
  PetscCallMPI(MPI_Waitall((PetscMPIInt)(t->recv.n + t->send.n), t->adjoint, t->status));
  for (PetscInt b = 0; b < t->from_me.n; b++) HGStridedAdd(t->dtype, &t->to_me.box[b], dst, &t->from_me.box[b], src);
  for (PetscInt i = 0; i < t->send.n; i++) {
    const Peer *p   = &t->send.p[i];
    char       *buf = (char *)Element(t, t->send.buf, (ptrdiff_t)p->offset);

    for (PetscInt b = 0; b < p->n; b++) {
      HGStridedUnpackAdd(t->dtype, &p->box[b], buf, src);
      buf += HGStridedCount(&p->box[b]) * (ptrdiff_t)HGDTypeSize(t->dtype);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sets to zero what the forward direction writes in dst */
PetscErrorCode HGTransferZeroTargets(HGTransfer t, void *dst)
{
  PetscFunctionBegin;
  for (PetscInt b = 0; b < t->to_me.n; b++) HGStridedZero(t->dtype, &t->to_me.box[b], dst);
  for (PetscInt i = 0; i < t->recv.n; i++)
    for (PetscInt b = 0; b < t->recv.p[i].n; b++) HGStridedZero(t->dtype, &t->recv.p[i].box[b], dst);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Messages and bytes that this rank sends */
PetscErrorCode HGTransferGetTraffic(HGTransfer t, PetscInt *messages, PetscInt64 *bytes)
{
  PetscFunctionBegin;
  *messages = t->send.n;
  *bytes    = 0;
  for (PetscInt i = 0; i < t->send.n; i++) *bytes += (PetscInt64)t->send.p[i].count * (PetscInt64)HGDTypeSize(t->dtype);
  PetscFunctionReturn(PETSC_SUCCESS);
}
