/* SPDX-License-Identifier: BSD-2-Clause */
/* The subcommands. Each reads all its options first, so that -help can list them, returns if help is asked for, and runs. */
#ifndef HGAPP_H
#define HGAPP_H

#include "halograd.h"

PetscErrorCode AppSimulate(PetscBool help);
PetscErrorCode AppTrain(PetscBool help);
PetscErrorCode AppTrainCoord(PetscBool help);
PetscErrorCode AppApplyCoord(PetscBool writes);
PetscErrorCode AppInvert(PetscBool help);
PetscErrorCode AppPredict(PetscBool help);
PetscErrorCode AppEvaluate(PetscBool help);
PetscErrorCode AppVerify(PetscBool help);
PetscErrorCode AppVerifyLinOp(PetscBool help);
PetscErrorCode AppBench(const char what[], PetscBool help);
PetscErrorCode AppBenchConv(PetscBool help);
PetscErrorCode AppBenchHalo(PetscBool help);
PetscErrorCode AppInfo(const char file[], PetscBool help);

/* Whether -net_type is mlp, and whether -model is a file of such a network */
PetscErrorCode AppIsCoord(PetscBool *is);
PetscErrorCode AppIsCoordModel(PetscBool *is);

/* Options on the command line that nobody has read yet and that begin like one of ours are mistakes */
PetscErrorCode AppCheckOptions(void);

/* A file option: its name, the path (empty for none), and whether the command writes it */
typedef struct {
  const char *option, *path;
  PetscBool   written;
} AppPath;

/* Refuses to write a file that another option names too, by whatever path. The model that a run resumes from may be replaced. */
PetscErrorCode AppCheckPaths(int n, const AppPath path[]);

/* For the benchmarks: sorts t; FLOP/s that one thread reaches at most */
double AppMedian(PetscInt n, double *t);
double AppPeakOfThread(const HGKernels *k);

/* The equation that a model was trained with, for the grid of the network's output; NULL if it has none */
PetscErrorCode AppPhysicsFromModel(HGModel model, HGNet net, HGPhysics *physics);

/* Gives an equation the options of a model file, and refuses others on the command line */
PetscErrorCode AppPhysicsOptions(HGModel model, HGPhysics physics);

/* The equation's DMDA becomes that of the network's output */
PetscErrorCode AppPhysicsSetUp(HGPhysics physics, HGNet net);

/* Builds the network of a model file, and reads what it says of the data, which is the caller's to destroy */
PetscErrorCode AppNetFromModel(HGModel model, HGDataInfo *info, HGNet net);
PetscErrorCode AppUseModelData(const HGDataInfo *info, HGData data, PetscBool target);

/* The option of all commands that read a model file, for -help */
PetscErrorCode AppModelOptions(void);

/* halograd info of a model file that netCDF has opened, on rank 0; then, on all ranks, whether its checksums hold */
PetscErrorCode AppPrintModel(int nc);
PetscErrorCode AppVerifyModel(const char file[]);

#endif
