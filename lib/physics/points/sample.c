/* SPDX-License-Identifier: BSD-2-Clause */
/* Points that are drawn: functions of the seed, the term's name and the number of the point */
#include "physics/points/collocation_impl.h"

/* Coordinate axis of point i of the Sobol sequence, in [0, 1). Direction numbers: Joe and Kuo, file new-joe-kuo-6.21201, dimensions 1 to 4 */
static double Sobol(int axis, uint64_t i)
{
  static const struct {
    int      s;
    uint32_t a, m[3];
  } table[HG_JET_MAX_DIM] = {
      {0, 0, {0}},
      {1, 0, {1}},
      {2, 1, {1, 3}},
      {3, 1, {1, 3, 1}},
  };
  const int s = table[axis].s;
  uint32_t  v[32], x = 0;

  for (int k = 0; k < 32; k++) {
    if (k < s) v[k] = table[axis].m[k] << (31 - k);
    else if (!s) v[k] = 1u << (31 - k);
    else {
      v[k] = v[k - s] ^ (v[k - s] >> s);
      for (int l = 1; l < s; l++) v[k] ^= (table[axis].a >> (s - 1 - l) & 1) * v[k - l];
    }
    if (i >> k & 1) x ^= v[k];
  }
  return (double)x * 0x1p-32;
}

/* Number i of a random permutation of n: a Feistel network on the next power of 4, walked until it lands below n
   (Black and Rogaway, CT-RSA 2002) */
PetscInt HGSamplePermuted(uint64_t seed, uint64_t stream, PetscInt n, PetscInt i)
{
  int      half = 1;
  uint64_t v    = (uint64_t)i;

  while ((PetscInt64)1 << 2 * half < n) half++;
  const uint64_t mask = (1ull << half) - 1;
  do {
    uint64_t left = v >> half, right = v & mask;

    for (uint64_t r = 0; r < 6; r++) {
      const uint64_t t = left ^ (HGRandomBits(seed, stream + 1 + r, right) & mask);

      left  = right;
      right = t;
    }
    v = left << half | right;
  } while (v >= (uint64_t)n);
  return (PetscInt)v;
}

/*@C
   HGSamplePoint - A point of the unit cube, a function of seed, name and number

   Not Collective

   Input Parameters:
+  sampling - how points are drawn
.  seed     - the seed; a Sobol sequence has none
.  name     - the name of the set of points
.  n        - number of points of the set: a Latin hypercube has a point in each of n slices of each axis
.  dim      - coordinates, at most 4
-  i        - the number of the point

   Output Parameter:
.  x - the point

   Level: intermediate

   Shape:
   x: [dim]

   Note:
   The first point of the Sobol sequence, a corner, is left out.

.seealso: `HGSampling`, `HGRandomUniform()`
@*/
void HGSamplePoint(HGSampling sampling, uint64_t seed, const char name[], PetscInt n, PetscInt dim, PetscInt i, double x[])
{
  const uint64_t stream = HGRandomStream(name);

  for (PetscInt d = 0; d < dim; d++) {
    const double uniform = HGRandomUniform(seed, stream + 16 * (uint64_t)d, (uint64_t)i);

    switch (sampling) {
    case HG_SAMPLING_SOBOL:
      x[d] = Sobol((int)d, (uint64_t)i + 1);
      break;
    case HG_SAMPLING_LHS:
      x[d] = ((double)HGSamplePermuted(seed, stream + 16 * (uint64_t)d, n, i) + uniform) / (double)n;
      break;
    default:
      x[d] = uniform;
    }
  }
}

/* Moves a point of the unit cube into a box; axes of no width take no coordinate of the cube */
static void MoveToBox(PetscInt dim, const double lo[], const double hi[], const double unit[], double x[])
{
  PetscInt a = 0;

  for (PetscInt d = 0; d < dim; d++) x[d] = lo[d] < hi[d] ? lo[d] + (hi[d] - lo[d]) * unit[a++] : lo[d];
}

/* This rank's block of a term's points, with their data */
PetscErrorCode HGCollocationSampleTerm(HGCollocation c, HGCollocationPoints *t)
{
  const PetscInt first = (PetscInt)((PetscInt64)t->total * c->rank / c->size),
                 last  = (PetscInt)((PetscInt64)t->total * (c->rank + 1) / c->size);
  PetscInt axes        = 0;

  PetscFunctionBegin;
  for (PetscInt d = 0; d < c->dim; d++) axes += t->term.lo[d] < t->term.hi[d];
  t->n = t->room = last - first;
  PetscCall(PetscMalloc1(t->room * c->dim, &t->x));
  PetscCall(PetscMalloc1(t->room * t->term.ndata, &t->data));
  for (PetscInt i = first; i < last; i++) {
    double unit[HG_JET_MAX_DIM], *x = t->x + (i - first) * c->dim;

    if (t->term.point) (*t->term.point)(i, x, c->ctx);
    else {
      HGSamplePoint(c->sampling, (uint64_t)c->seed, t->term.name, t->total, axes, i, unit);
      MoveToBox(c->dim, t->term.lo, t->term.hi, unit, x);
    }
    if (t->term.data) (*t->term.data)(i, x, t->data + (i - first) * t->term.ndata, c->ctx);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A candidate for refinement: its number over all ranks, and how large the residual is there */
typedef struct {
  double size;
  double number;
} Candidate;

static int Larger(const void *a, const void *b)
{
  const Candidate *x = (const Candidate *)a, *y = (const Candidate *)b;

  if (x->size != y->size) return x->size > y->size ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}

static PetscErrorCode AddPoint(HGCollocation c, HGCollocationPoints *t, PetscInt number)
{
  double unit[HG_JET_MAX_DIM];

  PetscFunctionBegin;
  HGSamplePoint(HG_SAMPLING_UNIFORM, (uint64_t)c->seed, "refinement", 0, c->dim, number, unit);
  MoveToBox(c->dim, t->term.lo, t->term.hi, unit, t->x + t->n * c->dim);
  if (t->term.data) (*t->term.data)(number, t->x + t->n * c->dim, t->data + t->n * t->term.ndata, c->ctx);
  t->n++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Candidates of this rank, sorted, the largest residual first */
static PetscErrorCode Examine(HGCollocation c, HGCollocationPoints *t, PetscInt first, PetscInt n, Candidate *out)
{
  double *x, *best, *data, *own = t->data;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(n * c->dim, &x, n, &best, n * t->term.ndata, &data));
  for (PetscInt i = 0; i < n; i++) {
    const PetscInt number = first + i;
    double         unit[HG_JET_MAX_DIM];

    HGSamplePoint(HG_SAMPLING_UNIFORM, (uint64_t)c->seed, "refinement", 0, c->dim, number, unit);
    MoveToBox(c->dim, t->term.lo, t->term.hi, unit, x + i * c->dim);
    if (t->term.data) (*t->term.data)(number, x + i * c->dim, data + i * t->term.ndata, c->ctx);
  }
  c->best = best;
  t->data = data;
  PetscCall(HGCollocationSweep(c, 0, 1, n, x, PETSC_FALSE));
  t->data = own;
  c->best = NULL;
  for (PetscInt i = 0; i < n; i++) out[i] = (Candidate){best[i], (double)(first + i)};
  qsort(out, (size_t)n, sizeof(*out), Larger);
  PetscCall(PetscFree3(x, best, data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGCollocationAddCandidates - Make candidates points of the first term, each on the rank that its place among all that were added gives

  Collective

  Input Parameters:
+ c      - the residuals, set up
. n      - how many
- number - [n] their numbers
*/
PetscErrorCode HGCollocationAddCandidates(HGCollocation c, PetscInt n, const PetscInt number[])
{
  HGCollocationPoints *t = &c->term[0];

  PetscFunctionBegin;
  if (t->n + n > t->room) {
    t->room = t->n + n;
    PetscCall(PetscRealloc((size_t)(t->room * c->dim) * sizeof(double), &t->x));
    PetscCall(PetscRealloc((size_t)(t->room * t->term.ndata) * sizeof(double), &t->data));
  }
  PetscCall(PetscRealloc((size_t)(c->nadded + n) * sizeof(PetscInt), &c->added));
  for (PetscInt i = 0; i < n; i++) {
    if (c->nadded % c->size == c->rank) PetscCall(AddPoint(c, t, number[i]));
    c->added[c->nadded++] = number[i];
  }
  t->total += n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationRefine - Add points to the first term where its residual is largest

   Collective

   Input Parameters:
+  c          - the residuals, set up; the network has its parameters
.  candidates - how many random points are looked at
-  add        - how many of them become points of the term

   Level: intermediate

   Note:
   Residual-based adaptive refinement, Lu, Meng, Mao, Karniadakis, DeepXDE, SIAM Review 63 (2021), section 2.8. The points that are added
   do not depend on the number of ranks.

   Errors:
   Fewer candidates than points to add, or a first term whose points are given.

.seealso: `HGCollocationEvaluate()`
@*/
PetscErrorCode HGCollocationRefine(HGCollocation c, PetscInt candidates, PetscInt add)
{
  const PetscInt first      = (PetscInt)((PetscInt64)candidates * c->rank / c->size),
                 last       = (PetscInt)((PetscInt64)candidates * (c->rank + 1) / c->size);
  MPI_Comm             comm = PetscObjectComm((PetscObject)c);
  HGCollocationPoints *t    = &c->term[0];
  Candidate           *mine, *all;
  PetscInt            *number;

  PetscFunctionBegin;
  HGCheck(add >= 1 && candidates >= add, comm,
          "refinement adds %" PetscInt_FMT " of %" PetscInt_FMT " candidates; give at least 1, and as many candidates", add, candidates);
  HGCheck(!t->given && !t->term.point, comm, "the points of term \"%s\" are given, they cannot be refined", t->term.name);
  PetscCall(PetscCalloc1(PetscMax(last - first, add), &mine));
  PetscCall(PetscMalloc1((size_t)add * (size_t)c->size, &all));
  PetscCall(Examine(c, t, c->candidates + first, last - first, mine));
  for (PetscInt i = last - first; i < add; i++) mine[i] = (Candidate){-1, -1};
  PetscCallMPI(MPI_Allgather(mine, (PetscMPIInt)(2 * add), MPI_DOUBLE, all, (PetscMPIInt)(2 * add), MPI_DOUBLE, comm));
  qsort(all, (size_t)add * (size_t)c->size, sizeof(*all), Larger);
  PetscCall(PetscMalloc1(add, &number));
  for (PetscInt i = 0; i < add; i++) number[i] = (PetscInt)all[i].number;
  PetscCall(HGCollocationAddCandidates(c, add, number));
  PetscCall(PetscFree(number));
  c->candidates += candidates;
  PetscCall(PetscFree(mine));
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}
