/* SPDX-License-Identifier: BSD-2-Clause */
/* Dimensions with their coordinates */
#include "data/data_impl.h"
#include <stdio.h>
#include <string.h>

/* HGAxisFree - Free what an axis of our own holds */
PetscErrorCode HGAxisFree(HGAxis *axis)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(axis->name));
  PetscCall(PetscFree(axis->units));
  PetscCall(PetscFree(axis->long_name));
  PetscCall(PetscFree(axis->value));
  axis->n = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGAxisCopy - Copy an axis, with empty texts for those that are NULL */
PetscErrorCode HGAxisCopy(const HGAxis *from, HGAxis *to)
{
  PetscFunctionBegin;
  *to = (HGAxis){.n = from->n};
  PetscCall(PetscStrallocpy(from->name ? from->name : "", &to->name));
  PetscCall(PetscStrallocpy(from->units ? from->units : "", &to->units));
  PetscCall(PetscStrallocpy(from->long_name ? from->long_name : "", &to->long_name));
  if (!from->value) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(to->n, &to->value));
  PetscCall(PetscArraycpy(to->value, from->value, to->n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The coordinates, unpacked; NaN where they are missing */
static PetscErrorCode ReadValues(int group, int id, HGAxis *axis, char *msg, size_t len)
{
  const size_t start[1] = {0}, count[1] = {(size_t)axis->n};
  HGPacking    pack;
  nc_type      type = NC_NAT;

  PetscFunctionBegin;
  (void)nc_inq_vartype(group, id, &type);
  if (type == NC_CHAR || type >= NC_STRING || !axis->n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGPackingRead(group, id, &pack, msg, len));
  if (!*msg) {
    PetscCall(PetscMalloc1(axis->n, &axis->value));
    if (HGPackingGetValues(&pack, group, id, start, count, axis->value)) PetscCall(PetscFree(axis->value));
    else HGPackingUnpack(&pack, count[0], axis->value);
  }
  PetscCall(HGPackingFree(&pack));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "/group/inner/name" */
static PetscErrorCode PathOf(int group, int id, char **path)
{
  char   name[NC_MAX_NAME + 1] = "", *full;
  size_t n                     = 0;
  HGText text                  = {NULL, 0, 0};

  PetscFunctionBegin;
  (void)nc_inq_varname(group, id, name);
  if (nc_inq_grpname_len(group, &n)) n = 0;
  PetscCall(PetscCalloc1(n + 1, &full));
  if (nc_inq_grpname_full(group, NULL, full)) *full = 0;
  PetscCall(HGTextAppend(&text, "%s/%s", strcmp(full, "/") ? full : "", name));
  PetscCall(PetscFree(full));
  *path = text.text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGAxisRead - Read a dimension: its name and size, and its coordinate variable in the nearest group

  Not Collective

  Input Parameters:
+ nc     - the file or group of the variable that has it
. dimid  - the dimension
. values - whether the coordinates are wanted
- len    - length of the message

  Output Parameters:
+ axis       - the dimension
. coordinate - the path of its coordinate variable, NULL for none
- msg        - what cannot be honoured in it
*/
PetscErrorCode HGAxisRead(int nc, int dimid, PetscBool values, HGAxis *axis, char **coordinate, char *msg, size_t len)
{
  char   name[NC_MAX_NAME + 1] = "", why[HG_DATA_MESSAGE / 2] = "";
  size_t n = 0;
  int    group, id;

  PetscFunctionBegin;
  *coordinate = NULL;
  (void)nc_inq_dim(nc, dimid, name, &n);
  PetscCall(HGAxisCopy(&(HGAxis){.name = name, .n = (PetscInt)n}, axis));
  PetscCall(HGFileFindCoordinate(nc, dimid, &group, &id));
  if (id < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PathOf(group, id, coordinate));
  PetscCall(PetscFree(axis->units));
  PetscCall(PetscFree(axis->long_name));
  PetscCall(HGAttributeReadText(group, id, "units", &axis->units));
  PetscCall(HGAttributeReadText(group, id, "long_name", &axis->long_name));
  if (values) PetscCall(ReadValues(group, id, axis, why, sizeof(why)));
  if (*why) HGFileFail("the coordinate variable \"%.256s\" cannot be read right: %s", name, why);
  PetscFunctionReturn(PETSC_SUCCESS);
}
