/* SPDX-License-Identifier: BSD-2-Clause */
/* The CSV file of the epochs' figures, on rank 0. It only ever holds whole lines, and each epoch once. */
#include "train/train_impl.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static PetscErrorCode AppendHeader(HGTrainer t, HGText *line)
{
  HGObjective o = t->objective;
  const char *unknown;
  PetscReal   value;

  PetscFunctionBegin;
  PetscCall(HGObjectiveGetUnknown(o, NULL, &unknown, &value));
  PetscCall(HGTextAppend(line, "epoch,loss,validation,learning_rate,seconds"));
  for (PetscInt i = 0; o->listed && i < o->nterms; i++) PetscCall(HGTextAppend(line, ",%s", o->term[i].name));
  for (PetscInt i = 0; o->listed && i < o->nterms; i++) PetscCall(HGTextAppend(line, ",%s_weight", o->term[i].name));
  PetscCall(HGTextAppend(line, "%s%s\n", unknown ? "," : "", unknown ? unknown : ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where in the file the line of this epoch goes: behind the header and the lines of earlier epochs, or at the end of a file with another header */
static PetscErrorCode FindEnd(HGTrainer t, FILE *file, PetscInt epoch, long *end)
{
  HGText  header = {0};
  char   *line   = NULL;
  size_t  room   = 0;
  ssize_t n;

  PetscFunctionBegin;
  PetscCall(AppendHeader(t, &header));
  *end = 0;
  while ((n = getline(&line, &room, file)) > 0 && line[n - 1] == '\n') {
    if (!*end && strcmp(line, header.text)) break;
    if (*end && strtol(line, NULL, 10) >= epoch) break;
    *end += n;
  }
  free(line);
  if (!*end && !fseek(file, 0, SEEK_END)) *end = ftell(file);
  PetscCall(HGTextDestroy(&header));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Checks that the history can be written, and leaves it as it is */
PetscErrorCode HGTrainerTryHistory(HGTrainer t)
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)t);
  PetscMPIInt rank;
  char        msg[PETSC_MAX_PATH_LEN + 256] = "";

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) {
    const PetscBool fresh = access(t->history, F_OK) ? PETSC_TRUE : PETSC_FALSE;
    FILE           *file  = fopen(t->history, "a");

    if (!file)
      PetscCall(PetscSNPrintf(msg, sizeof(msg), "cannot write %s: %s; give another name with -train_history", t->history, strerror(errno)));
    else (void)fclose(file);
    if (file && fresh) (void)unlink(t->history);
  }
  PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
  HGCheck(!*msg, comm, "%s", msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of a resumed run the lines of later epochs go, which a killed run may have left behind its last checkpoint */
static PetscErrorCode CutHistory(HGTrainer t, long *end)
{
  FILE       *file = fopen(t->history, "r+");
  struct stat st;

  PetscFunctionBegin;
  *end = 0;
  if (!file) PetscFunctionReturn(PETSC_SUCCESS);
  if (!fstat(fileno(file), &st) && S_ISREG(st.st_mode)) {
    PetscCall(FindEnd(t, file, t->epoch, end));
    if (*end > 0 && ftruncate(fileno(file), *end)) *end = -1;
  }
  (void)fclose(file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Opens the file at the first line, where a resumed run goes on in the same file; whether that failed */
static PetscErrorCode OpenHistory(HGTrainer t, PetscBool *failed)
{
  HGText header = {0};
  long   end    = 0;

  PetscFunctionBegin;
  if (t->resumed) PetscCall(CutHistory(t, &end));
  t->csv  = end < 0 ? NULL : fopen(t->history, end > 0 ? "a" : "w");
  *failed = t->csv ? PETSC_FALSE : PETSC_TRUE;
  if (*failed || end > 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(AppendHeader(t, &header));
  if (fputs(header.text, t->csv) < 0) *failed = PETSC_TRUE;
  PetscCall(HGTextDestroy(&header));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* When a line cannot be written whole, the part that was goes away again, and a file without any line too */
static PetscErrorCode WriteLine(HGTrainer t, const char line[], char msg[], size_t len)
{
  const PetscBool first = t->csv ? PETSC_FALSE : PETSC_TRUE, created = first && access(t->history, F_OK) ? PETSC_TRUE : PETSC_FALSE;
  PetscBool       failed = PETSC_FALSE;
  struct stat     st     = {0};

  PetscFunctionBegin;
  if (first) PetscCall(OpenHistory(t, &failed));
  if (t->csv) failed = fstat(fileno(t->csv), &st) || failed || fputs(line, t->csv) < 0 || fflush(t->csv) ? PETSC_TRUE : PETSC_FALSE;
  if (!failed) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscSNPrintf(msg, len, "cannot write %s: %s; the lines it has are whole", t->history, strerror(errno)));
  if (created) (void)unlink(t->history);
  else if (t->csv && S_ISREG(st.st_mode) && ftruncate(fileno(t->csv), st.st_size)) PetscCall(PetscStrlcat(msg, " but for the last", len));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Adds a line, the same on all ranks */
PetscErrorCode HGTrainerWriteHistory(HGTrainer t, const char line[])
{
  MPI_Comm    comm = PetscObjectComm((PetscObject)t);
  PetscMPIInt rank;
  char        msg[PETSC_MAX_PATH_LEN + 256] = "";

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) PetscCall(WriteLine(t, line, msg, sizeof(msg)));
  PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
  HGCheck(!*msg, comm, "%s", msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}
