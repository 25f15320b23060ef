/* SPDX-License-Identifier: BSD-2-Clause */
/* The residuals of all terms at their points, and their derivatives by the network's outputs */
#include "physics/points/collocation_impl.h"
#include <math.h>

/* The jet at point i of n from the components u: [component][n][out] */
static void GetJet(HGCollocation c, int order, PetscInt n, PetscInt i, const double *u, HGJet *jet)
{
  for (PetscInt k = 0; k < c->out; k++) {
    const double *v = u + i * c->out + k;

    jet->u[k] = *v;
    for (PetscInt d = 0; d < c->dim && order > 0; d++) jet->du[k][d] = v[(1 + d) * n * c->out];
    for (PetscInt s = 0; s < c->nsecond && order > 1; s++) jet->d2u[k][c->second[s][0]][c->second[s][1]] = v[(1 + c->dim + s) * n * c->out];
  }
}

static void PutJet(HGCollocation c, int order, PetscInt n, PetscInt i, const HGJet *jet, double *u)
{
  for (PetscInt k = 0; k < c->out; k++) {
    double *v = u + i * c->out + k;

    *v = jet->u[k];
    for (PetscInt d = 0; d < c->dim && order > 0; d++) v[(1 + d) * n * c->out] = jet->du[k][d];
    for (PetscInt s = 0; s < c->nsecond && order > 1; s++) v[(1 + c->dim + s) * n * c->out] = jet->d2u[k][c->second[s][0]][c->second[s][1]];
  }
}

/* A term of callbacks at a piece of its points: the sum of |f|^2, and g */
static double CallbackPiece(HGCollocation c, const HGCollocationPoints *s, int lane, PetscInt first, PetscInt n, const double *u, double *g)
{
  const HGCollocationTerm *t   = &s->term;
  double                   sum = 0;
  HGJet                    jet = {{0}, {{0}}, {{{0}}}};

  for (PetscInt i = 0; i < n; i++) {
    const double *x = c->x + (first + i) * c->dim, *data = s->data ? s->data + (first + i) * t->ndata : NULL;
    double        f[HG_COLLOCATION_EQUATIONS], square    = 0;

    GetJet(c, t->order, n, i, u, &jet);
    (*t->residual)(x, &jet, c->q, data, f, c->ctx);
    for (PetscInt k = 0; k < t->equations; k++) square += f[k] * f[k];
    sum += square;
    if (!isfinite(square) && c->lane_bad[lane] < 0) c->lane_bad[lane] = first + i;
    if (c->best) c->best[first + i] = square;
    if (!g) continue;

    HGJet adjoint = {{0}, {{0}}, {{{0}}}};

    for (PetscInt k = 0; k < t->equations; k++) f[k] *= 2 * c->weight;
    (*t->adjoint)(x, &jet, c->q, data, f, &adjoint, c->lane_q[lane], c->ctx);
    PutJet(c, t->order, n, i, &adjoint, g);
  }
  return sum;
}

/* See HGJetFunction */
static void Piece(void *ctx, int lane, PetscInt first, PetscInt n, const double *u, double *g)
{
  HGCollocation              c = (HGCollocation)ctx;
  const HGCollocationPoints *s = &c->term[c->active];

  c->lane_sum[lane][0] += (s->equation ? HGCollocationEquationPiece : CallbackPiece)(c, s, lane, first, n, u, g);
}

/* Points of a term through the network, in fixed lanes; weight: of the mean of |f|^2 over the term's points */
PetscErrorCode HGCollocationSweep(HGCollocation c, PetscInt term, PetscReal weight, PetscInt n, const double x[], PetscBool gradient)
{
  PetscFunctionBegin;
  c->active = term;
  c->weight = weight / (double)c->term[term].total;
  for (int lane = 0; lane < HG_JET_LANES; lane++) {
    c->lane_sum[lane][0] = 0;
    c->lane_bad[lane]    = -1;
  }
  c->x = x;
  PetscCall(HGNetEvaluateJets(c->net, c->term[term].term.order, n, x, gradient, Piece, c));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void NoteBad(HGCollocation c, PetscInt term)
{
  for (int lane = 0; lane < HG_JET_LANES; lane++) {
    if (c->lane_bad[lane] < 0 || (c->bad_term >= 0 && (c->bad_term != term || c->bad_point <= c->lane_bad[lane]))) continue;
    c->bad_term  = term;
    c->bad_point = c->lane_bad[lane];
  }
}

/*@C
   HGCollocationEvaluate - The mean square of the residual of each term, and the gradient of their weighted sum

   Collective

   Input Parameters:
+  c        - the residuals, set up; the network has its parameters
.  weight   - of each term, or NULL for the terms' own
-  gradient - whether the gradient by the network's parameters is wanted; it is added to the network's sum, between `HGNetAdjointBegin()` and
              `HGNetAdjointEnd()`

   Output Parameters:
+  mean - of |f|^2 over the points of each term, without weights
-  gq   - the weighted sum's derivative by each parameter of the equation, if gradient; or NULL

   Level: intermediate

   Shape:
   weight, mean: [terms]; gq: [parameters]

   Note:
   Allocates nothing, makes no MPI request that outlives it, and does not depend on the number of threads. A residual that is not finite makes a mean that is
   not; `HGCollocationGetBadPoint()` tells where.

.seealso: `HGCollocationSetUp()`, `HGObjectiveEvaluate()`
@*/
PetscErrorCode HGCollocationEvaluate(HGCollocation c, const PetscReal weight[], PetscBool gradient, PetscReal mean[], PetscReal gq[])
{
  double sum[HG_COLLOCATION_TERMS + HG_COLLOCATION_PARAMETERS];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscCheck(c->net, PetscObjectComm((PetscObject)c), PETSC_ERR_ORDER, "HGCollocationSetUp() comes first");
  PetscCall(PetscLogEventBegin(c->event, c, 0, 0, 0));
  PetscCall(PetscArrayzero(&c->lane_q[0][0], HG_JET_LANES * HG_COLLOCATION_PARAMETERS));
  c->bad_term = -1;
  for (PetscInt t = 0; t < c->nterms; t++) {
    HGCollocationPoints *s = &c->term[t];

    PetscCall(HGCollocationSweep(c, t, weight ? weight[t] : s->term.weight, s->n, s->x, gradient));
    sum[t] = 0;
    for (int lane = 0; lane < HG_JET_LANES; lane++) sum[t] += c->lane_sum[lane][0] / (double)s->total;
    NoteBad(c, t);
  }
  for (PetscInt q = 0; q < c->nq; q++) {
    sum[c->nterms + q] = 0;
    for (int lane = 0; lane < HG_JET_LANES; lane++) sum[c->nterms + q] += c->lane_q[lane][q];
  }
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, sum, (PetscMPIInt)(c->nterms + c->nq), MPI_DOUBLE, MPI_SUM, PetscObjectComm((PetscObject)c)));
  for (PetscInt t = 0; t < c->nterms; t++) mean[t] = sum[t];
  for (PetscInt q = 0; q < c->nq && gq; q++) gq[q] = sum[c->nterms + q];
  PetscCall(PetscLogEventEnd(c->event, c, 0, 0, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationGetBadPoint - Say at which point the residual was not finite in the last evaluation

   Collective

   Input Parameters:
+  c   - the residuals
-  len - length of the text

   Output Parameter:
.  text - the term and the point, empty if all were finite

   Level: intermediate

.seealso: `HGCollocationEvaluate()`
@*/
PetscErrorCode HGCollocationGetBadPoint(HGCollocation c, char text[], size_t len)
{
  PetscFunctionBegin;
  *text = 0;
  if (c->bad_term >= 0) {
    const HGCollocationPoints *s = &c->term[c->bad_term];

    (void)snprintf(text, len, "residual of term \"%s\" at the point (", s->term.name);
    for (PetscInt d = 0; d < c->dim; d++) {
      const size_t used = strlen(text);

      (void)snprintf(text + used, len - used, "%s%g%s", d ? ", " : "", s->x[c->bad_point * c->dim + d], d + 1 < c->dim ? "" : ")");
    }
  }
  PetscCall(HGAgreeOnMessage(PetscObjectComm((PetscObject)c), text, len));
  PetscFunctionReturn(PETSC_SUCCESS);
}
