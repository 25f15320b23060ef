#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The tutorials run, and their figures are what they claim
. "$HG_SRCDIR/tests/program.sh" || exit 1

for ranks in 1 3; do
    limited 60 "${mpiexec[@]}" -n "$ranks" "$HG_BUILDDIR/apps/tutorials/ex2_bratu" -n 24 > out 2>&1 || fail "ex2_bratu: $(cat out)"
    awk '/loss of u = 0/ { zero = $6 + 0; solved = $NF } /steps of descent/ { after = $NF } END { exit !(zero > 0 && solved < 1e-12 * zero && after < 0.95 * zero) }' out || fail "ex2_bratu on $ranks ranks: $(cat out)"
done

# The network built by hand learns, to the same figures on any number of ranks
first=
for ranks in 1 2 3; do
    limited 60 "${mpiexec[@]}" -n "$ranks" "$HG_BUILDDIR/apps/tutorials/ex3_unet_by_hand" > out 2>&1 || fail "ex3_unet_by_hand: $(cat out)"
    awk '/loss before/ { before = $3 + 0; after = $NF + 0 } END { exit !(after > 0 && after < 0.5 * before) }' out || fail "ex3_unet_by_hand on $ranks ranks: $(cat out)"
    after=$(awk '/loss before/ { print $NF }' out)
    first=${first:-$after}
    awk -v a="$first" -v b="$after" 'BEGIN { exit !(a > 0 && (a - b)^2 < 1e-18 * a * a) }' || fail "ex3_unet_by_hand: $first on 1 rank, $after on $ranks"
done

# Networks in PETSc: on fields not seen in training the guess saves Newton steps, the preconditioner iterations
row() { awk -v name="$1" 'index($0, name) == 1 { print $(NF - 2), $(NF - 1) }' out; }
for ranks in 1 2; do
    limited 60 "${mpiexec[@]}" -n "$ranks" "$HG_BUILDDIR/apps/tutorials/ex4_network_in_petsc" -n 16 -samples 64 -guess_steps 200 -correction_steps 300 \
        -guess_net_width 8 -correction_net_width 8 -tests 4 > out 2>&1 || fail "ex4_network_in_petsc: $(cat out)"
    read -r zero_newton _ < <(row "SNES from zero, gmres")
    read -r newton plain < <(row "SNES from the guess, gmres")
    read -r _ preconditioned < <(row "SNES from the guess, halograd")
    awk -v a="$newton" -v b="$zero_newton" 'BEGIN { exit !(a > 0 && a < 0.9 * b) }' || fail "ex4_network_in_petsc, Newton steps, $ranks ranks: $(cat out)"
    awk -v a="$preconditioned" -v b="$plain" 'BEGIN { exit !(a > 0 && a < 0.5 * b) }' || fail "ex4_network_in_petsc, iterations, $ranks ranks: $(cat out)"
    read -r _ plain < <(row "fgmres  ")
    read -r _ jacobi < <(row "fgmres, Jacobi")
    read -r _ preconditioned < <(row "fgmres, halograd")
    awk -v a="$preconditioned" -v b="$plain" -v c="$jacobi" 'BEGIN { exit !(a > 0 && a < 0.5 * b && a < 0.8 * c) }' || fail "ex4_network_in_petsc, one Jacobian, $ranks ranks: $(cat out)"
done
exit "$((failures > 0))"
