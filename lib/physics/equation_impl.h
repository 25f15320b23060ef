/* SPDX-License-Identifier: BSD-2-Clause */
/* The built-in equations of differences: what boundary.c, difference.c, equation.c, equationsetup.c, equationsolve.c, equations.c and spectral.c share */
#ifndef HGEQUATION_IMPL_H
#define HGEQUATION_IMPL_H

#include "physics/physics_impl.h"
#include <petscts.h>

#define HG_MAX_TERMS  24
#define HG_MAX_PARAMS 6

/* A derivative along an axis, see difference.c */
typedef struct {
  PetscInt n;     /* rows: this rank's points */
  PetscInt reach; /* points to either side */
  PetscInt inner; /* the same for the rows lo to hi - 1, which no boundary changes */
  PetscInt lo, hi;
  double  *w;     /* [2 reach + 1][n] */
  double  *gamma; /* [2][n] factors of the low and the high side's gamma */
} HGDifference;

/* This rank's points */
typedef struct {
  PetscInt  n[3];      /* z, y, x */
  ptrdiff_t stride[3]; /* of the local array with ghost points and all unknowns */
  ptrdiff_t first;     /* where in it the first owned point is */
} HGBlock;

/* What a point's equation reads of each unknown */
typedef enum {
  V_U, /* the value */
  V_X, /* derivatives */
  V_Y,
  V_Z,
  V_L, /* Laplacian */
  V_COUNT
} HGVariable;

/* Row `row` of R depends on variable `var` of unknown `unknown` */
typedef struct {
  int        row, unknown;
  HGVariable var;
} HGTerm;

typedef struct {
  const char *name; /* option -physics_name */
  const char *text;
  PetscReal   value; /* the default */
  PetscReal   least; /* the smallest that is accepted */
  PetscBool   open;  /* larger than least, not equal */
} HGParam;

/*
   An equation: M du/dt = R(u), or 0 = R(u) + f, where R at a point is a function of the unknowns and their derivatives there.
   r[row][i] and P[term][i], the derivatives of R by each term's variable, either may be NULL; v[unknown][var][i].
   R is linear in Laplacians: P is computed without them, where r is NULL v has none.
*/
typedef struct HGEquationDef HGEquationDef;
struct HGEquationDef {
  const char   *name, *title;
  const char   *input, *output; /* long names of the fields in a file */
  int           dims[2];        /* fewest and most dimensions */
  PetscBool     steady;
  PetscBool     vector;                       /* as many unknowns as dimensions */
  int           unknowns;                     /* otherwise */
  PetscBool     algebraic[HG_MAX_UNKNOWNS];   /* row without a time derivative */
  PetscBool     homogeneous[HG_MAX_UNKNOWNS]; /* boundary values are zero, not gamma */
  PetscBool     elliptic;  /* a row of it is singular if no side is Dirichlet or Robin, unless the last parameter, kappa, is positive */
  PetscReal     screening; /* kappa length^2 in that case, if the user gives none; 0 to refuse */
  PetscReal     alpha;     /* smoothness of the random fields */
  PetscReal     sigma;     /* their standard deviation; 0 for 1 */
  int           nparams, nterms[3];
  HGParam       param[HG_MAX_PARAMS];
  const HGTerm *terms[3]; /* for 1, 2, 3 dimensions */
  void (*point)(const PetscReal param[], int dim, PetscInt n, double *const v[][V_COUNT], double *const r[], double *const P[]);
  void (*byparam)(const PetscReal param[], int dim, int q, PetscInt n, double *const v[][V_COUNT], double *const r[]); /* dR/dparam[q] */
};

typedef struct HGSpectral HGSpectral;

typedef struct {
  const HGEquationDef *def;
  PetscReal            param[HG_MAX_PARAMS], dt, theta;
  PetscInt             unknowns;
  PetscInt             order;
  PetscBool            spectral, options;
  PetscBool            alone;          /* there are no ghost points on any rank: vectors with and without them are alike */
  DM                   dm;             /* with ghost points for the differences, periodic where the axis is */
  Vec                  local, adjoint; /* with ghost points */
  Vec                  a, b, work;     /* the input, what the residual subtracts, work */
  HGBlock              block, planar;  /* of all unknowns, and of one alone */
  PetscInt             points, row;    /* of one unknown with ghost points, and in x */
  HGDifference         d[2][3];        /* first and second derivatives along z, y, x */
  HGDifference         low[2][3];      /* of second order, for the preconditioner of spectral derivatives */
  HGSpectral          *fft[3];
  double *v[HG_MAX_UNKNOWNS][V_COUNT]; /* where R depends on it: by a spectral derivative, of the last state; what the adjoint transposes */
  double *planes;                      /* [unknowns] of the last state with ghost points, one after the other, if there are several */
  double *P[HG_MAX_TERMS], *r[HG_MAX_UNKNOWNS], *q;
  PetscObjectId    id; /* the state that local and planes, or v hold */
  PetscObjectState state;
  HGRandomField    random;
  PetscReal        alpha, tau, sigma;
  PetscInt         modes;
  SNES             snes;
  TS               ts;
  Mat              J, A;         /* the Jacobian as it is applied, and as a matrix */
  PetscReal        shift, scale; /* J = shift M - scale dR/du */
  KSP              adjoint_ksp;  /* of the transposed Jacobian */
  Mat              Jt, At;       /* it, and the matrix for its preconditioner */
  Vec              at;           /* the state it belongs to, the caller's */
} HGEquation;

PETSC_INTERN void           HGAxisBoundaryRow(const HGGridAxis *, int, int, int *, double[]);
PETSC_INTERN PetscInt       HGAxisReach(const HGGridAxis *, int);
PETSC_INTERN PetscErrorCode HGDifferenceSetUp(HGDifference *, const HGGridAxis *, int, int, PetscInt, PetscInt);
PETSC_INTERN PetscErrorCode HGDifferenceDestroy(HGDifference *);
PETSC_INTERN void HGDifferenceAdd(const HGDifference *, int, const HGBlock *, const PetscInt[2], PetscInt, PetscInt, const double *,
                                  const double[], double *restrict);
PETSC_INTERN void HGDifferenceAddAdjoint(const HGDifference *, int, const HGBlock *, const PetscInt[2], PetscInt, PetscInt, const double *,
                                         double *restrict);

PETSC_INTERN PetscErrorCode HGBlockOfDM(DM, HGBlock *);
PETSC_INTERN PetscErrorCode HGSpectralCreate(HGPhysics, int, HGSpectral **);
PETSC_INTERN PetscErrorCode HGSpectralAdd(HGSpectral *, int, double, const double[], double[]);
PETSC_INTERN PetscErrorCode HGSpectralDestroy(HGSpectral **);
PETSC_INTERN PetscInt       HGEquationTerms(HGPhysics, const HGTerm **);
PETSC_INTERN int            HGEquationFindParam(const HGEquation *, PetscInt, const char[]);
PETSC_INTERN PetscErrorCode HGEquationSetInput(HGPhysics, PetscInt, Vec);
PETSC_INTERN PetscErrorCode HGEquationResidual(HGPhysics, Vec, Vec);
PETSC_INTERN PetscErrorCode HGEquationAdjoint(HGPhysics, Vec, Vec, Vec);
PETSC_INTERN PetscErrorCode HGEquationOldAdjoint(HGPhysics, Vec, Vec, Vec);
PETSC_INTERN PetscErrorCode HGEquationInputAdjoint(HGPhysics, Vec, Vec, Vec, Vec);
PETSC_INTERN PetscErrorCode HGEquationSolveAdjoint(HGPhysics, Vec, Vec, Vec);
PETSC_INTERN PetscErrorCode HGEquationSetLinearDefaults(HGPhysics, KSP, const char[]);
PETSC_INTERN PetscErrorCode HGEquationParameterAdjoint(HGPhysics, const char[], Vec, Vec, PetscReal *);
PETSC_INTERN PetscErrorCode HGEquationSetState(HGPhysics, Vec);
PETSC_INTERN PetscErrorCode HGEquationRate(HGPhysics, Vec, Vec);
PETSC_INTERN PetscErrorCode HGEquationFillMatrix(HGPhysics, Vec, PetscReal, PetscReal, Mat);
PETSC_INTERN PetscErrorCode HGEquationSetUpSolver(HGPhysics);
PETSC_INTERN PetscErrorCode HGEquationSolve(HGPhysics, Vec, Vec);
PETSC_INTERN PetscErrorCode HGEquationSampleInput(HGPhysics, uint64_t, PetscInt, Vec);
PETSC_INTERN PetscErrorCode HGEquationNormOperator(HGPhysics, Mat *);
PETSC_INTERN PetscErrorCode HGEquationMult(HGPhysics, Vec, Vec);
PETSC_INTERN PetscErrorCode HGPhysicsCreate_Equation(HGPhysics);

PETSC_INTERN const HGEquationDef *const HGEquationDefs[];
PETSC_INTERN const PetscInt             HGEquationDefCount;

#endif
