/* SPDX-License-Identifier: BSD-2-Clause */
/* All channels of a tensor whose channels are divided among ranks, with ghost points: a broadcast among the ranks that have
   the same points, and a halo exchange among those that have the same channels. */
#ifndef HGCHANNELGATHER_H
#define HGCHANNELGATHER_H

#include "layer/layer_impl.h"

typedef struct {
  HGTensor whole;  /* all channels of the rank's points, as a replicated tensor */
  HGTensor mine;   /* its memory as a tensor of the ranks that share my channels; NULL without a part */
  MPI_Comm comm;   /* these ranks */
  HGLinOp  gather; /* the broadcast */
  HGLinOp  halo;   /* on mine, NULL if there are no ghost points */
} HGChannelGather;

PETSC_INTERN PetscErrorCode HGChannelGatherSetUp(HGChannelGather *, HGLayer, HGTensor, const HGHaloWidths *, const HGBoundary[]);
PETSC_INTERN PetscErrorCode HGChannelGatherBegin(HGChannelGather *, HGTensor);
PETSC_INTERN PetscErrorCode HGChannelGatherEnd(HGChannelGather *);
PETSC_INTERN PetscErrorCode HGChannelGatherGetTraffic(HGChannelGather *, PetscInt *, PetscInt64 *);
PETSC_INTERN PetscErrorCode HGChannelGatherDestroy(HGChannelGather *);

#endif
