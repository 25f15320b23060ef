/* SPDX-License-Identifier: BSD-2-Clause */
/*
   A dense network whose weights no rank holds as a whole: one step of Adam, its model file with the optimizer's state, and that read back, also on another
   number of ranks (-large_read). Prints times and the memory of each rank with -large_report: by hand with -large_width 20000, which has 400 million
   parameters, on 2 ranks, and then with -large_read on 1 and 4.
*/
#include "halograd.h"
#include <stdio.h>
#include <string.h>

static const char *path = "test_dense_large.nc";

typedef struct {
  PetscInt    width;
  PetscBool   read, report;
  HGPartition part;
  HGNet       net;
  HGTensor    x, y, dy;
  Vec         p;
  Tao         tao;
} Problem;

/* The largest memory of this process so far, MiB */
static double Peak(void)
{
  FILE  *f = fopen("/proc/self/status", "r");
  char   line[256];
  double kib = 0;

  while (f && fgets(line, sizeof(line), f))
    if (sscanf(line, "VmHWM: %lf", &kib) == 1) break;
  if (f) (void)fclose(f);
  return kib / 1024;
}

static PetscErrorCode Tell(const Problem *q, const char what[], double *since)
{
  PetscMPIInt  rank;
  const double now = MPI_Wtime();

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (q->report)
    PetscCall(PetscSynchronizedPrintf(PETSC_COMM_WORLD, "rank %d: %s in %.1f s, peak memory %.0f MiB\n", rank, what, now - *since, Peak()));
  if (q->report) PetscCall(PetscSynchronizedFlush(PETSC_COMM_WORLD, stdout));
  *since = MPI_Wtime();
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Create(Problem *q)
{
  const PetscInt size[HG_AXES]  = {4, q->width, 1, 1, 1};
  PetscInt       parts[HG_AXES] = {1, 1, 1, 1, 1};
  PetscMPIInt    ranks;
  HGLayer        layer;
  HGDType        kept;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  parts[HG_C] = ranks;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &q->part));
  PetscCall(HGPartitionSetSizes(q->part, 1, size));
  PetscCall(HGPartitionSetParts(q->part, parts));
  PetscCall(HGPartitionSetUp(q->part));
  PetscCall(HGLayerCreate(PETSC_COMM_WORLD, &layer));
  PetscCall(PetscObjectSetName((PetscObject)layer, "fc"));
  PetscCall(HGLayerSetType(layer, HGLAYERDENSE));
  PetscCall(HGLayerDenseSetOutputs(layer, q->width));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &q->net));
  PetscCall(HGNetAddLayer(q->net, layer));
  PetscCall(TaoCreate(PETSC_COMM_WORLD, &q->tao));
  PetscCall(TaoSetType(q->tao, HGTAOADAM));
  PetscCall(HGTaoGetDType(q->tao, HG_F32, &kept));
  PetscCall(HGNetSetParameterType(q->net, kept));
  if (q->read) PetscCall(HGNetSetTraining(q->net, PETSC_FALSE));
  PetscCall(HGNetSetUp(q->net, q->part, HG_F32));
  PetscCall(HGNetGetInput(q->net, &q->x));
  PetscCall(HGNetGetOutput(q->net, &q->y, &q->dy));
  PetscCall(HGTensorSetRandom(q->x, 1, "x", PETSC_FALSE));
  PetscCall(HGNetCreateParameters(q->net, &q->p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 1/2 |y|^2 */
static PetscErrorCode Objective(Tao tao, Vec p, PetscReal *f, Vec g, void *ctx)
{
  Problem             *q = (Problem *)ctx;
  const HGTensorLocal *l;

  PetscFunctionBegin;
  (void)tao;
  PetscCall(HGTensorGetLocal(q->x, &l));
  PetscCall(HGNetSetParameters(q->net, p));
  PetscCall(HGNetForward(q->net, l->box.size[HG_N]));
  PetscCall(HGTensorDot(q->y, q->y, PETSC_FALSE, f));
  *f /= 2;
  if (!g) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorCopyOwned(q->y, q->dy));
  PetscCall(HGNetAdjointBeginIn(q->net, g));
  PetscCall(HGNetAdjointAndEnd(q->net, l->box.size[HG_N], g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Write(Problem *q, double *since)
{
  const char *name[HG_MAX_STATE];
  Vec         state[HG_MAX_STATE];
  PetscInt    n;
  PetscInt64  step;
  HGModelInfo info = {.net_options = "-net_type none", .dim = 1, .channels = {1, 1}, .deviation = {{1}, {1}}};

  PetscFunctionBegin;
  PetscCall(HGNetInitializeParameters(q->net, 3, q->p));
  PetscCall(Tell(q, "initial weights", since));
  PetscCall(TaoSetSolution(q->tao, q->p));
  PetscCall(TaoSetObjectiveAndGradient(q->tao, NULL, Objective, q));
  PetscCall(TaoSetMaximumIterations(q->tao, 1));
  PetscCall(TaoSolve(q->tao));
  PetscCall(Tell(q, "a step of Adam", since));
  PetscCall(HGTaoGetState(q->tao, &step, &n, name, state));
  info.step = (PetscInt)step;
  PetscCall(HGModelWrite(path, q->net, &info, q->p, n, name, state));
  PetscCall(Tell(q, "model file written", since));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  Problem   q       = {.width = 96};
  PetscReal written = 0, read;
  double    since;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-large_width", &q.width, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-large_read", &q.read, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-large_report", &q.report, NULL));
  since = MPI_Wtime();
  PetscCall(Create(&q));
  PetscCall(Tell(&q, "network set up", &since));
  if (!q.read) {
    PetscCall(Write(&q, &since));
    PetscCall(Objective(NULL, q.p, &written, NULL, &q));
    PetscCall(VecSet(q.p, 0));
  }
  PetscCall(HGModelRead(path, q.net, q.p, 0, NULL, NULL));
  PetscCall(Tell(&q, "model file read", &since));
  PetscCall(Objective(NULL, q.p, &read, NULL, &q));
  if (q.report) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "1/2 |y|^2 = %.9g\n", (double)read));
  PetscCheck(q.read || read == written, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "1/2 |y|^2 is %.17g before writing, %.17g after reading",
             (double)written, (double)read);
  PetscCheck(read > 0, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "the network is zero");
  PetscCall(VecDestroy(&q.p));
  PetscCall(TaoDestroy(&q.tao));
  PetscCall(HGNetDestroy(&q.net));
  PetscCall(HGPartitionDestroy(&q.part));
  PetscCall(HGFinalize());
  return 0;
}
