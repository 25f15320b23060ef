/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGCOLLOCATION_IMPL_H
#define HGCOLLOCATION_IMPL_H

#include "physics/points/hgcollocation.h"
#include "physics/grid/grid_impl.h"

/* A term with its points; the built-in equation's is computed by pieces of points instead of by callbacks */
typedef struct {
  HGCollocationTerm term;
  PetscBool         equation; /* of the built-in equation: no callbacks */
  PetscBool         given;    /* points and data were set, none are drawn */
  PetscInt          total;    /* points over all ranks, refinement included */
  PetscInt          n, room;  /* this rank's */
  double           *x, *data; /* [n][dim], [n][ndata] */
} HGCollocationPoints;

/* The built-in equation, as HGPhysics has it */
typedef struct {
  HGPhysics         physics;
  const HGEquation *def;
  int               dim; /* of space; a time behind it unless the equation is steady */
  PetscBool         time;
  PetscInt          unknowns;
  const char       *data; /* what it needs: "initial", "equation", or NULL */
} HGCollocationEquation;

struct _p_HGCollocation {
  PETSCHEADER(int);
  PetscMPIInt           rank, size;
  PetscInt              dim, out, nsecond, second[HG_JET_MAX_DIM * HG_JET_MAX_DIM][2];
  double                lo[HG_JET_MAX_DIM], hi[HG_JET_MAX_DIM];
  PetscBool             periodic[HG_JET_MAX_DIM];
  void                 *ctx;
  HGCollocationEquation e; /* e.def NULL for callbacks alone */
  char                  example[64];
  PetscErrorCode (*options)(HGCollocation); /* of an example */
  PetscErrorCode (*free)(HGCollocation);    /* its context */
  void               *example_ctx;
  PetscInt            nq;
  char                qname[HG_COLLOCATION_PARAMETERS][32];
  double              q[HG_COLLOCATION_PARAMETERS];
  PetscInt            nterms;
  HGCollocationPoints term[HG_COLLOCATION_TERMS];
  void (*exact)(const double[], double[], void *);
  HGSampling    sampling;
  PetscInt      seed, candidates; /* candidates drawn so far by refinement */
  PetscInt      nadded, *added;   /* [nadded] those of them that became points, on all ranks */
  HGNet         net;
  PetscLogEvent event;
  PetscInt      active;                                                                     /* the term of the sweep that runs */
  double        weight;                                                                     /* its weight over its points */
  const double *x;                                                                          /* and its points */
  double       *best;                                                                       /* refinement: |f|^2 of each point, or NULL */
  double        lane_sum[HG_JET_LANES][8], lane_q[HG_JET_LANES][HG_COLLOCATION_PARAMETERS]; /* a cache line for each lane */
  PetscInt      lane_bad[HG_JET_LANES];
  PetscInt      bad_term, bad_point; /* of the last evaluation on this rank, -1 for none */
};

#define HG_COLLOCATION_EXAMPLES 2
PETSC_INTERN const char *const HGCollocationExamples[HG_COLLOCATION_EXAMPLES];

PETSC_INTERN PetscErrorCode HGCollocationAddCandidates(HGCollocation, PetscInt, const PetscInt[]);
PETSC_INTERN PetscErrorCode HGCollocationAttach(HGCollocation, HGNet);
PETSC_INTERN PetscErrorCode HGCollocationSampleTerm(HGCollocation, HGCollocationPoints *);
PETSC_INTERN PetscErrorCode HGCollocationSweep(HGCollocation, PetscInt, PetscReal, PetscInt, const double[], PetscBool);
PETSC_INTERN PetscErrorCode HGCollocationFindTerm(HGCollocation, const char[], HGCollocationPoints **);
PETSC_INTERN double         HGCollocationEquationPiece(HGCollocation, const HGCollocationPoints *, int, PetscInt, PetscInt, const double *,
                                                       double *);
PETSC_INTERN PetscInt       HGSamplePermuted(uint64_t, uint64_t, PetscInt, PetscInt);

#endif
