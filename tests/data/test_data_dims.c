/* SPDX-License-Identifier: BSD-2-Clause */
/* Dimensions are told by CF attributes and names, in any order and in groups; variables are matched by name; what cannot be told is refused. */
#include "sample_file.h"
#include "bad_input.h"

static const char path[] = "test_data_dims.nc";

/* What a dimension of a test stands for; lengths are all different but for y and x */
enum { S, T, K, Z_, Y_, X_, ROLES };
static const size_t length[ROLES] = {5, 2, 3, 4, 6, 6};

typedef struct {
  const char *name;
  int         role;
  const char *attribute, *value; /* of its coordinate variable, NULL for none */
} Dim;

typedef struct {
  const char *input, *target, *sample_dim;
  Dim         dim[6];             /* of the file */
  int         a[6], na, u[6], nu; /* dimensions of the variables, in their order */
  int         groups;             /* 1: u is in group "g", 2: a too, in "g/inner"; dimensions are in the root */
} Case;

static const Case cases[] = {
    /* time last; lead times become channels */
    {"a",
     "u",
     NULL,
     {{"time", S, NULL, NULL}, {"lat", Y_, NULL, NULL}, {"lon", X_, NULL, NULL}, {"step", T, NULL, NULL}},
     {1, 2, 0},
     3,
     {1, 2, 3, 0},
     4,
     0},
    /* a target that is transposed on a square grid, also of dimensions that nothing tells apart */
    {"a", "u", NULL, {{"time", S, NULL, NULL}, {"lat", Y_, NULL, NULL}, {"lon", X_, NULL, NULL}}, {0, 1, 2}, 3, {0, 2, 1}, 3, 0},
    {"a", "u", NULL, {{"n", S, NULL, NULL}, {"foo", Y_, NULL, NULL}, {"bar", X_, NULL, NULL}}, {0, 1, 2}, 3, {2, 0, 1}, 3, 0},
    /* space in another order than z, y, x is put into it where names or attributes tell */
    {"a",
     "u",
     NULL,
     {{"time", S, NULL, NULL}, {"west_east", X_, NULL, NULL}, {"south_north", Y_, NULL, NULL}, {"lev", Z_, NULL, NULL}},
     {0, 1, 2, 3},
     4,
     {3, 2, 1, 0},
     4,
     0},
    {"a",
     "u",
     NULL,
     {{"n", S, NULL, NULL}, {"p", X_, "units", "degrees_east"}, {"q", Y_, "standard_name", "latitude"}},
     {0, 1, 2},
     3,
     {0, 1, 2},
     3,
     0},
    {"a", "u", NULL, {{"n", S, NULL, NULL}, {"p", X_, "axis", "X"}, {"q", Y_, NULL, NULL}}, {0, 1, 2}, 3, {0, 2, 1}, 3, 0},
    {"a",
     "u",
     NULL,
     {{"n", S, NULL, NULL}, {"p", Z_, "positive", "down"}, {"q", Y_, "axis", "y"}, {"r", X_, NULL, NULL}},
     {0, 3, 1, 2},
     4,
     {0, 1, 2, 3},
     4,
     0},
    /* a dimension of time by any of its attributes; a sample before it stays the sample, a level does not */
    {"a",
     "u",
     NULL,
     {{"sample", S, NULL, NULL}, {"hour", T, "axis", "T"}, {"lat", Y_, NULL, NULL}, {"lon", X_, NULL, NULL}},
     {0, 1, 2, 3},
     4,
     {0, 1, 2, 3},
     4,
     0},
    {"a",
     "u",
     NULL,
     {{"case", S, NULL, NULL}, {"when", T, "units", "days since 2000-01-01"}, {"y", Y_, NULL, NULL}, {"x", X_, NULL, NULL}},
     {0, 1, 2, 3},
     4,
     {0, 2, 3},
     3,
     0},
    {"a",
     "u",
     NULL,
     {{"lev", Z_, NULL, NULL}, {"valid_time", S, NULL, NULL}, {"lat", Y_, NULL, NULL}, {"lon", X_, NULL, NULL}},
     {0, 1, 2, 3},
     4,
     {1, 0, 2, 3},
     4,
     0},
    {"a",
     "u",
     NULL,
     {{"step", T, NULL, NULL}, {"time", S, "standard_name", "forecast_reference_time"}, {"y", Y_, NULL, NULL}, {"x", X_, NULL, NULL}},
     {0, 1, 2, 3},
     4,
     {1, 2, 3},
     3,
     0},
    {"a",
     "u",
     NULL,
     {{"number", K, NULL, NULL}, {"time", S, NULL, NULL}, {"lat", Y_, NULL, NULL}, {"lon", X_, NULL, NULL}},
     {0, 1, 2, 3},
     4,
     {1, 2, 3},
     3,
     0},
    /* channels last; time is slowest among channels whatever the order */
    {"a",
     "u",
     NULL,
     {{"sample", S, NULL, NULL}, {"y", Y_, NULL, NULL}, {"x", X_, NULL, NULL}, {"channel", K, NULL, NULL}, {"lead_time", T, NULL, NULL}},
     {0, 1, 2, 3},
     4,
     {0, 3, 4, 1, 2},
     5,
     0},
    /* the user's choice */
    {"a", "u", "foo", {{"foo", S, NULL, NULL}, {"bar", Y_, NULL, NULL}, {"baz", X_, NULL, NULL}}, {1, 2, 0}, 3, {2, 1, 0}, 3, 0},
    {"a",
     "u",
     "member",
     {{"member", S, NULL, NULL}, {"time", T, NULL, NULL}, {"lat", Y_, NULL, NULL}, {"lon", X_, NULL, NULL}},
     {1, 0, 2, 3},
     4,
     {0, 2, 3},
     3,
     0},
    /* groups */
    {"a", "g/u", NULL, {{"time", S, NULL, NULL}, {"y", Y_, NULL, NULL}, {"x", X_, NULL, NULL}}, {0, 1, 2}, 3, {0, 2, 1}, 3, 1},
    {"/g/inner/a", "/g/u", NULL, {{"time", S, NULL, NULL}, {"y", Y_, NULL, NULL}, {"x", X_, NULL, NULL}}, {0, 1, 2}, 3, {0, 2, 1}, 3, 2},
};

static double ValueAt(const size_t at[ROLES], int variable)
{
  double v = variable;

  for (int r = 0; r < ROLES; r++) v = v * 8 + (double)at[r];
  return v;
}

/* A variable whose values tell where they are */
static PetscErrorCode PutVariable(int nc, int id, const Case *c, const int which[], int n, int variable)
{
  size_t  total = 1;
  double *v;

  PetscFunctionBegin;
  for (int i = 0; i < n; i++) total *= length[c->dim[which[i]].role];
  PetscCall(PetscMalloc1(total, &v));
  for (size_t k = 0; k < total; k++) {
    size_t at[ROLES] = {0}, rest = k;

    for (int i = n - 1; i >= 0; i--) {
      at[c->dim[which[i]].role] = rest % length[c->dim[which[i]].role];
      rest /= length[c->dim[which[i]].role];
    }
    v[k] = ValueAt(at, variable);
  }
  CallNC(nc_put_var_double(nc, id, v));
  PetscCall(PetscFree(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Write(const Case *c)
{
  int         nc, group[2], dims[6], use[6], id[2], k;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (!rank) {
    CallNC(nc_create(path, NC_NETCDF4 | NC_CLOBBER, &nc));
    for (int i = 0; i < 6 && c->dim[i].name; i++) CallNC(nc_def_dim(nc, c->dim[i].name, length[c->dim[i].role], &dims[i]));
    group[0] = group[1] = nc;
    if (c->groups) CallNC(nc_def_grp(nc, "g", &group[1]));
    if (c->groups > 1) CallNC(nc_def_grp(group[1], "inner", &group[0]));
    for (int v = 0; v < 2; v++) {
      const int n = v ? c->nu : c->na;

      for (int i = 0; i < n; i++) use[i] = dims[v ? c->u[i] : c->a[i]];
      CallNC(nc_def_var(group[v], v ? "u" : "a", NC_DOUBLE, n, use, &id[v]));
    }
    for (int i = 0; i < 6 && c->dim[i].name; i++) {
      if (!c->dim[i].attribute) continue;
      CallNC(nc_def_var(nc, c->dim[i].name, NC_FLOAT, 1, &dims[i], &k));
      CallNC(nc_put_att_text(nc, k, c->dim[i].attribute, strlen(c->dim[i].value), c->dim[i].value));
    }
    PetscCall(PutVariable(group[0], id[0], c, c->a, c->na, 0));
    PetscCall(PutVariable(group[1], id[1], c, c->u, c->nu, 1));
    CallNC(nc_close(nc));
  }
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool Has(const Case *c, const int which[], int n, int role)
{
  for (int i = 0; i < n; i++)
    if (c->dim[which[i]].role == role) return PETSC_TRUE;
  return PETSC_FALSE;
}

static PetscErrorCode CheckTensor(int number, const Case *c, HGTensor t, int variable)
{
  const int           *which = variable ? c->u : c->a, n = variable ? c->nu : c->na;
  const PetscInt       k = Has(c, which, n, K) ? (PetscInt)length[K] : 1;
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
    const size_t role[ROLES] = {(size_t)at[HG_N], (size_t)(at[HG_C] / k), (size_t)(at[HG_C] % k),
                                (size_t)at[HG_Z], (size_t)at[HG_Y],       (size_t)at[HG_X]};
    const double got = ((double *)l->owned)[where], want = ValueAt(role, variable);

    PetscCheck(got == want, PETSC_COMM_SELF, PETSC_ERR_PLIB, "case %d: %s at sample %d channel %d z %d y %d x %d is %.0f, not %.0f", number,
               variable ? "u" : "a", (int)at[HG_N], (int)at[HG_C], (int)at[HG_Z], (int)at[HG_Y], (int)at[HG_X], got, want);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Check(int number, const Case *c)
{
  PetscInt    sample[5] = {0, 1, 2, 3, 4}, dim, n, size[HG_AXES], cout;
  HGData      d;
  HGPartition p, q;
  HGTensor    x, y;

  PetscFunctionBegin;
  PetscCall(Write(c));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFile(d, path));
  PetscCall(HGDataSetVariables(d, c->input, c->target));
  PetscCall(HGDataSetSampleDim(d, c->sample_dim));
  PetscCall(HGDataSetUp(d));
  PetscCall(HGDataGetSizes(d, &dim, &n, &size[HG_C], &cout, &size[HG_Z]));
  PetscCheck(n == (PetscInt)length[S], PETSC_COMM_WORLD, PETSC_ERR_PLIB, "case %d: %d samples", number, (int)n);
  size[HG_N] = n;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPartitionSetSizes(p, dim, size));
  PetscCall(HGPartitionSetUp(p));
  PetscCall(HGPartitionCreateLike(p, n, cout, &q));
  PetscCall(HGTensorCreate(p, HG_F64, &x));
  PetscCall(HGTensorSetUp(x));
  PetscCall(HGTensorCreate(q, HG_F64, &y));
  PetscCall(HGTensorSetUp(y));
  PetscCall(HGDataLoad(d, p, HG_F64));
  PetscCall(HGDataGetBatch(d, n, sample, x, y));
  PetscCall(CheckTensor(number, c, x, 0));
  PetscCall(CheckTensor(number, c, y, 1));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscCall(HGPartitionDestroy(&p));
  PetscCall(HGPartitionDestroy(&q));
  PetscCall(HGDataDestroy(&d));
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Refused(const Case *c, const char words[])
{
  HGData d;

  PetscFunctionBegin;
  PetscCall(Write(c));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFile(d, path));
  PetscCall(HGDataSetVariables(d, c->input, c->target));
  PetscCall(HGDataSetSampleDim(d, c->sample_dim));
  ExpectError(HGDataSetUp(d), words);
  PetscCall(HGDataDestroy(&d));
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode RefuseAll(void)
{
  static const Case twice = {
      "a", "u", NULL, {{"time", S, NULL, NULL}, {"lat", Y_, NULL, NULL}, {"lon", X_, NULL, NULL}}, {0, 1, 2}, 3, {0, 1, 1}, 3, 0};
  static const Case none  = {"a", "none", NULL, {{"lat", Y_, NULL, NULL}, {"lon", X_, NULL, NULL}}, {0, 1}, 2, {0, 1}, 2, 0};
  static const Case other = {
      "a", "u", "foo", {{"time", S, NULL, NULL}, {"lat", Y_, NULL, NULL}, {"lon", X_, NULL, NULL}}, {0, 1, 2}, 3, {0, 1, 2}, 3, 0};
  static const Case comma = {
      "a,,u", "none", NULL, {{"time", S, NULL, NULL}, {"lat", Y_, NULL, NULL}, {"lon", X_, NULL, NULL}}, {0, 1, 2}, 3, {0, 1, 2}, 3, 0};
  static const Case again = {
      "a,/a", "none", NULL, {{"time", S, NULL, NULL}, {"lat", Y_, NULL, NULL}, {"lon", X_, NULL, NULL}}, {0, 1, 2}, 3, {0, 1, 2}, 3, 0};
  static const Case group = {
      "a", "h/u", NULL, {{"time", S, NULL, NULL}, {"lat", Y_, NULL, NULL}, {"lon", X_, NULL, NULL}}, {0, 1, 2}, 3, {0, 1, 2}, 3, 1};

  PetscFunctionBegin;
  PetscCall(Refused(&twice, "\"u\" (time=5, lat=6, lat=6)|differ in their dimensions"));
  PetscCall(Refused(&none, "(lat=6, lon=6)|expected (sample|-data_sample_dim"));
  PetscCall(Refused(&other, "no dimension \"foo\"|-data_sample_dim|(time=5, lat=6, lon=6)"));
  PetscCall(Refused(&comma, "-data_input a,,u|name of variable 2 is empty"));
  PetscCall(Refused(&again, "-data_input a,/a|given twice"));
  PetscCall(Refused(&group, "no variable \"h/u\"|it has: a, g/u"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) PetscCall(Check((int)i, &cases[i]));
  PetscCall(RefuseAll());
  PetscCall(HGFinalize());
  return 0;
}
