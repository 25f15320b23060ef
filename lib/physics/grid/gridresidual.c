/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Residual, adjoint and Jacobian of a built-in equation M du/dt = R(u) on a grid, R a pointwise function of the unknowns and their derivatives
   (equations.c). One step of the theta method from the state a to u = u(t + dt) has the residual

     F(u; a) = M (u - a) / dt - theta R(u) - (1 - theta) R(a)

   theta = 1 is backward Euler, 1/2 Crank-Nicolson; rows without a time derivative have F = -R(u). A steady equation has F = -R(u) - f. With
   D_v the difference operators that make the variables v of R, the transposed Jacobian is J' w = M w / dt - theta sum_v D_v' (dR/dv)' w.
*/
#include "physics/grid/grid_impl.h"
#include "sys/hgsimd.h"

#define CHUNK    512  /* points that a thread works on at a time */
#define THREADED 8192 /* fewer points are not worth a second thread */

/* Some points of a row */
typedef struct {
  PetscInt at[2], x, n; /* the row in z and y, its first point, how many */
  PetscInt from;        /* the first one's number among all */
} Piece;

/* Rows of n points in pieces */
static PetscInt PieceCount(PetscInt rows, PetscInt n)
{
  return rows * ((n + CHUNK - 1) / CHUNK);
}

static Piece GetPiece(const PetscInt n[3], PetscInt i)
{
  const PetscInt each = (n[2] + CHUNK - 1) / CHUNK, row = i / each, x = i % each * CHUNK;

  return (Piece){.at = {row / n[1], row % n[1]}, .x = x, .n = PetscMin(CHUNK, n[2] - x), .from = row * n[2] + x};
}

/*
  HGGridTerms - What R depends on in the dimensions of the grid
*/
PetscInt HGGridTerms(HGPhysics p, const HGEquationTerm **t)
{
  const HGEquation *def = ((HGGridEquation *)p->data)->def;

  *t = def->terms[p->dim - 1];
  return def->nterms[p->dim - 1];
}

/* ---- the variables of R ---- */

static void GetGamma(HGPhysics p, int axis, PetscInt unknown, double gamma[])
{
  for (int s = 0; s < 2; s++) gamma[s] = p->homogeneous[unknown] ? 0 : p->axis[axis].side[s].gamma;
}

/* out += variable var of an unknown at some points, from its plane */
static void AddDerivative(HGPhysics p, PetscInt unknown, HGVariable var, const double *plane, const Piece *c, double *out)
{
  const HGGridEquation *e      = (HGGridEquation *)p->data;
  const int             second = var == HG_LAPLACIAN ? 1 : 0;

  for (int a = 3 - (int)p->dim; a < 3; a++) {
    double gamma[2];

    if (!second && a != 2 - ((int)var - HG_DX)) continue;
    GetGamma(p, a, unknown, gamma);
    HGDifferenceAdd(&e->d[second][a], a, &e->planar, c->at, c->x, c->n, plane, gamma, out);
  }
}

/* out = variable var of an unknown at all points, by Fourier derivatives of its values */
static PetscErrorCode SpectralVariable(HGPhysics p, HGVariable var, const double *value, double *out)
{
  const HGGridEquation *e      = (HGGridEquation *)p->data;
  const int             second = var == HG_LAPLACIAN ? 1 : 0;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(out, e->block.n[0] * e->block.n[1] * e->block.n[2]));
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    if (!second && a != 2 - ((int)var - HG_DX)) continue;
    PetscCall(HGSpectralAdd(e->fft[a], 1 + second, 1, value, out));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* out[k][i] = in[i][k]: the unknowns one after the other */
HG_CLONES static void Deinterleave(PetscInt dof, PetscInt n, const PetscScalar *restrict in, double *const out[])
{
  if (dof == 2) {
    double *restrict a = out[0], *restrict b = out[1];

    for (PetscInt i = 0; i < n; i++) {
      a[i] = in[2 * i];
      b[i] = in[2 * i + 1];
    }
  } else
    for (PetscInt k = 0; k < dof; k++)
      for (PetscInt i = 0; i < n; i++) out[k][i] = in[i * dof + k];
}

/* out[i][k] = in[k][i] */
HG_CLONES static void Collect(PetscInt dof, PetscInt n, double *const in[], PetscScalar *restrict out)
{
  if (dof == 2) {
    const double *restrict a = in[0], *restrict b = in[1];

    for (PetscInt i = 0; i < n; i++) {
      out[2 * i]     = a[i];
      out[2 * i + 1] = b[i];
    }
  } else
    for (PetscInt k = 0; k < dof; k++)
      for (PetscInt i = 0; i < n; i++) out[i * dof + k] = in[k][i];
}

static void DeinterleaveAll(PetscInt dof, PetscInt n, const PetscScalar *in, double *const out[])
{
#pragma omp parallel for schedule(static) if (n > THREADED)
  for (PetscInt from = 0; from < n; from += CHUNK) {
    double *to[HG_MAX_UNKNOWNS];

    for (PetscInt k = 0; k < dof; k++) to[k] = out[k] + from;
    Deinterleave(dof, PetscMin(CHUNK, n - from), in + from * dof, to);
  }
}

static PetscErrorCode SetStateSpectral(HGPhysics p, Vec u)
{
  HGGridEquation    *e = (HGGridEquation *)p->data;
  double            *value[HG_MAX_UNKNOWNS];
  const PetscScalar *in;

  PetscFunctionBegin;
  for (PetscInt k = 0; k < p->unknowns; k++) value[k] = e->v[k][HG_VALUE];
  PetscCall(VecGetArrayRead(u, &in));
  DeinterleaveAll(p->unknowns, e->block.n[0] * e->block.n[1] * e->block.n[2], in, value);
  PetscCall(VecRestoreArrayRead(u, &in));
  for (PetscInt k = 0; k < p->unknowns; k++)
    for (int var = HG_DX; var < HG_VARIABLES; var++)
      if (e->v[k][var]) PetscCall(SpectralVariable(p, (HGVariable)var, value[k], e->v[k][var]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetStateFinite(HGPhysics p, Vec u)
{
  HGGridEquation    *e = (HGGridEquation *)p->data;
  double            *plane[HG_MAX_UNKNOWNS];
  const Vec          from = e->no_ghosts && p->unknowns > 1 ? u : e->local;
  const PetscScalar *in;

  PetscFunctionBegin;
  if (from != u) PetscCall(DMGlobalToLocal(e->dm, u, INSERT_VALUES, e->local));
  if (p->unknowns == 1) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt k = 0; k < p->unknowns; k++) plane[k] = e->planes + k * e->points;
  PetscCall(VecGetArrayRead(from, &in));
  DeinterleaveAll(p->unknowns, e->points, in, plane);
  PetscCall(VecRestoreArrayRead(from, &in));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGGridSetState - Make ready what the variables of R are computed from for a state, unless it is

  Collective
*/
PetscErrorCode HGGridSetState(HGPhysics p, Vec u)
{
  HGGridEquation  *e = (HGGridEquation *)p->data;
  PetscObjectId    id;
  PetscObjectState state;

  PetscFunctionBegin;
  PetscCall(PetscObjectGetId((PetscObject)u, &id));
  PetscCall(PetscObjectStateGet((PetscObject)u, &state));
  if (id == e->id && state == e->state) PetscFunctionReturn(PETSC_SUCCESS);
  if (e->spectral) PetscCall(SetStateSpectral(p, u));
  else PetscCall(SetStateFinite(p, u));
  e->id    = id;
  e->state = state;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first owned point of each unknown with ghost points; local is the array of e->local */
static void GetPlanes(HGPhysics p, const PetscScalar *local, const double *plane[])
{
  const HGGridEquation *e = (HGGridEquation *)p->data;

  for (PetscInt k = 0; k < p->unknowns; k++) plane[k] = (p->unknowns == 1 ? local : e->planes + k * e->points) + e->planar.first;
}

typedef double Buffer[HG_MAX_UNKNOWNS][HG_VARIABLES][CHUNK];

/* v[unknown][var] of the state at some points, in the buffer unless they are in memory already; NULL where R does not depend on it. Laplacians, in which R
   is linear, are not needed for derivatives of R. */
static void GetVariables(HGPhysics p, const double *const plane[], const Piece *c, PetscBool laplacian, Buffer buffer,
                         double *v[][HG_VARIABLES])
{
  const HGGridEquation *e = (HGGridEquation *)p->data;

  for (PetscInt k = 0; k < p->unknowns; k++) {
    for (int var = 0; var < HG_VARIABLES; var++) {
      v[k][var] = e->spectral && e->v[k][var] ? e->v[k][var] + c->from : NULL;
      if (e->spectral || !e->v[k][var] || (var == HG_LAPLACIAN && !laplacian)) continue;
      if (var == HG_VALUE) v[k][var] = (double *)plane[k] + c->at[0] * e->planar.stride[0] + c->at[1] * e->planar.stride[1] + c->x;
      else {
        v[k][var] = buffer[k][var];
        memset(v[k][var], 0, (size_t)c->n * sizeof(double));
        AddDerivative(p, k, (HGVariable)var, plane[k], c, v[k][var]);
      }
    }
  }
}

/* The rows of a piece of points in n arrays over all points */
static double **At(PetscInt n, double *const all[], const Piece *c, double *rows[])
{
  for (PetscInt k = 0; all && k < n; k++) rows[k] = all[k] + c->from;
  return all ? rows : NULL;
}

/* Pointwise() at a piece of the points */
static void PointwisePiece(HGPhysics p, const double *const plane[], const Piece *c, double *const r[], double *const P[], int q)
{
  const HGGridEquation *e = (HGGridEquation *)p->data;
  const HGEquationTerm *t;
  Buffer                buffer;
  double               *v[HG_MAX_UNKNOWNS][HG_VARIABLES], *rows[HG_MAX_UNKNOWNS], *terms[HG_EQUATION_TERMS];

  GetVariables(p, plane, c, r ? PETSC_TRUE : PETSC_FALSE, buffer, v);
  if (q < 0) (*e->def->point)(e->parameter, (int)p->dim, c->n, v, At(p->unknowns, r, c, rows), At(HGGridTerms(p, &t), P, c, terms));
  else (*e->def->byparameter)(e->parameter, (int)p->dim, q, c->n, v, At(p->unknowns, r, c, rows));
}

/* R and its derivatives at all points of the state, by threads; either may be NULL; q < 0, or the parameter that R is differentiated by */
static PetscErrorCode Pointwise(HGPhysics p, double *const r[], double *const P[], int q)
{
  const HGGridEquation *e = (HGGridEquation *)p->data;
  const PetscInt       *n = e->block.n, pieces = PieceCount(n[0] * n[1], n[2]);
  const double         *plane[HG_MAX_UNKNOWNS];
  const PetscScalar    *local;

  PetscFunctionBegin;
  PetscCall(VecGetArrayRead(e->local, &local));
  GetPlanes(p, local, plane);
#pragma omp parallel for schedule(static) if (n[0] * n[1] * n[2] > THREADED)
  for (PetscInt i = 0; i < pieces; i++) {
    const Piece c = GetPiece(n, i);

    PointwisePiece(p, plane, &c, r, P, q);
  }
  PetscCall(VecRestoreArrayRead(e->local, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The factors of M and R in a row of F */
static PetscReal Mass(const HGGridEquation *e, PetscInt row)
{
  return HGEquationIsSteady(e->def) || e->def->algebraic[row] ? 0 : 1 / e->dt;
}

static PetscReal Implicit(const HGGridEquation *e, PetscInt row)
{
  return HGEquationIsSteady(e->def) || e->def->algebraic[row] ? 1 : e->theta;
}

/* Of R(u), or, if `old`, of R(a) */
static PetscReal Factor(const HGGridEquation *e, PetscInt row, PetscBool old)
{
  if (!old) return Implicit(e, row);
  return HGEquationIsSteady(e->def) || e->def->algebraic[row] ? 0 : 1 - e->theta;
}

/* ---- residual and adjoint ---- */

/*
  HGGridRate - R(u)

  Collective
*/
PetscErrorCode HGGridRate(HGPhysics p, Vec u, Vec rate)
{
  HGGridEquation *e      = (HGGridEquation *)p->data;
  const PetscInt  points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns;
  PetscScalar    *f;

  PetscFunctionBegin;
  PetscCall(HGGridSetState(p, u));
  PetscCall(Pointwise(p, e->r, NULL, -1));
  PetscCall(VecGetArrayWrite(rate, &f));
  for (PetscInt k = 0; k < dof; k++)
    for (PetscInt i = 0; i < points; i++) f[i * dof + k] = e->r[k][i];
  PetscCall(VecRestoreArrayWrite(rate, &f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* b += (1 - theta) R(a) in rows with a time derivative */
static PetscErrorCode AddExplicit(HGPhysics p, HGGridEquation *e)
{
  const PetscInt     dof = p->unknowns;
  const PetscScalar *rate;
  PetscScalar       *b;
  PetscInt           n;

  PetscFunctionBegin;
  PetscCall(HGGridRate(p, e->a, e->work));
  PetscCall(VecGetLocalSize(e->b, &n));
  PetscCall(VecGetArrayRead(e->work, &rate));
  PetscCall(VecGetArray(e->b, &b));
  for (PetscInt k = 0; k < dof; k++)
    for (PetscInt i = k; i < n && !e->def->algebraic[k]; i += dof) b[i] += (1 - e->theta) * rate[i];
  PetscCall(VecRestoreArray(e->b, &b));
  PetscCall(VecRestoreArrayRead(e->work, &rate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* b, which F subtracts: f, or M a / dt + (1 - theta) R(a) */
PetscErrorCode HGGridSetInput(HGPhysics p, PetscInt sample, Vec a)
{
  MPI_Comm           comm = PetscObjectComm((PetscObject)p);
  HGGridEquation    *e    = (HGGridEquation *)p->data;
  const PetscInt     dof  = p->unknowns;
  double             mass[HG_MAX_UNKNOWNS];
  PetscInt           na, nb;
  const PetscScalar *in;
  PetscScalar       *copy, *b;

  PetscFunctionBegin;
  for (PetscInt k = 0; k < dof; k++) mass[k] = HGEquationIsSteady(e->def) ? 1 : Mass(e, k);
  HGCheck(a, comm, "the equation %s needs the %s of sample %" PetscInt_FMT " as its input", e->def->name, e->def->input, sample);
  PetscCall(VecGetSize(a, &na));
  PetscCall(VecGetSize(e->b, &nb));
  HGCheck(na == nb, comm, "the input of sample %" PetscInt_FMT " has %g channels; the equation %s takes %" PetscInt_FMT ": %s", sample,
          (double)na / (double)nb * (double)dof, e->def->name, p->inputs, e->def->input);
  PetscCall(VecGetArrayRead(a, &in));
  PetscCall(VecGetArrayWrite(e->a, &copy));
  PetscCall(VecGetArrayWrite(e->b, &b));
  nb = e->block.n[0] * e->block.n[1] * e->block.n[2];
#pragma omp parallel for schedule(static) if (nb > THREADED)
  for (PetscInt i = 0; i < nb; i++) {
    for (PetscInt k = 0; k < dof; k++) {
      copy[i * dof + k] = in[i * dof + k];
      b[i * dof + k]    = mass[k] * in[i * dof + k];
    }
  }
  PetscCall(VecRestoreArrayWrite(e->b, &b));
  PetscCall(VecRestoreArrayWrite(e->a, &copy));
  PetscCall(VecRestoreArrayRead(a, &in));
  if (!HGEquationIsSteady(e->def) && e->theta < 1) PetscCall(AddExplicit(p, e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* r = mass u - theta r - b */
HG_CLONES static void Combine(PetscInt n, double mass, double theta, const double *restrict u, const double *restrict b, double *restrict r)
{
  for (PetscInt i = 0; i < n; i++) r[i] = mass * u[i] - theta * r[i] - b[i];
}

/* F at some points, u, b and f of all unknowns */
static void ResidualPoints(HGPhysics p, const double *const plane[], const Piece *c, const PetscScalar *u, const PetscScalar *b,
                           PetscScalar *f)
{
  HGGridEquation *e   = (HGGridEquation *)p->data;
  const PetscInt  dof = p->unknowns;
  Buffer          buffer;
  double          work[3][HG_MAX_UNKNOWNS][CHUNK], *r[HG_MAX_UNKNOWNS], *uu[HG_MAX_UNKNOWNS], *bb[HG_MAX_UNKNOWNS],
      *v[HG_MAX_UNKNOWNS][HG_VARIABLES];

  for (PetscInt k = 0; k < dof; k++) {
    r[k]  = work[0][k];
    uu[k] = work[1][k];
    bb[k] = work[2][k];
  }
  GetVariables(p, plane, c, PETSC_TRUE, buffer, v);
  (*e->def->point)(e->parameter, (int)p->dim, c->n, v, r, NULL);
  Deinterleave(dof, c->n, u + c->from * dof, uu);
  Deinterleave(dof, c->n, b + c->from * dof, bb);
  for (PetscInt k = 0; k < dof; k++) Combine(c->n, Mass(e, k), Implicit(e, k), uu[k], bb[k], r[k]);
  Collect(dof, c->n, r, f + c->from * dof);
}

PetscErrorCode HGGridResidual(HGPhysics p, Vec u, Vec f)
{
  HGGridEquation    *e = (HGGridEquation *)p->data;
  const PetscInt    *n = e->block.n, pieces = PieceCount(n[0] * n[1], n[2]);
  const double      *plane[HG_MAX_UNKNOWNS];
  const PetscScalar *local, *v, *b;
  PetscScalar       *out;

  PetscFunctionBegin;
  PetscCall(HGGridSetState(p, u));
  PetscCall(VecGetArrayRead(e->local, &local));
  PetscCall(VecGetArrayRead(u, &v));
  PetscCall(VecGetArrayRead(e->b, &b));
  PetscCall(VecGetArrayWrite(f, &out));
  GetPlanes(p, local, plane);
#pragma omp parallel for schedule(static) if (n[0] * n[1] * n[2] > THREADED)
  for (PetscInt i = 0; i < pieces; i++) {
    const Piece c = GetPiece(n, i);

    ResidualPoints(p, plane, &c, v, b, out);
  }
  PetscCall(VecRestoreArrayWrite(f, &out));
  PetscCall(VecRestoreArrayRead(e->b, &b));
  PetscCall(VecRestoreArrayRead(u, &v));
  PetscCall(VecRestoreArrayRead(e->local, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* q = -theta sum over the rows of (dR/dv)' w for one variable; false if no row depends on it */
HG_CLONES static PetscBool Transposed(HGPhysics p, PetscInt unknown, HGVariable var, PetscInt n, double *const P[], double *const w[],
                                      PetscBool old, double *restrict q)
{
  HGGridEquation       *e = (HGGridEquation *)p->data;
  const HGEquationTerm *t;
  const PetscInt        terms = HGGridTerms(p, &t);
  PetscBool             any   = PETSC_FALSE;

  for (PetscInt k = 0; k < terms; k++) {
    const double *restrict d = P[k];
    const double theta       = Factor(e, t[k].row, old);
    const double *restrict z = w[t[k].row];

    if (t[k].unknown != unknown || t[k].variable != var) continue;
    if (any)
      for (PetscInt i = 0; i < n; i++) q[i] -= theta * d[i] * z[i];
    else
      for (PetscInt i = 0; i < n; i++) q[i] = -theta * d[i] * z[i];
    any = PETSC_TRUE;
  }
  return any;
}

/* Puts -theta sum (dR/dv)' w into the memory of each variable v that R depends on */
static void TransposePoints(HGPhysics p, const double *const plane[], const Piece *c, const PetscScalar *w, PetscBool old)
{
  HGGridEquation *e = (HGGridEquation *)p->data;
  Buffer          buffer;
  double          derivative[HG_EQUATION_TERMS][CHUNK], plane_of[HG_MAX_UNKNOWNS][CHUNK], *P[HG_EQUATION_TERMS], *ww[HG_MAX_UNKNOWNS],
      *v[HG_MAX_UNKNOWNS][HG_VARIABLES];

  for (int k = 0; k < HG_EQUATION_TERMS; k++) P[k] = derivative[k];
  for (PetscInt k = 0; k < p->unknowns; k++) ww[k] = plane_of[k];
  Deinterleave(p->unknowns, c->n, w + c->from * p->unknowns, ww);
  GetVariables(p, plane, c, PETSC_FALSE, buffer, v);
  (*e->def->point)(e->parameter, (int)p->dim, c->n, v, NULL, P);
  for (PetscInt k = 0; k < p->unknowns; k++)
    for (int var = 0; var < HG_VARIABLES; var++)
      if (e->v[k][var]) (void)Transposed(p, k, (HGVariable)var, c->n, P, ww, old, e->v[k][var] + c->from);
}

static PetscBool Depends(HGPhysics p, PetscInt unknown, HGVariable var)
{
  const HGEquationTerm *t;
  const PetscInt        terms = HGGridTerms(p, &t);

  for (PetscInt k = 0; k < terms; k++)
    if (t[k].unknown == unknown && t[k].variable == var) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* out += sum of D_v' q over the variables of an unknown, at some points, ghost points among them */
static void AddAdjoint(HGPhysics p, PetscInt unknown, const Piece *c, double *restrict out)
{
  const HGGridEquation *e = (HGGridEquation *)p->data;
  const HGBlock        *b = &e->planar;
  const PetscInt       *n = b->n;

  for (int var = 0; var < HG_VARIABLES; var++) {
    const double *q      = e->v[unknown][var];
    const int     second = var == HG_LAPLACIAN ? 1 : 0;

    if (!q) continue;
    if (var == HG_VALUE) {
      if (c->at[0] < 0 || c->at[0] >= n[0] || c->at[1] < 0 || c->at[1] >= n[1]) continue;
      for (PetscInt x = PetscMax(0, c->x); x < PetscMin(n[2], c->x + c->n); x++)
        out[x - c->x] += q[(c->at[0] * n[1] + c->at[1]) * n[2] + x];
      continue;
    }
    for (int a = 3 - (int)p->dim; a < 3; a++)
      if (second || a == 2 - (var - HG_DX)) HGDifferenceAddAdjoint(&e->d[second][a], a, b, c->at, c->x, c->n, q, out);
  }
}

/* The same at all points by Fourier derivatives: D' = -D for first derivatives, D for second ones */
static PetscErrorCode AddAdjointSpectral(HGPhysics p, HGVariable var, const double *q, double *out)
{
  HGGridEquation *e      = (HGGridEquation *)p->data;
  const PetscInt  points = e->block.n[0] * e->block.n[1] * e->block.n[2];

  PetscFunctionBegin;
  if (var == HG_VALUE)
    for (PetscInt i = 0; i < points; i++) out[i] += q[i];
  else if (var == HG_LAPLACIAN)
    for (int a = 3 - (int)p->dim; a < 3; a++) PetscCall(HGSpectralAdd(e->fft[a], 2, 1, q, out));
  else PetscCall(HGSpectralAdd(e->fft[2 - ((int)var - HG_DX)], 1, -1, q, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sums at some points of the local array, ghost points among them: mass w and D_v' q */
static void SumPoints(HGPhysics p, const Piece *c, const double mass[], const PetscScalar *w, PetscScalar *out)
{
  const HGGridEquation *e = (HGGridEquation *)p->data;
  const PetscInt       *n = e->planar.n, dof = p->unknowns;
  const PetscInt        from = PetscMax(0, c->x), to = PetscMin(n[2], c->x + c->n);
  const PetscBool       ours = c->at[0] >= 0 && c->at[0] < n[0] && c->at[1] >= 0 && c->at[1] < n[1] && from < to ? PETSC_TRUE : PETSC_FALSE;
  double                sum[HG_MAX_UNKNOWNS][CHUNK], *all[HG_MAX_UNKNOWNS], *owned[HG_MAX_UNKNOWNS];

  for (PetscInt k = 0; k < dof; k++) {
    all[k]   = sum[k];
    owned[k] = sum[k] + (from - c->x);
    memset(sum[k], 0, (size_t)c->n * sizeof(double));
  }
  if (ours) Deinterleave(dof, to - from, w + ((c->at[0] * n[1] + c->at[1]) * n[2] + from) * dof, owned);
  for (PetscInt k = 0; k < dof; k++) {
    for (PetscInt i = 0; i < c->n; i++) sum[k][i] *= mass[k];
    AddAdjoint(p, k, c, sum[k]);
  }
  Collect(dof, c->n, all, out);
}

/* g = sum of mass w and D_v' q, computed with ghost points, which go to the ranks that own them */
static PetscErrorCode AdjointFinite(HGPhysics p, const double mass[], const PetscScalar *w, Vec g)
{
  HGGridEquation *e     = (HGGridEquation *)p->data;
  const HGBlock  *b     = &e->planar;
  const PetscInt  plane = (PetscInt)b->stride[0], row = (PetscInt)b->stride[1], all[3] = {e->points / plane, plane / row, row};
  const PetscInt  first = (PetscInt)b->first, pieces = PieceCount(all[0] * all[1], row);
  const Vec       to = e->no_ghosts ? g : e->adjoint;
  PetscScalar    *local;

  PetscFunctionBegin;
  PetscCall(VecGetArrayWrite(to, &local));
#pragma omp parallel for schedule(static) if (e->points > THREADED)
  for (PetscInt i = 0; i < pieces; i++) {
    Piece c = GetPiece(all, i);

    c.at[0] -= first / plane;
    c.at[1] -= first % plane / row;
    c.x -= first % row;
    SumPoints(p, &c, mass, w, local + c.from * p->unknowns);
  }
  PetscCall(VecRestoreArrayWrite(to, &local));
  if (e->no_ghosts) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecSet(g, 0));
  PetscCall(DMLocalToGlobal(e->dm, e->adjoint, ADD_VALUES, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointSpectral(HGPhysics p, const double mass[], const PetscScalar *w, Vec g)
{
  HGGridEquation *e      = (HGGridEquation *)p->data;
  const PetscInt  points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns;
  PetscScalar    *out;

  PetscFunctionBegin;
  PetscCall(VecGetArrayWrite(g, &out));
  for (PetscInt k = 0; k < dof; k++) {
    PetscCall(PetscArrayzero(e->r[k], points));
    for (int var = 0; var < HG_VARIABLES; var++)
      if (Depends(p, k, (HGVariable)var)) PetscCall(AddAdjointSpectral(p, (HGVariable)var, e->v[k][var], e->r[k]));
    for (PetscInt i = 0; i < points; i++) out[i * dof + k] = e->r[k][i] + mass[k] * w[i * dof + k];
  }
  PetscCall(VecRestoreArrayWrite(g, &out));
  e->id = 0; /* the variables are gone */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The transposed derivative of F by u, or, if `old`, by a */
static PetscErrorCode Adjoint(HGPhysics p, Vec u, Vec w, PetscBool old, Vec g)
{
  HGGridEquation    *e = (HGGridEquation *)p->data;
  const PetscInt    *n = e->block.n, pieces = PieceCount(n[0] * n[1], n[2]);
  double             mass[HG_MAX_UNKNOWNS];
  const double      *plane[HG_MAX_UNKNOWNS];
  const PetscScalar *local, *v;

  PetscFunctionBegin;
  PetscCall(HGGridSetState(p, u));
  PetscCall(VecGetArrayRead(e->local, &local));
  PetscCall(VecGetArrayRead(w, &v));
  GetPlanes(p, local, plane);
#pragma omp parallel for schedule(static) if (n[0] * n[1] * n[2] > THREADED)
  for (PetscInt i = 0; i < pieces; i++) {
    const Piece c = GetPiece(n, i);

    TransposePoints(p, plane, &c, v, old);
  }
  for (PetscInt k = 0; k < p->unknowns; k++) mass[k] = old ? -Mass(e, k) : Mass(e, k);
  if (e->spectral) PetscCall(AdjointSpectral(p, mass, v, g));
  else PetscCall(AdjointFinite(p, mass, v, g));
  PetscCall(VecRestoreArrayRead(w, &v));
  PetscCall(VecRestoreArrayRead(e->local, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGGridAdjoint(HGPhysics p, Vec u, Vec w, Vec g)
{
  PetscFunctionBegin;
  PetscCall(Adjoint(p, u, w, PETSC_FALSE, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGGridOldAdjoint(HGPhysics p, Vec a, Vec w, Vec g)
{
  PetscFunctionBegin;
  PetscCall(Adjoint(p, a, w, PETSC_TRUE, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the Jacobian shift M - scale dR/du, for the solvers ---- */

/*
  HGGridMult - y = (shift M - scale dR/du) x with the derivatives of R computed last

  Collective
*/
PetscErrorCode HGGridMult(HGPhysics p, Vec x, Vec y)
{
  HGGridEquation       *e = (HGGridEquation *)p->data;
  const HGEquationTerm *t;
  const PetscInt        points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns, terms = HGGridTerms(p, &t);
  const PetscScalar    *in;
  PetscScalar          *out;
  double               *value;

  PetscFunctionBegin;
  if (!e->column) PetscCall(PetscMalloc1(points, &e->column));
  value = e->column;
  PetscCall(VecGetArrayRead(x, &in));
  PetscCall(VecGetArrayWrite(y, &out));
  for (PetscInt k = 0; k < dof; k++) {
    const double mass = HGEquationIsSteady(e->def) || e->def->algebraic[k] ? 0 : e->shift;

    for (PetscInt i = 0; i < points; i++) out[i * dof + k] = mass * in[i * dof + k];
  }
  for (PetscInt k = 0; k < terms; k++) {
    for (PetscInt i = 0; i < points; i++) value[i] = in[i * dof + t[k].unknown];
    if (t[k].variable != HG_VALUE) PetscCall(SpectralVariable(p, t[k].variable, value, e->q));
    const double *v = t[k].variable == HG_VALUE ? value : e->q;

    for (PetscInt i = 0; i < points; i++) out[i * dof + t[k].row] -= e->scale * e->P[k][i] * v[i];
  }
  PetscCall(VecRestoreArrayWrite(y, &out));
  PetscCall(VecRestoreArrayRead(x, &in));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The weights of a derivative along an axis in the matrix row of a point */
static PetscErrorCode AddRow(const HGGridEquation *e, Mat A, const HGDifference *d, int axis, PetscInt i, PetscInt at, PetscInt row,
                             PetscInt unknown, PetscReal factor)
{
  PetscFunctionBegin;
  for (PetscInt j = -d->reach; j <= d->reach; j++) {
    const PetscScalar v = factor * d->w[(j + d->reach) * d->n + i];
    const PetscInt    r = at + row, c = at + j * (PetscInt)e->block.stride[axis] + unknown;

    if (v != 0) PetscCall(MatSetValuesLocal(A, 1, &r, 1, &c, &v, ADD_VALUES));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGGridFillMatrix - A = shift M - scale dR/du at a state; for spectral derivatives with differences of second order in their place

  Collective
*/
PetscErrorCode HGGridFillMatrix(HGPhysics p, Vec u, PetscReal shift, PetscReal scale, Mat A)
{
  HGGridEquation       *e = (HGGridEquation *)p->data;
  const HGEquationTerm *t;
  const PetscInt       *n = e->block.n, terms = HGGridTerms(p, &t);
  HGDifference(*d)[3] = e->spectral ? e->low : e->d;

  PetscFunctionBegin;
  PetscCall(HGGridSetState(p, u));
  for (PetscInt k = 0; k < terms; k++)
    if (!e->P[k]) PetscCall(PetscMalloc1(n[0] * n[1] * n[2], &e->P[k]));
  PetscCall(Pointwise(p, NULL, e->P, -1));
  e->shift = shift;
  e->scale = scale;
  PetscCall(MatZeroEntries(A));
  for (PetscInt i = 0; i < n[0] * n[1] * n[2]; i++) {
    const PetscInt at[3] = {i / n[2] / n[1], i / n[2] % n[1], i % n[2]};
    PetscInt       here  = (PetscInt)e->block.first;

    for (int a = 0; a < 3; a++) here += at[a] * (PetscInt)e->block.stride[a];
    for (PetscInt k = 0; k < p->unknowns; k++) { /* the diagonal is stored even where it is zero */
      const PetscInt    r    = here + k;
      const PetscScalar mass = HGEquationIsSteady(e->def) || e->def->algebraic[k] ? 0 : shift;

      PetscCall(MatSetValuesLocal(A, 1, &r, 1, &r, &mass, ADD_VALUES));
    }
    for (PetscInt k = 0; k < terms; k++) {
      const PetscReal factor = -scale * e->P[k][i];

      if (t[k].variable == HG_VALUE) {
        const PetscInt r = here + t[k].row, c = here + t[k].unknown;

        PetscCall(MatSetValuesLocal(A, 1, &r, 1, &c, &factor, ADD_VALUES));
      } else if (t[k].variable == HG_LAPLACIAN) {
        for (int a = 3 - (int)p->dim; a < 3; a++) PetscCall(AddRow(e, A, &d[1][a], a, at[a], here, t[k].row, t[k].unknown, factor));
      } else {
        const int a = 2 - ((int)t[k].variable - HG_DX);

        PetscCall(AddRow(e, A, &d[0][a], a, at[a], here, t[k].row, t[k].unknown, factor));
      }
    }
  }
  PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- derivatives by the parameters ---- */

/* <w, factor dR/dparameter> at a state, this rank's part */
static PetscErrorCode AddByParameter(HGPhysics p, int q, Vec u, PetscBool old, const PetscScalar *w, PetscReal *sum)
{
  HGGridEquation *e      = (HGGridEquation *)p->data;
  const PetscInt  points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns;

  PetscFunctionBegin;
  PetscCall(HGGridSetState(p, u));
  PetscCall(Pointwise(p, e->r, NULL, q));
  for (PetscInt k = 0; k < dof; k++) {
    const PetscReal factor = Factor(e, k, old);

    for (PetscInt i = 0; i < points; i++) *sum -= factor * w[i * dof + k] * e->r[k][i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* This rank's share */
PetscErrorCode HGGridParameterAdjoint(HGPhysics p, const char name[], Vec u, Vec w, PetscReal *g)
{
  HGGridEquation    *e = (HGGridEquation *)p->data;
  const int          q = HGEquationFindParameter(e->def, p->dim, name);
  const PetscScalar *v, *x, *a;
  PetscReal          sum = 0;
  PetscInt           n;

  PetscFunctionBegin;
  PetscCall(VecGetArrayRead(w, &v));
  if (q >= 0) {
    PetscCall(AddByParameter(p, q, u, PETSC_FALSE, v, &sum));
    if (!HGEquationIsSteady(e->def) && e->theta < 1) PetscCall(AddByParameter(p, q, e->a, PETSC_TRUE, v, &sum));
  } else { /* dt: -M (u - a) / dt^2 */
    PetscCall(VecGetLocalSize(u, &n));
    PetscCall(VecGetArrayRead(u, &x));
    PetscCall(VecGetArrayRead(e->a, &a));
    for (PetscInt i = 0; i < n; i++) sum -= Mass(e, i % p->unknowns) / e->dt * (x[i] - a[i]) * v[i];
    PetscCall(VecRestoreArrayRead(e->a, &a));
    PetscCall(VecRestoreArrayRead(u, &x));
  }
  PetscCall(VecRestoreArrayRead(w, &v));
  *g = sum;
  PetscFunctionReturn(PETSC_SUCCESS);
}
