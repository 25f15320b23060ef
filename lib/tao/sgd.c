/* SPDX-License-Identifier: BSD-2-Clause */
/* Stochastic gradient descent */
#include "tao/tao_impl.h"

typedef struct {
  HGStochastic base;
  PetscReal    momentum;
  PetscBool    nesterov;
} SGD;

/* SGD with momentum as in PyTorch (Sutskever et al., ICML 2013): the first step's momentum is the gradient itself */
static HGSGDStep StepOf(const SGD *o)
{
  return (HGSGDStep){.decay    = o->base.weight_decay,
                     .momentum = o->momentum,
                     .rate     = o->base.lr,
                     .first    = o->base.step <= 1,
                     .nesterov = o->nesterov ? 1 : 0};
}

static void Update_SGD(Tao tao, PetscInt n, const PetscScalar *g, PetscScalar *x, PetscScalar *const state[])
{
  const HGSGDStep a = StepOf((const SGD *)tao->data);
  PetscScalar    *m = state[0];

#pragma omp parallel for schedule(static) if (n > 16384)
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal d = g[i] + a.decay * x[i];

    m[i] = a.first ? d : a.momentum * m[i] + d;
    x[i] -= a.rate * (a.nesterov ? d + a.momentum * m[i] : m[i]);
  }
}

static void UpdateF32_SGD(Tao tao, PetscInt n, const float *g, float *x, float *const state[])
{
  const HGSGDStep a = StepOf((const SGD *)tao->data);

  (*HGTaoKernels(HG_F32)->sgd)((size_t)n, &a, g, x, state[0]);
}

static PetscErrorCode SetFromOptions_SGD(Tao tao, HGOptionItems PetscOptionsObject)
{
  SGD          *o = (SGD *)tao->data;
  HGStochastic *s = &o->base;

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Stochastic gradient descent");
  PetscCall(HGOptionsReal(PetscOptionsObject, "-tao_sgd_lr", "learning rate", "HGTaoSetLearningRate", 0, PETSC_MAX_REAL, &s->lr, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-tao_sgd_momentum", "momentum", "", 0, HG_BELOW_ONE, &o->momentum, NULL));
  PetscCall(HGOptionsBool(PetscOptionsObject, "-tao_sgd_nesterov", "look ahead along the momentum", "", &o->nesterov, NULL));
  PetscCall(
      HGOptionsReal(PetscOptionsObject, "-tao_sgd_weight_decay", "decay of the weights", "", 0, PETSC_MAX_REAL, &s->weight_decay, NULL));
  PetscCall(HGTaoOptionDType(PetscOptionsObject, "-tao_sgd_dtype", s));
  PetscOptionsHeadEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Append_SGD(Tao tao, PetscReal lr, HGText *text)
{
  const SGD *o = (const SGD *)tao->data;

  PetscFunctionBegin;
  PetscCall(HGTaoAppendReal(text, "tao_sgd_lr", lr));
  PetscCall(HGTaoAppendReal(text, "tao_sgd_momentum", o->momentum));
  if (o->nesterov) PetscCall(HGTextAppend(text, " -tao_sgd_nesterov"));
  PetscCall(HGTaoAppendReal(text, "tao_sgd_weight_decay", o->base.weight_decay));
  PetscCall(HGTaoAppendDType(tao, text, "tao_sgd_dtype"));
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
.  -tao_sgd_dtype f32|f64 - precision of weights and momentum (default: the network's)
-  -tao_sgd_weight_decay  - times the weights, added to the gradient (default 0)

.seealso: `HGTAOADAM`, `HGTrainer`
M*/
PetscErrorCode HGTaoCreate_SGD(Tao tao)
{
  HGStochastic *s = NULL;

  PetscFunctionBegin;
  PetscCall(HGTaoCreateStochastic(tao, sizeof(SGD), &s));
  s->nstate                = 1;
  s->name[0]               = "momentum_buffer";
  s->update                = Update_SGD;
  s->update_f32            = UpdateF32_SGD;
  s->append                = Append_SGD;
  tao->ops->setfromoptions = SetFromOptions_SGD;
  PetscFunctionReturn(PETSC_SUCCESS);
}
