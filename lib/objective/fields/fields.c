/* SPDX-License-Identifier: BSD-2-Clause */
/* A network from fields to fields of a dataset, in mini-batches */
#include "objective/fields/fields_impl.h"

/* Value of one mini-batch, its terms times the weights; with `adjoint` its gradient, as a mean over the batch, is added to the network's sum, which is ended if it goes to g */
static PetscErrorCode RunBatch(HGObjective o, HGData data, PetscInt count, const PetscInt order[], const PetscReal weight[],
                               PetscBool adjoint, Vec g, PetscReal *value)
{
  HGFields       *f = (HGFields *)o->data;
  const PetscInt *sample;
  HGTensor        x, y, dy;
  PetscInt        mine = 0;

  PetscFunctionBegin;
  PetscCall(HGNetGetInput(f->net, &x));
  PetscCall(HGNetGetOutput(f->net, &y, &dy));
  PetscCall(HGTensorCountSamples(x, count, &mine));
  PetscCall(HGFieldsSortLabelled(o, data, count, order, &sample));
  PetscCall(HGDataGetBatch(data, count, sample, x, f->target));
  PetscCall(HGNetForward(f->net, mine));
  if (f->physics) PetscCall(HGFieldsEvaluateTerms(o, data, count, sample, weight, x, y, adjoint ? dy : NULL, value));
  else PetscCall(HGLossEvaluate(f->loss, count, y, f->target, adjoint ? dy : NULL, value));
  if (g) PetscCall(HGNetAdjointAndEnd(f->net, mine, g));
  else if (adjoint) PetscCall(HGNetAdjoint(f->net, mine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The order of an epoch's samples; the file's own, with epoch -2 */
static PetscErrorCode Order(HGObjective o, PetscInt epoch)
{
  HGFields *f = (HGFields *)o->data;

  PetscFunctionBegin;
  if (f->ordered_for == epoch) PetscFunctionReturn(PETSC_SUCCESS);
  if (epoch >= 0) PetscCall(HGDataGetOrder(f->data, (uint64_t)o->seed, epoch, f->order));
  else
    for (PetscInt i = 0; i < o->samples; i++) f->order[i] = i;
  f->ordered_for = epoch;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Gives network and equation their parameters */
static PetscErrorCode SetPoint(HGObjective o, Vec p)
{
  HGFields *f = (HGFields *)o->data;

  PetscFunctionBegin;
  PetscCall(HGNetSetParameters(f->net, p));
  PetscCall(HGFieldsSetEquation(o, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Begins the sum of a gradient over batches, in g */
static PetscErrorCode AdjointBegin(HGFields *f, Vec g)
{
  PetscFunctionBegin;
  PetscCall(HGNetAdjointBeginIn(f->net, g));
  f->unknown_sum = 0;
  if (f->unknown_field) PetscCall(VecSet(f->m.g, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is behind the network's part of it */
static PetscErrorCode SetUnknownGradient(HGFields *f, Vec g)
{
  PetscReal q = 0;

  PetscFunctionBegin;
  if (f->unknown_field) {
    PetscCall(HGUnknownFieldSetGradient(&f->m, g));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (*f->unknown.name) PetscCall(HGPhysicsGetParameter(f->physics, f->unknown.name, &q));
  PetscCall(HGUnknownSetGradient(&f->unknown, q, f->unknown_sum, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode EvaluateBatch(HGObjective o, PetscInt epoch, PetscInt batch, const PetscReal weight[], PetscReal *value, Vec g)
{
  HGFields      *f     = (HGFields *)o->data;
  const PetscInt count = HGObjectiveCount(o, batch);

  PetscFunctionBegin;
  PetscCall(Order(o, epoch));
  PetscCall(HGNetSetRandom(f->net, (uint64_t)o->seed, (uint64_t)((PetscInt64)epoch * o->batches + batch)));
  PetscCall(AdjointBegin(f, g));
  PetscCall(RunBatch(o, f->data, count, f->order + batch * o->batch_size, weight, PETSC_TRUE, g, value));
  PetscCall(SetUnknownGradient(f, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The sum over all batches, in the file's order. A batch's gradient counts by its share of the samples; all but the last have the same share, so the
   sum is scaled once after the full ones and once after the last. Dropout draws the same masks each time, since what calls it compares values of one function. */
static PetscErrorCode EvaluateAll(HGObjective o, const PetscReal weight[], PetscReal *value, Vec g)
{
  HGFields *f   = (HGFields *)o->data;
  double    sum = 0, term[HG_OBJECTIVE_TERMS] = {0};
  PetscInt  bad = -1;

  PetscFunctionBegin;
  PetscCall(Order(o, -2));
  PetscCall(VecSet(g, 0));
  if (!f->part) PetscCall(VecDuplicate(g, &f->part));
  for (PetscInt b = 0; b < o->batches; b++) {
    const PetscInt count = HGObjectiveCount(o, b);
    const PetscInt last  = b == o->batches - 1 || HGObjectiveCount(o, b + 1) != count;
    PetscReal      part;

    if (b == 0 || HGObjectiveCount(o, b - 1) != count) PetscCall(AdjointBegin(f, f->part));
    PetscCall(HGNetSetRandom(f->net, (uint64_t)o->seed, (uint64_t)b));
    PetscCall(RunBatch(o, f->data, count, f->order + b * o->batch_size, weight, PETSC_TRUE, last ? f->part : NULL, &part));
    if (bad < 0) bad = f->bad;
    sum += (double)part * (double)count / (double)o->samples;
    for (PetscInt i = 0; i < o->nterms; i++) term[i] += (double)o->term[i].value * (double)count;
    if (!last) continue;
    PetscCall(SetUnknownGradient(f, f->part));
    PetscCall(VecAXPY(g, (PetscReal)count / (PetscReal)o->samples, f->part));
  }
  *value = (PetscReal)sum;
  for (PetscInt i = 0; i < o->nterms; i++) o->term[i].value = (PetscReal)(term[i] / (double)o->samples);
  f->bad = bad;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Evaluate_Fields(HGObjective o, PetscInt epoch, PetscInt batch, Vec p, const PetscReal weight[], PetscReal *value,
                                      Vec g)
{
  PetscFunctionBegin;
  PetscCall(SetPoint(o, p));
  if (batch < 0) PetscCall(EvaluateAll(o, weight, value, g));
  else PetscCall(EvaluateBatch(o, epoch, batch, weight, value, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Validate_Fields(HGObjective o, Vec p, const PetscReal weight[], PetscBool *has, PetscReal *value)
{
  HGFields *f = (HGFields *)o->data;
  PetscInt  first, last, samples;
  double    sum = 0;

  PetscFunctionBegin;
  *has = f->validation ? PETSC_TRUE : PETSC_FALSE;
  if (!*has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataGetRange(f->validation, &first, &last));
  samples = last - first;
  PetscCall(SetPoint(o, p));
  PetscCall(HGNetSetTraining(f->net, PETSC_FALSE));
  for (PetscInt b = 0; b * o->batch_size < samples; b++) {
    const PetscInt count = PetscMin(o->batch_size, samples - b * o->batch_size);
    PetscReal      part;

    PetscCall(RunBatch(o, f->validation, count, f->every + b * o->batch_size, weight, PETSC_FALSE, NULL, &part));
    sum += (double)part * (double)count;
  }
  PetscCall(HGNetSetTraining(f->net, PETSC_TRUE));
  *value = (PetscReal)(sum / (double)samples);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateVector_Fields(HGObjective o, Vec *p)
{
  HGFields *f = (HGFields *)o->data;
  PetscReal q = 0;

  PetscFunctionBegin;
  PetscCall(HGNetCreateParameters(f->net, p));
  if (*f->unknown.name) PetscCall(HGFieldsCheckUnknown(o));
  if (f->unknown_field) PetscCall(HGUnknownFieldCreateVector(&f->m, p));
  else {
    if (*f->unknown.name) PetscCall(HGPhysicsGetParameter(f->physics, f->unknown.name, &q));
    PetscCall(HGUnknownCreateVector(&f->unknown, q, p));
  }
  PetscCall(HGNetInitializeParameters(f->net, (uint64_t)o->seed, *p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetNet_Fields(HGObjective o, HGNet *net)
{
  PetscFunctionBegin;
  *net = ((HGFields *)o->data)->net;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetUnknown_Fields(HGObjective o, Vec p, const char *name[], PetscReal *value)
{
  HGFields *f = (HGFields *)o->data;

  PetscFunctionBegin;
  if (!*f->unknown.name || f->unknown_field) PetscFunctionReturn(PETSC_SUCCESS);
  *name = f->unknown.name;
  if (!p) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGFieldsSetEquation(o, p));
  PetscCall(HGPhysicsGetParameter(f->physics, f->unknown.name, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Where_Fields(HGObjective o, char text[], size_t len)
{
  HGFields *f = (HGFields *)o->data;
  PetscInt  first, last;

  PetscFunctionBegin;
  if (f->bad < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGDataGetRange(f->data, &first, &last));
  PetscCall(PetscSNPrintf(text, len, "residual of sample %" PetscInt_FMT, first + f->bad));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- set-up ---- */

static PetscErrorCode SetFromOptions_Fields(HGObjective o, HGOptionItems PetscOptionsObject)
{
  HGFields *f     = (HGFields *)o->data;
  PetscReal alpha = f->m.alpha;

  PetscFunctionBegin;
  PetscCall(HGOptionsReal(PetscOptionsObject, "-invert_regularization", "what the roughness of an unknown input field counts",
                          "HGObjectiveFieldsSetRegularization", 0, PETSC_MAX_REAL, &alpha, NULL));
  PetscCall(HGObjectiveFieldsSetRegularization(o, alpha));
  PetscCall(HGLossSetFromOptions(f->loss));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Classes and a loss that takes them go together, and the network has an output for each */
static PetscErrorCode CheckClasses(HGObjective o, HGTensor y)
{
  HGFields   *f    = (HGFields *)o->data;
  MPI_Comm    comm = PetscObjectComm((PetscObject)o);
  const char *file;
  HGPartition p;
  PetscInt    classes, size[HG_AXES];
  PetscBool   takes;

  PetscFunctionBegin;
  PetscCall(HGDataGetClasses(f->data, &classes));
  PetscCall(HGDataGetFile(f->data, &file));
  PetscCall(HGLossHasClassTargets(f->loss, &takes));
  HGCheck(!classes || takes, comm, "the target of %s is classes; choose -train_loss cross_entropy", file);
  HGCheck(classes || !takes, comm, "-train_loss cross_entropy is for classes; say how many the target of %s has with -data_classes", file);
  PetscCall(HGTensorGetPartition(y, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  HGCheck(!classes || size[HG_C] == classes, comm,
          "the network has %" PetscInt_FMT " outputs for %" PetscInt_FMT " classes of %s; they must agree", size[HG_C], classes, file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateTarget(HGObjective o)
{
  HGFields *f = (HGFields *)o->data;
  HGTensor  y;
  PetscInt  cout;

  PetscFunctionBegin;
  PetscCall(HGNetGetOutput(f->net, &y, NULL));
  PetscCall(CheckClasses(o, y));
  PetscCall(HGDataGetSizes(f->data, NULL, NULL, NULL, &cout, NULL));
  HGCheck(cout || f->physics, PetscObjectComm((PetscObject)o),
          "no target variable to train for; choose one or more with -data_target, or the labels of images with -data_labels, or an "
          "equation with -physics_type");
  if (!cout) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLossCreateTarget(f->loss, y, &f->target));
  PetscCall(HGDataCheckTensor(f->data, HG_DATA_TARGET, f->target));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Fields(HGObjective o)
{
  static const char *const names[] = {"data", "residual", "boundary", "roughness"};
  HGFields                *f       = (HGFields *)o->data;
  MPI_Comm                 comm    = PetscObjectComm((PetscObject)o);
  HGTensor                 x;
  HGPartition              p;
  PetscInt                 first, last, size[HG_AXES];

  PetscFunctionBegin;
  HGCheck(f->net && f->data, comm, "a trainer needs HGTrainerSetNet() and HGTrainerSetData()");
  PetscCall(HGNetGetInput(f->net, &x));
  PetscCall(HGTensorGetPartition(x, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  HGCheck(size[HG_N] == o->batch_size, comm,
          "the network is set up for batches of %" PetscInt_FMT " samples, the trainer has -train_batch_size %" PetscInt_FMT, size[HG_N],
          o->batch_size);
  PetscCall(CreateTarget(o));
  PetscCall(HGFieldsSetUpPhysics(o));
  o->nterms = f->unknown_field ? HG_TERM_ROUGHNESS + 1 : HG_TERM_BOUNDARY + 1;
  for (PetscInt i = 0; i < o->nterms; i++) o->term[i].name = names[i];
  if (f->unknown_field) o->term[HG_TERM_ROUGHNESS].weight = f->m.alpha;
  o->reference                      = HG_TERM_RESIDUAL;
  o->term[HG_TERM_DATA].present     = f->target ? PETSC_TRUE : PETSC_FALSE;
  o->term[HG_TERM_RESIDUAL].present = PETSC_TRUE;
  o->listed                         = f->physics ? PETSC_TRUE : PETSC_FALSE;
  PetscCall(HGDataGetRange(f->data, &first, &last));
  o->samples = last - first;
  PetscCall(PetscMalloc1(o->samples, &f->order));
  PetscCall(Order(o, -2));
  if (f->validation) {
    PetscCall(HGDataGetRange(f->validation, &first, &last));
    PetscCall(PetscMalloc1(last - first, &f->every));
    for (PetscInt i = 0; i < last - first; i++) f->every[i] = i;
    PetscCall(HGFieldsCheckTargets(o, f->validation, last - first, f->every));
  }
  PetscCall(HGFieldsCheckTargets(o, f->data, f->labelled < 0 ? o->samples : f->labelled, f->order));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Fields(HGObjective o)
{
  HGFields *f = (HGFields *)o->data;

  PetscFunctionBegin;
  PetscCall(HGNetDestroy(&f->net));
  PetscCall(HGDataDestroy(&f->data));
  PetscCall(HGDataDestroy(&f->validation));
  PetscCall(HGLossDestroy(&f->loss));
  PetscCall(HGPhysicsDestroy(&f->physics));
  PetscCall(HGTensorDestroy(&f->target));
  for (int i = 0; i < 3; i++) PetscCall(HGTensorDestroy(&f->field[i]));
  PetscCall(HGUnknownFieldDestroy(&f->m));
  PetscCall(VecDestroy(&f->by_input));
  PetscCall(PetscFree(f->batch_order));
  PetscCall(PetscFree(f->order));
  PetscCall(PetscFree(f->every));
  PetscCall(VecDestroy(&f->part));
  PetscCall(PetscFree(o->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGObjectiveCreate_Fields(HGObjective o)
{
  HGFields *f;

  PetscFunctionBegin;
  PetscCall(PetscNew(&f));
  f->labelled    = -1;
  f->bad         = -1;
  f->ordered_for = -1;
  PetscCall(HGLossCreate(PetscObjectComm((PetscObject)o), &f->loss));
  PetscCall(HGLossSetType(f->loss, HGLOSSMSE));
  o->data                = f;
  o->ops->setfromoptions = SetFromOptions_Fields;
  o->ops->setup          = SetUp_Fields;
  o->ops->createvector   = CreateVector_Fields;
  o->ops->evaluate       = Evaluate_Fields;
  o->ops->validate       = Validate_Fields;
  o->ops->getunknown     = GetUnknown_Fields;
  o->ops->getnet         = GetNet_Fields;
  o->ops->write          = HGFieldsWrite;
  o->ops->describe       = HGFieldsDescribe;
  o->ops->check          = HGFieldsCheck;
  o->ops->read           = HGFieldsRead;
  o->ops->resume         = HGFieldsResume;
  o->ops->where          = Where_Fields;
  o->ops->destroy        = Destroy_Fields;
  PetscFunctionReturn(PETSC_SUCCESS);
}
