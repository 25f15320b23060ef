/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/coord_impl.h"

/* Those with three continuous derivatives: the adjoint of a second derivative takes the third */
static const char *const  Names[]  = {"tanh", "sin", "gelu", "silu", "softplus"};
static const HGActivation Smooth[] = {HG_ACT_TANH, HG_ACT_SIN, HG_ACT_GELU, HG_ACT_SILU, HG_ACT_SOFTPLUS};
#define NSMOOTH ((PetscInt)(sizeof(Smooth) / sizeof(*Smooth)))

/*@
   HGCoordNetCreate - Create a coordinate network: 4 hidden layers of 32, tanh

   Collective

   Input Parameter:
.  comm - the communicator that reports errors; the network itself is each rank's own

   Output Parameter:
.  net - the network

   Level: intermediate

.seealso: `HGCoordNet`, `HGCoordNetSetSizes()`, `HGCoordNetDestroy()`
@*/
PetscErrorCode HGCoordNetCreate(MPI_Comm comm, HGCoordNet *net)
{
  HGCoordNet n;

  PetscFunctionBegin;
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(PetscNew(&n));
  n->comm       = comm;
  n->dim        = 1;
  n->out        = 1;
  n->width      = 32;
  n->depth      = 4;
  n->activation = HG_ACT_TANH;
  for (int i = 0; i < HG_COORD_MAX_DIM; i++) n->scale[i] = 1;
  *net = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetSetSizes - Set how many coordinates, outputs and neurons a coordinate network has

   Logically Collective

   Input Parameters:
+  net   - the network
.  dim   - coordinates of a point, 1 to 4
.  out   - outputs, 1 to 8
.  width - neurons of a hidden layer; 0 keeps what it is
-  depth - hidden layers; 0 keeps what it is

   Options Database Keys:
+  -net_width w - neurons of a hidden layer (default 32)
-  -net_depth d - hidden layers (default 4)

   Level: intermediate

.seealso: `HGCoordNetSetFromOptions()`
@*/
PetscErrorCode HGCoordNetSetSizes(HGCoordNet net, PetscInt dim, PetscInt out, PetscInt width, PetscInt depth)
{
  PetscFunctionBegin;
  PetscCheck(!net->values, net->comm, PETSC_ERR_ORDER, "HGCoordNetSetSizes() comes before HGCoordNetSetUp()");
  HGCheck(dim >= 1 && dim <= HG_COORD_MAX_DIM, net->comm, "a coordinate network of %" PetscInt_FMT " coordinates; give 1 to %d", dim,
          HG_COORD_MAX_DIM);
  HGCheck(out >= 1 && out <= HG_COORD_MAX_OUT, net->comm, "a coordinate network of %" PetscInt_FMT " outputs; give 1 to %d", out,
          HG_COORD_MAX_OUT);
  net->dim = dim;
  net->out = out;
  if (width) net->width = width;
  if (depth) net->depth = depth;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordNetSetActivation - Set the function between the layers

   Logically Collective

   Input Parameters:
+  net  - the network
-  name - tanh, sin, gelu, silu or softplus

   Options Database Key:
.  -net_activation tanh|sin|gelu|silu|softplus - the function (default tanh)

   Level: intermediate

   Errors:
   A function without smooth second and third derivatives, such as relu.

.seealso: `HGCoordNetSetFromOptions()`
@*/
PetscErrorCode HGCoordNetSetActivation(HGCoordNet net, const char name[])
{
  PetscInt  found = -1;
  PetscBool same;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < NSMOOTH; i++) {
    PetscCall(PetscStrcasecmp(name, Names[i], &same));
    if (same) found = i;
  }
  HGCheck(
      found >= 0, net->comm,
      "-net_activation %s: a coordinate network needs a function with smooth second derivatives; choose tanh, sin, gelu, silu or softplus",
      name);
  net->activation = Smooth[found];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetSetBox - Set the box that holds the points; the network sees it as [-1, 1] along each axis

   Logically Collective

   Input Parameters:
+  net - the network, its sizes set
.  lo  - least coordinates
-  hi  - largest coordinates

   Level: intermediate

   Shape:
   lo, hi: [dim]

.seealso: `HGCoordNetSweep()`
@*/
PetscErrorCode HGCoordNetSetBox(HGCoordNet net, const double lo[], const double hi[])
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < net->dim; i++) {
    HGCheck(lo[i] < hi[i], net->comm, "coordinate %" PetscInt_FMT " goes from %g to %g; give a box that is not empty", i, lo[i], hi[i]);
    net->centre[i] = (lo[i] + hi[i]) / 2;
    net->scale[i]  = 2 / (hi[i] - lo[i]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetSetSecond - Set which second derivatives a sweep of order 2 gives

   Logically Collective

   Input Parameters:
+  net   - the network, its sizes set
.  n     - how many
-  pairs - pairs i <= j: d2/dx_i dx_j

   Level: intermediate

   Shape:
   pairs: [n][2]

.seealso: `HGCoordNetSweep()`
@*/
PetscErrorCode HGCoordNetSetSecond(HGCoordNet net, PetscInt n, const PetscInt pairs[][2])
{
  PetscFunctionBegin;
  PetscCheck(!net->values, net->comm, PETSC_ERR_ORDER, "HGCoordNetSetSecond() comes before HGCoordNetSetUp()");
  HGCheck(n >= 0 && n <= HG_COORD_MAX_SECOND, net->comm, "%" PetscInt_FMT " second derivatives; there are at most %d", n,
          HG_COORD_MAX_SECOND);
  for (PetscInt k = 0; k < n; k++) {
    HGCheck(pairs[k][0] >= 0 && pairs[k][0] <= pairs[k][1] && pairs[k][1] < net->dim, net->comm,
            "second derivative by coordinates %" PetscInt_FMT ",%" PetscInt_FMT "; give 0 <= i <= j < %" PetscInt_FMT, pairs[k][0],
            pairs[k][1], net->dim);
    net->second[k][0] = pairs[k][0];
    net->second[k][1] = pairs[k][1];
  }
  net->nsecond = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetSetFromOptions - Take width, depth and activation from the options

   Collective

   Input Parameter:
.  net - the network

   Options Database Keys:
+  -net_width w                                   - neurons of a hidden layer (default 32)
.  -net_depth d                                   - hidden layers (default 4)
-  -net_activation tanh|sin|gelu|silu|softplus - function between the layers (default tanh)

   Level: intermediate

.seealso: `HGCoordNetSetSizes()`, `HGCoordNetSetActivation()`
@*/
PetscErrorCode HGCoordNetSetFromOptions(HGCoordNet net)
{
  PetscInt act = 0;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < NSMOOTH; i++)
    if (Smooth[i] == net->activation) act = i;
  PetscOptionsBegin(net->comm, NULL, "Coordinate network options", "");
  PetscCall(HGOptionsInt("-net_width", "neurons of a hidden layer", "HGCoordNetSetSizes", 1, 4096, &net->width, NULL));
  PetscCall(HGOptionsInt("-net_depth", "hidden layers", "HGCoordNetSetSizes", 1, 256, &net->depth, NULL));
  PetscCall(HGOptionsChoice("-net_activation", "function between the layers, with smooth second derivatives", "HGCoordNetSetActivation",
                            Names, NSMOOTH, &act, NULL));
  PetscOptionsEnd();
  PetscCall(HGCoordNetSetActivation(net, Names[act]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PETSC_INTERN PetscErrorCode HGCoordNetSetUp_Sweep(HGCoordNet);

/*@
   HGCoordNetSetUp - Make a coordinate network ready: what a sweep needs is allocated here

   Collective

   Input Parameters:
+  net   - the network
-  dtype - element type of the sums; the outputs and gradients are double in both

   Level: intermediate

.seealso: `HGCoordNetSetParameters()`
@*/
PetscErrorCode HGCoordNetSetUp(HGCoordNet net, HGDType dtype)
{
  const int k[3] = {1, 1, 1};
  HGSimd    simd;
  size_t    at = 0;

  PetscFunctionBegin;
  PetscCheck(!net->values, net->comm, PETSC_ERR_ORDER, "HGCoordNetSetUp() is called once");
  PetscCall(HGGetSimd(&simd));
  net->dtype   = dtype;
  net->kernels = HGKernelsGet(simd, dtype);
  net->fields  = HGFieldKernelsGet(simd, dtype);
  net->nlayers = net->depth + 1;
  PetscCall(PetscCalloc1(net->nlayers, &net->layer));
  for (PetscInt l = 0; l < net->nlayers; l++) {
    HGCoordLayer *y = &net->layer[l];

    y->cin    = l ? net->width : net->dim;
    y->cout   = l + 1 < net->nlayers ? net->width : net->out;
    y->weight = at;
    y->bias   = at + (size_t)(y->cin * y->cout);
    at        = y->bias + (size_t)y->cout;
    PetscCall(PetscMalloc(net->kernels->conv_packed_size(1, (int)y->cin, (int)y->cout, k), &y->packed));
    PetscCall(PetscMalloc(net->kernels->conv_packed_size(1, (int)y->cout, (int)y->cin, k), &y->adjoint));
  }
  net->nparams = (PetscInt)at;
  PetscCall(PetscMalloc(at * HGDTypeSize(dtype), &net->values));
  PetscCall(HGCoordNetSetUp_Sweep(net));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetGetSizes - Get the numbers of coordinates, outputs and parameters

   Not Collective

   Input Parameter:
.  net - the network

   Output Parameters:
+  dim    - coordinates of a point, or NULL
.  out    - outputs, or NULL
-  params - parameters, or NULL; known after `HGCoordNetSetUp()`

   Level: intermediate

.seealso: `HGCoordNetSetSizes()`
@*/
PetscErrorCode HGCoordNetGetSizes(HGCoordNet net, PetscInt *dim, PetscInt *out, PetscInt *params)
{
  PetscFunctionBegin;
  if (dim) *dim = net->dim;
  if (out) *out = net->out;
  if (params) *params = net->nparams;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetGetComponents - Get how many Taylor components a sweep gives

   Not Collective

   Input Parameters:
+  net   - the network
-  order - highest derivative, 0 to 2

   Output Parameter:
.  n - 1, and the first derivatives, and the second ones that were asked for

   Level: intermediate

.seealso: `HGCoordNetSweep()`
@*/
PetscErrorCode HGCoordNetGetComponents(HGCoordNet net, int order, PetscInt *n)
{
  PetscFunctionBegin;
  *n = 1 + (order > 0 ? net->dim : 0) + (order > 1 ? net->nsecond : 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordNetGetOptionsString - Get the options that make this network again

   Not Collective

   Input Parameters:
+  net - the network
-  len - length of the text

   Output Parameter:
.  options - the options

   Level: intermediate

.seealso: `HGCoordNetSetFromOptions()`
@*/
PetscErrorCode HGCoordNetGetOptionsString(HGCoordNet net, char options[], size_t len)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < NSMOOTH; i++)
    if (Smooth[i] == net->activation)
      PetscCall(PetscSNPrintf(options, len, "-net_type mlp -net_width %" PetscInt_FMT " -net_depth %" PetscInt_FMT " -net_activation %s",
                              net->width, net->depth, Names[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetInitialize - Draw initial parameters: weights uniform with variance 2 / (in + out), biases zero

   Not Collective

   Input Parameters:
+  net  - the network, set up
-  seed - the same seed gives the same parameters

   Output Parameter:
.  p - the parameters

   Level: intermediate

   Note:
   Glorot and Bengio, AISTATS 2010, eq. 16.

.seealso: `HGCoordNetSetParameters()`
@*/
PetscErrorCode HGCoordNetInitialize(HGCoordNet net, uint64_t seed, double p[])
{
  PetscFunctionBegin;
  for (PetscInt l = 0; l < net->nlayers; l++) {
    const HGCoordLayer *y     = &net->layer[l];
    const double        bound = PetscSqrtReal(6. / (double)(y->cin + y->cout));
    char                name[32];

    PetscCall(PetscSNPrintf(name, sizeof(name), "fc%" PetscInt_FMT ".weight", l + 1));
    for (PetscInt i = 0; i < y->cin * y->cout; i++)
      p[y->weight + (size_t)i] = bound * (2 * HGRandomUniform(seed, HGRandomStream(name), (uint64_t)i) - 1);
    for (PetscInt i = 0; i < y->cout; i++) p[y->bias + (size_t)i] = 0;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetDestroy - Destroy a coordinate network

   Not Collective

   Input Parameter:
.  net - the network; set to NULL

   Level: intermediate

.seealso: `HGCoordNetCreate()`
@*/
PetscErrorCode HGCoordNetDestroy(HGCoordNet *net)
{
  HGCoordNet n = *net;

  PetscFunctionBegin;
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt l = 0; l < n->nlayers; l++) {
    PetscCall(PetscFree(n->layer[l].packed));
    PetscCall(PetscFree(n->layer[l].adjoint));
  }
  PetscCall(PetscFree(n->layer));
  PetscCall(PetscFree(n->values));
  PetscCall(PetscFree(n->gradient));
  PetscCall(PetscFree(n->memory));
  PetscCall(PetscFree(*net));
  PetscFunctionReturn(PETSC_SUCCESS);
}
