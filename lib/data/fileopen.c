/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a netCDF file, after a look at what it is: the library's own messages do not tell a cut file from a damaged one or one in use. */
#include "data/hgdata.h"
#include "data/ncfile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where HDF5's signature is: at byte 0, or behind a user block at 512, 1024, 2048, ...; -1 if there is none */
static PetscInt64 FindSignature(FILE *f, PetscInt64 bytes)
{
  static const char hdf[8] = "\211HDF\r\n\032\n";

  for (PetscInt64 at = 0; at + (PetscInt64)sizeof(hdf) <= bytes; at = at ? 2 * at : 512) {
    char magic[8] = {0};

    if (fseeko(f, (off_t)at, SEEK_SET) || fread(magic, 1, sizeof(magic), f) != sizeof(magic)) return -1;
    if (!memcmp(magic, hdf, sizeof(hdf))) return at;
  }
  return -1;
}

static PetscErrorCode LookAtBytes(const char path[], PetscInt64 bytes, PetscBool *classic, char *msg, size_t len)
{
  char       magic[4] = {0};
  FILE      *f;
  size_t     n;
  PetscInt64 at, expected;

  PetscFunctionBegin;
  *classic = PETSC_FALSE;
  f        = fopen(path, "rb");
  if (!f) HGFileFail("cannot read %s: %s", path, strerror(errno));
  n  = fread(magic, 1, sizeof(magic), f);
  at = FindSignature(f, bytes);
  (void)fclose(f);
  if (n == 4 && !memcmp(magic, "CDF", 3) && (magic[3] == 1 || magic[3] == 2 || magic[3] == 5)) {
    *classic = PETSC_TRUE;
    PetscCall(HGClassicSize(path, &expected));
    if (!expected)
      HGFileFail("%s is cut short: it ends within its header after %" PetscInt64_FMT " bytes; copy or make the file again", path, bytes);
    if (bytes < expected)
      HGFileFail("%s is cut short: %" PetscInt64_FMT " bytes, its header tells of %" PetscInt64_FMT "; copy or make the file again", path,
                 bytes, expected);
  } else if (at < 0) HGFileFail("%s is not a netCDF file; expected the classic, 64-bit offset, CDF-5 or netCDF-4 format", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether another program has locked the file, as HDF5 does while it writes */
static PetscBool IsLocked(const char path[])
{
  const int fd     = open(path, O_RDONLY | O_CLOEXEC);
  PetscBool locked = PETSC_FALSE;

  if (fd < 0) return PETSC_FALSE;
  if (flock(fd, LOCK_SH | LOCK_NB) && (errno == EWOULDBLOCK || errno == EAGAIN)) locked = PETSC_TRUE;
  (void)close(fd);
  return locked;
}

/* Whether HDF5's superblock, from version 3 on, says that a program has opened the file to write and has not closed it */
static PetscBool IsMarkedOpen(const char path[], PetscInt64 bytes)
{
  unsigned char head[12] = {0};
  FILE         *f        = fopen(path, "rb");
  PetscBool     marked   = PETSC_FALSE;

  if (!f) return PETSC_FALSE;
  const PetscInt64 at = FindSignature(f, bytes);
  if (at >= 0 && !fseeko(f, (off_t)at, SEEK_SET) && fread(head, 1, sizeof(head), f) == sizeof(head))
    marked = head[8] >= 3 && (head[11] & 5) ? PETSC_TRUE : PETSC_FALSE; /* open to write, open to write while others read */
  (void)fclose(f);
  return marked;
}

/*@C
   HGFileOpen - Open a netCDF file to read it on this rank alone, after a look at whether it is one

   Not Collective

   Input Parameters:
+  path - the file
-  len  - length of the message

   Output Parameters:
+  nc      - the netCDF identifier, -1 on failure
.  classic - whether its format is a classic one
-  msg     - why it cannot be read; empty if it can

   Level: developer

   Errors:
   In `msg`, for rank 0 to share with `HGAgreeOnMessage()`: no such file, a folder, empty, no netCDF, cut short, held open by a program that writes to it.

.seealso: `HGDataSetUp()`
@*/
PetscErrorCode HGFileOpen(const char path[], int *nc, PetscBool *classic, char *msg, size_t len)
{
  struct stat st;
  int         e;

  PetscFunctionBegin;
  *nc  = -1;
  *msg = 0;
  if (stat(path, &st)) {
    if (errno == ENOENT) HGFileFail("there is no file %s", path);
    HGFileFail("cannot read %s: %s", path, strerror(errno));
  }
  if (S_ISDIR(st.st_mode)) HGFileFail("%s is a folder; expected a netCDF file", path);
  if (!S_ISREG(st.st_mode)) HGFileFail("%s is not a regular file; expected a netCDF file", path);
  if (!st.st_size) HGFileFail("%s is empty; expected a netCDF file", path);
  PetscCall(LookAtBytes(path, (PetscInt64)st.st_size, classic, msg, len));
  if (*msg) PetscFunctionReturn(PETSC_SUCCESS);
  e = nc_open(path, NC_NOWRITE, nc);
  if (!e) PetscFunctionReturn(PETSC_SUCCESS);
  *nc = -1;
  if (!*classic && IsLocked(path))
    HGFileFail("cannot open %s: another program holds it open to write; close it there, or copy the file", path);
  if (!*classic && IsMarkedOpen(path, (PetscInt64)st.st_size))
    HGFileFail(
        "cannot open %s: it is marked as open in a program that writes to it; close it there, or, if that program died, clear the mark "
        "with h5clear -s",
        path);
  HGFileFail("cannot open %s: %s; the file may be cut short or damaged", path, e == NC_EHDFERR ? "HDF5 refuses it" : nc_strerror(e));
}
