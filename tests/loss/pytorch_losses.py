#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compare losses and their gradients with PyTorch's.

Usage: pytorch_losses.py FILE TOLERANCE
FILE is what test_loss_definition -write makes.
"""
import sys

import torch
from torch.nn import functional as F


def array(line):
    words = line.split()
    return torch.tensor([float(w) for w in words[6:]], dtype=torch.float64).reshape([int(w) for w in words[1:6]])


def weighted_mean(values, w):
    return (torch.where(w == 0, torch.zeros_like(values), w * values)).sum() / w.sum()


def pairs(e, w, h1):
    """h1's sum over pairs of neighbours; the last axis is periodic where it is the only one."""
    total = 0
    periodic = e.shape[2] == e.shape[3] == 1
    for axis in (2, 3, 4):
        n = e.shape[axis]
        if n == 1:
            continue
        d, m = torch.roll(e, -1, axis) - e, torch.minimum(torch.roll(w, -1, axis), w)
        if not periodic:
            d, m = d.narrow(axis, 0, n - 1), m.narrow(axis, 0, n - 1)
        total = total + h1 * (m * (d * n) ** 2).sum()
    return total


def evaluate(kind, y, t, w, channel, delta, weighted):
    if kind == "cross_entropy":
        k = t[:, 0].long()
        if not weighted:
            return F.cross_entropy(y, k, weight=channel)
        values = F.cross_entropy(y, k, weight=channel, reduction="none")
        return (values * w[:, 0]).sum() / (channel[k] * w[:, 0]).sum()
    if kind == "bce":
        return weighted_mean(F.binary_cross_entropy_with_logits(y, t, reduction="none"), w)
    if kind == "rel_l2":
        n = y.shape[0]
        return ((w * (y - t) ** 2).reshape(n, -1).sum(1).sqrt() / (w * t**2).reshape(n, -1).sum(1).sqrt()).mean()
    if kind == "h1":
        e = torch.where(w == 0, torch.zeros_like(y), y - t)
        return ((w * e**2).sum() + pairs(e, w, 0.03)) / w.sum()
    plain = {"mse": F.mse_loss, "l1": F.l1_loss, "huber": lambda a, b, **k: F.huber_loss(a, b, delta=delta, **k)}[kind]
    if bool((w == 1).all()):
        return plain(y, t)
    return weighted_mean(plain(y, t, reduction="none"), w)


def main():
    path, tolerance = sys.argv[1], float(sys.argv[2])
    worst, kinds = 0.0, set()
    with open(path) as f:
        lines = f.read().splitlines()
    for i in range(0, len(lines), 6):
        _, kind, weighted, _, delta, value = lines[i].split()
        y, t, w, channel, dy = (array(line) for line in lines[i + 1 : i + 6])
        y = torch.nan_to_num(y, nan=0.0).requires_grad_()
        loss = evaluate(kind, y, t, w, channel.reshape(-1), float(delta), weighted == "1")
        loss.backward()
        theirs, ours = loss.item(), float(value)
        error = max(abs(theirs - ours) / abs(theirs), float((y.grad - dy).abs().max() / dy.abs().max()))
        if not error < tolerance:
            sys.exit(f"{kind}: {ours} and PyTorch's {theirs}; value or gradient differ by {error:.2e}, to be below {tolerance}")
        worst, kinds = max(worst, error), kinds | {kind}
    if len(kinds) != 7:
        sys.exit(f"expected 7 losses in {path}, found {sorted(kinds)}")
    print(f"{len(lines) // 6} cases of {len(kinds)} losses within {worst:.2e} of PyTorch {torch.__version__}")


main()
