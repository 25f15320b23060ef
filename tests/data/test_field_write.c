/* SPDX-License-Identifier: BSD-2-Clause */
/* Tensors and DMDA vectors written by all ranks are read back as they were; coordinates, units and attributes are there. */
#include "sample_file.h"
#include "data/hgfieldfile.h"
#include <string.h>

static const char path[] = "test_field_write.nc";

static double Value(PetscInt n, const PetscInt at[])
{
  return (double)n + 0.5 * (double)at[HG_C] + 0.001 * (double)(at[HG_Z] * 400 + at[HG_Y] * 20 + at[HG_X]);
}

/* Point i of a box in global indices, and where it lies */
static ptrdiff_t PointOf(const HGTensorLocal *l, PetscInt i, PetscInt at[])
{
  ptrdiff_t where = 0;

  for (int a = HG_X; a >= 0; a--) {
    at[a] = i % l->box.size[a];
    i /= l->box.size[a];
    where += at[a] * l->stride[a];
    at[a] += l->box.start[a];
  }
  return where;
}

static PetscErrorCode Fill(HGTensor t, PetscInt first)
{
  const HGTensorLocal *l;
  HGDType              dtype;
  PetscInt             at[HG_AXES];

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(t, &l));
  PetscCall(HGTensorGetDType(t, &dtype));
  for (PetscInt i = 0; i < HGBoxCount(&l->box); i++) {
    const ptrdiff_t where = PointOf(l, i, at);

    if (dtype == HG_F32) ((float *)l->owned)[where] = (float)Value(first + at[HG_N], at);
    else ((double *)l->owned)[where] = Value(first + at[HG_N], at);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteVecs(HGFieldFile f, PetscInt id, PetscInt samples, PetscInt dim, const PetscInt grid[])
{
  DM       da;
  Vec      v;
  PetscInt start[HG_AXES] = {0}, n[HG_AXES];

  PetscFunctionBegin;
  PetscCall(DMDACreate(PETSC_COMM_WORLD, &da));
  PetscCall(DMSetDimension(da, dim));
  PetscCall(DMDASetSizes(da, grid[2], grid[1], grid[0]));
  PetscCall(DMDASetDof(da, 2));
  PetscCall(DMDASetStencilWidth(da, 1));
  PetscCall(DMSetUp(da));
  PetscCall(DMCreateGlobalVector(da, &v));
  PetscCall(DMDAGetCorners(da, &start[HG_X], &start[HG_Y], &start[HG_Z], &n[HG_X], &n[HG_Y], &n[HG_Z]));
  for (PetscInt s = 0; s < samples; s++) {
    PetscScalar *a;
    PetscInt     at[HG_AXES] = {0};

    PetscCall(VecGetArray(v, &a));
    for (PetscInt i = 0; i < n[HG_X] * n[HG_Y] * n[HG_Z] * 2; i++) {
      at[HG_C] = i % 2;
      at[HG_X] = start[HG_X] + i / 2 % n[HG_X];
      at[HG_Y] = start[HG_Y] + i / 2 / n[HG_X] % n[HG_Y];
      at[HG_Z] = start[HG_Z] + i / 2 / n[HG_X] / n[HG_Y];
      a[i]     = Value(s, at);
    }
    PetscCall(VecRestoreArray(v, &a));
    PetscCall(HGFieldFileWriteVec(f, id, s, da, v));
  }
  PetscCall(VecDestroy(&v));
  PetscCall(DMDestroy(&da));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Write(HGPartition p, PetscInt dim, const PetscInt size[], HGDType dtype)
{
  const PetscInt samples = 5;
  PetscInt       id, other;
  HGFieldFile    f;
  HGTensor       t;

  PetscFunctionBegin;
  PetscCall(HGTensorCreate(p, dtype, &t));
  PetscCall(HGTensorSetUp(t));
  PetscCall(HGFieldFileCreate(PETSC_COMM_WORLD, path, &f));
  PetscCall(HGFieldFileSetSizes(f, dim, samples, &size[HG_Z]));
  PetscCall(HGFieldFileAddVariable(f, "w", size[HG_C], dtype, &id));
  PetscCall(HGFieldFileAddVariable(f, "v", 2, HG_F64, &other));
  PetscCall(HGFieldFileSetVariableAttribute(f, id, "units", "m2"));
  PetscCall(HGFieldFileSetUp(f));
  /* 2 + 2 + 1 samples from a tensor of two */
  for (PetscInt s = 0; s < samples; s += size[HG_N]) {
    PetscCall(Fill(t, s));
    PetscCall(HGFieldFileWriteTensor(f, id, s, PetscMin(size[HG_N], samples - s), t));
  }
  PetscCall(WriteVecs(f, other, samples, dim, &size[HG_Z]));
  PetscCall(HGFieldFileClose(&f));
  PetscCall(HGTensorDestroy(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckText(HGData d, PetscInt dim)
{
  const HGAxis         *x;
  const HGDataVariable *v;
  int                   nc;
  char                  text[64] = "";

  PetscFunctionBegin;
  PetscCall(HGDataGetAxis(d, 2, &x));
  PetscCheck(!strcmp(x->name, "x") && x->value && x->value[0] == 0.5 / (double)x->n &&
                 x->value[x->n - 1] == ((double)x->n - 0.5) / (double)x->n,
             PETSC_COMM_WORLD, PETSC_ERR_PLIB, "wrong x axis");
  PetscCall(HGDataGetAxis(d, 3 - dim, &x));
  PetscCheck(x->value && !strcmp(x->units, "1") && *x->long_name, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "wrong slowest axis");
  PetscCall(HGDataGetVariable(d, HG_DATA_INPUT, 0, &v));
  PetscCheck(v && !strcmp(v->units, "m2"), PETSC_COMM_WORLD, PETSC_ERR_PLIB, "no units");
  CallNC(nc_open(path, NC_NOWRITE, &nc));
  CallNC(nc_get_att_text(nc, NC_GLOBAL, "Conventions", text));
  PetscCheck(!strcmp(text, "CF-1.8"), PETSC_COMM_WORLD, PETSC_ERR_PLIB, "Conventions is %s", text);
  CallNC(nc_inq_att(nc, NC_GLOBAL, "history", NULL, NULL));
  CallNC(nc_inq_att(nc, NC_GLOBAL, "source", NULL, NULL));
  CallNC(nc_close(nc));
  PetscCheck(access(".test_field_write.nc.part", F_OK), PETSC_COMM_WORLD, PETSC_ERR_PLIB, "the temporary file is still there");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Check(HGDType dtype, PetscInt dim, const PetscInt size[])
{
  HGPartition          p, p2;
  HGTensor             x, y;
  HGData               d;
  const HGTensorLocal *l[2];

  PetscFunctionBegin;
  PetscCall(HGPartitionCreate(PETSC_COMM_WORLD, &p));
  PetscCall(HGPartitionSetSizes(p, dim, size));
  PetscCall(HGPartitionSetFromOptions(p));
  PetscCall(HGPartitionSetUp(p));
  PetscCall(Write(p, dim, size, dtype));
  PetscCall(HGDataCreate(PETSC_COMM_WORLD, &d));
  PetscCall(HGDataSetFile(d, path));
  PetscCall(HGDataSetVariables(d, "w", "v"));
  PetscCall(HGDataLoad(d, p, HG_F64));
  PetscCall(CheckText(d, dim));
  PetscCall(HGPartitionCreateLike(p, size[HG_N], 2, &p2));
  PetscCall(HGTensorCreate(p, HG_F64, &x));
  PetscCall(HGTensorSetUp(x));
  PetscCall(HGTensorCreate(p2, HG_F64, &y));
  PetscCall(HGTensorSetUp(y));
  PetscCall(HGTensorGetLocal(x, &l[0]));
  PetscCall(HGTensorGetLocal(y, &l[1]));
  for (PetscInt s = 0; s < 5; s++) {
    const PetscInt sample[2] = {s, s};

    PetscCall(HGDataGetBatch(d, 2, sample, x, y));
    for (int k = 0; k < 2; k++) {
      for (PetscInt i = 0; i < HGBoxCount(&l[k]->box); i++) {
        PetscInt        at[HG_AXES];
        const ptrdiff_t where = PointOf(l[k], i, at);
        const double    want = Value(s, at), got = ((double *)l[k]->owned)[where];

        PetscCheck(got == (k || dtype == HG_F64 ? want : (double)(float)want), PETSC_COMM_SELF, PETSC_ERR_PLIB,
                   "sample %d of %s is %.17g, not %.17g", (int)s, k ? "v" : "w", got, want);
      }
    }
  }
  PetscCall(HGTensorDestroy(&x));
  PetscCall(HGTensorDestroy(&y));
  PetscCall(HGPartitionDestroy(&p2));
  PetscCall(HGPartitionDestroy(&p));
  PetscCall(HGDataDestroy(&d));
  PetscCall(SampleFileRemove(PETSC_COMM_WORLD, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  static const PetscInt line[] = {2, 1, 1, 1, 19}, square[] = {2, 1, 1, 7, 9}, cube[] = {2, 3, 6, 7, 5};

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCall(Check(HG_F32, 1, line));
  PetscCall(Check(HG_F64, 2, square));
  PetscCall(Check(HG_F32, 3, cube));
  PetscCall(HGFinalize());
  return 0;
}
