/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The kinds of data a dataset can have: netCDF files, IDX files of images and of labels, drawn digits. What a kind holds is described as
   variables of a netCDF file would be, so that all that follows is the same. Messages are for the caller to share; an empty one means all
   is well.
*/
#include "data/source.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *PathOf(HGData d, HGDataRole role)
{
  return d->kind == HG_DATA_IDX && role == HG_DATA_TARGET ? d->labels : d->file;
}

static PetscErrorCode OpenNetCDF(HGSource *s, char *msg, size_t len)
{
  HGDataPart *part = &s->data->part[s->role];
  PetscBool   classic;

  PetscFunctionBegin;
  PetscCall(HGFileOpen(s->data->file, &s->nc, &classic, msg, len));
  for (PetscInt i = 0; i < part->nvar && !*msg; i++) {
    HGFileVar *v = &part->var[i];

    PetscCall(HGFileFind(s->nc, v->pub.name, &v->group, &v->id));
    if (v->id < 0) HGFileFail("%s has lost its variable \"%s\"; does another program write to it?", s->data->file, v->pub.name);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGSourceOpen - Open the input or target of a dataset to read its values

  Not Collective

  Input Parameters:
+ d    - the dataset, set up
. role - input or target
- len  - length of the message

  Output Parameters:
+ s   - the source
- msg - why it cannot be read
*/
PetscErrorCode HGSourceOpen(HGData d, HGDataRole role, HGSource *s, char *msg, size_t len)
{
  PetscFunctionBegin;
  *s = (HGSource){d, role, -1, NULL};
  switch (d->kind) {
  case HG_DATA_NETCDF:
    PetscCall(OpenNetCDF(s, msg, len));
    break;
  case HG_DATA_IDX:
    PetscCall(HGIdxOpen(PathOf(d, role), &s->idx, msg, len));
    break;
  case HG_DATA_DIGITS:
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* HGSourceClose - Close it */
void HGSourceClose(HGSource *s)
{
  if (s->nc >= 0) (void)nc_close(s->nc);
  s->nc = -1;
  HGIdxClose(&s->idx);
}

static PetscErrorCode ReadNetCDF(HGSource *s, const HGFileVar *v, const size_t start[], const size_t count[], double buf[], char *msg,
                                 size_t len)
{
  const int e = HGPackingGetValues(&v->pack, v->group, v->id, start, count, buf);

  PetscFunctionBegin;
  if (e)
    HGFileFail("cannot read variable \"%s\" of %s: %s; the file may be cut short or damaged", v->pub.name, s->data->file, nc_strerror(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadDigits(HGSource *s, const size_t start[], const size_t count[], double buf[])
{
  const PetscInt *size = &s->data->grid[1];

  PetscFunctionBegin;
  for (size_t n = 0; n < count[0]; n++) {
    const PetscInt sample = (PetscInt)(start[0] + n);

    if (s->role == HG_DATA_TARGET) buf[n] = (double)HGDigitClass(s->data->digits_seed, sample);
    else {
      const PetscInt first[2] = {(PetscInt)start[1], (PetscInt)start[2]}, part[2] = {(PetscInt)count[1], (PetscInt)count[2]};

      PetscCall(HGDigitDraw(s->data->digits_seed, sample, size, first, part, buf + n * count[1] * count[2]));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Packed values */
static PetscErrorCode ReadRaw(HGSource *s, const HGFileVar *v, const size_t start[], const size_t count[], double buf[], char *msg,
                              size_t len)
{
  PetscFunctionBegin;
  switch (s->data->kind) {
  case HG_DATA_NETCDF:
    PetscCall(ReadNetCDF(s, v, start, count, buf, msg, len));
    break;
  case HG_DATA_IDX:
    PetscCall(HGIdxRead(s->idx, start, count, buf, msg, len));
    break;
  case HG_DATA_DIGITS:
    PetscCall(ReadDigits(s, start, count, buf));
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGSourceRead - Read a block of a variable, unpacked

  Not Collective

  Input Parameters:
+ s     - the source
. v     - the variable
. start - first of each dimension of the variable
. count - how many
- len   - length of the message

  Output Parameters:
+ buf - the values, NaN for missing ones
- msg - why they cannot be read
*/
PetscErrorCode HGSourceRead(HGSource *s, const HGFileVar *v, const size_t start[], const size_t count[], double buf[], char *msg,
                            size_t len)
{
  size_t n = 1;

  PetscFunctionBegin;
  for (int i = 0; i < v->ndims; i++) n *= count[i];
  PetscCall(ReadRaw(s, v, start, count, buf, msg, len));
  if (!*msg) HGPackingUnpack(&v->pack, n, buf);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGSourceExplain - Say what is wrong with a value

  Not Collective

  Input Parameters:
+ s   - the source
. v   - the variable
. at  - which value, by dimension of the variable
- len - length of the text

  Output Parameters:
+ value - unpacked; NaN if it is missing
- why   - the packed value, and why it is none
*/
PetscErrorCode HGSourceExplain(HGSource *s, const HGFileVar *v, const size_t at[], double *value, char *why, size_t len)
{
  const size_t one[HG_FILE_AXES]    = {1, 1, 1, 1, 1, 1};
  char         msg[HG_DATA_MESSAGE] = "";

  PetscFunctionBegin;
  PetscCall(ReadRaw(s, v, at, one, value, msg, sizeof(msg)));
  PetscCall(HGPackingExplain(&v->pack, value, why, len));
  HGPackingUnpack(&v->pack, 1, value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The variable of one image or one label for each sample */
static PetscErrorCode SetVariable(HGFileVar *v, int ndims, const PetscInt64 dim[], double scale)
{
  static const char *const names[] = {"sample", "time", "channel", "z", "y", "x"};

  PetscFunctionBegin;
  v->ndims = ndims;
  v->pack  = (HGPacking){.stored = NC_DOUBLE, .type = NC_DOUBLE, .scale = scale, .lo = {.r = -INFINITY}, .hi = {.r = INFINITY}};
  for (int i = 0; i < ndims; i++) {
    HGFileDim *d = &v->dim[i];

    d->id   = i;
    d->axis = (HGFileAxis)(i ? HG_FILE_AXES - ndims + i : HG_FILE_SAMPLE);
    PetscCall(HGAxisCopy(&(HGAxis){.name = (char *)names[d->axis], .n = (PetscInt)dim[i]}, &d->info));
  }
  PetscCall(PetscStrallocpy("", &v->pub.units));
  PetscCall(PetscStrallocpy("", &v->pub.standard_name));
  PetscCall(PetscStrallocpy("", &v->pub.long_name));
  PetscCall(HGFileVarSetSizes(v));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Those of the images */
static PetscErrorCode SetAxes(HGData d)
{
  const HGFileVar *v = d->part[HG_DATA_INPUT].var;

  PetscFunctionBegin;
  for (int i = 1; i < v->ndims; i++) {
    HGAxis *x = &d->axis[v->dim[i].axis - HG_FILE_Z];

    PetscCall(HGAxisFree(x));
    PetscCall(HGAxisCopy(&v->dim[i].info, x));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What all labels of a file are: the range, and the first sample of the dataset whose label is no class */
typedef struct {
  PetscInt   first, last, classes; /* classes: 0 if they are to be found */
  double     most, bad;
  PetscInt64 where; /* -1 for none */
} Labels;

static PetscErrorCode TakeLabels(PetscInt64 at, PetscInt n, const double v[], void *ctx)
{
  Labels *l = (Labels *)ctx;

  PetscFunctionBegin;
  for (PetscInt i = 0; i < n; i++) {
    const PetscBool inside = at + i >= l->first && (l->last < 0 || at + i < l->last) ? PETSC_TRUE : PETSC_FALSE;
    const PetscBool good   = v[i] >= 0 && v[i] == floor(v[i]) && (!l->classes || v[i] < (double)l->classes) ? PETSC_TRUE : PETSC_FALSE;

    l->most = PetscMax(l->most, v[i]);
    if (!inside || good || l->where >= 0) continue;
    l->where = at + i;
    l->bad   = v[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DescribeLabels(HGData d, PetscInt64 images, char *msg, size_t len)
{
  const char *prefix           = ((PetscObject)d)->prefix ? ((PetscObject)d)->prefix : "";
  Labels      l                = {d->first, d->last, d->asked_classes, -1, 0, -1};
  PetscInt64  dim[HG_IDX_AXES] = {0};
  HGIdx       f;
  int         ndims;

  PetscFunctionBegin;
  PetscCall(HGIdxOpen(d->labels, &f, msg, len));
  if (*msg) PetscFunctionReturn(PETSC_SUCCESS);
  HGIdxGetShape(f, &ndims, dim);
  if (ndims != 1) (void)snprintf(msg, len, "%s has %d dimensions; expected the labels of the images, one for each", d->labels, ndims);
  else if (dim[0] != images)
    (void)snprintf(
        msg, len, "%s has %" PetscInt64_FMT " labels, %s %" PetscInt64_FMT " images; choose the labels of these images with -%sdata_labels",
        d->labels, dim[0], d->file, images, prefix);
  else PetscCall(HGIdxReadAll(f, TakeLabels, &l, msg, len));
  HGIdxClose(&f);
  if (*msg) PetscFunctionReturn(PETSC_SUCCESS);
  if (l.where >= 0) {
    if (!l.classes)
      HGFileFail("sample %" PetscInt64_FMT " of %s has the label %g; expected whole numbers from 0", l.where, d->labels, l.bad);
    HGFileFail("sample %" PetscInt64_FMT " of %s has the label %g; expected whole numbers from 0 to %" PetscInt_FMT
               ", for -%sdata_classes %" PetscInt_FMT,
               l.where, d->labels, l.bad, l.classes - 1, prefix, l.classes);
  }
  d->classes = d->asked_classes ? d->asked_classes : (PetscInt)l.most + 1;
  PetscCall(SetVariable(&d->part[HG_DATA_TARGET].var[0], 1, dim, 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TakeNothing(PetscInt64 at, PetscInt n, const double v[], void *ctx)
{
  (void)at, (void)n, (void)v, (void)ctx;
  return PETSC_SUCCESS;
}

static PetscErrorCode DescribeIdx(HGData d, char *msg, size_t len)
{
  PetscInt64 dim[HG_IDX_AXES] = {0};
  HGIdx      f;
  int        ndims;

  PetscFunctionBegin;
  PetscCall(HGIdxOpen(d->file, &f, msg, len));
  if (*msg) PetscFunctionReturn(PETSC_SUCCESS);
  HGIdxGetShape(f, &ndims, dim);
  if (ndims < 2)
    (void)snprintf(msg, len,
                   "%s has one dimension, as files of labels have; give the images with -data_file and the labels with -data_labels",
                   d->file);
  else PetscCall(HGIdxReadAll(f, TakeNothing, NULL, msg, len));
  if (!*msg) {
    PetscCall(SetVariable(&d->part[HG_DATA_INPUT].var[0], ndims, dim, HGIdxHasBytes(f) ? 1. / 255 : 1));
    PetscCall(SetAxes(d));
  }
  HGIdxClose(&f);
  if (!*msg && d->labels) PetscCall(DescribeLabels(d, dim[0], msg, len));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode DescribeDigits(HGData d)
{
  const PetscInt64 dim[3] = {d->digits, 28, 28};

  PetscFunctionBegin;
  PetscCall(SetVariable(&d->part[HG_DATA_INPUT].var[0], 3, dim, 1));
  if (d->part[HG_DATA_TARGET].nvar) PetscCall(SetVariable(&d->part[HG_DATA_TARGET].var[0], 1, dim, 1));
  PetscCall(SetAxes(d));
  d->classes = 10;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGSourceDescribe - Find out what a dataset's files hold

  Not Collective, for rank 0

  Input Parameters:
+ d   - the dataset, whose variables have their names
- len - length of the message

  Output Parameter:
. msg - what is wrong
*/
PetscErrorCode HGSourceDescribe(HGData d, char *msg, size_t len)
{
  PetscFunctionBegin;
  switch (d->kind) {
  case HG_DATA_NETCDF:
    d->classes = d->asked_classes;
    PetscCall(HGDataDescribe(d, msg, len));
    break;
  case HG_DATA_IDX:
    PetscCall(DescribeIdx(d, msg, len));
    break;
  case HG_DATA_DIGITS:
    PetscCall(DescribeDigits(d));
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
