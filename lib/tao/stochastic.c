/* SPDX-License-Identifier: BSD-2-Clause */
/* Optimizers that take one step for each evaluation of the objective, which may see another mini-batch each time */
#include "tao/tao_impl.h"

#define STOCHASTIC "HGTaoGetStochastic_C" /* the function that a stochastic optimizer has */

/* Parameters, gradient and state are kept in one precision */
static PetscErrorCode TakeStep(Tao tao)
{
  HGStochastic *s = (HGStochastic *)tao->data;
  void         *x, *a[HG_MAX_STATE] = {NULL, NULL};
  const void   *g;
  HGDType       type;
  PetscInt      n;

  PetscFunctionBegin;
  s->step++;
  PetscCall(VecGetLocalSize(tao->solution, &n));
  PetscCall(HGVecGetElements(tao->solution, &type, &x));
  PetscCall(HGVecGetElementsRead(tao->gradient, &type, &g));
  for (PetscInt i = 0; i < s->nstate; i++) PetscCall(HGVecGetElements(s->state[i], &type, &a[i]));
  PetscCheck(type == HG_F64 || s->update_f32, PetscObjectComm((PetscObject)tao), PETSC_ERR_SUP,
             "-tao_type %s has no step in single precision", ((PetscObject)tao)->type_name);
  if (type == HG_F32) (*s->update_f32)(tao, n, (const float *)g, (float *)x, (float *const *)a);
  else (*s->update)(tao, n, (const PetscScalar *)g, (PetscScalar *)x, (PetscScalar *const *)a);
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
    PetscCall(TaoMonitor(tao, tao->niter, f, norm, 0, ((HGStochastic *)tao->data)->lr));
    PetscCall((*tao->ops->convergencetest)(tao, tao->cnvP));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUp_Stochastic(Tao tao)
{
  HGStochastic *s = (HGStochastic *)tao->data;

  PetscFunctionBegin;
  if (!tao->gradient) PetscCall(VecDuplicate(tao->solution, &tao->gradient));
  for (PetscInt i = 0; i < s->nstate; i++) {
    if (s->state[i]) continue;
    PetscCall(VecDuplicate(tao->solution, &s->state[i]));
    PetscCall(VecSet(s->state[i], 0));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode View_Stochastic(Tao tao, PetscViewer viewer)
{
  const HGStochastic *s = (HGStochastic *)tao->data;

  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPrintf(viewer, "learning rate %g, weight decay %g, %" PetscInt64_FMT " steps taken\n", (double)s->lr,
                                   (double)s->weight_decay, s->step));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy_Stochastic(Tao tao)
{
  HGStochastic *s = (HGStochastic *)tao->data;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < s->nstate; i++) PetscCall(VecDestroy(&s->state[i]));
  PetscCall(PetscObjectComposeFunction((PetscObject)tao, STOCHASTIC, NULL));
  PetscCall(PetscFree(tao->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What tells a stochastic optimizer from others */
static PetscErrorCode GetStochastic_Stochastic(Tao tao, HGStochastic **s)
{
  PetscFunctionBegin;
  *s = (HGStochastic *)tao->data;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTaoCreateStochastic - Make an optimizer a stochastic one, in the function that creates its type

   Not Collective

   Input Parameters:
+  tao  - the optimizer
-  size - of the type's own struct, whose first member is an `HGStochastic`

   Output Parameter:
.  s - that member; set its nstate, name, update and append. The struct is tao->data, zero at first, and is freed with the type

   Level: advanced

   Notes:
   The trainer gives such optimizers mini-batches, changes their learning rate by its schedule, and writes their state and options into model files.

   update() takes a step from x with the gradient g and the vectors of the state, all of length n; update_f32(), if there is one, the same in single
   precision. append() appends the type's options.

.seealso: `HGTaoIsStochastic()`, `TaoRegister()`
@*/
PetscErrorCode HGTaoCreateStochastic(Tao tao, size_t size, HGStochastic **s)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc(size, &tao->data));
  PetscCall(TaoParametersInitialize(tao));
  *s                = (HGStochastic *)tao->data;
  (*s)->lr          = 1e-3;
  (*s)->dtype       = HG_F64;
  tao->ops->setup   = SetUp_Stochastic;
  tao->ops->solve   = Solve_Stochastic;
  tao->ops->view    = View_Stochastic;
  tao->ops->destroy = Destroy_Stochastic;
  PetscCall(PetscObjectComposeFunction((PetscObject)tao, STOCHASTIC, GetStochastic_Stochastic));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTaoRegisterAll - Register the optimizers adam, adamw and sgd as TAO types

   Not Collective

   Level: intermediate

   Note:
   Called by `HGInitialize()`.

.seealso: `HGTAOADAM`, `HGTAOADAMW`, `HGTAOSGD`
@*/
PetscErrorCode HGTaoRegisterAll(void)
{
  PetscFunctionBegin;
#define REGISTER(type, name) PetscCall(TaoRegister(type, HGTaoCreate_##name));
  HG_TAOS(REGISTER)
#undef REGISTER
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTaoIsStochastic - Whether an optimizer takes one step for each evaluation, so that each may see another mini-batch

   Not Collective

   Input Parameter:
.  tao - the optimizer

   Output Parameter:
.  is - `PETSC_TRUE` for adam, adamw, sgd, and types made by `HGTaoCreateStochastic()`

   Level: intermediate

.seealso: `HGTaoRegisterAll()`
@*/
PetscErrorCode HGTaoIsStochastic(Tao tao, PetscBool *is)
{
  PetscErrorCode (*get)(Tao, HGStochastic **);

  PetscFunctionBegin;
  PetscCall(PetscObjectQueryFunction((PetscObject)tao, STOCHASTIC, &get));
  *is = get ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GetStochastic(Tao tao, HGStochastic **s)
{
  PetscErrorCode (*get)(Tao, HGStochastic **);

  PetscFunctionBegin;
  PetscCall(PetscObjectQueryFunction((PetscObject)tao, STOCHASTIC, &get));
  PetscCheck(get, PetscObjectComm((PetscObject)tao), PETSC_ERR_ARG_WRONG, "-tao_type %s takes no mini-batches, as this needs",
             ((PetscObject)tao)->type_name);
  PetscCall((*get)(tao, s));
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
  HGStochastic *s = NULL;

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
  HGStochastic *s = NULL;

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
  HGStochastic *s = NULL;

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
   HGTaoGetDType - Get the precision in which parameters and an optimizer's state are best kept for a network

   Not Collective

   Input Parameters:
+  tao - the optimizer
-  net - the network's element type

   Output Parameter:
.  kept - what was chosen by `HGTaoSetDType()`; if nothing was, that of the network where the optimizer has steps in it, as adam, adamw and sgd have; else
          `HG_F64`

   Level: advanced

.seealso: `HGNetSetParameterType()`
@*/
PetscErrorCode HGTaoGetDType(Tao tao, HGDType net, HGDType *kept)
{
  HGStochastic *s = NULL;
  PetscBool     stochastic;

  PetscFunctionBegin;
  *kept = HG_F64;
  PetscCall(HGTaoIsStochastic(tao, &stochastic));
  if (!stochastic) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(GetStochastic(tao, &s));
  if (s->chosen) *kept = s->dtype;
  else if (s->update_f32) *kept = net;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGTaoSetDType - Set the precision in which parameters and the state of a stochastic optimizer are kept

   Logically Collective

   Input Parameters:
+  tao  - the optimizer, of type adam, adamw or sgd
-  kept - `HG_F32` or `HG_F64`; by default the network's

   Options Database Keys:
+  -tao_adam_dtype - for adam and adamw
-  -tao_sgd_dtype  - for sgd

   Level: intermediate

   Errors:
   An optimizer that has no steps in single precision.

.seealso: `HGTaoGetDType()`, `HGNetSetParameterType()`
@*/
PetscErrorCode HGTaoSetDType(Tao tao, HGDType kept)
{
  HGStochastic *s = NULL;

  PetscFunctionBegin;
  PetscCall(GetStochastic(tao, &s));
  HGCheck(kept == HG_F64 || s->update_f32, PetscObjectComm((PetscObject)tao), "-tao_type %s has no steps in single precision",
          ((PetscObject)tao)->type_name);
  s->dtype  = kept;
  s->chosen = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGTaoOptionDType - The option that says it */
PetscErrorCode HGTaoOptionDType(HGOptionItems PetscOptionsObject, const char name[], HGStochastic *s)
{
  static const char *const types[] = {"f32", "f64"};
  PetscInt                 choice  = s->dtype;
  PetscBool                set;

  PetscFunctionBegin;
  PetscCall(HGOptionsChoice(PetscOptionsObject, name, "precision of parameters and state, the network's if it is not given",
                            "HGTaoSetDType", types, 2, &choice, &set));
  if (!set) PetscFunctionReturn(PETSC_SUCCESS);
  s->dtype  = (HGDType)choice;
  s->chosen = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGTaoAppendDType - And tells of single precision, or of what was chosen, so that a resumed run knows what its weights and moments were kept in */
PetscErrorCode HGTaoAppendDType(Tao tao, HGText *text, const char name[])
{
  const HGStochastic *s  = (const HGStochastic *)tao->data;
  PetscBool           is = PETSC_FALSE;

  PetscFunctionBegin;
  if (tao->solution) PetscCall(HGVecIsF32(tao->solution, &is));
  if (is || s->chosen) PetscCall(HGTextAppend(text, " -%s %s", name, is ? "f32" : "f64"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGTaoKernels - The steps of this machine's instruction set */
const HGFieldKernels *HGTaoKernels(HGDType t)
{
  HGSimd simd;

  PetscCallAbort(PETSC_COMM_SELF, HGGetSimd(&simd));
  return HGFieldKernelsGet(simd, t);
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
  HGStochastic *s = NULL;

  PetscFunctionBegin;
  PetscCall(GetStochastic(tao, &s));
  s->step = step;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGTaoAppendReal - Appends an option so that its value is read back exactly */
PetscErrorCode HGTaoAppendReal(HGText *text, const char name[], PetscReal value)
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
  HGStochastic *s = NULL;
  PetscBool     stochastic;

  PetscFunctionBegin;
  PetscCall(HGTextAppend(text, " -tao_type %s", ((PetscObject)tao)->type_name));
  PetscCall(HGTaoIsStochastic(tao, &stochastic));
  if (!stochastic) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(GetStochastic(tao, &s));
  if (s->append) PetscCall((*s->append)(tao, lr, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}
