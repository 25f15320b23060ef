/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HGTRANSFER_IMPL_H
#define HGTRANSFER_IMPL_H

#include "linop/transfer.h"
#include "kernel/hgbox.h"

PETSC_EXTERN ptrdiff_t HGMessageMost; /* elements that MPI is told of as such; tests make it small */

/* Boxes of elements of one array */
typedef struct {
  PetscInt   n, capacity;
  HGStrided *box;   /* [n] */
  ptrdiff_t  count; /* elements in all of them */
} HGBoxes;

/* So many items of a type */
typedef struct {
  MPI_Datatype type;
  PetscMPIInt  items;
  PetscBool    own; /* the type is to be freed */
} HGMessage;

/* What goes to or comes from one rank */
typedef struct {
  PetscMPIInt rank;
  HGBoxes     boxes;
  HGBoxes     gaps;   /* with span: ghost points between its rows, which are to be zero */
  PetscBool   span;   /* one box, sent with what lies between its rows, which saves packing it */
  ptrdiff_t   length; /* of its message, elements */
  HGMessage   packed; /* what MPI is told of it in the buffer */
  HGMessage   placed; /* and in the array, if it is direct */
  size_t      offset; /* of its message in the buffer, elements */
  PetscBool   direct; /* contiguous, or long and in long pieces: can be sent and received where it lies */
} HGPeer;

typedef struct {
  PetscInt n, capacity;
  HGPeer  *p;   /* [n] ordered by rank */
  char    *buf; /* the messages, one behind the other */
  PetscInt ndirect;
} HGPeers;

/* Persistent requests of one direction */
typedef struct {
  MPI_Request *r;           /* [in.n + out.n]: what is received, then what is sent */
  void        *from, *into; /* the arrays that they point into; NULL: buffers only */
  PetscBool    made;
} HGRequests;

enum { HG_FORWARD, HG_ADJOINT };

enum { HG_BUFFERED, HG_BOUND };

struct _n_HGTransfer {
  MPI_Comm    comm;
  PetscMPIInt rank, tag;
  HGDType     dtype;
  HGPeers     send, recv;       /* named as in the forward direction */
  HGBoxes     from_me, to_me;   /* what this rank provides to itself at another place, in source and destination */
  HGBoxes     own_src, own_dst; /* points that are their own source */
  HGBoxes     dst_holes;        /* destination points without source */
  HGBoxes     src_holes;        /* source points that nothing takes */
  HGStrided   src_box;          /* all points of the source */
  PetscBool   add[2];           /* [direction]: results are added to what is there */
  PetscBool   partial;          /* nothing is zeroed */
  PetscBool   keep_zeros;       /* in place, dst_holes are zero already */
  PetscBool   own_all;          /* the points that are their own source are all there are */
  PetscBool   remote[3][2];     /* ghost points below and above along z, y, x come from other ranks */
  HGRequests  requests[2][2];   /* [direction][buffered, bound] */
  int         active[2];        /* [direction]: the requests in use */
};

PETSC_INTERN PetscErrorCode HGBoxesAdd(HGBoxes *, const HGStrided *);
PETSC_INTERN PetscErrorCode HGTransferPlan(HGTransfer, const HGTransferSpec *);

#endif
