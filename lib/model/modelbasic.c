/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/model_impl.h"
#include <netcdf.h>

/* HGModelNew - A model without contents, not even a format */
PetscErrorCode HGModelNew(MPI_Comm comm, HGModel *model)
{
  HGModel m;

  PetscFunctionBegin;
  PetscCall(PetscNew(&m));
  PetscCall(PetscCommDuplicate(comm, &m->comm, NULL));
  PetscCallMPI(MPI_Comm_rank(m->comm, &m->rank));
  PetscCall(PetscStrallocpy("model", &m->section));
  m->nc  = -1;
  *model = m;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelCreate - Create a model without contents, to be written

   Collective

   Input Parameter:
.  comm - the ranks

   Output Parameter:
.  model - the model

   Level: advanced

.seealso: `HGModelSetSection()`, `HGModelPutText()`, `HGModelPutArray()`, `HGModelOutputWrite()`
@*/
PetscErrorCode HGModelCreate(MPI_Comm comm, HGModel *model)
{
  PetscFunctionBegin;
  PetscCall(HGModelNew(comm, model));
  (*model)->format = HG_MODEL_FORMAT;
  PetscCall(HGModelPutInt(*model, "", "halograd_format", HG_MODEL_FORMAT));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelDestroy - Destroy a model, and close its file

   Collective

   Input Parameter:
.  model - the model; set to NULL

   Level: advanced

.seealso: `HGModelCreate()`, `HGModelOpen()`
@*/
PetscErrorCode HGModelDestroy(HGModel *model)
{
  HGModel m = *model;

  PetscFunctionBegin;
  if (!m) PetscFunctionReturn(PETSC_SUCCESS);
  if (m->nc >= 0) (void)nc_close(m->nc);
  for (PetscInt i = 0; i < m->n; i++) {
    PetscCall(PetscFree(m->entry[i].section));
    PetscCall(PetscFree(m->entry[i].group));
    PetscCall(PetscFree(m->entry[i].name));
    PetscCall(PetscFree(m->entry[i].value));
    PetscCall(PetscFree(m->entry[i].run));
    if (m->entry[i].vec) PetscCall(VecRestoreArrayRead(m->entry[i].vec, (const PetscScalar **)&m->entry[i].data));
    PetscCall(VecDestroy(&m->entry[i].vec));
  }
  PetscCall(PetscFree(m->entry));
  PetscCall(PetscFree(m->path));
  PetscCall(PetscFree(m->section));
  PetscCall(PetscCommDestroy(&m->comm));
  PetscCall(PetscFree(*model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelGetPath - Get the name of the file that a model was read from

   Not Collective

   Input Parameter:
.  m - the model

   Output Parameter:
.  path - the name; do not free

   Level: advanced

.seealso: `HGModelOpen()`
@*/
PetscErrorCode HGModelGetPath(HGModel m, const char *path[])
{
  PetscFunctionBegin;
  *path = m->path ? m->path : "the model";
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelGetComm - Get the communicator of a model

   Not Collective

   Input Parameter:
.  m - the model

   Output Parameter:
.  comm - its communicator, a duplicate of the one it was made with

   Level: advanced

.seealso: `HGModelOpen()`
@*/
PetscErrorCode HGModelGetComm(HGModel m, MPI_Comm *comm)
{
  PetscFunctionBegin;
  *comm = m->comm;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGModelGetFormat - Get the format of a model file

   Not Collective

   Input Parameter:
.  m - the model

   Output Parameter:
.  format - 1 or 2

   Level: advanced

.seealso: `HGModelOpen()`
@*/
PetscErrorCode HGModelGetFormat(HGModel m, PetscInt *format)
{
  PetscFunctionBegin;
  *format = m->format;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* NULL if there is none of that name */
HGModelEntry *HGModelFind(HGModel m, const char group[], const char name[])
{
  for (PetscInt i = 0; i < m->n; i++)
    if (!strcmp(m->entry[i].name, name) && !strcmp(m->entry[i].group, group)) return &m->entry[i];
  return NULL;
}

static size_t SizeOf(HGModelKind kind)
{
  return kind == HG_MODEL_TEXT ? 1 : kind == HG_MODEL_INT ? sizeof(PetscInt64) : sizeof(double);
}

/*
  HGModelAdd - Add an attribute with room for its n values, or an array of n values

  Not Collective
*/
PetscErrorCode HGModelAdd(HGModel m, const char group[], const char name[], HGModelKind kind, size_t n, HGModelEntry **entry)
{
  HGModelEntry *e;

  PetscFunctionBegin;
  if (m->n == m->room) {
    m->room = 2 * m->room + 16;
    PetscCall(PetscRealloc((size_t)m->room * sizeof(*m->entry), &m->entry));
  }
  e = &m->entry[m->n++];
  PetscCall(PetscMemzero(e, sizeof(*e)));
  PetscCall(PetscStrallocpy(m->section, &e->section));
  PetscCall(PetscStrallocpy(group, &e->group));
  PetscCall(PetscStrallocpy(name, &e->name));
  e->kind = kind;
  e->n    = n;
  if (kind != HG_MODEL_OTHER && kind != HG_MODEL_ARRAY) PetscCall(PetscMalloc(n * SizeOf(kind) + 1, &e->value));
  if (kind == HG_MODEL_TEXT) ((char *)e->value)[n] = 0;
  *entry = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGModelRaise - Raise on all ranks what went wrong on rank 0

  Collective
*/
PetscErrorCode HGModelRaise(HGModel m)
{
  char msg[HG_MODEL_MESSAGE];

  PetscFunctionBegin;
  PetscCall(HGAgreeOnMessage(m->comm, m->msg, sizeof(m->msg)));
  PetscCall(PetscStrncpy(msg, m->msg, sizeof(msg)));
  *m->msg = 0;
  HGCheck(!*msg, m->comm, "%s", msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelSetSection - Say whose the attributes and arrays are that are put next

   Logically Collective

   Input Parameters:
+  m    - the model
-  name - the part: "net", "data", "equation", "training", "optimizer", ...

   Level: advanced

   Note:
   The attributes of a section have a checksum of their own, which names it when the file is damaged.

.seealso: `HGModelPutText()`
@*/
PetscErrorCode HGModelSetSection(HGModel m, const char name[])
{
  PetscFunctionBegin;
  PetscCall(PetscFree(m->section));
  PetscCall(PetscStrallocpy(name, &m->section));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelPutText - Put a text of any length

   Logically Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
.  name  - the attribute
-  text  - its value

   Level: advanced

.seealso: `HGModelGetText()`
@*/
PetscErrorCode HGModelPutText(HGModel m, const char group[], const char name[], const char text[])
{
  HGModelEntry *e = NULL;

  PetscFunctionBegin;
  PetscCall(HGModelAdd(m, group, name, HG_MODEL_TEXT, strlen(text), &e));
  PetscCall(PetscArraycpy((char *)e->value, text, e->n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelPutInt - Put a whole number

   Logically Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
.  name  - the attribute
-  value - its value

   Level: advanced

.seealso: `HGModelGetInt()`
@*/
PetscErrorCode HGModelPutInt(HGModel m, const char group[], const char name[], PetscInt64 value)
{
  HGModelEntry *e = NULL;

  PetscFunctionBegin;
  PetscCall(HGModelAdd(m, group, name, HG_MODEL_INT, 1, &e));
  *(PetscInt64 *)e->value = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelPutReals - Put numbers

   Logically Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
.  name  - the attribute
.  n     - how many
-  value - the numbers

   Level: advanced

   Shape:
   value: [n]

.seealso: `HGModelGetReals()`
@*/
PetscErrorCode HGModelPutReals(HGModel m, const char group[], const char name[], PetscInt n, const PetscReal value[])
{
  HGModelEntry *e = NULL;

  PetscFunctionBegin;
  PetscCall(HGModelAdd(m, group, name, HG_MODEL_REAL, (size_t)n, &e));
  for (PetscInt i = 0; i < n; i++) ((double *)e->value)[i] = (double)value[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}
