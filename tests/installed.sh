#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# make installcheck: a user's program compiles against what was installed, with nothing but halograd.pc, in C and in C++, with the shared
# and with the static library, and runs; so does the program halograd.
#
#   tests/installed.sh PREFIX LIBDIR BINDIR    with CC, PKG_CONFIG, PKG_CONFIG_PATH (of the other libraries) in the environment
set -u
prefix=$1 libdir=$2 bindir=$3
source=$(cd "$(dirname "$0")" && pwd)/installed.c
export PKG_CONFIG_PATH=$libdir/pkgconfig:${PKG_CONFIG_PATH:-}
export OMP_NUM_THREADS=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'installcheck: %s\n' "$*" >&2
    exit 1
}

pc() { ${PKG_CONFIG:-pkg-config} "$@" halograd || fail "pkg-config $* halograd"; }

# shellcheck disable=SC2086,SC2046 # flags are lists of words, as are compilers
try() {
    local compiler=$1 language=$2
    shift 2
    $compiler -x "$language" -Wall -Wextra -Werror $(pc --cflags) "$source" -x none -o "$work/program" "$@" > "$work/log" 2>&1 \
        || fail "$compiler -x $language ... $*: $(cat "$work/log")"
    "$work/program" > "$work/log" 2>&1 || fail "the program of $compiler -x $language ... $*: $(cat "$work/log")"
}

[ "$(pc --variable=prefix)" = "$prefix" ] || fail "halograd.pc has the prefix $(pc --variable=prefix), not $prefix"
"$bindir/halograd" bench -help > "$work/log" 2>&1 || fail "$bindir/halograd: $(cat "$work/log")"

read -ra shared <<< "$(pc --libs)"
read -ra static <<< "$(pc --static --libs)"
try "$CC" c "${shared[@]}"
try "$CC" c "${static[@]}"
if command -v gcc > /dev/null; then try gcc c "${shared[@]}"; fi
if command -v g++ > /dev/null; then
    for standard in c++11 c++17; do try "g++ -std=$standard" c++ "${shared[@]}"; done
fi

# The archive alone: where the linker finds no shared library it takes that.
if [ -e "$libdir/libhalograd.a" ]; then
    mkdir "$work/lib"
    cp "$libdir/libhalograd.a" "$work/lib"
    try "$CC" c "-L$work/lib" "${static[@]/#-L$libdir/-L$work/lib}"
    if ldd "$work/program" | grep -q libhalograd; then fail "a program linked with libhalograd.a loads libhalograd.so"; fi
fi

# A program's own layer, network, loss, equation, optimizer and operator
mkdir "$work/extend"
"$bindir/halograd" simulate -problem heat -grid 12,12 -samples 8 -output "$work/extend/fields.nc" -output_dtype f64 > "$work/log" 2>&1 \
    || fail "halograd simulate: $(cat "$work/log")"
source=$(dirname "$source")/extend/extend.c
# shellcheck disable=SC2046
$CC -Wall -Wextra -Werror $(pc --cflags) "$source" -o "$work/extend/extend" "${shared[@]}" -lm > "$work/log" 2>&1 || fail "$source: $(cat "$work/log")"
(cd "$work/extend" && ./extend fields.nc > "$work/log" 2>&1) || fail "$source: $(cat "$work/log")"
grep -q 'equation at points, with the optimizer: loss' "$work/log" || fail "$source prints: $(cat "$work/log")"
