# SPDX-License-Identifier: BSD-2-Clause

m4_define([HG_PETSC_OLDEST], [3.18])

# HG_SETUP_VALUE(NAME): a value that scripts/setup left
AC_DEFUN([HG_SETUP_VALUE], [`test -r "$hg_setup/env" && . "$hg_setup/env" && AS_ECHO(["$$1"])`])

# HG_FIND_PETSC: hg_petsc_pc = folder of PETSc.pc, empty if none serves. The user's word comes first, then what was chosen with
# scripts/setup, then the system's.
AC_DEFUN([HG_FIND_PETSC], [
AC_ARG_VAR([PETSC_DIR], [PETSc to use])
AC_ARG_VAR([PETSC_ARCH], [its build, for a PETSc that was not installed])
AC_ARG_WITH([petsc], [AS_HELP_STRING([--with-petsc=DIR], [PETSc to use, instead of PETSC_DIR])], [], [with_petsc=$PETSC_DIR])
hg_setup=${XDG_CACHE_HOME:-$HOME/.cache}/halograd
hg_petsc_pc= hg_petsc_rejected=
AC_MSG_CHECKING([for PETSc HG_PETSC_OLDEST or later])
if test -n "$with_petsc"; then
  hg_paths="$with_petsc/$PETSC_ARCH/lib/pkgconfig $with_petsc/lib/pkgconfig"
else
  hg_setup_petsc=HG_SETUP_VALUE([PETSC_DIR])
  hg_setup_arch=HG_SETUP_VALUE([PETSC_ARCH])
  hg_paths=`AS_ECHO(["$PKG_CONFIG_PATH"]) | tr : ' '`
  test -z "$hg_setup_petsc" || hg_paths="$hg_paths $hg_setup_petsc/$hg_setup_arch/lib/pkgconfig $hg_setup_petsc/lib/pkgconfig"
  hg_paths="$hg_paths - /usr/lib/petscdir/*/*-real/lib/pkgconfig /usr/lib/petscdir/*/lib/pkgconfig"
fi
for hg_path in $hg_paths; do
  for hg_name in PETSc petsc; do
    if test -z "$hg_petsc_pc"; then
      HG_TRY_PETSC
    fi
  done
done
if test -n "$hg_petsc_pc"; then
  AC_MSG_RESULT([$hg_petsc_version in $hg_petsc_dir])
else
  AC_MSG_RESULT([no])
  HG_MISSING([PETSc HG_PETSC_OLDEST or later with real scalars${with_petsc:+ in $with_petsc}$hg_petsc_rejected],
    [scripts/setup (builds it on MPICH); or package libpetsc-real-dev (Open MPI); or --with-petsc=DIR])
fi
HG_PETSC_MODULE=$hg_petsc_module
AC_SUBST([HG_PETSC_MODULE])])

# HG_TRY_PETSC: takes $hg_name.pc from $hg_path ("-": where pkg-config looks by itself) if it serves
AC_DEFUN([HG_TRY_PETSC], [
hg_first=$hg_path
test "$hg_path" != - || hg_first=
if test -z "$hg_first" || test -r "$hg_first/$hg_name.pc"; then
  hg_petsc_version=`HG_PKG_CONFIG([$hg_first], [--modversion $hg_name])`
  if test -n "$hg_petsc_version"; then
    hg_petsc_libdir=`HG_PKG_CONFIG([$hg_first], [--variable=libdir $hg_name])`
    hg_petsc_dir=`HG_PKG_CONFIG([$hg_first], [--variable=prefix $hg_name])`
    if HG_PKG_CONFIG([$hg_first], [--exists "$hg_name < HG_PETSC_OLDEST"]); then
      AS_VAR_APPEND([hg_petsc_rejected], [" ($hg_petsc_version in $hg_petsc_dir is too old)"])
    elif grep '^PETSC_SCALAR *= *complex' "$hg_petsc_libdir/petsc/conf/petscvariables" >/dev/null 2>&1; then
      AS_VAR_APPEND([hg_petsc_rejected], [" ($hg_petsc_dir has complex scalars)"])
    else
      hg_petsc_pc=`HG_PKG_CONFIG([$hg_first], [--variable=pcfiledir $hg_name])`
      hg_petsc_module=$hg_name
    fi
  fi
fi])

# HG_CHOOSE_CC: CC and MPIEXEC of PETSc's MPI, unless the user chose
AC_DEFUN([HG_CHOOSE_CC], [
AC_ARG_VAR([MPIEXEC], [starts MPI programs in make check])
if test -z "$CC" && test -n "$hg_petsc_pc"; then
  CC=`HG_PKG_CONFIG([$hg_petsc_pc], [--variable=ccompiler $hg_petsc_module])`
fi
if test -z "$CC"; then
  AC_CHECK_PROGS([CC], [mpicc gcc cc clang])
fi
set dummy $CC
if test -z "$CC" || ! command -v "$[2]" >/dev/null || ! command -v "${CPP:-$[2]}" >/dev/null; then
  HG_MISSING([a C compiler${CC:+: $CC is not there}], [packages gcc and libc6-dev])
  HG_MISSING([parallel netCDF, FFTW, zlib: not looked for without a compiler], [scripts/setup; or packages libnetcdf-mpi-dev (Open MPI), libfftw3-dev and zlib1g-dev])
  HG_REPORT_MISSING
fi
if test -z "$MPIEXEC" && test -n "$hg_petsc_pc"; then
  MPIEXEC=`sed -n 's/^MPIEXEC *= *//p' "$hg_petsc_libdir/petsc/conf/petscvariables" 2>/dev/null`
  set dummy $MPIEXEC
  command -v "$[2]" >/dev/null || MPIEXEC=
fi
if test -z "$MPIEXEC"; then
  hg_bin=`command -v "${CC%% *}"`
  AC_PATH_PROGS([MPIEXEC], [mpiexec mpirun], [], [`dirname "$hg_bin"`$PATH_SEPARATOR$PATH])
fi])

# HG_CHECK_PETSC: links, and CC is a compiler of PETSc's MPI
AC_DEFUN([HG_CHECK_PETSC], [
if test -n "$hg_petsc_pc"; then
  hg_petsc_cflags=`HG_PKG_CONFIG([$hg_petsc_pc], [--cflags $hg_petsc_module])`
  hg_petsc_libs=`HG_PKG_CONFIG([$hg_petsc_pc], [--libs $hg_petsc_module])`
  HG_ADD_RPATH([hg_petsc_libs])
  AC_MSG_CHECKING([whether $CC and PETSc have the same MPI])
  HG_TRY_LINK([$hg_petsc_libs], [$hg_petsc_cflags], [[#include <petscksp.h>]],
    [[KSP ksp; MPI_Init(NULL, NULL); return (int)PetscInitializeNoArguments() + (int)KSPCreate(PETSC_COMM_WORLD, &ksp);]],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
    HG_MISSING([a compiler of the MPI of $hg_petsc_dir: $CC does not link with it], [CC=... (unset, PETSc's own is taken); or --with-petsc=DIR; config.log has the error])
    hg_petsc_libs=])
fi])

# HG_CHECK_MPIEXEC: 2 ranks know of each other. What they print may come in any order, so the exit status tells, a file that
# a lonely rank makes, and for the name of the MPI rank 0 alone.
AC_DEFUN([HG_CHECK_MPIEXEC], [
if test -n "$hg_petsc_libs"; then
  AC_MSG_CHECKING([whether $MPIEXEC starts programs of this MPI])
  hg_save_LIBS=$LIBS hg_save_CPPFLAGS=$CPPFLAGS
  LIBS="$hg_petsc_libs $LIBS" CPPFLAGS="$CPPFLAGS $hg_petsc_cflags" hg_mpi_name=unknown
  rm -f conftest.alone
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <mpi.h>
#include <stdio.h>
#include <string.h>]], [[char s[MPI_MAX_LIBRARY_VERSION_STRING]; int n, rank; MPI_Init(NULL, NULL); MPI_Get_library_version(s, &n);
s[strcspn(s, "\n,")] = 0; MPI_Comm_size(MPI_COMM_WORLD, &n); MPI_Comm_rank(MPI_COMM_WORLD, &rank);
if (n == 1) fclose(fopen("conftest.alone", "w"));
if (rank == 0) printf("MPI %s\n", s); MPI_Finalize(); return n != 2;]])],
    [(. "$srcdir/scripts/mpiexec.env"
    timeout 60 $MPIEXEC -n 2 ./conftest$ac_exeext) </dev/null >conftest.out 2>&AS_MESSAGE_LOG_FD
    hg_mpiexec_status=$?],
    [hg_mpiexec_status=1])
  LIBS=$hg_save_LIBS CPPFLAGS=$hg_save_CPPFLAGS
  if test $hg_mpiexec_status = 0; then
    AC_MSG_RESULT([yes])
    hg_mpi_name=`sed -n 's/^MPI //p' conftest.out | sed 's/ Version:@<:@ 	@:>@*/ /; 1q'`
  elif test -e conftest.alone; then
    AC_MSG_RESULT([no])
    HG_MISSING([an mpiexec of this MPI: $MPIEXEC starts separate programs], [MPIEXEC=... (unset, the one that PETSc names is taken)])
  else
    AC_MSG_RESULT([cannot be told])
    AC_MSG_WARN([$MPIEXEC did not run a program here; make check needs MPIEXEC=...])
  fi
  rm -f conftest.alone conftest.out
fi])
