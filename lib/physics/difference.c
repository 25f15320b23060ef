/* SPDX-License-Identifier: BSD-2-Clause */
/*
   First and second derivatives along one axis of a grid by finite differences of order 2 or 4, on uniform and stretched points.

   Row i holds the weights of B. Fornberg (Mathematics of Computation 51 (1988) 699) for the points around i. Beside a boundary
   the points are the nearest ones inside; a condition alpha u + beta du/dn = gamma adds the boundary point, whose value is eliminated by
   the condition, so that a row is weights times points inside, plus a number times gamma. Without the condition ("soft") a row
   takes one more point inside.

   The adjoint gathers: no two threads write to the same point, and each point is summed in the same order on any number of them.
*/
#include "physics/equation_impl.h"

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

/* out[x] += sum of w[j][x] in[(x + j) s]: the rows in between, whose stencil is inside */
static void ApplyX(const HGDifference *d, const double *in, ptrdiff_t s, double *restrict out)
{
  for (PetscInt j = -d->inner; j <= d->inner; j++) {
    const double *restrict w = d->w + (j + d->reach) * d->n;

    if (s == 1)
      for (PetscInt x = d->lo; x < d->hi; x++) out[x] += w[x] * in[x + j];
    else
      for (PetscInt x = d->lo; x < d->hi; x++) out[x] += w[x] * in[(x + j) * s];
  }
}

/* The rows beside a boundary, from <= x < to: weights are zero where there are no points */
static void ApplyEndX(const HGDifference *d, PetscInt from, PetscInt to, const double *in, ptrdiff_t s, const double gamma[], double *out)
{
  for (PetscInt x = from; x < to; x++) {
    out[x] += gamma[0] * d->gamma[x] + gamma[1] * d->gamma[d->n + x];
    for (PetscInt j = -d->reach; j <= d->reach; j++) {
      const double w = d->w[(j + d->reach) * d->n + x];

      if (w != 0) out[x] += w * in[(x + j) * s];
    }
  }
}

/*
  HGDifferenceApply - out = or += derivative of in along an axis, with the boundary values gamma

  Not Collective

  Input Parameters:
+ d     - the derivative
. axis  - 0, 1, 2 for z, y, x
. b     - the block of this rank
. in    - first owned point of an unknown in the local array with ghost points
. gamma - of the low and the high side
- add   - whether out is added to

  Output Parameter:
. out - [z][y][x] of the owned points
*/
void HGDifferenceApply(const HGDifference *d, int axis, const HGBlock *b, const double *in, const double gamma[], PetscBool add,
                       double *out)
{
  const PetscInt *n = b->n;

#pragma omp parallel for schedule(static) if (n[0] * n[1] * n[2] > 8192)
  for (PetscInt r = 0; r < n[0] * n[1]; r++) {
    const PetscInt at[2] = {r / n[1], r % n[1]};
    const double  *p     = in + at[0] * b->stride[0] + at[1] * b->stride[1];
    double *restrict o   = out + r * n[2];

    if (!add) memset(o, 0, (size_t)n[2] * sizeof(*o));
    if (axis == 2) {
      ApplyEndX(d, 0, d->lo, p, b->stride[2], gamma, o);
      ApplyX(d, p, b->stride[2], o);
      ApplyEndX(d, d->hi, n[2], p, b->stride[2], gamma, o);
    } else {
      const PetscInt i = at[axis];
      const double   g = gamma[0] * d->gamma[i] + gamma[1] * d->gamma[d->n + i];

      for (PetscInt j = -d->reach; j <= d->reach; j++) {
        const double        w = d->w[(j + d->reach) * d->n + i];
        const double *const q = p + j * b->stride[axis];

        if (w == 0) continue;
        if (b->stride[2] == 1)
          for (PetscInt x = 0; x < n[2]; x++) o[x] += w * q[x];
        else
          for (PetscInt x = 0; x < n[2]; x++) o[x] += w * q[x * b->stride[2]];
      }
      if (g != 0)
        for (PetscInt x = 0; x < n[2]; x++) o[x] += g;
    }
  }
}

static void AdjointX(const HGDifference *d, const double *restrict in, double *restrict out, ptrdiff_t s)
{
  for (PetscInt j = -d->inner; j <= d->inner; j++) {
    const double *restrict w = d->w + (j + d->reach) * d->n;

    if (s == 1)
      for (PetscInt x = d->lo; x < d->hi; x++) out[x + j] += w[x] * in[x];
    else
      for (PetscInt x = d->lo; x < d->hi; x++) out[(x + j) * s] += w[x] * in[x];
  }
}

static void AdjointEndX(const HGDifference *d, PetscInt from, PetscInt to, const double *in, double *out, ptrdiff_t s)
{
  for (PetscInt x = from; x < to; x++) {
    for (PetscInt j = -d->reach; j <= d->reach; j++) {
      const double w = d->w[(j + d->reach) * d->n + x];

      if (w != 0) out[(x + j) * s] += w * in[x];
    }
  }
}

/*
  HGDifferenceApplyAdjoint - out += transposed derivative of in; ghost points of out get what belongs to other ranks

  Not Collective

  Input Parameters:
+ d    - the derivative
. axis - 0, 1, 2 for z, y, x
. b    - the block of this rank
- in   - [z][y][x] of the owned points

  Output Parameter:
. out - first owned point of an unknown in the local array with ghost points, added to
*/
void HGDifferenceApplyAdjoint(const HGDifference *d, int axis, const HGBlock *b, const double *in, double *out)
{
  const PetscInt *n      = b->n;
  const PetscInt  ext[2] = {axis == 0 ? d->reach : 0, axis == 1 ? d->reach : 0}; /* rows of out beyond the owned ones */
  const PetscInt  m[2]   = {n[0] + 2 * ext[0], n[1] + 2 * ext[1]};

#pragma omp parallel for schedule(static) if (n[0] * n[1] * n[2] > 8192)
  for (PetscInt r = 0; r < m[0] * m[1]; r++) {
    const PetscInt at[2] = {r / m[1] - ext[0], r % m[1] - ext[1]};
    double        *o     = out + at[0] * b->stride[0] + at[1] * b->stride[1];

    if (axis == 2) {
      const double *p = in + (at[0] * n[1] + at[1]) * n[2];

      AdjointEndX(d, 0, d->lo, p, o, b->stride[2]);
      AdjointX(d, p, o, b->stride[2]);
      AdjointEndX(d, d->hi, n[2], p, o, b->stride[2]);
      continue;
    }
    for (PetscInt j = -d->reach; j <= d->reach; j++) {
      const PetscInt from[2] = {at[0] - (axis == 0 ? j : 0), at[1] - (axis == 1 ? j : 0)};

      if (from[axis] < 0 || from[axis] >= n[axis]) continue;
      const double w           = d->w[(j + d->reach) * d->n + from[axis]];
      const double *restrict p = in + (from[0] * n[1] + from[1]) * n[2];

      if (w == 0) continue;
      if (b->stride[2] == 1)
        for (PetscInt x = 0; x < n[2]; x++) o[x] += w * p[x];
      else
        for (PetscInt x = 0; x < n[2]; x++) o[x * b->stride[2]] += w * p[x];
    }
  }
}
