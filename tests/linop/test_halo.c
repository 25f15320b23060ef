/* SPDX-License-Identifier: BSD-2-Clause */
/* The halo operator and its adjoint equal their serial definition, in every entry, in and out of place. */
#include "linopcheck.h"

typedef struct {
  PetscInt   size[HG_AXES];
  PetscInt   halo[3][2];
  HGBoundary boundary[3];
  HGTensor   y;
} Halo;

/* Where a ghost point's value comes from, found by walking: around the period, or back and forth between the walls */
static Take SourceOf(void *ctx, const PetscInt g[HG_AXES], PetscInt src[HG_AXES])
{
  const Halo *h    = (const Halo *)ctx;
  Take        take = SOURCE;

  for (int a = 0; a < HG_AXES; a++) {
    const PetscInt n = h->size[a];

    src[a] = g[a];
    if (g[a] >= 0 && g[a] < n) continue;
    switch (h->boundary[a - HG_Z]) {
    case HG_BOUNDARY_NONE:
      return UNTOUCHED;
    case HG_BOUNDARY_ZERO:
      take = ZERO;
      break;
    case HG_BOUNDARY_PERIODIC:
      while (src[a] < 0) src[a] += n;
      while (src[a] >= n) src[a] -= n;
      break;
    case HG_BOUNDARY_REFLECT:
      while (src[a] < 0 || src[a] >= n) src[a] = src[a] < 0 ? -src[a] : 2 * (n - 1) - src[a];
      break;
    case HG_BOUNDARY_REPLICATE:
      src[a] = PetscMin(PetscMax(src[a], 0), n - 1);
    }
  }
  return take;
}

static PetscErrorCode CheckHalo(const Layout *l, HGDType dtype, Halo *h)
{
  HGTensor x, y;
  HGLinOp  op, in_place;
  Movement m = {.ghosts = PETSC_TRUE, .source = SourceOf, .ctx = h};

  PetscFunctionBegin;
  PetscCall(MakeTensor(PETSC_COMM_WORLD, l, dtype, NULL, &x));
  PetscCall(MakeTensor(PETSC_COMM_WORLD, l, dtype, h->halo, &y));
  for (int a = 0; a < HG_AXES; a++) h->size[a] = PetscMax(1, l->size[a]);
  m.src = x;
  m.dst = y;
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &op));
  PetscCall(HGLinOpSetType(op, HGLINOPHALO));
  PetscCall(HGLinOpSetTensors(op, x, y));
  PetscCall(HGLinOpSetBoundary(op, h->boundary));
  PetscCall(HGLinOpSetUp(op));
  PetscCall(CheckMovement(op, &m));
  PetscCall(CheckTraffic(op, &m));
  m.src = y;
  PetscCall(HGLinOpCreate(PETSC_COMM_WORLD, &in_place));
  PetscCall(HGLinOpSetType(in_place, HGLINOPHALO));
  PetscCall(HGLinOpSetTensors(in_place, y, y));
  PetscCall(HGLinOpSetBoundary(in_place, h->boundary));
  PetscCall(HGLinOpSetUp(in_place));
  PetscCall(CheckInPlace(in_place, &m, y));
  PetscCall(HGLinOpDestroy(&op));
  PetscCall(HGLinOpDestroy(&in_place));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const HGBoundary N = HG_BOUNDARY_NONE, O = HG_BOUNDARY_ZERO, P = HG_BOUNDARY_PERIODIC, R = HG_BOUNDARY_REFLECT,
                        C = HG_BOUNDARY_REPLICATE;

/* All ways to give the ranks parts of a grid, with the sets of boundaries and widths in turn: all of them on few ranks */
static PetscErrorCode CheckAllParts(PetscInt dim, PetscMPIInt ranks)
{
  const HGBoundary boundary[][3] = {{O, O, O}, {P, P, P}, {R, R, R}, {C, C, C}, {N, N, N},
                                    {O, P, R}, {C, O, P}, {P, R, N}, {N, C, O}, {R, P, C}};
  const PetscInt   halo[][3][2]  = {{{1, 1}, {1, 1}, {1, 1}}, {{2, 1}, {0, 3}, {3, 2}}, {{0, 0}, {3, 3}, {0, 1}}};
  const PetscInt   size[][3]     = {{7, 8, 10}, {4, 6, 7}, {5, 4, 4}}; /* Z Y X */
  const int        tried         = ranks < 3 ? 10 : ranks < 5 ? 3 : ranks < 7 ? 2 : 1;
  int              k             = 0;

  PetscFunctionBegin;
  for (PetscInt z = 1; z <= (dim > 2 ? ranks : 1); z++) {
    for (PetscInt y = 1; y <= (dim > 1 ? ranks : 1); y++) {
      const PetscInt x = ranks / z / y;

      if (x * y * z != ranks || (ranks > 8 && PetscMax(x, PetscMax(y, z)) > 4)) continue; /* on many ranks the compact ones */
      for (int b = 0; b < tried; b++, k++) {
        const PetscInt *s = size[k / 2 % 3];
        Layout          l = {.dim = dim,
                             .size = {1 + k % 2, 1 + k / 2 % 3, dim > 2 ? PetscMax(s[0], z) : 1, dim > 1 ? PetscMax(s[1], y) : 1, PetscMax(s[2], x)},
                             .parts = {1, 1, z, y, x}};
        Halo            h = {0};

        for (int a = 3 - (int)dim; a < 3; a++)
          for (int side = 0; side < 2; side++) h.halo[a][side] = halo[k % 3][a][side];
        PetscCall(PetscArraycpy(h.boundary, boundary[k % 10], 3));
        PetscCall(CheckHalo(&l, k % 2 ? HG_F32 : HG_F64, &h));
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Parts given by hand: thin, uneven, empty, on ranks in another order, with batch and channels divided too */
static PetscErrorCode CheckSpecial(PetscMPIInt ranks)
{
  static const PetscInt    thin[] = {2, 2, 2}, uneven[] = {5, 0, 3}, pair[] = {1, 6};
  static const PetscMPIInt order[] = {2, 0, 1}, two[] = {1, 0};
  Halo                     wide  = {.halo = {{0, 0}, {0, 0}, {3, 3}}, .boundary = {O, O, P}};
  Halo                     far   = {.halo = {{0, 0}, {5, 0}, {7, 6}}, .boundary = {O, C, O}};
  Halo                     mixed = {.halo = {{0, 0}, {2, 1}, {1, 2}}, .boundary = {O, R, C}};

  PetscFunctionBegin;
  PetscCall(CheckHalo(&(Layout){.dim = 2, .size = {1, 2, 1, 4, 5}, .parts = {1, 1, 1, 1, PetscMin(ranks, 3)}}, HG_F64, &far));
  if (ranks >= 3) {
    PetscCall(CheckHalo(&(Layout){.dim = 1, .size = {1, 2, 1, 1, 6}, .parts = {1, 1, 1, 1, 3}, .range = {NULL, NULL, NULL, NULL, thin}},
                        HG_F64, &wide));
    PetscCall(CheckHalo(
        &(Layout){.dim = 1, .size = {2, 1, 1, 1, 8}, .parts = {1, 1, 1, 1, 3}, .range = {NULL, NULL, NULL, NULL, uneven}, .ranks = order},
        HG_F32, &wide));
    PetscCall(CheckHalo(&(Layout){.dim = 2, .size = {3, 3, 1, 5, 7}, .parts = {3}}, HG_F64, &mixed));
  }
  if (ranks >= 2) {
    PetscCall(CheckHalo(&(Layout){.dim = 2, .size = {2, 4, 1, 5, 7}, .parts = {1, 2}}, HG_F64, &mixed));
    PetscCall(CheckHalo(
        &(Layout){.dim = 2, .size = {2, 1, 1, 7, 4}, .parts = {1, 1, 1, 2, 1}, .range = {NULL, NULL, NULL, pair, NULL}, .ranks = two},
        HG_F64, &mixed));
  }
  if (ranks >= 4) PetscCall(CheckHalo(&(Layout){.dim = 2, .size = {4, 4, 1, 5, 7}, .parts = {2, 1, 1, 2, 1}}, HG_F32, &mixed));
  if (ranks >= 8) PetscCall(CheckHalo(&(Layout){.dim = 2, .size = {2, 2, 1, 5, 7}, .parts = {2, 2, 1, 1, 2}}, HG_F64, &mixed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscMPIInt ranks;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  for (PetscInt dim = 1; dim <= 3; dim++) PetscCall(CheckAllParts(dim, ranks));
  PetscCall(CheckSpecial(ranks));
  PetscCall(HGFinalize());
  return 0;
}
