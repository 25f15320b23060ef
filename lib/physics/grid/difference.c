/* SPDX-License-Identifier: BSD-2-Clause */
/*
   First and second derivatives along one axis of a grid by finite differences of order 2 or 4, on uniform and stretched points.

   Row i holds the weights of B. Fornberg (Mathematics of Computation 51 (1988) 699) for the points around i. Beside a boundary
   the points are the nearest ones inside; a condition alpha u + beta du/dn = gamma adds the boundary point, whose value is eliminated by
   the condition, so that a row is weights times points inside, plus a number times gamma. Without the condition ("soft") a row
   takes one more point inside.

   The adjoint gathers: no two threads write to the same point, and each point is summed in the same order on any number of them.
*/
#include "physics/grid/grid_impl.h"
#include "sys/hgsimd.h"

#define MAX_NODES 8

/* Weights c[k][j] of the k-th derivatives, k <= m <= 2, at z of the polynomial through (x[j], .), j < n */
static void Fornberg(double z, int n, const double x[], int m, double c[3][MAX_NODES])
{
  double c1 = 1, c4 = x[0] - z;

  memset(c, 0, 3 * MAX_NODES * sizeof(double));
  c[0][0] = 1;
  for (int i = 1; i < n; i++) {
    const int    mn = i < m ? i : m;
    const double c5 = c4;
    double       c2 = 1;

    c4 = x[i] - z;
    for (int j = 0; j < i; j++) {
      const double c3 = x[i] - x[j];

      c2 *= c3;
      if (j == i - 1) {
        for (int k = mn; k > 0; k--) c[k][i] = c1 * (k * c[k - 1][i - 1] - c5 * c[k][i - 1]) / c2;
        c[0][i] = -c1 * c5 * c[0][i - 1] / c2;
      }
      for (int k = mn; k > 0; k--) c[k][j] = (c4 * c[k][j] - k * c[k - 1][j]) / c3;
      c[0][j] = c4 * c[0][j] / c3;
    }
    c1 = c2;
  }
}

/* The points count from the low side of an axis: its first points, or its last, mirrored */
static double Node(const HGGridAxis *a, int side, PetscInt i)
{
  return side ? a->length - a->x[a->size - 1 - i] : a->x[i];
}

/*
  HGAxisBoundaryRow - The boundary condition of a side by the points inside: the sum of e[j] times point j from that side, minus gamma

  Not Collective

  Output Parameters:
+ n - how many points
- e - [n] their weights
*/
void HGAxisBoundaryRow(const HGGridAxis *a, int side, int order, int *n, double e[])
{
  double x[MAX_NODES] = {0}, c[3][MAX_NODES];

  *n = order + 1;
  for (int j = 0; j < *n; j++) x[j] = Node(a, side, j);
  Fornberg(0, *n, x, 1, c);
  for (int j = 0; j < *n; j++) e[j] = a->side[side].alpha * c[0][j] - a->side[side].beta * c[1][j]; /* the normal points outwards */
}

/* Row i, counted from a side, for a derivative: weights of the points 0 to *n - 1 from that side, and *gamma */
static void SideRow(const HGGridAxis *a, int side, int derivative, int order, PetscInt i, int *n, double w[], double *gamma)
{
  double       x[MAX_NODES], c[3][MAX_NODES], s[3][MAX_NODES];
  const double sign = side && derivative == 1 ? -1 : 1; /* mirrored */

  *gamma = 0;
  if (a->soft) {
    *n = order + 1;
    for (int j = 0; j < *n; j++) x[j] = Node(a, side, j);
    Fornberg(Node(a, side, i), *n, x, 2, c);
    for (int j = 0; j < *n; j++) w[j] = sign * c[derivative][j];
    return;
  }
  *n   = order;
  x[0] = 0; /* the boundary, then the points */
  for (int j = 0; j < *n; j++) x[j + 1] = Node(a, side, j);
  Fornberg(Node(a, side, i), *n + 1, x, 2, c);
  Fornberg(0, *n + 1, x, 1, s);
  const double alpha = a->side[side].alpha, beta = a->side[side].beta, d = alpha - beta * s[1][0];

  /* alpha u_b - beta (s_0 u_b + sum s_j u_j) = gamma gives u_b */
  for (int j = 0; j < *n; j++) w[j] = sign * (c[derivative][j + 1] + c[derivative][0] * beta * s[1][j + 1] / d);
  *gamma = sign * c[derivative][0] / d;
}

/* Row i of a derivative: weights of the points first to first + *n - 1, and gamma[low, high] */
static void Row(const HGGridAxis *a, int derivative, int order, PetscInt i, PetscInt *first, int *n, double w[], double gamma[])
{
  const int half = order / 2;
  double    x[MAX_NODES], c[3][MAX_NODES], mirrored[MAX_NODES];

  gamma[0] = gamma[1] = 0;
  if (!a->periodic && i < half) {
    *first = 0;
    SideRow(a, 0, derivative, order, i, n, w, &gamma[0]);
  } else if (!a->periodic && i >= a->size - half) {
    SideRow(a, 1, derivative, order, a->size - 1 - i, n, mirrored, &gamma[1]);
    *first = a->size - *n;
    for (int j = 0; j < *n; j++) w[j] = mirrored[*n - 1 - j];
  } else {
    *n     = order + 1;
    *first = i - half;
    for (int j = 0; j < *n; j++) x[j] = a->periodic ? (j - half) * a->length / (double)a->size : a->x[*first + j] - a->x[i];
    Fornberg(0, *n, x, 2, c);
    for (int j = 0; j < *n; j++) w[j] = c[derivative][j];
  }
}

/*
  HGAxisReach - How many points to either side the differences of an order read
*/
PetscInt HGAxisReach(const HGGridAxis *a, int order)
{
  return a->periodic ? order / 2 : a->soft ? order : order - 1;
}

/*
  HGDifferenceSetUp - Weights of a derivative for the rows of this rank

  Not Collective

  Input Parameters:
+ a          - the axis, of at least order + 1 points
. derivative - 1 or 2
. order      - 2 or 4
. start      - this rank's first point
- n          - this rank's points
*/
PetscErrorCode HGDifferenceSetUp(HGDifference *d, const HGGridAxis *a, int derivative, int order, PetscInt start, PetscInt n)
{
  const int half = order / 2;

  PetscFunctionBegin;
  d->n     = n;
  d->reach = HGAxisReach(a, order);
  d->inner = half;
  d->lo    = a->periodic ? 0 : PetscClipInterval(half - start, 0, n);
  d->hi    = a->periodic ? n : PetscClipInterval(a->size - half - start, d->lo, n);
  PetscCall(PetscCalloc2((2 * d->reach + 1) * n, &d->w, 2 * n, &d->gamma));
  for (PetscInt i = 0; i < n; i++) {
    double   w[MAX_NODES], gamma[2];
    PetscInt first;
    int      count;

    Row(a, derivative, order, start + i, &first, &count, w, gamma);
    for (int j = 0; j < count; j++) d->w[(first + j - start - i + d->reach) * n + i] = w[j];
    for (int s = 0; s < 2; s++) d->gamma[s * n + i] = gamma[s];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGDifferenceDestroy(HGDifference *d)
{
  PetscFunctionBegin;
  PetscCall(PetscFree2(d->w, d->gamma));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* out[i - x] += sum of w[j][i] in[i + j], from <= i < to: the rows in between, whose stencil is inside */
static inline __attribute__((always_inline)) void AddInner(const HGDifference *d, PetscInt from, PetscInt to, PetscInt x, const double *in,
                                                           double *restrict out)
{
  const double *const w = d->w + d->reach * d->n;

  if (d->inner == 1) {
    const double *restrict w0 = w - d->n, *restrict w1 = w, *restrict w2 = w + d->n;

    for (PetscInt i = from; i < to; i++) out[i - x] += w0[i] * in[i - 1] + w1[i] * in[i] + w2[i] * in[i + 1];
    return;
  }
  for (PetscInt j = -d->inner; j <= d->inner; j++) {
    const double *restrict v = w + j * d->n;

    for (PetscInt i = from; i < to; i++) out[i - x] += v[i] * in[i + j];
  }
}

/* The rows beside a boundary: weights are zero where there are no points */
static void AddEnd(const HGDifference *d, PetscInt from, PetscInt to, PetscInt x, const double *in, const double gamma[], double *out)
{
  for (PetscInt i = from; i < to; i++) {
    out[i - x] += gamma[0] * d->gamma[i] + gamma[1] * d->gamma[d->n + i];
    for (PetscInt j = -d->reach; j <= d->reach; j++) {
      const double w = d->w[(j + d->reach) * d->n + i];

      if (w != 0) out[i - x] += w * in[i + j];
    }
  }
}

static PetscInt Clamp(PetscInt i, PetscInt least, PetscInt most)
{
  return PetscMax(least, PetscMin(i, most));
}

/*
  HGDifferenceAdd - out += derivative along an axis, with the boundary values gamma, at points x <= i < x + n of a row

  Not Collective

  Input Parameters:
+ d     - the derivative
. axis  - 0, 1, 2 for z, y, x
. b     - the block of this rank, of one unknown
. at    - the row, in z and y
. x     - its first point
. n     - how many points
. in    - first owned point of the unknown in the local array with ghost points
- gamma - of the low and the high side

  Output Parameter:
. out - [n]
*/
HG_CLONES void HGDifferenceAdd(const HGDifference *d, int axis, const HGBlock *b, const PetscInt at[2], PetscInt x, PetscInt n,
                               const double *in, const double gamma[], double *restrict out)
{
  const double *row = in + at[0] * b->stride[0] + at[1] * b->stride[1];

  if (axis == 2) {
    const PetscInt lo = Clamp(d->lo, x, x + n), hi = Clamp(d->hi, lo, x + n);

    AddEnd(d, x, lo, x, row, gamma, out);
    AddInner(d, lo, hi, x, row, out);
    AddEnd(d, hi, x + n, x, row, gamma, out);
    return;
  }
  const PetscInt i = at[axis];
  const double   g = gamma[0] * d->gamma[i] + gamma[1] * d->gamma[d->n + i];

  for (PetscInt j = -d->reach; j <= d->reach; j++) {
    const double w           = d->w[(j + d->reach) * d->n + i];
    const double *restrict q = row + j * b->stride[axis] + x;

    if (w == 0) continue;
    for (PetscInt k = 0; k < n; k++) out[k] += w * q[k];
  }
  if (g != 0)
    for (PetscInt k = 0; k < n; k++) out[k] += g;
}

/* out[i - x] += sum of w[j][i - j] in[i - j], x <= i < x + n, where i - j is one of the rows from <= i - j < to */
static inline __attribute__((always_inline)) void AddTransposed(const HGDifference *d, PetscInt j, PetscInt from, PetscInt to, PetscInt x,
                                                                PetscInt n, const double *in, double *restrict out)
{
  const double *restrict w = d->w + (j + d->reach) * d->n;

  for (PetscInt i = PetscMax(from, x - j); i < PetscMin(to, x + n - j); i++) out[i + j - x] += w[i] * in[i];
}

/*
  HGDifferenceAddAdjoint - out += transposed derivative along an axis at points x <= i < x + n of a row

  Not Collective

  Input Parameters:
+ d    - the derivative
. axis - 0, 1, 2 for z, y, x
. b    - the block of this rank
. at   - the row, in z and y; like x it may lie among the ghost points, which get what belongs to other ranks
. x    - its first point
. n    - how many points
- in   - [z][y][x] of the owned points

  Output Parameter:
. out - [n]
*/
HG_CLONES void HGDifferenceAddAdjoint(const HGDifference *d, int axis, const HGBlock *b, const PetscInt at[2], PetscInt x, PetscInt n,
                                      const double *in, double *restrict out)
{
  const PetscInt first = PetscMax(0, x), last = PetscMin(b->n[2], x + n);

  for (int k = 0; k < 2; k++)
    if (k != axis && (at[k] < 0 || at[k] >= b->n[k])) return;
  for (PetscInt j = -d->reach; j <= d->reach; j++) {
    if (axis == 2) {
      const double   *p    = in + (at[0] * b->n[1] + at[1]) * b->n[2];
      const PetscBool ends = PetscAbsInt(j) > d->inner ? PETSC_TRUE : PETSC_FALSE; /* only rows beside a boundary reach as far */

      AddTransposed(d, j, 0, ends ? d->lo : d->n, x, n, p, out);
      if (ends) AddTransposed(d, j, PetscMax(d->lo, d->hi), d->n, x, n, p, out);
      continue;
    }
    const PetscInt from[2] = {at[0] - (axis == 0 ? j : 0), at[1] - (axis == 1 ? j : 0)};

    if (from[axis] < 0 || from[axis] >= b->n[axis]) continue;
    const double w           = d->w[(j + d->reach) * d->n + from[axis]];
    const double *restrict p = in + (from[0] * b->n[1] + from[1]) * b->n[2];

    if (w == 0) continue;
    for (PetscInt i = first; i < last; i++) out[i - x] += w * p[i];
  }
}
