/* SPDX-License-Identifier: BSD-2-Clause */
/* A small network with the state of an optimizer, as a model file has them */
#ifndef TRAINED_H
#define TRAINED_H

#include "train/hgtrain.h"
#include <string.h>

typedef struct {
  HGNet       net;
  HGPartition part;
  Vec         p, state;
} Trained;

static inline PetscErrorCode CreateTrained(Trained *t)
{
  static const PetscInt size[HG_AXES] = {2, 1, 1, 6, 8};

  PetscFunctionBegin;
  PetscCall(
      PetscOptionsInsertString(NULL, "-a_net_type resnet -a_net_width 3 -a_net_depth 1 -a_net_padding periodic -a_net_activation tanh"));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &t->part));
  PetscCall(HGPartitionSetSizes(t->part, 2, size));
  PetscCall(HGPartitionSetUp(t->part));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &t->net));
  PetscCall(HGNetSetOptionsPrefix(t->net, "a_"));
  PetscCall(HGNetSetFromOptions(t->net));
  PetscCall(HGNetSetChannels(t->net, 1, 1));
  PetscCall(HGNetSetUp(t->net, t->part, HG_F64));
  PetscCall(HGNetCreateParameters(t->net, &t->p));
  PetscCall(HGNetInitializeParameters(t->net, 1, t->p));
  PetscCall(VecDuplicate(t->p, &t->state));
  PetscCall(VecCopy(t->p, t->state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode DestroyTrained(Trained *t)
{
  PetscFunctionBegin;
  PetscCall(VecDestroy(&t->p));
  PetscCall(VecDestroy(&t->state));
  PetscCall(HGNetDestroy(&t->net));
  PetscCall(HGPartitionDestroy(&t->part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode WriteTrained(Trained *t, const char path[])
{
  static const char *const name[] = {"exp_avg"};
  HGModelInfo              info   = {
                     .data_input = "a", .data_target = "u", .dim = 2, .channels = {1, 1}, .mean = {{0.5}, {0.1}}, .deviation = {{3}, {0.7}}};

  PetscFunctionBegin;
  info.seed  = 5;
  info.epoch = 3;
  info.batch = 1;
  info.step  = 7;
  PetscCall(HGNetGetOptionsString(t->net, info.net_options, sizeof(info.net_options)));
  PetscCall(HGModelWrite(path, t->net, &info, t->p, 1, name, &t->state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Reads the file into another network; same: as it was written */
static inline PetscErrorCode ReadTrained(Trained *t, const char path[], PetscBool *same)
{
  static const char *const name[] = {"exp_avg"};
  HGModelInfo              info;
  HGNet                    twin;
  Vec                      p, s;
  char                     a[1024], b[1024];
  PetscBool                equal[2];

  PetscFunctionBegin;
  *same = PETSC_FALSE;
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &twin));
  PetscCall(HGNetSetOptionsPrefix(twin, "a_"));
  PetscCall(HGNetSetFromModel(twin, path, &info));
  PetscCall(HGNetGetOptionsString(t->net, a, sizeof(a)));
  PetscCall(HGNetGetOptionsString(twin, b, sizeof(b)));
  PetscCall(VecDuplicate(t->p, &p));
  PetscCall(VecDuplicate(t->p, &s));
  PetscCall(HGNetDestroy(&twin));
  PetscCall(HGModelRead(path, t->net, p, 1, name, &s));
  PetscCall(VecEqual(p, t->p, &equal[0]));
  PetscCall(VecEqual(s, t->state, &equal[1]));
  *same = !strcmp(a, b) && equal[0] && equal[1] && !strcmp(info.data_input, "a") && !strcmp(info.data_target, "u") && info.dim == 2 &&
                  info.seed == 5 && info.epoch == 3 && info.batch == 1 && info.step == 7 && info.mean[0][0] == 0.5 &&
                  info.mean[1][0] == 0.1 && info.deviation[0][0] == 3 && info.deviation[1][0] == 0.7 && !*info.physics_options
              ? PETSC_TRUE
              : PETSC_FALSE;
  PetscCall(VecDestroy(&p));
  PetscCall(VecDestroy(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
