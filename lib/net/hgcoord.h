/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGCOORD_H
#define HGCOORD_H

#include "sys/hgsys.h"
#include "kernel/hgkernel.h"
#include "model/hgmodel.h"

#define HG_COORD_MAX_DIM 4 /* coordinates of a point */
#define HG_COORD_MAX_OUT 8 /* outputs of a coordinate network */

#define HG_COORD_LANES 16 /* partial sums of a sweep, the same on any number of threads */

/*S
   HGCoordNet - a network of coordinates: maps points (x, t, ...) to u with first and second derivatives, and the adjoint of all that

   Level: intermediate

   Notes:
   Dense layers with a smooth activation between them. The Taylor components of a layer, its value, d/dx_i and the d2/dx_i dx_j that
   were asked for, go through the layers together (forward Taylor mode, Griewank and Walther, Evaluating Derivatives, 2nd ed., chapter 13).
   The object is one rank's: it knows nothing of the others. Points and parameters are distributed by who uses it (`HGCoordProblem`).

   Parameters are numbers in the order weight(out, in), bias(out) of fc1, fc2, ...

.seealso: `HGCoordNetCreate()`, `HGCoordNetSweep()`, `HGCoordProblem`
S*/
typedef struct _p_HGCoordNet *HGCoordNet;

/*
   What HGCoordNetSweep() calls for a piece of the points, from any thread. Shapes: u, g: [component][n][outputs]; the components are u,
   then d/dx_i of each coordinate from order 1, then the second derivatives that were asked for at order 2.
   lane is from 0 to HG_COORD_LANES - 1, and no two threads have the same at one time: sums go there. g, the derivative of the objective
   by u, is to be filled; NULL if no gradient is wanted.
*/
typedef void (*HGCoordSeed)(void *ctx, int lane, PetscInt first, PetscInt n, const double *u, double *g);

PETSC_EXTERN PetscErrorCode HGCoordNetCreate(MPI_Comm, HGCoordNet *);
PETSC_EXTERN PetscErrorCode HGCoordNetSetSizes(HGCoordNet, PetscInt, PetscInt, PetscInt, PetscInt);
PETSC_EXTERN PetscErrorCode HGCoordNetSetActivation(HGCoordNet, const char[]);
PETSC_EXTERN PetscErrorCode HGCoordNetSetBox(HGCoordNet, const double[], const double[]);
PETSC_EXTERN PetscErrorCode HGCoordNetSetSecond(HGCoordNet, PetscInt, const PetscInt[][2]);
PETSC_EXTERN PetscErrorCode HGCoordNetSetFromOptions(HGCoordNet);
PETSC_EXTERN PetscErrorCode HGCoordNetSetUp(HGCoordNet, HGDType);
PETSC_EXTERN PetscErrorCode HGCoordNetGetSizes(HGCoordNet, PetscInt *, PetscInt *, PetscInt *);
PETSC_EXTERN PetscErrorCode HGCoordNetGetComponents(HGCoordNet, int, PetscInt *);
PETSC_EXTERN PetscErrorCode HGCoordNetGetOptionsString(HGCoordNet, char[], size_t);
PETSC_EXTERN PetscErrorCode HGCoordNetInitialize(HGCoordNet, uint64_t, double[]);
PETSC_EXTERN PetscErrorCode HGCoordNetSetParameters(HGCoordNet, const double[]);
PETSC_EXTERN PetscErrorCode HGCoordNetSweep(HGCoordNet, int, PetscInt, const double[], PetscBool, HGCoordSeed, void *);
PETSC_EXTERN PetscErrorCode HGCoordNetGetGradient(HGCoordNet, double[]);
PETSC_EXTERN PetscErrorCode HGCoordNetDestroy(HGCoordNet *);

PETSC_EXTERN PetscErrorCode HGCoordNetWriteModel(HGCoordNet, HGModel, const double[]);
PETSC_EXTERN PetscErrorCode HGModelIsCoord(HGModel, PetscBool *);
PETSC_EXTERN PetscErrorCode HGCoordNetSetModel(HGCoordNet, HGModel);
PETSC_EXTERN PetscErrorCode HGCoordNetReadModel(HGCoordNet, HGModel, double[]);

#endif
