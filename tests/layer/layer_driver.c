/* SPDX-License-Identifier: BSD-2-Clause */
/*
  Runs layers on arrays that another program made: layer_driver CASES DATA RESULTS

  CASES has a layer in each line (layercase.h). DATA has for each, as doubles one behind the other, its inputs, parameters, states and the
  gradient of its output; RESULTS gets the output, the gradients of inputs and parameters, and the states.
*/
#include "layercase.h"

static PetscErrorCode Read(FILE *f, size_t n, double **a)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n + 1, a));
  PetscCheck(fread(*a, sizeof(double), n, f) == n, PETSC_COMM_SELF, PETSC_ERR_FILE_READ, "the data end too early");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Write(FILE *f, size_t n, const double *a)
{
  PetscFunctionBegin;
  if (f) PetscCheck(fwrite(a, sizeof(double), n, f) == n, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write results");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Run(const char *line, FILE *data, FILE *results)
{
  LayerCase c;
  double   *x, *p, *s, *dy, *y, *dx, *dp, **all[] = {&x, &p, &s, &dy, &y, &dx, &dp};

  PetscFunctionBegin;
  PetscCall(CaseCreate(PETSC_COMM_WORLD, line, &c));
  PetscCall(Read(data, (size_t)(c.nin * c.nx), &x));
  PetscCall(Read(data, (size_t)c.np, &p));
  PetscCall(Read(data, (size_t)c.ns, &s));
  PetscCall(Read(data, (size_t)c.ny, &dy));
  PetscCall(PetscMalloc1(c.ny, &y));
  PetscCall(PetscCalloc1(c.nin * c.nx, &dx));
  PetscCall(PetscMalloc1(c.np + 1, &dp));
  PetscCall(CaseForward(&c, x, p, s, y));
  PetscCall(CaseAdjoint(&c, dy, dx, dp));
  PetscCall(CaseSum(&c, c.ny, y));
  PetscCall(CaseSum(&c, c.nin * c.nx, dx));
  PetscCall(CaseSum(&c, c.np, dp));
  PetscCall(Write(results, (size_t)c.ny, y));
  PetscCall(Write(results, (size_t)(c.nin * c.nx), dx));
  PetscCall(Write(results, (size_t)c.np, dp));
  PetscCall(Write(results, (size_t)c.ns, s));
  for (int i = 0; i < 7; i++) PetscCall(PetscFree(*all[i]));
  PetscCall(CaseDestroy(&c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  char        line[1024];
  FILE       *cases, *data, *results = NULL;
  PetscMPIInt rank;

  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCheck(argc > 3, PETSC_COMM_WORLD, PETSC_ERR_USER, "usage: layer_driver CASES DATA RESULTS");
  cases = fopen(argv[1], "r");
  data  = fopen(argv[2], "rb");
  if (rank == 0) results = fopen(argv[3], "wb");
  PetscCheck(cases && data && (results || rank), PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s, %s or %s", argv[1], argv[2],
             argv[3]);
  while (fgets(line, sizeof(line), cases)) PetscCall(Run(line, data, results));
  PetscCheck(fgetc(data) == EOF, PETSC_COMM_SELF, PETSC_ERR_FILE_READ, "data are left over");
  (void)fclose(cases);
  (void)fclose(data);
  if (results) (void)fclose(results);
  PetscCall(HGFinalize());
  return 0;
}
