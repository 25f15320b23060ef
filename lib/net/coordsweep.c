/* SPDX-License-Identifier: BSD-2-Clause */
/* Points through a coordinate network, and the adjoint */
#include "net/coord_impl.h"
#include "sys/hgsimd.h"
#include <omp.h>

/* One sweep: what all pieces share */
typedef struct {
  int           order, components;
  const double *x; /* [points][dim] */
  PetscBool     gradient;
  HGCoordSeed   seed;
  void         *ctx;
} Sweep;

/* A dense layer of n points is a convolution of n pixels with one tap */
static HGConvShape DenseShape(PetscInt cin, PetscInt cout, PetscInt n)
{
  HGConvShape s = {.batch = 1, .groups = 1, .cin = (int)cin, .cout = (int)cout, .n = {1, 1, (int)n}, .k = {1, 1, 1}};

  for (int d = 0; d < 4; d++) {
    s.xs[d] = d < 3 ? n * cin : cin;
    s.ys[d] = d < 3 ? n * cout : cout;
  }
  return s;
}

#define REAL    float
#define NAME(f) f##_F32
#include "net/coord_template.h"
#undef REAL
#undef NAME
#define REAL    double
#define NAME(f) f##_F64
#include "net/coord_template.h"
#undef REAL
#undef NAME

/* Elements, a multiple of a cache line's */
static size_t Take(size_t *at, PetscInt n)
{
  const size_t here = *at;

  *at += ((size_t)n + 15) / 16 * 16;
  return here;
}

/* Where a thread's arrays are for pieces of n points; returns bytes */
static size_t PlanPiece(HGCoordNet net, PetscInt n)
{
  const size_t size = HGDTypeSize(net->dtype);
  PetscInt     components, widest = 1;
  size_t       at = 0, work = 0;

  (void)HGCoordNetGetComponents(net, 2, &components);
  for (PetscInt l = 0; l < net->nlayers; l++) {
    HGCoordLayer *y = &net->layer[l];

    y->a   = Take(&at, components * n * y->cin);
    y->z   = Take(&at, components * n * y->cout);
    y->d   = Take(&at, 3 * n * y->cout);
    widest = PetscMax(widest, PetscMax(y->cin, y->cout));
    for (PetscInt k = 1; k < components + (components == 1); k += PetscMax(1, components - 2)) { /* the values, and the derivatives */
      const HGConvShape s = DenseShape(y->cin, y->cout, n * k);

      work = PetscMax(work, net->kernels->conv_weights_work(&s));
    }
  }
  net->adjoint = Take(&at, components * n * widest);
  net->scratch = Take(&at, components * n * widest);
  net->work    = Take(&at, (PetscInt)((work + size - 1) / size));
  net->jets    = at * size;
  return (net->jets + 2 * (size_t)(components * n * net->out) * sizeof(double) + 127) / 64 * 64;
}

/* Pieces do not depend on the number of threads. A layer's arrays of one are about what the second-level cache of a core holds; smaller
   pieces cost more parallel regions of the kernels than they spare memory traffic. */
PetscErrorCode HGCoordNetSetUp_Sweep(HGCoordNet net)
{
  const size_t most = 8 * 1024 * 1024; /* bytes of a thread's arrays */

  PetscFunctionBegin;
  net->piece = 480;
  while (net->piece > 24 && PlanPiece(net, net->piece) > most) net->piece -= 24;
  net->bytes   = PlanPiece(net, net->piece);
  net->threads = PetscMin(omp_get_max_threads(), HG_COORD_LANES);
  PetscCall(PetscMalloc1(net->bytes * (size_t)net->threads + 64, &net->memory));
  PetscCall(PetscMemzero(net->memory, net->bytes * (size_t)net->threads + 64));
  PetscCall(PetscMalloc1(HG_COORD_LANES * net->nparams, &net->gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetSetParameters - Give a coordinate network its parameters, and set its gradient to zero

   Not Collective

   Input Parameters:
+  net - the network, set up
-  p   - the parameters

   Level: intermediate

   Shape:
   p: [parameters], see `HGCoordNetGetSizes()`

.seealso: `HGCoordNetSweep()`
@*/
PetscErrorCode HGCoordNetSetParameters(HGCoordNet net, const double p[])
{
  PetscFunctionBegin;
  PetscCheck(net->values, net->comm, PETSC_ERR_ORDER, "HGCoordNetSetUp() comes first");
  if (net->dtype == HG_F32) set_values_F32(net, p);
  else set_values_F64(net, p);
  PetscCall(PetscMemzero(net->gradient, HG_COORD_LANES * (size_t)net->nparams * sizeof(double)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordNetSweep - Evaluate a coordinate network at points, and add to the gradient of an objective

   Not Collective

   Input Parameters:
+  net      - the network, its parameters set
.  order    - highest derivative: 0, 1 or 2
.  n        - number of points
.  x        - the points
.  gradient - whether the seed gives the objective's derivative by the outputs, and the parameters' gradient grows by it
.  seed     - takes the outputs of a piece of points; called by several threads, so it must not call PETSc
-  ctx      - its context

   Level: intermediate

   Shape:
   x: [n][dim]

   Notes:
   Allocates nothing. Threads share the pieces by lanes, and each lane has a gradient of its own, so that the sums do not depend on the
   number of threads. A thread takes a piece from the first layer to the last and back.

.seealso: `HGCoordNetSetParameters()`, `HGCoordNetGetGradient()`, `HGCoordSeed`
@*/
PetscErrorCode HGCoordNetSweep(HGCoordNet net, int order, PetscInt n, const double x[], PetscBool gradient, HGCoordSeed seed, void *ctx)
{
  Sweep          s      = {order, 1, x, gradient, seed, ctx};
  const PetscInt pieces = (n + net->piece - 1) / net->piece;
  char *const    memory = (char *)(((uintptr_t)net->memory + 63) / 64 * 64);
  PetscInt       components;

  PetscFunctionBegin;
  PetscCall(HGCoordNetGetComponents(net, order, &components));
  s.components = (int)components;
#pragma omp parallel for schedule(static, 1) num_threads(net->threads) if (pieces > 1)
  for (int lane = 0; lane < HG_COORD_LANES; lane++) {
    for (PetscInt i = lane; i < pieces; i += HG_COORD_LANES) {
      const PetscInt first = i * net->piece;
      const int      count = (int)PetscMin(net->piece, n - first);
      char *const    own   = memory + net->bytes * (size_t)omp_get_thread_num();

      if (net->dtype == HG_F32) sweep_piece_F32(net, &s, lane, first, count, own);
      else sweep_piece_F64(net, &s, lane, first, count, own);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetGetGradient - The gradient that the sweeps since `HGCoordNetSetParameters()` have summed up

   Not Collective

   Input Parameter:
.  net - the network

   Output Parameter:
.  g - the gradient by the parameters, of the objective's part on this rank

   Level: intermediate

   Shape:
   g: [parameters]

.seealso: `HGCoordNetSweep()`
@*/
PetscErrorCode HGCoordNetGetGradient(HGCoordNet net, double g[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < net->nparams; i++) {
    g[i] = 0;
    for (int lane = 0; lane < HG_COORD_LANES; lane++) g[i] += net->gradient[(size_t)lane * (size_t)net->nparams + (size_t)i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
