/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Steady Darcy flow, -div(a grad u) = f: cell-centred finite volumes, second order. The flux through a face is T (u_P - u_N), T the
   harmonic mean of a on both sides over the squared cell width h; a boundary face is half a cell away from the centre, and its value u_b follows from
   alpha u_b + beta (u_b - u_P) / (h / 2) = gamma, so that the flux is T (u_P - gamma / alpha) with T = 2 a / h^2 alpha / (alpha + 2 beta / h).
   The operator is symmetric: it is its own adjoint.
*/
#include "physics/grid/grid_impl.h"

typedef struct {
  const HGEquation *def; /* what it is at a point */
  PetscReal         alpha, tau, sigma, source;
  PetscInt          modes;
  HGDarcyField      field;
  HGRandomField     random;
  KSP               ksp;
  DM                dm; /* with a ghost point beyond every side, zero beyond the boundary */
  HGBlock           block;
  Mat               A;
  Vec               b, local, f; /* right-hand side, a field with ghost points, source field or NULL */
  double           *T[3];        /* of the faces across z, y, x: one more than points along that axis */
  PetscScalar      *value;       /* [cells][7] of the matrix, as in MatSetValuesCOO() */
  PetscBool         options;     /* KSPSetFromOptions() is wanted */
} Darcy;

#define ENTRIES 7 /* of a matrix row: the diagonal, then the neighbours -z, +z, -y, +y, -x, +x */

static PetscErrorCode SetFromOptions_Darcy(HGPhysics p)
{
  static const char *const fields[] = {"binary", "lognormal"};
  MPI_Comm                 comm     = PetscObjectComm((PetscObject)p);
  Darcy                   *d        = (Darcy *)p->data;
  PetscInt                 field    = d->field;

  PetscFunctionBegin;
  PetscCall(HGPhysicsBoundarySetFromOptions(p));
  PetscOptionsBegin(comm, ((PetscObject)p)->prefix, "Darcy's equation (HGPHYSICSDARCY) options", "HGPhysics");
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-darcy_field", "permeability: binary (12 or 3), or lognormal (exp(sigma field))",
                            "HGPhysicsDarcySetField", fields, 2, &field, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-darcy_alpha", "smoothness of the random field, covariance (-Laplace + tau^2)^(-alpha)",
                          "HGPHYSICSDARCY", HG_POSITIVE, PETSC_MAX_REAL, &d->alpha, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-darcy_tau", "inverse length of the random field", "HGPHYSICSDARCY", 0, PETSC_MAX_REAL,
                          &d->tau, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-darcy_sigma", "standard deviation of log a, for lognormal", "HGPHYSICSDARCY", 0,
                          PETSC_MAX_REAL, &d->sigma, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-darcy_modes", "cosine modes of the random field in each direction", "HGPHYSICSDARCY", 2,
                         1024, &d->modes, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-darcy_source", "source f", "HGPhysicsDarcySetSource", -PETSC_MAX_REAL, PETSC_MAX_REAL,
                          &d->source, NULL));
  PetscOptionsEnd();
  d->field = (HGDarcyField)field;
  HGCheckOptions(d->alpha > 0.5 * (PetscReal)p->dim, p, "-darcy_alpha %g: the field has no finite variance; give more than dim/2 = %g",
                 (double)d->alpha, 0.5 * (double)p->dim);
  d->options = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether a cell has a neighbour */
static PetscBool HasNeighbour(HGPhysics p, int axis, PetscInt at, int side)
{
  if (axis < 3 - (int)p->dim) return PETSC_FALSE;
  return p->axis[axis].periodic || (side ? at + 1 < p->size[axis] : at > 0) ? PETSC_TRUE : PETSC_FALSE;
}

/* Rows and columns of the matrix entries; the order is that of FillEntries() */
static PetscErrorCode CreateMatrix(HGPhysics p, Darcy *d)
{
  ISLocalToGlobalMapping map;
  const PetscInt        *n = d->block.n, *global;
  PetscInt               s[3], cells, *row, *col, k = 0;

  PetscFunctionBegin;
  PetscCall(DMDAGetCorners(d->dm, &s[2], &s[1], &s[0], NULL, NULL, NULL));
  PetscCall(DMGetLocalToGlobalMapping(d->dm, &map));
  PetscCall(ISLocalToGlobalMappingGetIndices(map, &global));
  cells = n[0] * n[1] * n[2];
  PetscCall(PetscMalloc1(cells * ENTRIES, &d->value));
  PetscCall(PetscMalloc2(cells * ENTRIES, &row, cells * ENTRIES, &col));
  for (PetscInt c = 0; c < cells; c++) {
    const PetscInt l[3] = {c / n[2] / n[1], c / n[2] % n[1], c % n[2]};
    PetscInt       here = (PetscInt)d->block.first;

    for (int a = 0; a < 3; a++) here += l[a] * (PetscInt)d->block.stride[a];
    row[k]   = global[here];
    col[k++] = global[here];
    for (int a = 0; a < 3; a++) {
      for (int side = 0; side < 2; side++) {
        const PetscBool inside = HasNeighbour(p, a, s[a] + l[a], side);

        row[k]   = inside ? global[here] : -1;
        col[k++] = inside ? global[here + (side ? 1 : -1) * (PetscInt)d->block.stride[a]] : -1;
      }
    }
  }
  PetscCall(ISLocalToGlobalMappingRestoreIndices(map, &global));
  PetscCall(MatCreate(PetscObjectComm((PetscObject)p), &d->A));
  PetscCall(MatSetSizes(d->A, cells, cells, PETSC_DETERMINE, PETSC_DETERMINE));
  PetscCall(MatSetType(d->A, MATAIJ));
  PetscCall(MatSetPreallocationCOO(d->A, cells * ENTRIES, row, col));
  PetscCall(MatSetOption(d->A, MAT_SPD, PETSC_TRUE));
  PetscCall(PetscFree2(row, col));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckGrid(HGPhysics p)
{
  MPI_Comm  comm = PetscObjectComm((PetscObject)p);
  PetscBool held = p->soft;

  PetscFunctionBegin;
  HGCheckOptions(p->order == 2, p, "-physics_order %" PetscInt_FMT ": darcy's finite volumes are of order 2", p->order);
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    HGCheckOptions(p->axis[a].stretch == 0, p, "-physics_stretch %g in %c: darcy's cells are uniform; give 0", (double)p->axis[a].stretch,
                   "zyx"[a]);
    for (int s = 0; s < 2; s++)
      if (p->axis[a].side[s].alpha > 0) held = PETSC_TRUE;
  }
  HGCheck(held, comm,
          "the equation darcy with neumann or periodic conditions on all sides determines its solution up to a constant only; give a "
          "dirichlet or robin side");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solver, at the first solve: training needs none */
static PetscErrorCode SetUpSolver(HGPhysics p, Darcy *d)
{
  PC pc;

  PetscFunctionBegin;
  if (d->ksp) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(CreateMatrix(p, d));
  PetscCall(KSPCreate(PetscObjectComm((PetscObject)p), &d->ksp));
  PetscCall(KSPSetOptionsPrefix(d->ksp, ((PetscObject)p)->prefix));
  PetscCall(KSPSetType(d->ksp, KSPCG));
  PetscCall(KSPSetTolerances(d->ksp, 1e-10, 1e-50, PETSC_CURRENT, 500));
  PetscCall(KSPSetOperators(d->ksp, d->A, d->A));
  PetscCall(KSPGetPC(d->ksp, &pc));
  PetscCall(HGGridMultigrid(p->dm, pc));
  if (d->options) PetscCall(KSPSetFromOptions(d->ksp));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Darcy(HGPhysics p)
{
  Darcy *d = (Darcy *)p->data;

  PetscFunctionBegin;
  PetscCall(CheckGrid(p));
  d->random.dim   = p->dim;
  d->random.modes = d->modes;
  d->random.alpha = d->alpha;
  d->random.tau   = d->tau;
  d->random.axis  = p->axis;
  PetscCall(HGRandomFieldSetUp(&d->random, p->dm));
  PetscCall(HGPhysicsCreateGhosted(p, 1, 1, PETSC_TRUE, &d->dm));
  PetscCall(HGBlockOfDM(d->dm, &d->block));
  for (int a = 3 - (int)p->dim; a < 3; a++)
    PetscCall(PetscMalloc1((d->block.n[0] + (a == 0)) * (d->block.n[1] + (a == 1)) * (d->block.n[2] + (a == 2)), &d->T[a]));
  PetscCall(DMCreateGlobalVector(p->dm, &d->b));
  PetscCall(DMCreateLocalVector(d->dm, &d->local));
  PetscCall(VecSet(d->local, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SampleInput_Darcy(HGPhysics p, uint64_t seed, PetscInt sample, Vec a)
{
  Darcy       *d = (Darcy *)p->data;
  PetscScalar *v;
  PetscInt     n;
  char         stream[64];

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(a, &n));
  PetscCall(VecGetArrayWrite(a, &v));
  PetscCall(PetscSNPrintf(stream, sizeof(stream), "darcy.field.%" PetscInt_FMT, sample));
  PetscCall(HGRandomFieldSample(&d->random, seed, stream, v));
  for (PetscInt i = 0; i < n; i++) v[i] = d->field == HG_DARCY_BINARY ? (v[i] >= 0 ? 12 : 3) : PetscExpScalar(d->sigma * v[i]);
  PetscCall(VecRestoreArrayWrite(a, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscScalar Harmonic(PetscScalar a, PetscScalar b)
{
  return 2 * a * b / (a + b);
}

/* alpha and beta of a boundary face: its conductance is 2 a / h^2 share, and the right-hand side gets 2 a / h^2 value */
static void BoundaryFace(const HGGridAxis *x, int side, double h, double *share, double *value)
{
  const HGSide *s = &x->side[side];
  const double  d = s->alpha + 2 * s->beta / h;

  *share = s->alpha / d;
  *value = s->gamma / d;
}

/* The conductances of the faces across one axis; a is at the first owned point. Boundary values go to b */
static void FillFaces(HGPhysics p, Darcy *d, int axis, const double *a, double *b)
{
  const PetscInt   *n = d->block.n, m[3] = {n[0] + (axis == 0), n[1] + (axis == 1), n[2] + (axis == 2)};
  const HGGridAxis *x = &p->axis[axis];
  const double      h = x->length / (double)x->size, unit = 1 / (h * h);
  const ptrdiff_t   step     = d->block.stride[axis];
  double            share[2] = {0, 0}, value[2] = {0, 0};
  PetscInt          s[3];

  (void)DMDAGetCorners(d->dm, &s[2], &s[1], &s[0], NULL, NULL, NULL);
  const PetscBool low = !x->periodic && s[axis] == 0, high = !x->periodic && s[axis] + n[axis] == x->size;

  for (int i = 0; i < 2 && !x->periodic; i++) BoundaryFace(x, i, h, &share[i], &value[i]);
#pragma omp parallel for schedule(static) if (m[0] * m[1] * m[2] > 8192)
  for (PetscInt r = 0; r < m[0] * m[1]; r++) {
    const PetscInt at[2]     = {r / m[1], r % m[1]};
    const double *restrict q = a + at[0] * d->block.stride[0] + at[1] * d->block.stride[1];
    double *restrict T       = d->T[axis] + r * m[2];
    const PetscBool first = axis < 2 && low && at[axis] == 0, last = axis < 2 && high && at[axis] == n[axis];

    if (first || last) {
      const int       side = last;
      const ptrdiff_t back = last ? step : 0;
      double         *to   = b + (at[0] * n[1] + at[1] - (last ? (axis == 0 ? n[1] : 1) : 0)) * n[2];

      for (PetscInt i = 0; i < m[2]; i++) {
        T[i] = 2 * unit * q[i - back] * share[side];
        to[i] += 2 * unit * q[i - back] * value[side];
      }
      continue;
    }
    const PetscInt from = axis == 2 && low ? 1 : 0, to = axis == 2 && high ? m[2] - 1 : m[2];

    for (PetscInt i = from; i < to; i++) T[i] = unit * 2 * q[i - step] * q[i] / (q[i - step] + q[i]);
    if (from) {
      T[0] = 2 * unit * q[0] * share[0];
      b[r * n[2]] += 2 * unit * q[0] * value[0];
    }
    if (to < m[2]) {
      T[to] = 2 * unit * q[to - 1] * share[1];
      b[r * n[2] + to - 1] += 2 * unit * q[to - 1] * value[1];
    }
  }
}

/* Conductances and right-hand side for a permeability */
static PetscErrorCode SetPermeability(HGPhysics p, Darcy *d, Vec a)
{
  const PetscScalar *v;
  PetscScalar       *b;

  PetscFunctionBegin;
  if (d->f) PetscCall(VecCopy(d->f, d->b));
  else PetscCall(VecSet(d->b, d->source));
  PetscCall(DMGlobalToLocal(d->dm, a, INSERT_VALUES, d->local));
  PetscCall(VecGetArrayRead(d->local, &v));
  PetscCall(VecGetArray(d->b, &b));
  for (int k = 3 - (int)p->dim; k < 3; k++) FillFaces(p, d, k, v + d->block.first, b);
  PetscCall(VecRestoreArray(d->b, &b));
  PetscCall(VecRestoreArrayRead(d->local, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* f = A u - b, or A u without b */
static void ApplyFaces(HGPhysics p, const Darcy *d, const double *u, const double *b, double *f)
{
  const PetscInt *n = d->block.n;

#pragma omp parallel for schedule(static) if (n[0] * n[1] * n[2] > 8192)
  for (PetscInt r = 0; r < n[0] * n[1]; r++) {
    const double *restrict q = u + r / n[1] * d->block.stride[0] + r % n[1] * d->block.stride[1];
    const double *restrict T = d->T[2] + r * (n[2] + 1);
    double *restrict o       = f + r * n[2];

    for (PetscInt x = 0; x < n[2]; x++) o[x] = T[x] * (q[x] - q[x - 1]) + T[x + 1] * (q[x] - q[x + 1]) - (b ? b[r * n[2] + x] : 0);
    for (int a = 3 - (int)p->dim; a < 2; a++) {
      const ptrdiff_t step = d->block.stride[a], up = a ? n[2] : n[1] * n[2];
      const double *restrict t = d->T[a] + (a ? (r / n[1] * (n[1] + 1) + r % n[1]) * n[2] : r * n[2]);

      for (PetscInt x = 0; x < n[2]; x++) o[x] += t[x] * (q[x] - q[x - step]) + t[x + up] * (q[x] - q[x + step]);
    }
  }
}

/* The cells beside the boundary have no balance where the conditions are a penalty */
static PetscErrorCode DropBoundary(HGPhysics p, Vec f)
{
  Darcy          *d = (Darcy *)p->data;
  const PetscInt *n = d->block.n;
  PetscInt        s[3];
  PetscScalar    *v;

  PetscFunctionBegin;
  if (!p->soft) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(DMDAGetCorners(d->dm, &s[2], &s[1], &s[0], NULL, NULL, NULL));
  PetscCall(VecGetArray(f, &v));
  for (PetscInt i = 0; i < n[0] * n[1] * n[2]; i++) {
    const PetscInt at[3] = {s[0] + i / n[2] / n[1], s[1] + i / n[2] % n[1], s[2] + i % n[2]};

    for (int a = 3 - (int)p->dim; a < 3; a++)
      if (!HasNeighbour(p, a, at[a], 0) || !HasNeighbour(p, a, at[a], 1)) v[i] = 0;
  }
  PetscCall(VecRestoreArray(f, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Apply(HGPhysics p, Vec u, Vec b, Vec f)
{
  Darcy             *d = (Darcy *)p->data;
  const PetscScalar *v, *rhs = NULL;
  PetscScalar       *out;

  PetscFunctionBegin;
  PetscCall(DMGlobalToLocal(d->dm, u, INSERT_VALUES, d->local));
  PetscCall(VecGetArrayRead(d->local, &v));
  if (b) PetscCall(VecGetArrayRead(b, &rhs));
  PetscCall(VecGetArrayWrite(f, &out));
  ApplyFaces(p, d, v + d->block.first, rhs, out);
  PetscCall(VecRestoreArrayWrite(f, &out));
  if (b) PetscCall(VecRestoreArrayRead(b, &rhs));
  PetscCall(VecRestoreArrayRead(d->local, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The matrix, times the squared width of a cell, so that entries are of size a on every grid */
static PetscErrorCode FillMatrix(HGPhysics p, Darcy *d)
{
  const PetscInt *n = d->block.n;
  const double    h = p->axis[2].length / (double)p->size[2];
  PetscInt        s[3];

  PetscFunctionBegin;
  PetscCall(DMDAGetCorners(d->dm, &s[2], &s[1], &s[0], NULL, NULL, NULL));
  for (PetscInt i = 0; i < n[0] * n[1] * n[2]; i++) {
    const PetscInt at[3] = {i / n[2] / n[1], i / n[2] % n[1], i % n[2]};
    PetscScalar   *v     = d->value + i * ENTRIES;

    v[0] = 0;
    for (int a = 0; a < 3; a++) {
      const PetscInt m[2] = {n[1] + (a == 1), n[2] + (a == 2)};

      for (int side = 0; side < 2; side++) {
        const PetscInt    face = ((at[0] + (a == 0 ? side : 0)) * m[0] + at[1] + (a == 1 ? side : 0)) * m[1] + at[2] + (a == 2 ? side : 0);
        const PetscScalar T    = a < 3 - (int)p->dim ? 0 : h * h * d->T[a][face];

        v[1 + 2 * a + side] = -T;
        v[0] += T;
      }
    }
  }
  PetscCall(MatSetValuesCOO(d->A, d->value, INSERT_VALUES));
  PetscCall(VecScale(d->b, h * h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckConverged(HGPhysics p, Darcy *d)
{
  char               of[64] = "";
  KSPConvergedReason reason;
  PetscReal          norm, norm_b;

  PetscFunctionBegin;
  PetscCall(KSPGetIterationNumber(d->ksp, &p->iterations));
  PetscCall(KSPGetConvergedReason(d->ksp, &reason));
  if (reason > 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(KSPGetResidualNorm(d->ksp, &norm));
  PetscCall(VecNorm(d->b, NORM_2, &norm_b));
  if (p->sample >= 0) PetscCall(PetscSNPrintf(of, sizeof(of), " of sample %" PetscInt_FMT, p->sample));
  PetscCall(PetscSNPrintf(p->failure, sizeof(p->failure),
                          "the Darcy solver%s stopped after %" PetscInt_FMT
                          " iterations: %s, residual %g for a right-hand side of %g; change -ksp_max_it, -ksp_rtol or -pc_type",
                          of, p->iterations, KSPConvergedReasons[reason], (double)norm, (double)norm_b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Solve_Darcy(HGPhysics p, Vec a, Vec u)
{
  Darcy *d = (Darcy *)p->data;

  PetscFunctionBegin;
  HGCheckOptions(!p->soft, p, "-physics_bc soft is for training; the equation darcy is solved with -physics_bc scheme");
  PetscCall(SetUpSolver(p, d));
  PetscCall(SetPermeability(p, d, a));
  PetscCall(FillMatrix(p, d));
  PetscCall(KSPSetOperators(d->ksp, d->A, d->A));
  PetscCall(KSPSolve(d->ksp, d->b, u));
  PetscCall(CheckConverged(p, d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the residual F(u) = -div(a grad u) - f, linear in u and symmetric ---- */

static PetscErrorCode SetInput_Darcy(HGPhysics p, PetscInt sample, Vec a)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)p);
  Darcy   *d    = (Darcy *)p->data;
  PetscInt na, nb;

  PetscFunctionBegin;
  HGCheck(a, comm, "Darcy's equation needs the permeability of sample %" PetscInt_FMT " as its input", sample);
  PetscCall(VecGetSize(a, &na));
  PetscCall(VecGetSize(d->b, &nb));
  HGCheck(na == nb, comm, "the input of sample %" PetscInt_FMT " has %g channels; the equation darcy takes 1, the permeability", sample,
          (double)na / (double)nb);
  PetscCall(SetPermeability(p, d, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Residual_Darcy(HGPhysics p, Vec u, Vec f)
{
  PetscFunctionBegin;
  PetscCall(Apply(p, u, ((Darcy *)p->data)->b, f));
  PetscCall(DropBoundary(p, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Darcy(HGPhysics p, Vec u, Vec w, Vec g)
{
  Vec inside = w;

  PetscFunctionBegin;
  (void)u;
  if (p->soft) {
    PetscCall(DMGetGlobalVector(p->dm, &inside));
    PetscCall(VecCopy(w, inside));
    PetscCall(DropBoundary(p, inside));
  }
  PetscCall(Apply(p, inside, NULL, g));
  if (p->soft) PetscCall(DMRestoreGlobalVector(p->dm, &inside));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* (dF/da)' w of a cell: its faces' fluxes T (u_P - u_N), with dT/da_P = 2 a_N^2 / (a_P + a_N)^2 / h^2 between cells */
static double CellDerivative(HGPhysics p, const Darcy *d, const PetscInt at[], ptrdiff_t here, const double *a, const double *u,
                             const double *w)
{
  double sum = 0;

  for (int axis = 3 - (int)p->dim; axis < 3; axis++) {
    const HGGridAxis *x = &p->axis[axis];
    const double      h = x->length / (double)x->size, unit = 2 / (h * h);
    const ptrdiff_t   step = d->block.stride[axis];

    for (int side = 0; side < 2; side++) {
      const ptrdiff_t n = here + (side ? step : -step);
      double          share, value;

      if (HasNeighbour(p, axis, at[axis], side)) {
        const double part = a[n] / (a[here] + a[n]);

        sum += unit * part * part * (u[here] - u[n]) * (w[here] - w[n]);
      } else {
        BoundaryFace(x, side, h, &share, &value);
        sum += unit * (share * u[here] - value) * w[here];
      }
    }
  }
  return sum;
}

static PetscErrorCode InputAdjoint_Darcy(HGPhysics p, Vec a, Vec u, Vec w, Vec g)
{
  Darcy             *d         = (Darcy *)p->data;
  const Vec          global[3] = {a, u, w};
  const PetscInt    *n         = d->block.n;
  Vec                local[3];
  const PetscScalar *v[3];
  PetscScalar       *out;
  PetscInt           s[3];

  PetscFunctionBegin;
  for (int k = 0; k < 3; k++) {
    PetscCall(DMGetLocalVector(d->dm, &local[k]));
    PetscCall(VecCopy(global[k], g)); /* of the penalty's w the cells beside the boundary do not count */
    if (k == 2) PetscCall(DropBoundary(p, g));
    PetscCall(DMGlobalToLocal(d->dm, g, INSERT_VALUES, local[k]));
    PetscCall(VecGetArrayRead(local[k], &v[k]));
    v[k] += d->block.first;
  }
  PetscCall(DMDAGetCorners(d->dm, &s[2], &s[1], &s[0], NULL, NULL, NULL));
  PetscCall(VecGetArrayWrite(g, &out));
#pragma omp parallel for schedule(static) if (n[0] * n[1] * n[2] > 8192)
  for (PetscInt i = 0; i < n[0] * n[1] * n[2]; i++) {
    const PetscInt at[3] = {i / n[2] / n[1], i / n[2] % n[1], i % n[2]}, all[3] = {s[0] + at[0], s[1] + at[1], s[2] + at[2]};

    out[i] = CellDerivative(p, d, all, at[0] * d->block.stride[0] + at[1] * d->block.stride[1] + at[2], v[0], v[1], v[2]);
  }
  PetscCall(VecRestoreArrayWrite(g, &out));
  for (int k = 0; k < 3; k++) {
    v[k] -= d->block.first;
    PetscCall(VecRestoreArrayRead(local[k], &v[k]));
    PetscCall(DMRestoreLocalVector(d->dm, &local[k]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The matrix of the last solve is symmetric, and the operator times the squared width of a cell */
static PetscErrorCode SolveAdjoint_Darcy(HGPhysics p, Vec u, Vec r, Vec lambda)
{
  Darcy          *d = (Darcy *)p->data;
  const PetscReal h = p->axis[2].length / (double)p->size[2];

  PetscFunctionBegin;
  (void)u;
  PetscCheck(d->ksp, PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER, "HGPhysicsSolveAdjoint() before HGPhysicsSolve()");
  PetscCall(VecCopy(r, d->b));
  PetscCall(VecScale(d->b, h * h));
  PetscCall(KSPSolve(d->ksp, d->b, lambda));
  PetscCall(CheckConverged(p, d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The operator for a permeability of one */
static PetscErrorCode NormOperator_Darcy(HGPhysics p, Mat *L)
{
  PetscFunctionBegin;
  PetscCall(HGPhysicsCreateDiffusion(p, 0, 1, L));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Options_Darcy(HGPhysics p, char text[], size_t len)
{
  PetscFunctionBegin;
  PetscCall(HGPhysicsAppendReal(text, len, "darcy_source", ((Darcy *)p->data)->source));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode View_Darcy(HGPhysics p, PetscViewer viewer)
{
  Darcy *d = (Darcy *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPrintf(viewer, "-div(a grad u) = %g\n", (double)d->source));
  PetscCall(HGPhysicsViewBoundary(p, viewer));
  if (d->field == HG_DARCY_BINARY) PetscCall(PetscViewerASCIIPrintf(viewer, "a = 12 or 3"));
  else PetscCall(PetscViewerASCIIPrintf(viewer, "a = exp(%g g)", (double)d->sigma));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_FALSE));
  PetscCall(PetscViewerASCIIPrintf(viewer, ", random field g: alpha %g, tau %g, %" PetscInt_FMT " modes in each direction\n",
                                   (double)d->alpha, (double)d->tau, d->modes));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_TRUE));
  if (d->ksp) PetscCall(KSPView(d->ksp, viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Darcy(HGPhysics p)
{
  Darcy *d = (Darcy *)p->data;

  PetscFunctionBegin;
  PetscCall(HGRandomFieldDestroy(&d->random));
  PetscCall(KSPDestroy(&d->ksp));
  PetscCall(DMDestroy(&d->dm));
  for (int a = 0; a < 3; a++) PetscCall(PetscFree(d->T[a]));
  PetscCall(MatDestroy(&d->A));
  PetscCall(VecDestroy(&d->b));
  PetscCall(VecDestroy(&d->local));
  PetscCall(VecDestroy(&d->f));
  PetscCall(PetscFree(d->value));
  PetscCall(PetscFree(p->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Equation_Darcy(HGPhysics p, const HGEquation **def, PetscReal parameter[])
{
  const Darcy *d = (Darcy *)p->data;

  PetscFunctionBegin;
  *def         = d->def;
  parameter[0] = d->source;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*MC
   HGPHYSICSDARCY - "darcy", steady flow through a porous medium: -div(a grad u) = f, u = 0 on the boundary unless
   `HGPhysicsSetBoundary()` says otherwise

   Options Database Keys:
+  -darcy_field binary|lognormal - permeability a: 12 or 3 by the sign of a Gaussian random field, or exp(sigma field) (default binary)
.  -darcy_alpha alpha            - exponent of the field's covariance (-Laplace + tau^2)^(-alpha) (default 2)
.  -darcy_tau tau                - inverse length of it (default 3)
.  -darcy_sigma sigma            - standard deviation of log a for lognormal, as averaged over the domain (default 1)
.  -darcy_modes n                - cosine modes in each direction (default 64)
-  -darcy_source f               - the source (default 1)

   Level: beginner

   Notes:
   Unknowns are at the centres of cells. The field and the binary permeability are those of Li et al., arXiv 2010.08895, appendix
   A.3.2; the field is scaled to unit variance, which the binary permeability does not notice.

   The solver is a `KSP` with the prefix of the equation: conjugate gradients with geometric multigrid to `-ksp_rtol 1e-10`.

   Units:
   none

.seealso: `HGPhysicsSetType()`
M*/
PetscErrorCode HGPhysicsCreate_Darcy(HGPhysics p)
{
  Darcy *d;

  PetscFunctionBegin;
  PetscCall(PetscNew(&d));
  d->alpha  = 2;
  d->tau    = 3;
  d->sigma  = 1;
  d->modes  = 64;
  d->source = 1;
  p->data   = d;
  PetscCall(HGEquationFind(HGPHYSICSDARCY, &d->def));
  p->title      = d->def->title;
  p->inputname  = d->def->input;
  p->outputname = d->def->output;
  p->unknowns = p->inputs = 1;

  p->ops->setfromoptions = SetFromOptions_Darcy;
  p->ops->setup          = SetUp_Darcy;
  p->ops->sampleinput    = SampleInput_Darcy;
  p->positive            = PETSC_TRUE;
  p->ops->solve          = Solve_Darcy;
  p->ops->setinput       = SetInput_Darcy;
  p->ops->residual       = Residual_Darcy;
  p->ops->adjoint        = Adjoint_Darcy;
  p->ops->inputadjoint   = InputAdjoint_Darcy;
  p->ops->solveadjoint   = SolveAdjoint_Darcy;
  p->ops->normoperator   = NormOperator_Darcy;
  p->ops->equation       = Equation_Darcy;
  p->ops->options        = Options_Darcy;
  p->ops->view           = View_Darcy;
  p->ops->destroy        = Destroy_Darcy;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckDarcy(HGPhysics p)
{
  PetscBool darcy;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)p, HGPHYSICSDARCY, &darcy));
  PetscCheck(darcy, PetscObjectComm((PetscObject)p), PETSC_ERR_ARG_WRONG, "the equation is not \"%s\"", HGPHYSICSDARCY);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsDarcySetField - Set how the permeability is drawn

   Logically Collective

   Input Parameters:
+  p     - Darcy's equation
-  field - the way

   Options Database Key:
.  -darcy_field binary|lognormal - the way

   Level: intermediate

.seealso: `HGDarcyField`, `HGPHYSICSDARCY`
@*/
PetscErrorCode HGPhysicsDarcySetField(HGPhysics p, HGDarcyField field)
{
  PetscFunctionBegin;
  PetscCall(CheckDarcy(p));
  ((Darcy *)p->data)->field = field;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsDarcySetSource - Set the source f

   Collective

   Input Parameters:
+  p     - Darcy's equation
.  value - the source where no field is given
-  f     - the source in each cell, a global vector of the grid's DMDA, or NULL

   Options Database Key:
.  -darcy_source f - a constant source (default 1)

   Level: intermediate

.seealso: `HGPHYSICSDARCY`
@*/
PetscErrorCode HGPhysicsDarcySetSource(HGPhysics p, PetscReal value, Vec f)
{
  Darcy *d = (Darcy *)p->data;

  PetscFunctionBegin;
  PetscCall(CheckDarcy(p));
  if (f) PetscCall(PetscObjectReference((PetscObject)f));
  PetscCall(VecDestroy(&d->f));
  d->f      = f;
  d->source = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGPhysicsDarcyGetKSP - Get the linear solver

   Not Collective

   Input Parameter:
.  p - Darcy's equation, set up

   Output Parameter:
.  ksp - the solver, owned by the equation

   Level: advanced

.seealso: `HGPHYSICSDARCY`
@*/
PetscErrorCode HGPhysicsDarcyGetKSP(HGPhysics p, KSP *ksp)
{
  PetscFunctionBegin;
  PetscCall(CheckDarcy(p));
  PetscCheck(p->setup, PetscObjectComm((PetscObject)p), PETSC_ERR_ORDER, "HGPhysicsDarcyGetKSP() before HGPhysicsSetUp()");
  PetscCall(SetUpSolver(p, (Darcy *)p->data));
  *ksp = ((Darcy *)p->data)->ksp;
  PetscFunctionReturn(PETSC_SUCCESS);
}
