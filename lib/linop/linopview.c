/* SPDX-License-Identifier: BSD-2-Clause */
#include "linop/linop_impl.h"

/* Messages and bytes that this rank sends in one application */
PetscErrorCode HGLinOpTraffic(HGLinOp op, PetscInt *messages, PetscInt64 *bytes)
{
  PetscFunctionBegin;
  *messages = 0;
  *bytes    = 0;
  if (op->ops->traffic) PetscCall((*op->ops->traffic)(op, messages, bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGLinOpView - Print an operator's type, domain and range, and the messages and bytes of one application

   Collective

   Input Parameters:
+  op     - the operator, set up
-  viewer - an ASCII viewer

   Options Database Key:
.  -linop_view - print it at the end of `HGLinOpSetUp()`

   Level: beginner

.seealso: `HGLinOpGetTraffic()`
@*/
PetscErrorCode HGLinOpView(HGLinOp op, PetscViewer viewer)
{
  PetscInt    messages;
  PetscInt64  bytes;
  const char *prefix = ((PetscObject)op)->prefix;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCheck(op->setup, PetscObjectComm((PetscObject)op), PETSC_ERR_ARG_WRONGSTATE, "call HGLinOpSetUp() before HGLinOpView()");
  if (!viewer) PetscCall(PetscViewerASCIIGetStdout(PetscObjectComm((PetscObject)op), &viewer));
  PetscCall(HGLinOpGetTraffic(op, &messages, &bytes));
  PetscCall(PetscViewerASCIIPrintf(viewer, "HGLinOp %s%s%s%s: %" PetscInt_FMT " messages, %" PetscInt64_FMT " bytes\n",
                                   ((PetscObject)op)->type_name, prefix ? " (" : "", prefix ? prefix : "", prefix ? ")" : "", messages,
                                   bytes));
  PetscCall(PetscViewerASCIIPushTab(viewer));
  PetscCall(PetscViewerASCIIPrintf(viewer, "domain%s: ", op->ghosts_in_x ? " with ghosts" : ""));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_FALSE));
  PetscCall(HGTensorView(op->x, viewer));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_TRUE));
  PetscCall(PetscViewerASCIIPrintf(viewer, "range%s: ", op->ghosts_in_y ? " with ghosts" : ""));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_FALSE));
  PetscCall(HGTensorView(op->y, viewer));
  PetscCall(PetscViewerASCIIUseTabs(viewer, PETSC_TRUE));
  PetscCall(PetscViewerASCIIPopTab(viewer));
  if (op->ops->view) PetscCall((*op->ops->view)(op, viewer));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpGetTraffic - Get the messages and bytes that one application sends, summed over all ranks

   Collective

   Input Parameter:
.  op - the operator, set up

   Output Parameters:
+  messages - number of messages
-  bytes    - their size

   Level: intermediate

   Units:
   bytes

.seealso: `HGLinOpView()`
@*/
PetscErrorCode HGLinOpGetTraffic(HGLinOp op, PetscInt *messages, PetscInt64 *bytes)
{
  PetscInt   m;
  PetscInt64 mine[2], all[2];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(HGLinOpTraffic(op, &m, &mine[1]));
  mine[0] = m;
  PetscCallMPI(MPI_Allreduce(mine, all, 2, MPIU_INT64, MPI_SUM, PetscObjectComm((PetscObject)op)));
  *messages = (PetscInt)all[0];
  *bytes    = all[1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *const BoundaryName[] = {"none", "zero", "periodic", "reflect", "replicate"};

static PetscErrorCode ParseBoundary(HGLinOp op, const char name[], HGBoundary *b)
{
  PetscBool found = PETSC_FALSE;

  PetscFunctionBegin;
  for (int i = 0; i < 5 && !found; i++) {
    PetscCall(PetscStrcmp(name, BoundaryName[i], &found));
    if (found) *b = (HGBoundary)i;
  }
  HGCheckOptions(found, op, "no boundary \"%s\"; give -linop_boundary none, zero, periodic, reflect or replicate", name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode SetBoundaryNames(HGLinOp op, PetscInt n, char *name[])
{
  HGBoundary b[3];

  PetscFunctionBegin;
  HGCheckOptions(n == 1 || n == 3, op, "-linop_boundary has %" PetscInt_FMT " names; give one, or three for z,y,x", n);
  for (PetscInt a = 0; a < 3; a++) PetscCall(ParseBoundary(op, name[n == 1 ? 0 : a], &b[a]));
  for (PetscInt i = 0; i < n; i++) PetscCall(PetscFree(name[i]));
  PetscCall(HGLinOpSetBoundary(op, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CheckFive(HGLinOp op, const char option[], PetscInt n)
{
  PetscFunctionBegin;
  HGCheckOptions(n == HG_AXES, op, "%s has %" PetscInt_FMT " numbers; give %d, for n,c,z,y,x", option, n, HG_AXES);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLinOpSetFromOptions - Set an operator's type and parameters from the options database

   Collective

   Input Parameter:
.  op - the operator

   Options Database Keys:
+  -linop_type     - the type, see `HGLinOpType`
.  -linop_boundary - what a halo or pad holds beyond the boundary
.  -linop_keep_zeros - a halo's ghosts beyond zero boundaries are zero already
.  -linop_offset   - where a pad or crop lies
.  -linop_low      - low points of a restriction
.  -linop_scale    - the number of a scale operator
.  -linop_stages   - stages of a broadcast or sum-reduce
-  -linop_view     - print the operator at the end of `HGLinOpSetUp()`

   Level: beginner

   Errors:
   Refuses unknown types and boundaries, and lists of the wrong length.

.seealso: `HGLinOpCreate()`, `PetscObjectSetOptionsPrefix()`
@*/
PetscErrorCode HGLinOpSetFromOptions(HGLinOp op)
{
  char      type[64] = "", *name[3];
  PetscInt  stages = op->asked_stages, names = 3, offset[HG_AXES], offsets = HG_AXES, low[HG_AXES], lows = HG_AXES;
  PetscBool set, set_boundary, set_offset, set_low, keep = op->keep_zeros;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(PetscArraycpy(offset, op->offset, HG_AXES));
  PetscCall(PetscArraycpy(low, op->low, HG_AXES));
  PetscObjectOptionsBegin((PetscObject)op);
  PetscCall(PetscOptionsString("-linop_type", "type of the linear operator", "HGLinOpSetType", ((PetscObject)op)->type_name, type,
                               sizeof(type), &set));
  if (set) PetscCall(HGLinOpSetType(op, type));
  PetscCall(PetscOptionsStringArray("-linop_boundary", "boundary for z,y,x or one for all: none, zero, periodic, reflect, replicate",
                                    "HGLinOpSetBoundary", name, &names, &set_boundary));
  PetscCall(PetscOptionsIntArray("-linop_offset", "pad, crop: first point of the smaller tensor in the larger one, n,c,z,y,x",
                                 "HGLinOpSetOffset", offset, &offsets, &set_offset));
  PetscCall(PetscOptionsIntArray("-linop_low", "restrict, zerofill: points kept at the low end, n,c,z,y,x", "HGLinOpSetLow", low, &lows,
                                 &set_low));
  PetscCall(PetscOptionsBool("-linop_keep_zeros", "halo: ghost points beyond zero boundaries are zero already", "HGLinOpSetKeepZeros", keep,
                             &keep, &set));
  if (set) PetscCall(HGLinOpSetKeepZeros(op, keep));
  PetscCall(PetscOptionsReal("-linop_scale", "scale: the number", "HGLinOpSetScale", op->factor, &op->factor, NULL));
  PetscCall(
      PetscOptionsInt("-linop_stages", "broadcast, sumreduce: 1 straight, 2 by way of shares", "HGLinOpSetStages", stages, &stages, &set));
  if (set) PetscCall(HGLinOpSetStages(op, stages));
  PetscOptionsEnd();
  if (set_boundary) PetscCall(SetBoundaryNames(op, names, name));
  if (set_offset) PetscCall(CheckFive(op, "-linop_offset", offsets));
  if (set_offset) PetscCall(HGLinOpSetOffset(op, offset));
  if (set_low) PetscCall(CheckFive(op, "-linop_low", lows));
  if (set_low) PetscCall(HGLinOpSetLow(op, low));
  PetscFunctionReturn(PETSC_SUCCESS);
}
