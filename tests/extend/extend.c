/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Types of a program's own, against an installed library: a layer, a network of it, a loss, an equation, an optimizer and an operator are registered, trained
   with and tested. See docs/extending.md.

     extend FIELDS.nc [options]     FIELDS.nc: a data file of halograd simulate with variables a and u of one channel on a grid of two dimensions
*/
#include <halograd.h>
#include <layer/layer_impl.h> /* of halograd/private, for new layers, losses and networks */
#include <linop/linop_impl.h>
#include <loss/loss_impl.h>
#include <net/net_impl.h>
#include <tao/tao_impl.h>
#include <math.h>

/* ---- a layer: y = x + sin(x)^2, the activation "snake" of Ziyin, Hartwig, Ueda, NeurIPS 2020 ---- */

static PetscErrorCode SetUp_Snake(HGLayer layer)
{
  PetscInt n[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGLayerCheckOneInput(layer));
  PetscCall(HGPartitionGetSizes(layer->in[0].part, NULL, n));
  PetscCall(HGPartitionCreateLike(layer->in[0].part, n[HG_N], n[HG_C], &layer->out)); /* the output lies as the input does */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is done with the value x, and with the gradient dy of y where dx is wanted */
static double Snake(double x, double *slope)
{
  *slope = 1 + sin(2 * x);
  return x + sin(x) * sin(x);
}

static double Get(const void *a, HGDType t, ptrdiff_t i)
{
  return t == HG_F32 ? (double)((const float *)a)[i] : ((const double *)a)[i];
}

static void Put(void *a, HGDType t, ptrdiff_t i, double v)
{
  if (t == HG_F32) ((float *)a)[i] = (float)v;
  else ((double *)a)[i] = v;
}

/* Of the first nb samples of this rank, whose points with all channels lie behind each other along x */
static PetscErrorCode Sweep(HGLayer layer, PetscInt nb, PetscBool adjoint)
{
  HGLayerInput        *in = &layer->in[0];
  const HGTensorLocal *x, *y, *dx = NULL;
  const HGDType        t = layer->dtype;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(in->x, &x));
  PetscCall(HGTensorGetLocal(adjoint ? layer->dy : layer->y, &y));
  if (adjoint) PetscCall(HGTensorGetLocal(in->dx, &dx));
  for (PetscInt n = 0; n < nb; n++)
    for (PetscInt k = 0; k < x->box.size[HG_Z]; k++)
      for (PetscInt j = 0; j < x->box.size[HG_Y]; j++) {
        const ptrdiff_t at   = n * x->stride[HG_N] + k * x->stride[HG_Z] + j * x->stride[HG_Y],
                        to   = n * y->stride[HG_N] + k * y->stride[HG_Z] + j * y->stride[HG_Y],
                        back = dx ? n * dx->stride[HG_N] + k * dx->stride[HG_Z] + j * dx->stride[HG_Y] : 0;

        for (ptrdiff_t i = 0; i < (ptrdiff_t)x->box.size[HG_X] * x->box.size[HG_C]; i++) {
          double       slope;
          const double v = Snake(Get(x->owned, t, at + i), &slope);

          if (!adjoint) Put(y->owned, t, to + i, v);
          else Put(dx->owned, t, back + i, (in->add ? Get(dx->owned, t, back + i) : 0) + slope * Get(y->owned, t, to + i));
        }
      }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Forward_Snake(HGLayer layer, PetscInt nb)
{
  PetscFunctionBegin;
  PetscCall(Sweep(layer, nb, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint_Snake(HGLayer layer, PetscInt nb, HGDType type, void *const dp[])
{
  PetscFunctionBegin;
  (void)type, (void)dp; /* there are no parameters */
  if (layer->in[0].dx) PetscCall(Sweep(layer, nb, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateSnake(HGLayer layer)
{
  PetscFunctionBegin;
  layer->ops->setup   = SetUp_Snake;
  layer->ops->forward = Forward_Snake;
  layer->ops->adjoint = Adjoint_Snake;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a network of convolutions with that layer between them ---- */

static PetscErrorCode Build_SnakeNet(HGNet net)
{
  HGLayer layer;
  char    name[32];

  PetscFunctionBegin;
  for (PetscInt i = 1; i < net->depth; i++) {
    PetscCall(PetscSNPrintf(name, sizeof(name), "conv%" PetscInt_FMT, i));
    PetscCall(HGNetBuildConv(net, name, net->width, net->kernel));
    PetscCall(PetscSNPrintf(name, sizeof(name), "snake%" PetscInt_FMT, i));
    PetscCall(HGNetBuildLayer(net, "snake", name, 0, NULL, &layer)); /* reads the layer before it */
  }
  PetscCall(HGNetBuildConv(net, "last", net->cout, net->kernel));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateSnakeNet(HGNet net)
{
  PetscFunctionBegin;
  net->ops->build = Build_SnakeNet;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a loss: the mean of log cosh(y - t) over all values ---- */

HG_LOSS_INLINE void LogCosh(const HGLossPass *p, const HGLossLine *l, int f32, double sum[])
{
  for (ptrdiff_t x = 0; x < p->size[HG_X]; x++)
    for (ptrdiff_t c = 0; c < p->size[HG_C]; c++) {
      const ptrdiff_t i = x * p->size[HG_C] + c;
      const double    w = p->weighted ? HGLossWeight(p, l, f32, x, c) : 1, e = HGLossGet(l->y, f32, i) - HGLossGet(l->t, f32, i);

      sum[0] += w * (fabs(e) + log1p(exp(-2 * fabs(e))) - log(2));
      if (l->dy) HGLossPut(l->dy, f32, i, p->scale * w * tanh(e));
    }
}
HG_LOSS_LINES(LogCosh)

static PetscErrorCode CreateLogCosh(HGLoss loss)
{
  PetscFunctionBegin;
  loss->ops->evaluate = HGLossMean;
  loss->line[HG_F32]  = LogCosh_F32;
  loss->line[HG_F64]  = LogCosh_F64;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- an equation: Fisher's, du/dt = nu Laplace(u) + r u (1 - u) ---- */

static void FisherPoint(const PetscReal q[], int dim, PetscInt n, double *const v[][HG_VARIABLES], double *const r[], double *const P[])
{
  (void)dim;
  for (PetscInt i = 0; r && i < n; i++) r[0][i] = q[0] * v[0][HG_LAPLACIAN][i] + q[1] * v[0][HG_VALUE][i] * (1 - v[0][HG_VALUE][i]);
  for (PetscInt i = 0; P && i < n; i++) {
    P[0][i] = q[0];
    P[1][i] = q[1] * (1 - 2 * v[0][HG_VALUE][i]);
  }
}

static void FisherByParameter(const PetscReal q[], int dim, int which, PetscInt n, double *const v[][HG_VARIABLES], double *const r[])
{
  (void)q, (void)dim;
  for (PetscInt i = 0; i < n; i++) r[0][i] = which ? v[0][HG_VALUE][i] * (1 - v[0][HG_VALUE][i]) : v[0][HG_LAPLACIAN][i];
}

static const HGEquationTerm FisherTerms[] = {{0, 0, HG_LAPLACIAN}, {0, 0, HG_VALUE}};

static const HGEquation Fisher = {
    .name        = "fisher",
    .title       = "Fisher's equation: du/dt = nu Laplace(u) + r u (1 - u)",
    .input       = "density at t",
    .output      = "density at t + dt",
    .role        = HG_INPUT_INITIAL,
    .dims        = {1, 3},
    .unknowns    = 1,
    .alpha       = 3,
    .nparameters = 2,
    HG_SAME_TERMS(FisherTerms),
    .parameter   = {{"nu", "diffusivity", 0.01, 0, PETSC_TRUE, 0}, {"r", "rate of growth", 1, 0, PETSC_FALSE, 0}},
    .point       = FisherPoint,
    .byparameter = FisherByParameter,
};

/* ---- an optimizer: Lion of Chen et al., arXiv 2302.06675 ---- */

typedef struct {
  HGStochastic base;
  PetscReal    beta1, beta2;
} Lion;

static void Update_Lion(Tao tao, PetscInt n, const PetscScalar *g, PetscScalar *x, PetscScalar *const state[])
{
  const Lion *l = (const Lion *)tao->data;

  for (PetscInt i = 0; i < n; i++) {
    const PetscReal c = l->beta1 * state[0][i] + (1 - l->beta1) * g[i];

    x[i] -= l->base.lr * ((c > 0) - (c < 0) + l->base.weight_decay * x[i]);
    state[0][i] = l->beta2 * state[0][i] + (1 - l->beta2) * g[i];
  }
}

static PetscErrorCode Append_Lion(Tao tao, PetscReal lr, HGText *text)
{
  PetscFunctionBegin;
  PetscCall(HGTaoAppendReal(text, "tao_lion_lr", lr));
  PetscCall(HGTaoAppendReal(text, "tao_lion_weight_decay", ((Lion *)tao->data)->base.weight_decay));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetFromOptions_Lion(Tao tao, HGOptionItems PetscOptionsObject)
{
  HGStochastic *s = (HGStochastic *)tao->data;

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Lion");
  PetscCall(HGOptionsReal(PetscOptionsObject, "-tao_lion_lr", "learning rate", "", 0, PETSC_MAX_REAL, &s->lr, NULL));
  PetscCall(
      HGOptionsReal(PetscOptionsObject, "-tao_lion_weight_decay", "decay of the weights", "", 0, PETSC_MAX_REAL, &s->weight_decay, NULL));
  PetscOptionsHeadEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateLion(Tao tao)
{
  HGStochastic *s;
  Lion         *l;

  PetscFunctionBegin;
  PetscCall(HGTaoCreateStochastic(tao, sizeof(Lion), &s));
  l                        = (Lion *)tao->data;
  l->beta1                 = 0.9;
  l->beta2                 = 0.99;
  s->lr                    = 1e-3;
  s->nstate                = 1;
  s->name[0]               = "momentum";
  s->update                = Update_Lion;
  s->append                = Append_Lion;
  tao->ops->setfromoptions = SetFromOptions_Lion;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- an operator: y = sin(pi x / X) x, a taper along x, its own adjoint ---- */

static PetscErrorCode SetUp_Taper(HGLinOp op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpCheckSameLayout(op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nothing to send: all is done at the end */
static PetscErrorCode Begin_Taper(HGLinOp op, HGTensor from, HGTensor to)
{
  PetscFunctionBegin;
  (void)op, (void)from, (void)to;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode End_Taper(HGLinOp op, HGTensor from, HGTensor to)
{
  const HGTensorLocal *a, *b;
  HGPartition          p;
  HGDType              t;
  PetscInt             size[HG_AXES];

  PetscFunctionBegin;
  (void)op;
  PetscCall(HGTensorGetLocal(from, &a));
  PetscCall(HGTensorGetLocal(to, &b));
  PetscCall(HGTensorGetDType(from, &t));
  PetscCall(HGTensorGetPartition(from, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  for (PetscInt n = 0; n < a->box.size[HG_N]; n++)
    for (PetscInt k = 0; k < a->box.size[HG_Z]; k++)
      for (PetscInt j = 0; j < a->box.size[HG_Y]; j++)
        for (PetscInt i = 0; i < a->box.size[HG_X]; i++)
          for (PetscInt c = 0; c < a->box.size[HG_C]; c++) {
            const ptrdiff_t at =
                n * a->stride[HG_N] + k * a->stride[HG_Z] + j * a->stride[HG_Y] + i * a->stride[HG_X] + c * a->stride[HG_C];
            const ptrdiff_t to_at =
                n * b->stride[HG_N] + k * b->stride[HG_Z] + j * b->stride[HG_Y] + i * b->stride[HG_X] + c * b->stride[HG_C];

            Put(b->owned, t, to_at, sin(PETSC_PI * ((double)(a->box.start[HG_X] + i) + 0.5) / (double)size[HG_X]) * Get(a->owned, t, at));
          }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateTaper(HGLinOp op)
{
  PetscFunctionBegin;
  op->ops->setup        = SetUp_Taper;
  op->ops->applybegin   = Begin_Taper;
  op->ops->applyend     = End_Taper;
  op->ops->adjointbegin = Begin_Taper;
  op->ops->adjointend   = End_Taper;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- they are used as those of the library ---- */

/* <A x, y> = <x, A' y> */
static PetscErrorCode TestOperator(void)
{
  HGPartition part;
  HGTensor    x, y;
  HGLinOp     op;
  PetscReal   error;

  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetSizes(part, 2, (const PetscInt[]){2, 3, 1, 7, 9}));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGTensorCreate(part, HG_F64, &x));
  PetscCall(HGTensorSetUp(x));
  PetscCall(HGTensorCreate(part, HG_F64, &y));
  PetscCall(HGTensorSetUp(y));
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &op));
  PetscCall(HGLinOpSetType(op, "taper"));
  PetscCall(HGLinOpSetTensors(op, x, y));
  PetscCall(HGLinOpSetUp(op));
  PetscCall(HGLinOpTestAdjoint(op, 1, &error));
  PetscCheck(error < 1e-14, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "the adjoint of the operator is wrong by %g", (double)error);
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "operator: the adjoint test holds\n"));
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscCall(HGPartitionDestroy(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateData(const char path[], HGData *d)
{
  PetscFunctionBegin;
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, d));
  PetscCall(HGDataSetFile(*d, path));
  PetscCall(HGDataSetVariables(*d, "a", "u"));
  PetscCall(HGDataSetUp(*d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TrainOnce(HGTrainer trainer, const char what[])
{
  HGObjective o;
  Vec         p, g;
  PetscReal   before, after;

  PetscFunctionBegin;
  PetscCall(HGTrainerSetUp(trainer));
  PetscCall(HGTrainerGetParameters(trainer, &p));
  PetscCall(HGTrainerGetObjective(trainer, &o));
  PetscCall(VecDuplicate(p, &g));
  PetscCall(HGObjectiveEvaluate(o, p, &before, g));
  PetscCall(HGTrainerTrain(trainer));
  PetscCall(HGObjectiveEvaluate(o, p, &after, g));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: loss %.4g, then %.4g\n", what, (double)before, (double)after));
  PetscCheck(after < 0.9 * before, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%s: training does not lower the loss", what);
  PetscCall(VecDestroy(&g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Network and loss on fields, with the residual of the equation beside the misfit */
static PetscErrorCode TrainFields(const char path[])
{
  PetscInt    dim, size[HG_AXES] = {4, 1}, cout;
  HGData      d;
  HGNet       net;
  HGPartition part;
  HGTrainer   trainer;
  HGLoss      loss;
  HGPhysics   physics;
  DM          da;

  PetscFunctionBegin;
  PetscCall(CreateData(path, &d));
  PetscCall(HGDataGetSizes(d, &dim, NULL, &size[HG_C], &cout, &size[HG_Z]));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetSizes(part, dim, size));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGDataLoad(d, part, HG_F64));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &net));
  PetscCall(HGNetSetType(net, "snakenet"));
  PetscCall(HGNetSetWidth(net, 6));
  PetscCall(HGNetSetDepth(net, 3));
  PetscCall(HGNetSetChannels(net, size[HG_C], cout));
  PetscCall(HGNetSetUp(net, part, HG_F64));
  PetscCall(HGPartitionGetDM(part, &da));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &physics));
  PetscCall(HGPhysicsSetType(physics, "fisher"));
  PetscCall(HGPhysicsSetFromOptions(physics));
  PetscCall(HGPhysicsSetDMDA(physics, da));
  PetscCall(HGPhysicsSetUp(physics));
  PetscCall(HGTrainerCreate(PETSC_COMM_WORLD, &trainer));
  PetscCall(HGTrainerSetNet(trainer, net));
  PetscCall(HGTrainerSetData(trainer, d, NULL));
  PetscCall(HGTrainerSetPhysics(trainer, physics, 1e-3));
  PetscCall(HGTrainerGetLoss(trainer, &loss));
  PetscCall(HGLossSetType(loss, "log_cosh"));
  PetscCall(HGTrainerSetBatchSize(trainer, 4));
  PetscCall(HGTrainerSetEpochs(trainer, 5));
  PetscCall(HGTrainerSetModelOutput(trainer, "extend.nc"));
  PetscCall(TrainOnce(trainer, "layer, network, loss and equation on a grid"));
  PetscCall(HGTrainerDestroy(&trainer));
  PetscCall(HGPhysicsDestroy(&physics));
  PetscCall(HGNetDestroy(&net));
  PetscCall(HGPartitionDestroy(&part));
  PetscCall(HGDataDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Bump(PetscInt i, const double x[], double u[], void *ctx)
{
  (void)i, (void)ctx;
  u[0] = exp(-20 * ((x[0] - 0.5) * (x[0] - 0.5)));
}

/* The same equation by a network of coordinates */
static PetscErrorCode TrainPoints(void)
{
  const PetscInt size[3] = {1, 1, 8};
  HGPhysics      physics;
  HGCollocation  c;
  HGNet          net;
  HGObjective    o;
  HGTrainer      trainer;

  PetscFunctionBegin;
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &physics));
  PetscCall(HGPhysicsSetType(physics, "fisher"));
  PetscCall(HGPhysicsSetGrid(physics, 1, size));
  PetscCall(HGPhysicsSetParameter(physics, "dt", 0.2));
  PetscCall(HGPhysicsSetUp(physics));
  PetscCall(HGCollocationCreate(PETSC_COMM_WORLD, &c));
  PetscCall(HGCollocationSetPhysics(c, physics));
  PetscCall(HGCollocationSetInput(c, Bump));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &net));
  PetscCall(HGNetSetType(net, HGNETMLP));
  PetscCall(HGNetSetWidth(net, 8));
  PetscCall(HGNetSetDepth(net, 2));
  PetscCall(HGCollocationSetUpNet(c, net, HG_F64));
  PetscCall(HGObjectiveCreate(PETSC_COMM_WORLD, &o));
  PetscCall(HGObjectiveSetType(o, HGOBJECTIVEPOINTS));
  PetscCall(HGObjectivePointsSet(o, net, c));
  PetscCall(HGTrainerCreate(PETSC_COMM_WORLD, &trainer));
  PetscCall(HGTrainerSetObjective(trainer, o));
  PetscCall(HGTrainerSetStages(trainer, "adam:60,lion:40"));
  PetscCall(HGTrainerSetModelOutput(trainer, ""));
  PetscCall(TrainOnce(trainer, "equation at points, with the optimizer"));
  PetscCall(HGTrainerDestroy(&trainer));
  PetscCall(HGObjectiveDestroy(&o));
  PetscCall(HGNetDestroy(&net));
  PetscCall(HGCollocationDestroy(&c));
  PetscCall(HGPhysicsDestroy(&physics));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const char *path = argc > 1 ? argv[1] : "";

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(HGLayerRegister("snake", CreateSnake));
  PetscCall(HGNetRegister("snakenet", CreateSnakeNet));
  PetscCall(HGLossRegister("log_cosh", CreateLogCosh));
  PetscCall(HGEquationRegister(&Fisher));
  PetscCall(TaoRegister("lion", CreateLion));
  PetscCall(HGLinOpRegister("taper", CreateTaper));
  PetscCall(TestOperator());
  PetscCall(TrainFields(path));
  PetscCall(TrainPoints());
  PetscCall(HGFinalize());
  return 0;
}
