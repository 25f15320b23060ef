/* SPDX-License-Identifier: BSD-2-Clause */
/* A built-in equation as an HGPhysics: parameters, options, set-up, view */
#include "physics/equation_impl.h"

static PetscErrorCode FindDef(HGPhysics p, const HGEquationDef **def)
{
  PetscFunctionBegin;
  *def = NULL;
  for (PetscInt i = 0; i < HGEquationDefCount; i++)
    if (!strcmp(HGEquationDefs[i]->name, ((PetscObject)p)->type_name)) *def = HGEquationDefs[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- parameters ---- */

static PetscErrorCode CheckParam(HGPhysics p, const HGParam *q, PetscReal value)
{
  const PetscBool good = value > q->least || (value == q->least && !q->open) ? PETSC_TRUE : PETSC_FALSE;

  PetscFunctionBegin;
  HGCheckOptions(good && !PetscIsInfOrNanReal(value), p, "-physics_%s %g (%s): give a %s number", q->name, (double)value, q->text,
                 q->open         ? "positive"
                 : q->least == 0 ? "positive number or zero; not a negative"
                                 : "finite");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetParameter_Equation(HGPhysics p, const char name[], PetscReal value, PetscBool *has)
{
  HGEquation *e = (HGEquation *)p->data;
  const int   q = HGEquationFindParam(e, p->dim, name);

  PetscFunctionBegin;
  *has = PETSC_TRUE;
  if (q >= 0) {
    PetscCall(CheckParam(p, &e->def->param[q], value));
    e->param[q] = value;
  } else if (!e->def->steady && !strcmp(name, "dt")) {
    HGCheckOptions(value > 0 && !PetscIsInfOrNanReal(value), p, "-physics_dt %g: give a positive number", (double)value);
    e->dt = value;
  } else *has = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetParameter_Equation(HGPhysics p, const char name[], PetscReal *value, PetscBool *has)
{
  HGEquation *e = (HGEquation *)p->data;
  const int   q = HGEquationFindParam(e, p->dim, name);

  PetscFunctionBegin;
  *has = PETSC_TRUE;
  if (q >= 0) *value = e->param[q];
  else if (!e->def->steady && !strcmp(name, "dt")) *value = e->dt;
  else *has = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- set-up ---- */

static PetscErrorCode Options_Equation(HGPhysics p, char text[], size_t len)
{
  HGEquation *e = (HGEquation *)p->data;
  char        name[64];

  PetscFunctionBegin;
  for (int i = 0; i < e->def->nparams; i++) {
    PetscCall(PetscSNPrintf(name, sizeof(name), "physics_%s", e->def->param[i].name));
    PetscCall(HGPhysicsAppendReal(text, len, name, e->param[i]));
  }
  if (!e->def->steady) {
    PetscCall(HGPhysicsAppendReal(text, len, "physics_dt", e->dt));
    PetscCall(HGPhysicsAppendReal(text, len, "physics_theta", e->theta));
  }
  if (e->spectral) PetscCall(PetscStrlcat(text, " -physics_derivative spectral", len));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetFromOptions_Equation(HGPhysics p)
{
  MPI_Comm    comm       = PetscObjectComm((PetscObject)p);
  HGEquation *e          = (HGEquation *)p->data;
  PetscInt    derivative = e->spectral ? 1 : 0;
  char        option[64];

  PetscFunctionBegin;
  PetscCall(HGPhysicsBoundarySetFromOptions(p));
  PetscOptionsBegin(comm, ((PetscObject)p)->prefix, "Built-in equation", "HGPhysics");
  for (int i = 0; i < e->def->nparams; i++) {
    const HGParam *q = &e->def->param[i];

    PetscCall(PetscSNPrintf(option, sizeof(option), "-physics_%s", q->name));
    PetscCall(HGOptionsReal(option, q->text, "HGPhysicsSetParameter", q->open && q->least == 0 ? HG_POSITIVE : q->least, PETSC_MAX_REAL,
                            &e->param[i], NULL));
  }
  if (!e->def->steady) {
    PetscCall(HGOptionsReal("-physics_dt", "time step from the input to the output", "HGPhysicsSetParameter", HG_POSITIVE, PETSC_MAX_REAL,
                            &e->dt, NULL));
    PetscCall(
        HGOptionsReal("-physics_theta", "1 for backward Euler, 0.5 for Crank-Nicolson", "HGPhysicsType", HG_POSITIVE, 1, &e->theta, NULL));
  }
  PetscCall(HGOptionsChoice("-physics_derivative", "fd (differences) or spectral (Fourier, all axes periodic)", "HGPhysicsType",
                            (const char *const[]){"fd", "spectral"}, 2, &derivative, NULL));
  PetscCall(HGOptionsReal("-physics_field_alpha", "smoothness of the random fields, covariance (-Laplace + tau^2)^(-alpha)",
                          "HGPhysicsSampleInput", HG_POSITIVE, PETSC_MAX_REAL, &e->alpha, NULL));
  PetscCall(
      HGOptionsReal("-physics_field_tau", "inverse length of the random fields", "HGPhysicsSampleInput", 0, PETSC_MAX_REAL, &e->tau, NULL));
  PetscCall(HGOptionsReal("-physics_field_sigma", "standard deviation of the random fields", "HGPhysicsSampleInput", 0, PETSC_MAX_REAL,
                          &e->sigma, NULL));
  PetscCall(HGOptionsInt("-physics_field_modes", "modes of the random fields in each direction", "HGPhysicsSampleInput", 2, 1024, &e->modes,
                         NULL));
  PetscOptionsEnd();
  e->spectral = derivative ? PETSC_TRUE : PETSC_FALSE;
  for (int i = 0; i < e->def->nparams; i++) PetscCall(CheckParam(p, &e->def->param[i], e->param[i]));
  HGCheckOptions(e->alpha > 0.5 * (PetscReal)p->dim, p,
                 "-physics_field_alpha %g: the field has no finite variance; give more than dim/2 = %g", (double)e->alpha,
                 0.5 * (double)p->dim);
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
  HGCheckOptions(e->def->screening > 0, p,
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

static PetscErrorCode SetUp_Equation(HGPhysics p)
{
  HGEquation   *e = (HGEquation *)p->data;
  const HGTerm *t;
  PetscInt      points;

  PetscFunctionBegin;
  PetscCall(CheckSingular(p, e));
  PetscCall(SetUpDifferences(p, e));
  points = e->block.n[0] * e->block.n[1] * e->block.n[2];
  for (PetscInt k = 0; k < HGEquationTerms(p, &t); k++) {
    double **v = &e->v[t[k].unknown][t[k].var];

    if (!*v) PetscCall(PetscCalloc1(points, v));
  }
  for (PetscInt k = 0; k < p->unknowns; k++) {
    if (e->spectral && !e->v[k][V_U]) PetscCall(PetscCalloc1(points, &e->v[k][V_U]));
    PetscCall(PetscMalloc1(points, &e->r[k]));
  }
  PetscCall(PetscMalloc1(points, &e->q));
  PetscCall(DMCreateLocalVector(e->dm, &e->local));
  PetscCall(VecDuplicate(e->local, &e->adjoint));
  PetscCall(VecGetLocalSize(e->local, &e->points));
  e->points /= p->unknowns;
  PetscCall(HGAgree(PetscObjectComm((PetscObject)p), e->points == points ? PETSC_TRUE : PETSC_FALSE, &e->alone));
  if (p->unknowns > 1) PetscCall(PetscMalloc1(e->points * p->unknowns, &e->planes));
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
  for (int i = 0; i < e->def->nparams; i++) {
    PetscCall(PetscViewerASCIIPrintf(viewer, "%s%s = %g", i ? ", " : "", e->def->param[i].name, (double)e->param[i]));
    PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_FALSE));
  }
  if (!e->def->steady) PetscCall(PetscViewerASCIIPrintf(viewer, ", dt = %g, theta = %g", (double)e->dt, (double)e->theta));
  PetscCall(PetscViewerASCIIPrintf(viewer, "\n"));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_TRUE));
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
  p->ops->setinput         = HGEquationSetInput;
  p->ops->residual         = HGEquationResidual;
  p->ops->adjoint          = HGEquationAdjoint;
  p->ops->normoperator     = HGEquationNormOperator;
  p->ops->setparameter     = SetParameter_Equation;
  p->ops->getparameter     = GetParameter_Equation;
  p->ops->parameteradjoint = HGEquationParameterAdjoint;
  p->ops->inputadjoint     = HGEquationInputAdjoint;
  p->ops->solveadjoint     = HGEquationSolveAdjoint;
  p->ops->options          = Options_Equation;
  p->ops->view             = View_Equation;
  p->ops->destroy          = Destroy_Equation;
  PetscFunctionReturn(PETSC_SUCCESS);
}
