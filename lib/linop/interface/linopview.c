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

static PetscErrorCode SetBoundaryNames(HGLinOp op, const char names[])
{
  HGBoundary b[3];
  char     **name;
  int        n;

  PetscFunctionBegin;
  PetscCall(PetscStrToArray(names, ',', &n, &name));
  HGCheckOptions(n == 1 || n == 3, op, "-linop_boundary %s has %d names; give one, or three for z,y,x", names, n);
  for (int a = 0; a < 3; a++) PetscCall(ParseBoundary(op, name[n == 1 ? 0 : a], &b[a]));
  PetscCall(PetscStrToArrayDestroy(n, name));
  PetscCall(HGLinOpSetBoundary(op, b));
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
  const char *type = ((PetscObject)op)->type_name, *names = NULL;
  PetscInt    stages = op->asked_stages, offset[HG_AXES], low[HG_AXES], n = HG_AXES;
  PetscBool   set, set_boundary, set_offset, set_low, keep = op->keep_zeros;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(op, HG_LINOP_CLASSID, 1);
  PetscCall(PetscArraycpy(offset, op->offset, HG_AXES));
  PetscCall(PetscArraycpy(low, op->low, HG_AXES));
  PetscObjectOptionsBegin((PetscObject)op);
  PetscCall(HGOptionsType(PetscOptionsObject, "-linop_type", "type of the linear operator", "HGLinOpSetType", HGLinOpList, &type, &set));
  if (set) PetscCall(HGLinOpSetType(op, type));
  PetscCall(HGOptionsString(PetscOptionsObject, "-linop_boundary",
                            "boundary for z,y,x or one for all: none, zero, periodic, reflect, replicate", "HGLinOpSetBoundary", &names,
                            &set_boundary));
  PetscCall(HGOptionsIntArray(PetscOptionsObject, "-linop_offset",
                              "pad, crop: first point of the smaller tensor in the larger one, n,c,z,y,x", "HGLinOpSetOffset", 0,
                              PETSC_MAX_INT, HG_AXES, HG_AXES, offset, &n, &set_offset));
  PetscCall(HGOptionsIntArray(PetscOptionsObject, "-linop_low",
                              "restrict, zerofill: points kept at the low end, n,c,z,y,x; -1 for all of them", "HGLinOpSetLow", -1,
                              PETSC_MAX_INT, HG_AXES, HG_AXES, low, &n, &set_low));
  PetscCall(HGOptionsBool(PetscOptionsObject, "-linop_keep_zeros", "halo: ghost points beyond zero boundaries are zero already",
                          "HGLinOpSetKeepZeros", &keep, &set));
  if (set) PetscCall(HGLinOpSetKeepZeros(op, keep));
  PetscCall(HGOptionsReal(PetscOptionsObject, "-linop_scale", "scale: the number", "HGLinOpSetScale", -PETSC_MAX_REAL, PETSC_MAX_REAL,
                          &op->factor, NULL));
  PetscCall(HGOptionsInt(PetscOptionsObject, "-linop_stages", "broadcast, sumreduce: 1 straight, 2 by way of shares", "HGLinOpSetStages", 1,
                         2, &stages, &set));
  if (set) PetscCall(HGLinOpSetStages(op, stages));
  PetscCall(HGOptionsView(PetscOptionsObject, "-linop_view", "print the operator"));
  PetscOptionsEnd();
  if (set_boundary) PetscCall(SetBoundaryNames(op, names));
  if (set_offset) PetscCall(HGLinOpSetOffset(op, offset));
  if (set_low) PetscCall(HGLinOpSetLow(op, low));
  PetscFunctionReturn(PETSC_SUCCESS);
}
