/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGPARAMETERS_IMPL_H
#define HGPARAMETERS_IMPL_H

#include "layer/hgparameters.h"
#include "layer/layer_impl.h"
#include "linop/linop_impl.h"

/* One array of one layer */
typedef struct {
  HGPartition own;
  HGTensor    shard;             /* this rank's part, in the network's type */
  HGTensor    value[2];          /* [use] what it uses forward and in the adjoint; the shard itself, or memory of their own */
  HGLinOp     move[2];           /* [use] from the shard to these; NULL: they are the shard, or the adjoint's are those of forward */
  HGTensor    sum, home;         /* the gradient that this rank sums, and that of its shard, which may be the same */
  HGLinOp     reduce;            /* from one to the other; NULL: they are the same */
  PetscInt    offset;            /* of the shard in the local part of the Vec */
  PetscBool   moving[2], coming; /* the movement has begun */
} HGParameterArray;

typedef struct {
  HGLayer     layer;
  PetscInt    first, n;   /* its arrays */
  PetscBool   current[2]; /* [use] the layer has the values that were set last */
  const void *value[2][HG_MAX_PARAMETERS];
  void       *gradient[HG_MAX_PARAMETERS];
} HGParameterLayer;

struct _p_HGParameters {
  MPI_Comm          comm;
  HGDType           dtype, kept; /* of the layers; of the Vec and of gradients */
  PetscInt          nlayers, narrays, layer_room, array_room;
  HGParameterLayer *layer;           /* [nlayers] */
  HGParameterArray *array;           /* [narrays] */
  PetscInt          n, N;            /* of this rank, of all */
  void             *cast;            /* [n] the shards in the layers' type, if the Vec has another */
  void             *home, *own_home; /* [n] the gradient of the shards, in the Vec's type: where it is, and the plan's own memory for it */
  void             *at;              /* where the shards lie */
  Vec               v;               /* in whose array that is, NULL: in cast */
  PetscBool         gradients;
};

/* Element i of an array */
static inline char *HGParametersElement(HGDType t, void *array, PetscInt i)
{
  return (char *)array + (size_t)i * HGDTypeSize(t);
}

PETSC_INTERN PetscErrorCode HGParametersFinish(HGParameterArray *);

#endif
