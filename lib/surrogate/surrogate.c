/* SPDX-License-Identifier: BSD-2-Clause */
/* A trained network on the Vecs of a user's DMDA. The network's grid and partition are the DMDA's: nothing moves but the network's own halos. */
#include "surrogate/hgsurrogate.h"
#include "data/hgdatainfo.h"
#include "net/hgnet.h"
#include "physics/hgphysics.h"
#include <petsc/private/petscimpl.h>
#include <petscsnes.h>

struct _p_HGSurrogate {
  PETSCHEADER(int);
  char      *model;   /* file, empty for none */
  char      *options; /* of the network, once it is set up */
  DM         da;
  Vec        input; /* the user's further fields, or NULL */
  HGNet      net;
  HGDataInfo info;
  HGPhysics  physics; /* whose hard boundary conditions the output takes, or NULL */
  HGTensor   x, y;    /* the network's: [1][C][Z][Y][X] */
  Vec        in, out; /* of the DMDA's layout with C degrees of freedom */
  PetscInt   points;  /* of this rank */
  PetscBool  setup;
};

/*@
   HGSurrogateCreate - Create a map by a trained network

   Collective

   Input Parameter:
.  comm - the ranks of the DMDA

   Output Parameter:
.  surrogate - the map

   Level: beginner

.seealso: `HGSurrogateSetModel()`, `HGSurrogateSetDMDA()`, `HGSurrogateSetUp()`, `HGSurrogateDestroy()`
@*/
PetscErrorCode HGSurrogateCreate(MPI_Comm comm, HGSurrogate *surrogate)
{
  PetscFunctionBegin;
  PetscCall(HGCheckInitialized(PETSC_FUNCTION_NAME));
  PetscCall(PetscHeaderCreate(*surrogate, HG_SURROGATE_CLASSID, "HGSurrogate", "Trained network on a DMDA", "Train", comm,
                              HGSurrogateDestroy, HGSurrogateView));
  PetscCall(PetscStrallocpy("", &(*surrogate)->model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGSurrogateSetModel - Set the model file that holds the network

   Logically Collective

   Input Parameters:
+  s    - the map
-  path - the file, written by a trainer or `HGModelWrite()`

   Options Database Key:
.  -surrogate_model file - the file

   Level: beginner

.seealso: `HGSurrogateSetUp()`
@*/
PetscErrorCode HGSurrogateSetModel(HGSurrogate s, const char path[])
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(s, HG_SURROGATE_CLASSID, 1);
  PetscCheck(!s->setup, PetscObjectComm((PetscObject)s), PETSC_ERR_ORDER, "the model is set before HGSurrogateSetUp()");
  PetscCall(PetscFree(s->model));
  PetscCall(PetscStrallocpy(path, &s->model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGSurrogateSetDMDA - Set the grid and its partition

   Logically Collective

   Input Parameters:
+  s  - the map
-  da - the DMDA of its output; referenced

   Level: beginner

   Note:
   A network of convolutions takes any grid. It has learned on a grid of some spacing, however, and its equation's scale.

   Errors:
   A DM that is not a DMDA.

.seealso: `HGSurrogateSetUp()`
@*/
PetscErrorCode HGSurrogateSetDMDA(HGSurrogate s, DM da)
{
  const char *type = da ? ((PetscObject)da)->type_name : NULL;
  PetscBool   is   = PETSC_FALSE;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(s, HG_SURROGATE_CLASSID, 1);
  PetscCheck(!s->setup, PetscObjectComm((PetscObject)s), PETSC_ERR_ORDER, "the DMDA is set before HGSurrogateSetUp()");
  if (da) PetscCall(PetscObjectTypeCompare((PetscObject)da, DMDA, &is));
  HGCheck(is, PetscObjectComm((PetscObject)s),
          "a network on fields needs a DMDA, and the DM is %s%s; set one with KSPSetDM(), SNESSetDM(), PCSetDM() or MatSetDM()",
          type ? "of type " : "not set", type ? type : "");
  PetscCall(PetscObjectReference((PetscObject)da));
  PetscCall(DMDestroy(&s->da));
  s->da = da;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGSurrogateSetInput - Set the fields that the network reads after those of `HGSurrogateApply()`

   Logically Collective

   Input Parameters:
+  s - the map
-  a - a global Vec of the DMDA's layout with as many degrees of freedom as there are such channels, or NULL. Referenced: what it holds when the
       map is applied counts

   Level: beginner

.seealso: `HGSurrogateApply()`
@*/
PetscErrorCode HGSurrogateSetInput(HGSurrogate s, Vec a)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(s, HG_SURROGATE_CLASSID, 1);
  if (a) PetscValidHeaderSpecific(a, VEC_CLASSID, 2);
  if (a) PetscCall(PetscObjectReference((PetscObject)a));
  PetscCall(VecDestroy(&s->input));
  s->input = a;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGSurrogateSetFromOptions - Set the model file from the options database

   Collective

   Input Parameter:
.  s - the map

   Options Database Keys:
+  -surrogate_model file - the model file
-  -hg_dtype f32|f64     - the network's arithmetic (default f32)

   Level: beginner

.seealso: `HGSurrogateSetModel()`
@*/
PetscErrorCode HGSurrogateSetFromOptions(HGSurrogate s)
{
  const char *path = s->model;
  PetscBool   set;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(s, HG_SURROGATE_CLASSID, 1);
  PetscObjectOptionsBegin((PetscObject)s);
  PetscCall(HGOptionsString(PetscOptionsObject, "-surrogate_model", "model file", "HGSurrogateSetModel", &path, &set));
  PetscOptionsEnd();
  if (set) PetscCall(HGSurrogateSetModel(s, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The partition of one sample of the network's input: the DMDA's */
static PetscErrorCode CreatePartition(HGSurrogate s, HGPartition *part)
{
  MPI_Comm        comm = PetscObjectComm((PetscObject)s->da);
  PetscBool       pointwise;
  PetscInt        dim, size[HG_AXES] = {1, 1, 1, 1, 1}, parts[HG_AXES] = {1, 1, 1, 1, 1};
  const PetscInt *len[3];
  DMBoundaryType  b[3];
  PetscBool       periodic[3];

  PetscFunctionBegin;
  PetscCall(DMDAGetInfo(s->da, &dim, &size[HG_X], &size[HG_Y], &size[HG_Z], &parts[HG_X], &parts[HG_Y], &parts[HG_Z], NULL, NULL, &b[2],
                        &b[1], &b[0], NULL));
  PetscCall(HGNetHasJets(s->net, &pointwise)); /* such a network takes points of any space */
  HGCheck(pointwise || dim == s->info.dim, comm, "the DMDA is %" PetscInt_FMT "-D, the network of %s %" PetscInt_FMT "-D", dim, s->model,
          s->info.dim);
  size[HG_C] = s->info.channels[0];
  PetscCall(DMDAGetOwnershipRanges(s->da, &len[2], &len[1], &len[0]));
  PetscCall(HGPartitionCreate(comm, part));
  PetscCall(HGPartitionSetSizes(*part, dim, size));
  PetscCall(HGPartitionSetParts(*part, parts));
  for (int a = 0; a < 3; a++) {
    periodic[a] = b[a] == DM_BOUNDARY_PERIODIC ? PETSC_TRUE : PETSC_FALSE;
    if (a >= 3 - dim) PetscCall(HGPartitionSetRanges(*part, HG_Z + a, len[a]));
  }
  PetscCall(HGPartitionSetPeriodic(*part, periodic));
  PetscCall(HGPartitionSetUp(*part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckOutput(HGSurrogate s)
{
  HGPartition          part;
  const HGTensorLocal *x, *y;
  PetscInt             size[HG_AXES], dof;
  PetscBool            same = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(s->y, &part));
  PetscCall(HGPartitionGetSizes(part, NULL, size));
  PetscCall(DMDAGetDof(s->da, &dof));
  HGCheck(size[HG_C] == dof, PetscObjectComm((PetscObject)s),
          "the network of %s has %" PetscInt_FMT " output channels, the DMDA %" PetscInt_FMT
          " degrees of freedom; take a model with as many",
          s->model, size[HG_C], dof);
  PetscCall(HGTensorGetLocal(s->x, &x));
  PetscCall(HGTensorGetLocal(s->y, &y));
  for (int a = HG_Z; a <= HG_X; a++)
    if (x->box.start[a] != y->box.start[a] || x->box.size[a] != y->box.size[a]) same = PETSC_FALSE;
  PetscCall(HGAgree(PetscObjectComm((PetscObject)s), same, &same));
  HGCheck(same, PetscObjectComm((PetscObject)s),
          "the output of the network of %s has %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
          " points (x, y, z), which are not the DMDA's; take a network whose output has its input's points",
          s->model, size[HG_X], size[HG_Y], size[HG_Z]);
  s->points = y->box.size[HG_Z] * y->box.size[HG_Y] * y->box.size[HG_X];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateVec(HGSurrogate s, PetscInt dof, Vec *v)
{
  DM dm;

  PetscFunctionBegin;
  PetscCall(DMDACreateCompatibleDMDA(s->da, dof, &dm));
  PetscCall(DMCreateGlobalVector(dm, v));
  PetscCall(DMDestroy(&dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A model trained against an equation with hard boundary conditions holds them */
static PetscErrorCode SetUpPhysics(HGSurrogate s, HGModel m)
{
  HGPartition part;
  DM          da;
  PetscBool   has;

  PetscFunctionBegin;
  PetscCall(HGModelHas(m, "", "physics_options", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGPhysicsCreate(PetscObjectComm((PetscObject)s->da), &s->physics));
  PetscCall(HGPhysicsSetModel(s->physics, m));
  PetscCall(HGTensorGetPartition(s->y, &part));
  PetscCall(HGPartitionGetDM(part, &da));
  PetscCall(HGPhysicsSetDMDA(s->physics, da));
  PetscCall(HGPhysicsSetUp(s->physics));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the file says becomes the network, planned for the DMDA, and what goes around it */
static PetscErrorCode SetUpFromModel(HGSurrogate s, HGModel m)
{
  HGPartition part;
  HGDType     dtype;
  Vec         values;
  const char *text;

  PetscFunctionBegin;
  PetscCall(HGNetSetModel(s->net, m));
  PetscCall(HGModelGetText(m, "", "net_options", &text));
  PetscCall(PetscStrallocpy(text, &s->options));
  PetscCall(HGDataInfoRead(m, &s->info));
  PetscCall(CreatePartition(s, &part));
  PetscCall(HGGetDType(&dtype));
  PetscCall(HGNetSetUp(s->net, part, dtype));
  PetscCall(HGNetCreateParameters(s->net, &values));
  PetscCall(HGNetReadModel(s->net, m, values));
  PetscCall(HGNetSetParameters(s->net, values));
  PetscCall(VecDestroy(&values));
  PetscCall(HGPartitionDestroy(&part));
  PetscCall(HGNetGetInput(s->net, &s->x));
  PetscCall(HGNetGetOutput(s->net, &s->y, NULL));
  PetscCall(CheckOutput(s));
  PetscCall(SetUpPhysics(s, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGSurrogateSetUp - Read the network and plan it for the DMDA

   Collective

   Input Parameter:
.  s - the map, its model and DMDA set

   Level: beginner

   Errors:
   No model or no DMDA; a file that is not a model of fields; other dimensions or output channels than the DMDA; a network whose output has
   other points than its input, and a grid that it cannot take, such as one that a U-Net cannot halve.

.seealso: `HGSurrogateApply()`, `HGSurrogateView()`
@*/
PetscErrorCode HGSurrogateSetUp(HGSurrogate s)
{
  MPI_Comm       comm = PetscObjectComm((PetscObject)s);
  HGModel        m;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(s, HG_SURROGATE_CLASSID, 1);
  if (s->setup) PetscFunctionReturn(PETSC_SUCCESS);
  HGCheck(*s->model, comm,
          "no model; give the file of a trained network with HGSurrogateSetModel() or -surrogate_model, for a PC with -pc_halograd_model");
  PetscCheck(s->da, comm, PETSC_ERR_ORDER, "HGSurrogateSetDMDA() comes before HGSurrogateSetUp()");
  PetscCall(HGNetCreate(PetscObjectComm((PetscObject)s->da), &s->net));
  PetscCall(HGNetSetTraining(s->net, PETSC_FALSE));
  PetscCall(HGModelOpen(PetscObjectComm((PetscObject)s->da), s->model, &m));
  e = SetUpFromModel(s, m);
  PetscCall(HGModelDestroy(&m));
  PetscCall(e);
  PetscCall(CreateVec(s, s->info.channels[0], &s->in));
  PetscCall(CreateVec(s, s->info.channels[1], &s->out));
  s->setup = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CountChannels(HGSurrogate s, Vec v, PetscInt *channels)
{
  PetscInt n;

  PetscFunctionBegin;
  *channels = 0;
  if (!v) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetLocalSize(v, &n));
  PetscCheck(n % s->points == 0, PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
             "a Vec of %" PetscInt_FMT " local entries on a DMDA of %" PetscInt_FMT " local points; take it from the DMDA", n, s->points);
  *channels = n / s->points;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* v: [points][n], becomes channels first .. first + n of the input, normalised */
static PetscErrorCode Pack(HGSurrogate s, PetscInt first, PetscInt n, PetscReal scale, Vec v)
{
  const PetscInt     C = s->info.channels[0];
  const PetscScalar *a;
  PetscScalar       *x;

  PetscFunctionBegin;
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetArrayRead(v, &a));
  PetscCall(VecGetArray(s->in, &x));
  for (PetscInt c = 0; c < n; c++) {
    const PetscReal mean = s->info.mean[0][first + c], inverse = 1 / s->info.deviation[0][first + c];

    for (PetscInt i = 0; i < s->points; i++) x[i * C + first + c] = (scale * a[i * n + c] - mean) * inverse;
  }
  PetscCall(VecRestoreArray(s->in, &x));
  PetscCall(VecRestoreArrayRead(v, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Unpack(HGSurrogate s, PetscReal scale, Vec v)
{
  const PetscInt     C = s->info.channels[1];
  const PetscScalar *b;
  PetscScalar       *a, *y;

  PetscFunctionBegin;
  PetscCall(HGTensorToVec(s->y, 0, s->out));
  PetscCall(VecGetArray(s->out, &y));
  for (PetscInt i = 0; i < s->points * C; i++) y[i] = y[i] * s->info.deviation[1][i % C] + s->info.mean[1][i % C];
  PetscCall(VecRestoreArray(s->out, &y));
  if (s->physics) {
    PetscCall(HGTensorFromVec(s->y, 0, s->out));
    PetscCall(HGPhysicsTransformOutput(s->physics, 1, s->y));
    PetscCall(HGTensorToVec(s->y, 0, s->out));
  }
  PetscCall(VecGetArrayRead(s->out, &b));
  PetscCall(VecGetArrayWrite(v, &a));
  for (PetscInt i = 0; i < s->points * C; i++) a[i] = scale * b[i];
  PetscCall(VecRestoreArrayWrite(v, &a));
  PetscCall(VecRestoreArrayRead(s->out, &b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGSurrogateApply - Apply the network: y = scale N(x / scale, a)

   Collective

   Input Parameters:
+  s     - the map, set up
.  scale - what x is divided by, and the output multiplied by; 1 for neither
-  x     - a global Vec of the DMDA's layout, whose degrees of freedom are the network's first channels; NULL for none

   Output Parameter:
.  y - a global Vec of the DMDA

   Level: intermediate

   Units:
   x, a and y are in the units of the training data, whatever its normalisation

   Note:
   a are the fields of `HGSurrogateSetInput()`.

   Errors:
   x and a have not as many channels together as the network reads.

.seealso: `HGSurrogateSetInput()`, `PCHALOGRAD`
@*/
PetscErrorCode HGSurrogateApply(HGSurrogate s, PetscReal scale, Vec x, Vec y)
{
  PetscInt nx, na;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(s, HG_SURROGATE_CLASSID, 1);
  PetscCall(HGSurrogateSetUp(s));
  PetscCall(CountChannels(s, x, &nx));
  PetscCall(CountChannels(s, s->input, &na));
  HGCheck(nx + na == s->info.channels[0], PetscObjectComm((PetscObject)s),
          "the network of %s reads %" PetscInt_FMT " channels (%s); it is given %" PetscInt_FMT " and %" PetscInt_FMT
          " more of HGSurrogateSetInput() or PCHalogradSetInput()",
          s->model, s->info.channels[0], s->info.data_input, nx, na);
  PetscCall(Pack(s, 0, nx, 1 / scale, x));
  PetscCall(Pack(s, nx, na, 1, s->input));
  PetscCall(HGTensorFromVec(s->x, 0, s->in));
  PetscCall(HGNetForward(s->net, 1));
  PetscCall(Unpack(s, scale, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGSurrogateComputeInitialGuess - Start a SNES from the output of a network

   Collective

   Input Parameters:
+  snes - the SNES; its DMDA is taken if the map has none
-  ctx  - the map, an `HGSurrogate`, its input set

   Output Parameter:
.  u - the guess

   Level: beginner

   Note:
   For `SNESSetComputeInitialGuess(snes, HGSurrogateComputeInitialGuess, surrogate)`. `SNESSolve()` calls it, and does not start from the Vec
   it is given.

.seealso: `HGSurrogateSetInput()`, `HGSurrogateSetModel()`
@*/
PetscErrorCode HGSurrogateComputeInitialGuess(SNES snes, Vec u, void *ctx)
{
  HGSurrogate s = (HGSurrogate)ctx;
  DM          dm;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(s, HG_SURROGATE_CLASSID, 3);
  if (!s->da) {
    PetscCall(SNESGetDM(snes, &dm));
    PetscCall(HGSurrogateSetDMDA(s, dm));
  }
  PetscCall(HGSurrogateApply(s, 1, NULL, u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGSurrogateView - Print a map by a trained network

   Collective

   Input Parameters:
+  s      - the map
-  viewer - an ASCII viewer, or NULL for standard output

   Level: beginner

.seealso: `HGSurrogateSetUp()`
@*/
PetscErrorCode HGSurrogateView(HGSurrogate s, PetscViewer viewer)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(s, HG_SURROGATE_CLASSID, 1);
  if (!viewer) PetscCall(PetscViewerASCIIGetStdout(PetscObjectComm((PetscObject)s), &viewer));
  PetscCall(PetscViewerASCIIPrintf(viewer, "network of %s\n", *s->model ? s->model : "no model"));
  if (!s->setup) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscViewerASCIIPrintf(viewer, "%s\n", s->options));
  PetscCall(PetscViewerASCIIPrintf(viewer, "%s -> %s, %" PetscInt_FMT " -> %" PetscInt_FMT " channels\n", s->info.data_input,
                                   s->info.data_target, s->info.channels[0], s->info.channels[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGSurrogateDestroy - Destroy a map by a trained network

   Collective

   Input Parameter:
.  surrogate - the map

   Level: beginner

.seealso: `HGSurrogateCreate()`
@*/
PetscErrorCode HGSurrogateDestroy(HGSurrogate *surrogate)
{
  HGSurrogate s = *surrogate;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  PetscValidHeaderSpecific(s, HG_SURROGATE_CLASSID, 1);
  *surrogate = NULL;
  if (--((PetscObject)s)->refct > 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(s->model));
  PetscCall(PetscFree(s->options));
  PetscCall(HGDataInfoDestroy(&s->info));
  PetscCall(HGPhysicsDestroy(&s->physics));
  PetscCall(HGNetDestroy(&s->net));
  PetscCall(VecDestroy(&s->input));
  PetscCall(VecDestroy(&s->in));
  PetscCall(VecDestroy(&s->out));
  PetscCall(DMDestroy(&s->da));
  PetscCall(PetscHeaderDestroy(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}
