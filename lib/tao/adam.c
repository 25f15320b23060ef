/* SPDX-License-Identifier: BSD-2-Clause */
/* Adam and AdamW */
#include "tao/tao_impl.h"

typedef struct {
  HGStochastic base;
  PetscReal    beta1, beta2, eps;
  PetscBool    decoupled; /* AdamW */
} Adam;

/* Adam, algorithm 1 of Kingma and Ba, arXiv 1412.6980, with PyTorch's order of operations, where the decay of the weights enters the gradient; and AdamW,
   algorithm 2 of Loshchilov and Hutter, arXiv 1711.05101, where the weights decay on their own */
static HGAdamStep StepOf(const Adam *a)
{
  const PetscReal step = (PetscReal)a->base.step;

  return (HGAdamStep){.beta1 = a->beta1,
                      .beta2 = a->beta2,
                      .eps   = a->eps,
                      .decay = a->decoupled ? 0 : a->base.weight_decay,
                      .keep  = a->decoupled ? 1 - a->base.lr * a->base.weight_decay : 1,
                      .rate  = a->base.lr / (1 - PetscPowReal(a->beta1, step)),
                      .root  = PetscSqrtReal(1 - PetscPowReal(a->beta2, step))};
}

/* In double precision the same bits with every instruction set */
static void Update_Adam(Tao tao, PetscInt n, const PetscScalar *g, PetscScalar *x, PetscScalar *const state[])
{
  const HGAdamStep a = StepOf((const Adam *)tao->data);
  PetscScalar     *m = state[0], *v = state[1];

#pragma omp parallel for schedule(static) if (n > 16384)
  for (PetscInt i = 0; i < n; i++) {
    const PetscReal d = g[i] + a.decay * x[i];

    m[i] = a.beta1 * m[i] + (1 - a.beta1) * d;
    v[i] = a.beta2 * v[i] + (1 - a.beta2) * d * d;
    x[i] = a.keep * x[i] - a.rate * m[i] / (PetscSqrtReal(v[i]) / a.root + a.eps);
  }
}

static void UpdateF32_Adam(Tao tao, PetscInt n, const float *g, float *x, float *const state[])
{
  const HGAdamStep a = StepOf((const Adam *)tao->data);

  (*HGTaoKernels(HG_F32)->adam)((size_t)n, &a, g, x, state[0], state[1]);
}

static PetscErrorCode SetFromOptions_Adam(Tao tao, HGOptionItems PetscOptionsObject)
{
  Adam         *a = (Adam *)tao->data;
  HGStochastic *s = &a->base;

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Adam and AdamW");
  PetscCall(HGOptionsReal(PetscOptionsObject, "-tao_adam_lr", "learning rate", "HGTaoSetLearningRate", 0, PETSC_MAX_REAL, &s->lr, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-tao_adam_beta1", "decay of the first moment", "", 0, HG_BELOW_ONE, &a->beta1, NULL));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-tao_adam_beta2", "decay of the second moment", "", 0, HG_BELOW_ONE, &a->beta2, NULL));
  PetscCall(
      HGOptionsReal(PetscOptionsObject, "-tao_adam_eps", "added to the root of the second moment", "", 0, PETSC_MAX_REAL, &a->eps, NULL));
  PetscCall(
      HGOptionsReal(PetscOptionsObject, "-tao_adam_weight_decay", "decay of the weights", "", 0, PETSC_MAX_REAL, &s->weight_decay, NULL));
  PetscCall(HGTaoOptionDType(PetscOptionsObject, "-tao_adam_dtype", s));
  PetscOptionsHeadEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Append_Adam(Tao tao, PetscReal lr, HGText *text)
{
  const Adam *a = (const Adam *)tao->data;

  PetscFunctionBegin;
  PetscCall(HGTaoAppendReal(text, "tao_adam_lr", lr));
  PetscCall(HGTaoAppendReal(text, "tao_adam_beta1", a->beta1));
  PetscCall(HGTaoAppendReal(text, "tao_adam_beta2", a->beta2));
  PetscCall(HGTaoAppendReal(text, "tao_adam_eps", a->eps));
  PetscCall(HGTaoAppendReal(text, "tao_adam_weight_decay", a->base.weight_decay));
  PetscCall(HGTaoAppendDType(tao, text, "tao_adam_dtype"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Create(Tao tao, PetscBool decoupled)
{
  HGStochastic *s = NULL;
  Adam         *a;

  PetscFunctionBegin;
  PetscCall(HGTaoCreateStochastic(tao, sizeof(Adam), &s));
  a                        = (Adam *)tao->data;
  a->beta1                 = 0.9;
  a->beta2                 = 0.999;
  a->eps                   = 1e-8;
  s->nstate                = 2;
  s->name[0]               = "exp_avg";
  s->name[1]               = "exp_avg_sq";
  a->decoupled             = decoupled;
  s->update                = Update_Adam;
  s->update_f32            = UpdateF32_Adam;
  s->append                = Append_Adam;
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
.  -tao_adam_dtype f32|f64 - precision of weights and moments (default: the network's)
-  -tao_adam_weight_decay  - times the weights, added to the gradient (default 0)

.seealso: `HGTAOADAMW`, `HGTAOSGD`, `HGTrainer`
M*/
PetscErrorCode HGTaoCreate_Adam(Tao tao)
{
  PetscFunctionBegin;
  PetscCall(Create(tao, PETSC_FALSE));
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
PetscErrorCode HGTaoCreate_AdamW(Tao tao)
{
  PetscFunctionBegin;
  PetscCall(Create(tao, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}
