/* SPDX-License-Identifier: BSD-2-Clause */
/* What is prepared once for the layouts of output and target, and checked */
#include "loss/loss_impl.h"
#include <math.h>

/* HGLossReset - Forget the plan, but not what was set */
PetscErrorCode HGLossReset(HGLoss loss)
{
  PetscFunctionBegin;
  if (loss->ops->reset) PetscCall((*loss->ops->reset)(loss));
  for (int i = 0; i < 2; i++) PetscCall(HGPartitionDestroy(&loss->part[i]));
  PetscCall(PetscFree(loss->sums));
  PetscCall(PetscFree(loss->work));
  if (loss->across != MPI_COMM_NULL) PetscCallMPI(MPI_Comm_free(&loss->across));
  loss->across = MPI_COMM_NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The number of ranks and their parts of p for a tensor of other sizes: parts along an axis of one point hold copies of it */
static PetscErrorCode CreateLayout(HGPartition p, const PetscInt size[HG_AXES], HGPartition *q)
{
  PetscInt     dim, of[HG_AXES], parts[HG_AXES], all = 1;
  PetscBool    copies[HG_AXES];
  PetscMPIInt *ranks;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(p, &dim, of));
  PetscCall(HGPartitionGetParts(p, parts));
  PetscCall(HGPartitionGetReplicated(p, copies));
  PetscCall(HGPartitionCreate(PetscObjectComm((PetscObject)p), q));
  PetscCall(HGPartitionSetSizes(*q, dim, size));
  PetscCall(HGPartitionSetParts(*q, parts));
  for (PetscInt a = 0; a < HG_AXES; all *= parts[a++]) {
    const PetscInt *start;
    PetscInt       *lens;

    if (copies[a] || size[a] != of[a]) {
      PetscCall(HGPartitionSetReplicated(*q, a, PETSC_TRUE));
      continue;
    }
    PetscCall(HGPartitionGetStarts(p, a, &start));
    PetscCall(PetscMalloc1(parts[a], &lens));
    for (PetscInt i = 0; i < parts[a]; i++) lens[i] = start[i + 1] - start[i];
    PetscCall(HGPartitionSetRanges(*q, a, lens));
    PetscCall(PetscFree(lens));
  }
  PetscCall(PetscMalloc1(all, &ranks));
  for (PetscInt i = 0; i < all; i++) {
    PetscInt coords[HG_AXES], rest = i;

    for (int a = HG_AXES - 1; a >= 0; rest /= parts[a--]) coords[a] = rest % parts[a];
    PetscCall(HGPartitionGetRank(p, coords, &ranks[i]));
  }
  PetscCall(HGPartitionSetRanks(*q, all, ranks));
  PetscCall(PetscFree(ranks));
  PetscCall(HGPartitionSetUp(*q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CreateTensor(HGTensor y, const PetscInt size[HG_AXES], HGTensor *t)
{
  HGPartition p, q;
  HGDType     dtype;

  PetscFunctionBegin;
  PetscCall(HGTensorGetPartition(y, &p));
  PetscCall(HGTensorGetDType(y, &dtype));
  PetscCall(CreateLayout(p, size, &q));
  PetscCall(HGTensorCreate(q, dtype, t));
  PetscCall(HGTensorSetUp(*t));
  PetscCall(HGPartitionDestroy(&q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossCreateTarget - Create a tensor with the layout of the targets of a network's outputs

   Collective

   Input Parameters:
+  loss - the misfit, its type set
-  y    - the network's output

   Output Parameter:
.  target - the tensor, zero

   Level: intermediate

   Shape:
   y: [N][Z][Y][X][C]; target: the same, for class indices [N][Z][Y][X][1]

   Note:
   Where channels are divided among ranks, each of them has the class indices of its points.

.seealso: `HGLossEvaluate()`
@*/
PetscErrorCode HGLossCreateTarget(HGLoss loss, HGTensor y, HGTensor *target)
{
  HGPartition p;
  PetscInt    size[HG_AXES];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscValidHeaderSpecific(y, HG_TENSOR_CLASSID, 2);
  PetscCall(HGTensorGetPartition(y, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  if (loss->classes) size[HG_C] = 1;
  PetscCall(CreateTensor(y, size, target));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Point i of this rank's [n][z][y][x], counted in the global tensor of one channel */
static uint64_t GlobalPoint(const HGTensorLocal *l, const PetscInt size[HG_AXES], PetscInt i, ptrdiff_t *at)
{
  const PetscInt *s = l->box.size, *o = l->box.start;
  const PetscInt  x = i % s[HG_X], y = i / s[HG_X] % s[HG_Y], z = i / s[HG_X] / s[HG_Y] % s[HG_Z], n = i / s[HG_X] / s[HG_Y] / s[HG_Z];

  *at = n * l->stride[HG_N] + z * l->stride[HG_Z] + y * l->stride[HG_Y] + x * l->stride[HG_X];
  return (((uint64_t)(n + o[HG_N]) * (uint64_t)size[HG_Z] + (uint64_t)(z + o[HG_Z])) * (uint64_t)size[HG_Y] + (uint64_t)(y + o[HG_Y])) *
             (uint64_t)size[HG_X] +
         (uint64_t)(x + o[HG_X]);
}

/*@
   HGLossSetRandomTarget - Fill a target with random values that a misfit takes: classes, probabilities, or numbers in [-1, 1)

   Not Collective

   Input Parameters:
+  loss    - the misfit, its type set
.  classes - channels of the output
.  seed    - the seed
-  target  - from `HGLossCreateTarget()`

   Level: developer

   Shape:
   target: [N][Z][Y][X][C], for class indices [N][Z][Y][X][1]

   Note:
   For tests and measurements. A value depends on the seed and its global index only; copies are equal.

.seealso: `HGRandomUniform()`
@*/
PetscErrorCode HGLossSetRandomTarget(HGLoss loss, PetscInt classes, uint64_t seed, HGTensor target)
{
  const uint64_t       stream = HGRandomStream("target");
  const HGTensorLocal *l;
  HGPartition          p;
  HGDType              dtype;
  PetscInt             size[HG_AXES];
  PetscBool            binary;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscValidHeaderSpecific(target, HG_TENSOR_CLASSID, 4);
  PetscCall(HGTensorGetPartition(target, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, size));
  PetscCall(HGTensorGetDType(target, &dtype));
  PetscCall(HGTensorGetLocal(target, &l));
  PetscCall(PetscObjectTypeCompare((PetscObject)loss, HGLOSSBCE, &binary));
  for (PetscInt i = 0; i < l->box.size[HG_N] * l->box.size[HG_Z] * l->box.size[HG_Y] * l->box.size[HG_X]; i++) {
    ptrdiff_t      at;
    const uint64_t point = GlobalPoint(l, size, i, &at);

    for (PetscInt c = 0; c < l->box.size[HG_C]; c++) {
      const double u = HGRandomUniform(seed, stream, point * (uint64_t)size[HG_C] + (uint64_t)(l->box.start[HG_C] + c));

      HGLossPut(l->owned, dtype == HG_F32, at + c, loss->classes ? floor(u * (double)classes) : binary ? u : 2 * u - 1);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGLossCreateWeights - Create a tensor for weights or a mask of a network's outputs

   Collective

   Input Parameters:
+  loss - the misfit
.  y    - the network's output
-  size - {N, C, Z, Y, X} of the weights: along each axis the output's size, or 1 for weights that do not depend on it

   Output Parameter:
.  w - the tensor, zero, for `HGLossSetWeights()`

   Level: intermediate

   Shape:
   size: [5], w: [N or 1][Z or 1][Y or 1][X or 1][C or 1]

   Errors:
   Refuses other sizes.

.seealso: `HGLossSetWeights()`
@*/
PetscErrorCode HGLossCreateWeights(HGLoss loss, HGTensor y, const PetscInt size[], HGTensor *w)
{
  HGPartition p;
  PetscInt    of[HG_AXES];

  PetscFunctionBegin;
  PetscValidHeaderSpecific(loss, HG_LOSS_CLASSID, 1);
  PetscValidHeaderSpecific(y, HG_TENSOR_CLASSID, 2);
  PetscCall(HGTensorGetPartition(y, &p));
  PetscCall(HGPartitionGetSizes(p, NULL, of));
  for (int a = 0; a < HG_AXES; a++)
    HGCheck(size[a] == 1 || size[a] == of[a], PetscObjectComm((PetscObject)loss),
            "weights of %" PetscInt_FMT " points along axis %c of an output with %" PetscInt_FMT "; give as many, or 1", size[a],
            "nczyx"[a], of[a]);
  PetscCall(CreateTensor(y, size, w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether the points of t are those of y on this rank; along axes where `one` allows it t may have one point for all of y's */
static PetscBool HasPointsOf(const HGTensorLocal *y, const HGTensorLocal *t, const PetscBool one[HG_AXES])
{
  if (!HGBoxCount(&y->box)) return PETSC_TRUE;
  for (int a = 0; a < HG_AXES; a++) {
    if (t->box.start[a] == y->box.start[a] && t->box.size[a] == y->box.size[a]) continue;
    if (!one[a] || t->box.start[a] || t->box.size[a] != 1) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

static PetscErrorCode CheckLayouts(HGLoss loss, HGTensor y, HGTensor target)
{
  MPI_Comm        comm             = PetscObjectComm((PetscObject)loss);
  const PetscBool all[HG_AXES]     = {PETSC_TRUE, PETSC_TRUE, PETSC_TRUE, PETSC_TRUE, PETSC_TRUE},
                  channel[HG_AXES] = {PETSC_FALSE, loss->classes};
  const HGTensorLocal *ly, *lt, *lw = NULL;
  HGDType              types[3];
  PetscInt             size[HG_AXES], of[HG_AXES];
  PetscBool            same;

  PetscFunctionBegin;
  PetscCall(HGPartitionGetSizes(loss->part[0], NULL, size));
  PetscCall(HGPartitionGetSizes(loss->part[1], NULL, of));
  PetscCall(HGTensorGetLocal(y, &ly));
  PetscCall(HGTensorGetLocal(target, &lt));
  PetscCall(HGTensorGetDType(y, &types[0]));
  PetscCall(HGTensorGetDType(target, &types[1]));
  types[2] = types[0];
  if (loss->weight) {
    PetscCall(HGTensorGetLocal(loss->weight, &lw));
    PetscCall(HGTensorGetDType(loss->weight, &types[2]));
  }
  HGCheck(types[0] == types[1] && types[0] == types[2], comm,
          "output, target and weights of a loss have the types %s, %s and %s; they must agree", HGDTypeName(types[0]),
          HGDTypeName(types[1]), HGDTypeName(types[2]));
  HGCheck(!loss->classes || of[HG_C] == 1, comm, "a target of %" PetscInt_FMT " channels; the loss %s takes one, the index of the class",
          of[HG_C], ((PetscObject)loss)->type_name);
  PetscCall(HGAgree(comm, HasPointsOf(ly, lt, channel), &same));
  HGCheck(same, comm, "the target is not laid out as the output is; create it with HGLossCreateTarget()");
  PetscCall(HGAgree(comm, !lw || HasPointsOf(ly, lw, all), &same));
  HGCheck(same, comm, "the weights are not laid out as the output is; create them with HGLossCreateWeights()");
  HGCheck(!loss->channel_weight || loss->nchannel_weight == size[HG_C], comm,
          "%" PetscInt_FMT " channel weights for an output of %" PetscInt_FMT " channels; give one for each (-loss_channel_weights)",
          loss->nchannel_weight, size[HG_C]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of parts that are copies of each other the first one counts; parts that have the other channels of the same points find each other */
static PetscErrorCode FindRoles(HGLoss loss)
{
  MPI_Comm    comm            = PetscObjectComm((PetscObject)loss);
  HGPartition p               = loss->part[0];
  PetscInt    coords[HG_AXES] = {0}, parts[HG_AXES], color = 0;
  PetscBool   copies[HG_AXES], has;
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(HGPartitionGetReplicated(p, copies));
  PetscCall(HGPartitionGetParts(p, parts));
  PetscCall(HGPartitionGetCoords(p, rank, &has, coords));
  loss->counts = has;
  for (int a = 0; a < HG_AXES; a++) {
    if (copies[a] && coords[a]) loss->counts = PETSC_FALSE;
    if (a != HG_C) color = color * parts[a] + coords[a];
  }
  loss->leads = loss->counts && !coords[HG_C] ? PETSC_TRUE : PETSC_FALSE;
  if (!loss->classes || parts[HG_C] == 1 || copies[HG_C]) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_split(comm, has ? (int)color : MPI_UNDEFINED, (int)coords[HG_C], &loss->across));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*
  HGLossPlan - Check the layouts of output, target and weights, and prepare for them; nothing is done if they are those of before

  Collective
*/
PetscErrorCode HGLossPlan(HGLoss loss, HGTensor y, HGTensor target)
{
  HGTensor             t[2] = {y, target};
  HGPartition          p[2];
  HGDType              dtype;
  PetscInt             size[HG_AXES];
  const HGTensorLocal *l;

  PetscFunctionBegin;
  for (int i = 0; i < 2; i++) PetscCall(HGTensorGetPartition(t[i], &p[i]));
  PetscCall(HGTensorGetDType(y, &dtype));
  if (loss->part[0] == p[0] && loss->part[1] == p[1] && loss->dtype == dtype) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HGLossReset(loss));
  for (int i = 0; i < 2; i++) {
    PetscCall(HGPartitionReference(p[i]));
    loss->part[i] = p[i];
  }
  loss->dtype = dtype;
  PetscCall(CheckLayouts(loss, y, target));
  PetscCall(FindRoles(loss));
  PetscCall(HGPartitionGetSizes(p[0], NULL, size));
  loss->channels = size[HG_C];
  PetscCall(HGTensorGetLocal(y, &l));
  PetscCall(PetscMalloc1(l->box.size[HG_N] * HG_LOSS_SUMS, &loss->sums));
  if (loss->ops->setup) PetscCall((*loss->ops->setup)(loss, y));
  PetscFunctionReturn(PETSC_SUCCESS);
}
