/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGPHYSICS_H
#define HGPHYSICS_H

#include "equation/hgequation.h"
#include "tensor/hgtensor.h"
#include "model/hgmodel.h"
#include <petscts.h>

/*S
   HGPhysics - an equation on a grid: what draws its input fields at random and solves it for its output fields

   Level: beginner

.seealso: `HGPhysicsCreate()`, `HGPhysicsSetType()`, `HGPhysicsSolve()`
S*/
typedef struct _p_HGPhysics *HGPhysics;

/*J
   HGPhysicsType - the name of an equation

   Values:
+  HGPHYSICSDARCY              - "darcy", steady flow through a porous medium
.  HGPHYSICSPOISSON            - "poisson", Poisson's equation
.  HGPHYSICSHEAT               - "heat", diffusion
.  HGPHYSICSBURGERS            - "burgers", Burgers' equation in one or two dimensions
.  HGPHYSICSADVECTIONDIFFUSION - "advection_diffusion", transport with a constant velocity
.  HGPHYSICSNAVIERSTOKES       - "navier_stokes", incompressible flow in two dimensions by vorticity and stream function
.  HGPHYSICSWAVE               - "wave", the wave equation
.  HGPHYSICSALLENCAHN          - "allen_cahn", phases that separate
-  HGPHYSICSUSER               - "user", the residual of a SNES, of a local function on a DMDA, or of a step of a TS

   Options Database Key:
.  -physics_type name - the equation

   Level: beginner
J*/
typedef const char *HGPhysicsType;
#define HGPHYSICSUSER "user"

/*E
   HGPhysicsBC - a condition alpha u + beta du/dn = gamma on one side of the domain, n the outward normal

   Values:
+  HG_PHYSICS_DIRICHLET - u = gamma
.  HG_PHYSICS_NEUMANN   - du/dn = gamma
.  HG_PHYSICS_ROBIN     - alpha u + beta du/dn = gamma, alpha and beta not negative
-  HG_PHYSICS_PERIODIC  - no boundary: both sides are one

   Level: beginner

.seealso: `HGPhysicsSetBoundary()`
E*/
typedef enum { HG_PHYSICS_DIRICHLET, HG_PHYSICS_NEUMANN, HG_PHYSICS_ROBIN, HG_PHYSICS_PERIODIC } HGPhysicsBC;
PETSC_EXTERN const char *const HGPhysicsBCs[];

/*E
   HGPhysicsBCMode - how the conditions on the boundary are imposed

   Values:
+  HG_PHYSICS_BC_SCHEME - in the differences of the residual, as a solver has them
.  HG_PHYSICS_BC_HARD   - also in a network's output, `HGPhysicsTransformOutput()`
-  HG_PHYSICS_BC_SOFT   - by a penalty alone, `HGPhysicsEvaluateBoundary()`

   Options Database Key:
.  -physics_bc scheme|hard|soft - the way (default scheme)

   Level: intermediate

.seealso: `HGPhysicsSetBCMode()`
E*/
typedef enum { HG_PHYSICS_BC_SCHEME, HG_PHYSICS_BC_HARD, HG_PHYSICS_BC_SOFT } HGPhysicsBCMode;
PETSC_EXTERN const char *const HGPhysicsBCModes[];

/*E
   HGDarcyField - how the permeability of Darcy's equation is drawn from a Gaussian random field

   Values:
+  HG_DARCY_BINARY    - 12 where the field is not negative, 3 elsewhere
-  HG_DARCY_LOGNORMAL - exp(sigma field)

   Options Database Key:
.  -darcy_field binary|lognormal - the choice (default binary)

   Level: beginner
E*/
typedef enum { HG_DARCY_BINARY, HG_DARCY_LOGNORMAL } HGDarcyField;

/*E
   HGPhysicsNorm - the norm that a residual is measured in

   Values:
+  HG_PHYSICS_NORM_L2             - 1/2 |W F|^2
-  HG_PHYSICS_NORM_PRECONDITIONED - 1/2 |B W F|^2 with a preconditioner B, close to the squared error of u

   Options Database Key:
.  -physics_norm l2|preconditioned - the choice (default l2)

   Level: intermediate

.seealso: `HGPhysicsSetNorm()`
E*/
typedef enum { HG_PHYSICS_NORM_L2, HG_PHYSICS_NORM_PRECONDITIONED } HGPhysicsNorm;
PETSC_EXTERN const char *const HGPhysicsNorms[];

/*E
   HGPhysicsJacobianType - what the transposed Jacobian of a user's equation is made of

   Values:
+  HG_PHYSICS_JACOBIAN_AUTO     - the first of those below that there is
.  HG_PHYSICS_JACOBIAN_SNES     - the Jacobian of the SNES, or of the TS
.  HG_PHYSICS_JACOBIAN_PMAT     - the matrix that its preconditioner is made of
-  HG_PHYSICS_JACOBIAN_COLORING - coloured finite differences of the residual

   Options Database Key:
.  -physics_jacobian auto|snes|pmat|coloring - the choice (default auto)

   Level: intermediate

.seealso: `HGPhysicsSetJacobianType()`
E*/
typedef enum {
  HG_PHYSICS_JACOBIAN_AUTO,
  HG_PHYSICS_JACOBIAN_SNES,
  HG_PHYSICS_JACOBIAN_PMAT,
  HG_PHYSICS_JACOBIAN_COLORING
} HGPhysicsJacobianType;
PETSC_EXTERN const char *const HGPhysicsJacobianTypes[];
PETSC_EXTERN PetscFunctionList HGPhysicsList; /* the equations that are registered, from the first HGPhysicsCreate() on */

PETSC_EXTERN PetscErrorCode HGPhysicsRegister(const char[], PetscErrorCode (*)(HGPhysics));
PETSC_EXTERN PetscErrorCode HGPhysicsCreate(MPI_Comm, HGPhysics *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetType(HGPhysics, HGPhysicsType);
PETSC_EXTERN PetscErrorCode HGPhysicsGetType(HGPhysics, HGPhysicsType *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetOptionsPrefix(HGPhysics, const char[]);
PETSC_EXTERN PetscErrorCode HGPhysicsSetDomain(HGPhysics, PetscInt, PetscReal, PetscReal);
PETSC_EXTERN PetscErrorCode HGPhysicsSetGrid(HGPhysics, PetscInt, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGPhysicsSetDMDA(HGPhysics, DM);
PETSC_EXTERN PetscErrorCode HGPhysicsSetFromOptions(HGPhysics);
PETSC_EXTERN PetscErrorCode HGPhysicsGetOptionsString(HGPhysics, char[], size_t);
PETSC_EXTERN PetscErrorCode HGPhysicsGetOptionsText(HGPhysics, char **);
PETSC_EXTERN PetscErrorCode HGPhysicsSetFromOptionsString(HGPhysics, const char[]);
PETSC_EXTERN PetscErrorCode HGPhysicsWriteModel(HGPhysics, HGModel);
PETSC_EXTERN PetscErrorCode HGPhysicsSetModel(HGPhysics, HGModel);
PETSC_EXTERN PetscErrorCode HGPhysicsSetUp(HGPhysics);
PETSC_EXTERN PetscErrorCode HGPhysicsView(HGPhysics, PetscViewer);
PETSC_EXTERN PetscErrorCode HGPhysicsDestroy(HGPhysics *);
PETSC_EXTERN PetscErrorCode HGPhysicsGetDM(HGPhysics, DM *);
PETSC_EXTERN PetscErrorCode HGPhysicsSampleInput(HGPhysics, uint64_t, PetscInt, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsSolve(HGPhysics, Vec, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsTrySolve(HGPhysics, Vec, Vec, PetscBool *);
PETSC_EXTERN PetscErrorCode HGPhysicsGetIterations(HGPhysics, PetscInt *);

PETSC_EXTERN PetscErrorCode HGPhysicsSetBoundary(HGPhysics, PetscInt, PetscInt, HGPhysicsBC, PetscReal, PetscReal, PetscReal);
PETSC_EXTERN PetscErrorCode HGPhysicsSetBCMode(HGPhysics, HGPhysicsBCMode);
PETSC_EXTERN PetscErrorCode HGPhysicsTransformOutput(HGPhysics, PetscInt, HGTensor);
PETSC_EXTERN PetscErrorCode HGPhysicsTransformOutputAdjoint(HGPhysics, PetscInt, HGTensor);
PETSC_EXTERN PetscErrorCode HGPhysicsEvaluateBoundary(HGPhysics, PetscInt, HGTensor, PetscReal, HGTensor, PetscReal *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetParameter(HGPhysics, const char[], PetscReal);
PETSC_EXTERN PetscErrorCode HGPhysicsGetParameter(HGPhysics, const char[], PetscReal *);
PETSC_EXTERN PetscErrorCode HGPhysicsParameterAdjoint(HGPhysics, const char[], Vec, Vec, PetscReal *);
PETSC_EXTERN PetscErrorCode HGPhysicsInputAdjoint(HGPhysics, Vec, Vec, Vec, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsSolveAdjoint(HGPhysics, Vec, Vec, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsSetGradientParameter(HGPhysics, const char[]);
PETSC_EXTERN PetscErrorCode HGPhysicsSetGradientInput(HGPhysics, Vec, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsCreateInput(HGPhysics, Vec *);
PETSC_EXTERN PetscErrorCode HGPhysicsGetParameterGradient(HGPhysics, PetscReal *);
PETSC_EXTERN PetscErrorCode HGPhysicsGetDescription(HGPhysics, const char *[], const char *[], const char *[]);
PETSC_EXTERN PetscErrorCode HGPhysicsNeedsPositiveInput(HGPhysics, PetscBool *);
PETSC_EXTERN PetscErrorCode HGPhysicsGetCoordinates(HGPhysics, PetscInt, const PetscReal *[]);
PETSC_EXTERN PetscErrorCode HGPhysicsGetChannels(HGPhysics, PetscInt *, PetscInt *);

PETSC_EXTERN PetscErrorCode HGPhysicsSetSNES(HGPhysics, SNES);
PETSC_EXTERN PetscErrorCode HGPhysicsSetDMDAFunctionLocal(HGPhysics, DM, PetscErrorCode (*)(DMDALocalInfo *, void *, void *, void *),
                                                          void *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetTS(HGPhysics, TS);
PETSC_EXTERN PetscErrorCode HGPhysicsSetTheta(HGPhysics, PetscReal);
PETSC_EXTERN PetscErrorCode HGPhysicsSetJacobianTranspose(HGPhysics, PetscErrorCode (*)(HGPhysics, Vec, Vec, Vec, void *), void *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetJacobianType(HGPhysics, HGPhysicsJacobianType);
PETSC_EXTERN PetscErrorCode HGPhysicsSetInputFunction(HGPhysics, PetscErrorCode (*)(HGPhysics, PetscInt, Vec, void *), void *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetWeights(HGPhysics, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsSetNorm(HGPhysics, HGPhysicsNorm);
PETSC_EXTERN PetscErrorCode HGPhysicsGetNorm(HGPhysics, HGPhysicsNorm *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetNormPC(HGPhysics, PC);
PETSC_EXTERN PetscErrorCode HGPhysicsSetInput(HGPhysics, PetscInt, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsResidual(HGPhysics, Vec, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsResidualAdjoint(HGPhysics, Vec, Vec, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsTestAdjoint(HGPhysics, Vec, PetscReal *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetErrorIfNotFinite(HGPhysics, PetscBool);
PETSC_EXTERN PetscErrorCode HGPhysicsGetNotFinite(HGPhysics, PetscInt *);
PETSC_EXTERN PetscErrorCode HGPhysicsEvaluate(HGPhysics, PetscInt, const PetscInt[], HGTensor, HGTensor, HGTensor, PetscReal *);

PETSC_EXTERN PetscErrorCode HGPhysicsDarcySetField(HGPhysics, HGDarcyField);
PETSC_EXTERN PetscErrorCode HGPhysicsDarcySetSource(HGPhysics, PetscReal, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsDarcyGetKSP(HGPhysics, KSP *);

#endif
