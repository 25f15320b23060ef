#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# halograd simulate and info as a user meets them: files, exit status, one line for each mistake and nothing left behind.
. "$HG_SRCDIR/tests/program.sh" || exit 1

refused 1 'no equation "heat"' simulate -problem heat
refused 2 '0 points in y' simulate -grid 4,0
refused 1 'one to three numbers' simulate -grid 4,4,4,4
refused 1 'one to three numbers' simulate -grid 4x4
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
exit "$((failures > 0))"
