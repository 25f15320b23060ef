/* SPDX-License-Identifier: BSD-2-Clause */
/* A coordinate network in a model file: its options, its box, and a group for each layer with weight(out, in) and bias(out) */
#include "net/coord_impl.h"
#include "model/hgmodel.h"

static PetscErrorCode LayerName(PetscInt l, char name[32])
{
  PetscFunctionBegin;
  PetscCall(PetscSNPrintf(name, 32, "fc%" PetscInt_FMT, l + 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetWriteModel - Write a coordinate network into a model file

   Logically Collective

   Input Parameters:
+  net - the network, set up
.  m   - the model
-  p   - the parameters, on rank 0

   Level: advanced

   Shape:
   p: [parameters]

.seealso: `HGCoordNetReadModel()`
@*/
PetscErrorCode HGCoordNetWriteModel(HGCoordNet net, HGModel m, const double p[])
{
  char options[256], name[32];

  PetscFunctionBegin;
  PetscCall(HGCoordNetGetOptionsString(net, options, sizeof(options)));
  PetscCall(HGModelSetSection(m, "net"));
  PetscCall(HGModelPutText(m, "", "net_options", options));
  PetscCall(HGModelPutReals(m, "", "input_mean", net->dim, net->centre));
  PetscCall(HGModelPutReals(m, "", "input_scale", net->dim, net->scale));
  for (PetscInt l = 0; l < net->nlayers; l++) {
    const HGCoordLayer *y        = &net->layer[l];
    const PetscInt      shape[2] = {y->cout, y->cin};

    PetscCall(LayerName(l, name));
    PetscCall(HGModelPutArray(m, name, "weight", 2, shape, p + y->weight));
    PetscCall(HGModelPutArray(m, name, "bias", 1, shape, p + y->bias));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGModelIsCoord - Whether a model holds a coordinate network

   Collective

   Input Parameter:
.  m - the model

   Output Parameter:
.  is - whether it does

   Level: intermediate

.seealso: `HGCoordNetSetModel()`, `HGModelOpen()`
@*/
PetscErrorCode HGModelIsCoord(HGModel m, PetscBool *is)
{
  const char *text;
  PetscBool   has;

  PetscFunctionBegin;
  *is = PETSC_FALSE;
  PetscCall(HGModelHas(m, "", "net_options", &has));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGModelGetText(m, "", "net_options", &text));
  PetscCall(PetscStrncmp(text, "-net_type mlp ", 14, is));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetSetModel - Set width, depth and activation of a coordinate network to those of a model file

   Collective

   Input Parameters:
+  net - the network
-  m   - the model

   Level: advanced

   Errors:
   A model of another network; options that this version does not have.

.seealso: `HGCoordNetReadModel()`
@*/
PetscErrorCode HGCoordNetSetModel(HGCoordNet net, HGModel m)
{
  const char  *path, *text;
  PetscBool    is, set;
  PetscOptions file;

  PetscFunctionBegin;
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(HGModelIsCoord(m, &is));
  HGCheck(is, net->comm, "%s is no model file of a coordinate network", path);
  PetscCall(HGModelGetText(m, "", "net_options", &text));
  PetscCall(HGOptionsCreateFromText(net->comm, path, text, NULL, &file));
  PetscCall(PetscOptionsHasName(file, NULL, "-net_type", &set)); /* mlp, as was seen */
  PetscCall(PetscOptionsPush(file));
  PetscCall(HGCoordNetSetFromOptions(net));
  PetscCall(PetscOptionsPop());
  PetscCall(HGOptionsDestroyUsed(net->comm, path, &file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The network sees the points of the file's box as the file's run did */
static PetscErrorCode CheckBox(HGCoordNet net, HGModel m)
{
  const char *path;
  PetscReal   centre[HG_COORD_MAX_DIM], scale[HG_COORD_MAX_DIM];

  PetscFunctionBegin;
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(HGModelGetReals(m, "", "input_mean", net->dim, PETSC_MIN_REAL, PETSC_MAX_REAL, centre));
  PetscCall(HGModelGetReals(m, "", "input_scale", net->dim, PETSC_SMALL * PETSC_SMALL, PETSC_MAX_REAL, scale));
  for (PetscInt i = 0; i < net->dim; i++)
    HGCheck(centre[i] == net->centre[i] && scale[i] == net->scale[i], net->comm,
            "%s was trained for coordinate %" PetscInt_FMT " from %g to %g, the problem has it from %g to %g; take a model of the same box",
            path, i, (double)(centre[i] - 1 / scale[i]), (double)(centre[i] + 1 / scale[i]), net->centre[i] - 1 / net->scale[i],
            net->centre[i] + 1 / net->scale[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckOptions(HGCoordNet net, HGModel m)
{
  const char *path, *held;
  char        options[256];

  PetscFunctionBegin;
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(HGCoordNetGetOptionsString(net, options, sizeof(options)));
  PetscCall(HGModelGetText(m, "", "net_options", &held));
  HGCheck(!strcmp(held, options), net->comm, "%s holds the network %s; the options ask for %s. Give the same, or train a new model.", path,
          held, options);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordNetReadModel - Read the parameters of a coordinate network from a model file

   Collective

   Input Parameters:
+  net - the network, set up
-  m   - the model

   Output Parameter:
.  p - the parameters, on all ranks

   Level: advanced

   Shape:
   p: [parameters]

   Errors:
   Layers, shapes, options or a box that are not those of the network; values that are damaged or not finite.

.seealso: `HGCoordNetWriteModel()`, `HGCoordNetSetModel()`
@*/
PetscErrorCode HGCoordNetReadModel(HGCoordNet net, HGModel m, double p[])
{
  char name[32];

  PetscFunctionBegin;
  for (PetscInt l = 0; l < net->nlayers; l++) {
    const HGCoordLayer *y        = &net->layer[l];
    const PetscInt      shape[2] = {y->cout, y->cin};

    PetscCall(LayerName(l, name));
    PetscCall(HGModelGetArray(m, name, "weight", 2, shape, p + y->weight));
    PetscCall(HGModelGetArray(m, name, "bias", 1, shape, p + y->bias));
  }
  PetscCall(CheckOptions(net, m));
  PetscCall(CheckBox(net, m));
  PetscCallMPI(MPI_Bcast(p, (PetscMPIInt)net->nparams, MPI_DOUBLE, 0, net->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
