/* SPDX-License-Identifier: BSD-2-Clause */
/* Repartitions, collectives, padding and truncation, and their adjoints, equal their serial definitions in every entry, with the
   messages and bytes that these need. The configurations of DistDL's tests are among them. */
#include "linopcheck.h"

typedef struct {
  const char *type;
  Layout      x, y;
  PetscMPIInt ranks; /* that the layouts need; others have nothing */
  PetscInt    offset[HG_AXES], low[HG_AXES];
  HGBoundary  boundary[3];
  PetscInt    stages; /* of broadcast and sum-reduce: 1, or 2 */
} Case;

/* ---- serial definitions ---- */

static Take Same(void *ctx, const PetscInt g[HG_AXES], PetscInt src[HG_AXES])
{
  (void)ctx;
  for (int a = 0; a < HG_AXES; a++) src[a] = g[a];
  return SOURCE;
}

static Take Padded(void *ctx, const PetscInt g[HG_AXES], PetscInt src[HG_AXES])
{
  const Case *c    = (const Case *)ctx;
  Take        take = SOURCE;

  for (int a = 0; a < HG_AXES; a++) {
    const PetscInt   n = PetscMax(1, c->x.size[a]);
    const HGBoundary b = a < HG_Z ? HG_BOUNDARY_ZERO : c->boundary[a - HG_Z];

    src[a] = g[a] - c->offset[a];
    if (src[a] >= 0 && src[a] < n) continue;
    if (b == HG_BOUNDARY_NONE || b == HG_BOUNDARY_ZERO) take = ZERO;
    if (b == HG_BOUNDARY_PERIODIC) src[a] += src[a] < 0 ? n : -n;
    if (b == HG_BOUNDARY_REFLECT) src[a] = src[a] < 0 ? -src[a] : 2 * (n - 1) - src[a];
    if (b == HG_BOUNDARY_REPLICATE) src[a] = src[a] < 0 ? 0 : n - 1;
  }
  return take;
}

static Take Cropped(void *ctx, const PetscInt g[HG_AXES], PetscInt src[HG_AXES])
{
  const Case *c = (const Case *)ctx;

  for (int a = 0; a < HG_AXES; a++) src[a] = g[a] + c->offset[a];
  return SOURCE;
}

/* x is the larger tensor for restrict, y for zerofill */
static Take Kept(void *ctx, const PetscInt g[HG_AXES], PetscInt src[HG_AXES])
{
  const Case *c = (const Case *)ctx;

  for (int a = 0; a < HG_AXES; a++) {
    const PetscInt nx = PetscMax(1, c->x.size[a]), ny = PetscMax(1, c->y.size[a]);

    src[a] = g[a] < c->low[a] ? g[a] : g[a] + PetscMax(nx, ny) - PetscMin(nx, ny);
  }
  return SOURCE;
}

static Take (*Definition(const Case *c, PetscBool *reversed))(void *, const PetscInt *, PetscInt *)
{
  const char *t = c->type;

  *reversed = !strcmp(t, HGLINOPSUMREDUCE) || !strcmp(t, HGLINOPZEROFILL) ? PETSC_TRUE : PETSC_FALSE;
  if (!strcmp(t, HGLINOPPAD) || !strcmp(t, HGLINOPALLOCATE)) return Padded;
  if (!strcmp(t, HGLINOPCROP) || !strcmp(t, HGLINOPDEALLOCATE)) return Cropped;
  if (!strcmp(t, HGLINOPRESTRICT) || !strcmp(t, HGLINOPZEROFILL)) return Kept;
  return Same;
}

/* ---- all-sum-reduce ---- */

static PetscErrorCode CheckSums(HGTensor t)
{
  HGPartition p;
  PetscMPIInt size;
  PetscInt    g[HG_AXES];
  ptrdiff_t   at;
  Walk        w;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PetscObjectComm((PetscObject)t), &size));
  PetscCall(HGTensorGetPartition(t, &p));
  PetscCall(WalkStart(t, PETSC_FALSE, &w));
  while (WalkNext(&w, g, &at)) {
    double sum = 0;

    for (PetscMPIInt r = 0; r < size; r++) {
      HGBox     box;
      PetscBool in = PETSC_TRUE;

      PetscCall(HGPartitionGetBox(p, r, &box));
      for (int a = 0; a < HG_AXES; a++)
        if (g[a] < box.start[a] || g[a] >= box.start[a] + box.size[a]) in = PETSC_FALSE;
      if (in) sum += Value(r, g);
    }
    if (Get(&w, at) != sum) Differs("sum", g, Get(&w, at), sum);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckAllSumReduce(HGLinOp op, HGTensor x, HGTensor y)
{
  PetscFunctionBegin;
  PetscCall(FillValues(x, PETSC_FALSE));
  PetscCall(HGTensorSet(y, GARBAGE));
  PetscCall(HGLinOpApply(op, x, y));
  PetscCall(CheckSums(y));
  PetscCall(FillValues(y, PETSC_FALSE));
  PetscCall(HGLinOpApplyAdjoint(op, y, y));
  PetscCall(CheckSums(y));
  PetscCall(CheckAdjointIdentity(op));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- one case ---- */

static PetscErrorCode CheckCase(const Case *given, HGDType dtype)
{
  Case     c = *given;
  HGTensor x, y;
  HGLinOp  op;
  Movement m = {.ctx = &c};

  PetscFunctionBegin;
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &c.x, dtype, NULL, &x));
  PetscCall(MakeTensor(PETSC_COMM_WORLD, &c.y, dtype, NULL, &y));
  m.source = Definition(&c, &m.reversed);
  m.src    = m.reversed ? y : x;
  m.dst    = m.reversed ? x : y;
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &op));
  PetscCall(HGLinOpSetType(op, c.type));
  PetscCall(HGLinOpSetTensors(op, x, y));
  PetscCall(HGLinOpSetOffset(op, c.offset));
  if (m.source == Padded) PetscCall(HGLinOpSetBoundary(op, c.boundary));
  if (m.source == Kept) PetscCall(HGLinOpSetLow(op, c.low));
  if (c.stages) PetscCall(HGLinOpSetStages(op, c.stages));
  PetscCall(HGLinOpSetUp(op));
  if (!strcmp(c.type, HGLINOPALLSUMREDUCE)) PetscCall(CheckAllSumReduce(op, x, y));
  else PetscCall(CheckMovement(op, &m));
  if (c.stages < 2 && strcmp(c.type, HGLINOPALLSUMREDUCE)) PetscCall(CheckTraffic(op, &m));
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define O          HG_BOUNDARY_ZERO
#define P          HG_BOUNDARY_PERIODIC
#define R          HG_BOUNDARY_REFLECT
#define C          HG_BOUNDARY_REPLICATE
#define WHOLE(...) .size = {__VA_ARGS__}

static const PetscMPIInt R0[] = {0}, R1[] = {1}, R2[] = {2}, R3[] = {3}, R4[] = {4};
static const PetscMPIInt R4to15[] = {4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, R5to16[] = {5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
/* a 2x2x1 grid of ranks 4-7 whose transpose is 1x2x2: rank of part (y, x) is that of part (x, y) */
static const PetscMPIInt T4to7[] = {4, 6, 5, 7}, T0to3[] = {0, 2, 1, 3};
static const PetscMPIInt odd[]   = {4, 1, 3};
static const PetscInt    rows4[] = {20, 19, 19, 19}, skew4[] = {40, 0, 30, 7}, skew3[] = {1, 60, 16}, skewx[] = {5, 0, 25, 25};

/* clang-format off */
/* size [N][C][Z][Y][X], parts the same; a local tensor [1,7,5] of each of 2x2 parts is a part of [2,14,5] */
static const Case cases[] = {
  /* on one rank */
  {HGLINOPREPARTITION, {2, WHOLE(1, 1, 1, 77, 55)}, {2, WHOLE(1, 1, 1, 77, 55)}, .ranks = 1},
  {HGLINOPBROADCAST, {2, WHOLE(1, 1, 1, 7, 5)}, {2, WHOLE(1, 1, 1, 7, 5), .copies = {0, 0, 0, 1, 1}}, .ranks = 1},
  {HGLINOPPAD, {2, WHOLE(1, 2, 1, 6, 5)}, {2, WHOLE(2, 3, 1, 11, 12)}, .ranks = 1, .offset = {1, 1, 0, 2, 4}, .boundary = {O, R, P}},
  {HGLINOPRESTRICT, {3, WHOLE(1, 2, 6, 8, 9)}, {3, WHOLE(1, 2, 4, 5, 3)}, .ranks = 1, .low = {1, 2, 2, 3, 3}},
  {HGLINOPZEROFILL, {3, WHOLE(1, 2, 4, 5, 3)}, {3, WHOLE(1, 2, 6, 8, 9)}, .ranks = 1, .low = {1, 2, 2, 3, 3}},
  /* two */
  {HGLINOPSENDRECV, {1, WHOLE(1, 3, 1, 1, 5), .ranks = R0}, {1, WHOLE(1, 3, 1, 1, 5), .ranks = R1}, .ranks = 2},
  {HGLINOPSCATTER, {1, WHOLE(2, 3, 1, 1, 7), .ranks = R1}, {1, WHOLE(2, 3, 1, 1, 7), .parts = {1, 1, 1, 1, 2}}, .ranks = 2},
  {HGLINOPGATHER, {2, WHOLE(2, 4, 1, 3, 3), .parts = {1, 2}}, {2, WHOLE(2, 4, 1, 3, 3), .ranks = R1}, .ranks = 2},
  {HGLINOPREPARTITION, {2, WHOLE(4, 6, 1, 5, 5), .parts = {2}}, {2, WHOLE(4, 6, 1, 5, 5), .parts = {1, 2}}, .ranks = 2},
  {HGLINOPALLOCATE,
   {1, WHOLE(1, 1, 1, 1, 6), .parts = {1, 1, 1, 1, 2}},
   {1, WHOLE(2, 1, 1, 1, 11), .parts = {1, 1, 1, 1, 2}},
   .ranks = 2},
  {HGLINOPDEALLOCATE, {1, WHOLE(2, 1, 1, 1, 11), .parts = {2}}, {1, WHOLE(2, 1, 1, 1, 6), .parts = {1, 1, 1, 1, 2}}, .ranks = 2},
  {HGLINOPALLSUMREDUCE,
   {2, WHOLE(1, 2, 1, 3, 5), .parts = {2}, .copies = {1}},
   {2, WHOLE(1, 2, 1, 3, 5), .parts = {2}, .copies = {1}},
   .ranks = 2},
  /* three */
  {HGLINOPBROADCAST,
   {2, WHOLE(1, 1, 1, 7, 5), .ranks = R2},
   {2, WHOLE(1, 1, 1, 7, 5), .parts = {1, 1, 1, 1, 3}, .copies = {0, 0, 0, 0, 1}},
   .ranks = 3},
  {HGLINOPSUMREDUCE,
   {2, WHOLE(1, 1, 1, 7, 5), .parts = {1, 1, 1, 1, 3}, .copies = {0, 0, 0, 0, 1}},
   {2, WHOLE(1, 1, 1, 7, 5), .ranks = R2},
   .ranks = 3},
  {HGLINOPPAD,
   {3, WHOLE(1, 2, 4, 3, 5), .parts = {1, 1, 3}},
   {3, WHOLE(1, 2, 9, 5, 9), .parts = {1, 1, 1, 1, 3}},
   .ranks = 3,
   .offset = {0, 0, 3, 1, 2},
   .boundary = {P, C, R}},
  {HGLINOPCROP,
   {2, WHOLE(1, 2, 1, 9, 7), .parts = {1, 1, 1, 3}},
   {2, WHOLE(1, 1, 1, 4, 5), .parts = {1, 1, 1, 1, 3}},
   .ranks = 3,
   .offset = {0, 1, 0, 3, 1}},
  /* four */
  {HGLINOPBROADCAST,
   {2, WHOLE(1, 1, 1, 7, 5), .ranks = R3},
   {2, WHOLE(1, 1, 1, 7, 5), .parts = {1, 1, 1, 1, 3}, .copies = {0, 0, 0, 0, 1}},
   .ranks = 4},
  {HGLINOPSUMREDUCE,
   {2, WHOLE(2, 1, 1, 7, 5), .parts = {2, 1, 1, 2}, .copies = {1}},
   {2, WHOLE(2, 1, 1, 7, 5), .parts = {1, 1, 1, 1, 2}},
   .ranks = 4},
  {HGLINOPREPARTITION,
   {2, WHOLE(1, 1, 1, 77, 55), .parts = {1, 1, 1, 4, 1}},
   {2, WHOLE(1, 1, 1, 77, 55), .parts = {1, 1, 1, 2, 2}},
   .ranks = 4},
  {HGLINOPRESTRICT,
   {3, WHOLE(2, 2, 6, 8, 9), .parts = {1, 1, 2, 2}},
   {3, WHOLE(2, 2, 4, 5, 3), .parts = {2, 2}},
   .ranks = 4,
   .low = {2, 2, 2, 3, 3}},
  {HGLINOPZEROFILL,
   {3, WHOLE(2, 2, 4, 5, 3), .parts = {2, 2}},
   {3, WHOLE(2, 2, 6, 8, 9), .parts = {1, 1, 2, 2}},
   .ranks = 4,
   .low = {2, 2, 2, 3, 3}},
  {HGLINOPALLSUMREDUCE,
   {2, WHOLE(1, 3, 1, 4, 6), .parts = {2, 1, 1, 1, 2}, .copies = {1}},
   {2, WHOLE(1, 3, 1, 4, 6), .parts = {2, 1, 1, 1, 2}, .copies = {1}},
   .ranks = 4},
  {HGLINOPBROADCAST,
   {2, WHOLE(1, 3, 1, 4, 6), .ranks = R1},
   {2, WHOLE(1, 3, 1, 4, 6), .parts = {2, 2}, .copies = {1, 1}},
   .ranks = 4,
   .stages = 2},
  {HGLINOPSUMREDUCE,
   {2, WHOLE(1, 3, 1, 4, 6), .parts = {2, 2}, .copies = {1, 1}},
   {2, WHOLE(1, 3, 1, 4, 6), .ranks = R3},
   .ranks = 4,
   .stages = 2},
  /* five and six */
  {HGLINOPBROADCAST,
   {2, WHOLE(1, 1, 1, 7, 5), .ranks = R4},
   {2, WHOLE(1, 1, 1, 7, 5), .parts = {1, 1, 1, 1, 3}, .copies = {0, 0, 0, 0, 1}},
   .ranks = 5},
  {HGLINOPREPARTITION,
   {1, WHOLE(1, 2, 1, 1, 23), .parts = {1, 1, 1, 1, 5}},
   {1, WHOLE(1, 2, 1, 1, 23), .parts = {1, 1, 1, 1, 3}, .ranks = odd},
   .ranks = 5},
  {HGLINOPREPARTITION, {2, WHOLE(1, 1, 1, 13, 11), .ranks = R4}, {2, WHOLE(1, 1, 1, 13, 11), .parts = {1, 1, 1, 2, 3}}, .ranks = 6},
  /* seven */
  {HGLINOPREPARTITION, {1, WHOLE(1, 3, 1, 1, 23), .parts = {1, 1, 1, 1, 7}}, {1, WHOLE(1, 3, 1, 1, 23), .parts = {1, 3}}, .ranks = 7},
  {HGLINOPALLSUMREDUCE,
   {2, WHOLE(1, 3, 1, 4, 6), .parts = {7}, .copies = {1}},
   {2, WHOLE(1, 3, 1, 4, 6), .parts = {7}, .copies = {1}},
   .ranks = 7},
  {HGLINOPPAD,
   {1, WHOLE(1, 1, 1, 1, 9), .parts = {1, 1, 1, 1, 7}},
   {1, WHOLE(1, 1, 1, 1, 21), .parts = {1, 1, 1, 1, 5}},
   .ranks = 7,
   .offset = {0, 0, 0, 0, 7},
   .boundary = {O, O, R}},
  /* eight and nine */
  {HGLINOPBROADCAST,
   {3, WHOLE(1, 1, 4, 4, 3), .parts = {1, 1, 1, 2, 2}, .ranks = (const PetscMPIInt[]){2, 3, 4, 5}},
   {3, WHOLE(1, 1, 4, 4, 3), .parts = {1, 1, 2, 2, 2}, .copies = {0, 0, 1}},
   .ranks = 8},
  {HGLINOPALLSUMREDUCE,
   {3, WHOLE(1, 2, 3, 4, 5), .parts = {1, 1, 2, 2, 2}, .copies = {0, 0, 1, 1, 1}},
   {3, WHOLE(1, 2, 3, 4, 5), .parts = {1, 1, 2, 2, 2}, .copies = {0, 0, 1, 1, 1}},
   .ranks = 8},
  {HGLINOPREPARTITION,
   {3, WHOLE(2, 4, 5, 6, 7), .parts = {2, 2, 1, 2, 1}},
   {3, WHOLE(2, 4, 5, 6, 7), .parts = {1, 1, 3, 1, 3}},
   .ranks = 9},
  /* twelve */
  {HGLINOPBROADCAST,
   {3, WHOLE(1, 1, 2, 14, 5), .parts = {1, 1, 2, 2, 1}, .ranks = (const PetscMPIInt[]){4, 5, 6, 7}},
   {3, WHOLE(1, 1, 2, 14, 5), .parts = {1, 1, 2, 2, 3}, .copies = {0, 0, 0, 0, 1}},
   .ranks = 12},
  {HGLINOPBROADCAST,
   {3, WHOLE(1, 1, 1, 14, 10), .parts = {1, 1, 1, 2, 2}, .ranks = T4to7},
   {3, WHOLE(1, 1, 1, 14, 10), .parts = {1, 1, 3, 2, 2}, .copies = {0, 0, 1}},
   .ranks = 12},
  {HGLINOPSUMREDUCE,
   {3, WHOLE(1, 1, 2, 14, 5), .parts = {1, 1, 2, 2, 3}, .copies = {0, 0, 0, 0, 1}},
   {3, WHOLE(1, 1, 2, 14, 5), .parts = {1, 1, 2, 2, 1}, .ranks = (const PetscMPIInt[]){4, 5, 6, 7}},
   .ranks = 12},
  {HGLINOPREPARTITION,
   {2, WHOLE(1, 1, 1, 77, 55), .parts = {1, 1, 1, 4, 1}, .ranks = (const PetscMPIInt[]){4, 5, 6, 7}},
   {2, WHOLE(1, 1, 1, 77, 55), .parts = {1, 1, 1, 3, 4}},
   .ranks = 12},
  {HGLINOPREPARTITION,
   {2, WHOLE(1, 1, 1, 77, 55), .parts = {1, 1, 1, 4, 1}, .range = {0, 0, 0, skew4, 0}, .ranks = (const PetscMPIInt[]){4, 5, 6, 7}},
   {2, WHOLE(1, 1, 1, 77, 55), .parts = {1, 1, 1, 3, 4}, .range = {0, 0, 0, skew3, skewx}},
   .ranks = 12},
  {HGLINOPSCATTER, {2, WHOLE(1, 1, 1, 77, 55), .ranks = R4}, {2, WHOLE(1, 1, 1, 77, 55), .parts = {1, 1, 1, 3, 4}}, .ranks = 12},
  {HGLINOPGATHER, {2, WHOLE(1, 1, 1, 77, 55), .parts = {1, 1, 1, 3, 4}}, {2, WHOLE(1, 1, 1, 77, 55), .ranks = R4}, .ranks = 12},
  {HGLINOPBROADCAST,
   {2, WHOLE(1, 1, 1, 30, 344), .ranks = R2},
   {2, WHOLE(1, 1, 1, 30, 344), .parts = {12}, .copies = {1}},
   .ranks = 12,
   .stages = 2},
  /* sixteen and seventeen */
  {HGLINOPBROADCAST,
   {3, WHOLE(1, 1, 2, 14, 5), .parts = {1, 1, 2, 2, 1}},
   {3, WHOLE(1, 1, 2, 14, 5), .parts = {1, 1, 2, 2, 3}, .ranks = R4to15, .copies = {0, 0, 0, 0, 1}},
   .ranks = 16},
  {HGLINOPBROADCAST,
   {3, WHOLE(1, 1, 1, 14, 10), .parts = {1, 1, 1, 2, 2}, .ranks = T0to3},
   {3, WHOLE(1, 1, 1, 14, 10), .parts = {1, 1, 3, 2, 2}, .ranks = R4to15, .copies = {0, 0, 1}},
   .ranks = 16},
  {HGLINOPSUMREDUCE,
   {3, WHOLE(1, 1, 1, 14, 10), .parts = {1, 1, 3, 2, 2}, .ranks = R4to15, .copies = {0, 0, 1}},
   {3, WHOLE(1, 1, 1, 14, 10), .parts = {1, 1, 1, 2, 2}, .ranks = T0to3},
   .ranks = 16},
  {HGLINOPREPARTITION,
   {2, WHOLE(1, 1, 1, 77, 55), .parts = {1, 1, 1, 4, 1}, .range = {0, 0, 0, rows4, 0}},
   {2, WHOLE(1, 1, 1, 77, 55), .parts = {1, 1, 1, 3, 4}, .ranks = R4to15},
   .ranks = 16},
  {HGLINOPBROADCAST,
   {3, WHOLE(1, 2, 4, 4, 3), .parts = {1, 2, 2, 2, 1}, .ranks = (const PetscMPIInt[]){4, 5, 6, 7, 8, 9, 10, 11}},
   {3, WHOLE(1, 2, 4, 4, 3), .parts = {2, 2, 2, 2, 1}, .copies = {1}},
   .ranks = 16},
  {HGLINOPBROADCAST,
   {3, WHOLE(1, 1, 2, 14, 5), .parts = {1, 1, 2, 2, 1}},
   {3, WHOLE(1, 1, 2, 14, 5), .parts = {1, 1, 2, 2, 3}, .ranks = R5to16, .copies = {0, 0, 0, 0, 1}},
   .ranks = 17},
  {HGLINOPREPARTITION,
   {2, WHOLE(1, 1, 1, 77, 55), .parts = {1, 1, 1, 4, 1}},
   {2, WHOLE(1, 1, 1, 77, 55), .parts = {1, 1, 1, 3, 4}, .ranks = R5to16},
   .ranks = 17},
};
/* clang-format on */

/* All-sum-reduce on 2x2x3 with every subset of the axes */
static PetscErrorCode CheckSubsets(void)
{
  PetscFunctionBegin;
  for (int set = 0; set < 8; set++) {
    Layout l = {3, WHOLE(1, 1, 3, 4, 5), .parts = {1, 1, 2, 2, 3}};
    Case   c = {HGLINOPALLSUMREDUCE, .ranks = 12};

    for (int a = 0; a < 3; a++) l.copies[HG_Z + a] = set & 1 << a ? PETSC_TRUE : PETSC_FALSE;
    c.x = c.y = l;
    PetscCall(CheckCase(&c, set % 2 ? HG_F64 : HG_F32));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscMPIInt ranks, most = 0;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(cases); i++)
    if (cases[i].ranks <= ranks) most = PetscMax(most, cases[i].ranks);
  /* all that fit on few ranks, so that some ranks have nothing; on many ranks those that need most of them */
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(cases); i++) {
    if (cases[i].ranks > ranks || (ranks > 6 && cases[i].ranks < most)) continue;
    PetscCall(CheckCase(&cases[i], i % 2 ? HG_F64 : HG_F32));
    if (ranks <= 3) PetscCall(CheckCase(&cases[i], i % 2 ? HG_F32 : HG_F64));
  }
  if (ranks == 12) PetscCall(CheckSubsets());
  PetscCall(HGFinalize());
  return 0;
}
