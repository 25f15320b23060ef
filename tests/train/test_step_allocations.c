/* SPDX-License-Identifier: BSD-2-Clause */
/* After the first step, training allocates nothing through PETSc and makes no MPI request */
#include "steps.h"
#include <stdlib.h>

static long allocations, requests;

static PetscErrorCode CountedMalloc(size_t size, PetscBool clear, int line, const char func[], const char file[], void **result)
{
  (void)line;
  (void)func;
  (void)file;
  *result = NULL; /* what PETSc's own gives for nothing */
  if (!size) return PETSC_SUCCESS;
  allocations++;
  if (posix_memalign(result, 64, size)) return PETSC_ERR_MEM;
  if (clear) memset(*result, 0, size);
  return PETSC_SUCCESS;
}

static PetscErrorCode CountedFree(void *p, int line, const char func[], const char file[])
{
  (void)line;
  (void)func;
  (void)file;
  free(p);
  return PETSC_SUCCESS;
}

static PetscErrorCode CountedRealloc(size_t size, int line, const char func[], const char file[], void **p)
{
  (void)line;
  (void)func;
  (void)file;
  allocations++;
  *p = realloc(*p, size);
  return *p || !size ? PETSC_SUCCESS : PETSC_ERR_MEM;
}

#undef MPI_Isend
#undef MPI_Irecv

int MPI_Send_init(const void *buf, int count, MPI_Datatype type, int dest, int tag, MPI_Comm comm, MPI_Request *r)
{
  requests++;
  return PMPI_Send_init(buf, count, type, dest, tag, comm, r);
}

int MPI_Recv_init(void *buf, int count, MPI_Datatype type, int source, int tag, MPI_Comm comm, MPI_Request *r)
{
  requests++;
  return PMPI_Recv_init(buf, count, type, source, tag, comm, r);
}

int MPI_Isend(const void *buf, int count, MPI_Datatype type, int dest, int tag, MPI_Comm comm, MPI_Request *r)
{
  requests++;
  return PMPI_Isend(buf, count, type, dest, tag, comm, r);
}

int MPI_Irecv(void *buf, int count, MPI_Datatype type, int source, int tag, MPI_Comm comm, MPI_Request *r)
{
  requests++;
  return PMPI_Irecv(buf, count, type, source, tag, comm, r);
}

typedef struct {
  long allocations, requests; /* after the first step */
} Counts;

static PetscErrorCode Monitor(Tao tao, void *ctx)
{
  Counts  *c = (Counts *)ctx;
  PetscInt its;

  PetscFunctionBegin;
  PetscCall(TaoGetIterationNumber(tao, &its));
  if (its == 1) *c = (Counts){allocations, requests};
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  const PetscInt size[HG_AXES] = {2, 1, 1, 24, 20};
  Problem        s             = {NULL};
  Counts         c             = {0, 0};
  PetscMPIInt    ranks;

  PetscCall(PetscMallocSet(CountedMalloc, CountedFree, CountedRealloc));
  PetscCall(HGInitialize(&argc, &argv, NULL, NULL));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &ranks));
  PetscCall(CreateProblem(PETSC_COMM_WORLD, 2, size, 1, HG_F32, &s));
  PetscCall(TaoMonitorSet(s.tao, Monitor, &c, NULL));
  PetscCall(TaoSetMaximumIterations(s.tao, 6));
  PetscCall(TaoSolve(s.tao));
  PetscCheck(c.allocations > 0, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "no allocation was counted at all");
  PetscCheck(ranks == 1 || c.requests > 0, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "no request was counted at all");
  PetscCheck(allocations == c.allocations, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "5 steps allocated %ld times", allocations - c.allocations);
  PetscCheck(requests == c.requests, PETSC_COMM_WORLD, PETSC_ERR_PLIB, "5 steps made %ld MPI requests", requests - c.requests);
  PetscCall(DestroyProblem(&s));
  PetscCall(HGFinalize());
  return 0;
}
