/* SPDX-License-Identifier: BSD-2-Clause */
/* The losses as they are defined, on whole arrays [n][c][z][y][x] of one rank */
#ifndef LOSSDEFINITION_H
#define LOSSDEFINITION_H

#include "loss/hgloss.h"
#include <math.h>

typedef struct {
  HGLossType type;
  PetscInt   size[HG_AXES], active;
  double    *y, *t;       /* [N][C][Z][Y][X], classes: t [N][1][Z][Y][X] */
  double    *w;           /* [N][C][Z][Y][X] or NULL, all weights multiplied; classes: without those of the channels */
  double     channel[16]; /* weights of the classes */
  double     delta, h1_weight;
  PetscBool  periodic;
} Definition;

static inline PetscBool DefinitionIs(const Definition *d, HGLossType type)
{
  return strcmp(d->type, type) ? PETSC_FALSE : PETSC_TRUE;
}

static inline size_t DefinitionIndex(const PetscInt s[HG_AXES], PetscInt n, PetscInt c, PetscInt z, PetscInt y, PetscInt x)
{
  return ((((size_t)n * (size_t)s[HG_C] + (size_t)c) * (size_t)s[HG_Z] + (size_t)z) * (size_t)s[HG_Y] + (size_t)y) * (size_t)s[HG_X] +
         (size_t)x;
}

static double DefinitionPoint(const Definition *d, double y, double t)
{
  const double e = y - t;

  if (DefinitionIs(d, HGLOSSL1)) return fabs(e);
  if (DefinitionIs(d, HGLOSSHUBER)) return fabs(e) <= d->delta ? e * e / 2 : d->delta * (fabs(e) - d->delta / 2);
  if (DefinitionIs(d, HGLOSSBCE)) return -t * log(1 / (1 + exp(-y))) - (1 - t) * log(1 - 1 / (1 + exp(-y)));
  return e * e;
}

/* Sum over the pairs of neighbours along z, y, x that start at point i: the gradient part of h1 */
static double DefinitionPairs(const Definition *d, const double *y, const PetscInt at[HG_AXES])
{
  const PetscInt *s   = d->size;
  const size_t    i   = DefinitionIndex(s, at[0], at[1], at[2], at[3], at[4]);
  double          sum = 0;

  for (int a = HG_Z; a <= HG_X; a++) {
    PetscInt to[HG_AXES];
    size_t   j;

    if (s[a] == 1 || (!d->periodic && at[a] == s[a] - 1)) continue;
    memcpy(to, at, sizeof(to));
    to[a] = (to[a] + 1) % s[a];
    j     = DefinitionIndex(s, to[0], to[1], to[2], to[3], to[4]);
    if (d->w && fmin(d->w[i], d->w[j]) == 0) continue;
    sum += (d->w ? fmin(d->w[i], d->w[j]) : 1) * pow(((y[j] - d->t[j]) - (y[i] - d->t[i])) * (double)s[a], 2);
  }
  return sum;
}

/* Sum of weights times loss, and of weights, over the values of one sample */
static void DefinitionSample(const Definition *d, const double *y, PetscInt n, double *loss, double *weights, double *norm)
{
  const PetscInt *s = d->size;

  for (PetscInt c = 0; c < s[HG_C]; c++)
    for (PetscInt z = 0; z < s[HG_Z]; z++)
      for (PetscInt r = 0; r < s[HG_Y]; r++)
        for (PetscInt x = 0; x < s[HG_X]; x++) {
          const PetscInt at[HG_AXES] = {n, c, z, r, x};
          const size_t   i           = DefinitionIndex(s, n, c, z, r, x);
          const double   w           = d->w ? d->w[i] : 1;

          if (w == 0) continue;
          *weights += w;
          *loss += w * DefinitionPoint(d, y[i], d->t[i]);
          *norm += w * d->t[i] * d->t[i];
          if (DefinitionIs(d, HGLOSSH1)) *loss += d->h1_weight * DefinitionPairs(d, y, at);
        }
}

static void DefinitionClasses(const Definition *d, const double *y, PetscInt n, double *loss, double *weights)
{
  const PetscInt *s = d->size, one[HG_AXES] = {s[HG_N], 1, s[HG_Z], s[HG_Y], s[HG_X]};

  for (PetscInt z = 0; z < s[HG_Z]; z++)
    for (PetscInt r = 0; r < s[HG_Y]; r++)
      for (PetscInt x = 0; x < s[HG_X]; x++) {
        double       sum = 0, w = d->w ? d->w[DefinitionIndex(s, n, 0, z, r, x)] : 1;
        const double k = d->t[DefinitionIndex(one, n, 0, z, r, x)];

        if (w == 0) continue;
        w *= d->channel[(int)k];
        for (PetscInt c = 0; c < s[HG_C]; c++) sum += exp(y[DefinitionIndex(s, n, c, z, r, x)]);
        *weights += w;
        *loss -= w * log(exp(y[DefinitionIndex(s, n, (PetscInt)k, z, r, x)]) / sum);
      }
}

/* Points whose first largest logit is that of their class, by weight */
static double DefinitionAccuracy(const Definition *d)
{
  const PetscInt *s = d->size, points = s[HG_Z] * s[HG_Y] * s[HG_X];
  double          right = 0, all = 0;

  for (PetscInt i = 0; i < d->active * points; i++) {
    const PetscInt n = i / points, p = i % points;
    const double   w    = d->w ? d->w[n * s[HG_C] * points + p] : 1;
    PetscInt       best = 0;

    for (PetscInt c = 1; c < s[HG_C]; c++)
      if (d->y[(n * s[HG_C] + c) * points + p] > d->y[(n * s[HG_C] + best) * points + p]) best = c;
    right += (double)best == d->t[n * points + p] ? w : 0;
    all += w;
  }
  return right / all;
}

static double DefinitionValue(const Definition *d, const double *y)
{
  double total = 0, loss = 0, weights = 0, norm = 0;

  for (PetscInt n = 0; n < d->active; n++) {
    if (DefinitionIs(d, HGLOSSCROSSENTROPY)) DefinitionClasses(d, y, n, &loss, &weights);
    else DefinitionSample(d, y, n, &loss, &weights, &norm);
    if (!DefinitionIs(d, HGLOSSRELL2)) continue;
    total += sqrt(loss / norm);
    loss = norm = 0;
  }
  return DefinitionIs(d, HGLOSSRELL2) ? total / (double)d->active : loss / weights;
}

#endif
