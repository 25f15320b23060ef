# SPDX-License-Identifier: BSD-2-Clause
"""Objective and gradient of Burgers' equation by PyTorch's autograd, against what coord_driver prints (standard input).

usage: pytorch_coord.py WIDTH DEPTH ACTIVATION, or pytorch_coord.py bench WIDTH DEPTH f32|f64 STEPS for the time of a step.
"""
import math
import sys
import time

import torch

ACTIVATION = {
    "tanh": torch.tanh,
    "sin": torch.sin,
    "gelu": torch.nn.functional.gelu,
    "silu": torch.nn.functional.silu,
    "softplus": torch.nn.functional.softplus,
}


def network(layers, x, activation):
    a = torch.stack([x[:, 0], 2 * x[:, 1] - 1], 1)  # the box [-1, 1] x [0, 1]
    for i, (weight, bias) in enumerate(layers):
        a = a @ weight.T + bias
        if i + 1 < len(layers):
            a = activation(a)
    return a


def gradient(u, x):
    return torch.autograd.grad(u, x, torch.ones_like(u), create_graph=True)[0]


def objective(layers, points, activation):
    x = points["equation"].clone().requires_grad_(True)
    u = network(layers, x, activation)
    du = gradient(u, x)
    u_xx = gradient(du[:, :1], x)[:, :1]
    residual = du[:, 1:] + u * du[:, :1] - 0.01 / math.pi * u_xx
    initial = network(layers, points["initial"], activation) + torch.sin(math.pi * points["initial"][:, :1])
    boundary = network(layers, points["boundary"], activation)
    return (residual**2).mean() + (initial**2).mean() + (boundary**2).mean()


def shapes(width, depth):
    sizes = [2] + [width] * depth + [1]
    return [(b, a) for a, b in zip(sizes, sizes[1:])]


def compare(width, depth, activation):
    data = {}
    for line in sys.stdin:
        name, count, *values = line.split()
        data[name] = torch.tensor([float(v) for v in values], dtype=torch.float64)
        assert len(data[name]) == int(count)
    parameters = data["parameters"].clone().requires_grad_(True)
    layers, at = [], 0
    for rows, columns in shapes(width, depth):
        weight = parameters[at : at + rows * columns].reshape(rows, columns)
        at += rows * columns
        layers.append((weight, parameters[at : at + rows]))
        at += rows
    assert at == len(parameters)
    points = {name: data[name].reshape(-1, 2) for name in ("equation", "initial", "boundary")}
    loss = objective(layers, points, ACTIVATION[activation])
    loss.backward()
    in_loss = float(abs(loss - data["loss"][0]) / abs(loss))
    in_gradient = float((parameters.grad - data["gradient"]).norm() / parameters.grad.norm())
    if not (in_loss < 1e-10 and in_gradient < 1e-10):
        sys.exit(f"{activation}: objective differs by {in_loss:g}, gradient by {in_gradient:g}")


def bench(width, depth, dtype, steps):
    dtype = {"f32": torch.float32, "f64": torch.float64}[dtype]
    torch.manual_seed(0)
    layers = [(torch.randn(*s, dtype=dtype).mul(s[1] ** -0.5).requires_grad_(True), torch.zeros(s[0], dtype=dtype, requires_grad=True)) for s in shapes(width, depth)]
    points = {name: torch.rand(n, 2, dtype=dtype) for name, n in (("equation", 10000), ("initial", 256), ("boundary", 256))}
    optimizer = torch.optim.Adam([p for layer in layers for p in layer])
    times = []
    for _ in range(steps):
        begin = time.perf_counter()
        optimizer.zero_grad()
        objective(layers, points, torch.tanh).backward()
        optimizer.step()
        times.append(time.perf_counter() - begin)
    print(f"pytorch width={width} depth={depth} threads={torch.get_num_threads()} ms={1e3 * sorted(times)[len(times) // 2]:.2f}")


if sys.argv[1] == "bench":
    bench(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
else:
    compare(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
