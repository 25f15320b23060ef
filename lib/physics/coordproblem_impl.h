/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COORDPROBLEM_IMPL_H
#define COORDPROBLEM_IMPL_H

#include "physics/hgcoordproblem.h"

typedef struct {
  HGCoordTerm term;
  PetscInt    total;    /* points over all ranks, refinement included */
  PetscInt    n, room;  /* this rank's */
  double     *x, *data; /* [n][dim], [n][ndata] */
  double      loss;     /* of the last evaluation */
} HGCoordPoints;

struct _p_HGCoordProblem {
  MPI_Comm    comm;
  PetscMPIInt rank, size;
  char        name[64];
  PetscInt    dim, out, nsecond, second[HG_COORD_MAX_DIM * HG_COORD_MAX_DIM][2];
  double      lo[HG_COORD_MAX_DIM], hi[HG_COORD_MAX_DIM];
  void       *ctx;
  PetscErrorCode (*free)(void *); /* of a built-in problem's context */
  PetscErrorCode (*options)(HGCoordProblem);
  PetscInt      nq, unknown; /* unknown: which parameter is, or -1 */
  char          qname[HG_COORD_MAX_UNKNOWN][32];
  double        q[HG_COORD_MAX_UNKNOWN], start;
  PetscInt      nterms;
  HGCoordPoints term[HG_COORD_MAX_TERMS];
  void (*exact)(const double[], double[], void *);
  HGCoordSampling sampling;
  PetscInt        seed, candidates; /* candidates drawn so far by refinement */
  HGCoordNet      net;
  PetscInt        nnet, nall;    /* parameters of the network; and the unknown */
  PetscMPIInt    *count, *first; /* of each rank's part of the parameters */
  double         *all, *sum;     /* [nall], [nall + terms] */
  PetscInt        active;        /* the term of the sweep that runs */
  const double   *x;             /* and its points */
  double         *best;          /* refinement: |f|^2 of each point, or NULL */
  double         *values;        /* prediction: [n][out], or NULL */
  double          lane_sum[HG_COORD_LANES][8], lane_q[HG_COORD_LANES][HG_COORD_MAX_UNKNOWN]; /* a cache line for each lane */
  PetscInt        lane_bad[HG_COORD_LANES];
};

PETSC_INTERN PetscErrorCode HGCoordProblemCreate_Burgers(HGCoordProblem);
PETSC_INTERN PetscErrorCode HGCoordProblemCreate_Poisson(HGCoordProblem);
PETSC_INTERN PetscErrorCode HGCoordProblemSample(HGCoordProblem, HGCoordPoints *);
PETSC_INTERN PetscErrorCode HGCoordProblemSweep(HGCoordProblem, PetscInt, PetscInt, const double[], PetscBool);
PETSC_INTERN PetscErrorCode HGCoordProblemTake(HGCoordProblem, Vec);

#endif
