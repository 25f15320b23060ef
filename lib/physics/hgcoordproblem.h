/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGCOORDPROBLEM_H
#define HGCOORDPROBLEM_H

#include "net/hgcoord.h"

#define HG_COORD_MAX_TERMS    8
#define HG_COORD_MAX_RESIDUAL 8 /* equations of a term */
#define HG_COORD_MAX_UNKNOWN  8 /* parameters of a problem */

/*S
   HGCoordProblem - what a coordinate network is trained for: terms of residuals at points, the parameters of the equation, known or not

   Level: beginner

   Notes:
   The objective is the sum over the terms of weight times the mean over the term's points of |f|^2. The points are functions of the
   term's name, the seed and the number of the point; each rank has a block of them, so that the objective is the same on any number of ranks.

.seealso: `HGCoordProblemCreate()`, `HGCoordTerm`, `HGCoordTrainer`
S*/
typedef struct _p_HGCoordProblem *HGCoordProblem;

/*S
   HGCoordJet - the network's outputs at a point with their derivatives, or an objective's derivatives by these

   Level: beginner

   Note:
   Of d2u[c][i][j] those with i <= j that `HGCoordProblemSetSecond()` named are set.

.seealso: `HGCoordTerm`
S*/
typedef struct {
  double u[HG_COORD_MAX_OUT], du[HG_COORD_MAX_OUT][HG_COORD_MAX_DIM], d2u[HG_COORD_MAX_OUT][HG_COORD_MAX_DIM][HG_COORD_MAX_DIM];
} HGCoordJet;

/*S
   HGCoordTerm - one term of a problem: an equation, an initial or boundary condition, or observations

   Level: beginner

   Notes:
   residual() gives f at the point x from the jet u, the parameters q of the problem and the point's data. adjoint() adds to g the sum over
   the equations of w[k] df[k]/du and so on for all of the jet, and to gq the sum of w[k] df[k]/dq. Both are called by several
   threads at once, and must not call PETSc. Points are drawn in the box lo to hi, an axis with lo = hi is a face, unless point() gives them;
   data() gives the numbers that the residual sees at point i, once. NULL for what is not needed.

.seealso: `HGCoordProblemAddTerm()`
S*/
typedef struct {
  const char *name;
  int         order;     /* highest derivative that residual() looks at: 0, 1, 2 */
  PetscInt    equations; /* length of f */
  PetscInt    points, ndata;
  double      weight;
  double      lo[HG_COORD_MAX_DIM], hi[HG_COORD_MAX_DIM];
  void (*residual)(const double x[], const HGCoordJet *u, const double q[], const double data[], double f[], void *ctx);
  void (*adjoint)(const double x[], const HGCoordJet *u, const double q[], const double w[], HGCoordJet *g, double gq[], void *ctx);
  void (*point)(PetscInt i, double x[], void *ctx);
  void (*data)(PetscInt i, const double x[], double data[], void *ctx);
} HGCoordTerm;

/*E
   HGCoordSampling - how the points of a term are drawn

   Values:
+  HG_COORD_UNIFORM - independent, uniform
.  HG_COORD_LHS     - a Latin hypercube (McKay, Beckman, Conover, Technometrics 21, 1979)
-  HG_COORD_SOBOL   - a Sobol sequence with the direction numbers of Joe and Kuo (SIAM J. Sci. Comput. 30, 2008)

   Options Database Key:
.  -coord_sampling uniform|lhs|sobol - which (default sobol)

   Level: beginner
E*/
typedef enum { HG_COORD_UNIFORM, HG_COORD_LHS, HG_COORD_SOBOL } HGCoordSampling;

PETSC_EXTERN PetscErrorCode HGCoordProblemCreate(MPI_Comm, HGCoordProblem *);
PETSC_EXTERN PetscErrorCode HGCoordProblemSetType(HGCoordProblem, const char[]);
PETSC_EXTERN PetscErrorCode HGCoordProblemSetSizes(HGCoordProblem, PetscInt, PetscInt);
PETSC_EXTERN PetscErrorCode HGCoordProblemSetBox(HGCoordProblem, const double[], const double[]);
PETSC_EXTERN PetscErrorCode HGCoordProblemSetSecond(HGCoordProblem, PetscInt, const PetscInt[][2]);
PETSC_EXTERN PetscErrorCode HGCoordProblemSetContext(HGCoordProblem, void *);
PETSC_EXTERN PetscErrorCode HGCoordProblemAddParameter(HGCoordProblem, const char[], double);
PETSC_EXTERN PetscErrorCode HGCoordProblemSetUnknown(HGCoordProblem, const char[], double);
PETSC_EXTERN PetscErrorCode HGCoordProblemAddTerm(HGCoordProblem, const HGCoordTerm *);
PETSC_EXTERN PetscErrorCode HGCoordProblemSetExact(HGCoordProblem, void (*)(const double[], double[], void *));
PETSC_EXTERN PetscErrorCode HGCoordProblemSetSampling(HGCoordProblem, HGCoordSampling, PetscInt);
PETSC_EXTERN PetscErrorCode HGCoordProblemSetFromOptions(HGCoordProblem);
PETSC_EXTERN PetscErrorCode HGCoordProblemSetUp(HGCoordProblem, HGCoordNet, HGDType);
PETSC_EXTERN PetscErrorCode HGCoordProblemCreateParameters(HGCoordProblem, uint64_t, Vec *);
PETSC_EXTERN PetscErrorCode HGCoordProblemEvaluate(HGCoordProblem, Vec, PetscReal *, Vec);
PETSC_EXTERN PetscErrorCode HGCoordProblemGetTerms(HGCoordProblem, PetscInt *, const HGCoordTerm *[], const double *[]);
PETSC_EXTERN PetscErrorCode HGCoordProblemGetUnknown(HGCoordProblem, const char *[], double *);
PETSC_EXTERN PetscErrorCode HGCoordProblemGetBox(HGCoordProblem, PetscInt *, const double *[], const double *[]);
PETSC_EXTERN PetscErrorCode HGCoordProblemGetPoints(HGCoordProblem, PetscInt, PetscInt *, const double *[]);
PETSC_EXTERN PetscErrorCode HGCoordProblemRefine(HGCoordProblem, Vec, PetscInt, PetscInt);
PETSC_EXTERN PetscErrorCode HGCoordProblemPredict(HGCoordProblem, Vec, PetscInt, const double[], double[]);
PETSC_EXTERN PetscErrorCode HGCoordProblemError(HGCoordProblem, Vec, PetscInt, PetscReal *);
PETSC_EXTERN PetscErrorCode HGCoordProblemFillModel(HGCoordProblem, Vec, HGModel);
PETSC_EXTERN PetscErrorCode HGCoordProblemSetModel(HGCoordProblem, HGModel);
PETSC_EXTERN PetscErrorCode HGCoordProblemWriteModel(HGCoordProblem, Vec, const char[]);
PETSC_EXTERN PetscErrorCode HGCoordProblemReadModel(HGCoordProblem, const char[], Vec);
PETSC_EXTERN PetscErrorCode HGCoordProblemDestroy(HGCoordProblem *);

PETSC_EXTERN void   HGCoordSample(HGCoordSampling, uint64_t, const char[], PetscInt, PetscInt, PetscInt, double[]);
PETSC_EXTERN double HGBurgersExact(double, double, double);

#endif
