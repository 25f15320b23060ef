/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGLOSS_IMPL_H
#define HGLOSS_IMPL_H

#include "loss/hgloss.h"
#include <petsc/private/petscimpl.h>

#define HG_LOSS_SUMS 3 /* most sums of one pass */

/* The points of a line along x of one sample */
typedef struct {
  PetscInt    sample; /* of this rank */
  ptrdiff_t   first;  /* index of the first point in this rank's [n][z][y][x] */
  const void *y, *t;  /* [x][c] */
  const void *w;      /* its element (x, c) is w[x wx + c wc]; NULL for none */
  void       *dy;     /* [x][c] or NULL */
} HGLossLine;

/* One sweep over the points of a rank that count */
typedef struct {
  HGLoss               loss;
  PetscInt             active;                 /* samples of the global batch that count */
  PetscInt             samples, size[HG_AXES]; /* samples of this rank that count; its points */
  PetscInt             c0;                     /* its first channel */
  const HGTensorLocal *y, *t, *dy, *w;         /* dy, w: NULL for none */
  ptrdiff_t            ws[HG_AXES];            /* strides of w, 0 along axes that it lacks */
  PetscBool            weighted;               /* by w or by channel */
  double               scale;                  /* of the gradient */
  const double        *sample_scale;           /* [samples] or NULL */
} HGLossPass;

/* Adds a line to the sums, and writes its gradient if it has dy */
typedef void (*HGLossLineFunction)(const HGLossPass *, const HGLossLine *, double sum[]);

typedef struct _HGLossOps *HGLossOps;
struct _HGLossOps {
  PetscErrorCode (*setup)(HGLoss, HGTensor);
  PetscErrorCode (*evaluate)(HGLoss, HGLossPass *, PetscReal *);
  PetscErrorCode (*check)(HGLoss, HGLossPass *, PetscInt *); /* the first sample whose target it cannot take; NULL if it takes any */
  PetscErrorCode (*setfromoptions)(HGLoss, HGOptionItems);
  PetscErrorCode (*options)(HGLoss, HGText *); /* appends the options of the type's own that make it what it is */
  PetscErrorCode (*view)(HGLoss, PetscViewer);
  PetscErrorCode (*reset)(HGLoss);   /* frees what setup made */
  PetscErrorCode (*destroy)(HGLoss); /* frees data */
};

struct _p_HGLoss {
  PETSCHEADER(struct _HGLossOps);
  PetscLogEvent      event;
  HGLossLineFunction line[2]; /* by HGDType, of the losses that are a mean over values */
  PetscBool          classes; /* the target has class indices */
  HGTensor           weight;  /* [N or 1][C or 1][Z or 1][Y or 1][X or 1] or NULL */
  PetscInt           nchannel_weight;
  double            *channel_weight; /* [nchannel_weight] */
  void              *data;           /* of the type */

  /* Planned for the layouts of output and target */
  HGPartition part[2];
  HGDType     dtype;
  PetscInt    channels; /* of the output */
  PetscBool   counts;   /* this rank's points are not copies that another rank counts */
  PetscBool   leads;    /* and it has the first part of their channels */
  double     *sums;     /* [samples of this rank][HG_LOSS_SUMS] */
  double     *work;     /* of the type */
  MPI_Comm    across;   /* the ranks that have the other channels of these points, MPI_COMM_NULL if none */
};

/* Element i of an array whose type is a constant where this is expanded */
#define HG_LOSS_INLINE static inline __attribute__((always_inline))

HG_LOSS_INLINE double HGLossGet(const void *a, int f32, ptrdiff_t i)
{
  return f32 ? (double)((const float *)a)[i] : ((const double *)a)[i];
}

HG_LOSS_INLINE void HGLossPut(void *a, int f32, ptrdiff_t i, double v)
{
  if (f32) ((float *)a)[i] = (float)v;
  else ((double *)a)[i] = v;
}

/* The weight of point x, channel c of a line of a weighted pass */
HG_LOSS_INLINE double HGLossWeight(const HGLossPass *p, const HGLossLine *l, int f32, ptrdiff_t x, ptrdiff_t c)
{
  const double *cw = p->loss->channel_weight;
  const double  w  = l->w ? HGLossGet(l->w, f32, x * p->ws[HG_X] + c * p->ws[HG_C]) : 1;

  return cw ? w * cw[p->c0 + c] : w;
}

/* The functions NAME_F32 and NAME_F64 for lines, from an inline NAME that is told the type */
#define HG_LOSS_LINES(NAME)                                                      \
  static void NAME##_F32(const HGLossPass *p, const HGLossLine *l, double sum[]) \
  {                                                                              \
    NAME(p, l, 1, sum);                                                          \
  }                                                                              \
  static void NAME##_F64(const HGLossPass *p, const HGLossLine *l, double sum[]) \
  {                                                                              \
    NAME(p, l, 0, sum);                                                          \
  }

PETSC_EXTERN PetscErrorCode HGLossReset(HGLoss);
PETSC_EXTERN PetscErrorCode HGLossAppendReals(HGText *, const char[], PetscInt, const double[]);
PETSC_INTERN PetscErrorCode HGLossPlan(HGLoss, HGTensor, HGTensor);
PETSC_INTERN PetscErrorCode HGLossBegin(HGLoss, PetscInt, HGTensor, HGTensor, HGTensor, HGLossPass *);
PETSC_EXTERN PetscErrorCode HGLossSweep(const HGLossPass *, HGLossLineFunction, PetscInt, double[]);
PETSC_EXTERN PetscErrorCode HGLossSum(const HGLossPass *, HGLossLineFunction, PetscInt, double[]);
PETSC_EXTERN PetscErrorCode HGLossWeigh(const HGLossPass *, HGLossLineFunction, PetscInt, double *);
PETSC_EXTERN PetscErrorCode HGLossCheckWeights(const HGLossPass *, double);
PETSC_EXTERN PetscErrorCode HGLossMean(HGLoss, HGLossPass *, PetscReal *);

PETSC_EXTERN const HGLossLineFunction HGLossWeighLine[2]; /* by HGDType */

/* The built-in losses, by the name of the type and of the function that creates it: a new one is its file, its type in hgloss.h and its line here */
#define HG_LOSSES(X)    \
  X(HGLOSSMSE, MSE)     \
  X(HGLOSSL1, L1)       \
  X(HGLOSSHUBER, Huber) \
  X(HGLOSSRELL2, RelL2) \
  X(HGLOSSH1, H1)       \
  X(HGLOSSBCE, BCE)     \
  X(HGLOSSCROSSENTROPY, CrossEntropy)

#define HG_DECLARE_LOSS(type, name) PETSC_INTERN PetscErrorCode HGLossCreate_##name(HGLoss);
HG_LOSSES(HG_DECLARE_LOSS)
#undef HG_DECLARE_LOSS

#endif
