#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# halograd info tells of IDX files, plain and compressed, and refuses those that are cut
. "$HG_SRCDIR/tests/program.sh" || exit 1

printf '\0\0\10\3\0\0\0\2\0\0\0\3\0\0\0\2\5\7\11\12\13\14\15\16\17\20\21\377' > images
printf '\0\0\10\1\0\0\0\3\4\0\4' | gzip > labels.gz
head -c 20 images > cut
head -c 25 labels.gz > cut.gz

run 2 info images
grep -q 'images: data file, IDX format$' out || fail "images: $(cat out)"
grep -q 'image(sample=2, y=3, x=2) ubyte, from 5 to 255' out || fail "images: $(cat out)"
run 1 info labels.gz
grep -q 'labels file, IDX format, compressed by gzip' out || fail "labels: $(cat out)"
grep -q 'label(sample=3) ubyte, from 0 to 4' out || fail "labels: $(cat out)"
grep -q 'label 4: 2 samples' out || fail "labels: $(cat out)"
refused 2 'cut is cut short: its header tells of 12 values' info cut
refused 1 'cut.gz is cut short' info cut.gz
exit "$((failures > 0))"
