#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The tutorials run, and their figures are what they claim
. "$HG_SRCDIR/tests/program.sh" || exit 1

for ranks in 1 3; do
    timeout -k 5 60 "${mpiexec[@]}" -n "$ranks" "$HG_BUILDDIR/apps/tutorials/ex2_bratu" -n 24 > out 2>&1 || fail "ex2_bratu: $(cat out)"
    awk '/loss of u = 0/ { zero = $6 + 0; solved = $NF } /steps of descent/ { after = $NF } END { exit !(zero > 0 && solved < 1e-12 * zero && after < 0.95 * zero) }' out || fail "ex2_bratu on $ranks ranks: $(cat out)"
done
exit "$((failures > 0))"
