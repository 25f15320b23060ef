/* SPDX-License-Identifier: BSD-2-Clause */
/* halograd bench halo: the exchange of ghost points and its adjoint, against PETSc's DMGlobalToLocal() and DMLocalToGlobal() for the
   same field, and against a plain MPI_Sendrecv() plus memcpy() of the same bytes. */
#include "app.h"

typedef struct {
  PetscInt    dim, size, channels, batch, halo, repeat;
  HGDType     dtype;
  PetscMPIInt rank, ranks;
  HGPartition part;
  HGTensor    t;
  HGLinOp     op;
  DM          da;
  Vec         global, local;
  size_t      bytes; /* that a rank sends on average */
  char       *out, *in, *copy;
} Bench;

static PetscErrorCode Configure(Bench *b)
{
  PetscFunctionBegin;
  PetscCall(HGGetDType(&b->dtype));
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "halograd bench halo", "");
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_dim", "dimensions of the grid", "", 1, 3, &b->dim, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_size", "points in each direction", "", 1, PETSC_MAX_INT, &b->size, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_cin", "channels", "", 1, PETSC_MAX_INT, &b->channels, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_batch", "samples", "", 1, PETSC_MAX_INT, &b->batch, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-bench_halo", "ghost points on each side", "", 1, PETSC_MAX_INT, &b->halo, NULL));
  PetscCall(
      HGOptionsInt(PetscOptionsObject, "-bench_repeat", "times to measure, the fastest counts", "", 1, PETSC_MAX_INT, &b->repeat, NULL));
  PetscOptionsEnd();
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &b->rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &b->ranks));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &b->part));
  PetscCall(HGPartitionSetFromOptions(b->part));
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &b->op));
  PetscCall(HGLinOpSetType(b->op, HGLINOPHALO));
  PetscCall(HGLinOpSetKeepZeros(b->op, PETSC_TRUE)); /* PETSc's exchange does not write them either */
  PetscCall(HGLinOpSetFromOptions(b->op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpHalo(Bench *b)
{
  PetscInt size[HG_AXES] = {b->batch, b->channels, 1, 1, 1}, halo[3][2] = {{0}};

  PetscFunctionBegin;
  for (PetscInt a = 0; a < b->dim; a++) {
    size[HG_X - a] = b->size;
    halo[2 - a][0] = halo[2 - a][1] = b->halo;
  }
  PetscCall(HGPartitionSetSizes(b->part, b->dim, size));
  PetscCall(HGPartitionSetUp(b->part));
  PetscCall(HGTensorCreate(b->part, b->dtype, &b->t));
  PetscCall(HGTensorSetHalo(b->t, (const PetscInt(*)[2])halo));
  PetscCall(HGTensorSetUp(b->t));
  PetscCall(HGTensorSetRandom(b->t, 1, "x", PETSC_FALSE));
  PetscCall(HGLinOpSetTensors(b->op, b->t, b->t));
  PetscCall(HGLinOpSetUp(b->op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateDMLike(DM space, PetscInt dof, PetscInt width, DM *da)
{
  PetscInt        dim, M, N, P, m, n, p;
  DMBoundaryType  bx, by, bz;
  const PetscInt *lx, *ly, *lz;

  PetscFunctionBegin;
  PetscCall(DMDAGetInfo(space, &dim, &M, &N, &P, &m, &n, &p, NULL, NULL, &bx, &by, &bz, NULL));
  PetscCall(DMDAGetOwnershipRanges(space, &lx, &ly, &lz));
  PetscCall(DMDACreate(PetscObjectComm((PetscObject)space), da));
  PetscCall(DMSetDimension(*da, dim));
  PetscCall(DMDASetSizes(*da, M, N, P));
  PetscCall(DMDASetNumProcs(*da, m, n, p));
  PetscCall(DMDASetBoundaryType(*da, bx, by, bz));
  PetscCall(DMDASetOwnershipRanges(*da, lx, dim > 1 ? ly : NULL, dim > 2 ? lz : NULL));
  PetscCall(DMDASetDof(*da, dof));
  PetscCall(DMDASetStencilWidth(*da, width));
  PetscCall(DMDASetStencilType(*da, DMDA_STENCIL_BOX));
  PetscCall(DMSetUp(*da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* PETSc's arrays hold PetscScalars of one sample: the same field if the type is f64 and the batch 1 */
static PetscErrorCode SetUpPeers(Bench *b, PetscInt64 bytes)
{
  DM space;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetDM(b->part, &space));
  PetscCall(CreateDMLike(space, b->channels * b->batch, b->halo, &b->da));
  PetscCall(DMCreateGlobalVector(b->da, &b->global));
  PetscCall(DMCreateLocalVector(b->da, &b->local));
  PetscCall(VecSet(b->global, 1));
  b->bytes = (size_t)(bytes / b->ranks);
  PetscCall(PetscCalloc3(b->bytes, &b->out, b->bytes, &b->in, b->bytes, &b->copy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what is measured ---- */

static PetscErrorCode Forward(Bench *b)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApply(b->op, b->t, b->t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Adjoint(Bench *b)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpApplyAdjoint(b->op, b->t, b->t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode GlobalToLocal(Bench *b)
{
  PetscFunctionBegin;
  PetscCall(DMGlobalToLocal(b->da, b->global, INSERT_VALUES, b->local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode LocalToGlobal(Bench *b)
{
  PetscFunctionBegin;
  PetscCall(DMLocalToGlobal(b->da, b->local, ADD_VALUES, b->global));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Floor(Bench *b)
{
  const PetscMPIInt next = (b->rank + 1) % b->ranks, last = (b->rank + b->ranks - 1) % b->ranks;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Sendrecv(b->out, (PetscMPIInt)b->bytes, MPI_BYTE, next, 0, b->in, (PetscMPIInt)b->bytes, MPI_BYTE, last, 0,
                            PETSC_COMM_WORLD, MPI_STATUS_IGNORE));
  memcpy(b->copy, b->in, b->bytes);
  PetscFunctionReturn(PETSC_SUCCESS);
}

enum { FORWARD, ADJOINT, PETSC_FORWARD, PETSC_ADJOINT, FLOOR, KINDS };

static PetscErrorCode (*const Measured[KINDS])(Bench *) = {Forward, Adjoint, GlobalToLocal, LocalToGlobal, Floor};

static PetscErrorCode Calls(Bench *b, int kind, PetscInt calls, double *seconds)
{
  PetscFunctionBegin;
  PetscCall((*Measured[kind])(b));
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  *seconds = MPI_Wtime();
  for (PetscInt k = 0; k < calls; k++) PetscCall((*Measured[kind])(b));
  *seconds = (MPI_Wtime() - *seconds) / calls;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Seconds of one call: the slowest rank's, on average over about a millisecond of calls, the fastest of all repetitions. The kinds take
   turns, so that what else happens on the machine meets all of them. */
static PetscErrorCode Time(Bench *b, double best[KINDS])
{
  PetscInt calls[KINDS];
  double   t[KINDS];

  PetscFunctionBegin;
  for (int k = 0; k < KINDS; k++) {
    PetscCall(Calls(b, k, 3, &t[k]));
    best[k] = PETSC_MAX_REAL;
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, t, KINDS, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD));
  for (int k = 0; k < KINDS; k++) calls[k] = (PetscInt)PetscMin(100, PetscMax(3, 1e-3 / PetscMax(t[k], 1e-7)));
  for (PetscInt i = 0; i < b->repeat; i++) {
    for (int k = 0; k < KINDS; k++) PetscCall(Calls(b, k, calls[k], &t[k]));
    PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, t, KINDS, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD));
    for (int k = 0; k < KINDS; k++) best[k] = PetscMin(best[k], t[k]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Report(Bench *b)
{
  const char *const pass[] = {"forward", "adjoint"};
  PetscInt          messages;
  PetscInt64        bytes;
  double            t[KINDS];

  PetscFunctionBegin;
  PetscCall(HGLinOpGetTraffic(b->op, &messages, &bytes));
  PetscCall(SetUpPeers(b, bytes));
  PetscCall(Time(b, t));
  for (int i = 0; i < 2; i++)
    PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                          "halo pass=%s dim=%" PetscInt_FMT " size=%" PetscInt_FMT " cin=%" PetscInt_FMT " batch=%" PetscInt_FMT
                          " halo=%" PetscInt_FMT " dtype=%s ranks=%d ms=%.4f bytes=%" PetscInt64_FMT " messages=%" PetscInt_FMT
                          " petsc_ms=%.4f floor_ms=%.4f\n",
                          pass[i], b->dim, b->size, b->channels, b->batch, b->halo, HGDTypeName(b->dtype), b->ranks, 1e3 * t[FORWARD + i],
                          bytes, messages, 1e3 * t[PETSC_FORWARD + i], 1e3 * t[FLOOR]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(Bench *b)
{
  PetscFunctionBegin;
  PetscCall(HGPartitionDestroy(&b->part));
  PetscCall(HGTensorDestroy(&b->t));
  PetscCall(HGLinOpDestroy(&b->op));
  PetscCall(VecDestroy(&b->global));
  PetscCall(VecDestroy(&b->local));
  PetscCall(DMDestroy(&b->da));
  PetscCall(PetscFree3(b->out, b->in, b->copy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppBenchHalo(PetscBool help)
{
  Bench b = {.dim = 2, .size = 512, .channels = 16, .batch = 1, .halo = 1, .repeat = 25};

  PetscFunctionBegin;
  PetscCall(Configure(&b));
  if (!help) {
    PetscCall(AppCheckOptions());
    PetscCall(SetUpHalo(&b));
    PetscCall(Report(&b));
  }
  PetscCall(Destroy(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}
