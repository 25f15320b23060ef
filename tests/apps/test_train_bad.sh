#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What train, predict and evaluate refuse: status 1 on all ranks, one line from rank 0, no file written or changed
. "$HG_SRCDIR/tests/program.sh" || exit 1

run 1 simulate -grid 12,10 -samples 6 -output a.nc
run 1 simulate -grid 9,10 -samples 6 -output other.nc
data=(-data_file a.nc -data_input a -data_target u)
small=(-net_width 4 -net_depth 2 -train_epochs 2)
run 1 train "${data[@]}" "${small[@]}" -model_output m.nc
mkdir folder
echo "no netCDF at all, but a text that is long enough" > text.nc
head -c 3000 m.nc > short.nc
head -c -1 m.nc > cut.nc
head -c 5000 a.nc > shortdata.nc

refused 1 'no command "fly"' fly
refused 2 'there is no file nothing.nc' train -data_file nothing.nc -data_input a -data_target u
refused 1 'is not a netCDF file' train -data_file text.nc -data_input a -data_target u
refused 1 'is a folder' train -data_file folder -data_input a -data_target u
refused 2 'shortdata.nc' train -data_file shortdata.nc -data_input a -data_target u
refused 2 'a.nc has no variable "perm"; it has: a, u. Choose with -data_input' train -data_file a.nc -data_input perm -data_target u
refused 1 'data_target' train -data_file a.nc -data_input a
refused 1 'data_range' train "${data[@]}" -data_range 3,9
refused 2 'data_input a,,u: the name of variable 2 is empty' train -data_file a.nc -data_input a,,u -data_target u
refused 2 'data_target u,: the name of variable 2 is empty' train -data_file a.nc -data_input a -data_target u,
refused 1 'variable "a" is given twice' train -data_file a.nc -data_input a,u,a -data_target u
refused 2 'no dimension "when", which -data_sample_dim names' train "${data[@]}" -data_sample_dim when
refused 2 'validation data has a grid' train "${data[@]}" -data_validation_file other.nc
refused 2 'cannot be divided among' train "${data[@]}" -da_processors_x 2 -da_processors_y 2
refused 3 '40 parts\|cannot be divided' train "${data[@]}" -da_processors_x 40
refused 1 'net_width 0' train "${data[@]}" -net_width 0
refused 1 'net_kernel 4' train "${data[@]}" -net_kernel 4
refused 1 '-net_type transformer: give one of: cnn, lenet5, mlp, resnet, unet' train "${data[@]}" -net_type transformer
refused 1 '-train_loss angle: give one of: bce, .*rel_l2' train "${data[@]}" -train_loss angle
refused 1 'classes; choose -train_loss cross_entropy' train -data_digits 20
refused 2 'is for classes; say how many .* -data_classes' train "${data[@]}" -train_loss cross_entropy
refused 2 'no class, the first at sample 0' train "${data[@]}" -train_loss cross_entropy -data_classes 2
refused 2 'one label for each image' train -data_digits 20 -train_loss cross_entropy
refused 1 'give one of them' train -data_digits 20 "${data[@]}"
refused 1 'train_batch_size 0' train "${data[@]}" -train_batch_size 0
refused 1 'tao_adam_lr -1' train "${data[@]}" -tao_adam_lr -1
refused 2 'no option -net_widht' train "${data[@]}" -net_widht 3
refused 2 'cannot be divided into 1 batch x 3 channel parts' train "${data[@]}" -hg_channel_parts 3
refused 2 'cannot write nowhere/m.nc' train "${data[@]}" "${small[@]}" -model_output nowhere/m.nc
refused 2 'cannot write nowhere/h.csv' train "${data[@]}" "${small[@]}" -model_output new.nc -train_history nowhere/h.csv
refused 2 'the loss is' train "${data[@]}" "${small[@]}" -model_output m.nc -tao_adam_lr 1e30 -train_epochs 8
# On a terminal an error has a line of its own below the progress line
if command -v script > /dev/null; then
    script -qec "'$halograd' train ${data[*]} ${small[*]} -model_output m.nc -tao_adam_lr 1e30 -train_epochs 8" /dev/null < /dev/null > "$folder.out" 2>&1
    grep -q '^halograd: the loss is' "$folder.out" || fail "on a terminal: $(cat "$folder.out")"
fi
refused 2 'm.nc holds the network' train "${data[@]}" -model_input m.nc -net_width 5 -model_output n.nc
refused 1 'short.nc' train "${data[@]}" -model_input short.nc -model_output n.nc
refused 1 'is no model file' train "${data[@]}" -model_input a.nc -model_output n.nc
refused 1 'no model; choose one with -model' predict -data_file a.nc
refused 2 'there is no file nothing.nc' predict -model nothing.nc -data_file a.nc
refused 2 'is no model file' evaluate -model a.nc -data_file a.nc
refused 1 'short.nc' evaluate -model short.nc -data_file a.nc
refused 2 'cut short' evaluate -model cut.nc -data_file a.nc
refused 2 'no such folder' predict -model m.nc -data_file a.nc -output nowhere/p.nc

# A file that another program holds open to write
if command -v flock > /dev/null && ! flock a.nc sh -c '"$@"' sh "$halograd" info a.nc > out 2> err; then
    grep -q 'another program holds it open to write' err || fail "a locked file: $(cat err)"
fi
rm -f out err

# A disk that is full: the model that was there stays
(failures=0 && ulimit -f 20000 && refused 2 'cannot write m.nc' train "${data[@]}" -net_width 400 -net_depth 4 -train_epochs 0 -model_output m.nc; exit "$failures")
failures=$((failures + $?))
exit "$((failures > 0))"
