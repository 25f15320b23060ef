/* SPDX-License-Identifier: BSD-2-Clause */
/* Equations by differences on a grid */
#ifndef HGGRID_IMPL_H
#define HGGRID_IMPL_H

#include "physics/physics_impl.h"
#include "equation/hgequation.h"
#include <petscts.h>

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

typedef struct HGSpectral HGSpectral;

typedef struct {
  const HGEquation *def;
  PetscReal         parameter[HG_EQUATION_PARAMETERS], dt, theta;
  PetscInt          unknowns;
  PetscInt          order;
  PetscBool         spectral, options;
  PetscBool         no_ghosts;      /* there are no ghost points on any rank: vectors with and without them are alike */
  DM                dm;             /* with ghost points for the differences, periodic where the axis is */
  Vec               local, adjoint; /* with ghost points */
  Vec               a, b, work;     /* the input, what the residual subtracts, work */
  HGBlock           block, planar;  /* of all unknowns, and of one alone */
  PetscInt          points, row;    /* of one unknown with ghost points, and in x */
  HGDifference      d[2][3];        /* first and second derivatives along z, y, x */
  HGDifference      low[2][3];      /* of second order, for the preconditioner of spectral derivatives */
  HGSpectral       *fft[3];
  double           *v[HG_MAX_UNKNOWNS]
           [HG_VARIABLES]; /* where R depends on it: by a spectral derivative, of the last state; what the adjoint transposes */
  double          *planes; /* [unknowns] of the last state with ghost points, one after the other, if there are several */
  double          *P[HG_EQUATION_TERMS], *r[HG_MAX_UNKNOWNS], *q, *column; /* column: of HGGridMult(), NULL before */
  PetscObjectId    id;                                                     /* the state that local and planes, or v hold */
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
} HGGridEquation;

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
PETSC_INTERN PetscInt       HGGridTerms(HGPhysics, const HGEquationTerm **);
PETSC_INTERN PetscErrorCode HGGridSetInput(HGPhysics, PetscInt, Vec);
PETSC_INTERN PetscErrorCode HGGridResidual(HGPhysics, Vec, Vec);
PETSC_INTERN PetscErrorCode HGGridAdjoint(HGPhysics, Vec, Vec, Vec);
PETSC_INTERN PetscErrorCode HGGridOldAdjoint(HGPhysics, Vec, Vec, Vec);
PETSC_INTERN PetscErrorCode HGGridInputAdjoint(HGPhysics, Vec, Vec, Vec, Vec);
PETSC_INTERN PetscErrorCode HGGridSolveAdjoint(HGPhysics, Vec, Vec, Vec);
PETSC_INTERN PetscErrorCode HGGridSetLinearDefaults(HGPhysics, KSP, const char[]);
PETSC_INTERN PetscErrorCode HGGridParameterAdjoint(HGPhysics, const char[], Vec, Vec, PetscReal *);
PETSC_INTERN PetscErrorCode HGGridSetState(HGPhysics, Vec);
PETSC_INTERN PetscErrorCode HGGridRate(HGPhysics, Vec, Vec);
PETSC_INTERN PetscErrorCode HGGridFillMatrix(HGPhysics, Vec, PetscReal, PetscReal, Mat);
PETSC_INTERN PetscErrorCode HGGridSetUpSolver(HGPhysics);
PETSC_INTERN PetscErrorCode HGGridSolve(HGPhysics, Vec, Vec);
PETSC_INTERN PetscErrorCode HGGridSampleInput(HGPhysics, uint64_t, PetscInt, Vec);
PETSC_INTERN PetscErrorCode HGGridNormOperator(HGPhysics, Mat *);
PETSC_INTERN PetscErrorCode HGGridMult(HGPhysics, Vec, Vec);
PETSC_INTERN PetscErrorCode HGPhysicsCreate_Grid(HGPhysics);

#endif
