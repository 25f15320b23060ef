/* SPDX-License-Identifier: BSD-2-Clause */
/* A built-in equation as an HGPhysics: parameters, options, set-up, view */
#include "physics/grid/grid_impl.h"

/* ---- parameters ---- */

static PetscErrorCode CheckParameter(HGPhysics p, const HGEquationParameter *q, PetscReal value)
{
  const PetscBool good = value > q->least || (value == q->least && !q->open) ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  HGCheckOptions(good && !PetscIsInfOrNanReal(value), p, "-physics_%s %g (%s): give a %s number", q->name, (double)value, q->text,
                 q->open         ? "positive"
                 : q->least == 0 ? "positive number or zero; not a negative"
                                 : "finite");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetParameter_Grid(HGPhysics p, const char name[], PetscReal value, PetscBool *has)
{
  HGGridEquation *e = (HGGridEquation *)p->data;
  const int       q = HGEquationFindParameter(e->def, p->dim, name);

  PetscFunctionBegin;
  *has = PETSC_TRUE;
  if (q >= 0) {
    PetscCall(CheckParameter(p, &e->def->parameter[q], value));
    e->parameter[q] = value;
  } else if (!HGEquationIsSteady(e->def) && !strcmp(name, "dt")) {
    HGCheckOptions(value > 0 && !PetscIsInfOrNanReal(value), p, "-physics_dt %g: give a positive number", (double)value);
    e->dt = value;
  } else *has = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetParameter_Grid(HGPhysics p, const char name[], PetscReal *value, PetscBool *has)
{
  HGGridEquation *e = (HGGridEquation *)p->data;
  const int       q = HGEquationFindParameter(e->def, p->dim, name);

  PetscFunctionBegin;
  *has = PETSC_TRUE;
  if (q >= 0) *value = e->parameter[q];
  else if (!HGEquationIsSteady(e->def) && !strcmp(name, "dt")) *value = e->dt;
  else *has = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- set-up ---- */

static PetscErrorCode Options_Grid(HGPhysics p, char text[], size_t len)
{
  HGGridEquation *e = (HGGridEquation *)p->data;
  char            name[64];

  PetscFunctionBegin;
  for (int i = 0; i < e->def->nparameters; i++) {
    PetscCall(PetscSNPrintf(name, sizeof(name), "physics_%s", e->def->parameter[i].name));
    PetscCall(HGPhysicsAppendReal(text, len, name, e->parameter[i]));
  }
  if (!HGEquationIsSteady(e->def)) {
    PetscCall(HGPhysicsAppendReal(text, len, "physics_dt", e->dt));
    PetscCall(HGPhysicsAppendReal(text, len, "physics_theta", e->theta));
  }
  if (e->spectral) PetscCall(PetscStrlcat(text, " -physics_derivative spectral", len));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetFromOptions_Grid(HGPhysics p)
{
  MPI_Comm        comm       = PetscObjectComm((PetscObject)p);
  HGGridEquation *e          = (HGGridEquation *)p->data;
  PetscInt        derivative = e->spectral ? 1 : 0;
  char            option[64];

  PetscFunctionBegin;
  PetscCall(HGPhysicsBoundarySetFromOptions(p));
  PetscOptionsBegin(comm, ((PetscObject)p)->prefix, "Built-in equation", "HGPhysics");
  for (int i = 0; i < e->def->nparameters; i++) {
    const HGEquationParameter *q = &e->def->parameter[i];

    PetscCall(PetscSNPrintf(option, sizeof(option), "-physics_%s", q->name));
    PetscCall(HGOptionsReal(PetscOptionsObject, option, q->text, "HGPhysicsSetParameter", q->open && q->least == 0 ? HG_POSITIVE : q->least,
                            PETSC_MAX_REAL, &e->parameter[i], NULL));
  }
  if (!HGEquationIsSteady(e->def)) {
    PetscCall(HGOptionsReal(PetscOptionsObject, "-physics_dt", "time step from the input to the output", "HGPhysicsSetParameter",
                            HG_POSITIVE, PETSC_MAX_REAL, &e->dt, NULL));
    PetscCall(HGOptionsReal(PetscOptionsObject, "-physics_theta", "1 for backward Euler, 0.5 for Crank-Nicolson", "HGPhysicsType",
                            HG_POSITIVE, 1, &e->theta, NULL));
  }
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-physics_derivative", "fd (differences) or spectral (Fourier, all axes periodic)",
                            "HGPhysicsType", (const char *const[]){"fd", "spectral"}, 2, &derivative, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-physics_field_alpha",
                          "smoothness of the random fields, covariance (-Laplace + tau^2)^(-alpha)", "HGPhysicsSampleInput", HG_POSITIVE,
                          PETSC_MAX_REAL, &e->alpha, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-physics_field_tau", "inverse length of the random fields", "HGPhysicsSampleInput", 0,
                          PETSC_MAX_REAL, &e->tau, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-physics_field_sigma", "standard deviation of the random fields", "HGPhysicsSampleInput", 0,
                          PETSC_MAX_REAL, &e->sigma, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-physics_field_modes", "modes of the random fields in each direction", "HGPhysicsSampleInput",
                         2, 1024, &e->modes, NULL));
  PetscOptionsEnd();
  e->spectral = derivative ? PETSC_TRUE : PETSC_FALSE;
  for (int i = 0; i < e->def->nparameters; i++) PetscCall(CheckParameter(p, &e->def->parameter[i], e->parameter[i]));
  HGCheckOptions(e->alpha > 0.5 * (PetscReal)p->dim, p,
                 "-physics_field_alpha %g: the field has no finite variance; give more than dim/2 = %g", (double)e->alpha,
                 0.5 * (double)p->dim);
  e->options = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Channels_Grid(HGPhysics p)
{
  HGGridEquation *e = (HGGridEquation *)p->data;

  PetscFunctionBegin;
  HGCheck(p->dim >= e->def->dims[0] && p->dim <= e->def->dims[1], PetscObjectComm((PetscObject)p),
          "the equation %s has %d to %d dimensions; the grid has %" PetscInt_FMT, e->def->name, e->def->dims[0], e->def->dims[1], p->dim);
  e->unknowns = p->unknowns = p->inputs = HGEquationGetUnknowns(e->def, p->dim);
  for (PetscInt k = 0; k < p->unknowns; k++) p->homogeneous[k] = e->def->homogeneous[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An elliptic row needs a side that holds it, or its screening */
static PetscErrorCode CheckSingular(HGPhysics p, HGGridEquation *e)
{
  const int screen = e->def->elliptic - 1;
  PetscReal length = 0;
  PetscBool held   = PETSC_FALSE;

  PetscFunctionBegin;
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    length = PetscMax(length, p->axis[a].length);
    for (int s = 0; s < 2; s++)
      if (p->axis[a].side[s].alpha > 0) held = PETSC_TRUE;
  }
  if (!e->def->elliptic || held || p->soft || e->parameter[screen] > 0) PetscFunctionReturn(PETSC_SUCCESS);
  HGCheckOptions(e->def->screening > 0, p,
                 "the equation %s with neumann or periodic conditions on all sides determines its solution up to a constant only; give "
                 "-physics_%s a positive number, or a dirichlet or robin side",
                 e->def->name, e->def->parameter[screen].name);
  e->parameter[screen] = e->def->screening / (length * length);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpDifferences(HGPhysics p, HGGridEquation *e)
{
  PetscInt s[3], n[3], reach = 1;

  PetscFunctionBegin;
  for (int a = 3 - (int)p->dim; a < 3; a++) {
    HGCheckOptions(!e->spectral || p->axis[a].periodic, p,
                   "-physics_derivative spectral: %c is not periodic; give -physics_bc_%c periodic, or use fd", "zyx"[a], "zyx"[a]);
    reach = PetscMax(reach, e->spectral ? 1 : HGAxisReach(&p->axis[a], (int)p->order));
  }
  PetscCall(HGPhysicsCreateGhosted(p, p->unknowns, reach, PETSC_FALSE, &e->dm));
  PetscCall(HGBlockOfDM(e->dm, &e->block));
  e->planar = e->block;
  e->planar.first /= p->unknowns;
  for (int a = 0; a < 3; a++) e->planar.stride[a] /= p->unknowns;
  e->row = (PetscInt)e->planar.stride[1];
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

static PetscErrorCode SetUp_Grid(HGPhysics p)
{
  HGGridEquation       *e = (HGGridEquation *)p->data;
  const HGEquationTerm *t;
  PetscInt              points;

  PetscFunctionBegin;
  PetscCall(CheckSingular(p, e));
  PetscCall(SetUpDifferences(p, e));
  points = e->block.n[0] * e->block.n[1] * e->block.n[2];
  for (PetscInt k = 0; k < HGGridTerms(p, &t); k++) {
    double **v = &e->v[t[k].unknown][t[k].variable];

    if (!*v) PetscCall(PetscCalloc1(points, v));
  }
  for (PetscInt k = 0; k < p->unknowns; k++) {
    if (e->spectral && !e->v[k][HG_VALUE]) PetscCall(PetscCalloc1(points, &e->v[k][HG_VALUE]));
    PetscCall(PetscMalloc1(points, &e->r[k]));
  }
  PetscCall(PetscMalloc1(points, &e->q));
  PetscCall(DMCreateLocalVector(e->dm, &e->local));
  PetscCall(VecDuplicate(e->local, &e->adjoint));
  PetscCall(VecGetLocalSize(e->local, &e->points));
  e->points /= p->unknowns;
  PetscCall(HGAgree(PetscObjectComm((PetscObject)p), e->points == points ? PETSC_TRUE : PETSC_FALSE, &e->no_ghosts));
  if (p->unknowns > 1) PetscCall(PetscMalloc1(e->points * p->unknowns, &e->planes));
  PetscCall(DMCreateGlobalVector(p->dm, &e->a));
  PetscCall(VecDuplicate(e->a, &e->b));
  PetscCall(VecDuplicate(e->a, &e->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Equation_Grid(HGPhysics p, const HGEquation **def, PetscReal parameter[])
{
  const HGGridEquation *e = (HGGridEquation *)p->data;

  PetscFunctionBegin;
  *def = e->def;
  PetscCall(PetscArraycpy(parameter, e->parameter, e->def->nparameters));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode View_Grid(HGPhysics p, PetscViewer viewer)
{
  HGGridEquation *e = (HGGridEquation *)p->data;

  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPrintf(viewer, "%s\n", e->def->title));
  for (int i = 0; i < e->def->nparameters; i++) {
    PetscCall(PetscViewerASCIIPrintf(viewer, "%s%s = %g", i ? ", " : "", e->def->parameter[i].name, (double)e->parameter[i]));
    PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_FALSE));
  }
  if (!HGEquationIsSteady(e->def)) PetscCall(PetscViewerASCIIPrintf(viewer, ", dt = %g, theta = %g", (double)e->dt, (double)e->theta));
  PetscCall(PetscViewerASCIIPrintf(viewer, "\n"));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_TRUE));
  if (e->spectral) PetscCall(PetscViewerASCIIPrintf(viewer, "derivatives: spectral\n"));
  else PetscCall(PetscViewerASCIIPrintf(viewer, "derivatives: differences of order %" PetscInt_FMT "\n", p->order));
  PetscCall(HGPhysicsViewBoundary(p, viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Grid(HGPhysics p)
{
  HGGridEquation *e = (HGGridEquation *)p->data;

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
    for (int var = 0; var < HG_VARIABLES; var++) PetscCall(PetscFree(e->v[k][var]));
    PetscCall(PetscFree(e->r[k]));
  }
  for (int k = 0; k < HG_EQUATION_TERMS; k++) PetscCall(PetscFree(e->P[k]));
  PetscCall(PetscFree(e->q));
  PetscCall(PetscFree(e->column));
  PetscCall(PetscFree(e->planes));
  PetscCall(VecDestroy(&e->local));
  PetscCall(VecDestroy(&e->adjoint));
  PetscCall(VecDestroy(&e->a));
  PetscCall(VecDestroy(&e->b));
  PetscCall(VecDestroy(&e->work));
  PetscCall(SNESDestroy(&e->snes));
  PetscCall(TSDestroy(&e->ts));
  PetscCall(MatDestroy(&e->J));
  PetscCall(MatDestroy(&e->Jt));
  PetscCall(MatDestroy(&e->At));
  PetscCall(KSPDestroy(&e->adjoint_ksp));
  PetscCall(MatDestroy(&e->A));
  PetscCall(DMDestroy(&e->dm));
  PetscCall(PetscFree(p->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGPhysicsCreate_Grid(HGPhysics p)
{
  HGGridEquation *e;

  PetscFunctionBegin;
  PetscCall(PetscNew(&e));
  p->data = e;
  PetscCall(HGEquationFind(((PetscObject)p)->type_name, &e->def));
  p->title      = e->def->title;
  p->inputname  = e->def->input;
  p->outputname = e->def->output;
  for (int i = 0; i < e->def->nparameters; i++) e->parameter[i] = e->def->parameter[i].value;
  e->dt    = 0.1;
  e->theta = 1;
  e->alpha = e->def->alpha;
  e->tau   = 3;
  e->sigma = e->def->sigma > 0 ? e->def->sigma : 1;
  e->modes = 32;

  p->ops->setfromoptions   = SetFromOptions_Grid;
  p->ops->channels         = Channels_Grid;
  p->ops->setup            = SetUp_Grid;
  p->ops->sampleinput      = HGGridSampleInput;
  p->ops->solve            = HGGridSolve;
  p->ops->setinput         = HGGridSetInput;
  p->ops->residual         = HGGridResidual;
  p->ops->adjoint          = HGGridAdjoint;
  p->ops->normoperator     = HGGridNormOperator;
  p->ops->setparameter     = SetParameter_Grid;
  p->ops->getparameter     = GetParameter_Grid;
  p->ops->parameteradjoint = HGGridParameterAdjoint;
  p->ops->inputadjoint     = HGGridInputAdjoint;
  p->ops->solveadjoint     = HGGridSolveAdjoint;
  p->ops->options          = Options_Grid;
  p->ops->equation         = Equation_Grid;
  p->ops->view             = View_Grid;
  p->ops->destroy          = Destroy_Grid;
  PetscFunctionReturn(PETSC_SUCCESS);
}
