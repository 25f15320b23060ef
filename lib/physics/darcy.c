/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Steady Darcy flow, -div(a grad u) = f on the unit interval, square or cube, u = 0 on the boundary: cell-centred finite volumes,
   second order. The flux through a face is T (u_P - u_N), T = area / distance times the harmonic mean of a on both
   sides; a boundary face is half a cell away from the centre.
*/
#include "physics/physics_impl.h"

typedef struct {
  PetscReal     alpha, tau, sigma, source;
  PetscInt      modes;
  HGDarcyField  field;
  HGRandomField random;
  KSP           ksp;
  Mat           A;
  Vec           b, local, f; /* right-hand side, a with ghost points, source field or NULL */
  PetscScalar  *value;       /* [cells][7] of the matrix, as in MatSetValuesCOO() */
  PetscBool     options;     /* KSPSetFromOptions() is wanted */
} Darcy;

#define ENTRIES 7 /* of a matrix row: the diagonal, then the neighbours -z, +z, -y, +y, -x, +x */

static PetscErrorCode SetFromOptions_Darcy(HGPhysics p)
{
  static const char *const fields[] = {"binary", "lognormal"};
  MPI_Comm                 comm     = PetscObjectComm((PetscObject)p);
  Darcy                   *d        = (Darcy *)p->data;
  char                     field[16];
  PetscBool                set, binary, lognormal;

  PetscFunctionBegin;
  PetscOptionsBegin(comm, ((PetscObject)p)->prefix, "Darcy's equation (HGPHYSICSDARCY) options", "HGPhysics");
  PetscCall(PetscOptionsString("-darcy_field", "permeability: binary (12 or 3), or lognormal (exp(sigma field))", "HGPhysicsDarcySetField", fields[d->field], field, sizeof(field), &set));
  PetscCall(PetscOptionsReal("-darcy_alpha", "smoothness of the random field, covariance (-Laplace + tau^2)^(-alpha)", "HGPHYSICSDARCY", d->alpha, &d->alpha, NULL));
  PetscCall(PetscOptionsReal("-darcy_tau", "inverse length of the random field", "HGPHYSICSDARCY", d->tau, &d->tau, NULL));
  PetscCall(PetscOptionsReal("-darcy_sigma", "standard deviation of log a, for lognormal", "HGPHYSICSDARCY", d->sigma, &d->sigma, NULL));
  PetscCall(PetscOptionsInt("-darcy_modes", "cosine modes of the random field in each direction", "HGPHYSICSDARCY", d->modes, &d->modes, NULL));
  PetscCall(PetscOptionsReal("-darcy_source", "source f", "HGPhysicsDarcySetSource", d->source, &d->source, NULL));
  PetscOptionsEnd();
  if (set) {
    PetscCall(PetscStrcmp(field, fields[HG_DARCY_BINARY], &binary));
    PetscCall(PetscStrcmp(field, fields[HG_DARCY_LOGNORMAL], &lognormal));
    HGCheck(binary || lognormal, comm, "-darcy_field %s: give binary or lognormal", field);
    d->field = binary ? HG_DARCY_BINARY : HG_DARCY_LOGNORMAL;
  }
  HGCheck(d->alpha > 0.5 * (PetscReal)p->dim, comm, "-darcy_alpha %g: the field has no finite variance; give more than dim/2 = %g", (double)d->alpha, 0.5 * (double)p->dim);
  HGCheck(d->tau >= 0 && !PetscIsInfOrNanReal(d->tau), comm, "-darcy_tau %g: give zero or a positive number", (double)d->tau);
  HGCheck(d->sigma >= 0 && !PetscIsInfOrNanReal(d->sigma), comm, "-darcy_sigma %g: give zero or a positive number", (double)d->sigma);
  HGCheck(d->modes >= 2 && d->modes <= 1024, comm, "-darcy_modes %" PetscInt_FMT ": give 2 to 1024", d->modes);
  HGCheck(!PetscIsInfOrNanReal(d->source), comm, "-darcy_source %g: give a finite number", (double)d->source);
  d->options = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rows and columns of the matrix entries; the order is that of FillEntries() */
static PetscErrorCode CreateMatrix(HGPhysics p, Darcy *d)
{
  ISLocalToGlobalMapping map;
  PetscInt               s[3], n[3], gs[3], gn[3], cells, *row, *col, k = 0;
  const PetscInt        *global;

  PetscFunctionBegin;
  PetscCall(DMDAGetCorners(p->dm, &s[2], &s[1], &s[0], &n[2], &n[1], &n[0]));
  PetscCall(DMDAGetGhostCorners(p->dm, &gs[2], &gs[1], &gs[0], &gn[2], &gn[1], &gn[0]));
  PetscCall(DMGetLocalToGlobalMapping(p->dm, &map));
  PetscCall(ISLocalToGlobalMappingGetIndices(map, &global));
  cells                = n[0] * n[1] * n[2];
  const PetscInt st[3] = {gn[1] * gn[2], gn[2], 1};

  PetscCall(PetscMalloc1(cells * ENTRIES, &d->value));
  PetscCall(PetscMalloc2(cells * ENTRIES, &row, cells * ENTRIES, &col));
  for (PetscInt c = 0; c < cells; c++) {
    const PetscInt at[3] = {s[0] + c / n[2] / n[1], s[1] + c / n[2] % n[1], s[2] + c % n[2]};
    const PetscInt here  = (at[0] - gs[0]) * st[0] + (at[1] - gs[1]) * st[1] + (at[2] - gs[2]) * st[2];

    row[k]   = global[here];
    col[k++] = global[here];
    for (int a = 0; a < 3; a++) {
      for (int side = -1; side <= 1; side += 2) {
        const PetscBool inside = at[a] + side >= 0 && at[a] + side < p->size[a] ? PETSC_TRUE : PETSC_FALSE;

        row[k]   = inside ? global[here] : -1;
        col[k++] = inside ? global[here + side * st[a]] : -1;
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

static PetscErrorCode SetUp_Darcy(HGPhysics p)
{
  Darcy *d = (Darcy *)p->data;
  PC     pc;

  PetscFunctionBegin;
  d->random.dim   = p->dim;
  d->random.modes = d->modes;
  d->random.alpha = d->alpha;
  d->random.tau   = d->tau;
  PetscCall(HGRandomFieldSetUp(&d->random, p->dm));
  PetscCall(CreateMatrix(p, d));
  PetscCall(DMCreateGlobalVector(p->dm, &d->b));
  PetscCall(DMCreateLocalVector(p->dm, &d->local));
  PetscCall(KSPCreate(PetscObjectComm((PetscObject)p), &d->ksp));
  PetscCall(KSPSetOptionsPrefix(d->ksp, ((PetscObject)p)->prefix));
  PetscCall(KSPSetType(d->ksp, KSPCG));
  PetscCall(KSPSetTolerances(d->ksp, 1e-10, 1e-50, PETSC_DEFAULT, 500));
  PetscCall(KSPSetOperators(d->ksp, d->A, d->A));
  PetscCall(KSPGetPC(d->ksp, &pc));
  PetscCall(HGGridMultigrid(p->dm, pc));
  if (d->options) PetscCall(KSPSetFromOptions(d->ksp));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SampleInput_Darcy(HGPhysics p, uint64_t seed, PetscInt sample, Vec a)
{
  Darcy       *d = (Darcy *)p->data;
  PetscScalar *v;
  PetscInt     n;

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(a, &n));
  PetscCall(VecGetArrayWrite(a, &v));
  PetscCall(HGRandomFieldSample(&d->random, seed, sample, v));
  for (PetscInt i = 0; i < n; i++) v[i] = d->field == HG_DARCY_BINARY ? (v[i] >= 0 ? 12 : 3) : PetscExpScalar(d->sigma * v[i]);
  PetscCall(VecRestoreArrayWrite(a, &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscScalar Harmonic(PetscScalar a, PetscScalar b)
{
  return 2 * a * b / (a + b);
}

/*
   The matrix entries of all cells of this rank; a is [z][y][x] with ghost points. Equations are multiplied by the volume over the area
   of an x face times its distance, so that entries are of size a on every grid.
*/
static void FillEntries(HGPhysics p, Darcy *d, const PetscScalar *a, const PetscInt s[], const PetscInt n[], const PetscInt gs[], const PetscInt gn[])
{
  const PetscInt st[3] = {gn[1] * gn[2], gn[2], 1};
  PetscScalar    t[3];

  for (int k = 0; k < 3; k++) t[k] = (PetscScalar)p->size[k] * (PetscScalar)p->size[k] / ((PetscScalar)p->size[2] * (PetscScalar)p->size[2]);
#pragma omp parallel for collapse(2) schedule(static) if (n[0] * n[1] * n[2] > 32768)
  for (PetscInt z = 0; z < n[0]; z++) {
    for (PetscInt y = 0; y < n[1]; y++) {
      for (PetscInt x = 0; x < n[2]; x++) {
        const PetscInt     at[3] = {s[0] + z, s[1] + y, s[2] + x};
        const PetscScalar *here  = a + (at[0] - gs[0]) * st[0] + (at[1] - gs[1]) * st[1] + at[2] - gs[2];
        PetscScalar       *v     = d->value + ((z * n[1] + y) * n[2] + x) * ENTRIES;

        v[0] = 0;
        for (int k = 0; k < 3; k++) {
          for (int up = 0; up < 2; up++) {
            const PetscBool   inside = up ? at[k] + 1 < p->size[k] : at[k] > 0;
            const PetscScalar T      = p->size[k] == 1 && k < 3 - p->dim ? 0 : inside ? t[k] * Harmonic(*here, here[up ? st[k] : -st[k]]) : 2 * t[k] * *here;

            v[1 + 2 * k + up] = -T;
            v[0] += T;
          }
        }
      }
    }
  }
}

static PetscErrorCode Assemble(HGPhysics p, Darcy *d, Vec a)
{
  const PetscScalar *v;
  PetscInt           s[3], n[3], gs[3], gn[3];

  PetscFunctionBegin;
  PetscCall(DMGlobalToLocal(p->dm, a, INSERT_VALUES, d->local));
  PetscCall(DMDAGetCorners(p->dm, &s[2], &s[1], &s[0], &n[2], &n[1], &n[0]));
  PetscCall(DMDAGetGhostCorners(p->dm, &gs[2], &gs[1], &gs[0], &gn[2], &gn[1], &gn[0]));
  PetscCall(VecGetArrayRead(d->local, &v));
  FillEntries(p, d, v, s, n, gs, gn);
  PetscCall(VecRestoreArrayRead(d->local, &v));
  PetscCall(MatSetValuesCOO(d->A, d->value, INSERT_VALUES));
  if (d->f) PetscCall(VecCopy(d->f, d->b));
  else PetscCall(VecSet(d->b, d->source));
  PetscCall(VecScale(d->b, 1 / ((PetscScalar)p->size[2] * (PetscScalar)p->size[2])));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckConverged(HGPhysics p, Darcy *d)
{
  MPI_Comm           comm = PetscObjectComm((PetscObject)p);
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
  HGCheck(PETSC_FALSE, comm, "the Darcy solver%s stopped after %" PetscInt_FMT " iterations: %s, residual %g for a right-hand side of %g; change -ksp_max_it, -ksp_rtol or -pc_type", of, p->iterations, KSPConvergedReasons[reason], (double)norm, (double)norm_b);
}

static PetscErrorCode Solve_Darcy(HGPhysics p, Vec a, Vec u)
{
  Darcy *d = (Darcy *)p->data;

  PetscFunctionBegin;
  PetscCall(Assemble(p, d, a));
  PetscCall(KSPSetOperators(d->ksp, d->A, d->A));
  PetscCall(KSPSolve(d->ksp, d->b, u));
  PetscCall(CheckConverged(p, d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the residual F(u) = -div(a grad u) - f, linear in u and symmetric; the matrix is scaled, F is not ---- */

static PetscErrorCode SetInput_Darcy(HGPhysics p, PetscInt sample, Vec a)
{
  PetscFunctionBegin;
  HGCheck(a, PetscObjectComm((PetscObject)p), "Darcy's equation needs the permeability of sample %" PetscInt_FMT " as its input", sample);
  PetscCall(Assemble(p, (Darcy *)p->data, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Residual_Darcy(HGPhysics p, Vec u, Vec f)
{
  Darcy *d = (Darcy *)p->data;

  PetscFunctionBegin;
  PetscCall(MatMult(d->A, u, f));
  PetscCall(VecAXPY(f, -1, d->b));
  PetscCall(VecScale(f, (PetscScalar)p->size[2] * (PetscScalar)p->size[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Darcy(HGPhysics p, Vec u, Vec w, Vec g)
{
  Darcy *d = (Darcy *)p->data;

  PetscFunctionBegin;
  (void)u;
  PetscCall(MatMultTranspose(d->A, w, g));
  PetscCall(VecScale(g, (PetscScalar)p->size[2] * (PetscScalar)p->size[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode View_Darcy(HGPhysics p, PetscViewer viewer)
{
  Darcy *d = (Darcy *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPrintf(viewer, "-div(a grad u) = %g, u = 0 on the boundary\n", (double)d->source));
  if (d->field == HG_DARCY_BINARY) PetscCall(PetscViewerASCIIPrintf(viewer, "a = 12 or 3"));
  else PetscCall(PetscViewerASCIIPrintf(viewer, "a = exp(%g g)", (double)d->sigma));
  PetscCall(PetscViewerASCIIPrintf(viewer, ", random field g: alpha %g, tau %g, %" PetscInt_FMT " modes in each direction\n", (double)d->alpha, (double)d->tau, d->modes));
  if (d->ksp) PetscCall(KSPView(d->ksp, viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Darcy(HGPhysics p)
{
  Darcy *d = (Darcy *)p->data;

  PetscFunctionBegin;
  PetscCall(HGRandomFieldDestroy(&d->random));
  PetscCall(KSPDestroy(&d->ksp));
  PetscCall(MatDestroy(&d->A));
  PetscCall(VecDestroy(&d->b));
  PetscCall(VecDestroy(&d->local));
  PetscCall(VecDestroy(&d->f));
  PetscCall(PetscFree(d->value));
  PetscCall(PetscFree(p->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*MC
   HGPHYSICSDARCY - "darcy", steady flow through a porous medium: -div(a grad u) = f on the unit interval, square or cube, u = 0 on
   the boundary

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

  p->ops->setfromoptions = SetFromOptions_Darcy;
  p->ops->setup          = SetUp_Darcy;
  p->ops->sampleinput    = SampleInput_Darcy;
  p->ops->solve          = Solve_Darcy;
  p->ops->setinput       = SetInput_Darcy;
  p->ops->residual       = Residual_Darcy;
  p->ops->adjoint        = Adjoint_Darcy;
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
  *ksp = ((Darcy *)p->data)->ksp;
  PetscFunctionReturn(PETSC_SUCCESS);
}
