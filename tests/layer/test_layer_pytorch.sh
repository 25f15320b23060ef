#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Outputs, gradients and running statistics of layers are PyTorch's: to 1e-11 in double and 1e-5 in single precision, on one rank and on several
set -e
python=/usr/bin/python3
"$python" -c 'import torch' 2> /dev/null || { echo "skip: python3-torch is not installed"; exit 77; }
driver=$HG_BUILDDIR/tests/layer/layer_driver
read -ra mpiexec <<< "${MPIEXEC:-mpiexec}"
"$python" "$HG_SRCDIR/tests/layer/pytorch_layers.py" "$driver"
"$python" "$HG_SRCDIR/tests/layer/pytorch_layers.py" "${mpiexec[@]}" -n 4 "$driver"
