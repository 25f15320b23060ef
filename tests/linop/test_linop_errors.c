/* SPDX-License-Identifier: BSD-2-Clause */
/* Wrong input is refused on all ranks, with a message that has the numbers that do not fit. */
#include "linopcheck.h"

static char Said[1024];

static PetscErrorCode Listen(MPI_Comm comm, int line, const char *fun, const char *file, PetscErrorCode n, PetscErrorType p,
                             const char *mess, void *ctx)
{
  (void)comm;
  (void)line;
  (void)fun;
  (void)file;
  (void)ctx;
  if (p == PETSC_ERROR_INITIAL) (void)snprintf(Said, sizeof(Said), "%s", mess);
  return n;
}

/* The call failed here, and its message has all words */
static PetscErrorCode Expect(PetscErrorCode error, const char *what, const char *a, const char *b)
{
  PetscFunctionBegin;
  PetscCall(PetscPopErrorHandler());
  PetscCheck(error, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s is not refused", what);
  PetscCheck(strstr(Said, a) && strstr(Said, b), PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s: the message \"%s\" lacks \"%s\" or \"%s\"", what,
             Said, a, b);
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define REFUSED(call, what, a, b)                   \
  do {                                              \
    PetscCall(PetscPushErrorHandler(Listen, NULL)); \
    PetscCall(Expect(call, what, a, b));            \
  } while (0)

static Layout Grid(PetscInt y, PetscInt x)
{
  Layout      l = {.dim = 2, .size = {1, 2, 1, y, x}};
  PetscMPIInt size;

  (void)MPI_Comm_size(PETSC_COMM_WORLD, &size);
  l.parts[HG_Y] = size;
  return l;
}

static PetscErrorCode MakeOp(const char type[], HGTensor x, HGTensor y, HGLinOp *op)
{
  PetscFunctionBegin;
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, op));
  PetscCall(HGLinOpSetType(*op, type));
  PetscCall(HGLinOpSetTensors(*op, x, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckSizes(void)
{
  const char *const type[] = {HGLINOPREPARTITION, HGLINOPHALO, HGLINOPBROADCAST, HGLINOPCOPY, HGLINOPSCATTER};
  const Layout      a = Grid(9, 7), b = Grid(9, 8);
  HGTensor          x, y, z;
  HGLinOp           op;

  PetscFunctionBegin;
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &a, HG_F64, NULL, &x));
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &b, HG_F64, NULL, &y));
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &a, HG_F32, NULL, &z));
  for (int i = 0; i < 5; i++) {
    PetscCall(MakeOp(type[i], x, y, &op));
    REFUSED(HGLinOpSetUp(op), "a range of another size", " 7 ", " 8 ");
    PetscCall(HGLinOpDestroy(&op));
    PetscCall(MakeOp(type[i], x, z, &op));
    REFUSED(HGLinOpSetUp(op), "a range of another type", "f64", "f32");
    PetscCall(HGLinOpDestroy(&op));
  }
  PetscCall(MakeOp(HGLINOPCROP, x, y, &op));
  REFUSED(HGLinOpSetUp(op), "a crop that grows", " 8 ", " 7");
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(MakeOp(HGLINOPPAD, y, x, &op));
  REFUSED(HGLinOpSetUp(op), "a pad that shrinks", " 8 ", " 7");
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(MakeOp(HGLINOPRESTRICT, x, y, &op));
  REFUSED(HGLinOpSetUp(op), "a restriction that grows", " 8 ", " 7");
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(MakeOp(HGLINOPCOPY, x, x, &op));
  PetscCall(HGLinOpSetUp(op));
  REFUSED(HGLinOpApply(op, x, y), "an argument of another layout", "another layout", "f64");
  REFUSED(HGLinOpApplyEnd(op, x, x), "an End without Begin", "HGLinOpApplyEnd()", "HGLinOpApplyBegin()");
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscCall(HGTensorDestroy(&z));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckHalos(void)
{
  const HGBoundary periodic[] = {HG_BOUNDARY_PERIODIC, HG_BOUNDARY_PERIODIC, HG_BOUNDARY_PERIODIC};
  const HGBoundary reflect[]  = {HG_BOUNDARY_REFLECT, HG_BOUNDARY_REFLECT, HG_BOUNDARY_REFLECT};
  const PetscInt   wide[3][2] = {{0, 0}, {0, 0}, {0, 6}}, whole[3][2] = {{0, 0}, {0, 0}, {5, 0}};
  const Layout     l = Grid(9, 5);
  HGTensor         x, y;
  HGLinOp          op;

  PetscFunctionBegin;
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &l, HG_F64, wide, &x));
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &l, HG_F64, whole, &y));
  PetscCall(MakeOp(HGLINOPHALO, x, x, &op));
  PetscCall(HGLinOpSetBoundary(op, periodic));
  REFUSED(HGLinOpSetUp(op), "a repetition wider than the grid", " 6 ", " 5 ");
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(MakeOp(HGLINOPHALO, y, y, &op));
  PetscCall(HGLinOpSetBoundary(op, reflect));
  REFUSED(HGLinOpSetUp(op), "a reflection as wide as the grid", " 5 ", " 4 ");
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckPartitions(void)
{
  PetscMPIInt size, outside[1];
  HGPartition p;
  char        last[16];
  PetscInt    sizes[] = {1, 1, 1, 4, 4}, parts[] = {1, 1, 1, 1, 1}, lens[] = {3};

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  outside[0] = size + 2;
  PetscCall(PetscSNPrintf(last, sizeof(last), "0 to %d", size - 1));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPartitionSetSizes(p, 2, sizes));
  PetscCall(HGPartitionSetParts(p, parts));
  REFUSED(HGPartitionSetReplicated(p, 5, PETSC_TRUE), "a sixth axis", "axis 5", "0 to 4");
  REFUSED(HGPartitionSetRanges(p, -1, lens), "axis -1", "axis -1", "0 to 4");
  PetscCall(HGPartitionSetRanks(p, 1, outside));
  REFUSED(HGPartitionSetUp(p), "a rank that the communicator lacks", "rank ", last);
  PetscCall(HGPartitionDestroy(&p));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPartitionSetSizes(p, 2, sizes));
  PetscCall(HGPartitionSetParts(p, parts));
  PetscCall(HGPartitionSetRanges(p, HG_X, lens));
  outside[0] = 0;
  PetscCall(HGPartitionSetRanks(p, 1, outside));
  REFUSED(HGPartitionSetUp(p), "parts that do not add up", " 3 ", " 4");
  PetscCall(HGPartitionDestroy(&p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckOperators(void)
{
  const HGBox inside = {{0, 0, 0, 0, 0}, {1, 2, 1, 9, 3}}, overlap = {{0, 0, 0, 0, 2}, {1, 2, 1, 9, 3}},
              outside       = {{0, 0, 0, 0, 5}, {1, 2, 1, 9, 3}};
  const PetscInt halo[3][2] = {{0, 0}, {0, 1}, {1, 0}};
  Layout         l          = Grid(9, 7), m;
  HGTensor       x, y, z, own;
  HGLinOp        op, pair[2];
  PetscMPIInt    size;
  HGLinOp        sub;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  m              = l;
  m.copies[HG_Y] = PETSC_TRUE;
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &l, HG_F64, NULL, &x));
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &l, HG_F64, halo, &y));
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &m, HG_F64, NULL, &z));
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &op));
  REFUSED(HGLinOpSetType(op, "teleport"), "an unknown type", "teleport", "repartition");
  REFUSED(HGLinOpSetUp(op), "no type", "HGLinOpSetType()", "HGLinOpSetUp()");
  REFUSED(HGLinOpSetStages(op, 3), "three stages", "3", "1 or 2");
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(MakeOp(HGLINOPCOPY, x, x, &op));
  PetscCall(HGLinOpSetBoxes(op, &inside, &overlap));
  REFUSED(HGLinOpSetUp(op), "boxes with common points", "copy", "disjoint");
  PetscCall(HGLinOpSetBoxes(op, &inside, &outside));
  REFUSED(HGLinOpSetUp(op), "a box beyond the tensor", "5 to 7", "with 7");
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(MakeOp(HGLINOPHALO, x, y, &pair[0]));
  PetscCall(MakeOp(HGLINOPCOPY, x, x, &pair[1]));
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &op));
  PetscCall(HGLinOpSetType(op, HGLINOPCOMPOSE));
  REFUSED(HGLinOpSetUp(op), "a product of nothing", "compose", "HGLinOpSetOperators()");
  PetscCall(HGLinOpSetOperators(op, 2, pair));
  REFUSED(HGLinOpSetUp(op), "a product of operators that do not fit", "operator 1", "ghost");
  PetscCall(HGLinOpDestroy(&op));
  for (int i = 0; i < 2; i++) PetscCall(HGLinOpDestroy(&pair[i]));
  if (size > 1) {
    char copies[32];

    PetscCall(PetscSNPrintf(copies, sizeof(copies), "%d copies", size));
    PetscCall(MakeOp(HGLINOPREPARTITION, z, x, &op));
    REFUSED(HGLinOpSetUp(op), "a repartition of copies", copies, "axis y");
    PetscCall(HGLinOpDestroy(&op));
    m = (Layout){.dim = 2, .size = {1, 2, 1, 9, 7}};
    PetscCall(MakeTensor(PETSC_COMM_SELF, &m, HG_F64, NULL, &own));
    PetscCall(MakeOp(HGLINOPREPARTITION, x, own, &sub));
    REFUSED(HGLinOpSetUp(sub), "a tensor on another communicator", "of 1 ", "ranks");
    PetscCall(HGLinOpDestroy(&sub));
    PetscCall(HGTensorDestroy(&own));
  }
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscCall(HGTensorDestroy(&z));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(CheckSizes());
  PetscCall(CheckHalos());
  PetscCall(CheckPartitions());
  PetscCall(CheckOperators());
  PetscCall(HGFinalize());
  return 0;
}
