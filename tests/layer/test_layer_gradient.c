/* SPDX-License-Identifier: BSD-2-Clause */
/*
  Layers beside the convolution: the gradient is the derivative (the remainder of Taylor's formula is of second order), outputs, gradients
  and running statistics on any layout are those of one rank, and gradients are added and multiplied by (x > 0) where that is asked for.
*/
#include "layercase.h"

static const char *const cases[] = {
    "type=pool size=2,3,1,13,11",
    "type=pool size=2,5,1,13,11 window=1,3,3 stride=1,2,2 padding=0,1,1",
    "type=pool size=2,2,1,14,13 window=1,3,2 stride=1,1,3 padding=0,1,1 dilation=1,2,1",
    "type=pool size=2,4,1,13,12 window=1,5,3 stride=1,2,1 padding=0,2,1 average=1",
    "type=pool size=2,3,1,12,13 window=1,3,4 stride=1,2,2 padding=0,1,2 average=1 count_padding=0",
    "type=pool dim=1 size=2,2,1,1,41 window=1,1,4 stride=1,1,3 padding=0,0,2",
    "type=pool dim=3 size=2,2,7,9,8 window=3,2,3 stride=2,2,1 padding=1,0,1",
    "type=pool dim=3 size=2,2,7,9,8 window=2,3,2 stride=2,2,2 padding=1,1,0 average=1",
    "type=upsample size=2,3,1,7,9",
    "type=upsample size=2,2,1,7,9 linear=1",
    "type=upsample size=2,3,1,7,6 factor=1,3,1 linear=1",
    "type=upsample dim=1 size=2,2,1,1,13 factor=1,1,4 linear=1",
    "type=upsample dim=3 size=2,2,4,7,5 linear=1",
    "type=activation function=leaky_relu parameter=0.2 size=2,3,1,7,9",
    "type=activation function=elu parameter=1.3 size=2,3,1,7,9",
    "type=activation function=gelu size=2,3,1,7,9",
    "type=activation function=silu size=2,3,1,7,9",
    "type=activation function=tanh size=2,3,1,7,9",
    "type=activation function=sigmoid size=2,3,1,7,9",
    "type=activation function=softplus size=2,3,1,7,9",
    "type=activation function=sin size=2,3,1,7,9",
    "type=activation function=relu size=2,3,1,7,9",
    "type=norm size=4,6,1,7,9",
    "type=norm size=4,6,1,7,9 training=0",
    "type=norm size=3,4,1,5,7 relu=1 momentum=0.5 epsilon=1e-3",
    "type=norm dim=1 size=4,3,1,1,13 affine=0",
    "type=norm dim=3 size=2,2,5,7,3",
    "type=norm kind=group groups=3 size=3,6,1,7,9",
    "type=norm kind=group groups=2 size=2,6,1,5,7 relu=1",
    "type=norm kind=instance size=2,4,1,7,9",
    "type=norm kind=layer size=3,4,1,7,9",
    "type=norm kind=layer dim=3 size=2,3,5,4,3 affine=0",
    "type=dropout size=3,6,1,7,9 probability=0.3",
    "type=dropout size=3,6,1,7,9 training=0",
    "type=dropout dim=3 size=2,4,5,4,3 step=7",
    "type=add inputs=2 size=2,3,1,7,9",
    "type=add inputs=3 size=2,3,1,7,9 relu=1",
    "type=concat inputs=2 size=2,5,1,7,9",
    "type=concat inputs=3 size=2,3,1,7,6",
    "type=concat dim=3 inputs=3 size=2,2,4,5,3",
    "type=slice size=2,7,1,7,9 first=2 count=3",
    "type=softmax size=2,5,1,7,9",
    "type=linear outputs=3 size=2,5,1,7,9",
    "type=linear outputs=6 dim=3 size=2,2,4,5,3",
    "type=periodic size=2,3,1,7,9",
    "type=periodic dim=3 size=2,4,4,5,3",
    "type=flatten size=3,4,1,7,9",
    "type=flatten dim=3 size=2,3,4,5,3",
    "type=dense outputs=5 size=3,4,1,7,9",
    "type=dense outputs=7 size=2,6,1,5,7 relu=1 parts=1,2",
    "type=dense outputs=6 size=2,7,1,5,7 relu=1 parts=2,1",
    "type=dense outputs=7 size=3,9,1,7,6 bias=0 parts=1,3",
    "type=dense outputs=7 size=2,2,1,7,6 parts=3,1",
    "type=dense outputs=5 size=2,2,1,7,6 relu=1 parts=4,1",
    "type=dense outputs=4 size=2,13,1,7,6 parts=3,2",
    "type=dense outputs=9 size=2,2,1,7,6 parts=6,1",
    "type=dense outputs=9 size=2,7,1,7,6 parts=1,6",
    "type=dense outputs=1 size=2,2,1,7,9",
    "type=dense outputs=2 size=2,2,1,1,8 dim=1",
    "type=dense dim=3 outputs=5 size=2,2,4,7,5 relu=1",
};

typedef struct {
  PetscInt nx, ny, np, ns; /* nx of all inputs */
  double  *x, *p, *s, *dy;
  double  *y, *dx, *dp; /* one behind the other, to be summed at once */
} Arrays;

/* Into a new array if there is none */
static PetscErrorCode Draw(const char *name, PetscInt n, double **a)
{
  PetscFunctionBegin;
  if (!*a) PetscCall(PetscMalloc1(n + 1, a));
  for (PetscInt i = 0; i < n; i++) (*a)[i] = HGRandomNormal(3, HGRandomStream(name), (uint64_t)i);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ArraysCreate(const LayerCase *c, Arrays *a)
{
  PetscFunctionBegin;
  *a = (Arrays){.nx = c->nin * c->nx, .ny = c->ny, .np = c->np, .ns = c->ns};
  PetscCall(PetscCalloc1(a->ny + a->nx + a->np + 1, &a->y));
  a->dx = a->y + a->ny;
  a->dp = a->dx + a->nx;
  PetscCall(Draw("x", a->nx, &a->x));
  PetscCall(Draw("p", a->np, &a->p));
  PetscCall(Draw("s", a->ns, &a->s));
  PetscCall(Draw("dy", a->ny, &a->dy));
  PetscCall(Draw("dx", a->nx, &a->dx));
  for (PetscInt i = a->ns / 2; i < a->ns; i++) a->s[i] = a->s[i] * a->s[i] + 0.1; /* running variances */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ArraysDestroy(Arrays *a)
{
  double **all[] = {&a->x, &a->p, &a->s, &a->dy, &a->y};

  PetscFunctionBegin;
  for (int i = 0; i < 5; i++) PetscCall(PetscFree(*all[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double Dot(PetscInt n, const double *a, const double *b)
{
  double sum = 0;

  for (PetscInt i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

/* <dy, layer(x + h vx, p + h vp)> */
static PetscErrorCode Value(LayerCase *c, const Arrays *a, double h, const double *vx, const double *vp, double *f)
{
  double *x, *p, *s, *y;

  PetscFunctionBegin;
  PetscCall(PetscMalloc4(a->nx, &x, a->np + 1, &p, a->ns + 1, &s, a->ny, &y));
  for (PetscInt i = 0; i < a->nx; i++) x[i] = a->x[i] + h * vx[i];
  for (PetscInt i = 0; i < a->np; i++) p[i] = a->p[i] + h * vp[i];
  PetscCall(PetscArraycpy(s, a->s, a->ns));
  PetscCall(CaseForward(c, x, p, s, y));
  *f = Dot(a->ny, a->dy, y);
  PetscCall(PetscFree4(x, p, s, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* f(h) - f(0) - h f'(0) falls by four when h is halved; h is small, so that no kink lies between. Roundings are of size eps |dy| |y|. */
static PetscErrorCode TestTaylor(const char *line)
{
  const double step = 1e-5;
  LayerCase    c;
  Arrays       a;
  double      *vx = NULL, *vp = NULL, *s, f[3], slope, r[2], round;

  PetscFunctionBegin;
  PetscCall(CaseCreate(PETSC_COMM_SELF, line, &c));
  PetscCall(ArraysCreate(&c, &a));
  PetscCall(Draw("vx", a.nx, &vx));
  PetscCall(Draw("vp", a.np, &vp));
  PetscCall(PetscMalloc1(a.ns + 1, &s));
  PetscCall(PetscArraycpy(s, a.s, a.ns));
  PetscCall(CaseForward(&c, a.x, a.p, s, a.y));
  PetscCall(CaseAdjoint(&c, a.dy, a.dx, a.dp));
  slope = Dot(a.nx, a.dx, vx) + Dot(a.np, a.dp, vp);
  for (int i = 0; i < 3; i++) PetscCall(Value(&c, &a, i ? step / i : 0, vx, vp, &f[i]));
  for (int i = 0; i < 2; i++) r[i] = fabs(f[i + 1] - f[0] - slope * step / (i + 1));
  round = 1e-15 * sqrt(Dot(a.ny, a.dy, a.dy) * Dot(a.ny, a.y, a.y)) + 1e-15 * step * fabs(slope);
  PetscCheck(r[1] <= r[0] / 3.5 + 10 * round && r[0] <= 1e-3 * step * (fabs(slope) + (double)a.ny), PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "%s: remainders %g and %g for steps %g and %g, slope %g", line, r[0], r[1], step, step / 2, slope);
  PetscCall(PetscFree(vx));
  PetscCall(PetscFree(vp));
  PetscCall(PetscFree(s));
  PetscCall(ArraysDestroy(&a));
  PetscCall(CaseDestroy(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Compare(const char *line, const char *what, PetscInt n, const double *found, const double *wanted)
{
  double scale = 1;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) scale = PetscMax(scale, fabs(wanted[i]));
  for (PetscInt i = 0; i < n; i++)
    PetscCheck(fabs(found[i] - wanted[i]) <= 1e-10 * scale, PETSC_COMM_SELF, PETSC_ERR_PLIB,
               "%s: %s[%" PetscInt_FMT "] is %.17g, on one rank %.17g", line, what, i, found[i], wanted[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* With every second channel of x given as rectified, if the layer can do that */
static PetscErrorCode SetMasks(LayerCase *c, PetscBool add, unsigned char *rectified, PetscBool *masks)
{
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(c->x[0], &l));
  for (PetscInt i = 0; i < l->box.size[HG_C]; i++) rectified[i] = (l->box.start[HG_C] + i) % 2;
  for (PetscInt i = 0; i < c->nin; i++) {
    PetscCall(HGLayerGetNeeds(c->layer, i, NULL, NULL, masks));
    PetscCall(HGLayerSetInput(c->layer, i, c->x[i], c->dx[i], add, *masks ? rectified : NULL));
  }
  PetscCall(HGLayerSetOutput(c->layer, c->y, c->dy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestParallel(const char *line)
{
  LayerCase     one, c;
  Arrays        a, b, d;
  PetscInt      size[HG_AXES], points;
  unsigned char rectified[64];
  PetscBool     masks = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(CaseCreate(PETSC_COMM_SELF, line, &one));
  PetscCall(CaseCreate(PETSC_COMM_WORLD, line, &c));
  PetscCall(ArraysCreate(&one, &a));
  PetscCall(ArraysCreate(&c, &b));
  PetscCall(ArraysCreate(&c, &d));
  PetscCall(CaseForward(&one, a.x, a.p, a.s, a.y));
  PetscCall(CaseAdjoint(&one, a.dy, a.dx, a.dp));
  PetscCall(CaseForward(&c, b.x, b.p, b.s, b.y));
  PetscCall(CaseAdjoint(&c, b.dy, b.dx, b.dp));
  PetscCall(CaseSum(&c, b.ny + b.nx + b.np, b.y));
  PetscCall(Compare(line, "y", a.ny, b.y, a.y));
  PetscCall(Compare(line, "dx", a.nx, b.dx, a.dx));
  PetscCall(Compare(line, "dp", a.np, b.dp, a.dp));
  PetscCall(Compare(line, "state", a.ns, b.s, a.s));

  PetscCall(SetMasks(&c, PETSC_TRUE, rectified, &masks));
  PetscCall(HGPartitionGetSizes(c.part, NULL, size));
  points = size[HG_Z] * size[HG_Y] * size[HG_X];
  for (PetscInt i = 0; i < a.nx; i++) b.dx[i] = d.dx[i] + (masks && i / points % size[HG_C] % 2 && !(a.x[i] > 0) ? 0 : a.dx[i]);
  PetscCall(CaseForward(&c, d.x, d.p, d.s, d.y));
  PetscCall(CaseAdjoint(&c, d.dy, d.dx, d.dp));
  PetscCall(CaseSum(&c, d.nx, d.dx));
  PetscCall(Compare(line, "dx, added and masked,", a.nx, d.dx, b.dx));
  PetscCall(ArraysDestroy(&a));
  PetscCall(ArraysDestroy(&b));
  PetscCall(ArraysDestroy(&d));
  PetscCall(CaseDestroy(&one));
  PetscCall(CaseDestroy(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Another step has another mask; the same one has the same; about as many elements stay as should */
static PetscErrorCode TestDropoutSteps(void)
{
  const char *lines[] = {"type=dropout size=2,8,1,20,20 probability=0.25 step=1", "type=dropout size=2,8,1,20,20 probability=0.25 step=2",
                         "type=dropout size=2,8,1,20,20 probability=0.25 step=1"};
  Arrays      a[3];
  PetscInt    kept = 0, same = 0, again = 0;

  PetscFunctionBegin;
  for (int i = 0; i < 3; i++) {
    LayerCase c;

    PetscCall(CaseCreate(PETSC_COMM_WORLD, lines[i], &c));
    PetscCall(ArraysCreate(&c, &a[i]));
    PetscCall(CaseForward(&c, a[i].x, a[i].p, a[i].s, a[i].y));
    PetscCall(CaseSum(&c, a[i].ny, a[i].y));
    PetscCall(CaseDestroy(&c));
  }
  for (PetscInt j = 0; j < a[0].ny; j++) {
    kept += a[0].y[j] != 0;
    same += (a[0].y[j] != 0) == (a[1].y[j] != 0);
    again += a[0].y[j] == a[2].y[j];
  }
  /* five standard deviations of 6400 draws: 5 sqrt(6400 * 3/16) = 173; equal with probability 5/8 */
  PetscCheck(PetscAbsInt(kept - 4800) < 173 && PetscAbsInt(same - 4000) < 194 && again == 6400, PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "dropout keeps %" PetscInt_FMT " of 6400, %" PetscInt_FMT " as in another step, %" PetscInt_FMT " as in the same", kept, same,
             again);
  for (int i = 0; i < 3; i++) PetscCall(ArraysDestroy(&a[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscMPIInt rank;
  PetscInt    channel_parts = 1;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-hg_channel_parts", &channel_parts, NULL));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    if (rank == 0) PetscCall(TestTaylor(cases[i]));
    if (strncmp(cases[i], "type=periodic", 13) || channel_parts == 1) PetscCall(TestParallel(cases[i])); /* it refuses divided channels */
  }
  PetscCall(TestDropoutSteps());
  PetscCall(HGFinalize());
  return 0;
}
