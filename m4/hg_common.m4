# SPDX-License-Identifier: BSD-2-Clause

# HG_MISSING(WHAT, REMEDY): noted for the one message at the end
AC_DEFUN([HG_MISSING], [AS_VAR_APPEND([hg_missing], ["
  $1
      $2"])])

AC_DEFUN([HG_REPORT_MISSING], [
if test -n "$hg_missing"; then
  AC_MSG_ERROR([Halograd cannot be built yet, for want of:$hg_missing
On Debian and Ubuntu, scripts/setup brings all of these.])
fi])

# HG_PKG_CONFIG(PC_PATH, ARGUMENTS): pkg-config with a folder put first
AC_DEFUN([HG_PKG_CONFIG], [PKG_CONFIG_PATH="$1${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}" ${PKG_CONFIG:-false} $2 2>/dev/null])

# HG_ADD_RPATH(VARIABLE): gives every -LDIR outside the system's folders a run path, so that programs find the
# library without LD_LIBRARY_PATH
AC_DEFUN([HG_ADD_RPATH], [
for hg_flag in $$1; do
  case $hg_flag in
    -L/usr/lib|-L/usr/lib/*-linux-gnu*|-L/lib|-L/lib/*) ;;
    -L/*) $1="$$1 -Wl,-rpath,${hg_flag#-L}" ;;
  esac
done])

# HG_TRY_LINK(LIBS, CFLAGS, PROLOGUE, BODY, IF-GOOD, IF-BAD): links; good only if at most one MPI library comes in
AC_DEFUN([HG_TRY_LINK], [
hg_save_LIBS=$LIBS hg_save_CPPFLAGS=$CPPFLAGS hg_save_CFLAGS=$CFLAGS hg_good=no
LIBS="$1 $LIBS" CPPFLAGS="$CPPFLAGS $2" CFLAGS="$CFLAGS $OPENMP_CFLAGS"
AC_LINK_IFELSE([AC_LANG_PROGRAM([$3], [$4])], [HG_COUNT_MPI([conftest$ac_exeext])
  AS_IF([test "$hg_mpis" -le 1], [hg_good=yes])])
LIBS=$hg_save_LIBS CPPFLAGS=$hg_save_CPPFLAGS CFLAGS=$hg_save_CFLAGS
AS_IF([test $hg_good = yes], [$5], [$6])])

# HG_COUNT_MPI(PROGRAM): hg_mpis = the number of different MPI libraries it loads, 0 if that cannot be told
AC_DEFUN([HG_COUNT_MPI], [
hg_mpis=`ldd $1 2>/dev/null | sed -n 's/.*=> \(.*libmpi\(ch\)\{0,1\}\.so@<:@^ @:>@*\).*/\1/p' | sort -u | wc -l`
AS_ECHO(["$as_me:${as_lineno-$LINENO}: $hg_mpis MPI libraries in this program"]) >&AS_MESSAGE_LOG_FD])

# HG_CHECK_FLAG(VARIABLE, FLAG): appends a compiler flag that is understood
AC_DEFUN([HG_CHECK_FLAG], [
AC_MSG_CHECKING([whether $CC understands $2])
hg_save_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -Werror $2"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM], [AC_MSG_RESULT([yes])
  $1="$$1${$1:+ }$2"], [AC_MSG_RESULT([no])])
CFLAGS=$hg_save_CFLAGS])

AC_DEFUN([HG_CHECK_FLAGS], [
HG_CFLAGS=
HG_CHECK_FLAG([HG_CFLAGS], [-std=gnu11])
HG_CHECK_FLAG([HG_CFLAGS], [-Wall])
HG_CHECK_FLAG([HG_CFLAGS], [-Wextra])
# MPI_STATUSES_IGNORE of MPICH 4.0 is an address that GCC takes for an array of no elements.
HG_CHECK_FLAG([HG_CFLAGS], [-Wno-stringop-overflow])
AC_SUBST([HG_CFLAGS])])

# Flags for the sources that are compiled once for each instruction set
AC_DEFUN([HG_CHECK_SIMD], [
AVX512_CFLAGS= AVX2_CFLAGS= FMA_CFLAGS=
# A product and a sum are one operation, in whole blocks and at their ends alike. GCC 13 and later form none of 256 bits in some loops and not in others: then
# a result depends on how the points are divided.
HG_CHECK_FLAG([FMA_CFLAGS], [-ffp-contract=fast])
HG_CHECK_FLAG([FMA_CFLAGS], [--param=avoid-fma-max-bits=0])
AC_SUBST([FMA_CFLAGS])
case $host_cpu in
x86_64)
  HG_CHECK_FLAG([AVX512_CFLAGS], [-march=x86-64-v4])
  if test -n "$AVX512_CFLAGS"; then
    HG_CHECK_FLAG([AVX512_CFLAGS], [-mprefer-vector-width=512])
  fi
  HG_CHECK_FLAG([AVX2_CFLAGS], [-march=x86-64-v3]) ;;
esac
AC_SUBST([AVX512_CFLAGS])
AC_SUBST([AVX2_CFLAGS])
if test -n "$AVX512_CFLAGS" && test -n "$AVX2_CFLAGS"; then
  hg_x86=yes
  AC_DEFINE([HAVE_X86_64], [1], [Define if the AVX2 and AVX-512 kernels are built.])
else
  hg_x86=no
fi
AM_CONDITIONAL([HAVE_X86_64], [test $hg_x86 = yes])])

AC_DEFUN([HG_CHECK_OPENMP], [
if test -z "$OPENMP_CFLAGS" && test "$ac_cv_prog_c_openmp" != "none needed"; then
  HG_MISSING([OpenMP in the compiler $CC], [package gcc; or CC=... for a compiler with OpenMP])
fi])

# HG_MPI_FLAGS: what $CC adds for MPI, so that halograd.pc serves plain compilers too. The wrappers of MPICH, Open MPI and their
# relatives show it.
AC_DEFUN([HG_MPI_FLAGS], [
hg_mpi_cflags= hg_mpi_libs=
for hg_flag in `$CC -show 2>/dev/null`; do
  case $hg_flag in
    -I*) AS_VAR_APPEND([hg_mpi_cflags], [" $hg_flag"]) ;;
    -L*|-l*) AS_VAR_APPEND([hg_mpi_libs], [" $hg_flag"]) ;;
  esac
done
HG_ADD_RPATH([hg_mpi_libs])])

# HG_PETSC_CXX_FLAGS: macros that the headers of a PETSc configured without C++ need in a C++ program and do not define
AC_DEFUN([HG_PETSC_CXX_FLAGS], [
hg_petsc_cxx_flags=
hg_save_CPPFLAGS=$CPPFLAGS
CPPFLAGS="$CPPFLAGS $hg_petsc_cflags"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <petscconf.h>
#if !defined(PETSC_FUNCTION_NAME_CXX)
#error no C++
#endif]])], [],
  [hg_petsc_cxx_flags="-DPETSC_FUNCTION_NAME_CXX=__func__ -DPETSC_CXX_RESTRICT=__restrict__"])
CPPFLAGS=$hg_save_CPPFLAGS])

# HG_PETSC_STATIC_DIRS: folders that PETSc's .pc file leaves out of what it names for static linking, those of HDF5 in Debian 13
AC_DEFUN([HG_PETSC_STATIC_DIRS], [
hg_petsc_static_dirs=
if test -n "$hg_petsc_libs"; then
  hg_static=`HG_PKG_CONFIG([$hg_petsc_pc], [--static --libs $hg_petsc_module])`
  for hg_name in "" hdf5-openmpi hdf5-mpich hdf5-mpi hdf5; do
    hg_dirs=
    test -z "$hg_name" || hg_dirs=`HG_PKG_CONFIG([], [--libs-only-L $hg_name])` || continue
    HG_TRY_LINK([$hg_dirs $hg_static], [$hg_petsc_cflags], [[#include <petscsys.h>]], [[return (int)PetscInitializeNoArguments();]],
      [hg_petsc_static_dirs=$hg_dirs
      break])
  done
fi])

# What the library and programs are compiled and linked with, and what halograd.pc says. Of other libraries it names what
# configure linked with: their own .pc files may name for static linking what is not installed.
AC_DEFUN([HG_SET_FLAGS], [
HG_MPI_FLAGS
HG_PETSC_CXX_FLAGS
HG_PETSC_STATIC_DIRS
HG_CPPFLAGS="$hg_petsc_cflags $hg_netcdf_cflags $hg_fftw_cflags"
HG_LIBS="$hg_netcdf_libs $hg_petsc_libs $hg_fftw_libs -lz -lm"
HG_PKG_CONFIG_PATH=$hg_petsc_pc:$hg_netcdf_pc${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
HG_LIBS_PRIVATE="$hg_petsc_static_dirs $hg_netcdf_libs $hg_fftw_libs -lz $OPENMP_CFLAGS -lm"
HG_PC_CFLAGS="$hg_petsc_cxx_flags$hg_mpi_cflags"
HG_PC_MPI_LIBS=$hg_mpi_libs
HG_PC_RPATH='-Wl,-rpath,${libdir}'
hg_rpath=`for flag in $hg_petsc_libs; do case $flag in -Wl,-rpath,*) echo $flag ;; esac; done`
HG_PC_RPATH="$HG_PC_RPATH "`echo $hg_rpath`
AC_SUBST([HG_CPPFLAGS])
AC_SUBST([HG_LIBS])
AC_SUBST([HG_PKG_CONFIG_PATH])
AC_SUBST([HG_LIBS_PRIVATE])
AC_SUBST([HG_PC_CFLAGS])
AC_SUBST([HG_PC_MPI_LIBS])
AC_SUBST([HG_PC_RPATH])])

AC_DEFUN([HG_SUMMARY], [
cat <<_HG

Halograd $PACKAGE_VERSION
  compiler     $CC ($CFLAGS $HG_CFLAGS)
  MPI          $hg_mpi_name, started by $MPIEXEC
  PETSc        $hg_petsc_version in $hg_petsc_dir
  netCDF       $hg_netcdf_version ($hg_netcdf_module), parallel, in $hg_netcdf_dir
  FFTW         ${hg_fftw_version:-3}, double and float, OpenMP
  OpenMP       $OPENMP_CFLAGS
  AVX-512      ${AVX512_CFLAGS:-no}
  AVX2         ${AVX2_CFLAGS:-no}
  install to   $prefix

_HG])
