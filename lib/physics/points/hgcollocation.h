/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGCOLLOCATION_H
#define HGCOLLOCATION_H

#include "model/hgmodel.h"
#include "net/hgnet.h"
#include "physics/hgphysics.h"

#define HG_COLLOCATION_TERMS      8
#define HG_COLLOCATION_EQUATIONS  8 /* of a term */
#define HG_COLLOCATION_PARAMETERS 8

/*S
   HGCollocation - residuals at points: terms of an equation, of initial and boundary conditions and of observations, for a network of coordinates

   Level: beginner

   Notes:
   The objective is the sum over the terms of weight times the mean over the term's points of |f|^2 (Raissi, Perdikaris, Karniadakis, Journal of
   Computational Physics 378, 2019). Points that are drawn are functions of the term's name, the seed and the number of the point; each rank has a block
   of them, so that the objective is the same on any number of ranks.

.seealso: `HGCollocationCreate()`, `HGCollocationTerm`, `HGOBJECTIVEPOINTS`
S*/
typedef struct _p_HGCollocation *HGCollocation;

/*S
   HGJet - a network's outputs at a point with their derivatives, or an objective's derivatives by these

   Level: beginner

   Note:
   Of d2u[c][i][j] those with i <= j that `HGCollocationSetSecond()` named are set.

.seealso: `HGCollocationTerm`
S*/
typedef struct {
  double u[HG_JET_MAX_OUT], du[HG_JET_MAX_OUT][HG_JET_MAX_DIM], d2u[HG_JET_MAX_OUT][HG_JET_MAX_DIM][HG_JET_MAX_DIM];
} HGJet;

/*S
   HGCollocationTerm - one term: an equation, an initial or boundary condition, or observations

   Level: beginner

   Notes:
   residual() gives f at the point x from the jet u, the parameters q and the point's data. adjoint() adds to g the sum over the equations of w[k] df[k]/du
   and so on for all of the jet, and to gq the sum of w[k] df[k]/dq. Both are called by several threads at once, and must not call PETSc. Points are drawn
   in the box lo to hi, an axis with lo = hi is a face, unless point() gives them; data() gives the numbers that the residual sees at point i, once. NULL for
   what is not needed.

.seealso: `HGCollocationAddTerm()`
S*/
typedef struct {
  const char *name;
  int         order;     /* highest derivative that residual() looks at: 0, 1, 2 */
  PetscInt    equations; /* length of f */
  PetscInt    points, ndata;
  double      weight;
  double      lo[HG_JET_MAX_DIM], hi[HG_JET_MAX_DIM];
  void (*residual)(const double x[], const HGJet *u, const double q[], const double data[], double f[], void *ctx);
  void (*adjoint)(const double x[], const HGJet *u, const double q[], const double data[], const double w[], HGJet *g, double gq[],
                  void *ctx);
  void (*point)(PetscInt i, double x[], void *ctx);
  void (*data)(PetscInt i, const double x[], double data[], void *ctx);
} HGCollocationTerm;

/*E
   HGSampling - how points are drawn

   Values:
+  HG_SAMPLING_UNIFORM - independent, uniform
.  HG_SAMPLING_LHS     - a Latin hypercube (McKay, Beckman, Conover, Technometrics 21, 1979)
-  HG_SAMPLING_SOBOL   - a Sobol sequence with the direction numbers of Joe and Kuo (SIAM J. Sci. Comput. 30, 2008)

   Options Database Key:
.  -coord_sampling uniform|lhs|sobol - which (default sobol)

   Level: beginner
E*/
typedef enum { HG_SAMPLING_UNIFORM, HG_SAMPLING_LHS, HG_SAMPLING_SOBOL } HGSampling;

PETSC_EXTERN PetscErrorCode HGCollocationCreate(MPI_Comm, HGCollocation *);
PETSC_EXTERN PetscErrorCode HGCollocationSetOptionsPrefix(HGCollocation, const char[]);
PETSC_EXTERN PetscErrorCode HGCollocationSetPhysics(HGCollocation, HGPhysics);
PETSC_EXTERN PetscErrorCode HGCollocationSetExample(HGCollocation, const char[]);
PETSC_EXTERN PetscErrorCode HGCollocationSetSizes(HGCollocation, PetscInt, PetscInt);
PETSC_EXTERN PetscErrorCode HGCollocationSetBox(HGCollocation, const double[], const double[]);
PETSC_EXTERN PetscErrorCode HGCollocationSetSecond(HGCollocation, PetscInt, const PetscInt[][2]);
PETSC_EXTERN PetscErrorCode HGCollocationSetPeriodic(HGCollocation, const PetscBool[]);
PETSC_EXTERN PetscErrorCode HGCollocationSetContext(HGCollocation, void *);
PETSC_EXTERN PetscErrorCode HGCollocationAddParameter(HGCollocation, const char[], double);
PETSC_EXTERN PetscErrorCode HGCollocationFindParameter(HGCollocation, const char[], PetscInt *);
PETSC_EXTERN PetscErrorCode HGCollocationGetParameter(HGCollocation, const char[], double *, PetscBool *);
PETSC_EXTERN PetscErrorCode HGCollocationSetParameter(HGCollocation, const char[], double);
PETSC_EXTERN PetscErrorCode HGCollocationAddTerm(HGCollocation, const HGCollocationTerm *);
PETSC_EXTERN PetscErrorCode HGCollocationSetField(HGCollocation, HGTensor, PetscInt);
PETSC_EXTERN PetscErrorCode HGCollocationSetInput(HGCollocation, void (*)(PetscInt, const double[], double[], void *));
PETSC_EXTERN PetscErrorCode HGCollocationSetObservations(HGCollocation, PetscInt, const double[], const double[]);
PETSC_EXTERN PetscErrorCode HGCollocationSetExact(HGCollocation, void (*)(const double[], double[], void *));
PETSC_EXTERN PetscErrorCode HGCollocationSetSampling(HGCollocation, HGSampling, PetscInt);
PETSC_EXTERN PetscErrorCode HGCollocationSetFromOptions(HGCollocation);
PETSC_EXTERN PetscErrorCode HGCollocationSetUp(HGCollocation, HGNet);
PETSC_EXTERN PetscErrorCode HGCollocationEvaluate(HGCollocation, const PetscReal[], PetscBool, PetscReal[], PetscReal[]);
PETSC_EXTERN PetscErrorCode HGCollocationGetBadPoint(HGCollocation, char[], size_t);
PETSC_EXTERN PetscErrorCode HGCollocationRefine(HGCollocation, PetscInt, PetscInt);
PETSC_EXTERN PetscErrorCode HGCollocationGetSizes(HGCollocation, PetscInt *, PetscInt *);
PETSC_EXTERN PetscErrorCode HGCollocationGetTerms(HGCollocation, PetscInt *, const HGCollocationTerm *[]);
PETSC_EXTERN PetscErrorCode HGCollocationGetBox(HGCollocation, const double *[], const double *[]);
PETSC_EXTERN PetscErrorCode HGCollocationGetPoints(HGCollocation, PetscInt, PetscInt *, const double *[]);
PETSC_EXTERN PetscErrorCode HGCollocationView(HGCollocation, PetscViewer);
PETSC_EXTERN PetscErrorCode HGCollocationDestroy(HGCollocation *);
PETSC_EXTERN PetscErrorCode HGCollocationSetUpNet(HGCollocation, HGNet, HGDType);
PETSC_EXTERN PetscErrorCode HGCollocationApply(HGCollocation, PetscInt, const double[], double[]);
PETSC_EXTERN PetscErrorCode HGCollocationHasExact(HGCollocation, PetscBool *);
PETSC_EXTERN PetscErrorCode HGCollocationError(HGCollocation, PetscInt, PetscReal *);
PETSC_EXTERN PetscErrorCode HGCollocationWriteModel(HGCollocation, HGModel);
PETSC_EXTERN PetscErrorCode HGCollocationSetModel(HGCollocation, HGModel);
PETSC_EXTERN PetscErrorCode HGCollocationCheckModel(HGCollocation, HGModel);
PETSC_EXTERN PetscErrorCode HGCollocationWriteRefinement(HGCollocation, HGModel);
PETSC_EXTERN PetscErrorCode HGCollocationReadRefinement(HGCollocation, HGModel);
PETSC_EXTERN PetscErrorCode HGModelHasCollocation(HGModel, PetscBool *);

PETSC_EXTERN void   HGSamplePoint(HGSampling, uint64_t, const char[], PetscInt, PetscInt, PetscInt, double[]);
PETSC_EXTERN double HGBurgersExact(double, double, double);

#endif
