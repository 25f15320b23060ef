/* SPDX-License-Identifier: BSD-2-Clause */
/* Halos as strided and dilated kernels need them, of another width on each part: just the points that are read, and the exchange of
   them equals its serial definition. The configurations of DistDL's tests are among them. */
#include "linopcheck.h"

typedef struct {
  PetscInt    dim, size[3], parts[3]; /* z, y, x */
  PetscMPIInt ranks;
  HGStencil   s;
  HGDType     dtype;
} Case;

static const Case cases[] = {
    {1, {1, 1, 10}, {1, 1, 3}, 3, {{1, 1, 2}, {1, 1, 2}, {0, 0, 0}, {1, 1, 1}}, HG_F32},
    {1, {1, 1, 23}, {1, 1, 4}, 4, {{1, 1, 5}, {1, 1, 3}, {0, 0, 2}, {1, 1, 2}}, HG_F64},
    {2, {1, 10, 7}, {1, 3, 3}, 9, {{1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}}, HG_F64},
    {2, {1, 10, 7}, {1, 3, 3}, 9, {{1, 3, 2}, {1, 1, 2}, {0, 0, 0}, {1, 1, 1}}, HG_F32},
    {3, {50, 50, 50}, {3, 3, 2}, 18, {{5, 4, 3}, {3, 1, 2}, {1, 1, 2}, {3, 3, 1}}, HG_F64},
};

static Take SourceOf(void *ctx, const PetscInt g[HG_AXES], PetscInt src[HG_AXES])
{
  const Case *c = (const Case *)ctx;

  for (int a = 0; a < HG_AXES; a++) src[a] = g[a];
  for (int a = 0; a < 3; a++)
    if (g[HG_Z + a] < 0 || g[HG_Z + a] >= c->size[a]) return ZERO;
  return SOURCE;
}

/* The ghosts are those of the taps of the part's own outputs, found one by one */
static PetscErrorCode CheckWidths(const Case *c, HGTensor x, HGPartition out)
{
  const HGTensorLocal *l;
  HGBox                box;
  PetscMPIInt          rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(HGTensorGetLocal(x, &l));
  PetscCall(HGPartitionGetBox(out, rank, &box));
  for (int a = 0; a < 3; a++) {
    PetscInt lo = 0, hi = 0;

    for (PetscInt o = box.start[HG_Z + a]; o < box.start[HG_Z + a] + box.size[HG_Z + a]; o++) {
      for (PetscInt k = 0; k < c->s.kernel[a]; k++) {
        const PetscInt g = o * c->s.stride[a] - c->s.padding[a] + k * c->s.dilation[a];

        lo = PetscMax(lo, l->box.start[HG_Z + a] - g);
        hi = PetscMax(hi, g + 1 - l->box.start[HG_Z + a] - l->box.size[HG_Z + a]);
      }
    }
    PetscCheck(lo == l->halo[a][0] && hi == l->halo[a][1], PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "axis %d: halo %" PetscInt_FMT "+%" PetscInt_FMT ", expected %" PetscInt_FMT "+%" PetscInt_FMT, a, l->halo[a][0],
               l->halo[a][1], lo, hi);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckCase(const Case *c)
{
  Layout in = {.dim = c->dim, .size = {1, 1, c->size[0], c->size[1], c->size[2]}, .parts = {1, 1, c->parts[0], c->parts[1], c->parts[2]}},
         l  = in;
  HGPartition p, out;
  HGTensor    x;
  HGLinOp     op;
  Movement    m = {.ghosts = PETSC_TRUE, .source = SourceOf, .ctx = (void *)c};

  PetscFunctionBegin;
  for (int a = 0; a < 3; a++)
    l.size[HG_Z + a] = (c->size[a] + 2 * c->s.padding[a] - c->s.dilation[a] * (c->s.kernel[a] - 1) - 1) / c->s.stride[a] + 1;
  PetscCall(MakePartition(PETSC_COMM_WORLD, &in, &p));
  PetscCall(MakePartition(PETSC_COMM_WORLD, &l, &out));
  PetscCall(HGTensorCreate(p, c->dtype, &x));
  PetscCall(HGTensorSetStencilHalo(x, out, &c->s));
  PetscCall(HGTensorSetUp(x));
  PetscCall(CheckWidths(c, x, out));
  m.src = m.dst = x;
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &op));
  PetscCall(HGLinOpSetType(op, HGLINOPHALO));
  PetscCall(HGLinOpSetTensors(op, x, x));
  PetscCall(HGLinOpSetUp(op));
  PetscCall(CheckTraffic(op, &m));
  PetscCall(CheckAdjointIdentity(op));
  PetscCall(CheckInPlace(op, &m, x));
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGPartitionDestroy(&p));
  PetscCall(HGPartitionDestroy(&out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscMPIInt ranks;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(cases); i++)
    if (cases[i].ranks == ranks) PetscCall(CheckCase(&cases[i]));
  PetscCall(HGFinalize());
  return 0;
}
