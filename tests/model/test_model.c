/* SPDX-License-Identifier: BSD-2-Clause */
/* Model files: contents of any length come back as they were, numbers that make no sense are refused, no damaged bit goes unnoticed, and text of a file
   sets nothing but its object's options */
#define _GNU_SOURCE /* memmem() */
#include "train/hgtrain.h"
#include "data/hgdatainfo.h"
#include "../data/bad_input.h"
#include "trained.h"
#include <math.h>
#include <netcdf.h>
#include <stdlib.h>
#include <unistd.h>

static const char path[] = "test_model.nc";

#define Nc(call)                                                                                                \
  do {                                                                                                          \
    const int e_ = (call);                                                                                      \
    PetscCheck(!e_, PETSC_COMM_SELF, PETSC_ERR_LIB, "%s: %s", #call, nc_strerror(e_)); /* of the test itself */ \
  } while (0)

#define Same(a, b, what) PetscCheck((a) == (b), PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%s is %g, was %g", what, (double)(a), (double)(b))

static PetscErrorCode Write(HGModel m)
{
  HGModelOutput o;

  PetscFunctionBegin;
  PetscCall(HGModelOutputCreate(PETSC_COMM_WORLD, path, &o));
  PetscCall(HGModelOutputTry(o, m));
  PetscCall(HGModelOutputWrite(o, m));
  PetscCall(HGModelOutputDestroy(&o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- contents ---- */

/* More text than HDF5's old attributes take, 64 KiB, and more channels than any network of ours */
static PetscErrorCode TestLength(void)
{
  const PetscInt length = 200000, channels = 20000;
  HGDataInfo     info = {.dim = 3, .channels = {20000, 1}}, back;
  HGModel        m;
  char          *text;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(length + 1, &text));
  for (PetscInt i = 0; i < length; i++) text[i] = (char)(i % 7 ? 'a' + i % 26 : ',');
  text[length]     = 0;
  info.data_input  = text;
  info.data_target = text + length - 10;
  for (int r = 0; r < 2; r++) {
    PetscCall(PetscMalloc2(channels, &info.mean[r], channels, &info.deviation[r]));
    for (PetscInt c = 0; c < channels; c++) {
      info.mean[r][c]      = -1. / (PetscReal)(c + 3);
      info.deviation[r][c] = 1e-300 * (PetscReal)(c + 1);
    }
  }
  PetscCall(HGModelCreate(PETSC_COMM_WORLD, &m));
  PetscCall(HGDataInfoWrite(&info, m));
  PetscCall(Write(m));
  PetscCall(HGModelDestroy(&m));
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, path, &m));
  PetscCall(HGDataInfoRead(m, &back));
  PetscCall(HGModelDestroy(&m));
  PetscCheck(!strcmp(back.data_input, text) && !strcmp(back.data_target, info.data_target), PETSC_COMM_WORLD, PETSC_ERR_PLIB,
             "texts were changed");
  Same(back.dim, 3, "dim");
  for (int r = 0; r < 2; r++) {
    Same(back.channels[r], info.channels[r], "channels");
    for (PetscInt c = 0; c < info.channels[r]; c++) {
      Same(back.mean[r][c], info.mean[r][c], "a mean");
      Same(back.deviation[r][c], info.deviation[r][c], "a deviation");
    }
    PetscCall(PetscFree2(info.mean[r], info.deviation[r]));
  }
  PetscCall(HGDataInfoDestroy(&back));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- numbers ---- */

static PetscErrorCode TestNumbers(void)
{
  const PetscInt  shape[2] = {2, 3}, other[2] = {3, 2};
  const PetscReal real[3]  = {1, 0, -1};
  PetscScalar     array[6] = {0, 1, 2, 3, 4, 5}, back[6];
  PetscReal       v[3];
  PetscInt64      n;
  const char     *text;
  HGModel         m;

  PetscFunctionBegin;
  PetscCall(HGModelCreate(PETSC_COMM_WORLD, &m));
  PetscCall(HGModelSetSection(m, "numbers"));
  PetscCall(HGModelPutInt(m, "", "whole", (PetscInt64)1 << 40));
  PetscCall(HGModelPutInt(m, "group", "negative", -3));
  PetscCall(HGModelPutReals(m, "", "reals", 3, real));
  PetscCall(HGModelPutText(m, "", "text", "7"));
  PetscCall(HGModelPutArray(m, "layer", "weight", 2, shape, array));
  PetscCall(Write(m));
  PetscCall(HGModelDestroy(&m));
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, path, &m));
  PetscCall(HGModelGetInt(m, "", "whole", 0, (PetscInt64)1 << 40, &n));
  Same(n, (PetscInt64)1 << 40, "a large number");
  PetscCall(HGModelGetArray(m, "layer", "weight", 2, shape, back));
  ExpectError(HGModelGetInt(m, "", "whole", 0, PETSC_MAX_INT, &n),
              "test_model.nc|whole is 1099511627776; expected a whole number from 0 to 2147483647");
  ExpectError(HGModelGetInt(m, "group", "negative", 0, 10, &n), "group/negative is -3");
  ExpectError(HGModelGetInt(m, "", "nothing", 0, 10, &n), "no attribute nothing");
  ExpectError(HGModelGetInt(m, "", "text", 0, 10, &n), "text is text; expected a whole number");
  ExpectError(HGModelGetInt(m, "", "reals", 0, 10, &n), "reals is numbers; expected a whole number");
  ExpectError(HGModelGetText(m, "", "whole", &text), "whole is a whole number; expected text");
  ExpectError(HGModelGetReals(m, "", "reals", 2, -1, 1, v), "reals has 3 values; expected 2");
  ExpectError(HGModelCheckCount(m, "", "reals", PETSC_MAX_INT), "reals has 3 values; expected 2147483647");
  ExpectError(HGModelGetReals(m, "", "reals", 3, 1e-300, PETSC_MAX_REAL, v), "reals has the value 0; expected a positive number");
  ExpectError(HGModelGetReals(m, "", "text", 1, 0, 1, v), "text is text; expected numbers");
  ExpectError(HGModelGetArray(m, "layer", "weight", 2, other, back), "layer has weight(2, 3), the network weight(3, 2)");
  ExpectError(HGModelGetArray(m, "layer", "weight", 1, other, back), "weight(2, 3), the network weight(3)");
  ExpectError(HGModelGetArray(m, "layer", "bias", 1, other, back), "layer has no array bias");
  PetscCall(HGModelDestroy(&m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a file of another program could have in the place of one of our attributes: type, count and value */
static PetscErrorCode TestForeign(void)
{
  static const double bad[] = {NAN, INFINITY, 0, -1};
  long long           many[1000];
  PetscInt64          n;
  PetscReal           v;
  HGModel             m;
  PetscMPIInt         rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  for (int i = 0; i < 1000; i++) many[i] = 1;
  PetscCall(HGModelCreate(PETSC_COMM_WORLD, &m));
  PetscCall(Write(m));
  PetscCall(HGModelDestroy(&m));
  PetscCall(PetscOptionsSetValue(NULL, "-model_verify", "0"));
  for (int i = 0; i < 4; i++) {
    if (!rank) {
      int nc;

      Nc(nc_open(path, NC_WRITE, &nc)); /* as tools for editing do */
      Nc(nc_put_att_longlong(nc, NC_GLOBAL, "epoch", NC_INT64, 1000, many));
      Nc(nc_put_att_float(nc, NC_GLOBAL, "seed", NC_FLOAT, 1, &(float){1.5}));
      Nc(nc_put_att_double(nc, NC_GLOBAL, "input_deviation", NC_DOUBLE, 1, &bad[i]));
      Nc(nc_put_att_int(nc, NC_GLOBAL, "batch", NC_INT, 1, &(int){-1}));
      Nc(nc_close(nc));
    }
    PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
    PetscCall(HGModelOpen(PETSC_COMM_WORLD, path, &m));
    ExpectError(HGModelGetInt(m, "", "epoch", 0, 10, &n), "epoch has 1000 values; expected 1");
    ExpectError(HGModelGetInt(m, "", "seed", 0, 10, &n), "seed is numbers; expected a whole number");
    ExpectError(HGModelGetInt(m, "", "batch", 0, 10, &n), "batch is -1");
    ExpectError(HGModelGetReals(m, "", "input_deviation", 1, 1e-300, PETSC_MAX_REAL, &v),
                "input_deviation has the value|expected a positive number");
    PetscCall(HGModelDestroy(&m));
  }
  PetscCall(PetscOptionsClearValue(NULL, "-model_verify"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a model of a network ---- */

static PetscErrorCode TestPrefix(void)
{
  Trained   t;
  PetscBool same;

  PetscFunctionBegin;
  PetscCall(CreateTrained(&t));
  PetscCall(WriteTrained(&t, path));
  PetscCall(ReadTrained(&t, path, &same));
  PetscCheck(same, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "the model of a network with a prefix comes back as another one");
  PetscCall(DestroyTrained(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadFile(char **bytes, size_t *size)
{
  FILE *f = fopen(path, "rb");

  PetscFunctionBegin;
  PetscCheck(f && !fseek(f, 0, SEEK_END), PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "no file");
  *size = (size_t)ftell(f);
  rewind(f);
  PetscCall(PetscMalloc1(*size, bytes));
  PetscCheck(fread(*bytes, 1, *size, f) == *size, PETSC_COMM_SELF, PETSC_ERR_FILE_READ, "cannot read");
  (void)fclose(f);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteFile(const char bytes[], size_t size)
{
  FILE *f = fopen(path, "wb");

  PetscFunctionBegin;
  PetscCheck(f && fwrite(bytes, 1, size, f) == size && !fclose(f), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Which array is damaged is told */
static PetscErrorCode TestNames(void)
{
  Trained            t;
  char              *bytes, *at;
  size_t             size;
  const PetscScalar *v;
  Vec                all, q, natural;
  VecScatter         scatter;
  PetscMPIInt        rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(CreateTrained(&t));
  PetscCall(VecSet(t.state, 1));
  PetscCall(WriteTrained(&t, path));
  PetscCall(HGNetCreateNaturalParameters(t.net, &natural));
  PetscCall(HGNetGlobalToNatural(t.net, t.p, natural));
  PetscCall(VecScatterCreateToZero(natural, &scatter, &all));
  PetscCall(VecScatterBegin(scatter, natural, all, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(scatter, natural, all, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterDestroy(&scatter));
  PetscCall(VecDestroy(&natural));
  if (!rank) {
    PetscCall(ReadFile(&bytes, &size));
    PetscCall(VecGetArrayRead(all, &v));
    at = (char *)memmem(bytes, size, v, 10 * sizeof(double)); /* of the first layer's weights */
    PetscCheck(at, PETSC_COMM_SELF, PETSC_ERR_PLIB, "the weights are not in the file as they are");
    at[3] ^= 4;
    PetscCall(VecRestoreArrayRead(all, &v));
    PetscCall(WriteFile(bytes, size));
    PetscCall(PetscFree(bytes));
  }
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(VecDuplicate(t.p, &q));
  ExpectError(HGModelRead(path, t.net, q, 0, NULL, NULL), "test_model.nc is damaged: the values of lift/weight|-model_verify 0");
  PetscCall(PetscOptionsSetValue(NULL, "-model_verify", "0"));
  PetscCall(HGModelRead(path, t.net, q, 0, NULL, NULL));
  PetscCall(PetscOptionsClearValue(NULL, "-model_verify"));
  PetscCall(VecDestroy(&q));
  PetscCall(VecDestroy(&all));
  PetscCall(DestroyTrained(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One bit of the file is another: it is refused, or nothing of it has changed */
static PetscErrorCode TestFlips(PetscInt flips)
{
  Trained  t;
  char    *bytes;
  size_t   size;
  PetscInt refused = 0;

  PetscFunctionBegin;
  PetscCall(CreateTrained(&t));
  PetscCall(WriteTrained(&t, path));
  PetscCall(ReadFile(&bytes, &size));
  for (PetscInt i = 0; i < flips; i++) {
    const size_t   bit  = (size_t)(HGRandomUniform(1, HGRandomStream("flips"), (uint64_t)i) * 8 * (double)size);
    PetscBool      same = PETSC_FALSE;
    PetscErrorCode e;

    bytes[bit / 8] ^= (char)(1 << bit % 8);
    PetscCall(WriteFile(bytes, size));
    PetscCall(PetscPushErrorHandler(BadHandler, NULL));
    e = ReadTrained(&t, path, &same);
    PetscCall(PetscPopErrorHandler());
    PetscCheck(e || same, PETSC_COMM_SELF, PETSC_ERR_PLIB, "bit %zu of byte %zu makes another model, and nobody sees it", bit % 8, bit / 8);
    if (e) refused++;
    bytes[bit / 8] ^= (char)(1 << bit % 8);
  }
  PetscCheck(2 * refused > flips, PETSC_COMM_SELF, PETSC_ERR_PLIB, "only %" PetscInt_FMT " of %" PetscInt_FMT " files were refused",
             refused, flips);
  PetscCall(PetscFree(bytes));
  PetscCall(DestroyTrained(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- options in a file ---- */

static PetscErrorCode TestOptions(void)
{
  static const char *const bad[][2] = {
      {"-net_type cnn -options_file /dev/null", "options_file"},
      {"-net_type cnn -malloc_debug", "malloc_debug"},
      {"-net_type cnn -net_widht 3", "net_widht"},
      {"cnn", "\"cnn\" is no option"},
      {"-net_type cnn -help", "-help"},
      {"-net_type cnn -log_view :x", "log_view"},
      {"-prefix_push a_ -net_type cnn", "prefix"},
  };
  Trained     t;
  HGNet       net;
  HGModelInfo info = {.data_input = "a", .data_target = "u", .dim = 2, .channels = {1, 1}, .deviation = {{1}, {1}}};
  PetscBool   set;

  PetscFunctionBegin;
  PetscCall(CreateTrained(&t));
  for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
    PetscCall(PetscStrncpy(info.net_options, bad[i][0], sizeof(info.net_options)));
    PetscCall(HGModelWrite(path, t.net, &info, t.p, 0, NULL, NULL));
    PetscCall(HGNetCreate(PETSC_COMM_WORLD, &net));
    ExpectError(HGNetSetFromModel(net, path, &(HGModelInfo){.dim = 0}), bad[i][1]);
    PetscCall(HGNetDestroy(&net));
  }
  PetscCall(PetscOptionsHasName(NULL, NULL, "-malloc_debug", &set));
  PetscCheck(!set, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "an option of the file became one of the program");
  PetscCall(DestroyTrained(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- outputs, and the struct of fixed size ---- */

static PetscErrorCode TestOutput(void)
{
  HGModelInfo   info   = {.data_input = "a", .data_target = "u", .dim = 2, .channels = {1, 1}, .deviation = {{1}, {1}}};
  HGDataInfo    wide   = {.data_input = "a", .data_target = "u", .dim = 2, .channels = {1, 1}};
  PetscReal     one[1] = {1}, zero[1] = {0};
  char          text[600];
  Trained       t;
  HGModel       m;
  HGModelOutput o, second;

  PetscFunctionBegin;
  PetscCall(HGModelOutputCreate(PETSC_COMM_WORLD, path, &o));
  ExpectError(HGModelOutputCreate(PETSC_COMM_WORLD, path, &second), "test_model.nc is in use: another job writes it");
  PetscCall(HGModelOutputDestroy(&o));
  PetscCall(HGModelOutputCreate(PETSC_COMM_WORLD, path, &o));
  PetscCall(HGModelOutputDestroy(&o));
  ExpectError(HGModelTryPath(PETSC_COMM_WORLD, "nowhere/m.nc"), "cannot write nowhere/m.nc");
  ExpectError(HGModelTryPath(PETSC_COMM_WORLD, "."), "a folder");
  ExpectError(HGModelTryPath(PETSC_COMM_WORLD, "/dev/full"), "not a regular file");

  PetscCall(CreateTrained(&t));
  info.deviation[0][0] = 0;
  ExpectError(HGModelWrite(path, t.net, &info, t.p, 0, NULL, NULL), "deviation 0");
  info.deviation[0][0] = 1;
  info.channels[1]     = HG_MAX_CHANNELS + 1;
  ExpectError(HGModelWrite(path, t.net, &info, t.p, 0, NULL, NULL), "it takes 1 to 256");
  for (int i = 0; i < 600; i++) text[i] = 'x';
  text[599]       = 0;
  wide.data_input = text;
  wide.mean[0] = wide.mean[1] = zero;
  wide.deviation[0] = wide.deviation[1] = one;
  PetscCall(HGModelCreate(PETSC_COMM_WORLD, &m));
  PetscCall(HGNetWriteModel(t.net, m, t.p));
  PetscCall(HGDataInfoWrite(&wide, m));
  PetscCall(Write(m));
  PetscCall(HGModelDestroy(&m));
  ExpectError(HGModelReadInfo(PETSC_COMM_WORLD, path, &info), "data_input has 599 characters, HGModelInfo takes 511");
  PetscCall(DestroyTrained(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(void)
{
  PetscInt    flips = 0;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-flips", &flips, NULL));
  if (flips) PetscCall(TestFlips(flips));
  else {
    PetscCall(TestLength());
    PetscCall(TestNumbers());
    PetscCall(TestForeign());
    PetscCall(TestPrefix());
    PetscCall(TestNames());
    PetscCall(TestOptions());
    PetscCall(TestOutput());
  }
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  if (!rank) (void)unlink(path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  if (HGInitialize(&argc, &argv, NULL, NULL)) return 1;
  if (Run()) return 1;
  return HGFinalize() ? 1 : 0;
}
