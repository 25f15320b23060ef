/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGPHYSICS_IMPL_H
#define HGPHYSICS_IMPL_H

#include "physics/hgphysics.h"
#include <petsc/private/petscimpl.h>

struct _HGPhysicsOps {
  PetscErrorCode (*setfromoptions)(HGPhysics);
  PetscErrorCode (*setup)(HGPhysics);
  PetscErrorCode (*sampleinput)(HGPhysics, uint64_t, PetscInt, Vec);
  PetscErrorCode (*solve)(HGPhysics, Vec, Vec);
  PetscErrorCode (*setinput)(HGPhysics, PetscInt, Vec);   /* sample, input field or NULL */
  PetscErrorCode (*residual)(HGPhysics, Vec, Vec);        /* u, F(u) */
  PetscErrorCode (*adjoint)(HGPhysics, Vec, Vec, Vec);    /* u, w, J(u)' w */
  PetscErrorCode (*view)(HGPhysics, PetscViewer);
  PetscErrorCode (*destroy)(HGPhysics);
};

struct _p_HGPhysics {
  PETSCHEADER(struct _HGPhysicsOps);
  PetscInt  dim, size[3]; /* points in Z, Y, X */
  DM        dm;           /* one degree of freedom, stencil width 1; or the user's */
  PetscInt  sample;       /* the one drawn last, for messages; -1 for none */
  PetscInt  iterations;   /* of the last solve */
  PetscBool setup;
  Vec        weights, input, u, f, g; /* W or NULL; work: the input of a sample, u, W F, J' W' W F */
  PetscReal *value;                   /* [nvalues] of the samples of a batch */
  PetscInt   nvalues;
  PetscBool  test, tested;            /* the Jacobian, at the first gradient */
  void     *data;
};

/* A Gaussian random field, see field.c */
typedef struct {
  PetscInt  dim, modes;
  PetscReal alpha, tau;
  PetscInt  start[3], n[3]; /* this rank's points in Z, Y, X */
  double   *root;           /* [modes^dim] standard deviation of each coefficient */
  double   *basis[3];       /* [modes][n] cosines at this rank's points, for z, y, x */
  double   *coef;           /* [modes^dim] coefficients of a sample, [kz][ky][kx] */
  double   *sum[3];         /* summed over kx: [kz][ky][x], also over ky: [kz][y][x], over all: [z][y][x] */
} HGRandomField;

PETSC_INTERN PetscErrorCode HGRandomFieldSetUp(HGRandomField *, DM);
PETSC_INTERN PetscErrorCode HGRandomFieldSample(HGRandomField *, uint64_t, PetscInt, PetscScalar[]);
PETSC_INTERN PetscErrorCode HGRandomFieldDestroy(HGRandomField *);
PETSC_INTERN PetscErrorCode HGGridMultigrid(DM, PC);
PETSC_INTERN PetscErrorCode HGPhysicsCreate_Darcy(HGPhysics);
PETSC_INTERN PetscErrorCode HGPhysicsCreate_User(HGPhysics);

#endif
