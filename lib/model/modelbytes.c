/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The bytes of a model file as they were written. Behind the end of the HDF5 file, where HDF5 does not look, stands the CRC-32 of all bytes before:

     "\nhalograd crc32 1b2c3d4e\n"

   HDF5 trusts the bytes it reads: some flipped bits in its heaps make it crash. A file whose sum is another one is therefore not opened, but by a
   child process that finds out for the message which part is damaged. Files that other tools have written or changed have no such end; for them the
   checksums of their contents hold (modelsum.c).
*/
#include "model/model_impl.h"
#include <netcdf.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 10       /* seconds for the child */
#define SPEED    20000000 /* and one for each so many bytes */

/* HGModelTrailer - The text behind a file of this sum */
void HGModelTrailer(uint32_t sum, char text[])
{
  (void)snprintf(text, HG_MODEL_TRAILER + 1, "\nhalograd crc32 %08x\n", sum);
}

/* HGModelEndOfFile - The end of the HDF5 file as its superblock of version 2 has it, at most size */
size_t HGModelEndOfFile(const unsigned char *image, size_t size)
{
  uint64_t end = 0;

  for (int i = 35; i >= 28 && size > 48; i--) end = end << 8 | image[i];
  return end && end < size ? (size_t)end : size;
}

/* Whether the beginning of a trailer is all that is left of it */
static PetscBool IsCut(const char path[])
{
  FILE         *f         = fopen(path, "rb");
  unsigned char first[49] = "";
  char          start[32] = "", whole[HG_MODEL_TRAILER + 1];
  size_t        n = f ? fread(first, 1, sizeof(first), f) : 0, end = 0, size = 0;

  if (n == sizeof(first) && !fseek(f, 0, SEEK_END)) size = (size_t)ftell(f);
  if (size) end = HGModelEndOfFile(first, size);
  HGModelTrailer(0, whole);
  n = size - end < HG_MODEL_TRAILER && f && !fseek(f, (long)end, SEEK_SET) ? fread(start, 1, size - end, f) : 0;
  if (f) (void)fclose(f);
  return n && !strncmp(start, whole, PetscMin(n, 16)) ? PETSC_TRUE : PETSC_FALSE;
}

/* Whether the file ends with a trailer, and with that of its bytes */
static PetscErrorCode CompareSum(const char path[], PetscBool *has, PetscBool *same)
{
  const size_t room = 1 << 20;
  FILE        *f    = fopen(path, "rb");
  char        *buf, text[HG_MODEL_TRAILER + 1], end[HG_MODEL_TRAILER + 1] = "";
  long         left = 0;
  uint32_t     sum  = 0;

  PetscFunctionBegin;
  *has = *same = PETSC_FALSE;
  if (f && !fseek(f, -HG_MODEL_TRAILER, SEEK_END)) left = ftell(f);
  if (left > 0 && fread(end, 1, HG_MODEL_TRAILER, f) == HG_MODEL_TRAILER && !strncmp(end, "\nhalograd crc32 ", 16)) *has = PETSC_TRUE;
  if (*has) {
    rewind(f);
    PetscCall(PetscMalloc1(room, &buf));
    while (left > 0) {
      const size_t n = fread(buf, 1, PetscMin((size_t)left, room), f);

      if (!n) break;
      sum = HGModelSumBytes(sum, buf, n);
      left -= (long)n;
    }
    PetscCall(PetscFree(buf));
    HGModelTrailer(sum, text);
    *same = left == 0 && !strcmp(text, end) ? PETSC_TRUE : PETSC_FALSE;
  }
  if (f) (void)fclose(f);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* In a child process, where HDF5 may crash or not end: what is damaged, into the pipe */
static void Examine(HGModel m, int pipe)
{
  static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM};
  struct stat      st;

  for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++) (void)signal(fatal[i], SIG_DFL);
  (void)alarm(PATIENCE + (stat(m->path, &st) ? 0 : (unsigned)(st.st_size / SPEED)));
  if (!freopen("/dev/null", "w", stderr)) _exit(1);
  HGModelOpenFile(m);
  if (!*m->msg && HGModelReadTable(m)) _exit(1);
  if (!*m->msg && HGModelCheckSums(m)) _exit(1);
  if (!*m->msg && HGModelVerifyArrays(m)) _exit(1);
  if (write(pipe, m->msg, sizeof(m->msg)) != (ssize_t)sizeof(m->msg)) _exit(1);
  _exit(0);
}

static void FindDamage(HGModel m)
{
  int     ends[2], status;
  ssize_t n = 0;
  pid_t   child;
  char    msg[HG_MODEL_MESSAGE] = "";

  if (!pipe(ends)) {
    (void)fflush(NULL);
    child = fork();
    if (!child) Examine(m, ends[1]);
    (void)close(ends[1]);
    if (child > 0) n = read(ends[0], msg, sizeof(msg));
    (void)close(ends[0]);
    if (child > 0) (void)waitpid(child, &status, 0);
  }
  if (n == (ssize_t)sizeof(msg) && *msg) HGModelFails(m, "%s", msg);
  HGModelFails(m, "%s is damaged: its bytes are not those it was written with" HG_MODEL_EDITED, m->path);
}

/*
  HGModelCheckBytes - Compare the bytes of the file with their sum, if it has one

  Not Collective, for rank 0
*/
PetscErrorCode HGModelCheckBytes(HGModel m)
{
  PetscBool has, same;

  PetscFunctionBegin;
  PetscCall(CompareSum(m->path, &has, &same));
  if (has && !same) FindDamage(m);
  if (!has && IsCut(m->path)) HGModelFails(m, "%s is cut short: its last bytes are missing; copy it again", m->path);
  PetscFunctionReturn(PETSC_SUCCESS);
}
