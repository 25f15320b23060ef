/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables in the groups of a netCDF-4 file, by paths such as "measurements/a". */
#include "data/ncfile.h"
#include <stdio.h>
#include <string.h>

/*@C
   HGFileFind - Find a variable by its path

   Not Collective

   Input Parameters:
+  nc   - the identifier of the file
-  path - "a", "group/a", "group/inner/a", with or without a slash before it

   Output Parameters:
+  group - the identifier of the variable's group
-  id    - the variable, -1 if there is none

   Level: developer

.seealso: `HGFileList()`
@*/
PetscErrorCode HGFileFind(int nc, const char path[], int *group, int *id)
{
  const char *name   = path + (*path == '/');
  int         format = 0;
  char       *part;

  PetscFunctionBegin;
  *id    = -1;
  *group = nc;
  (void)nc_inq_format(nc, &format);
  if (strchr(name, '/') && format != NC_FORMAT_NETCDF4) PetscFunctionReturn(PETSC_SUCCESS); /* the library finds any group in others */
  PetscCall(PetscMalloc1(strlen(path) + 1, &part));
  for (const char *slash = strchr(name, '/'); slash; slash = strchr(name, '/')) {
    (void)memcpy(part, name, (size_t)(slash - name));
    part[slash - name] = 0;
    name               = nc_inq_ncid(*group, part, group) ? "" : slash + 1; /* without the group there is no variable */
  }
  if (!*name || nc_inq_varid(*group, name, id)) *id = -1;
  PetscCall(PetscFree(part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CountVariables(int group, PetscInt *n)
{
  int vars = 0, groups = 0, *inner;

  PetscFunctionBegin;
  (void)nc_inq_nvars(group, &vars);
  (void)nc_inq_grps(group, &groups, NULL);
  *n += vars;
  PetscCall(PetscMalloc1(groups, &inner));
  (void)nc_inq_grps(group, &groups, inner);
  for (int g = 0; g < groups; g++) PetscCall(CountVariables(inner[g], n));
  PetscCall(PetscFree(inner));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ListGroup(int group, const char prefix[], PetscInt *n, HGFileEntry *list)
{
  int    vars = 0, groups = 0, *inner;
  char   name[NC_MAX_NAME + 1] = "";
  HGText path;

  PetscFunctionBegin;
  (void)nc_inq_nvars(group, &vars);
  for (int id = 0; id < vars; id++) {
    path = (HGText){NULL, 0, 0};
    (void)nc_inq_varname(group, id, name);
    PetscCall(HGTextAppend(&path, "%s%s", prefix, name));
    list[(*n)++] = (HGFileEntry){group, id, path.text};
  }
  (void)nc_inq_grps(group, &groups, NULL);
  PetscCall(PetscMalloc1(groups, &inner));
  (void)nc_inq_grps(group, &groups, inner);
  for (int g = 0; g < groups; g++) {
    path = (HGText){NULL, 0, 0};
    (void)nc_inq_grpname(inner[g], name);
    PetscCall(HGTextAppend(&path, "%s%s/", prefix, name));
    PetscCall(ListGroup(inner[g], path.text, n, list));
    PetscCall(HGTextDestroy(&path));
  }
  PetscCall(PetscFree(inner));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGFileList - List the variables of a file, those of groups behind those that the groups are in

   Not Collective

   Input Parameter:
.  nc - the identifier of the file

   Output Parameters:
+  n    - how many there are
-  list - the variables; free them with `HGFileListFree()`

   Level: developer

.seealso: `HGFileFind()`
@*/
PetscErrorCode HGFileList(int nc, PetscInt *n, HGFileEntry **list)
{
  PetscInt all = 0;

  PetscFunctionBegin;
  PetscCall(CountVariables(nc, &all));
  PetscCall(PetscCalloc1(all, list));
  *n = 0;
  PetscCall(ListGroup(nc, "", n, *list));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGFileListFree - Free a list of variables

   Not Collective

   Input Parameters:
+  n    - how many there are
-  list - from `HGFileList()`

   Level: developer

.seealso: `HGFileList()`
@*/
PetscErrorCode HGFileListFree(PetscInt n, HGFileEntry **list)
{
  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) PetscCall(PetscFree((*list)[i].path));
  PetscCall(PetscFree(*list));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGFileAddShape - Add the dimensions of a variable to a text, such as "(sample=64, y=16, x=16)"

   Not Collective

   Input Parameters:
+  nc   - the identifier of the file or group
.  id   - the variable
-  text - the text

   Level: developer

.seealso: `HGFileOpen()`
@*/
PetscErrorCode HGFileAddShape(int nc, int id, HGText *text)
{
  int ndims = 0, dimid[NC_MAX_VAR_DIMS];

  PetscFunctionBegin;
  (void)nc_inq_var(nc, id, NULL, NULL, &ndims, dimid, NULL);
  PetscCall(HGTextAppend(text, "("));
  for (int i = 0; i < ndims; i++) {
    char   name[NC_MAX_NAME + 1] = "?";
    size_t n                     = 0;

    (void)nc_inq_dim(nc, dimid[i], name, &n);
    PetscCall(HGTextAppend(text, "%s%s=%zu", i ? ", " : "", name, n));
  }
  PetscCall(HGTextAppend(text, ")"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGFileIsCoordinate - Whether a variable has the name of its one dimension, and which that is */
PetscBool HGFileIsCoordinate(int group, int id, int *dimid)
{
  char name[NC_MAX_NAME + 1] = "", dim[NC_MAX_NAME + 1] = "";
  int  ndims = 0, dims[NC_MAX_VAR_DIMS];

  if (nc_inq_var(group, id, name, NULL, &ndims, dims, NULL) || ndims != 1 || nc_inq_dimname(group, dims[0], dim)) return PETSC_FALSE;
  if (dimid) *dimid = dims[0];
  return strcmp(name, dim) ? PETSC_FALSE : PETSC_TRUE;
}

/*
  HGFileFindCoordinate - Find the coordinate variable of a dimension, in a group or the nearest one around it

  Not Collective

  Input Parameters:
+ nc    - the identifier of the file or group where the search begins
- dimid - the dimension

  Output Parameters:
+ group - where it is
- id    - the variable, -1 if there is none
*/
PetscErrorCode HGFileFindCoordinate(int nc, int dimid, int *group, int *id)
{
  char name[NC_MAX_NAME + 1] = "";
  int  of, e = NC_NOERR;

  PetscFunctionBegin;
  if (nc_inq_dimname(nc, dimid, name)) *name = 0;
  for (*group = nc; *name && !e; e = nc_inq_grp_parent(*group, group)) {
    if (!nc_inq_varid(*group, name, id) && HGFileIsCoordinate(*group, *id, &of) && of == dimid) PetscFunctionReturn(PETSC_SUCCESS);
  }
  *id = -1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGFileAddNames - Add the names of all variables that are no coordinates to a text of at most so many characters, and how many are left out */
PetscErrorCode HGFileAddNames(int nc, HGText *text, size_t most)
{
  HGFileEntry *list;
  PetscInt     n, left = 0;
  const size_t begin = text->used;

  PetscFunctionBegin;
  PetscCall(HGFileList(nc, &n, &list));
  for (PetscInt i = 0; i < n; i++) {
    if (HGFileIsCoordinate(list[i].group, list[i].id, NULL)) continue;
    if (left || text->used - begin + strlen(list[i].path) > most) left++;
    else PetscCall(HGTextAppend(text, "%s%s", text->used > begin ? ", " : "", list[i].path));
  }
  if (left) PetscCall(HGTextAppend(text, " and %" PetscInt_FMT " more", left));
  if (text->used == begin) PetscCall(HGTextAppend(text, "none"));
  PetscCall(HGFileListFree(n, &list));
  PetscFunctionReturn(PETSC_SUCCESS);
}
