/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks that a call fails on every rank with a message that tells what is wrong. */
#ifndef BAD_INPUT_H
#define BAD_INPUT_H

#include "sys/hgsys.h"
#include <stdio.h>
#include <string.h>

static char bad_message[4096];

static inline PetscErrorCode BadHandler(MPI_Comm comm, int line, const char *fun, const char *file, PetscErrorCode n, PetscErrorType p,
                                        const char *mess, void *ctx)
{
  (void)comm, (void)line, (void)fun, (void)file, (void)ctx;
  if (p == PETSC_ERROR_INITIAL) (void)snprintf(bad_message, sizeof(bad_message), "%s", mess ? mess : "");
  return n;
}

/* The call must fail, here and on the other ranks, with all of the words, which are separated by '|' */
#define ExpectError(call, words)                        \
  do {                                                  \
    bad_message[0] = 0;                                 \
    PetscCall(PetscPushErrorHandler(BadHandler, NULL)); \
    const PetscErrorCode bad_code_ = (call);            \
    PetscCall(PetscPopErrorHandler());                  \
    PetscCall(CheckMessage(bad_code_, #call, words));   \
  } while (0)

static inline PetscErrorCode CheckMessage(PetscErrorCode code, const char call[], const char words[])
{
  char **word;
  int    n;

  PetscFunctionBegin;
  PetscCheck(code, PETSC_COMM_SELF, PETSC_ERR_PLIB, "%s did not fail; expected: %s", call, words);
  PetscCheck(!strchr(bad_message, '\n'), PETSC_COMM_SELF, PETSC_ERR_PLIB, "more than one line: %s", bad_message);
  PetscCall(PetscStrToArray(words, '|', &n, &word));
  for (int i = 0; i < n; i++)
    PetscCheck(strstr(bad_message, word[i]), PETSC_COMM_SELF, PETSC_ERR_PLIB, "no \"%s\" in the message: %s", word[i], bad_message);
  PetscCall(PetscStrToArrayDestroy(n, word));
  if (getenv("HG_TEST_SHOW")) PetscCall(PetscPrintf(PETSC_COMM_WORLD, "%s\n", bad_message));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
