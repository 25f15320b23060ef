/* SPDX-License-Identifier: BSD-2-Clause */
#include "app.h"

PetscErrorCode AppModelOptions(void)
{
  PetscBool verify = PETSC_TRUE, direct = PETSC_TRUE;

  PetscFunctionBegin;
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "Model file options", "");
  PetscCall(HGOptionsBool(PetscOptionsObject, "-model_verify",
                          "compare model files with their checksums; 0 for files that were edited on purpose", "HGModelOpen", &verify,
                          NULL));
  PetscCall(HGOptionsBool(PetscOptionsObject, "-model_direct",
                          "ranks write their parts of model files themselves where they see the file; 0 for all through rank 0",
                          "HGModelPutRuns", &direct, NULL));
  PetscOptionsEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppNetFromModel(HGModel model, HGDataInfo *info, HGNet net)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)net);
  const char *path;
  char        held[1024], wanted[1024];

  PetscFunctionBegin;
  PetscCall(HGModelGetPath(model, &path));
  PetscCall(HGNetSetModel(net, model));
  PetscCall(HGDataInfoRead(model, info));
  PetscCall(HGNetGetOptionsString(net, held, sizeof(held)));
  PetscCall(HGNetSetFromOptions(net)); /* what the user asks for besides must agree */
  PetscCall(HGNetGetOptionsString(net, wanted, sizeof(wanted)));
  HGCheck(!strcmp(wanted, held), comm,
          "%s holds the network %s; the options ask for %s. Leave the -net_... options out, or train a new model.", path, held, wanted);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppPhysicsOptions(HGModel model, HGPhysics physics)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)physics);
  const char *path;
  char       *held, *wanted;

  PetscFunctionBegin;
  PetscCall(HGModelGetPath(model, &path));
  PetscCall(HGPhysicsSetModel(physics, model));
  PetscCall(HGPhysicsGetOptionsText(physics, &held));
  PetscCall(HGPhysicsSetFromOptions(physics)); /* what the user asks for besides must agree */
  PetscCall(HGPhysicsGetOptionsText(physics, &wanted));
  HGCheck(!strcmp(wanted, held), comm,
          "%s was trained with %s; the options ask for %s. Leave the -physics_... options out, or train a new model.", path, held, wanted);
  PetscCall(PetscFree(held));
  PetscCall(PetscFree(wanted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppPhysicsSetUp(HGPhysics physics, HGNet net)
{
  HGTensor    y;
  HGPartition p;
  DM          da;

  PetscFunctionBegin;
  PetscCall(HGNetGetOutput(net, &y, NULL));
  PetscCall(HGTensorGetPartition(y, &p));
  PetscCall(HGPartitionGetDM(p, &da));
  PetscCall(HGPhysicsSetDMDA(physics, da));
  PetscCall(HGPhysicsSetUp(physics));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppPhysicsFromModel(HGModel model, HGNet net, HGPhysics *physics)
{
  PetscBool has, points;

  PetscFunctionBegin;
  *physics = NULL;
  PetscCall(HGModelHas(model, "", "physics_options", &has));
  PetscCall(HGModelHasCollocation(model, &points)); /* such an equation transforms no output */
  if (!has || points) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, physics));
  PetscCall(AppPhysicsOptions(model, *physics));
  PetscCall(AppPhysicsSetUp(*physics, net));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The model's constants hold; -data_normalize may only say what they say */
static PetscErrorCode CheckNormalize(const HGDataInfo *info, HGData data)
{
  HGNormalize way;
  PetscBool   asked, scaled = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(PetscOptionsHasName(NULL, NULL, "-data_normalize", &asked));
  PetscCall(HGDataGetNormalize(data, &way));
  for (int r = 0; r < 2; r++)
    for (PetscInt c = 0; c < info->channels[r]; c++)
      if (info->mean[r][c] != 0 || info->deviation[r][c] != 1) scaled = PETSC_TRUE;
  HGCheck(!asked || scaled == (way == HG_NORMALIZE_GLOBAL), PetscObjectComm((PetscObject)data),
          "-data_normalize %s: the model was trained with -data_normalize %s, whose constants it keeps; leave the option out",
          scaled ? "none" : "global", scaled ? "global" : "none");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode AppUseModelData(const HGDataInfo *info, HGData data)
{
  const char *in, *out;
  char       *names[2];
  PetscBool   unset[2];

  PetscFunctionBegin;
  PetscCall(CheckNormalize(info, data));
  PetscCall(HGDataSetTrainingDescription(data, info->description));
  PetscCall(HGDataGetVariables(data, &in, &out));
  PetscCall(PetscStrcmp(in, "none", &unset[0]));
  PetscCall(PetscStrcmp(out, "none", &unset[1]));
  PetscCall(PetscStrallocpy(unset[0] ? info->data_input : in, &names[0])); /* setting them frees those that are set */
  PetscCall(PetscStrallocpy(unset[1] ? info->data_target : out, &names[1]));
  PetscCall(HGDataSetVariables(data, names[0], names[1]));
  PetscCall(PetscFree(names[0]));
  PetscCall(PetscFree(names[1]));
  PetscCall(HGDataSetNormalization(data, HG_DATA_INPUT, info->channels[0], info->mean[0], info->deviation[0]));
  PetscCall(HGDataSetNormalization(data, HG_DATA_TARGET, info->channels[1], info->mean[1], info->deviation[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
