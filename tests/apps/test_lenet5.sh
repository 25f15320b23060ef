#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# LeNet-5 learns to tell drawn digits apart; a seed gives the same accuracy on 1, 2 and 4 ranks
. "$HG_SRCDIR/tests/program.sh"
halograd=$HG_BUILDDIR/apps/lenet5/lenet5
options=(-hg_dtype f64 -data_digits 700 -lenet5_train 0,500 -lenet5_test 500,700 -lenet5_seeds 1 -train_seed 3 -train_epochs 4 -train_batch_size 50 -tao_adam_lr 4e-3)

# accuracy: of the last line of out
accuracy() { sed -n 's/^lenet5 .* accuracy=\([0-9.]*\) .*/\1/p' out; }

run 1 "${options[@]}"
one=$(accuracy)
awk -v a="$one" 'BEGIN { exit !(a > 0.5) }' || fail "an accuracy of $one; by chance it were 0.1: $(cat out)"
for ranks in 2 4; do
    run "$ranks" "${options[@]}"
    [ "$(accuracy)" = "$one" ] || fail "an accuracy of $one on 1 rank, $(accuracy) on $ranks"
done

refused 1 'lenet5_seeds 0' -lenet5_seeds 0
refused 2 '-lenet5_train 5: give two whole numbers' -lenet5_train 5
refused 2 'which has 300' -data_digits 300
exit "$((failures > 0))"
