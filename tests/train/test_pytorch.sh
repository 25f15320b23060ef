#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# 20 steps follow PyTorch from the same model file: in single precision cnn4 to 1e-4, unet and resnet to 1e-3; in double to 1e-8
set -e
data=$HG_SRCDIR/../shared/data/darcy_train_16.nc
halograd=$HG_BUILDDIR/apps/halograd/halograd
python=/usr/bin/python3
"$python" -c 'import torch, netCDF4' 2> /dev/null || { echo "skip: python3-torch or python3-netcdf4 is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
if ! [ -f "$data" ]; then
    data=$work/darcy.nc
    "$halograd" simulate -problem darcy -grid 16,16 -samples 32 -seed 1 -output "$data" > /dev/null
fi
options=(-data_file "$data" -data_input a -data_target u -data_range 0,32 -data_shuffle 0 -train_batch_size 32)

# follow DTYPE TOLERANCE OPTIONS...
follow() {
    local dtype=$1 tolerance=$2
    shift 2
    rm -f history.csv initial.nc trained.nc
    "$halograd" train "${options[@]}" "$@" -hg_dtype "$dtype" -train_epochs 0 -model_output initial.nc
    $MPIEXEC -n 2 "$halograd" train "${options[@]}" -hg_dtype "$dtype" -model_input initial.nc -train_epochs 20 -train_history history.csv -model_output trained.nc
    "$python" "$HG_SRCDIR/tests/train/pytorch_steps.py" "$data" initial.nc trained.nc history.csv 32 "$tolerance" "$dtype"
}

follow f32 1e-4 -net_type cnn -net_depth 4 -net_width 16

# Where a gradient is about zero, Adam makes steps of its rounding errors: normalised data keep it off zero in single precision. Double
# precision, whose losses are compared in the ten digits of the history, tells rounding from mistakes.
plain=("${options[@]}")
options+=(-data_normalize global)
follow f32 1e-3 -net_type unet -net_levels 3 -net_width 8
follow f32 1e-3 -net_type resnet -net_depth 2 -net_width 8
options=("${plain[@]}")
follow f64 1e-8 -net_type resnet -net_depth 2 -net_width 8 -net_activation leaky_relu -net_padding replicate
follow f64 1e-8 -net_type unet -net_levels 2 -net_width 8 -net_norm group -net_activation silu -net_padding periodic
