/* SPDX-License-Identifier: BSD-2-Clause */
/* The objective of a coordinate problem with its gradient, and the network's error */
#include "physics/coordproblem_impl.h"
#include "sys/hgtext.h"
#include <math.h>

/* Every rank gets all parameters */
PetscErrorCode HGCoordProblemTake(HGCoordProblem p, Vec v)
{
  const PetscScalar *a;

  PetscFunctionBegin;
  PetscCall(VecGetArrayRead(v, &a));
  PetscCallMPI(MPI_Allgatherv(a, p->count[p->rank], MPI_DOUBLE, p->all, p->count, p->first, MPI_DOUBLE, p->comm));
  PetscCall(VecRestoreArrayRead(v, &a));
  PetscCall(HGCoordNetSetParameters(p->net, p->all));
  if (p->unknown >= 0) p->q[p->unknown] = p->start * exp(p->all[p->nnet]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The jet at point i of n from the components u: [component][n][out] */
static void GetJet(HGCoordProblem p, int order, PetscInt n, PetscInt i, const double *u, HGCoordJet *jet)
{
  for (PetscInt c = 0; c < p->out; c++) {
    const double *v = u + i * p->out + c;

    jet->u[c] = *v;
    for (PetscInt d = 0; d < p->dim && order > 0; d++) jet->du[c][d] = v[(1 + d) * n * p->out];
    for (PetscInt k = 0; k < p->nsecond && order > 1; k++) jet->d2u[c][p->second[k][0]][p->second[k][1]] = v[(1 + p->dim + k) * n * p->out];
  }
}

static void PutJet(HGCoordProblem p, int order, PetscInt n, PetscInt i, const HGCoordJet *jet, double *u)
{
  for (PetscInt c = 0; c < p->out; c++) {
    double *v = u + i * p->out + c;

    *v = jet->u[c];
    for (PetscInt d = 0; d < p->dim && order > 0; d++) v[(1 + d) * n * p->out] = jet->du[c][d];
    for (PetscInt k = 0; k < p->nsecond && order > 1; k++) v[(1 + p->dim + k) * n * p->out] = jet->d2u[c][p->second[k][0]][p->second[k][1]];
  }
}

/* Residuals of a piece of points of the active term; see HGCoordSeed */
static void Seed(void *ctx, int lane, PetscInt first, PetscInt n, const double *u, double *g)
{
  HGCoordProblem       p   = (HGCoordProblem)ctx;
  const HGCoordPoints *s   = &p->term[p->active];
  const HGCoordTerm   *t   = &s->term;
  double               sum = 0;
  HGCoordJet           jet = {{0}, {{0}}, {{{0}}}};

  for (PetscInt i = 0; i < n; i++) {
    const double *x = p->x + (first + i) * p->dim;
    double        f[HG_COORD_MAX_RESIDUAL], square = 0;

    GetJet(p, t->order, n, i, u, &jet);
    (*t->residual)(x, &jet, p->q, s->data ? s->data + (first + i) * t->ndata : NULL, f, p->ctx);
    for (PetscInt k = 0; k < t->equations; k++) square += f[k] * f[k];
    sum += square;
    if (!isfinite(square) && p->lane_bad[lane] < 0) p->lane_bad[lane] = first + i;
    if (p->best) p->best[first + i] = square;
    if (!g) continue;

    HGCoordJet adjoint = {{0}, {{0}}, {{{0}}}};

    for (PetscInt k = 0; k < t->equations; k++) f[k] *= 2 * t->weight / (double)s->total;
    (*t->adjoint)(x, &jet, p->q, f, &adjoint, p->lane_q[lane], p->ctx);
    PutJet(p, t->order, n, i, &adjoint, g);
  }
  p->lane_sum[lane][0] += sum;
}

/* The term's points through the network, in fixed lanes */
PetscErrorCode HGCoordProblemSweep(HGCoordProblem p, PetscInt term, PetscInt n, const double x[], PetscBool gradient)
{
  PetscFunctionBegin;
  p->active = term;
  for (int lane = 0; lane < HG_COORD_LANES; lane++) {
    p->lane_sum[lane][0] = 0;
    p->lane_bad[lane]    = -1;
  }
  p->x = x;
  PetscCall(HGCoordNetSweep(p->net, p->term[term].term.order, n, x, gradient, Seed, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Names the first point of a term at which the residual is not finite */
static PetscErrorCode FindBad(HGCoordProblem p, const HGCoordPoints *s, char msg[], size_t len)
{
  PetscInt bad    = -1;
  char     x[128] = "", one[32];

  PetscFunctionBegin;
  for (int lane = 0; lane < HG_COORD_LANES; lane++)
    if (p->lane_bad[lane] >= 0 && (bad < 0 || p->lane_bad[lane] < bad)) bad = p->lane_bad[lane];
  if (bad < 0 || *msg) PetscFunctionReturn(PETSC_SUCCESS);
  for (PetscInt d = 0; d < p->dim; d++) {
    PetscCall(PetscSNPrintf(one, sizeof(one), "%s%g", d ? ", " : "", s->x[bad * p->dim + d]));
    PetscCall(PetscStrlcat(x, one, sizeof(x)));
  }
  PetscCall(PetscSNPrintf(msg, len,
                          "the residual of term \"%s\" is not finite at the point (%s); check its function and its data, or train in "
                          "smaller steps (-tao_adam_lr)",
                          s->term.name, x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordProblemEvaluate - The objective at given parameters, and its gradient

   Collective

   Input Parameters:
+  p - the problem, set up
-  v - the parameters

   Output Parameters:
+  loss - the sum over the terms of weight times the mean over the points of |f|^2
-  g    - the gradient, of the layout of v, or NULL

   Level: beginner

   Note:
   Allocates nothing, makes no MPI request that outlives it, and does not depend on the number of threads.

   Errors:
   A residual that is not finite: names the term and the point.

.seealso: `HGCoordProblemCreateParameters()`
@*/
PetscErrorCode HGCoordProblemEvaluate(HGCoordProblem p, Vec v, PetscReal *loss, Vec g)
{
  double      *terms = p->sum + p->nall;
  PetscScalar *a;
  char         msg[512] = "";

  PetscFunctionBegin;
  PetscCall(HGCoordProblemTake(p, v));
  PetscCall(PetscArrayzero(&p->lane_q[0][0], HG_COORD_LANES * HG_COORD_MAX_UNKNOWN));
  for (PetscInt t = 0; t < p->nterms; t++) {
    HGCoordPoints *s = &p->term[t];

    PetscCall(HGCoordProblemSweep(p, t, s->n, s->x, g ? PETSC_TRUE : PETSC_FALSE));
    terms[t] = 0;
    for (int lane = 0; lane < HG_COORD_LANES; lane++) terms[t] += p->lane_sum[lane][0] * s->term.weight / (double)s->total;
    if (!isfinite(terms[t])) PetscCall(FindBad(p, s, msg, sizeof(msg)));
  }
  PetscCall(HGCoordNetGetGradient(p->net, p->sum));
  if (p->unknown >= 0) {
    p->sum[p->nnet] = 0;
    for (int lane = 0; lane < HG_COORD_LANES; lane++) p->sum[p->nnet] += p->lane_q[lane][p->unknown] * p->q[p->unknown];
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, p->sum, (PetscMPIInt)(p->nall + p->nterms), MPI_DOUBLE, MPI_SUM, p->comm));
  *loss = 0;
  for (PetscInt t = 0; t < p->nterms; t++) *loss += p->term[t].loss = terms[t];
  if (!isfinite(*loss)) {
    PetscCall(HGAgreeOnMessage(p->comm, msg, sizeof(msg)));
    HGCheck(PETSC_FALSE, p->comm, "%s", *msg ? msg : "the objective is not finite; train in smaller steps (-tao_adam_lr)");
  }
  if (!g) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(VecGetArrayWrite(g, &a));
  PetscCall(PetscArraycpy(a, p->sum + p->first[p->rank], (size_t)p->count[p->rank]));
  PetscCall(VecRestoreArrayWrite(g, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Keeps the values */
static void Keep(void *ctx, int lane, PetscInt first, PetscInt n, const double *u, double *g)
{
  HGCoordProblem p = (HGCoordProblem)ctx;

  (void)lane, (void)g;
  for (PetscInt i = 0; i < n * p->out; i++) p->values[first * p->out + i] = u[i];
}

/*@C
   HGCoordProblemPredict - The network's outputs at points

   Collective

   Input Parameters:
+  p - the problem, set up
.  v - the parameters
.  n - number of points of this rank
-  x - the points

   Output Parameter:
.  u - the outputs

   Level: beginner

   Shape:
   x: [n][dim], u: [n][out]

.seealso: `HGCoordProblemError()`
@*/
PetscErrorCode HGCoordProblemPredict(HGCoordProblem p, Vec v, PetscInt n, const double x[], double u[])
{
  PetscFunctionBegin;
  PetscCall(HGCoordProblemTake(p, v));
  p->values = u;
  PetscCall(HGCoordNetSweep(p->net, 0, n, x, PETSC_FALSE, Keep, p));
  p->values = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordProblemError - The relative L2 error of the network on a grid of the box

   Collective

   Input Parameters:
+  p - the problem, set up, with an exact solution
.  v - the parameters
-  n - points of the grid along each axis, ends included

   Output Parameter:
.  error - |u - exact| / |exact|, Euclidean norms over the grid

   Level: beginner

   Errors:
   A problem without exact solution.

.seealso: `HGCoordProblemSetExact()`
@*/
PetscErrorCode HGCoordProblemError(HGCoordProblem p, Vec v, PetscInt n, PetscReal *error)
{
  PetscInt64 total = 1;
  double    *x, *u, sum[2] = {0, 0};
  PetscInt   mine;

  PetscFunctionBegin;
  HGCheck(p->exact, p->comm, "%s has no exact solution; give one with HGCoordProblemSetExact()", p->name);
  HGCheck(n >= 2, p->comm, "a grid of %" PetscInt_FMT " points along an axis; give at least 2", n);
  for (PetscInt d = 0; d < p->dim; d++) total *= n;
  const PetscInt64 first = total * p->rank / p->size;
  mine                   = (PetscInt)(total * (p->rank + 1) / p->size - first);
  PetscCall(PetscMalloc2(mine * p->dim, &x, mine * p->out, &u));
  for (PetscInt i = 0; i < mine; i++) {
    PetscInt64 at = first + i;

    for (PetscInt d = 0; d < p->dim; d++, at /= n)
      x[i * p->dim + d] = p->lo[d] + (p->hi[d] - p->lo[d]) * (double)(at % n) / (double)(n - 1);
  }
  PetscCall(HGCoordProblemPredict(p, v, mine, x, u));
  for (PetscInt i = 0; i < mine; i++) {
    double exact[HG_COORD_MAX_OUT];

    (*p->exact)(x + i * p->dim, exact, p->ctx);
    for (PetscInt c = 0; c < p->out; c++) {
      sum[0] += PetscSqr(u[i * p->out + c] - exact[c]);
      sum[1] += PetscSqr(exact[c]);
    }
  }
  PetscCall(PetscFree2(x, u));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, p->comm));
  *error = PetscSqrtReal(sum[0] / sum[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordProblemFillModel - Put a coordinate network and its problem into a model

   Collective

   Input Parameters:
+  p - the problem, set up
.  v - the parameters
-  m - the model

   Level: advanced

.seealso: `HGCoordProblemWriteModel()`, `HGCoordNetWriteModel()`
@*/
PetscErrorCode HGCoordProblemFillModel(HGCoordProblem p, Vec v, HGModel m)
{
  HGText text = {0};

  PetscFunctionBegin;
  PetscCall(HGCoordProblemTake(p, v));
  PetscCall(HGCoordNetWriteModel(p->net, m, p->all));
  PetscCall(HGTextAppend(&text, "-coord_problem %s", p->name));
  for (PetscInt i = 0; i < p->nq; i++) PetscCall(HGTextAppend(&text, " -coord_%s %.17g", p->qname[i], p->q[i]));
  PetscCall(HGModelSetSection(m, "equation"));
  PetscCall(HGModelPutText(m, "", "problem_options", text.text));
  PetscCall(HGTextDestroy(&text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordProblemWriteModel - Write the model file of a coordinate network

   Collective

   Input Parameters:
+  p    - the problem, set up
.  v    - the parameters
-  path - the file; replaced once the new one is complete

   Level: beginner

   Errors:
   A file that cannot be written; what was there before stays.

.seealso: `HGCoordProblemReadModel()`, `HGCoordProblemFillModel()`
@*/
PetscErrorCode HGCoordProblemWriteModel(HGCoordProblem p, Vec v, const char path[])
{
  HGModel        m;
  HGModelOutput  o;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(HGModelOutputCreate(p->comm, path, &o));
  PetscCall(HGModelCreate(p->comm, &m));
  PetscCall(HGCoordProblemFillModel(p, v, m));
  e = HGModelOutputWrite(o, m);
  PetscCall(HGModelDestroy(&m));
  PetscCall(HGModelOutputDestroy(&o));
  PetscCall(e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCoordProblemSetModel - Set a problem to the one of a model file

   Collective

   Input Parameters:
+  p - the problem, new
-  m - the model

   Level: advanced

   Errors:
   A model without a problem; options that it does not have.

.seealso: `HGCoordProblemFillModel()`, `HGCoordNetSetModel()`
@*/
PetscErrorCode HGCoordProblemSetModel(HGCoordProblem p, HGModel m)
{
  const char  *path, *text;
  PetscOptions file;

  PetscFunctionBegin;
  PetscCall(HGModelGetPath(m, &path));
  PetscCall(HGModelGetText(m, "", "problem_options", &text));
  PetscCall(HGOptionsCreateFromText(p->comm, path, text, NULL, &file));
  PetscCall(PetscOptionsPush(file));
  PetscCall(HGCoordProblemSetFromOptions(p));
  PetscCall(PetscOptionsPop());
  PetscCall(HGOptionsDestroyUsed(p->comm, path, &file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCoordProblemReadModel - Read the parameters of a coordinate network from its model file

   Collective

   Input Parameters:
+  p    - the problem, set up; an unknown parameter starts anew
.  path - the file
-  v    - the parameters' vector

   Level: beginner

   Errors:
   Those of `HGModelOpen()`, and a file that does not fit the network.

.seealso: `HGCoordProblemWriteModel()`, `HGCoordNetReadModel()`
@*/
PetscErrorCode HGCoordProblemReadModel(HGCoordProblem p, const char path[], Vec v)
{
  PetscScalar   *a;
  HGModel        m;
  PetscErrorCode e;

  PetscFunctionBegin;
  PetscCall(HGModelOpen(p->comm, path, &m));
  e = HGCoordNetReadModel(p->net, m, p->all);
  PetscCall(HGModelDestroy(&m));
  PetscCall(e);
  if (p->unknown >= 0) p->all[p->nnet] = 0;
  PetscCall(VecGetArray(v, &a));
  PetscCall(PetscArraycpy(a, p->all + p->first[p->rank], (size_t)p->count[p->rank]));
  PetscCall(VecRestoreArray(v, &a));
  PetscFunctionReturn(PETSC_SUCCESS);
}
