/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of input, and what reads them */
#include "fuzz.h"
#include "../model/trained.h"
#include <netcdf.h>

/* ---- data ---- */

static PetscErrorCode PrepareClassic(void)
{
  PetscFunctionBegin;
  PetscCall(WriteDataSeed("seed.1", 0));
  PetscCall(WriteDataSeed("seed.2", NC_64BIT_OFFSET));
  PetscCall(WriteDataSeed("seed.5", NC_64BIT_DATA));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MakeClassic(Random *r)
{
  static const char *const seed[] = {"seed.1", "seed.2", "seed.5"};

  PetscFunctionBegin;
  PetscCall(Mutate(r, Pick(r, seed), "input", 600));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrepareNetcdf4(void)
{
  PetscFunctionBegin;
  PetscCall(WriteDataSeed("seed.4", NC_NETCDF4));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MakeNetcdf4(Random *r)
{
  PetscFunctionBegin;
  PetscCall(Mutate(r, "seed.4", "input", 4000));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MakeAttributes(Random *r)
{
  PetscFunctionBegin;
  PetscCall(WriteDrawnFile(r, "input"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* As training does: the form, the values, a batch of both; values that are neither finite nor said to be missing are a fault */
static PetscErrorCode UseData(HGData d)
{
  const PetscInt first = 0;
  PetscInt       dim, samples, size[HG_AXES], out[HG_AXES];
  HGPartition    part[2];
  HGTensor       t[2];
  char          *text;

  PetscFunctionBegin;
  PetscCall(HGDataSetUp(d));
  PetscCall(HGDataGetSizes(d, &dim, &samples, &size[HG_C], &out[HG_C], &size[HG_Z]));
  PetscCall(HGDataGetDescription(d, &text));
  PetscCall(HGDataCompare(d, text, "itself"));
  PetscCall(PetscFree(text));
  size[HG_N] = 1;
  for (int r = 0; r < 2; r++) {
    PetscInt n[HG_AXES] = {1, r ? out[HG_C] : size[HG_C], size[HG_Z], size[HG_Y], size[HG_X]};

    PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part[r]));
    PetscCall(HGPartitionSetSizes(part[r], dim, n));
    PetscCall(HGPartitionSetUp(part[r]));
    PetscCall(HGTensorCreate(part[r], HG_F64, &t[r]));
    PetscCall(HGTensorSetUp(t[r]));
  }
  PetscCall(HGDataLoad(d, part[0], HG_F64));
  PetscCall(HGDataGetBatch(d, 1, &first, t[0], t[1]));
  for (int r = 0; r < 2; r++) {
    PetscCall(HGTensorDestroy(&t[r]));
    PetscCall(HGPartitionDestroy(&part[r]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadData(Random *r)
{
  static const char *const input[] = {"a", "a", "a", "a,b", "group/a", "u", "lat"};
  HGData                   d;

  PetscFunctionBegin;
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFile(d, "input"));
  PetscCall(HGDataSetVariables(d, Pick(r, input), Below(r, 8) ? "u" : "a"));
  if (Below(r, 2)) PetscCall(HGDataSetNormalize(d, HG_NORMALIZE_GLOBAL));
  PetscCall(UseData(d));
  PetscCall(HGDataDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PrepareIdx(void)
{
  PetscFunctionBegin;
  PetscCall(WriteIdxSeeds("seed.images", "seed.labels"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MakeIdx(Random *r)
{
  PetscFunctionBegin;
  PetscCall(Mutate(r, "seed.images", "input", 16));
  if (Below(r, 2)) PetscCall(Mutate(r, "seed.labels", "labels", 8));
  else PetscCall(WriteIdxSeeds("copy", "labels"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadIdx(Random *r)
{
  char      message[1024] = "";
  HGData    d;
  PetscBool idx;

  PetscFunctionBegin;
  PetscCall(HGIdxView("input", &idx, message, sizeof(message)));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFile(d, "input"));
  PetscCall(HGDataSetLabels(d, "labels"));
  if (Below(r, 2)) PetscCall(HGDataSetNormalize(d, HG_NORMALIZE_GLOBAL));
  PetscCall(HGDataSetUp(d));
  PetscCall(HGDataDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- models ---- */

static Trained trained;

static PetscErrorCode PrepareModel(void)
{
  PetscFunctionBegin;
  PetscCall(CreateTrained(&trained));
  PetscCall(WriteTrained(&trained, "seed.model"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MakeModel(Random *r)
{
  PetscFunctionBegin;
  PetscCall(Mutate(r, "seed.model", "input", 4000));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* It is refused, or says what was written */
static PetscErrorCode ReadModel(Random *r)
{
  PetscBool same;

  PetscFunctionBegin;
  (void)r;
  PetscCall(ReadTrained(&trained, "input", &same));
  PetscCheck(same, PETSC_COMM_SELF, PETSC_ERR_PLIB, "a damaged model file was taken for another model");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- options ---- */

static PetscErrorCode AskAll(void)
{
  HGData      d;
  HGNet       net;
  HGPartition part;
  HGTrainer   trainer;
  HGPhysics   physics;
  HGObjective inversion;

  PetscFunctionBegin;
  PetscCall(HGSetFromOptions(PETSC_COMM_WORLD));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFromOptions(d));
  PetscCall(HGNetCreate(PETSC_COMM_WORLD, &net));
  PetscCall(HGNetSetFromOptions(net));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &part));
  PetscCall(HGPartitionSetFromOptions(part));
  PetscCall(HGTrainerCreate(PETSC_COMM_WORLD, &trainer));
  PetscCall(HGTrainerSetFromOptions(trainer));
  PetscCall(HGObjectiveCreate(PETSC_COMM_WORLD, &inversion));
  PetscCall(HGObjectiveSetType(inversion, HGOBJECTIVEINVERSION));
  PetscCall(HGObjectiveSetFromOptions(inversion));
  PetscCall(HGPhysicsCreate(PETSC_COMM_WORLD, &physics));
  PetscCall(HGPhysicsSetType(physics, HGPHYSICSDARCY));
  PetscCall(HGPhysicsSetGrid(physics, 2, (const PetscInt[]){1, 6, 8}));
  PetscCall(HGPhysicsSetFromOptions(physics));
  PetscCall(HGPhysicsSetUp(physics));
  PetscCall(HGPhysicsDestroy(&physics));
  PetscCall(HGObjectiveDestroy(&inversion));
  PetscCall(HGTrainerDestroy(&trainer));
  PetscCall(HGPartitionDestroy(&part));
  PetscCall(HGNetDestroy(&net));
  PetscCall(HGDataDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode MakeOptions(Random *r)
{
  static const char *const value[] = {"",
                                      "-1",
                                      "0",
                                      "1",
                                      "2",
                                      "1e400",
                                      "nan",
                                      "-inf",
                                      "9999999999",
                                      "99999999999999999999",
                                      "1,2",
                                      "1,,3",
                                      "a,a",
                                      "%s%n%d",
                                      "-",
                                      "true",
                                      "0x10",
                                      "1e-3",
                                      "adam:1",
                                      "periodic",
                                      "dirichlet:1:2:3:4",
                                      "2,1",
                                      "cnn",
                                      "unet",
                                      "input",
                                      "./input",
                                      "adamw",
                                      "f64",
                                      "0,0",
                                      "a",
                                      "burgers",
                                      "1.5",
                                      "3,4,5,6"};
  const char *const       *name;
  PetscInt                 n;
  FILE                    *f = fopen("input", "w");

  PetscFunctionBegin;
  PetscCheck(f, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot write input");
  PetscCall(HGOptionsGetNames(&n, &name));
  for (size_t i = 1 + Below(r, 4); i; i--) {
    (void)fprintf(f, "-%s ", name[Below(r, (size_t)n)]);
    if (!Below(r, 12))
      for (size_t k = Below(r, 9000); k; k--) (void)fputc('a' + (int)Below(r, 26), f);
    else (void)fprintf(f, "%s", Pick(r, value));
    (void)fputc('\n', f);
  }
  PetscCheck(!fclose(f), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write input");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadOptions(Random *r)
{
  char  line[16384];
  FILE *f = fopen("input", "r");

  PetscFunctionBegin;
  (void)r;
  while (f && fgets(line, sizeof(line), f)) {
    char *value = strchr(line, ' ');

    line[strcspn(line, "\n")] = 0;
    if (value) *value++ = 0;
    PetscCall(PetscOptionsSetValue(NULL, line, value && *value ? value : NULL));
  }
  if (f) (void)fclose(f);
  PetscCall(AskAll());
  PetscFunctionReturn(PETSC_SUCCESS);
}

const Kind FuzzKinds[] = {
    {"classic", PrepareClassic, MakeClassic, ReadData}, {"netcdf4", PrepareNetcdf4, MakeNetcdf4, ReadData},
    {"attributes", NULL, MakeAttributes, ReadData},     {"idx", PrepareIdx, MakeIdx, ReadIdx},
    {"model", PrepareModel, MakeModel, ReadModel},      {"options", AskAll, MakeOptions, ReadOptions},
};
const int FuzzKindCount = (int)(sizeof(FuzzKinds) / sizeof(*FuzzKinds));
