/* SPDX-License-Identifier: BSD-2-Clause */
/* The matrices of the operators on memory, of allocation and of products, sums, adjoints and multiples of operators equal those
   written down, and those of their adjoints the transposes; so do MatMult() and MatMultTranspose() of HGLinOpGetMat(). */
#include "linopcheck.h"

#define N 12 /* points of the memory */
#define H 5  /* points of a subset a or b, a = [0, 5), b = [7, 12) */

typedef struct {
  PetscInt rows, cols;
  double   a[2 * N][2 * N];
} Dense;

static HGDType dtype;

/* ---- what is written down ---- */

static Dense Identity(PetscInt n)
{
  Dense m = {.rows = n, .cols = n};

  for (PetscInt i = 0; i < n; i++) m.a[i][i] = 1;
  return m;
}

static Dense Clear(PetscInt b)
{
  Dense m = Identity(N);

  for (PetscInt i = 0; i < H; i++) m.a[b + i][b + i] = 0;
  return m;
}

static Dense Add(PetscInt a, PetscInt b)
{
  Dense m = Identity(N);

  for (PetscInt i = 0; i < H; i++) m.a[b + i][a + i] = 1;
  return m;
}

static Dense Times(const Dense *f, const Dense *g)
{
  Dense m = {.rows = f->rows, .cols = g->cols};

  for (PetscInt i = 0; i < m.rows; i++)
    for (PetscInt j = 0; j < m.cols; j++)
      for (PetscInt k = 0; k < f->cols; k++) m.a[i][j] += f->a[i][k] * g->a[k][j];
  return m;
}

static Dense Transposed(const Dense *f)
{
  Dense m = {.rows = f->cols, .cols = f->rows};

  for (PetscInt i = 0; i < m.rows; i++)
    for (PetscInt j = 0; j < m.cols; j++) m.a[i][j] = f->a[j][i];
  return m;
}

static Dense Combined(double s, const Dense *f, double t, const Dense *g)
{
  Dense m = {.rows = f->rows, .cols = f->cols};

  for (PetscInt i = 0; i < m.rows; i++)
    for (PetscInt j = 0; j < m.cols; j++) m.a[i][j] = s * f->a[i][j] + t * g->a[i][j];
  return m;
}

/* (I 0), the deallocation of the last n - m of n points; with an offset, of those before and behind */
static Dense Deallocation(PetscInt n, PetscInt m, PetscInt offset)
{
  Dense d = {.rows = m, .cols = n};

  for (PetscInt i = 0; i < m; i++) d.a[i][offset + i] = 1;
  return d;
}

/* ---- comparison ---- */

static PetscErrorCode CompareMat(Mat A, PetscBool transposed, const Dense *want)
{
  Mat                D;
  const PetscScalar *v;
  PetscInt           first, last, lda, rows, cols;

  PetscFunctionBegin;
  if (transposed) PetscCall(MatComputeOperatorTranspose(A, MATDENSE, &D));
  else PetscCall(MatComputeOperator(A, MATDENSE, &D));
  PetscCall(MatGetSize(D, &rows, &cols));
  PetscCheck(rows == want->rows && cols == want->cols, PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "a matrix of %" PetscInt_FMT " x %" PetscInt_FMT ", expected %" PetscInt_FMT " x %" PetscInt_FMT, rows, cols, want->rows,
             want->cols);
  PetscCall(MatGetOwnershipRange(D, &first, &last));
  PetscCall(MatDenseGetLDA(D, &lda));
  PetscCall(MatDenseGetArrayRead(D, &v));
  for (PetscInt i = first; i < last; i++)
    for (PetscInt j = 0; j < cols; j++)
      PetscCheck(PetscRealPart(v[i - first + j * lda]) == want->a[i][j], PETSC_COMM_SELF, PETSC_ERR_PLIB,
                 "entry (%" PetscInt_FMT ", %" PetscInt_FMT ") of the %s is %g, expected %g", i, j, transposed ? "transpose" : "matrix",
                 (double)PetscRealPart(v[i - first + j * lda]), want->a[i][j]);
  PetscCall(MatDenseRestoreArrayRead(D, &v));
  PetscCall(MatDestroy(&D));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Compare(HGLinOp op, Dense want)
{
  const Dense t = Transposed(&want);
  Mat         A;

  PetscFunctionBegin;
  PetscCall(HGLinOpGetMat(op, &A));
  PetscCall(CompareMat(A, PETSC_FALSE, &want));
  PetscCall(CompareMat(A, PETSC_TRUE, &t));
  PetscCall(MatDestroy(&A));
  PetscCall(CheckAdjointIdentity(op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* In place gives what out of place gives */
static PetscErrorCode CompareInPlace(HGLinOp op)
{
  HGTensor  x, t, u;
  PetscReal error;

  PetscFunctionBegin;
  PetscCall(HGLinOpGetTensors(op, &x, NULL));
  PetscCall(HGTensorDuplicate(x, &t));
  PetscCall(HGTensorDuplicate(x, &u));
  for (int adjoint = 0; adjoint < 2; adjoint++) {
    PetscCall(HGTensorSetRandom(t, 7, "t", PETSC_FALSE));
    if (adjoint) {
      PetscCall(HGLinOpApplyAdjoint(op, t, u));
      PetscCall(HGLinOpApplyAdjoint(op, t, t));
    } else {
      PetscCall(HGLinOpApply(op, t, u));
      PetscCall(HGLinOpApply(op, t, t));
    }
    PetscCall(HGTensorAXPY(u, -1, t, PETSC_FALSE));
    PetscCall(HGTensorDotLocal(u, u, PETSC_FALSE, &error));
    PetscCheck(error == 0, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s in place differs", adjoint ? "adjoint" : "forward");
  }
  PetscCall(HGTensorDestroy(&t));
  PetscCall(HGTensorDestroy(&u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- operators ---- */

static PetscErrorCode Line(PetscInt n, const PetscInt halo[3][2], HGTensor *t)
{
  PetscMPIInt size;
  Layout      l = {.dim = 1, .size = {1, 1, 1, 1, n}};

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  l.parts[HG_X] = size;
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &l, dtype, halo, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Memory(const char type[], PetscInt a, PetscInt b, HGLinOp *op)
{
  const HGBox from = {{0, 0, 0, 0, a}, {1, 1, 1, 1, H}}, to = {{0, 0, 0, 0, b}, {1, 1, 1, 1, H}};
  HGTensor    t;

  PetscFunctionBegin;
  PetscCall(Line(N, NULL, &t));
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, op));
  PetscCall(HGLinOpSetType(*op, type));
  PetscCall(HGLinOpSetTensors(*op, t, t));
  PetscCall(HGLinOpSetBoxes(*op, &from, &to));
  PetscCall(HGLinOpSetUp(*op));
  PetscCall(HGTensorDestroy(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Resize(const char type[], PetscInt from, PetscInt to, PetscInt at, HGLinOp *op)
{
  const PetscInt offset[] = {0, 0, 0, 0, at};
  HGTensor       x, y;

  PetscFunctionBegin;
  PetscCall(Line(from, NULL, &x));
  PetscCall(Line(to, NULL, &y));
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, op));
  PetscCall(HGLinOpSetType(*op, type));
  PetscCall(HGLinOpSetTensors(*op, x, y));
  PetscCall(HGLinOpSetOffset(*op, offset));
  PetscCall(HGLinOpSetUp(*op));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Combine(const char type[], PetscInt n, const HGLinOp parts[], PetscReal factor, HGLinOp *op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, op));
  PetscCall(HGLinOpSetType(*op, type));
  PetscCall(HGLinOpSetOperators(*op, n, parts));
  PetscCall(HGLinOpSetScale(*op, factor));
  PetscCall(HGLinOpSetUp(*op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* K, S, C = S K, M = K C */
static PetscErrorCode CheckMemory(void)
{
  const PetscInt a = 0, b = N - H;
  const Dense    ka = Clear(a), kb = Clear(b), s = Add(a, b), c = Times(&s, &kb), m = Times(&ka, &c);
  const char    *type[] = {HGLINOPCLEAR, HGLINOPADD, HGLINOPCOPY, HGLINOPMOVE};
  const Dense    want[] = {kb, s, c, m};

  PetscFunctionBegin;
  for (int k = 0; k < 4; k++) {
    HGLinOp op;

    PetscCall(Memory(type[k], a, b, &op));
    PetscCall(Compare(op, want[k]));
    PetscCall(CompareInPlace(op));
    PetscCall(HGLinOpDestroy(&op));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Allocation, and the paper's copy and move out of place: C_ab A_b and D_a C_ab A_b */
static PetscErrorCode CheckAllocation(void)
{
  const PetscInt b = N - H;
  const Dense    d = Deallocation(N, H, 0), e = Deallocation(N, H, b), alloc = Transposed(&d), s = Add(0, b), copy = Times(&s, &alloc),
              move = Times(&e, &copy);
  HGLinOp op[3], out;

  PetscFunctionBegin;
  PetscCall(Resize(HGLINOPALLOCATE, H, N, 0, &op[0]));
  PetscCall(Memory(HGLINOPCOPY, 0, b, &op[1]));
  PetscCall(Resize(HGLINOPDEALLOCATE, N, H, b, &op[2]));
  PetscCall(Compare(op[0], alloc));
  PetscCall(Compare(op[2], e));
  PetscCall(Combine(HGLINOPCOMPOSE, 2, op, 1, &out));
  PetscCall(Compare(out, copy));
  PetscCall(HGLinOpDestroy(&out));
  PetscCall(Combine(HGLINOPCOMPOSE, 3, op, 1, &out));
  PetscCall(Compare(out, move));
  PetscCall(Compare(out, Identity(H)));
  PetscCall(HGLinOpDestroy(&out));
  for (int k = 0; k < 3; k++) PetscCall(HGLinOpDestroy(&op[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 2 (S_ab + M_ab*) K_b, and its adjoint */
static PetscErrorCode CheckCombined(void)
{
  const PetscInt a = 0, b = N - H;
  const Dense    ka = Clear(a), kb = Clear(b), s = Add(a, b), c = Times(&s, &kb), m = Times(&ka, &c), mt = Transposed(&m),
              sum = Combined(1, &s, 1, &mt), prod = Times(&sum, &kb), twice = Combined(2, &prod, 0, &prod);
  HGLinOp op[7], pair[2];

  PetscFunctionBegin;
  PetscCall(Memory(HGLINOPADD, a, b, &op[0]));
  PetscCall(Memory(HGLINOPMOVE, a, b, &op[1]));
  PetscCall(Memory(HGLINOPCLEAR, a, b, &op[2]));
  PetscCall(Combine(HGLINOPADJOINT, 1, &op[1], 1, &op[3]));
  PetscCall(Compare(op[3], mt));
  pair[0] = op[0];
  pair[1] = op[3];
  PetscCall(Combine(HGLINOPSUM, 2, pair, 1, &op[4]));
  PetscCall(Compare(op[4], sum));
  pair[0] = op[2];
  pair[1] = op[4];
  PetscCall(Combine(HGLINOPCOMPOSE, 2, pair, 1, &op[5]));
  PetscCall(Combine(HGLINOPSCALE, 1, &op[5], 2, &op[6]));
  for (int k = 0; k < 6; k++) PetscCall(HGLinOpDestroy(&op[k])); /* op[6] keeps what it needs */
  PetscCall(Compare(op[6], twice));
  PetscCall(HGLinOpDestroy(&op[6]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* H* H counts how often a point is seen: 1 and once for each ghost point that is its copy */
static PetscErrorCode CheckNormal(void)
{
  const PetscInt   halo[3][2]  = {{0, 0}, {0, 0}, {2, 1}};
  const HGBoundary periodic[3] = {HG_BOUNDARY_ZERO, HG_BOUNDARY_ZERO, HG_BOUNDARY_PERIODIC};
  Dense            want        = Identity(N);
  HGTensor         x, y;
  HGLinOp          op[2], normal;
  HGPartition      p;
  PetscMPIInt      size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(Line(N, NULL, &x));
  PetscCall(Line(N, halo, &y));
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &op[0]));
  PetscCall(HGLinOpSetType(op[0], HGLINOPHALO));
  PetscCall(HGLinOpSetTensors(op[0], x, y));
  PetscCall(HGLinOpSetBoundary(op[0], periodic));
  PetscCall(Combine(HGLINOPADJOINT, 1, op, 1, &op[1]));
  PetscCall(Combine(HGLINOPCOMPOSE, 2, op, 1, &normal));
  PetscCall(HGTensorGetPartition(y, &p));
  for (PetscMPIInt r = 0; r < size; r++) {
    HGBox box;

    PetscCall(HGPartitionGetBox(p, r, &box));
    for (PetscInt g = box.start[HG_X] - 2; g < box.start[HG_X]; g++) want.a[(g + N) % N][(g + N) % N] += 1;
    want.a[(box.start[HG_X] + box.size[HG_X]) % N][(box.start[HG_X] + box.size[HG_X]) % N] += 1;
  }
  PetscCall(Compare(normal, want));
  PetscCall(HGLinOpDestroy(&op[0]));
  PetscCall(HGLinOpDestroy(&op[1]));
  PetscCall(HGLinOpDestroy(&normal));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  for (dtype = HG_F32; dtype <= HG_F64; dtype++) {
    PetscCall(CheckMemory());
    PetscCall(CheckAllocation());
    PetscCall(CheckCombined());
    PetscCall(CheckNormal());
  }
  PetscCall(HGFinalize());
  return 0;
}
