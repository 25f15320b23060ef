/* SPDX-License-Identifier: BSD-2-Clause */
/* Output in the form of a dataset: names, order and coordinates of dimensions, attributes, groups; on any partition, also of channels. */
#include "sample_file.h"
#include "bad_input.h"
#include "data/hgfieldfile.h"

static const char in[] = "test_field_like_in.nc", out[] = "test_field_like_out.nc";

enum { SAMPLES = 7, FIRST = 2, LAST = 6, STEPS = 2, BANDS = 3, LAT = 5, LON = 6 };

static PetscErrorCode PutText(int nc, int id, const char name[], const char text[])
{
  PetscFunctionBegin;
  CallNC(nc_put_att_text(nc, id, name, strlen(text), text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* a(time, lat, lon); g/u(lon, time, step, band, lat), w(time, lat, lon); packed latitudes, times with bounds */
static PetscErrorCode WriteInput(void)
{
  const char *const names[] = {"time", "lat", "lon", "step", "band"};
  const size_t      len[]   = {SAMPLES, LAT, LON, STEPS, BANDS};
  const float       factor  = 0.5;
  int               nc, g, dim[5], time, lat, step, a, u, w;
  double           *zero;
  PetscMPIInt       rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    CallNC(nc_create(in, NC_NETCDF4 | NC_CLOBBER, &nc));
    for (int i = 0; i < 5; i++) CallNC(nc_def_dim(nc, names[i], i ? len[i] : NC_UNLIMITED, &dim[i]));
    CallNC(nc_def_grp(nc, "g", &g));
    CallNC(nc_def_var(nc, "time", NC_INT64, 1, &dim[0], &time));
    PetscCall(PutText(nc, time, "units", "hours since 1900-01-01"));
    PetscCall(PutText(nc, time, "calendar", "noleap"));
    PetscCall(PutText(nc, time, "bounds", "time_bounds"));
    CallNC(nc_def_var(nc, "lat", NC_SHORT, 1, &dim[1], &lat));
    PetscCall(PutText(nc, lat, "units", "degrees_north"));
    CallNC(nc_put_att_float(nc, lat, "scale_factor", NC_FLOAT, 1, &factor));
    CallNC(nc_def_var(g, "step", NC_INT, 1, &dim[3], &step));
    CallNC(nc_def_var(nc, "a", NC_FLOAT, 3, (int[]){dim[0], dim[1], dim[2]}, &a));
    CallNC(nc_def_var(g, "u", NC_FLOAT, 5, (int[]){dim[2], dim[0], dim[3], dim[4], dim[1]}, &u));
    PetscCall(PutText(g, u, "units", "K"));
    PetscCall(PutText(g, u, "standard_name", "air_temperature"));
    CallNC(nc_def_var(nc, "w", NC_FLOAT, 3, (int[]){dim[0], dim[1], dim[2]}, &w));
    CallNC(nc_enddef(nc));
    PetscCall(PetscCalloc1(SAMPLES * LAT * LON * STEPS * BANDS, &zero));
    for (size_t i = 0; i < SAMPLES; i++) CallNC(nc_put_var1_longlong(nc, time, &i, &(long long){(long long)(6 * i)}));
    for (size_t i = 0; i < LAT; i++) CallNC(nc_put_var1_short(nc, lat, &i, &(short){(short)(10 * i)}));
    for (size_t i = 0; i < STEPS; i++) CallNC(nc_put_var1_int(g, step, &i, &(int){(int)(12 * i)}));
    CallNC(nc_put_var_double(nc, a, zero));
    CallNC(nc_put_var_double(g, u, zero));
    CallNC(nc_put_var_double(nc, w, zero));
    PetscCall(PetscFree(zero));
    CallNC(nc_close(nc));
  }
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double ValueAt(PetscInt n, PetscInt c, PetscInt y, PetscInt x)
{
  return (double)(((n * 8 + c) * 8 + y) * 8 + x);
}

static PetscErrorCode Fill(HGTensor t, PetscInt first, double factor)
{
  const HGTensorLocal *l;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i++) {
    PetscInt  at[HG_AXES], rest = i;
    ptrdiff_t where = 0;

    for (int a = HG_X; a >= 0; a--) {
      at[a] = rest % l->box.size[a];
      rest /= l->box.size[a];
      where += at[a] * l->stride[a];
      at[a] += l->box.start[a];
    }
    ((double *)l->owned)[where] = factor * ValueAt(first + at[HG_N], at[HG_C], at[HG_Y], at[HG_X]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckNames(int nc, int id, const char *const names[], int n)
{
  int ndims, dim[NC_MAX_VAR_DIMS];

  PetscFunctionBegin;
  CallNC(nc_inq_var(nc, id, NULL, NULL, &ndims, dim, NULL));
  PetscCheck(ndims == n, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%d dimensions, not %d", ndims, n);
  for (int i = 0; i < n; i++) {
    char name[NC_MAX_NAME + 1];

    CallNC(nc_inq_dimname(nc, dim[i], name));
    PetscCheck(!strcmp(name, names[i]), PETSC_COMM_SELF, PETSC_ERR_PLIB, "dimension %d is %s, not %s", i, name, names[i]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckText(int nc, int id, const char name[], const char want[])
{
  char   text[256] = "";
  size_t n         = 0;

  PetscFunctionBegin;
  CallNC(nc_inq_attlen(nc, id, name, &n));
  PetscCheck(n < sizeof(text), PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s is long", name);
  CallNC(nc_get_att_text(nc, id, name, text));
  PetscCheck(!strcmp(text, want), PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s is %s, not %s", name, text, want);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckCoordinates(int nc)
{
  long long time[LAST - FIRST];
  short     lat[LAT];
  int       id, step[STEPS];
  nc_type   type;

  PetscFunctionBegin;
  CallNC(nc_inq_varid(nc, "time", &id));
  CallNC(nc_inq_vartype(nc, id, &type));
  CallNC(nc_get_var_longlong(nc, id, time));
  PetscCheck(type == NC_INT64 && time[0] == 6 * FIRST && time[LAST - FIRST - 1] == 6 * (LAST - 1), PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "times of type %d begin with %lld", type, time[0]);
  PetscCall(CheckText(nc, id, "calendar", "noleap"));
  PetscCheck(nc_inq_att(nc, id, "bounds", NULL, NULL), PETSC_COMM_SELF, PETSC_ERR_PLIB, "bounds that are not there are named");
  CallNC(nc_inq_varid(nc, "lat", &id));
  CallNC(nc_inq_vartype(nc, id, &type));
  CallNC(nc_get_var_short(nc, id, lat));
  CallNC(nc_inq_att(nc, id, "scale_factor", NULL, NULL));
  PetscCheck(type == NC_SHORT && lat[LAT - 1] == 10 * (LAT - 1), PETSC_COMM_SELF, PETSC_ERR_PLIB, "latitudes of type %d", type);
  CallNC(nc_inq_varid(nc, "step", &id));
  CallNC(nc_get_var_int(nc, id, step));
  PetscCheck(step[1] == 12, PETSC_COMM_SELF, PETSC_ERR_PLIB, "second step is %d", step[1]);
  PetscCheck(nc_inq_varid(nc, "sample", &id), PETSC_COMM_SELF, PETSC_ERR_PLIB, "times need no numbers beside them");
  PetscCall(CheckText(nc, NC_GLOBAL, "halograd_sample_range", "2,6"));
  PetscCall(CheckText(nc, NC_GLOBAL, "halograd_sample_dim", "time"));
  PetscCall(CheckText(nc, NC_GLOBAL, "halograd_space_dims", "lat,lon"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckOutput(void)
{
  static const char *const dims[] = {"lon", "time", "step", "band", "lat"}, *const plain[] = {"time", "lat", "lon"};
  int    nc, g, id;
  size_t at[5];

  PetscFunctionBegin;
  CallNC(nc_open(out, NC_NOWRITE, &nc));
  CallNC(nc_inq_ncid(nc, "g", &g));
  CallNC(nc_inq_varid(g, "u", &id));
  PetscCall(CheckNames(g, id, dims, 5));
  PetscCall(CheckText(g, id, "units", "K"));
  PetscCall(CheckText(g, id, "standard_name", "air_temperature"));
  for (int i = 0; i < LON * (LAST - FIRST) * STEPS * BANDS * LAT; i++) {
    const size_t len[5] = {LON, LAST - FIRST, STEPS, BANDS, LAT};
    double       v, want;
    int          rest = i;

    for (int k = 4; k >= 0; k--) {
      at[k] = (size_t)rest % len[k];
      rest /= (int)len[k];
    }
    CallNC(nc_get_var1_double(g, id, at, &v));
    want = ValueAt((PetscInt)at[1], (PetscInt)(at[2] * BANDS + at[3]), (PetscInt)at[4], (PetscInt)at[0]);
    PetscCheck(v == want, PETSC_COMM_SELF, PETSC_ERR_PLIB, "value %d of u is %g, not %g", i, v, want);
  }
  CallNC(nc_inq_varid(nc, "w", &id));
  PetscCall(CheckNames(nc, id, plain, 3));
  for (at[0] = 0; at[0] < LAST - FIRST; at[0]++) {
    double v;

    at[1] = 3;
    at[2] = 4;
    CallNC(nc_get_var1_double(nc, id, at, &v));
    PetscCheck(v == ValueAt((PetscInt)at[0], STEPS * BANDS, 3, 4), PETSC_COMM_SELF, PETSC_ERR_PLIB, "w has %g", v);
  }
  PetscCall(CheckCoordinates(nc));
  CallNC(nc_close(nc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateFile(HGData d, HGFieldFile *f)
{
  const PetscInt grid[3] = {1, LAT, LON};
  PetscInt       id;

  PetscFunctionBegin;
  PetscCall(HGFieldFileCreate(PETSC_COMM_WORLD, out, f));
  PetscCall(HGFieldFileSetSizes(*f, 2, LAST - FIRST, grid));
  PetscCall(HGFieldFileSetData(*f, d));
  for (PetscInt i = 0; i < 2; i++) PetscCall(HGFieldFileAddVariableLike(*f, d, HG_DATA_TARGET, i, HG_F32, &id));
  PetscCall(HGFieldFileSetUp(*f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Doubles that floats do not hold are refused with their size, and nothing stays */
static PetscErrorCode CheckSizes(HGData d, HGTensor t)
{
  static const struct {
    double      factor;
    const char *words;
  } cases[] = {{1e40, "\"g/u\" of sample 2|e+4|ends at 3.4e38|-output_dtype f64"},
               {1e-45, "\"g/u\" of sample 2|e-4|begins at 1.2e-38|-output_dtype f64"}};
  HGFieldFile f;

  PetscFunctionBegin;
  for (int i = 0; i < 2; i++) {
    PetscCall(CreateFile(d, &f));
    PetscCall(Fill(t, 0, cases[i].factor));
    ExpectError(HGFieldFileWriteChannels(f, 0, 0, 3, 0, t), cases[i].words);
    PetscCall(HGFieldFileDestroy(&f));
    PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
    PetscCheck(access(out, F_OK) && access(".test_field_like_out.nc.part", F_OK), PETSC_COMM_SELF, PETSC_ERR_PLIB, "something was left");
    PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a model file keeps of the training data is compared, and gives a target that is not in a file its form */
static PetscErrorCode CheckDescription(HGData d)
{
  const HGDataVariable *v;
  char                 *text, *again;
  HGData                e;

  PetscFunctionBegin;
  PetscCall(HGDataGetDescription(d, &text));
  PetscCheck(strstr(text, "axis\ty\tlat\tdegrees_north\t5\t0 5 10 15 20"), PETSC_COMM_SELF, PETSC_ERR_PLIB, "the axis y is not in %s",
             text);
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &e));
  PetscCall(HGDataSetFile(e, in));
  PetscCall(HGDataSetVariables(e, "a", "g/no_such_target,w"));
  PetscCall(HGDataSetTargetOptional(e, PETSC_TRUE));
  PetscCall(HGDataSetTrainingDescription(e, text));
  PetscCall(HGDataSetUp(e));
  PetscCall(HGDataGetVariable(e, HG_DATA_TARGET, 0, &v));
  PetscCheck(v && !strcmp(v->name, "g/u") && !strcmp(v->units, "K") && v->channels == STEPS * BANDS, PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "the target of training is not known");
  PetscCall(HGDataGetDescription(e, &again));
  PetscCheck(strstr(again, "x\tlon\t6\tsample\ttime\t7\ttime\tstep\t2\tchannel\tband\t3\ty\tlat\t5"), PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "the dimensions of training are not in %s", again);
  PetscCall(PetscFree(text));
  PetscCall(PetscFree(again));
  PetscCall(HGDataDestroy(&e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const PetscInt size[HG_AXES] = {3, STEPS * BANDS + 1, 1, LAT, LON};
  HGPartition    p;
  HGTensor       t;
  HGData         d;
  HGFieldFile    f;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, out)); /* of a run that failed */
  PetscCall(WriteInput());
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFile(d, in));
  PetscCall(HGDataSetVariables(d, "a", "g/u,w"));
  PetscCall(HGDataSetRange(d, FIRST, LAST));
  PetscCall(HGDataSetUp(d));
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPartitionSetSizes(p, 2, size));
  PetscCall(HGPartitionSetFromOptions(p));
  PetscCall(HGPartitionSetUp(p));
  PetscCall(HGTensorCreate(p, HG_F64, &t));
  PetscCall(HGTensorSetUp(t));
  PetscCall(CheckSizes(d, t));
  PetscCall(CreateFile(d, &f));
  for (PetscInt s = 0; s < LAST - FIRST; s += 3) {
    const PetscInt n = PetscMin(3, LAST - FIRST - s);

    PetscCall(Fill(t, s, 1));
    PetscCall(HGFieldFileWriteChannels(f, 0, s, n, 0, t));
    PetscCall(HGFieldFileWriteChannels(f, 1, s, n, STEPS * BANDS, t));
  }
  PetscCall(HGFieldFileClose(&f));
  PetscCall(CheckOutput());
  PetscCall(CheckDescription(d));
  PetscCall(HGTensorDestroy(&t));
  PetscCall(HGPartitionDestroy(&p));
  PetscCall(HGDataDestroy(&d));
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, in));
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, out));
  PetscCall(HGFinalize());
  return 0;
}
