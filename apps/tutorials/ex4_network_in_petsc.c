/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Trained networks inside a PETSc solver: the first guess of SNES, and the preconditioner of its Jacobians.

   Nonlinear diffusion, -div(a (1 + u^2) grad u) = f on the unit square with u = 0 on its boundary, has a random coefficient field a(x). Its
   residual is written as for any SNES, and PETSc makes the Jacobian J by coloured differences. Some problems are solved, and from them two
   networks learn:

     guess       log a -> u, from the solutions.
     correction  (r, log k) -> z with k = a (1 + u^2), from the Jacobians alone: the loss is |r - J z|^2 / |r|^2 for residuals r of mean square 1, as
                 PCHALOGRAD will give them. Each step goes on from the residual r - J z that the step before has left, as an iteration does: so the
                 network meets what it does worst.

   Both are saved as model files. For fields not seen in training the program then compares Newton steps, iterations and seconds: SNES with
   the guess and the preconditioner, and one Jacobian with PETSc's own preconditioners.

      mpiexec -n 2 ./ex4_network_in_petsc -n 32 -guess_steps 600 -correction_steps 1500 -correction_net_width 16
*/
#include <halograd.h>

#define GUESS      "ex4_guess.nc"
#define CORRECTION "ex4_correction.nc"

typedef struct {
  DM        da;     /* one degree of freedom */
  PetscReal source; /* f */
  Vec       a;      /* the coefficient that the residual sees */
  Vec       log_a, log_k;
  SNES      snes;
  HGPhysics fields; /* draws coefficients */
  PetscInt  samples, jacobians;
  Vec      *input, *solution; /* [samples] log a, u */
  Vec      *state;            /* [jacobians] log k */
  Mat      *J;                /* [jacobians] at the first solutions */
} Problem;

static inline PetscScalar Conductivity(PetscScalar a, PetscScalar u)
{
  return a * (1 + u * u);
}

/* F(u), scaled by h^2; unknowns are at the inner points of a grid of spacing h. A face has the mean of its two points' conductivities. */
static PetscErrorCode Diffusion(DMDALocalInfo *info, void *in, void *out, void *ctx)
{
  static const int  step[4][2] = {{0, -1}, {0, 1}, {-1, 0}, {1, 0}};
  Problem          *q          = (Problem *)ctx;
  const PetscScalar h2         = 1 / ((PetscReal)(info->mx + 1) * (PetscReal)(info->mx + 1));
  PetscScalar     **u = (PetscScalar **)in, **f = (PetscScalar **)out, **a;
  Vec               local;

  PetscFunctionBeginUser;
  PetscCall(DMGetLocalVector(q->da, &local));
  PetscCall(DMGlobalToLocal(q->da, q->a, INSERT_VALUES, local));
  PetscCall(DMDAVecGetArrayRead(q->da, local, &a));
  for (PetscInt j = info->ys; j < info->ys + info->ym; j++) {
    for (PetscInt i = info->xs; i < info->xs + info->xm; i++) {
      const PetscScalar here = Conductivity(a[j][i], u[j][i]);

      f[j][i] = -h2 * q->source;
      for (int s = 0; s < 4; s++) {
        const PetscInt    y = j + step[s][0], x = i + step[s][1];
        const PetscBool   inside = y >= 0 && x >= 0 && y < info->my && x < info->mx ? PETSC_TRUE : PETSC_FALSE;
        const PetscScalar there = inside ? Conductivity(a[y][x], u[y][x]) : a[j][i], value = inside ? u[y][x] : 0;

        f[j][i] += (here + there) / 2 * (u[j][i] - value);
      }
    }
  }
  PetscCall(DMDAVecRestoreArrayRead(q->da, local, &a));
  PetscCall(DMRestoreLocalVector(q->da, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* log k of a state, or log a for u = NULL */
static PetscErrorCode LogConductivity(Vec a, Vec u, Vec k)
{
  Vec square;

  PetscFunctionBeginUser;
  PetscCall(VecCopy(a, k));
  if (u) {
    PetscCall(VecDuplicate(u, &square));
    PetscCall(VecPointwiseMult(square, u, u));
    PetscCall(VecShift(square, 1));
    PetscCall(VecPointwiseMult(k, a, square));
    PetscCall(VecDestroy(&square));
  }
  PetscCall(VecLog(k));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Before each Newton step: what the preconditioner has to know of the state */
static PetscErrorCode Update(SNES snes, PetscInt step)
{
  Problem *q;
  Vec      u;

  PetscFunctionBeginUser;
  (void)step;
  PetscCall(SNESGetApplicationContext(snes, &q));
  PetscCall(SNESGetSolution(snes, &u));
  PetscCall(LogConductivity(q->a, u, q->log_k));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Each SNES has a DMDA of its own, in which PETSc keeps the colouring for its matrix */
static PetscErrorCode CreateSNES(Problem *q, const char prefix[], SNES *snes)
{
  DM own;

  PetscFunctionBeginUser;
  PetscCall(DMClone(q->da, &own));
  PetscCall(DMDASNESSetFunctionLocal(own, INSERT_VALUES, Diffusion, q));
  PetscCall(SNESCreate(PETSC_COMM_WORLD, snes));
  PetscCall(SNESSetOptionsPrefix(*snes, prefix));
  PetscCall(SNESSetDM(*snes, own));
  PetscCall(DMDestroy(&own));
  PetscCall(SNESSetApplicationContext(*snes, q));
  PetscCall(SNESSetUpdate(*snes, Update));
  PetscCall(SNESSetTolerances(*snes, 1e-50, 1e-9, 1e-50, 30, 1000));
  PetscCall(SNESSetFromOptions(*snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateProblem(HGPartition part, Problem *q)
{
  DM da;

  PetscFunctionBeginUser;
  PetscCall(HGPartitionGetDM(part, &da));
  PetscCall(DMDACreateCompatibleDMDA(da, 1, &q->da));
  PetscCall(DMCreateGlobalVector(q->da, &q->a));
  PetscCall(VecDuplicate(q->a, &q->log_a));
  PetscCall(VecDuplicate(q->a, &q->log_k));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &q->fields));
  PetscCall(HGPhysicsSetType(q->fields, HGPHYSICSDARCY));
  PetscCall(HGPhysicsSetDMDA(q->fields, q->da));
  PetscCall(HGPhysicsDarcySetField(q->fields, HG_DARCY_LOGNORMAL));
  PetscCall(HGPhysicsSetFromOptions(q->fields));
  PetscCall(HGPhysicsSetUp(q->fields));
  PetscCall(CreateSNES(q, NULL, &q->snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyProblem(Problem *q)
{
  PetscFunctionBeginUser;
  for (PetscInt s = 0; q->J && s < q->jacobians; s++) PetscCall(MatDestroy(&q->J[s]));
  PetscCall(PetscFree(q->J));
  if (q->input) PetscCall(VecDestroyVecs(q->samples, &q->input));
  if (q->solution) PetscCall(VecDestroyVecs(q->samples, &q->solution));
  if (q->state) PetscCall(VecDestroyVecs(q->jacobians, &q->state));
  PetscCall(SNESDestroy(&q->snes));
  PetscCall(HGPhysicsDestroy(&q->fields));
  PetscCall(VecDestroy(&q->a));
  PetscCall(VecDestroy(&q->log_a));
  PetscCall(VecDestroy(&q->log_k));
  PetscCall(DMDestroy(&q->da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The Jacobian of SNES at u, which SNES keeps */
static PetscErrorCode ComputeJacobian(SNES snes, Vec u, Mat *J)
{
  PetscFunctionBeginUser;
  PetscCall(SNESSetUp(snes));
  PetscCall(SNESGetJacobian(snes, J, NULL, NULL, NULL));
  PetscCall(SNESComputeJacobian(snes, u, *J, *J));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Solves for the training fields from u = 0; keeps fields and solutions, and of the first ones state and Jacobian */
static PetscErrorCode SolveSamples(Problem *q)
{
  Mat J;

  PetscFunctionBeginUser;
  PetscCall(VecDuplicateVecs(q->a, q->samples, &q->input));
  PetscCall(VecDuplicateVecs(q->a, q->samples, &q->solution));
  PetscCall(VecDuplicateVecs(q->a, q->jacobians, &q->state));
  PetscCall(PetscMalloc1(q->jacobians, &q->J));
  for (PetscInt s = 0; s < q->samples; s++) {
    PetscCall(HGPhysicsSampleInput(q->fields, 1, s, q->a));
    PetscCall(LogConductivity(q->a, NULL, q->input[s]));
    PetscCall(VecSet(q->solution[s], 0));
    PetscCall(SNESSolve(q->snes, NULL, q->solution[s]));
    if (s >= q->jacobians) continue;
    PetscCall(ComputeJacobian(q->snes, q->solution[s], &J));
    PetscCall(MatDuplicate(J, MAT_COPY_VALUES, &q->J[s]));
    PetscCall(LogConductivity(q->a, q->solution[s], q->state[s]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- training ---- */

typedef struct {
  Problem  *q;
  HGNet     net;
  HGTensor  target; /* of the guess */
  HGLoss    loss;
  PetscInt  batch, step, steps, chain;
  PetscReal rate, deviation; /* largest learning rate; of the guess's target */
  PetscReal sum;             /* of the losses of the last tenth of the steps */
  Vec       in, z, g;        /* in: both channels */
  Vec      *r;               /* [batch] residuals */
  PetscInt *which;           /* [batch] Jacobian of each */
} Training;

/* The learning rate falls along a cosine */
static PetscErrorCode BeginStep(Training *t, Tao tao, Vec p)
{
  PetscFunctionBeginUser;
  PetscCall(
      HGTaoSetLearningRate(tao, t->rate * (0.01 + 0.99 * (1 + PetscCosReal(PETSC_PI * (PetscReal)t->step / (PetscReal)t->steps)) / 2)));
  PetscCall(HGNetSetParameters(t->net, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Back through the network from its output's gradient */
static PetscErrorCode EndStep(Training *t, PetscReal f, Vec gradient)
{
  PetscFunctionBeginUser;
  PetscCall(HGNetAdjointBegin(t->net));
  PetscCall(HGNetAdjoint(t->net, t->batch));
  PetscCall(HGNetAdjointEnd(t->net, gradient));
  if (10 * t->step >= 9 * t->steps) t->sum += f;
  t->step++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The objective of the guess: mean square error of a mini-batch */
static PetscErrorCode Guess(Tao tao, Vec p, PetscReal *f, Vec gradient, void *ctx)
{
  Training *t = (Training *)ctx;
  HGTensor  x, y, dy;

  PetscFunctionBeginUser;
  PetscCall(BeginStep(t, tao, p));
  PetscCall(HGNetGetInput(t->net, &x));
  PetscCall(HGNetGetOutput(t->net, &y, &dy));
  for (PetscInt b = 0; b < t->batch; b++) {
    const PetscInt s = (t->step * t->batch + b) % t->q->samples;

    PetscCall(HGTensorFromVec(x, b, t->q->input[s]));
    PetscCall(VecAXPBY(t->z, 1 / t->deviation, 0, t->q->solution[s]));
    PetscCall(HGTensorFromVec(t->target, b, t->z));
  }
  PetscCall(HGNetForward(t->net, t->batch));
  PetscCall(HGLossEvaluate(t->loss, t->batch, y, t->target, dy, f));
  PetscCall(EndStep(t, *f, gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A new residual for another Jacobian: white noise, or smooth */
static PetscErrorCode StartChain(Training *t, PetscInt b)
{
  const PetscInt number = t->step * t->batch + b;
  PetscInt       first, last;
  PetscScalar   *v;

  PetscFunctionBeginUser;
  t->which[b] = (PetscInt)(HGRandomUniform(1, 1, (uint64_t)number) * (double)t->q->jacobians);
  if (b % 2) {
    PetscCall(VecCopy(t->q->input[number % t->q->samples], t->r[b]));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(VecGetOwnershipRange(t->r[b], &first, &last));
  PetscCall(VecGetArrayWrite(t->r[b], &v));
  for (PetscInt i = first; i < last; i++) v[i - first] = HGRandomNormal(2, (uint64_t)number, (uint64_t)i);
  PetscCall(VecRestoreArrayWrite(t->r[b], &v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The residual of a sample, scaled to mean square 1, and the state become the network's input */
static PetscErrorCode SetInput(Training *t, PetscInt b, HGTensor x)
{
  PetscReal norm;
  PetscInt  n;

  PetscFunctionBeginUser;
  PetscCall(VecNorm(t->r[b], NORM_2, &norm));
  PetscCall(VecGetSize(t->r[b], &n));
  PetscCall(VecScale(t->r[b], PetscSqrtReal((PetscReal)n) / norm));
  PetscCall(VecStrideScatter(t->r[b], 0, t->in, INSERT_VALUES));
  PetscCall(VecStrideScatter(t->q->state[t->which[b]], 1, t->in, INSERT_VALUES));
  PetscCall(HGTensorFromVec(x, b, t->in));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of a sample |r - J z|^2 / |r|^2, and its gradient with respect to z; r becomes r - J z */
static PetscErrorCode Reduce(Training *t, PetscInt b, HGTensor y, HGTensor dy, PetscReal *f)
{
  Mat       J = t->q->J[t->which[b]];
  PetscReal norm;
  PetscInt  n;

  PetscFunctionBeginUser;
  PetscCall(VecGetSize(t->r[b], &n)); /* |r|^2 */
  PetscCall(HGTensorToVec(y, b, t->z));
  PetscCall(MatMult(J, t->z, t->g));
  PetscCall(VecAXPY(t->r[b], -1, t->g));
  PetscCall(VecNorm(t->r[b], NORM_2, &norm));
  *f += norm * norm / (PetscReal)(n * t->batch);
  PetscCall(MatMultTranspose(J, t->r[b], t->g));
  PetscCall(VecScale(t->g, -2 / (PetscReal)(n * t->batch)));
  PetscCall(HGTensorFromVec(dy, b, t->g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The objective of the correction: the mean over a batch of |r - J z|^2 / |r|^2 */
static PetscErrorCode Correction(Tao tao, Vec p, PetscReal *f, Vec gradient, void *ctx)
{
  Training *t = (Training *)ctx;
  HGTensor  x, y, dy;

  PetscFunctionBeginUser;
  PetscCall(BeginStep(t, tao, p));
  PetscCall(HGNetGetInput(t->net, &x));
  PetscCall(HGNetGetOutput(t->net, &y, &dy));
  for (PetscInt b = 0; b < t->batch; b++) {
    if (!t->step || (t->step + b) % t->chain == 0) PetscCall(StartChain(t, b));
    PetscCall(SetInput(t, b, x));
  }
  PetscCall(HGNetForward(t->net, t->batch));
  *f = 0;
  for (PetscInt b = 0; b < t->batch; b++) PetscCall(Reduce(t, b, y, dy, f));
  PetscCall(EndStep(t, *f, gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A U-Net of options -PREFIX_net_..., -PREFIX_steps, -PREFIX_rate */
static PetscErrorCode CreateTraining(Problem *q, HGPartition space, const char prefix[], PetscInt channels, Training *t)
{
  HGPartition in;
  DM          two;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsGetInt(NULL, prefix, "-steps", &t->steps, NULL));
  PetscCall(PetscOptionsGetReal(NULL, prefix, "-rate", &t->rate, NULL));
  PetscCall(HGPartitionCreateLike(space, t->batch, channels, &in));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &t->net));
  PetscCall(HGNetSetOptionsPrefix(t->net, prefix));
  PetscCall(HGNetSetType(t->net, HGNETUNET));
  PetscCall(HGNetSetWidth(t->net, 16));
  PetscCall(HGNetSetFromOptions(t->net));
  PetscCall(HGNetSetChannels(t->net, channels, 1));
  PetscCall(HGNetSetUp(t->net, in, HG_F32));
  PetscCall(HGPartitionDestroy(&in));
  PetscCall(DMDACreateCompatibleDMDA(q->da, 2, &two));
  PetscCall(DMCreateGlobalVector(two, &t->in));
  PetscCall(DMDestroy(&two));
  PetscCall(VecDuplicate(q->a, &t->z));
  PetscCall(VecDuplicate(q->a, &t->g));
  PetscCall(VecDuplicateVecs(q->a, t->batch, &t->r));
  PetscCall(PetscCalloc1(t->batch, &t->which));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyTraining(Training *t)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(t->which));
  PetscCall(VecDestroyVecs(t->batch, &t->r));
  PetscCall(VecDestroy(&t->in));
  PetscCall(VecDestroy(&t->z));
  PetscCall(VecDestroy(&t->g));
  PetscCall(HGTensorDestroy(&t->target));
  PetscCall(HGLossDestroy(&t->loss));
  PetscCall(HGNetDestroy(&t->net));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adam on the objective; the model file */
static PetscErrorCode Train(Training *t, PetscErrorCode (*objective)(Tao, Vec, PetscReal *, Vec, void *), HGModelInfo *info,
                            const char file[])
{
  const double start = MPI_Wtime();
  Tao          tao;
  Vec          p;

  PetscFunctionBeginUser;
  PetscCall(HGNetCreateParameters(t->net, &p));
  PetscCall(HGNetInitializeParameters(t->net, 1, p));
  PetscCall(TaoCreate(PETSC_COMM_WORLD, &tao));
  PetscCall(TaoSetType(tao, HGTAOADAM));
  PetscCall(TaoSetSolution(tao, p));
  PetscCall(TaoSetObjectiveAndGradient(tao, NULL, objective, t));
  PetscCall(TaoSetTolerances(tao, 0, 0, 0));
  PetscCall(TaoSetMaximumIterations(tao, t->steps));
  PetscCall(TaoSolve(tao));
  PetscCall(HGNetGetOptionsString(t->net, info->net_options, sizeof(info->net_options)));
  PetscCall(HGModelWrite(file, t->net, info, p, 0, NULL, NULL));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: %" PetscInt_FMT " steps in %.1f s, loss %.5f\n", file, t->steps, MPI_Wtime() - start,
                        (double)(10 * t->sum / (PetscReal)t->steps)));
  PetscCall(TaoDestroy(&tao));
  PetscCall(VecDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TrainGuess(Problem *q, HGPartition space)
{
  Training    t    = {.q = q, .batch = 8, .steps = 600, .rate = 3e-3};
  HGModelInfo info = {.data_input = "log_a", .data_target = "u", .dim = 2, .channels = {1, 1}, .deviation = {{1}, {1}}};
  HGTensor    y;
  PetscInt    n;

  PetscFunctionBeginUser;
  PetscCall(CreateTraining(q, space, "guess_", 1, &t));
  PetscCall(HGNetGetOutput(t.net, &y, NULL));
  PetscCall(HGLossCreate(PETSC_COMM_WORLD, &t.loss));
  PetscCall(HGLossSetType(t.loss, HGLOSSMSE));
  PetscCall(HGLossCreateTarget(t.loss, y, &t.target));
  PetscCall(VecNorm(q->solution[0], NORM_2, &t.deviation));
  PetscCall(VecGetSize(q->solution[0], &n));
  t.deviation /= PetscSqrtReal((PetscReal)n);
  info.deviation[1][0] = t.deviation;
  PetscCall(Train(&t, Guess, &info, GUESS));
  PetscCall(DestroyTraining(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TrainCorrection(Problem *q, HGPartition space)
{
  Training    t    = {.q = q, .batch = 8, .steps = 1500, .rate = 5e-3, .chain = 4};
  HGModelInfo info = {.data_input = "r,log_k", .data_target = "z", .dim = 2, .channels = {2, 1}, .deviation = {{1, 1}, {1}}};

  PetscFunctionBeginUser;
  PetscCall(CreateTraining(q, space, "correction_", 2, &t));
  PetscCall(Train(&t, Correction, &info, CORRECTION));
  PetscCall(DestroyTraining(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- comparison ---- */

typedef struct {
  const char *name, *options; /* of the KSP */
  PetscInt    newton, linear;
  double      seconds;
} Row;

/* Options of a row under a prefix of its own; the user's -PREFIX_pc_type takes its place */
static PetscErrorCode InsertOptions(const Row *row, const char prefix[])
{
  PetscBool given;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsHasName(NULL, prefix, "-pc_type", &given));
  if (given) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscOptionsPrefixPush(NULL, prefix));
  PetscCall(PetscOptionsInsertString(NULL, row->options));
  PetscCall(PetscOptionsPrefixPop(NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* SNES on the test fields */
static PetscErrorCode CompareNewton(Problem *q, PetscInt tests, PetscBool guess, Row *row, const char prefix[])
{
  SNES        snes;
  KSP         ksp;
  PC          pc;
  Vec         u;
  HGSurrogate surrogate;

  PetscFunctionBeginUser;
  PetscCall(InsertOptions(row, prefix));
  PetscCall(CreateSNES(q, prefix, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCHalogradSetInput(pc, q->log_k)); /* nothing to other preconditioners */
  PetscCall(HGSurrogateCreate(PETSC_COMM_WORLD, &surrogate));
  PetscCall(HGSurrogateSetModel(surrogate, GUESS));
  PetscCall(HGSurrogateSetInput(surrogate, q->log_a));
  if (guess) PetscCall(SNESSetComputeInitialGuess(snes, HGSurrogateComputeInitialGuess, surrogate));
  PetscCall(VecDuplicate(q->a, &u));
  for (PetscInt s = -1; s < tests; s++) { /* the first, a training field, is for set-up */
    SNESConvergedReason reason;
    PetscInt            newton, linear;
    double              start;

    PetscCall(HGPhysicsSampleInput(q->fields, s < 0 ? 1 : 2, PetscMax(s, 0), q->a));
    PetscCall(LogConductivity(q->a, NULL, q->log_a));
    PetscCall(VecSet(u, 0));
    start = MPI_Wtime();
    PetscCall(SNESSolve(snes, NULL, u));
    if (s >= 0) row->seconds += MPI_Wtime() - start;
    PetscCall(SNESGetConvergedReason(snes, &reason));
    PetscCheck(reason > 0, PETSC_COMM_WORLD, PETSC_ERR_NOT_CONVERGED, "%s: %s", row->name, SNESConvergedReasons[reason]);
    PetscCall(SNESGetIterationNumber(snes, &newton));
    PetscCall(SNESGetLinearSolveIterations(snes, &linear));
    if (s >= 0) row->newton += newton;
    if (s >= 0) row->linear += linear;
  }
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-34s %8.1f %12.1f %10.2f\n", row->name, (double)row->newton / (double)tests,
                        (double)row->linear / (double)tests, 1e3 * row->seconds / (double)tests));
  PetscCall(VecDestroy(&u));
  PetscCall(HGSurrogateDestroy(&surrogate));
  PetscCall(SNESDestroy(&snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One Jacobian, with a right-hand side of ones */
static PetscErrorCode CompareLinear(Problem *q, Mat J, PetscInt tests, Row *row, const char prefix[])
{
  KSP    ksp;
  PC     pc;
  Vec    b, x;
  double start[2] = {0, 0};

  PetscFunctionBeginUser;
  PetscCall(InsertOptions(row, prefix));
  PetscCall(KSPCreate(PETSC_COMM_WORLD, &ksp));
  PetscCall(KSPSetOptionsPrefix(ksp, prefix));
  PetscCall(KSPSetOperators(ksp, J, J));
  PetscCall(KSPSetTolerances(ksp, 1e-8, PETSC_CURRENT, PETSC_CURRENT, 5000));
  PetscCall(KSPSetFromOptions(ksp));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCHalogradSetInput(pc, q->log_k));
  PetscCall(DMCreateGlobalVector(q->da, &b));
  PetscCall(VecDuplicate(b, &x));
  PetscCall(VecSet(b, 1));
  for (PetscInt s = -1; s < tests; s++) {
    if (s == 0) start[0] = MPI_Wtime();
    PetscCall(MatScale(J, 1)); /* a new matrix for the preconditioner: its set-up counts */
    PetscCall(KSPSolve(ksp, b, x));
  }
  start[1] = MPI_Wtime();
  PetscCall(KSPGetIterationNumber(ksp, &row->linear));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-34s %8s %12" PetscInt_FMT " %10.2f\n", row->name, "", row->linear,
                        1e3 * (start[1] - start[0]) / (double)tests));
  PetscCall(VecDestroy(&b));
  PetscCall(VecDestroy(&x));
  PetscCall(KSPDestroy(&ksp));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define NETWORK "-ksp_type fgmres -pc_type halograd -pc_halograd_model " CORRECTION

static PetscErrorCode Compare(Problem *q, PetscInt tests)
{
  Row newton[] = {
      {.name = "SNES from zero, gmres", .options = "-ksp_type gmres -pc_type none"},
      {.name = "SNES from the guess, gmres", .options = "-ksp_type gmres -pc_type none"},
      {.name = "SNES from the guess, halograd", .options = NETWORK},
      {.name = "SNES from zero, block Jacobi ILU", .options = "-ksp_type gmres -pc_type bjacobi"},
      {.name = "SNES from the guess, block J. ILU", .options = "-ksp_type gmres -pc_type bjacobi"},
  };
  Row linear[] = {
      {.name = "fgmres", .options = "-ksp_type fgmres -pc_type none"},
      {.name = "fgmres, Jacobi", .options = "-ksp_type fgmres -pc_type jacobi"},
      {.name = "fgmres, SOR", .options = "-ksp_type fgmres -pc_type sor"},
      {.name = "fgmres, block Jacobi ILU", .options = "-ksp_type fgmres -pc_type bjacobi"},
      {.name = "fgmres, algebraic multigrid", .options = "-ksp_type fgmres -pc_type gamg"},
      {.name = "fgmres, halograd", .options = NETWORK},
      {.name    = "fgmres, SOR, halograd, SOR",
       .options = "-ksp_type fgmres -pc_type composite -pc_composite_type multiplicative -pc_composite_pcs sor,halograd,sor "
                  "-sub_1_pc_halograd_model " CORRECTION},
      {.name = "gcr, halograd", .options = "-ksp_type gcr -pc_type halograd -pc_halograd_model " CORRECTION},
  };
  Mat  J;
  Vec  u;
  char prefix[32];

  PetscFunctionBeginUser;
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%-34s %8s %12s %10s\n", "means over new fields", "Newton", "iterations", "ms"));
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(newton); i++) {
    PetscCall(PetscSNPrintf(prefix, sizeof(prefix), "newton%d_", (int)i));
    PetscCall(CompareNewton(q, tests, strstr(newton[i].name, "guess") ? PETSC_TRUE : PETSC_FALSE, &newton[i], prefix));
  }
  PetscCall(HGPhysicsSampleInput(q->fields, 2, 0, q->a));
  PetscCall(VecDuplicate(q->a, &u));
  PetscCall(SNESSolve(q->snes, NULL, u));
  PetscCall(ComputeJacobian(q->snes, u, &J));
  PetscCall(LogConductivity(q->a, u, q->log_k));
  PetscCall(PetscObjectCompose((PetscObject)J, "PCHalogradInput", (PetscObject)q->log_k)); /* for a preconditioner inside another */
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(linear); i++) {
    PetscCall(PetscSNPrintf(prefix, sizeof(prefix), "linear%d_", (int)i));
    PetscCall(CompareLinear(q, J, tests, &linear[i], prefix));
  }
  PetscCall(VecDestroy(&u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(void)
{
  Problem     q = {.source = 20, .samples = 128, .jacobians = 32};
  PetscInt    n = 32, tests = 8, size[HG_AXES] = {1, 1, 1, 0, 0};
  PetscBool   train = PETSC_TRUE;
  HGPartition part;

  PetscFunctionBeginUser;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-n", &n, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-samples", &q.samples, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-tests", &tests, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-train", &train, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-source", &q.source, NULL));
  q.jacobians = PetscMin(q.jacobians, q.samples);
  size[HG_Y] = size[HG_X] = n;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetSizes(part, 2, size));
  PetscCall(HGPartitionSetFromOptions(part));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(CreateProblem(part, &q));
  if (train) {
    PetscCall(SolveSamples(&q));
    PetscCall(TrainGuess(&q, part));
    PetscCall(TrainCorrection(&q, part));
  }
  PetscCall(Compare(&q, tests));
  PetscCall(DestroyProblem(&q));
  PetscCall(HGPartitionDestroy(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGSetWaitPolicy(argv)); /* first of all: it may start the program anew */
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(Run());
  PetscCall(HGFinalize());
  return 0;
}
