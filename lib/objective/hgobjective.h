/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGOBJECTIVE_H
#define HGOBJECTIVE_H

#include "data/hgdata.h"
#include "loss/hgloss.h"
#include "net/hgnet.h"
#include "physics/hgphysics.h"
#include "physics/points/hgcollocation.h"

/*S
   HGObjective - what a training minimises: a weighted sum of terms over samples, a function of one Vec of parameters

   Level: intermediate

   Notes:
   The samples of an epoch come in mini-batches; an objective without samples has one batch. An `HGTrainer` moves the parameters.

   Types are registered by `HGObjectiveRegister()`.

.seealso: `HGObjectiveCreate()`, `HGObjectiveSetType()`, `HGTrainerSetObjective()`
S*/
typedef struct _p_HGObjective *HGObjective;

/*J
   HGObjectiveType - what is minimised

   Values:
+  HGOBJECTIVEFIELDS    - a network from fields to fields of a dataset: misfit to targets, residual of an equation, soft boundary conditions
.  HGOBJECTIVEPOINTS    - a network of coordinates: residuals at points
-  HGOBJECTIVEINVERSION - no network: the misfit of an equation's solutions to observed ones, and the roughness of the input field

   Level: intermediate

.seealso: `HGObjectiveSetType()`
J*/
typedef const char *HGObjectiveType;
#define HGOBJECTIVEFIELDS    "fields"
#define HGOBJECTIVEPOINTS    "points"
#define HGOBJECTIVEINVERSION "inversion"

/*E
   HGBalance - how the weights of an objective's terms change during training

   Values:
+  HG_BALANCE_NONE      - they do not
.  HG_BALANCE_GRADNORM  - so that the gradients of all terms are of the size of the residual's (Wang, Teng, Perdikaris, arXiv 2001.04536)
-  HG_BALANCE_RELOBRALO - so that all terms fall alike (Bischof and Kraus, arXiv 2110.09813)

   Options Database Key:
.  -loss_balance none|gradnorm|relobralo - which (default none)

   Level: intermediate

.seealso: `HGObjectiveSetBalance()`
E*/
typedef enum { HG_BALANCE_NONE, HG_BALANCE_GRADNORM, HG_BALANCE_RELOBRALO } HGBalance;
PETSC_EXTERN const char *const HGBalances[]; /* their names */

PETSC_EXTERN PetscErrorCode HGObjectiveRegister(const char[], PetscErrorCode (*)(HGObjective));
PETSC_EXTERN PetscErrorCode HGObjectiveCreate(MPI_Comm, HGObjective *);
PETSC_EXTERN PetscErrorCode HGObjectiveSetType(HGObjective, HGObjectiveType);
PETSC_EXTERN PetscErrorCode HGObjectiveSetSeed(HGObjective, PetscInt);
PETSC_EXTERN PetscErrorCode HGObjectiveSetBatchSize(HGObjective, PetscInt);
PETSC_EXTERN PetscErrorCode HGObjectiveSetBalance(HGObjective, HGBalance);
PETSC_EXTERN PetscErrorCode HGObjectiveSetFromOptions(HGObjective);
PETSC_EXTERN PetscErrorCode HGObjectiveSetUp(HGObjective);
PETSC_EXTERN PetscErrorCode HGObjectiveDestroy(HGObjective *);
PETSC_EXTERN PetscErrorCode HGObjectiveGetSizes(HGObjective, PetscInt *, PetscInt *);
PETSC_EXTERN PetscErrorCode HGObjectiveCreateVector(HGObjective, Vec *);
PETSC_EXTERN PetscErrorCode HGObjectiveEvaluate(HGObjective, Vec, PetscReal *, Vec);
PETSC_EXTERN PetscErrorCode HGObjectiveEvaluateBatch(HGObjective, PetscInt, PetscInt, Vec, PetscReal *, Vec);
PETSC_EXTERN PetscErrorCode HGObjectiveValidate(HGObjective, Vec, PetscBool *, PetscReal *);
PETSC_EXTERN PetscErrorCode HGObjectiveGetUnknown(HGObjective, Vec, const char *[], PetscReal *);

PETSC_EXTERN PetscErrorCode HGObjectiveFieldsSetNet(HGObjective, HGNet);
PETSC_EXTERN PetscErrorCode HGObjectiveFieldsSetData(HGObjective, HGData, HGData);
PETSC_EXTERN PetscErrorCode HGObjectiveFieldsSetPhysics(HGObjective, HGPhysics, PetscReal);
PETSC_EXTERN PetscErrorCode HGObjectiveFieldsSetBoundaryWeight(HGObjective, PetscReal);
PETSC_EXTERN PetscErrorCode HGObjectiveFieldsSetLabelled(HGObjective, PetscInt);
PETSC_EXTERN PetscErrorCode HGObjectiveFieldsSetUnknown(HGObjective, const char[], PetscReal);
PETSC_EXTERN PetscErrorCode HGObjectiveFieldsSetRegularization(HGObjective, PetscReal);
PETSC_EXTERN PetscErrorCode HGObjectiveFieldsGetUnknownField(HGObjective, Vec, Vec *);
PETSC_EXTERN PetscErrorCode HGObjectiveFieldsGetLoss(HGObjective, HGLoss *);

PETSC_EXTERN PetscErrorCode HGObjectivePointsSet(HGObjective, HGNet, HGCollocation);
PETSC_EXTERN PetscErrorCode HGObjectivePointsSetUnknown(HGObjective, const char[], PetscReal);
PETSC_EXTERN PetscErrorCode HGObjectivePointsSetRefinement(HGObjective, PetscInt, PetscInt);

PETSC_EXTERN PetscErrorCode HGObjectiveInversionSetPhysics(HGObjective, HGPhysics);
PETSC_EXTERN PetscErrorCode HGObjectiveInversionSetUnknown(HGObjective, const char[], PetscReal);
PETSC_EXTERN PetscErrorCode HGObjectiveInversionSetRegularization(HGObjective, PetscReal);
PETSC_EXTERN PetscErrorCode HGObjectiveInversionSetWeights(HGObjective, Vec);
PETSC_EXTERN PetscErrorCode HGObjectiveInversionSetObservations(HGObjective, PetscInt, const Vec[], const Vec[]);
PETSC_EXTERN PetscErrorCode HGObjectiveInversionGetMisfit(HGObjective, PetscReal *);
PETSC_EXTERN PetscErrorCode HGObjectiveInversionGetFields(HGObjective, Vec *, Vec *);

#endif
