#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# From simulation to prediction; resuming equals training on; layouts agree; no option of the README is left unused
. "$HG_SRCDIR/tests/program.sh" || exit 1

run 2 simulate -problem darcy -grid 16,12 -samples 12 -seed 1 -output a.nc -options_left
grep -q 'There are no unused options' out || fail "simulate: $(cat out)"
data=(-data_file a.nc -data_input a -data_target u -data_normalize global)
net=(-net_type cnn -net_width 6 -net_depth 3 -net_kernel 3 -train_batch_size 5 -train_schedule cosine)

run 2 train "${data[@]}" "${net[@]}" -data_range 0,9 -data_validation_range 9,12 -train_epochs 4 -train_history h.csv -model_output whole.nc -options_left
grep -q 'There are no unused options' out || fail "train: $(cat out)"
[ "$(head -n 1 h.csv)" = epoch,loss,validation,learning_rate,seconds ] || fail "history: $(cat h.csv)"
[ "$(wc -l < h.csv)" = 5 ] || fail "history of 4 epochs: $(cat h.csv)"

# Broken off after 3 of the 8 batches and resumed, the run ends in the same bits
run 2 train "${data[@]}" "${net[@]}" -data_range 0,9 -train_epochs 4 -tao_max_it 3 -model_output half.nc
run 2 train "${data[@]}" -train_batch_size 5 -train_schedule cosine -data_range 0,9 -model_input half.nc -train_epochs 4 -model_output resumed.nc
run 1 info whole.nc
mv out whole.txt
run 1 info resumed.nc
sed 's/resumed/whole/' out | cmp -s - whole.txt || fail "a resumed run's model differs: $(diff out whole.txt)"
cmp -s whole.nc resumed.nc || fail "a resumed run's file differs from that of the uninterrupted one"

# So it does with running averages and dropout. Evaluation does not depend on how samples are put into batches.
res=(-net_type resnet -net_width 4 -net_depth 1 -net_dropout 0.3 -net_activation silu -net_padding reflect -train_batch_size 5)
run 2 train "${data[@]}" "${res[@]}" -data_range 0,9 -data_validation_range 9,12 -train_epochs 3 -train_history rv.csv -model_output rwhole.nc
run 2 train "${data[@]}" "${res[@]}" -data_range 0,9 -data_validation_range 9,12 -train_epochs 3 -tao_max_it 3 -model_output rhalf.nc
run 2 train "${data[@]}" -train_batch_size 5 -data_range 0,9 -model_input rhalf.nc -train_epochs 3 -model_output rresumed.nc
cmp -s rwhole.nc rresumed.nc || fail "resnet: a resumed run's file differs from that of the uninterrupted one"
cmp -s rhalf.nc rresumed.nc && fail "resnet: the resumed run did nothing"
run 1 info rwhole.nc
grep -q running_var out || fail "resnet: no running statistics in the model file: $(cat out)"
run 1 evaluate -model rwhole.nc -data_file a.nc -predict_batch_size 12 -hg_dtype f64
one=$(sed -n 's/.* rel_l2=\([0-9.e-]*\) .*/\1/p' out)
run 2 evaluate -model rwhole.nc -data_file a.nc -predict_batch_size 1 -hg_dtype f64
[ -n "$one" ] && [ "$one" = "$(sed -n 's/.* rel_l2=\([0-9.e-]*\) .*/\1/p' out)" ] || fail "resnet: evaluation depends on batches: $one, $(cat out)"

# The initial model does not depend on the layout
run 1 train "${data[@]}" "${net[@]}" -train_epochs 0 -model_output i1.nc
run 3 train "${data[@]}" "${net[@]}" -train_epochs 0 -model_output i3.nc
cmp -s i1.nc i3.nc || fail "the initial models on 1 and 3 ranks differ"

run 1 evaluate -model whole.nc -data_file a.nc -options_left
grep -q 'There are no unused options' out || fail "evaluate: $(cat out)"
one=$(sed -n 's/.* rel_l2=\([0-9.e-]*\) .*/\1/p' out)
run 3 evaluate -model whole.nc -data_file a.nc -predict_batch_size 7
three=$(sed -n 's/.* rel_l2=\([0-9.e-]*\) .*/\1/p' out)
awk -v a="$one" -v b="$three" 'BEGIN { exit !(a > 0 && (a - b)^2 < 1e-10 * a * a) }' || fail "errors on 1 and 3 ranks: $one and $three"

run 2 predict -model whole.nc -data_file a.nc -output p.nc -options_left
grep -q 'There are no unused options' out || fail "predict: $(cat out)"
run 1 info p.nc
grep -q 'u(sample=12, y=12, x=16)' out || fail "prediction: $(cat out)"

# Of two targets each has its own figures and its own variable; samples keep their numbers
run 2 train -data_file a.nc -data_input a -data_target a,u -data_normalize global "${net[@]}" -data_range 0,9 -data_validation_range 7,12 -train_epochs 1 -model_output two.nc
grep -q 'warning: 2 of the 5 validation samples are trained on too, 7 to 8 of a.nc' out || fail "no warning of samples that are in both: $(cat out)"
run 2 evaluate -model two.nc -data_file a.nc
[ "$(grep -c '^evaluate variable=[au] rel_l2=[0-9.e-]* mse=[0-9.e-]* max_error=[0-9.e-]* units=1$' out)" = 2 ] || fail "figures of each variable: $(cat out)"
tail -n 1 out | grep -q '^evaluate samples=12 rel_l2=[0-9.e-]* mse=[0-9.e-]* max_error=[0-9.e-]*$' || fail "figures of all: $(cat out)"
run 2 predict -model two.nc -data_file a.nc -data_range 4,9 -output two-p.nc -output_dtype f64
run 1 info two-p.nc
grep -q '  a(sample=5, y=12, x=16) double' out && grep -q '  u(sample=5, y=12, x=16) double' out || fail "two targets: $(cat out)"
grep -q '  sample(sample=5) int, from 4 to 8' out || fail "numbers of the samples: $(cat out)"
if "$HG_SRCDIR/scripts/plot" history h.csv --output h.png 2> /dev/null; then
    plot=("$HG_SRCDIR/scripts/plot" fields --data a.nc --prediction two-p.nc --input a --target a,u --output p.png)
    "${plot[@]}" || fail "scripts/plot"
    "${plot[@]}" --sample 8 || fail "scripts/plot of the last sample"
    "${plot[@]}" --sample 3 2> out && fail "scripts/plot: sample 3 was not predicted"
    grep -q 'sample 3 is not in two-p.nc; it has samples 4 to 8 of a.nc' out || fail "scripts/plot: $(cat out)"
    run 1 simulate -problem darcy -grid 16,12 -samples 11 -seed 2 -output b.nc
    "$HG_SRCDIR/scripts/plot" fields --data b.nc --prediction two-p.nc --input a --target a,u --output p.png 2> out && fail "scripts/plot: other data"
    grep -q 'was predicted from a.nc, which has 12 samples, b.nc has 11' out || fail "scripts/plot: $(cat out)"
fi

# Coordinates that differ are told with both
run 1 simulate -problem heat -grid 16,12 -samples 3 -seed 2 -physics_length 2,1 -output c.nc
run 2 train "${data[@]}" "${net[@]}" -data_validation_file c.nc -train_epochs 1 -model_output c-m.nc
grep -q 'warning: the coordinate "x" of c.nc has 16 points from 0.0625 to 1.9375, in the training data 16 points from 0.03125 to 0.96875' out ||
    fail "no warning of other coordinates: $(cat out)"

# A fit of all data at once with an optimizer of TAO's own
run 2 train "${data[@]}" "${net[@]}" -hg_dtype f64 -tao_type lmvm -train_epochs 5 -model_output lmvm.nc
grep -q '5/5 iterations' out || fail "lmvm: $(cat out)"

# Gradients on this layout
run 3 verify -hg_dtype f64 -grid 9,8,5
run 2 verify -hg_dtype f64 -grid 20 -net_padding periodic
run 1 verify -hg_dtype f32
run 3 verify -hg_dtype f64 -net_type resnet -net_norm batch -net_width 4 -net_depth 2 -grid 13,9
run 2 verify -hg_dtype f64 -net_type resnet -net_norm instance -net_activation softplus -net_dropout 0.2 -net_width 3 -net_depth 1 -grid 7,6,5
run 2 verify -hg_dtype f64 -net_type unet -net_norm group -net_activation sigmoid -net_width 4 -net_levels 2 -grid 12,8 -net_padding replicate
exit "$((failures > 0))"
