#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Follow halograd's training steps in PyTorch from the same model file on the same data, and compare.

Usage: pytorch_steps.py DATA INITIAL_MODEL TRAINED_MODEL HISTORY SAMPLES TOLERANCE
The history has one row for each step: every epoch was one batch of the first SAMPLES samples.
"""
import csv
import sys

import netCDF4
import numpy as np
import torch
from torch import nn


def weights(path):
    with netCDF4.Dataset(path) as f:
        return [(g.variables["weight"][:].filled(), g.variables["bias"][:].filled()) for n, g in f.groups.items() if n != "optimizer"]


def build(layers):
    modules = []
    for w, b in layers:
        conv = nn.Conv2d(w.shape[1], w.shape[0], w.shape[2], padding=w.shape[2] // 2)
        conv.weight.data, conv.bias.data = torch.tensor(w, dtype=torch.float32), torch.tensor(b, dtype=torch.float32)
        modules += [conv, nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def main():
    data, initial, trained, history, samples, tolerance = sys.argv[1:]
    with netCDF4.Dataset(data) as f:
        x, t = (torch.tensor(f.variables[v][: int(samples)].filled()[:, None], dtype=torch.float32) for v in ("a", "u"))
    net, loss = build(weights(initial)), nn.MSELoss()
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    worst = 0.0
    with open(history) as f:
        ours = [float(row["loss"]) for row in csv.DictReader(f)]
    if len(ours) != 20:
        sys.exit(f"expected 20 steps in {history}, found {len(ours)}")
    for value in ours:
        opt.zero_grad()
        theirs = loss(net(x), t)
        theirs.backward()
        opt.step()
        worst = max(worst, abs(value - theirs.item()) / abs(theirs.item()))
    a = np.concatenate([p.detach().numpy().ravel() for p in net.parameters()])
    b = np.concatenate([v.ravel() for layer in weights(trained) for v in layer])
    difference = np.linalg.norm(a - b) / np.linalg.norm(a)
    print(f"20 steps: losses within {worst:.2e}, weights within {difference:.2e} of PyTorch {torch.__version__}, to be below {tolerance}")
    if not (worst < float(tolerance) and difference < float(tolerance)):
        sys.exit(1)


main()
