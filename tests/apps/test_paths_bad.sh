#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Outputs that would overwrite inputs, resumed runs with options that contradict the file, histories on a full disk, stray words
. "$HG_SRCDIR/tests/program.sh" || exit 1

run 1 simulate -grid 12,10 -samples 6 -output a.nc
run 1 simulate -grid 16 -samples 6 -output line.nc
run 1 simulate -grid 12,10 -samples 3 -output v.nc
data=(-data_file a.nc -data_input a -data_target u)
small=(-net_width 4 -net_depth 2 -train_epochs 2)
run 1 train "${data[@]}" "${small[@]}" -train_batch_size 2 -model_output m.nc
mkdir folder
ln -s ../a.nc folder/link.nc
ln a.nc hard.nc
echo old > old.csv
ln -s /dev/full full.csv

refused 2 'a.nc is the -data_file; give another name with -model_output' train "${data[@]}" "${small[@]}" -model_output a.nc
refused 1 './a.nc is the -data_file' train "${data[@]}" "${small[@]}" -model_output ./a.nc
refused 1 'folder/link.nc is the -data_file' train "${data[@]}" "${small[@]}" -model_output folder/link.nc
refused 1 'hard.nc is the -data_file; give another name with -train_history' train "${data[@]}" "${small[@]}" -model_output n.nc -train_history hard.nc
refused 2 'v.nc is the -data_validation_file' train "${data[@]}" "${small[@]}" -data_validation_file v.nc -model_output v.nc
refused 1 'm.nc is the -model_input; give another name with -train_history' train "${data[@]}" -model_input m.nc -model_output n.nc -train_history m.nc
refused 1 'is the -train_history' train "${data[@]}" "${small[@]}" -model_output folder/../new.nc -train_history new.nc
refused 2 'a.nc is the -data_file; give another name with -output' predict -model m.nc -data_file a.nc -output a.nc
refused 1 'm.nc is the -model; give another name with -output' predict -model m.nc -data_file a.nc -output folder/../m.nc

# The model that a run resumes from may be replaced
cp m.nc again.nc
run 2 train "${data[@]}" -train_batch_size 2 -model_input again.nc -train_epochs 3 -model_output again.nc
grep -q 'resumes again.nc after 2 epochs' out || fail "resume: $(cat out)"
run 1 train "${data[@]}" -train_batch_size 2 -model_input again.nc -train_epochs 3 -model_output again.nc
grep -q 'again.nc has 3 epochs behind it: nothing is left to do of -train_epochs 3' out || fail "nothing left: $(cat out)"
run 1 train "${data[@]}" -model_input m.nc -train_epochs 3 -model_output n.nc
grep -q 'warning: m.nc took 6 steps .*-train_batch_size' out || fail "another batch size: $(cat out)"
run 1 train -data_file a.nc -data_input u -data_target a -train_batch_size 2 -model_input m.nc -train_epochs 3 -model_output n.nc
grep -q 'warning: m.nc was trained from a to u, this run goes from u to a' out || fail "other variables: $(cat out)"
rm -f n.nc

resume=("${data[@]}" -train_batch_size 2 -model_input m.nc -train_epochs 4 -model_output n.nc)
refused 2 'm.nc holds the state of another optimizer (exp_avg, exp_avg_sq), -tao_type sgd has momentum_buffer' train "${resume[@]}" -tao_type sgd
refused 1 '-train_seed 7: m.nc was trained with seed 1' train "${resume[@]}" -train_seed 7
refused 1 'data_normalize global: the model was trained with -data_normalize none' train "${resume[@]}" -data_normalize global
refused 2 'm.nc was trained on 2-D data, line.nc is 1-D' train -data_file line.nc -data_input a -data_target u -model_input m.nc -model_output n.nc
refused 1 '-model_input has no value' train "${data[@]}" -model_input
refused 1 '-model_output has no value' train "${data[@]}" -model_output -train_epochs 1
refused 1 '-output has no value' simulate -grid 4,4 -output

# Options: unknown ones before the work, values with the name of their option
refused 2 'no option -epochs' train "${data[@]}" -epochs 3
refused 1 '-net_width four: ' train "${data[@]}" -net_width four
refused 1 '-data_shuffle perhaps: ' train "${data[@]}" -data_shuffle perhaps
refused 2 'no optimizer "banana"; there are: .* Choose with -tao_type' train "${data[@]}" -tao_type banana
refused 2 '-ksp_type banana: ' simulate -grid 4,4 -samples 1 -output x.nc -ksp_type banana
refused 1 'has 1e+18 points; this PETSc counts to' simulate -grid 1000000000,1000000000 -output x.nc
refused 1 'cannot be reflected for a padding of 49 .*-net_kernel' train "${data[@]}" -net_kernel 99 -net_padding reflect
refused 1 '"b.nc" is neither an option .* info takes one file' info a.nc b.nc
refused 1 'no file; say halograd info FILE' info ""
refused 1 '"x" is neither an option' train "${data[@]}" -data_shuffle 0 x
refused 1 'no option -epochs' train "${data[@]}" -options_left -epochs 3
run 1 train "${data[@]}" "${small[@]}" -model_output n.nc -options_left 0 -epochs 3
grep -q 'epochs 3\|was not used' out && fail "-options_left 0 is to be silent: $(cat out)"
rm -f n.nc

# verify and bench with sizes that are none
refused 1 '-grid 0: give 1 to 3 numbers' verify -grid 0
refused 1 '-grid 4,4,4,4: give 1 to 3 numbers' verify -grid 4,4,4,4
refused 2 '-verify_batch_size 0' verify -verify_batch_size 0
refused 1 '-verify_channels' verify -verify_channels 0
refused 1 'out of memory' verify -grid 1000000,1000000
refused 1 '-bench_kernel 1001 is wider than the grid' bench conv -bench_kernel 1001 -bench_size 8
refused 1 'GiB; this machine has' bench conv -bench_size 100000 -bench_dim 3
refused 1 '-bench_size' bench step -bench_size 0
refused 1 '-bench_size' bench halo -bench_size -4
refused 1 'out of memory' bench halo -bench_size 100000 -bench_dim 3

# The history holds whole lines only: none of a run that fails in its first epoch, and the old one stays until then
refused 2 'the loss is infinite in epoch 1, batch 2; no model was written' train "${data[@]}" "${small[@]}" -train_batch_size 3 -tao_adam_lr 1e30 -model_output n.nc -train_history old.csv
refused 2 'the gradient is .* in epoch [1-9], batch 1; no model was written' train "${data[@]}" "${small[@]}" -tao_type sgd -tao_sgd_lr 1e13 -model_output n.nc
refused 2 'cannot write full.csv' train "${data[@]}" "${small[@]}" -model_output n.nc -train_history full.csv
head -c 20479960 /dev/zero > h.csv # 40 bytes below the limit, room for one line
(ulimit -f 20000; limited 60 "${mpiexec[@]}" -n 2 "$halograd" train "${data[@]}" -train_batch_size 2 -model_input m.nc -train_epochs 9 -train_checkpoint 0 -model_output n.nc -train_history h.csv > out 2> err < /dev/null)
grep -q '^halograd: cannot write h.csv: .*; the lines it has are whole$' err || fail "a history over the limit: $(cat err)"
tail -c +20479961 h.csv | awk -F, 'NF != 5 { exit 1 } END { exit NR != 1 }' || fail "history: $(tail -c +20479961 h.csv)"
[ -z "$(tail -c 1 h.csv)" ] || fail "the history ends within a line: $(tail -c +20479961 h.csv)"
[ -e n.nc ] && fail 'a model after a failed run'
exit "$((failures > 0))"
