/* SPDX-License-Identifier: BSD-2-Clause */
/*
   What the tests of the operators share: layouts from a few numbers, and a check of an operator and its adjoint, entry by
   entry, against a serial definition.

   Operators that move data are defined by one function: the source point of each destination point. Values are small
   integers, so that every sum is exact in both precisions and results are compared for equality.
*/
#ifndef LINOPCHECK_H
#define LINOPCHECK_H

#include <halograd.h>

#define GARBAGE 4096.0 /* not a value of Value() */

/* A partition written down: zeros in parts mean 1, sizes 1; ranks NULL means the first ones */
typedef struct {
  PetscInt           dim;
  PetscInt           size[HG_AXES]; /* [N][C][Z][Y][X] */
  PetscInt           parts[HG_AXES];
  const PetscInt    *range[HG_AXES]; /* points of each part, or NULL */
  const PetscMPIInt *ranks;
  PetscBool          copies[HG_AXES]; /* axes along which parts are copies */
} Layout;

static inline PetscInt CountParts(const Layout *l)
{
  PetscInt n = 1;

  for (int a = 0; a < HG_AXES; a++) n *= PetscMax(1, l->parts[a]);
  return n;
}

static inline PetscErrorCode MakePartition(MPI_Comm comm, const Layout *l, HGPartition *p)
{
  PetscInt     size[HG_AXES], parts[HG_AXES], n = CountParts(l);
  PetscMPIInt *ranks;

  PetscFunctionBegin;
  for (int a = 0; a < HG_AXES; a++) {
    size[a]  = PetscMax(1, l->size[a]);
    parts[a] = PetscMax(1, l->parts[a]);
  }
  PetscCall(HGPartitionCreate(comm, p));
  PetscCall(HGPartitionSetSizes(*p, l->dim, size));
  PetscCall(HGPartitionSetParts(*p, parts));
  for (int a = 0; a < HG_AXES; a++) {
    if (l->range[a]) PetscCall(HGPartitionSetRanges(*p, a, l->range[a]));
    if (l->copies[a]) PetscCall(HGPartitionSetReplicated(*p, a, PETSC_TRUE));
  }
  PetscCall(PetscMalloc1(n, &ranks));
  for (PetscInt i = 0; i < n; i++) ranks[i] = l->ranks ? l->ranks[i] : (PetscMPIInt)i;
  PetscCall(HGPartitionSetRanks(*p, n, ranks));
  PetscCall(PetscFree(ranks));
  PetscCall(HGPartitionSetUp(*p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode MakeTensor(MPI_Comm comm, const Layout *l, HGDType dtype, const PetscInt halo[3][2], HGTensor *t)
{
  HGPartition p;

  PetscFunctionBegin;
  PetscCall(MakePartition(comm, l, &p));
  PetscCall(HGTensorCreate(p, dtype, t));
  if (halo) PetscCall(HGTensorSetHalo(*t, halo));
  PetscCall(HGTensorSetUp(*t));
  PetscCall(HGPartitionDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The value of a tensor at a global point on a rank, an integer below 1024 */
static inline double Value(PetscMPIInt rank, const PetscInt g[HG_AXES])
{
  uint64_t h = (uint64_t)rank + 1;

  for (int a = 0; a < HG_AXES; a++) h = (h ^ (uint64_t)(g[a] + 64)) * 0x9E3779B97F4A7C15u;
  return (double)(h >> 54);
}

/* ---- walks over local points, ghosts included ---- */

typedef struct {
  HGTensor             t;
  const HGTensorLocal *l;
  HGDType              dtype;
  PetscBool            ghosts;
  PetscInt             lo[HG_AXES], n[HG_AXES]; /* global first point and number of points */
  PetscInt             i, count;
} Walk;

static inline PetscErrorCode WalkStart(HGTensor t, PetscBool ghosts, Walk *w)
{
  PetscFunctionBegin;
  w->t      = t;
  w->ghosts = ghosts;
  w->i      = 0;
  w->count  = 1;
  PetscCall(HGTensorGetLocal(t, &w->l));
  PetscCall(HGTensorGetDType(t, &w->dtype));
  for (int a = 0; a < HG_AXES; a++) {
    const PetscInt lo = ghosts && a >= HG_Z ? w->l->halo[a - HG_Z][0] : 0, hi = ghosts && a >= HG_Z ? w->l->halo[a - HG_Z][1] : 0;

    w->lo[a] = w->l->box.start[a] - lo;
    w->n[a]  = w->l->box.size[a] + lo + hi;
    w->count *= w->n[a];
  }
  if (!w->l->elements) w->count = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The next point g and the position of its element; false at the end */
static inline PetscBool WalkNext(Walk *w, PetscInt g[HG_AXES], ptrdiff_t *at)
{
  PetscInt i = w->i++;

  if (i >= w->count) return PETSC_FALSE;
  *at = 0;
  for (int a = HG_AXES - 1; a >= 0; a--) {
    g[a] = w->lo[a] + i % w->n[a];
    i /= w->n[a];
    *at += (g[a] - w->l->box.start[a]) * w->l->stride[a];
  }
  return PETSC_TRUE;
}

static inline double Get(const Walk *w, ptrdiff_t at)
{
  return w->dtype == HG_F32 ? ((const float *)w->l->owned)[at] : ((const double *)w->l->owned)[at];
}

static inline void Put(const Walk *w, ptrdiff_t at, double v)
{
  if (w->dtype == HG_F32) ((float *)w->l->owned)[at] = (float)v;
  else ((double *)w->l->owned)[at] = v;
}

static inline PetscBool Owned(const Walk *w, const PetscInt g[HG_AXES])
{
  for (int a = 0; a < HG_AXES; a++)
    if (g[a] < w->l->box.start[a] || g[a] >= w->l->box.start[a] + w->l->box.size[a]) return PETSC_FALSE;
  return PETSC_TRUE;
}

/* Everything is garbage, except owned points, and ghost points if they count, which have their values */
static inline PetscErrorCode FillValues(HGTensor t, PetscBool ghosts)
{
  PetscMPIInt rank;
  PetscInt    g[HG_AXES];
  ptrdiff_t   at;
  Walk        w;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PetscObjectComm((PetscObject)t), &rank));
  PetscCall(HGTensorSet(t, GARBAGE));
  PetscCall(WalkStart(t, ghosts, &w));
  while (WalkNext(&w, g, &at)) Put(&w, at, Value(rank, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- operators defined by the source of each destination point ---- */

/* What a destination point takes */
typedef enum {
  SOURCE,   /* the value of the source point src[] */
  ZERO,     /* zero */
  UNTOUCHED /* nothing is written there */
} Take;

typedef struct {
  HGTensor  src, dst; /* of the movement: those of the operator, or the other way round if reversed */
  PetscBool ghosts;   /* the destination's ghosts count */
  PetscBool reversed; /* the operator is the adjoint of the movement */
  Take (*source)(void *ctx, const PetscInt g[HG_AXES], PetscInt src[HG_AXES]);
  void *ctx;
} Movement;

/* The rank that owns a point of the source */
static inline PetscMPIInt OwnerOf(HGPartition p, PetscMPIInt size, const PetscInt g[HG_AXES])
{
  for (PetscMPIInt r = 0; r < size; r++) {
    HGBox     box;
    PetscBool in = PETSC_TRUE;

    PetscCallAbort(PETSC_COMM_SELF, HGPartitionGetBox(p, r, &box));
    for (int a = 0; a < HG_AXES; a++)
      if (g[a] < box.start[a] || g[a] >= box.start[a] + box.size[a]) in = PETSC_FALSE;
    if (in) return r;
  }
  return -1;
}

#define Differs(what, g, found, expected)                                                                                                 \
  SETERRQ(PETSC_COMM_SELF, PETSC_ERR_PLIB,                                                                                                \
          "%s at [%" PetscInt_FMT "][%" PetscInt_FMT "][%" PetscInt_FMT "][%" PetscInt_FMT "][%" PetscInt_FMT "]: %g, expected %g", what, \
          (g)[0], (g)[1], (g)[2], (g)[3], (g)[4], found, expected)

/* dst has what the movement makes of src filled by FillValues() */
static inline PetscErrorCode CheckForward(const Movement *m, HGTensor dst)
{
  HGPartition p;
  PetscMPIInt size;
  PetscInt    g[HG_AXES], src[HG_AXES];
  ptrdiff_t   at;
  Walk        w;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)dst), &size));
  PetscCall(HGTensorGetPartition(m->src, &p));
  PetscCall(WalkStart(dst, PETSC_TRUE, &w));
  while (WalkNext(&w, g, &at)) {
    const PetscBool owned = Owned(&w, g);
    const Take      take  = owned || m->ghosts ? m->source(m->ctx, g, src) : UNTOUCHED;
    double          want  = GARBAGE;

    if (take == SOURCE) want = Value(OwnerOf(p, size, src), src);
    if (take == ZERO) want = 0;
    if (Get(&w, at) != want) Differs("forward", g, Get(&w, at), want);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adds the values of one rank's destination points to the sums of the source points of this rank */
static inline PetscErrorCode SumAdjoint(const Movement *m, PetscMPIInt rank, const HGTensorLocal *mine, double *sum)
{
  const HGTensorLocal *l;
  HGPartition          q;
  HGBox                box;
  PetscInt             g[HG_AXES], src[HG_AXES], halo[3][2], lo[HG_AXES], n[HG_AXES], count = 1;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(m->dst, &l));
  PetscCall(HGTensorGetPartition(m->dst, &q));
  PetscCall(HGPartitionGetBox(q, rank, &box));
  PetscCall(HGTensorGetHaloOf(m->dst, rank, halo));
  for (int a = 0; a < HG_AXES; a++) {
    lo[a] = box.start[a] - (m->ghosts && a >= HG_Z ? halo[a - HG_Z][0] : 0);
    n[a]  = box.size[a] + (m->ghosts && a >= HG_Z ? halo[a - HG_Z][0] + halo[a - HG_Z][1] : 0);
    count *= n[a];
  }
  if (!HGBoxCount(&box)) count = 0;
  for (PetscInt k = 0; k < count; k++) {
    PetscInt  i = k, at = 0;
    PetscBool in = PETSC_TRUE;

    for (int a = HG_AXES - 1; a >= 0; i /= n[a--]) g[a] = lo[a] + i % n[a];
    if (m->source(m->ctx, g, src) != SOURCE) continue;
    for (int a = 0; a < HG_AXES; a++) {
      if (src[a] < mine->box.start[a] || src[a] >= mine->box.start[a] + mine->box.size[a]) in = PETSC_FALSE;
      at = at * mine->box.size[a] + src[a] - mine->box.start[a];
    }
    if (in) sum[at] += Value(rank, g);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* src has what the adjoint makes of dst filled by FillValues(); in place, the ghosts that were written are zero */
static inline PetscErrorCode CheckAdjoint(const Movement *m, HGTensor src, PetscBool in_place)
{
  PetscMPIInt size;
  PetscInt    g[HG_AXES], s[HG_AXES];
  ptrdiff_t   at;
  double     *sum;
  Walk        w;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)src), &size));
  PetscCall(WalkStart(src, PETSC_FALSE, &w));
  PetscCall(PetscCalloc1(w.count, &sum));
  if (w.count)
    for (PetscMPIInt r = 0; r < size; r++) PetscCall(SumAdjoint(m, r, w.l, sum));
  for (PetscInt i = 0; WalkNext(&w, g, &at); i++)
    if (Get(&w, at) != sum[i]) Differs("adjoint", g, Get(&w, at), sum[i]);
  PetscCall(PetscFree(sum));
  PetscCall(WalkStart(src, PETSC_TRUE, &w));
  while (WalkNext(&w, g, &at)) {
    const double want = !in_place ? GARBAGE : 0;

    if (Owned(&w, g) || (in_place && m->source(m->ctx, g, s) == UNTOUCHED)) continue;
    if (Get(&w, at) != want) Differs("ghost after the adjoint", g, Get(&w, at), want);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode CheckAdjointIdentity(HGLinOp op)
{
  HGTensor  x;
  HGDType   dtype;
  PetscReal error;

  PetscFunctionBegin;
  PetscCall(HGLinOpGetTensors(op, &x, NULL));
  PetscCall(HGTensorGetDType(x, &dtype));
  PetscCall(HGLinOpTestAdjoint(op, 1, &error));
  PetscCheck(error < 100 * (dtype == HG_F32 ? 1.1920929e-7 : PETSC_MACHINE_EPSILON), PETSC_COMM_SELF, PETSC_ERR_PLIB, "adjoint test: %g",
             (double)error);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Messages and bytes: each pair of ranks of which one takes points of the other sends one message, of just these points */
static inline PetscErrorCode CheckTraffic(HGLinOp op, const Movement *m)
{
  HGPartition p, q;
  PetscMPIInt size;
  PetscInt    messages, expected = 0;
  PetscInt64  bytes, elements    = 0;
  HGDType     dtype;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)op), &size));
  PetscCall(HGTensorGetPartition(m->src, &p));
  PetscCall(HGTensorGetPartition(m->dst, &q));
  PetscCall(HGTensorGetDType(m->src, &dtype));
  for (PetscMPIInt r = 0; r < size; r++) {
    HGBox      box;
    PetscInt   g[HG_AXES], src[HG_AXES], halo[3][2] = {{0}}, n[HG_AXES], count = 1;
    PetscInt64 from[64] = {0};

    PetscCall(HGPartitionGetBox(q, r, &box));
    if (m->ghosts) PetscCall(HGTensorGetHaloOf(m->dst, r, halo));
    for (int a = 0; a < HG_AXES; a++) {
      n[a] = box.size[a] + (a >= HG_Z ? halo[a - HG_Z][0] + halo[a - HG_Z][1] : 0);
      count *= HGBoxCount(&box) ? n[a] : 0;
    }
    for (PetscInt k = 0, i = 0; k < count; i = ++k) {
      for (int a = HG_AXES - 1; a >= 0; i /= n[a--]) g[a] = box.start[a] - (a >= HG_Z ? halo[a - HG_Z][0] : 0) + i % n[a];
      if (m->source(m->ctx, g, src) == SOURCE) from[OwnerOf(p, size, src)]++;
    }
    for (PetscMPIInt o = 0; o < size; o++) {
      if (o == r || !from[o]) continue;
      expected++;
      elements += from[o];
    }
  }
  PetscCall(HGLinOpGetTraffic(op, &messages, &bytes));
  PetscCheck(messages == expected && bytes == elements * (PetscInt64)HGDTypeSize(dtype), PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "%" PetscInt_FMT " messages, %" PetscInt64_FMT " bytes; expected %" PetscInt_FMT " and %" PetscInt64_FMT, messages, bytes,
             expected, elements * (PetscInt64)HGDTypeSize(dtype));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Twice where that is cheap; waiting takes long where ranks share cores */
static inline int Repeats(HGLinOp op)
{
  PetscMPIInt size;

  (void)MPI_Comm_size(PetscObjectComm((PetscObject)op), &size);
  return size > 2 ? 1 : 2;
}

/* Applies an operator and its adjoint to tensors other than its own, out of place */
static inline PetscErrorCode CheckMovement(HGLinOp op, const Movement *m)
{
  HGTensor a, b;

  PetscFunctionBegin;
  PetscCall(HGTensorDuplicate(m->src, &a));
  PetscCall(HGTensorDuplicate(m->dst, &b));
  for (int repeat = Repeats(op); repeat > 0; repeat--) {
    PetscCall(FillValues(a, PETSC_FALSE));
    PetscCall(HGTensorSet(b, GARBAGE));
    if (m->reversed) PetscCall(HGLinOpApplyAdjoint(op, a, b));
    else PetscCall(HGLinOpApply(op, a, b));
    PetscCall(CheckForward(m, b));
    PetscCall(FillValues(b, m->ghosts));
    PetscCall(HGTensorSet(a, GARBAGE));
    if (m->reversed) PetscCall(HGLinOpApply(op, b, a));
    else PetscCall(HGLinOpApplyAdjoint(op, b, a));
    PetscCall(CheckAdjoint(m, a, PETSC_FALSE));
  }
  PetscCall(HGTensorDestroy(&a));
  PetscCall(HGTensorDestroy(&b));
  PetscCall(CheckAdjointIdentity(op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same in place, in the operator's own tensor */
static inline PetscErrorCode CheckInPlace(HGLinOp op, const Movement *m, HGTensor t)
{
  PetscFunctionBegin;
  for (int repeat = Repeats(op); repeat > 0; repeat--) {
    PetscCall(FillValues(t, PETSC_FALSE));
    PetscCall(HGLinOpApply(op, t, t));
    PetscCall(CheckForward(m, t));
    PetscCall(FillValues(t, PETSC_TRUE));
    PetscCall(HGLinOpApplyAdjoint(op, t, t));
    PetscCall(CheckAdjoint(m, t, PETSC_TRUE));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
