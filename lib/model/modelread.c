/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a model file. Rank 0 alone looks, and tells the others. */
#include "model/model_impl.h"
#include "sys/hgtext.h"
#include <errno.h>
#include <fcntl.h>
#include <netcdf.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the file ---- */

static PetscBool IsHeld(const char path[])
{
  const int       fd   = open(path, O_RDONLY | O_CLOEXEC);
  const PetscBool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK ? PETSC_TRUE : PETSC_FALSE;

  if (fd >= 0) (void)close(fd);
  return held;
}

static void LookAtFile(HGModel m)
{
  static const char hdf[8]   = "\211HDF\r\n\032\n";
  char              magic[8] = "";
  struct stat       st;
  FILE             *f;

  if (stat(m->path, &st)) {
    if (errno == ENOENT) HGModelFails(m, "there is no file %s", m->path);
    HGModelFails(m, "cannot read %s: %s", m->path, strerror(errno));
    return;
  }
  if (!S_ISREG(st.st_mode)) {
    HGModelFails(m, "%s is %s; expected a model file", m->path, S_ISDIR(st.st_mode) ? "a folder" : "not a regular file");
    return;
  }
  f = fopen(m->path, "rb");
  if (!f) HGModelFails(m, "cannot read %s: %s", m->path, strerror(errno));
  else if (fread(magic, 1, sizeof(magic), f) != sizeof(magic) || memcmp(magic, hdf, sizeof(hdf)))
    HGModelFails(m, "%s is no model file: it is %s; give one that `halograd train` wrote", m->path,
                 st.st_size ? "not in the netCDF-4 format" : "empty");
  if (f) (void)fclose(f);
}

/* HGModelOpenFile - Open the file on rank 0 */
void HGModelOpenFile(HGModel m)
{
  const int e = nc_open(m->path, NC_NOWRITE, &m->nc);
  if (!e) return;
  m->nc = -1;
  if (IsHeld(m->path)) HGModelFails(m, "cannot open %s: another program has it open to write", m->path);
  HGModelFails(m, "cannot open %s: %s; the file may be cut short or damaged", m->path,
               e == NC_EHDFERR ? "HDF5 refuses it" : nc_strerror(e));
}

/* ---- what it holds ---- */

static HGModelKind KindOf(nc_type type, size_t n)
{
  switch (type) {
  case NC_CHAR:
    return HG_MODEL_TEXT;
  case NC_STRING:
    return n == 1 ? HG_MODEL_TEXT : HG_MODEL_OTHER;
  case NC_BYTE:
  case NC_UBYTE:
  case NC_SHORT:
  case NC_USHORT:
  case NC_INT:
  case NC_UINT:
  case NC_INT64:
    return HG_MODEL_INT;
  case NC_FLOAT:
  case NC_DOUBLE:
    return HG_MODEL_REAL;
  default:
    return HG_MODEL_OTHER;
  }
}

static PetscErrorCode ReadString(HGModel m, int id, const char group[], const char name[])
{
  char         *s = NULL;
  HGModelEntry *e;

  PetscFunctionBegin;
  if (nc_get_att_string(id, NC_GLOBAL, name, &s) || !s) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGModelAdd(m, group, name, HG_MODEL_TEXT, strlen(s), &e));
  PetscCall(PetscArraycpy((char *)e->value, s, e->n));
  (void)nc_free_string(1, &s);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An attribute that cannot be read is left out: its reader or its checksum misses it */
static PetscErrorCode ReadAttribute(HGModel m, int id, const char group[], const char name[])
{
  nc_type       type;
  size_t        n;
  int           err = NC_NOERR;
  HGModelEntry *e;

  PetscFunctionBegin;
  if (nc_inq_att(id, NC_GLOBAL, name, &type, &n)) PetscFunctionReturn(PETSC_SUCCESS);
  if (type == NC_STRING && n == 1) {
    PetscCall(ReadString(m, id, group, name));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(HGModelAdd(m, group, name, KindOf(type, n), n, &e));
  if (e->kind == HG_MODEL_TEXT) err = nc_get_att_text(id, NC_GLOBAL, name, (char *)e->value);
  else if (e->kind == HG_MODEL_INT) err = nc_get_att_longlong(id, NC_GLOBAL, name, (long long *)e->value);
  else if (e->kind == HG_MODEL_REAL) err = nc_get_att_double(id, NC_GLOBAL, name, (double *)e->value);
  if (err) e->kind = HG_MODEL_OTHER;
  if (e->kind == HG_MODEL_TEXT) e->n = strlen((const char *)e->value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadShape(HGModel m, int id, int var, const char group[])
{
  char          name[NC_MAX_NAME + 1] = "";
  nc_type       type                  = NC_CHAR;
  int           ndim                  = 0, dim[NC_MAX_VAR_DIMS];
  HGModelEntry *e;

  PetscFunctionBegin;
  if (nc_inq_var(id, var, name, &type, &ndim, NULL, NULL) || ndim > HG_MODEL_DIMS) PetscFunctionReturn(PETSC_SUCCESS);
  if (type == NC_CHAR || type >= NC_STRING || nc_inq_vardimid(id, var, dim)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGModelAdd(m, group, name, HG_MODEL_ARRAY, 0, &e));
  e->ndim = ndim;
  for (int i = 0; i < ndim; i++)
    if (nc_inq_dimlen(id, dim[i], &e->shape[i])) e->kind = HG_MODEL_OTHER;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadGroup(HGModel m, int id, const char group[])
{
  int natts = 0, nvars = 0;

  PetscFunctionBegin;
  (void)nc_inq(id, NULL, &nvars, &natts, NULL);
  for (int i = 0; i < natts; i++) {
    char name[NC_MAX_NAME + 1] = "";

    if (!nc_inq_attname(id, NC_GLOBAL, i, name)) PetscCall(ReadAttribute(m, id, group, name));
  }
  for (int i = 0; i < nvars; i++) PetscCall(ReadShape(m, id, i, group));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGModelReadTable - Read all attributes, and names and shapes of all arrays, of the root and its groups

  Not Collective, for rank 0
*/
PetscErrorCode HGModelReadTable(HGModel m)
{
  int n = 0, *group;

  PetscFunctionBegin;
  PetscCall(ReadGroup(m, m->nc, ""));
  (void)nc_inq_grps(m->nc, &n, NULL);
  PetscCall(PetscMalloc1(n, &group));
  if (nc_inq_grps(m->nc, &n, group)) n = 0;
  for (int i = 0; i < n; i++) {
    char name[NC_MAX_NAME + 1] = "";

    if (!nc_inq_grpname(group[i], name)) PetscCall(ReadGroup(m, group[i], name));
  }
  PetscCall(PetscFree(group));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void CheckFormat(HGModel m)
{
  const HGModelEntry *e = HGModelFind(m, "", "halograd_format");
  PetscInt64          format;

  if (!e) {
    HGModelFails(m, "%s is no model file: it has no attribute halograd_format; give one that `halograd train` wrote", m->path);
    return;
  }
  format = e->kind == HG_MODEL_INT && e->n == 1 ? *(PetscInt64 *)e->value : -1;
  if (format < 1 || format > HG_MODEL_FORMAT)
    HGModelFails(m, "%s has %s model format %lld; this version reads formats 1 to %d", m->path, format < 0 ? "an unknown" : "the",
                 (long long)format, HG_MODEL_FORMAT);
  m->format = (PetscInt)format;
}

/*@C
   HGModelOpen - Open a model file, and read all but its arrays

   Collective

   Input Parameters:
+  comm - the ranks
-  path - the file

   Output Parameter:
.  model - the model; destroy it to close the file

   Options Database Key:
.  -model_verify 0|1 - compare contents with their checksums (default 1); 0 is for files that were edited on purpose

   Level: advanced

   Errors:
   A file that is missing, no model file, cut short, damaged (names the section or array), or of a format that this version does not know.

.seealso: `HGModelGetText()`, `HGModelGetInt()`, `HGModelGetReals()`, `HGModelGetArray()`, `HGModelDestroy()`
@*/
PetscErrorCode HGModelOpen(MPI_Comm comm, const char path[], HGModel *model)
{
  HGModel        m;
  PetscBool      verify = PETSC_TRUE;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-model_verify", &verify, NULL));
  PetscCall(HGModelNew(comm, &m));
  PetscCall(PetscStrallocpy(path, &m->path));
  if (!m->rank) {
    LookAtFile(m);
    if (!*m->msg && verify) PetscCall(HGModelCheckBytes(m));
    if (!*m->msg) HGModelOpenFile(m);
    if (!*m->msg) PetscCall(HGModelReadTable(m));
    if (!*m->msg) CheckFormat(m);
    if (!*m->msg && verify && m->format > 1) PetscCall(HGModelCheckSums(m));
  }
  e = HGModelRaise(m);
  if (e) {
    PetscCall(HGModelDestroy(&m));
    PetscCall(e);
  }
  PetscCallMPI(MPI_Bcast(&m->format, 1, MPIU_INT, 0, m->comm));
  *model = m;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- getting ---- */

/*@C
   HGModelHas - Whether a model has an attribute or an array

   Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
-  name  - the attribute or array

   Output Parameter:
.  has - whether it has

   Level: advanced

.seealso: `HGModelGetText()`
@*/
PetscErrorCode HGModelHas(HGModel m, const char group[], const char name[], PetscBool *has)
{
  int found = 0;

  PetscFunctionBegin;
  if (!m->rank) found = HGModelFind(m, group, name) ? 1 : 0;
  PetscCallMPI(MPI_Bcast(&found, 1, MPI_INT, 0, m->comm));
  *has = found ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The attribute, on rank 0, after a look at its type; NULL if something is wrong */
static const HGModelEntry *Expect(HGModel m, const char group[], const char name[], HGModelKind kind)
{
  static const char *const words[] = {"text", "a whole number", "numbers", "an array", "a value of another type"};
  const HGModelEntry      *e       = HGModelFind(m, group, name);

  if (!e) HGModelFails(m, "%s has no attribute %s%s%s; it is no model file, or damaged", m->path, group, *group ? "/" : "", name);
  else if (e->kind != kind && !(kind == HG_MODEL_REAL && e->kind == HG_MODEL_INT))
    HGModelFails(m, "%s: the attribute %s%s%s is %s; expected %s", m->path, group, *group ? "/" : "", name, words[e->kind], words[kind]);
  return *m->msg ? NULL : e;
}

static void ExpectCount(HGModel m, const HGModelEntry *e, PetscInt n)
{
  if (e && e->n != (size_t)n)
    HGModelFails(m, "%s: the attribute %s%s%s has %zu values; expected %" PetscInt_FMT, m->path, e->group, *e->group ? "/" : "", e->name,
                 e->n, n);
}

/*@C
   HGModelGetText - Get a text

   Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
-  name  - the attribute

   Output Parameter:
.  text - its value; the model's, do not free

   Level: advanced

   Errors:
   No such attribute, or one that is no text.

.seealso: `HGModelPutText()`
@*/
PetscErrorCode HGModelGetText(HGModel m, const char group[], const char name[], const char *text[])
{
  const HGModelEntry *e = NULL;
  HGModelEntry       *copy;
  PetscInt64          n = 0;

  PetscFunctionBegin;
  if (!m->rank) e = Expect(m, group, name, HG_MODEL_TEXT);
  if (e) n = (PetscInt64)e->n;
  PetscCall(HGModelRaise(m));
  PetscCallMPI(MPI_Bcast(&n, 1, MPIU_INT64, 0, m->comm));
  if (m->rank) {
    PetscCall(HGModelAdd(m, group, name, HG_MODEL_TEXT, (size_t)n, &copy));
    e = copy;
  }
  PetscCallMPI(MPI_Bcast(e->value, (PetscMPIInt)n, MPI_CHAR, 0, m->comm));
  *text = (const char *)e->value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelGetInt - Get a whole number that lies in a range

   Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
.  name  - the attribute
.  least - the least value that makes sense
-  most  - the largest

   Output Parameter:
.  value - its value

   Level: advanced

   Errors:
   No such attribute, one that is no whole number, several, or one out of range.

.seealso: `HGModelPutInt()`
@*/
PetscErrorCode HGModelGetInt(HGModel m, const char group[], const char name[], PetscInt64 least, PetscInt64 most, PetscInt64 *value)
{
  const HGModelEntry *e = NULL;

  PetscFunctionBegin;
  *value = least;
  if (!m->rank) e = Expect(m, group, name, HG_MODEL_INT);
  ExpectCount(m, e, 1);
  if (e && !*m->msg) {
    *value = *(PetscInt64 *)e->value;
    if (*value < least || *value > most)
      HGModelFails(m, "%s: the attribute %s%s%s is %lld; expected a whole number from %lld to %lld", m->path, group, *group ? "/" : "",
                   name, (long long)*value, (long long)least, (long long)most);
  }
  PetscCall(HGModelRaise(m));
  PetscCallMPI(MPI_Bcast(value, 1, MPIU_INT64, 0, m->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelCheckCount - Check how many numbers an attribute has, before memory is allocated for them

   Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
.  name  - the attribute
-  n     - how many there should be

   Level: advanced

   Errors:
   No such attribute, one that is no numbers, more or fewer.

.seealso: `HGModelGetReals()`
@*/
PetscErrorCode HGModelCheckCount(HGModel m, const char group[], const char name[], PetscInt n)
{
  PetscFunctionBegin;
  if (!m->rank) ExpectCount(m, Expect(m, group, name, HG_MODEL_REAL), n);
  PetscCall(HGModelRaise(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void TakeReals(HGModel m, const HGModelEntry *e, PetscReal least, PetscReal most, PetscReal value[])
{
  for (size_t i = 0; i < e->n; i++) {
    const double v = e->kind == HG_MODEL_INT ? (double)((PetscInt64 *)e->value)[i] : ((double *)e->value)[i];

    if (!(v >= least && v <= most)) /* NaN is not */
      HGModelFails(m, "%s: the attribute %s%s%s has the value %g; expected a %s number", m->path, e->group, *e->group ? "/" : "", e->name,
                   v, least > 0 ? "positive" : "finite");
    value[i] = (PetscReal)v;
  }
}

/*@C
   HGModelGetReals - Get numbers that lie in a range

   Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
.  name  - the attribute
.  n     - how many there should be
.  least - the least value that makes sense
-  most  - the largest

   Output Parameter:
.  value - the numbers

   Level: advanced

   Shape:
   value: [n]

   Errors:
   No such attribute, one that is no numbers, more or fewer, one out of range or not a number.

.seealso: `HGModelPutReals()`
@*/
PetscErrorCode HGModelGetReals(HGModel m, const char group[], const char name[], PetscInt n, PetscReal least, PetscReal most,
                               PetscReal value[])
{
  const HGModelEntry *e = NULL;

  PetscFunctionBegin;
  if (!m->rank) e = Expect(m, group, name, HG_MODEL_REAL);
  ExpectCount(m, e, n);
  if (e && !*m->msg) TakeReals(m, e, least, most, value);
  PetscCall(HGModelRaise(m));
  PetscCallMPI(MPI_Bcast(value, (PetscMPIInt)n, MPIU_REAL, 0, m->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- arrays ---- */

/*@C
   HGModelGetArrayNames - Get the names of a group's arrays

   Collective

   Input Parameters:
+  m     - the model
-  group - the group, "" for the root

   Output Parameter:
.  names - their names with commas, in the order of the file; to be freed

   Level: advanced

.seealso: `HGModelGetArray()`
@*/
PetscErrorCode HGModelGetArrayNames(HGModel m, const char group[], char **names)
{
  HGText     text = {0};
  PetscInt64 n;

  PetscFunctionBegin;
  PetscCall(HGTextAppend(&text, "%s", ""));
  for (PetscInt i = 0; i < m->n && !m->rank; i++)
    if (m->entry[i].kind == HG_MODEL_ARRAY && *m->entry[i].name && !strcmp(m->entry[i].group, group))
      PetscCall(HGTextAppend(&text, "%s%s", text.used ? ", " : "", m->entry[i].name));
  n = (PetscInt64)text.used + 1;
  PetscCallMPI(MPI_Bcast(&n, 1, MPIU_INT64, 0, m->comm));
  if (m->rank) PetscCall(PetscRealloc((size_t)n, &text.text));
  PetscCallMPI(MPI_Bcast(text.text, (PetscMPIInt)n, MPI_CHAR, 0, m->comm));
  *names = text.text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool HasShape(HGModel m, const HGModelEntry *e, const HGModelEntry *want)
{
  char found[256], expected[256];

  HGModelShapeText(e, found, sizeof(found));
  HGModelShapeText(want, expected, sizeof(expected));
  if (!strcmp(found, expected)) return PETSC_TRUE;
  HGModelFails(m, "%s does not fit the network: %s has %s%s, the network %s%s; check the -net_... options", m->path,
               *e->group ? e->group : "the file", e->name, found, e->name, expected);
  return PETSC_FALSE;
}

/* The array, on rank 0, after a look at its shape; NULL if something is wrong */
static const HGModelEntry *ExpectArray(HGModel m, const char group[], const char name[], const HGModelEntry *want)
{
  const HGModelEntry *e = HGModelFind(m, group, name);

  if (!e || e->kind != HG_MODEL_ARRAY)
    HGModelFails(m, "%s does not fit the network: %s has no array %s; check the -net_... options", m->path, *group ? group : "the file",
                 name);
  else if (HasShape(m, e, want)) return e;
  return NULL;
}

/* What this rank wants has to be among n elements */
static void CheckWanted(HGModel m, const char group[], const char name[], size_t n, PetscInt nruns, const HGModelRun run[])
{
  PetscInt64 end = 0;

  for (PetscInt i = 0; i < nruns; i++) {
    if (run[i].file < end || run[i].count < 0 || run[i].local < 0 || run[i].count > (PetscInt64)n - run[i].file)
      HGModelFails(m, "%s/%s: run %" PetscInt_FMT " of rank %d is not in ascending order, or not among the array's %zu elements", group,
                   name, i, m->rank, n);
    end = run[i].file + run[i].count;
  }
}

/*@C
   HGModelGetRuns - Get the parts of an array of an expected shape that each rank wants

   Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
.  name  - the variable
.  ndim  - number of dimensions, at most 8
.  shape - their lengths
.  type  - of the values, whatever that of the variable
.  nruns - how many parts this rank wants, perhaps none
-  runs  - the parts, in ascending order of `file`; several ranks may want the same

   Output Parameter:
.  value - the numbers that `runs` speak of

   Level: advanced

   Shape:
   shape: [ndim]
   runs: [nruns]

   Note:
   All of the array is read and compared with its checksum, whatever the ranks want of it.

   Errors:
   No such variable, another shape, values that do not have their checksum, are not finite, or too large for f32 where that is wanted.

.seealso: `HGModelPutRuns()`, `HGModelRun`, `HGModelGetArray()`, `HGModelGetVec()`
@*/
PetscErrorCode HGModelGetRuns(HGModel m, const char group[], const char name[], PetscInt ndim, const PetscInt shape[], HGDType type,
                              PetscInt nruns, const HGModelRun runs[], void *value)
{
  const HGModelEntry *e = NULL;
  HGModelEntry        want;

  PetscFunctionBegin;
  PetscCall(HGModelCheckShape(m, group, name, ndim, shape, &want));
  if (!m->rank) e = ExpectArray(m, group, name, &want);
  CheckWanted(m, group, name, want.n, nruns, runs);
  PetscCall(HGModelRaise(m));
  PetscCall(HGModelGetRunsOf(m, e, type, nruns, runs, value));
  PetscCall(HGModelRaise(m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGModelGetArray - Get an array of an expected shape

   Collective

   Input Parameters:
+  m     - the model
.  group - the group, "" for the root
.  name  - the variable
.  ndim  - number of dimensions, at most 8
-  shape - their lengths

   Output Parameter:
.  value - the numbers, on rank 0; on others it may be NULL

   Level: advanced

   Errors:
   No such variable, another shape, values that do not have their checksum, or are not finite.

.seealso: `HGModelPutArray()`, `HGModelGetRuns()`, `HGModelGetVec()`
@*/
PetscErrorCode HGModelGetArray(HGModel m, const char group[], const char name[], PetscInt ndim, const PetscInt shape[], PetscScalar value[])
{
  HGModelEntry want;
  HGModelRun   all = {0};

  PetscFunctionBegin;
  PetscCall(HGModelCheckShape(m, group, name, ndim, shape, &want));
  all.count = (PetscInt64)want.n;
  PetscCall(HGModelGetRuns(m, group, name, ndim, shape, sizeof(*value) == sizeof(float) ? HG_F32 : HG_F64, m->rank ? 0 : 1, &all, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}
