/* SPDX-License-Identifier: BSD-2-Clause */
/* The subcommands. Each reads all its options first, so that -help can list them, returns if help is asked for, and runs. */
#ifndef HGAPP_H
#define HGAPP_H

#include "halograd.h"

/* A command, or what an option or the word behind it makes of it */
typedef struct {
  const char *name, *variant, *what;                        /* what: for a list of commands, empty for a variant */
  PetscErrorCode (*run)(const char word[], PetscBool help); /* word: the one behind the command, for those that take one */
  PetscErrorCode (*is)(PetscBool *);                        /* whether the options ask for this variant; NULL for a command */
} AppCommand;

/* All of them, and the one that runs */
void AppGetCommands(int *n, const AppCommand *command[], const AppCommand **now);

PetscErrorCode AppSimulate(const char word[], PetscBool help);
PetscErrorCode AppTrain(const char word[], PetscBool help);
PetscErrorCode AppTrainCoord(const char word[], PetscBool help);
PetscErrorCode AppPredictCoord(const char word[], PetscBool help);
PetscErrorCode AppEvaluateCoord(const char word[], PetscBool help);
PetscErrorCode AppInvert(const char word[], PetscBool help);
PetscErrorCode AppPredict(const char word[], PetscBool help);
PetscErrorCode AppEvaluate(const char word[], PetscBool help);
PetscErrorCode AppVerify(const char word[], PetscBool help);
PetscErrorCode AppVerifyLinOp(const char word[], PetscBool help);
PetscErrorCode AppBench(const char what[], PetscBool help);
PetscErrorCode AppBenchConv(PetscBool help);
PetscErrorCode AppBenchHalo(PetscBool help);
PetscErrorCode AppInfo(const char file[], PetscBool help);

/* The kinds of benchmarks with a separator between them, to be freed */
PetscErrorCode AppBenchKinds(const char separator[], char *kinds[]);

/* Whether -linop_type is given */
PetscErrorCode AppIsLinOp(PetscBool *is);

/* Whether -net_type is mlp, and whether -model is a file of such a network */
PetscErrorCode AppIsCoord(PetscBool *is);
PetscErrorCode AppIsCoordModel(PetscBool *is);

/* Refuses options that nobody has asked for yet, unless PETSc's solvers may, and names what was meant. It asks the objects of other commands, and
   may print nothing and change nothing by that. */
PetscErrorCode AppCheckOptions(void);

/* At the end: options of PETSc's that nobody asked for may be misspelled, too */
PetscErrorCode AppWarnUnused(void);

/* A file option: its name, the path (empty for none), and whether the command writes it */
typedef struct {
  const char *option, *path;
  PetscBool   written;
} AppPath;

/* Whether two paths lead to one file */
PetscBool AppSameFile(const char a[], const char b[]);

/* Warns of validation samples that are trained on too, and of coordinates and units that are not those of the training data */
PetscErrorCode AppCompareValidation(HGData data, HGData validation);

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
PetscErrorCode AppUseModelData(const HGDataInfo *info, HGData data);

/* The option of all commands that read a model file, for -help */
PetscErrorCode AppModelOptions(void);

/* halograd info of a model file that netCDF has opened, on rank 0; then, on all ranks, whether its checksums hold */
PetscErrorCode AppPrintModel(int nc);
PetscErrorCode AppVerifyModel(const char file[]);

#endif
