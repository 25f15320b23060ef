/* SPDX-License-Identifier: BSD-2-Clause */
/* Model files of coordinate networks: netCDF-4, a group for each layer with weight(out, in) and bias(out). Rank 0 alone handles the file. */
#include "net/coord_impl.h"
#include <errno.h>
#include <netcdf.h>
#include <stdio.h>
#include <unistd.h>

#define FORMAT 1

typedef struct {
  const char *path;
  int         nc;
  char        msg[1024]; /* what went wrong on rank 0; empty while all is well */
} Model;

#define Try(m, call)                                                                          \
  do {                                                                                        \
    int e_ = *(m)->msg ? NC_NOERR : (call);                                                   \
    if (e_) (void)snprintf((m)->msg, sizeof((m)->msg), "%s: %s", (m)->path, nc_strerror(e_)); \
  } while (0)

static void PutArray(Model *m, int group, const char *name, PetscInt rows, PetscInt columns, const double *v)
{
  int dim[2], id = -1, n = 0;

  Try(m, nc_def_dim(group, columns ? "weight_0" : "bias_0", (size_t)rows, &dim[n++]));
  if (columns) Try(m, nc_def_dim(group, "weight_1", (size_t)columns, &dim[n++]));
  Try(m, nc_def_var(group, name, NC_DOUBLE, n, dim, &id));
  Try(m, nc_put_var_double(group, id, v));
}

static void PutText(Model *m, const char *name, const char *text)
{
  Try(m, nc_put_att_text(m->nc, NC_GLOBAL, name, strlen(text), text));
}

static void WriteModel(Model *m, HGCoordNet net, const char *options, const char *problem, const double *p)
{
  char      temporary[PETSC_MAX_PATH_LEN + 8];
  const int format = FORMAT;
  int       open;

  (void)snprintf(temporary, sizeof(temporary), "%s.part", m->path);
  Try(m, nc_create(temporary, NC_NETCDF4 | NC_CLOBBER, &m->nc));
  open = !*m->msg;
  Try(m, nc_put_att_int(m->nc, NC_GLOBAL, "halograd_format", NC_INT, 1, &format));
  PutText(m, "net_options", options);
  PutText(m, "problem_options", problem);
  Try(m, nc_put_att_double(m->nc, NC_GLOBAL, "input_mean", NC_DOUBLE, (size_t)net->dim, net->centre));
  Try(m, nc_put_att_double(m->nc, NC_GLOBAL, "input_scale", NC_DOUBLE, (size_t)net->dim, net->scale));
  for (PetscInt l = 0; l < net->nlayers; l++) {
    const HGCoordLayer *y = &net->layer[l];
    char                name[32];
    int                 group = -1;

    (void)snprintf(name, sizeof(name), "fc%d", (int)l + 1);
    Try(m, nc_def_grp(m->nc, name, &group));
    PutArray(m, group, "weight", y->cout, y->cin, p + y->weight);
    PutArray(m, group, "bias", y->cout, 0, p + y->bias);
  }
  if (open) {
    const int e = nc_close(m->nc);

    Try(m, e);
  }
  if (!*m->msg && rename(temporary, m->path))
    (void)snprintf(m->msg, sizeof(m->msg), "cannot give %s its name: %s", m->path, strerror(errno));
  if (*m->msg && open) (void)unlink(temporary);
}

/*@C
   HGCoordModelWrite - Write the model file of a coordinate network

   Collective

   Input Parameters:
+  path    - the file; one that exists is replaced once the new one is complete
.  net     - the network, set up
.  problem - options of the problem that it was trained for
-  p       - the parameters, on rank 0

   Level: intermediate

   Shape:
   p: [parameters]

   Errors:
   A file that cannot be written; what was there before stays.

.seealso: `HGCoordModelRead()`
@*/
PetscErrorCode HGCoordModelWrite(const char path[], HGCoordNet net, const char problem[], const double p[])
{
  Model       m = {.path = path, .nc = -1};
  char        options[256];
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(net->comm, &rank));
  PetscCall(HGCoordNetGetOptionsString(net, options, sizeof(options)));
  if (!rank) WriteModel(&m, net, options, problem, p);
  PetscCall(HGAgreeOnMessage(net->comm, m.msg, sizeof(m.msg)));
  HGCheck(!*m.msg, net->comm, "%s", m.msg);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void GetText(Model *m, const char *name, size_t len, char *text)
{
  size_t n = 0;

  *text = 0;
  Try(m, nc_inq_attlen(m->nc, NC_GLOBAL, name, &n));
  if (!*m->msg && n >= len) (void)snprintf(m->msg, sizeof(m->msg), "%s: its %s are too long", m->path, name);
  Try(m, nc_get_att_text(m->nc, NC_GLOBAL, name, text));
  if (!*m->msg) text[n] = 0;
}

/*@C
   HGCoordModelReadOptions - Tell whether a model file holds a coordinate network, and of which options

   Collective

   Input Parameters:
+  comm - the communicator
.  path - the file
-  len  - length of each text

   Output Parameters:
+  net     - options of the network
.  problem - options of its problem
-  is      - whether the file can be read and holds a coordinate network; if not, the texts are empty

   Level: intermediate

.seealso: `HGCoordModelRead()`
@*/
PetscErrorCode HGCoordModelReadOptions(MPI_Comm comm, const char path[], size_t len, char net[], char problem[], PetscBool *is)
{
  Model       m = {.path = path, .nc = -1};
  PetscMPIInt rank;
  int         found = 0;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  *net = *problem = 0;
  if (!rank && *path && !nc_open(path, NC_NOWRITE, &m.nc)) {
    GetText(&m, "net_options", len, net);
    GetText(&m, "problem_options", len, problem);
    found = !*m.msg && !strncmp(net, "-net_type mlp", 13);
    (void)nc_close(m.nc);
    if (!found) *net = *problem = 0;
  }
  PetscCallMPI(MPI_Bcast(&found, 1, MPI_INT, 0, comm));
  PetscCallMPI(MPI_Bcast(net, (PetscMPIInt)len, MPI_CHAR, 0, comm));
  PetscCallMPI(MPI_Bcast(problem, (PetscMPIInt)len, MPI_CHAR, 0, comm));
  *is = found ? PETSC_TRUE : PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void GetArray(Model *m, int group, const char *layer, const char *name, PetscInt expected, double *v)
{
  int    id = -1, n = 0, dim[NC_MAX_VAR_DIMS];
  size_t size = 1, len;

  Try(m, nc_inq_varid(group, name, &id));
  Try(m, nc_inq_varndims(group, id, &n));
  if (!*m->msg && n > 2) (void)snprintf(m->msg, sizeof(m->msg), "%s: %s of %s has %d dimensions", m->path, name, layer, n);
  Try(m, nc_inq_vardimid(group, id, dim));
  for (int i = 0; i < n && !*m->msg; i++) {
    Try(m, nc_inq_dimlen(group, dim[i], &len));
    size *= len;
  }
  if (!*m->msg && size != (size_t)expected)
    (void)snprintf(m->msg, sizeof(m->msg), "%s: %s of %s has %zu numbers, the network %d; check the -net_... options", m->path, name, layer,
                   size, (int)expected);
  Try(m, nc_get_var_double(group, id, v));
  for (PetscInt i = 0; i < expected && !*m->msg; i++)
    if (PetscIsInfOrNanReal(v[i]))
      (void)snprintf(m->msg, sizeof(m->msg), "%s: %s of %s holds a value that is not finite; train it anew", m->path, name, layer);
}

/*@C
   HGCoordModelRead - Read the parameters of a coordinate network

   Collective

   Input Parameters:
+  path - the file
-  net  - the network, set up

   Output Parameter:
.  p - the parameters, on all ranks

   Level: intermediate

   Shape:
   p: [parameters]

   Errors:
   A file that is missing or no netCDF file, and one whose layers do not fit the network.

.seealso: `HGCoordModelWrite()`, `HGCoordModelReadOptions()`
@*/
PetscErrorCode HGCoordModelRead(const char path[], HGCoordNet net, double p[])
{
  Model       m = {.path = path, .nc = -1};
  PetscMPIInt rank;
  int         group = -1;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(net->comm, &rank));
  if (!rank) {
    Try(&m, nc_open(path, NC_NOWRITE, &m.nc));
    for (PetscInt l = 0; l < net->nlayers; l++) {
      const HGCoordLayer *y = &net->layer[l];
      char                name[32];

      (void)snprintf(name, sizeof(name), "fc%d", (int)l + 1);
      Try(&m, nc_inq_grp_ncid(m.nc, name, &group));
      GetArray(&m, group, name, "weight", y->cin * y->cout, p + y->weight);
      GetArray(&m, group, name, "bias", y->cout, p + y->bias);
    }
    if (m.nc >= 0) (void)nc_close(m.nc);
  }
  PetscCall(HGAgreeOnMessage(net->comm, m.msg, sizeof(m.msg)));
  HGCheck(!*m.msg, net->comm, "%s", m.msg);
  PetscCallMPI(MPI_Bcast(p, (PetscMPIInt)net->nparams, MPI_DOUBLE, 0, net->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}
