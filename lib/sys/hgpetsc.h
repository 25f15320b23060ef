/* SPDX-License-Identifier: BSD-2-Clause */
/* The one place that knows about differences between PETSc 3.18 and PETSc's current main. */
#ifndef HGPETSC_H
#define HGPETSC_H

/* What the headers of a PETSc that was configured without C++ need in a C++ program, and do not define */
#if defined(__cplusplus)
#include <petscconf.h>
#if !defined(PETSC_FUNCTION_NAME_CXX)
#define PETSC_FUNCTION_NAME_CXX __func__
#endif
#if !defined(PETSC_CXX_RESTRICT)
#define PETSC_CXX_RESTRICT __restrict__
#endif
#endif

#include <petscdmda.h>
#include <petsctao.h>

#if defined(PETSC_USE_COMPLEX)
#error "Halograd needs a PETSc built with real scalars (--with-scalar-type=real)"
#endif
#if !defined(PETSC_USE_REAL_DOUBLE)
#error "Halograd needs a PETSc built in double precision (--with-precision=double)"
#endif
#if PETSC_VERSION_LT(3, 18, 0)
#error "Halograd needs PETSc 3.18 or later"
#endif
/* Monitors of options: their argument between value and context */
#if PETSC_VERSION_LT(3, 19, 0)
#define PETSC_SUCCESS ((PetscErrorCode)0)
#define HG_OPTIONS_MONITOR_SOURCE
#else
#define HG_OPTIONS_MONITOR_SOURCE PETSC_UNUSED PetscOptionSource source,
#endif
#if PETSC_VERSION_LT(3, 21, 0)
#define TaoMonitorSet(tao, f, ctx, destroy) TaoSetMonitor(tao, f, ctx, destroy)
#endif
#if PETSC_VERSION_LT(3, 22, 0)
#define PETSC_CURRENT PETSC_DEFAULT /* a tolerance that stays as it is */
/* Later on limits and tolerances that nobody has set are zero, unless the type of the optimizer asks for those of TAO */
#define TaoParametersInitialize(tao) PETSC_SUCCESS
#define PetscOptionsCreateViewer(comm, options, prefix, name, viewer, format, set) \
  PetscOptionsGetViewer(comm, options, prefix, name, viewer, format, set)
#endif
/* PetscBool is an enumeration at first, then C's own */
#if PETSC_VERSION_LT(3, 24, 0)
#define HG_MPI_BOOL MPIU_BOOL
#else
#define HG_MPI_BOOL MPI_C_BOOL
#endif
/* Tao keeps the objective in its operations; later versions keep it in a TaoTerm */
#define HG_TAO_HAS_OBJECTIVE_OPS PETSC_VERSION_LT(3, 24, 0)
#if PETSC_VERSION_LT(3, 23, 0)
typedef PetscOptionItems *HGOptionItems;
#else
typedef PetscOptionItems HGOptionItems;
#endif

#endif
