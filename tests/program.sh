# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the tests of the program share: sourced in an empty folder of their own, which goes away at the end.
set -u
halograd=$HG_BUILDDIR/apps/halograd/halograd
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
read -ra mpiexec <<< "$MPIEXEC"
failures=0

fail() {
    printf '%s\n' "$*"
    failures=$((failures + 1))
}

# limited SECONDS COMMAND...: stopped after so long, times what tests/run found this machine to need
limited() {
    local limit=$(($1 * ${HG_TIME_SCALE:-1}))
    shift
    timeout -k 5 "$limit" "$@"
}

# run RANKS ARGUMENTS...: must succeed; its output is in the file out
run() {
    local ranks=$1
    shift
    limited 100 "${mpiexec[@]}" -n "$ranks" "$halograd" "$@" > out 2>&1 < /dev/null || fail "$* on $ranks ranks: $(cat out)"
}

# ours FILE: what the program has written, without what Open MPI's launcher tells of every status but 0, and the address sanitizer of a lack of memory
ours() {
    awk '/^-+$/ && length >= 70 { if (!open) { open = 1; block = $0; next }
                      open = 0; if (block !~ /prterun|mpirun|mpiexec|orterun/) print block "\n" $0; next }
         open { block = block "\n" $0; next }
         /^\[[^]]*\] PMIX ERROR: / || /^==[0-9]*==WARNING: AddressSanitizer failed to allocate / { next }
         { print }
         END { if (open) print block }' "$1"
}

# refused RANKS WORDS ARGUMENTS...: status 1, one line with the words besides warnings, and the folder as it was
refused() {
    local ranks=$1 words=$2 status before
    shift 2
    rm -f out err
    before=$(ls -AlR --time-style=full-iso)
    limited 60 "${mpiexec[@]}" -n "$ranks" "$halograd" "$@" > "$folder.out" 2> "$folder.err" < /dev/null
    status=$?
    ours "$folder.err" > "$folder.own"
    mv "$folder.own" "$folder.err"
    [ "$status" = 1 ] || fail "$*: exit status $status on $ranks ranks"
    [ "$(grep -vc '^halograd: warning: ' "$folder.err")" = 1 ] || fail "$* on $ranks ranks: $(cat "$folder.err")"
    grep -q "^halograd: .*$words" "$folder.err" || fail "$*: no '$words' in: $(cat "$folder.err")"
    [ "$before" = "$(ls -AlR --time-style=full-iso)" ] || fail "$* changed the folder from $before to $(ls -AlR --time-style=full-iso)"
    rm -f "$folder.out" "$folder.err"
}
