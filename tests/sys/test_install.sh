#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# make install puts everything, and the paths in halograd.pc, where it is told, and programs can be built with that
set -u
[ -z "${HG_SANITIZE:-}" ] || { echo "skip: programs do not link with a library that was built for the sanitizers"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset MAKEFLAGS MFLAGS MAKEOVERRIDES DESTDIR

install() { make -s -C "$HG_BUILDDIR" "$@" > "$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }; }

install install prefix="$folder/other"
install installcheck prefix="$folder/other"

install install DESTDIR="$folder/stage" prefix=/opt/halograd
wanted="prefix=/opt/halograd exec_prefix=/opt/halograd libdir=/opt/halograd/lib includedir=/opt/halograd/include"
found=$(grep '^[a-z_]*=' "$folder/stage/opt/halograd/lib/pkgconfig/halograd.pc" | tr '\n' ' ')
[ "$found" = "$wanted " ] || { echo "halograd.pc has $found, not $wanted"; exit 1; }
