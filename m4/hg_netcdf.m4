# SPDX-License-Identifier: BSD-2-Clause

# HG_CHECK_NETCDF: the first netCDF that has parallel I/O and links to the MPI of $CC
AC_DEFUN([HG_CHECK_NETCDF], [
AC_ARG_WITH([netcdf], [AS_HELP_STRING([--with-netcdf=DIR], [parallel netCDF-C to use])])
hg_netcdf_module= hg_netcdf_tried= hg_netcdf_rejected=
if test -n "$with_netcdf"; then
  hg_paths=$with_netcdf/lib/pkgconfig
else
  hg_setup_paths=HG_SETUP_VALUE([PKG_CONFIG_PATH])
  hg_paths="- $hg_petsc_pc `AS_ECHO(["$hg_setup_paths"]) | tr : ' '`"
fi
AC_MSG_CHECKING([for netCDF with parallel I/O on the same MPI])
for hg_path in $hg_paths; do
  for hg_name in netcdf netcdf-mpi netcdf-mpich; do
    if test -z "$hg_netcdf_module"; then
      HG_TRY_NETCDF
    fi
  done
done
if test -n "$hg_netcdf_module"; then
  hg_netcdf_version=`HG_PKG_CONFIG([$hg_netcdf_pc], [--modversion $hg_netcdf_module])`
  AC_MSG_RESULT([$hg_netcdf_version in $hg_netcdf_dir])
else
  AC_MSG_RESULT([no])
  HG_MISSING([netCDF-C with parallel I/O on the MPI of $CC$hg_netcdf_rejected],
    [scripts/setup (builds it on MPICH); or package libnetcdf-mpi-dev (Open MPI); or --with-netcdf=DIR])
fi])

# HG_TRY_NETCDF: takes $hg_name.pc from $hg_path ("-": where pkg-config looks by itself) if it serves
AC_DEFUN([HG_TRY_NETCDF], [
hg_first=$hg_path
test "$hg_path" != - || hg_first=
if test -z "$hg_first" || test -r "$hg_first/$hg_name.pc"; then
  hg_netcdf_pc=`HG_PKG_CONFIG([$hg_first], [--variable=pcfiledir $hg_name])`
  case $hg_netcdf_tried in
    *" $hg_netcdf_pc/$hg_name "*) hg_netcdf_pc= ;;
  esac
  if test -n "$hg_netcdf_pc"; then
    AS_VAR_APPEND([hg_netcdf_tried], [" $hg_netcdf_pc/$hg_name "])
    hg_netcdf_cflags=`HG_PKG_CONFIG([$hg_first], [--cflags $hg_name])`
    hg_netcdf_libs=`HG_PKG_CONFIG([$hg_first], [--libs $hg_name])`
    HG_ADD_RPATH([hg_netcdf_libs])
    # Debian's netcdf-mpi.pc does not name the folder of its headers.
    hg_netcdf_dir=`HG_PKG_CONFIG([$hg_first], [--variable=prefix $hg_name])`
    test ! -r "$hg_netcdf_dir/include/netcdf_par.h" || hg_netcdf_cflags="-I$hg_netcdf_dir/include $hg_netcdf_cflags"
    HG_TRY_LINK([$hg_netcdf_libs $hg_petsc_libs], [$hg_netcdf_cflags $hg_petsc_cflags],
      [[#include <mpi.h>
#include <netcdf.h>
#include <netcdf_par.h>]],
      [[int id; MPI_Init(NULL, NULL); return nc_open_par("", NC_NOWRITE, MPI_COMM_WORLD, MPI_INFO_NULL, &id);]],
      [hg_netcdf_module=$hg_name],
      [AS_VAR_APPEND([hg_netcdf_rejected], [" ($hg_netcdf_pc/$hg_name.pc is serial or of another MPI)"])])
  fi
fi])

AC_DEFUN([HG_CHECK_FFTW], [
hg_fftw_cflags=`HG_PKG_CONFIG([], [--cflags fftw3 fftw3f])`
hg_fftw_libs=`HG_PKG_CONFIG([], [--libs-only-L fftw3 fftw3f])`
hg_fftw_version=`HG_PKG_CONFIG([], [--modversion fftw3])`
hg_fftw_libs="$hg_fftw_libs -lfftw3_omp -lfftw3f_omp -lfftw3 -lfftw3f"
HG_ADD_RPATH([hg_fftw_libs])
AC_MSG_CHECKING([for FFTW in double and float with OpenMP])
HG_TRY_LINK([$hg_fftw_libs -lm], [$hg_fftw_cflags], [[#include <fftw3.h>]],
  [[return fftw_init_threads() + fftwf_init_threads() + !fftw_malloc(8) + !fftwf_malloc(8);]],
  [AC_MSG_RESULT([$hg_fftw_version])],
  [AC_MSG_RESULT([no])
  HG_MISSING([FFTW 3 in double and float with OpenMP], [package libfftw3-dev; or PKG_CONFIG_PATH=... with fftw3.pc and fftw3f.pc])])])

AC_DEFUN([HG_CHECK_ZLIB], [
AC_MSG_CHECKING([for zlib])
HG_TRY_LINK([-lz], [], [[#include <zlib.h>]], [[return !zlibVersion();]], [AC_MSG_RESULT([yes])],
  [AC_MSG_RESULT([no])
  HG_MISSING([zlib], [package zlib1g-dev])])])
