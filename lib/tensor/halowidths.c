/* SPDX-License-Identifier: BSD-2-Clause */
#include "tensor/tensor_impl.h"

/*@C
   HGHaloWidthsCreate - Create widths of zero ghost points for the parts of a partition

   Not Collective

   Input Parameter:
.  p - the partition, set up

   Output Parameter:
.  w - the widths

   Level: developer

.seealso: `HGHaloWidths`, `HGHaloWidthsDestroy()`
@*/
PetscErrorCode HGHaloWidthsCreate(HGPartition p, HGHaloWidths *w)
{
  PetscFunctionBegin;
  PetscValidHeaderSpecific(p, HG_PARTITION_CLASSID, 1);
  for (int a = 0; a < 3; a++) {
    w->parts[a] = p->parts[HG_Z + a];
    for (int s = 0; s < 2; s++) PetscCall(PetscCalloc1(w->parts[a], &w->width[a][s]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGHaloWidthsDestroy - Free widths

   Not Collective

   Input Parameter:
.  w - the widths, may be all zero bytes

   Level: developer

.seealso: `HGHaloWidthsCreate()`
@*/
PetscErrorCode HGHaloWidthsDestroy(HGHaloWidths *w)
{
  PetscFunctionBegin;
  for (int a = 0; a < 3; a++)
    for (int s = 0; s < 2; s++) PetscCall(PetscFree(w->width[a][s]));
  PetscCall(PetscMemzero(w, sizeof(*w)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGHaloWidthsUnite - Make widths at least as large as others

   Not Collective

   Input Parameters:
+  w    - the widths to grow
-  with - the others, of as many parts

   Level: developer

.seealso: `HGHaloWidthsCreate()`
@*/
PetscErrorCode HGHaloWidthsUnite(HGHaloWidths *w, const HGHaloWidths *with)
{
  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) {
    PetscAssert(w->parts[a] == with->parts[a], PETSC_COMM_SELF, PETSC_ERR_PLIB, "widths of other parts");
    for (int s = 0; s < 2; s++)
      for (PetscInt i = 0; i < w->parts[a]; i++) w->width[a][s][i] = PetscMax(w->width[a][s][i], with->width[a][s][i]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGHaloWidthsLargest - Get the largest of all parts' widths

   Not Collective

   Input Parameter:
.  w - the widths

   Output Parameter:
.  most - below and above, for z, y, x

   Level: developer

.seealso: `HGHaloWidthsCreate()`
@*/
PetscErrorCode HGHaloWidthsLargest(const HGHaloWidths *w, PetscInt most[3][2])
{
  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) {
    for (int s = 0; s < 2; s++) {
      most[a][s] = 0;
      for (PetscInt i = 0; i < w->parts[a]; i++) most[a][s] = PetscMax(most[a][s], w->width[a][s][i]);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGHaloWidthsFromStencil - Get the ghost points that each part needs for a stencil's output points of the same part

   Not Collective

   Input Parameters:
+  in  - partition of what the stencil reads
.  out - partition of what it writes, of as many parts along each axis of space
-  s   - the stencil

   Output Parameter:
.  w - the widths; destroy them

   Level: developer

   Errors:
   Refuses kernels, strides and dilations below one, and partitions of other numbers of parts.

.seealso: `HGTensorSetHaloWidths()`, `HGTensorSetStencilHalo()`
@*/
PetscErrorCode HGHaloWidthsFromStencil(HGPartition in, HGPartition out, const HGStencil *s, HGHaloWidths *w)
{
  MPI_Comm comm = PetscObjectComm((PetscObject)in);

  PetscFunctionBegin;
  PetscValidHeaderSpecific(in, HG_PARTITION_CLASSID, 1);
  PetscValidHeaderSpecific(out, HG_PARTITION_CLASSID, 2);
  PetscCall(HGHaloWidthsCreate(in, w));
  for (int a = 0; a < 3; a++) {
    const PetscInt  axis = HG_Z + a, parts = in->parts[axis], reach = (s->kernel[a] - 1) * s->dilation[a];
    const PetscInt *i0 = in->start[axis], *o0 = out->start[axis];

    HGCheck(s->kernel[a] >= 1 && s->stride[a] >= 1 && s->dilation[a] >= 1, comm,
            "a stencil of %" PetscInt_FMT " points, stride %" PetscInt_FMT ", dilation %" PetscInt_FMT "; all must be at least 1",
            s->kernel[a], s->stride[a], s->dilation[a]);
    HGCheck(out->parts[axis] == parts, comm,
            "a stencil's input has %" PetscInt_FMT " parts, its output %" PetscInt_FMT "; give both the same", parts, out->parts[axis]);
    for (PetscInt i = 0; i < parts; i++) {
      if (o0[i + 1] == o0[i] || i0[i + 1] == i0[i]) continue;
      w->width[a][0][i] = PetscMax(0, i0[i] - (o0[i] * s->stride[a] - s->padding[a]));
      w->width[a][1][i] = PetscMax(0, (o0[i + 1] - 1) * s->stride[a] - s->padding[a] + reach + 1 - i0[i + 1]);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTensorSetHaloWidths - Set how many ghost points each part has along all axes of space

   Logically Collective

   Input Parameters:
+  t - the tensor, not set up yet
-  w - the widths

   Level: developer

.seealso: `HGTensorSetHaloRanges()`, `HGHaloWidthsCreate()`
@*/
PetscErrorCode HGTensorSetHaloWidths(HGTensor t, const HGHaloWidths *w)
{
  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) PetscCall(HGTensorSetHaloRanges(t, HG_Z + a, w->width[a][0], w->width[a][1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGTensorSetStencilHalo - Give each part the ghost points that a stencil needs for the output points of the same part

   Logically Collective

   Input Parameters:
+  t   - the tensor that the stencil reads, not set up yet
.  out - the partition of its output, with the same parts of space
-  s   - the stencil

   Level: advanced

   Notes:
   Widths differ from part to part where strides do not divide their sizes: where part i has input points [a, b) and output
   points [o, p), it needs ghosts from o stride - padding to (p - 1) stride - padding + (kernel - 1) dilation.

   Points that no output needs are owned nevertheless.

   Errors:
   Refuses strides, dilations and kernels below one, and partitions with other parts.

.seealso: `HGStencil`, `HGTensorSetHaloRanges()`
@*/
PetscErrorCode HGTensorSetStencilHalo(HGTensor t, HGPartition out, const HGStencil *s)
{
  HGHaloWidths w;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(t, HG_TENSOR_CLASSID, 1);
  PetscCall(HGHaloWidthsFromStencil(t->part, out, s, &w));
  PetscCall(HGTensorSetHaloWidths(t, &w));
  PetscCall(HGHaloWidthsDestroy(&w));
  PetscFunctionReturn(PETSC_SUCCESS);
}
