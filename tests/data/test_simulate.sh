#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# halograd simulate and info as a user meets them: files, exit status, one line for each mistake and nothing left behind.
. "$HG_SRCDIR/tests/program.sh" || exit 1

refused 1 '-problem navier: give one of: .*heat' simulate -problem navier
refused 1 'an equation of your own needs' simulate -problem user
refused 2 'x is not periodic' simulate -problem heat -grid 8,8 -physics_derivative spectral -physics_bc_y periodic
refused 2 'periodic axis has no sides' simulate -problem heat -grid 8,8 -physics_bc_x periodic,dirichlet
refused 1 'physics_nu -1' simulate -problem heat -physics_nu -1
refused 2 '-grid 4,0: give 1 to 3 numbers' simulate -grid 4,0
refused 1 '-grid 4,4,4,4: give 1 to 3 numbers' simulate -grid 4,4,4,4
refused 1 '-grid 4x4: give 1 to 3 numbers' simulate -grid 4x4
refused 2 'samples 0' simulate -samples 0
refused 2 'samples\|integer' simulate -samples many
refused 1 'darcy_field ternary' simulate -darcy_field ternary
refused 2 'darcy_sigma -1' simulate -darcy_sigma -1
refused 2 'no such folder' simulate -grid 4,4 -output nowhere/a.nc
refused 2 'is a folder' simulate -grid 4,4 -output "$folder"
refused 2 'sample 0 stopped after 1 iterations' simulate -grid 40,40 -samples 2 -output a.nc -ksp_max_it 1
refused 2 'there is no file' info nothing.nc
refused 1 'no file' info

# A full disk, found before the work
(failures=0 && ulimit -f 20000 && refused 2 'MiB: the file would be larger' simulate -grid 256,256 -samples 64 -output a.nc; exit "$failures")
failures=$((failures + $?))

run 2 simulate -grid 12,10 -samples 3 -output a.nc
grep -q 'wrote a.nc' out || fail "simulate says: $(cat out)"
run 1 info a.nc
for words in 'samples: 3' 'a(sample=3, y=10, x=12) float, units 1, from 3 to 12' 'u(sample=3, y=10, x=12)'; do
    grep -qF "$words" out || fail "info says no '$words': $(cat out)"
done
for options in 'poisson -grid 12,10' 'heat -grid 9 -physics_bc_x neumann' 'burgers -grid 12,12 -physics_theta 0.5' 'advection_diffusion -grid 8,8,8' \
    'navier_stokes -grid 16,16 -physics_bc_x periodic -physics_bc_y periodic -physics_derivative spectral' 'wave -grid 16,12 -physics_order 4' 'allen_cahn -grid 8,8 -physics_stretch 1'; do
    run 1 simulate -problem $options -samples 2 -output a.nc
    run 1 info a.nc
    grep -q 'u(sample=2' out || fail "$options: info says $(cat out)"
done
grep -q 'temperature\|phase' out || fail "info names no field: $(cat out)"
exit "$((failures > 0))"
