#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compare layers, their gradients and running statistics with PyTorch's.

Usage: pytorch_layers.py DRIVER [LAUNCHER WORDS...]
DRIVER is tests/layer/layer_driver; the words before it start it on several ranks, options follow a word --.
"""
import subprocess
import sys
import tempfile

import torch
from torch import nn
from torch.nn import functional as F

CASES = []


def case(words, make, inputs=1):
    """words: the driver's; make: from (dim, words) to a module or function of the inputs."""
    CASES.append((words, make, inputs))


def word(words, key, default=None):
    for w in words.split():
        if w.startswith(key + "="):
            return w[len(key) + 1:]
    return default


def space(words, key, default):
    """The entries of z,y,x that the grid has."""
    dim = int(word(words, "dim", "2"))
    return [int(v) for v in word(words, key, default).split(",")][3 - dim:]


def pool(words):
    dim = int(word(words, "dim", "2"))
    k, s = space(words, "window", "1,2,2"), space(words, "stride", "1,2,2")
    p, d = space(words, "padding", "0,0,0"), space(words, "dilation", "1,1,1")
    if word(words, "average"):
        f = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d][dim - 1]
        return lambda x: f(x, k, s, p, count_include_pad=word(words, "count_padding", "1") == "1")
    f = [F.max_pool1d, F.max_pool2d, F.max_pool3d][dim - 1]
    return lambda x: f(x, k, s, p, d)


def upsample(words):
    dim = int(word(words, "dim", "2"))
    factor = [float(v) for v in space(words, "factor", "1,2,2")]
    if word(words, "linear"):
        return lambda x: F.interpolate(x, scale_factor=factor, mode=["linear", "bilinear", "trilinear"][dim - 1], align_corners=False)
    return lambda x: F.interpolate(x, scale_factor=factor, mode="nearest")


def norm(words):
    dim = int(word(words, "dim", "2"))
    channels, affine = int(word(words, "size").split(",")[1]), word(words, "affine", "1") == "1"
    eps, momentum, kind = float(word(words, "epsilon", "1e-5")), float(word(words, "momentum", "0.1")), word(words, "kind", "batch")
    if kind == "batch":
        m = [nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d][dim - 1](channels, eps, momentum, affine)
    elif kind == "instance":
        m = [nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d][dim - 1](channels, eps, affine=affine)
    else:
        m = nn.GroupNorm(int(word(words, "groups", "1")) if kind == "group" else 1, channels, eps, affine)
    return nn.Sequential(m, nn.ReLU()) if word(words, "relu") else m


def activation(words):
    p = float(word(words, "parameter", "0"))
    return {
        "relu": F.relu, "leaky_relu": lambda x: F.leaky_relu(x, p), "elu": lambda x: F.elu(x, p), "gelu": F.gelu, "silu": F.silu,
        "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": F.softplus, "sin": torch.sin, "identity": lambda x: x * 1,
    }[word(words, "function")]


def conv(words):
    dim = int(word(words, "dim", "2"))
    cin, cout = int(word(words, "size").split(",")[1]), int(word(words, "cout"))
    k, s = space(words, "window", "1,1,1"), space(words, "stride", "1,1,1")
    p, d = space(words, "padding", "0,0,0"), space(words, "dilation", "1,1,1")
    groups, bias = int(word(words, "groups", "1")), word(words, "bias", "1") == "1"
    if word(words, "transposed"):
        return [nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d][dim - 1](
            cin, cout, k, s, p, space(words, "more", "0,0,0"), groups, bias, d)
    mode = {"zeros": "zeros", "periodic": "circular"}.get(word(words, "boundary", "zeros"), word(words, "boundary"))
    return [nn.Conv1d, nn.Conv2d, nn.Conv3d][dim - 1](cin, cout, k, s, p, d, groups, bias, mode)


def dense(words):
    size = [int(v) for v in word(words, "size").split(",")]
    m = nn.Linear(size[1] * size[2] * size[3] * size[4], int(word(words, "outputs")), word(words, "bias", "1") == "1")
    return nn.Sequential(nn.Flatten(), m, nn.ReLU()) if word(words, "relu") else nn.Sequential(nn.Flatten(), m)


def table():
    for size in ("size=2,3,1,12,14", "size=3,17,1,9,11"):
        case("type=pool " + size, pool)
        case("type=pool average=1 " + size, pool)
        case("type=pool window=1,3,3 stride=1,2,2 padding=0,1,1 " + size, pool)
        case("type=pool window=1,3,2 stride=1,1,3 padding=0,1,1 dilation=1,2,1 " + size, pool)
        case("type=pool window=1,3,4 stride=1,2,1 padding=0,1,2 average=1 " + size, pool)
        case("type=pool window=1,3,3 stride=1,2,2 padding=0,1,1 average=1 count_padding=0 " + size, pool)
    case("type=pool dim=1 size=2,5,1,1,37 window=1,1,5 stride=1,1,3 padding=0,0,2", pool)
    case("type=pool dim=3 size=2,4,7,6,9 window=2,3,2 stride=2,1,2 padding=1,1,0", pool)
    case("type=pool dim=3 size=1,4,7,6,9 window=3,3,3 stride=2,2,2 padding=1,1,1 average=1", pool)
    for linear in ("", " linear=1"):
        case("type=upsample size=2,3,1,6,7" + linear, upsample)
        case("type=upsample size=1,16,1,5,4 factor=1,3,2" + linear, upsample)
        case("type=upsample dim=1 size=2,3,1,1,11 factor=1,1,4" + linear, upsample)
        case("type=upsample dim=3 size=1,2,4,3,5 factor=2,2,3" + linear, upsample)
    for f in ("relu", "leaky_relu parameter=0.1", "elu parameter=1.5", "gelu", "silu", "tanh", "sigmoid", "softplus", "sin", "identity"):
        case("type=activation size=2,3,1,7,9 function=" + f, activation)
    for training in ("0", "1"):
        for rest in ("size=4,3,1,7,9", "size=3,17,1,5,6 momentum=0.3 epsilon=1e-3", "dim=1 size=4,5,1,1,13 affine=0", "dim=3 size=2,4,5,3,4 relu=1"):
            case("type=norm training=%s %s" % (training, rest), norm)
    for rest in ("kind=group groups=2 size=2,6,1,7,9", "kind=group groups=4 size=3,20,1,5,6 affine=0", "kind=instance size=2,5,1,7,9",
                 "kind=instance dim=1 size=2,3,1,1,21", "kind=layer size=3,5,1,7,6", "kind=layer dim=3 size=2,3,4,5,3", "kind=group groups=3 size=2,9,1,6,5 relu=1"):
        case("type=norm training=1 " + rest, norm)
    for kind in ("group groups=3", "instance", "layer"):
        case("type=norm training=0 size=2,6,1,7,5 kind=" + kind, norm)
    case("type=add size=2,3,1,7,9 inputs=2", lambda w: lambda a, b: a + b, 2)
    case("type=add size=2,17,1,7,9 inputs=3 relu=1", lambda w: lambda a, b, c: F.relu(a + b + c), 3)
    case("type=concat size=2,3,1,7,9 inputs=2", lambda w: lambda a, b: torch.cat((a, b), 1), 2)
    case("type=slice size=2,7,1,7,9 first=2 count=3", lambda w: lambda x: x[:, 2:5])
    case("type=softmax size=3,10,1,5,7", lambda w: lambda x: F.softmax(x, 1))
    case("type=flatten size=3,4,1,5,7", lambda w: lambda x: x.flatten(1))
    case("type=flatten dim=3 size=2,3,4,5,3", lambda w: lambda x: x.flatten(1))
    for rest in ("size=5,16,1,5,5 outputs=120 relu=1", "size=3,7,1,2,2 outputs=13", "size=3,1,1,9,7 outputs=5 bias=0", "dim=3 size=2,3,4,5,3 outputs=6", "dim=1 size=4,2,1,1,17 outputs=1"):
        case("type=dense " + rest, dense)
    case("type=dropout training=0 size=3,4,1,5,7", lambda w: lambda x: x * 1)
    for rest in ("size=2,3,1,9,11 cout=5 window=1,3,3 padding=0,1,1", "size=2,4,1,9,12 cout=6 window=1,4,2 stride=1,2,3 groups=2",
                 "size=2,3,1,9,11 cout=2 window=1,3,3 padding=0,1,1 boundary=periodic", "size=1,4,1,7,6 cout=3 window=1,3,3 stride=1,2,2 padding=0,1,1 more=0,1,1 transposed=1",
                 "dim=3 size=1,2,5,6,7 cout=3 window=3,2,3 dilation=1,2,1 padding=1,1,0 bias=0",
                 "size=2,3,1,9,11 cout=4 window=1,5,3 padding=0,2,1 boundary=reflect", "size=2,3,1,9,11 cout=4 window=1,3,5 padding=0,1,2 boundary=replicate",
                 "size=2,4,1,10,9 cout=4 window=1,3,3 dilation=1,2,2 padding=0,2,2 groups=4", "dim=1 size=2,3,1,1,23 cout=4 window=1,1,4 stride=1,1,2 padding=0,0,1",
                 "dim=1 size=2,4,1,1,11 cout=2 window=1,1,4 stride=1,1,3 padding=0,0,1 more=0,0,2 transposed=1",
                 "size=2,4,1,6,5 cout=6 window=1,4,4 stride=1,3,2 padding=0,1,1 more=0,2,1 groups=2 transposed=1",
                 "dim=3 size=1,2,3,4,3 cout=2 window=3,3,2 stride=2,2,2 padding=1,0,0 more=1,1,0 transposed=1 bias=0"):
        case("type=conv " + rest, conv)


def runs(dtype):
    """Random inputs of each case, and what PyTorch makes of them in double precision."""
    generator = torch.Generator().manual_seed(5)

    def draw(shape):
        v = torch.randn(shape, generator=generator, dtype=torch.float64)
        return v.float().double() if dtype == "f32" else v

    for words, make, inputs in CASES:
        dim, size = int(word(words, "dim", "2")), [int(v) for v in word(words, "size").split(",")]
        x = [draw(size[:2] + size[5 - dim:]).requires_grad_() for _ in range(inputs)]
        f = make(words)
        params, states = [], []
        if isinstance(f, nn.Module):
            f = f.double()
            f.train(word(words, "training", "1") == "1")
            params, states = list(f.parameters()), [b for n, b in f.named_buffers() if "running" in n]
            for p in params:
                p.data = draw(p.shape)
            for i, b in enumerate(states):
                b.copy_(draw(b.shape) if i == 0 else draw(b.shape) ** 2 + 0.1)
        before = [b.clone() for b in states]
        y = f(*x)
        dy = draw(y.shape)
        y.backward(dy)
        yield words, x + params + before + [dy], [y] + [t.grad for t in x + params] + states


def compare(dtype, tolerance, command, directory):
    data = list(runs(dtype))
    files = [directory + "/" + name for name in ("cases", "data", "results")]
    with open(files[0], "w") as f:
        f.writelines("%s dtype=%s\n" % (words, dtype) for words, _, _ in data)
    with open(files[1], "wb") as f:
        for _, given, _ in data:
            for t in given:
                f.write(t.detach().numpy().tobytes())
    at = command.index("--") if "--" in command else len(command)
    subprocess.run(command[:at] + files + command[at + 1:], check=True)
    found = torch.frombuffer(bytearray(open(files[2], "rb").read()), dtype=torch.float64)
    bad = start = 0
    for words, _, wanted in data:
        for i, t in enumerate(wanted):
            v = found[start:start + t.numel()].reshape(t.shape)
            start += t.numel()
            error = float((v - t).abs().max() / max(1.0, float(t.abs().max())))
            if not error <= tolerance:
                bad += 1
                print("%s dtype=%s: result %d is off by %g" % (words, dtype, i, error))
    if start != found.numel():
        bad += 1
        print("%d numbers instead of %d" % (found.numel(), start))
    return bad


def main():
    table()
    with tempfile.TemporaryDirectory() as directory:
        bad = compare("f64", 1e-11, sys.argv[1:], directory) + compare("f32", 1e-5, sys.argv[1:], directory)
    print("%d configurations, %d differences" % (len(CASES), bad))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
