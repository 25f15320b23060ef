/* SPDX-License-Identifier: BSD-2-Clause */
/*
   Where a model file is written, on rank 0: under a temporary name, flushed to the disk, renamed. As long as the output is open a lock file beside it
   keeps other jobs away; a lock ends with the process that holds it, however that ends. Where the file system has no locks the temporary name is this
   process's own.
*/
#include "model/model_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct _p_HGModelOutput {
  MPI_Comm      comm;
  PetscMPIInt   rank;
  char         *path, *temporary, *lock;
  int           fd; /* of the lock file, -1 for none */
  char          msg[HG_MODEL_MESSAGE];
  HGModelOutput next; /* of those that are open */
};

static HGModelOutput Open       = NULL;
static PetscBool     Registered = PETSC_FALSE;

/* ---- the lock ---- */

/* "folder/.name" and what follows */
static PetscErrorCode HiddenName(const char path[], const char suffix[], char **name)
{
  const char  *slash  = strrchr(path, '/');
  const size_t folder = slash ? (size_t)(slash - path) + 1 : 0, room = strlen(path) + strlen(suffix) + 2;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(room, name));
  (void)snprintf(*name, room, "%.*s.%s%s", (int)folder, path, path + folder, suffix);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A name that no other process takes */
static PetscErrorCode TakeOwnName(HGModelOutput o)
{
  char suffix[128], host[65] = "host";

  PetscFunctionBegin;
  PetscCall(PetscFree(o->temporary));
  (void)gethostname(host, sizeof(host) - 1);
  (void)snprintf(suffix, sizeof(suffix), ".%s.%ld.part", host, (long)getpid());
  PetscCall(HiddenName(o->path, suffix, &o->temporary));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The holder has left its host and process there */
static void NameHolder(HGModelOutput o, int fd)
{
  char          who[128] = "";
  const ssize_t n        = pread(fd, who, sizeof(who) - 1, 0);

  who[PetscMax(n, 0)]     = 0;
  who[strcspn(who, "\n")] = 0;
  HGModelFails(o, "%s is in use: another job writes it%s%s; wait for its end, or give another name with -model_output", o->path,
               *who ? ", " : "", who);
}

/* The file that is locked may have been removed by its last holder meanwhile: then it is no lock any more */
static PetscBool IsStillThere(int fd, const char path[])
{
  struct stat a, b;

  return !fstat(fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev ? PETSC_TRUE : PETSC_FALSE;
}

/* Whether there is anything more to try */
static PetscBool TryLock(HGModelOutput o)
{
  o->fd = open(o->lock, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  if (o->fd < 0) {
    HGModelFails(o, "cannot write %s: %s; give another name with -model_output", o->path, strerror(errno));
    return PETSC_FALSE;
  }
  if (!flock(o->fd, LOCK_EX | LOCK_NB)) {
    if (IsStillThere(o->fd, o->lock)) return PETSC_FALSE;
    (void)close(o->fd);
    o->fd = -1;
    return PETSC_TRUE;
  }
  if (errno == EWOULDBLOCK) NameHolder(o, o->fd);
  (void)close(o->fd);
  o->fd = -1;
  return PETSC_FALSE;
}

static PetscErrorCode TakeLock(HGModelOutput o)
{
  char who[128], host[65] = "host";
  int  n;

  PetscFunctionBegin;
  while (TryLock(o)) {}
  if (*o->msg) PetscFunctionReturn(PETSC_SUCCESS);
  if (o->fd < 0) { /* no locks here */
    PetscCall(TakeOwnName(o));
    (void)unlink(o->lock);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  (void)gethostname(host, sizeof(host) - 1);
  n = snprintf(who, sizeof(who), "process %ld on %s\n", (long)getpid(), host);
  if (ftruncate(o->fd, 0) || pwrite(o->fd, who, (size_t)n, 0) != n)
    HGModelFails(o, "cannot write %s: %s; give another name with -model_output", o->path, strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void Release(HGModelOutput o)
{
  if (o->fd < 0) return;
  (void)unlink(o->lock); /* while it is held: who waits for it sees that it is gone */
  (void)close(o->fd);
  o->fd = -1;
}

/* An error may have left outputs open when the program ends */
static PetscErrorCode ReleaseAll(void)
{
  PetscFunctionBegin;
  Registered = PETSC_FALSE;
  for (; Open; Open = Open->next) Release(Open);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the life of an output ---- */

static PetscErrorCode Raise(HGModelOutput o)
{
  char msg[HG_MODEL_MESSAGE];

  PetscFunctionBegin;
  PetscCall(HGAgreeOnMessage(o->comm, o->msg, sizeof(o->msg)));
  PetscCall(PetscStrncpy(msg, o->msg, sizeof(msg)));
  *o->msg = 0;
  HGCheck(!*msg, o->comm, "%s", msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Prepare(HGModelOutput o)
{
  struct stat st;

  PetscFunctionBegin;
  if (!stat(o->path, &st) && !S_ISREG(st.st_mode)) {
    HGModelFails(o, "cannot write %s: it is %s; give the name of a file with -model_output", o->path,
                 S_ISDIR(st.st_mode) ? "a folder" : "not a regular file");
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(TakeLock(o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelOutputCreate - Take a file for a model to be written, before long work starts

   Collective

   Input Parameters:
+  comm - the ranks
-  path - the file; one that exists is replaced once a new one is complete

   Output Parameter:
.  output - the output

   Level: advanced

   Note:
   While it is open, ".NAME.lock" lies beside the file and is locked (flock), so that two jobs do not write one file. A lock that a killed job left
   behind does not count.

   Errors:
   No such folder, no permission, a name that is too long, a folder or device; a file that another job has taken.

.seealso: `HGModelOutputTry()`, `HGModelOutputWrite()`, `HGModelOutputDestroy()`
@*/
PetscErrorCode HGModelOutputCreate(MPI_Comm comm, const char path[], HGModelOutput *output)
{
  HGModelOutput  o;
  PetscErrorCode e;

  PetscFunctionBegin;
  if (!Registered) PetscCall(PetscRegisterFinalize(ReleaseAll));
  Registered = PETSC_TRUE;
  PetscCall(PetscNew(&o));
  PetscCall(PetscCommDuplicate(comm, &o->comm, NULL));
  PetscCallMPI(MPI_Comm_rank(o->comm, &o->rank));
  PetscCall(PetscStrallocpy(path, &o->path));
  PetscCall(HiddenName(path, ".part", &o->temporary));
  PetscCall(HiddenName(path, ".lock", &o->lock));
  o->fd   = -1;
  o->next = Open;
  Open    = o;
  if (!o->rank) PetscCall(Prepare(o));
  e = Raise(o);
  if (e) {
    PetscCall(HGModelOutputDestroy(&o));
    PetscCall(e);
  }
  *output = o;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelOutputDestroy - Let go of a model file

   Collective

   Input Parameter:
.  output - the output; set to NULL

   Level: advanced

.seealso: `HGModelOutputCreate()`
@*/
PetscErrorCode HGModelOutputDestroy(HGModelOutput *output)
{
  HGModelOutput o = *output, *at = &Open;

  PetscFunctionBegin;
  if (!o) PetscFunctionReturn(PETSC_SUCCESS);
  while (*at && *at != o) at = &(*at)->next;
  if (*at) *at = o->next;
  Release(o);
  PetscCall(PetscFree(o->path));
  PetscCall(PetscFree(o->temporary));
  PetscCall(PetscFree(o->lock));
  PetscCall(PetscCommDestroy(&o->comm));
  PetscCall(PetscFree(*output));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- writing ---- */

/* Without it a crash of the machine could bring the old name back */
static void SyncFolder(const char path[])
{
  char *copy = strdup(path);
  int   fd   = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

  if (fd >= 0) {
    (void)fsync(fd);
    (void)close(fd);
  }
  free(copy);
}

/* The model under the temporary name, on the disk; nothing of it if that fails. trial: without the values of its arrays, for which there is room then */
static PetscErrorCode WriteTemporary(HGModelOutput o, HGModel m, PetscBool trial)
{
  PetscFunctionBegin;
  PetscCall(HGModelWriteFile(m, o->path, o->temporary, trial));
  if (!o->rank && *m->msg) (void)unlink(o->temporary);
  PetscCall(PetscStrncpy(o->msg, m->msg, sizeof(o->msg)));
  *m->msg = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGModelOutputWrite - Write a model, and give it its name once it is complete

   Collective

   Input Parameters:
+  o - the output
-  m - the model

   Options Database Key:
.  -model_direct 0|1 - whether the ranks of rank 0's node write their parts of arrays into the file themselves (default 1); rank 0 does for all with 0

   Level: advanced

   Errors:
   A file that cannot be written, such as on a full disk; nothing is left of it, and what had its name before stays.

.seealso: `HGModelOutputTry()`
@*/
PetscErrorCode HGModelOutputWrite(HGModelOutput o, HGModel m)
{
  PetscFunctionBegin;
  PetscCall(WriteTemporary(o, m, PETSC_FALSE));
  if (!o->rank && !*o->msg) {
    if (rename(o->temporary, o->path)) HGModelFails(o, "cannot give %s its name: %s" HG_MODEL_UNTOUCHED, o->path, strerror(errno));
    if (*o->msg) (void)unlink(o->temporary);
    else SyncFolder(o->path);
  }
  PetscCall(Raise(o));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGModelOutputTry - Find out before long work whether a model like this one can be written and read again

   Collective

   Input Parameters:
+  o - the output
-  m - a model of the size of those to come

   Level: advanced

   Note:
   The file is made under the temporary name with room for the arrays, read as far as `HGModelOpen()` does, and removed. The values are not written where
   the file system can set room aside (fallocate); zeros are where it cannot.

   Errors:
   Those of `HGModelOutputWrite()` and `HGModelOpen()`.

.seealso: `HGModelOutputWrite()`
@*/
PetscErrorCode HGModelOutputTry(HGModelOutput o, HGModel m)
{
  HGModel        back;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(WriteTemporary(o, m, PETSC_TRUE));
  PetscCall(Raise(o));
  e = HGModelOpen(o->comm, o->temporary, &back);
  if (!e) PetscCall(HGModelDestroy(&back));
  if (!o->rank) (void)unlink(o->temporary);
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}
