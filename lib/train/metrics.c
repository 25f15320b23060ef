/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Predictions compared with targets, in double precision. Squares are taken of values over a power of two near the largest one, so that neither 1e-200 nor 1e200
   spoil a sum, and what is not finite is counted apart, since MPI's maximum may lose it.
*/
#include "train/metrics.h"
#include "train/train_impl.h"
#include <math.h>

/* Of one variable of a sample, or of many: squares over unit^2 */
typedef struct {
  double unit, sum;
} Squares;

/* What one variable of one sample contributes */
typedef struct {
  double  bad, error, norm; /* 1 for an infinite prediction, 2 for one that is not a number; the largest |y - t| and |t| */
  Squares e, t;
} Item;

/* All samples so far */
typedef struct {
  Squares  e;
  double   rel, most, bad; /* sum of relative errors, largest error */
  PetscInt counted;        /* samples that have a relative error */
  PetscInt zero;           /* and those whose target is zero everywhere */
} Figures;

struct _HGComparison {
  HGTensor  target;
  HGLoss    loss;    /* of classes; NULL for fields */
  PetscInt  nvar, N; /* variables of the target, 1 without any; samples of a batch */
  PetscInt *first;   /* [nvar + 1] their first channels */
  double   *item;    /* [N][nvar][3], reduced over the ranks */
  Figures   total, *each;
  double class[2]; /* cross entropy and accuracy times samples */
  PetscInt size[HG_AXES];
};

/* ---- sums of squares ---- */

static double UnitOf(double most)
{
  int e = 0;

  if (!(most > 0) || isinf(most)) return 1;
  (void)frexp(most, &e);
  return ldexp(1, e - 1);
}

static void AddSquares(Squares *s, const Squares *more)
{
  const double r = s->unit / more->unit;

  if (!(more->sum > 0)) return;
  if (!(s->sum > 0)) *s = *more;
  else if (r < 1) *s = (Squares){more->unit, more->sum + s->sum * r * r};
  else s->sum += more->sum / r / r;
}

static double Ratio(const Squares *e, const Squares *t)
{
  return e->unit / t->unit * sqrt(e->sum / t->sum);
}

/* ---- one batch ---- */

typedef struct {
  const HGTensorLocal *y, *t; /* t: NULL for none */
  PetscInt             n, c;  /* sample and first channel of this rank */
  PetscInt             nc;    /* channels */
} Part;

/* Calls f for all points and channels of a part: both tensors are doubles */
static void Sweep(const Part *p, void (*f)(double, double, double[]), double sums[])
{
  const HGBox *b = &p->y->box;

  for (PetscInt r = 0; r < b->size[HG_Z] * b->size[HG_Y]; r++) {
    const PetscInt   z = r / b->size[HG_Y], y = r % b->size[HG_Y];
    const ptrdiff_t *sy = p->y->stride, *st = p->t ? p->t->stride : sy;
    const double    *vy = (const double *)p->y->owned + p->n * sy[HG_N] + z * sy[HG_Z] + y * sy[HG_Y] + p->c * sy[HG_C];
    const double    *vt = (const double *)(p->t ? p->t : p->y)->owned + p->n * st[HG_N] + z * st[HG_Z] + y * st[HG_Y] + p->c * st[HG_C];

    for (PetscInt x = 0; x < b->size[HG_X]; x++)
      for (PetscInt c = 0; c < p->nc; c++) (*f)(vy[x * sy[HG_X] + c * sy[HG_C]], p->t ? vt[x * st[HG_X] + c * st[HG_C]] : 0, sums);
  }
}

/* sums: see Item */
static void FindLargest(double y, double t, double sums[])
{
  const double bad = isnan(y) ? 2 : isinf(y) ? 1 : 0;

  sums[0] = PetscMax(sums[0], bad);
  if (bad != 0) return;
  sums[1] = PetscMax(sums[1], fabs(y - t));
  sums[2] = PetscMax(sums[2], fabs(t));
}

/* sums: the sums and, behind them, the units */
static void SumSquares(double y, double t, double sums[])
{
  const double e = (y - t) / sums[2], a = t / sums[3];

  sums[0] += e * e;
  sums[1] += a * a;
}

/* Channels [c0, c1) of the output as far as this rank has them */
static Part PartOf(const HGTensorLocal *y, const HGTensorLocal *t, PetscInt n, PetscInt c0, PetscInt c1)
{
  const HGBox   *b     = &y->box;
  const PetscInt begin = PetscMax(c0, b->start[HG_C]), end = PetscMin(c1, b->start[HG_C] + b->size[HG_C]);

  return (Part){y, t, n, begin - b->start[HG_C], PetscMax(0, end - begin)};
}

/* Both sweeps over this rank's points of the first `count` samples, each followed by a reduction. item: [count][nvar] */
static PetscErrorCode FindItems(HGComparison c, HGTensor y, PetscInt count, Item item[])
{
  MPI_Comm             comm = PetscObjectComm((PetscObject)y);
  const HGTensorLocal *ly, *lt;
  const PetscInt       all  = count * c->nvar;
  PetscInt             mine = 0;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(y, &ly));
  PetscCall(HGTensorGetLocal(c->target, &lt));
  PetscCall(HGTensorCountSamples(y, count, &mine));
  PetscCall(PetscArrayzero(c->item, 3 * all));
  for (PetscInt i = 0; i < mine * c->nvar; i++) {
    const PetscInt n = i / c->nvar, v = i % c->nvar;
    const Part     p = PartOf(ly, lt, n, c->first[v], c->first[v + 1]);

    Sweep(&p, FindLargest, &c->item[3 * ((ly->box.start[HG_N] + n) * c->nvar + v)]);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, c->item, (PetscMPIInt)(3 * all), MPI_DOUBLE, MPI_MAX, comm));
  for (PetscInt i = 0; i < all; i++) {
    const double *m = &c->item[3 * i];

    item[i] = (Item){m[0], m[1], m[2], {UnitOf(m[1]), 0}, {UnitOf(m[2]), 0}};
  }
  PetscCall(PetscArrayzero(c->item, 3 * all));
  for (PetscInt i = 0; i < mine * c->nvar; i++) {
    const PetscInt n = i / c->nvar, v = i % c->nvar, at = (ly->box.start[HG_N] + n) * c->nvar + v;
    const Part     p       = PartOf(ly, lt, n, c->first[v], c->first[v + 1]);
    double         sums[4] = {0, 0, item[at].e.unit, item[at].t.unit};

    Sweep(&p, SumSquares, sums);
    c->item[2 * at]     = sums[0];
    c->item[2 * at + 1] = sums[1];
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, c->item, (PetscMPIInt)(2 * all), MPI_DOUBLE, MPI_SUM, comm));
  for (PetscInt i = 0; i < all; i++) {
    item[i].e.sum = c->item[2 * i];
    item[i].t.sum = c->item[2 * i + 1];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void AddItem(Figures *f, const Item *item)
{
  f->bad  = PetscMax(f->bad, item->bad);
  f->most = PetscMax(f->most, item->error);
  if (item->bad == 0) AddSquares(&f->e, &item->e);
  if (item->t.sum > 0) f->counted++;
  else f->zero++;
  if (item->t.sum > 0 && item->e.sum > 0 && item->bad == 0) f->rel += Ratio(&item->e, &item->t);
}

/* Of all variables together */
static Item UniteItems(PetscInt n, const Item item[])
{
  Item all = item[0];

  for (PetscInt i = 1; i < n; i++) {
    all.bad   = PetscMax(all.bad, item[i].bad);
    all.error = PetscMax(all.error, item[i].error);
    AddSquares(&all.e, &item[i].e);
    AddSquares(&all.t, &item[i].t);
  }
  return all;
}

/* ---- the comparison ---- */

static PetscErrorCode FindVariables(HGComparison c, HGData data, PetscInt channels)
{
  const HGDataVariable *v;

  PetscFunctionBegin;
  for (c->nvar = 0;; c->nvar++) {
    PetscCall(HGDataGetVariable(data, HG_DATA_TARGET, c->nvar, &v));
    if (!v) break;
  }
  PetscCall(PetscMalloc1(PetscMax(c->nvar, 1) + 1, &c->first));
  for (PetscInt i = 0; i < c->nvar; i++) {
    PetscCall(HGDataGetVariable(data, HG_DATA_TARGET, i, &v));
    c->first[i] = v->first;
  }
  if (!c->nvar) c->first[c->nvar++] = 0;
  c->first[c->nvar] = channels;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGComparisonCreate - Prepare to compare the output of a network with the targets of a dataset

  Collective

  Input Parameters:
+ y    - the output
. data - the dataset, loaded
- N    - most samples of a batch

  Output Parameter:
. comparison - to be ended by HGComparisonFinish()
*/
PetscErrorCode HGComparisonCreate(HGTensor y, HGData data, PetscInt N, HGComparison *comparison)
{
  HGComparison c;
  HGPartition  p;
  PetscInt     classes;

  PetscFunctionBegin;
  PetscCall(PetscNew(&c));
  c->N = N;
  PetscCall(HGDataGetClasses(data, &classes));
  PetscCall(HGTensorGetPartition(y, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, c->size));
  PetscCall(FindVariables(c, data, c->size[HG_C]));
  PetscCall(PetscMalloc1(3 * N * c->nvar, &c->item));
  PetscCall(PetscCalloc1(c->nvar, &c->each));
  if (classes) {
    PetscCall(HGLossCreate(PetscObjectComm((PetscObject)y), &c->loss));
    PetscCall(HGLossSetType(c->loss, HGLOSSCROSSENTROPY));
    PetscCall(HGLossCreateTarget(c->loss, y, &c->target));
  } else {
    PetscCall(HGTensorCreate(p, HG_F64, &c->target));
    PetscCall(HGTensorSetUp(c->target));
  }
  *comparison = c;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGComparisonGetTarget - The tensor that takes a batch's targets, before HGComparisonAdd() */
PetscErrorCode HGComparisonGetTarget(HGComparison c, HGTensor *target)
{
  PetscFunctionBegin;
  *target = c->target;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddClasses(HGComparison c, PetscInt count, HGTensor y)
{
  PetscReal entropy, accuracy;

  PetscFunctionBegin;
  PetscCall(HGLossEvaluate(c->loss, count, y, c->target, NULL, &entropy));
  PetscCall(HGLossAccuracy(c->loss, count, y, c->target, &accuracy));
  c->class[0] += (double)entropy * (double)count;
  c->class[1] += (double)accuracy * (double)count;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGComparisonAdd - Add a batch

  Collective

  Input Parameters:
+ c      - the comparison, whose target has the batch's, normalised
. data   - the dataset
. count  - how many samples
. y      - the network's output
- result - the same in the units of the data, doubles
*/
PetscErrorCode HGComparisonAdd(HGComparison c, HGData data, PetscInt count, HGTensor y, HGTensor result)
{
  Item *item;

  PetscFunctionBegin;
  if (c->loss) {
    PetscCall(AddClasses(c, count, y));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGDataDenormalize(data, HG_DATA_TARGET, c->target));
  PetscCall(PetscMalloc1(count * c->nvar, &item));
  PetscCall(FindItems(c, result, count, item));
  for (PetscInt n = 0; n < count; n++) {
    const Item all = UniteItems(c->nvar, item + n * c->nvar);

    AddItem(&c->total, &all);
    for (PetscInt v = 0; v < c->nvar; v++) AddItem(&c->each[v], &item[n * c->nvar + v]);
  }
  PetscCall(PetscFree(item));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static HGMetrics Measures(const Figures *f, PetscInt samples, double values)
{
  const double bad = f->bad > 1 ? (double)NAN : (double)INFINITY;
  HGMetrics    m   = {.samples = samples, .zero = f->zero, .bad = -1};

  m.rmse      = (PetscReal)(f->bad != 0 ? bad : f->e.unit * sqrt(f->e.sum / (values * (double)samples)));
  m.mse       = m.rmse * m.rmse;
  m.rel_l2    = (PetscReal)(f->bad != 0 ? bad : f->counted ? f->rel / (double)f->counted : (double)NAN);
  m.max_error = (PetscReal)(f->bad != 0 ? bad : f->most);
  return m;
}

/*
  HGComparisonFinish - Get the measures, and destroy the comparison

  Collective

  Input Parameters:
+ comparison - the comparison
. samples    - how many there were
- bad        - the first sample whose prediction is not finite, -1 for none

  Output Parameters:
+ total - of all channels
- each  - [variables of the target] of each, or NULL
*/
PetscErrorCode HGComparisonFinish(HGComparison *comparison, PetscInt samples, PetscInt bad, HGMetrics *total, HGMetrics each[])
{
  HGComparison c      = *comparison;
  const double points = (double)c->size[HG_Z] * (double)c->size[HG_Y] * (double)c->size[HG_X];

  PetscFunctionBegin;
  *total = Measures(&c->total, samples, points * (double)c->size[HG_C]);
  for (PetscInt v = 0; v < c->nvar && each && !c->loss; v++)
    each[v] = Measures(&c->each[v], samples, points * (double)(c->first[v + 1] - c->first[v]));
  if (c->loss)
    *total = (HGMetrics){.samples       = samples,
                         .classes       = c->size[HG_C],
                         .cross_entropy = bad >= 0 ? (PetscReal)NAN : (PetscReal)(c->class[0] / (double)samples),
                         .accuracy      = bad >= 0 ? (PetscReal)NAN : (PetscReal)(c->class[1] / (double)samples)};
  total->bad = bad;
  PetscCall(HGTensorDestroy(&c->target));
  PetscCall(HGLossDestroy(&c->loss));
  PetscCall(PetscFree(c->first));
  PetscCall(PetscFree(c->item));
  PetscCall(PetscFree(c->each));
  PetscCall(PetscFree(*comparison));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGFindNotFinite - Find the first sample of a batch that has a value that is not finite

  Collective

  Input Parameters:
+ y     - the batch, doubles
. count - how many samples
- work  - [3 count]

  Output Parameter:
. sample - its index in the batch, -1 for none
*/
PetscErrorCode HGFindNotFinite(HGTensor y, PetscInt count, double work[], PetscInt *sample)
{
  const HGTensorLocal *l;
  PetscInt             mine = 0;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(y, &l));
  PetscCall(HGTensorCountSamples(y, count, &mine));
  PetscCall(PetscArrayzero(work, 3 * count));
  for (PetscInt n = 0; n < mine; n++) {
    const Part p = {l, NULL, n, 0, l->box.size[HG_C]};

    Sweep(&p, FindLargest, &work[3 * (l->box.start[HG_N] + n)]);
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, work, (PetscMPIInt)(3 * count), MPI_DOUBLE, MPI_MAX, PetscObjectComm((PetscObject)y)));
  *sample = -1;
  for (PetscInt n = count - 1; n >= 0; n--)
    if (work[3 * n] != 0) *sample = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}
