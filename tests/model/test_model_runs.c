/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Arrays of which each rank has parts: the file is the same whoever writes it, other ranks read other parts of it in other types, what is wrong is told, and
   no rank needs memory for more than its parts.
*/
#include "../data/bad_input.h"
#include "model/hgmodel.h"
#include <math.h>
#include <netcdf.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zlib.h>

static const char path[] = "test_model_runs.nc", other[] = "test_model_runs_self.nc";

static PetscMPIInt rank, size;

#define Nc(call)                                                                                                \
  do {                                                                                                          \
    const int e_ = (call);                                                                                      \
    PetscCheck(!e_, PETSC_COMM_SELF, PETSC_ERR_LIB, "%s: %s", #call, nc_strerror(e_)); /* of the test itself */ \
  } while (0)

/* ---- arrays and parts of them ---- */

typedef struct {
  const char *group, *name;
  PetscInt    ndim, shape[3];
  HGDType     type;
} Array;

/* Some less than a mark, some with a mark that is no rectangle, some of several pieces */
static const Array array[] = {
    {"fc1", "kernel", 2, {300, 7000}, HG_F64}, {"fc1", "bias", 1, {1}, HG_F64},          {"fc2", "weight", 2, {1500, 1701}, HG_F32},
    {"fc2", "bias", 1, {3}, HG_F32},           {"fc3", "weight", 3, {40, 1, 1}, HG_F32}, {"fc3", "bias", 2, {5, 3}, HG_F32},
    {"", "unknown", 3, {2, 2, 2}, HG_F64},
};
#define ARRAYS ((PetscInt)(sizeof(array) / sizeof(*array)))

typedef struct {
  PetscInt    nruns;
  HGModelRun *run;
  PetscInt64  n;
  void       *value;
} Part;

/* A number of float, all different nearby */
static double Value(PetscInt a, PetscInt64 i)
{
  return (double)(float)(sin((double)(i % 99991)) * 1e-3 * (double)(a + 1));
}

static PetscInt64 Elements(const Array *a)
{
  PetscInt64 n = 1;

  for (PetscInt i = 0; i < a->ndim; i++) n *= a->shape[i];
  return n;
}

static void SetValue(HGDType type, void *value, PetscInt64 i, double v)
{
  if (type == HG_F32) ((float *)value)[i] = (float)v;
  else ((double *)value)[i] = v;
}

static double GetValue(HGDType type, const void *value, PetscInt64 i)
{
  return type == HG_F32 ? (double)((const float *)value)[i] : ((const double *)value)[i];
}

static PetscErrorCode NewPart(PetscInt nruns, HGDType type, PetscInt64 n, Part *p)
{
  PetscFunctionBegin;
  p->nruns = nruns;
  p->n     = n;
  PetscCall(PetscMalloc1(nruns, &p->run));
  PetscCall(PetscCalloc1((size_t)n * HGDTypeSize(type) + 8, (char **)&p->value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DestroyPart(Part *p)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(p->run));
  PetscCall(PetscFree(p->value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Columns of the array as a matrix, of owner among owners; the first owner has none if there are three or more */
static PetscErrorCode Columns(PetscInt a, HGDType type, PetscMPIInt owner, PetscMPIInt owners, Part *p)
{
  const PetscInt64 rows = array[a].shape[0], all = Elements(&array[a]) / rows;
  const int        k = owners > 2 ? owner - 1 : owner, of = owners > 2 ? owners - 1 : owners;
  const PetscInt64 first = k < 0 ? 0 : all * k / of, end = k < 0 ? 0 : all * (k + 1) / of, width = end - first;

  PetscFunctionBegin;
  PetscCall(NewPart(width ? (PetscInt)rows : 0, type, rows * width, p));
  for (PetscInt i = 0; i < p->nruns; i++)
    p->run[i] = (HGModelRun){.file = i * all + first, .local = (rows - 1 - i) * width, .count = width};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The last part for the first owner, and each with half of the next one's */
static PetscErrorCode Blocks(PetscInt a, HGDType type, PetscMPIInt owner, PetscMPIInt owners, Part *p)
{
  const PetscInt64 n = Elements(&array[a]), k = owners - 1 - owner, first = n * k / owners,
                   end = PetscMin(n, first + (n / owners + 1) * 3 / 2);

  PetscFunctionBegin;
  PetscCall(NewPart(1, type, end - first, p));
  p->run[0] = (HGModelRun){.file = first, .count = end - first};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Fill(PetscInt a, HGDType type, Part *p)
{
  for (PetscInt k = 0; k < p->nruns; k++)
    for (PetscInt64 i = 0; i < p->run[k].count; i++) SetValue(type, p->value, p->run[k].local + i, Value(a, p->run[k].file + i));
}

static PetscErrorCode Compare(PetscInt a, HGDType type, const Part *p)
{
  PetscFunctionBegin;
  for (PetscInt k = 0; k < p->nruns; k++)
    for (PetscInt64 i = 0; i < p->run[k].count; i++)
      PetscCheck(GetValue(type, p->value, p->run[k].local + i) == Value(a, p->run[k].file + i), PETSC_COMM_SELF, PETSC_ERR_PLIB,
                 "element %" PetscInt64_FMT " of %s/%s is %g", p->run[k].file + i, array[a].group, array[a].name,
                 GetValue(type, p->value, p->run[k].local + i));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode PutRuns(HGModel m, PetscInt a, const Part *p)
{
  return HGModelPutRuns(m, array[a].group, array[a].name, array[a].ndim, array[a].shape, array[a].type, p->nruns, p->run, p->value);
}

static PetscErrorCode GetRuns(HGModel m, PetscInt a, HGDType type, Part *p)
{
  return HGModelGetRuns(m, array[a].group, array[a].name, array[a].ndim, array[a].shape, type, p->nruns, p->run, p->value);
}

/* ---- files ---- */

static PetscErrorCode Output(MPI_Comm comm, const char file[], HGModel m, PetscBool trial)
{
  HGModelOutput  o;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(HGModelOutputCreate(comm, file, &o));
  e = trial ? HGModelOutputTry(o, m) : HGModelOutputWrite(o, m);
  PetscCall(HGModelOutputDestroy(&o));
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All arrays, and before and behind them others as rank 0 has them; odd: with such a value at the end of the third */
static PetscErrorCode WriteAll(MPI_Comm comm, const char file[], double odd)
{
  PetscScalar    small[2] = {1, 2};
  Part           p[ARRAYS];
  HGModel        m;
  PetscMPIInt    r, n;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &r));
  PetscCallMPI(MPI_Comm_size(comm, &n));
  PetscCall(HGModelCreate(comm, &m));
  PetscCall(HGModelPutText(m, "", "text", "a text"));
  PetscCall(HGModelPutArray(m, "", "small", 1, (const PetscInt[]){2}, r ? NULL : small));
  for (PetscInt a = 0; a < ARRAYS; a++) {
    PetscCall(Columns(a, array[a].type, r, n, &p[a]));
    Fill(a, array[a].type, &p[a]);
    if (odd != 0 && a == 2 && r == n - 1) SetValue(array[a].type, p[a].value, p[a].n - 1, odd);
    PetscCall(PutRuns(m, a, &p[a]));
  }
  PetscCall(HGModelPutArray(m, "fc1", "large", 1, (const PetscInt[]){2}, r ? NULL : small));
  e = Output(comm, file, m, PETSC_TRUE);
  if (!e) e = Output(comm, file, m, PETSC_FALSE);
  PetscCall(HGModelDestroy(&m));
  for (PetscInt a = 0; a < ARRAYS; a++) PetscCall(DestroyPart(&p[a]));
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadFile(const char file[], unsigned char **bytes, size_t *n)
{
  FILE *f = fopen(file, "rb");

  PetscFunctionBegin;
  PetscCheck(f && !fseek(f, 0, SEEK_END), PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "no file %s", file);
  *n = (size_t)ftell(f);
  rewind(f);
  PetscCall(PetscMalloc1(*n, bytes));
  PetscCheck(fread(*bytes, 1, *n, f) == *n, PETSC_COMM_SELF, PETSC_ERR_FILE_READ, "cannot read %s", file);
  (void)fclose(f);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SameFiles(void)
{
  unsigned char *a, *b;
  size_t         na, nb;

  PetscFunctionBegin;
  PetscCall(ReadFile(path, &a, &na));
  PetscCall(ReadFile(other, &b, &nb));
  PetscCheck(na == nb && !memcmp(a, b, na), PETSC_COMM_SELF, PETSC_ERR_PLIB, "the file of %d ranks is not that of one", size);
  PetscCall(PetscFree(a));
  PetscCall(PetscFree(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether ranks write themselves or rank 0 does for them is no matter */
static PetscErrorCode TestWriting(void)
{
  PetscFunctionBegin;
  if (!rank) PetscCall(WriteAll(PETSC_COMM_SELF, other, 0));
  for (int direct = 0; direct < 2; direct++) {
    PetscCall(PetscOptionsSetValue(NULL, "-model_direct", direct ? "1" : "0"));
    PetscCall(WriteAll(PETSC_COMM_WORLD, path, 0));
    if (!rank) PetscCall(SameFiles());
    PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  }
  PetscCall(PetscOptionsClearValue(NULL, "-model_direct"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- reading ---- */

typedef PetscErrorCode (*Division)(PetscInt, HGDType, PetscMPIInt, PetscMPIInt, Part *);

static PetscErrorCode ReadAll(MPI_Comm comm, const char file[], Division divide, HGDType type, PetscMPIInt owner, PetscMPIInt owners)
{
  PetscScalar small[2] = {0, 0};
  HGModel     m;
  PetscMPIInt r;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &r));
  PetscCall(HGModelOpen(comm, file, &m));
  for (PetscInt a = 0; a < ARRAYS; a++) {
    Part p;

    PetscCall(divide(a, type, owner, owners, &p));
    PetscCall(GetRuns(m, a, type, &p));
    PetscCall(Compare(a, type, &p));
    PetscCall(DestroyPart(&p));
  }
  PetscCall(HGModelGetArray(m, "fc1", "large", 1, (const PetscInt[]){2}, r ? NULL : small));
  PetscCheck(r || (small[0] == 1 && small[1] == 2), comm, PETSC_ERR_PLIB, "an array of rank 0 has changed");
  PetscCall(HGModelDestroy(&m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestReading(void)
{
  HGModel  m;
  PetscInt n;

  PetscFunctionBegin;
  for (int type = HG_F32; type <= HG_F64; type++) {
    PetscCall(ReadAll(PETSC_COMM_WORLD, path, Columns, (HGDType)type, rank, size));
    PetscCall(ReadAll(PETSC_COMM_WORLD, path, Blocks, (HGDType)type, rank, size));
  }
  PetscCall(ReadAll(PETSC_COMM_WORLD, path, Blocks, HG_F32, 0, 1)); /* everyone wants all */
  PetscCall(ReadAll(PETSC_COMM_SELF, path, Columns, HG_F32, 1, 3));
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, path, &m));
  PetscCall(HGModelVerify(m, &n));
  PetscCheck(n == ARRAYS + 2, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%" PetscInt_FMT " arrays were verified", n);
  PetscCall(HGModelDestroy(&m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* As other tools keep arrays: in compressed chunks, also such as no piece has whole */
static PetscErrorCode TestChunks(void)
{
  static const char copy[] =
      "command -v nccopy > /dev/null && nccopy -d 1 -s -c /fc1/kernel:150,900 test_model_runs.nc test_model_runs_self.nc";

  PetscFunctionBegin;
  if (!rank && system(copy)) PetscCall(PetscPrintf(PETSC_COMM_SELF, "no nccopy, no test of other chunks\n"));
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(ReadAll(PETSC_COMM_WORLD, other, Columns, HG_F64, rank, size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Arrays without elements */
static PetscErrorCode TestEmpty(void)
{
  const PetscInt shape[2] = {3, 0};
  HGModel        m;
  PetscInt       n;

  PetscFunctionBegin;
  PetscCall(HGModelCreate(PETSC_COMM_WORLD, &m));
  PetscCall(HGModelPutRuns(m, "", "none", 2, shape, HG_F32, 0, NULL, NULL));
  PetscCall(HGModelPutRuns(m, "fc", "none", 1, shape + 1, HG_F64, 1, &(HGModelRun){.count = 0}, NULL));
  PetscCall(Output(PETSC_COMM_WORLD, other, m, PETSC_TRUE));
  PetscCall(Output(PETSC_COMM_WORLD, other, m, PETSC_FALSE));
  PetscCall(HGModelDestroy(&m));
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, other, &m));
  PetscCall(HGModelVerify(m, &n));
  PetscCheck(n == 2, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "%" PetscInt_FMT " empty arrays were verified", n);
  PetscCall(HGModelGetRuns(m, "", "none", 2, shape, HG_F64, 0, NULL, NULL));
  PetscCall(HGModelGetRuns(m, "fc", "none", 1, shape + 1, HG_F64, 1, &(HGModelRun){.count = 0}, NULL));
  PetscCall(HGModelDestroy(&m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- mistakes ---- */

static PetscErrorCode TestBadRuns(void)
{
  const PetscInt shape[2] = {10, 8}, much[3] = {PETSC_MAX_INT, PETSC_MAX_INT, 2};
  float          value[80];
  HGModel        m;

  PetscFunctionBegin;
  PetscCall(HGModelCreate(PETSC_COMM_WORLD, &m));
#define Put(...) HGModelPutRuns(m, "fc", "w", 2, shape, HG_F32, rank == size - 1 ? 2 : 0, (const HGModelRun[]){__VA_ARGS__}, value)
  PetscCall(Put({0, 0, 40}, {40, 40, 40}));
  ExpectError(Put({0, 0, 40}, {40, 40, 39}), "fc/w: the runs have 79 elements, the array 80");
  ExpectError(Put({0, 0, 40}, {39, 40, 40}), "fc/w: 1 runs are not in ascending order");
  ExpectError(Put({0, 0, 40}, {41, 40, 40}), "not among the array's 80 elements");
  ExpectError(Put({0, 0, 40}, {-1, 40, 40}), "not in ascending order");
  if (size > 1)
    ExpectError(HGModelPutRuns(m, "fc", "w", 2, shape, HG_F32, rank < 2 ? 1 : 0, &(HGModelRun){.file = 39 * rank, .count = 40}, value),
                "fc/w: runs of several ranks overlap");
  ExpectError(HGModelPutRuns(m, "fc", "w", 3, much, HG_F32, 0, NULL, NULL),
              "fc/w(2147483647, 2147483647, 2) has more elements than any file");
  ExpectError(HGModelPutArray(m, "fc", "w", 3, much, NULL), "fc/w(2147483647, 2147483647, 2) has more elements than any file");
  ExpectError(HGModelPutRuns(m, "fc", "w", 1, &(PetscInt){-1}, HG_F32, 0, NULL, NULL), "has the length -1");
  PetscCall(HGModelDestroy(&m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode OpenAndGet(PetscInt a, HGDType type)
{
  Part           p;
  HGModel        m;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, path, &m));
  PetscCall(Columns(a, type, rank, size, &p));
  e = GetRuns(m, a, type, &p);
  PetscCall(DestroyPart(&p));
  PetscCall(HGModelDestroy(&m));
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A bit of the array's last value is another */
static PetscErrorCode Damage(void)
{
  const PetscInt64 n = Elements(&array[2]);
  unsigned char   *bytes;
  size_t           all;
  float            last[4];
  FILE            *f = fopen(path, "r+b");

  PetscFunctionBegin;
  for (int i = 0; i < 4; i++) last[i] = (float)Value(2, n - 4 + i);
  PetscCall(ReadFile(path, &bytes, &all));
  for (size_t i = 0; i + sizeof(last) <= all; i++) {
    if (memcmp(bytes + i, last, sizeof(last))) continue;
    bytes[i + 13] ^= 2;
    PetscCheck(f && !fseek(f, (long)i, SEEK_SET) && fwrite(bytes + i, sizeof(last), 1, f) == 1, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
               "no");
  }
  (void)fclose(f);
  PetscCall(PetscFree(bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestBadValues(void)
{
  const PetscInt turned[2] = {1701, 1500};
  HGModel        m;

  PetscFunctionBegin;
  PetscCall(WriteAll(PETSC_COMM_WORLD, path, NAN));
  ExpectError(OpenAndGet(2, HG_F32), "test_model_runs.nc: weight of fc2 holds a value that is not finite");
  PetscCall(WriteAll(PETSC_COMM_WORLD, path, 0));
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, path, &m));
  ExpectError(HGModelGetRuns(m, "fc2", "weight", 2, turned, HG_F32, 0, NULL, NULL),
              "fc2 has weight(1500, 1701), the network weight(1701, 1500)");
  ExpectError(HGModelGetRuns(m, "fc2", "scale", 2, turned, HG_F32, 0, NULL, NULL), "fc2 has no array scale");
  ExpectError(
      HGModelGetRuns(m, "fc2", "weight", 2, array[2].shape, HG_F32, rank ? 0 : 1, &(HGModelRun){.file = 5, .count = 1500 * 1701}, NULL),
      "fc2/weight: run 0 of rank 0 is not in ascending order, or not among the array's 2551500 elements");
  PetscCall(HGModelDestroy(&m));
  if (!rank) PetscCall(Damage());
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  ExpectError(HGModelOpen(PETSC_COMM_WORLD, path, &m), "test_model_runs.nc is damaged: the values of fc2/weight|-model_verify 0");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A file that was not written by this program, of an array of any type */
static PetscErrorCode Foreign(nc_type type, int ndim, const size_t shape[], int storage, const double value[])
{
  int  nc, var, dim[2];
  char line[256], text[512];

  PetscFunctionBegin;
  Nc(nc_create(path, NC_NETCDF4 | NC_CLOBBER, &nc));
  Nc(nc_put_att_int(nc, NC_GLOBAL, "halograd_format", NC_INT, 1, &(int){2}));
  for (int i = 0; i < ndim; i++) Nc(nc_def_dim(nc, i ? "b" : "a", shape[i], &dim[i]));
  Nc(nc_def_var(nc, "w", type, ndim, dim, &var));
  Nc(nc_def_var_chunking(nc, var, storage, storage == NC_CHUNKED ? (const size_t[]){1, 1024} : NULL));
  line[0] = 0;
  if (ndim == 1) (void)snprintf(line, sizeof(line), "%08x\tw(%zu)\n", 1, shape[0]);
  else (void)snprintf(line, sizeof(line), "%08x\tw(%zu, %zu)\n", 1, shape[0], shape[1]);
  (void)snprintf(text, sizeof(text), "%s%08x\tall\n", line, (unsigned)crc32(0, (unsigned char *)line, (unsigned)strlen(line)));
  Nc(nc_put_att_text(nc, NC_GLOBAL, "checksum", strlen(text), text));
  if (value) Nc(nc_put_var_double(nc, var, value));
  Nc(nc_close(nc));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Shapes that no file has values for, and values that float does not hold */
static PetscErrorCode TestForeign(void)
{
  const size_t huge[2] = {(size_t)1 << 40, (size_t)1 << 40}, large = (size_t)1 << 50, two = 2;
  HGModel      m;
  PetscInt     n;
  float        value[2];

  PetscFunctionBegin;
  if (!rank) PetscCall(Foreign(NC_FLOAT, 2, huge, NC_CHUNKED, NULL));
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, path, &m));
  ExpectError(HGModelVerify(m, &n), "is damaged: w(1099511627776, 1099511627776) has more elements than any file");
  ExpectError(HGModelGetRuns(m, "", "w", 1, &(PetscInt){2}, HG_F32, 0, NULL, NULL),
              "the file has w(1099511627776, 1099511627776), the network w(2)");
  PetscCall(HGModelDestroy(&m));
  if (!rank) PetscCall(Foreign(NC_FLOAT, 1, &large, NC_CONTIGUOUS, NULL));
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, path, &m));
  ExpectError(HGModelVerify(m, &n), "is damaged: it is too small for the values of w(1125899906842624)");
  PetscCall(HGModelDestroy(&m));
  if (!rank) PetscCall(Foreign(NC_DOUBLE, 1, &two, NC_CONTIGUOUS, (const double[]){1, 1e200}));
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  PetscCall(PetscOptionsSetValue(NULL, "-model_verify", "0"));
  PetscCall(HGModelOpen(PETSC_COMM_WORLD, path, &m));
  PetscCall(PetscOptionsClearValue(NULL, "-model_verify"));
  ExpectError(HGModelGetRuns(m, "", "w", 1, &(PetscInt){2}, HG_F32, 1, &(HGModelRun){.count = 2}, value),
              "w of the file holds a value that is too large for f32");
  PetscCall(HGModelGetRuns(m, "", "w", 1, &(PetscInt){2}, HG_F32, 1, &(HGModelRun){.count = 1}, value));
  PetscCall(HGModelDestroy(&m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a full disk ---- */

static PetscErrorCode CheckUntouched(void)
{
  struct stat              a;
  static const char *const left[] = {".test_model_runs.nc.part", ".test_model_runs.nc.lock"};

  PetscFunctionBegin;
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  for (int i = 0; i < 2 && !rank; i++) PetscCheck(stat(left[i], &a), PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s is left", left[i]);
  PetscCall(ReadAll(PETSC_COMM_WORLD, path, Columns, HG_F32, rank, size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* More than the disk has: nothing is written for it. Values of a trial are not looked at. */
static PetscErrorCode TestNoRoom(void)
{
  const PetscInt shape[1] = {1 << 30};
  struct statvfs st;
  HGModel        m;
  PetscInt       n = 0;

  PetscFunctionBegin;
  if (!rank && !statvfs(".", &st)) n = (PetscInt)(st.f_bavail * st.f_frsize / ((size_t)8 << 30)) + 1;
  PetscCallMPI(MPI_Bcast(&n, 1, MPIU_INT, 0, PETSC_COMM_WORLD));
  PetscCall(HGModelCreate(PETSC_COMM_WORLD, &m));
  for (PetscInt i = 0; i < n; i++) {
    char name[32];

    (void)snprintf(name, sizeof(name), "w%d", (int)i);
    PetscCall(HGModelPutRuns(m, "", name, 1, shape, HG_F64, rank ? 0 : 1, &(HGModelRun){.count = shape[0]}, NULL));
  }
  ExpectError(Output(PETSC_COMM_WORLD, path, m, PETSC_TRUE),
              "cannot write test_model_runs.nc: No space left on device; what was there before is untouched");
  PetscCall(HGModelDestroy(&m));
  PetscCall(CheckUntouched());
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TestLimit(void)
{
  struct rlimit before, now;

  PetscFunctionBegin;
  PetscCheck(!getrlimit(RLIMIT_FSIZE, &before), PETSC_COMM_SELF, PETSC_ERR_LIB, "no limits");
  now          = before;
  now.rlim_cur = 4000000;
  PetscCheck(!setrlimit(RLIMIT_FSIZE, &now), PETSC_COMM_SELF, PETSC_ERR_LIB, "no limits");
  ExpectError(WriteAll(PETSC_COMM_WORLD, path, 0), "cannot write test_model_runs.nc: File too large; what was there before is untouched");
  PetscCheck(!setrlimit(RLIMIT_FSIZE, &before), PETSC_COMM_SELF, PETSC_ERR_LIB, "no limits");
  PetscCall(CheckUntouched());
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- memory and time ---- */

#define MOST_MEMORY 32 /* MiB on a rank beside its part: pieces of 8 MiB, and what netCDF-C and MPI have */

/* MiB of a line of /proc/self/status, 0 if there is none */
static double Memory(const char line[])
{
  FILE  *f = fopen("/proc/self/status", "r");
  char   text[256];
  double kib = 0;

  while (f && fgets(text, sizeof(text), f))
    if (!strncmp(text, line, strlen(line))) kib = atof(text + strlen(line));
  if (f) (void)fclose(f);
  return kib / 1024;
}

/* From here on the highest is that of now */
static double ForgetPeak(void)
{
  FILE *f = fopen("/proc/self/clear_refs", "w");

  if (f) (void)fputs("5", f);
  if (f) (void)fclose(f);
  return Memory("VmRSS:");
}

static PetscErrorCode Report(const char what[], double start, double before, double *more)
{
  double seconds;

  PetscFunctionBegin;
  *more = Memory("VmHWM:") - before;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, more, 1, MPI_DOUBLE, MPI_MAX, PETSC_COMM_WORLD));
  seconds = MPI_Wtime() - start;
  if (getenv("HG_TEST_SHOW")) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s: %.2f s, %.0f MiB more on a rank\n", what, seconds, *more));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A matrix of floats by columns, and what both need beside it */
static PetscErrorCode TestLarge(PetscInt rows, PetscInt columns, PetscBool write, PetscBool read)
{
  const PetscInt   shape[2] = {rows, columns};
  const PetscInt64 first = (PetscInt64)columns * rank / size, width = (PetscInt64)columns * (rank + 1) / size - first;
  HGModelRun      *run;
  HGModel          m;
  float           *value;
  double           before, start, more[2] = {0, 0};

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(rows, &run, (size_t)(rows * width), &value));
  for (PetscInt i = 0; i < rows; i++) run[i] = (HGModelRun){.file = (PetscInt64)i * columns + first, .local = i * width, .count = width};
  for (PetscInt64 i = 0; i < rows * width; i++) value[i] = (float)(first + i) * 1e-9f;
  before = ForgetPeak();
  start  = MPI_Wtime();
  if (write) {
    PetscCall(HGModelCreate(PETSC_COMM_WORLD, &m));
    PetscCall(HGModelPutRuns(m, "fc1", "weight", 2, shape, HG_F32, rows, run, value));
    PetscCall(Output(PETSC_COMM_WORLD, path, m, PETSC_TRUE));
    PetscCall(Report("trial", start, before, &more[0]));
    start = MPI_Wtime();
    PetscCall(Output(PETSC_COMM_WORLD, path, m, PETSC_FALSE));
    PetscCall(HGModelDestroy(&m));
    PetscCall(Report("write", start, before, &more[0]));
  }
  before = ForgetPeak();
  start  = MPI_Wtime();
  if (read) {
    PetscCall(HGModelOpen(PETSC_COMM_WORLD, path, &m));
    PetscCall(Report("open", start, before, &more[1]));
    start = MPI_Wtime();
    PetscCall(HGModelGetRuns(m, "fc1", "weight", 2, shape, HG_F32, rows, run, value));
    PetscCall(HGModelDestroy(&m));
    PetscCall(Report("read", start, before, &more[1]));
  }
  PetscCall(PetscFree2(run, value));
  for (int i = 0; i < 2; i++)
    PetscCheck(more[i] < MOST_MEMORY || getenv("HG_VALGRIND") || getenv("HG_SANITIZE"), PETSC_COMM_WORLD, PETSC_ERR_PLIB,
               "%s takes %g MiB beside the array's %g", i ? "reading" : "writing", more[i], (double)rows * columns * 4 / 1048576);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(void)
{
  PetscInt  rows  = 0;
  PetscBool write = PETSC_TRUE, read = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-rows", &rows, NULL)); /* of 80 kB; 20000 of them have 1.6 GB */
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-write", &write, NULL));
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-read", &read, NULL));
  if (rows) {
    PetscCall(TestLarge(rows, 20000, write, read));
    PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
    if (!rank && read) (void)unlink(path);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(TestWriting());
  PetscCall(TestReading());
  PetscCall(TestChunks());
  PetscCall(TestEmpty());
  PetscCall(TestBadRuns());
  PetscCall(TestLimit());
  PetscCall(TestNoRoom());
  PetscCall(TestBadValues());
  PetscCall(TestForeign());
  PetscCallMPI(MPI_Barrier(PETSC_COMM_WORLD));
  if (!rank) {
    (void)unlink(path);
    (void)unlink(other);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  if (HGInitialize(&argc, &argv, NULL, NULL)) return 1;
  if (Run()) return 1;
  return HGFinalize() ? 1 : 0;
}
