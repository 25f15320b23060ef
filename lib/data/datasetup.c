/* SPDX-License-Identifier: BSD-2-Clause */
#include "data/source.h"
#include <stdio.h>
#include <string.h>

/* Names that may be those that are set now, which are freed before the new ones are used */
static PetscErrorCode SetNames(HGData d, const char input[], const char target[])
{
  char *names[2];

  PetscFunctionBegin;
  PetscCall(PetscStrallocpy(input, &names[0]));
  PetscCall(PetscStrallocpy(target, &names[1]));
  PetscCall(HGDataSetVariables(d, names[0], names[1]));
  for (int i = 0; i < 2; i++) PetscCall(PetscFree(names[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataSetFromOptions - Set a dataset from the options database

   Collective

   Input Parameter:
.  d - the dataset

   Options Database Keys:
+  -data_file file             - netCDF file, or IDX file of images, plain or compressed by gzip
.  -data_labels file           - IDX file of the labels of the images
.  -data_classes n             - the target has classes, 0 to n - 1 (default for labels: as many as they need)
.  -data_digits n              - draw n images of digits instead of reading a file
.  -data_digits_seed s         - which ones (default 1)
.  -data_input names           - input variables, with commas
.  -data_target names          - target variables, with commas, or none
.  -data_sample_dim name       - the dimension that counts samples
.  -data_range first,last      - samples first to last-1 (default: all)
.  -data_normalize none|global - scale each channel to mean 0 and deviation 1, or not (default none)
.  -data_shuffle 0|1           - the samples of an epoch in random order (default 1)
-  -data_view                  - print it when it has been loaded

   Level: beginner

   Errors:
   A range that is not two numbers and an unknown way to normalise are refused.

.seealso: `HGDataSetOptionsPrefix()`, `HGDataSetUp()`
@*/
PetscErrorCode HGDataSetFromOptions(HGData d)
{
  static const char *const ways[] = {"none", "global"};
  const char              *input, *target, *sample = d->sample_dim ? d->sample_dim : "",
                              *prefix = ((PetscObject)d)->prefix ? ((PetscObject)d)->prefix : "";
  PetscInt  classes = d->asked_classes, digits = d->digits, seed = d->digits ? (PetscInt)d->digits_seed : 1;
  PetscInt  range[2] = {d->first, d->last}, way = d->normalize;
  PetscBool set, set_digits, set_target;
  char      path[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  PetscCall(HGDataGetVariables(d, &input, &target));
  PetscObjectOptionsBegin((PetscObject)d);
  PetscCall(PetscStrncpy(path, d->labels ? d->labels : "", sizeof(path)));
  PetscCall(HGOptionsPath(PetscOptionsObject, "-data_labels", "IDX file of the labels of the images", "HGDataSetLabels", path, &set));
  if (set) PetscCall(HGDataSetLabels(d, path));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-data_classes",
                         "the target has classes, 0 to n - 1 (default for labels: as many as they need)", "HGDataSetClasses", 0,
                         PETSC_MAX_INT, &classes, &set));
  if (set) PetscCall(HGDataSetClasses(d, classes));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-data_digits", "draw so many images of digits instead of reading a file", "HGDataSetDigits",
                         1, PETSC_MAX_INT, &digits, &set_digits));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-data_digits_seed", "which digits", "HGDataSetDigits", 0, PETSC_MAX_INT, &seed, NULL));
  PetscCall(PetscStrncpy(path, d->file ? d->file : "", sizeof(path)));
  PetscCall(HGOptionsPath(PetscOptionsObject, "-data_file", "netCDF or IDX file of the samples", "HGDataSetFile", path, &set));
  HGCheck(!set || !set_digits, PetscObjectComm((PetscObject)d), "-%sdata_file and -%sdata_digits: give one of them", prefix, prefix);
  if (set) PetscCall(HGDataSetFile(d, path));
  if (set_digits) PetscCall(HGDataSetDigits(d, digits, seed));
  PetscCall(HGOptionsString(PetscOptionsObject, "-data_input", "input variables, with commas", "HGDataSetVariables", &input, &set));
  PetscCall(HGOptionsString(PetscOptionsObject, "-data_target", "target variables, with commas, or none", "HGDataSetVariables", &target,
                            &set_target));
  if (set || set_target) PetscCall(SetNames(d, input, target));
  PetscCall(HGOptionsString(PetscOptionsObject, "-data_sample_dim",
                            "dimension that counts samples (default: as names and CF attributes tell)", "HGDataSetSampleDim", &sample,
                            &set));
  if (set) PetscCall(HGDataSetSampleDim(d, sample));
  PetscCall(HGOptionsRange(PetscOptionsObject, "-data_range", "samples, from first to last - 1", "HGDataSetRange", range, &set));
  if (set) PetscCall(HGDataSetRange(d, range[0], range[1]));
  PetscCall(HGOptionsChoice(PetscOptionsObject, "-data_normalize", "none, or global: each channel to mean 0 and deviation 1",
                            "HGDataSetNormalize", ways, 2, &way, &set));
  if (set) PetscCall(HGDataSetNormalize(d, (HGNormalize)way));
  PetscCall(
      HGOptionsBool(PetscOptionsObject, "-data_shuffle", "the samples of an epoch in random order", "HGDataSetShuffle", &d->shuffle, NULL));
  PetscCall(HGOptionsView(PetscOptionsObject, "-data_view", "print file, variables, samples and constants when they are loaded"));
  PetscCall(PetscObjectProcessOptionsHandlers((PetscObject)d, PetscOptionsObject));
  PetscOptionsEnd();
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cuts the list of names at its commas */
static PetscErrorCode SplitNames(HGData d, HGDataRole role)
{
  MPI_Comm    comm   = PetscObjectComm((PetscObject)d);
  const char *prefix = ((PetscObject)d)->prefix ? ((PetscObject)d)->prefix : "", *what = role ? "target" : "input";
  HGDataPart *part = &d->part[role];
  PetscInt    n    = 0;

  PetscFunctionBegin;
  for (const char *c = part->list; c && *c; c++) n += c == part->list ? 1 + (*c == ',') : *c == ',';
  PetscCall(PetscCalloc1(n, &part->var));
  part->nvar = n;
  for (const char *name = part->list, *end; n; name = end + (*end == ','), n--) {
    const PetscInt i = part->nvar - n;

    end = name + strcspn(name, ",");
    HGCheck(end > name, comm,
            "-%sdata_%s %.600s: the name of variable %" PetscInt_FMT " is empty; give names with single commas between them", prefix, what,
            part->list, i + 1);
    PetscCall(PetscMalloc1((size_t)(end - name) + 1, &part->var[i].pub.name));
    PetscCall(PetscStrncpy(part->var[i].pub.name, name, (size_t)(end - name) + 1));
    for (PetscInt k = 0; k < i; k++)
      HGCheck(strcmp(part->var[k].pub.name, part->var[i].pub.name), comm, "-%sdata_%s %.600s: variable \"%s\" is given twice", prefix, what,
              part->list, part->var[i].pub.name);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the file is; an IDX file and drawn digits have one variable each for input and target */
static PetscErrorCode FindKind(HGData d)
{
  MPI_Comm    comm   = PetscObjectComm((PetscObject)d);
  const char *prefix = ((PetscObject)d)->prefix ? ((PetscObject)d)->prefix : "", *names[2];
  PetscBool   idx    = PETSC_FALSE;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank && !d->digits) PetscCall(HGIdxIs(d->file, &idx));
  PetscCallMPI(MPI_Bcast(&idx, 1, HG_MPI_BOOL, 0, comm));
  d->kind = d->digits ? HG_DATA_DIGITS : idx ? HG_DATA_IDX : HG_DATA_NETCDF;
  HGCheck(!d->labels || d->kind == HG_DATA_IDX, comm, "-%sdata_labels %s goes with an IDX file of images; %s is none", prefix, d->labels,
          d->file);
  if (d->kind == HG_DATA_NETCDF) PetscFunctionReturn(PETSC_SUCCESS);
  HGCheck(!d->sample_dim, comm, "-%sdata_sample_dim %s goes with a netCDF file; %s is none", prefix, d->sample_dim, d->file);
  HGCheck(d->kind != HG_DATA_DIGITS || !d->asked_classes || d->asked_classes == 10, comm,
          "-%sdata_classes %" PetscInt_FMT ": there are 10 digits", prefix, d->asked_classes);
  names[HG_DATA_INPUT]  = "image";
  names[HG_DATA_TARGET] = d->kind == HG_DATA_DIGITS || d->labels ? "label" : NULL;
  for (int r = 0; r < 2; r++) {
    char **list = &d->part[r].list;

    HGCheck(!*list || !strcmp(*list, r ? "label" : "image"), comm, "-%sdata_%s %s: %s has no variables but image%s; leave the option out",
            prefix, r ? "target" : "input", *list, d->file, names[1] ? " and label" : "");
    HGCheck(!*list || names[r], comm, "no labels for the images of %s; choose the file with -%sdata_labels", d->file, prefix);
    if (!*list && names[r]) PetscCall(PetscStrallocpy(names[r], list));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode TakeSizes(HGData d)
{
  const HGFileVar *ref = d->part[HG_DATA_INPUT].var;

  PetscFunctionBegin;
  d->samples = ref->len[HG_FILE_SAMPLE];
  d->dim     = 0;
  for (int a = 0; a < 3; a++) {
    d->grid[a] = ref->len[HG_FILE_Z + a];
    if (ref->pos[HG_FILE_Z + a] >= 0) d->dim++;
  }
  for (int r = 0; r < 2; r++) {
    d->part[r].channels = 0;
    for (PetscInt i = 0; i < d->part[r].nvar; i++) {
      d->part[r].var[i].pub.first = d->part[r].channels;
      d->part[r].channels += d->part[r].var[i].pub.channels;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckSet(HGData d)
{
  MPI_Comm    comm   = PetscObjectComm((PetscObject)d);
  const char *prefix = ((PetscObject)d)->prefix ? ((PetscObject)d)->prefix : "";

  PetscFunctionBegin;
  d->end = d->last < 0 ? d->samples : d->last;
  HGCheck(d->end <= d->samples, comm,
          "samples [%" PetscInt_FMT ", %" PetscInt_FMT ") are not all in %s, which has %" PetscInt_FMT "; choose within 0,%" PetscInt_FMT
          " with -%s%srange",
          d->first, d->end, d->file, d->samples, d->samples, prefix, HGDataOption(d));
  HGCheck(d->first >= 0 && d->first < d->end, comm,
          "samples [%" PetscInt_FMT ", %" PetscInt_FMT ") of %s are none; choose first < last within 0,%" PetscInt_FMT " with -%s%srange",
          d->first, d->end, d->file, d->samples, prefix, HGDataOption(d));
  for (int r = 0; r < 2; r++) {
    const HGDataPart *p = &d->part[r];

    if (r && d->optional) {
      if (p->fixed && p->nfixed != p->channels) PetscCall(HGDataDropTarget(d));
      continue;
    }
    HGCheck(!p->classes || p->channels == 1, comm,
            "the target %s of %s has %" PetscInt_FMT " channels; -%sdata_classes needs one, the class", p->list, d->file, p->channels,
            prefix);
    HGCheck(!p->fixed || !p->nvar || p->classes || p->nfixed == p->channels, comm,
            "the %s %s of %s has %" PetscInt_FMT " channels, the given normalisation constants are for %" PetscInt_FMT
            "; choose other variables with -%sdata_%s",
            r ? "target" : "input", p->list, d->file, p->channels, p->nfixed, prefix, r ? "target" : "input");
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGDataSetUp - Look at the file and check that it holds what was set

   Collective

   Input Parameter:
.  d - the dataset

   Level: beginner

   Note:
   Rank 0 opens the file and tells the others. No values are read yet, see `HGDataLoad()`.

   Errors:
   A file that is missing, unreadable, not netCDF, cut short or held open by a program that writes to it; a name that is empty or given twice; a
   variable that is not there or holds no numbers, or has an attribute that cannot be honoured (`scale_factor = "0.1"`); dimensions that are
   not sample, [time,] [channel,] [z,] y, x in some order; variables that differ in samples or grid; zero samples; an empty range; an IDX file that is cut
   short, goes on too long, or is damaged; labels that are not as many as the images, or no classes.

.seealso: `HGDataSetFromOptions()`, `HGDataGetSizes()`, `HGDataLoad()`
@*/
PetscErrorCode HGDataSetUp(HGData d)
{
  MPI_Comm    comm                 = PetscObjectComm((PetscObject)d);
  const char *prefix               = ((PetscObject)d)->prefix ? ((PetscObject)d)->prefix : "";
  char        msg[HG_DATA_MESSAGE] = "";
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  if (d->setup) PetscFunctionReturn(PETSC_SUCCESS);
  HGCheck(d->file && *d->file, comm, "no data file; choose one with -%s%sfile", prefix, HGDataOption(d));
  PetscCall(FindKind(d));
  HGCheck(d->part[HG_DATA_INPUT].list, comm, "no input variable for %s; choose one or more with -%sdata_input", d->file, prefix);
  for (int r = 0; r < 2; r++) {
    const PetscErrorCode e = SplitNames(d, (HGDataRole)r);

    if (e) PetscCall(HGDataReset(d));
    PetscCall(e);
  }
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!rank) PetscCall(HGSourceDescribe(d, msg, sizeof(msg)));
  PetscCall(HGAgreeOnMessage(comm, msg, sizeof(msg)));
  if (*msg) PetscCall(HGDataReset(d));
  HGCheck(!*msg, comm, "%s", msg);
  PetscCall(HGDataShareDescription(d));
  PetscCall(TakeSizes(d));
  PetscCall(CheckSet(d));
  d->setup = PETSC_TRUE;
  if (d->training) PetscCall(HGDataCompare(d, d->training, "the training data"));
  if (d->training && d->optional) PetscCall(HGDataTakeTrainingTargets(d));
  PetscCall(TakeSizes(d));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ViewPart(HGData d, HGDataRole role, PetscViewer viewer)
{
  const HGDataPart *p = &d->part[role];

  PetscFunctionBegin;
  PetscCall(PetscViewerASCIIPrintf(viewer, "%s: %s", role ? "target" : "input", p->list ? p->list : "none"));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_FALSE));
  if (p->classes) PetscCall(PetscViewerASCIIPrintf(viewer, ", %" PetscInt_FMT " classes", p->classes));
  if (p->channels) PetscCall(PetscViewerASCIIPrintf(viewer, ", %" PetscInt_FMT " channel%s", p->channels, p->channels > 1 ? "s" : ""));
  PetscCall(PetscViewerASCIIPrintf(viewer, "\n"));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_TRUE));
  for (PetscInt c = 0; d->partition && c < p->channels; c++) {
    if (p->mean[c] != 0 || p->dev[c] != 1)
      PetscCall(
          PetscViewerASCIIPrintf(viewer, "  channel %" PetscInt_FMT ": mean %g, deviation %g\n", c, (double)p->mean[c], (double)p->dev[c]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGDataView - Print a dataset

   Collective

   Input Parameters:
+  d      - the dataset
-  viewer - an ASCII viewer, or NULL for standard output

   Options Database Key:
.  -data_view - print it when it has been loaded

   Level: beginner

.seealso: `HGDataSetUp()`
@*/
PetscErrorCode HGDataView(HGData d, PetscViewer viewer)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(d, HG_DATA_CLASSID, 1);
  if (!viewer) PetscCall(PetscViewerASCIIGetStdout(PetscObjectComm((PetscObject)d), &viewer));
  PetscCall(PetscViewerASCIIPrintf(viewer, "HGData%s%s\n", ((PetscObject)d)->prefix ? ", options prefix " : "",
                                   ((PetscObject)d)->prefix ? ((PetscObject)d)->prefix : ""));
  PetscCall(PetscViewerASCIIPushTab(viewer));
  PetscCall(PetscViewerASCIIPrintf(viewer, "file: %s\n", d->file ? d->file : "not set"));
  if (d->setup) {
    PetscCall(PetscViewerASCIIPrintf(viewer, "samples: %" PetscInt_FMT " to %" PetscInt_FMT " of %" PetscInt_FMT " (%s)\n", d->first,
                                     d->end - 1, d->samples, d->part[0].var[0].dim[d->part[0].var[0].pos[HG_FILE_SAMPLE]].info.name));
    PetscCall(PetscViewerASCIIPrintf(viewer, "grid: "));
    PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_FALSE));
    for (int a = 3 - (int)d->dim; a < 3; a++)
      PetscCall(PetscViewerASCIIPrintf(viewer, "%s%s=%" PetscInt_FMT, a > 3 - (int)d->dim ? ", " : "", d->axis[a].name, d->grid[a]));
    PetscCall(PetscViewerASCIIPrintf(viewer, "\n"));
    PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_TRUE));
  }
  PetscCall(ViewPart(d, HG_DATA_INPUT, viewer));
  PetscCall(ViewPart(d, HG_DATA_TARGET, viewer));
  PetscCall(PetscViewerASCIIPopTab(viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}
