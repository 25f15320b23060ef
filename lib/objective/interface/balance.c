/* SPDX-License-Identifier: BSD-2-Clause */
/* Factors of the terms of a loss, found during training. They change between steps of the stochastic optimizers only: the others see one function. */
#include "objective/objective_impl.h"

const char *const HGBalances[] = {"none", "gradnorm", "relobralo"};

#define EVERY       10    /* steps between two comparisons of gradients */
#define ANNEALING   0.1   /* share of the new factor, alpha of Wang et al. */
#define TEMPERATURE 0.1   /* T of Bischof and Kraus */
#define MEMORY      0.999 /* their alpha */
#define LOOKBACK    0.999 /* their expectation of rho */

static PetscBool IsActive(HGObjective o, PetscInt i)
{
  const HGObjectiveTerm *t = &o->term[i];

  return t->weight != 0 && (t->present || t->initial != 0) ? PETSC_TRUE : PETSC_FALSE;
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

/* Mini-batches of all epochs before this one */
static PetscInt64 StepOf(HGObjective o, PetscInt epoch, PetscInt batch)
{
  return (PetscInt64)epoch * o->batches + batch;
}

/* The gradient of a term alone */
static PetscErrorCode EvaluateTerm(HGObjective o, PetscInt epoch, PetscInt batch, Vec p, PetscInt term)
{
  PetscReal only[HG_OBJECTIVE_TERMS] = {0}, value;

  PetscFunctionBegin;
  only[term] = o->term[term].weight;
  PetscCall((*o->ops->evaluate)(o, epoch, batch, p, only, &value, o->gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGObjectiveBalanceBefore - Learning rate annealing, algorithm 1 of Wang, Teng, Perdikaris, arXiv 2001.04536: the factor of a term is the largest
  element of the residual's gradient over the mean of the magnitudes of the term's own, as a moving average. Every so many steps; costs a sweep for
  each term.
*/
PetscErrorCode HGObjectiveBalanceBefore(HGObjective o, PetscInt epoch, PetscInt batch, Vec p)
{
  PetscReal largest = 0, mean;

  PetscFunctionBegin;
  if (o->balance != HG_BALANCE_GRADNORM || StepOf(o, epoch, batch) % EVERY) PetscFunctionReturn(PETSC_SUCCESS);
  if (!o->gradient) PetscCall(VecDuplicate(p, &o->gradient));
  PetscCall(EvaluateTerm(o, epoch, batch, p, o->reference));
  PetscCall(VecNorm(o->gradient, NORM_INFINITY, &largest));
  for (PetscInt i = 0; i < o->nterms; i++) {
    if (i == o->reference) continue;
    PetscCall(EvaluateTerm(o, epoch, batch, p, i));
    PetscCall(MeanMagnitude(o->gradient, &mean));
    if (mean > 0 && !PetscIsInfOrNanReal(largest / mean))
      o->term[i].factor = (1 - ANNEALING) * o->term[i].factor + ANNEALING * largest / mean;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* m softmax(L_i / (T L_i(then))), the factors that would make up for how the terms have fallen since */
static void Progress(HGObjective o, const PetscReal then[], PetscReal factor[])
{
  PetscReal most = -PETSC_MAX_REAL, sum = 0;
  PetscInt  m = 0;

  for (PetscInt i = 0; i < o->nterms; i++) {
    factor[i] = 0;
    if (!IsActive(o, i)) continue;
    factor[i] = o->term[i].value / (TEMPERATURE * then[i] + PETSC_SMALL);
    most      = PetscMax(most, factor[i]);
    m++;
  }
  for (PetscInt i = 0; i < o->nterms; i++)
    if (IsActive(o, i)) sum += factor[i] = PetscExpReal(factor[i] - most);
  for (PetscInt i = 0; i < o->nterms; i++) factor[i] = IsActive(o, i) ? (PetscReal)m * factor[i] / sum : 1;
}

/* ReLoBRaLo, equations 8 to 10 of Bischof and Kraus, arXiv 2110.09813; rho is a function of seed and step */
static void Relobralo(HGObjective o, uint64_t step)
{
  const PetscReal rho                    = HGRandomUniform((uint64_t)o->seed, HGRandomStream("relobralo"), step) < LOOKBACK ? 1 : 0;
  PetscReal previous[HG_OBJECTIVE_TERMS] = {0}, initial[HG_OBJECTIVE_TERMS] = {0}, recent[HG_OBJECTIVE_TERMS], whole[HG_OBJECTIVE_TERMS];

  for (PetscInt i = 0; i < o->nterms; i++) {
    previous[i] = o->term[i].previous;
    initial[i]  = o->term[i].initial;
  }
  Progress(o, previous, recent);
  Progress(o, initial, whole);
  for (PetscInt i = 0; i < o->nterms; i++)
    o->term[i].factor = MEMORY * (rho * o->term[i].factor + (1 - rho) * whole[i]) + (1 - MEMORY) * recent[i];
}

/* HGObjectiveBalanceAfter - After a step: the terms are known */
PetscErrorCode HGObjectiveBalanceAfter(HGObjective o, PetscInt epoch, PetscInt batch)
{
  PetscBool first = PETSC_TRUE;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < o->nterms; i++)
    if (o->term[i].initial != 0) first = PETSC_FALSE;
  if (!first && o->balance == HG_BALANCE_RELOBRALO) Relobralo(o, (uint64_t)StepOf(o, epoch, batch));
  for (PetscInt i = 0; i < o->nterms; i++) {
    if (first) o->term[i].initial = o->term[i].value;
    o->term[i].previous = o->term[i].value;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- in a model file ---- */

/* HGObjectiveWriteState - Writes factors and what they follow from */
PetscErrorCode HGObjectiveWriteState(HGObjective o, HGModel m)
{
  PetscReal state[3 * HG_OBJECTIVE_TERMS];

  PetscFunctionBegin;
  for (PetscInt i = 0; i < o->nterms; i++) {
    state[i]                 = o->term[i].factor;
    state[o->nterms + i]     = o->term[i].initial;
    state[2 * o->nterms + i] = o->term[i].previous;
  }
  PetscCall(HGModelPutReals(m, "", "training_state", 3 * o->nterms, state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGObjectiveReadState(HGObjective o, HGModel m)
{
  PetscReal state[3 * HG_OBJECTIVE_TERMS];
  PetscBool has;

  PetscFunctionBegin;
  PetscCall(HGModelHas(m, "", "training_state", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGModelGetReals(m, "", "training_state", 3 * o->nterms, PETSC_MIN_REAL, PETSC_MAX_REAL, state));
  for (PetscInt i = 0; i < o->nterms; i++) {
    o->term[i].factor   = state[i];
    o->term[i].initial  = state[o->nterms + i];
    o->term[i].previous = state[2 * o->nterms + i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
