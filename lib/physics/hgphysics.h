/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGPHYSICS_H
#define HGPHYSICS_H

#include "tensor/hgtensor.h"
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
+  HGPHYSICSDARCY - "darcy", steady flow through a porous medium
-  HGPHYSICSUSER  - "user", the residual of a SNES, of a local function on a DMDA, or of a step of a TS

   Options Database Key:
.  -physics_type name - the equation

   Level: beginner
J*/
typedef const char *HGPhysicsType;
#define HGPHYSICSDARCY "darcy"
#define HGPHYSICSUSER  "user"

/*E
   HGDarcyField - how the permeability of Darcy's equation is drawn from a Gaussian random field

   Values:
+  HG_DARCY_BINARY    - 12 where the field is not negative, 3 elsewhere
-  HG_DARCY_LOGNORMAL - exp(sigma field)

   Options Database Key:
.  -darcy_field binary|lognormal - the choice (default binary)

   Level: beginner
E*/
typedef enum {
  HG_DARCY_BINARY,
  HG_DARCY_LOGNORMAL
} HGDarcyField;

PETSC_EXTERN PetscErrorCode HGPhysicsRegister(const char[], PetscErrorCode (*)(HGPhysics));
PETSC_EXTERN PetscErrorCode HGPhysicsCreate(MPI_Comm, HGPhysics *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetType(HGPhysics, HGPhysicsType);
PETSC_EXTERN PetscErrorCode HGPhysicsGetType(HGPhysics, HGPhysicsType *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetOptionsPrefix(HGPhysics, const char[]);
PETSC_EXTERN PetscErrorCode HGPhysicsSetGrid(HGPhysics, PetscInt, const PetscInt[]);
PETSC_EXTERN PetscErrorCode HGPhysicsSetDMDA(HGPhysics, DM);
PETSC_EXTERN PetscErrorCode HGPhysicsSetFromOptions(HGPhysics);
PETSC_EXTERN PetscErrorCode HGPhysicsSetUp(HGPhysics);
PETSC_EXTERN PetscErrorCode HGPhysicsView(HGPhysics, PetscViewer);
PETSC_EXTERN PetscErrorCode HGPhysicsDestroy(HGPhysics *);
PETSC_EXTERN PetscErrorCode HGPhysicsGetDM(HGPhysics, DM *);
PETSC_EXTERN PetscErrorCode HGPhysicsSampleInput(HGPhysics, uint64_t, PetscInt, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsSolve(HGPhysics, Vec, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsGetIterations(HGPhysics, PetscInt *);

PETSC_EXTERN PetscErrorCode HGPhysicsSetSNES(HGPhysics, SNES);
PETSC_EXTERN PetscErrorCode HGPhysicsSetDMDAFunctionLocal(HGPhysics, DM, PetscErrorCode (*)(DMDALocalInfo *, void *, void *, void *), void *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetTS(HGPhysics, TS);
PETSC_EXTERN PetscErrorCode HGPhysicsSetTheta(HGPhysics, PetscReal);
PETSC_EXTERN PetscErrorCode HGPhysicsSetJacobianTranspose(HGPhysics, PetscErrorCode (*)(HGPhysics, Vec, Vec, Vec, void *), void *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetInputFunction(HGPhysics, PetscErrorCode (*)(HGPhysics, PetscInt, Vec, void *), void *);
PETSC_EXTERN PetscErrorCode HGPhysicsSetWeights(HGPhysics, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsSetInput(HGPhysics, PetscInt, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsResidual(HGPhysics, Vec, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsResidualAdjoint(HGPhysics, Vec, Vec, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsTestAdjoint(HGPhysics, Vec, PetscReal *);
PETSC_EXTERN PetscErrorCode HGPhysicsEvaluate(HGPhysics, PetscInt, const PetscInt[], HGTensor, HGTensor, HGTensor, PetscReal *);

PETSC_EXTERN PetscErrorCode HGPhysicsDarcySetField(HGPhysics, HGDarcyField);
PETSC_EXTERN PetscErrorCode HGPhysicsDarcySetSource(HGPhysics, PetscReal, Vec);
PETSC_EXTERN PetscErrorCode HGPhysicsDarcyGetKSP(HGPhysics, KSP *);

#endif
