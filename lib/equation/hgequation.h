/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGEQUATION_H
#define HGEQUATION_H

#include "sys/hgsys.h"

#define HG_MAX_UNKNOWNS        3
#define HG_EQUATION_TERMS      24
#define HG_EQUATION_PARAMETERS 6

/* The built-in equations */
#define HGPHYSICSDARCY              "darcy"
#define HGPHYSICSPOISSON            "poisson"
#define HGPHYSICSHEAT               "heat"
#define HGPHYSICSBURGERS            "burgers"
#define HGPHYSICSADVECTIONDIFFUSION "advection_diffusion"
#define HGPHYSICSNAVIERSTOKES       "navier_stokes"
#define HGPHYSICSWAVE               "wave"
#define HGPHYSICSALLENCAHN          "allen_cahn"

/*E
   HGVariable - what an equation reads of an unknown, or of its coefficient, at a point

   Values:
+  HG_VALUE      - the value
.  HG_DX         - the derivative along x
.  HG_DY         - along y
.  HG_DZ         - along z
-  HG_LAPLACIAN  - the sum of the second derivatives

   Level: advanced

.seealso: `HGEquation`
E*/
typedef enum { HG_VALUE, HG_DX, HG_DY, HG_DZ, HG_LAPLACIAN, HG_VARIABLES } HGVariable;

/*S
   HGEquationTerm - row `row` of R depends on variable `variable` of unknown `unknown`

   Level: advanced

.seealso: `HGEquation`
S*/
typedef struct {
  int        row, unknown;
  HGVariable variable;
} HGEquationTerm;

/*S
   HGEquationParameter - a number of an equation, option -physics_NAME

   Level: advanced

.seealso: `HGEquation`
S*/
typedef struct {
  const char *name, *text;
  PetscReal   value; /* the default */
  PetscReal   least; /* the smallest that is accepted */
  PetscBool   open;  /* larger than least, not equal */
  int         dims;  /* the equation has it from so many dimensions on; 0: always */
} HGEquationParameter;

/*E
   HGEquationInput - what the input field of an equation is

   Values:
+  HG_INPUT_INITIAL     - the unknowns at time t, from which the equation goes to t + dt
.  HG_INPUT_SOURCE      - f in 0 = R(u) + f
-  HG_INPUT_COEFFICIENT - a field in R, which is positive

   Level: advanced

.seealso: `HGEquation`
E*/
typedef enum { HG_INPUT_INITIAL, HG_INPUT_SOURCE, HG_INPUT_COEFFICIENT } HGEquationInput;

/*S
   HGEquation - what an equation is at a point: M du/dt = R(u), 0 = R(u) + f, or 0 = R(u; a)

   Level: advanced

   Notes:
   R at a point is a function of the unknowns and their derivatives there. point() computes it, and the derivatives P of R by the variable of each
   term, at n points; either of r and P may be NULL. R is linear in Laplacians: P is computed without them, and where r is NULL v has none.
   A coefficient stands behind the unknowns, as v[unknowns].
   byparameter() computes dR/dparameter[q]. The same functions are called on differences of a field on a grid and on the derivatives of a network by its
   coordinates. They are called by several threads at once, and must not call PETSc.

   Shape:
   v: [unknown][variable][n], NULL where no term names it; r: [row][n]; P: [term][n]

.seealso: `HGEquationRegister()`, `HGPhysicsSetType()`
S*/
typedef struct {
  const char     *name, *title;
  const char     *input, *output;               /* long names of the fields in a file */
  int             dims[2];                      /* fewest and most dimensions */
  HGEquationInput role;                         /* of the input */
  PetscBool       vector;                       /* as many unknowns as dimensions */
  int             unknowns;                     /* otherwise */
  PetscBool       algebraic[HG_MAX_UNKNOWNS];   /* row without a time derivative */
  PetscBool       homogeneous[HG_MAX_UNKNOWNS]; /* boundary values are zero, whatever the condition's value is */
  int       elliptic;  /* a row is singular where no side is Dirichlet or Robin, unless the parameter of this number, from 1, is positive */
  PetscReal screening; /* that parameter times length^2 in this case, if the user gives none; 0 to refuse */
  PetscReal alpha;     /* smoothness of the random inputs */
  PetscReal sigma;     /* their standard deviation; 0 for 1 */
  int       nparameters, nterms[3];
  HGEquationParameter   parameter[HG_EQUATION_PARAMETERS];
  const HGEquationTerm *terms[3]; /* for 1, 2, 3 dimensions */
  void (*point)(const PetscReal parameter[], int dim, PetscInt n, double *const v[][HG_VARIABLES], double *const r[], double *const P[]);
  void (*byparameter)(const PetscReal parameter[], int dim, int q, PetscInt n, double *const v[][HG_VARIABLES], double *const r[]);
} HGEquation;

/* Whether the solution has no time: its input is not its initial state */
static inline PetscBool HGEquationIsSteady(const HGEquation *e)
{
  return e->role == HG_INPUT_INITIAL ? PETSC_FALSE : PETSC_TRUE;
}

/* Of arrays of terms, the same for each number of dimensions */
#define HG_COUNT(a)      (int)(sizeof(a) / sizeof((a)[0]))
#define HG_SAME_TERMS(a) .terms = {a, a, a}, .nterms = {HG_COUNT(a), HG_COUNT(a), HG_COUNT(a)}

PETSC_EXTERN PetscErrorCode HGEquationRegister(const HGEquation *);
PETSC_EXTERN PetscErrorCode HGEquationFind(const char[], const HGEquation **);
PETSC_EXTERN PetscErrorCode HGEquationGetAll(PetscInt *, const HGEquation *const *[]);
PETSC_EXTERN PetscInt       HGEquationGetUnknowns(const HGEquation *, PetscInt);
PETSC_EXTERN int            HGEquationFindParameter(const HGEquation *, PetscInt, const char[]);

#endif
