/* SPDX-License-Identifier: BSD-2-Clause */
/* Optimizers that take one step for each evaluation of the objective, which may see another mini-batch each time */
#include "train/hgtrain.h"
#include <petsc/private/taoimpl.h>

typedef struct {
  PetscReal   lr, beta1, beta2, eps, weight_decay, momentum;
  PetscBool   nesterov;
  PetscInt64  step; /* steps taken in all, over several solves and resumed runs */
  PetscInt    nstate;
  const char *name[HG_MAX_STATE];
  Vec         state[HG_MAX_STATE]; /* Adam: first and second moment; SGD: momentum */
  void (*update)(Tao, PetscInt, const PetscScalar *, PetscScalar *, PetscScalar *, PetscScalar *);
} Stochastic;

/* Adam, algorithm 1 of Kingma and Ba, arXiv 1412.6980, with PyTorch's order of operations; the decay of the weights enters the
   gradient */
static void Update_Adam(Tao tao, PetscInt n, const PetscScalar *g, PetscScalar *x, PetscScalar *m, PetscScalar *v)
{
  const Stochastic *s  = (Stochastic *)tao->data;
  const PetscReal   c1 = 1 - PetscPowReal(s->beta1, (PetscReal)s->step), c2 = PetscSqrtReal(1 - PetscPowReal(s->beta2, (PetscReal)s->step));

  for (PetscInt i = 0; i < n; i++) {
    const PetscReal d = g[i] + s->weight_decay * x[i];

    m[i] = s->beta1 * m[i] + (1 - s->beta1) * d;
    v[i] = s->beta2 * v[i] + (1 - s->beta2) * d * d;
    x[i] -= s->lr / c1 * m[i] / (PetscSqrtReal(v[i]) / c2 + s->eps);
  }
}

/* AdamW, algorithm 2 of Loshchilov and Hutter, arXiv 1711.05101: the weights decay on their own */
static void Update_AdamW(Tao tao, PetscInt n, const PetscScalar *g, PetscScalar *x, PetscScalar *m, PetscScalar *v)
{
  const Stochastic *s  = (Stochastic *)tao->data;
  const PetscReal   c1 = 1 - PetscPowReal(s->beta1, (PetscReal)s->step), c2 = PetscSqrtReal(1 - PetscPowReal(s->beta2, (PetscReal)s->step));

  for (PetscInt i = 0; i < n; i++) {
    x[i] *= 1 - s->lr * s->weight_decay;
    m[i] = s->beta1 * m[i] + (1 - s->beta1) * g[i];
    v[i] = s->beta2 * v[i] + (1 - s->beta2) * g[i] * g[i];
    x[i] -= s->lr / c1 * m[i] / (PetscSqrtReal(v[i]) / c2 + s->eps);
  }
}

/* SGD with momentum as in PyTorch (Sutskever et al., ICML 2013): the first step's momentum is the gradient itself */
static void Update_SGD(Tao tao, PetscInt n, const PetscScalar *g, PetscScalar *x, PetscScalar *m, PetscScalar *unused)
{
  const Stochastic *s = (Stochastic *)tao->data;

  (void)unused;
  for (PetscInt i = 0; i < n; i++) {
    PetscReal d = g[i] + s->weight_decay * x[i];

    m[i] = s->step > 1 ? s->momentum * m[i] + d : d;
    d    = s->nesterov ? d + s->momentum * m[i] : m[i];
    x[i] -= s->lr * d;
  }
}

static PetscErrorCode TakeStep(Tao tao)
{
  Stochastic        *s = (Stochastic *)tao->data;
  PetscScalar       *x, *a[HG_MAX_STATE] = {NULL, NULL};
  const PetscScalar *g;
  PetscInt           n;

  PetscFunctionBegin;
  s->step++;
  PetscCall(VecGetLocalSize(tao->solution, &n));
  PetscCall(VecGetArray(tao->solution, &x));
  PetscCall(VecGetArrayRead(tao->gradient, &g));
  for (PetscInt i = 0; i < s->nstate; i++) PetscCall(VecGetArray(s->state[i], &a[i]));
  (*s->update)(tao, n, g, x, a[0], a[1]);
  for (PetscInt i = 0; i < s->nstate; i++) PetscCall(VecRestoreArray(s->state[i], &a[i]));
  PetscCall(VecRestoreArrayRead(tao->gradient, &g));
  PetscCall(VecRestoreArray(tao->solution, &x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first evaluation goes through TAO, which may test the gradient (-tao_test_gradient); it reads options and allocates
   each time, so the later ones call the objective themselves */
static PetscErrorCode Evaluate(Tao tao, PetscReal *f)
{
  PetscFunctionBegin;
#if HG_TAO_HAS_OBJECTIVE_OPS
  if (tao->niter && tao->ops->computeobjectiveandgradient) {
    PetscCall((*tao->ops->computeobjectiveandgradient)(tao, tao->solution, f, tao->gradient, tao->user_objgradP));
    tao->nfuncgrads++;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
#endif
  PetscCall(TaoComputeObjectiveAndGradient(tao, tao->solution, f, tao->gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Solve_Stochastic(Tao tao)
{
  PetscReal f, norm;

  PetscFunctionBegin;
  while (tao->reason == TAO_CONTINUE_ITERATING) {
    if (tao->niter >= tao->max_it) {
      tao->reason = TAO_DIVERGED_MAXITS;
      break;
    }
    PetscCall(Evaluate(tao, &f));
    PetscCall(VecNorm(tao->gradient, NORM_2, &norm));
    PetscCall(TakeStep(tao));
    tao->niter++;
    PetscCall(TaoLogConvergenceHistory(tao, f, norm, 0, tao->ksp_its));
    PetscCall(TaoMonitor(tao, tao->niter, f, norm, 0, ((Stochastic *)tao->data)->lr));
    PetscCall((*tao->ops->convergencetest)(tao, tao->cnvP));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Stochastic(Tao tao)
{
  Stochastic *s = (Stochastic *)tao->data;

  PetscFunctionBegin;
  if (!tao->gradient) PetscCall(VecDuplicate(tao->solution, &tao->gradient));
  for (PetscInt i = 0; i < s->nstate; i++) {
    if (s->state[i]) continue;
    PetscCall(VecDuplicate(tao->solution, &s->state[i]));
    PetscCall(VecSet(s->state[i], 0));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckRange(Tao tao, const char *option, PetscReal v, PetscReal most)
{
  PetscFunctionBegin;
  if (most > 0)
    HGCheck(v >= 0 && v < most, PetscObjectComm((PetscObject)tao), "-%s %g: give a number from 0 to below %g", option, (double)v,
            (double)most);
  else
    HGCheck(v >= 0 && !PetscIsInfOrNanReal(v), PetscObjectComm((PetscObject)tao), "-%s %g: give a number that is not negative", option,
            (double)v);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetFromOptions_Adam(Tao tao, HGOptionItems PetscOptionsObject)
{
  Stochastic *s = (Stochastic *)tao->data;

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Adam and AdamW");
  PetscCall(HGOptionsReal(PetscOptionsObject, "-tao_adam_lr", "learning rate", "HGTaoSetLearningRate", 0, PETSC_MAX_REAL, &s->lr, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-tao_adam_beta1", "decay of the first moment", "", 0, HG_BELOW_ONE, &s->beta1, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-tao_adam_beta2", "decay of the second moment", "", 0, HG_BELOW_ONE, &s->beta2, NULL));
  PetscCall(
      HGOptionsReal(PetscOptionsObject, "-tao_adam_eps", "added to the root of the second moment", "", 0, PETSC_MAX_REAL, &s->eps, NULL));
  PetscCall(
      HGOptionsReal(PetscOptionsObject, "-tao_adam_weight_decay", "decay of the weights", "", 0, PETSC_MAX_REAL, &s->weight_decay, NULL));
  PetscOptionsHeadEnd();
  PetscCall(CheckRange(tao, "tao_adam_lr", s->lr, 0));
  PetscCall(CheckRange(tao, "tao_adam_beta1", s->beta1, 1));
  PetscCall(CheckRange(tao, "tao_adam_beta2", s->beta2, 1));
  PetscCall(CheckRange(tao, "tao_adam_eps", s->eps, 0));
  PetscCall(CheckRange(tao, "tao_adam_weight_decay", s->weight_decay, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetFromOptions_SGD(Tao tao, HGOptionItems PetscOptionsObject)
{
  Stochastic *s = (Stochastic *)tao->data;

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Stochastic gradient descent");
  PetscCall(HGOptionsReal(PetscOptionsObject, "-tao_sgd_lr", "learning rate", "HGTaoSetLearningRate", 0, PETSC_MAX_REAL, &s->lr, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-tao_sgd_momentum", "momentum", "", 0, HG_BELOW_ONE, &s->momentum, NULL));
  PetscCall(HGOptionsBool(PetscOptionsObject, "-tao_sgd_nesterov", "look ahead along the momentum", "", &s->nesterov, NULL));
  PetscCall(
      HGOptionsReal(PetscOptionsObject, "-tao_sgd_weight_decay", "decay of the weights", "", 0, PETSC_MAX_REAL, &s->weight_decay, NULL));
  PetscOptionsHeadEnd();
  PetscCall(CheckRange(tao, "tao_sgd_lr", s->lr, 0));
  PetscCall(CheckRange(tao, "tao_sgd_momentum", s->momentum, 1));
  PetscCall(CheckRange(tao, "tao_sgd_weight_decay", s->weight_decay, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode View_Stochastic(Tao tao, PetscViewer viewer)
{
  const Stochastic *s = (Stochastic *)tao->data;

  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPrintf(viewer, "learning rate %g, weight decay %g, %" PetscInt64_FMT " steps taken\n", (double)s->lr,
                                   (double)s->weight_decay, s->step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Stochastic(Tao tao)
{
  Stochastic *s = (Stochastic *)tao->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < s->nstate; i++) PetscCall(VecDestroy(&s->state[i]));
  PetscCall(PetscFree(tao->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Create_Stochastic(Tao tao)
{
  Stochastic *s = NULL;

  PetscFunctionBegin;
  PetscCall(PetscNew(&s));
  PetscCall(TaoParametersInitialize(tao));
  tao->data         = s;
  s->lr             = 1e-3;
  s->beta1          = 0.9;
  s->beta2          = 0.999;
  s->eps            = 1e-8;
  tao->ops->setup   = SetUp_Stochastic;
  tao->ops->solve   = Solve_Stochastic;
  tao->ops->view    = View_Stochastic;
  tao->ops->destroy = Destroy_Stochastic;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateAdam(Tao tao, PetscBool decoupled)
{
  Stochastic *s = NULL;

  PetscFunctionBegin;
  PetscCall(Create_Stochastic(tao));
  s                        = (Stochastic *)tao->data;
  s->nstate                = 2;
  s->name[0]               = "exp_avg";
  s->name[1]               = "exp_avg_sq";
  s->update                = decoupled ? Update_AdamW : Update_Adam;
  s->weight_decay          = decoupled ? 1e-2 : 0;
  tao->ops->setfromoptions = SetFromOptions_Adam;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*MC
   HGTAOADAM - Adam (Kingma and Ba, arXiv 1412.6980), one step for each evaluation of the objective

   Level: beginner

   Options Database Keys:
+  -tao_type adam          - choose it
.  -tao_adam_lr            - learning rate (default 1e-3)
.  -tao_adam_beta1         - decay of the first moment (default 0.9)
.  -tao_adam_beta2         - decay of the second moment (default 0.999)
.  -tao_adam_eps           - added to the root of the second moment (default 1e-8)
-  -tao_adam_weight_decay  - times the weights, added to the gradient (default 0)

.seealso: `HGTAOADAMW`, `HGTAOSGD`, `HGTrainer`
M*/
static PetscErrorCode TaoCreate_Adam(Tao tao)
{
  PetscFunctionBegin;
  PetscCall(CreateAdam(tao, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*MC
   HGTAOADAMW - Adam with decoupled decay of the weights (Loshchilov and Hutter, arXiv 1711.05101)

   Level: beginner

   Options Database Keys:
+  -tao_type adamw         - choose it
-  -tao_adam_weight_decay  - decay of the weights (default 1e-2); the others as for `HGTAOADAM`

.seealso: `HGTAOADAM`, `HGTrainer`
M*/
static PetscErrorCode TaoCreate_AdamW(Tao tao)
{
  PetscFunctionBegin;
  PetscCall(CreateAdam(tao, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*MC
   HGTAOSGD - stochastic gradient descent with momentum

   Level: beginner

   Options Database Keys:
+  -tao_type sgd          - choose it
.  -tao_sgd_lr            - learning rate (default 1e-3)
.  -tao_sgd_momentum      - momentum (default 0)
.  -tao_sgd_nesterov      - look ahead along the momentum
-  -tao_sgd_weight_decay  - times the weights, added to the gradient (default 0)

.seealso: `HGTAOADAM`, `HGTrainer`
M*/
static PetscErrorCode TaoCreate_SGD(Tao tao)
{
  Stochastic *s = NULL;

  PetscFunctionBegin;
  PetscCall(Create_Stochastic(tao));
  s                        = (Stochastic *)tao->data;
  s->nstate                = 1;
  s->name[0]               = "momentum_buffer";
  s->update                = Update_SGD;
  tao->ops->setfromoptions = SetFromOptions_SGD;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTaoRegisterAll - Register the optimizers adam, adamw and sgd as TAO types

   Not Collective

   Level: intermediate

   Note:
   Called by `HGTrainerCreate()`; call it to use them with a Tao of your own.

.seealso: `HGTAOADAM`, `HGTAOADAMW`, `HGTAOSGD`
@*/
PetscErrorCode HGTaoRegisterAll(void)
{
  PetscFunctionBegin;
  PetscCall(TaoRegister(HGTAOADAM, TaoCreate_Adam));
  PetscCall(TaoRegister(HGTAOADAMW, TaoCreate_AdamW));
  PetscCall(TaoRegister(HGTAOSGD, TaoCreate_SGD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTaoIsStochastic - Whether an optimizer takes one step for each evaluation, so that each may see another mini-batch

   Not Collective

   Input Parameter:
.  tao - the optimizer

   Output Parameter:
.  is - `PETSC_TRUE` for adam, adamw and sgd

   Level: intermediate

.seealso: `HGTaoRegisterAll()`
@*/
PetscErrorCode HGTaoIsStochastic(Tao tao, PetscBool *is)
{
  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompareAny((PetscObject)tao, is, HGTAOADAM, HGTAOADAMW, HGTAOSGD, ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetStochastic(Tao tao, Stochastic **s)
{
  PetscBool is;

  PetscFunctionBegin;
  PetscCall(HGTaoIsStochastic(tao, &is));
  PetscCheck(is, PetscObjectComm((PetscObject)tao), PETSC_ERR_ARG_WRONG, "-tao_type must be adam, adamw or sgd for this");
  *s = (Stochastic *)tao->data;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTaoGetLearningRate - Get the learning rate of a stochastic optimizer

   Not Collective

   Input Parameter:
.  tao - the optimizer, of type adam, adamw or sgd

   Output Parameter:
.  lr - the rate

   Level: intermediate

.seealso: `HGTaoSetLearningRate()`
@*/
PetscErrorCode HGTaoGetLearningRate(Tao tao, PetscReal *lr)
{
  Stochastic *s = NULL;

  PetscFunctionBegin;
  PetscCall(GetStochastic(tao, &s));
  *lr = s->lr;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTaoSetLearningRate - Set the learning rate of a stochastic optimizer

   Logically Collective

   Input Parameters:
+  tao - the optimizer, of type adam, adamw or sgd
-  lr  - the rate

   Options Database Keys:
+  -tao_adam_lr - for adam and adamw
-  -tao_sgd_lr  - for sgd

   Level: intermediate

.seealso: `HGTaoGetLearningRate()`
@*/
PetscErrorCode HGTaoSetLearningRate(Tao tao, PetscReal lr)
{
  Stochastic *s = NULL;

  PetscFunctionBegin;
  PetscCall(GetStochastic(tao, &s));
  s->lr = lr;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTaoGetState - Get the state of a stochastic optimizer, to save or restore it

   Not Collective

   Input Parameter:
.  tao - the optimizer, of type adam, adamw or sgd, set up

   Output Parameters:
+  step  - steps taken
.  n     - number of vectors, at most `HG_MAX_STATE`
.  name  - their names
-  state - the vectors; do not destroy them

   Level: advanced

.seealso: `HGTaoSetStep()`, `HGModelWrite()`
@*/
PetscErrorCode HGTaoGetState(Tao tao, PetscInt64 *step, PetscInt *n, const char *name[], Vec state[])
{
  Stochastic *s = NULL;

  PetscFunctionBegin;
  PetscCall(GetStochastic(tao, &s));
  *step = s->step;
  *n    = s->nstate;
  for (PetscInt i = 0; i < s->nstate; i++) {
    name[i]  = s->name[i];
    state[i] = s->state[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTaoSetStep - Set the number of steps that a stochastic optimizer has taken

   Logically Collective

   Input Parameters:
+  tao  - the optimizer, of type adam, adamw or sgd
-  step - steps taken before

   Level: advanced

.seealso: `HGTaoGetState()`
@*/
PetscErrorCode HGTaoSetStep(Tao tao, PetscInt64 step)
{
  Stochastic *s = NULL;

  PetscFunctionBegin;
  PetscCall(GetStochastic(tao, &s));
  s->step = step;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AppendReal(HGText *text, const char name[], PetscReal value)
{
  char number[HG_REAL_TEXT];

  PetscFunctionBegin;
  PetscCall(HGTextAppend(text, " -%s %s", name, HGRealToText((double)value, number)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTaoAppendOptions - Append the options that make an optimizer what it is

   Not Collective

   Input Parameters:
+  tao  - the optimizer
.  lr   - the learning rate to tell of a stochastic one, whose schedule may have changed it
-  text - takes the options

   Level: advanced

   Note:
   Of TAO's own optimizers it is the type alone.

.seealso: `HGTaoGetState()`
@*/
PetscErrorCode HGTaoAppendOptions(Tao tao, PetscReal lr, HGText *text)
{
  const Stochastic *s = NULL;
  TaoType           type;
  PetscBool         stochastic, sgd;

  PetscFunctionBegin;
  PetscCall(TaoGetType(tao, &type));
  PetscCall(HGTextAppend(text, " -tao_type %s", type));
  PetscCall(HGTaoIsStochastic(tao, &stochastic));
  if (!stochastic) PetscFunctionReturn(PETSC_SUCCESS);
  s = (const Stochastic *)tao->data;
  PetscCall(PetscStrcmp(type, HGTAOSGD, &sgd));
  PetscCall(AppendReal(text, sgd ? "tao_sgd_lr" : "tao_adam_lr", lr));
  if (sgd) {
    PetscCall(AppendReal(text, "tao_sgd_momentum", s->momentum));
    if (s->nesterov) PetscCall(HGTextAppend(text, " -tao_sgd_nesterov"));
  } else {
    PetscCall(AppendReal(text, "tao_adam_beta1", s->beta1));
    PetscCall(AppendReal(text, "tao_adam_beta2", s->beta2));
    PetscCall(AppendReal(text, "tao_adam_eps", s->eps));
  }
  PetscCall(AppendReal(text, sgd ? "tao_sgd_weight_decay" : "tao_adam_weight_decay", s->weight_decay));
  PetscFunctionReturn(PETSC_SUCCESS);
}
