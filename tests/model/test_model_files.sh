#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Model files with the program: those of format 1, copies by netCDF's tools, what a resumed run may change, and what cannot be written is found before
# the first step
. "$HG_SRCDIR/tests/program.sh" || exit 1
cp "$HG_SRCDIR"/tests/model/format1/* . && gzip -d lenet5.nc.gz || exit 1

value() { sed -n "s/.* $1=\([^ ]*\).*/\1/p" out | tail -n 1; }

# Predictions of the program that wrote them are variables of data.nc, called as the files are
exact() {
    run 1 evaluate -model "$1.nc" -data_file data.nc -data_target "$1" -hg_dtype f64
    awk -v e="$(value max_error)" 'BEGIN { exit !(e != "" && e < 1e-13) }' || fail "$1.nc: $(cat out)"
}
for model in cnn unet resnet lmvm stages physics; do exact $model; done
run 1 evaluate -model lenet5.nc -data_digits 50 -data_digits_seed 3 -hg_dtype f64
[ "$(value cross_entropy)" = 2.348184725 ] || fail "lenet5.nc: $(cat out)"
run 1 evaluate -model burgers.nc -hg_dtype f64 -coord_grid 21
[ "$(value rel_l2)" = 1.062962591 ] || fail "burgers.nc: $(cat out)"

# And of that program's resumed runs, on one rank
data=(-data_file data.nc -data_input a -data_target u -hg_dtype f64 -train_batch_size 2)
run 1 train "${data[@]}" -model_input cnn.nc -train_epochs 2 -model_output cnn_resumed.nc
run 1 train "${data[@]}" -model_input unet.nc -train_epochs 2 -model_output unet_resumed.nc -tao_type adamw
run 1 train "${data[@]}" -model_input physics.nc -train_epochs 3 -model_output physics_resumed.nc -physics_unknown nu -physics_weight 1e-4 -loss_balance relobralo
for model in cnn unet physics; do
    grep -q warning out && fail "$model: $(cat out)"
    exact ${model}_resumed
done
run 2 train "${data[@]}" -model_input stages.nc -train_stages adam:2,lmvm:2,sgd:1 -model_output more.nc
grep -q 'resumes stages.nc after 4 epochs' out || fail "stages: $(cat out)"

# Copies by netCDF's own tools have other bytes and the same contents
new=cnn_resumed
if command -v nccopy > /dev/null; then
    nccopy -d 5 -s $new.nc copy.nc || fail "nccopy: status $?"
    cmp -s $new.nc copy.nc && fail 'nccopy has changed nothing'
    run 1 evaluate -model copy.nc -data_file data.nc -data_target $new -hg_dtype f64
    awk -v e="$(value max_error)" 'BEGIN { exit !(e != "" && e < 1e-13) }' || fail "copy.nc: $(cat out)"
    run 1 info copy.nc
    grep -q '^checksums: those of all attributes and of 6 arrays hold' out || fail "copy.nc: $(cat out)"
fi
head -c 9000 $new.nc > cut.nc
refused 2 'cut.nc.*\(cut short\|damaged\)' evaluate -model cut.nc -data_file data.nc

# What a resumed run has otherwise is refused or said
resume=(train "${data[@]}" -model_input $new.nc -train_epochs 4)
refused 1 "$new.nc holds the state of another optimizer (-tao_type adam .*), -tao_type is adamw" "${resume[@]}" -tao_type adamw -model_output x.nc
# said OPTION THEIRS MORE OPTIONS...: the run goes on, with a warning of both values
said() {
    run 1 "${resume[@]}" "$1" "$2" -model_output x.nc "${@:4}"
    grep -q "^halograd: warning: $new.nc was trained with .*$1 $3.*, this run goes on with .*$1 $2" out || fail "$1 $2 is not said: $(cat out)"
}
said -tao_adam_lr 0.002 0.001
said -tao_adam_weight_decay 0.1 0
said -tao_adam_beta1 0.8 0.9
said -tao_adam_eps 1e-06 1e-08
said -train_loss l1 mse
said -train_schedule cosine constant
said -hg_dtype f32 f64
said -train_loss huber mse -loss_huber_delta 2
run 1 train "${data[@]}" -train_schedule cosine -train_epochs 2 -model_output cosine.nc
run 1 train "${data[@]}" -train_schedule cosine -train_epochs 2 -model_input cosine.nc -model_output x.nc
grep -q warning out && fail "the same options: $(cat out)"
run 1 train "${data[@]}" -train_schedule cosine -train_epochs 3 -model_input cosine.nc -model_output x.nc
grep -q 'warning: .* -train_epochs 2, .* -train_epochs 3' out || fail "a cosine over more epochs: $(cat out)"

# What cannot be written is found out before the first step
long=$(printf 'x%.0s' $(seq 300)).nc
small=(train "${data[@]}" -net_depth 1 -net_width 2 -train_epochs 100000000)
refused 2 'cannot write xxx.*: File name too long' "${small[@]}" -model_output "$long"
refused 2 'cannot write nowhere/m.nc: No such file' "${small[@]}" -model_output nowhere/m.nc
refused 1 'cannot write /dev/full: it is not a regular file' "${small[@]}" -model_output /dev/full
coord=(train -net_type mlp -coord_problem poisson -coord_equation_points 50 -train_stages adam:100000000 -model_output)
refused 2 'cannot write xxx.*: File name too long' "${coord[@]}" "$long"
(failures=0 && ulimit -f 20000 && refused 2 'cannot write c.nc: File too large' "${coord[@]}" c.nc -net_width 1700 -net_depth 2; exit $failures) || failures=$((failures + $?))
(failures=0 && ulimit -f 20000 && refused 2 'cannot write m.nc: File too large' "${small[@]}" -net_width 400 -net_depth 3 -model_output m.nc; exit $failures) ||
    failures=$((failures + $?))
refused 1 'train_epochs 4294967297: this number is too large; give a whole number, 0 or more, at most 2147483647' train "${data[@]}" -train_epochs 4294967297 -model_output m.nc
refused 1 'train_stages adam:2147483647,sgd:1: .* 2147483647 iterations in all' train "${data[@]}" -train_stages adam:2147483647,sgd:1 -model_output m.nc

# A coordinate network of another box or another function
run 1 "${coord[@]}" c.nc -train_stages adam:2 -net_width 4 -net_depth 1
again=(train -net_type mlp -train_stages adam:2,sgd:1 -model_input c.nc -model_output d.nc -net_depth 1)
refused 2 'c.nc holds the network .*-net_width 4 .*; the options ask for .*-net_width 6' "${again[@]}" -coord_problem poisson -net_width 6
refused 1 'c.nc holds the network .*tanh .*; the options ask for .*sin ' "${again[@]}" -coord_problem poisson -net_width 4 -net_activation sin
refused 1 'c.nc was trained for coordinate 1 from -1.* to 1.*, the problem has it from 0.* to 1' "${again[@]}" -coord_problem burgers -net_width 4
exit $((failures > 0))
