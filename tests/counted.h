/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts what a program allocates through PETSc, and the requests and reductions of MPI that it makes */
#ifndef COUNTED_H
#define COUNTED_H

#include <petscsys.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  long allocations, requests, reductions;
} Counts;

static Counts counted;

static PetscErrorCode CountedMalloc(size_t size, PetscBool clear, int line, const char func[], const char file[], void **result)
{
  (void)line, (void)file;
  *result = NULL; /* what PETSc's own gives for nothing */
  if (!size) return PETSC_SUCCESS;
  /* Scatters of PETSc 3.22 with Open MPI compare MPI's types each time, in a few bytes that they free at once */
  if (!func || strcmp(func, "MPIPetsc_Type_compare")) counted.allocations++;
  if (posix_memalign(result, 64, size)) return PETSC_ERR_MEM;
  if (clear) memset(*result, 0, size);
  return PETSC_SUCCESS;
}

static PetscErrorCode CountedFree(void *p, int line, const char func[], const char file[])
{
  (void)line, (void)func, (void)file;
  free(p);
  return PETSC_SUCCESS;
}

static PetscErrorCode CountedRealloc(size_t size, int line, const char func[], const char file[], void **p)
{
  (void)line, (void)func, (void)file;
  counted.allocations++;
  *p = realloc(*p, size);
  return *p || !size ? PETSC_SUCCESS : PETSC_ERR_MEM;
}

/* Before HGInitialize() */
static PetscErrorCode CountAllocations(void)
{
  return PetscMallocSet(CountedMalloc, CountedFree, CountedRealloc);
}

#undef MPI_Isend
#undef MPI_Irecv
#undef MPI_Allreduce

int MPI_Send_init(const void *buf, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request *r)
{
  counted.requests++;
  return PMPI_Send_init(buf, count, type, to, tag, comm, r);
}

int MPI_Recv_init(void *buf, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request *r)
{
  counted.requests++;
  return PMPI_Recv_init(buf, count, type, from, tag, comm, r);
}

int MPI_Isend(const void *buf, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request *r)
{
  counted.requests++;
  return PMPI_Isend(buf, count, type, to, tag, comm, r);
}

int MPI_Irecv(void *buf, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request *r)
{
  counted.requests++;
  return PMPI_Irecv(buf, count, type, from, tag, comm, r);
}

int MPI_Request_free(MPI_Request *r)
{
  counted.requests++;
  return PMPI_Request_free(r);
}

int MPI_Allreduce(const void *in, void *out, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
  counted.reductions++;
  return PMPI_Allreduce(in, out, count, type, op, comm);
}

#endif
