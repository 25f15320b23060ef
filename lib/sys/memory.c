/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/hgsys.h"
#include <unistd.h>

/*@C
   HGCheckMemory - Refuse to start what needs more memory than the machine has, before it is allocated

   Collective

   Input Parameters:
+  comm  - the ranks
.  bytes - that this rank is going to need
-  what  - a text that names what needs most of it

   Level: developer

   Note:
   Memory that is promised and not there would end the job in the middle of its work, without a word.

   Errors:
   The ranks of one machine need more than its physical memory.

.seealso: `HGNetSetUp()`
@*/
PetscErrorCode HGCheckMemory(MPI_Comm comm, double bytes, const char what[])
{
  const double have = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
  double       most = bytes;
  PetscMPIInt  ranks;
  MPI_Comm     machine;
  char         msg[512] = "";

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &ranks));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, comm));
  if (most * ranks < 1073741824) PetscFunctionReturn(PETSC_SUCCESS); /* no machine is so small; all ranks see it alike */
  PetscCallMPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_DOUBLE, MPI_SUM, machine));
  PetscCallMPI(MPI_Comm_size(machine, &ranks));
  PetscCallMPI(MPI_Comm_free(&machine));
  if (bytes > have)
    PetscCall(PetscSNPrintf(
        msg, sizeof(msg),
        "%s; about %.3g GiB in all for %d rank%s of a machine that has %.3g; take a smaller network, grid or batch, or more machines", what,
        bytes / 1073741824, ranks, ranks > 1 ? "s" : "", have / 1073741824));
  PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
  HGCheck(!*msg, comm, "%s", msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}
