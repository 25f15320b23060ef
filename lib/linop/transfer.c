/* SPDX-License-Identifier: BSD-2-Clause */
/* Execution of transfers: pack, persistent messages, unpack. The plan is made in transferplan.c. */
#include "linop/transfer_impl.h"
#include <stdlib.h>

ptrdiff_t HGMessageMost = PETSC_MPI_INT_MAX;

/* Counts of MPI are ints: a longer message is one item of a type of its own, made of chunks and a rest */
static PetscErrorCode TellPacked(ptrdiff_t length, HGDType dtype, HGMessage *m)
{
  const MPI_Datatype element = dtype == HG_F32 ? MPI_FLOAT : MPI_DOUBLE;
  const ptrdiff_t    chunk = PetscMin(HGMessageMost, 1 << 20), chunks = length / chunk;
  MPI_Datatype       part[2];
  int                count[2] = {(int)chunks, (int)(length % chunk)};
  MPI_Aint           start[2] = {0, (MPI_Aint)(chunks * chunk) * (MPI_Aint)HGDTypeSize(dtype)};

  PetscFunctionBegin;
  *m = (HGMessage){.type = element, .items = (PetscMPIInt)length};
  if (length <= HGMessageMost) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Type_contiguous((int)chunk, element, &part[0]));
  part[1] = element;
  PetscCallMPI(MPI_Type_create_struct(2, count, start, part, &m->type));
  PetscCallMPI(MPI_Type_commit(&m->type));
  PetscCallMPI(MPI_Type_free(&part[0]));
  m->items = 1;
  m->own   = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Elements of a box that lie one behind the other, and the axes outside of them */
static ptrdiff_t RunOf(const HGStrided *b, int *outside)
{
  ptrdiff_t run = 1;
  int       a   = HG_AXES - 1;

  for (; a >= 0; a--) {
    if (b->size[a] > 1 && b->stride[a] != run) break;
    run *= b->size[a];
  }
  *outside = a + 1;
  return run;
}

/* Long pieces far apart are sent from there: a copy in a buffer would be memory that lasts */
static PetscBool IsWorthPlacing(const HGStrided *b, HGDType dtype)
{
  const ptrdiff_t size = (ptrdiff_t)HGDTypeSize(dtype);
  int             outside;

  return RunOf(b, &outside) * size >= 4096 && HGStridedCount(b) * size >= 1 << 20 ? PETSC_TRUE : PETSC_FALSE;
}

/* A box as it lies in its array */
static PetscErrorCode TellPlaced(const HGStrided *b, HGDType dtype, HGMessage *m)
{
  int             outside;
  const ptrdiff_t run = RunOf(b, &outside);
  HGMessage       inner;
  MPI_Datatype    type;

  PetscFunctionBegin;
  PetscCall(TellPacked(run, dtype, &inner));
  PetscCallMPI(MPI_Type_contiguous(inner.items, inner.type, &type));
  if (inner.own) PetscCallMPI(MPI_Type_free(&inner.type));
  for (int a = outside - 1; a >= 0; a--) {
    MPI_Datatype wider;

    if (b->size[a] == 1) continue;
    PetscCallMPI(MPI_Type_create_hvector((int)b->size[a], 1, (MPI_Aint)b->stride[a] * (MPI_Aint)HGDTypeSize(dtype), type, &wider));
    PetscCallMPI(MPI_Type_free(&type));
    type = wider;
  }
  PetscCallMPI(MPI_Type_commit(&type));
  *m = (HGMessage){.type = type, .items = 1, .own = PETSC_TRUE};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AllocateMessages(HGPeers *ps, HGDType dtype)
{
  size_t total = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < ps->n; i++) {
    HGPeer *p = &ps->p[i];

    p->length = p->boxes.count;
    if (p->span) {
      p->length = 1;
      for (int a = 0; a < HG_AXES; a++) p->length += (p->boxes.box->size[a] - 1) * p->boxes.box->stride[a];
    }
    p->direct = p->span || (p->boxes.n == 1 && HGStridedContiguous(p->boxes.box)) ? PETSC_TRUE : PETSC_FALSE;
    PetscCall(TellPacked(p->length, dtype, &p->packed));
    p->placed     = p->packed;
    p->placed.own = PETSC_FALSE;
    if (!p->direct && p->boxes.n == 1 && IsWorthPlacing(p->boxes.box, dtype)) {
      PetscCall(TellPlaced(p->boxes.box, dtype, &p->placed));
      p->direct = PETSC_TRUE;
    }
    ps->ndirect += p->direct;
    p->offset = total;
    total += (size_t)p->length;
  }
  /* The system's zeros take no memory until they are written, and where messages go from the arrays they never are */
  ps->buf = (char *)calloc(total + 1, HGDTypeSize(dtype));
  PetscCheck(ps->buf, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for messages of %zu bytes", total * HGDTypeSize(dtype));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline void *Element(HGTransfer t, void *array, ptrdiff_t i)
{
  return (char *)array + i * (ptrdiff_t)HGDTypeSize(t->dtype);
}

/* Where the message of a peer lies: in the array itself if it is given and the message contiguous there, else in the buffer */
static void *Message(HGTransfer t, const HGPeers *ps, const HGPeer *p, void *array)
{
  return p->direct && array ? Element(t, array, p->boxes.box->offset) : Element(t, ps->buf, (ptrdiff_t)p->offset);
}

static const HGMessage *Told(const HGPeer *p, const void *array)
{
  return p->direct && array ? &p->placed : &p->packed;
}

static inline const HGPeers *Incoming(HGTransfer t, int dir)
{
  return dir == HG_FORWARD ? &t->recv : &t->send;
}

static inline const HGPeers *Outgoing(HGTransfer t, int dir)
{
  return dir == HG_FORWARD ? &t->send : &t->recv;
}

static PetscErrorCode FreeRequests(HGTransfer t, HGRequests *q)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; q->made && i < t->send.n + t->recv.n; i++) PetscCallMPI(MPI_Request_free(&q->r[i]));
  PetscCall(PetscFree(q->r));
  q->made = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Makes the requests of a direction; arrays of NULL stand for the buffers */
static PetscErrorCode MakeRequests(HGTransfer t, int dir, HGRequests *q, void *from, void *into)
{
  const HGPeers *in = Incoming(t, dir), *out = Outgoing(t, dir);

  PetscFunctionBegin;
  PetscCall(FreeRequests(t, q));
  PetscCall(PetscMalloc1(in->n + out->n, &q->r));
  for (PetscInt i = 0; i < in->n; i++) {
    void            *to = t->add[dir] ? NULL : into;
    const HGMessage *m  = Told(&in->p[i], to);

    PetscCallMPI(MPI_Recv_init(Message(t, in, &in->p[i], to), m->items, m->type, in->p[i].rank, t->tag, t->comm, &q->r[i]));
  }
  for (PetscInt i = 0; i < out->n; i++) {
    const HGMessage *m = Told(&out->p[i], from);

    PetscCallMPI(MPI_Send_init(Message(t, out, &out->p[i], from), m->items, m->type, out->p[i].rank, t->tag, t->comm, &q->r[in->n + i]));
  }
  q->from = from;
  q->into = into;
  q->made = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Plans a transfer. Collective on the communicator of the tensors, but sends nothing */
PetscErrorCode HGTransferCreate(const HGTransferSpec *spec, HGTransfer *out)
{
  HGTransfer t;

  PetscFunctionBegin;
  PetscCall(PetscNew(&t));
  t->comm = PetscObjectComm((PetscObject)spec->dst);
  PetscCallMPI(MPI_Comm_rank(t->comm, &t->rank));
  PetscCall(PetscObjectGetNewTag((PetscObject)spec->dst, &t->tag));
  PetscCall(HGTensorGetDType(spec->src, &t->dtype));
  PetscCall(HGTransferPlan(t, spec));
  PetscCall(AllocateMessages(&t->send, t->dtype));
  PetscCall(AllocateMessages(&t->recv, t->dtype));
  for (int dir = 0; dir < 2; dir++) PetscCall(MakeRequests(t, dir, &t->requests[dir][HG_BUFFERED], NULL, NULL));
  *out = t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Lets messages that are contiguous in these arrays be sent from there and received there; with others they are packed */
PetscErrorCode HGTransferBind(HGTransfer t, void *src, void *dst)
{
  PetscFunctionBegin;
  if (t->send.ndirect || (t->recv.ndirect && !t->add[HG_FORWARD]))
    PetscCall(MakeRequests(t, HG_FORWARD, &t->requests[HG_FORWARD][HG_BOUND], src, dst));
  if (t->recv.ndirect || (t->send.ndirect && !t->add[HG_ADJOINT]))
    PetscCall(MakeRequests(t, HG_ADJOINT, &t->requests[HG_ADJOINT][HG_BOUND], dst, src));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FreePeers(HGPeers *ps)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < ps->n; i++) {
    PetscCall(PetscFree(ps->p[i].boxes.box));
    PetscCall(PetscFree(ps->p[i].gaps.box));
    if (ps->p[i].packed.own) PetscCallMPI(MPI_Type_free(&ps->p[i].packed.type));
    if (ps->p[i].placed.own) PetscCallMPI(MPI_Type_free(&ps->p[i].placed.type));
  }
  PetscCall(PetscFree(ps->p));
  free(ps->buf);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTransferDestroy(HGTransfer *t)
{
  PetscFunctionBegin;
  if (!*t) PetscFunctionReturn(PETSC_SUCCESS);
  for (int dir = 0; dir < 2; dir++)
    for (int kind = 0; kind < 2; kind++) PetscCall(FreeRequests(*t, &(*t)->requests[dir][kind]));
  PetscCall(FreePeers(&(*t)->send));
  PetscCall(FreePeers(&(*t)->recv));
  PetscCall(PetscFree((*t)->from_me.box));
  PetscCall(PetscFree((*t)->to_me.box));
  PetscCall(PetscFree((*t)->own_src.box));
  PetscCall(PetscFree((*t)->own_dst.box));
  PetscCall(PetscFree((*t)->dst_holes.box));
  PetscCall(PetscFree((*t)->src_holes.box));
  PetscCall(PetscFree(*t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- execution ---- */

/* A box where it lies in the buffer: one element behind the other, or with the gaps between its rows */
static HGStrided InBuffer(const HGPeer *p, const HGStrided *box, ptrdiff_t at)
{
  HGStrided b = p->span ? *box : HGStridedPacked(box);

  b.offset = at;
  return b;
}

static void Pack(HGTransfer t, const HGPeers *ps, const HGPeer *p, const void *array)
{
  ptrdiff_t at = (ptrdiff_t)p->offset;

  for (PetscInt b = 0; b < p->boxes.n; b++) {
    const HGStrided to = InBuffer(p, &p->boxes.box[b], at);

    HGStridedCopy(t->dtype, &p->boxes.box[b], array, &to, ps->buf);
    at += HGStridedCount(&to);
  }
}

static void Unpack(HGTransfer t, const HGPeers *ps, const HGPeer *p, PetscBool add, void *array)
{
  ptrdiff_t at = (ptrdiff_t)p->offset;

  for (PetscInt b = 0; b < p->boxes.n; b++) {
    const HGStrided from = InBuffer(p, &p->boxes.box[b], at);

    if (add) HGStridedAdd(t->dtype, &from, ps->buf, &p->boxes.box[b], array);
    else HGStridedCopy(t->dtype, &from, ps->buf, &p->boxes.box[b], array);
    at += HGStridedCount(&from);
  }
}

static void Zero(HGTransfer t, const HGBoxes *b, void *array)
{
  for (PetscInt i = 0; i < b->n; i++) HGStridedZero(t->dtype, &b->box[i], array);
}

static void MoveBoxes(HGTransfer t, const HGBoxes *from, const void *src, const HGBoxes *to, void *dst, PetscBool add)
{
  for (PetscInt b = 0; b < from->n; b++) {
    if (add) HGStridedAdd(t->dtype, &from->box[b], src, &to->box[b], dst);
    else HGStridedCopy(t->dtype, &from->box[b], src, &to->box[b], dst);
  }
}

/* Receives first, so that messages find them waiting; each message leaves as soon as it is packed */
static PetscErrorCode StartMessages(HGTransfer t, int dir, void *from, void *into)
{
  const HGPeers    *in = Incoming(t, dir), *out = Outgoing(t, dir);
  const HGRequests *bound = &t->requests[dir][HG_BOUND];
  const int         kind  = bound->made && bound->from == from && bound->into == into ? HG_BOUND : HG_BUFFERED;
  MPI_Request      *r     = t->requests[dir][kind].r;

  PetscFunctionBegin;
  t->active[dir] = kind;
  if (in->n) PetscCallMPI(MPI_Startall((PetscMPIInt)in->n, r));
  for (PetscInt i = 0; i < out->n; i++) {
    if (kind == HG_BUFFERED || !out->p[i].direct) Pack(t, out, &out->p[i], from);
    PetscCallMPI(MPI_Start_isend(out->p[i].packed.items, out->p[i].packed.type, &r[in->n + i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Messages are taken in ascending order of ranks, so that sums do not depend on which comes first */
static PetscErrorCode FinishMessages(HGTransfer t, int dir, void *into)
{
  const HGPeers *in = Incoming(t, dir), *out = Outgoing(t, dir);
  const int      kind = t->active[dir];
  MPI_Request   *r    = t->requests[dir][kind].r;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < in->n; i++) {
    const PetscBool there = kind == HG_BOUND && in->p[i].direct && !t->add[dir] ? PETSC_TRUE : PETSC_FALSE;

    PetscCallMPI(MPI_Wait(&r[i], MPI_STATUS_IGNORE));
    if (there) Zero(t, &in->p[i].gaps, into);
    else Unpack(t, in, &in->p[i], t->add[dir], into);
  }
  PetscCallMPI(MPI_Waitall((PetscMPIInt)out->n, r + in->n, MPI_STATUSES_IGNORE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTransferBegin(HGTransfer t, void *src, void *dst)
{
  PetscFunctionBegin;
  PetscCall(StartMessages(t, HG_FORWARD, src, dst));
  if (src != dst || !t->keep_zeros) Zero(t, &t->dst_holes, dst);
  if (src != dst) MoveBoxes(t, &t->own_src, src, &t->own_dst, dst, t->add[HG_FORWARD]);
  MoveBoxes(t, &t->from_me, src, &t->to_me, dst, t->add[HG_FORWARD]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTransferEnd(HGTransfer t, void *src, void *dst)
{
  PetscFunctionBegin;
  (void)src;
  PetscCall(FinishMessages(t, HG_FORWARD, dst));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the forward direction received is sent back. The sum starts from the points that are their own source, then come
   this rank's other points, then those of the other ranks */
PetscErrorCode HGTransferAdjointBegin(HGTransfer t, void *dst, void *src)
{
  const PetscBool add = t->add[HG_ADJOINT], sum_from_zero = !t->partial && add && src != dst && !t->own_all ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(StartMessages(t, HG_ADJOINT, dst, src));
  if (sum_from_zero) HGStridedZero(t->dtype, &t->src_box, src);
  Zero(t, &t->src_holes, src);
  if (src != dst) MoveBoxes(t, &t->own_dst, dst, &t->own_src, src, add && (t->partial || sum_from_zero) ? PETSC_TRUE : PETSC_FALSE);
  MoveBoxes(t, &t->to_me, dst, &t->from_me, src, add);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTransferAdjointEnd(HGTransfer t, void *dst, void *src)
{
  PetscFunctionBegin;
  PetscCall(FinishMessages(t, HG_ADJOINT, src));
  if (dst == src && !t->partial) PetscCall(HGTransferZeroTargets(t, dst));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sets to zero what the forward direction writes at other places than its source */
PetscErrorCode HGTransferZeroTargets(HGTransfer t, void *dst)
{
  PetscFunctionBegin;
  if (!t->keep_zeros) Zero(t, &t->dst_holes, dst);
  Zero(t, &t->to_me, dst);
  for (PetscInt i = 0; i < t->recv.n; i++) Zero(t, &t->recv.p[i].boxes, dst);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sets to zero what the forward direction reads and brings to other places */
PetscErrorCode HGTransferZeroSources(HGTransfer t, void *src)
{
  PetscFunctionBegin;
  Zero(t, &t->from_me, src);
  for (PetscInt i = 0; i < t->send.n; i++) Zero(t, &t->send.p[i].boxes, src);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* In place, leaves destination points without source alone: they are zero and stay so */
PetscErrorCode HGTransferKeepZeros(HGTransfer t, PetscBool keep)
{
  PetscFunctionBegin;
  t->keep_zeros = keep;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Messages and bytes that this rank sends, forward; the adjoint's are the same in the other direction */
PetscErrorCode HGTransferGetTraffic(HGTransfer t, PetscInt *messages, PetscInt64 *bytes)
{
  PetscFunctionBegin;
  *messages = t->send.n;
  *bytes    = 0;
  for (PetscInt i = 0; i < t->send.n; i++) *bytes += (PetscInt64)t->send.p[i].length * (PetscInt64)HGDTypeSize(t->dtype);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGTransferGetRemote(HGTransfer t, PetscBool remote[3][2])
{
  PetscFunctionBegin;
  PetscCall(PetscArraycpy(&remote[0][0], &t->remote[0][0], 6));
  PetscFunctionReturn(PETSC_SUCCESS);
}
