"""Matrix products at the processor's own speed.

On a CPU, oneDNN multiplies small single precision matrices up to twice as fast as the BLAS that
``@`` takes (the same speed where that BLAS is tuned for the processor), and adds the bias and
applies the activation in the same pass. Only a transposed first factor, which oneDNN copies, is often
faster by MKL. Half precision ``@`` is oneDNN's already.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

# What can follow an affine map in the same pass, by oneDNN's name.
FUSED_ACTIVATIONS = {"linear": "none", "relu": "relu", "sigmoid": "sigmoid", "tanh": "tanh"}
_IN_PLACE: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda y: y,
    "relu": torch.relu_,
    "sigmoid": torch.sigmoid_,
    "tanh": torch.tanh_,
}
# The gradient before an activation, from that behind it and from what it gave.
_SLOPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "linear": lambda gradient, y: gradient,
    "relu": lambda gradient, y: torch.ops.aten.threshold_backward(gradient, y, 0),
    "sigmoid": torch.ops.aten.sigmoid_backward,
    "tanh": torch.ops.aten.tanh_backward,
}


def product(a: Tensor, b: Tensor) -> Tensor:
    """Return ``a @ b`` of two matrices, without a gradient."""
    if a.dtype == torch.float32 and _has_onednn(a) and not _faster_by_mkl(a, b):
        return torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], "")  # type: ignore[no-any-return]
    return a @ b


def affine(x: Tensor, weight: Tensor, bias: Tensor, activation: str = "linear") -> Tensor:
    """Return ``activation(W x + b)``, of shape (n, n_out), without a gradient.

    Parameters
    ----------
    x : Tensor of shape (n, n_in)
    weight : Tensor of shape (n_out, n_in)
    bias : Tensor of shape (n_out,)
    activation : a key of `FUSED_ACTIVATIONS`
    """
    if _has_onednn(x):
        name = FUSED_ACTIVATIONS[activation]
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, name, [], "")  # type: ignore[no-any-return]
    return _IN_PLACE[activation](F.linear(x, weight, bias))


def convolution(x: Tensor, weight: Tensor, bias: Tensor, *, padding: int, activation: str) -> Tensor:
    """Return the activated convolution of `x`, of shape (n, n_out, ...), without a gradient.

    Parameters
    ----------
    x : Tensor of shape (n, n_in, height, width)
    weight : Tensor of shape (n_out, n_in, kernel height, kernel width)
    bias : Tensor of shape (n_out,)
    padding : int
        Zeros on each side.
    activation : a key of `FUSED_ACTIVATIONS`
    """
    if _has_onednn(x):
        pads, ones, name = [padding, padding], [1, 1], FUSED_ACTIVATIONS[activation]
        return torch.ops.mkldnn._convolution_pointwise(x, weight, bias, pads, ones, ones, 1, name, [], "")  # type: ignore[no-any-return]
    return _IN_PLACE[activation](F.conv2d(x, weight, bias, padding=padding))


def before_activation(gradient: Tensor, y: Tensor, activation: str) -> Tensor:
    """Return the gradient of an activation's input, from that of its output `y`."""
    return _SLOPES[activation](gradient, y)


def linear(x: Tensor, weight: Tensor, bias: Tensor, activation: str) -> Tensor:
    """Return ``activation(W x + b)`` in the weights' precision, with a gradient; see `affine`."""
    return _Linear.apply(x.to(weight.dtype), weight, bias, activation)  # type: ignore[no-any-return, no-untyped-call]


def _has_onednn(x: Tensor) -> bool:
    return x.is_cpu and x.dtype in _onednn_types()


@cache
def _onednn_types() -> frozenset[torch.dtype]:
    """Return the types that oneDNN multiplies on this processor."""
    if not torch.backends.mkldnn.is_available() or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return frozenset()
    half = [torch.bfloat16] if torch.ops.mkldnn._is_mkldnn_bf16_supported() else []
    return frozenset([torch.float32, *half])


def _faster_by_mkl(a: Tensor, b: Tensor) -> bool:
    """Return whether MKL multiplies a transposed `a` faster: on its maker's processors, or a tall one."""
    if a.is_contiguous() or not torch.backends.mkl.is_available():
        return False
    return _made_by_intel() or a.shape[0] >= b.shape[1]


@cache
def _made_by_intel() -> bool:
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.is_file() and "GenuineIntel" in cpuinfo.read_text()


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, activation: str) -> Tensor:
        y = affine(x, weight, bias, activation)
        ctx.save_for_backward(x, weight, y)
        ctx.activation = activation
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        x, weight, y = ctx.saved_tensors
        gradient = before_activation(gradients[0], y, ctx.activation)
        to_input = product(gradient, weight) if ctx.needs_input_grad[0] else None
        return to_input, product(gradient.t(), x), gradient.sum(dim=0), None
