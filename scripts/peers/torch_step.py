#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Median time of a training step in PyTorch on the CPU, a line as of `halograd bench step`:

    torch_step.py cnn|unet DIM SIZE WIDTH THREADS REPEAT [tuned]

Forward, mean squared error, backward and Adam, for the networks that `-net_type` builds (cnn of depth 4, unet of 3 levels). Tuned is
what an expert would do: channels-last tensors, and memory that is kept from step to step.
"""
import os
import resource
import statistics
import sys
import time

import torch
from torch import nn

KEEP = {"MALLOC_MMAP_THRESHOLD_": "17179869184", "MALLOC_TRIM_THRESHOLD_": "17179869184", "MALLOC_TOP_PAD_": "268435456"}


def block(conv, *channels):
    layers = []
    for i, o in zip(channels, channels[1:]):
        layers += [conv(i, o, 3, padding=1), nn.ReLU()]
    return layers


class UNet(nn.Module):
    def __init__(self, dim, w):
        super().__init__()
        conv, pool = (nn.Conv2d, nn.MaxPool2d) if dim == 2 else (nn.Conv3d, nn.MaxPool3d)
        self.down = nn.ModuleList(nn.Sequential(*block(conv, i, o, o)) for i, o in ((1, w), (w, 2 * w), (2 * w, 4 * w)))
        self.up = nn.ModuleList(nn.Sequential(*block(conv, i, o, o)) for i, o in ((6 * w, 2 * w), (3 * w, w)))
        self.out, self.pool, self.nearest = conv(w, 1, 1), pool(2), nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, x):
        a = self.down[0](x)
        b = self.down[1](self.pool(a))
        c = self.down[2](self.pool(b))
        b = self.up[0](torch.cat([self.nearest(c), b], 1))
        return self.out(self.up[1](torch.cat([self.nearest(b), a], 1)))


def build(name, dim, w):
    if name == "unet":
        return UNet(dim, w)
    return nn.Sequential(*block(nn.Conv2d if dim == 2 else nn.Conv3d, 1, w, w, w, 1)[:-1])


def main():
    name, (dim, size, width, threads, repeat), tuned = sys.argv[1], map(int, sys.argv[2:7]), sys.argv[7:] == ["tuned"]
    if tuned and not KEEP.items() <= os.environ.items():  # the allocator reads them when the program starts
        os.execve(sys.executable, [sys.executable] + sys.argv, {**os.environ, **KEEP})
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    net, x = build(name, dim, width), torch.randn(1, 1, *[size] * dim)
    if tuned:
        layout = torch.channels_last if dim == 2 else torch.channels_last_3d
        net, x = net.to(memory_format=layout), x.to(memory_format=layout)
    target, loss, optimizer = torch.randn_like(x), nn.MSELoss(), torch.optim.Adam(net.parameters())
    seconds = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        optimizer.zero_grad()
        loss(net(x), target).backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"step peer={'tuned' if tuned else 'torch'} net={name} dim={dim} size={size} width={width} threads={threads} "
          f"version={torch.__version__} ms={statistics.median(seconds[1:]) * 1e3:.4g} peak_memory_mib={memory:.0f}")


if __name__ == "__main__":
    main()
