#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# 20 steps of cnn4 in single precision follow PyTorch from the same model file to 1e-4
set -e
data=$HG_SRCDIR/../shared/data/darcy_train_16.nc
halograd=$HG_BUILDDIR/apps/halograd/halograd
python=/usr/bin/python3
"$python" -c 'import torch, netCDF4' 2> /dev/null || { echo "skip: python3-torch or python3-netcdf4 is not installed"; exit 77; }
[ -f "$data" ] || { echo "skip: there is no $data"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
options=(-data_file "$data" -data_input a -data_target u -data_range 0,32 -data_shuffle 0 -train_batch_size 32)
"$halograd" train "${options[@]}" -net_type cnn -net_depth 4 -net_width 16 -train_epochs 0 -model_output initial.nc
$MPIEXEC -n 2 "$halograd" train "${options[@]}" -model_input initial.nc -train_epochs 20 -train_history history.csv -model_output trained.nc
"$python" "$HG_SRCDIR/tests/train/pytorch_steps.py" "$data" initial.nc trained.nc history.csv 32 1e-4
