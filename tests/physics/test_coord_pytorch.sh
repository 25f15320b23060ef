#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Objective and gradient of a coordinate network against PyTorch's autograd, to 1e-10
set -e -o pipefail
python=/usr/bin/python3
"$python" -c 'import torch' 2> /dev/null || { echo "skip: python3-torch is not installed"; exit 77; }
for activation in tanh sin gelu silu softplus; do
    "$HG_BUILDDIR/tests/physics/coord_driver" -coord_problem burgers -net_width 17 -net_depth 3 -net_activation "$activation" \
        -coord_equation_points 600 -coord_initial_points 40 -coord_boundary_points 30 |
        "$python" "$HG_SRCDIR/tests/physics/pytorch_coord.py" 17 3 "$activation"
done
