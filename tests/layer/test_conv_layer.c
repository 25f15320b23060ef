/* SPDX-License-Identifier: BSD-2-Clause */
/* Convolution layers of all kinds on any layout: output, input gradient, weight and bias gradient equal the sums in their
   definitions, computed by every rank from the whole tensors */
#include "layervalues.h"

typedef struct {
  PetscInt   dim, n[3], cin, cout, k[3], s[3], p[3], d[3], groups; /* p[0] < 0: same */
  int        transposed;
  PetscInt   more[3];
  HGBoundary boundary;
} Case;

#define ZEROS     HG_BOUNDARY_ZERO
#define PERIODIC  HG_BOUNDARY_PERIODIC
#define REFLECT   HG_BOUNDARY_REFLECT
#define REPLICATE HG_BOUNDARY_REPLICATE

static const Case cases[] = {
    {2, {1, 9, 11}, 3, 4, {1, 3, 3}, {1, 1, 1}, {-1}, {1, 1, 1}, 1, 0, {0}, ZEROS},
    {2, {1, 9, 11}, 3, 4, {1, 4, 2}, {1, 1, 1}, {-1}, {1, 1, 1}, 1, 0, {0}, ZEROS},      /* even */
    {2, {1, 9, 11}, 2, 5, {1, 3, 3}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}, 1, 0, {0}, ZEROS}, /* valid */
    {2, {1, 12, 13}, 3, 2, {1, 3, 3}, {1, 2, 2}, {0, 1, 1}, {1, 1, 1}, 1, 0, {0}, ZEROS},
    {2, {1, 12, 14}, 3, 2, {1, 2, 2}, {1, 2, 2}, {0, 0, 0}, {1, 1, 1}, 1, 0, {0}, ZEROS},
    {2, {1, 10, 10}, 2, 3, {1, 5, 5}, {1, 4, 4}, {0, 2, 2}, {1, 1, 1}, 1, 0, {0}, ZEROS},
    {2, {1, 11, 12}, 2, 2, {1, 1, 1}, {1, 2, 3}, {0, 0, 0}, {1, 1, 1}, 1, 0, {0}, ZEROS}, /* points that nothing reads */
    {2, {1, 13, 12}, 4, 6, {1, 3, 3}, {1, 1, 1}, {-1}, {1, 2, 3}, 2, 0, {0}, ZEROS},
    {2, {1, 13, 12}, 4, 4, {1, 3, 3}, {1, 2, 2}, {0, 2, 2}, {1, 2, 2}, 4, 0, {0}, ZEROS}, /* depthwise, stride and dilation not coprime */
    {2, {1, 13, 15}, 3, 3, {1, 3, 4}, {1, 3, 2}, {0, 3, 2}, {1, 2, 3}, 1, 0, {0}, ZEROS},
    {2, {1, 8, 12}, 3, 4, {1, 3, 5}, {1, 1, 1}, {-1}, {1, 1, 1}, 1, 0, {0}, PERIODIC},
    {2, {1, 8, 12}, 3, 4, {1, 4, 4}, {1, 2, 2}, {0, 1, 1}, {1, 1, 1}, 1, 0, {0}, PERIODIC},
    {2, {1, 9, 11}, 2, 2, {1, 3, 3}, {1, 2, 2}, {0, 1, 1}, {1, 1, 1}, 1, 0, {0}, PERIODIC}, /* stride does not divide the grid */
    {2, {1, 9, 11}, 3, 2, {1, 3, 5}, {1, 1, 1}, {-1}, {1, 1, 1}, 1, 0, {0}, REFLECT},
    {2, {1, 9, 11}, 2, 4, {1, 3, 3}, {1, 2, 1}, {0, 1, 1}, {1, 1, 1}, 2, 0, {0}, REPLICATE},
    {2, {1, 6, 7}, 3, 2, {1, 2, 2}, {1, 2, 2}, {0, 0, 0}, {1, 1, 1}, 1, 1, {0}, ZEROS},
    {2, {1, 6, 7}, 4, 6, {1, 3, 3}, {1, 2, 2}, {0, 1, 1}, {1, 1, 1}, 2, 1, {0, 1, 1}, ZEROS},
    {2, {1, 6, 7}, 3, 2, {1, 4, 3}, {1, 3, 4}, {0, 1, 0}, {1, 1, 2}, 1, 1, {0, 2, 3}, ZEROS},
    {1, {1, 1, 40}, 3, 4, {1, 1, 5}, {1, 1, 3}, {0, 0, 2}, {1, 1, 2}, 1, 0, {0}, ZEROS},
    {1, {1, 1, 21}, 2, 3, {1, 1, 3}, {1, 1, 2}, {0, 0, 1}, {1, 1, 1}, 1, 1, {0}, ZEROS},
    {3, {6, 7, 8}, 2, 3, {3, 3, 3}, {1, 1, 1}, {-1}, {1, 1, 1}, 1, 0, {0}, ZEROS},
    {3, {8, 6, 10}, 2, 2, {2, 3, 4}, {2, 1, 2}, {0, 1, 1}, {1, 2, 1}, 1, 0, {0}, ZEROS},
    {3, {4, 5, 3}, 2, 2, {2, 3, 2}, {2, 2, 1}, {0, 1, 0}, {1, 1, 1}, 1, 1, {0}, ZEROS},
    {3, {6, 5, 8}, 2, 2, {3, 3, 3}, {1, 1, 1}, {-1}, {1, 1, 1}, 1, 0, {0}, REFLECT},
    {2, {1, 10, 10}, 2, 3, {1, 5, 5}, {1, 1, 1}, {-1}, {1, 1, 1}, 1, 0, {0}, ZEROS},         /* ghost points of ranks beyond the next */
    {2, {1, 9, 8}, 2, 3, {1, 3, 2}, {1, 1, 2}, {0, 0, 0}, {1, 1, 1}, 1, 0, {0}, PERIODIC},   /* nothing is read beyond this boundary, */
    {2, {1, 9, 11}, 2, 3, {1, 3, 4}, {1, 1, 2}, {0, 0, 1}, {1, 2, 1}, 1, 0, {0}, REPLICATE}, /* or along one axis only */
    {2, {1, 4, 3}, 2, 2, {1, 5, 3}, {1, 1, 2}, {0, 5, 4}, {1, 2, 2}, 1, 0, {0}, ZEROS}, /* ghost points farther off than the grid is wide */
    /* stride and dilation coprime: who needs ghost points alternates */
    {2, {1, 17, 36}, 2, 2, {1, 3, 4}, {1, 3, 4}, {0, 3, 3}, {1, 2, 3}, 1, 0, {0}, ZEROS},
    {2, {1, 7, 9}, 2, 3, {1, 3, 4}, {1, 3, 4}, {0, 3, 3}, {1, 2, 3}, 1, 1, {0}, ZEROS},
};

/* 50^3 points, kernel 5,4,3, padding 1,1,2, stride 3,1,2, dilation 3,3,1: a configuration of DistDL's tests */
static const Case large = {3, {50, 50, 50}, 1, 1, {5, 4, 3}, {3, 1, 2}, {1, 1, 2}, {3, 3, 1}, 1, 0, {0}, ZEROS};

enum { SAMPLES = 2 };

typedef struct {
  const Case *c;
  PetscInt    lo[3], m[3]; /* padding below, output points */
  PetscInt    nx, ny, nw;
  double     *x, *y, *dy, *dx, *w, *b, *dw, *db; /* whole tensors [n][c][z][y][x], weights in PyTorch's order */
} Whole;

static double Draw(const char *name, PetscInt i, HGDType t)
{
  const double v = 2 * HGRandomUniform(7, HGRandomStream(name), (uint64_t)i) - 1;

  return t == HG_F32 ? (double)(float)v : v;
}

static PetscErrorCode DrawArray(const char *name, PetscInt n, HGDType t, double **a)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, a));
  for (PetscInt i = 0; i < n; i++) (*a)[i] = name ? Draw(name, i, t) : 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The point of the grid that a padded point shows, or -1 */
static PetscInt Image(PetscInt i, PetscInt n, HGBoundary b)
{
  if (i >= 0 && i < n) return i;
  if (b == PERIODIC) return (i % n + n) % n;
  if (b == REFLECT) return i < 0 ? -i : 2 * (n - 1) - i;
  if (b == REPLICATE) return i < 0 ? 0 : n - 1;
  return -1;
}

/* Calls f for every product in the convolution's sum: big point, small point, weight */
static void ForProducts(const Whole *h, void (*f)(const Whole *, PetscInt big, PetscInt small, PetscInt w))
{
  const Case     *c   = h->c;
  const PetscInt *big = c->transposed ? h->m : c->n, *small = c->transposed ? c->n : h->m;
  const PetscInt cb = (c->transposed ? c->cout : c->cin), cs = (c->transposed ? c->cin : c->cout), gb = cb / c->groups, gs = cs / c->groups;

  for (PetscInt n = 0; n < SAMPLES; n++)
    for (PetscInt s = 0; s < cs; s++)
      for (PetscInt b = 0; b < gb; b++)
        for (PetscInt oz = 0; oz < small[0]; oz++)
          for (PetscInt oy = 0; oy < small[1]; oy++)
            for (PetscInt ox = 0; ox < small[2]; ox++)
              for (PetscInt kz = 0; kz < c->k[0]; kz++)
                for (PetscInt ky = 0; ky < c->k[1]; ky++)
                  for (PetscInt kx = 0; kx < c->k[2]; kx++) {
                    const PetscInt z = Image(oz * c->s[0] - h->lo[0] + kz * c->d[0], big[0], c->boundary);
                    const PetscInt y = Image(oy * c->s[1] - h->lo[1] + ky * c->d[1], big[1], c->boundary);
                    const PetscInt x = Image(ox * c->s[2] - h->lo[2] + kx * c->d[2], big[2], c->boundary);

                    if (z < 0 || y < 0 || x < 0) continue;
                    f(h, (((n * cb + s / gs * gb + b) * big[0] + z) * big[1] + y) * big[2] + x,
                      (((n * cs + s) * small[0] + oz) * small[1] + oy) * small[2] + ox,
                      (((s * gb + b) * c->k[0] + kz) * c->k[1] + ky) * c->k[2] + kx);
                  }
}

static void AddProduct(const Whole *h, PetscInt big, PetscInt small, PetscInt w)
{
  const PetscInt i = h->c->transposed ? small : big, o = h->c->transposed ? big : small;

  h->y[o] += h->w[w] * h->x[i];
  h->dx[i] += h->w[w] * h->dy[o];
  h->dw[w] += h->x[i] * h->dy[o];
}

static PetscErrorCode CreateWhole(const Case *c, HGDType t, Whole *h)
{
  PetscInt points = SAMPLES * c->cout;

  PetscFunctionBegin;
  h->c  = c;
  h->nx = SAMPLES * c->cin * c->n[0] * c->n[1] * c->n[2];
  h->nw = c->cin * c->cout / c->groups * c->k[0] * c->k[1] * c->k[2];
  for (int a = 0; a < 3; a++) {
    const PetscInt reach = (c->k[a] - 1) * c->d[a];

    h->lo[a] = c->p[0] < 0 ? reach / 2 : c->p[a];
    h->m[a]  = c->transposed ? (c->n[a] - 1) * c->s[a] - 2 * h->lo[a] + reach + 1 + c->more[a]
                             : (c->n[a] + (c->p[0] < 0 ? reach : 2 * h->lo[a]) - reach - 1) / c->s[a] + 1;
    points *= h->m[a];
  }
  h->ny = points;
  PetscCall(DrawArray("x", h->nx, t, &h->x));
  PetscCall(DrawArray("dy", h->ny, t, &h->dy));
  PetscCall(DrawArray("w", h->nw, t, &h->w));
  PetscCall(DrawArray("b", c->cout, t, &h->b));
  PetscCall(DrawArray(NULL, h->nx, t, &h->dx));
  PetscCall(DrawArray(NULL, h->ny, t, &h->y));
  PetscCall(DrawArray(NULL, h->nw, t, &h->dw));
  PetscCall(DrawArray(NULL, c->cout, t, &h->db));
  for (PetscInt i = 0; i < h->ny; i++) {
    const PetscInt o = i / (h->m[0] * h->m[1] * h->m[2]) % c->cout;

    h->y[i] = h->b[o];
    h->db[o] += h->dy[i];
  }
  ForProducts(h, AddProduct);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyWhole(Whole *h)
{
  double **all[] = {&h->x, &h->dy, &h->w, &h->b, &h->dx, &h->y, &h->dw, &h->db};

  PetscFunctionBegin;
  for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) PetscCall(PetscFree(*all[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Element i of this rank's owned ones: where it lies, and its index in the whole tensor */
static void Locate(HGTensor t, PetscInt i, ptrdiff_t *at, PetscInt *global)
{
  const HGTensorLocal *l;
  HGPartition          p;
  PetscInt             size[HG_AXES];
  static const int     order[] = {HG_C, HG_X, HG_Y, HG_Z, HG_N};
  PetscInt             c[HG_AXES];

  PetscCallVoid(HGTensorGetLocal(t, &l));
  PetscCallVoid(HGTensorGetPartition(t, &p));
  PetscCallVoid(HGPartitionGetSizes(p, NULL, size));
  *at = *global = 0;
  for (int a = 0; a < HG_AXES; a++) {
    c[order[a]] = i % l->box.size[order[a]];
    i /= l->box.size[order[a]];
  }
  for (int a = 0; a < HG_AXES; a++) {
    *at += c[a] * l->stride[a];
    *global = *global * size[a] + l->box.start[a] + c[a];
  }
}

static double *Element(HGTensor t, HGDType dtype, ptrdiff_t at, double *copy)
{
  const HGTensorLocal *l;

  PetscCallAbort(PETSC_COMM_SELF, HGTensorGetLocal(t, &l));
  if (dtype == HG_F64) return (double *)l->owned + at;
  *copy = ((float *)l->owned)[at];
  return copy;
}

static PetscErrorCode Fill(HGTensor t, HGDType dtype, const double *whole)
{
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i++) {
    ptrdiff_t at;
    PetscInt  g;

    Locate(t, i, &at, &g);
    if (dtype == HG_F64) ((double *)l->owned)[at] = whole[g];
    else ((float *)l->owned)[at] = (float)whole[g];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Compare(const char *what, int number, HGTensor t, HGDType dtype, const double *whole, double tol)
{
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i++) {
    ptrdiff_t at;
    PetscInt  g;
    double    copy, found;

    Locate(t, i, &at, &g);
    found = *Element(t, dtype, at, &copy);
    PetscCheck(fabs(found - whole[g]) <= tol, PETSC_COMM_SELF, PETSC_ERR_PLIB, "case %d: %s at %" PetscInt_FMT " is %.17g, not %.17g",
               number, what, g, found, whole[g]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateLayer(const Case *c, HGLayer *layer)
{
  const HGBoundary b[3] = {c->boundary, c->boundary, c->boundary};

  PetscFunctionBegin;
  PetscCall(HGLayerCreate(PETSC_COMM_WORLD, layer));
  PetscCall(PetscObjectSetName((PetscObject)*layer, "conv"));
  PetscCall(HGLayerSetType(*layer, HGLAYERCONV));
  PetscCall(HGLayerConvSetKernel(*layer, c->cout, c->k));
  PetscCall(HGLayerConvSetStride(*layer, c->s));
  PetscCall(HGLayerConvSetPadding(*layer, c->p[0] < 0 ? NULL : c->p));
  PetscCall(HGLayerConvSetDilation(*layer, c->d));
  PetscCall(HGLayerConvSetGroups(*layer, c->groups));
  PetscCall(HGLayerConvSetTransposed(*layer, c->transposed ? PETSC_TRUE : PETSC_FALSE, c->more));
  PetscCall(HGLayerConvSetBoundary(*layer, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateTensor(HGPartition p, const HGHaloWidths *w, HGDType t, HGTensor *x)
{
  PetscFunctionBegin;
  PetscCall(HGTensorCreate(p, t, x));
  PetscCall(HGTensorSetHaloWidths(*x, w));
  PetscCall(HGTensorSetUp(*x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckWeights(const Whole *h, int number, const double *dp, double tol)
{
  const PetscInt n = h->nw + h->c->cout;
  double        *sum;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &sum));
  PetscCallMPI(MPI_Allreduce(dp, sum, (PetscMPIInt)n, MPI_DOUBLE, MPI_SUM, PETSC_COMM_WORLD));
  for (PetscInt i = 0; i < n; i++) {
    const double wanted = 2 * (i < h->nw ? h->dw[i] : h->db[i - h->nw]);

    PetscCheck(fabs(sum[i] - wanted) <= tol * (1 + fabs(wanted)), PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "case %d: gradient of parameter %" PetscInt_FMT " is %.17g, not %.17g", number, i, sum[i], wanted);
  }
  PetscCall(PetscFree(sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Forward, and the adjoint twice: what it overwrites, and what it adds to */
static PetscErrorCode RunCase(const Case *c, int number, HGDType t)
{
  const PetscInt      size[HG_AXES] = {SAMPLES, c->cin, c->n[0], c->n[1], c->n[2]};
  const PetscInt      terms         = PetscMax(c->cin, c->cout) * c->k[0] * c->k[1] * c->k[2];
  const double        eps = t == HG_F32 ? 1.2e-7 : 2.3e-16, tol = eps * 8 * (double)terms; /* each of `terms` products below 1 is rounded */
  Whole               h;
  LayerValues         values = {{{NULL}}};
  HGPartition         in, out;
  HGLayer             layer;
  HGTensor            x, y, dx, dy;
  const HGHaloWidths *hx, *hy;
  PetscScalar        *p;
  double             *dp;
  void               *work;
  size_t              bytes;
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscCall(CreateWhole(c, t, &h));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &in));
  PetscCall(HGPartitionSetSizes(in, c->dim, size));
  PetscCall(HGPartitionSetFromOptions(in));
  PetscCall(HGPartitionSetUp(in));
  PetscCall(CreateLayer(c, &layer));
  PetscCall(HGLayerSetUp(layer, 1, &in, t));
  PetscCall(HGLayerGetOutputPartition(layer, &out));
  PetscCall(HGLayerGetHalo(layer, 0, &hx, &hy));
  PetscCall(CreateTensor(in, hx, t, &x));
  PetscCall(CreateTensor(in, hx, t, &dx));
  PetscCall(CreateTensor(out, hy, t, &y));
  PetscCall(CreateTensor(out, hy, t, &dy));
  PetscCall(HGLayerGetWorkSize(layer, &bytes));
  PetscCall(PetscMalloc(bytes + 8, &work));
  PetscCall(HGLayerSetWork(layer, work));
  PetscCall(PetscMalloc1(h.nw + c->cout, &p));
  PetscCall(PetscCalloc1(h.nw + c->cout, &dp));
  for (PetscInt i = 0; i < h.nw + c->cout; i++) p[i] = i < h.nw ? h.w[i] : h.b[i - h.nw];
  PetscCall(HGTensorGetLocal(x, &l));
  for (int add = 0; add < 2; add++) {
    PetscCall(HGLayerSetInput(layer, 0, x, dx, add ? PETSC_TRUE : PETSC_FALSE, NULL));
    PetscCall(HGLayerSetOutput(layer, y, dy));
    PetscCall(LayerSetValues(layer, t, p, &values));
    PetscCall(Fill(x, t, h.x));
    PetscCall(HGLayerForward(layer, l->box.size[HG_N]));
    PetscCall(Compare("y", number, y, t, h.y, tol));
    PetscCall(Fill(dy, t, h.dy));
    PetscCall(Fill(dx, t, h.x));
    for (PetscInt i = 0; add && i < h.nx; i++) h.dx[i] += h.x[i];
    PetscCall(LayerAdjoint(layer, l->box.size[HG_N], add ? HG_F64 : t, dp));
    if (add) PetscCall(LayerAdjoint(layer, 0, t, dp)); /* no samples: nothing changes */
    PetscCall(Compare("dx", number, dx, t, h.dx, tol));
  }
  PetscCall(CheckWeights(&h, number, dp, eps * (double)(h.ny / c->cout + h.nx / c->cin))); /* a rounding for each point */
  PetscCall(LayerValuesDestroy(&values));
  PetscCall(PetscFree(p));
  PetscCall(PetscFree(dp));
  PetscCall(PetscFree(work));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscCall(HGTensorDestroy(&dx));
  PetscCall(HGTensorDestroy(&dy));
  PetscCall(HGLayerDestroy(&layer));
  PetscCall(HGPartitionDestroy(&in));
  PetscCall(DestroyWhole(&h));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscBool is_large = PETSC_FALSE;
  PetscInt  only     = -1;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-large", &is_large, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-case", &only, NULL));
  if (is_large) PetscCall(RunCase(&large, -1, HG_F64));
  for (int i = 0; !is_large && i < (int)(sizeof(cases) / sizeof(*cases)); i++) {
    if (only >= 0 && only != i) continue;
    PetscCall(RunCase(&cases[i], i, HG_F64));
    PetscCall(RunCase(&cases[i], i, HG_F32));
  }
  PetscCall(HGFinalize());
  return 0;
}
