/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGOBJECTIVE_IMPL_H
#define HGOBJECTIVE_IMPL_H

#include "model/hgmodel.h"
#include "objective/hgobjective.h"
#include "sys/hgtext.h"
#include <petsc/private/petscimpl.h>

#define HG_OBJECTIVE_TERMS 16 /* at most */

typedef struct {
  const char *name;              /* in histories */
  PetscReal   weight;            /* what the user says it counts */
  PetscBool   present;           /* from the first step on, whatever its value is then */
  PetscReal   factor;            /* by which balancing changes that */
  PetscReal   initial, previous; /* its value at the first step, 0 before it, and at the last */
  PetscReal   value;             /* of the last batch, or of all, without weight */
  double      sum;               /* over the samples of the epoch so far */
} HGObjectiveTerm;

typedef struct _HGObjectiveOps *HGObjectiveOps;

/* Texts are options, such as " -train_batch_size 8", that a resumed run is compared with. file: the model file's name, for messages */
struct _HGObjectiveOps {
  PetscErrorCode (*setfromoptions)(HGObjective, HGOptionItems);
  PetscErrorCode (*setup)(HGObjective); /* sets samples, names and weights of the terms */
  PetscErrorCode (*createvector)(HGObjective, Vec *);
  /* Value, its gradient, and the terms of a batch, or with batch < 0 of all samples; weights instead of those of the terms */
  PetscErrorCode (*evaluate)(HGObjective, PetscInt epoch, PetscInt batch, Vec p, const PetscReal weight[], PetscReal *, Vec);
  PetscErrorCode (*validate)(HGObjective, Vec, const PetscReal weight[], PetscBool *,
                             PetscReal *);                                     /* false: there is nothing to validate on; NULL: never */
  PetscErrorCode (*getunknown)(HGObjective, Vec, const char *[], PetscReal *); /* NULL: there is none */
  PetscErrorCode (*write)(HGObjective, Vec, HGModel);
  PetscErrorCode (*getnet)(HGObjective, HGNet *);    /* whose parameters are what is trained, or its front; NULL: there is none */
  PetscErrorCode (*describe)(HGObjective, HGText *); /* what is told if it differs */
  PetscErrorCode (*check)(HGObjective, const char file[], HGModel);  /* what is refused if it differs, before the parameters are read */
  PetscErrorCode (*read)(HGObjective, HGModel, Vec);                 /* the parameters */
  PetscErrorCode (*resume)(HGObjective, const char file[], HGModel); /* the rest */
  PetscErrorCode (*where)(HGObjective, char[], size_t); /* the name of what was not finite in the last evaluation, if it is known */
  PetscErrorCode (*change)(HGObjective, Vec);           /* every so many epochs: another function from now on */
  PetscErrorCode (*destroy)(HGObjective);
};

struct _p_HGObjective {
  PETSCHEADER(struct _HGObjectiveOps);
  void           *data;
  PetscBool       setup;
  PetscInt        seed, batch_size, samples, batches;
  PetscInt        nterms, reference; /* reference: the term that the others' gradients are balanced with */
  HGObjectiveTerm term[HG_OBJECTIVE_TERMS];
  PetscBool       listed;       /* the terms are, in histories */
  PetscInt        every;        /* epochs between two changes, 0 for none */
  PetscInt        changes;      /* those that were made */
  PetscInt        memory;       /* pairs that suit limited-memory optimizers, 0 for their default */
  PetscReal       tolerance[3]; /* gatol, grtol and gttol of TaoSetTolerances() that suit it; all 0 for the optimizer's */
  HGBalance       balance;
  Vec             gradient; /* of one term */
};

/* A parameter of an equation that is found too, q = +-exp(theta), see unknown.c */
typedef struct {
  char      name[32]; /* empty for none */
  PetscReal start;    /* 0 for the value the equation has */
  PetscReal sign;
} HGUnknown;

#define HG_UNKNOWN_FIELD "a" /* the name of an unknown that is the input field */

/* The input field as an unknown, see unknownfield.c */
typedef struct {
  DM         dm;
  PetscBool  log;
  PetscReal  spacing[3];     /* x, y, z */
  PetscReal  alpha;          /* what its roughness counts */
  Vec        a, m, g;        /* field, what the optimizer has of it, the gradient by that */
  Vec        local, natural; /* m with ghost points; in natural order, NULL if what is trained is */
  VecScatter tail;           /* between natural and the end of what is trained, NULL if that is m alone */
} HGUnknownField;

PETSC_INTERN PetscErrorCode HGUnknownFieldSetRegularization(MPI_Comm, PetscReal, HGUnknownField *);
PETSC_INTERN PetscErrorCode HGUnknownFieldCheckRegularization(MPI_Comm, const HGUnknownField *, PetscBool);
PETSC_INTERN PetscErrorCode HGUnknownFieldSetUp(HGPhysics, Vec, HGUnknownField *);
PETSC_INTERN PetscErrorCode HGUnknownFieldCreateVector(HGUnknownField *, Vec *);
PETSC_INTERN PetscErrorCode HGUnknownFieldGet(HGUnknownField *, Vec, PetscBool *);
PETSC_INTERN PetscErrorCode HGUnknownFieldAdd(HGUnknownField *, PetscReal, Vec);
PETSC_INTERN PetscErrorCode HGUnknownFieldAddRoughness(HGUnknownField *, PetscReal, PetscReal *);
PETSC_INTERN PetscErrorCode HGUnknownFieldSetGradient(HGUnknownField *, Vec);
PETSC_INTERN PetscErrorCode HGUnknownFieldDestroy(HGUnknownField *);

PETSC_INTERN PetscErrorCode HGUnknownSet(MPI_Comm, const char[], PetscReal, HGUnknown *);
PETSC_INTERN PetscErrorCode HGUnknownCreateVector(HGUnknown *, PetscReal, Vec *);
PETSC_INTERN PetscErrorCode HGUnknownGet(const HGUnknown *, Vec, PetscReal *);
PETSC_INTERN PetscErrorCode HGUnknownSetGradient(const HGUnknown *, PetscReal, PetscReal, Vec);

PETSC_INTERN PetscErrorCode HGObjectiveWeights(HGObjective, PetscReal[]);
PETSC_INTERN PetscInt       HGObjectiveCount(HGObjective, PetscInt);
PETSC_INTERN PetscErrorCode HGObjectiveBalanceBefore(HGObjective, PetscInt, PetscInt, Vec);
PETSC_INTERN PetscErrorCode HGObjectiveBalanceAfter(HGObjective, PetscInt, PetscInt);
PETSC_INTERN PetscErrorCode HGObjectiveWriteState(HGObjective, HGModel);
PETSC_INTERN PetscErrorCode HGObjectiveReadState(HGObjective, HGModel);

PETSC_INTERN PetscErrorCode HGObjectiveWrite(HGObjective, Vec, HGModel);
PETSC_INTERN PetscErrorCode HGObjectivePutVec(HGObjective, HGModel, const char[], const char[], Vec);
PETSC_INTERN PetscErrorCode HGObjectiveGetVec(HGObjective, HGModel, const char[], const char[], Vec);
PETSC_INTERN PetscErrorCode HGObjectiveDescribe(HGObjective, HGText *);
PETSC_INTERN PetscErrorCode HGObjectiveCheck(HGObjective, const char[], HGModel);
PETSC_INTERN PetscErrorCode HGObjectiveRead(HGObjective, HGModel, Vec);
PETSC_INTERN PetscErrorCode HGObjectiveResume(HGObjective, const char[], HGModel);
PETSC_INTERN PetscErrorCode HGObjectiveWhere(HGObjective, char[], size_t);

#define HG_OBJECTIVES(X)       \
  X(HGOBJECTIVEFIELDS, Fields) \
  X(HGOBJECTIVEPOINTS, Points) \
  X(HGOBJECTIVEINVERSION, Inversion)
#define DECLARE(type, name) PETSC_INTERN PetscErrorCode HGObjectiveCreate_##name(HGObjective);
HG_OBJECTIVES(DECLARE)
#undef DECLARE

#endif
