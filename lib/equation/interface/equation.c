/* SPDX-License-Identifier: BSD-2-Clause */
/* The registry of equations */
#include "equation/equation_impl.h"

static struct {
  PetscInt           n, room;
  const HGEquation **equation; /* [n] */
} All;

static PetscErrorCode FinalizePackage(void)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(All.equation));
  All.n = All.room = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Add(const HGEquation *e)
{
  PetscFunctionBegin;
  if (All.n == All.room) {
    All.room += 16;
    PetscCall(PetscRealloc((size_t)All.room * sizeof(*All.equation), &All.equation));
  }
  All.equation[All.n++] = e;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode AddBuiltIn(void)
{
#define ADDRESS(name) &HGEquation##name,
  static const HGEquation *const builtin[] = {HG_EQUATIONS(ADDRESS)};

  PetscFunctionBegin;
  if (All.n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscRegisterFinalize(FinalizePackage));
  for (int i = 0; i < HG_COUNT(builtin); i++) PetscCall(Add(builtin[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGEquationRegister - Add an equation, for `HGPhysicsSetType()` and `-physics_type` on grids and at points

   Not Collective

   Input Parameter:
.  e - the equation; not copied, it must stay

   Level: advanced

   Errors:
   A name that is taken, no point(), more unknowns, parameters or terms than there is room for.

.seealso: `HGEquation`
@*/
PetscErrorCode HGEquationRegister(const HGEquation *e)
{
  const HGEquation *other;

  PetscFunctionBegin;
  PetscCall(HGEquationFind(e->name, &other));
  HGCheck(!other, PETSC_COMM_WORLD, "there is an equation %s already; give yours another name", e->name);
  HGCheck(e->point, PETSC_COMM_WORLD, "the equation %s has no point(), which computes R", e->name);
  HGCheck(e->dims[0] >= 1 && e->dims[0] <= e->dims[1] && e->dims[1] <= 3, PETSC_COMM_WORLD,
          "the equation %s is for %d to %d dimensions; give numbers from 1 to 3", e->name, e->dims[0], e->dims[1]);
  for (int d = e->dims[0]; d <= e->dims[1]; d++) {
    const PetscInt unknowns = HGEquationGetUnknowns(e, d);

    HGCheck(unknowns >= 1 && unknowns <= HG_MAX_UNKNOWNS && e->nparameters <= HG_EQUATION_PARAMETERS && e->nterms[d - 1] >= 1 &&
                e->nterms[d - 1] <= HG_EQUATION_TERMS && e->terms[d - 1],
            PETSC_COMM_WORLD,
            "the equation %s has %" PetscInt_FMT
            " unknowns, %d parameters and %d terms in %d dimensions; give 1 to %d, 0 to %d and 1 to %d",
            e->name, unknowns, e->nparameters, e->nterms[d - 1], d, HG_MAX_UNKNOWNS, HG_EQUATION_PARAMETERS, HG_EQUATION_TERMS);
  }
  PetscCall(Add(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGEquationFind - The equation of a name

   Not Collective

   Input Parameter:
.  name - the name

   Output Parameter:
.  e - the equation, NULL if there is none

   Level: advanced

.seealso: `HGEquationRegister()`, `HGEquationGetAll()`
@*/
PetscErrorCode HGEquationFind(const char name[], const HGEquation **e)
{
  PetscFunctionBegin;
  *e = NULL;
  PetscCall(AddBuiltIn());
  for (PetscInt i = 0; i < All.n; i++)
    if (!strcmp(All.equation[i]->name, name)) *e = All.equation[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGEquationGetAll - All equations

   Not Collective

   Output Parameters:
+  n - how many
-  e - [n] the equations; valid until another is registered

   Level: advanced

.seealso: `HGEquationRegister()`
@*/
PetscErrorCode HGEquationGetAll(PetscInt *n, const HGEquation *const *e[])
{
  PetscFunctionBegin;
  PetscCall(AddBuiltIn());
  *n = All.n;
  *e = All.equation;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/*@C
   HGEquationGetUnknowns - The number of unknowns at a point

   Not Collective

   Input Parameters:
+  e   - the equation
-  dim - dimensions of space

   Level: advanced

.seealso: `HGEquation`
@*/
PetscInt HGEquationGetUnknowns(const HGEquation *e, PetscInt dim)
{
  return e->vector ? dim : e->unknowns;
}

/*@C
   HGEquationFindParameter - The number of a parameter, -1 if the equation has none of this name in so many dimensions

   Not Collective

   Input Parameters:
+  e    - the equation
.  dim  - dimensions of space
-  name - the parameter

   Level: advanced

.seealso: `HGEquation`
@*/
int HGEquationFindParameter(const HGEquation *e, PetscInt dim, const char name[])
{
  for (int i = 0; i < e->nparameters; i++)
    if (!strcmp(e->parameter[i].name, name) && dim >= e->parameter[i].dims) return i;
  return -1;
}
