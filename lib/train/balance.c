/* SPDX-License-Identifier: BSD-2-Clause */
/* Factors of the terms of a loss, found during training. They change between steps of the stochastic optimizers only: the others see one function. */
#include "train/train_impl.h"

const char *const HGBalances[] = {"none", "gradnorm", "relobralo"};

#define EVERY       10    /* steps between two comparisons of gradients */
#define ANNEALING   0.1   /* share of the new factor, alpha of Wang et al. */
#define TEMPERATURE 0.1   /* T of Bischof and Kraus */
#define MEMORY      0.999 /* their alpha */
#define LOOKBACK    0.999 /* their expectation of rho */

static PetscBool IsActive(HGTrainer t, int i)
{
  if (t->weight[i] == 0) return PETSC_FALSE;
  return i == HG_TERM_DATA ? (t->target ? PETSC_TRUE : PETSC_FALSE) : i == HG_TERM_RESIDUAL || t->initial[i] != 0;
}

/* In the order of the elements, which BLAS does not promise: a resumed run has the same bits */
static PetscErrorCode MeanMagnitude(Vec g, PetscReal *mean)
{
  const PetscScalar *v;
  PetscReal          sum = 0;
  PetscInt           n, size;

  PetscFunctionBegin;
  PetscCall(VecGetLocalSize(g, &n));
  PetscCall(VecGetSize(g, &size));
  PetscCall(VecGetArrayRead(g, &v));
  for (PetscInt i = 0; i < n; i++) sum += PetscAbsScalar(v[i]);
  PetscCall(VecRestoreArrayRead(g, &v));
  PetscCallMPI(MPI_Allreduce(&sum, mean, 1, MPIU_REAL, MPIU_SUM, PetscObjectComm((PetscObject)g)));
  *mean /= (PetscReal)size;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  Learning rate annealing, algorithm 1 of Wang, Teng, Perdikaris, arXiv 2001.04536: the factor of a term is the largest element of the residual's
  gradient over the mean of the magnitudes of the term's own, as a moving average. Every so many steps; costs a sweep for each term.
*/
PetscErrorCode HGTrainerBalanceBefore(HGTrainer t, PetscInt count, const PetscInt sample[])
{
  const PetscInt64 step    = HGTrainerStep(t);
  PetscReal        largest = 0, mean, value;

  PetscFunctionBegin;
  if (t->balance != HG_BALANCE_GRADNORM || step % EVERY) PetscFunctionReturn(PETSC_SUCCESS);
  if (!t->gradient) PetscCall(VecDuplicate(t->parameters, &t->gradient));
  for (int k = 0; k < HG_TERMS; k++) {
    const int i              = k == 0 ? HG_TERM_RESIDUAL : k == 1 ? HG_TERM_DATA : HG_TERM_BOUNDARY; /* the residual first */
    PetscReal only[HG_TERMS] = {0, 0, 0};

    only[i] = t->weight[i];
    PetscCall(HGTrainerAdjointBegin(t));
    PetscCall(HGTrainerRunBatch(t, t->data, count, sample, only, PETSC_TRUE, &value));
    PetscCall(HGTrainerAdjointEnd(t, t->gradient));
    if (i == HG_TERM_RESIDUAL) {
      PetscCall(VecNorm(t->gradient, NORM_INFINITY, &largest));
      continue;
    }
    PetscCall(MeanMagnitude(t->gradient, &mean));
    if (mean > 0 && !PetscIsInfOrNanReal(largest / mean)) t->factor[i] = (1 - ANNEALING) * t->factor[i] + ANNEALING * largest / mean;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* m softmax(L_i / (T L_i(then))), the factors that would make up for how the terms have fallen since */
static void Progress(HGTrainer t, const PetscReal then[], PetscReal factor[])
{
  PetscReal most = -PETSC_MAX_REAL, sum = 0;
  int       m = 0;

  for (int i = 0; i < HG_TERMS; i++) {
    factor[i] = 0;
    if (!IsActive(t, i)) continue;
    factor[i] = t->term[i] / (TEMPERATURE * then[i] + PETSC_SMALL);
    most      = PetscMax(most, factor[i]);
    m++;
  }
  for (int i = 0; i < HG_TERMS; i++)
    if (IsActive(t, i)) sum += factor[i] = PetscExpReal(factor[i] - most);
  for (int i = 0; i < HG_TERMS; i++) factor[i] = IsActive(t, i) ? (PetscReal)m * factor[i] / sum : 1;
}

/* ReLoBRaLo, equations 8 to 10 of Bischof and Kraus, arXiv 2110.09813; rho is a function of seed and step */
static PetscErrorCode Relobralo(HGTrainer t)
{
  const uint64_t  step = (uint64_t)HGTrainerStep(t);
  const PetscReal rho  = HGRandomUniform((uint64_t)t->seed, HGRandomStream("relobralo"), step) < LOOKBACK ? 1 : 0;
  PetscReal       recent[HG_TERMS], whole[HG_TERMS];

  PetscFunctionBegin;
  Progress(t, t->previous, recent);
  Progress(t, t->initial, whole);
  for (int i = 0; i < HG_TERMS; i++) t->factor[i] = MEMORY * (rho * t->factor[i] + (1 - rho) * whole[i]) + (1 - MEMORY) * recent[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* After a step: the terms are known */
PetscErrorCode HGTrainerBalanceAfter(HGTrainer t)
{
  PetscBool first = PETSC_TRUE;

  PetscFunctionBegin;
  for (int i = 0; i < HG_TERMS; i++)
    if (t->initial[i] != 0) first = PETSC_FALSE;
  if (!first && t->balance == HG_BALANCE_RELOBRALO) PetscCall(Relobralo(t));
  for (int i = 0; i < HG_TERMS; i++) {
    if (first) t->initial[i] = t->term[i];
    t->previous[i] = t->term[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
