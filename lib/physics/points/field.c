/* SPDX-License-Identifier: BSD-2-Clause */
/* The input of a built-in equation at points: a field on a grid, whose points are those of the terms that need it, or a function */
#include "physics/points/collocation_impl.h"

/* This rank's part of a field on the grid of the equation, and which of its points a term takes */
typedef struct {
  HGPhysics p;
  HGBox     box;
  double   *value; /* [z][y][x][channels] */
  PetscInt  channels;
} Field;

static PetscErrorCode CopyField(HGCollocation c, HGTensor a, PetscInt sample, Field *f)
{
  const HGTensorLocal *l;
  HGDType              dtype;
  PetscInt             k = 0;

  PetscFunctionBegin;
  PetscCall(HGTensorGetLocal(a, &l));
  PetscCall(HGTensorGetDType(a, &dtype));
  f->p        = c->e.physics;
  f->box      = l->box;
  f->channels = l->box.size[HG_C];
  PetscCall(PetscMalloc1(f->box.size[HG_Z] * f->box.size[HG_Y] * f->box.size[HG_X] * f->channels, &f->value));
  for (PetscInt z = 0; z < f->box.size[HG_Z]; z++) {
    for (PetscInt y = 0; y < f->box.size[HG_Y]; y++) {
      for (PetscInt x = 0; x < f->box.size[HG_X]; x++) {
        const ptrdiff_t at = sample * l->stride[HG_N] + z * l->stride[HG_Z] + y * l->stride[HG_Y] + x * l->stride[HG_X];

        for (PetscInt i = 0; i < f->channels; i++)
          f->value[k++] = dtype == HG_F32 ? (double)((const float *)l->owned)[at + i] : ((const double *)l->owned)[at + i];
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Element of value at the point of a global number, x fastest; -1 if it is another rank's */
static PetscInt Local(const Field *f, PetscInt number, PetscInt at[3])
{
  const PetscInt *n = f->p->size, *s = &f->box.start[HG_Z], *m = &f->box.size[HG_Z];

  at[2] = number % n[2];
  at[1] = number / n[2] % n[1];
  at[0] = number / n[2] / n[1];
  for (int a = 0; a < 3; a++)
    if (at[a] < s[a] || at[a] >= s[a] + m[a]) return -1;
  return (((at[0] - s[0]) * m[1] + at[1] - s[1]) * m[2] + at[2] - s[2]) * f->channels;
}

/* The points that a term takes of the grid: all of them, or as many as it asks for, at random; x with the time t behind it */
static PetscErrorCode TakePoints(HGCollocation c, const Field *f, HGCollocationPoints *s, double t)
{
  const PetscInt total = f->p->size[0] * f->p->size[1] * f->p->size[2], wanted = PetscMin(total, s->term.points);
  const uint64_t stream = HGRandomStream(s->term.name);

  PetscFunctionBegin;
  s->term.points = s->total = wanted;
  s->n = s->room = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (PetscInt i = 0; i < wanted; i++) {
      PetscInt       at[3];
      const PetscInt from = Local(f, wanted < total ? HGSamplePermuted((uint64_t)c->seed, stream, total, i) : i, at);

      if (from < 0) continue;
      if (pass) {
        for (int d = 0; d < c->e.dim; d++) s->x[s->n * c->dim + d] = f->p->axis[2 - d].at[at[2 - d]];
        if (c->e.time) s->x[s->n * c->dim + c->e.dim] = t;
        PetscCall(PetscArraycpy(s->data + s->n * s->term.ndata, f->value + from, s->term.ndata));
      }
      s->n++;
    }
    if (pass) break;
    s->room = s->n;
    s->n    = 0;
    PetscCall(PetscFree(s->x));
    PetscCall(PetscFree(s->data));
    PetscCall(PetscMalloc1(s->room * c->dim, &s->x));
    PetscCall(PetscMalloc1(s->room * s->term.ndata, &s->data));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A coefficient and its derivatives along x, y, z, by differences that know no condition on the boundary */
static PetscErrorCode Differentiate(HGCollocation c, Field *f)
{
  HGPhysics          p   = f->p;
  const PetscInt     own = f->box.size[HG_Z] * f->box.size[HG_Y] * f->box.size[HG_X], width = 1 + c->e.dim;
  HGGridAxis         axis[3];
  HGBlock            block;
  PetscInt           reach = 1;
  double            *value, *line;
  DM                 dm;
  Vec                global, local;
  PetscScalar       *v;
  const PetscScalar *ghosted;

  PetscFunctionBegin;
  for (int a = 0; a < 3; a++) {
    axis[a]      = p->axis[a];
    axis[a].soft = PETSC_TRUE;
    if (a >= 3 - p->dim) reach = PetscMax(reach, HGAxisReach(&axis[a], 2));
  }
  PetscCall(HGPhysicsCreateGhosted(p, 1, reach, PETSC_FALSE, &dm));
  PetscCall(HGBlockOfDM(dm, &block));
  PetscCall(DMCreateGlobalVector(dm, &global));
  PetscCall(DMCreateLocalVector(dm, &local));
  PetscCall(VecGetArrayWrite(global, &v));
  PetscCall(PetscArraycpy(v, f->value, own));
  PetscCall(VecRestoreArrayWrite(global, &v));
  PetscCall(DMGlobalToLocal(dm, global, INSERT_VALUES, local));
  PetscCall(VecGetArrayRead(local, &ghosted));
  PetscCall(PetscMalloc2(own * width, &value, block.n[2], &line));
  for (PetscInt i = 0; i < own; i++) value[i * width] = f->value[i];
  for (int d = 0; d < c->e.dim; d++) {
    const int    a = 2 - d;
    HGDifference difference;

    PetscCall(HGDifferenceSetUp(&difference, &axis[a], 1, 2, f->box.start[HG_Z + a], f->box.size[HG_Z + a]));
    for (PetscInt r = 0; r < block.n[0] * block.n[1]; r++) {
      const PetscInt at[2]    = {r / block.n[1], r % block.n[1]};
      const double   gamma[2] = {0, 0};

      PetscCall(PetscArrayzero(line, block.n[2]));
      HGDifferenceAdd(&difference, a, &block, at, 0, block.n[2], ghosted + block.first, gamma, line);
      for (PetscInt i = 0; i < block.n[2]; i++) value[(r * block.n[2] + i) * width + 1 + d] = line[i];
    }
    PetscCall(HGDifferenceDestroy(&difference));
  }
  PetscCall(VecRestoreArrayRead(local, &ghosted));
  PetscCall(PetscFree(f->value));
  PetscCall(PetscMalloc1(own * width, &f->value));
  PetscCall(PetscArraycpy(f->value, value, own * width));
  f->channels = width;
  PetscCall(PetscFree2(value, line));
  PetscCall(VecDestroy(&global));
  PetscCall(VecDestroy(&local));
  PetscCall(DMDestroy(&dm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@
   HGCollocationSetField - Set the input field of a built-in equation: its initial state, source or coefficient

   Collective

   Input Parameters:
+  c      - the residuals, `HGCollocationSetPhysics()` called
.  a      - a tensor on the grid of the equation
-  sample - which of this rank's samples of the tensor

   Level: intermediate

   Notes:
   The points of the term that needs it, initial or equation, are points of the grid: all, or as many as the term asks for, drawn at random. The derivatives of a
   coefficient are differences of second order.

   Errors:
   Another grid than the equation's, other channels than it has, an equation of a coefficient that is not positive.

.seealso: `HGCollocationSetPhysics()`, `HGCollocationSetInput()`
@*/
PetscErrorCode HGCollocationSetField(HGCollocation c, HGTensor a, PetscInt sample)
{
  MPI_Comm             comm = PetscObjectComm((PetscObject)c);
  HGCollocationPoints *s;
  HGPartition          part;
  PetscInt             dim, size[HG_AXES], need;
  Field                f;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscCheck(c->e.def, comm, PETSC_ERR_ORDER, "HGCollocationSetPhysics() comes first");
  PetscCall(HGTensorGetPartition(a, &part));
  PetscCall(HGPartitionGetSizes(part, &dim, size));
  need = c->e.def->role == HG_INPUT_COEFFICIENT ? 1 : c->e.unknowns;
  HGCheck(size[HG_Z] == c->e.physics->size[0] && size[HG_Y] == c->e.physics->size[1] && size[HG_X] == c->e.physics->size[2] &&
              size[HG_C] == need,
          comm,
          "the field has %" PetscInt_FMT " channels on %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT
          " points, the equation %s takes %" PetscInt_FMT " (%s) on %" PetscInt_FMT " x %" PetscInt_FMT " x %" PetscInt_FMT,
          size[HG_C], size[HG_Z], size[HG_Y], size[HG_X], c->e.def->name, need, c->e.def->input, c->e.physics->size[0],
          c->e.physics->size[1], c->e.physics->size[2]);
  PetscCall(CopyField(c, a, sample, &f));
  if (c->e.def->role == HG_INPUT_COEFFICIENT) PetscCall(Differentiate(c, &f));
  PetscCall(HGCollocationFindTerm(c, c->e.data, &s));
  s->given = PETSC_TRUE;
  PetscCall(TakePoints(c, &f, s, 0));
  PetscCall(PetscFree(f.value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGCollocationSetInput - Set the input of a built-in equation by a function: its initial state, source, or coefficient with its derivatives

   Logically Collective

   Input Parameters:
+  c - the residuals, `HGCollocationSetPhysics()` called
-  f - (i, x, a, ctx) gives at point i, of coordinates x, the values a; of a coefficient its derivatives along x, y, z behind it; ctx is the residuals themselves

   Level: intermediate

.seealso: `HGCollocationSetField()`
@*/
PetscErrorCode HGCollocationSetInput(HGCollocation c, void (*f)(PetscInt, const double[], double[], void *))
{
  HGCollocationPoints *s;

  PetscFunctionBegin;
  PetscValidHeaderSpecific(c, HG_COLLOCATION_CLASSID, 1);
  PetscCheck(c->e.def, PetscObjectComm((PetscObject)c), PETSC_ERR_ORDER, "HGCollocationSetPhysics() comes first");
  PetscCall(HGCollocationFindTerm(c, c->e.data, &s));
  s->given     = PETSC_FALSE;
  s->term.data = f;
  for (PetscInt d = 0; d < c->dim; d++) {
    s->term.lo[d] = c->lo[d];
    s->term.hi[d] = c->hi[d];
  }
  if (c->e.time) s->term.hi[c->e.dim] = 0; /* initial: the face t = 0 */
  PetscFunctionReturn(PETSC_SUCCESS);
}
