/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The experiment of Hewett and Grady, arXiv 2006.03108, section 5: LeNet-5 on images of digits, sequential or distributed, for several
   seeds. Each seed trains a network of its own and classifies images that it did not see; at the end come mean and spread.
*/
#include <halograd.h>
#include <math.h>
#include <unistd.h>

static const char help[] = "Trains LeNet-5 on digits for several seeds and reports its accuracy.\n"
                           "  lenet5 -data_file t10k-images-idx3-ubyte.gz -data_labels t10k-labels-idx1-ubyte.gz\n"
                           "  mpiexec -n 4 lenet5 -data_digits 10000 -da_processors_x 2 -da_processors_y 2\n\n";

typedef struct {
  HGData      train, test;
  HGPartition part;
  HGDType     dtype;
  PetscInt    seeds, seed, ranges[2][2]; /* of samples: train, test; half-open */
  PetscInt    batch;
} Experiment;

typedef struct {
  HGMetrics metrics;
  double    seconds;
} Result;

static PetscErrorCode Configure(Experiment *e)
{
  static const char *const option[] = {"-lenet5_train", "-lenet5_test"}, *const text[] = {"samples first,last to train on",
                                                                                          "samples first,last to test on"};
  const PetscInt defaults[2][2] = {{0, 8000}, {8000, 10000}};
  PetscBool      file, digits;

  PetscFunctionBegin;
  e->seeds = 3;
  PetscOptionsBegin(PETSC_COMM_WORLD, NULL, "LeNet-5 options", "");
  PetscCall(HGOptionsInt(PetscOptionsObject, "-lenet5_seeds", "networks to train, with seeds from -train_seed on", "", 1, PETSC_MAX_INT,
                         &e->seeds, NULL));
  for (int r = 0; r < 2; r++) {
    PetscCall(PetscArraycpy(e->ranges[r], defaults[r], 2));
    PetscCall(HGOptionsRange(PetscOptionsObject, option[r], text[r], "HGDataSetRange", e->ranges[r], NULL));
  }
  PetscOptionsEnd();
  PetscCall(PetscOptionsHasName(NULL, NULL, "-data_file", &file));
  PetscCall(PetscOptionsHasName(NULL, NULL, "-data_digits", &digits));
  if (!file && !digits) PetscCall(PetscOptionsSetValue(NULL, "-data_digits", "10000"));
  PetscCall(HGGetDType(&e->dtype));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateTrainer(HGTrainer *t)
{
  HGLoss loss;

  PetscFunctionBegin;
  PetscCall(HGTrainerCreate(PETSC_COMM_WORLD, t));
  PetscCall(HGTrainerGetLoss(*t, &loss));
  PetscCall(HGLossSetType(loss, HGLOSSCROSSENTROPY));
  PetscCall(HGTrainerSetBatchSize(*t, 256));
  PetscCall(HGTrainerSetModelOutput(*t, ""));
  PetscCall(HGTrainerSetFromOptions(*t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateNet(const Experiment *e, PetscInt classes, HGNet *net)
{
  PetscInt size[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(e->part, NULL, size));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, net));
  PetscCall(HGNetSetType(*net, HGNETLENET5));
  PetscCall(HGNetSetChannels(*net, size[HG_C], classes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Training and test images on this rank's points; the test images are scaled as those for training are */
static PetscErrorCode Load(Experiment *e)
{
  PetscInt         dim, n, classes, size[HG_AXES];
  const PetscReal *mean, *deviation;
  HGTrainer        t;

  PetscFunctionBegin;
  PetscCall(CreateTrainer(&t));
  PetscCall(HGTrainerGetBatchSize(t, &e->batch));
  PetscCall(HGTrainerGetSeed(t, &e->seed));
  PetscCall(HGTrainerDestroy(&t));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &e->train));
  PetscCall(HGDataSetFromOptions(e->train));
  PetscCall(HGDataSetRange(e->train, e->ranges[0][0], e->ranges[0][1]));
  PetscCall(HGDataSetUp(e->train));
  PetscCall(HGDataGetClasses(e->train, &classes));
  HGCheck(classes, PETSC_COMM_WORLD, "the images have no classes; choose their labels with -data_labels");
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &e->test));
  PetscCall(HGDataSetFromOptions(e->test));
  PetscCall(HGDataSetRange(e->test, e->ranges[1][0], e->ranges[1][1]));
  PetscCall(HGDataSetClasses(e->test, classes));
  PetscCall(HGDataGetSizes(e->train, &dim, NULL, &size[HG_C], NULL, &size[HG_Z]));
  size[HG_N] = e->batch;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &e->part));
  PetscCall(HGPartitionSetSizes(e->part, dim, size));
  PetscCall(HGPartitionSetFromOptions(e->part));
  PetscCall(HGPartitionSetUp(e->part));
  PetscCall(HGDataLoad(e->train, e->part, e->dtype));
  PetscCall(HGDataGetNormalization(e->train, HG_DATA_INPUT, &n, &mean, &deviation));
  PetscCall(HGDataSetNormalization(e->test, HG_DATA_INPUT, n, mean, deviation));
  PetscCall(HGDataLoad(e->test, e->part, e->dtype));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Train(Experiment *e, PetscInt seed, Result *r)
{
  PetscInt  classes;
  HGTrainer t;
  HGNet     net;
  Vec       p;

  PetscFunctionBegin;
  PetscCall(HGDataGetClasses(e->train, &classes));
  PetscCall(CreateTrainer(&t));
  PetscCall(HGTrainerSetSeed(t, seed));
  PetscCall(CreateNet(e, classes, &net));
  PetscCall(HGNetSetUp(net, e->part, e->dtype));
  PetscCall(HGTrainerSetNet(t, net));
  PetscCall(HGTrainerSetData(t, e->train, NULL));
  PetscCall(HGTrainerSetUp(t));
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  r->seconds = MPI_Wtime();
  PetscCall(HGTrainerTrain(t));
  r->seconds = MPI_Wtime() - r->seconds;
  PetscCall(HGTrainerGetParameters(t, &p));
  PetscCall(HGNetSetParameters(net, p));
  PetscCall(HGPredict(net, e->test, NULL, NULL, &r->metrics, NULL));
  PetscCall(HGNetDestroy(&net));
  PetscCall(HGTrainerDestroy(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Report(const Experiment *e, const Result r[])
{
  double      mean = 0, square = 0, seconds = 0;
  PetscMPIInt ranks;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  for (PetscInt i = 0; i < e->seeds; i++) {
    mean += (double)r[i].metrics.accuracy / (double)e->seeds;
    seconds += r[i].seconds / (double)e->seeds;
  }
  for (PetscInt i = 0; i < e->seeds; i++) square += PetscSqr((double)r[i].metrics.accuracy - mean);
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "lenet5 ranks=%d seeds=%" PetscInt_FMT " accuracy=%.6f deviation=%.6f seconds=%.2f\n", ranks,
                        e->seeds, mean, e->seeds > 1 ? sqrt(square / (double)(e->seeds - 1)) : 0., seconds));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(void)
{
  Experiment e = {NULL};
  Result    *r;

  PetscFunctionBegin;
  PetscCall(Configure(&e));
  PetscCall(Load(&e));
  PetscCall(PetscMalloc1(e.seeds, &r));
  for (PetscInt i = 0; i < e.seeds; i++) {
    PetscCall(Train(&e, e.seed + i, &r[i]));
    PetscCall(PetscPrintf(PETSC_COMM_WORLD,
                          "seed=%" PetscInt_FMT " samples=%" PetscInt_FMT " accuracy=%.6f cross_entropy=%.6g seconds=%.2f\n", e.seed + i,
                          r[i].metrics.samples, (double)r[i].metrics.accuracy, (double)r[i].metrics.cross_entropy, r[i].seconds));
  }
  PetscCall(Report(&e, r));
  PetscCall(PetscFree(r));
  PetscCall(HGDataDestroy(&e.train));
  PetscCall(HGDataDestroy(&e.test));
  PetscCall(HGPartitionDestroy(&e.part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* After an error that all ranks have met the job ends in order, with status 1 and without a further word */
int main(int argc, char **argv)
{
  if (HGSetWaitPolicy(argv)) return 1;
  (void)HGSetErrorsInOneLine(PETSC_TRUE);
  if (HGInitialize(&argc, &argv, NULL, help) || Run()) {
    (void)fflush(stdout);
    if (!freopen("/dev/null", "w", stderr)) _exit(1); /* MPICH would name what the error left open */
    (void)HGFinalize();
    _exit(1);
  }
  return HGFinalize() ? 1 : 0;
}
