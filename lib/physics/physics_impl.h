/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGPHYSICS_IMPL_H
#define HGPHYSICS_IMPL_H

#include "physics/hgphysics.h"
#include <petsc/private/petscimpl.h>

/* alpha u + beta du/dn = gamma on one side of the domain */
typedef struct {
  HGPhysicsBC kind;
  PetscReal   alpha, beta, gamma;
} HGSide;

/* The cells of the domain along one axis */
typedef struct {
  PetscInt  size;
  PetscReal origin, length, stretch;
  PetscBool periodic, soft; /* soft: the differences do not know the conditions */
  HGSide    side[2];        /* low and high */
  double   *x, *at;         /* [size] centres of the cells, from the low side and from the origin of coordinates */
} HGGridAxis;

struct _HGPhysicsOps {
  PetscErrorCode (*setfromoptions)(HGPhysics);
  PetscErrorCode (*channels)(HGPhysics); /* sets unknowns and inputs for the dimensions of the grid */
  PetscErrorCode (*setup)(HGPhysics);
  PetscErrorCode (*sampleinput)(HGPhysics, uint64_t, PetscInt, Vec);
  PetscErrorCode (*solve)(HGPhysics, Vec, Vec);
  PetscErrorCode (*setinput)(HGPhysics, PetscInt, Vec);    /* sample, input field or NULL */
  PetscErrorCode (*residual)(HGPhysics, Vec, Vec);         /* u, F(u) */
  PetscErrorCode (*adjoint)(HGPhysics, Vec, Vec, Vec);     /* u, w, J(u)' w */
  PetscErrorCode (*otherjacobian)(HGPhysics, PetscBool *); /* J has failed the test: whether there is another, taken from now on */
  PetscErrorCode (*normoperator)(HGPhysics, Mat *);        /* symmetric positive definite, close to the Jacobian for some coefficient */
  PetscErrorCode (*setparameter)(HGPhysics, const char[], PetscReal, PetscBool *); /* the last: whether the equation has it */
  PetscErrorCode (*getparameter)(HGPhysics, const char[], PetscReal *, PetscBool *);
  PetscErrorCode (*parameteradjoint)(HGPhysics, const char[], Vec, Vec, PetscReal *); /* this rank's share */
  PetscErrorCode (*inputadjoint)(HGPhysics, Vec, Vec, Vec, Vec);                      /* a, u, w, (dF/da)' w */
  PetscErrorCode (*solveadjoint)(HGPhysics, Vec, Vec, Vec);                           /* u, r, lambda; after solve */
  PetscErrorCode (*options)(HGPhysics, char[], size_t);                               /* appends the options of the equation's own */
  PetscErrorCode (*equation)(HGPhysics, const HGEquation **,
                             PetscReal[]); /* what it is at a point, and its parameters; NULL if that is not known */
  PetscErrorCode (*view)(HGPhysics, PetscViewer);
  PetscErrorCode (*destroy)(HGPhysics);
};

struct _p_HGPhysics {
  PETSCHEADER(struct _HGPhysicsOps);
  PetscInt              dim, size[3];                 /* points in Z, Y, X */
  DM                    dm;                           /* the unknowns are its degrees of freedom, stencil width 1; or the user's */
  PetscInt              unknowns, inputs;             /* of a built-in equation at a point */
  HGGridAxis            axis[3];                      /* z, y, x of a built-in equation */
  PetscInt              order;                        /* of its differences */
  PetscBool             soft, hard;                   /* conditions by a penalty alone; in a network\'s output too */
  PetscBool             homogeneous[HG_MAX_UNKNOWNS]; /* unknowns whose boundary values are zero, whatever gamma is */
  DM                    ghosted;                      /* for the penalty */
  Vec                   mask, lift, part, local;      /* m and g of the hard conditions; work */
  PetscInt              sample;                       /* the one drawn last, for messages; -1 for none */
  PetscInt              iterations;                   /* of the last solve */
  PetscBool             setup, options;               /* options: HGPhysicsSetFromOptions() has been called */
  HGPhysicsJacobianType jacobian;                     /* of a user's equation */
  Vec                   weights, input, u, f, g;      /* W or NULL; work: the input of a sample, u, W F, J' W' W F */
  PetscReal            *value;                        /* [nvalues] of the samples of a batch */
  PetscReal            *partial;                      /* sums of blocks of a sample */
  PetscInt              nvalues;
  HGPhysicsNorm         norm;
  PC                    pc;               /* B of the preconditioned norm, or NULL */
  PetscBool        symmetric, normtested; /* B' is B; B has been found to be what it must be, with operators of this identity and state */
  PetscObjectId    normid[2];
  PetscObjectState normstate[2];
  PetscBool        allow_not_finite;               /* a residual that is not finite is a value, not an error */
  PetscBool        positive;                       /* the input field must be */
  char             failure[512];                   /* why the last solve found no solution, empty if it did */
  char             parameter[32];                  /* by which HGPhysicsEvaluate() differentiates too, empty for none */
  Vec              one_input, by_input, by_sample; /* of all samples, or NULL; the derivative by it, of the batch and of one sample */
  PetscObjectId    layout;                         /* of the tensor whose layout was found to be the DMDA's */
  PetscReal        parameter_gradient;
  PetscInt         bad;                            /* the sample that had it in the last evaluation, -1 for none */
  PetscBool        test, tested;                   /* the Jacobian, at the first gradient */
  const char      *title, *inputname, *outputname; /* of a built-in equation */
  void            *data;
};

/* A Gaussian random field, see field.c */
typedef struct {
  PetscInt          dim, modes;
  PetscReal         alpha, tau;
  const HGGridAxis *axis;           /* z, y, x; NULL for uniform cells without periodic axes */
  PetscInt          start[3], n[3]; /* this rank's points in Z, Y, X */
  double           *root;           /* [modes^dim] standard deviation of each coefficient */
  double           *basis[3];       /* [modes][n] cosines at this rank's points, for z, y, x */
  double           *coef;           /* [modes^dim] coefficients of a sample, [kz][ky][kx] */
  double           *sum[3];         /* summed over kx: [kz][ky][x], also over ky: [kz][y][x], over all: [z][y][x] */
} HGRandomField;

/* Of a batch; of a sample: residual, transposed Jacobian times a vector and in it the user's Jacobian function or differences, norm */
PETSC_INTERN PetscLogEvent HG_PHYSICS_Evaluate, HG_PHYSICS_Residual, HG_PHYSICS_Adjoint, HG_PHYSICS_Jacobian, HG_PHYSICS_Norm;

PETSC_INTERN PetscErrorCode HGRandomFieldSetUp(HGRandomField *, DM);
PETSC_INTERN PetscErrorCode HGRandomFieldSample(HGRandomField *, uint64_t, const char[], PetscScalar[]);
PETSC_INTERN PetscErrorCode HGRandomFieldDestroy(HGRandomField *);
PETSC_INTERN PetscErrorCode HGGridMultigrid(DM, PC);
PETSC_INTERN PetscErrorCode HGPhysicsBoundarySetFromOptions(HGPhysics);
PETSC_INTERN PetscErrorCode HGPhysicsSetUpAxes(HGPhysics);
PETSC_INTERN PetscErrorCode HGPhysicsDestroyBoundary(HGPhysics);
PETSC_INTERN PetscErrorCode HGPhysicsCreateGhosted(HGPhysics, PetscInt, PetscInt, PetscBool, DM *);
PETSC_INTERN PetscErrorCode HGPhysicsViewBoundary(HGPhysics, PetscViewer);
PETSC_INTERN PetscErrorCode HGPhysicsCreateDiffusion(HGPhysics, PetscReal, PetscReal, Mat *);
PETSC_INTERN PetscErrorCode HGPhysicsMaskInput(HGPhysics, Vec);
PETSC_INTERN PetscErrorCode HGPhysicsFillRandom(Vec, const char[]);
PETSC_INTERN PetscErrorCode HGPhysicsAppendReal(char[], size_t, const char[], PetscReal);
PETSC_INTERN PetscErrorCode HGPhysicsTakeDMDA(HGPhysics, DM);
PETSC_INTERN PetscErrorCode HGPhysicsSetUpNorm(HGPhysics);
PETSC_INTERN PetscErrorCode HGPhysicsApplyNorm(HGPhysics, Vec, Vec);
PETSC_INTERN PetscErrorCode HGPhysicsApplyNormAdjoint(HGPhysics, Vec, Vec);
PETSC_INTERN PetscErrorCode HGPhysicsCreate_Darcy(HGPhysics);
PETSC_INTERN PetscErrorCode HGPhysicsCreate_User(HGPhysics);

#endif
