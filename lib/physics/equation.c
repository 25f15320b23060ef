/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Residual, adjoint and Jacobian of a built-in equation M du/dt = R(u) on a grid, R a pointwise function of the unknowns and their derivatives
   (equations.c). One step of the theta method from the state a to u = u(t + dt) has the residual

     F(u; a) = M (u - a) / dt - theta R(u) - (1 - theta) R(a)

   theta = 1 is backward Euler, 1/2 Crank-Nicolson; rows without a time derivative have F = -R(u). A steady equation has F = -R(u) - f. With
   D_v the difference operators that make the variables v of R, the transposed Jacobian is J' w = M w / dt - theta sum_v D_v' (dR/dv)' w.
*/
#include "physics/equation_impl.h"

static PetscErrorCode FindDef(HGPhysics p, const HGEquationDef **def)
{
  PetscFunctionBegin;
  *def = NULL;
  for (PetscInt i = 0; i < HGEquationDefCount; i++)
    if (!strcmp(HGEquationDefs[i]->name, ((PetscObject)p)->type_name)) *def = HGEquationDefs[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscInt Terms(HGPhysics p, const HGTerm **t)
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

/* out = variable var of an unknown: from the local array with ghost points, or, for spectral derivatives, from planar values */
static PetscErrorCode Variable(HGPhysics p, PetscInt unknown, HGVariable var, const double *local, const double *value,
                               PetscBool inhomogeneous, double *out)
{
  HGEquation     *e = (HGEquation *)p->data;
  const PetscInt *n = e->block.n, points = n[0] * n[1] * n[2];
  const int       second = var == V_L ? 1 : 0;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(out, points));
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    double gamma[2] = {0, 0};

    if (!second && a != 2 - ((int)var - V_X)) continue;
    if (inhomogeneous) GetGamma(p, a, unknown, gamma);
    if (e->spectral) PetscCall(HGSpectralAdd(e->fft[a], 1 + second, 1, value, out));
    else HGDifferenceApply(&e->d[second][a], a, &e->block, local + unknown, gamma, out);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The values of all unknowns, one after the other */
static void Separate(const HGEquation *e, const PetscScalar *u, PetscInt unknown, double *out)
{
  const PetscInt points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = e->unknowns;

  for (PetscInt i = 0; i < points; i++) out[i] = u[i * dof + unknown];
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
    if (e->v[k][V_U]) Separate(e, v, k, e->v[k][V_U]);
    for (int var = V_X; var < V_COUNT; var++)
      if (e->v[k][var]) PetscCall(Variable(p, k, (HGVariable)var, local + e->block.first, e->v[k][V_U], PETSC_TRUE, e->v[k][var]));
  }
  PetscCall(VecRestoreArrayRead(u, &v));
  PetscCall(VecRestoreArrayRead(e->local, &local));
  e->id    = id;
  e->state = state;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* R and its derivatives at all points, by threads; either may be NULL; q < 0, or the parameter that R is differentiated by */
static void Pointwise(HGPhysics p, double *const r[], double *const P[], int q)
{
  const HGTerm   *t;
  HGEquation     *e = (HGEquation *)p->data;
  const PetscInt *n = e->block.n, points = n[0] * n[1] * n[2], chunk = 2048, terms = Terms(p, &t);

#pragma omp parallel for schedule(static) if (points > 8192)
  for (PetscInt from = 0; from < points; from += chunk) {
    const PetscInt count = PetscMin(chunk, points - from);
    double        *v[HG_MAX_UNKNOWNS][V_COUNT], *rr[HG_MAX_UNKNOWNS], *PP[HG_MAX_TERMS];

    for (PetscInt k = 0; k < p->unknowns; k++) {
      for (int var = 0; var < V_COUNT; var++) v[k][var] = e->v[k][var] ? e->v[k][var] + from : NULL;
      rr[k] = r ? r[k] + from : NULL;
    }
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
static PetscErrorCode SetInput_Equation(HGPhysics p, PetscInt sample, Vec a)
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
  else PetscCall(VecSet(e->work, 0));
  PetscCall(VecGetArray(e->b, &b));
  PetscCall(VecGetLocalSize(e->b, &nb));
  for (PetscInt i = 0; i < nb; i++) b[i] *= Mass(e, i % dof);
  PetscCall(VecRestoreArray(e->b, &b));
  PetscCall(VecAXPY(e->b, 1 - e->theta, e->work));
  PetscCall(VecGetArray(e->b, &b));
  for (PetscInt i = 0; i < nb; i++)
    if (e->def->algebraic[i % dof]) b[i] = 0;
  PetscCall(VecRestoreArray(e->b, &b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Residual_Equation(HGPhysics p, Vec u, Vec f)
{
  HGEquation        *e      = (HGEquation *)p->data;
  const PetscInt     points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns;
  const PetscScalar *v, *b;
  PetscScalar       *out;

  PetscFunctionBegin;
  PetscCall(HGEquationSetState(p, u));
  Pointwise(p, e->r, NULL, -1);
  PetscCall(VecGetArrayRead(u, &v));
  PetscCall(VecGetArrayRead(e->b, &b));
  PetscCall(VecGetArrayWrite(f, &out));
  for (PetscInt k = 0; k < dof; k++) {
    const double *r = e->r[k], mass = Mass(e, k), theta = Implicit(e, k);

#pragma omp parallel for schedule(static) if (points > 8192)
    for (PetscInt i = 0; i < points; i++) out[i * dof + k] = mass * v[i * dof + k] - theta * r[i] - b[i * dof + k];
  }
  PetscCall(VecRestoreArrayWrite(f, &out));
  PetscCall(VecRestoreArrayRead(e->b, &b));
  PetscCall(VecRestoreArrayRead(u, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* q = -theta sum over the rows of (dR/dv)' w for a variable v; false if no row depends on it */
static PetscBool Transposed(HGPhysics p, PetscInt unknown, HGVariable var, const PetscScalar *w, double *q)
{
  HGEquation    *e = (HGEquation *)p->data;
  const HGTerm  *t;
  const PetscInt points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns, terms = Terms(p, &t);
  PetscBool      any = PETSC_FALSE;

  for (PetscInt k = 0; k < terms; k++) {
    const double *P = e->P[k], theta = Implicit(e, t[k].row);
    const double  keep = any ? 1 : 0;
    const int     row  = t[k].row;

    if (t[k].unknown != unknown || t[k].var != var) continue;
    if (!any) (void)PetscArrayzero(q, points);
    any = PETSC_TRUE;
#pragma omp parallel for schedule(static) if (points > 8192)
    for (PetscInt i = 0; i < points; i++) q[i] = keep * q[i] - theta * P[i] * w[i * dof + row];
  }
  return any;
}

/* local += D_v' q */
static PetscErrorCode AddAdjoint(HGPhysics p, PetscInt unknown, HGVariable var, const double *q, double *local)
{
  HGEquation     *e      = (HGEquation *)p->data;
  const HGBlock  *b      = &e->block;
  const PetscInt *n      = b->n;
  const int       second = var == V_L ? 1 : 0;

  PetscFunctionBegin;
  if (var == V_U) {
    for (PetscInt r = 0; r < n[0] * n[1]; r++) {
      double *o = local + unknown + r / n[1] * b->stride[0] + r % n[1] * b->stride[1];

      for (PetscInt x = 0; x < n[2]; x++) o[x * b->stride[2]] += q[r * n[2] + x];
    }
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    if (!second && a != 2 - ((int)var - V_X)) continue;
    HGDifferenceApplyAdjoint(&e->d[second][a], a, b, q, local + unknown);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
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

static PetscErrorCode AdjointFinite(HGPhysics p, const PetscScalar *w, Vec g)
{
  HGEquation  *e = (HGEquation *)p->data;
  PetscScalar *local;

  PetscFunctionBegin;
  PetscCall(VecSet(e->adjoint, 0));
  PetscCall(VecGetArray(e->adjoint, &local));
  for (PetscInt k = 0; k < p->unknowns; k++)
    for (int var = 0; var < V_COUNT; var++)
      if (Transposed(p, k, (HGVariable)var, w, e->q)) PetscCall(AddAdjoint(p, k, (HGVariable)var, e->q, local + e->block.first));
  PetscCall(VecRestoreArray(e->adjoint, &local));
  PetscCall(VecSet(g, 0));
  PetscCall(DMLocalToGlobal(e->dm, e->adjoint, ADD_VALUES, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AdjointSpectral(HGPhysics p, const PetscScalar *w, Vec g)
{
  HGEquation    *e      = (HGEquation *)p->data;
  const PetscInt points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns;
  PetscScalar   *out;

  PetscFunctionBegin;
  PetscCall(VecGetArrayWrite(g, &out));
  for (PetscInt k = 0; k < dof; k++) {
    PetscCall(PetscArrayzero(e->r[k], points));
    for (int var = 0; var < V_COUNT; var++)
      if (Transposed(p, k, (HGVariable)var, w, e->q)) PetscCall(AddAdjointSpectral(p, (HGVariable)var, e->q, e->r[k]));
    for (PetscInt i = 0; i < points; i++) out[i * dof + k] = e->r[k][i];
  }
  PetscCall(VecRestoreArrayWrite(g, &out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Equation(HGPhysics p, Vec u, Vec w, Vec g)
{
  HGEquation        *e      = (HGEquation *)p->data;
  const PetscInt     points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns;
  const PetscScalar *v;
  PetscScalar       *out;

  PetscFunctionBegin;
  PetscCall(HGEquationSetState(p, u));
  Pointwise(p, NULL, e->P, -1);
  PetscCall(VecGetArrayRead(w, &v));
  if (e->spectral) PetscCall(AdjointSpectral(p, v, g));
  else PetscCall(AdjointFinite(p, v, g));
  PetscCall(VecGetArray(g, &out));
  for (PetscInt k = 0; k < dof; k++) {
    const double mass = Mass(e, k);

    for (PetscInt i = 0; i < points && mass > 0; i++) out[i * dof + k] += mass * v[i * dof + k];
  }
  PetscCall(VecRestoreArray(g, &out));
  PetscCall(VecRestoreArrayRead(w, &v));
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
  const PetscInt     points = e->block.n[0] * e->block.n[1] * e->block.n[2], dof = p->unknowns, terms = Terms(p, &t);
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
  const PetscInt *n = e->block.n, terms = Terms(p, &t);
  HGDifference(*d)[3] = e->spectral ? e->low : e->d;

  PetscFunctionBegin;
  PetscCall(HGEquationSetState(p, u));
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

/* ---- parameters ---- */

static int FindParam(const HGEquation *e, PetscInt dim, const char name[])
{
  for (int i = 0; i < e->def->nparams; i++)
    if (!strcmp(e->def->param[i].name, name) && (strncmp(name, "velocity_", 9) || name[9] - 'x' < dim)) return i;
  return -1;
}

static PetscErrorCode CheckParam(HGPhysics p, const HGParam *q, PetscReal value)
{
  const PetscBool good = value > q->least || (value == q->least && !q->open) ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  HGCheck(good && !PetscIsInfOrNanReal(value), PetscObjectComm((PetscObject)p), "-physics_%s %g (%s): give a %s number", q->name,
          (double)value, q->text,
          q->open         ? "positive"
          : q->least == 0 ? "positive number or zero; not a negative"
                          : "finite");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetParameter_Equation(HGPhysics p, const char name[], PetscReal value, PetscBool *has)
{
  HGEquation *e = (HGEquation *)p->data;
  const int   q = FindParam(e, p->dim, name);

  PetscFunctionBegin;
  *has = PETSC_TRUE;
  if (q >= 0) {
    PetscCall(CheckParam(p, &e->def->param[q], value));
    e->param[q] = value;
  } else if (!e->def->steady && !strcmp(name, "dt")) {
    HGCheck(value > 0 && !PetscIsInfOrNanReal(value), PetscObjectComm((PetscObject)p), "-physics_dt %g: give a positive number",
            (double)value);
    e->dt = value;
  } else *has = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetParameter_Equation(HGPhysics p, const char name[], PetscReal *value, PetscBool *has)
{
  HGEquation *e = (HGEquation *)p->data;
  const int   q = FindParam(e, p->dim, name);

  PetscFunctionBegin;
  *has = PETSC_TRUE;
  if (q >= 0) *value = e->param[q];
  else if (!e->def->steady && !strcmp(name, "dt")) *value = e->dt;
  else *has = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
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
    const PetscReal factor = old ? (e->def->algebraic[k] ? 0 : 1 - e->theta) : Implicit(e, k);

    for (PetscInt i = 0; i < points; i++) *sum -= factor * w[i * dof + k] * e->r[k][i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ParameterAdjoint_Equation(HGPhysics p, const char name[], Vec u, Vec w, PetscReal *g)
{
  HGEquation        *e = (HGEquation *)p->data;
  const int          q = FindParam(e, p->dim, name);
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

/* ---- set-up ---- */

static PetscErrorCode SetFromOptions_Equation(HGPhysics p)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)p);
  HGEquation *e    = (HGEquation *)p->data;
  char        option[64], derivative[16];
  PetscBool   fd, spectral, given[HG_MAX_PARAMS] = {PETSC_FALSE};

  PetscFunctionBegin;
  PetscCall(HGPhysicsBoundarySetFromOptions(p));
  PetscOptionsBegin(comm, ((PetscObject)p)->prefix, "Built-in equation", "HGPhysics");
  for (int i = 0; i < e->def->nparams; i++) {
    PetscCall(PetscSNPrintf(option, sizeof(option), "-physics_%s", e->def->param[i].name));
    if (FindParam(e, p->dim, e->def->param[i].name) == i)
      PetscCall(PetscOptionsReal(option, e->def->param[i].text, "HGPhysicsSetParameter", e->param[i], &e->param[i], &given[i]));
  }
  if (!e->def->steady) {
    PetscCall(PetscOptionsReal("-physics_dt", "time step from the input to the output", "HGPhysicsSetParameter", e->dt, &e->dt, NULL));
    PetscCall(
        PetscOptionsReal("-physics_theta", "1 for backward Euler, 0.5 for Crank-Nicolson", "HGPhysicsType", e->theta, &e->theta, NULL));
  }
  PetscCall(PetscStrncpy(derivative, e->spectral ? "spectral" : "fd", sizeof(derivative)));
  PetscCall(PetscOptionsString("-physics_derivative", "fd (differences) or spectral (Fourier, all axes periodic)", "HGPhysicsType",
                               derivative, derivative, sizeof(derivative), NULL));
  PetscCall(PetscOptionsReal("-physics_field_alpha", "smoothness of the random fields, covariance (-Laplace + tau^2)^(-alpha)",
                             "HGPhysicsSampleInput", e->alpha, &e->alpha, NULL));
  PetscCall(PetscOptionsReal("-physics_field_tau", "inverse length of the random fields", "HGPhysicsSampleInput", e->tau, &e->tau, NULL));
  PetscCall(PetscOptionsReal("-physics_field_sigma", "standard deviation of the random fields", "HGPhysicsSampleInput", e->sigma, &e->sigma,
                             NULL));
  PetscCall(PetscOptionsInt("-physics_field_modes", "modes of the random fields in each direction", "HGPhysicsSampleInput", e->modes,
                            &e->modes, NULL));
  PetscOptionsEnd();
  PetscCall(PetscStrcmp(derivative, "fd", &fd));
  PetscCall(PetscStrcmp(derivative, "spectral", &spectral));
  HGCheck(fd || spectral, comm, "-physics_derivative %s: give fd or spectral", derivative);
  e->spectral = spectral;
  for (int i = 0; i < e->def->nparams; i++) PetscCall(CheckParam(p, &e->def->param[i], e->param[i]));
  HGCheck(e->dt > 0 && !PetscIsInfOrNanReal(e->dt), comm, "-physics_dt %g: give a positive number", (double)e->dt);
  HGCheck(e->theta > 0 && e->theta <= 1, comm, "-physics_theta %g: give a number above 0, up to 1", (double)e->theta);
  HGCheck(e->alpha > 0.5 * (PetscReal)p->dim, comm, "-physics_field_alpha %g: the field has no finite variance; give more than dim/2 = %g",
          (double)e->alpha, 0.5 * (double)p->dim);
  HGCheck(e->tau >= 0 && e->sigma >= 0 && !PetscIsInfOrNanReal(e->tau + e->sigma), comm,
          "-physics_field_tau %g, -physics_field_sigma %g: give zero or positive numbers", (double)e->tau, (double)e->sigma);
  HGCheck(e->modes >= 2 && e->modes <= 1024, comm, "-physics_field_modes %" PetscInt_FMT ": give 2 to 1024", e->modes);
  e->options = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Channels_Equation(HGPhysics p)
{
  HGEquation *e = (HGEquation *)p->data;

  PetscFunctionBegin;
  HGCheck(p->dim >= e->def->dims[0] && p->dim <= e->def->dims[1], PetscObjectComm((PetscObject)p),
          "the equation %s has %d to %d dimensions; the grid has %" PetscInt_FMT, e->def->name, e->def->dims[0], e->def->dims[1], p->dim);
  e->unknowns = p->unknowns = p->inputs = e->def->vector ? p->dim : e->def->unknowns;
  for (PetscInt k = 0; k < p->unknowns; k++) p->homogeneous[k] = e->def->homogeneous[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An elliptic row needs a side that holds it, or kappa */
static PetscErrorCode CheckSingular(HGPhysics p, HGEquation *e)
{
  const int last   = e->def->nparams - 1;
  PetscReal length = 0;
  PetscBool held   = PETSC_FALSE;

  PetscFunctionBegin;
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    length = PetscMax(length, p->axis[a].length);
    for (int s = 0; s < 2; s++)
      if (p->axis[a].side[s].alpha > 0) held = PETSC_TRUE;
  }
  if (!e->def->elliptic || held || p->soft || e->param[last] > 0) PetscFunctionReturn(PETSC_SUCCESS);
  HGCheck(e->def->screening > 0, PetscObjectComm((PetscObject)p),
          "the equation %s with neumann or periodic conditions on all sides determines its solution up to a constant only; give "
          "-physics_kappa a positive number, or a dirichlet or robin side",
          e->def->name);
  e->param[last] = e->def->screening / (length * length);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpDifferences(HGPhysics p, HGEquation *e)
{
  PetscInt s[3], n[3], reach = 1;

  PetscFunctionBegin;
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    HGCheck(!e->spectral || p->axis[a].periodic, PetscObjectComm((PetscObject)p),
            "-physics_derivative spectral: %c is not periodic; give -physics_bc_%c periodic, or use fd", "zyx"[a], "zyx"[a]);
    reach = PetscMax(reach, e->spectral ? 1 : HGAxisReach(&p->axis[a], (int)p->order));
  }
  PetscCall(HGPhysicsCreateGhosted(p, p->unknowns, reach, PETSC_FALSE, &e->dm));
  PetscCall(HGBlockOfDM(e->dm, &e->block));
  PetscCall(DMDAGetCorners(e->dm, &s[2], &s[1], &s[0], &n[2], &n[1], &n[0]));
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    for (int k = 0; k < 2; k++) {
      if (e->spectral) PetscCall(HGDifferenceSetUp(&e->low[k][a], &p->axis[a], k + 1, 2, s[a], n[a]));
      else PetscCall(HGDifferenceSetUp(&e->d[k][a], &p->axis[a], k + 1, (int)p->order, s[a], n[a]));
    }
    if (e->spectral) PetscCall(HGSpectralCreate(p, a, &e->fft[a]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Equation(HGPhysics p)
{
  HGEquation   *e = (HGEquation *)p->data;
  const HGTerm *t;
  PetscInt      points;

  PetscFunctionBegin;
  PetscCall(CheckSingular(p, e));
  PetscCall(SetUpDifferences(p, e));
  points = e->block.n[0] * e->block.n[1] * e->block.n[2];
  for (PetscInt k = 0; k < Terms(p, &t); k++) {
    double **v = &e->v[t[k].unknown][t[k].var];

    if (!*v) PetscCall(PetscCalloc1(points, v));
    PetscCall(PetscMalloc1(points, &e->P[k]));
  }
  for (PetscInt k = 0; k < p->unknowns; k++) {
    if (e->spectral && !e->v[k][V_U]) PetscCall(PetscCalloc1(points, &e->v[k][V_U]));
    PetscCall(PetscMalloc1(points, &e->r[k]));
  }
  PetscCall(PetscMalloc1(points, &e->q));
  PetscCall(DMCreateLocalVector(e->dm, &e->local));
  PetscCall(VecDuplicate(e->local, &e->adjoint));
  PetscCall(DMCreateGlobalVector(p->dm, &e->a));
  PetscCall(VecDuplicate(e->a, &e->b));
  PetscCall(VecDuplicate(e->a, &e->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode View_Equation(HGPhysics p, PetscViewer viewer)
{
  HGEquation *e = (HGEquation *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPrintf(viewer, "%s\n", e->def->title));
  for (int i = 0; i < e->def->nparams; i++)
    PetscCall(PetscViewerASCIIPrintf(viewer, "%s%s = %g", i ? ", " : "", e->def->param[i].name, (double)e->param[i]));
  if (!e->def->steady) PetscCall(PetscViewerASCIIPrintf(viewer, ", dt = %g, theta = %g", (double)e->dt, (double)e->theta));
  PetscCall(PetscViewerASCIIPrintf(viewer, "\n"));
  if (e->spectral) PetscCall(PetscViewerASCIIPrintf(viewer, "derivatives: spectral\n"));
  else PetscCall(PetscViewerASCIIPrintf(viewer, "derivatives: differences of order %" PetscInt_FMT "\n", p->order));
  PetscCall(HGPhysicsViewBoundary(p, viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Equation(HGPhysics p)
{
  HGEquation *e = (HGEquation *)p->data;

  PetscFunctionBegin;
  PetscCall(HGRandomFieldDestroy(&e->random));
  for (int a = 0; a < 3; a++) {
    for (int k = 0; k < 2; k++) {
      PetscCall(HGDifferenceDestroy(&e->d[k][a]));
      PetscCall(HGDifferenceDestroy(&e->low[k][a]));
    }
    PetscCall(HGSpectralDestroy(&e->fft[a]));
  }
  for (int k = 0; k < HG_MAX_UNKNOWNS; k++) {
    for (int var = 0; var < V_COUNT; var++) PetscCall(PetscFree(e->v[k][var]));
    PetscCall(PetscFree(e->r[k]));
  }
  for (int k = 0; k < HG_MAX_TERMS; k++) PetscCall(PetscFree(e->P[k]));
  PetscCall(PetscFree(e->q));
  PetscCall(VecDestroy(&e->local));
  PetscCall(VecDestroy(&e->adjoint));
  PetscCall(VecDestroy(&e->a));
  PetscCall(VecDestroy(&e->b));
  PetscCall(VecDestroy(&e->work));
  PetscCall(SNESDestroy(&e->snes));
  PetscCall(TSDestroy(&e->ts));
  PetscCall(MatDestroy(&e->J));
  PetscCall(MatDestroy(&e->A));
  PetscCall(DMDestroy(&e->dm));
  PetscCall(PetscFree(p->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGPhysicsCreate_Equation(HGPhysics p)
{
  HGEquation *e;

  PetscFunctionBegin;
  PetscCall(PetscNew(&e));
  p->data = e;
  PetscCall(FindDef(p, &e->def));
  p->title      = e->def->title;
  p->inputname  = e->def->input;
  p->outputname = e->def->output;
  for (int i = 0; i < e->def->nparams; i++) e->param[i] = e->def->param[i].value;
  e->dt    = 0.1;
  e->theta = 1;
  e->alpha = e->def->alpha;
  e->tau   = 3;
  e->sigma = e->def->sigma > 0 ? e->def->sigma : 1;
  e->modes = 32;

  p->ops->setfromoptions   = SetFromOptions_Equation;
  p->ops->channels         = Channels_Equation;
  p->ops->setup            = SetUp_Equation;
  p->ops->sampleinput      = HGEquationSampleInput;
  p->ops->solve            = HGEquationSolve;
  p->ops->setinput         = SetInput_Equation;
  p->ops->residual         = Residual_Equation;
  p->ops->adjoint          = Adjoint_Equation;
  p->ops->normoperator     = HGEquationNormOperator;
  p->ops->setparameter     = SetParameter_Equation;
  p->ops->getparameter     = GetParameter_Equation;
  p->ops->parameteradjoint = ParameterAdjoint_Equation;
  p->ops->view             = View_Equation;
  p->ops->destroy          = Destroy_Equation;
  PetscFunctionReturn(PETSC_SUCCESS);
}
