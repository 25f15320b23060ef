/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The transposed Jacobian of a residual on a DMDA times a vector, by finite differences, without a matrix.

   Row p of the Jacobian depends on the columns of p's stencil. Columns are perturbed together where no row depends on two of them: the points
   of one colour. With d = F(u + h e_c) - F(u) for colour c, column q of that colour is (J'w)_q = sum of w_p d_p / h_q over the rows p whose
   stencil has q (A. R. Curtis, M. J. D. Powell, J. K. Reid, IMA J. Appl. Math. 13 (1974) 117).

   A colour is a function of the point alone, known on all ranks: either a product of a colouring of each axis, or (a . x) mod m with the least m
   that serves, such as x + 2 y mod 5 for the star of width one. Both hold around periodic axes of any length, also where a stencil meets itself.
*/
#include "physics/user/user_impl.h"

#define MOST_COLORS 64 /* of a colouring (a . x) mod m that is searched for */

/* Colours of one axis: distinct within a window of 2 width + 1 points */
typedef struct {
  PetscInt  size, width;
  PetscBool periodic;
  PetscInt  length, longer; /* segments of this length, the first `longer` of them of one more; a position in a segment is a colour */
  PetscInt  colors;
} Axis;

struct _n_HGColoring {
  DM         da; /* as the user's; ghost points of our own */
  PetscInt   dim, dof;
  PetscBool  star;
  Axis       axis[3]; /* z, y, x */
  PetscInt   modulus; /* of (a . x) mod m; 0 for a product of the axes' colours */
  PetscInt   multiplier[3];
  PetscInt   colors;                      /* of points; each is perturbed dof times */
  PetscInt   n, *offset;                  /* [n][3] z, y, x: points of a stencil, each once */
  PetscInt  *first, *point;               /* [colors + 1], [first[colors]] ghosted points by colour */
  PetscReal  error;                       /* square root of the relative error of the residual */
  Vec        base, shifted, value, local; /* F(u), u + h e_c, F(u + h e_c), J'w with ghost points */
  PetscReal *step;                        /* [owned][dof] h */
};

/* ---- colours ---- */

static void SetAxis(Axis *a, PetscInt size, PetscInt width, PetscBool periodic)
{
  const PetscInt window = 2 * width + 1, segments = PetscMax(1, size / window);

  *a = (Axis){.size = size, .width = width, .periodic = periodic, .length = window};
  if (periodic) {
    a->length = size / segments;
    a->longer = size % segments;
  }
  a->colors = PetscMin(size, a->length + (a->longer > 0 ? 1 : 0));
}

static PetscInt AxisColor(const Axis *a, PetscInt i)
{
  const PetscInt end = a->longer * (a->length + 1);

  return i < end ? i % (a->length + 1) : (i - end) % a->length;
}

/* Colour of a point; -1 beyond the boundary */
static PetscInt Color(const struct _n_HGColoring *c, const PetscInt at[3])
{
  PetscInt color = 0, sum = 0;

  for (int a = 0; a < 3; a++) {
    const Axis *x = &c->axis[a];
    PetscInt    i = at[a];

    if (x->periodic) i = ((i % x->size) + x->size) % x->size;
    if (i < 0 || i >= x->size) return -1;
    color = color * x->colors + AxisColor(x, i);
    if (c->modulus) sum = (PetscInt)((sum + (PetscInt64)c->multiplier[a] * i) % c->modulus);
  }
  return c->modulus ? sum : color;
}

/* Whether two different points of the grid can be a step v apart */
static PetscBool Exists(const struct _n_HGColoring *c, const PetscInt v[3])
{
  PetscBool moves = PETSC_FALSE;

  for (int a = 0; a < 3; a++) {
    const Axis *x = &c->axis[a];

    if (!x->periodic && PetscAbsInt(v[a]) >= x->size) return PETSC_FALSE;
    if (x->periodic ? v[a] % x->size != 0 : v[a] != 0) moves = PETSC_TRUE;
  }
  return moves;
}

/* Whether (a . x) mod m tells apart all columns of a row */
static PetscBool Separates(const struct _n_HGColoring *c, PetscInt m, const PetscInt a[3])
{
  for (PetscInt i = 0; i < c->n; i++) {
    for (PetscInt j = 0; j < i; j++) {
      const PetscInt *p = c->offset + 3 * i, *q = c->offset + 3 * j, v[3] = {p[0] - q[0], p[1] - q[1], p[2] - q[2]};

      if ((a[0] * v[0] + a[1] * v[1] + a[2] * v[2]) % m == 0 && Exists(c, v)) return PETSC_FALSE;
    }
  }
  return PETSC_TRUE;
}

/* Multipliers that serve modulo m; around a periodic axis they must come back to the same colour */
static PetscBool FindMultipliers(struct _n_HGColoring *c, PetscInt m)
{
  PetscInt most[3], a[3];

  for (int i = 0; i < 3; i++) most[i] = c->axis[i].size > 1 ? m : 1;
  for (a[0] = 0; a[0] < most[0]; a[0]++)
    for (a[1] = 0; a[1] < most[1]; a[1]++)
      for (a[2] = 0; a[2] < most[2]; a[2]++) {
        PetscBool closes = PETSC_TRUE;

        for (int i = 0; i < 3; i++)
          if (c->axis[i].periodic && (PetscInt64)a[i] * c->axis[i].size % m != 0) closes = PETSC_FALSE;
        if (!closes || !Separates(c, m, a)) continue;
        for (int i = 0; i < 3; i++) c->multiplier[i] = a[i];
        return PETSC_TRUE;
      }
  return PETSC_FALSE;
}

static void ChooseColors(struct _n_HGColoring *c)
{
  c->colors = c->axis[0].colors * c->axis[1].colors * c->axis[2].colors;
  for (PetscInt m = c->n; m < PetscMin(c->colors, MOST_COLORS + 1); m++) {
    if (!FindMultipliers(c, m)) continue;
    c->modulus = c->colors = m;
    return;
  }
}

/* ---- set-up ---- */

/* Steps along an axis that lead to different points: around a periodic one that is shorter than the stencil some lead to the same */
static PetscInt AxisOffsets(const Axis *a, PetscInt step[])
{
  PetscInt n = 0;

  for (PetscInt k = 0; k <= 2 * a->width; k++) {
    const PetscInt d    = k % 2 ? (k + 1) / 2 : -k / 2; /* 0, 1, -1, 2, ... */
    PetscBool      seen = PETSC_FALSE;

    for (PetscInt i = 0; i < n && a->periodic; i++)
      if ((d - step[i]) % a->size == 0) seen = PETSC_TRUE;
    if (!seen) step[n++] = d;
  }
  return n;
}

static PetscErrorCode SetUpOffsets(struct _n_HGColoring *c)
{
  PetscInt *step[3], n[3];

  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) {
    PetscCall(PetscMalloc1(2 * c->axis[a].width + 1, &step[a]));
    n[a] = AxisOffsets(&c->axis[a], step[a]);
  }
  PetscCall(PetscMalloc1(3 * n[0] * n[1] * n[2], &c->offset));
  for (PetscInt z = 0; z < n[0]; z++)
    for (PetscInt y = 0; y < n[1]; y++)
      for (PetscInt x = 0; x < n[2]; x++) {
        const PetscInt o[3] = {step[0][z], step[1][y], step[2][x]};

        if (c->star && (o[0] != 0) + (o[1] != 0) + (o[2] != 0) > 1) continue;
        PetscCall(PetscArraycpy(c->offset + 3 * c->n++, o, 3));
      }
  for (int a = 0; a < 3; a++) PetscCall(PetscFree(step[a]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ghosted points sorted by colour; without the corners that a star has no use for nothing would change */
static PetscErrorCode SetUpPoints(struct _n_HGColoring *c)
{
  PetscInt s[3], n[3], i, *next;

  PetscFunctionBegin;
  PetscCall(DMDAGetGhostCorners(c->da, &s[2], &s[1], &s[0], &n[2], &n[1], &n[0]));
  PetscCall(PetscCalloc1(c->colors + 2, &next));
  PetscCall(PetscMalloc2(c->colors + 1, &c->first, n[0] * n[1] * n[2], &c->point));
  for (int pass = 0; pass < 2; pass++) {
    i = 0;
    for (PetscInt z = s[0]; z < s[0] + n[0]; z++)
      for (PetscInt y = s[1]; y < s[1] + n[1]; y++)
        for (PetscInt x = s[2]; x < s[2] + n[2]; x++, i++) {
          const PetscInt color = Color(c, (const PetscInt[3]){z, y, x});

          if (color < 0) continue;
          if (pass) c->point[next[color]++] = i;
          else next[color + 2]++;
        }
    if (pass) break;
    for (PetscInt k = 0; k <= c->colors; k++) next[k + 1] += next[k]; /* how many have a smaller colour */
    for (PetscInt k = 0; k <= c->colors; k++) c->first[k] = next[k + 1];
    for (PetscInt k = 0; k < c->colors; k++) next[k] = c->first[k];
  }
  PetscCall(PetscFree(next));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGColoringCreate - Colour the columns of a Jacobian whose rows depend on the stencil of a DMDA

  Collective

  Errors:
  A twisted boundary
*/
PetscErrorCode HGColoringCreate(DM da, HGColoring *coloring)
{
  HGColoring      c;
  PetscInt        M[3], width, n[3];
  DMBoundaryType  b[3];
  DMDAStencilType stencil;

  PetscFunctionBegin;
  PetscCall(PetscNew(&c));
  *coloring = c;
  c->error  = PETSC_SQRT_MACHINE_EPSILON;
  PetscCall(DMDAGetInfo(da, &c->dim, &M[2], &M[1], &M[0], NULL, NULL, NULL, &c->dof, &width, &b[2], &b[1], &b[0], &stencil));
  c->star = stencil == DMDA_STENCIL_STAR ? PETSC_TRUE : PETSC_FALSE;
  for (int a = 0; a < 3; a++) {
    const PetscBool has = a >= 3 - (int)c->dim ? PETSC_TRUE : PETSC_FALSE;

    HGCheck(!has || b[a] != DM_BOUNDARY_TWIST, PetscObjectComm((PetscObject)da),
            "coloured differences know no DMDA with a twisted boundary; give HGPhysicsSetJacobianTranspose()");
    SetAxis(&c->axis[a], has ? M[a] : 1, has ? width : 0, has && b[a] == DM_BOUNDARY_PERIODIC ? PETSC_TRUE : PETSC_FALSE);
  }
  PetscCall(DMDACreateCompatibleDMDA(da, c->dof, &c->da));
  PetscCall(SetUpOffsets(c));
  ChooseColors(c);
  PetscCall(SetUpPoints(c));
  PetscCall(DMDAGetCorners(c->da, NULL, NULL, NULL, &n[2], &n[1], &n[0]));
  PetscCall(PetscMalloc1(n[0] * n[1] * n[2] * c->dof, &c->step));
  PetscCall(DMCreateLocalVector(c->da, &c->local));
  PetscCall(DMCreateGlobalVector(da, &c->base));
  PetscCall(VecDuplicate(c->base, &c->shifted));
  PetscCall(VecDuplicate(c->base, &c->value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGColoringSetError - Set the square root of the relative error of the residual, by which steps are chosen
*/
PetscErrorCode HGColoringSetError(HGColoring c, PetscReal error)
{
  PetscFunctionBegin;
  c->error = error;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGColoringGetCount - Get how many residuals with a perturbed state a product takes; it takes one more without
*/
PetscErrorCode HGColoringGetCount(HGColoring c, PetscInt *count)
{
  PetscFunctionBegin;
  *count = c->colors * c->dof;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGColoringDestroy(HGColoring *coloring)
{
  HGColoring c = *coloring;

  PetscFunctionBegin;
  if (!c) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(c->offset));
  PetscCall(PetscFree2(c->first, c->point));
  PetscCall(PetscFree(c->step));
  PetscCall(VecDestroy(&c->base));
  PetscCall(VecDestroy(&c->shifted));
  PetscCall(VecDestroy(&c->value));
  PetscCall(VecDestroy(&c->local));
  PetscCall(DMDestroy(&c->da));
  PetscCall(PetscFree(*coloring));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- use ---- */

/* Steps away from zero, relative to the value and to the root of the mean square of the unknown: zeros within a field have a size too */
static PetscErrorCode SetSteps(HGColoring c, Vec u)
{
  const PetscScalar *x;
  PetscInt           n, all;

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(u, &n));
  PetscCall(VecGetSize(u, &all));
  PetscCall(VecGetArrayRead(u, &x));
  for (PetscInt k = 0; k < c->dof; k++) {
    PetscReal sum = 0, size;

    for (PetscInt i = k; i < n; i += c->dof) sum += PetscRealPart(x[i]) * PetscRealPart(x[i]);
    PetscCall(MPIU_Allreduce(MPI_IN_PLACE, &sum, 1, MPIU_REAL, MPIU_SUM, PetscObjectComm((PetscObject)u)));
    size = PetscSqrtReal(sum / (PetscReal)(all / c->dof));
    if (!(size > 0)) size = 1;
    for (PetscInt i = k; i < n; i += c->dof) {
      const PetscReal          v = PetscRealPart(x[i]), h = c->error * PetscMax(PetscAbsReal(v), size);
      const volatile PetscReal to = v < 0 ? v - h : v + h; /* the step that is taken in floating-point numbers */

      c->step[i] = to - v;
    }
  }
  PetscCall(VecRestoreArrayRead(u, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where a ghosted point is: [z, y, x] from the first owned point */
static void Locate(PetscInt point, const PetscInt ghosts[3], const PetscInt size[3], PetscInt at[3])
{
  at[2] = point % size[2] - ghosts[2];
  at[1] = point / size[2] % size[1] - ghosts[1];
  at[0] = point / size[2] / size[1] - ghosts[0];
}

static PetscBool IsOwned(const PetscInt at[3], const PetscInt n[3])
{
  return at[0] >= 0 && at[0] < n[0] && at[1] >= 0 && at[1] < n[1] && at[2] >= 0 && at[2] < n[2] ? PETSC_TRUE : PETSC_FALSE;
}

/* This rank's points: n owned, m with ghosts, `ghosts` of them before the first owned */
static PetscErrorCode GetBox(HGColoring c, PetscInt n[3], PetscInt m[3], PetscInt ghosts[3])
{
  PetscInt s[3], g[3];

  PetscFunctionBegin;
  PetscCall(DMDAGetCorners(c->da, &s[2], &s[1], &s[0], &n[2], &n[1], &n[0]));
  PetscCall(DMDAGetGhostCorners(c->da, &g[2], &g[1], &g[0], &m[2], &m[1], &m[0]));
  for (int a = 0; a < 3; a++) ghosts[a] = s[a] - g[a];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* u + h e_c of unknown k */
static PetscErrorCode Shift(HGColoring c, PetscInt color, PetscInt k, Vec u)
{
  PetscInt     n[3], m[3], ghosts[3], at[3];
  PetscScalar *x;

  PetscFunctionBegin;
  PetscCall(GetBox(c, n, m, ghosts));
  PetscCall(VecCopy(u, c->shifted));
  PetscCall(VecGetArray(c->shifted, &x));
  for (PetscInt j = c->first[color]; j < c->first[color + 1]; j++) {
    Locate(c->point[j], ghosts, m, at);
    if (IsOwned(at, n)) {
      const PetscInt i = ((at[0] * n[1] + at[1]) * n[2] + at[2]) * c->dof + k;

      x[i] += c->step[i];
    }
  }
  PetscCall(VecRestoreArray(c->shifted, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What this rank's rows give to the columns of a colour: sum of w_p (F(u + h e_c) - F(u))_p */
static PetscErrorCode Gather(HGColoring c, PetscInt color, PetscInt k, const PetscScalar *w, PetscScalar *g)
{
  const PetscScalar *f, *f0;
  PetscInt           n[3], m[3], ghosts[3], q[3];

  PetscFunctionBegin;
  PetscCall(GetBox(c, n, m, ghosts));
  PetscCall(VecGetArrayRead(c->base, &f0));
  PetscCall(VecGetArrayRead(c->value, &f));
  for (PetscInt j = c->first[color]; j < c->first[color + 1]; j++) {
    PetscScalar sum = 0;

    Locate(c->point[j], ghosts, m, q);
    for (PetscInt o = 0; o < c->n; o++) {
      const PetscInt p[3] = {q[0] - c->offset[3 * o], q[1] - c->offset[3 * o + 1], q[2] - c->offset[3 * o + 2]};

      if (!IsOwned(p, n)) continue;
      for (PetscInt i = ((p[0] * n[1] + p[1]) * n[2] + p[2]) * c->dof, end = i + c->dof; i < end; i++) sum += w[i] * (f[i] - f0[i]);
    }
    g[c->point[j] * c->dof + k] += sum;
  }
  PetscCall(VecRestoreArrayRead(c->value, &f));
  PetscCall(VecRestoreArrayRead(c->base, &f0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The parts of all ranks, divided by the steps */
static PetscErrorCode Sum(HGColoring c, Vec g)
{
  PetscScalar *x;
  PetscInt     n;

  PetscFunctionBegin;
  PetscCall(VecSet(g, 0));
  PetscCall(DMLocalToGlobal(c->da, c->local, ADD_VALUES, g));
  PetscCall(VecGetLocalSize(g, &n));
  PetscCall(VecGetArray(g, &x));
  for (PetscInt i = 0; i < n; i++) x[i] /= c->step[i];
  PetscCall(VecRestoreArray(g, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGColoringApplyTranspose - g = J(u)' w by differences of a residual

  Collective

  Input Parameters:
+ c        - the colouring
. p        - the equation
. residual - its residual F(u)
. u        - where
- w        - the vector

  Output Parameter:
. g - the product
*/
PetscErrorCode HGColoringApplyTranspose(HGColoring c, HGPhysics p, PetscErrorCode (*residual)(HGPhysics, Vec, Vec), Vec u, Vec w, Vec g)
{
  const PetscScalar *weight;
  PetscScalar       *local;

  PetscFunctionBegin;
  PetscCall(PetscLogEventBegin(HG_PHYSICS_Jacobian, p, u, w, g));
  PetscCall(SetSteps(c, u));
  PetscCall((*residual)(p, u, c->base));
  PetscCall(VecSet(c->local, 0));
  PetscCall(VecGetArrayRead(w, &weight));
  for (PetscInt color = 0; color < c->colors; color++) {
    for (PetscInt k = 0; k < c->dof; k++) {
      PetscCall(Shift(c, color, k, u));
      PetscCall((*residual)(p, c->shifted, c->value));
      PetscCall(VecGetArray(c->local, &local));
      PetscCall(Gather(c, color, k, weight, local));
      PetscCall(VecRestoreArray(c->local, &local));
    }
  }
  PetscCall(VecRestoreArrayRead(w, &weight));
  PetscCall(Sum(c, g));
  PetscCall(PetscLogEventEnd(HG_PHYSICS_Jacobian, p, u, w, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}
