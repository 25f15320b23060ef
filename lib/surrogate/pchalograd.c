/* SPDX-License-Identifier: BSD-2-Clause */
/* A trained network as a preconditioner: z = |r| N(r / |r|, a) */
#include "surrogate/surrogate_impl.h"
#include <petsc/private/pcimpl.h>

typedef struct {
  HGSurrogate surrogate;
  char        model[PETSC_MAX_PATH_LEN];
  Vec         input;
} Halograd;

static PetscErrorCode GetDMDA(PC pc, DM *dm)
{
  Mat A, P;

  PetscFunctionBegin;
  PetscCall(PCGetDM(pc, dm));
  if (*dm) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PCGetOperators(pc, &A, &P));
  PetscCall(MatGetDM(P, dm));
  if (!*dm) PetscCall(MatGetDM(A, dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Fields that PCHalogradSetInput() has not given come with the matrix, also to a PC inside another */
static PetscErrorCode TakeInput(PC pc)
{
  Halograd *h = (Halograd *)pc->data;
  Vec       a = h->input;
  Mat       P;

  PetscFunctionBegin;
  PetscCall(PCGetOperators(pc, NULL, &P));
  if (!a) PetscCall(PetscObjectQuery((PetscObject)P, "PCHalogradInput", (PetscObject *)&a));
  PetscCall(HGSurrogateSetInput(h->surrogate, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The network does not change with the operator: what of it the network has to know is its input */
static PetscErrorCode PCSetUp_Halograd(PC pc)
{
  Halograd *h = (Halograd *)pc->data;
  DM        dm;

  PetscFunctionBegin;
  if (!h->surrogate) {
    PetscCall(HGSurrogateCreate(PetscObjectComm((PetscObject)pc), &h->surrogate));
    PetscCall(HGSurrogateSetModel(h->surrogate, h->model));
    PetscCall(GetDMDA(pc, &dm));
    PetscCall(HGSurrogateSetDMDA(h->surrogate, dm));
    PetscCall(HGSurrogateSetUp(h->surrogate));
  }
  PetscCall(TakeInput(pc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PCApply_Halograd(PC pc, Vec r, Vec z)
{
  Halograd *h = (Halograd *)pc->data;
  PetscReal norm;
  PetscInt  n;

  PetscFunctionBegin;
  PetscCall(VecNorm(r, NORM_2, &norm));
  PetscCall(VecGetSize(r, &n));
  if (norm == 0) PetscCall(VecZeroEntries(z));
  else PetscCall(HGSurrogateApply(h->surrogate, norm / PetscSqrtReal((PetscReal)n), r, z));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A method that takes the preconditioner for a fixed linear operator would lose its short recurrences without a word */
static PetscErrorCode PCPreSolve_Halograd(PC pc, KSP ksp, Vec b, Vec x)
{
  KSPType   type;
  PetscBool flexible;

  PetscFunctionBegin;
  (void)b;
  (void)x;
  PetscCall(KSPGetType(ksp, &type));
  PetscCall(PetscObjectTypeCompareAny((PetscObject)ksp, &flexible, KSPFGMRES, KSPGCR, KSPFCG, KSPPIPEFGMRES, KSPPIPEGCR, KSPPIPEFCG,
                                      KSPRICHARDSON, KSPPREONLY, ""));
  HGCheck(flexible, PetscObjectComm((PetscObject)pc),
          "-ksp_type %s takes its preconditioner for a linear operator, which a network is not; use -ksp_type fgmres, gcr or fcg", type);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PCSetFromOptions_Halograd(PC pc, HGOptionItems PetscOptionsObject)
{
  Halograd *h = (Halograd *)pc->data;

  PetscFunctionBegin;
  PetscOptionsHeadBegin(PetscOptionsObject, "Halograd options");
  PetscCall(
      HGOptionsPath(PetscOptionsObject, "-pc_halograd_model", "model file of a trained network", "PCHalogradSetModel", h->model, NULL));
  PetscOptionsHeadEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PCView_Halograd(PC pc, PetscViewer viewer)
{
  Halograd *h = (Halograd *)pc->data;
  PetscBool ascii;

  PetscFunctionBegin;
  PetscCall(PetscObjectTypeCompare((PetscObject)viewer, PETSCVIEWERASCII, &ascii));
  if (!ascii) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscViewerASCIIPrintf(viewer, "z = |r| N(r / |r|%s), |r| the root of the mean square\n", h->input ? ", a" : ""));
  if (h->surrogate) PetscCall(HGSurrogateView(h->surrogate, viewer));
  else PetscCall(PetscViewerASCIIPrintf(viewer, "not set up, model %s\n", *h->model ? h->model : "not given"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PCReset_Halograd(PC pc)
{
  PetscFunctionBegin;
  PetscCall(HGSurrogateDestroy(&((Halograd *)pc->data)->surrogate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PCDestroy_Halograd(PC pc)
{
  Halograd *h = (Halograd *)pc->data;

  PetscFunctionBegin;
  PetscCall(PCReset_Halograd(pc));
  PetscCall(VecDestroy(&h->input));
  PetscCall(PetscObjectComposeFunction((PetscObject)pc, "PCHalogradSetModel_C", NULL));
  PetscCall(PetscObjectComposeFunction((PetscObject)pc, "PCHalogradSetInput_C", NULL));
  PetscCall(PetscFree(pc->data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PCHalogradSetModel_Halograd(PC pc, const char path[])
{
  Halograd *h = (Halograd *)pc->data;

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(h->model, path, sizeof(h->model)));
  PetscCall(PCReset_Halograd(pc));
  pc->setupcalled = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PCHalogradSetInput_Halograd(PC pc, Vec a)
{
  Halograd *h = (Halograd *)pc->data;

  PetscFunctionBegin;
  if (a) PetscCall(PetscObjectReference((PetscObject)a));
  PetscCall(VecDestroy(&h->input));
  h->input = a;
  if (h->surrogate) PetscCall(HGSurrogateSetInput(h->surrogate, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   PCHalogradSetModel - Set the model file of the network that preconditions

   Logically Collective

   Input Parameters:
+  pc   - the preconditioner
-  path - the file

   Options Database Key:
.  -pc_halograd_model file - the file

   Level: beginner

.seealso: `PCHALOGRAD`
@*/
PetscErrorCode PCHalogradSetModel(PC pc, const char path[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(pc, PC_CLASSID, 1);
  PetscTryMethod(pc, "PCHalogradSetModel_C", (PC, const char[]), (pc, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   PCHalogradSetInput - Set the fields that the network reads beside the residual, such as the equation's coefficient

   Logically Collective

   Input Parameters:
+  pc - the preconditioner
-  a  - a global Vec of the DMDA's points, its degrees of freedom the network's channels after those of the residual; NULL for none. Referenced:
        what it holds when the preconditioner is applied counts, so a SNES's Jacobian function may write it

   Level: beginner

   Notes:
   Does nothing if the PC is of another type. For one inside another, as in a `PCCOMPOSITE`, compose the Vec with the matrix of the preconditioner
   instead: PetscObjectCompose((PetscObject)P, "PCHalogradInput", (PetscObject)a).

.seealso: `PCHALOGRAD`, `HGSurrogateSetInput()`
@*/
PetscErrorCode PCHalogradSetInput(PC pc, Vec a)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(pc, PC_CLASSID, 1);
  if (a) PetscValidHeaderSpecific(a, VEC_CLASSID, 2);
  PetscTryMethod(pc, "PCHalogradSetInput_C", (PC, Vec), (pc, a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*MC
   PCHALOGRAD - "halograd", a preconditioner that applies a trained network: z = |r| N(r / |r|, a)

   Options Database Keys:
+  -pc_type halograd       - take it
.  -pc_halograd_model file - the model file of the network
-  -hg_dtype f32|f64       - the network's arithmetic (default f32)

   Level: beginner

   Shape:
   The network reads the residual's degrees of freedom as its first channels, then those of `PCHalogradSetInput()`; its output has those of the
   residual. Grid and partition are those of the DMDA of `KSPSetDM()`, `PCSetDM()`, or of a matrix of `DMCreateMatrix()`.

   Units:
   The network is trained on residuals whose mean square is 1, and on z in the units of A^{-1} r: it depends on how the equations are scaled

   Notes:
   |r| is the root of the mean square over all unknowns: it does not grow with the grid, and makes the preconditioner homogeneous
   of degree one. It stays nonlinear, and so it changes from one iteration to the next: take a flexible method, `KSPFGMRES`, `KSPGCR`, or for a nearly symmetric one
   `KSPFCG`. `KSPRICHARDSON` shows how it does alone.

   A network errs at the wavelengths it has seen least. Smoothing before and after, which is cheap, removes the shortest ones:
   `-pc_type composite -pc_composite_type multiplicative -pc_composite_pcs sor,halograd,sor -sub_1_pc_halograd_model file`.

   In single precision z has a relative error of about 1e-6, which costs no digit of the solution: the flexible methods use the
   true operator in double precision.

   Errors:
   No model, no DMDA, other channels than the network's; a KSP that takes the preconditioner for linear, such as gmres or cg.

.seealso: `PCHalogradSetInput()`, `PCHalogradSetModel()`, `HGSurrogate`
M*/
static PetscErrorCode PCCreate_Halograd(PC pc)
{
  Halograd *h;

  PetscFunctionBegin;
  PetscCall(PetscNew(&h));
  pc->data                = h;
  pc->ops->apply          = PCApply_Halograd;
  pc->ops->setup          = PCSetUp_Halograd;
  pc->ops->reset          = PCReset_Halograd;
  pc->ops->destroy        = PCDestroy_Halograd;
  pc->ops->setfromoptions = PCSetFromOptions_Halograd;
  pc->ops->presolve       = PCPreSolve_Halograd;
  pc->ops->view           = PCView_Halograd;
  PetscCall(PetscObjectComposeFunction((PetscObject)pc, "PCHalogradSetModel_C", PCHalogradSetModel_Halograd));
  PetscCall(PetscObjectComposeFunction((PetscObject)pc, "PCHalogradSetInput_C", PCHalogradSetInput_Halograd));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGPCRegisterAll - Adds the library's preconditioners to PETSc's */
PetscErrorCode HGPCRegisterAll(void)
{
  PetscFunctionBegin;
  PetscCall(PCRegister(PCHALOGRAD, PCCreate_Halograd));
  PetscFunctionReturn(PETSC_SUCCESS);
}
