#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Values and gradients are PyTorch's to 1e-12, with and without weights
set -e
python=/usr/bin/python3
"$python" -c 'import torch' 2> /dev/null || { echo "skip: python3-torch is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$HG_BUILDDIR/tests/loss/test_loss_definition" -hg_dtype f64 -write "$work/losses"
"$python" "$HG_SRCDIR/tests/loss/pytorch_losses.py" "$work/losses" 1e-12
