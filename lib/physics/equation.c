/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Residual, adjoint and Jacobian of a built-in equation M du/dt = R(u) on a grid, R a pointwise function of the unknowns and their derivatives
   (equations.c). One step of the theta method from the state a to u = u(t + dt) has the residual

     F(u; a) = M (u - a) / dt - theta R(u) - (1 - theta) R(a)

   theta = 1 is backward Euler, 1/2 Crank-Nicolson; rows without a time derivative have F = -R(u). A steady equation has F = -R(u) - f. With
   D_v the difference operators that make the variables v of R, the transposed Jacobian is J' w = M w / dt - theta sum_v D_v' (dR/dv)' w.
*/
#include "physics/equation_impl.h"

#define CHUNK 512 /* points that a thread works on at a time */

/*
  HGEquationTerms - What R depends on in the dimensions of the grid
*/
PetscInt HGEquationTerms(HGPhysics p, const HGTerm **t)
{
  const HGEquationDef *def = ((HGEquation *)p->data)->def;

  *t = def->terms[p->dim - 1];
  return def->nterms[p->dim - 1];
}

/* ---- the variables of R ---- */

static void GetGamma(HGPhysics p, int axis, PetscInt unknown, double gamma[])
{
  for (int s = 0; s < 2; s++) gamma[s] = p->homogeneous[unknown] ? 0 : p->axis[axis].side[s].gamma;
}

/* out = variable var of an unknown: from its array with ghost points, or, for spectral derivatives, from its values */
static PetscErrorCode Variable(HGPhysics p, PetscInt unknown, HGVariable var, const double *local, const double *value,
                               PetscBool inhomogeneous, double *out)
{
  HGEquation     *e = (HGEquation *)p->data;
  const PetscInt *n = e->block.n, points = n[0] * n[1] * n[2];
  const int       second = var == V_L ? 1 : 0;

  PetscFunctionBegin;
  if (e->spectral) PetscCall(PetscArrayzero(out, points));
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    double gamma[2] = {0, 0};

    if (!second && a != 2 - ((int)var - V_X)) continue;
    if (inhomogeneous) GetGamma(p, a, unknown, gamma);
    if (e->spectral) PetscCall(HGSpectralAdd(e->fft[a], 1 + second, 1, value, out));
    else HGDifferenceApply(&e->d[second][a], a, &e->planar, local, gamma, second && a > 3 - (int)p->dim ? PETSC_TRUE : PETSC_FALSE, out);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The values of all unknowns, one after the other */
static void Separate(const HGEquation *e, const PetscScalar *u, PetscInt unknown, double *out)
{
  const PetscInt points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = e->unknowns;

#pragma omp parallel for schedule(static) if (points > 8192)
  for (PetscInt i = 0; i < points; i++) out[i] = u[i * dof + unknown];
}

/* One unknown of a local array with ghost points, at its first owned point; the array itself if there is no other unknown */
static const double *Planar(const HGEquation *e, const double *local, PetscInt unknown)
{
  const PetscInt dof = e->unknowns, rows = e->points / e->row;

  if (dof == 1) return local + e->planar.first;
#pragma omp parallel for schedule(static) if (e->points > 8192)
  for (PetscInt r = 0; r < rows; r++) {
    const double *restrict from = local + r * e->row * dof + unknown;
    double *restrict to         = e->ghosted + r * e->row;

    if (dof == 2)
      for (PetscInt x = 0; x < e->row; x++) to[x] = from[2 * x];
    else
      for (PetscInt x = 0; x < e->row; x++) to[x] = from[x * dof];
  }
  return e->ghosted + e->planar.first;
}

/*
  HGEquationSetState - Compute the variables of R for a state, unless they are there

  Collective
*/
PetscErrorCode HGEquationSetState(HGPhysics p, Vec u)
{
  HGEquation        *e = (HGEquation *)p->data;
  const PetscScalar *v, *local;
  PetscObjectId      id;
  PetscObjectState   state;

  PetscFunctionBegin;
  PetscCall(PetscObjectGetId((PetscObject)u, &id));
  PetscCall(PetscObjectStateGet((PetscObject)u, &state));
  if (id == e->id && state == e->state) PetscFunctionReturn(PETSC_SUCCESS);
  if (!e->spectral) PetscCall(DMGlobalToLocal(e->dm, u, INSERT_VALUES, e->local));
  PetscCall(VecGetArrayRead(e->local, &local));
  PetscCall(VecGetArrayRead(u, &v));
  for (PetscInt k = 0; k < p->unknowns; k++) {
    const double *ghosted = e->spectral ? NULL : Planar(e, local, k);

    if (e->v[k][V_U]) Separate(e, v, k, e->v[k][V_U]);
    for (int var = V_X; var < V_COUNT; var++)
      if (e->v[k][var]) PetscCall(Variable(p, k, (HGVariable)var, ghosted, e->v[k][V_U], PETSC_TRUE, e->v[k][var]));
  }
  PetscCall(VecRestoreArrayRead(u, &v));
  PetscCall(VecRestoreArrayRead(e->local, &local));
  e->id    = id;
  e->state = state;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void VariablesFrom(const HGEquation *e, PetscInt from, double *v[][V_COUNT])
{
  for (PetscInt k = 0; k < e->unknowns; k++)
    for (int var = 0; var < V_COUNT; var++) v[k][var] = e->v[k][var] ? e->v[k][var] + from : NULL;
}

/* R and its derivatives at all points, by threads; either may be NULL; q < 0, or the parameter that R is differentiated by */
static void Pointwise(HGPhysics p, double *const r[], double *const P[], int q)
{
  const HGTerm   *t;
  HGEquation     *e = (HGEquation *)p->data;
  const PetscInt *n = e->block.n, points = n[0] * n[1] * n[2], terms = HGEquationTerms(p, &t);

#pragma omp parallel for schedule(static) if (points > 8192)
  for (PetscInt from = 0; from < points; from += CHUNK) {
    const PetscInt count = PetscMin(CHUNK, points - from);
    double        *v[HG_MAX_UNKNOWNS][V_COUNT], *rr[HG_MAX_UNKNOWNS], *PP[HG_MAX_TERMS];

    VariablesFrom(e, from, v);
    for (PetscInt k = 0; r && k < p->unknowns; k++) rr[k] = r[k] + from;
    for (PetscInt k = 0; P && k < terms; k++) PP[k] = P[k] + from;
    if (q < 0) (*e->def->point)(e->param, (int)p->dim, count, v, r ? rr : NULL, P ? PP : NULL);
    else (*e->def->byparam)(e->param, (int)p->dim, q, count, v, rr);
  }
}

/* The factors of M and R in a row of F */
static PetscReal Mass(const HGEquation *e, PetscInt row)
{
  return e->def->steady || e->def->algebraic[row] ? 0 : 1 / e->dt;
}

static PetscReal Implicit(const HGEquation *e, PetscInt row)
{
  return e->def->steady || e->def->algebraic[row] ? 1 : e->theta;
}

/* Of R(u), or, if `old`, of R(a) */
static PetscReal Factor(const HGEquation *e, PetscInt row, PetscBool old)
{
  if (!old) return Implicit(e, row);
  return e->def->steady || e->def->algebraic[row] ? 0 : 1 - e->theta;
}

/* ---- residual and adjoint ---- */

/*
  HGEquationRate - R(u)

  Collective
*/
PetscErrorCode HGEquationRate(HGPhysics p, Vec u, Vec rate)
{
  HGEquation    *e      = (HGEquation *)p->data;
  const PetscInt points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns;
  PetscScalar   *f;

  PetscFunctionBegin;
  PetscCall(HGEquationSetState(p, u));
  Pointwise(p, e->r, NULL, -1);
  PetscCall(VecGetArrayWrite(rate, &f));
  for (PetscInt k = 0; k < dof; k++)
    for (PetscInt i = 0; i < points; i++) f[i * dof + k] = e->r[k][i];
  PetscCall(VecRestoreArrayWrite(rate, &f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* b, which F subtracts: f, or M a / dt + (1 - theta) R(a) */
PetscErrorCode HGEquationSetInput(HGPhysics p, PetscInt sample, Vec a)
{
  MPI_Comm       comm = PetscObjectComm((PetscObject)p);
  HGEquation    *e    = (HGEquation *)p->data;
  const PetscInt dof  = p->unknowns;
  PetscInt       na, nb;
  PetscScalar   *b;

  PetscFunctionBegin;
  HGCheck(a, comm, "the equation %s needs the %s of sample %" PetscInt_FMT " as its input", e->def->name, e->def->input, sample);
  PetscCall(VecGetSize(a, &na));
  PetscCall(VecGetSize(e->b, &nb));
  HGCheck(na == nb, comm, "the input of sample %" PetscInt_FMT " has %g channels; the equation %s takes %" PetscInt_FMT ": %s", sample,
          (double)na / (double)nb * (double)dof, e->def->name, p->inputs, e->def->input);
  PetscCall(VecCopy(a, e->a));
  PetscCall(VecCopy(a, e->b));
  if (e->def->steady) PetscFunctionReturn(PETSC_SUCCESS);
  if (e->theta < 1) PetscCall(HGEquationRate(p, e->a, e->work));
  PetscCall(VecGetArray(e->b, &b));
  PetscCall(VecGetLocalSize(e->b, &nb));
  for (PetscInt k = 0; k < dof; k++) {
    const double mass = Mass(e, k);

#pragma omp parallel for schedule(static) if (nb > 8192)
    for (PetscInt i = k; i < nb; i += dof) b[i] *= mass;
  }
  PetscCall(VecRestoreArray(e->b, &b));
  if (e->theta < 1) PetscCall(VecAXPY(e->b, 1 - e->theta, e->work));
  PetscCall(VecGetArray(e->b, &b));
  for (PetscInt i = 0; i < nb; i++)
    if (e->def->algebraic[i % dof]) b[i] = 0;
  PetscCall(VecRestoreArray(e->b, &b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* F at the points from `from` on, u, b and f of all unknowns */
static void ResidualPoints(HGPhysics p, PetscInt from, PetscInt count, const PetscScalar *u, const PetscScalar *b, PetscScalar *f)
{
  HGEquation    *e   = (HGEquation *)p->data;
  const PetscInt dof = p->unknowns;
  double         buffer[HG_MAX_UNKNOWNS][CHUNK], *r[HG_MAX_UNKNOWNS] = {NULL}, *v[HG_MAX_UNKNOWNS][V_COUNT];

  for (PetscInt k = 0; k < dof; k++) r[k] = buffer[k];
  VariablesFrom(e, from, v);
  (*e->def->point)(e->param, (int)p->dim, count, v, r, NULL);
  for (PetscInt k = 0; k < dof; k++) {
    const double mass = Mass(e, k), theta = Implicit(e, k);

    for (PetscInt i = 0; i < count; i++)
      f[(from + i) * dof + k] = mass * u[(from + i) * dof + k] - theta * r[k][i] - b[(from + i) * dof + k];
  }
}

PetscErrorCode HGEquationResidual(HGPhysics p, Vec u, Vec f)
{
  HGEquation        *e      = (HGEquation *)p->data;
  const PetscInt     points = e->block.n[0] * e->block.n[1] * e->block.n[2];
  const PetscScalar *v, *b;
  PetscScalar       *out;

  PetscFunctionBegin;
  PetscCall(HGEquationSetState(p, u));
  PetscCall(VecGetArrayRead(u, &v));
  PetscCall(VecGetArrayRead(e->b, &b));
  PetscCall(VecGetArrayWrite(f, &out));
#pragma omp parallel for schedule(static) if (points > 8192)
  for (PetscInt from = 0; from < points; from += CHUNK) ResidualPoints(p, from, PetscMin(CHUNK, points - from), v, b, out);
  PetscCall(VecRestoreArrayWrite(f, &out));
  PetscCall(VecRestoreArrayRead(e->b, &b));
  PetscCall(VecRestoreArrayRead(u, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* q = -theta sum over the rows of (dR/dv)' w for one variable; false if no row depends on it */
static PetscBool Transposed(HGPhysics p, PetscInt unknown, HGVariable var, PetscInt n, double *const P[], const PetscScalar *w,
                            PetscBool old, double *restrict q)
{
  HGEquation    *e = (HGEquation *)p->data;
  const HGTerm  *t;
  const PetscInt dof = p->unknowns, terms = HGEquationTerms(p, &t);
  PetscBool      any = PETSC_FALSE;

  for (PetscInt k = 0; k < terms; k++) {
    const double *restrict d = P[k];
    const double theta       = Factor(e, t[k].row, old);
    const int    row         = t[k].row;

    if (t[k].unknown != unknown || t[k].var != var) continue;
    if (any)
      for (PetscInt i = 0; i < n; i++) q[i] -= theta * d[i] * w[i * dof + row];
    else
      for (PetscInt i = 0; i < n; i++) q[i] = -theta * d[i] * w[i * dof + row];
    any = PETSC_TRUE;
  }
  return any;
}

/* Puts -theta sum (dR/dv)' w in the place of each variable v that R depends on */
static void TransposePoints(HGPhysics p, PetscInt from, PetscInt count, const PetscScalar *w, PetscBool old)
{
  HGEquation *e = (HGEquation *)p->data;
  double      buffer[HG_MAX_TERMS][CHUNK], *P[HG_MAX_TERMS], *v[HG_MAX_UNKNOWNS][V_COUNT];

  for (int k = 0; k < HG_MAX_TERMS; k++) P[k] = buffer[k];
  VariablesFrom(e, from, v);
  (*e->def->point)(e->param, (int)p->dim, count, v, NULL, P);
  for (PetscInt k = 0; k < p->unknowns; k++)
    for (int var = 0; var < V_COUNT; var++)
      if (v[k][var]) (void)Transposed(p, k, (HGVariable)var, count, P, w + from * p->unknowns, old, v[k][var]);
}

static PetscBool Depends(HGPhysics p, PetscInt unknown, HGVariable var)
{
  const HGTerm  *t;
  const PetscInt terms = HGEquationTerms(p, &t);

  for (PetscInt k = 0; k < terms; k++)
    if (t[k].unknown == unknown && t[k].var == var) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* ghosted += D_v' q, at the first owned point of one unknown */
static void AddAdjoint(HGPhysics p, HGVariable var, const double *q, double *ghosted)
{
  HGEquation     *e      = (HGEquation *)p->data;
  const HGBlock  *b      = &e->planar;
  const PetscInt *n      = b->n;
  const int       second = var == V_L ? 1 : 0;

  if (var == V_U) {
#pragma omp parallel for schedule(static) if (n[0] * n[1] * n[2] > 8192)
    for (PetscInt r = 0; r < n[0] * n[1]; r++) {
      double *restrict o = ghosted + r / n[1] * b->stride[0] + r % n[1] * b->stride[1];

      for (PetscInt x = 0; x < n[2]; x++) o[x] += q[r * n[2] + x];
    }
    return;
  }
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    if (!second && a != 2 - ((int)var - V_X)) continue;
    HGDifferenceApplyAdjoint(&e->d[second][a], a, b, q, ghosted);
  }
}

/* The same without ghost points: D' = -D for first derivatives, D for second ones */
static PetscErrorCode AddAdjointSpectral(HGPhysics p, HGVariable var, const double *q, double *out)
{
  HGEquation    *e      = (HGEquation *)p->data;
  const PetscInt points = e->block.n[0] * e->block.n[1] * e->block.n[2];

  PetscFunctionBegin;
  if (var == V_U)
    for (PetscInt i = 0; i < points; i++) out[i] += q[i];
  else if (var == V_L)
    for (int a = 3 - (int)p->dim; a < 3; a++) PetscCall(HGSpectralAdd(e->fft[a], 2, 1, q, out));
  else PetscCall(HGSpectralAdd(e->fft[2 - ((int)var - V_X)], 1, -1, q, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointFinite(HGPhysics p, Vec g)
{
  HGEquation    *e   = (HGEquation *)p->data;
  const PetscInt dof = p->unknowns;
  PetscScalar   *local;

  PetscFunctionBegin;
  PetscCall(VecGetArrayWrite(e->adjoint, &local));
  for (PetscInt k = 0; k < dof; k++) {
    double *ghosted = dof == 1 ? local : e->ghosted;

#pragma omp parallel for schedule(static) if (e->points > 8192)
    for (PetscInt i = 0; i < e->points; i++) ghosted[i] = 0;
    for (int var = 0; var < V_COUNT; var++)
      if (Depends(p, k, (HGVariable)var)) AddAdjoint(p, (HGVariable)var, e->v[k][var], ghosted + e->planar.first);
    if (dof == 1) continue;
#pragma omp parallel for schedule(static) if (e->points > 8192)
    for (PetscInt i = 0; i < e->points; i++) local[i * dof + k] = ghosted[i];
  }
  PetscCall(VecRestoreArrayWrite(e->adjoint, &local));
  PetscCall(VecSet(g, 0));
  PetscCall(DMLocalToGlobal(e->dm, e->adjoint, ADD_VALUES, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointSpectral(HGPhysics p, Vec g)
{
  HGEquation    *e      = (HGEquation *)p->data;
  const PetscInt points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns;
  PetscScalar   *out;

  PetscFunctionBegin;
  PetscCall(VecGetArrayWrite(g, &out));
  for (PetscInt k = 0; k < dof; k++) {
    PetscCall(PetscArrayzero(e->r[k], points));
    for (int var = 0; var < V_COUNT; var++)
      if (Depends(p, k, (HGVariable)var)) PetscCall(AddAdjointSpectral(p, (HGVariable)var, e->v[k][var], e->r[k]));
    for (PetscInt i = 0; i < points; i++) out[i * dof + k] = e->r[k][i];
  }
  PetscCall(VecRestoreArrayWrite(g, &out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The transposed derivative of F by u, or, if `old`, by a */
static PetscErrorCode Adjoint(HGPhysics p, Vec u, Vec w, PetscBool old, Vec g)
{
  HGEquation        *e      = (HGEquation *)p->data;
  const PetscInt     points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns;
  const PetscScalar *v;
  PetscScalar       *out;

  PetscFunctionBegin;
  PetscCall(HGEquationSetState(p, u));
  PetscCall(VecGetArrayRead(w, &v));
#pragma omp parallel for schedule(static) if (points > 8192)
  for (PetscInt from = 0; from < points; from += CHUNK) TransposePoints(p, from, PetscMin(CHUNK, points - from), v, old);
  e->id = 0; /* the variables are gone */
  if (e->spectral) PetscCall(AdjointSpectral(p, g));
  else PetscCall(AdjointFinite(p, g));
  PetscCall(VecGetArray(g, &out));
  for (PetscInt k = 0; k < dof; k++) {
    const double mass = old ? -Mass(e, k) : Mass(e, k);

    if (mass == 0) continue;
#pragma omp parallel for schedule(static) if (points > 8192)
    for (PetscInt i = 0; i < points; i++) out[i * dof + k] += mass * v[i * dof + k];
  }
  PetscCall(VecRestoreArray(g, &out));
  PetscCall(VecRestoreArrayRead(w, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGEquationAdjoint(HGPhysics p, Vec u, Vec w, Vec g)
{
  PetscFunctionBegin;
  PetscCall(Adjoint(p, u, w, PETSC_FALSE, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGEquationOldAdjoint(HGPhysics p, Vec a, Vec w, Vec g)
{
  PetscFunctionBegin;
  PetscCall(Adjoint(p, a, w, PETSC_TRUE, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the Jacobian shift M - scale dR/du, for the solvers ---- */

/*
  HGEquationMult - y = (shift M - scale dR/du) x with the derivatives of R computed last

  Collective
*/
PetscErrorCode HGEquationMult(HGPhysics p, Vec x, Vec y)
{
  HGEquation        *e = (HGEquation *)p->data;
  const HGTerm      *t;
  const PetscInt     points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns, terms = HGEquationTerms(p, &t);
  const PetscScalar *in;
  PetscScalar       *out;
  double            *value;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(points, &value));
  PetscCall(VecGetArrayRead(x, &in));
  PetscCall(VecGetArrayWrite(y, &out));
  for (PetscInt k = 0; k < dof; k++) {
    const double mass = e->def->steady || e->def->algebraic[k] ? 0 : e->shift;

    for (PetscInt i = 0; i < points; i++) out[i * dof + k] = mass * in[i * dof + k];
  }
  for (PetscInt k = 0; k < terms; k++) {
    Separate(e, in, t[k].unknown, value);
    if (t[k].var != V_U) PetscCall(Variable(p, t[k].unknown, t[k].var, NULL, value, PETSC_FALSE, e->q));
    const double *v = t[k].var == V_U ? value : e->q;

    for (PetscInt i = 0; i < points; i++) out[i * dof + t[k].row] -= e->scale * e->P[k][i] * v[i];
  }
  PetscCall(VecRestoreArrayWrite(y, &out));
  PetscCall(VecRestoreArrayRead(x, &in));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The weights of a derivative along an axis in the matrix row of a point */
static PetscErrorCode AddRow(const HGEquation *e, Mat A, const HGDifference *d, int axis, PetscInt i, PetscInt at, PetscInt row,
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
  HGEquationFillMatrix - A = shift M - scale dR/du at a state; for spectral derivatives with differences of second order in their place

  Collective
*/
PetscErrorCode HGEquationFillMatrix(HGPhysics p, Vec u, PetscReal shift, PetscReal scale, Mat A)
{
  HGEquation     *e = (HGEquation *)p->data;
  const HGTerm   *t;
  const PetscInt *n = e->block.n, terms = HGEquationTerms(p, &t);
  HGDifference(*d)[3] = e->spectral ? e->low : e->d;

  PetscFunctionBegin;
  PetscCall(HGEquationSetState(p, u));
  for (PetscInt k = 0; k < terms; k++)
    if (!e->P[k]) PetscCall(PetscMalloc1(n[0] * n[1] * n[2], &e->P[k]));
  Pointwise(p, NULL, e->P, -1);
  e->shift = shift;
  e->scale = scale;
  PetscCall(MatZeroEntries(A));
  for (PetscInt i = 0; i < n[0] * n[1] * n[2]; i++) {
    const PetscInt at[3] = {i / n[2] / n[1], i / n[2] % n[1], i % n[2]};
    PetscInt       here  = (PetscInt)e->block.first;

    for (int a = 0; a < 3; a++) here += at[a] * (PetscInt)e->block.stride[a];
    for (PetscInt k = 0; k < p->unknowns; k++) { /* the diagonal is stored even where it is zero */
      const PetscInt    r    = here + k;
      const PetscScalar mass = e->def->steady || e->def->algebraic[k] ? 0 : shift;

      PetscCall(MatSetValuesLocal(A, 1, &r, 1, &r, &mass, ADD_VALUES));
    }
    for (PetscInt k = 0; k < terms; k++) {
      const PetscReal factor = -scale * e->P[k][i];

      if (t[k].var == V_U) {
        const PetscInt r = here + t[k].row, c = here + t[k].unknown;

        PetscCall(MatSetValuesLocal(A, 1, &r, 1, &c, &factor, ADD_VALUES));
      } else if (t[k].var == V_L) {
        for (int a = 3 - (int)p->dim; a < 3; a++) PetscCall(AddRow(e, A, &d[1][a], a, at[a], here, t[k].row, t[k].unknown, factor));
      } else {
        const int a = 2 - ((int)t[k].var - V_X);

        PetscCall(AddRow(e, A, &d[0][a], a, at[a], here, t[k].row, t[k].unknown, factor));
      }
    }
  }
  PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- derivatives by the parameters ---- */

/*
  HGEquationFindParam - The number of a parameter, -1 if the equation has none of that name
*/
int HGEquationFindParam(const HGEquation *e, PetscInt dim, const char name[])
{
  for (int i = 0; i < e->def->nparams; i++)
    if (!strcmp(e->def->param[i].name, name) && (strncmp(name, "velocity_", 9) || name[9] - 'x' < dim)) return i;
  return -1;
}

/* <w, factor dR/dparam> at a state, this rank's part */
static PetscErrorCode AddByParam(HGPhysics p, int q, Vec u, PetscBool old, const PetscScalar *w, PetscReal *sum)
{
  HGEquation    *e      = (HGEquation *)p->data;
  const PetscInt points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns;

  PetscFunctionBegin;
  PetscCall(HGEquationSetState(p, u));
  Pointwise(p, e->r, NULL, q);
  for (PetscInt k = 0; k < dof; k++) {
    const PetscReal factor = Factor(e, k, old);

    for (PetscInt i = 0; i < points; i++) *sum -= factor * w[i * dof + k] * e->r[k][i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGEquationParameterAdjoint(HGPhysics p, const char name[], Vec u, Vec w, PetscReal *g)
{
  HGEquation        *e = (HGEquation *)p->data;
  const int          q = HGEquationFindParam(e, p->dim, name);
  const PetscScalar *v, *x, *a;
  PetscReal          sum = 0;
  PetscInt           n;

  PetscFunctionBegin;
  PetscCall(VecGetArrayRead(w, &v));
  if (q >= 0) {
    PetscCall(AddByParam(p, q, u, PETSC_FALSE, v, &sum));
    if (!e->def->steady && e->theta < 1) PetscCall(AddByParam(p, q, e->a, PETSC_TRUE, v, &sum));
  } else { /* dt: -M (u - a) / dt^2 */
    PetscCall(VecGetLocalSize(u, &n));
    PetscCall(VecGetArrayRead(u, &x));
    PetscCall(VecGetArrayRead(e->a, &a));
    for (PetscInt i = 0; i < n; i++) sum -= Mass(e, i % p->unknowns) / e->dt * (x[i] - a[i]) * v[i];
    PetscCall(VecRestoreArrayRead(e->a, &a));
    PetscCall(VecRestoreArrayRead(u, &x));
  }
  PetscCall(VecRestoreArrayRead(w, &v));
  PetscCallMPI(MPI_Allreduce(&sum, g, 1, MPIU_REAL, MPI_SUM, PetscObjectComm((PetscObject)p)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
