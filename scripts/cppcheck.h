/* SPDX-License-Identifier: BSD-2-Clause */
/* What cppcheck has to know of PETSc's macros, in place of PETSc's headers */
#define PETSC_USE_REAL_DOUBLE
#define PETSC_VERSION_LT(a, b, c) 0
#define PETSC_VERSION_GE(a, b, c) 1
#define PetscFunctionBegin
#define PetscFunctionBeginUser
#define PetscFunctionReturn(e) return e
#define PetscCall(e)           (void)(e)
#define PetscCallMPI(e)        (void)(e)
#define PetscCallVoid(e)       (void)(e)
#define PetscValidHeaderSpecific(a, b, c)
#define PetscCheck(c, ...)  (void)(c)
#define PetscAssert(c, ...) (void)(c)
#define PetscMax(a, b)      ((a) < (b) ? (b) : (a))
#define PetscMin(a, b)      ((a) < (b) ? (a) : (b))
#define PETSC_EXTERN        extern
#define PETSC_INTERN        extern
