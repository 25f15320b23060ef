#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Follow halograd's training steps in PyTorch from the same model file on the same data, and compare.

Usage: pytorch_steps.py DATA INITIAL_MODEL TRAINED_MODEL HISTORY SAMPLES TOLERANCE [f64]
The history has one row for each step: every epoch was one batch of the first SAMPLES samples. The networks are built from the
net_options of the model file, by the definitions of lib/net/netcnn.c, netunet.c and netresnet.c.
"""
import csv
import sys

import netCDF4
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

ACTIVATIONS = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU, "gelu": nn.GELU, "silu": nn.SiLU, "tanh": nn.Tanh,
               "sigmoid": nn.Sigmoid, "softplus": nn.Softplus, "identity": nn.Identity}
PADDINGS = {"zeros": "zeros", "periodic": "circular", "reflect": "reflect", "replicate": "replicate"}


def read(path):
    """Options, and the arrays of each layer by name."""
    with netCDF4.Dataset(path) as f:
        words = f.net_options.split()
        layers = {n: {k: np.asarray(v[:]) for k, v in g.variables.items()} for n, g in f.groups.items() if n != "optimizer"}
    return dict(zip((w[len("-net_"):] for w in words[::2]), words[1::2])), layers


class Net(nn.Module):
    """Layers by the names they have in a model file."""

    def __init__(self, options, layers):
        super().__init__()
        self.o, self.act, self.layers = options, ACTIVATIONS[options["activation"]](), nn.ModuleDict()
        for name, arrays in layers.items():
            w = arrays["weight"]
            if w.ndim == 4:
                k = w.shape[2]
                m = nn.Conv2d(w.shape[1], w.shape[0], k, padding=k // 2, padding_mode=PADDINGS[options["padding"]], bias="bias" in arrays)
            else:
                c = w.shape[0]
                m = {"batch": lambda: nn.BatchNorm2d(c), "instance": lambda: nn.InstanceNorm2d(c, affine=True), "layer": lambda: nn.GroupNorm(1, c),
                     "group": lambda: nn.GroupNorm(int(options["norm_groups"]), c)}[options["norm"]]()
            m.load_state_dict({k: torch.tensor(v) for k, v in arrays.items()}, strict=not isinstance(m, nn.BatchNorm2d))
            self.layers[name] = m

    def block(self, name, x, last=None):
        x = self.layers[name](x)
        if name + "_norm" in self.layers:
            x = self.layers[name + "_norm"](x)
        return (last or self.act)(x)

    def pair(self, name, x):
        return self.block(name + "_conv2", self.block(name + "_conv1", x))

    def forward(self, x):
        return getattr(self, self.o["type"])(x)

    def cnn(self, x):
        depth = int(self.o["depth"])
        for i in range(1, depth):
            x = self.block("conv%d" % i, x)
        return self.layers["conv%d" % depth](x)

    def unet(self, x):
        levels, skips = int(self.o["levels"]), []
        for level in range(1, levels):
            skips.append(self.pair("down%d" % level, x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.pair("down%d" % levels, x)
        for level in range(levels - 1, 0, -1):
            x = self.pair("up%d" % level, torch.cat((F.interpolate(x, scale_factor=2, mode="nearest"), skips.pop()), 1))
        return self.layers["out"](x)

    def resnet(self, x):
        x = self.block("lift", x)
        for i in range(1, int(self.o["depth"]) + 1):
            r = self.block("block%d_conv1" % i, x)
            x = self.act(x + self.block("block%d_conv2" % i, r, nn.Identity()))
        return self.layers["project"](x)


def distance(net, layers, running):
    """Relative distance of parameters, or of running statistics, from those of a model file."""
    a, b = [], []
    for name, m in net.layers.items():
        for key, v in m.state_dict().items():
            if key in layers[name] and key.startswith("running") == running:
                a.append(v.numpy().ravel())
                b.append(layers[name][key].ravel())
    if not a:
        return 0.0
    a, b = np.concatenate(a), np.concatenate(b)
    return np.linalg.norm(a - b) / np.linalg.norm(a)


def main():
    data, initial, trained, history, samples, tolerance = sys.argv[1:7]
    torch.set_default_dtype(torch.float64 if sys.argv[7:] == ["f64"] else torch.float32)
    with netCDF4.Dataset(data) as f, netCDF4.Dataset(initial) as m:
        x, t = (torch.tensor((f.variables[v][: int(samples)].filled()[:, None] - m.getncattr(role + "_mean")) / m.getncattr(role + "_deviation"),
                             dtype=torch.get_default_dtype()) for v, role in (("a", "input"), ("u", "target")))
    net, loss = Net(*read(initial)), nn.MSELoss()
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    with open(history) as f:
        ours = [float(row["loss"]) for row in csv.DictReader(f)]
    if len(ours) != 20:
        sys.exit(f"expected 20 steps in {history}, found {len(ours)}")
    worst = 0.0
    for value in ours:
        opt.zero_grad()
        theirs = loss(net(x), t)
        theirs.backward()
        opt.step()
        worst = max(worst, abs(value - theirs.item()) / abs(theirs.item()))
    layers = read(trained)[1]
    difference, running = distance(net, layers, False), distance(net, layers, True)
    print(f"20 steps of {net.o['type']}: losses within {worst:.2e}, weights within {difference:.2e}, running statistics within {running:.2e} "
          f"of PyTorch {torch.__version__}, to be below {tolerance}")
    if not max(worst, difference, running) < float(tolerance):
        sys.exit(1)


main()
