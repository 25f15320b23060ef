/* SPDX-License-Identifier: BSD-2-Clause */
/* Every format, numeric type, number of dimensions and packing is read right, on each rank its own points. */
#include "sample_file.h"

static const char path[] = "test_data_read.nc";

/* Position of (n, c, z, y, x) in the file, whose dimensions are sample, [time,] [channel,] space */
static size_t FileIndex(const PetscInt size[], size_t n, const PetscInt at[])
{
  return (((n * (size_t)size[HG_C] + (size_t)at[HG_C]) * (size_t)size[HG_Z] + (size_t)at[HG_Z]) * (size_t)size[HG_Y] + (size_t)at[HG_Y]) *
             (size_t)size[HG_X] +
         (size_t)at[HG_X];
}

static PetscErrorCode CheckTensor(const SampleFile *s, HGTensor t, int variable, const PetscInt size[], const PetscInt sample[],
                                  PetscInt first)
{
  const HGTensorLocal *l;
  HGDType              dtype;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  PetscCall(HGTensorGetDType(t, &dtype));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i++) {
    PetscInt  at[HG_AXES], rest = i;
    ptrdiff_t where = 0;
    double    got, want;

    for (int a = HG_X; a >= 0; a--) {
      at[a] = rest % l->box.size[a];
      rest /= l->box.size[a];
      where += at[a] * l->stride[a];
      at[a] += l->box.start[a];
    }
    got  = dtype == HG_F32 ? (double)((float *)l->owned)[where] : ((double *)l->owned)[where];
    want = SampleValue(FileIndex(size, (size_t)(first + sample[at[HG_N]]), at), variable);
    if (s->scale != 0) want = want * s->scale + s->offset;
    PetscCheck(got == want, PETSC_COMM_SELF, PETSC_ERR_PLIB, "format %d type %d: sample %d channel %d z %d y %d x %d is %g, not %g",
               s->format, s->type, (int)at[0], (int)at[1], (int)at[2], (int)at[3], (int)at[4], got, want);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Bytes before a netCDF-4 file, which HDF5 leaves to users */
static PetscErrorCode AddUserBlock(MPI_Comm comm, size_t bytes)
{
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank && bytes) {
    FILE  *f = fopen(path, "rb");
    char  *content;
    size_t n;

    PetscCall(PetscCalloc1(bytes + 1000000, &content));
    n = f ? fread(content + bytes, 1, 1000000, f) : 0;
    PetscCheck(n > 0 && n < 1000000 && !fclose(f), PETSC_COMM_SELF, PETSC_ERR_FILE_READ, "cannot read %s", path);
    f = fopen(path, "wb");
    PetscCheck(f && fwrite(content, 1, bytes + n, f) == bytes + n && !fclose(f), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s",
               path);
    PetscCall(PetscFree(content));
  }
  PetscCallMPI(MPI_Barrier(comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckRead(MPI_Comm comm, const SampleFile *s, size_t user_block, HGDType kept, HGDType dtype)
{
  const PetscInt sample[3] = {4, 0, 2}, first = 1, last = 6;
  PetscInt       dim, n, cin, cout, grid[3], size[HG_AXES];
  HGData         d;
  HGPartition    p;
  HGTensor       x, y;

  PetscFunctionBegin;
  PetscCall(SampleFileWrite(comm, s));
  PetscCall(AddUserBlock(comm, user_block));
  PetscCall(HGDataCreate(comm, &d));
  PetscCall(HGDataSetFile(d, path));
  PetscCall(HGDataSetVariables(d, "a", "u"));
  PetscCall(HGDataSetRange(d, first, last));
  PetscCall(HGDataSetUp(d));
  PetscCall(HGDataGetSizes(d, &dim, &n, &cin, &cout, grid));
  PetscCheck(n == last - first && cin == cout, comm, PETSC_ERR_PLIB, "wrong sizes");
  size[HG_N] = 3;
  size[HG_C] = cin;
  for (int a = 0; a < 3; a++) size[HG_Z + a] = grid[a];
  PetscCall(HGPartitionCreate(comm, &p));
  PetscCall(HGPartitionSetSizes(p, dim, size));
  PetscCall(HGPartitionSetFromOptions(p));
  PetscCall(HGPartitionSetUp(p));
  PetscCall(HGTensorCreate(p, dtype, &x));
  PetscCall(HGTensorSetUp(x));
  PetscCall(HGTensorDuplicate(x, &y));
  PetscCall(HGDataLoad(d, p, kept));
  PetscCall(HGDataGetBatch(d, 3, sample, x, y));
  PetscCall(CheckTensor(s, x, 0, size, sample, first));
  PetscCall(CheckTensor(s, y, 1, size, sample, first));
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscCall(HGPartitionDestroy(&p));
  PetscCall(HGDataDestroy(&d));
  PetscCall(SampleFileRemove(comm, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  static const int        formats[] = {0, NC_64BIT_OFFSET, NC_64BIT_DATA, NC_NETCDF4};
  static const nc_type    types[]   = {NC_BYTE, NC_SHORT, NC_INT, NC_FLOAT, NC_DOUBLE, NC_INT64};
  static const SampleFile shapes[]  = {
       {path, 0, NC_FLOAT, 2, {"sample", "x"}, {6, 13}, 0, 0},
       {path, 0, NC_FLOAT, 3, {"run", "lat", "lon"}, {6, 7, 9}, 0, 0},
       {path, 0, NC_FLOAT, 4, {"sample", "channel", "y", "x"}, {6, 3, 5, 8}, 0, 0},
       {path, 0, NC_FLOAT, 4, {"sample", "z", "y", "x"}, {6, 5, 7, 6}, 0, 0},
       {path, 0, NC_FLOAT, 5, {"time", "t", "c", "y", "x"}, {6, 2, 3, 5, 4}, 0, 0},
       {path, 0, NC_FLOAT, 6, {"sample", "Time", "Channel", "z", "y", "x"}, {6, 2, 3, 4, 5, 6}, 0, 0},
  };
  SampleFile s;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  for (int f = 0; f < 4; f++) {
    for (int t = 0; t < 6; t++) {
      if (types[t] == NC_INT64 && formats[f] != NC_64BIT_DATA && formats[f] != NC_NETCDF4) continue;
      s        = shapes[1];
      s.format = formats[f];
      s.type   = types[t];
      s.scale  = t % 2 ? 0.125 : 0; /* exact in binary, so that values compare equal */
      s.offset = 3;
      PetscCall(CheckRead(PETSC_COMM_WORLD, &s, 0, t % 2 ? HG_F32 : HG_F64, t % 3 ? HG_F32 : HG_F64));
    }
  }
  for (int i = 0; i < 6; i++) {
    s        = shapes[i];
    s.format = i % 2 ? 0 : NC_NETCDF4;
    PetscCall(CheckRead(PETSC_COMM_WORLD, &s, i % 2 ? 0 : (size_t)(i ? 256 << i : 0), HG_F32, HG_F32));
  }
  PetscCall(HGFinalize());
  return 0;
}
