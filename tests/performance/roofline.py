"""How much of the machine's matrix products our training reaches, in GFLOP/s on the layers' own shapes.

The library's rate is that of its bare products, forward and backward, the fastest of its calls for
each, on operands that stay in cache; beside it stands the rate of its plain calls, as a network makes
them. The training's is that of its loop: what two more epochs cost.
All are taken in turns, and the best of each counts. Run as ``python tests/performance/roofline.py``.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from images import training_images
from peers.registry import native_precisions
from peers.start import BATCH_SIZE, KERNEL_SIZE, LAYERS, autoencoder
from race import stopwatch
from reducers.base import Reducer

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
ROUNDS = 3
# Inputs, outputs and side of the image of each 3x3 convolution: two down, two up, and the output.
CONVOLUTIONS = ((1, 16, 28), (16, 8, 14), (8, 16, 14), (16, 16, 28), (16, 1, 28))


@dataclass(frozen=True)
class Product:
    """One product of a batch: its floating point operations, and calls that compute it, a plain one first."""

    flops: float
    calls: tuple[Callable[[], object], ...]

    def seconds(self, target: float) -> tuple[float, float]:
        """Return the seconds of the plain call and of the fastest; each is repeated for `target` seconds."""
        seconds = [_seconds(call, target) for call in self.calls]
        return seconds[0], min(seconds)


def _seconds(call: Callable[[], object], target: float) -> float:
    timer = timeit.Timer(call)
    number = max(int(target / timer.timeit(1)), 1)
    return timer.timeit(number) / number


def dense_products(dtype: torch.dtype) -> list[Product]:
    """Return the products of 784-500-500-2000-10 and back; the input needs no gradient."""
    return [p for i, (a, b) in enumerate(LAYERS) for p in _dense(a, b, dtype, inner=i > 0)]


def _dense(n_in: int, n_out: int, dtype: torch.dtype, inner: bool) -> list[Product]:
    x = torch.randn(BATCH_SIZE, n_in).to(dtype)
    w = torch.randn(n_out, n_in).to(dtype)
    g = torch.randn(BATCH_SIZE, n_out).to(dtype)
    flops = 2.0 * BATCH_SIZE * n_in * n_out
    forward = Product(flops, (lambda: F.linear(x, w), lambda: torch.mm(x, w.t()), *_onednn(x, w.t())))
    to_weight = Product(
        flops, (lambda: torch.mm(g.t(), x), lambda: F.linear(g.t(), x.t()), *_onednn(g.t(), x))
    )
    to_input = Product(flops, (lambda: torch.mm(g, w), lambda: F.linear(g, w.t()), *_onednn(g, w)))
    return [forward, to_weight, *([to_input] if inner else [])]


def _onednn(a: torch.Tensor, b: torch.Tensor) -> list[Callable[[], object]]:
    """Return oneDNN's own product of two fp32 matrices, where torch has it; bf16 is always its."""
    linear = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    if linear is None or not torch.backends.mkldnn.is_available() or a.dtype != torch.float32:
        return []
    return [lambda: linear(a, b.t(), None, "none", [], "")]


def convolution_products(dtype: torch.dtype) -> list[Product]:
    """Return the convolutions of the convolutional autoencoder, forward and backward, channels last."""
    return [_convolution(*sizes, dtype, inner=i > 0) for i, sizes in enumerate(CONVOLUTIONS)]


def _convolution(n_in: int, n_out: int, side: int, dtype: torch.dtype, inner: bool) -> Product:
    last: dict[str, Any] = {"memory_format": torch.channels_last}
    kernel = KERNEL_SIZE
    x = torch.randn(BATCH_SIZE, n_in, side, side).to(dtype=dtype, **last).requires_grad_(inner)
    w = torch.randn(n_out, n_in, kernel, kernel).to(dtype=dtype, **last).requires_grad_()
    b = torch.randn(n_out).to(dtype).requires_grad_()
    g = torch.randn(BATCH_SIZE, n_out, side, side).to(dtype=dtype, **last)
    wanted = [x, w, b] if inner else [w, b]

    def both_ways() -> object:
        return torch.autograd.grad(F.conv2d(x, w, b, padding=kernel // 2), wanted, g)

    flops = 2.0 * BATCH_SIZE * n_in * n_out * kernel**2 * side**2
    return Product(flops * (3 if inner else 2), (both_ways,))


def measure_rates(
    products: list[Product], reducer: Callable[[], Reducer], n_batches: int, target: float
) -> dict[str, Any]:
    """Return the GFLOP/s of bare products and of the training loop, taken in turns, and the share.

    An epoch of the loop is half of what a fit of three takes longer than a fit of one.
    """
    X = training_images(n_batches * BATCH_SIZE)
    bare, epochs = [], []
    reducer().fit(X[: 2 * BATCH_SIZE])
    for _ in range(ROUNDS):
        bare.append([product.seconds(target) for product in products])
        short, long = (stopwatch(partial(reducer().set_params(epochs=n).fit, X)) for n in (1, 3))
        epochs.append((long - short) / 2)
    flops = sum(product.flops for product in products)
    plain, library = flops / np.array(bare).min(axis=0).sum(axis=0) / 1e9
    training = flops * n_batches / min(epochs) / 1e9
    return {
        "library_gflops": float(library),
        "plain_gflops": float(plain),
        "training_gflops": training,
        "share": training / float(library),
    }


def measure(quick: bool) -> dict[str, Any]:
    """Return the rates of both autoencoders in every native precision."""
    n_batches, target = (8, 0.002) if quick else (80, 0.05)
    found: dict[str, Any] = {"dense": {}, "convolutional": {}}
    for precision in native_precisions():
        dtype = TYPES[precision]
        products = {"dense": dense_products(dtype), "convolutional": convolution_products(dtype)}
        for network, own in products.items():
            ours = partial(autoencoder, network, 0, precision=precision)
            found[network][precision] = measure_rates(own, ours, n_batches, target)
    return found


if __name__ == "__main__":
    for network, rates in measure(quick=False).items():
        for precision, found in rates.items():
            print(
                f"{network}, {precision}: the library {found['library_gflops']:.0f} GFLOP/s, "
                f"training {found['training_gflops']:.0f}: {found['share']:.2f} of it"
            )
