/* SPDX-License-Identifier: BSD-2-Clause */
/* Each bad file, variable, shape, range and value is refused on all ranks, with a message that says what is wrong. */
#include "sample_file.h"
#include "bad_input.h"
#include <math.h>
#include <sys/stat.h>

static const char path[] = "test_data_bad.nc";

static PetscErrorCode SetUp(const char file[], const char input[], const char target[], PetscInt first, PetscInt last, HGData *d)
{
  PetscFunctionBegin;
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, d));
  PetscCall(HGDataSetFile(*d, file));
  PetscCall(HGDataSetVariables(*d, input, target));
  PetscCall(HGDataSetRange(*d, first, last));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Refused(const char file[], const char input[], const char target[], PetscInt first, PetscInt last, const char words[])
{
  HGData d;

  PetscFunctionBegin;
  PetscCall(SetUp(file, input, target, first, last, &d));
  ExpectError(HGDataSetUp(d), words);
  PetscCall(HGDataDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode LoadRefused(const char input[], PetscInt first, PetscInt last, const PetscInt size[], HGNormalize normalize,
                                  const char words[])
{
  HGData      d;
  HGPartition p;

  PetscFunctionBegin;
  PetscCall(SetUp(path, input, "none", first, last, &d));
  PetscCall(HGDataSetNormalize(d, normalize));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPartitionSetSizes(p, 2, size));
  PetscCall(HGPartitionSetUp(p));
  ExpectError(HGDataLoad(d, p, HG_F32), words);
  PetscCall(HGPartitionDestroy(&p));
  PetscCall(HGDataDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteBytes(const char bytes[], size_t n)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    FILE *f = fopen(path, "wb");

    PetscCheck(f && fwrite(bytes, 1, n, f) == n && !fclose(f), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s", path);
  }
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cuts the last bytes off a file that was good */
static PetscErrorCode Cut(int format, off_t bytes)
{
  const SampleFile s = {path, format, NC_FLOAT, 3, {"sample", "y", "x"}, {6, 7, 9}, 0, 0};
  PetscMPIInt      rank;
  struct stat      st;

  PetscFunctionBegin;
  PetscCall(SampleFileWrite(PETSC_COMM_WORLD, &s));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank)
    PetscCheck(!stat(path, &st) && !truncate(path, bytes < 0 ? st.st_size + bytes : bytes), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
               "cannot cut %s", path);
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BadFiles(void)
{
  static const char text[] = "sample,y,x\n1,2,3\n";

  PetscFunctionBegin;
  PetscCall(Refused("test_no_such_file.nc", "a", "u", 0, -1, "there is no file test_no_such_file.nc|-data_file"));
  PetscCall(Refused("", "a", "u", 0, -1, "no data file|-data_file"));
  PetscCall(Refused(".", "a", "u", 0, -1, ". is a folder|-data_file"));
  PetscCall(WriteBytes(text, 0));
  PetscCall(Refused(path, "a", "u", 0, -1, "is empty|-data_file"));
  PetscCall(WriteBytes(text, sizeof(text) - 1));
  PetscCall(Refused(path, "a", "u", 0, -1, "is not a netCDF file|-data_file"));
  PetscCall(Cut(0, -8));
  PetscCall(Refused(path, "a", "u", 0, -1, "is cut short|bytes"));
  PetscCall(Cut(NC_64BIT_DATA, 100));
  PetscCall(Refused(path, "a", "u", 0, -1, "is cut short|within its header"));
  PetscCall(Cut(NC_64BIT_OFFSET, -1500));
  PetscCall(Refused(path, "a", "u", 0, -1, "is cut short|bytes"));
  PetscCall(Cut(NC_NETCDF4, -1));
  PetscCall(Refused(path, "a", "u", 0, -1, "cannot open|cut short"));
  PetscCall(Cut(NC_NETCDF4, 20));
  PetscCall(Refused(path, "a", "u", 0, -1, "cannot open|cut short"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DefineShapes(int nc)
{
  static const char *const name[] = {"none", "sample", "y", "x", "xs", "more", "channel", "z", "w"};
  static const size_t      len[]  = {0, 6, 7, 9, 10, 8, 2, 3, 4};
  static const struct {
    const char *name;
    nc_type     type;
    int         n, dim[7];
  } var[] = {
      {"a", NC_DOUBLE, 3, {1, 2, 3}},
      {"other", NC_FLOAT, 3, {1, 2, 4}},
      {"longer", NC_FLOAT, 3, {5, 2, 3}},
      {"line", NC_FLOAT, 2, {1, 3}},
      {"label", NC_INT, 1, {1}},
      {"four", NC_FLOAT, 5, {1, 8, 7, 2, 3}},
      {"seven", NC_FLOAT, 7, {1, 8, 7, 6, 4, 2, 3}},
      {"last", NC_FLOAT, 4, {1, 2, 3, 6}},
      {"text", NC_CHAR, 3, {1, 2, 3}},
      {"strings", NC_STRING, 3, {1, 2, 3}},
      {"nothing", NC_FLOAT, 3, {0, 2, 3}},
      {"constant", NC_FLOAT, 3, {1, 2, 3}},
      {"gap", NC_SHORT, 3, {1, 2, 3}},
  };
  int dims[9], id, use[7];

  PetscFunctionBegin;
  for (int i = 0; i < 9; i++) CallNC(nc_def_dim(nc, name[i], len[i], &dims[i]));
  for (size_t v = 0; v < sizeof(var) / sizeof(var[0]); v++) {
    for (int i = 0; i < var[v].n; i++) use[i] = dims[var[v].dim[i]];
    CallNC(nc_def_var(nc, var[v].name, var[v].type, var[v].n, use, &id));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Field a holds a NaN and an infinity, gap two missing values */
static PetscErrorCode WriteShapes(void)
{
  enum { samples = 6, points = 63 };
  double      a[samples * points], c[samples * points], g[samples * points];
  const short fill    = -5;
  const int   missing = 77;
  PetscMPIInt rank;
  int         nc, id;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    CallNC(nc_create(path, NC_NETCDF4 | NC_CLOBBER, &nc));
    PetscCall(DefineShapes(nc));
    CallNC(nc_inq_varid(nc, "gap", &id));
    CallNC(nc_put_att_short(nc, id, "_FillValue", NC_SHORT, 1, &fill));
    CallNC(nc_put_att_int(nc, id, "missing_value", NC_INT, 1, &missing));
    for (int i = 0; i < samples * points; i++) {
      a[i] = i;
      g[i] = i % 50;
      c[i] = 3.25;
    }
    a[4 * points + 2 * 9 + 5] = NAN;
    a[5 * points]             = INFINITY;
    g[3 * points + 6 * 9 + 8] = fill;
    g[5 * points + 1]         = missing;
    CallNC(nc_put_var_double(nc, id, g));
    CallNC(nc_inq_varid(nc, "a", &id));
    CallNC(nc_put_var_double(nc, id, a));
    CallNC(nc_inq_varid(nc, "constant", &id));
    CallNC(nc_put_var_double(nc, id, c));
    CallNC(nc_close(nc));
  }
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BadVariables(void)
{
  PetscFunctionBegin;
  PetscCall(Refused(path, "perm", "a", 0, -1, "has no variable \"perm\"; it has: a, other,|Choose with -data_input"));
  PetscCall(Refused(path, "a", "a,b", 0, -1, "has no variable \"b\"|Choose with -data_target"));
  PetscCall(Refused(path, "none", "a", 0, -1, "no input variable|-data_input"));
  PetscCall(Refused(path, "text", "a", 0, -1, "\"text\"|holds text; expected numbers"));
  PetscCall(Refused(path, "a", "strings", 0, -1, "\"strings\"|holds text; expected numbers"));
  PetscCall(Refused(path, "a", "other", 0, -1, "\"a\" (sample=6, y=7, x=9)|\"other\" (sample=6, y=7, xs=10)|must agree"));
  PetscCall(Refused(path, "a,longer", "a", 0, -1, "\"longer\" (more=8, y=7, x=9)|must agree"));
  PetscCall(Refused(path, "a", "line", 0, -1, "\"line\" (sample=6, x=9)|must agree"));
  PetscCall(Refused(path, "label", "none", 0, -1, "\"label\"|(sample=6)|expected (sample, [time,] [channel,] [z,] y, x)"));
  PetscCall(Refused(path, "four", "none", 0, -1, "(sample=6, w=4, z=3, y=7, x=9)|expected (sample"));
  PetscCall(Refused(path, "seven", "none", 0, -1, "\"seven\"|expected (sample"));
  PetscCall(Refused(path, "nothing", "none", 0, -1, "zero samples|(none=0, y=7, x=9)"));
  PetscCall(Refused(path, "a", "none", 0, 7, "[0, 7)|which has 6|-data_range"));
  PetscCall(Refused(path, "a", "none", 6, -1, "[6, 6)|-data_range"));
  PetscCall(Refused(path, "a", "none", 4, 2, "[4, 2)|-data_range"));
  PetscCall(Refused(path, "a", "none", -1, 2, "[-1, 2)|-data_range"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BadValues(void)
{
  const PetscInt size[HG_AXES] = {2, 1, 1, 7, 9}, wrong[HG_AXES] = {2, 1, 1, 8, 9};

  PetscFunctionBegin;
  PetscCall(LoadRefused("constant,a", 0, -1, size, HG_NORMALIZE_NONE, "\"a\"|2 values|sample 4, y 2, x 5"));
  PetscCall(LoadRefused("a", 5, 6, size, HG_NORMALIZE_GLOBAL, "1 value that is|sample 5, y 0, x 0"));
  PetscCall(LoadRefused("gap", 0, -1, size, HG_NORMALIZE_NONE, "\"gap\"|2 values|missing|sample 3, y 6, x 8"));
  PetscCall(LoadRefused("other", 0, -1, size, HG_NORMALIZE_NONE, "grid of 1 x 7 x 10"));
  PetscCall(LoadRefused("longer", 0, -1, size, HG_NORMALIZE_NONE, "\"longer\"|504 values|sample 0, y 0, x 0"));
  PetscCall(LoadRefused("constant", 0, -1, size, HG_NORMALIZE_GLOBAL, "\"constant\"|is 3.25 everywhere|-data_normalize none"));
  PetscCall(LoadRefused("a", 0, 3, wrong, HG_NORMALIZE_NONE, "1 x 7 x 9 points|1 x 8 x 9"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BadOption(HGData d, const char name[], const char value[], const char words[])
{
  PetscFunctionBegin;
  PetscCall(PetscOptionsSetValue(NULL, name, value));
  ExpectError(HGDataSetFromOptions(d), words);
  PetscCall(PetscOptionsClearValue(NULL, name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BadOptions(void)
{
  HGData d;

  PetscFunctionBegin;
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(BadOption(d, "-data_range", "3", "-data_range 3: give two whole numbers first,last"));
  PetscCall(BadOption(d, "-data_range", "1,2,3", "-data_range 1,2,3: give two whole numbers first,last"));
  PetscCall(BadOption(d, "-data_range", "one,two", "-data_range one,two: give two whole numbers"));
  PetscCall(BadOption(d, "-data_range", "5,5", "-data_range 5,5: give two whole numbers first,last with 0 <= first < last"));
  PetscCall(BadOption(d, "-data_range", "-5,-2", "-data_range -5,-2: give two whole numbers"));
  PetscCall(BadOption(d, "-data_normalize", "maximum", "-data_normalize maximum: give one of: none, global"));
  PetscCall(HGDataDestroy(&d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(BadFiles());
  PetscCall(WriteShapes());
  PetscCall(BadVariables());
  PetscCall(BadValues());
  PetscCall(BadOptions());
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, path));
  PetscCall(HGFinalize());
  return 0;
}
