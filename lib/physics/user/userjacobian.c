/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The user's Jacobian function and the matrices that it fills. These are ours, like the solver's: what a solver has, matrices above all, stays as it is.
   The function is called as the solver calls it, but not by SNESComputeJacobian() or TSComputeIJacobian(), which count, lag and keep.
*/
#include "physics/user/user_impl.h"

/* A matrix that the user's function can fill instead of the solver's; NULL if there is no way to make one */
static PetscErrorCode CreateLike(HGPhysics p, Mat theirs, Mat *ours)
{
  PetscBool free, can, assembled;
  PetscInt  m, n;

  PetscFunctionBegin;
  *ours = NULL;
  PetscCall(PetscObjectTypeCompare((PetscObject)theirs, MATMFFD, &free));
  PetscCall(MatHasOperation(theirs, MATOP_DUPLICATE, &can));
  PetscCall(MatAssembled(theirs, &assembled));
  if (free) {
    PetscCall(MatGetLocalSize(theirs, &m, &n));
    PetscCall(MatCreateMFFD(PetscObjectComm((PetscObject)theirs), m, n, PETSC_DETERMINE, PETSC_DETERMINE, ours));
    PetscCall(MatSetUp(*ours));
  } else if (!assembled) { /* nothing to copy yet */
    PetscCall(DMCreateMatrix(p->dm, ours));
    PetscCall(MatSetOption(*ours, MAT_NEW_NONZERO_ALLOCATION_ERR, PETSC_FALSE));
  } else if (can) PetscCall(MatDuplicate(theirs, MAT_DO_NOT_COPY_VALUES, ours));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGUserCreateMats - Matrices that a Jacobian function can fill instead of the solver's A and P; the same one twice where these are

  Collective

  Input Parameters:
+ p - the equation
. A - the solver's, NULL if it has none yet: then the DMDA makes one
- P - likewise

  Output Parameter:
. own - both, or NULL where there is no way to make one
*/
PetscErrorCode HGUserCreateMats(HGPhysics p, Mat A, Mat P, Mat own[2])
{
  PetscFunctionBegin;
  if (!A) A = P;
  if (!P) P = A;
  if (A) PetscCall(CreateLike(p, A, &own[0]));
  else PetscCall(DMCreateMatrix(p->dm, &own[0]));
  if (A == P) {
    own[1] = own[0];
    PetscCall(PetscObjectReference((PetscObject)own[1]));
  } else PetscCall(CreateLike(p, P, &own[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HGUserDestroyMats(Mat own[2])
{
  PetscFunctionBegin;
  PetscCall(MatDestroy(&own[0]));
  PetscCall(MatDestroy(&own[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGUserCheckMats - Whether a transposed product can be had of matrices that a Jacobian function fills

  Not Collective

  Output Parameters:
+ has - of A and of P
- why - one line's part on what is missing; unchanged if A will do
*/
PetscErrorCode HGUserCheckMats(const Mat own[2], PetscBool has[2], char why[], size_t len)
{
  MatType type;

  PetscFunctionBegin;
  for (int i = 0; i < 2; i++) {
    has[i] = PETSC_FALSE;
    if (own[0] && own[1]) PetscCall(MatHasOperation(own[i], MATOP_MULT_TRANSPOSE, &has[i]));
  }
  if (has[0]) PetscFunctionReturn(PETSC_SUCCESS);
  if (own[0] && own[1]) {
    PetscCall(MatGetType(own[0], &type));
    PetscCall(PetscSNPrintf(why, len, "its Jacobian, a matrix of type %s, has no transposed product", type));
  } else PetscCall(PetscSNPrintf(why, len, "its Jacobian is of a type that MatDuplicate() does not know"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGUserMultTranspose - g = J' w of a matrix that the user's function has filled
*/
PetscErrorCode HGUserMultTranspose(HGPhysics p, const char owner[], Mat J, Vec w, Vec g)
{
  PetscBool has, assembled;
  MatType   type;

  PetscFunctionBegin;
  PetscCall(MatHasOperation(J, MATOP_MULT_TRANSPOSE, &has));
  PetscCall(MatAssembled(J, &assembled));
  PetscCall(MatGetType(J, &type));
  HGCheckOptions(has, p,
                 "the %s's Jacobian, a matrix of type %s, has no transposed product; use -physics_jacobian coloring, or "
                 "HGPhysicsSetJacobianTranspose()",
                 owner, type);
  HGCheck(assembled, PetscObjectComm((PetscObject)p),
          "the %s's Jacobian function leaves the matrix that it is given without values; it must fill that one, and call MatAssemblyEnd()",
          owner);
  PetscCall(MatMultTranspose(J, w, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the Jacobian of a SNES ---- */

static PetscErrorCode NoFunction(DMDALocalInfo *info, void *u, void *f, void *ctx)
{
  (void)info, (void)u, (void)f, (void)ctx;
  return PETSC_SUCCESS;
}

static PetscErrorCode NoJacobian(DMDALocalInfo *info, void *u, Mat J, Mat P, void *ctx)
{
  (void)info, (void)u, (void)J, (void)P, (void)ctx;
  return PETSC_SUCCESS;
}

static PetscErrorCode NoJacobianVec(DMDALocalInfo *info, Vec u, Mat J, Mat P, void *ctx)
{
  (void)info, (void)u, (void)J, (void)P, (void)ctx;
  return PETSC_SUCCESS;
}

/* The context that DMDASNESSetFunctionLocal() keeps, of PETSc 3.18 and later: there is no public way to ask for what it has */
typedef struct {
  PetscErrorCode (*function)(DMDALocalInfo *, void *, void *, void *);
  PetscErrorCode (*jacobian)(DMDALocalInfo *, void *, Mat, Mat, void *);
  void (*objective)(void);
  void (*functionvec)(void);
  PetscErrorCode (*jacobianvec)(DMDALocalInfo *, Vec, Mat, Mat, void *);
  void (*objectivevec)(void);
  void *functionctx, *jacobianctx;
} LocalContext;

/* DMDASNESSetFunctionLocal() installs a Jacobian function that makes differences, with the DMDA's own colours, unless there is a local Jacobian. These colours
   are wrong around a periodic axis whose length is not a multiple of the stencil's. A small DMDA tells which function that is, and
   whether this PETSc has the context as we know it; if not, there is none to be found, and our differences are right in any case. */
static PetscErrorCode MakesDifferences(PetscErrorCode (*jacobian)(SNES, Vec, Mat, Mat, void *), const void *ctx, PetscBool *does)
{
  const LocalContext *theirs                           = (const LocalContext *)ctx, *known;
  PetscErrorCode (*local)(SNES, Vec, Mat, Mat, void *) = NULL;
  void *context                                        = NULL;
  DM    da;

  PetscFunctionBegin;
  PetscCall(DMDACreate1d(PETSC_COMM_SELF, DM_BOUNDARY_NONE, 1, 1, 0, NULL, &da));
  PetscCall(DMSetUp(da));
  PetscCall(DMDASNESSetFunctionLocal(da, INSERT_VALUES, NoFunction, &da));
  PetscCall(DMDASNESSetJacobianLocalVec(da, NoJacobianVec, &context));
  PetscCall(DMDASNESSetJacobianLocal(da, NoJacobian, &context));
  PetscCall(DMSNESGetJacobian(da, &local, &context));
  *does = PETSC_FALSE;
  if (jacobian == local) {
    known = (const LocalContext *)context;
    *does = PETSC_TRUE;
    if (known->function == NoFunction && known->jacobian == NoJacobian && known->jacobianvec == NoJacobianVec &&
        known->functionctx == &da && known->jacobianctx == &context)
      *does = theirs->jacobian || (theirs->jacobianvec && theirs->jacobianctx) ? PETSC_FALSE : PETSC_TRUE;
  }
  PetscCall(DMDestroy(&da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGUserSNESJacobian - The Jacobian function of a SNES, and matrices for it

  Collective

  Output Parameters:
+ own - A and P for the function to fill; NULL if there is no function that computes a Jacobian
- why - if so, one line's part that says it
*/
PetscErrorCode HGUserSNESJacobian(HGPhysics p, SNES snes, Mat own[2], char why[], size_t len)
{
  PetscErrorCode (*jacobian)(SNES, Vec, Mat, Mat, void *) = NULL;
  const char *none                                        = NULL;
  void       *ctx                                         = NULL;
  PetscBool   differences                                 = PETSC_FALSE;
  Mat         A, P;

  PetscFunctionBegin;
  PetscCall(SNESGetJacobian(snes, &A, &P, &jacobian, &ctx));
  if (jacobian) PetscCall(MakesDifferences(jacobian, ctx, &differences));
  if (!jacobian) none = "it has no Jacobian function";
  else if (differences || jacobian == SNESComputeJacobianDefault || jacobian == SNESComputeJacobianDefaultColor)
    none = "its Jacobian is made of PETSc's differences";
  else if (jacobian == MatMFFDComputeJacobian) none = "its Jacobian is matrix-free";
  else if (jacobian == SNESPicardComputeJacobian) none = "its matrix is that of Picard's iteration, and not the Jacobian";
  if (none) PetscCall(PetscStrncpy(why, none, len));
  else PetscCall(HGUserCreateMats(p, A, P, own));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGUserSNESAdjoint - g = J(u)' w by the SNES's Jacobian function; which: 0 for A, 1 for P
*/
PetscErrorCode HGUserSNESAdjoint(HGPhysics p, SNES snes, const Mat own[2], int which, Vec u, Vec w, Vec g)
{
  const PetscBool before                                  = snes->jacobiandomainerror;
  PetscErrorCode (*jacobian)(SNES, Vec, Mat, Mat, void *) = NULL;
  void     *ctx                                           = NULL;
  PetscBool good;

  PetscFunctionBegin;
  PetscCall(SNESGetJacobian(snes, NULL, NULL, &jacobian, &ctx));
  snes->jacobiandomainerror = PETSC_FALSE;
  PetscCall(VecLockReadPush(u));
  PetscCall(PetscLogEventBegin(HG_PHYSICS_Jacobian, p, u, own[0], own[1]));
  PetscCall((*jacobian)(snes, u, own[0], own[1], ctx));
  PetscCall(PetscLogEventEnd(HG_PHYSICS_Jacobian, p, u, own[0], own[1]));
  PetscCall(VecLockReadPop(u));
  PetscCall(HGAgree(PetscObjectComm((PetscObject)p), snes->jacobiandomainerror ? PETSC_FALSE : PETSC_TRUE, &good));
  snes->jacobiandomainerror = before;
  HGCheckOptions(good, p,
                 "the SNES's Jacobian function calls SNESSetJacobianDomainError() for the field of sample %" PetscInt_FMT
                 "; lower the learning rate, or use -physics_jacobian coloring",
                 p->sample);
  PetscCall(HGUserMultTranspose(p, "SNES", own[which], w, g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the residual of a SNES ---- */

/* A(u) u - b(u) of SNESSetPicard(), in matrices of our own */
static PetscErrorCode Picard(HGPhysics p, SNES snes, Mat own[2], Vec u, Vec f)
{
  PetscErrorCode (*b)(SNES, Vec, Vec, void *)      = NULL;
  PetscErrorCode (*A)(SNES, Vec, Mat, Mat, void *) = NULL;
  void *ctx                                        = NULL;
  Mat   Amat, Pmat;

  PetscFunctionBegin;
  PetscCall(SNESGetPicard(snes, NULL, &b, &Amat, &Pmat, &A, &ctx));
  if (!own[0]) PetscCall(HGUserCreateMats(p, Amat, Pmat, own));
  HGCheck(own[0] && own[1], PetscObjectComm((PetscObject)p),
          "the matrix of SNESSetPicard() is of a type that MatDuplicate() does not know");
  if (b) {
    PetscCall((*b)(snes, u, f, ctx));
    PetscCall(VecScale(f, -1));
  } else PetscCall(VecSet(f, 0));
  PetscCall((*A)(snes, u, own[0], own[1], ctx));
  PetscCall(MatMultAdd(own[1], u, f, f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGUserSNESFunction - f = F(u) by the SNES's function, without its right-hand side; the caller looks after domain errors
*/
PetscErrorCode HGUserSNESFunction(HGPhysics p, SNES snes, Mat picard[2], Vec u, Vec f)
{
  PetscErrorCode (*function)(SNES, Vec, Vec, void *) = NULL;
  void *ctx                                          = NULL;

  PetscFunctionBegin;
  PetscCall(SNESGetFunction(snes, NULL, &function, &ctx));
  PetscCall(VecLockReadPush(u));
  if (function == SNESPicardComputeFunction) PetscCall(Picard(p, snes, picard, u, f));
  else PetscCall((*function)(snes, u, f, ctx));
  PetscCall(VecLockReadPop(u));
  PetscFunctionReturn(PETSC_SUCCESS);
}
