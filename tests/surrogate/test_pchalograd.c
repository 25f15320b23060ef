/* SPDX-License-Identifier: BSD-2-Clause */
/*
   PCHALOGRAD against the definition z = |r| N(r / |r|, a) for a network of one convolution, on DMDAs of other sizes and partitions than it was
   written on; homogeneous of degree one. With a network that is a multiple of the identity FGMRES does what PCJACOBI makes it do. The guess of a
   SNES is the network's output. Then what is refused.
*/
#include "../data/bad_input.h"
#include "surrogate/hgsurrogate.h"
#include <petscdmshell.h>
#include <petscsnes.h>

static const char path[] = "test_pchalograd.nc";

/* weight(1, C, 3, 3), bias(1); normalisation of r, a, z */
typedef struct {
  PetscInt    channels;
  PetscScalar weight[2][3][3], bias;
  PetscReal   mean[3], deviation[3];
} Stencil;

static const Stencil general = {2,
                                {{{0.1, -0.2, 0.3}, {0.4, 1.5, -0.6}, {0.7, 0.8, -0.9}}, {{0, 0.2, 0}, {0, 2, 0}, {-0.3, 0, 0}}},
                                0.25,
                                {0.05, 1.3, -0.4},
                                {0.7, 2.5, 3}};
static const Stencil quarter = {1, {{{0, 0, 0}, {0, 0.25, 0}, {0, 0, 0}}}, 0, {0, 0, 0}, {1, 1, 1}};

static PetscErrorCode WriteModel(const Stencil *s, PetscInt outputs)
{
  static const PetscInt sizes[HG_AXES] = {1, 1, 1, 4, 4};
  PetscInt              size[HG_AXES], n = 0, first, last;
  HGModelInfo           info = {.data_input = "r,a", .data_target = "z", .dim = 2, .channels = {s->channels, outputs}};
  HGPartition           part;
  HGNet                 net;
  Vec                   p, natural;

  PetscFunctionBegin;
  PetscCall(PetscArraycpy(size, sizes, HG_AXES));
  size[HG_C] = s->channels;
  for (PetscInt c = 0; c < s->channels; c++) info.mean[0][c] = s->mean[c], info.deviation[0][c] = s->deviation[c];
  for (PetscInt c = 0; c < outputs; c++) info.mean[1][c] = s->mean[2], info.deviation[1][c] = s->deviation[2];
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetSizes(part, 2, size));
  PetscCall(HGPartitionSetUp(part));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &net));
  PetscCall(HGNetSetType(net, HGNETCNN));
  PetscCall(HGNetSetDepth(net, 1));
  PetscCall(HGNetSetKernel(net, 3));
  PetscCall(HGNetSetChannels(net, s->channels, outputs));
  PetscCall(HGNetSetUp(net, part, HG_F64));
  PetscCall(HGNetCreateParameters(net, &p));
  PetscCall(HGNetCreateNaturalParameters(net, &natural));
  PetscCall(VecGetOwnershipRange(natural, &first, &last));
  for (PetscInt o = 0; o < outputs; o++)
    for (PetscInt i = 0; i < 9 * s->channels; i++, n++)
      if (n >= first && n < last) PetscCall(VecSetValue(natural, n, s->weight[i / 9][i / 3 % 3][i % 3], INSERT_VALUES));
  for (PetscInt o = 0; o < outputs; o++, n++)
    if (n >= first && n < last) PetscCall(VecSetValue(natural, n, s->bias, INSERT_VALUES));
  PetscCall(VecAssemblyBegin(natural));
  PetscCall(VecAssemblyEnd(natural));
  PetscCall(HGNetNaturalToGlobal(net, natural, p));
  PetscCall(VecDestroy(&natural));
  PetscCall(HGNetGetOptionsString(net, info.net_options, sizeof(info.net_options)));
  PetscCall(HGModelWrite(path, net, &info, p, 0, NULL, NULL));
  PetscCall(VecDestroy(&p));
  PetscCall(HGNetDestroy(&net));
  PetscCall(HGPartitionDestroy(&part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateDMDA(PetscInt nx, PetscInt ny, PetscBool strips, DM *da)
{
  PetscMPIInt ranks;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_BOX, nx, ny, strips ? ranks : PETSC_DECIDE,
                         strips ? 1 : PETSC_DECIDE, 1, 1, NULL, NULL, da));
  PetscCall(DMSetUp(*da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FillRandom(DM da, const char name[], Vec v)
{
  DMDALocalInfo info;
  PetscScalar **a;

  PetscFunctionBegin;
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMDAVecGetArrayWrite(da, v, &a));
  for (PetscInt j = info.ys; j < info.ys + info.ym; j++)
    for (PetscInt i = info.xs; i < info.xs + info.xm; i++)
      a[j][i] = HGRandomUniform(1, HGRandomStream(name), (uint64_t)(j * info.mx + i)) - 0.3;
  PetscCall(DMDAVecRestoreArrayWrite(da, v, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adds the convolution of channel c, (v / scale - mean) / deviation with zeros beyond the boundary */
static PetscErrorCode AddChannel(DM da, const Stencil *s, PetscInt c, PetscReal scale, Vec v, Vec sum)
{
  DMDALocalInfo info;
  PetscScalar **a, **f;
  Vec           local;

  PetscFunctionBegin;
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMGetLocalVector(da, &local));
  PetscCall(DMGlobalToLocal(da, v, INSERT_VALUES, local));
  PetscCall(DMDAVecGetArrayRead(da, local, &a));
  PetscCall(DMDAVecGetArray(da, sum, &f));
  for (PetscInt j = info.ys; j < info.ys + info.ym; j++)
    for (PetscInt i = info.xs; i < info.xs + info.xm; i++)
      for (PetscInt y = PetscMax(j - 1, 0); y <= PetscMin(j + 1, info.my - 1); y++)
        for (PetscInt x = PetscMax(i - 1, 0); x <= PetscMin(i + 1, info.mx - 1); x++)
          f[j][i] += s->weight[c][y - j + 1][x - i + 1] * (a[y][x] / scale - s->mean[c]) / s->deviation[c];
  PetscCall(DMDAVecRestoreArray(da, sum, &f));
  PetscCall(DMDAVecRestoreArrayRead(da, local, &a));
  PetscCall(DMRestoreLocalVector(da, &local));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Expected(DM da, const Stencil *s, Vec r, Vec a, Vec z)
{
  PetscReal norm, scale = 1;
  PetscInt  n;

  PetscFunctionBegin;
  PetscCall(VecSet(z, s->bias));
  if (r) {
    PetscCall(VecNorm(r, NORM_2, &norm));
    PetscCall(VecGetSize(r, &n));
    scale = norm / PetscSqrtReal((PetscReal)n);
    PetscCall(AddChannel(da, s, 0, scale, r, z));
  }
  if (a) PetscCall(AddChannel(da, s, r ? 1 : 0, 1, a, z));
  PetscCall(VecScale(z, s->deviation[2]));
  PetscCall(VecShift(z, s->mean[2]));
  PetscCall(VecScale(z, scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Near(const char what[], Vec x, Vec y, PetscReal limit)
{
  PetscReal norm, error;

  PetscFunctionBegin;
  PetscCall(VecNorm(y, NORM_2, &norm));
  PetscCall(VecAXPY(x, -1, y));
  PetscCall(VecNorm(x, NORM_2, &error));
  PetscCheck(error <= limit * norm && norm > 0, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%s: error %g of %g", what, (double)error, (double)norm);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A matrix of any values: the network does not read it, but its DMDA */
static PetscErrorCode CreateLaplacian(DM da, Mat *A)
{
  DMDALocalInfo info;

  PetscFunctionBegin;
  PetscCall(DMDAGetLocalInfo(da, &info));
  PetscCall(DMCreateMatrix(da, A));
  for (PetscInt j = info.ys; j < info.ys + info.ym; j++)
    for (PetscInt i = info.xs; i < info.xs + info.xm; i++) {
      const MatStencil  row = {.i = i, .j = j}, col[5] = {{.i = i, .j = j},
                                                          {.i = i > 0 ? i - 1 : -1, .j = j},
                                                          {.i = i < info.mx - 1 ? i + 1 : -1, .j = j},
                                                          {.i = i, .j = j - 1},
                                                          {.i = i, .j = j < info.my - 1 ? j + 1 : -1}};
      const PetscScalar v[5] = {4, -1, -1, -1, -1};

      for (int k = 0; k < 5; k++)
        if (col[k].i >= 0 && col[k].j >= 0) PetscCall(MatSetValuesStencil(*A, 1, &row, 1, &col[k], &v[k], INSERT_VALUES));
    }
  PetscCall(MatAssemblyBegin(*A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*A, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A composite of this preconditioner alone */
static PetscErrorCode TestInner(Mat A, Vec r, Vec z)
{
  PC pc, sub;

  PetscFunctionBegin;
  PetscCall(PCCreate(PETSC_COMM_WORLD, &pc));
  PetscCall(PCSetOperators(pc, A, A));
  PetscCall(PCSetType(pc, PCCOMPOSITE));
  PetscCall(PCCompositeAddPCType(pc, PCHALOGRAD));
  PetscCall(PCCompositeGetPC(pc, 0, &sub));
  PetscCall(PCHalogradSetModel(sub, path));
  PetscCall(PCSetUp(pc));
  PetscCall(PCApply(pc, r, z));
  PetscCall(PCDestroy(&pc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestDefinition(PetscInt nx, PetscInt ny, PetscBool strips)
{
  DM  da;
  Mat A;
  PC  pc;
  Vec r, a, z, e;

  PetscFunctionBegin;
  PetscCall(CreateDMDA(nx, ny, strips, &da));
  PetscCall(CreateLaplacian(da, &A));
  PetscCall(DMCreateGlobalVector(da, &r));
  PetscCall(VecDuplicate(r, &a));
  PetscCall(VecDuplicate(r, &z));
  PetscCall(VecDuplicate(r, &e));
  PetscCall(FillRandom(da, "r", r));
  PetscCall(FillRandom(da, "a", a));
  PetscCall(PCCreate(PETSC_COMM_WORLD, &pc));
  PetscCall(PCSetOperators(pc, A, A));
  PetscCall(PCSetType(pc, PCHALOGRAD));
  PetscCall(PCHalogradSetModel(pc, path));
  PetscCall(PCHalogradSetInput(pc, a));
  PetscCall(PCSetUp(pc));
  PetscCall(PCApply(pc, r, z));
  PetscCall(Expected(da, &general, r, a, e));
  PetscCall(Near("the definition", z, e, 1e-13));
  PetscCall(VecScale(r, 1e-9));
  PetscCall(VecScale(e, 1e-9));
  PetscCall(PCApply(pc, r, z));
  PetscCall(Near("a small residual", z, e, 1e-13));
  PetscCall(FillRandom(da, "another", a)); /* what the Vec holds now counts */
  PetscCall(PCApply(pc, r, z));
  PetscCall(Expected(da, &general, r, a, e));
  PetscCall(Near("another input", z, e, 1e-13));
  PetscCall(PetscObjectCompose((PetscObject)A, "PCHalogradInput", (PetscObject)a));
  PetscCall(TestInner(A, r, z));
  PetscCall(Near("inside another, the input with the matrix", z, e, 1e-13));
  PetscCall(VecSet(r, 0));
  PetscCall(PCApply(pc, r, z));
  PetscCall(VecAXPY(z, 1, e));
  PetscCall(Near("no residual", z, e, 0));
  PetscCall(VecDestroy(&r));
  PetscCall(VecDestroy(&a));
  PetscCall(VecDestroy(&z));
  PetscCall(VecDestroy(&e));
  PetscCall(PCDestroy(&pc));
  PetscCall(MatDestroy(&A));
  PetscCall(DMDestroy(&da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateKSP(Mat A, PCType type, KSPType method, KSP *ksp)
{
  PC pc;

  PetscFunctionBegin;
  PetscCall(KSPCreate(PETSC_COMM_WORLD, ksp));
  PetscCall(KSPSetOperators(*ksp, A, A));
  PetscCall(KSPSetType(*ksp, method));
  PetscCall(KSPSetTolerances(*ksp, 1e-10, PETSC_CURRENT, PETSC_CURRENT, 500));
  PetscCall(KSPGetPC(*ksp, &pc));
  PetscCall(PCSetType(pc, type));
  PetscCall(PCHalogradSetModel(pc, path)); /* nothing to a PCJACOBI */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Solve(Mat A, PCType type, Vec b, Vec x, PetscInt *its)
{
  KSP ksp;

  PetscFunctionBegin;
  PetscCall(CreateKSP(A, type, KSPFGMRES, &ksp));
  PetscCall(KSPSolve(ksp, b, x));
  PetscCall(KSPGetIterationNumber(ksp, its));
  PetscCall(KSPDestroy(&ksp));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 1/4, the inverse of the diagonal */
static PetscErrorCode TestJacobi(void)
{
  DM       da;
  Mat      A;
  KSP      ksp;
  Vec      b, x, y;
  PetscInt its[2];

  PetscFunctionBegin;
  PetscCall(CreateDMDA(12, 9, PETSC_FALSE, &da));
  PetscCall(CreateLaplacian(da, &A));
  PetscCall(DMCreateGlobalVector(da, &b));
  PetscCall(VecDuplicate(b, &x));
  PetscCall(VecDuplicate(b, &y));
  PetscCall(FillRandom(da, "b", b));
  PetscCall(Solve(A, PCJACOBI, b, x, &its[0]));
  PetscCall(Solve(A, PCHALOGRAD, b, y, &its[1]));
  PetscCheck(its[0] == its[1] && its[0] > 5, PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "%" PetscInt_FMT " iterations with Jacobi, %" PetscInt_FMT " with the same network", its[0], its[1]);
  PetscCall(Near("solution", x, y, 1e-12));
  PetscCall(CreateKSP(A, PCHALOGRAD, KSPGMRES, &ksp));
  ExpectError(KSPSolve(ksp, b, y), "-ksp_type gmres|use -ksp_type fgmres, gcr or fcg");
  PetscCall(KSPDestroy(&ksp));
  PetscCall(VecDestroy(&b));
  PetscCall(VecDestroy(&x));
  PetscCall(VecDestroy(&y));
  PetscCall(MatDestroy(&A));
  PetscCall(DMDestroy(&da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Zero(SNES snes, Vec u, Vec f, void *ctx)
{
  PetscFunctionBegin;
  (void)snes, (void)u, (void)ctx;
  PetscCall(VecZeroEntries(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A SNES that has converged before it starts returns the guess */
static PetscErrorCode TestGuess(void)
{
  HGSurrogate s;
  DM          da;
  SNES        snes;
  Vec         a, u, e;

  PetscFunctionBegin;
  PetscCall(CreateDMDA(7, 10, PETSC_FALSE, &da));
  PetscCall(DMCreateGlobalVector(da, &a));
  PetscCall(VecDuplicate(a, &u));
  PetscCall(VecDuplicate(a, &e));
  PetscCall(FillRandom(da, "a", a));
  PetscCall(HGSurrogateCreate(PETSC_COMM_WORLD, &s));
  PetscCall(HGSurrogateSetModel(s, path));
  PetscCall(HGSurrogateSetInput(s, a));
  PetscCall(SNESCreate(PETSC_COMM_WORLD, &snes));
  PetscCall(SNESSetDM(snes, da));
  PetscCall(SNESSetFunction(snes, NULL, Zero, NULL));
  PetscCall(SNESSetComputeInitialGuess(snes, HGSurrogateComputeInitialGuess, s));
  PetscCall(SNESSolve(snes, NULL, u));
  PetscCall(Expected(da, &quarter, NULL, a, e));
  PetscCall(Near("guess", u, e, 1e-13));
  PetscCall(HGSurrogateDestroy(&s));
  PetscCall(SNESDestroy(&snes));
  PetscCall(VecDestroy(&a));
  PetscCall(VecDestroy(&u));
  PetscCall(VecDestroy(&e));
  PetscCall(DMDestroy(&da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetUpAndApply(PC pc, Vec r, Vec z)
{
  PetscFunctionBegin;
  PetscCall(PCSetUp(pc));
  PetscCall(PCApply(pc, r, z));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ExpectRefused(DM dm, const char model[], PetscBool input, const char words[])
{
  Mat       A;
  PC        pc;
  Vec       r, z;
  PetscBool da = PETSC_FALSE;

  PetscFunctionBegin;
  if (dm) PetscCall(PetscObjectTypeCompare((PetscObject)dm, DMDA, &da));
  if (da) PetscCall(DMCreateMatrix(dm, &A));
  else PetscCall(MatCreateAIJ(PETSC_COMM_WORLD, PETSC_DECIDE, PETSC_DECIDE, 8, 8, 1, NULL, 0, NULL, &A));
  PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatCreateVecs(A, &r, &z));
  PetscCall(VecSet(r, 1));
  PetscCall(PCCreate(PETSC_COMM_WORLD, &pc));
  PetscCall(PCSetOperators(pc, A, A));
  if (dm) PetscCall(PCSetDM(pc, dm));
  PetscCall(PCSetType(pc, PCHALOGRAD));
  PetscCall(PCHalogradSetModel(pc, model));
  if (input) PetscCall(PCHalogradSetInput(pc, r));
  ExpectError(SetUpAndApply(pc, r, z), words);
  PetscCall(PCDestroy(&pc));
  PetscCall(VecDestroy(&r));
  PetscCall(VecDestroy(&z));
  PetscCall(MatDestroy(&A));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestBad(void)
{
  DM da, line, shell;

  PetscFunctionBegin;
  PetscCall(CreateDMDA(8, 8, PETSC_FALSE, &da));
  PetscCall(DMDACreate1d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, 16, 1, 1, NULL, &line));
  PetscCall(DMSetUp(line));
  PetscCall(DMShellCreate(PETSC_COMM_WORLD, &shell));
  PetscCall(WriteModel(&general, 1));
  PetscCall(ExpectRefused(da, "", PETSC_FALSE, "no model|-pc_halograd_model"));
  PetscCall(ExpectRefused(da, "absent.nc", PETSC_FALSE, "absent.nc"));
  PetscCall(ExpectRefused(NULL, path, PETSC_FALSE, "the DM is not set|KSPSetDM()"));
  PetscCall(ExpectRefused(shell, path, PETSC_FALSE, "the DM is of type shell|KSPSetDM()"));
  PetscCall(ExpectRefused(line, path, PETSC_FALSE, "the DMDA is 1-D|2-D"));
  PetscCall(ExpectRefused(da, path, PETSC_FALSE, "reads 2 channels (r,a); it is given 1 and 0 more|PCHalogradSetInput()"));
  PetscCall(WriteModel(&quarter, 1));
  PetscCall(ExpectRefused(da, path, PETSC_TRUE, "reads 1 channels|given 1 and 1 more"));
  PetscCall(WriteModel(&quarter, 2));
  PetscCall(ExpectRefused(da, path, PETSC_FALSE, "has 2 output channels|DMDA 1 degrees of freedom"));
  PetscCall(DMDestroy(&da));
  PetscCall(DMDestroy(&line));
  PetscCall(DMDestroy(&shell));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscMPIInt rank;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(WriteModel(&general, 1));
  PetscCall(TestDefinition(4, 4, PETSC_FALSE));
  PetscCall(TestDefinition(13, 9, PETSC_FALSE));
  PetscCall(TestDefinition(11, 5, PETSC_TRUE));
  PetscCall(WriteModel(&quarter, 1));
  PetscCall(TestJacobi());
  PetscCall(TestGuess());
  PetscCall(TestBad());
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) (void)remove(path);
  PetscCall(HGFinalize());
  return 0;
}
