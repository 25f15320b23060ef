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

# Stages, few labels, soft conditions and weights that adapt: the same on 2 ranks
for options in '-train_stages adam:2,lmvm:2' '-train_epochs 3 -data_target u -data_labelled 4 -loss_balance gradnorm' '-train_epochs 3 -physics_bc hard' '-train_epochs 3 -physics_bc soft -bc_weight 10 -loss_balance relobralo'; do
    for ranks in 1 2; do
        run "$ranks" "${residual[@]}" -physics_norm preconditioned -train_history "$ranks.csv" $options -model_output other.nc
    done
    near "$(awk -F, 'END { print $2 }' 1.csv)" "$(awk -F, 'END { print $2 }' 2.csv)" 1e-7 || fail "$options on 2 ranks: $(cat 1.csv 2.csv)"
    rm -f 1.csv 2.csv
done

# Weights that adapt are part of the model file: broken off in an epoch and resumed, a run ends in the same bits
for balance in gradnorm relobralo; do
    options=(-data_target u -physics_bc soft -loss_balance "$balance" -net_width 4)
    run 1 "${residual[@]}" "${options[@]}" -train_epochs 3 -model_output whole.nc
    run 1 "${residual[@]}" "${options[@]}" -train_epochs 3 -tao_max_it 2 -model_output half.nc
    run 1 "${residual[@]}" "${options[@]}" -train_epochs 3 -model_input half.nc -model_output resumed.nc
    cmp -s whole.nc resumed.nc || fail "$balance: a resumed run's file differs from that of the uninterrupted one"
    cmp -s half.nc resumed.nc && fail "$balance: the resumed run did nothing"
done

# The model file holds the hard conditions: the sides' value is in the prediction
run 1 train -data_file train.nc -data_input a -hg_dtype f64 -physics_type darcy -physics_bc hard -physics_bc_x dirichlet:5 -physics_bc_y neumann \
    -physics_scale 1e-9 -net_type cnn -net_depth 2 -net_width 2 -train_epochs 0 -model_output warm.nc
run 1 predict -model warm.nc -data_file train.nc -output warm_prediction.nc
run 1 info warm_prediction.nc
grep -q 'float, from 5 to 5' out || fail "the prediction has not the sides' value: $(cat out)"

# Poisson's equation for one field with a quasi-Newton method
run 1 simulate -problem poisson -grid 32,32 -samples 1 -output_dtype f64 -output poisson.nc
run 1 train -data_file poisson.nc -data_input a -hg_dtype f64 -physics_type poisson -physics_norm preconditioned -physics_scale 0.1 \
    -net_type unet -net_levels 3 -net_width 8 -net_activation gelu -train_batch_size 1 -tao_type lmvm -train_epochs 1500 \
    -tao_gatol 1e-14 -tao_grtol 0 -tao_lmvm_mat_lmvm_hist_size 50 -model_output poisson_model.nc
run 1 evaluate -model poisson_model.nc -data_file poisson.nc -data_target u
below "$(error)" 1e-3 || fail "Poisson: $(cat out)"

# Two unknowns, a step in time
run 1 simulate -problem navier_stokes -grid 16,16 -samples 4 -physics_bc_x periodic -output_dtype f64 -output flow.nc
for ranks in 1 2; do
    run "$ranks" train -data_file flow.nc -data_input a -data_normalize global -hg_dtype f64 -physics_type navier_stokes -physics_bc_x periodic \
        -net_type cnn -net_depth 2 -net_width 4 -train_batch_size 4 -train_epochs 2 -train_history "$ranks.csv" -model_output other.nc
done
near "$(awk -F, 'END { print $2 }' 1.csv)" "$(awk -F, 'END { print $2 }' 2.csv)" 1e-7 || fail "navier_stokes on 2 ranks: $(cat 1.csv 2.csv)"

refused 1 'loss_balance' "${residual[@]}" -loss_balance fair
refused 1 'train_stages' "${residual[@]}" -train_stages adam
refused 2 'no equation "foo"' train -data_file train.nc -data_input a -physics_type foo
refused 1 'physics_weight -1' "${residual[@]}" -physics_weight -1
refused 1 'physics_scale 0' "${residual[@]}" -physics_scale 0
refused 2 'no target variable' train -data_file train.nc -data_input a
exit "$((failures > 0))"
