/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Each loss is what its definition says on the whole arrays, on any partition of batch, channels and space, with and without weights;
   its gradient passes a Taylor test of second order; neither depends on the number of threads.

   -parts n,c,z,y,x   parts along the axes (default: cut x)
   -copies            the parts along n, or channels if -parts cuts them, are copies
   -write FILE        values and gradients for a comparison with PyTorch (one rank)
*/
#include "lossdefinition.h"
#include <omp.h>
#include <stdio.h>

typedef struct {
  HGLoss      loss;
  Definition  d;
  HGPartition part;
  HGDType     dtype;
  HGTensor    y, t, dy, w, direction;
  PetscInt    weights[HG_AXES]; /* sizes of the weights, 0 for none */
  PetscBool   channel_weights;
  FILE       *out;
  PetscMPIInt ranks;
} Case;

static PetscErrorCode Fill(HGTensor t, const PetscInt of[HG_AXES], const double *value)
{
  const HGTensorLocal *l;
  HGDType              dtype;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  PetscCall(HGTensorGetDType(t, &dtype));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i++) {
    PetscInt  at[HG_AXES], rest = i;
    ptrdiff_t j = 0;
    size_t    g;

    for (int a = HG_AXES - 1; a >= 0; a--) {
      at[a] = rest % l->box.size[a];
      rest /= l->box.size[a];
      j += at[a] * l->stride[a];
      at[a] += l->box.start[a];
    }
    g = DefinitionIndex(of, at[0], at[1], at[2], at[3], at[4]);
    if (dtype == HG_F32) ((float *)l->owned)[j] = (float)value[g];
    else ((double *)l->owned)[j] = value[g];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static size_t Count(const PetscInt s[HG_AXES])
{
  return (size_t)s[0] * (size_t)s[1] * (size_t)s[2] * (size_t)s[3] * (size_t)s[4];
}

/* Values that single precision holds exactly, so that the definition sees what the loss sees */
static double Random(const char name[], size_t i)
{
  return (double)(float)(3 * HGRandomUniform(5, HGRandomStream(name), (uint64_t)i) - 1.5);
}

static PetscErrorCode MakeArrays(Case *k)
{
  Definition  *d = &k->d;
  const size_t n = Count(d->size);

  PetscFunctionBegin;
  PetscCall(PetscCalloc3(n, &d->y, n, &d->t, n, &d->w));
  for (size_t i = 0; i < n; i++) {
    d->y[i] = Random("y", i);
    d->t[i] = Random("t", i);
    if (DefinitionIs(d, HGLOSSBCE)) d->t[i] = (double)(float)((d->t[i] + 1.5) / 3);
    if (DefinitionIs(d, HGLOSSCROSSENTROPY)) d->t[i] = floor((d->t[i] + 1.5) / 3 * (double)d->size[HG_C]);
  }
  for (int c = 0; c < 16; c++) d->channel[c] = k->channel_weights ? 0.25 * (c + 1) : 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Weights between 0.5 and 1.5, a third of them zero; the definition has them at all values */
static PetscErrorCode MakeWeights(Case *k)
{
  Definition     *d = &k->d;
  const PetscInt *s = d->size, *ws = k->weights;
  const PetscBool classes = DefinitionIs(d, HGLOSSCROSSENTROPY);
  double         *w;

  PetscFunctionBegin;
  for (size_t i = 0; i < Count(s); i++) d->w[i] = classes ? 1 : d->channel[i / (size_t)(s[HG_Z] * s[HG_Y] * s[HG_X]) % (size_t)s[HG_C]];
  if (!ws[0]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(Count(ws), &w));
  for (size_t i = 0; i < Count(ws); i++) w[i] = Random("w", i) < -0.5 ? 0 : (double)(float)(1 + Random("w", i) / 3);
  for (size_t i = 0; i < Count(s); i++) {
    PetscInt at[HG_AXES], rest = (PetscInt)i;

    for (int a = HG_AXES - 1; a >= 0; rest /= s[a--]) at[a] = ws[a] == 1 ? 0 : rest % s[a];
    d->w[i] *= w[DefinitionIndex(ws, at[0], at[1], at[2], at[3], at[4])];
  }
  PetscCall(HGLossCreateWeights(k->loss, k->y, ws, &k->w));
  PetscCall(Fill(k->w, ws, w));
  PetscCall(HGLossSetWeights(k->loss, k->w));
  PetscCall(PetscFree(w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Create(Case *k)
{
  const PetscInt halo[3][2] = {{0, 0}, {0, 0}, {k->d.size[HG_X] > 1, 0}};
  PetscInt       size[HG_AXES];
  PetscReal      channel[16];

  PetscFunctionBegin;
  PetscCall(MakeArrays(k));
  PetscCall(HGLossCreate(PETSC_COMM_WORLD, &k->loss));
  PetscCall(HGLossSetType(k->loss, k->d.type));
  PetscCall(HGLossHuberSetDelta(k->loss, k->d.delta));
  PetscCall(HGLossH1SetWeight(k->loss, k->d.h1_weight));
  PetscCall(HGLossH1SetPeriodic(k->loss, k->d.periodic));
  for (int c = 0; c < 16; c++) channel[c] = (PetscReal)k->d.channel[c];
  if (k->channel_weights) PetscCall(HGLossSetChannelWeights(k->loss, k->d.size[HG_C], channel));
  PetscCall(HGTensorCreate(k->part, k->dtype, &k->y));
  PetscCall(HGTensorSetHalo(k->y, halo)); /* another halo than the gradient's */
  PetscCall(HGTensorSetUp(k->y));
  PetscCall(HGTensorCreate(k->part, k->dtype, &k->dy));
  PetscCall(HGTensorSetUp(k->dy));
  PetscCall(HGTensorDuplicate(k->dy, &k->direction));
  PetscCall(HGLossCreateTarget(k->loss, k->y, &k->t));
  PetscCall(PetscArraycpy(size, k->d.size, HG_AXES));
  if (DefinitionIs(&k->d, HGLOSSCROSSENTROPY)) size[HG_C] = 1;
  PetscCall(MakeWeights(k));
  for (size_t i = 0; i < Count(k->d.size) && !DefinitionIs(&k->d, HGLOSSCROSSENTROPY); i++)
    if (k->d.w[i] == 0) k->d.y[i] = NAN; /* must not be looked at */
  PetscCall(Fill(k->y, k->d.size, k->d.y));
  PetscCall(Fill(k->t, size, k->d.t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Destroy(Case *k)
{
  PetscFunctionBegin;
  PetscCall(HGLossDestroy(&k->loss));
  PetscCall(HGTensorDestroy(&k->y));
  PetscCall(HGTensorDestroy(&k->t));
  PetscCall(HGTensorDestroy(&k->dy));
  PetscCall(HGTensorDestroy(&k->w));
  PetscCall(HGTensorDestroy(&k->direction));
  PetscCall(PetscFree3(k->d.y, k->d.t, k->d.w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define Fail(...) SETERRQ(PETSC_COMM_WORLD, PETSC_ERR_PLIB, __VA_ARGS__)

/* The value is that of the definition: sums of a few thousand terms in another order */
static PetscErrorCode CheckValue(Case *k, PetscReal *value)
{
  const double expected = DefinitionValue(&k->d, k->d.y), tolerance = k->dtype == HG_F64 ? 1e-12 : 1e-6;

  PetscFunctionBegin;
  PetscCall(HGLossEvaluate(k->loss, k->d.active, k->y, k->t, k->dy, value));
  if (!(fabs((double)*value - expected) <= tolerance * fabs(expected)))
    Fail("%s: %.17g, by its definition %.17g", k->d.type, (double)*value, expected);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckAccuracy(Case *k)
{
  const double expected = DefinitionAccuracy(&k->d);
  PetscReal    accuracy;

  PetscFunctionBegin;
  PetscCall(HGLossAccuracy(k->loss, k->d.active, k->y, k->t, &accuracy));
  if (!(fabs((double)accuracy - expected) <= 1e-12)) Fail("an accuracy of %.17g, by its definition %.17g", (double)accuracy, expected);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether this rank's points are copies that another rank counts */
static PetscErrorCode IsCopy(HGPartition p, PetscBool *copy)
{
  PetscBool   has, copies[HG_AXES];
  PetscInt    at[HG_AXES] = {0};
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(HGPartitionGetReplicated(p, copies));
  PetscCall(HGPartitionGetCoords(p, rank, &has, at));
  *copy = PETSC_FALSE;
  for (int a = 0; a < HG_AXES; a++)
    if (copies[a] && at[a]) *copy = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The gradient at some values, by central differences of the definition; zero at copies */
static PetscErrorCode CheckGradient(Case *k)
{
  const HGTensorLocal *l;
  const double         h = 1e-6, tolerance = 1e-7; /* h^2, and roundoff eps / h, of values around one */
  PetscBool            good = PETSC_TRUE, copy = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(IsCopy(k->part, &copy));
  PetscCall(HGTensorGetLocal(k->dy, &l));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i += 31) {
    PetscInt  at[HG_AXES], rest = i;
    ptrdiff_t j = 0;
    size_t    g;
    double    up, down, y;

    for (int a = HG_AXES - 1; a >= 0; a--) {
      at[a] = rest % l->box.size[a];
      rest /= l->box.size[a];
      j += at[a] * l->stride[a];
      at[a] += l->box.start[a];
    }
    if (at[HG_N] >= k->d.active) continue;
    g         = DefinitionIndex(k->d.size, at[0], at[1], at[2], at[3], at[4]);
    y         = k->d.y[g];
    k->d.y[g] = y + h;
    up        = DefinitionValue(&k->d, k->d.y);
    k->d.y[g] = y - h;
    down      = DefinitionValue(&k->d, k->d.y);
    k->d.y[g] = y;
    if (copy) up = down = 0;
    if (fabs((up - down) / (2 * h) - ((double *)l->owned)[j]) > tolerance * (1 + fabs(up))) good = PETSC_FALSE;
  }
  PetscCall(HGAgree(PETSC_COMM_WORLD, good, &good));
  if (!good) Fail("%s: the gradient is not that of the definition", k->d.type);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* |f(y + h d) - f(y) - h g.d| falls as h^2. l1 and huber have kinks: there the central difference of CheckGradient() must do */
static PetscErrorCode CheckTaylor(Case *k, PetscReal f0)
{
  PetscReal slope, f, r[2], h = 1e-3;

  PetscFunctionBegin;
  if (DefinitionIs(&k->d, HGLOSSL1) || DefinitionIs(&k->d, HGLOSSHUBER)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGTensorSetRandom(k->direction, 9, "direction", PETSC_FALSE));
  PetscCall(HGTensorDot(k->dy, k->direction, PETSC_FALSE, &slope));
  for (int i = 0; i < 2; i++, h /= 4) {
    PetscCall(Fill(k->y, k->d.size, k->d.y));
    PetscCall(HGTensorAXPY(k->y, h, k->direction, PETSC_FALSE));
    PetscCall(HGLossEvaluate(k->loss, k->d.active, k->y, k->t, NULL, &f));
    r[i] = PetscAbsReal(f - f0 - h * slope);
  }
  PetscCall(Fill(k->y, k->d.size, k->d.y));
  if (PetscAbsReal(PetscLog2Real(r[0] / r[1]) / 2 - 2) > 0.05)
    Fail("%s: the Taylor remainder falls from %g to %g over a quarter of the step", k->d.type, (double)r[0], (double)r[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckThreads(Case *k, PetscReal value)
{
  const int threads = omp_get_max_threads();
  PetscReal other, dot, self;
  HGTensor  dy;

  PetscFunctionBegin;
  PetscCall(HGTensorDuplicate(k->dy, &dy));
  omp_set_num_threads(threads == 2 ? 1 : 2);
  PetscCall(HGLossEvaluate(k->loss, k->d.active, k->y, k->t, dy, &other));
  omp_set_num_threads(threads);
  if (other != value) Fail("%s: %.17g on %d threads, %.17g on others", k->d.type, (double)value, threads, (double)other);
  PetscCall(HGTensorAXPY(dy, -1, k->dy, PETSC_FALSE));
  PetscCall(HGTensorDot(dy, dy, PETSC_FALSE, &dot));
  PetscCall(HGTensorDot(k->dy, k->dy, PETSC_FALSE, &self));
  if (dot != 0 || !(self > 0)) Fail("%s: the gradient depends on the number of threads", k->d.type);
  PetscCall(HGTensorDestroy(&dy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteArray(FILE *f, const char name[], const PetscInt size[HG_AXES], const double *v)
{
  PetscFunctionBegin;
  (void)fprintf(f, "%s %d %d %d %d %d", name, (int)size[0], (int)size[1], (int)size[2], (int)size[3], (int)size[4]);
  for (size_t i = 0; i < Count(size); i++) (void)fprintf(f, " %.17g", v[i]);
  (void)fprintf(f, "\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The gradient in the order of the definition's arrays */
static PetscErrorCode Write(Case *k, PetscReal value)
{
  const Definition    *d = &k->d;
  const HGTensorLocal *l;
  PetscInt             size[HG_AXES], one[HG_AXES] = {1, d->size[HG_C], 1, 1, 1};
  double              *g;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(k->dy, &l));
  PetscCall(PetscMalloc1(Count(d->size), &g));
  for (PetscInt i = 0; i < (PetscInt)Count(d->size); i++) {
    PetscInt  rest = i;
    ptrdiff_t j    = 0;

    for (int a = HG_AXES - 1; a >= 0; rest /= d->size[a--]) j += rest % d->size[a] * l->stride[a];
    g[i] = ((const double *)l->owned)[j];
  }
  PetscCall(PetscArraycpy(size, d->size, HG_AXES));
  if (DefinitionIs(d, HGLOSSCROSSENTROPY)) size[HG_C] = 1;
  (void)fprintf(k->out, "case %s %d %d %.17g %.17g\n", d->type, k->weights[0] > 0, k->channel_weights, d->delta, (double)value);
  PetscCall(WriteArray(k->out, "y", d->size, d->y));
  PetscCall(WriteArray(k->out, "t", size, d->t));
  PetscCall(WriteArray(k->out, "w", d->size, d->w));
  PetscCall(WriteArray(k->out, "channel", one, d->channel));
  PetscCall(WriteArray(k->out, "dy", d->size, g));
  PetscCall(PetscFree(g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(Case *k)
{
  PetscReal value;

  PetscFunctionBegin;
  PetscCall(Create(k));
  PetscCall(CheckValue(k, &value));
  if (k->dtype == HG_F64) {
    PetscCall(CheckGradient(k));
    PetscCall(CheckTaylor(k, value));
  }
  if (k->ranks < 3) PetscCall(CheckThreads(k, value)); /* more threads than cores wait for each other */
  if (DefinitionIs(&k->d, HGLOSSCROSSENTROPY)) PetscCall(CheckAccuracy(k));
  if (k->out) PetscCall(Write(k, value));
  PetscCall(Destroy(k));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RunWeights(Case *k, const PetscInt *size)
{
  const PetscInt weights[][HG_AXES] = {{0, 0, 0, 0, 0},
                                       {size[HG_N], size[HG_C], size[HG_Z], size[HG_Y], size[HG_X]},
                                       {size[HG_N], 1, size[HG_Z], size[HG_Y], size[HG_X]},
                                       {1, 1, size[HG_Z], size[HG_Y], size[HG_X]},
                                       {size[HG_N], 1, 1, 1, 1}};

  PetscFunctionBegin;
  for (int i = 0; i < 5; i++) {
    for (int c = 0; c < 2; c++) {
      const PetscBool relative = DefinitionIs(&k->d, HGLOSSRELL2);

      if (DefinitionIs(&k->d, HGLOSSCROSSENTROPY) && i == 1) continue;
      if (k->ranks > 2 && !((i == 0 || i == 3) && !c) && !(i == 2 && c)) continue; /* they share the cores: waiting takes all the time */
      if (relative && i == 4) continue; /* a sample that is hidden altogether has no relative error */
      k->channel_weights = c ? PETSC_TRUE : PETSC_FALSE;
      PetscCall(PetscArraycpy(k->weights, weights[i], HG_AXES));
      PetscCall(PetscArraycpy(k->d.size, size, HG_AXES));
      PetscCall(Run(k));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreatePartition(PetscInt dim, const PetscInt size[HG_AXES], HGPartition *p)
{
  PetscInt    parts[HG_AXES] = {1, 1, 1, 1, 1}, n = HG_AXES;
  PetscBool   copies;
  PetscMPIInt ranks;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  parts[HG_X] = ranks;
  PetscCall(PetscOptionsGetIntArray(NULL, NULL, "-parts", parts, &n, NULL));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-copies", &copies));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, p));
  PetscCall(HGPartitionSetSizes(*p, dim, size));
  PetscCall(HGPartitionSetParts(*p, parts));
  if (copies) PetscCall(HGPartitionSetReplicated(*p, parts[HG_C] > 1 ? HG_C : HG_N, PETSC_TRUE));
  PetscCall(HGPartitionSetUp(*p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  static const HGLossType types[]         = {HGLOSSMSE, HGLOSSL1, HGLOSSHUBER, HGLOSSRELL2, HGLOSSH1, HGLOSSBCE, HGLOSSCROSSENTROPY};
  const PetscInt          size[][HG_AXES] = {{4, 3, 1, 6, 9}, {2, 5, 3, 4, 4}, {3, 4, 1, 1, 8}};
  Case                    k               = {NULL};
  char                    path[PETSC_MAX_PATH_LEN];
  PetscBool               write, copies;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &k.ranks));
  PetscCall(HGGetDType(&k.dtype));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-write", path, sizeof(path), &write));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-copies", &copies));
  if (write) k.out = fopen(path, "w");
  PetscCheck(!write || k.out, PETSC_COMM_WORLD, PETSC_ERR_FILE_OPEN, "cannot write %s", path);
  k.d.delta     = 0.7;
  k.d.h1_weight = 0.03;
  for (int s = 0; s < 3; s++) {
    PetscCall(CreatePartition(s == 0 ? 2 : s == 1 ? 3 : 1, size[s], &k.part));
    for (size_t i = 0; i < PETSC_STATIC_ARRAY_LENGTH(types); i++) {
      k.d.type     = types[i];
      k.d.active   = s == 1 || write ? size[s][HG_N] : size[s][HG_N] - 1;
      k.d.periodic = s == 2 ? PETSC_TRUE : PETSC_FALSE;
      if (copies && !strcmp(types[i], HGLOSSH1)) continue; /* a halo needs one owner for each point */
      PetscCall(RunWeights(&k, size[s]));
    }
    PetscCall(HGPartitionDestroy(&k.part));
  }
  if (k.out) PetscCheck(!fclose(k.out), PETSC_COMM_WORLD, PETSC_ERR_FILE_WRITE, "cannot write %s", path);
  PetscCall(HGFinalize());
  return 0;
}
