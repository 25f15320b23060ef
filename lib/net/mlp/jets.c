/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Points through a multilayer perceptron with the derivatives by their coordinates, and the adjoint of that. The Taylor components of a layer, its value,
   d/dx_i and the d2/dx_i dx_j that were asked for, go through the layers together (forward Taylor mode, Griewank and Walther, Evaluating Derivatives,
   2nd ed., chapter 13). Threads share pieces of the points by lanes, and each lane has a gradient of its own, so that sums do not depend on their number.
*/
#include "net/mlp/mlp_impl.h"
#include "sys/hgsimd.h"
#include <math.h>
#include <omp.h>

/* One evaluation: what all pieces share */
typedef struct {
  int           order, components;
  const double *x; /* [points][dim] */
  PetscBool     gradient;
  HGJetFunction f;
  void         *ctx;
} Evaluation;

/* An affine layer of n points is a convolution of n pixels with one tap */
static HGConvShape DenseShape(PetscInt cin, PetscInt cout, PetscInt n)
{
  HGConvShape s = {.batch = 1, .groups = 1, .cin = (int)cin, .cout = (int)cout, .n = {1, 1, (int)n}, .k = {1, 1, 1}};

  for (int d = 0; d < 4; d++) {
    s.xs[d] = d < 3 ? n * cin : cin;
    s.ys[d] = d < 3 ? n * cout : cout;
  }
  return s;
}

#define REAL    float
#define NAME(f) f##_F32
#include "net/mlp/jet_template.h"
#undef REAL
#undef NAME
#define REAL    double
#define NAME(f) f##_F64
#include "net/mlp/jet_template.h"
#undef REAL
#undef NAME

static PetscInt Components(const HGMLP *m, int order)
{
  return 1 + (order > 0 ? m->dim : 0) + (order > 1 ? m->nsecond : 0);
}

/* Elements, a multiple of a cache line's */
static size_t Take(size_t *at, PetscInt n)
{
  const size_t here = *at;

  *at += ((size_t)n + 15) / 16 * 16;
  return here;
}

/* Where a thread's arrays are for pieces of n points; returns bytes */
static size_t PlanPiece(HGMLP *m, PetscInt n)
{
  const size_t   size       = HGDTypeSize(m->dtype);
  const PetscInt components = Components(m, 2);
  const int      k[3]       = {1, 1, 1};
  PetscInt       widest     = 1;
  size_t         at = 0, work = 0;

  for (PetscInt l = 0; l < m->nlayers; l++) {
    HGMLPLayer *y = &m->layer[l];

    y->a   = Take(&at, components * n * y->cin);
    y->z   = Take(&at, components * n * y->cout);
    y->d   = Take(&at, 3 * n * y->cout);
    widest = PetscMax(widest, PetscMax(y->cin, y->cout));
    work   = PetscMax(work, m->kernels->conv_work(1, (int)y->cin, (int)y->cout, k));
    work   = PetscMax(work, m->kernels->conv_work(1, (int)y->cout, (int)y->cin, k));
    for (PetscInt c = 1; c < components + (components == 1); c += PetscMax(1, components - 2)) { /* the values, and the derivatives */
      const HGConvShape s = DenseShape(y->cin, y->cout, n * c);

      work = PetscMax(work, m->kernels->conv_weights_work(&s));
    }
  }
  m->adjoint = Take(&at, components * n * widest);
  m->scratch = Take(&at, components * n * widest);
  m->work    = Take(&at, (PetscInt)((work + size - 1) / size));
  m->jets    = at * size;
  return (m->jets + 2 * (size_t)(components * n * m->out) * sizeof(double) + 127) / 64 * 64;
}

/* Pieces do not depend on the number of threads. A layer's arrays of one are about what the second-level cache of a core holds; smaller
   pieces cost more parallel regions of the kernels than they spare memory traffic. */
static PetscErrorCode PlanMemory(HGMLP *m)
{
  const size_t most = 8 * 1024 * 1024; /* bytes of a thread's arrays */

  PetscFunctionBegin;
  m->piece = 480;
  while (m->piece > 24 && PlanPiece(m, m->piece) > most) m->piece -= 24;
  m->bytes   = PlanPiece(m, m->piece);
  m->threads = PetscMin(omp_get_max_threads(), HG_JET_LANES);
  PetscCall(PetscMalloc1(m->bytes * (size_t)m->threads + 64, &m->memory));
  PetscCall(PetscMemzero(m->memory, m->bytes * (size_t)m->threads + 64));
  PetscCall(PetscCalloc1(HG_JET_LANES * (size_t)m->nparams, &m->gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PlanLayers(HGNet net, HGMLP *m)
{
  const int k[3] = {1, 1, 1};
  size_t    at   = 0;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(m->nlayers, &m->layer));
  for (PetscInt l = 0; l < m->nlayers; l++) {
    HGMLPLayer *y = &m->layer[l];

    y->cin = net->width;
    for (PetscInt i = 0; !l && i < m->dim; i++) y->cin = (i ? y->cin : 0) + 1 + m->periodic[i];
    y->cout   = l + 1 < m->nlayers ? net->width : m->out;
    y->weight = at;
    y->bias   = at + (size_t)(y->cin * y->cout);
    at        = y->bias + (size_t)y->cout;
    PetscCall(PetscMalloc(m->kernels->conv_packed_size(1, (int)y->cin, (int)y->cout, k), &y->packed));
    PetscCall(PetscMalloc(m->kernels->conv_packed_size(1, (int)y->cout, (int)y->cin, k), &y->adjoint));
  }
  m->nparams = (PetscInt)at;
  PetscCheck(m->nparams == net->nparams, PetscObjectComm((PetscObject)net), PETSC_ERR_PLIB, "the layers have other parameters");
  PetscCall(PetscMalloc(at * HGDTypeSize(m->dtype), &m->values));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetSecond(HGNet net, HGMLP *m, PetscInt n, const PetscInt pairs[][2])
{
  MPI_Comm comm = PetscObjectComm((PetscObject)net);

  PetscFunctionBegin;
  HGCheck(n >= 0 && n <= HG_JET_MAX_SECOND, comm, "%" PetscInt_FMT " second derivatives; there are at most %d", n, HG_JET_MAX_SECOND);
  for (PetscInt k = 0; k < n; k++) {
    HGCheck(pairs[k][0] >= 0 && pairs[k][0] <= pairs[k][1] && pairs[k][1] < m->dim, comm,
            "second derivative by coordinates %" PetscInt_FMT ",%" PetscInt_FMT "; give 0 <= i <= j < %" PetscInt_FMT, pairs[k][0],
            pairs[k][1], m->dim);
    for (int i = 0; i < 2; i++) m->second[k][i] = pairs[k][i];
  }
  m->nsecond = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* See HGNetSetUpJets() */
PetscErrorCode HGMLPSetUpJets(HGNet net, const double lo[], const double hi[], PetscInt n, const PetscInt pairs[][2])
{
  HGMLP *m = (HGMLP *)net->data;
  HGSimd simd;

  PetscFunctionBegin;
  PetscCall(HGMLPDestroyJets(m));
  PetscCall(HGGetSimd(&simd));
  m->dim        = net->cin;
  m->out        = net->cout;
  m->activation = net->activation;
  m->dtype      = net->dtype;
  m->kernels    = HGKernelsGet(simd, net->dtype);
  m->fields     = HGFieldKernelsGet(simd, net->dtype);
  m->nlayers    = net->depth + 1;
  for (PetscInt i = 0; i < m->dim; i++) {
    HGCheck(lo[i] < hi[i], PetscObjectComm((PetscObject)net),
            "coordinate %" PetscInt_FMT " goes from %g to %g; give a box that is not empty", i, lo[i], hi[i]);
    m->centre[i] = (lo[i] + hi[i]) / 2;
    m->scale[i]  = 2 / (hi[i] - lo[i]);
  }
  PetscCall(SetSecond(net, m, n, pairs));
  PetscCall(PlanLayers(net, m));
  PetscCall(PlanMemory(m));
  m->current = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The arrays of the affine layers, which lie one behind the other in m->values */
static PetscErrorCode TakeValues(HGNet net, HGMLP *m)
{
  char *to = (char *)m->values;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < net->n; i++) {
    const HGParameter *param;
    PetscInt           n;

    PetscCall(HGLayerGetParameters(net->node[i].layer, &n, &param));
    for (PetscInt j = 0; j < n; j++) {
      const size_t bytes = (size_t)param[j].size * HGDTypeSize(m->dtype);
      const void  *from;

      PetscCall(HGParametersGetValues(net->parameters, i, j, &from));
      PetscCall(PetscMemcpy(to, from, bytes));
      to += bytes;
    }
  }
  if (m->dtype == HG_F32) pack_values_F32(m);
  else pack_values_F64(m);
  m->current = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* See HGNetEvaluateJets() */
PetscErrorCode HGMLPEvaluateJets(HGNet net, int order, PetscInt n, const double x[], PetscBool gradient, HGJetFunction f, void *ctx)
{
  HGMLP           *m      = (HGMLP *)net->data;
  const Evaluation s      = {order, (int)Components(m, order), x, gradient, f, ctx};
  const PetscInt   pieces = (n + m->piece - 1) / m->piece;
  char *const      memory = (char *)(((uintptr_t)m->memory + 63) / 64 * 64);

  PetscFunctionBegin;
  if (!m->current) PetscCall(TakeValues(net, m));
#pragma omp parallel for schedule(static, 1) num_threads(m->threads) if (pieces > 1)
  for (int lane = 0; lane < HG_JET_LANES; lane++) {
    for (PetscInt i = lane; i < pieces; i += HG_JET_LANES) {
      const PetscInt first = i * m->piece;
      const int      count = (int)PetscMin(m->piece, n - first);
      char *const    own   = memory + m->bytes * (size_t)omp_get_thread_num();

      if (m->dtype == HG_F32) sweep_piece_F32(m, &s, lane, first, count, own);
      else sweep_piece_F64(m, &s, lane, first, count, own);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGMLPAdjointBegin(HGNet net)
{
  HGMLP *m = (HGMLP *)net->data;

  PetscFunctionBegin;
  if (m->gradient) PetscCall(PetscArrayzero(m->gradient, HG_JET_LANES * (size_t)m->nparams));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adds the lanes' sums, in their order, to the n elements of an array */
static void AddLanes(const HGMLP *m, const double *from, PetscInt64 n, HGDType type, void *to)
{
  for (PetscInt64 k = 0; k < n; k++) {
    double sum = type == HG_F64 ? ((double *)to)[k] : (double)((float *)to)[k];

    for (int lane = 0; lane < HG_JET_LANES; lane++) sum += from[(size_t)lane * (size_t)m->nparams + (size_t)k];
    if (type == HG_F64) ((double *)to)[k] = sum;
    else ((float *)to)[k] = (float)sum;
  }
}

PetscErrorCode HGMLPAdjointEnd(HGNet net)
{
  const HGMLP  *m  = (HGMLP *)net->data;
  const double *at = m->gradient;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < net->n && at; i++) {
    const HGParameter *param;
    void *const       *dp;
    HGDType            type;
    PetscInt           n;

    PetscCall(HGLayerGetParameters(net->node[i].layer, &n, &param));
    PetscCall(HGParametersGetGradient(net->parameters, i, &type, &dp));
    for (PetscInt j = 0; j < n; at += param[j++].size) AddLanes(m, at, param[j].size, type, dp[j]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGMLPDestroyJets(HGMLP *m)
{
  PetscFunctionBegin;
  for (PetscInt l = 0; l < m->nlayers && m->layer; l++) {
    PetscCall(PetscFree(m->layer[l].packed));
    PetscCall(PetscFree(m->layer[l].adjoint));
  }
  PetscCall(PetscFree(m->layer));
  PetscCall(PetscFree(m->values));
  PetscCall(PetscFree(m->gradient));
  PetscCall(PetscFree(m->memory));
  PetscFunctionReturn(PETSC_SUCCESS);
}
