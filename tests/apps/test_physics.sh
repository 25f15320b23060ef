#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Darcy flow learnt from the residual alone, the same on 1 and 2 ranks, and beside labels
. "$HG_SRCDIR/tests/program.sh"

# error: the relative error that evaluate printed
error() { sed -n 's/^evaluate .* rel_l2=\([0-9.e+-]*\) .*/\1/p' out; }
near() { awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { d = a - b; exit !(a > 0 && d < t * a && -d < t * a) }'; }
below() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > 0 && a < b) }'; }

run 1 simulate -problem darcy -grid 16,16 -samples 24 -seed 1 -output_dtype f64 -output train.nc
residual=(train -data_file train.nc -data_input a -data_normalize global -hg_dtype f64 -physics_type darcy -physics_scale 0.01
    -net_type unet -net_levels 3 -net_width 8 -net_activation gelu -train_batch_size 4 -tao_adam_lr 4e-3)

run 1 "${residual[@]}" -physics_norm preconditioned -train_epochs 150 -model_output model.nc
run 1 evaluate -model model.nc -data_file train.nc -data_target u # which training has not seen
below "$(error)" 0.15 || fail "learnt from the residual alone: $(cat out)"
run 1 "${residual[@]}" -physics_norm l2 -train_epochs 0 -model_output initial.nc
run 1 evaluate -model initial.nc -data_file train.nc -data_target u
below 0.5 "$(error)" || fail "known without training: $(cat out)"

for norm in l2 preconditioned; do
    for ranks in 1 2; do
        run "$ranks" "${residual[@]}" -physics_norm "$norm" -train_epochs 2 -train_history "$ranks.csv" -model_output other.nc
        near "$(awk -F, 'END { print $2 }' 1.csv)" "$(awk -F, 'END { print $2 }' "$ranks.csv")" 1e-8 ||
            fail "$norm on $ranks ranks: $(cat 1.csv "$ranks.csv")"
    done
    rm -f 1.csv 2.csv
done

run 2 "${residual[@]}" -data_target u -physics_norm preconditioned -physics_weight 10 -train_epochs 100 -model_output both.nc
run 2 evaluate -model both.nc -data_file train.nc
below "$(error)" 0.3 || fail "learnt from labels and the residual: $(cat out)"

run 1 "${residual[@]}" -physics_norm preconditioned -physics_norm_pc_type lu -train_epochs 1 -model_output other.nc

refused 2 'no equation "foo"' train -data_file train.nc -data_input a -physics_type foo
refused 1 'physics_weight -1' "${residual[@]}" -physics_weight -1
refused 1 'physics_scale 0' "${residual[@]}" -physics_scale 0
refused 2 'no target variable' train -data_file train.nc -data_input a
exit "$((failures > 0))"
