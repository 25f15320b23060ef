/* SPDX-License-Identifier: BSD-2-Clause */
/* What packed values mean by their attributes, of any type and length; and those that cannot be honoured are named. */
#include "sample_file.h"
#include "data/packing.h"
#include <math.h>
#include <string.h>

#define VALUES 8

typedef struct {
  const char *name;
  nc_type     type; /* NC_CHAR: text; NC_NAT: no more attributes */
  int         n;
  const char *text;
  double      v[4]; /* of more values the last goes on in steps of one */
} Attribute;

typedef struct {
  nc_type     type;
  double      raw[VALUES];
  Attribute   att[4];
  double      want[VALUES]; /* NAN for missing */
  const char *refused;      /* words of the message, NULL if it is read */
} Case;

static const Case cases[] = {
    /* signedness */
    {NC_BYTE, {-1, -128, 0, 5, 127, -127, 1, 2}, {{"_Unsigned", NC_CHAR, 4, "true", {0}}}, {255, 128, 0, 5, 127, 129, 1, 2}, NULL},
    {NC_BYTE,
     {-1, -128, 0, 5, 127, -127, 1, 2},
     {{"_Unsigned", NC_CHAR, 4, "True", {0}}, {"_FillValue", NC_BYTE, 1, NULL, {-1}}, {"missing_value", NC_SHORT, 1, NULL, {129}}},
     {NAN, 128, 0, 5, 127, NAN, 1, 2},
     NULL},
    {NC_UBYTE, {255, 128, 0, 5, 127, 1, 2, 3}, {{"_Unsigned", NC_CHAR, 5, "false", {0}}}, {-1, -128, 0, 5, 127, 1, 2, 3}, NULL},
    {NC_SHORT, {-1, -2, 3, 4, 5, 6, 7, 8}, {{"_Unsigned", NC_CHAR, 4, "true", {0}}}, {65535, 65534, 3, 4, 5, 6, 7, 8}, NULL},
    {NC_BYTE, {-1, 2, 3, 4, 5, 6, 7, 8}, {{"valid_range", NC_SHORT, 2, NULL, {0, 255}}}, {255, 2, 3, 4, 5, 6, 7, 8}, NULL},
    {NC_FLOAT, {-1, 2, 3, 4, 5, 6, 7, 8}, {{"_Unsigned", NC_CHAR, 4, "true", {0}}}, {-1, 2, 3, 4, 5, 6, 7, 8}, NULL},
    {NC_SHORT, {1}, {{"_Unsigned", NC_CHAR, 3, "yes", {0}}}, {0}, "_Unsigned|yes|true or false"},
    {NC_SHORT, {1}, {{"_Unsigned", NC_INT, 1, NULL, {1}}}, {0}, "_Unsigned|1|true or false"},
    /* packing */
    {NC_SHORT,
     {1, 2, 3, 4, 5, 6, 7, -8},
     {{"scale_factor", NC_FLOAT, 1, NULL, {0.25}}, {"add_offset", NC_INT, 1, NULL, {100}}},
     {100.25, 100.5, 100.75, 101, 101.25, 101.5, 101.75, 98},
     NULL},
    {NC_SHORT, {1}, {{"scale_factor", NC_CHAR, 3, "0.1", {0}}}, {0}, "scale_factor|the text \"0.1\"|one number"},
    {NC_SHORT, {1}, {{"scale_factor", NC_DOUBLE, 2000, NULL, {0.5}}}, {0}, "scale_factor|2000 values|one number"},
    {NC_SHORT, {1}, {{"add_offset", NC_DOUBLE, 0, NULL, {0}}}, {0}, "add_offset|one number"},
    {NC_SHORT, {1}, {{"scale_factor", NC_DOUBLE, 1, NULL, {0}}}, {0}, "scale_factor|not zero"},
    {NC_SHORT, {1}, {{"add_offset", NC_DOUBLE, 1, NULL, {NAN}}}, {0}, "add_offset|finite"},
    /* missing values: in the variable's type, packed, of any number */
    {NC_FLOAT,
     {1e20, 9.9692099683868690e+36, NAN, 4, 5, 6, 7, 8},
     {{"missing_value", NC_DOUBLE, 1, NULL, {1e20}}},
     {NAN, NAN, NAN, 4, 5, 6, 7, 8},
     NULL},
    {NC_FLOAT,
     {-1000, -1100, -1199, -1200, 5, 6, 7, 8},
     {{"missing_value", NC_FLOAT, 200, NULL, {-1199, -1198, -1197, -1196}}},
     {NAN, NAN, NAN, -1200, 5, 6, 7, 8},
     NULL},
    {NC_SHORT, {-999, 1, 2, 3, 4, 5, -32767, 7}, {{"missing_value", NC_DOUBLE, 2, NULL, {-999, 3}}}, {NAN, 1, 2, NAN, 4, 5, NAN, 7}, NULL},
    {NC_SHORT, {-999, 1, 2, 3, 4, 5, 6, 7}, {{"missing_value", NC_DOUBLE, 1, NULL, {1e20}}}, {-999, 1, 2, 3, 4, 5, 6, 7}, NULL},
    {NC_SHORT,
     {1},
     {{"missing_value", NC_DOUBLE, 1, NULL, {1e20}}, {"scale_factor", NC_FLOAT, 1, NULL, {0.5}}},
     {0},
     "missing_value|1e+20|short"},
    {NC_SHORT, {1}, {{"missing_value", NC_CHAR, 4, "-999", {0}}}, {0}, "missing_value|-999|numbers"},
    {NC_INT,
     {7, 1, 2, 3, 4, 5, 6, -2147483647.},
     {{"_FillValue", NC_INT, 1, NULL, {7}}, {"scale_factor", NC_DOUBLE, 1, NULL, {2}}},
     {NAN, 2, 4, 6, 8, 10, 12, -4294967294.},
     NULL},
    /* default fill values of all types but bytes */
    {NC_SHORT, {NC_FILL_SHORT, 1, 2, 3, 4, 5, 6, 7}, {{0}}, {NAN, 1, 2, 3, 4, 5, 6, 7}, NULL},
    {NC_USHORT, {NC_FILL_USHORT, 1, 2, 3, 4, 5, 6, 7}, {{0}}, {NAN, 1, 2, 3, 4, 5, 6, 7}, NULL},
    {NC_INT, {NC_FILL_INT, 1, 2, 3, 4, 5, 6, 7}, {{0}}, {NAN, 1, 2, 3, 4, 5, 6, 7}, NULL},
    {NC_UINT, {NC_FILL_UINT, 1, 2, 3, 4, 5, 6, 7}, {{0}}, {NAN, 1, 2, 3, 4, 5, 6, 7}, NULL},
    {NC_FLOAT, {(double)NC_FILL_FLOAT, 1, 2, 3, 4, 5, 6, 7}, {{0}}, {NAN, 1, 2, 3, 4, 5, 6, 7}, NULL},
    {NC_DOUBLE, {NC_FILL_DOUBLE, 1, 2, 3, 4, 5, 6, 7}, {{0}}, {NAN, 1, 2, 3, 4, 5, 6, 7}, NULL},
    {NC_BYTE, {NC_FILL_BYTE, 1, 2, 3, 4, 5, 6, 7}, {{0}}, {-127, 1, 2, 3, 4, 5, 6, 7}, NULL},
    {NC_UBYTE, {NC_FILL_UBYTE, 1, 2, 3, 4, 5, 6, 7}, {{0}}, {255, 1, 2, 3, 4, 5, 6, 7}, NULL},
    /* valid ranges */
    {NC_SHORT,
     {-1, 0, 1, 2, 3, 4, 5, 6},
     {{"valid_range", NC_SHORT, 2, NULL, {0, 3}}, {"scale_factor", NC_FLOAT, 1, NULL, {10}}},
     {NAN, 0, 10, 20, 30, NAN, NAN, NAN},
     NULL},
    {NC_INT,
     {-1, 0, 1, 2, 3, 4, 5, 6},
     {{"valid_min", NC_DOUBLE, 1, NULL, {0.5}}, {"valid_max", NC_FLOAT, 1, NULL, {1e30}}},
     {NAN, NAN, 1, 2, 3, 4, 5, 6},
     NULL},
    {NC_FLOAT, {0.1f, 0.2, 0.3, 4, 5, 6, 7, 8}, {{"valid_min", NC_DOUBLE, 1, NULL, {0.1}}}, {0.1f, 0.2f, 0.3f, 4, 5, 6, 7, 8}, NULL},
    {NC_SHORT,
     {1, 2, 3, 4, 5, 6, 7, 8},
     {{"valid_min", NC_INT, 1, NULL, {70000}}, {"valid_max", NC_SHORT, 1, NULL, {4}}},
     {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN},
     NULL},
    {NC_SHORT,
     {1},
     {{"valid_range", NC_FLOAT, 2, NULL, {9.5, 10}}, {"scale_factor", NC_FLOAT, 1, NULL, {0.5}}},
     {0},
     "valid_range|9.5|short"},
    {NC_SHORT, {1}, {{"valid_range", NC_SHORT, 3, NULL, {1, 2, 3}}}, {0}, "valid_range|two numbers"},
    {NC_SHORT, {1}, {{"valid_max", NC_FLOAT, 1, NULL, {NAN}}}, {0}, "valid_max|a number"},
};

static const char path[] = "test_data_attributes.nc";

static PetscErrorCode PutAttribute(int nc, int id, const Attribute *a)
{
  double *v;

  PetscFunctionBegin;
  if (a->type == NC_CHAR) {
    CallNC(nc_put_att_text(nc, id, a->name, (size_t)a->n, a->text));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscMalloc1(a->n + 1, &v));
  for (int i = 0; i < a->n; i++) v[i] = i < 4 ? a->v[i] : a->v[3] + (i - 3);
  CallNC(nc_put_att_double(nc, id, a->name, a->type, (size_t)a->n, v));
  PetscCall(PetscFree(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Write(const Case *c, int format)
{
  int nc, dim, id;

  PetscFunctionBegin;
  CallNC(nc_create(path, format | NC_CLOBBER, &nc));
  CallNC(nc_def_dim(nc, "x", VALUES, &dim));
  CallNC(nc_def_var(nc, "a", c->type, 1, &dim, &id));
  for (int k = 0; k < 4 && c->att[k].name; k++) PetscCall(PutAttribute(nc, id, &c->att[k]));
  CallNC(nc_enddef(nc));
  CallNC(nc_put_var_double(nc, id, c->raw));
  CallNC(nc_close(nc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Check(int which, const Case *c, int format)
{
  const size_t start[1] = {0}, count[1] = {VALUES};
  double       v[VALUES];
  char         msg[512];
  HGPacking    p;
  int          nc, id;

  PetscFunctionBegin;
  PetscCall(Write(c, format));
  CallNC(nc_open(path, NC_NOWRITE, &nc));
  CallNC(nc_inq_varid(nc, "a", &id));
  PetscCall(HGPackingRead(nc, id, &p, msg, sizeof(msg)));
  PetscCheck(!*msg == !c->refused, PETSC_COMM_SELF, PETSC_ERR_PLIB, "case %d: %s", which, *msg ? msg : "was not refused");
  if (c->refused) {
    char **word;
    int    n;

    PetscCall(PetscStrToArray(c->refused, '|', &n, &word));
    for (int i = 0; i < n; i++)
      PetscCheck(strstr(msg, word[i]), PETSC_COMM_SELF, PETSC_ERR_PLIB, "case %d: no \"%s\" in %s", which, word[i], msg);
    PetscCall(PetscStrToArrayDestroy(n, word));
  } else {
    CallNC(HGPackingGetValues(&p, nc, id, start, count, v));
    HGPackingUnpack(&p, VALUES, v);
    for (int i = 0; i < VALUES; i++)
      PetscCheck(v[i] == c->want[i] || (isnan(v[i]) && isnan(c->want[i])), PETSC_COMM_SELF, PETSC_ERR_PLIB,
                 "case %d: value %d is %.17g, not %.17g", which, i, v[i], c->want[i]);
  }
  PetscCall(HGPackingFree(&p));
  CallNC(nc_close(nc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 64-bit integers are compared as such, and those that no double holds are none */
static PetscErrorCode CheckLong(PetscBool sign)
{
  const int64_t            big    = INT64_C(1) << 53;
  const long long          raw[5] = {NC_FILL_INT64, big, big + 1, -big - 2, 77}, missing = big + 3;
  const unsigned long long unsigned_raw[5] = {NC_FILL_UINT64, (unsigned long long)big, (unsigned long long)big + 1, 1ULL << 63, 77};
  const size_t             start[1] = {0}, count[1] = {5};
  double                   v[5];
  char                     msg[512];
  HGPacking                p;
  int                      nc, dim, id;

  PetscFunctionBegin;
  CallNC(nc_create(path, NC_NETCDF4 | NC_CLOBBER, &nc));
  CallNC(nc_def_dim(nc, "x", 5, &dim));
  CallNC(nc_def_var(nc, "a", sign ? NC_INT64 : NC_UINT64, 1, &dim, &id));
  CallNC(nc_put_att_longlong(nc, id, "missing_value", NC_INT64, 1, &missing));
  if (sign) CallNC(nc_put_var_longlong(nc, id, raw));
  else CallNC(nc_put_var_ulonglong(nc, id, unsigned_raw));
  PetscCall(HGPackingRead(nc, id, &p, msg, sizeof(msg)));
  PetscCheck(!*msg, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s", msg);
  CallNC(HGPackingGetValues(&p, nc, id, start, count, v));
  HGPackingUnpack(&p, 5, v);
  PetscCheck(isnan(v[0]) && v[1] == (double)big && isnan(v[2]) && v[3] == (sign ? -(double)big - 2 : 0x1p63) && v[4] == 77, PETSC_COMM_SELF,
             PETSC_ERR_PLIB, "64-bit integers are %.17g %.17g %.17g %.17g %.17g", v[0], v[1], v[2], v[3], v[4]);
  PetscCall(HGPackingFree(&p));
  CallNC(nc_close(nc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) PetscCall(Check((int)i, &cases[i], NC_NETCDF4));
  PetscCall(Check(0, &cases[0], 0));
  PetscCall(CheckLong(PETSC_TRUE));
  PetscCall(CheckLong(PETSC_FALSE));
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, path));
  PetscCall(HGFinalize());
  return 0;
}
