/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGTAO_IMPL_H
#define HGTAO_IMPL_H

#include "tao/hgtao.h"
#include "tensor/hgvec.h"
#include "kernel/hgfield.h"
#include <petsc/private/taoimpl.h>

/* What the data of a stochastic optimizer begin with, see HGTaoCreateStochastic() */
typedef struct {
  PetscReal   lr, weight_decay;
  PetscInt64  step; /* steps taken in all, over several solves and resumed runs */
  PetscInt    nstate;
  const char *name[HG_MAX_STATE];
  Vec         state[HG_MAX_STATE];
  HGDType     dtype;  /* of parameters and state, where a trainer may choose; HG_F32 needs update_f32 */
  PetscBool   chosen; /* the user said so */
  void (*update)(Tao, PetscInt n, const PetscScalar *g, PetscScalar *x, PetscScalar *const state[]);
  void (*update_f32)(Tao, PetscInt n, const float *g, float *x, float *const state[]); /* NULL: double precision alone */
  PetscErrorCode (*append)(Tao, PetscReal lr, HGText *);                               /* options that make it what it is; NULL for none */
} HGStochastic;

PETSC_EXTERN PetscErrorCode        HGTaoCreateStochastic(Tao, size_t, HGStochastic **);
PETSC_INTERN PetscErrorCode        HGTaoOptionDType(HGOptionItems, const char[], HGStochastic *);
PETSC_INTERN PetscErrorCode        HGTaoAppendDType(Tao, HGText *, const char[]);
PETSC_INTERN const HGFieldKernels *HGTaoKernels(HGDType);
PETSC_EXTERN PetscErrorCode        HGTaoAppendReal(HGText *, const char[], PetscReal);

#define HG_TAOS(X)     \
  X(HGTAOADAM, Adam)   \
  X(HGTAOADAMW, AdamW) \
  X(HGTAOSGD, SGD)
#define DECLARE(type, name) PETSC_INTERN PetscErrorCode HGTaoCreate_##name(Tao);
HG_TAOS(DECLARE)
#undef DECLARE

#endif
