/* SPDX-License-Identifier: BSD-2-Clause */
/* The variables of a dataset in a netCDF file, found out on one rank. Messages are for rank 0 to share; an empty one means all is well. */
#include "data/data_impl.h"
#include <stdio.h>
#include <string.h>

static const char Expected[] =
    "expected (sample, [time,] [channel,] [z,] y, x) with one to three of space, in any order if names or CF attributes tell "
    "them apart; the dimension that counts samples can be chosen with -data_sample_dim";

static const char *Prefix(HGData d)
{
  return ((PetscObject)d)->prefix ? ((PetscObject)d)->prefix : "";
}

/* HGFileVarFree - Free what a variable holds */
PetscErrorCode HGFileVarFree(HGFileVar *v)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(v->pub.name));
  PetscCall(PetscFree(v->pub.units));
  PetscCall(PetscFree(v->pub.standard_name));
  PetscCall(PetscFree(v->pub.long_name));
  for (int i = 0; i < v->ndims; i++) {
    PetscCall(HGAxisFree(&v->dim[i].info));
    PetscCall(PetscFree(v->dim[i].coordinate));
  }
  PetscCall(HGPackingFree(&v->pack));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGFileVarSetSizes - Positions and lengths of the axes, from the dimensions */
PetscErrorCode HGFileVarSetSizes(HGFileVar *v)
{
  PetscFunctionBegin;
  for (int a = 0; a < HG_FILE_AXES; a++) {
    v->pos[a] = -1;
    v->len[a] = 1;
  }
  for (int i = 0; i < v->ndims; i++) {
    v->pos[v->dim[i].axis] = i;
    v->len[v->dim[i].axis] = v->dim[i].info.n;
  }
  v->pub.channels = v->len[HG_FILE_TIME] * v->len[HG_FILE_CHANNEL];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether two dimensions are the same one: by identifier, or, in other groups, by name and size */
static PetscBool SameDim(const HGFileDim *a, const HGFileDim *b)
{
  return a->id == b->id || (a->info.n == b->info.n && !strcmp(a->info.name, b->info.name)) ? PETSC_TRUE : PETSC_FALSE;
}

/* The axes of those dimensions that the first variable has too. A dimension that is there twice is matched in order; false if once too often */
static PetscBool MatchDims(const HGFileVar *ref, const HGFileVar *v, HGFileAxis fixed[])
{
  PetscBool taken[HG_FILE_AXES] = {PETSC_FALSE};

  for (int i = 0; i < v->ndims; i++) {
    int match = -1, seen = 0;

    for (int k = 0; k < ref->ndims; k++) {
      if (!SameDim(&ref->dim[k], &v->dim[i])) continue;
      seen++;
      if (match < 0 && !taken[k]) match = k;
    }
    if (seen && match < 0) return PETSC_FALSE;
    fixed[i] = match < 0 ? HG_FILE_AXES : ref->dim[match].axis;
    if (match >= 0) taken[match] = PETSC_TRUE;
  }
  return PETSC_TRUE;
}

/* The sample is the dimension that the user named, or that counted the samples of training if it is there, in all variables that have no dimension of samples
   in common with the first */
static PetscBool FixSample(HGData d, const HGFileVar *v, HGFileAxis fixed[])
{
  const char *name = d->sample_dim ? d->sample_dim : d->training_dim;

  for (int i = 0; i < v->ndims; i++)
    if (!name || fixed[i] == HG_FILE_SAMPLE) return PETSC_TRUE;
  for (int i = 0; i < v->ndims; i++) {
    if (strcmp(v->dim[i].info.name, name)) continue;
    fixed[i] = HG_FILE_SAMPLE;
    return PETSC_TRUE;
  }
  return d->sample_dim ? PETSC_FALSE : PETSC_TRUE;
}

static PetscErrorCode ShapeOf(const HGFileVar *v, char **shape)
{
  HGText text = {NULL, 0, 0};

  PetscFunctionBegin;
  PetscCall(HGFileAddShape(v->group, v->id, &text));
  *shape = text.text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AssignAxes(HGData d, const HGFileVar *ref, HGFileVar *v, const HGDimKind kind[], char *msg, size_t len)
{
  HGFileAxis fixed[HG_FILE_AXES], axis[HG_FILE_AXES];
  PetscBool  good, matched = PETSC_TRUE;
  char      *shape = NULL, *first = NULL;

  PetscFunctionBegin;
  for (int i = 0; i < v->ndims; i++) fixed[i] = HG_FILE_AXES;
  if (v != ref) matched = MatchDims(ref, v, fixed);
  PetscCall(ShapeOf(v, &shape));
  PetscCall(ShapeOf(ref, &first));
  if (!matched)
    (void)snprintf(msg, len, "the variables \"%s\" %s and \"%s\" %s of %s differ in their dimensions; they must agree", ref->pub.name,
                   first, v->pub.name, shape, d->file);
  else if (!FixSample(d, v, fixed))
    (void)snprintf(msg, len, "variable \"%s\" of %s has no dimension \"%s\", which -%sdata_sample_dim names; it has %s", v->pub.name,
                   d->file, d->sample_dim, Prefix(d), shape);
  else {
    PetscCall(HGDimAssign(v->ndims, kind, fixed, axis, &good));
    for (int i = 0; i < v->ndims && good; i++) v->dim[i].axis = axis[i];
    if (!good) (void)snprintf(msg, len, "variable \"%s\" of %s has the dimensions %s; %s", v->pub.name, d->file, shape, Expected);
  }
  PetscCall(PetscFree(shape));
  PetscCall(PetscFree(first));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckLengths(HGData d, const HGFileVar *v, char *msg, size_t len)
{
  char *shape = NULL;

  PetscFunctionBegin;
  PetscCall(ShapeOf(v, &shape));
  for (int i = 0; i < v->ndims && !*msg; i++) {
    size_t n = 0;

    (void)nc_inq_dimlen(v->group, v->dim[i].id, &n);
    if (!n)
      (void)snprintf(msg, len, "variable \"%s\" of %s has %s: %s; there is nothing to read", v->pub.name, d->file,
                     v->dim[i].axis == HG_FILE_SAMPLE ? "zero samples" : "a dimension of length zero", shape);
    else if (n > PETSC_MAX_INT)
      (void)snprintf(msg, len, "variable \"%s\" of %s is too large for this PETSc: %s; configure PETSc with --with-64-bit-indices",
                     v->pub.name, d->file, shape);
  }
  PetscCall(PetscFree(shape));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DescribeShape(HGData d, const HGFileVar *ref, HGFileVar *v, char *msg, size_t len)
{
  int       ndims = 0, dimid[NC_MAX_VAR_DIMS];
  HGDimKind kind[HG_FILE_AXES];
  char     *shape = NULL;

  PetscFunctionBegin;
  (void)nc_inq_var(v->group, v->id, NULL, NULL, &ndims, dimid, NULL);
  if (ndims < 2 || ndims > HG_FILE_AXES) {
    PetscCall(ShapeOf(v, &shape));
    (void)snprintf(msg, len, "variable \"%s\" of %s has the dimensions %.1000s; %s", v->pub.name, d->file, shape, Expected);
    PetscCall(PetscFree(shape));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (v->ndims = 0; v->ndims < ndims; v->ndims++) {
    HGFileDim *dim = &v->dim[v->ndims];

    dim->id = dimid[v->ndims];
    PetscCall(HGDimFind(v->group, dim->id, &kind[v->ndims]));
    PetscCall(HGAxisRead(v->group, dim->id, PETSC_FALSE, &dim->info, &dim->coordinate, msg, len));
  }
  PetscCall(AssignAxes(d, ref, v, kind, msg, len));
  if (!*msg) PetscCall(CheckLengths(d, v, msg, len));
  if (!*msg) PetscCall(HGFileVarSetSizes(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Coordinates of the dimensions that become channels */
static PetscErrorCode ReadChannelAxes(HGData d, HGFileVar *v, char *msg, size_t len)
{
  char why[HG_DATA_MESSAGE / 2] = "";

  PetscFunctionBegin;
  for (int i = 0; i < v->ndims && !*why; i++) {
    HGFileDim *dim = &v->dim[i];

    if (dim->axis != HG_FILE_TIME && dim->axis != HG_FILE_CHANNEL) continue;
    PetscCall(HGAxisFree(&dim->info));
    PetscCall(PetscFree(dim->coordinate));
    PetscCall(HGAxisRead(v->group, dim->id, PETSC_TRUE, &dim->info, &dim->coordinate, why, sizeof(why)));
  }
  if (*why) HGFileFail("%s: %s", d->file, why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DescribeNumbers(HGData d, HGFileVar *v, char *msg, size_t len)
{
  char why[HG_DATA_MESSAGE / 2] = "";

  PetscFunctionBegin;
  PetscCall(HGPackingRead(v->group, v->id, &v->pack, why, sizeof(why)));
  if (*why) HGFileFail("variable \"%s\" of %s cannot be read right: %s", v->pub.name, d->file, why);
  PetscCall(HGAttributeReadText(v->group, v->id, "units", &v->pub.units));
  PetscCall(HGAttributeReadText(v->group, v->id, "standard_name", &v->pub.standard_name));
  PetscCall(HGAttributeReadText(v->group, v->id, "long_name", &v->pub.long_name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode FindVariable(HGData d, int nc, HGDataRole role, HGFileVar *v, char *msg, size_t len)
{
  HGText  names = {NULL, 0, 0};
  nc_type type  = NC_NAT;

  PetscFunctionBegin;
  PetscCall(HGFileFind(nc, v->pub.name, &v->group, &v->id));
  if (v->id < 0) {
    PetscCall(HGFileAddNames(nc, &names, HG_DATA_MESSAGE / 2));
    (void)snprintf(msg, len, "%s has no variable \"%s\"; it has: %s. Choose with -%sdata_%s", d->file, v->pub.name, names.text, Prefix(d),
                   role == HG_DATA_INPUT ? "input" : "target");
    PetscCall(HGTextDestroy(&names));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  (void)nc_inq_vartype(v->group, v->id, &type);
  if (type == NC_CHAR || type >= NC_STRING)
    HGFileFail("variable \"%s\" of %s holds %s; expected numbers", v->pub.name, d->file,
               type > NC_STRING ? "values of a user-defined type" : "text");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Samples and grid of a variable must be those of the first */
static PetscErrorCode CompareShapes(HGData d, const HGFileVar *ref, const HGFileVar *v, char *msg, size_t len)
{
  char     *a = NULL, *b = NULL;
  PetscBool same = PETSC_TRUE;

  PetscFunctionBegin;
  for (int i = 0; i < HG_FILE_AXES; i++) {
    if (i == HG_FILE_TIME || i == HG_FILE_CHANNEL) continue;
    if (ref->len[i] != v->len[i] || (ref->pos[i] < 0) != (v->pos[i] < 0)) same = PETSC_FALSE;
  }
  if (same) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ShapeOf(ref, &a));
  PetscCall(ShapeOf(v, &b));
  (void)snprintf(msg, len, "the variables \"%s\" %s and \"%s\" %s of %s differ in samples or grid; they must agree", ref->pub.name, a,
                 v->pub.name, b, d->file);
  PetscCall(PetscFree(a));
  PetscCall(PetscFree(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A variable under two names, such as "a" and "/a", is given twice */
static PetscErrorCode CheckRepeated(HGData d, HGDataRole role, PetscInt i, char *msg, size_t len)
{
  const HGFileVar *v = d->part[role].var;

  PetscFunctionBegin;
  for (PetscInt k = 0; k < i; k++)
    if (v[k].group == v[i].group && v[k].id == v[i].id)
      HGFileFail("-%sdata_%s %.600s: variable \"%s\" is given twice", Prefix(d), role ? "target" : "input", d->part[role].list,
                 v[i].pub.name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DescribeVariable(HGData d, int nc, HGDataRole role, PetscInt i, char *msg, size_t len)
{
  HGFileVar *ref = d->part[HG_DATA_INPUT].var, *v = &d->part[role].var[i];

  PetscFunctionBegin;
  PetscCall(FindVariable(d, nc, role, v, msg, len));
  if (!*msg) PetscCall(CheckRepeated(d, role, i, msg, len));
  if (!*msg) PetscCall(DescribeShape(d, ref, v, msg, len));
  if (!*msg) PetscCall(CompareShapes(d, ref, v, msg, len));
  if (!*msg) PetscCall(DescribeNumbers(d, v, msg, len));
  if (!*msg) PetscCall(ReadChannelAxes(d, v, msg, len));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DescribeSpace(HGData d, char *msg, size_t len)
{
  const HGFileVar *ref                      = d->part[HG_DATA_INPUT].var;
  char             why[HG_DATA_MESSAGE / 2] = "", *path;

  PetscFunctionBegin;
  for (int a = 0; a < 3 && !*why; a++) {
    const int i = ref->pos[HG_FILE_Z + a];

    if (i < 0) continue;
    PetscCall(HGAxisFree(&d->axis[a]));
    PetscCall(HGAxisRead(ref->group, ref->dim[i].id, PETSC_TRUE, &d->axis[a], &path, why, sizeof(why)));
    PetscCall(PetscFree(path));
  }
  if (*why) HGFileFail("%s: %s", d->file, why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGDataDropTarget - Forget the target's variables */
PetscErrorCode HGDataDropTarget(HGData d)
{
  HGDataPart *part = &d->part[HG_DATA_TARGET];

  PetscFunctionBegin;
  for (PetscInt i = 0; i < part->nvar; i++) PetscCall(HGFileVarFree(&part->var[i]));
  PetscCall(PetscFree(part->var));
  part->nvar = part->channels = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DescribeOpen(HGData d, int nc, char *msg, size_t len)
{
  PetscFunctionBegin;
  for (int r = 0; r < 2; r++) {
    for (PetscInt i = 0; i < d->part[r].nvar && !*msg; i++) PetscCall(DescribeVariable(d, nc, (HGDataRole)r, i, msg, len));
    if (*msg && r == HG_DATA_TARGET && d->optional) {
      PetscCall(HGDataDropTarget(d));
      *msg = 0;
    }
    if (*msg) PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(DescribeSpace(d, msg, len));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGDataDescribe - Find the variables of a dataset in its file

  Not Collective, for rank 0

  Input Parameters:
+ d   - the dataset, whose variables have their names
- len - length of the message

  Output Parameter:
. msg - what is wrong, empty if nothing is
*/
PetscErrorCode HGDataDescribe(HGData d, char *msg, size_t len)
{
  int       nc;
  PetscBool classic;

  PetscFunctionBegin;
  PetscCall(HGFileOpen(d->file, &nc, &classic, msg, len));
  if (*msg) {
    const size_t used = strlen(msg);

    (void)snprintf(msg + used, len - used, ". Choose with -%s%sfile", Prefix(d), HGDataOption(d));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(DescribeOpen(d, nc, msg, len));
  (void)nc_close(nc);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- to the other ranks ---- */

static PetscErrorCode ShareAxis(MPI_Comm comm, HGAxis *x)
{
  int         has = x->value != NULL;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Bcast(&has, 1, MPI_INT, 0, comm));
  PetscCallMPI(MPI_Bcast(&x->n, 1, MPIU_INT, 0, comm));
  PetscCall(HGTextBroadcast(comm, &x->name));
  PetscCall(HGTextBroadcast(comm, &x->units));
  PetscCall(HGTextBroadcast(comm, &x->long_name));
  if (!has) PetscFunctionReturn(PETSC_SUCCESS);
  if (rank) PetscCall(PetscFree(x->value));
  if (rank) PetscCall(PetscMalloc1(x->n, &x->value));
  PetscCallMPI(MPI_Bcast(x->value, (PetscMPIInt)x->n, MPI_DOUBLE, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ShareVariable(MPI_Comm comm, HGFileVar *v)
{
  PetscFunctionBegin;
  PetscCall(HGTextBroadcast(comm, &v->pub.name));
  PetscCall(HGTextBroadcast(comm, &v->pub.units));
  PetscCall(HGTextBroadcast(comm, &v->pub.standard_name));
  PetscCall(HGTextBroadcast(comm, &v->pub.long_name));
  PetscCallMPI(MPI_Bcast(&v->ndims, 1, MPI_INT, 0, comm));
  for (int i = 0; i < v->ndims; i++) {
    int axis = v->dim[i].axis;

    PetscCallMPI(MPI_Bcast(&axis, 1, MPI_INT, 0, comm));
    v->dim[i].axis = (HGFileAxis)axis;
    PetscCall(ShareAxis(comm, &v->dim[i].info));
    PetscCall(HGTextBroadcast(comm, &v->dim[i].coordinate));
  }
  PetscCall(HGPackingBroadcast(comm, &v->pack));
  PetscCall(HGFileVarSetSizes(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGDataShareDescription - Give every rank what rank 0 found. Collective */
PetscErrorCode HGDataShareDescription(HGData d)
{
  MPI_Comm    comm   = PetscObjectComm((PetscObject)d);
  HGDataPart *target = &d->part[HG_DATA_TARGET];
  PetscInt    nvar   = target->nvar;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Bcast(&d->classes, 1, MPIU_INT, 0, comm));
  PetscCallMPI(MPI_Bcast(&nvar, 1, MPIU_INT, 0, comm));
  if (!nvar && target->nvar) PetscCall(HGDataDropTarget(d)); /* of the ranks that did not look */
  target->classes = nvar ? d->classes : 0;
  for (int r = 0; r < 2; r++)
    for (PetscInt i = 0; i < d->part[r].nvar; i++) PetscCall(ShareVariable(comm, &d->part[r].var[i]));
  for (int a = 0; a < 3; a++) PetscCall(ShareAxis(comm, &d->axis[a]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
