#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The programs let libgomp's threads spin for a short while only, by executing themselves once more, unless the user chose how long
. "$HG_SRCDIR/tests/program.sh" || exit 1
unset OMP_WAIT_POLICY GOMP_SPINCOUNT KMP_BLOCKTIME
export OMP_DISPLAY_ENV=verbose # libgomp then prints what it has read, each time that it starts
command=("$halograd" info "no such file")
grep -q libgomp <(ldd "$halograd") || { echo "skip: not linked with libgomp"; exit 77; }

# starts TIMES SPINS COMMAND...: how often the program is executed, and with what count at last; the arguments arrive
starts() {
    local times=$1 spins=$2
    shift 2
    limited 60 "$@" > out 2>&1
    [ "$(grep -c 'DISPLAY ENVIRONMENT END' out)" = "$times" ] || fail "$*: not executed $times times: $(cat out)"
    [ "$(sed -n "s/.*GOMP_SPINCOUNT = '\([0-9]*\)'.*/\1/p" out | tail -n 1)" = "$spins" ] || fail "$*: does not spin $spins rounds: $(cat out)"
    grep -q 'halograd: .*no such file' out || fail "$*: loses its arguments: $(cat out)"
}

starts 2 1000 "${command[@]}"
GOMP_SPINCOUNT=77 starts 1 77 "${command[@]}"
OMP_WAIT_POLICY=passive starts 1 0 "${command[@]}"
KMP_BLOCKTIME=1 limited 60 "${command[@]}" > out 2>&1
[ "$(grep -c 'DISPLAY ENVIRONMENT END' out)" = 1 ] || fail "KMP_BLOCKTIME: executed again: $(cat out)"

# Started by the loader, /proc/self/exe is not the program
loader=$(readelf -l "$halograd" 2> /dev/null | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
if [ -x "$loader" ]; then
    limited 60 "$loader" "${command[@]}" > out 2>&1
    grep -q 'halograd: .*no such file' out || fail "$loader: $(cat out)"
fi
if [ -z "${HG_SANITIZE:-}" ] && command -v valgrind > /dev/null; then # it has no room for the sanitizer
    unset OPENBLAS_CORETYPE
    limited 200 valgrind --tool=none "$halograd" > out 2>&1
    grep -q 'halograd simulate' out || fail "valgrind: $(cat out)"
    [ "$(grep -c 'DISPLAY ENVIRONMENT END' out)" = 1 ] || fail "valgrind: executed again: $(cat out)"
fi

# Under mpiexec, where each rank has a file of its own
# shellcheck disable=SC2016 # for the other shell
limited 60 "${mpiexec[@]}" -n 2 bash -c 'exec "$@" > "rank.$$" 2>&1' - "${command[@]}" > out 2>&1
[ "$(grep -c 'DISPLAY ENVIRONMENT END' rank.* | sed 's/.*://' | xargs)" = "2 2" ] || fail "two ranks: not executed twice each: $(cat rank.*)"
exit "$((failures > 0))"
